#define _XOPEN_SOURCE 700 /* realpath */

#include "run/config.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <limits.h>
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
#define MAX_RAISES         1000000 /* more than any street can have */

static const char *const street_names[HB_STREETS] = STREETS_NAMES;

/* ---- the YAML schema ---------------------------------------------------------------------------
 * Optional values are pointers: NULL means "not given". Numbers and words are texts here and read
 * by ourselves: libcyaml takes 1e6 for 1, -3 for 18446744073709551613 and any word for true. */

struct y_betting_street {
    char **sizes;
    unsigned sizes_count;
    char *max_raises;
    char *limp;
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
struct y_config {
    char *game;
    struct y_betting *betting;
    struct y_cards *cards;
    char *seed;
    char *num_iterations;
    char *time_budget_seconds;
    char *snapshot_interval_seconds;
    char *snapshot_keep;
    char *num_workers;
    char *batch_size;
    char *round_size;
    char *sampling;
    char *discount_mode;
    char *discount_interval;
    char *average_interval;
    char *enable_pruning;
    char *pruning_threshold;
    char *pruning_probability;
};

#define SCALAR(of, key)                                                                            \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, of, key, 0, 64)
static const cyaml_schema_value_t size_text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 32),
};
static const cyaml_schema_field_t betting_street_fields[] = {
    CYAML_FIELD_SEQUENCE("sizes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct y_betting_street,
                         sizes, &size_text, 0, HB_SIZES_MAX),
    SCALAR(struct y_betting_street, max_raises),
    SCALAR(struct y_betting_street, limp),
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
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define CONF     struct y_config
static const cyaml_schema_field_t config_fields[] = {
    CYAML_FIELD_STRING_PTR("game", CYAML_FLAG_POINTER, CONF, game, 1, HB_PATH_MAX - 1),
    CYAML_FIELD_MAPPING_PTR("betting", OPTIONAL, CONF, betting, betting_fields),
    CYAML_FIELD_MAPPING_PTR("cards", OPTIONAL, CONF, cards, cards_fields),
    SCALAR(CONF, seed),
    SCALAR(CONF, num_iterations),
    SCALAR(CONF, time_budget_seconds),
    SCALAR(CONF, snapshot_interval_seconds),
    SCALAR(CONF, snapshot_keep),
    SCALAR(CONF, num_workers),
    SCALAR(CONF, batch_size),
    SCALAR(CONF, round_size),
    SCALAR(CONF, sampling),
    SCALAR(CONF, discount_mode),
    SCALAR(CONF, discount_interval),
    SCALAR(CONF, average_interval),
    SCALAR(CONF, enable_pruning),
    SCALAR(CONF, pruning_threshold),
    SCALAR(CONF, pruning_probability),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct y_config, config_fields),
};

/* ---- loading ---- */

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
        return hb_fail(e, HB_ECONFIG, "'%s' is empty; it must name a game", path);
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

/* ---- values ------------------------------------------------------------------------------------
 * Each reader leaves *out as it is when the key was not given (value is NULL). */

/* "line 3: key: 'value' is not <want>". A NULL text: the line is not known. */
static int bad_value(const struct hb_buf *text, const char *key, const char *value,
                     const char *want, struct hb_err *e)
{
    int line = text != NULL ? line_of_key(text, key) : 0;

    if (line == 0)
        return hb_fail(e, HB_ECONFIG, "%s: '%s' is not %s", key, value, want);
    return hb_fail(e, HB_ECONFIG, "line %d: %s: '%s' is not %s", line, key, value, want);
}

static int read_whole(const struct hb_buf *text, const char *key, const char *value, uint64_t min,
                      uint64_t max, uint64_t *out, struct hb_err *e)
{
    unsigned long long v;
    char want[80];

    if (value == NULL)
        return HB_OK;
    errno = 0;
    v = strtoull(value, NULL, 10);
    if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' && errno == 0 && v >= min &&
        v <= max) {
        *out = v;
        return HB_OK;
    }
    (void)snprintf(want, sizeof want, "a whole number from %llu to %llu", (unsigned long long)min,
                   (unsigned long long)max);
    return bad_value(text, key, value, want, e);
}

