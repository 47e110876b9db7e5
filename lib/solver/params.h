/* params.h - the solver's keys, the round schedule and the weights that follow from them.
 * [solver, pure]
 *
 * Everything here is a function of the iteration number alone; nothing reads the planned total or
 * the number of workers.
 *
 * Threads: read-only after it was filled.
 *
 * Sources: linear CFR and DCFR: N. Brown, T. Sandholm, "Solving Imperfect-Information Games via
 * Discounted Regret Minimization", AAAI 2019. CFR+: O. Tammelin, 2014. Pruning: N. Brown, T.
 * Sandholm, "Superhuman AI for multiplayer poker", Science 2019, supplement. */
#ifndef HB_SOLVER_PARAMS_H
#define HB_SOLVER_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "game/rules.h"

/* Bounds of the numbers in a table, see man/hb-table.5. */
#define HB_ENTRY_MAX      (1 << 30) /* |entry| after the end of a round */
#define HB_DELTA_MAX      32767     /* |value| of one delta */
#define HB_ROUND_MAX      32768     /* iterations: HB_ROUND_MAX * HB_DELTA_MAX < 2^30 */
#define HB_STRATEGY_SHIFT 14        /* a visit of weight 1 adds 2^14 to a fresh row */
#define HB_ROUND_MIN      16        /* the first rounds; they grow from here to the cap */
#define HB_EPOCH_MAX      0xFFFFFFu /* discount epochs that a row can name */

enum hb_discount { HB_DISCOUNT_NONE = 0, HB_DISCOUNT_LINEAR, HB_DISCOUNT_DCFR, HB_DISCOUNT_PLUS };

struct hb_params {
    uint64_t seed;
    enum hb_discount discount;
    uint32_t discount_interval; /* iterations, > 0 */
    uint32_t round_cap;         /* iterations a round grows to, 1..HB_ROUND_MAX */
    uint32_t average_interval;  /* of how many iterations one updates the average; 0 as 1: all */
    bool pruning;
    int64_t pruning_threshold; /* chips, negative */
    uint32_t pruning_p32;      /* probability * 2^32, rounded, at most 2^32-1 */
    int unit_shift;            /* regrets are counted in 2^-unit_shift chips */
};

/* Choose unit_shift so that the largest delta of the game fits HB_DELTA_MAX. Errors: HB_ELIMIT. */
int hb_params_unit(struct hb_params *p, const struct hb_rules *r, struct hb_err *e) HB_MUSTUSE;
/* The round cap by rule: about 75 visits of the hottest first-street bucket in a round, which costs
 * at most 15 % of convergence. hottest / total is that bucket's probability. */
uint32_t hb_params_round_cap(uint64_t hottest, uint64_t total);
/* Range checks of everything. Errors: HB_ECONFIG naming the key. */
int hb_params_check(const struct hb_params *p, struct hb_err *e) HB_MUSTUSE;

/* Whether the average strategy is updated in that iteration. Deals do not depend on the number, so
 * that any share of the iterations has the same expected average. */
static inline bool hb_params_averages(const struct hb_params *p, uint64_t iteration)
{
    return p->average_interval <= 1 || iteration % p->average_interval == 0;
}

/* With average_interval as a last field when `averages`, else it must be 1. */
void hb_params_encode(const struct hb_params *p, bool averages, struct hb_buf *out);
int hb_params_decode(struct hb_params *p, bool averages, struct hb_rd *rd,
                     struct hb_err *e) HB_MUSTUSE;
/* HB_OK when the solver keys are alike; else HB_EIDENTITY with the first that is not and both its
 * values. The seed is no solver key. */
int hb_params_match(const struct hb_params *a, const char *ours, const struct hb_params *b,
                    const char *theirs, struct hb_err *e) HB_MUSTUSE;
const char *hb_discount_name(enum hb_discount d);

/* ---- rounds: [0, b1), [b1, b2) … ---- */
/* Length of the round that begins at iteration `first` (a boundary). */
uint32_t hb_round_length(const struct hb_params *p, uint64_t first);
/* Number of the round that begins at `first` = generation of the table it reads; UINT64_MAX when
 * `first` is no boundary. Cost: O(rounds until the cap). */
uint64_t hb_round_number(const struct hb_params *p, uint64_t first);
/* The first boundary >= iteration. */
uint64_t hb_round_boundary(const struct hb_params *p, uint64_t iteration);

/* ---- what holds during a round ---- */
struct hb_round {
    uint64_t generation, first;
    uint32_t length;
    uint32_t epoch;       /* discounts passed */
    double weight;        /* of a strategy increment: 1 in epoch 0 */
    int weight_exp;       /* 2^weight_exp <= weight < 2^(weight_exp+1) */
    int32_t prune_below;  /* regret units; INT32_MIN: never */
    int32_t regret_floor; /* regret units */
};
/* Errors: HB_EUSAGE when first is no boundary; HB_ELIMIT past HB_EPOCH_MAX discounts. */
int hb_round_at(const struct hb_params *p, uint64_t first, struct hb_round *out,
                struct hb_err *e) HB_MUSTUSE;
/* Strategy units of one visit at full probability for a row with exponent row_exp (see table.h). */
float hb_round_strategy_unit(const struct hb_round *round, int row_exp);

/* Factors that carry regrets from one epoch to a later one. */
struct hb_discounts {
    enum hb_discount mode;
    double *product; /* dcfr: [n] running products of t^1.5 / (t^1.5 + 1); owned */
    uint32_t n;
};
int hb_discounts_init(struct hb_discounts *d, const struct hb_params *p,
                      struct hb_err *e) HB_MUSTUSE;
/* Make factors up to `epoch` known. Cost: O(new epochs). */
int hb_discounts_reach(struct hb_discounts *d, uint32_t epoch, struct hb_err *e) HB_MUSTUSE;
void hb_discounts_fini(struct hb_discounts *d);
/* Factors of epochs from < to in mode DCFR; for hb_discounts_factor. */
void hb_discounts_factor_dcfr(const struct hb_discounts *d, uint32_t from, uint32_t to,
                              double *positive, double *negative);
/* Factors of epochs (from, to], which were reached; 1 when to <= from, as in a forged row from the
 * future. */
HB_INLINE void hb_discounts_factor(const struct hb_discounts *d, uint32_t from, uint32_t to,
                                   double *positive, double *negative)
{
    *positive = 1.0;
    *negative = 1.0;
    if (from >= to)
        return;
    if (d->mode == HB_DISCOUNT_LINEAR) {
        *positive = ((double)from + 1.0) / ((double)to + 1.0); /* product of t/(t+1) */
        *negative = *positive;
    } else if (d->mode == HB_DISCOUNT_DCFR) {
        hb_discounts_factor_dcfr(d, from, to, positive, negative);
    }
}

#endif
