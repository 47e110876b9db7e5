/* A player always has a legal answer, the same one to the same state, with the probabilities of
 * his blueprint where the betting tree has the hand. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/player.h"

#include <fcntl.h>

#include "base/io.h"
#include "tables.h"

static char folder[64];
static char path[256];
static struct hb_matchstate m;

/* ---- choosing ---- */

static void choices_have_their_probabilities(void)
{
    static const uint16_t row[3] = {16384, 0, 49151};
    uint32_t n[3] = {0};

    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t p[3];

        memcpy(p, row, sizeof p);
        n[hb_player_choose(p, 3, false, 0, i << 16 | 0x8000)]++;
    }
    CHECK_NEAR(n[0], 16384, 2);
    CHECK_EQ(n[1], 0);
    CHECK_NEAR(n[2], 49152, 2);
}

static void purify_and_threshold_take_small_ones_away(void)
{
    static const uint16_t row[4] = {655, 30000, 30000, 4880};

    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t bits = i * 4294967;
        uint16_t p[4];
        unsigned a;

        memcpy(p, row, sizeof p);
        CHECK_EQ(hb_player_choose(p, 4, true, 0, bits), 1);
        memcpy(p, row, sizeof p);
        a = hb_player_choose(p, 4, false, 0.05, bits);
        CHECK(a == 1 || a == 2 || a == 3);
        memcpy(p, row, sizeof p);
        a = hb_player_choose(p, 4, false, 0.1, bits);
        CHECK(a == 1 || a == 2);
        memcpy(p, row, sizeof p);
        CHECK_EQ(hb_player_choose(p, 4, false, 0.9, bits), 1); /* none is left: the largest */
        memcpy(p, row, sizeof p);
        CHECK(hb_player_choose(p, 4, false, 1, bits) == 1);
    }
}

/* ---- games with few cards and many bets ---- */

struct small_game {
    int n_players;
    const char *stacks, *blinds, *first, *sizes;
    int max_raises;
    bool limp;
};

static const struct small_game games[] = {
    {2, "2000 2000", "100 50", "2 1", "1 allin", 2, true},
    {2, "1000 1000", "100 50", "2 1", "allin", 1, false},
    {2, "5000 300", "100 50", "2 1", "0.5", 1, true},
    {3, "2000 1500 900", "50 100 0", "3 1", "0.75 allin", 2, true},
    {4, "1000 1000 120 90", "50 100 0 0", "3 1", "1", 1, true},
};

static struct hb_rules rules_of(const struct small_game *g)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "GAMEDEF\nnolimit\nnumPlayers = %d\nnumRounds = 2\nstack = %s\nblind = %s\n"
                   "firstPlayer = %s\nnumSuits = 4\nnumRanks = 3\nnumHoleCards = 1\n"
                   "numBoardCards = 0 1\nEND GAMEDEF\n",
                   g->n_players, g->stacks, g->blinds, g->first); /* fits */
    return game_of(text);
}

static void betting_of(const struct small_game *g, struct hb_betting *b)
{
    for (int i = 0; i < 2; i++) {
        struct hb_betting_street *s = &b->street[i];
        char word[16];
        int at = 0;
        int n = 0;

        *s =
            (struct hb_betting_street){.max_raises = g->max_raises, .limp = g->limp, .given = true};
        while (sscanf(g->sizes + at, "%15s%n", word, &n) == 1) {
            CHECK_EQ(hb_bet_size_parse(word, &s->size[s->n_sizes++], NULL), HB_OK);
            at += n;
        }
    }
}

static void make_run(const struct small_game *g, uint64_t seed, struct small_run *r)
{
    struct hb_err e = {0};
    struct hb_buckets buckets = {0};
    const bool need[HB_STREETS] = {true, true};

    memset(r, 0, sizeof *r);
    r->spec.rules = rules_of(g);
    betting_of(g, &r->spec.betting);
    r->spec.params = (struct hb_params){
        .seed = seed, .discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 200};
    CHECK_OK(hb_params_unit(&r->spec.params, &r->spec.rules, &e), e);
    CHECK_OK(hb_tree_new(&r->spec.rules, &r->spec.betting, 0, &r->tree, &e), e);
    hb_tree_hash(&r->tree, &r->spec.tree);
    CHECK_OK(hb_buckets_lossless(&r->spec.rules.deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&r->spec, &buckets);
    hb_buckets_fini(&buckets);
}

/* A blueprint with random rows at `path`. */
static void make_blueprint(const struct small_run *r, uint64_t seed)
{
    struct hb_err e = {0};
    struct hb_table t;
    void *mem = memory_table(r, 1, &t);

    random_rows(&t, seed, 1);
    CHECK_OK(save_blueprint(&t, 0, in_folder(folder, "p.hbp", path), &e), e);
    hb_mem_free(mem);
}

static void deal(struct rand_stream *g, const struct hb_rules *r)
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
        m.own[i][0] = deck[at++];
    m.board[0] = deck[at];
}

