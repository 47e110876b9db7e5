#include "run/deals.h"

#include <string.h>

#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define BLOCK_DEALS 64 /* part of the result: blocks are added up in order */

struct run {
    const struct hb_deals *d;
    struct hb_stat *stat;
    struct hb_buf log; /* of a block, in whatever process */
};

/* hb_pool_work: play block number `unit`. The result: a sample of each number, then the log. */
static int play_block(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                      struct hb_err *e)
{
    struct run *r = ctx;
    const struct hb_deals *d = r->d;
    struct hb_stat *stat = result;
    uint64_t deal = (uint64_t)unit * BLOCK_DEALS;
    size_t n_bytes = (size_t)d->n_numbers * sizeof *stat;
    int rc = HB_OK;

    (void)job;
    memset(stat, 0, n_bytes);
    r->log.len = 0;
    for (int i = 0; rc == HB_OK && i < BLOCK_DEALS && deal < d->n_deals; i++) {
        double number[HB_DEALS_NUMBERS];

        rc = d->play(d->ctx, deal++, number, &r->log, e);
        for (int k = 0; rc == HB_OK && k < d->n_numbers; k++)
            hb_stat_add(&stat[k], number[k]);
    }
    if (rc != HB_OK || (rc = hb_buf_check(&r->log, e)) != HB_OK)
        return rc;
    if (r->log.len > BLOCK_DEALS * d->log_max)
        return hb_fail(e, HB_ELIMIT, "the log of %d deals takes %zu bytes, more than %zu",
                       BLOCK_DEALS, r->log.len, BLOCK_DEALS * d->log_max);
    if (r->log.len > 0)
        memcpy((uint8_t *)result + n_bytes, r->log.data, r->log.len);
    *len = n_bytes + r->log.len;
    return HB_OK;
}

/* hb_pool_work: add it up. */
static int take_block(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                      struct hb_err *e)
{
    struct run *r = ctx;
    const struct hb_deals *d = r->d;
    const struct hb_stat *stat = result;
    size_t n_bytes = (size_t)d->n_numbers * sizeof *stat;
    int rc;

    (void)job;
    (void)unit;
    for (int k = 0; k < d->n_numbers; k++)
        hb_stat_merge(&r->stat[k], &stat[k]);
    if (d->log != NULL &&
        (rc = d->log(d->ctx, (const uint8_t *)result + n_bytes, len - n_bytes, e)) != HB_OK)
        return rc;
    if (d->tell != NULL)
        d->tell(d->ctx);
    return HB_OK;
}

int hb_deals_run(const struct hb_deals *d, struct hb_stat *stat, struct hb_err *e)
{
    struct run r = {.d = d, .stat = stat};
    const struct hb_pool_work work = {.ctx = &r,
                                      .result_max = (size_t)d->n_numbers * sizeof *stat +
                                                    BLOCK_DEALS * d->log_max,
                                      .unit = play_block,
                                      .take = take_block};
    struct hb_pool *pool = NULL;
    uint64_t most = 1 + d->n_deals / (d->alone > 0 ? d->alone : 1);
    int n = d->n_workers > 0 ? d->n_workers : hb_os_cpus();
    int rc;

    for (int k = 0; k < d->n_numbers; k++)
        stat[k] = (struct hb_stat){0};
    rc = hb_pool_new((uint64_t)n < most ? n : (int)most, &work, &pool, e);
    if (rc == HB_OK)
        rc = hb_pool_run(pool, 0, (uint32_t)((d->n_deals + BLOCK_DEALS - 1) / BLOCK_DEALS), NULL,
                         NULL, e);
    hb_pool_free(pool);
    hb_buf_fini(&r.log);
    return rc;
}
