#!/usr/bin/env bash
# coverage.sh - lines of lib/ that the unit tests of a --coverage build reached, by file.
set -eu
cd "$(dirname "$0")/.."
build=${1:?build folder}

find "$build/lib" -name '*.gcda' | sort | while read -r data; do
    gcov -n "$data" 2>/dev/null | grep -A1 "^File 'lib/.*\.c'" |
        sed -n "s/^File '\(.*\)'/\1/p;s/^Lines executed:\(.*\)% of \(.*\)/\1 \2/p" | paste - -
done | awk '
    { printf "%6.1f %% of %5d  %s\n", $2, $3, $1; hit += $2 * $3 / 100; all += $3 }
    END { if (all) printf "%6.1f %% of %5d  all of lib/\n", 100 * hit / all, all }'
