/* Hand indices: known counts, one-to-one on orbits (by brute force on small decks), inverse. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/iso.h"
#include "check.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static const struct hb_deck small_decks[] = {
    {3, 1, 1, 1, {0}},        /* Kuhn */
    {3, 2, 1, 2, {0, 1}},     /* Leduc */
    {3, 4, 1, 2, {0, 1}},     /* more suits */
    {13, 4, 1, 2, {0, 1}},    /* 52-card Leduc */
    {13, 4, 1, 3, {0, 1, 2}}, /* Rhode Island */
    {6, 2, 2, 2, {0, 3}},       {5, 3, 2, 3, {0, 2, 3}},    {5, 4, 2, 2, {0, 3}},
    {4, 4, 2, 3, {0, 1, 3}},    {4, 3, 2, 2, {1, 5}},       {6, 1, 2, 3, {0, 2, 4}},
    {4, 2, 2, 4, {0, 1, 2, 5}}, {3, 4, 2, 4, {1, 2, 2, 5}}, {1, 4, 1, 2, {0, 2}},
    {4, 3, 1, 4, {0, 1, 2, 4}}, {2, 4, 2, 2, {0, 4}},
};
enum { SMALL_DECKS = sizeof small_decks / sizeof *small_decks };

static struct hb_iso *iso_of(const struct hb_deck *deck, enum hb_iso_sense sense)
{
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_iso_new(deck, sense, &iso, &e), e);
    if (iso == NULL)
        exit(1);
    return iso;
}

static void holdem_has_its_known_counts(void)
{
    static const uint64_t want[2][4] = {{169, 1286792, 13960050, 123156254},
                                        {169, 1286792, 55190538, 2428287420}};
    static const uint32_t boards[4] = {1, 1755, 16432, 134459};

    for (int sense = 0; sense < 2; sense++) {
        struct hb_iso *iso = iso_of(&holdem, (enum hb_iso_sense)sense);

        for (int street = 0; street < 4; street++) {
            CHECK_EQ(hb_iso_size(iso, street), want[sense][street]);
            if (sense == HB_ISO_SET)
                CHECK_EQ(hb_iso_boards(iso, street), boards[street]);
        }
        hb_iso_free(iso);
    }
}

/* ---- brute force: walk every hand of a small deck ---- */

/* The next combination of k of n in lexicographic order; 0 after the last. */
static int next_choice(int *c, int k, int n)
{
    int i = k - 1;

    while (i >= 0 && c[i] == n - k + i)
        i--;
    if (i < 0)
        return 0;
    c[i]++;
    for (int j = i + 1; j < k; j++)
        c[j] = c[j - 1] + 1;
    return 1;
}

struct walk {
    const struct hb_iso *iso;
    int street;
    int n_parts;
    int part[6]; /* cards of each part */
    uint8_t deck_cards[HB_CARDS];
    int n_deck;
    uint64_t *orbit; /* [size] name of the orbit that has the index, + 1 */
    uint64_t *hands; /* [size] hands that have the index */
    uint64_t n_hands;
    uint64_t bad;
    uint8_t to[24][HB_SUITS]; /* renamings of the suits */
    int n_to;
};

/* All renamings of the deck's suits. */
static void list_renamings(struct walk *w, int low)
{
    for (unsigned to = 0; to < 256; to++) {
        unsigned seen = 0;

        for (int s = 0; s < HB_SUITS; s++)
            seen |= s < low && (int)(to >> (2 * s) & 3) != s ? 0u : 1u << (to >> (2 * s) & 3);
        if (seen != 15)
            continue;
        for (int s = 0; s < HB_SUITS; s++)
            w->to[w->n_to][s] = (uint8_t)(to >> (2 * s) & 3);
        w->n_to++;
    }
}

