/* Lines of the ACPC protocol: known ones, random ones there and back, damaged ones refused. */
#include "game/matchstate.h"

#include "base/mem.h"
#include "games.h"

static struct hb_matchstate got, want; /* too large for some stacks */

static int parse(const struct hb_rules *r, const char *line, struct hb_err *e)
{
    *e = (struct hb_err){0};
    return hb_matchstate_parse(r, line, strlen(line), &got, e);
}

static const char *format(const struct hb_rules *r, const struct hb_matchstate *m, int viewer)
{
    static char text[HB_MATCH_LINE_MAX + 1];
    struct hb_buf b = {0};

    hb_matchstate_format(r, m, viewer, &b);
    CHECK(!b.failed && b.len < sizeof text);
    memcpy(text, b.data, b.len);
    text[b.len] = '\0';
    hb_buf_fini(&b);
    return text;
}

/* ---- known lines ---- */

static void lines_of_heads_up_games_are_read(void)
{
    static const struct {
        const char *game, *line;
        int actor, street; /* actor -1: finished */
    } known[] = {
        {"hunl-200bb", "MATCHSTATE:0:30::9s8h|", 1, 0},
        {"hunl-200bb", "MATCHSTATE:1:30:c:|JsTd", 0, 0},
        {"hunl-200bb", "MATCHSTATE:0:30:cc/:9s8h|/8c8d5c", 0, 1},
        {"hunl-200bb", "MATCHSTATE:0:31:r20000c///:Ah5d|KsKd/8c8d5c/2h/2s", -1, 3},
        {"hunl-200bb", "MATCHSTATE:1:4294967295:r300f:|KsKd", -1, 0},
        {"holdem-limit", "MATCHSTATE:0:0:rrc/crrc/cr:TdAs|/2c8c3h/9c", 0, 2},
        {"leduc", "MATCHSTATE:1:7:rrc/cr:|Kh/Qs", 0, 1},
        {"kuhn", "MATCHSTATE:0:9:crc:Ks|Qs", -1, 0},
    };
    struct hb_err e;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hb_rules r = shipped_game(known[i].game);

        CHECK_OK(parse(&r, known[i].line, &e), e);
        CHECK_EQ(got.state.finished ? -1 : got.state.actor, known[i].actor);
        CHECK_EQ(got.state.street, known[i].street);
        CHECK(hb_matchstate_is_turn(&got) == (known[i].actor == got.position));
        CHECK_STR(format(&r, &got, got.position), known[i].line);
    }
}

static void lines_of_three_players_are_read(void)
{
    struct hb_rules r = shipped_game("nl3");
    struct hb_err e;
    const char *line = "MATCHSTATE:2:5:r300cc/cr900:||AhAd/2c3c4c";

    CHECK_OK(parse(&r, line, &e), e);
    CHECK_EQ(got.state.actor, 2);
    CHECK_EQ(got.state.spent[1], 900);
    CHECK_EQ(got.own[0][0], HB_NO_CARD);
    CHECK_EQ(got.own[2][0], hb_card_of(12, 2));
    CHECK_STR(format(&r, &got, 2), line);
    CHECK_STR(format(&r, &got, 1), "MATCHSTATE:1:5:r300cc/cr900:||/2c3c4c");
}

static void a_showdown_shows_who_has_not_folded(void)
{
    struct hb_rules r = shipped_game("kuhn3");
    struct hb_err e;

    CHECK_OK(parse(&r, "MATCHSTATE:0:1:rfc:Js|Qs|Ks", &e), e);
    CHECK_STR(format(&r, &got, 0), "MATCHSTATE:0:1:rfc:Js||Ks");
    CHECK_STR(format(&r, &got, 1), "MATCHSTATE:1:1:rfc:Js|Qs|Ks");
    CHECK_OK(parse(&r, "MATCHSTATE:0:1:rff:Js|Qs|Ks", &e), e);
    CHECK_STR(format(&r, &got, 2), "MATCHSTATE:2:1:rff:||Ks");
}

