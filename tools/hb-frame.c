/* hb-frame - frames by hand: emit a run's tasks, deal them to workers, see frames as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/config.h"
#include "run/feed.h"
#include "run/framejson.h"
#include "run/setup.h"
#include "tool.h"
#include "wire/message.h"

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_FIRST,
    OPT_COUNT,
    OPT_COMMITS,
    OPT_BUCKETS,
    OPT_BATCH,
    OPT_ROUND,
    OPT_SEED
};

#define TASKS_USAGE                                                                                \
    "hb-frame tasks --config FILE --first I --count N [--commits STREAM]... [--buckets FILE] "     \
    "[--batch-size N] [--round-size N] [--seed N] > TASKS"
#define SPLIT_USAGE  "hb-frame split FIFO... < TASKS"
#define DECODE_USAGE "hb-frame decode < FRAMES > LINES"
#define ENCODE_USAGE "hb-frame encode < LINES > FRAMES"

static const struct tool_spec spec = {
    .name = "hb-frame",
    .usage = TASKS_USAGE "\n" SPLIT_USAGE "\n" DECODE_USAGE "\n" ENCODE_USAGE,
    .about = "Frames by hand: emit a run's tasks, deal them to several workers, turn frames into "
             "JSON lines\nand back. Each command has its own --help.",
};

/* ---- tasks ---- */

static const struct tool_option tasks_options[] = {
    {"config", OPT_CONFIG, "FILE", "configuration of the run"},
    {"first", OPT_FIRST, "I", "iteration to begin with, where a round begins"},
    {"count", OPT_COUNT, "N", "iterations, rounded up to whole rounds"},
    {"commits", OPT_COMMITS, "STREAM",
     "commit frames of a merge ('-': stdin); a round waits for the one before"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, when the configuration needs one"},
    {"batch-size", OPT_BATCH, "N", "iterations a task (default: the configuration's, else 100)"},
    {"round-size", OPT_ROUND, "N", "iterations a round grows to, instead of the configuration's"},
    {"seed", OPT_SEED, "N", "seed instead of the configuration's"},
    {0},
};

static const struct tool_spec tasks_spec = {
    .name = "hb-frame tasks",
    .usage = TASKS_USAGE,
    .about = "Writes HELLO, the tasks of every round from iteration I on, and SHUTDOWN. The tasks "
             "of a round\nfollow the COMMIT of the round before, from every STREAM given.",
    .options = tasks_options,
};

struct tasks {
    const char *config, *buckets;
    uint64_t first, count, seed;
    uint32_t batch, round;
    bool has_first, has_seed;
    const char *commits[HB_COMMITS_MAX];
    int n_commits;
};

static void add_commits(struct tasks *t, const char *name)
{
    if (t->n_commits == HB_COMMITS_MAX)
        tool_usage(&tasks_spec, "more than %d --commits", HB_COMMITS_MAX);
    t->commits[t->n_commits++] = name;
}

static void parse_tasks(struct tasks *t, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&tasks_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: t->config = arg; break;
        case OPT_FIRST:
            t->first = tool_u64(arg, "--first", 0, HB_ITERATIONS_MAX);
            t->has_first = true;
            break;
        case OPT_COUNT: t->count = tool_u64(arg, "--count", 1, HB_ITERATIONS_MAX); break;
        case OPT_COMMITS: add_commits(t, arg); break;
        case OPT_BUCKETS: t->buckets = arg; break;
        case OPT_BATCH: t->batch = (uint32_t)tool_u64(arg, "--batch-size", 1, UINT32_MAX); break;
        case OPT_ROUND: t->round = (uint32_t)tool_u64(arg, "--round-size", 1, HB_ROUND_MAX); break;
        case OPT_SEED:
            t->seed = tool_u64(arg, "--seed", 0, UINT64_MAX);
            t->has_seed = true;
            break;
        default: break;
        }
    tool_no_operands(&tasks_spec, argc, argv);
    if (t->config == NULL)
        tool_usage(&tasks_spec, "--config is missing");
    if (!t->has_first || t->count == 0)
        tool_usage(&tasks_spec, "--first and --count are missing");
}

/* The run's identity, as hb-ckpt init gives it to a table. */
static int open_setup(const struct tasks *t, struct hb_config *c, struct hb_setup *s,
                      struct hb_err *e)
{
    const struct hb_setup_options o = {.buckets = t->buckets};
    int rc = hb_config_load(t->config, c, e);

