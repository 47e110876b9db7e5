#include "solver/deal.h"

#include <string.h>

#include "base/rng.h"
#include "cards/eval.h"

void hb_deal_cards(const struct hb_rules *r, uint64_t seed, uint64_t iteration, struct hb_deal *out)
{
    uint8_t deck[HB_CARDS];
    uint32_t bits[4];
    int n_left = hb_deck_cards(&r->deck, deck);
    int n_board = r->deck.n_board[r->deck.n_streets - 1];
    int n_own = r->n_players * r->deck.n_hole;

    for (int i = 0; i < n_own + n_board; i++) {
        uint8_t card;
        uint32_t at;

        if (i % 4 == 0)
            hb_rng_block(seed, iteration, 0, HB_RNG_DEAL, (uint32_t)i / 4, bits);
        at = hb_rng_below(bits[i % 4], (uint32_t)n_left);
        card = deck[at];
        deck[at] = deck[--n_left];
        if (i < n_own)
            out->cards[i / r->deck.n_hole][i % r->deck.n_hole] = card;
        else
            for (int p = 0; p < r->n_players; p++)
                out->cards[p][r->deck.n_hole + i - n_own] = card;
    }
}

int hb_n_runouts(const struct hb_rules *r)
{
    return r->n_players == 2 ? HB_RUNOUTS_HEADSUP : HB_RUNOUTS_MULTIWAY;
}

/* The deck without the cards that are seen on `street`; returns how many are left. */
static int unseen_cards(const struct hb_rules *r, int street, const struct hb_deal *deal,
                        uint8_t *out)
{
    uint8_t deck[HB_CARDS];
    uint64_t seen = 0;
    int n = hb_deck_cards(&r->deck, deck);
    int n_left = 0;

    for (int p = 0; p < r->n_players; p++)
        for (int i = 0; i < r->deck.n_hole + r->deck.n_board[street]; i++)
            seen |= UINT64_C(1) << deal->cards[p][i];
    for (int i = 0; i < n; i++)
        if (!(seen >> deck[i] & 1))
            out[n_left++] = deck[i];
    return n_left;
}

enum { RUNOUT_HANDS = HB_RUNOUTS_MULTIWAY * HB_PLAYERS_MAX };
_Static_assert(RUNOUT_HANDS >= 2 * HB_RUNOUTS_HEADSUP, "heads-up hands fit");

/* Each run-out draws by a partial shuffle of what is left; the order that one leaves behind is as
 * good a start for the next as any. */
void hb_deal_runouts(const struct hb_rules *r, uint64_t seed, uint64_t iteration, int street,
                     const struct hb_deal *deal, uint32_t (*strength)[HB_PLAYERS_MAX])
{
    uint8_t left[HB_CARDS];
    uint8_t hand[8 * RUNOUT_HANDS] = {0}; /* by run-out, then player, 8 bytes each */
    uint16_t strong[RUNOUT_HANDS];
    uint8_t *next = hand;
    uint32_t bits[4];
    int n_left = unseen_cards(r, street, deal, left);
    int n_seen = r->deck.n_hole + r->deck.n_board[street];
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];
    int n_hands = hb_n_runouts(r) * r->n_players;

    for (int run = 0; run < hb_n_runouts(r); run++) {
        for (int i = 0; i < n_cards - n_seen; i++) {
            int at;
            uint8_t card;

            if (i % 4 == 0)
                hb_rng_block(seed, iteration, (unsigned)street, HB_RNG_RUNOUT,
                             (uint32_t)(run * 2 + i / 4), bits);
            at = i + (int)hb_rng_below(bits[i % 4], (uint32_t)(n_left - i));
            card = left[at];
            left[at] = left[i];
            left[i] = card;
        }
        for (int p = 0; p < r->n_players; p++, next += 8) {
            memcpy(next, deal->cards[p], (size_t)n_seen);
            memcpy(next + n_seen, left, (size_t)(n_cards - n_seen));
        }
    }
    if (n_cards == 7)
        hb_eval7_many(hand, (size_t)n_hands, strong);
    else
        for (int i = 0; i < n_hands; i++)
            strong[i] = (uint16_t)hb_eval(hand + 8 * i, n_cards);
    for (int i = 0; i < n_hands; i++)
        strength[i / r->n_players][i % r->n_players] = strong[i];
}
