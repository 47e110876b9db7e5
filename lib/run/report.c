#include "run/report.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "run/samples.h"

#define WARM_UP_SHARE 0.1
#define WARM_UP_MIN_S 5.0
#define MEMORY_SHARE  0.2 /* of the tolerance: a table does not grow, and a leak is small at first */

/* ---- sessions ---- */

static bool begins_session(const struct hb_samples *all, size_t i)
{
    return i == 0 || all->at[i].started != all->at[i - 1].started ||
           all->at[i].t < all->at[i - 1].t;
}

/* Lines [*from, *to) of the session asked for. */
static int choose_session(const struct hb_samples *all, uint32_t session, size_t *from, size_t *to,
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
    double n_pauses;                   /* intervals in which a checkpoint was saved */
    double trained_nodes, trained_cpu; /* in the others */
};

/* What a counter went up by; it begins at 0 again when processes were lost. */
static double rise(double before, double now)
{
    return now >= before ? now - before : now;
}

static void add_interval(struct sums *s, const struct hb_sample *a, const struct hb_sample *b)
{
    const double tasks = rise(a->tasks, b->tasks);
    const double nodes = b->nodes > a->nodes ? b->nodes - a->nodes : 0.0;
    const double cpu_s = rise(a->cpu_s, b->cpu_s);
    const double saving = rise(a->checkpoint_s, b->checkpoint_s);

    s->span += b->t - a->t;
    s->iterations += b->iteration > a->iteration ? b->iteration - a->iteration : 0.0;
    s->nodes += nodes;
    s->cpu_s += cpu_s;
    s->checkpoint_s += saving;
    if (saving > 0.0) {
        s->n_pauses += 1.0;
    } else {
        s->trained_nodes += nodes;
        s->trained_cpu += cpu_s;
    }
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
    s->learning_s += rise(a->learning_s, b->learning_s);
    s->voluntary += rise(a->voluntary, b->voluntary);
    s->involuntary += rise(a->involuntary, b->involuntary);
}

static double over(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

/* Where workers walk, as a share of the time in which nothing is saved. */
static double walking(const struct sums *s)
{
    const double training = s->span - s->checkpoint_s;

    return over(training - s->merge_s - s->barrier_s - s->learning_s, training);
}

static double quantity(const struct sums *s, enum hb_report_quantity q)
{
    const double calibration = over(s->n_pieces, s->pieces_s);

    switch (q) {
    case HB_REPORT_RATE: return over(s->iterations, s->span);
    case HB_REPORT_SPEED: return over(s->nodes, s->workers_cpu_s);
    case HB_REPORT_CALIBRATION: return calibration;
    case HB_REPORT_NORMALISED: return over(over(s->nodes, s->workers_cpu_s), calibration);
    case HB_REPORT_ALL: return over(over(s->trained_nodes, s->trained_cpu), calibration);
    case HB_REPORT_WALKING: return walking(s);
    case HB_REPORT_LENGTH: return over(s->nodes, s->iterations);
    case HB_REPORT_MEMORY: return over(s->pss_span, s->span);
    case HB_REPORT_BYTES: return over(s->bytes, s->tasks);
    case HB_REPORT_PER_NODE: return over(s->bytes, s->nodes);
    case HB_REPORT_QUANTITIES:
    default: return 0.0;
    }
}

/* Is there anything to make the quantity of? */
static bool known(const struct sums *s, enum hb_report_quantity q)
{
    if (q == HB_REPORT_ALL)
        return s->trained_cpu > 0.0;
    return s->span > 0.0;
}

/* Sums over the intervals whose middle lies in [from, to). */
static struct sums sum_between(const struct hb_sample *s, size_t n, double from, double to)
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
    double deviation; /* of a point from the line */
};

/* Least squares of y over x; the errors need three points. */
static struct fit fit_line(const double *x, const double *y, int n)
{
    double mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0, rest = 0.0;
    struct fit f = {0.0, 0.0, 0.0};

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
    f.deviation = sqrt(rest / (n - 2));
    f.slope_se = f.deviation / sqrt(sxx);
    return f;
}

