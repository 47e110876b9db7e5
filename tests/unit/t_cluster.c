/* Clustering gives exactly the labels of k-means written down plainly; duplicates are found all. */
#include "abstraction/cluster.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/points.h"
#include "abstraction/sparse.h"
#include "abstraction/transport.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "plain_cluster.h"

#define N_MAX PLAIN_CLUSTER_N_MAX
#define D_MAX PLAIN_CLUSTER_D_MAX

static uint32_t bits_of(uint32_t trial, uint32_t i)
{
    uint32_t r[4];

    hb_rng_block(77, trial, 0, HB_RNG_TOOL, i / 4, r);
    return r[i % 4];
}

/* ---- points ---- */

static void duplicates_are_found_and_weights_add_up(void)
{
    static uint8_t vector[20000][3];
    static uint32_t weight[20000];
    static uint32_t id[20000];

    for (uint32_t trial = 0; trial < 4; trial++) {
        uint32_t range = 1u << (2 * trial + 1); /* 8 to 2 million possible vectors */
        struct hb_points p;
        struct hb_err e = {0};
        size_t n_first = 0;
        uint64_t sum = 0;
        uint64_t bad = 0;

        for (uint32_t i = 0; i < 20000; i++) {
            for (uint32_t j = 0; j < 3; j++)
                vector[i][j] = (uint8_t)(bits_of(trial, 3 * i + j) % range);
            weight[i] = 1 + i % 7;
        }
        CHECK_OK(hb_points_init(&p, 3, &e), e);
        for (size_t at = 0, n = 1; at < 20000; at += n, n = 2 * n < 20000 - at ? 2 * n : 20000 - at)
            CHECK_OK(hb_points_add(&p, vector[at], weight + at, n < 20000 - at ? n : 20000 - at,
                                   id + at, &e),
                     e);
        for (size_t i = 0; i < 20000; i++) {
            bad += id[i] >= p.n || memcmp(p.vector + 3 * (size_t)id[i], vector[i], 3) != 0;
            bad += id[i] > n_first; /* numbers come in the order of first appearance */
            n_first += id[i] == n_first;
            p.weight[id[i]] -= weight[i];
        }
        for (size_t i = 0; i < p.n; i++) {
            sum += p.weight[i];
            for (size_t k = 0; k < i && i < 300; k++)
                bad += memcmp(p.vector + 3 * i, p.vector + 3 * k, 3) == 0;
        }
        CHECK_EQ(bad, 0);
        CHECK_EQ(sum, 0);
        CHECK_EQ(p.n, n_first);
        hb_points_fini(&p);
    }
}

struct data {
    uint32_t vector[N_MAX * D_MAX];
    uint8_t bytes[N_MAX * D_MAX];
    uint16_t halves[N_MAX * D_MAX];
    uint64_t weight[N_MAX];
    uint32_t ground[D_MAX * D_MAX];
    uint8_t rows[N_MAX * D_MAX * 6];
};
static struct data data;

/* ---- comparing ---- */

/* Costs between random places on a line with bumps, and rows. */
static void make_ground(uint32_t trial, struct hb_vectors *v, uint32_t total)
{
    struct hb_err e = {0};

    for (uint32_t a = 0; a < v->numbers; a++)
        for (uint32_t b = 0; b <= a; b++)
            data.ground[a * v->numbers + b] = data.ground[b * v->numbers + a] =
                a == b ? 0 : 10 * (a - b) + bits_of(trial + a, b) % (trial % 2 == 0 ? 3 : 300);
    v->ground = data.ground;
    v->entries = total < v->numbers ? (uint32_t)total : v->numbers;
    CHECK_OK(hb_sparse_pack(v->vector, v->n, v->numbers, v->item_bytes, v->entries, data.rows, &e),
             e);
    v->vector = data.rows;
}

