#include "plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cards/eval.h"

#define ACTIONS_MAX 64 /* at a node of a game that tests use */

static void *zeros(uint64_t n, size_t item_bytes)
{
    void *p = calloc(n > 0 ? n : 1, item_bytes);

    if (p == NULL) {
        (void)fprintf(stderr, "plain twin: out of memory\n");
        exit(1);
    }
    return p;
}

void plain_new(struct plain *p, const struct hb_spec *spec, const struct hb_tree *tree,
               const struct hb_buckets *buckets, plain_policy policy, const void *policy_ctx)
{
    memset(p, 0, sizeof *p);
    p->spec = spec;
    p->tree = tree;
    p->buckets = buckets;
    p->policy = policy;
    p->policy_ctx = policy_ctx;
    p->first = zeros(tree->n_nodes, sizeof *p->first);
    for (uint32_t i = 0; i < tree->n_nodes; i++) {
        p->first[i] = p->n;
        p->n += (uint64_t)tree->node[i].n_actions * spec->street[tree->node[i].street].n_buckets;
    }
    p->exact = zeros(p->n, sizeof *p->exact);
    p->exact_add = zeros(p->n, sizeof *p->exact_add);
    p->sum_exact = zeros(p->n, sizeof *p->sum_exact);
    p->regret = zeros(p->n, sizeof *p->regret);
    p->regret_add = zeros(p->n, sizeof *p->regret_add);
    p->sum = zeros(p->n, sizeof *p->sum);
    p->sum_add = zeros(p->n, sizeof *p->sum_add);
    p->visits = zeros(p->n, sizeof *p->visits);
}

void plain_free(struct plain *p)
{
    free(p->first);
    free(p->exact);
    free(p->exact_add);
    free(p->sum_exact);
    free(p->regret);
    free(p->regret_add);
    free(p->sum);
    free(p->sum_add);
    free(p->visits);
    memset(p, 0, sizeof *p);
}

uint64_t plain_at(const struct plain *p, uint32_t node, uint32_t bucket)
{
    return p->first[node] + (uint64_t)bucket * p->tree->node[node].n_actions;
}

/* ---- the rules of the solver, said again ------------------------------------------------------*/

static void match_regrets(const int64_t *regret, unsigned n, float *prob)
{
    int64_t sum = 0;

    for (unsigned a = 0; a < n; a++)
        sum += regret[a] > 0 ? regret[a] : 0;
    for (unsigned a = 0; a < n; a++)
        if (sum == 0)
            prob[a] = 1.0f / (float)n;
        else
            prob[a] = regret[a] > 0 ? (float)regret[a] * (1.0f / (float)sum) : 0.0f;
}

/* To the nearest, ties to even: the rounding mode that programs start with. */
static int64_t in_units(const struct plain *p, float chips)
{
    return lrint(ldexp((double)chips, p->spec->params.unit_shift));
}

static void sweep_discount(struct plain *p, double t)
{
    double keep_positive = 1.0, keep_negative = 1.0, keep_sum = 1.0;

    switch (p->spec->params.discount) {
    case HB_DISCOUNT_LINEAR: keep_positive = keep_negative = keep_sum = t / (t + 1.0); break;
    case HB_DISCOUNT_DCFR:
        keep_positive = pow(t, 1.5) / (pow(t, 1.5) + 1.0);
        keep_negative = 0.5;
        keep_sum = pow(t / (t + 1.0), 2.0);
        break;
    case HB_DISCOUNT_PLUS: keep_sum = t / (t + 1.0); break;
    case HB_DISCOUNT_NONE: break;
    }
    for (uint64_t i = 0; i < p->n; i++) {
        p->regret[i] *= p->regret[i] > 0.0 ? keep_positive : keep_negative;
        p->sum[i] *= keep_sum;
    }
}

