#!/usr/bin/env bash
# run.sh - run parts of the tests, add them up.     B=build tests/run.sh PART...
#
# Parts: unit long memory (unit under valgrind) cli fuzz floors man. Everything speaks TAP; a program
# that dies or keeps less than its plan counts as one failed test more. The last line is "N passed,
# N failed"; what each program said is in B/test-results. JOBS= programs run at once (default: one per CPU).
set -u

B=${B:-build}
out=$B/test-results

if [ "${1:-}" = --one ]; then # one program: its command is in a file
    # A test that hangs is one that fails. bats limits each of its tests, but waits for whoever holds
    # its output; the time here is for all of a program's.
    case ${HB_LONG:+long }$2 in
    long*) seconds=14400 ;;
    */unit-* | */cli-*) seconds=1200 ;;
    *) seconds=14400 ;;
    esac
    bounded() { ! command -v timeout >/dev/null || set -- timeout -k 10 "$seconds" "$@" && "$@"; }
    bounded bash "$2.cmd" >"$2.tap" 2>"$2.err" </dev/null
    echo $? >"$2.rc"
    exit 0
fi

cd "$(dirname "$0")/.." || exit 70
mkdir -p "$B"
B=$(cd "$B" && pwd)
out=$B/test-results
mkdir -p "$out"
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
export B HB_BIN="$B/bin"

job() { # NAME COMMAND...
    local name=$1
    shift
    printf '%q ' "$@" >"$out/$name.cmd"
}

jobs_of() {
    local f name
    case $1 in
    unit) for f in tests/unit/t_*.c; do
        name=$(basename "$f" .c)
        [ ! -f "$f" ] || job "unit-$name" "$B/tests/$name"
    done ;;
    long) for f in tests/unit/long_*.c; do
        name=$(basename "$f" .c)
        [ ! -f "$f" ] || job "long-$name" "$B/tests/$name"
    done ;;
    memory) for f in tests/unit/t_*.c; do
        name=$(basename "$f" .c)
        [ ! -f "$f" ] || job "memory-$name" valgrind -q --error-exitcode=9 --leak-check=full \
            "$B/tests/$name"
    done ;;
    cli) for f in tests/cli/*.bats; do
        [ ! -f "$f" ] || job "cli-$(basename "$f" .bats)" bats --tap "$f"
    done ;;
    fuzz) for f in tests/fuzz/fuzz_*.c; do
        name=$(basename "$f" .c)
        [ ! -f "$f" ] || job "fuzz-$name" "$B/fuzz/$name" "tests/fuzz/corpus/${name#fuzz_}"/*
    done ;;
    floors) job floors-floors tests/floors.sh "$B" ;;
    man)
        job man-lint tests/man-lint.sh
        job man-help tests/help-vs-man.sh "$B/bin"
        ;;
    *) echo "run.sh: no part '$1'" >&2 && exit 64 ;;
    esac
}

# passed, failed, skipped of one program
count() {
    awk -v rc="$(cat "$1.rc")" '
        /^ok/ { if (tolower($0) ~ /# skip/) skipped++; else passed++ }
        /^not ok/ { failed++ }
        /^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
        END {
            if (!planned || passed + failed + skipped != plan || (rc != 0 && !failed)) failed++
            print passed + 0, failed + 0, skipped + 0
        }' "$1.tap"
}

explain() {
    echo "FAILED $(basename "$1"), exit $(cat "$1.rc"): $(cat "$1.cmd")"
    grep -v -e '^ok' -e '^1\.\.' "$1.tap" | tail -n 60
    tail -n 40 "$1.err"
}

total_passed=0
total_failed=0
total_skipped=0
for part; do
    rm -f "$out/$part"-*
    jobs_of "$part"
    start=$SECONDS
    find "$out" -name "$part-*.cmd" | sed 's/\.cmd$//' | sort |
        xargs -P "$jobs" -I{} bash tests/run.sh --one {}
    passed=0
    failed=0
    skipped=0
    for f in "$out/$part"-*.cmd; do
        f=${f%.cmd}
        [ -f "$f.rc" ] || continue
        read -r p n s <<<"$(count "$f")"
        passed=$((passed + p)) failed=$((failed + n)) skipped=$((skipped + s))
        [ "$n" = 0 ] || explain "$f"
        grep -i '^ok.*# skip' "$f.tap"
    done
    echo "$part: $passed passed, $failed failed, $skipped skipped, $((SECONDS - start)) s"
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
done
[ $total_skipped = 0 ] || echo "skipped, reasons above: $total_skipped"
echo "$total_passed passed, $total_failed failed"
[ $total_failed = 0 ]