struct stretch {
    const struct hb_sample *s;
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

/* How many points of the line a tenth of the time has. */
static double bins_of_a_tenth(const struct stretch *w)
{
    return w->n_bins > 10 ? 0.1 * w->n_bins : 1.0;
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
        if (known(&w->bin[i], q)) {
            x[n] = (i + 0.5) * width;
            y[n++] = quantity(&w->bin[i], q);
        }
    f = fit_line(x, y, n);
    if (t.first > 0.0 && known(&last, q)) {
        t.change = t.last / t.first - 1.0;
        t.change_se = f.deviation * sqrt(2.0 / bins_of_a_tenth(w)) / t.first;
    }
    t.slope = f.slope;
    t.slope_se = f.slope_se;
    t.drift = over(f.slope * span, t.mean);
    t.drift_se = over(f.slope_se * span, t.mean);
    return t;
}

/* ---- verdicts ---- */

enum direction { FALLS, BOTH, RISES }; /* which change is a fault */

/* How far it goes the wrong way. */
static double fault_of(double change, enum direction wrong)
{
    if (wrong == BOTH)
        return change < 0.0 ? -change : change;
    return wrong == FALLS ? -change : change;
}

/* As far as the noise lets one tell. */
static enum hb_report_verdict judge_trend(const struct hb_report_trend *t, enum direction wrong,
                                          double tolerance)
{
    const double change = fault_of(t->change, wrong);
    const double drift = fault_of(t->drift, wrong);

    if ((change > tolerance && change > 2.0 * t->change_se) ||
        (drift > tolerance && drift > 2.0 * t->drift_se))
        return HB_REPORT_DRIFTS;
    if (change > tolerance || drift > tolerance || 2.0 * t->drift_se > tolerance)
        return HB_REPORT_UNSURE;
    return HB_REPORT_FLAT;
}

/* What stood still has no change, but is not flat; without calibration nobody knows. */
static enum hb_report_verdict judge_speed(const struct hb_report *r)
{
    const struct hb_report_trend *calibration = &r->trend[HB_REPORT_CALIBRATION];

    if (r->trend[HB_REPORT_SPEED].first <= 0.0)
        return HB_REPORT_DRIFTS;
    if (calibration->first <= 0.0 || calibration->last <= 0.0)
        return HB_REPORT_UNSURE;
    return judge_trend(&r->trend[HB_REPORT_NORMALISED], BOTH, r->tolerance);
}

static enum hb_report_verdict judge_memory(const struct hb_report_trend *t, double tolerance)
{
    const double grown = t->last - t->first;

    return grown > tolerance * t->first && grown > HB_REPORT_SLACK ? HB_REPORT_DRIFTS
                                                                   : HB_REPORT_FLAT;
}

/* What longer pauses take more of the time than pauses like the first ones would. */
static enum hb_report_verdict judge_pauses(const struct hb_report_pauses *p, double seconds,
                                           double tolerance)
{
    if (p->first_half_s <= 0.0 || p->last_half_s <= 0.0)
        return HB_REPORT_UNJUDGED;
    return (p->last_half_s - p->first_half_s) * p->n > tolerance * seconds ? HB_REPORT_DRIFTS
                                                                           : HB_REPORT_FLAT;
}

static bool is_fine(enum hb_report_verdict v)
{
    return v == HB_REPORT_FLAT || v == HB_REPORT_UNJUDGED;
}

static void judge(struct hb_report *r, double seconds)
{
    enum hb_report_verdict *v = r->verdict;

    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        v[q] = HB_REPORT_UNJUDGED;
    r->pauses.verdict = HB_REPORT_UNJUDGED;
    if (r->too_short)
        return;
    v[HB_REPORT_NORMALISED] = judge_speed(r);
    if (r->trend[HB_REPORT_ALL].mean > 0.0)
        v[HB_REPORT_ALL] = judge_trend(&r->trend[HB_REPORT_ALL], FALLS, r->tolerance);
    v[HB_REPORT_WALKING] = judge_trend(&r->trend[HB_REPORT_WALKING], FALLS, r->tolerance);
    v[HB_REPORT_MEMORY] = judge_memory(&r->trend[HB_REPORT_MEMORY], MEMORY_SHARE * r->tolerance);
    /* per node, for tasks become longer while the strategy learns to play more hands out */
    v[HB_REPORT_PER_NODE] = judge_trend(&r->trend[HB_REPORT_PER_NODE], RISES, r->tolerance);
    r->pauses.verdict = judge_pauses(&r->pauses, seconds, r->tolerance);
    r->flat = is_fine(r->pauses.verdict);
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        r->flat &= is_fine(v[q]);
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

static void put_pauses(const struct stretch *w, struct hb_report *out)
{
    const double middle = 0.5 * (w->from + w->to);
    const struct sums first = sum_between(w->s, w->n, w->from, middle);
    const struct sums last = sum_between(w->s, w->n, middle, w->to);

    out->pauses.n = (uint32_t)(first.n_pauses + last.n_pauses);
    out->pauses.mean_s = over(first.checkpoint_s + last.checkpoint_s, out->pauses.n);
    out->pauses.first_half_s = over(first.checkpoint_s, first.n_pauses);
    out->pauses.last_half_s = over(last.checkpoint_s, last.n_pauses);
}

/* The file may say anything. */
static uint64_t count_of(double v)
{
    return v > 0.0 ? v < 1e18 ? (uint64_t)v : UINT64_C(1000000000000000000) : 0;
}

/* The lines of a session from the one at the end of its warm-up on. */
static int report_on(const struct hb_sample *s, size_t n, struct hb_report *out, struct hb_err *e)
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
    put_pauses(&w, out);
    out->changed = s[0].looked_at != s[n - 1].looked_at;
    out->change_first = s[0].change;
    out->change = s[n - 1].change;
    out->change_iterations = count_of(s[n - 1].change_iterations);
    out->visited = s[n - 1].visited;
    out->pruned = s[n - 1].pruned;
    out->saturated = s[n - 1].saturated;
    judge(out, w.to - w.from);
    return HB_OK;
}

/* The nearest count: rates have nine digits. */
static double whole(double v)
{
    return (double)count_of(v + 0.5);
}

static bool tells_start(const struct hb_sample *first)
{
    return first->iter_per_s > 0.0;
}

/* Where a session began, as far as its first line tells; its counters began at 0 there. */
static struct hb_sample start_of(const struct hb_sample *first)
{
    const double iterations = first->iter_per_s * first->t;
    const double nodes = first->nodes_per_cpu_s * first->workers_cpu_s;
    struct hb_sample s = {.started = first->started, .workers = first->workers};

