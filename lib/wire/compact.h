/* compact.h - the records of a result in a third of their bytes, for pipes and networks.        wire.
 * man/hb-frame.5, DELTA kind 3, has the bytes: blocks of records sorted by (row, kind), each block
 * in three columns - tags, row differences, values - of varints, and every column a zstd frame
 * where that was asked for and is shorter. The number of a row's actions is in the tag, not looked
 * up in a table: so hb-frame decode and any other reader need none, and a table that differs is
 * found by hb_merge_check instead of turning the rest of a block into noise. It costs 0.3 byte a
 * record.
 *
 * Adds are exact, so the order of records is free and encoders may sort them. What comes back is
 * sorted: the same records, each as often as before.
 *
 * Measured (tests/bench/b_frames.c, one core): no-limit 14.2 bytes a record raw, 5.4 varint, 3.6
 * with zstd; 45 and 65 ns a record to encode, 20 to 30 to decode.
 *
 * Threads: a struct hb_compact belongs to one thread. */
#ifndef HB_WIRE_COMPACT_H
#define HB_WIRE_COMPACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "wire/message.h"

#define HB_COMPACT_RECORDS (1u << 17) /* at most, in a block: an index has 17 bits */
#define HB_COMPACT_BLOCK   (4u << 20) /* an encoder ends a block before its raw records exceed this */
#define HB_COMPACT_VALUES                                                                          \
    (8u << 20) /* bytes of a block's values at most: 3 for 2 raw ones, and n */

enum hb_compress { HB_COMPRESS_NONE = 0, HB_COMPRESS_VARINT = 1, HB_COMPRESS_ZSTD = 2 };

struct hb_compact {     /* scratch of both directions; {0} is empty and valid */
    uint64_t *key[2];   /* [cap] of a block's records, for sorting */
    uint32_t *at;       /* [cap] where each begins */
    size_t cap;         /* records */
    uint8_t *column[3]; /* owned */
    size_t cap_column[3];
    void *zstd_in, *zstd_out; /* contexts of libzstd, made when first needed */
};

void hb_compact_fini(struct hb_compact *c);

/* Append the blocks of whole records in any order to `out`.
 *   records  [len] of kinds 0 and 1 with n >= 1
 * Errors: HB_EFORMAT: a record that is cut or of another kind; HB_ENOMEM. */
int hb_compact_encode(struct hb_compact *c, const uint8_t *records, size_t len, bool zstd,
                      struct hb_buf *out, struct hb_err *e) HB_MUSTUSE;

/* The records of a result that hb_delta_decode said is HB_DELTA_COMPACT.
 *   blocks  [head->body_bytes]
 *   out     [head->record_bytes]
 * Errors: HB_EPROTO with block and record: any byte that an encoder would not have written, except
 * that zstd frames may be of any level and version; HB_ENOMEM. Memory: a block's columns, which are
 * below 10 MB whatever the peer says; a zstd frame states its size and is not unpacked beyond it. */
int hb_compact_decode(struct hb_compact *c, const struct hb_delta_head *head, const uint8_t *blocks,
                      uint8_t *out, struct hb_err *e) HB_MUSTUSE;

/* Whether any column of these blocks is a zstd frame; false for nonsense. */
bool hb_compact_has_zstd(const uint8_t *blocks, size_t len);

/* Bytes of memory that encoding results of so many records keeps, about: at most 5 MiB. */
uint64_t hb_compact_scratch(uint64_t n_records, bool zstd);

#endif
