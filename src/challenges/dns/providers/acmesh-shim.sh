# What dnsapi scripts of acme.sh expect around them: their helper functions, then the script, then one call of it.
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

# ---- Messages. All to stderr: scripts capture what their own functions print.

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

# ---- Words. TEXT PATTERN: the pattern is plain text or a basic regular expression; plain text is no argument of grep.

# TEXT PATTERN BEFORE AFTER
__ec_matches() {
  case $2 in *[].*^\\[\$]*) printf '%s\n' "$1" | grep -q -e "$3$2$4" 2>/dev/null ;; *) return 1 ;; esac
}
_contains() { case $1 in *"$2"*) return 0 ;; *) __ec_matches "$1" "$2" '' '' ;; esac; }
_startswith() { case $1 in "$2"*) return 0 ;; *) __ec_matches "$1" "$2" ^ '' ;; esac; }
_endswith() { case $1 in *"$2") return 0 ;; *) __ec_matches "$1" "$2" '' \$ ;; esac; }
_lower_case() { LC_ALL=C tr ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz; }
_upper_case() { LC_ALL=C tr abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ; }
_egrep_o() { grep -E -o -e "$1"; }
_head_n() { head -n "$1"; }
_tail_n() { tail -n "$1"; }
# EXPRESSION FILE
_sed_i() (
  changed=$(_mktemp) || return 1
  sed "$1" "$2" >"$changed" && cat "$changed" >"$2"
)
# TEXT NUMBER [SEPARATOR]: fields count from 1
_getfield() {
  printf '%s\n' "$1" | __ec_number="$2" __ec_separator="${3:-,}" awk '
    BEGIN { separator = ENVIRON["__ec_separator"]; number = ENVIRON["__ec_number"] + 0 }
    {
      rest = $0
      for (i = 1; i < number && (at = index(rest, separator)) > 0; i++) rest = substr(rest, at + length(separator))
      if (i < number) rest = ""
      at = index(rest, separator)
      print (at > 0 ? substr(rest, 1, at - 1) : rest)
    }'
}
# Nothing that a shell would run as a command, or look up, may come in from an answer.
_math() {
  case $* in
  *[!0-9\ +*/%\(\)\<\>=\&\|^~!?:-]*) _err "not arithmetic: $*" ;;
  *) printf %s "$(($*))" ;;
  esac
}
_exists() { command -v "$1" >/dev/null 2>&1; }
_idn() (
  case $1 in
  *[!a-zA-Z0-9._*-]*)
    for tool in idn2 idn; do _exists "$tool" && exec "$tool" "$1"; done
    _err "$1 needs idn2 or idn, which are not installed"
    ;;
  *) printf %s "$1" ;;
  esac
)
_sleep() { sleep "$1"; }
_time() { date -u +%s; }
_utc_date() { date -u '+%Y-%m-%d %H:%M:%S'; }
_mktemp() { mktemp "$__ec_dir/file.XXXXXX"; }

# ---- JSON, as far as regular expressions go: one line, no blanks between a key and its text, object or array.

_normalizeJson() {
  awk '
    { gsub(/\r/, ""); sub(/^ +/, ""); all = all $0 }
    END {
      gsub(/" *: *"/, "\":\"", all)
      gsub(/" *: *[[]/, "\":[", all)
      gsub(/" *: *[{]/, "\":{", all)
      printf "%s", all
    }'
}
# Escapes that stand for a plain character. \" and \\ stay, so that a whole document remains one.
_json_decode() {
  awk '
    BEGIN { for (i = 32; i < 127; i++) if (i != 34 && i != 92) plain[sprintf("%04x", i)] = sprintf("%c", i) }
    {
      done = ""
      rest = $0
      while ((at = index(rest, "\\")) > 0) {
        done = done substr(rest, 1, at - 1)
        escape = substr(rest, at, 2)
        code = tolower(substr(rest, at + 2, 4))
        if (escape == "\\/") escape = "/"
        else if (escape == "\\u" && code in plain) { escape = plain[code]; at += 4 }
        done = done escape
        rest = substr(rest, at + 2)
      }
      print done rest
    }'
}

# ---- Bytes. From stdin to stdout.

