#include "run/crew.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/crew_impl.h"
#include "run/hello.h"
#include "solver/table.h"

#define FRUITLESS_MAX     8   /* deaths in a row without any result, beside one of each worker */
#define STOP_PATIENCE_S   5.0 /* that all children together get to end by themselves */
#define MERGER_PATIENCE_S 1.0 /* at least, for a commit */
#define SMALL_STREAM      (64u << 10) /* cap of messages that are small by nature */

static int child_argv(const struct hb_crew *c, const char *program, char path[HB_OS_PATH_MAX],
                      struct hb_err *e)
{
    if (snprintf(path, HB_OS_PATH_MAX, "%s/%s", c->o.program_dir, program) >= HB_OS_PATH_MAX)
        return hb_fail(e, HB_EPLUGIN, "the path of %s is too long", program);
    return HB_OK;
}

/* ---- starting and replacing ---- */

/* exec takes char *const *, and does not change the strings. */
static char *arg(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};

    return u.out;
}

static int start_worker(struct hb_crew *c, struct worker *w, struct hb_err *e)
{
    char path[HB_OS_PATH_MAX];
    char name[32];
    char *argv[12];
    int n = 0;
    int sent;
    int rc = child_argv(c, "hb-worker", path, e);

    if (rc != HB_OK)
        return rc;
    argv[n++] = path;
    argv[n++] = arg("--table");
    argv[n++] = arg(c->o.table);
    if (c->o.transport.segments) {
        (void)snprintf(name, sizeof name, "segment-%u", c->spawned++);
        if ((rc = hb_os_shared_new(c->o.scratch_dir, name, 0, &w->segment, e)) != HB_OK)
            return rc;
        argv[n++] = arg("--transport");
        argv[n++] = arg("segments");
        argv[n++] = arg("--segment");
        argv[n++] = w->segment.path;
    } else if (c->o.transport.compress != HB_COMPRESS_NONE) {
        argv[n++] = arg("--compress");
        argv[n++] = arg(c->o.transport.compress == HB_COMPRESS_ZSTD ? "zstd" : "varint");
    }
    if (c->o.buckets != NULL) {
        argv[n++] = arg("--buckets");
        argv[n++] = arg(c->o.buckets);
        argv[n++] = arg("--verified");
    }
    argv[n] = NULL;
    if ((rc = hb_child_start(argv, &w->child, e)) != HB_OK)
        return rc;
    hb_frame_reader_init(&w->in, w->child.from, "a worker", HB_MESSAGE_MAX);
    hb_frame_writer_init(&w->out, w->child.to, "a worker");
    w->greeted = false;
    w->n_given = 0;
    sent = hb_hello_send(&w->out, &c->o.hello, NULL);
    (void)sent; /* if it is dead already, the end of its output says so */
    return HB_OK;
}

static int start_merger(struct hb_crew *c, int k, struct hb_err *e)
{
    struct merger *m = &c->mergers[k];
    struct hb_buf hello = {0};
    char path[HB_OS_PATH_MAX];
    char part[24];
    char *argv[] = {path, arg("--table"), arg(c->o.table), arg("--part"), part, arg("-"), NULL};
    int rc = child_argv(c, "hb-merge", path, e);

    (void)snprintf(part, sizeof part, "%d/%d", k, c->o.n_mergers);
    if (rc != HB_OK || (rc = hb_child_start(argv, &m->child, e)) != HB_OK)
        return rc;
    hb_frame_reader_init(&m->in, m->child.from, "a merger", SMALL_STREAM);
    hb_hello_encode(&c->o.hello, &hello);
    hb_frame_encode(&m->queue, &m->seq, HB_FRAME_HELLO, 0, hello.data, hello.len);
    rc = hb_buf_check(&m->queue, e);
    hb_buf_fini(&hello);
    return rc;
}

/* Before a worker is reaped. */
static void keep_usage(struct worker *w)
{
    w->past_cpu_s += hb_os_cpu_seconds(w->child.pid);
}

