#include "wire/message.h"

#include <stdbool.h>
#include <string.h>

/* Text may go to a terminal: no control characters, so no terminator within either. */
static bool is_text(uint8_t c)
{
    return c >= 0x20 && c != 0x7f;
}

/* A string written by hb_buf_str that is text and fits dst, else bad. */
static void rd_text(struct hb_rd *r, char *dst, size_t cap)
{
    const uint32_t n = hb_rd_u32(r);
    const uint8_t *at = n < cap ? hb_rd_take(r, n) : NULL;

    dst[0] = '\0';
    if (at == NULL) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        r->bad = r->bad || !is_text(at[i]);
    memcpy(dst, at, n);
    dst[n] = '\0';
}

static void rd_hash(struct hb_rd *r, struct hb_hash *h)
{
    const uint8_t *at = hb_rd_take(r, HB_HASH_BYTES);

    if (at != NULL)
        memcpy(h->b, at, HB_HASH_BYTES);
}

/* ---- HELLO ---- */

void hb_hello_encode(const struct hb_hello *h, struct hb_buf *out)
{
    hb_buf_u16(out, h->protocol_min);
    hb_buf_u16(out, h->protocol_max);
    hb_buf_u8(out, h->role);
    hb_buf_str(out, h->build);
    hb_buf_put(out, h->game.b, HB_HASH_BYTES);
    hb_buf_put(out, h->abstraction.b, HB_HASH_BYTES);
    hb_buf_put(out, h->run.b, HB_HASH_BYTES);
    hb_buf_u64(out, h->seed);
}

static int check_versions(unsigned low, unsigned high, const char *who, struct hb_err *e)
{
    if (low > high || low == 0)
        return hb_fail(e, HB_EPROTO, "%s speaks no protocol version (%u to %u)", who, low, high);
    if (low > HB_PROTOCOL || high < HB_PROTOCOL)
        return hb_fail(e, HB_EVERSION, "%s speaks protocol versions %u to %u, this program %u", who,
                       low, high, HB_PROTOCOL);
    return HB_OK;
}

int hb_hello_decode(struct hb_hello *h, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd r = hb_rd_over(p, n);
    struct hb_hello got = {0};
    int rc;

    got.protocol_min = hb_rd_u16(&r);
    got.protocol_max = hb_rd_u16(&r);
    /* Another version may have another layout behind its first two fields. */
    if (!r.bad && (rc = check_versions(got.protocol_min, got.protocol_max, "the peer", e)) != HB_OK)
        return rc;
    got.role = hb_rd_u8(&r);
    rd_text(&r, got.build, sizeof got.build);
    rd_hash(&r, &got.game);
    rd_hash(&r, &got.abstraction);
    rd_hash(&r, &got.run);
    got.seed = hb_rd_u64(&r);
    if ((rc = hb_rd_done(&r, "a HELLO message", e)) != HB_OK)
        return rc;
    if (got.role < HB_ROLE_TASKS || got.role > HB_ROLE_REPLICA)
        return hb_fail(e, HB_EFORMAT, "a HELLO message has unknown role %u", (unsigned)got.role);
    *h = got;
    return HB_OK;
}

static int match_hash(const struct hb_hash *ours, const struct hb_hash *theirs, const char *what,
                      const char *who, struct hb_err *e)
{
    char our_hex[HB_HASH_HEX];
    char their_hex[HB_HASH_HEX];

    if (hb_hash_equal(ours, theirs))
        return HB_OK;
    hb_hash_hex(ours, our_hex);
    hb_hash_hex(theirs, their_hex);
    return hb_fail(e, HB_EIDENTITY, "%s has another %s: %.16s, here it is %.16s", who, what,
                   their_hex, our_hex);
}

int hb_hello_match(const struct hb_hello *ours, const struct hb_hello *theirs, const char *who,
                   struct hb_err *e)
{
    int rc;

    if ((rc = check_versions(theirs->protocol_min, theirs->protocol_max, who, e)) != HB_OK ||
        (rc = match_hash(&ours->game, &theirs->game, "game", who, e)) != HB_OK ||
        (rc = match_hash(&ours->abstraction, &theirs->abstraction, "card abstraction", who, e)) !=
            HB_OK)
        return rc;
    if (ours->seed != theirs->seed)
        return hb_fail(e, HB_EIDENTITY, "%s has another seed: %llu, here it is %llu", who,
                       (unsigned long long)theirs->seed, (unsigned long long)ours->seed);
    return match_hash(&ours->run, &theirs->run, "run (betting tree or solver keys)", who, e);
}

/* ---- TASK ---- */

