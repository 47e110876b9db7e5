/* cluster_ground.c - sparse histograms with a ground distance; how most transports are left out.
 *
 * What a point's count in one bin would cost on its way to a centre, if it were alone, is the same for
 * every point with that count in that bin: an item. Tables have it for each item and centre. Summed
 * over the items of a point, a few rows of a table added up, it is a lower bound of the cost to every
 * centre at once (Atasu & Mittelholzer 2019, "Linear-complexity data-parallel earth mover's distance
 * approximations", call it ACT). Centres are tried in its order, until it is above the best cost.
 * The cost to its own centre is computed for each point in each pass: a greedy cost has no triangle
 * inequality to bound it with. */
#include <stdbool.h>
#include <string.h>

#include "abstraction/cluster_impl.h"
#include "abstraction/sparse.h"
#include "abstraction/transport.h"
#include "base/mem.h"

#define LANES       HB_CLUSTER_LANES
#define TABLE_BYTES (UINT32_C(64) << 20)
#define MASSES      (HB_TRANSPORT_MASS + 1)
#define WORDS       (MASSES / 64) /* of a set of masses */

struct sparse {
    struct hb_ground ground;
    uint64_t total;       /* of a histogram, as given */
    uint32_t mass;        /* as scaled */
    uint32_t n_items;     /* different (bin, mass) */
    uint32_t *of_bin;     /* [bins + 1] first item of each; rising masses */
    uint16_t *of_item;    /* [n_items] mass */
    size_t *first;        /* [n + 1] entries of each point */
    struct hb_heap *heap; /* [entries] */
    uint32_t *item;       /* [entries] */
    int shift;            /* of lower bounds: costs >> shift fit 16 bits */
};

struct tables {      /* of a run */
    uint16_t *bins;  /* [k][stride] those of a centre that are not empty */
    uint32_t *one;   /* [n_items] for one centre */
    uint16_t *table; /* [n_items][width] for the centres of a block, >> shift */
    uint32_t width;  /* centres of a block, a multiple of LANES */
    uint32_t *near;  /* [width] scratch: bound << 16 | centre in the block */
};

typedef uint16_t lanes __attribute__((vector_size(2 * LANES)));

static const struct sparse *sparse_of(const struct hb_cloud *g)
{
    return g->own;
}

/* ---- the points ---- */

struct rows { /* as they come */
    const struct hb_vectors *v;
    size_t bytes;
};

static const void *row_of(const struct rows *r, size_t i)
{
    return (const uint8_t *)r->v->vector + i * r->bytes;
}

static uint64_t count_of(const struct rows *r, size_t i, uint32_t at)
{
    return hb_sparse_number(row_of(r, i), r->v->entries, r->v->item_bytes, at);
}

/* The total must be the same for all; *n_entries becomes how many are not 0. */
static int weigh(const struct rows *r, uint64_t *total, size_t *n_entries, struct hb_err *e)
{
    *n_entries = 0;
    for (size_t i = 0; i < r->v->n; i++) {
        uint64_t sum = 0;

        for (uint32_t at = 0; at < r->v->entries; at++) {
            uint64_t count = count_of(r, i, at);

            sum += count;
            *n_entries += count > 0;
            if (count > 0 && hb_sparse_place(row_of(r, i), at) >= r->v->numbers)
                return hb_fail(e, HB_EUSAGE, "a histogram counts in bin %u of %u",
                               (unsigned)hb_sparse_place(row_of(r, i), at),
                               (unsigned)r->v->numbers);
        }
        *total = i == 0 ? sum : *total;
        if (sum != *total)
            return hb_fail(e, HB_EUSAGE, "a histogram counts %llu, another one %llu",
                           (unsigned long long)sum, (unsigned long long)*total);
    }
    if (*total < 1 || *total > INT32_MAX)
        return hb_fail(e, HB_EUSAGE, "a histogram counts %llu, not 1 to 2^31 - 1",
                       (unsigned long long)*total);
    return HB_OK;
}

