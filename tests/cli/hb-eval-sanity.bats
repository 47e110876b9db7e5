#!/usr/bin/env bats
# hb-eval sanity: what it finds in good strategies and bad ones, as text and JSON.
load common

@test "help is on stdout, wrong use is 64" {
    run --separate-stderr hb-eval sanity --help
    assert_success
    assert_output --partial "--tolerance"
    refused 64 hb-eval sanity
    refused 64 hb-eval sanity a b
    refused 64 hb-eval sanity @call
    refused 64 hb-eval sanity @call --game "$GAMES/kuhn.game" --deals 0
    refused 64 hb-eval sanity @call --game "$GAMES/kuhn.game" --tolerance 2
    refused 64 hb-eval sanity @call --game "$GAMES/kuhn.game" --tolerance-mbb -1
    refused 64 hb-eval sanity @call --game "$GAMES/kuhn.game" --format svg
    refused 66 hb-eval sanity none.hbc
    refused 65 hb-eval sanity "$GAMES/kuhn.game"
}

@test "a trained blueprint is sane, as a checkpoint and as a blueprint file" {
    printf 'game: %s\nseed: 42\n' "$GAMES/kuhn.game" >kuhn.yaml
    hb-train --config kuhn.yaml --logdir run --iters 100000 --num-workers 1 --quiet
    run --separate-stderr hb-eval sanity run/checkpoints/latest.hbc
    assert_success
    [ -z "$stderr" ]
    assert_line --regexp '^good +nuts, round 1 +wrong [0-9.e-]+ % of the time, 4000 deals'
    assert_line --regexp '^good +dominated-calls, round 1 '
    assert_line --regexp '^unmet +aces'
    assert_line --regexp '^good +free-folds +wrong 0 % of the time, 4 decisions'
    hb-ckpt export run/checkpoints/latest.hbc --blueprint kuhn.hbp
    run hb-eval sanity kuhn.hbp --format json
    assert_success
    assert_line --regexp '^\{"check":"nuts","street":"round 1","verdict":"good","complete":false,"cases":4000,"others":"strategy","met":[^,]*,"wrong":[^,]*(,"worst":\{"actions":"[^"]*","hand":"As","probability":[^,]*,"reach":[^,]*\})?\}$'
    refute_line --partial bad
}

@test "jams and calls of a good chart lose next to nothing; bad charts are found out" {
    skip_unless jq
    hb-train --config "$ROOT/examples/pushfold.yaml" --logdir run --iters 1000000 --num-workers 2 --quiet
    run hb-eval sanity run/checkpoints/latest.hbc --format json
    assert_success
    jq -es '.[] | select(.check == "jam-or-fold") | .loss_mbb < 5 and .cases == 2 and .jams > 0.45 and .jams < 0.51' <<<"$output"
    jq -es '.[] | select(.check == "aces") | .wrong < 1e-4 and .complete' <<<"$output"
    # what the decisions lose is what best responses win more
    hb-eval exploitability run/checkpoints/latest.hbc >exact
    jq -es --slurpfile x exact '.[] | select(.check == "jam-or-fold") | .loss_mbb - 2 * $x[0].mbb_per_hand | fabs < 1e-6' <<<"$output"
}

@test "how much jams and calls may lose is said by --tolerance-mbb" {
    cat >small.game <<GAME # fewer cards and boards: the walk over them is what takes long
GAMEDEF
nolimit
numPlayers = 2
numRounds = 2
stack = 1000 1000
blind = 50 100
firstPlayer = 1 2
numSuits = 4
numRanks = 5
numHoleCards = 2
numBoardCards = 0 3
END GAMEDEF
GAME
    sed -e 's|^game:.*|game: small.game|' "$ROOT/examples/pushfold.yaml" >small.yaml
    hb-train --config small.yaml --logdir run --iters 200000 --num-workers 1 --quiet
    run hb-eval sanity run/checkpoints/latest.hbc --deals 100
    assert_line --regexp '^good +jam-or-fold, preflop +loses .* mbb/hand at 2 decisions'
    run hb-eval sanity run/checkpoints/latest.hbc --deals 100 --tolerance-mbb 0
    assert_failure 1
    assert_line --regexp '^bad +jam-or-fold, preflop +loses .* mbb/hand at 2 decisions'
}

@test "strategies that fold the nuts, call with nothing or know nothing are found out" {
    run -1 --separate-stderr hb-eval sanity @fold --game "$GAMES/leduc.game"
    assert_line --regexp '^bad +nuts, round 2 +wrong 100 %.*others at random; most: '
    run -1 hb-eval sanity @call --game "$GAMES/leduc.game"
    assert_line --regexp '^bad +dominated-calls, round 2 +wrong 100 %'
    printf 'game: %s\nseed: 42\n' "$GAMES/leduc.game" >leduc.yaml
    hb-ckpt init --config leduc.yaml -o leduc.table
    hb-ckpt save leduc.table -o leduc.hbc
    run -1 hb-eval sanity leduc.hbc
    run -0 hb-eval sanity leduc.hbc --tolerance 0.6
    hb-eval sanity leduc.hbc >a || true
    hb-eval sanity leduc.hbc --seed 1 >b || true
    cmp a b
    run -1 hb-eval sanity @uniform --game "$GAMES/kuhn3.game"
    chmod u+w leduc.hbc
    flip leduc.hbc $(($(wc -c <leduc.hbc) / 2))
    refused 65 hb-eval sanity leduc.hbc
}

@test "a full disk is 74" {
    [ -c /dev/full ] || skip "no /dev/full"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run -74 sh -c 'hb-eval sanity @call --game "$1" >/dev/full' - "$GAMES/kuhn.game"
}
