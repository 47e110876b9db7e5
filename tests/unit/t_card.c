/* Cards and hands: text in, text out, decks of any size. */
#include <ctype.h>

#include "base/rng.h"
#include "cards/card.h"
#include "check.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static const struct hb_deck kuhn = {3, 1, 1, 1, {0}};
static const struct hb_deck leduc = {3, 2, 1, 2, {0, 1}};

static void every_card_survives_a_round_trip(void)
{
    char text[3];
    uint8_t back[1];
    int n = 0;
    struct hb_err e = {0};

    for (uint8_t card = 0; card < HB_CARDS; card++) {
        hb_card_format(card, text);
        CHECK_OK(hb_cards_parse(text, 2, back, 1, &n, &e), e);
        CHECK_EQ(n, 1);
        CHECK_EQ(back[0], card);
    }
    hb_card_format(51, text);
    CHECK_STR(text, "As");
    hb_card_format(0, text);
    CHECK_STR(text, "2c");
}

static void a_list_of_cards_is_formatted_and_parsed(void)
{
    uint8_t cards[7];
    char text[15];
    int n = -1;
    struct hb_err e = {0};

    CHECK_OK(hb_cards_parse("AskdTc", 6, cards, 7, &n, &e), e);
    CHECK_EQ(n, 3);
    hb_cards_format(cards, n, text);
    CHECK_STR(text, "AsKdTc");
    CHECK_OK(hb_cards_parse("", 0, cards, 7, &n, &e), e);
    CHECK_EQ(n, 0);
    hb_cards_format(cards, 0, text);
    CHECK_STR(text, "");
}

static void bad_cards_are_refused(void)
{
    static const char *const bad[] = {"A", "AsK", "Ax", "1s", "As As", "AsAs", "As/Ks", "A\xff"};
    uint8_t cards[7];
    int n = -1;
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(hb_cards_parse(bad[i], strlen(bad[i]), cards, 7, &n, &e), HB_EUSAGE);
    CHECK_EQ(hb_cards_parse("AsKs", 4, cards, 1, &n, &e), HB_EUSAGE);
    CHECK_EQ(n, -1);
}

static void a_deck_holds_its_highest_ranks_and_last_suits(void)
{
    uint8_t cards[HB_CARDS];
    char text[2 * HB_CARDS + 1];

    hb_cards_format(cards, hb_deck_cards(&kuhn, cards), text);
    CHECK_STR(text, "QsKsAs");
    hb_cards_format(cards, hb_deck_cards(&leduc, cards), text);
    CHECK_STR(text, "QhQsKhKsAhAs");
    CHECK_EQ(hb_deck_cards(&holdem, cards), 52);
    for (int ranks = 0; ranks <= HB_RANKS + 2; ranks++)
        for (int suits = 0; suits <= HB_SUITS + 2; suits++) {
            struct hb_deck deck = {.n_ranks = (uint8_t)ranks, .n_suits = (uint8_t)suits};
            int n = hb_deck_cards(&deck, cards);
            int at = 0;

            for (uint8_t card = 0; card < HB_CARDS; card++)
                if (hb_deck_has(&deck, card))
                    CHECK(at < n && cards[at++] == card);
            CHECK_EQ(at, n);
        }
    CHECK(!hb_deck_has(&leduc, hb_card_of(12, 1)));
    CHECK(!hb_deck_has(&holdem, 52));
}

static void impossible_decks_are_refused(void)
{
    static const struct hb_deck bad[] = {
        {0, 4, 2, 1, {0}},      {14, 4, 2, 1, {0}},         {13, 5, 2, 1, {0}},
        {13, 4, 3, 1, {0}},     {13, 4, 0, 1, {0}},         {13, 4, 2, 0, {0}},
        {13, 4, 2, 5, {0}},     {13, 4, 2, 2, {3, 0}},      {13, 4, 2, 2, {0, 6}},
        {13, 4, 2, 2, {-1, 3}}, {3, 2, 2, 4, {0, 3, 4, 5}},
    };
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(hb_deck_check(&bad[i], &e), HB_EUSAGE);
    CHECK_OK(hb_deck_check(&holdem, &e), e);
    CHECK_OK(hb_deck_check(&kuhn, &e), e);
}

