/* aivat.h - what a hand says of two players who are known, without most of its luck.           run.
 *
 * The own cards of both players are averaged over all hands that they would have played the same
 * way, each with its probability. Then the estimate of a hand is what position 0 won on average,
 * given all that is public, plus a correction for each public event e (an action, cards on the
 * board) behind a public history p:
 *
 *     sum over e of P(e | p) V(p, e)  -  V(p, e that happened)
 *
 * Its expectation is 0 whatever V is, so the estimate is unbiased, and the better V the less is left
 * of the luck. V comes from hands played beforehand (baseline.h). A hand that is all-in before the
 * last round counts as the mean over boards: all of them where there are few, else HB_AIVAT_BOARDS,
 * the one that was dealt and others drawn as it was.
 *
 * Events whose probabilities cannot be listed (any of thousands of sizes; a flop behind a line that
 * was hardly seen before) have no correction. Threads: an object belongs to one thread.
 * Source: N. Burch, M. Schmid, M. Moravcik, D. Morrill, M. Bowling, "AIVAT: A New Variance Reduction
 * Technique for Agent Evaluation in Imperfect Information Games", AAAI 2018, with both players and
 * chance known. */
#ifndef HB_RUN_AIVAT_H
#define HB_RUN_AIVAT_H

#include <stdint.h>

#include "base/err.h"
#include "run/player.h"

#define HB_AIVAT_BOARDS 16

struct hb_aivat; /* opaque */

/* For two players of the same game; keeps them. Returns owned (hb_aivat_free).
 *   seed  of the boards of all-in hands
 * Errors: HB_EUSAGE unless there are two, HB_ENOMEM. */
int hb_aivat_new(struct hb_player *player, int n_players, uint64_t seed, struct hb_aivat **out,
                 struct hb_err *e) HB_MUSTUSE;
void hb_aivat_free(struct hb_aivat *a);

/* Learn from a hand that these players have played: it is over, all cards are known.
 *   first  0 or 1: which player sat in position 0
 * Errors: those of the players, HB_ENOMEM. */
int hb_aivat_learn(struct hb_aivat *a, const struct hb_matchstate *m, int first,
                   struct hb_err *e) HB_MUSTUSE;
/* No more learning; now hands can be estimated. */
void hb_aivat_freeze(struct hb_aivat *a);
/* Chips that position 0 wins in such a hand. Cost for hold'em: some milliseconds, and a tenth of a
 * second when a line to the flop comes for the first time. Errors: those of the players;
 * HB_EINTERNAL when they would not have played so. */
int hb_aivat_estimate(struct hb_aivat *a, const struct hb_matchstate *m, int first, double *chips,
                      struct hb_err *e) HB_MUSTUSE;

#endif
