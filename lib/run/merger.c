#include "run/merger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
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
#include "wire/compact.h"
#include "wire/frame.h"
#include "wire/message.h"

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
    uint8_t *copy; /* owned; NULL for a segment's records */
    size_t len;
    int segment; /* index, -1 for a copy */
    uint64_t offset;
    uint64_t hash; /* of a segment's records */
};

struct segment {
    char path[sizeof((struct hb_delta_head *)0)->segment]; /* "": another mapping has the name */
    void *map;                                             /* NULL: the place is free */
    uint64_t len;
    bool used; /* by a result of the collected round or of the next */
};

/* What is there of a round. */
struct collected {
    struct hb_round round;
    uint8_t done[HB_ROUND_MAX / 8]; /* its iterations */
    uint32_t n_done;
    uint32_t duplicates;
};

struct merger {
    struct hb_merger_options *o;
    struct hb_tablefile file;
    struct hb_merge merge;
    struct hb_hello hello;
    struct hb_frame_writer out;
    struct hb_compact compact; /* scratch */
    struct stream *streams;
    struct held *held; /* results of `now` and `next`, each iteration at most once */
    size_t n_held, cap_held;
    struct segment *segments;
    int n_segments, cap_segments;
    struct collected now;  /* the round that the table is at */
    struct collected next; /* the one after it, begun with its first result */
    bool has_next;
    struct hb_err first; /* what broke first, in a stream or with the round */
};

/* ---- segments ---- */

static int free_place(struct merger *m, int *index, struct hb_err *e)
{
    int i = 0;
    int rc;

    while (i < m->n_segments && m->segments[i].map != NULL)
        i++;
    if (i == m->cap_segments) {
        int cap = m->cap_segments > 0 ? 2 * m->cap_segments : 16;

        rc = hb_mem_grow(&m->segments, (size_t)cap, sizeof *m->segments, "segments", e);
        if (rc != HB_OK)
            return rc;
        m->cap_segments = cap;
    }
    if (i == m->n_segments)
        m->segments[m->n_segments++] = (struct segment){.map = NULL};
    *index = i;
    return HB_OK;
}

static int map_file(const char *path, uint64_t need, struct segment *s, struct hb_err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is an error, not a wait */
    int rc = HB_OK;

    if (fd < 0)
        return hb_fail_sys(e, HB_EPROTO, "cannot open the segment '%s' that a result names", path);
    if (fstat(fd, &st) != 0)
        rc = hb_fail_sys(e, HB_ESYS, "cannot look at the segment '%s'", path);
    else if ((uint64_t)st.st_size < need)
        rc = hb_fail(e, HB_EPROTO, "the segment '%s' has %lld bytes, a result needs %llu", path,
                     (long long)st.st_size, (unsigned long long)need);
    if (rc == HB_OK && (rc = hb_os_map(fd, (uint64_t)st.st_size, false, &s->map, e)) == HB_OK)
        s->len = (uint64_t)st.st_size;
    (void)close(fd); /* the mapping stays */
    return rc;
}

/* Map what the path names now. An older mapping of that name stays as long as results lie in it. */
static int map_segment(struct merger *m, const char *path, uint64_t need, int *index,
                       struct hb_err *e)
{
    struct segment new = {.map = NULL};
    int rc;

    if (hb_tablefile_is(&m->file, path, -1)) /* closing it would lose the lock */
        return hb_fail(e, HB_EPROTO, "a result names the table as its segment");
    if ((rc = free_place(m, index, e)) != HB_OK || (rc = map_file(path, need, &new, e)) != HB_OK)
        return rc;
    for (int i = 0; i < m->n_segments; i++)
        if (strcmp(m->segments[i].path, path) == 0)
            m->segments[i].path[0] = '\0';
    (void)snprintf(new.path, sizeof new.path, "%s", path); /* fits: both are as long */
    m->segments[*index] = new;
    return HB_OK;
}

/* The mapped segment of that path, at least `need` bytes long. */
static int find_segment(struct merger *m, const char *path, uint64_t need, int *index,
                        struct hb_err *e)
{
    for (int i = 0; i < m->n_segments; i++)
        if (m->segments[i].len >= need && strcmp(m->segments[i].path, path) == 0) {
            *index = i;
            return HB_OK;
        }
    return map_segment(m, path, need, index, e);
}

/* A round is merged: what neither it nor the next needed is unmapped. Segments of workers that are
 * gone would hold their memory otherwise. */
static void release_segments(struct merger *m)
{
    for (int i = 0; i < m->n_segments; i++) {
        struct segment *s = &m->segments[i];

        if (!s->used) {
            hb_os_unmap(s->map, s->len);
            *s = (struct segment){.map = NULL};
        }
        s->used = false;
    }
    for (size_t i = 0; i < m->n_held; i++)
        if (m->held[i].segment >= 0)
            m->segments[m->held[i].segment].used = true;
}

