#!/usr/bin/env bats
# hb-ckpt: what each command prints, and how it refuses.
load common

GOLDEN=$ROOT/tests/golden/checkpoint-1.hbc # Leduc, every row random, generation 6, 100 iterations

config() { # GAME [SEED]: into GAME.yaml
    printf 'game: %s\nseed: %s\n' "$GAMES/$1.game" "${2:-42}" >"$1.yaml"
}

table() { # GAME: GAME.table and GAME.hbc
    config "$1"
    hb-ckpt init --config "$1.yaml" -o "$1.table"
    hb-ckpt save "$1.table" -o "$1.hbc"
}

poke() { # FILE OFFSET BYTE
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o "$3")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

rows_at() { # TABLE: offset of the rows, at 48 of its header
    od -An -tu8 -j 48 -N 8 "$1" | tr -d ' '
}

# The first rounds have 16 iterations; generation and iterations stand at 528 and 536
at_generation() { # TABLE GENERATION: up to 5
    poke "$1" 528 "$2"
    poke "$1" 536 $((16 * $2))
}

says() { # TEXT: what stderr of the last run has
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

@test "help and version are on stdout, for the tool and each command" {
    local command
    run --separate-stderr hb-ckpt --help
    assert_success
    assert_output --partial "usage: hb-ckpt init"
    [ -z "$stderr" ]
    for command in init save restore verify hash info list prune diff export; do
        run --separate-stderr hb-ckpt "$command" --help
        assert_success
        assert_output --partial "usage: hb-ckpt $command"
    done
    run hb-ckpt --version
    assert_output --regexp '^hb-ckpt [0-9]+\.[0-9]+'
}

@test "wrong use is 64 and prints nothing on stdout" {
    refused 64 hb-ckpt
    refused 64 hb-ckpt frobnicate
    says "no command 'frobnicate'"
    refused 64 hb-ckpt hash --no-such-option x
    refused 64 hb-ckpt hash
    refused 64 hb-ckpt hash a b
    refused 64 hb-ckpt init -o x
    refused 64 hb-ckpt init --config x
    refused 64 hb-ckpt init --config x -o -
    refused 64 hb-ckpt init --config x -o y --parts 65
    refused 64 hb-ckpt init --config x -o y --seed -1
    refused 64 hb-ckpt save x
    refused 64 hb-ckpt save - -o -
    refused 64 hb-ckpt restore x -o -
    refused 64 hb-ckpt verify
    refused 64 hb-ckpt prune .
    refused 64 hb-ckpt prune . --keep 0
    refused 64 hb-ckpt diff one
    refused 64 hb-ckpt export "$GOLDEN" --format xml
    refused 64 hb-ckpt export "$GOLDEN" --street fourth
    refused 64 hb-ckpt export "$GOLDEN" --street river
    says "the game has no river"
    refused 64 hb-ckpt export "$GOLDEN" --at rrrr
}

@test "init, save and restore keep the content hash" {
    local hash
    table kuhn
    hash=$(hb-ckpt hash kuhn.table)
    [[ $hash =~ ^[0-9a-f]{64}$ ]]
    [ "$(hb-ckpt hash kuhn.hbc)" = "$hash" ]
    [ "$(hb-ckpt hash - <kuhn.hbc)" = "$hash" ]
    hb-ckpt restore kuhn.hbc -o again.table --parts 3
    [ "$(hb-ckpt hash again.table)" = "$hash" ]
    hb-ckpt restore "$GOLDEN" -o again.table # in the place of the other
    [ "$(hb-ckpt hash again.table)" = "$(hb-ckpt hash "$GOLDEN")" ]
    [ "$(hb-ckpt hash "$GOLDEN")" != "$hash" ]
    [ "$(find . -name '*.tmp.*' | wc -l)" -eq 0 ]
}

@test "the seed is part of the hash, the number of parts is not" {
    config kuhn 1
    hb-ckpt init --config kuhn.yaml -o a.table
    hb-ckpt init --config kuhn.yaml -o b.table --parts 7
    hb-ckpt init --config kuhn.yaml -o c.table --seed 2
    config kuhn 2
    hb-ckpt init --config kuhn.yaml -o d.table
    [ "$(hb-ckpt hash a.table)" = "$(hb-ckpt hash b.table)" ]
    [ "$(hb-ckpt hash a.table)" != "$(hb-ckpt hash c.table)" ]
    [ "$(hb-ckpt hash d.table)" = "$(hb-ckpt hash c.table)" ]
}

@test "a pipe carries a checkpoint, the copy has the same bytes" {
    table leduc
    hb-ckpt save leduc.table -o - | hb-ckpt save - -o copy.hbc
    cmp leduc.hbc copy.hbc
    mkfifo fifo
    cat "$GOLDEN" >fifo &
    BG+=($!)
    run hb-ckpt hash fifo
    assert_output "$(hb-ckpt hash "$GOLDEN")"
}

@test "what comes down a pipe damaged does not become a file" {
    head -c 1000 "$GOLDEN" >cut.hbc
    refused 65 hb-ckpt save - -o out.hbc <cut.hbc
    says "standard input"
    cp "$GOLDEN" flipped.hbc
    flip flipped.hbc 4000
    refused 65 hb-ckpt save - -o out.hbc <flipped.hbc
    refused 65 hb-ckpt save - -o out.hbc </dev/null
    [ ! -e out.hbc ]
    [ "$(find . -name '*.tmp.*' | wc -l)" -eq 0 ]
}

@test "a missing input is 66" {
    refused 66 hb-ckpt save missing.table -o x.hbc
    refused 66 hb-ckpt restore missing.hbc -o x.table
    refused 66 hb-ckpt hash missing.hbc
    refused 66 hb-ckpt info missing.hbc
    refused 66 hb-ckpt list missing
    refused 66 hb-ckpt prune missing --keep 1
    refused 66 hb-ckpt diff "$GOLDEN" missing.hbc
    refused 66 hb-ckpt export missing.hbc
    refused 66 hb-ckpt init --config missing.yaml -o x.table
    says "missing.yaml"
    run --separate-stderr hb-ckpt verify missing.hbc
    assert_failure 66
    [ ! -e x.hbc ]
    [ ! -e x.table ]
}

@test "standard input is called that, and a configuration has a limit" {
    head -c 2000000 /dev/zero >zeros
    refused 65 hb-ckpt init --config - -o x.table <zeros
    says "'standard input' is larger than"
    refused 65 hb-ckpt hash - <zeros
    says "'standard input' is not a checkpoint"
}

@test "another kind of file is 65 and said to be it" {
    refused 65 hb-ckpt hash "$GAMES/kuhn.game"
    says "not a checkpoint"
    refused 65 hb-ckpt save "$GOLDEN" -o x.hbc
    says "a checkpoint, not a table"
    refused 65 hb-ckpt restore "$GAMES/kuhn.game" -o x.table
    : >empty
    refused 65 hb-ckpt info empty
    refused 65 hb-ckpt save empty -o x.hbc
    [ ! -e x.hbc ]
    [ ! -e x.table ]
}

@test "a cut checkpoint is 65 everywhere and says so" {
    local command
    head -c 5000 "$GOLDEN" >cut.hbc
    for command in hash info export; do
        refused 65 hb-ckpt "$command" cut.hbc
        says "cut"
    done
    refused 65 hb-ckpt restore cut.hbc -o x.table
    refused 65 hb-ckpt diff cut.hbc "$GOLDEN"
    [ ! -e x.table ]
}

@test "one flipped bit is 65, and verify names the chunk" {
    cp "$GOLDEN" bad.hbc
    flip bad.hbc 4000 # in the middle of the rows
    run --separate-stderr hb-ckpt verify bad.hbc "$GOLDEN"
    assert_failure 65
    says "chunk 2 (section 'rows'"
    assert_line --partial '"ok":false'
    assert_line --partial '"ok":true'
    refused 65 hb-ckpt hash bad.hbc
    refused 65 hb-ckpt restore bad.hbc -o x.table
    [ ! -e x.table ]
    run hb-ckpt verify "$GOLDEN" # alone it is good
    assert_success
    assert_output --partial '"iterations":100'
}

@test "a restore that fails leaves the table that was there" {
    local hash
    table kuhn
    hash=$(hb-ckpt hash kuhn.table)
    cp "$GOLDEN" bad.hbc
    flip bad.hbc 4000
    refused 65 hb-ckpt restore bad.hbc -o kuhn.table
    [ "$(hb-ckpt hash kuhn.table)" = "$hash" ]
}

@test "an open table is 65 and the message names hb-ckpt restore" {
    table kuhn
    poke kuhn.table 520 2
    refused 65 hb-ckpt hash kuhn.table
    says "hb-ckpt restore"
    refused 65 hb-ckpt save kuhn.table -o x.hbc
    says "hb-ckpt restore"
    [ ! -e x.hbc ]
    hb-ckpt restore kuhn.hbc -o kuhn.table
    hb-ckpt hash kuhn.table
}

@test "a table whose description is damaged is 65" {
    table kuhn
    flip kuhn.table 4200
    refused 65 hb-ckpt hash kuhn.table
    says "checksum"
}

@test "an output that cannot be created is 73" {
    table kuhn
    refused 73 hb-ckpt save kuhn.table -o no/such/folder/x.hbc
    refused 73 hb-ckpt restore kuhn.hbc -o no/such/folder/x.table
    refused 73 hb-ckpt init --config kuhn.yaml -o no/such/folder/x.table
    refused 73 hb-ckpt save - -o no/such/folder/x.hbc <kuhn.hbc
    refused 73 hb-ckpt save kuhn.table -o . # a folder
    [ "$(id -u)" -ne 0 ] || return 0 # root may write anywhere
    mkdir locked
    chmod a-w locked
    refused 73 hb-ckpt save kuhn.table -o locked/x.hbc
}

@test "a full disk is 74" {
    [ -e /dev/full ] || skip "needs /dev/full"
    table kuhn
    run bash -c 'hb-ckpt save kuhn.table -o - >/dev/full'
    assert_failure 74
    run bash -c "hb-ckpt export $GOLDEN >/dev/full"
    assert_failure 74
    run bash -c 'hb-ckpt info kuhn.hbc >/dev/full'
    assert_failure 74
    run bash -c 'hb-ckpt hash kuhn.hbc >/dev/full'
    assert_failure 74
    hb-ckpt restore "$GOLDEN" -o golden.table
    run bash -c 'ulimit -f 4 && hb-ckpt save golden.table -o x.hbc'
    assert_failure 74
    run bash -c 'ulimit -f 4 && hb-ckpt restore kuhn.hbc -o x.table'
    assert_failure 74
    [ ! -e x.hbc ]
    [ ! -e x.table ]
    [ "$(find . -name '*.tmp.*' | wc -l)" -eq 0 ]
}

@test "a checkpoint is not written to a terminal" {
    skip_unless script
    table kuhn
    run script -qec 'hb-ckpt save kuhn.table -o -' /dev/null
    assert_failure 64
    assert_output --partial "terminal"
}

@test "a bad configuration is 78, a bad game file 65" {
    printf 'game: %s\nfrobs: 3\n' "$GAMES/kuhn.game" >bad.yaml
    refused 78 hb-ckpt init --config bad.yaml -o x.table
    says "frobs"
    printf 'GAMEDEF\nlimit\nnumPlayers = 77\nEND GAMEDEF\n' >bad.game
    printf 'game: bad.game\n' >bad.yaml
    refused 65 hb-ckpt init --config bad.yaml -o x.table
    says "bad.game"
    [ ! -e x.table ]
}

@test "info is one JSON object" {
    table kuhn
    run --separate-stderr hb-ckpt info kuhn.hbc
    assert_success
    assert_equal "${#lines[@]}" 1
    assert_output --partial '"kind":"checkpoint","game":"kuhn.game","players":2,"seed":42,"iterations":0,"generation":0,"infosets":12'
    assert_output --partial "\"bytes\":$(wc -c <kuhn.hbc)"
    assert_output --partial '"plugin":"hb.lossless"'
    assert_output --partial "\"hash\":\"$(hb-ckpt hash kuhn.hbc)\"}"
    run hb-ckpt info kuhn.table
    assert_output --partial '"kind":"table"'
    assert_output --partial "\"hash\":\"$(hb-ckpt hash kuhn.hbc)\"}"
    if command -v jq >/dev/null; then
        hb-ckpt info kuhn.hbc | jq -e '.abstraction.streets[0].lossless and .solver.round_size > 0'
    fi
}

@test "export of Kuhn: twelve information sets in order, uniform before training" {
    table kuhn
    run --separate-stderr hb-ckpt export kuhn.hbc
    assert_success
    assert_equal "${#lines[@]}" 12
    assert_equal "${lines[0]}" '{"player":0,"actions":"","hand":"Qs","bucket":0,"legal":["c","r"],"strategy":[0.5,0.5]}'
    assert_equal "${lines[5]}" '{"player":0,"actions":"cr","hand":"As","bucket":2,"legal":["f","c"],"strategy":[0.5,0.5]}'
    assert_equal "${lines[6]}" '{"player":1,"actions":"c","hand":"Qs","bucket":0,"legal":["c","r"],"strategy":[0.5,0.5]}'
    assert_equal "${lines[11]}" '{"player":1,"actions":"r","hand":"As","bucket":2,"legal":["f","c"],"strategy":[0.5,0.5]}'
    assert_equal "$(hb-ckpt export kuhn.table)" "$output"
    assert_equal "$(hb-ckpt export - <kuhn.hbc)" "$output"
}

@test "export chooses by street and actions, and speaks CSV" {
    table leduc
    assert_equal "$(hb-ckpt export leduc.hbc | wc -l)" 468
    run hb-ckpt export leduc.hbc --street flop
    assert_equal "${#lines[@]}" 450
    assert_equal "${lines[0]}" '{"player":0,"actions":"cc/","hand":"Kh","board":"Qh","bucket":0,"legal":["c","r"],"strategy":[0.5,0.5]}'
    run hb-ckpt export --at "" leduc.hbc --format csv
    assert_equal "${lines[0]}" "player,actions,hand,board,bucket,legal,strategy"
    assert_equal "${lines[1]}" "0,,Qh,,0,c r,0.5 0.5"
    assert_equal "${#lines[@]}" 4
    run hb-ckpt export --at crc/r leduc.hbc
    assert_equal "${#lines[@]}" 15
    assert_equal "$(hb-ckpt export --at crc/r --street preflop leduc.hbc)" ""
}

@test "diff says what differs first" {
    local at
    run --separate-stderr hb-ckpt diff "$GOLDEN" "$GOLDEN"
    assert_success
    assert_output '{"same":true}'
    hb-ckpt restore "$GOLDEN" -o a.table
    run hb-ckpt diff a.table "$GOLDEN"
    assert_success
    at=$(rows_at a.table)
    flip a.table $((at + 8)) # the first regret of the first row
    run --separate-stderr hb-ckpt diff "$GOLDEN" a.table
    assert_failure 1
    assert_output '{"same":false,"differs":["rows"],"rows":1,"first_row":{"player":0,"node":0,"actions":"","bucket":0}}'
    says "differ in rows"
    at_generation a.table 2 # 6 before
    run --separate-stderr hb-ckpt diff "$GOLDEN" a.table
    assert_failure 1
    assert_output --partial '"differs":["iterations","rows"],"iterations":[100,32],"rows":1'
    table kuhn
    run --separate-stderr hb-ckpt diff "$GOLDEN" kuhn.hbc
    assert_failure 1
    assert_output --partial '"differs":["game","betting_tree"'
    says "differ in game"
}

# Three checkpoints of one run, the generation told by hand
shelf() {
    local i
    mkdir shelf
    hb-ckpt restore "$GOLDEN" -o a.table
    for i in 4 2 5; do
        at_generation a.table "$i"
        hb-ckpt save a.table -o "shelf/at-$i.hbc"
    done
    ln -s at-5.hbc shelf/latest.hbc
}

@test "list sorts by iteration and leaves the link out" {
    shelf
    run --separate-stderr hb-ckpt list shelf
    assert_success
    assert_equal "${#lines[@]}" 3
    assert_line --index 0 --partial '"file":"shelf/at-2.hbc"'
    assert_line --index 1 --partial '"iterations":64'
    assert_line --index 2 --partial '"file":"shelf/at-5.hbc"'
    head -c 100 shelf/at-4.hbc >shelf/cut.hbc
    run --separate-stderr hb-ckpt list shelf
    assert_failure 65
    assert_equal "${#lines[@]}" 4
    assert_line --index 3 --partial '"error":'
}

@test "list and prune find the checkpoints of a run in its folder" {
    shelf
    mkdir run
    mv shelf run/checkpoints
    run --separate-stderr hb-ckpt list run
    assert_success
    assert_equal "${#lines[@]}" 3
    assert_line --index 0 --partial '"file":"run/checkpoints/at-2.hbc"'
    hb-ckpt prune run/ --keep 1
    [ ! -e run/checkpoints/at-4.hbc ]
    [ -e run/checkpoints/at-5.hbc ]
    cp "$GOLDEN" run/mine.hbc # its own come first
    run --separate-stderr hb-ckpt list run
    assert_success
    assert_output --partial '"file":"run/mine.hbc"'
    assert_equal "${#lines[@]}" 1
}

@test "the folder of a run stands for its latest checkpoint, another folder is 66" {
    local command hash
    shelf
    hash=$(hb-ckpt hash shelf/latest.hbc)
    mkdir -p run other/checkpoints
    mv shelf run/checkpoints
    assert_equal "$(hb-ckpt hash run)" "$hash"
    run --separate-stderr hb-ckpt info run/
    assert_output --partial '{"file":"run/checkpoints/latest.hbc","kind":"checkpoint"'
    refute_output --partial '"bytes":0,'
    run --separate-stderr hb-ckpt verify run
    assert_success
    assert_output --partial '{"file":"run/checkpoints/latest.hbc","ok":true'
    hb-ckpt diff run run/checkpoints/latest.hbc
    hb-ckpt export run | cmp - <(hb-ckpt export run/checkpoints/latest.hbc)
    hb-ckpt export run --blueprint b.hbp
    hb-ckpt restore run -o restored.table
    assert_equal "$(hb-ckpt hash restored.table)" "$hash"
    for command in hash info export "restore -o t" "diff run"; do
        # shellcheck disable=SC2086 # a command and its operands
        refused 66 hb-ckpt $command other
        says "'other': it is a folder without checkpoints/latest.hbc"
    done
    run --separate-stderr hb-ckpt verify other run
    assert_failure 66
    says "'other': it is a folder without checkpoints/latest.hbc"
    assert_line --index 0 --partial '"file":"other","ok":false'
}

@test "a folder without checkpoints is listed, and said to be empty" {
    mkdir empty
    for what in list "prune --keep 1"; do
        # shellcheck disable=SC2086 # a command and its option
        run --separate-stderr hb-ckpt $what empty
        assert_success
        assert_output ""
        says "no checkpoint (*.hbc) in 'empty'"
    done
}

@test "prune keeps the newest good ones and a link that works" {
    shelf
    flip shelf/at-5.hbc 4000
    run --separate-stderr hb-ckpt prune shelf --keep 2
    assert_success
    [ -e shelf/at-2.hbc ] # only two are good: nothing goes
    [ -e shelf/at-4.hbc ]
    says "damaged"
    hb-ckpt prune shelf --keep 1
    [ ! -e shelf/at-2.hbc ]
    [ -e shelf/at-4.hbc ]
    [ "$(readlink shelf/latest.hbc)" = at-4.hbc ]
    hb-ckpt verify shelf/latest.hbc
    hb-ckpt prune shelf --keep 1 # the last good one stays
    [ -e shelf/at-4.hbc ]
}

@test "prune refuses a folder with two runs" {
    shelf
    table kuhn
    cp kuhn.hbc shelf
    refused 65 hb-ckpt prune shelf --keep 1
    says "different runs"
    assert_equal "$(find shelf -name '*.hbc' -type f | wc -l)" 4
}

@test "buckets: built beside the table, found again on restore, refused when others" {
    local hba
    cat >leduc.yaml <<YAML
game: $GAMES/leduc.game
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=3"}
YAML
    hb-ckpt init --config leduc.yaml -o leduc.table
    hba=$(echo buckets-*.hba)
    [ -e "$hba" ]
    hb-ckpt init --config leduc.yaml -o given.table --buckets "$hba"
    [ "$(hb-ckpt hash leduc.table)" = "$(hb-ckpt hash given.table)" ]
    hb-ckpt save leduc.table -o leduc.hbc
    hb-ckpt restore leduc.hbc -o again.table
    mv "$hba" moved.hba
    refused 66 hb-ckpt restore leduc.hbc -o x.table
    says "--buckets"
    hb-ckpt restore leduc.hbc -o moved.table --buckets moved.hba
    [[ $(hb-ckpt info moved.table) == *moved.hba* ]]
    [ "$(hb-ckpt hash moved.table)" = "$(hb-ckpt hash leduc.table)" ]
    run hb-ckpt export leduc.hbc --at cc/
    assert_success
    assert_line --index 0 '{"player":0,"actions":"cc/","bucket":0,"legal":["c","r"],"strategy":[0.5,0.5]}'
    sed -i.bak 's/k=3/k=2/' leduc.yaml
    hb-bucket build --config leduc.yaml -o other.hba --quiet
    refused 65 hb-ckpt restore leduc.hbc -o x.table --buckets other.hba
    says "card abstraction"
    refused 65 hb-ckpt export leduc.hbc --buckets other.hba
    refused 69 hb-ckpt init --config <(sed 's/ehs/nosuch/; s|game: .*|game: '"$GAMES"'/leduc.game|' leduc.yaml) -o x.table
    [ ! -e x.table ]
}

@test "a blueprint is written whole, verified, the same from table, checkpoint and pipe" {
    hb-ckpt export "$GOLDEN" --blueprint a.hbp
    run --separate-stderr hb-ckpt verify a.hbp
    assert_success
    assert_output --partial "\"hash\":\"$(hb-ckpt hash "$GOLDEN")\""
    hb-ckpt restore "$GOLDEN" -o golden.table
    hb-ckpt export golden.table --blueprint b.hbp
    cmp a.hbp b.hbp
    hb-ckpt export - --blueprint - <"$GOLDEN" >c.hbp
    cmp a.hbp c.hbp
    flip a.hbp $(($(wc -c <a.hbp) / 2))
    run --separate-stderr hb-ckpt verify a.hbp
    assert_failure 65
    refused 64 hb-ckpt export "$GOLDEN" --blueprint d.hbp --street flop
    refused 65 hb-ckpt export b.hbp --blueprint d.hbp
    refused 73 hb-ckpt export "$GOLDEN" --blueprint no/such/folder/d.hbp
    [ ! -e d.hbp ]
}

@test "a blueprint names the bucket file that --buckets says" {
    cat >ehs.yaml <<YAML
game: $GAMES/leduc.game
cards:
  preflop: {plugin: lossless}
  flop: {plugin: ehs, args: "k=2"}
YAML
    hb-bucket build --config ehs.yaml -o ehs.hba --quiet
    hb-ckpt init --config ehs.yaml --buckets ehs.hba -o ehs.table
    mv ehs.hba moved.hba
    hb-ckpt export ehs.table --blueprint a.hbp --buckets moved.hba
    hb-ckpt verify a.hbp
    sed 's/k=2/k=1/' ehs.yaml >other.yaml
    hb-bucket build --config other.yaml -o other.hba --quiet
    refused 65 hb-ckpt export ehs.table --blueprint b.hbp --buckets other.hba
    [ ! -e b.hbp ]
}
