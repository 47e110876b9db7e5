/* The round schedule, weights, units and discounts, against schedules written out and products of
 * single steps. */
#include "solver/params.h"

#include <math.h>

#include "check.h"
#include "games.h"
#include "kit.h"

static struct hb_params with_cap(uint32_t cap)
{
    return kit_params(HB_DISCOUNT_LINEAR, 1000, cap);
}

static void the_first_rounds_have_their_written_out_boundaries(void)
{
    static const uint64_t want[] = {0,   16,  32,  48,  64,  80,  100, 125, 156, 195,
                                    243, 303, 378, 472, 572, 672, 772, 872, 972, 1072};
    struct hb_params p = with_cap(100);

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        CHECK_EQ(hb_round_number(&p, want[i]), i);
        CHECK_EQ(hb_round_boundary(&p, want[i]), want[i]);
        CHECK_EQ(hb_round_boundary(&p, want[i] + 1), want[i] + hb_round_length(&p, want[i]));
    }
}

/* Walk the rounds and ask about every iteration on the way. */
static void rounds_tile_the_iterations_for_any_cap(void)
{
    static const uint32_t caps[] = {1, 7, 15, 16, 17, 100, 225, 1000, 32768};

    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++) {
        struct hb_params p = with_cap(caps[c]);
        uint64_t first = 0;
        uint32_t before = 0;

        for (uint64_t number = 0; number < 300 && first < 200000; number++) {
            uint32_t length = hb_round_length(&p, first);

            CHECK(length >= 1 && length <= caps[c]);
            CHECK(length >= before);
            CHECK(length >= (caps[c] < HB_ROUND_MIN ? caps[c] : HB_ROUND_MIN));
            CHECK_EQ(hb_round_number(&p, first), number);
            CHECK_EQ(hb_round_boundary(&p, first), first);
            for (uint64_t i = first + 1; i < first + length; i += 1 + length / 37) {
                CHECK_EQ(hb_round_boundary(&p, i), first + length);
                CHECK(hb_round_number(&p, i) == UINT64_MAX);
            }
            CHECK_EQ(hb_round_boundary(&p, first + length), first + length);
            first += length;
            before = length;
        }
    }
}

/* N iterations, then on to M, end at the boundary where a straight run to M ends. */
static void a_resumed_run_ends_where_a_straight_one_does(void)
{
    struct rand_stream g = {.seed = 21};

    for (int i = 0; i < 3000; i++) {
        struct hb_params p = with_cap((uint32_t)rand_in(&g, 1, HB_ROUND_MAX));
        uint64_t n = (uint64_t)rand_in(&g, 0, 1000000);
        uint64_t stop = hb_round_boundary(&p, n);
        uint64_t more = hb_round_boundary(&p, 2 * n);

        CHECK(stop >= n && more >= stop);
        CHECK(hb_round_number(&p, stop) != UINT64_MAX);
        CHECK(stop == 0 || hb_round_number(&p, stop - 1) == UINT64_MAX ||
              hb_round_length(&p, stop - 1) == 1);
        while (stop < 2 * n)
            stop += hb_round_length(&p, stop);
        CHECK_EQ(stop, more);
    }
}

static void far_boundaries_need_no_walk(void)
{
    struct hb_params p = with_cap(1000);
    uint64_t far = hb_round_boundary(&p, UINT64_C(1) << 47);

    CHECK(far >= UINT64_C(1) << 47 && far < (UINT64_C(1) << 47) + 1000);
    CHECK_EQ(hb_round_number(&p, far + 1000), hb_round_number(&p, far) + 1);
}

