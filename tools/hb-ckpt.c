/* hb-ckpt - make, save, restore, check and look into tables and checkpoints. */
#include "tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/hb_plugin.h"
#include "abstraction/hba.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/json.h"
#include "base/os.h"
#include "run/config.h"
#include "run/export.h"
#include "run/generation.h"
#include "run/setup.h"
#include "run/shelf.h"
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
    OPT_KEEP,
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
#define VERIFY_USAGE  "hb-ckpt verify FILE..."
#define HASH_USAGE    "hb-ckpt hash FILE|TABLE"
#define INFO_USAGE    "hb-ckpt info FILE|TABLE"
#define LIST_USAGE    "hb-ckpt list DIR"
#define PRUNE_USAGE   "hb-ckpt prune DIR --keep N"
#define DIFF_USAGE    "hb-ckpt diff A B"
#define EXPORT_USAGE                                                                               \
    "hb-ckpt export FILE|TABLE [--street S] [--at ACTIONS] [--format json|csv] [--buckets FILE]"
#define BLUEPRINT_USAGE "hb-ckpt export FILE|TABLE --blueprint OUT [--buckets FILE]"

static const struct tool_option no_options[] = {{NULL, 0, NULL, NULL}};

/* ---- shared by the commands ---- */

/* The operands of a command that takes n of them; there are no options to read. */
static char **operands(const struct tool_spec *spec, int argc, char **argv, int n)
{
    const char *arg;

    while (tool_next(spec, argc, argv, &arg) != -1)
        continue; /* --help and --version do not come back */
    if (argc - optind < n)
        tool_usage(spec, "an operand is missing");
    if (argc - optind > n)
        tool_usage(spec, "'%s' is one operand too many", argv[optind + n]);
    return argv + optind;
}

/* The only operand of a command whose options have been read. */
static const char *operand(const struct tool_spec *spec, int argc, char **argv, const char *what)
{
    if (optind == argc)
        tool_usage(spec, "which %s?", what);
    if (optind + 1 < argc)
        tool_usage(spec, "'%s' is one operand too many", argv[optind + 1]);
    return argv[optind];
}

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

