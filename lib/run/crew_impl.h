/* crew_impl.h - what a crew is made of. Private to crew.c, which works with it, and crew_stats.c,
 * which looks at it. [run]
 *
 * Threads: main thread. */
#ifndef HB_RUN_CREW_IMPL_H
#define HB_RUN_CREW_IMPL_H

#include <poll.h>

#include "base/bytes.h"
#include "base/os.h"
#include "run/crew.h"
#include "run/spawn.h"
#include "wire/frame.h"

#define OUTSTANDING 2 /* tasks given to a worker at once: it never waits for the next */

struct given { /* a task that a worker has */
    uint32_t job;
    uint64_t first;
    uint32_t count;
};

struct worker {
    struct hb_child child;
    struct hb_os_shared segment;
    struct hb_frame_reader in;
    struct hb_frame_writer out;
    bool greeted;
    struct given given[OUTSTANDING]; /* oldest first */
    int n_given;
    double since; /* when it began the oldest, or gave its last result */
    uint64_t results;
    double past_cpu_s; /* of lost processes in this place */
};

struct merger {
    struct hb_child child;
    struct hb_frame_reader in;
    struct hb_buf queue; /* frames not yet written */
    size_t written;
    uint32_t seq;
    bool greeted;
    bool committed; /* this round */
};

struct hb_crew {
    struct hb_crew_options o;
    struct worker *workers;
    struct merger *mergers;
    struct pollfd *fds;
    struct hb_crew_stats stats;
    uint32_t next_job;
    unsigned spawned;             /* segments made so far: their names differ */
    struct hb_os_shared *retired; /* segments of lost workers, kept for the round */
    size_t n_retired, cap_retired;
    int fruitless;
    bool hurry; /* end the children at once: the round was aborted or cannot go on */
    /* the round under way */
    struct hb_round round;
    struct hb_cut cut;
    uint64_t next_first;    /* first iteration not given to anybody yet */
    struct given *returned; /* tasks of lost workers */
    size_t n_returned, cap_returned;
    uint32_t n_done;      /* iterations with a result */
    double began;         /* the round */
    double results_in;    /* when the last result came */
    int visit;            /* worker whose processor is named next */
    struct hb_buf result; /* scratch: one on its way to a merger */
};

#endif
