/* Traversals and merges against the plain twin, number by number. */
#include "solver/cfr.h"

#include <math.h>

#include "check.h"
#include "games.h"
#include "kit.h"
#include "base/rng.h"
#include "plain.h"
#include "solver/quad.h"

/* Two players, 12 chips, every legal bet: a tree with many rows that are hardly ever reached. */
static const char tiny_no_limit[] =
    "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\nstack = 12 12\nblind = 2 1\n"
    "firstPlayer = 2 1\nnumSuits = 2\nnumRanks = 4\nnumHoleCards = 1\nnumBoardCards = 0 1\n"
    "END GAMEDEF\n";

static struct hb_rules game_by_name(const char *name)
{
    return strcmp(name, "tiny") == 0 ? game_of(tiny_no_limit) : kit_game(name);
}

/* Regret matching of the table's row: the twin then walks where the table says. */
static void table_policy(const void *ctx, uint32_t node, uint32_t bucket, float *prob)
{
    const struct kit *k = ctx;

    hb_regret_match(hb_table_row(&k->table, node, bucket) + HB_ROW_HEAD,
                    k->tree.node[node].n_actions, prob);
}

/* Call `compare` on every row. */
typedef void (*compare_fn)(const struct kit *k, const struct plain *p, const int32_t *row,
                           uint64_t at, unsigned n, void *ctx);

static void each_row(const struct kit *k, const struct plain *p, compare_fn compare, void *ctx)
{
    for (uint32_t i = 0; i < k->tree.n_nodes; i++)
        for (uint32_t b = 0; b < k->spec.street[k->tree.node[i].street].n_buckets; b++)
            compare(k, p, hb_table_row(&k->table, i, b), plain_at(p, i, b),
                    k->tree.node[i].n_actions, ctx);
}

/* ---- exact ------------------------------------------------------------------------------------*/

static void same_integers(const struct kit *k, const struct plain *p, const int32_t *row,
                          uint64_t at, unsigned n, void *ctx)
{
    long *bad = ctx;
    bool equal = hb_row_visits(row) == p->visits[at];

    for (unsigned a = 0; a < n; a++) {
        equal = equal && row[HB_ROW_HEAD + a] == p->exact[at + a];
        if (k->spec.params.discount == HB_DISCOUNT_NONE)
            equal = equal && row[HB_ROW_HEAD + n + a] == p->sum_exact[at + a];
    }
    *bad += !equal;
}

/* Rows that differ after every round up to `iterations`. */
static long exact_differences_of(bool draws_blocks, const char *game,
                                 const struct hb_params *params, uint64_t iterations, uint32_t task)
{
    struct hb_rules r = game_by_name(game);
    struct kit k;
    struct plain p;
    long bad = 0;

    kit_open(&k, &r, params, 2);
    if (draws_blocks)
        kit_draw_blocks(&k);
    plain_new(&p, &k.spec, &k.tree, &k.buckets, NULL, NULL);
    while (k.iteration < iterations && bad == 0) {
        kit_round(&k, task);
        plain_round(&p);
        CHECK_EQ(k.iteration, p.iteration);
        each_row(&k, &p, same_integers, &bad);
    }
    CHECK_EQ(k.nodes, p.nodes);
    plain_free(&p);
    kit_close(&k);
    return bad;
}

static long exact_differences(const char *game, const struct hb_params *params, uint64_t iterations,
                              uint32_t task)
{
    return exact_differences_of(false, game, params, iterations, task);
}

static void runs_of_version_1_keep_their_draws(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);

    CHECK_EQ(exact_differences_of(true, "kuhn3", &p, 3000, 0), 0);
    CHECK_EQ(exact_differences_of(true, "leduc", &p, 3000, 33), 0);
    CHECK_EQ(exact_differences_of(true, "tiny", &p, 500, 0), 0);
}

