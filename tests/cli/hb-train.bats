#!/usr/bin/env bats
# hb-train: the result, what is written where, options, and how it refuses.
load common
load train

# One street, six cards.
no_limit_game() { # STACK
    printf '%s\n' GAMEDEF nolimit "numPlayers = 2" "numRounds = 1" "stack = $1 $1" "blind = 2 1" \
        "firstPlayer = 2" "numSuits = 2" "numRanks = 3" "numHoleCards = 1" "numBoardCards = 0" \
        "END GAMEDEF"
}

# Every worker did something.
all_worked() { # DIR N
    [ "$(metric "$1" '.worker_tasks | length')" = "$2" ]
    [ "$(metric "$1" '.worker_tasks | min > 0')" = true ]
}

@test "help and version are answered on stdout" {
    run --separate-stderr hb-train --help
    assert_success
    assert_output --partial "usage: hb-train --config FILE --logdir DIR"
    [ -z "$stderr" ]
    run --separate-stderr hb-train --version
    assert_success
    assert_output --regexp '^hb-train [0-9.]+$'
}

# ---- the result ----

@test "1, 2, 3 and 7 workers give the same bits, and each did some of the work" {
    local game n
    for game in kuhn leduc; do
        config $game
        for n in 1 2 3 7; do
            train $game-$n --iters 20000 --num-workers $n
            all_worked $game-$n $n
            cmp $game-1/checkpoints/latest.hbc $game-$n/checkpoints/latest.hbc
        done
        same $game-1 $game-2 $game-3 $game-7
    done
}

@test "neither batch size nor transport changes the result, for three players neither" {
    local game batch
    for game in leduc kuhn3; do
        config $game
        train $game-a --iters 8000 --num-workers 3 --batch-size 1
        for batch in 7 100 560 10000; do
            train $game-b$batch --iters 8000 --num-workers 3 --batch-size $batch
            same $game-a $game-b$batch
        done
        train $game-f --iters 8000 --num-workers 7 --transport frames
        all_worked $game-f 7
        train $game-s --iters 8000 --num-workers 7 --transport segments
        same $game-a $game-f $game-s
        for batch in varint zstd; do
            train $game-$batch-1 --iters 8000 --num-workers 1 --transport frames --compress $batch
            train $game-$batch-7 --iters 8000 --num-workers 7 --transport frames --compress $batch
            same $game-a $game-$batch-1 $game-$batch-7
        done
        # what is counted is what travelled
        [ "$(jq -n "$(metric $game-varint-7 .bytes_per_task) < 0.5 * $(metric $game-f .bytes_per_task)")" = true ]
        [ "$(jq -n "$(metric $game-zstd-7 .bytes_per_task) < $(metric $game-varint-7 .bytes_per_task)")" = true ]
    done
}

@test "every discount mode and pruning give the same bits for any number of workers" {
    local mode
    for mode in none linear dcfr plus; do
        config leduc "discount_mode: $mode" "discount_interval: 700" "enable_pruning: true" \
            "pruning_threshold: -20"
        train $mode-1 --iters 6000 --num-workers 1
        train $mode-5 --iters 6000 --num-workers 5
        same $mode-1 $mode-5
    done
    config leduc "discount_interval: 700" "average_interval: 3"
    train thin-1 --iters 6000 --num-workers 1
    train thin-5 --iters 6000 --num-workers 5
    train thin-frames --iters 6000 --num-workers 2 --transport frames
    same thin-1 thin-5 thin-frames
    differ linear-1 thin-1
    differ none-1 linear-1
    differ linear-1 dcfr-1
    differ dcfr-1 plus-1
}

@test "seed, round size, discounts, plugin and arguments change the result; a bucket file does not" {
    config leduc
    train a --iters 3000
    train b --iters 3000 --seed 2
    differ a b
    train c --iters 3000 --round-size 200
    differ a c
    config leduc "seed: 2"
    train d --iters 3000
    same b d
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=2"}, flop: {plugin: ehs, args: "k=5"}}'
    train e --iters 3000 --num-workers 3
    differ a e
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=3"}, flop: {plugin: ehs, args: "k=5"}}'
    train f --iters 3000
    differ e f
    hb-bucket build --config run.yaml -o x.hba --quiet
    config leduc
    train g --iters 3000 --buckets x.hba --num-workers 2
    same f g
    config leduc 'cards: {preflop: {plugin: lossless}, flop: {plugin: lossless}}'
    train h --iters 3000
    same a h
}

