/* The .game parser: shipped files, defaults, every kind of mistake, canonical forms. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "game/rules.h"
#include "check.h"

#define HOLDEM                                                                                     \
    "numSuits = 4\nnumRanks = 13\nnumHoleCards = 2\nnumBoardCards = 0 3 1 1\nEND GAMEDEF\n"
#define LEDUC                                                                                      \
    "GAMEDEF\nlimit\nnumPlayers = 2\nnumRounds = 2\nblind = 1 1\nraiseSize = 2 4\n"                \
    "firstPlayer = 1 1\nmaxRaises = 2 2\nnumSuits = 2\nnumRanks = 3\nnumHoleCards = 1\n"           \
    "numBoardCards = 0 1\nEND GAMEDEF\n"

static const char *const shipped[] = {
    "kuhn",       "kuhn3",      "leduc",     "leduc3",    "leduc52", "holdem-limit",
    "hunl-200bb", "hunl-100bb", "hunl-20bb", "hunl-10bb", "nl3",     "nl6",
};
#define N_SHIPPED (sizeof shipped / sizeof shipped[0])

static size_t read_game(const char *name, char *out, size_t cap)
{
    char path[128];
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "examples/games/%s.game", name);
    f = fopen(path, "rb");
    CHECK(f != NULL);
    if (f == NULL)
        return 0;
    n = fread(out, 1, cap, f);
    (void)fclose(f); /* read only */
    return n;
}

static int parse(struct hb_rules *r, const char *text, struct hb_err *e)
{
    memset(r, 0x55, sizeof *r);
    return hb_rules_parse(r, text, strlen(text), "x.game", e);
}

/* text is refused with rc, and the message is 'x.game' followed by want. */
static void check_refused(const char *text, int rc, const char *want)
{
    struct hb_err e = {0};
    struct hb_rules r;
    struct hb_rules before;

    memset(&before, 0x55, sizeof before);
    CHECK_EQ(parse(&r, text, &e), rc);
    CHECK(memcmp(&r, &before, sizeof r) == 0);
    CHECK(strncmp(e.msg, "'x.game' ", 9) == 0);
    CHECK_STR(e.msg + (strlen(e.msg) > 9 ? 9 : 0), want);
}

/* The text of a game with one piece replaced. */
static void check_replaced(const char *old, const char *new, int rc, const char *want)
{
    char text[1024];
    const char *at = strstr(LEDUC, old);

    CHECK(at != NULL);
    if (at == NULL)
        return;
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - LEDUC), LEDUC, new, at + strlen(old));
    check_refused(text, rc, want);
}

static void check_same_after_round_trips(const struct hb_rules *r)
{
    struct hb_err e = {0};
    struct hb_buf text = {0};
    struct hb_buf raw = {0};
    struct hb_rules again = {0};
    struct hb_rd rd;

    hb_rules_format(r, &text);
    CHECK_OK(hb_rules_parse(&again, (const char *)text.data, text.len, "again", &e), e);
    CHECK(memcmp(r, &again, sizeof again) == 0);
    hb_rules_encode(r, &raw);
    memset(&again, 0, sizeof again);
    rd = hb_rd_over(raw.data, raw.len);
    CHECK_OK(hb_rules_decode(&again, &rd, &e), e);
    CHECK_OK(hb_rd_done(&rd, "rules", &e), e);
    CHECK(memcmp(r, &again, sizeof again) == 0);
    hb_buf_fini(&text);
    hb_buf_fini(&raw);
}

static void shipped_games_parse_and_differ(void)
{
    struct hb_hash hash[N_SHIPPED];
    char text[2048];

    for (size_t i = 0; i < N_SHIPPED; i++) {
        struct hb_rules r = {0};
        struct hb_err e = {0};

        CHECK_OK(hb_rules_parse(&r, text, read_game(shipped[i], text, sizeof text), shipped[i], &e),
                 e);
        check_same_after_round_trips(&r);
        hb_rules_hash(&r, &hash[i]);
        for (size_t j = 0; j < i; j++)
            CHECK(!hb_hash_equal(&hash[i], &hash[j]));
    }
}

