#!/bin/sh
# remote-worker.sh - a second worker on another host, which shares no file with this one.
#
#     REMOTE='ssh other-host' examples/remote-worker.sh [CONFIG [ITERATIONS]]
#
# REMOTE is any command that runs its last argument with a shell and passes stdin and stdout on; hb's
# programs are in PATH there. Without REMOTE the "other host" is another folder of this one.
#
#     here                                             │  there
#     hb-frame tasks ─▶ split ─▶ hb-worker ─▶ tee ──────────────▶ hb-merge --replica ─▶ table
#        ▲  ▲             │                    │        │             ▲   │              ▲
#        │  │             │      hb-merge ◀────┘        │            tee  │         (is read by)
#        │  └─ commits ───────── │    ▲                 │             ▲   │              │
#        │                │      table└─── deltas ────────────────────┴── │ ─────── hb-worker
#        │                └─────────────── tasks ───────────────────────────────────────▲
#        └──────────────────────────────── commits ───────────────────────┘
#
# A worker needs a table of the current generation. So the other host keeps its own: it starts from
# the same configuration and merges the same deltas. The next round begins when both have committed.
# Only frames cross the line: tasks and this host's deltas there, that host's deltas and commits back.
# The deltas are by far the most of it, so workers compress them: a quarter of the bytes in no-limit games,
# and the same result. COMPRESS=none|varint|zstd chooses.
set -eu
export PATH="${HB_BIN:+$HB_BIN:}$PATH"
config=${1:-$(dirname "$0")/kuhn.yaml}
iterations=${2:-10000}
REMOTE=${REMOTE:-sh -c}
COMPRESS=${COMPRESS:-zstd}

command -v hb-ckpt hb-frame hb-worker hb-merge >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}

remote() {
    # shellcheck disable=SC2086 # a command and its arguments
    exec $REMOTE "$1"
}

dir=$(mktemp -d)
there=
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
    [ -z "$there" ] || (remote "exec 9<>$there/own; rm -rf $there") || :
    wait
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# The other host gets the configuration and the game file it names, and makes its table from them.
# (With a `cards:` section it would get the bucket file too.)
there=$(remote 'mktemp -d')
game=$(sed -n 's/^game:[[:space:]]*\([^[:space:]#]*\).*/\1/p' "$config")
tar -C "$(dirname "$config")" -cf - "$(basename "$config")" "$game" | (remote "tar -C $there -xf -")
(remote "hb-ckpt init --config $there/$(basename "$config") -o $there/table && mkfifo $there/own")

hb-ckpt init --config "$config" -o "$dir/table"
mkfifo "$dir/tasks" "$dir/tasks.here" "$dir/tasks.there" "$dir/deltas.here" "$dir/deltas.there" \
    "$dir/raw" "$dir/copy" "$dir/commits.here" "$dir/commits.there"

# Opening a FIFO waits until someone opens its other end: redirections are written in an order in
# which all of them succeed. (Tasks first, then raw, would be a ring in which each waits for another.)
# This host's worker; a copy of its deltas goes to the other host.
hb-worker --table "$dir/table" --compress "$COMPRESS" >"$dir/raw" <"$dir/tasks.here" &
pids="$pids $!"
tee "$dir/copy" <"$dir/raw" >"$dir/deltas.here" &
pids="$pids $!"
# The other host's worker; a copy of its deltas stays there.
remote "hb-worker --table $there/table --compress $COMPRESS | tee $there/own" <"$dir/tasks.there" >"$dir/deltas.there" &
pids="$pids $!"
# The other host's merge reads both. There as here the shell opens the FIFO, so that tee does not wait
# for ever when hb-merge fails to start.
remote "exec hb-merge --replica --table $there/table - /dev/fd/3 3<$there/own" \
    <"$dir/copy" >"$dir/commits.there" &
replica=$!
pids="$pids $replica"

hb-frame split "$dir/tasks.here" "$dir/tasks.there" <"$dir/tasks" &
pids="$pids $!"
hb-frame tasks --config "$config" --first 0 --count "$iterations" \
    --commits - --commits /dev/fd/3 <"$dir/commits.here" 3<"$dir/commits.there" >"$dir/tasks" &
feeder=$!
pids="$pids $feeder"

hb-merge --table "$dir/table" "$dir/deltas.here" "$dir/deltas.there" >"$dir/commits.here" &
merge=$!
pids="$pids $merge"
wait "$merge"
wait "$feeder" # it fails when not all was merged on both hosts
wait "$replica"

echo "there $(remote "hb-ckpt hash $there/table")"
echo "here  $(hb-ckpt hash "$dir/table")"