_hex_dump() { od -A n -v -t x1 | awk '{ for (i = 1; i <= NF; i++) printf " %s", $i }'; }
__ec_hex() { _hex_dump | tr -d ' '; }
# The format of a printf, from hexadecimal digits.
__ec_octal() {
  tr -cd 0-9a-fA-F | _lower_case | awk '{
    for (i = 1; i < length($0); i += 2)
      printf "\\%03o", 16 * index("123456789abcdef", substr($0, i, 1)) + index("123456789abcdef", substr($0, i + 1, 1))
  }'
}
# shellcheck disable=SC2059
_h2b() { printf "$(__ec_octal)"; }
# [MULTILINE]
_base64() {
  if [ -n "${1-}" ]; then "$ACME_OPENSSL_BIN" base64; else "$ACME_OPENSSL_BIN" base64 | tr -d '\r\n'; fi
}
# Lines of any length; some versions of openssl read only short ones.
_dbase64() { tr -d ' \r\n' | fold -w 64 | awk 1 | "$ACME_OPENSSL_BIN" base64 -d; }
# From base64 to base64url.
_url_replace() { tr -d '=\r\n' | tr '/+' '_-'; }
# [upper-hex]
_url_encode() {
  od -A n -v -t x1 | __ec_upper="${1:+1}" awk '
    BEGIN {
      for (i = 33; i < 127; i++) if (sprintf("%c", i) ~ /[A-Za-z0-9_.~-]/) plain[sprintf("%02x", i)] = sprintf("%c", i)
    }
    {
      for (i = 1; i <= NF; i++)
        printf "%s", ($i in plain ? plain[$i] : "%" (ENVIRON["__ec_upper"] != "" ? toupper($i) : $i))
    }'
}
__ec_is_hash() { case $1 in md5 | sha1 | sha224 | sha256 | sha384 | sha512) ;; *) _err "no hash known as $1" ;; esac; }
__ec_dgst() { "$ACME_OPENSSL_BIN" dgst "-$1" -binary; }
# HASH [hex]: base64 without
_digest() {
  __ec_is_hash "$1" && if [ -n "${2-}" ]; then __ec_dgst "$1" | __ec_hex; else __ec_dgst "$1" | _base64; fi
}
# HASH HEXKEY [hex]: bytes without. RFC 2104, since openssl would take the key as an argument only.
# shellcheck disable=SC2059
_hmac() (
  __ec_is_hash "$1" || return 1
  case $1 in sha384 | sha512) block=128 ;; *) block=64 ;; esac
  key=$(printf %s "$2" | tr -d ' \r\n')
  [ "${#key}" -le $((2 * block)) ] || key=$(printf %s "$key" | _h2b | __ec_dgst "$1" | __ec_hex)
  inner=$(printf '%s\n' "$key" | __ec_pad "$block" 36)
  outer=$(printf '%s\n' "$key" | __ec_pad "$block" 5c)
  sum() { { printf "$outer" && { printf "$inner" && cat; } | __ec_dgst "$1"; } | __ec_dgst "$1"; }
  if [ -n "${3-}" ]; then sum "$1" | __ec_hex; else sum "$1"; fi
)
# BLOCK HEXBYTE: hexadecimal lines, filled up with zeros to a block, XOR the byte
__ec_pad() {
  _lower_case | awk -v block="$1" -v byte="$2" '
    function nibble(text, at) { return index("123456789abcdef", substr(text, at, 1)) }
    function unlike(a, b,  bit, sum) {
      sum = 0
      for (bit = 1; bit < 16; bit *= 2) if (int(a / bit) % 2 != int(b / bit) % 2) sum += bit
      return sum
    }
    {
      key = $0
      while (length(key) < 2 * block) key = key "0"
      for (i = 1; i < 2 * block; i += 2)
        printf "%x%x", unlike(nibble(key, i), nibble(byte, 1)), unlike(nibble(key, i + 1), nibble(byte, 2))
    }' | __ec_octal
}
_isRSA() { "$ACME_OPENSSL_BIN" rsa -in "$1" -noout 2>/dev/null; }
# KEYFILE HASH: base64 of an RSA signature
_sign() {
  if _isRSA "$1"; then "$ACME_OPENSSL_BIN" dgst "-$2" -sign "$1" | _base64; else _err "$1 holds no RSA key"; fi
}
# PRIVATEKEY: MD5 of the public key, with colons
_fingerprint() {
  printf '%s\n' "$1" | "$ACME_OPENSSL_BIN" pkey -pubout -outform DER 2>/dev/null | __ec_dgst md5 | _hex_dump |
    sed 's/^ //; s/ /:/g'
}

