# What scripts want kept. It is looked for in the environment, in what they saved here, and in the files of acme.sh,
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
