/* hb-ckpt verify, hash, info, list, prune and diff: what is in checkpoints, tables and
 * folders, and what of it may go. */
#include "ckpt.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abstraction/hba.h"
#include "base/json.h"
#include "run/shelf.h"
#include "store/blueprint.h"
#include "store/checkpoint.h"

enum { OPT_KEEP = TOOL_OPT };

/* ---- verify, hash ---- */

static const struct tool_spec verify_spec = {
    "hb-ckpt verify", CKPT_VERIFY_USAGE,
    "Check every byte of checkpoints and blueprints. Prints a JSON line a file; what is damaged\n"
    "exits 65." CKPT_RUN_NOTE,
    ckpt_no_options};

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

static int verify_file(const char *given)
{
    char room[HB_PATH_MAX];
    const char *path = given;
    struct verified v = {0};
    struct hb_buf line = {0};
    struct hb_err e = {0};
    int rc = hb_checkpoint_find(given, room, &path, &e);

    if (rc == HB_OK)
        rc = hb_blueprint_is(path) ? verify_blueprint(path, &v, &e)
                                   : verify_checkpoint(path, &v, &e);
    hb_buf_printf(&line, "{\"file\":");
    hb_json_str(&line, path);
    hb_buf_printf(&line, ",\"ok\":%s", rc == HB_OK ? "true" : "false");
    if (rc == HB_OK) {
        ckpt_put_u64(&line, "iterations", v.iteration);
        ckpt_put_u64(&line, "chunks", v.n_chunks);
        ckpt_put_hash(&line, "hash", &v.content);
    } else {
        tool_put_text(&line, "error", e.msg);
        (void)fprintf(stderr, "hb-ckpt: %s\n", e.msg);
    }
    hb_buf_printf(&line, "}");
    tool_print_line(&line);
    return tool_exit_code(rc);
}

int ckpt_run_verify(int argc, char **argv)
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
    "hb-ckpt hash", CKPT_HASH_USAGE,
    "Print the content hash of a checkpoint or a clean table, computed from every row: 64 hex\n"
    "digits, equal exactly when configuration, seed and iterations gave the same "
    "blueprint." CKPT_RUN_NOTE,
    ckpt_no_options};

