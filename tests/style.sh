#!/usr/bin/env bash
# style.sh - the form of the sources: clang-format, shellcheck, banned functions, each header alone.
# TAP; a check whose program is missing is skipped. CC, CPPFLAGS and CFLAGS as in the Makefile.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 70
n=0
bad=0

[ -n "$(git ls-files '*.c')" ] || { echo "style.sh: needs the git clone" >&2 && exit 66; }

verdict() { # NAME TEXT: text is what is wrong
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
        return
    fi
    echo "not ok $n - $1"
    while IFS= read -r line; do echo "# $line"; done <<<"$(head -n 40 <<<"$2")"
    bad=1
}

skip() {
    n=$((n + 1))
    echo "ok $n - $1 # skip no $2"
}

sources() { # PATTERN...
    git ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null
}

if command -v clang-format >/dev/null; then
    verdict "C is formatted by .clang-format" \
        "$(sources '*.c' '*.h' | xargs clang-format --dry-run -Werror 2>&1 | grep error)"
else
    skip "C is formatted by .clang-format" clang-format
fi

if command -v shellcheck >/dev/null; then
    verdict "shell scripts are clean for shellcheck" \
        "$(sources '*.sh' '*.bash' '*.bats' .ci/run .ci/deps | xargs shellcheck -x -f gcc 2>&1)"
else
    skip "shell scripts are clean for shellcheck" shellcheck
fi

banned='strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|alloca|gets'
banned="$banned|gmtime|localtime|asctime|ctime|sleep|usleep|nanosleep|rand|srand|setjmp|longjmp|system"
verdict "no banned function" \
    "$(sources 'lib/*.[ch]' 'tools/*.[ch]' 'plugins/*.[ch]' 'tests/*.[ch]' 'examples/*.[ch]' |
        xargs grep -nE "(^|[^A-Za-z0-9_>.\"])($banned) ?\(" | grep -vE ':[[:space:]]*(/\*| \*)')"
verdict "no banned shell command: tests wait on a pipe or a file, never on a clock" \
    "$(sources '*.sh' '*.bash' '*.bats' .ci/run .ci/deps |
        xargs grep -nE '(^|[;&|(]|do|then)[[:space:]]*u?sleep [0-9.]')"
verdict "no tabs or trailing blanks in C" \
    "$(sources '*.c' '*.h' | xargs grep -nE "$(printf '\t')|[[:space:]]\$")"

said=
for h in $(sources 'lib/*.h' 'tools/*.h'); do
    # shellcheck disable=SC2086 # flags are words
    said+=$(printf '#include "%s"\n' "${h#lib/}" |
        ${CC:-cc} ${CPPFLAGS:--Ilib} -I. ${CFLAGS:--std=c11} -fsyntax-only -x c - 2>&1)
done
verdict "each header compiles alone" "$said"
echo "1..$n"
exit $bad