static void print_line(struct hb_buf *line)
{
    struct hb_err e = {0};

    hb_buf_u8(line, '\n');
    if (hb_buf_check(line, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(line->data, 1, line->len, stdout); /* tool_finish looks */
    hb_buf_fini(line);
}

static void put_text(struct hb_buf *b, const char *key, const char *text)
{
    hb_buf_printf(b, ",\"%s\":", key);
    hb_json_str(b, text);
}

static void put_u64(struct hb_buf *b, const char *key, uint64_t v)
{
    hb_buf_printf(b, ",\"%s\":%" PRIu64, key, v);
}

static void put_hash(struct hb_buf *b, const char *key, const struct hb_hash *h)
{
    char hex[HB_HASH_HEX];

    hb_hash_hex(h, hex);
    hb_buf_printf(b, ",\"%s\":\"%s\"", key, hex);
}

static uint64_t file_bytes(const char *path)
{
    struct stat st;
    int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);

    return rc == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static void open_generation(const char *path, struct hb_generation *g)
{
    struct hb_err e = {0};

    if (hb_generation_open(path, g, &e) != HB_OK)
        tool_die(&e, NULL);
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
    from = operand(&save_spec, argc, argv, "table");
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
static const struct tool_spec restore_spec = {
    "hb-ckpt restore", RESTORE_USAGE, "Make a table that holds a checkpoint.", restore_options};

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
    from = operand(&restore_spec, argc, argv, "checkpoint");
    need_out_table(&restore_spec, out);
    return restore(from, out, bucket_file, n_parts);
}

/* ---- verify, hash ---- */

static const struct tool_spec verify_spec = {
    "hb-ckpt verify", VERIFY_USAGE,
    "Check every byte of checkpoints and blueprints. Prints a JSON line a file; what is damaged\n"
    "exits 65.",
    no_options};

struct verified {
    uint64_t iteration, n_chunks;
    struct hb_hash content;
};

static int verify_blueprint(const char *path, struct verified *v, struct hb_err *e)
{
    struct hb_blueprint b = {0};
    int rc = hb_blueprint_open(path, &b, e);

    if (rc == HB_OK)
        rc = hb_blueprint_verify(&b, e);
    if (rc == HB_OK)
        *v = (struct verified){b.iteration, hb_creader_n_chunks(b.file), b.content};
    hb_blueprint_close(&b);
    return rc;
}

static int verify_checkpoint(const char *path, struct verified *v, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    int rc = hb_checkpoint_open(path, &c, e);

    if (rc == HB_OK)
        rc = hb_checkpoint_verify(&c, e);
    if (rc == HB_OK)
        *v = (struct verified){c.iteration, hb_creader_n_chunks(c.file), c.content};
    hb_checkpoint_close(&c);
    return rc;
}

/* By its first bytes; a pipe is a checkpoint. */
static bool is_blueprint(const char *path)
{
    char magic[4] = "";
    struct stat st;
    bool yes = false;
    int fd;

    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
        hb_io_open_read(path, &fd, NULL) != HB_OK)
        return false;
    yes = hb_io_read_full(fd, magic, sizeof magic, NULL, path, NULL) == HB_OK &&
          memcmp(magic, HB_BLUEPRINT_MAGIC, sizeof magic) == 0;
    (void)close(fd); /* read only */
    return yes;
}

static int verify_file(const char *path)
{
    struct verified v = {0};
    struct hb_buf line = {0};
    struct hb_err e = {0};
    int rc = is_blueprint(path) ? verify_blueprint(path, &v, &e) : verify_checkpoint(path, &v, &e);

    hb_buf_printf(&line, "{\"file\":");
    hb_json_str(&line, path);
    hb_buf_printf(&line, ",\"ok\":%s", rc == HB_OK ? "true" : "false");
    if (rc == HB_OK) {
        put_u64(&line, "iterations", v.iteration);
        put_u64(&line, "chunks", v.n_chunks);
        put_hash(&line, "hash", &v.content);
    } else {
        put_text(&line, "error", e.msg);
        (void)fprintf(stderr, "hb-ckpt: %s\n", e.msg);
    }
    hb_buf_printf(&line, "}");
    print_line(&line);
    return tool_exit_code(rc);
}

static int run_verify(int argc, char **argv)
{
    const char *arg;
    int worst = TOOL_OK;

    while (tool_next(&verify_spec, argc, argv, &arg) != -1)
        continue; /* --help and --version do not come back */
    if (optind == argc)
        tool_usage(&verify_spec, "which checkpoint?");
    for (int i = optind; i < argc; i++) {
        int code = verify_file(argv[i]);

        if (worst == TOOL_OK || code == TOOL_DATA) /* damage outweighs what is missing */
            worst = code != TOOL_OK ? code : worst;
    }
    return tool_finish(worst);
}

static const struct tool_spec hash_spec = {
    "hb-ckpt hash", HASH_USAGE,
    "Print the content hash of a checkpoint or a clean table, computed from every row: 64 hex\n"
    "digits, equal exactly when configuration, seed and iterations gave the same blueprint.",
    no_options};

static int run_hash(int argc, char **argv)
{
    const char *path = operands(&hash_spec, argc, argv, 1)[0];
    struct hb_generation g;
    struct hb_hash hash;
    struct hb_err e = {0};
    char hex[HB_HASH_HEX];

    open_generation(path, &g);
    if (hb_generation_content(&g, &hash, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_generation_close(&g);
    hb_hash_hex(&hash, hex);
    (void)printf("%s\n", hex);
    return tool_finish(TOOL_OK);
}

/* ---- info ---- */

static const struct tool_spec info_spec = {
    "hb-ckpt info", INFO_USAGE, "Say in one JSON object what a checkpoint or a table is.",
    no_options};

static void put_abstraction(struct hb_buf *b, const struct hb_spec *s)
{
    static const struct hb_hash none;

    hb_buf_printf(b, ",\"abstraction\":{\"streets\":[");
    for (int i = 0; i < s->rules.deck.n_streets; i++) {
        const struct hb_spec_street *st = &s->street[i];

        hb_buf_printf(b, "%s{\"street\":\"%s\"", i > 0 ? "," : "", hb_street_name(i));
        put_text(b, "plugin", st->plugin);
        put_text(b, "version", st->version);
        put_text(b, "args", st->args);
        put_u64(b, "buckets", st->n_buckets);
        hb_buf_printf(b, ",\"lossless\":%s,\"board\":\"%s\"}",
                      st->kind == HB_BUCKETS_IDENTITY ? "true" : "false",
                      st->sense == HB_ISO_ROUNDS ? "rounds" : "set");
    }
    hb_buf_printf(b, "]");
    put_hash(b, "hash", &s->abstraction);
    if (s->buckets_path[0] != '\0')
        put_text(b, "file", s->buckets_path);
    if (!hb_hash_equal(&s->buckets_root, &none))
        put_hash(b, "file_root", &s->buckets_root);
    hb_buf_printf(b, "}");
}

static void put_solver(struct hb_buf *b, const struct hb_params *p)
{
    hb_buf_printf(b, ",\"solver\":{\"sampling\":\"external\"");
    put_text(b, "discount_mode", hb_discount_name(p->discount));
    put_u64(b, "discount_interval", p->discount_interval);
    put_u64(b, "round_size", p->round_cap);
    hb_buf_printf(b, ",\"enable_pruning\":%s,\"pruning_threshold\":%" PRId64,
                  p->pruning ? "true" : "false", p->pruning_threshold);
    hb_buf_printf(b, ",\"pruning_probability\":");
    hb_json_real(b, (double)p->pruning_p32 / 4294967296.0);
    hb_buf_printf(b, ",\"unit_shift\":%d}", p->unit_shift);
}

static void put_info(struct hb_buf *b, const struct hb_generation *g, const char *path,
                     const struct hb_hash *content)
{
    hb_buf_printf(b, "{\"file\":");
    hb_json_str(b, path);
    put_text(b, "kind", g->is_table ? "table" : "checkpoint");
    put_text(b, "game", g->spec->game_name);
    put_u64(b, "players", (uint64_t)g->spec->rules.n_players);
    put_u64(b, "seed", g->id->seed);
    put_u64(b, "iterations", g->iteration);
    put_u64(b, "generation", g->number);
    put_u64(b, "infosets", g->layout->n_infosets);
    put_u64(b, "decision_nodes", g->tree->n_nodes);
    put_u64(b, "nodes_visited", g->nodes);
    put_u64(b, "bytes", file_bytes(path));
    put_u64(b, "row_bytes", 4 * g->layout->n_words);
    hb_buf_printf(b, ",\"versions\":{\"hb\":\"%s\",\"%s\":1", HB_VERSION,
                  g->is_table ? "table" : "container");
    if (!g->is_table) {
        put_u64(b, "checkpoint", HB_CHECKPOINT_VERSION);
        put_text(b, "writer", g->checkpoint.writer);
    }
    hb_buf_printf(b, "}");
    put_abstraction(b, g->spec);
    put_solver(b, &g->spec->params);
    put_hash(b, "game_hash", &g->id->game);
    put_hash(b, "tree_hash", &g->id->tree);
    put_hash(b, "run", &g->id->run);
    put_hash(b, "hash", content);
    hb_buf_printf(b, "}");
}

static int run_info(int argc, char **argv)
{
    const char *path = operands(&info_spec, argc, argv, 1)[0];
    struct hb_generation g;
    struct hb_hash content;
    struct hb_buf line = {0};
    struct hb_err e = {0};

    open_generation(path, &g);
    content = g.checkpoint.content; /* as stored: info does not read the rows */
    if (g.is_table && hb_generation_content(&g, &content, &e) != HB_OK)
        tool_die(&e, NULL);
    put_info(&line, &g, path, &content);
    print_line(&line);
    hb_generation_close(&g);
    return tool_finish(TOOL_OK);
}

/* ---- list, prune ---- */

/* Open the folder where the checkpoints of `given` lie, and say when there are none. */
static void open_shelf(const char *given, char dir[HB_PATH_MAX], struct hb_shelf *s)
{
    struct hb_err e = {0};

    if (hb_shelf_locate(given, dir, &e) != HB_OK ||
        hb_shelf_open(dir, HB_SHELF_ALL, s, &e) != HB_OK)
        tool_die(&e, NULL);
    if (s->n == 0)
        (void)fprintf(stderr, "hb-ckpt: there is no checkpoint (*.hbc) in '%s'\n", dir);
}

static const struct tool_spec list_spec = {
    "hb-ckpt list", LIST_USAGE,
    "List the checkpoints of a folder, or of that of a run, by iteration, a JSON line each.\n"
    "Rows are not verified.",
    no_options};

static int run_list(int argc, char **argv)
{
    char dir[HB_PATH_MAX];
    struct hb_shelf s;
    int code = TOOL_OK;

    open_shelf(operands(&list_spec, argc, argv, 1)[0], dir, &s);
    for (size_t i = 0; i < s.n; i++) {
        const struct hb_shelf_entry *x = &s.entry[i];
        struct hb_buf line = {0};

        hb_buf_printf(&line, "{\"file\":");
        hb_json_str(&line, x->path);
        put_u64(&line, "bytes", x->bytes);
        if (x->rc == HB_OK) {
            put_u64(&line, "iterations", x->iteration);
            put_u64(&line, "generation", x->generation);
            put_text(&line, "game", x->game);
            put_u64(&line, "seed", x->seed);
            put_hash(&line, "hash", &x->content);
        } else {
            put_text(&line, "error", x->why);
            (void)fprintf(stderr, "hb-ckpt: %s\n", x->why);
            code = code == TOOL_OK ? tool_exit_code(x->rc) : code;
        }
        hb_buf_printf(&line, "}");
        print_line(&line);
    }
    hb_shelf_close(&s);
    return tool_finish(code);
}

static const struct tool_option prune_options[] = {
    {"keep", OPT_KEEP, "N", "good checkpoints that stay, at least 1"}, {NULL, 0, NULL, NULL}};
static const struct tool_spec prune_spec = {
    "hb-ckpt prune", PRUNE_USAGE,
    "Remove checkpoints that are older than the newest N good ones. Every byte of those N is\n"
    "verified first; while there are fewer, nothing is removed.",
    prune_options};

static void tell(void *ctx, const char *path, const char *what, const char *why)
{
    (void)ctx;
    if (why != NULL && strstr(why, path) != NULL)
        (void)fprintf(stderr, "hb-ckpt: %s: %s\n", what, why);
    else if (why != NULL)
        (void)fprintf(stderr, "hb-ckpt: %s: '%s': %s\n", what, path, why);
    else
        (void)fprintf(stderr, "hb-ckpt: %s '%s'\n", what, path);
}

static int run_prune(int argc, char **argv)
{
    const char *given;
    const char *arg;
    char dir[HB_PATH_MAX];
    struct hb_shelf s;
    uint64_t keep = 0;
    struct hb_err e = {0};
    int opt;

    while ((opt = tool_next(&prune_spec, argc, argv, &arg)) != -1)
        if (opt == OPT_KEEP)
            keep = tool_u64(arg, "--keep", 1, UINT32_MAX);
    given = operand(&prune_spec, argc, argv, "folder");
    if (keep == 0)
        tool_usage(&prune_spec, "--keep N is missing");
    open_shelf(given, dir, &s);
    hb_shelf_close(&s);
    if (hb_shelf_prune(dir, HB_SHELF_ALL, keep, NULL, tell, NULL, &e) != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}

/* ---- diff ---- */

static const struct tool_spec diff_spec = {
    "hb-ckpt diff", DIFF_USAGE,
    "Compare two checkpoints or tables. Prints one JSON object; exit 0: the same, 1: different.",
    no_options};

struct difference { /* collects what differs, in order */
    struct hb_buf names;
    struct hb_buf values;
    char first[192]; /* for people */
};

static void put_difference(struct difference *d, const char *name, const char *a, const char *b,
                           const char *quote)
{
    hb_buf_printf(&d->names, "%s\"%s\"", d->names.len > 0 ? "," : "", name);
    hb_buf_printf(&d->values, ",\"%s\":[%s%s%s,%s%s%s]", name, quote, a, quote, quote, b, quote);
    if (d->first[0] == '\0')
        (void)snprintf(d->first, sizeof d->first, "%s: %.16s and %.16s", name, a, b); /* or cut */
}

static void differ_hash(struct difference *d, bool differs, const char *name,
                        const struct hb_hash *a, const struct hb_hash *b)
{
    char x[HB_HASH_HEX];
    char y[HB_HASH_HEX];

    if (!differs)
        return;
    hb_hash_hex(a, x);
    hb_hash_hex(b, y);
    put_difference(d, name, x, y, "\"");
}

static void differ_number(struct difference *d, bool differs, const char *name, uint64_t a,
                          uint64_t b)
{
    char x[24];
    char y[24];

    if (!differs)
        return;
    (void)snprintf(x, sizeof x, "%" PRIu64, a); /* fit */
    (void)snprintf(y, sizeof y, "%" PRIu64, b);
    put_difference(d, name, x, y, "");
}

static void differ_rows(struct difference *d, const struct hb_diff *diff,
                        const struct hb_generation *g)
{
    char actions[4096] = "";
    struct hb_err e = {0};

    if (diff->n_rows == 0)
        return;
    if (hb_tree_path(&g->spec->rules, g->tree, diff->first_node, actions, sizeof actions, &e) !=
        HB_OK)
        tool_die(&e, NULL);
    hb_buf_printf(&d->names, "%s\"rows\"", d->names.len > 0 ? "," : "");
    put_u64(&d->values, "rows", diff->n_rows);
    hb_buf_printf(&d->values, ",\"first_row\":{\"player\":%u",
                  (unsigned)g->tree->node[diff->first_node].player);
    put_u64(&d->values, "node", diff->first_node);
    put_text(&d->values, "actions", actions);
    put_u64(&d->values, "bucket", diff->first_bucket);
    hb_buf_printf(&d->values, "}");
    if (d->first[0] == '\0')
        (void)snprintf(d->first, sizeof d->first,
                       "rows: %" PRIu64 ", the first at node %u, bucket %u, after '%.60s'",
                       diff->n_rows, diff->first_node, diff->first_bucket, actions); /* or cut */
}

static void print_difference(struct difference *d)
{
    struct hb_buf line = {0};

    if (d->names.len == 0)
        hb_buf_printf(&line, "{\"same\":true}");
    else {
        hb_buf_printf(&line, "{\"same\":false,\"differs\":[");
        hb_buf_put(&line, d->names.data, d->names.len);
        hb_buf_u8(&line, ']');
        hb_buf_put(&line, d->values.data, d->values.len);
        hb_buf_u8(&line, '}');
        (void)fprintf(stderr, "hb-ckpt: they differ in %s\n", d->first);
    }
    print_line(&line);
    hb_buf_fini(&d->names);
    hb_buf_fini(&d->values);
}

static int run_diff(int argc, char **argv)
{
    char **paths = operands(&diff_spec, argc, argv, 2);
    struct hb_generation a;
    struct hb_generation b;
    struct hb_diff diff;
    struct difference d = {0};
    struct hb_err e = {0};

    open_generation(paths[0], &a);
    open_generation(paths[1], &b);
    if (hb_generation_diff(&a, &b, &diff, &e) != HB_OK)
        tool_die(&e, NULL);
    differ_hash(&d, diff.game, "game", &a.id->game, &b.id->game);
    differ_hash(&d, diff.tree, "betting_tree", &a.id->tree, &b.id->tree);
    differ_hash(&d, diff.abstraction, "card_abstraction", &a.id->abstraction, &b.id->abstraction);
    differ_number(&d, diff.seed, "seed", a.id->seed, b.id->seed);
    differ_hash(&d, diff.solver_keys, "solver_keys", &a.id->run, &b.id->run);
    differ_number(&d, diff.iteration, "iterations", a.iteration, b.iteration);
    differ_rows(&d, &diff, &a);
    print_difference(&d);
    hb_generation_close(&a);
    hb_generation_close(&b);
    return tool_finish(hb_diff_same(&diff) ? TOOL_OK : TOOL_NO);
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
    "or write it quantised into a blueprint, the file that hb-play maps.",
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
    path = operand(&export_spec, argc, argv, "checkpoint");
    if (blueprint != NULL && (o.street >= 0 || o.at != NULL || o.csv))
        tool_usage(&export_spec, "a blueprint holds every decision, in one format");
    if (blueprint != NULL && strcmp(blueprint, "-") == 0)
        tool_no_terminal(STDOUT_FILENO, "a blueprint");
    open_generation(path, &g);
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
        INIT_USAGE "\n" SAVE_USAGE "\n" RESTORE_USAGE "\n" VERIFY_USAGE "\n" HASH_USAGE
                   "\n" INFO_USAGE "\n" LIST_USAGE "\n" PRUNE_USAGE "\n" DIFF_USAGE
                   "\n" EXPORT_USAGE "\n" BLUEPRINT_USAGE,
        "Make, save, restore, check and look into tables and checkpoints.\n"
        "Each command has a --help of its own.",
        no_options};
    static const struct tool_command commands[] = {
        {"init", run_init},     {"save", run_save},   {"restore", run_restore},
        {"verify", run_verify}, {"hash", run_hash},   {"info", run_info},
        {"list", run_list},     {"prune", run_prune}, {"diff", run_diff},
        {"export", run_export}, {NULL, NULL}};

    tool_init("hb-ckpt");
    return tool_dispatch(&spec, commands, argc, argv);
}
