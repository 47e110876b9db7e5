/* sparse.h - vectors of which few numbers are not 0, as short rows of equal length. abstraction, pure.
 * A flop hand has 47 run-outs to the turn, so at most 47 of its counts by thousands of turn buckets
 * are not 0. Threads: any.
 *
 * A row is `entries` places (uint16_t), rising, then as many numbers of item_bytes, all in native
 * order; entries that are not needed are 0. Equal vectors have equal rows. */
#ifndef HB_ABSTRACTION_SPARSE_H
#define HB_ABSTRACTION_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Bytes of a row; entries: the total of a histogram suffices, and so do all its bins. */
uint32_t hb_sparse_bytes(uint32_t entries, uint32_t item_bytes);

/* n vectors [n][numbers] as n rows; numbers <= 65536.
 * Errors: HB_EUSAGE when one has more than `entries` numbers that are not 0. */
int hb_sparse_pack(const void *vectors, size_t n, uint32_t numbers, uint32_t item_bytes,
                   uint32_t entries, void *rows, struct hb_err *e) HB_MUSTUSE;

/* Entry i of a row. */
uint32_t hb_sparse_place(const void *row, uint32_t i);
uint64_t hb_sparse_number(const void *row, uint32_t entries, uint32_t item_bytes, uint32_t i);

#endif
