/* hb-ckpt - make, save, restore, check and look into tables and checkpoints. */
#include "ckpt.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/hb_plugin.h"
#include "abstraction/hba.h"
#include "run/config.h"
#include "run/export.h"
#include "run/setup.h"
#include "store/blueprint.h"
#include "store/checkpoint.h"
#include "store/tablefile.h"

#define DIRS_MAX 8192u

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_SEED,
    OPT_ROUND,
    OPT_BUCKETS,
    OPT_PLUGIN_PATH,
    OPT_PARTS,
    OPT_STREET,
    OPT_AT,
    OPT_FORMAT,
    OPT_BLUEPRINT
};

#define INIT_USAGE                                                                                 \
    "hb-ckpt init --config FILE -o TABLE [--seed N] [--round-size N] [--buckets FILE] "            \
    "[--plugin-path DIRS] [--parts N]"
#define SAVE_USAGE    "hb-ckpt save TABLE|- -o FILE"
#define RESTORE_USAGE "hb-ckpt restore FILE -o TABLE [--buckets FILE] [--parts N]"
#define EXPORT_USAGE                                                                               \
    "hb-ckpt export FILE|TABLE [--street S] [--at ACTIONS] [--format json|csv] [--buckets FILE]"
#define BLUEPRINT_USAGE "hb-ckpt export FILE|TABLE --blueprint OUT [--buckets FILE]"

static void need_out(const struct tool_spec *spec, const char *out, const char *what)
{
    if (out == NULL)
        tool_usage(spec, "-o %s is missing", what);
}

/* A table is mapped, so it cannot go down a pipe. */
static void need_out_table(const struct tool_spec *spec, const char *out)
{
    need_out(spec, out, "TABLE");
    /* cppcheck-suppress nullPointer ; need_out does not come back without one */
    if (strcmp(out, "-") == 0)
        tool_usage(spec, "a table cannot be written to standard output; name a file");
}

/* ---- init ---- */

