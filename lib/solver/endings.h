/* endings.h - what the end of a hand is worth for every hand of every seat at once. [solver, pure]
 *
 * Counterfactual values: each deal weighs the product of the *other* seats' probabilities of
 * getting there. Two players are done in one sweep over the hands sorted by strength, with sums
 * per card for the cards that both cannot hold; more players deal all their cards.
 *
 * Threads: struct hb_hands is read-only after init; the rest belongs to one thread.
 *
 * Source: Johanson, Waugh, Bowling, Zinkevich, "Accelerating Best Response Calculation in Large
 * Extensive Games", IJCAI 2011, section 3.3 (the sweep). */
#ifndef HB_SOLVER_ENDINGS_H
#define HB_SOLVER_ENDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "game/rules.h"

#define HB_HANDS_MAX 1326 /* own hands of a full deck: C(52,2) */

/* All own hands of a deck, in ascending order of their cards. */
struct hb_hands {
    int n; /* hands */
    int n_own;
    uint8_t card[HB_HANDS_MAX][HB_HOLE_MAX]; /* ascending */
    uint64_t mask[HB_HANDS_MAX];             /* bit per card */
};
void hb_hands_init(struct hb_hands *h, const struct hb_deck *deck);

/* A board and the hands that can be held beside it. */
struct hb_spot {
    uint8_t board[HB_BOARD_MAX];
    int n_board;
    int street;
    uint64_t mask;
    int n_live;
    uint16_t live[HB_HANDS_MAX]; /* hands without a card of the board, ascending */
    bool ranked;                 /* strength and order are filled in */
    uint32_t strength[HB_HANDS_MAX];
    uint64_t order[HB_HANDS_MAX]; /* [n_live] strength << 16 | hand, ascending */
};
/* Fill in everything but the ranking, which hb_spot_value does when it is first needed. */
void hb_spot_init(struct hb_spot *s, const struct hb_hands *h, const uint8_t *board, int n_board,
                  int street);

/* The end of a hand: chips put in and seats that folded; showdown needs a complete board. */
struct hb_ending {
    int n_players;
    const int32_t *spent; /* [n_players] chips */
    uint32_t folded;      /* bit per seat */
    bool showdown;
};

/* Add to out[seat * h->n + hand] the seat's net win in chips, summed over all deals of the other
 * seats' cards, each weighed with the product of their reach.
 *   reach  [n_players] vectors [h->n]; only live hands are read
 * Cost: heads-up O(n_live), the first showdown on a spot O(n_live log n_live); with more players
 * O(joint deals). */
void hb_spot_value(struct hb_spot *s, const struct hb_hands *h, const struct hb_ending *end,
                   const double *const *reach, double *out);

#endif
