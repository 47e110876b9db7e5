/* deals.h - a sample of deals: numbers for each, played by forked processes, added up in order.   run.
 * Deals are shared out in blocks (base/pool.h) and the blocks added up in order, so means and spreads
 * are the same bits for any number of processes. Threads: main thread. */
#ifndef HB_RUN_DEALS_H
#define HB_RUN_DEALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/stat.h"
#include "game/rules.h"

#define HB_DEALS_NUMBERS (HB_PLAYERS_MAX + 1)

struct hb_deals {
    void *ctx;
    uint64_t n_deals; /* 0..2^32-1 */
    int n_numbers;    /* of a deal, at most HB_DEALS_NUMBERS */
    size_t log_max;   /* bytes of log of a deal on average, at most; 0: no log */
    uint64_t alone;   /* fewer deals are not worth another process */
    int n_workers;    /* processes, 0: one a processor */
    /* In whatever process: the numbers of a deal, and its text appended to log. */
    int (*play)(void *ctx, uint64_t deal, double *number, struct hb_buf *log, struct hb_err *e);
    /* In this one, for the deals in order: the next text; NULL without a log. */
    int (*log)(void *ctx, const void *text, size_t len, struct hb_err *e);
    /* Now and then, with what is in `stat` so far; may be NULL. */
    void (*tell)(void *ctx);
};

/* Play all deals; stat[k] is the sample of number k. Errors: those of the calls and of the pool;
 * HB_ELIMIT when the log of a block is too long. */
int hb_deals_run(const struct hb_deals *d, struct hb_stat *stat, struct hb_err *e) HB_MUSTUSE;

#endif
