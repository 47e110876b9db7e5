#include "run/standin.h"

#include "base/mem.h"
#include "cards/equity.h"

int hb_standin_init(struct hb_standin *s, const struct hb_iso *iso, struct hb_err *e)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    struct hb_equity *equity;
    int rc;

    if ((rc = hb_equity_new(iso, (1u << deck->n_streets) - 1, &equity, e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < HB_STANDIN_BUCKETS * HB_STANDIN_BUCKETS; i++) {
        uint32_t a = i / HB_STANDIN_BUCKETS;
        uint32_t b = i % HB_STANDIN_BUCKETS;

        s->distance[i] = 1000 * (a > b ? a - b : b - a);
    }
    for (int street = 0; rc == HB_OK && street < deck->n_streets; street++) {
        uint64_t n = hb_iso_size(iso, street);

        rc = hb_mem_new(&s->label[street], n, 1, "buckets", e);
        for (uint64_t hand = 0; rc == HB_OK && hand < n; hand++) {
            double x = hb_equity_mean(equity, street, hand, 1) * HB_STANDIN_BUCKETS;

            s->label[street][hand] =
                x < HB_STANDIN_BUCKETS ? (uint8_t)x : (uint8_t)(HB_STANDIN_BUCKETS - 1);
        }
        s->buckets[street] =
            (struct hb_plugin_buckets){.size = sizeof s->buckets[street],
                                       .labels = {s->label[street], 1, HB_STANDIN_BUCKETS},
                                       .distance = s->distance};
    }
    hb_equity_free(equity);
    return rc;
}

void hb_standin_lend(const struct hb_standin *s, struct hb_services *services)
{
    for (int street = 0; street < HB_STREETS; street++)
        if (s->label[street] != NULL)
            hb_services_keep(services, street, "a stand-in", &s->buckets[street]);
}