/* Vectors of a trial; histograms have `total` entries around a few places. */
static struct hb_vectors make_vectors(uint32_t trial, enum hb_distance distance, size_t n,
                                      uint32_t numbers, uint32_t total)
{
    struct hb_vectors v = {n, numbers, 1 + trial % 2, distance, NULL, data.weight, 0, NULL};
    uint32_t at = 0;

    if (total > (v.item_bytes == 1 ? 255 : 65535))
        v.item_bytes = 4;
    memset(data.vector, 0, n * numbers * sizeof data.vector[0]);
    for (size_t i = 0; i < n; i++) {
        uint32_t *x = data.vector + i * numbers;
        uint32_t centre = bits_of(trial, at++) % (1 + trial % 9);

        data.weight[i] = 1 + bits_of(trial, at++) % (trial % 3 == 0 && i % 2 == 0 ? 1000000 : 24);
        if (distance == HB_DISTANCE_L2)
            for (uint32_t j = 0; j < numbers; j++)
                x[j] =
                    (centre * 31 * (j + 1) + bits_of(trial, at++) % (1 + total / 8)) % (total + 1);
        else
            for (uint32_t left = total; left > 0;) {
                uint32_t part = 1 + bits_of(trial, at++) % (1 + total / 6);

                part = part < left ? part : left;
                x[(centre * 7 + bits_of(trial, at++) % (1 + numbers / 3)) % numbers] += part;
                left -= part;
            }
    }
    for (size_t i = 0; i < n * numbers; i++) {
        data.bytes[i] = (uint8_t)data.vector[i];
        data.halves[i] = (uint16_t)data.vector[i];
    }
    v.vector = v.item_bytes == 1   ? (const void *)data.bytes
               : v.item_bytes == 2 ? (const void *)data.halves
                                   : (const void *)data.vector;
    if (distance == HB_DISTANCE_GROUND)
        make_ground(trial, &v, total);
    return v;
}

static int n_refills; /* over all trials: the case must be met */

static void compare(const struct hb_vectors *v, const struct hb_cluster_opts *o, uint32_t trial)
{
    static uint32_t got[N_MAX];
    static uint32_t want[N_MAX];
    struct hb_clusters clusters = {0};
    struct hb_clusters plain = {0};
    struct hb_err e = {0};
    uint64_t bad = 0;

    CHECK_OK(hb_cluster(v, o, got, &clusters, NULL, NULL, &e), e);
    n_refills += plain_cluster(v, data.vector, o, want, &plain);
    for (size_t i = 0; i < v->n; i++)
        bad += got[i] != want[i];
    if (bad > 0 || clusters.n != plain.n || clusters.cost != plain.cost)
        printf("# trial %u: n %zu numbers %u k %u: %llu labels differ\n", trial, v->n, v->numbers,
               o->k, (unsigned long long)bad);
    CHECK_EQ(bad, 0);
    CHECK_EQ(clusters.n, plain.n);
    CHECK_EQ(clusters.cost, plain.cost);
    CHECK_EQ(clusters.shift, v->distance == HB_DISTANCE_GROUND ? 0 : plain_cluster_shift(v));
}

static void labels_are_those_of_plain_lloyd(void)
{
    static const uint32_t totals[] = {1, 5, 46, 255, 1081, 2118760};
    static const uint32_t ks[] = {1, 2, 3, 7, 20, 60};

    for (uint32_t trial = 0; trial < 600; trial++) {
        enum hb_distance distance = (enum hb_distance)(trial % 3);
        uint32_t numbers = 2 + bits_of(trial, 900001) % (trial % 5 == 0 ? D_MAX - 2 : 18);
        struct hb_cluster_opts o = {
            .k = ks[trial % 6],
            .restarts = 1 + trial % 4,
            .iters = trial % 5 == 0 ? 1 + trial % 4 : 40,
            .tol_ppm = trial % 7 == 0 ? 20000 : 0,
            .seed = trial,
        };
        uint32_t total = totals[bits_of(trial, 900002) % 6];
        struct hb_vectors v;
        size_t n;

        if (distance == HB_DISTANCE_GROUND) { /* plainly it takes long */
            o.k = o.k < 20 ? o.k : 20;
            o.bound_bytes = trial % 4 == 0 ? 1 : 0; /* eight centres at a time */
        }
        n = 61 + bits_of(trial, 900003) % (trial % 3 == 0 ? 20 : 240);
        v = make_vectors(trial, distance, n, numbers, total);
        compare(&v, &o, trial);
    }
}

