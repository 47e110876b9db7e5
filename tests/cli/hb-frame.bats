#!/usr/bin/env bats
# hb-frame: tasks, split, decode, encode, and how they refuse.
load common
load pipes
# shellcheck disable=SC2016,SC2030,SC2031,SC2094 # bash -c; each test is a subshell; names of files

COMMIT1='{"type":"COMMIT","job":1,"generation":1,"iteration":16,"nodes":0,"records":0,"record_bytes":0,"tasks":4,"duplicates":0}'
COMMIT2='{"type":"COMMIT","job":2,"generation":2,"iteration":32,"nodes":0,"records":0,"record_bytes":0,"tasks":4,"duplicates":0}'
SHUTDOWN='{"type":"SHUTDOWN","job":0}'

@test "help and version are on stdout, for the tool and each command" {
    local command
    run --separate-stderr hb-frame --help
    assert_success
    assert_output --partial "usage: hb-frame tasks"
    [ -z "$stderr" ]
    for command in tasks split decode encode; do
        run --separate-stderr hb-frame "$command" --help
        assert_success
        assert_output --partial "usage: hb-frame $command"
    done
    run --separate-stderr hb-frame --version
    assert_success
}

@test "wrong use is 64" {
    refused 64 hb-frame
    refused 64 hb-frame frobs
    refused 64 hb-frame tasks
    refused 64 hb-frame tasks --config "$KUHN" --first 0
    refused 64 hb-frame tasks --config "$KUHN" --count 1
    refused 64 hb-frame tasks --config "$KUHN" --first 0 --count 0
    refused 64 hb-frame tasks --config "$KUHN" --first x --count 1
    refused 64 hb-frame tasks --config "$KUHN" --first 0 --count 1 --batch-size 0
    refused 64 hb-frame tasks --config "$KUHN" --first 0 --count 1 more
    refused 64 hb-frame split
    refused 64 hb-frame decode file
    refused 64 hb-frame encode --frobs
}

# ---- tasks ----

@test "tasks: HELLO, the round in batches with job numbers from 0, SHUTDOWN" {
    tasks 0 6 >todo
    run hb-frame decode <todo
    assert_success
    assert_line --index 0 --partial '"type":"HELLO","job":0,"protocol_min":1,"protocol_max":1,"role":"tasks"'
    assert_line --index 1 '{"type":"TASK","job":0,"generation":0,"first":0,"count":6}'
    assert_line --index 2 '{"type":"TASK","job":1,"generation":0,"first":6,"count":6}'
    assert_line --index 3 '{"type":"TASK","job":2,"generation":0,"first":12,"count":4}'
    assert_line --index 4 "$SHUTDOWN"
    [ "${#lines[@]}" -eq 5 ]
}

@test "tasks: a later round has its generation; the seed is in HELLO alone" {
    tasks 32 100 7 >todo
    run hb-frame decode <todo
    assert_line --index 0 --partial '"seed":7}'
    assert_line --index 1 '{"type":"TASK","job":0,"generation":2,"first":32,"count":16}'
}

@test "tasks: an iteration inside a round is 64 and the next boundary is named" {
    refused 64 hb-frame tasks --config "$KUHN" --first 17 --count 1
    says "the next that does is 32"
}

@test "tasks: rounding up to whole rounds is said" {
    run --separate-stderr hb-frame tasks --config "$KUHN" --first 0 --count 3 >/dev/null
    assert_success
    says "iterations 0 to 15: 3 are rounded up to whole rounds"
    hb-frame tasks --config "$KUHN" --first 0 --count 16 2>said >/dev/null
    [ ! -s said ]
}

@test "tasks: several rounds need --commits" {
    refused 64 hb-frame tasks --config "$KUHN" --first 0 --count 17
    says "--commits"
}

@test "tasks: bad configurations" {
    refused 66 hb-frame tasks --config none.yaml --first 0 --count 1
    printf 'game: %s\nfrobs: 1\n' "$GAMES/kuhn.game" >bad.yaml
    refused 78 hb-frame tasks --config bad.yaml --first 0 --count 1
    says frobs
    printf 'GAMEDEF\n' >bad.game
    printf 'game: bad.game\n' >bad.yaml
    refused 65 hb-frame tasks --config bad.yaml --first 0 --count 1
    refused 66 hb-frame tasks --config "$KUHN" --first 0 --count 99 --commits none
}

