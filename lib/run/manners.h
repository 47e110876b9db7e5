/* manners.h - what a plugin must leave alone in the process that called it, and whether it did. run.
 * Threads: one at a time; the process is looked at as a whole. */
#ifndef HB_RUN_MANNERS_H
#define HB_RUN_MANNERS_H

#include <stdint.h>
#include <sys/types.h>

/* What is looked at; the bits of hb_manners_changed. */
enum hb_manner {
    HB_MANNER_OUTPUT,   /* descriptors 0 to 2 */
    HB_MANNER_SIGNALS,  /* what signals do, which are blocked */
    HB_MANNER_LOCALE,   /* setlocale() */
    HB_MANNER_ROUNDING, /* the modes of floating point arithmetic */
    HB_MANNER_STARTS,   /* threads */
    HB_MANNERS
};

struct hb_manners {
    int64_t at[3]; /* offsets of descriptors 0 to 2 */
    uint64_t signals;
    uint64_t rounding;
    unsigned threads;
    char locale[256];
};

/* "output", "signals", "locale", "rounding", "starts"; and the deed: "wrote to …". */
const char *hb_manner_name(enum hb_manner which);
const char *hb_manner_deed(enum hb_manner which);

/* Look. Flushes standard output and error first. Descriptors 0 to 2 must be files, so that their
 * offsets tell. Cost: some 70 system calls. */
void hb_manners_look(struct hb_manners *m);

/* Bit (1 << which) for all that is different. */
unsigned hb_manners_changed(const struct hb_manners *before, const struct hb_manners *now);

/* Descriptors that are open, below 4096. Cost: a system call for each number. */
int hb_manners_descriptors(void);

#endif
