/* assign.h - the best way to pair rows with columns.                             abstraction, pure.
 * Threads: any. */
#ifndef HB_ABSTRACTION_ASSIGN_H
#define HB_ABSTRACTION_ASSIGN_H

#include <stdint.h>

#include "base/err.h"

#define HB_ASSIGN_NONE UINT32_MAX

/* What pairing a row with a column gains; pairs that are not listed gain nothing. */
struct hb_assign {
    uint32_t n_rows, n_columns;
    const uint64_t *first;  /* [n_rows + 1] pairs of row r are first[r] .. first[r + 1] - 1 */
    const uint32_t *column; /* [pairs] */
    const int64_t *gain;    /* [pairs] > 0; all together below 2^62 */
};

/* Pair each row with at most one column and each column with at most one row, so that the sum of
 * gains is the largest that can be; exact.
 *   column  [n_rows] of each row, or HB_ASSIGN_NONE
 *   total   the sum
 * Errors: HB_ENOMEM. Cost: a shortest path for each row, O(pairs log pairs) at most; buckets that
 * mostly agree need far less.
 * Source: the Hungarian method by shortest augmenting paths with potentials; Edmonds, Karp,
 * "Theoretical improvements in algorithmic efficiency for network flow problems", 1972. */
int hb_assign_best(const struct hb_assign *a, uint32_t *column, int64_t *total,
                   struct hb_err *e) HB_MUSTUSE;

#endif
