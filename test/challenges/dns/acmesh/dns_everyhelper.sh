#!/usr/bin/env sh
# Calls every helper that a script may call, and compares. HELPERS in acmesh.test.ts is the list.

dns_everyhelper_add() {
  EH_failed=0
  _eh_words
  _eh_bytes
  _eh_keys
  _eh_http
  _eh_conf
  _eh_messages
  return "$EH_failed"
}
dns_everyhelper_rm() { :; }

# NAMES WANTED GOT
_is() {
  if [ "$2" = "$3" ]; then _info "checked: $1"; else
    _err "$1: wanted '$2', got '$3'"
    EH_failed=1
  fi
}
# NAME COMMAND…
_yes() {
  EH_name=$1
  shift
  _is "$EH_name" 0 "$("$@" >/dev/null && echo 0 || echo 1)"
}
_no() {
  EH_name=$1
  shift
  _is "$EH_name" 1 "$("$@" >/dev/null 2>&1 && echo 0 || echo 1)"
}

_eh_words() {
  _yes _contains _contains 'say "hello" [now]' '"hello" ['
  _yes _contains _contains '"success" : true' '"success" *: *true'
  _no _contains _contains 'abc' 'a.d'
  _yes _startswith _startswith '201 Created' 20
  _no _startswith _startswith ' 201' 20
  _no _startswith _startswith 'a 20.' '20.'
  _yes _endswith _endswith 'www.example.com' .com
  _no _endswith _endswith 'www.example.com' www
  _is _math 7 "$(_math 1 + 2 \* 3)"
  _is _math 4 "$(_math '(9 - 1)' / 2)"
  EH_x='1'
  # shellcheck disable=SC2016
  _no _math _math 'EH_x[$(echo 0 >&2)]'
  _is _egrep_o '"id":"7"' "$(echo '{"id":"7","x":1}' | _egrep_o '"id":"[^"]*"')"
  _is _egrep_o '-x' "$(echo 'a-x' | _egrep_o '-x')"
  _is _head_n a "$(printf 'a\nb\n' | _head_n 1)"
  _is _tail_n b "$(printf 'a\nb\n' | _tail_n 1)"
  _is _lower_case 'ab1' "$(printf aB1 | _lower_case)"
  _is _upper_case 'AB1' "$(printf aB1 | _upper_case)"
  _is _getfield b "$(_getfield a,b,c 2)"
  _is _getfield 'c d' "$(_getfield 'a::b::c d' 3 ::)"
  _is _getfield '' "$(_getfield a,b 3)"
  _yes _exists _exists awk
  _yes _exists _exists _eh_words
  _no _exists _exists no-such-program
  _is _idn '*.example.com' "$(_idn '*.example.com')"
  _is _normalizeJson '{"a":"b","l":[1],"n": 2, "o":{}}' "$(printf '{\n  "a" : "b",\r\n  "l": [1],"n": 2, "o" : {}}\n' | _normalizeJson)"
  _is _json_decode '{"url":"http://x/-","q":"\"\\"}' "$(printf '%s\n' '{"url":"http:\/\/x\u002F\u002d","q":"\"\\"}' | _json_decode)"
  _yes _sleep _sleep 0
  _yes _time [ "$(_time)" -gt 1700000000 ]
  _yes _utc_date _contains "$(_utc_date)" '^20[0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]$'
}

