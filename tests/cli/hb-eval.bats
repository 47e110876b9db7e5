#!/usr/bin/env bats
# hb-eval: exact values of known strategies, and how it refuses.
load common

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random

says() { # TEXT: what stderr of the last run has
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

near() { # FIELD VALUE [TOLERANCE]: the number of that field, or the first of its list, in $output
    awk -v text="$output" -v field="\"$1\":" -v want="$2" -v by="${3:-1e-12}" 'BEGIN {
        at = index(text, field)
        rest = substr(text, at + length(field))
        sub(/^\[/, "", rest)
        d = rest - want
        if (!at || d > by || d < -by) { print field, rest + 0, "is not", want; exit 1 } }'
}

shares() { # CHECKPOINT of jam or fold: shares of all hands that the button jams and the other calls
    hb-ckpt export "$1" | awk '
        {
            match($0, /"player":[0-9]/); player = substr($0, RSTART + 9, 1)
            match($0, /"hand":"[^"]*"/); hand = substr($0, RSTART + 8, 4)
            match($0, /"strategy":\[[^]]*\]/); split(substr($0, RSTART + 12), s, ",")
            n = substr(hand, 1, 1) == substr(hand, 3, 1) ? 6 : substr(hand, 2, 1) == substr(hand, 4, 1) ? 4 : 12
            all[player] += n
            does[player] += n * s[2]
        }
        END { printf "{\"jams\":%.4f,\"calls\":%.4f}", does[1] / all[1], does[0] / all[0] }'
}