int ckpt_run_hash(int argc, char **argv)
{
    const char *path = ckpt_operands(&hash_spec, argc, argv, 1)[0];
    struct hb_generation g;
    struct hb_hash hash;
    struct hb_err e = {0};
    char hex[HB_HASH_HEX];

    ckpt_open(path, &g);
    if (hb_generation_content(&g, &hash, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_generation_close(&g);
    hb_hash_hex(&hash, hex);
    (void)printf("%s\n", hex);
    return tool_finish(TOOL_OK);
}

/* ---- info ---- */

static const struct tool_spec info_spec = {
    "hb-ckpt info", CKPT_INFO_USAGE,
    "Say in one JSON object what a checkpoint or a table is." CKPT_RUN_NOTE, ckpt_no_options};

static void put_abstraction(struct hb_buf *b, const struct hb_spec *s)
{
    static const struct hb_hash none;

    hb_buf_printf(b, ",\"abstraction\":{\"streets\":[");
    for (int i = 0; i < s->rules.deck.n_streets; i++) {
        const struct hb_spec_street *st = &s->street[i];

        hb_buf_printf(b, "%s{\"street\":\"%s\"", i > 0 ? "," : "", hb_street_name(i));
        tool_put_text(b, "plugin", st->plugin);
        tool_put_text(b, "version", st->version);
        tool_put_text(b, "args", st->args);
        ckpt_put_u64(b, "buckets", st->n_buckets);
        hb_buf_printf(b, ",\"lossless\":%s,\"board\":\"%s\"}",
                      st->kind == HB_BUCKETS_IDENTITY ? "true" : "false",
                      st->sense == HB_ISO_ROUNDS ? "rounds" : "set");
    }
    hb_buf_printf(b, "]");
    ckpt_put_hash(b, "hash", &s->abstraction);
    if (s->buckets_path[0] != '\0')
        tool_put_text(b, "file", s->buckets_path);
    if (!hb_hash_equal(&s->buckets_root, &none))
        ckpt_put_hash(b, "file_root", &s->buckets_root);
    hb_buf_printf(b, "}");
}

static void put_solver(struct hb_buf *b, const struct hb_params *p)
{
    hb_buf_printf(b, ",\"solver\":{\"sampling\":\"external\"");
    tool_put_text(b, "discount_mode", hb_discount_name(p->discount));
    ckpt_put_u64(b, "discount_interval", p->discount_interval);
    ckpt_put_u64(b, "average_interval", p->average_interval);
    ckpt_put_u64(b, "round_size", p->round_cap);
    hb_buf_printf(b, ",\"enable_pruning\":%s,\"pruning_threshold\":%" PRId64,
                  p->pruning ? "true" : "false", p->pruning_threshold);
    hb_buf_printf(b, ",\"pruning_probability\":");
    hb_json_real(b, (double)p->pruning_p32 / 4294967296.0);
    hb_buf_printf(b, ",\"unit_shift\":%d}", p->unit_shift);
}

static uint64_t file_bytes(const char *path)
{
    struct stat st;
    int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);

    return rc == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static void put_info(struct hb_buf *b, const struct hb_generation *g, const char *path,
                     const struct hb_hash *content)
{
    hb_buf_printf(b, "{\"file\":");
    hb_json_str(b, path);
    tool_put_text(b, "kind", g->is_table ? "table" : "checkpoint");
    tool_put_text(b, "game", g->spec->game_name);
    ckpt_put_u64(b, "players", (uint64_t)g->spec->rules.n_players);
    ckpt_put_u64(b, "seed", g->id->seed);
    ckpt_put_u64(b, "iterations", g->iteration);
    ckpt_put_u64(b, "generation", g->number);
    ckpt_put_u64(b, "infosets", g->layout->n_infosets);
    ckpt_put_u64(b, "decision_nodes", g->tree->n_nodes);
    ckpt_put_u64(b, "nodes_visited", g->nodes);
    ckpt_put_u64(b, "bytes", file_bytes(path));
    ckpt_put_u64(b, "row_bytes", 4 * g->layout->n_words);
    hb_buf_printf(b, ",\"versions\":{\"hb\":\"%s\",\"%s\":1", HB_VERSION,
                  g->is_table ? "table" : "container");
    if (!g->is_table) {
        ckpt_put_u64(b, "checkpoint", HB_CHECKPOINT_VERSION);
        tool_put_text(b, "writer", g->checkpoint.writer);
    }
    hb_buf_printf(b, "}");
    put_abstraction(b, g->spec);
    put_solver(b, &g->spec->params);
    ckpt_put_hash(b, "game_hash", &g->id->game);
    ckpt_put_hash(b, "tree_hash", &g->id->tree);
    ckpt_put_hash(b, "run", &g->id->run);
    ckpt_put_hash(b, "hash", content);
    hb_buf_printf(b, "}");
}

int ckpt_run_info(int argc, char **argv)
{
    char room[HB_PATH_MAX];
    const char *path = ckpt_file(ckpt_operands(&info_spec, argc, argv, 1)[0], room);
    struct hb_generation g;
    struct hb_hash content;
    struct hb_buf line = {0};
    struct hb_err e = {0};

    ckpt_open(path, &g);
    content = g.checkpoint.content; /* as stored: info does not read the rows */
    if (g.is_table && hb_generation_content(&g, &content, &e) != HB_OK)
        tool_die(&e, NULL);
    put_info(&line, &g, path, &content);
    tool_print_line(&line);
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
    "hb-ckpt list", CKPT_LIST_USAGE,
    "List the checkpoints of a folder, or of that of a run, by iteration, a JSON line each.\n"
    "Rows are not verified.",
    ckpt_no_options};

int ckpt_run_list(int argc, char **argv)
{
    char dir[HB_PATH_MAX];
    struct hb_shelf s;
    int code = TOOL_OK;

    open_shelf(ckpt_operands(&list_spec, argc, argv, 1)[0], dir, &s);
    for (size_t i = 0; i < s.n; i++) {
        const struct hb_shelf_entry *x = &s.entry[i];
        struct hb_buf line = {0};

        hb_buf_printf(&line, "{\"file\":");
        hb_json_str(&line, x->path);
        ckpt_put_u64(&line, "bytes", x->bytes);
        if (x->rc == HB_OK) {
            ckpt_put_u64(&line, "iterations", x->iteration);
            ckpt_put_u64(&line, "generation", x->generation);
            tool_put_text(&line, "game", x->game);
            ckpt_put_u64(&line, "seed", x->seed);
            ckpt_put_hash(&line, "hash", &x->content);
        } else {
            tool_put_text(&line, "error", x->why);
            (void)fprintf(stderr, "hb-ckpt: %s\n", x->why);
            code = code == TOOL_OK ? tool_exit_code(x->rc) : code;
        }
        hb_buf_printf(&line, "}");
        tool_print_line(&line);
    }
    hb_shelf_close(&s);
    return tool_finish(code);
}

static const struct tool_option prune_options[] = {
    {"keep", OPT_KEEP, "N", "good checkpoints that stay, at least 1"}, {NULL, 0, NULL, NULL}};
static const struct tool_spec prune_spec = {
    "hb-ckpt prune", CKPT_PRUNE_USAGE,
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

int ckpt_run_prune(int argc, char **argv)
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
    given = ckpt_operand(&prune_spec, argc, argv, "folder");
    if (keep == 0)
        tool_usage(&prune_spec, "--keep N is missing");
    open_shelf(given, dir, &s);
    hb_shelf_close(&s);
    if (hb_shelf_prune(dir, HB_SHELF_ALL, keep, NULL, tell, NULL, &e) != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}

/* ---- diff ---- */

static const struct tool_spec diff_spec = {"hb-ckpt diff", CKPT_DIFF_USAGE,
                                           "Compare two checkpoints or tables. Prints one JSON "
                                           "object; exit 0: the same, 1: different." CKPT_RUN_NOTE,
                                           ckpt_no_options};

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
    ckpt_put_u64(&d->values, "rows", diff->n_rows);
    hb_buf_printf(&d->values, ",\"first_row\":{\"player\":%u",
                  (unsigned)g->tree->node[diff->first_node].player);
    ckpt_put_u64(&d->values, "node", diff->first_node);
    tool_put_text(&d->values, "actions", actions);
    ckpt_put_u64(&d->values, "bucket", diff->first_bucket);
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
    tool_print_line(&line);
    hb_buf_fini(&d->names);
    hb_buf_fini(&d->values);
}

int ckpt_run_diff(int argc, char **argv)
{
    char **paths = ckpt_operands(&diff_spec, argc, argv, 2);
    struct hb_generation a;
    struct hb_generation b;
    struct hb_diff diff;
    struct difference d = {0};
    struct hb_err e = {0};

    ckpt_open(paths[0], &a);
    ckpt_open(paths[1], &b);
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
