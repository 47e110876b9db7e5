#include "run/report.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "solver/spec.h"

#define LINE_MAX_BYTES (1u << 20)
#define READ_STEP      (64u << 10)
#define WARM_UP_SHARE  0.1
#define WARM_UP_MIN_S  5.0

/* A line of the file: numbers as they stand there, lists as their sums. */
struct sample {
    double started; /* of the process, to tell sessions apart; 0: an older hb-train */
    double t, iteration, nodes, cpu_s, workers, pss, tasks, bytes_per_task;
    double merge_s, checkpoint_s, barrier_s, learning_s, workers_cpu_s, mergers_cpu_s;
    double calibration_per_s, voluntary, involuntary;
    double change, change_iterations, visited, pruned, saturated;
    double iter_per_s, nodes_per_cpu_s, cpu_before_s; /* where the first line began */
};

struct samples {
    struct sample *at; /* owned */
    size_t n, cap;
    uint64_t n_bad;
};

/* ---- reading ---- */

static const struct field {
    const char *key;
    size_t at; /* in struct sample */
    bool needed;
} fields[] = {
    {"started", offsetof(struct sample, started), false},
    {"t", offsetof(struct sample, t), true},
    {"iteration", offsetof(struct sample, iteration), true},
    {"nodes", offsetof(struct sample, nodes), true},
    {"cpu_s", offsetof(struct sample, cpu_s), true},
    {"workers", offsetof(struct sample, workers), true},
    {"pss_bytes", offsetof(struct sample, pss), true},
    {"tasks", offsetof(struct sample, tasks), true},
    {"bytes_per_task", offsetof(struct sample, bytes_per_task), true},
    {"merge_s", offsetof(struct sample, merge_s), true},
    {"checkpoint_s", offsetof(struct sample, checkpoint_s), true},
    {"barrier_s", offsetof(struct sample, barrier_s), true},
    {"learning_s", offsetof(struct sample, learning_s), false},
    {"workers_cpu_s", offsetof(struct sample, workers_cpu_s), true},
    {"mergers_cpu_s", offsetof(struct sample, mergers_cpu_s), true},
    {"calibration_per_s", offsetof(struct sample, calibration_per_s), true},
    {"ctx_voluntary", offsetof(struct sample, voluntary), false},
    {"ctx_involuntary", offsetof(struct sample, involuntary), false},
    {"change", offsetof(struct sample, change), false},
    {"change_iterations", offsetof(struct sample, change_iterations), false},
    {"visited", offsetof(struct sample, visited), false},
    {"pruned", offsetof(struct sample, pruned), false},
    {"saturated", offsetof(struct sample, saturated), false},
    {"iter_per_s", offsetof(struct sample, iter_per_s), false},
    {"nodes_per_cpu_s", offsetof(struct sample, nodes_per_cpu_s), false},
    {"cpu_before_s", offsetof(struct sample, cpu_before_s), false},
};

static double number_of(const json_t *v)
{
    double sum = 0.0;

    if (!json_is_array(v))
        return json_number_value(v);
    for (size_t i = 0; i < json_array_size(v); i++)
        sum += json_number_value(json_array_get(v, i));
    return sum;
}

/* False when it is no line of metrics; *missing names what an older hb-train did not write. */
static bool parse_line(const char *text, size_t len, struct sample *s, const char **missing)
{
    json_t *line = json_loadb(text, len, 0, NULL);
    bool good = json_is_object(line) && json_object_get(line, "iteration") != NULL;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; good && i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *v = json_object_get(line, fields[i].key);
        double x;

        if (v == NULL && fields[i].needed)
            *missing = fields[i].key;
        if (v == NULL)
            continue;
        if (!json_is_number(v) && !json_is_array(v)) {
            good = false;
            break;
        }
        x = number_of(v);
        memcpy((char *)s + fields[i].at, &x, sizeof x);
    }
    json_decref(line);
    return good;
}

static int add_line(struct samples *all, const char *text, size_t len, const char **missing,
                    struct hb_err *e)
{
    int rc;

    if (len == 0)
        return HB_OK;
    if (all->n == all->cap) {
        size_t cap = all->cap > 0 ? 2 * all->cap : 1024;

        if ((rc = hb_mem_grow(&all->at, cap, sizeof *all->at, "lines of metrics", e)) != HB_OK)
            return rc;
        all->cap = cap;
    }
    if (parse_line(text, len, &all->at[all->n], missing))
        all->n++;
    else
        all->n_bad++;
    return HB_OK;
}