/* The smallest name of the hand under all renamings of the suits: parts sorted, in base 52. */
static uint64_t orbit_name(const struct walk *w, const uint8_t *cards)
{
    uint64_t best = UINT64_MAX;

    for (int t = 0; t < w->n_to; t++) {
        uint64_t name = 0;
        int i = 0;

        for (int p = 0; p < w->n_parts; p++) {
            uint64_t set = 0;

            for (int end = i + w->part[p]; i < end; i++)
                set |= UINT64_C(1)
                       << hb_card_of(hb_card_rank(cards[i]), w->to[t][hb_card_suit(cards[i])]);
            for (; set != 0; set &= set - 1)
                name = name * 52 + (uint64_t)__builtin_ctzll(set);
        }
        best = name < best ? name : best;
    }
    return best;
}

static void visit(struct walk *w, const uint8_t *cards)
{
    uint64_t index = hb_iso_index(w->iso, w->street, cards);
    uint64_t name = orbit_name(w, cards) + 1;

    w->n_hands++;
    if (index >= hb_iso_size(w->iso, w->street)) {
        w->bad++;
        return;
    }
    w->hands[index]++;
    if (w->orbit[index] == 0)
        w->orbit[index] = name;
    w->bad += w->orbit[index] != name;
}

static void walk_parts(struct walk *w, int part, uint64_t used, uint8_t *cards, int n)
{
    uint8_t left[HB_CARDS];
    int n_left = 0;
    int c[HB_BOARD_MAX];

    if (part == w->n_parts) {
        visit(w, cards);
        return;
    }
    for (int i = 0; i < w->n_deck; i++)
        if ((used >> w->deck_cards[i] & 1) == 0)
            left[n_left++] = w->deck_cards[i];
    for (int i = 0; i < w->part[part]; i++)
        c[i] = i;
    do {
        uint64_t now = used;

        for (int i = 0; i < w->part[part]; i++) {
            cards[n + i] = left[c[i]];
            now |= UINT64_C(1) << left[c[i]];
        }
        walk_parts(w, part + 1, now, cards, n + w->part[part]);
    } while (next_choice(c, w->part[part], n_left));
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void walk_street(const struct hb_iso *iso, enum hb_iso_sense sense, int street)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    struct walk w = {.iso = iso, .street = street, .n_parts = 2};
    uint64_t size = hb_iso_size(iso, street);
    uint64_t weights = 0;
    uint64_t wrong = 0;
    uint8_t cards[HB_HAND_MAX];
    struct hb_err e = {0};

    w.part[0] = deck->n_hole;
    w.part[1] = deck->n_board[sense == HB_ISO_SET ? street : 0];
    if (sense == HB_ISO_ROUNDS)
        for (int s = 1; s <= street; s++)
            w.part[w.n_parts++] = deck->n_board[s] - deck->n_board[s - 1];
    list_renamings(&w, HB_SUITS - deck->n_suits);
    w.n_deck = hb_deck_cards(deck, w.deck_cards);
    CHECK_OK(hb_mem_new(&w.orbit, size, sizeof *w.orbit, "orbits", &e), e);
    CHECK_OK(hb_mem_new(&w.hands, size, sizeof *w.hands, "hands", &e), e);
    walk_parts(&w, 0, 0, cards, 0);
    CHECK_EQ(w.bad, 0);
    for (uint64_t i = 0; i < size; i++) {
        uint64_t weight = hb_iso_weight(iso, street, i);

        weights += weight;
        hb_iso_cards(iso, street, i, cards);
        wrong += w.hands[i] != weight || hb_iso_index(iso, street, cards) != i;
        for (int k = 0; k < deck->n_hole + deck->n_board[street]; k++)
            wrong += !hb_deck_has(deck, cards[k]);
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(weights, w.n_hands);
    qsort(w.orbit, size, sizeof *w.orbit, by_value);
    for (uint64_t i = 0; i < size; i++) /* all met, no two the same */
        wrong += w.orbit[i] == 0 || (i > 0 && w.orbit[i] == w.orbit[i - 1]);
    CHECK_EQ(wrong, 0);
    hb_mem_free(w.orbit);
    hb_mem_free(w.hands);
}

static void small_decks_are_indexed_one_to_one(void)
{
    for (int d = 0; d < SMALL_DECKS; d++)
        for (int sense = 0; sense < 2; sense++) {
            struct hb_iso *iso = iso_of(&small_decks[d], (enum hb_iso_sense)sense);
            int bad = check_bad_here;

            for (int street = 0; street < small_decks[d].n_streets; street++)
                walk_street(iso, (enum hb_iso_sense)sense, street);
            hb_iso_free(iso);
            if (check_bad_here != bad)
                printf("# deck %d, sense %d\n", d, sense);
        }
}

/* ---- hold'em by samples ---- */

static uint64_t random_below(uint64_t n, uint32_t *draw)
{
    uint32_t bits[4];

    hb_rng_block(7, (*draw)++, 0, HB_RNG_TOOL, 0, bits);
    return ((uint64_t)bits[0] << 32 | bits[1]) % n;
}

static void unindexing_inverts_indexing_on_holdem(void)
{
    uint32_t draw = 0;
    uint8_t cards[HB_HAND_MAX];

    for (int sense = 0; sense < 2; sense++) {
        struct hb_iso *iso = iso_of(&holdem, (enum hb_iso_sense)sense);
        uint64_t wrong = 0;

        for (int street = 0; street < 4; street++) {
            uint64_t size = hb_iso_size(iso, street);

            for (int i = 0; i < 50000; i++) {
                uint64_t index = i == 0 ? 0 : i == 1 ? size - 1 : random_below(size, &draw);
                uint64_t seen = 0;

                hb_iso_cards(iso, street, index, cards);
                for (int k = 0; k < 2 + holdem.n_board[street]; k++) {
                    wrong += cards[k] >= HB_CARDS || (seen >> cards[k] & 1) != 0;
                    seen |= UINT64_C(1) << cards[k];
                }
                wrong += hb_iso_index(iso, street, cards) != index;
            }
        }
        CHECK_EQ(wrong, 0);
        hb_iso_free(iso);
    }
}

static void shuffle(uint8_t *cards, int n, uint32_t *draw)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)random_below((uint64_t)i + 1, draw);
        uint8_t swap = cards[i];

        cards[i] = cards[j];
        cards[j] = swap;
    }
}

