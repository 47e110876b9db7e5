/* generation.h - one generation of a run, at rest in a checkpoint or in a clean table, read the
 * same way; and what sets two of them apart. [run]
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_GENERATION_H
#define HB_RUN_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/checkpoint.h"
#include "store/tablefile.h"

struct hb_generation { /* {0} is closed; not to be moved while it is open */
    bool is_table;
    const struct hb_spec *spec;
    const struct hb_identity *id;
    const struct hb_tree *tree;
    const struct hb_layout *layout;
    const uint32_t *node_row; /* [n_nodes] offset of a node's row inside a bucket, words */
    uint64_t number, iteration, nodes;
    /* private */
    struct hb_checkpoint checkpoint;
    struct hb_tablefile table;
};

/* Open a checkpoint or a table, whichever the file is; "-" is a checkpoint on standard input.
 * Errors: those of hb_checkpoint_open, hb_tablefile_open; HB_EFORMAT when the table is open. */
int hb_generation_open(const char *path, struct hb_generation *g, struct hb_err *e) HB_MUSTUSE;
void hb_generation_close(struct hb_generation *g);
/* Words [at, at+n) of the rows, verified where they are at rest. */
int hb_generation_words(struct hb_generation *g, uint64_t at, int32_t *out, size_t n,
                        struct hb_err *e) HB_MUSTUSE;
/* The content hash, computed from all rows. */
int hb_generation_content(struct hb_generation *g, struct hb_hash *out,
                          struct hb_err *e) HB_MUSTUSE;

struct hb_diff { /* true: differs */
    bool game, tree, abstraction, seed, solver_keys, iteration;
    bool rows_compared; /* they have the same shape */
    uint64_t n_rows;    /* that differ */
    uint32_t first_node, first_bucket;
};
/* Errors: those of reading. Cost: reads all rows of both. */
int hb_generation_diff(struct hb_generation *a, struct hb_generation *b, struct hb_diff *out,
                       struct hb_err *e) HB_MUSTUSE;
bool hb_diff_same(const struct hb_diff *d);

#endif
