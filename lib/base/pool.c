#include "base/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"

struct order { /* parent to child */
    uint32_t job;
    uint32_t unit;
};

struct answer { /* child to parent; the result or a struct hb_err follows */
    int32_t rc;
    uint32_t unit;
    uint64_t len; /* of the result */
};

struct child {
    pid_t pid;
    int to;    /* orders */
    int from;  /* answers */
    bool busy; /* has an order */
};

struct result { /* that waits for its turn */
    void *data; /* NULL: not there yet */
    size_t len;
};

struct hb_pool {
    struct hb_pool_work work;
    struct child child[HB_POOL_MAX];
    struct pollfd fd[HB_POOL_MAX]; /* of child[].from */
    int n;                         /* children; 0 when the caller does the work */
    bool failed;
    void *result;         /* room for one, of the caller or of a child */
    struct result *early; /* [HB_POOL_AHEAD * n] unit u at u % that */
    /* the run */
    uint32_t job, n_units;
    uint32_t next;  /* unit to give away */
    uint32_t taken; /* units whose results were taken */
};

/* ---- children ---- */

static void close_pipes(struct child *c)
{
    (void)close(c->to); /* pipes hold nothing of ours */
    (void)close(c->from);
}

/* A unit of a job, its result into p->result. */
static int do_unit(struct hb_pool *p, uint32_t job, uint32_t unit, size_t *len, struct hb_err *e)
{
    int rc;

    *len = 0;
    rc = p->work.unit(p->work.ctx, job, unit, p->result, len, e);
    if (rc == HB_OK && *len > p->work.result_max)
        return hb_fail(e, HB_EINTERNAL, "a result of %zu bytes, at most %zu were said", *len,
                       p->work.result_max);
    return rc;
}

/* One order after the other until the pipe ends. False when the parent cannot be answered. */
static bool serve(struct hb_pool *p, int in, int out)
{
    struct order o;

    while (hb_io_read_full(in, &o, sizeof o, NULL, "orders", NULL) == HB_OK) {
        struct hb_err e = {0};
        struct answer a = {.unit = o.unit};
        size_t len;

        a.rc = do_unit(p, o.job, o.unit, &len, &e);
        a.len = a.rc == HB_OK ? len : sizeof e;
        if (hb_io_write_full(out, &a, sizeof a, "an answer", NULL) != HB_OK ||
            hb_io_write_full(out, a.rc == HB_OK ? p->result : &e, (size_t)a.len, "an answer",
                             NULL) != HB_OK)
            return false;
    }
    return true;
}

/* It keeps its own two pipe ends alone: otherwise the others would not see the end of theirs. */
static int start_child(struct hb_pool *p, struct hb_err *e)
{
    int orders[2];
    int answers[2];
    struct child *c = &p->child[p->n];
    int rc;

    if ((rc = hb_os_pipe(orders, e)) != HB_OK)
        return rc;
    if ((rc = hb_os_pipe(answers, e)) == HB_OK && (c->pid = fork()) < 0)
        rc = hb_fail_sys(e, HB_ESYS, "cannot start a process");
    if (rc == HB_OK && c->pid == 0) {
        for (int i = 0; i < p->n; i++)
            close_pipes(&p->child[i]);
        (void)close(orders[1]);
        (void)close(answers[0]);
        _exit(serve(p, orders[0], answers[1]) ? 0 : 1);
    }
    (void)close(orders[0]);
    (void)close(answers[1]);
    if (rc != HB_OK) {
        (void)close(orders[1]);
        (void)close(answers[0]);
        return rc;
    }
    c->to = orders[1];
    c->from = answers[0];
    p->fd[p->n++] = (struct pollfd){.fd = c->from, .events = POLLIN};
    return HB_OK;
}

/* What a supervisor or a terminal sends to all processes at once is for the parent; a child hears
 * SIGKILL and the end of its input. Blocked before the fork, so that none slips through. */
