/* cluster.c - see cluster.h for what is computed; here is how most of it is left out.
 *
 * Every point has an upper bound of the distance to its own centre and a lower bound of that to all
 * others. When centres move, the bounds move by as much. A point whose bounds are apart keeps its
 * label, and nothing of it is read but the bounds; so does one that is nearer to its centre than
 * half the way to the next centre. Otherwise its distance is computed, then, if that does not
 * decide, those to the centres in a ball around its own, which go from near to far in a list.
 * Bounds are strict, so that equal distances are always looked at: the first of equals wins.
 *
 * Bounds need a metric. That is the distance itself for emd and its root, in 256ths, for l2; `low`
 * and `high` round it to integers on the safe side. */
#include "abstraction/cluster.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

#define LANES      8u
#define LISTED_MAX 4096u /* centres with lists of neighbours: 8 k^2 bytes */
#define BLOCK      1024u /* points whose seeding masses are summed together */
#define FAR        (UINT32_MAX / 4)
#define AHEAD      64u /* points that are fetched together, before they are looked at */

struct grid { /* the points, scaled */
    size_t n;
    uint32_t stride; /* numbers of a point, a multiple of LANES; padded with zeros */
    enum hb_distance distance;
    int shift;
    int16_t *x; /* [n][stride] */
    const uint64_t *weight;
    uint64_t total; /* weight of all */
};

struct state { /* of a point */
    uint32_t label, upper, lower;
};

struct run { /* one of the restarts */
    const struct grid *g;
    const struct hb_cluster_opts *opts;
    uint32_t k;
    struct state *state; /* [n] */
    int16_t *centre;     /* [k][stride] */
    int16_t *next;       /* [k][stride] */
    uint64_t *sum;       /* [k][stride] of weight * number */
    uint64_t *weight;    /* [k] */
    uint32_t *drift;     /* [k] how far the centre moved, at most */
    uint32_t *near;      /* [k] to the nearest other centre, at least */
    uint64_t *list;      /* [k][k] distance << 32 | centre, rising; NULL when k is large */
    uint64_t *mass;      /* [blocks] of weight * distance while seeding */
    uint32_t most, second, farthest; /* drifts; the centre that has most */
    uint32_t iters;
};

/* ---- distances ---- */

typedef int16_t lanes __attribute__((vector_size(2 * LANES)));
typedef uint16_t ulanes __attribute__((vector_size(2 * LANES)));
typedef int32_t pairs __attribute__((vector_size(2 * LANES)));
typedef uint32_t upairs __attribute__((vector_size(2 * LANES)));

