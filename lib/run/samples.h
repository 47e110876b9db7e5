/* samples.h - the lines of a run's metrics, as they are read back for a report. [run]
 *
 * Threads: any. */
#ifndef HB_RUN_SAMPLES_H
#define HB_RUN_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A line: numbers as they stand there, lists as their sums, 0 what it does not have. man/hb-train.1
 * lists them. */
struct hb_sample {
    double started; /* of the process, to tell sessions apart; 0: an older hb-train */
    double t, iteration, nodes, cpu_s, workers, pss, tasks, bytes_per_task;
    double merge_s, checkpoint_s, barrier_s, learning_s, workers_cpu_s, mergers_cpu_s;
    double calibration_per_s, voluntary, involuntary;
    double change, change_iterations, looked_at, visited, pruned, saturated;
    double iter_per_s, nodes_per_cpu_s, cpu_before_s; /* where the first line began */
    const char *missing; /* a key without which there is no report; NULL: all are there */
};

struct hb_samples {
    struct hb_sample *at; /* owned */
    size_t n, cap;
    uint64_t n_bad; /* lines that are no metrics */
};

/* path: a metrics file, "-" for standard input, or a folder that has metrics.jsonl. At least one line;
 * hb_samples_fini() whatever comes back. Errors: HB_ENOINPUT; HB_EFORMAT: no metrics; HB_ENOMEM. */
int hb_samples_read(const char *path, struct hb_samples *all, struct hb_err *e) HB_MUSTUSE;
void hb_samples_fini(struct hb_samples *all);

#endif
