/* eval.h - strength of 1 to 7 cards. [cards, pure]
 *
 * The ranking is the ACPC server's: five or more cards make the best five-card poker hand; fewer
 * than five know pairs, two pairs, trips, quads and high cards only (no straights, no flushes),
 * kickers count down to the number of cards held. Any deck: small decks rank as the same cards of
 * the full one.
 *
 * Threads: any; tables are the binary's read-only data, nothing is built at start. Method: every
 * card has a 64-bit key; the sum of the keys names the multiset of ranks (top 23 bits) and counts
 * the suits (low 16 bits). Multisets are looked up through a row displacement table, flushes by
 * the ranks of their suit. The tables are made by lib/cards/gen/eval_tables.c. Cost on a Zen 3: 11
 * cycles a random hand of seven cards, 6 where many are given at once, 3 in loops that add one card
 * after the other. */
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

/* Strength of n distinct cards, 1 <= n <= 7; higher wins, equal ties; below 65536. Values compare
 * between hands of the same number of cards, and between any of five or more. */
uint32_t hb_eval(const uint8_t *cards, int n);

static inline enum hb_hand_class hb_eval_class(uint32_t strength)
{
    return (enum hb_hand_class)(strength >> 12);
}

/* hb_eval of n hands of seven cards into out[n].
 *   hands  n x 8 bytes: seven distinct cards, and a byte that is ignored
 * The same numbers on every machine; with AVX2 nearly twice as fast as one by one. */
void hb_eval7_many(const uint8_t *hands, size_t n, uint16_t *out);
/* The same, one by one: what a machine without AVX2 does. */
void hb_eval7_many_plain(const uint8_t *hands, size_t n, uint16_t *out);

/* ---- a hand built card by card, for loops that share cards: board once, own cards often --------
 */

/* The cards so far. Start from HB_EVAL_NONE. */
struct hb_eval_hand {
    uint64_t key;   /* sum of the cards' keys */
    uint64_t cards; /* bit 16 * suit + rank set for each card */
};

/* suit counters of 4 bits start at 3, so that five of a suit set the counter's top bit */
#define HB_EVAL_NONE      ((struct hb_eval_hand){0x3333, 0})
#define HB_EVAL_FLUSH_BIT UINT64_C(0x8888)

/* Tables; read them through the functions below. */
extern const uint64_t hb_eval_key[52];
extern const uint8_t hb_eval_piece[3][16];  /* key >> 41 of a rank, its bytes from the lowest */
extern const uint64_t hb_eval_bit[52];      /* 1 << (16 * suit + rank) */
extern const uint32_t hb_eval_base[8];      /* [cards] where the strengths of so many cards start */
extern const uint16_t hb_eval_row[8][4096]; /* [cards][key >> 52] what to add to key >> 41 */
extern const uint16_t hb_eval_rank[];       /* strengths */
extern const uint16_t hb_eval_flush[8192];  /* strengths by the ranks of the flush suit */

/* Strength of five or more cards of one suit among `cards`, bits as in struct hb_eval_hand;
 * suit_flags: key & HB_EVAL_FLUSH_BIT, which is bit 3 + 4 * suit. */
static inline uint32_t hb_eval_suited(uint64_t cards, uint64_t suit_flags)
{
    return hb_eval_flush[cards >> (4 * __builtin_ctzll(suit_flags) - 12) & 0x1FFF];
}

/* The same of n cards, out of the way: one random hand in 33. */
uint32_t hb_eval_suited_of(const uint8_t *cards, int n, uint64_t suit_flags);

static inline struct hb_eval_hand hb_eval_add(struct hb_eval_hand hand, uint8_t card)
{
    hand.key += hb_eval_key[card];
    hand.cards |= hb_eval_bit[card];
    return hand;
}

/* Strength of n cards ignoring suits (n < 5: all there is to know). The place in the table of n
 * cards is a sum modulo 2^16, so that no bits of the key need to be masked. */
static inline uint32_t hb_eval_by_rank(uint64_t key, int n)
{
    uint32_t sum = (uint32_t)(key >> 41);
    uint32_t base = n == 7 ? 0 : hb_eval_base[n]; /* those of seven come first */

    return hb_eval_rank[base + (uint16_t)(sum + hb_eval_row[n][sum >> 11])];
}

/* Strength of the n cards added to the hand, as hb_eval. */
static inline uint32_t hb_eval_hand(struct hb_eval_hand hand, int n)
{
    uint64_t suit_flags = hand.key & HB_EVAL_FLUSH_BIT;

    if (suit_flags != 0) /* five of a suit and seven cards at most: nothing beats the flush */
        return hb_eval_suited(hand.cards, suit_flags);
    return hb_eval_by_rank(hand.key, n);
}

/* hb_eval of seven cards, inline. */
static inline uint32_t hb_eval7(const uint8_t c[7])
{
    const uint64_t *k = hb_eval_key;
    uint64_t key = 0x3333 + k[c[0]] + k[c[1]] + k[c[2]] + k[c[3]] + k[c[4]] + k[c[5]] + k[c[6]];

    if ((key & HB_EVAL_FLUSH_BIT) != 0)
        return hb_eval_suited_of(c, 7, key & HB_EVAL_FLUSH_BIT);
    return hb_eval_by_rank(key, 7);
}

#endif
