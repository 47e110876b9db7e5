#!/usr/bin/env bats
# hb-bucket build: any number of processes, its cache, its plan.
load common

# Three streets, three suits: every plugin has something to do.
small() { # K: into run.yaml
    cat >small.game <<'GAME'
GAMEDEF
limit
numPlayers = 2
numRounds = 3
blind = 1 1
raiseSize = 2 4 4
firstPlayer = 1 1 1
maxRaises = 1 1 1
numSuits = 3
numRanks = 5
numHoleCards = 2
numBoardCards = 0 1 2
END GAMEDEF
GAME
    cat >run.yaml <<YAML
game: small.game
cards:
  preflop: {plugin: ehs, args: "k=5"}
  flop:    {plugin: emd, args: "k=$1"}
  turn:    {plugin: ochs, args: "k=8"}
YAML
}

@test "1, 2 and 5 processes give the same bytes and leave no cache" {
    small 6
    for n in 1 2 5; do
        run --separate-stderr hb-bucket build --config run.yaml -o $n.hba --num-workers $n --quiet
        assert_success
        [ -z "$output$stderr" ]
        cmp 1.hba $n.hba
    done
    run find . -name '*.cache' -o -name '*.tmp.*'
    assert_output ""
}

@test "a build killed at the n-th write goes on and gives the same bytes" {
    skip_unless strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
    small 6
    hb-bucket build --config run.yaml -o want.hba --quiet
    local when killed=0
    for when in 1 3 8 20 50 80 100 120 140 160 200 300; do
        run strace -qq -o trace -e trace=write -e "inject=write:signal=SIGKILL:when=$when" \
            hb-bucket build --config run.yaml -o x.hba --num-workers 2 --quiet
        [ "$status" = 137 ] || break
        killed=$((killed + 1))
        [ ! -e x.hba ]
        run --separate-stderr hb-bucket build --config run.yaml -o x.hba --num-workers 2 --quiet
        assert_success
        [ -z "$stderr" ]
        cmp want.hba x.hba
        [ ! -e x.hba.cache ]
        [ -z "$(find . -name 'x.hba.tmp.*')" ] # of the killed one
        rm x.hba
    done
    [ $killed -ge 5 ]
}

@test "what was kept is found again, and what is damaged is said and computed again" {
    small 6
    hb-bucket build --config run.yaml -o want.hba --quiet --keep-cache --cache kept
    [ ! -e want.hba.cache ]
    run --separate-stderr hb-bucket build --config run.yaml -o x.hba --keep-cache --cache kept
    assert_success
    for street in preflop flop turn; do
        [[ $stderr == *"INFO $street: buckets: found in the cache"* ]]
    done
    cmp want.hba x.hba
    small 7 # the flop's vectors and the turn are the same
    run --separate-stderr hb-bucket build --config run.yaml -o y.hba --keep-cache --cache kept
    assert_success
    [[ $stderr == *"INFO turn: buckets: found in the cache"* ]]
    [[ $stderr == *"INFO flop: vectors: found in the cache"* ]]
    [[ $stderr != *"flop: clusters: found"* ]]
    small 6
    file=$(echo kept/buckets-turn-*.hbs)
    flip "$file" 5000
    run --separate-stderr hb-bucket build --config run.yaml -o z.hba --quiet --cache kept
    assert_success
    [ "$(grep -c 'a cached stage is damaged and computed again' <<<"$stderr")" = 1 ]
    [[ $stderr == *"$file"* ]]
    cmp want.hba z.hba
    # the clusters and the map of seven are not this build's
    [ "$(find kept -name '*.hbs' | wc -l)" = 2 ]
}

@test "a cache that is no folder is 73; one that cannot be made is said and no error" {
    small 6
    touch file
    refused 73 hb-bucket build --config run.yaml -o x.hba --cache file
    [[ $stderr == *"'file' is not a folder"* ]]
    [ ! -e x.hba ]
    run --separate-stderr hb-bucket build --config run.yaml -o x.hba --quiet --cache file/below
    assert_success
    [[ $stderr == *"finished stages are not kept any more: cannot make folder 'file/below'"* ]]
}

