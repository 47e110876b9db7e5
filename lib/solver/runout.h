/* runout.h - what one hand wins against every other when the rest of the board is dealt.   solver,
 * pure. Threads: plain data. */
#ifndef HB_SOLVER_RUNOUT_H
#define HB_SOLVER_RUNOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "game/rules.h"
#include "solver/endings.h"

#define HB_RUNOUT_LIST 1100u /* so many boards to come are listed rather than drawn */

/* P(win) + P(tie) / 2 of own cards against each live hand of a spot without one of them, over the
 * boards to come; hands with one of the own cards get 0.
 *   n_drawn  boards that are drawn when there are more than HB_RUNOUT_LIST; others are exact
 *   seed, iteration, stream  name the draws (rng.h, HB_RNG_RUNOUT); stream < 2^15,
 *            n_drawn <= 2^15
 *   out      by hand
 * Returns whether all boards were listed, so that the equities are exact. Drawn boards lack the own cards, and each hand takes those that lack its own: its mean is unbiased,
 * 1/2 when there is none. Cost: some 3 ns a board and hand. */
bool hb_runout_equity(const struct hb_deck *deck, const struct hb_hands *h,
                      const struct hb_spot *spot, const uint8_t *own, uint32_t n_drawn,
                      uint64_t seed, uint64_t iteration, uint32_t stream, double *out);

#endif