    s.iteration = whole(first->iteration - iterations);
    s.nodes = whole(first->nodes - nodes);
    s.cpu_s = first->cpu_before_s > 0.0
                  ? first->cpu_before_s
                  : first->cpu_s - first->workers_cpu_s - first->mergers_cpu_s;
    s.change = first->change;
    s.looked_at = first->looked_at;
    return s;
}

/* All lines of a session, from its start on if that is known. */
static int report_all(const struct hb_sample *s, size_t n, struct hb_report *out, struct hb_err *e)
{
    struct hb_sample *all = NULL;
    int rc;

    out->warm_up_s = 0.0;
    if (!tells_start(&s[0]))
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
static int report_session(const struct hb_sample *s, size_t n, const struct hb_report_options *o,
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
    if (o->warm_up_s < 0.0 && out->too_short)
        return report_all(s, n, out, e);
    if (out->warm_up_s <= 0.0) {
        out->too_short = n + (tells_start(&s[0]) ? 1 : 0) < HB_REPORT_INTERVALS + 1;
        return report_all(s, n, out, e);
    }
    return report_on(s + from, n - from, out, e);
}

/* Older programs did not write all that is judged. */
static int check_session(const struct hb_sample *s, size_t n, struct hb_err *e)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].missing != NULL)
            return hb_fail(e, HB_EFORMAT,
                           "the session does not have '%s': it is of an older hb-train",
                           s[i].missing);
    return HB_OK;
}

int hb_report_read(const char *path, const struct hb_report_options *o, struct hb_report *out,
                   struct hb_err *e)
{
    struct hb_samples all;
    size_t from = 0;
    size_t to = 0;
    int rc;

    memset(out, 0, sizeof *out);
    out->tolerance = o->tolerance;
    if ((rc = hb_samples_read(path, &all, e)) == HB_OK) {
        out->n_bad_lines = all.n_bad;
        if ((rc = choose_session(&all, o->session, &from, &to, out, e)) != HB_OK ||
            (rc = check_session(all.at + from, to - from, e)) != HB_OK ||
            (rc = report_session(all.at + from, to - from, o, out, e)) != HB_OK)
            (void)hb_context(e, rc, "'%s'", path);
    }
    hb_samples_fini(&all);
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
    {"nodes, all CPU", "normalised_all"},
    {"walking, share", "walking_share"},
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
