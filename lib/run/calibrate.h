/* calibrate.h - how fast is the machine right now? A fixed piece of work, timed. [run]
 *
 * The rate of a run says nothing about the program while neighbours, frequency or memory traffic
 * change the machine under it. The piece is what a walk is made of: lines at random places of the
 * run's own table, asked for in time, and actions drawn from weights in the second-level cache, with
 * generators side by side and a branch that nobody can foresee. Nodes per CPU second divided by
 * pieces per CPU second is a property of the program. A chain of steps that wait for each other, be
 * it of loads or of arithmetic, is no part of it: walks swing about twice as far as its time does.
 *
 * Another line of each page is read before, untimed: a process that seldom comes to a page pays for
 * the way there, on some virtual machines a hundred times the line, where one that walks does not. So
 * few loads are lengthened by every interruption, so that the quickest piece's count. There are six
 * draws to a load, for that is how nodes follow both: four to ten do about as well.
 *
 * Threads: any; 256 KB of the stack. Cost of a piece: about 0.25 ms, and 2 ms where pages are slow to
 * come to. */
#ifndef HB_RUN_CALIBRATE_H
#define HB_RUN_CALIBRATE_H

#include <stdint.h>

#define HB_CALIBRATE_LOADS 1024
#define HB_CALIBRATE_DRAWS 6144

struct hb_calibration { /* over pieces; {0} is none */
    uint64_t n_pieces;
    double loads_s; /* HB_CALIBRATE_LOADS loads, of the quickest piece */
    double draws_s; /* HB_CALIBRATE_DRAWS draws of one action of four a piece, summed */
};

/* Time one more piece, in CPU time of this process on the processor it is on.
 *   mem    bytes >= 64; only read, so that others may write it meanwhile
 *   salt   another one each time, so that the places are not those of last time and in the cache */
void hb_calibrate(const void *mem, uint64_t bytes, uint64_t salt, struct hb_calibration *sum);
/* Pieces a CPU second, nanoseconds of a load and of a draw; 0 of none. */
double hb_calibration_per_s(const struct hb_calibration *sum);
double hb_calibration_load_ns(const struct hb_calibration *sum);
double hb_calibration_draw_ns(const struct hb_calibration *sum);

#endif
