/* cluster.h - weighted k-means over integer vectors.                             abstraction, pure.
 * The labels are a function of (vectors in order, weights, distance, options) alone: distances,
 * sums and centres are integers, so no compiler, processor or number of lanes can change them.
 *
 * Distances
 *   emd  earth mover's distance between histograms with bins in a row and equal totals: the L1
 *        distance of the cumulative histograms
 *   l2   squared Euclidean distance
 *   ground  cost of a transport between histograms with equal totals, where the way from bin to bin
 *        has a cost of its own: the earth mover's distance, nearly (transport.h says what exactly,
 *        and how near)
 *
 * What is computed. Numbers are scaled first. The numbers x of a vector (of its cumulative histogram for emd, whose last one
 * is left out, being the total) become x * 2^s rounded down, s the largest (it may be negative)
 * with which the greatest is at most HB_CLUSTER_EMD_MAX, or min(HB_CLUSTER_L2_MAX,
 * sqrt((2^32 - 1) / numbers)). For ground the cumulative counts of a histogram of total N become
 * x * T / N rounded down, T the largest multiple of N up to HB_TRANSPORT_MASS (that itself when N is
 * more), and costs x / 2^-s rounded up, s <= 0 the largest with which they fit 16 bits.
 * Then, `restarts` times, once with each of the streams 0, 1, … of `seed`:
 *   1. k-means++: the first centre is drawn in proportion to the weights, the others to weight *
 *      distance to the nearest centre so far.
 *   2. Every point belongs to the nearest centre, the first of equals.
 *   3. A centre becomes the mean of its points (for ground: of their cumulative counts, so that the
 *      total stays), rounded to the nearest, half up. A centre without
 *      points gets the one that is farthest from its own centre (the first of equals).
 *   4. 2 and 3 are repeated until, in step 2, at most tol_ppm millionths of all weight moved, or
 *      `iters` times.
 * The result with the least sum of weight * distance counts, the first of equals. Clusters without
 * points are left out and the others numbered by the sum of their centre's numbers: rising for l2,
 * falling for emd, whose cumulative numbers are larger for lower bins; for ground by the mean bin.
 *
 * Bounds skip most distances and change no label: for emd and l2 those of the triangle inequality, for
 * ground what moving each bin's count to the centre would cost if it were alone.
 * Threads: any; main thread only with several processes (base/pool.h).
 * Sources: Arthur, Vassilvitskii, "k-means++", SODA 2007; Hamerly, "Making k-means even faster", SDM
 * 2010; Newling, Fleuret, "Fast k-means with accurate bounds", ICML 2016 (exponion). */
#ifndef HB_ABSTRACTION_CLUSTER_H
#define HB_ABSTRACTION_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_CLUSTER_NUMBERS_MAX 1024u
#define HB_CLUSTER_K_MAX       65536u
#define HB_CLUSTER_EMD_MAX     8191u /* eight of them fit 16 bits: sums of eight lanes */
#define HB_CLUSTER_L2_MAX      16383u
#define HB_CLUSTER_GROUND_MAX  8192u /* bins of a ground distance; clusters with distances between */

enum hb_distance { HB_DISTANCE_EMD = 0, HB_DISTANCE_L2 = 1, HB_DISTANCE_GROUND = 2 };

struct hb_cluster_opts {
    uint32_t k;        /* clusters wanted, 1..HB_CLUSTER_K_MAX */
    uint32_t restarts; /* >= 1 */
    uint32_t iters;    /* of step 2 at most, >= 1 */
    uint32_t tol_ppm;  /* 0..1000000 */
    uint64_t seed;
    int n_processes; /* that share the work, 0 and 1: this one; the labels do not depend on it */
    bool gaps; /* measure the distances between the clusters; k <= HB_CLUSTER_GROUND_MAX then */
    uint32_t
        bound_bytes; /* ground: memory for lower bounds, but room for 8 centres at least; 0 means
                           * 64 MiB */
};

/* n vectors of `numbers` numbers, each item_bytes (1, 2 or 4) wide, unsigned, native order. Those of
 * a ground distance are sparse rows (sparse.h). */
struct hb_vectors {
    size_t n;
    uint32_t numbers, item_bytes;
    enum hb_distance distance;
    const void *vector;     /* [n][numbers]; ground: [n] rows */
    const uint64_t *weight; /* [n], each > 0; below 2^32 together */
    uint32_t entries;       /* ground: of a row; 0 otherwise */
    const uint32_t
        *ground; /* ground: [numbers][numbers] costs from bin to bin, symmetric, < 2^31, 0
                             * from a bin to itself */
};

struct hb_clusters {
    uint32_t n;     /* <= k and <= n of the vectors */
    uint32_t iters; /* of the run that counts */
    uint64_t cost;  /* sum of weight * distance, in the scaled numbers */
    int shift;      /* s */
    uint32_t *gap;  /* [n][n] when asked for, else NULL: distances of the centres in the scaled
                     * numbers, below 2^31; the root of l2's, in 256ths, rounded up; the smaller one
                     * of ground's two */
};

/* Called now and then; fraction of the work, at most. */
typedef void (*hb_cluster_progress)(void *ctx, double fraction);

/* Label the vectors: label[i] < out->n. n >= 1. With gaps, *out is freed by hb_clusters_fini.
 * Errors: HB_EUSAGE (options, numbers or weights out of range; histograms of unequal totals, or
 * with totals of 2^31 and more; costs that are none); HB_ENOMEM; HB_ESYS (a process died).
 * Cost: memory of about 2 bytes a number (ground: 4 an entry, and 64 MiB) and 12 a vector; hold'em's
 * 1.3 million turn histograms of 50 bins, k = 200, about 0.1 s a pass. */
int hb_cluster(const struct hb_vectors *v, const struct hb_cluster_opts *opts, uint32_t *label,
               struct hb_clusters *out, hb_cluster_progress progress, void *ctx,
               struct hb_err *e) HB_MUSTUSE;
void hb_clusters_fini(struct hb_clusters *c);

#endif
