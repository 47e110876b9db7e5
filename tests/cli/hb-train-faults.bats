#!/usr/bin/env bats
# hb-train when processes die, hang or are told to stop, and when the disk says no. Nothing here waits
# for time to pass: what must happen at some point of a run is tied to a byte of a stream.
# shellcheck disable=SC2030,SC2031 # each test is a shell of its own
load common
load train

STRAIGHT_ITERS=12000

# straight: the run that all others must equal
setup() {
    common_setup
    config leduc
    train straight --iters $STRAIGHT_ITERS --num-workers 2
}

full() { # DIR [OPTION...]: the same run in another way
    train "$1" --iters $STRAIGHT_ITERS "${@:2}"
}

# until_equal DIR: go on after a stop until the run is done, then compare.
until_equal() {
    local dir=$1 rc=75 tries=0
    shift
    while [ "$rc" = 75 ]; do
        tries=$((tries + 1))
        [ $tries -lt 20 ] || return 1
        rc=0
        full "$dir" --resume-from latest "$@" || rc=$?
    done
    [ "$rc" = 0 ] || return 1
    same straight "$dir"
}

# run_alive COMMAND...: run it; the end of its last process is the end of this call. $rc is its code.
run_alive() {
    mkfifo alive
    rc=0
    "$@" 8>alive &
    local pid=$!
    exec 7<alive
    wait "$pid" || rc=$?
    read -r -u 7 _ || true # end of file: nobody holds it any more
    exec 7<&-
    rm alive
}

# ---- workers ----

