/* evaluate.h - how good a strategy is, by the cheaper of two exact walks: over joint deals
 * (solver/exploit.h) or over the public tree (solver/public.h), which is shared out to processes
 * that block on a pipe. [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_EVALUATE_H
#define HB_RUN_EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/strategy.h"
#include "solver/exploit.h"
#include "solver/public.h"

enum hb_walk { HB_WALK_CHEAPER, HB_WALK_DEALS, HB_WALK_BOARDS };

struct hb_evaluation { /* {0} is closed; not to be moved while it is open */
    struct hb_strategy *strategy;
    bool public_tree;
    double work;    /* steps */
    int n_workers;  /* processes that share them */
    double seconds; /* about */
    uint64_t bytes; /* about, of all processes, beside the strategy */
    /* private */
    struct hb_public_strategy by_bucket;
    struct hb_public *walk;
};

/* Choose a walk and say what it costs.  n_workers: 0 for one a processor. Keeps the strategy.
 * Errors: those of hb_strategy_public and hb_public_new. */
int hb_evaluation_open(struct hb_evaluation *v, struct hb_strategy *s, enum hb_walk walk,
                       int n_workers, struct hb_err *e) HB_MUSTUSE;
void hb_evaluation_close(struct hb_evaluation *v);

/* Do it. The result is the same for any number of workers.
 *   tell  called now and then with the share that is done, in (0, 1]; may be NULL
 * Errors: HB_ENOMEM, HB_ESYS (a process could not be started, or died), those of the strategy. */
int hb_evaluation_run(struct hb_evaluation *v, void (*tell)(void *ctx, double done), void *ctx,
                      struct hb_exploit *out, struct hb_err *e) HB_MUSTUSE;

#endif
