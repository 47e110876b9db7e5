/* A bucket file's "meta" section is refused, or decode -> encode gives the same bytes. The content
 * hash at its end is put right first, so that mutations get past it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/hba.h"
#include "base/bytes.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* man/hb-hba.5: the hash covers the deck and the first 48 bytes of each street. */
static void repair(uint8_t *meta, size_t size)
{
    struct hb_rd rd = hb_rd_over(meta, size);
    struct hb_hasher hasher;
    struct hb_hash hash;
    const uint8_t *deck;

    (void)hb_rd_u32(&rd); /* version */
    deck = hb_rd_take(&rd, 8);
    if (deck == NULL)
        return;
    hb_hasher_init(&hasher);
    hb_hasher_put(&hasher, "hb-buckets", 10);
    hb_hasher_put(&hasher, deck, 8);
    for (int s = 0; s < HB_STREETS; s++) {
        const uint8_t *street = hb_rd_take(&rd, 64);

        if (street == NULL)
            return;
        hb_hasher_put(&hasher, street, 48);
        for (int text = 0; text < 3; text++)
            (void)hb_rd_take(&rd, hb_rd_u32(&rd)); /* sticky: seen below */
    }
    hb_hasher_done(&hasher, &hash);
    if (hb_rd_left(&rd) == sizeof hash.b)
        memcpy(meta + size - sizeof hash.b, hash.b, sizeof hash.b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t meta[HB_HBA_META_MAX];
    struct hb_buckets b = {0};
    struct hb_hba_maps maps = {0};
    struct hb_buf again = {0};
    struct hb_err e = {0};

    if (size > sizeof meta)
        return 0;
    memcpy(meta, data, size);
    repair(meta, size);
    if (hb_hba_decode(meta, size, &b, &maps, &e) != HB_OK) {
        if (e.rc != HB_EFORMAT && e.rc != HB_EVERSION)
            abort();
        return 0;
    }
    hb_hba_encode(&b, &maps, &again);
    if (again.len != size || memcmp(again.data, meta, size) != 0)
        abort();
    hb_buf_fini(&again);
    return 0;
}
