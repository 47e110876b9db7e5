#include "solver/cfr_impl.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "solver/quad.h"

#define SLOT_NONE 0 /* the value of a game is not wanted: the roots share a slot */

/* ---- queues ---- */

static void fail(struct hb_cfr *c, int rc)
{
    if (c->rc == HB_OK)
        c->rc = rc;
}

static bool grow_queue(struct hb_cfr *c, struct hb_cfr_queue *q, size_t need)
{
    size_t cap = q->cap;
    int rc = HB_OK;

    while (cap - q->n < need)
        cap = cap * 2 + HB_CFR_WALKERS;
    if (cap > q->cap)
        rc = hb_mem_grow(&q->at, cap, sizeof *q->at, "the visits of a traversal", c->err);
    if (rc == HB_OK)
        q->cap = cap;
    fail(c, rc);
    return rc == HB_OK;
}

static bool grow_slots(struct hb_cfr *c, size_t need)
{
    size_t cap = c->cap_slots;
    int rc;

    while (cap < c->n_slots + need)
        cap = cap * 2 + HB_CFR_PASS;
    if (cap == c->cap_slots)
        return true;
    if ((rc = hb_mem_grow(&c->probability, cap, sizeof *c->probability, "the actions of traversals",
                          c->err)) == HB_OK)
        rc = hb_mem_grow(&c->value, cap, sizeof *c->value, "the values of traversals", c->err);
    if (rc == HB_OK) {
        memset(c->value + c->cap_slots, 0, (cap - c->cap_slots) * sizeof *c->value);
        c->cap_slots = cap;
    }
    fail(c, rc);
    return rc == HB_OK;
}

/* Room for the children of a node with n actions, in slots and in either queue. */
HB_INLINE bool reserve(struct hb_cfr *c, unsigned n)
{
    if (c->own.cap - c->own.n >= n && c->others.cap - c->others.n >= n &&
        c->cap_slots >= c->n_slots + n + HB_QUAD)
        return true;
    return grow_queue(c, &c->own, n) && grow_queue(c, &c->others, n) && grow_slots(c, n + HB_QUAD);
}

/* ---- ends ---- */

static void make_runouts(const struct hb_cfr *c, struct hb_cfr_deal *d, int street)
{
    const struct hb_rules *r = &c->table->spec.rules;
    struct hb_cfr_runouts *out = &d->runouts[street];
    int n = hb_n_runouts(r);
    float sum = 0.0f; /* of small whole numbers: exact */

    hb_deal_runouts(&c->table->spec, d->iteration, street, &d->deal, out->strength);
    for (int i = 0; i < n; i++)
        sum += hb_cfr_better(out->strength[i]);
    out->share[0] = sum / (float)n;
    out->made = true;
}

/* Two players: the smaller stake changes hands, whether by a fold or by a showdown. */
HB_INLINE float heads_up_value(const struct hb_cfr *c, const struct hb_cfr_walker *w,
                               const struct hb_cfr_edge *end)
{
    struct hb_cfr_runouts *runouts = &w->deal->runouts[end->section];

    if (!runouts->made && end->player == 0)
        make_runouts(c, w->deal, end->section);
    return runouts->share[end->player] * (float)(int32_t)end->row * w->sign;
}

static float multiway_showdown(const struct hb_cfr *c, const struct hb_cfr_walker *w,
                               const struct hb_end *end, const int32_t *spent)
{
    const struct hb_deck *deck = &c->table->spec.rules.deck;
    struct hb_cfr_deal *d = w->deal;
    int n_players = (int)c->table->tree.n_players;
    int n = hb_n_runouts(&c->table->spec.rules);
    double win[HB_PLAYERS_MAX];
    double sum = 0.0;

    if (deck->n_board[end->street] == deck->n_board[deck->n_streets - 1]) {
        hb_payoff(n_players, spent, end->folded, d->deal.strength, win);
        return (float)win[w->traverser];
    }
    if (!d->runouts[end->street].made)
        make_runouts(c, d, end->street);
    for (int i = 0; i < n; i++) {
        hb_payoff(n_players, spent, end->folded, d->runouts[end->street].strength[i], win);
        sum += win[w->traverser];
    }
    return (float)(sum / n);
}

