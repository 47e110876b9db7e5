/* Feature plugins: arguments, refusals, and that emd and ochs are what enumeration and a clustering
 * of it give, hand by hand. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include "abstraction/feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "abstraction/points.h"
#include "abstraction/sparse.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cards/equity.h"
#include "cards/eval.h"
#include "check.h"

static char dirs[1100];
static char scratch[] = "/tmp/hb-t-feature-XXXXXX";
static char file[64];

static const struct hb_deck leduc = {3, 2, 1, 2, {0, 1}};
static const struct hb_deck small[] = {
    {3, 2, 1, 2, {0, 1}},       {6, 1, 1, 1, {0}},          {4, 3, 2, 3, {0, 1, 2}},
    {4, 2, 1, 4, {0, 1, 2, 3}}, {3, 4, 2, 4, {0, 1, 2, 3}}, {5, 2, 2, 2, {0, 2}},
};
#define N_SMALL   ((int)(sizeof small / sizeof small[0]))
#define HANDS_MAX 60000

/* The same plugin on all streets but the last of those, which gets `last`. */
static int build_two(const struct hb_deck *deck, unsigned streets, const char *plugin,
                     const char *args, const char *last, const char *last_args, struct hb_err *e)
{
    struct hb_cards_spec spec = {0};
    bool need[HB_STREETS];

    for (int s = 0; s < HB_STREETS; s++) {
        need[s] = streets >> s & 1;
        spec.street[s].given = true;
        (void)snprintf(spec.street[s].plugin, HB_PLUGIN_NAME_MAX, "%s",
                       streets >> (s + 1) != 0 ? plugin : last);
        (void)snprintf(spec.street[s].args, HB_PLUGIN_ARGS_MAX, "%s",
                       streets >> (s + 1) != 0 ? args : last_args);
    }
    return hb_buckets_build(deck, need, &spec, file,
                            &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2}, NULL,
                            e);
}

static int build(const struct hb_deck *deck, unsigned streets, const char *plugin, const char *args,
                 struct hb_err *e)
{
    return build_two(deck, streets, plugin, args, plugin, args, e);
}

/* ---- arguments ---- */

static void arguments_are_split_between_host_and_plugin(void)
{
    static const struct {
        const char *args, *rest;
        uint32_t k, restarts, iters, tol;
        uint64_t seed;
    } good[] = {
        {"k=200", "", 200, 1, 50, 1000, 1},
        {"bins=30,k=7,seed=0,x", "bins=30,x", 7, 1, 50, 1000, 0},
        {"k=65536,restarts=1000,iters=100000,tol=0,seed=4294967295", "", 65536, 1000, 100000, 0,
         4294967295u},
        {"kk=1,k=2,tolerance=3,k", "kk=1,tolerance=3,k", 2, 1, 50, 1000, 1},
    };
    static const char *const bad[] = {"",
                                      "k",
                                      "k=",
                                      "k=0",
                                      "k=65537",
                                      "k=1,k=1",
                                      "k=-1",
                                      "k=01",
                                      "k=1 ",
                                      "k=1,",
                                      "K=1",
                                      "k=1,seed=4294967296",
                                      "k=1.5",
                                      "seed=1",
                                      "k=1,tol=1000001",
                                      "k=99999999999999999999999"};
    struct hb_cluster_opts o;
    char rest[64];
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_OK(hb_feature_args(good[i].args, &o, rest, sizeof rest, &e), e);
        CHECK_STR(rest, good[i].rest);
        CHECK_EQ(o.k, good[i].k);
        CHECK_EQ(o.restarts, good[i].restarts);
        CHECK_EQ(o.iters, good[i].iters);
        CHECK_EQ(o.tol_ppm, good[i].tol);
        CHECK_EQ(o.seed, good[i].seed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(hb_feature_args(bad[i], &o, rest, sizeof rest, NULL), HB_EPLUGIN);
    CHECK_EQ(hb_feature_args("k=123456", &o, rest, 8, NULL), HB_EPLUGIN);
}

/* ---- plugins that misbehave ---- */

static void a_feature_plugin_that_misbehaves_is_named_and_leaves_no_file(void)
{
    static const struct {
        const char *args, *say;
    } bad[] = {
        {"k=2,shape=null", "without a number"},
        {"k=2,shape=none", "without a number"},
        {"k=2,shape=zero", "without a number"},
        {"k=2,shape=many", "vectors of 1025 numbers"},
        {"k=2,shape=bytes", "numbers of 3 bytes"},
        {"k=2,shape=emd1", "vectors of 1 numbers; 2 to 1024"},
        {"k=2,shape=distance", "no distance 'taxi'"},
        {"k=2,totals", "a histogram counts"},
        {"k=2,shape=ground", "distance 'ground' without costs"},
        {"k=2,shape=ground-skew", "from bin 0 to 1 it is 1, but back 2"},
        {"k=2,shape=ground-totals", "a histogram counts"},
        {"k=2,shape=ground-full", "a histogram has 2 bins that are not empty, more than 1"},
        {"k=2,fail", "plugin 'test.features' fails at board 2"},
        {"k=2,rounds", "wants rounds apart"},
        {"k=2,host", "as it should"},
        {"good", "must say 'k=N'"},
    };

    (void)unlink(file);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hb_err e = {0};

        CHECK_EQ(build(&leduc, 2, "features", bad[i].args, &e), HB_EPLUGIN);
        if (strstr(e.msg, bad[i].say) == NULL) {
            printf("# %s: '%s'\n", bad[i].args, e.msg);
            CHECK(0);
        }
        CHECK(access(file, F_OK) != 0);
    }
}

