#include "run/framejson.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "run/framejson_impl.h"
#include "solver/delta.h"
#include "wire/compact.h"
#include "wire/message.h"

#define EXACT_MAX (UINT64_C(1) << 53) /* whole numbers up to here are exact in a double */

static void put_u64(struct hb_buf *out, const char *name, uint64_t v)
{
    hb_buf_printf(out, v > EXACT_MAX ? ",\"%s\":\"%llu\"" : ",\"%s\":%llu", name,
                  (unsigned long long)v);
}

static void put_hex(struct hb_buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    hb_buf_u8(out, '"');
    for (size_t i = 0; i < n; i++) {
        hb_buf_u8(out, (uint8_t)digits[p[i] >> 4]);
        hb_buf_u8(out, (uint8_t)digits[p[i] & 15]);
    }
    hb_buf_u8(out, '"');
}

static void put_hash(struct hb_buf *out, const char *name, const struct hb_hash *h)
{
    hb_buf_printf(out, ",\"%s\":", name);
    put_hex(out, h->b, sizeof h->b);
}

static void put_text(struct hb_buf *out, const char *name, const char *text)
{
    json_t *utf8 = json_string(text); /* NULL when it is not */

    hb_buf_printf(out, utf8 != NULL ? ",\"%s\":" : ",\"%s_hex\":", name);
    if (utf8 != NULL)
        hb_json_str(out, text);
    else
        put_hex(out, (const uint8_t *)text, strlen(text));
    json_decref(utf8);
}

static int put_hello(const struct hb_message *m, struct hb_buf *out, struct hb_err *e)
{
    struct hb_hello h;
    int rc = hb_hello_decode(&h, m->data, m->len, e);

    if (rc != HB_OK)
        return rc;
    hb_buf_printf(out, ",\"protocol_min\":%u,\"protocol_max\":%u,\"role\":\"%s\"",
                  (unsigned)h.protocol_min, (unsigned)h.protocol_max, role_names[h.role]);
    put_text(out, "build", h.build);
    put_hash(out, "game", &h.game);
    put_hash(out, "abstraction", &h.abstraction);
    put_hash(out, "run", &h.run);
    put_u64(out, "seed", h.seed);
    return HB_OK;
}

static void put_task_fields(struct hb_buf *out, const struct hb_task *t)
{
    put_u64(out, "generation", t->generation);
    put_u64(out, "first", t->first);
    put_u64(out, "count", t->count);
}

static int put_task(const struct hb_message *m, struct hb_buf *out, struct hb_err *e)
{
    struct hb_task t;
    int rc = hb_task_decode(&t, m->data, m->len, e);

    if (rc == HB_OK)
        put_task_fields(out, &t);
    return rc;
}

/* Whole records as objects; bytes behind the last whole one, which no merge takes, as hex. */
static void put_records(struct hb_buf *out, const uint8_t *p, size_t n)
{
    const char *comma = "";

    hb_buf_printf(out, ",\"records\":[");
    while (n >= HB_RECORD_HEAD) {
        const uint64_t head = hb_get_u64(p);
        const size_t bytes = hb_record_bytes(hb_record_n(head));
        const unsigned kind = hb_record_kind(head);

        if (bytes > n)
            break;
        hb_buf_printf(out, "%s{\"row\":%llu,\"kind\":", comma,
                      (unsigned long long)hb_record_row(head));
        if (kind < N_OF(record_names))
            hb_buf_printf(out, "\"%s\",\"values\":[", record_names[kind]);
        else
            hb_buf_printf(out, "%u,\"values\":[", kind);
        for (size_t at = HB_RECORD_HEAD; at < bytes; at += 2)
            hb_buf_printf(out, at > HB_RECORD_HEAD ? ",%d" : "%d", (int16_t)hb_get_u16(p + at));
        hb_buf_printf(out, "]}");
        comma = ",";
        p += bytes;
        n -= bytes;
    }
    hb_buf_u8(out, ']');
    if (n > 0) {
        hb_buf_printf(out, ",\"rest\":");
        put_hex(out, p, n);
    }
}