static int read_u32(const struct hb_buf *text, const char *key, const char *value, uint32_t min,
                    uint32_t max, uint32_t *out, struct hb_err *e)
{
    uint64_t wide = *out;
    int rc = read_whole(text, key, value, min, max, &wide, e);

    *out = (uint32_t)wide;
    return rc;
}

static int read_real(const struct hb_buf *text, const char *key, const char *value, double max,
                     double *out, struct hb_err *e)
{
    char want[80];
    char *end;
    double v;

    if (value == NULL)
        return HB_OK;
    v = strtod(value, &end);
    if (value[0] != '\0' && value[strspn(value, "0123456789.eE+-")] == '\0' && *end == '\0' &&
        v >= 0.0 && v <= max) {
        *out = v;
        return HB_OK;
    }
    (void)snprintf(want, sizeof want, "a number from 0 to %g", max);
    return bad_value(text, key, value, want, e);
}

static int read_bool(const struct hb_buf *text, const char *key, const char *value, bool *out,
                     struct hb_err *e)
{
    static const char *const words[] = {"false", "true", "False", "True", "no", "yes", "off", "on"};

    if (value == NULL)
        return HB_OK;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i]) == 0) {
            *out = i % 2 == 1;
            return HB_OK;
        }
    return bad_value(text, key, value, "true or false", e);
}

/* The threshold of pruning, in chips: a negative whole number. */
static int read_threshold(const struct hb_buf *text, const char *value, int64_t *out,
                          struct hb_err *e)
{
    static const char key[] = "pruning_threshold";
    uint64_t chips = 0;

    if (value == NULL)
        return HB_OK;
    if (value[0] != '-' || read_whole(NULL, key, value + 1, 1, INT64_MAX, &chips, NULL) != HB_OK)
        return bad_value(text, key, value, "a negative whole number", e);
    *out = -(int64_t)chips;
    return HB_OK;
}

static int read_discount(const struct hb_buf *text, const char *value, enum hb_discount *out,
                         struct hb_err *e)
{
    static const enum hb_discount modes[] = {HB_DISCOUNT_NONE, HB_DISCOUNT_LINEAR, HB_DISCOUNT_DCFR,
                                             HB_DISCOUNT_PLUS};

    if (value == NULL)
        return HB_OK;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(value, hb_discount_name(modes[i])) == 0) {
            *out = modes[i];
            return HB_OK;
        }
    return bad_value(text, "discount_mode", value, "none, linear, dcfr or plus", e);
}

/* ---- taking ---- */

static int take_betting_street(const struct y_betting_street *from, struct hb_betting_street *to,
                               struct hb_err *e)
{
    uint32_t max_raises = 0;
    int rc;

    if ((rc = read_u32(NULL, "max_raises", from->max_raises, 0, MAX_RAISES, &max_raises, e)) !=
            HB_OK ||
        (rc = read_bool(NULL, "limp", from->limp, &to->limp, e)) != HB_OK)
        return rc;
    if (from->max_raises != NULL)
        to->max_raises = (int)max_raises;
    for (unsigned i = 0; i < from->sizes_count; i++)
        if ((rc = hb_bet_size_parse(from->sizes[i], &to->size[i], e)) != HB_OK)
            return rc;
    return HB_OK;
}