static void hands_are_parsed_and_their_street_found(void)
{
    static const struct {
        const char *text;
        int n;
        int street;
    } good[] = {{"AhKh", 2, 0},
                {"AhKh/QsJs2d", 5, 1},
                {"AhKh/QsJs2d/7c", 6, 2},
                {"AhKh/QsJs2d7c", 6, 2},
                {"AhKh/QsJs2d/7c/2h", 7, 3}};
    uint8_t cards[HB_HAND_MAX];
    int n = 0;
    int street = 0;
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_OK(hb_hand_parse(&holdem, good[i].text, cards, &n, &street, &e), e);
        CHECK_EQ(n, good[i].n);
        CHECK_EQ(street, good[i].street);
    }
    CHECK_OK(hb_hand_parse(&leduc, "Kh/As", cards, &n, &street, &e), e);
    CHECK_EQ(street, 1);
    CHECK_EQ(cards[0], hb_card_of(11, 2));
    CHECK_EQ(cards[1], hb_card_of(12, 3));
}

static void bad_hands_are_refused(void)
{
    static const char *const bad[] = {"",
                                      "Ah",
                                      "AhKhQs",
                                      "AhKhQsJs2d",
                                      "/AhKh",
                                      "AhKh/",
                                      "AhKh//QsJs2d",
                                      "Ah/KhQsJs2d",
                                      "AhAh",
                                      "AhKh/QsJs",
                                      "AhKh/QsJsAh",
                                      "AhKh/QsJs2",
                                      "AhK/hQsJs2d",
                                      "AhKh/QsJs2d/7c/2h/3h",
                                      "AhKhQs/Js2d"};
    uint8_t cards[HB_HAND_MAX];
    int n = 0;
    int street = 0;
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(hb_hand_parse(&holdem, bad[i], cards, &n, &street, &e), HB_EUSAGE);
    CHECK_EQ(hb_hand_parse(&leduc, "Jh/As", cards, &n, &street, &e), HB_EUSAGE);
}

/* Whatever is accepted is exactly the text of its cards; everything else is an error. */
static void random_texts_are_refused_or_come_back_the_same(void)
{
    static const char letters[] = "23456789TJQKAtjqkacdhs/ x";
    int accepted = 0;

    for (uint32_t seed = 0; seed < 200000; seed++) {
        char text[24];
        char back[2 * HB_HAND_MAX + 2];
        uint8_t cards[HB_HAND_MAX];
        uint32_t bits[4];
        int n = 0;
        int street = -1;
        int len;

        hb_rng_block(seed, 0, 0, HB_RNG_TOOL, 0, bits);
        len = (int)hb_rng_below(bits[0], seed % 2 == 0 ? 20 : 6);
        for (int i = 0; i < len; i++) { /* half of the texts alternate ranks and suits */
            hb_rng_block(seed, 1 + (uint64_t)i, 0, HB_RNG_TOOL, 0, bits);
            text[i] = seed % 3 == 0 ? letters[hb_rng_below(bits[0], sizeof letters - 1)]
                                    : letters[i % 2 == 0 ? hb_rng_below(bits[0], 13)
                                                         : 18 + hb_rng_below(bits[0], 4)];
            if (seed % 3 == 1 && i == 4)
                text[i] = '/';
        }
        text[len] = '\0';
        if (hb_hand_parse(&holdem, text, cards, &n, &street, NULL) != HB_OK)
            continue;
        accepted++;
        CHECK(n == 2 + holdem.n_board[street]);
        hb_cards_format(cards, n, back);
        len = 0;
        for (const char *c = text; *c != '\0'; c++) /* as it would be written */
            if (*c != '/') {
                text[len] = (char)(len % 2 == 0 ? toupper((unsigned char)*c) : *c);
                len++;
            }
        text[len] = '\0';
        CHECK_STR(text, back);
    }
    CHECK(accepted > 1000);
}

int main(void)
{
    RUN(every_card_survives_a_round_trip);
    RUN(a_list_of_cards_is_formatted_and_parsed);
    RUN(bad_cards_are_refused);
    RUN(a_deck_holds_its_highest_ranks_and_last_suits);
    RUN(impossible_decks_are_refused);
    RUN(hands_are_parsed_and_their_street_found);
    RUN(bad_hands_are_refused);
    RUN(random_texts_are_refused_or_come_back_the_same);
    return check_done();
}
