#include "solver/sweep.h"

#include <string.h>

#include "cards/eval.h"

/* ---- boards ---- */

struct ranked {
    uint16_t strength;
    uint16_t hand;
};

/* One pass of a radix sort by 8 bits of the strength. */
static void sort_pass(const struct ranked *from, struct ranked *to, int n, int shift)
{
    uint16_t at[256] = {0};
    uint16_t start = 0;

    for (int i = 0; i < n; i++)
        at[from[i].strength >> shift & 0xFF]++;
    for (int k = 0; k < 256; k++) {
        uint16_t here = at[k];

        at[k] = start;
        start = (uint16_t)(start + here);
    }
    for (int i = 0; i < n; i++)
        to[at[from[i].strength >> shift & 0xFF]++] = from[i];
}

static void rank_hands(struct hb_sweep_board *b, const struct hb_hands *h)
{
    struct ranked list[HB_HANDS_MAX] = {{0, 0}};
    struct ranked half[HB_HANDS_MAX];
    struct hb_eval_hand board = HB_EVAL_NONE;

    for (int i = 0; i < b->n_card; i++)
        board = hb_eval_add(board, b->card[i]);
    for (int i = 0; i < b->n; i++) {
        const uint8_t *own = h->card[b->hand[i]];
        struct hb_eval_hand all = hb_eval_add(hb_eval_add(board, own[0]), own[1]);

        list[i] = (struct ranked){(uint16_t)hb_eval_hand(all, b->n_card + 2), b->hand[i]};
    }
    sort_pass(list, half, b->n, 0);
    sort_pass(half, list, b->n, 8);
    b->n_ties = 0;
    for (int i = 0; i < b->n; i++) {
        b->hand[i] = list[i].hand;
        if (i == 0 || list[i].strength != list[i - 1].strength)
            b->tie[b->n_ties++] = (uint16_t)i;
    }
    b->tie[b->n_ties] = (uint16_t)b->n;
}

void hb_sweep_board_init(struct hb_sweep_board *b, const struct hb_hands *h, bool ranked)
{
    b->mask = 0;
    for (int i = 0; i < b->n_card; i++)
        b->mask |= UINT64_C(1) << b->card[i];
    b->n = 0;
    for (int i = 0; i < h->n; i++)
        if ((h->mask[i] & b->mask) == 0)
            b->hand[b->n++] = (uint16_t)i;
    if (ranked)
        rank_hands(b, h);
    for (int i = 0; i < b->n; i++)
        memcpy(b->own[i], h->card[b->hand[i]], 2);
}

/* ---- ends ---- */

void hb_sweep_fold(const struct hb_sweep_board *b, const hb_vec *pay, const hb_vec *reach,
                   hb_vec *out)
{
    hb_vec card[HB_CARDS];
    hb_vec all = {0};

    memset(card, 0, sizeof card);
    for (int i = 0; i < b->n; i++) {
        all += reach[i];
        card[b->own[i][0]] += reach[i];
        card[b->own[i][1]] += reach[i];
    }
    for (int i = 0; i < b->n; i++) /* the very same hand was taken out twice */
        out[i] = *pay * (all - card[b->own[i][0]] - card[b->own[i][1]] + reach[i]);
}

/* With B the reach of weaker hands, U that of weaker and equal ones, T of all, each of them beside
 * the own cards: weaker - stronger = B - (T - U). The own hand is in U and T, and cancels. */
void hb_sweep_showdown(const struct hb_sweep_board *b, const hb_vec *pay, const hb_vec *reach,
                       hb_vec *out)
{
    hb_vec card[HB_CARDS];
    hb_vec all = {0};

    memset(card, 0, sizeof card);
    for (int k = 0; k < b->n_ties; k++) {
        int first = b->tie[k];
        int next = b->tie[k + 1];

        for (int i = first; i < next; i++)
            out[i] = all - card[b->own[i][0]] - card[b->own[i][1]];
        for (int i = first; i < next; i++) {
            all += reach[i];
            card[b->own[i][0]] += reach[i];
            card[b->own[i][1]] += reach[i];
        }
        for (int i = first; i < next; i++)
            out[i] += all - card[b->own[i][0]] - card[b->own[i][1]];
    }
    for (int i = 0; i < b->n; i++)
        out[i] = *pay * (out[i] - (all - card[b->own[i][0]] - card[b->own[i][1]]));
}
