#include "abstraction/sparse.h"

#include <string.h>

uint32_t hb_sparse_bytes(uint32_t entries, uint32_t item_bytes)
{
    return entries * ((uint32_t)sizeof(uint16_t) + item_bytes);
}

/* One vector; returns how many numbers are not 0. */
static uint32_t pack(const uint8_t *vector, uint32_t numbers, uint32_t item_bytes, uint32_t entries,
                     uint8_t *row)
{
    static const uint8_t zero[4] = {0};
    uint8_t *count = row + entries * sizeof(uint16_t);
    uint32_t n = 0;

    memset(row, 0, hb_sparse_bytes(entries, item_bytes));
    for (uint32_t j = 0; j < numbers; j++) {
        uint16_t place = (uint16_t)j;

        if (memcmp(vector + (size_t)j * item_bytes, zero, item_bytes) == 0)
            continue;
        if (n < entries) {
            memcpy(row + n * sizeof place, &place, sizeof place);
            memcpy(count + n * item_bytes, vector + (size_t)j * item_bytes, item_bytes);
        }
        n++;
    }
    return n;
}

int hb_sparse_pack(const void *vectors, size_t n, uint32_t numbers, uint32_t item_bytes,
                   uint32_t entries, void *rows, struct hb_err *e)
{
    const uint8_t *vector = vectors;
    uint8_t *row = rows;

    for (size_t i = 0; i < n; i++) {
        uint32_t used = pack(vector, numbers, item_bytes, entries, row);

        if (used > entries)
            return hb_fail(e, HB_EUSAGE, "a histogram has %u bins that are not empty, more than %u",
                           (unsigned)used, (unsigned)entries);
        vector += (size_t)numbers * item_bytes;
        row += hb_sparse_bytes(entries, item_bytes);
    }
    return HB_OK;
}

uint32_t hb_sparse_place(const void *row, uint32_t i)
{
    uint16_t place;

    memcpy(&place, (const uint8_t *)row + i * sizeof place, sizeof place);
    return place;
}

uint64_t hb_sparse_number(const void *row, uint32_t entries, uint32_t item_bytes, uint32_t i)
{
    const uint8_t *at = (const uint8_t *)row + entries * sizeof(uint16_t) + i * item_bytes;
    uint32_t four;
    uint16_t two;

    if (item_bytes == 1)
        return *at;
    if (item_bytes == 2) {
        memcpy(&two, at, sizeof two);
        return two;
    }
    memcpy(&four, at, sizeof four);
    return four;
}
