/* sweep.h - ends of a heads-up hand with two own cards, HB_LANES of them on one board at a time.
 * solver, pure. Vectors are [hands of the board][HB_LANES] in the board's order of hands. A sweep
 * over the hands from the weakest to the strongest keeps the opponent's reach so far and the part
 * of it that holds each card, which both cannot hold. Threads: any. Lanes never meet: results do
 * not depend on the width of the machine's vectors. Source: Johanson, Waugh, Bowling, Zinkevich,
 * "Accelerating Best Response Calculation in Large Extensive Games", IJCAI 2011, section 3.3. */
#ifndef HB_SOLVER_SWEEP_H
#define HB_SOLVER_SWEEP_H

#include <stdbool.h>
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

/* Fill in mask .. own, and the ties when ranked. card[0..n_card) are set. */
void hb_sweep_board_init(struct hb_sweep_board *b, const struct hb_hands *h, bool ranked);

/* out = pay * (sum of the reach of the other seat's hands beside the own cards) */
void hb_sweep_fold(const struct hb_sweep_board *b, const hb_vec *pay, const hb_vec *reach,
                   hb_vec *out);
/* out = pay * (the same over weaker hands - over stronger hands); the board is ranked. */
void hb_sweep_showdown(const struct hb_sweep_board *b, const hb_vec *pay, const hb_vec *reach,
                       hb_vec *out);

#endif