static void a_no_limit_game_reads_as_the_acpc_means_it(void)
{
    struct hb_rules r = {0};
    struct hb_err e = {0};
    char text[2048];

    CHECK_OK(hb_rules_parse(&r, text, read_game("hunl-200bb", text, sizeof text), "hunl-200bb", &e),
             e);
    CHECK(r.no_limit);
    CHECK_EQ(r.n_players, 2);
    CHECK_EQ(r.stack[1], 20000);
    CHECK_EQ(r.blind[0], 100);
    CHECK_EQ(r.blind[1], 50);
    CHECK_EQ(r.first_player[0], 1);
    CHECK_EQ(r.first_player[3], 0);
    CHECK_EQ(r.max_raises[2], HB_RAISES_UNSET);
    CHECK_EQ(r.deck.n_streets, 4);
    CHECK_EQ(r.deck.n_board[0], 0);
    CHECK_EQ(r.deck.n_board[1], 3);
    CHECK_EQ(r.deck.n_board[2], 4);
    CHECK_EQ(r.deck.n_board[3], 5);
    CHECK_EQ(hb_rules_largest_blind(&r), 100);
    CHECK_EQ(hb_rules_max_loss(&r), 20000);
}

static void form_does_not_matter(void)
{
    struct hb_rules a = {0};
    struct hb_rules b = {0};
    struct hb_err e = {0};
    const char *odd = "# a comment\r\n\r\n  gameDef  # here\r\nNUMPLAYERS 2\r\n\tnumranks=3\r\n"
                      "numSuits =2#two\r\nnumRounds= 2\r\nblind = 1 1\r\nraisesize 2 4\r\n"
                      "MaxRaises = 2 2\r\nnumHoleCards = 1\r\nnumboardcards = 0 1\r\n"
                      "end   GameDef\r\n# more\r\n";

    CHECK_OK(hb_rules_parse(&a, LEDUC, strlen(LEDUC), "a", &e), e);
    CHECK_OK(hb_rules_parse(&b, odd, strlen(odd), "b", &e), e);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
}

static void defaults_are_the_servers(void)
{
    struct hb_rules r = {0};
    struct hb_err e = {0};
    const char *text = "GAMEDEF\nnumPlayers = 3\nnumRounds = 4\nraiseSize = 10 10 20 20\n"
                       "stack = 100 200 300\nfirstPlayer = 3\nmaxRaises = 4 4\n" HOLDEM;

    CHECK_OK(parse(&r, text, &e), e);
    CHECK(!r.no_limit);
    CHECK_EQ(r.blind[2], 0);
    CHECK_EQ(r.first_player[0], 2);
    CHECK_EQ(r.first_player[1], 0);
    CHECK_EQ(r.max_raises[1], 4);
    CHECK_EQ(r.max_raises[3], HB_RAISES_UNSET);
    CHECK_EQ(hb_rules_largest_blind(&r), 1);
    CHECK_OK(hb_rules_parse(&r, LEDUC, strlen(LEDUC), "leduc", &e), e);
    CHECK_EQ(r.stack[0], HB_STACK_UNSET);
}

static void largest_losses_are_known(void)
{
    static const struct {
        const char *name;
        int32_t loss;
    } known[] = {{"kuhn", 2},         {"kuhn3", 4},    {"leduc", 13},
                 {"leduc3", 26},      {"leduc52", 13}, {"holdem-limit", 240},
                 {"hunl-10bb", 1000}, {"nl3", 20000},  {"nl6", 50000}};
    char text[2048];

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hb_rules r = {0};
        struct hb_err e = {0};
        size_t n = read_game(known[i].name, text, sizeof text);

        CHECK_OK(hb_rules_parse(&r, text, n, known[i].name, &e), e);
        CHECK_EQ(hb_rules_max_loss(&r), known[i].loss);
    }
}

static void broken_text_is_refused_with_its_line(void)
{
    check_refused("", HB_EFORMAT, "line 1: no GAMEDEF: not a game definition");
    check_refused("\n\n# only\n", HB_EFORMAT, "line 3: no GAMEDEF: not a game definition");
    check_refused("limit\n", HB_EFORMAT, "line 1: expected GAMEDEF, found 'limit'");
    check_refused("GAMEDEF\nlimit\n", HB_EFORMAT, "line 2: END GAMEDEF is missing");
    check_refused("GAMEDEF\nEND\n", HB_EFORMAT, "line 2: expected END GAMEDEF");
    check_refused("GAMEDEF\nEND GAMEDEF x\n", HB_EFORMAT, "line 2: expected END GAMEDEF");
    check_refused("GAMEDEF\nEND GAMEDEF\n", HB_EFORMAT, "line 2: numPlayers is missing");
    check_refused(LEDUC "more\n", HB_EFORMAT, "line 14: 'more' after END GAMEDEF");
    check_refused("GAMEDEF\n\x01 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
                  HB_EFORMAT, "line 2: unknown keyword '?'");
    check_refused("GAMEDEF\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n", HB_EFORMAT,
                  "line 2: unknown keyword 'abcdefghijklmnopqrstuvwx...'");
}

