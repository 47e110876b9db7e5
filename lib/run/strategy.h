/* strategy.h - anything that plays: the average strategy of a checkpoint or of a blueprint file, or
 * a fixed strategy (@uniform @call @fold @raise) with a game. [run]
 *
 * Questions are answered from the rows of one information set at a time, or, after
 * hb_strategy_preload, from memory. Threads: an object belongs to one thread. */
#ifndef HB_RUN_STRATEGY_H
#define HB_RUN_STRATEGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/err.h"
#include "cards/iso.h"
#include "game/tree.h"
#include "solver/exploit.h"
#include "solver/public.h"
#include "solver/spec.h"
#include "solver/table.h"
#include "store/blueprint.h"
#include "store/checkpoint.h"

struct hb_strategy_options {
    const char *config;         /* for a fixed strategy: a configuration ... */
    const char *game;           /* ... or a game file, every legal size kept ... */
    const struct hb_spec *like; /* ... or the game and bets of another strategy, borrowed */
    const char *buckets;        /* bucket file in place of the one the checkpoint names, or NULL */
};

struct hb_strategy { /* {0} is closed; not to be moved while it is open */
    bool fixed;
    bool counted;               /* rows know how often they were visited: a checkpoint */
    uint64_t iteration;         /* 0 when fixed */
    struct hb_spec spec;        /* fixed: rules, betting and game_name alone */
    const struct hb_tree *tree; /* of the checkpoint, or own_tree */
    /* private */
    struct hb_checkpoint checkpoint;
    struct hb_blueprint blueprint;
    uint16_t *quantised; /* the longest row of a blueprint */
    struct hb_tree own_tree;
    struct hb_fixed rule;
    char buckets_path[HB_PATH_MAX]; /* given by the caller, or "" */
    struct hb_buckets buckets;
    bool buckets_open;
    struct hb_iso *iso[2]; /* by sense, made when first asked for */
    struct hb_table table; /* over `rows`, when they are in memory */
    int32_t *rows;
    int32_t *row; /* the longest row of all */
    struct hb_err failed;
};

/* Open `name`: a checkpoint or blueprint file, "-" for a checkpoint on standard input, or "@..."
 * with config or game. A checkpoint with up to 256 MiB of rows is verified whole, of a larger one each chunk when it is read.
 * Bucket files are opened when a street first needs one; one that was given is opened at once.
 * Errors: HB_EUSAGE (a fixed strategy without a game, a game with a checkpoint, no such name),
 * those of hb_checkpoint_open, hb_blueprint_open, hb_config_load, hb_tree_new, hb_spec_open_buckets. */
int hb_strategy_open(const char *name, const struct hb_strategy_options *o, struct hb_strategy *s,
                     struct hb_err *e) HB_MUSTUSE;
void hb_strategy_close(struct hb_strategy *s);

/* Read and verify all rows into memory when they take at most max_bytes; else do nothing. */
int hb_strategy_preload(struct hb_strategy *s, uint64_t max_bytes, struct hb_err *e) HB_MUSTUSE;

/* Number of buckets on a street that has decisions; 1 for a fixed strategy. */
uint32_t hb_strategy_n_buckets(const struct hb_strategy *s, int street);
/* Bucket of n_hole + n_board[street] cards, own first; 0 for a fixed strategy. A lossless street
 * needs no bucket file, also when other streets of the checkpoint have one. Errors: those of
 * hb_spec_open_buckets, with a hint at --buckets. */
int hb_strategy_bucket(struct hb_strategy *s, int street, const uint8_t *cards, uint32_t *bucket,
                       struct hb_err *e) HB_MUSTUSE;
/* A hand of that bucket, own cards first, where the street is lossless; else *known is false. */
int hb_strategy_unbucket(struct hb_strategy *s, int street, uint32_t bucket,
                         uint8_t cards[HB_HAND_MAX], bool *known, struct hb_err *e) HB_MUSTUSE;

/* Average strategy and visits at a node for many buckets.
 *   bucket  [n], any order; each row is read once
 *   prob    [n][n_actions]; visits [n], 0 unless they are counted, may be NULL
 * Cost: rows far apart in a large table lie in different chunks, some milliseconds each. */
int hb_strategy_rows(struct hb_strategy *s, uint32_t node, const uint32_t *bucket, size_t n,
                     double *prob, uint32_t *visits, struct hb_err *e) HB_MUSTUSE;

/* One of them: prob[n_actions]. Without allocations when the rows are in memory or the strategy is
 * fixed or quantised. */
int hb_strategy_row(struct hb_strategy *s, uint32_t node, uint32_t bucket, double *prob,
                    struct hb_err *e) HB_MUSTUSE;
/* The average strategy as a blueprint has it, integers that sum to HB_BLUEPRINT_ONE: what a blueprint
 * file says, or a checkpoint rounded the same way. HB_EUSAGE when there is no such node or bucket, or
 * the strategy is fixed. */
int hb_strategy_quantised(struct hb_strategy *s, uint32_t node, uint32_t bucket, uint16_t *prob,
                          struct hb_err *e) HB_MUSTUSE;

/* The same questions for many hands of a board, as struct hb_public_strategy asks them; *out refers
 * to s. What cannot be answered is bucket 0 or uniform, and hb_strategy_check says what went wrong.
 * Opens what the streets with decisions need. Errors: those of hb_strategy_bucket. */
int hb_strategy_public(struct hb_strategy *s, struct hb_public_strategy *out,
                       struct hb_err *e) HB_MUSTUSE;

/* hb_strategy_fn with ctx = struct hb_strategy *. It cannot fail in place: after a failure it
 * answers uniform, and hb_strategy_check says what went wrong. */
void hb_strategy_ask(void *ctx, uint32_t node, const uint8_t *cards, double *prob);
int hb_strategy_check(const struct hb_strategy *s, struct hb_err *e) HB_MUSTUSE;

#endif
