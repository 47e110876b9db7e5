/* agreement.h - how alike two card abstractions are on a street: which hands lie together. abstraction,
 * pure. The numbers of the buckets do not matter. Hands count as often as they are dealt.
 * Threads: any. */
#ifndef HB_ABSTRACTION_AGREEMENT_H
#define HB_ABSTRACTION_AGREEMENT_H

#include <stdbool.h>

#include "abstraction/buckets.h"

#define HB_AGREEMENT_PAIRS                                                                         \
    (UINT64_C(1) << 26) /* of buckets that share hands, at most; 16 bytes each */

struct hb_agreement {
    bool same; /* the same hands lie together */
    /* Adjusted Rand index over pairs of hands: 1 when the same lie together, 0 what chance would
     * give, negative for less. Hubert, Arabie, "Comparing partitions", 1985. The sums over pairs are
     * exact. */
    double adjusted_rand;
    /* Share of all hands that are elsewhere after the buckets of one were paired with those of the
     * other so that as many as possible stay; exact. */
    double moved;
};

/* Both must have buckets on the street, with equal decks and equal senses.
 * Errors: HB_EUSAGE when one has rounds apart and the other not; HB_ELIMIT above HB_AGREEMENT_PAIRS;
 * HB_ENOMEM. Cost: hold'em's river with 200 buckets each about 1 s; memory 16 to 32 bytes a pair. */
int hb_agreement_of(const struct hb_buckets *a, const struct hb_buckets *b, int street,
                    struct hb_agreement *out, struct hb_err *e) HB_MUSTUSE;

#endif
