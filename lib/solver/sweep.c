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

void hb_sweep_order(const struct hb_hands *h, uint16_t *order)
{
    int n = 0;

    for (int apart = 1; apart < HB_CARDS; apart++)
        for (int i = 0; i < h->n; i++)
            if (h->card[i][1] - h->card[i][0] == apart)
                order[n++] = (uint16_t)i;
}

void hb_sweep_board_init(struct hb_sweep_board *b, const struct hb_hands *h, const uint16_t *order)
{
    b->mask = 0;
    for (int i = 0; i < b->n_card; i++)
        b->mask |= UINT64_C(1) << b->card[i];
    b->n = 0;
    for (int i = 0; i < h->n; i++) {
        int hand = order == NULL ? i : order[i];

        if ((h->mask[hand] & b->mask) == 0)
            b->hand[b->n++] = (uint16_t)hand;
    }
    if (order != NULL)
        rank_hands(b, h);
    for (int i = 0; i < b->n; i++)
        memcpy(b->own[i], h->card[b->hand[i]], 2);
}

/* ---- kernels ---- */

#define KERNEL(name)  name##_16
#define KERNEL_TARGET /* what every machine has */
#define KERNEL_BYTES  16
#define KERNEL_SPEED  1
#include "solver/sweep_kernels.h"

#ifdef __x86_64__
#define KERNEL(name)  name##_32
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_BYTES  32
#define KERNEL_SPEED  1.4
#include "solver/sweep_kernels.h"

#define KERNEL(name)  name##_64
#define KERNEL_TARGET __attribute__((target("avx512f")))
#define KERNEL_BYTES  64
#define KERNEL_SPEED  1.75
#include "solver/sweep_kernels.h"
#endif

const struct hb_sweep_ops *hb_sweep_ops(int bytes)
{
#ifdef __x86_64__
    if (bytes >= 64 && __builtin_cpu_supports("avx512f"))
        return &ops_64;
    if (bytes >= 32 && __builtin_cpu_supports("avx2"))
        return &ops_32;
#endif
    (void)bytes;
    return &ops_16;
}
