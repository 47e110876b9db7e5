#!/usr/bin/env bats
# hb-merge: results once and whole, in any order, and how it refuses.
load common
load pipes
# shellcheck disable=SC2016,SC2030,SC2031,SC2094 # bash -c; each test is a subshell; names of files

# unmoved CODE TEXT TABLE STREAM...: refuses, says TEXT, and the table is clean and as it was
unmoved() {
    local code=$1 text=$2 table=$3 before
    shift 3
    before=$(hb-ckpt hash "$table")
    run --separate-stderr hb-merge --table "$table" "$@"
    assert_failure "$code"
    says "$text"
    [ "$(hb-ckpt hash "$table")" = "$before" ]
}

@test "help and version are on stdout; wrong use is 64" {
    run --separate-stderr hb-merge --help
    assert_success
    assert_output --partial "usage: hb-merge --table TABLE"
    [ -z "$stderr" ]
    table t
    refused 64 hb-merge
    refused 64 hb-merge --table t
    refused 64 hb-merge --table t - -
    refused 64 hb-merge --table t --part 1 x
    refused 64 hb-merge --table t --part 2/2 x
    refused 64 hb-merge --table t --frobs x
    refused 64 hb-merge x
}

@test "merges a round and says so" {
    first_round t
    run bash -c 'hb-merge --table t deltas | hb-frame decode'
    assert_success
    assert_line --index 0 --partial '"role":"merge"'
    assert_line --index 1 --partial '"type":"COMMIT","job":1,"generation":1,"iteration":16,'
    assert_line --index 1 --partial '"tasks":4,"duplicates":0}'
    [ "${#lines[@]}" -eq 2 ]
}

@test "records are compressed or not, from stream to stream and from result to result" {
    local one a b
    first_round t
    hb-merge --table t deltas >commits
    one=$(hb-ckpt hash t)
    for a in none varint zstd; do
        table w && hb-worker --table w --compress $a <todo >d.$a
        hb-merge --table w d.$a | cmp - commits
        [ "$(hb-ckpt hash w)" = "$one" ]
        rm w
    done
    for a in none varint zstd; do
        for b in varint zstd; do
            pick d.$a '"job":0' '"job":3' >even
            pick d.$b '"job":1' '"job":2' >odd
            table w && hb-merge --table w even odd | cmp - commits
            [ "$(hb-ckpt hash w)" = "$one" ]
            rm w
            { hb-frame decode <even && hb-frame decode <odd | sed 1d && hb-frame decode <even | sed 1d; } |
                hb-frame encode >both
            table w && hb-merge --table w both >/dev/null
            [ "$(hb-ckpt hash w)" = "$one" ]
            rm w
        done
    done
    table p 42 2
    hb-merge --table p --part 1/2 d.zstd >/dev/null && hb-merge --table p --part 0/2 d.varint >/dev/null
    [ "$(hb-ckpt hash p)" = "$one" ]
}

@test "compressed records that are not the table's, cut or damaged change nothing" {
    local c
    first_round t
    for c in varint zstd; do
        hb-worker --table t --compress $c <todo >good
        hb-frame decode <good | sed '3s/"row":[0-9]*/"row":4194305/' | hb-frame encode >bad
        unmoved 65 "does not fit the table" t bad
        hb-frame decode <good | sed '3s/"row":[0-9]*/"row":1/' | hb-frame encode >bad
        unmoved 65 "does not fit the table" t bad
        hb-frame decode <good | sed '3s/"values":\[[-0-9]*,/"values":[0,0,/; 3s/"record_bytes":\([0-9]*\)/"record_bytes":X\1/' |
            awk '{ if (match($0, /X[0-9]+/)) sub(/X[0-9]+/, substr($0, RSTART + 1, RLENGTH - 1) + 2); print }' |
            hb-frame encode >bad
        unmoved 65 "does not fit the table" t bad
        head -c "$(($(wc -c <good) - 3))" good >bad
        unmoved 65 "ends inside a result" t bad
        cp good bad && flip bad "$(($(wc -c <good) - 3))"
        unmoved 65 "damaged" t bad
    done
    # the frame is sound, what it says is not: other blocks than the records
    bytes='"bytes":"010000000100000001000000010000000200000002000000220301"'
    line='{"type":"DELTA","job":0,"generation":0,"first":0,"count":4,"nodes":1,"n_records":1,"record_bytes":12,"kind":"compact","compress":"varint","records":[{"row":6,"kind":"regret","values":[-1,2]}],'
    refused 65 hb-frame encode <<<"$line$bytes}"
    says "line 1: a compact result, block 0 is cut"
}

