/* street.h - the buckets of one street from its plugin, stage by stage: instance, vectors and
 * clusters of a feature plugin, the bucket of every hand. abstraction; for build.c.
 *
 * A street whose plugin wants the buckets of later streets is a function of those as well.
 *
 * Each stage is shared out to processes and kept in the build's cache; what is found there is not
 * computed, and an instance is made only when something must be asked of it.
 *
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_STREET_H
#define HB_ABSTRACTION_STREET_H

#include <stdbool.h>

#include "abstraction/buckets.h"
#include "abstraction/cache.h"
#include "abstraction/host.h"
#include "abstraction/plugin.h"
#include "abstraction/strengths.h"

/* Stages of a street: "instance", "vectors", "clusters", "buckets". fraction is 0 when one begins
 * and 1 when it is done; one that was found in the cache is only done. */
typedef void (*hb_street_progress)(void *ctx, int street, const char *stage, double fraction);

struct hb_street {
    /* the task, by the caller */
    int street;
    const struct hb_deck *deck;
    const struct hb_plugin *plugin;
    struct hb_hash plugin_hash; /* of its file */
    const char *args;
    struct hb_services *services;
    struct hb_strengths *strengths;
    struct hb_cache *cache;
    /* [HB_STREETS] all streets of the build; those after this one that the game needs are done */
    const struct hb_street *all;
    bool awaited;                /* an earlier street wants the buckets, HB_WANTS_BUCKETS */
    int n_processes;             /* as in hb_pool_new */
    hb_street_progress progress; /* may be NULL */
    void *ctx;
    /* the result */
    struct hb_buckets_street st;      /* map is set, too; NULL for identity */
    struct hb_hash identity;          /* of all that it is a function of */
    struct hb_plugin_buckets buckets; /* when awaited; no distance when there is none */
    /* private */
    struct hb_abs *instance;
    struct hb_creader *file; /* owner of the map, or … */
    void *shared;
    uint64_t shared_bytes;
    uint32_t *gap;   /* distances between the clusters */
    uint16_t *label; /* of the hands, when the map is none of bytes */
};

/* Beforehand: does the plugin take its arguments? An instance is made while the host refuses what takes
 * time (hb_services_trial), and kept if none of that was asked for, else none is. Cost: none that
 * hb_street_build has not, as far as plugins look at their arguments first. Errors: HB_EPLUGIN. */
int hb_street_try(struct hb_street *s, struct hb_err *e) HB_MUSTUSE;
/* Errors: HB_EPLUGIN (refuses its arguments, bucket out of range, fails), HB_ENOMEM, HB_ESYS. The
 * caller calls hb_street_fini in any case. */
int hb_street_build(struct hb_street *s, struct hb_err *e) HB_MUSTUSE;
void hb_street_fini(struct hb_street *s);

#endif
