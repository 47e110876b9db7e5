#include "plain_cluster.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/transport.h"
#include "base/rng.h"

struct plain {
    size_t n;
    uint32_t d, k, shift_found;
    enum hb_distance distance;
    int64_t *x, *centre; /* [n][d], [k][d] */
    const uint64_t *w;
    uint32_t *label;
    struct hb_ground ground;
    int n_refills;
};

static uint64_t plain_number(const struct hb_vectors *v, size_t at)
{
    return v->item_bytes == 1   ? ((const uint8_t *)v->vector)[at]
           : v->item_bytes == 2 ? ((const uint16_t *)v->vector)[at]
                                : ((const uint32_t *)v->vector)[at];
}

int plain_cluster_shift(const struct hb_vectors *v)
{
    uint64_t most = 0;
    int shift = 13;

    for (size_t i = 0; i < v->n * v->numbers; i++) {
        uint64_t x = plain_number(v, i);

        if (v->distance == HB_DISTANCE_EMD)
            most += i < v->numbers ? x : 0;
        else
            most = x > most ? x : most;
    }
    for (;; shift--) {
        uint64_t x = shift >= 0 ? most << shift : most >> -shift;

        if (v->distance == HB_DISTANCE_EMD
                ? x <= HB_CLUSTER_EMD_MAX
                : x <= HB_CLUSTER_L2_MAX && x * x * v->numbers <= UINT32_MAX)
            return shift;
    }
}

/* The transport itself has its own test. */
static uint64_t plain_transport(const struct plain *p, const int64_t *a, const int64_t *b)
{
    struct hb_heap heap[PLAIN_CLUSTER_D_MAX];
    uint16_t bin[PLAIN_CLUSTER_D_MAX];
    int16_t room[PLAIN_CLUSTER_D_MAX];
    uint32_t n = 0;

    for (uint32_t j = 0; j < p->d; j++) {
        if (a[j] > 0)
            heap[n++] = (struct hb_heap){(uint16_t)j, (uint16_t)a[j]};
        room[j] = (int16_t)b[j];
        bin[j] = (uint16_t)j;
    }
    return hb_transport(&p->ground, heap, n, room, bin, UINT32_MAX);
}

static uint64_t plain_distance(const struct plain *p, const int64_t *a, const int64_t *b)
{
    uint64_t sum = 0;

    if (p->distance == HB_DISTANCE_GROUND)
        return plain_transport(p, a, b);

    for (uint32_t j = 0; j < p->d; j++)
        sum += p->distance == HB_DISTANCE_EMD ? (uint64_t)llabs(a[j] - b[j])
                                              : (uint64_t)((a[j] - b[j]) * (a[j] - b[j]));
    return sum;
}

/* Scaled masses: T / N of the cumulative counts. */
static void plain_masses(struct plain *p, const struct hb_vectors *v, const uint32_t *dense)
{
    uint64_t total = 0;
    uint64_t mass = HB_TRANSPORT_MASS;
    struct hb_err e = {0};

    for (uint32_t j = 0; j < v->numbers; j++)
        total += dense[j];
    mass -= total <= mass ? mass % total : 0;
    for (size_t i = 0; i < v->n; i++)
        for (uint64_t j = 0, sum = 0, before = 0; j < v->numbers; j++) {
            sum += dense[i * v->numbers + j];
            p->x[i * v->numbers + j] = (int64_t)(sum * mass / total - before);
            before = sum * mass / total;
        }
    if (hb_ground_init(&p->ground, v->ground, v->numbers, &e) != HB_OK) {
        printf("Bail out! %s\n", e.msg);
        exit(1);
    }
}