static double floor_chips(const struct plain *p)
{
    const struct hb_params *k = &p->spec->params;
    double floor = -ldexp(HB_ENTRY_MAX, -k->unit_shift);

    if (k->discount == HB_DISCOUNT_PLUS)
        return 0.0;
    if (k->pruning && (double)k->pruning_threshold * 31.0 / 30.0 > floor)
        floor = (double)k->pruning_threshold * 31.0 / 30.0;
    return floor;
}

static void end_round(struct plain *p)
{
    double floor = floor_chips(p);
    int64_t floor_units = (int64_t)ldexp(floor, p->spec->params.unit_shift);

    for (uint64_t i = 0; i < p->n; i++) {
        p->exact[i] += p->exact_add[i];
        p->regret[i] += p->regret_add[i];
        p->sum[i] += p->sum_add[i];
        p->exact_add[i] = 0;
        p->regret_add[i] = p->sum_add[i] = 0.0;
        if (p->exact[i] < floor_units)
            p->exact[i] = floor_units;
        if (p->regret[i] < floor)
            p->regret[i] = floor;
    }
}

/* ---- the walk ---------------------------------------------------------------------------------*/

struct value { /* of a node for the traverser, in chips */
    float f;   /* as the solver computes it */
    double d;
};

static struct value walk(struct plain *p, uint32_t ref);

/* On a board that is not complete when betting ends: the mean over all run-outs, paid one by one.
 */
static double mean_win(const struct plain *p, uint32_t number)
{
    const struct hb_tree *t = p->tree;
    const struct hb_deck *deck = &p->spec->rules.deck;
    const struct hb_end *end = &t->end[number];
    const int32_t *spent = t->spent + (size_t)number * t->n_players;
    uint32_t strength[HB_RUNOUTS_HEADSUP][HB_PLAYERS_MAX];
    double win[HB_PLAYERS_MAX];
    double sum = 0.0;
    int n = hb_n_runouts(&p->spec->rules);

    if (!end->showdown || deck->n_board[end->street] == deck->n_board[deck->n_streets - 1]) {
        hb_payoff((int)t->n_players, spent, end->folded, p->deal.strength, win);
        return win[p->traverser];
    }
    hb_deal_runouts(p->spec, p->iteration, end->street, &p->deal, strength);
    for (int i = 0; i < n; i++) {
        hb_payoff((int)t->n_players, spent, end->folded, strength[i], win);
        sum += win[p->traverser];
    }
    return sum / n;
}

static struct value end_value(const struct plain *p, uint32_t number)
{
    double win = mean_win(p, number);

    return (struct value){(float)win, win};
}

static bool skip(const struct plain *p, const struct hb_node *node, unsigned a, float prob,
                 int64_t regret)
{
    double chips = ldexp((double)regret, -p->spec->params.unit_shift);

    if (!p->prune || prob != 0.0f || chips >= (double)p->spec->params.pruning_threshold)
        return false;
    return node->street + 1 < p->spec->rules.deck.n_streets &&
           !(p->tree->child[node->edge + a] & HB_TREE_END);
}

static struct value walk_own(struct plain *p, const struct hb_node *node, uint64_t at,
                             const float *prob)
{
    struct value v[ACTIONS_MAX];
    struct value mean = {0.0f, 0.0};
    bool skipped[ACTIONS_MAX];

    for (unsigned a = 0; a < node->n_actions; a++) {
        skipped[a] = skip(p, node, a, prob[a], p->exact[at + a]);
        if (skipped[a])
            continue;
        v[a] = walk(p, p->tree->child[node->edge + a]);
        mean.f += prob[a] * v[a].f;
        mean.d += (double)prob[a] * v[a].d;
    }
    for (unsigned a = 0; a < node->n_actions; a++)
        if (!skipped[a]) {
            p->exact_add[at + a] += in_units(p, v[a].f - mean.f);
            p->regret_add[at + a] += v[a].d - mean.d;
        }
    return mean;
}

