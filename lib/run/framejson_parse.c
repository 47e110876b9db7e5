#include "run/framejson.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "run/framejson_impl.h"
#include "solver/delta.h"
#include "wire/compact.h"
#include "wire/message.h"

/* An object whose fields are taken out one by one; what is left over is unknown. Sticky. */
struct fields {
    json_t *object;
    const char *what; /* "DELTA", for messages */
    int rc;
    struct hb_err *e;
};

static void refuse(struct fields *f, const char *name, const char *want)
{
    if (f->rc == HB_OK)
        f->rc = hb_fail(f->e, HB_EFORMAT, "%s: field '%s' %s", f->what, name, want);
}

static json_t *need(struct fields *f, const char *name)
{
    json_t *v = f->rc == HB_OK ? json_object_get(f->object, name) : NULL;

    if (v == NULL)
        refuse(f, name, "is missing");
    return v;
}

static void drop(struct fields *f, const char *name)
{
    (void)json_object_del(f->object, name); /* it is there: it was just read */
}

/* A whole number, or digits in a string. */
static bool number_of(const json_t *v, uint64_t *out)
{
    const char *text = json_string_value(v);
    char *end = NULL;

    if (json_is_integer(v) && json_integer_value(v) >= 0) {
        *out = (uint64_t)json_integer_value(v);
        return true;
    }
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static uint64_t take_u64(struct fields *f, const char *name, uint64_t max)
{
    const json_t *v = need(f, name);
    uint64_t n = 0;

    if (v == NULL)
        return 0;
    if (!number_of(v, &n) || n > max)
        refuse(f, name, "is not a whole number in range");
    drop(f, name);
    return n;
}

/* One of some words. */
static unsigned take_word(struct fields *f, const char *name, const char *const *words, size_t n)
{
    const char *text = json_string_value(need(f, name));
    unsigned found = 0;

    for (size_t i = 0; text != NULL && i < n; i++)
        if (words[i][0] != '\0' && strcmp(words[i], text) == 0) {
            found = (unsigned)i;
            drop(f, name);
            return found;
        }
    refuse(f, name, "is not a word that fits here");
    return 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = digit_of(text[2 * i]);
        int low = high < 0 ? -1 : digit_of(text[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * n] == '\0';
}

static void take_hex(struct fields *f, const char *name, uint8_t *out, size_t n)
{
    const char *text = json_string_value(need(f, name));

    if (text == NULL || !unhex(text, out, n))
        refuse(f, name, "is not the right number of lower-case hex digits");
    else
        drop(f, name);
}

/* Text below cap, from `name` or in hex from `name`_hex. */
static void take_text(struct fields *f, const char *name, char *out, size_t cap)
{
    char hex_name[32];
    const char *text;
    size_t n;
    bool ok = true;

    (void)snprintf(hex_name, sizeof hex_name, "%s_hex", name);
    if (f->rc == HB_OK && json_object_get(f->object, name) == NULL &&
        (text = json_string_value(json_object_get(f->object, hex_name))) != NULL) {
        n = strlen(text) / 2;
        ok = n < cap && unhex(text, (uint8_t *)out, n);
        name = hex_name;
    } else {
        if ((text = json_string_value(need(f, name))) == NULL) {
            refuse(f, name, "is not a string");
            return;
        }
        n = strlen(text);
        ok = n < cap;
        if (ok)
            memcpy(out, text, n);
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = (uint8_t)out[i] >= 0x20 && out[i] != 0x7f;
    if (!ok) {
        refuse(f, name, "is too long, not hex, or has control characters");
        return;
    }
    out[n] = '\0';
    drop(f, name);
}

static int finish(struct fields *f)
{
    void *left = f->rc == HB_OK ? json_object_iter(f->object) : NULL;

    if (left != NULL)
        refuse(f, json_object_iter_key(left), "is unknown");
    return f->rc;
}

static void get_hello(struct fields *f, struct hb_buf *out)
{
    struct hb_hello h = {0};

    h.protocol_min = (uint16_t)take_u64(f, "protocol_min", UINT16_MAX);
    h.protocol_max = (uint16_t)take_u64(f, "protocol_max", UINT16_MAX);
    h.role = (uint8_t)take_word(f, "role", role_names, N_OF(role_names));
    take_text(f, "build", h.build, sizeof h.build);
    take_hex(f, "game", h.game.b, sizeof h.game.b);
    take_hex(f, "abstraction", h.abstraction.b, sizeof h.abstraction.b);
    take_hex(f, "run", h.run.b, sizeof h.run.b);
    h.seed = take_u64(f, "seed", UINT64_MAX);
    hb_hello_encode(&h, out);
    if (f->rc == HB_OK)
        f->rc = hb_hello_decode(&h, out->data, out->len, f->e);
}

static struct hb_task get_task_fields(struct fields *f)
{
    struct hb_task t;

    t.generation = take_u64(f, "generation", UINT64_MAX);
    t.first = take_u64(f, "first", UINT64_MAX);
    t.count = (uint32_t)take_u64(f, "count", UINT32_MAX);
    return t;
}

static void get_task(struct fields *f, struct hb_buf *out)
{
    struct hb_task t = get_task_fields(f);

    hb_task_encode(&t, out);
    if (f->rc == HB_OK)
        f->rc = hb_task_decode(&t, out->data, out->len, f->e);
}

static void get_values(struct fields *f, uint64_t row, unsigned kind, struct hb_buf *out)
{
    const json_t *values = need(f, "values");
    const size_t n = json_array_size(values);

    if (!json_is_array(values) || n > HB_RECORD_N_MAX) {
        refuse(f, "values", "is not a list of at most 65535 numbers");
        return;
    }
    hb_buf_u64(out, row | (uint64_t)kind << HB_RECORD_ROW_BITS | (uint64_t)n << 48);
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(values, i);
        const json_int_t x = json_integer_value(v);

        if (!json_is_integer(v) || x < INT16_MIN || x > INT16_MAX)
            refuse(f, "values", "has something else than whole numbers of 16 bits");
        hb_buf_u16(out, (uint16_t)(int16_t)x);
    }
    drop(f, "values");
}

static void get_records(struct fields *f, struct hb_buf *out)
{
    json_t *list = need(f, "records");

    if (!json_is_array(list)) {
        refuse(f, "records", "is not a list");
        return;
    }
    for (size_t i = 0; i < json_array_size(list) && f->rc == HB_OK; i++) {
        struct fields r = {.object = json_array_get(list, i), .what = "record", .e = f->e};
        const json_t *kind = json_object_get(r.object, "kind");
        const uint64_t row = take_u64(&r, "row", HB_RECORD_ROW_MASK);
        const bool known = !json_is_integer(kind);
        const unsigned k = known ? take_word(&r, "kind", record_names, N_OF(record_names))
                                 : (unsigned)take_u64(&r, "kind", 3);

        get_values(&r, row, k, out);
        f->rc = finish(&r);
    }
    drop(f, "records");
}

/* Bytes in hex, however many; nothing when there is no such field. */
static void get_hex(struct fields *f, const char *name, struct hb_buf *out)
{
    const char *text = json_string_value(json_object_get(f->object, name));
    const size_t n = text != NULL ? strlen(text) / 2 : 0;
    uint8_t *at;

    if (f->rc != HB_OK || json_object_get(f->object, name) == NULL)
        return;
    at = hb_buf_room(out, n);
    if (text == NULL || at == NULL || !unhex(text, at, n))
        refuse(f, name, "is not a string of lower-case hex digits");
    else
        drop(f, name);
}

static uint64_t take_hash(struct fields *f)
{
    uint8_t raw[8] = {0};
    uint64_t hash = 0;

    take_hex(f, "hash", raw, sizeof raw);
    for (int i = 0; i < 8; i++)
        hash = hash << 8 | raw[i];
    return hash;
}

static void get_parts(struct fields *f, struct hb_delta_head *d)
{
    json_t *list = need(f, "parts");

    if (!json_is_array(list) || json_array_size(list) > HB_DELTA_PARTS_MAX) {
        refuse(f, "parts", "is not a list of at most 64 parts");
        return;
    }
    d->n_parts = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < d->n_parts && f->rc == HB_OK; i++) {
        struct fields part = {.object = json_array_get(list, i), .what = "part", .e = f->e};

        d->part[i].bytes = take_u64(&part, "bytes", UINT64_MAX);
        d->part[i].hash = take_hash(&part);
        f->rc = finish(&part);
    }
    drop(f, "parts");
}

static void check_length(struct fields *f, const struct hb_delta_head *d,
                         const struct hb_buf *records)
{
    if (f->rc == HB_OK)
        f->rc = hb_buf_check(records, f->e);
    if (d->record_bytes != records->len)
        refuse(f, "record_bytes", "is not the length of the records");
}

static void get_inline(struct fields *f, const struct hb_delta_head *d, struct hb_buf *body)
{
    get_records(f, body);
    get_hex(f, "rest", body);
    check_length(f, d, body);
}

/* Whether the blocks that a line gives are of the records that it gives. */
static void check_blocks(struct fields *f, const struct hb_buf *records, struct hb_delta_head *d,
                         struct hb_compact *scratch, const struct hb_buf *blocks)
{
    uint8_t *got = NULL;

    d->body_bytes = blocks->len;
    if (f->rc == HB_OK)
        f->rc = hb_mem_new(&got, records->len, 1, "records", f->e);
    if (f->rc == HB_OK && hb_compact_decode(scratch, d, blocks->data, got, f->e) != HB_OK)
        f->rc = HB_EFORMAT;
    if (f->rc == HB_OK && records->len > 0 && memcmp(got, records->data, records->len) != 0)
        refuse(f, "bytes", "has other records than the line");
    hb_mem_free(got);
}

static void get_compact(struct fields *f, struct hb_delta_head *d, struct hb_buf *body)
{
    const unsigned compress = take_word(f, "compress", compress_names, N_OF(compress_names));
    struct hb_compact scratch = {.cap = 0};
    struct hb_buf records = {0};

    if (d->n_records != json_array_size(json_object_get(f->object, "records")))
        refuse(f, "n_records", "is not the number of records");
    get_records(f, &records);
    check_length(f, d, &records);
    if (json_object_get(f->object, "bytes") != NULL) {
        get_hex(f, "bytes", body);
        check_blocks(f, &records, d, &scratch, body);
    } else if (f->rc == HB_OK) {
        f->rc = hb_compact_encode(&scratch, records.data, records.len, compress == HB_COMPRESS_ZSTD,
                                  body, f->e);
    }
    hb_buf_fini(&records);
    hb_compact_fini(&scratch);
}

static void get_segment(struct fields *f, struct hb_delta_head *d)
{
    take_text(f, "segment", d->segment, sizeof d->segment);
    d->offset = take_u64(f, "offset", UINT64_MAX);
    if (d->kind == HB_DELTA_PARTS) {
        get_parts(f, d);
        return;
    }
    d->hash = take_hash(f);
    if (d->kind == HB_DELTA_PART) {
        d->of = (uint32_t)take_u64(f, "part", UINT32_MAX);
        d->n_parts = (uint32_t)take_u64(f, "of_parts", UINT32_MAX);
    }
}

static void get_delta(struct fields *f, struct hb_buf *out)
{
    struct hb_delta_head d = {.task = get_task_fields(f)};
    struct hb_buf body = {0};
    const uint8_t *at;

    d.nodes = take_u64(f, "nodes", UINT64_MAX);
    d.n_records = take_u64(f, "n_records", UINT64_MAX);
    d.record_bytes = take_u64(f, "record_bytes", UINT64_MAX);
    d.kind = (uint8_t)take_word(f, "kind", kind_names, N_OF(kind_names));
    switch (d.kind) {
    case HB_DELTA_INLINE: get_inline(f, &d, &body); break;
    case HB_DELTA_COMPACT: get_compact(f, &d, &body); break;
    default: get_segment(f, &d);
    }
    hb_delta_encode(&d, out);
    hb_buf_put(out, body.data, body.len);
    hb_buf_fini(&body);
    if (f->rc == HB_OK && (f->rc = hb_buf_check(out, f->e)) == HB_OK)
        f->rc = hb_delta_decode(&d, &at, out->data, out->len, f->e);
}

static void get_commit(struct fields *f, struct hb_buf *out)
{
    struct hb_commit c;

    c.generation = take_u64(f, "generation", UINT64_MAX);
    c.iteration = take_u64(f, "iteration", HB_ITERATIONS_MAX);
    c.nodes = take_u64(f, "nodes", UINT64_MAX);
    c.records = take_u64(f, "records", UINT64_MAX);
    c.record_bytes = take_u64(f, "record_bytes", UINT64_MAX);
    c.tasks = (uint32_t)take_u64(f, "tasks", UINT32_MAX);
    c.duplicates = (uint32_t)take_u64(f, "duplicates", UINT32_MAX);
    hb_commit_encode(&c, out);
}

static void get_error(struct fields *f, struct hb_buf *out)
{
    struct hb_error_message m = {0};
    const json_t *code = need(f, "code");
    const json_int_t v = json_integer_value(code);

    if (!json_is_integer(code) || v >= 0 || v < INT32_MIN)
        refuse(f, "code", "is not a negative whole number of 32 bits");
    else
        drop(f, "code");
    take_text(f, "text", m.text, sizeof m.text);
    hb_error_encode((int)v, m.text, out);
}

/* The "frames" of a message that was cut in its own way, as lengths in *cuts; none: *n is 0. */
static void get_cuts(struct fields *f, size_t len, uint32_t **cuts, size_t *n)
{
    const json_t *list = json_object_get(f->object, "frames");
    uint64_t sum = 0;

    *n = 0;
    if (f->rc != HB_OK || list == NULL)
        return;
    f->rc = hb_mem_new(cuts, json_array_size(list), sizeof **cuts, "frame lengths", f->e);
    for (size_t i = 0; f->rc == HB_OK && i < json_array_size(list); i++) {
        const bool last = i + 1 == json_array_size(list);
        uint64_t v = 0;

        if (!number_of(json_array_get(list, i), &v) || v > HB_FRAME_MAX || (v == 0 && !last))
            refuse(f, "frames", "has a length that no frame can have");
        (*cuts)[i] = (uint32_t)v;
        sum += v;
    }
    *n = json_array_size(list);
    if (*n == 0 || sum != len)
        refuse(f, "frames", "does not add up to the message");
    drop(f, "frames");
}

static int get_message(struct fields *f, struct hb_buf *out, uint32_t *seq)
{
    const uint16_t type = (uint16_t)take_word(f, "type", type_names, N_OF(type_names));
    const uint32_t job = (uint32_t)take_u64(f, "job", UINT32_MAX);
    struct hb_buf payload = {0};
    uint32_t *cuts = NULL;
    size_t n_cuts;

    f->what = type_names[type];
    switch (type) {
    case HB_FRAME_HELLO: get_hello(f, &payload); break;
    case HB_FRAME_TASK: get_task(f, &payload); break;
    case HB_FRAME_DELTA: get_delta(f, &payload); break;
    case HB_FRAME_COMMIT: get_commit(f, &payload); break;
    case HB_FRAME_ERROR: get_error(f, &payload); break;
    default: break;
    }
    if (f->rc == HB_OK)
        f->rc = hb_buf_check(&payload, f->e);
    get_cuts(f, payload.len, &cuts, &n_cuts);
    if (finish(f) == HB_OK && payload.len > HB_MESSAGE_MAX)
        f->rc = hb_fail(f->e, HB_ELIMIT, "%s: more than %u bytes", f->what, HB_MESSAGE_MAX);
    if (f->rc == HB_OK && n_cuts > 0)
        hb_frame_encode_cuts(out, seq, type, job, payload.data, cuts, n_cuts);
    else if (f->rc == HB_OK)
        hb_frame_encode(out, seq, type, job, payload.data, payload.len);
    hb_mem_free(cuts);
    hb_buf_fini(&payload);
    return f->rc == HB_OK ? hb_buf_check(out, f->e) : f->rc;
}

int hb_framejson_parse(const char *line, size_t len, struct hb_buf *out, uint32_t *seq,
                       struct hb_err *e)
{
    json_error_t why;
    struct fields f = {.what = "message", .e = e};
    int rc;

    f.object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(f.object))
        rc = hb_fail(e, HB_EFORMAT, "not a JSON object%s%s", f.object == NULL ? ": " : "",
                     f.object == NULL ? why.text : "");
    else
        rc = get_message(&f, out, seq);
    json_decref(f.object);
    return rc;
}