static void weights_follow_the_epoch(void)
{
    static const enum hb_discount modes[] = {HB_DISCOUNT_NONE, HB_DISCOUNT_LINEAR, HB_DISCOUNT_DCFR,
                                             HB_DISCOUNT_PLUS};

    for (size_t m = 0; m < 4; m++) {
        struct hb_params p = kit_params(modes[m], 250, 100);
        struct hb_round round;
        struct hb_err e = {0};

        for (uint64_t first = 0; first < 50000; first += hb_round_length(&p, first)) {
            double t = (double)(first / 250) + 1.0;
            double want = modes[m] == HB_DISCOUNT_NONE   ? 1.0
                          : modes[m] == HB_DISCOUNT_DCFR ? t * t
                                                         : t;

            CHECK_OK(hb_round_at(&p, first, &round, &e), e);
            CHECK_EQ(round.generation, hb_round_number(&p, first));
            CHECK_EQ(round.first, first);
            CHECK_EQ(round.length, hb_round_length(&p, first));
            CHECK_EQ(round.epoch, modes[m] == HB_DISCOUNT_NONE ? 0 : first / 250);
            CHECK_NEAR(round.weight, want, 0.0);
            CHECK(ldexp(1.0, round.weight_exp) <= want && want < ldexp(1.0, round.weight_exp + 1));
            for (int exp = 0; exp < 40; exp++) /* a fresh row has the weight's exponent */
                CHECK_NEAR((double)hb_round_strategy_unit(&round, exp),
                           (double)(float)(want * ldexp(1.0, 14 - (exp > round.weight_exp
                                                                       ? exp
                                                                       : round.weight_exp))),
                           0.0);
        }
    }
}

static void one_visit_fits_a_delta_whatever_the_weight(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_DCFR, 1, 1);
    struct hb_round round;

    for (uint64_t first = 1; first <= HB_EPOCH_MAX; first = first * 3 / 2 + 1) {
        CHECK_EQ(hb_round_at(&p, first, &round, NULL), HB_OK);
        CHECK(hb_round_strategy_unit(&round, 0) >= 16384.0f);
        CHECK(hb_round_strategy_unit(&round, 0) <= 32768.0f);
    }
}

static void iterations_inside_a_round_and_too_many_discounts_are_refused(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1, 100);
    struct hb_round round;
    struct hb_err e = {0};

    CHECK_EQ(hb_round_at(&p, 17, &round, &e), HB_EUSAGE);
    CHECK(strstr(e.msg, "17") != NULL && strstr(e.msg, "32") != NULL);
    CHECK_EQ(hb_round_at(&p, hb_round_boundary(&p, UINT64_C(1) << 24), &round, &e), HB_ELIMIT);
    p.discount = HB_DISCOUNT_NONE;
    CHECK_EQ(hb_round_at(&p, hb_round_boundary(&p, UINT64_C(1) << 40), &round, NULL), HB_OK);
}

struct unit_row {
    const char *game;
    int64_t width; /* most a player can win + most a player can lose, by hand */
};

static void every_shipped_game_has_the_finest_unit_that_fits(void)
{
    static const struct unit_row rows[] = {
        {"kuhn", 4},         {"kuhn3", 6},          {"leduc", 26},         {"leduc3", 39},
        {"leduc52", 26},     {"holdem-limit", 480}, {"hunl-200bb", 40000}, {"hunl-100bb", 20000},
        {"hunl-20bb", 4000}, {"hunl-10bb", 2000},   {"nl3", -1},           {"nl6", 60000}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hb_rules r = kit_game(rows[i].game);
        struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1, 1);
        struct hb_err e = {0};
        double width = (double)rows[i].width;

        if (rows[i].width < 0) /* equal stacks: the others' and one's own */
            width = (double)r.n_players * r.stack[0];
        CHECK_OK(hb_params_unit(&p, &r, &e), e);
        if (!(ldexp(width, p.unit_shift) <= HB_DELTA_MAX) ||
            !(ldexp(width, p.unit_shift + 1) > HB_DELTA_MAX || p.unit_shift == 14)) {
            printf("# %s: shift %d\n", rows[i].game, p.unit_shift);
            CHECK(false);
        }
        CHECK_OK(hb_params_check(&p, &e), e);
    }
}