# ---- HTTP. Headers _H1 … _H5; the body goes to stdout, the headers of the answer into the file $HTTP_HEADER.

# URL [onlyheader] [timeout of the connection in seconds]
_get() {
  if [ -n "${2-}" ]; then __ec_http HEAD "$1" '' '' "${3-}"; else __ec_http GET "$1" '' '' "${3-}"; fi
}
# BODY URL [base64] [METHOD] [CONTENT-TYPE]
_post() {
  if [ -z "${3-}" ]; then
    __ec_http "${4:-POST}" "$2" "$1" "${5-}" ''
  else
    __ec_http "${4:-POST}" "$2" "$1" "${5-}" '' >"$__ec_dir/answer" && _base64 <"$__ec_dir/answer"
  fi
}
_resethttp() { unset ACME_HTTP_NO_REDIRECTS; }
# METHOD URL BODY CONTENT-TYPE SECONDS
__ec_http() (
  : >"$HTTP_HEADER"
  if _exists curl; then
    __ec_curl_config "$@" | curl --config - 2>"$__ec_dir/http.log"
  elif _exists wget && wget --version 2>/dev/null | grep -q '^GNU Wget'; then
    __ec_wget "$@"
  else
    _err 'neither curl nor GNU wget is installed: scripts need one of them for HTTP'
    return 1
  fi
  status=$?
  [ "$status" -eq 0 ] || _err "HTTP request failed: $(_tail_n 1 <"$__ec_dir/http.log" 2>/dev/null)"
  return "$status"
)
# One line for each header of a request. CONTENT-TYPE
__ec_headers() {
  for __ec_header in ${1:+"Content-Type: $1"} "${_H1-}" "${_H2-}" "${_H3-}" "${_H4-}" "${_H5-}"; do
    case $__ec_header in
    '') ;;
    *"$__ec_newline"*) printf %s "$__ec_header" | tr -d '\r\n' | awk 1 ;;
    *) printf '%s\n' "$__ec_header" ;;
    esac
  done
}
# VALUE, as in a configuration file of curl's
__ec_quoted() {
  case $1 in
  *[\"\\]* | *"$__ec_newline"*) ;;
  *)
    printf '"%s"\n' "$1"
    return
    ;;
  esac
  printf '%s\n' "$1" | sed 's/["\\]/\\&/g' |
    awk 'BEGIN { printf "\"" } { gsub(/\r/, "\\r"); printf "%s%s", (NR > 1 ? "\\n" : ""), $0 } END { print "\"" }'
}
__ec_curl_config() {
  printf '%s\n' silent show-error globoff 'max-time = 120' "connect-timeout = ${5:-30}"
  printf 'dump-header = %s\nuser-agent = %s\nurl = %s\n' \
    "$(__ec_quoted "$HTTP_HEADER")" "$(__ec_quoted "$USER_AGENT")" "$(__ec_quoted "$2")"
  __ec_headers "$4" | while IFS= read -r __ec_header; do printf 'header = %s\n' "$(__ec_quoted "$__ec_header")"; done
  [ -n "${ACME_HTTP_NO_REDIRECTS-}" ] || echo location
  [ -z "${HTTPS_INSECURE-}" ] || echo insecure
  case $1 in
  HEAD) echo head ;;
  *)
    printf 'request = %s\n' "$(__ec_quoted "$1")"
    [ "$1$3" = GET ] || printf 'data-raw = %s\n' "$(__ec_quoted "$3")"
    ;;
  esac
}
__ec_wget() {
  config=$(_mktemp) && urls=$(_mktemp) && body=$(_mktemp) || return 1
  printf %s "$3" >"$body"
  printf '%s\n' "$2" >"$urls"
  {
    printf '%s\n' "method = $1" 'server_response = on' 'content_on_error = on' 'tries = 1' 'read_timeout = 120'
    printf '%s\n' "connect_timeout = ${5:-30}" "user_agent = $USER_AGENT"
    [ -z "${ACME_HTTP_NO_REDIRECTS-}" ] || echo 'max_redirect = 0'
    [ -z "${HTTPS_INSECURE-}" ] || echo 'check_certificate = off'
    case $1$3 in GET | HEAD) ;; *) printf 'body_file = %s\n' "$body" ;; esac
    case $1 in GET | HEAD) ;; *) [ -n "$4" ] || echo 'header = Content-Type: application/x-www-form-urlencoded' ;; esac
    __ec_headers "$4" | sed 's/^/header = /'
  } >"$config"
  wget --config="$config" --no-verbose -o "$__ec_dir/http.log" -i "$urls" -O - && answered=0 || answered=$?
  sed -n 's/^  //p' "$__ec_dir/http.log" >"$HTTP_HEADER"
  [ "$1" != HEAD ] || cat "$HTTP_HEADER"
  # The server answered with an error, 401 or another, which is for the script to judge.
  case $answered in 6 | 8) ;; *) return "$answered" ;; esac
}
# NAME TYPE: what DNS says; by dig, or else by DNS over HTTPS
_ns_lookup() {
  if _exists dig; then
    dig +short "$1" "$2"
  else
    (
      unset _H2 _H3 _H4 _H5
      _H1='Accept: application/dns-json'
      _get "${ACMESH_DOH_URL:-https://cloudflare-dns.com/dns-query}?name=$1&type=$2" | _json_decode |
        _egrep_o '"data" *: *"([^"\\]|\\.)*"' | sed 's/^"data" *: *"//; s/"$//; s/\\\(.\)/\1/g'
    )
  fi
}