static int give_back(struct hb_crew *c, const struct given *g, struct hb_err *e)
{
    int rc;

    if (c->n_returned == c->cap_returned) {
        size_t cap = c->cap_returned > 0 ? 2 * c->cap_returned : 16;

        rc = hb_mem_grow(&c->returned, cap, sizeof *c->returned, "tasks to repeat", e);
        if (rc != HB_OK)
            return rc;
        c->cap_returned = cap;
    }
    c->returned[c->n_returned++] = *g;
    return HB_OK;
}

static void note(const struct hb_crew *c, const char *text)
{
    if (c->o.note != NULL)
        c->o.note(c->o.tick_ctx, text);
}

/* Earlier results of the round lie in a lost worker's segment: keep it until the round is merged.
 */
static int retire_segment(struct hb_crew *c, struct worker *w, struct hb_err *e)
{
    int rc;

    if (!c->o.transport.segments)
        return HB_OK;
    if (c->n_retired == c->cap_retired) {
        size_t cap = c->cap_retired > 0 ? 2 * c->cap_retired : 16;

        rc = hb_mem_grow(&c->retired, cap, sizeof *c->retired, "segments of lost workers", e);
        if (rc != HB_OK)
            return rc;
        c->cap_retired = cap;
    }
    c->retired[c->n_retired++] = w->segment;
    w->segment = (struct hb_os_shared){.fd = -1};
    return HB_OK;
}

static void close_retired(struct hb_crew *c)
{
    for (size_t i = 0; i < c->n_retired; i++)
        hb_os_shared_close(&c->retired[i]);
    c->n_retired = 0;
}

/* A worker is gone, as `how` says: its tasks go back, another takes its place. Its segment stays
 * until the end of the round, because earlier results lie in it. */
static int replace_worker(struct hb_crew *c, struct worker *w, const char *how, struct hb_err *e)
{
    char text[HB_ERR_MSG_MAX];
    int rc;

    (void)snprintf(text, sizeof text, "worker %d %s: %d tasks repeated, a new worker started",
                   (int)(w - c->workers), how, w->n_given);
    if (++c->fruitless > FRUITLESS_MAX + c->o.n_workers)
        return hb_fail(e, HB_EINTERNAL, "%d workers in a row ended without a result; the last %s",
                       c->fruitless, how);
    note(c, text);
    for (int i = 0; i < w->n_given; i++)
        if ((rc = give_back(c, &w->given[i], e)) != HB_OK)
            return rc;
    if ((rc = retire_segment(c, w, e)) != HB_OK)
        return rc;
    hb_frame_reader_fini(&w->in);
    hb_frame_writer_fini(&w->out);
    c->stats.workers_replaced++;
    return start_worker(c, w, e);
}

/* ---- tasks ---- */

static bool next_task(struct hb_crew *c, struct given *g)
{
    uint64_t end = c->round.first + c->round.length;

    if (c->n_returned > 0) {
        *g = c->returned[--c->n_returned];
        return true;
    }
    if (c->next_first >= end)
        return false;
    g->first = c->next_first;
    g->count = hb_cut_next(&c->cut, (uint32_t)(end - g->first));
    g->job = c->next_job++;
    c->next_first += g->count;
    return true;
}

static int send_task(struct hb_crew *c, struct worker *w, const struct given *g, struct hb_err *e)
{
    struct hb_task task = {.generation = c->round.generation, .first = g->first, .count = g->count};
    struct hb_buf b = {0};
    int rc;

    hb_task_encode(&task, &b);
    if ((rc = hb_buf_check(&b, e)) == HB_OK) {
        /* Two tasks always fit the pipe; a failed write means a dead worker, whose end of output
         * tells. */
        int sent = hb_frame_write(&w->out, HB_FRAME_TASK, g->job, b.data, b.len, NULL);

        (void)sent;
        if (w->n_given == 0)
            w->since = hb_os_monotonic();
        w->given[w->n_given++] = *g;
    }
    hb_buf_fini(&b);
    return rc;
}

