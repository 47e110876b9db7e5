/* Compact records that no encoder would have made: each is refused with what is wrong and where,
 * before memory is asked for that it does not stand for. */
#include "wire/compact.h"

#include <stdlib.h>
#include <zstd.h>

#include "check.h"
#include "compacts.h"
#include "solver/delta.h"

/* A block of three columns as they are. */
static void block(struct hb_buf *b, const char *tags, size_t n_tags, const char *rows,
                  size_t n_rows, const char *values, size_t n_values)
{
    const size_t n[3] = {n_tags, n_rows, n_values};
    const char *const column[3] = {tags, rows, values};

    b->len = 0;
    for (int i = 0; i < 3; i++) {
        hb_buf_u32(b, (uint32_t)n[i]);
        hb_buf_u32(b, (uint32_t)n[i]);
    }
    for (int i = 0; i < 3; i++)
        hb_buf_put(b, column[i], n[i]);
}

#define BYTES(text) text, sizeof(text) - 1

static void says(const struct hb_buf *b, uint64_t n_records, uint64_t record_bytes,
                 const char *want)
{
    static uint8_t out[4096];
    struct hb_err e = {0};

    if (want == NULL) {
        CHECK_OK(unpack(b, n_records, record_bytes, out, &e), e);
        return;
    }
    CHECK_EQ(unpack(b, n_records, record_bytes, out, &e), HB_EPROTO);
    if (strstr(e.msg, want) == NULL)
        printf("# '%s', not '%s'\n", e.msg, want);
    CHECK(strstr(e.msg, want) != NULL);
}

static void bad_rows_and_tags_are_refused(void)
{
    struct hb_buf b = {0};

    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\2"));
    says(&b, 1, 10, NULL);
    says(&b, 2, 10, "1 records where 2 were told");
    says(&b, 1, 11, "1 records");
    says(&b, 1, 9, "block 0, record 0: there are more records than were told");
    block(&b, BYTES("\x10"), BYTES(""), BYTES("\2"));
    says(&b, 1, 10, "record 0: its row is none"); /* the row of a record before the first */
    block(&b, BYTES("\x11"), BYTES(""), BYTES("\2"));
    says(&b, 1, 10, "record 0: its row is none");
    block(&b, BYTES("\x12\x12"), BYTES("\1\0"), BYTES("\2\2"));
    says(&b, 2, 20, "record 1: its row is none"); /* it does not ascend: step 0 says the same */
    block(&b, BYTES("\x16\x10"), BYTES("\1"), BYTES("\2\2"));
    says(&b, 2, 20, "record 1: it is out of order"); /* regrets behind strategy */
    block(&b, BYTES("\x12"), BYTES("\x81\0"), BYTES("\2"));
    says(&b, 1, 10, "its row is none"); /* not the shortest form */
    block(&b, BYTES("\x12"), BYTES("\x81"), BYTES("\2"));
    says(&b, 1, 10, "its row is none"); /* cut */
    block(&b, BYTES("\x13"), BYTES("\xff\xff\xff\xff\xff\xff\x07"), BYTES("\2"));
    says(&b, 1, 10, NULL); /* the last row */
    block(&b, BYTES("\x12"), BYTES("\x80\x80\x80\x80\x80\x80\x08"), BYTES("\2"));
    says(&b, 1, 10, "its row is none"); /* one more */
    block(&b, BYTES("\x13\x11"), BYTES("\xff\xff\xff\xff\xff\xff\x07"), BYTES("\2\2"));
    says(&b, 2, 20, "record 1: its row is none"); /* behind the last */
    block(&b, BYTES("\x12\x12"), BYTES("\1\xff\xff\xff\xff\xff\xff\x7f"), BYTES("\2\2"));
    says(&b, 2, 20, "record 1: its row is none");
    block(&b, BYTES("\x1a"), BYTES("\1"), BYTES(""));
    says(&b, 1, 10, "there are no values to repeat");
    block(&b, BYTES("\x12\x18"), BYTES("\1"), BYTES("\2"));
    says(&b, 2, 20, NULL);
    block(&b, BYTES("\x12\x1c"), BYTES("\1"), BYTES("\2"));
    says(&b, 2, 20, "record 1: there are no values to repeat"); /* another kind's */
    block(&b, BYTES("\x12\x28"), BYTES("\1"), BYTES("\2"));
    says(&b, 2, 22, "record 1: there are no values to repeat"); /* another n's */
    hb_buf_fini(&b);
}

