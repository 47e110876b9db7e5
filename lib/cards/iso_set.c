/* iso_set.c - the board as one set.
 *
 * Board. Each suit of the board is its set of ranks; as a number, size << 13 | set. The canonical
 * board has the suits in falling order of that number. Canonical boards are numbered in
 * lexicographic order of the four numbers, which is a sum of one term per suit: given the ranks
 * left to place, the boards whose suit p is smaller do not depend on the suits before it. These
 * terms are place[p][cards left][id of the set].
 *
 * The hands before the first one of a board are such a sum, too. How many hands there are on the
 * boards whose suit p is smaller depends on more than the cards left: on the sizes of the suits
 * before it and on which of those are equal, their *context*. The boards counted have no tie of
 * suits p - 1 and p, because suit p is smaller than one that is at most suit p - 1.
 *
 * Hand. Cards on the board are squeezed out of the ranks of each suit, so that an own card is a
 * code 13 * canonical suit + squeezed rank. Suits that hold the same board ranks can still change
 * places: of all such renamings the pair with the smallest codes stands for the hand. Which pairs
 * those are depends on the sizes and ties of the board's suits alone, its shape;
 * pair[shape][code][code] numbers them. A hand of one own card is the pair of its code with itself.
 */
#include <string.h>

#include "base/mem.h"
#include "cards/iso_impl.h"

enum { PLACE_STRIDE = HB_ISO_IDS + 1 };

/* ---- boards ---- */

/* A board with its suits in canonical order. */
struct sorted {
    uint32_t k0; /* numbers of the canonical suits, falling */
    uint32_t k1;
    uint32_t k2;
    uint32_t k3;
    uint64_t codes; /* 16 bits for each deck suit: 13 * its canonical place */
};

#define SORT_PAIR(a, b)                                                                            \
    do {                                                                                           \
        uint32_t high = (a) > (b) ? (a) : (b);                                                     \
        uint32_t low = (a) > (b) ? (b) : (a);                                                      \
        (a) = high;                                                                                \
        (b) = low;                                                                                 \
    } while (0)

/* The low two bits carry 3 - suit along: among equals, and suits the deck has not got, in order. */
static inline struct sorted sort_suits(const struct hb_iso *iso, uint64_t key)
{
    uint32_t a = (uint32_t)(key << 2 & 0x3FFFC) | 3;
    uint32_t b = (uint32_t)(key >> 14 & 0x3FFFC) | 2;
    uint32_t c = (uint32_t)(key >> 30 & 0x3FFFC) | 1;
    uint32_t d = (uint32_t)(key >> 46 & 0x3FFFC);
    struct sorted s;

    SORT_PAIR(a, b);
    SORT_PAIR(c, d);
    SORT_PAIR(a, c);
    SORT_PAIR(b, d);
    SORT_PAIR(b, c);
    s.k0 = a >> 2;
    s.k1 = b >> 2;
    s.k2 = c >> 2;
    s.k3 = d >> 2;
    s.codes = iso->codes[(b & 3) + 4 * (c & 3) + 16 * (d & 3)];
    return s;
}

static void fill_codes(struct hb_iso *iso)
{
    for (unsigned order = 0; order < 1 << 6; order++)
        for (unsigned p = 1; p < HB_SUITS; p++) {
            unsigned suit = 3 - (order >> (2 * (p - 1)) & 3);

            iso->codes[order] |= (uint64_t)(13 * p) << (16 * suit);
        }
}

/* The term of canonical suit p when `left` cards are left for it and those after it. */
static inline uint32_t place_of(const struct hb_iso *iso, uint32_t p, uint32_t left, uint32_t k)
{
    return iso->place[(p * (HB_BOARD_MAX + 1) + left) * PLACE_STRIDE +
                      iso->mask_id[k & (HB_ISO_MASKS - 1)]];
}

/* Written out: as a loop it is not unrolled and goes through memory. */
static inline uint32_t board_number(const struct hb_iso *iso, const struct sorted *s, int n_board)
{
    uint32_t left0 = (uint32_t)n_board;
    uint32_t left1 = left0 - (s->k0 >> HB_RANKS);
    uint32_t left2 = left1 - (s->k1 >> HB_RANKS);
    uint32_t left3 = left2 - (s->k2 >> HB_RANKS);

    return place_of(iso, 0, left0, s->k0) + place_of(iso, 1, left1, s->k1) +
           place_of(iso, 2, left2, s->k2) + place_of(iso, 3, left3, s->k3);
}

/* Sizes and ties of the canonical suits: [p] of those before suit p, [4] of all. Falling sizes that
 * add up to at most 5 leave suit 1 two cards and suits 2 and 3 one. */
