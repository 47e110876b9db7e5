/* The growing buffer and the bounded reader: little-endian, sticky, never past the end. */
#include "base/bytes.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"

static void numbers_are_little_endian(void)
{
    static const uint8_t want[] = {1,    0x23, 0x01, 0x67, 0x45, 0x23, 0x01, 0xef, 0xcd, 0xab,
                                   0x89, 0x67, 0x45, 0x23, 0x01, 0xfe, 0xff, 0xff, 0xff};
    struct hb_buf b = {0};
    struct hb_rd r;

    hb_buf_u8(&b, 1);
    hb_buf_u16(&b, 0x0123);
    hb_buf_u32(&b, 0x01234567);
    hb_buf_u64(&b, 0x0123456789abcdef);
    hb_buf_i32(&b, -2);
    CHECK_EQ(b.len, sizeof want);
    CHECK(memcmp(b.data, want, sizeof want) == 0);
    r = hb_rd_over(b.data, b.len);
    CHECK_EQ(hb_rd_u8(&r), 1);
    CHECK_EQ(hb_rd_u16(&r), 0x0123);
    CHECK_EQ(hb_rd_u32(&r), 0x01234567);
    CHECK_EQ(hb_rd_u64(&r), 0x0123456789abcdef);
    CHECK_EQ(hb_rd_i32(&r), -2);
    CHECK_EQ(hb_rd_left(&r), 0);
    CHECK_EQ(hb_rd_done(&r, "it", NULL), HB_OK);
    hb_buf_fini(&b);
    hb_buf_fini(&b);
}

static void fixed_places_need_no_alignment(void)
{
    uint8_t raw[32] = {0};

    for (size_t at = 0; at < 8; at++) {
        hb_set_u16(raw + at, 0xfedc);
        CHECK_EQ(hb_get_u16(raw + at), 0xfedc);
        hb_set_u32(raw + at, 0xfedcba98);
        CHECK_EQ(hb_get_u32(raw + at), 0xfedcba98);
        hb_set_u64(raw + at, 0xfedcba9876543210);
        CHECK(hb_get_u64(raw + at) == 0xfedcba9876543210);
    }
}

static void reading_past_the_end_is_bad_and_stays_bad(void)
{
    const uint8_t raw[7] = {1, 2, 3, 4, 5, 6, 7};
    struct hb_err e = {0};
    struct hb_rd r = hb_rd_over(raw, sizeof raw);

    CHECK(hb_rd_u64(&r) == 0 && r.bad);
    CHECK_EQ(hb_rd_u8(&r), 0); /* although there is one */
    CHECK(hb_rd_take(&r, 0) == NULL);
    CHECK_EQ(hb_rd_left(&r), 0);
    CHECK_EQ(hb_rd_done(&r, "a thing", &e), HB_EFORMAT);
    CHECK_STR(e.msg, "a thing is cut short or malformed");
    r = hb_rd_over(raw, sizeof raw);
    CHECK(hb_rd_take(&r, SIZE_MAX) == NULL && r.bad);
    r = hb_rd_over(raw, sizeof raw);
    CHECK(hb_rd_take(&r, 5) == raw);
    CHECK_EQ(hb_rd_done(&r, "a thing", &e), HB_EFORMAT);
    CHECK_STR(e.msg, "a thing has 2 bytes too many");
}

static void nothing_is_not_a_failure(void)
{
    struct hb_buf b = {0};
    struct hb_rd r = hb_rd_over(NULL, 0);

    CHECK(hb_buf_room(&b, 0) != NULL);
    hb_buf_put(&b, NULL, 0);
    CHECK_EQ(hb_buf_check(&b, NULL), HB_OK);
    CHECK_EQ(b.len, 0);
    CHECK_EQ(hb_rd_done(&r, "nothing", NULL), HB_OK);
    hb_buf_fini(&b);
}

