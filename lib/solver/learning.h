/* learning.h - is a game too big to evaluate still learning? A look at a sample of its rows.
 * [solver, pure]
 *
 * For each street a fixed sample of information sets, HB_LEARNING_ROWS of them or all, is drawn
 * evenly from the street's rows by the counter-based generator with a key of its own: it depends on
 * the game and its abstraction alone, not on the seed, and no look changes a bit of the table.
 *
 * The change of a street between two looks is the mean over its sampled rows, weighted by their
 * visits, of sum_a |p_a - q_a| between the row's average strategies then (p) and now (q): 0 to 2. It
 * falls like 1/iterations while the run learns, because an average over T iterations cannot move
 * faster; what to watch is how far it has fallen, and whether a street is late.
 *
 * Threads: an object belongs to one thread; look at a clean table, between rounds. */
#ifndef HB_SOLVER_LEARNING_H
#define HB_SOLVER_LEARNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "solver/params.h"
#include "solver/table.h"

#define HB_LEARNING_ROWS 4096 /* at most, of a street */

struct hb_learning_street {
    uint32_t n_rows;  /* sampled; 0: the street has no decision */
    double change;    /* since the look before; 0 at the first */
    double visited;   /* share of the rows that were ever visited */
    double pruned;    /* share of the visited rows' actions whose regret is below the threshold */
    double saturated; /* share of the visited rows with a regret at the floor or near its limit */
    double halved; /* share of the visited rows whose strategy sums were halved: sums keep 16 bits
                         or more all the same, so this is no loss but a sign of many visits */
};

struct hb_learning_look {
    uint64_t from, to; /* iterations of the look before and of this one; equal at the first */
    struct hb_learning_street street[HB_STREETS];
    struct hb_learning_street all; /* streets weighted by how many rows a sampled one stands for */
};

struct hb_learning_row { /* private */
    uint64_t at;         /* word of the table */
    uint32_t average;    /* where its strategy begins in `average` */
    uint16_t n_actions;
    uint8_t street;
    bool prunable; /* pruning ever looks at it */
};

struct hb_learning {              /* {0} is nothing */
    struct hb_learning_row *rows; /* owned; by street, then place in the table */
    float *average;               /* owned; as last looked at */
    double *now;                  /* owned; a row's worth */
    uint32_t n_rows;
    double stands_for[HB_STREETS]; /* rows of the street / sampled ones */
    uint64_t iteration;            /* of the last look */
    bool looked;
};

/* Draw the sample. Errors: HB_ENOMEM. Memory: 40 bytes or so a row, fixed from here on. */
int hb_learning_init(struct hb_learning *l, const struct hb_table *t, struct hb_err *e) HB_MUSTUSE;
void hb_learning_fini(struct hb_learning *l);
/* Look now. round: the one that begins at the table's iteration. Cost: 20-100 ns a row. */
void hb_learning_look(struct hb_learning *l, const struct hb_table *t, const struct hb_round *round,
                      struct hb_learning_look *out);
/* The table went back to an earlier generation: the next look is a first one. */
void hb_learning_forget(struct hb_learning *l);

#endif