static void bad_values_are_refused(void)
{
    struct hb_buf b = {0};

    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\xff\xff\3"));
    says(&b, 1, 10, NULL); /* -32768 */
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\x80\x80\4"));
    says(&b, 1, 10, "a value is cut or none"); /* 65536 */
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\xff\xff\xff\1"));
    says(&b, 1, 10, "a value is cut or none");
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\x81\0"));
    says(&b, 1, 10, "a value is cut or none"); /* not the shortest form */
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\x81\x80\0"));
    says(&b, 1, 10, "a value is cut or none");
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\x81"));
    says(&b, 1, 10, "a value is cut or none");
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES(""));
    says(&b, 1, 10, "a value is cut or none");
    block(&b, BYTES("\x02"), BYTES("\1"), BYTES("\x0f\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2"));
    says(&b, 1, 38, "its number of actions is none"); /* 15 belongs in the tag */
    block(&b, BYTES("\x0a"), BYTES("\1"), BYTES("\x10"));
    says(&b, 1, 40, "there are no values to repeat");
    block(&b, BYTES("\x02"), BYTES("\1"), BYTES("\xff\xff\3"));
    says(&b, 1, 100, "there are more records than were told");
    block(&b, BYTES("\x12"), BYTES("\1\1"), BYTES("\2"));
    says(&b, 1, 10, "block 0: bytes behind the last record");
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\2\2"));
    says(&b, 1, 10, "block 0: bytes behind the last record");
    hb_buf_fini(&b);
}

/* Lengths at their caps and one beyond; nothing behind them is looked at. */
static void bad_lengths_are_refused(void)
{
    static const struct {
        uint32_t length[6];
        const char *say;
    } headers[] = {
        {{0, 0, 0, 0, 0, 0}, "lengths are cut or none"}, /* a block without records */
        {{HB_COMPACT_RECORDS, HB_COMPACT_RECORDS, 0, 0, 0, 0}, "block 0 is cut"},
        {{HB_COMPACT_RECORDS + 1, 1, 0, 0, 0, 0}, "lengths are cut or none"},
        {{3, 3, 21, 21, 0, 0}, "block 0 is cut"},
        {{3, 3, 22, 22, 0, 0}, "lengths are cut or none"},
        {{3, 3, 0, 0, HB_COMPACT_VALUES, HB_COMPACT_VALUES}, "block 0 is cut"},
        {{3, 3, 0, 0, HB_COMPACT_VALUES + 1, 1}, "lengths are cut or none"},
        {{3, 4, 0, 0, 0, 0}, "lengths are cut or none"}, /* longer here than it is */
        {{3, 0, 0, 0, 0, 0}, "lengths are cut or none"},
        {{3, 3, 0, 0, UINT32_MAX, UINT32_MAX}, "lengths are cut or none"},
    };
    struct hb_buf b = {0};

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        b.len = 0;
        for (int k = 0; k < 6; k++)
            hb_buf_u32(&b, headers[i].length[k]);
        says(&b, 1, 10, headers[i].say);
    }
    block(&b, BYTES("\x12"), BYTES("\1"), BYTES("\2"));
    hb_buf_u8(&b, 0);
    says(&b, 1, 10, "block 1: its lengths are cut or none"); /* garbage behind the block */
    hb_buf_fini(&b);
}

/* A block of one tag whose values are `frame`, said to be of `len` bytes. */
static void zstd_block(struct hb_buf *b, const void *frame, size_t n, uint32_t len)
{
    b->len = 0;
    hb_buf_u32(b, 1);
    hb_buf_u32(b, 1);
    hb_buf_u32(b, 1);
    hb_buf_u32(b, 1);
    hb_buf_u32(b, len);
    hb_buf_u32(b, (uint32_t)n);
    hb_buf_put(b, "\x02\1", 2);
    hb_buf_put(b, frame, n);
}