static float multiway_value(const struct hb_cfr *c, const struct hb_cfr_walker *w, uint32_t number)
{
    const struct hb_tree *tree = &c->table->tree;
    const struct hb_end *end = &tree->end[number];
    const int32_t *spent = tree->spent + (size_t)number * tree->n_players;
    int64_t pot = 0;

    if (end->showdown)
        return multiway_showdown(c, w, end, spent);
    if (end->folded >> w->traverser & 1)
        return (float)-spent[w->traverser];
    for (unsigned p = 0; p < tree->n_players; p++)
        pot += spent[p];
    return (float)(pot - spent[w->traverser]);
}

/* ---- records ---- */

/* Room for a record of n values, in whole vectors, with its head written; or NULL when its log
 * failed. */
HB_INLINE uint8_t *record_begin(struct hb_cfr *c, const int32_t *row, enum hb_delta_record kind,
                                unsigned n)
{
    uint64_t word = (uint64_t)(row - c->table->rows);
    struct hb_log *log = &c->log[hb_part_of(&c->parts, word)];
    uint64_t head = hb_record_head(word, kind, n);
    uint8_t *at;

    if (log->cap - log->len < hb_record_bytes(hb_quad_up(n))) {
        fail(c, log->grow(log, hb_record_bytes(hb_quad_up(n)), c->err));
        if (c->rc != HB_OK)
            return NULL;
    }
    at = log->data + log->len;
    log->len += hb_record_bytes(n);
    log->n_records++;
    memcpy(at, &head, sizeof head);
    return at + HB_RECORD_HEAD;
}

/* Add the strategy to the row's sums: unit * probability, rounded up or down at random with one
 * number for the row, so that no entry has a bias however small the unit has become. */
HB_INLINE void log_strategy(struct hb_cfr *c, const int32_t *row, const float *probability,
                            unsigned n, uint32_t bits)
{
    int above = hb_row_exponent(row) - c->round.weight_exp;
    float unit = c->unit[above <= 0 ? 0 : above < HB_CFR_UNITS ? above : HB_CFR_UNITS - 1];
    hb_quadf dither = (hb_quadf){0} + hb_rng_unit(bits);
    uint8_t *out = record_begin(c, row, HB_RECORD_STRATEGY, n);
    unsigned a = 0;

    if (out == NULL)
        return;
    do {
        hb_quadf v = hb_quad_floats(probability + a) * unit + dither;

        hb_quad_put_values(out + 2 * (size_t)a,
                           hb_quad_at_most(__builtin_convertvector(v, hb_quadi), HB_DELTA_MAX));
        a += HB_QUAD;
    } while (a < n);
}

/* To the nearest unit, ties to even. Adding 1.5 * 2^23 leaves the whole number in the low bits of
 * the float: no branch and the same on every machine. |units| is at most HB_DELTA_MAX and a
 * rounding. */
HB_INLINE hb_quadi to_units(const struct hb_cfr *c, hb_quadf chips)
{
    hb_quadi v = (hb_quadi)(chips * c->units_per_chip + 12582912.0f);

    return hb_quad_at_least(hb_quad_at_most(v - 0x4B400000, HB_DELTA_MAX), -HB_DELTA_MAX);
}

/* What each action is worth over the mean of all, but nothing for a pruned one. */
HB_INLINE void log_regrets(struct hb_cfr *c, const struct hb_cfr_visit *v, float mean)
{
    uint8_t *out = record_begin(c, v->row, HB_RECORD_REGRET, v->n);
    unsigned a = 0;

    if (out == NULL)
        return;
    do {
        hb_quadi units = to_units(c, hb_quad_floats(c->value + v->first + a) - mean);
        hb_quadi pruned = (hb_quadi)hb_quad_floats(c->probability + v->first + a) < 0;

        hb_quad_put_values(out + 2 * (size_t)a, units & ~pruned);
        a += HB_QUAD;
    } while (a < v->n);
}

