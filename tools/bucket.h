/* bucket.h - what the files of hb-bucket share: hb-bucket.c has main, bucket_*.c commands of it. */
#ifndef HB_TOOLS_BUCKET_H
#define HB_TOOLS_BUCKET_H

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "base/bytes.h"
#include "tool.h"

#define BUCKET_DIRS_MAX 8192u
#define BUCKET_PATH_MAX 1024u

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_PLUGIN_PATH,
    OPT_STREET,
    OPT_ROUNDS,
    OPT_GAME,
    OPT_ARGS,
    OPT_SAMPLES,
    OPT_TIMEOUT,
    OPT_WORKERS,
    OPT_CACHE,
    OPT_KEEP_CACHE,
    OPT_PLAN,
    OPT_QUALITY,
    OPT_NO_QUALITY,
    OPT_BUCKET,
    OPT_SEED,
    OPT_FORMAT
};

#define PLUGIN_PATH_OPTION                                                                         \
    {                                                                                              \
        "plugin-path", OPT_PLUGIN_PATH, "DIRS", "look for plugins in these folders first (a:b)"    \
    }
#define STREET_OPTION                                                                              \
    {                                                                                              \
        "street", OPT_STREET, "S", "preflop, flop, turn or river"                                  \
    }
#define GAME_OPTION                                                                                \
    {                                                                                              \
        "game", OPT_GAME, "FILE", "the deck of this .game file, not hold'em's"                     \
    }

/* The deck of a .game file; exits when there is none. */
void bucket_deck_of_game(const char *path, struct hb_deck *deck);
/* The street of that name on the deck, or exit 64. */
int bucket_street(const struct tool_spec *spec, const char *name, const struct hb_deck *deck);
/* Open and verify a bucket file that is an operand, or exit. */
void bucket_open_operand(const struct tool_spec *spec, const char *path, struct hb_buckets *b);

/* Progress of a measurement on a street: bucket_show_progress with it as ctx; tool_build_clear on
 * `shown` at the end. */
struct bucket_progress {
    struct tool_build shown;
    struct hb_build_stage stage;
    bool quiet;
};
struct bucket_progress bucket_progress_of(int street, bool quiet);
void bucket_show_progress(void *ctx, double done);

/* The commands; return the exit code. */
int bucket_run_check(int argc, char **argv);
int bucket_run_info(int argc, char **argv);
int bucket_run_compare(int argc, char **argv);
int bucket_run_show(int argc, char **argv);

#endif