@test "batches, order and the number of streams do not matter" {
    local one n
    first_round t
    hb-merge --table t deltas >/dev/null
    one=$(hb-ckpt hash t)
    for n in 1 5 16; do
        table "b$n"
        tasks 0 $n | hb-worker --table "b$n" | hb-merge --table "b$n" - >/dev/null
        [ "$(hb-ckpt hash "b$n")" = "$one" ]
    done
    pick deltas '"job":0' '"job":3' >even
    pick deltas '"job":1' '"job":2' >odd
    { hb-frame decode <deltas | head -n 1 && hb-frame decode <deltas | sed 1d | sort -r; } |
        hb-frame encode >backwards
    table x && hb-merge --table x even odd >/dev/null
    table y && hb-merge --table y odd - <even >/dev/null
    table z && hb-merge --table z backwards >/dev/null
    [ "$(hb-ckpt hash x)" = "$one" ]
    [ "$(hb-ckpt hash y)" = "$one" ]
    [ "$(hb-ckpt hash z)" = "$one" ]
}

@test "many rounds give the hash of hb-train" {
    table t
    whole_run t 1000 30
    hb-train --config "$KUHN" --logdir log --iters 1000 --num-workers 2 --quiet
    [ "$(hb-ckpt hash t)" = "$(hb-ckpt hash log/checkpoints/latest.hbc)" ]
}

@test "a second copy of a result is ignored, in the same round and later" {
    local one
    first_round t
    cp deltas copy
    hb-merge --table t deltas copy | hb-frame decode >commits
    one=$(hb-ckpt hash t)
    table u
    hb-merge --table u deltas >/dev/null
    [ "$(hb-ckpt hash u)" = "$one" ]
    run hb-merge --table u deltas copy # a round late
    assert_success
    [ "$(hb-ckpt hash u)" = "$one" ]
    # parts of it, cut otherwise
    tasks 0 8 >todo8
    table v
    hb-worker --table v <todo8 >deltas8
    hb-merge --table v deltas8 deltas >/dev/null
    [ "$(hb-ckpt hash v)" = "$one" ]
}

@test "a copy of the round before in the middle of the next one is counted, not added" {
    local two
    first_round t
    hb-merge --table t deltas >/dev/null
    tasks 16 4 | hb-worker --table t >next
    cp t u
    hb-merge --table t next >/dev/null
    two=$(hb-ckpt hash t)
    { hb-frame decode <next | head -n 3 && hb-frame decode <deltas | sed 1d &&
        hb-frame decode <next | sed 1,3d; } | hb-frame encode >mixed
    hb-merge --table u mixed | hb-frame decode >commits
    grep -q '"generation":2,"iteration":32,.*"tasks":4,"duplicates":4}' commits
    [ "$(hb-ckpt hash u)" = "$two" ]
}

@test "results of the next round wait for their turn" {
    local two
    first_round t
    cp t u
    hb-merge --table t deltas >/dev/null
    tasks 16 4 | hb-worker --table t >next
    hb-merge --table t next >/dev/null
    two=$(hb-ckpt hash t)
    { hb-frame decode <next && hb-frame decode <next | sed 1d && hb-frame decode <deltas | sed 1d; } |
        hb-frame encode >early
    hb-merge --table u early | hb-frame decode >commits
    [ "$(hb-ckpt hash u)" = "$two" ]
    grep -q '"generation":2,.*"tasks":4,"duplicates":4}' commits
}

@test "results that overlap are refused, the stream is given up, others go on" {
    first_round t
    tasks 0 3 | hb-worker --table t >other
    { hb-frame decode <other | head -n 2 && hb-frame decode <deltas | sed 1d; } |
        hb-frame encode >mixed
    unmoved 65 "'mixed': a result for iterations 0+4 overlaps another" t mixed
    run --separate-stderr hb-merge --table t mixed other
    assert_failure 65
    says "'mixed'"
    table u
    hb-merge --table u deltas >/dev/null
    [ "$(hb-ckpt hash t)" = "$(hb-ckpt hash u)" ]
}

