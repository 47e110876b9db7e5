/* metrics.h - DIR/metrics.jsonl: one JSON object an interval. man/hb-train.1 lists the fields.
 * [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_METRICS_H
#define HB_RUN_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "run/crew.h"

struct hb_metrics {
    FILE *file;   /* NULL: closed */
    double start; /* monotonic, when training began */
    double last;  /* of the last line */
    uint64_t last_iteration;
    struct hb_crew_stats last_stats;
    uint64_t pss;        /* as last looked at, */
    double pss_at;       /* then; 0: never */
    double checkpoint_s; /* spent in checkpoints so far */
    uint32_t restores;   /* times the table was restored after a lost merger */
};

/* Open for appending: a resumed run goes on in the same file. Errors: HB_ECREATE. */
int hb_metrics_open(const char *logdir, struct hb_metrics *m, struct hb_err *e) HB_MUSTUSE;
/* fresh: look at the memory now; else it may be half a minute old. nodes_before: of the run before
 * this process. Returns the interval's iterations per second in *rate. */
int hb_metrics_line(struct hb_metrics *m, const struct hb_crew *crew, uint64_t iteration,
                    uint64_t generation, uint64_t nodes_before, bool fresh, double *rate,
                    struct hb_err *e) HB_MUSTUSE;
int hb_metrics_close(struct hb_metrics *m, struct hb_err *e) HB_MUSTUSE;

#endif