static int start_children(struct hb_pool *p, int n, struct hb_err *e)
{
    static const int parents_signals[] = {SIGTERM, SIGINT, SIGUSR1};
    sigset_t block;
    sigset_t before;
    int rc = HB_OK;

    (void)sigemptyset(&block);
    for (size_t i = 0; i < sizeof parents_signals / sizeof parents_signals[0]; i++)
        (void)sigaddset(&block, parents_signals[i]); /* cannot fail for a valid signal */
    if (sigprocmask(SIG_BLOCK, &block, &before) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot block signals");
    while (rc == HB_OK && p->n < n)
        rc = start_child(p, e);
    (void)sigprocmask(SIG_SETMASK, &before, NULL); /* cannot fail for a set that we were given */
    return rc;
}

static int reap(struct child *c)
{
    int status = 0;

    close_pipes(c); /* the end of its work */
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    c->pid = 0;
    return status;
}

static int died(struct child *c, struct hb_err *e)
{
    long pid = (long)c->pid;
    int status = reap(c);

    if (WIFSIGNALED(status))
        return hb_fail(e, HB_ESYS, "process %ld that did part of the work was killed by signal %d",
                       pid, WTERMSIG(status));
    return hb_fail(e, HB_ESYS, "process %ld that did part of the work ended early", pid);
}

void hb_pool_free(struct hb_pool *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < p->n; i++) {
        if (p->child[i].pid > 0 && p->failed)
            (void)kill(p->child[i].pid, SIGKILL); /* it may be deep in its work */
        if (p->child[i].pid > 0)
            (void)reap(&p->child[i]); /* what matters came through the pipe */
    }
    for (int i = 0; p->early != NULL && i < HB_POOL_AHEAD * p->n; i++)
        hb_mem_free(p->early[i].data);
    hb_mem_free(p->early);
    hb_mem_free(p->result);
    hb_mem_free(p);
}

int hb_pool_new(int n_processes, const struct hb_pool_work *w, struct hb_pool **out,
                struct hb_err *e)
{
    int n = n_processes > 0 ? n_processes : hb_os_cpus();
    struct hb_pool *p;
    int rc;

    n = n < HB_POOL_MAX ? n : HB_POOL_MAX;
    if ((rc = hb_mem_new(&p, 1, sizeof *p, "processes", e)) != HB_OK)
        return rc;
    p->work = *w;
    rc = hb_mem_new(&p->result, 1, w->result_max, "a result", e);
    if (rc == HB_OK && n > 1)
        rc = hb_mem_new(&p->early, (size_t)(HB_POOL_AHEAD * n), sizeof *p->early, "results", e);
    if (rc == HB_OK && n > 1)
        rc = start_children(p, n, e);
    if (rc != HB_OK) {
        p->failed = true;
        hb_pool_free(p);
        return rc;
    }
    *out = p;
    return HB_OK;
}

/* ---- a run ---- */

static struct result *early(const struct hb_pool *p, uint32_t unit)
{
    return &p->early[unit % (uint32_t)(HB_POOL_AHEAD * p->n)];
}

/* A unit to each child that has none, unless it is too far ahead. */
static int give(struct hb_pool *p, struct hb_err *e)
{
    for (int i = 0;
         i < p->n && p->next < p->n_units && p->next - p->taken < (uint32_t)(HB_POOL_AHEAD * p->n);
         i++) {
        const struct order o = {p->job, p->next};

        if (p->child[i].busy)
            continue;
        if (hb_io_write_full(p->child[i].to, &o, sizeof o, "a process", NULL) != HB_OK)
            return died(&p->child[i], e);
        p->child[i].busy = true;
        p->next++;
    }
    return HB_OK;
}

static int read_failure(struct child *c, int rc, struct hb_err *e)
{
    struct hb_err why;

    if (hb_io_read_full(c->from, &why, sizeof why, NULL, "a process", NULL) != HB_OK)
        return died(c, e);
    why.msg[sizeof why.msg - 1] = '\0';
    if (e != NULL)
        *e = why;
    return rc;
}