static void names_of_suits_and_order_of_cards_do_not_matter(void)
{
    uint32_t draw = 1u << 30;

    for (int sense = 0; sense < 2; sense++) {
        struct hb_iso *iso = iso_of(&holdem, (enum hb_iso_sense)sense);
        uint64_t wrong = 0;

        for (int i = 0; i < 2000; i++) {
            uint8_t deck[HB_CARDS];
            uint8_t renamed[HB_HAND_MAX];
            uint64_t index[4];

            for (uint8_t c = 0; c < HB_CARDS; c++)
                deck[c] = c;
            shuffle(deck, HB_CARDS, &draw);
            for (int street = 0; street < 4; street++)
                index[street] = hb_iso_index(iso, street, deck);
            for (unsigned to = 0; to < 256; to++) {
                unsigned seen = 0;

                for (int s = 0; s < 4; s++)
                    seen |= 1u << (to >> (2 * s) & 3);
                if (seen != 15)
                    continue;
                for (int k = 0; k < 7; k++)
                    renamed[k] = hb_card_of(hb_card_rank(deck[k]),
                                            (int)(to >> (2 * hb_card_suit(deck[k])) & 3));
                shuffle(renamed, 2, &draw);
                shuffle(renamed + 2, 3, &draw);
                for (int street = 0; street < 4; street++)
                    wrong += hb_iso_index(iso, street, renamed) != index[street];
                if (sense == HB_ISO_SET) {
                    shuffle(renamed + 2, 5, &draw);
                    wrong += hb_iso_index(iso, 3, renamed) != index[3];
                }
            }
        }
        CHECK_EQ(wrong, 0);
        hb_iso_free(iso);
    }
}

