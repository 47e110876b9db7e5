#!/usr/bin/env bats
# hb-eval match: who wins how much, on the same hands as on the wire, and what the log says.
# shellcheck disable=SC2030,SC2031 # status and output are run's
load common
load match
load numbers

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random
LEDUC=$GAMES/leduc.game

@test "help says what a player may be" {
    run --separate-stderr hb-eval match --help
    assert_success
    assert_output --partial "usage: hb-eval match PLAYER... --hands N"
    assert_output --partial "blueprint"
}

@test "wrong use is refused and prints nothing on stdout" {
    refused 64 hb-eval match "$GOLDEN" @uniform
    says "--hands"
    refused 64 hb-eval match "$GOLDEN" --hands 10
    refused 64 hb-eval match "$GOLDEN" @uniform --hands 0
    refused 64 hb-eval match "$GOLDEN" @uniform --hands x
    refused 64 hb-eval match @call @uniform --hands 10
    says "--game"
    refused 64 hb-eval match "$GOLDEN" @nobody --hands 10
    refused 64 hb-eval match "$GOLDEN" @call @call --hands 10
    says "for 2 players, not 3"
    refused 64 hb-eval match "$GOLDEN" @call --hands 10 --log-format phh
    refused 64 hb-eval match "$GOLDEN" @call --hands 10 --log l --log-format xml
    refused 64 hb-eval match "$GOLDEN" @call --hands 10 --log l --log-format phh
    says "PHH"
    refused 64 hb-eval match "$GOLDEN" @call --hands 10 --names 'a,b|c'
    refused 64 hb-eval match "$GOLDEN" @call --hands 10 --names a,b,c
    refused 65 hb-eval match "$GOLDEN" @call --hands 10 --game "$GAMES/kuhn.game"
    says "another game"
    refused 65 hb-eval match "$LEDUC" @call --hands 10
    refused 66 hb-eval match none.hbp @call --hands 10
    refused 73 hb-eval match "$GOLDEN" @call --hands 10 --log no/where.log
    [ ! -e l ]
}

@test "the better player wins, and the interval shrinks as the root of the hands" {
    hb-train --config "$ROOT/examples/leduc.yaml" --logdir run --iters 100000 --num-workers 1 --quiet
    local ckpt=run/checkpoints/latest.hbc other
    for other in @uniform @call @raise @fold; do
        run --separate-stderr hb-eval match $ckpt $other --hands 5000
        assert_success
        local few
        few=$(field ci95)
        run --separate-stderr hb-eval match $ckpt $other --hands 80000 --quiet
        assert_success
        [ -z "$stderr" ]
        is "$(field mbb_per_hand) > 2 * $(field ci95)"
        is "$few / $(field ci95) > 3.6 && $few / $(field ci95) < 4.4"
        is "$(field hands) == 80000 && $(field deals) == 40000"
    done
}

@test "a checkpoint plays as its blueprint, and a match depends on the seed alone" {
    hb-train --config "$ROOT/examples/kuhn.yaml" --logdir run --iters 2000 --num-workers 1 --quiet
    hb-ckpt export run/checkpoints/latest.hbc --blueprint kuhn.hbp
    local names=(--names "a,b")
    hb-eval match run/checkpoints/latest.hbc @uniform --hands 5000 "${names[@]}" --log - >one
    hb-eval match kuhn.hbp @uniform --hands 5000 "${names[@]}" --log - >two
    cmp one two
    hb-eval match kuhn.hbp @uniform --hands 5000 "${names[@]}" --log - --seed 2 >three
    run cmp -s one three
    assert_failure
}