static void empty_clusters_are_refilled_as_plain_lloyd_does(void)
{
    n_refills = 0;
    for (uint32_t trial = 0; trial < 12000; trial++) {
        struct hb_cluster_opts o = {.k = 3 + trial % 7, .restarts = 1, .iters = 20, .seed = trial};
        enum hb_distance distance = (enum hb_distance)(trial % 3);
        struct hb_vectors v = make_vectors(trial, distance, 10 + trial % 19, 2 + trial % 3, 40);

        compare(&v, &o, trial);
    }
    printf("# %d refills\n", n_refills);
    CHECK(n_refills > 0);
}

static void single_numbers_cluster_too(void)
{
    struct hb_cluster_opts o = {.k = 9, .restarts = 2, .iters = 100, .seed = 5};

    for (uint32_t trial = 1000; trial < 1010; trial++) {
        struct hb_vectors v = make_vectors(trial, HB_DISTANCE_L2, 400, 1, 1980);

        compare(&v, &o, trial);
    }
}

static void as_many_clusters_as_vectors_keep_all_apart(void)
{
    struct hb_cluster_opts o = {.k = 50, .restarts = 1, .iters = 10, .seed = 1};
    static const uint16_t x[] = {9, 1, 5, 5, 1, 9, 2, 2}; /* of two numbers each */
    static const uint64_t weight[] = {1, 2, 3, 4};
    struct hb_vectors v = {4, 2, 2, HB_DISTANCE_L2, x, weight, 0, NULL};
    struct hb_clusters c = {0};
    struct hb_err e = {0};
    uint32_t label[4];

    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(c.n, 4);
    CHECK_EQ(label[3], 0);
    CHECK_EQ(label[0], 1); /* the first of equal sums */
    CHECK_EQ(label[1], 2);
    CHECK_EQ(label[2], 3);
    v.n = 1;
    o.k = 1;
    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(c.n, 1);
    CHECK_EQ(label[0], 0);
}

static void points_on_fewer_places_than_clusters_are_no_trouble(void)
{
    struct hb_cluster_opts o = {.k = 5, .restarts = 2, .iters = 10, .seed = 1};
    static uint32_t x[80];
    static uint64_t weight[40];
    struct hb_vectors v = {40, 2, 4, HB_DISTANCE_L2, x, weight, 0, NULL};
    struct hb_clusters c = {0};
    struct hb_err e = {0};
    uint32_t label[40];

    for (size_t i = 0; i < 40; i++) { /* three places, and dust that the scale cannot tell */
        x[2 * i] = (uint32_t)(1000000000 * (i % 3) + i);
        weight[i] = 1;
    }
    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(c.n, 3);
    CHECK_EQ(c.cost, 0);
    for (size_t i = 0; i < 40; i++)
        CHECK_EQ(label[i], i % 3);
    compare(&v, &o, 0);
}

/* ---- the distance ---- */

/* Least work to make one histogram of the other, by moving one entry at a time from the lowest
 * surplus to the lowest need: in one dimension, this greedy plan is optimal. Checked against all
 * plans below. */
static uint64_t all_plans(const int *from, const int *to, uint32_t n, uint32_t at, const int *need)
{
    int left[6];
    uint64_t best = UINT64_MAX;

    while (at < n && from[at] == 0)
        at++;
    if (at == n)
        return 0;
    for (uint32_t j = 0; j < n; j++) {
        int fewer[6];
        uint64_t rest;

        if (need[j] == 0)
            continue;
        memcpy(left, from, n * sizeof *left);
        memcpy(fewer, need, n * sizeof *fewer);
        left[at]--;
        fewer[j]--;
        rest = all_plans(left, to, n, at, fewer);
        rest += (uint64_t)llabs((long long)at - (long long)j);
        best = rest < best ? rest : best;
    }
    return best;
}

/* Two clusters of one heavy point each and a third vector between them: it goes to the one that an
 * exact transport solver says. */
