/* hb-train - train a blueprint: setup, workers, mergers, checkpoints, progress. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/hb_plugin.h"
#include "abstraction/hba.h"
#include "base/os.h"
#include "run/fit.h"
#include "run/train.h"
#include "tool.h"

#define PLUGIN_DIRS_MAX 4096

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_LOGDIR,
    OPT_BUCKETS,
    OPT_ITERS,
    OPT_TIME,
    OPT_WORKERS,
    OPT_BATCH,
    OPT_ROUND,
    OPT_SEED,
    OPT_SNAPSHOT,
    OPT_RESUME,
    OPT_TIMEOUT,
    OPT_TRANSPORT,
    OPT_COMPRESS,
    OPT_PLUGINS,
    OPT_PLAN,
    OPT_FIT
};

static const struct tool_option options[] = {
    {"config", OPT_CONFIG, "FILE", "YAML configuration of the run"},
    {"logdir", OPT_LOGDIR, "DIR", "folder for checkpoints, metrics and buckets"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file to use instead of building one"},
    {"iters", OPT_ITERS, "N", "train to the first round end at or after N iterations"},
    {"time-budget", OPT_TIME, "SECONDS", "stop after this time"},
    {"num-workers", OPT_WORKERS, "N", "worker processes; 0: one for each processor"},
    {"batch-size", OPT_BATCH, "N", "iterations a task"},
    {"round-size", OPT_ROUND, "N", "iterations that a round grows to"},
    {"seed", OPT_SEED, "N", "seed of all random numbers"},
    {"snapshot-interval", OPT_SNAPSHOT, "SECONDS", "time between checkpoints; 0: only at the end"},
    {"resume-from", OPT_RESUME, "FILE|latest", "go on from a checkpoint"},
    {"task-timeout", OPT_TIMEOUT, "SECONDS", "replace a worker that takes longer (default 600)"},
    {"transport", OPT_TRANSPORT, "segments|frames", "how records travel (default segments)"},
    {"compress", OPT_COMPRESS, TOOL_COMPRESS, "records in frames as they are (default) or smaller"},
    {"plugin-path", OPT_PLUGINS, "DIRS", "folders to look for plugins, ':' between them"},
    {"plan", OPT_PLAN, NULL, "say what the run will take, as JSON, and start nothing"},
    {"fit", OPT_FIT, "SIZE", "with --plan: how many buckets fit into this memory"},
    {"quiet", 'q', NULL, "no progress lines"},
    {0},
};

static const struct tool_spec spec = {
    .name = "hb-train",
    .usage = "hb-train --config FILE --logdir DIR [--buckets FILE] [--iters N] "
             "[--time-budget SECONDS] [--num-workers N] [--batch-size N] [--round-size N] "
             "[--seed N] [--snapshot-interval SECONDS] [--resume-from FILE|latest] "
             "[--task-timeout SECONDS] [--transport segments|frames] [--compress none|varint|zstd] "
             "[--plugin-path DIRS] [--plan [--fit SIZE]] [--quiet]",
    .about = "Trains the blueprint that FILE describes with parallel Monte-Carlo CFR. The result "
             "depends on\n"
             "the configuration, the seed and the iterations alone.",
    .options = options,
};

struct opts {
    const char *config, *logdir, *buckets, *resume_from, *plugins;
    const char *iters, *time_budget, *workers, *batch, *round, *seed, *snapshot;
    double task_timeout;
    uint64_t fit; /* bytes; 0: not asked */
    enum hb_compress compress;
    bool frames, plan, quiet;
};

/* ---- signals: the only mutable file-scope state, because a handler has no argument ---- */

static volatile sig_atomic_t stop_requests;
static volatile sig_atomic_t snapshot_requested;
static volatile sig_atomic_t phase = HB_TRAIN_PREPARING;
static int wake_pipe[2] = {-1, -1};

static void wake(void)
{
    int saved = errno;
    ssize_t n = write(wake_pipe[1], "", 1);

    (void)n; /* a full pipe wakes the reader just as well */
    errno = saved;
}

