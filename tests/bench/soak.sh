#!/usr/bin/env bash
# soak.sh - train for any time and say whether the run was flat.
#
#   tests/bench/soak.sh SECONDS [CONFIG [hb-train OPTION...]]       B=build
#
# Early in the run, inside the warm-up that the report leaves out, one worker is traced for some lines
# of progress: which system calls does it make? Then hb-train is stopped for five seconds: are its
# workers woken while there is nothing to do? Prints both and the report; exit 0: flat, no polls, no
# wake-ups; 1: not. The folder of the run stays and is named.
set -u

cd "$(dirname "$0")/../.." || exit 70
seconds=${1:?SECONDS [CONFIG [OPTION...]]}
config=${2:-examples/hunl-200bb.yaml}
shift
[ $# = 0 ] || shift
bin=${B:-build}/bin
dir=$(mktemp -d "${TMPDIR:-/tmp}/hb-soak.XXXXXX") || exit 73
bad=0
mkfifo "$dir/progress" "$dir/quiet"
exec 9<>"$dir/quiet" # nothing ever comes: a clock

lines() { # N: wait for lines of progress, show them
    local i line
    for ((i = 0; i < $1; i++)); do
        IFS= read -r line <&8 || return
        echo "$line"
        [[ $line == *Iteration* ]] || i=$((i - 1))
    done
}

workers() {
    pgrep -P "$trainer" hb-worker
}

switches() { # of all workers, both kinds
    local pid
    for pid in $(workers); do
        grep ctxt_switches "/proc/$pid/status"
    done
}

# One worker under strace -c for about ten seconds.
trace_worker() {
    local pid tracer
    command -v strace >/dev/null || {
        echo "system calls: not looked at, no strace"
        bad=1
        return
    }
    pid=$(workers | head -n 1)
    strace -c -f -o "$dir/calls" -p "$pid" 2>"$dir/strace.err" &
    tracer=$!
    lines 5
    kill -INT $tracer
    wait $tracer
    [ -s "$dir/calls" ] || {
        echo "system calls: not looked at: $(tail -n 1 "$dir/strace.err")"
        bad=1
        return
    }
    echo "system calls of worker $pid:"
    cat "$dir/calls"
    if grep -qE ' (p?poll|p?select6?|pselect6|epoll_[a-z_0-9]+|nanosleep|clock_nanosleep)$' "$dir/calls"; then
        echo "polls: yes"
        bad=1
    else
        echo "polls: none"
    fi
}

# hb-train is stopped: when the tasks it gave are done, nothing should move.
idle_workers() {
    local before after
    kill -STOP "$trainer"
    read -r -t 2 <&9
    before=$(switches)
    read -r -t 5 <&9
    after=$(switches)
    kill -CONT "$trainer"
    if [ -n "$before" ] && [ "$before" = "$after" ]; then
        echo "idle wake-ups in 5 s: 0, of $(workers | grep -c .) workers"
    else
        printf 'idle wake-ups in 5 s: some\n%s\n%s\n' "$before" "$after"
        bad=1
    fi
}

"$bin/hb-train" --config "$config" --logdir "$dir/run" --time-budget "$seconds" "$@" 2>"$dir/progress" &
trainer=$!
trap 'kill -TERM $trainer 2>/dev/null' INT TERM
exec 8<"$dir/progress"
lines 2
[ ! -r /proc/self/status ] || idle_workers
[ ! -r /proc/self/status ] || trace_worker
n=0
while IFS= read -r line <&8; do # one line of progress a minute, everything else
    [[ $line != *Iteration* ]] || n=$((n + 1))
    [[ $line == *Iteration* && $((n % 30)) != 1 ]] || echo "$line"
done
wait $trainer || {
    echo "hb-train: exit $?"
    exit 1
}
rm -f "$dir/progress" "$dir/quiet"
"$bin/hb-report" "$dir/run" || bad=1
"$bin/hb-report" --format json "$dir/run" >"$dir/report.json"
echo "folder: $dir"
exit $bad