static const struct tool_option init_options[] = {
    {"config", OPT_CONFIG, "FILE", "the run's configuration"},
    {"out", 'o', "TABLE", "the table file to make"},
    {"seed", OPT_SEED, "N", "in place of the configuration's"},
    {"round-size", OPT_ROUND, "N",
     "iterations that a round grows to, in place of the configuration's"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file; else one is built beside TABLE where needed"},
    {"plugin-path", OPT_PLUGIN_PATH, "DIRS", "look for plugins in these folders first (a:b)"},
    {"parts", OPT_PARTS, "N", "mergers that will write the table, 1 to 64 (default 1)"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec init_spec = {"hb-ckpt init", INIT_USAGE,
                                           "Make the table of generation 0 for a configuration.",
                                           init_options};

struct init_args {
    const char *config, *out, *buckets, *plugin_path;
    bool seed_given;
    uint32_t round_size; /* 0: the configuration's */
    uint64_t seed;
    int n_parts;
};

/* Folder of a file, "." when its name has none. */
static void folder_of(const char *path, char out[HB_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);

    (void)snprintf(out, HB_PATH_MAX, "%.*s", n > 0 ? n : 1, n > 0 ? path : "."); /* or cut: then
                                                                                   no such folder */
}

static int init_table(const struct init_args *a)
{
    struct tool_build progress = tool_build_from_now();
    char dirs[DIRS_MAX];
    char folder[HB_PATH_MAX];
    struct hb_setup_options o = {.buckets = a->buckets,
                                 .build_dir = folder,
                                 .plugin_dirs = dirs,
                                 .build = {.progress = tool_build_progress,
                                           .note = tool_build_note,
                                           .ctx = &progress,
                                           .log = tool_plugin_warning}};
    struct hb_config config = {0};
    struct hb_setup setup = {0};
    struct hb_err e = {0};

    tool_plugin_dirs(a->plugin_path, dirs, sizeof dirs);
    folder_of(a->out, folder);
    if (hb_config_load(a->config, &config, &e) != HB_OK)
        tool_die(&e, NULL);
    if (a->seed_given)
        config.params.seed = a->seed;
    if (a->round_size > 0)
        config.params.round_cap = a->round_size;
    if (hb_setup_open(&config, &o, &setup, &e) != HB_OK ||
        hb_tablefile_create(a->out, &setup.tree, &setup.spec, a->n_parts, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_setup_fini(&setup);
    return tool_finish(TOOL_OK);
}

static int run_init(int argc, char **argv)
{
    struct init_args a = {.n_parts = 1};
    const char *arg;
    int opt;

    while ((opt = tool_next(&init_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: a.config = arg; break;
        case 'o': a.out = arg; break;
        case OPT_SEED:
            a.seed = tool_u64(arg, "--seed", 0, UINT64_MAX);
            a.seed_given = true;
            break;
        case OPT_ROUND:
            a.round_size = (uint32_t)tool_u64(arg, "--round-size", 1, HB_ROUND_MAX);
            break;
        case OPT_BUCKETS: a.buckets = arg; break;
        case OPT_PLUGIN_PATH: a.plugin_path = arg; break;
        case OPT_PARTS: a.n_parts = (int)tool_u64(arg, "--parts", 1, HB_TABLE_PARTS_MAX); break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (optind < argc)
        tool_usage(&init_spec, "'%s' is one operand too many", argv[optind]);
    if (a.config == NULL)
        tool_usage(&init_spec, "--config FILE is missing");
    need_out_table(&init_spec, a.out);
    return init_table(&a);
}

/* ---- save, restore ---- */

static const struct tool_option save_options[] = {
    {"out", 'o', "FILE", "the checkpoint to write; - is standard output"}, {NULL, 0, NULL, NULL}};
static const struct tool_spec save_spec = {
    "hb-ckpt save", SAVE_USAGE,
    "Write a clean table, or with - the checkpoint on standard input after every byte of it was\n"
    "verified, as a checkpoint that appears whole or not at all.",
    save_options};

static int save_table(const char *table, const char *out, struct hb_err *e)
{
    struct hb_tablefile f = {0};
    int rc = hb_tablefile_open(table, false, &f, e);

    if (rc != HB_OK)
        return rc;
    if (strcmp(out, "-") == 0)
        rc = hb_checkpoint_write(&f.table, STDOUT_FILENO, "standard output", 0, NULL, e);
    else
        rc = hb_checkpoint_save(&f.table, out, 0, NULL, e);
    hb_tablefile_close(&f);
    return rc == HB_EFORMAT ? hb_context(e, rc, "table '%s'", table) : rc;
}

static int run_save(int argc, char **argv)
{
    const char *from;
    const char *out = NULL;
    const char *arg;
    struct hb_err e = {0};
    int opt;
    int rc;

    while ((opt = tool_next(&save_spec, argc, argv, &arg)) != -1)
        if (opt == 'o')
            out = arg;
    from = ckpt_operand(&save_spec, argc, argv, "table");
    need_out(&save_spec, out, "FILE");
    if (strcmp(from, "-") == 0 && strcmp(out, "-") == 0)
        tool_usage(&save_spec, "- to - would write what is not verified yet; name a file");
    if (strcmp(out, "-") == 0)
        tool_no_terminal(STDOUT_FILENO, "a checkpoint");
    if (strcmp(from, "-") == 0)
        rc = hb_checkpoint_receive(STDIN_FILENO, "standard input", out, NULL, &e);
    else
        rc = save_table(from, out, &e);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}

static const struct tool_option restore_options[] = {
    {"out", 'o', "TABLE", "the table file to make or to replace"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, where it is no longer at its path"},
    {"parts", OPT_PARTS, "N", "mergers that will write the table, 1 to 64 (default 1)"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec restore_spec = {"hb-ckpt restore", RESTORE_USAGE,
                                              "Make a table that holds a checkpoint." CKPT_RUN_NOTE,
                                              restore_options};

static int restore(const char *from, const char *out, const char *bucket_file, int n_parts)
{
    struct hb_checkpoint c = {0};
    struct hb_buckets buckets = {0};
    struct hb_err e = {0};
    int rc;

    if (hb_checkpoint_open(from, &c, &e) != HB_OK)
        tool_die(&e, NULL);
    rc = hb_spec_open_buckets(&c.spec, bucket_file, false, &buckets, &e);
    if (rc == HB_ENOINPUT && bucket_file == NULL)
        tool_die(&e, "the checkpoint's bucket file (name another place with --buckets)");
    if (rc != HB_OK || hb_checkpoint_restore(&c, out, buckets.path, n_parts, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_buckets_fini(&buckets);
    hb_checkpoint_close(&c);
    return tool_finish(TOOL_OK);
}

static int run_restore(int argc, char **argv)
{
    const char *from;
    const char *out = NULL;
    const char *bucket_file = NULL;
    const char *arg;
    int n_parts = 1;
    int opt;

    while ((opt = tool_next(&restore_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case 'o': out = arg; break;
        case OPT_BUCKETS: bucket_file = arg; break;
        case OPT_PARTS: n_parts = (int)tool_u64(arg, "--parts", 1, HB_TABLE_PARTS_MAX); break;
        default: break; /* tool_next refuses what is not in the table */
        }
    from = ckpt_operand(&restore_spec, argc, argv, "checkpoint");
    need_out_table(&restore_spec, out);
    return restore(from, out, bucket_file, n_parts);
}

/* ---- export ---- */

static const struct tool_option export_options[] = {
    {"street", OPT_STREET, "S", "only preflop, flop, turn or river"},
    {"at", OPT_AT, "ACTIONS", "only the decision after these actions (\"\" is the first)"},
    {"format", OPT_FORMAT, "json|csv", "JSON lines (default), or CSV with a header"},
    {"blueprint", OPT_BLUEPRINT, "OUT", "write a file for hb-play instead"},
    {"buckets", OPT_BUCKETS, "FILE", "check that this bucket file belongs to it"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec export_spec = {
    "hb-ckpt export", EXPORT_USAGE "\n" BLUEPRINT_USAGE,
    "Print the average strategy, a line an information set, ordered by player, node, bucket;\n"
    "or write it quantised into a blueprint, the file that hb-play maps." CKPT_RUN_NOTE,
    export_options};

static void check_buckets(const struct hb_spec *spec, const char *path)
{
    struct hb_buckets buckets = {0};
    struct hb_err e = {0};

    if (hb_spec_open_buckets(spec, path, false, &buckets, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_buckets_fini(&buckets);
}

static bool is_csv(const char *format)
{
    if (strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
        tool_usage(&export_spec, "'%s' is no format: json or csv", format);
    return strcmp(format, "csv") == 0;
}

static int generation_words(void *ctx, uint64_t at, int32_t *out, size_t n, struct hb_err *e)
{
    return hb_generation_words(ctx, at, out, n, e);
}

/* A checkpoint says its content hash, of a table it is computed. */
static int source_content(struct hb_generation *g, struct hb_hash *out, struct hb_err *e)
{
    if (g->is_table)
        return hb_generation_content(g, out, e);
    *out = g->checkpoint.content;
    return HB_OK;
}

/* bucket_file, if any, is the one that the blueprint names from now on. */
static void write_blueprint(struct hb_generation *g, const char *bucket_file, const char *out)
{
    struct hb_spec spec = *g->spec;
    struct hb_blueprint_source s = {.spec = &spec,
                                    .tree = g->tree,
                                    .layout = g->layout,
                                    .generation = g->number,
                                    .iteration = g->iteration,
                                    .words = generation_words,
                                    .ctx = g};
    struct hb_buckets buckets = {0};
    struct hb_err e = {0};
    int rc = source_content(g, &s.content, &e);

    if (rc == HB_OK && bucket_file != NULL &&
        (rc = hb_spec_open_buckets(&spec, bucket_file, false, &buckets, &e)) == HB_OK) {
        hb_spec_set_buckets(&spec, &buckets);
        hb_buckets_fini(&buckets);
    }
    if (rc == HB_OK && strcmp(out, "-") == 0)
        rc = hb_blueprint_write(&s, STDOUT_FILENO, "standard output", &e);
    else if (rc == HB_OK)
        rc = hb_blueprint_save(&s, out, &e);
    if (rc != HB_OK)
        tool_die(&e, NULL);
}

static int run_export(int argc, char **argv)
{
    struct hb_export_options o = {.street = -1};
    const char *blueprint = NULL;
    const char *bucket_file = NULL;
    const char *path;
    const char *arg;
    struct hb_generation g;
    struct hb_err e = {0};
    int opt;

    while ((opt = tool_next(&export_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_STREET:
            if ((o.street = hb_street_parse(arg)) < 0)
                tool_usage(&export_spec, "'%s' is no street: preflop, flop, turn or river", arg);
            break;
        case OPT_AT: o.at = arg; break;
        case OPT_FORMAT: o.csv = is_csv(arg); break;
        case OPT_BUCKETS: bucket_file = arg; break;
        case OPT_BLUEPRINT: blueprint = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    path = ckpt_operand(&export_spec, argc, argv, "checkpoint");
    if (blueprint != NULL && (o.street >= 0 || o.at != NULL || o.csv))
        tool_usage(&export_spec, "a blueprint holds every decision, in one format");
    if (blueprint != NULL && strcmp(blueprint, "-") == 0)
        tool_no_terminal(STDOUT_FILENO, "a blueprint");
    ckpt_open(path, &g);
    if (blueprint != NULL) {
        write_blueprint(&g, bucket_file, blueprint);
        hb_generation_close(&g);
        return tool_finish(TOOL_OK);
    }
    if (bucket_file != NULL)
        check_buckets(g.spec, bucket_file);
    if (hb_export(&g, &o, STDOUT_FILENO, "standard output", &e) != HB_OK)
        tool_die(&e, NULL);
    hb_generation_close(&g);
    return tool_finish(TOOL_OK);
}

int main(int argc, char **argv)
{
    static const struct tool_spec spec = {
        "hb-ckpt",
        INIT_USAGE "\n" SAVE_USAGE "\n" RESTORE_USAGE "\n" CKPT_VERIFY_USAGE "\n" CKPT_HASH_USAGE
                   "\n" CKPT_INFO_USAGE "\n" CKPT_LIST_USAGE "\n" CKPT_PRUNE_USAGE
                   "\n" CKPT_DIFF_USAGE "\n" EXPORT_USAGE "\n" BLUEPRINT_USAGE,
        "Make, save, restore, check and look into tables and checkpoints.\n"
        "Each command has a --help of its own.",
        ckpt_no_options};
    static const struct tool_command commands[] = {{"init", run_init},
                                                   {"save", run_save},
                                                   {"restore", run_restore},
                                                   {"verify", ckpt_run_verify},
                                                   {"hash", ckpt_run_hash},
                                                   {"info", ckpt_run_info},
                                                   {"list", ckpt_run_list},
                                                   {"prune", ckpt_run_prune},
                                                   {"diff", ckpt_run_diff},
                                                   {"export", run_export},
                                                   {NULL, NULL}};

    tool_init("hb-ckpt");
    return tool_dispatch(&spec, commands, argc, argv);
}