/* Whole lines in `in` are taken and leave it; at the end the rest is one. */
static int take_lines(struct samples *all, struct hb_buf *in, bool end, const char **missing,
                      struct hb_err *e)
{
    size_t used = 0;
    int rc = HB_OK;

    while (rc == HB_OK && used < in->len) {
        const char *line = (const char *)in->data + used;
        const char *stop = memchr(line, '\n', in->len - used);

        if (stop == NULL && !end)
            break;
        rc = add_line(all, line, stop != NULL ? (size_t)(stop - line) : in->len - used, missing, e);
        used = stop != NULL ? (size_t)(stop + 1 - (const char *)in->data) : in->len;
    }
    memmove(in->data, in->data + used, in->len - used);
    in->len -= used;
    if (rc == HB_OK && in->len > LINE_MAX_BYTES)
        return hb_fail(e, HB_EFORMAT, "a line of more than %u bytes", LINE_MAX_BYTES);
    return rc;
}

static int read_lines(int fd, const char *path, struct samples *all, const char **missing,
                      struct hb_err *e)
{
    struct hb_buf in = {0};
    size_t got = 0;
    int rc = HB_OK;

    while (rc == HB_OK) {
        uint8_t *room = hb_buf_room(&in, READ_STEP);

        if (room == NULL) {
            rc = hb_buf_check(&in, e);
            break;
        }
        rc = hb_io_read_some(fd, room, READ_STEP, &got, path, e);
        in.len -= rc == HB_OK ? READ_STEP - got : READ_STEP;
        if (rc == HB_OK || rc == HB_EOF) {
            int taken = take_lines(all, &in, rc == HB_EOF, missing, e);

            rc = taken != HB_OK ? taken : rc;
        }
    }
    hb_buf_fini(&in);
    return rc == HB_EOF ? HB_OK : rc;
}

static int read_file(const char *path, struct samples *all, struct hb_err *e)
{
    char inside[HB_PATH_MAX];
    const char *missing = NULL;
    struct stat st;
    int fd;
    int rc;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (snprintf(inside, sizeof inside, "%s/metrics.jsonl", path) >= (int)sizeof inside)
            return hb_fail(e, HB_ENOINPUT, "the path of '%s' is too long", path);
        path = inside;
    }
    if ((rc = hb_io_open_read(path, &fd, e)) != HB_OK)
        return rc;
    rc = read_lines(fd, path, all, &missing, e);
    (void)close(fd); /* only read */
    if (rc == HB_OK && all->n == 0)
        rc = hb_fail(e, HB_EFORMAT, "'%s' has no line of metrics", path);
    if (rc == HB_OK && missing != NULL)
        rc = hb_fail(e, HB_EFORMAT, "'%s' does not have '%s': it is of an older hb-train", path,
                     missing);
    return rc == HB_OK ? rc : hb_context_name(e, rc, "metrics", path);
}

/* ---- sessions ---- */

static bool begins_session(const struct samples *all, size_t i)
{
    return i == 0 || all->at[i].started != all->at[i - 1].started ||
           all->at[i].t < all->at[i - 1].t;
}

/* Lines [*from, *to) of the session asked for. */
static int choose_session(const struct samples *all, uint32_t session, size_t *from, size_t *to,
                          struct hb_report *out, struct hb_err *e)
{
    uint32_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        n += begins_session(all, i);
    out->n_sessions = n;
    out->session = session > 0 ? session : n;
    if (out->session > n)
        return hb_fail(e, HB_EFORMAT, "there %s %u session%s, no %u", n == 1 ? "is" : "are", n,
                       n == 1 ? "" : "s", session);
    *from = *to = 0;
    n = 0;
    for (size_t i = 0; i < all->n; i++) {
        n += begins_session(all, i);
        if (n < out->session)
            *from = i + 1;
        if (n <= out->session)
            *to = i + 1;
    }
    return HB_OK;
}

/* ---- sums over stretches of time ---- */

struct sums {
    double span, iterations, nodes, cpu_s, workers_cpu_s, mergers_cpu_s, tasks, bytes;
    double n_pieces, pieces_s, pss_span;
    double merge_s, barrier_s, checkpoint_s, learning_s, voluntary, involuntary;
};

/* What a counter went up by; it begins at 0 again when processes were lost. */
static double rise(double before, double now)
{
    return now >= before ? now - before : now;
}

