#!/usr/bin/env bats
# hb-deal: matches between hb-plays on every shipped game, and players that break the rules.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # heard, SEATED: see match.bash
load common
load match

HANDS=${HB_LONG:+10000}
HANDS=${HANDS:-200}

blueprint() { # NAME: NAME.hbp of examples/NAME.yaml after a few rounds
    hb-train --config "$ROOT/examples/$1.yaml" --logdir "run-$1" --iters 2000 --num-workers 1 --quiet
    hb-ckpt export "run-$1/checkpoints/latest.hbc" --blueprint "$1.hbp"
}

jam() { # GAME: jam.hbp, a blueprint of generation 0 that knows all-in and fold before the flop
    cat >jam.yaml <<YAML
game: $GAMES/$1.game
betting:
  preflop: {sizes: [allin], max_raises: 1, limp: false}
YAML
    hb-ckpt init --config jam.yaml -o jam.table
    hb-ckpt export jam.table --blueprint jam.hbp
}

@test "help and version are on stdout" {
    run --separate-stderr hb-deal --help
    assert_success
    assert_output --partial "usage: hb-deal --game FILE"
    [ -z "$stderr" ]
    run hb-deal --version
    assert_output --regexp '^hb-deal [0-9]+\.[0-9]+'
}

@test "wrong use is refused and prints nothing on stdout" {
    local kuhn=$GAMES/kuhn.game
    refused 64 hb-deal
    refused 64 hb-deal --game "$kuhn" x
    refused 64 hb-deal --game "$kuhn" --hands 0
    refused 64 hb-deal --game "$kuhn" --hands 5000000000
    refused 64 hb-deal --game "$kuhn" --port 1,2,3
    refused 64 hb-deal --game "$kuhn" --port 70000
    refused 64 hb-deal --game "$kuhn" --names a,b,c
    refused 64 hb-deal --game "$kuhn" --names 'a:b'
    refused 64 hb-deal --game "$kuhn" --timeout 0
    refused 64 hb-deal --game "$kuhn" --host no.such.host.invalid
    refused 66 hb-deal --game none.game
    refused 73 hb-deal --game "$kuhn" --log no/such/folder/log
    echo nonsense >bad.game
    refused 65 hb-deal --game bad.game
}

@test "two players on every shipped game for two" {
    for name in kuhn leduc leduc52; do
        blueprint $name
        deal --game "$GAMES/$name.game" --hands "$HANDS" --timeout 30
        sit --blueprint $name.hbp
        sit @uniform --game "$GAMES/$name.game" --seed 2
        clean_match "$HANDS"
    done
    for name in hunl-10bb hunl-20bb hunl-100bb hunl-200bb; do
        jam $name
        deal --game "$GAMES/$name.game" --hands "$HANDS" --timeout 30
        sit @uniform --game "$GAMES/$name.game" --seed 2
        sit --blueprint jam.hbp --threshold 0.05
        clean_match "$HANDS"
    done
    deal --game "$GAMES/holdem-limit.game" --hands "$HANDS" --timeout 30
    sit @raise --game "$GAMES/holdem-limit.game"
    sit @uniform --config "$ROOT/examples/holdem-limit.yaml"
    clean_match "$HANDS"
}

@test "three and six players on every shipped game for them" {
    for name in kuhn3 leduc3; do
        blueprint $name
        deal --game "$GAMES/$name.game" --hands "$HANDS" --timeout 30
        sit --blueprint $name.hbp
        sit --blueprint $name.hbp --purify
        sit @uniform --game "$GAMES/$name.game"
        clean_match "$HANDS"
    done
    jam nl3
    deal --game "$GAMES/nl3.game" --hands "$HANDS" --timeout 30
    sit --blueprint jam.hbp
    sit @uniform --game "$GAMES/nl3.game"
    sit @uniform --config "$ROOT/examples/nl3.yaml"
    clean_match "$HANDS"
    jam nl6
    deal --game "$GAMES/nl6.game" --hands "$HANDS" --timeout 30
    for seed in 1 2 3; do
        sit --blueprint jam.hbp --seed $seed
        sit @uniform --config "$ROOT/examples/nl6.yaml" --seed $seed
    done
    clean_match "$HANDS"
}

@test "a match is the same each time; seeds change cards and choices" {
    local game=$GAMES/leduc.game
    for i in 1 2 3 4; do
        deal --game "$game" --hands 50 --seed $((i == 3 ? 9 : 5)) --log "log$i" --names ann,bob
        sit @uniform --game "$game" --seed $((i == 4 ? 9 : 1))
        sit @raise --game "$game"
        clean_match 50
    done
    cmp log1 log2
    run cmp -s log1 log3
    assert_failure
    run cmp -s log1 log4
    assert_failure
    cut -d: -f4 log1 >cards1 # cards do not depend on the players
    cut -d: -f4 log4 >cards4
    [ "$(cut -d/ -f1 cards1)" = "$(cut -d/ -f1 cards4)" ]
}

