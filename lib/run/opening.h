/* opening.h - all decisions of the first street in one view: how often each line is played, and what
 * the hands that get there do. [run]
 *
 * A line's probability is the product of the shares with which its actions are taken by the hands
 * that get to them: cards of one player that another cannot hold are left out of account.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_OPENING_H
#define HB_RUN_OPENING_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "run/view.h"

#define HB_OPENING_NODES_MAX    2000 /* decisions; more are refused: nobody reads them */
#define HB_OPENING_PICTURES_MAX 200  /* of an SVG document */

struct hb_opening_node {
    struct hb_view view;
    const char *step; /* in view.path: the last action, "" for the first node */
    int depth;        /* of the tree shown, 0 for its first node */
    uint32_t parent;  /* of the nodes here */
    double line;      /* probability of the line */
    double *share; /* owned; [actions] what the hands that get here do; all alike when none does */
};

struct hb_opening { /* {0} is empty */
    uint32_t n;
    struct hb_opening_node *node; /* owned; depth first */
};

/* Gather.
 *   actions  where the tree begins, a decision of the first street; "" or NULL: at the root
 * Errors: HB_EUSAGE: no such decision, one of a later street, too many decisions; those of
 * hb_view_new. Cost: some milliseconds a decision. */
int hb_opening_new(struct hb_strategy *s, const char *actions, struct hb_opening *out,
                   struct hb_err *e) HB_MUSTUSE;
void hb_opening_fini(struct hb_opening *o);

void hb_opening_text(const struct hb_opening *o, enum hb_view_colour colour, struct hb_buf *out);
/* One object a decision. */
void hb_opening_json(const struct hb_opening *o, struct hb_buf *out);
/* A whole SVG document. Errors: HB_EUSAGE for more than HB_OPENING_PICTURES_MAX decisions. */
int hb_opening_svg(const struct hb_opening *o, struct hb_buf *out, struct hb_err *e) HB_MUSTUSE;

#endif
