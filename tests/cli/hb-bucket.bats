#!/usr/bin/env bats
# hb-bucket: what it prints, and how it refuses.
load common

LEDUC=$GAMES/leduc.game

# config PLUGIN ARGS: cards of Leduc by that plugin, into run.yaml
config() {
    cat >run.yaml <<YAML
game: $LEDUC
cards:
  preflop: {plugin: $1, args: "$2"}
  flop:    {plugin: $1, args: "$2"}
YAML
}

build() { # PLUGIN ARGS OUT
    config "$1" "$2"
    hb-bucket build --config run.yaml -o "$3" --quiet
}

content() {
    hb-bucket info "$1" | sed 's/.*"content":"\([0-9a-f]*\)".*/\1/'
}

prints() { # TEXT COMMAND...: exactly that line on stdout, nothing on stderr, exit 0
    local want=$1
    shift
    run --separate-stderr "$@"
    assert_success
    assert_output "$want"
    [ -z "$stderr" ]
}

@test "counts of hold'em, the board as one set and rounds apart" {
    prints 169 hb-bucket count --street preflop
    prints 1286792 hb-bucket count --street flop
    prints 13960050 hb-bucket count --street turn
    prints 123156254 hb-bucket count --street river
    prints 169 hb-bucket count --street preflop --rounds
    prints 1286792 hb-bucket count --street flop --rounds
    prints 55190538 hb-bucket count --street turn --rounds
    prints 2428287420 hb-bucket count --street river --rounds
}

@test "counts of another deck" {
    prints 3 hb-bucket count --street preflop --game "$LEDUC"
    prints 15 hb-bucket count --game "$LEDUC" --street=flop
    refused 64 hb-bucket count --street turn --game "$LEDUC"
}

@test "index and unindex are inverse, options before and after operands" {
    local index
    index=$(hb-bucket index AhKh/QsJs2d)
    run hb-bucket unindex --street flop "$index"
    assert_success
    prints "$index" hb-bucket index "$output"
    index=$(hb-bucket index AhKh/QsJs2d/7c/2h --rounds)
    prints "$index" hb-bucket index --rounds AhKh/QsJs2d/7c/2h
    prints "$index" env POSIXLY_CORRECT=1 hb-bucket index AhKh/QsJs2d/7c/2h --rounds
    run hb-bucket unindex "$index" --street river --rounds
    assert_success
    assert_output --regexp '^[^/]{4}/[^/]{6}/[^/]{2}/[^/]{2}$'
    prints "$index" hb-bucket index --rounds -- "$output"
    prints 2428287419 hb-bucket index --rounds "$(hb-bucket unindex --street river --rounds 2428287419)"
}

@test "suits can be renamed, and the turn matters only when rounds are apart" {
    local index
    index=$(hb-bucket index AhKh/QsJs2d)
    prints "$index" hb-bucket index KcAc/2hJdQd
    index=$(hb-bucket index AhKh/QsJs2d/7c)
    prints "$index" hb-bucket index AhKh/7cQs2dJs
    index=$(hb-bucket index --rounds AhKh/QsJs2d/7c)
    run hb-bucket index --rounds AhKh/QsJs7c/2d
    assert_success
    refute_output "$index"
}

@test "build, info and lookup of lossless Leduc" {
    build lossless "" x.hba
    run --separate-stderr hb-bucket info x.hba
    assert_success
    assert_output --partial '"deck":{"ranks":3,"suits":2,"hole":1,"board":[0,1]}'
    assert_output --partial '{"street":"preflop","kind":"identity","recall":"imperfect","buckets":3,"hands":3,"hottest":0.3333333333333333,"plugin":"hb.lossless","version":"1.0","args":"","sizes":{"empty":0,'
    assert_output --partial '"map_bytes":0,'
    assert_output --regexp "\"content\":\"[0-9a-f]{64}\",\"root\":\"[0-9a-f]{64}\",\"path\":\"$PWD/x.hba\"}\$"
    prints '{"street":"flop","index":'"$(hb-bucket index Ks/As --game "$LEDUC")"',"bucket":'"$(hb-bucket index Ks/As --game "$LEDUC")}" \
        hb-bucket lookup x.hba Ks/As
}

