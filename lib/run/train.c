#include "run/train.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/crew.h"
#include "run/hello.h"
#include "run/logdir.h"
#include "run/metrics.h"
#include "run/shelf.h"
#include "store/checkpoint.h"

#define RESTORES_MAX 3 /* lost mergers without getting past the place of the loss */

struct train {
    const struct hb_train_options *o;
    struct hb_setup setup;
    struct hb_logdir dir;
    struct hb_os_shared shared;
    void *map;
    uint64_t bytes;
    uint64_t large_bytes; /* of the table, in large pages */
    struct hb_table table;
    struct hb_crew *crew;
    struct hb_metrics metrics;
    struct hb_learning learning;
    struct hb_learning_look look; /* the last one */
    double looked_at;             /* monotonic */
    int n_workers, n_mergers;
    double nodes_per_iteration; /* of uniform strategies */
    uint64_t iteration, generation;
    uint64_t target;          /* UINT64_MAX: none */
    uint64_t first_iteration; /* this process began here */
    uint64_t saved;           /* iteration of the newest checkpoint that it saved or began with */
    const char *from;         /* checkpoint that this process began with; NULL: the start */
    bool stands;              /* a checkpoint of what it began with is in its folder */
    bool was_done;            /* and there is nothing to do */
    uint64_t nodes_before;    /* decision nodes of processes before this one, or of lost crews */
    double last_save;
    uint64_t lost_at; /* iteration of the last lost merger */
    int restores;     /* since then, without getting past it */
};

static void info(const struct train *t, const char *text)
{
    if (t->o->info != NULL)
        t->o->info(t->o->ctx, text);
}

/* ---- the table ---- */

static void report_pages(struct train *t)
{
    char text[96];

    t->large_bytes = hb_os_large_bytes(t->map);
    if (t->bytes < HB_OS_LARGE_MIN)
        return;
    (void)snprintf(text, sizeof text, "Table: %.2f GiB, %.0f %% of it in large pages",
                   (double)t->bytes / (1 << 30), 100.0 * (double)t->large_bytes / (double)t->bytes);
    info(t, text);
}

/* What the run will take; refused with numbers when that is more memory than is free. */
static int plan_run(const struct train *t, const struct hb_setup *s, struct hb_plan *p,
                    struct hb_err *e)
{
    int rc = hb_train_plan(&t->o->config, s, t->n_workers, t->o->transport, p, e);

    return rc != HB_OK ? rc : hb_train_fits(p, e);
}

static int make_table(struct train *t, struct hb_err *e)
{
    struct hb_plan plan;
    int rc = plan_run(t, &t->setup, &plan, e);

    if (rc != HB_OK)
        return rc;
    t->bytes = plan.table_bytes;
    t->nodes_per_iteration = plan.nodes_per_iteration;
    t->n_mergers = hb_train_mergers(t->bytes, t->n_workers, t->o->transport.segments);
    if ((rc = hb_os_shared_new(t->dir.path, "table", t->bytes, &t->shared, e)) != HB_OK ||
        (rc = hb_os_map(t->shared.fd, t->bytes, true, &t->map, e)) != HB_OK ||
        (rc = hb_os_populate(t->map, t->bytes, true, e)) != HB_OK ||
        (rc = hb_table_format(t->map, t->bytes, &t->setup.tree, &t->setup.spec, t->n_mergers, e)) !=
            HB_OK)
        return rc;
    report_pages(t);
    return hb_table_attach(t->map, t->bytes, &t->table, e);
}

/* The checkpoint must be of this run; the names of the games and of keys say more to people than their
 * hashes. */
static int match_run(const struct train *t, const struct hb_checkpoint *c, const char *path,
                     struct hb_err *e)
{
    static const char ours[] = "this configuration";
    const struct hb_identity *id = &t->table.id;
    int rc = hb_identity_match(id, ours, &c->id, path, e);

    if (rc != HB_OK && hb_hash_equal(&id->game, &c->id.game) &&
        hb_hash_equal(&id->tree, &c->id.tree) &&
        hb_hash_equal(&id->abstraction, &c->id.abstraction) && id->seed == c->id.seed) {
        int keys = hb_params_match(&t->table.spec.params, ours, &c->spec.params, path, e);

        return keys != HB_OK ? keys : rc;
    }
    if (rc != HB_OK && strcmp(c->spec.game_name, t->table.spec.game_name) != 0)
        return hb_context(e, rc, "this configuration plays %s, the checkpoint %s",
                          t->table.spec.game_name, c->spec.game_name);
    return rc;
}