static void vectors_become_buckets(void)
{
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    uint8_t cards[HB_HAND_MAX];
    uint64_t bad = 0;

    CHECK_OK(build(&small[2], 4, "features", "k=100,good", &e), e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(b.street[2].n_buckets, 15); /* vectors that there are */
    for (uint64_t i = 0; i < b.street[2].n_hands; i++) {
        /* numbered by the sum of the numbers, of equals the first to appear first */
        hb_iso_cards(b.iso[HB_ISO_SET], 2, i, cards);
        for (uint64_t j = 0; j < i && j < 40; j++) {
            uint8_t other[HB_HAND_MAX];
            uint64_t x = i % 5 + 2 * (i % 3);
            uint64_t y = j % 5 + 2 * (j % 3);
            uint32_t bucket = hb_buckets_of(&b, 2, cards);

            hb_iso_cards(b.iso[HB_ISO_SET], 2, j, other);
            bad += (bucket == hb_buckets_of(&b, 2, other)) != (i % 15 == j % 15);
            bad += x < y && bucket > hb_buckets_of(&b, 2, other);
        }
    }
    CHECK_EQ(bad, 0);
    hb_buckets_fini(&b);
}

/* ---- emd and ochs against enumeration ---- */

static uint32_t vector[HANDS_MAX][52];
static uint32_t weight[HANDS_MAX];
static uint32_t id[HANDS_MAX];
static uint32_t label[HANDS_MAX];
static uint64_t n_hands;
static uint32_t n_numbers;

/* Score of a hand on the last street against the opponents of one cluster (all: clusters NULL). */
static uint32_t score_of(const struct hb_deck *deck, const uint8_t *cards,
                         const uint8_t cluster[52][52], uint32_t wanted, uint32_t *n)
{
    int n_cards = deck->n_hole + deck->n_board[deck->n_streets - 1];
    uint32_t own = hb_eval(cards, n_cards);
    uint8_t other[HB_HAND_MAX];
    uint32_t score = 0;

    *n = 0;
    memcpy(other, cards, (size_t)n_cards);
    for (uint8_t a = 0; a < HB_CARDS; a++)
        for (uint8_t b = a; b < HB_CARDS; b++) {
            uint32_t strength;

            if ((a == b) != (deck->n_hole == 1) || !hb_deck_has(deck, a) || !hb_deck_has(deck, b) ||
                memchr(cards, a, (size_t)n_cards) != NULL ||
                memchr(cards, b, (size_t)n_cards) != NULL ||
                (cluster != NULL && cluster[a][b] != wanted))
                continue;
            other[0] = a;
            other[deck->n_hole - 1] = b;
            strength = hb_eval(other, n_cards);
            ++*n;
            score += own > strength ? 2 : own == strength;
        }
    return score;
}

static void histogram(const struct hb_deck *deck, uint8_t *cards, int n, int from_card,
                      uint32_t bins, uint32_t *count)
{
    if (n == deck->n_hole + deck->n_board[deck->n_streets - 1]) {
        uint32_t n_opponents;
        uint32_t score = score_of(deck, cards, NULL, 0, &n_opponents);
        uint32_t bin = score * bins / (2 * n_opponents);

        count[bin < bins ? bin : bins - 1]++;
        return;
    }
    for (int card = from_card; card < HB_CARDS; card++)
        if (hb_deck_has(deck, (uint8_t)card) && memchr(cards, card, (size_t)n) == NULL) {
            cards[n] = (uint8_t)card;
            histogram(deck, cards, n + 1, card + 1, bins, count);
        }
}

static void all_histograms(const struct hb_iso *iso, int street, uint32_t bins)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    uint8_t cards[HB_HAND_MAX + 1];

    n_hands = hb_iso_size(iso, street);
    n_numbers = bins;
    memset(vector, 0, sizeof vector);
    for (uint64_t i = 0; i < n_hands; i++) {
        weight[i] = (uint32_t)hb_iso_weight(iso, street, i);
        hb_iso_cards(iso, street, i, cards);
        histogram(deck, cards, deck->n_hole + deck->n_board[street], 0, bins, vector[i]);
    }
}