@test "a plan is one object and starts nothing" {
    skip_unless jq
    small 6
    run --separate-stderr hb-bucket build --config run.yaml -o x.hba --plan
    assert_success
    [ -z "$stderr" ]
    [ ! -e x.hba ] && [ ! -e x.hba.cache ]
    run jq -er '.seconds > 0 and .disk_bytes > 0 and .peak_bytes == ([.stages[].bytes] | max)
        and ([.stages[] | .stage] | .[0] == "strengths" and .[-1] == "file" and index("clusters") > 0)
        and .stages[-1].street == null and .stages[0].street == "turn"' <<<"$output"
    assert_success
    # a ground distance is asked for by cluster: eight times as many of them, more than four times the time
    sed -i 's/emd, args: "k=6"/potential, args: "k=250"/' run.yaml
    local few many
    few=$(hb-bucket build --config run.yaml --plan | jq '.stages[] | select(.street == "flop" and .stage == "clusters").seconds')
    sed -i 's/k=250/k=2000/' run.yaml
    many=$(hb-bucket build --config run.yaml --plan | jq '.stages[] | select(.street == "flop" and .stage == "clusters").seconds')
    [ "$(jq -n "$many > 4 * $few")" = true ]
    run --separate-stderr hb-bucket build --config run.yaml --plan # no file is named
    assert_success
    refused 64 hb-bucket build --config run.yaml
    refused 64 hb-bucket build --config run.yaml -o x.hba --num-workers 257
}

@test "wrong arguments are found before any work" {
    small 6
    sed -i 's/"k=6"/"k=0"/' run.yaml
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"flop: plugin 'hb.emd': 'k' is a whole number from 1 to 65536"* ]]
    [[ $stderr != *"strengths"* ]]
    refused 69 hb-bucket build --config run.yaml -o x.hba --plan
    [ ! -e x.hba.cache ]
}

@test "a street that builds on the next one's buckets is kept with those, by any number of processes" {
    small 6
    sed -i 's/flop: .*/flop:    {plugin: potential, args: "k=9"}/' run.yaml
    hb-bucket build --config run.yaml -o want.hba --quiet --keep-cache --cache kept
    hb-bucket build --config run.yaml -o five.hba --quiet --num-workers 5
    cmp want.hba five.hba
    # the flop is computed again from what is kept of the turn: its distances are, too
    rm kept/buckets-flop-*.hbs
    run --separate-stderr hb-bucket build --config run.yaml -o x.hba --keep-cache --cache kept
    assert_success
    [[ $stderr == *"INFO turn: buckets: found in the cache"* ]]
    [[ $stderr == *"INFO flop: clusters: found in the cache"* ]]
    cmp want.hba x.hba
    rm kept/*-flop-*.hbs
    run --separate-stderr hb-bucket build --config run.yaml -o x.hba --keep-cache --cache kept
    assert_success
    [[ $stderr == *"INFO turn: buckets: found in the cache"* ]]
    [[ $stderr != *"INFO flop: vectors: found"* ]]
    cmp want.hba x.hba
    # another turn is another flop
    sed -i 's/ochs, args: "k=8"/ochs, args: "k=7"/' run.yaml
    run --separate-stderr hb-bucket build --config run.yaml -o y.hba --keep-cache --cache kept
    assert_success
    [[ $stderr == *"INFO turn: vectors: found in the cache"* ]]
    [[ $stderr != *"INFO flop: vectors: found"* ]]
}

@test "a plugin that crashes in a process of the build is named, and nothing is left but the cache" {
    local plugins=$B/tests/plugins/hostile
    small 6
    sed -i "s|flop: .*|flop: {plugin: naughty, args: crash-bucket}|" run.yaml
    refused 71 hb-bucket build --config run.yaml -o x.hba --num-workers 2 --plugin-path "$plugins" --quiet
    [[ $stderr == *"flop: plugin 'test.naughty': process "*" was killed by signal 11"* ]]
    [ ! -e x.hba ]
    run ls x.hba.cache
    assert_line --partial buckets-turn
}
