/* ranges.h - two players' own cards as probabilities over all hands, with card removal.    solver,
 * pure. A range is a vector over the hands of a deck (endings.h); hands that share a card with the
 * board or with each other cannot be held together. Works for one or two own cards.
 * Threads: plain data. */
#ifndef HB_SOLVER_RANGES_H
#define HB_SOLVER_RANGES_H

#include <stdint.h>

#include "solver/endings.h"

/* What the other range weighs beside each hand: out[h] = sum of other[k] over live hands k without a
 * card of h, for live hands h. Never negative.
 * Cost: O(n_live). */
void hb_ranges_beside(const struct hb_hands *h, const uint16_t *live, int n_live,
                      const double *other, double *out);
/* Sum over live hands of a[h] * b[h]. */
double hb_ranges_dot(const uint16_t *live, int n_live, const double *a, const double *b);
/* Scale a range so that it sums to 1 over live hands, and make it 0 elsewhere; the sum there was
 * before. A sum of 0 leaves it as it is. */
double hb_ranges_normalise(const struct hb_hands *h, const uint16_t *live, int n_live,
                           double *range);

#endif
