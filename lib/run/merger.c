#include "run/merger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/hello.h"
#include "solver/merge.h"
#include "store/tablefile.h"
#include "wire/frame.h"
#include "wire/message.h"

#define SEGMENTS_MAX 512 /* distinct segments in one run: workers, and those that replaced them */

struct stream {
    const char *name;
    int fd; /* -1: ended */
    bool greeted;
    struct hb_frame_reader in;
};

/* A result that waits until its round is complete. */
struct held {
    struct hb_task task;
    uint64_t nodes;
    const uint8_t *records; /* into `copy` or a segment */
    size_t len;
    uint8_t *copy; /* owned; NULL for a segment's records */
    int segment;   /* index, -1 for a copy */
    uint64_t offset;
};

struct segment {
    char path[sizeof((struct hb_delta_head *)0)->segment];
    void *map;
    uint64_t len;
};

struct merger {
    struct hb_merger_options *o;
    struct hb_tablefile file;
    int lock_fd; /* holds the lock on our part */
    struct hb_merge merge;
    struct hb_hello hello;
    struct hb_frame_writer out;
    struct stream *streams;
    struct held *held;
    size_t n_held, cap_held;
    struct segment segments[SEGMENTS_MAX];
    int n_segments;
    struct hb_round round;          /* the one being collected */
    uint8_t done[HB_ROUND_MAX / 8]; /* its iterations that are there */
    uint32_t n_done;
    uint32_t duplicates; /* in this round */
    struct hb_err first; /* what broke first, in a stream or with the round */
};

/* ---- results ------------------------------------------------------------------------------------
 */

static uint32_t covered(const struct merger *m, const struct hb_task *t)
{
    uint32_t n = 0;

    for (uint64_t i = t->first - m->round.first; i < t->first - m->round.first + t->count; i++)
        n += m->done[i / 8] >> (i % 8) & 1;
    return n;
}

static void cover(struct merger *m, const struct hb_task *t)
{
    for (uint64_t i = t->first - m->round.first; i < t->first - m->round.first + t->count; i++)
        m->done[i / 8] |= (uint8_t)(1u << (i % 8));
    m->n_done += t->count;
}

static int map_segment(struct merger *m, int index, uint64_t need, const char *path,
                       struct hb_err *e)
{
    struct segment *s = &m->segments[index];
    struct stat st;
    void *map = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = HB_OK;

    if (fd < 0)
        return hb_fail_sys(e, HB_EPROTO, "cannot open the segment '%s' that a result names", path);
    if (fstat(fd, &st) != 0)
        rc = hb_fail_sys(e, HB_ESYS, "cannot look at the segment '%s'", path);
    else if ((uint64_t)st.st_size < need)
        rc = hb_fail(e, HB_EPROTO, "the segment '%s' has %lld bytes, a result needs %llu", path,
                     (long long)st.st_size, (unsigned long long)need);
    if (rc == HB_OK && (rc = hb_os_map(fd, (uint64_t)st.st_size, false, &map, e)) == HB_OK) {
        hb_os_unmap(s->map, s->len);
        s->map = map;
        s->len = (uint64_t)st.st_size;
    }
    (void)close(fd); /* the mapping stays */
    return rc;
}

/* The mapped segment of that path, at least `need` bytes long. */
static int find_segment(struct merger *m, const char *path, uint64_t need, int *index,
                        struct hb_err *e)
{
    int i = 0;
    int rc;

    while (i < m->n_segments && strcmp(m->segments[i].path, path) != 0)
        i++;
    if (i == SEGMENTS_MAX)
        return hb_fail(e, HB_ELIMIT, "results name more than %d segments", SEGMENTS_MAX);
    if (i == m->n_segments || m->segments[i].len < need) {
        if ((rc = map_segment(m, i, need, path, e)) != HB_OK)
            return rc;
        memcpy(m->segments[i].path, path, sizeof m->segments[i].path);
        if (i == m->n_segments)
            m->n_segments++;
    }
    *index = i;
    return HB_OK;
}