/* Duplicates out, cluster, labels of the hands into label[]. */
static void cluster_all(enum hb_distance distance, const uint32_t *ground,
                        const struct hb_cluster_opts *o, struct hb_clusters *c)
{
    static uint32_t packed[HANDS_MAX * 52];
    static uint32_t of_point[HANDS_MAX];
    static uint8_t rows[HANDS_MAX * 52 * 6];
    struct hb_points p;
    struct hb_vectors v;
    struct hb_err e = {0};

    for (size_t i = 0; i < n_hands; i++)
        memcpy(packed + i * n_numbers, vector[i], n_numbers * sizeof packed[0]);
    CHECK_OK(hb_points_init(&p, n_numbers * (uint32_t)sizeof packed[0], &e), e);
    CHECK_OK(hb_points_add(&p, packed, weight, (size_t)n_hands, id, &e), e);
    v = (struct hb_vectors){p.n, n_numbers, sizeof packed[0], distance, p.vector, p.weight,
                            0,   NULL};
    if (ground != NULL) {
        v.ground = ground;
        v.entries = n_numbers;
        CHECK_OK(hb_sparse_pack(p.vector, p.n, n_numbers, sizeof packed[0], n_numbers, rows, &e),
                 e);
        v.vector = rows;
    }
    CHECK_OK(hb_cluster(&v, o, of_point, c, NULL, NULL, &e), e);
    for (size_t i = 0; i < n_hands; i++)
        label[i] = of_point[id[i]];
    hb_points_fini(&p);
}

static uint32_t cluster_some(enum hb_distance distance, const struct hb_cluster_opts *o)
{
    struct hb_clusters c = {0};

    cluster_all(distance, NULL, o, &c);
    return c.n;
}

/* The file's buckets of a street are label[]. */
static void compare_file(int street, const char *what, uint32_t n_buckets)
{
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    uint8_t cards[HB_HAND_MAX];
    uint64_t bad = 0;

    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(b.street[street].n_buckets, n_buckets);
    for (uint64_t i = 0; i < n_hands && b.iso[HB_ISO_SET] != NULL; i++) {
        hb_iso_cards(b.iso[HB_ISO_SET], street, i, cards);
        bad += hb_buckets_of(&b, street, cards) != label[i];
    }
    if (bad > 0)
        printf("# %s on street %d of %d\n", what, street, b.deck.n_streets);
    CHECK_EQ(bad, 0);
    hb_buckets_fini(&b);
}

static void compare(const struct hb_deck *deck, int street, const char *plugin, const char *args,
                    uint32_t n_buckets)
{
    struct hb_err e = {0};

    CHECK_OK(build(deck, 1u << street, plugin, args, &e), e);
    compare_file(street, args, n_buckets);
}

static void emd_clusters_equity_histograms(void)
{
    for (int d = 0; d < N_SMALL; d++) {
        struct hb_iso *iso = NULL;
        struct hb_err e = {0};

        CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
        for (int s = 0; s + 1 < small[d].n_streets; s++)
            for (uint32_t k = 3; k < 12; k += 7) {
                struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
                char args[64];

                o.k = k;
                o.seed = 5;
                (void)snprintf(args, sizeof args, k == 3 ? "k=%u,seed=5" : "k=%u,bins=7,seed=5", k);
                all_histograms(iso, s, k == 3 ? 50 : 7);
                compare(&small[d], s, "emd", args, cluster_some(HB_DISTANCE_EMD, &o));
            }
        hb_iso_free(iso);
    }
}

