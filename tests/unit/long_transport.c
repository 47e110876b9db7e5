/* Hold'em's flop hands over 200 clusters of turn hands: how near the transport is to the least cost, by
 * an exact solver, and whether it finds the same nearest centre. Takes a minute or two and 1 GB. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "abstraction/transport.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/feature.h"
#include "abstraction/host.h"
#include "abstraction/plugin.h"
#include "abstraction/points.h"
#include "abstraction/sparse.h"
#include "abstraction/weights.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cards/tally.h"
#include "check.h"
#include "exact.h"

#define K        200u
#define BINS     50u
#define HANDS    1326u
#define RUN_OUTS 47u /* from flop to turn */
#define MASS     (HB_TRANSPORT_MASS - HB_TRANSPORT_MASS % RUN_OUTS)
#define SAMPLES  1500u
#define SEARCHES 60u

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static const struct hb_iso *iso;
static uint8_t *turn;         /* [hands] cluster of each turn hand */
static uint32_t cost[K * K];  /* between those clusters */
static struct hb_points flop; /* histograms over them, uint8_t */
static uint32_t *label;       /* [flop.n] */
static uint32_t centre[K][K]; /* masses */
static struct hb_ground ground;

static void need(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    printf("Bail out! %s\n", e->msg);
    exit(1);
}

static void board_of(int street, uint32_t board, uint64_t *first, uint32_t *n_hands,
                     uint32_t *weight)
{
    uint8_t cards[HB_BOARD_MAX];
    uint32_t board_weight;

    hb_iso_board(iso, street, board, cards, &board_weight, first, n_hands);
    hb_weights(iso, HB_ISO_SET, street, *first, *n_hands, weight);
}

/* ---- clusters ---- */

/* Turn hands by emd; costs are the distances of their mean cumulative histograms, in units of 1/65536
 * of a histogram's total. */
static void cluster_turn(const struct hb_abstraction *abs, const struct hb_abs *a)
{
    static uint64_t sum[K][BINS];
    static uint64_t all[K];
    static uint8_t vector[HANDS][BINS];
    uint32_t weight[HANDS];
    uint32_t *point = NULL;
    uint32_t *bucket = NULL;
    struct hb_points p = {0};
    struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
    struct hb_clusters c;
    struct hb_vectors v = {.numbers = BINS, .item_bytes = 1, .distance = HB_DISTANCE_EMD};
    struct hb_err e = {0};
    uint64_t first;
    uint32_t n;

    o.k = K;
    need(hb_mem_new(&point, hb_iso_size(iso, 2), sizeof *point, "hands", &e), &e);
    need(hb_mem_new(&turn, hb_iso_size(iso, 2), 1, "hands", &e), &e);
    need(hb_points_init(&p, BINS, &e), &e);
    for (uint32_t board = 0; board < hb_iso_boards(iso, 2); board++) {
        board_of(2, board, &first, &n, weight);
        if (abs->vectors(a, 2, board, vector) != 0)
            exit(1);
        need(hb_points_add(&p, vector, weight, n, point + first, &e), &e);
    }
    need(hb_mem_new(&bucket, p.n, sizeof *bucket, "labels", &e), &e);
    v.n = p.n;
    v.vector = p.vector;
    v.weight = p.weight;
    need(hb_cluster(&v, &o, bucket, &c, NULL, NULL, &e), &e);
    for (uint64_t i = 0; i < hb_iso_size(iso, 2); i++)
        turn[i] = (uint8_t)bucket[point[i]];
    for (size_t i = 0; i < p.n; i++)
        for (uint32_t j = 0, total = 0; j < BINS; j++) {
            total += p.vector[i * BINS + j];
            sum[bucket[i]][j] += p.weight[i] * total;
            all[bucket[i]] += j == 0 ? p.weight[i] : 0;
        }
    for (size_t x = 0; x < K; x++)
        for (size_t y = 0; y < K; y++)
            for (uint32_t j = 0; j < BINS; j++) {
                uint64_t mean[2] = {sum[x][j] * 256 / all[x], sum[y][j] * 256 / all[y]};

                cost[x * K + y] += (uint32_t)llabs((long long)mean[0] - (long long)mean[1]);
            }
    hb_mem_free(point);
    hb_mem_free(bucket);
    hb_points_fini(&p);
}

static void cluster_flop(void)
{
    const struct hb_labels labels = {turn, 1, K};
    static uint8_t vector[HANDS][K];
    uint32_t weight[HANDS];
    uint32_t id[HANDS];
    void *rows = NULL;
    struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
    struct hb_clusters c;
    struct hb_vectors v = {.numbers = K,
                           .item_bytes = 1,
                           .distance = HB_DISTANCE_GROUND,
                           .entries = RUN_OUTS,
                           .ground = cost};
    struct hb_err e = {0};
    uint64_t first;
    uint32_t n;

    o.k = K;
    o.iters = 10;
    need(hb_points_init(&flop, K, &e), &e);
    for (uint32_t board = 0; board < hb_iso_boards(iso, 1); board++) {
        board_of(1, board, &first, &n, weight);
        need(hb_tally(iso, 1, board, 2, &labels, vector, 1, &e), &e);
        need(hb_points_add(&flop, vector, weight, n, id, &e), &e);
    }
    need(hb_mem_new(&rows, flop.n, hb_sparse_bytes(RUN_OUTS, 1), "rows", &e), &e);
    need(hb_sparse_pack(flop.vector, flop.n, K, 1, RUN_OUTS, rows, &e), &e);
    need(hb_mem_new(&label, flop.n, sizeof *label, "labels", &e), &e);
    v.n = flop.n;
    v.vector = rows;
    v.weight = flop.weight;
    need(hb_cluster(&v, &o, label, &c, NULL, NULL, &e), &e);
    CHECK_EQ(c.n, K);
    hb_mem_free(rows);
}

