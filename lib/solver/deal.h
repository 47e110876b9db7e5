/* deal.h - the cards of an iteration, and boards dealt out after an all-in. [solver, pure]
 *
 * All of it is a function of (game, seed, iteration).
 *
 * Threads: any, no state. */
#ifndef HB_SOLVER_DEAL_H
#define HB_SOLVER_DEAL_H

#include <stdint.h>

#include "cards/card.h"
#include "game/rules.h"
#include "solver/spec.h"

/* The cards of an iteration and what follows from them. */
struct hb_deal {
    uint8_t cards[HB_PLAYERS_MAX][HB_HAND_MAX];  /* own cards, then the whole board */
    uint32_t bucket[HB_PLAYERS_MAX][HB_STREETS]; /* streets with decisions only */
    uint32_t strength[HB_PLAYERS_MAX];           /* of own cards and the whole board */
};

/* Boards dealt out after an all-in. A hand that is all-in before the last street is worth its mean
 * over this many run-outs of the missing board cards instead of the one board of the deal:
 * unbiased, and the largest source of variance of no-limit games shrinks. With three and more
 * players a run-out costs side pots, so there are fewer. */
#define HB_RUNOUTS_HEADSUP  16
#define HB_RUNOUTS_MULTIWAY 4

/* Deal iteration `iteration`: own cards by seat, then the board, a uniform draw without
 * replacement. Only cards[] is written. */
void hb_deal_cards(const struct hb_rules *r, uint64_t seed, uint64_t iteration,
                   struct hb_deal *out);

/* The same from the deck's cards, deck[HB_CARDS] of which n_deck count, for many deals. */
void hb_deal_from(const uint8_t *deck, int n_deck, const struct hb_rules *r, uint64_t seed,
                  uint64_t iteration, struct hb_deal *out);

/* Strengths of all hands on run-outs of the board as it lies on `street` (before the last).
 *   strength  [n][HB_PLAYERS_MAX], n = hb_n_runouts(&s->rules) */
void hb_deal_runouts(const struct hb_spec *s, uint64_t iteration, int street,
                     const struct hb_deal *deal, uint32_t (*strength)[HB_PLAYERS_MAX]);
int hb_n_runouts(const struct hb_rules *r);

#endif
