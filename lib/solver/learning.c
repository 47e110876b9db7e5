#include "solver/learning.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

#define KEY   UINT64_C(0x6c6561726e696e67) /* "learning": the same rows for every seed */
#define AHEAD 16                           /* rows asked for before they are looked at */

/* ---- the sample ---- */

/* Nodes of each street and player, in the order of their rows. */
struct groups {
    uint32_t *node; /* owned; [n_nodes] */
    uint32_t first[HB_STREETS][HB_PLAYERS_MAX];
    uint32_t n[HB_STREETS][HB_PLAYERS_MAX];
};

static int group_nodes(const struct hb_tree *t, struct groups *g, struct hb_err *e)
{
    uint32_t next[HB_STREETS][HB_PLAYERS_MAX];
    uint32_t at = 0;
    int rc;

    memset(g, 0, sizeof *g);
    if ((rc = hb_mem_new(&g->node, t->n_nodes, sizeof *g->node, "nodes by street", e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < t->n_nodes; i++)
        g->n[t->node[i].street][t->node[i].player]++;
    for (int s = 0; s < HB_STREETS; s++)
        for (int p = 0; p < HB_PLAYERS_MAX; p++) {
            next[s][p] = g->first[s][p] = at;
            at += g->n[s][p];
        }
    for (uint32_t i = 0; i < t->n_nodes; i++)
        g->node[next[t->node[i].street][t->node[i].player]++] = i;
    return HB_OK;
}

static uint64_t rows_of(const struct groups *g, int street, uint64_t n_buckets)
{
    uint64_t n = 0;

    for (int p = 0; p < HB_PLAYERS_MAX; p++)
        n += g->n[street][p] * n_buckets;
    return n;
}

/* Row number `row` of a street: players one after the other, bucket by bucket. */
static void find_row(const struct hb_table *t, const struct groups *g, int street, uint64_t row,
                     struct hb_learning_row *out)
{
    const uint64_t n_buckets = t->spec.street[street].n_buckets;
    uint32_t node;
    int p = 0;

    while (row >= g->n[street][p] * n_buckets)
        row -= g->n[street][p++] * n_buckets;
    node = g->node[g->first[street][p] + row % g->n[street][p]];
    out->at = hb_table_row_at(t, node, (uint32_t)(row / g->n[street][p]));
    out->n_actions = t->tree.node[node].n_actions;
    out->street = (uint8_t)street;
    out->prunable = street + 1 < t->spec.rules.deck.n_streets;
}

/* One of each of `k` equal pieces of [0, n). */
static uint64_t draw(uint64_t n, uint32_t k, uint32_t i, int street)
{
    const uint64_t from = n / k * i + n % k * i / k;
    const uint64_t to = n / k * (i + 1) + n % k * (i + 1) / k;
    uint32_t r[4];

    hb_rng_block(KEY, i, 0, HB_RNG_TOOL, (uint32_t)street, r);
    return from + (uint64_t)(((uint64_t)r[0] * ((to - from) & UINT32_MAX)) >> 32);
}

static uint32_t sample_size(uint64_t n_rows)
{
    return n_rows < HB_LEARNING_ROWS ? (uint32_t)n_rows : HB_LEARNING_ROWS;
}

/* Adds the floats that its strategies take, and widens *widest to the most actions of a row. */
static void sample_street(struct hb_learning *l, const struct hb_table *t, const struct groups *g,
                          int street, uint32_t *n_floats, uint32_t *widest)
{
    const uint64_t n = rows_of(g, street, t->spec.street[street].n_buckets);
    const uint32_t k = sample_size(n);

    l->stands_for[street] = k > 0 ? (double)n / k : 0.0;
    for (uint32_t i = 0; i < k; i++) {
        struct hb_learning_row *r = &l->rows[l->n_rows++];

        find_row(t, g, street, draw(n, k, i, street), r);
        r->average = *n_floats;
        *n_floats += r->n_actions;
        *widest = r->n_actions > *widest ? r->n_actions : *widest;
    }
}

int hb_learning_init(struct hb_learning *l, const struct hb_table *t, struct hb_err *e)
{
    struct groups g;
    uint32_t n_rows = 0;
    uint32_t n_floats = 0;
    uint32_t widest = 0;
    int rc;

    memset(l, 0, sizeof *l);
    if ((rc = group_nodes(&t->tree, &g, e)) != HB_OK)
        return rc;
    for (int s = 0; s < HB_STREETS; s++)
        n_rows += sample_size(rows_of(&g, s, t->spec.street[s].n_buckets));
    if ((rc = hb_mem_new(&l->rows, n_rows, sizeof *l->rows, "a sample of rows", e)) == HB_OK) {
        for (int s = 0; s < HB_STREETS; s++)
            sample_street(l, t, &g, s, &n_floats, &widest);
        rc = hb_mem_new(&l->average, n_floats, sizeof *l->average, "their strategies", e);
    }
    if (rc == HB_OK)
        rc = hb_mem_new(&l->now, widest, sizeof *l->now, "a strategy", e);
    hb_mem_free(g.node);
    if (rc != HB_OK)
        hb_learning_fini(l);
    return rc;
}

void hb_learning_fini(struct hb_learning *l)
{
    hb_mem_free(l->rows);
    hb_mem_free(l->average);
    hb_mem_free(l->now);
    memset(l, 0, sizeof *l);
}

void hb_learning_forget(struct hb_learning *l)
{
    l->looked = false;
}

/* ---- a look ---- */

struct sums { /* of a street, or of all with a street's rows standing for more */
    double rows, visited, saturated, halved;
    double actions, pruned; /* of visited rows that pruning looks at */
    double change, weight;
};

/* Distance to the strategy of the last look, which becomes the one of now. */
static double move_average(struct hb_learning *l, const struct hb_learning_row *r,
                           const int32_t *row)
{
    float *was = l->average + r->average;
    double sum = 0.0;

    hb_row_average(row, r->n_actions, l->now);
    for (unsigned a = 0; a < r->n_actions; a++) {
        const double d = l->now[a] - (double)was[a];

        sum += d < 0.0 ? -d : d;
        was[a] = (float)l->now[a];
    }
    return sum;
}

/* Regrets are taken as they are stored: a row that was not touched since a discount has them a
 * little too large. */
static void add_row(struct sums *s, const struct hb_learning_row *r, const int32_t *row,
                    double change, const struct hb_round *round, int32_t floor)
{
    const double visits = hb_row_visits(row);
    bool saturated = false;

    s->rows += 1.0;
    if (visits == 0.0)
        return;
    s->visited += 1.0;
    s->actions += r->prunable ? r->n_actions : 0;
    for (unsigned a = 0; a < r->n_actions; a++) {
        const int32_t regret = row[HB_ROW_HEAD + a];

        s->pruned += r->prunable && regret < round->prune_below;
        saturated |= regret <= floor || regret >= HB_ENTRY_MAX / 2;
    }
    s->saturated += saturated;
    s->halved += hb_row_exponent(row) > round->weight_exp;
    s->change += visits * change;
    s->weight += visits;
}

static void add_sums(struct sums *to, const struct sums *s, double factor)
{
    to->rows += factor * s->rows;
    to->visited += factor * s->visited;
    to->saturated += factor * s->saturated;
    to->halved += factor * s->halved;
    to->actions += factor * s->actions;
    to->pruned += factor * s->pruned;
    to->change += factor * s->change;
    to->weight += factor * s->weight;
}

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

static void put_shares(const struct sums *s, uint32_t n_rows, struct hb_learning_street *out)
{
    out->n_rows = n_rows;
    out->change = share(s->change, s->weight);
    out->visited = share(s->visited, s->rows);
    out->pruned = share(s->pruned, s->actions);
    out->saturated = share(s->saturated, s->visited);
    out->halved = share(s->halved, s->visited);
}

static void ask_for(const struct hb_learning *l, const struct hb_table *t, uint32_t i)
{
    const int32_t *row;

    if (i >= l->n_rows)
        return;
    row = t->rows + l->rows[i].at;
    __builtin_prefetch(row);
    __builtin_prefetch(row + HB_ROW_HEAD + 2 * l->rows[i].n_actions - 1);
}

void hb_learning_look(struct hb_learning *l, const struct hb_table *t, const struct hb_round *round,
                      struct hb_learning_look *out)
{
    /* CFR+ keeps regrets at 0: there a floor says nothing */
    const bool plus = t->spec.params.discount == HB_DISCOUNT_PLUS;
    const int32_t floor = plus ? INT32_MIN : round->regret_floor;
    struct sums street[HB_STREETS] = {{0}};
    struct sums all = {0};

    for (uint32_t i = 0; i < AHEAD; i++)
        ask_for(l, t, i);
    for (uint32_t i = 0; i < l->n_rows; i++) {
        const struct hb_learning_row *r = &l->rows[i];
        const int32_t *row = t->rows + r->at;
        double change;

        ask_for(l, t, i + AHEAD);
        change = move_average(l, r, row);
        add_row(&street[r->street], r, row, l->looked ? change : 0.0, round, floor);
    }
    *out = (struct hb_learning_look){.from = l->looked ? l->iteration : round->first,
                                     .to = round->first};
    for (int s = 0; s < HB_STREETS; s++) {
        put_shares(&street[s], (uint32_t)street[s].rows, &out->street[s]);
        add_sums(&all, &street[s], l->stands_for[s]);
    }
    put_shares(&all, l->n_rows, &out->all);
    l->iteration = round->first;
    l->looked = true;
}
