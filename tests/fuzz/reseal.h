/* reseal.h - make the checksums of a container right again after its bytes were changed, so that
 * tests and fuzzers get past them. Anything goes in; what does not look like records is left. */
#ifndef HB_TESTS_RESEAL_H
#define HB_TESTS_RESEAL_H

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

static inline void reseal_chunk(uint8_t *p, size_t index_at, uint8_t *record)
{
    const uint64_t at = hb_get_u64(record + 24);
    const uint32_t len = hb_get_u32(record + 16);
    struct hb_hash hash;

    if (memcmp(record, "CHNK", 4) != 0 || at < 128 || at > index_at || len > index_at - at)
        return;
    hb_hash_of(p + at, len, &hash);
    memcpy(record + 32, hash.b, HB_HASH_BYTES);
    if (memcmp(p + at - 64, "CHNK", 4) == 0) /* zstd: the record before it */
        memcpy(p + at - 64, record, 64);
}

static inline void reseal(uint8_t *p, size_t n)
{
    struct hb_hasher hasher;
    struct hb_hash root;
    uint64_t index_at;

    if (n < 3 * 64)
        return;
    memcpy(p + n - 64, "TRLR", 4);
    hb_set_u64(p + n - 64 + 16, n);
    index_at = hb_get_u64(p + n - 64 + 8);
    if (index_at < 64 || index_at > n - 2 * 64)
        return;
    for (size_t at = (size_t)index_at; at + 128 <= n; at += 64)
        reseal_chunk(p, (size_t)index_at, p + at);
    hb_hasher_init(&hasher);
    hb_hasher_put(&hasher, p, 64);
    hb_hasher_put(&hasher, p + index_at, n - 64 - (size_t)index_at);
    hb_hasher_put(&hasher, p + n - 64, 32);
    hb_hasher_done(&hasher, &root);
    memcpy(p + n - 32, root.b, HB_HASH_BYTES);
}

#endif
