/* Does what its argument says:
 *   refuse    create fails with a message          silent    … without one
 *   zero      no buckets                           many      more buckets than hands
 *   range     one hand in a bucket that is not     mod=N     bucket = hand % N
 *   same      identity, unannounced                host      range errors of the host's calls
 *   liar      announces the identity, but gives hand 3 the bucket of hand 2
 *   rounds=N  bucket = hand % N over hands with the rounds apart
 *   careless  does not look at whether the host's calls fail: one bucket without strengths, else two
 *   loud      logs a line
 *   fifo=PATH create waits until a writer has opened and closed this FIFO */
#include "hb_plugin.h"

#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hb_abs {
    uint64_t n_hands;
    uint32_t n_buckets;
    bool range, liar;
    struct hb_ext_streets rounds, identity;
};

static bool host_refuses(const struct hb_host *host, int street)
{
    double x = 0;
    uint64_t n = host->count(host->ctx, street);

    return host->hand_strength(host->ctx, street, 3, 0, 1, &x) != 0 &&
           host->hand_strength(host->ctx, street, 1, n, 1, &x) != 0 &&
           host->hand_strength(host->ctx, 4, 1, 0, 1, &x) != 0 && host->count(host->ctx, -1) == 0 &&
           isnan(host->equity(host->ctx, street, n)) && host->count_rounds(host->ctx, 4) == 0;
}

static void wait_for_writer(const char *fifo)
{
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);
    char c;

    while (fd >= 0 && read(fd, &c, 1) > 0)
        continue;
    if (fd >= 0)
        (void)close(fd); /* read only */
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = calloc(1, sizeof *a);
    int street = 0;

    if (a == NULL)
        return NULL;
    while ((shape->streets >> street & 1) == 0)
        street++;
    a->n_hands = host->count(host->ctx, street);
    a->n_buckets = 2;
    if (strcmp(args, "refuse") == 0)
        (void)snprintf(errbuf, errcap, "not today");
    if (strcmp(args, "refuse") == 0 || strcmp(args, "silent") == 0 ||
        (strcmp(args, "host") == 0 && host_refuses(host, street))) {
        free(a);
        return NULL;
    }
    if (strncmp(args, "fifo=", 5) == 0)
        wait_for_writer(args + 5);
    if (strcmp(args, "careless") == 0) {
        double x = 0;

        (void)host->hand_strength(host->ctx, street, 1, 0, 1, &x); /* careless */
        host->log(host->ctx, HB_LOG_WARNING, x > 0 ? "careless: strong" : "careless: weak");
        a->n_buckets = x > 0 ? 2 : 1;
    }
    if (strcmp(args, "loud") == 0)
        host->log(host->ctx, HB_LOG_WARNING, "loud");
    a->range = strcmp(args, "range") == 0;
    a->liar = strcmp(args, "liar") == 0;
    if (strcmp(args, "zero") == 0)
        a->n_buckets = 0;
    if (strcmp(args, "many") == 0)
        a->n_buckets = (uint32_t)a->n_hands + 1;
    if (strcmp(args, "same") == 0 || a->liar)
        a->n_buckets = (uint32_t)a->n_hands;
    if (strncmp(args, "mod=", 4) == 0)
        a->n_buckets = (uint32_t)strtoul(args + 4, NULL, 10);
    if (strncmp(args, "rounds=", 7) == 0) {
        a->n_buckets = (uint32_t)strtoul(args + 7, NULL, 10);
        a->rounds.streets = shape->streets;
    }
    a->rounds.size = sizeof a->rounds;
    a->identity = (struct hb_ext_streets){sizeof a->identity, a->liar ? shape->streets : 0};
    return a;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static uint32_t buckets(const struct hb_abs *a, int street)
{
    (void)street;
    return a->n_buckets;
}

static uint32_t bucket(const struct hb_abs *a, int street, uint64_t hand)
{
    (void)street;
    if (a->liar && hand == 3)
        return 2;
    return a->range && hand == 3 ? a->n_buckets : (uint32_t)(hand % a->n_buckets);
}

static const void *get_extension(const struct hb_abs *a, const char *id)
{
    if (strcmp(id, "identity/1") == 0)
        return &a->identity;
    return strcmp(id, "rounds/1") == 0 ? &a->rounds : NULL;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .id = "test.misbehaves",
    .version = "1",
    .create = create,
    .destroy = destroy,
    .buckets = buckets,
    .bucket = bucket,
    .get_extension = get_extension,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