static void wrong_lines_are_refused_and_say_where(void)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"", "MATCHSTATE"},
        {"HELLO", "character 1"},
        {"matchstate:0:0::AhKh|", "MATCHSTATE"},
        {"MATCHSTATE:2:0::AhKh|", "position"},
        {"MATCHSTATE:-1:0::AhKh|", "position"},
        {"MATCHSTATE:0:4294967296::AhKh|", "hand"},
        {"MATCHSTATE:0:x::AhKh|", "hand"},
        {"MATCHSTATE:0:0", "':'"},
        {"MATCHSTATE:0:0:c", "betting"},
        {"MATCHSTATE:0:0:x:AhKh|", "expected f, c, or r"},
        {"MATCHSTATE:0:0:r150:AhKh|", "too small"},
        {"MATCHSTATE:0:0:r20001:AhKh|", "too large"},
        {"MATCHSTATE:0:0:cc:AhKh|", "expected '/'"},
        {"MATCHSTATE:0:0:r99999999999:AhKh|", "actions"},
        {"MATCHSTATE:0:0::|AhKh", "missing"},
        {"MATCHSTATE:0:0::AhKh", "'|'"},
        {"MATCHSTATE:0:0::Ah|", "card"},
        {"MATCHSTATE:0:0::AhXx|", "card"},
        {"MATCHSTATE:0:0::AhAh|", "second time"},
        {"MATCHSTATE:0:0::AhKh|Kh2c", "second time"},
        {"MATCHSTATE:0:0::AhKhQh|", "'|'"},
        {"MATCHSTATE:0:0::AhKh|/2c3c4c", "end of the line"},
        {"MATCHSTATE:0:0:cc/:AhKh|", "'/'"},
        {"MATCHSTATE:0:0:cc/:AhKh|/2c3c", "card"},
        {"MATCHSTATE:0:0:cc/:AhKh|/2c3cAh", "second time"},
        {"MATCHSTATE:0:0::AhKh|:c", "card"},
        {"MATCHSTATE:0:0::AhKh|\r", "card"},
    };
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_err e;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(parse(&r, bad[i].line, &e), HB_EPROTO);
        if (strstr(e.msg, bad[i].says) == NULL)
            printf("# '%s' says: %s\n", bad[i].line, e.msg);
        CHECK(strstr(e.msg, bad[i].says) != NULL);
    }
    r = shipped_game("leduc");
    CHECK_EQ(parse(&r, "MATCHSTATE:0:0::Ah|", &e), HB_OK);
    CHECK_EQ(parse(&r, "MATCHSTATE:0:0::Ac|", &e), HB_EPROTO);
    CHECK(strstr(e.msg, "not in the deck") != NULL);
    CHECK_EQ(hb_matchstate_parse(&r, "MATCHSTATE:0:0::\0Ah|", 20, &got, &e), HB_EPROTO);
}

static void a_line_too_long_is_refused(void)
{
    struct hb_rules r = shipped_game("kuhn");
    struct hb_err e = {0};
    char *line = NULL;

    CHECK_OK(hb_mem_new(&line, 1, HB_MATCH_LINE_MAX + 2, "line", &e), e);
    memset(line, 'c', HB_MATCH_LINE_MAX + 1);
    memcpy(line, "MATCHSTATE:0:0:", 15);
    CHECK_EQ(hb_matchstate_parse(&r, line, HB_MATCH_LINE_MAX + 1, &got, &e), HB_EPROTO);
    CHECK_EQ(hb_matchstate_parse(&r, line, HB_MATCH_LINE_MAX, &got, &e), HB_EPROTO);
    hb_mem_free(line);
}

/* ---- random hands ---- */

static void deal(struct rand_stream *g, const struct hb_rules *r, struct hb_matchstate *m)
{
    uint8_t deck[HB_CARDS];
    int n = hb_deck_cards(&r->deck, deck);
    int at = 0;

    for (int i = 0; i < n; i++) {
        int j = rand_in(g, i, n - 1);
        uint8_t card = deck[i];

        deck[i] = deck[j];
        deck[j] = card;
    }
    for (int i = 0; i < r->n_players; i++)
        for (int k = 0; k < r->deck.n_hole; k++)
            m->own[i][k] = deck[at++];
    for (int k = 0; k < r->deck.n_board[r->deck.n_streets - 1]; k++)
        m->board[k] = deck[at++];
}

static hb_act random_act(struct rand_stream *g, const struct hb_rules *r, const struct hb_state *s)
{
    int32_t min_to;
    int32_t max_to;
    int what = rand_in(g, 0, 7);

    if (what == 0 && hb_state_can_fold(r, s))
        return HB_ACT_FOLD;
    if (what < 4 && hb_state_can_raise(r, s, &min_to, &max_to))
        return rand_in(g, 0, 2) ? min_to : rand_in(g, min_to, max_to);
    return HB_ACT_CALL;
}

/* Every cut is refused, or (where cards of others end the line) is a line of its own. */
static void check_cuts(const struct hb_rules *r, const char *line)
{
    size_t len = strlen(line);
    struct hb_err e;

    for (size_t n = 0; n < len; n++) {
        e = (struct hb_err){0};
        if (hb_matchstate_parse(r, line, n, &got, &e) == HB_OK)
            CHECK(strlen(format(r, &got, HB_MATCH_ALL)) == n + 1); /* "-1" for the position */
        else
            CHECK(e.rc == HB_EPROTO);
    }
}