/* One task for everybody, then a second one: all get some even when there are few. */
static int assign(struct hb_crew *c, struct hb_err *e)
{
    struct given g;
    int rc;

    for (int level = 0; level < OUTSTANDING; level++)
        for (int i = 0; i < c->o.n_workers; i++) {
            struct worker *w = &c->workers[i];

            if (w->n_given != level)
                continue;
            if (!next_task(c, &g))
                return HB_OK;
            if ((rc = send_task(c, w, &g, e)) != HB_OK)
                return rc;
        }
    return HB_OK;
}

/* ---- results ---- */

/* A result to every merger: where its own part of the records lies, if they lie by part. */
static int pass_on(struct hb_crew *c, const struct hb_message *m, const struct hb_delta_head *head,
                   struct hb_err *e)
{
    const bool by_part = head->kind == HB_DELTA_PARTS && head->n_parts == (uint32_t)c->o.n_mergers;
    uint64_t offset = head->offset;
    int rc = HB_OK;

    for (int k = 0; k < c->o.n_mergers && rc == HB_OK; k++) {
        struct merger *to = &c->mergers[k];
        const void *data = m->data;
        size_t len = m->len;

        if (by_part) {
            c->result.len = 0;
            hb_delta_encode_part(head, (uint32_t)k, offset, &c->result);
            offset += head->part[k].bytes;
            data = c->result.data;
            len = c->result.len;
            rc = hb_buf_check(&c->result, e);
        }
        if (rc == HB_OK) {
            hb_frame_encode(&to->queue, &to->seq, HB_FRAME_DELTA, m->job, data, len);
            rc = hb_buf_check(&to->queue, e);
        }
    }
    return rc;
}

/* The last result of the round is in: who waited for it, and how long? */
static void end_barrier(struct hb_crew *c, double now)
{
    double sum = 0.0;

    for (int i = 0; i < c->o.n_workers; i++) {
        const struct worker *w = &c->workers[i];

        sum += now - (w->since > c->began ? w->since : c->began);
    }
    c->results_in = now;
    c->stats.barrier_s += sum / c->o.n_workers;
}

/* HB_EPROTO when the worker talks nonsense (it is replaced). */
static int take_result(struct hb_crew *c, struct worker *w, const struct hb_message *m,
                       struct hb_err *why, struct hb_err *e, int *fatal)
{
    struct hb_delta_head head;
    const uint8_t *records;
    int rc = hb_delta_decode(&head, &records, m->data, m->len, why);

    if (rc != HB_OK)
        return rc;
    if (w->n_given == 0 || w->given[0].job != m->job || head.task.first != w->given[0].first ||
        head.task.count != w->given[0].count || head.task.generation != c->round.generation)
        return hb_fail(why, HB_EPROTO, "a result that nobody asked for");
    if ((*fatal = pass_on(c, m, &head, e)) != HB_OK)
        return HB_OK;
    w->n_given--;
    memmove(w->given, w->given + 1, (size_t)w->n_given * sizeof w->given[0]);
    w->since = hb_os_monotonic();
    w->results++;
    c->fruitless = 0;
    c->n_done += head.task.count;
    c->stats.nodes += head.nodes;
    c->stats.tasks++;
    c->stats.records_bytes += head.kind == HB_DELTA_COMPACT ? head.body_bytes : head.record_bytes;
    if (c->n_done == c->round.length)
        end_barrier(c, w->since);
    return HB_OK;
}

/* A worker's ERROR is about the run, not about one process: nobody else would do better. */
static int take_worker_message(struct hb_crew *c, struct worker *w, const struct hb_message *m,
                               struct hb_err *why, struct hb_err *e, int *fatal)
{
    if (m->type == HB_FRAME_ERROR) {
        *fatal = hb_error_take(m, "a worker", e);
        return HB_OK;
    }
    if (!w->greeted) {
        *fatal = hb_hello_take(&c->o.hello, m, "a worker", e);
        w->greeted = true;
        return HB_OK;
    }
    if (m->type == HB_FRAME_DELTA)
        return take_result(c, w, m, why, e, fatal);
    return hb_fail(why, HB_EPROTO, "sent a frame of type %u", m->type);
}