@test "a run with an average_interval resumes as itself and as no other" {
    config leduc "average_interval: 4"
    train whole --iters 4000
    train cut --iters 2000
    train cut --iters 4000 --resume-from latest
    same whole cut
    run --separate-stderr hb-ckpt info cut
    assert_success
    [ "$(jq .solver.average_interval <<<"$output")" = 4 ]
    config leduc "average_interval: 2"
    refused 65 train cut --iters 6000 --resume-from latest
    says "another average_interval: this configuration has 2, cut/checkpoints/"
    config leduc
    refused 65 train cut --iters 6000 --resume-from latest
    says average_interval
}

@test "--iters trains to the first round end at or after N, and says so" {
    config kuhn
    run --separate-stderr hb-train --config run.yaml --logdir a --iters 1000 --round-size 300
    assert_success
    assert_output ""
    local at
    at=$(hb-ckpt info a/checkpoints/latest.hbc | jq .iterations)
    [ "$at" -ge 1000 ]
    [ "$at" -lt 1300 ]
    [ -f "a/checkpoints/$(printf 'iter-%012d.hbc' "$at")" ]
    says "Trained to iteration $at "
    # one further is the next round
    hb-train --config run.yaml --logdir b --iters $((at + 1)) --round-size 300 -q
    [ "$(hb-ckpt info b/checkpoints/latest.hbc | jq .iterations)" -gt "$at" ]
    hb-train --config run.yaml --logdir c --iters "$at" --round-size 300 -q
    same a c
}

# ---- stop and go on ----

@test "a run of version 1 goes on with the draws that it began with" {
    local run=$ROOT/tests/golden/run-1.hbc # 20046 iterations of Leduc; 40071 at once had this hash:
    local hash=633e9d01090f81eda1123c84012b1194786aa4156d9c06f564df9f46bdcde04b
    hb-train --config "$ROOT/examples/leduc.yaml" --iters 30000 --logdir a --resume-from "$run" --num-workers 2 --quiet
    hb-train --config "$ROOT/examples/leduc.yaml" --iters 40000 --logdir a --resume-from latest --num-workers 1 --quiet
    run hb-ckpt hash a
    assert_output "$hash"
}

@test "N iterations resumed to 2N are a straight run to 2N, whoever goes on and how" {
    config leduc
    train straight --iters 12000 --num-workers 2
    train a --iters 6000 --num-workers 2
    train a --iters 12000 --num-workers 2 --resume-from latest
    same straight a
    train b --iters 6000 --num-workers 1 --transport frames
    train b --iters 12000 --num-workers 7 --batch-size 9 --resume-from b/checkpoints/latest.hbc
    same straight b
    train c --iters 6000 --num-workers 5
    train c2 --iters 12000 --transport frames --resume-from c # the latest of another folder
    same straight c2
    cmp straight/checkpoints/latest.hbc a/checkpoints/latest.hbc
}

@test "resuming a finished run with the same target changes nothing and is fine" {
    config leduc
    train a --iters 3000
    cp -r a before
    run --separate-stderr train a --iters 3000 --resume-from latest
    assert_success
    cmp before/checkpoints/latest.hbc a/checkpoints/latest.hbc
    diff <(ls before/checkpoints) <(ls a/checkpoints)
}

@test "a damaged newest checkpoint is passed over, aloud" {
    config leduc
    train straight --iters 9000
    train a --iters 3000
    train a --iters 6000 --resume-from latest
    flip "$(readlink -f a/checkpoints/latest.hbc)" 5000
    run --separate-stderr train a --iters 9000 --resume-from latest
    assert_success
    says "damaged"
    says "resuming from a/checkpoints/iter-000000003"
    same straight a
}

