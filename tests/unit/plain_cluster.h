/* plain_cluster.h - the plain twin of lib/abstraction/cluster: weighted k-means written down as Lloyd
 * did, every distance of every round. It shares the types, the random numbers and the transport,
 * which has a twin of its own. Failures print and exit. */
#ifndef HB_TESTS_PLAIN_CLUSTER_H
#define HB_TESTS_PLAIN_CLUSTER_H

#include <stdint.h>

#include "abstraction/cluster.h"

#define PLAIN_CLUSTER_N_MAX 3000u /* vectors */
#define PLAIN_CLUSTER_D_MAX 130u  /* numbers of one */

/* Labels, number and cost of the clusters, as hb_cluster must give them.
 *   dense  [n][numbers] the vectors as they were before they were packed into rows
 * Returns how many clusters ran empty and were filled again. */
int plain_cluster(const struct hb_vectors *v, const uint32_t *dense,
                  const struct hb_cluster_opts *o, uint32_t *label, struct hb_clusters *out);
/* The shift of the fixed point, for the two distances that have one. */
int plain_cluster_shift(const struct hb_vectors *v);

#endif