@test "tasks: a round waits for the commit of the one before, from every merge" {
    local line one
    tasks 0 16 >mine
    hello_and mine "$COMMIT1" >commits
    one=$(wc -c <commits)
    hello_and mine "$COMMIT1" "$COMMIT2" >commits
    mkfifo lines c1 c2
    spawn feed bash -c "hb-frame tasks --config '$KUHN' --first 0 --count 32 --batch-size 16 \
        --commits c1 --commits c2 | hb-frame decode >lines; exit \${PIPESTATUS[0]}"
    exec 7>c1 8>c2 9<lines
    read -r -t "$LIMIT" line <&9
    [[ $line == *HELLO* ]]
    read -r -t "$LIMIT" line <&9
    [ "$line" = '{"type":"TASK","job":0,"generation":0,"first":0,"count":16}' ]
    head -c "$one" commits >&7
    run ! read -r -t 1 line <&9 # the other merge is not done yet
    cat commits >&8
    read -r -t "$LIMIT" line <&9
    [ "$line" = '{"type":"TASK","job":1,"generation":1,"first":16,"count":16}' ]
    run ! read -r -t 1 line <&9 # no SHUTDOWN before the last round is merged
    tail -c +"$((one + 1))" commits >&7
    read -r -t "$LIMIT" line <&9
    [ "$line" = "$SHUTDOWN" ]
    ended feed 0
}

@test "tasks: what is wrong with a commit stream is told" {
    local t=(hb-frame tasks --config "$KUHN" --first 0 --count 16 --commits)
    tasks 0 16 >mine
    tasks 0 16 7 >other
    : >empty
    run --separate-stderr "${t[@]}" empty
    assert_failure 65
    says "'empty' ends before the commit of round 0"
    hello_and mine >hello
    run --separate-stderr "${t[@]}" hello
    assert_failure 65
    hello_and other "$COMMIT1" >seed
    run --separate-stderr "${t[@]}" seed
    assert_failure 65
    says "'seed': the merge has another seed: 7, here it is 42"
    hello_and mine "${COMMIT1/\"generation\":1/\"generation\":4}" >later
    run --separate-stderr "${t[@]}" later
    assert_failure 65
    says "commits generation 4"
    hello_and mine '{"type":"ERROR","job":0,"code":-12,"text":"no space"}' >error
    run --separate-stderr "${t[@]}" error
    assert_failure 74
    says "'error': the merge reports: no space"
    run --separate-stderr "${t[@]}" mine
    assert_failure 65
    says "where a commit was expected"
    hello_and mine "$COMMIT1" >good
    run "${t[@]}" good
    assert_success
    flip good 40
    run --separate-stderr "${t[@]}" good
    assert_failure 65
    says "damaged"
}

@test "tasks: ends when nobody reads the tasks any more, also while it waits" {
    mkfifo commits
    spawn feed bash -c "hb-frame tasks --config '$KUHN' --first 0 --count 99 --commits commits |
        head -c 40 >/dev/null; exit \${PIPESTATUS[0]}"
    exec 7>commits
    ended feed 74
}

# ---- split ----

@test "split: tasks in turn, HELLO and SHUTDOWN to all, each stream numbered by itself" {
    tasks 0 4 >todo
    touch a b c
    hb-frame split a b c <todo
    hb-frame decode <a >a.json
    hb-frame decode <b >b.json
    hb-frame decode <c >c.json
    [ "$(grep -o '"job":[1-9]\|HELLO\|SHUTDOWN' a.json | tr '\n' ' ')" = 'HELLO "job":3 SHUTDOWN ' ]
    [ "$(grep -c TASK a.json) $(grep -c TASK b.json) $(grep -c TASK c.json)" = "2 1 1" ]
    grep -q '"first":4' b.json
    grep -q '"first":8' c.json
    cmp <(head -n 1 a.json) <(head -n 1 c.json)
    [ "$(tail -qn 1 a.json b.json c.json | sort -u)" = "$SHUTDOWN" ]
}

@test "split: end of input without SHUTDOWN ends the outputs likewise" {
    tasks 0 4 | hb-frame decode | grep -v SHUTDOWN | hb-frame encode >todo
    touch a b
    hb-frame split a b <todo
    [ "$(hb-frame decode <a | grep -c TASK)" -eq 2 ]
    [ "$(hb-frame decode <a | grep -c SHUTDOWN)" -eq 0 ]
}

@test "split: refuses what is not a stream of tasks" {
    first_round t
    touch a
    refused 65 hb-frame split a </dev/null
    refused 65 hb-frame split a <deltas
    says "where a task was expected"
    refused 65 hb-frame split a <"$KUHN"
    refused 73 hb-frame split a no/such/fifo <todo
    hb-frame decode <todo | tail -n 3 | hb-frame encode >headless
    refused 65 hb-frame split a <headless
    says "HELLO"
    head -c "$(($(wc -c <todo) - 5))" todo >short
    refused 65 hb-frame split a <short
    says "ends inside frame"
    hello_and todo '{"type":"ERROR","job":0,"code":-4,"text":"why"}' >error
    refused 65 hb-frame split a <error
    says "why"
}

@test "split: ends when a worker is gone, also while it waits for tasks" {
    tasks 0 4 | hb-frame decode | grep -v SHUTDOWN | hb-frame encode >todo
    mkfifo in a b
    cat a >a.out 3>&- &
    BG+=($!)
    exec 7<>in
    spawn split hb-frame split a b <in
    cat todo >&7
    head -c 40 b >/dev/null # a worker that reads a little and dies
    ended split 74
    grep -q "'b'" split.err
}

