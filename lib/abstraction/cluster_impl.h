/* cluster_impl.h - what the parts of the clustering share: cluster.c has the plan, cluster_dense.c
 * vectors with emd and l2, cluster_ground.c sparse histograms with a ground distance. abstraction,
 * private. */
#ifndef HB_ABSTRACTION_CLUSTER_IMPL_H
#define HB_ABSTRACTION_CLUSTER_IMPL_H

#include <stdbool.h>

#include "abstraction/cluster.h"

#define HB_CLUSTER_LANES 8u
#define HB_CLUSTER_BLOCK 1024u /* points whose seeding masses are summed together */
#define HB_CLUSTER_AHEAD 64u   /* points that are fetched together, before they are looked at */

struct hb_cluster_ops;

struct hb_cloud { /* the points, scaled */
    const struct hb_cluster_ops *ops;
    size_t n;
    uint32_t stride; /* numbers of a centre, a multiple of HB_CLUSTER_LANES; padded with zeros */
    enum hb_distance distance;
    int shift;
    const uint64_t *weight;
    uint64_t total; /* weight of all */
    int16_t *x;     /* emd, l2: [n][stride] */
    void *own;      /* of the distance */
};

struct hb_point_state {
    uint32_t label;
    uint32_t
        upper; /* while seeding: the distance to the nearest centre; then as the distance likes */
    uint32_t lower; /* as the distance likes */
};

struct hb_cluster_run { /* one of the restarts */
    const struct hb_cloud *g;
    const struct hb_cluster_opts *opts;
    uint32_t k;
    struct hb_point_state *state; /* [n] */
    int16_t *centre;              /* [k][stride] */
    int16_t *next;                /* [k][stride] the next ones; after they moved, the ones before */
    uint64_t *sum;                /* [k][stride] of weight * number */
    uint64_t *weight;             /* [k] */
    uint64_t *mass;               /* [blocks] of weight * distance while seeding */
    uint32_t *to;                 /* [k] scratch */
    uint32_t iters;
    void *own;                    /* of the distance: scratch of this process */
    struct hb_cluster_crew *crew; /* of several processes, else NULL */
};

/* What a distance does. Centres are rows of `stride` numbers. Points [first, end) may be looked at by
 * several processes at once: state and mass are shared then, first is a multiple of
 * HB_CLUSTER_BLOCK, and sums are those of the range. */
struct hb_cluster_ops {
    /* The cloud's own parts and scale; v has been checked. fini takes what is there. */
    int (*cloud_init)(struct hb_cloud *g, const struct hb_vectors *v, struct hb_err *e);
    void (*cloud_fini)(struct hb_cloud *g);
    /* r->own, for opts->k centres. */
    int (*run_init)(struct hb_cluster_run *r, struct hb_err *e);
    void (*run_fini)(struct hb_cluster_run *r);
    /* Point i as a centre. */
    void (*put)(const struct hb_cloud *g, size_t i, int16_t *centre);
    uint32_t (*distance)(const struct hb_cloud *g, size_t i, const int16_t *centre);
    /* Between two centres, in the metric that hb_cluster_gaps promises. */
    uint32_t (*gap)(const struct hb_cloud *g, const int16_t *a, const int16_t *b);
    /* sum += w * point i; w may be negative, modulo 2^64. */
    void (*add)(const struct hb_cloud *g, size_t i, uint64_t w, uint64_t *sum);
    void (*mean)(const struct hb_cloud *g, const uint64_t *sum, uint64_t weight, int16_t *centre);
    /* Where the cluster of a centre comes when they are numbered, rising. */
    uint64_t (*rank)(const struct hb_cloud *g, const int16_t *centre);
    /* While seeding: centre c is new; points nearer to it than to their own go over (all of them
     * for c = 0). Keeps r->mass. */
    void (*claim)(struct hb_cluster_run *r, uint32_t c, size_t first, size_t end);
    /* Seeding is over; `upper` and `lower` may become what the distance likes. */
    void (*seeded)(struct hb_cluster_run *r, size_t first, size_t end);
    /* The centres moved from r->next to r->centre: once a pass in each process. */
    void (*moved)(struct hb_cluster_run *r);
    /* Every point to its nearest centre, the first of equals, sums with it; returns the weight that
     * moved. */
    uint64_t (*assign)(struct hb_cluster_run *r, size_t first, size_t end);
};

extern const struct hb_cluster_ops hb_cluster_dense;
extern const struct hb_cluster_ops hb_cluster_ground;

static inline int16_t *hb_cluster_centre(const struct hb_cluster_run *r, uint32_t c)
{
    return r->centre + (size_t)c * r->g->stride;
}

/* ---- what is done to every point: cluster_crew.c ---- */

enum hb_cluster_job {
    HB_CLUSTER_CLAIM,   /* claim of centre c */
    HB_CLUSTER_START,   /* seeded, and all points into the sums, which are 0 */
    HB_CLUSTER_ASSIGN,  /* moved, assign; found.sum: the weight that moved */
    HB_CLUSTER_COST,    /* found.sum: sum of weight * distance */
    HB_CLUSTER_FARTHEST /* found.most and at: from the next centres; 0 when all lie on them */
};
struct hb_cluster_found {
    uint64_t sum;
    uint64_t at; /* a point */
    uint32_t most;
};
/* Errors: those of hb_pool_run. */
int hb_cluster_do(struct hb_cluster_run *r, enum hb_cluster_job job, uint32_t c,
                  struct hb_cluster_found *out, struct hb_err *e) HB_MUSTUSE;
/* Zeroed memory that the processes of a run share; free with hb_cluster_room_free, which takes
 * NULL. */
int hb_cluster_room(const struct hb_cluster_run *r, void *p, size_t n_items, size_t item_bytes,
                    const char *what, struct hb_err *e) HB_MUSTUSE;
void hb_cluster_room_free(const struct hb_cluster_run *r, void *p, size_t bytes);
/* Start opts->n_processes, when there are to be several, and end them. Everything but state, mass
 * and the centres must be ready: the children keep their own copies of it. */
int hb_cluster_crew_start(struct hb_cluster_run *r, struct hb_err *e) HB_MUSTUSE;
void hb_cluster_crew_end(struct hb_cluster_run *r);

/* Point i into cluster c, or out of it. */
void hb_cluster_add(struct hb_cluster_run *r, uint32_t c, size_t i);
void hb_cluster_take(struct hb_cluster_run *r, uint32_t c, size_t i);
/* While seeding, point i goes over to the new centre c at distance d, if that is nearer. */
void hb_cluster_claim(struct hb_cluster_run *r, uint32_t c, size_t i, uint32_t d);
/* Number `at` of the vectors, counted through. */
uint64_t hb_vectors_number(const struct hb_vectors *v, size_t at);

#endif