static void unequal_stacks_never_swing_more_than_the_unit_allows(void)
{
    struct rand_stream g = {.seed = 3};

    for (int i = 0; i < 2000; i++) {
        struct hb_rules r = random_game(&g, 6, 3000);
        struct hb_params p = {0};
        int64_t most_loss = 0;
        int64_t win = hb_rules_max_loss(&r);

        if (r.stack[0] == HB_STACK_UNSET)
            continue;
        for (int a = 0; a < r.n_players; a++) /* a loses what another can match */
            for (int b = 0; b < r.n_players; b++) {
                int64_t loss = r.stack[a] < r.stack[b] ? r.stack[a] : r.stack[b];

                if (a != b && loss > most_loss)
                    most_loss = loss;
            }
        if (most_loss > win)
            most_loss = win;
        CHECK_EQ(hb_params_unit(&p, &r, NULL), HB_OK);
        CHECK(ldexp((double)(win + most_loss), p.unit_shift) <= HB_DELTA_MAX);
    }
}

static void a_game_beyond_the_coarsest_unit_is_refused(void)
{
    struct hb_rules r = game_of("GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 1\n"
                                "stack = 1000000000 1000000000\nblind = 1 2\nfirstPlayer = 1\n"
                                "numSuits = 4\nnumRanks = 13\nnumHoleCards = 2\n"
                                "numBoardCards = 0\nEND GAMEDEF\n");
    struct hb_params p = {0};
    struct hb_err e = {0};

    CHECK_EQ(hb_params_unit(&p, &r, &e), HB_ELIMIT);
    CHECK(strstr(e.msg, "2000000000 chips") != NULL);
}

/* In regret units; the table may not fall below -HB_ENTRY_MAX. */
static void pruning_threshold_and_floor_are_chips_in_units(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct hb_round round;

    CHECK_EQ(hb_round_at(&p, 0, &round, NULL), HB_OK);
    CHECK_EQ(round.prune_below, INT32_MIN);
    CHECK_EQ(round.regret_floor, -HB_ENTRY_MAX);
    p.pruning = true;
    p.pruning_threshold = -300000;
    p.unit_shift = -1;
    CHECK_EQ(hb_round_at(&p, 0, &round, NULL), HB_OK);
    CHECK_EQ(round.prune_below, -150000);
    CHECK_EQ(round.regret_floor, -155000);
    p.unit_shift = 10;
    CHECK_EQ(hb_round_at(&p, 0, &round, NULL), HB_OK);
    CHECK_EQ(round.prune_below, -300000 * 1024);
    CHECK_EQ(round.regret_floor, -310000 * 1024);
    p.unit_shift = 12; /* beyond an entry: never prunes, floor at the entry's limit */
    CHECK_EQ(hb_round_at(&p, 0, &round, NULL), HB_OK);
    CHECK_EQ(round.prune_below, INT32_MIN);
    CHECK_EQ(round.regret_floor, -HB_ENTRY_MAX);
}

static void factors_are_products_of_single_steps(void)
{
    static const enum hb_discount modes[] = {HB_DISCOUNT_NONE, HB_DISCOUNT_LINEAR, HB_DISCOUNT_DCFR,
                                             HB_DISCOUNT_PLUS};

    for (size_t m = 0; m < 4; m++) {
        struct hb_params p = kit_params(modes[m], 10, 10);
        struct hb_discounts d;
        struct hb_err e = {0};

        CHECK_OK(hb_discounts_init(&d, &p, &e), e);
        CHECK_OK(hb_discounts_reach(&d, 300, &e), e);
        for (uint32_t from = 0; from < 300; from += 7) {
            double positive = 1.0, negative = 1.0, got_positive, got_negative;

            for (uint32_t to = from; to < 300; to++) {
                hb_discounts_factor(&d, from, to, &got_positive, &got_negative);
                CHECK_NEAR(got_positive, positive, 1e-12 * positive);
                CHECK_NEAR(got_negative, negative, 1e-12 * negative + 1e-19);
                double t = (double)to + 1.0;

                if (modes[m] == HB_DISCOUNT_LINEAR) {
                    positive *= t / (t + 1.0);
                    negative *= t / (t + 1.0);
                } else if (modes[m] == HB_DISCOUNT_DCFR) {
                    positive *= pow(t, 1.5) / (pow(t, 1.5) + 1.0);
                    negative *= 0.5;
                }
            }
        }
        hb_discounts_fini(&d);
    }
}

