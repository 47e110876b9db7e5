/* eval.h - strength of 1 to 7 cards.                                                cards, pure.
 * The ranking is the ACPC server's: five or more cards make the best five-card poker hand; fewer
 * than five know pairs, two pairs, trips, quads and high cards only (no straights, no flushes),
 * kickers count down to the number of cards held. Any deck: small decks rank as the same cards of
 * the full one. Threads: any; tables are the binary's read-only data, nothing is built at start.
 * Cost: aim >= 400 M random 7-card hands a second and core. */
#ifndef HB_CARDS_EVAL_H
#define HB_CARDS_EVAL_H

#include <stddef.h>
#include <stdint.h>

/* Classes of a hand, hb_eval_class. */
enum hb_hand_class {
    HB_HIGH_CARD,
    HB_PAIR,
    HB_TWO_PAIR,
    HB_TRIPS,
    HB_STRAIGHT,
    HB_FLUSH,
    HB_FULL_HOUSE,
    HB_QUADS,
    HB_STRAIGHT_FLUSH /* the royal flush is one of these */
};

/* Strength of n distinct cards, 1 <= n <= 7; higher wins, equal ties. Values compare only between
 * hands of the same number of cards. */
uint32_t hb_eval(const uint8_t *cards, int n);
enum hb_hand_class hb_eval_class(uint32_t strength);

#endif
