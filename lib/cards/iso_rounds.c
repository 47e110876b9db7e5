/* iso_rounds.c - own cards and the cards of each street stay apart.
 *
 * Groups: own cards, then the new board cards of each street. What a suit holds is, group by group,
 * a number of cards (together its *size code*) and which ranks those are, counted among the ranks
 * that earlier groups left (together its *choice*, below n_of_code[code]). The canonical hand has
 * the suits in falling order of (code, choice). Hands are numbered by the tuple of codes
 * (*config*), and within a config by the choices: suits of one code are a multiset. This is Waugh's
 * construction. */
#include <stdlib.h>

#include "base/mem.h"
#include "cards/iso_impl.h"

enum { CONFIGS_MAX = 1 << (HB_ISO_HASH_BITS - 1) };

static const uint32_t below_choose[HB_RANKS + 1][HB_BOARD_MAX + 1] = {
    {1, 0, 0, 0, 0, 0},         {1, 1, 0, 0, 0, 0},          {1, 2, 1, 0, 0, 0},
    {1, 3, 3, 1, 0, 0},         {1, 4, 6, 4, 1, 0},          {1, 5, 10, 10, 5, 1},
    {1, 6, 15, 20, 15, 6},      {1, 7, 21, 35, 35, 21},      {1, 8, 28, 56, 70, 56},
    {1, 9, 36, 84, 126, 126},   {1, 10, 45, 120, 210, 252},  {1, 11, 55, 165, 330, 462},
    {1, 12, 66, 220, 495, 792}, {1, 13, 78, 286, 715, 1287},
};

static int group_count(const struct hb_iso_rounds *r, int g, uint32_t code)
{
    return (int)(code / (uint32_t)r->radix[g]) % (r->group[g] + 1);
}

/* ---- life ---- */

static uint32_t ways_of_code(const struct hb_iso *iso, const struct hb_iso_rounds *r, uint32_t code)
{
    uint64_t ways = 1;
    int left = iso->deck.n_ranks;

    for (int g = 0; g < r->n_groups; g++) {
        int n = group_count(r, g, code);

        if (n > left)
            return 0;
        ways *= hb_iso_choose((uint64_t)left, n);
        left -= n;
    }
    return (uint32_t)ways;
}

/* The suits from `from` on that have the code of suit `from` (a config's codes fall). */
static int run_of(const struct hb_iso *iso, uint32_t codes, int from)
{
    int n = 1;

    while (from + n < iso->deck.n_suits &&
           (codes >> (24 - 8 * (from + n)) & 0xFF) == (codes >> (24 - 8 * from) & 0xFF))
        n++;
    return n;
}

/* Fill in scales and runs; returns the hands of the config. */
static uint64_t measure_config(const struct hb_iso *iso, const struct hb_iso_rounds *r,
                               struct hb_iso_config *config)
{
    uint64_t hands = 1;

    for (int s = 0; s < iso->deck.n_suits;) {
        int n = run_of(iso, config->codes, s);
        uint64_t ways = r->n_of_code[config->codes >> (24 - 8 * s) & 0xFF];

        for (int i = 0; i < n; i++) {
            config->scale[s + i] = hands;
            config->many[s + i] = (uint8_t)(n - i);
        }
        hands *= ways == 0 ? 0 : hb_iso_choose(ways + (uint64_t)n - 1, n);
        s += n;
    }
    return hands;
}

static uint32_t hash_of(uint32_t codes)
{
    return codes * 0x9E3779B1u >> (32 - HB_ISO_HASH_BITS);
}

static int add_config(const struct hb_iso *iso, struct hb_iso_rounds *r, uint32_t codes)
{
    struct hb_iso_config config = {.codes = codes, .base = r->n_hands};
    uint64_t hands = measure_config(iso, r, &config);
    uint32_t slot = hash_of(codes);

    if (hands == 0)
        return 1;
    if (r->n_configs == CONFIGS_MAX)
        return 0;
    while (r->hash[slot] != HB_ISO_NONE)
        slot = (slot + 1) % (1u << HB_ISO_HASH_BITS);
    r->hash[slot] = (uint16_t)r->n_configs;
    r->configs[r->n_configs++] = config;
    r->n_hands += hands;
    return 1;
}

