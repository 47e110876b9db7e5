#!/usr/bin/env bash
# help-vs-man.sh - the usage lines of each tool's --help are its man page's SYNOPSIS, and the other
# way round; every tool has a page. TAP.        tests/help-vs-man.sh BIN_FOLDER
#
# "usage: hb-x A B" with "       hb-x C" below it is compared with the rendered SYNOPSIS, white space
# aside.
set -u
cd "$(dirname "$0")/.." || exit 70
bin=${1:?folder of the programs}

synopsis() { # PAGE
    mandoc -Tascii -O width=1000 "$1" | sed "s/.$(printf '\b')//g" |
        sed -n '/^SYNOPSIS/,/^[A-Z]/p' | sed '/^[A-Z]/d'
}

# One command a line, without double spaces, sorted; each begins with the program's name.
commands() { # NAME
    awk -v name="$1" '
        { for (i = 1; i <= NF; i++) {
            if ($i == name && line != "") { print line; line = "" }
            line = line == "" ? $i : line " " $i } }
        END { if (line != "") print line }' | sort
}

usage() {
    "$1" --help | awk '/^usage: / { on = 1; sub(/^usage: /, "") } on && /^$/ { exit } on'
}

n=0
bad=0
for tool in "$bin"/hb-*; do
    [ -x "$tool" ] || continue
    name=$(basename "$tool")
    n=$((n + 1))
    if ! command -v mandoc >/dev/null; then
        echo "ok $n - $name # skip no mandoc"
    elif [ ! -f "man/$name.1" ]; then
        echo "not ok $n - $name has no man/$name.1"
        bad=1
    elif said=$(diff <(usage "$tool" | commands "$name") \
        <(synopsis "man/$name.1" | commands "$name")); then
        echo "ok $n - $name --help is the SYNOPSIS of $name(1)"
    else
        echo "not ok $n - $name --help (<) is not the SYNOPSIS of $name(1) (>)"
        while read -r line; do echo "# $line"; done <<<"$said"
        bad=1
    fi
done
echo "1..$n"
exit $bad
