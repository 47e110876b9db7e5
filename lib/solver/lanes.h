/* lanes.h - the betting tree cut into streets, and like parts side by side.              solver,
 * pure. Heads-up. An *entry* is a place where a street begins; the part of the tree that it opens
 * on that street ends in folds, showdowns (on the last street), all-ins (before it) and entries of
 * the next street. Entries whose parts have the same *shape* (who acts, how many actions, how it
 * ends) form groups of HB_LANES; whatever is computed for a group is computed for all its lanes at
 * once. Threads: read-only after init. */
#ifndef HB_SOLVER_LANES_H
#define HB_SOLVER_LANES_H

#include <stdint.h>

#include "base/err.h"
#include "game/rules.h"
#include "game/tree.h"

#define HB_LANES 8

enum hb_lanes_kind {
    HB_LANES_NODE,
    HB_LANES_FOLD,
    HB_LANES_SHOWDOWN,
    HB_LANES_ALLIN, /* a showdown with board cards to come */
    HB_LANES_EXIT   /* the next street */
};

/* A part in preorder: a node is followed by what its actions lead to, in order. */
struct hb_lanes_step {
    uint8_t kind;
    uint8_t player;     /* NODE: who acts */
    uint16_t n_actions; /* NODE */
    uint32_t number;    /* NODE: its first edge in the part; else: its leaf in the part */
};

struct hb_lanes_shape {
    struct hb_lanes_step *step;
    uint32_t n_steps;
    uint32_t n_nodes;
    uint32_t n_edges;
    uint32_t n_leaves;
    uint32_t n_of[HB_LANES_EXIT + 1]; /* steps of each kind */
    uint32_t depth;                   /* nodes on the longest way */
    uint64_t hash;
};

struct hb_lanes_group {
    uint32_t shape;
    uint32_t n_lanes; /* in use; the others repeat lane 0 and weigh nothing */
    uint32_t *node;   /* [n_nodes][HB_LANES] tree nodes, in preorder */
    /* [n_leaves][HB_LANES] EXIT: entry of the next street; ALLIN: number of the all-in on the
     * street; HB_TREE_NONE in a lane that is not in use */
    uint32_t *leaf;
    double
        *pay; /* [n_leaves][HB_LANES] chips: FOLD: what seat 0 wins; SHOWDOWN, ALLIN: the winner */
};

struct hb_lanes_street {
    uint32_t n_entries;
    uint32_t *place; /* [n_entries] group * HB_LANES + lane */
    uint32_t *at;    /* [n_entries] as in tree->child */
    uint32_t n_groups;
    struct hb_lanes_group *group;
    uint32_t n_shapes;
    struct hb_lanes_shape *shape;
    uint32_t n_allins;
};

struct hb_lanes {
    int n_streets;
    struct hb_lanes_street street[HB_STREETS];
};

/* Cut the tree. Errors: HB_ENOMEM (*out is then empty). Cost: a few passes over the tree. */
int hb_lanes_init(struct hb_lanes *out, const struct hb_rules *r, const struct hb_tree *t,
                  struct hb_err *e) HB_MUSTUSE;
void hb_lanes_fini(struct hb_lanes *l);

#endif
