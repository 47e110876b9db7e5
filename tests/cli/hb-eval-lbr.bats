#!/usr/bin/env bats
# hb-eval lbr: what a local best response wins, and how it refuses.
# shellcheck disable=SC2030,SC2031 # status and output are run's
load common
load numbers

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random
KUHN=$GAMES/kuhn.game

@test "help says what the responder may bet" {
    run --separate-stderr hb-eval lbr --help
    assert_success
    assert_output --partial "usage: hb-eval lbr FILE --hands N"
    assert_output --partial "fcpa"
}

@test "wrong use is refused and prints nothing on stdout" {
    refused 64 hb-eval lbr "$GOLDEN"
    says "--hands"
    refused 64 hb-eval lbr --hands 10
    refused 64 hb-eval lbr "$GOLDEN" "$GOLDEN" --hands 10
    refused 64 hb-eval lbr "$GOLDEN" --hands 10 --bets 0.5,x
    says "'x'"
    refused 64 hb-eval lbr "$GOLDEN" --hands 10 --from showdown
    refused 64 hb-eval lbr "$GOLDEN" --hands 10 --game "$KUHN"
    refused 64 hb-eval lbr @call --hands 10
    says "--game"
    refused 64 hb-eval lbr @call --hands 10 --game "$GAMES/kuhn3.game"
    says "two players"
    refused 64 hb-eval lbr @call --hands 10 --game "$GAMES/leduc.game" --from turn
    says "'leduc.game' has no turn"
    refused 66 hb-eval lbr none.hbp --hands 10
    refused 65 hb-eval lbr "$KUHN" --hands 10
}

@test "known values: who folds loses one chip a hand, who calls a third" {
    run --separate-stderr hb-eval lbr @fold --game "$KUHN" --hands 2000 --quiet
    assert_success
    [ -z "$stderr" ]
    output=${output#*\"plain\":}
    is "$(field mbb_per_hand) == 1000 && $(field ci95) == 0"
    run --separate-stderr hb-eval lbr @call --game "$KUHN" --hands 20000 --bets 1
    assert_success
    is "$(field mbb_per_hand) - 333.3 < 12 && 333.3 - $(field mbb_per_hand) < 12"
    is "$(field hands) == 20000 && $(field deals) == 10000"
    assert_output --partial '"bets":"1","from":"preflop"'
    is "$(field learned_hands) == 400"
}

@test "jam or fold: within its tree it comes close to a best response, outside it wins what nobody taught" {
    hb-ckpt init --config "$ROOT/examples/pushfold.yaml" -o jam.table
    hb-ckpt save jam.table -o jam.hbc # uniform: 499 mbb/hand exactly
    run --separate-stderr hb-eval lbr jam.hbc --hands 400 --bets tree --quiet
    assert_success
    is "$(field mbb_per_hand) - $(field ci95) * 2 < 499 && $(field mbb_per_hand) > 300"
    hb-train --config "$ROOT/examples/pushfold.yaml" --logdir run --iters 100000 --num-workers 1 --quiet
    run --separate-stderr hb-eval lbr run/checkpoints/latest.hbc --hands 400 --bets tree --quiet
    assert_success
    is "$(field mbb_per_hand) - $(field ci95) * 2 < 10"
}

@test "the result depends on the seed, not on the processes; a checkpoint is its blueprint" {
    hb-train --config "$ROOT/examples/leduc.yaml" --logdir run --iters 5000 --num-workers 1 --quiet
    hb-ckpt export run/checkpoints/latest.hbc --blueprint leduc.hbp
    hb-eval lbr run/checkpoints/latest.hbc --hands 1000 --workers 1 >one
    hb-eval lbr leduc.hbp --hands 1000 --workers 3 >three
    cmp one three
    hb-eval lbr leduc.hbp --hands 1000 --seed 2 >other
    run cmp -s one other
    assert_failure
}
