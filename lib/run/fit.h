/* fit.h - how many buckets a machine has room for: the table, the maps and the building of them
 * together (hb-train --plan --fit). [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_FIT_H
#define HB_RUN_FIT_H

#include "run/config.h"
#include "run/setup.h"
#include "run/train.h"

#define HB_FIT_K_MAX 65536u /* what a clustering can make */

struct hb_fit {
    bool fits;              /* false: not even the fewest buckets; the rest is of those then */
    uint32_t k[HB_STREETS]; /* chosen; 0 on streets whose arguments have no k */
    char args[HB_STREETS][HB_PLUGIN_ARGS_MAX]; /* with that k */
    struct hb_plan plan;
    uint64_t build_bytes; /* most memory while the buckets are built */
    double build_seconds;
    uint64_t peak_bytes; /* the greater of the two: they are not built while training */
};

/* The largest k on all streets for which a run of this configuration, and the building of its
 * buckets, take at most `bytes`.
 *
 * The streets whose arguments have "k=N" keep the proportions of their N: for a size K that of the
 * street with the largest N is K, of the others K * N / largest N, rounded down, at least 1, at most
 * HB_FIT_K_MAX, the hands of the street and, where the plugin of an earlier street wants the buckets,
 * HB_CLUSTER_GROUND_MAX. K is found by bisection of 1 .. HB_FIT_K_MAX.
 *   o  buckets and build_dir are not looked at
 * Errors: HB_ECONFIG (no street has a k), those of hb_setup_open, hb_train_plan and
 * hb_buckets_plan. Cost: some 17 plans. */
int hb_train_fit(const struct hb_config *c, const struct hb_setup_options *o, int n_workers,
                 struct hb_transport transport, uint64_t bytes, struct hb_fit *out,
                 struct hb_err *e) HB_MUSTUSE;

#endif