@test "results outside their round are refused" {
    first_round t
    tasks 16 4 >/dev/null
    hb-frame decode <deltas | sed 's/"first":12/"first":14/' | hb-frame encode >outside
    unmoved 65 "outside round 0" t outside
    hb-frame decode <deltas | sed 's/"first":12/"first":4000000/' | hb-frame encode >outside
    unmoved 65 "outside round 0" t outside
}

@test "a round that is not complete is not merged, and said" {
    first_round t
    pick deltas '"job":[012]' >part
    unmoved 65 "4 of the 16 iterations of round 0 missing" t part
    hb-merge --table t deltas >/dev/null
}

@test "results of rounds that never come up are not passed over in silence" {
    first_round t
    cp t u
    hb-merge --table t deltas >/dev/null
    tasks 16 4 | hb-worker --table t >next
    unmoved 65 "4 results" u next
}

@test "a cut stream: what is whole counts, the rest does not" {
    local n size
    first_round t
    size=$(wc -c <deltas)
    for n in 1 32 200 $((size / 2)) $((size - 1)); do
        head -c "$n" deltas >part
        unmoved 65 "'part': ends inside a result" t part
    done
    # the other copy has it all
    run --separate-stderr hb-merge --table t part deltas
    assert_failure 65
    says "'part'"
    table u
    hb-merge --table u deltas >/dev/null
    [ "$(hb-ckpt hash t)" = "$(hb-ckpt hash u)" ]
}

@test "a flipped bit, records that are none, other frames: 65 and no change" {
    local n
    first_round t
    for n in 0 4 8 12 16 20 28 40 250 1000; do
        cp deltas bad
        flip bad $n
        unmoved 65 "'bad'" t bad
    done
    hb-frame decode <deltas | sed '2s/"row":[0-9]*/"row":99999999/' | hb-frame encode >bad
    unmoved 65 "'bad'" t bad
    hb-frame decode <deltas | sed '2s/"row":[0-9]*/"row":1/' | hb-frame encode >bad
    unmoved 65 "does not fit the table" t bad # no row begins there
    hb-frame decode <deltas | sed '2s/"kind":"regret"/"kind":3/' | hb-frame encode >bad
    unmoved 65 "'bad'" t bad
    unmoved 65 "where a result was expected" t todo
    hb-frame decode <deltas | sed 1d | hb-frame encode >bad
    unmoved 65 "does not begin with HELLO" t bad
    unmoved 65 "not a stream of frames" t "$KUHN"
}

@test "another game or seed is 65 and both sides are named" {
    first_round t
    table s 7
    unmoved 65 "another seed: 42, here it is 7" s deltas
    hb-ckpt init --config "$ROOT/examples/leduc.yaml" -o leduc
    unmoved 65 "another game" leduc deltas
}

@test "a worker that reports an error: its text and its exit code" {
    first_round t
    hello_and deltas '{"type":"ERROR","job":0,"code":-9,"text":"no such table"}' >error
    unmoved 66 "'error': the worker reports: no such table" t error
    echo '{"type":"ERROR","job":0,"code":-2,"text":"out of memory"}' | hb-frame encode >error
    unmoved 71 "out of memory" t error
}

@test "missing and unusable tables and streams" {
    first_round t
    refused 66 hb-merge --table none deltas
    run --separate-stderr hb-merge --table t none
    assert_failure 66
    says "cannot open 'none'"
    refused 65 hb-merge --table "$KUHN" deltas
    leave_open t
    refused 65 hb-merge --table t deltas
    says "hb-ckpt restore"
}

@test "who writes to a stream that was given up sees a closed pipe" {
    table t
    mkfifo good gone
    exec 7<>good
    spawn merge bash -c '{ yes not frames; echo it ended >gone; } | hb-merge --table t - good >/dev/null'
    read -r -t "$LIMIT" line <>gone # while the merge still waits for the other stream
    [ "$line" = "it ended" ]
    exec 7>&-
    ended merge 65
}

