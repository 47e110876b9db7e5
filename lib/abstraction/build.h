/* build.h - run abstraction plugins over every canonical hand and write a bucket file.
 * [abstraction]
 *
 * A build is a row of stages: hand strengths, then street by street from the last to the first what
 * street.h has. Each is shared out to processes, and its result is kept in a cache folder until the
 * bucket file is there: a build that was killed goes on with the stage it was in.
 *
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_BUILD_H
#define HB_ABSTRACTION_BUILD_H

#include <stdbool.h>

#include "abstraction/buckets.h"

#define HB_BUILD_STAGES_MAX 24

struct hb_cards_street {
    bool given;
    char plugin[HB_PLUGIN_NAME_MAX];
    char args[HB_PLUGIN_ARGS_MAX];
};

/* What a configuration's `cards:` section says. */
struct hb_cards_spec {
    struct hb_cards_street street[HB_STREETS];
};

/* Where "k=N" begins among the arguments, NULL when it is not there. */
const char *hb_cards_find_k(const char *args);
/* That N, 0 when it is not there or too large. */
uint32_t hb_cards_k(const char *args);

/* ---- what is going on ---- */

/* "strengths", "instance", "vectors", "clusters", "buckets" of a street, "file" of none (-1). */
struct hb_build_stage {
    int street;
    const char *name;
    double seconds; /* of a plan: about; of a build: wall time, 0 when it was in the cache */
    bool cached;    /* of a build: was there already */
    /* Of a plan: memory in use at most, of all processes; of a build: of this process when the
     * stage was done. */
    uint64_t bytes;
    uint64_t disk_bytes; /* of a plan: what the stage leaves in the cache, at most */
};

struct hb_build_report {
    struct hb_build_stage stage[HB_BUILD_STAGES_MAX]; /* in the order in which they are done */
    int n_stages;
    double seconds;
    uint64_t peak_bytes; /* the most of all stages */
    uint64_t disk_bytes; /* of a plan: cache and bucket file */
};

/* Called now and then, also when a stage begins (fraction 0) and ends (1).
 *   done  share of the whole build, from the plan's times */
typedef void (*hb_build_progress)(void *ctx, const struct hb_build_stage *stage, double fraction,
                                  double done);

struct hb_build_options {    /* {0} is one process a processor, no cache, no word */
    const char *plugin_dirs; /* ':'-separated folders for plugins given by name; absolute paths load
                                as they are */
    const char *cache_dir;   /* where finished stages are kept; NULL: nowhere */
    bool keep_cache;         /* also when the bucket file is done */
    int n_processes;         /* as in hb_pool_new */
    hb_build_progress progress;                /* may be NULL */
    void (*note)(void *ctx, const char *line); /* damaged cache files and the like; may be NULL */
    void *ctx;                                 /* of progress and note */
    void (*log)(int level, const char *msg);   /* a line a time from plugins; may be NULL */
};

/* ---- the build ---- */

/* Build the buckets of each street in need[] and write `out_path` atomically.
 *   report  may be NULL
 * The bytes written are a function of (deck, need, spec, plugins) alone, not of the number of
 * processes or what was in the cache.
 * Errors: HB_EPLUGIN (does not load, wrong ABI, refuses its arguments, bucket out of range),
 * HB_ECONFIG (a needed street has no entry), HB_ECREATE, HB_EIO, HB_ENOMEM, HB_ESYS (a process
 * died). Finished stages stay in the cache then. */
int hb_buckets_build(const struct hb_deck *deck, const bool need[HB_STREETS],
                     const struct hb_cards_spec *spec, const char *out_path,
                     const struct hb_build_options *o, struct hb_build_report *report,
                     struct hb_err *e) HB_MUSTUSE;

/* What that would take; loads the plugins and starts nothing. Times are those of one 2.6 GHz core,
 * shared out; memory and disk are bounds for plugins that describe their vectors, else guesses.
 * Errors: as above, as far as they show without an instance. */
int hb_buckets_plan(const struct hb_deck *deck, const bool need[HB_STREETS],
                    const struct hb_cards_spec *spec, const struct hb_build_options *o,
                    struct hb_build_report *out, struct hb_err *e) HB_MUSTUSE;

#endif