void hb_task_encode(const struct hb_task *t, struct hb_buf *out)
{
    hb_buf_u64(out, t->generation);
    hb_buf_u64(out, t->first);
    hb_buf_u32(out, t->count);
}

static struct hb_task rd_task(struct hb_rd *r)
{
    struct hb_task t;

    t.generation = hb_rd_u64(r);
    t.first = hb_rd_u64(r);
    t.count = hb_rd_u32(r);
    return t;
}

static int check_task(const struct hb_task *t, const char *what, struct hb_err *e)
{
    if (t->count == 0)
        return hb_fail(e, HB_EFORMAT, "%s is about no iteration", what);
    if (t->first > HB_ITERATIONS_MAX - t->count)
        return hb_fail(e, HB_ELIMIT, "%s goes beyond iteration 2^48", what);
    return HB_OK;
}

int hb_task_decode(struct hb_task *t, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd r = hb_rd_over(p, n);
    const struct hb_task got = rd_task(&r);
    int rc;

    if ((rc = hb_rd_done(&r, "a TASK message", e)) != HB_OK ||
        (rc = check_task(&got, "a TASK message", e)) != HB_OK)
        return rc;
    *t = got;
    return HB_OK;
}

/* ---- DELTA ---- */

/* What every kind begins with. */
static void put_start(const struct hb_delta_head *d, uint64_t record_bytes, uint8_t kind,
                      struct hb_buf *out)
{
    hb_task_encode(&d->task, out);
    hb_buf_u64(out, d->nodes);
    hb_buf_u64(out, d->n_records);
    hb_buf_u64(out, record_bytes);
    hb_buf_u8(out, kind);
}

static void put_part(const struct hb_delta_head *d, uint64_t offset, uint64_t hash, uint32_t part,
                     struct hb_buf *out)
{
    hb_buf_str(out, d->segment);
    hb_buf_u64(out, offset);
    hb_buf_u64(out, hash);
    hb_buf_u32(out, part);
    hb_buf_u32(out, d->n_parts);
}

void hb_delta_encode_part(const struct hb_delta_head *d, uint32_t part, uint64_t offset,
                          struct hb_buf *out)
{
    put_start(d, d->part[part].bytes, HB_DELTA_PART, out);
    put_part(d, offset, d->part[part].hash, part, out);
}

void hb_delta_encode(const struct hb_delta_head *d, struct hb_buf *out)
{
    put_start(d, d->record_bytes, d->kind, out);
    if (d->kind == HB_DELTA_INLINE || d->kind == HB_DELTA_COMPACT)
        return;
    if (d->kind == HB_DELTA_PART) {
        put_part(d, d->offset, d->hash, d->of, out);
        return;
    }
    hb_buf_str(out, d->segment);
    hb_buf_u64(out, d->offset);
    if (d->kind == HB_DELTA_SEGMENT) {
        hb_buf_u64(out, d->hash);
        return;
    }
    hb_buf_u32(out, d->n_parts);
    for (uint32_t i = 0; i < d->n_parts; i++) {
        hb_buf_u64(out, d->part[i].bytes);
        hb_buf_u64(out, d->part[i].hash);
    }
}

/* The directory of parts; their bytes must be those of the whole. */
static void rd_parts(struct hb_rd *r, struct hb_delta_head *d)
{
    uint64_t left = d->record_bytes;

    d->n_parts = hb_rd_u32(r);
    if (d->n_parts < 2 || d->n_parts > HB_DELTA_PARTS_MAX) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < d->n_parts; i++) {
        d->part[i].bytes = hb_rd_u64(r);
        d->part[i].hash = hb_rd_u64(r);
        r->bad = r->bad || d->part[i].bytes > left;
        left -= r->bad ? 0 : d->part[i].bytes;
    }
    r->bad = r->bad || left != 0;
}

static void rd_segment(struct hb_rd *r, struct hb_delta_head *d)
{
    rd_text(r, d->segment, sizeof d->segment);
    d->offset = hb_rd_u64(r);
    if (d->kind == HB_DELTA_PARTS) {
        rd_parts(r, d);
        return;
    }
    d->hash = hb_rd_u64(r);
    if (d->kind == HB_DELTA_PART) {
        d->of = hb_rd_u32(r);
        d->n_parts = hb_rd_u32(r);
        r->bad = r->bad || d->n_parts < 2 || d->n_parts > HB_DELTA_PARTS_MAX || d->of >= d->n_parts;
    }
}