@test "a table has one writer: a second merge is refused, and nothing counts twice" {
    first_round t
    table alone
    hb-merge --table alone deltas >/dev/null
    mkfifo in out
    spawn first bash -c 'exec hb-merge --table t in >out'
    exec 6<out
    head -c 32 <&6 >hello # it has the table
    refused 73 hb-merge --table t deltas
    [[ $stderr == *"table 't': another hb-merge writes to it"* ]]
    cat deltas >in
    cat <&6 >/dev/null
    ended first 0
    exec 6<&-
    [ "$(hb-ckpt hash t)" = "$(hb-ckpt hash alone)" ]
    hb-merge --table t deltas >/dev/null # the lock went with its owner; these are duplicates
    [ "$(hb-ckpt hash t)" = "$(hb-ckpt hash alone)" ]
}

@test "commits to a full disk are 74" {
    [ -e /dev/full ] || skip "no /dev/full"
    first_round t
    refused 74 bash -c 'hb-merge --table t deltas >/dev/full'
}

@test "a replica says that it is one, and does the same" {
    first_round t
    cp t r
    hb-merge --table t deltas >/dev/null
    hb-merge --table r --replica deltas | hb-frame decode | grep -q '"role":"replica"'
    [ "$(hb-ckpt hash r)" = "$(hb-ckpt hash t)" ]
}

@test "the lock is on a part of the table, and holds by any path to it" {
    local one path=t
    first_round t
    hb-frame decode <deltas | sed '$a{"type":"SHUTDOWN","job":0}' | hb-frame encode >all
    cp t u
    hb-merge --table u deltas >/dev/null
    one=$(hb-ckpt hash u)
    exec 5<>t # the path that hb-train gives its mergers
    [ ! -e "/proc/$BASHPID/fd/5" ] || path=/proc/$BASHPID/fd/5
    mkfifo late commits others
    exec 7<>late 8<>commits
    spawn merge hb-merge --table "$path" late >&8
    timeout "$LIMIT" head -c 32 <&8 >/dev/null # HELLO: it has the table
    unmoved 73 "another hb-merge writes to it" t deltas
    refused 73 hb-merge --table t --replica deltas
    cat all >&7
    ended merge 0
    [ "$(hb-ckpt hash t)" = "$one" ]
    # parts of their own
    table p 42 2
    exec 8<>others
    spawn part hb-merge --table p --part 0/2 late >&8
    timeout "$LIMIT" head -c 32 <&8 >/dev/null
    hb-merge --table p --part 1/2 deltas >/dev/null
    refused 73 hb-merge --table p --part 0/2 deltas
    cat all >&7
    ended part 0
    [ "$(hb-ckpt hash p)" = "$one" ]
}

@test "parts: mergers of a share each make the same table together" {
    first_round t
    hb-merge --table t deltas >/dev/null
    table p 42 2
    refused 64 hb-merge --table p deltas
    hb-merge --table p --part 0/2 deltas >/dev/null
    refused 65 hb-ckpt hash p # half of it is a round behind
    hb-merge --table p --part 1/2 deltas >/dev/null
    [ "$(hb-ckpt hash p)" = "$(hb-ckpt hash t)" ]
}

@test "--snapshot: a checkpoint of what was merged, to a file or a pipe" {
    first_round t
    cp t u
    hb-merge --table t --snapshot end.hbc deltas >/dev/null
    hb-ckpt verify end.hbc
    [ "$(hb-ckpt hash end.hbc)" = "$(hb-ckpt hash t)" ]
    hb-merge --table u --snapshot - deltas | hb-ckpt save - -o piped.hbc
    cmp end.hbc piped.hbc
    table v
    run --separate-stderr hb-merge --table v --snapshot no/such/folder/x.hbc deltas
    assert_failure 73
    [ "$(hb-ckpt hash v)" = "$(hb-ckpt hash t)" ]
}

@test "a summary is for people: on a terminal, and not when a program reads the commits" {
    skip_unless script
    first_round t
    run script -qec 'hb-merge --table t deltas' /dev/null
    assert_success
    assert_output --partial "INFO merged"
    table t
    run script -qec 'hb-merge --table t deltas | cat >commits' /dev/null
    assert_success
    refute_output --partial "INFO"
    [ -s commits ]
}

@test "a checkpoint is not written to a terminal" {
    skip_unless script
    first_round t
    run script -qec 'hb-merge --table t --snapshot - deltas' /dev/null
    assert_failure 64
    assert_output --partial "terminal"
}
