#!/bin/sh
# frames-as-json.sh - what the programs say to each other, and how to edit it.
#
#     examples/frames-as-json.sh [CONFIG]
#
# hb-frame decode makes JSON lines of frames, hb-frame encode makes the same bytes of them again, so a
# stream of frames can be read, filtered and edited with text tools such as grep, sed and jq.
set -eu
export PATH="${HB_BIN:+$HB_BIN:}$PATH"
config=${1:-$(dirname "$0")/kuhn.yaml}

command -v hb-ckpt hb-frame hb-worker hb-merge >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
config=$(cd "$(dirname "$config")" && pwd)/$(basename "$config")
cd "$dir"

# One round needs no commits, so that its parts can be plain files, one step after the other.
hb-ckpt init --config "$config" -o table
hb-frame tasks --config "$config" --first 0 --count 16 --batch-size 4 >first-round
hb-worker --table table <first-round >deltas
hb-merge --table table deltas >commits

echo "# the tasks of the first round"
hb-frame decode <first-round
echo "# what the worker answers (the records of each result cut short)"
hb-frame decode <deltas | cut -c 1-160
echo "# what the merge says of it"
hb-frame decode <commits

# There and back again, byte for byte.
hb-frame decode <deltas | hb-frame encode >again
cmp deltas again

# Now every task twice. The worker does what it is told; the merge counts each result once.
hb-ckpt init --config "$config" -o twice
hb-frame decode <first-round | sed '/"TASK"/p' | hb-frame encode |
    hb-worker --table twice | hb-merge --table twice - | hb-frame decode >commits.json
echo "# the same with every task sent twice"
sed 1d commits.json

echo "# and the tables are equal"
echo "once  $(hb-ckpt hash table)"
echo "twice $(hb-ckpt hash twice)"
