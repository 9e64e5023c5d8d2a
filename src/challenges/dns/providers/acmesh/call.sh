# The script and its call.

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
    set -- /root/.acme.sh
    [ "$HOME" = /root ] || set -- "$HOME/.acme.sh" "$@"
    set -- ${LE_WORKING_DIR:+"$LE_WORKING_DIR"} "$@" /etc/acme.sh /usr/share/acme.sh \
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
