# train.bash - what the tests of hb-train share: `load train` behind `load common`.
# shellcheck shell=bash

# config GAME [LINE...]: run.yaml
config() {
    local game=$1
    shift
    printf '%s\n' "game: $GAMES/$game.game" "$@" >run.yaml
}

# holdem K: run.yaml of a hold'em game with K buckets a street; several mergers from about 400 on
holdem() {
    config hunl-100bb 'betting:' \
        '  preflop: {sizes: ["0.5", "1.0", allin], max_raises: 4}' \
        '  flop: {sizes: ["0.5", "1.0", allin], max_raises: 3}' \
        '  turn: {sizes: ["0.75", allin], max_raises: 2}' \
        '  river: {sizes: ["0.75", allin], max_raises: 2}' 'cards:' '  preflop: {plugin: lossless}' \
        "  flop: {plugin: ehs, args: \"k=$1\"}" "  turn: {plugin: ehs, args: \"k=$1\"}" \
        "  river: {plugin: ehs, args: \"k=$1\"}"
}

# train DIR [OPTION...]: rounds of 560 iterations, four tasks and more for each of up to 7 workers
train() {
    local dir=$1
    shift
    hb-train --config run.yaml --logdir "$dir" --round-size 560 --batch-size 20 --task-timeout 60 --quiet \
        "$@"
}

hash_of() { # DIR
    hb-ckpt hash "$1/checkpoints/latest.hbc"
}

# same DIR DIR...: all end in the same bits, and these are whole.
same() {
    local first dir
    first=$(hash_of "$1") || return 1
    [ "${#first}" = 64 ] || return 1
    for dir; do
        hb-ckpt verify "$dir/checkpoints/latest.hbc" >/dev/null || return 1
        [ "$(hash_of "$dir")" = "$first" ] || {
            echo "$dir differs from $1"
            return 1
        }
    done
}

differ() { # DIR DIR
    [ "$(hash_of "$1")" != "$(hash_of "$2")" ]
}

metric() { # DIR JQ: of the last line
    tail -n 1 "$1/metrics.jsonl" | jq -r "$2"
}

says() { # TEXT: what stderr of the last `run --separate-stderr` has
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == *"$1"* ]] || {
        echo "stderr: $stderr"
        return 1
    }
}

# faulty_programs: ./bin has hb-train and stand-ins for hb-worker and hb-merge that do what a file in
# ./faults/PROGRAM says and remove it, so that each order is carried out once; without one they are
# the real thing. Orders:
#   kill N    pass on N bytes of output, then kill -9 the process
#   stop N    … then stop it                     hang      stop before anything is said
#   eat N     kill -9 after N bytes of input     exit N    end with this code
#   TERM N, INT N, USR1 N, KILL N   pass on N bytes of output, send the signal to hb-train, go on
#   slow 0    pass on the output byte by byte
#   TERM2 N   SIGTERM, then SIGINT: two of one kind may arrive as one
faulty_programs() {
    local name
    mkdir -p bin faults/hb-worker faults/hb-merge faults/taken
    cp "$HB_BIN/hb-train" bin/
    for name in hb-worker hb-merge; do
        cat >bin/$name <<EOF
#!/usr/bin/env bash
real=$HB_BIN/$name
pass() { dd bs=1 count="\$n" status=none; } # exact, and holds nothing back
faults=$PWD/faults
for order in "\$faults"/$name/*; do
    mine=\$faults/taken/$name-\$\$
    mv "\$order" "\$mine" 2>/dev/null || continue
    read -r what n <"\$mine"
    trainer=\$PPID
    export trainer n
    tell() { { pass; kill "\$@" "\$trainer"; exec cat; }; }
    case \$what in
    kill) "\$real" "\$@" | { pass; kill -KILL -- -\$\$; } ;;
    stop) "\$real" "\$@" | { pass; kill -STOP -- -\$\$; } ;;
    slow) "\$real" "\$@" | dd bs=1 status=none ;;
    hang) kill -STOP \$\$ ;;
    eat) { pass; kill -KILL -- -\$\$; } | "\$real" "\$@" ;;
    exit) exit "\$n" ;;
    TERM2) "\$real" "\$@" | { pass; kill -TERM "\$trainer"; kill -INT "\$trainer"; exec cat; } ;;
    *) "\$real" "\$@" | tell -s "\$what" ;;
    esac
    exit
done
exec "\$real" "\$@"
EOF
        chmod +x bin/$name
    done
    PATH=$PWD/bin:$PATH
}

# order PROGRAM FAULT...: one more order
ORDERS=0
order() {
    ORDERS=$((ORDERS + 1))
    echo "${@:2}" >"faults/new" # appears whole
    mv faults/new "faults/$1/$(printf %03d $ORDERS)"
}

# Bytes of a HELLO frame: what a worker says before its first result.
hello_bytes() {
    hb-ckpt init --config run.yaml -o hello.table
    "$HB_BIN/hb-worker" --table hello.table </dev/null | wc -c
}

# gated ARG...: hb-train in the background, as $!-like $pid, with the plugin that waits at ./gate; back
# when it waits there, and descriptor 6 is what lets it go on. When hb-train ends before that somebody
# else opens the gate, so that the test fails and does not wait for ever.
gated() {
    mkfifo alive
    [ -p gate ] || mkfifo gate
    { read -r _ <alive || true; : <>gate; } 3>&- &
    hb-train "$@" 8>alive &
    # shellcheck disable=SC2034 # the caller's
    pid=$!
    exec 6>gate
    rm alive
}
