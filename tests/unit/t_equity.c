/* Exact equities: sweeps and folds against enumeration, as integers. The complete hold'em run is
 * long_equity.c. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/equity.h"
#include "check.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static struct hb_iso *iso_of(const struct hb_deck *deck)
{
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_iso_new(deck, HB_ISO_SET, &iso, &e), e);
    if (iso == NULL)
        exit(1);
    return iso;
}

static uint32_t random_below(uint32_t n, uint32_t draw)
{
    uint32_t bits[4];

    hb_rng_block(3, draw, 0, HB_RNG_TOOL, 0, bits);
    return hb_rng_below(bits[0], n);
}

static void every_hand_of_small_decks_equals_brute_force(void)
{
    static const struct hb_deck decks[] = {
        {3, 1, 1, 1, {0}},        /* Kuhn */
        {3, 2, 1, 2, {0, 1}},     /* Leduc */
        {13, 4, 1, 2, {0, 1}},    /* 52-card Leduc */
        {13, 4, 1, 3, {0, 1, 2}}, /* Rhode Island */
        {13, 4, 2, 1, {0}},         {5, 4, 2, 2, {0, 3}},       {4, 3, 2, 2, {0, 3}},
        {6, 2, 2, 3, {0, 3, 4}},    {5, 2, 2, 4, {0, 3, 4, 5}}, {9, 1, 2, 3, {0, 5, 5}},
        {8, 1, 1, 4, {0, 1, 2, 5}}, {6, 2, 1, 3, {1, 3, 5}},    {2, 4, 2, 3, {0, 1, 3}},
    };

    for (size_t d = 0; d < sizeof decks / sizeof *decks; d++) {
        struct hb_iso *iso = iso_of(&decks[d]);
        struct hb_equity *equity = NULL;
        uint64_t wrong = 0;
        struct hb_err e = {0};

        CHECK_OK(hb_equity_new(iso, HB_EQUITY_ALL, &equity, &e), e);
        for (int street = 0; street < decks[d].n_streets; street++)
            for (uint64_t i = 0; i < hb_iso_size(iso, street); i++) {
                uint8_t cards[HB_HAND_MAX];
                uint64_t sum;
                uint64_t square;

                hb_iso_cards(iso, street, i, cards);
                hb_equity_brute(&decks[d], street, cards, &sum, &square);
                wrong += hb_equity_sum(equity, street, i, 1) != sum ||
                         hb_equity_sum(equity, street, i, 2) != square;
            }
        if (wrong != 0)
            printf("# deck %zu\n", d);
        CHECK_EQ(wrong, 0);
        hb_equity_free(equity);
        hb_iso_free(iso);
    }
}

static void means_have_the_values_known_by_hand(void)
{
    static const struct hb_deck kuhn = {3, 1, 1, 1, {0}};
    struct hb_iso *iso = iso_of(&kuhn);
    struct hb_equity *equity = NULL;
    uint8_t cards[1];
    struct hb_err e = {0};

    CHECK_OK(hb_equity_new(iso, HB_EQUITY_ALL, &equity, &e), e);
    for (int rank = 10; rank <= 12; rank++) { /* Q, K, A: beats none, one, both */
        cards[0] = hb_card_of(rank, 3);
        CHECK_NEAR(hb_equity_mean(equity, 0, hb_iso_index(iso, 0, cards), 1), (rank - 10) / 2.0, 0);
        CHECK_NEAR(hb_equity_mean(equity, 0, hb_iso_index(iso, 0, cards), 2),
                   (rank - 10) * (rank - 10) / 4.0, 0);
    }
    hb_equity_free(equity);
    hb_iso_free(iso);
}

