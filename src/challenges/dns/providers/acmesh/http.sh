# HTTP. Headers _H1 … _H5; the body goes to stdout, the headers of the answer into the file $HTTP_HEADER.

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
