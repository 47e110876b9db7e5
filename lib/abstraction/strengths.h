/* strengths.h - exact hand strengths of all streets, computed once a build by several processes and
 * kept in its cache. [abstraction]
 *
 * Threads: main thread only; what it gives is read-only and may be inherited by processes. */
#ifndef HB_ABSTRACTION_STRENGTHS_H
#define HB_ABSTRACTION_STRENGTHS_H

#include "abstraction/cache.h"
#include "cards/equity.h"
#include "cards/iso.h"

struct hb_strengths { /* {0} is closed */
    const struct hb_iso *iso;
    struct hb_cache *cache;
    int n_processes;
    /* May be NULL; fraction is 0 when a street begins and 1 when it is done; what was found in the
     * cache is only done. */
    void (*progress)(void *ctx, int street, double fraction);
    void *ctx;
    /* private: results so far, each with its owner */
    const uint16_t *score; /* last street */
    const uint64_t *sum[HB_STREETS], *square[HB_STREETS];
    struct hb_creader *file[HB_STREETS];
    void *made[HB_STREETS];
    uint64_t made_bytes[HB_STREETS];
};

/* Keeps all of it; n_processes as in hb_pool_new. */
void hb_strengths_init(struct hb_strengths *s, const struct hb_iso *iso, struct hb_cache *cache,
                       int n_processes);
void hb_strengths_fini(struct hb_strengths *s);

/* Scores of all hands of the last street, hb_equity_final. Errors: those of hb_pool_run. Cost: about
 * 0.7 CPU seconds and 246 MB for hold'em. */
int hb_strengths_scores(struct hb_strengths *s, const uint16_t **out, struct hb_err *e) HB_MUSTUSE;
/* Strengths on the streets whose bit is set, as hb_equity_new; returns owned (hb_equity_free), to
 * be freed before s. Streets between are computed on the way and stay. */
int hb_strengths_equity(struct hb_strengths *s, unsigned streets, struct hb_equity **out,
                        struct hb_err *e) HB_MUSTUSE;

#endif