/* Every falling tuple of codes whose groups add up; `left` is the size code of the cards left. */
static int each_config(const struct hb_iso *iso, struct hb_iso_rounds *r, int suit, uint32_t codes,
                       uint32_t left)
{
    uint32_t most = suit == 0 ? r->n_codes - 1 : codes >> (32 - 8 * suit) & 0xFF;

    if (suit == iso->deck.n_suits)
        return left == 0 ? add_config(iso, r, codes) : 1;
    for (uint32_t code = 0; code <= most; code++) {
        int fits = 1;

        for (int g = 0; g < r->n_groups; g++)
            fits = fits && group_count(r, g, code) <= group_count(r, g, left);
        if (fits && !each_config(iso, r, suit + 1, codes | code << (24 - 8 * suit), left - code))
            return 0;
    }
    return 1;
}

static int init_street(struct hb_iso *iso, int street, struct hb_err *e)
{
    struct hb_iso_rounds *r = &iso->rounds[street];
    int radix = 1;
    int rc;

    r->n_groups = street + 2;
    for (int g = 0; g < r->n_groups; g++) {
        r->group[g] = g == 0   ? iso->deck.n_hole
                      : g == 1 ? iso->deck.n_board[0]
                               : iso->deck.n_board[g - 1] - iso->deck.n_board[g - 2];
        r->radix[g] = radix;
        radix *= r->group[g] + 1;
    }
    r->n_codes = (uint32_t)radix; /* at most 3 * 24 */
    for (uint32_t code = 0; code < r->n_codes; code++)
        r->n_of_code[code] = ways_of_code(iso, r, code);
    if ((rc = hb_mem_new(&r->configs, CONFIGS_MAX, sizeof *r->configs, "suit patterns", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->hash, 1u << HB_ISO_HASH_BITS, sizeof *r->hash, "suit patterns", e)) !=
            HB_OK)
        return rc;
    for (uint32_t i = 0; i < 1u << HB_ISO_HASH_BITS; i++)
        r->hash[i] = HB_ISO_NONE;
    if (!each_config(iso, r, 0, 0, r->n_codes - 1))
        return hb_fail(e, HB_ELIMIT, "the deck has more suit patterns than the index can hold");
    return HB_OK;
}

int hb_iso_rounds_init(struct hb_iso *iso, struct hb_err *e)
{
    int rc;

    for (int street = 0; street < iso->deck.n_streets; street++)
        if ((rc = init_street(iso, street, e)) != HB_OK)
            return rc;
    return HB_OK;
}

void hb_iso_rounds_fini(struct hb_iso *iso)
{
    for (int street = 0; street < HB_STREETS; street++) {
        hb_mem_free(iso->rounds[street].configs);
        hb_mem_free(iso->rounds[street].hash);
    }
}

/* ---- index ---- */

/* suit[s] = code << 32 | choice of each suit of the deck. */
static void read_suits(const struct hb_iso *iso, const struct hb_iso_rounds *r,
                       const uint8_t *cards, uint64_t suit[HB_SUITS])
{
    unsigned held[HB_SUITS] = {0}; /* ranks of earlier groups */
    uint32_t scale[HB_SUITS] = {1, 1, 1, 1};

    for (int s = 0; s < HB_SUITS; s++)
        suit[s] = 0;
    for (int g = 0; g < r->n_groups; g++) {
        unsigned fresh[HB_SUITS] = {0};

        for (int i = 0; i < r->group[g]; i++) {
            int slot = cards[i] - iso->card_shift;

            fresh[slot & 3] |= 1u << (slot >> 2);
        }
        for (int i = 0; i < r->group[g]; i++) {
            int slot = cards[i] - iso->card_shift;
            int s = slot & 3;
            int lower = iso->pop[fresh[s] & ((1u << (slot >> 2)) - 1)];
            int nth = hb_iso_squeeze(iso, held[s], slot >> 2);

            suit[s] += (uint64_t)scale[s] * below_choose[nth][lower + 1];
            suit[s] += (uint64_t)r->radix[g] << 32;
        }
        if (g + 1 == r->n_groups)
            break;
        for (int s = 0; s < HB_SUITS; s++) { /* without a branch: which suits come is a coin toss */
            int left = iso->deck.n_ranks - iso->pop[held[s]];

            scale[s] *= below_choose[left][iso->pop[fresh[s]]];
            held[s] |= fresh[s];
        }
        cards += r->group[g];
    }
}

#define SORT_PAIR(a, b)                                                                            \
    do {                                                                                           \
        uint64_t high = (a) > (b) ? (a) : (b);                                                     \
        uint64_t low = (a) > (b) ? (b) : (a);                                                      \
        (a) = high;                                                                                \
        (b) = low;                                                                                 \
    } while (0)

