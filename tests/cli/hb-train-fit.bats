#!/usr/bin/env bats
# hb-train --plan --fit: how many buckets a machine has room for.
# shellcheck disable=SC2154 # stderr is set by run
load common

config() { # FLOP_K RIVER_K
    cat >run.yaml <<YAML
game: $GAMES/hunl-20bb.game
betting:
  preflop: {sizes: ["1.0"], max_raises: 2}
  flop:    {sizes: ["1.0"], max_raises: 2}
  turn:    {sizes: ["1.0"], max_raises: 2}
  river:   {sizes: ["1.0"], max_raises: 2}
cards:
  preflop: {plugin: lossless}
  flop:    {plugin: emd, args: "bins=30,k=$1"}
  turn:    {plugin: ehs, args: "k=$1,power=2"}
  river:   {plugin: ochs, args: "k=$2"}
num_iterations: 1000
YAML
}

fit() { # SIZE: the second object
    hb-train --config run.yaml --plan --fit "$1" --num-workers 2 --quiet | sed -n 2p
}

@test "the k chosen fits, in the proportions asked for, and one more does not" {
    skip_unless jq
    config 100 200
    local size=2200M answer k
    answer=$(fit $size)
    jq -e '.fits and .peak_bytes <= .fit_bytes and .fit_bytes == 2200 * 1024 * 1024' <<<"$answer"
    jq -e '.k.river >= 2 and .k.flop == (.k.river / 2 | floor) and .k.turn == .k.flop' <<<"$answer"
    jq -e '.k.preflop == null and .args.flop == "bins=30,k=\(.k.flop)"' <<<"$answer"
    jq -e '.args.turn == "k=\(.k.turn),power=2"' <<<"$answer"
    jq -e '.peak_bytes >= .build_bytes' <<<"$answer"
    # the plan of a configuration with that k is the first object
    k=$(jq .k.river <<<"$answer")
    hb-train --config run.yaml --plan --fit $size --num-workers 2 --quiet | head -1 >first
    config "$(jq .k.flop <<<"$answer")" "$k"
    hb-train --config run.yaml --plan --num-workers 2 >plan
    cmp first plan
    [ "$(jq .table_bytes plan)" = "$(jq .table_bytes <<<"$answer")" ]
    # no more than these bytes are needed, and one byte less is too few
    config 100 200
    [ "$(fit "$(jq .peak_bytes <<<"$answer")" | jq .k.river)" = "$k" ]
    [ "$(fit $(($(jq .peak_bytes <<<"$answer") - 1)) | jq .k.river)" -lt "$k" ]
}

@test "the answer is the same each time, says it in words, and starts nothing" {
    config 50 50
    hb-train --config run.yaml --plan --fit 2G --num-workers 2 >a 2>words
    hb-train --config run.yaml --plan --fit 2G --num-workers 2 --logdir dir >b 2>/dev/null
    cmp a b
    [ ! -e dir ]
    grep -q 'INFO Fits 2.00 GiB: table .*, buckets .*, training at most .*, building the buckets' words
    grep -Eq 'INFO   river: \{plugin: ochs, args: "k=[0-9]+"\}' words
}

@test "where nothing fits the exit status is 1 and says what is needed" {
    skip_unless jq
    config 50 50
    run --separate-stderr hb-train --config run.yaml --plan --fit 64M
    [ "$status" = 1 ]
    [[ $stderr == *"are needed for one bucket a street, 0.06 are there"* ]]
    sed -n 2p <<<"$output" | jq -e '.fits == false and .k.flop == 1'
}

@test "wrong use of --fit" {
    config 50 50
    refused 64 hb-train --config run.yaml --logdir a --fit 2G
    refused 64 hb-train --config run.yaml --plan --fit 2G --buckets x.hba
    refused 64 hb-train --config run.yaml --plan --fit 0
    refused 64 hb-train --config run.yaml --plan --fit much
    refused 78 hb-train --config "$ROOT/examples/leduc.yaml" --plan --fit 2G
    [[ $stderr == *"no street has a number of buckets 'k=N'"* ]]
}

@test "the configurations for 4, 8, 16 and 64 GB take what their page says, and fit" {
    skip_unless jq
    local size plan k
    grep '^{"infosets"' "$ROOT/examples/README.md" >said
    [ "$(wc -l <said)" = 4 ]
    for size in 4 8 16 64; do
        plan=$(hb-train --config "$ROOT/examples/hunl-${size}gb.yaml" --plan --num-workers 8 2>/dev/null) || [ $? = 1 ]
        jq -c '{infosets,table_bytes,bucket_bytes,nodes}' <<<"$plan"
        # a twentieth is left to the system
        jq -e --argjson gib $size '.peak_bytes < 0.95 * $gib * 1073741824' <<<"$plan" >/dev/null
        k=$(sed -n 's/.*flop:.*k=\([0-9]*\).*/\1/p' "$ROOT/examples/hunl-${size}gb.yaml")
        hb-train --config "$ROOT/examples/hunl-${size}gb.yaml" --plan --fit ${size}G --num-workers 8 --quiet |
            sed -n 2p | jq -e --argjson k "$k" '.fits and .k.flop >= $k' >/dev/null
    done >now
    diff said now
}