small_holdem() { # SUITS RANKS: four streets, two own cards
    cat >small.game <<EOG
GAMEDEF
nolimit
numPlayers = 2
numRounds = 4
stack = 4 4
blind = 2 1
firstPlayer = 2 1 1 1
numSuits = $1
numRanks = $2
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
EOG
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

@test "the folder of a run stands for its latest checkpoint, another folder is 66" {
    local command same
    mkdir -p run/checkpoints
    cp "$GOLDEN" run/checkpoints/latest.hbc
    same=$(hb-eval exploitability "$GOLDEN")
    run --separate-stderr hb-eval exploitability run
    assert_output "$same"
    hb-eval match run @call --hands 100 --quiet >out
    grep -q '"name":"run"' out
    hb-eval lbr run --hands 100 --quiet >/dev/null
    hb-eval sanity run >/dev/null || [ $? = 1 ] # it is random: some checks fail
    for command in exploitability sanity "lbr --hands 10" "match @call --hands 10"; do
        # shellcheck disable=SC2086 # a command and its options
        refused 66 hb-eval $command run/checkpoints
        says "it is a folder without checkpoints/latest.hbc"
    done
}

@test "wrong use is 64 and prints nothing on stdout" {
    refused 64 hb-eval
    refused 64 hb-eval mtach a b
    says "no command 'mtach'"
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
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --workers two
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --workers 100000
}

@test "jam or fold at ten big blinds has its known value, jams and calls" {
    hb-train --config "$ROOT/examples/pushfold.yaml" --logdir run --num-workers 2 --quiet
    run --separate-stderr hb-eval exploitability run/checkpoints/latest.hbc --workers 2
    assert_success
    near value 4.537 0.05 # chips that the big blind wins: -0.04537 big blinds for the button
    near mbb_per_hand 0.5 0.5 # measured: 0.12
    output=$(shares run/checkpoints/latest.hbc)
    near jams 0.583 0.01
    near calls 0.374 0.01
}

@test "any number of workers gives the same" {
    small_holdem 4 5
    hb-eval exploitability @uniform --game small.game --workers 1 >a
    hb-eval exploitability @uniform --game small.game --workers 3 >b
    cmp a b
    run hb-eval exploitability @uniform --game small.game --workers 3 --plan
    assert_output --partial '"walk":"boards"'
    assert_output --partial '"workers":3,'
}

@test "a sample of the flops gives a bracket, the same for any number of workers" {
    small_holdem 3 6
    hb-eval exploitability @uniform --game small.game >exact
    hb-eval exploitability @uniform --game small.game --sample-boards 60 --workers 1 >a
    hb-eval exploitability @uniform --game small.game --sample-boards 60 --workers 3 --seed 1 >b
    cmp a b
    hb-eval exploitability @uniform --game small.game --sample-boards 60 --seed 2 >b
    run ! cmp -s a b
    output=$(cat a)
    assert_output --regexp '^\{"game":"small.game","boards":60,"of_boards":166,"seed":1,"value":\[.*\],"value_ci95":.*,"lower_best_response":\[.*\],"upper_best_response":\[.*\],"lower":.*,"upper":.*,"exploitability":\[.*,.*\],"confidence":0.95,"unit":"chips/hand","mbb_per_hand":\[.*,.*\]\}$'
    awk -F'"exploitability":' 'NR == FNR { x = $2 + 0; next }
        { split($2, b, /[[,\]]/); if (!(b[2] < x && x < b[3] && b[3] - b[2] < 0.05 * x)) { print; exit 1 } }' exact a
    run --separate-stderr hb-eval exploitability @uniform --game small.game --sample-boards 60 --workers 2 --plan
    assert_output --partial '"walk":"boards"'
    steps=${output#*'"steps":'}
    run hb-eval exploitability @uniform --game small.game --plan
    all=${output#*'"steps":'}
    awk -v some="${steps%%,*}" -v all="${all%%,*}" 'BEGIN { exit !(some < all / 2) }'
}

@test "a sample of all flops is the exact value to the bit; samples that cannot be are refused" {
    small_holdem 4 5
    run hb-eval exploitability @uniform --game small.game
    exact=${output#*'"exploitability":'}
    exact=${exact%%,*}
    run hb-eval exploitability @uniform --game small.game --sample-boards 95
    assert_output --partial "\"lower\":$exact,\"upper\":$exact,\"exploitability\":[$exact,$exact]"
    printf 'game: small.game\nbetting:\n  preflop: {sizes: [allin], max_raises: 1, limp: false}\n' >jam.yaml
    run hb-eval exploitability @call --config jam.yaml --sample-boards 10
    assert_output --partial '"boards":0,"of_boards":0,'
    small_holdem 4 6
    refused 64 hb-eval exploitability @uniform --game small.game --sample-boards 23
    says "a sample of 23 boards: 24 of the 166 are the fewest"
    refused 64 hb-eval exploitability @uniform --game small.game --sample-boards 0
    refused 64 hb-eval exploitability @uniform --game small.game --sample-boards 40 --walk deals
    refused 64 hb-eval exploitability @uniform --game small.game --seed 3
    refused 64 hb-eval exploitability @uniform --game "$GAMES/kuhn.game" --sample-boards 3
}

@test "both walks agree on a checkpoint with buckets" {
    small_holdem 3 4
    cat >small.yaml <<'EOY'
game: small.game
seed: 7
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=4"}
  turn: {plugin: lossless}
  river: {plugin: ehs, args: "k=6"}
EOY
    hb-train --config small.yaml --logdir run --iters 5000 --num-workers 1 --quiet
    run --separate-stderr hb-eval exploitability run/checkpoints/latest.hbc --walk deals
    assert_success
    deals=$output
    run --separate-stderr hb-eval exploitability run/checkpoints/latest.hbc --walk boards
    assert_success
    for field in value best_response nashconv exploitability mbb_per_hand; do
        want=${deals#*"\"$field\":"}
        want=${want#[}
        near $field "${want%%[],\}]*}" 1e-9
    done
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --walk boards
    refused 64 hb-eval exploitability @call --game "$GAMES/kuhn.game" --walk on
}

@test "a plan is one object and does nothing" {
    run --separate-stderr hb-eval exploitability @uniform --game "$GAMES/kuhn.game" --plan
    assert_success
    [ -z "$stderr" ]
    assert_output --regexp '^\{"game":"kuhn.game","walk":"deals","steps":[^,]*,"workers":1,"seconds":[^,]*,"bytes":[0-9]*\}$'
    run --separate-stderr hb-eval exploitability @uniform --config "$ROOT/examples/pushfold.yaml" --plan
    assert_output --regexp '"walk":"boards",.*"boards":\[1,0,0,0\]\}$'
    run hb-eval exploitability @uniform --game "$GAMES/holdem-limit.game" --plan
    assert_output --partial '"boards":[1,1755,63193,2554656]'
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

@test "the examples of the manual work" {
    skip_unless jq
    small_holdem 3 4
    ln -s "$ROOT/examples" examples
    cat >small.yaml <<'EOY'
game: small.game
seed: 7
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=10"}
  turn: {plugin: ehs, args: "k=10"}
  river: {plugin: ehs, args: "k=10"}
EOY
    hb-train --config small.yaml --logdir run --iters 400000 --num-workers 2 --quiet
    hb-ckpt export run/checkpoints/latest.hbc --blueprint old.hbp
    cp old.hbp new.hbp
    run_manual hb-eval.1 phh # which knows the full deck alone: see hb-eval-match.bats
}

@test "a full disk is 74" {
    [ -c /dev/full ] || skip "no /dev/full"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run -74 sh -c 'hb-eval exploitability @call --game "$1" >/dev/full' - "$GAMES/kuhn.game"
}
