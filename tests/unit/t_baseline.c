/* Guesses are means of what was learned, leaning on like states where little was. */
#include "run/baseline.h"

#include "base/mem.h"
#include "check.h"

static const struct hb_baseline_key a = {.fine = 11, .coarse = 5, .n_classes = 2};
static const struct hb_baseline_key b = {.fine = 13, .coarse = 5, .n_classes = 2};
static const struct hb_baseline_key c = {.fine = 17, .coarse = 7, .n_classes = 2};
static const double first[2] = {1, 0};
static const double second[2] = {0, 1};

static struct hb_baseline *fresh(uint32_t max_states)
{
    struct hb_baseline *x = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_baseline_new(max_states, &x, &e), e);
    return x;
}

static void learn(struct hb_baseline *x, const struct hb_baseline_key *k, double value0,
                  double value1, int times)
{
    const double weight[2] = {0.5, 0.5};
    const double value[2] = {0.5 * value0, 0.5 * value1};
    struct hb_err e = {0};

    for (int i = 0; i < times; i++)
        CHECK_OK(hb_baseline_learn(x, k, weight, value, &e), e);
}

static void what_was_seen_often_is_its_mean(void)
{
    struct hb_baseline *x = fresh(100);
    const double half[2] = {0.5, 0.5};

    learn(x, &a, 3, -1, 100000);
    hb_baseline_freeze(x);
    CHECK_NEAR(hb_baseline_value(x, &a, first), 3, 1e-3);
    CHECK_NEAR(hb_baseline_value(x, &a, second), -1, 1e-3);
    CHECK_NEAR(hb_baseline_value(x, &a, half), 1, 1e-3);
    CHECK_EQ(hb_baseline_visits(x, a.fine), 100000);
    CHECK_EQ(hb_baseline_visits(x, b.fine), 0);
    hb_baseline_free(x);
}

static void a_new_state_is_worth_what_like_ones_are(void)
{
    struct hb_baseline *x = fresh(100);
    double once;

    learn(x, &a, 3, -1, 1000);
    learn(x, &b, 9, 9, 1);
    hb_baseline_freeze(x);
    CHECK_NEAR(hb_baseline_value(x, &(struct hb_baseline_key){19, 5, 2}, first), 3, 0.02);
    once = hb_baseline_value(x, &b, first); /* between its own 9 and the 3 of others */
    CHECK(once > 3.5 && once < 8);
    CHECK(hb_baseline_value(x, &c, first) == 0); /* nothing like it */
    hb_baseline_free(x);
}

static void it_keeps_no_more_states_than_it_may(void)
{
    struct hb_baseline *x = fresh(4);

    for (uint64_t i = 1; i <= 1000; i++)
        learn(x, &(struct hb_baseline_key){i << 32 | 1, 5, 2}, 1, 1, 1);
    hb_baseline_freeze(x);
    CHECK_EQ(hb_baseline_visits(x, UINT64_C(3) << 32 | 1), 1); /* coarse and three fine ones */
    CHECK_EQ(hb_baseline_visits(x, UINT64_C(4) << 32 | 1), 0);
    CHECK_NEAR(
        hb_baseline_value(x, &(struct hb_baseline_key){UINT64_C(900) << 32 | 1, 5, 2}, first), 1,
        1e-12);
    hb_baseline_free(x);
    hb_baseline_free(NULL);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_err e = {0};
    int rc = HB_ENOMEM;
    long n;

    for (n = 1; rc != HB_OK && n < 20; n++) {
        struct hb_baseline *x = NULL;

        hb_mem_fail_at(n);
        rc = hb_baseline_new(10, &x, &e);
        if (rc == HB_OK)
            rc = hb_baseline_learn(x, &a, first, second, &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_baseline_free(x);
    }
    hb_mem_fail_at(0);
    CHECK(n > 3 && n < 20);
}

int main(void)
{
    RUN(what_was_seen_often_is_its_mean);
    RUN(a_new_state_is_worth_what_like_ones_are);
    RUN(it_keeps_no_more_states_than_it_may);
    RUN(every_failed_allocation_is_reported);
    return check_done();
}