/* Scaled entries of every point; the scale may leave nothing of one. */
static void take_entries(struct sparse *s, const struct rows *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->v->n; i++) {
        uint64_t sum = 0;
        uint64_t before = 0;

        s->first[i] = n;
        for (uint32_t at = 0; at < r->v->entries; at++) {
            uint64_t scaled;

            sum += count_of(r, i, at);
            scaled = sum * s->mass / s->total;
            if (scaled > before)
                s->heap[n++] = (struct hb_heap){(uint16_t)hb_sparse_place(row_of(r, i), at),
                                                (uint16_t)(scaled - before)};
            before = scaled;
        }
    }
    s->first[r->v->n] = n;
}

/* Items, in the order of bins and masses, and that of each entry. */
static int find_items(struct sparse *s, size_t n_points, struct hb_err *e)
{
    uint32_t n_bins = s->ground.n;
    uint64_t *seen = NULL;   /* [bins][WORDS] set of masses */
    uint32_t *before = NULL; /* [bins][WORDS] items before those of a word */
    int rc;

    if ((rc = hb_mem_new(&seen, n_bins, WORDS * sizeof *seen, "vectors", e)) != HB_OK ||
        (rc = hb_mem_new(&before, n_bins, WORDS * sizeof *before, "vectors", e)) != HB_OK)
        goto out;
    for (size_t i = 0; i < s->first[n_points]; i++)
        seen[s->heap[i].bin * WORDS + s->heap[i].mass / 64] |= UINT64_C(1) << s->heap[i].mass % 64;
    for (size_t w = 0; w < (size_t)n_bins * WORDS; w++) {
        before[w] = s->n_items;
        s->n_items += (uint32_t)__builtin_popcountll(seen[w]);
    }
    if ((rc = hb_mem_new(&s->of_item, s->n_items, sizeof *s->of_item, "vectors", e)) != HB_OK)
        goto out;
    for (uint32_t b = 0; b < n_bins; b++)
        s->of_bin[b] = before[(size_t)b * WORDS];
    s->of_bin[n_bins] = s->n_items;
    for (size_t i = 0; i < s->first[n_points]; i++) {
        const struct hb_heap *h = &s->heap[i];
        size_t w = h->bin * (size_t)WORDS + h->mass / 64;
        uint64_t lower = seen[w] & ((UINT64_C(1) << h->mass % 64) - 1);

        s->item[i] = before[w] + (uint32_t)__builtin_popcountll(lower);
        s->of_item[s->item[i]] = h->mass;
    }
out:
    hb_mem_free(seen);
    hb_mem_free(before);
    return rc;
}

static int cloud_init(struct hb_cloud *g, const struct hb_vectors *v, struct hb_err *e)
{
    const struct rows r = {v, hb_sparse_bytes(v->entries, v->item_bytes)};
    struct sparse *s;
    size_t n_entries;
    uint64_t most = 0;
    int rc;

    if ((rc = hb_mem_new(&s, 1, sizeof *s, "vectors", e)) != HB_OK)
        return rc;
    g->own = s;
    g->stride = (v->numbers + LANES - 1) / LANES * LANES;
    if ((rc = hb_ground_init(&s->ground, v->ground, v->numbers, e)) != HB_OK ||
        (rc = weigh(&r, &s->total, &n_entries, e)) != HB_OK)
        return rc;
    s->mass = HB_TRANSPORT_MASS;
    if (s->total <= s->mass)
        s->mass -= s->mass % (uint32_t)s->total;
    g->shift = s->ground.shift;
    if ((rc = hb_mem_new(&s->of_bin, v->numbers + 1, sizeof *s->of_bin, "vectors", e)) != HB_OK ||
        (rc = hb_mem_new(&s->first, v->n + 1, sizeof *s->first, "vectors", e)) != HB_OK ||
        (rc = hb_mem_new(&s->heap, n_entries, sizeof *s->heap, "vectors", e)) != HB_OK ||
        (rc = hb_mem_new(&s->item, n_entries, sizeof *s->item, "vectors", e)) != HB_OK)
        return rc;
    take_entries(s, &r);
    for (size_t i = 0; i < (size_t)v->numbers * v->numbers; i++)
        most = s->ground.cost[i] > most ? s->ground.cost[i] : most;
    while (most * s->mass >> s->shift > UINT16_MAX)
        s->shift++;
    return find_items(s, v->n, e);
}

