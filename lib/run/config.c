#define _XOPEN_SOURCE 700 /* realpath */

#include "run/config.h"

#include <cyaml/cyaml.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define FILE_MAX (1u << 20) /* a configuration or game file larger than this is a mistake */
#define STREETS_NAMES                                                                              \
    {                                                                                              \
        "preflop", "flop", "turn", "river"                                                         \
    }
#define DEFAULT_ITERATIONS 1000000

static const char *const street_names[HB_STREETS] = STREETS_NAMES;

/* ---- the YAML schema ---------------------------------------------------------------------------
 * Optional values are pointers: NULL means "not given". */

struct y_betting_street {
    char **sizes;
    unsigned sizes_count;
    int *max_raises;
    bool *limp;
};
struct y_betting {
    struct y_betting_street *street[HB_STREETS];
};
struct y_cards_street {
    char *plugin;
    char *args;
};
struct y_cards {
    struct y_cards_street *street[HB_STREETS];
};
enum y_sampling { Y_EXTERNAL };
struct y_config {
    char *game;
    struct y_betting *betting;
    struct y_cards *cards;
    uint64_t *seed;
    uint64_t *num_iterations;
    double *time_budget_seconds;
    double *snapshot_interval_seconds;
    uint32_t *snapshot_keep;
    uint32_t *num_workers;
    uint32_t *batch_size;
    uint32_t *round_size;
    enum y_sampling *sampling;
    enum hb_discount *discount_mode;
    uint32_t *discount_interval;
    bool *enable_pruning;
    int64_t *pruning_threshold;
    double *pruning_probability;
};

static const cyaml_schema_value_t size_text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 32),
};
static const cyaml_schema_field_t betting_street_fields[] = {
    CYAML_FIELD_SEQUENCE("sizes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_betting_street,
                         sizes, &size_text, 0, HB_SIZES_MAX),
    CYAML_FIELD_INT_PTR("max_raises", CYAML_FLAG_OPTIONAL, struct y_betting_street, max_raises),
    CYAML_FIELD_BOOL_PTR("limp", CYAML_FLAG_OPTIONAL, struct y_betting_street, limp),
    CYAML_FIELD_END,
};
#define BETTING_FIELD(name, i)                                                                     \
    CYAML_FIELD_MAPPING_PTR(name, CYAML_FLAG_OPTIONAL, struct y_betting, street[i],                \
                            betting_street_fields)
static const cyaml_schema_field_t betting_fields[] = {
    BETTING_FIELD("preflop", 0), BETTING_FIELD("flop", 1), BETTING_FIELD("turn", 2),
    BETTING_FIELD("river", 3),   CYAML_FIELD_END,
};
static const cyaml_schema_field_t cards_street_fields[] = {
    CYAML_FIELD_STRING_PTR("plugin", CYAML_FLAG_POINTER, struct y_cards_street, plugin, 1,
                           HB_PLUGIN_NAME_MAX - 1),
    CYAML_FIELD_STRING_PTR("args", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_cards_street,
                           args, 0, HB_PLUGIN_ARGS_MAX - 1),
    CYAML_FIELD_END,
};
#define CARDS_FIELD(name, i)                                                                       \
    CYAML_FIELD_MAPPING_PTR(name, CYAML_FLAG_OPTIONAL, struct y_cards, street[i],                  \
                            cards_street_fields)
