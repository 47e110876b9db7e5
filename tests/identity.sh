#!/usr/bin/env bash
# identity.sh - the result does not depend on the compiler, its options, the processor's
# instructions or the system calls at hand: each build trains Kuhn, Leduc and two small games of
# hold'em (buckets included) to the same content hash. TAP.        tests/identity.sh [NAME...]
#
# Names are those of `builds` below, all by default. Each build lies in a folder of its own, which is
# used again: those of other make targets have the same flags. B= is the folder of the first.
set -u
cd "$(dirname "$0")/.." || exit 70
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

builds() { # NAME FOLDER, then what make gets
    local b=${B:-build}
    cat <<EOF
plain $b
O0 $b-O0 OPT=-O0
O3 $b-O3 OPT=-O3 WERROR=
native $b-native OPT=-O3 ARCH=-march=native WERROR=
packager $b-packager CFLAGS=-Ofast WERROR=
portable $b-portable PORTABLE=1
clang $b-clang CC=clang
clang-O0 $b-clang-O0 CC=clang OPT=-O0
clang-native $b-clang-native CC=clang OPT=-O3 ARCH=-march=native WERROR=
EOF
}

games=$PWD/examples/games
printf 'game: %s\nseed: 5\n' "$games/kuhn.game" >"$work/kuhn.yaml"
printf 'game: %s\ndiscount_mode: plus\n' "$games/kuhn3.game" >"$work/kuhn3.yaml"
printf 'game: %s\ndiscount_mode: dcfr\nenable_pruning: true\npruning_threshold: -30\n' \
    "$games/leduc.game" >"$work/leduc.yaml"
cat >"$work/holdem.yaml" <<EOF
game: $games/hunl-10bb.game
betting:
  preflop: {sizes: ["0.75", allin], max_raises: 2}
  flop: {sizes: ["0.33", allin], max_raises: 2}
  turn: {sizes: [allin], max_raises: 1}
  river: {sizes: [allin], max_raises: 1}
cards:
  preflop: {plugin: lossless}
  flop: {plugin: emd, args: "k=12,iters=5"}
  turn: {plugin: ehs, args: "k=9,power=2"}
  river: {plugin: emd, args: "k=7"}
EOF

# Twenty-four cards and every clustering: a street on the next one's buckets, several processes.
cat >"$work/small.game" <<EOF
GAMEDEF
limit
numPlayers = 2
numRounds = 4
blind = 1 2
raiseSize = 2 2 4 4
firstPlayer = 2 1 1 1
maxRaises = 2 2 2 2
numSuits = 4
numRanks = 6
numHoleCards = 2
numBoardCards = 0 3 1 1
END GAMEDEF
EOF
cat >"$work/small.yaml" <<EOF
game: small.game
cards:
  preflop: {plugin: ehs, args: "k=20"}
  flop: {plugin: potential, args: "k=15"}
  turn: {plugin: emd, args: "k=25,restarts=2"}
  river: {plugin: ochs, args: "k=30"}
EOF

# The hashes of one build, one a line: game, hash. Workers, batches and transports differ by build,
# which must not matter either.
hashes() { # BIN NUMBER
    local game iters
    for game in kuhn kuhn3 leduc holdem small; do
        iters=30000
        [ $game != holdem ] || iters=4000
        [ $game != small ] || iters=2000
        "$1/hb-train" --config "$work/$game.yaml" --logdir "$work/$2-$game" --iters $iters \
            --num-workers $(($2 % 3 + 1)) --batch-size $((7 + $2)) --quiet || return 1
        echo "$game $("$1/hb-ckpt" hash "$work/$2-$game/checkpoints/latest.hbc")"
    done
    rm -rf "$work/$2"-*
}

n=0
bad=0
while read -r name b args; do
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    n=$((n + 1))
    if [[ $args == CC=clang* ]] && ! command -v clang >/dev/null; then
        echo "ok $n - $name # skip no clang"
        continue
    fi
    # shellcheck disable=SC2086 # settings are words
    if ! env -u MAKEFLAGS -u MAKELEVEL -u B make -s -j"$jobs" B="$b" $args all >"$work/log" 2>&1 ||
        ! hashes "$b/bin" $n >"$work/$name.now" 2>>"$work/log"; then
        echo "not ok $n - $name builds and trains"
        sed 's/^/# /' "$work/log" | tail -n 20
        bad=1
        continue
    fi
    [ -f "$work/first" ] || cp "$work/$name.now" "$work/first"
    if said=$(diff "$work/first" "$work/$name.now"); then
        echo "ok $n - $name ($args) gives the same bits"
    else
        echo "not ok $n - $name ($args) differs (>) from the first build (<)"
        while IFS= read -r line; do echo "# $line"; done <<<"$said"
        bad=1
    fi
done < <(builds)
[ ! -f "$work/first" ] || sed 's/^/# /' "$work/first"
echo "1..$n"
exit $bad
