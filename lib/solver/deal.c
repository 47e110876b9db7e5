#include "solver/deal.h"

#include <string.h>

#include "base/rng.h"
#include "cards/eval.h"
#include "cards/sets.h"

void hb_deal_from(const uint8_t *deck, int n_deck, const struct hb_rules *r, uint64_t seed,
                  uint64_t iteration, struct hb_deal *out)
{
    uint8_t left[HB_CARDS];
    uint8_t dealt[HB_PLAYERS_MAX * HB_HOLE_MAX + HB_BOARD_MAX] = {0};
    uint32_t bits[4];
    int n_hole = r->deck.n_hole;
    int n_board = r->deck.n_board[r->deck.n_streets - 1];
    int n_own = r->n_players * n_hole;

    memcpy(left, deck, sizeof left);
    for (int i = 0; i < n_own + n_board; i++) {
        uint32_t at;

        if (i % 4 == 0)
            hb_rng_block(seed, iteration, 0, HB_RNG_DEAL, (uint32_t)i / 4, bits);
        at = hb_rng_below(bits[i % 4], (uint32_t)n_deck);
        dealt[i] = left[at];
        left[at] = left[--n_deck];
    }
    for (int p = 0; p < r->n_players; p++) {
        for (int i = 0; i < n_hole; i++)
            out->cards[p][i] = dealt[p * n_hole + i];
        for (int i = 0; i < n_board; i++)
            out->cards[p][n_hole + i] = dealt[n_own + i];
    }
}

void hb_deal_cards(const struct hb_rules *r, uint64_t seed, uint64_t iteration, struct hb_deal *out)
{
    uint8_t deck[HB_CARDS] = {0};
    int n_deck = hb_deck_cards(&r->deck, deck);

    hb_deal_from(deck, n_deck, r, seed, iteration, out);
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
        seen |= hb_set_of(deal->cards[p], r->deck.n_hole + r->deck.n_board[street]);
    for (int i = 0; i < n; i++)
        if (!(seen >> deck[i] & 1))
            out[n_left++] = deck[i];
    return n_left;
}

/* Random numbers of the run-outs of one deal and street. */
struct draws {
    const struct hb_spec *spec;
    uint64_t iteration, key;
    int street;
    uint32_t bits[4]; /* of one run-out */
};

static void begin_draws(struct draws *d)
{
    hb_rng_block(d->spec->params.seed, d->iteration, (unsigned)d->street, HB_RNG_RUNOUT, 0,
                 d->bits);
    d->key = (uint64_t)d->bits[1] << 32 | d->bits[0];
}

/* Number i of a run-out, in turn. */
HB_INLINE uint32_t next_draw(struct draws *d, int run, int i)
{
    uint64_t two;

    if (d->spec->draws_blocks) {
        if (i % 4 == 0)
            hb_rng_block(d->spec->params.seed, d->iteration, (unsigned)d->street, HB_RNG_RUNOUT,
                         (uint32_t)(run * 2 + i / 4), d->bits);
        return d->bits[i % 4];
    }
    if (i % 2 == 0) {
        two = hb_rng_stream(d->key, (uint32_t)(run * 4 + i / 2 + 1));
        d->bits[0] = (uint32_t)(two >> 32);
        d->bits[1] = (uint32_t)two;
    }
    return d->bits[i % 2];
}

enum { RUNOUT_HANDS = HB_RUNOUTS_MULTIWAY * HB_PLAYERS_MAX };
_Static_assert(RUNOUT_HANDS >= 2 * HB_RUNOUTS_HEADSUP, "heads-up hands fit");
_Static_assert(HB_HAND_MAX <= 8, "a hand fits into 64 bits");

/* Cards as bytes of a number, the first one lowest. */
static uint64_t packed(const uint8_t *cards, int n)
{
    uint64_t v = 0;

    for (int i = n; i-- > 0;)
        v = v << 8 | cards[i];
    return v;
}

/* Each run-out draws by a partial shuffle of what is left; the order that one leaves behind is as
 * good a start for the next as any. */
void hb_deal_runouts(const struct hb_spec *s, uint64_t iteration, int street,
                     const struct hb_deal *deal, uint32_t (*strength)[HB_PLAYERS_MAX])
{
    const struct hb_rules *r = &s->rules;
    struct draws draws = {.spec = s, .iteration = iteration, .street = street};
    uint8_t left[HB_CARDS];
    uint64_t seen[HB_PLAYERS_MAX] = {0};
    uint64_t hand[RUNOUT_HANDS]; /* by run-out, then player */
    uint16_t strong[RUNOUT_HANDS];
    int n_left = unseen_cards(r, street, deal, left);
    int n_seen = r->deck.n_hole + r->deck.n_board[street];
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];
    int n_hands = 0;

    for (int p = 0; p < r->n_players; p++)
        seen[p] = packed(deal->cards[p], n_seen);
    begin_draws(&draws);
    for (int run = 0; run < hb_n_runouts(r); run++) {
        uint64_t board = 0;

        for (int i = 0; i < n_cards - n_seen; i++) {
            int at = i + (int)hb_rng_below(next_draw(&draws, run, i), (uint32_t)(n_left - i));
            uint8_t card = left[at];

            left[at] = left[i];
            left[i] = card;
            board |= (uint64_t)card << (8 * (n_seen + i));
        }
        for (int p = 0; p < r->n_players; p++)
            hand[n_hands++] = seen[p] | board;
    }
    if (n_cards == 7)
        hb_eval7_many((const uint8_t *)hand, (size_t)n_hands, strong);
    else
        for (int i = 0; i < n_hands; i++)
            strong[i] = (uint16_t)hb_eval((const uint8_t *)&hand[i], n_cards);
    for (int i = 0; i < n_hands; i++)
        strength[i / r->n_players][i % r->n_players] = strong[i];
}
