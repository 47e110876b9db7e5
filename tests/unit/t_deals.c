/* A sample of deals is the same bits, and its log the same text, for any number of processes. */
#include "run/deals.h"

#include "base/rng.h"
#include "check.h"

struct play {
    uint64_t fails_at;
    struct hb_buf log;
    int told;
};

static int play(void *ctx, uint64_t deal, double *number, struct hb_buf *log, struct hb_err *e)
{
    const struct play *p = ctx;
    uint32_t out[4];

    if (deal == p->fails_at)
        return hb_fail(e, HB_EFORMAT, "deal %llu", (unsigned long long)deal);
    hb_rng_block(7, deal, 0, HB_RNG_TOOL, 0, out);
    number[0] = (double)out[0] * 0x1p-32;
    number[1] = (double)deal;
    hb_buf_printf(log, "%llu\n", (unsigned long long)deal);
    return HB_OK;
}

static int take_log(void *ctx, const void *text, size_t len, struct hb_err *e)
{
    struct play *p = ctx;

    hb_buf_put(&p->log, text, len);
    return hb_buf_check(&p->log, e);
}

static void tell(void *ctx)
{
    struct play *p = ctx;

    p->told++;
}

static int run(struct play *p, uint64_t n, int workers, struct hb_stat *stat, struct hb_err *e)
{
    const struct hb_deals d = {.ctx = p,
                               .n_deals = n,
                               .n_numbers = 2,
                               .log_max = 8,
                               .alone = 10,
                               .n_workers = workers,
                               .play = play,
                               .log = take_log,
                               .tell = tell};

    return hb_deals_run(&d, stat, e);
}

static void any_number_of_processes_gives_the_same(void)
{
    struct play one = {.fails_at = UINT64_MAX};
    struct hb_stat first[2];
    struct hb_err e = {0};

    CHECK_OK(run(&one, 1000, 1, first, &e), e);
    CHECK_EQ(first[0].n, 1000);
    CHECK_NEAR(first[0].mean, 0.5, 0.04);
    CHECK_NEAR(first[1].mean, 499.5, 1e-9);
    CHECK(one.told > 1);
    for (int n = 2; n < 6; n++) {
        struct play p = {.fails_at = UINT64_MAX};
        struct hb_stat stat[2];

        CHECK_OK(run(&p, 1000, n, stat, &e), e);
        CHECK(memcmp(first, stat, sizeof stat) == 0);
        CHECK_EQ(p.log.len, one.log.len);
        CHECK(p.log.len == one.log.len && memcmp(p.log.data, one.log.data, p.log.len) == 0);
        hb_buf_fini(&p.log);
    }
    CHECK(memcmp(one.log.data, "0\n1\n2\n", 6) == 0);
    hb_buf_fini(&one.log);
}

static void no_deals_are_an_empty_sample(void)
{
    struct play p = {.fails_at = UINT64_MAX};
    struct hb_stat stat[2];
    struct hb_err e = {0};

    CHECK_OK(run(&p, 0, 2, stat, &e), e);
    CHECK_EQ(stat[0].n, 0);
    hb_buf_fini(&p.log);
}

static void failures_are_those_of_the_deal(void)
{
    for (int n = 1; n < 4; n++) {
        struct play p = {.fails_at = 300};
        struct hb_stat stat[2];
        struct hb_err e = {0};

        CHECK_EQ(run(&p, 1000, n, stat, &e), HB_EFORMAT);
        CHECK(strstr(e.msg, "deal 300") != NULL);
        hb_buf_fini(&p.log);
    }
}

static void a_log_that_is_too_long_is_refused(void)
{
    struct play p = {.fails_at = UINT64_MAX};
    struct hb_stat stat[2];
    struct hb_err e = {0};
    const struct hb_deals d = {.ctx = &p,
                               .n_deals = 100,
                               .n_numbers = 2,
                               .log_max = 1,
                               .n_workers = 1,
                               .play = play,
                               .log = take_log};

    CHECK_EQ(hb_deals_run(&d, stat, &e), HB_ELIMIT);
    hb_buf_fini(&p.log);
}

int main(void)
{
    RUN(any_number_of_processes_gives_the_same);
    RUN(no_deals_are_an_empty_sample);
    RUN(failures_are_those_of_the_deal);
    RUN(a_log_that_is_too_long_is_refused);
    return check_done();
}
