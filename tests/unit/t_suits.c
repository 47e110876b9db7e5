#include "cards/suits.h"

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"

static const struct hb_deck holdem = {
    .n_ranks = 13, .n_suits = 4, .n_hole = 2, .n_streets = 4, .n_board = {0, 3, 4, 5}};

static uint64_t all_cards(const struct hb_deck *deck)
{
    uint8_t card[HB_CARDS];
    int n = hb_deck_cards(deck, card);
    uint64_t set = 0;

    for (int i = 0; i < n; i++)
        set |= UINT64_C(1) << card[i];
    return set;
}

static void a_deck_has_as_many_renamings_as_orders_of_its_suits(void)
{
    static const int want[HB_SUITS + 1] = {0, 1, 2, 6, 24};

    for (int n = 1; n <= HB_SUITS; n++) {
        struct hb_deck deck = holdem;
        struct hb_suits g;

        deck.n_suits = n;
        hb_suits_all(&deck, &g);
        CHECK_EQ(g.n, want[n]);
        for (int i = 0; i < g.n; i++)
            CHECK_EQ(hb_suits_map(&g, i, all_cards(&deck)), all_cards(&deck));
        for (int s = 0; s < HB_SUITS; s++)
            CHECK_EQ(g.to[0][s], s);
    }
}

static void boards_of_holdem_up_to_suits_are_as_many_as_known(void)
{
    static const struct {
        int k;
        size_t n;
        uint64_t raw;
    } want[] = {{0, 1, 1},        {1, 13, 52},        {2, 169, 1326},
                {3, 1755, 22100}, {4, 16432, 270725}, {5, 134459, 2598960}};
    struct hb_suits_set *set = NULL;
    struct hb_suits g;

    hb_suits_all(&holdem, &g);
    CHECK(hb_mem_new(&set, 134459, sizeof *set, "sets", NULL) == HB_OK);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        uint64_t raw = 0;

        CHECK_EQ(hb_suits_sets(&g, all_cards(&holdem), want[i].k, NULL, 0), want[i].n);
        CHECK_EQ(hb_suits_sets(&g, all_cards(&holdem), want[i].k, set, want[i].n), want[i].n);
        for (size_t k = 0; k < want[i].n; k++)
            raw += set[k].weight;
        CHECK_EQ(raw, want[i].raw);
    }
    hb_mem_free(set);
}

/* 63,193 turns and 2,554,656 rivers as sequences. */
static void sequences_of_boards_are_as_many_as_known(void)
{
    static struct hb_suits_set flop[1755];
    struct hb_suits_set turn[49];
    struct hb_suits g;
    size_t n_turns = 0;
    size_t n_rivers = 0;

    hb_suits_all(&holdem, &g);
    (void)hb_suits_sets(&g, all_cards(&holdem), 3, flop, 1755);
    for (size_t f = 0; f < 1755; f++) {
        uint64_t left = all_cards(&holdem) & ~flop[f].set;
        struct hb_suits after_flop;
        size_t n;

        hb_suits_keep(&g, flop[f].set, &after_flop);
        n = hb_suits_sets(&after_flop, left, 1, turn, 49);
        n_turns += n;
        for (size_t t = 0; t < n; t++) {
            struct hb_suits after_turn;

            hb_suits_keep(&after_flop, turn[t].set, &after_turn);
            n_rivers += hb_suits_sets(&after_turn, left & ~turn[t].set, 1, NULL, 0);
        }
    }
    CHECK_EQ(n_turns, 63193);
    CHECK_EQ(n_rivers, 2554656);
}

static void every_set_is_in_one_orbit_and_weighs_what_the_orbit_holds(void)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct hb_deck deck = holdem;
        struct hb_suits g;
        struct hb_suits kept;
        uint32_t r[4];
        uint64_t board = 0;
        size_t members = 0;
        size_t orbits = 0;

        hb_rng_block(seed, 0, 0, HB_RNG_TOOL, 0, r);
        deck.n_ranks = 2 + (int)(r[0] % 4);
        deck.n_suits = 1 + (int)(r[1] % 4);
        for (int i = 0; i < 3; i++)
            board |= UINT64_C(1) << (r[2] >> (8 * i) & 0xFF) % HB_CARDS;
        board &= all_cards(&deck);
        hb_suits_all(&deck, &g);
        hb_suits_keep(&g, board, &kept);
        for (int a = 0; a < HB_CARDS; a++)
            for (int b = a + 1; b < HB_CARDS; b++) {
                uint64_t set = UINT64_C(1) << a | UINT64_C(1) << b;

                if ((set & ~(all_cards(&deck) & ~board)) != 0)
                    continue;
                members++;
                orbits += hb_suits_weight(&kept, set);
            }
        CHECK_EQ(members, orbits);
    }
}

int main(void)
{
    RUN(a_deck_has_as_many_renamings_as_orders_of_its_suits);
    RUN(boards_of_holdem_up_to_suits_are_as_many_as_known);
    RUN(sequences_of_boards_are_as_many_as_known);
    RUN(every_set_is_in_one_orbit_and_weighs_what_the_orbit_holds);
    return check_done();
}
