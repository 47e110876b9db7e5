/* cluster.c - the plan of cluster.h: seeding, restarts, means, refills. Which point belongs where is
 * up to the distance, who looks at which point to cluster_crew.c. */
#include "abstraction/cluster.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/cluster_impl.h"
#include "base/mem.h"
#include "base/rng.h"

#define BLOCK HB_CLUSTER_BLOCK

uint64_t hb_vectors_number(const struct hb_vectors *v, size_t at)
{
    if (v->item_bytes == 1)
        return ((const uint8_t *)v->vector)[at];
    if (v->item_bytes == 2)
        return ((const uint16_t *)v->vector)[at];
    return ((const uint32_t *)v->vector)[at];
}

/* ---- progress ---- */

struct watcher { /* who wants to hear of it; NULL: nobody */
    hb_cluster_progress progress;
    void *ctx;
};

/* A restart has 1 + opts->iters parts, the first of which is its seeding. */
static void tell(const struct watcher *w, const struct hb_cluster_opts *o, uint32_t restart,
                 double parts)
{
    if (w->progress != NULL)
        w->progress(w->ctx, (restart + parts / (1.0 + o->iters)) / o->restarts);
}

/* ---- seeding ---- */

static uint64_t draw(const struct hb_cluster_run *r, uint32_t restart, uint32_t index,
                     uint64_t below)
{
    uint32_t bits[4];

    hb_rng_block(r->opts->seed, restart, 0, HB_RNG_CLUSTER, index, bits);
    return ((uint64_t)bits[0] << 32 | bits[1]) % below;
}

/* While seeding, `upper` is the distance to the nearest centre itself. The point where the running
 * sum of weight * distance passes `at`. */
static size_t find_mass(const struct hb_cluster_run *r, uint64_t at)
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

static size_t find_weight(const struct hb_cloud *g, uint64_t at)
{
    size_t i = 0;

    while (at >= g->weight[i])
        at -= g->weight[i++];
    return i;
}

void hb_cluster_claim(struct hb_cluster_run *r, uint32_t c, size_t i, uint32_t d)
{
    struct hb_point_state *s = &r->state[i];

    if (c > 0 && d >= s->upper)
        return;
    r->mass[i / BLOCK] -= c > 0 ? r->g->weight[i] * (s->upper - d) : 0;
    r->mass[i / BLOCK] += c > 0 ? 0 : r->g->weight[i] * d;
    *s = (struct hb_point_state){c, d, 0};
}

/* Draw up to opts->k centres; r->k becomes how many there are. */
static int seed(struct hb_cluster_run *r, uint32_t restart, const struct watcher *w,
                struct hb_err *e)
{
    const struct hb_cloud *g = r->g;
    size_t n_blocks = (g->n + BLOCK - 1) / BLOCK;
    size_t at = find_weight(g, draw(r, restart, 0, g->total));
    struct hb_cluster_found found;
    int rc;

    memset(r->mass, 0, n_blocks * sizeof *r->mass);
    for (r->k = 0; r->k < r->opts->k;) {
        uint64_t total = 0;

        tell(w, r->opts, restart, (double)r->k / r->opts->k);
        g->ops->put(g, at, hb_cluster_centre(r, r->k++));
        if ((rc = hb_cluster_do(r, HB_CLUSTER_CLAIM, r->k - 1, &found, e)) != HB_OK)
            return rc;
        for (size_t block = 0; block < n_blocks; block++)
            total += r->mass[block];
        if (total == 0)
            break; /* every point lies on a centre */
        if (r->k < r->opts->k)
            at = find_mass(r, draw(r, restart, r->k, total));
    }
    return HB_OK;
}

/* ---- means ---- */

void hb_cluster_add(struct hb_cluster_run *r, uint32_t c, size_t i)
{
    r->weight[c] += r->g->weight[i];
    r->g->ops->add(r->g, i, r->g->weight[i], r->sum + (size_t)c * r->g->stride);
}

void hb_cluster_take(struct hb_cluster_run *r, uint32_t c, size_t i)
{
    r->weight[c] -= r->g->weight[i];
    r->g->ops->add(r->g, i, -r->g->weight[i], r->sum + (size_t)c * r->g->stride);
}

/* Exact sums do not care whether they are made at once or point by point. */
static int start(struct hb_cluster_run *r, struct hb_err *e)
{
    struct hb_cluster_found found;

    memset(r->sum, 0, (size_t)r->k * r->g->stride * sizeof *r->sum);
    memset(r->weight, 0, r->k * sizeof *r->weight);
    return hb_cluster_do(r, HB_CLUSTER_START, 0, &found, e);
}

/* Give an empty cluster the farthest point; nothing happens when all lie on their centres. */
static int refill(struct hb_cluster_run *r, uint32_t empty, struct hb_err *e)
{
    const struct hb_cloud *g = r->g;
    struct hb_cluster_found found;
    int rc = hb_cluster_do(r, HB_CLUSTER_FARTHEST, 0, &found, e);

    if (rc != HB_OK || found.most == 0)
        return rc;
    hb_cluster_take(r, r->state[found.at].label, found.at);
    hb_cluster_add(r, empty, found.at);
    r->state[found.at] = (struct hb_point_state){empty, 0, 0};
    g->ops->put(g, found.at, r->next + (size_t)empty * g->stride);
    return HB_OK;
}

