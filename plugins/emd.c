/* emd - k-means over equity histograms with the earth mover's distance.
 * Arguments, beside those of hb's clustering: "bins=N", 2 to 256, default 50; not on the last
 * street.
 *
 * The equity of a hand on the last street, against a uniform hand, is cut into bins of equal width.
 * The vector of a hand on an earlier street is the histogram of the equities that its run-outs lead
 * to: how often each bin is reached. On the last street the one outcome is the equity itself, and
 * the distance of two hands is its difference.
 * Source: Johanson, Burch, Valenzano, Bowling, "Evaluating State-Space Abstractions in
 * Extensive-Form Games", AAMAS 2013. */
#include "hb_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BINS_MAX  256u
#define BINS      50u /* unless told */
#define HANDS_MAX 1326u

struct hb_abs {
    const struct hb_host *host;
    int last;       /* street */
    uint8_t *label; /* bin of each hand of the last street; NULL when that is the one asked for */
    uint32_t bins;
    struct hb_features features;
};

/* "" or "bins=N"; *bins is 0 when it is not given. */
static bool parse(const char *args, uint32_t *bins)
{
    char *end = NULL;
    unsigned long n;

    *bins = 0;
    if (args[0] == '\0')
        return true;
    if (strncmp(args, "bins=", 5) != 0 || args[5] < '1' || args[5] > '9')
        return false;
    n = strtoul(args + 5, &end, 10);
    *bins = (uint32_t)n;
    return *end == '\0' && n >= 2 && n <= BINS_MAX;
}

static bool label_hands(struct hb_abs *a)
{
    const struct hb_host *host = a->host;
    uint32_t n_boards = host->boards(host->ctx, a->last);
    uint16_t score[HANDS_MAX];
    uint8_t cards[8];

    a->label = malloc((size_t)host->count(host->ctx, a->last));
    if (a->label == NULL)
        return false;
    for (uint32_t board = 0; board < n_boards; board++) {
        uint32_t n_hands;
        uint64_t first = host->board(host->ctx, a->last, board, cards, &n_hands);
        uint32_t most = host->scores(host->ctx, board, score);

        if (most == 0)
            return false;
        for (uint32_t h = 0; h < n_hands; h++) {
            uint32_t bin = score[h] * a->bins / most;

            a->label[first + h] = (uint8_t)(bin < a->bins ? bin : a->bins - 1);
        }
    }
    return true;
}

static void destroy(struct hb_abs *a)
{
    if (a == NULL)
        return;
    free(a->label);
    free(a);
}

static int street_of(const struct hb_shape *shape)
{
    int street = 0;

    while ((shape->streets >> street & 1) == 0)
        street++;
    return street;
}

/* On the last street the equity, before it the histogram. */
static struct hb_features features_of(const struct hb_host *host, int street, int last,
                                      uint32_t bins)
{
    struct hb_features f = {
        .size = sizeof f, .n = 1, .item_bytes = sizeof(uint16_t), .distance = "l2"};
    uint64_t run_outs;

    if (street == last)
        return f;
    run_outs = host->run_outs(host->ctx, street, last);
    f.n = bins;
    f.item_bytes = run_outs <= UINT8_MAX ? 1 : run_outs <= UINT16_MAX ? 2 : 4;
    f.distance = "emd";
    return f;
}

static int describe(const struct hb_host *host, const struct hb_shape *shape, const char *args,
                    struct hb_features *out)
{
    uint32_t bins;

    if (!parse(args, &bins))
        return -1;
    *out = features_of(host, street_of(shape), shape->n_streets - 1, bins != 0 ? bins : BINS);
    return 0;
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = NULL;
    int street = street_of(shape);
    int last = shape->n_streets - 1;
    uint32_t bins;

    if (!parse(args, &bins))
        (void)snprintf(errbuf, errcap,
                       "arguments are those of the clustering and 'bins=N', 2 to "
                       "%u, not '%s'",
                       BINS_MAX, args);
    else if (street == last && bins != 0)
        (void)snprintf(errbuf, errcap, "on the last street the equity is known: leave out 'bins'");
    else if (!HB_HAS(host, tally) || !HB_HAS(host, scores))
        (void)snprintf(errbuf, errcap, "this hb has no equity histograms");
    else if ((a = calloc(1, sizeof *a)) == NULL)
        (void)snprintf(errbuf, errcap, "out of memory");
    if (a == NULL)
        return NULL;
    a->host = host;
    a->last = last;
    a->bins = bins != 0 ? bins : BINS;
    a->features = features_of(host, street, last, a->bins);
    if (street == last)
        return a;
    if (label_hands(a))
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

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    const struct hb_plugin_labels labels = {a->label, 1, a->bins};

    if (street == a->last)
        return a->host->scores(a->host->ctx, board, out) != 0 ? 0 : -1;
    return a->host->tally(a->host->ctx, street, board, a->last, &labels, out,
                          a->features.item_bytes);
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "hb.emd",
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
