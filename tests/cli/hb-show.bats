#!/usr/bin/env bats
# hb-show: what it prints in each format, and how it answers wrong questions.
load common

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random

setup() {
    common_setup
    unset COLORTERM NO_COLOR
    export TERM=xterm-256color
}

says() { # TEXT: what stderr of the last run has
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

jam() { # jam.yaml: all-in or fold, heads-up with ten big blinds
    cat >jam.yaml <<YAML
game: $GAMES/hunl-10bb.game
betting:
  preflop: {sizes: [allin], max_raises: 1, limp: false}
YAML
}

jam_checkpoint() { # jam.hbc, generation 0
    jam
    hb-ckpt init --config jam.yaml -o jam.table
    hb-ckpt save jam.table -o jam.hbc
}

# on_terminal COMMAND...: its standard output is a terminal.
on_terminal() {
    skip_unless script
    script -qec "$(printf '%q ' "$@")" /dev/null </dev/null
}

@test "help and version are on stdout" {
    run --separate-stderr hb-show --help
    assert_success
    assert_output --partial "usage: hb-show FILE"
    [ -z "$stderr" ]
    run hb-show --version
    assert_output --regexp '^hb-show [0-9]+\.[0-9]+'
}

@test "wrong use is 64 and prints nothing on stdout" {
    refused 64 hb-show
    refused 64 hb-show a b
    refused 64 hb-show "$GOLDEN" --format yaml
    says "text|json|svg"
    refused 64 hb-show "$GOLDEN" --color blue
    refused 64 hb-show @uniform
    says "--game"
    refused 64 hb-show @nothing --game "$GAMES/kuhn.game"
    refused 64 hb-show "$GOLDEN" --config x.yaml
}

@test "the folder of a run stands for its latest checkpoint, another folder is 66" {
    mkdir -p run/checkpoints
    cp "$GOLDEN" run/checkpoints/latest.hbc
    hb-show run --format json | cmp - <(hb-show "$GOLDEN" --format json)
    hb-show --compare run "$GOLDEN" >/dev/null
    refused 66 hb-show run/checkpoints
    says "it is a folder without checkpoints/latest.hbc"
}

@test "a wrong question is 64 and says what would be right" {
    refused 64 hb-show "$GOLDEN" --at x
    refused 64 hb-show "$GOLDEN" --at rrr
    says "f c"
    refused 64 hb-show "$GOLDEN" --at rf
    refused 64 hb-show "$GOLDEN" --board Kh
    says "none yet after actions"
    refused 64 hb-show "$GOLDEN" --at cc/ --board KhQh
    says "has 1"
    refused 64 hb-show "$GOLDEN" --at cc/ --board 2c
    says "not in this game's deck"
    refused 64 hb-show "$GOLDEN" --at cc/ --board Kx
    refused 64 hb-show "$GOLDEN" --at cc/ --hand Kh
    says "--board"
    refused 64 hb-show "$GOLDEN" --at cc/ --board Kh --hand Kh
    refused 64 hb-show "$GOLDEN" --hand KhQh
    jam
    refused 64 hb-show @fold --config jam.yaml --at r200
    says "f r1000"
    refused 64 hb-show @fold --config jam.yaml --hand Ah
    says "has 2"
}

@test "missing input is 66, damaged input is 65, a bad configuration 78" {
    refused 66 hb-show none.hbc
    refused 66 hb-show @call --game none.game
    refused 66 hb-show "$GOLDEN" --buckets none.hba
    echo 'gaem: x' >bad.yaml
    refused 78 hb-show @call --config bad.yaml
    refused 65 hb-show bad.yaml
    head -c 3000 "$GOLDEN" >cut.hbc
    refused 65 hb-show cut.hbc
    cp "$GOLDEN" flipped.hbc
    chmod u+w flipped.hbc
    flip flipped.hbc $(($(wc -c <flipped.hbc) - 900))
    refused 65 hb-show flipped.hbc
}

@test "a small game is a line for each own card" {
    run --separate-stderr hb-show @uniform --game "$GAMES/kuhn.game"
    assert_success
    [ -z "$stderr" ]
    assert_line --regexp '^As +- +50\.0% +50\.0%$'
    assert_line --regexp '^player 0 to act: pot 2, to call 0$'
    assert_line --partial "bet 1"
    assert_equal "$(hb-show "$GOLDEN" --at cc/ --board Kh | grep -c '^[AKQ][sh]')" 5
}

@test "one hand is one JSON object" {
    run --separate-stderr hb-show "$GOLDEN" --at r --hand Ks --format json
    assert_success
    assert_equal "${#lines[@]}" 1
    assert_output --regexp '^\{"actions":"r","hand":"Ks","legal":\["f","c","r"\],"strategy":\[[0-9.,e-]+\],"visits":[0-9]+,.*\}$'
    run hb-show "$GOLDEN" --at cc --board Kh --hand Ks --format json
    assert_output --partial '"actions":"cc/","hand":"Ks","board":"Kh","legal":["c","r"]'
}

@test "export and show say the same" {
    skip_unless jq
    hb-ckpt export "$GOLDEN" --at r | jq -c '[.bucket, .legal, .strategy]' | sort >a
    hb-show "$GOLDEN" --at r --format json | jq -c '[.bucket, .legal, .strategy]' | sort >b
    cmp a b
}

@test "a hold'em decision is a grid of all classes" {
    jam_checkpoint
    run --separate-stderr hb-show jam.hbc
    assert_success
    assert_line --partial "preflop, first decision"
    assert_line --regexp '^player 1 \(small blind\) to act: pot 150, to call 50, 950 behind$'
    assert_line --regexp '^ A( +--){13}$'
    assert_equal "$(hb-show jam.hbc --format json | wc -l | tr -d ' ')" 169
    run hb-show @raise --config jam.yaml
    assert_line --regexp '^ A( A 100){13}$'
    run hb-show @fold --config jam.yaml --at r1000 --hand AhAd --format json
    assert_output --partial '"hand":"AhAd","legal":["f","c"],"strategy":[1,0]'
}

@test "streets of a short deck are called as hb-bucket calls them" {
    run --separate-stderr hb-show @uniform --config "$ROOT/examples/deck24.yaml" --tree
    assert_success
    assert_line --partial "preflop: how often"
    refused 64 hb-show @uniform --config "$ROOT/examples/deck24.yaml" --at cc/ --board AhKh
    says "has 2 cards, but the flop has 3"
}

@test "a bucket file is asked for only where it is needed, and may have moved" {
    cat >ehs.yaml <<YAML
game: $GAMES/leduc.game
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=2"}
YAML
    hb-bucket build --config ehs.yaml -o ehs.hba --quiet
    hb-ckpt init --config ehs.yaml --buckets ehs.hba -o ehs.table
    hb-ckpt save ehs.table -o ehs.hbc
    hb-show ehs.hbc --at cc/ --board Kh >before
    hb-eval exploitability ehs.hbc >value
    mv ehs.hba moved.hba
    hb-show ehs.hbc
    assert_equal "$(hb-show ehs.hbc --at cc/ | grep -c '^[01] ')" 2
    refused 66 hb-show ehs.hbc --at cc/ --board Kh
    says "--buckets"
    refused 66 hb-eval exploitability ehs.hbc
    hb-show ehs.hbc --at cc/ --board Kh --buckets moved.hba >after
    cmp before after
    hb-eval exploitability ehs.hbc --buckets moved.hba >again
    cmp value again
    sed 's/k=2/k=1/' ehs.yaml >other.yaml
    hb-bucket build --config other.yaml -o other.hba --quiet
    refused 65 hb-show ehs.hbc --buckets other.hba
    hb-ckpt init --config other.yaml --buckets other.hba -o other.table
    hb-ckpt save other.table -o other.hbc
    mv other.hba away.hba
    refused 66 hb-show --compare ehs.hbc other.hbc
    hb-show --compare ehs.hbc other.hbc --buckets away.hba --buckets moved.hba >a
    hb-show --compare ehs.hbc other.hbc --buckets moved.hba --buckets away.hba >b
    cmp a b
    hb-show --compare @call other.hbc --buckets away.hba
    refused 65 hb-show --compare @call other.hbc --buckets moved.hba --buckets away.hba
    says "'moved.hba' fits neither"
}

@test "the picture is XML with every class" {
    jam
    hb-show @uniform --config jam.yaml --format svg >grid.svg
    grep -q '^<?xml' grid.svg
    for class in AA AKs AKo 72o 22; do
        grep -q ">$class</text>" grid.svg
    done
    hb-show "$GOLDEN" --at cc/ --board Kh --format svg >list.svg
    skip_unless xmllint
    xmllint --noout grid.svg list.svg
}

@test "colours are for terminals, and not with NO_COLOR" {
    local escape=$'\033['
    jam
    refute [ "$(hb-show @uniform --config jam.yaml | grep -cF "$escape")" != 0 ]
    hb-show @uniform --config jam.yaml --color always | grep -qF "${escape}48;5;"
    COLORTERM=truecolor hb-show @uniform --config jam.yaml --color always | grep -qF "${escape}48;2;"
    on_terminal hb-show @uniform --config jam.yaml | grep -qF "${escape}48;5;"
    refute [ "$(NO_COLOR=1 on_terminal hb-show @uniform --config jam.yaml | grep -cF "$escape")" != 0 ]
    refute [ "$(TERM=dumb on_terminal hb-show @uniform --config jam.yaml | grep -cF "$escape")" != 0 ]
}

@test "a checkpoint can come through a pipe" {
    hb-show "$GOLDEN" >a
    hb-show - <"$GOLDEN" >b
    cmp a b
    # shellcheck disable=SC2002 # a pipe, not a file
    cat "$GOLDEN" | hb-show - >b
    cmp a b
}

@test "questions are answered line by line, and wrong ones do not end it" {
    jam_checkpoint
    printf '%s\n' '{"hand":"AhAd","id":1}' nonsense '{"actions":"r1000","hand":"7c2d","id":"x"}' '{"id":3}' >questions
    run --separate-stderr hb-show jam.hbc --serve <questions
    assert_success
    [ -z "$stderr" ]
    assert_equal "${#lines[@]}" 4
    assert_equal "${lines[0]}" "{\"id\":1,$(hb-show jam.hbc --hand AhAd --format json | cut -c2-)"
    assert_equal "${lines[1]}" '{"error":"not JSON: '"'[' or '{' expected near 'nonsense'"'","code":64}'
    [[ ${lines[2]} == '{"id":"x","actions":"r1000","hand":"7c2d","legal":["f","c"],"strategy":[0.5,0.5],'* ]]
    [[ ${lines[3]} == '{"id":3,"actions":"","legal":["f","r1000"],"player":1,"hands":[{'* ]]
    hb-ckpt export jam.hbc --blueprint jam.hbp
    run hb-show jam.hbp --serve <questions
    assert_line --index 2 --partial '"legal":["f","c"],"strategy":[0.5'
    run hb-show @fold --config jam.yaml --serve <questions
    assert_line --index 0 --partial '"strategy":[1,0]'
    hb-show @fold --config jam.yaml --serve </dev/null
    refused 64 hb-show jam.hbc --serve --at r1000
    refused 64 hb-show - --serve
    refused 66 hb-show none.hbc --serve
}

@test "an answer comes before the next question" {
    mkfifo ask answer
    jam
    hb-show @uniform --config jam.yaml --serve <ask >answer &
    BG+=($!)
    exec 5>ask 6<answer
    for hand in AhAd 7c2d; do
        echo "{\"hand\":\"$hand\"}" >&5
        read -r -u 6 line
        [[ $line == *"\"hand\":\"$hand\""* ]]
    done
    if [ -r /proc/self/status ]; then # it sleeps until there is a question
        mkfifo quiet
        run ! read -r -t 0.5 <>quiet
        before=$(grep ctxt_switches "/proc/${BG[0]}/status")
        run ! read -r -t 1 <>quiet
        [ "$(grep ctxt_switches "/proc/${BG[0]}/status")" = "$before" ]
    fi
    exec 5>&-
    wait "${BG[0]}"
    exec 6<&-
}

@test "the opening tree has every decision of the first round" {
    jam
    run --separate-stderr hb-show @raise --config jam.yaml --tree
    assert_success
    [ -z "$stderr" ]
    assert_line --regexp '^100\.00%  small blind +f +0\.0%  r1000 100\.0%$'
    assert_line --regexp '^100\.00%    r1000  big blind +f +0\.0%  c 100\.0%$'
    run hb-show @uniform --game "$GAMES/kuhn.game" --tree --format json
    assert_equal "${#lines[@]}" 4
    assert_line --index 2 '{"actions":"cr","player":0,"legal":["f","c"],"strategy":[0.5,0.5],"line":0.25,"reach":0.5}'
    assert_equal "$(hb-show "$GOLDEN" --tree --at r --format json | grep -c '^{"actions":"r')" \
        "$(hb-show "$GOLDEN" --tree --format json | grep -c '^{"actions":"r')"
    hb-show @uniform --config jam.yaml --tree --format svg >tree.svg
    grep -q '</svg>' tree.svg
    refused 64 hb-show "$GOLDEN" --tree --at cc/
    says "the first street is over"
    refused 64 hb-show "$GOLDEN" --tree --hand Kh
    refused 64 hb-show "$GOLDEN" --tree --serve
    skip_unless xmllint
    xmllint --noout tree.svg
}

@test "two strategies are compared, the biggest differences first" {
    printf 'game: %s\nseed: 42\n' "$GAMES/leduc.game" >leduc.yaml
    hb-train --config leduc.yaml --logdir run --iters 5000 --num-workers 1 --quiet
    run --separate-stderr hb-show --compare run/checkpoints/latest.hbc @call --top 3
    assert_success
    [ -z "$stderr" ]
    assert_line --index 1 'B: @call, a fixed strategy'
    assert_line --regexp '^leduc.game: the strategies differ by [0-9.]+ a decision .* over all 120 deals$'
    assert_equal "$(grep -c 'of all differences' <<<"$output")" 3
    hb-ckpt export run/checkpoints/latest.hbc --blueprint leduc.hbp
    run hb-show --compare run/checkpoints/latest.hbc leduc.hbp --format json
    assert_line --index 0 --regexp '^\{"game":"leduc.game","a":"run/checkpoints/latest.hbc","b":"leduc.hbp","complete":true,"deals":120,"decisions":[^,]*,"distance":[^,]*e-0[56]\}$'
    assert_line --index 1 --regexp '^\{"actions":"[^"]*","player":.,"legal":\[.*\],"reach":.*,"distance":.*,"share":.*,"a":\[.*\],"b":\[.*\],"most":\{"hand":"..",.*"a":\[.*\],"b":\[.*\]\}\}$'
    hb-show --compare leduc.hbp @call --deals 50 --format json >a
    hb-show --compare leduc.hbp @call --deals 50 --seed 1 --format json >b
    cmp a b
    hb-show --compare leduc.hbp @call --deals 50 --seed 2 --format json >b
    run ! cmp -s a b
    refused 65 hb-show --compare leduc.hbp @call --game "$GAMES/kuhn.game"
    says "'leduc.hbp' plays 'leduc.game' and '@call' plays 'kuhn.game'"
    refused 64 hb-show --compare leduc.hbp
    refused 64 hb-show --compare leduc.hbp leduc.hbp leduc.hbp
    refused 64 hb-show --compare leduc.hbp leduc.hbp --format svg
    refused 64 hb-show --compare leduc.hbp leduc.hbp --at r
    refused 64 hb-show leduc.hbp --top 3
    refused 64 hb-show --compare @call @fold
    refused 66 hb-show --compare leduc.hbp none.hbp
}

@test "a blueprint file shows what its checkpoint shows" {
    printf 'game: %s\nseed: 42\n' "$GAMES/leduc.game" >leduc.yaml
    hb-train --config leduc.yaml --logdir run --iters 5000 --num-workers 1 --quiet
    hb-ckpt export run/checkpoints/latest.hbc --blueprint leduc.hbp
    hb-show run/checkpoints/latest.hbc --at r >a
    hb-show leduc.hbp --at r >b
    diff <(grep -o '[0-9.]*%' a) <(grep -o '[0-9.]*%' b)
    run hb-eval exploitability leduc.hbp
    assert_output --partial '"game":"leduc.game"'
    refused 64 hb-show leduc.hbp --game "$GAMES/leduc.game"
    chmod u+w leduc.hbp
    flip leduc.hbp 5000
    refused 65 hb-show leduc.hbp
}

@test "a full disk is 74" {
    [ -c /dev/full ] || skip "no /dev/full"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run -74 sh -c 'hb-show "$1" >/dev/full' - "$GOLDEN"
    # shellcheck disable=SC2016
    run -74 sh -c 'echo "{}" | hb-show "$1" --serve >/dev/full' - "$GOLDEN"
}
