#include "run/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "run/hello.h"
#include "wire/frame.h"
#include "wire/message.h"

#define SMALL_MESSAGE_MAX (16u << 10) /* tasks and commits, with room to grow */

/* A pipe that nobody reads any more; without POLLOUT poll reports nothing else of a write end. */
static bool is_gone(const struct pollfd *p)
{
    return (p->revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static int wait_for(struct pollfd *fds, nfds_t n, struct hb_err *e)
{
    while (poll(fds, n, -1) < 0)
        if (errno != EINTR)
            return hb_fail_sys(e, HB_ESYS, "cannot wait for the streams");
    return HB_OK;
}

/* ---- tasks ---- */

struct commits {
    const char *name;
    int fd;
    struct hb_frame_reader in;
    bool greeted;
    bool there; /* the awaited commit */
};

struct feed {
    const struct hb_feed_options *o;
    struct hb_hello hello;
    struct hb_frame_writer out;
    struct hb_round round;
    uint32_t job;
    struct commits commits[HB_COMMITS_MAX];
    int n_open;
};

int hb_feed_end(const struct hb_params *p, uint64_t first, uint64_t count, int n_commits,
                uint64_t *end, struct hb_err *e)
{
    struct hb_round round;
    int rc = hb_round_at(p, first, &round, e);

    if (rc != HB_OK)
        return rc;
    if (count == 0)
        return hb_fail(e, HB_EUSAGE, "no iteration to do");
    if (first > HB_ITERATIONS_MAX - HB_ROUND_MAX ||
        count > HB_ITERATIONS_MAX - HB_ROUND_MAX - first)
        return hb_fail(e, HB_ELIMIT, "iterations go up to 2^48");
    *end = hb_round_boundary(p, first + count);
    if (n_commits == 0 && *end != first + round.length)
        return hb_fail(e, HB_EUSAGE,
                       "%llu iterations from %llu are more than one round (%u iterations); the "
                       "next one's tasks may go out only after the merge has committed this one: "
                       "name its commit stream with --commits",
                       (unsigned long long)count, (unsigned long long)first, round.length);
    return HB_OK;
}

static int send_round(struct feed *f, struct hb_err *e)
{
    struct hb_task t = {.generation = f->round.generation, .first = f->round.first};
    const uint64_t end = f->round.first + f->round.length;
    struct hb_buf b = {0};
    int rc = HB_OK;

    while (rc == HB_OK && t.first < end) {
        t.count = end - t.first < f->o->batch ? (uint32_t)(end - t.first) : f->o->batch;
        b.len = 0;
        hb_task_encode(&t, &b);
        if ((rc = hb_buf_check(&b, e)) == HB_OK)
            rc = hb_frame_write(&f->out, HB_FRAME_TASK, f->job++, b.data, b.len, e);
        t.first += t.count;
    }
    hb_buf_fini(&b);
    return rc;
}

static int read_commit(struct feed *f, struct commits *s, const struct hb_message *m,
                       struct hb_err *e)
{
    struct hb_commit c;
    int rc;

    if (!s->greeted) {
        rc = hb_hello_take(&f->hello, m, "the merge", e);
        s->greeted = rc == HB_OK;
        return rc;
    }
    if (m->type == HB_FRAME_ERROR)
        return hb_error_take(m, "the merge", e);
    if (m->type != HB_FRAME_COMMIT)
        return hb_fail(e, HB_EPROTO, "a frame of type %u where a commit was expected",
                       (unsigned)m->type);
    if ((rc = hb_commit_decode(&c, m->data, m->len, e)) != HB_OK)
        return rc;
    if (c.generation != f->round.generation + 1 || c.iteration != f->round.first + f->round.length)
        return hb_fail(e, HB_EPROTO,
                       "the merge commits generation %llu, iteration %llu where %llu, %llu was "
                       "expected",
                       (unsigned long long)c.generation, (unsigned long long)c.iteration,
                       (unsigned long long)f->round.generation + 1,
                       (unsigned long long)(f->round.first + f->round.length));
    s->there = true;
    return HB_OK;
}

static int take_commit(struct feed *f, struct commits *s, const struct hb_message *m,
                       struct hb_err *e)
{
    int rc = read_commit(f, s, m, e);

    return rc == HB_OK ? HB_OK : hb_context(e, rc, "'%s'", s->name);
}

/* Take the messages that have come, up to the awaited commit; what is behind it stays for later. */
static int drain(struct feed *f, struct commits *s, struct hb_err *e)
{
    struct hb_message m;
    int rc = HB_OK;

    while (!s->there && rc == HB_OK && (rc = hb_frame_next(&s->in, &m, e)) == HB_OK)
        rc = take_commit(f, s, &m, e);
    return rc == HB_AGAIN ? HB_OK : rc;
}

static int fill(struct feed *f, struct commits *s, struct hb_err *e)
{
    int rc = hb_frame_fill(&s->in, e);

    if (rc == HB_EOF)
        return hb_fail(e, HB_EPROTO, "'%s' ends before the commit of round %llu", s->name,
                       (unsigned long long)f->round.generation);
    return rc == HB_OK || rc == HB_AGAIN ? drain(f, s, e) : rc;
}

/* Until every stream has committed the round. */
static int await_commits(struct feed *f, struct hb_err *e)
{
    struct pollfd fds[HB_COMMITS_MAX + 1];
    struct commits *at[HB_COMMITS_MAX + 1];
    int rc;

    for (int i = 0; i < f->n_open; i++) {
        f->commits[i].there = false;
        if ((rc = drain(f, &f->commits[i], e)) != HB_OK)
            return rc;
    }
    for (;;) {
        nfds_t n = 1;

        for (int i = 0; i < f->n_open; i++)
            if (!f->commits[i].there) {
                at[n] = &f->commits[i];
                fds[n++] = (struct pollfd){.fd = f->commits[i].fd, .events = POLLIN};
            }
        if (n == 1)
            return HB_OK;
        fds[0] = (struct pollfd){.fd = f->o->out_fd};
        if ((rc = wait_for(fds, n, e)) != HB_OK)
            return rc;
        for (nfds_t i = 1; i < n; i++)
            if (fds[i].revents != 0 && (rc = fill(f, at[i], e)) != HB_OK)
                return rc;
        if (is_gone(&fds[0]))
            return hb_fail(e, HB_EIO, "nobody reads the tasks any more");
    }
}

static int open_commits(struct feed *f, struct hb_err *e)
{
    int rc;

    for (int i = 0; i < f->o->n_commits; i++) {
        struct commits *s = &f->commits[i];

        s->name = f->o->commits[i];
        if ((rc = hb_io_open_read(s->name, &s->fd, e)) != HB_OK)
            return rc;
        f->n_open++;
        hb_frame_reader_init(&s->in, s->fd, s->name, SMALL_MESSAGE_MAX);
    }
    return HB_OK;
}

static int feed_all(struct feed *f, struct hb_err *e)
{
    uint64_t first = f->o->first;
    int rc;

    if ((rc = open_commits(f, e)) != HB_OK || (rc = hb_hello_send(&f->out, &f->hello, e)) != HB_OK)
        return rc;
    while (first < f->o->end) {
        if ((rc = hb_round_at(&f->o->spec->params, first, &f->round, e)) != HB_OK ||
            (rc = send_round(f, e)) != HB_OK || (rc = await_commits(f, e)) != HB_OK)
            return rc;
        first += f->round.length;
    }
    return hb_frame_write(&f->out, HB_FRAME_SHUTDOWN, 0, NULL, 0, e);
}

int hb_feed_run(const struct hb_feed_options *o, struct hb_err *e)
{
    struct hb_identity id;
    struct feed *f;
    int rc = hb_mem_new(&f, 1, sizeof *f, "the task stream", e);

    if (rc != HB_OK)
        return rc;
    f->o = o;
    hb_spec_identity(o->spec, &id);
    hb_hello_of_identity(&id, HB_ROLE_TASKS, &f->hello);
    hb_frame_writer_init(&f->out, o->out_fd, "the task stream");
    rc = feed_all(f, e);
    for (int i = 0; i < f->n_open; i++) {
        hb_frame_reader_fini(&f->commits[i].in);
        (void)close(f->commits[i].fd); /* read only */
    }
    hb_frame_writer_fini(&f->out);
    hb_mem_free(f);
    return rc;
}

/* ---- dealing ---- */

struct deal {
    struct hb_frame_reader in;
    struct hb_frame_writer out[HB_DEAL_OUT_MAX];
    struct pollfd fds[HB_DEAL_OUT_MAX + 1]; /* the input, then the outputs */
    int n_out;
    int next; /* whose turn it is */
    bool greeted;
};

static int deal_message(struct deal *d, const struct hb_message *m, struct hb_err *e)
{
    int rc = HB_OK;

    if (m->type == HB_FRAME_ERROR && d->greeted)
        return hb_error_take(m, "the task stream", e);
    if (!d->greeted && m->type != HB_FRAME_HELLO)
        return hb_fail(e, HB_EPROTO, "the task stream does not begin with HELLO");
    if (d->greeted && m->type != HB_FRAME_TASK && m->type != HB_FRAME_SHUTDOWN)
        return hb_fail(e, HB_EPROTO, "a frame of type %u where a task was expected",
                       (unsigned)m->type);
    d->greeted = true;
    if (m->type == HB_FRAME_TASK) {
        rc = hb_frame_write(&d->out[d->next], m->type, m->job, m->data, m->len, e);
        d->next = (d->next + 1) % d->n_out;
        return rc;
    }
    for (int i = 0; i < d->n_out && rc == HB_OK; i++)
        rc = hb_frame_write(&d->out[i], m->type, m->job, m->data, m->len, e);
    if (rc == HB_OK && m->type == HB_FRAME_SHUTDOWN)
        return HB_EOF;
    return rc;
}

/* Block until the input has something; meanwhile an output may lose its reader. */
static int await_input(struct deal *d, struct hb_err *e)
{
    int rc = wait_for(d->fds, (nfds_t)d->n_out + 1, e);

    if (rc != HB_OK)
        return rc;
    for (int i = 0; i < d->n_out; i++)
        if (is_gone(&d->fds[i + 1]))
            return hb_fail(e, HB_EIO, "nobody reads '%s' any more", d->out[i].name);
    if (d->fds[0].revents == 0)
        return HB_OK;
    rc = hb_frame_fill(&d->in, e);
    if (rc == HB_EOF && !hb_frame_reader_clean(&d->in))
        return hb_fail(e, HB_EPROTO, "the task stream ends inside frame %u", d->in.next_seq);
    if (rc == HB_EOF && !d->greeted)
        return hb_fail(e, HB_EPROTO, "the task stream is empty");
    return rc == HB_AGAIN ? HB_OK : rc;
}

static int deal_all(struct deal *d, struct hb_err *e)
{
    struct hb_message m;
    int rc;

    do {
        while ((rc = hb_frame_next(&d->in, &m, e)) == HB_OK)
            if ((rc = deal_message(d, &m, e)) != HB_OK)
                return rc;
        if (rc == HB_AGAIN)
            rc = await_input(d, e);
    } while (rc == HB_OK);
    return rc;
}

int hb_feed_deal(int in_fd, const char *const *out, int n_out, struct hb_err *e)
{
    struct deal *d;
    int rc = hb_mem_new(&d, 1, sizeof *d, "the outputs", e);

    if (rc != HB_OK)
        return rc;
    hb_frame_reader_init(&d->in, in_fd, "the task stream", SMALL_MESSAGE_MAX);
    d->fds[0] = (struct pollfd){.fd = in_fd, .events = POLLIN};
    while (rc == HB_OK && d->n_out < n_out) {
        const char *name = out[d->n_out];
        /* A FIFO waits here for its reader. Files are not made: a wrong name should not go
         * unnoticed. */
        int fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC);

        if (fd < 0) {
            rc = hb_fail_sys(e, HB_ECREATE, "cannot open '%s' for writing", name);
            break;
        }
        hb_frame_writer_init(&d->out[d->n_out++], fd, name);
        d->fds[d->n_out] = (struct pollfd){.fd = fd};
    }
    if (rc == HB_OK && (rc = deal_all(d, e)) == HB_EOF)
        rc = HB_OK;
    for (int i = 0; i < d->n_out; i++) {
        if (close(d->out[i].fd) != 0 && rc == HB_OK)
            rc = hb_fail_sys(e, HB_EIO, "cannot write '%s'", d->out[i].name);
        hb_frame_writer_fini(&d->out[i]);
    }
    hb_frame_reader_fini(&d->in);
    hb_mem_free(d);
    return rc;
}
