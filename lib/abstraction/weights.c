#include "abstraction/weights.h"

#include <string.h>

#define PAIRS_MAX (HB_CARDS * (HB_CARDS - 1) / 2)
#define SCAN      1024

/* The canonical board that holds a hand. */
static uint32_t board_of(const struct hb_iso *iso, int street, uint64_t hand)
{
    uint8_t cards[HB_BOARD_MAX];
    uint32_t low = 0;
    uint32_t high = hb_iso_boards(iso, street); /* hands of `low` start at or before `hand` */

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t weight;
        uint32_t n_hands;
        uint64_t first;

        hb_iso_board(iso, street, middle, cards, &weight, &first, &n_hands);
        if (first <= hand)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Weights of all hands of a board into out[*n_hands]; returns the index of the first. */
static uint64_t board_weights(const struct hb_iso *iso, int street, uint32_t board,
                              uint32_t out[PAIRS_MAX], uint32_t *n_hands)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    struct hb_iso_view view;
    uint8_t cards[HB_CARDS];
    uint8_t shown[HB_BOARD_MAX];
    uint8_t live[HB_CARDS];
    int n_cards = hb_deck_cards(deck, cards);
    int n_live = 0;
    uint32_t weight;
    uint64_t first;

    hb_iso_board(iso, street, board, shown, &weight, &first, n_hands);
    hb_iso_view_open(iso, street, shown, &view);
    for (int i = 0; i < n_cards; i++)
        if (memchr(shown, cards[i], (size_t)deck->n_board[street]) == NULL)
            live[n_live++] = cards[i];
    memset(out, 0, *n_hands * sizeof out[0]);
    for (int i = 0; i < n_live; i++) {
        if (deck->n_hole == 1)
            out[hb_iso_view_index(&view, live[i], live[i]) - first] += weight;
        for (int j = i + 1; deck->n_hole == 2 && j < n_live; j++)
            out[hb_iso_view_index(&view, live[i], live[j]) - first] += weight;
    }
    return first;
}

void hb_weights(const struct hb_iso *iso, enum hb_iso_sense sense, int street, uint64_t first,
                uint64_t n, uint32_t *out)
{
    uint32_t weight[PAIRS_MAX];
    uint64_t done = 0;
    uint32_t board;

    if (sense == HB_ISO_ROUNDS) {
        for (uint64_t i = 0; i < n; i++)
            out[i] = (uint32_t)hb_iso_weight(iso, street, first + i);
        return;
    }
    board = n > 0 ? board_of(iso, street, first) : 0;
    while (done < n) {
        uint32_t n_hands;
        uint64_t start = board_weights(iso, street, board++, weight, &n_hands);
        uint64_t skip = first + done - start;
        uint64_t take = n_hands - skip < n - done ? n_hands - skip : n - done;

        memcpy(out + done, weight + skip, (size_t)take * sizeof out[0]);
        done += take;
    }
}

static uint64_t choose(int n, int k)
{
    uint64_t c = 1;

    for (int i = 0; i < k; i++)
        c = c * (uint64_t)(n - i) / (uint64_t)(i + 1);
    return c;
}

uint64_t hb_weights_total(const struct hb_deck *deck, enum hb_iso_sense sense, int street)
{
    int left = deck->n_ranks * deck->n_suits;
    uint64_t total = choose(left, deck->n_hole);

    left -= deck->n_hole;
    if (sense == HB_ISO_SET)
        return total * choose(left, deck->n_board[street]);
    for (int s = 0; s <= street; s++) {
        int shown = deck->n_board[s] - (s > 0 ? deck->n_board[s - 1] : 0);

        total *= choose(left, shown);
        left -= shown;
    }
    return total;
}

uint32_t hb_weights_largest(const struct hb_iso *iso, enum hb_iso_sense sense, int street)
{
    static const uint32_t factorial[] = {1, 1, 2, 6, 24};
    const uint32_t bound = factorial[hb_iso_deck(iso)->n_suits];
    uint64_t size = hb_iso_size(iso, street);
    uint32_t weight[SCAN];
    uint32_t largest = 0;

    for (uint64_t at = 0; at < size && largest < bound; at += SCAN) {
        uint64_t n = size - at < SCAN ? size - at : SCAN;

        hb_weights(iso, sense, street, at, n, weight);
        for (uint64_t i = 0; i < n; i++)
            if (weight[i] > largest)
                largest = weight[i];
    }
    return largest;
}
