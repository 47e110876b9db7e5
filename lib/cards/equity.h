/* equity.h - exact hand strength of every canonical hand against one uniform hand. [cards, pure]
 *
 * HS of a hand on the last street = P(win) + P(tie)/2 against a uniformly drawn opponent hand of
 * the cards not seen. On an earlier street E[HS] is its mean over all run-outs, E[HS^2] the mean
 * of its square (Johanson, "Robust Strategies and Counter-Strategies", MSc thesis 2007, section
 * 2.5). Everything is exact integers: with one final board a hand scores 2*wins + ties, a whole
 * number in [0, 2*M], M the number of opponent hands (M <= 1225, so a score fits 16 bits); sums of
 * scores and of their squares over run-outs are whole numbers too.
 *
 * Method: for each canonical final board sort the hands by strength and sweep once, with per-card
 * counters for the removal of the hand's own cards; earlier streets add up the street after them.
 *
 * Threads: any; an object is read-only after hb_equity_new. Only HB_ISO_SET indices. Any deck, 1
 * or 2 own cards, any number of streets.
 *
 *   all streets at once     hb_equity_new, hb_equity_mean
 *   parts, to share out     hb_equity_final -> hb_equity_fold_final -> hb_equity_fold -> … */
#ifndef HB_CARDS_EQUITY_H
#define HB_CARDS_EQUITY_H

#include <stdint.h>

#include "base/err.h"
#include "cards/iso.h"

/* ---- all of it ----------------------------------------------------------------------------- */

struct hb_equity; /* opaque */

#define HB_EQUITY_ALL 0xFu

/* Compute the streets of the deck whose bit (1 << street) is set in `streets`; returns owned
 * (hb_equity_free). Keeps iso, which must outlive it. A street needs all later ones for a while.
 * Errors: HB_EUSAGE when the indices are not HB_ISO_SET; HB_ENOMEM.
 * Cost for hold'em and one core: about 2.5 s; it holds 246 MB for the river, 223 MB for the turn,
 * 20 MB for the flop. */
int hb_equity_new(const struct hb_iso *iso, unsigned streets, struct hb_equity **out,
                  struct hb_err *e) HB_MUSTUSE;
/* The same from results of the parts below, which must outlive it: the scores, NULL unless the last
 * street is asked about, and the sums and squares of earlier ones. Errors: HB_EUSAGE, HB_ENOMEM. */
int hb_equity_over(const struct hb_iso *iso, const uint16_t *score,
                   const uint64_t *const sum[HB_STREETS], const uint64_t *const square[HB_STREETS],
                   struct hb_equity **out, struct hb_err *e) HB_MUSTUSE;
void hb_equity_free(struct hb_equity *equity);

/* E[HS^power] of a canonical hand, power 1 or 2; the street must be one asked for. The same bits on
 * every machine (two integers and one division). */
double hb_equity_mean(const struct hb_equity *equity, int street, uint64_t index, int power);
/* The numerator of that: sum over run-outs of score^power. The denominator is the same for all
 * hands of a street: (2*M)^power * R from hb_equity_scale. */
uint64_t hb_equity_sum(const struct hb_equity *equity, int street, uint64_t index, int power);

/* *m = opponent hands for one final board; *r = run-outs of a hand on `street`: the number of
 * ways, street by street, to deal the cards to come. */
void hb_equity_scale(const struct hb_deck *deck, int street, uint64_t *m, uint64_t *r);

/* ---- in parts ------------------------------------------------------------------------------ */
/* Each works on canonical boards [first, first+n) of its street and writes the hands of those only,
 * so that threads or processes can share the work; 0, hb_iso_boards(iso, street) for all. The first
 * hand of board `first` goes to element 0 of the output; inputs are always complete. */

/* Scores on the last street. Cost for hold'em: about 0.6 s. */
int hb_equity_final(const struct hb_iso *iso, uint32_t first, uint32_t n, uint16_t *score,
                    struct hb_err *e) HB_MUSTUSE;
/* Sums and sums of squares on the street before the last. `square` may be NULL. Cost for hold'em:
 * about 2 s. Errors of both folds: HB_EUSAGE when there is no such street; HB_ENOMEM. */
int hb_equity_fold_final(const struct hb_iso *iso, uint32_t first, uint32_t n,
                         const uint16_t *score, uint64_t *sum, uint64_t *square,
                         struct hb_err *e) HB_MUSTUSE;
/* The same on `street` from the sums on street + 1; squares may be NULL (both). */
int hb_equity_fold(const struct hb_iso *iso, int street, uint32_t first, uint32_t n,
                   const uint64_t *next_sum, const uint64_t *next_square, uint64_t *sum,
                   uint64_t *square, struct hb_err *e) HB_MUSTUSE;

/* ---- the obvious way ----------------------------------------------------------------------- */

/* For tests and single hands: enumerate run-outs and opponents of n_hole own + n_board[street]
 * board cards. *sum and *square as in hb_equity_sum. Cost: up to 2.1e9 evaluations before the flop;
 * use it later than that. */
void hb_equity_brute(const struct hb_deck *deck, int street, const uint8_t *cards, uint64_t *sum,
                     uint64_t *square);

#endif