# ---- decode, encode ----

@test "encode is the inverse of decode: tasks, deltas, commits, errors" {
    local f
    first_round t
    hb-merge --table t deltas >commits
    hb-worker --table t <todo >errors 2>/dev/null || [ $? = 65 ] # for generation 0, the table is at 1
    hb-frame decode <errors | tail -n 1 | grep -q '"type":"ERROR","job":0,"code":-4'
    for f in todo deltas commits errors; do
        hb-frame decode <$f >$f.json
        hb-frame encode <$f.json >again
        cmp $f again
    done
}

@test "decode: every field of a result" {
    first_round t
    run hb-frame decode <deltas
    assert_line --index 1 --regexp '^\{"type":"DELTA","job":0,"generation":0,"first":0,"count":4,"nodes":[0-9]+,"n_records":[0-9]+,"record_bytes":[0-9]+,"kind":"inline","records":\[\{"row":[0-9]+,"kind":"(regret|strategy)","values":\[-?[0-9]+,-?[0-9]+\]\}'
}

@test "decode, encode: compact results, by hand too, and blocks that another program has made" {
    local head='{"type":"DELTA","job":1,"generation":0,"first":0,"count":1,"nodes":1,"n_records":2,"record_bytes":24,"kind":"compact","compress":"varint","records":['
    local a='{"row":6,"kind":"regret","values":[-1,2]}' b='{"row":0,"kind":"strategy","values":[5,0]}'
    echo "$head$a,$b]}" >line # not sorted: what comes out is
    hb-frame encode <line >frames
    [ "$(hb-frame decode <frames)" = "$head$b,$a]}" ]
    # "the next row" written as a difference: no encoder of ours would
    blocks='020000000200000002000000020000000400000004000000''2622''0003''05000104'
    echo "$head$b,$a],\"bytes\":\"$blocks\"}" >line
    hb-frame encode <line >frames
    hb-frame decode <frames | cmp - line
    echo "$head$a,$b],\"bytes\":\"$blocks\"}" >line
    refused 65 hb-frame encode <line
    says "line 1: DELTA: field 'bytes' has other records than the line"
}

@test "decode: numbers that JSON readers would round are strings, and come back" {
    tasks 0 16 18446744073709551615 >todo
    hb-frame decode <todo >lines
    grep -q '"seed":"18446744073709551615"' lines
    hb-frame encode <lines | cmp - todo
}

@test "decode: a cut or damaged stream is 65, after what was whole" {
    first_round t
    head -c "$(($(wc -c <todo) - 1))" todo >short
    run --separate-stderr hb-frame decode <short
    assert_failure 65
    [ "${#lines[@]}" -eq 5 ]
    says "ends inside frame"
    cp todo bad
    flip bad "$(($(wc -c <todo) - 40))"
    run --separate-stderr hb-frame decode <bad
    assert_failure 65
    says "damaged"
    [ "${#lines[@]}" -ge 4 ]
    refused 65 hb-frame decode <"$KUHN"
    says "not a stream of frames"
    run hb-frame decode </dev/null
    assert_success
    [ -z "$output" ]
}

@test "encode: a bad line is 65 and named" {
    printf '%s\n\n%s\n' "$SHUTDOWN" '{"type":"TASK","job":0}' >lines
    run --separate-stderr hb-frame encode <lines >/dev/null
    assert_failure 65
    says "line 3: TASK: field 'generation' is missing"
    refused 65 hb-frame encode <"$KUHN"
    says "line 1: not a JSON object"
    printf '%s' "$SHUTDOWN" | hb-frame encode | hb-frame decode >again # no line end
    [ "$(cat again)" = "$SHUTDOWN" ]
}

@test "a closed pipe or a full disk is 74" {
    first_round t
    for ((i = 0; i < 400; i++)); do hb-frame decode <deltas | sed -n 2p; done >many
    run bash -c 'hb-frame encode <many | true; exit ${PIPESTATUS[0]}'
    assert_failure 74
    hb-frame encode <many >frames
    run bash -c 'hb-frame decode <frames | true; exit ${PIPESTATUS[0]}'
    assert_failure 74
    [ -e /dev/full ] || skip "no /dev/full"
    refused 74 bash -c 'hb-frame decode <todo >/dev/full'
    refused 74 bash -c 'hb-frame encode <many >/dev/full'
    refused 74 hb-frame split /dev/full <todo
    refused 74 bash -c "hb-frame tasks --config '$KUHN' --first 0 --count 16 >/dev/full"
}

@test "frames are not written to a terminal" {
    skip_unless script
    run script -qec "hb-frame tasks --config '$KUHN' --first 0 --count 16" /dev/null
    assert_failure 64
    assert_output --partial "terminal"
    run script -qec "hb-frame encode </dev/null" /dev/null
    assert_failure 64
    assert_output --partial "terminal"
}