_eh_bytes() {
  EH_all=$(awk 'BEGIN { for (i = 0; i < 256; i++) printf "%02x", i }')
  _is _hex_dump ' 61 0a 00 ff' "$(printf 'a\n\000\377' | _hex_dump)"
  _is _h2b "$EH_all" "$(printf %s "$EH_all" | _h2b | _hex_dump | tr -d ' ')"
  EH_long=$(printf %s "$EH_all" | _h2b | _base64)
  _is _base64 344 "${#EH_long}"
  _is _base64 "YQ==" "$(printf a | _base64)"
  _is _base64 6 "$(printf %s "$EH_all" | _h2b | _base64 multiline | wc -l | tr -d ' ')"
  _is _dbase64 "$EH_all" "$(printf %s "$EH_long" | _dbase64 | _hex_dump | tr -d ' ')"
  _is _dbase64 "$EH_all" "$(printf %s "$EH_all" | _h2b | _base64 multiline | _dbase64 multiline | _hex_dump | tr -d ' ')"
  _is _url_replace 'ab-_' "$(printf 'ab+/==\n' | _url_replace)"
  _is _url_encode 'aZ9-_.~%2f%20%3d%c3%a9%0a%25' "$(printf 'aZ9-_.~/ =\303\251\n%%' | _url_encode)"
  _is _url_encode '%2F%C3%A9' "$(printf '/\303\251' | _url_encode upper-hex)"
  _is _digest ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0= "$(printf abc | _digest sha256)"
  _is _digest a9993e364706816aba3e25717850c26c9cd0d89d "$(printf abc | _digest sha1 hex)"
  _is _digest 900150983cd24fb0d6963f7d28e17f72 "$(printf abc | _digest md5 hex)"
  _no _digest _digest crc32
  # RFC 2202 and RFC 4231, test cases 2 and 6; bytes go through base64, since a shell's variables hold no NUL.
  _is _hmac effcdf6ae5eb2fa2d27416d5f184df9c259a7c79 "$(printf 'what do ya want for nothing?' | _hmac sha1 4a656665 hex)"
  _is _hmac W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM= "$(printf 'what do ya want for nothing?' | _hmac sha256 4a656665 | _base64)"
  EH_key=$(awk 'BEGIN { for (i = 0; i < 131; i++) printf "aa" }')
  _is _hmac 60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54 \
    "$(printf 'Test Using Larger Than Block-Size Key - Hash Key First' | _hmac sha256 "$EH_key" hex)"
  _is _hmac 80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598 \
    "$(printf 'Test Using Larger Than Block-Size Key - Hash Key First' | _hmac sha512 "$EH_key" hex)"
  _no _hmac _hmac crc32 00
}

_eh_keys() {
  EH_file=$(_mktemp)
  _yes _mktemp [ -f "$EH_file" ]
  printf '%s\n' "$EH_RSA" >"$EH_file"
  _yes _isRSA _isRSA "$EH_file"
  _is _sign "$EH_SIGNATURE" "$(printf abc | _sign "$EH_file" sha256)"
  _is _fingerprint "$EH_FINGERPRINT" "$(_fingerprint "$EH_RSA")"
  printf 'no key\n' >"$EH_file"
  _no _isRSA _isRSA "$EH_file"
  _no _sign _sign "$EH_file" sha256
  printf 'one\ntwo\n' >"$EH_file"
  _sed_i 's/t/T/' "$EH_file"
  _is _sed_i 'one Two' "$(tr '\n' ' ' <"$EH_file" | sed 's/ $//')"
  rm -f "$EH_file"
}