/* ---- the stream ---- */

static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && isspace((unsigned char)p[n - 1]))
        n--;
    return n == 0;
}

/* Frames of all whole lines in `in`, which they leave; the last one counts as whole at the end. */
static int encode_ready(struct hb_buf *in, bool end, uint64_t *n, uint32_t *seq, int out_fd,
                        struct hb_err *e)
{
    struct hb_buf frames = {0};
    size_t used = 0;
    int rc = HB_OK;
    int said;

    while (rc == HB_OK && used < in->len) {
        const char *line = (const char *)in->data + used;
        const char *stop = memchr(line, '\n', in->len - used);
        const size_t len = stop != NULL ? (size_t)(stop - line) : in->len - used;

        if (stop == NULL && !end)
            break;
        ++*n;
        if (!is_blank(line, len)) {
            const size_t before = frames.len;

            rc = hb_framejson_parse(line, len, &frames, seq, e);
            if (rc != HB_OK) {
                frames.len = before;
                (void)hb_context(e, rc, "line %llu", (unsigned long long)*n);
            }
        }
        used += len + (stop != NULL);
        if (rc == HB_OK && frames.len > FLUSH_STEP)
            rc = hb_framejson_flush(&frames, out_fd, e);
    }
    if (used > 0) {
        memmove(in->data, in->data + used, in->len - used);
        in->len -= used;
    }
    said = hb_framejson_flush(&frames, out_fd, rc == HB_OK ? e : NULL);
    hb_buf_fini(&frames);
    return rc == HB_OK ? said : rc;
}

