/* equity.h - exact hand strength of every canonical hand against one uniform hand.      cards,
 * pure. HS of a hand on the last street = P(win) + P(tie)/2 against a uniformly drawn opponent hand
 * of the cards not seen. On an earlier street E[HS] is its mean over all run-outs, E[HS^2] the mean
 * of its square (Johanson, "Robust Strategies and Counter-Strategies", MSc thesis 2007,
 * section 2.5). Everything is exact integers: for one final board a hand scores 2*wins + ties, a
 * whole number in [0, 2*M] with M the number of opponent hands; sums over run-outs and of squares
 * are whole numbers too. Method: for each canonical final board sort the hands by strength and
 * sweep once, with per-card counters for the removal of the hand's own cards. Threads: any; an
 * object belongs to one thread. Only HB_ISO_SET indices. Any deck, 1 or 2 own cards, any number of
 * streets. */
#ifndef HB_CARDS_EQUITY_H
#define HB_CARDS_EQUITY_H

#include <stdint.h>

#include "base/err.h"
#include "cards/iso.h"

/* Scores of all canonical hands on `street`, computed in one pass.
 *   sum[i]    sum over run-outs (boards as sets of missing cards) of score(i, final board)
 *   square[i] the same of score^2; may be NULL
 *   both sized hb_iso_size(iso, street)
 *   first, n  board range on `street`: only canonical boards [first, first+n) are computed and only
 *             their hands written, so that processes can share the work; 0, hb_iso_boards() for all
 * E[HS] = sum / (2*M * R), E[HS^2] = square / (4*M^2 * R), M and R from hb_equity_scale.
 * Errors: HB_ENOMEM. Cost for hold'em and one core: river about 1 s, turn about 6 s;
 * flop and preflop go through the street after them (see hb_equity_fold). */
int hb_equity_sweep(const struct hb_iso *iso, int street, uint32_t first, uint32_t n, uint64_t *sum,
                    uint64_t *square, struct hb_err *e) HB_MUSTUSE;

/* From complete sums on `street` + 1 make those on `street`: sum over the next cards. The result
 * equals that of hb_equity_sweep up to the factor by which each final board is counted (the orders
 * in which the streets can deal it), which hb_equity_scale(…, folded_from) knows: R counts run-outs
 * as they are summed. */
int hb_equity_fold(const struct hb_iso *iso, int street, const uint64_t *next_sum,
                   const uint64_t *next_square, uint64_t *sum, uint64_t *square,
                   struct hb_err *e) HB_MUSTUSE;

/* *m = opponent hands for one final board; *r = run-outs summed per hand on `street` when sums were
 * swept on `swept` (>= street) and folded down from there. */
void hb_equity_scale(const struct hb_deck *deck, int street, int swept, uint64_t *m, uint64_t *r);

/* The obvious way, for tests and single hands: enumerate run-outs and opponents. power 1 or 2.
 * Cost: up to 2.1e9 evaluations before the flop; use it later than that. */
double hb_equity_brute(const struct hb_deck *deck, int street, const uint8_t *cards, int power);

#endif
