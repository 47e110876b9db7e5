#include "wire/frame.h"

#include <string.h>

#include "base/hash.h"
#include "base/io.h"

#define FILL_STEP   (64u << 10) /* bytes asked for by one read: what a pipe holds */
#define SMALL_FRAME (64u << 10) /* up to this, header and payload leave in one write */

static const uint8_t magic[4] = {'H', 'B', 'F', '1'};

struct header {
    uint16_t type;
    uint16_t flags;
    uint32_t len;
    uint32_t job;
    uint32_t seq;
    uint64_t payload_hash;
};

/* ---- reading ---- */

void hb_frame_reader_init(struct hb_frame_reader *r, int fd, const char *name, size_t cap)
{
    memset(r, 0, sizeof *r);
    r->fd = fd;
    r->name = name;
    r->cap = cap;
}

void hb_frame_reader_fini(struct hb_frame_reader *r)
{
    hb_buf_fini(&r->raw);
    hb_buf_fini(&r->message);
}

static struct header header_at(const uint8_t *p)
{
    struct header h = {.type = hb_get_u16(p + 4),
                       .flags = hb_get_u16(p + 6),
                       .len = hb_get_u32(p + 8),
                       .job = hb_get_u32(p + 12),
                       .seq = hb_get_u32(p + 16),
                       .payload_hash = hb_get_u64(p + 20)};

    return h;
}

/* What can be said of a frame from its header, before its payload has come. */
static int check_header(const struct hb_frame_reader *r, const uint8_t *p, struct hb_err *e)
{
    const struct header h = header_at(p);

    if (memcmp(p, magic, sizeof magic) != 0)
        return hb_fail(e, HB_EPROTO, "'%s' is not a stream of frames, or is out of step", r->name);
    if (hb_get_u32(p + 28) != (uint32_t)hb_xxh3(p, 28))
        return hb_fail(e, HB_EPROTO, "'%s': the header of frame %u is damaged", r->name,
                       r->next_seq);
    if (h.len > HB_FRAME_MAX)
        return hb_fail(e, HB_ELIMIT, "'%s': frame %u has %u bytes, at most %u are allowed", r->name,
                       h.seq, h.len, HB_FRAME_MAX);
    if ((h.flags & ~HB_FRAME_MORE) != 0)
        return hb_fail(e, HB_EVERSION, "'%s': frame %u has unknown flags 0x%x", r->name, h.seq,
                       (unsigned)h.flags);
    if (h.type < HB_FRAME_HELLO || h.type > HB_FRAME_ERROR)
        return hb_fail(e, HB_EVERSION, "'%s': frame %u has unknown type %u", r->name, h.seq,
                       (unsigned)h.type);
    if (h.seq != r->next_seq)
        return hb_fail(e, HB_EPROTO, "'%s': frame %u came where %u was expected", r->name, h.seq,
                       r->next_seq);
    if (h.len == 0 && (h.flags & HB_FRAME_MORE) != 0)
        return hb_fail(e, HB_EPROTO, "'%s': frame %u promises more and is empty", r->name, h.seq);
    if (r->in_message && (h.type != r->type || h.job != r->job))
        return hb_fail(e, HB_EPROTO,
                       "'%s': frame %u of type %u, job %u is in a message of type %u, job %u",
                       r->name, h.seq, (unsigned)h.type, h.job, (unsigned)r->type, r->job);
    if (h.len > r->cap || (r->in_message && h.len > r->cap - r->message.len))
        return hb_fail(e, HB_ELIMIT, "'%s': a message of type %u has more than %zu bytes", r->name,
                       (unsigned)h.type, r->cap);
    return HB_OK;
}

static size_t pending(const struct hb_frame_reader *r)
{
    return r->raw.len - r->raw_used;
}

/* Take a whole, checked frame in. A message of one frame is handed out where it lies. */
static int take_frame(struct hb_frame_reader *r, const struct header *h, const uint8_t *payload,
                      struct hb_message *m, struct hb_err *e)
{
    const bool more = (h->flags & HB_FRAME_MORE) != 0;

