/* Two strategies compared: distances and weights are those of an obviously right sum over all deals
 * and all decisions, samples come near them, and other games are refused. */
#define _XOPEN_SOURCE 700 /* mkdtemp, for tables.h */
#include "run/difference.h"

#include <math.h>

#include "base/io.h"
#include "store/checkpoint.h"
#include "tables.h"

static char folder[64];
static const char *const names[2] = {"one", "two"};

/* A checkpoint with random rows of a shipped game, opened. */
static bool open_random(const char *game, uint64_t seed, struct hb_strategy *s)
{
    struct hb_strategy_options none = {0};
    struct small_run r;
    struct hb_table t;
    struct rand_stream g = {.seed = seed};
    struct hb_err e = {0};
    char path[256];
    void *mem;

    small_run_init(&r, game, 7);
    mem = memory_table(&r, 1, &t);
    for (uint32_t i = 0; i < r.tree.n_nodes; i++)
        for (uint32_t b = 0; b < r.spec.street[r.tree.node[i].street].n_buckets; b++) {
            int32_t *row = t.rows + hb_table_row_at(&t, i, b);
            int n = r.tree.node[i].n_actions;

            for (int a = 0; a < n; a++)
                row[HB_ROW_HEAD + n + a] = rand_in(&g, 0, 3) == 0 ? 0 : rand_in(&g, 1, 1000);
        }
    hb_table_set(&t, HB_TABLE_CLEAN, 0, 0, 0);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "x.hbc", path), 1, NULL, &e), e);
    hb_mem_free(mem);
    small_run_fini(&r);
    CHECK_OK(hb_strategy_open(path, &none, s, &e), e);
    (void)remove(path); /* it is open */
    return e.rc == HB_OK;
}

/* ---- the obvious twin ---- */

struct sums {
    double reach[600], distance[600];
    double mean[2][600][4];
    uint64_t n_deals;
};

/* The probability of an edge out of a node for these cards. */
static void ask(struct hb_strategy *s, uint32_t node, const uint8_t *cards, double *prob)
{
    struct hb_err e = {0};
    uint32_t bucket = 0;

    CHECK_OK(hb_strategy_bucket(s, s->tree->node[node].street, cards, &bucket, &e), e);
    CHECK_OK(hb_strategy_rows(s, node, &bucket, 1, prob, NULL, &e), e);
}

/* Product of all probabilities on the way up from a node. */
static double way_to(struct hb_strategy *s, uint32_t node, uint8_t cards[][HB_HAND_MAX])
{
    const struct hb_tree *t = s->tree;
    double product = 1;

    for (; t->node[node].parent != HB_TREE_NONE; node = t->node[node].parent) {
        uint32_t parent = t->node[node].parent;
        double prob[8];

        ask(s, parent, cards[t->node[parent].player], prob);
        for (int a = 0; a < t->node[parent].n_actions; a++)
            if (t->child[t->node[parent].edge + (uint32_t)a] == node)
                product *= prob[a];
    }
    return product;
}

static void add_deal(struct hb_strategy *s[2], uint8_t cards[][HB_HAND_MAX], struct sums *out)
{
    out->n_deals++;
    for (uint32_t node = 0; node < s[0]->tree->n_nodes; node++) {
        const struct hb_node *n = &s[0]->tree->node[node];
        double by[2] = {way_to(s[0], node, cards), way_to(s[1], node, cards)};
        double weight = (by[0] + by[1]) / 2;
        double prob[2][8];

        if (by[0] < 1e-5 && by[1] < 1e-5)
            continue;
        for (int k = 0; k < 2; k++)
            ask(s[k], node, cards[n->player], prob[k]);
        out->reach[node] += weight;
        for (int a = 0; a < n->n_actions; a++) {
            out->distance[node] += weight * fabs(prob[0][a] - prob[1][a]);
            out->mean[0][node][a] += weight * prob[0][a];
            out->mean[1][node][a] += weight * prob[1][a];
        }
    }
}

