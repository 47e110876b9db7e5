#!/usr/bin/env bats
# hb-bucket check: every promise of hb_plugin.h that a plugin can break is found broken, and the call
# that did it is named.
# shellcheck disable=SC2030,SC2031,SC2154 # run sets them, each test for itself
load common

HOSTILE=$B/tests/plugins/hostile
CRASHED="(crashed: signal [0-9]+|ended the process with exit code 1)" # the latter by a sanitizer

check() { # PLUGIN ARGS [OPTION...]: on the flop of the built-in deck; patient, for sanitizers take their time
    local plugin=$1 args=$2
    shift 2
    run --separate-stderr hb-bucket check "$plugin" --args "$args" --plugin-path "$HOSTILE" \
        --street flop --timeout "${TIMEOUT:-60}" "$@"
}

finds() { # CHECK ARGS REGEX: the naughty plugin fails CHECK with a detail like REGEX, exit 1
    check "${PLUGIN:-naughty}" "$2"
    assert_failure 1
    assert_line --regexp '^\{"check":"'"$1"'","street":(null|"flop"),"result":"fail","detail":"[^"]*'"$3"
    [[ $stderr == *"FAILED $1"* ]]
}

finds_only() { # as finds, and nothing else is wrong
    finds "$@"
    [ "$(grep -c '"result":"fail"' <<<"$output")" = 1 ]
}

@test "a plugin that keeps its promises passes, direct and feature" {
    check naughty ""
    assert_success
    refute_output --partial '"fail"'
    for name in load create arguments range allocation determinism symmetry threads descriptors \
        memory process output signals locale rounding starts; do
        assert_line --partial "{\"check\":\"$name\""
    done
    assert_line --regexp '"range","street":"flop","result":"pass","detail":"21150 hands of 21150 in 10 buckets","calls":21150,"median_s":[0-9.e-]+,"max_s":[0-9.e-]+}$'
    check naughty_vectors ""
    assert_success
    refute_output --partial '"fail"'
    assert_line --partial '{"check":"features"'
    assert_line --partial '{"check":"vectors"'
}

@test "a crash while it is loaded" {
    run --separate-stderr hb-bucket check "$HOSTILE/crash_on_load.so"
    assert_failure 1
    assert_output --regexp '"check":"load","street":null,"result":"fail","detail":"loading it '"$CRASHED"
}

@test "what is no plugin fails to load, a file that is not there is 69" {
    run --separate-stderr hb-bucket check wrong_abi --plugin-path "$B/tests/plugins"
    assert_failure 1
    assert_output --partial 'made for ABI 2, this hb has 1'
    run --separate-stderr hb-bucket check no_table --plugin-path "$B/tests/plugins"
    assert_failure 1
    refused 69 hb-bucket check nothere
    refused 69 hb-bucket check nothere.so
    [[ $stderr == *"'nothere.so' is neither a name nor an absolute path"* ]]
    refused 69 hb-bucket check /nonexistent/x.so
}

@test "a crash in create" { finds create crash-create "create\(flop, 'crash-create'\) $CRASHED"; }
@test "a hang in create" { TIMEOUT=3 finds create hang-create "create\(flop, 'hang-create'\) did not return within 3 s"; }
@test "an exit in create" { finds create exit-create "create\(flop, 'exit-create'\) ended the process with exit code 3"; }
@test "a crash in bucket" { finds_only range crash-bucket "bucket\(flop, 3\) $CRASHED"; }
@test "a hang in bucket" { TIMEOUT=3 finds_only range hang-bucket 'bucket\(flop, 3\) did not return within 3 s'; }
@test "an exit in bucket" { finds_only range exit-bucket 'bucket\(flop, 3\) ended the process with exit code 3'; }
@test "a crash in destroy" { finds_only determinism crash-destroy "destroy\(\) on the flop $CRASHED"; }
@test "a crash in vectors" { PLUGIN=naughty_vectors finds_only vectors crash "vectors\(flop, board 0\) $CRASHED"; }