static int serve_worker(struct hb_crew *c, struct worker *w, struct hb_err *e)
{
    struct hb_message m;
    struct hb_err why = {0};
    char how[64];
    int fatal = HB_OK;
    int rc = hb_frame_fill(&w->in, &why);

    if (rc == HB_EOF) {
        keep_usage(w);
        (void)hb_child_reap(&w->child, how); /* its tasks are repeated whatever it was */
        return replace_worker(c, w, how, e); /* whatever part of a result it left is dropped */
    }
    while (rc == HB_OK && (rc = hb_frame_next(&w->in, &m, &why)) == HB_OK) {
        rc = take_worker_message(c, w, &m, &why, e, &fatal);
        if (fatal != HB_OK)
            return fatal;
    }
    if (rc == HB_AGAIN)
        return HB_OK;
    keep_usage(w);
    hb_child_kill(&w->child);
    (void)hb_context(&why, rc, "was killed");
    return replace_worker(c, w, why.msg, e);
}

/* A merger that was killed or ran out of something may do better next time; one that ended by
 * itself because of what it was given (exit codes 64 to 69 and 78) would end so again. */
static int lost_merger(const struct hb_crew *c, struct merger *m, struct hb_err *e)
{
    char how[64];
    int code = hb_child_reap(&m->child, how);

    (void)hb_fail(e, HB_EINTERNAL, "merger %d %s", (int)(m - c->mergers), how);
    return (code >= 64 && code < 70) || code == 78 ? HB_EINTERNAL : HB_CREW_LOST_MERGER;
}

static int take_commit(struct hb_crew *c, struct merger *m, const struct hb_message *msg,
                       struct hb_err *e)
{
    struct hb_commit commit;
    int rc = hb_commit_decode(&commit, msg->data, msg->len, e);

    if (rc != HB_OK)
        return rc;
    if (commit.generation != c->round.generation + 1)
        return hb_fail(e, HB_EPROTO, "a merger committed generation %llu in round %llu",
                       (unsigned long long)commit.generation,
                       (unsigned long long)c->round.generation);
    m->committed = true;
    c->stats.duplicates += commit.duplicates;
    return HB_OK;
}

static int serve_merger(struct hb_crew *c, struct merger *m, struct hb_err *e)
{
    struct hb_message msg;
    int rc = hb_frame_fill(&m->in, e);

    if (rc == HB_EOF)
        return lost_merger(c, m, e);
    while (rc == HB_OK && (rc = hb_frame_next(&m->in, &msg, e)) == HB_OK) {
        if (!m->greeted)
            rc = hb_hello_take(&c->o.hello, &msg, "a merger", e);
        else if (msg.type == HB_FRAME_COMMIT)
            rc = take_commit(c, m, &msg, e);
        else
            rc = hb_fail(e, HB_EPROTO, "a merger sent a frame of type %u", msg.type);
        m->greeted = true;
    }
    return rc == HB_AGAIN ? HB_OK : rc;
}