/* The bytes are given too when another encoder, or another version of zstd, has made them. */
static int put_compact(struct hb_buf *out, const struct hb_delta_head *d, const uint8_t *blocks,
                       struct hb_err *e)
{
    const size_t len = (size_t)d->body_bytes;
    const bool zstd = hb_compact_has_zstd(blocks, len);
    const enum hb_compress compress = zstd ? HB_COMPRESS_ZSTD : HB_COMPRESS_VARINT;
    struct hb_compact scratch = {.cap = 0};
    struct hb_buf again = {0};
    uint8_t *records = NULL;
    int rc = hb_mem_new(&records, (size_t)d->record_bytes, 1, "records", e);

    if (rc == HB_OK && (rc = hb_compact_decode(&scratch, d, blocks, records, e)) == HB_OK &&
        (rc = hb_compact_encode(&scratch, records, (size_t)d->record_bytes, zstd, &again, e)) ==
            HB_OK) {
        hb_buf_printf(out, ",\"compress\":\"%s\"", compress_names[compress]);
        put_records(out, records, (size_t)d->record_bytes);
        if (again.len != len || (len > 0 && memcmp(again.data, blocks, len) != 0)) {
            hb_buf_printf(out, ",\"bytes\":");
            put_hex(out, blocks, len);
        }
    }
    hb_mem_free(records);
    hb_buf_fini(&again);
    hb_compact_fini(&scratch);
    return rc;
}

static void put_parts(struct hb_buf *out, const struct hb_delta_head *d)
{
    hb_buf_printf(out, ",\"parts\":[");
    for (uint32_t i = 0; i < d->n_parts; i++)
        hb_buf_printf(out, "%s{\"bytes\":%llu,\"hash\":\"%016llx\"}", i > 0 ? "," : "",
                      (unsigned long long)d->part[i].bytes, (unsigned long long)d->part[i].hash);
    hb_buf_u8(out, ']');
}

static int put_delta(const struct hb_message *m, struct hb_buf *out, struct hb_err *e)
{
    struct hb_delta_head d;
    const uint8_t *body;
    int rc = hb_delta_decode(&d, &body, m->data, m->len, e);

    if (rc != HB_OK)
        return rc;
    put_task_fields(out, &d.task);
    put_u64(out, "nodes", d.nodes);
    put_u64(out, "n_records", d.n_records);
    put_u64(out, "record_bytes", d.record_bytes);
    hb_buf_printf(out, ",\"kind\":\"%s\"", kind_names[d.kind]);
    if (d.kind == HB_DELTA_INLINE) {
        put_records(out, body, (size_t)d.record_bytes);
        return HB_OK;
    }
    if (d.kind == HB_DELTA_COMPACT)
        return put_compact(out, &d, body, e);
    put_text(out, "segment", d.segment);
    put_u64(out, "offset", d.offset);
    if (d.kind == HB_DELTA_PARTS) {
        put_parts(out, &d);
        return HB_OK;
    }
    hb_buf_printf(out, ",\"hash\":\"%016llx\"", (unsigned long long)d.hash);
    if (d.kind == HB_DELTA_PART) {
        put_u64(out, "part", d.of);
        put_u64(out, "of_parts", d.n_parts);
    }
    return HB_OK;
}

static int put_commit(const struct hb_message *m, struct hb_buf *out, struct hb_err *e)
{
    struct hb_commit c;
    int rc = hb_commit_decode(&c, m->data, m->len, e);

    if (rc != HB_OK)
        return rc;
    put_u64(out, "generation", c.generation);
    put_u64(out, "iteration", c.iteration);
    put_u64(out, "nodes", c.nodes);
    put_u64(out, "records", c.records);
    put_u64(out, "record_bytes", c.record_bytes);
    put_u64(out, "tasks", c.tasks);
    put_u64(out, "duplicates", c.duplicates);
    return HB_OK;
}

static int put_error(const struct hb_message *m, struct hb_buf *out, struct hb_err *e)
{
    struct hb_error_message told;
    int rc = hb_error_decode(&told, m->data, m->len, e);

    if (rc != HB_OK)
        return rc;
    hb_buf_printf(out, ",\"code\":%d", (int)told.code);
    put_text(out, "text", told.text);
    return HB_OK;
}