/* ---- results ---- */

static uint32_t covered(const struct collected *c, const struct hb_task *t)
{
    uint32_t n = 0;

    for (uint64_t i = t->first - c->round.first; i < t->first - c->round.first + t->count; i++)
        n += c->done[i / 8] >> (i % 8) & 1;
    return n;
}

static void cover(struct collected *c, const struct hb_task *t)
{
    for (uint64_t i = t->first - c->round.first; i < t->first - c->round.first + t->count; i++)
        c->done[i / 8] |= (uint8_t)(1u << (i % 8));
    c->n_done += t->count;
}

static const uint8_t *records_of(const struct merger *m, const struct held *h)
{
    return h->copy != NULL ? h->copy : (const uint8_t *)m->segments[h->segment].map + h->offset;
}

static int take_inline(struct merger *m, const uint8_t *records, struct held *h, struct hb_err *e)
{
    int rc;

    h->segment = -1;
    if ((rc = hb_merge_check(&m->merge, records, h->len, e)) != HB_OK ||
        (rc = hb_mem_new(&h->copy, h->len, 1, "a result", e)) != HB_OK)
        return rc;
    memcpy(h->copy, records, h->len);
    return HB_OK;
}

/* The same after unpacking. What must be there for it is bounded by what has come. */
static int take_compact(struct merger *m, const struct hb_delta_head *head, const uint8_t *blocks,
                        struct held *h, struct hb_err *e)
{
    int rc = hb_mem_new(&h->copy, h->len, 1, "a result", e);

    h->segment = -1;
    if (rc == HB_OK && ((rc = hb_compact_decode(&m->compact, head, blocks, h->copy, e)) != HB_OK ||
                        (rc = hb_merge_check(&m->merge, h->copy, h->len, e)) != HB_OK))
        hb_mem_free(h->copy);
    return rc;
}

/* The records of a result that this merger reads: all, or its part's where they lie by part. */
static int find_records(const struct merger *m, const struct hb_delta_head *head, struct held *h,
                        struct hb_err *e)
{
    if (head->offset > UINT64_MAX / 2 || head->record_bytes > UINT64_MAX / 2)
        return hb_fail(e, HB_EPROTO, "a result's place in its segment is out of range");
    h->offset = head->offset;
    h->hash = head->hash;
    if (head->kind == HB_DELTA_SEGMENT)
        return HB_OK;
    if (head->n_parts != m->o->n_parts)
        return hb_fail(e, HB_EPROTO, "a result in %u parts for a table of %u", head->n_parts,
                       m->o->n_parts);
    if (head->kind == HB_DELTA_PART)
        return head->of == m->o->part
                   ? HB_OK
                   : hb_fail(e, HB_EPROTO, "a result for part %u came to the merger of part %u",
                             head->of, m->o->part);
    for (uint32_t k = 0; k < m->o->part; k++)
        h->offset += head->part[k].bytes;
    h->len = (size_t)head->part[m->o->part].bytes;
    h->hash = head->part[m->o->part].hash;
    return HB_OK;
}

static int take_segment(struct merger *m, const struct hb_delta_head *head, struct held *h,
                        struct hb_err *e)
{
    uint64_t end;
    int rc;

    if (m->o->replica)
        return hb_fail(e, HB_EPROTO,
                       "a result lies in the segment '%s': a replica takes results in frames alone "
                       "(hb-worker --transport frames)",
                       head->segment);
    if ((rc = find_records(m, head, h, e)) != HB_OK)
        return rc;
    end = h->offset + h->len;
    if ((rc = find_segment(m, head->segment, end, &h->segment, e)) != HB_OK)
        return rc;
    /* The path may name a new file by now: a descriptor's number is used again after its worker was
     * replaced. So look once more. */
    if (hb_xxh3(records_of(m, h), h->len) != h->hash &&
        (rc = map_segment(m, head->segment, end, &h->segment, e)) != HB_OK)
        return rc;
    if (hb_xxh3(records_of(m, h), h->len) != h->hash)
        return hb_fail(e, HB_EPROTO, "a result in the segment '%s' fails its checksum",
                       head->segment);
    m->segments[h->segment].used = true;
    return head->kind == HB_DELTA_SEGMENT
               ? hb_merge_check(&m->merge, records_of(m, h), h->len, e)
               : hb_merge_check_part(&m->merge, records_of(m, h), h->len, e);
}