static inline lanes load(const int16_t *p)
{
    lanes v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t sum_of(upairs v)
{
    return (v[0] + v[1]) + (v[2] + v[3]);
}

/* Eight differences of at most 8191 fit a lane. */
static inline uint32_t l1(const int16_t *a, const int16_t *b, uint32_t stride)
{
    upairs sum = {0};

    for (uint32_t i = 0; i < stride; i += 8 * LANES) {
        uint32_t end = i + 8 * LANES < stride ? i + 8 * LANES : stride;
        ulanes part = {0};

        for (uint32_t j = i; j < end; j += LANES) {
            lanes d = load(a + j) - load(b + j);
            lanes sign = d >> 15;

            part += (ulanes)((d ^ sign) - sign);
        }
        sum += ((upairs)part & 0xFFFF) + ((upairs)part >> 16);
    }
    return sum_of(sum);
}

/* Squares of neighbours, added up. */
static inline pairs squares(lanes d)
{
#if defined(__SSE2__) && !defined(HB_PORTABLE)
    return (pairs)__builtin_ia32_pmaddwd128(d, d);
#else
    pairs sum = {0};

    for (uint32_t i = 0; i < LANES / 2; i++)
        sum[i] = d[2 * i] * d[2 * i] + d[2 * i + 1] * d[2 * i + 1];
    return sum;
#endif
}

static inline uint32_t l2(const int16_t *a, const int16_t *b, uint32_t stride)
{
    upairs sum = {0};

    for (uint32_t i = 0; i < stride; i += LANES)
        sum += (upairs)squares(load(a + i) - load(b + i));
    return sum_of(sum);
}

static inline uint32_t distance(const struct grid *g, const int16_t *a, const int16_t *b)
{
    return g->distance == HB_DISTANCE_EMD ? l1(a, b, g->stride) : l2(a, b, g->stride);
}

static inline uint32_t low(const struct grid *g, uint32_t d)
{
    return g->distance == HB_DISTANCE_EMD ? d : (uint32_t)(sqrt((double)d) * 256);
}

static inline uint32_t high(const struct grid *g, uint32_t d)
{
    return g->distance == HB_DISTANCE_EMD || d == 0 ? d : low(g, d) + 1;
}

static inline const int16_t *point(const struct grid *g, size_t i)
{
    return g->x + i * g->stride;
}

static inline int16_t *centre(const struct run *r, uint32_t c)
{
    return r->centre + (size_t)c * r->g->stride;
}

/* ---- the grid ---- */

static uint64_t number(const struct hb_vectors *v, size_t at)
{
    if (v->item_bytes == 1)
        return ((const uint8_t *)v->vector)[at];
    if (v->item_bytes == 2)
        return ((const uint16_t *)v->vector)[at];
    return ((const uint32_t *)v->vector)[at];
}

/* The largest number to scale; histograms must have it as their total, all of them. */
static int largest(const struct hb_vectors *v, uint64_t *most, struct hb_err *e)
{
    uint64_t total = 0; /* of the first histogram */

    *most = 0;
    for (size_t i = 0; i < v->n; i++) {
        uint64_t sum = 0;

        for (size_t j = 0; j < v->numbers; j++) {
            uint64_t x = number(v, i * v->numbers + j);

            sum += x;
            *most = x > *most ? x : *most;
        }
        total = i == 0 ? sum : total;
        if (v->distance == HB_DISTANCE_EMD && sum != total)
            return hb_fail(e, HB_EUSAGE, "a histogram counts %llu, another one %llu",
                           (unsigned long long)sum, (unsigned long long)total);
    }
    if (v->distance == HB_DISTANCE_EMD)
        *most = total;
    if (*most > INT32_MAX)
        return hb_fail(e, HB_EUSAGE, "a histogram counts %llu, more than 2^31 - 1",
                       (unsigned long long)*most);
    return HB_OK;
}

static int16_t scale(uint64_t x, int shift)
{
    return (int16_t)(shift >= 0 ? x << shift : x >> -shift);
}

static int find_shift(const struct hb_vectors *v, struct grid *g, struct hb_err *e)
{
    uint64_t bound = HB_CLUSTER_EMD_MAX;
    uint64_t most;
    int rc;

    if ((rc = largest(v, &most, e)) != HB_OK)
        return rc;
    if (v->distance == HB_DISTANCE_L2)
        for (bound = HB_CLUSTER_L2_MAX; bound * bound * v->numbers > UINT32_MAX;)
            bound--;
    g->shift = 0;
    while (g->shift > -31 && most >> -g->shift > bound)
        g->shift--;
    while (g->shift >= 0 && g->shift < 13 && most << (g->shift + 1) <= bound)
        g->shift++;
    return HB_OK;
}

static int grid_init(struct grid *g, const struct hb_vectors *v, struct hb_err *e)
{
    bool emd = v->distance == HB_DISTANCE_EMD;
    uint32_t n_numbers = emd ? v->numbers - 1 : v->numbers;
    int rc;

    *g = (struct grid){.n = v->n, .distance = v->distance, .weight = v->weight};
    g->stride = (n_numbers + LANES - 1) / LANES * LANES;
    if ((rc = find_shift(v, g, e)) != HB_OK)
        return rc;
    if ((rc = hb_mem_new(&g->x, v->n, g->stride * sizeof *g->x, "vectors", e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < v->n; i++) {
        uint64_t sum = 0;

        for (uint32_t j = 0; j < n_numbers; j++) {
            uint64_t x = number(v, i * v->numbers + j);

            sum = emd ? sum + x : x;
            g->x[i * g->stride + j] = scale(sum, g->shift);
        }
        g->total += v->weight[i];
    }
    return HB_OK;
}

/* ---- seeding ---- */

static uint64_t draw(const struct run *r, uint32_t restart, uint32_t index, uint64_t below)
{
    uint32_t bits[4];

    hb_rng_block(r->opts->seed, restart, 0, HB_RNG_CLUSTER, index, bits);
    return ((uint64_t)bits[0] << 32 | bits[1]) % below;
}

/* While seeding, `upper` is the distance to the nearest centre itself. The point where the running
 * sum of weight * distance passes `at`. */
static size_t find_mass(const struct run *r, uint64_t at)
{
    size_t i = 0;

    for (size_t block = 0; at >= r->mass[block]; block++, i += BLOCK)
        at -= r->mass[block];
    for (;; i++) {
        uint64_t mass = r->g->weight[i] * r->state[i].upper;

        if (at < mass)
            return i;
        at -= mass;
    }
}

static size_t find_weight(const struct grid *g, uint64_t at)
{
    size_t i = 0;

    while (at >= g->weight[i])
        at -= g->weight[i++];
    return i;
}

static void claim_point(struct run *r, uint32_t c, size_t i)
{
    struct state *s = &r->state[i];
    uint32_t d = distance(r->g, point(r->g, i), centre(r, c));

    if (c > 0 && d >= s->upper)
        return;
    r->mass[i / BLOCK] -= c > 0 ? r->g->weight[i] * (s->upper - d) : 0;
    r->mass[i / BLOCK] += c > 0 ? 0 : r->g->weight[i] * d;
    *s = (struct state){c, d, 0};
}

/* Points nearer to the new centre c than to their own go over to it. A point no farther from its
 * centre than half the way from there to c is not; squared distances have a quarter for a half. */
static void claim(struct run *r, uint32_t c)
{
    const struct grid *g = r->g;
    const uint64_t factor = g->distance == HB_DISTANCE_EMD ? 2 : 4;

    for (uint32_t a = 0; a < c; a++)
        r->near[a] = distance(g, centre(r, a), centre(r, c));
    for (size_t first = 0, n = 0; first < g->n; first += AHEAD, n = 0) {
        size_t end = first + AHEAD < g->n ? first + AHEAD : g->n;
        size_t ask[AHEAD];

        for (size_t i = first; i < end; i++) {
            if (c > 0 && factor * r->state[i].upper <= r->near[r->state[i].label])
                continue;
            ask[n++] = i;
            __builtin_prefetch(point(g, i));
            __builtin_prefetch(point(g, i) + g->stride - 1);
        }
        for (size_t i = 0; i < n; i++)
            claim_point(r, c, ask[i]);
    }
}

/* Draw up to opts->k centres; r->k becomes how many there are. */
static void seed(struct run *r, uint32_t restart)
{
    const struct grid *g = r->g;
    size_t n_blocks = (g->n + BLOCK - 1) / BLOCK;
    size_t at = find_weight(g, draw(r, restart, 0, g->total));

    memset(r->mass, 0, n_blocks * sizeof *r->mass);
    for (r->k = 0; r->k < r->opts->k;) {
        uint64_t total = 0;

        memcpy(centre(r, r->k), point(g, at), g->stride * sizeof *g->x);
        claim(r, r->k++);
        for (size_t block = 0; block < n_blocks; block++)
            total += r->mass[block];
        if (total == 0)
            break; /* every point lies on a centre */
        if (r->k < r->opts->k)
            at = find_mass(r, draw(r, restart, r->k, total));
    }
}

/* ---- means ---- */

static void add_point(struct run *r, uint32_t c, size_t i)
{
    const int16_t *x = point(r->g, i);
    uint64_t *sum = r->sum + (size_t)c * r->g->stride;
    uint64_t w = r->g->weight[i];

    r->weight[c] += w;
    for (uint32_t j = 0; j < r->g->stride; j++)
        sum[j] += w * (uint64_t)x[j];
}

static void take_point(struct run *r, uint32_t c, size_t i)
{
    const int16_t *x = point(r->g, i);
    uint64_t *sum = r->sum + (size_t)c * r->g->stride;
    uint64_t w = r->g->weight[i];

    r->weight[c] -= w;
    for (uint32_t j = 0; j < r->g->stride; j++)
        sum[j] -= w * (uint64_t)x[j];
}

/* Exact sums do not care whether they are made at once or point by point. */
static void add_all(struct run *r)
{
    memset(r->sum, 0, (size_t)r->k * r->g->stride * sizeof *r->sum);
    memset(r->weight, 0, r->k * sizeof *r->weight);
    for (size_t i = 0; i < r->g->n; i++) {
        struct state *s = &r->state[i];

        add_point(r, s->label, i);
        s->upper = high(r->g, s->upper); /* from seeding */
    }
}

/* Give an empty cluster the farthest point; nothing happens when all lie on their centres. */
static void refill(struct run *r, uint32_t empty)
{
    const struct grid *g = r->g;
    uint32_t most = 0;
    size_t at = 0;

    for (size_t i = 0; i < g->n; i++) {
        uint32_t d = distance(g, point(g, i), r->next + (size_t)r->state[i].label * g->stride);

        if (d > most) {
            most = d;
            at = i;
        }
    }
    if (most == 0)
        return;
    take_point(r, r->state[at].label, at);
    add_point(r, empty, at);
    r->state[at] = (struct state){empty, 0, 0};
    memcpy(r->next + (size_t)empty * g->stride, point(g, at), g->stride * sizeof *g->x);
}

/* New centres, and how far they are from the old ones. */
static void move_centres(struct run *r)
{
    const struct grid *g = r->g;
    int16_t *swap = r->centre;

    memcpy(r->next, r->centre, (size_t)r->k * g->stride * sizeof *r->next);
    for (uint32_t c = 0; c < r->k; c++)
        for (uint32_t j = 0; r->weight[c] > 0 && j < g->stride; j++)
            r->next[(size_t)c * g->stride + j] =
                (int16_t)((2 * r->sum[(size_t)c * g->stride + j] + r->weight[c]) /
                          (2 * r->weight[c]));
    for (uint32_t c = 0; c < r->k; c++)
        if (r->weight[c] == 0)
            refill(r, c);
    r->centre = r->next;
    r->next = swap;
    r->most = r->second = r->farthest = 0;
    for (uint32_t c = 0; c < r->k; c++) {
        uint32_t drift = high(g, distance(g, centre(r, c), r->next + (size_t)c * g->stride));

        r->drift[c] = drift;
        if (drift > r->most) {
            r->second = r->most;
            r->most = drift;
            r->farthest = c;
        } else if (drift > r->second) {
            r->second = drift;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* The centres as each of them sees the others, from near to far. */
static void look_around(struct run *r)
{
    for (uint32_t a = 0; a < r->k; a++) {
        uint64_t *list = r->list != NULL ? r->list + (size_t)a * r->k : NULL;
        uint32_t near = FAR;

        for (uint32_t b = 0; b < r->k; b++) {
            uint32_t gap = low(r->g, distance(r->g, centre(r, a), centre(r, b)));

            near = b != a && gap < near ? gap : near;
            if (list != NULL)
                list[b] = (b == a ? (uint64_t)FAR * 2 : gap) << 32 | b; /* itself comes last */
        }
        r->near[a] = near;
        if (list != NULL)
            qsort(list, r->k, sizeof *list, by_value); /* no two are equal */
    }
}

/* ---- labels ---- */

struct found {
    uint32_t label, d, second; /* the nearest, its distance, that of the next */
};

static inline void consider(const struct run *r, const int16_t *x, uint32_t c, struct found *f)
{
    uint32_t d = distance(r->g, x, centre(r, c));

    if (d < f->d || (d == f->d && c < f->label)) {
        f->second = f->d;
        f->d = d;
        f->label = c;
    } else if (d < f->second) {
        f->second = d;
    }
}

/* The nearest centre of a point at distance d from its present one. The centre and its nearest
 * neighbour are within u + near, u the point's distance, so that the two nearest of all are no
 * farther than 2 u + near from the centre. */
static struct found search(const struct run *r, const int16_t *x, uint32_t label, uint32_t d)
{
    struct found f = {label, d, UINT32_MAX};
    uint64_t reach = 2 * (uint64_t)high(r->g, d) + r->near[label] + 1;
    const uint64_t *list;

    if (r->list == NULL) {
        for (uint32_t c = 0; c < r->k; c++)
            if (c != label)
                consider(r, x, c, &f);
        return f;
    }
    list = r->list + (size_t)label * r->k;
    for (uint32_t i = 0; i + 1 < r->k && list[i] >> 32 <= reach; i++)
        consider(r, x, (uint32_t)list[i], &f);
    return f;
}

/* Whether the bounds say that a point stays. */
static inline bool stays(const struct run *r, const struct state *s)
{
    return s->upper < s->lower || 2 * (uint64_t)s->upper < r->near[s->label];
}

/* A point whose bounds do not decide; returns the weight that moved. */
static uint64_t assign_point(struct run *r, size_t i)
{
    const struct grid *g = r->g;
    struct state *s = &r->state[i];
    uint32_t d = distance(g, point(g, i), centre(r, s->label));
    struct found f;

    s->upper = high(g, d);
    if (stays(r, s))
        return 0;
    f = search(r, point(g, i), s->label, d);
    s->lower = f.second == UINT32_MAX ? FAR : low(g, f.second);
    if (f.label == s->label)
        return 0;
    take_point(r, s->label, i);
    add_point(r, f.label, i);
    s->label = f.label;
    s->upper = high(g, f.d);
    return g->weight[i];
}

/* Step 2; returns the weight that moved. */
static uint64_t assign(struct run *r)
{
    const struct grid *g = r->g;
    uint64_t moved = 0;

    for (size_t first = 0, n = 0; first < g->n; first += AHEAD, n = 0) {
        size_t end = first + AHEAD < g->n ? first + AHEAD : g->n;
        size_t ask[AHEAD];

        for (size_t i = first; i < end; i++) {
            struct state *s = &r->state[i];
            uint32_t away = s->label == r->farthest ? r->second : r->most;

            s->upper += r->drift[s->label];
            s->lower = s->lower > away ? s->lower - away : 0;
            if (stays(r, s))
                continue;
            ask[n++] = i;
            __builtin_prefetch(point(g, i));
            __builtin_prefetch(point(g, i) + g->stride - 1);
        }
        for (size_t i = 0; i < n; i++)
            moved += assign_point(r, ask[i]);
    }
    return moved;
}

static uint64_t cost_of(const struct run *r)
{
    const struct grid *g = r->g;
    uint64_t cost = 0;

    for (size_t i = 0; i < g->n; i++)
        cost += g->weight[i] * distance(g, point(g, i), centre(r, r->state[i].label));
    return cost;
}

/* ---- all of it ---- */

static void run_fini(struct run *r)
{
    hb_mem_free(r->state);
    hb_mem_free(r->centre);
    hb_mem_free(r->next);
    hb_mem_free(r->sum);
    hb_mem_free(r->weight);
    hb_mem_free(r->drift);
    hb_mem_free(r->near);
    hb_mem_free(r->list);
    hb_mem_free(r->mass);
}

static int run_init(struct run *r, struct hb_err *e)
{
    const struct grid *g = r->g;
    size_t k = r->opts->k;
    size_t row = g->stride;
    int rc;

    if ((rc = hb_mem_new(&r->state, g->n, sizeof *r->state, "labels", e)) != HB_OK ||
        (rc = hb_mem_new(&r->centre, k, row * sizeof *r->centre, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->next, k, row * sizeof *r->next, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->sum, k, row * sizeof *r->sum, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->weight, k, sizeof *r->weight, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->drift, k, sizeof *r->drift, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->near, k, sizeof *r->near, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->mass, g->n / BLOCK + 1, sizeof *r->mass, "centres", e)) != HB_OK)
        return rc;
    return k <= LISTED_MAX ? hb_mem_new(&r->list, k, k * sizeof *r->list, "centres", e) : HB_OK;
}

/* One restart, from seeding to the last labels. */
static void run_once(struct run *r, uint32_t restart, hb_cluster_progress progress, void *ctx)
{
    const struct hb_cluster_opts *o = r->opts;
    uint64_t allowed =
        r->g->total / 1000000 * o->tol_ppm + r->g->total % 1000000 * o->tol_ppm / 1000000;
    uint64_t moved = UINT64_MAX;

    if (progress != NULL)
        progress(ctx, (double)restart / o->restarts);
    seed(r, restart);
    add_all(r);
    for (r->iters = 0; r->iters < o->iters && moved > allowed; r->iters++) {
        if (progress != NULL)
            progress(ctx, (restart + (double)r->iters / o->iters) / o->restarts);
        move_centres(r);
        look_around(r);
        moved = assign(r);
    }
}

struct order { /* of a cluster */
    uint64_t key;
    uint32_t from;
};

static int by_key(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

/* Numbers for the clusters that have points, from the weakest centre on; to[] gets them. */
static int number_clusters(const struct grid *g, const int16_t *centres, const uint64_t *weight,
                           uint32_t k, uint32_t *to, uint32_t *n_used, struct hb_err *e)
{
    struct order *order = NULL;
    uint32_t n = 0;
    int rc;

    if ((rc = hb_mem_new(&order, k, sizeof *order, "centres", e)) != HB_OK)
        return rc;
    for (uint32_t c = 0; c < k; c++) {
        uint64_t sum = 0;

        if (weight[c] == 0)
            continue;
        for (uint32_t j = 0; j < g->stride; j++)
            sum += (uint64_t)centres[(size_t)c * g->stride + j];
        order[n++] = (struct order){g->distance == HB_DISTANCE_EMD ? ~sum : sum, c};
    }
    qsort(order, n, sizeof *order, by_key);
    for (uint32_t i = 0; i < n; i++)
        to[order[i].from] = i;
    hb_mem_free(order);
    *n_used = n;
    return HB_OK;
}

/* As many clusters as vectors, or more: each is its own. */
static int all_apart(const struct grid *g, uint32_t *label, struct hb_clusters *out,
                     struct hb_err *e)
{
    out->iters = 0;
    out->cost = 0;
    return number_clusters(g, g->x, g->weight, (uint32_t)g->n, label, &out->n, e);
}

/* Labels of this run into the result if it is the best so far. */
static int keep_best(struct run *r, bool first, uint32_t *label, struct hb_clusters *out,
                     struct hb_err *e)
{
    uint64_t cost = cost_of(r);
    int rc;

    if (!first && cost >= out->cost)
        return HB_OK;
    out->cost = cost;
    out->iters = r->iters;
    /* drift is free by now */
    if ((rc = number_clusters(r->g, r->centre, r->weight, r->k, r->drift, &out->n, e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < r->g->n; i++)
        label[i] = r->drift[r->state[i].label];
    return HB_OK;
}

static int check(const struct hb_vectors *v, const struct hb_cluster_opts *o, struct hb_err *e)
{
    uint64_t total = 0;

    if (o->k < 1 || o->k > HB_CLUSTER_K_MAX || o->restarts < 1 || o->iters < 1 ||
        o->tol_ppm > 1000000)
        return hb_fail(e, HB_EUSAGE, "options of a clustering out of range");
    if (v->numbers < (v->distance == HB_DISTANCE_EMD ? 2u : 1u) ||
        v->numbers > HB_CLUSTER_NUMBERS_MAX)
        return hb_fail(e, HB_EUSAGE, "a vector has %u numbers; %u to %u are possible",
                       (unsigned)v->numbers, v->distance == HB_DISTANCE_EMD ? 2u : 1u,
                       HB_CLUSTER_NUMBERS_MAX);
    if ((v->item_bytes != 1 && v->item_bytes != 2 && v->item_bytes != 4) || v->n < 1 ||
        v->n > INT32_MAX)
        return hb_fail(e, HB_EUSAGE, "%zu vectors of items of %u bytes cannot be clustered", v->n,
                       (unsigned)v->item_bytes);
    for (size_t i = 0; i < v->n; i++) {
        if (v->weight[i] == 0 || v->weight[i] > UINT32_MAX - total)
            return hb_fail(e, HB_EUSAGE, "weights are 0 or 2^32 and more together");
        total += v->weight[i];
    }
    return HB_OK;
}

int hb_cluster(const struct hb_vectors *v, const struct hb_cluster_opts *opts, uint32_t *label,
               struct hb_clusters *out, hb_cluster_progress progress, void *ctx, struct hb_err *e)
{
    struct grid g = {0};
    struct run r = {.g = &g, .opts = opts};
    int rc;

    if ((rc = check(v, opts, e)) != HB_OK)
        return rc;
    if ((rc = grid_init(&g, v, e)) == HB_OK) {
        out->shift = g.shift;
        if (g.n <= opts->k)
            rc = all_apart(&g, label, out, e);
        else
            rc = run_init(&r, e);
    }
    for (uint32_t i = 0; rc == HB_OK && g.n > opts->k && i < opts->restarts; i++) {
        run_once(&r, i, progress, ctx);
        rc = keep_best(&r, i == 0, label, out, e);
    }
    run_fini(&r);
    hb_mem_free(g.x);
    return rc;
}
