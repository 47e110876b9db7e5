/* difference.h - where two strategies of one game differ, and how much. [run]
 *
 * Cards are dealt and all ways through the betting tree followed, those that either strategy takes
 * with all players at 1e-5 or more. A decision of a way weighs the mean of the probabilities that
 * play of the one and of the other brings it about; the distance there is the sum of the absolute
 * differences of the actions' probabilities (L1, 0..2). So card abstractions need not be the same:
 * only game and betting tree.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_DIFFERENCE_H
#define HB_RUN_DIFFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "run/strategy.h"
#include "run/view.h"

struct hb_difference_options {
    uint64_t seed;
    uint64_t n_deals; /* >= 1; all there are, when these are no more */
    uint32_t top;     /* nodes to list */
};

struct hb_difference_node {
    uint32_t node;
    char actions[HB_VIEW_PATH_MAX];
    double reach;        /* how often a hand brings it about, its weight */
    double distance;     /* mean there, 0..2 */
    double share;        /* of the distance of all decisions */
    const double *a, *b; /* [actions] mean strategies of those who get there */
    char hand[8];        /* where the distance weighs most: own cards, board, strategies */
    char board[12];
    const double *hand_a, *hand_b;
};

struct hb_difference {         /* {0} is empty */
    struct hb_strategy *a, *b; /* borrowed */
    bool complete;             /* all deals */
    uint64_t n_deals;
    double decisions; /* a hand */
    double distance;  /* mean over decisions, 0..2 */
    uint32_t n;
    struct hb_difference_node *node; /* owned; [n], the largest shares first, none without one */
    double *numbers;                 /* owned */
};

/* Compare.
 *   names  of the two, for messages
 * Errors: HB_EIDENTITY naming both: other games, other betting trees; HB_ENOMEM; those of the
 * strategies. Cost: deals times ways through the tree. */
int hb_difference_new(struct hb_strategy *a, struct hb_strategy *b, const char *const names[2],
                      const struct hb_difference_options *o, struct hb_difference *out,
                      struct hb_err *e) HB_MUSTUSE;
void hb_difference_fini(struct hb_difference *d);

void hb_difference_text(const struct hb_difference *d, const char *const names[2],
                        struct hb_buf *out);
/* One object for the whole, then one for each node. */
void hb_difference_json(const struct hb_difference *d, const char *const names[2],
                        struct hb_buf *out);

#endif