@test "ehs orders Leduc's cards" {
    build ehs k=3 x.hba
    run hb-bucket lookup x.hba Qh
    assert_output --regexp '"street":"preflop".*"bucket":0}$'
    run hb-bucket lookup x.hba As
    assert_output --regexp '"bucket":2}$'
    run hb-bucket lookup x.hba Qs/Qh
    assert_output --regexp '"street":"flop".*"bucket":2}$'
}

# small_deck GAME: four streets, 6 ranks of 2 suits
small_deck() {
    cat >"$1" <<'GAME'
GAMEDEF
nolimit
numPlayers = 2
numRounds = 4
stack = 20 20
blind = 1 2
firstPlayer = 1 2 2 2
numSuits = 2
numRanks = 6
numHoleCards = 2
numBoardCards = 0 1 1 1
END GAMEDEF
GAME
}

four_streets() { # PREFLOP FLOP TURN RIVER, each PLUGIN:ARGS
    small_deck small.game
    {
        echo "game: small.game"
        echo "betting:"
        printf '  %s: {sizes: [allin], max_raises: 1}\n' preflop flop turn river
        echo "cards:"
        for street in preflop flop turn river; do
            echo "  $street: {plugin: ${1%%:*}, args: \"${1#*:}\"}"
            shift
        done
    } >run.yaml
}

@test "emd and ochs build a four-street abstraction, twice the same, another with another seed" {
    four_streets emd:k=5 emd:k=12 emd:k=9,bins=20,restarts=3 ochs:k=11,clusters=4
    hb-bucket build --config run.yaml -o a.hba
    hb-bucket build --config run.yaml -o b.hba --quiet
    cmp a.hba b.hba
    run hb-bucket info a.hba
    assert_output --partial '"street":"flop","kind":"u8","recall":"imperfect","buckets":12,'
    assert_output --partial '"plugin":"hb.emd","version":"1.0","args":"k=9,bins=20,restarts=3",'
    assert_output --partial '"street":"river","kind":"u8","recall":"imperfect","buckets":11,'
    four_streets emd:k=5 emd:k=12,seed=2 emd:k=9,bins=20,restarts=3 ochs:k=11,clusters=4
    hb-bucket build --config run.yaml -o c.hba --quiet
    [ "$(content a.hba)" != "$(content c.hba)" ]
    four_streets emd:k=5 emd:k=12,iters=50,tol=1000,seed=1 emd:bins=20,restarts=3,k=9 ochs:k=11,clusters=4
    hb-bucket build --config run.yaml -o d.hba --quiet
    [ "$(content a.hba)" = "$(content d.hba)" ] # the defaults, said
}

@test "potential builds on the next street's buckets, whatever clustered them" {
    four_streets potential:k=8 potential:k=20 potential:k=30 ochs:k=25
    hb-bucket build --config run.yaml -o a.hba --quiet
    hb-bucket build --config run.yaml -o b.hba --quiet
    cmp a.hba b.hba
    run hb-bucket info a.hba
    assert_output --partial '"street":"preflop","kind":"u8","recall":"imperfect","buckets":8,'
    assert_output --partial '"plugin":"hb.potential","version":"1.0","args":"k=20"'
    assert_output --partial '"street":"turn","kind":"u8","recall":"imperfect","buckets":30,'
    # another river makes another turn, and that another flop
    four_streets potential:k=8 potential:k=20 potential:k=30 emd:k=25
    hb-bucket build --config run.yaml -o c.hba --quiet
    for hand in flop turn; do
        [ "$(buckets_of a.hba $hand)" != "$(buckets_of c.hba $hand)" ]
    done
}

buckets_of() { # FILE STREET: of some hands
    local i hand
    for i in 3 14 25 36 47 58 69 80; do
        hand=$(hb-bucket unindex --street "$2" --game small.game "$i")
        hb-bucket lookup "$1" "$hand"
    done
}

@test "potential without buckets to build on says what it lacks" {
    four_streets lossless: emd:k=5 emd:k=5 potential:k=5
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"river: plugin 'hb.potential' refuses: the last street has no next one"* ]]
    four_streets lossless: potential:k=5 ehs:k=5 emd:k=5
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"flop: plugin 'hb.potential': plugin 'hb.ehs' makes the buckets of the turn, without"* ]]
    four_streets lossless: emd:k=5 potential:k=5,bins=9 emd:k=5
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"turn: plugin 'hb.potential' refuses: arguments are those of the clustering"* ]]
    [ ! -e x.hba ]
}