static void strings_fit_or_are_bad(void)
{
    struct hb_buf b = {0};
    struct hb_rd r;
    char text[6];

    hb_buf_str(&b, "hello");
    hb_buf_str(&b, "");
    r = hb_rd_over(b.data, b.len);
    hb_rd_str(&r, text, 6);
    CHECK_STR(text, "hello");
    hb_rd_str(&r, text, 1);
    CHECK_STR(text, "");
    CHECK_EQ(hb_rd_done(&r, "it", NULL), HB_OK);
    r = hb_rd_over(b.data, b.len);
    hb_rd_str(&r, text, 5);
    CHECK(r.bad);
    CHECK_STR(text, "");
    for (size_t n = 0; n < 9; n++) {
        r = hb_rd_over(b.data, n);
        hb_rd_str(&r, text, 6);
        CHECK(r.bad);
        CHECK_STR(text, "");
    }
    hb_buf_fini(&b);
}

static void printf_appends_text_without_a_terminator(void)
{
    struct hb_buf b = {0};
    char want[600];

    memset(want, 'x', sizeof want);
    want[sizeof want - 1] = '\0';
    hb_buf_printf(&b, "%d-%s", 42, "a");
    hb_buf_printf(&b, "%s", want);
    CHECK_EQ(b.len, 4 + 599);
    CHECK(memcmp(b.data, "42-ax", 5) == 0 && b.data[602] == 'x');
    hb_buf_fini(&b);
}

/* Against a plain array, with random pieces. */
static void any_mix_of_pieces_is_what_an_array_would_hold(void)
{
    static uint8_t model[200000];

    for (uint32_t round = 0; round < 50; round++) {
        struct hb_buf b = {0};
        size_t len = 0;

        for (uint32_t i = 0; len < 100000; i++) {
            uint32_t bits[4];
            size_t n;

            hb_rng_block(1, round, 0, HB_RNG_TOOL, i, bits);
            n = hb_rng_below(bits[0], 1u << hb_rng_below(bits[1], 16));
            memset(model + len, (int)(bits[2] & 0xff), n);
            hb_buf_put(&b, model + len, n);
            len += n;
        }
        CHECK_EQ(hb_buf_check(&b, NULL), HB_OK);
        CHECK_EQ(b.len, len);
        CHECK(memcmp(b.data, model, len) == 0);
        hb_buf_fini(&b);
    }
}

static void no_memory_is_sticky_and_keeps_what_was_there(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};

    hb_buf_str(&b, "kept");
    hb_mem_fail_at(1);
    CHECK(hb_buf_room(&b, 1000) == NULL);
    hb_mem_fail_at(0);
    hb_buf_u8(&b, 1);
    CHECK_EQ(b.len, 8);
    CHECK_EQ(hb_buf_check(&b, &e), HB_ENOMEM);
    hb_buf_fini(&b);
    CHECK_EQ(hb_buf_check(&b, &e), HB_OK);
    CHECK(hb_buf_room(&b, SIZE_MAX) == NULL);
    CHECK_EQ(hb_buf_check(&b, &e), HB_ENOMEM);
    hb_buf_fini(&b);
}

static void sizes_do_not_wrap(void)
{
    struct hb_err e = {0};
    size_t n = 7;
    void *p = NULL;

    CHECK(!hb_mem_mul(SIZE_MAX / 2, 3, &n) && n == 7);
    CHECK(hb_mem_mul(SIZE_MAX / 2, 2, &n) && n == SIZE_MAX - 1);
    CHECK(hb_mem_mul(0, SIZE_MAX, &n) && n == 0);
    CHECK_EQ(hb_mem_new(&p, SIZE_MAX / 2, 3, "too much", &e), HB_ENOMEM);
    CHECK(p == NULL && strstr(e.msg, "too much") != NULL);
    CHECK_EQ(hb_mem_new(&p, 0, 8, "nothing", &e), HB_OK);
    CHECK(p != NULL);
    CHECK_EQ(hb_mem_grow(&p, SIZE_MAX / 2, 3, "too much", &e), HB_ENOMEM);
    CHECK(p != NULL);
    hb_mem_free(p);
}

int main(void)
{
    RUN(numbers_are_little_endian);
    RUN(fixed_places_need_no_alignment);
    RUN(reading_past_the_end_is_bad_and_stays_bad);
    RUN(nothing_is_not_a_failure);
    RUN(strings_fit_or_are_bad);
    RUN(printf_appends_text_without_a_terminator);
    RUN(any_mix_of_pieces_is_what_an_array_would_hold);
    RUN(no_memory_is_sticky_and_keeps_what_was_there);
    RUN(sizes_do_not_wrap);
    return check_done();
}
