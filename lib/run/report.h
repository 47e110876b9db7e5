/* report.h - was a run flat, and where did its time go? Reads DIR/metrics.jsonl. [run]
 *
 * A run that slows down is what hb exists to avoid, so it is measured: each quantity as its mean, its
 * first and last tenth of the time, and a straight line through it. Judged above all is what decides
 * how fast a run gets on: decision nodes for each second of the workers' processor time and of all
 * processes', divided by the calibration (calibrate.h), so that a machine which slows down is not
 * taken for a program that does; and the share of the time in which workers walk.
 *
 * The line is fitted by least squares through up to HB_REPORT_BINS equal stretches of time; inside
 * each the quantity is a ratio of sums (nodes over seconds), not a mean of ratios. Errors of
 * neighbouring intervals hang together; those of stretches much less, which makes the standard error
 * of the slope an honest one.
 *
 * Threads: any. */
#ifndef HB_RUN_REPORT_H
#define HB_RUN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_REPORT_BINS      50
#define HB_REPORT_INTERVALS 20          /* after the warm-up, at least */
#define HB_REPORT_SLACK     (32u << 20) /* bytes that memory may grow by */

enum hb_report_quantity {
    HB_REPORT_RATE,        /* iterations a second */
    HB_REPORT_SPEED,       /* decision nodes a second of the workers' processor time */
    HB_REPORT_CALIBRATION, /* pieces of fixed work a second of processor time */
    HB_REPORT_NORMALISED,  /* speed / calibration: nodes a piece */
    HB_REPORT_ALL,         /* the same for CPU of all processes, where no checkpoint is saved */
    HB_REPORT_WALKING,     /* share of the time that is not barrier, merge, checkpoint or looks */
    HB_REPORT_LENGTH,      /* decision nodes an iteration */
    HB_REPORT_MEMORY,      /* proportional set size, bytes */
    HB_REPORT_BYTES,       /* of a task's result */
    HB_REPORT_PER_NODE,    /* bytes of results for each decision node that was visited */
    HB_REPORT_QUANTITIES
};

struct hb_report_trend {
    double mean, first, last; /* whole time after the warm-up; its first and last tenth */
    double change, change_se; /* last / first - 1, and its standard error by the line's residuals */
    double slope, slope_se;   /* of the line, a second, with its standard error */
    double drift, drift_se;   /* what the line adds from end to end, relative to the mean */
};

enum hb_report_verdict {
    HB_REPORT_FLAT,    /* change, drift and twice the drift's error are within the tolerance */
    HB_REPORT_DRIFTS,  /* change or drift is not, and is more than twice its error */
    HB_REPORT_UNSURE,  /* neither can be said */
    HB_REPORT_UNJUDGED /* not asked */
};

/* Checkpoints: what they take, by halves of the time after the warm-up, for there are few. */
struct hb_report_pauses {
    uint32_t n;                               /* intervals with one */
    double mean_s, first_half_s, last_half_s; /* 0: none */
    enum hb_report_verdict verdict; /* drifts: what they grew by takes more than the tolerance */
};

struct hb_report {
    uint32_t n_sessions, session; /* starts of hb-train in the file; the one reported, from 1 */
    uint64_t n_bad_lines;         /* that are no line of metrics, such as one cut by a kill */
    uint32_t n_intervals;         /* after the warm-up */
    uint32_t workers;
    double seconds, warm_up_s; /* of the session, and what was left out at its start */
    uint64_t first_iteration, last_iteration; /* after the warm-up */
    double tolerance;
    struct hb_report_trend trend[HB_REPORT_QUANTITIES];
    enum hb_report_verdict verdict[HB_REPORT_QUANTITIES];
    struct hb_report_pauses pauses;
    bool flat;      /* all that are judged are */
    bool too_short; /* too few intervals: no verdicts, not flat, and of a trend the mean alone */
    /* shares of the time after the warm-up; walking is what is left */
    double walking, barrier, merge, checkpoint, learning;
    /* processors' worth of work: seconds of CPU a second */
    double workers_cpu, mergers_cpu, trainer_cpu;
    double ctx_voluntary, ctx_involuntary; /* a second and worker */
    double ctx_per_task;                   /* voluntary ones */
    /* as the last line says */
    double change, visited, pruned, saturated;
    double change_first; /* the first after the warm-up */
    bool changed;        /* the last is of a later look at the rows */
    uint64_t change_iterations;
};

struct hb_report_options {
    uint32_t session; /* 0: the last */
    double warm_up_s; /* < 0: a tenth of the session, but at least 5 s */
    double tolerance; /* e.g. 0.05 */
};

/* path: a metrics file, "-" for standard input, or a folder that has metrics.jsonl. With fewer than
 * HB_REPORT_INTERVALS behind it a warm-up that was not asked for is not left out, and the report is
 * too_short. Errors:
 * HB_ENOINPUT; HB_EFORMAT: no metrics, of a program that did not write what is needed, or no
 * interval at all. */
int hb_report_read(const char *path, const struct hb_report_options *o, struct hb_report *out,
                   struct hb_err *e) HB_MUSTUSE;

/* "iterations/s" and so on, for people; "iter_per_s" and so on, for programs. */
const char *hb_report_title(enum hb_report_quantity q);
const char *hb_report_key(enum hb_report_quantity q);
const char *hb_report_word(enum hb_report_verdict v); /* "flat", "drifts", … */

#endif