static void random_hand(struct rand_stream *g, const struct hb_rules *r)
{
    struct hb_err e = {0};

    memset(&want, 0, sizeof want);
    want.position = HB_MATCH_ALL;
    want.hand = (uint32_t)rand_in(g, 0, INT32_MAX);
    hb_state_init(r, &want.state);
    deal(g, r, &want);
    for (;;) {
        int viewer = rand_in(g, 0, r->n_players - 1);
        char line[HB_MATCH_LINE_MAX + 1];

        (void)snprintf(line, sizeof line, "%s", format(r, &want, viewer));
        CHECK_OK(parse(r, line, &e), e);
        CHECK(memcmp(&got.state, &want.state, sizeof got.state) == 0);
        CHECK(got.hand == want.hand && got.position == viewer && got.n_acts == want.n_acts);
        CHECK(memcmp(got.own[viewer], want.own[viewer], (size_t)r->deck.n_hole) == 0);
        CHECK_STR(format(r, &got, viewer), line);
        if (rand_in(g, 0, 50) == 0)
            check_cuts(r, line);
        if (want.state.finished)
            return;
        CHECK_OK(hb_matchstate_act(r, &want, random_act(g, r, &want.state), &e), e);
    }
}

static void random_hands_come_back(void)
{
    static const char *const games[] = {"kuhn",      "kuhn3",        "leduc",
                                        "leduc3",    "holdem-limit", "hunl-200bb",
                                        "hunl-10bb", "nl3",          "nl6"};
    struct rand_stream g = {.seed = 11};

    for (size_t i = 0; i < sizeof games / sizeof games[0]; i++) {
        struct hb_rules r = shipped_game(games[i]);

        for (int hand = 0; hand < 100; hand++)
            random_hand(&g, &r);
    }
}

/* Any structure, also cards on the board before the first bet. */
static void random_games_come_back(void)
{
    struct rand_stream g = {.seed = 12};

    for (int i = 0; i < 500; i++) {
        struct hb_rules r = random_game(&g, 10, 200);
        int n = 0;

        for (int s = 0; s < r.deck.n_streets; s++)
            r.deck.n_board[s] = n = rand_in(&g, n, HB_BOARD_MAX);
        r.deck.n_hole = rand_in(&g, 1, 2);
        random_hand(&g, &r);
    }
}

/* ---- replies ---- */

static void replies_are_made_legal(void)
{
    static const struct {
        const char *betting, *reply;
        hb_act act;
        bool legal, action;
    } known[] = {
        {"", "c", HB_ACT_CALL, true, true},
        {"", "f", HB_ACT_FOLD, true, true},
        {"", "r200", 200, true, true},
        {"", "r20000", 20000, true, true},
        {"", "r199", 200, false, true},
        {"", "r20001", 20000, false, true},
        {"", "r", HB_ACT_CALL, false, false},
        {"", "", HB_ACT_CALL, false, false},
        {"", "x", HB_ACT_CALL, false, false},
        {"", "cc", HB_ACT_CALL, false, false},
        {"", "c ", HB_ACT_CALL, false, false},
        {"c", "f", HB_ACT_CALL, false, true},
        {"r20000", "r300", HB_ACT_CALL, false, true},
        {"", "r99999999999999999", HB_ACT_CALL, false, false},
    };
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_rules limit = shipped_game("kuhn");
    struct hb_match_reply reply;
    struct hb_state s;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        CHECK_EQ(hb_state_play(&r, known[i].betting, &s, NULL, 0, NULL, NULL), HB_OK);
        reply = hb_match_reply_read(&r, &s, known[i].reply, strlen(known[i].reply));
        CHECK_EQ(reply.act, known[i].act);
        CHECK(reply.legal == known[i].legal && reply.action == known[i].action);
        CHECK(hb_state_legal(&r, &s, reply.act));
    }
    hb_state_init(&limit, &s);
    reply = hb_match_reply_read(&limit, &s, "r", 1);
    CHECK(reply.legal && reply.act == 2);
    hb_state_act(&limit, &s, reply.act);
    reply = hb_match_reply_read(&limit, &s, "r", 1);
    CHECK(!reply.legal && reply.action && reply.act == HB_ACT_CALL);
}

static void chips_are_written_as_in_a_log(void)
{
    static const struct {
        double v;
        const char *text;
    } known[] = {{0, "0"},
                 {-0.0, "0"},
                 {100, "100"},
                 {-40, "-40"},
                 {-0.5, "-0.5"},
                 {100.0 / 3, "33.333333"},
                 {1e9, "1000000000"},
                 {-1e-9, "0"},
                 {0.1, "0.1"}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hb_buf b = {0};

        hb_match_chips(known[i].v, &b);
        hb_buf_u8(&b, 0);
        CHECK_STR((const char *)b.data, known[i].text);
        hb_buf_fini(&b);
    }
}

int main(void)
{
    RUN(lines_of_heads_up_games_are_read);
    RUN(lines_of_three_players_are_read);
    RUN(a_showdown_shows_who_has_not_folded);
    RUN(wrong_lines_are_refused_and_say_where);
    RUN(a_line_too_long_is_refused);
    RUN(random_hands_come_back);
    RUN(random_games_come_back);
    RUN(replies_are_made_legal);
    RUN(chips_are_written_as_in_a_log);
    return check_done();
}
