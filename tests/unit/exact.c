#include "exact.h"

#include <stdbool.h>
#include <string.h>

#define FAR INT64_MAX

/* Nodes 0..n_give-1 are the bins that give something, those after them the bins that take something;
 * flow[a][b] goes from the a-th to the b-th of these. */
struct net {
    uint32_t n_give, n_take, n; /* nodes of each kind, bins */
    const uint32_t *cost;
    uint32_t bin[2 * EXACT_BINS]; /* of a node */
    int64_t give[EXACT_BINS], take[EXACT_BINS];
    int64_t flow[EXACT_BINS][EXACT_BINS];
    int64_t potential[2 * EXACT_BINS]; /* keeps what is left of every cost at 0 or more */
    int64_t away[2 * EXACT_BINS];      /* shortest way so far */
    uint32_t before[2 * EXACT_BINS];   /* on it */
    bool done[2 * EXACT_BINS];
};

static int64_t cost_of(const struct net *t, uint32_t giver, uint32_t taker)
{
    return t->cost[t->bin[giver] * t->n + t->bin[t->n_give + taker]];
}

static void relax(struct net *t, uint32_t from, uint32_t to, int64_t cost)
{
    int64_t way = t->away[from] + cost + t->potential[from] - t->potential[to];

    if (!t->done[to] && way < t->away[to]) {
        t->away[to] = way;
        t->before[to] = from;
    }
}

/* Dijkstra, from all bins that still have something to give. */
static void find_ways(struct net *t)
{
    const uint32_t n_nodes = t->n_give + t->n_take;

    for (uint32_t v = 0; v < n_nodes; v++) {
        t->away[v] = v < t->n_give && t->give[v] > 0 ? 0 : FAR;
        t->before[v] = v;
        t->done[v] = false;
    }
    for (;;) {
        uint32_t at = n_nodes;

        for (uint32_t v = 0; v < n_nodes; v++)
            if (!t->done[v] && t->away[v] < FAR && (at == n_nodes || t->away[v] < t->away[at]))
                at = v;
        if (at == n_nodes)
            return;
        t->done[at] = true;
        for (uint32_t b = 0; at < t->n_give && b < t->n_take; b++)
            relax(t, at, t->n_give + b, cost_of(t, at, b));
        for (uint32_t a = 0; at >= t->n_give && a < t->n_give; a++)
            if (t->flow[a][at - t->n_give] > 0)
                relax(t, at, a, -cost_of(t, a, at - t->n_give));
    }
}

/* As much as fits along the way to the nearest bin that takes something. */
static void push(struct net *t)
{
    const uint32_t n_nodes = t->n_give + t->n_take;
    uint32_t end = n_nodes;
    int64_t some;
    uint32_t v;

    for (uint32_t b = t->n_give; b < n_nodes; b++)
        if (t->take[b - t->n_give] > 0 && (end == n_nodes || t->away[b] < t->away[end]))
            end = b;
    for (v = 0; v < n_nodes; v++)
        t->potential[v] += t->away[v] < FAR ? t->away[v] : 0;
    some = t->take[end - t->n_give];
    for (v = end; t->before[v] != v; v = t->before[v])
        if (v < t->n_give && t->flow[v][t->before[v] - t->n_give] < some)
            some = t->flow[v][t->before[v] - t->n_give];
    some = t->give[v] < some ? t->give[v] : some;
    t->give[v] -= some;
    t->take[end - t->n_give] -= some;
    for (v = end; t->before[v] != v; v = t->before[v]) {
        if (v < t->n_give)
            t->flow[v][t->before[v] - t->n_give] -= some;
        else
            t->flow[t->before[v]][v - t->n_give] += some;
    }
}

uint64_t exact_transport(const uint32_t *cost, uint32_t n, const uint32_t *from, const uint32_t *to)
{
    static struct net t;
    uint64_t sum = 0;

    memset(&t, 0, sizeof t);
    t.n = n;
    t.cost = cost;
    for (uint32_t i = 0; i < n; i++)
        if (from[i] > 0) {
            t.bin[t.n_give] = i;
            t.give[t.n_give++] = from[i];
        }
    for (uint32_t i = 0; i < n; i++)
        if (to[i] > 0) {
            t.bin[t.n_give + t.n_take] = i;
            t.take[t.n_take++] = to[i];
        }
    for (uint32_t a = 0; a < t.n_give; a++)
        while (t.give[a] > 0) {
            find_ways(&t);
            push(&t);
        }
    for (uint32_t a = 0; a < t.n_give; a++)
        for (uint32_t b = 0; b < t.n_take; b++)
            sum += (uint64_t)t.flow[a][b] * (uint64_t)cost_of(&t, a, b);
    return sum;
}
