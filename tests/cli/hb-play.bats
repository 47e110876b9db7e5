#!/usr/bin/env bats
# hb-play: what it answers, whom it refuses, how it ends.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # see match.bash; status is run's
load common
load match

GOLDEN=$ROOT/tests/golden/blueprint-1.hbp # Leduc, every row random

says() { # TEXT: what stderr of the last run has
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

@test "help and version are on stdout" {
    run --separate-stderr hb-play --help
    assert_success
    assert_output --partial "usage: hb-play --blueprint FILE HOST PORT"
    [ -z "$stderr" ]
    run hb-play --version
    assert_output --regexp '^hb-play [0-9]+\.[0-9]+'
}

@test "wrong use is refused and prints nothing on stdout" {
    local leduc=$GAMES/leduc.game
    refused 64 hb-play
    refused 64 hb-play 127.0.0.1 1
    refused 64 hb-play --blueprint "$GOLDEN" 127.0.0.1
    refused 64 hb-play --blueprint "$GOLDEN" 127.0.0.1 0
    refused 64 hb-play --blueprint "$GOLDEN" 127.0.0.1 1 2
    refused 64 hb-play --blueprint "$GOLDEN" --threshold 1.5 127.0.0.1 1
    refused 64 hb-play --blueprint "$GOLDEN" --threshold x 127.0.0.1 1
    refused 64 hb-play --blueprint "$GOLDEN" --game "$leduc" 127.0.0.1 1
    refused 64 hb-play @uniform 127.0.0.1 1
    says "--game"
    refused 64 hb-play @nobody --game "$leduc" 127.0.0.1 1
    refused 64 hb-play @uniform --game "$leduc" --purify 127.0.0.1 1
    refused 64 hb-play --human 127.0.0.1 1
    refused 64 hb-play --human --blueprint "$GOLDEN" --game "$leduc" 127.0.0.1 1
    refused 66 hb-play --blueprint none.hbp 127.0.0.1 1
    refused 65 hb-play --blueprint "$ROOT/tests/golden/checkpoint-1.hbc" 127.0.0.1 1
    [[ $stderr == *"is a checkpoint, not a blueprint; hb-ckpt export "*" makes one of it"* ]]
    refused 74 hb-play @call --game "$leduc" 127.0.0.1 1
}

# told_of LINE...: what hb-play "${who[@]}" says to a dealer who sends these lines
told_of() {
    printf '%s\r\n' "$@" >lines
    serve lines
    run --separate-stderr hb-play "${who[@]}" 127.0.0.1 "$SERVED"
    wait "$SERVER"
}

@test "it answers when it is its turn, with the state it was told" {
    who=(@raise --game "$GAMES/hunl-200bb.game")
    told_of "# welcome" "; hello" "" \
        "MATCHSTATE:0:0::AhKh|" \
        "MATCHSTATE:0:0:c:AhKh|" \
        "MATCHSTATE:0:0:cc/:AhKh|/2c3c4c" \
        "MATCHSTATE:0:0:cc/r200f:AhKh|/2c3c4c" \
        "MATCHSTATE:1:1::|2h2d"
    assert_success
    assert_output --partial '{"hands":1,"answers":3,"chips":100,'
    diff - <(tr -d '\r' <told) <<'TOLD'
VERSION:2.0.0
MATCHSTATE:0:0:c:AhKh|:r200
MATCHSTATE:0:0:cc/:AhKh|/2c3c4c:r200
MATCHSTATE:1:1::|2h2d:r200
TOLD
    # each line ends in CR LF
    assert_equal "$(grep -c $'\r$' told)" 4
}

@test "answers depend on seed and state alone, in any order" {
    local a='MATCHSTATE:0:5::Ks|' b='MATCHSTATE:1:8:r:|Kh' c='MATCHSTATE:0:5:cc/:Ks|/Qh'
    who=(--blueprint "$GOLDEN" --seed 3)
    told_of $a $b $c
    assert_success
    sort told >first
    told_of $c $a $b
    sort told >second
    cmp first second
    assert_equal "$(wc -l <first | tr -d ' ')" 4
}

@test "a bet outside the tree is answered, and any state that is legal" {
    cat >jam.yaml <<YAML
game: $GAMES/hunl-10bb.game
betting:
  preflop: {sizes: [allin], max_raises: 1, limp: false}
YAML
    hb-ckpt init --config jam.yaml -o jam.table
    hb-ckpt export jam.table --blueprint jam.hbp
    who=(--blueprint jam.hbp)
    told_of MATCHSTATE:0:0:c:AhKh\| MATCHSTATE:0:1:r250:AhKh\| MATCHSTATE:0:2:r999:AhKh\| \
        MATCHSTATE:0:3:cc/:AhKh\|/2c3c4c MATCHSTATE:0:4:cc/cr1000:AhKh\|/2c3c4c
    assert_success
    assert_equal "$(tr -d '\r' <told | grep -cE ':([fc]|r1000)$')" 5
    assert_equal "$(tr -d '\r' <told | grep -E '^MATCHSTATE:0:3' | grep -c ':c$')" 1
}

@test "a bucket file may have moved, and must be the right one" {
    cat >ehs.yaml <<YAML
game: $GAMES/leduc.game
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=2"}
YAML
    hb-bucket build --config ehs.yaml -o ehs.hba --quiet
    hb-ckpt init --config ehs.yaml --buckets ehs.hba -o ehs.table
    hb-ckpt export ehs.table --blueprint ehs.hbp
    who=(--blueprint ehs.hbp)
    told_of "MATCHSTATE:0:5:cc/:Ks|/Qh"
    assert_success
    cp told before
    mv ehs.hba moved.hba
    refused 66 hb-play --blueprint ehs.hbp 127.0.0.1 1
    says "--buckets"
    who=(--blueprint ehs.hbp --buckets moved.hba)
    told_of "MATCHSTATE:0:5:cc/:Ks|/Qh"
    assert_success
    cmp before told
    sed 's/k=2/k=1/' ehs.yaml >other.yaml
    hb-bucket build --config other.yaml -o other.hba --quiet
    refused 65 hb-play --blueprint ehs.hbp --buckets other.hba 127.0.0.1 1
}

# ends CODE TEXT LINE...: a dealer who says this is refused
ends() {
    local code=$1 text=$2
    shift 2
    printf '%b' "$@" >lines
    serve lines
    run --separate-stderr hb-play @call --game "$GAMES/leduc.game" 127.0.0.1 "$SERVED"
    assert_equal "$status" "$code"
    says "$text"
    wait "$SERVER"
}

@test "a dealer who breaks the protocol gets a clear end" {
    ends 0 "" ""
    ends 65 "ended within a line" "MATCHSTATE:0:0::Ks|"
    ends 65 "expected MATCHSTATE:" "HTTP/1.1 400 Bad Request\r\n"
    ends 65 "position" "MATCHSTATE:2:0::Ks|\r\n"
    ends 65 "not in the deck" "MATCHSTATE:0:0::2s|\r\n"
    ends 65 "no raise is legal" "MATCHSTATE:0:0:rrr:Ks|\r\n"
    ends 65 "own cards" "MATCHSTATE:1:0::Ks|\r\n"
    ends 65 "zero byte" "MATCH\0STATE\r\n"
    head -c 40000 /dev/zero | tr '\0' x >long
    ends 65 "more than 32768 characters" "$(cat long)"
}

@test "a damaged blueprint is refused when it is used" {
    cp "$GOLDEN" bad.hbp
    flip bad.hbp 8300 # its strategy begins at 8192; the rest is verified at the start
    printf 'MATCHSTATE:%d:0:%s\r\n' 0 ':Ks|' 1 'c:|Kh' 0 'cc/:Ks|/Kh' >lines
    serve lines
    run --separate-stderr hb-play --blueprint bad.hbp 127.0.0.1 "$SERVED"
    assert_equal "$status" 65
    says "section 'strategy'"
    wait "$SERVER"
}

@test "a person is asked until the action is legal, and may leave" {
    deal --game "$GAMES/kuhn.game" --hands 2
    mkfifo keys
    timeout "$LIMIT" hb-play --human --game "$GAMES/kuhn.game" 127.0.0.1 "${PORT[0]}" \
        <keys >p0.out 2>p0.err 3>&- 4<&- &
    SEATED=("$!")
    BG+=("$!")
    sit @call --game "$GAMES/kuhn.game"
    printf 'f\nr\nr\n' >keys
    over 0
    left 0
    grep -q "'f' is not a legal action" p0.out
    grep -q "hand 1 is over" p0.out
    grep -q '"illegal":0,"stray":0' result
}
