#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

void hb_buf_fini(struct hb_buf *b)
{
    hb_mem_free(b->data);
    memset(b, 0, sizeof *b);
}

void *hb_buf_room(struct hb_buf *b, size_t n)
{
    size_t cap = b->cap;
    void *at;

    if (b->failed)
        return NULL;
    if (n > SIZE_MAX / 4 - b->len) {
        b->failed = true;
        return NULL;
    }
    while (cap < b->len + n || cap == 0) /* also for nothing: NULL would say failure */
        cap = cap == 0 ? 256 : cap * 2;
    if (cap != b->cap) {
        if (hb_mem_grow(&b->data, cap, 1, "a buffer", NULL) != HB_OK) {
            b->failed = true;
            return NULL;
        }
        b->cap = cap;
    }
    at = b->data + b->len;
    b->len += n;
    return at;
}

void hb_buf_put(struct hb_buf *b, const void *p, size_t n)
{
    void *at = hb_buf_room(b, n);

    if (at != NULL && n > 0)
        memcpy(at, p, n);
}

void hb_buf_u8(struct hb_buf *b, uint8_t v)
{
    hb_buf_put(b, &v, 1);
}

void hb_buf_u16(struct hb_buf *b, uint16_t v)
{
    uint8_t raw[2];

    hb_set_u16(raw, v);
    hb_buf_put(b, raw, sizeof raw);
}

void hb_buf_u32(struct hb_buf *b, uint32_t v)
{
    uint8_t raw[4];

    hb_set_u32(raw, v);
    hb_buf_put(b, raw, sizeof raw);
}

void hb_buf_u64(struct hb_buf *b, uint64_t v)
{
    uint8_t raw[8];

    hb_set_u64(raw, v);
    hb_buf_put(b, raw, sizeof raw);
}

void hb_buf_i32(struct hb_buf *b, int32_t v)
{
    hb_buf_u32(b, (uint32_t)v);
}

void hb_buf_str(struct hb_buf *b, const char *s)
{
    size_t n = strlen(s);

    hb_buf_u32(b, (uint32_t)n);
    hb_buf_put(b, s, n);
}

void hb_buf_printf(struct hb_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_list again;
    int n;
    char *at;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && (at = hb_buf_room(b, (size_t)n + 1)) != NULL) {
        (void)vsnprintf(at, (size_t)n + 1, fmt, again); /* measured above */
        b->len--;                                       /* the terminator is not text */
    }
    va_end(again);
}

int hb_buf_check(const struct hb_buf *b, struct hb_err *e)
{
    return b->failed ? hb_fail(e, HB_ENOMEM, "out of memory for a buffer") : HB_OK;
}

struct hb_rd hb_rd_over(const void *p, size_t n)
{
    const uint8_t *at = p;
    struct hb_rd r = {.p = at, .end = n > 0 ? at + n : at, .bad = false}; /* NULL + 0 is not C */

    return r;
}

const uint8_t *hb_rd_take(struct hb_rd *r, size_t n)
{
    const uint8_t *at = r->p;

    if (r->bad || n > (size_t)(r->end - r->p)) {
        r->bad = true;
        return NULL;
    }
    r->p += n;
    return at;
}

uint8_t hb_rd_u8(struct hb_rd *r)
{
    const uint8_t *at = hb_rd_take(r, 1);

    return at != NULL ? at[0] : 0;
}

uint16_t hb_rd_u16(struct hb_rd *r)
{
    const uint8_t *at = hb_rd_take(r, 2);

    return at != NULL ? hb_get_u16(at) : 0;
}

uint32_t hb_rd_u32(struct hb_rd *r)
{
    const uint8_t *at = hb_rd_take(r, 4);

    return at != NULL ? hb_get_u32(at) : 0;
}

uint64_t hb_rd_u64(struct hb_rd *r)
{
    const uint8_t *at = hb_rd_take(r, 8);

    return at != NULL ? hb_get_u64(at) : 0;
}

int32_t hb_rd_i32(struct hb_rd *r)
{
    return (int32_t)hb_rd_u32(r);
}

void hb_rd_str(struct hb_rd *r, char *dst, size_t cap)
{
    uint32_t n = hb_rd_u32(r);
    const uint8_t *at;

    dst[0] = '\0';
    if (n >= cap) {
        r->bad = true;
        return;
    }
    at = hb_rd_take(r, n);
    if (at == NULL)
        return;
    memcpy(dst, at, n);
    dst[n] = '\0';
}

size_t hb_rd_left(const struct hb_rd *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->p);
}

int hb_rd_done(const struct hb_rd *r, const char *what, struct hb_err *e)
{
    if (r->bad)
        return hb_fail(e, HB_EFORMAT, "%s is cut short or malformed", what);
    if (r->p != r->end)
        return hb_fail(e, HB_EFORMAT, "%s has %zu bytes too many", what, (size_t)(r->end - r->p));
    return HB_OK;
}

uint16_t hb_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

uint32_t hb_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t hb_get_u64(const uint8_t *p)
{
    return (uint64_t)hb_get_u32(p) | (uint64_t)hb_get_u32(p + 4) << 32;
}

void hb_set_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void hb_set_u32(uint8_t *p, uint32_t v)
{
    hb_set_u16(p, (uint16_t)v);
    hb_set_u16(p + 2, (uint16_t)(v >> 16));
}

void hb_set_u64(uint8_t *p, uint64_t v)
{
    hb_set_u32(p, (uint32_t)v);
    hb_set_u32(p + 4, (uint32_t)(v >> 32));
}
