/* sets.h - sets of cards as masks (bit c for card c), and cards drawn at random.       cards, pure.
 * Threads: any. */
#ifndef HB_CARDS_SETS_H
#define HB_CARDS_SETS_H

#include <stdint.h>

int hb_set_count(uint64_t set);
/* The set of n cards. */
uint64_t hb_set_of(const uint8_t *card, int n);
/* Its cards, ascending, into out[52]; returns how many. */
int hb_set_cards(uint64_t set, uint8_t *out);
/* Sets of k of n things; exact below 2^53. */
double hb_set_choose(int n, int k);

/* Names a draw: the arguments of hb_rng_block; numbers index, index + 1, ... are used, one for four
 * cards. */
struct hb_draw {
    uint64_t seed, iteration;
    unsigned lane, purpose;
    uint32_t index;
};
/* Draw n of the cards in deck[n_deck] to its front, in the order of the draw; the others stay behind
 * them. */
void hb_draw_cards(const struct hb_draw *d, uint8_t *deck, int n_deck, int n);

#endif
