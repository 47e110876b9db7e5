/* train.h - a training run from a configuration to checkpoints. [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_TRAIN_H
#define HB_RUN_TRAIN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/config.h"
#include "run/crew.h"
#include "run/setup.h"
#include "solver/learning.h"

struct hb_train_progress {
    uint64_t iteration, target; /* target 0: until the time budget ends */
    double iter_per_s;          /* over the last interval */
    double eta_s;               /* < 0: unknown */
    double elapsed_s;
    int workers;
    const struct hb_learning_look *learning; /* NULL: nothing to compare with yet */
};

struct hb_train_saved {
    uint64_t iteration, bytes; /* bytes: of the rows, before compression */
    double seconds;            /* that training paused */
};

/* Where a run is, for a signal handler that must know what a signal would interrupt. */
enum hb_train_phase {
    HB_TRAIN_PREPARING, /* nothing is trained yet that could be lost */
    HB_TRAIN_ROUNDS,    /* `stop` is heard */
    HB_TRAIN_SAVING     /* a checkpoint is being written, which cannot be hurried */
};

struct hb_train_options {
    struct hb_config config; /* command line already applied */
    struct hb_setup_options setup;
    const char *logdir;
    const char *resume_from; /* NULL, a checkpoint, or "latest" */
    const char *program_dir;
    struct hb_transport transport;
    double task_timeout_s;
    /* Set by signal handlers. stop 1: finish the round, checkpoint, HB_ESTOPPED; 2: at once. */
    const volatile sig_atomic_t *stop;
    volatile sig_atomic_t *snapshot; /* checkpoint after this round; cleared when taken */
    volatile sig_atomic_t *phase;    /* kept up to date: enum hb_train_phase */
    int wake_fd;                     /* readable after a signal; -1: none */
    double interval_s;               /* of progress and metrics */
    void (*progress)(void *ctx, const struct hb_train_progress *p);
    void (*saved)(void *ctx, const struct hb_train_saved *s); /* a checkpoint; may be NULL */
    void (*info)(void *ctx, const char *text);
    void *ctx;
};

struct hb_train_result {
    uint64_t iteration, generation, infosets, table_bytes;
    double seconds; /* of training */
    double iter_per_s;
    char checkpoint[HB_PATH_MAX]; /* the newest one */
    char hash[HB_HASH_HEX];       /* content hash of it */
};

/* Train. HB_OK: reached the target or the time budget; HB_ESTOPPED: stopped on request, resumable.
 * Errors: everything that setup, checkpoints and processes can say. */
int hb_train_run(const struct hb_train_options *o, struct hb_train_result *out,
                 struct hb_err *e) HB_MUSTUSE;

/* What a run will take (hb-train --plan). Nothing is started; `s` may have estimated buckets. */
struct hb_plan {
    uint64_t infosets, table_bytes, bucket_bytes, peak_bytes, disk_bytes;
    uint64_t nodes;             /* decision nodes of the tree */
    uint32_t round_cap;         /* iterations */
    double nodes_per_iteration; /* expected at the start, when strategies are uniform */
    double iterations_per_s, seconds;
    uint64_t iterations;
    bool endless; /* seconds and iterations are 0: it goes on until it is stopped */
};
/* How many mergers a run has: no more than workers or than a table has parts, and the fewest among
 * which the largest share of the table's 64 stripes is as small; one for tables in the cache and
 * for records in frames. */
int hb_train_mergers(uint64_t table_bytes, int n_workers, bool segments);
/* HB_OK when the run's peak_bytes fit into the memory that is free now, or the system does not tell;
 * HB_ENOMEM with the numbers. */
int hb_train_fits(const struct hb_plan *p, struct hb_err *e) HB_MUSTUSE;
int hb_train_plan(const struct hb_config *c, const struct hb_setup *s, int n_workers,
                  struct hb_transport transport, struct hb_plan *out, struct hb_err *e) HB_MUSTUSE;

#endif
