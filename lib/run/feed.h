/* feed.h - a run's tasks as a stream of frames, and that stream dealt to several workers. [run]
 *
 * What hb-train does with processes of its own, for pipelines that are put together by hand. Both
 * end as soon as a peer is gone, so that the whole pipeline ends with it.
 *
 * Threads: one. */
#ifndef HB_RUN_FEED_H
#define HB_RUN_FEED_H

#include <stdint.h>

#include "base/err.h"
#include "solver/spec.h"

#define HB_FEED_BATCH   100 /* iterations a task when nobody says */
#define HB_COMMITS_MAX  64
#define HB_DEAL_OUT_MAX 256

struct hb_feed_options {
    const struct hb_spec *spec;
    uint64_t first;             /* iteration at which a round begins */
    uint64_t end;               /* the round boundary behind the last task, > first */
    uint32_t batch;             /* iterations a task, > 0 */
    const char *const *commits; /* files, FIFOs or "-": commit streams of the mergers */
    int n_commits;              /* 0..HB_COMMITS_MAX */
    int out_fd;                 /* task frames */
};

/* Where `count` iterations from `first` end: the first boundary there or behind. Without commit
 * streams they must fit one round. Errors: HB_EUSAGE: first is no boundary (names the next), more
 * than one round; HB_ELIMIT. */
int hb_feed_end(const struct hb_params *p, uint64_t first, uint64_t count, int n_commits,
                uint64_t *end, struct hb_err *e) HB_MUSTUSE;

/* Write HELLO, the tasks with job numbers 0, 1, 2 …, SHUTDOWN. The tasks of a round are written
 * only after every commit stream has said COMMIT of the round before; SHUTDOWN after the last one.
 * Errors: HB_EIO when nobody reads the tasks any more, also while waiting; HB_EPROTO, HB_EIDENTITY:
 * a commit stream ended, is damaged, of another run or generation; a merger's own ERROR. */
int hb_feed_run(const struct hb_feed_options *o, struct hb_err *e) HB_MUSTUSE;

/* Read one stream of tasks and deal them to files or FIFOs in turn; HELLO and SHUTDOWN go to each.
 * Each output is numbered by itself. End of input without SHUTDOWN ends the outputs likewise.
 * Errors: HB_ECREATE (an output cannot be opened), HB_EIO (nobody reads one any more, also while
 * waiting for input), HB_EPROTO (not a stream of tasks). */
int hb_feed_deal(int in_fd, const char *const *out, int n_out, struct hb_err *e) HB_MUSTUSE;

#endif