static int take_betting(const struct y_betting *y, struct hb_betting *b, struct hb_err *e)
{
    int rc;

    b->every_size = false;
    for (int st = 0; st < HB_STREETS; st++) {
        const struct y_betting_street *from = y->street[st];
        struct hb_betting_street *to = &b->street[st];

        if (from == NULL)
            continue;
        to->given = true;
        to->n_sizes = (int)from->sizes_count;
        rc = take_betting_street(from, to, e);
        if (rc != HB_OK)
            return hb_context(e, rc, "betting: %s", street_names[st]);
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
static uint32_t fraction32(double p)
{
    return p * 4294967296.0 >= 4294967295.0 ? UINT32_MAX : (uint32_t)(p * 4294967296.0 + 0.5);
}

static int take_run_keys(const struct y_config *y, const struct hb_buf *text, struct hb_config *c,
                         struct hb_err *e)
{
    int rc;

    if ((rc = read_whole(text, "num_iterations", y->num_iterations, 0, HB_TRAIN_ITERATIONS_MAX,
                         &c->num_iterations, e)) != HB_OK ||
        (rc = read_real(text, "time_budget_seconds", y->time_budget_seconds, HB_TRAIN_SECONDS_MAX,
                        &c->time_budget_s, e)) != HB_OK ||
        (rc = read_real(text, "snapshot_interval_seconds", y->snapshot_interval_seconds,
                        HB_TRAIN_SECONDS_MAX, &c->snapshot_interval_s, e)) != HB_OK ||
        (rc = read_u32(text, "snapshot_keep", y->snapshot_keep, 0, UINT32_MAX, &c->snapshot_keep,
                       e)) != HB_OK ||
        (rc = read_u32(text, "num_workers", y->num_workers, 0, HB_TRAIN_WORKERS_MAX,
                       &c->num_workers, e)) != HB_OK ||
        (rc = read_u32(text, "batch_size", y->batch_size, 0, HB_ROUND_MAX, &c->batch_size, e)) !=
            HB_OK)
        return rc;
    if (y->num_iterations == NULL && y->time_budget_seconds != NULL)
        c->num_iterations = 0;
    return HB_OK;
}

static int take_solver_keys(const struct y_config *y, const struct hb_buf *text,
                            struct hb_params *p, struct hb_err *e)
{
    double probability = 0.0;
    int rc;

    if (y->sampling != NULL && strcmp(y->sampling, "external") != 0)
        return bad_value(text, "sampling", y->sampling, "external", e);
    if ((rc = read_whole(text, "seed", y->seed, 0, UINT64_MAX, &p->seed, e)) != HB_OK ||
        (rc = read_u32(text, "round_size", y->round_size, 0, HB_ROUND_MAX, &p->round_cap, e)) !=
            HB_OK ||
        (rc = read_discount(text, y->discount_mode, &p->discount, e)) != HB_OK ||
        (rc = read_u32(text, "discount_interval", y->discount_interval, 1, UINT32_MAX,
                       &p->discount_interval, e)) != HB_OK ||
        (rc = read_u32(text, "average_interval", y->average_interval, 1, UINT32_MAX,
                       &p->average_interval, e)) != HB_OK ||
        (rc = read_bool(text, "enable_pruning", y->enable_pruning, &p->pruning, e)) != HB_OK ||
        (rc = read_threshold(text, y->pruning_threshold, &p->pruning_threshold, e)) != HB_OK ||
        (rc = read_real(text, "pruning_probability", y->pruning_probability, 1.0, &probability,
                        e)) != HB_OK)
        return rc;
    if (y->pruning_probability != NULL)
        p->pruning_p32 = fraction32(probability);
    return HB_OK;
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
    c->params.average_interval = 1;
    c->params.pruning = false;
    c->params.pruning_threshold = -300000;
    c->params.pruning_p32 = 4080218931u; /* 0.95 */
    c->num_iterations = DEFAULT_ITERATIONS;
    c->snapshot_interval_s = 180.0;
    c->snapshot_keep = 3;
}

static int take_all(const struct y_config *y, const struct hb_buf *text, const char *path,
                    struct hb_config *c, struct hb_err *e)
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
    if (rc == HB_OK && (rc = take_run_keys(y, text, c, e)) == HB_OK)
        rc = take_solver_keys(y, text, &c->params, e);
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
        rc = take_all(y, &text, path, c, e);
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

/* ---- writing it back ---- */

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
    /* 0 is said too: left out, another default would stand for it */
    hb_buf_printf(out, "num_iterations: %llu\ntime_budget_seconds: %.9g\n",
                  (unsigned long long)c->num_iterations, c->time_budget_s);
    hb_buf_printf(out, "snapshot_interval_seconds: %.9g\nsnapshot_keep: %u\nnum_workers: %u\n",
                  c->snapshot_interval_s, c->snapshot_keep, c->num_workers);
    hb_buf_printf(out,
                  "batch_size: %u\nround_size: %u\n"
                  "sampling: external\ndiscount_mode: %s\ndiscount_interval: %u\n"
                  "average_interval: %u\n",
                  c->batch_size, p->round_cap, hb_discount_name(p->discount), p->discount_interval,
                  p->average_interval);
    hb_buf_printf(out, "enable_pruning: %s\npruning_threshold: %lld\npruning_probability: %.10g\n",
                  p->pruning ? "true" : "false", (long long)p->pruning_threshold,
                  (double)p->pruning_p32 / 4294967296.0);
}