    r->next_seq++;
    if (r->cuts != NULL) {
        hb_buf_u32(r->cuts, h->len);
        if (r->cuts->failed)
            return hb_buf_check(r->cuts, e);
    }
    if (more || r->in_message) {
        if (!r->in_message)
            r->message.len = 0;
        hb_buf_put(&r->message, payload, h->len);
        if (r->message.failed)
            return hb_buf_check(&r->message, e);
    }
    *m = (struct hb_message){.type = h->type, .job = h->job, .data = payload, .len = h->len};
    if (r->in_message && !more) {
        m->data = r->message.data;
        m->len = r->message.len;
    }
    r->in_message = more;
    r->type = h->type;
    r->job = h->job;
    return more ? HB_AGAIN : HB_OK;
}

static int next_frame(struct hb_frame_reader *r, struct hb_message *m, struct hb_err *e)
{
    const uint8_t *at;
    struct header h;
    int rc;

    if (pending(r) < HB_FRAME_HEADER)
        return HB_AGAIN;
    at = r->raw.data + r->raw_used;
    if (!r->header_checked && (rc = check_header(r, at, e)) != HB_OK)
        return rc;
    r->header_checked = true;
    h = header_at(at);
    if (pending(r) - HB_FRAME_HEADER < h.len)
        return HB_AGAIN;
    if (hb_xxh3(at + HB_FRAME_HEADER, h.len) != h.payload_hash)
        return hb_fail(e, HB_EPROTO, "'%s': the payload of frame %u is damaged", r->name, h.seq);
    r->raw_used += HB_FRAME_HEADER + h.len;
    r->header_checked = false;
    return take_frame(r, &h, at + HB_FRAME_HEADER, m, e);
}

int hb_frame_next(struct hb_frame_reader *r, struct hb_message *m, struct hb_err *e)
{
    uint32_t before;
    int rc;

    if (r->broken != HB_OK)
        return hb_fail(e, r->broken, "'%s' was given up after a bad frame", r->name);
    do {
        before = r->next_seq;
        rc = next_frame(r, m, e);
    } while (rc == HB_AGAIN && r->next_seq != before); /* a frame with MORE went in */
    if (rc != HB_OK && rc != HB_AGAIN)
        r->broken = rc;
    return rc;
}

int hb_frame_fill(struct hb_frame_reader *r, struct hb_err *e)
{
    const size_t rest = pending(r);
    size_t want;
    size_t got = 0;
    void *at;
    int rc;

    if (r->raw_used > 0 && rest > 0)
        memmove(r->raw.data, r->raw.data + r->raw_used, rest);
    r->raw.len = rest;
    r->raw_used = 0;
    /* Room doubles with what has come, so a peer that sends little makes us allocate little. */
    want = rest < FILL_STEP ? FILL_STEP - rest : rest;
    at = hb_buf_room(&r->raw, want);
    if (at == NULL)
        return hb_buf_check(&r->raw, e);
    rc = hb_io_read_some(r->fd, at, want, &got, r->name, e);
    r->raw.len -= want - got;
    return rc;
}

int hb_frame_read(struct hb_frame_reader *r, struct hb_message *m, struct hb_err *e)
{
    int rc;

    while ((rc = hb_frame_next(r, m, e)) == HB_AGAIN) {
        rc = hb_frame_fill(r, e);
        if (rc == HB_EOF && !hb_frame_reader_clean(r)) {
            r->broken = HB_EPROTO;
            return hb_fail(e, HB_EPROTO, "'%s' ends inside frame or message %u", r->name,
                           r->next_seq);
        }
        if (rc == HB_AGAIN)
            return hb_fail(e, HB_EIO, "cannot read '%s': it is in non-blocking mode", r->name);
        if (rc != HB_OK)
            return rc;
    }
    return rc;
}

bool hb_frame_reader_clean(const struct hb_frame_reader *r)
{
    return pending(r) == 0 && !r->in_message && r->broken == HB_OK;
}

/* ---- writing ---- */

