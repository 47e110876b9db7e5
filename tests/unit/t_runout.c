/* Equities of a hand against all others are those of plain counting, and of the books. */
#include "solver/runout.h"

#include "cards/eval.h"
#include "check.h"
#include "games.h"

static struct hb_hands hands;
static struct hb_spot spot;
static double out[HB_HANDS_MAX];

static bool look(const struct hb_rules *r, const char *text, uint32_t n_drawn)
{
    uint8_t cards[HB_HAND_MAX];
    int n = 0;
    int street = 0;
    struct hb_err e = {0};

    CHECK_OK(hb_hand_parse(&r->deck, text, cards, &n, &street, &e), e);
    hb_hands_init(&hands, &r->deck);
    hb_spot_init(&spot, &hands, cards + r->deck.n_hole, n - r->deck.n_hole, street);
    return hb_runout_equity(&r->deck, &hands, &spot, cards, n_drawn, 1, 1, 0, out);
}

/* Halves won by a against b over all boards, and how many boards; the board has n cards. */
static void count(const struct hb_rules *r, const uint8_t *a, const uint8_t *b, uint8_t *board,
                  int n, uint64_t used, int from, double *won, double *all)
{
    int n_own = r->deck.n_hole;
    int n_full = r->deck.n_board[r->deck.n_streets - 1];
    uint8_t deck[HB_CARDS];
    int n_deck = hb_deck_cards(&r->deck, deck);

    if (n == n_full) {
        uint8_t x[HB_HAND_MAX];
        uint8_t y[HB_HAND_MAX];

        memcpy(x, a, (size_t)n_own);
        memcpy(y, b, (size_t)n_own);
        memcpy(x + n_own, board, (size_t)n);
        memcpy(y + n_own, board, (size_t)n);
        *won += hb_eval(x, n_own + n) > hb_eval(y, n_own + n)    ? 1
                : hb_eval(x, n_own + n) == hb_eval(y, n_own + n) ? 0.5
                                                                 : 0;
        *all += 1;
        return;
    }
    for (int i = from; i < n_deck; i++) {
        if ((used >> deck[i] & 1) != 0)
            continue;
        board[n] = deck[i];
        count(r, a, b, board, n + 1, used, i + 1, won, all);
    }
}

static void compare(const char *game, const char *text, int step)
{
    struct hb_rules r = shipped_game(game);
    uint8_t cards[HB_HAND_MAX];
    uint8_t board[HB_BOARD_MAX];
    uint64_t own = 0;
    int n = 0;
    int street = 0;
    struct hb_err e = {0};

    CHECK(look(&r, text, 10));
    CHECK_OK(hb_hand_parse(&r.deck, text, cards, &n, &street, &e), e);
    for (int i = 0; i < r.deck.n_hole; i++)
        own |= UINT64_C(1) << cards[i];
    for (int i = 0; i < hands.n; i += step) {
        double won = 0;
        double all = 0;

        if ((hands.mask[i] & (own | spot.mask)) != 0) {
            CHECK(out[i] == 0);
            continue;
        }
        memcpy(board, spot.board, (size_t)spot.n_board);
        count(&r, cards, hands.card[i], board, spot.n_board, own | spot.mask | hands.mask[i], 0,
              &won, &all);
        CHECK_NEAR(out[i], won / all, 1e-12);
    }
}

static void listed_boards_are_counted(void)
{
    compare("kuhn", "Ks", 1);
    compare("leduc", "Ks", 1);
    compare("leduc", "Ks/As", 1);
    compare("hunl-10bb", "AhKh/QhJc2d/7h/2h", 1);
    compare("hunl-10bb", "AhKh/QhJc2d/7h", 1);
    compare("hunl-10bb", "AhKh/QhJc2d", 37);
}

static double against(const char *text)
{
    uint8_t cards[2];
    struct hb_err e = {0};
    int n = 0;

    CHECK_OK(hb_cards_parse(text, 4, cards, 2, &n, &e), e);
    for (int i = 0; i < hands.n; i++)
        if (hands.mask[i] == (UINT64_C(1) << cards[0] | UINT64_C(1) << cards[1]))
            return out[i];
    return -1;
}

/* Aces win some 81 % against kings of other suits, 85.2 % against any hand. */
static void drawn_boards_are_fair(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");
    double sum = 0;
    int n = 0;

    CHECK(!look(&r, "AsAh", 20000));
    CHECK_NEAR(against("KdKc"), 0.8124, 0.012);
    CHECK_NEAR(against("7c2d"), 0.8815, 0.012);
    for (int i = 0; i < hands.n; i++) {
        sum += out[i];
        n += out[i] > 0;
    }
    CHECK_EQ(n, 1225);
    CHECK_NEAR(sum / n, 0.852, 0.004);
}

static void draws_depend_on_their_names_alone(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");
    double first[2];

    for (int i = 0; i < 2; i++) {
        (void)look(&r, "AsKh", 200); /* not exact */
        first[i] = against("QdQc");
    }
    CHECK(first[0] == first[1]);
}

int main(void)
{
    RUN(listed_boards_are_counted);
    RUN(drawn_boards_are_fair);
    RUN(draws_depend_on_their_names_alone);
    return check_done();
}