static void add_interval(struct sums *s, const struct sample *a, const struct sample *b)
{
    const double tasks = rise(a->tasks, b->tasks);

    s->span += b->t - a->t;
    s->iterations += b->iteration > a->iteration ? b->iteration - a->iteration : 0.0;
    s->nodes += b->nodes > a->nodes ? b->nodes - a->nodes : 0.0;
    s->cpu_s += rise(a->cpu_s, b->cpu_s);
    s->workers_cpu_s += rise(a->workers_cpu_s, b->workers_cpu_s);
    s->mergers_cpu_s += rise(a->mergers_cpu_s, b->mergers_cpu_s);
    s->tasks += tasks;
    s->bytes += tasks * b->bytes_per_task;
    if (b->calibration_per_s > 0.0) {
        s->n_pieces += 1.0;
        s->pieces_s += 1.0 / b->calibration_per_s;
    }
    s->pss_span += b->pss * (b->t - a->t);
    s->merge_s += rise(a->merge_s, b->merge_s);
    s->barrier_s += rise(a->barrier_s, b->barrier_s);
    s->checkpoint_s += rise(a->checkpoint_s, b->checkpoint_s);
    s->learning_s += rise(a->learning_s, b->learning_s);
    s->voluntary += rise(a->voluntary, b->voluntary);
    s->involuntary += rise(a->involuntary, b->involuntary);
}

