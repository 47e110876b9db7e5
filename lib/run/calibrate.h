/* calibrate.h - how fast is the machine right now? A fixed piece of work, timed. [run]
 *
 * The rate of a run says nothing about the program while neighbours, frequency or memory traffic
 * change the machine under it. The piece is what a walk is made of, in like parts: lines at random
 * places of the run's own table, asked for in time, and arithmetic in which each step needs the
 * last. Nodes per CPU second divided by pieces per CPU second is a property of the program. Loads
 * that wait for each other are no part of it: their time hardly moves when neighbours take half of
 * the memory's throughput, on which a walk lives.
 *
 * Threads: any. Cost of a piece: about 0.15 ms with a table larger than the cache, half inside. */
#ifndef HB_RUN_CALIBRATE_H
#define HB_RUN_CALIBRATE_H

#include <stdint.h>

#define HB_CALIBRATE_LOADS 4096
#define HB_CALIBRATE_STEPS 50000

struct hb_calibration { /* sums over pieces; {0} is none */
    uint64_t n_pieces;
    double loads_s; /* HB_CALIBRATE_LOADS loads a piece */
    double steps_s; /* HB_CALIBRATE_STEPS dependent multiplications and additions a piece */
};

/* Time one more piece, in CPU time of this process on the processor it is on.
 *   mem    bytes >= 64; only read, so that others may write it meanwhile
 *   salt   another one each time, so that the places are not those of last time and in the cache */
void hb_calibrate(const void *mem, uint64_t bytes, uint64_t salt, struct hb_calibration *sum);
/* Pieces a CPU second, nanoseconds of a load and of a step; 0 of none. */
double hb_calibration_per_s(const struct hb_calibration *sum);
double hb_calibration_load_ns(const struct hb_calibration *sum);
double hb_calibration_step_ns(const struct hb_calibration *sum);

#endif
