#!/usr/bin/env bash
# man-lint.sh - every man page is clean for mandoc -Tlint -Wwarning. TAP.
set -u
cd "$(dirname "$0")/.." || exit 70

n=0
bad=0
for page in man/*.[1-9]; do
    [ -f "$page" ] || continue
    n=$((n + 1))
    if ! command -v mandoc >/dev/null; then
        echo "ok $n - $page # skip no mandoc"
    elif said=$(mandoc -Tlint -Wwarning "$page" 2>&1) && [ -z "$said" ]; then
        echo "ok $n - $page"
    else
        echo "not ok $n - $page"
        while read -r line; do echo "# $line"; done <<<"$said"
        bad=1
    fi
done
echo "1..$n"
exit $bad