static const uint8_t *records_of(const struct merger *m, const struct held *h)
{
    return h->copy != NULL ? h->copy : (const uint8_t *)m->segments[h->segment].map + h->offset;
}

/* Get hold of the records, checked, so that nothing can go wrong with them once the table is open.
 */
static int take_records(struct merger *m, const struct hb_delta_head *head, const uint8_t *inl,
                        struct held *h, struct hb_err *e)
{
    int rc;

    h->len = head->record_bytes;
    h->segment = -1;
    if (head->kind == HB_DELTA_INLINE) {
        if ((rc = hb_merge_check(&m->merge, inl, h->len, e)) != HB_OK ||
            (rc = hb_mem_new(&h->copy, h->len, 1, "a result", e)) != HB_OK)
            return rc;
        memcpy(h->copy, inl, h->len);
        return HB_OK;
    }
    if (head->offset > UINT64_MAX / 2 || head->record_bytes > UINT64_MAX / 2)
        return hb_fail(e, HB_EPROTO, "a result's place in its segment is out of range");
    if ((rc = find_segment(m, head->segment, head->offset + head->record_bytes, &h->segment, e)) !=
        HB_OK)
        return rc;
    h->offset = head->offset;
    /* The path may name a new file by now: a descriptor's number is used again after its worker was
     * replaced. Nothing of this round lies in the old one, so look once more. */
    if (hb_xxh3(records_of(m, h), h->len) != head->hash &&
        (rc = map_segment(m, h->segment, h->offset + h->len, head->segment, e)) != HB_OK)
        return rc;
    if (hb_xxh3(records_of(m, h), h->len) != head->hash)
        return hb_fail(e, HB_EPROTO, "a result in the segment '%s' fails its checksum",
                       head->segment);
    return hb_merge_check(&m->merge, records_of(m, h), h->len, e);
}

static int hold(struct merger *m, const struct held *h, struct hb_err *e)
{
    int rc;

    if (m->n_held == m->cap_held) {
        size_t cap = m->cap_held > 0 ? 2 * m->cap_held : 64;

        if ((rc = hb_mem_grow(&m->held, cap, sizeof *m->held, "held results", e)) != HB_OK)
            return rc;
        m->cap_held = cap;
    }
    m->held[m->n_held++] = *h;
    return HB_OK;
}

/* Whether a result of the collected round is new (HB_OK), a duplicate (HB_EOF) or nonsense. */
static int admit(struct merger *m, const struct hb_task *t, struct hb_err *e)
{
    uint64_t at = t->first - m->round.first;
    uint32_t n;

    if (t->first < m->round.first || at > m->round.length || t->count > m->round.length - at)
        return hb_fail(e, HB_EPROTO, "a result for iterations %llu+%u, outside round %llu",
                       (unsigned long long)t->first, t->count,
                       (unsigned long long)m->round.generation);
    n = covered(m, t);
    if (n == t->count)
        return HB_EOF;
    if (n > 0)
        return hb_fail(e, HB_EPROTO, "a result for iterations %llu+%u overlaps another",
                       (unsigned long long)t->first, t->count);
    cover(m, t);
    return HB_OK;
}

static int take_delta(struct merger *m, const struct hb_message *msg, struct hb_err *e)
{
    struct hb_delta_head head;
    struct held h = {0};
    const uint8_t *inl;
    int rc;

    if ((rc = hb_delta_decode(&head, &inl, msg->data, msg->len, e)) != HB_OK)
        return rc;
    h.task = head.task;
    h.nodes = head.nodes;
    if (head.task.generation < m->round.generation) {
        m->duplicates++;
        m->o->n_duplicates++;
        return HB_OK;
    }
    if ((rc = take_records(m, &head, inl, &h, e)) != HB_OK)
        return rc;
    if (head.task.generation == m->round.generation)
        rc = admit(m, &head.task, e);
    if (rc == HB_OK && (rc = hold(m, &h, e)) == HB_OK)
        return HB_OK;
    hb_mem_free(h.copy);
    if (rc != HB_EOF)
        return rc;
    m->duplicates++;
    m->o->n_duplicates++;
    return HB_OK;
}