static void without_discounts_every_number_equals_the_plain_twins(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);

    CHECK_EQ(exact_differences("kuhn", &p, 20000, 7), 0);
    CHECK_EQ(exact_differences("kuhn3", &p, 10000, 0), 0);
    CHECK_EQ(exact_differences("leduc", &p, 5000, 33), 0);
    CHECK_EQ(exact_differences("tiny", &p, 1000, 0), 0);
}

/* The average is the only thing that changes: the same nodes, regrets and draws. */
static void in_an_interval_one_iteration_averages(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);

    p.average_interval = 3;
    CHECK_EQ(exact_differences("kuhn", &p, 20000, 7), 0);
    CHECK_EQ(exact_differences("kuhn3", &p, 10000, 0), 0);
    CHECK_EQ(exact_differences("leduc", &p, 5000, 33), 0);
    p.average_interval = UINT32_MAX; /* the first alone */
    CHECK_EQ(exact_differences("tiny", &p, 1000, 0), 0);
}

static void in_plus_mode_every_regret_equals_the_plain_twins(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_PLUS, 50, 100);

    CHECK_EQ(exact_differences("kuhn", &p, 20000, 7), 0);
    CHECK_EQ(exact_differences("kuhn3", &p, 10000, 0), 0);
    CHECK_EQ(exact_differences("leduc", &p, 5000, 33), 0);
    CHECK_EQ(exact_differences("tiny", &p, 1000, 0), 0);
}

static void pruning_and_its_floor_equal_the_plain_twins(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);

    p.pruning = true;
    p.pruning_threshold = -60; /* chips: soon reached in games this small */
    p.pruning_p32 = UINT32_MAX / 2;
    CHECK_EQ(exact_differences("leduc", &p, 8000, 0), 0);
    CHECK_EQ(exact_differences("tiny", &p, 1000, 0), 0);
}

static void every_traversal_visits_fewer_nodes_when_it_prunes(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct kit k;
    uint64_t all;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 20000);
    all = k.nodes;
    kit_close(&k);
    p.pruning = true;
    p.pruning_threshold = -30;
    p.pruning_p32 = UINT32_MAX;
    kit_open(&k, &r, &p, 1);
    kit_run(&k, 20000);
    CHECK(k.nodes < all - all / 20);
    kit_close(&k);
}

/* ---- against doubles --------------------------------------------------------------------------*/

struct closeness {
    double regret;       /* largest difference, chips, over what rounding allows (1 = all) */
    double average;      /* largest difference of a probability of the average strategy */
    double rare_average; /* the same among rows visited 1..10 times */
    double strategy;     /* of regret matching, rows whose positive regrets are not tiny */
    long n_rare, n_compared, n_bad_visits;
    int exponent; /* largest */
};

static void compare_averages(const int32_t *row, const double *sum, unsigned n, struct closeness *c)
{
    double average[64];
    double total = 0.0;

    hb_row_average(row, n, average);
    for (unsigned a = 0; a < n; a++)
        total += sum[a];
    for (unsigned a = 0; a < n; a++) {
        double d = fabs(average[a] - (total > 0.0 ? sum[a] / total : 1.0 / (double)n));

        c->average = fmax(c->average, d);
        if (hb_row_visits(row) <= 10)
            c->rare_average = fmax(c->rare_average, d);
    }
    c->n_rare += hb_row_visits(row) <= 10;
}

/* Regrets of a row that an earlier epoch left behind are too large by known factors. */
static void compare_regrets(const struct kit *k, const struct plain *p, const int32_t *row,
                            uint64_t at, unsigned n, struct closeness *c)
{
    const struct hb_discounts *known = &k->merge[0].discounts;
    double unit = ldexp(1.0, -k->spec.params.unit_shift);
    double positive, negative;

    hb_discounts_factor(known, hb_row_epoch(row), (uint32_t)p->epoch, &positive, &negative);
    for (unsigned a = 0; a < n; a++) {
        double r = row[HB_ROW_HEAD + a] * unit * (row[HB_ROW_HEAD + a] > 0 ? positive : negative);
        /* Half a unit a visit, and the walk's floats; visits of a regret row are not counted. */
        double allowed = unit * (0.5 * sqrt((double)k->iteration) * 4.0 + 40.0);

        c->regret = fmax(c->regret, fabs(r - p->regret[at + a]) / allowed);
    }
}

