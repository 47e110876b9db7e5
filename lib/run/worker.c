#include "run/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/hello.h"
#include "solver/cfr.h"
#include "store/tablefile.h"
#include "wire/frame.h"
#include "wire/message.h"

#define TASK_MESSAGE_MAX (16u << 10) /* a task, with room to grow; see the style page on pipes */
#define SEGMENT_MIN      (1u << 20)

struct worker {
    struct hb_tablefile file;
    struct hb_buckets buckets;
    struct hb_cfr cfr;
    struct hb_frame_reader in;
    struct hb_frame_writer out;
    struct hb_log log[HB_DELTA_PARTS_MAX]; /* [n_logs] */
    uint32_t n_logs; /* one for each part of the table, where mergers read a segment by part */
    struct hb_buf message; /* encoded head, then the records */
    enum hb_compress compress;
    struct hb_compact compact; /* scratch */
    const char *segment;       /* NULL: inline */
    int segment_fd;
    uint64_t generation; /* of the records that the segment holds */
    size_t used;         /* bytes of the segment that hold this generation's results */
    uint8_t *base;       /* the mapped segment */
    size_t mapped;
};

/* ---- where records go --------------------------------------------------------------------------
 */

static int grow_memory(struct hb_log *log, size_t need, struct hb_err *e)
{
    size_t cap = log->cap > 0 ? log->cap : 1u << 16;
    int rc;

    while (cap - log->len < need)
        cap *= 2;
    if ((rc = hb_mem_grow(&log->data, cap, 1, "delta records", e)) == HB_OK)
        log->cap = cap;
    return rc;
}

/* Map the segment so far that `need` bytes fit behind the round's earlier results. */
static int reach(struct worker *w, size_t need, struct hb_err *e)
{
    size_t want = w->mapped > 0 ? w->mapped : SEGMENT_MIN;
    void *map;
    int rc;

    if (w->mapped > 0 && need <= w->mapped - w->used)
        return HB_OK;
    while (want < w->used + need)
        want *= 2;
    if ((rc = hb_os_reserve(w->segment_fd, want, w->segment, e)) != HB_OK ||
        (rc = hb_os_map(w->segment_fd, want, true, &map, e)) != HB_OK)
        return rc;
    hb_os_unmap(w->base, w->mapped);
    w->base = map;
    w->mapped = want;
    return HB_OK;
}

/* The only log: its data points into the mapped segment. */
static int grow_segment(struct hb_log *log, size_t need, struct hb_err *e)
{
    struct worker *w = log->ctx;
    int rc = reach(w, log->len + need, e);

    if (rc == HB_OK) {
        log->data = w->base + w->used;
        log->cap = w->mapped - w->used;
    }
    return rc;
}

static int open_segment(struct worker *w, const char *path, struct hb_err *e)
{
    w->segment = path;
    if (w->n_logs == 1) {
        w->log[0].grow = grow_segment;
        w->log[0].ctx = w;
    }
    w->segment_fd = open(path, O_RDWR | O_CLOEXEC);
    if (w->segment_fd < 0)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open the segment '%s'", path);
    if (!hb_os_lock(w->segment_fd, 0, 0))
        return hb_fail(e, HB_ECREATE,
                       "another worker writes the segment '%s': give each worker its own", path);
    return reach(w, 0, e);
}

/* Begin a result: behind the round's earlier ones in a segment, else at the start of the buffer. */
static void begin_result(struct worker *w, uint64_t generation)
{
    if (w->segment != NULL) {
        if (generation != w->generation)
            w->used = 0; /* the mergers are done with the round before */
        if (w->n_logs == 1) {
            w->log[0].data = w->base + w->used;
            w->log[0].cap = w->mapped - w->used;
        }
    }
    w->generation = generation;
    for (uint32_t k = 0; k < w->n_logs; k++) {
        w->log[k].len = 0;
        w->log[k].n_records = 0;
    }
}

/* ---- tasks --------------------------------------------------------------------------------------
 */

/* Name the records in the segment; with several logs these are copied into it now, one behind the
 * other. */
static int to_segment(struct worker *w, struct hb_delta_head *head, struct hb_err *e)
{
    uint8_t *at;
    int rc;

    (void)snprintf(head->segment, sizeof head->segment, "%s", w->segment);
    head->offset = w->used;
    if (w->n_logs == 1) {
        head->kind = HB_DELTA_SEGMENT;
        head->hash = hb_xxh3(w->log[0].data, w->log[0].len);
    } else {
        if ((rc = reach(w, head->record_bytes, e)) != HB_OK)
            return rc;
        at = w->base + w->used;
        head->kind = HB_DELTA_PARTS;
        head->n_parts = w->n_logs;
        for (uint32_t k = 0; k < w->n_logs; k++) {
            const struct hb_log *log = &w->log[k];

            head->part[k] = (struct hb_delta_part){log->len, hb_xxh3(log->data, log->len)};
            if (log->len > 0)
                memcpy(at, log->data, log->len);
            at += log->len;
        }
    }
    w->used += head->record_bytes;
    return HB_OK;
}

static int send_result(struct worker *w, uint32_t job, const struct hb_task *task, uint64_t nodes,
                       struct hb_err *e)
{
    struct hb_delta_head head = {.task = *task, .nodes = nodes, .kind = HB_DELTA_INLINE};
    int rc = HB_OK;

    if (w->segment == NULL && w->compress != HB_COMPRESS_NONE)
        head.kind = HB_DELTA_COMPACT;

