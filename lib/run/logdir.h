/* logdir.h - the folder of a run: its lock, what a killed one left behind, its checkpoints
 * (shelf.h). [run]
 *
 *   DIR/config.yaml  DIR/metrics.jsonl  DIR/buckets-*.hba  DIR/lock
 *   DIR/checkpoints/iter-000000012345.hbc …  latest.hbc -> the newest
 *
 * Threads: main thread. */
#ifndef HB_RUN_LOGDIR_H
#define HB_RUN_LOGDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "solver/spec.h"
#include "solver/table.h"

struct hb_logdir {
    char path[HB_PATH_MAX];
    char checkpoints[HB_PATH_MAX];
    int lock_fd;    /* -1: closed */
    bool was_there; /* a run began here before */
};

/* Make the folders, lock the run, remove what a killed one left half-written. Errors: HB_ECREATE:
 * cannot be written, or another hb-train has it. */
int hb_logdir_open(const char *path, struct hb_logdir *d, struct hb_err *e) HB_MUSTUSE;
void hb_logdir_close(struct hb_logdir *d);
/* The same, and leave nothing behind of a folder that was made for this run and is still empty. */
void hb_logdir_discard(struct hb_logdir *d);

/* Save the table as the newest checkpoint, point latest.hbc at it, remove all but the `keep` newest
 * (at least 1) of the run. The one just written counts as good, so that nothing is read back. */
int hb_logdir_save(struct hb_logdir *d, const struct hb_table *t, uint64_t keep,
                   struct hb_err *e) HB_MUSTUSE;

#endif
