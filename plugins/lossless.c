/* lossless - no abstraction but the renaming of suits: every canonical hand is its own bucket.
 * Arguments: "" (the board is one set) or "recall=perfect" (the rounds stay apart). */
#include "hb_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hb_abs {
    struct hb_ext_streets identity, rounds;
    uint32_t buckets[4];
};

static uint64_t count(const struct hb_host *host, bool rounds, int street)
{
    return rounds ? host->count_rounds(host->ctx, street) : host->count(host->ctx, street);
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    bool rounds = strcmp(args, "recall=perfect") == 0;
    struct hb_abs *a = calloc(1, sizeof *a);

    if (a == NULL) {
        (void)snprintf(errbuf, errcap, "out of memory");
        return NULL;
    }
    if (args[0] != '\0' && !rounds) {
        (void)snprintf(errbuf, errcap, "arguments are '' or 'recall=perfect', not '%s'", args);
        goto fail;
    }
    if (rounds && !HB_HAS(host, count_rounds)) {
        (void)snprintf(errbuf, errcap, "this hb has no hands with rounds apart");
        goto fail;
    }
    for (int street = 0; street < shape->n_streets; street++) {
        uint64_t n;

        if ((shape->streets >> street & 1) == 0)
            continue;
        n = count(host, rounds, street);
        if (n == 0 || n > UINT32_MAX) {
            (void)snprintf(errbuf, errcap, "street %d has too many hands for a bucket each (%llu)",
                           street, (unsigned long long)n);
            goto fail;
        }
        a->buckets[street] = (uint32_t)n;
    }
    a->identity = (struct hb_ext_streets){sizeof a->identity, shape->streets};
    a->rounds = (struct hb_ext_streets){sizeof a->rounds, rounds ? shape->streets : 0};
    return a;
fail:
    free(a);
    return NULL;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static uint32_t buckets(const struct hb_abs *a, int street)
{
    return a->buckets[street];
}

static uint32_t bucket(const struct hb_abs *a, int street, uint64_t hand)
{
    (void)a;
    (void)street;
    return (uint32_t)hand;
}

static void bucket_n(const struct hb_abs *a, int street, const uint64_t *hand, uint32_t *out,
                     size_t n)
{
    (void)a;
    (void)street;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint32_t)hand[i];
}

static const void *get_extension(const struct hb_abs *a, const char *id)
{
    if (strcmp(id, "identity/1") == 0)
        return &a->identity;
    if (strcmp(id, "rounds/1") == 0)
        return &a->rounds;
    return NULL;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "hb.lossless",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .buckets = buckets,
    .bucket = bucket,
    .bucket_n = bucket_n,
    .get_extension = get_extension,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