struct contexts {
    uint32_t of[HB_SUITS + 1];
};

static inline struct contexts contexts_of(uint32_t k0, uint32_t k1, uint32_t k2, uint32_t k3)
{
    struct contexts c;

    c.of[0] = 0;
    c.of[1] = k0 >> HB_RANKS;
    c.of[2] = 2 * (4 * c.of[1] + (k1 >> HB_RANKS)) + (k0 == k1);
    c.of[3] = 2 * (2 * c.of[2] + (k2 >> HB_RANKS)) + (k1 == k2);
    c.of[4] = 2 * c.of[3] + (k2 == k3);
    return c;
}

/* place[p][left][id] = ways to fill suits p.. with `left` cards, no suit above the one before it,
 * and suit p below id; at id = n_ids all of them. */
static void fill_place(struct hb_iso *iso)
{
    for (int p = iso->deck.n_suits - 1; p >= 0; p--)
        for (int left = 0; left <= HB_BOARD_MAX; left++) {
            uint32_t *row = iso->place + (p * (HB_BOARD_MAX + 1) + left) * PLACE_STRIDE;

            for (uint32_t id = 0; id < iso->n_ids; id++) {
                int rest = left - iso->pop[iso->mask_of_id[id]];
                uint32_t ways = 0;

                if (rest == 0 && p == iso->deck.n_suits - 1)
                    ways = 1;
                else if (rest >= 0 && p < iso->deck.n_suits - 1)
                    ways = iso->place[((p + 1) * (HB_BOARD_MAX + 1) + rest) * PLACE_STRIDE +
                                      (int)id + 1];
                row[id + 1] = row[id] + ways;
            }
        }
}

/* ---- shapes ---- */

/* Renamings of the canonical suits that leave the board as it is. */
static int renamings(const struct hb_iso *iso, int ties, uint8_t out[24][HB_SUITS])
{
    int block[HB_SUITS] = {0};
    int n = 0;

    for (int p = 1; p < HB_SUITS; p++)
        block[p] = block[p - 1] + !(p < iso->deck.n_suits && (ties >> (p - 1) & 1) != 0);
    for (unsigned to = 0; to < 256; to++) {
        unsigned seen = 0;
        int good = 1;

        for (int p = 0; p < HB_SUITS; p++) {
            unsigned q = to >> (2 * p) & 3;

            seen |= 1u << q;
            good = good && block[q] == block[p];
        }
        if (!good || seen != 15)
            continue;
        for (int p = 0; p < HB_SUITS; p++)
            out[n][p] = (uint8_t)(to >> (2 * p) & 3);
        n++;
    }
    return n;
}

/* The smallest pair of codes that a renaming makes of (a, b), as 64 * lower + higher. */
static unsigned smallest_pair(uint8_t to[24][HB_SUITS], int n_to, unsigned a, unsigned b)
{
    unsigned best = HB_ISO_PAIRS;

    for (int i = 0; i < n_to; i++) {
        unsigned x = 13u * to[i][a / 13] + a % 13;
        unsigned y = 13u * to[i][b / 13] + b % 13;
        unsigned pair = x < y ? 64 * x + y : 64 * y + x;

        best = pair < best ? pair : best;
    }
    return best;
}

/* Number the hands on the boards of a shape. */
static void fill_pairs(const struct hb_iso *iso, struct hb_iso_shape *shape, uint16_t *pair)
{
    static const uint32_t factorial[HB_SUITS + 1] = {1, 1, 2, 6, 24};
    uint8_t to[24][HB_SUITS];
    int n_to = renamings(iso, shape->ties, to);
    uint8_t codes[HB_CARDS];
    int n_codes = 0;

    for (int p = 0; p < iso->deck.n_suits; p++)
        for (int r = 0; r < iso->deck.n_ranks - shape->size[p]; r++)
            codes[n_codes++] = (uint8_t)(13 * p + r);
    for (int i = 0; i < n_codes; i++)
        for (int j = i; j < n_codes; j++) {
            unsigned a = codes[i];
            unsigned b = codes[j];
            unsigned best = smallest_pair(to, n_to, a, b);

            if ((iso->deck.n_hole == 1) != (i == j))
                continue;
            if (best == 64 * a + b) { /* first met: pairs come in rising order */
                shape->code[shape->n_hands][0] = (uint8_t)a;
                shape->code[shape->n_hands][1] = (uint8_t)b;
                pair[best] = (uint16_t)shape->n_hands++;
            }
            pair[64 * a + b] = pair[best];
            pair[64 * b + a] = pair[best];
        }
    for (unsigned a = 0; a < 64; a++) {
        pair[64 * a + HB_ISO_DEAD] = (uint16_t)shape->n_hands;
        pair[64 * HB_ISO_DEAD + a] = (uint16_t)shape->n_hands;
    }
    shape->board_weight = factorial[iso->deck.n_suits] / (uint32_t)n_to;
}

