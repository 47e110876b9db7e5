/* table.h - regrets and strategy sums of every information set, in one block of memory.
 * [solver, pure]
 *
 * man/hb-table.5 has the bytes. The block is position-free: a file, a memfd or plain memory.
 *
 *   page 0    header: fixed part (hashed) and live part (who is at which generation)
 *             run description (struct hb_spec) │ betting tree image │ row offsets of the nodes
 *   rows      [street][player][bucket][node of that street and player, depth first]
 *
 * A row is the information set (node, bucket), 32-bit words:
 *
 *   0          epoch (24 bits) | exponent << 24     see below
 *   1          visits: strategy updates (mod 2^32)
 *   2..2+n     regrets, units of 2^-unit_shift chips
 *   2+n..2+2n  strategy sums, units of 2^(exponent - HB_STRATEGY_SHIFT) visits of weight 1
 *
 * Epoch: discounts that the row has received. A row is brought up to date when a merge first
 * touches it in a later epoch; until then its regrets are all too large by one common factor, which
 * regret matching does not see. Strategy sums are not discounted: increments carry the round's
 * weight, and the sums of a row are a block of floating point numbers with one exponent, raised
 * (sums halved) when an increment of larger weight comes or an entry comes near HB_ENTRY_MAX.
 *
 * Threads: any number of readers; one writer for each part (merge.h). */
#ifndef HB_SOLVER_TABLE_H
#define HB_SOLVER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "game/tree.h"
#include "solver/spec.h"

#define HB_TABLE_PARTS_MAX 64
#define HB_ROW_HEAD        2 /* words before the regrets */

enum hb_table_state { HB_TABLE_VOID = 0, HB_TABLE_CLEAN = 1, HB_TABLE_OPEN = 2 };

/* The live part of the header, at a fixed place in the block. Part k is written by merger k alone.
 */
struct hb_table_part {
    uint32_t state; /* enum hb_table_state */
    uint32_t reserved;
    uint64_t generation;
    uint64_t iteration; /* first iteration of the round that reads this generation */
    uint64_t nodes;     /* decision nodes visited so far, for people; in no hash */
};
struct hb_table_live {
    uint32_t n_parts;
    uint32_t reserved;
    struct hb_table_part part[HB_TABLE_PARTS_MAX];
};

struct hb_layout {
    uint64_t base[HB_STREETS][HB_PLAYERS_MAX];   /* first word of the section */
    uint64_t stride[HB_STREETS][HB_PLAYERS_MAX]; /* words of one bucket */
    uint64_t n_words;                            /* all rows */
    uint64_t n_infosets;
};

struct hb_table { /* {0} is "nothing attached" */
    uint8_t *mem; /* borrowed */
    uint64_t len;
    struct hb_spec spec;
    struct hb_identity id;
    struct hb_tree tree; /* views into mem */
    struct hb_layout layout;
    const uint32_t *node_row; /* [n_nodes] word offset inside a bucket; view into mem */
    int32_t *rows; /* [layout.n_words]; view into mem; read-only mappings must not be written */
    struct hb_table_live *live;
};

/* Sizes of a table. Errors: HB_ELIMIT when a number does not fit. */
int hb_table_layout(const struct hb_tree *t, const struct hb_spec *s, struct hb_layout *out,
                    struct hb_err *e) HB_MUSTUSE;
int hb_table_bytes(const struct hb_tree *t, const struct hb_spec *s, uint64_t *bytes,
                   struct hb_err *e) HB_MUSTUSE;

/* Write header, description, tree and offsets into a zeroed block of hb_table_bytes() bytes and set
 * it to clean, generation 0. */
int hb_table_format(void *mem, uint64_t len, const struct hb_tree *t, const struct hb_spec *s,
                    int n_parts, struct hb_err *e) HB_MUSTUSE;
/* Check the block (magic, version, sizes, hash of everything but rows and live part) and view it.
 * The block must outlive *t; nothing to release. Errors: HB_EFORMAT, HB_EVERSION. */
int hb_table_attach(void *mem, uint64_t len, struct hb_table *t, struct hb_err *e) HB_MUSTUSE;

/* HB_OK and the generation and iteration all parts are at; HB_EFORMAT for an open or void table,
 * which says what to do ("… restore a checkpoint with hb-ckpt restore"). */
int hb_table_clean(const struct hb_table *t, uint64_t *generation, uint64_t *iteration,
                   struct hb_err *e) HB_MUSTUSE;
/* Set all parts (restore, void). */
void hb_table_set(struct hb_table *t, enum hb_table_state state, uint64_t generation,
                  uint64_t iteration, uint64_t nodes);

/* ---- the accessor: nobody else knows the layout ---- */
static inline uint64_t hb_table_row_at(const struct hb_table *t, uint32_t node, uint32_t bucket)
{
    const struct hb_node *n = &t->tree.node[node];

    return t->layout.base[n->street][n->player] +
           (uint64_t)bucket * t->layout.stride[n->street][n->player] + t->node_row[node];
}
static inline const int32_t *hb_table_row(const struct hb_table *t, uint32_t node, uint32_t bucket)
{
    return t->rows + hb_table_row_at(t, node, bucket);
}
static inline uint32_t hb_row_epoch(const int32_t *row)
{
    return (uint32_t)row[0] & HB_EPOCH_MAX;
}
static inline int hb_row_exponent(const int32_t *row)
{
    return (int)((uint32_t)row[0] >> 24);
}
static inline uint32_t hb_row_visits(const int32_t *row)
{
    return (uint32_t)row[1];
}

/* Regret matching: probability in proportion to positive regret, uniform when there is none. One
 * fixed order of operations: exact integer sum, one float division, one product an action. */
void hb_regret_match(const int32_t *regret, unsigned n, float *out);
/* The average strategy of a row: sums / their sum; uniform when never visited. */
void hb_row_average(const int32_t *row, unsigned n, double *out);

/* Content hash of rows alone: BLAKE2b-256 of the concatenated BLAKE2b-256 of each block. */
#define HB_ROWS_BLOCK (4u << 20) /* bytes */
void hb_rows_hash(const int32_t *rows, uint64_t n_words, struct hb_hash *out);
/* The same while the rows pass by, in pieces of any size. Plain memory, nothing to free. */
struct hb_rows_hasher {
    struct hb_hasher all, block;
    size_t block_bytes; /* in the block so far */
};
void hb_rows_hasher_init(struct hb_rows_hasher *h);
void hb_rows_hasher_put(struct hb_rows_hasher *h, const int32_t *words, uint64_t n_words);
/* A whole block whose hash is known, or the last, shorter one; the hasher is between blocks. */
void hb_rows_hasher_put_block(struct hb_rows_hasher *h, const struct hb_hash *block);
void hb_rows_hasher_done(struct hb_rows_hasher *h, struct hb_hash *out);
/* The content hash of DESIGN "Invariants": identity, iteration, rows in logical order. */
void hb_content_hash(const struct hb_identity *id, uint64_t iteration, const struct hb_hash *rows,
                     struct hb_hash *out);

#endif
