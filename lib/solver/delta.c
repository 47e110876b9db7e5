#include "solver/delta.h"

#include "solver/table.h"

/* memcpy of a head and a few values: a call would cost more than the copy. What lies behind the
 * record's place may be the next part's, so not a byte more. */
static inline void copy_record(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t at = HB_RECORD_HEAD;

    memcpy(to, from, HB_RECORD_HEAD);
    for (; at + 4 <= n; at += 4)
        memcpy(to + at, from + at, 4);
    if (at < n)
        memcpy(to + at, from + at, 2);
}

void hb_records_split(const uint8_t *records, size_t len, uint32_t n_parts, uint8_t *out,
                      uint64_t *bytes)
{
    const struct hb_parts parts = hb_parts_in(n_parts);
    uint8_t *next[HB_TABLE_PARTS_MAX];
    uint64_t head;

    memset(bytes, 0, n_parts * sizeof *bytes);
    for (size_t at = 0; at < len; at += hb_record_bytes(hb_record_n(head))) {
        memcpy(&head, records + at, sizeof head);
        bytes[hb_part_of(&parts, hb_record_row(head))] += hb_record_bytes(hb_record_n(head));
    }
    for (uint32_t k = 0; k < n_parts; k++) {
        next[k] = out;
        out += bytes[k];
    }
    for (size_t at = 0, n; at < len; at += n) {
        uint8_t **to;

        memcpy(&head, records + at, sizeof head);
        n = hb_record_bytes(hb_record_n(head));
        to = &next[hb_part_of(&parts, hb_record_row(head))];
        copy_record(*to, records + at, n);
        *to += n;
    }
}
