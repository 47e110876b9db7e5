/* feature.h - buckets from a feature plugin: its vectors, without duplicates, clustered. abstraction.
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_FEATURE_H
#define HB_ABSTRACTION_FEATURE_H

#include "abstraction/cluster.h"
#include "abstraction/hb_plugin.h"
#include "base/err.h"
#include "cards/iso.h"

/* What is not given in the arguments; k always is. */
#define HB_FEATURE_DEFAULTS                                                                        \
    ((struct hb_cluster_opts){.k = 0, .restarts = 1, .iters = 50, .tol_ppm = 1000, .seed = 1})

/* Split the arguments of a street: "k=200,seed=1,restarts=2,iters=50,tol=1000,bins=50" gives options
 * and the rest, "bins=50", in its order, for the plugin.
 *   rest  [cap], cap > strlen(args)
 * Errors: HB_EPLUGIN saying which argument is wrong, twice there or, for k, missing. */
int hb_feature_args(const char *args, struct hb_cluster_opts *opts, char *rest, size_t cap,
                    struct hb_err *e) HB_MUSTUSE;

/* Numbers, item_bytes and distance as the clustering has them. Errors: HB_EPLUGIN. */
int hb_feature_shape(const struct hb_features *f, struct hb_vectors *v,
                     struct hb_err *e) HB_MUSTUSE;

/* Cluster n vectors, equal ones together: label[i] < out->n.
 *   vector  [n][f->n]
 *   weight  [n], each > 0, below 2^32 together
 * Errors: HB_EPLUGIN, HB_ENOMEM. */
int hb_feature_cluster(const struct hb_features *f, const void *vector, const uint32_t *weight,
                       size_t n, const struct hb_cluster_opts *opts, uint32_t *label,
                       struct hb_clusters *out, struct hb_err *e) HB_MUSTUSE;

/* The map of a street: bucket[point[hand]]. */
struct hb_feature_map {
    uint32_t *point;  /* [hands] distinct vector of each */
    uint32_t *bucket; /* [distinct vectors] */
    uint64_t n_hands;
    struct hb_clusters clusters;
    uint64_t n_points;
};

/* stage is "vectors" or "clusters"; fraction of it that is done. */
typedef void (*hb_feature_progress)(void *ctx, const char *stage, double fraction);

/* Ask the plugin for all vectors of a street and cluster them; free with hb_feature_map_fini.
 *   iso  HB_ISO_SET
 * Errors: HB_EPLUGIN (vectors that cannot be, a plugin that fails), HB_ENOMEM. */
int hb_feature_map_build(const struct hb_abstraction *abs, const struct hb_abs *instance,
                         const struct hb_iso *iso, int street, const struct hb_cluster_opts *opts,
                         hb_feature_progress progress, void *ctx, struct hb_feature_map *out,
                         struct hb_err *e) HB_MUSTUSE;
void hb_feature_map_fini(struct hb_feature_map *m);

#endif
