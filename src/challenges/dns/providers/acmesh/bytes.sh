# Bytes. From stdin to stdout.

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
