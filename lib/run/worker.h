/* worker.h - serve task frames: block in read(), traverse, answer with a delta. run. No timeout,
 * timer, signal or non-blocking descriptor: an idle worker sleeps in one read(2) of its task pipe.
 * Threads: one. */
#ifndef HB_RUN_WORKER_H
#define HB_RUN_WORKER_H

#include <stdbool.h>

#include "base/err.h"
#include "wire/compact.h"

struct hb_worker_options {
    const char *table;   /* path; mapped read-only */
    const char *buckets; /* bucket file instead of the one that the table names, or NULL */
    bool verified;       /* the parent has verified the bucket file's chunks */
    /* path of a shared file for the records, this worker's alone (HB_ECREATE when another has it),
     * or NULL: records travel in the frames */
    const char *segment;
    enum hb_compress compress; /* of records in the frames; a segment's are as they are */
    int in_fd, out_fd;         /* task frames in, delta frames out */
};

/* Serve until SHUTDOWN or EOF (HB_OK). A task for another generation, a damaged frame or a peer of
 * another run is answered with an ERROR frame and returned: HB_EPROTO, HB_EIDENTITY … */
int hb_worker_run(const struct hb_worker_options *o, struct hb_err *e) HB_MUSTUSE;

#endif
