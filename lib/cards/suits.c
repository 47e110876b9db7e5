#include "cards/suits.h"

#include <string.h>

#define ONE_SUIT UINT64_C(0x1111111111111) /* the clubs of all ranks */

void hb_suits_all(const struct hb_deck *deck, struct hb_suits *out)
{
    int lowest = HB_SUITS - deck->n_suits;

    out->n = 0;
    for (unsigned code = 0; code < 256; code++) { /* two bits a suit: rising from the identity */
        uint8_t to[HB_SUITS];
        unsigned seen = 0;
        int good = 1;

        for (int s = 0; s < HB_SUITS; s++) {
            to[s] = code >> (2 * (HB_SUITS - 1 - s)) & 3;
            seen |= 1u << to[s];
            good = good && (s >= lowest || to[s] == s);
        }
        if (good && seen == 15)
            memcpy(out->to[out->n++], to, sizeof to);
    }
}

uint64_t hb_suits_map(const struct hb_suits *g, int i, uint64_t set)
{
    uint64_t v = 0;

    for (int s = 0; s < HB_SUITS; s++)
        v |= (set >> s & ONE_SUIT) << g->to[i][s];
    return v;
}

void hb_suits_keep(const struct hb_suits *g, uint64_t set, struct hb_suits *out)
{
    struct hb_suits kept = {0};

    for (int i = 0; i < g->n; i++)
        if (hb_suits_map(g, i, set) == set)
            memcpy(kept.to[kept.n++], g->to[i], sizeof kept.to[0]);
    *out = kept;
}

uint32_t hb_suits_weight(const struct hb_suits *g, uint64_t set)
{
    uint32_t keep = 1;

    for (int i = 1; i < g->n; i++) {
        uint64_t other = hb_suits_map(g, i, set);

        if (other < set)
            return 0;
        keep += other == set;
    }
    return (uint32_t)g->n / keep;
}

size_t hb_suits_sets(const struct hb_suits *g, uint64_t from, int k, struct hb_suits_set *out,
                     size_t cap)
{
    uint8_t card[HB_CARDS];
    int pick[HB_BOARD_MAX + 1]; /* ascending positions in card[] */
    int n_cards = 0;
    int depth = 0;
    uint64_t set = 0;
    size_t n = 0;

    for (int c = 0; c < HB_CARDS; c++)
        if (from >> c & 1)
            card[n_cards++] = (uint8_t)c;
    pick[0] = -1;
    while (depth >= 0) {
        if (depth == k) {
            uint32_t weight = hb_suits_weight(g, set);

            if (weight != 0 && out != NULL && n < cap)
                out[n] = (struct hb_suits_set){set, weight};
            n += weight != 0;
        } else if (++pick[depth] < n_cards) {
            set |= UINT64_C(1) << card[pick[depth]];
            if (++depth < k)
                pick[depth] = pick[depth - 1];
            continue;
        }
        if (--depth >= 0)
            set ^= UINT64_C(1) << card[pick[depth]];
    }
    return n;
}
