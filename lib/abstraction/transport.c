#include "abstraction/transport.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- costs ---- */

static int check(const uint32_t *cost, uint32_t n, uint32_t *most, struct hb_err *e)
{
    *most = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++) {
            uint32_t there = cost[a * n + b];

            if (there != cost[b * n + a])
                return hb_fail(e, HB_EUSAGE, "from bin %zu to %zu it is %u, but back %u", b, a,
                               (unsigned)cost[b * n + a], (unsigned)there);
            if (a == b && there != 0)
                return hb_fail(e, HB_EUSAGE, "from bin %zu to itself it is %u, not 0", a,
                               (unsigned)there);
            *most = there > *most ? there : *most;
        }
    if (*most > INT32_MAX)
        return hb_fail(e, HB_EUSAGE, "a distance between bins is %u, more than 2^31 - 1",
                       (unsigned)*most);
    return HB_OK;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* The bins as bin a sees them. */
static void look_around(struct hb_ground *g, uint32_t a, uint32_t *seen)
{
    const uint16_t *cost = g->cost + (size_t)a * g->n;
    uint32_t n = 1;

    seen[0] = a; /* itself comes first, whatever else costs nothing */
    for (uint32_t b = 0; b < g->n; b++)
        if (b != a)
            seen[n++] = (uint32_t)cost[b] << 16 | b;
    qsort(seen + 1, n - 1, sizeof *seen, by_value); /* no two are equal */
    for (uint32_t r = 0; r < n; r++)
        g->order[(size_t)a * n + r] = (uint16_t)seen[r];
    memcpy(g->near + (size_t)a * g->ranks, seen, g->ranks * sizeof *seen);
}

int hb_ground_init(struct hb_ground *g, const uint32_t *cost, uint32_t n, struct hb_err *e)
{
    uint32_t *seen = NULL;
    uint32_t most;
    int rc;

    *g = (struct hb_ground){.n = n, .ranks = n < HB_TRANSPORT_RANKS ? n : HB_TRANSPORT_RANKS};
    if (n < 1 || n > HB_TRANSPORT_BINS)
        return hb_fail(e, HB_EUSAGE, "%u bins; 1 to %u are possible", (unsigned)n,
                       HB_TRANSPORT_BINS);
    if ((rc = check(cost, n, &most, e)) != HB_OK ||
        (rc = hb_mem_new(&g->cost, n, n * sizeof *g->cost, "distances", e)) != HB_OK ||
        (rc = hb_mem_new(&g->order, n, n * sizeof *g->order, "distances", e)) != HB_OK ||
        (rc = hb_mem_new(&g->near, n, g->ranks * sizeof *g->near, "distances", e)) != HB_OK ||
        (rc = hb_mem_new(&seen, n, sizeof *seen, "distances", e)) != HB_OK) {
        hb_ground_fini(g);
        return rc;
    }
    while ((most + (1u << -g->shift) - 1) >> -g->shift > UINT16_MAX)
        g->shift--;
    for (size_t i = 0; i < (size_t)n * n; i++)
        g->cost[i] = (uint16_t)((cost[i] + (1u << -g->shift) - 1) >> -g->shift);
    for (uint32_t a = 0; a < n; a++)
        look_around(g, a, seen);
    hb_mem_free(seen);
    return HB_OK;
}

void hb_ground_fini(struct hb_ground *g)
{
    hb_mem_free(g->cost);
    hb_mem_free(g->order);
    hb_mem_free(g->near);
    *g = (struct hb_ground){0};
}

/* ---- plans ---- */

/* Step 1: heaps get smaller and go when they are empty, room gets less. */
static uint32_t move_near(const struct hb_ground *g, struct hb_heap *heap, uint32_t *n_heaps,
                          uint16_t *room)
{
    uint32_t n = *n_heaps;
    uint32_t cost = 0;

    for (uint32_t r = 0; r < g->ranks && n > 0; r++) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < n; i++) {
            struct hb_heap h = heap[i];
            uint32_t near = g->near[h.bin * g->ranks + r];
            uint16_t *there = &room[near & 0xFFFF];
            uint32_t some = h.mass < *there ? h.mass : *there;

            cost += some * (near >> 16);
            *there = (uint16_t)(*there - some);
            h.mass = (uint16_t)(h.mass - some);
            heap[kept] = h;
            kept += h.mass > 0;
        }
        n = kept;
    }
    *n_heaps = n;
    return cost;
}

/* What the heaps cost at least: each one's nearest bins are full. */
static uint32_t least(const struct hb_ground *g, const struct hb_heap *heap, uint32_t n)
{
    uint32_t cost = 0;

    for (uint32_t i = 0; i < n && g->ranks < g->n; i++) {
        size_t row = (size_t)heap[i].bin * g->n;

        cost += (uint32_t)heap[i].mass * g->cost[row + g->order[row + g->ranks]];
    }
    return cost;
}

/* Step 2: both sides in order, step by step. */
static uint32_t move_in_order(const struct hb_ground *g, const struct hb_heap *heap, uint32_t n,
                              const uint16_t *room, const uint16_t *bin)
{
    uint32_t cost = 0;

    for (uint32_t i = 0, space = room[*bin]; i < n; i++) {
        const uint16_t *way = g->cost + (size_t)heap[i].bin * g->n;
        uint32_t left = heap[i].mass;

        while (space < left) {
            cost += space * way[*bin];
            left -= space;
            space = room[*++bin];
        }
        cost += left * way[*bin];
        space -= left;
    }
    return cost;
}

uint32_t hb_transport(const struct hb_ground *g, const struct hb_heap *from, uint32_t n_from,
                      const int16_t *to, const uint16_t *bin, uint32_t limit)
{
    uint16_t room[HB_TRANSPORT_BINS];
    struct hb_heap heap[HB_TRANSPORT_BINS];
    uint32_t n = n_from;
    uint32_t cost;
    uint32_t rest;

    memcpy(heap, from, n * sizeof *heap);
    memcpy(room, to, g->n * sizeof *room);
    cost = move_near(g, heap, &n, room);
    rest = least(g, heap, n);
    if (n == 0 || cost + rest > limit)
        return cost + rest;
    return cost + move_in_order(g, heap, n, room, bin);
}
