#!/usr/bin/env bats
# hb-bucket show: a bucket as text, JSON and picture.
# shellcheck disable=SC2030,SC2031,SC2154 # run sets them, each test for itself
load common

# deck: three streets, 4 ranks of 4 suits, by ehs and emd
build() { # OUT
    cat >small.game <<'GAME'
GAMEDEF
nolimit
numPlayers = 2
numRounds = 3
stack = 20 20
blind = 1 2
firstPlayer = 1 2 2
numSuits = 4
numRanks = 4
numHoleCards = 2
numBoardCards = 0 3 1
END GAMEDEF
GAME
    cat >run.yaml <<'YAML'
game: small.game
betting:
  preflop: {sizes: [allin], max_raises: 1}
  flop:    {sizes: [allin], max_raises: 1}
  turn:    {sizes: [allin], max_raises: 1}
cards:
  preflop: {plugin: ehs, args: "k=4"}
  flop:    {plugin: emd, args: "k=6"}
  turn:    {plugin: lossless, args: "recall=perfect"}
YAML
    hb-bucket build --config run.yaml -o "$1" --quiet
}

@test "hands that are shown are in the bucket, and lookup says so" {
    build x.hba
    run --separate-stderr hb-bucket show x.hba --street flop --bucket 2 --format json --samples 40
    assert_success
    [ -z "$stderr" ]
    assert_output --regexp '^\{"street":"flop","bucket":2,"buckets":6,"hands":[0-9]+,"share":0\.[0-9]+,"equity":0\.[0-9]+,"equity_deviation":0\.[0-9]+,"histogram":\['
    local hand n=0
    while read -r hand; do
        hb-bucket lookup x.hba "$hand" | grep -q '"bucket":2}$'
        n=$((n + 1))
    done < <(grep -o '"hand":"[^"]*"' <<<"$output" | cut -d'"' -f4)
    [ "$n" -ge 20 ]
    [ "$n" -le 40 ]
}

@test "the mean is that of all hands, and all histograms add up to 1" {
    skip_unless jq
    build x.hba
    for bucket in 0 1 2 3 4 5; do
        hb-bucket show x.hba --street flop --bucket $bucket --format json --samples 1000 >"$bucket.json"
        jq -e '([.histogram, .samples[].histogram] | map(add) | all(. > 0.999999 and . < 1.000001))
            and (.samples | length) == .hands
            and ([.samples[].equity] | . == (sort | reverse))
            and ([.samples[].equity] | min) <= .equity and .equity <= ([.samples[].equity] | max)' "$bucket.json"
    done
    jq -se 'map(.share) | add > 0.999999 and add < 1.000001' ./?.json
    [ "$(jq -s 'map(.hands) | add' ./?.json)" = "$(hb-bucket count --street flop --game small.game)" ]
}

@test "the same seed shows the same hands, another one others" {
    build x.hba
    hb-bucket show x.hba --street flop --bucket 3 --samples 5 --seed 7 >a
    hb-bucket show x.hba --street flop --bucket 3 --samples 5 --seed 7 >b
    hb-bucket show x.hba --street flop --bucket 3 --samples 5 --seed 8 >c
    cmp a b
    run ! cmp -s a c
    head -n 1 a | grep -qx 'flop bucket 3 of 6 (hb.emd k=6)'
    [ "$(grep -c / a)" -le 5 ]
    run ! grep "$(printf '\033')" a
}

@test "starting hands in a square, and those of one bucket" {
    build x.hba
    run --separate-stderr hb-bucket show x.hba --street preflop
    assert_success
    assert_line --index 0 "4 buckets of starting hands (hb.ehs k=4); suited above the diagonal"
    [ "${#lines[@]}" = 5 ]
    run --separate-stderr hb-bucket show x.hba --street preflop --format json
    assert_output --partial '{"street":"preflop","buckets":4,"hands":[{"hand":"AA","bucket":3},{"hand":"AKs","bucket":'
    run --separate-stderr hb-bucket show x.hba --street preflop --bucket 3
    assert_line --partial 'number 3; suited above the diagonal'
    assert_line --regexp '^ +AA +AKs +\. +\.$'
}

@test "pictures are XML that says what the text says" {
    build x.hba
    hb-bucket show x.hba --street flop --bucket 1 --format svg >a.svg
    hb-bucket show x.hba --street preflop --format svg >b.svg
    hb-bucket show x.hba --street preflop --bucket 1 --format svg >c.svg
    grep -q '>Bucket 1 of 6 on the flop<' a.svg
    grep -q '>AKs<' b.svg
    ! command -v xmllint >/dev/null || xmllint --noout ./*.svg
}

@test "wrong use is 64" {
    build x.hba
    refused 64 hb-bucket show
    refused 64 hb-bucket show x.hba
    refused 64 hb-bucket show x.hba --street flop
    refused 64 hb-bucket show x.hba --street river
    refused 64 hb-bucket show x.hba --street flop --bucket 6
    [[ $stderr == *"x.hba' has 6 buckets on the flop; there is no number 6"* ]]
    refused 64 hb-bucket show x.hba --street turn --bucket 0
    [[ $stderr == *"keeps rounds apart on the turn"* ]]
    refused 64 hb-bucket show x.hba --street flop --bucket 1 --samples 0
    refused 64 hb-bucket show x.hba --street flop --bucket 1 --format pdf
    refused 66 hb-bucket show nothere.hba --street flop --bucket 1
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'hb-bucket show x.hba --street preflop >/dev/full'
    assert_failure 74
}