/* The shape of a board; a new one is numbered first. */
static int shape_of(const struct hb_iso *iso, struct hb_iso_set *set, uint64_t sets)
{
    struct hb_iso_shape want = {0};
    int i;

    for (int p = 0; p < HB_SUITS; p++) {
        unsigned ranks = sets >> (16 * p) & 0xFFFF;

        want.size[p] = iso->pop[ranks];
        if (p > 0 && p < iso->deck.n_suits && ranks == (sets >> (16 * p - 16) & 0xFFFF))
            want.ties |= 1 << (p - 1);
    }
    for (i = 0; i < set->n_shapes; i++)
        if (set->shapes[i].ties == want.ties &&
            memcmp(set->shapes[i].size, want.size, sizeof want.size) == 0)
            return i;
    if (i == HB_ISO_SHAPES)
        return -1;
    set->n_shapes++;
    memcpy(set->shapes[i].size, want.size, sizeof want.size);
    set->shapes[i].ties = want.ties;
    fill_pairs(iso, &set->shapes[i], set->pair + (size_t)i * HB_ISO_PAIRS);
    return i;
}

/* ---- life ---- */

enum { SIZES = HB_BOARD_MAX + 1 };

struct walk { /* over all boards of a street, in the order of their numbers */
    struct hb_iso *iso;
    struct hb_iso_set *set;
    uint32_t n;                  /* boards so far */
    uint32_t of_size[SIZES + 1]; /* first id of the sets of a size, which come in that order */
    /* shape + 1 of boards met before, by ties and the sizes of the suits */
    uint8_t known[1 << (HB_SUITS - 1)][SIZES * SIZES * SIZES * SIZES];
};

/* The shape of a board without looking through all of them. */
static int known_shape(struct walk *w, uint64_t sets)
{
    unsigned sizes = 0;
    unsigned ties = 0;
    uint8_t *known;
    int shape;

    for (int p = 0; p < HB_SUITS; p++) {
        unsigned ranks = sets >> (16 * p) & 0xFFFF;

        sizes = sizes * SIZES + w->iso->pop[ranks];
        if (p > 0 && p < w->iso->deck.n_suits && ranks == (sets >> (16 * p - 16) & 0xFFFF))
            ties |= 1u << (p - 1);
    }
    known = &w->known[ties][sizes];
    if (*known != 0)
        return *known - 1;
    shape = shape_of(w->iso, w->set, sets);
    if (shape >= 0)
        *known = (uint8_t)(shape + 1);
    return shape;
}

static struct contexts contexts_of_sets(const struct hb_iso *iso, uint64_t sets)
{
    uint32_t k[HB_SUITS];

    for (int p = 0; p < HB_SUITS; p++) {
        uint32_t ranks = sets >> (16 * p) & 0xFFFF;

        k[p] = (uint32_t)iso->pop[ranks] << HB_RANKS | ranks;
    }
    return contexts_of(k[0], k[1], k[2], k[3]);
}

/* `before` hands are on the boards that have the suits before p of `sets`, and a smaller suit p. */
static void set_term(struct walk *w, int p, uint32_t id, uint64_t sets, uint32_t before)
{
    struct hb_iso_terms *t = w->set->terms;
    uint32_t context = contexts_of_sets(w->iso, sets).of[p];

    switch (p) {
    case 0: t->suit0[id] = before; break;
    case 1: t->suit1[context][id] = before; break;
    case 2: t->suit2[context][id] = before; break;
    default: t->suit3[context][id] = before; break;
    }
}

static int add_board(struct walk *w, uint64_t sets, struct hb_err *e)
{
    struct hb_iso_set *set = w->set;
    int shape = known_shape(w, sets);

    if (shape < 0 || set->n_hands >> HB_ISO_FIRST_BITS != 0)
        return hb_fail(e, HB_ELIMIT, "the deck has more kinds of hands than the index can hold");
    set->terms->shape[contexts_of_sets(w->iso, sets).of[HB_SUITS]] = (uint8_t)shape;
    set->keys[w->n] = sets;
    set->first[w->n++] = (uint32_t)set->n_hands | (uint32_t)shape << HB_ISO_FIRST_BITS;
    set->n_hands += set->shapes[shape].n_hands;
    return HB_OK;
}

