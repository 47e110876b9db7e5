/* cluster_dense.c - vectors with the distances emd and l2; how most of Lloyd's step is left out.
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
#include "abstraction/cluster_impl.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LANES         HB_CLUSTER_LANES
#define AHEAD         HB_CLUSTER_AHEAD
#define LISTED_MAX    4096u /* centres with lists of neighbours: 8 k^2 bytes */
#define FAR           (UINT32_MAX / 4)
#define FOUR          4u          /* centres that are compared at once */
#define PACKED_MAX    (8u << 20)  /* bytes: as much as a cache may hold */
#define PACKED_STRIDE (2 * LANES) /* numbers of a vector at most, for that */

struct bounds {      /* of a run */
    uint32_t *drift; /* [k] how far the centre moved, at most */
    uint32_t *near;  /* [k] to the nearest other centre, at least */
    uint64_t *list;  /* [k][k] distance << 32 | centre, rising; NULL when k is large */
    /* l2: the centres of those lists, FOUR side by side, two numbers of each next to each other:
     * [k][blocks][stride / 2][FOUR][2]; NULL when that were too much */
    int16_t *packed;
    uint32_t most, second, farthest; /* drifts; the centre that has most */
};

static inline const struct bounds *bounds(const struct hb_cluster_run *r)
{
    return r->own;
}

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

static inline uint32_t distance(const struct hb_cloud *g, const int16_t *a, const int16_t *b)
{
    return g->distance == HB_DISTANCE_EMD ? l1(a, b, g->stride) : l2(a, b, g->stride);
}

static inline uint32_t low(const struct hb_cloud *g, uint32_t d)
{
    return g->distance == HB_DISTANCE_EMD ? d : (uint32_t)(sqrt((double)d) * 256);
}

static inline uint32_t high(const struct hb_cloud *g, uint32_t d)
{
    return g->distance == HB_DISTANCE_EMD || d == 0 ? d : low(g, d) + 1;
}

static inline const int16_t *point(const struct hb_cloud *g, size_t i)
{
    return g->x + i * g->stride;
}

/* ---- the cloud ---- */

