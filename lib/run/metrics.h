/* metrics.h - DIR/metrics.jsonl: one JSON object an interval. man/hb-train.1 lists the fields;
 * report.h reads them. [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_METRICS_H
#define HB_RUN_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/err.h"
#include "run/calibrate.h"
#include "run/crew.h"
#include "solver/learning.h"
#include "solver/table.h"

struct hb_metrics {
    FILE *file;                        /* NULL: closed */
    struct hb_buf line;                /* the one being written */
    double start;                      /* monotonic, when training began */
    double last;                       /* of the last line */
    uint64_t started_ms;               /* UNIX time */
    double cpu_before_s;               /* of this process and its children, before training */
    uint64_t pieces;                   /* of calibration so far */
    struct hb_calibration calibration; /* since the last line */
    double calibrated_at;              /* monotonic */
    double calibration_s;              /* spent in it so far */
    struct hb_os_schedule *worker;     /* owned; [n_workers] as last looked at */
    uint64_t last_iteration;
    struct hb_crew_stats last_stats;
    double last_workers_cpu_s;
    uint64_t pss;               /* as last looked at, */
    double pss_at;              /* then; 0: never */
    double checkpoint_s;        /* spent in checkpoints so far */
    double learning_s;          /* and in looks at the sample of rows */
    uint32_t restores;          /* times the table was restored after a lost merger */
    uint64_t table_large_bytes; /* of the table, in large pages */
};

struct hb_metrics_now {
    uint64_t iteration, generation;
    uint64_t nodes_before;                   /* of the run before this process, or of lost crews */
    const struct hb_table *table;            /* what the calibration reads */
    const struct hb_learning_look *learning; /* the last look */
    bool fresh; /* look at the memory now; else it may be half a minute old */
};

/* Open for appending: a resumed run goes on in the same file. Errors: HB_ECREATE, HB_ENOMEM. */
int hb_metrics_open(const char *logdir, int n_workers, struct hb_metrics *m,
                    struct hb_err *e) HB_MUSTUSE;
/* A piece of calibration, when it is time for one, on the processor of one worker after the other.
 * Cost: four times a second that of hb_calibrate(). */
void hb_metrics_calibrate(struct hb_metrics *m, struct hb_crew *crew, const struct hb_table *t);
/* A line. Returns the interval's iterations per second in *rate. Cost: some 30 us a process, and the
 * memory. */
int hb_metrics_line(struct hb_metrics *m, struct hb_crew *crew, const struct hb_metrics_now *now,
                    double *rate, struct hb_err *e) HB_MUSTUSE;
/* A new crew counts from 0; the run is at `iteration`. */
void hb_metrics_new_crew(struct hb_metrics *m, uint64_t iteration);
int hb_metrics_close(struct hb_metrics *m, struct hb_err *e) HB_MUSTUSE;

#endif