static void cloud_fini(struct hb_cloud *g)
{
    struct sparse *s = g->own;

    if (s == NULL)
        return;
    hb_ground_fini(&s->ground);
    hb_mem_free(s->of_bin);
    hb_mem_free(s->of_item);
    hb_mem_free(s->first);
    hb_mem_free(s->heap);
    hb_mem_free(s->item);
    hb_mem_free(s);
}

/* ---- centres ---- */

static void put(const struct hb_cloud *g, size_t i, int16_t *centre)
{
    const struct sparse *s = g->own;

    memset(centre, 0, g->stride * sizeof *centre);
    for (size_t at = s->first[i]; at < s->first[i + 1]; at++)
        centre[s->heap[at].bin] = (int16_t)s->heap[at].mass;
}

static void add(const struct hb_cloud *g, size_t i, uint64_t w, uint64_t *sum)
{
    const struct sparse *s = g->own;

    for (size_t at = s->first[i]; at < s->first[i + 1]; at++)
        sum[s->heap[at].bin] += w * s->heap[at].mass;
}

static void mean(const struct hb_cloud *g, const uint64_t *sum, uint64_t weight, int16_t *centre)
{
    uint64_t total = 0;
    uint64_t before = 0;

    for (uint32_t j = 0; j < g->stride; j++) {
        uint64_t rounded;

        total += sum[j];
        rounded = (2 * total + weight) / (2 * weight);
        centre[j] = (int16_t)(rounded - before);
        before = rounded;
    }
}

static uint64_t rank(const struct hb_cloud *g, const int16_t *centre)
{
    uint64_t sum = 0;

    for (uint32_t j = 0; j < g->stride; j++)
        sum += (uint64_t)j * (uint64_t)centre[j];
    return sum;
}

/* Bins of a centre that are not empty, into bins[]; returns how many. */
static uint32_t list_bins(const struct hb_cloud *g, const int16_t *centre, uint16_t *bins)
{
    uint32_t n = 0;

    for (uint32_t j = 0; j < g->stride; j++) {
        bins[n] = (uint16_t)j;
        n += centre[j] != 0;
    }
    return n;
}

static uint32_t move_point(const struct hb_cloud *g, size_t i, const int16_t *centre,
                           const uint16_t *bins, uint32_t limit)
{
    const struct sparse *s = g->own;

    return hb_transport(&s->ground, s->heap + s->first[i],
                        (uint32_t)(s->first[i + 1] - s->first[i]), centre, bins, limit);
}

static uint32_t distance(const struct hb_cloud *g, size_t i, const int16_t *centre)
{
    uint16_t bins[HB_TRANSPORT_BINS + 1];

    (void)list_bins(g, centre, bins);
    return move_point(g, i, centre, bins, UINT32_MAX);
}

static uint32_t one_way(const struct hb_cloud *g, const int16_t *a, const int16_t *b)
{
    struct hb_heap heap[HB_TRANSPORT_BINS];
    uint16_t bins[HB_TRANSPORT_BINS + 1];
    uint32_t n = list_bins(g, a, bins);

    for (uint32_t i = 0; i < n; i++)
        heap[i] = (struct hb_heap){bins[i], (uint16_t)a[bins[i]]};
    (void)list_bins(g, b, bins);
    return hb_transport(&sparse_of(g)->ground, heap, n, b, bins, UINT32_MAX);
}

static uint32_t gap(const struct hb_cloud *g, const int16_t *a, const int16_t *b)
{
    uint32_t there = one_way(g, a, b);
    uint32_t back = one_way(g, b, a);

    return there < back ? there : back;
}

