/* exact.h - the least cost of moving one histogram onto another, by successive shortest paths: the
 * textbook's minimum-cost flow, written to be read, for holding the fast transport against. */
#ifndef HB_TESTS_EXACT_H
#define HB_TESTS_EXACT_H

#include <stdint.h>

#define EXACT_BINS 200

/* from, to [n] of equal total; cost [n][n]; n <= EXACT_BINS. */
uint64_t exact_transport(const uint32_t *cost, uint32_t n, const uint32_t *from,
                         const uint32_t *to);

#endif