/* The largest number to scale; histograms must have it as their total, all of them. */
static int largest(const struct hb_vectors *v, uint64_t *most, struct hb_err *e)
{
    uint64_t total = 0; /* of the first histogram */

    *most = 0;
    for (size_t i = 0; i < v->n; i++) {
        uint64_t sum = 0;

        for (size_t j = 0; j < v->numbers; j++) {
            uint64_t x = hb_vectors_number(v, i * v->numbers + j);

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

static int find_shift(const struct hb_vectors *v, struct hb_cloud *g, struct hb_err *e)
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

static int cloud_init(struct hb_cloud *g, const struct hb_vectors *v, struct hb_err *e)
{
    bool emd = v->distance == HB_DISTANCE_EMD;
    uint32_t n_numbers = emd ? v->numbers - 1 : v->numbers;
    int rc;

    g->stride = (n_numbers + LANES - 1) / LANES * LANES;
    if ((rc = find_shift(v, g, e)) != HB_OK)
        return rc;
    if ((rc = hb_mem_new(&g->x, v->n, g->stride * sizeof *g->x, "vectors", e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < v->n; i++) {
        uint64_t sum = 0;

        for (uint32_t j = 0; j < n_numbers; j++) {
            uint64_t x = hb_vectors_number(v, i * v->numbers + j);

            sum = emd ? sum + x : x;
            g->x[i * g->stride + j] = scale(sum, g->shift);
        }
    }
    return HB_OK;
}

static void cloud_fini(struct hb_cloud *g)
{
    hb_mem_free(g->x);
}

static void put(const struct hb_cloud *g, size_t i, int16_t *centre)
{
    memcpy(centre, point(g, i), g->stride * sizeof *g->x);
}

static uint32_t distance_of(const struct hb_cloud *g, size_t i, const int16_t *centre)
{
    return distance(g, point(g, i), centre);
}

static uint32_t gap(const struct hb_cloud *g, const int16_t *a, const int16_t *b)
{
    return high(g, distance(g, a, b));
}

static void add(const struct hb_cloud *g, size_t i, uint64_t w, uint64_t *sum)
{
    const int16_t *x = point(g, i);

    for (uint32_t j = 0; j < g->stride; j++)
        sum[j] += w * (uint64_t)x[j];
}

static void mean(const struct hb_cloud *g, const uint64_t *sum, uint64_t weight, int16_t *centre)
{
    for (uint32_t j = 0; j < g->stride; j++)
        centre[j] = (int16_t)((2 * sum[j] + weight) / (2 * weight));
}

static uint64_t rank(const struct hb_cloud *g, const int16_t *centre)
{
    uint64_t sum = 0;

    for (uint32_t j = 0; j < g->stride; j++)
        sum += (uint64_t)centre[j];
    return g->distance == HB_DISTANCE_EMD ? ~sum : sum;
}

/* ---- seeding ---- */

/* Points nearer to the new centre c than to their own go over to it. A point no farther from its
 * centre than half the way from there to c is not; squared distances have a quarter for a half. */
static void claim(struct hb_cluster_run *r, uint32_t c, size_t from, size_t to)
{
    const struct hb_cloud *g = r->g;
    const uint64_t factor = g->distance == HB_DISTANCE_EMD ? 2 : 4;
    const struct bounds *b = r->own;

    for (uint32_t a = 0; a < c; a++)
        b->near[a] = distance(g, hb_cluster_centre(r, a), hb_cluster_centre(r, c));
    for (size_t first = from, n = 0; first < to; first += AHEAD, n = 0) {
        size_t end = first + AHEAD < to ? first + AHEAD : to;
        size_t ask[AHEAD];

        for (size_t i = first; i < end; i++) {
            if (c > 0 && factor * r->state[i].upper <= b->near[r->state[i].label])
                continue;
            ask[n++] = i;
            __builtin_prefetch(point(g, i));
            __builtin_prefetch(point(g, i) + g->stride - 1);
        }
        for (size_t i = 0; i < n; i++)
            hb_cluster_claim(r, c, ask[i], distance(g, point(g, ask[i]), hb_cluster_centre(r, c)));
    }
}

static void seeded(struct hb_cluster_run *r, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        r->state[i].upper = high(r->g, r->state[i].upper);
}

/* ---- bounds ---- */

/* How far the centres moved. */
static void measure_drifts(struct hb_cluster_run *r)
{
    const struct hb_cloud *g = r->g;
    struct bounds *b = r->own;

    b->most = b->second = b->farthest = 0;
    for (uint32_t c = 0; c < r->k; c++) {
        const int16_t *before = r->next + (size_t)c * g->stride;
        uint32_t drift = high(g, distance(g, hb_cluster_centre(r, c), before));

        b->drift[c] = drift;
        if (drift > b->most) {
            b->second = b->most;
            b->most = drift;
            b->farthest = c;
        } else if (drift > b->second) {
            b->second = drift;
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
static void look_around(struct hb_cluster_run *r)
{
    for (uint32_t a = 0; a < r->k; a++) {
        uint64_t *list = bounds(r)->list != NULL ? bounds(r)->list + (size_t)a * r->k : NULL;
        uint32_t near = FAR;

        for (uint32_t b = 0; b < r->k; b++) {
            uint32_t away =
                low(r->g, distance(r->g, hb_cluster_centre(r, a), hb_cluster_centre(r, b)));

            near = b != a && away < near ? away : near;
            if (list != NULL)
                list[b] = (b == a ? (uint64_t)FAR * 2 : away) << 32 | b; /* itself comes last */
        }
        bounds(r)->near[a] = near;
        if (list != NULL)
            qsort(list, r->k, sizeof *list, by_value); /* no two are equal */
    }
}

/* Numbers of the packed centres of a list. */
static size_t packed_row(size_t k, size_t stride)
{
    return (k + FOUR - 2) / FOUR * FOUR * stride;
}

/* The centres of all lists, side by side. */
static void pack_lists(const struct hb_cluster_run *r)
{
    const struct bounds *b = r->own;
    const uint32_t stride = r->g->stride;

    for (uint32_t a = 0; a < r->k; a++)
        for (uint32_t i = 0; i + 1 < r->k; i++) {
            const int16_t *from = hb_cluster_centre(r, (uint32_t)b->list[(size_t)a * r->k + i]);
            int16_t *to = b->packed + a * packed_row(r->k, stride) + i / FOUR * FOUR * stride;

            for (uint32_t j = 0; j < stride; j++)
                to[j / 2 * LANES + i % FOUR * 2 + j % 2] = from[j];
        }
}

static void moved(struct hb_cluster_run *r)
{
    measure_drifts(r);
    look_around(r);
    if (bounds(r)->packed != NULL)
        pack_lists(r);
}

/* ---- labels ---- */

struct found {
    uint32_t label, d, second; /* the nearest, its distance, that of the next */
};

static inline void consider(struct found *f, uint32_t c, uint32_t d)
{
    if (d < f->d || (d == f->d && c < f->label)) {
        f->second = f->d;
        f->d = d;
        f->label = c;
    } else if (d < f->second) {
        f->second = d;
    }
}

/* Two numbers of a point for FOUR centres. */
static inline lanes spread(const int16_t *x)
{
    return (lanes){x[0], x[1], x[0], x[1], x[0], x[1], x[0], x[1]};
}

/* Whether one of four numbers is not more than a bound. */
static inline bool any_within(upairs d, uint32_t bound)
{
    const upairs sign = {1u << 31, 1u << 31, 1u << 31, 1u << 31}; /* compared as signed numbers */
    const pairs more = (pairs)(d ^ sign) > (pairs)((bound + (upairs){0}) ^ sign);
    uint64_t half[2];

    memcpy(half, &more, sizeof half);
    return (half[0] & half[1]) != UINT64_MAX;
}

/* The same as search for short vectors, FOUR centres at a time: a few beyond reach do no harm. */
static inline struct found search_packed(const struct hb_cluster_run *r, const int16_t *x,
                                         struct found f, uint64_t reach, uint32_t n_pairs)
{
    const uint64_t *list = bounds(r)->list + (size_t)f.label * r->k;
    const int16_t *block = bounds(r)->packed + (size_t)f.label * packed_row(r->k, r->g->stride);
    lanes pair[PACKED_STRIDE / 2];

    for (uint32_t j = 0; j < n_pairs; j++)
        pair[j] = spread(x + (size_t)2 * j);
    for (uint32_t i = 0; i + 1 < r->k && list[i] >> 32 <= reach; i += FOUR) {
        upairs d = {0};

        for (uint32_t j = 0; j < n_pairs; j++, block += LANES)
            d += (upairs)squares(pair[j] - load(block));
        if (any_within(d, f.second))
            for (uint32_t j = 0; j < FOUR && i + j + 1 < r->k; j++)
                consider(&f, (uint32_t)list[i + j], d[j]);
    }
    return f;
}

/* The nearest centre of a point at distance d from its present one. The centre and its nearest
 * neighbour are within u + near, u the point's distance, so that the two nearest of all are no
 * farther than 2 u + near from the centre. */
static struct found search(const struct hb_cluster_run *r, const int16_t *x, uint32_t label,
                           uint32_t d)
{
    struct found f = {label, d, UINT32_MAX};
    uint64_t reach = 2 * (uint64_t)high(r->g, d) + bounds(r)->near[label] + 1;
    const uint64_t *list;

    if (bounds(r)->list == NULL) {
        for (uint32_t c = 0; c < r->k; c++)
            if (c != label)
                consider(&f, c, distance(r->g, x, hb_cluster_centre(r, c)));
        return f;
    }
    if (bounds(r)->packed != NULL) /* so that the compiler knows how long vectors are */
        return r->g->stride == LANES ? search_packed(r, x, f, reach, LANES / 2)
                                     : search_packed(r, x, f, reach, PACKED_STRIDE / 2);
    list = bounds(r)->list + (size_t)label * r->k;
    for (uint32_t i = 0; i + 1 < r->k && list[i] >> 32 <= reach; i++)
        consider(&f, (uint32_t)list[i], distance(r->g, x, hb_cluster_centre(r, (uint32_t)list[i])));
    return f;
}

/* Whether the bounds say that a point stays. */
static inline bool stays(const struct hb_cluster_run *r, const struct hb_point_state *s)
{
    return s->upper < s->lower || 2 * (uint64_t)s->upper < bounds(r)->near[s->label];
}

/* A point whose bounds do not decide; returns the weight that moved. */
static uint64_t assign_point(struct hb_cluster_run *r, size_t i)
{
    const struct hb_cloud *g = r->g;
    struct hb_point_state *s = &r->state[i];
    uint32_t d = distance(g, point(g, i), hb_cluster_centre(r, s->label));
    struct found f;

    s->upper = high(g, d);
    if (stays(r, s))
        return 0;
    f = search(r, point(g, i), s->label, d);
    s->lower = f.second == UINT32_MAX ? FAR : low(g, f.second);
    if (f.label == s->label)
        return 0;
    hb_cluster_take(r, s->label, i);
    hb_cluster_add(r, f.label, i);
    s->label = f.label;
    s->upper = high(g, f.d);
    return g->weight[i];
}

/* Step 2; returns the weight that moved. */
static uint64_t assign(struct hb_cluster_run *r, size_t from, size_t to)
{
    const struct hb_cloud *g = r->g;
    uint64_t moved = 0;

    for (size_t first = from, n = 0; first < to; first += AHEAD, n = 0) {
        size_t end = first + AHEAD < to ? first + AHEAD : to;
        size_t ask[AHEAD];

        for (size_t i = first; i < end; i++) {
            struct hb_point_state *s = &r->state[i];
            uint32_t away = s->label == bounds(r)->farthest ? bounds(r)->second : bounds(r)->most;

            s->upper += bounds(r)->drift[s->label];
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

/* ---- all of it ---- */

static void run_fini(struct hb_cluster_run *r)
{
    struct bounds *b = r->own;

    if (b == NULL)
        return;
    hb_mem_free(b->drift);
    hb_mem_free(b->near);
    hb_mem_free(b->list);
    hb_mem_free(b->packed);
}

static int run_init(struct hb_cluster_run *r, struct hb_err *e)
{
    size_t k = r->opts->k;
    struct bounds *b;
    int rc;

    if ((rc = hb_mem_new(&b, 1, sizeof *b, "centres", e)) != HB_OK)
        return rc;
    r->own = b;
    if ((rc = hb_mem_new(&b->drift, k, sizeof *b->drift, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&b->near, k, sizeof *b->near, "centres", e)) != HB_OK)
        return rc;
    if (k > LISTED_MAX)
        return HB_OK;
    if ((rc = hb_mem_new(&b->list, k, k * sizeof *b->list, "centres", e)) != HB_OK ||
        r->g->distance != HB_DISTANCE_L2 || r->g->stride > PACKED_STRIDE ||
        k * packed_row(k, r->g->stride) * sizeof *b->packed > PACKED_MAX)
        return rc;
    return hb_mem_new(&b->packed, k, packed_row(k, r->g->stride) * sizeof *b->packed, "centres", e);
}

const struct hb_cluster_ops hb_cluster_dense = {
    .cloud_init = cloud_init,
    .cloud_fini = cloud_fini,
    .run_init = run_init,
    .run_fini = run_fini,
    .put = put,
    .distance = distance_of,
    .gap = gap,
    .add = add,
    .mean = mean,
    .rank = rank,
    .claim = claim,
    .seeded = seeded,
    .moved = moved,
    .assign = assign,
};
