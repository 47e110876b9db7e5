/* transport.h - the cost of moving one histogram onto another, when the way from bin to bin has a cost
 * of its own. abstraction, pure.
 *
 * The least cost is the earth mover's distance; finding it takes a solver of its own and 100 times as
 * long. What is computed here is the cost of one plan that is found greedily, so that it is never less
 * than the least, in two steps:
 *   1. Bins near each other. For r = 0, 1, … HB_TRANSPORT_RANKS - 1, the bins of the first histogram,
 *      in order, move as much as they still have, and as there is still room for, to the r-th nearest
 *      bin (itself first, then by cost, equal ones by number).
 *   2. The rest goes from the lowest bin that has some to the lowest that has room, and so on: the best
 *      plan if the bins were places on a line, in order.
 * So bins should be numbered along the main direction of their costs, as hb numbers buckets, from weak
 * to strong. Step 1 alone, with all ranks, is the heuristic of Ganzfried & Sandholm, which is slower
 * and, as its last moves go far, mostly farther off.
 *
 * How near: for hold'em's flop hands over 200 turn clusters the cost is 1.08 times the least from a
 * hand to its own centre, 1.34 times at worst among 1,500, and 1.03 and 1.23 times to any centre; for
 * random histograms over points on a line, in a plane or in space it is 1.10 to 1.16 times on average,
 * below 1.5 times in 400 each. tests/unit/t_transport.c and long_transport.c hold it against an exact
 * solver, the latter also the nearest centres. The cost from A to B is not that from B to A, and no
 * metric: nothing may lean on the triangle inequality.
 *
 * Threads: any. Source: S. Ganzfried, T. Sandholm, "Potential-Aware Imperfect-Recall Abstraction with
 * Earth Mover's Distance in Imperfect-Information Games", AAAI 2014. */
#ifndef HB_ABSTRACTION_TRANSPORT_H
#define HB_ABSTRACTION_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_TRANSPORT_RANKS 8u
#define HB_TRANSPORT_MASS  32767u /* total of a histogram at most: times a cost it fits 31 bits */
#define HB_TRANSPORT_BINS  8192u

struct hb_ground {
    uint32_t n;      /* bins */
    uint32_t ranks;  /* HB_TRANSPORT_RANKS or n */
    int shift;       /* costs are those given / 2^-shift, rounded up */
    uint16_t *cost;  /* [n][n] */
    uint16_t *order; /* [n][n] the bins as each sees them, from near to far, itself first */
    uint32_t *near;  /* [n][ranks] cost << 16 | bin of the nearest */
};

/* Some of a histogram: bins that have something. */
struct hb_heap {
    uint16_t bin, mass;
};

/* Costs [n][n] from bin to bin, 1 <= n <= HB_TRANSPORT_BINS; freed by hb_ground_fini.
 * Errors: HB_EUSAGE (not symmetric, not 0 from a bin to itself, 2^31 and more), HB_ENOMEM. */
int hb_ground_init(struct hb_ground *g, const uint32_t *cost, uint32_t n,
                   struct hb_err *e) HB_MUSTUSE;
void hb_ground_fini(struct hb_ground *g);

/* The cost of moving one histogram onto another; or, as soon as that is known to be more than limit,
 * some number that is more than limit and not more than the cost.
 *   from     [n_from] rising bins, equal total with `to`
 *   to       [g->n], total <= HB_TRANSPORT_MASS
 *   bin      rising, those of `to` that are not 0, and perhaps others
 * Cost: about 20 ns and 15 a bin; no allocation. */
uint32_t hb_transport(const struct hb_ground *g, const struct hb_heap *from, uint32_t n_from,
                      const int16_t *to, const uint16_t *bin, uint32_t limit);

#endif
