#!/bin/sh
# two-workers.sh - two workers and a merge on FIFOs: a training run without hb-train.
#
#     examples/two-workers.sh [CONFIG [ITERATIONS]]
#
#                      tasks                 tasks1            deltas1
#     hb-frame tasks ────────▶ hb-frame split ─────▶ hb-worker ───────▶ hb-merge
#        ▲                            └────────────▶ hb-worker ───────▶    │
#        └───────────────────────────── commits ───────────────────────────┘
#
# The last line it prints is the hash of the result: the same as that of
# `hb-train --config CONFIG --iters ITERATIONS`, for any number of workers.
set -eu
export PATH="${HB_BIN:+$HB_BIN:}$PATH"
config=${1:-$(dirname "$0")/kuhn.yaml}
iterations=${2:-10000}

command -v hb-ckpt hb-frame hb-worker hb-merge >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}

# Whatever happens, nothing is left behind: no file, and no process that waits at a FIFO.
dir=$(mktemp -d)
pids=
cleanup() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$pids" ] || kill $pids 2>/dev/null || :
    # Held open for both ways, a FIFO lets everyone go on who waits for its other end; without a name
    # nobody comes to wait again.
    for fifo in "$dir"/*; do
        [ -p "$fifo" ] || continue
        exec 9<>"$fifo"
        rm "$fifo"
        exec 9>&-
    done
    wait
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The table all workers read and hb-merge writes. It knows game, abstraction, solver keys and seed.
hb-ckpt init --config "$config" -o "$dir/table"
mkfifo "$dir/tasks" "$dir/tasks1" "$dir/tasks2" "$dir/deltas1" "$dir/deltas2" "$dir/commits"

# Opening a FIFO waits until someone opens its other end, so every part is started in the
# background, and redirections are written in the order in which they can succeed. The shell
# does the opening: a program that fails to start still closes what was opened for it, its neighbours
# see the end of their input or a closed pipe, and the whole pipeline ends.
hb-worker --table "$dir/table" <"$dir/tasks1" >"$dir/deltas1" &
pids="$pids $!"
hb-worker --table "$dir/table" <"$dir/tasks2" >"$dir/deltas2" &
pids="$pids $!"
hb-frame split "$dir/tasks1" "$dir/tasks2" <"$dir/tasks" &
pids="$pids $!"

# The tasks of a round go out when the commit of the round before has come.
hb-frame tasks --config "$config" --first 0 --count "$iterations" --commits - \
    <"$dir/commits" >"$dir/tasks" &
feeder=$!
pids="$pids $feeder"

hb-merge --table "$dir/table" "$dir/deltas1" "$dir/deltas2" >"$dir/commits" &
merge=$!
pids="$pids $merge"
wait "$merge"
wait "$feeder" # it fails when not all was merged
hb-ckpt hash "$dir/table"
