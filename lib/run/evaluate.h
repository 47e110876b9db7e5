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
#include "solver/boardsample.h"
#include "solver/exploit.h"
#include "solver/public.h"

enum hb_walk { HB_WALK_CHEAPER, HB_WALK_DEALS, HB_WALK_BOARDS };

struct hb_evaluation_options { /* {0}: the cheaper walk, a process for each processor */
    enum hb_walk walk;
    int n_workers;          /* 0: one a processor */
    uint32_t sample_boards; /* so many boards of the second street; 0: all */
    uint64_t seed;          /* of the sample */
};

struct hb_evaluation { /* {0} is closed; not to be moved while it is open */
    struct hb_strategy *strategy;
    bool public_tree;
    bool sampled;   /* a part of the boards: hb_evaluation_run_sampled gives no exact value */
    double work;    /* steps */
    int n_workers;  /* processes that share them */
    double seconds; /* about */
    uint64_t bytes; /* about, of all processes, beside the strategy */
    /* private */
    struct hb_public_strategy by_bucket;
    struct hb_public *walk;
    struct hb_boardsample sample;
    uint32_t *unit;   /* owned; [n_units] of a sample: boards, then run-outs */
    double **result;  /* owned; [boards] of drawn boards */
    uint32_t n_units; /* of a sample */
};

/* Choose a walk and say what it costs. Keeps the strategy. A sample is taken by the walk over
 * boards; one of all boards, or where there are none to sample, is exact and `sampled` false.
 * Errors: those of hb_strategy_public and hb_public_new; HB_EUSAGE: too few boards to sample, or a
 * game that the walk over boards cannot do. */
int hb_evaluation_open(struct hb_evaluation *v, struct hb_strategy *s,
                       const struct hb_evaluation_options *o, struct hb_err *e) HB_MUSTUSE;
void hb_evaluation_close(struct hb_evaluation *v);

/* Do it. The result is the same for any number of workers.
 *   tell  called now and then with the share that is done, in (0, 1]; may be NULL
 * Errors: HB_ENOMEM, HB_ESYS (a process could not be started, or died), those of the strategy. */
int hb_evaluation_run(struct hb_evaluation *v, void (*tell)(void *ctx, double done), void *ctx,
                      struct hb_exploit *out, struct hb_err *e) HB_MUSTUSE;
/* The same for an evaluation by a sample of boards. When it is not sampled both ends of the bracket
 * are the exact value, to the bit. */
int hb_evaluation_run_sampled(struct hb_evaluation *v, void (*tell)(void *ctx, double done),
                              void *ctx, struct hb_bracket *out, struct hb_err *e) HB_MUSTUSE;

#endif
