#include "run/evaluate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"

#define STEPS_PER_S 1e8 /* of the walk over deals, about; exploit.h */
#define WORKERS_MAX 256
#define CACHE_BYTES ((uint64_t)2 << 30) /* rows are held in memory up to that, or half of it */
#define ALONE_STEPS 2e7                 /* less is not worth a process */

/* ---- choice ---- */

/* Take the walk over boards when it is cheaper than that over deals, or forced. */
static int open_public(struct hb_evaluation *v, double deals, bool forced, struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    double work;
    int rc;

    if ((rc = hb_strategy_public(s, &v->by_bucket, e)) != HB_OK ||
        (rc = hb_public_new(&s->spec.rules, s->tree, &v->by_bucket, &v->walk, e)) != HB_OK)
        return rc;
    work = hb_public_work(v->walk);
    if (work >= deals && !forced) {
        hb_public_free(v->walk);
        v->walk = NULL;
        return HB_OK;
    }
    v->public_tree = true;
    v->work = work;
    if (work < ALONE_STEPS)
        v->n_workers = 1;
    v->seconds = work / hb_public_steps_per_s(v->walk) / v->n_workers;
    v->bytes = hb_public_bytes(v->walk, v->n_workers);
    return HB_OK;
}

int hb_evaluation_open(struct hb_evaluation *v, struct hb_strategy *s, enum hb_walk walk,
                       int n_workers, struct hb_err *e)
{
    int rc = HB_OK;

    *v = (struct hb_evaluation){.strategy = s,
                                .n_workers = n_workers > 0 ? n_workers : hb_os_cpus()};
    if (v->n_workers > WORKERS_MAX)
        v->n_workers = WORKERS_MAX;
    v->work = hb_exploit_work(&s->spec.rules, s->tree);
    v->seconds = v->work / STEPS_PER_S;
    if (walk == HB_WALK_BOARDS || (walk == HB_WALK_CHEAPER && hb_public_fits(&s->spec.rules)))
        rc = open_public(v, v->work, walk == HB_WALK_BOARDS, e);
    if (!v->public_tree)
        v->n_workers = 1;
    return rc;
}

void hb_evaluation_close(struct hb_evaluation *v)
{
    hb_public_free(v->walk);
    *v = (struct hb_evaluation){0};
}

/* ---- processes ---- */

/* What a worker answers with, before the doubles of the result. */
struct answer {
    uint32_t unit;
    int32_t rc;
    char msg[sizeof((struct hb_err *)0)->msg];
};

struct worker {
    pid_t pid; /* 0: none */
    int to;    /* unit numbers */
    int from;  /* answers */
};

struct crew {
    struct hb_evaluation *v;
    struct worker worker[WORKERS_MAX];
    int n; /* workers */
    uint32_t n_units;
    uint32_t next;    /* unit to give away */
    uint32_t added;   /* units whose results are in the sum */
    double **waiting; /* [n_units] results that came before their turn */
    size_t len;       /* doubles of the longest result */
};

static void close_pipes(struct worker *w)
{
    if (w->to >= 0)
        (void)close(w->to); /* pipes hold nothing of ours */
    if (w->from >= 0)
        (void)close(w->from);
    w->to = w->from = -1;
}

/* One unit after the other until the pipe ends. */
static int serve(struct hb_evaluation *v, int in, int out, double *result)
{
    struct answer a = {0};

    while (hb_io_read_full(in, &a.unit, sizeof a.unit, NULL, "units", NULL) == HB_OK) {
        struct hb_err e = {0};
        int rc;

        hb_public_unit(v->walk, a.unit, result);
        a.rc = hb_strategy_check(v->strategy, &e);
        memcpy(a.msg, e.msg, sizeof a.msg);
        if ((rc = hb_io_write_full(out, &a, sizeof a, "an answer", NULL)) == HB_OK && a.rc == HB_OK)
            rc = hb_io_write_full(out, result, hb_public_unit_len(v->walk, a.unit) * sizeof *result,
                                  "an answer", NULL);
        if (rc != HB_OK)
            return rc;
    }
    return HB_OK;
}

static int cloexec_pipe(int fds[2], struct hb_err *e)
{
    if (pipe(fds) != 0) {
        fds[0] = fds[1] = -1;
        return hb_fail_sys(e, HB_ESYS, "cannot make a pipe");
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) != 0)
            return hb_fail_sys(e, HB_ESYS, "cannot set up a pipe");
    return HB_OK;
}

/* A copy of this process that has all it needs in memory; it keeps its own two pipe ends alone. */
static int start_worker(struct crew *c, double *result, struct hb_err *e)
{
    int units[2] = {-1, -1};
    int answers[2] = {-1, -1};
    struct worker *w = &c->worker[c->n];
    int rc;

    if ((rc = cloexec_pipe(units, e)) == HB_OK && (rc = cloexec_pipe(answers, e)) == HB_OK &&
        (w->pid = fork()) < 0)
        rc = hb_fail_sys(e, HB_ESYS, "cannot start a process");
    if (rc == HB_OK && w->pid == 0) {
        for (int i = 0; i < c->n; i++)
            close_pipes(&c->worker[i]);
        (void)close(units[1]);
        (void)close(answers[0]);
        _exit(serve(c->v, units[0], answers[1], result) == HB_OK ? 0 : 1);
    }
    *w = (struct worker){.pid = rc == HB_OK ? w->pid : 0, .to = units[1], .from = answers[0]};
    (void)close(units[0]); /* the worker's; harmless when it was not made */
    (void)close(answers[1]);
    if (rc != HB_OK)
        close_pipes(w);
    else
        c->n++;
    return rc;
}

