/* hb-bucket - build, inspect and ask card abstractions. */
#include "bucket.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "abstraction/hb_plugin.h"
#include "abstraction/hba.h"
#include "abstraction/plugin.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/os.h"
#include "base/pool.h"
#include "cards/iso.h"
#include "game/tree.h"
#include "run/config.h"

#define ROUNDS_OPTION                                                                              \
    {                                                                                              \
        "rounds", OPT_ROUNDS, NULL, "keep the cards of each round apart"                           \
    }
static const struct tool_option no_options[] = {{NULL, 0, NULL, NULL}};

struct question { /* what index, unindex and count are asked */
    struct hb_deck deck;
    enum hb_iso_sense sense;
    int street; /* -1: not given */
    struct hb_iso *iso;
};

/* Options of index, unindex and count; the index is built, operands follow at argv[optind]. */
static struct question read_question(const struct tool_spec *spec, int argc, char **argv)
{
    struct question q = {.deck = {13, 4, 2, 4, {0, 3, 4, 5}}, .sense = HB_ISO_SET, .street = -1};
    const char *street = NULL;
    struct hb_err e = {0};
    const char *arg;
    int opt;

    while ((opt = tool_next(spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_STREET: street = arg; break;
        case OPT_ROUNDS: q.sense = HB_ISO_ROUNDS; break;
        case OPT_GAME: bucket_deck_of_game(arg, &q.deck); break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (street != NULL)
        q.street = bucket_street(spec, street, &q.deck);
    if (hb_iso_new(&q.deck, q.sense, &q.iso, &e) != HB_OK)
        tool_die(&e, NULL);
    return q;
}

/* ---- build ---- */

static const struct tool_option build_options[] = {
    {"config", OPT_CONFIG, "FILE", "the run's configuration: game, betting and cards"},
    {"out", 'o', "OUT.hba", "the bucket file to write"},
    {"num-workers", OPT_WORKERS, "N", "processes; 0: one for each processor (default)"},
    {"cache", OPT_CACHE, "DIR", "where finished stages are kept (default OUT.hba.cache)"},
    {"keep-cache", OPT_KEEP_CACHE, NULL, "keep them when the file is done"},
    {"plan", OPT_PLAN, NULL, "say what the build will take, as JSON, and start nothing"},
    PLUGIN_PATH_OPTION,
    {"quiet", 'q', NULL, "no progress lines"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec build_spec = {
    "hb-bucket build",
    "hb-bucket build --config FILE -o OUT.hba [--num-workers N] [--cache DIR] [--keep-cache] "
    "[--plan] [--plugin-path DIRS] [--quiet]",
    "Run the plugins of a configuration over every hand and write a bucket file.", build_options};

struct build_args {
    const char *config, *out, *plugin_path, *cache;
    int n_workers;
    bool keep_cache, plan, quiet;
};

static void show_log(int level, const char *msg)
{
    if (level >= HB_LOG_WARNING)
        tool_info("plugin warns: %s", msg);
    else if (level >= HB_LOG_INFO)
        tool_info("plugin: %s", msg);
}

static int load_config(const char *path, struct hb_config *c, bool need[HB_STREETS],
                       struct hb_err *e)
{
    struct hb_tree tree = {0};
    int rc;

    if ((rc = hb_config_load(path, c, e)) != HB_OK ||
        (rc = hb_tree_new(&c->rules, &c->betting, 0, &tree, e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < tree.n_nodes; i++)
        need[tree.node[i].street] = true;
    hb_tree_fini(&tree);
    for (int s = 0; !c->cards_given && s < c->rules.deck.n_streets; s++) {
        c->cards.street[s].given = true;
        (void)snprintf(c->cards.street[s].plugin, HB_PLUGIN_NAME_MAX, "lossless"); /* fits */
    }
    return HB_OK;
}

static void say_built(const char *path)
{
    char hex[HB_HASH_HEX];
    struct hb_buckets b;
    struct hb_err e = {0};

    if (hb_buckets_open(path, NULL, &b, &e) != HB_OK)
        tool_die(&e, NULL);
    for (int s = 0; s < HB_STREETS; s++)
        if (b.street[s].kind != HB_BUCKETS_NONE)
            tool_info("%s: %" PRIu32 " buckets for %" PRIu64 " hands (%s)", hb_street_name(s),
                      b.street[s].n_buckets, b.street[s].n_hands, b.street[s].plugin);
    hb_hash_hex(&b.content, hex);
    tool_info("%s: content %s", path, hex);
    hb_buckets_fini(&b);
}

static void put_stage(struct hb_buf *line, const struct hb_build_stage *s)
{
    hb_buf_printf(line, "{\"street\":");
    if (s->street >= 0)
        hb_json_str(line, hb_street_name(s->street));
    else
        hb_buf_printf(line, "null");
    tool_put_text(line, "stage", s->name);
    hb_buf_printf(line, ",\"seconds\":%.2f,\"bytes\":%" PRIu64 ",\"disk_bytes\":%" PRIu64 "}",
                  s->seconds, s->bytes, s->disk_bytes);
}

/* One object: the stages and all of them together. */
static void print_plan(const struct hb_build_report *r)
{
    struct hb_buf line = {0};

    hb_buf_printf(&line,
                  "{\"seconds\":%.1f,\"peak_bytes\":%" PRIu64 ",\"disk_bytes\":%" PRIu64
                  ",\"stages\":[",
                  r->seconds, r->peak_bytes, r->disk_bytes);
    for (int i = 0; i < r->n_stages; i++) {
        hb_buf_printf(&line, "%s", i > 0 ? "," : "");
        put_stage(&line, &r->stage[i]);
    }
    hb_buf_printf(&line, "]}");
    tool_print_line(&line);
}

static struct build_args read_build_args(int argc, char **argv)
{
    struct build_args a = {0};
    const char *arg;
    int opt;

    while ((opt = tool_next(&build_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: a.config = arg; break;
        case 'o': a.out = arg; break;
        case OPT_WORKERS: a.n_workers = (int)tool_u64(arg, "--num-workers", 0, HB_POOL_MAX); break;
        case OPT_CACHE: a.cache = arg; break;
        case OPT_KEEP_CACHE: a.keep_cache = true; break;
        case OPT_PLAN: a.plan = true; break;
        case OPT_PLUGIN_PATH: a.plugin_path = arg; break;
        case 'q': a.quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (optind != argc)
        tool_usage(&build_spec, "unexpected operand '%s'", argv[optind]);
    if (a.config == NULL || (a.out == NULL && !a.plan))
        tool_usage(&build_spec, "%s is needed", a.config == NULL ? "--config" : "-o");
    if (a.out != NULL && strcmp(a.out, "-") == 0)
        tool_usage(&build_spec, "a bucket file is mapped: -o needs a file name");
    return a;
}

static int build_file(const struct build_args *a, const struct hb_config *config,
                      const bool need[HB_STREETS], struct hb_build_options *o, struct hb_err *e)
{
    char beside[BUCKET_PATH_MAX];
    struct hb_build_report report;
    int rc;

    if (a->cache == NULL &&
        snprintf(beside, sizeof beside, "%s.cache", a->out) >= (int)sizeof beside)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", a->out);
    o->cache_dir = a->cache != NULL ? a->cache : beside;
    rc = hb_buckets_build(&config->rules.deck, need, &config->cards, a->out, o, &report, e);
    if (rc == HB_OK && !a->quiet) {
        say_built(a->out);
        tool_info("built in %.1f s, %.0f MB", report.seconds, (double)report.peak_bytes / 1e6);
    }
    return rc;
}

static int run_build(int argc, char **argv)
{
    static struct hb_config config; /* too large for the stack */
    struct build_args a = read_build_args(argc, argv);
    struct tool_build progress = tool_build_from_now();
    struct hb_build_options o = {.n_processes = a.n_workers,
                                 .keep_cache = a.keep_cache,
                                 .progress = a.quiet ? NULL : tool_build_progress,
                                 .note = tool_build_note,
                                 .ctx = &progress,
                                 .log = a.quiet ? tool_plugin_warning : show_log};
    struct hb_build_report plan;
    char dirs[BUCKET_DIRS_MAX];
    bool need[HB_STREETS] = {false};
    struct hb_err e = {0};
    int rc;

    tool_plugin_dirs(a.plugin_path, dirs, sizeof dirs);
    o.plugin_dirs = dirs;
    if ((rc = load_config(a.config, &config, need, &e)) == HB_OK)
        rc = a.plan ? hb_buckets_plan(&config.rules.deck, need, &config.cards, &o, &plan, &e)
                    : build_file(&a, &config, need, &o, &e);
    tool_build_clear(&progress);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    if (a.plan)
        print_plan(&plan);
    return tool_finish(TOOL_OK);
}

/* ---- plugins ---- */

static const struct tool_option plugins_options[] = {PLUGIN_PATH_OPTION, {NULL, 0, NULL, NULL}};
static const struct tool_spec plugins_spec = {
    "hb-bucket plugins", "hb-bucket plugins [--plugin-path DIRS]",
    "List the plugins that a configuration can name, a JSON object a line.", plugins_options};

static void show_plugin(void *ctx, const char *name, const struct hb_plugin *p, int rc,
                        const struct hb_err *why)
{
    struct hb_buf line = {0};

    (void)ctx; /* nothing to carry along */
    hb_buf_printf(&line, "{\"name\":");
    hb_json_str(&line, name);
    if (rc == HB_OK) {
        tool_put_text(&line, "id", p->abs->id);
        tool_put_text(&line, "version", p->abs->version);
    }
    tool_put_text(&line, "path", p->path);
    if (rc != HB_OK)
        tool_put_text(&line, "error", why->msg);
    hb_buf_printf(&line, "}");
    tool_print_line(&line);
}

static int run_plugins(int argc, char **argv)
{
    const char *plugin_path = NULL;
    char dirs[BUCKET_DIRS_MAX];
    struct hb_err e = {0};
    const char *arg;

    while (tool_next(&plugins_spec, argc, argv, &arg) != -1)
        plugin_path = arg; /* the only option */
    if (optind != argc)
        tool_usage(&plugins_spec, "unexpected operand '%s'", argv[optind]);
    tool_plugin_dirs(plugin_path, dirs, sizeof dirs);
    if (hb_plugin_list(dirs, show_plugin, NULL, &e) != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}

/* ---- index, unindex, count ---- */

static const struct tool_option index_options[] = {
    ROUNDS_OPTION, GAME_OPTION, {NULL, 0, NULL, NULL}};
static const struct tool_spec index_spec = {
    "hb-bucket index", "hb-bucket index HAND [--rounds] [--game FILE]",
    "Print the canonical index of a hand such as AhKh/QsJs2d.", index_options};

static int run_index(int argc, char **argv)
{
    struct question q = read_question(&index_spec, argc, argv);
    uint8_t cards[HB_HAND_MAX];
    struct hb_err e = {0};
    int n_cards;
    int street;

    if (argc - optind != 1)
        tool_usage(&index_spec, "one hand is needed");
    if (hb_hand_parse(&q.deck, argv[optind], cards, &n_cards, &street, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)printf("%" PRIu64 "\n", hb_iso_index(q.iso, street, cards));
    hb_iso_free(q.iso);
    return tool_finish(TOOL_OK);
}

static const struct tool_option street_options[] = {
    STREET_OPTION, ROUNDS_OPTION, GAME_OPTION, {NULL, 0, NULL, NULL}};
static const struct tool_spec unindex_spec = {
    "hb-bucket unindex", "hb-bucket unindex --street S N [--rounds] [--game FILE]",
    "Print a representative hand of a canonical index.", street_options};

/* "AhKh/QsJs2d", with a '/' before the cards of each round when the rounds are apart. */
static void print_hand(const struct question *q, const uint8_t *cards)
{
    char text[2 * HB_HAND_MAX + 1];
    int shown = 0;

    hb_cards_format(cards, q->deck.n_hole, text);
    (void)fputs(text, stdout);
    for (int s = 0; s <= q->street; s++) {
        int n = q->deck.n_board[s] - shown;

        if (n == 0 || (q->sense == HB_ISO_SET && s < q->street))
            continue;
        hb_cards_format(cards + q->deck.n_hole + shown, n, text);
        (void)printf("/%s", text);
        shown += n;
    }
    (void)putchar('\n');
}

static int run_unindex(int argc, char **argv)
{
    struct question q = read_question(&unindex_spec, argc, argv);
    uint8_t cards[HB_HAND_MAX];
    uint64_t index;

    if (q.street < 0)
        tool_usage(&unindex_spec, "--street is needed");
    if (argc - optind != 1)
        tool_usage(&unindex_spec, "one index is needed");
    index = tool_u64(argv[optind], "index", 0, hb_iso_size(q.iso, q.street) - 1);
    hb_iso_cards(q.iso, q.street, index, cards);
    print_hand(&q, cards);
    hb_iso_free(q.iso);
    return tool_finish(TOOL_OK);
}

static const struct tool_spec count_spec = {
    "hb-bucket count", "hb-bucket count --street S [--rounds] [--game FILE]",
    "Print the number of canonical hands on a street.", street_options};

static int run_count(int argc, char **argv)
{
    struct question q = read_question(&count_spec, argc, argv);

    if (q.street < 0)
        tool_usage(&count_spec, "--street is needed");
    if (optind != argc)
        tool_usage(&count_spec, "unexpected operand '%s'", argv[optind]);
    (void)printf("%" PRIu64 "\n", hb_iso_size(q.iso, q.street));
    hb_iso_free(q.iso);
    return tool_finish(TOOL_OK);
}

/* ---- lookup ---- */

/* Refuses options; operands must be n. */
static void only_operands(const struct tool_spec *spec, int argc, char **argv, int n,
                          const char *what)
{
    const char *arg;

    while (tool_next(spec, argc, argv, &arg) != -1)
        continue; /* there are none to look at */
    if (argc - optind != n)
        tool_usage(spec, "%s", what);
}

static const struct tool_spec lookup_spec = {
    "hb-bucket lookup", "hb-bucket lookup FILE.hba HAND",
    "Print street, canonical index and bucket of a hand as a JSON object.", no_options};

static int run_lookup(int argc, char **argv)
{
    uint8_t cards[HB_HAND_MAX];
    struct hb_buckets b;
    struct hb_err e = {0};
    int n_cards;
    int street;

    only_operands(&lookup_spec, argc, argv, 2, "a bucket file and a hand are needed");
    bucket_open_operand(&lookup_spec, argv[optind], &b);
    if (hb_hand_parse(&b.deck, argv[optind + 1], cards, &n_cards, &street, &e) != HB_OK)
        tool_die(&e, NULL);
    if (b.street[street].kind == HB_BUCKETS_NONE)
        tool_usage(&lookup_spec, "'%s' has no buckets on the %s", argv[optind],
                   hb_street_name(street));
    (void)printf("{\"street\":\"%s\",\"index\":%" PRIu64 ",\"bucket\":%" PRIu32 "}\n",
                 hb_street_name(street), hb_iso_index(b.iso[b.street[street].sense], street, cards),
                 hb_buckets_of(&b, street, cards));
    hb_buckets_fini(&b);
    return tool_finish(TOOL_OK);
}

/* ---- main ---- */

static const struct tool_spec main_spec = {
    "hb-bucket",
    "hb-bucket build --config FILE -o OUT.hba [--num-workers N] [--cache DIR] [--keep-cache] "
    "[--plan] [--plugin-path DIRS] [--quiet]\n"
    "hb-bucket info FILE.hba [--quality] [--quiet]\n"
    "hb-bucket compare A.hba B.hba [--no-quality] [--quiet]\n"
    "hb-bucket show FILE.hba --street S [--bucket N] [--samples N] [--seed N] "
    "[--format text|json|svg] [--quiet]\n"
    "hb-bucket plugins [--plugin-path DIRS]\n"
    "hb-bucket check PLUGIN [--args ARGS] [--game FILE] [--street S] [--samples N] "
    "[--timeout SECONDS] [--plugin-path DIRS]\n"
    "hb-bucket index HAND [--rounds] [--game FILE]\n"
    "hb-bucket unindex --street S N [--rounds] [--game FILE]\n"
    "hb-bucket count --street S [--rounds] [--game FILE]\n"
    "hb-bucket lookup FILE.hba HAND",
    "Build, inspect and ask card abstractions.", no_options};

int main(int argc, char **argv)
{
    static const struct tool_command commands[] = {{"build", run_build},
                                                   {"info", bucket_run_info},
                                                   {"plugins", run_plugins},
                                                   {"index", run_index},
                                                   {"unindex", run_unindex},
                                                   {"count", run_count},
                                                   {"lookup", run_lookup},
                                                   {"check", bucket_run_check},
                                                   {"compare", bucket_run_compare},
                                                   {"show", bucket_run_show},
                                                   {NULL, NULL}};

    tool_init("hb-bucket");
    return tool_dispatch(&main_spec, commands, argc, argv);
}
