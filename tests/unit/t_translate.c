/* The pseudo-harmonic mapping: values, boundaries, monotony; a hand followed through a tree that
 * lacks bets, and back. */
#include "game/translate.h"

#include "games.h"

static void the_mapping_has_its_known_values(void)
{
    static const double end[][2] = {{0, 1}, {0, 0.5}, {0.25, 0.75}, {0.5, 1}, {1, 2}, {1, 20}};

    CHECK_NEAR(hb_translate_weight(0, 1, 1.0 / 3), 0.5, 1e-15); /* the paper's example */
    CHECK_NEAR(hb_translate_weight(0, 1, 0.5), 1.0 / 3, 1e-15);
    for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
        double a = end[i][0];
        double b = end[i][1];
        double last = 2;

        CHECK(hb_translate_weight(a, b, a) == 1);
        CHECK(hb_translate_weight(a, b, b) == 0);
        /* the median of the mapping, section 6 */
        CHECK_NEAR(hb_translate_weight(a, b, (a + b + 2 * a * b) / (a + b + 2)), 0.5, 1e-12);
        for (int k = 0; k <= 1000; k++) {
            double f = hb_translate_weight(a, b, a + (b - a) * k / 1000);

            CHECK(f < last && f >= 0 && f <= 1);
            last = f;
        }
    }
}

/* ---- a tree with half pot, pot and all-in ---- */

static struct hb_betting betting_of(const char *sizes, int max_raises, bool limp)
{
    struct hb_betting b = {0};

    for (int i = 0; i < HB_STREETS; i++) {
        struct hb_betting_street *s = &b.street[i];
        char word[16];
        int at = 0;
        int n = 0;

        *s = (struct hb_betting_street){.max_raises = max_raises, .limp = limp, .given = true};
        while (sscanf(sizes + at, "%15s%n", word, &n) == 1) {
            CHECK_EQ(hb_bet_size_parse(word, &s->size[s->n_sizes++], NULL), HB_OK);
            at += n;
        }
    }
    return b;
}

static const char small_nl[] = "GAMEDEF\nnolimit\nnumPlayers = %d\nnumRounds = 2\nstack = %s\n"
                               "blind = %s\nfirstPlayer = %s\nnumSuits = 4\nnumRanks = 13\n"
                               "numHoleCards = 1\nnumBoardCards = 0 1\nEND GAMEDEF\n";

static struct hb_rules heads_up(void)
{
    char text[512];

    (void)snprintf(text, sizeof text, small_nl, 2, "2000 2000", "100 50", "2 1");
    return game_of(text);
}

static struct hb_rules three_players(void)
{
    char text[512];

    (void)snprintf(text, sizeof text, small_nl, 3, "2000 2000 2000", "50 100 0", "3 1");
    return game_of(text);
}

static hb_act act_at(const struct hb_tree *t, uint32_t node, unsigned edge)
{
    return t->act[t->node[node].edge + edge];
}

/* After `betting`, followed exactly, what does a bet stand for? */
static hb_act stands_for(const struct hb_rules *r, const struct hb_tree *t, const char *betting,
                         hb_act act, uint32_t bits)
{
    struct hb_follow f;
    struct hb_state real;
    hb_act acts[16];
    int n = 0;

    hb_follow_init(r, &f);
    hb_state_init(r, &real);
    CHECK_EQ(hb_state_play(r, betting, &real, acts, 16, &n, NULL), HB_OK);
    hb_state_init(r, &real);
    for (int i = 0; i < n; i++) {
        CHECK(hb_follow_sync(r, t, &f, &real));
        hb_follow_step(r, t, &f, hb_follow_edge(r, t, &f, &real, acts[i], 0));
        hb_state_act(r, &real, acts[i]);
    }
    CHECK(hb_follow_sync(r, t, &f, &real));
    return act_at(t, f.node, hb_follow_edge(r, t, &f, &real, act, bits));
}

static void bets_between_two_sizes_are_split(void)
{
    struct hb_rules r = heads_up();
    struct hb_betting b = betting_of("0.5 1 allin", 3, true);
    struct hb_tree t;
    struct hb_err e = {0};
    double a;
    int n_small = 0;

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    /* first bet: pot after the call 200; 0.5 is 200 in all, 1 is 300 */
    CHECK_EQ(stands_for(&r, &t, "", 200, UINT32_MAX), 200);
    CHECK_EQ(stands_for(&r, &t, "", 300, UINT32_MAX), 300);
    CHECK_EQ(stands_for(&r, &t, "", 300, 0), 300);
    CHECK_EQ(stands_for(&r, &t, "", 299, 0), 200);
    CHECK_EQ(stands_for(&r, &t, "", 299, UINT32_MAX), 300);
    CHECK_EQ(stands_for(&r, &t, "", 1999, UINT32_MAX), 2000);
    CHECK_EQ(stands_for(&r, &t, "", 2000, 0), 2000);
    a = hb_translate_weight(0.5, 1, 0.75);
    for (uint32_t i = 0; i < 4096; i++)
        n_small += stands_for(&r, &t, "", 250, i << 20) == 200;
    CHECK_NEAR(n_small / 4096.0, a, 1.0 / 4096);
    /* below the smallest: heads-up a check or the smallest. On the second round the pot is 200 */
    CHECK_EQ(stands_for(&r, &t, "cc/", 200, UINT32_MAX), 200);
    hb_tree_fini(&t);
    b = betting_of("1 allin", 3, true);
    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    CHECK_EQ(stands_for(&r, &t, "cc/", 200, 0), HB_ACT_CALL);
    CHECK_EQ(stands_for(&r, &t, "cc/", 200, UINT32_MAX), 300);
    hb_tree_fini(&t);
    /* three players: always the smallest */
    r = three_players();
    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    CHECK_EQ(stands_for(&r, &t, "ccc/", 200, 0), 400);
    hb_tree_fini(&t);
}