/* ---- rounds -------------------------------------------------------------------------------------
 */

static int begin_round(struct merger *m, uint64_t iteration, struct hb_err *e)
{
    memset(m->done, 0, sizeof m->done);
    m->n_done = 0;
    m->duplicates = 0;
    return hb_round_at(&m->file.table.spec.params, iteration, &m->round, e);
}

static int send_commit(struct merger *m, const struct hb_commit *c, struct hb_err *e)
{
    struct hb_buf b = {0};
    int rc;

    if (m->o->out_fd < 0)
        return HB_OK;
    hb_commit_encode(c, &b);
    if ((rc = hb_buf_check(&b, e)) == HB_OK)
        rc = hb_frame_write(&m->out, HB_FRAME_COMMIT, (uint32_t)c->generation, b.data, b.len, e);
    hb_buf_fini(&b);
    return rc;
}

/* Keep the first failure of all. */
static void note(struct merger *m, int rc, const struct hb_err *why)
{
    if (rc == HB_OK || rc == HB_EOF || m->first.rc != HB_OK)
        return;
    m->first = *why;
    m->first.rc = rc;
}

/* Results that came early: the new round's are admitted, doubles and nonsense among them dropped.
 */
static void admit_early(struct merger *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n_held; i++) {
        struct held *h = &m->held[i];
        struct hb_err why = {0};
        int rc = HB_OK;

        if (h->task.generation == m->round.generation)
            rc = admit(m, &h->task, &why);
        if (rc == HB_OK) {
            m->held[kept++] = *h;
            continue;
        }
        note(m, rc, &why);
        hb_mem_free(h->copy);
        if (rc == HB_EOF) {
            m->duplicates++;
            m->o->n_duplicates++;
        }
    }
    m->n_held = kept;
}