static int read_answer(struct hb_pool *p, struct child *c, struct hb_err *e)
{
    struct answer a;
    struct result *r;
    int rc;

    if (hb_io_read_full(c->from, &a, sizeof a, NULL, "a process", NULL) != HB_OK)
        return died(c, e);
    if (a.rc != HB_OK)
        return read_failure(c, a.rc, e);
    r = early(p, a.unit);
    if ((rc = hb_mem_new(&r->data, 1, (size_t)a.len, "a result", e)) != HB_OK)
        return rc;
    r->len = (size_t)a.len;
    c->busy = false;
    return hb_io_read_full(c->from, r->data, r->len, NULL, "a process", NULL) == HB_OK ? HB_OK
                                                                                       : died(c, e);
}

/* Results in the order of their units, as far as they are there. */
static int take_ready(struct hb_pool *p, struct hb_err *e)
{
    int rc = HB_OK;

    while (rc == HB_OK && p->taken < p->n_units && early(p, p->taken)->data != NULL) {
        struct result *r = early(p, p->taken);

        if (p->work.take != NULL)
            rc = p->work.take(p->work.ctx, p->job, p->taken, r->data, r->len, e);
        hb_mem_free(r->data);
        *r = (struct result){0};
        p->taken++;
    }
    return rc;
}

static int wait_for_answers(struct hb_pool *p, struct hb_err *e)
{
    int rc = HB_OK;

    if (poll(p->fd, (nfds_t)p->n, -1) < 0)
        return errno == EINTR || errno == EAGAIN
                   ? HB_OK
                   : hb_fail_sys(e, HB_ESYS, "cannot wait for processes");
    for (int i = 0; i < p->n && rc == HB_OK; i++)
        if (p->fd[i].revents != 0)
            rc = read_answer(p, &p->child[i], e);
    return rc;
}

static int run_alone(struct hb_pool *p, struct hb_err *e)
{
    size_t len;
    int rc = do_unit(p, p->job, p->taken, &len, e);

    if (rc == HB_OK && p->work.take != NULL)
        rc = p->work.take(p->work.ctx, p->job, p->taken, p->result, len, e);
    p->taken++;
    return rc;
}

static int run_children(struct hb_pool *p, struct hb_err *e)
{
    int rc;

    if ((rc = give(p, e)) == HB_OK && (rc = wait_for_answers(p, e)) == HB_OK)
        rc = take_ready(p, e);
    return rc;
}

int hb_pool_run(struct hb_pool *p, uint32_t job, uint32_t n_units,
                void (*tell)(void *ctx, double done), void *tell_ctx, struct hb_err *e)
{
    int rc = HB_OK;

    p->job = job;
    p->n_units = n_units;
    p->next = p->taken = 0;
    while (rc == HB_OK && p->taken < n_units) {
        uint32_t before = p->taken;

        rc = p->n > 0 ? run_children(p, e) : run_alone(p, e);
        if (rc == HB_OK && tell != NULL && p->taken > before)
            tell(tell_ctx, (double)p->taken / n_units);
    }
    p->failed = p->failed || rc != HB_OK;
    return rc;
}

/* ---- memory ---- */

int hb_pool_memory(const char *what, uint64_t bytes, void **out, struct hb_err *e)
{
    struct hb_os_shared shared;
    int rc;

    bytes = bytes > 0 ? bytes : 1; /* nothing cannot be mapped */
    if ((rc = hb_os_shared_new("/tmp", "hb-pool", bytes, &shared, e)) != HB_OK)
        return hb_context(e, rc, "%s", what);
    if ((rc = hb_os_map(shared.fd, bytes, true, out, e)) != HB_OK)
        rc = hb_context(e, rc, "%s", what);
    hb_os_shared_close(&shared); /* the mapping stays */
    return rc;
}
