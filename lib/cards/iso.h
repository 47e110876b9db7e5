/* iso.h - hands up to suit renaming <-> dense canonical index. [cards, pure]
 *
 * Two senses of "the same hand": HB_ISO_SET     the board is one set (imperfect recall): for
 * hold'em 169; 1,286,792; 13,960,050; 123,156,254 hands. Board-major: all hands of one canonical
 * board are adjacent. HB_ISO_ROUNDS  the cards of each round stay apart (perfect recall): 169;
 * 1,286,792; 55,190,538; 2,428,287,420. Any deck of 1..13 ranks x 1..4 suits, 1 or 2 own cards,
 * 0..5 board cards. Threads: struct hb_iso is read-only after init; share it freely. Source: K.
 * Waugh, "A Fast and Optimal Hand Isomorphism Algorithm", AAAI-13 workshop, 2013. */
#ifndef HB_CARDS_ISO_H
#define HB_CARDS_ISO_H

#include <stdint.h>

#include "base/err.h"
#include "cards/card.h"

enum hb_iso_sense { HB_ISO_SET = 0, HB_ISO_ROUNDS = 1 };

struct hb_iso; /* opaque: see iso.c */

/* Build the indexer of a deck; returns owned (hb_iso_free).
 * Errors: HB_EUSAGE for a deck out of range; HB_ENOMEM; HB_ELIMIT when an index would not fit 63
 * bits. Cost: below 100 ms and 16 MiB for a full hold'em deck. */
int hb_iso_new(const struct hb_deck *deck, enum hb_iso_sense sense, struct hb_iso **out,
               struct hb_err *e) HB_MUSTUSE;
void hb_iso_free(struct hb_iso *iso);

const struct hb_deck *hb_iso_deck(const struct hb_iso *iso);
/* Number of canonical hands on a street. */
uint64_t hb_iso_size(const struct hb_iso *iso, int street);

/* Index the hand seen so far on `street`.
 *   cards   n_hole + n_board[street] distinct cards of the deck, own cards first; order within a
 *           round (HB_ISO_SET: within the board) is ignored
 * Returns the index in [0, hb_iso_size). Undefined
 * for repeated or foreign cards: callers check what comes from outside with hb_hand_parse. No
 * allocation. Cost: 47 cycles on a Zen 3 for 2+5 cards (HB_ISO_SET), 60 M/s. */
uint64_t hb_iso_index(const struct hb_iso *iso, int street, const uint8_t *cards);

/* The representative hand of an index: own cards first, then board, into out[7]. Inverse:
 * hb_iso_index(unindex(i)) == i. index must be < hb_iso_size. */
void hb_iso_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out);

/* How many of the deck's C(N,own) x (boards) hands share this index (boards counted as sets for
 * HB_ISO_SET, as sequences of rounds for HB_ISO_ROUNDS). The sum over a street is the number of all
 * hands. */
uint64_t hb_iso_weight(const struct hb_iso *iso, int street, uint64_t index);

/* HB_ISO_SET only: the canonical boards of a street, for sweeps over all hands of a board. */
uint32_t hb_iso_boards(const struct hb_iso *iso, int street);
/* Representative board into out[5], number of raw boards (sets) it stands for into *weight, the
 * index of its first hand into *first, number of canonical hands on it into *n_hands. */
void hb_iso_board(const struct hb_iso *iso, int street, uint32_t board, uint8_t *out,
                  uint32_t *weight, uint64_t *first, uint32_t *n_hands);

/* HB_ISO_SET only: one raw board opened for looking up many hands on it, about 1 ns each. Points
 * into the iso, which must outlive it. */
struct hb_iso_view {
    uint64_t first;         /* index of the first hand of its canonical board */
    uint32_t n_hands;       /* canonical hands on it */
    uint32_t board;         /* number of the canonical board */
    const uint16_t *pair;   /* [64 * code + code] -> hand within the board */
    uint8_t code[HB_CARDS]; /* of each card; HB_ISO_DEAD when on the board or not in the deck */
};

/* Pairs with it lead to n_hands: one more entry catches them, without a branch. */
#define HB_ISO_DEAD 63

/* board: n_board[street] distinct cards in any order. */
void hb_iso_view_open(const struct hb_iso *iso, int street, const uint8_t *board,
                      struct hb_iso_view *view);

/* Index of own cards a and b (a == b when there is one own card); first + n_hands when one of them
 * is on the board. */
static inline uint64_t hb_iso_view_index(const struct hb_iso_view *view, uint8_t a, uint8_t b)
{
    return view->first + view->pair[64 * view->code[a] + view->code[b]];
}

#endif