static void compare_row(const struct kit *k, const struct plain *p, const int32_t *row, uint64_t at,
                        unsigned n, void *ctx)
{
    struct closeness *c = ctx;

    c->n_compared++;
    c->n_bad_visits += hb_row_visits(row) != p->visits[at];
    if (hb_row_exponent(row) > c->exponent)
        c->exponent = hb_row_exponent(row);
    compare_regrets(k, p, row, at, n, c);
    if (hb_row_visits(row) > 0)
        compare_averages(row, p->sum + at, n, c);
}

static struct closeness closeness_of(const char *game, const struct hb_params *params,
                                     uint64_t iterations)
{
    struct hb_rules r = game_by_name(game);
    struct closeness c = {0};
    struct kit k;
    struct plain p;

    kit_open(&k, &r, params, 1);
    plain_new(&p, &k.spec, &k.tree, &k.buckets, table_policy, &k);
    while (k.iteration < iterations) {
        plain_round(&p); /* first: it reads the table that the round reads */
        kit_round(&k, 0);
    }
    each_row(&k, &p, compare_row, &c);
    plain_free(&p);
    kit_close(&k);
    return c;
}

/* Largest difference of the average strategy that 14 bits for a visit allow: a unit for each visit
 * and for each halving, of which few count, in a sum of 2^13 or more. */
#define AVERAGE_TOLERANCE 5e-4

static void check_close(const char *game, enum hb_discount mode, uint32_t interval,
                        uint64_t iterations)
{
    struct hb_params p = kit_params(mode, interval, 100);
    struct closeness c = closeness_of(game, &p, iterations);

    CHECK_EQ(c.n_bad_visits, 0);
    CHECK_NEAR(c.average, 0.0, AVERAGE_TOLERANCE);
    CHECK_NEAR(c.rare_average, 0.0, AVERAGE_TOLERANCE);
    CHECK(c.regret <= 1.0);
    if (check_bad_here > 0)
        printf("# %s %s/%u %llu: regret %.3f average %.2g rare %.2g (%ld of %ld) exponent %d\n",
               game, hb_discount_name(mode), interval, (unsigned long long)iterations, c.regret,
               c.average, c.rare_average, c.n_rare, c.n_compared, c.exponent);
}

static void every_mode_stays_close_to_a_twin_in_doubles(void)
{
    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        check_close("kuhn", (enum hb_discount)mode, 20, 20000);
        check_close("kuhn3", (enum hb_discount)mode, 100, 10000);
        check_close("leduc", (enum hb_discount)mode, 20, 10000);
    }
}

/* Most rows of the tiny no-limit game have seen few visits; by then a new visit weighs up to 2^20
 * times the first ones. */
static void rarely_visited_rows_keep_their_average_strategy(void)
{
    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_params p = kit_params((enum hb_discount)mode, 1, 100);
        struct closeness c = closeness_of("tiny", &p, 2000);

        CHECK(c.n_rare > 5000);
        CHECK_NEAR(c.rare_average, 0.0, AVERAGE_TOLERANCE);
        CHECK_EQ(c.n_bad_visits, 0);
    }
}

/* 2^14 a visit passes 2^30 after 65,536 visits: the sums are halved again and again. */
static void long_runs_raise_exponents_and_stay_close(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 225);
    struct closeness c = closeness_of("kuhn", &p, 2000000);

    CHECK(c.exponent >= 4);
    CHECK_NEAR(c.average, 0.0, 1e-5);
    CHECK_EQ(c.n_bad_visits, 0);
    p.discount = HB_DISCOUNT_DCFR;
    p.discount_interval = 100;
    c = closeness_of("kuhn", &p, 500000);
    CHECK(c.exponent >= 24);
    CHECK_NEAR(c.average, 0.0, 1e-5);
}

