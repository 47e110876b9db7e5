/* nolimit.h - a no-limit run of a real one's size for the benchmarks: heads-up hold'em with 200 big
 * blinds, three to five bet sizes a street and a *synthetic* card abstraction, 169 buckets before the
 * flop and NOLIMIT_BUCKETS on each later street, where a hand's bucket is a hash of its canonical
 * index. So the walk, the look-up of buckets and the pattern of memory are those of a real run, and
 * only the map has no meaning. */
#ifndef HB_TESTS_NOLIMIT_H
#define HB_TESTS_NOLIMIT_H

#include "kit.h"

#define NOLIMIT_BUCKETS 1000

struct nolimit {
    struct kit kit;
    uint16_t *map[HB_STREETS]; /* owned */
};

/* round: iterations that a round grows to. Failures print and exit. Memory: 2.5 GB. */
void nolimit_open(struct nolimit *n, uint32_t round, int n_parts);
void nolimit_close(struct nolimit *n);

#endif