/* A checkpoint into the table, verified while it is read; damaged, the table is void. */
static int load_checkpoint(void *ctx, const char *path, struct hb_err *e)
{
    struct train *t = ctx;
    struct hb_checkpoint c = {0};
    int rc = hb_checkpoint_open(path, &c, e);

    if (rc == HB_OK)
        rc = match_run(t, &c, path, e);
    if (rc == HB_OK)
        rc = hb_checkpoint_load(&c, &t->table, 0, e);
    if (rc == HB_OK)
        t->nodes_before = c.nodes;
    hb_checkpoint_close(&c);
    return rc;
}

static void set_to_start(struct train *t)
{
    memset(t->table.rows, 0, 4 * t->table.layout.n_words);
    hb_table_set(&t->table, HB_TABLE_CLEAN, 0, 0, 0);
    t->nodes_before = 0;
}

static int read_position(struct train *t, struct hb_err *e)
{
    return hb_table_clean(&t->table, &t->generation, &t->iteration, e);
}

struct newest { /* a search for the newest checkpoint of the folder */
    struct train *t;
    char path[HB_PATH_MAX]; /* "": there is none */
    uint64_t iteration;
    size_t n_damaged; /* passed over */
};

static void count_damaged(void *ctx, const char *path, const char *what, const char *why)
{
    struct newest *n = ctx;

    (void)path;
    (void)what;
    n->n_damaged += why != NULL;
}

static int use_newest(void *ctx, const char *path, struct hb_err *e)
{
    const struct newest *n = ctx;

    return load_checkpoint(n->t, path, e);
}

/* Look at it only: is it whole, and of this run? */
static int match_newest(void *ctx, const char *path, struct hb_err *e)
{
    struct newest *n = ctx;
    struct hb_checkpoint c = {0};
    int rc = hb_checkpoint_open(path, &c, e);

    if (rc == HB_OK && (rc = match_run(n->t, &c, path, e)) == HB_OK)
        rc = hb_checkpoint_verify(&c, e);
    n->iteration = c.iteration;
    hb_checkpoint_close(&c);
    return rc;
}

/* None at all is no error: path is "", and the table may be void. */
static int find_newest(struct train *t, hb_shelf_use use, struct newest *n, struct hb_err *e)
{
    struct hb_err own = {0};
    int rc;

    *n = (struct newest){.t = t};
    rc = hb_shelf_newest(t->dir.checkpoints, HB_SHELF_RUN, use, count_damaged, n, n->path,
                         sizeof n->path, &own);
    if (rc == HB_ENOINPUT && n->path[0] == '\0') {
        n->iteration = 0;
        return HB_OK;
    }
    if (rc != HB_OK && e != NULL)
        *e = own;
    return rc;
}

/* --resume-from latest: the newest whole checkpoint. A run that ended before its first one begins
 * again, which gives the same bits. */
static int resume_latest(struct train *t, struct hb_err *e)
{
    struct newest n;
    char text[HB_PATH_MAX + 96];
    int rc = find_newest(t, use_newest, &n, e);

    if (rc != HB_OK)
        return rc;
    if (n.path[0] == '\0' && n.n_damaged > 0)
        return hb_fail(e, HB_EFORMAT, "none of the %zu checkpoints in '%s' is whole", n.n_damaged,
                       t->dir.checkpoints);
    if (n.path[0] == '\0' && !t->dir.was_there)
        return hb_fail(e, HB_ENOINPUT, "'%s' has no checkpoint to resume from", t->dir.checkpoints);
    if (n.path[0] == '\0')
        (void)snprintf(text, sizeof text, "'%s' has no checkpoint yet: beginning at iteration 0",
                       t->dir.checkpoints);
    else if (n.n_damaged > 0)
        (void)snprintf(text, sizeof text, "%zu checkpoints are damaged: resuming from %s",
                       n.n_damaged, n.path);
    else
        (void)snprintf(text, sizeof text, "Resuming from %s", n.path);
    info(t, text);
    t->stands = n.path[0] != '\0';
    return HB_OK;
}