# ---- What scripts want kept. It is looked for in the environment, in what they saved here, and in the files of acme.sh,
# which are only read. What is given by the environment is not saved: the credentials stay in one place.

__ec_is_name() { case $1 in '' | [0-9]* | *[!A-Za-z0-9_]*) _err "no name of a setting: $1" ;; esac; }
__ec_is_given() { case $__ec_given in *" $1 "*) ;; *) return 1 ;; esac; }
__ec_from_environment() { __ec_is_name "$1" && __ec_is_given "$1" && eval "[ -n \"\${$1-}\" ] && printf %s \"\$$1\""; }
# KEY FILE…: from the first that has it
__ec_look_up() (
  key=$1
  shift
  for file; do
    [ -r "$file" ] || continue
    value=$(awk -v key="$key=" '
      index($0, key) == 1 { value = substr($0, length(key) + 1); found = 1 }
      END { if (!found) exit 1; print value }' "$file") || continue
    case $value in \'*\' | \"*\") value=${value#?} && value=${value%?} ;; esac
    case $value in
    __ACME_BASE64__START_*__ACME_BASE64__END_)
      value=${value#__ACME_BASE64__START_}
      printf %s "${value%__ACME_BASE64__END_}" | _dbase64
      ;;
    *) printf %s "$value" ;;
    esac
    return 0
  done
  return 1
)
# FILE KEY VALUE
__ec_keep() (
  value=$3
  case $value in
  *"$__ec_newline"*) value=__ACME_BASE64__START_$(printf %s "$value" | _base64)__ACME_BASE64__END_ ;;
  esac
  if ! mkdir -p "${1%/*}" 2>/dev/null || ! new=$(mktemp "$1.XXXXXX" 2>/dev/null); then
    _info "$2 cannot be kept in $1"
    return 0
  fi
  if [ -f "$1" ]; then awk -v key="$2=" 'index($0, key) != 1' "$1"; fi >"$new"
  printf "%s='%s'\n" "$2" "$value" >>"$new"
  mv -f "$new" "$1"
)
# NAME FILE KEY VALUE OTHER: not what is given, and not what a script would read anyhow
__ec_save() {
  __ec_is_name "$1" && ! __ec_is_given "$1" || return 0
  [ "$4" = "$(__ec_look_up "$3" "$2" "$5")" ] || __ec_keep "$2" "$3" "$4"
}
_readaccountconf() { __ec_from_environment "$1" || __ec_look_up "$1" "$__ec_kept" "$__ec_account_conf"; }
_readaccountconf_mutable() { __ec_from_environment "$1" || _readaccountconf "SAVED_$1" || _readaccountconf "$1"; }
_saveaccountconf() { __ec_save "$1" "$__ec_kept" "$1" "${2-}" "$__ec_account_conf"; }
_saveaccountconf_mutable() { __ec_save "$1" "$__ec_kept" "SAVED_$1" "${2-}" "$__ec_account_conf"; }
_clearaccountconf() { _saveaccountconf "$1" ''; }
_clearaccountconf_mutable() { _saveaccountconf_mutable "$1" ''; }
_readdomainconf() { __ec_from_environment "$1" || __ec_look_up "$1" "$__ec_kept_domain" "$__ec_domain_conf"; }
_savedomainconf() { __ec_save "$1" "$__ec_kept_domain" "$1" "${2-}" "$__ec_domain_conf"; }
_cleardomainconf() { _savedomainconf "$1" ''; }

