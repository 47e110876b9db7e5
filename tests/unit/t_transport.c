/* The transport is the plan that its header describes, and near the least cost that there is. */
#include "abstraction/transport.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/sparse.h"
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "exact.h"

#define N_MAX 60u

static uint32_t n;
static uint32_t cost[N_MAX * N_MAX];
static uint32_t from[N_MAX];
static uint32_t to[N_MAX];

static uint32_t bits_of(uint32_t trial, uint32_t i)
{
    uint32_t r[4];

    hb_rng_block(78, trial, 0, HB_RNG_TOOL, i / 4, r);
    return r[i % 4];
}

/* ---- places and histograms ---- */

static uint32_t gap(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* Costs between random points of `dims` dimensions, numbered by the first of them; 0: no geometry. */
static void make_costs(uint32_t trial, uint32_t dims)
{
    static uint32_t x[N_MAX][3];
    uint32_t at = 0;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < 3; j++)
            x[i][j] = j == 0 && i > 0 ? x[i - 1][0] + bits_of(trial, at++) % 40
                                      : bits_of(trial, at++) % (20 * n);
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b <= a; b++) {
            uint32_t sum = 0;

            for (uint32_t j = 0; j < dims; j++)
                sum += gap(x[a][j], x[b][j]);
            if (dims == 0)
                sum = bits_of(trial, at++) % 1000;
            cost[a * n + b] = cost[b * n + a] = a == b ? 0 : sum;
        }
}

/* `total` entries on about `spread` bins. */
static void make_histogram(uint32_t trial, uint32_t which, uint32_t total, uint32_t spread,
                           uint32_t *h)
{
    uint32_t at = 100000 * which;

    memset(h, 0, n * sizeof *h);
    for (uint32_t left = total; left > 0;) {
        uint32_t some = 1 + bits_of(trial, at++) % (1 + total / spread);

        some = some < left ? some : left;
        h[bits_of(trial, at++) % n] += some;
        left -= some;
    }
}

/* ---- the plan, plainly ---- */

static bool is_nearer(uint32_t a, uint32_t b, uint32_t c)
{
    if (b == a || c == a)
        return b == a && c != a;
    return cost[a * n + b] != cost[a * n + c] ? cost[a * n + b] < cost[a * n + c] : b < c;
}

/* The bin that r others are nearer to a than. */
static uint32_t ranked(uint32_t a, uint32_t r)
{
    for (uint32_t b = 0; b < n; b++) {
        uint32_t before = 0;

        for (uint32_t c = 0; c < n; c++)
            before += is_nearer(a, c, b);
        if (before == r)
            return b;
    }
    return n;
}

static uint64_t move(uint32_t *left, uint32_t *room, uint32_t a, uint32_t b)
{
    uint32_t some = left[a] < room[b] ? left[a] : room[b];

    left[a] -= some;
    room[b] -= some;
    return (uint64_t)some * cost[a * n + b];
}

static uint64_t plain(void)
{
    uint32_t left[N_MAX];
    uint32_t room[N_MAX];
    uint64_t sum = 0;

    memcpy(left, from, sizeof left);
    memcpy(room, to, sizeof room);
    for (uint32_t r = 0; r < HB_TRANSPORT_RANKS && r < n; r++)
        for (uint32_t a = 0; a < n; a++)
            sum += move(left, room, a, ranked(a, r));
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t b = 0; b < n; b++)
            sum += move(left, room, a, b);
    return sum;
}

/* ---- the library's ---- */

static uint64_t fast(const struct hb_ground *g, uint32_t limit)
{
    struct hb_heap heap[N_MAX];
    uint16_t bin[N_MAX];
    int16_t room[N_MAX];
    uint32_t n_heaps = 0;
    uint32_t n_bins = 0;

    for (uint32_t i = 0; i < n; i++) {
        room[i] = (int16_t)to[i];
        if (from[i] > 0)
            heap[n_heaps++] = (struct hb_heap){(uint16_t)i, (uint16_t)from[i]};
        if (to[i] > 0)
            bin[n_bins++] = (uint16_t)i;
    }
    return hb_transport(g, heap, n_heaps, room, bin, limit);
}

