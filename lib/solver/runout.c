#include "solver/runout.h"

#include <string.h>

#include "base/rng.h"
#include "cards/eval.h"
#include "cards/sets.h"

struct other { /* a live hand */
    struct hb_eval_hand hand;
    uint32_t won, n; /* halves */
};

struct runout {
    int n_all;                /* cards of a hand and a full board */
    struct hb_eval_hand mine; /* own cards and the board so far */
    struct hb_eval_hand base; /* the board so far */
    uint64_t used;            /* own cards and board so far */
    int n_others;
    struct other other[HB_HANDS_MAX];
};

static struct hb_eval_hand add_cards(struct hb_eval_hand hand, const uint8_t *card, int n)
{
    for (int i = 0; i < n; i++)
        hand = hb_eval_add(hand, card[i]);
    return hand;
}

/* One full board: the board so far and these cards. */
static void take_board(struct runout *x, const uint8_t *card, int n)
{
    struct hb_eval_hand board = add_cards(x->base, card, n);
    uint64_t out = board.cards;
    uint32_t mine = hb_eval_hand(add_cards(x->mine, card, n), x->n_all);

    for (int i = 0; i < x->n_others; i++) {
        struct other *o = &x->other[i];
        struct hb_eval_hand all = {board.key + o->hand.key, board.cards | o->hand.cards};
        uint32_t theirs;

        if ((o->hand.cards & out) != 0)
            continue;
        theirs = hb_eval_hand(all, x->n_all);
        o->won += mine > theirs ? 2 : mine == theirs;
        o->n += 2;
    }
}

/* Every set of n of the cards from number `from` on, behind the n_had that are there. */
static void list_boards(struct runout *x, const uint8_t *left, int n_left, int from, int n,
                        uint8_t *card, int n_had)
{
    if (n == 0) {
        take_board(x, card, n_had);
        return;
    }
    for (int i = from; i <= n_left - n; i++) {
        card[n_had] = left[i];
        list_boards(x, left, n_left, i + 1, n - 1, card, n_had + 1);
    }
}

static void draw_boards(struct runout *x, const uint8_t *left, int n_left, int n, uint32_t n_drawn,
                        struct hb_draw *d)
{
    uint32_t stream = d->index;

    for (uint32_t k = 0; k < n_drawn; k++) {
        uint8_t deck[HB_CARDS];

        memcpy(deck, left, (size_t)n_left);
        d->index = UINT32_C(0x80000000) | stream << 16 | k << 1;
        hb_draw_cards(d, deck, n_left, n);
        take_board(x, deck, n);
    }
}

bool hb_runout_equity(const struct hb_deck *deck, const struct hb_hands *h,
                      const struct hb_spot *spot, const uint8_t *own, uint32_t n_drawn,
                      uint64_t seed, uint64_t iteration, uint32_t stream, double *out)
{
    int n_new = deck->n_board[deck->n_streets - 1] - spot->n_board;
    struct runout x = {.n_all = h->n_own + spot->n_board + n_new,
                       .base = add_cards(HB_EVAL_NONE, spot->board, spot->n_board)};
    struct hb_draw d = {
        .seed = seed, .iteration = iteration, .purpose = HB_RNG_RUNOUT, .index = stream};
    uint8_t cards[HB_CARDS];
    uint8_t card[HB_BOARD_MAX];
    uint8_t left[HB_CARDS];
    int n_cards = hb_deck_cards(deck, cards);
    int n_left = 0;
    bool exact;

    x.mine = add_cards(x.base, own, h->n_own);
    x.used = hb_set_of(spot->board, spot->n_board) | hb_set_of(own, h->n_own);
    for (int i = 0; i < n_cards; i++)
        if ((x.used >> cards[i] & 1) == 0)
            left[n_left++] = cards[i];
    for (int i = 0; i < spot->n_live; i++)
        if ((h->mask[spot->live[i]] & x.used) == 0)
            x.other[x.n_others++].hand =
                add_cards((struct hb_eval_hand){0, 0}, h->card[spot->live[i]], h->n_own);
    exact = hb_set_choose(n_left, n_new) <= HB_RUNOUT_LIST;
    if (exact)
        list_boards(&x, left, n_left, 0, n_new, card, 0);
    else
        draw_boards(&x, left, n_left, n_new, n_drawn, &d);
    for (int i = 0; i < h->n; i++)
        out[i] = 0;
    for (int i = 0, k = 0; i < spot->n_live; i++)
        if ((h->mask[spot->live[i]] & x.used) == 0) {
            const struct other *o = &x.other[k++];

            out[spot->live[i]] = o->n > 0 ? (double)o->won / o->n : 0.5;
        }
    return exact;
}
