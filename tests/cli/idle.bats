#!/usr/bin/env bats
# Idle workers: no wake-up, one blocked read, and an end at once.
load common
load pipes
# shellcheck disable=SC2030,SC2031 # each test is a subshell

N=8

# start_workers: N of them on FIFOs in.I and out.I; each has answered a task and waits for the next.
# in[I] and out[I] are our ends, pid[I] the process.
start_workers() {
    local i bytes to from fd
    first_round t
    pick todo '"TASK","job":0' >one
    bytes=$(hb-worker --table t <one | wc -c)
    for ((i = 0; i < N; i++)); do
        mkfifo in.$i out.$i
        # the worker gets its two FIFOs and nothing else of ours
        (
            for fd in "${in[@]}" "${out[@]}"; do exec {fd}>&-; done
            exec hb-worker --table t <in.$i >out.$i 3>&-
        ) &
        pid[i]=$!
        BG+=("${pid[i]}")
        exec {to}>"in.$i" {from}<"out.$i"
        in[i]=$to out[i]=$from
        cat one >&"${in[i]}"
    done
    for ((i = 0; i < N; i++)); do
        [ "$(head -c "$bytes" <&"${out[i]}" | wc -c)" -eq "$bytes" ]
    done
    wait_quietly 1 # the last of them goes back to its read
}

wait_quietly() { # SECONDS: nothing ever comes
    [ -p quiet ] || mkfifo quiet
    run ! read -r -t "$1" <>quiet
}

counters() {
    local i
    for ((i = 0; i < N; i++)); do
        grep ctxt_switches "/proc/${pid[i]}/status"
    done
}

setup() {
    common_setup
    in=() out=() pid=()
}

@test "8 idle workers: neither context-switch counter changes over 5 seconds" {
    local before
    [ -r /proc/self/status ] || skip "needs /proc"
    start_workers
    before=$(counters)
    [ "$(grep -c . <<<"$before")" -eq $((2 * N)) ]
    wait_quietly 5
    [ "$(counters)" = "$before" ]
}

@test "an idle worker is blocked in one read of its task pipe" {
    [ -r /proc/self/status ] || skip "needs /proc"
    skip_unless strace
    start_workers
    mkfifo traced
    strace -o trace -p "${pid[0]}" 2>traced 3>&- &
    tracer=$!
    BG+=("$tracer")
    exec 9<traced
    read -r -t "$LIMIT" said <&9
    [[ $said == *attached* ]] || skip "strace may not attach: $said"
    wait_quietly 1
    kill -INT $tracer
    wait $tracer || true
    cat trace
    [ "$(grep -c . trace)" -eq 1 ]
    grep -q '^read(0, ' trace
}

@test "SHUTDOWN ends each of 8 workers, their input still open" {
    local i
    start_workers
    # the frame behind HELLO and one task in each stream
    hb-frame decode <one >lines
    echo '{"type":"SHUTDOWN","job":0}' >>lines
    hb-frame encode <lines | tail -c +"$(($(wc -c <one) + 1))" >shutdown
    for ((i = 0; i < N; i++)); do cat shutdown >&"${in[i]}"; done
    for ((i = 0; i < N; i++)); do wait "${pid[i]}"; done
}

@test "end of input ends each of 8 workers" {
    local i fd
    start_workers
    for ((i = 0; i < N; i++)); do
        fd=${in[i]}
        exec {fd}>&-
        wait "${pid[i]}" # at once: the others still wait
    done
}
