/* cfr.h - external-sampling MCCFR: what a range of iterations adds to a table. [solver, pure]
 *
 * One iteration is one deal, traversed once for each player. A traversal explores every action of
 * its traverser and samples one at each other player's node; regrets are updated at the traverser's
 * nodes, the average strategy at the nodes of the player after him. With two players such a visit
 * weighs exactly that player's own reach, as the average strategy asks; with more, the other
 * players' sampled actions weigh in too, as in the common implementations for many players.
 *
 * The table is only read; the result is a log of records (delta.h) that depends on (table, round,
 * first, count) alone.
 *
 * Threads: a struct hb_cfr belongs to one thread; table and buckets are shared.
 *
 * Source: M. Lanctot, K. Waugh, M. Zinkevich, M. Bowling, "Monte Carlo Sampling for Regret
 * Minimization in Extensive Games", NIPS 2009. */
#ifndef HB_SOLVER_CFR_H
#define HB_SOLVER_CFR_H

#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/err.h"
#include "solver/delta.h"
#include "solver/params.h"
#include "solver/table.h"

/* The cards of an iteration and what follows from them. */
struct hb_deal {
    uint8_t cards[HB_PLAYERS_MAX][HB_HAND_MAX];  /* own cards, then the whole board */
    uint32_t bucket[HB_PLAYERS_MAX][HB_STREETS]; /* streets with decisions only */
    uint32_t strength[HB_PLAYERS_MAX];           /* of own cards and the whole board */
};

/* Boards dealt out after an all-in. A hand that is all-in before the last street is worth its mean
 * over this many run-outs of the missing board cards instead of the one board of the deal:
 * unbiased, and the largest source of variance of no-limit games shrinks. With three and more
 * players a run-out costs side pots, so there are fewer. */
#define HB_RUNOUTS_HEADSUP  16
#define HB_RUNOUTS_MULTIWAY 4

/* Strengths of all hands on run-outs of the board as it lies on `street` (before the last).
 *   strength  [n][HB_PLAYERS_MAX], n = hb_n_runouts(r) */
void hb_deal_runouts(const struct hb_rules *r, uint64_t seed, uint64_t iteration, int street,
                     const struct hb_deal *deal, uint32_t (*strength)[HB_PLAYERS_MAX]);
int hb_n_runouts(const struct hb_rules *r);

/* Deal iteration `iteration`: own cards by seat, then the board, a uniform draw without
 * replacement. */
void hb_deal_cards(const struct hb_rules *r, uint64_t seed, uint64_t iteration,
                   struct hb_deal *out);

struct hb_runouts { /* of the current deal, one street */
    bool made;      /* or the board is complete there */
    float share[3]; /* heads-up, by seats folded: what seat 0 wins of the smaller stake */
    uint32_t strength[HB_RUNOUTS_HEADSUP][HB_PLAYERS_MAX];
};

/* An action of a node on the current path. */
struct hb_cfr_slot {
    float probability, value;
    uint32_t ref; /* where the walk goes on */
};

#define HB_CFR_UNITS 64 /* halvings after which a visit no longer counts */

struct hb_cfr {
    const struct hb_table *table;     /* keeps: must outlive this */
    const struct hb_buckets *buckets; /* keeps */
    struct hb_cfr_slot *slot;         /* owned: actions of the nodes on the current path */
    float *own, *others;              /* owned: probabilities at the node at hand */
    float units_per_chip;
    float unit[HB_CFR_UNITS]; /* strategy unit of a row by its exponent over the weight's */
    /* the traversal under way */
    struct hb_round round;
    struct hb_discounts discounts;
    struct hb_deal deal;
    struct hb_runouts runouts[HB_STREETS];
    const int32_t *section[HB_STREETS][HB_PLAYERS_MAX]; /* rows of the dealt bucket */
    uint64_t iteration;
    int traverser, averaged; /* who explores; whose strategy is logged */
    bool prune;
    size_t top; /* slots in use */
    uint64_t nodes;
    struct hb_log *log;
    int rc; /* first failure of the log */
    struct hb_err *err;
};

int hb_cfr_init(struct hb_cfr *c, const struct hb_table *t, const struct hb_buckets *b,
                struct hb_err *e) HB_MUSTUSE;
void hb_cfr_fini(struct hb_cfr *c);
/* Traverse iterations [first, first+count), which lie in `round`, and append their records to log.
 *   nodes  decision nodes visited are added to it
 * Errors: HB_EUSAGE (range outside the round), those of log->grow. */
int hb_cfr_run(struct hb_cfr *c, const struct hb_round *round, uint64_t first, uint32_t count,
               struct hb_log *log, uint64_t *nodes, struct hb_err *e) HB_MUSTUSE;

#endif
