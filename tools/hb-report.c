/* hb-report - was a run flat, and where did its time go? */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/json.h"
#include "run/report.h"
#include "tool.h"

enum { OPT_SESSION = TOOL_OPT, OPT_WARM_UP, OPT_TOLERANCE, OPT_FORMAT };

static const struct tool_option options[] = {
    {"session", OPT_SESSION, "N", "the N-th start of hb-train in the file (default: the last)"},
    {"warm-up", OPT_WARM_UP, "SECONDS", "leave them out (default: a tenth, at least 5)"},
    {"tolerance", OPT_TOLERANCE, "PERCENT", "what counts as flat (default 5)"},
    {"format", OPT_FORMAT, "text|json", "how to print it (default text)"},
    {0},
};

static const struct tool_spec spec = {
    .name = "hb-report",
    .usage = "hb-report [--session N] [--warm-up SECONDS] [--tolerance PERCENT] "
             "[--format text|json] DIR|FILE",
    .about = "Reads the metrics of a training run: drift of its speed, where the time went.\n"
             "Exit 0: flat, 1: not, 65: too short to tell.",
    .options = options,
};

/* ---- text ---- */

/* Three significant digits and a unit prefix. */
static void print_scaled(double v)
{
    static const char *const prefix[] = {"", "k", "M", "G", "T"};
    size_t i = 0;

    while (v >= 999.5 && i + 1 < sizeof prefix / sizeof prefix[0]) {
        v /= 1000.0;
        i++;
    }
    (void)printf(" %9.4g %-1s", v, prefix[i]);
}

static void print_means(const struct hb_report *r)
{
    (void)printf("%-20s %11s\n", "", "mean");
    for (int i = 0; i < HB_REPORT_QUANTITIES; i++) {
        (void)printf("%-20s", hb_report_title((enum hb_report_quantity)i));
        print_scaled(r->trend[i].mean);
        (void)printf("\n");
    }
}

/* The end of a line. */
static void print_verdict(enum hb_report_verdict v)
{
    (void)printf("%s%s\n", v == HB_REPORT_UNJUDGED ? "" : "  ", hb_report_word(v));
}

static void print_trends(const struct hb_report *r)
{
    (void)printf("%-20s %11s %11s %11s  %17s  %17s\n", "", "mean", "first tenth", "last tenth",
                 "change", "drift, end to end");
    for (int i = 0; i < HB_REPORT_QUANTITIES; i++) {
        const enum hb_report_quantity q = (enum hb_report_quantity)i;
        const struct hb_report_trend *t = &r->trend[q];

        (void)printf("%-20s", hb_report_title(q));
        print_scaled(t->mean);
        print_scaled(t->first);
        print_scaled(t->last);
        (void)printf("  %+6.2f +- %5.2f %%  %+6.2f +- %5.2f %%", 100.0 * t->change,
                     100.0 * t->change_se, 100.0 * t->drift, 100.0 * t->drift_se);
        print_verdict(r->verdict[q]);
    }
}

static void print_pauses(const struct hb_report_pauses *p)
{
    if (p->n == 0)
        return;
    (void)printf("checkpoints: %u pause%s, mean %.2f s", p->n, p->n == 1 ? "" : "s", p->mean_s);
    if (p->first_half_s > 0.0 && p->last_half_s > 0.0)
        (void)printf(", %.2f s in the first half, %.2f s in the last", p->first_half_s,
                     p->last_half_s);
    print_verdict(p->verdict);
}

static void print_learning(const struct hb_report *r)
{
    (void)printf("learning: change ");
    if (r->changed)
        (void)printf("%.3g at first, ", r->change_first);
    (void)printf("%.3g in the last %llu iterations; rows visited %.2f %%, pruned %.2f %%, "
                 "saturated %.3f %%\n",
                 r->change, (unsigned long long)r->change_iterations, 100.0 * r->visited,
                 100.0 * r->pruned, 100.0 * r->saturated);
}

/* Whole seconds, but of few also tenths. */
static int decimals(double seconds)
{
    return seconds > 0.0 && seconds < 10.0 ? 1 : 0;
}

static void print_text(const char *path, const struct hb_report *r)
{
    (void)printf("%s: session %u of %u, %.*f s, %u worker%s; iterations %llu to %llu in %u "
                 "interval%s after a warm-up of %.*f s\n",
                 path, r->session, r->n_sessions, decimals(r->seconds), r->seconds, r->workers,
                 r->workers == 1 ? "" : "s", (unsigned long long)r->first_iteration,
                 (unsigned long long)r->last_iteration, r->n_intervals,
                 r->n_intervals == 1 ? "" : "s", decimals(r->warm_up_s), r->warm_up_s);
    if (r->too_short)
        print_means(r);
    else
        print_trends(r);
    (void)printf("time: walking %.2f %%, barrier %.2f %%, merge %.2f %%, checkpoints %.2f %%, "
                 "looks at rows %.3f %%\n",
                 100.0 * r->walking, 100.0 * r->barrier, 100.0 * r->merge, 100.0 * r->checkpoint,
                 100.0 * r->learning);
    print_pauses(&r->pauses);
    (void)printf("processors: workers %.3f, mergers %.3f, hb-train %.3f\n", r->workers_cpu,
                 r->mergers_cpu, r->trainer_cpu);
    (void)printf("context switches of a worker: %.1f/s when it waited (%.2f a task), %.1f/s when "
                 "another took its place\n",
                 r->ctx_voluntary, r->ctx_per_task, r->ctx_involuntary);
    print_learning(r);
    if (r->n_bad_lines > 0)
        (void)printf("lines that are no metrics: %llu\n", (unsigned long long)r->n_bad_lines);
    if (!r->too_short)
        (void)printf("%s\n", r->flat ? "flat" : "not flat");
}