static void all_scores(const struct hb_iso *iso)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    int last = deck->n_streets - 1;
    uint8_t cards[HB_HAND_MAX];
    uint32_t n;

    n_hands = hb_iso_size(iso, last);
    n_numbers = 1;
    for (uint64_t i = 0; i < n_hands; i++) {
        weight[i] = (uint32_t)hb_iso_weight(iso, last, i);
        hb_iso_cards(iso, last, i, cards);
        vector[i][0] = score_of(deck, cards, NULL, 0, &n);
    }
}

static void emd_on_the_last_street_clusters_equities(void)
{
    for (int d = 0; d < N_SMALL; d++) {
        struct hb_cluster_opts o = {.k = 6, .restarts = 2, .iters = 50, .tol_ppm = 0, .seed = 1};
        int last = small[d].n_streets - 1;
        struct hb_iso *iso = NULL;
        struct hb_err e = {0};

        CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
        all_scores(iso);
        compare(&small[d], last, "emd", "k=6,restarts=2,tol=0", cluster_some(HB_DISTANCE_L2, &o));
        hb_iso_free(iso);
    }
}

/* The definition of plugins/ochs.c, by enumeration. */
static void ochs_vectors(const struct hb_iso *iso, uint32_t n_clusters)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
    int last = deck->n_streets - 1;
    static uint8_t cluster[52][52];
    uint8_t cards[HB_HAND_MAX];
    uint32_t found;

    all_histograms(iso, 0, 50);
    o.k = n_clusters;
    found = cluster_some(HB_DISTANCE_EMD, &o);
    for (uint8_t a = 0; a < HB_CARDS; a++)
        for (uint8_t b = a; b < HB_CARDS; b++)
            if ((a == b) == (deck->n_hole == 1) && hb_deck_has(deck, a) && hb_deck_has(deck, b)) {
                const uint8_t own[2] = {a, b};

                cluster[a][b] = (uint8_t)label[hb_iso_index(iso, 0, own)];
            }
    n_hands = hb_iso_size(iso, last);
    n_numbers = found;
    for (uint64_t i = 0; i < n_hands; i++) {
        uint32_t n;

        weight[i] = (uint32_t)hb_iso_weight(iso, last, i);
        hb_iso_cards(iso, last, i, cards);
        for (uint32_t c = 0; c < found; c++) {
            uint32_t score = score_of(deck, cards, (const uint8_t(*)[52])cluster, c, &n);

            if (n == 0)
                score = score_of(deck, cards, NULL, 0, &n);
            vector[i][c] = (255 * score + n) / (2 * n);
        }
    }
}

static void ochs_clusters_equities_against_clusters(void)
{
    for (int d = 0; d < N_SMALL; d++)
        for (uint32_t n = 1; n <= 8; n += (uint32_t)d % 3 + 2) {
            struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
            struct hb_iso *iso = NULL;
            struct hb_err e = {0};
            char args[64];

            CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
            ochs_vectors(iso, n);
            o.k = 10;
            (void)snprintf(args, sizeof args, "k=10,clusters=%u", n);
            compare(&small[d], small[d].n_streets - 1, "ochs", args,
                    cluster_some(HB_DISTANCE_L2, &o));
            hb_iso_free(iso);
        }
}

/* ---- potential against enumeration ---- */

static void count_next(const struct hb_iso *iso, int street, uint8_t *cards, int n, int from_card,
                       const uint32_t *bucket, uint32_t *count)
{
    const struct hb_deck *deck = hb_iso_deck(iso);

    if (n == deck->n_hole + deck->n_board[street]) {
        count[bucket[hb_iso_index(iso, street, cards)]]++;
        return;
    }
    for (int card = from_card; card < HB_CARDS; card++)
        if (hb_deck_has(deck, (uint8_t)card) && memchr(cards, card, (size_t)n) == NULL) {
            cards[n] = (uint8_t)card;
            count_next(iso, street, cards, n + 1, card + 1, bucket, count);
        }
}

/* Histograms of the hands of a street over the buckets of the next one, label[] now. */
static void next_histograms(const struct hb_iso *iso, int street, uint32_t n_buckets)
{
    static uint32_t bucket[HANDS_MAX];
    const struct hb_deck *deck = hb_iso_deck(iso);
    uint8_t cards[HB_HAND_MAX + 1];

    memcpy(bucket, label, sizeof bucket);
    n_hands = hb_iso_size(iso, street);
    n_numbers = n_buckets;
    memset(vector, 0, sizeof vector);
    for (uint64_t i = 0; i < n_hands; i++) {
        weight[i] = (uint32_t)hb_iso_weight(iso, street, i);
        hb_iso_cards(iso, street, i, cards);
        count_next(iso, street + 1, cards, deck->n_hole + deck->n_board[street], 0, bucket,
                   vector[i]);
    }
}