@test "a refusal without a reason" { finds create silent 'refuses without a reason'; }
@test "a message beyond its bounds" { finds_only arguments loose "writes beyond its message's bounds"; }
@test "a street that is refused is skipped, all of them are a failure" {
    check naughty refuses
    assert_failure 1
    assert_line --partial '"result":"skip","detail":"refuses: not this"'
    assert_line --partial '"create","street":null,"result":"fail","detail":"no street is accepted'
    run --separate-stderr hb-bucket check ochs --samples 200
    assert_success
    [ "$(grep -c '"result":"skip"' <<<"$output")" = 3 ]
}

@test "a bucket that is not there" { finds_only range range 'bucket\(flop, 3\) is 10 but buckets\(\) is 10'; }
@test "no buckets" { finds_only range no-buckets 'buckets\(flop\) is 0 for 21150 hands'; }
@test "buckets() that changes" { finds_only range grows 'buckets\(flop\) was 10'; }
@test "an identity that is announced and is none" { finds_only range liar 'though the identity is announced'; }
@test "another answer at the second time" { finds determinism moody 'bucket\(flop, 3\) was [0-9] and is [0-9] when asked again'; }
@test "another answer by bucket_n" { finds_only determinism batch 'bucket\(flop, 3\) was [0-9] and is [0-9] by bucket_n'; }
@test "another answer from a second instance" { finds determinism second 'from a second instance'; }
@test "another answer in another process" { finds_only process process 'in another process'; }
@test "arguments that are kept by their address" { finds determinism kept 'when asked again'; }
@test "threads that disturb each other" { finds_only threads race 'when several threads ask at once'; }
@test "suits that matter" { finds_only symmetry suits 'when other cards of the same canonical hand are shown'; }

@test "vectors: a distance that is none" { PLUGIN=naughty_vectors finds_only features distance "no distance 'taxi'"; }
@test "vectors: rounds apart" { PLUGIN=naughty_vectors finds_only features rounds 'rounds apart are announced'; }
@test "vectors: a shape that changes" { PLUGIN=naughty_vectors finds_only features shapes 'changes from call to call'; }
@test "vectors: bytes that are not written" { PLUGIN=naughty_vectors finds_only vectors unwritten 'board 0\) leaves bytes unwritten'; }
@test "vectors: bytes behind them" { PLUGIN=naughty_vectors finds_only vectors behind 'writes behind its vectors'; }
@test "vectors: histograms of unequal totals" { PLUGIN=naughty_vectors finds_only vectors totals 'another total than the first'; }
@test "vectors: other numbers each time" { PLUGIN=naughty_vectors finds_only vectors moody 'gives other numbers each time'; }
@test "vectors: a call that fails" { PLUGIN=naughty_vectors finds_only vectors fails 'vectors\(flop, board 0\) fails'; }
@test "vectors: suits that matter" { PLUGIN=naughty_vectors finds_only symmetry suits 'vectors\(flop, board [0-9]+\) differ when other cards'; }
@test "vectors: threads that disturb each other" { PLUGIN=naughty_vectors finds_only threads race 'differ when several threads ask at once'; }

@test "descriptors that are left open" { finds_only descriptors leaks-fd '12 descriptors more are open after 12 times'; }

heap_seen() { # how memory was checked; skips where malloc does not tell
    check naughty ""
    grep -q '"check":"memory".*cannot be seen' <<<"$output" && skip "malloc does not say what is allocated"
    return 0
}
@test "memory that is left on the heap" { heap_seen && finds_only memory leaks-heap 'leaves [0-9]+ bytes on the heap'; }
@test "instances that are not freed" { heap_seen && finds_only memory leaks-instance 'leaves [0-9]+ bytes on the heap'; }
@test "memory that stays mapped" { heap_seen && finds_only memory leaks-map 'leaves 1048576 bytes mapped'; }
@test "allocations of bucket" { heap_seen && finds allocation allocates 'left [0-9]+ bytes on the heap'; }