int hb_framejson_encode(int in_fd, int out_fd, struct hb_err *e)
{
    struct hb_buf in = {0};
    uint64_t n = 0;
    uint32_t seq = 0;
    int rc = HB_OK;

    while (rc == HB_OK) {
        /* Room doubles with a long line, so that it is looked through a few times only. */
        const size_t want = in.len > FLUSH_STEP ? in.len : FLUSH_STEP;
        void *at = hb_buf_room(&in, want);
        size_t got = 0;

        if (at == NULL) {
            rc = hb_buf_check(&in, e);
            break;
        }
        rc = hb_io_read_some(in_fd, at, want, &got, "the input", e);
        in.len -= want - got;
        if (rc == HB_AGAIN)
            rc = hb_fail(e, HB_EIO, "cannot read the input: it is in non-blocking mode");
        else if (rc == HB_EOF || rc == HB_OK) {
            int own = encode_ready(&in, rc == HB_EOF, &n, &seq, out_fd, e);

            rc = own != HB_OK ? own : rc;
        }
        if (rc == HB_OK && in.len > HB_FRAMEJSON_LINE_MAX)
            rc = hb_fail(e, HB_ELIMIT, "line %llu has more than %u bytes",
                         (unsigned long long)n + 1, HB_FRAMEJSON_LINE_MAX);
    }
    hb_buf_fini(&in);
    return rc == HB_EOF ? HB_OK : rc;
}