    for (uint32_t k = 0; k < w->n_logs; k++) {
        head.n_records += w->log[k].n_records;
        head.record_bytes += w->log[k].len;
    }
    w->message.len = 0;
    if (w->segment != NULL && (rc = to_segment(w, &head, e)) != HB_OK)
        return rc;
    hb_delta_encode(&head, &w->message);
    if (head.kind == HB_DELTA_INLINE)
        hb_buf_put(&w->message, w->log[0].data, w->log[0].len);
    else if (head.kind == HB_DELTA_COMPACT)
        rc = hb_compact_encode(&w->compact, w->log[0].data, w->log[0].len,
                               w->compress == HB_COMPRESS_ZSTD, &w->message, e);
    if (rc != HB_OK || (rc = hb_buf_check(&w->message, e)) != HB_OK)
        return rc;
    return hb_frame_write(&w->out, HB_FRAME_DELTA, job, w->message.data, w->message.len, e);
}

static int do_task(struct worker *w, const struct hb_message *m, struct hb_err *e)
{
    struct hb_task task;
    struct hb_round round;
    uint64_t generation, iteration;
    uint64_t nodes = 0;
    int rc;

    if ((rc = hb_task_decode(&task, m->data, m->len, e)) != HB_OK ||
        (rc = hb_table_clean(&w->file.table, &generation, &iteration, e)) != HB_OK)
        return rc;
    if (task.generation != generation)
        return hb_fail(e, HB_EPROTO, "a task for generation %llu, but the table is at %llu",
                       (unsigned long long)task.generation, (unsigned long long)generation);
    if ((rc = hb_round_at(&w->file.table.spec.params, iteration, &round, e)) != HB_OK)
        return rc;
    begin_result(w, generation);
    rc = hb_cfr_run(&w->cfr, &round, task.first, task.count, w->log, &nodes, e);
    if (rc != HB_OK)
        return rc == HB_EUSAGE ? hb_context(e, HB_EPROTO, "bad task") : rc;
    return send_result(w, m->job, &task, nodes, e);
}

static int serve(struct worker *w, struct hb_err *e)
{
    struct hb_message m;
    struct hb_hello ours;
    bool greeted = false;
    int rc;

    hb_hello_of(&w->file.table, HB_ROLE_WORKER, &ours);
    if ((rc = hb_hello_send(&w->out, &ours, e)) != HB_OK)
        return rc;
    while ((rc = hb_frame_read(&w->in, &m, e)) == HB_OK) {
        if (m.type == HB_FRAME_SHUTDOWN)
            return HB_OK;
        if (!greeted)
            rc = hb_hello_take(&ours, &m, "the task stream", e);
        else if (m.type == HB_FRAME_TASK)
            rc = do_task(w, &m, e);
        else
            rc = hb_fail(e, HB_EPROTO, "a frame of type %u where a task was expected", m.type);
        if (rc != HB_OK)
            return rc;
        greeted = true;
    }
    return rc == HB_EOF ? HB_OK : rc;
}

/* Tell the other side why. It may be gone; our own exit code says it too. */
static void send_error(struct worker *w, const struct hb_err *e)
{
    struct hb_buf text = {0};
    int rc;

    hb_error_encode(e->rc, e->msg, &text);
    rc = hb_buf_check(&text, NULL);
    if (rc == HB_OK)
        rc = hb_frame_write(&w->out, HB_FRAME_ERROR, 0, text.data, text.len, NULL);
    (void)rc; /* nobody is left to hear of a failure to report a failure */
    hb_buf_fini(&text);
}

static int open_all(struct worker *w, const struct hb_worker_options *o, struct hb_err *e)
{
    int rc;

    if ((rc = hb_tablefile_open(o->table, false, &w->file, e)) != HB_OK ||
        (rc = hb_spec_open_buckets(&w->file.table.spec, o->buckets, o->verified, &w->buckets, e)) !=
            HB_OK ||
        (rc = hb_os_populate(w->file.map, w->file.len, false, e)) != HB_OK)
        return rc;
    w->n_logs = o->segment != NULL ? w->file.table.live->n_parts : 1;
    for (uint32_t k = 0; k < w->n_logs; k++)
        w->log[k].grow = grow_memory;
    if ((rc = hb_cfr_init(&w->cfr, &w->file.table, &w->buckets, w->n_logs, e)) != HB_OK)
        return rc;
    w->compress = o->compress;
    return o->segment != NULL ? open_segment(w, o->segment, e) : HB_OK;
}

static void close_all(struct worker *w)
{
    if (w->segment != NULL) {
        hb_os_unmap(w->base, w->mapped);
        if (w->segment_fd >= 0)
            (void)close(w->segment_fd); /* nothing of ours is buffered */
    }
    for (uint32_t k = 0; k < w->n_logs && (w->segment == NULL || w->n_logs > 1); k++)
        hb_mem_free(w->log[k].data);
    hb_buf_fini(&w->message);
    hb_compact_fini(&w->compact);
    hb_cfr_fini(&w->cfr);
    hb_buckets_fini(&w->buckets);
    hb_tablefile_close(&w->file);
}

int hb_worker_run(const struct hb_worker_options *o, struct hb_err *e)
{
    struct worker w = {.segment_fd = -1};
    struct hb_err own = {0};
    int rc;

    hb_frame_reader_init(&w.in, o->in_fd, "the task stream", TASK_MESSAGE_MAX);
    hb_frame_writer_init(&w.out, o->out_fd, "the delta stream");
    rc = open_all(&w, o, &own);
    if (rc == HB_OK)
        rc = serve(&w, &own);
    if (rc != HB_OK) {
        own.rc = rc;
        send_error(&w, &own);
        if (e != NULL)
            *e = own;
    }
    hb_frame_reader_fini(&w.in);
    hb_frame_writer_fini(&w.out);
    close_all(&w);
    return rc;
}
