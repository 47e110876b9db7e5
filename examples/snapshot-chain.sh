#!/bin/sh
# snapshot-chain.sh - from a log of results to a checkpoint, and on from there.
#
#     examples/snapshot-chain.sh [CONFIG [ITERATIONS]]
#
# Results are bytes like any others: a copy of them, merged into a fresh table, gives the same table
# again. hb-merge --snapshot - writes it as a checkpoint to its stdout and hb-ckpt save stores that.
# A table restored from it goes on where the first one stopped.
set -eu
export PATH="${HB_BIN:+$HB_BIN:}$PATH"
config=${1:-$(dirname "$0")/kuhn.yaml}
iterations=${2:-5000}

command -v hb-ckpt hb-frame hb-worker hb-merge >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}
dir=$(mktemp -d)
trap 'wait; rm -rf "$dir"' EXIT # after the last part has ended
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkfifo "$dir/commits" "$dir/tasks"

# One worker in a ring: tasks ─▶ worker ─▶ merge ─▶ commits ─▶ tasks.  train TABLE FIRST COUNT LOG
train() {
    hb-worker --table "$1" <"$dir/tasks" | tee "$4" | hb-merge --table "$1" - >"$dir/commits" &
    merge=$!
    hb-frame tasks --config "$config" --first "$2" --count "$3" --commits - \
        <"$dir/commits" >"$dir/tasks" # it fails when not all was merged
    wait "$merge"
}

hb-ckpt init --config "$config" -o "$dir/table"
train "$dir/table" 0 "$iterations" "$dir/log"

# The log alone is enough to make the table anew, here or anywhere else.
hb-ckpt init --config "$config" -o "$dir/again"
hb-merge --table "$dir/again" --snapshot - "$dir/log" | hb-ckpt save - -o "$dir/half.hbc"
hb-ckpt verify "$dir/half.hbc"
echo "half $(hb-ckpt hash "$dir/half.hbc")"

# The checkpoint says at which iteration the next round begins.
next=$(hb-ckpt info "$dir/half.hbc" | sed 's/.*"iterations":\([0-9]*\).*/\1/')
hb-ckpt restore "$dir/half.hbc" -o "$dir/restored"
train "$dir/restored" "$next" "$iterations" "$dir/log2"
echo "full $(hb-ckpt hash "$dir/restored")"
