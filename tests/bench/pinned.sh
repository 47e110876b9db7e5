#!/usr/bin/env bash
# pinned.sh - one worker and one merger on one processor against two and two on two, in wall time.
#
#   tests/bench/pinned.sh SECONDS [CONFIG [hb-train OPTION...]]       B=build  TIMES=3  CPUS=0,1
#
# Trains for SECONDS each way, in turns, TIMES times: on one processor, on two, and two runs that share
# nothing, one on each, which is what the machine itself has to give. Prints a JSON line each time:
# iterations a second from the fifth second on, the end's checkpoint left out; what two processors are
# worth to hb, and to the runs apart; last the middle of each. All ways have the same result, bit for bit,
# so only time is compared.
set -euo pipefail

cd "$(dirname "$0")/../.."
seconds=${1:?SECONDS [CONFIG [OPTION...]]}
config=${2:-examples/hunl-200bb.yaml}
shift
[ $# = 0 ] || shift
bin=${B:-build}/bin
cpus=${CPUS:-0,1}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hb-pinned.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

rate() { # CPUS WORKERS OPTION...: iterations a second
    local on=$1 workers=$2 run
    shift 2
    run=$(mktemp -d "$tmp/run.XXXXXX")
    taskset -c "$on" "$bin/hb-train" --config "$config" --logdir "$run" --num-workers "$workers" \
        --time-budget "$seconds" --snapshot-interval 1000000 -q "$@"
    jq -s 'map(select(.t >= 5 and .checkpoint_s == 0)) | (.[-1].iteration - .[0].iteration) / (.[-1].t - .[0].t)' \
        "$run/metrics.jsonl"
    rm -rf "$run"
}

apart() { # OPTION...: of both runs together
    rate "${cpus##*,}" 1 "$@" >"$tmp/other" &
    rate "${cpus%%,*}" 1 "$@" >"$tmp/this"
    wait "$!"
    jq -s add "$tmp/this" "$tmp/other"
}

for ((i = 0; i < ${TIMES:-3}; i++)); do
    one=$(rate "${cpus%%,*}" 1 "$@")
    two=$(rate "$cpus" 2 "$@")
    both=$(apart "$@")
    jq -nc "def part(x; y): x / y * 1000 | round / 1000;
        {bench: \"pinned\", one: ($one | round), two: ($two | round), apart: ($both | round),
         ratio: part($two; $one), ratio_apart: part($both; $one)}" | tee -a "$tmp/times"
done
jq -sc 'def middle(f): map(f) | sort | .[(length - 1) / 2 | floor];
    {bench: "pinned", times: length, ratio: middle(.ratio), ratio_apart: middle(.ratio_apart)}' "$tmp/times"