/* ---- pruning ---- */

/* Regret in the units of the current epoch. */
static bool below_threshold(const struct hb_cfr *c, const int32_t *row, int32_t regret)
{
    double positive, negative;

    if (regret >= c->round.prune_below)
        return false;
    if (hb_row_epoch(row) == c->round.epoch)
        return true;
    hb_discounts_factor(&c->discounts, hb_row_epoch(row), c->round.epoch, &positive, &negative);
    return (double)regret * negative < (double)c->round.prune_below;
}

/* Pluribus: never on the last street, never an action that ends the hand, never one that is played.
 */
static bool pruned(const struct hb_cfr *c, const struct hb_cfr_visit *v, float probability,
                   unsigned a)
{
    return probability == 0.0f && c->edge[v->first + a].n > 0 &&
           v->section / HB_PLAYERS_MAX + 1 < c->table->spec.rules.deck.n_streets &&
           below_threshold(c, v->row, v->row[HB_ROW_HEAD + a]);
}

/* ---- forward ---- */

/* Go along an edge: value an end, or ask for what will be read at the node, first and last of its
 * row's head and regrets, which are read in whole vectors, and of its edges, and queue it. There is
 * room. */
HB_INLINE void follow(struct hb_cfr *c, unsigned walker, const struct hb_cfr_edge *edge,
                      uint32_t slot)
{
    const struct hb_cfr_walker *w = &c->walker[walker];
    struct hb_cfr_queue *q;
    const int32_t *row;

    if (edge->n == 0) {
        c->value[slot] = c->table->tree.n_players == 2 ? heads_up_value(c, w, edge)
                                                       : multiway_value(c, w, edge->first);
        return;
    }
    row = w->deal->section[edge->section] + edge->row;
    __builtin_prefetch(row);
    __builtin_prefetch(row + HB_ROW_HEAD + hb_quad_up(edge->n) - 1);
    __builtin_prefetch(&c->edge[edge->first]);
    __builtin_prefetch(&c->edge[edge->first + edge->n - 1]);
    q = edge->player == w->traverser ? &c->own : &c->others;
    q->at[q->n++] = (struct hb_cfr_visit){.row = row,
                                          .first = edge->first,
                                          .slot = slot,
                                          .n = edge->n,
                                          .section = edge->section,
                                          .player = edge->player,
                                          .walker = (uint8_t)walker};
}

HB_INLINE void match(const int32_t *row, unsigned n, float *out)
{
    if (n >= 2) {
        hb_quad_match(row + HB_ROW_HEAD, n, out);
        return;
    }
    hb_quad_put(out, (hb_quadf){1.0f, 0.0f, 0.0f, 0.0f});
}

/* The action whose interval of the running sum holds u; no branch on the way. Where rounding leaves
 * a sliver at the end it is the last action that is played at all. */
HB_INLINE unsigned sample(const float *probability, unsigned n, float u)
{
    unsigned passed = 0;
    unsigned last = 0;
    float sum = 0.0f;

    for (unsigned a = 0; a < n; a++) {
        sum += probability[a];
        passed += u >= sum;
        last = probability[a] > 0.0f ? a : last;
    }
    return passed < last ? passed : last;
}

/* Two random numbers for another player's node, one in each half. */
HB_INLINE uint64_t draw(const struct hb_cfr *c, const struct hb_cfr_walker *w, uint32_t edge)
{
    uint32_t bits[4];

    if (c->node_of == NULL)
        return hb_rng_stream(w->key, edge);
    hb_rng_block(c->table->spec.params.seed, w->deal->iteration, w->traverser, HB_RNG_ACTION,
                 c->node_of[edge], bits);
    return (uint64_t)bits[0] << 32 | bits[1];
}