static void the_plan_is_the_one_described(void)
{
    uint64_t n_cut = 0;

    for (uint32_t trial = 0; trial < 3000; trial++) {
        uint32_t total = 1 + bits_of(trial, 1) % (trial % 2 == 0 ? 60 : HB_TRANSPORT_MASS);
        struct hb_ground g;
        struct hb_err e = {0};
        uint64_t want;
        uint32_t limit;
        uint64_t got;

        n = 1 + bits_of(trial, 2) % (trial % 4 == 0 ? N_MAX : 20);
        make_costs(trial, trial % 4);
        make_histogram(trial, 1, total, 1 + trial % 13, from);
        make_histogram(trial, 2, total, 1 + trial % 31, to);
        CHECK_OK(hb_ground_init(&g, cost, n, &e), e);
        want = plain();
        CHECK_EQ(fast(&g, UINT32_MAX), want);
        CHECK_EQ(fast(&g, (uint32_t)want), want);
        limit = (uint32_t)(want * (bits_of(trial, 3) % 100) / 100);
        got = fast(&g, limit);
        CHECK(got <= want && (got > limit || got == want));
        n_cut += got < want;
        hb_ground_fini(&g);
    }
    CHECK(n_cut > 100);
}

/* ---- how near it is ---- */

/* Least cost by trying all plans. */
static uint64_t all_plans(uint32_t *left, uint32_t *room, uint32_t a)
{
    uint64_t best = UINT64_MAX;

    while (a < n && left[a] == 0)
        a++;
    if (a == n)
        return 0;
    for (uint32_t b = 0; b < n; b++) {
        uint64_t sum;

        if (room[b] == 0)
            continue;
        left[a]--;
        room[b]--;
        sum = cost[a * n + b] + all_plans(left, room, a);
        left[a]++;
        room[b]++;
        best = sum < best ? sum : best;
    }
    return best;
}

static void the_exact_solver_finds_the_least_cost(void)
{
    for (uint32_t trial = 0; trial < 300; trial++) {
        uint32_t total = 1 + trial % 6;

        n = 2 + trial % 4;
        make_costs(trial, trial % 3);
        make_histogram(trial, 1, total, 4, from);
        make_histogram(trial, 2, total, 4, to);
        CHECK_EQ(exact_transport(cost, n, from, to), all_plans(from, to, 0));
    }
}

/* Mean and worst ratio to the least cost over random histograms; never below. */
static void measure(uint32_t dims, double *mean, double *worst)
{
    uint64_t below = 0;
    uint32_t n_trials = 0;
    double sum = 0;

    *worst = 0;
    for (uint32_t trial = 0; trial < 400; trial++) {
        struct hb_ground g;
        struct hb_err e = {0};
        uint64_t least;
        uint64_t got;

        n = 20 + trial % 40;
        make_costs(trial, dims);
        make_histogram(trial, 1, 47 * 20, 4 + trial % 20, from);
        make_histogram(trial, 2, 47 * 20, 20 + trial % 80, to);
        CHECK_OK(hb_ground_init(&g, cost, n, &e), e);
        got = fast(&g, UINT32_MAX);
        hb_ground_fini(&g);
        least = exact_transport(cost, n, from, to);
        below += got < least;
        if (least == 0)
            continue;
        sum += (double)got / (double)least;
        *worst = (double)got / (double)least > *worst ? (double)got / (double)least : *worst;
        n_trials++;
    }
    *mean = sum / n_trials;
    printf("# %u dimensions: mean %.4f, worst %.3f of %u\n", dims, *mean, *worst, n_trials);
    CHECK_EQ(below, 0);
    CHECK(n_trials > 350);
}

static void the_cost_is_near_the_least(void)
{
    double mean;
    double worst;

    for (uint32_t dims = 1; dims <= 3; dims++) {
        measure(dims, &mean, &worst);
        CHECK(mean < 1.16 && worst < 1.5); /* as transport.h says */
    }
}

/* ---- costs ---- */