static void the_earth_movers_distance_is_the_cost_of_the_best_plan(void)
{
    int decided = 0;

    for (uint32_t trial = 0; trial < 300; trial++) {
        uint32_t n = 3 + trial % 4;
        uint32_t total = 2 + trial % 4;
        struct hb_vectors v = make_vectors(5000 + 9 * trial + 8, HB_DISTANCE_EMD, 3, n, total);
        struct hb_cluster_opts o = {.k = 2, .restarts = 8, .iters = 1, .seed = trial};
        struct hb_clusters c = {0};
        struct hb_err e = {0};
        uint32_t label[3];
        uint64_t work[2];
        int h[3][6];

        for (uint32_t i = 0; i < 3; i++)
            for (uint32_t j = 0; j < n; j++)
                h[i][j] = (int)data.vector[i * n + j];
        data.weight[0] = data.weight[1] = 1000000;
        data.weight[2] = 1;
        work[0] = all_plans(h[2], h[0], n, 0, h[0]);
        work[1] = all_plans(h[2], h[1], n, 0, h[1]);
        if (work[0] == work[1] || all_plans(h[0], h[1], n, 0, h[1]) == 0)
            continue;
        CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
        if (c.n != 2 || label[0] == label[1])
            continue; /* seeded elsewhere */
        CHECK_EQ(label[2], label[work[0] < work[1] ? 0 : 1]);
        CHECK_EQ(c.cost, (work[0] < work[1] ? work[0] : work[1]) << c.shift);
        decided++;
    }
    CHECK(decided > 50);
}

/* ---- refusals and memory ---- */

static void impossible_requests_are_refused(void)
{
    static const uint8_t x[] = {1, 2, 3, 3};
    static const uint64_t good[] = {1, 1};
    static const uint64_t zero[] = {1, 0};
    static const uint64_t heavy[] = {UINT32_MAX, 1};
    static const uint32_t huge[] = {UINT32_MAX, 1, 1, UINT32_MAX};
    const struct hb_cluster_opts o = {.k = 1, .restarts = 1, .iters = 1};
    const struct hb_vectors v = {2, 2, 1, HB_DISTANCE_L2, x, good, 0, NULL};
    struct hb_clusters c;
    struct hb_err e = {0};
    uint32_t label[2];

#define REFUSED(vector_change, opts_change)                                                        \
    do {                                                                                           \
        struct hb_vectors w = v;                                                                   \
        struct hb_cluster_opts p = o;                                                              \
        vector_change;                                                                             \
        opts_change;                                                                               \
        CHECK_EQ(hb_cluster(&w, &p, label, &c, NULL, NULL, &e), HB_EUSAGE);                        \
    } while (0)
    REFUSED(, p.k = 0);
    REFUSED(, p.k = HB_CLUSTER_K_MAX + 1);
    REFUSED(, p.restarts = 0);
    REFUSED(, p.iters = 0);
    REFUSED(, p.tol_ppm = 1000001);
    REFUSED(w.n = 0, );
    REFUSED(w.numbers = 0, );
    REFUSED(w.numbers = HB_CLUSTER_NUMBERS_MAX + 1, );
    REFUSED((w.numbers = 1, w.distance = HB_DISTANCE_EMD), );
    REFUSED(w.distance = HB_DISTANCE_EMD, ); /* totals 3 and 6 */
    REFUSED(w.item_bytes = 3, );
    REFUSED(w.weight = zero, );
    REFUSED(w.weight = heavy, );
    REFUSED((w.vector = huge, w.item_bytes = 4), );
#undef REFUSED
    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &(struct hb_err){0}), e);
}

static void running_out_of_memory_is_an_error(void)
{
    struct hb_vectors v = make_vectors(3, HB_DISTANCE_L2, 50, 4, 100);
    struct hb_cluster_opts o = {.k = 5, .restarts = 2, .iters = 5, .seed = 2};
    int rc = HB_ENOMEM;
    long n = 1;

    for (; rc != HB_OK && n < 100; n++) {
        struct hb_clusters c;
        struct hb_err e = {0};
        uint32_t label[50];

        o.n_processes = n % 3 == 0 ? 2 : 1;
        hb_mem_fail_at(n);
        rc = hb_cluster(&v, &o, label, &c, NULL, NULL, &e);
        hb_mem_fail_at(0);
        if (rc == HB_OK && o.n_processes == 1)
            rc = HB_ENOMEM; /* two take longer */
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 8);
    for (rc = HB_ENOMEM, n = 1; rc != HB_OK && n < 100; n++) {
        static uint32_t weight[3000];
        static uint32_t id[3000];
        struct hb_points p = {0};

        for (uint32_t i = 0; i < 3000; i++)
            weight[i] = 1;
        hb_mem_fail_at(n);
        rc = hb_points_init(&p, 4, NULL);
        if (rc == HB_OK)
            rc = hb_points_add(&p, data.vector, weight, 3000, id, NULL);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_points_fini(&p);
    }
    CHECK_EQ(rc, HB_OK);
}

