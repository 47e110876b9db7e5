/* suits.h - renamings of the suits, and sets of cards up to them.                      cards, pure.
 * A board seen so far is kept by some renamings (a group); new cards that such a renaming carries
 * into each other play alike. Sets of cards are masks, bit c for card c.
 * Threads: any; plain data. */
#ifndef HB_CARDS_SUITS_H
#define HB_CARDS_SUITS_H

#include <stddef.h>
#include <stdint.h>

#include "cards/card.h"

#define HB_RENAMINGS 24

struct hb_suits { /* a group of renamings; the first is the identity */
    int n;
    uint8_t to[HB_RENAMINGS][HB_SUITS];
};

/* All renamings of the deck's suits. */
void hb_suits_all(const struct hb_deck *deck, struct hb_suits *out);
/* Those of them that keep the set. out may be g itself. */
void hb_suits_keep(const struct hb_suits *g, uint64_t set, struct hb_suits *out);
/* The set after renaming i. */
uint64_t hb_suits_map(const struct hb_suits *g, int i, uint64_t set);
/* How many sets the renamings make of this one when it is the smallest of them, else 0. */
uint32_t hb_suits_weight(const struct hb_suits *g, uint64_t set);

struct hb_suits_set {
    uint64_t set;
    uint32_t weight; /* sets it stands for */
};
/* The smallest set of each orbit of sets of k of the cards in `from`, in rising order of their
 * cards, into out[cap] (out may be NULL); returns how many there are. Cost: C(cards, k) looks. */
size_t hb_suits_sets(const struct hb_suits *g, uint64_t from, int k, struct hb_suits_set *out,
                     size_t cap);

#endif