/* Sampled river boards: a few hands of each. */
static void holdem_river_scores_equal_brute_force(void)
{
    struct hb_iso *iso = iso_of(&holdem);
    uint64_t wrong = 0;
    struct hb_err e = {0};

    for (uint32_t k = 0; k < 2000; k++) {
        uint32_t board = random_below(hb_iso_boards(iso, 3), k);
        uint16_t score[1326];
        uint8_t cards[HB_HAND_MAX];
        uint32_t weight;
        uint64_t first;
        uint32_t n_hands;

        hb_iso_board(iso, 3, board, cards, &weight, &first, &n_hands);
        CHECK_OK(hb_equity_final(iso, board, 1, score, &e), e);
        for (uint32_t j = 0; j < 10; j++) {
            uint32_t h = random_below(n_hands, 10 * k + j);
            uint64_t sum;
            uint64_t square;

            hb_iso_cards(iso, 3, first + h, cards);
            hb_equity_brute(&holdem, 3, cards, &sum, &square);
            wrong += score[h] != sum || square != sum * sum;
        }
    }
    CHECK_EQ(wrong, 0);
    hb_iso_free(iso);
}

/* Only the river boards below one flop are swept; the rest of the table stays empty. */
static void holdem_turn_and_flop_sums_equal_brute_force(void)
{
    struct hb_iso *iso = iso_of(&holdem);
    struct hb_err e = {0};
    uint16_t *score = NULL;
    uint64_t *turn = NULL;
    uint64_t *turn_square = NULL;
    uint64_t wrong = 0;
    uint8_t cards[HB_HAND_MAX];
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;

    CHECK_OK(hb_mem_new(&score, hb_iso_size(iso, 3), sizeof *score, "scores", &e), e);
    CHECK_OK(hb_mem_new(&turn, hb_iso_size(iso, 2), sizeof *turn, "sums", &e), e);
    CHECK_OK(hb_mem_new(&turn_square, hb_iso_size(iso, 2), sizeof *turn_square, "sums", &e), e);
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t flop = random_below(hb_iso_boards(iso, 1), k);
        uint64_t sum[1326];
        uint64_t square[1326];
        uint8_t board[HB_BOARD_MAX];

        hb_iso_board(iso, 1, flop, board, &weight, &first, &n_hands);
        for (uint8_t t = 0; t < HB_CARDS; t++) {
            struct hb_iso_view view;
            uint64_t turn_first;

            if (memchr(board, t, 3) != NULL)
                continue;
            board[3] = t;
            for (uint8_t r = 0; r < HB_CARDS; r++) {
                board[4] = r;
                if (memchr(board, r, 4) != NULL)
                    continue;
                hb_iso_view_open(iso, 3, board, &view);
                CHECK_OK(hb_equity_final(iso, view.board, 1, score + view.first, &e), e);
            }
            hb_iso_view_open(iso, 2, board, &view);
            turn_first = view.first;
            CHECK_OK(hb_equity_fold_final(iso, view.board, 1, score, turn + turn_first,
                                          turn_square + turn_first, &e),
                     e);
        }
        CHECK_OK(hb_equity_fold(iso, 1, flop, 1, turn, turn_square, sum, square, &e), e);
        for (uint32_t j = 0; j < 2; j++) {
            uint32_t h = random_below(n_hands, 100 + 10 * k + j);
            uint64_t want;
            uint64_t want_square;
            uint64_t at;

            hb_iso_cards(iso, 1, first + h, cards);
            hb_equity_brute(&holdem, 1, cards, &want, &want_square);
            wrong += sum[h] != want || square[h] != want_square;
            cards[5] = cards[0] != 0 && cards[1] != 0 && memchr(cards, 0, 5) == NULL ? 0 : 51;
            if (memchr(cards, cards[5], 5) != NULL)
                continue;
            at = hb_iso_index(iso, 2, cards);
            hb_equity_brute(&holdem, 2, cards, &want, &want_square);
            wrong += turn[at] != want || turn_square[at] != want_square;
        }
    }
    CHECK_EQ(wrong, 0);
    hb_mem_free(score);
    hb_mem_free(turn);
    hb_mem_free(turn_square);
    hb_iso_free(iso);
}