/* Labels by n processes against those by this one; in all a few rounds of a thousand points. */
static void compare_crew(const struct hb_vectors *v, struct hb_cluster_opts o, int n)
{
    static uint32_t alone[N_MAX];
    static uint32_t together[N_MAX];
    struct hb_clusters a = {0};
    struct hb_clusters b = {0};
    struct hb_err e = {0};

    o.gaps = true;
    CHECK_OK(hb_cluster(v, &o, alone, &a, NULL, NULL, &e), e);
    o.n_processes = n;
    CHECK_OK(hb_cluster(v, &o, together, &b, NULL, NULL, &e), e);
    CHECK(memcmp(alone, together, v->n * sizeof *alone) == 0);
    CHECK_EQ(a.n, b.n);
    CHECK_EQ(a.iters, b.iters);
    CHECK_EQ(a.cost, b.cost);
    CHECK(a.n != b.n || memcmp(a.gap, b.gap, (size_t)a.n * a.n * sizeof *a.gap) == 0);
    hb_clusters_fini(&a);
    hb_clusters_fini(&b);
}

static void labels_are_the_same_for_any_number_of_processes(void)
{
    for (int n = 2; n <= 5; n++)
        for (uint32_t trial = 0; trial < 3; trial++) {
            struct hb_cluster_opts o = {.k = 30, .restarts = 2, .iters = 12, .seed = trial};
            struct hb_vectors v = make_vectors(40 + trial, (enum hb_distance)trial, N_MAX, 12, 46);

            compare_crew(&v, o, n);
        }
    /* few points, so that clusters run empty and are refilled */
    for (uint32_t trial = 0; trial < 60; trial++) {
        struct hb_cluster_opts o = {.k = 3 + trial % 7, .restarts = 1, .iters = 20, .seed = trial};
        enum hb_distance distance = (enum hb_distance)(trial % 3);
        struct hb_vectors v = make_vectors(trial, distance, 10 + trial % 19, 2 + trial % 3, 40);

        compare_crew(&v, o, 2);
    }
}

/* The labels of one clustering, pinned: whatever compiler and processor run this. */
static void labels_are_the_same_everywhere(void)
{
    static uint32_t label[N_MAX];
    struct hb_vectors v = make_vectors(8, HB_DISTANCE_EMD, N_MAX, 50, 46);
    struct hb_cluster_opts o = {.k = 40, .restarts = 2, .iters = 30, .seed = 4};
    struct hb_clusters c = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(hb_xxh3(label, sizeof label), -1137686159785653921);
    v = make_vectors(7, HB_DISTANCE_L2, N_MAX, 8, 255);
    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(hb_xxh3(label, sizeof label), -7206237155938080120);
    v = make_vectors(5, HB_DISTANCE_GROUND, N_MAX, 60, 46);
    CHECK_OK(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), e);
    CHECK_EQ(hb_xxh3(label, sizeof label), 5324340810870973284);
}

int main(void)
{
    RUN(duplicates_are_found_and_weights_add_up);
    RUN(labels_are_those_of_plain_lloyd);
    RUN(empty_clusters_are_refilled_as_plain_lloyd_does);
    RUN(single_numbers_cluster_too);
    RUN(as_many_clusters_as_vectors_keep_all_apart);
    RUN(points_on_fewer_places_than_clusters_are_no_trouble);
    RUN(the_earth_movers_distance_is_the_cost_of_the_best_plan);
    RUN(impossible_requests_are_refused);
    RUN(running_out_of_memory_is_an_error);
    RUN(labels_are_the_same_for_any_number_of_processes);
    RUN(labels_are_the_same_everywhere);
    return check_done();
}