/* ---- lower bounds ---- */

/* What every item of a bin costs on its way to a centre, if it is alone, into one[]. */
static void bound_bin(const struct sparse *s, uint32_t bin, const int16_t *centre, uint32_t *one)
{
    const uint16_t *order = s->ground.order + (size_t)bin * s->ground.n;
    const uint16_t *way = s->ground.cost + (size_t)bin * s->ground.n;
    uint32_t item = s->of_bin[bin];
    uint32_t moved = 0; /* before the bin that comes next in order */
    uint32_t cost = 0;

    while (item < s->of_bin[bin + 1]) {
        uint32_t room = (uint32_t)centre[*order];
        uint32_t each = way[*order];

        for (; item < s->of_bin[bin + 1] && s->of_item[item] <= moved + room; item++)
            one[item] = cost + (s->of_item[item] - moved) * each;
        cost += room * each;
        moved += room;
        order++;
    }
}

static void bound_items(const struct hb_cluster_run *r, uint32_t c)
{
    const struct sparse *s = sparse_of(r->g);
    const struct tables *t = r->own;

    for (uint32_t bin = 0; bin < s->ground.n; bin++)
        bound_bin(s, bin, hb_cluster_centre(r, c), t->one);
}

/* The table for centres first, first + 1, …; lanes behind the last centre keep what they had. */
static void fill_table(const struct hb_cluster_run *r, uint32_t first)
{
    const struct sparse *s = sparse_of(r->g);
    const struct tables *t = r->own;

    for (uint32_t c = first; c < first + t->width && c < r->k; c++) {
        bound_items(r, c);
        for (size_t item = 0; item < s->n_items; item++)
            t->table[item * t->width + (c - first)] = (uint16_t)(t->one[item] >> s->shift);
    }
}

/* ---- seeding ---- */

static void claim(struct hb_cluster_run *r, uint32_t c, size_t first, size_t end)
{
    const struct sparse *s = sparse_of(r->g);
    const struct tables *t = r->own;
    uint16_t *bins = t->bins + (size_t)c * r->g->stride;

    (void)list_bins(r->g, hb_cluster_centre(r, c), bins);
    bound_items(r, c);
    for (size_t i = first; i < end; i++) {
        uint32_t limit = c > 0 ? r->state[i].upper : UINT32_MAX;
        uint32_t least = 0;

        for (size_t at = s->first[i]; at < s->first[i + 1]; at++)
            least += t->one[s->item[at]];
        if (least < limit)
            hb_cluster_claim(r, c, i, move_point(r->g, i, hb_cluster_centre(r, c), bins, limit));
    }
}

static void seeded(struct hb_cluster_run *r, size_t first, size_t end)
{
    (void)r;
    (void)first;
    (void)end; /* bounds are made new in each pass */
}

/* ---- labels ---- */

static void moved(struct hb_cluster_run *r)
{
    const struct tables *t = r->own;

    for (uint32_t c = 0; c < r->k; c++)
        (void)list_bins(r->g, hb_cluster_centre(r, c), t->bins + (size_t)c * r->g->stride);
    if (r->k <= t->width)
        fill_table(r, 0);
}

/* Lower bounds of a point's cost to LANES centres. */
static inline lanes bound_lanes(const struct sparse *s, const struct tables *t, size_t i,
                                uint32_t lane)
{
    lanes sum = {0};

    for (size_t at = s->first[i]; at < s->first[i + 1]; at++) {
        lanes row;

        memcpy(&row, t->table + (size_t)s->item[at] * t->width + lane, sizeof row);
        sum += row;
    }
    return sum;
}

/* The best of a point, so far in state->lower (the label) and state->upper (the cost), against the
 * centres of a block. */