static const cyaml_schema_field_t cards_fields[] = {
    CARDS_FIELD("preflop", 0), CARDS_FIELD("flop", 1), CARDS_FIELD("turn", 2),
    CARDS_FIELD("river", 3),   CYAML_FIELD_END,
};
static const cyaml_strval_t sampling_names[] = {{"external", Y_EXTERNAL}};
static const cyaml_strval_t discount_names[] = {
    {"none", HB_DISCOUNT_NONE},
    {"linear", HB_DISCOUNT_LINEAR},
    {"dcfr", HB_DISCOUNT_DCFR},
    {"plus", HB_DISCOUNT_PLUS},
};
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define CONF     struct y_config
static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("game", CYAML_FLAG_POINTER, CONF, game, 1, HB_PATH_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("betting", OPTIONAL, CONF, betting, betting_fields),
    CYAML_FIELD_MAPPING_PTR("cards", OPTIONAL, CONF, cards, cards_fields),
    CYAML_FIELD_UINT_PTR("seed", OPTIONAL, CONF, seed),
    CYAML_FIELD_UINT_PTR("num_iterations", OPTIONAL, CONF, num_iterations),
    CYAML_FIELD_FLOAT_PTR("time_budget_seconds", OPTIONAL, CONF, time_budget_seconds),
    CYAML_FIELD_FLOAT_PTR("snapshot_interval_seconds", OPTIONAL, CONF, snapshot_interval_seconds),
    CYAML_FIELD_UINT_PTR("snapshot_keep", OPTIONAL, CONF, snapshot_keep),
    CYAML_FIELD_UINT_PTR("num_workers", OPTIONAL, CONF, num_workers),
    CYAML_FIELD_UINT_PTR("batch_size", OPTIONAL, CONF, batch_size),
    CYAML_FIELD_UINT_PTR("round_size", OPTIONAL, CONF, round_size),
    CYAML_FIELD_ENUM_PTR("sampling", OPTIONAL | CYAML_FLAG_STRICT, CONF, sampling, sampling_names,
                         1),
    CYAML_FIELD_ENUM_PTR("discount_mode", OPTIONAL | CYAML_FLAG_STRICT, CONF, discount_mode,
                         discount_names, 4),
    CYAML_FIELD_UINT_PTR("discount_interval", OPTIONAL, CONF, discount_interval),
    CYAML_FIELD_BOOL_PTR("enable_pruning", OPTIONAL, CONF, enable_pruning),
    CYAML_FIELD_INT_PTR("pruning_threshold", OPTIONAL, CONF, pruning_threshold),
    CYAML_FIELD_FLOAT_PTR("pruning_probability", OPTIONAL, CONF, pruning_probability),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct y_config, config_fields),
};

/* ---- loading -----------------------------------------------------------------------------------
 */

/* libcyaml explains a fault in several log lines: what it is, then the mappings around it,
 * innermost first. We keep the first and where the innermost stands. */
struct yaml_log {
    char what[160];
    char where[160];
};

static void collect(cyaml_log_t level, void *ctx, const char *fmt, va_list args) HB_PRINTF(3, 0);

static void collect(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct yaml_log *log = ctx;
    char line[160];
    const char *text = line;
    char *dst;

    if (level < CYAML_LOG_ERROR)
        return;
    (void)vsnprintf(line, sizeof line, fmt, args); /* a cut line still says enough */
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(text, "Load: ", 6) == 0)
        text += 6;
    text += strspn(text, " ");
    if (strcmp(text, "Backtrace:") == 0)
        return;
    dst = log->what[0] == '\0' ? log->what : log->where;
    if (dst[0] == '\0')
        (void)snprintf(dst, sizeof log->what, "%s", text);
}

/* The line on which `key` stands as a key, 0 when it is not found. Comments are passed over. */
static int line_of_key(const struct hb_buf *text, const char *key)
{
    size_t n = strlen(key);
    const char *p = (const char *)text->data;
    const char *end = p + text->len;
    int line = 1;

    for (; p < end; p++) {
        if (*p == '#' && (p == (const char *)text->data || strchr(" \n", p[-1]) != NULL))
            while (p + 1 < end && p[1] != '\n')
                p++;
        if (*p == '\n')
            line++;
        else if ((size_t)(end - p) > n && memcmp(p, key, n) == 0 && p[n] == ':' &&
                 (p == (const char *)text->data || strchr(" \n{,\"'", p[-1]) != NULL))
            return line;
    }
    return 0;
}

static int parse_yaml(const struct hb_buf *text, const cyaml_config_t *cy, struct y_config **y,
                      const char *path, struct yaml_log *log, struct hb_err *e)
{
    static const char unknown[] = "Unexpected key: ";
    cyaml_err_t err =
        cyaml_load_data(text->data, text->len, cy, &config_schema, (cyaml_data_t **)y, NULL);

    if (err == CYAML_OK && *y == NULL)
        return hb_fail(e, HB_ECONFIG, "'%s': is empty; it must name a game", path);
    if (err == CYAML_OK)
        return HB_OK;
    if (strncmp(log->what, unknown, sizeof unknown - 1) == 0) {
        const char *key = log->what + sizeof unknown - 1;

        int line = line_of_key(text, key);

        if (line == 0)
            return hb_fail(e, HB_ECONFIG, "'%s': unknown key '%s'", path, key);
        return hb_fail(e, HB_ECONFIG, "'%s' line %d: unknown key '%s'", path, line, key);
    }
    return hb_fail(e, HB_ECONFIG, "'%s': %s: %s%s%s", path, cyaml_strerror(err), log->what,
                   log->where[0] != '\0' ? ", " : "", log->where);
}