/* Where the records are, checked. */
static int take_records(struct merger *m, const struct hb_delta_head *head, const uint8_t *body,
                        struct held *h, struct hb_err *e)
{
    switch (head->kind) {
    case HB_DELTA_INLINE: return take_inline(m, body, h, e);
    case HB_DELTA_COMPACT: return take_compact(m, head, body, h, e);
    default: return take_segment(m, head, h, e);
    }
}

static int make_room(struct merger *m, struct hb_err *e)
{
    size_t cap = m->cap_held > 0 ? 2 * m->cap_held : 64;
    int rc;

    if (m->n_held < m->cap_held)
        return HB_OK;
    if ((rc = hb_mem_grow(&m->held, cap, sizeof *m->held, "held results", e)) == HB_OK)
        m->cap_held = cap;
    return rc;
}

/* Whether a result of that round is new (HB_OK), a duplicate (HB_EOF) or nonsense. */
static int admit(const struct collected *c, const struct hb_task *t, struct hb_err *e)
{
    uint64_t at = t->first - c->round.first;
    uint32_t n;

    if (t->first < c->round.first || at > c->round.length || t->count > c->round.length - at)
        return hb_fail(e, HB_EPROTO, "a result for iterations %llu+%u, outside round %llu",
                       (unsigned long long)t->first, t->count,
                       (unsigned long long)c->round.generation);
    n = covered(c, t);
    if (n == t->count)
        return HB_EOF;
    if (n > 0)
        return hb_fail(e, HB_EPROTO, "a result for iterations %llu+%u overlaps another",
                       (unsigned long long)t->first, t->count);
    return HB_OK;
}

static int begin_round(const struct merger *m, struct collected *c, uint64_t iteration,
                       struct hb_err *e)
{
    memset(c, 0, sizeof *c);
    return hb_round_at(&m->file.table.spec.params, iteration, &c->round, e);
}

/* The round that a result of this generation belongs to: the collected one or the one after it, for
 * a worker whose own table was merged sooner than this one. */
static int round_of(struct merger *m, uint64_t generation, struct collected **out, struct hb_err *e)
{
    int rc;

    *out = &m->now;
    if (generation == m->now.round.generation)
        return HB_OK;
    if (generation != m->now.round.generation + 1)
        return hb_fail(e, HB_EPROTO,
                       "a result for generation %llu, but the table is at %llu: those of a round "
                       "between are missing",
                       (unsigned long long)generation, (unsigned long long)m->now.round.generation);
    *out = &m->next;
    if (!m->has_next &&
        (rc = begin_round(m, &m->next, m->now.round.first + m->now.round.length, e)) != HB_OK)
        return rc;
    m->has_next = true;
    return HB_OK;
}

static int ignore_duplicate(struct merger *m, struct collected *c)
{
    c->duplicates++;
    m->o->n_duplicates++;
    return HB_OK;
}

static int take_delta(struct merger *m, const struct hb_message *msg, struct hb_err *e)
{
    struct hb_delta_head head;
    struct collected *c;
    struct held h = {0};
    const uint8_t *body;
    int rc;

    if ((rc = hb_delta_decode(&head, &body, msg->data, msg->len, e)) != HB_OK)
        return rc;
    if (head.task.generation < m->now.round.generation)
        return ignore_duplicate(m, &m->now);
    if ((rc = round_of(m, head.task.generation, &c, e)) != HB_OK)
        return rc;
    if ((rc = admit(c, &head.task, e)) != HB_OK)
        return rc == HB_EOF ? ignore_duplicate(m, c) : rc;
    h.task = head.task;
    h.nodes = head.nodes;
    h.len = head.record_bytes;
    if ((rc = make_room(m, e)) != HB_OK || (rc = take_records(m, &head, body, &h, e)) != HB_OK)
        return rc;
    m->held[m->n_held++] = h; /* nothing can fail from here: what is covered is held */
    cover(c, &head.task);
    return HB_OK;
}

/* ---- rounds ---- */

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

static bool of_this_round(const struct merger *m, const struct held *h)
{
    return h->task.generation == m->now.round.generation;
}

/* Before the table is opened: it is still where the results were computed for, and they are what
 * they were when they came. Segments are memory that others write. */
static int check_round(const struct merger *m, struct hb_err *e)
{
    const struct hb_table_part *live = &m->file.table.live->part[m->o->part];

    if (live->generation != m->now.round.generation || live->iteration != m->now.round.first)
        return hb_fail(e, HB_EFORMAT,
                       "table '%s': another program changed it, it is at generation %llu and the "
                       "results are for %llu: not merged; one hb-merge at a time may write a table",
                       m->o->table, (unsigned long long)live->generation,
                       (unsigned long long)m->now.round.generation);
    for (size_t i = 0; i < m->n_held; i++) {
        const struct held *h = &m->held[i];

        if (of_this_round(m, h) && h->segment >= 0 && hb_xxh3(records_of(m, h), h->len) != h->hash)
            return hb_fail(e, HB_EPROTO,
                           "the result for iterations %llu+%u in a segment was changed after it "
                           "came: each worker needs a segment of its own",
                           (unsigned long long)h->task.first, h->task.count);
    }
    return HB_OK;
}