_eh_http() {
  EH_body='{"q":"\"x\\y", "s":"$(id) `id`",
	"@":"é"}'
  export _H1='X-One: 1 "one" \1'
  export _H2='X-Two: 2'
  export _H3='X-Three: 3'
  export _H4='X-Four: 4'
  export _H5='X-Five: 5'
  EH_answer=$(_get "$EH_API/echo?a=[1]&b={x,y}")
  _is _get 'GET /echo?a=[1]&b={x,y} 1 "one" \1|2|3|4|5| ' "$EH_answer"
  _is HTTP_HEADER 200 "$(grep '^HTTP' "$HTTP_HEADER" | _tail_n 1 | cut -d ' ' -f 2)"
  unset _H2 _H3 _H4 _H5
  export _H1=''
  _is _get 418 "$(_get "$EH_API/teapot" onlyheader 5 | _egrep_o '^HTTP/1.1 [0-9]+' | cut -d ' ' -f 2)"
  _is _get 'short and stout' "$(_get "$EH_API/teapot")"
  _is _post "POST /echo ||||| application/x-www-form-urlencoded$EH_body" "$(_post "$EH_body" "$EH_API/echo")"
  _is _post "PUT /echo ||||| application/json@file" "$(_post @file "$EH_API/echo" '' PUT application/json)"
  _is _post "PATCH /echo ||||| text/plain-" "$(_post - "$EH_API/echo" '' PATCH text/plain)"
  _is _post 'DELETE /echo ||||| application/x-www-form-urlencoded' "$(_post '' "$EH_API/echo" '' DELETE)"
  _is _post UE9TVCAvZWNobyB8fHx8fCB0L3R4 "$(_post x "$EH_API/echo" base64 POST t/t)"
  _is _get 'GET /echo ||||| ' "$(_get "$EH_API/moved")"
  export ACME_HTTP_NO_REDIRECTS=1
  _get "$EH_API/moved" >/dev/null
  _is _get 302 "$(grep '^HTTP' "$HTTP_HEADER" | _tail_n 1 | cut -d ' ' -f 2)"
  _resethttp
  _is _resethttp 'GET /echo ||||| ' "$(_get "$EH_API/moved")"
  _no _get _get "$EH_API_GONE/echo"
  _no _post _post x "$EH_API_GONE/echo"
  _no _get _get "$EH_API_TLS/echo"
  HTTPS_INSECURE=1
  _is HTTPS_INSECURE 'GET /echo ||||| ' "$(_get "$EH_API_TLS/echo")"
  unset HTTPS_INSECURE
  _is _ns_lookup 'ns1.example.net.' "$(_ns_lookup example.com NS)"
}

_eh_conf() {
  _is _readaccountconf_mutable "$EH_API" "$(_readaccountconf_mutable EH_API)"
  _is _readaccountconf "$EH_API" "$(_readaccountconf EH_API)"
  _saveaccountconf_mutable EH_API other
  _is _saveaccountconf_mutable "$EH_API" "$(_readaccountconf_mutable EH_API)"
  EH_text="it's
two \$lines"
  _saveaccountconf_mutable EH_Kept "$EH_text" base64
  _is _saveaccountconf_mutable "$EH_text" "$(_readaccountconf_mutable EH_Kept)"
  _clearaccountconf_mutable EH_Kept
  _is _clearaccountconf_mutable '' "$(_readaccountconf_mutable EH_Kept)"
  _saveaccountconf EH_Plain "it's 'one'"
  _is _saveaccountconf "it's 'one'" "$(_readaccountconf EH_Plain)"
  _clearaccountconf EH_Plain
  _is _clearaccountconf '' "$(_readaccountconf EH_Plain)"
  _savedomainconf EH_Record 17
  _is _savedomainconf 17 "$(_readdomainconf EH_Record)"
  _is _readdomainconf 17 "$(_readdomainconf EH_Record)"
  _cleardomainconf EH_Record
  _is _cleardomainconf '' "$(_readdomainconf EH_Record)"
  _is ACME_OPENSSL_BIN openssl "$ACME_OPENSSL_BIN"
  _yes LE_CONFIG_HOME [ -d "$LE_CONFIG_HOME" ]
}

_eh_messages() {
  _is _err "error: x='y'" "$(_err x y 2>&1)"
  _no _err _err x
  _is _info 'x' "$(_info x 2>&1)"
  _is _usage 'error: x' "$(_usage x 2>&1)"
  _is __green green "$(__green green)"
  _is __red red "$(__red red)"
  _is _debug '' "$(_debug x y 2>&1)"
  DEBUG=3
  _is _log 'debug: x' "$(_log x 2>&1)"
  _is _debug "debug: x='y'" "$(_debug x y 2>&1)"
  _is _debug2 "debug: x='y'" "$(_debug2 x y 2>&1)"
  _is _debug3 "debug: x='y'" "$(_debug3 x y 2>&1)"
  _is _secure_debug "debug: x='(not shown)'" "$(_secure_debug x y 2>&1)"
  _is _secure_debug2 "debug: x='(not shown)'" "$(_secure_debug2 x y 2>&1)"
  _is _secure_debug3 "debug: x='(not shown)'" "$(_secure_debug3 x y 2>&1)"
  DEBUG=1
  _is _debug2 '' "$(_debug2 x y 2>&1)"
  unset DEBUG
}
