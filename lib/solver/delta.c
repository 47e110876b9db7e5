#include "solver/delta.h"

#include "solver/table.h"

void hb_records_split(const uint8_t *records, size_t len, uint32_t n_parts, uint8_t *out,
                      uint64_t *bytes)
{
    uint8_t *next[HB_TABLE_PARTS_MAX];
    uint64_t head;

    memset(bytes, 0, n_parts * sizeof *bytes);
    for (size_t at = 0; at < len; at += hb_record_bytes(hb_record_n(head))) {
        memcpy(&head, records + at, sizeof head);
        bytes[hb_record_part(hb_record_row(head), n_parts)] += hb_record_bytes(hb_record_n(head));
    }
    for (uint32_t k = 0; k < n_parts; k++) {
        next[k] = out;
        out += bytes[k];
    }
    for (size_t at = 0, n; at < len; at += n) {
        uint8_t **to;

        memcpy(&head, records + at, sizeof head);
        n = hb_record_bytes(hb_record_n(head));
        to = &next[hb_record_part(hb_record_row(head), n_parts)];
        memcpy(*to, records + at, n);
        *to += n;
    }
}
