#include "solver/public.h"

#include "base/mem.h"
#include "holdems.h"

/* units in any order, results added in theirs; `stride` is prime to the number of units */
static struct hb_exploit run(struct noise *z, bool big, uint32_t stride)
{
    struct hb_public_strategy s = noise_strategy(z, big);
    struct hb_exploit x = {0};
    struct hb_public *p = NULL;
    struct hb_err e = {0};
    double *result = NULL;
    uint32_t n;
    size_t len;

    CHECK_OK(hb_public_new(&z->g->rules, &z->g->tree, &s, &p, &e), e);
    CHECK_OK(hb_public_start(p, &e), e);
    n = hb_public_units(p);
    len = hb_public_unit_len_max(p);
    CHECK(hb_mem_new(&result, n * len, sizeof *result, "results", NULL) == HB_OK);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t unit = (uint32_t)((uint64_t)i * stride % n);

        hb_public_unit(p, unit, result + unit * len);
    }
    for (uint32_t i = 0; i < n; i++)
        hb_public_add(p, i, result + i * len);
    hb_public_result(p, &x);
    CHECK(hb_public_work(p) > 0);
    hb_mem_free(result);
    hb_public_free(p);
    return x;
}

static void same(const struct hb_exploit *a, const struct hb_exploit *b, double tolerance)
{
    for (int seat = 0; seat < 2; seat++) {
        CHECK_NEAR(a->value[seat], b->value[seat], tolerance);
        CHECK_NEAR(a->best_response[seat], b->best_response[seat], tolerance);
        CHECK(a->best_response[seat] >= a->value[seat] - 1e-9);
    }
    CHECK_NEAR(a->nashconv, b->nashconv, 2 * tolerance);
    CHECK_NEAR(a->exploitability, b->exploitability, tolerance);
}

static void compare(struct noise *z)
{
    struct hb_exploit full = {0};
    struct hb_err e = {0};
    struct hb_exploit a;
    struct hb_exploit b;
    int bad = check_bad_here;

    CHECK_OK(hb_exploit_run(&z->g->rules, &z->g->tree, noise_ask, z, 1e12, &full, &e), e);
    a = run(z, false, 1);
    b = run(z, true, 10007);
    same(&a, &full, 1e-9);
    same(&b, &a, 0);
    if (check_bad_here != bad)
        printf("# seed %d modulus %u\n", (int)z->seed, z->modulus);
}

static void compare_all(struct body body, int n_seeds)
{
    struct game g;

    if (game_open(&g, body))
        for (int sense = 0; sense < 2; sense++) {
            struct noise z = {.g = &g};
            struct hb_err e = {0};

            CHECK_OK(hb_iso_new(&g.rules.deck, (enum hb_iso_sense)sense, &z.iso, &e), e);
            for (z.seed = 1; z.seed <= (uint64_t)n_seeds; z.seed++) {
                z.modulus = z.seed % 2 ? 0 : 5;
                compare(&z);
            }
            z.fixed = true;
            for (int k = 0; k < 4 && sense == 0; k++) {
                z.rule = (struct hb_fixed){&g.tree, (enum hb_fixed_kind)k};
                compare(&z);
            }
            hb_iso_free(z.iso);
        }
    hb_tree_fini(&g.tree);
}

/* ---- tests ---- */

static void one_and_two_streets_agree_with_the_full_walk(void)
{
    compare_all(LIMIT(1, "2", 3, 4, "0"), 4);
    compare_all(LIMIT(2, "2 1", 3, 3, "0 1"), 4);
    compare_all(LIMIT(2, "1 1", 4, 3, "0 3"), 4);
    compare_all(LIMIT(2, "2 2", 2, 5, "0 2"), 2);
    compare_all(LIMIT(2, "2 1", 3, 3, "0 0"), 2); /* a street without a card */
}

static void three_and_four_streets_agree_with_the_full_walk(void)
{
    compare_all(LIMIT(3, "1 1 1", 3, 3, "0 2 1"), 2);
    compare_all(LIMIT(3, "1 2 1", 4, 2, "0 1 1"), 4);
    compare_all(LIMIT(4, "1 1 1 1", 2, 4, "0 1 1 1"), 2);
    compare_all(LIMIT(4, "1 1 0 1", 3, 3, "0 2 1 1"), 2);
}

