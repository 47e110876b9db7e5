#!/usr/bin/env bats
# The scripts beside the benchmarks: the soak, and the drawer of curves.
load common

@test "curves.awk draws every point once, joins what has one label, and escapes text" {
    printf '%s\t%s\t%s\n' hb 10 0.5 'a < b & c' 20 0.05 hb 1000 0.02 hb 100 0 hb x 1 >points
    awk -f "$ROOT/tests/bench/curves.awk" -v title='R & D' -v xlabel=x -v ylabel=y points >out.svg
    [ "$(grep -c '<circle' out.svg)" = 3 ] # what is not positive has no logarithm
    [ "$(grep -c '<path' out.svg)" = 2 ]
    grep -q '>a &lt; b &amp; c<' out.svg
    grep -q '>R &amp; D<' out.svg
    grep -q '>1000<' out.svg
    grep -q '>0.01<' out.svg
    [ "$(head -c 4 out.svg)" = '<svg' ]
    [ "$(tail -n 1 out.svg)" = '</svg>' ]
    # the smallest x, 10, stands at the left edge
    grep -q '<circle cx="70.0"' out.svg
    run awk -f "$ROOT/tests/bench/curves.awk" /dev/null
    assert_failure 65
}

@test "a soak says what it saw: calls, wake-ups, a report (HB_LONG)" {
    [ -n "${HB_LONG:-}" ] || skip "long: HB_LONG=1"
    TMPDIR=$PWD run "$ROOT/tests/bench/soak.sh" 70 "$ROOT/examples/leduc.yaml" --num-workers 1
    [ "$status" -le 1 ] # the machine of a test may be anything
    assert_line --partial "idle wake-ups in 5 s: 0, of 1 workers"
    assert_line --partial "polls: none"
    assert_line --regexp '^(not )?flat$'
}