/* Streets from the one before the last to the first, each by the one after it. */
static void potential_streets(const struct hb_deck *deck, const struct hb_iso *iso, uint32_t k)
{
    struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
    int last = deck->n_streets - 1;
    struct hb_clusters c = {0};
    char args[32];

    o.k = k;
    o.seed = 3;
    o.gaps = true;
    (void)snprintf(args, sizeof args, "k=%u,seed=3", k);
    all_scores(iso);
    cluster_all(HB_DISTANCE_L2, NULL, &o, &c);
    for (int s = last - 1; s >= 0; s--) {
        struct hb_clusters next = c;
        struct hb_err e = {0};

        next_histograms(iso, s, next.n);
        cluster_all(HB_DISTANCE_GROUND, next.gap, &o, &c);
        CHECK_OK(build_two(deck, (2u << last) - (1u << s), "potential", args, "emd", args, &e), e);
        compare_file(s, "potential", c.n);
        hb_clusters_fini(&next);
    }
    hb_clusters_fini(&c);
}

static void potential_clusters_histograms_of_the_next_streets_buckets(void)
{
    for (int d = 0; d < N_SMALL; d++)
        for (uint32_t k = 4; k < 40 && small[d].n_streets > 1; k += 9) {
            struct hb_iso *iso = NULL;
            struct hb_err e = {0};

            CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
            potential_streets(&small[d], iso, k);
            hb_iso_free(iso);
        }
}

static void potential_says_why_it_cannot_be(void)
{
    static const struct {
        unsigned streets;
        const char *args, *last, *last_args, *say;
    } bad[] = {
        {1, "", "potential", "k=4", "the last street has no next one"},
        {2, "", "potential", "k=4", "the turn has no buckets in this run"},
        {7, "k=4", "ehs", "k=4",
         "plugin 'hb.ehs' makes the buckets of the turn, without distances"},
        {7, "k=4", "lossless", "", "plugin 'hb.lossless' makes the buckets of the turn"},
        {7, "k=4", "emd", "k=8193", "plugin 'hb.emd' makes the buckets of the turn"},
        {7, "k=4,bins=2", "emd", "k=4", "arguments are those of the clustering, not 'bins=2'"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hb_err e = {0};
        const struct hb_deck *deck = i == 0 ? &small[1] : &small[2];

        CHECK_EQ(build_two(deck, bad[i].streets, "potential", bad[i].args, bad[i].last,
                           bad[i].last_args, &e),
                 HB_EPLUGIN);
        if (strstr(e.msg, bad[i].say) == NULL) {
            printf("# '%s', not '%s'\n", e.msg, bad[i].say);
            CHECK(0);
        }
    }
}

static void run_out(unsigned streets, const char *plugin, const char *last)
{
    int rc = HB_ENOMEM;
    long n = 1;

    for (; rc != HB_OK && n < 1000; n++) {
        struct hb_err e = {0};

        hb_mem_fail_at(n);
        rc = build_two(&leduc, streets, plugin, "k=3", last, "k=3", &e);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 10);
    (void)unlink(file);
}

static void running_out_of_memory_is_an_error(void)
{
    (void)unlink(file);
    run_out(2, "ochs", "ochs");
    run_out(3, "potential", "emd");
}

int main(int argc, char **argv)
{
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;

    if (slash == NULL || mkdtemp(scratch) == NULL) {
        printf("Bail out! no plugins or no scratch folder\n");
        return 1;
    }
    *slash = '\0'; /* build/tests */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins:%s/plugins", real, real);
    (void)snprintf(file, sizeof file, "%s/x.hba", scratch);
    free(real);
    RUN(arguments_are_split_between_host_and_plugin);
    RUN(a_feature_plugin_that_misbehaves_is_named_and_leaves_no_file);
    RUN(vectors_become_buckets);
    RUN(emd_clusters_equity_histograms);
    RUN(emd_on_the_last_street_clusters_equities);
    RUN(ochs_clusters_equities_against_clusters);
    RUN(potential_clusters_histograms_of_the_next_streets_buckets);
    RUN(potential_says_why_it_cannot_be);
    RUN(running_out_of_memory_is_an_error);
    (void)unlink(file);
    (void)rmdir(scratch); /* left behind when a test failed */
    return check_done();
}
