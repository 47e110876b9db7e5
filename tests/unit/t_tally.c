/* Tallies and scores against clusters are what enumeration says, on every hand of small decks and
 * on random ones of hold'em. */
#include "cards/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "cards/equity.h"
#include "cards/eval.h"
#include "cards/versus.h"
#include "check.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static const struct hb_deck small[] = {
    {3, 2, 1, 2, {0, 1}},    {6, 1, 1, 1, {0}},          {4, 3, 2, 3, {0, 1, 2}},
    {5, 2, 2, 2, {0, 2}},    {4, 2, 1, 4, {0, 1, 2, 3}}, {3, 4, 2, 4, {0, 1, 2, 3}},
    {5, 3, 1, 3, {1, 2, 4}}, {4, 4, 2, 2, {3, 5}},
};
#define N_SMALL    ((int)(sizeof small / sizeof small[0]))
#define LABELS_MAX 400

static uint32_t bits_of(uint32_t a, uint32_t b)
{
    uint32_t r[4];

    hb_rng_block(3, a, 0, HB_RNG_TOOL, b, r);
    return r[0];
}

static uint8_t *label8;   /* of the hands of a street */
static uint16_t *label16; /* the same plus 200 * (label odd) */

static void make_labels(const struct hb_iso *iso, int to)
{
    uint64_t n = hb_iso_size(iso, to);

    free(label8);
    free(label16);
    label8 = malloc((size_t)n);
    label16 = malloc((size_t)n * sizeof *label16);
    for (uint64_t i = 0; i < n; i++) {
        label8[i] = (uint8_t)((i * 2654435761u >> 7) % 50);
        label16[i] = (uint16_t)(label8[i] + 200 * (label8[i] % 2));
    }
}

/* ---- tallies ---- */

static void count_plainly(const struct hb_iso *iso, uint8_t *cards, int n, int to, int from_card,
                          uint32_t *count)
{
    const struct hb_deck *deck = hb_iso_deck(iso);

    if (n == deck->n_hole + deck->n_board[to]) {
        count[label8[hb_iso_index(iso, to, cards)]]++;
        return;
    }
    for (int card = from_card; card < HB_CARDS; card++)
        if (hb_deck_has(deck, (uint8_t)card) && memchr(cards, card, (size_t)n) == NULL) {
            cards[n] = (uint8_t)card;
            count_plainly(iso, cards, n + 1, to, card + 1, count);
        }
}

static uint32_t item(const void *p, size_t at, uint32_t bytes)
{
    return bytes == 1   ? ((const uint8_t *)p)[at]
           : bytes == 2 ? ((const uint16_t *)p)[at]
                        : ((const uint32_t *)p)[at];
}

/* One hand of a tally against enumeration, all sizes of labels and counts that are possible. */
static uint64_t wrong_counts(const struct hb_iso *iso, int street, uint64_t first, uint64_t hand,
                             int to, uint32_t label_bytes, uint32_t out_bytes, const void *out)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    uint32_t n_labels = label_bytes == 1 ? 50 : LABELS_MAX;
    uint32_t want[LABELS_MAX] = {0};
    uint8_t cards[HB_HAND_MAX + 1];
    uint64_t bad = 0;
    uint64_t sum = 0;

    hb_iso_cards(iso, street, hand, cards);
    count_plainly(iso, cards, deck->n_hole + deck->n_board[street], to, 0, want);
    for (uint32_t l = 0; l < 50; l++) {
        uint32_t at = label_bytes == 1 ? l : l + 200 * (l % 2);
        uint32_t got = item(out, (size_t)(hand - first) * n_labels + at, out_bytes);

        bad += got != want[l];
        sum += got;
    }
    return bad + (sum != hb_tally_run_outs(deck, street, to));
}