/* Boards whose suits before p are those of `sets`: suit p and those after it get `left` cards, none
 * of them an id of `end` or more. */
static int add_boards(struct walk *w, int p, int left, uint32_t end, uint64_t sets,
                      struct hb_err *e)
{
    const int suits = w->iso->deck.n_suits - p;
    const uint64_t before = w->set->n_hands;
    uint32_t id = w->of_size[(left + suits - 1) / suits]; /* the suits after it have no more */
    int rc = HB_OK;

    end = end < w->of_size[left + 1] ? end : w->of_size[left + 1];
    for (; rc == HB_OK && id < end; id++) {
        unsigned ranks = w->iso->mask_of_id[id];
        uint64_t with = sets | (uint64_t)ranks << (16 * p);

        set_term(w, p, id, with, (uint32_t)(w->set->n_hands - before));
        rc = suits == 1 ? add_board(w, with, e)
                        : add_boards(w, p + 1, left - w->iso->pop[ranks], id + 1, with, e);
    }
    return rc;
}

static int init_street(struct hb_iso *iso, int street, struct hb_err *e)
{
    struct hb_iso_set *set = &iso->set[street];
    struct walk w = {.iso = iso, .set = set};
    int rc;

    set->n_board = iso->deck.n_board[street];
    set->n_boards = iso->place[set->n_board * PLACE_STRIDE + (int)iso->n_ids];
    if ((rc = hb_mem_new(&set->first, set->n_boards, sizeof *set->first, "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&set->terms, 1, sizeof *set->terms, "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&set->keys, set->n_boards, sizeof *set->keys, "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&set->shapes, HB_ISO_SHAPES, sizeof *set->shapes, "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&set->pair, (size_t)HB_ISO_SHAPES * HB_ISO_PAIRS, sizeof *set->pair,
                         "boards", e)) != HB_OK)
        return rc;
    for (uint32_t id = 0; id < iso->n_ids; id++)
        w.of_size[iso->pop[iso->mask_of_id[id]] + 1] = id + 1;
    for (int size = 1; size <= SIZES; size++) /* of sizes that the deck has no ranks for */
        if (w.of_size[size] == 0)
            w.of_size[size] = w.of_size[size - 1];
    return add_boards(&w, 0, set->n_board, iso->n_ids, 0, e);
}

int hb_iso_set_init(struct hb_iso *iso, struct hb_err *e)
{
    int rc;

    if ((rc = hb_mem_new(&iso->place, HB_SUITS * (HB_BOARD_MAX + 1) * PLACE_STRIDE,
                         sizeof *iso->place, "board numbers", e)) != HB_OK)
        return rc;
    fill_codes(iso);
    fill_place(iso);
    for (int street = 0; street < iso->deck.n_streets; street++)
        if ((rc = init_street(iso, street, e)) != HB_OK)
            return rc;
    return HB_OK;
}

void hb_iso_set_fini(struct hb_iso *iso)
{
    hb_mem_free(iso->place);
    for (int street = 0; street < HB_STREETS; street++) {
        hb_mem_free(iso->set[street].terms);
        hb_mem_free(iso->set[street].first);
        hb_mem_free(iso->set[street].keys);
        hb_mem_free(iso->set[street].shapes);
        hb_mem_free(iso->set[street].pair);
    }
}

/* ---- use ---- */

static inline uint32_t code_of(const struct hb_iso *iso, uint64_t key, uint64_t codes, uint8_t card)
{
    unsigned bit = iso->suit_bit[card];

    uint32_t code = (uint16_t)(codes >> bit);

    return code + iso->rank[card] - iso->pop[key >> bit & iso->below[card]];
}

static inline uint32_t id_of(const struct hb_iso *iso, uint32_t k)
{
    return iso->mask_id[k & (HB_ISO_MASKS - 1)];
}

static inline uint32_t first_hand(const struct hb_iso *iso, const struct hb_iso_terms *t,
                                  const struct sorted *s, size_t *shape)
{
    struct contexts c = contexts_of(s->k0, s->k1, s->k2, s->k3);

    *shape = t->shape[c.of[4]];
    return t->suit0[id_of(iso, s->k0)] + t->suit1[c.of[1]][id_of(iso, s->k1)] +
           t->suit2[c.of[2]][id_of(iso, s->k2)] + t->suit3[c.of[3]][id_of(iso, s->k3)];
}