/* `name` relative to the folder of the file that says it. */
static int resolve(const char *file, const char *name, char out[HB_PATH_MAX], struct hb_err *e)
{
    const char *slash = strrchr(file, '/');
    int n;

    if (name[0] == '/' || slash == NULL)
        n = snprintf(out, HB_PATH_MAX, "%s", name);
    else
        n = snprintf(out, HB_PATH_MAX, "%.*s/%s", (int)(slash - file), file, name);
    if (n < 0 || n >= HB_PATH_MAX)
        return hb_fail(e, HB_ECONFIG, "the path of '%s' is too long", name);
    return HB_OK;
}

static int load_game(struct hb_config *c, struct hb_err *e)
{
    struct hb_buf text = {0};
    const char *slash = strrchr(c->game_path, '/');
    int rc;

    (void)snprintf(c->game_name, sizeof c->game_name, "%.*s", HB_NAME_MAX - 1,
                   slash != NULL ? slash + 1 : c->game_path); /* a very long name is cut */
    rc = hb_io_read_file(c->game_path, FILE_MAX, &text, e);
    if (rc == HB_OK)
        rc = hb_rules_parse(&c->rules, (const char *)text.data, text.len, c->game_path, e);
    hb_buf_fini(&text);
    return rc;
}

static int take_betting(const struct y_betting *y, struct hb_betting *b, struct hb_err *e)
{
    b->every_size = false;
    for (int st = 0; st < HB_STREETS; st++) {
        const struct y_betting_street *from = y->street[st];
        struct hb_betting_street *to = &b->street[st];

        if (from == NULL)
            continue;
        to->given = true;
        to->n_sizes = (int)from->sizes_count;
        if (from->max_raises != NULL)
            to->max_raises = *from->max_raises;
        if (from->limp != NULL)
            to->limp = *from->limp;
        for (unsigned i = 0; i < from->sizes_count; i++) {
            int rc = hb_bet_size_parse(from->sizes[i], &to->size[i], e);

            if (rc != HB_OK)
                return hb_context(e, rc, "betting: %s", street_names[st]);
        }
    }
    return HB_OK;
}

static void take_cards(const struct y_cards *y, struct hb_cards_spec *cards)
{
    for (int st = 0; st < HB_STREETS; st++) {
        const struct y_cards_street *from = y->street[st];
        struct hb_cards_street *to = &cards->street[st];

        if (from == NULL)
            continue;
        to->given = true;
        (void)snprintf(to->plugin, sizeof to->plugin, "%s", from->plugin);
        (void)snprintf(to->args, sizeof to->args, "%s", from->args != NULL ? from->args : "");
    }
}

/* Probability to a fraction of 2^32, the only form the solver knows. */
static int take_probability(double p, uint32_t *p32, struct hb_err *e)
{
    if (!(p >= 0.0 && p <= 1.0))
        return hb_fail(e, HB_ECONFIG, "pruning_probability: %g is not from 0 to 1", p);
    *p32 = p * 4294967296.0 >= 4294967295.0 ? UINT32_MAX : (uint32_t)(p * 4294967296.0 + 0.5);
    return HB_OK;
}

static int too_large(const char *key, uint64_t value, uint64_t max, struct hb_err *e)
{
    if (value <= max)
        return HB_OK;
    return hb_fail(e, HB_ECONFIG, "%s: %llu is more than %llu", key, (unsigned long long)value,
                   (unsigned long long)max);
}

static int check_ranges(const struct hb_config *c, struct hb_err *e)
{
    int rc;

    if (!(c->time_budget_s >= 0.0 && c->time_budget_s <= HB_TRAIN_SECONDS_MAX))
        return hb_fail(e, HB_ECONFIG, "time_budget_seconds: must be from 0 to %g",
                       HB_TRAIN_SECONDS_MAX);
    if (!(c->snapshot_interval_s >= 0.0 && c->snapshot_interval_s <= HB_TRAIN_SECONDS_MAX))
        return hb_fail(e, HB_ECONFIG, "snapshot_interval_seconds: must be from 0 to %g",
                       HB_TRAIN_SECONDS_MAX);
    if ((rc = too_large("num_iterations", c->num_iterations, HB_TRAIN_ITERATIONS_MAX, e)) !=
            HB_OK ||
        (rc = too_large("num_workers", c->num_workers, HB_TRAIN_WORKERS_MAX, e)) != HB_OK ||
        (rc = too_large("batch_size", c->batch_size, HB_ROUND_MAX, e)) != HB_OK ||
        (rc = too_large("round_size", c->params.round_cap, HB_ROUND_MAX, e)) != HB_OK)
        return rc;
    if (c->params.discount_interval == 0)
        return hb_fail(e, HB_ECONFIG, "discount_interval: must be at least 1");
    if (c->params.pruning && c->params.pruning_threshold >= 0)
        return hb_fail(e, HB_ECONFIG, "pruning_threshold: must be negative");
    return HB_OK;
}

