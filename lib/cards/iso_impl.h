/* iso_impl.h - what the two senses of iso.h share; only lib/cards includes it. [cards, pure]
 *
 * Inside, ranks and suits count from 0 in the deck: "slot" = 4 * (rank - lowest rank) + (suit -
 * lowest suit) = card - card_shift.
 *
 * Threads: as iso.h. */
#ifndef HB_CARDS_ISO_IMPL_H
#define HB_CARDS_ISO_IMPL_H

#include "cards/iso.h"

enum {
    HB_ISO_MASKS = 1 << HB_RANKS, /* sets of ranks */
    HB_ISO_IDS = 2380,            /* sets of at most 5 of 13 ranks */
    HB_ISO_SHAPES = 32,           /* bound on shapes of a street's boards; 14 at most are met */
    HB_ISO_PAIRS = 64 * 64,
    HB_ISO_HANDS_MAX = 1326,
    HB_ISO_GROUPS = HB_STREETS + 1, /* own cards, then the new board cards of each street */
    HB_ISO_NONE = 0xFFFF
};

/* All boards whose suits have the same sizes and the same ties: the hands on them are numbered
 * alike. */
struct hb_iso_shape {
    int size[HB_SUITS]; /* cards of each suit, in canonical order of the suits */
    int ties;           /* bit p: canonical suits p and p+1 hold the same ranks */
    uint32_t n_hands;
    uint32_t board_weight;             /* raw boards of one canonical board */
    uint8_t code[HB_ISO_HANDS_MAX][2]; /* the codes of a hand's representative, see iso_set.c */
};

/* What the suits of a canonical board add up to, see iso_set.c: small enough to stay in the cache,
 * where a table by board would not. */
struct hb_iso_terms {
    uint32_t suit0[HB_ISO_IDS]; /* [id of the suit's ranks] */
    uint32_t suit1[6][128];     /* [context of the suits before it][id]; at most 2 ranks */
    uint32_t suit2[48][16];     /* at most 1 */
    uint32_t suit3[192][16];
    uint8_t shape[384]; /* [context of all] */
};

struct hb_iso_set {
    int n_board;
    uint32_t n_boards;
    uint64_t n_hands;
    struct hb_iso_terms *terms; /* board -> first hand, shape */
    uint32_t *first;            /* [n_boards] first hand | shape << HB_ISO_FIRST_BITS */
    uint64_t *keys; /* [n_boards] sets of ranks of the canonical suits, 16 bits each from bit 0 */
    int n_shapes;
    struct hb_iso_shape *shapes; /* [HB_ISO_SHAPES] */
    uint16_t *pair;              /* [n_shapes][64][64] two codes -> hand within the board */
};

#define HB_ISO_FIRST_BITS 27 /* 123,156,254 < 2^27 */

/* One way in which a hand's cards can be spread over the suits; see iso_rounds.c. */
struct hb_iso_config {
    uint32_t codes;           /* size codes of the suits, 8 bits each, the largest on top */
    uint8_t many[HB_SUITS];   /* suits of the same code from this one on, itself included */
    uint64_t base;            /* index of its first hand */
    uint64_t scale[HB_SUITS]; /* what a suit's place in its multiset counts; 0 beyond the deck */
};

enum { HB_ISO_CODES = 128, HB_ISO_HASH_BITS = 13 };

struct hb_iso_rounds {
    int n_groups;
    int group[HB_ISO_GROUPS]; /* cards of each group */
    int radix[HB_ISO_GROUPS]; /* weight of a group's card in the size code */
    uint32_t n_codes;
    uint32_t n_of_code[HB_ISO_CODES]; /* ways to choose the ranks of a suit with that size code */
    uint64_t n_hands;
    uint32_t n_configs;
    struct hb_iso_config *configs; /* [n_configs] */
    uint16_t *hash;                /* [1 << HB_ISO_HASH_BITS] codes -> config, HB_ISO_NONE = free */
};

struct hb_iso {
    struct hb_deck deck;
    enum hb_iso_sense sense;
    int card_shift;
    uint64_t key[HB_CARDS];     /* one card counted in its suit's 16 bits: 1 << 13 | 1 << rank */
    uint16_t below[HB_CARDS];   /* ranks below the card's */
    uint8_t rank[HB_CARDS];     /* of the card in the deck */
    uint8_t suit_bit[HB_CARDS]; /* 16 * suit of the card in the deck */
    uint16_t mask_id[HB_ISO_MASKS]; /* sets of at most 5 ranks in order of size, then value */
    uint8_t pop[HB_ISO_MASKS];
    uint32_t n_ids;
    uint16_t mask_of_id[HB_ISO_IDS];
    uint64_t codes[1 << 6]; /* by the order of the suits, see iso_set.c */
    uint32_t *place;        /* [HB_SUITS][HB_BOARD_MAX + 1][HB_ISO_IDS + 1], see iso_set.c */
    struct hb_iso_set set[HB_STREETS];
    struct hb_iso_rounds rounds[HB_STREETS];
};

/* Ways to choose k of n, k <= 4. */
static inline uint64_t hb_iso_choose4(uint64_t n, int k)
{
    switch (k) {
    case 0: return 1;
    case 1: return n;
    case 2: return n * (n - 1) / 2;
    case 3: return n * (n - 1) / 2 * (n - 2) / 3;
    default: return n * (n - 1) / 2 * (n - 2) / 3 * (n - 3) / 4;
    }
}
/* Ways to choose k of n. */
uint64_t hb_iso_choose(uint64_t n, int k);

/* Rank r counted among the ranks that are not in the set, and back. */
static inline int hb_iso_squeeze(const struct hb_iso *iso, unsigned set, int rank)
{
    return rank - iso->pop[set & ((1u << rank) - 1)];
}
int hb_iso_unsqueeze(unsigned set, int nth);

static inline uint8_t hb_iso_card(const struct hb_iso *iso, int rank, int suit)
{
    return (uint8_t)(4 * rank + suit + iso->card_shift);
}

/* The shape of a canonical board. */
const struct hb_iso_shape *hb_iso_set_shape(const struct hb_iso *iso, int street, uint32_t board);
int hb_iso_set_init(struct hb_iso *iso, struct hb_err *e) HB_MUSTUSE;
void hb_iso_set_fini(struct hb_iso *iso);
void hb_iso_set_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out);

int hb_iso_rounds_init(struct hb_iso *iso, struct hb_err *e) HB_MUSTUSE;
void hb_iso_rounds_fini(struct hb_iso *iso);
uint64_t hb_iso_rounds_index(const struct hb_iso *iso, int street, const uint8_t *cards);
void hb_iso_rounds_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out);

#endif