static void check_board(const struct hb_iso *iso, int street, uint32_t board, int to,
                        uint64_t every)
{
    static uint32_t out[1326 * LABELS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;
    uint64_t bad = 0;

    hb_iso_board(iso, street, board, cards, &weight, &first, &n_hands);
    for (uint32_t label_bytes = 1; label_bytes <= 2; label_bytes++)
        for (uint32_t out_bytes = 1; out_bytes <= 4; out_bytes *= 2) {
            struct hb_labels labels = {label_bytes == 1 ? (void *)label8 : (void *)label16,
                                       label_bytes, label_bytes == 1 ? 50 : LABELS_MAX};
            if (hb_tally_run_outs(hb_iso_deck(iso), street, to) >> (8 * out_bytes) != 0)
                continue;
            CHECK_EQ(hb_tally(iso, street, board, to, &labels, out, out_bytes, NULL), HB_OK);
            for (uint64_t h = board % every; h < n_hands; h += every)
                bad += wrong_counts(iso, street, first, first + h, to, label_bytes, out_bytes, out);
        }
    CHECK_EQ(bad, 0);
}

static void tallies_equal_enumeration_on_small_decks(void)
{
    for (int d = 0; d < N_SMALL; d++) {
        struct hb_iso *iso = NULL;
        struct hb_err e = {0};

        CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
        for (int to = 0; to < small[d].n_streets; to++) {
            make_labels(iso, to);
            for (int s = 0; s <= to; s++)
                for (uint32_t b = 0; b < hb_iso_boards(iso, s); b++)
                    check_board(iso, s, b, to, 1);
        }
        hb_iso_free(iso);
    }
}

static void tallies_equal_enumeration_on_random_boards_of_holdem(void)
{
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_iso_new(&holdem, HB_ISO_SET, &iso, &e), e);
    CHECK_EQ(hb_tally_run_outs(&holdem, 2, 3), 46);
    CHECK_EQ(hb_tally_run_outs(&holdem, 1, 3), 1081);
    CHECK_EQ(hb_tally_run_outs(&holdem, 0, 3), 2118760);
    make_labels(iso, 2);
    for (uint32_t i = 0; i < 5; i++)
        check_board(iso, 1, bits_of(1, i) % hb_iso_boards(iso, 1), 2, 7);
    make_labels(iso, 3);
    for (uint32_t i = 0; i < 20; i++)
        check_board(iso, 2, bits_of(2, i) % hb_iso_boards(iso, 2), 3, 11);
    for (uint32_t i = 0; i < 2; i++)
        check_board(iso, 1, bits_of(3, i) % hb_iso_boards(iso, 1), 3, 101);
    hb_iso_free(iso);
}

static void impossible_tallies_are_refused(void)
{
    static uint32_t out[1326 * 50];
    struct hb_iso *iso = NULL;
    struct hb_iso *rounds = NULL;
    struct hb_err e = {0};
    struct hb_labels l;

    CHECK_OK(hb_iso_new(&small[2], HB_ISO_SET, &iso, &e), e);
    CHECK_OK(hb_iso_new(&small[2], HB_ISO_ROUNDS, &rounds, &e), e);
    make_labels(iso, 2);
    l = (struct hb_labels){label8, 1, 50};
    CHECK_EQ(hb_tally(iso, 0, 0, 2, &l, out, 2, NULL), HB_OK);
    CHECK_EQ(hb_tally(rounds, 0, 0, 2, &l, out, 2, NULL), HB_EUSAGE);
    CHECK_EQ(hb_tally(iso, 0, 1, 2, &l, out, 2, NULL), HB_EUSAGE);
    CHECK_EQ(hb_tally(iso, 0, 0, 3, &l, out, 2, NULL), HB_EUSAGE);
    CHECK_EQ(hb_tally(iso, 1, 0, 0, &l, out, 2, NULL), HB_EUSAGE);
    CHECK_EQ(hb_tally(iso, -1, 0, 0, &l, out, 2, NULL), HB_EUSAGE);
    CHECK_EQ(hb_tally(iso, 0, 0, 2, &l, out, 3, NULL), HB_EUSAGE);
    l.label_bytes = 4;
    CHECK_EQ(hb_tally(iso, 0, 0, 2, &l, out, 2, NULL), HB_EUSAGE);
    l = (struct hb_labels){label8, 1, 0};
    CHECK_EQ(hb_tally(iso, 0, 0, 2, &l, out, 2, NULL), HB_EUSAGE);
    hb_iso_free(iso);
    hb_iso_free(rounds);
    CHECK_OK(hb_iso_new(&holdem, HB_ISO_SET, &iso, &e), e);
    l = (struct hb_labels){label8, 1, 50};
    CHECK_EQ(hb_tally(iso, 1, 0, 3, &l, out, 1, NULL), HB_EUSAGE); /* 1,081 in a byte */
    hb_iso_free(iso);
}

/* ---- scores against clusters ---- */

static void make_clusters(const struct hb_deck *deck, uint32_t n, uint8_t cluster[52][52])
{
    for (int a = 0; a < HB_CARDS; a++)
        for (int b = 0; b < HB_CARDS; b++) {
            int high = a / 4 > b / 4 ? a / 4 : b / 4;
            int low = a / 4 + b / 4 - high;

            cluster[a][b] =
                (uint8_t)((uint32_t)(high * 5 + low * 3 + (a % 4 == b % 4) + deck->n_hole) % n);
        }
}

