#!/usr/bin/env bats
# hb-worker: what it answers, when it ends, how it refuses. Idle workers: idle.bats.
load common
load pipes
# shellcheck disable=SC2030,SC2031,SC2094 # each test is a subshell; names of files

# gives_up CODE TEXT TABLE <TASKS: exits with CODE, says TEXT on stderr and in a last ERROR frame
gives_up() {
    local code=0
    hb-worker --table "$3" >out 2>err || code=$?
    [ "$code" = "$1" ] || { echo "exit $code, want $1: $(cat err)" && return 1; }
    grep -qF -- "$2" err || { echo "says: $(cat err)" && return 1; }
    hb-frame decode <out | tail -n 1 >last
    grep -q '"type":"ERROR"' last || { echo "last: $(cat last)" && return 1; }
    grep -qF -- "$2" last || { echo "last: $(cat last)" && return 1; }
}

@test "help and version are on stdout; wrong use is 64" {
    run --separate-stderr hb-worker --help
    assert_success
    assert_output --partial "usage: hb-worker --table TABLE"
    [ -z "$stderr" ]
    refused 64 hb-worker
    refused 64 hb-worker --table t more
    refused 64 hb-worker --frobs
    refused 64 hb-worker --table t --transport pigeons
    refused 64 hb-worker --table t --transport segments
    refused 64 hb-worker --table t --segment s
    refused 64 hb-worker --table t --compress lzma
    refused 64 hb-worker --table t --transport segments --segment s --compress zstd
    says "--compress is for records in frames: leave out --transport segments"
}

@test "answers HELLO and a result for each task, always the same bytes" {
    first_round t
    run hb-frame decode <deltas
    assert_line --index 0 --partial '"role":"worker"'
    assert_line --index 4 --partial '"type":"DELTA","job":3,"generation":0,"first":12,"count":4'
    [ "${#lines[@]}" -eq 5 ]
    hb-worker --table t <todo | cmp - deltas
    # a result does not depend on what was done before it
    pick todo '"job":2' | hb-worker --table t | hb-frame decode | tail -n 1 >alone
    hb-frame decode <deltas | grep '"job":2' | cmp - alone
}

@test "does not write the table" {
    table t
    cp t before
    tasks 0 4 | hb-worker --table t >/dev/null
    cmp t before
}

@test "end of input ends it, also before any task" {
    table t
    run hb-worker --table t </dev/null
    assert_success
    tasks 0 16 >todo
    hello_and todo | hb-worker --table t >out
    hb-frame decode <out | grep -c . >n
    [ "$(cat n)" = 1 ]
}

@test "SHUTDOWN ends it while its input stays open" {
    table t
    mkfifo in
    exec 7<>in
    spawn worker hb-worker --table t <in >/dev/null
    tasks 0 4 >&7
    ended worker 0
}

@test "a table of another generation: ERROR frame and 65" {
    first_round t
    hb-merge --table t deltas >/dev/null
    gives_up 65 "a task for generation 0, but the table is at 1" t <todo
    tasks 32 16 | gives_up 65 "a task for generation 2" t
}

@test "a task that leaves its round: ERROR frame and 65" {
    first_round t
    hello_and todo '{"type":"TASK","job":0,"generation":0,"first":15,"count":2}' |
        gives_up 65 "bad task" t
    hello_and todo '{"type":"TASK","job":0,"generation":0,"first":99,"count":1}' |
        gives_up 65 "bad task" t
}

@test "another game, seed or configuration: both sides are named, 65" {
    table t
    hb-frame tasks --config "$ROOT/examples/leduc.yaml" --first 0 --count 16 |
        gives_up 65 "another game" t
    tasks 0 4 7 | gives_up 65 "another seed: 7, here it is 42" t
    sed '/^game/d; s/dcfr/linear/' "$KUHN" >other.yaml
    echo "game: $GAMES/kuhn.game" >>other.yaml
    hb-frame tasks --config other.yaml --first 0 --count 16 | gives_up 65 "another run" t
}

@test "damaged, cut and foreign input: ERROR frame and 65" {
    local n
    table t
    tasks 0 4 >todo
    for n in 1 31 32 33 100 250; do
        head -c $n todo >part
        gives_up 65 "ends inside" t <part
    done
    for n in 0 5 9 13 17 25 30 40 200; do
        cp todo bad
        flip bad $n
        gives_up 65 "" t <bad
    done
    gives_up 65 "not a stream of frames" t <"$KUHN"
    hb-frame decode <todo | sed 1d | hb-frame encode | gives_up 65 "does not begin with HELLO" t
    hb-worker --table t <todo >deltas
    gives_up 65 "where a task was expected" t <deltas
    hello_and todo '{"type":"ERROR","job":0,"code":-4,"text":"why"}' >error
    gives_up 65 "" t <error
}

@test "an open table is 65 and the message names hb-ckpt restore" {
    table t
    leave_open t
    tasks 0 4 | gives_up 65 "hb-ckpt restore" t
}