/* Write what the pipe takes; never block, for the merger may be waiting for us to read. */
static int flush_merger(struct hb_crew *c, struct merger *m, struct hb_err *e)
{
    while (m->written < m->queue.len) {
        ssize_t n = write(m->child.to, m->queue.data + m->written, m->queue.len - m->written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return HB_OK;
        if (n < 0 && errno == EPIPE)
            return lost_merger(c, m, e);
        if (n < 0)
            return hb_fail_sys(e, HB_EIO, "cannot write to a merger");
        m->written += (size_t)n;
    }
    m->queue.len = 0;
    m->written = 0;
    return HB_OK;
}

/* ---- the loop ---- */

static bool round_over(const struct hb_crew *c)
{
    for (int k = 0; k < c->o.n_mergers; k++)
        if (!c->mergers[k].committed)
            return false;
    return true;
}

/* A lost merger costs a restore, so it is not lost for a timeout that is shorter than a merge. */
static double merger_timeout_s(const struct hb_crew *c)
{
    return c->o.task_timeout_s > MERGER_PATIENCE_S ? c->o.task_timeout_s : MERGER_PATIENCE_S;
}

static int check_timeouts(struct hb_crew *c, struct hb_err *e)
{
    double now = hb_os_monotonic();
    char text[64];
    int rc;

    for (int i = 0; i < c->o.n_workers; i++) {
        struct worker *w = &c->workers[i];

        if (w->n_given == 0 || now - w->since < c->o.task_timeout_s)
            continue;
        (void)snprintf(text, sizeof text, "was killed: no result within %g s", c->o.task_timeout_s);
        keep_usage(w);
        hb_child_kill(&w->child);
        if ((rc = replace_worker(c, w, text, e)) != HB_OK)
            return rc;
    }
    if (c->n_done == c->round.length && now - c->results_in >= merger_timeout_s(c))
        for (int k = 0; k < c->o.n_mergers; k++)
            if (!c->mergers[k].committed) {
                hb_child_kill(&c->mergers[k].child);
                (void)hb_fail(e, HB_EINTERNAL, "merger %d did not commit within %g s", k,
                              merger_timeout_s(c));
                return HB_CREW_LOST_MERGER;
            }
    return HB_OK;
}

static int poll_all(struct hb_crew *c, struct hb_err *e)
{
    nfds_t n = 0;
    int timeout_ms;
    double wait = c->o.tick_s < c->o.task_timeout_s ? c->o.tick_s : c->o.task_timeout_s;

    for (int i = 0; i < c->o.n_workers; i++)
        c->fds[n++] = (struct pollfd){.fd = c->workers[i].child.from, .events = POLLIN};
    for (int k = 0; k < c->o.n_mergers; k++)
        c->fds[n++] = (struct pollfd){.fd = c->mergers[k].child.from, .events = POLLIN};
    for (int k = 0; k < c->o.n_mergers; k++) /* fd -1 is skipped by poll */
        c->fds[n++] = (struct pollfd){
            .fd = c->mergers[k].queue.len > 0 ? c->mergers[k].child.to : -1, .events = POLLOUT};
    c->fds[n++] = (struct pollfd){.fd = c->o.wake_fd, .events = POLLIN};
    timeout_ms = (int)(wait * 1000.0) + 1;
    if (poll(c->fds, n, timeout_ms) < 0 && errno != EINTR)
        return hb_fail_sys(e, HB_ESYS, "cannot wait for workers");
    return HB_OK;
}

static void drain_wake(const struct hb_crew *c)
{
    char drop[64];
    size_t got;
    int rc;

    do
        rc = hb_io_read_some(c->o.wake_fd, drop, sizeof drop, &got, "the signal pipe", NULL);
    while (rc == HB_OK);
}

/* Drain before sending: results first, then commits, then what is queued. */
static int serve_all(struct hb_crew *c, struct hb_err *e)
{
    const struct pollfd *fd = c->fds;
    int rc;

    for (int i = 0; i < c->o.n_workers; i++, fd++)
        if (fd->revents != 0 && fd->fd == c->workers[i].child.from &&
            (rc = serve_worker(c, &c->workers[i], e)) != HB_OK)
            return rc;
    for (int k = 0; k < c->o.n_mergers; k++, fd++)
        if (fd->revents != 0 && (rc = serve_merger(c, &c->mergers[k], e)) != HB_OK)
            return rc;
    for (int k = 0; k < c->o.n_mergers; k++)
        if ((rc = flush_merger(c, &c->mergers[k], e)) != HB_OK)
            return rc;
    fd += c->o.n_mergers;
    if (fd->revents != 0)
        drain_wake(c);
    return HB_OK;
}

static int work(struct hb_crew *c, struct hb_err *e)
{
    int rc;

    while (!round_over(c)) {
        if ((rc = assign(c, e)) != HB_OK || (rc = poll_all(c, e)) != HB_OK)
            return rc;
        for (nfds_t i = 0; i <= (nfds_t)(c->o.n_workers + 2 * c->o.n_mergers); i++)
            if (c->fds[i].fd < 0)
                c->fds[i].revents = 0;
        if ((rc = serve_all(c, e)) != HB_OK || (rc = check_timeouts(c, e)) != HB_OK)
            return rc;
        if (c->o.tick(c->o.tick_ctx))
            return HB_CREW_ABORTED;
    }
    return HB_OK;
}

int hb_crew_round(struct hb_crew *c, const struct hb_round *round, const struct hb_cut *cut,
                  struct hb_err *e)
{
    int rc;

    c->round = *round;
    c->cut = *cut;
    c->next_first = round->first;
    c->n_done = 0;
    c->began = hb_os_monotonic();
    for (int k = 0; k < c->o.n_mergers; k++)
        c->mergers[k].committed = false;
    if ((rc = work(c, e)) != HB_OK) {
        c->hurry = true; /* a worker may be deep in a task that nobody wants any more */
        return rc;
    }
    c->stats.merge_s += hb_os_monotonic() - c->results_in;
    close_retired(c);
    return HB_OK;
}

int hb_crew_new(const struct hb_crew_options *o, struct hb_crew **out, struct hb_err *e)
{
    size_t n_workers = (size_t)o->n_workers;
    size_t n_mergers = (size_t)o->n_mergers;
    struct hb_crew *c;
    int rc = hb_mem_new(&c, 1, sizeof *c, "the crew", e);

    if (rc != HB_OK)
        return rc;
    c->o = *o;
    if ((rc = hb_mem_new(&c->workers, n_workers, sizeof *c->workers, "workers", e)) == HB_OK &&
        (rc = hb_mem_new(&c->mergers, n_mergers, sizeof *c->mergers, "mergers", e)) == HB_OK)
        rc = hb_mem_new(&c->fds, n_workers + 2 * n_mergers + 1, sizeof *c->fds, "waiting", e);
    for (int i = 0; rc == HB_OK && i < o->n_workers; i++)
        c->workers[i].segment.fd = -1;
    for (int k = 0; rc == HB_OK && k < o->n_mergers; k++)
        rc = start_merger(c, k, e);
    for (int i = 0; rc == HB_OK && i < o->n_workers; i++)
        rc = start_worker(c, &c->workers[i], e);
    if (rc != HB_OK)
        hb_crew_free(c);
    else
        *out = c;
    return rc;
}

/* Tell everybody first, so that nobody waits for another's end. */
static void dismiss(struct hb_crew *c)
{
    for (int i = 0; c->workers != NULL && i < c->o.n_workers; i++) {
        struct worker *w = &c->workers[i];

        if (c->hurry)
            hb_child_kill(&w->child);
        else if (w->child.pid > 0) {
            int sent = hb_frame_write(&w->out, HB_FRAME_SHUTDOWN, 0, NULL, 0, NULL);

            (void)sent; /* closing its input says the same */
            hb_child_close(&w->child);
        }
    }
    for (int k = 0; c->mergers != NULL && k < c->o.n_mergers; k++) {
        if (c->hurry)
            hb_child_kill(&c->mergers[k].child);
        else
            hb_child_close(&c->mergers[k].child);
    }
}

/* What is left of the patience that all children share. */
static int patience_ms(double deadline)
{
    double left = 1000.0 * (deadline - hb_os_monotonic());

    return left > 0.0 ? (int)left : 0;
}

void hb_crew_free(struct hb_crew *c)
{
    double deadline = hb_os_monotonic() + STOP_PATIENCE_S;

    if (c == NULL)
        return;
    dismiss(c);
    for (int i = 0; c->workers != NULL && i < c->o.n_workers; i++) {
        struct worker *w = &c->workers[i];

        hb_child_stop(&w->child, patience_ms(deadline));
        hb_frame_reader_fini(&w->in);
        hb_frame_writer_fini(&w->out);
        hb_os_shared_close(&w->segment);
    }
    for (int k = 0; c->mergers != NULL && k < c->o.n_mergers; k++) {
        hb_child_stop(&c->mergers[k].child, patience_ms(deadline));
        hb_frame_reader_fini(&c->mergers[k].in);
        hb_buf_fini(&c->mergers[k].queue);
    }
    close_retired(c);
    hb_buf_fini(&c->result);
    hb_mem_free(c->workers);
    hb_mem_free(c->mergers);
    hb_mem_free(c->fds);
    hb_mem_free(c->returned);
    hb_mem_free(c->retired);
    hb_mem_free(c);
}
