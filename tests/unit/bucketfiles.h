/* bucketfiles.h - bucket files for the tests of them, built by the plugins beside the test program. */
#ifndef HB_TESTS_BUCKETFILES_H
#define HB_TESTS_BUCKETFILES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "check.h"

static char dirs[1100]; /* the good plugins, then the bad ones */
static char scratch[] = "/tmp/hb-t-buckets-XXXXXX";
static char file[64]; /* scratch/x.hba */

static const struct hb_deck leduc = {3, 2, 1, 2, {0, 1}};
static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static const bool all_streets[HB_STREETS] = {true, true, true, true};

static inline struct hb_cards_spec same_on_all(const char *plugin, const char *args)
{
    struct hb_cards_spec spec = {0};

    for (int s = 0; s < HB_STREETS; s++) {
        spec.street[s].given = true;
        (void)snprintf(spec.street[s].plugin, HB_PLUGIN_NAME_MAX, "%s", plugin);
        (void)snprintf(spec.street[s].args, HB_PLUGIN_ARGS_MAX, "%s", args);
    }
    return spec;
}

static inline int build(const struct hb_deck *deck, const char *plugin, const char *args,
                        struct hb_err *e)
{
    struct hb_cards_spec spec = same_on_all(plugin, args);

    return hb_buckets_build(deck, all_streets, &spec, file,
                            &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2}, NULL,
                            e);
}

/* Build and open; the tests go on with {0} when it fails. */
static inline struct hb_buckets made(const struct hb_deck *deck, const char *plugin,
                                     const char *args)
{
    struct hb_buckets b = {0};
    struct hb_err e = {0};

    CHECK_OK(build(deck, plugin, args, &e), e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    return b;
}

static inline bool find_plugins(const char *argv0)
{
    char *real = realpath(argv0, NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    bool ok = slash != NULL;

    if (ok) {
        *slash = '\0'; /* build/tests */
        (void)snprintf(dirs, sizeof dirs, "%s/../plugins:%s/plugins", real, real);
    }
    free(real);
    return ok;
}

/* The plugins, and a folder for `file`; mkdtemp and realpath want _XOPEN_SOURCE 700. */
static inline bool bucketfiles_init(int argc, char **argv)
{
    if (!find_plugins(argc > 0 ? argv[0] : "") || mkdtemp(scratch) == NULL) {
        printf("Bail out! no plugins or no scratch folder\n");
        return false;
    }
    (void)snprintf(file, sizeof file, "%s/x.hba", scratch);
    return true;
}

static inline int bucketfiles_done(void)
{
    (void)unlink(file);
    (void)rmdir(scratch); /* left behind when a test failed */
    return check_done();
}

#endif