static void what_the_tree_has_not_stands_for_the_nearest(void)
{
    struct hb_rules r = heads_up();
    struct hb_betting b = betting_of("1", 1, false);
    struct hb_tree t;
    struct hb_follow f;
    struct hb_state real;
    struct hb_err e = {0};

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    CHECK_EQ(stands_for(&r, &t, "", HB_ACT_CALL, 0), 300);     /* no limping */
    CHECK_EQ(stands_for(&r, &t, "", 2000, 0), 300);            /* nothing larger */
    CHECK_EQ(stands_for(&r, &t, "r300", 900, 0), HB_ACT_CALL); /* no raise left */
    hb_follow_init(&r, &f);
    hb_state_init(&r, &real);
    hb_follow_step(&r, &t, &f, 1); /* r300 in the tree */
    hb_state_act(&r, &real, HB_ACT_CALL);
    CHECK(hb_follow_sync(&r, &t, &f, &real));
    CHECK_EQ(act_at(&t, f.node, 0), HB_ACT_FOLD); /* a fold where nothing is to be called */
    CHECK_EQ(hb_follow_act(&r, &t, &f, &real, 0), HB_ACT_CALL);
    hb_tree_fini(&t);
}

static void bets_go_back_by_their_share_of_the_pot(void)
{
    struct hb_rules r = heads_up();
    struct hb_betting b = betting_of("1 allin", 3, true);
    struct hb_tree t;
    struct hb_follow f;
    struct hb_state real;
    struct hb_err e = {0};

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    hb_follow_init(&r, &f);
    hb_state_init(&r, &real);
    CHECK(hb_follow_sync(&r, &t, &f, &real));
    CHECK_EQ(hb_follow_act(&r, &t, &f, &real, 2), 300);
    hb_follow_step(&r, &t, &f, 2);
    hb_state_act(&r, &real, 250); /* stood for 300 */
    CHECK(hb_follow_sync(&r, &t, &f, &real));
    CHECK_EQ(act_at(&t, f.node, 2), 900);
    CHECK_EQ(hb_follow_act(&r, &t, &f, &real, 2), 750); /* 250 and a pot of 500 */
    CHECK_EQ(hb_follow_act(&r, &t, &f, &real, 3), 2000);
    hb_tree_fini(&t);
}

/* While all bets are in the tree, every edge goes out and comes in as itself. */
static void what_is_in_the_tree_is_followed_exactly(void)
{
    struct rand_stream g = {.seed = 5};

    for (int i = 0; i < 300; i++) {
        struct hb_rules r = random_game(&g, 4, 60);
        struct hb_betting b =
            betting_of(i % 2 ? "0.5 1 allin" : "0.33 2", rand_in(&g, 1, 3), rand_in(&g, 0, 1) == 0);
        struct hb_tree t;
        struct hb_follow f;
        struct hb_state real;

        b.every_size = !r.no_limit;
        if (hb_tree_new(&r, &b, 200000, &t, NULL) != HB_OK)
            continue;
        for (int hand = 0; hand < 20; hand++) {
            hb_follow_init(&r, &f);
            hb_state_init(&r, &real);
            while (!real.finished) {
                unsigned edge;
                hb_act act;

                CHECK(hb_follow_sync(&r, &t, &f, &real));
                edge = (unsigned)rand_in(&g, 0, t.node[f.node].n_actions - 1);
                act = hb_follow_act(&r, &t, &f, &real, edge);
                CHECK_EQ(act, act_at(&t, f.node, edge));
                CHECK_EQ(hb_follow_edge(&r, &t, &f, &real, act, (uint32_t)rand_in(&g, 0, 1) - 1u),
                         edge);
                hb_follow_step(&r, &t, &f, edge);
                hb_state_act(&r, &real, act);
            }
            CHECK_EQ(f.node, HB_TREE_NONE);
        }
        hb_tree_fini(&t);
    }
}

int main(void)
{
    RUN(the_mapping_has_its_known_values);
    RUN(bets_between_two_sizes_are_split);
    RUN(what_the_tree_has_not_stands_for_the_nearest);
    RUN(bets_go_back_by_their_share_of_the_pot);
    RUN(what_is_in_the_tree_is_followed_exactly);
    return check_done();
}