static void stop_worker(struct worker *w, bool kill_it)
{
    if (w->pid <= 0)
        return;
    close_pipes(w); /* the end of its work */
    if (kill_it)
        (void)kill(w->pid, SIGKILL);
    (void)waitpid(w->pid, NULL, 0); /* what matters came through the pipe */
    w->pid = 0;
}

static int give(struct crew *c, struct worker *w, struct hb_err *e)
{
    uint32_t unit = c->next;

    if (unit == c->n_units)
        return HB_OK;
    c->next++;
    return hb_io_write_full(w->to, &unit, sizeof unit, "a worker", e);
}

/* Results go into the sum in the order of their units. */
static void add_ready(struct crew *c)
{
    while (c->added < c->n_units && c->waiting[c->added] != NULL) {
        hb_public_add(c->v->walk, c->added, c->waiting[c->added]);
        hb_mem_free(c->waiting[c->added]);
        c->waiting[c->added++] = NULL;
    }
}

static int take_answer(struct crew *c, struct worker *w, struct hb_err *e)
{
    struct answer a;
    double *result = NULL;
    size_t len;
    int rc;

    if ((rc = hb_io_read_full(w->from, &a, sizeof a, NULL, "a worker", e)) != HB_OK)
        return rc == HB_EOF ? hb_fail(e, HB_ESYS, "a process of the evaluation died") : rc;
    if (a.rc != HB_OK) {
        a.msg[sizeof a.msg - 1] = '\0';
        return hb_fail(e, a.rc, "%s", a.msg);
    }
    len = hb_public_unit_len(c->v->walk, a.unit);
    if ((rc = hb_mem_new(&result, len, sizeof *result, "a result", e)) != HB_OK)
        return rc;
    c->waiting[a.unit] = result;
    rc = hb_io_read_full(w->from, result, len * sizeof *result, NULL, "a worker", e);
    return rc == HB_EOF ? hb_fail(e, HB_ESYS, "a process of the evaluation died") : rc;
}

static int wait_for_answers(struct crew *c, void (*tell)(void *, double), void *ctx,
                            struct hb_err *e)
{
    struct pollfd fd[WORKERS_MAX];
    int rc = HB_OK;

    for (int i = 0; i < c->n; i++)
        fd[i] = (struct pollfd){.fd = c->worker[i].from, .events = POLLIN};
    for (int i = 0; i < c->n && rc == HB_OK; i++)
        rc = give(c, &c->worker[i], e);
    while (rc == HB_OK && c->added < c->n_units) {
        if (poll(fd, (nfds_t)c->n, -1) < 0)
            continue; /* a signal */
        for (int i = 0; i < c->n && rc == HB_OK; i++)
            if (fd[i].revents != 0 && (rc = take_answer(c, &c->worker[i], e)) == HB_OK)
                rc = give(c, &c->worker[i], e);
        add_ready(c);
        if (rc == HB_OK && tell != NULL)
            tell(ctx, (double)c->added / c->n_units);
    }
    return rc;
}

static int share_out(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                     double *result, struct hb_err *e)
{
    struct crew *c = NULL;
    int rc = hb_mem_new(&c, 1, sizeof *c, "workers", e);

    if (rc != HB_OK)
        return rc;
    c->v = v;
    c->n_units = hb_public_units(v->walk);
    rc = hb_mem_new(&c->waiting, c->n_units, sizeof *c->waiting, "results", e);
    while (rc == HB_OK && c->n < v->n_workers && (uint32_t)c->n < c->n_units)
        rc = start_worker(c, result, e);
    if (rc == HB_OK)
        rc = wait_for_answers(c, tell, ctx, e);
    for (int i = 0; i < c->n; i++)
        stop_worker(&c->worker[i], rc != HB_OK);
    for (uint32_t i = 0; c->waiting != NULL && i < c->n_units; i++)
        hb_mem_free(c->waiting[i]);
    hb_mem_free(c->waiting);
    hb_mem_free(c);
    return rc;
}

/* ---- run ---- */

static int run_public(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_exploit *out, struct hb_err *e)
{
    double *result = NULL;
    uint32_t n;
    int rc;

    if ((rc = hb_public_start(v->walk, e)) != HB_OK ||
        (rc = hb_mem_new(&result, hb_public_unit_len_max(v->walk), sizeof *result, "a result",
                         e)) != HB_OK)
        return rc;
    n = hb_public_units(v->walk);
    if (v->n_workers > 1 && n > 1) {
        rc = share_out(v, tell, ctx, result, e);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            hb_public_unit(v->walk, i, result);
            hb_public_add(v->walk, i, result);
            if (tell != NULL)
                tell(ctx, (i + 1.0) / n);
        }
    }
    hb_mem_free(result);
    if (rc == HB_OK)
        hb_public_result(v->walk, out);
    return rc;
}

int hb_evaluation_run(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_exploit *out, struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    uint64_t half = hb_os_memory_bytes() / 2;
    int rc;

    if ((rc = hb_strategy_preload(s, half > CACHE_BYTES ? half : CACHE_BYTES, e)) != HB_OK)
        return rc;
    rc = v->public_tree
             ? run_public(v, tell, ctx, out, e)
             : hb_exploit_run(&s->spec.rules, s->tree, hb_strategy_ask, s, 1e300, out, e);
    return rc == HB_OK ? hb_strategy_check(s, e) : rc;
}