    if (rc != HB_OK)
        return rc;
    if (t->has_seed)
        c->params.seed = t->seed;
    if (t->round > 0)
        c->params.round_cap = t->round;
    return hb_setup_open(c, &o, s, e);
}

static int run_tasks(const struct tasks *t, struct hb_config *c, struct hb_setup *s,
                     struct hb_err *e)
{
    struct hb_feed_options o = {.spec = &s->spec,
                                .first = t->first,
                                .commits = t->commits,
                                .n_commits = t->n_commits,
                                .out_fd = STDOUT_FILENO};
    int rc;

    if ((rc = open_setup(t, c, s, e)) != HB_OK ||
        (rc = hb_feed_end(&s->spec.params, t->first, t->count, t->n_commits, &o.end, e)) != HB_OK)
        return rc;
    o.batch = t->batch > 0 ? t->batch : c->batch_size > 0 ? c->batch_size : HB_FEED_BATCH;
    if (o.end != t->first + t->count)
        tool_info("iterations %llu to %llu: %llu are rounded up to whole rounds",
                  (unsigned long long)t->first, (unsigned long long)o.end - 1,
                  (unsigned long long)t->count);
    return hb_feed_run(&o, e);
}

static int cmd_tasks(int argc, char **argv)
{
    struct tasks t = {0};
    struct hb_config *c = NULL;
    struct hb_setup s = {0};
    struct hb_err e = {0};
    int rc;

    parse_tasks(&t, argc, argv);
    tool_no_terminal(STDOUT_FILENO, "a stream of task frames");
    if ((rc = hb_mem_new(&c, 1, sizeof *c, "configuration", &e)) == HB_OK)
        rc = run_tasks(&t, c, &s, &e);
    hb_setup_fini(&s);
    hb_mem_free(c);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}

/* ---- split, decode, encode ---- */

static const struct tool_spec split_spec = {
    .name = "hb-frame split",
    .usage = SPLIT_USAGE,
    .about = "Deals the tasks on stdin to the FIFOs in turn, HELLO and SHUTDOWN to each.",
};
static const struct tool_spec decode_spec = {
    .name = "hb-frame decode",
    .usage = DECODE_USAGE,
    .about = "Writes each message of a stream of frames as a JSON object on a line of its own.",
};
static const struct tool_spec encode_spec = {
    .name = "hb-frame encode",
    .usage = ENCODE_USAGE,
    .about = "Writes the frames that hb-frame decode has made lines of, byte for byte.",
};

static void no_options(const struct tool_spec *s, int argc, char **argv)
{
    const char *arg;

    while (tool_next(s, argc, argv, &arg) != -1)
        continue; /* --help and --version do not come back */
}

static int cmd_split(int argc, char **argv)
{
    struct hb_err e = {0};

    no_options(&split_spec, argc, argv);
    if (argc - optind < 1 || argc - optind > HB_DEAL_OUT_MAX)
        tool_usage(&split_spec, "name from 1 to %d FIFOs", HB_DEAL_OUT_MAX);
    if (hb_feed_deal(STDIN_FILENO, (const char *const *)&argv[optind], argc - optind, &e) != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}

static int cmd_decode(int argc, char **argv)
{
    struct hb_err e = {0};

    no_options(&decode_spec, argc, argv);
    tool_no_operands(&decode_spec, argc, argv);
    if (hb_framejson_decode(STDIN_FILENO, STDOUT_FILENO, &e) != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}

static int cmd_encode(int argc, char **argv)
{
    struct hb_err e = {0};

    no_options(&encode_spec, argc, argv);
    tool_no_operands(&encode_spec, argc, argv);
    tool_no_terminal(STDOUT_FILENO, "a stream of frames");
    if (hb_framejson_encode(STDIN_FILENO, STDOUT_FILENO, &e) != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}

int main(int argc, char **argv)
{
    static const struct tool_command commands[] = {
        {"tasks", cmd_tasks},
        {"split", cmd_split},
        {"decode", cmd_decode},
        {"encode", cmd_encode},
        {0},
    };

    tool_init("hb-frame");
    return tool_dispatch(&spec, commands, argc, argv);
}