@test "a missing table is 66, one that is none 65" {
    tasks 0 4 >todo
    gives_up 66 "none" none <todo
    gives_up 65 "$KUHN" "$KUHN" <todo
    table t
    head -c 5000 t >part
    gives_up 65 "part" part <todo
    flip t 4200
    gives_up 65 "checksum" t <todo
}

@test "a closed pipe or a full disk is 74" {
    table t
    tasks 0 1 >todo
    mkfifo out
    refused 74 bash -c 'exec 7<>out 8>out 7>&-; hb-worker --table t <todo >&8'
    [ -e /dev/full ] || skip "no /dev/full"
    refused 74 bash -c 'hb-worker --table t <todo >/dev/full'
}

@test "frames are not written to a terminal" {
    skip_unless script
    table t
    run script -qec 'hb-worker --table t </dev/null' /dev/null
    assert_failure 64
    assert_output --partial "terminal"
}

@test "compressed: the same records in fewer bytes, always the same ones" {
    local c
    first_round t
    hb-frame decode <deltas | records_of >plain
    for c in none varint zstd; do
        hb-worker --table t --compress $c <todo >d.$c
        hb-worker --table t --compress $c --transport frames <todo | cmp - d.$c
        hb-frame decode <d.$c >$c.json
        records_of <$c.json | cmp - plain
        hb-frame encode <$c.json | cmp - d.$c
    done
    cmp d.none deltas
    [ "$(grep -c '"kind":"compact","compress":"varint","records":\[' varint.json)" = 4 ]
    [ "$(wc -c <d.varint)" -lt "$(wc -c <d.none)" ]
    # so few records are not worth a frame of zstd; a hundred iterations of Leduc are
    hb-ckpt init --config "$LEDUC" -o u --round-size 100
    hb-frame tasks --config "$LEDUC" --first 0 --count 1 --round-size 100 >todo 2>/dev/null
    for c in varint zstd; do hb-worker --table u --compress $c <todo >d.$c; done
    hb-frame decode <d.zstd | grep -q '"compress":"zstd"'
    [ "$(wc -c <d.zstd)" -lt "$(wc -c <d.varint)" ]
}

@test "segments: the records are in the file that the frames name, and give the same table" {
    first_round t
    hb-merge --table t deltas >/dev/null
    table s
    : >segment
    hb-worker --table s --transport segments --segment segment <todo >named
    hb-frame decode <named >lines
    grep -q '"kind":"segment","segment":"segment","offset":0,' lines
    [ "$(wc -c <named)" -lt 1000 ]
    hb-merge --table s named >/dev/null
    [ "$(hb-ckpt hash s)" = "$(hb-ckpt hash t)" ]
    # a changed segment is noticed
    table u
    flip segment 20
    run --separate-stderr hb-merge --table u named
    assert_failure 65
    says "fails its checksum"
    rm segment
    run --separate-stderr hb-merge --table u named
    assert_failure 65
    says "segment"
}

@test "segments of a table in parts: each merger reads its own records, and the table is the same" {
    first_round t
    hb-merge --table t deltas >/dev/null
    table p 42 3
    cp p q
    cp p u
    : >segment
    hb-worker --table p --transport segments --segment segment <todo >named
    hb-frame decode <named >lines
    grep -q '"kind":"parts","segment":"segment","offset":0,"parts":\[{"bytes":' lines
    hb-frame encode <lines | cmp - named
    for part in 0 1 2; do
        hb-merge --table p --part "$part/3" named >/dev/null
    done
    [ "$(hb-ckpt hash p)" = "$(hb-ckpt hash t)" ]
    # a table in other parts
    table v 42 2
    run --separate-stderr hb-merge --table v --part 0/2 named
    assert_failure 65
    says "a result in 3 parts for a table of 2"
    # a directory in another order does not fit the records
    jq -c 'if .kind == "parts" then .parts |= (.[0] as $x | .[1:2] + [$x] + .[2:]) else . end' \
        lines | hb-frame encode >swapped
    run --separate-stderr hb-merge --table q --part 1/3 swapped
    assert_failure 65
    # a changed segment is noticed by whom it concerns
    flip segment 20
    run --separate-stderr hb-merge --table u --part 0/3 named
    assert_failure 65
    says "fails its checksum"
    hb-merge --table u --part 1/3 named >/dev/null
}

@test "a segment has one worker at a time" {
    first_round t
    : >segment
    mkfifo in out
    exec 7<>in 8<>out
    spawn worker hb-worker --table t --transport segments --segment segment <in >&8
    timeout "$LIMIT" head -c 32 <&8 >/dev/null # HELLO: it has the segment
    run --separate-stderr hb-worker --table t --transport segments --segment segment <todo
    assert_failure 73
    says "another worker writes the segment 'segment'"
    hello_and todo '{"type":"SHUTDOWN","job":0}' >&7
    ended worker 0
    hb-worker --table t --transport segments --segment segment <todo >named
    hb-merge --table t named >/dev/null
}
