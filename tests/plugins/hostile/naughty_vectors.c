/* A feature plugin that breaks the one promise its argument names; without arguments it keeps them
 * all. hb-bucket check must find each. */
#include "hb_plugin.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 3u

struct hb_abs {
    const struct hb_host *host;
    char how[32];
    uint32_t n_asked;
    struct hb_features features;
    struct hb_ext_streets rounds;
};

static uint8_t scratch[1326][NUMBERS]; /* threads meet here */

static bool is(const struct hb_abs *a, const char *how)
{
    return strcmp(a->how, how) == 0;
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    (void)snprintf(errbuf, errcap, "nothing wrong");
    a->host = host;
    (void)snprintf(a->how, sizeof a->how, "%s", args);
    a->features = (struct hb_features){
        .size = sizeof a->features, .n = NUMBERS, .item_bytes = 1, .distance = "emd"};
    if (is(a, "distance"))
        a->features.distance = "taxi";
    a->rounds = (struct hb_ext_streets){sizeof a->rounds, is(a, "rounds") ? shape->streets : 0};
    return a;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static const struct hb_features *features(const struct hb_abs *a, int street)
{
    struct hb_abs *mine = (struct hb_abs *)(uintptr_t)a;

    (void)street;
    if (is(a, "shapes"))
        mine->features.n = NUMBERS + mine->n_asked++ % 2;
    return &a->features;
}

/* All add up to 20. */
static void honest(const struct hb_abs *a, int street, uint32_t board, uint8_t (*v)[NUMBERS],
                   uint32_t *n_hands)
{
    uint8_t cards[8] = {0};

    (void)a->host->board(a->host->ctx, street, board, cards, n_hands);
    for (uint32_t h = 0; h < *n_hands; h++) {
        v[h][0] = (uint8_t)((board + h) % 7);
        v[h][1] = 1;
        v[h][2] = (uint8_t)(20 - v[h][0] - v[h][1]);
    }
}

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    struct hb_abs *mine = (struct hb_abs *)(uintptr_t)a;
    uint8_t(*v)[NUMBERS] = out;
    uint32_t n;
    uint8_t last;

    if (is(a, "crash"))
        (void)raise(SIGSEGV);
    if (is(a, "race")) {
        honest(a, street, board, scratch, &n);
        for (volatile int i = 0; i < 20000; i++)
            continue;
        memcpy(out, scratch, sizeof scratch[0] * n);
        return 0;
    }
    (void)a->host->board(a->host->ctx, street, board, (uint8_t[8]){0}, &n);
    last = v[n - 1][2];
    honest(a, street, board, v, &n);
    if (is(a, "unwritten"))
        v[n - 1][2] = last;
    if (is(a, "behind"))
        v[n][0] = 1;
    if (is(a, "totals"))
        v[n - 1][1]++;
    if (is(a, "moody") && mine->n_asked++ % 2 == 0) {
        v[0][2]--;
        v[0][1]++;
    }
    if (is(a, "suits")) {
        uint8_t cards[8] = {0};

        (void)a->host->board(a->host->ctx, street, board, cards, &n);
        v[0][1] = cards[0] & 3;
        v[0][2] = (uint8_t)(20 - v[0][0] - v[0][1]);
    }
    return is(a, "fails") ? -1 : 0;
}

static const void *get_extension(const struct hb_abs *a, const char *id)
{
    return strcmp(id, "rounds/1") == 0 ? &a->rounds : NULL;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "test.naughty-vectors",
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
