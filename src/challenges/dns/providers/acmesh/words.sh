# Words. TEXT PATTERN: the pattern is plain text or a basic regular expression; plain text is no argument of grep.

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

# JSON, as far as regular expressions go: one line, no blanks between a key and its text, object or array.

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