static void all_ins_on_every_street_agree_with_the_full_walk(void)
{
    compare_all(NOLIMIT(2, "4 4", 3, 3, "0 2"), 4);
    compare_all(NOLIMIT(3, "4 4", 3, 3, "0 2 1"), 4);
    compare_all(NOLIMIT(3, "3 5", 4, 2, "0 1 1"), 4);
    compare_all(NOLIMIT(4, "4 4", 4, 2, "0 1 1 1"), 2);
    compare_all(NOLIMIT(4, "2 4", 2, 4, "0 1 1 1"), 2);
    compare_all(NOLIMIT(4, "3 3", 3, 3, "0 3 1 1"), 2);
}

/* Rounds without a card, several cards late, one suit, long decks of few suits; raises only on some
 * rounds, so that the tree begins or ends where others do not. */
static void unusual_boards_agree_with_the_full_walk(void)
{
    compare_all(LIMIT(2, "1 1", 3, 3, "0 4"), 2);
    compare_all(LIMIT(2, "1 2", 1, 9, "0 2"), 2);
    compare_all(LIMIT(3, "1 1 1", 2, 4, "0 0 2"), 2);
    compare_all(LIMIT(3, "0 1 1", 3, 3, "0 2 2"), 2);
    compare_all(LIMIT(3, "1 0 0", 3, 3, "0 3 2"), 2);
    compare_all(LIMIT(4, "0 0 0 2", 2, 4, "0 1 1 2"), 2);
    compare_all(LIMIT(4, "1 1 0 0", 3, 3, "0 1 2 2"), 2);
    compare_all(NOLIMIT(3, "4 4", 1, 8, "0 2 2"), 2);
    compare_all(NOLIMIT(4, "3 6", 2, 4, "0 0 1 2"), 2);
}

static void other_games_are_refused(void)
{
    struct hb_public_strategy s = {0};
    struct hb_public *p = NULL;
    struct game g;
    struct game own = {0};

    if (game_open(&g, LIMIT(2, "1 1", 3, 3, "1 2"))) {
        CHECK(!hb_public_fits(&g.rules));
        CHECK_EQ(hb_public_new(&g.rules, &g.tree, &s, &p, NULL), HB_EUSAGE);
    }
    own.rules = g.rules;
    own.rules.deck.n_board[0] = 0;
    CHECK(hb_public_fits(&own.rules));
    own.rules.deck.n_hole = 1;
    CHECK(!hb_public_fits(&own.rules));
    own.rules.deck.n_hole = 2;
    own.rules.n_players = 3;
    CHECK(!hb_public_fits(&own.rules));
    hb_tree_fini(&g.tree);
}

static void every_allocation_may_fail(void)
{
    struct game g;
    int rc = HB_ENOMEM;
    long n = 1;

    if (game_open(&g, NOLIMIT(3, "3 3", 2, 3, "0 1 1"))) {
        struct noise z = {.g = &g, .modulus = 3};
        struct hb_public_strategy s = {
            .ctx = &z, .n_buckets = {3, 3, 3}, .buckets = noise_buckets, .row = noise_row};

        CHECK_OK(hb_iso_new(&g.rules.deck, HB_ISO_SET, &z.iso, NULL), *(&(struct hb_err){0}));
        for (; n < 1000 && rc != HB_OK; n++) {
            struct hb_public *p = NULL;

            hb_mem_fail_at(n);
            if ((rc = hb_public_new(&g.rules, &g.tree, &s, &p, NULL)) == HB_OK)
                rc = hb_public_start(p, NULL);
            CHECK(rc == HB_OK || rc == HB_ENOMEM);
            hb_public_free(p);
        }
        hb_mem_fail_at(0);
        CHECK_EQ(rc, HB_OK);
        CHECK(n > 20);
        hb_iso_free(z.iso);
    }
    hb_tree_fini(&g.tree);
}

int main(void)
{
    RUN(one_and_two_streets_agree_with_the_full_walk);
    RUN(three_and_four_streets_agree_with_the_full_walk);
    RUN(all_ins_on_every_street_agree_with_the_full_walk);
    RUN(unusual_boards_agree_with_the_full_walk);
    RUN(other_games_are_refused);
    RUN(every_allocation_may_fail);
    return check_done();
}