static int refuse_second_run(const struct train *t, struct hb_err *e)
{
    struct hb_shelf s;
    int rc = hb_shelf_open(t->dir.checkpoints, HB_SHELF_RUN, &s, e);

    if (rc == HB_OK && s.n > 0)
        rc = hb_fail(e, HB_ECREATE,
                     "'%s' already holds a run; go on with --resume-from latest or name "
                     "another --logdir",
                     t->dir.path);
    hb_shelf_close(&s);
    return rc;
}

/* Begin anew, or where --resume-from says. A folder holds one run: with a checkpoint from elsewhere
 * its own newest must be of this run too, and not be further. */
static int first_position(struct train *t, struct hb_err *e)
{
    const char *from = t->o->resume_from;
    struct newest own = {0};
    int rc;

    if (from == NULL)
        rc = refuse_second_run(t, e);
    else if (strcmp(from, "latest") == 0)
        rc = resume_latest(t, e);
    else if ((rc = find_newest(t, match_newest, &own, e)) == HB_OK)
        rc = load_checkpoint(t, t->from = from, e);
    if (rc != HB_OK || (rc = read_position(t, e)) != HB_OK)
        return rc;
    t->stands |= own.path[0] != '\0' && own.iteration == t->iteration;
    if (own.iteration > t->iteration)
        return hb_fail(e, HB_ECREATE,
                       "'%s' is at iteration %llu already, past the checkpoint's %llu; go on with "
                       "--resume-from latest or name another --logdir",
                       t->dir.path, (unsigned long long)own.iteration,
                       (unsigned long long)t->iteration);
    return HB_OK;
}

/* After a lost merger: the newest checkpoint of this run, the one it began with, or generation 0.
 */
static int restore(struct train *t, struct hb_err *e)
{
    struct newest n;
    char text[HB_PATH_MAX + 64];
    const char *from;
    int rc;

    hb_table_set(&t->table, HB_TABLE_VOID, 0, 0, 0);
    if ((rc = find_newest(t, use_newest, &n, e)) != HB_OK)
        return rc;
    from = n.path[0] != '\0' ? n.path : t->from;
    if (from == NULL)
        set_to_start(t);
    else if (from == t->from && (rc = load_checkpoint(t, from, e)) != HB_OK)
        return rc;
    if ((rc = read_position(t, e)) != HB_OK)
        return rc;
    t->metrics.restores++;
    hb_learning_forget(&t->learning);
    if (t->first_iteration > t->iteration)
        t->first_iteration = t->iteration;
    t->saved = t->iteration;
    (void)snprintf(text, sizeof text, "the table was open; restored to iteration %llu from %s",
                   (unsigned long long)t->iteration, from != NULL ? from : "the start");
    info(t, text);
    return HB_OK;
}

/* ---- checkpoints ---- */

static int save(struct train *t, struct hb_err *e)
{
    double before = hb_os_monotonic();
    int rc;

    *t->o->phase = HB_TRAIN_SAVING;
    rc = hb_logdir_save(&t->dir, &t->table, t->o->config.snapshot_keep, e);
    *t->o->phase = HB_TRAIN_ROUNDS;
    if (rc == HB_OK)
        t->saved = t->iteration;
    t->last_save = hb_os_monotonic();
    t->metrics.checkpoint_s += t->last_save - before;
    if (rc == HB_OK && t->o->saved != NULL)
        t->o->saved(t->o->ctx, &(struct hb_train_saved){.iteration = t->iteration,
                                                        .bytes = 4 * t->table.layout.n_words,
                                                        .seconds = t->last_save - before});
    return rc;
}

/* ---- progress ---- */

static int report(struct train *t, bool last, struct hb_err *e)
{
    struct hb_train_progress p = {.iteration = t->iteration,
                                  .target = t->target == UINT64_MAX ? 0 : t->target,
                                  .eta_s = -1.0,
                                  .workers = t->n_workers};
    const struct hb_metrics_now now = {.iteration = t->iteration,
                                       .generation = t->generation,
                                       .nodes_before = t->nodes_before,
                                       .table = &t->table,
                                       .learning = &t->look,
                                       .fresh = last};
    int rc = hb_metrics_line(&t->metrics, t->crew, &now, &p.iter_per_s, e);

    if (t->look.to > t->look.from)
        p.learning = &t->look;

    p.elapsed_s = t->metrics.last - t->metrics.start;
    if (p.target > 0 && p.iter_per_s > 0)
        p.eta_s = (double)(p.target > p.iteration ? p.target - p.iteration : 0) / p.iter_per_s;
    if (t->o->config.time_budget_s > 0) {
        double left = t->o->config.time_budget_s - p.elapsed_s;

        if (p.eta_s < 0 || left < p.eta_s)
            p.eta_s = left > 0 ? left : 0;
    }
    if (t->o->progress != NULL)
        t->o->progress(t->o->ctx, &p);
    return rc;
}

