/* sweep_kernels.h - the loops of sweep.h for one width of vectors; only sweep.c includes it, once
 * for each width. KERNEL(name) names a function, KERNEL_TARGET is its attribute, KERNEL_BYTES the
 * width of a register. Every lane sees the same operations in the same order whatever the width.
 * solver, pure. Threads: any. */
#include <string.h>

#include "solver/sweep.h"

#ifdef KERNEL

enum { KERNEL(PARTS) = (int)(sizeof(hb_vec) / KERNEL_BYTES) };

typedef double KERNEL(part) __attribute__((vector_size(KERNEL_BYTES), aligned(8)));
typedef __typeof__((KERNEL(part)){0} < (KERNEL(part)){0}) KERNEL(mask);
#define PART  KERNEL(part)
#define PARTS KERNEL(PARTS)

/* Sums of the other seat's reach: over hands, and over those that hold a card. */
struct KERNEL(sums) {
    PART all[PARTS];
    PART card[HB_CARDS][PARTS];
};

KERNEL_TARGET static inline void KERNEL(add)(struct KERNEL(sums) * s, const uint8_t own[2],
                                             const PART *reach)
{
    for (int k = 0; k < PARTS; k++) {
        s->all[k] += reach[k];
        s->card[own[0]][k] += reach[k];
        s->card[own[1]][k] += reach[k];
    }
}

#define BESIDE(s, own, k) ((s).all[k] - (s).card[(own)[0]][k] - (s).card[(own)[1]][k])

KERNEL_TARGET static void KERNEL(fold)(const struct hb_sweep_board *b, const hb_vec *pay,
                                       const hb_vec *const reach[2], hb_vec *const out[2],
                                       hb_vec *profit)
{
    struct KERNEL(sums) s[2] __attribute__((aligned(64)));
    PART sum[PARTS];
    const PART *p = (const PART *)(const void *)pay;
    const PART *r0 = (const PART *)(const void *)reach[0];
    const PART *r1 = (const PART *)(const void *)reach[1];
    PART *o0 = (PART *)(void *)out[0];
    PART *o1 = (PART *)(void *)out[1];

    memset(s, 0, sizeof s);
    memset(sum, 0, sizeof sum);
    for (int i = 0; i < b->n; i++) {
        KERNEL(add)(&s[0], b->own[i], r0 + i * PARTS);
        KERNEL(add)(&s[1], b->own[i], r1 + i * PARTS);
    }
    for (int i = 0; i < b->n; i++) /* the very same hand was taken out twice */
        for (int k = 0; k < PARTS; k++) {
            o0[i * PARTS + k] = p[k] * (BESIDE(s[1], b->own[i], k) + r1[i * PARTS + k]);
            o1[i * PARTS + k] = -p[k] * (BESIDE(s[0], b->own[i], k) + r0[i * PARTS + k]);
            sum[k] += r0[i * PARTS + k] * o0[i * PARTS + k];
        }
    memcpy(profit, sum, sizeof *profit);
}

/* With B the reach of weaker hands, U that of weaker and equal ones, T of all, each of them beside
 * the own cards: weaker - stronger = B - (T - U). The own hand is in U and T, and cancels. */
KERNEL_TARGET static void KERNEL(showdown)(const struct hb_sweep_board *b, const hb_vec *pay,
                                           const hb_vec *const reach[2], hb_vec *const out[2],
                                           hb_vec *profit)
{
    /* both seats in one go: neither waits for the other */
    struct KERNEL(sums) s[2] __attribute__((aligned(64)));
    PART sum[PARTS];
    const PART *p = (const PART *)(const void *)pay;
    const PART *r0 = (const PART *)(const void *)reach[0];
    const PART *r1 = (const PART *)(const void *)reach[1];
    PART *o0 = (PART *)(void *)out[0];
    PART *o1 = (PART *)(void *)out[1];

    memset(s, 0, sizeof s);
    memset(sum, 0, sizeof sum);
    for (int tie = 0; tie < b->n_ties; tie++) {
        int first = b->tie[tie];
        int next = b->tie[tie + 1];

        for (int i = first; i < next; i++)
            for (int k = 0; k < PARTS; k++) {
                o0[i * PARTS + k] = BESIDE(s[1], b->own[i], k);
                o1[i * PARTS + k] = BESIDE(s[0], b->own[i], k);
            }
        for (int i = first; i < next; i++) {
            KERNEL(add)(&s[0], b->own[i], r0 + i * PARTS);
            KERNEL(add)(&s[1], b->own[i], r1 + i * PARTS);
        }
        for (int i = first; i < next; i++)
            for (int k = 0; k < PARTS; k++) {
                o0[i * PARTS + k] += BESIDE(s[1], b->own[i], k);
                o1[i * PARTS + k] += BESIDE(s[0], b->own[i], k);
            }
    }
    for (int i = 0; i < b->n; i++)
        for (int k = 0; k < PARTS; k++) {
            o0[i * PARTS + k] = p[k] * (o0[i * PARTS + k] - BESIDE(s[1], b->own[i], k));
            o1[i * PARTS + k] = p[k] * (o1[i * PARTS + k] - BESIDE(s[0], b->own[i], k));
            sum[k] += r0[i * PARTS + k] * o0[i * PARTS + k];
        }
    memcpy(profit, sum, sizeof *profit);
}

