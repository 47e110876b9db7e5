/* calibrate.h - how fast is the machine right now? A fixed piece of work, timed. [run]
 *
 * The rate of a run says nothing about the program while neighbours, frequency or memory traffic
 * change the machine under it. The piece is what a walk is made of: loads from places of the run's
 * own table, each known only when the one before is there, and arithmetic in which each step needs
 * the last. Nodes per CPU second divided by pieces per CPU second is a property of the program.
 *
 * Threads: any. Cost: about 1 ms. */
#ifndef HB_RUN_CALIBRATE_H
#define HB_RUN_CALIBRATE_H

#include <stdint.h>

#define HB_CALIBRATE_LOADS 4096
#define HB_CALIBRATE_STEPS 100000

struct hb_calibration {
    double per_s;   /* pieces a CPU second: HB_CALIBRATE_LOADS loads and HB_CALIBRATE_STEPS steps */
    double load_ns; /* a dependent load */
    double step_ns; /* a multiplication and an addition, dependent */
};

/* Time one piece in CPU time of this process, on the processor it is on.
 *   mem    bytes >= 64; only read, so that others may write it meanwhile
 *   salt   another one each time, so that the places are not those of last time and in the cache */
void hb_calibrate(const void *mem, uint64_t bytes, uint64_t salt, struct hb_calibration *out);

#endif