/* Inside a round: say something when it is time, and tell whether to abort. A line of metrics that
 * cannot be written is no reason to stop here; the one at the end of the run is checked. */
static bool tick(void *ctx)
{
    struct train *t = ctx;

    hb_metrics_calibrate(&t->metrics, t->crew, &t->table);
    if (hb_os_monotonic() - t->metrics.last >= t->o->interval_s) {
        int rc = report(t, false, NULL);

        (void)rc; /* see above */
    }
    return *t->o->stop >= 2;
}

static void crew_note(void *ctx, const char *text)
{
    info(ctx, text);
}

/* Between rounds, when the table stands still: at most once an interval. */
static int look(struct train *t, bool now, struct hb_err *e)
{
    const double before = hb_os_monotonic();
    struct hb_round round;
    int rc;

    if (!now && before - t->looked_at < t->o->interval_s)
        return HB_OK;
    if ((rc = hb_round_at(&t->table.spec.params, t->iteration, &round, e)) != HB_OK)
        return rc;
    hb_learning_look(&t->learning, &t->table, &round, &t->look);
    t->looked_at = hb_os_monotonic();
    t->metrics.learning_s += t->looked_at - before;
    return HB_OK;
}

/* ---- the run ---- */

static int start_crew(struct train *t, struct hb_err *e)
{
    struct hb_crew_options o = {.program_dir = t->o->program_dir,
                                .table = t->shared.path,
                                .buckets =
                                    t->setup.buckets.path[0] != '\0' ? t->setup.buckets.path : NULL,
                                .scratch_dir = t->dir.path,
                                .n_workers = t->n_workers,
                                .n_mergers = t->n_mergers,
                                .transport = t->o->transport,
                                .task_timeout_s = t->o->task_timeout_s,
                                .wake_fd = t->o->wake_fd,
                                .tick = tick,
                                .tick_ctx = t,
                                .tick_s = t->o->interval_s,
                                .note = crew_note};

    hb_hello_of(&t->table, HB_ROLE_TASKS, &o.hello);
    hb_metrics_new_crew(&t->metrics, t->iteration);
    return hb_crew_new(&o, &t->crew, e);
}

static void stop_crew(struct train *t)
{
    struct hb_crew_stats s;

    if (t->crew == NULL)
        return;
    hb_crew_stats(t->crew, &s);
    t->nodes_before += s.nodes;
    hb_crew_free(t->crew);
    t->crew = NULL;
}

static int one_round(struct train *t, struct hb_err *e)
{
    struct hb_round round;
    struct hb_cut cut;
    int rc = hb_round_at(&t->table.spec.params, t->iteration, &round, e);

    if (rc != HB_OK)
        return rc;
    cut = hb_cut_of(round.length, t->n_workers, t->o->config.batch_size, t->nodes_per_iteration);
    rc = hb_crew_round(t->crew, &round, &cut, e);
    if (rc == HB_CREW_LOST_MERGER) {
        info(t, e != NULL ? e->msg : "a merger was lost");
        if (t->iteration > t->lost_at)
            t->restores = 0;
        t->lost_at = t->iteration > t->lost_at ? t->iteration : t->lost_at;
        if (++t->restores > RESTORES_MAX)
            return hb_context(e, HB_EINTERNAL, "%d times in a row", t->restores);
        stop_crew(t);
        if ((rc = restore(t, e)) == HB_OK)
            rc = start_crew(t, e);
        return rc;
    }
    if (rc == HB_CREW_ABORTED)
        return hb_fail(e, HB_ESTOPPED,
                       "aborted at iteration %llu; resumable from the newest "
                       "checkpoint",
                       (unsigned long long)t->iteration);
    return rc == HB_OK ? read_position(t, e) : rc;
}

static bool out_of_time(const struct train *t)
{
    return t->o->config.time_budget_s > 0 &&
           hb_os_monotonic() - t->metrics.start >= t->o->config.time_budget_s;
}

