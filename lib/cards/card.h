/* card.h - cards, decks and their text form. [cards, pure]
 *
 * A card is a uint8_t rank*4+suit: rank 0 = deuce … 12 = ace, suit 0 c, 1 d, 2 h, 3 s (the ACPC
 * text order).
 *
 * Threads: any. */
#ifndef HB_CARDS_CARD_H
#define HB_CARDS_CARD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_RANKS     13
#define HB_SUITS     4
#define HB_CARDS     52
#define HB_HOLE_MAX  2
#define HB_BOARD_MAX 5
#define HB_HAND_MAX  (HB_HOLE_MAX + HB_BOARD_MAX)
#define HB_STREETS   4
#define HB_NO_CARD   0xFF

/* The deck and how many cards each street shows. An ACPC deck of r ranks and s suits holds the
 * *highest* ranks of the *last* suits (Kuhn: Qs Ks As). */
struct hb_deck {
    int n_ranks;             /* 1..13 */
    int n_suits;             /* 1..4 */
    int n_hole;              /* own cards, 1..2 */
    int n_streets;           /* 1..4 */
    int n_board[HB_STREETS]; /* board cards *in all* on each street, not decreasing, 0..5 */
};

static inline int hb_card_rank(uint8_t card)
{
    return card >> 2;
}

static inline int hb_card_suit(uint8_t card)
{
    return card & 3;
}

static inline uint8_t hb_card_of(int rank, int suit)
{
    return (uint8_t)(rank * 4 + suit);
}

/* Cards of the deck in ascending order into out[52]; returns how many. */
int hb_deck_cards(const struct hb_deck *deck, uint8_t out[HB_CARDS]);
/* 1 if the deck holds the card, else 0. */
int hb_deck_has(const struct hb_deck *deck, uint8_t card);
/* HB_OK, or HB_EUSAGE saying which field is out of range. */
int hb_deck_check(const struct hb_deck *deck, struct hb_err *e) HB_MUSTUSE;

/* "As" into out[3]. */
void hb_card_format(uint8_t card, char out[3]);
/* n cards "AsKd…" into out[2n+1]. */
void hb_cards_format(const uint8_t *cards, int n, char *out);
/* Parse text made of cards only ("AsKd", ranks 23456789TJQKA, suits cdhs, any case of the rank) up
 * to `len` characters; *n gets how many, at most cap. Errors: HB_EUSAGE naming the text. Repeated
 * cards are refused. */
int hb_cards_parse(const char *text, size_t len, uint8_t *cards, int cap, int *n,
                   struct hb_err *e) HB_MUSTUSE;
/* Parse "AhKh/QsJs2d/7c/2h": own cards, then the streets' cards; '/' between own cards and board is
 * required when there is a board, further ones are optional. Which street is meant follows from the
 * number of board cards. cards gets own cards first, then board.
 * Errors: HB_EUSAGE: not in the deck, wrong number, repeated. */
int hb_hand_parse(const struct hb_deck *deck, const char *text, uint8_t cards[HB_HAND_MAX],
                  int *n_cards, int *street, struct hb_err *e) HB_MUSTUSE;

#endif