static void search(const struct hb_cluster_run *r, size_t i, uint32_t first)
{
    const struct sparse *s = sparse_of(r->g);
    const struct tables *t = r->own;
    struct hb_point_state *state = &r->state[i];
    uint32_t *near = t->near;
    uint32_t n = 0;

    for (uint32_t lane = 0; lane < t->width; lane += LANES) {
        lanes bound = bound_lanes(s, t, i, lane);

        for (uint32_t j = 0; j < LANES; j++) {
            near[n] = (uint32_t)bound[j] << 16 | (lane + j);
            n += bound[j] <= state->upper >> s->shift;
        }
    }
    while (n > 0) {
        uint32_t at = 0;
        uint32_t c;
        uint32_t d;

        for (uint32_t j = 1; j < n; j++)
            at = near[j] < near[at] ? j : at;
        if (near[at] >> 16 > state->upper >> s->shift)
            break;
        c = first + (near[at] & 0xFFFF);
        near[at] = near[--n];
        if (c >= r->k || c == state->label)
            continue;
        d = move_point(r->g, i, hb_cluster_centre(r, c), t->bins + (size_t)c * r->g->stride,
                       state->upper);
        if (d < state->upper || (d == state->upper && c < state->lower)) {
            state->upper = d;
            state->lower = c;
        }
    }
}

static uint64_t assign(struct hb_cluster_run *r, size_t from, size_t to)
{
    const struct hb_cloud *g = r->g;
    const struct tables *t = r->own;
    uint64_t weight = 0;

    for (uint32_t first = 0; first < r->k; first += t->width) {
        if (r->k > t->width) /* else moved did it */
            fill_table(r, first);
        for (size_t i = from; i < to; i++) {
            struct hb_point_state *state = &r->state[i];
            uint32_t c = state->label;

            if (first == 0) {
                state->upper = move_point(g, i, hb_cluster_centre(r, c),
                                          t->bins + (size_t)c * g->stride, UINT32_MAX);
                state->lower = c;
            }
            search(r, i, first);
        }
    }
    for (size_t i = from; i < to; i++) {
        struct hb_point_state *state = &r->state[i];

        if (state->lower == state->label)
            continue;
        hb_cluster_take(r, state->label, i);
        hb_cluster_add(r, state->lower, i);
        state->label = state->lower;
        weight += g->weight[i];
    }
    return weight;
}

/* ---- all of it ---- */

static void run_fini(struct hb_cluster_run *r)
{
    struct tables *t = r->own;

    if (t == NULL)
        return;
    hb_mem_free(t->bins);
    hb_mem_free(t->one);
    hb_mem_free(t->table);
    hb_mem_free(t->near);
}

static int run_init(struct hb_cluster_run *r, struct hb_err *e)
{
    const struct sparse *s = sparse_of(r->g);
    size_t k = r->opts->k;
    size_t bytes = r->opts->bound_bytes > 0 ? r->opts->bound_bytes : TABLE_BYTES;
    size_t width = bytes / sizeof(uint16_t) / (s->n_items + 1) / LANES * LANES;
    struct tables *t;
    int rc;

    if ((rc = hb_mem_new(&t, 1, sizeof *t, "centres", e)) != HB_OK)
        return rc;
    r->own = t;
    width = width < LANES ? LANES : width;
    width = width < k ? width : (k + LANES - 1) / LANES * LANES;
    t->width = (uint32_t)width;
    if ((rc = hb_mem_new(&t->bins, k, r->g->stride * sizeof *t->bins, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&t->one, s->n_items, sizeof *t->one, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&t->near, width, sizeof *t->near, "centres", e)) != HB_OK)
        return rc;
    return hb_mem_new(&t->table, s->n_items, width * sizeof *t->table, "centres", e);
}

const struct hb_cluster_ops hb_cluster_ground = {
    .cloud_init = cloud_init,
    .cloud_fini = cloud_fini,
    .run_init = run_init,
    .run_fini = run_fini,
    .put = put,
    .distance = distance,
    .gap = gap,
    .add = add,
    .mean = mean,
    .rank = rank,
    .claim = claim,
    .seeded = seeded,
    .moved = moved,
    .assign = assign,
};
