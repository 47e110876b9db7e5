/* Mean and spread are those of the two plain passes over the numbers, however they were cut up. */
#include "base/stat.h"

#include <math.h>

#include "check.h"
#include "base/rng.h"

#define N 1000

static double number(uint32_t i)
{
    uint32_t out[4];

    hb_rng_block(5, i, 0, HB_RNG_TOOL, 0, out);
    return (double)out[0] * 0x1p-32 * 300 - 100 + 1e6;
}

static struct hb_stat range(uint32_t from, uint32_t to)
{
    struct hb_stat s = {0};

    for (uint32_t i = from; i < to; i++)
        hb_stat_add(&s, number(i));
    return s;
}

static void mean_and_deviation_are_the_plain_ones(void)
{
    struct hb_stat s = range(0, N);
    double sum = 0;
    double squares = 0;

    for (uint32_t i = 0; i < N; i++)
        sum += number(i);
    for (uint32_t i = 0; i < N; i++)
        squares += (number(i) - sum / N) * (number(i) - sum / N);
    CHECK_EQ(s.n, N);
    CHECK_NEAR(s.mean, sum / N, 1e-8);
    CHECK_NEAR(hb_stat_deviation(&s), sqrt(squares / (N - 1)), 1e-8);
    CHECK_NEAR(hb_stat_ci95(&s), 1.96 * sqrt(squares / (N - 1) / N), 1e-8);
}

static void parts_add_up_to_the_whole(void)
{
    struct hb_stat whole = range(0, N);

    for (uint32_t cut = 0; cut <= N; cut += 125) {
        struct hb_stat s = range(0, cut);
        struct hb_stat rest = range(cut, N);

        hb_stat_merge(&s, &rest);
        CHECK_EQ(s.n, N);
        CHECK_NEAR(s.mean, whole.mean, 1e-9);
        CHECK_NEAR(s.squares, whole.squares, 1e-4);
    }
}

static void equal_numbers_have_no_spread_at_all(void)
{
    struct hb_stat s = {0};
    struct hb_stat part = {0};

    for (int i = 0; i < 7; i++)
        hb_stat_add(&part, 1.0 / 3);
    for (int i = 0; i < 100; i++)
        hb_stat_merge(&s, &part);
    CHECK(s.mean == 1.0 / 3);
    CHECK(s.squares == 0);
    CHECK(hb_stat_ci95(&s) == 0);
}

static void one_number_has_no_interval(void)
{
    struct hb_stat s = {0};

    CHECK(isnan(hb_stat_ci95(&s)));
    hb_stat_add(&s, 3);
    CHECK(isnan(hb_stat_ci95(&s)));
    CHECK(isnan(hb_stat_deviation(&s)));
    hb_stat_add(&s, 5);
    CHECK_NEAR(hb_stat_deviation(&s), sqrt(2), 1e-15);
}

int main(void)
{
    RUN(mean_and_deviation_are_the_plain_ones);
    RUN(parts_add_up_to_the_whole);
    RUN(equal_numbers_have_no_spread_at_all);
    RUN(one_number_has_no_interval);
    return check_done();
}