/* ---- JSON ---- */

static void put_real(struct hb_buf *b, const char *key, double v)
{
    hb_buf_printf(b, ",\"%s\":", key);
    hb_json_real(b, v);
}

static void put_trend(struct hb_buf *b, const struct hb_report *r, enum hb_report_quantity q)
{
    const struct hb_report_trend *t = &r->trend[q];

    hb_buf_printf(b, ",\"%s\":{\"mean\":", hb_report_key(q));
    hb_json_real(b, t->mean);
    if (r->too_short) {
        hb_buf_printf(b, "}");
        return;
    }
    put_real(b, "first", t->first);
    put_real(b, "last", t->last);
    put_real(b, "change", t->change);
    put_real(b, "change_se", t->change_se);
    put_real(b, "slope_per_s", t->slope);
    put_real(b, "slope_se", t->slope_se);
    put_real(b, "drift", t->drift);
    put_real(b, "drift_se", t->drift_se);
    if (r->verdict[q] != HB_REPORT_UNJUDGED)
        hb_buf_printf(b, ",\"verdict\":\"%s\"", hb_report_word(r->verdict[q]));
    hb_buf_printf(b, "}");
}

static void put_pauses(struct hb_buf *b, const struct hb_report_pauses *p)
{
    hb_buf_printf(b, ",\"pauses\":{\"n\":%u", p->n);
    put_real(b, "mean_s", p->mean_s);
    put_real(b, "first_half_s", p->first_half_s);
    put_real(b, "last_half_s", p->last_half_s);
    if (p->verdict != HB_REPORT_UNJUDGED)
        hb_buf_printf(b, ",\"verdict\":\"%s\"", hb_report_word(p->verdict));
    hb_buf_printf(b, "}");
}

static void put_json(struct hb_buf *b, const struct hb_report *r)
{
    hb_buf_printf(b,
                  "{\"session\":%u,\"sessions\":%u,\"workers\":%u,\"intervals\":%u,"
                  "\"first_iteration\":%llu,\"last_iteration\":%llu,\"bad_lines\":%llu",
                  r->session, r->n_sessions, r->workers, r->n_intervals,
                  (unsigned long long)r->first_iteration, (unsigned long long)r->last_iteration,
                  (unsigned long long)r->n_bad_lines);
    put_real(b, "seconds", r->seconds);
    put_real(b, "warm_up_s", r->warm_up_s);
    put_real(b, "tolerance", r->tolerance);
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        put_trend(b, r, (enum hb_report_quantity)q);
    put_real(b, "walking", r->walking);
    put_real(b, "barrier", r->barrier);
    put_real(b, "merge", r->merge);
    put_real(b, "checkpoint", r->checkpoint);
    put_real(b, "learning", r->learning);
    put_pauses(b, &r->pauses);
    put_real(b, "workers_cpu", r->workers_cpu);
    put_real(b, "mergers_cpu", r->mergers_cpu);
    put_real(b, "trainer_cpu", r->trainer_cpu);
    put_real(b, "ctx_voluntary", r->ctx_voluntary);
    put_real(b, "ctx_involuntary", r->ctx_involuntary);
    put_real(b, "ctx_per_task", r->ctx_per_task);
    put_real(b, "change_first", r->change_first);
    put_real(b, "change", r->change);
    hb_buf_printf(b, ",\"change_iterations\":%llu", (unsigned long long)r->change_iterations);
    put_real(b, "visited", r->visited);
    put_real(b, "pruned", r->pruned);
    put_real(b, "saturated", r->saturated);
    hb_buf_printf(b, ",\"flat\":%s}\n", r->too_short ? "null" : r->flat ? "true" : "false");
}

static void print_json(const struct hb_report *r)
{
    struct hb_buf b = {0};
    struct hb_err e = {0};

    put_json(&b, r);
    if (hb_buf_check(&b, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(b.data, 1, b.len, stdout); /* tool_finish checks the stream */
    hb_buf_fini(&b);
}

/* What there is was printed. */
static int too_short(const char *path, const struct hb_report *r)
{
    (void)fflush(stdout); /* tool_finish checks the stream */
    (void)fprintf(stderr,
                  "hb-report: '%s' is too short for a verdict: %u interval%s after a warm-up of "
                  "%.0f s, of %d that are needed; train for a minute or longer\n",
                  path, r->n_intervals, r->n_intervals == 1 ? "" : "s", r->warm_up_s,
                  HB_REPORT_INTERVALS);
    return TOOL_DATA;
}

int main(int argc, char **argv)
{
    struct hb_report_options o = {.warm_up_s = -1.0, .tolerance = 0.05};
    struct hb_report r;
    struct hb_err e = {0};
    bool json = false;
    const char *arg;
    int opt;

    tool_init("hb-report");
    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_SESSION: o.session = (uint32_t)tool_u64(arg, "--session", 1, UINT32_MAX); break;
        case OPT_WARM_UP: o.warm_up_s = (double)tool_u64(arg, "--warm-up", 0, 1000000000); break;
        case OPT_TOLERANCE:
            o.tolerance = (double)tool_u64(arg, "--tolerance", 1, 1000) / 100.0;
            break;
        case OPT_FORMAT: json = tool_choice(arg, "--format", "text|json") == 1; break;
        default: break;
        }
    if (argc - optind != 1)
        tool_usage(&spec, argc == optind ? "name the folder of a run" : "one folder at a time");
    if (hb_report_read(argv[optind], &o, &r, &e) != HB_OK)
        tool_die(&e, NULL);
    if (json)
        print_json(&r);
    else
        print_text(argv[optind], &r);
    if (r.too_short)
        return tool_finish(too_short(argv[optind], &r));
    return tool_finish(r.flat ? TOOL_OK : TOOL_NO);
}
