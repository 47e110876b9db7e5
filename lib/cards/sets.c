#include "cards/sets.h"

#include "base/rng.h"
#include "cards/card.h"

int hb_set_count(uint64_t set)
{
    int n = 0;

    for (; set != 0; set &= set - 1)
        n++;
    return n;
}

uint64_t hb_set_of(const uint8_t *card, int n)
{
    uint64_t set = 0;

    for (int i = 0; i < n; i++)
        set |= UINT64_C(1) << card[i];
    return set;
}

int hb_set_cards(uint64_t set, uint8_t *out)
{
    int n = 0;

    for (uint8_t c = 0; c < HB_CARDS; c++)
        if ((set >> c & 1) != 0)
            out[n++] = c;
    return n;
}

double hb_set_choose(int n, int k)
{
    double v = 1;

    for (int i = 0; i < k; i++)
        v = v * (n - i) / (i + 1);
    return v;
}

void hb_draw_cards(const struct hb_draw *d, uint8_t *deck, int n_deck, int n)
{
    uint32_t bits[4] = {0};

    for (int i = 0; i < n; i++) {
        uint8_t card = deck[i];
        int j;

        if (i % 4 == 0)
            hb_rng_block(d->seed, d->iteration, d->lane, d->purpose, d->index + (uint32_t)i / 4,
                         bits);
        j = i + (int)hb_rng_below(bits[i % 4], (uint32_t)(n_deck - i));
        deck[i] = deck[j];
        deck[j] = card;
    }
}
