/* stat.h - mean and spread of a sample, also of one that is collected in parts. [base, pure]
 *
 * Parts merged in the same order give the same bits, and equal numbers have exactly no spread.
 *
 * Threads: plain data.
 *
 * Source: T. Chan, G. Golub, R. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
 * Sample Variances", 1979; with one number at a time it is Welford's. */
#ifndef HB_BASE_STAT_H
#define HB_BASE_STAT_H

#include <stdint.h>

struct hb_stat { /* {0} is an empty sample */
    uint64_t n;
    double mean;
    double squares; /* sum of squared distances from the mean */
};

void hb_stat_add(struct hb_stat *s, double x);
/* Append a part. */
void hb_stat_merge(struct hb_stat *s, const struct hb_stat *part);
/* Standard deviation of the numbers, n - 1 in the denominator; NaN for fewer than two. */
double hb_stat_deviation(const struct hb_stat *s);
/* Half the width of the 95 % interval of the mean, 1.96 standard errors (normal approximation: for
 * some tens of numbers and more). NaN for fewer than two. */
double hb_stat_ci95(const struct hb_stat *s);

#endif
