#include "cards/tally.h"

#include <string.h>

#include "cards/iso_impl.h"

/* The hands of the board to start from, and the next board. */
struct tally {
    uint32_t n_hands;
    uint8_t card[HB_ISO_HANDS_MAX][2]; /* own cards of a representative */
    uint32_t n_labels;
    const void *label;
    struct hb_iso_view view;
};

/* A hand that the next board takes a card of gets label 0: for every hand that happens equally
 * often, and is taken off in the end. */
#define DEFINE_ADD(name, label_type, count_type)                                                   \
    static void name(const struct tally *t, void *out)                                             \
    {                                                                                              \
        const label_type *all = t->label;                                                          \
        label_type label[HB_ISO_HANDS_MAX + 1];                                                    \
        uint16_t row[HB_CARDS];                                                                    \
        count_type *count = out;                                                                   \
                                                                                                   \
        memcpy(label, all + t->view.first, t->view.n_hands * sizeof label[0]);                     \
        label[t->view.n_hands] = 0;                                                                \
        for (int card = 0; card < HB_CARDS; card++)                                                \
            row[card] = (uint16_t)(64 * t->view.code[card]);                                       \
        for (uint32_t h = 0; h < t->n_hands; h++, count += t->n_labels)                            \
            count[label[t->view.pair[row[t->card[h][0]] + t->view.code[t->card[h][1]]]]]++;        \
    }
DEFINE_ADD(add_1_1, uint8_t, uint8_t)
DEFINE_ADD(add_1_2, uint8_t, uint16_t)
DEFINE_ADD(add_1_4, uint8_t, uint32_t)
DEFINE_ADD(add_2_1, uint16_t, uint8_t)
DEFINE_ADD(add_2_2, uint16_t, uint16_t)
DEFINE_ADD(add_2_4, uint16_t, uint32_t)

typedef void (*add_fn)(const struct tally *t, void *out);

static add_fn add_of(uint32_t label_bytes, uint32_t out_bytes)
{
    if (label_bytes == 1)
        return out_bytes == 1 ? add_1_1 : out_bytes == 2 ? add_1_2 : add_1_4;
    return out_bytes == 1 ? add_2_1 : out_bytes == 2 ? add_2_2 : add_2_4;
}

uint64_t hb_tally_run_outs(const struct hb_deck *deck, int street, int to)
{
    int left = deck->n_ranks * deck->n_suits - deck->n_hole - deck->n_board[street];

    return left < 0 ? 0 : hb_iso_choose((uint64_t)left, deck->n_board[to] - deck->n_board[street]);
}

/* Own cards of every hand, and the cards beside the board; returns how many these are. */
static int open_board(const struct hb_iso *iso, int street, uint32_t board, uint8_t *cards,
                      struct tally *t, uint8_t *left)
{
    struct hb_iso_view view;
    uint32_t weight;
    uint64_t first;
    int n_left = 0;

    hb_iso_board(iso, street, board, cards, &weight, &first, &t->n_hands);
    hb_iso_view_open(iso, street, cards, &view);
    for (uint8_t card = 0; card < HB_CARDS; card++)
        if (view.code[card] != HB_ISO_DEAD)
            left[n_left++] = card;
    for (int i = 0; i < n_left; i++)
        for (int j = i; j < n_left; j++) {
            uint64_t h = hb_iso_view_index(&view, left[i], left[j]) - first;

            if ((i == j) != (iso->deck.n_hole == 1))
                continue;
            t->card[h][0] = left[i];
            t->card[h][1] = left[j];
        }
    return n_left;
}

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

static int check(const struct hb_iso *iso, int street, uint32_t board, int to,
                 const struct hb_labels *labels, uint32_t out_bytes, struct hb_err *e)
{
    uint64_t n;

    if (iso->sense != HB_ISO_SET)
        return hb_fail(e, HB_EUSAGE, "tallies need indices with the board as one set");
    if (street < 0 || to < street || to >= iso->deck.n_streets ||
        board >= hb_iso_boards(iso, street))
        return hb_fail(e, HB_EUSAGE, "no tally from street %d, board %u, to street %d", street,
                       (unsigned)board, to);
    n = hb_tally_run_outs(&iso->deck, street, to);
    if (labels->n < 1 || (labels->label_bytes != 1 && labels->label_bytes != 2) ||
        (out_bytes != 1 && out_bytes != 2 && out_bytes != 4) || n >> (8 * out_bytes) != 0)
        return hb_fail(e, HB_EUSAGE, "%llu run-outs do not fit %u bytes, or labels not theirs",
                       (unsigned long long)n, (unsigned)out_bytes);
    return HB_OK;
}

static void take_dead(const struct tally *t, uint64_t dead, void *out, uint32_t out_bytes)
{
    for (size_t h = 0; h < t->n_hands; h++) {
        size_t at = h * t->n_labels;

        if (out_bytes == 1)
            ((uint8_t *)out)[at] = (uint8_t)(((uint8_t *)out)[at] - dead);
        else if (out_bytes == 2)
            ((uint16_t *)out)[at] = (uint16_t)(((uint16_t *)out)[at] - dead);
        else
            ((uint32_t *)out)[at] -= (uint32_t)dead;
    }
}

int hb_tally(const struct hb_iso *iso, int street, uint32_t board, int to,
             const struct hb_labels *labels, void *out, uint32_t out_bytes, struct hb_err *e)
{
    struct tally t;
    int n_new;
    int n_left;
    uint8_t cards[HB_BOARD_MAX + 1];
    uint8_t left[HB_CARDS];
    int choice[HB_BOARD_MAX + 1];
    add_fn add;
    uint64_t n_boards = 0;
    int rc;

    if ((rc = check(iso, street, board, to, labels, out_bytes, e)) != HB_OK)
        return rc;
    add = add_of(labels->label_bytes, out_bytes);
    t.label = labels->label;
    t.n_labels = labels->n;
    n_new = iso->deck.n_board[to] - iso->deck.n_board[street];
    n_left = open_board(iso, street, board, cards, &t, left);
    memset(out, 0, (size_t)t.n_hands * labels->n * out_bytes);
    for (int i = 0; i < n_new; i++)
        choice[i] = i;
    do {
        for (int i = 0; i < n_new; i++)
            cards[iso->deck.n_board[street] + i] = left[choice[i]];
        hb_iso_view_open(iso, to, cards, &t.view);
        add(&t, out);
        n_boards++;
    } while (next_choice(choice, n_new, n_left));
    take_dead(&t, n_boards - hb_tally_run_outs(&iso->deck, street, to), out, out_bytes);
    return HB_OK;
}