/* Without a jump that is taken on the river, the busiest street. */
static inline uint64_t key_of_board(const struct hb_iso *iso, const uint8_t *board, int n)
{
    const uint64_t *key = iso->key;
    uint64_t sum;

    if (n < 3)
        return (n > 0 ? key[board[0]] : 0) + (n > 1 ? key[board[1]] : 0);
    sum = key[board[0]] + key[board[1]] + key[board[2]];
    if (n > 3)
        sum += key[board[3]];
    if (n > 4)
        sum += key[board[4]];
    return sum;
}

uint64_t hb_iso_index(const struct hb_iso *iso, int street, const uint8_t *cards)
{
    const struct hb_iso_set *set = &iso->set[street];
    const uint8_t *board = cards + iso->deck.n_hole;
    uint64_t key;
    struct sorted s;
    size_t shape;
    uint32_t first;
    uint32_t a;
    uint32_t b;

    if (iso->sense != HB_ISO_SET)
        return hb_iso_rounds_index(iso, street, cards);
    key = key_of_board(iso, board, set->n_board);
    s = sort_suits(iso, key);
    first = first_hand(iso, set->terms, &s, &shape);
    a = code_of(iso, key, s.codes, cards[0]);
    b = code_of(iso, key, s.codes, board[-1]);
    return first + set->pair[shape * HB_ISO_PAIRS + 64 * a + b];
}

static void put_board(const struct hb_iso *iso, uint64_t sets, uint8_t *out)
{
    for (int p = 0; p < HB_SUITS; p++)
        for (int r = HB_RANKS - 1; r >= 0; r--)
            if ((sets >> (16 * p + r) & 1) != 0)
                *out++ = hb_iso_card(iso, r, p);
}

void hb_iso_set_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out)
{
    const struct hb_iso_set *set = &iso->set[street];
    const uint32_t first_mask = (1u << HB_ISO_FIRST_BITS) - 1;
    const struct hb_iso_shape *shape;
    uint32_t low = 0;
    uint32_t high = set->n_boards; /* first of low <= index < first of high */

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;

        if ((set->first[middle] & first_mask) <= index)
            low = middle;
        else
            high = middle;
    }
    shape = &set->shapes[set->first[low] >> HB_ISO_FIRST_BITS];
    index -= set->first[low] & first_mask;
    for (int i = iso->deck.n_hole - 1; i >= 0; i--) {
        int code = shape->code[index][i];
        unsigned ranks = set->keys[low] >> (16 * (code / 13)) & 0xFFFF;

        out[i] = hb_iso_card(iso, hb_iso_unsqueeze(ranks, code % 13), code / 13);
    }
    put_board(iso, set->keys[low], out + iso->deck.n_hole);
}

const struct hb_iso_shape *hb_iso_set_shape(const struct hb_iso *iso, int street, uint32_t board)
{
    const struct hb_iso_set *set = &iso->set[street];

    return &set->shapes[set->first[board] >> HB_ISO_FIRST_BITS];
}

uint32_t hb_iso_boards(const struct hb_iso *iso, int street)
{
    return iso->set[street].n_boards;
}

void hb_iso_board(const struct hb_iso *iso, int street, uint32_t board, uint8_t *out,
                  uint32_t *weight, uint64_t *first, uint32_t *n_hands)
{
    const struct hb_iso_set *set = &iso->set[street];
    const struct hb_iso_shape *shape = hb_iso_set_shape(iso, street, board);

    put_board(iso, set->keys[board], out);
    *weight = shape->board_weight;
    *first = set->first[board] & ((1u << HB_ISO_FIRST_BITS) - 1);
    *n_hands = shape->n_hands;
}

void hb_iso_view_open(const struct hb_iso *iso, int street, const uint8_t *board,
                      struct hb_iso_view *view)
{
    const struct hb_iso_set *set = &iso->set[street];
    uint64_t key = 0;
    struct sorted s;
    uint32_t shape;

    for (int i = 0; i < set->n_board; i++)
        key += iso->key[board[i]];
    s = sort_suits(iso, key);
    view->board = board_number(iso, &s, set->n_board);
    view->first = set->first[view->board] & ((1u << HB_ISO_FIRST_BITS) - 1);
    shape = set->first[view->board] >> HB_ISO_FIRST_BITS;
    view->n_hands = set->shapes[shape].n_hands;
    view->pair = set->pair + (size_t)shape * HB_ISO_PAIRS;
    memset(view->code, HB_ISO_DEAD, sizeof view->code);
    for (int slot = 0; slot < 4 * iso->deck.n_ranks; slot++)
        if ((slot & 3) < iso->deck.n_suits && (key >> (16 * (slot & 3) + slot / 4) & 1) == 0) {
            uint8_t card = (uint8_t)(slot + iso->card_shift);

            view->code[card] = (uint8_t)code_of(iso, key, s.codes, card);
        }
}
