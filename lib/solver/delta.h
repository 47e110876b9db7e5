/* delta.h - what a visit adds to the table, as bytes. [solver, pure]
 *
 * A record, little-endian, no padding (man/hb-frame.5):
 *
 *   u64 head = row (46 bits: word offset of the row) | kind << 46 (2 bits) | n << 48 (16 bits)
 *   i16 value[n]                                       one per action of the node
 *
 * kind 0 adds to the regrets, kind 1 to the strategy sums and 1 to the visits. Records are per
 * visit and never joined, so that rounding cannot depend on how iterations are cut into tasks.
 *
 * Threads: a log belongs to one thread. */
#ifndef HB_SOLVER_DELTA_H
#define HB_SOLVER_DELTA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

enum hb_delta_record { HB_RECORD_REGRET = 0, HB_RECORD_STRATEGY = 1 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "records and rows are little-endian memory; a big-endian port swaps here");

#define HB_RECORD_HEAD     8
#define HB_RECORD_ROW_BITS 46
#define HB_RECORD_ROW_MASK ((UINT64_C(1) << HB_RECORD_ROW_BITS) - 1)
#define HB_RECORD_N_MAX    0xFFFF

static inline uint64_t hb_record_head(uint64_t row, enum hb_delta_record kind, unsigned n)
{
    return row | (uint64_t)kind << HB_RECORD_ROW_BITS | (uint64_t)n << 48;
}
static inline uint64_t hb_record_row(uint64_t head)
{
    return head & HB_RECORD_ROW_MASK;
}
static inline unsigned hb_record_kind(uint64_t head)
{
    return (unsigned)(head >> HB_RECORD_ROW_BITS) & 3;
}
static inline unsigned hb_record_n(uint64_t head)
{
    return (unsigned)(head >> 48);
}
static inline size_t hb_record_bytes(unsigned n)
{
    return HB_RECORD_HEAD + 2 * (size_t)n;
}

/* Which part of a table in n_parts (1..64) a row belongs to: pages of 4 KiB in turn, so that each
 * part has its share of what is visited often. A page's place among 64 decides, which a look-up
 * does without a division. */
struct hb_parts {
    uint8_t of[64];
};

static inline struct hb_parts hb_parts_in(uint32_t n_parts)
{
    struct hb_parts p;

    for (uint32_t i = 0; i < 64; i++)
        p.of[i] = (uint8_t)(i % n_parts);
    return p;
}

static inline uint32_t hb_part_of(const struct hb_parts *p, uint64_t row)
{
    return p->of[row >> 10 & 63];
}

/* Where a traversal writes its records: plain memory that `grow` makes larger. */
struct hb_log {
    uint8_t *data;
    size_t len, cap;
    uint64_t n_records;
    /* Make cap - len >= need; data may move. HB_OK or why not. */
    int (*grow)(struct hb_log *log, size_t need, struct hb_err *e);
    void *ctx;
};

#endif
