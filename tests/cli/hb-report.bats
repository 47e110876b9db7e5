#!/usr/bin/env bats
# hb-report: what it prints and how it ends. Its numbers are checked in tests/unit/t_report.c.
load common

# run_of LINES SLOWER: metrics of a run whose speed falls by SLOWER per interval (0.01: one percent)
run_of() {
    mkdir -p a
    jq -nc --argjson n "$1" --argjson s "$2" 'foreach range($n) as $i ({n: 0};
        .n += 4e7 * (1 - $s * $i); {t: (2 * ($i + 1)), iteration: (1000 * ($i + 1)), iter_per_s: 500,
        nodes: .n, cpu_s: (5 * ($i + 1)), workers: 2, generation: $i, pss_bytes: 1e9, tasks: (100 * ($i + 1)),
        bytes_per_task: 8000, merge_s: 0.1, checkpoint_s: 0, barrier_s: 0, workers_cpu_s: (4 * ($i + 1)),
        mergers_cpu_s: 0, calibration_per_s: 5000, started: 1})' >a/metrics.jsonl
}

@test "a flat run is 0 and says so, one that slows down is 1" {
    run_of 100 0
    run --separate-stderr hb-report a
    assert_success
    [ -z "$stderr" ]
    assert_line --partial "session 1 of 1, 200 s, 2 workers"
    assert_line --regexp '^nodes, normalised .* flat$'
    [ "${lines[-1]}" = flat ]
    run_of 100 0.002
    run hb-report a/metrics.jsonl
    assert_failure 1
    assert_line --regexp '^nodes, normalised .* drifts$'
    [ "${lines[-1]}" = "not flat" ]
    run hb-report --tolerance 25 a
    assert_success
}

@test "JSON has the documented fields" {
    run_of 100 0
    hb-report --format json --warm-up 20 a >out
    [ "$(wc -l <out)" = 1 ]
    [ "$(jq -c '[.flat, .session, .intervals, .warm_up_s, .normalised.verdict]' out)" = '[true,1,90,20,"flat"]' ]
    [ "$(jq -c 'keys_unsorted' out)" = '["session","sessions","workers","intervals","first_iteration","last_iteration","bad_lines","seconds","warm_up_s","tolerance","iter_per_s","nodes_per_cpu_s","calibration","normalised","normalised_all","walking_share","nodes_per_iteration","pss_bytes","bytes_per_task","bytes_per_node","walking","barrier","merge","checkpoint","learning","pauses","workers_cpu","mergers_cpu","trainer_cpu","ctx_voluntary","ctx_involuntary","ctx_per_task","change_first","change","change_iterations","visited","pruned","saturated","flat"]' ]
}

@test "a run that merges longer and longer is not flat though its walks are" {
    run_of 100 0
    jq -c '.merge_s = .t * .t / 1000' a/metrics.jsonl >grows.jsonl
    run hb-report grows.jsonl
    assert_failure 1
    assert_line --regexp '^nodes, normalised .* flat$'
    assert_line --regexp '^walking, share .* drifts$'
    [ "${lines[-1]}" = "not flat" ]
}

@test "checkpoints and one look at the rows are told once" {
    run_of 100 0
    jq -c '.checkpoint_s = (if .t < 60 then 0 elif .t < 150 then 1 else 2.5 end) | .looked_at = 5 | .change = 0.25' \
        a/metrics.jsonl >saves.jsonl
    run hb-report saves.jsonl
    assert_success
    assert_line "checkpoints: 2 pauses, mean 1.25 s, 1.00 s in the first half, 1.50 s in the last  flat"
    assert_line --partial "learning: change 0.25 in the last"
    [ "$(hb-report --format json saves.jsonl | jq -c .pauses)" = \
        '{"n":2,"mean_s":1.25,"first_half_s":1,"last_half_s":1.5,"verdict":"flat"}' ]
}

@test "wrong use, missing, damaged and short metrics" {
    refused 64 hb-report
    refused 64 hb-report a b
    refused 64 hb-report --tolerance 0 a
    refused 64 hb-report --session 0 a
    refused 64 hb-report --format xml a
    refused 66 hb-report nowhere
    run_of 15 0
    refused 65 hb-report --session 2 a
    refused 65 hb-report --warm-up 30 a
    [[ $stderr == *"no interval after a warm-up of 30 s"* ]]
    head -c 1000 /dev/urandom >a/metrics.jsonl
    refused 65 hb-report a
    jq -nc '{t: 1, iteration: 5}' >a/metrics.jsonl
    refused 65 hb-report a
    [[ $stderr == *"older hb-train"* ]]
    run_of 100 0
    run bash -c 'hb-report a >/dev/full'
    assert_failure 74
}

@test "a run too short for a verdict is shown without one, 65" {
    run_of 15 0
    run --separate-stderr hb-report a
    assert_failure 65
    [[ $stderr == *"'a' is too short for a verdict: 15 intervals after a warm-up of 0 s, of 20 that are needed"* ]]
    assert_line --partial "session 1 of 1, 30 s, 2 workers; iterations 0 to 15000 in 15 intervals"
    [ "$output" = "$(hb-report - <a/metrics.jsonl 2>/dev/null | sed 's/^-: /a: /')" ]
    assert_line --regexp '^iterations/s +500 +$'
    assert_line --partial "time: walking 99.67 %" # 0.1 s of 30 merges
    refute_output --partial flat
    run --separate-stderr hb-report --warm-up 10 --format json a
    assert_failure 65
    [ "$(jq -c '[.flat, .intervals, .warm_up_s, .iter_per_s, .walking]' <<<"$output")" = '[null,10,10,{"mean":500},1]' ]
}

@test "a real run can be reported on" {
    printf '%s\n' "game: $GAMES/kuhn.game" >run.yaml
    hb-train --config run.yaml --logdir a --time-budget 1 --num-workers 1 -q
    run --separate-stderr hb-report --format json a
    assert_failure 65 # too short for a verdict, but there
    [[ $stderr == *"too short for a verdict: 1 interval after"* ]]
    [ "$(jq -s '.[0].last_iteration == .[1].iteration and .[0].first_iteration == 0 and
        (.[0].iter_per_s.mean / .[1].iter_per_s - 1 | fabs) < 1e-3 and .[0].walking > 0.2 and
        .[0].trainer_cpu >= 0' <(echo "$output") a/metrics.jsonl)" = true ]
}
