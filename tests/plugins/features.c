/* A feature plugin that does what its argument says:
 *   good       [hand % 5, 2 * (hand % 3)], l2      fail     vectors fails at the last board
 *   shape=S    features() gives: null, distance, none (no distance), zero, many, bytes, emd1, ground
 *              (without costs), ground-skew, ground-totals, ground-full (too few entries)
 *   totals     histograms of unequal totals         rounds   announces rounds apart
 *   host       range errors of the host's calls for whole boards */
#include "hb_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hb_abs {
    const struct hb_host *host;
    char what[32];
    struct hb_features features;
    struct hb_ext_streets rounds;
};

static bool host_refuses(const struct hb_host *h)
{
    uint16_t score[1326];
    uint8_t byte[1326] = {0};
    uint8_t cards[8];
    uint32_t n_hands = 7;
    const struct hb_plugin_labels labels = {byte, 1, 1};

    return h->boards(h->ctx, 4) == 0 && h->boards(h->ctx, -1) == 0 && h->boards(h->ctx, 0) == 1 &&
           h->board(h->ctx, 0, 1, cards, &n_hands) == 0 && n_hands == 0 &&
           h->scores(h->ctx, 1000000, score) == 0 && h->run_outs(h->ctx, 1, 0) == 0 &&
           h->tally(h->ctx, 1, 0, 0, &labels, byte, 1) != 0 &&
           h->tally(h->ctx, 0, 0, 0, &labels, byte, 3) != 0 &&
           h->versus(h->ctx, 0, byte, 9, score, score) != 0 && h->buckets(h->ctx, 4) == NULL &&
           h->buckets(h->ctx, -1) == NULL;
}

static struct hb_features shape_of(const char *what)
{
    static const uint32_t even[] = {0, 1, 1, 0};
    static const uint32_t skew[] = {0, 1, 2, 0};
    struct hb_features f = {.size = sizeof f, .n = 2, .item_bytes = 1, .distance = "l2"};

    if (strcmp(what, "shape=distance") == 0)
        f.distance = "taxi";
    if (strcmp(what, "shape=none") == 0)
        f.distance = NULL;
    if (strcmp(what, "shape=zero") == 0)
        f.n = 0;
    if (strcmp(what, "shape=many") == 0)
        f.n = 1025;
    if (strcmp(what, "shape=bytes") == 0)
        f.item_bytes = 3;
    if (strcmp(what, "shape=emd1") == 0 || strcmp(what, "totals") == 0)
        f.distance = "emd";
    if (strncmp(what, "shape=ground", 12) == 0)
        f.distance = "ground";
    if (strcmp(what, "shape=ground-skew") == 0)
        f.ground = skew;
    if (strcmp(what, "shape=ground-totals") == 0 || strcmp(what, "shape=ground-full") == 0)
        f.ground = even;
    if (strcmp(what, "shape=ground-full") == 0)
        f.entries = 1;
    if (strcmp(what, "shape=emd1") == 0)
        f.n = 1;
    return f;
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->host = host;
    (void)snprintf(a->what, sizeof a->what, "%s", args);
    a->features = shape_of(args);
    a->rounds.size = sizeof a->rounds;
    a->rounds.streets = strcmp(args, "rounds") == 0 ? shape->streets : 0;
    if (strcmp(args, "host") != 0)
        return a;
    (void)snprintf(errbuf, errcap, host_refuses(host) ? "as it should" : "accepts too much");
    free(a);
    return NULL;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static const struct hb_features *features(const struct hb_abs *a, int street)
{
    (void)street;
    return strcmp(a->what, "shape=null") == 0 ? NULL : &a->features;
}

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    uint8_t(*v)[2] = out;
    uint8_t cards[8];
    uint32_t n_hands;
    uint64_t first = a->host->board(a->host->ctx, street, board, cards, &n_hands);

    if (strcmp(a->what, "fail") == 0 && board + 1 == a->host->boards(a->host->ctx, street))
        return -1;
    for (uint32_t h = 0; h < n_hands; h++) {
        v[h][0] = (uint8_t)((first + h) % 5);
        v[h][1] = (uint8_t)(2 * ((first + h) % 3));
    }
    return 0;
}

static const void *get_extension(const struct hb_abs *a, const char *id)
{
    return strcmp(id, "rounds/1") == 0 ? &a->rounds : NULL;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "test.features",
    .version = "1",
    .create = create,
    .destroy = destroy,
    .get_extension = get_extension,
    .features = features,
    .vectors = vectors,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
