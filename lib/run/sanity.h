/* sanity.h - what a poker player would try first on a strategy: does it ever fold aces before the
 * flop, or the nuts; does it call with what cannot win; are jams and calls of jams right. [run]
 *
 * Everything is counted on the average strategy as it is, nothing purified and no small
 * probabilities cut off. Checks:
 *
 *   aces             the highest pair never folds before the first board. Two players: against all
 *                    hands; more: against dealt ones
 *   nuts             a hand that no other beats now never folds; a check for each street with a
 *                    board, and for the last street
 *   dominated-calls  on the last street a hand that beats no hand that the opponents can hold never
 *                    calls, where what it splits is not worth the price even against all hands alike
 *   jam-or-fold      decisions of the first street after which nothing but folds and all-ins can
 *                    come, on the exact values of both: what the chart loses to the best one against
 *                    this opponent (two players, two own cards)
 *   free-folds       the betting tree has no fold where checking is free
 *
 * How often a decision counts is the probability that the hand gets there when all play the
 * strategy, summed over ways through the tree (ways below 1e-5 are left out); hands and boards of
 * nuts and dominated-calls are dealt at random, each own hand among its equals, others' hands from
 * the rest of the deck. Where play hardly ever (1e-4 a deal) brings such a decision about, others
 * that take all actions alike take the place of the strategy.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_SANITY_H
#define HB_RUN_SANITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/strategy.h"
#include "run/view.h"

struct hb_sanity_options {
    uint64_t seed;
    uint32_t n_deals; /* of each check that deals, and each position; >= 1 */
    double tolerance; /* share of decisions that may be wrong, 0..1 */
    double
        tolerance_mbb; /* what jam-or-fold may lose, in thousandths of the largest blind a hand */
};

enum hb_sanity_verdict {
    HB_SANITY_GOOD,
    HB_SANITY_BAD,
    HB_SANITY_UNMET /* the game or the strategy has no such decision */
};

struct hb_sanity_spot {
    char actions[HB_VIEW_PATH_MAX]; /* meaningless when reach is 0: there is none */
    char hand[8], board[12];
    double probability; /* of the wrong action; jam-or-fold: of all but the best one */
    double reach;       /* of the decision, as it counts */
};

struct hb_sanity_check {
    const char *name;
    const char *street; /* "preflop" ..., "" for all */
    bool complete;      /* all cases, not a sample */
    uint64_t cases;     /* deals; decisions of jam-or-fold and free-folds */
    bool by_node;       /* they are decisions */
    bool loss_known;    /* jam-or-fold: loss_mbb and jams in place of rate */
    bool alike;         /* others take all actions alike, because play does not get there */
    double met;         /* such decisions a deal */
    double rate;        /* share of them answered wrongly, in 0..1 */
    double loss_mbb;    /* jam-or-fold alone */
    double jams;        /* jam-or-fold: share of hands that go all-in or call one, of those that get
                           to such decisions */
    enum hb_sanity_verdict verdict;
    struct hb_sanity_spot worst; /* where it goes wrong most often */
};

/* Do all checks, one after the other.
 *   tell  called with each when it is done
 *   good  false when one of them is bad, or when all of those that look at the strategy are unmet
 * Errors: those of the strategy, HB_ENOMEM. Cost: of jam-or-fold some seconds in hold'em; the
 * others some thousand deals through the betting tree. */
int hb_sanity_run(struct hb_strategy *s, const struct hb_sanity_options *o,
                  void (*tell)(void *ctx, const struct hb_sanity_check *c), void *ctx, bool *good,
                  struct hb_err *e) HB_MUSTUSE;

/* One of them, for hb_sanity_run. */
int hb_sanity_jam(struct hb_strategy *s, const struct hb_sanity_options *o,
                  struct hb_sanity_check *out, struct hb_err *e) HB_MUSTUSE;

#endif