@test "without any whole checkpoint resuming is refused, without any at all a begun run begins again" {
    config leduc
    refused 66 train nothere --resume-from latest --iters 1000
    says "no checkpoint to resume from"
    [ ! -e nothere ] # a refusal changes nothing
    train a --iters 1000
    cp -r a b
    flip "$(readlink -f a/checkpoints/latest.hbc)" 5000
    refused 65 train a --iters 2000 --resume-from latest
    says "none of the 1 checkpoints"
    refused 65 train a --iters 2000 --resume-from a/checkpoints/latest.hbc
    refused 73 train a --iters 2000
    rm b/checkpoints/*
    run --separate-stderr train b --iters 1000 --resume-from latest
    assert_success
    says "beginning at iteration 0"
    train c --iters 1000
    same b c
}

@test "a checkpoint of another run is refused with both sides named" {
    config leduc
    train a --iters 1000
    config kuhn
    refused 65 train b --iters 1000 --resume-from a/checkpoints/latest.hbc
    says "a/checkpoints/latest.hbc"
    says "this configuration"
    config leduc
    refused 65 train b --iters 1000 --resume-from a/checkpoints/latest.hbc --seed 9
    says seed
    refused 65 train b --iters 1000 --resume-from a/checkpoints/latest.hbc --round-size 100
    says "another round_size: this configuration has 100, a/checkpoints/latest.hbc has 560"
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=2"}, flop: {plugin: ehs, args: "k=5"}}'
    refused 65 train b --iters 1000 --resume-from a/checkpoints/latest.hbc
    says "abstraction"
    no_limit_game 10 >nl.game
    printf '%s\n' "game: nl.game" 'betting: {preflop: {sizes: ["1", allin]}}' >run.yaml
    train n --iters 100
    printf '%s\n' "game: nl.game" 'betting: {preflop: {sizes: ["1.5", allin]}}' >run.yaml
    refused 65 train m --iters 100 --resume-from n/checkpoints/latest.hbc
    says "betting tree"
    # into a folder of another run
    config leduc
    train s --iters 1000 --seed 7
    refused 65 train a --iters 2000 --seed 7 --resume-from s/checkpoints/latest.hbc
    says "a/checkpoints/iter-"
}

@test "config.yaml in the folder gives the same run again" {
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=2"}, flop: {plugin: ehs, args: "k=5"}}' \
        "discount_mode: dcfr" "enable_pruning: true" "pruning_threshold: -9" \
        "pruning_probability: 0.7" "seed: 18446744073709551615"
    train a --iters 2000 --num-workers 2
    hb-train --config a/config.yaml --logdir b --quiet
    same a b
    no_limit_game 60 >nl.game
    printf '%s\n' "game: nl.game" \
        'betting: {preflop: {sizes: ["0.5", "1.25", allin], max_raises: 3, limp: false}}' >run.yaml
    train c --iters 500
    hb-train --config c/config.yaml --logdir d --quiet
    same c d
}

@test "a run without an end is one again" {
    config leduc "num_iterations: 0"
    mkdir b
    hb-train --config run.yaml --logdir a -q --time-budget 0.1
    grep -qx "num_iterations: 0" a/config.yaml
    grep -qx "time_budget_seconds: 0.1" a/config.yaml
    grep -qx "round_size: 225" a/config.yaml
    grep -v time_budget a/config.yaml >b/config.yaml
    [ "$(hb-train --config b/config.yaml --plan | jq .iterations)" = null ]
}

@test "resuming a run that is done changes no byte" {
    config leduc
    train a --iters 3000
    hash_all() { find a -type f -o -type l | sort | xargs stat -c '%n %y %s'; }
    hash_all >before
    for from in latest a a/checkpoints/latest.hbc; do
        run --separate-stderr hb-train --config run.yaml --logdir a --iters 1000 --round-size 560 --resume-from $from
        assert_success
        says "nothing changes"
        hash_all | diff before -
    done
    train b --iters 1000 --resume-from a # but what was done elsewhere is put here
    same a b
}

# ---- checkpoints and time ----

@test "checkpoints at intervals, the oldest are pruned, latest.hbc is the newest" {
    config kuhn "snapshot_keep: 2"
    train a --iters 9000 --snapshot-interval 0.000001
    [ "$(find a/checkpoints -name 'iter-*.hbc' | wc -l)" = 2 ]
    [ "$(readlink a/checkpoints/latest.hbc)" = "$(cd a/checkpoints && printf '%s\n' iter-* | tail -n 1)" ]
    hb-ckpt verify a/checkpoints/*.hbc >/dev/null
    [ -z "$(find a -name '*.tmp*')" ]
    train b --iters 9000
    same a b # checkpoints do not change the result
    config kuhn "snapshot_interval_seconds: 0.000001"
    train c --iters 9000 --snapshot-interval 0
    same a c
    [ "$(find c/checkpoints -name 'iter-*.hbc' | wc -l)" = 1 ]
}

@test "--time-budget ends a run without a number of iterations" {
    config leduc "num_iterations: 5"
    train a --time-budget 0.5 --num-workers 1
    [ "$(metric a .iteration)" -gt 5 ]
    local at
    at=$(metric a .iteration)
    train b --iters "$at" --num-workers 2
    same a b
    config leduc "time_budget_seconds: 0.2"
    train c
    [ "$(metric c .iteration)" -gt 0 ]
    # --iters alone puts the configuration's budget aside, both together: what comes first
    train d --iters 1000 --time-budget 1000
    [ "$(metric d .iteration)" -lt 2000 ]
}

# ---- what people and programs read ----

@test "the progress line has its form" {
    config leduc
    run --separate-stderr hb-train --config run.yaml --logdir a --iters 3000 --num-workers 2
    assert_success
    assert_output ""
    grep -qE '^\[[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\] INFO Iteration [0-9]+ \([0-9]+\.[0-9] iter/s\) - Workers: 2 - ETA ([0-9]{2,}:[0-5][0-9]:[0-5][0-9]|\?) - change [0-9.e-]+ \([0-9.e-]+ [0-9.e-]+\), visited [0-9.]+ %, pruned [0-9.]+ %, saturated [0-9.]+ %$' <<<"$stderr"
    [[ $stderr != *$'\r'* && $stderr != *$'\e'* ]] # no bar, no colour
    run --separate-stderr hb-train --config run.yaml --logdir b --iters 3000 --quiet
    assert_success
    [ -z "$output$stderr" ]
}

@test "lines come while a run goes on" {
    config leduc
    run --separate-stderr hb-train --config run.yaml --logdir a --time-budget 5 --num-workers 1
    assert_success
    [ "$(grep -c 'INFO Iteration' <<<"$stderr")" -ge 2 ]
    [ "$(wc -l <a/metrics.jsonl)" -ge 2 ]
    [ "$(jq -s '[.[].t] | [.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | max < 10' a/metrics.jsonl)" = true ]
    # only forward, and memory is flat
    [ "$(jq -s '[.[].iteration] == ([.[].iteration] | sort)' a/metrics.jsonl)" = true ]
    [ -n "${SAN:-}" ] || [ "$(jq -s '(.[-1].pss_bytes - .[0].pss_bytes) < 4000000' a/metrics.jsonl)" = true ]
}

@test "metrics are JSON lines with the promised fields, for resumed runs as well" {
    config leduc
    train a --iters 3000 --num-workers 2
    train a --iters 6000 --num-workers 3 --resume-from latest
    [ "$(jq -s length a/metrics.jsonl)" -ge 2 ]
    [ "$(jq -s 'all(.[]; (keys_unsorted == ["t","iteration","iter_per_s","nodes","cpu_s","workers","generation","pss_bytes","tasks","worker_tasks","bytes_per_task","merge_s","checkpoint_s","workers_replaced","duplicates","restores","table_large_bytes","nodes_per_cpu_s","calibration_per_s","calibration_load_ns","calibration_draw_ns","calibration_s","workers_cpu_s","mergers_cpu_s","barrier_s","ctx_voluntary","ctx_involuntary","learning_s","looked_at","change_iterations","change","change_by_street","visited","visited_by_street","pruned","pruned_by_street","saturated","saturated_by_street","halved","halved_by_street","started","cpu_before_s"]))' a/metrics.jsonl)" = true ]
    [ "$(jq -s '.[0].nodes < .[-1].nodes and .[0].generation < .[-1].generation' a/metrics.jsonl)" = true ]
    [ "$(metric a .workers)" = 3 ]
    [ "$(metric a '.cpu_s >= 0 and .iter_per_s > 0 and .tasks > 0')" = true ]
    [ "$(metric a '.cpu_s >= .workers_cpu_s + .mergers_cpu_s and .calibration_per_s > 0 and .calibration_load_ns > 0 and .calibration_draw_ns > 0 and .barrier_s >= 0')" = true ]
    [ "$(metric a '.looked_at == .iteration and (.ctx_voluntary | length) == 3 and (.change_by_street | length) == 2')" = true ]
    [ -n "${PORTABLE:-}" ] || [ "$(metric a '.workers_cpu_s > 0 and .nodes_per_cpu_s > 0')" = true ]
    [ -n "${PORTABLE:-}" ] || [ "$(metric a '.pss_bytes > 1000000')" = true ]
    train b --iters 6000
    [ "$(metric a .nodes)" = "$(metric b .nodes)" ]
}

@test "a result does not grow with training" {
    config leduc
    train a --iters 10000 --num-workers 2
    hb-train --config run.yaml --logdir b --iters 1000000${HB_LONG:+0} --num-workers 2 \
        --round-size 5600 --batch-size 20 -q
    local early late
    early=$(metric a .bytes_per_task)
    late=$(metric b .bytes_per_task)
    [ "$(jq -n "$late <= 1.25 * $early")" = true ]
}

@test "a run larger than the memory that is free: --plan says no, the run refuses before it builds" {
    [ -r /proc/meminfo ] && [ -z "${PORTABLE:-}" ] || skip "this system does not tell what is free"
    holdem 60000
    sed -i 's/max_raises: [0-9]/max_raises: 12/; s/\[".*allin\]/["0.25", "0.5", "1.0", "2.0", allin]/' run.yaml
    run --separate-stderr hb-train --config run.yaml --plan
    assert_failure 1
    [ "$(jq '.table_bytes > 1e12' <<<"$output")" = true ]
    says "the run needs"
    says "GiB of memory are free"
    refused 71 train a --iters 1000
    says "the run needs"
    [ -z "$(find a -name 'buckets*')" ]
}

@test "--plan prints one object, makes nothing, and the run takes what it said" {
    config leduc52 "num_iterations: 20000"
    run --separate-stderr hb-train --config run.yaml --logdir a --plan --num-workers 2
    assert_success
    [ -z "$stderr" ]
    [ "${#lines[@]}" = 1 ]
    [ "$(jq -c '.infosets > 0 and .table_bytes > 0 and .bucket_bytes >= 0 and .peak_bytes > .table_bytes and .disk_bytes > 0 and .iterations_per_s > 0 and .seconds > 0' <<<"$output")" = true ]
    [ ! -e a ]
    local peak pss
    peak=$(jq .peak_bytes <<<"$output")
    hb-train --config run.yaml --logdir a --num-workers 2 -q
    pss=$(metric a .pss_bytes)
    # 5 % or 32 MiB
    [ "$(jq -n "($pss - $peak) | fabs | . <= ([0.05 * $peak, 33554432] | max)")" = true ]
    [ "$(hb-ckpt info a/checkpoints/latest.hbc | jq .infosets)" = "$(jq .infosets <<<"$output")" ]
    # records in frames wait with hb-train and the merger; compressed ones need scratch as well
    local frames=(--num-workers 2 --transport frames --compress zstd)
    peak=$(hb-train --config run.yaml --logdir b --plan "${frames[@]}" | jq .peak_bytes)
    hb-train --config run.yaml --logdir b "${frames[@]}" -q
    [ "$(jq -n "($(metric b .pss_bytes) - $peak) | fabs | . <= ([0.05 * $peak, 33554432] | max)")" = true ]
    hb-train --config run.yaml --plan >plan # needs no folder
    # one is written before the oldest goes
    [ "$(jq '.disk_bytes == 4 * .table_bytes + .bucket_bytes' plan)" = true ]
    config leduc52 "snapshot_keep: 0" "num_iterations: 0"
    [ "$(hb-train --config run.yaml --plan | jq -c '[.disk_bytes == 2 * .table_bytes + .bucket_bytes, .seconds, .iterations]')" = '[true,null,null]' ]
    config leduc52 "snapshot_keep: 4294967295"
    [ "$(hb-train --config run.yaml --plan --time-budget 60 | jq -c '[.disk_bytes > 4e9 * .table_bytes, .seconds, .iterations > 0]')" = '[true,60,true]' ]
}

@test "--plan builds no buckets" {
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=2"}, flop: {plugin: ehs, args: "k=2"}}'
    run --separate-stderr hb-train --config run.yaml --logdir a --plan
    assert_success
    [ ! -e a ]
    local plan=$output
    train a --iters 100
    run --separate-stderr hb-train --config run.yaml --logdir a --plan
    assert_success
    [ "$(jq .table_bytes <<<"$plan")" = "$(jq .table_bytes <<<"$output")" ]
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=2"}, flop: {plugin: ehs, args: "k=3"}}'
    hb-train --config run.yaml --logdir a --plan
    [ "$(find a -name 'buckets-*' | wc -l)" = 1 ]
}

# ---- refusals ----

@test "wrong use is 64" {
    config kuhn
    refused 64 hb-train
    refused 64 hb-train --config run.yaml
    refused 64 hb-train --logdir a
    refused 64 hb-train --config run.yaml --logdir a extra
    refused 64 hb-train --config run.yaml --logdir a --nonsense
    local bad
    for bad in 0 -1 1x 1.5 "" " 1" 99999999999999999999 140737488355329; do
        refused 64 train a --iters "$bad"
    done
    refused 64 train a --iters 100 --num-workers 1025
    refused 64 train a --iters 100 --num-workers -1
    refused 64 train a --iters 100 --batch-size 0
    refused 64 train a --iters 100 --round-size 0
    refused 64 train a --iters 100 --round-size 32769
    refused 64 train a --iters 100 --seed -1
    for bad in 0 -1 x nan inf "" 1s; do
        refused 64 train a --iters 100 --time-budget "$bad"
        refused 64 train a --iters 100 --task-timeout "$bad"
        [ "$bad" = 0 ] || refused 64 train a --iters 100 --snapshot-interval "$bad"
    done
    refused 64 train a --iters 100 --transport pigeon
    refused 64 train a --iters 100 --transport frames --compress lzma
    refused 64 train a --iters 100 --compress zstd
    says "--compress is for records in frames: add --transport frames"
    refused 64 train a --iters 100 --transport segments --compress varint
    [ ! -e a ]
}

@test "a missing configuration or game is 66, faults in YAML are 78 with the line" {
    refused 66 train a --iters 100
    says "run.yaml"
    config nothere
    refused 66 train a --iters 100
    says "nothere.game"
    config kuhn "seed: 1 # colour: red" "# colour: red" "colour: red"
    refused 78 train a --iters 100
    says "line 4: unknown key 'colour'" # not that of the comment
    config kuhn "cards: {preflop: {plugin: lossless, arms: 2}}"
    refused 78 train a --iters 100
    says "line 2: unknown key 'arms'"
    config kuhn "seed: [1"
    refused 78 train a --iters 100
    says "line"
    config kuhn "" "seed: banana"
    refused 78 train a --iters 100
    says "line 3"
    config kuhn "discount_mode: fast"
    refused 78 train a --iters 100
    says "line 2"
    : >run.yaml
    refused 78 train a --iters 100
    echo "seed: 1" >run.yaml
    refused 78 train a --iters 100
    says game
    printf '\0\1\2' >run.yaml
    refused 78 train a --iters 100
    local line
    for line in "num_workers: 5000000000" "num_workers: 2000" "batch_size: 1000000" "round_size: 40000" \
        "num_iterations: 200000000000000" "num_iterations: -1" "discount_interval: 0" "average_interval: 0" \
        "time_budget_seconds: -1" "time_budget_seconds: .nan" "pruning_probability: 1.5" \
        "sampling: outcome"; do
        config kuhn "$line"
        refused 78 hb-train --config run.yaml --logdir a
        says "${line%%:*}"
    done
    config kuhn "enable_pruning: true" "pruning_threshold: 5"
    refused 78 train a --iters 100
    config hunl-10bb 'betting: {preflop: {sizes: ["-1"]}}'
    refused 78 train a --iters 100
    config kuhn 'betting: {preflop: {sizes: ["1"]}}'
    refused 78 train a --iters 100
    says "limit game"
    [ ! -e a/checkpoints/latest.hbc ]
}

@test "a bad game is 65 with its line, one that explodes is refused" {
    printf 'GAMEDEF\nlimit\nnumPlayers = 2\nblinds = banana\nEND GAMEDEF\n' >bad.game
    echo "game: bad.game" >run.yaml
    refused 65 train a --iters 100
    says "bad.game"
    says "line 4"
    config hunl-200bb # every legal size
    refused 65 train a --iters 100
    says "hunl-200bb"
}

@test "a plugin that does not load or refuses is 69, a street without one 78" {
    config leduc 'cards: {preflop: {plugin: nothere}, flop: {plugin: nothere}}'
    refused 69 train a --iters 100
    says "nothere"
    [ ! -e a ]
    config leduc 'cards: {preflop: {plugin: ehs, args: "k=banana"}, flop: {plugin: ehs, args: "k=2"}}'
    refused 69 train b --iters 100
    config leduc 'cards: {preflop: {plugin: lossless}}'
    refused 78 train c --iters 100
    says flop
    hb-ckpt verify "$ROOT/tests/golden/checkpoint-1.hbc" >/dev/null
    config leduc
    refused 65 train d --iters 100 --buckets run.yaml
    refused 66 train d --iters 100 --buckets nothere.hba
    config kuhn
    hb-bucket build --config run.yaml -o kuhn.hba --quiet
    config leduc
    refused 65 train d --iters 100 --buckets kuhn.hba
}

@test "a folder that cannot be written, is a file or holds a run is 73" {
    config kuhn
    : >file
    refused 73 train file --iters 100
    refused 73 train file/below --iters 100
    refused 73 train /proc/nothere --iters 100
    train a --iters 100
    refused 73 train a --iters 200
    says "--resume-from latest"
    if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
        mkdir closed
        chmod 755 . closed
        cp run.yaml "$GAMES/kuhn.game" closed/
        local as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        if "${as[@]}" test -r closed/run.yaml -a -x "$HB_BIN/hb-train"; then
            refused 73 "${as[@]}" "$HB_BIN/hb-train" --config closed/run.yaml --logdir closed/run --iters 10
        fi
    fi
}

@test "a run does not go back: an older checkpoint wants another folder" {
    config kuhn
    train a --iters 1000
    train b --iters 5000
    refused 73 train b --iters 2000 --resume-from a/checkpoints/latest.hbc
    says "--resume-from latest"
    [ "$(readlink b/checkpoints/latest.hbc)" != "$(readlink a/checkpoints/latest.hbc)" ]
    train c --iters 5000 --resume-from a/checkpoints/latest.hbc
    same b c
}

@test "more discounts than a row can count are refused before the run" {
    config kuhn 'discount_interval: 1'
    refused 78 train a --iters 17000000
    says discount_interval
}

@test "files of the user's own in the folder stay, leftovers of a killed run go" {
    config kuhn
    mkdir a
    touch a/table.bin a/segment-notes.txt a/buckets-mine.tmpl.hba a/table.123 a/buckets-1.hba.tmp.77
    train a --iters 100
    [ -e a/table.bin ] && [ -e a/segment-notes.txt ] && [ -e a/buckets-mine.tmpl.hba ]
    [ ! -e a/table.123 ] && [ ! -e a/buckets-1.hba.tmp.77 ]
}

@test "help that cannot be written is 74, closed descriptors harm nothing" {
    config kuhn
    [ ! -w /dev/full ] || {
        run --separate-stderr bash -c 'hb-train --help >/dev/full'
        assert_failure 74
    }
    run bash -c 'hb-train --config run.yaml --plan >&-'
    assert_failure 74
    train straight --iters 3000
    hb-train --config run.yaml --logdir a --iters 3000 --round-size 560 <&- >&- 2>&-
    same straight a
    local f
    for f in a/*.* a/checkpoints/*; do
        if grep -qa INFO "$f"; then return 1; fi
    done
}
