/* Sets of cards against plain loops; every draw is as likely as any other. */
#include "cards/sets.h"

#include "check.h"
#include "base/rng.h"
#include "cards/card.h"

static void counting_and_listing(void)
{
    uint64_t sets[] = {0, 1, UINT64_C(1) << 51, (UINT64_C(1) << 52) - 1, UINT64_C(0x8421084210842)};

    for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++) {
        uint8_t cards[HB_CARDS];
        int n = hb_set_cards(sets[k], cards);
        uint64_t back = 0;

        CHECK_EQ(n, hb_set_count(sets[k]));
        for (int i = 0; i < n; i++) {
            CHECK(i == 0 || cards[i] > cards[i - 1]);
            back |= UINT64_C(1) << cards[i];
        }
        CHECK(back == sets[k]);
        CHECK(hb_set_of(cards, n) == sets[k]);
    }
}

static void choosing(void)
{
    CHECK(hb_set_choose(52, 2) == 1326);
    CHECK(hb_set_choose(52, 5) == 2598960);
    CHECK(hb_set_choose(48, 0) == 1);
    CHECK(hb_set_choose(3, 4) == 0);
}

static void a_draw_keeps_the_deck_and_its_name_decides(void)
{
    struct hb_draw d = {.seed = 4, .iteration = 9, .purpose = HB_RNG_TOOL, .index = 16};
    uint8_t a[52];
    uint8_t b[52];
    uint64_t all = 0;

    for (uint8_t i = 0; i < 52; i++)
        a[i] = b[i] = i;
    hb_draw_cards(&d, a, 52, 9);
    hb_draw_cards(&d, b, 52, 9);
    CHECK(memcmp(a, b, sizeof a) == 0);
    for (int i = 0; i < 52; i++)
        all |= UINT64_C(1) << a[i];
    CHECK(all == (UINT64_C(1) << 52) - 1);
    d.iteration++;
    for (uint8_t i = 0; i < 52; i++)
        b[i] = i;
    hb_draw_cards(&d, b, 52, 9);
    CHECK(memcmp(a, b, 9) != 0);
}

/* Six cards, ordered pairs: each of the 30 comes up a thousand times, give or take. */
static void every_draw_is_as_likely_as_any_other(void)
{
    int n[6][6] = {{0}};

    for (uint64_t k = 0; k < 30000; k++) {
        struct hb_draw d = {.seed = 1, .iteration = k, .purpose = HB_RNG_TOOL};
        uint8_t deck[6] = {0, 1, 2, 3, 4, 5};

        hb_draw_cards(&d, deck, 6, 2);
        n[deck[0]][deck[1]]++;
    }
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < 6; b++)
            CHECK_NEAR(n[a][b], a == b ? 0 : 1000, a == b ? 0 : 150);
}

int main(void)
{
    RUN(counting_and_listing);
    RUN(choosing);
    RUN(a_draw_keeps_the_deck_and_its_name_decides);
    RUN(every_draw_is_as_likely_as_any_other);
    return check_done();
}