# ---- The script and its call.

# PATH: nobody but root and our user can have written it
__ec_is_trusted() (
  set -f
  # shellcheck disable=SC2046
  set -- $(ls -L -l -d -n -- "$1" 2>/dev/null)
  case ${1-} in '' | ?????w* | ????????w*) return 1 ;; esac
  [ "$3" -eq 0 ] || [ "$3" -eq "$(id -u)" ]
)
__ec_find_script() {
  if [ -n "${ACMESH_HOME-}" ]; then
    set -- "$ACMESH_HOME"
  else
    set -- ${LE_WORKING_DIR:+"$LE_WORKING_DIR"} "$HOME/.acme.sh" /root/.acme.sh /etc/acme.sh /usr/share/acme.sh \
      /usr/lib/acme.sh /usr/local/share/acme.sh /usr/libexec/acme.sh /usr/lib/acme/client /opt/acme.sh
  fi
  for __ec_home; do
    for __ec_file in "$__ec_home/dnsapi/$__ec_script.sh" "$__ec_home/$__ec_script.sh"; do
      case $__ec_file in /*) [ ! -f "$__ec_file" ] || return 0 ;; esac
    done
  done
  _err "there is no $__ec_script.sh in $(printf '%s, ' "$@" | sed 's/, $//')"
}
__ec_check_script() {
  if ! __ec_is_trusted "$__ec_file" || ! __ec_is_trusted "${__ec_file%/*}"; then
    _err "$__ec_file is not run: it and its directory must belong to root or our user, and nobody else may write to them"
  fi
}
# The first of these that is there and can be trusted
__ec_first_conf() (
  for file; do
    [ -f "$file" ] || continue
    if __ec_is_trusted "$file"; then
      printf %s "$file"
      return
    fi
    _info "$file is not read: others may write to it"
  done
)
# acme.sh keeps the settings of a certificate under its first name: ours, or one above it.
__ec_find_domain_conf() (
  name=$__ec_domain
  set --
  while [ -n "$name" ]; do
    set -- "$@" "$LE_CONFIG_HOME/${name}_ecc/$name.conf" "$LE_CONFIG_HOME/$name/$name.conf"
    case $name in *.*) name=${name#*.} ;; *) name='' ;; esac
  done
  __ec_first_conf "$@"
)
__ec_places() {
  set -- ${LE_CONFIG_HOME:+"$LE_CONFIG_HOME/account.conf"} "$__ec_home/account.conf"
  [ -n "${ACMESH_HOME-}" ] || set -- "$@" "$HOME/.acme.sh/account.conf" /etc/acme.sh/account.conf
  __ec_account_conf=$(__ec_first_conf "$@")
  : "${LE_WORKING_DIR:=$__ec_home}"
  if [ -n "$__ec_account_conf" ]; then LE_CONFIG_HOME=${__ec_account_conf%/*}; else : "${LE_CONFIG_HOME:=$__ec_home}"; fi
  __ec_domain_conf=$(__ec_find_domain_conf)
  if [ -z "${ACMESH_STATE_DIR-}" ]; then
    if [ "$(id -u)" -eq 0 ]; then ACMESH_STATE_DIR=/var/lib/evercert/acmesh
    else ACMESH_STATE_DIR=${XDG_STATE_HOME:-$HOME/.local/state}/evercert/acmesh; fi
  fi
  __ec_kept=$ACMESH_STATE_DIR/$__ec_script.conf
  __ec_kept_domain=$ACMESH_STATE_DIR/$__ec_script/$__ec_name.conf
  export LE_WORKING_DIR LE_CONFIG_HOME
}
__ec_functions() {
  for __ec_function in "${__ec_script}_add" "${__ec_script}_rm"; do
    _exists "$__ec_function" || _err "$__ec_file has no function $__ec_function" || return 1
  done
}

trap 'exit 143' HUP INT TERM
__ec_dir=$(mktemp -d "${TMPDIR:-/tmp}/evercert-acmesh.XXXXXX") || exit 96
trap 'rm -rf "$__ec_dir"' EXIT
HTTP_HEADER=$__ec_dir/http.header
export HTTP_HEADER
__ec_find_script && __ec_check_script || exit 96
__ec_places
# shellcheck disable=SC1090
. "$__ec_file"
__ec_functions || exit 96
"${__ec_script}_$__ec_action" "$__ec_name" "$__ec_value"
exit $?
