# pipes.bash - for the tests of hb-frame, hb-worker, hb-merge: `load pipes` after `load common`.
# shellcheck shell=bash disable=SC2094 # FIFOs close rings

KUHN=$ROOT/examples/kuhn.yaml # its first rounds: iterations 0 to 15, 16 to 31, 32 to 47
LIMIT=20                      # seconds: every pipeline ends by itself, this is the net below it
LEDUC=$ROOT/examples/leduc.yaml
export KUHN LEDUC LIMIT

table() { # TABLE [SEED [PARTS]]: an empty table of Kuhn poker
    hb-ckpt init --config "$KUHN" -o "$1" --seed "${2:-42}" --parts "${3:-1}"
}

tasks() { # FIRST BATCH [SEED]: tasks of the round that begins there
    hb-frame tasks --config "$KUHN" --first "$1" --count 1 --batch-size "$2" --seed "${3:-42}" \
        2>/dev/null
}

first_round() { # TABLE: an empty one; tasks of 4 iterations and their results in todo and deltas
    table "$1"
    tasks 0 4 >todo
    hb-worker --table "$1" <todo >deltas
}

pick() { # FILE PATTERN...: HELLO and those messages of a stream that match
    local file=$1 p
    local args=(-e '"HELLO"')
    shift
    for p; do args+=(-e "$p"); done
    hb-frame decode <"$file" | grep "${args[@]}" | hb-frame encode
}

# The records of results as JSON lines, one a line: by result, row and kind, in no other order.
records_of() {
    jq -c 'select(.type == "DELTA") | .job as $j | .records[] | [$j, .row, .kind, .values]' | sort
}

hello_and() { # FILE LINE...: HELLO of a stream, then messages from JSON lines
    local file=$1
    shift
    { hb-frame decode <"$file" | head -n 1 && printf '%s\n' "$@"; } | hb-frame encode
}

whole_run() { # TABLE COUNT BATCH: train in a ring of one worker
    mkfifo "$1.commits"
    hb-frame tasks --config "$KUHN" --first 0 --count "$2" --batch-size "$3" --commits - \
        <"$1.commits" 2>/dev/null |
        hb-worker --table "$1" | hb-merge --table "$1" - >"$1.commits"
}

spawn() { # NAME COMMAND...: start in the background, messages to NAME.err; see ended
    local name=$1
    shift
    mkfifo "$name.end"
    {
        rc=0
        timeout "$LIMIT" "$@" 2>"$name.err" || rc=$?
        echo $rc >"$name.end"
    } <&0 3>&- 7>&- 8>&- 9>&- & # a test's own ends of FIFOs are its own
    BG+=($!)
}

ended() { # NAME CODE: it ends, with that exit code
    local code
    read -r -t "$LIMIT" code <>"$1.end" || { echo "$1 does not end" && return 1; }
    [ "$code" = "$2" ] || { echo "$1: exit $code, want $2: $(cat "$1.err")" && return 1; }
}

says() { # TEXT: what stderr of the last run has
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == *"$1"* ]] || { echo "stderr: $stderr" && return 1; }
}

poke() { # FILE OFFSET BYTE
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %03o "$3")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

leave_open() { # TABLE: as a merge leaves it that was killed in mid-round
    poke "$1" 520 2
}