#define TAKE(field, key)                                                                           \
    do {                                                                                           \
        if (y->key != NULL)                                                                        \
            c->field = *y->key;                                                                    \
    } while (0)

static int take_keys(const struct y_config *y, struct hb_config *c, struct hb_err *e)
{
    int rc = HB_OK;

    TAKE(params.seed, seed);
    TAKE(num_iterations, num_iterations);
    TAKE(time_budget_s, time_budget_seconds);
    TAKE(snapshot_interval_s, snapshot_interval_seconds);
    TAKE(snapshot_keep, snapshot_keep);
    TAKE(num_workers, num_workers);
    TAKE(batch_size, batch_size);
    TAKE(params.round_cap, round_size);
    TAKE(params.discount, discount_mode);
    TAKE(params.discount_interval, discount_interval);
    TAKE(params.pruning, enable_pruning);
    TAKE(params.pruning_threshold, pruning_threshold);
    if (y->num_iterations == NULL && y->time_budget_seconds != NULL)
        c->num_iterations = 0;
    if (y->pruning_probability != NULL)
        rc = take_probability(*y->pruning_probability, &c->params.pruning_p32, e);
    return rc == HB_OK ? check_ranges(c, e) : rc;
}

static void set_defaults(struct hb_config *c)
{
    memset(c, 0, sizeof *c);
    c->betting.every_size = true;
    for (int st = 0; st < HB_STREETS; st++) {
        c->betting.street[st].max_raises = -1;
        c->betting.street[st].limp = true;
    }
    c->params.seed = 1;
    c->params.discount = HB_DISCOUNT_LINEAR;
    c->params.discount_interval = 1000;
    c->params.pruning = false;
    c->params.pruning_threshold = -300000;
    c->params.pruning_p32 = 4080218931u; /* 0.95 */
    c->num_iterations = DEFAULT_ITERATIONS;
    c->snapshot_interval_s = 180.0;
    c->snapshot_keep = 3;
}

static int take_all(const struct y_config *y, const char *path, struct hb_config *c,
                    struct hb_err *e)
{
    int rc;

    if ((rc = resolve(path, y->game, c->game_path, e)) != HB_OK || (rc = load_game(c, e)) != HB_OK)
        return rc;
    if (y->betting != NULL && c->rules.no_limit) {
        c->betting_given = true;
        rc = take_betting(y->betting, &c->betting, e);
    } else if (y->betting != NULL) {
        rc = hb_fail(e, HB_ECONFIG, "betting: '%s' is a limit game, its sizes are fixed",
                     c->game_name);
    }
    if (rc == HB_OK && y->cards != NULL) {
        c->cards_given = true;
        take_cards(y->cards, &c->cards);
    }
    if (rc == HB_OK)
        rc = take_keys(y, c, e);
    return rc == HB_ECONFIG ? hb_context(e, rc, "'%s'", path) : rc;
}

int hb_config_load(const char *path, struct hb_config *c, struct hb_err *e)
{
    struct yaml_log log = {{0}, {0}};
    cyaml_config_t cy = {.log_fn = collect,
                         .log_ctx = &log,
                         .mem_fn = cyaml_mem,
                         .log_level = CYAML_LOG_ERROR,
                         .flags = CYAML_CFG_DEFAULT};
    struct hb_buf text = {0};
    struct y_config *y = NULL;
    int rc;

    set_defaults(c);
    rc = hb_io_read_file(path, FILE_MAX, &text, e);
    if (rc == HB_OK)
        rc = parse_yaml(&text, &cy, &y, path, &log, e);
    if (rc == HB_OK)
        rc = take_all(y, path, c, e);
    (void)cyaml_free(&cy, &config_schema, y, 0); /* fails only for a bad schema */
    hb_buf_fini(&text);
    return rc;
}

