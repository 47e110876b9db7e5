/* merger.h - collect the results of a round from streams and fold them into the table. run. A
 * result counts once and whole: a cut one is dropped, a second one for the same iterations ignored.
 * When a round's iterations are all there it is merged and a COMMIT frame says so; results of the
 * next round wait for their turn, so that no more than two rounds are held. Threads: one. */
#ifndef HB_RUN_MERGER_H
#define HB_RUN_MERGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define HB_STREAMS_MAX 256

struct hb_merger_options {
    const char *table;
    uint32_t part, n_parts;     /* this merger's share of the rows */
    bool replica;               /* says so in its HELLO; otherwise the same work */
    const char *const *streams; /* files, FIFOs or "-"; one writer each */
    int n_streams;              /* 1..HB_STREAMS_MAX */
    int out_fd;                 /* commit frames; -1: none */
    /* Filled at the end, also on failure: */
    uint64_t generation, iteration; /* the table is at */
    uint64_t n_results, n_duplicates;
    uint64_t missing; /* iterations that a begun round still lacked: not merged */
};

/* Merge until every stream has ended. HB_OK when all ended cleanly and no round was left
 * incomplete. A stream that is damaged, cut or reports an error is closed and the others are served
 * on; then the first such failure is returned: HB_EPROTO, HB_EIDENTITY … HB_EPROTO too when a round
 * was left incomplete. HB_ECREATE: another process merges into this part. HB_EFORMAT: the table was
 * changed by another program while the round was collected. HB_ELIMIT, after a COMMIT: the table
 * has no next round. The table is clean after every return but one: HB_ENOMEM while merging. The
 * process must not open the table by other ways meanwhile (hb_tablefile_lock). */
int hb_merger_run(struct hb_merger_options *o, struct hb_err *e) HB_MUSTUSE;

#endif
