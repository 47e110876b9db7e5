/* merge_kernels.h - the loop over records of merge.h, for one way of adding them to rows; only
 * merge.c includes it, once for each. KERNEL(name) names a function, KERNEL_TARGET is its
 * attribute, KERNEL_ROW adds a record. [solver, pure] Threads: those of merge.h. */
#include "solver/merge_row.h"

#ifdef KERNEL

KERNEL_TARGET static int KERNEL(add)(struct hb_merge *m, const uint8_t *records, size_t len,
                                     struct hb_err *e)
{
    struct merge_record ring[AHEAD];
    struct records in = {records, records + len};
    uint64_t asked = 0;

    while (asked < AHEAD && next_owned(m, &in, &ring[asked]))
        asked++;
    for (uint64_t i = 0; i < asked; i++) {
        struct merge_record *r = &ring[i % AHEAD];

        if (KERNEL_ROW(m, r)) {
            int rc = add_due(m, (uint64_t)(r->row - m->table->rows), r->n, e);

            if (rc != HB_OK)
                return rc;
        }
        if (next_owned(m, &in, r))
            asked++;
    }
    m->records += asked;
    return HB_OK;
}

#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_ROW
#endif