static void bad_zstd_is_refused(void)
{
    static uint8_t plain[3 + 3000] = {0xb8, 0x17}; /* n = 3000, and its zeros */
    static uint8_t frame[8192];
    static uint8_t out[HB_RECORD_HEAD + 2 * 3000];
    struct hb_err e = {0};
    struct hb_buf b = {0};
    size_t n = ZSTD_compress(frame, sizeof frame, plain, 2 + 3000, 3);

    zstd_block(&b, frame, n, 2 + 3000);
    CHECK_OK(unpack(&b, 1, sizeof out, out, &e), e);
    CHECK(hb_compact_has_zstd(b.data, b.len));
    zstd_block(&b, frame, n, 2 + 2999); /* a frame of more than it was said to be */
    says(&b, 1, sizeof out, "column 2 is not a zstd frame of 3001 bytes");
    zstd_block(&b, frame, n, 2 + 3001);
    says(&b, 1, sizeof out, "column 2 is not a zstd frame of 3003 bytes");
    frame[n] = 0;
    zstd_block(&b, frame, n + 1, 2 + 3000); /* garbage behind it */
    says(&b, 1, sizeof out, "column 2 is not a zstd frame");
    zstd_block(&b, frame, n - 1, 2 + 3000);
    says(&b, 1, sizeof out, "column 2 is not a zstd frame");
    memcpy(frame + n, "\x50\x2a\x4d\x18\0\0\0\0", 8); /* a skippable frame */
    zstd_block(&b, frame, n + 8, 2 + 3000);
    says(&b, 1, sizeof out, "column 2 is not a zstd frame");
    frame[0] ^= 1;
    zstd_block(&b, frame, n, 2 + 3000);
    says(&b, 1, sizeof out, "column 2 is not a zstd frame");
    hb_buf_fini(&b);
}

/* 3 GB of zeros in a frame of some 100 KB: refused for the length that it states, before any of it
 * is unpacked; one that lies about it is not unpacked beyond what it said. */
static void a_bomb_is_refused(void)
{
    static uint8_t zeros[1u << 20];
    const uint64_t size = UINT64_C(3) << 30;
    ZSTD_CCtx *z = ZSTD_createCCtx();
    struct hb_buf frame = {0};
    struct hb_buf b = {0};
    uint8_t *room = hb_buf_room(&frame, 1u << 20);
    ZSTD_outBuffer out = {room, frame.len, 0};

    if (z == NULL || room == NULL)
        exit(1);
    CHECK(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(z, size)) == 0);
    for (uint64_t done = 0; done < size; done += sizeof zeros) {
        const bool last = done + sizeof zeros == size;
        ZSTD_inBuffer in = {zeros, sizeof zeros, 0};
        size_t left;

        do
            left = ZSTD_compressStream2(z, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        while (last ? left > 0 : in.pos < in.size);
    }
    CHECK(out.pos < 512u << 10);
    zstd_block(&b, room, out.pos, HB_COMPACT_VALUES);
    says(&b, 1, 100, "column 2 is not a zstd frame of 8388608 bytes");
    zstd_block(&b, room, out.pos, UINT32_MAX);
    says(&b, 1, 100, "lengths are cut or none");
    CHECK_EQ(room[4] & 0xe0, 0x80); /* the content size has 4 bytes, behind the window's one */
    hb_set_u32(room + 6, HB_COMPACT_VALUES); /* a lie */
    zstd_block(&b, room, out.pos, HB_COMPACT_VALUES);
    says(&b, 1, 100, "column 2 is damaged");
    (void)ZSTD_freeCCtx(z); /* always 0 */
    hb_buf_fini(&frame);
    hb_buf_fini(&b);
}

int main(void)
{
    RUN(bad_rows_and_tags_are_refused);
    RUN(bad_values_are_refused);
    RUN(bad_lengths_are_refused);
    RUN(bad_zstd_is_refused);
    RUN(a_bomb_is_refused);
    return check_done();
}
