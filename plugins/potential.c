/* potential - k-means over histograms of the next street's buckets, with the earth mover's distance
 * between them. No arguments beside those of hb's clustering; not on the last street.
 *
 * The vector of a hand counts how many of its run-outs to the next street fall into each bucket there:
 * the buckets of this run, that will be played. What it costs to move a count from bucket to bucket is
 * how far they are apart by the distance they were clustered with themselves. So hands are alike when
 * they develop alike street by street, which their equities at the end, as emd has them, do not show.
 * Source: Ganzfried, Sandholm, "Potential-Aware Imperfect-Recall Abstraction with Earth Mover's
 * Distance in Imperfect-Information Games", AAAI 2014. */
#include "hb_plugin.h"

#include <stdio.h>
#include <stdlib.h>

struct hb_abs {
    const struct hb_host *host;
    const struct hb_plugin_buckets *next;
    struct hb_features features;
};

static void destroy(struct hb_abs *a)
{
    free(a);
}

static int street_of(const struct hb_shape *shape)
{
    int street = 0;

    while ((shape->streets >> street & 1) == 0)
        street++;
    return street;
}

static struct hb_features features_of(const struct hb_host *host, int street, uint32_t n,
                                      const uint32_t *distance)
{
    uint64_t run_outs = host->run_outs(host->ctx, street, street + 1);

    return (struct hb_features){
        .size = sizeof(struct hb_features),
        .n = n,
        .item_bytes = run_outs <= UINT8_MAX    ? 1
                      : run_outs <= UINT16_MAX ? 2
                                               : 4,
        .distance = "ground",
        .ground = distance,
        .entries = run_outs < n ? (uint32_t)run_outs : n,
    };
}

/* How many buckets the next street gets is not known yet: as many as there can be. */
static int describe(const struct hb_host *host, const struct hb_shape *shape, const char *args,
                    struct hb_features *out)
{
    int street = street_of(shape);

    if (args[0] != '\0' || street + 1 == shape->n_streets)
        return -1;
    *out = features_of(host, street, 8192, NULL);
    return 0;
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    const struct hb_plugin_buckets *next = NULL;
    struct hb_abs *a = NULL;
    int street = street_of(shape);

    if (args[0] != '\0')
        (void)snprintf(errbuf, errcap, "arguments are those of the clustering, not '%s'", args);
    else if (street + 1 == shape->n_streets)
        (void)snprintf(errbuf, errcap,
                       "the last street has no next one to compare hands by: use emd or ochs");
    else if (!HB_HAS(host, tally) || !HB_HAS(host, buckets))
        (void)snprintf(errbuf, errcap, "this hb has no buckets of later streets");
    else if ((next = host->buckets(host->ctx, street + 1)) == NULL)
        (void)snprintf(errbuf, errcap, "the next street has no buckets with distances");
    else if ((a = calloc(1, sizeof *a)) == NULL)
        (void)snprintf(errbuf, errcap, "out of memory");
    if (a == NULL)
        return NULL;
    a->host = host;
    a->next = next;
    a->features = features_of(host, street, next->labels.n, next->distance);
    return a;
}

static const struct hb_features *features(const struct hb_abs *a, int street)
{
    (void)street; /* there is one */
    return &a->features;
}

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    return a->host->tally(a->host->ctx, street, board, street + 1, &a->next->labels, out,
                          a->features.item_bytes);
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "hb.potential",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .features = features,
    .vectors = vectors,
    .describe = describe,
    .wants = HB_WANTS_BUCKETS,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
