# match.bash - for the tests of hb-deal and hb-play: `load match` after `load common`.
# shellcheck shell=bash disable=SC2034 # some are for the tests

LIMIT=${HB_LONG:+600} # seconds: every match ends by itself, this is the net below it
LIMIT=${LIMIT:-60}
PORT=()
SEATED=()

deal() { # ARGUMENTS...: start hb-deal; its ports are then in PORT
    local line
    mkfifo said
    timeout "$LIMIT" hb-deal "$@" >said 2>deal.err 3>&- &
    DEALER=$!
    BG+=("$DEALER")
    exec 4<said
    read -r -t "$LIMIT" line <&4
    read -r -a PORT <<<"${line//[!0-9]/ }"
    SEATED=()
}

sit() { # ARGUMENTS...: hb-play at the next port, output in p0.out, p1.out ...
    local i=${#SEATED[@]}
    timeout "$LIMIT" hb-play "$@" 127.0.0.1 "${PORT[i]}" >"p$i.out" 2>"p$i.err" 3>&- 4<&- 6<&- &
    SEATED+=("$!")
    BG+=("$!")
}

over() { # CODE: the dealer ends with it; his result is in `result`
    local code=0
    cat <&4 >result
    exec 4<&-
    rm -f said
    wait "$DEALER" || code=$?
    [ "$code" = "$1" ] || { echo "hb-deal: exit $code, want $1: $(cat deal.err)" && return 1; }
}

left() { # CODE: all players end with it
    local pid code
    for pid in "${SEATED[@]}"; do
        code=0
        wait "$pid" || code=$?
        [ "$code" = "$1" ] || { echo "hb-play: exit $code, want $1: $(cat p?.err)" && return 1; }
    done
}

clean_match() { # HANDS: all were dealt, nobody made a fault, both sides count the same
    over 0
    left 0
    grep -q "^{\"hands\":$1,\"complete\":true," result
    if grep -qE '"(illegal|stray)":[1-9]' result; then
        cat result
        return 1
    fi
    cat p?.out | grep -c "^{\"hands\":$1,\"answers\":" | grep -qx "${#SEATED[@]}"
}

# A broken player by hand: descriptor 6 is his connection.
connect() { # PORT
    exec 6<>"/dev/tcp/127.0.0.1/$1"
}
tell() { # TEXT: a line
    printf '%s\r\n' "$1" >&6
}
hear() { # the next line, in $heard
    IFS= read -r -t "$LIMIT" heard <&6
    heard=${heard%$'\r'}
}

# serve FILE: a dealer who says what is in a file and hangs up; what he was told is in `told`.
serve() {
    skip_unless perl
    mkfifo port
    # shellcheck disable=SC2016 # perl's
    timeout "$LIMIT" perl -MIO::Socket::INET -e '
        $| = 1;
        my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
        print $s->sockport, "\n";
        close STDOUT;
        my $c = $s->accept;
        open my $f, "<", $ARGV[0] or die;
        open my $told, ">", "told" or die;
        print {$told} scalar(<$c>);
        local $/;
        print {$c} scalar(<$f>) // "";
        $c->flush;
        shutdown $c, 1;
        print {$told} scalar(<$c>) // "";' "$1" >port 2>serve.err 3>&- &
    SERVER=$!
    BG+=("$SERVER")
    read -r -t "$LIMIT" SERVED <port
    rm -f port
}