KERNEL_TARGET static void KERNEL(multiply)(const struct hb_sweep_board *b, const hb_vec *rows,
                                           size_t stride, const hb_vec *reach, hb_vec *out)
{
    for (int i = 0; i < b->n; i++) {
        const PART *row = (const PART *)(const void *)(rows + b->row[i] * stride);
        const PART *r = (const PART *)(const void *)(reach + i);
        PART *o = (PART *)(void *)(out + i);

        for (int k = 0; k < PARTS; k++)
            o[k] = r[k] * row[k];
    }
}

KERNEL_TARGET static void KERNEL(best)(int n, const hb_vec *part, hb_vec *best)
{
    for (int i = 0; i < n; i++) {
        const PART *p = (const PART *)(const void *)(part + i);
        PART *o = (PART *)(void *)(best + i);

        for (int k = 0; k < PARTS; k++) {
            KERNEL(mask) more = p[k] > o[k];

            o[k] = (PART)((more & (KERNEL(mask))p[k]) | (~more & (KERNEL(mask))o[k]));
        }
    }
}

KERNEL_TARGET static void KERNEL(sum)(int n, const hb_vec *part, hb_vec *sum)
{
    for (int i = 0; i < n; i++) {
        const PART *p = (const PART *)(const void *)(part + i);
        PART *o = (PART *)(void *)(sum + i);

        for (int k = 0; k < PARTS; k++)
            o[k] += p[k];
    }
}

KERNEL_TARGET static void KERNEL(dot)(int n, const hb_vec *a, const hb_vec *b, hb_vec *out)
{
    PART sum[PARTS];

    memset(sum, 0, sizeof sum);
    for (int i = 0; i < n; i++) {
        const PART *x = (const PART *)(const void *)(a + i);
        const PART *y = (const PART *)(const void *)(b + i);

        for (int k = 0; k < PARTS; k++)
            sum[k] += x[k] * y[k];
    }
    memcpy(out, sum, sizeof *out);
}

KERNEL_TARGET static void KERNEL(load)(const struct hb_sweep_board *b, const hb_vec *by_hand,
                                       hb_vec *out)
{
    for (int i = 0; i < b->n; i++) {
        const PART *from = (const PART *)(const void *)(by_hand + b->hand[i]);
        PART *to = (PART *)(void *)(out + i);

        for (int k = 0; k < PARTS; k++)
            to[k] = from[k];
    }
}

KERNEL_TARGET static void KERNEL(store)(const struct hb_sweep_board *b, double weight,
                                        const hb_vec *in, hb_vec *by_hand)
{
    for (int i = 0; i < b->n; i++) {
        const PART *from = (const PART *)(const void *)(in + i);
        PART *to = (PART *)(void *)(by_hand + b->hand[i]);

        for (int k = 0; k < PARTS; k++)
            to[k] += weight * from[k];
    }
}

static const struct hb_sweep_ops KERNEL(ops) = {KERNEL(fold), KERNEL(showdown), KERNEL(multiply),
                                                KERNEL(best), KERNEL(sum),      KERNEL(dot),
                                                KERNEL(load), KERNEL(store),    KERNEL_SPEED};

#undef PART
#undef PARTS
#undef BESIDE
#undef KERNEL
#undef KERNEL_TARGET
#undef KERNEL_BYTES
#undef KERNEL_SPEED

#endif
