#!/usr/bin/env bats
# hb-eval: exact values of known strategies, and how it refuses.
load common

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random

says() { # TEXT: what stderr of the last run has
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

near() { # FIELD VALUE: the number of that field in $output
    awk -v text="$output" -v field="\"$1\":" -v want="$2" 'BEGIN {
        at = index(text, field)
        got = substr(text, at + length(field)) + 0
        d = got - want
        if (!at || d > 1e-12 || d < -1e-12) { print field, got, "is not", want; exit 1 } }'
}

start_of() { # GAME: GAME.hbc, generation 0
    printf 'game: %s\nseed: 42\n' "$GAMES/$1.game" >"$1.yaml"
    hb-ckpt init --config "$1.yaml" -o "$1.table"
    hb-ckpt save "$1.table" -o "$1.hbc"
}

@test "help and version are on stdout" {
    run --separate-stderr hb-eval --help
    assert_success
    assert_output --partial "usage: hb-eval exploitability"
    [ -z "$stderr" ]
    run --separate-stderr hb-eval exploitability --help
    assert_success
    assert_output --partial "--max-work"
    run hb-eval --version
    assert_output --regexp '^hb-eval [0-9]+\.[0-9]+'
}

@test "wrong use is 64 and prints nothing on stdout" {
    refused 64 hb-eval
    refused 64 hb-eval match a b
    says "no command 'match'"
    refused 64 hb-eval exploitability
    refused 64 hb-eval exploitability a b
    refused 64 hb-eval exploitability @uniform
    says "--game"
    refused 64 hb-eval exploitability @best --game "$GAMES/kuhn.game"
    says "@uniform @call @fold @raise"
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --config x.yaml
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --buckets x.hba
    refused 64 hb-eval exploitability "$GOLDEN" --game "$GAMES/leduc.game"
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --max-work 0
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --max-work many
    says "many"
}

@test "uniform play of Kuhn and Leduc has its known values" {
    run --separate-stderr hb-eval exploitability @uniform --game "$GAMES/kuhn.game"
    assert_success
    [ -z "$stderr" ]
    near nashconv 0.9166666666666666
    near exploitability 0.4583333333333333
    near mbb_per_hand 458.3333333333333
    assert_output --regexp '^\{"game":"kuhn.game","value":\[0\.125,-0\.125\],"best_response":\[.*\],"nashconv":.*,"exploitability":.*,"unit":"chips/hand","mbb_per_hand":.*\}$'
    run hb-eval exploitability @uniform --game "$GAMES/leduc.game"
    near exploitability 2.373611111111111
}

@test "a game and a configuration of it give the same" {
    printf 'game: %s\n' "$GAMES/leduc.game" >leduc.yaml
    hb-eval exploitability @raise --game "$GAMES/leduc.game" >a
    hb-eval exploitability @raise --config leduc.yaml >b
    cmp a b
}

@test "three players have three values" {
    run hb-eval exploitability @call --game "$GAMES/kuhn3.game"
    assert_success
    assert_output --regexp '"value":\[[^],]*,[^],]*,[^],]*\]'
}

@test "a checkpoint that knows nothing plays uniformly" {
    start_of kuhn
    hb-eval exploitability kuhn.hbc >a
    hb-eval exploitability @uniform --game "$GAMES/kuhn.game" >b
    cmp a b
    hb-eval exploitability - <kuhn.hbc >a
    cmp a b
}

@test "a game that is too large is refused with numbers and advice" {
    refused 65 hb-eval exploitability @uniform --game "$GAMES/holdem-limit.game"
    says "steps"
    says "--max-work"
    refused 65 hb-eval exploitability "$GOLDEN" --max-work 100
    says "the limit is 100"
    refused 65 hb-eval exploitability @uniform --game "$GAMES/hunl-200bb.game"
    says "decision nodes"
}

@test "missing input is 66, damaged input is 65, a bad configuration 78" {
    refused 66 hb-eval exploitability none.hbc
    refused 66 hb-eval exploitability @call --game none.game
    refused 66 hb-eval exploitability @call --config none.yaml
    refused 66 hb-eval exploitability "$GOLDEN" --buckets none.hba
    echo 'gaem: x' >bad.yaml
    refused 78 hb-eval exploitability @call --config bad.yaml
    echo nonsense >bad.game
    refused 65 hb-eval exploitability @call --game bad.game
    refused 65 hb-eval exploitability bad.game
    head -c 3000 "$GOLDEN" >cut.hbc
    refused 65 hb-eval exploitability cut.hbc
    cp "$GOLDEN" flipped.hbc
    chmod u+w flipped.hbc
    flip flipped.hbc $(($(wc -c <flipped.hbc) / 2))
    refused 65 hb-eval exploitability flipped.hbc
}

@test "a full disk is 74" {
    [ -c /dev/full ] || skip "no /dev/full"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run -74 sh -c 'hb-eval exploitability @call --game "$1" >/dev/full' - "$GAMES/kuhn.game"
}