/* Forget the round's results. */
static void drop_merged(struct merger *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n_held; i++) {
        if (of_this_round(m, &m->held[i]))
            hb_mem_free(m->held[i].copy);
        else
            m->held[kept++] = m->held[i];
    }
    m->n_held = kept;
    release_segments(m);
}

/* The collected round into the table. */
static int merge_round(struct merger *m, struct hb_commit *c, struct hb_err *e)
{
    int rc;

    if ((rc = check_round(m, e)) != HB_OK || (rc = hb_merge_begin(&m->merge, e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < m->n_held; i++) {
        const struct held *h = &m->held[i];

        if (!of_this_round(m, h))
            continue;
        if ((rc = hb_merge_add(&m->merge, records_of(m, h), h->len, e)) != HB_OK)
            return rc;
        c->nodes += h->nodes;
        c->record_bytes += h->len;
        c->tasks++;
    }
    c->records = m->merge.records;
    m->file.table.live->part[m->o->part].nodes += c->nodes;
    hb_merge_end(&m->merge);
    m->o->n_results += c->tasks;
    return HB_OK;
}

/* Merge the collected round, say so, and only then begin the next: there may be none. */
static int commit_round(struct merger *m, struct hb_err *e)
{
    struct hb_commit c = {.generation = m->now.round.generation + 1,
                          .iteration = m->now.round.first + m->now.round.length,
                          .duplicates = m->now.duplicates};
    int rc;

    if ((rc = merge_round(m, &c, e)) != HB_OK)
        return rc;
    drop_merged(m);
    if ((rc = send_commit(m, &c, e)) != HB_OK)
        return rc;
    if (!m->has_next)
        return begin_round(m, &m->now, c.iteration, e);
    m->now = m->next;
    m->has_next = false;
    return HB_OK;
}

/* ---- streams ---- */

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
        while (rc == HB_OK && m->now.n_done == m->now.round.length) {
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
        if (hb_tablefile_is(&m->file, strcmp(s->name, "-") == 0 ? NULL : s->name, STDIN_FILENO))
            return hb_fail(e, HB_EPROTO, "'%s' is the table, not a stream of frames", s->name);
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

static int open_table(struct merger *m, struct hb_err *e)
{
    struct hb_table *t = &m->file.table;
    uint64_t iteration = 0;
    int rc;

    if ((rc = hb_tablefile_open(m->o->table, true, &m->file, e)) != HB_OK ||
        (rc = hb_os_populate(m->file.map, m->file.len, false, e)) != HB_OK)
        return rc;
    if ((rc = hb_merge_init(&m->merge, t, m->o->part, m->o->n_parts, e)) != HB_OK ||
        (rc = hb_tablefile_lock(&m->file, m->o->part, e)) != HB_OK ||
        (rc = part_clean(m, &iteration, e)) != HB_OK)
        return hb_context(e, rc, "table '%s'", m->o->table);
    hb_hello_of(t, m->o->replica ? HB_ROLE_REPLICA : HB_ROLE_MERGE, &m->hello);
    return begin_round(m, &m->now, iteration, e);
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
                      "%zu results that came for it or for the next one are not merged",
                      m->now.round.length - m->now.n_done, m->now.round.length,
                      (unsigned long long)m->now.round.generation, m->n_held);
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
    hb_mem_free(m->segments);
    hb_mem_free(m->held);
    hb_mem_free(m->streams);
    hb_frame_writer_fini(&m->out);
    hb_compact_fini(&m->compact);
    hb_merge_fini(&m->merge);
    hb_tablefile_close(&m->file);
}

int hb_merger_run(struct hb_merger_options *o, struct hb_err *e)
{
    struct merger *m;
    int rc = hb_mem_new(&m, 1, sizeof *m, "the merger", e);

    if (rc != HB_OK)
        return rc;
    m->o = o;
    hb_frame_writer_init(&m->out, o->out_fd, "the commit stream");
    if ((rc = open_table(m, e)) == HB_OK) {
        rc = collect(m, e);
        o->generation = m->file.table.live->part[o->part].generation;
        o->iteration = m->file.table.live->part[o->part].iteration;
        o->missing = m->n_held > 0 ? m->now.round.length - m->now.n_done : 0;
    }
    close_merger(m);
    hb_mem_free(m);
    return rc;
}