/* What of the head cannot be, given its kind. */
static int check_delta(const struct hb_delta_head *d, const char *what, struct hb_err *e)
{
    switch (d->kind) {
    case HB_DELTA_INLINE: return HB_OK;
    case HB_DELTA_SEGMENT:
    case HB_DELTA_PARTS:
    case HB_DELTA_PART:
        if (d->segment[0] == '\0' || d->offset > UINT64_MAX - d->record_bytes)
            return hb_fail(e, HB_EFORMAT, "%s names no possible segment", what);
        return HB_OK;
    case HB_DELTA_COMPACT:
        if (d->record_bytes > HB_MESSAGE_MAX || d->record_bytes > HB_DELTA_RATIO * d->body_bytes)
            return hb_fail(e, HB_EPROTO, "%s has %llu bytes for %llu bytes of records: too many",
                           what, (unsigned long long)d->body_bytes,
                           (unsigned long long)d->record_bytes);
        return HB_OK;
    default: return hb_fail(e, HB_EFORMAT, "%s is of unknown kind %u", what, (unsigned)d->kind);
    }
}

int hb_delta_decode(struct hb_delta_head *d, const uint8_t **body, const void *p, size_t n,
                    struct hb_err *e)
{
    static const char what[] = "a DELTA message";
    struct hb_rd r = hb_rd_over(p, n);
    struct hb_delta_head got = {.task = rd_task(&r)};
    const uint8_t *at = NULL;
    int rc;

    got.nodes = hb_rd_u64(&r);
    got.n_records = hb_rd_u64(&r);
    got.record_bytes = hb_rd_u64(&r);
    got.kind = hb_rd_u8(&r);
    if (got.kind == HB_DELTA_SEGMENT || got.kind == HB_DELTA_PARTS || got.kind == HB_DELTA_PART) {
        rd_segment(&r, &got);
    } else {
        got.body_bytes = hb_rd_left(&r);
        r.bad = r.bad || (got.kind == HB_DELTA_INLINE && got.record_bytes != got.body_bytes);
        at = hb_rd_take(&r, (size_t)got.body_bytes);
    }
    if ((rc = hb_rd_done(&r, what, e)) != HB_OK || (rc = check_task(&got.task, what, e)) != HB_OK ||
        (rc = check_delta(&got, what, e)) != HB_OK)
        return rc;
    *d = got;
    *body = at;
    return HB_OK;
}

/* ---- COMMIT ---- */

void hb_commit_encode(const struct hb_commit *c, struct hb_buf *out)
{
    hb_buf_u64(out, c->generation);
    hb_buf_u64(out, c->iteration);
    hb_buf_u64(out, c->nodes);
    hb_buf_u64(out, c->records);
    hb_buf_u64(out, c->record_bytes);
    hb_buf_u32(out, c->tasks);
    hb_buf_u32(out, c->duplicates);
}

int hb_commit_decode(struct hb_commit *c, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd r = hb_rd_over(p, n);
    struct hb_commit got;
    int rc;

    got.generation = hb_rd_u64(&r);
    got.iteration = hb_rd_u64(&r);
    got.nodes = hb_rd_u64(&r);
    got.records = hb_rd_u64(&r);
    got.record_bytes = hb_rd_u64(&r);
    got.tasks = hb_rd_u32(&r);
    got.duplicates = hb_rd_u32(&r);
    if ((rc = hb_rd_done(&r, "a COMMIT message", e)) != HB_OK)
        return rc;
    if (got.iteration > HB_ITERATIONS_MAX)
        return hb_fail(e, HB_ELIMIT, "a COMMIT message goes beyond iteration 2^48");
    *c = got;
    return HB_OK;
}

/* ---- ERROR ---- */

void hb_error_encode(int code, const char *text, struct hb_buf *out)
{
    size_t n = strlen(text);
    uint8_t *at;

    n = n < HB_ERR_MSG_MAX ? n : HB_ERR_MSG_MAX - 1;
    hb_buf_i32(out, code);
    hb_buf_u32(out, (uint32_t)n);
    at = hb_buf_room(out, n);
    for (size_t i = 0; at != NULL && i < n; i++)
        at[i] = is_text((uint8_t)text[i]) ? (uint8_t)text[i] : '?';
}

int hb_error_decode(struct hb_error_message *m, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd r = hb_rd_over(p, n);
    struct hb_error_message got;
    int rc;

    got.code = hb_rd_i32(&r);
    rd_text(&r, got.text, sizeof got.text);
    if ((rc = hb_rd_done(&r, "an ERROR message", e)) != HB_OK)
        return rc;
    if (got.code >= 0)
        return hb_fail(e, HB_EFORMAT, "an ERROR message has code %d, which is no error", got.code);
    *m = got;
    return HB_OK;
}