static void parts_give_what_the_whole_gives(void)
{
    static const struct hb_deck deck = {5, 4, 2, 3, {0, 3, 4}};
    struct hb_iso *iso = iso_of(&deck);
    struct hb_equity *equity = NULL;
    uint32_t n_boards = hb_iso_boards(iso, 2);
    uint32_t n_turns = hb_iso_boards(iso, 1);
    uint16_t *score = NULL;
    uint64_t *sum = NULL;
    uint64_t wrong = 0;
    uint8_t board[HB_BOARD_MAX];
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;
    struct hb_err e = {0};

    CHECK_OK(hb_equity_new(iso, HB_EQUITY_ALL, &equity, &e), e);
    CHECK_OK(hb_mem_new(&score, hb_iso_size(iso, 2), sizeof *score, "scores", &e), e);
    CHECK_OK(hb_mem_new(&sum, hb_iso_size(iso, 1), sizeof *sum, "sums", &e), e);
    hb_iso_board(iso, 2, n_boards / 3, board, &weight, &first, &n_hands);
    CHECK_OK(hb_equity_final(iso, n_boards / 3, n_boards - n_boards / 3, score + first, &e), e);
    CHECK_OK(hb_equity_final(iso, 0, n_boards / 3, score, &e), e);
    hb_iso_board(iso, 1, n_turns / 2, board, &weight, &first, &n_hands);
    CHECK_OK(
        hb_equity_fold_final(iso, n_turns / 2, n_turns - n_turns / 2, score, sum + first, NULL, &e),
        e);
    CHECK_OK(hb_equity_fold_final(iso, 0, n_turns / 2, score, sum, NULL, &e), e);
    for (uint64_t i = 0; i < hb_iso_size(iso, 2); i++)
        wrong += hb_equity_sum(equity, 2, i, 1) != score[i];
    for (uint64_t i = 0; i < hb_iso_size(iso, 1); i++)
        wrong += hb_equity_sum(equity, 1, i, 1) != sum[i];
    CHECK_EQ(wrong, 0);
    hb_mem_free(score);
    hb_mem_free(sum);
    hb_equity_free(equity);
    hb_iso_free(iso);
}

static void wrong_calls_and_lack_of_memory_are_reported(void)
{
    static const struct hb_deck leduc = {3, 2, 1, 2, {0, 1}};
    static const struct hb_deck tiny = {2, 1, 1, 2, {0, 1}};
    struct hb_iso *iso = iso_of(&leduc);
    struct hb_equity *equity = NULL;
    struct hb_iso *other = NULL;
    struct hb_err e = {0};

    CHECK_EQ(hb_equity_fold(iso, 1, 0, 1, NULL, NULL, NULL, NULL, &e), HB_EUSAGE);
    for (long n = 1;; n++) {
        int rc;

        hb_mem_fail_at(n);
        rc = hb_equity_new(iso, HB_EQUITY_ALL, &equity, &e);
        hb_mem_fail_at(0);
        if (rc == HB_OK)
            break;
        CHECK_EQ(rc, HB_ENOMEM);
        CHECK(equity == NULL && n < 20);
    }
    hb_equity_free(equity);
    equity = NULL;
    CHECK_OK(hb_iso_new(&leduc, HB_ISO_ROUNDS, &other, &e), e);
    CHECK_EQ(hb_equity_new(other, HB_EQUITY_ALL, &equity, &e), HB_EUSAGE);
    hb_iso_free(other);
    CHECK_OK(hb_iso_new(&tiny, HB_ISO_SET, &other, &e), e);
    CHECK_EQ(hb_equity_new(other, HB_EQUITY_ALL, &equity, &e), HB_EUSAGE);
    hb_iso_free(other);
    hb_iso_free(iso);
    hb_equity_free(NULL);
}

int main(void)
{
    RUN(every_hand_of_small_decks_equals_brute_force);
    RUN(means_have_the_values_known_by_hand);
    RUN(holdem_river_scores_equal_brute_force);
    RUN(holdem_turn_and_flop_sums_equal_brute_force);
    RUN(parts_give_what_the_whole_gives);
    RUN(wrong_calls_and_lack_of_memory_are_reported);
    return check_done();
}
