/* cfr.h - external-sampling MCCFR: what a range of iterations adds to a table. [solver, pure]
 *
 * One iteration is one deal, traversed once for each player. A traversal explores every action of
 * its traverser and samples one at each other player's node; regrets are updated at the traverser's
 * nodes, the average strategy at the nodes of the player after him, in one of average_interval
 * iterations. With two players such a visit
 * weighs exactly that player's own reach, as the average strategy asks; with more, the other
 * players' sampled actions weigh in too, as in the common implementations for many players.
 *
 * Several traversals run at once, breadth first, so that their rows come from memory together: a
 * *forward* pass takes visits from two queues (the traversers' own nodes, the others' nodes), asks
 * for the row of each child as it is queued and leaves a *slot* for its value; a *backward* pass
 * over the own nodes in reverse turns the slots into values and regrets. Which traversals share a
 * pass matters for the order of records alone.
 *
 * The table is only read; the result is a log of records (delta.h) that depends on (table, round,
 * first, count) alone.
 *
 * Threads: a struct hb_cfr belongs to one thread; table and buckets are shared.
 * Memory: 12 bytes for each edge of the betting tree, and some 40 for each visit of the largest
 * pass, which takes one traversal at least, else about HB_CFR_PASS visits.
 *
 * Source: M. Lanctot, K. Waugh, M. Zinkevich, M. Bowling, "Monte Carlo Sampling for Regret
 * Minimization in Extensive Games", NIPS 2009. */
#ifndef HB_SOLVER_CFR_H
#define HB_SOLVER_CFR_H

#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/err.h"
#include "solver/deal.h"
#include "solver/delta.h"
#include "solver/params.h"
#include "solver/table.h"

#define HB_CFR_UNITS   64   /* halvings after which a visit no longer counts */
#define HB_CFR_WALKERS 64   /* traversals of a pass at most */
#define HB_CFR_PASS    1024 /* visits that a pass aims at: its queues stay in the cache */

/* What lies behind an edge of the betting tree: all that is needed to ask memory for it. */
struct hb_cfr_edge {
    uint32_t first;  /* node: first of its edges; end: its number */
    uint32_t row;    /* node: word of its row in a bucket; end of two players: chips at stake */
    uint16_t n;      /* actions; 0: an end */
    uint8_t section; /* node: street and player; end: street */
    uint8_t player;  /* node: who acts; end of two players: seats folded */
};

struct hb_cfr_runouts { /* of a deal, one street */
    bool made;          /* or the board is complete there */
    float share[3];     /* heads-up, by seats folded: what seat 0 wins of the smaller stake */
    uint32_t strength[HB_RUNOUTS_HEADSUP][HB_PLAYERS_MAX];
};

/* A deal of the pass under way. */
struct hb_cfr_deal {
    uint64_t iteration;
    struct hb_deal deal;
    uint64_t hand[HB_PLAYERS_MAX][HB_STREETS];           /* canonical, of the deal's buckets */
    const int32_t *section[HB_STREETS * HB_PLAYERS_MAX]; /* rows of the dealt bucket */
    struct hb_cfr_runouts runouts[HB_STREETS];
};

/* A traversal of the pass under way. */
struct hb_cfr_walker {
    struct hb_cfr_deal *deal;
    uint64_t key; /* of its random numbers at other players' nodes */
    uint8_t traverser,
        averaged; /* who explores; whose strategy is logged, HB_PLAYERS_MAX: nobody's */
    bool prune;
    float sign; /* of what seat 0 wins, for the traverser; two players */
};

/* A node that waits in a queue. */
struct hb_cfr_visit {
    const int32_t *row;
    uint32_t first; /* of its edges; once explored, of its slots */
    uint32_t slot;  /* where its value goes */
    uint16_t n;     /* actions */
    uint8_t section;
    uint8_t player;
    uint8_t walker;
};

struct hb_cfr_queue {
    struct hb_cfr_visit *at; /* owned */
    size_t n, cap;
};

struct hb_cfr {
    const struct hb_table *table;     /* keeps: must outlive this */
    const struct hb_buckets *buckets; /* keeps */
    struct hb_cfr_edge *edge;         /* [n_edges + 1] as tree->child; the last leads to the root */
    uint32_t *node_of; /* [n_edges] the node that a first edge is of; NULL unless runs of version 1
                        * ask; owned */
    float *probability, *value; /* [cap_slots] the own nodes' actions; owned */
    size_t n_slots, cap_slots;
    float *others_play; /* probabilities at the node at hand; owned */
    struct hb_cfr_queue own, others;
    struct hb_cfr_deal *deal; /* [HB_CFR_WALKERS / players]; owned */
    struct hb_cfr_walker walker[HB_CFR_WALKERS];
    unsigned first_width; /* deals of a run's first pass */
    uint8_t deck[HB_CARDS];
    int n_deck;
    float units_per_chip;
    float unit[HB_CFR_UNITS]; /* strategy unit of a row by its exponent over the weight's */
    struct hb_round round;
    struct hb_discounts discounts;
    struct hb_parts parts;
    struct hb_log *log; /* [n_parts] of the caller, during a run */
    int rc;             /* first failure of a log or a queue */
    struct hb_err *err;
};

/* n_parts: logs that a run fills, one for each part of the table (delta.h) or a single one. */
int hb_cfr_init(struct hb_cfr *c, const struct hb_table *t, const struct hb_buckets *b,
                uint32_t n_parts, struct hb_err *e) HB_MUSTUSE;
void hb_cfr_fini(struct hb_cfr *c);
/* Traverse iterations [first, first+count), which lie in `round`, and append their records to the
 * logs, each to its part's.
 *   log    [n_parts]
 *   nodes  decision nodes visited are added to it
 * Errors: HB_EUSAGE (range outside the round), HB_ENOMEM, those of log->grow. */
int hb_cfr_run(struct hb_cfr *c, const struct hb_round *round, uint64_t first, uint32_t count,
               struct hb_log *log, uint64_t *nodes, struct hb_err *e) HB_MUSTUSE;
/* Decision nodes that an iteration visits while all strategies are uniform. Errors: HB_ENOMEM. */
int hb_cfr_expected_nodes(const struct hb_tree *t, double *out, struct hb_err *e) HB_MUSTUSE;
/* Memory of the edges and queues of one worker, bytes; the latter for passes of usual size. */
uint64_t hb_cfr_bytes(const struct hb_tree *t);

#endif
