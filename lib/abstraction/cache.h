/* cache.h - finished stages of a bucket build at rest, man/hb-stage.5: what a killed build had done
 * is not done again, nor what two builds have in common. [abstraction]
 *
 * A stage's result lies in DIR/NAME-<16 hex digits>.hbs, the digits from a hash of its key: a text
 * of bytes in which everything stands that the result is a function of. The key is in the file as
 * well and compared whole. A file appears whole or not at all and is verified before it is used; a
 * damaged one is computed again, and a line says so. A cache that cannot be written is no error
 * either: the build goes on without. Several builds may use one folder at the same time.
 *
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_CACHE_H
#define HB_ABSTRACTION_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/container.h"

#define HB_CACHE_MAGIC     "HBS1"
#define HB_CACHE_PATH_MAX  1024
#define HB_CACHE_FILES_MAX 24 /* of one build: at most five for each street */
#define HB_CACHE_PARTS_MAX 8

struct hb_cache { /* {0} keeps nothing and finds nothing */
    char dir[HB_CACHE_PATH_MAX];
    void (*say)(void *ctx, const char *line); /* about damage and full disks; may be NULL */
    void *ctx;
    /* private: files that this build found, made or mentioned */
    char used[HB_CACHE_FILES_MAX][64];
    int n_used;
    bool full; /* the first failure to write was reported; no further attempts */
};

struct hb_cache_part { /* a section */
    const char *name;
    const void *data;
    uint64_t bytes;
};

/* Nothing is created before the first store. Removes what killed builds left half-written.
 * Errors: HB_ECREATE when the path is too long or something else than a folder. */
int hb_cache_init(struct hb_cache *c, const char *dir, void (*say)(void *ctx, const char *line),
                  void *ctx, struct hb_err *e) HB_MUSTUSE;

/* Whether the result of a stage is there: then it was verified, *out is open (hb_creader_free). */
bool hb_cache_find(struct hb_cache *c, const char *name, const struct hb_buf *key,
                   struct hb_creader **out);
/* A section of `bytes` bytes in place, as long as r is open; NULL when there is none such. */
const void *hb_cache_part(struct hb_creader *r, const char *name, uint64_t bytes);
/* How long a section is, 0 when there is none. */
uint64_t hb_cache_part_bytes(struct hb_creader *r, const char *name);
/* What was found, verified and of that key, makes no sense all the same: say that it is computed
 * again. */
void hb_cache_reject(const struct hb_cache *c, const char *name);
/* Whether n numbers are all below a limit. */
bool hb_cache_below(const uint32_t *p, uint64_t n, uint64_t limit);

/* Keep a result. Cost: BLAKE2b and a write of all bytes, no fsync. */
void hb_cache_store(struct hb_cache *c, const char *name, const struct hb_buf *key,
                    const struct hb_cache_part *part, int n_parts);

/* A stage that this build may have kept in an earlier life, before it was killed. */
void hb_cache_mention(struct hb_cache *c, const char *name, const struct hb_buf *key);

/* The build is done: remove the files it found, made or mentioned, and the folder when it is empty then. */
void hb_cache_clear(struct hb_cache *c);

#endif
