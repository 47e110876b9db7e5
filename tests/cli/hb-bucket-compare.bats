#!/usr/bin/env bats
# hb-bucket info --quality and compare: what they measure, and how they refuse. The numbers themselves
# are tested against plain counting in tests/unit/t_quality.c.
# shellcheck disable=SC2030,SC2031,SC2154 # run sets them, each test for itself
load common

LEDUC=$GAMES/leduc.game

build() { # OUT PLUGIN ARGS [GAME]: the same plugin on both streets
    cat >run.yaml <<YAML
game: ${4:-$LEDUC}
cards:
  preflop: {plugin: $2, args: "$3"}
  flop:    {plugin: $2, args: "$3"}
YAML
    hb-bucket build --config run.yaml -o "$1" --quiet
}

@test "sizes and quality of Leduc's buckets are those counted by hand" {
    build x.hba ehs k=2
    run --separate-stderr hb-bucket info x.hba --quality
    assert_success
    [ -z "$stderr" ]
    # Q | K A: the queens are a third of the cards; E[HS] is 0.3, 0.5 and 0.7
    assert_output --partial '"sizes":{"empty":0,"least":0.3333333333333333,"quarter":0.3333333333333333,"median":0.3333333333333333,"three_quarters":0.3333333333333333,"most":0.6666666666666666,"deviation":0.3333333333333333}'
    assert_output --regexp '"equity_deviation":0.0816[0-9]*,"equity_deviation_of_all":0.163[0-9]*,'
    run --separate-stderr hb-bucket info x.hba
    refute_output --partial quality
    build y.hba lossless ""
    run --separate-stderr hb-bucket info y.hba --quality
    assert_output --partial '"quality":{"equity_deviation":0,"equity_deviation_of_all":0.163'
    build z.hba lossless recall=perfect
    run --separate-stderr hb-bucket info z.hba --quality
    assert_success
}

@test "equal content is exit 0, whoever made it; another is 1" {
    build a.hba ehs k=2
    build b.hba ehs k=2,power=1
    run --separate-stderr hb-bucket compare a.hba b.hba
    assert_success
    [ -z "$stderr" ]
    assert_output --partial "{\"a\":\"$PWD/a.hba\",\"b\":\"$PWD/b.hba\",\"identical\":true,"
    assert_output --partial '"same":true,"adjusted_rand":1,"moved":0,'
    build c.hba ehs k=3
    run --separate-stderr hb-bucket compare a.hba c.hba
    assert_failure 1
    [ -z "$stderr" ]
    # of 15 pairs 7 lie together in a, 3 in c, those 3 in both: (3 - 7*3/15) / (5 - 7*3/15)
    assert_output --partial '"identical":false,"streets":[{"street":"preflop","a_buckets":2,"b_buckets":3,"same":false,"adjusted_rand":0.44444444444444'
    assert_output --partial '"moved":0.33333333333333'
    assert_output --partial '"b_distance":0,"distance_ratio":null'
    run --separate-stderr hb-bucket compare a.hba c.hba --no-quality
    assert_failure 1
    refute_output --partial distance
}

@test "files of different decks are refused, both named" {
    build a.hba ehs k=2
    build b.hba ehs k=2 "$GAMES/leduc52.game"
    refused 65 hb-bucket compare a.hba b.hba
    [[ $stderr == *"3 ranks x 2 suits"*"13 ranks x 4 suits"*a.hba*b.hba* ]]
}

@test "rounds apart and as one set are not compared, where they count hands differently" {
    build a.hba lossless ""
    build b.hba lossless recall=perfect
    run --separate-stderr hb-bucket compare a.hba b.hba
    [ "$status" -le 1 ]
    assert_output --partial '"street":"flop"'
}

@test "wrong use is 64, a missing file 66, a damaged one 65" {
    build a.hba ehs k=2
    refused 64 hb-bucket compare a.hba
    refused 64 hb-bucket compare a.hba a.hba a.hba
    refused 64 hb-bucket compare a.hba -
    refused 64 hb-bucket info a.hba --seed 1
    refused 66 hb-bucket compare a.hba nothere.hba
    cp a.hba bad.hba
    flip bad.hba 5000
    refused 65 hb-bucket compare a.hba bad.hba
    refused 65 hb-bucket compare bad.hba a.hba
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'hb-bucket compare a.hba a.hba >/dev/full'
    assert_failure 74
}