/* Growing in any steps gives the same factors: a resumed run has the bits of a straight one. */
static void factors_do_not_depend_on_how_they_were_reached(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_DCFR, 10, 10);
    struct hb_discounts at_once, step;

    CHECK_EQ(hb_discounts_init(&at_once, &p, NULL), HB_OK);
    CHECK_EQ(hb_discounts_init(&step, &p, NULL), HB_OK);
    CHECK_EQ(hb_discounts_reach(&at_once, 5000, NULL), HB_OK);
    for (uint32_t epoch = 0; epoch <= 5000; epoch += 13)
        CHECK_EQ(hb_discounts_reach(&step, epoch, NULL), HB_OK);
    for (uint32_t to = 0; to < 4990; to++) {
        double a, b, c, d;

        hb_discounts_factor(&at_once, to / 3, to, &a, &b);
        hb_discounts_factor(&step, to / 3, to, &c, &d);
        CHECK(memcmp(&a, &c, sizeof a) == 0 && memcmp(&b, &d, sizeof b) == 0);
    }
    hb_discounts_fini(&at_once);
    hb_discounts_fini(&step);
}

static void the_round_cap_follows_the_hottest_bucket(void)
{
    CHECK_EQ(hb_params_round_cap(1, 3), 225);      /* Kuhn: a third of all hands */
    CHECK_EQ(hb_params_round_cap(1, 1), 75);       /* one bucket */
    CHECK_EQ(hb_params_round_cap(12, 1326), 8287); /* hold'em, an offsuit hand */
    CHECK_EQ(hb_params_round_cap(1, 1000000), HB_ROUND_MAX);
    CHECK(hb_params_round_cap(0, 0) >= HB_ROUND_MIN);
}

static void keys_survive_encoding_and_cut_ones_are_refused(bool averages)
{
    struct hb_params p = kit_params(HB_DISCOUNT_DCFR, 777, 333);
    struct hb_params q;
    struct hb_buf b = {0};

    p.pruning = true;
    p.pruning_threshold = -12345;
    p.pruning_p32 = 0xF3333333u;
    p.unit_shift = -3;
    p.seed = UINT64_MAX - 5;
    p.average_interval = averages ? 4 : 1;
    hb_params_encode(&p, averages, &b);
    for (size_t len = 0; len <= b.len; len++) {
        struct hb_rd rd = hb_rd_over(b.data, len);
        struct hb_err e = {0};
        int rc = hb_params_decode(&q, averages, &rd, &e);

        CHECK_EQ(rc == HB_OK, len == b.len);
    }
    CHECK(p.seed == q.seed && p.discount == q.discount &&
          p.discount_interval == q.discount_interval && p.round_cap == q.round_cap);
    CHECK(p.pruning == q.pruning && p.pruning_threshold == q.pruning_threshold &&
          p.pruning_p32 == q.pruning_p32 && p.unit_shift == q.unit_shift);
    CHECK_EQ(q.average_interval, p.average_interval);
    hb_buf_fini(&b);
}

static void keys_survive_encoding_and_cut_or_bad_ones_are_refused(void)
{
    keys_survive_encoding_and_cut_ones_are_refused(false);
    keys_survive_encoding_and_cut_ones_are_refused(true);
}

