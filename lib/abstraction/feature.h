/* feature.h - buckets from a feature plugin: its vectors, without duplicates, clustered. abstraction.
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_FEATURE_H
#define HB_ABSTRACTION_FEATURE_H

#include <stdbool.h>

#include "abstraction/cache.h"
#include "abstraction/cluster.h"
#include "abstraction/hb_plugin.h"
#include "abstraction/points.h"
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

/* Numbers, item_bytes and distance as the clustering has them; ground is borrowed.
 * Errors: HB_EPLUGIN. */
int hb_feature_shape(const struct hb_features *f, struct hb_vectors *v,
                     struct hb_err *e) HB_MUSTUSE;

/* Cluster n vectors, equal ones together: label[i] < out->n. With opts->gaps, free *out with
 * hb_clusters_fini.
 *   vector  [n][f->n]
 *   weight  [n], each > 0, below 2^32 together
 * Errors: HB_EPLUGIN, HB_ENOMEM. */
int hb_feature_cluster(const struct hb_features *f, const void *vector, const uint32_t *weight,
                       size_t n, const struct hb_cluster_opts *opts, uint32_t *label,
                       struct hb_clusters *out, struct hb_err *e) HB_MUSTUSE;

/* ---- all hands of a street ---- */

/* The vectors of a street without duplicates: that of a hand is point[hand]. */
struct hb_feature_points { /* {0} is empty */
    uint64_t n_hands;
    const uint32_t *point; /* [n_hands] */
    struct hb_vectors vectors;
    /* private: who owns them */
    struct hb_points made;
    void *shared;
    struct hb_creader *file;
};

/* Whom to ask, with how many processes, where results are kept. */
struct hb_feature_job {
    const struct hb_iso *iso; /* HB_ISO_SET */
    int street;
    int n_processes; /* as in hb_pool_new */
    struct hb_cache *cache;
    const struct hb_buf *key; /* of the vectors: plugin, its arguments, deck, street */
    void (*progress)(void *ctx, double fraction); /* may be NULL */
    void *ctx;
};

/* Whether the vectors are in the cache: then *out has them. */
bool hb_feature_points_find(const struct hb_feature_job *j, struct hb_feature_points *out);
/* Ask the plugin for all of them, in several processes, and keep them in the cache.
 *   failure  of the services: a failed call that explains why the plugin gave up
 * Errors: HB_EPLUGIN (vectors that cannot be, a plugin that fails), HB_ENOMEM, HB_ESYS. */
int hb_feature_points_make(const struct hb_feature_job *j, const struct hb_abstraction *abs,
                           const struct hb_abs *instance, const struct hb_err *failure,
                           struct hb_feature_points *out, struct hb_err *e) HB_MUSTUSE;
void hb_feature_points_fini(struct hb_feature_points *p);
/* Tell the cache that vectors and clusters may lie in it, hb_cache_mention. */
void hb_feature_mention(const struct hb_feature_job *j, const struct hb_cluster_opts *opts);

/* Clusters of the vectors: (*label)[point] < out->n; *label is returned owned (hb_mem_free), and so
 * is *out (hb_clusters_fini). From the cache … */
bool hb_feature_labels_find(const struct hb_feature_job *j, const struct hb_feature_points *p,
                            const struct hb_cluster_opts *opts, uint32_t **label,
                            struct hb_clusters *out);
/* … or computed, and kept there. Errors: HB_EPLUGIN, HB_ENOMEM, HB_ESYS. */
int hb_feature_labels_make(const struct hb_feature_job *j, const struct hb_feature_points *p,
                           const struct hb_cluster_opts *opts, uint32_t **label,
                           struct hb_clusters *out, struct hb_err *e) HB_MUSTUSE;

#endif
