/* bytes.h - growing byte buffer and bounds-checked reader, little-endian. [base, pure]
 *
 * Every format of ours is written with hb_buf_* and read with hb_rd_*. Both are sticky: after the
 * first failure further calls do nothing, so a codec checks once, at its end.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_BASE_BYTES_H
#define HB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct hb_buf {    /* {0} is an empty buffer */
    uint8_t *data; /* owned */
    size_t len;
    size_t cap;
    bool failed; /* an allocation failed; data up to len is still valid */
};

void hb_buf_fini(struct hb_buf *b);
void hb_buf_put(struct hb_buf *b, const void *p, size_t n);
void hb_buf_u8(struct hb_buf *b, uint8_t v);
void hb_buf_u16(struct hb_buf *b, uint16_t v);
void hb_buf_u32(struct hb_buf *b, uint32_t v);
void hb_buf_u64(struct hb_buf *b, uint64_t v);
void hb_buf_i32(struct hb_buf *b, int32_t v);
/* u32 length, then the bytes; no terminator. */
void hb_buf_str(struct hb_buf *b, const char *s);
/* Text, as printf; no length, no terminator. */
void hb_buf_printf(struct hb_buf *b, const char *fmt, ...) HB_PRINTF(2, 3);
/* Room for n more bytes, returned as a pointer to write to; len grows by n. NULL on failure. */
void *hb_buf_room(struct hb_buf *b, size_t n);
/* HB_OK, or HB_ENOMEM when any call before failed. */
int hb_buf_check(const struct hb_buf *b, struct hb_err *e) HB_MUSTUSE;

struct hb_rd { /* a cursor over borrowed bytes */
    const uint8_t *p;
    const uint8_t *end;
    bool bad; /* read past the end, or hb_rd_fail was called */
};

struct hb_rd hb_rd_over(const void *p, size_t n);
uint8_t hb_rd_u8(struct hb_rd *r);
uint16_t hb_rd_u16(struct hb_rd *r);
uint32_t hb_rd_u32(struct hb_rd *r);
uint64_t hb_rd_u64(struct hb_rd *r);
int32_t hb_rd_i32(struct hb_rd *r);
/* n bytes in place, or NULL (and bad). */
const uint8_t *hb_rd_take(struct hb_rd *r, size_t n);
/* A string written by hb_buf_str into dst, always terminated; bad when it needs more than cap. */
void hb_rd_str(struct hb_rd *r, char *dst, size_t cap);
size_t hb_rd_left(const struct hb_rd *r);
/* HB_OK when nothing was bad and nothing is left; else HB_EFORMAT naming `what`. */
int hb_rd_done(const struct hb_rd *r, const char *what, struct hb_err *e) HB_MUSTUSE;

/* Fixed places in memory, any alignment, little-endian. */
uint16_t hb_get_u16(const uint8_t *p);
uint32_t hb_get_u32(const uint8_t *p);
uint64_t hb_get_u64(const uint8_t *p);
void hb_set_u16(uint8_t *p, uint16_t v);
void hb_set_u32(uint8_t *p, uint32_t v);
void hb_set_u64(uint8_t *p, uint64_t v);

#endif
