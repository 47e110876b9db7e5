/* Ranges with card removal against sums over all pairs of hands. */
#include "solver/ranges.h"

#include "check.h"
#include "games.h"

static struct hb_hands hands;
static struct hb_spot spot;
static double a[HB_HANDS_MAX], beside[HB_HANDS_MAX];

static void compare(const char *game, const uint8_t *board, int n_board, uint64_t seed)
{
    struct hb_rules r = shipped_game(game);
    struct rand_stream g = {.seed = seed};

    hb_hands_init(&hands, &r.deck);
    hb_spot_init(&spot, &hands, board, n_board, 0);
    for (int h = 0; h < hands.n; h++) /* also of hands that are not live */
        a[h] = rand_in(&g, 0, 2) == 0 ? 0 : rand_in(&g, 0, 1000);
    hb_ranges_beside(&hands, spot.live, spot.n_live, a, beside);
    for (int i = 0; i < spot.n_live; i++) {
        double sum = 0;

        for (int k = 0; k < spot.n_live; k++)
            if ((hands.mask[spot.live[i]] & hands.mask[spot.live[k]]) == 0)
                sum += a[spot.live[k]];
        CHECK_NEAR(beside[spot.live[i]], sum, 1e-6);
    }
}

static void what_is_beside_a_hand_shares_no_card_with_it(void)
{
    static const uint8_t board[5] = {0, 7, 22, 33, 51};

    for (uint64_t seed = 1; seed < 4; seed++) {
        compare("kuhn", NULL, 0, seed);
        compare("leduc", NULL, 0, seed);
        compare("hunl-10bb", board, 0, seed);
        compare("hunl-10bb", board, 3, seed);
        compare("hunl-10bb", board, 5, seed);
    }
}

static void a_single_hand_has_nothing_of_itself_beside_it(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");

    hb_hands_init(&hands, &r.deck);
    hb_spot_init(&spot, &hands, NULL, 0, 0);
    memset(a, 0, sizeof a);
    a[0] = 1; /* 2c2d */
    hb_ranges_beside(&hands, spot.live, spot.n_live, a, beside);
    CHECK(beside[0] == 0);
    CHECK(beside[1] == 0); /* shares 2c */
    CHECK(beside[hands.n - 1] == 1);
}

static void normalised_ranges_sum_to_one_over_live_hands(void)
{
    static const uint8_t board[3] = {1, 2, 3};
    struct hb_rules r = shipped_game("hunl-10bb");
    double sum = 0;

    hb_hands_init(&hands, &r.deck);
    hb_spot_init(&spot, &hands, board, 3, 1);
    for (int h = 0; h < hands.n; h++)
        a[h] = 2;
    CHECK_NEAR(hb_ranges_normalise(&hands, spot.live, spot.n_live, a), 2.0 * 1176, 1e-9);
    for (int h = 0; h < hands.n; h++) {
        sum += a[h];
        CHECK((a[h] == 0) == ((hands.mask[h] & spot.mask) != 0));
    }
    CHECK_NEAR(sum, 1, 1e-12);
    memset(a, 0, sizeof a);
    CHECK(hb_ranges_normalise(&hands, spot.live, spot.n_live, a) == 0);
    CHECK(a[5] == 0);
}

int main(void)
{
    RUN(what_is_beside_a_hand_shares_no_card_with_it);
    RUN(a_single_hand_has_nothing_of_itself_beside_it);
    RUN(normalised_ranges_sum_to_one_over_live_hands);
    return check_done();
}
