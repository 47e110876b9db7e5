/* ochs - k-means over the equities against clusters of opponent hands, for the last street.
 * Arguments, beside those of hb's clustering: "clusters=N", 1 to 8, default 8.
 *
 * The starting hands are put into N clusters by k-means over their equity histograms (50 bins, earth
 * mover's distance, seed 1). The vector of a hand has its equity against the opponent hands of each
 * cluster, in 255ths, rounded to the nearest; where the cards leave no such hand, its equity against
 * all. Euclidean distance.
 * Source: Johanson, Burch, Valenzano, Bowling, "Evaluating State-Space Abstractions in
 * Extensive-Form Games", AAMAS 2013. */
#include "hb_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTERS_MAX  8u
#define BINS          50u
#define HANDS_MAX     1326u
#define STARTING_MAX  1326u
#define OPPONENTS_MAX 1326u

struct hb_abs {
    const struct hb_host *host;
    struct hb_features features;
    uint8_t cluster[STARTING_MAX];          /* of each starting hand */
    uint32_t reciprocal[OPPONENTS_MAX + 1]; /* 2^32 / (2 n), rounded up */
};

/* ---- clusters of starting hands ---- */

/* The bin of every hand of the last street. */
static uint8_t *bins_of_last(const struct hb_host *host, int last)
{
    uint32_t n_boards = host->boards(host->ctx, last);
    uint8_t *label = malloc((size_t)host->count(host->ctx, last));
    uint16_t score[HANDS_MAX];
    uint8_t cards[8];

    for (uint32_t board = 0; label != NULL && board < n_boards; board++) {
        uint32_t n_hands;
        uint64_t first = host->board(host->ctx, last, board, cards, &n_hands);
        uint32_t most = host->scores(host->ctx, board, score);

        for (uint32_t h = 0; most != 0 && h < n_hands; h++) {
            uint32_t bin = score[h] * BINS / most;

            label[first + h] = (uint8_t)(bin < BINS ? bin : BINS - 1);
        }
        if (most == 0) {
            free(label);
            label = NULL;
        }
    }
    return label;
}

static bool cluster_starting_hands(struct hb_abs *a, int last, uint32_t n_clusters)
{
    static const struct hb_features histogram = {
        .size = sizeof histogram, .n = BINS, .item_bytes = sizeof(uint32_t), .distance = "emd"};
    const struct hb_host *host = a->host;
    uint64_t n = host->count(host->ctx, 0);
    uint8_t *bin = bins_of_last(host, last);
    const struct hb_plugin_labels labels = {bin, 1, BINS};
    uint32_t *count = calloc((size_t)n, BINS * sizeof *count);
    uint32_t weight[STARTING_MAX];
    uint32_t cluster[STARTING_MAX];

    if (bin != NULL && count != NULL && n <= STARTING_MAX &&
        host->tally(host->ctx, 0, 0, last, &labels, count, sizeof *count) == 0) {
        host->weights(host->ctx, 0, 0, n, weight);
        a->features.n =
            host->cluster(host->ctx, &histogram, count, weight, n, n_clusters, 1, cluster);
        for (uint64_t i = 0; i < n && a->features.n > 0; i++)
            a->cluster[i] = (uint8_t)cluster[i];
    }
    free(bin);
    free(count);
    return a->features.n > 0;
}

/* ---- vectors ---- */

/* 255 * score / (2 * n), rounded to the nearest; exact, as 2^32 is more than (510 * n + n) * 2 * n. */
static inline uint8_t level(const struct hb_abs *a, uint32_t score, uint32_t n)
{
    return (uint8_t)((uint64_t)(255 * score + n) * a->reciprocal[n] >> 32);
}

static void fill(const struct hb_abs *a, const uint16_t *score, const uint16_t *n, uint8_t *out)
{
    uint32_t n_clusters = a->features.n;
    uint32_t all_score = 0;
    uint32_t all_n = 0;

    for (uint32_t c = 0; c < n_clusters; c++) {
        out[c] = level(a, score[c], n[c]);
        all_score += score[c];
        all_n += n[c];
    }
    for (uint32_t c = 0; c < n_clusters; c++)
        if (n[c] == 0)
            out[c] = level(a, all_score, all_n);
}

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    uint16_t score[HANDS_MAX * CLUSTERS_MAX];
    uint16_t opponents[HANDS_MAX * CLUSTERS_MAX];
    uint32_t n_clusters = a->features.n;
    uint8_t cards[8];
    uint32_t n_hands;

    (void)a->host->board(a->host->ctx, street, board, cards, &n_hands);
    if (a->host->versus(a->host->ctx, board, a->cluster, n_clusters, score, opponents) != 0)
        return -1;
    for (size_t h = 0; h < n_hands; h++)
        fill(a, score + h * n_clusters, opponents + h * n_clusters,
             (uint8_t *)out + h * n_clusters);
    return 0;
}

/* ---- the plugin ---- */

/* "" or "clusters=N". */
static bool parse(const char *args, uint32_t *n)
{
    *n = CLUSTERS_MAX;
    if (args[0] == '\0')
        return true;
    if (strncmp(args, "clusters=", 9) != 0 || args[9] < '1' || args[9] > '8' || args[10] != '\0')
        return false;
    *n = (uint32_t)(args[9] - '0');
    return true;
}

static int describe(const struct hb_host *host, const struct hb_shape *shape, const char *args,
                    struct hb_features *out)
{
    uint32_t n_clusters;

    (void)host;
    (void)shape;
    if (!parse(args, &n_clusters))
        return -1;
    *out = (struct hb_features){
        .size = sizeof *out, .n = n_clusters, .item_bytes = sizeof(uint8_t), .distance = "l2"};
    return 0;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = NULL;
    int last = shape->n_streets - 1;
    uint32_t n_clusters;

    if (!parse(args, &n_clusters))
        (void)snprintf(errbuf, errcap,
                       "arguments are those of the clustering and 'clusters=N', 1 "
                       "to %u, not '%s'",
                       CLUSTERS_MAX, args);
    else if (shape->streets != 1u << last)
        (void)snprintf(errbuf, errcap,
                       "ochs is for the last street alone: earlier ones have no "
                       "final equities; try emd");
    else if (shape->n_board[0] != 0)
        (void)snprintf(errbuf, errcap,
                       "ochs needs a first street without a board, for the "
                       "clusters of starting hands");
    else if (!HB_HAS(host, versus) || !HB_HAS(host, cluster))
        (void)snprintf(errbuf, errcap, "this hb has no scores against clusters");
    else if ((a = calloc(1, sizeof *a)) == NULL)
        (void)snprintf(errbuf, errcap, "out of memory");
    if (a == NULL)
        return NULL;
    a->host = host;
    a->features = (struct hb_features){
        .size = sizeof a->features, .item_bytes = sizeof(uint8_t), .distance = "l2"};
    for (uint32_t n = 1; n <= OPPONENTS_MAX; n++)
        a->reciprocal[n] = (uint32_t)(UINT64_C(0x100000000) / (2 * n) + 1);
    if (cluster_starting_hands(a, last, n_clusters))
        return a;
    (void)snprintf(errbuf, errcap, "out of memory, or no cards left for an opponent");
    destroy(a);
    return NULL;
}

static const struct hb_features *features(const struct hb_abs *a, int street)
{
    (void)street; /* there is one */
    return &a->features;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "hb.ochs",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .features = features,
    .vectors = vectors,
    .describe = describe,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
