/* logdir.h - the folder of a run: checkpoints, the newest one, which ones go. [run]
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

/* Checkpoint files in a folder, by their names iter-N.hbc, oldest first. Returns owned
 * (hb_mem_free). */
int hb_checkpoints_list(const char *dir, uint64_t **iterations, size_t *n,
                        struct hb_err *e) HB_MUSTUSE;
void hb_checkpoints_name(const char *dir, uint64_t iteration, char out[HB_PATH_MAX]);
/* Delete all but the `keep` newest (at least 1), but never the newest one that is whole. *removed,
 * may be NULL. */
int hb_checkpoints_prune(const char *dir, size_t keep, size_t *removed,
                         struct hb_err *e) HB_MUSTUSE;

/* Save the table as the newest checkpoint and point latest.hbc at it. */
int hb_logdir_save(struct hb_logdir *d, const struct hb_table *t, struct hb_err *e) HB_MUSTUSE;
/* Path of the newest checkpoint that is whole, "" when there is none. *n_damaged, may be NULL:
 * newer ones that are not. */
int hb_logdir_newest(const struct hb_logdir *d, char out[HB_PATH_MAX], size_t *n_damaged,
                     struct hb_err *e) HB_MUSTUSE;

#endif
