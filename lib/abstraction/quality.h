/* quality.h - how large the buckets are and how alike the hands in them. abstraction, pure.
 *
 * The measures look at the maps alone, not at who made them, so that files can be compared:
 *   equity    E[HS] of a hand, see cards/equity.h: its spread in a bucket
 *   distance  the earth mover's distance between a hand's histogram of equities on the last street
 *             and the mean histogram of its bucket
 * Both are in units of equity, 0 to 1, and means over all hands of the deck, each as often as it is
 * dealt. Histograms have HB_QUALITY_BINS bins of equal width, as those of plugins/emd.c; on the last
 * street, where a hand is one number, the numbers themselves are compared: the distance is then the
 * mean difference to another hand of the bucket.
 *
 * Threads: any. Sources: as tally.h; the distance is what k-means by "emd" tries to make small. */
#ifndef HB_ABSTRACTION_QUALITY_H
#define HB_ABSTRACTION_QUALITY_H

#include <stdbool.h>

#include "abstraction/buckets.h"

#define HB_QUALITY_BINS  50u
#define HB_QUALITY_BYTES (UINT64_C(1) << 30) /* of the sums of a file's buckets at most */

/* Shares of all hands that the buckets of a street have, in [0, 1]. */
struct hb_sizes {
    uint32_t n_empty;
    double least, quarter, median, three_quarters, most; /* of all buckets, in order of size */
    double deviation; /* standard deviation of the sizes over their mean */
};

/* Cost: hold'em's river about 0.5 s; 8 bytes a bucket. Errors: HB_ENOMEM. */
int hb_sizes_of(const struct hb_buckets *b, int street, struct hb_sizes *out,
                struct hb_err *e) HB_MUSTUSE;

struct hb_quality {
    double equity_deviation; /* standard deviation of E[HS] within buckets, all together */
    double distance;         /* mean distance to the own bucket */
};

/* Measure several files on a street at once, since the histograms are what it costs.
 *   b      [n] files with equal decks
 *   out    [n]
 *   whole  the same if all hands were in one bucket; may be NULL
 *   tell   called now and then with the share that is done; may be NULL
 * Errors: HB_EUSAGE when a file has no map there over hands with the board as one set (but for the
 * identity); HB_ELIMIT when the sums would take more than HB_QUALITY_BYTES; HB_ENOMEM.
 * Cost: see hb-bucket(1). */
int hb_quality_of(const struct hb_buckets *const *b, int n, int street, struct hb_quality *out,
                  struct hb_quality *whole, void (*tell)(void *ctx, double done), void *ctx,
                  struct hb_err *e) HB_MUSTUSE;
/* Whether the street of a file can be measured, HB_EUSAGE aside. */
bool hb_quality_can(const struct hb_buckets *b, int street);

/* The bin of a score on the last street, 2 * wins + ties of at most `most`. */
static inline uint32_t hb_quality_bin(uint32_t score, uint32_t most)
{
    uint32_t bin = score * HB_QUALITY_BINS / most;

    return bin < HB_QUALITY_BINS ? bin : HB_QUALITY_BINS - 1;
}

/* Bins of all hands of the last street, by which earlier ones are tallied: label[hb_iso_size(iso,
 * last street)]. Errors: HB_ENOMEM, and HB_EUSAGE when there are no cards left for an opponent. */
int hb_quality_labels(const struct hb_iso *iso, uint8_t *label, struct hb_err *e) HB_MUSTUSE;

#endif