/* Merge the collected round and begin the next. */
static int commit_round(struct merger *m, struct hb_err *e)
{
    struct hb_commit c = {.generation = m->round.generation + 1,
                          .iteration = m->round.first + m->round.length,
                          .duplicates = m->duplicates};
    struct hb_table_part *live = &m->file.table.live->part[m->o->part];
    size_t kept = 0;
    int rc;

    if ((rc = hb_merge_begin(&m->merge, e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < m->n_held; i++) {
        struct held *h = &m->held[i];

        if (h->task.generation != m->round.generation) {
            m->held[kept++] = *h;
            continue;
        }
        if ((rc = hb_merge_add(&m->merge, records_of(m, h), h->len, e)) != HB_OK)
            return rc;
        c.nodes += h->nodes;
        c.record_bytes += h->len;
        c.tasks++;
        hb_mem_free(h->copy);
    }
    m->n_held = kept;
    c.records = m->merge.records;
    live->nodes += c.nodes;
    hb_merge_end(&m->merge);
    m->o->n_results += c.tasks;
    if ((rc = begin_round(m, c.iteration, e)) != HB_OK || (rc = send_commit(m, &c, e)) != HB_OK)
        return rc;
    admit_early(m);
    return HB_OK;
}

/* ---- streams ------------------------------------------------------------------------------------
 */

static void end_stream(struct merger *m, struct stream *s, int rc, struct hb_err *why)
{
    if (rc != HB_OK && rc != HB_EOF)
        note(m, hb_context(why, rc, "'%s'", s->name), why);
    (void)close(s->fd); /* read only */
    s->fd = -1;
}

static int take_message(struct merger *m, struct stream *s, const struct hb_message *msg,
                        struct hb_err *e)
{
    int rc;

    if (!s->greeted) {
        rc = hb_hello_take(&m->hello, msg, "the worker", e);
        s->greeted = rc == HB_OK;
        return rc;
    }
    switch (msg->type) {
    case HB_FRAME_DELTA: return take_delta(m, msg, e);
    case HB_FRAME_SHUTDOWN: return HB_EOF;
    case HB_FRAME_ERROR: return hb_error_take(msg, "the worker", e);
    default:
        return hb_fail(e, HB_EPROTO, "a frame of type %u where a result was expected", msg->type);
    }
}

/* One read of a stream and whatever messages it completes. Only failures of our own are returned.
 */
static int serve_stream(struct merger *m, struct stream *s, struct hb_err *e)
{
    struct hb_message msg;
    struct hb_err why = {0};
    int rc = hb_frame_fill(&s->in, &why);

    if (rc == HB_EOF) {
        if (!hb_frame_reader_clean(&s->in))
            rc = hb_fail(&why, HB_EPROTO, "ends inside a result, which is dropped");
        end_stream(m, s, rc, &why);
        return HB_OK;
    }
    while (rc == HB_OK && (rc = hb_frame_next(&s->in, &msg, &why)) == HB_OK) {
        rc = take_message(m, s, &msg, &why);
        while (rc == HB_OK && m->n_done == m->round.length) {
            int own = commit_round(m, e);

            if (own != HB_OK)
                return own;
        }
    }
    if (rc != HB_AGAIN)
        end_stream(m, s, rc, &why);
    return HB_OK;
}

static int wait_and_serve(struct merger *m, bool *more, struct hb_err *e)
{
    struct pollfd fds[HB_STREAMS_MAX];
    int at[HB_STREAMS_MAX];
    nfds_t n = 0;

    for (int i = 0; i < m->o->n_streams; i++)
        if (m->streams[i].fd >= 0) {
            at[n] = i;
            fds[n++] = (struct pollfd){.fd = m->streams[i].fd, .events = POLLIN};
        }
    *more = n > 0;
    if (n == 0)
        return HB_OK;
    if (poll(fds, n, -1) < 0)
        return errno == EINTR ? HB_OK : hb_fail_sys(e, HB_ESYS, "cannot wait for the streams");
    for (nfds_t i = 0; i < n; i++) {
        int rc = fds[i].revents != 0 ? serve_stream(m, &m->streams[at[i]], e) : HB_OK;

        if (rc != HB_OK)
            return rc;
    }
    return HB_OK;
}

/* The stream has a duplicate of standard input. Without the original a writer sees at once that a
 * bad stream was given up. */
static int leave_stdin(struct hb_err *e)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int rc = HB_OK;

    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        rc = hb_fail_sys(e, HB_ESYS, "cannot open '/dev/null'");
    if (null > STDIN_FILENO)
        (void)close(null); /* read only */
    return rc;
}

static int open_streams(struct merger *m, struct hb_err *e)
{
    int rc = hb_mem_new(&m->streams, (size_t)m->o->n_streams, sizeof *m->streams, "streams", e);

    for (int i = 0; rc == HB_OK && i < m->o->n_streams; i++)
        m->streams[i].fd = -1;
    for (int i = 0; rc == HB_OK && i < m->o->n_streams; i++) {
        struct stream *s = &m->streams[i];

        s->name = m->o->streams[i];
        if ((rc = hb_io_open_read(s->name, &s->fd, e)) == HB_OK)
            hb_frame_reader_init(&s->in, s->fd, s->name, HB_MESSAGE_MAX);
        if (rc == HB_OK && strcmp(s->name, "-") == 0)
            rc = leave_stdin(e);
    }
    return rc;
}

/* Where this merger's part is. The others may be a round behind: their mergers are on their own. */
static int part_clean(const struct merger *m, uint64_t *iteration, struct hb_err *e)
{
    const struct hb_table *t = &m->file.table;
    const struct hb_table_part *mine = &t->live->part[m->o->part];
    uint64_t generation;

    *iteration = mine->iteration;
    return mine->state == HB_TABLE_CLEAN ? HB_OK : hb_table_clean(t, &generation, iteration, e);
}

/* Two writers of a part would each add the same round. The lock is this process's until it ends, as
 * long as it closes no other descriptor of the table: the table was opened and mapped before. */
static int take_part(struct merger *m, struct hb_err *e)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)m->o->part, .l_len = 1};

    m->lock_fd = open(m->o->table, O_RDWR | O_CLOEXEC);
    if (m->lock_fd < 0)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open it");
    if (fcntl(m->lock_fd, F_SETLK, &lock) == 0 || (errno != EACCES && errno != EAGAIN))
        return HB_OK; /* a file system without locks is no reason not to merge */
    return hb_fail(e, HB_ECREATE, "another hb-merge writes to it");
}

