/* spawn.h - start a program with pipes on its standard input and output. [run]
 *
 * The child gets descriptors 0, 1 and 2 and nothing else (everything here is CLOEXEC), a process
 * group of its own, so that a Ctrl-C at the terminal reaches its parent alone, and SIGTERM, SIGINT
 * and SIGUSR1 blocked, so that a supervisor may send them to all processes of a run.
 *
 * Threads: main thread. */
#ifndef HB_RUN_SPAWN_H
#define HB_RUN_SPAWN_H

#include <sys/types.h>

#include "base/err.h"

struct hb_child {
    pid_t pid; /* 0: none */
    int to;    /* its standard input; non-blocking; -1 when closed */
    int from;  /* its standard output; non-blocking; -1 when closed */
};

/* Start argv[0] (a path). A program that cannot be executed is this call's error: HB_EPLUGIN naming
 * it. */
int hb_child_start(char *const argv[], struct hb_child *c, struct hb_err *e) HB_MUSTUSE;
/* Close its standard input: it should end now. */
void hb_child_close(struct hb_child *c);
/* Close its input, wait until its output ends, at most `patience_ms`, then kill -9; reap. */
void hb_child_stop(struct hb_child *c, int patience_ms);
/* Kill -9 the child and what is left of its process group, close, reap. No-op for none. */
void hb_child_kill(struct hb_child *c);
/* Reap a child whose output has ended, and with it its process group; how it ended, as text, into out[64]. Returns its exit code,
 * -1 when a signal ended it. */
int hb_child_reap(struct hb_child *c, char out[64]);

#endif