static void bad_entries_are_refused_with_their_line(void)
{
    check_replaced("numRanks", "numranx", HB_EFORMAT, "line 10: unknown keyword 'numranx'");
    check_replaced("numRanks = 3", "numRanks", HB_EFORMAT, "line 10: numRanks has no value");
    check_replaced("numRanks = 3", "numRanks =", HB_EFORMAT, "line 10: numRanks has no value");
    check_replaced("numRanks = 3", "numRanks = 3 3", HB_EFORMAT,
                   "line 10: numRanks has too many values, at most 1");
    check_replaced("blind = 1 1", "blind = 1 x1", HB_EFORMAT,
                   "line 5: blind: 'x1' is not a whole number from 0 to 2147483647");
    check_replaced("blind = 1 1", "blind = 1 -1", HB_EFORMAT,
                   "line 5: blind: '-1' is not a whole number from 0 to 2147483647");
    check_replaced("blind = 1 1", "blind = 1 2147483648", HB_EFORMAT,
                   "line 5: blind: '2147483648' is not a whole number from 0 to 2147483647");
    check_replaced("blind = 1 1", "blind = = 1", HB_EFORMAT,
                   "line 5: blind: '=' is not a whole number from 0 to 2147483647");
    check_replaced("blind = 1 1", "blind = 1", HB_EFORMAT, "line 5: blind has 1 value, needs 2");
    check_replaced("blind = 1 1", "blind = 1 1 1", HB_EFORMAT,
                   "line 5: blind has 3 values, needs 2");
    check_replaced("firstPlayer = 1 1", "firstPlayer = 1 1 1", HB_EFORMAT,
                   "line 7: firstPlayer has 3 values, needs 2");
    check_replaced("blind = 1 1", "numPlayers = 2", HB_EFORMAT,
                   "line 5: numPlayers was already given in line 3");
    check_replaced("blind = 1 1", "nolimit", HB_EFORMAT,
                   "line 5: limit or nolimit was already given in line 2");
    check_replaced("limit\n", "limit 3\n", HB_EFORMAT, "line 2: '3' after limit or nolimit");
    check_replaced("raiseSize = 2 4\n", "", HB_EFORMAT, "line 12: raiseSize is missing");
    check_replaced("numBoardCards = 0 1\n", "", HB_EFORMAT, "line 12: numBoardCards is missing");
}

static void impossible_games_are_refused(void)
{
    check_replaced("numPlayers = 2", "numPlayers = 1", HB_EFORMAT,
                   "line 3: numPlayers is 1, must be 2 to 10");
    check_replaced("numPlayers = 2", "numPlayers = 11", HB_ELIMIT,
                   "line 3: numPlayers is 11, must be 2 to 10");
    check_replaced("numRounds = 2", "numRounds = 5", HB_ELIMIT,
                   "line 4: numRounds is 5, must be 1 to 4");
    check_replaced("numSuits = 2", "numSuits = 5", HB_EFORMAT,
                   "line 9: numSuits is 5, must be 1 to 4");
    check_replaced("numRanks = 3", "numRanks = 0", HB_EFORMAT,
                   "line 10: numRanks is 0, must be 1 to 13");
    check_replaced("numHoleCards = 1", "numHoleCards = 3", HB_ELIMIT,
                   "line 11: numHoleCards is 3, must be 1 to 2");
    check_replaced("numBoardCards = 0 1", "numBoardCards = 3 3", HB_ELIMIT,
                   "line 12: numBoardCards adds up to 6, at most 5 are supported");
    check_replaced("numBoardCards = 0 1", "numBoardCards = 0 7", HB_ELIMIT,
                   "line 12: numBoardCards is 7, must be 0 to 5");
    check_replaced("numBoardCards = 0 1", "numBoardCards = 3 2", HB_EFORMAT,
                   "line 12: 7 cards are dealt (2 x 1 own, 5 on the board), the deck has 6");
    check_replaced("firstPlayer = 1 1", "firstPlayer = 1 3", HB_EFORMAT,
                   "line 7: firstPlayer is 3, must be 1 to 2");
    check_replaced("firstPlayer = 1 1", "firstPlayer = 0 1", HB_EFORMAT,
                   "line 7: firstPlayer is 0, must be 1 to 2");
    check_replaced("maxRaises = 2 2", "maxRaises = 2 256", HB_EFORMAT,
                   "line 8: maxRaises is 256, must be 0 to 255");
    check_replaced("raiseSize = 2 4", "raiseSize = 2 0", HB_EFORMAT,
                   "line 6: raiseSize is 0, must be 1 to 1000000000");
    check_replaced("limit\n", "stack = 0 5\n", HB_EFORMAT,
                   "line 2: stack is 0, must be 1 to 1000000000");
    check_replaced("limit\n", "stack = 2000000000 5\n", HB_ELIMIT,
                   "line 2: stack is 2000000000, must be 1 to 1000000000");
    check_replaced("blind = 1 1", "blind = 1 2\nstack = 1 1", HB_EFORMAT,
                   "line 5: the blind of player 2, 2, is more than the stack, 1");
    check_replaced("maxRaises = 2 2\n", "", HB_EFORMAT,
                   "line 12: the betting never ends: give maxRaises for every round, or stack");
    check_replaced("limit\n", "nolimit\n", HB_EFORMAT, "line 13: stack is missing");
    check_replaced("limit\n", "nolimit\nstack = 5 2147483647\n", HB_EFORMAT,
                   "line 3: a no-limit game needs the stack of every player");
    check_replaced("raiseSize = 2 4", "raiseSize = 2 999999999", HB_ELIMIT,
                   "line 6: bets can come to 2000000003 chips, at most 1000000000 are supported");
    check_refused("GAMEDEF\nnolimit\nnumPlayers = 3\nnumRounds = 4\n"
                  "stack = 1000000000 1000000000 1000000000\n" HOLDEM,
                  HB_ELIMIT,
                  "line 5: 3000000000 chips can come into the pot, at most 2147483647 "
                  "are supported");
}

