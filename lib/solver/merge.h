/* merge.h - fold the deltas of a round into a table: the only writer of rows.               solver,
 * pure. Adds are exact integers, so that arrival order cannot matter. Discounts reach a row when it
 * is first touched in a later epoch; floors and halvings happen at the end of the round, only in
 * rows that need one. Part k of M owns the rows that hb_part_of (delta.h) says, so that
 * mergers in parallel share no row. Threads: a struct hb_merge belongs to one thread; several parts
 * of one table may run at once. */
#ifndef HB_SOLVER_MERGE_H
#define HB_SOLVER_MERGE_H

#include <stdint.h>

#include "base/err.h"
#include "solver/delta.h"
#include "solver/params.h"
#include "solver/table.h"

#define HB_MERGE_BLOCKS 1024

/* Where rows begin inside a bucket of one street and player. */
struct hb_merge_rows {
    uint64_t stride; /* words of a bucket */
    double inverse;  /* of the stride, rounded down */
    uint64_t first;  /* in starts[], of its bucket's first word */
};

struct hb_merge {
    struct hb_table *table; /* keeps; mapped writable */
    uint32_t part, n_parts;
    struct hb_parts parts;
    struct hb_discounts discounts;
    struct hb_round round;
    int32_t low;   /* of regrets at the end of the round */
    bool vectors;  /* rows are added to with AVX2: the same bits */
    uint64_t *due; /* rows that need work at the end of the round: row | n << 48; owned */
    size_t n_due, cap_due;
    uint64_t records; /* applied in this round */
    /* sections of the table that have rows, ascending */
    uint64_t base[HB_STREETS * HB_PLAYERS_MAX + 1]; /* first word; behind the last: UINT64_MAX */
    struct hb_merge_rows rows[HB_STREETS * HB_PLAYERS_MAX];
    int n_sections;
    uint8_t section_at[HB_MERGE_BLOCKS]; /* section of the first word of each block of rows */
    int block_shift;                     /* words of a block, log2 */
    /* Actions of the row that begins at word 2i of a bucket, 0 for none; one behind the other for
     * all sections. Bytes where all nodes have fewer than 256, for they are looked up at random;
     * else 16 bits each. Owned. */
    void *starts;
    bool wide;
};

/* Errors: HB_EUSAGE when the table was made for another number of parts; HB_ENOMEM. Memory:
 * hb_merge_bytes. *m is zeroed on failure. */
int hb_merge_init(struct hb_merge *m, struct hb_table *t, uint32_t part, uint32_t n_parts,
                  struct hb_err *e) HB_MUSTUSE;
void hb_merge_fini(struct hb_merge *m);
/* What a merger allocates: half a byte for each word of one bucket on all streets, twice that for
 * games with 256 actions. */
uint64_t hb_merge_bytes(const struct hb_tree *t, const struct hb_layout *layout);
/* Begin the round that reads the part's generation, and mark the part open. Errors: HB_EFORMAT: not
 * clean. */
int hb_merge_begin(struct hb_merge *m, struct hb_err *e) HB_MUSTUSE;
/* HB_OK when `records` are whole records of known kinds, each for a row of the table with its
 * number of actions; else HB_EPROTO. Receivers check before they keep, so that a bad result never
 * reaches an open table. */
int hb_merge_check(const struct hb_merge *m, const uint8_t *records, size_t len,
                   struct hb_err *e) HB_MUSTUSE;
/* The same for records that are said to be this part's: HB_EPROTO when one is not. */
int hb_merge_check_part(const struct hb_merge *m, const uint8_t *records, size_t len,
                        struct hb_err *e) HB_MUSTUSE;
/* Add the part's share of records that hb_merge_check accepted. Errors: HB_ENOMEM, and then the
 * table stays open. Cost: man/hb-speed.7. */
int hb_merge_add(struct hb_merge *m, const uint8_t *records, size_t len,
                 struct hb_err *e) HB_MUSTUSE;
/* Check, then add: nothing is added when a record is refused. */
int hb_merge_apply(struct hb_merge *m, const uint8_t *records, size_t len,
                   struct hb_err *e) HB_MUSTUSE;
/* Floors and halvings, then mark the part clean at the next generation. */
void hb_merge_end(struct hb_merge *m);

#endif