/* A hand against every opponent, one by one. */
static uint64_t wrong_scores(const struct hb_deck *deck, const uint8_t *cards,
                             uint8_t cluster[52][52], uint32_t n, const uint16_t *score,
                             const uint16_t *opponents)
{
    int n_cards = deck->n_hole + deck->n_board[deck->n_streets - 1];
    uint32_t own = hb_eval(cards, n_cards);
    uint32_t want_score[HB_VERSUS_MAX] = {0};
    uint32_t want_n[HB_VERSUS_MAX] = {0};
    uint8_t other[HB_HAND_MAX];
    uint64_t bad = 0;

    memcpy(other, cards, (size_t)n_cards);
    for (uint8_t a = 0; a < HB_CARDS; a++)
        for (uint8_t b = a; b < HB_CARDS; b++) {
            uint32_t strength;

            if ((a == b) != (deck->n_hole == 1) || !hb_deck_has(deck, a) || !hb_deck_has(deck, b) ||
                memchr(cards, a, (size_t)n_cards) != NULL ||
                memchr(cards, b, (size_t)n_cards) != NULL)
                continue;
            other[0] = a;
            other[deck->n_hole - 1] = b;
            strength = hb_eval(other, n_cards);
            want_n[cluster[a][b]]++;
            want_score[cluster[a][b]] += own > strength ? 2 : own == strength;
        }
    for (uint32_t c = 0; c < n; c++)
        bad += score[c] != want_score[c] || opponents[c] != want_n[c];
    return bad;
}

static void check_versus(const struct hb_iso *iso, uint32_t board, uint32_t n, uint32_t every)
{
    static uint16_t score[1326 * HB_VERSUS_MAX];
    static uint16_t opponents[1326 * HB_VERSUS_MAX];
    static uint16_t plain[1326];
    static uint8_t cluster[52][52];
    const struct hb_deck *deck = hb_iso_deck(iso);
    int street = deck->n_streets - 1;
    uint8_t cards[HB_HAND_MAX];
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;
    uint64_t bad = 0;

    make_clusters(deck, n, cluster);
    hb_iso_board(iso, street, board, cards, &weight, &first, &n_hands);
    CHECK_EQ(hb_versus(iso, board, cluster, n, score, opponents, NULL), HB_OK);
    CHECK_EQ(hb_equity_final(iso, board, 1, plain, NULL), HB_OK);
    for (uint32_t h = 0; h < n_hands; h++) {
        uint32_t sum = 0;

        for (uint32_t c = 0; c < n; c++)
            sum += score[h * n + c];
        bad += sum != plain[h]; /* all clusters together are all hands */
        if (h % every != board % every)
            continue;
        hb_iso_cards(iso, street, first + h, cards);
        bad += wrong_scores(deck, cards, cluster, n, score + h * n, opponents + h * n);
    }
    CHECK_EQ(bad, 0);
}

static void scores_against_clusters_equal_enumeration(void)
{
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    for (int d = 0; d < N_SMALL; d++) {
        CHECK_OK(hb_iso_new(&small[d], HB_ISO_SET, &iso, &e), e);
        for (uint32_t b = 0; b < hb_iso_boards(iso, small[d].n_streets - 1); b++)
            for (uint32_t n = 1; n <= HB_VERSUS_MAX; n += b % 3 + 1)
                check_versus(iso, b, n, 1);
        hb_iso_free(iso);
    }
    CHECK_OK(hb_iso_new(&holdem, HB_ISO_SET, &iso, &e), e);
    for (uint32_t i = 0; i < 60; i++)
        check_versus(iso, bits_of(4, i) % hb_iso_boards(iso, 3), i % 2 == 0 ? 8 : 5, 17);
    hb_iso_free(iso);
}

static void impossible_clusters_are_refused(void)
{
    static uint16_t score[1326 * HB_VERSUS_MAX];
    static uint8_t cluster[52][52];
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_iso_new(&small[0], HB_ISO_SET, &iso, &e), e);
    CHECK_EQ(hb_versus(iso, 0, cluster, 1, score, NULL, NULL), HB_OK);
    CHECK_EQ(hb_versus(iso, 0, cluster, 0, score, NULL, NULL), HB_EUSAGE);
    CHECK_EQ(hb_versus(iso, 0, cluster, HB_VERSUS_MAX + 1, score, NULL, NULL), HB_EUSAGE);
    CHECK_EQ(hb_versus(iso, hb_iso_boards(iso, 1), cluster, 1, score, NULL, NULL), HB_EUSAGE);
    hb_iso_free(iso);
    CHECK_OK(hb_iso_new(&small[0], HB_ISO_ROUNDS, &iso, &e), e);
    CHECK_EQ(hb_versus(iso, 0, cluster, 1, score, NULL, NULL), HB_EUSAGE);
    hb_iso_free(iso);
}

int main(void)
{
    RUN(tallies_equal_enumeration_on_small_decks);
    RUN(tallies_equal_enumeration_on_random_boards_of_holdem);
    RUN(impossible_tallies_are_refused);
    RUN(scores_against_clusters_equal_enumeration);
    RUN(impossible_clusters_are_refused);
    free(label8);
    free(label16);
    return check_done();
}
