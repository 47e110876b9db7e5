/* hand.h - a hand at the table of a dealer: cards by number, who sits where, who wins what.  run.
 * hb-deal and matches deal alike: the same seed, the same hands.
 * Threads: plain data. */
#ifndef HB_RUN_HAND_H
#define HB_RUN_HAND_H

#include <stdint.h>

#include "game/matchstate.h"
#include "game/rules.h"

/* Hands that something is learned from before a match: numbers and deals that no match has. */
#define HB_HANDS_MATCH (UINT32_C(1) << 31) /* the first such hand; so many hands may be played */
#define HB_DEALS_LEARN (UINT64_C(1) << 45) /* the first such deal */

/* Begin hand number `hand` with deal number `deal` (< 2^46) of a seed: every card is known, nobody
 * has acted. No training run with the same seed has these deals. */
void hb_hand_deal(const struct hb_rules *r, uint64_t seed, uint64_t deal, uint32_t hand,
                  struct hb_matchstate *m);
/* Players move on by one position with every hand. */
int hb_hand_position(int n_players, int player, uint32_t hand);
int hb_hand_player(int n_players, int position, uint32_t hand);
/* Net chips by position of a hand that is over. At a showdown a position whose cards are not known
 * counts as the weakest. */
void hb_hand_win(const struct hb_rules *r, const struct hb_matchstate *m, double *win);

#endif
