#include "exact.h"

#include <stdbool.h>
#include <string.h>

#define FAR INT64_MAX

/* Nodes 0..n-1 are the bins that give, n..2n-1 those that take; flow[a][b] goes from a to n + b. */
struct net {
    uint32_t n;
    const uint32_t *cost;
    int64_t give[EXACT_BINS], take[EXACT_BINS];
    int64_t flow[EXACT_BINS][EXACT_BINS];
    int64_t potential[2 * EXACT_BINS]; /* keeps what is left of every cost at 0 or more */
    int64_t away[2 * EXACT_BINS];      /* shortest way so far */
    uint32_t before[2 * EXACT_BINS];   /* on it */
    bool done[2 * EXACT_BINS];
};

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
    for (uint32_t v = 0; v < 2 * t->n; v++) {
        t->away[v] = v < t->n && t->give[v] > 0 ? 0 : FAR;
        t->before[v] = v;
        t->done[v] = false;
    }
    for (;;) {
        uint32_t at = 2 * t->n;

        for (uint32_t v = 0; v < 2 * t->n; v++)
            if (!t->done[v] && t->away[v] < FAR && (at == 2 * t->n || t->away[v] < t->away[at]))
                at = v;
        if (at == 2 * t->n)
            return;
        t->done[at] = true;
        for (uint32_t i = 0; i < t->n; i++)
            if (at < t->n)
                relax(t, at, t->n + i, t->cost[at * t->n + i]);
            else if (t->flow[i][at - t->n] > 0)
                relax(t, at, i, -(int64_t)t->cost[i * t->n + at - t->n]);
    }
}

/* As much as fits along the way to the nearest bin that takes something. */
static void push(struct net *t)
{
    uint32_t end = 2 * t->n;
    int64_t some;
    uint32_t v;

    for (uint32_t b = t->n; b < 2 * t->n; b++)
        if (t->take[b - t->n] > 0 && (end == 2 * t->n || t->away[b] < t->away[end]))
            end = b;
    for (v = 0; v < 2 * t->n; v++)
        t->potential[v] += t->away[v] < FAR ? t->away[v] : 0;
    some = t->take[end - t->n];
    for (v = end; t->before[v] != v; v = t->before[v])
        if (v < t->n && t->flow[v][t->before[v] - t->n] < some)
            some = t->flow[v][t->before[v] - t->n];
    some = t->give[v] < some ? t->give[v] : some;
    t->give[v] -= some;
    t->take[end - t->n] -= some;
    for (v = end; t->before[v] != v; v = t->before[v]) {
        if (v < t->n)
            t->flow[v][t->before[v] - t->n] -= some;
        else
            t->flow[t->before[v]][v - t->n] += some;
    }
}

uint64_t exact_transport(const uint32_t *cost, uint32_t n, const uint32_t *from, const uint32_t *to)
{
    static struct net t;
    uint64_t sum = 0;

    memset(&t, 0, sizeof t);
    t.n = n;
    t.cost = cost;
    for (uint32_t i = 0; i < n; i++) {
        t.give[i] = from[i];
        t.take[i] = to[i];
    }
    for (uint32_t i = 0; i < n; i++)
        while (t.give[i] > 0) {
            find_ways(&t);
            push(&t);
        }
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            sum += (uint64_t)t.flow[a][b] * cost[a * n + b];
    return sum;
}