static hb_act random_act(struct rand_stream *g, const struct hb_rules *r)
{
    int32_t min_to;
    int32_t max_to;
    int what = rand_in(g, 0, 9);

    if (what == 0 && hb_state_can_fold(r, &m.state))
        return HB_ACT_FOLD;
    if (what < 5 && hb_state_can_raise(r, &m.state, &min_to, &max_to))
        return what == 1 ? min_to : what == 2 ? max_to : rand_in(g, min_to, max_to);
    return HB_ACT_CALL;
}

/* Seats in `mine` are the player's, others act at random. */
static void play_hand(struct rand_stream *g, struct hb_player *p, uint32_t hand, uint32_t mine)
{
    const struct hb_rules *r = &p->rules;
    struct hb_err e = {0};

    m.hand = hand;
    m.n_acts = 0;
    hb_state_init(r, &m.state);
    deal(g, r);
    while (!m.state.finished) {
        hb_act act = -77;
        hb_act again = -78;

        m.position = m.state.actor;
        if ((mine >> m.state.actor & 1) == 0) {
            act = random_act(g, r);
        } else {
            CHECK_OK(hb_player_answer(p, &m, &act, &e), e);
            CHECK_OK(hb_player_answer(p, &m, &again, &e), e);
            CHECK_EQ(act, again);
        }
        if (!hb_state_legal(r, &m.state, act)) {
            CHECK_EQ(act, -99);
            return;
        }
        CHECK_OK(hb_matchstate_act(r, &m, act, &e), e);
    }
}

static void answers_are_legal_whatever_the_others_do(void)
{
    for (size_t i = 0; i < sizeof games / sizeof games[0]; i++) {
        struct rand_stream g = {.seed = 31 + i};
        struct hb_player_options o = {.seed = i, .purify = i == 2, .threshold = i == 3 ? 0.1 : 0};
        struct small_run r;
        struct hb_player p;
        struct hb_err e = {0};

        make_run(&games[i], 9, &r);
        make_blueprint(&r, i);
        CHECK_OK(hb_player_open(path, &o, &p, &e), e);
        for (uint32_t hand = 0; hand < 3000; hand++)
            play_hand(&g, &p, hand, (uint32_t)rand_in(&g, 1, 15));
        hb_player_close(&p);
        small_run_fini(&r);
    }
}

static void fixed_strategies_are_legal_and_what_they_say(void)
{
    static const char *const names[] = {"@uniform", "@call", "@fold", "@raise"};
    static const char *const files[] = {"kuhn", "leduc3", "holdem-limit", "hunl-200bb", "nl3"};
    struct rand_stream g = {.seed = 3};

    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            char game[128];
            struct hb_player_options o = {.game = game, .seed = 5};
            struct hb_player p;
            struct hb_err e = {0};

            (void)snprintf(game, sizeof game, "examples/games/%s.game", files[i]); /* fits */
            CHECK_OK(hb_player_open(names[k], &o, &p, &e), e);
            for (uint32_t hand = 0; hand < 200; hand++) {
                play_hand(&g, &p, hand, (uint32_t)rand_in(&g, 1, 7));
                play_hand(&g, &p, hand, 7); /* nobody else */
                for (int a = 0; a < m.n_acts && (k == 1 || k == 2); a++)
                    CHECK(k == 1 ? m.act[a] == HB_ACT_CALL : m.act[a] <= HB_ACT_CALL);
                CHECK(k != 3 || m.act[0] > 0);
            }
            hb_player_close(&p);
        }
}

/* Seat 0 opens; how often he does what over many hands is what the row says. */
static void the_first_action_has_the_blueprints_probabilities(void)
{
    struct hb_player_options o = {.seed = 77};
    struct small_run r;
    struct hb_player p;
    struct hb_err e = {0};
    uint16_t row[8];
    int n[8] = {0};
    const int n_hands = 20000;

    make_run(&games[0], 9, &r);
    make_blueprint(&r, 3);
    CHECK_OK(hb_player_open(path, &o, &p, &e), e);
    memset(&m, 0, sizeof m);
    hb_state_init(&p.rules, &m.state);
    m.position = m.state.actor;
    m.own[m.position][0] = hb_card_of(12, 3);
    CHECK_OK(hb_blueprint_row(&p.strategy.blueprint, 0,
                              hb_buckets_of(&p.buckets, 0, m.own[m.position]), row, &e),
             e);
    for (int i = 0; i < n_hands; i++) {
        hb_act act = 0;
        unsigned k = 0;

        m.hand = (uint32_t)i;
        CHECK_OK(hb_player_answer(&p, &m, &act, &e), e);
        while (r.tree.act[k] != act)
            k++;
        n[k]++;
    }
    for (unsigned k = 0; k < r.tree.node[0].n_actions; k++)
        CHECK_NEAR((double)n[k] / n_hands, (double)row[k] / HB_BLUEPRINT_ONE, 0.015);
    hb_player_close(&p);
    small_run_fini(&r);
}

