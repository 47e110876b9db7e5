#include "nolimit.h"

#include <stdio.h>
#include <stdlib.h>

static void street_sizes(struct hb_betting_street *st, int max_raises, const char *const *sizes)
{
    st->given = true;
    st->limp = true;
    st->max_raises = max_raises;
    while (*sizes != NULL) {
        struct hb_err e = {0};

        if (hb_bet_size_parse(*sizes++, &st->size[st->n_sizes++], &e) != HB_OK) {
            printf("# %s\n", e.msg);
            exit(1);
        }
    }
}

static struct hb_betting usual_betting(void)
{
    static const char *const preflop[] = {"0.5", "1.0", "2.0", "4.0", "allin", NULL};
    static const char *const flop[] = {"0.5", "1.0", "2.0", "allin", NULL};
    static const char *const late[] = {"0.5", "1.0", "allin", NULL};
    struct hb_betting b = {.every_size = false};

    street_sizes(&b.street[0], 3, preflop);
    street_sizes(&b.street[1], 2, flop);
    street_sizes(&b.street[2], 2, late);
    street_sizes(&b.street[3], 2, late);
    return b;
}

static uint32_t hashed(uint64_t hand, uint32_t n)
{
    uint64_t z = hand * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)((z >> 32) * n >> 32);
}

/* Lossless counts of hands, maps of 16 bits on all streets after the first; *map is the caller's.
 */
static struct hb_buckets synthetic_buckets(const struct hb_rules *r, uint16_t *map[HB_STREETS])
{
    static const bool need[HB_STREETS] = {true, true, true, true};
    struct hb_buckets b = {0};
    struct hb_err e = {0};

    if (hb_buckets_lossless(&r->deck, need, &b, &e) != HB_OK) {
        printf("# %s\n", e.msg);
        exit(1);
    }
    for (int st = 1; st < HB_STREETS; st++) {
        map[st] = malloc(b.street[st].n_hands * sizeof *map[st]);
        if (map[st] == NULL)
            exit(1);
        for (uint64_t hand = 0; hand < b.street[st].n_hands; hand++)
            map[st][hand] = (uint16_t)hashed(hand, NOLIMIT_BUCKETS);
        b.street[st].kind = HB_BUCKETS_U16;
        b.street[st].n_buckets = NOLIMIT_BUCKETS;
        b.street[st].map = (const uint8_t *)map[st];
    }
    return b;
}

void nolimit_open(struct nolimit *n, uint32_t round, int n_parts)
{
    struct hb_rules r = kit_game("hunl-200bb");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, round);
    struct hb_betting betting = usual_betting();
    struct hb_buckets buckets = synthetic_buckets(&r, n->map);

    n->map[0] = NULL; /* lossless */
    kit_open_with(&n->kit, &r, &betting, &buckets, &p, n_parts);
}

void nolimit_close(struct nolimit *n)
{
    kit_close(&n->kit);
    for (int st = 0; st < HB_STREETS; st++)
        free(n->map[st]);
}