/* Two numbers for another player's node. */
static void draw(const struct plain *p, uint32_t number, uint32_t out[2])
{
    const uint64_t seed = p->spec->params.seed;
    uint32_t bits[4];
    uint64_t z;

    if (p->spec->draws_blocks) {
        hb_rng_block(seed, p->iteration, (unsigned)p->traverser, HB_RNG_ACTION, number, bits);
        memcpy(out, bits, 2 * sizeof *out);
        return;
    }
    hb_rng_block(seed, p->iteration, 0, HB_RNG_ACTION, (uint32_t)p->traverser / 2, bits);
    z = p->traverser % 2 == 0 ? (uint64_t)bits[1] << 32 | bits[0]
                              : (uint64_t)bits[3] << 32 | bits[2];
    z = hb_rng_stream(z, p->tree->node[number].edge);
    out[0] = (uint32_t)(z >> 32);
    out[1] = (uint32_t)z;
}

static struct value walk_other(struct plain *p, uint32_t number, const struct hb_node *node,
                               uint64_t at, const float *prob)
{
    uint32_t every = p->spec->params.average_interval;
    uint32_t bits[2];
    unsigned a = 0;
    unsigned last = 0;
    float sum = 0.0f;
    float u;

    draw(p, number, bits);
    u = hb_rng_unit(bits[0]);
    for (; a < node->n_actions; a++)
        if (prob[a] > 0.0f) {
            last = a;
            sum += prob[a];
            if (u < sum)
                break;
        }
    if (node->player == (p->traverser + 1) % (int)p->tree->n_players &&
        (every <= 1 || p->iteration % every == 0)) {
        p->visits[at]++;
        for (unsigned b = 0; b < node->n_actions; b++) {
            p->sum_add[at + b] += (double)prob[b];
            p->sum_exact[at + b] +=
                (int64_t)((float)(1 << HB_STRATEGY_SHIFT) * prob[b] + hb_rng_unit(bits[1]));
        }
    }
    return walk(p, p->tree->child[node->edge + last]);
}

static struct value walk(struct plain *p, uint32_t ref)
{
    const struct hb_node *node;
    float prob[ACTIONS_MAX];
    uint32_t bucket;
    uint64_t at;

    if (ref & HB_TREE_END)
        return end_value(p, ref & ~HB_TREE_END);
    p->nodes++;
    node = &p->tree->node[ref];
    bucket = hb_buckets_of(p->buckets, node->street, p->deal.cards[node->player]);
    at = plain_at(p, ref, bucket);
    if (p->policy != NULL)
        p->policy(p->policy_ctx, ref, bucket, prob);
    else
        match_regrets(p->exact + at, node->n_actions, prob);
    return node->player == p->traverser ? walk_own(p, node, at, prob)
                                        : walk_other(p, ref, node, at, prob);
}

static void one_iteration(struct plain *p)
{
    const struct hb_rules *r = &p->spec->rules;
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];

    hb_deal_cards(r, p->spec->params.seed, p->iteration, &p->deal);
    for (int seat = 0; seat < r->n_players; seat++)
        p->deal.strength[seat] = hb_eval(p->deal.cards[seat], n_cards);
    for (p->traverser = 0; p->traverser < r->n_players; p->traverser++) {
        uint32_t bits[4];

        hb_rng_block(p->spec->params.seed, p->iteration, (unsigned)p->traverser, HB_RNG_PRUNE, 0,
                     bits);
        p->prune = p->spec->params.pruning && bits[0] < p->spec->params.pruning_p32;
        (void)walk(p, 0);
    }
}

void plain_round(struct plain *p)
{
    const struct hb_params *k = &p->spec->params;
    uint64_t length = p->iteration / 4;
    uint64_t end;

    if (length < HB_ROUND_MIN)
        length = HB_ROUND_MIN;
    if (length > k->round_cap)
        length = k->round_cap;
    if (k->discount != HB_DISCOUNT_NONE)
        for (; p->epoch < p->iteration / k->discount_interval; p->epoch++)
            sweep_discount(p, (double)p->epoch + 1.0);
    for (end = p->iteration + length; p->iteration < end; p->iteration++)
        one_iteration(p);
    end_round(p);
}