/* Increments below one unit are rounded at random: they must still add up. */
static void visits_lighter_than_a_unit_add_up(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 1000);
    struct kit k;
    int32_t *row;
    double before, share;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 1000);
    row = k.table.rows + hb_table_row_at(&k.table, 0, 0);
    row[0] = 17 << 24; /* a visit adds an eighth of a unit */
    row[HB_ROW_HEAD + 2] = row[HB_ROW_HEAD + 3] = 0;
    before = hb_row_visits(row);
    kit_run(&k, 300000);
    share = (double)(row[HB_ROW_HEAD + 2] + row[HB_ROW_HEAD + 3]) /
            ((double)hb_row_visits(row) - before);
    CHECK_NEAR(share, 0.125, 0.004);
    kit_close(&k);
}

/* ---- pieces -----------------------------------------------------------------------------------*/

static void regret_matching_follows_positive_regrets(void)
{
    static const int32_t mixed[] = {3, -5, 1, 0};
    static const int32_t none[] = {-1, 0, -7};
    static const int32_t large[] = {INT32_MAX, INT32_MAX, INT32_MAX};
    float out[4];

    hb_regret_match(mixed, 4, out);
    CHECK_NEAR((double)out[0], 0.75, 0.0);
    CHECK(out[1] == 0.0f && out[3] == 0.0f);
    CHECK_NEAR((double)out[2], 0.25, 0.0);
    hb_regret_match(none, 3, out);
    CHECK_NEAR((double)out[1], 1.0 / 3, 1e-7);
    hb_regret_match(large, 3, out);
    CHECK_NEAR((double)out[2], 1.0 / 3, 1e-7);
}

/* A regret of one of the kinds that a row may hold. */
static int32_t any_regret(uint32_t kind, uint32_t r)
{
    switch (kind) {
    case 0: return (int32_t)r;
    case 1: return (int32_t)(r % 7) - 3;
    case 2: return r % 2 != 0 ? INT32_MAX : INT32_MIN;
    case 3: return -(int32_t)(r % 1000);
    case 4: return 0;
    case 5: return r % 8 == 0 ? (int32_t)(r >> 1) : INT32_MIN;
    default: return (int32_t)(r >> 1);
    }
}

static void matching_four_at_once_gives_the_same_bits(void)
{
    int32_t regret[2 * 24];
    float plain[24];
    float quad[24];

    for (uint32_t i = 0; i < 20000; i++) {
        const unsigned n = 2 + i % 19;
        bool same;

        for (uint32_t a = 0; a < 2 * n; a++) { /* what follows the regrets must not matter */
            uint32_t r[4];

            hb_rng_block(7, i, a, HB_RNG_TOOL, 0, r);
            regret[a] = any_regret(a < n ? i / 19 % 7 : 0, r[0]);
        }
        memset(quad, 0xff, sizeof quad);
        hb_regret_match(regret, n, plain);
        hb_quad_match(regret, n, quad);
        same = memcmp(plain, quad, n * sizeof *plain) == 0;
        for (unsigned a = n; a < hb_quad_up(n); a++)
            same &= quad[a] == 0.0f;
        CHECK(same);
        if (!same) {
            printf("# row %u of %u actions, kind %u\n", i, n, i / 19 % 7);
            return;
        }
    }
}

static void rows_never_visited_play_uniformly(void)
{
    static const int32_t row[] = {0, 0, 5, 5, 5, 0, 0, 0};
    static const int32_t seen[] = {0, 3, 5, 5, 5, 30, 0, 10};
    double out[3];

    hb_row_average(row, 3, out);
    CHECK_NEAR(out[2], 1.0 / 3, 1e-15);
    hb_row_average(seen, 3, out);
    CHECK_NEAR(out[0], 0.75, 1e-15);
    CHECK_NEAR(out[1], 0.0, 0.0);
}

