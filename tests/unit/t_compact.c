/* Compact records: what goes in comes out, sorted, and nothing that an encoder would not have
 * written is accepted. The twins are written from man/hb-frame.5, byte by byte. `t_compact --golden`
 * prints tests/golden/delta-zstd.hex, which every version of zstd reads and some may write otherwise. */
#include "wire/compact.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "compacts.h"
#include "solver/delta.h"

#define SEED     20261124u
#define ROW_LAST HB_RECORD_ROW_MASK

static uint32_t draws;

static uint32_t random32(void)
{
    uint32_t out[4];

    hb_rng_block(SEED, draws++, 0, 0, 0, out);
    return out[0];
}

static uint32_t below(uint32_t n)
{
    return hb_rng_below(random32(), n);
}

/* ---- records ---- */

static void put(struct hb_buf *b, uint64_t row, unsigned kind, unsigned n, const int16_t *v)
{
    hb_buf_u64(b, hb_record_head(row, kind, n));
    for (unsigned a = 0; a < n; a++)
        hb_buf_u16(b, (uint16_t)v[a]);
}

static int16_t any_value(unsigned how)
{
    static const int16_t edges[] = {0,     1,     -1,    63,        64,       -64,
                                    -65,   127,   128,   8191,      8192,     -8192,
                                    -8193, 16383, 16384, INT16_MAX, INT16_MIN};

    if (how == 0)
        return (int16_t)(uint16_t)random32();
    return how == 1 ? edges[below(17)] : 8192;
}

/* n records; `spread` rows, which often come again; sorts of n and values in turn. */
static void any_records(struct hb_buf *b, size_t n_records, uint64_t spread, unsigned n_max)
{
    int16_t *v = calloc(n_max, sizeof *v);

    if (v == NULL)
        exit(1);
    for (size_t i = 0; i < n_records; i++) {
        const uint64_t draw = (uint64_t)random32() << 16 ^ random32();
        const unsigned n = 1 + below(n_max);
        const unsigned how = below(4);

        for (unsigned a = 0; a < n; a++)
            v[a] = any_value(how);
        put(b, draw % spread, below(2), n, v);
    }
    free(v);
}

static size_t count(const struct hb_buf *b)
{
    size_t n = 0;

    for (size_t at = 0; at < b->len; n++)
        at += hb_record_bytes(hb_record_n(hb_get_u64(b->data + at)));
    return n;
}

/* ---- the obviously right twins ---- */

struct item {
    uint64_t key;
    const uint8_t *at; /* in the order of their making, too */
};

static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static struct item *items_of(const struct hb_buf *records, size_t n)
{
    struct item *item = calloc(n + 1, sizeof *item);
    const uint8_t *p = records->data;

    if (item == NULL)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        const uint64_t head = hb_get_u64(p);

        item[i] = (struct item){hb_record_row(head) * 2 + hb_record_kind(head), p};
        p += hb_record_bytes(hb_record_n(head));
    }
    qsort(item, n, sizeof *item, by_key);
    return item;
}

/* The records as they come back from one block. */
static void plain_sorted(const struct hb_buf *records, struct hb_buf *out)
{
    const size_t n = count(records);
    struct item *item = items_of(records, n);

    for (size_t i = 0; i < n; i++)
        hb_buf_put(out, item[i].at, hb_record_bytes(hb_record_n(hb_get_u64(item[i].at))));
    free(item);
}

static void plain_varint(struct hb_buf *b, uint64_t v)
{
    while (v >= 128) {
        hb_buf_u8(b, (uint8_t)(128 + v % 128));
        v /= 128;
    }
    hb_buf_u8(b, (uint8_t)v);
}

static bool plain_repeats(const struct item *item, size_t i)
{
    const uint64_t head = hb_get_u64(item[i].at);
    const size_t n = hb_record_n(head);

    for (size_t k = i; n < 16 && k > 0; k--) {
        const uint64_t other = hb_get_u64(item[k - 1].at);

        if (hb_record_n(other) == n && hb_record_kind(other) == hb_record_kind(head))
            return memcmp(item[k - 1].at + 8, item[i].at + 8, 2 * n) == 0;
    }
    return false;
}