# deck RANKS SUITS HOLE "BOARD CARDS OF EACH ROUND": a game over it, into deck.game
deck() {
    local rounds
    rounds=$(wc -w <<<"$4")
    cat >deck.game <<GAME
GAMEDEF
nolimit
numPlayers = 2
numRounds = $rounds
stack = 20 20
blind = 1 2
firstPlayer = $(cut -d' ' -f"1-$rounds" <<<'1 2 2 2')
numSuits = $2
numRanks = $1
numHoleCards = $3
numBoardCards = $4
END GAMEDEF
GAME
}

# cards_of PLUGIN:ARGS...: one for each street of deck.game, into run.yaml
cards_of() {
    local names=(preflop flop turn river) i=0 card
    {
        echo "game: deck.game"
        echo "betting:"
        for card in "$@"; do
            echo "  ${names[i++]}: {sizes: [allin], max_raises: 1}"
        done
        echo "cards:"
        i=0
        for card in "$@"; do
            echo "  ${names[i++]}: {plugin: ${card%%:*}, args: \"${card#*:}\"}"
        done
    } >run.yaml
}

@test "the plugins take other decks: short, one own card, few streets, boards of any size" {
    deck 9 4 2 "0 3" # short deck, flop only
    cards_of potential:k=20 ochs:k=30
    hb-bucket build --config run.yaml -o short.hba --quiet
    run hb-bucket info short.hba
    assert_output --partial '"ranks":9,"suits":4,"hole":2'
    assert_output --partial '"buckets":20,'
    assert_output --partial '"buckets":30,'
    deck 13 4 1 "0 1 1" # as in Rhode Island
    cards_of potential:k=6 potential:k=12 ochs:k=15,clusters=3
    hb-bucket build --config run.yaml -o rhode.hba --quiet
    cards_of potential:k=6 emd:k=12 emd:k=15
    hb-bucket build --config run.yaml -o rhode.hba --quiet
    deck 13 4 1 "0 1" # Leduc's rounds with 52 cards; more buckets wanted than hands can be told apart
    cards_of potential:k=100 emd:k=8000
    hb-bucket build --config run.yaml -o leduc52.hba --quiet
    run hb-bucket info leduc52.hba
    assert_output --partial '"hands":13,'
    deck 6 2 2 "1 1 1" # a board from the start
    cards_of potential:k=7 potential:k=9 emd:k=11
    hb-bucket build --config run.yaml -o board.hba --quiet
    cards_of potential:k=7 potential:k=9 ochs:k=11
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"ochs needs a first street without a board"* ]]
}

@test "a game of one street has equities and no next street" {
    deck 6 2 1 "0"
    for plugin in emd:k=3 ochs:k=3 ehs:k=3; do
        cards_of $plugin
        hb-bucket build --config run.yaml -o one.hba --quiet
    done
    cards_of potential:k=3
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"preflop: plugin 'hb.potential' refuses: the last street has no next one"* ]]
    [ ! -e x.hba ]
}

@test "clustering arguments that are wrong, and streets a plugin is not for, are 69" {
    local args
    for args in "" k= k=0 k=65537 k=5,k=6 seed=1 "k=5," k=5,iters=0 k=05 k=5,tol=1000001 k=5,bins=1 \
        k=5,bins=257 k=5,bins=9x k=5,clusters=2 bins=5; do
        four_streets lossless: "emd:$args" emd:k=5 emd:k=5
        refused 69 hb-bucket build --config run.yaml -o x.hba
        [[ $stderr == *"flop: plugin 'hb.emd'"* ]]
    done
    four_streets lossless: emd:k=5 emd:k=5 emd:k=5,bins=20
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"river: plugin 'hb.emd' refuses: on the last street"* ]]
    four_streets lossless: emd:k=5 ochs:k=5 emd:k=5
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"turn: plugin 'hb.ochs' refuses: ochs is for the last street"* ]]
    four_streets lossless: emd:k=5 emd:k=5 ochs:k=5,clusters=9
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [ ! -e x.hba ]
}

