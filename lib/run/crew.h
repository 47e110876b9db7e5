/* crew.h - the processes of a run and one round's work with them. [run]
 *
 *   crew ── TASK ──▶ workers ── DELTA ──▶ crew ── DELTA ──▶ mergers ── COMMIT ──▶ crew
 *
 * The crew is the only one with timeouts. It owns which task is where: a result is passed on whole
 * and once; the task of a worker that died or did not answer in time goes to another, and a new
 * worker takes its place. A lost merger leaves the table void, which the caller repairs
 * (HB_CREW_LOST_MERGER).
 *
 * Threads: main thread. */
#ifndef HB_RUN_CREW_H
#define HB_RUN_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/os.h"
#include "run/cut.h"
#include "solver/params.h"
#include "wire/compact.h"
#include "wire/message.h"

#define HB_CREW_LOST_MERGER 100 /* returned by hb_crew_round beside enum hb_code */
#define HB_CREW_ABORTED     101 /* `aborted` said so */

struct hb_transport {          /* how records travel from workers to mergers */
    bool segments;             /* in shared memory that a frame names, else in the frames */
    enum hb_compress compress; /* of those in frames */
};

struct hb_crew_options {
    const char *program_dir; /* where hb-worker and hb-merge are */
    const char *table;       /* path that children open */
    const char *buckets;     /* bucket file that this process verified, or NULL */
    const char *scratch_dir; /* for segments where there is no memfd */
    struct hb_hello hello;   /* of the run, role TASKS */
    int n_workers;           /* >= 1 */
    int n_mergers;           /* 1..HB_TABLE_PARTS_MAX; 1 with frames */
    struct hb_transport transport;
    double task_timeout_s;
    int wake_fd; /* readable when a signal came, drained here; -1: none */
    /* Called at least every `tick_s` and after each wake-up; true aborts the round at once. */
    bool (*tick)(void *ctx);
    void *tick_ctx;
    double tick_s;
    void (*note)(void *ctx, const char *text); /* something to tell people: a worker was replaced */
};

struct hb_crew_stats { /* since the crew started */
    uint64_t nodes, tasks, duplicates;
    uint64_t records_bytes; /* as they travelled: compact ones count packed */
    uint32_t workers_replaced;
    double merge_s; /* from the last result of a round to its last commit */
    /* From a worker's last result of a round to the last one of all, mean over the workers: what
     * they wait for the slowest. */
    double barrier_s;
};

struct hb_crew; /* opaque */

/* Start all processes. Errors: HB_EPLUGIN (a program does not start), HB_ENOMEM, HB_ESYS. */
int hb_crew_new(const struct hb_crew_options *o, struct hb_crew **out, struct hb_err *e) HB_MUSTUSE;
/* SHUTDOWN to all and wait for them; after a failed round they are killed. */
void hb_crew_free(struct hb_crew *c);

/* One round, in tasks as `cut` says, until every merger has committed it.
 * Errors: HB_CREW_LOST_MERGER, HB_CREW_ABORTED; HB_EPROTO, HB_EIDENTITY … told by a child;
 * HB_EINTERNAL when workers die again and again without a result. After an error only hb_crew_free
 * may follow. */
int hb_crew_round(struct hb_crew *c, const struct hb_round *round, const struct hb_cut *cut,
                  struct hb_err *e) HB_MUSTUSE;

void hb_crew_stats(const struct hb_crew *c, struct hb_crew_stats *out);
int hb_crew_n_workers(const struct hb_crew *c);
uint64_t hb_crew_worker_tasks(const struct hb_crew *c, int worker); /* results by that place */
/* How the processes were scheduled; cheap. The worker in place i as a whole: its CPU seconds count
 * those of lost ones before it, its context switches are those of the living one. */
struct hb_crew_schedule {
    double workers_cpu_s, mergers_cpu_s; /* sums */
    double lost_cpu_s;                   /* of workers_cpu_s, that of processes already reaped */
};
void hb_crew_schedule(const struct hb_crew *c, struct hb_os_schedule *worker,
                      struct hb_crew_schedule *out);
/* The processor that a worker ran on last, another worker's each time; -1: unknown. */
int hb_crew_next_cpu(struct hb_crew *c);
/* Proportional set size of the living children: that costs milliseconds for each GiB they map. */
uint64_t hb_crew_pss(const struct hb_crew *c);

#endif
