# What dnsapi scripts of acme.sh expect around them: their helper functions (this file, words, bytes, http, kept), then
# the script and one call of it (call).
# Written for evercert from the documented contracts; nothing of acme.sh is in here. POSIX sh: dash, bash, busybox.
#
# Comes by stdin, so that no argument list and no file holds it. In the environment: the credentials, and
# EVERCERT_ACMESH_SCRIPT dns_xx, EVERCERT_ACMESH_ACTION add or rm, EVERCERT_ACMESH_NAME and EVERCERT_ACMESH_VALUE of the
# record, EVERCERT_ACMESH_DOMAIN the name to prove. Exits with the status of the call; 96 when it came to none.
# A line "error: …" on stderr is a reason. Secrets go through pipes: no helper puts them into an argument list.

umask 077
__ec_newline='
'
__ec_script=$EVERCERT_ACMESH_SCRIPT
__ec_action=$EVERCERT_ACMESH_ACTION
__ec_name=$EVERCERT_ACMESH_NAME
__ec_value=$EVERCERT_ACMESH_VALUE
__ec_domain=$EVERCERT_ACMESH_DOMAIN
unset EVERCERT_ACMESH_SCRIPT EVERCERT_ACMESH_ACTION EVERCERT_ACMESH_NAME EVERCERT_ACMESH_VALUE EVERCERT_ACMESH_DOMAIN
: "${PATH:=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
# Variables with a value.
__ec_given=" $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=..*/\1/p' | tr '\n' ' ')"
: "${HOME:=$(eval "printf %s ~$(id -un)")}"
: "${USER_AGENT:=evercert}" "${ACME_OPENSSL_BIN:=openssl}"
export PATH HOME USER_AGENT ACME_OPENSSL_BIN

# Messages. All to stderr: scripts capture what their own functions print.

__ec_say() {
  if [ $# -gt 2 ]; then printf "%s%s='%s'\n" "$1" "$2" "$3" >&2; else printf '%s%s\n' "$1" "${2-}" >&2; fi
}
# LEVEL NAME VALUE
__ec_debug() {
  case ${DEBUG:-0} in [1-9]) [ "$DEBUG" -lt "$1" ] || { shift && __ec_say 'debug: ' "$@"; } ;; esac
}
_err() { __ec_say 'error: ' "$@"; return 1; }
_usage() { _err "$@"; }
_info() { __ec_say '' "$@"; }
_log() { __ec_debug 1 "$@"; }
_debug() { __ec_debug 1 "$@"; }
_debug2() { __ec_debug 2 "$@"; }
_debug3() { __ec_debug 3 "$@"; }
_secure_debug() { __ec_debug 1 "$1" '(not shown)'; }
_secure_debug2() { __ec_debug 2 "$1" '(not shown)'; }
_secure_debug3() { __ec_debug 3 "$1" '(not shown)'; }
__green() { printf %b "$1"; }
__red() { printf %b "$1"; }