/* One own card each and up to one on the board, in any order. */
static void add_all(struct hb_strategy *s[2], struct sums *out)
{
    const struct hb_rules *r = &s[0]->spec.rules;
    uint8_t deck[HB_CARDS];
    int n = hb_deck_cards(&r->deck, deck);
    bool board = r->deck.n_board[r->deck.n_streets - 1] == 1;

    memset(out, 0, sizeof *out);
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            for (int c = 0; c < n; c++) {
                uint8_t cards[2][HB_HAND_MAX] = {{deck[a], deck[c]}, {deck[b], deck[c]}};

                if (a != b && (board ? c != a && c != b : c == 0))
                    add_deal(s, cards, out);
            }
}

static void check_game(const char *game, uint64_t seed)
{
    struct hb_difference_options o = {.seed = 1, .n_deals = 1000, .top = 600};
    struct hb_strategy one;
    struct hb_strategy two;
    struct hb_strategy *both[2] = {&one, &two};
    struct hb_difference d = {0};
    struct hb_err e = {0};
    static struct sums want;
    double reach = 0;
    double total = 0;
    double share = 0;

    if (!open_random(game, seed, &one) || !open_random(game, seed + 100, &two))
        return;
    CHECK_OK(hb_difference_new(&one, &two, names, &o, &d, &e), e);
    add_all(both, &want);
    CHECK(d.complete);
    CHECK_EQ(d.n_deals, want.n_deals);
    for (uint32_t i = 0; i < one.tree->n_nodes; i++) {
        reach += want.reach[i];
        total += want.distance[i];
    }
    CHECK_NEAR(d.decisions, reach / (double)want.n_deals, 1e-9);
    CHECK_NEAR(d.distance, total / reach, 1e-9);
    for (uint32_t i = 0; i < d.n; i++) {
        const struct hb_difference_node *n = &d.node[i];
        uint32_t at = n->node;

        CHECK(i == 0 || n->share <= d.node[i - 1].share);
        CHECK_NEAR(n->reach, want.reach[at] / (double)want.n_deals, 1e-9);
        CHECK_NEAR(n->distance, want.distance[at] / want.reach[at], 1e-9);
        for (int a = 0; a < one.tree->node[at].n_actions; a++) {
            CHECK_NEAR(n->a[a], want.mean[0][at][a] / want.reach[at], 1e-9);
            CHECK_NEAR(n->b[a], want.mean[1][at][a] / want.reach[at], 1e-9);
        }
        share += n->share;
    }
    CHECK_NEAR(share, 1, 1e-9);
    hb_difference_fini(&d);
    hb_strategy_close(&one);
    hb_strategy_close(&two);
}

static void all_deals_and_decisions_are_summed(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        check_game("kuhn", seed);
        check_game("leduc", seed);
    }
}

static void a_sample_comes_near_the_sum_over_all_deals(void)
{
    struct hb_difference_options all = {.seed = 1, .n_deals = 1000, .top = 1};
    struct hb_difference_options some = {.seed = 1, .n_deals = 119, .top = 1};
    struct hb_strategy one;
    struct hb_strategy two;
    struct hb_difference exact = {0};
    struct hb_err e = {0};
    double mean = 0;
    double squares = 0;

    if (!open_random("leduc", 1, &one) || !open_random("leduc", 2, &two))
        return;
    CHECK_OK(hb_difference_new(&one, &two, names, &all, &exact, &e), e);
    for (some.seed = 1; some.seed <= 40; some.seed++) {
        struct hb_difference d = {0};

        CHECK_OK(hb_difference_new(&one, &two, names, &some, &d, &e), e);
        CHECK(!d.complete);
        CHECK_EQ(d.n_deals, 119);
        mean += d.distance / 40;
        squares += (d.distance - exact.distance) * (d.distance - exact.distance) / 40;
        hb_difference_fini(&d);
    }
    CHECK(squares > 0);
    CHECK_NEAR(mean, exact.distance, 4 * sqrt(squares / 40));
    CHECK(sqrt(squares) < 0.1 * exact.distance);
    hb_difference_fini(&exact);
    hb_strategy_close(&one);
    hb_strategy_close(&two);
}

static void a_strategy_does_not_differ_from_itself(void)
{
    struct hb_difference_options o = {.seed = 1, .n_deals = 1000, .top = 10};
    struct hb_strategy one;
    struct hb_strategy two;
    struct hb_difference d = {0};
    struct hb_err e = {0};

    if (!open_random("leduc", 5, &one) || !open_random("leduc", 5, &two))
        return;
    CHECK_OK(hb_difference_new(&one, &two, names, &o, &d, &e), e);
    CHECK_EQ(d.n, 0);
    CHECK_NEAR(d.distance, 0, 0);
    CHECK(d.decisions > 1);
    hb_difference_fini(&d);
    hb_strategy_close(&one);
    hb_strategy_close(&two);
}