@test "something printed, at once and from a buffer, and something read" {
    finds_only output complains "create\(flop, 'complains'\) read or wrote descriptor 0, 1 or 2: 'hello'"
    finds_only output prints "create\(flop, 'prints'\) .*: 'hello from a plugin '"
    finds output prints-late "bucket\(flop, 21149\), or an earlier call of it, .*: 'late'"
    finds_only output listens "create\(flop, 'listens'\) read or wrote"
}
@test "signals" {
    finds_only signals handles "create\(flop, 'handles'\) changed what signals do"
    finds_only signals blocks "create\(flop, 'blocks'\)"
}
@test "the locale" {
    locale -a 2>/dev/null | grep -qi '^C.utf-\?8$' || skip "no other locale than C"
    finds_only locale locale "create\(flop, 'locale'\) changed the locale"
}
@test "rounding" { finds_only rounding rounding "create\(flop, 'rounding'\) changed the modes"; }
@test "threads that are started" {
    [ -r /proc/self/status ] || skip "threads cannot be counted here"
    finds starts starts "create\(flop, 'starts'\) left other threads running"
}

@test "a hanging plugin does not outlive a check that is killed" {
    skip_unless nm
    nm -D "$HB_BIN/hb-bucket" | grep -q prctl || skip "the system cannot end a process with its parent"
    mkfifo alive out
    hb-bucket check naughty --args hang-bucket --plugin-path "$HOSTILE" --street flop 9>alive >out 2>&1 3>&- &
    BG+=($!)
    exec 8<alive 7<out
    while read -r line <&7; do
        case $line in *'"arguments"'*) break ;; esac
    done
    kill -KILL $!
    cat <&8 # until nobody holds it
}

@test "the plugins that come with hb pass on several decks" {
    local game
    for game in leduc kuhn leduc52; do
        run --separate-stderr hb-bucket check ehs --args k=2 --game "$GAMES/$game.game" --samples 500
        assert_success
        run --separate-stderr hb-bucket check lossless --game "$GAMES/$game.game" --samples 500
        assert_success
        run --separate-stderr hb-bucket check lossless --args recall=perfect --game "$GAMES/$game.game" --samples 500
        assert_success
        run --separate-stderr hb-bucket check emd --game "$GAMES/$game.game" --samples 500
        assert_success
    done
    for args in "" bins=20; do
        run --separate-stderr hb-bucket check emd --args "$args" --samples 500
        assert_success
    done
    for args in k=10 k=10,power=2; do
        run --separate-stderr hb-bucket check ehs --args "$args" --samples 500
        assert_success
    done
    run --separate-stderr hb-bucket check potential --samples 500
    assert_success
    [ "$(grep -c '"result":"skip"' <<<"$output")" = 1 ] # the last street
    run --separate-stderr hb-bucket check ochs --args k=10,clusters=4 --samples 500
    assert_success
}

@test "the example plugins pass" {
    skip_unless make cc
    mkdir -p tree/lib tree/examples # as a user does who has not installed hb
    ln -s "$ROOT/lib/abstraction" tree/lib/abstraction
    for name in madehand:plugin-madehand suits:plugin-feature; do
        cp -R "$ROOT/examples/${name#*:}" tree/examples
        env -u MAKEFLAGS -u MAKELEVEL -u CFLAGS PKG_CONFIG_LIBDIR="$PWD" make -s -C "tree/examples/${name#*:}"
        run --separate-stderr hb-bucket check "$PWD/tree/examples/${name#*:}/${name%%:*}.so" --samples 500
        assert_success
    done
}

@test "wrong use is 64, a full disk 74" {
    refused 64 hb-bucket check
    refused 64 hb-bucket check a b
    refused 64 hb-bucket check ehs --samples 0
    refused 64 hb-bucket check ehs --timeout 0
    refused 64 hb-bucket check ehs --street fifth
    refused 64 hb-bucket check ehs --street turn --game "$GAMES/leduc.game"
    refused 64 hb-bucket check ehs --args "$(printf 'x%.0s' {1..600})"
    refused 66 hb-bucket check ehs --game nothere.game
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'hb-bucket check lossless --samples 10 >/dev/full'
    assert_failure 74
}