/* Whether the frames are those that hb_frame_encode makes. */
static bool usual_cuts(const uint8_t *cuts, size_t n, size_t len)
{
    if (n != (len > 0 ? (len + HB_FRAME_MAX - 1) / HB_FRAME_MAX : 1))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (hb_get_u32(cuts + 4 * i) != HB_FRAME_MAX)
            return false;
    return true;
}

int hb_framejson_format(const struct hb_message *m, const uint8_t *cuts, size_t n_cuts,
                        struct hb_buf *out, struct hb_err *e)
{
    int rc = HB_OK;

    hb_buf_printf(out, "{\"type\":\"%s\",\"job\":%lu", type_names[m->type], (unsigned long)m->job);
    switch (m->type) {
    case HB_FRAME_HELLO: rc = put_hello(m, out, e); break;
    case HB_FRAME_TASK: rc = put_task(m, out, e); break;
    case HB_FRAME_DELTA: rc = put_delta(m, out, e); break;
    case HB_FRAME_COMMIT: rc = put_commit(m, out, e); break;
    case HB_FRAME_ERROR: rc = put_error(m, out, e); break;
    default:
        if (m->len > 0)
            rc = hb_fail(e, HB_EFORMAT, "a SHUTDOWN message is not empty");
    }
    if (!usual_cuts(cuts, n_cuts, m->len)) {
        hb_buf_printf(out, ",\"frames\":[");
        for (size_t i = 0; i < n_cuts; i++)
            hb_buf_printf(out, i > 0 ? ",%lu" : "%lu", (unsigned long)hb_get_u32(cuts + 4 * i));
        hb_buf_u8(out, ']');
    }
    hb_buf_printf(out, "}\n");
    return rc == HB_OK ? hb_buf_check(out, e) : rc;
}

/* ---- streams ---- */

int hb_framejson_flush(struct hb_buf *b, int fd, struct hb_err *e)
{
    int rc = hb_buf_check(b, e);

    if (rc == HB_OK && b->len > 0)
        rc = hb_io_write_full(fd, b->data, b->len, "the output", e);
    b->len = 0;
    return rc;
}

/* Lines of all messages that have come. */
static int decode_ready(struct hb_frame_reader *in, uint64_t *n, struct hb_buf *lines, int out_fd,
                        struct hb_err *e)
{
    struct hb_message m;
    int rc, said;

    while ((rc = hb_frame_next(in, &m, e)) == HB_OK) {
        const size_t before = lines->len;

        rc = hb_framejson_format(&m, in->cuts->data, in->cuts->len / 4, lines, e);
        in->cuts->len = 0;
        if (rc != HB_OK) {
            lines->len = before;
            (void)hb_context(e, rc, "message %llu", (unsigned long long)*n);
            break;
        }
        ++*n;
        if (lines->len > FLUSH_STEP && (rc = hb_framejson_flush(lines, out_fd, e)) != HB_OK)
            return rc;
    }
    said = hb_framejson_flush(lines, out_fd, rc == HB_AGAIN ? e : NULL);
    return said != HB_OK && rc == HB_AGAIN ? said : rc;
}

int hb_framejson_decode(int in_fd, int out_fd, struct hb_err *e)
{
    struct hb_frame_reader in;
    struct hb_buf cuts = {0};
    struct hb_buf lines = {0};
    uint64_t n = 0;
    int rc;

    hb_frame_reader_init(&in, in_fd, "the input", HB_MESSAGE_MAX);
    in.cuts = &cuts;
    while ((rc = decode_ready(&in, &n, &lines, out_fd, e)) == HB_AGAIN) {
        rc = hb_frame_fill(&in, e);
        if (rc == HB_EOF)
            rc = hb_frame_reader_clean(&in)
                     ? HB_EOF
                     : hb_fail(e, HB_EPROTO, "the input ends inside frame or message %u",
                               in.next_seq);
        if (rc != HB_OK)
            break;
    }
    hb_buf_fini(&lines);
    hb_buf_fini(&cuts);
    hb_frame_reader_fini(&in);
    return rc == HB_EOF ? HB_OK : rc;
}
