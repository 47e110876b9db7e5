/* setup.h - from a configuration to everything a run stands on: betting tree, buckets, run
 * description. [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_SETUP_H
#define HB_RUN_SETUP_H

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "base/err.h"
#include "game/tree.h"
#include "run/config.h"
#include "solver/spec.h"

struct hb_setup {              /* {0} is empty */
    struct hb_tree tree;       /* owned */
    struct hb_buckets buckets; /* owned */
    bool need[HB_STREETS];     /* the tree has decisions there */
    struct hb_spec spec;
    bool built;     /* a bucket file was built, not reused */
    bool estimated; /* the buckets have sizes but no maps: good for a plan only */
    uint64_t
        largest_orbit[HB_STREETS]; /* of estimated buckets: the least that the hottest weighs */
};

/* How to come by buckets that no file was given for. */
struct hb_setup_options {
    const char *buckets;     /* bucket file to use, or NULL */
    const char *build_dir;   /* folder in which buckets are built and found again by identity, or
                                NULL: then a   configuration that needs a file is HB_ECONFIG */
    bool estimate;           /* build nothing: buckets that are not there yet are counted from the
                                arguments k=N of their plugins; hb_setup.estimated says so */
    const char *plugin_dirs; /* ':'-list */
    /* How to build: processes, who is told. Finished stages lie in build_dir until it is done. */
    struct hb_build_options build;
};

/* Errors: those of hb_tree_new, hb_buckets_build, hb_buckets_open; HB_ECONFIG. */
int hb_setup_open(const struct hb_config *c, const struct hb_setup_options *o, struct hb_setup *s,
                  struct hb_err *e) HB_MUSTUSE;
void hb_setup_fini(struct hb_setup *s);

/* Give estimated buckets other sizes: n[street] where it is not 0. Errors: HB_EINTERNAL for buckets
 * that are not estimated, those of the rounds' sizes and units. */
int hb_setup_resize(struct hb_setup *s, const struct hb_config *c, const uint32_t n[HB_STREETS],
                    struct hb_err *e) HB_MUSTUSE;

#endif