/* Another player's node: log his strategy if it is his turn, sample an action, go on there. */
HB_INLINE void step_other(struct hb_cfr *c, const struct hb_cfr_visit *v)
{
    const struct hb_cfr_walker *w = &c->walker[v->walker];
    uint64_t bits = draw(c, w, v->first);
    unsigned a;

    match(v->row, v->n, c->others_play);
    if (v->player == w->averaged)
        log_strategy(c, v->row, c->others_play, v->n, (uint32_t)bits);
    a = sample(c->others_play, v->n, hb_rng_unit((uint32_t)(bits >> 32)));
    follow(c, v->walker, &c->edge[v->first + a], v->slot);
}

/* The traverser's node: a slot for each action, and all of them to be followed. */
HB_INLINE void explore(struct hb_cfr *c, struct hb_cfr_visit *at)
{
    const struct hb_cfr_visit v = *at;
    const struct hb_cfr_edge *edge = c->edge + v.first;
    uint32_t slot = (uint32_t)c->n_slots;
    bool prune = c->walker[v.walker].prune;

    at->first = slot;
    c->n_slots += hb_quad_up(v.n);
    match(v.row, v.n, c->probability + slot);
    for (unsigned a = 0; a < v.n; a++) {
        if (prune && pruned(c, &v, c->probability[slot + a], a)) {
            c->probability[slot + a] = -0.0f; /* a sign that it was left out */
            c->value[slot + a] = 0.0f;
            continue;
        }
        follow(c, v.walker, &edge[a], slot + a);
    }
}

/* Until both queues are empty; own visits stay in theirs for the way back. */
static void forward(struct hb_cfr *c, uint64_t *nodes)
{
    size_t explored = 0;

    while (c->rc == HB_OK && (c->others.n > 0 || explored < c->own.n)) {
        size_t i = 0;

        for (; explored < c->own.n && reserve(c, c->own.at[explored].n); explored++)
            explore(c, &c->own.at[explored]);
        for (; i < c->others.n && reserve(c, 1); i++) {
            const struct hb_cfr_visit v = c->others.at[i]; /* the queue may grow under it */

            step_other(c, &v);
        }
        *nodes += i;
        c->others.n = 0;
    }
    *nodes += explored;
}

/* ---- backward ---- */

/* The value of a node whose actions are all valued. The products are added in the order of the
 * actions; those beyond the last are zero. */
HB_INLINE float mean_of(const struct hb_cfr *c, const struct hb_cfr_visit *v)
{
    float mean = 0.0f;
    unsigned a = 0;

    do {
        hb_quadf part =
            hb_quad_floats(c->probability + v->first + a) * hb_quad_floats(c->value + v->first + a);

        mean += part[0];
        mean += part[1];
        mean += part[2];
        mean += part[3];
        a += HB_QUAD;
    } while (a < v->n);
    return mean;
}

static void backward(struct hb_cfr *c)
{
    for (size_t i = c->own.n; i-- > 0 && c->rc == HB_OK;) {
        const struct hb_cfr_visit *v = &c->own.at[i];
        float mean = mean_of(c, v);

        c->value[v->slot] = mean;
        log_regrets(c, v, mean);
    }
}

void hb_cfr_pass(struct hb_cfr *c, unsigned n_walkers, uint64_t *nodes)
{
    const struct hb_cfr_edge *root = c->edge + c->table->tree.n_edges;

    c->own.n = 0;
    c->others.n = 0;
    c->n_slots = SLOT_NONE + HB_QUAD;
    if (!reserve(c, n_walkers))
        return;
    for (unsigned i = 0; i < n_walkers; i++)
        follow(c, i, root, SLOT_NONE);
    forward(c, nodes);
    backward(c);
}