static void put_header(uint8_t *p, const struct header *h)
{
    memcpy(p, magic, sizeof magic);
    hb_set_u16(p + 4, h->type);
    hb_set_u16(p + 6, h->flags);
    hb_set_u32(p + 8, h->len);
    hb_set_u32(p + 12, h->job);
    hb_set_u32(p + 16, h->seq);
    hb_set_u64(p + 20, h->payload_hash);
    hb_set_u32(p + 28, (uint32_t)hb_xxh3(p, 28));
}

/* The header of the frame that starts a rest of `left` bytes at p; *seq goes on. */
static struct header frame_over(const uint8_t *p, size_t left, uint16_t type, uint32_t job,
                                uint32_t *seq)
{
    const size_t n = left < HB_FRAME_MAX ? left : HB_FRAME_MAX;
    struct header h = {.type = type,
                       .flags = left > n ? HB_FRAME_MORE : 0,
                       .len = (uint32_t)n,
                       .job = job,
                       .seq = (*seq)++,
                       .payload_hash = hb_xxh3(p, n)};

    return h;
}

/* A frame and its payload at the end of a buffer, which says whether there was room. */
static void put_frame(struct hb_buf *out, const struct header *h, const uint8_t *payload)
{
    uint8_t *at = hb_buf_room(out, HB_FRAME_HEADER + (size_t)h->len);

    if (at == NULL)
        return;
    put_header(at, h);
    if (h->len > 0)
        memcpy(at + HB_FRAME_HEADER, payload, h->len);
}

void hb_frame_encode(struct hb_buf *out, uint32_t *seq, uint16_t type, uint32_t job,
                     const void *data, size_t len)
{
    const uint8_t *p = data;

    do {
        const struct header h = frame_over(p, len, type, job, seq);

        put_frame(out, &h, p);
        p = h.len > 0 ? p + h.len : p;
        len -= h.len;
    } while (len > 0);
}

void hb_frame_encode_cuts(struct hb_buf *out, uint32_t *seq, uint16_t type, uint32_t job,
                          const void *data, const uint32_t *cuts, size_t n_cuts)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n_cuts; i++) {
        const struct header h = {.type = type,
                                 .flags = i + 1 < n_cuts ? HB_FRAME_MORE : 0,
                                 .len = cuts[i],
                                 .job = job,
                                 .seq = (*seq)++,
                                 .payload_hash = hb_xxh3(p, cuts[i])};

        put_frame(out, &h, p);
        p = cuts[i] > 0 ? p + cuts[i] : p;
    }
}

void hb_frame_writer_init(struct hb_frame_writer *w, int fd, const char *name)
{
    memset(w, 0, sizeof *w);
    w->fd = fd;
    w->name = name;
}

void hb_frame_writer_fini(struct hb_frame_writer *w)
{
    hb_buf_fini(&w->buf);
}

/* Small frames leave in one write, so that a reader wakes once; large ones without a copy. */
int hb_frame_write(struct hb_frame_writer *w, uint16_t type, uint32_t job, const void *data,
                   size_t len, struct hb_err *e)
{
    uint8_t header[HB_FRAME_HEADER];
    const uint8_t *p = data;
    int rc;

    if (len > HB_MESSAGE_MAX)
        return hb_fail(e, HB_ELIMIT, "a message for '%s' has %zu bytes, at most %u are allowed",
                       w->name, len, HB_MESSAGE_MAX);
    if (len <= SMALL_FRAME) {
        w->buf.len = 0;
        hb_frame_encode(&w->buf, &w->next_seq, type, job, data, len);
        if ((rc = hb_buf_check(&w->buf, e)) != HB_OK)
            return rc;
        return hb_io_write_full(w->fd, w->buf.data, w->buf.len, w->name, e);
    }
    for (; len > 0;) {
        const struct header h = frame_over(p, len, type, job, &w->next_seq);

        put_header(header, &h);
        if ((rc = hb_io_write_full(w->fd, header, sizeof header, w->name, e)) != HB_OK ||
            (rc = hb_io_write_full(w->fd, p, h.len, w->name, e)) != HB_OK)
            return rc;
        p += h.len;
        len -= h.len;
    }
    return HB_OK;
}