/* The one block of these records, without zstd. */
static void plain_block(const struct hb_buf *records, struct hb_buf *out)
{
    const size_t n_records = count(records);
    struct item *item = items_of(records, n_records);
    struct hb_buf column[3] = {{0}};
    uint64_t before = 0, behind = 0;

    for (size_t i = 0; i < n_records; i++) {
        const uint64_t head = hb_get_u64(item[i].at);
        const uint64_t row = hb_record_row(head);
        const unsigned kind = hb_record_kind(head);
        const unsigned n = hb_record_n(head);
        const bool repeats = plain_repeats(item, i);
        unsigned step = (row - before) % 2 == 0 ? 2 : 3;

        if (i > 0 && row == before)
            step = 0;
        else if (i > 0 && row == behind)
            step = 1;
        else
            plain_varint(&column[1], (row - before) / 2);
        hb_buf_u8(&column[0], (uint8_t)(step + 4 * kind + 8 * repeats + 16 * (n < 16 ? n : 0)));
        if (n >= 16)
            plain_varint(&column[2], n);
        for (unsigned a = 0; a < n && !repeats; a++) {
            const int v = (int16_t)hb_get_u16(item[i].at + 8 + 2 * a);

            if (kind == 1)
                plain_varint(&column[2], (uint64_t)(v < 0 ? 65536 + v : v));
            else
                plain_varint(&column[2], (uint64_t)(v < 0 ? -2 * v - 1 : 2 * v));
        }
        before = row;
        behind = row + 2 + 2 * n;
    }
    for (int i = 0; i < 3; i++) {
        hb_buf_u32(out, (uint32_t)column[i].len);
        hb_buf_u32(out, (uint32_t)column[i].len);
    }
    for (int i = 0; i < 3; i++) {
        hb_buf_put(out, column[i].data, column[i].len);
        hb_buf_fini(&column[i]);
    }
    free(item);
}

/* ---- there and back ---- */

static void there_and_back(struct hb_compact *c, const struct hb_buf *records, bool zstd)
{
    const size_t n = count(records);
    struct hb_buf blocks = {0};
    struct hb_buf want = {0};
    struct hb_err e = {0};
    uint8_t *got = malloc(records->len + 1);

    if (got == NULL)
        exit(1);
    CHECK_OK(hb_compact_encode(c, records->data, records->len, zstd, &blocks, &e), e);
    CHECK(records->len <= HB_DELTA_RATIO * blocks.len);
    CHECK_OK(unpack(&blocks, n, records->len, got, &e), e);
    plain_sorted(records, &want);
    CHECK(want.len == records->len);
    CHECK(want.len == 0 || memcmp(want.data, got, want.len) == 0);
    if (!zstd && n > 0 && n < 400) {
        want.len = 0;
        plain_block(records, &want);
        CHECK_EQ(want.len, blocks.len);
        CHECK(want.len == blocks.len && memcmp(want.data, blocks.data, want.len) == 0);
        CHECK(!hb_compact_has_zstd(blocks.data, blocks.len));
    }
    if (check_bad_here > 0)
        printf("# seed %u, %zu records\n", SEED, n);
    hb_buf_fini(&want);
    hb_buf_fini(&blocks);
    free(got);
}

static void records_come_back_sorted_and_as_the_page_says(void)
{
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};

    for (int i = 0; i < 400; i++) {
        const uint64_t spread = i % 4 == 0 ? ROW_LAST + 1 : UINT64_C(1) << below(34);

        records.len = 0;
        any_records(&records, below(i % 8 == 0 ? 3 : 300), spread, i % 5 == 0 ? 40 : 6);
        there_and_back(&c, &records, i % 2 == 0);
    }
    hb_buf_fini(&records);
    hb_compact_fini(&c);
}

static void edges_come_back(void)
{
    static int16_t wide[HB_RECORD_N_MAX];
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};

    for (size_t i = 0; i < HB_RECORD_N_MAX; i++)
        wide[i] = (int16_t)(uint16_t)random32();
    wide[0] = INT16_MIN;
    wide[1] = INT16_MAX;
    for (int zstd = 0; zstd < 2; zstd++) {
        records.len = 0;
        there_and_back(&c, &records, zstd != 0); /* none */
        put(&records, 0, 0, 1, wide);
        there_and_back(&c, &records, zstd != 0);
        put(&records, ROW_LAST, 1, 2, wide);
        put(&records, ROW_LAST, 0, 2, wide);
        put(&records, ROW_LAST - 1, 0, 15, wide);
        put(&records, ROW_LAST - 1, 0, 16, wide);
        put(&records, 0, 1, HB_RECORD_N_MAX, wide);
        put(&records, 0, 0, HB_RECORD_N_MAX, wide);
        there_and_back(&c, &records, zstd != 0);
    }
    hb_buf_fini(&records);
    hb_compact_fini(&c);
}