int hb_config_from_game(const char *game_path, struct hb_config *c, struct hb_err *e)
{
    set_defaults(c);
    if (snprintf(c->game_path, sizeof c->game_path, "%s", game_path) >= (int)sizeof c->game_path)
        return hb_fail(e, HB_ENOINPUT, "the path of '%s' is too long", game_path);
    return load_game(c, e);
}

/* ---- writing it back ---------------------------------------------------------------------------
 */

/* Double-quoted YAML scalar. */
static void put_quoted(struct hb_buf *out, const char *s)
{
    hb_buf_put(out, "\"", 1);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            hb_buf_put(out, "\\", 1);
        hb_buf_put(out, s, 1);
    }
    hb_buf_put(out, "\"", 1);
}

static void put_size(struct hb_buf *out, const struct hb_bet_size *size)
{
    int digits = 0;

    if (size->allin) {
        hb_buf_printf(out, "allin");
        return;
    }
    for (uint32_t d = size->den; d > 1; d /= 10)
        digits++;
    hb_buf_printf(out, "\"%u", size->num / size->den);
    if (digits > 0)
        hb_buf_printf(out, ".%0*u", digits, size->num % size->den);
    hb_buf_printf(out, "\"");
}

static void put_betting(struct hb_buf *out, const struct hb_betting *b)
{
    hb_buf_printf(out, "betting:\n");
    for (int st = 0; st < HB_STREETS; st++) {
        const struct hb_betting_street *s = &b->street[st];

        if (!s->given)
            continue;
        hb_buf_printf(out, "  %s: {sizes: [", street_names[st]);
        for (int i = 0; i < s->n_sizes; i++) {
            hb_buf_printf(out, "%s", i > 0 ? ", " : "");
            put_size(out, &s->size[i]);
        }
        hb_buf_printf(out, "]");
        if (s->max_raises >= 0)
            hb_buf_printf(out, ", max_raises: %d", s->max_raises);
        hb_buf_printf(out, ", limp: %s}\n", s->limp ? "true" : "false");
    }
}

static void put_cards(struct hb_buf *out, const struct hb_cards_spec *cards)
{
    hb_buf_printf(out, "cards:\n");
    for (int st = 0; st < HB_STREETS; st++) {
        if (!cards->street[st].given)
            continue;
        hb_buf_printf(out, "  %s: {plugin: ", street_names[st]);
        put_quoted(out, cards->street[st].plugin);
        hb_buf_printf(out, ", args: ");
        put_quoted(out, cards->street[st].args);
        hb_buf_printf(out, "}\n");
    }
}

void hb_config_format(const struct hb_config *c, struct hb_buf *out)
{
    char resolved[PATH_MAX];
    const struct hb_params *p = &c->params;

    hb_buf_printf(out, "game: ");
    put_quoted(out, realpath(c->game_path, resolved) != NULL ? resolved : c->game_path);
    hb_buf_printf(out, "\n");
    if (c->betting_given)
        put_betting(out, &c->betting);
    if (c->cards_given)
        put_cards(out, &c->cards);
    hb_buf_printf(out, "seed: %llu\n", (unsigned long long)p->seed);
    if (c->num_iterations > 0)
        hb_buf_printf(out, "num_iterations: %llu\n", (unsigned long long)c->num_iterations);
    if (c->time_budget_s > 0)
        hb_buf_printf(out, "time_budget_seconds: %.9g\n", c->time_budget_s);
    hb_buf_printf(out, "snapshot_interval_seconds: %.9g\nsnapshot_keep: %u\nnum_workers: %u\n",
                  c->snapshot_interval_s, c->snapshot_keep, c->num_workers);
    if (c->batch_size > 0)
        hb_buf_printf(out, "batch_size: %u\n", c->batch_size);
    if (p->round_cap > 0)
        hb_buf_printf(out, "round_size: %u\n", p->round_cap);
    hb_buf_printf(out, "sampling: external\ndiscount_mode: %s\ndiscount_interval: %u\n",
                  hb_discount_name(p->discount), p->discount_interval);
    hb_buf_printf(out, "enable_pruning: %s\npruning_threshold: %lld\npruning_probability: %.10g\n",
                  p->pruning ? "true" : "false", (long long)p->pruning_threshold,
                  (double)p->pruning_p32 / 4294967296.0);
}
