/* compacts.h - for the tests of compact records: blocks taken as a message with them would be. */
#ifndef HB_TESTS_COMPACTS_H
#define HB_TESTS_COMPACTS_H

#include <stdlib.h>

#include "wire/compact.h"

static struct hb_delta_head head_of(const struct hb_buf *blocks, uint64_t n_records,
                                    uint64_t record_bytes)
{
    return (struct hb_delta_head){.kind = HB_DELTA_COMPACT,
                                  .n_records = n_records,
                                  .record_bytes = record_bytes,
                                  .body_bytes = blocks->len};
}

/* Decode from a copy, at an odd address, without a byte behind it. */
static int unpack(const struct hb_buf *blocks, uint64_t n_records, uint64_t record_bytes,
                  uint8_t *out, struct hb_err *e)
{
    const struct hb_delta_head head = head_of(blocks, n_records, record_bytes);
    uint8_t *copy = malloc(blocks->len + 1);
    struct hb_compact c = {.cap = 0};
    int rc;

    if (copy == NULL)
        exit(1);
    if (blocks->len > 0)
        memcpy(copy + 1, blocks->data, blocks->len);
    rc = hb_compact_decode(&c, &head, copy + 1, out, e);
    hb_compact_fini(&c);
    free(copy);
    return rc;
}

#endif
