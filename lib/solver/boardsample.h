/* boardsample.h - how exploitable a strategy is, from a sample of the boards of the second street
 * (the flops). [solver, pure]
 *
 * Below a board everything is exact; what a best responder does before it is fitted to boards. Let
 * y(b, s) be what board b, weighed with the deals that it stands for, adds to the value of both
 * responders when they play s before the boards. The best response is the largest
 * Y(s) = c(s) + sum over all boards of y(b, s), where c, folds and all-ins before the boards, is
 * known exactly. Y is linear in the boards, and a sum over a sample estimates it. So that it varies
 * less, what y would be if nobody bet any more on the board is taken off each y; the sum of that over
 * all boards is known, and a part of c. But the s that looks best on a sample looks better there than
 * it is. Hence two numbers:
 *
 *   upper  the largest estimate of Y, over all s, on all boards of the sample: in the mean no less
 *          than the truth, because the s that is truly best is among those it chooses from
 *   lower  s is fitted on one half of the sample, and Y(s) estimated with the other half scored in
 *          place of all boards outside the first (whose y are known): in the mean Y(s) of that s,
 *          so no more than the truth. The mean of both ways to use the halves.
 *
 * The sample: boards stand for different numbers of deals (4, 12 or 24 of hold'em's flops). Boards
 * of one weight, with the same numbers of different ranks and suits, form a stratum: six of flops,
 * which are three of a kind, of one suit, pairs with and without their kicker's suit, of two suits
 * and of three. Of each stratum a given number is drawn without replacement, and of
 * these a random half (the larger one when odd) is half A. Numbers: at least 4 a stratum, or all of
 * it; then one by one to where it lowers the sum of W^2 / n most (W: deals of the stratum, n: drawn
 * boards), which is best when boards of all weights vary alike. A stratum that is drawn whole is
 * known in both halves and adds no error.
 *
 * Errors are those of stratified sampling without replacement: N (N - n) s^2 / n a stratum, N boards
 * to choose from, s^2 the variance among the n drawn ones. With them go quantiles of Student's t at
 * 97.5 %, degrees of freedom by Satterthwaite (1946). [lower - t error, upper + t error] covers the
 * truth in at least 95 % of all samples, each end being missed in at most 2.5 %, as far as sums over
 * boards are normal. The error of upper is the largest that sums over the sample have with the three s
 * that were fitted: with the s chosen on all of it, it looks smaller than it is.
 *
 * The result depends on (walk, strategy, numbers, seed) alone.
 *
 * Threads: an object belongs to one thread.
 * Sources: Cochran, "Sampling Techniques", 1977, chapter 5 (stratified sampling), 5.9
 * (Satterthwaite); fitting and scoring apart: Mak, Morton, Wood, "Monte Carlo bounding techniques
 * for determining solution quality in stochastic programs", 1999 (both bounds). */
#ifndef HB_SOLVER_BOARDSAMPLE_H
#define HB_SOLVER_BOARDSAMPLE_H

#include <stdint.h>

#include "base/err.h"
#include "solver/public.h"

#define HB_BOARDSAMPLE_CONFIDENCE 0.95
#define HB_BOARDSAMPLE_STRATA_MAX 128

struct hb_boardsample_board {
    uint32_t weight; /* deals of it, a divisor of 24 */
    uint8_t kind;    /* hb_boardsample_kind */
};
/* Boards alike: with so many different ranks and suits. bit c for card c. */
uint8_t hb_boardsample_kind(uint64_t board);

struct hb_boardsample_stratum {
    struct hb_boardsample_board is;
    uint32_t first; /* its boards: order[first .. first + n_boards), the drawn ones first */
    uint32_t n_boards;
    uint32_t n_drawn;
    uint32_t n_half; /* of these in half A, the first ones; n_drawn when all boards are drawn */
};

struct hb_boardsample { /* {0} is empty */
    uint32_t n_boards;
    uint32_t n_drawn;
    uint32_t n_strata;
    struct hb_boardsample_stratum stratum[HB_BOARDSAMPLE_STRATA_MAX]; /* by weight, then kind */
    uint32_t *order;                                                  /* owned; [n_boards] */
};

/* The fewest boards that can be drawn. */
uint32_t hb_boardsample_least(const struct hb_boardsample_board *board, uint32_t n_boards);
/* Draw.
 *   board    [n_boards] at most HB_BOARDSAMPLE_STRATA_MAX different ones
 *   n_drawn  hb_boardsample_least .. n_boards, else HB_EUSAGE
 * Errors: HB_ENOMEM. */
int hb_boardsample_draw(const struct hb_boardsample_board *board, uint32_t n_boards,
                        uint32_t n_drawn, uint64_t seed, struct hb_boardsample *out,
                        struct hb_err *e) HB_MUSTUSE;
void hb_boardsample_fini(struct hb_boardsample *s);

struct hb_boardsample_sum {
    double total; /* estimate of the sum over all boards */
    double error; /* standard error */
    double t;     /* quantile that goes with it; 0 when there is no error */
};
/* From y[board], read for drawn boards alone. */
struct hb_boardsample_sum hb_boardsample_all(const struct hb_boardsample *s, const double *y);
/* The half's boards as they are, and the others estimated from the other half. half: 0 A, 1 B. */
struct hb_boardsample_sum hb_boardsample_rest(const struct hb_boardsample *s, int half,
                                              const double *y);
/* 97.5 % quantile of Student's t; freedom >= 1, else that of 1. */
double hb_boardsample_t(double freedom);

struct hb_bracket { /* chips/hand */
    uint32_t n_boards, n_drawn;
    double value[2];     /* of the profile, by seat: estimates */
    double value_margin; /* 95 % of samples are within that, of either */
    double lower[2];     /* best response of each seat: fitted and scored apart */
    double upper[2];     /* in the sample */
    double exploit_lower, exploit_upper;
    double bracket[2]; /* of the exploitability, with HB_BOARDSAMPLE_CONFIDENCE */
};
/* From results of units (hb_public_set_apart), [n_boards] pointers, read for drawn boards alone.
 *   deals  hb_public_deals
 * Errors: HB_ENOMEM. Cost: some passes over the results. */
int hb_boardsample_bracket(const struct hb_boardsample *s, struct hb_public_root *r, double deals,
                           const double *const *result, struct hb_bracket *out,
                           struct hb_err *e) HB_MUSTUSE;

#endif