/* Means of the cumulative histograms, as masses. */
static void find_centres(void)
{
    static uint64_t sum[K][K];
    static uint64_t all[K];
    struct hb_err e = {0};

    for (size_t i = 0; i < flop.n; i++) {
        all[label[i]] += flop.weight[i];
        for (size_t j = 0; j < K; j++)
            sum[label[i]][j] += flop.weight[i] * flop.vector[i * K + j] * (MASS / RUN_OUTS);
    }
    for (size_t c = 0; c < K; c++)
        for (uint64_t j = 0, total = 0, before = 0; j < K; j++) {
            total += sum[c][j];
            centre[c][j] = (uint32_t)((2 * total + all[c]) / (2 * all[c]) - before);
            before += centre[c][j];
        }
    need(hb_ground_init(&ground, cost, K, &e), &e);
}

/* ---- against the exact solver ---- */

static uint64_t fast(size_t i, uint32_t c)
{
    struct hb_heap heap[RUN_OUTS];
    int16_t room[K];
    uint16_t bin[K];
    uint32_t n = 0;

    for (uint32_t j = 0; j < K; j++) {
        uint8_t count = flop.vector[i * K + j];

        room[j] = (int16_t)centre[c][j];
        bin[j] = (uint16_t)j;
        if (count > 0)
            heap[n++] = (struct hb_heap){(uint16_t)j, (uint16_t)(count * (MASS / RUN_OUTS))};
    }
    return hb_transport(&ground, heap, n, room, bin, UINT32_MAX);
}

static uint64_t exact(size_t i, uint32_t c)
{
    static uint32_t scaled[K * K];
    uint32_t from[K];

    for (size_t j = 0; j < (size_t)K * K; j++)
        scaled[j] = ground.cost[j];
    for (size_t j = 0; j < K; j++)
        from[j] = flop.vector[i * K + j] * (MASS / RUN_OUTS);
    return exact_transport(scaled, K, from, centre[c]);
}

static uint32_t draw(uint32_t which, uint32_t i, uint32_t below)
{
    uint32_t bits[4];

    hb_rng_block(79, i, 0, HB_RNG_TOOL, which, bits);
    return bits[0] % below;
}

static void measure(bool own, double *mean, double *worst)
{
    double sum = 0;
    uint32_t n = 0;
    uint64_t below = 0;

    *worst = 0;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        size_t i = draw(0, s, (uint32_t)flop.n);
        uint32_t c = own ? label[i] : draw(1, s, K);
        uint64_t least = exact(i, c);
        double ratio = least > 0 ? (double)fast(i, c) / (double)least : 1;

        below += fast(i, c) < least;
        sum += ratio;
        n++;
        *worst = ratio > *worst ? ratio : *worst;
    }
    *mean = sum / n;
    printf("# %s centre: mean %.4f, worst %.3f of %u\n", own ? "own" : "any", *mean, *worst, n);
    CHECK_EQ(below, 0);
}

static void the_cost_is_near_the_least(void)
{
    double mean;
    double worst;

    measure(true, &mean, &worst); /* as transport.h says */
    CHECK(mean < 1.10 && worst < 1.5);
    measure(false, &mean, &worst);
    CHECK(mean < 1.04 && worst < 1.5);
}

static void the_nearest_centre_is_mostly_the_same(void)
{
    uint32_t same = 0;
    double lost = 0;

    for (uint32_t s = 0; s < SEARCHES; s++) {
        size_t i = draw(2, s, (uint32_t)flop.n);
        uint64_t least = UINT64_MAX;
        uint64_t got = UINT64_MAX;
        uint64_t got_least = 0;

        for (uint32_t c = 0; c < K; c++) {
            uint64_t d = exact(i, c);
            uint64_t f = fast(i, c);

            least = d < least ? d : least;
            got_least = f < got ? d : got_least;
            got = f < got ? f : got;
        }
        same += got_least == least;
        lost += least > 0 ? (double)got_least / (double)least - 1 : 0;
    }
    printf("# nearest centre: %u of %u the same, %.3f %% farther\n", same, SEARCHES,
           100 * lost / SEARCHES);
    CHECK(same * 100 >= 95 * SEARCHES);
    CHECK(lost / SEARCHES < 0.005);
}

int main(int argc, char **argv)
{
    struct hb_shape shape = {sizeof shape, 13, 4, 2, 4, {0, 3, 4, 5}, 1u << 2};
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    struct hb_services *s = NULL;
    struct hb_plugin emd;
    struct hb_abs *a;
    struct hb_err e = {0};
    char why[256] = "";
    char dirs[1100];

    if (slash == NULL)
        return 1;
    *slash = '\0'; /* build/tests */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    need(hb_services_new(&holdem, 4, NULL, &s, &e), &e);
    need(hb_services_iso(s, HB_ISO_SET, &iso, &e), &e);
    need(hb_plugin_load("emd", dirs, &emd, &e), &e);
    a = emd.abs->create(hb_services_host(s), &shape, "", why, sizeof why);
    need(a != NULL ? HB_OK : hb_fail(&e, HB_EPLUGIN, "%s", why), &e);
    cluster_turn(emd.abs, a);
    emd.abs->destroy(a);
    cluster_flop();
    find_centres();
    RUN(the_cost_is_near_the_least);
    RUN(the_nearest_centre_is_mostly_the_same);
    hb_ground_fini(&ground);
    hb_points_fini(&flop);
    hb_mem_free(turn);
    hb_mem_free(label);
    hb_services_free(s);
    return check_done();
}