/* ---- boards --------------------------------------------------------------------------------- */

static void boards_follow_each_other_and_weigh_all_raw_boards(void)
{
    static const uint64_t raw[4] = {1, 22100, 270725, 2598960};
    struct hb_iso *iso = iso_of(&holdem, HB_ISO_SET);

    for (int street = 0; street < 4; street++) {
        uint64_t next = 0;
        uint64_t weights = 0;
        uint64_t wrong = 0;

        for (uint32_t b = 0; b < hb_iso_boards(iso, street); b++) {
            uint8_t board[HB_BOARD_MAX];
            uint8_t cards[HB_HAND_MAX];
            uint32_t weight;
            uint64_t first;
            uint32_t n_hands;

            hb_iso_board(iso, street, b, board, &weight, &first, &n_hands);
            wrong += first != next;
            next += n_hands;
            weights += weight;
            hb_iso_cards(iso, street, first + n_hands - 1, cards);
            wrong += memcmp(cards + 2, board, (size_t)holdem.n_board[street]) != 0;
        }
        CHECK_EQ(wrong, 0);
        CHECK_EQ(next, hb_iso_size(iso, street));
        CHECK_EQ(weights, raw[street]);
    }
    hb_iso_free(iso);
}

static void a_view_gives_the_same_indices(void)
{
    struct hb_iso *iso = iso_of(&holdem, HB_ISO_SET);
    uint32_t draw = 1u << 29;
    uint64_t wrong = 0;

    for (int i = 0; i < 200; i++) {
        uint8_t deck[HB_CARDS];
        struct hb_iso_view view;
        int street = i % 4;
        int n_board = holdem.n_board[street];

        for (uint8_t c = 0; c < HB_CARDS; c++)
            deck[c] = c;
        shuffle(deck, HB_CARDS, &draw);
        hb_iso_view_open(iso, street, deck, &view);
        for (int k = 0; k < n_board; k++)
            wrong += hb_iso_view_index(&view, deck[k], deck[51]) != view.first + view.n_hands;
        for (int a = n_board; a < HB_CARDS; a++)
            for (int b = n_board; b < HB_CARDS; b++) {
                uint8_t cards[HB_HAND_MAX] = {deck[a], deck[b]};
                uint64_t index;

                if (a == b)
                    continue;
                memcpy(cards + 2, deck, (size_t)n_board);
                index = hb_iso_view_index(&view, deck[a], deck[b]);
                wrong += hb_iso_index(iso, street, cards) != index;
                wrong += index < view.first || index >= view.first + view.n_hands;
            }
    }
    CHECK_EQ(wrong, 0);
    hb_iso_free(iso);
}

static void impossible_decks_and_lack_of_memory_are_reported(void)
{
    struct hb_deck bad = holdem;
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    bad.n_suits = 5;
    CHECK_EQ(hb_iso_new(&bad, HB_ISO_SET, &iso, &e), HB_EUSAGE);
    for (int sense = 0; sense < 2; sense++)
        for (long n = 1;; n++) {
            int rc;

            hb_mem_fail_at(n);
            rc = hb_iso_new(&small_decks[1], (enum hb_iso_sense)sense, &iso, &e);
            hb_mem_fail_at(0);
            if (rc == HB_OK) {
                CHECK(n > 3);
                hb_iso_free(iso);
                iso = NULL;
                break;
            }
            CHECK_EQ(rc, HB_ENOMEM);
            CHECK(iso == NULL);
        }
    hb_iso_free(NULL);
}

int main(void)
{
    RUN(holdem_has_its_known_counts);
    RUN(small_decks_are_indexed_one_to_one);
    RUN(unindexing_inverts_indexing_on_holdem);
    RUN(names_of_suits_and_order_of_cards_do_not_matter);
    RUN(boards_follow_each_other_and_weigh_all_raw_boards);
    RUN(a_view_gives_the_same_indices);
    RUN(impossible_decks_and_lack_of_memory_are_reported);
    return check_done();
}
