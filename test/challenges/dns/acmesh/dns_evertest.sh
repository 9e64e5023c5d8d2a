#!/usr/bin/env sh
# A script in the style of acme.sh's, for the API of txt-api.ts.
# shellcheck disable=SC2034
dns_evertest_info='evercert test API
Options:
 ET_Api URL of the API
 ET_Token API token
 ET_User, ET_Password to obtain a token with, instead
'

# Usage: dns_evertest_add _acme-challenge.www.domain.com "value"
dns_evertest_add() {
  fulldomain=$1
  txtvalue=$2
  _evertest_credentials || return 1
  _debug fulldomain "$fulldomain"
  _secure_debug ET_Token "$ET_Token"
  if ! _evertest_root "$fulldomain"; then
    _err "no zone for $fulldomain"
    return 1
  fi
  _info "Adding the record"
  content=$(printf %s "$txtvalue" | _base64)
  if _evertest_rest POST "zones/$_zone_id/records" "{\"type\":\"TXT\",\"name\":\"$fulldomain\",\"content\":\"$content\"}"; then
    if _contains "$response" '"id"'; then
      _info "Added, OK"
      return 0
    fi
    _err "could not add the record: $response"
  fi
  return 1
}

# Usage: dns_evertest_rm _acme-challenge.www.domain.com "value"
dns_evertest_rm() {
  fulldomain=$1
  txtvalue=$2
  _evertest_credentials || return 1
  if ! _evertest_root "$fulldomain"; then
    _err "no zone for $fulldomain"
    return 1
  fi
  content=$(printf %s "$txtvalue" | _base64)
  name=$(printf %s "$fulldomain" | _url_encode)
  _evertest_rest GET "zones/$_zone_id/records?name=$name" || return 1
  record_id=$(printf '%s\n' "$response" | _egrep_o "\{[^{}]*\"content\":\"$content\"[^{}]*\}" | _egrep_o '"id":"[^"]*"' | _head_n 1 | cut -d '"' -f 4)
  if [ -z "$record_id" ]; then
    _info "It is not there"
    return 0
  fi
  _evertest_rest DELETE "zones/$_zone_id/records/$record_id"
}

_evertest_credentials() {
  ET_Api="${ET_Api:-$(_readaccountconf_mutable ET_Api)}"
  ET_Token="${ET_Token:-$(_readaccountconf_mutable ET_Token)}"
  if [ -z "$ET_Token" ]; then
    ET_User="${ET_User:-$(_readaccountconf_mutable ET_User)}"
    ET_Password="${ET_Password:-$(_readaccountconf_mutable ET_Password)}"
    if [ -z "$ET_User" ] || [ -z "$ET_Password" ]; then
      _err "You didn't specify ET_Token, nor ET_User and ET_Password."
      return 1
    fi
    _saveaccountconf_mutable ET_User "$ET_User"
    _saveaccountconf_mutable ET_Password "$ET_Password"
    response=$(_post "{\"user\":\"$ET_User\",\"password\":\"$ET_Password\"}" "$ET_Api/login" "" POST application/json) || return 1
    ET_Token=$(printf '%s\n' "$response" | _normalizeJson | _egrep_o '"token":"[^"]*"' | cut -d '"' -f 4)
    if [ -z "$ET_Token" ]; then
      _err "no token for $ET_User: $response"
      return 1
    fi
  fi
  _saveaccountconf_mutable ET_Api "$ET_Api"
  _saveaccountconf_mutable ET_Token "$ET_Token"
}

_evertest_root() {
  domain=$1
  i=1
  while true; do
    h=$(printf %s "$domain" | cut -d . -f "$i-100")
    [ -n "$h" ] || return 1
    _evertest_rest GET "zones?name=$(printf %s "$h" | _url_encode)" || return 1
    if _contains "$response" "\"name\":\"$h\""; then
      _zone_id=$(printf '%s\n' "$response" | _egrep_o '"id":"[^"]*"' | _head_n 1 | cut -d '"' -f 4)
      return 0
    fi
    i=$(_math "$i" + 1)
  done
}

_evertest_rest() {
  export _H1="Authorization: Bearer $ET_Token"
  export _H2="Content-Type: application/json"
  if [ "$1" = GET ]; then
    response=$(_get "$ET_Api/$2")
  else
    response=$(_post "$3" "$ET_Api/$2" "" "$1")
  fi || return 1
  response=$(printf '%s\n' "$response" | _normalizeJson)
  _code=$(grep '^HTTP' "$HTTP_HEADER" | _tail_n 1 | cut -d ' ' -f 2 | tr -d '\r\n')
  _debug2 response "$response"
  case $_code in
  2*) return 0 ;;
  *)
    _err "the API says $_code: $response"
    return 1
    ;;
  esac
}