/* Every ordered pair of own cards and flop card of Leduc equally often. */
static void deals_are_uniform_and_without_repetition(void)
{
    struct hb_rules r = kit_game("leduc");
    long count[6 * 6 * 6] = {0};
    double chi2 = 0.0;
    const long n = 240000;

    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        struct hb_deal d;
        unsigned a, b, c;

        hb_deal_cards(&r, 7, i, &d);
        CHECK_EQ(d.cards[0][1], d.cards[1][1]);
        CHECK(hb_deck_has(&r.deck, d.cards[0][0]) && hb_deck_has(&r.deck, d.cards[1][0]) &&
              hb_deck_has(&r.deck, d.cards[0][1]));
        a = (unsigned)(hb_card_rank(d.cards[0][0]) - 10) * 2 + (d.cards[0][0] & 1u);
        b = (unsigned)(hb_card_rank(d.cards[1][0]) - 10) * 2 + (d.cards[1][0] & 1u);
        c = (unsigned)(hb_card_rank(d.cards[0][1]) - 10) * 2 + (d.cards[0][1] & 1u);
        CHECK(a != b && b != c && a != c);
        count[(a * 6 + b) * 6 + c]++;
    }
    for (int i = 0; i < 216; i++)
        if (count[i] > 0)
            chi2 += ((double)count[i] - 2000.0) * ((double)count[i] - 2000.0) / 2000.0;
    CHECK(chi2 > 70 && chi2 < 180); /* 119 degrees of freedom: 119 +- 4 sigma */
}

static void tasks_outside_the_round_are_refused(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct hb_err e = {0};
    struct hb_round round;
    uint64_t nodes = 0;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 100);
    round = kit_round_now(&k);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 99, 1, &k.log, &nodes, &e), HB_EUSAGE);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 100, 26, &k.log, &nodes, &e), HB_EUSAGE);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 126, 1, &k.log, &nodes, &e), HB_EUSAGE);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 101, UINT32_MAX, &k.log, &nodes, &e), HB_EUSAGE);
    CHECK_EQ(nodes, 0);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 125, 0, &k.log, &nodes, &e), HB_OK);
    CHECK_EQ(hb_cfr_run(&k.cfr, &round, 100, 25, &k.log, &nodes, &e), HB_OK);
    CHECK(nodes > 0);
    kit_close(&k);
}

static int full_log(struct hb_log *log, size_t need, struct hb_err *e)
{
    return hb_fail(e, HB_EIO, "no room for %zu bytes after %zu", need, log->len);
}

static void a_log_that_cannot_grow_ends_the_task(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct hb_err e = {0};
    struct hb_round round;
    uint8_t room[1000];
    uint64_t nodes = 0;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    round = kit_round_now(&k);
    for (size_t cap = 0; cap < sizeof room; cap += 13) {
        struct hb_log log = {.data = room, .cap = cap, .grow = full_log};

        CHECK_EQ(hb_cfr_run(&k.cfr, &round, 0, 16, &log, &nodes, &e), HB_EIO);
        CHECK(log.len <= cap);
    }
    kit_close(&k);
}

int main(void)
{
    RUN(without_discounts_every_number_equals_the_plain_twins);
    RUN(runs_of_version_1_keep_their_draws);
    RUN(in_an_interval_one_iteration_averages);
    RUN(in_plus_mode_every_regret_equals_the_plain_twins);
    RUN(pruning_and_its_floor_equal_the_plain_twins);
    RUN(every_traversal_visits_fewer_nodes_when_it_prunes);
    RUN(every_mode_stays_close_to_a_twin_in_doubles);
    RUN(rarely_visited_rows_keep_their_average_strategy);
    RUN(long_runs_raise_exponents_and_stay_close);
    RUN(visits_lighter_than_a_unit_add_up);
    RUN(regret_matching_follows_positive_regrets);
    RUN(matching_four_at_once_gives_the_same_bits);
    RUN(rows_never_visited_play_uniformly);
    RUN(deals_are_uniform_and_without_repetition);
    RUN(tasks_outside_the_round_are_refused);
    RUN(a_log_that_cannot_grow_ends_the_task);
    return check_done();
}
