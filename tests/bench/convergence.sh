#!/usr/bin/env bash
# convergence.sh - exact exploitability against iterations and CPU seconds, and against round sizes.
#
#   tests/bench/convergence.sh DIR [PART...]        B=build  SEEDS="1 2"
#
# Parts: leduc leduc52 pushfold deck24 staleness; all by default; draw: no new numbers. Writes
# DIR/PART.tsv and draws SVGs of what is there with curves.awk beside this script. Every run is stopped at each of the iterations below, evaluated exactly
# and resumed, which changes no bit of it; its CPU seconds are those of all its processes, start-up
# included, with one worker. The files in examples/convergence were made so.
set -euo pipefail

cd "$(dirname "$0")/../.."
out=${1:?DIR}
shift
parts=${*:-leduc leduc52 pushfold deck24 staleness}
bin=${B:-build}/bin
seeds=${SEEDS:-1 2}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hb-curves.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$out"

# curve GAME SEED ROUND ITERATIONS...: lines of seed, round size, iterations, CPU seconds, exploitability
curve() {
    local game=$1 seed=$2 round=$3 n cpu=0 dir resume=()
    shift 3
    dir=$tmp/$game-$seed-$round
    for n; do
        "$bin/hb-train" --config "examples/$game.yaml" --logdir "$dir" --seed "$seed" --num-workers 1 -q \
            --iters "$n" --snapshot-interval 1000000 ${round:+--round-size "$round"} \
            ${resume[@]+"${resume[@]}"}
        resume=(--resume-from latest)
        cpu=$(jq -n "$cpu + $(tail -n 1 "$dir/metrics.jsonl" | jq .cpu_s)")
        "$bin/hb-eval" exploitability "$dir/checkpoints/latest.hbc" | jq -r --arg seed "$seed" \
            --arg round "${round:-rule}" --argjson n "$(tail -n 1 "$dir/metrics.jsonl" | jq .iteration)" \
            --argjson cpu "$cpu" '[$seed, $round, $n, ($cpu * 1000 | round / 1000), .exploitability] | @tsv'
    done
    rm -rf "$dir"
}

header() { printf 'seed\tround\titerations\tcpu_s\texploitability\n'; }
marks() { # FROM TO: 1, 2 and 5 times the powers of ten
    awk -v from="$1" -v to="$2" 'BEGIN { for (e = 1; e <= to; e *= 10) for (k = 1; k <= 5; k += k < 2 ? 1 : 3)
        if (k * e >= from && k * e <= to) printf "%d ", k * e }'
}

for part in $parts; do
    case $part in
    leduc) list=$(marks 1000 10000000) ;;
    leduc52 | pushfold) list=$(marks 10000 2000000) ;;
    deck24) list=$(marks 10000 5000000) ;;
    staleness) list=1000000 ;;
    draw) continue ;;
    *) echo "no part '$part'" >&2 && exit 64 ;;
    esac
    rounds=rule
    game=$part
    if [ "$part" = staleness ]; then
        rounds='30 100 300 1000 3000 10000 30000'
        game=leduc
    fi
    header >"$out/$part.tsv"
    for round in $rounds; do
        for seed in $seeds; do
            # shellcheck disable=SC2086 # a list
            curve $game "$seed" "${round#rule}" $list >>"$out/$part.tsv"
            echo "$part, seed $seed: $(tail -n 1 "$out/$part.tsv" | cut -f 2-)"
        done
    done
done

draw() { # NAME TITLE XLABEL X-COLUMN [LABEL X Y]...: mean over the seeds; points of others as they are
    local name=$1 title=$2 xlabel=$3 x=$4
    shift 4
    [ -f "$out/${name%-*}.tsv" ] || return 0
    {
        awk -F '\t' -v x="$x" 'NR > 1 { k = x == "round" ? $2 : $3; sum[k] += $5; cpu[k] += $4; n[k]++ }
            END { for (k in sum) printf "hb\t%.9g\t%.9g\n", x == "cpu" ? cpu[k] / n[k] : k, sum[k] / n[k] }' \
            "$out/${name%-*}.tsv" | sort -t "$(printf '\t')" -k2g
        while [ $# -gt 0 ]; do
            printf '%s\t%s\t%s\n' "$1" "$2" "$3"
            shift 3
        done
    } | awk -f tests/bench/curves.awk -v title="$title" -v xlabel="$xlabel" \
        -v ylabel='exploitability, chips/hand' >"$out/$name.svg"
}

# Published figures of others: see the page
draw leduc-cpu 'Leduc: exploitability against CPU seconds' 'CPU seconds' cpu \
    'OpenSpiel, external sampling' 2.4 0.0651 'OpenSpiel, external sampling' 23 0.0201 \
    'OpenSpiel, external sampling' 233 0.0068 'OpenSpiel, CFR+' 0.79 0.0134 \
    'Open Pure CFR' 0.097 0.0670 'Open Pure CFR' 1.0 0.0204 'Open Pure CFR' 10.1 0.0058
draw leduc-iterations 'Leduc: exploitability against iterations' iterations iterations
draw leduc52-iterations 'Leduc with 52 cards: exploitability against iterations' iterations iterations
draw pushfold-iterations 'Jam or fold, 10 big blinds: exploitability against iterations' iterations iterations
draw deck24-iterations 'No-limit hold'"'"'em, 24 cards, 20 buckets: exploitability against iterations' iterations iterations
draw staleness-rounds 'Leduc after 1,000,000 iterations: exploitability against round size' \
    'iterations of a round' round
