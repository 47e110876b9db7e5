# common.bash - first line of every bats file: `load common`.
#
# Gives: bats-support and bats-assert; $B (build folder, absolute), $HB_BIN (its programs, first in
# $PATH), $ROOT (the source tree), $GAMES; each test runs in an empty folder of its own, which is
# removed. `run --separate-stderr` works: $output is stdout, $stderr is stderr.
# A file that needs its own setup() or teardown() calls common_setup, common_teardown in it.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

_common_load() { # LIBRARY: from the usual places of Debian, Fedora, Homebrew and a checkout
    local dir
    for dir in ${BATS_LIB_PATH:+"${BATS_LIB_PATH%%:*}"} /usr/lib/bats /usr/share/bats \
        /usr/local/lib /usr/lib /opt/homebrew/lib; do
        if [ -f "$dir/$1/load.bash" ]; then
            load "$dir/$1/load"
            return
        fi
    done
    echo "no $1 found: make deps-test" >&2
    return 1
}
_common_load bats-support
_common_load bats-assert

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
B=${B:-$ROOT/build}
case $B in
/*) ;;
*) B=$ROOT/$B ;;
esac
HB_BIN=${HB_BIN:-$B/bin}
GAMES=$ROOT/examples/games
export ROOT B HB_BIN GAMES
PATH=$HB_BIN:$PATH
unset HB_PLUGIN_PATH HB_LOG NO_COLOR
umask 022
# A test that hangs fails after this many seconds; bats wants one of the two for it.
if command -v ps >/dev/null || command -v pkill >/dev/null; then
    export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$([ -n "${HB_LONG:-}" ] && echo 1800 || echo 300)}
fi

common_setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}
setup() {
    common_setup
}

# What a test starts in the background it adds to BG, and it is gone after the test:  BG+=($!)
BG=()
common_teardown() {
    local pid
    for pid in ${BG[@]+"${BG[@]}"}; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}
teardown() {
    common_teardown
}

# skip_unless PROGRAM...: a test that needs a program says so when it is skipped.
skip_unless() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "needs $program"
    done
}

# flip FILE OFFSET: invert the lowest bit of a byte in place.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# refused CODE COMMAND...: exits with CODE, says why on stderr, prints nothing on stdout.
refused() {
    local code=$1
    shift
    run --separate-stderr "$@"
    # shellcheck disable=SC2154 # set by run
    if [ "$status" != "$code" ] || [ -n "$output" ] || [ -z "$stderr" ]; then
        echo "exit $status, want $code; stdout: '$output'; stderr: '$stderr'"
        return 1
    fi
}

# manual_examples PAGE: the commands under EXAMPLES of man/PAGE, one a line.
manual_examples() {
    awk '/^\.Sh/ { on = /EXAMPLES/ } /^\.Bd/ { code = on; next } /^\.Ed/ { code = 0 }
        code { gsub(/\\e/, "\\") } code && /^\$ / { if (line != "") print line; line = substr($0, 3); next }
        code { sub(/^ */, ""); line = line " " $0 } END { print line }' "$ROOT/man/$1"
}

# run_manual PAGE [TEXT]: all of them, without those that have TEXT, end well in this folder.
run_manual() {
    local command n=0
    while read -r command; do
        [ -z "${2:-}" ] || [[ $command != *"$2"* ]] || continue
        echo "\$ $command"
        bash -o pipefail -c "$command" >/dev/null || return 1
        n=$((n + 1))
    done < <(manual_examples "$1")
    [ "$n" -gt 3 ]
}