static int open_table(struct merger *m, struct hb_err *e)
{
    struct hb_table *t = &m->file.table;
    uint64_t iteration = 0;
    int rc;

    if ((rc = hb_tablefile_open(m->o->table, true, &m->file, e)) != HB_OK)
        return rc;
    if ((rc = take_part(m, e)) != HB_OK ||
        (rc = hb_merge_init(&m->merge, t, m->o->part, m->o->n_parts, e)) != HB_OK ||
        (rc = part_clean(m, &iteration, e)) != HB_OK)
        return hb_context(e, rc, "table '%s'", m->o->table);
    hb_hello_of(t, m->o->replica ? HB_ROLE_REPLICA : HB_ROLE_MERGE, &m->hello);
    return begin_round(m, iteration, e);
}

static int collect(struct merger *m, struct hb_err *e)
{
    bool more = true;
    int rc;

    if (m->o->out_fd >= 0 && (rc = hb_hello_send(&m->out, &m->hello, e)) != HB_OK)
        return rc;
    if ((rc = open_streams(m, e)) != HB_OK)
        return rc;
    while (more)
        if ((rc = wait_and_serve(m, &more, e)) != HB_OK)
            return rc;
    if (m->first.rc == HB_OK && m->n_held > 0)
        (void)hb_fail(&m->first, HB_EPROTO,
                      "the streams ended with %u of the %u iterations of round %llu missing; the "
                      "%zu results that came for it or for later rounds are not merged",
                      m->round.length - m->n_done, m->round.length,
                      (unsigned long long)m->round.generation, m->n_held);
    if (m->first.rc == HB_OK)
        return HB_OK;
    if (e != NULL)
        *e = m->first;
    return m->first.rc;
}

static void close_merger(struct merger *m)
{
    for (int i = 0; m->streams != NULL && i < m->o->n_streams; i++) {
        hb_frame_reader_fini(&m->streams[i].in);
        if (m->streams[i].fd >= 0)
            (void)close(m->streams[i].fd); /* read only */
    }
    for (size_t i = 0; i < m->n_held; i++)
        hb_mem_free(m->held[i].copy);
    for (int i = 0; i < m->n_segments; i++)
        hb_os_unmap(m->segments[i].map, m->segments[i].len);
    hb_mem_free(m->held);
    hb_mem_free(m->streams);
    hb_frame_writer_fini(&m->out);
    hb_merge_fini(&m->merge);
    hb_tablefile_close(&m->file);
    if (m->lock_fd >= 0)
        (void)close(m->lock_fd); /* nothing was written through it */
}

int hb_merger_run(struct hb_merger_options *o, struct hb_err *e)
{
    struct merger *m;
    int rc = hb_mem_new(&m, 1, sizeof *m, "the merger", e);

    if (rc != HB_OK)
        return rc;
    m->o = o;
    m->lock_fd = -1;
    hb_frame_writer_init(&m->out, o->out_fd, "the commit stream");
    if ((rc = open_table(m, e)) == HB_OK) {
        rc = collect(m, e);
        o->generation = m->round.generation;
        o->iteration = m->round.first;
        o->missing = m->n_held > 0 ? m->round.length - m->n_done : 0;
    }
    close_merger(m);
    hb_mem_free(m);
    return rc;
}
