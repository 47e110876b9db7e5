/* cfr_impl.h - between the two halves of cfr.h: setting up and dealing (cfr.c), and the pass of
 * traversals (cfr_pass.c). [solver] */
#ifndef HB_SOLVER_CFR_IMPL_H
#define HB_SOLVER_CFR_IMPL_H

#include "solver/cfr.h"

/* Seat 0 against seat 1 when both put in the same: 1, 0 or -1. */
static inline float hb_cfr_better(const uint32_t *strength)
{
    return (float)((strength[0] > strength[1]) - (strength[0] < strength[1]));
}

/* Carry out walker[0..n_walkers), whose deals are there, and log their records. Failures: c->rc.
 *   nodes  decision nodes visited are added to it */
void hb_cfr_pass(struct hb_cfr *c, unsigned n_walkers, uint64_t *nodes);

#endif