/* Jam or fold before the flop; here both checked and the other one bets later. */
static void without_a_decision_in_the_tree_the_price_decides(void)
{
    static const struct {
        const char *line;
        hb_act act;
    } known[] = {
        {"MATCHSTATE:0:0:cc/cr1000:Ac|/As", HB_ACT_CALL}, /* a pair of aces */
        {"MATCHSTATE:0:0:cc/cr1000:Qc|/As", HB_ACT_FOLD}, /* 900 for 2000 with the lowest card */
        {"MATCHSTATE:0:0:cc/cr1000:Qc|/Qs", HB_ACT_CALL},
        {"MATCHSTATE:0:0:cc/:Qc|/As", HB_ACT_CALL}, /* a check costs nothing */
    };
    struct hb_player_options o = {.seed = 77};
    struct small_run r;
    struct hb_player p;
    struct hb_err e = {0};
    char line[128];

    make_run(&games[1], 9, &r);
    make_blueprint(&r, 3);
    CHECK_OK(hb_player_open(path, &o, &p, &e), e);
    for (unsigned i = 0; i < 4 * sizeof known / sizeof known[0]; i++) {
        hb_act act = -77;

        (void)snprintf(line, sizeof line, "%s", known[i / 4].line);
        line[13] = (char)('0' + i % 4); /* the hand's number */
        CHECK_OK(hb_matchstate_parse(&p.rules, line, strlen(line), &m, &e), e);
        CHECK_OK(hb_player_answer(&p, &m, &act, &e), e);
        CHECK_EQ(act, known[i / 4].act);
    }
    hb_player_close(&p);
    small_run_fini(&r);
}

/* ---- opening ---- */

static void wrong_openings_are_refused(void)
{
    struct hb_player p;
    struct hb_err e = {0};
    struct hb_player_options none = {0};
    struct hb_player_options both = {.game = "examples/games/kuhn.game", .config = "x"};
    struct hb_player_options game = {.game = "examples/games/kuhn.game"};
    struct hb_player_options pure = {.game = "examples/games/kuhn.game", .purify = true};
    struct hb_player_options gone = {.game = "examples/games/none.game"};

    CHECK_EQ(hb_player_open("@uniform", &none, &p, &e), HB_EUSAGE);
    CHECK_EQ(hb_player_open("@uniform", &both, &p, &e), HB_EUSAGE);
    CHECK_EQ(hb_player_open("@uniform", &pure, &p, &e), HB_EUSAGE);
    CHECK_EQ(hb_player_open("@nobody", &game, &p, &e), HB_EUSAGE);
    CHECK_EQ(hb_player_open("@call", &gone, &p, &e), HB_ENOINPUT);
    CHECK_EQ(hb_player_open("tests/golden/blueprint-1.hbp", &game, &p, &e), HB_EUSAGE);
    CHECK_EQ(hb_player_open("tests/golden/checkpoint-1.hbc", &none, &p, &e), HB_EFORMAT);
    CHECK_EQ(hb_player_open("no/such.hbp", &none, &p, &e), HB_ENOINPUT);
    hb_player_close(&p);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_player_options o = {0};
    struct hb_player p;
    struct hb_err e = {0};
    int rc = HB_ENOMEM;
    long n;

    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_player_open("tests/golden/blueprint-1.hbp", &o, &p, &e);
        /* HB_EIDENTITY: a hash that could not be made fits nothing */
        CHECK(rc == HB_OK || rc == HB_ENOMEM || rc == HB_EIDENTITY);
    }
    CHECK(n > 3 && n < 200);
    hb_mem_fail_at(0);
    hb_player_close(&p);
}

int main(void)
{
    if (!scratch_folder(folder, "t_player"))
        return 1;
    RUN(choices_have_their_probabilities);
    RUN(purify_and_threshold_take_small_ones_away);
    RUN(answers_are_legal_whatever_the_others_do);
    RUN(fixed_strategies_are_legal_and_what_they_say);
    RUN(the_first_action_has_the_blueprints_probabilities);
    RUN(without_a_decision_in_the_tree_the_price_decides);
    RUN(wrong_openings_are_refused);
    RUN(every_failed_allocation_is_reported);
    (void)unlink(in_folder(folder, "p.hbp", path)); /* may not be there */
    CHECK_EQ(rmdir(folder), 0);                     /* nothing else was left */
    return check_done();
}