static void plain_init(struct plain *p, const struct hb_vectors *v, const uint32_t *dense,
                       uint32_t k)
{
    int shift = plain_cluster_shift(v);

    *p = (struct plain){.n = v->n, .d = v->numbers, .distance = v->distance, .w = v->weight};
    p->x = calloc(v->n * v->numbers, sizeof *p->x);
    p->centre = calloc((size_t)k * v->numbers, sizeof *p->centre);
    p->label = calloc(v->n, sizeof *p->label);
    if (v->distance == HB_DISTANCE_GROUND) {
        plain_masses(p, v, dense);
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        for (uint64_t j = 0, sum = 0; j < v->numbers; j++) {
            uint64_t x = plain_number(v, i * v->numbers + j);

            sum = v->distance == HB_DISTANCE_EMD ? sum + x : x;
            p->x[i * v->numbers + j] = (int64_t)(shift >= 0 ? sum << shift : sum >> -shift);
        }
    if (v->distance == HB_DISTANCE_EMD) /* the total is left out */
        for (size_t i = 0; i < v->n; i++)
            p->x[i * v->numbers + v->numbers - 1] = 0;
}

static uint32_t plain_nearest(const struct plain *p, size_t i, uint64_t *d)
{
    uint32_t best = 0;

    *d = UINT64_MAX;
    for (uint32_t c = 0; c < p->k; c++) {
        uint64_t here = plain_distance(p, p->x + i * p->d, p->centre + (size_t)c * p->d);

        if (here < *d) {
            *d = here;
            best = c;
        }
    }
    return best;
}

static void plain_seed(struct plain *p, const struct hb_cluster_opts *o, uint32_t restart)
{
    for (p->k = 0; p->k < o->k; p->k++) {
        uint64_t total = 0;
        uint32_t r[4];
        uint64_t at;

        for (size_t i = 0; i < p->n; i++) {
            uint64_t d = 1;

            if (p->k > 0)
                (void)plain_nearest(p, i, &d);
            total += p->w[i] * d;
        }
        if (total == 0)
            return;
        hb_rng_block(o->seed, restart, 0, HB_RNG_CLUSTER, p->k, r);
        at = ((uint64_t)r[0] << 32 | r[1]) % total;
        for (size_t i = 0; i < p->n; i++) {
            uint64_t d = 1;

            if (p->k > 0)
                (void)plain_nearest(p, i, &d);
            if (at < p->w[i] * d) {
                memcpy(p->centre + (size_t)p->k * p->d, p->x + i * p->d, p->d * sizeof *p->x);
                break;
            }
            at -= p->w[i] * d;
        }
    }
}

/* Weight of the clusters, and means of those that have points. */
static void plain_means(struct plain *p, uint64_t *weight)
{
    for (uint32_t c = 0; c < p->k; c++) {
        weight[c] = 0;
        for (size_t i = 0; i < p->n; i++)
            weight[c] += p->label[i] == c ? p->w[i] : 0;
        for (uint64_t j = 0, sum = 0, before = 0; weight[c] > 0 && j < p->d; j++) {
            bool cumulate = p->distance == HB_DISTANCE_GROUND;
            uint64_t mean;

            sum = cumulate ? sum : 0;
            for (size_t i = 0; i < p->n; i++)
                sum += p->label[i] == c ? p->w[i] * (uint64_t)p->x[i * p->d + j] : 0;
            mean = (2 * sum + weight[c]) / (2 * weight[c]);
            p->centre[(size_t)c * p->d + j] = (int64_t)(mean - (cumulate ? before : 0));
            before = mean;
        }
    }
}

static void plain_refill(struct plain *p, const uint64_t *weight)
{
    for (uint32_t c = 0; c < p->k; c++) {
        uint64_t most = 0;
        size_t at = 0;

        if (weight[c] > 0)
            continue;
        for (size_t i = 0; i < p->n; i++) {
            uint64_t d = plain_distance(p, p->x + i * p->d, p->centre + (size_t)p->label[i] * p->d);

            if (d > most) {
                most = d;
                at = i;
            }
        }
        if (most == 0)
            continue;
        p->n_refills++;
        p->label[at] = c;
        memcpy(p->centre + (size_t)c * p->d, p->x + at * p->d, p->d * sizeof *p->x);
    }
}

static uint64_t plain_run(struct plain *p, const struct hb_cluster_opts *o, uint32_t restart,
                          uint64_t *weight)
{
    uint64_t total = 0;
    uint64_t cost = 0;
    uint64_t d;

    plain_seed(p, o, restart);
    for (size_t i = 0; i < p->n; i++) {
        p->label[i] = plain_nearest(p, i, &d);
        total += p->w[i];
    }
    for (uint32_t it = 0; it < o->iters; it++) {
        uint64_t moved = 0;

        plain_means(p, weight);
        plain_refill(p, weight);
        for (size_t i = 0; i < p->n; i++) {
            uint32_t label = plain_nearest(p, i, &d);

            moved += label != p->label[i] ? p->w[i] : 0;
            p->label[i] = label;
        }
        if (moved <= total * o->tol_ppm / 1000000)
            break;
    }
    for (size_t i = 0; i < p->n; i++)
        cost +=
            p->w[i] * plain_distance(p, p->x + i * p->d, p->centre + (size_t)p->label[i] * p->d);
    return cost;
}

/* What clusters are numbered by, rising. */
static int64_t plain_key(const struct plain *p, uint32_t c)
{
    int64_t sum = 0;

    for (uint32_t j = 0; j < p->d; j++)
        sum += p->centre[(size_t)c * p->d + j] * (p->distance == HB_DISTANCE_GROUND ? j : 1);
    return p->distance == HB_DISTANCE_EMD ? -sum : sum;
}

/* Rank of each used cluster by its key. */
static uint32_t plain_number_clusters(const struct plain *p, uint32_t *to)
{
    static uint32_t used[PLAIN_CLUSTER_N_MAX];
    static int64_t key[PLAIN_CLUSTER_N_MAX];
    uint32_t n = 0;

    memset(used, 0, p->k * sizeof used[0]);
    for (size_t i = 0; i < p->n; i++)
        used[p->label[i]] = 1;
    for (uint32_t c = 0; c < p->k; c++)
        key[c] = plain_key(p, c);
    for (uint32_t c = 0; c < p->k; c++) {
        n += used[c];
        to[c] = 0;
        for (uint32_t b = 0; b < p->k; b++)
            to[c] += used[b] && (key[b] < key[c] || (key[b] == key[c] && b < c));
    }
    return n;
}

int plain_cluster(const struct hb_vectors *v, const uint32_t *dense,
                  const struct hb_cluster_opts *o, uint32_t *label, struct hb_clusters *out)
{
    static uint64_t weight[PLAIN_CLUSTER_N_MAX];
    static uint32_t to[PLAIN_CLUSTER_N_MAX];
    struct plain p;

    plain_init(&p, v, dense, o->k);
    for (uint32_t restart = 0; restart < o->restarts; restart++) {
        uint64_t cost = plain_run(&p, o, restart, weight);

        if (restart > 0 && cost >= out->cost)
            continue;
        out->cost = cost;
        out->n = plain_number_clusters(&p, to);
        for (size_t i = 0; i < p.n; i++)
            label[i] = to[p.label[i]];
    }
    free(p.x);
    free(p.centre);
    free(p.label);
    hb_ground_fini(&p.ground);
    return p.n_refills;
}
