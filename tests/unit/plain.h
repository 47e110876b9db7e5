/* plain.h - the plain twin of lib/solver: external-sampling MCCFR written to be obviously right.
 * It shares the types, the random numbers, the betting tree, the deal and the bucket look-up with
 * the solver, and nothing else: no table, no rows, no records, no exponents. Regrets and sums are
 * plain arrays by (node, bucket, action). Discounts and floors sweep all of them. Everything is
 * kept twice along one path: as the exact integers that the solver promises, and as doubles. */
#ifndef HB_TESTS_PLAIN_H
#define HB_TESTS_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "abstraction/buckets.h"
#include "solver/deal.h"
#include "solver/spec.h"

/* Strategy that the traversals of a round follow: prob[n_actions]. */
typedef void (*plain_policy)(const void *ctx, uint32_t node, uint32_t bucket, float *prob);

struct plain {
    const struct hb_spec *spec; /* these three: kept */
    const struct hb_tree *tree;
    const struct hb_buckets *buckets;
    plain_policy policy; /* NULL: regret matching of the exact regrets */
    const void *policy_ctx;
    uint64_t *first; /* [n_nodes] first entry; a bucket has n_actions entries */
    uint64_t n;      /* entries */
    /* Exact: what discount modes none and plus must come to (no entry near its limit). */
    int64_t *exact, *exact_add;
    int64_t *sum_exact; /* visits * 2^HB_STRATEGY_SHIFT with dither; mode none */
    /* Doubles, discounted by sweeps; regrets in chips, sums in visits of the current weight. */
    double *regret, *regret_add;
    double *sum, *sum_add;
    uint32_t *visits; /* [n], at a row's first entry */
    uint64_t iteration, nodes;
    uint64_t epoch;
    /* the traversal under way */
    struct hb_deal deal;
    int traverser;
    bool prune;
};

void plain_new(struct plain *p, const struct hb_spec *spec, const struct hb_tree *tree,
               const struct hb_buckets *buckets, plain_policy policy, const void *policy_ctx);
void plain_free(struct plain *p);
/* One round from p->iteration. */
void plain_round(struct plain *p);
/* First entry of a row. */
uint64_t plain_at(const struct plain *p, uint32_t node, uint32_t bucket);

#endif
