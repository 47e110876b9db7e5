/* spec.h - everything that decides the result of a run: game, betting, abstraction, solver keys,
 * seed. It is the meta section of tables and checkpoints and the source of every identity.
 * [solver, pure]
 *
 * Threads: plain data. */
#ifndef HB_SOLVER_SPEC_H
#define HB_SOLVER_SPEC_H

#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "game/betting.h"
#include "game/rules.h"
#include "game/tree.h"
#include "solver/params.h"

#define HB_NAME_MAX 128
#define HB_PATH_MAX 512

struct hb_spec_street { /* the abstraction of a street, as struct hb_buckets_street has it */
    uint8_t kind, sense;
    uint32_t n_buckets;
    char plugin[HB_PLUGIN_NAME_MAX];
    char version[32];
    char args[HB_PLUGIN_ARGS_MAX];
};

struct hb_spec {
    struct hb_rules rules;
    struct hb_betting betting;
    struct hb_params params;
    struct hb_spec_street street[HB_STREETS];
    struct hb_hash tree;        /* hb_tree_hash */
    struct hb_hash abstraction; /* content of the card abstraction */
    /* How actions at other players' nodes are drawn: false: from a stream for each traversal
     * (rng.h); true: a block of Philox each, as runs begun with version 1 of the description do. */
    bool draws_blocks;
    /* Not part of any identity: where things came from. */
    struct hb_hash buckets_root; /* zero: no file */
    char buckets_path[HB_PATH_MAX];
    char game_name[HB_NAME_MAX]; /* file name of the game */
};

/* Hashes that frames, tables and checkpoints compare. */
struct hb_identity {
    struct hb_hash game, tree, abstraction;
    struct hb_hash run; /* all of these, the bucket counts, the solver keys and the seed */
    uint64_t seed;
};

void hb_spec_encode(const struct hb_spec *s, struct hb_buf *out);
int hb_spec_decode(struct hb_spec *s, struct hb_rd *rd, struct hb_err *e) HB_MUSTUSE;
void hb_spec_identity(const struct hb_spec *s, struct hb_identity *out);
/* HB_OK, or HB_EIDENTITY naming what differs (game, betting tree, card abstraction, solver keys or
 * seed) and both sides, called `ours` and `theirs`. */
int hb_identity_match(const struct hb_identity *a, const char *ours, const struct hb_identity *b,
                      const char *theirs, struct hb_err *e) HB_MUSTUSE;
/* Copy what the spec says of an abstraction out of open buckets. */
void hb_spec_set_buckets(struct hb_spec *s, const struct hb_buckets *b);
/* Open the buckets of a spec: lossless ones need no file; else `path`, or the path in the spec when
 * it is NULL. verified  the caller's parent has verified the file's chunks Errors: those of
 * hb_buckets_open; HB_EIDENTITY when the file says something else than the spec. */
int hb_spec_open_buckets(const struct hb_spec *s, const char *path, bool verified,
                         struct hb_buckets *out, struct hb_err *e) HB_MUSTUSE;

#endif
