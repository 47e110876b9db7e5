#!/usr/bin/env bats
# hb-train and its bucket file: what it builds, and what it refuses.
# shellcheck disable=SC2154 # stderr is set by run
load common
load train

cards() { # K: Leduc by ehs with that k, into run.yaml
    config leduc "cards: {preflop: {plugin: ehs, args: \"k=$1\"}, flop: {plugin: ehs, args: \"k=$1\"}}"
}

@test "a bucket file of another deck is refused, naming both" {
    config kuhn
    hb-bucket build --config run.yaml -o kuhn.hba --quiet
    config leduc
    refused 65 train a --iters 100 --buckets kuhn.hba
    says "kuhn.hba' are for 3 ranks x 1 suits, 1 own, board 0; the game has 3 ranks x 2 suits, 1 own, board 0/1"
    [ ! -e a/checkpoints/latest.hbc ]
}

@test "a bucket file of the same cards with other streets is refused, naming both" {
    cat >three.game <<'GAME'
GAMEDEF
limit
numPlayers = 2
numRounds = 3
blind = 1 1
raiseSize = 2 4 4
firstPlayer = 1 1 1
maxRaises = 1 1 1
numSuits = 2
numRanks = 3
numHoleCards = 1
numBoardCards = 0 1 1
END GAMEDEF
GAME
    echo "game: three.game" >run.yaml
    hb-bucket build --config run.yaml -o three.hba --quiet
    config leduc
    refused 65 train a --iters 100 --buckets three.hba
    says "board 0/1/2; the game has 3 ranks x 2 suits, 1 own, board 0/1"
}

@test "a bucket file without a street that has decisions is refused, naming it" {
    cat >run.yaml <<YAML
game: $GAMES/hunl-10bb.game
betting: {preflop: {sizes: [allin], max_raises: 1, limp: false}}
YAML
    hb-bucket build --config run.yaml -o preflop.hba --quiet
    cat >run.yaml <<YAML
game: $GAMES/hunl-10bb.game
betting: {preflop: {sizes: ["1.0"], max_raises: 1}, flop: {sizes: [allin], max_raises: 1},
          turn: {sizes: [allin], max_raises: 1}, river: {sizes: [allin], max_raises: 1}}
YAML
    refused 65 train a --iters 100 --buckets preflop.hba
    says "preflop.hba' have none on the flop; the game has decisions there"
}

@test "a run is not resumed with other buckets, whoever made them" {
    cards 2
    hb-bucket build --config run.yaml -o two.hba --quiet
    train a --iters 500 --buckets two.hba --quiet
    cards 3
    hb-bucket build --config run.yaml -o three.hba --quiet
    refused 65 train a --iters 1000 --buckets three.hba --resume-from latest
    local two three
    two=$(hb-bucket info two.hba | sed 's/.*"content":"\([0-9a-f]\{8\}\).*/\1/')
    three=$(hb-bucket info three.hba | sed 's/.*"content":"\([0-9a-f]\{8\}\).*/\1/')
    says "$two"
    says "$three"
    refused 65 train a --iters 1000 --resume-from latest # built from the configuration
    cards 2
    train a --iters 1000 --resume-from latest --quiet # the same buckets, built here
}

@test "buckets built in the log folder are those of hb-bucket build, and leave no cache" {
    cards 2
    hb-bucket build --config run.yaml -o two.hba --quiet
    train a --iters 200 --num-workers 2 --quiet
    cmp two.hba a/buckets-*.hba
    run find a -name '*.cache' -o -name '*.tmp.*'
    assert_output ""
}

@test "a killed build in the log folder goes on where it was" {
    skip_unless strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    cards 2
    hb-bucket build --config run.yaml -o two.hba --quiet
    # the fourth rename is that of the bucket file, after those of three stages
    run strace -qq -o trace -e trace=rename -e "inject=rename:signal=SIGKILL:when=4" \
        hb-train --config run.yaml --logdir a --iters 200 --num-workers 2 --quiet
    [ "$status" = 137 ]
    run find a -name '*.hbs'
    [ "${#lines[@]}" -ge 3 ]
    run --separate-stderr hb-train --config run.yaml --logdir a --iters 200 --num-workers 2
    assert_success
    [[ $stderr == *"buckets: found in the cache"* ]]
    cmp two.hba a/buckets-*.hba
    run find a -name '*.cache'
    assert_output ""
}
