#!/usr/bin/env bats
# The examples run, give the bits of hb-train, and leave nothing behind, also when a part fails.
load common
load pipes
# shellcheck disable=SC2030,SC2031 # each test is a subshell

EXAMPLES=$ROOT/examples

setup() {
    common_setup
    mkdir tmp
    export TMPDIR=$PWD/tmp
}

trained() { # CONFIG ITERATIONS: hash of what hb-train makes of it
    rm -rf log
    hb-train --config "$1" --logdir log --iters "$2" --num-workers 3 --quiet
    hb-ckpt hash log/checkpoints/latest.hbc
}

no_trace() { # no file and no process is left
    [ -z "$(ls -A tmp)" ] || { ls -R tmp && return 1; }
    ! command -v pgrep >/dev/null || ! pgrep -af "$TMPDIR" || return 1
}

# ruin PROGRAM TEXT: HB_BIN with a script of that text in place of PROGRAM; $REAL is the real one
ruin() {
    mkdir bin
    ln -s "$HB_BIN"/hb-* bin/
    rm "bin/$1"
    printf '#!/bin/sh\nREAL=%s\n%s\n' "$HB_BIN/$1" "$2" >"bin/$1"
    chmod +x "bin/$1"
    export HB_BIN=$PWD/bin
}

# ends SCRIPT: not well, but by itself and without a trace
ends() {
    run timeout "$LIMIT" "$EXAMPLES/$1" "$KUHN" 1000
    case $status in 0 | 124) echo "exit $status: $output" && return 1 ;; esac
    no_trace
}

@test "two-workers.sh gives the hash of hb-train" {
    run --separate-stderr timeout "$LIMIT" "$EXAMPLES/two-workers.sh"
    assert_success
    assert_output "$(trained "$KUHN" 10000)"
    no_trace
    run --separate-stderr timeout "$LIMIT" "$EXAMPLES/two-workers.sh" "$EXAMPLES/leduc.yaml" 2000
    assert_success
    assert_output "$(trained "$EXAMPLES/leduc.yaml" 2000)"
}

@test "remote-worker.sh gives the hash of hb-train on both hosts" {
    local hash
    hash=$(trained "$KUHN" 10000)
    run --separate-stderr timeout "$LIMIT" "$EXAMPLES/remote-worker.sh"
    assert_success
    assert_line --index 0 "there $hash"
    assert_line --index 1 "here  $hash"
    [ "${#lines[@]}" -eq 2 ]
    no_trace
}

@test "remote-worker.sh shares no file: what runs there names nothing of here" {
    mkdir elsewhere
    # the other host: another folder for temporary files, no environment, a log of what it was told
    cat >other-host <<END
#!/bin/sh
echo "\$1" >>"$PWD/told"
cd / && exec env -i PATH="\$PATH" TMPDIR="$PWD/elsewhere" sh -c "\$1"
END
    chmod +x other-host
    REMOTE=$PWD/other-host run --separate-stderr timeout "$LIMIT" "$EXAMPLES/remote-worker.sh"
    assert_success
    run grep -F -e "$TMPDIR" -e "$EXAMPLES" told
    assert_failure 1
    grep -q "hb-worker --table $PWD/elsewhere" told
    [ -z "$(ls -A elsewhere)" ]
    no_trace
}

@test "frames-as-json.sh: every task twice gives the same table" {
    local hash
    hash=$(trained "$KUHN" 16)
    run --separate-stderr timeout "$LIMIT" "$EXAMPLES/frames-as-json.sh"
    assert_success
    assert_line "once  $hash"
    assert_line "twice $hash"
    no_trace
}

@test "snapshot-chain.sh gives the hashes of hb-train, half way and at the end" {
    run --separate-stderr timeout "$LIMIT" "$EXAMPLES/snapshot-chain.sh"
    assert_success
    assert_line "half $(trained "$KUHN" 5000)"
    assert_line "full $(trained "$KUHN" 10196)" # 5000 ends at 5196
    no_trace
}

@test "a worker that fails to start ends the pipelines" {
    ruin hb-worker 'exit 1'
    ends two-workers.sh
    ends remote-worker.sh
    ends snapshot-chain.sh
    ends frames-as-json.sh
}

@test "a worker that dies in the middle ends the pipelines" {
    # shellcheck disable=SC2016 # for the script
    ruin hb-worker 'dd bs=1 count=700 status=none | "$REAL" "$@"'
    ends two-workers.sh
    ends remote-worker.sh
    ends snapshot-chain.sh
}

@test "one of two workers that is killed ends the pipelines" {
    # shellcheck disable=SC2016 # for the script
    ruin hb-worker 'if mkdir "${TMPDIR:-.}/../first" 2>/dev/null; then dd bs=1 count=100 of=/dev/null status=none; kill -9 $$; fi
exec "$REAL" "$@"'
    ends two-workers.sh
    rm -rf first
    ends remote-worker.sh
}

@test "a merge that fails to start ends the pipelines" {
    ruin hb-merge 'exit 66'
    ends two-workers.sh
    ends remote-worker.sh
    ends snapshot-chain.sh
    ends frames-as-json.sh
}

@test "a replica that fails ends the pipeline" {
    # shellcheck disable=SC2016 # for the script
    ruin hb-merge 'case " $* " in *" --replica "*) exit 66 ;; esac
exec "$REAL" "$@"'
    ends remote-worker.sh
}

@test "no tasks end the pipelines" {
    # shellcheck disable=SC2016 # for the script
    ruin hb-frame '[ "$1" != tasks ] || exit 78
exec "$REAL" "$@"'
    ends two-workers.sh
    ends remote-worker.sh
    ends snapshot-chain.sh
}

@test "without the programs: 69" {
    run env HB_BIN= PATH=/usr/bin:/bin "$EXAMPLES/two-workers.sh"
    assert_failure 69
}

@test "abstractions.sh measures each pair of plugins for each seed and makes a table" {
    export PAIRS='potential/ochs'
    run --separate-stderr "$EXAMPLES/abstractions.sh" 300 2 4
    assert_success
    [ "$(grep -c '^{"flop":"[a-z]*","turn":"[a-z]*","k":4,"seed":[12],"mbb_per_hand":[0-9.]*,"flop_distance":0[0-9.]*,"flop_equity_deviation":0[0-9.]*,"turn_distance":0[0-9.]*}$' <<<"$output")" = 2 ]
    assert_line --regexp '^\| 4 \| potential \| ochs \| [0-9.]+ \| [0-9.]+ \| 0\.[0-9]+ \| 0\.[0-9]+ \| 0\.[0-9]+ \|$'
    [ "$(grep -c '^| 4 |' <<<"$output")" = 1 ]
    no_trace
    refused 64 "$EXAMPLES/abstractions.sh" x # the first argument alone, and what fails ends it all
    says "--iters: 'x'"
    no_trace
}
