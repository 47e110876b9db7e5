/* Blocks of compact records. What is taken comes back: encoded again with and without zstd it is the
 * same records, in the same order when there was one block. The input is the number of records, their
 * bytes, and the blocks; with an odd first byte the two numbers are made to fit the tags. */
#include <stdlib.h>
#include <string.h>

#include "solver/delta.h"
#include "wire/compact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX = 8, BYTES_MAX = 1 << 22 };

static void must(int ok)
{
    if (!ok)
        abort();
}

/* Counts that the blocks may stand for: right as far as tags are plain and say their n. */
static unsigned fit(struct hb_delta_head *head, const uint8_t *p, size_t n)
{
    unsigned n_blocks = 0;

    head->n_records = 0;
    head->record_bytes = 0;
    for (; n >= 24; n_blocks++) {
        const uint64_t here[3] = {hb_get_u32(p + 4), hb_get_u32(p + 12), hb_get_u32(p + 20)};

        head->n_records += hb_get_u32(p);
        for (size_t i = 0; i < here[0] && i < n - 24; i++)
            head->record_bytes += hb_record_bytes(p[24 + i] >> 4);
        if (here[0] + here[1] + here[2] > n - 24)
            return n_blocks + 1;
        p += 24 + here[0] + here[1] + here[2];
        n -= 24 + here[0] + here[1] + here[2];
    }
    return n_blocks;
}

/* Encode and decode; *blocks is scratch. */
static void again(const uint8_t *records, size_t n, uint64_t n_records, bool zstd, uint8_t *out)
{
    struct hb_compact c = {.cap = 0};
    struct hb_buf blocks = {0};
    struct hb_delta_head head = {.n_records = n_records, .record_bytes = n};

    must(hb_compact_encode(&c, records, n, zstd, &blocks, NULL) == HB_OK);
    must(n <= HB_DELTA_RATIO * blocks.len);
    head.body_bytes = blocks.len;
    must(hb_compact_decode(&c, &head, blocks.data, out, NULL) == HB_OK);
    hb_buf_fini(&blocks);
    hb_compact_fini(&c);
}

static void check(const uint8_t *records, const struct hb_delta_head *head, bool one_block)
{
    const size_t n = (size_t)head->record_bytes;
    uint8_t *first = malloc(n + 1);
    uint8_t *second = malloc(n + 1);

    must(first != NULL && second != NULL);
    again(records, n, head->n_records, false, first);
    must(!one_block || memcmp(records, first, n) == 0);
    again(first, n, head->n_records, true, second);
    must(memcmp(first, second, n) == 0);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_delta_head head = {.kind = HB_DELTA_COMPACT};
    struct hb_compact c = {.cap = 0};
    uint8_t *records;
    unsigned n_blocks;

    if (size < PREFIX)
        return 0;
    head.body_bytes = size - PREFIX;
    n_blocks = fit(&head, data + PREFIX, size - PREFIX);
    if (data[0] % 2 == 0) {
        head.n_records = hb_get_u32(data) / 2;
        head.record_bytes = hb_get_u32(data + 4);
    }
    if (head.record_bytes > BYTES_MAX || head.record_bytes > HB_DELTA_RATIO * head.body_bytes)
        return 0; /* hb_delta_decode refuses the second */
    records = malloc((size_t)head.record_bytes + 1);
    must(records != NULL);
    if (hb_compact_decode(&c, &head, data + PREFIX, records, NULL) == HB_OK)
        check(records, &head, n_blocks == 1);
    free(records);
    hb_compact_fini(&c);
    return 0;
}