static int move_centres(struct hb_cluster_run *r, struct hb_err *e)
{
    const struct hb_cloud *g = r->g;
    int16_t *swap = r->centre;
    int rc = HB_OK;

    memcpy(r->next, r->centre, (size_t)r->k * g->stride * sizeof *r->next);
    for (uint32_t c = 0; c < r->k; c++)
        if (r->weight[c] > 0)
            g->ops->mean(g, r->sum + (size_t)c * g->stride, r->weight[c],
                         r->next + (size_t)c * g->stride);
    for (uint32_t c = 0; c < r->k && rc == HB_OK; c++)
        if (r->weight[c] == 0)
            rc = refill(r, c, e);
    r->centre = r->next;
    r->next = swap;
    return rc;
}

/* ---- the result ---- */

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

/* How far the clusters of order[0..n) are from each other, into gap[n][n]. */
static void measure_gaps(const struct hb_cloud *g, const int16_t *centres,
                         const struct order *order, uint32_t n, uint32_t *gap)
{
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++) {
            const int16_t *x = centres + (size_t)order[a].from * g->stride;
            const int16_t *y = centres + (size_t)order[b].from * g->stride;

            gap[a * n + b] = gap[b * n + a] = a == b ? 0 : g->ops->gap(g, x, y);
        }
}

/* Numbers for the clusters that have points, into to[], and what lies between them. */
static int number_clusters(const struct hb_cloud *g, const int16_t *centres, const uint64_t *weight,
                           uint32_t k, uint32_t *to, struct hb_clusters *out, struct hb_err *e)
{
    struct order *order = NULL;
    uint32_t n = 0;
    int rc;

    if ((rc = hb_mem_new(&order, k, sizeof *order, "centres", e)) != HB_OK)
        return rc;
    for (uint32_t c = 0; c < k; c++)
        if (weight[c] > 0)
            order[n++] = (struct order){g->ops->rank(g, centres + (size_t)c * g->stride), c};
    qsort(order, n, sizeof *order, by_key);
    for (uint32_t i = 0; i < n; i++)
        to[order[i].from] = i;
    if (out->gap != NULL)
        measure_gaps(g, centres, order, n, out->gap);
    hb_mem_free(order);
    out->n = n;
    return HB_OK;
}

/* As many clusters as vectors, or more: each is its own. */
static int all_apart(const struct hb_cloud *g, uint32_t *label, struct hb_clusters *out,
                     struct hb_err *e)
{
    int16_t *centre = NULL;
    int rc;