static uint64_t sum_of(const uint8_t *p, size_t len)
{
    uint64_t sum = 0;

    for (size_t at = 0; at < len;) {
        const uint64_t head = hb_get_u64(p + at);
        uint64_t hash = head;

        for (unsigned a = 0; a < hb_record_n(head); a++)
            hash = hash * 1000003 + hb_get_u16(p + at + 8 + 2 * (size_t)a);
        sum += hash * UINT64_C(0x9E3779B97F4A7C15);
        at += hb_record_bytes(hb_record_n(head));
    }
    return sum;
}

/* Each block is sorted by itself, so it is the sum of all that is compared. */
static void several_blocks_come_back(void)
{
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_buf blocks = {0};
    struct hb_err e = {0};
    uint8_t *got;

    any_records(&records, 3 * HB_COMPACT_RECORDS + 5, 1u << 20, 3);
    for (int i = 0; i < 40; i++) /* 5 MB of wide ones */
        any_records(&records, 1, 1u << 20, HB_RECORD_N_MAX);
    got = malloc(records.len);
    for (int zstd = 0; zstd < 2 && got != NULL; zstd++) {
        blocks.len = 0;
        CHECK_OK(hb_compact_encode(&c, records.data, records.len, zstd != 0, &blocks, &e), e);
        CHECK_EQ(hb_compact_has_zstd(blocks.data, blocks.len), zstd);
        CHECK_OK(unpack(&blocks, count(&records), records.len, got, &e), e);
        CHECK(sum_of(got, records.len) == sum_of(records.data, records.len));
    }
    free(got);
    hb_buf_fini(&records);
    hb_buf_fini(&blocks);
    hb_compact_fini(&c);
}

/* As much alike as can be: zstd would make thousands of bytes of one, and the ratio forbids it. */
static void records_that_are_alike_keep_the_ratio(void)
{
    static const int16_t zeros[HB_RECORD_N_MAX];
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};

    for (unsigned n = 1; n <= 2 * 16; n *= 2) {
        records.len = 0;
        for (int i = 0; i < 5000; i++)
            put(&records, 8, 1, n < 16 ? n : n - 1, zeros);
        there_and_back(&c, &records, true);
    }
    records.len = 0;
    put(&records, 8, 1, HB_RECORD_N_MAX, zeros);
    there_and_back(&c, &records, true);
    hb_buf_fini(&records);
    hb_compact_fini(&c);
}

static void what_cannot_be_compact_is_refused(void)
{
    static const int16_t v[2] = {1, 2};
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_buf out = {0};
    struct hb_err e = {0};

    put(&records, 2, 0, 2, v);
    for (size_t n = 1; n < records.len; n++)
        CHECK_EQ(hb_compact_encode(&c, records.data, n, false, &out, &e), HB_EFORMAT);
    put(&records, 2, 2, 1, v); /* an unknown kind */
    CHECK_EQ(hb_compact_encode(&c, records.data, records.len, false, &out, &e), HB_EFORMAT);
    records.len = 0;
    put(&records, 2, 0, 0, v); /* no actions */
    CHECK_EQ(hb_compact_encode(&c, records.data, records.len, true, &out, &e), HB_EFORMAT);
    CHECK_EQ(out.len, 0);
    hb_buf_fini(&records);
    hb_buf_fini(&out);
    hb_compact_fini(&c);
}

/* ---- changed bytes, no memory ---- */