/* At once: children see the end of their input, the next run removes what is half-written. */
static void leave_now(void)
{
    static const char text[] = "hb-train: stopped; go on with --resume-from latest\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

    (void)n; /* nobody is left to tell */
    _exit(TOOL_STOPPED);
}

static void on_stop(int sig)
{
    (void)sig;
    if (stop_requests < 2)
        stop_requests = stop_requests + 1;
    if (phase == HB_TRAIN_PREPARING || (phase == HB_TRAIN_SAVING && stop_requests >= 2))
        leave_now();
    wake();
}

static void on_snapshot(int sig)
{
    (void)sig;
    snapshot_requested = 1;
    wake();
}

static int set_signals(struct hb_err *e)
{
    struct sigaction stop = {.sa_handler = on_stop};
    struct sigaction snapshot = {.sa_handler = on_snapshot, .sa_flags = SA_RESTART};

    if (pipe(wake_pipe) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot make a pipe");
    for (int i = 0; i < 2; i++)
        if (fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK) != 0)
            return hb_fail_sys(e, HB_ESYS, "cannot set up a pipe");
    stop.sa_flags = SA_RESTART;
    if (sigaction(SIGTERM, &stop, NULL) != 0 || sigaction(SIGINT, &stop, NULL) != 0 ||
        sigaction(SIGUSR1, &snapshot, NULL) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot set signal handlers");
    return HB_OK;
}

/* ---- what people see ---- */

struct screen {
    bool quiet, bar; /* bar: stderr is a terminal, one line is redrawn */
    bool drawn;
    struct tool_build build; /* while buckets are built */
};

static void clear_bar(struct screen *s)
{
    if (s->drawn)
        (void)fprintf(stderr, "\r\033[K");
    s->drawn = false;
    tool_build_clear(&s->build);
}

static void format_span(double seconds, char out[32])
{
    long s = (long)(seconds + 0.5);

    if (seconds < 0 || seconds > 1e9)
        (void)snprintf(out, 32, "?");
    else
        (void)snprintf(out, 32, "%02ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void draw_bar(struct screen *s, const struct hb_train_progress *p)
{
    static const char full[] = "##############################";
    int width = 30;
    int done = p->target > 0 ? (int)((double)width * (double)p->iteration / (double)p->target) : 0;

    if (done > width)
        done = width;
    (void)fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f%%", done, full, width - done, "",
                  p->target > 0 ? 100.0 * (double)p->iteration / (double)p->target : 0.0);
    (void)fflush(stderr);
    s->drawn = true;
}

/* " - change 0.011 (0.002 0.01 0.02 0.03), visited …": what the last look at the rows found. */
static void format_learning(const struct hb_learning_look *l, char *out, size_t cap)
{
    size_t n = (size_t)snprintf(out, cap, " - change %.2g", l->all.change);
    int streets = 0;

    for (int s = 0; s < HB_STREETS; s++)
        streets += l->street[s].n_rows > 0;
    for (int s = 0, at = 0; s < HB_STREETS && streets > 1; s++)
        if (l->street[s].n_rows > 0) {
            at++;
            n += (size_t)snprintf(out + n, cap - n, "%s%.2g%s", at == 1 ? " (" : " ",
                                  l->street[s].change, at == streets ? ")" : "");
        }
    (void)snprintf(out + n, cap - n, ", visited %.1f %%, pruned %.1f %%, saturated %.1f %%",
                   100.0 * l->all.visited, 100.0 * l->all.pruned, 100.0 * l->all.saturated);
}

static void on_progress(void *ctx, const struct hb_train_progress *p)
{
    struct screen *s = ctx;
    char eta[32];
    char learning[160] = "";

    if (s->quiet)
        return;
    clear_bar(s);
    format_span(p->eta_s, eta);
    if (p->learning != NULL)
        format_learning(p->learning, learning, sizeof learning);
    tool_info("Iteration %llu (%.1f iter/s) - Workers: %d - ETA %s%s",
              (unsigned long long)p->iteration, p->iter_per_s, p->workers, eta, learning);
    if (s->bar && p->target > 0)
        draw_bar(s, p);
}

static void on_saved(void *ctx, const struct hb_train_saved *c)
{
    struct screen *s = ctx;

    if (s->quiet)
        return;
    clear_bar(s);
    tool_info("Checkpoint at iteration %llu: %.1f MB of rows, training paused for %.3f s",
              (unsigned long long)c->iteration, 1e-6 * (double)c->bytes, c->seconds);
}

static void on_info(void *ctx, const char *text)
{
    struct screen *s = ctx;

    clear_bar(s);
    tool_info("%s", text);
}

static void on_build(void *ctx, const struct hb_build_stage *stage, double fraction, double done)
{
    struct screen *s = ctx;

    if (!s->quiet)
        tool_build_progress(&s->build, stage, fraction, done);
}

static void on_build_note(void *ctx, const char *line)
{
    struct screen *s = ctx;

    tool_build_note(&s->build, line);
}

static void on_plugin_warning(int level, const char *msg)
{
    if (level >= HB_LOG_WARNING)
        (void)fprintf(stderr, "hb-train: plugin: %s\n", msg);
}

static void on_plugin_log(int level, const char *msg)
{
    if (level >= HB_LOG_WARNING)
        on_plugin_warning(level, msg);
    else if (level >= HB_LOG_INFO)
        tool_info("plugin: %s", msg);
}

/* ---- options over configuration ---- */

static struct hb_transport transport_of(const struct opts *o)
{
    return (struct hb_transport){.segments = !o->frames, .compress = o->compress};
}

static void apply(const struct opts *o, struct hb_config *c)
{
    if (o->iters != NULL) {
        c->num_iterations = tool_u64(o->iters, "--iters", 1, HB_TRAIN_ITERATIONS_MAX);
        if (o->time_budget == NULL)
            c->time_budget_s = 0;
    }
    if (o->time_budget != NULL) {
        c->time_budget_s = tool_seconds(o->time_budget, "--time-budget", false);
        if (o->iters == NULL)
            c->num_iterations = 0;
    }
    if (o->workers != NULL)
        c->num_workers = (uint32_t)tool_u64(o->workers, "--num-workers", 0, HB_TRAIN_WORKERS_MAX);
    if (o->batch != NULL)
        c->batch_size = (uint32_t)tool_u64(o->batch, "--batch-size", 1, HB_ROUND_MAX);
    if (o->round != NULL)
        c->params.round_cap = (uint32_t)tool_u64(o->round, "--round-size", 1, HB_ROUND_MAX);
    if (o->seed != NULL)
        c->params.seed = tool_u64(o->seed, "--seed", 0, UINT64_MAX);
    if (o->snapshot != NULL)
        c->snapshot_interval_s = tool_seconds(o->snapshot, "--snapshot-interval", true);
}

static void read_options(struct opts *o, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: o->config = arg; break;
        case OPT_LOGDIR: o->logdir = arg; break;
        case OPT_BUCKETS: o->buckets = arg; break;
        case OPT_ITERS: o->iters = arg; break;
        case OPT_TIME: o->time_budget = arg; break;
        case OPT_WORKERS: o->workers = arg; break;
        case OPT_BATCH: o->batch = arg; break;
        case OPT_ROUND: o->round = arg; break;
        case OPT_SEED: o->seed = arg; break;
        case OPT_SNAPSHOT: o->snapshot = arg; break;
        case OPT_RESUME: o->resume_from = arg; break;
        case OPT_TIMEOUT: o->task_timeout = tool_seconds(arg, "--task-timeout", false); break;
        case OPT_TRANSPORT:
            o->frames = tool_choice(arg, "--transport", "segments|frames") == 1;
            break;
        case OPT_COMPRESS:
            o->compress = (enum hb_compress)tool_choice(arg, "--compress", TOOL_COMPRESS);
            break;
        case OPT_PLUGINS: o->plugins = arg; break;
        case OPT_PLAN: o->plan = true; break;
        case OPT_FIT:
            if ((o->fit = tool_bytes(arg, "--fit")) == 0)
                tool_usage(&spec, "--fit: nothing fits into 0 bytes");
            break;
        case 'q': o->quiet = true; break;
        default: break;
        }
    tool_no_operands(&spec, argc, argv);
    if (o->config == NULL)
        tool_usage(&spec, "--config is missing");
    if (o->compress != HB_COMPRESS_NONE && !o->frames)
        tool_usage(&spec, "--compress is for records in frames: add --transport frames");
    if (o->fit > 0 && (!o->plan || o->buckets != NULL))
        tool_usage(&spec, o->plan ? "--fit chooses buckets: leave out --buckets"
                                  : "--fit is a question for --plan");
    if (o->logdir == NULL && !o->plan)
        tool_usage(&spec, "--logdir is missing");
}

/* A line on stdout; takes the object. */
static int print_object(json_t *line, struct hb_err *e)
{
    int rc = HB_OK;

    if (line == NULL || json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
        rc = hb_fail(e, HB_ENOMEM, "cannot print the plan");
    else
        (void)putchar('\n'); /* tool_finish checks the stream */
    json_decref(line);
    return rc;
}

static int print_plan(const struct hb_plan *p, struct hb_err *e)
{
    return print_object(
        json_pack("{s:I,s:I,s:I,s:I,s:I,s:f,s:o,s:o,s:I,s:I,s:f}", "infosets",
                  (json_int_t)p->infosets, "table_bytes", (json_int_t)p->table_bytes,
                  "bucket_bytes", (json_int_t)p->bucket_bytes, "peak_bytes",
                  (json_int_t)p->peak_bytes, "disk_bytes", (json_int_t)p->disk_bytes,
                  "iterations_per_s", p->iterations_per_s, "seconds",
                  p->endless ? json_null() : json_real(p->seconds), "iterations",
                  p->endless ? json_null() : json_integer((json_int_t)p->iterations), "nodes",
                  (json_int_t)p->nodes, "round_size", (json_int_t)p->round_cap,
                  "nodes_per_iteration", p->nodes_per_iteration),
        e);
}

/* {"preflop":…} of the streets that were chosen for; text is NULL for the numbers. */
static json_t *by_street(const struct hb_fit *f, bool numbers)
{
    json_t *object = json_object();

    for (int s = 0; s < HB_STREETS && object != NULL; s++) {
        json_t *value = numbers ? json_integer((json_int_t)f->k[s]) : json_string(f->args[s]);

        if (f->k[s] == 0)
            json_decref(value);
        else if (json_object_set_new(object, hb_street_name(s), value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static int print_fit(const struct opts *o, const struct hb_fit *f, struct hb_err *e)
{
    return print_object(
        json_pack("{s:I,s:b,s:o,s:o,s:I,s:I,s:I,s:f,s:I}", "fit_bytes", (json_int_t)o->fit, "fits",
                  (int)f->fits, "k", by_street(f, true), "args", by_street(f, false), "table_bytes",
                  (json_int_t)f->plan.table_bytes, "bucket_bytes", (json_int_t)f->plan.bucket_bytes,
                  "build_bytes", (json_int_t)f->build_bytes, "build_seconds", f->build_seconds,
                  "peak_bytes", (json_int_t)f->peak_bytes),
        e);
}

static void explain_fit(const struct opts *o, const struct hb_config *c, const struct hb_fit *f)
{
    const double gib = 1024.0 * 1024.0 * 1024.0;

    if (!f->fits)
        (void)fprintf(stderr,
                      "hb-train: %.2f GiB are needed for one bucket a street, %.2f are there: a "
                      "smaller betting tree would help\n",
                      (double)f->peak_bytes / gib, (double)o->fit / gib);
    if (!f->fits || o->quiet)
        return;
    tool_info(
        "Fits %.2f GiB: table %.2f, buckets %.2f, training at most %.2f, building the buckets "
        "%.2f",
        (double)o->fit / gib, (double)f->plan.table_bytes / gib, (double)f->plan.bucket_bytes / gib,
        (double)f->plan.peak_bytes / gib, (double)f->build_bytes / gib);
    for (int s = 0; s < HB_STREETS; s++)
        if (f->k[s] > 0)
            tool_info("  %s: {plugin: %s, args: \"%s\"}", hb_street_name(s),
                      c->cards.street[s].plugin, f->args[s]);
}

/* How many buckets fit; exits 1 when none do. */
static int plan_fit(const struct opts *o, const struct hb_config *c,
                    const struct hb_setup_options *setup_options, int n_workers, struct hb_err *e)
{
    static struct hb_fit f; /* large */
    int rc;

    if ((rc = hb_train_fit(c, setup_options, n_workers, transport_of(o), o->fit, &f, e)) != HB_OK ||
        (rc = print_plan(&f.plan, e)) != HB_OK || (rc = print_fit(o, &f, e)) != HB_OK)
        return rc;
    explain_fit(o, c, &f);
    if (!f.fits)
        exit(tool_finish(TOOL_NO));
    return HB_OK;
}

static int plan(const struct opts *o, const struct hb_config *c,
                const struct hb_setup_options *setup_options, struct hb_err *e)
{
    int n_workers = c->num_workers > 0 ? (int)c->num_workers : hb_os_cpus();
    struct hb_setup setup = {0};
    struct hb_plan p;
    int rc;

    if (o->fit > 0)
        return plan_fit(o, c, setup_options, n_workers, e);
    if ((rc = hb_setup_open(c, setup_options, &setup, e)) != HB_OK)
        return rc;
    rc = hb_train_plan(c, &setup, n_workers, transport_of(o), &p, e);
    hb_setup_fini(&setup);
    if (rc != HB_OK || (rc = print_plan(&p, e)) != HB_OK || hb_train_fits(&p, e) == HB_OK)
        return rc;
    (void)fprintf(stderr, "hb-train: %s\n", e->msg); /* it is an answer: the run would be refused */
    exit(tool_finish(TOOL_NO));
}

static void print_result(const struct hb_train_result *r)
{
    tool_info("Trained to iteration %llu (%.1f iter/s): %llu information sets, %s",
              (unsigned long long)r->iteration, r->iter_per_s, (unsigned long long)r->infosets,
              r->checkpoint);
}

int main(int argc, char **argv)
{
    struct opts o = {.task_timeout = 600.0};
    struct hb_train_options t = {.interval_s = 2.0};
    struct hb_train_result result;
    struct hb_err e = {0};
    struct screen screen;
    char plugin_dirs[PLUGIN_DIRS_MAX];
    char program_dir[HB_OS_PATH_MAX];
    int rc;

    tool_init("hb-train");
    read_options(&o, argc, argv);
    screen = (struct screen){
        .quiet = o.quiet, .bar = isatty(STDERR_FILENO) != 0, .build = tool_build_from_now()};
    tool_plugin_dirs(o.plugins, plugin_dirs, sizeof plugin_dirs);
    if (hb_config_load(o.config, &t.config, &e) != HB_OK)
        tool_die(&e, NULL);
    apply(&o, &t.config);
    t.setup = (struct hb_setup_options){.buckets = o.buckets,
                                        .build_dir = o.logdir,
                                        .plugin_dirs = plugin_dirs,
                                        .build = {
                                            .n_processes = (int)t.config.num_workers,
                                            .progress = on_build,
                                            .note = on_build_note,
                                            .ctx = &screen,
                                            .log = o.quiet ? on_plugin_warning : on_plugin_log,
                                        }};
    if (o.plan) {
        t.setup.estimate = true;
        if (plan(&o, &t.config, &t.setup, &e) != HB_OK)
            tool_die(&e, "plan");
        return tool_finish(TOOL_OK);
    }
    if (hb_os_program_dir(argv[0], program_dir, sizeof program_dir, &e) != HB_OK ||
        set_signals(&e) != HB_OK)
        tool_die(&e, NULL);
    t.logdir = o.logdir;
    t.resume_from = o.resume_from;
    t.program_dir = program_dir;
    t.transport = transport_of(&o);
    t.task_timeout_s = o.task_timeout;
    t.stop = &stop_requests;
    t.snapshot = &snapshot_requested;
    t.phase = &phase;
    t.wake_fd = wake_pipe[0];
    t.progress = on_progress;
    t.saved = on_saved;
    t.info = on_info;
    t.ctx = &screen;
    rc = hb_train_run(&t, &result, &e);
    clear_bar(&screen);
    if (rc == HB_OK && !o.quiet)
        print_result(&result);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}