@test "a worker killed while its result is being read: repeated by another, same bits" {
    faulty_programs
    local dir hello transport
    hello=$(hello_bytes)
    for transport in segments frames "frames --compress varint"; do
        dir=${transport##* }
        order hb-worker kill 0                # before it said anything
        order hb-worker kill 7                # inside HELLO
        order hb-worker kill "$hello"         # between frames
        order hb-worker kill $((hello + 1))   # the first byte of a result
        order hb-worker kill $((hello + 100)) # in the midst of one
        # shellcheck disable=SC2086 # an option and its value
        run --separate-stderr hb-train --config run.yaml --logdir "$dir" --iters $STRAIGHT_ITERS \
            --round-size 560 --batch-size 20 --num-workers 3 --transport $transport
        assert_success
        says "was killed by signal 9"
        [ "$(metric "$dir" .workers_replaced)" = 5 ]
        [ "$(metric "$dir" .restores)" = 0 ]
        same straight "$dir"
    done
}

@test "workers killed one after another in many rounds never cost more than a task" {
    faulty_programs
    local hello i
    hello=$(hello_bytes)
    for i in 1 2 3 4 5 6 7 8 9 10; do
        order hb-worker kill $((hello + 300 * i))
    done
    full a --num-workers 2
    [ "$(metric a .workers_replaced)" = 10 ]
    [ "$(metric a .restores)" = 0 ]
    [ "$(metric a '.tasks > 100 and (.worker_tasks | min > 0)')" = true ]
    same straight a
}

@test "all workers killed at once are all replaced" {
    faulty_programs
    local i
    for i in {1..16}; do
        order hb-worker kill 3
    done
    full a --num-workers 16
    [ "$(metric a .workers_replaced)" = 16 ]
    same straight a
}

@test "the order in which results arrive does not matter" {
    faulty_programs
    local dir i transport
    for transport in frames segments "frames --compress zstd"; do
        dir=${transport##* }
        for i in 1 3; do # slow ones among fast ones, another place each time
            order hb-worker slow 0
        done
        # shellcheck disable=SC2086 # an option and its value
        full "$dir" --num-workers 4 --transport $transport
        [ "$(metric "$dir" '(.worker_tasks | max) > (.worker_tasks | min)')" = true ]
        same straight "$dir"
    done
}

@test "a worker that hangs is replaced after --task-timeout" {
    faulty_programs
    local hello
    hello=$(hello_bytes)
    order hb-worker hang
    order hb-worker stop $((hello + 50))
    run --separate-stderr hb-train --config run.yaml --logdir a --iters $STRAIGHT_ITERS \
        --round-size 560 --batch-size 20 --num-workers 3 --task-timeout 1
    assert_success
    says "no result within 1 s"
    [ "$(metric a '.workers_replaced >= 2')" = true ]
    same straight a
}

@test "a worker that is killed takes along what it started, even what its end sets free" {
    faulty_programs
    mv bin/hb-worker bin/good
    cat >bin/hb-worker <<'EOF'
#!/usr/bin/env bash
bin=${0%/*}
if mkdir "$bin/once" 2>/dev/null; then # deaf, with a child that would stay
    cat <>"$bin/quiet" &
    kill -STOP $$
elif mkdir "$bin/twice" 2>/dev/null; then # ends its output, and does not end
    exec >&-
    read -r _ <>"$bin/quiet"
fi
exec "$bin/good" "$@"
EOF
    chmod +x bin/hb-worker
    mkfifo bin/quiet
    run_alive full a --num-workers 2 --task-timeout 4 # enough for a good one on a busy machine
    [ "$rc" = 0 ]
    [ "$(metric a .workers_replaced)" = 2 ]
    same straight a
}

@test "a worker that talks nonsense is replaced" {
    faulty_programs
    mv bin/hb-worker bin/good
    cat >bin/hb-worker <<'EOF'
#!/usr/bin/env bash
bin=${0%/*}
! mkdir "$bin/once" 2>/dev/null || { head -c 500 /dev/zero; exec cat; }
exec "$bin/good" "$@"
EOF
    chmod +x bin/hb-worker
    full a --num-workers 2
    [ "$(metric a .workers_replaced)" = 1 ]
    same straight a
}

@test "workers that always die end the run with 70 and the reason, and no process stays" {
    faulty_programs
    printf '#!/bin/sh\nexit 3\n' >bin/hb-worker
    run_alive full a --num-workers 2 2>err
    [ "$rc" = 70 ]
    grep -q "ended with exit code 3" err
    printf '#!/bin/sh\nkill -SEGV $$\n' >bin/hb-worker
    run_alive full b --num-workers 2 2>err
    [ "$rc" = 70 ]
    grep -q "killed by signal 11" err
}

@test "a missing program, or one that cannot be executed, is 69 with its name" {
    faulty_programs
    chmod -x bin/hb-worker
    refused 69 full a
    says "bin/hb-worker'"
    printf '\177ELFnonsense' >bin/hb-worker
    chmod +x bin/hb-worker
    refused 69 full a
    rm bin/hb-worker
    refused 69 full a
    says "bin/hb-worker'"
    rm bin/hb-merge
    refused 69 full a
    says "bin/hb-merge'"
}

# ---- mergers ----

@test "a merger killed in mid-round: restored from the start, or from the newest checkpoint" {
    faulty_programs
    order hb-merge eat 20000
    run --separate-stderr hb-train --config run.yaml --logdir a --iters $STRAIGHT_ITERS \
        --round-size 560 --batch-size 20 --num-workers 3
    assert_success
    says "merger 0 was killed by signal 9"
    says "restored to iteration 0 from the start"
    [ "$(metric a .restores)" = 1 ]
    [ "$(metric a '.iter_per_s >= 0 and .iter_per_s < 1e9')" = true ]
    same straight a
    full b --iters 6000 --transport frames
    order hb-merge eat 9000
    run --separate-stderr hb-train --config run.yaml --logdir b --iters $STRAIGHT_ITERS \
        --round-size 560 --batch-size 20 --resume-from latest --transport frames
    assert_success
    says "restored to iteration 6"
    same straight b
    [ "$(metric b .nodes)" = "$(metric straight .nodes)" ]
    # resumed from elsewhere, and lost before its own first checkpoint
    full c --iters 6000
    order hb-merge eat 9000
    run --separate-stderr hb-train --config run.yaml --logdir d --iters $STRAIGHT_ITERS \
        --round-size 560 --batch-size 20 --resume-from c/checkpoints/latest.hbc
    assert_success
    says "restored to iteration 6"
    says "from c/checkpoints/latest.hbc"
    same straight d
}

@test "a merger killed while it says that a round is merged" {
    faulty_programs
    local hello
    hb-ckpt init --config run.yaml -o t.table
    hello=$("$HB_BIN/hb-merge" --table t.table /dev/null 2>/dev/null | wc -c)
    order hb-merge kill 0
    order hb-merge kill $((hello + 1))   # first commit, cut
    order hb-merge kill $((hello + 333)) # a later one
    full a --num-workers 2
    [ "$(metric a .restores)" = 3 ]
    same straight a
}

@test "a merger that hangs is replaced after --task-timeout" {
    faulty_programs
    order hb-merge stop 200
    full a --num-workers 2 --task-timeout 4
    [ "$(metric a .restores)" = 1 ]
    same straight a
}

@test "mergers that always die end the run with 70, and no process stays" {
    faulty_programs
    printf '#!/bin/sh\nexit 9\n' >bin/hb-merge
    run_alive full a --num-workers 2 2>err
    [ "$rc" = 70 ]
    grep -q "merger 0 ended with exit code 9" err
}

# ---- signals ----

@test "SIGTERM and SIGINT finish the round, checkpoint, exit 75; resumed: the same bits" {
    faulty_programs
    local sig
    for sig in TERM INT; do
        order hb-worker $sig 3000
        run --separate-stderr full $sig --num-workers 2
        assert_failure 75
        says "stopped at iteration"
        says "go on with --resume-from latest"
        hb-ckpt verify $sig/checkpoints/latest.hbc
        [ "$(hb-ckpt info $sig/checkpoints/latest.hbc | jq .iterations)" -gt 0 ]
        full $sig --resume-from latest --num-workers 3
        same straight $sig
    done
}

@test "SIGTERM at any of many moments: 75 or done, the same bits after resuming" {
    faulty_programs
    local i dir=''
    RANDOM=${HB_SEED:-4711}
    for i in {1..8}; do
        dir=r$i
        order hb-worker TERM $((RANDOM % 60000))
        order hb-worker TERM $((RANDOM % 60000))
        full "$dir" --num-workers $((RANDOM % 4 + 1)) 2>err || [ $? = 75 ]
        until_equal "$dir" --num-workers $((RANDOM % 4 + 1)) --transport frames 2>>err || {
            cat err
            return 1
        }
        rm -f faults/hb-worker/*
    done
}

@test "SIGTERM before the first round ends at once with 75, also while buckets are built" {
    printf '%s\n' "game: $GAMES/leduc.game" \
        "cards: {preflop: {plugin: misbehaves, args: \"fifo=$PWD/gate\"}, flop: {plugin: lossless}}" >run.yaml
    local pid rc=0
    gated --config run.yaml --logdir a --iters 1000 --plugin-path "$B/tests/plugins" 2>err
    [ -n "$(find a -name 'buckets-*.tmp.*')" ]
    kill -TERM "$pid"
    wait "$pid" || rc=$?
    exec 6>&-
    [ $rc = 75 ]
    grep -q "resume-from latest" err
    # the next one begins again and removes what was half-written
    gated --config run.yaml --logdir a --iters 1000 --plugin-path "$B/tests/plugins" -q \
        --resume-from latest 2>err
    exec 6>&-
    wait "$pid"
    [ -z "$(find a -name '*.tmp*')" ]
    hb-ckpt verify a/checkpoints/latest.hbc
}

@test "a second SIGTERM aborts at once with 75, whatever the workers are doing" {
    faulty_programs
    local hello
    hello=$(hello_bytes)
    full a --iters 3000
    order hb-worker TERM2 $((hello + 10)) # in the midst of a result, which never becomes whole
    sed -i 's/exec cat; } ;;$/exec cat >swallowed; } ;;/' bin/hb-worker
    rc=0
    run_alive full a --resume-from latest --num-workers 2 2>err
    [ "$rc" = 75 ]
    cat err
    hb-ckpt verify a/checkpoints/latest.hbc
    cp "$HB_BIN/hb-worker" bin/hb-worker
    full a --resume-from latest
    same straight a
}

@test "signals to the children of a run do not harm it: a supervisor may signal all" {
    faulty_programs
    cat >bin/hb-merge <<EOF
#!/usr/bin/env bash
"$HB_BIN/hb-merge" "\$@" | { dd bs=300 count=1 status=none; kill -TERM -- -\$\$; kill -INT -- -\$\$; kill -USR1 -- -\$\$; exec cat; }
EOF
    cp bin/hb-merge bin/hb-worker
    sed -i 's/hb-merge"/hb-worker"/; s/300/3000/' bin/hb-worker
    full a --num-workers 2
    [ "$(metric a .workers_replaced)" = 0 ]
    [ "$(metric a .restores)" = 0 ]
    same straight a
}

@test "SIGUSR1 makes a checkpoint now and the run goes on" {
    faulty_programs
    order hb-worker USR1 3000
    full a --num-workers 2
    [ "$(find a/checkpoints -name 'iter-*.hbc' | wc -l)" = 2 ]
    hb-ckpt verify a/checkpoints/iter-*.hbc
    same straight a
}

@test "kill -9 of hb-train: the children end by themselves, resuming gives the same bits" {
    faulty_programs
    local transport
    for transport in segments frames; do
        full $transport --iters 3000 --num-workers 2
        order hb-worker KILL 3000
        run_alive full $transport --resume-from latest --num-workers 3 --transport $transport 2>err
        [ "$rc" = 137 ]
        full $transport --resume-from latest --num-workers 2
        same straight $transport
        [ -z "$(find $transport -name 'table.*' -o -name 'segment-*')" ]
    done
}

# ---- checkpoints ----

@test "killed at any system call of a checkpoint: never half-written, latest.hbc always loads" {
    skip_unless strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    export ASAN_OPTIONS=detect_leaks=0 # which is not for traced programs
    config kuhn "snapshot_keep: 2"
    train kuhn --iters 1000
    local call when rc
    for call in fsync rename renameat symlink symlinkat unlink; do
        for when in 1 2 3 4 7; do
            rm -rf a
            rc=0
            strace -qq -o trace -e trace=$call -e "inject=$call:signal=SIGKILL:when=$when" \
                "$HB_BIN/hb-train" --config run.yaml --logdir a --iters 1000 --round-size 560 \
                --batch-size 20 -q --snapshot-interval 0.000001 || rc=$?
            [ $rc != 0 ] || break # so many calls are not made
            [ $rc = 137 ]
            for f in a/checkpoints/*.hbc; do
                [ ! -e "$f" ] || hb-ckpt verify "$f" >/dev/null
            done
            train a --iters 1000 --resume-from latest
            same kuhn a
            [ -z "$(find a -name '*.tmp*')" ]
        done
    done
    [ "$(grep -c . trace)" -ge 0 ]
}

@test "a second SIGTERM while a checkpoint is written ends the run at once, the one before stays" {
    skip_unless strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    export ASAN_OPTIONS=detect_leaks=0
    full a --iters 3000
    cp -r a b
    # fsync 1 and 2 are those of config.yaml, then the checkpoint has two
    run --separate-stderr strace -qq -o trace -e trace=fsync -e "inject=fsync:signal=SIGTERM:when=3+" \
        "$HB_BIN/hb-train" --config run.yaml --logdir a --iters 6000 --round-size 560 -q \
        --resume-from latest
    assert_failure 75
    says "hb-train: stopped; go on with --resume-from latest"
    hb-ckpt verify a/checkpoints/*.hbc
    full a --resume-from latest
    same straight a
    [ -z "$(find a -name '*.tmp*')" ]
}

@test "a kill -9 at any moment of anybody: what is there is whole, what comes out is the same (HB_LONG)" {
    [ -n "${HB_LONG:-}" ] || skip "long: HB_LONG=1"
    faulty_programs
    local i what dir=''
    RANDOM=${HB_SEED:-1234}
    local programs=(hb-worker hb-worker hb-merge) faults=(kill kill KILL TERM eat USR1)
    for i in {1..60}; do
        dir=r$i
        for what in 1 2 3; do
            order "${programs[RANDOM % 3]}" "${faults[RANDOM % 6]}" $((RANDOM * 3 % 70000))
        done
        rc=75
        what=0
        while [ $rc != 0 ]; do
            [ $rc = 75 ] || [ $rc = 137 ]
            what=$((what + 1))
            [ $what -lt 20 ]
            rc=0
            full "$dir" --num-workers $((RANDOM % 4 + 1)) --snapshot-interval 0.0$((RANDOM % 9 + 1)) \
                --resume-from latest 2>err || rc=$?
            # the first start finds no folder
            [ $rc != 66 ] || { rc=75 && mkdir -p "$dir" && : >"$dir/lock"; }
            for f in "$dir"/checkpoints/*.hbc; do
                [ ! -e "$f" ] || hb-ckpt verify "$f" >/dev/null
            done
        done
        same straight "$dir" || {
            echo "HB_SEED ${HB_SEED:-1234}, run $i"
            return 1
        }
        rm -rf faults/hb-worker/* faults/hb-merge/* "$dir"
    done
}

@test "kill -9 at any time on the clock while checkpoints are written (HB_LONG)" {
    [ -n "${HB_LONG:-}" ] || skip "long: HB_LONG=1"
    config leduc52
    train s52 --iters 1000000
    local i
    RANDOM=${HB_SEED:-99}
    mkdir a && : >a/lock
    for i in {1..40}; do
        run_alive timeout -s KILL 0.$((RANDOM % 3))$((RANDOM % 10))$((RANDOM % 9 + 1)) \
            hb-train --config run.yaml --logdir a --iters 1000000 --round-size 560 -q \
            --batch-size 20 --snapshot-interval 0.000001 --resume-from latest
        [ $rc = 0 ] || [ $rc = 137 ]
        for f in a/checkpoints/*.hbc; do
            [ ! -e "$f" ] || hb-ckpt verify "$f" >/dev/null
        done
    done
    train a --iters 1000000 --resume-from latest
    same s52 a
}

@test "kill -9 while several processes pack a checkpoint (HB_LONG)" {
    [ -n "${HB_LONG:-}" ] || skip "long: HB_LONG=1"
    holdem 100 # rows of several chunks
    hb-train --config run.yaml --logdir a --iters 30000 -q --num-workers 2
    [ "$(hb-ckpt info a/checkpoints/latest.hbc | jq '.row_bytes > 4194304')" = true ]
    cp a/buckets-*.hba buckets.hba
    local i
    RANDOM=${HB_SEED:-7}
    mkdir b && : >b/lock
    for i in {1..12}; do
        run_alive timeout -s KILL $((RANDOM % 2)).$((RANDOM % 9 + 1)) hb-train --config run.yaml --logdir b \
            --iters 30000 -q --buckets buckets.hba --snapshot-interval 0.000001 --resume-from latest
        [ $rc = 0 ] || [ $rc = 137 ]
        for f in b/checkpoints/*.hbc; do
            [ ! -e "$f" ] || hb-ckpt verify "$f" >/dev/null
        done
    done
    hb-train --config run.yaml --logdir b --iters 30000 -q --buckets buckets.hba --resume-from latest
    same a b
    [ -z "$(find b -name '*.tmp*')" ]
}

@test "several mergers, on a table that is large enough for them: same bits, and when one is killed" {
    config deck24 'betting:' '  preflop: {sizes: ["1.0"], max_raises: 1}' \
        '  flop: {sizes: ["1.0"], max_raises: 1}' '  turn: {sizes: ["1.0"], max_raises: 1}'
    train a --iters 3000 --num-workers 1
    train b --iters 3000 --num-workers 2
    train c --iters 3000 --num-workers 7
    same a b c
    faulty_programs
    for _ in 1 2 3 4; do order hb-merge slow 0; done # one for each of four workers
    train d --iters 3000 --num-workers 4
    [ "$(find faults/taken -name 'hb-merge-*' | wc -l)" = 4 ]
    [ "$(metric d .restores)" = 0 ]
    order hb-merge eat 2000
    run --separate-stderr train e --iters 3000 --num-workers 4
    assert_success
    says "was killed by signal 9"
    [ "$(metric e .restores)" -ge 1 ]
    same a d e
}

@test "several mergers, one of them killed (HB_LONG)" {
    [ -n "${HB_LONG:-}" ] || skip "long: HB_LONG=1"
    holdem 700
    hb-train --config run.yaml --logdir a --iters 30000 -q --num-workers 1
    cp a/buckets-*.hba buckets.hba # built once
    faulty_programs
    order hb-merge eat 900
    order hb-merge kill 250
    hb-train --config run.yaml --logdir b --iters 30000 -q --num-workers 4 --buckets buckets.hba
    [ "$(find faults/taken -name 'hb-merge-*' | wc -l)" = 2 ]
    [ "$(metric b .restores)" -ge 1 ]
    same a b
    local peak pss
    peak=$(hb-train --config run.yaml --logdir c --plan --num-workers 4 --buckets buckets.hba | jq .peak_bytes)
    hb-train --config run.yaml --logdir c --time-budget 20 -q --num-workers 4 --buckets buckets.hba
    for pss in $(jq .pss_bytes c/metrics.jsonl); do
        [ "$(jq -n "$pss <= $peak + ([0.05 * $peak, 33554432] | max)")" = true ]
    done
    [ "$(jq -n "$pss >= $peak - ([0.05 * $peak, 33554432] | max)")" = true ]
}

@test "a full disk is 74 and leaves the old checkpoint" {
    # the limit on file sizes stands for the disk: the table is made of memory, checkpoints are not
    full a --iters 3000
    cp -r a b
    run --separate-stderr bash -c "ulimit -f 1; trap '' XFSZ; exec hb-train --config run.yaml \
        --logdir a --iters $STRAIGHT_ITERS --round-size 560 --resume-from latest -q"
    assert_failure
    [ "$status" = 74 ] || [ "$status" = 71 ]
    cmp a/checkpoints/latest.hbc b/checkpoints/latest.hbc
    [ -z "$(find a/checkpoints -name '*.tmp*')" ]
    full a --resume-from latest
    same straight a
}

@test "a full file system is 74 and leaves the old checkpoint" {
    [ "$(id -u)" = 0 ] || skip "needs root to mount"
    [ -z "${PORTABLE:-}" ] || skip "the table is on that disk as well"
    mkdir disk
    mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null || skip "may not mount"
    local ok=0
    (
        full disk/a --iters 3000 --num-workers 1 || exit 1
        cp disk/a/checkpoints/latest.hbc before.hbc
        dd if=/dev/zero of=disk/fill bs=1k 2>/dev/null
        rc=0
        full disk/a --resume-from latest 2>err || rc=$?
        cat err
        [ $rc = 74 ] || exit 2
        grep -q "No space left" err || exit 3
        cmp before.hbc disk/a/checkpoints/latest.hbc || exit 4
        rm disk/fill
        full disk/a --resume-from latest || exit 5
        same straight disk/a || exit 6
    ) || ok=$?
    umount disk
    [ $ok = 0 ]
}

@test "a folder that another hb-train works in is 73" {
    local pid
    printf '%s\n' "game: $GAMES/leduc.game" \
        "cards: {preflop: {plugin: misbehaves, args: \"fifo=$PWD/gate\"}, flop: {plugin: lossless}}" >run.yaml
    gated --config run.yaml --logdir a --iters 100 --plugin-path "$B/tests/plugins" -q 2>err
    BG+=("$pid")
    refused 73 hb-train --config run.yaml --logdir a --iters 100 --plugin-path "$B/tests/plugins"
    says "another hb-train is at work in 'a'"
    exec 6>&-
    wait "${BG[0]}"
}
