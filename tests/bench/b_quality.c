/* What it costs to measure and to compare maps of hold'em with 200 buckets a street, as JSON lines of
 * CPU seconds. The maps say nothing: hands are scattered over the buckets.
 *
 *   b_quality [STREET...] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "abstraction/agreement.h"
#include "abstraction/hba.h"
#include "abstraction/quality.h"
#include "abstraction/weights.h"

#define BUCKETS 200u

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void need(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    (void)fprintf(stderr, "b_quality: %s\n", e->msg);
    exit(70);
}

static void say(int street, const char *what, double since)
{
    printf("{\"bench\":\"quality\",\"street\":\"%s\",\"name\":\"%s\",\"cpu_s\":%.3f}\n",
           hb_street_name(street), what, cpu_s() - since);
    (void)fflush(stdout);
}

/* A map of one street; `salt` makes another. */
static void scatter(struct hb_buckets *b, int street, uint64_t salt)
{
    struct hb_buckets_street *st = &b->street[street];
    struct hb_err e = {0};
    uint8_t *map;

    *b = (struct hb_buckets){.deck = holdem};
    need(hb_iso_new(&holdem, HB_ISO_SET, &b->iso[HB_ISO_SET], &e), &e);
    *st = (struct hb_buckets_street){.kind = HB_BUCKETS_U8, .n_buckets = BUCKETS};
    st->n_hands = hb_iso_size(b->iso[HB_ISO_SET], street);
    st->total = hb_weights_total(&holdem, HB_ISO_SET, street);
    map = malloc((size_t)st->n_hands);
    if (map == NULL)
        exit(71);
    for (uint64_t i = 0; i < st->n_hands; i++)
        map[i] = (uint8_t)(((i + salt) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % BUCKETS);
    st->map = map;
}

static void measure(int street)
{
    struct hb_buckets b[2];
    const struct hb_buckets *const side[2] = {&b[0], &b[1]};
    struct hb_agreement g;
    struct hb_quality q[2];
    struct hb_sizes z;
    struct hb_err e = {0};
    double since;

    scatter(&b[0], street, 0);
    scatter(&b[1], street, 1);
    since = cpu_s();
    need(hb_sizes_of(&b[0], street, &z, &e), &e);
    say(street, "sizes", since);
    since = cpu_s();
    need(hb_agreement_of(&b[0], &b[1], street, &g, &e), &e);
    say(street, "agreement of two", since);
    since = cpu_s();
    need(hb_quality_of(side, 2, street, q, NULL, NULL, NULL, &e), &e);
    say(street, "quality of two", since);
    for (int i = 0; i < 2; i++) {
        free((void *)(uintptr_t)b[i].street[street].map);
        hb_iso_free(b[i].iso[HB_ISO_SET]);
    }
}

int main(int argc, char **argv)
{
    for (int street = 1; argc < 2 && street < holdem.n_streets; street++)
        measure(street);
    for (int i = 1; i < argc; i++)
        if (hb_street_parse(argv[i]) >= 0)
            measure(hb_street_parse(argv[i]));
    return 0;
}