static void one_iteration_of_an_interval_averages(void)
{
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);

    CHECK(hb_params_averages(&p, 0) && hb_params_averages(&p, 7));
    p.average_interval = 1;
    CHECK(hb_params_averages(&p, 0) && hb_params_averages(&p, 7));
    p.average_interval = 4;
    for (uint64_t i = 0; i < 100; i++)
        CHECK_EQ(hb_params_averages(&p, i), i % 4 == 0);
}

static void each_key_out_of_range_is_named(void)
{
    struct hb_err e = {0};
    struct hb_params p = with_cap(100);

    CHECK_OK(hb_params_check(&p, &e), e);
    p.discount_interval = 0;
    CHECK_EQ(hb_params_check(&p, &e), HB_ECONFIG);
    CHECK(strstr(e.msg, "discount_interval") != NULL);
    p = with_cap(0);
    CHECK_EQ(hb_params_check(&p, &e), HB_ECONFIG);
    CHECK(strstr(e.msg, "round_size") != NULL);
    p = with_cap(HB_ROUND_MAX);
    CHECK_EQ(hb_params_check(&p, &e), HB_OK);
    p = with_cap(HB_ROUND_MAX + 1);
    CHECK_EQ(hb_params_check(&p, &e), HB_ECONFIG);
    p = with_cap(100);
    p.pruning = true;
    CHECK_EQ(hb_params_check(&p, &e), HB_ECONFIG);
    CHECK(strstr(e.msg, "pruning_threshold") != NULL);
    p = with_cap(100);
    p.discount = (enum hb_discount)4;
    CHECK_EQ(hb_params_check(&p, &e), HB_ECONFIG);
    CHECK_STR(hb_discount_name(HB_DISCOUNT_PLUS), "plus");
}

static void the_key_that_differs_is_named(void)
{
    struct hb_params a = kit_params(HB_DISCOUNT_DCFR, 1000, 100);
    struct hb_params b = a;
    struct hb_err e = {0};

    b.seed++; /* not one of them */
    CHECK_OK(hb_params_match(&a, "mine", &b, "yours", &e), e);
    b.pruning_p32 = 1u << 31;
    CHECK_EQ(hb_params_match(&a, "mine", &b, "yours", &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "pruning_probability: mine has") != NULL);
    CHECK(strstr(e.msg, "yours has 0.5") != NULL);
    b = a;
    b.average_interval++;
    CHECK_EQ(hb_params_match(&a, "mine", &b, "yours", &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "average_interval") != NULL);
    b.discount = HB_DISCOUNT_PLUS;
    CHECK_EQ(hb_params_match(&a, "mine", &b, "yours", &e), HB_EIDENTITY);
    CHECK(strstr(e.msg, "discount_mode: mine has dcfr, yours has plus") != NULL);
}

int main(void)
{
    RUN(the_first_rounds_have_their_written_out_boundaries);
    RUN(rounds_tile_the_iterations_for_any_cap);
    RUN(a_resumed_run_ends_where_a_straight_one_does);
    RUN(far_boundaries_need_no_walk);
    RUN(weights_follow_the_epoch);
    RUN(one_visit_fits_a_delta_whatever_the_weight);
    RUN(iterations_inside_a_round_and_too_many_discounts_are_refused);
    RUN(every_shipped_game_has_the_finest_unit_that_fits);
    RUN(unequal_stacks_never_swing_more_than_the_unit_allows);
    RUN(a_game_beyond_the_coarsest_unit_is_refused);
    RUN(pruning_threshold_and_floor_are_chips_in_units);
    RUN(factors_are_products_of_single_steps);
    RUN(factors_do_not_depend_on_how_they_were_reached);
    RUN(the_round_cap_follows_the_hottest_bucket);
    RUN(keys_survive_encoding_and_cut_or_bad_ones_are_refused);
    RUN(one_iteration_of_an_interval_averages);
    RUN(each_key_out_of_range_is_named);
    RUN(the_key_that_differs_is_named);
    return check_done();
}
