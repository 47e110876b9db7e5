/* tree.h - the betting tree as compact arrays, enumerated once, depth first. [game, pure]
 *
 * Decision nodes are numbered 0.. in depth-first preorder (node 0 is the root), actions ascending
 * (fold, call, raises by size). Chance needs no nodes: a street is a property of a node. A game
 * whose hand is over before the first decision has no nodes and is refused.
 *
 *   node[i] ──edge──▶ child[edge .. edge + n_actions)  decision node, or HB_TREE_END | terminal
 *                     act  [edge .. edge + n_actions)  the action taken
 *   end[t]            folded mask, last street
 *                     spent[t * n_players ..]          chips by seat
 *
 * All arrays are flat and hold no pointers, so that a table file can store and map them.
 *
 * Threads: read-only after it was built. */
#ifndef HB_GAME_TREE_H
#define HB_GAME_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "game/betting.h"
#include "game/state.h"

#define HB_TREE_END  0x80000000u /* child is a terminal */
#define HB_TREE_NONE UINT32_MAX

struct hb_node {
    uint32_t edge;      /* first of its edges */
    uint32_t parent;    /* node, or HB_TREE_NONE for the root */
    uint16_t n_actions; /* 1.. */
    uint8_t player;     /* seat to act */
    uint8_t street;
};

struct hb_end {
    uint16_t folded;  /* bit per seat */
    uint8_t street;   /* the betting ended on this street */
    uint8_t showdown; /* 1 when cards decide */
};

struct hb_tree {
    uint32_t n_nodes;
    uint32_t n_edges;
    uint32_t n_ends;
    uint32_t n_players;
    struct hb_node *node;
    uint32_t *child; /* [n_edges] */
    hb_act *act;     /* [n_edges] */
    struct hb_end *end;
    int32_t *spent; /* [n_ends][n_players] chips */
};

/* More would make a table that no machine holds; found out before memory is. */
#define HB_TREE_NODES_MAX (1u << 24)

/* Enumerate. `max_nodes` bounds decision nodes (0: HB_TREE_NODES_MAX). Returns owned arrays
 * (hb_tree_fini). Errors: HB_ELIMIT naming the bound ("tree has more than N decision nodes: ..."),
 * HB_ECONFIG when a street that has decisions has no sizes, HB_ENOMEM. Depth of recursion is
 * bounded by the longest hand, not by the tree. */
int hb_tree_new(const struct hb_rules *r, const struct hb_betting *b, uint32_t max_nodes,
                struct hb_tree *t, struct hb_err *e) HB_MUSTUSE;
void hb_tree_fini(struct hb_tree *t);

/* BLAKE2b-256 over the arrays in canonical little-endian form: the betting-tree hash. */
void hb_tree_hash(const struct hb_tree *t, struct hb_hash *out);

/* Flat image: bytes needed; write; view in place (the image must be 8-aligned and outlive *t, which
 * then owns nothing and needs no fini). View checks sizes and every reference, so a damaged image
 * cannot make a walk leave the arrays: HB_EFORMAT. */
size_t hb_tree_image_bytes(const struct hb_tree *t);
void hb_tree_image_write(const struct hb_tree *t, void *image);
int hb_tree_image_view(struct hb_tree *t, void *image, size_t len, struct hb_err *e) HB_MUSTUSE;

/* The most actions of a node. */
uint32_t hb_tree_widest(const struct hb_tree *t);
/* Actions of all the nodes on the way on which there are most: room for a strategy at each of them.
 * Errors: HB_ENOMEM. */
int hb_tree_longest(const struct hb_tree *t, size_t *out, struct hb_err *e) HB_MUSTUSE;

/* ACPC text of the actions that lead to a node, '/' between streets, e.g. "r300c/" for the flop
 * decision after it. Into out[cap], always terminated; HB_ELIMIT when cap is too small. */
int hb_tree_path(const struct hb_rules *r, const struct hb_tree *t, uint32_t node, char *out,
                 size_t cap, struct hb_err *e) HB_MUSTUSE;
/* The node that a betting string leads to; a trailing '/' is optional.
 * Errors: HB_EUSAGE: an action that is not in the tree (lists what is), or the hand is over. */
int hb_tree_find(const struct hb_rules *r, const struct hb_tree *t, const char *actions,
                 uint32_t *node, struct hb_err *e) HB_MUSTUSE;

#endif