    out->iters = 0;
    out->cost = 0;
    if ((rc = hb_mem_new(&centre, g->n, g->stride * sizeof *centre, "centres", e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < g->n; i++)
        g->ops->put(g, i, centre + i * g->stride);
    rc = number_clusters(g, centre, g->weight, (uint32_t)g->n, label, out, e);
    hb_mem_free(centre);
    return rc;
}

/* ---- all of it ---- */

static void run_fini(struct hb_cluster_run *r)
{
    const size_t centres = (size_t)r->opts->k * r->g->stride * sizeof *r->centre;

    hb_cluster_crew_end(r);
    r->g->ops->run_fini(r);
    hb_mem_free(r->own);
    hb_cluster_room_free(r, r->state, r->g->n * sizeof *r->state);
    hb_cluster_room_free(r, r->centre, centres);
    hb_cluster_room_free(r, r->next, centres);
    hb_cluster_room_free(r, r->mass, (r->g->n / BLOCK + 1) * sizeof *r->mass);
    hb_mem_free(r->sum);
    hb_mem_free(r->weight);
    hb_mem_free(r->to);
}

static int run_init(struct hb_cluster_run *r, struct hb_err *e)
{
    const struct hb_cloud *g = r->g;
    size_t k = r->opts->k;
    size_t row = g->stride;
    int rc;

    if ((rc = hb_cluster_room(r, &r->state, g->n, sizeof *r->state, "labels", e)) != HB_OK ||
        (rc = hb_cluster_room(r, &r->centre, k, row * sizeof *r->centre, "centres", e)) != HB_OK ||
        (rc = hb_cluster_room(r, &r->next, k, row * sizeof *r->next, "centres", e)) != HB_OK ||
        (rc = hb_cluster_room(r, &r->mass, g->n / BLOCK + 1, sizeof *r->mass, "centres", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->sum, k, row * sizeof *r->sum, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->weight, k, sizeof *r->weight, "centres", e)) != HB_OK ||
        (rc = hb_mem_new(&r->to, k, sizeof *r->to, "centres", e)) != HB_OK ||
        (rc = g->ops->run_init(r, e)) != HB_OK)
        return rc;
    return hb_cluster_crew_start(r, e);
}

/* One restart, from seeding to the last labels. */
static int run_once(struct hb_cluster_run *r, uint32_t restart, const struct watcher *w,
                    struct hb_err *e)
{
    const struct hb_cluster_opts *o = r->opts;
    uint64_t allowed =
        r->g->total / 1000000 * o->tol_ppm + r->g->total % 1000000 * o->tol_ppm / 1000000;
    struct hb_cluster_found moved = {.sum = UINT64_MAX};
    int rc;

    if ((rc = seed(r, restart, w, e)) != HB_OK || (rc = start(r, e)) != HB_OK)
        return rc;
    for (r->iters = 0; r->iters < o->iters && moved.sum > allowed; r->iters++) {
        tell(w, o, restart, 1.0 + r->iters);
        if ((rc = move_centres(r, e)) != HB_OK ||
            (rc = hb_cluster_do(r, HB_CLUSTER_ASSIGN, 0, &moved, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

/* Labels of this run into the result if it is the best so far. */
static int keep_best(struct hb_cluster_run *r, bool first, uint32_t *label, struct hb_clusters *out,
                     struct hb_err *e)
{
    struct hb_cluster_found cost;
    int rc;

    if ((rc = hb_cluster_do(r, HB_CLUSTER_COST, 0, &cost, e)) != HB_OK ||
        (!first && cost.sum >= out->cost))
        return rc;
    out->cost = cost.sum;
    out->iters = r->iters;
    if ((rc = number_clusters(r->g, r->centre, r->weight, r->k, r->to, out, e)) != HB_OK)
        return rc;
    for (size_t i = 0; i < r->g->n; i++)
        label[i] = r->to[r->state[i].label];
    return HB_OK;
}

/* Ranges of what every distance has; the rest is up to its cloud_init. */
static int check(const struct hb_vectors *v, const struct hb_cluster_opts *o, struct hb_err *e)
{
    uint32_t least = v->distance == HB_DISTANCE_EMD ? 2 : 1;
    uint32_t most =
        v->distance == HB_DISTANCE_GROUND ? HB_CLUSTER_GROUND_MAX : HB_CLUSTER_NUMBERS_MAX;
    uint64_t total = 0;

    if (o->k < 1 || o->k > HB_CLUSTER_K_MAX || o->restarts < 1 || o->iters < 1 ||
        o->tol_ppm > 1000000 || (o->gaps && o->k > HB_CLUSTER_GROUND_MAX))
        return hb_fail(e, HB_EUSAGE, "options of a clustering out of range");
    if (v->numbers < least || v->numbers > most)
        return hb_fail(e, HB_EUSAGE, "a vector has %u numbers; %u to %u are possible",
                       (unsigned)v->numbers, (unsigned)least, (unsigned)most);
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

static int cloud_init(struct hb_cloud *g, const struct hb_vectors *v, struct hb_err *e)
{
    g->n = v->n;
    g->distance = v->distance;
    g->weight = v->weight;
    for (size_t i = 0; i < v->n; i++)
        g->total += v->weight[i];
    return g->ops->cloud_init(g, v, e);
}

static int cluster(const struct hb_cloud *g, const struct hb_cluster_opts *opts, uint32_t *label,
                   struct hb_clusters *out, const struct watcher *w, struct hb_err *e)
{
    struct hb_cluster_run r = {.g = g, .opts = opts};
    int rc;

    if (g->n <= opts->k)
        return all_apart(g, label, out, e);
    rc = run_init(&r, e);
    for (uint32_t i = 0; rc == HB_OK && i < opts->restarts; i++) {
        if ((rc = run_once(&r, i, w, e)) == HB_OK)
            rc = keep_best(&r, i == 0, label, out, e);
    }
    run_fini(&r);
    return rc;
}

int hb_cluster(const struct hb_vectors *v, const struct hb_cluster_opts *opts, uint32_t *label,
               struct hb_clusters *out, hb_cluster_progress progress, void *ctx, struct hb_err *e)
{
    struct hb_cloud g = {.ops = v->distance == HB_DISTANCE_GROUND ? &hb_cluster_ground
                                                                  : &hb_cluster_dense};
    size_t n_gaps = v->n < opts->k ? v->n : opts->k;
    int rc;

    *out = (struct hb_clusters){0};
    if ((rc = check(v, opts, e)) != HB_OK)
        return rc;
    if ((!opts->gaps || (rc = hb_mem_new(&out->gap, n_gaps, n_gaps * sizeof *out->gap, "distances",
                                         e)) == HB_OK) &&
        (rc = cloud_init(&g, v, e)) == HB_OK)
        rc = cluster(&g, opts, label, out, &(struct watcher){progress, ctx}, e);
    out->shift = g.shift;
    g.ops->cloud_fini(&g);
    if (rc != HB_OK)
        hb_clusters_fini(out);
    return rc;
}

void hb_clusters_fini(struct hb_clusters *c)
{
    hb_mem_free(c->gap);
    *c = (struct hb_clusters){0};
}
