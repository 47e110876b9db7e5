/* cut.h - how hb-train cuts a round into tasks. [run, pure]
 *
 * Tasks are equal until a quarter of the round is left and shrink from there, so that workers end at
 * about the same time (guided self-scheduling: C. Polychronopoulos, D. Kuck, IEEE Trans. Computers
 * C-36, 1987), but none is smaller than what a task's frames cost is little beside. The bits of a
 * result do not depend on the cut.
 *
 * Threads: any, no state. */
#ifndef HB_RUN_CUT_H
#define HB_RUN_CUT_H

#include <stdint.h>

struct hb_cut {
    uint32_t largest, smallest; /* iterations of a task; the last one of a round may be smaller */
    uint32_t spread; /* a task is at most this part of what is left, but for `smallest` */
};

/* The cut of a round of `length` iterations for n_workers >= 1.
 *   batch  iterations of every task; 0: as said above
 *   nodes  decision nodes of an iteration, about; > 0 */
struct hb_cut hb_cut_of(uint32_t length, int n_workers, uint32_t batch, double nodes);

/* Iterations of the next task when `left` > 0 are left. */
uint32_t hb_cut_next(const struct hb_cut *c, uint32_t left);

/* Tasks of a whole round. Cost: proportional to them. */
uint32_t hb_cut_tasks(const struct hb_cut *c, uint32_t length);

#endif