@test "the log is ACPC's: a STATE a hand with rotating names, and the SCORE" {
    local game=$GAMES/kuhn.game
    deal --game "$game" --hands 40 --log log --names ann,bob
    sit @fold --game "$game"
    sit @raise --game "$game"
    clean_match 40
    assert_equal "$(grep -c '^STATE:' log)" 40
    assert_equal "$(wc -l <log | tr -d ' ')" 41
    # ann checks and gives up, or folds to the first bet
    assert_equal "$(sed -n 1p log | cut -d: -f1,2,3,5,6)" "STATE:0:crf:-1|1:ann|bob"
    assert_equal "$(sed -n 2p log | cut -d: -f1,2,3,5,6)" "STATE:1:rf:1|-1:bob|ann"
    assert_equal "$(tail -n 1 log)" "SCORE:-40|40:ann|bob"
    skip_unless jq
    assert_equal "$(tail -n 1 result | jq -c '.players[0] | [.name, .chips, .mbb_per_hand, .answers]')" \
        '["ann",-40,-1000,60]'
}

@test "a person types actions alone; what is not legal is put right and counted" {
    deal --game "$GAMES/kuhn.game" --hands 2 --max-faults 9
    connect "${PORT[0]}"
    tell "VERSION:2.0.0"
    SEATED=(0)
    timeout "$LIMIT" hb-play @call --game "$GAMES/kuhn.game" 127.0.0.1 "${PORT[1]}" \
        >p1.out 2>p1.err 3>&- 4<&- 6<&- &
    BG+=("$!")
    hear
    [[ $heard == MATCHSTATE:0:0::?s\| ]]
    tell "# a remark"
    tell "MATCHSTATE:0:7::Ks|:c" # another hand
    tell "x"                     # nothing
    tell "$heard:f"              # nothing to call: a check
    hear
    [[ $heard == MATCHSTATE:0:0:c:?s\| ]]
    hear
    [[ $heard == MATCHSTATE:0:0:cc:?s\|?s ]]
    hear
    [[ $heard == MATCHSTATE:1:1::\|?s ]]
    hear
    [[ $heard == MATCHSTATE:1:1:c:\|?s ]]
    tell "r"
    hear
    [[ $heard == MATCHSTATE:1:1:cr:\|?s ]]
    hear
    [[ $heard == MATCHSTATE:1:1:crc:?s\|?s ]]
    exec 6<&-
    over 0
    grep -q '"name":"player1",.*"answers":2,"illegal":1,"stray":2,.*"name":"player2"' result
}

# broken CODE TEXT: with one good player and one by hand, the match ends so
broken() {
    over "$1"
    exec 6<&-
    grep -qF "$2" deal.err || { cat deal.err && return 1; }
    grep -q '"complete":false,"error":' result
    left 0 || left 74 # the good one sees the end, or a reset
    rm -f p?.out p?.err
}

start_broken() { # ARGUMENTS...: the player by hand comes first and says hello
    deal --game "$GAMES/kuhn.game" --hands 5 "$@"
    connect "${PORT[0]}"
    PORT=("${PORT[1]}")
    sit @call --game "$GAMES/kuhn.game"
}

@test "a player who says nothing is waited for so long" {
    start_broken --timeout 0.3
    broken 65 "player 'player1' has not sent VERSION:2.0.0 within 0.3 s"
    start_broken --timeout 0.3
    tell "VERSION:2.0.0"
    hear
    broken 65 "player 'player1' has not answered within 0.3 s"
    start_broken --timeout 0.3
    tell "VERSION:2.0.0"
    hear
    printf '%s' "$heard" >&6 # a line without its end
    broken 65 "player 'player1' has not answered within 0.3 s"
    start_broken --timeout 0.3
    tell "VERSION:2.0.0"
    yes '# one moment' >&6 2>/dev/null 3>&- 4<&- & # remarks without end
    BG+=("$!")
    broken 65 "player 'player1' has not answered within 0.3 s"
    deal --game "$GAMES/kuhn.game" --timeout 0.3
    over 65
    grep -q "player 'player1' has not connected within 0.3 s" deal.err
}

@test "a player who hangs up ends the match" {
    start_broken --log log
    exec 6<&-
    broken 65 "player 'player1'"
    assert_equal "$(cat log)" "SCORE:0|0:player1|player2"
    start_broken
    tell "VERSION:2.0.0"
    hear
    exec 6<&-
    broken 65 "player 'player1'"
    start_broken
    tell "VERSION:2.0.0"
    hear
    printf 'MATCH' >&6
    exec 6<&-
    broken 65 "player 'player1'"
}

@test "a player who speaks something else ends the match" {
    start_broken
    tell "GET / HTTP/1.1"
    broken 65 "begins with 'GET / HTTP/1.1'"
    start_broken
    tell "VERSION:1.0.0"
    broken 65 "begins with 'VERSION:1.0.0'"
    start_broken --max-faults 3
    tell "VERSION:2.0.0"
    for _ in 1 2 3 4; do tell "MATCHSTATE:0:99::Ks|:c"; done
    broken 65 "0 illegal and 4 stray answers"
    start_broken --max-faults 0
    tell "VERSION:2.0.0"
    hear
    tell "$heard:r300"
    broken 65 "1 illegal and 0 stray answers"
    start_broken
    tell "VERSION:2.0.0"
    hear
    head -c 40000 /dev/zero >&6
    broken 65 "more than 32768 characters"
}

@test "a port that is taken is 71" {
    deal --game "$GAMES/kuhn.game"
    refused 71 hb-deal --game "$GAMES/kuhn.game" --port "${PORT[0]}"
    kill "$DEALER"
    exec 4<&-
}