static void fixed_strategies_play_what_the_other_plays(void)
{
    struct hb_difference_options o = {.seed = 1, .n_deals = 1000, .top = 1};
    struct hb_strategy one;
    struct hb_strategy two;
    struct hb_difference d = {0};
    struct hb_err e = {0};
    struct hb_buf text = {0};

    if (!open_random("kuhn", 5, &one))
        return;
    CHECK_OK(hb_strategy_open("@call", &(struct hb_strategy_options){.like = &one.spec}, &two, &e),
             e);
    CHECK_OK(hb_difference_new(&one, &two, names, &o, &d, &e), e);
    CHECK_EQ(d.n, 1);
    CHECK_NEAR(d.node[0].b[0] + d.node[0].b[1], 1, 1e-12);
    hb_difference_text(&d, names, &text);
    hb_buf_u8(&text, '\0');
    CHECK(strstr((const char *)text.data, "B: two, a fixed strategy") != NULL);
    CHECK(strstr((const char *)text.data, "over all 6 deals") != NULL);
    hb_buf_fini(&text);
    hb_difference_fini(&d);
    hb_strategy_close(&one);
    hb_strategy_close(&two);
}

static void other_games_and_other_bets_are_refused_naming_both(void)
{
    struct hb_difference_options o = {.seed = 1, .n_deals = 1000, .top = 10};
    struct hb_strategy kuhn;
    struct hb_strategy leduc;
    struct hb_strategy other;
    struct hb_spec spec;
    struct hb_difference d = {0};
    struct hb_err e = {0};

    if (!open_random("kuhn", 1, &kuhn) || !open_random("leduc", 1, &leduc))
        return;
    CHECK_EQ(hb_difference_new(&kuhn, &leduc, names, &o, &d, &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "'one' plays 'kuhn.game'") && strstr(e.msg, "'two' plays 'leduc.game'"));
    spec = leduc.spec;
    spec.betting.every_size = false;
    for (int i = 0; i < HB_STREETS; i++)
        spec.betting.street[i] = (struct hb_betting_street){.given = true, .max_raises = 1};
    e = (struct hb_err){0};
    CHECK_OK(hb_strategy_open("@call", &(struct hb_strategy_options){.like = &spec}, &other, &e),
             e);
    if (e.rc == HB_OK) {
        CHECK_EQ(hb_difference_new(&leduc, &other, names, &o, &d, &e), HB_EIDENTITY);
        CHECK(strstr(e.msg, "with other bets") != NULL);
        hb_strategy_close(&other);
    }
    CHECK(d.node == NULL);
    hb_strategy_close(&kuhn);
    hb_strategy_close(&leduc);
}

static void every_allocation_may_fail(void)
{
    struct hb_difference_options o = {.seed = 1, .n_deals = 10, .top = 5};
    int rc = HB_ENOMEM;
    long n = 1;

    for (; n < 200 && rc != HB_OK; n++) {
        struct hb_strategy one;
        struct hb_strategy two;
        struct hb_difference d = {0};

        if (!open_random("kuhn", 1, &one) || !open_random("kuhn", 2, &two))
            return;
        hb_mem_fail_at(n);
        rc = hb_difference_new(&one, &two, names, &o, &d, NULL);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || (rc == HB_ENOMEM && d.node == NULL));
        hb_difference_fini(&d);
        hb_strategy_close(&one);
        hb_strategy_close(&two);
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 8);
}

int main(void)
{
    CHECK(scratch_folder(folder, "difference"));
    RUN(all_deals_and_decisions_are_summed);
    RUN(a_sample_comes_near_the_sum_over_all_deals);
    RUN(a_strategy_does_not_differ_from_itself);
    RUN(fixed_strategies_play_what_the_other_plays);
    RUN(other_games_and_other_bets_are_refused_naming_both);
    RUN(every_allocation_may_fail);
    (void)rmdir(folder); /* scratch */
    return check_done();
}