static bool snapshot_due(struct train *t)
{
    if (*t->o->snapshot) {
        *t->o->snapshot = 0;
        return true;
    }
    return t->o->config.snapshot_interval_s > 0 &&
           hb_os_monotonic() - t->last_save >= t->o->config.snapshot_interval_s;
}

/* A round failed. What was done before it is worth a checkpoint, if no merge was under way. */
static int give_up(struct train *t, int rc)
{
    if (rc != HB_ESTOPPED && read_position(t, NULL) == HB_OK && t->iteration > t->saved &&
        save(t, NULL) == HB_OK)
        info(t, "saved what was trained before the failure");
    return rc;
}

static int loop(struct train *t, struct hb_err *e)
{
    int rc, reported;

    *t->o->phase = HB_TRAIN_ROUNDS;
    while (t->iteration < t->target && !out_of_time(t) && *t->o->stop == 0) {
        if ((rc = one_round(t, e)) != HB_OK || (rc = look(t, false, e)) != HB_OK)
            return give_up(t, rc);
        if (snapshot_due(t) && (rc = save(t, e)) != HB_OK)
            return rc;
    }
    if ((rc = save(t, e)) != HB_OK || (rc = look(t, true, e)) != HB_OK)
        return rc;
    if ((reported = report(t, true, e)) != HB_OK) /* after the checkpoint: it is worth more */
        return reported;
    if (*t->o->stop != 0 && t->iteration < t->target)
        return hb_fail(e, HB_ESTOPPED, "stopped at iteration %llu; go on with --resume-from latest",
                       (unsigned long long)t->iteration);
    return HB_OK;
}

static int look_at_draws(void *ctx, const char *path, struct hb_err *e)
{
    struct newest *n = ctx;
    struct hb_checkpoint c = {0};
    int rc = hb_checkpoint_open(path, &c, e);

    if (rc == HB_OK)
        n->t->setup.spec.draws_blocks = c.spec.draws_blocks;
    hb_checkpoint_close(&c);
    return rc;
}

/* A run goes on with the draws that it began with (spec.h), so the table is made for those of the
 * checkpoint that it resumes from. A checkpoint that cannot be read says so when it is loaded. */
static void keep_draws(struct train *t)
{
    const char *from = t->o->resume_from;
    struct newest n = {.t = t};

    if (from != NULL && strcmp(from, "latest") != 0)
        (void)look_at_draws(&n, from, NULL);
    else if (from != NULL)
        (void)find_newest(t, look_at_draws, &n, NULL);
}

static int write_config(const struct train *t, struct hb_err *e)
{
    struct hb_config as_run = t->o->config;
    struct hb_buf text = {0};
    char path[HB_PATH_MAX + 16];
    int rc;

    as_run.params.round_cap = t->setup.spec.params.round_cap;
    hb_config_format(&as_run, &text);
    (void)snprintf(path, sizeof path, "%s/config.yaml", t->dir.path);
    if ((rc = hb_buf_check(&text, e)) == HB_OK)
        rc = hb_atomic_write(path, text.data, text.len, e);
    hb_buf_fini(&text);
    return rc;
}

/* Rows name their discount epoch in 24 bits. */
static int check_epochs(const struct train *t, struct hb_err *e)
{
    const struct hb_params *p = &t->setup.spec.params;

    if (p->discount != HB_DISCOUNT_NONE && t->target != UINT64_MAX &&
        t->target / p->discount_interval >= HB_EPOCH_MAX)
        return hb_fail(e, HB_ECONFIG,
                       "discount_interval: %u makes more than %u discounts in %llu iterations",
                       p->discount_interval, HB_EPOCH_MAX, (unsigned long long)t->target);
    return HB_OK;
}

/* A run that cannot fit is refused before minutes are spent on its buckets. What an estimate cannot
 * tell, such as a plugin without k, the real thing will. */
static int refuse_early(const struct train *t, const struct hb_setup_options *o, struct hb_err *e)
{
    struct hb_setup_options estimate = *o;
    struct hb_setup s = {0};
    struct hb_plan plan;
    int rc = HB_OK;

    if (o->buckets != NULL || !t->o->config.cards_given)
        return HB_OK; /* nothing is built */
    estimate.estimate = true;
    if (hb_setup_open(&t->o->config, &estimate, &s, NULL) == HB_OK)
        rc = plan_run(t, &s, &plan, e);
    hb_setup_fini(&s);
    return rc;
}

