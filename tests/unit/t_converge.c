/* Does it learn? Exact values and exploitabilities of what short runs end with. The numbers are
 * those of fixed seeds: they move only when the solver's arithmetic does. Bounds leave a margin of
 * a third or more to what was measured. */
#include "solver/exploit.h"

#include "check.h"
#include "kit.h"

static void average_strategy(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct kit *k = ctx;
    const struct hb_node *n = &k->tree.node[node];

    hb_row_average(hb_table_row(&k->table, node, hb_buckets_of(&k->buckets, n->street, cards)),
                   n->n_actions, prob);
}

static struct hb_exploit evaluate(struct kit *k)
{
    struct hb_exploit x = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_exploit_run(&k->spec.rules, &k->tree, average_strategy, k, 1e10, &x, &e), e);
    return x;
}

static struct hb_exploit train(const char *game, const struct hb_params *p, uint64_t iterations)
{
    struct hb_rules r = kit_game(game);
    struct hb_exploit x;
    struct kit k;

    kit_open(&k, &r, p, 1);
    kit_run(&k, iterations);
    x = evaluate(&k);
    kit_close(&k);
    return x;
}

static void an_untrained_table_plays_uniformly(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);

    CHECK_NEAR(train("kuhn", &p, 0).exploitability, 0.458333333333, 1e-9);
    CHECK_NEAR(train("leduc", &p, 0).exploitability, 2.373611111111, 1e-9);
}

static void every_mode_solves_kuhn(void)
{
    static const double bound[] = {0.005, 0.005, 0.003, 0.003}; /* chips/hand */

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_params p = kit_params((enum hb_discount)mode, 1000, 100);
        struct hb_exploit x = train("kuhn", &p, 1000000);

        CHECK_NEAR(x.value[0], -1.0 / 18.0, 0.002);
        CHECK(x.exploitability < bound[mode]);
    }
}

static void leduc_is_below_a_fiftieth_of_a_chip_after_a_million_iterations(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);
    struct hb_exploit x = train("leduc", &p, 1000000);

    CHECK_NEAR(x.value[0], -0.0856064, 0.004);
    CHECK(x.exploitability < 0.020);
}

static void every_mode_learns_leduc(void)
{
    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_params p = kit_params((enum hb_discount)mode, 1000, 100);

        CHECK(train("leduc", &p, 200000).exploitability < 0.06);
    }
}

static void three_players_come_near_an_equilibrium(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_DCFR, 1000, 100);
    struct hb_exploit x = train("kuhn3", &p, 500000);

    CHECK(x.nashconv < 0.012);
    CHECK_NEAR(x.value[0] + x.value[1] + x.value[2], 0.0, 1e-9);
}

/* A big game's unit is coarse beside its small pots. Here it is half a chip, a quarter of the pot.
 */
static void a_coarse_unit_does_not_spoil_the_result(void)
{
    for (int mode = HB_DISCOUNT_LINEAR; mode <= HB_DISCOUNT_DCFR; mode++) {
        struct hb_params p = kit_params((enum hb_discount)mode, 200, 100);

        p.unit_shift = 1;
        CHECK(train("leduc", &p, 400000).exploitability < 0.045);
    }
}

static void pruning_does_not_spoil_the_result(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);

    p.pruning = true;
    p.pruning_threshold = -500;
    p.pruning_p32 = UINT32_MAX / 20 * 19;
    CHECK(train("leduc", &p, 400000).exploitability < 0.045);
}

/* Once rows were visited often, fewer samples of the average are as good. */
static void averaging_less_often_does_not_spoil_the_result(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);

    p.average_interval = 8;
    CHECK(train("leduc", &p, 1000000).exploitability < 0.020);
}

int main(void)
{
    RUN(an_untrained_table_plays_uniformly);
    RUN(every_mode_solves_kuhn);
    RUN(leduc_is_below_a_fiftieth_of_a_chip_after_a_million_iterations);
    RUN(every_mode_learns_leduc);
    RUN(three_players_come_near_an_equilibrium);
    RUN(a_coarse_unit_does_not_spoil_the_result);
    RUN(pruning_does_not_spoil_the_result);
    RUN(averaging_less_often_does_not_spoil_the_result);
    return check_done();
}