static double over(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

static double quantity(const struct sums *s, enum hb_report_quantity q)
{
    switch (q) {
    case HB_REPORT_RATE: return over(s->iterations, s->span);
    case HB_REPORT_SPEED: return over(s->nodes, s->workers_cpu_s);
    case HB_REPORT_CALIBRATION: return over(s->n_pieces, s->pieces_s);
    case HB_REPORT_NORMALISED:
        return over(over(s->nodes, s->workers_cpu_s), over(s->n_pieces, s->pieces_s));
    case HB_REPORT_LENGTH: return over(s->nodes, s->iterations);
    case HB_REPORT_MEMORY: return over(s->pss_span, s->span);
    case HB_REPORT_BYTES: return over(s->bytes, s->tasks);
    case HB_REPORT_PER_NODE: return over(s->bytes, s->nodes);
    case HB_REPORT_QUANTITIES:
    default: return 0.0;
    }
}

/* Sums over the intervals whose middle lies in [from, to). */
static struct sums sum_between(const struct sample *s, size_t n, double from, double to)
{
    struct sums all = {0};

    for (size_t i = 1; i < n; i++) {
        const double middle = 0.5 * (s[i - 1].t + s[i].t);

        if (middle >= from && middle < to)
            add_interval(&all, &s[i - 1], &s[i]);
    }
    return all;
}

/* ---- the line ---- */

struct fit {
    double slope, slope_se;
};

/* Least squares of y over x; the standard error needs three points. */
static struct fit fit_line(const double *x, const double *y, int n)
{
    double mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0, rest = 0.0;
    struct fit f = {0.0, 0.0};

    for (int i = 0; i < n; i++) {
        mx += x[i] / n;
        my += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        sxx += (x[i] - mx) * (x[i] - mx);
        sxy += (x[i] - mx) * (y[i] - my);
    }
    if (n < 3 || sxx <= 0.0)
        return f;
    f.slope = sxy / sxx;
    for (int i = 0; i < n; i++) {
        const double d = y[i] - my - f.slope * (x[i] - mx);

        rest += d * d;
    }
    f.slope_se = sqrt(rest / (n - 2) / sxx);
    return f;
}

struct stretch {
    const struct sample *s;
    size_t n;
    double from, to;
    struct sums bin[HB_REPORT_BINS];
    int n_bins;
};

static void fill_bins(struct stretch *w)
{
    const double width = (w->to - w->from) / w->n_bins;

    memset(w->bin, 0, sizeof w->bin);
    for (size_t i = 1; i < w->n; i++) {
        const double middle = 0.5 * (w->s[i - 1].t + w->s[i].t);
        const double at = (middle - w->from) / width; /* the file may say any time */
        const int k = !(at > 0.0) ? 0 : at >= w->n_bins ? w->n_bins - 1 : (int)at;

        add_interval(&w->bin[k], &w->s[i - 1], &w->s[i]);
    }
}

static struct hb_report_trend trend_of(const struct stretch *w, enum hb_report_quantity q)
{
    const double span = w->to - w->from;
    const double width = span / w->n_bins;
    struct sums all = sum_between(w->s, w->n, w->from, w->to);
    struct sums first = sum_between(w->s, w->n, w->from, w->from + 0.1 * span);
    struct sums last = sum_between(w->s, w->n, w->to - 0.1 * span, w->to);
    struct hb_report_trend t = {
        .mean = quantity(&all, q), .first = quantity(&first, q), .last = quantity(&last, q)};
    double x[HB_REPORT_BINS];
    double y[HB_REPORT_BINS];
    struct fit f;
    int n = 0;

    for (int i = 0; i < w->n_bins; i++)
        if (w->bin[i].span > 0.0) {
            x[n] = (i + 0.5) * width;
            y[n++] = quantity(&w->bin[i], q);
        }
    f = fit_line(x, y, n);
    t.change = t.first > 0.0 ? t.last / t.first - 1.0 : 0.0;
    t.slope = f.slope;
    t.slope_se = f.slope_se;
    t.drift = over(f.slope * span, t.mean);
    t.drift_se = over(f.slope_se * span, t.mean);
    return t;
}

/* ---- verdicts ---- */

static double magnitude(double v)
{
    return v < 0.0 ? -v : v;
}

/* Both ways, as far as the noise lets one tell; what stood still has no change, but is not flat. */
static enum hb_report_verdict judge_speed(const struct hb_report_trend *t, double tolerance)
{
    if (t->first <= 0.0 || magnitude(t->change) > tolerance || magnitude(t->drift) > tolerance)
        return HB_REPORT_DRIFTS;
    return 2.0 * t->drift_se > tolerance ? HB_REPORT_UNSURE : HB_REPORT_FLAT;
}

/* Less is no fault. */
static enum hb_report_verdict judge_size(const struct hb_report_trend *t, double tolerance,
                                         double slack)
{
    const double grown = t->last - t->first;

    return grown > tolerance * t->first && grown > slack ? HB_REPORT_DRIFTS : HB_REPORT_FLAT;
}

static void judge(struct hb_report *r)
{
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        r->verdict[q] = HB_REPORT_UNJUDGED;
    if (r->too_short)
        return;
    r->verdict[HB_REPORT_NORMALISED] = judge_speed(&r->trend[HB_REPORT_NORMALISED], r->tolerance);
    r->verdict[HB_REPORT_MEMORY] =
        judge_size(&r->trend[HB_REPORT_MEMORY], r->tolerance, HB_REPORT_SLACK);
    /* per node, for tasks become longer while the strategy learns to play more hands out */
    r->verdict[HB_REPORT_PER_NODE] = judge_size(&r->trend[HB_REPORT_PER_NODE], r->tolerance, 0.0);
    r->flat = true;
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        r->flat &= r->verdict[q] == HB_REPORT_FLAT || r->verdict[q] == HB_REPORT_UNJUDGED;
}

/* ---- the report ---- */

static void put_time(const struct sums *s, struct hb_report *out)
{
    const double waiting = s->merge_s + s->barrier_s + s->checkpoint_s + s->learning_s;

    out->merge = over(s->merge_s, s->span);
    out->barrier = over(s->barrier_s, s->span);
    out->checkpoint = over(s->checkpoint_s, s->span);
    out->learning = over(s->learning_s, s->span);
    out->walking = over(s->span - waiting, s->span);
    out->workers_cpu = over(s->workers_cpu_s, s->span);
    out->mergers_cpu = over(s->mergers_cpu_s, s->span);
    out->trainer_cpu = over(s->cpu_s - s->workers_cpu_s - s->mergers_cpu_s, s->span);
    out->ctx_voluntary = over(s->voluntary, s->span * out->workers);
    out->ctx_involuntary = over(s->involuntary, s->span * out->workers);
    out->ctx_per_task = over(s->voluntary, s->tasks);
}

/* The file may say anything. */
static uint64_t count_of(double v)
{
    return v > 0.0 ? v < 1e18 ? (uint64_t)v : UINT64_C(1000000000000000000) : 0;
}

/* The lines of a session from the one at the end of its warm-up on. */
static int report_on(const struct sample *s, size_t n, struct hb_report *out, struct hb_err *e)
{
    struct stretch w = {.s = s, .n = n, .n_bins = HB_REPORT_BINS};
    struct sums all;

    if (n < 2)
        return hb_fail(e, HB_EFORMAT,
                       "too short: no interval after a warm-up of %.0f s; %d are needed for a "
                       "verdict",
                       out->warm_up_s, HB_REPORT_INTERVALS);
    if (s[n - 1].workers_cpu_s <= 0.0 && !out->too_short)
        return hb_fail(e, HB_EFORMAT, "this system did not tell the workers' processor time");
    w.from = s[0].t;
    w.to = s[n - 1].t;
    if (!(w.to > w.from))
        return hb_fail(e, HB_EFORMAT, "no time passes from its first interval to its last");
    if ((size_t)w.n_bins > (n - 1) / 2)
        w.n_bins = n > 2 ? (int)((n - 1) / 2) : 1;
    out->n_intervals = (uint32_t)(n - 1);
    out->workers = (uint32_t)count_of(s[n - 1].workers);
    out->first_iteration = count_of(s[0].iteration);
    out->last_iteration = count_of(s[n - 1].iteration);
    fill_bins(&w);
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        out->trend[q] = trend_of(&w, (enum hb_report_quantity)q);
    all = sum_between(s, n, w.from, w.to);
    put_time(&all, out);
    out->change_first = s[0].change;
    out->change = s[n - 1].change;
    out->change_iterations = count_of(s[n - 1].change_iterations);
    out->visited = s[n - 1].visited;
    out->pruned = s[n - 1].pruned;
    out->saturated = s[n - 1].saturated;
    judge(out);
    return HB_OK;
}

/* Where a session began, as far as its first line tells; its counters began at 0 there. */
static struct sample start_of(const struct sample *first)
{
    const double iterations = first->iter_per_s * first->t;
    const double nodes = first->nodes_per_cpu_s * first->workers_cpu_s;
    struct sample s = {.started = first->started, .workers = first->workers};

    s.iteration = first->iteration > iterations ? first->iteration - iterations : 0.0;
    s.nodes = first->nodes > nodes ? first->nodes - nodes : 0.0;
    s.cpu_s = first->cpu_before_s > 0.0
                  ? first->cpu_before_s
                  : first->cpu_s - first->workers_cpu_s - first->mergers_cpu_s;
    s.change = first->change;
    return s;
}

/* All lines of a session that is too short for a warm-up, from its start on if that is known. */
static int report_all(const struct sample *s, size_t n, struct hb_report *out, struct hb_err *e)
{
    struct sample *all = NULL;
    int rc;

    out->warm_up_s = 0.0;
    if (n == 0 || s[0].iter_per_s <= 0.0)
        return report_on(s, n, out, e);
    if ((rc = hb_mem_new(&all, n + 1, sizeof *all, "lines of metrics", e)) != HB_OK)
        return rc;
    all[0] = start_of(&s[0]);
    memcpy(all + 1, s, n * sizeof *s);
    rc = report_on(all, n + 1, out, e);
    hb_mem_free(all);
    return rc;
}

/* The lines of a session, with or without its warm-up. */
static int report_session(const struct sample *s, size_t n, const struct hb_report_options *o,
                          struct hb_report *out, struct hb_err *e)
{
    size_t from = 0;

    out->seconds = s[n - 1].t;
    out->warm_up_s = o->warm_up_s;
    if (o->warm_up_s < 0.0) {
        out->warm_up_s = WARM_UP_SHARE * out->seconds;
        if (out->warm_up_s < WARM_UP_MIN_S)
            out->warm_up_s = WARM_UP_MIN_S;
    }
    while (from < n && s[from].t < out->warm_up_s)
        from++;
    out->too_short = n - from < HB_REPORT_INTERVALS + 1;
    if (out->too_short && o->warm_up_s < 0.0)
        return report_all(s, n, out, e);
    return report_on(s + from, n - from, out, e);
}

int hb_report_read(const char *path, const struct hb_report_options *o, struct hb_report *out,
                   struct hb_err *e)
{
    struct samples all = {0};
    size_t from = 0;
    size_t to = 0;
    int rc;

    memset(out, 0, sizeof *out);
    out->tolerance = o->tolerance;
    if ((rc = read_file(path, &all, e)) == HB_OK &&
        (rc = choose_session(&all, o->session, &from, &to, out, e)) == HB_OK) {
        out->n_bad_lines = all.n_bad;
        if ((rc = report_session(all.at + from, to - from, o, out, e)) != HB_OK)
            (void)hb_context(e, rc, "'%s'", path);
    }
    hb_mem_free(all.at);
    return rc;
}

/* ---- names ---- */

static const struct {
    const char *title, *key;
} names[HB_REPORT_QUANTITIES] = {
    {"iterations/s", "iter_per_s"},
    {"nodes/worker CPU-s", "nodes_per_cpu_s"},
    {"calibration/CPU-s", "calibration"},
    {"nodes, normalised", "normalised"},
    {"nodes/iteration", "nodes_per_iteration"},
    {"memory, bytes", "pss_bytes"},
    {"bytes/task", "bytes_per_task"},
    {"bytes/node", "bytes_per_node"},
};

const char *hb_report_title(enum hb_report_quantity q)
{
    return names[q].title;
}

const char *hb_report_key(enum hb_report_quantity q)
{
    return names[q].key;
}

const char *hb_report_word(enum hb_report_verdict v)
{
    static const char *const words[] = {"flat", "drifts", "unsure", ""};

    return words[v];
}