static void large_costs_are_scaled_upwards(void)
{
    struct hb_ground g;
    struct hb_err e = {0};

    n = 3;
    memset(cost, 0, sizeof cost);
    cost[1] = cost[3] = 2147483647;
    cost[2] = cost[6] = 65537;
    cost[5] = cost[7] = 1;
    CHECK_OK(hb_ground_init(&g, cost, n, &e), e);
    CHECK_EQ(g.shift, -16);
    CHECK_EQ(g.cost[1], 32768);
    CHECK_EQ(g.cost[2], 2);
    CHECK_EQ(g.cost[5], 1);
    hb_ground_fini(&g);
    cost[1] = cost[3] = 65535;
    cost[2] = cost[6] = 1;
    CHECK_OK(hb_ground_init(&g, cost, n, &e), e);
    CHECK_EQ(g.shift, 0);
    CHECK_EQ(g.cost[1], 65535);
    hb_ground_fini(&g);
}

static void costs_that_are_none_are_refused(void)
{
    struct hb_ground g;

    n = 2;
    memset(cost, 0, sizeof cost);
    CHECK_EQ(hb_ground_init(&g, cost, 0, NULL), HB_EUSAGE);
    CHECK_EQ(hb_ground_init(&g, cost, HB_TRANSPORT_BINS + 1, NULL), HB_EUSAGE);
    cost[1] = 1;
    CHECK_EQ(hb_ground_init(&g, cost, n, NULL), HB_EUSAGE);
    cost[2] = 1;
    CHECK_OK(hb_ground_init(&g, cost, n, NULL), ((struct hb_err){0}));
    hb_ground_fini(&g);
    cost[3] = 1;
    CHECK_EQ(hb_ground_init(&g, cost, n, NULL), HB_EUSAGE);
    cost[3] = 0;
    cost[1] = cost[2] = 0x80000000u;
    CHECK_EQ(hb_ground_init(&g, cost, n, NULL), HB_EUSAGE);
    cost[1] = cost[2] = 5;
    for (long at = 1; at <= 4; at++) {
        hb_mem_fail_at(at);
        CHECK_EQ(hb_ground_init(&g, cost, n, NULL), HB_ENOMEM);
        hb_mem_fail_at(0);
    }
}

/* ---- sparse rows ---- */

static void rows_hold_what_is_not_zero(void)
{
    static const uint32_t widths[] = {1, 2, 4};
    static uint8_t vector[2 * 300 * 4];
    static uint8_t row[2 * 40 * 6];

    for (uint32_t trial = 0; trial < 300; trial++) {
        uint32_t width = widths[trial % 3];
        uint32_t numbers = 1 + bits_of(trial, 7) % 300;
        uint32_t entries = numbers < 40 ? numbers : 40;
        uint64_t bad = 0;

        memset(vector, 0, sizeof vector);
        for (uint32_t i = 0; i < 40; i++) /* each byte of a number matters */
            vector[(bits_of(trial, 8 + i) % numbers) * width + i % width] = (uint8_t)(i + 1);
        CHECK_OK(hb_sparse_pack(vector, 2, numbers, width, entries, row, NULL),
                 ((struct hb_err){0}));
        for (uint32_t which = 0; which < 2; which++) {
            const uint8_t *v = vector + (size_t)which * numbers * width;
            const uint8_t *r = row + (size_t)which * hb_sparse_bytes(entries, width);
            uint32_t at = 0;

            for (uint32_t j = 0; j < numbers; j++) {
                uint64_t x = 0;

                memcpy(&x, v + (size_t)j * width, width);
                if (x == 0)
                    continue;
                bad += hb_sparse_place(r, at) != j;
                bad += hb_sparse_number(r, entries, width, at) != x;
                at++;
            }
            for (; at < entries; at++)
                bad += hb_sparse_place(r, at) != 0 || hb_sparse_number(r, entries, width, at) != 0;
        }
        CHECK_EQ(bad, 0);
    }
    memset(vector, 1, sizeof vector);
    CHECK_EQ(hb_sparse_pack(vector, 1, 41, 1, 40, row, NULL), HB_EUSAGE);
}

int main(void)
{
    RUN(the_plan_is_the_one_described);
    RUN(the_exact_solver_finds_the_least_cost);
    RUN(the_cost_is_near_the_least);
    RUN(large_costs_are_scaled_upwards);
    RUN(costs_that_are_none_are_refused);
    RUN(rows_hold_what_is_not_zero);
    return check_done();
}
