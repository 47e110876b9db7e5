/* pool.h - work shared out to forked copies of this process that block on a pipe. [base]
 *
 * A pool has n processes. Each is a copy of the process that made the pool, so it has all that was
 * in memory then and is told numbers alone:
 *
 *                 (job, unit) 8 bytes           length, code, then the result or an error's text
 *     parent ──────────────────────▶ child 1..n ──────────────────────▶ parent
 *            blocks in poll()               blocks in read()
 *
 * hb_pool_run shares out the units 0..n of one job and hands each result to `take` in the order of
 * the units, whoever did them and whenever they came: what take() adds up is the same bits for any
 * number of processes. A pool of one process has no children: unit() and take() are then called in
 * turn by the caller itself.
 *
 * Several jobs may be run one after the other on the same children. What the parent changes between
 * them reaches the children only through memory of hb_pool_memory, made before the pool; what they
 * change in their own memory stays theirs. A run begins after everything that the parent wrote, and
 * ends after everything that children wrote.
 *
 * A child waits without timeouts, has SIGTERM, SIGINT and SIGUSR1 blocked (they are for the parent),
 * has of all pipes of the pool its own two ends alone, and ends at the end of its pipe: when the pool
 * is freed, also when the parent dies in whatever way. The parent notices a dead child by the end of its pipe; that ends the run with an error.
 *
 * Cost: a fork each (5 ms and more a GiB of the parent's memory), 10-60 us a unit: units that take a
 * millisecond or more, a few dozen for each process.
 *
 * One pool at a time has children: those of a second would hold the first one's pipe ends open, and
 * freeing the first would wait for them.
 *
 * SIGPIPE must be ignored, as tool_init does: writing to a dead process is an error here, not an end.
 *
 * Threads: one at a time; forking wants a process without other threads. */
#ifndef HB_BASE_POOL_H
#define HB_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_POOL_MAX 256 /* processes */
/* Units of a process that may be done before the oldest that is not: results that wait for their
 * turn take at most HB_POOL_AHEAD * processes * result_max bytes. */
#define HB_POOL_AHEAD 8

struct hb_pool_work {
    void *ctx;
    size_t result_max; /* bytes of the largest result */
    /* In a child. Do a unit of a job; result [result_max], 16-byte aligned, undefined; *len, 0 so
     * far, becomes the bytes that are worth sending. An error ends the run in the parent with the
     * same code and text. */
    int (*unit)(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                struct hb_err *e);
    /* In the parent, for unit 0, 1, 2, ...; result as unit() left it, aligned as well. NULL when
     * everything is in shared memory. An error ends the run. */
    int (*take)(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                struct hb_err *e);
};

struct hb_pool; /* opaque */

/* Start the processes; returns owned (hb_pool_free). Copies *w, keeps w->ctx.
 *   n_processes  0: one a processor; more than HB_POOL_MAX are not started
 * Errors: HB_ENOMEM, HB_ESYS. */
int hb_pool_new(int n_processes, const struct hb_pool_work *w, struct hb_pool **out,
                struct hb_err *e) HB_MUSTUSE;
/* Let the children end and reap them; after a failed run they are killed. NULL is a no-op. */
void hb_pool_free(struct hb_pool *p);

/* Do the units 0..n_units of a job. job is for unit() and take() alone.
 *   tell  called after results were taken, with the share of the units that is done, in (0, 1];
 *         may be NULL
 * Errors: HB_ESYS when a process died, naming the signal; HB_ENOMEM; those of unit() and take().
 * After an error the pool can only be freed. */
int hb_pool_run(struct hb_pool *p, uint32_t job, uint32_t n_units,
                void (*tell)(void *ctx, double done), void *tell_ctx, struct hb_err *e) HB_MUSTUSE;

/* Zeroed memory that a process shares with the children it forks afterwards; all of it is really
 * there. Unmap with hb_os_unmap in the parent; children need not. Errors: HB_ENOMEM, HB_ECREATE. */
int hb_pool_memory(const char *what, uint64_t bytes, void **out, struct hb_err *e) HB_MUSTUSE;

#endif
