/* sweep.h - ends of a heads-up hand with two own cards, HB_LANES of them on one board at a time.
 * solver, pure. Vectors are [hands of the board][HB_LANES] in the board's order of hands. A sweep
 * over the hands from the weakest to the strongest keeps the opponent's reach so far and the part
 * of it that holds each card, which both cannot hold. Threads: any. Lanes never meet: results do
 * not depend on the width of the machine's vectors. Source: Johanson, Waugh, Bowling, Zinkevich,
 * "Accelerating Best Response Calculation in Large Extensive Games", IJCAI 2011, section 3.3. */
#ifndef HB_SOLVER_SWEEP_H
#define HB_SOLVER_SWEEP_H

#include <stddef.h>
#include <stdint.h>

#include "solver/endings.h"
#include "solver/lanes.h"

/* One number for each lane. Memory needs no more than the alignment of a double. */
typedef double hb_vec __attribute__((vector_size(8 * HB_LANES), aligned(8)));

struct hb_sweep_board {
    uint64_t mask;
    uint8_t card[HB_BOARD_MAX]; /* rising within each round */
    int n_card;
    int n;                       /* hands that can be held beside it */
    uint16_t hand[HB_HANDS_MAX]; /* ranked: rising strength; else ascending */
    uint8_t own[HB_HANDS_MAX][2];
    int n_ties;                     /* ranked: runs of equal strength */
    uint16_t tie[HB_HANDS_MAX + 1]; /* [n_ties + 1] where they begin */
    uint32_t row[HB_HANDS_MAX];     /* for the caller: a number for each hand */
    double weight;                  /* for the caller */
};

/* An order of all hands in which neighbours seldom share a card, so that a sweep over equal hands
 * does not wait for its own sums; into order[h->n]. */
void hb_sweep_order(const struct hb_hands *h, uint16_t *order);
/* Fill in mask .. own; card[0..n_card) are set. With an order the board is ranked, equal hands in
 * that order; NULL: it is not. */
void hb_sweep_board_init(struct hb_sweep_board *b, const struct hb_hands *h, const uint16_t *order);

/* Loops over the hands of a board. All but load's and store's by_hand are [b->n] or [n]. */
struct hb_sweep_ops {
    /* out[seat]: what the seat wins against all hands of the other that do not collide with its
     * own: seat 0 gets pay times their reach, seat 1 loses it. */
    void (*fold)(const struct hb_sweep_board *b, const hb_vec *pay, const hb_vec *const reach[2],
                 hb_vec *const out[2], hb_vec *profit);
    /* pay times (reach of weaker hands - reach of stronger ones); the board is ranked. */
    void (*showdown)(const struct hb_sweep_board *b, const hb_vec *pay,
                     const hb_vec *const reach[2], hb_vec *const out[2], hb_vec *profit);
    /* out[i] = reach[i] * rows[b->row[i] * stride] */
    void (*multiply)(const struct hb_sweep_board *b, const hb_vec *rows, size_t stride,
                     const hb_vec *reach, hb_vec *out);
    void (*best)(int n, const hb_vec *part, hb_vec *best); /* best[i] = max(part[i], best[i]) */
    void (*sum)(int n, const hb_vec *part, hb_vec *sum);   /* sum[i] += part[i] */
    void (*dot)(int n, const hb_vec *a, const hb_vec *b, hb_vec *out); /* sum of a[i] * b[i] */
    void (*load)(const struct hb_sweep_board *b, const hb_vec *by_hand, hb_vec *out);
    /* by_hand[hand] += weight * in[i] */
    void (*store)(const struct hb_sweep_board *b, double weight, const hb_vec *in, hb_vec *by_hand);
    double speed; /* about, of the narrowest */
};

/* Those for this machine, with registers of at most so many bytes: 16, 32, 64. All give the same
 * bits. */
const struct hb_sweep_ops *hb_sweep_ops(int bytes);

#endif
