/* build.h - run abstraction plugins over every canonical hand and write a bucket file.
 * [abstraction]
 *
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_BUILD_H
#define HB_ABSTRACTION_BUILD_H

#include <stdbool.h>

#include "abstraction/buckets.h"

struct hb_cards_street {
    bool given;
    char plugin[HB_PLUGIN_NAME_MAX];
    char args[HB_PLUGIN_ARGS_MAX];
};

/* What a configuration's `cards:` section says. */
struct hb_cards_spec {
    struct hb_cards_street street[HB_STREETS];
};

/* Called now and then with work done and in all, for a progress line; the host calls nothing else
 * outside. */
typedef void (*hb_build_progress)(void *ctx, int street, const char *stage, double fraction);

/* Build the buckets of each street in need[] and write `out_path` atomically.
 *   plugin_dirs  ':'-separated folders for plugins given by name; absolute paths load as they are
 *   log          receives one line a time from plugins (level, text); may be NULL
 * The bytes written are a function of (deck, need, spec, plugins) alone.
 * Errors: HB_EPLUGIN (does not load, wrong ABI, refuses its arguments, bucket out of range),
 * HB_ECONFIG (a needed street has no entry), HB_ECREATE, HB_EIO, HB_ENOMEM. */
int hb_buckets_build(const struct hb_deck *deck, const bool need[HB_STREETS],
                     const struct hb_cards_spec *spec, const char *plugin_dirs,
                     const char *out_path, hb_build_progress progress, void *progress_ctx,
                     void (*log)(int level, const char *msg), struct hb_err *e) HB_MUSTUSE;

#endif