static void every_cut_of_a_game_is_refused(void)
{
    size_t n = strlen(LEDUC) - 1; /* without the newline it is still whole */

    for (size_t len = 0; len < n; len++) {
        struct hb_err e = {0};
        struct hb_rules r;

        CHECK(hb_rules_parse(&r, LEDUC, len, "cut", &e) == HB_EFORMAT);
        CHECK(strncmp(e.msg, "'cut' line ", 11) == 0);
    }
}

/* Flipped text must be refused or be a game that survives its own round trips. */
static void flipped_text_is_refused_or_sound(void)
{
    char text[512];
    size_t n = strlen(LEDUC);

    for (size_t bit = 0; bit < n * 8; bit++) {
        struct hb_rules r = {0};

        memcpy(text, LEDUC, n);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        if (hb_rules_parse(&r, text, n, "flip", NULL) == HB_OK)
            check_same_after_round_trips(&r);
    }
}

static void damaged_bytes_are_refused_or_sound(void)
{
    struct hb_rules r = {0};
    struct hb_err e = {0};
    struct hb_buf raw = {0};
    struct hb_rd rd;

    CHECK_OK(hb_rules_parse(&r, LEDUC, strlen(LEDUC), "leduc", &e), e);
    hb_rules_encode(&r, &raw);
    for (size_t len = 0; len < raw.len; len++) {
        rd = hb_rd_over(raw.data, len);
        CHECK(hb_rules_decode(&r, &rd, &e) == HB_EFORMAT);
        CHECK(rd.bad);
    }
    for (size_t bit = 0; bit < raw.len * 8; bit++) {
        struct hb_rules got = {0};

        raw.data[bit / 8] = (uint8_t)(raw.data[bit / 8] ^ 1 << bit % 8);
        rd = hb_rd_over(raw.data, raw.len);
        if (hb_rules_decode(&got, &rd, NULL) != HB_OK)
            CHECK(rd.bad);
        else
            check_same_after_round_trips(&got);
        raw.data[bit / 8] = (uint8_t)(raw.data[bit / 8] ^ 1 << bit % 8);
    }
    hb_buf_fini(&raw);
}

int main(void)
{
    RUN(shipped_games_parse_and_differ);
    RUN(a_no_limit_game_reads_as_the_acpc_means_it);
    RUN(form_does_not_matter);
    RUN(defaults_are_the_servers);
    RUN(largest_losses_are_known);
    RUN(broken_text_is_refused_with_its_line);
    RUN(bad_entries_are_refused_with_their_line);
    RUN(impossible_games_are_refused);
    RUN(every_cut_of_a_game_is_refused);
    RUN(flipped_text_is_refused_or_sound);
    RUN(damaged_bytes_are_refused_or_sound);
    return check_done();
}