/* Everything that was asked for is done, and stands in this folder already. */
static bool was_done_here(const struct train *t)
{
    char latest[HB_PATH_MAX + 16];

    (void)snprintf(latest, sizeof latest, "%s/latest.hbc", t->dir.checkpoints);
    return t->iteration >= t->target && t->stands && access(latest, R_OK) == 0;
}

static int prepare(struct train *t, struct hb_err *e)
{
    struct hb_setup_options setup = t->o->setup;
    int rc;

    if ((rc = hb_logdir_open(t->o->logdir, &t->dir, e)) != HB_OK)
        return rc;
    setup.build_dir = t->dir.path;
    if ((rc = refuse_early(t, &setup, e)) != HB_OK ||
        (rc = hb_setup_open(&t->o->config, &setup, &t->setup, e)) != HB_OK ||
        (rc = check_epochs(t, e)) != HB_OK)
        return rc;
    keep_draws(t);
    if ((rc = make_table(t, e)) != HB_OK || (rc = first_position(t, e)) != HB_OK)
        return rc;
    t->first_iteration = t->iteration;
    t->metrics.start = hb_os_monotonic();
    if ((t->was_done = was_done_here(t))) {
        info(t, "What was asked for is done already: nothing changes");
        return HB_OK;
    }
    if ((rc = write_config(t, e)) != HB_OK ||
        (rc = hb_metrics_open(t->dir.path, t->n_workers, &t->metrics, e)) != HB_OK ||
        (rc = hb_learning_init(&t->learning, &t->table, e)) != HB_OK)
        return rc;
    t->metrics.table_large_bytes = t->large_bytes;
    t->saved = t->iteration;
    t->last_save = t->metrics.start;
    if (t->iteration >= t->target)
        return HB_OK;
    rc = look(t, true, e);
    return rc == HB_OK ? start_crew(t, e) : rc;
}

static void fill_result(const struct train *t, struct hb_train_result *out)
{
    struct hb_checkpoint c = {0};

    out->iteration = t->iteration;
    out->generation = t->generation;
    out->infosets = t->table.layout.n_infosets;
    out->table_bytes = t->bytes;
    out->seconds = hb_os_monotonic() - t->metrics.start;
    out->iter_per_s =
        out->seconds > 0 ? (double)(t->iteration - t->first_iteration) / out->seconds : 0.0;
    hb_shelf_name(t->dir.checkpoints, t->iteration, out->checkpoint);
    if (hb_checkpoint_open(out->checkpoint, &c, NULL) == HB_OK)
        hb_hash_hex(&c.content, out->hash);
    hb_checkpoint_close(&c);
}

int hb_train_run(const struct hb_train_options *o, struct hb_train_result *out, struct hb_err *e)
{
    struct train *t;
    struct hb_err own = {0};
    bool began;
    int rc = hb_mem_new(&t, 1, sizeof *t, "the run", e);

    if (rc != HB_OK)
        return rc;
    memset(out, 0, sizeof *out);
    t->o = o;
    t->dir.lock_fd = -1;
    t->shared.fd = -1;
    t->n_workers = o->config.num_workers > 0 ? (int)o->config.num_workers : hb_os_cpus();
    t->target = o->config.num_iterations > 0 ? o->config.num_iterations : UINT64_MAX;
    rc = prepare(t, &own);
    began = rc == HB_OK;
    if (began && t->crew != NULL)
        rc = loop(t, &own);
    else if (began && !t->was_done) /* nothing left to do: let a checkpoint stand here too */
        rc = save(t, &own);
    stop_crew(t);
    if (rc == HB_OK || rc == HB_ESTOPPED)
        fill_result(t, out);
    if (hb_metrics_close(&t->metrics, NULL) != HB_OK && rc == HB_OK)
        rc = hb_fail(&own, HB_EIO, "cannot write the metrics");
    if (rc != HB_OK && e != NULL) {
        *e = own;
        e->rc = rc;
    }
    hb_learning_fini(&t->learning);
    hb_os_unmap(t->map, t->bytes);
    hb_os_shared_close(&t->shared);
    hb_setup_fini(&t->setup);
    if (began)
        hb_logdir_close(&t->dir);
    else
        hb_logdir_discard(&t->dir);
    hb_mem_free(t);
    return rc;
}