static void no_other_length_and_no_changed_byte_does_harm(void)
{
    static uint8_t out[1u << 16];
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_buf blocks = {0};
    struct hb_err e = {0};

    any_records(&records, 120, 1u << 12, 20);
    for (int zstd = 0; zstd < 2; zstd++) {
        const size_t n = count(&records);
        size_t whole;

        blocks.len = 0;
        CHECK_OK(hb_compact_encode(&c, records.data, records.len, zstd != 0, &blocks, &e), e);
        whole = blocks.len;
        for (blocks.len = 0; blocks.len < whole; blocks.len++)
            CHECK_EQ(unpack(&blocks, n, records.len, out, NULL), HB_EPROTO);
        for (int i = 0; i < 20000; i++) {
            uint8_t *at = &blocks.data[below((uint32_t)whole)];
            const uint8_t was = *at;
            int rc;

            *at = (uint8_t)random32();
            rc = unpack(&blocks, n, records.len, out, NULL);
            CHECK(rc == HB_OK || rc == HB_EPROTO);
            *at = was;
        }
    }
    hb_buf_fini(&records);
    hb_buf_fini(&blocks);
    hb_compact_fini(&c);
}

static void every_allocation_may_fail(void)
{
    struct hb_buf records = {0};
    int rc = HB_ENOMEM;

    any_records(&records, 3000, 1u << 20, 6);
    for (long n = 1; rc == HB_ENOMEM && n < 100; n++) {
        struct hb_compact c = {.cap = 0};
        struct hb_buf blocks = {0};

        hb_mem_fail_at(n);
        rc = hb_compact_encode(&c, records.data, records.len, true, &blocks, NULL);
        if (rc == HB_OK) {
            const struct hb_delta_head head = head_of(&blocks, 3000, records.len);
            uint8_t *out = malloc(records.len);

            if (out != NULL)
                rc = hb_compact_decode(&c, &head, blocks.data, out, NULL);
            free(out);
        }
        hb_mem_fail_at(0);
        hb_buf_fini(&blocks);
        hb_compact_fini(&c);
    }
    CHECK_EQ(rc, HB_OK);
    hb_buf_fini(&records);
}

/* ---- the golden bytes ---- */

static void golden_records(struct hb_buf *records)
{
    int16_t v[20];

    for (unsigned i = 0; i < 200; i++) {
        for (unsigned a = 0; a < 20; a++)
            v[a] = (int16_t)(i % 3 == 0 ? 0 : (int)(i * a) - 500);
        put(records, 2 * (UINT64_C(7919) * i % 1000), i % 2, i == 77 ? 20 : 1 + i % 4, v);
    }
}

static void golden_text(struct hb_buf *text)
{
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_buf blocks = {0};
    struct hb_err e = {0};

    golden_records(&records);
    CHECK_OK(hb_compact_encode(&c, records.data, records.len, true, &blocks, &e), e);
    for (size_t i = 0; i < blocks.len; i++)
        hb_buf_printf(text, "%02x", blocks.data[i]);
    hb_buf_printf(text, "\n");
    hb_buf_fini(&records);
    hb_buf_fini(&blocks);
    hb_compact_fini(&c);
}

static void the_golden_frames_of_zstd_are_read(void)
{
    static uint8_t out[8192];
    FILE *f = fopen("tests/golden/delta-zstd.hex", "r");
    struct hb_err e = {0};
    struct hb_buf blocks = {0};
    struct hb_buf records = {0};
    struct hb_buf want = {0};
    unsigned byte;

    CHECK(f != NULL);
    while (f != NULL && fscanf(f, "%2x", &byte) == 1)
        hb_buf_u8(&blocks, (uint8_t)byte);
    if (f != NULL)
        (void)fclose(f); /* read only */
    golden_records(&records);
    plain_sorted(&records, &want);
    CHECK(want.len <= sizeof out);
    CHECK(hb_compact_has_zstd(blocks.data, blocks.len));
    CHECK_OK(unpack(&blocks, 200, want.len, out, &e), e);
    CHECK(memcmp(out, want.data, want.len) == 0);
    hb_buf_fini(&blocks);
    hb_buf_fini(&records);
    hb_buf_fini(&want);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--golden") == 0) {
        struct hb_buf text = {0};

        golden_text(&text);
        (void)fwrite(text.data, 1, text.len, stdout);
        hb_buf_fini(&text);
        return 0;
    }
    RUN(records_come_back_sorted_and_as_the_page_says);
    RUN(edges_come_back);
    RUN(several_blocks_come_back);
    RUN(records_that_are_alike_keep_the_ratio);
    RUN(what_cannot_be_compact_is_refused);
    RUN(no_other_length_and_no_changed_byte_does_harm);
    RUN(every_allocation_may_fail);
    RUN(the_golden_frames_of_zstd_are_read);
    return check_done();
}
