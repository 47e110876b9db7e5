#!/usr/bin/env bash
# fuzz.sh - run each libFuzzer target of B for SECONDS_EACH on its corpus; new inputs go to
# B/fuzz/new/NAME, worth committing when they reach something new. Stops at the first crash.
set -eu
cd "$(dirname "$0")/../.."

for f in tests/fuzz/fuzz_*.c; do
    name=$(basename "$f" .c)
    mkdir -p "$B/fuzz/new/$name"
    echo "$name: ${SECONDS_EACH} s"
    "$B/fuzz/$name.libfuzzer" -max_total_time="$SECONDS_EACH" -max_len=65536 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$B/fuzz/new/" "$B/fuzz/new/$name" \
        "tests/fuzz/corpus/${name#fuzz_}"
done
