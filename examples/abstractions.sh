#!/bin/sh
# abstractions.sh - which card abstraction is better? Blueprints of one small game that differ in
# nothing else, and how much each can be exploited in the real cards, exactly.
#
#     examples/abstractions.sh [ITERATIONS [SEEDS [K...]]]
#
# For each number of buckets K, each pair of plugins FLOP/TURN (in $PAIRS, or those below) and each
# seed from 1 to SEEDS: build the buckets of deck24.yaml, train ITERATIONS, evaluate. Prints a JSON
# object a run, then a table: means over the seeds, and the standard deviation between them. The seed
# is that of the training and of the clustering; starting hands are all told apart. Without arguments
# it is what abstractions.md shows.
set -eu
export PATH="${HB_BIN:+$HB_BIN:}$PATH"
iterations=${1:-1000000}
seeds=${2:-3}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 20 100
base=$(cd "$(dirname "$0")" && pwd)
pairs=${PAIRS:-ehs/ehs ehs/emd emd/emd potential/emd emd/ochs potential/ochs} # flop/turn

command -v hb-bucket hb-train hb-eval >/dev/null || {
    echo "$0: hb's programs are neither in HB_BIN nor in PATH" >&2
    exit 69
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

args() { # PLUGIN K SEED: ehs has nothing to do with a seed
    case $1 in
    ehs) echo "k=$2" ;;
    *) echo "k=$2,seed=$3" ;;
    esac
}

number() { # KEY N: the N-th number under that key in the JSON on stdin
    grep -o "\"$1\":[-0-9.e]*" | sed -n "$2{s/.*://p;}"
}

run() { # FLOP TURN K SEED
    sed -e "s|games/|$base/games/|" -e "s/^seed:.*/seed: $4/" \
        -e "s/^  flop: .*plugin.*/  flop: {plugin: $1, args: \"$(args "$1" "$3" "$4")\"}/" \
        -e "s/^  turn: .*plugin.*/  turn: {plugin: $2, args: \"$(args "$2" "$3" "$4")\"}/" \
        "$base/deck24.yaml" >"$dir/run.yaml"
    hb-bucket build --config "$dir/run.yaml" -o "$dir/run.hba" --quiet
    hb-bucket info "$dir/run.hba" --quality --quiet >"$dir/info"
    hb-train --config "$dir/run.yaml" --buckets "$dir/run.hba" --logdir "$dir/log" \
        --iters "$iterations" --quiet
    hb-eval exploitability "$dir/log/checkpoints/latest.hbc" --quiet >"$dir/eval"
    printf '{"flop":"%s","turn":"%s","k":%s,"seed":%s,"mbb_per_hand":%s,' \
        "$1" "$2" "$3" "$4" "$(number mbb_per_hand 1 <"$dir/eval")"
    printf '"flop_distance":%s,"flop_equity_deviation":%s,"turn_distance":%s}\n' \
        "$(number distance 2 <"$dir/info")" "$(number equity_deviation 2 <"$dir/info")" \
        "$(number distance 3 <"$dir/info")"
    rm -rf "$dir/log"
}

for k; do
    for pair in $pairs; do
        seed=1
        while [ "$seed" -le "$seeds" ]; do
            run "${pair%/*}" "${pair#*/}" "$k" "$seed" >"$dir/one" # no pipe: a failure ends it all
            tee -a "$dir/runs" <"$dir/one"
            seed=$((seed + 1))
        done
    done
done

awk -F'[:,"{}]+' '
    { key = $7 " " $3 " " $5; x = $11
      if (!(key in n)) order[++rows] = key
      n[key]++; sum[key] += x; square[key] += x * x
      distance[key] += $13; deviation[key] += $15; turn[key] += $17 }
    END {
        print "\n| k | flop | turn | mbb/hand | between seeds | flop distance | flop equity deviation | turn distance |"
        print "|---|---|---|---|---|---|---|---|"
        for (i = 1; i <= rows; i++) {
            key = order[i]; split(key, f, " "); c = n[key]; mean = sum[key] / c
            v = c > 1 ? (square[key] - c * mean * mean) / (c - 1) : 0
            printf "| %s | %s | %s | %.1f | %.1f | %.4f | %.4f | %.4f |\n", f[1], f[2], f[3], mean,
                sqrt(v > 0 ? v : 0), distance[key] / c, deviation[key] / c, turn[key] / c
        }
    }' "$dir/runs"