@test "--aivat: the same mean with a much smaller interval, for any number of processes" {
    hb-train --config "$ROOT/examples/leduc.yaml" --logdir run --iters 20000 --num-workers 1 --quiet
    local ckpt=run/checkpoints/latest.hbc other mean ci
    for other in @call @uniform $ckpt; do
        run --separate-stderr hb-eval match $ckpt "$other" --hands 8000 --aivat --quiet
        assert_success
        mean=$(field mbb_per_hand)
        ci=$(field ci95)
        output=${output#*\"aivat\":}
        is "$(field ci95) * 3 < $ci"
        is "$(field mbb_per_hand) - $mean < 1.5 * $ci && $mean - $(field mbb_per_hand) < 1.5 * $ci"
    done
    hb-eval match $ckpt @uniform --hands 2000 --aivat --workers 1 >one
    hb-eval match $ckpt @uniform --hands 2000 --aivat --workers 3 >three
    cmp one three
    refused 64 hb-eval match @call @call @call --game "$GAMES/kuhn3.game" --hands 10 --aivat
    says "two players"
}

# same_as_on_the_wire HANDS NAMES GAME, then for each player his line of hb-play; "${who[@]}" plays
same_as_on_the_wire() {
    local hands=$1 player
    hb-eval match "${who[@]}" --hands "$1" --seed 9 --names "$2" --log match.log --quiet
    deal --game "$3" --hands "$1" --seed 9 --duplicate --names "$2" --log wire.log --timeout "$LIMIT"
    shift 3
    for player; do
        # shellcheck disable=SC2086 # words
        sit $player --seed 9
    done
    clean_match "$hands"
    diff <(grep -v '^#' match.log) wire.log
}

@test "hands go as they go on the wire: two blueprints of different trees" {
    cat >small.game <<EOG
GAMEDEF
nolimit
numPlayers = 2
numRounds = 2
stack = 2000 2000
blind = 100 50
firstPlayer = 2 1
numSuits = 2
numRanks = 4
numHoleCards = 2
numBoardCards = 0 1
END GAMEDEF
EOG
    local sizes name
    for name in wide jam; do
        sizes='["0.5", "2.0"]'
        [ $name = jam ] && sizes='["1.0", allin]'
        cat >$name.yaml <<YAML
game: small.game
betting: {preflop: {sizes: $sizes, max_raises: 2}, flop: {sizes: $sizes, max_raises: 2}}
YAML
        hb-train --config $name.yaml --logdir $name --iters 5000 --num-workers 1 --quiet
        hb-ckpt export $name/checkpoints/latest.hbc --blueprint $name.hbp
    done
    who=(jam.hbp wide.hbp)
    same_as_on_the_wire 2000 jam,wide small.game "--blueprint jam.hbp" "--blueprint wide.hbp"
    # they made bets that the other one does not know
    grep '^STATE' match.log | cut -d: -f3 | sort -u >lines
    is "$(wc -l <lines) > 30"
}

@test "hands go as they go on the wire: three players" {
    who=(@uniform @raise @call --game "$GAMES/leduc3.game")
    same_as_on_the_wire 300 a,b,c "$GAMES/leduc3.game" \
        "@uniform --game $GAMES/leduc3.game" "@raise --game $GAMES/leduc3.game" \
        "@call --game $GAMES/leduc3.game"
}

@test "what a killed match left of its log goes with the next one" {
    skip_unless strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    run strace -qq -o trace -e trace=write -e inject=write:signal=SIGKILL:when=3 \
        hb-eval match "$GOLDEN" @call --hands 5000 --log m.log --workers 1 --quiet
    assert_failure 137
    [ ! -e m.log ]
    [ -e "$(echo m.log.tmp.*)" ]
    touch m.log.tmp.$$ # of a process that lives
    hb-eval match "$GOLDEN" @call --hands 100 --log m.log --quiet
    [ -e m.log ]
    assert_equal "$(echo m.log.tmp.*)" m.log.tmp.$$
}

@test "the log has every hand, the score and the result, and appears whole or not at all" {
    run --separate-stderr hb-eval match "$GOLDEN" @call --hands 100 --log hands.log
    assert_success
    assert_equal "$(grep -c '^STATE:' hands.log)" 100
    assert_equal "$(grep -c '^SCORE:' hands.log)" 1
    assert_equal "$(tail -n 1 hands.log)" "# $output"
    # the values of the first player add up to the score
    awk -F: '/^STATE/ { split($5, v, "|"); split($6, n, "|"); sum += n[1] == "@call" ? v[2] : v[1] }
             /^SCORE/ { split($2, v, "|"); exit !(v[1] == sum) }' hands.log
    # a result that cannot be written is no log either
    if [ -e /dev/full ]; then
        run bash -c "hb-eval match '$GOLDEN' @call --hands 100 --log - >/dev/full"
        assert_equal "$status" 74
    fi
    assert_equal "$(find . -name '*tmp*' | wc -l | tr -d ' ')" 0
}

@test "PHH is valid TOML with the fields of the specification" {
    skip_unless python3
    python3 -c 'import tomllib' 2>/dev/null || skip "needs python3's tomllib"
    local game
    for game in hunl-100bb nl3 holdem-limit; do
        who=(@uniform @raise)
        [ $game = nl3 ] && who+=(@call)
        hb-eval match "${who[@]}" --game "$GAMES/$game.game" --hands 60 --log h.phhs --log-format phh --quiet
        python3 - h.phhs $game <<'PY'
import re, sys, tomllib
hands = tomllib.load(open(sys.argv[1], "rb"))
limit = sys.argv[2] == "holdem-limit"
assert list(hands) == [str(i) for i in range(1, 61)], list(hands)
for h in hands.values():
    n = len(h["players"])
    assert h["variant"] == ("FT" if limit else "NT")
    for key in ("antes", "blinds_or_straddles", "starting_stacks"):
        assert len(h[key]) == n and all(isinstance(v, (int, float)) and v >= 0 for v in h[key])
    assert ("min_bet" in h) != limit and ("small_bet" in h and "big_bet" in h) == limit
    card = "[2-9TJQKA][cdhs]"
    for a in h["actions"]:
        assert re.fullmatch(f"d db ({card})+|d dh p[1-9] ({card}){{2}}|p[1-9] (f|cc|cbr [0-9]+|sm ({card}){{2}})", a), a
    if not limit:
        assert sum(h["starting_stacks"]) == sum(h["finishing_stacks"])
PY
    done
}

@test "a bucket file may have moved: each player takes the one that fits" {
    local k
    for k in 2 3; do
        cat >ehs$k.yaml <<YAML
game: $LEDUC
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=$k"}
YAML
        hb-bucket build --config ehs$k.yaml -o ehs$k.hba --quiet
        hb-ckpt init --config ehs$k.yaml --buckets ehs$k.hba -o ehs$k.table
        hb-ckpt export ehs$k.table --blueprint ehs$k.hbp
    done
    hb-eval match ehs2.hbp ehs3.hbp --hands 500 >before
    refused 65 hb-eval match ehs2.hbp @call --hands 500 --buckets ehs2.hba --buckets ehs3.hba
    says "'ehs3.hba'"
    mv ehs2.hba moved2.hba
    mv ehs3.hba moved3.hba
    refused 66 hb-eval match ehs2.hbp ehs3.hbp --hands 500
    says "--buckets"
    hb-eval match ehs2.hbp ehs3.hbp --hands 500 --buckets moved3.hba --buckets moved2.hba >after
    cmp before after
    refused 65 hb-eval match ehs2.hbp ehs3.hbp --hands 500 --buckets moved3.hba --buckets "$GOLDEN"
}