@test "equal configurations give equal bytes, another plugin another content" {
    build ehs k=2 a.hba
    build ehs k=2 b.hba
    cmp a.hba b.hba
    build ehs k=2,power=1 c.hba
    [ "$(content a.hba)" = "$(content c.hba)" ] # the same maps by other arguments
    build lossless "" d.hba
    [ "$(content a.hba)" != "$(content d.hba)" ]
    echo "game: $LEDUC" >run.yaml
    hb-bucket build --config run.yaml -o e.hba --quiet
    cmp d.hba e.hba # no cards: section means lossless
}

@test "build says what it made on stderr, nothing on stdout" {
    config ehs k=2
    run --separate-stderr hb-bucket build -o x.hba --config run.yaml
    assert_success
    assert_output ""
    [[ $stderr == *"INFO preflop: 2 buckets for 3 hands (hb.ehs)"* ]]
    run --separate-stderr hb-bucket build -o x.hba --config run.yaml -q
    assert_success
    [ -z "$stderr" ]
}

@test "wrong use is 64 and prints nothing on stdout" {
    refused 64 hb-bucket
    refused 64 hb-bucket count
    refused 64 hb-bucket count --street fifth
    refused 64 hb-bucket count --street flop extra
    refused 64 hb-bucket count --nonsense
    refused 64 hb-bucket index
    refused 64 hb-bucket index AhKh AdKd
    refused 64 hb-bucket index AhAh
    refused 64 hb-bucket index Ah
    refused 64 hb-bucket index AhKx
    refused 64 hb-bucket index AhKh/QsJs
    refused 64 hb-bucket index 2c --game "$LEDUC"
    refused 64 hb-bucket unindex --street preflop 169
    refused 64 hb-bucket unindex --street preflop -1
    refused 64 hb-bucket unindex --street preflop 1x
    refused 64 hb-bucket unindex 5
    refused 64 hb-bucket info
    refused 64 hb-bucket info -
    refused 64 hb-bucket build -o x.hba
    refused 64 hb-bucket build --config run.yaml
    refused 64 hb-bucket build --config run.yaml -o -
    refused 64 hb-bucket plugins extra
    build lossless "" x.hba
    refused 64 hb-bucket lookup x.hba
    refused 64 hb-bucket lookup x.hba 2c
}

@test "damaged and foreign files are 65" {
    build ehs k=2 x.hba
    local size
    size=$(wc -c <x.hba)
    for at in 0 20 4096 $((size / 2)) $((size - 1)); do
        cp x.hba bad.hba
        flip bad.hba "$at"
        refused 65 hb-bucket info bad.hba
        refused 65 hb-bucket lookup bad.hba Ks
    done
    head -c $((size - 1)) x.hba >bad.hba
    refused 65 hb-bucket info bad.hba
    [[ $stderr == *"bad.hba"* ]]
    : >bad.hba
    refused 65 hb-bucket info bad.hba
    refused 65 hb-bucket info "$LEDUC"
    echo nonsense >bad.game
    refused 65 hb-bucket count --street flop --game bad.game
    echo "game: bad.game" >run.yaml
    refused 65 hb-bucket build --config run.yaml -o y.hba
    [ ! -e y.hba ]
}

@test "missing inputs are 66" {
    refused 66 hb-bucket info nothere.hba
    refused 66 hb-bucket lookup nothere.hba Ks
    refused 66 hb-bucket count --street flop --game nothere.game
    refused 66 hb-bucket build --config nothere.yaml -o x.hba
    echo "game: nothere.game" >run.yaml
    refused 66 hb-bucket build --config run.yaml -o x.hba
}

@test "plugins that do not load, refuse or misbehave are 69 and leave no file" {
    local bad=$B/tests/plugins
    config nothere ""
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"no plugin 'nothere'"* ]]
    config ehs "k=banana"
    refused 69 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"plugin 'hb.ehs' refuses: arguments are"* ]]
    for name in wrong_abi short_table no_symbol no_table; do
        config "$name" ""
        refused 69 hb-bucket build --config run.yaml -o x.hba --plugin-path "$bad"
        config "$bad/$name.so" ""
        refused 69 hb-bucket build --config run.yaml -o x.hba
    done
    config misbehaves range
    refused 69 env HB_PLUGIN_PATH="$bad" hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *"is in bucket 2, but there are only 2"* ]]
    [ -z "$(ls x.hba* 2>/dev/null)" ]
}