/* Suits the deck has not got are 0 and stay last. */
static void sort_falling(uint64_t x[HB_SUITS])
{
    SORT_PAIR(x[0], x[1]);
    SORT_PAIR(x[2], x[3]);
    SORT_PAIR(x[0], x[2]);
    SORT_PAIR(x[1], x[3]);
    SORT_PAIR(x[1], x[2]);
}

/* The rank of a multiset of n choices x[0] >= x[1] >= … is the sum of C(x[i] + n - 1 - i, n - i).
 */
uint64_t hb_iso_rounds_index(const struct hb_iso *iso, int street, const uint8_t *cards)
{
    const struct hb_iso_rounds *r = &iso->rounds[street];
    const struct hb_iso_config *config;
    uint64_t suit[HB_SUITS];
    uint64_t index;
    uint32_t codes = 0;
    uint32_t slot;

    read_suits(iso, r, cards, suit);
    sort_falling(suit);
    for (int s = 0; s < HB_SUITS; s++)
        codes |= (uint32_t)(suit[s] >> 32) << (24 - 8 * s);
    for (slot = hash_of(codes); r->configs[r->hash[slot]].codes != codes;)
        slot = (slot + 1) % (1u << HB_ISO_HASH_BITS);
    config = &r->configs[r->hash[slot]];
    index = config->base;
    for (int s = 0; s < HB_SUITS; s++) {
        uint64_t choice = suit[s] & 0xFFFFFFFF;
        int many = config->many[s];

        index += config->scale[s] *
                 (many == 1 ? choice : hb_iso_choose4(choice + (uint64_t)many - 1, many));
    }
    return index;
}

/* ---- unindex ---- */

/* The largest x below `ways` with C(x + n - 1, n) <= rank. */
static uint64_t largest_choice(uint64_t ways, int n, uint64_t rank)
{
    uint64_t low = 0;
    uint64_t high = ways;

    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;

        if (hb_iso_choose(middle + (uint64_t)n - 1, n) <= rank)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Give canonical suit `suit` its cards; at[g] is where the next card of group g goes. */
static void put_suit(const struct hb_iso *iso, const struct hb_iso_rounds *r, int suit,
                     uint32_t code, uint64_t choice, uint8_t *at[HB_ISO_GROUPS])
{
    unsigned held = 0;

    for (int g = 0; g < r->n_groups; g++) {
        int n = group_count(r, g, code);
        int left = iso->deck.n_ranks - iso->pop[held];
        uint32_t digit = (uint32_t)(choice % below_choose[left][n]);
        unsigned fresh = 0;

        choice /= below_choose[left][n];
        for (int nth = left - 1; n > 0; nth--)
            if (below_choose[nth][n] <= digit) {
                int rank = hb_iso_unsqueeze(held, nth);

                digit -= below_choose[nth][n--];
                fresh |= 1u << rank;
                *at[g]++ = hb_iso_card(iso, rank, suit);
            }
        held |= fresh;
    }
}

static const struct hb_iso_config *config_of(const struct hb_iso_rounds *r, uint64_t index)
{
    uint32_t low = 0;
    uint32_t high = r->n_configs;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;

        if (r->configs[middle].base <= index)
            low = middle;
        else
            high = middle;
    }
    return &r->configs[low];
}

void hb_iso_rounds_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out)
{
    const struct hb_iso_rounds *r = &iso->rounds[street];
    const struct hb_iso_config *config = config_of(r, index);
    uint8_t *at[HB_ISO_GROUPS];

    index -= config->base;
    for (int g = 0; g < r->n_groups; g++) {
        at[g] = out;
        out += r->group[g];
    }
    for (int s = 0; s < iso->deck.n_suits;) {
        int n = run_of(iso, config->codes, s);
        uint32_t code = config->codes >> (24 - 8 * s) & 0xFF;
        uint64_t ways = r->n_of_code[code];
        uint64_t hands = hb_iso_choose(ways + (uint64_t)n - 1, n);
        uint64_t rank = index % hands;

        index /= hands;
        for (; n > 0; n--, s++) {
            uint64_t choice = largest_choice(ways, n, rank);

            rank -= hb_iso_choose(choice + (uint64_t)n - 1, n);
            put_suit(iso, r, s, code, choice, at);
        }
    }
}