@test "plugins are not looked for in the current directory" {
    cp "$B/plugins/ehs.so" own.so
    config own k=2
    refused 69 hb-bucket build --config run.yaml -o x.hba
    refused 69 hb-bucket build --config run.yaml -o x.hba --plugin-path .
    refused 69 env HB_PLUGIN_PATH=: hb-bucket build --config run.yaml -o x.hba
    hb-bucket build --config run.yaml -o x.hba --plugin-path "$PWD" --quiet
}

@test "an output that cannot be created is 73, a full one 74" {
    config lossless ""
    refused 73 hb-bucket build --config run.yaml -o nothere/x.hba
    [ -w /dev/full ] || skip "no /dev/full"
    run --separate-stderr bash -c 'hb-bucket count --street flop >/dev/full'
    assert_failure 74
}

@test "a bad configuration is 78" {
    config lossless ""
    echo "colour: red" >>run.yaml
    refused 78 hb-bucket build --config run.yaml -o x.hba
    printf 'game: %s\ncards:\n  preflop: {plugin: lossless}\n' "$LEDUC" >run.yaml
    refused 78 hb-bucket build --config run.yaml -o x.hba
    [[ $stderr == *flop* ]]
}

@test "plugins are listed, broken ones with the reason" {
    run --separate-stderr hb-bucket plugins
    assert_success
    assert_line --regexp '^\{"name":"ehs","id":"hb.ehs","version":"1.0","path":"/.*/ehs.so"\}$'
    assert_line --regexp '^\{"name":"emd","id":"hb.emd",'
    assert_line --regexp '^\{"name":"lossless","id":"hb.lossless",'
    assert_line --regexp '^\{"name":"ochs","id":"hb.ochs",'
    run --separate-stderr hb-bucket plugins --plugin-path "$B/tests/plugins"
    assert_success
    assert_line --regexp '^\{"name":"wrong_abi","path":".*","error":".*made for ABI 2, this hb has 1"\}$'
}

@test "help and version are answered on stdout" {
    for command in "" build info compare show plugins check index unindex count lookup; do
        # shellcheck disable=SC2086 # no command is no word
        run --separate-stderr hb-bucket $command --help
        assert_success
        assert_output --partial "usage: hb-bucket $command"
    done
    run --separate-stderr hb-bucket --version
    assert_success
    assert_output --regexp '^hb-bucket [0-9.]+$'
}

@test "the example plugins build against the installed header and are used" {
    skip_unless pkg-config make cc
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" B="$B" PREFIX="$PWD/usr" DESTDIR= install
    cp -R usr/share/hb/examples/plugin-madehand own
    PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig env -u MAKEFLAGS -u MAKELEVEL -u CFLAGS make -s -C own
    config madehand ""
    run usr/bin/hb-bucket build --config run.yaml -o x.hba --plugin-path "$PWD/own"
    assert_success
    assert_output --partial "flop: 2 buckets for 15 hands (org.example.madehand)"
    assert_output --partial "madehand is an example"
    [ "$(usr/bin/hb-bucket lookup x.hba Ks/Kh | sed 's/.*"bucket"://')" = "1}" ]
    cp -R usr/share/hb/examples/plugin-feature feature
    PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig env -u MAKEFLAGS -u MAKELEVEL -u CFLAGS make -s -C feature
    config suits "k=4,seed=2"
    run usr/bin/hb-bucket build --config run.yaml -o y.hba --plugin-path "$PWD/feature"
    assert_success
    assert_output --partial "flop: 4 buckets for 15 hands (org.example.suits)"
    refused 69 usr/bin/hb-bucket build --config "$(config suits "k=4,x=2" && echo run.yaml)" \
        -o z.hba --plugin-path "$PWD/feature"
    [[ $stderr == *"no arguments beside those of the clustering, not 'x=2'"* ]]
    config ehs k=2 # the installed plugins are found from the installed program
    usr/bin/hb-bucket build --config run.yaml -o x.hba -q
    run usr/bin/hb-bucket plugins
    assert_output --partial "$PWD/usr/lib/hb/plugins/ehs.so"
}
