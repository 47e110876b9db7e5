/* mix.h - what a player does at a state, for every hand he may hold at once.                  run.
 * The same answers as player.h gives, as probabilities: what his random numbers choose is left
 * open, how he understands bets outside his tree is not.
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_MIX_H
#define HB_RUN_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/player.h"
#include "solver/endings.h"

struct hb_mix {   /* {0} is empty */
    unsigned n;   /* actions; 0: too many to list, and they do not depend on the cards */
    hb_act *act;  /* [n], each once */
    double *prob; /* [n][HB_HANDS_MAX] by action and hand; live hands only, they sum to 1 */
    bool by_odds; /* the player's tree has no decision here: he goes by sampled odds */
    /* private */
    double *share; /* [HB_HANDS_MAX] by odds, of the hands in shared; < 0: not known yet */
    struct {
        uint64_t seed;
        uint32_t hand;
        int street, position;
    } shared;
    unsigned cap;
    uint32_t *bucket; /* [HB_HANDS_MAX] */
    uint32_t *seen;   /* [n_seen] by bucket: 1 + a hand that had it at this state */
    uint32_t n_seen;
    uint16_t *row;
    unsigned *to; /* [edges] the action that an edge comes to */
};

#define HB_MIX_ACTIONS 512 /* @uniform with more sizes than that is not listed */

int hb_mix_init(struct hb_mix *x, const struct hb_player *p, struct hb_err *e) HB_MUSTUSE;
void hb_mix_fini(struct hb_mix *x);

/* The player in seat m->position = m->state.actor, with the board of the state's street; own cards
 * of m are not looked at.
 *   live  [n_live] hands that he may hold
 * Cost: some 10 us for an abstraction of some hundred buckets, some 100 us for a lossless one.
 * Errors: those of hb_player_row and hb_player_bucket. */
int hb_mix_at(struct hb_mix *x, struct hb_player *p, const struct hb_matchstate *m,
              const struct hb_hands *h, const uint16_t *live, int n_live,
              struct hb_err *e) HB_MUSTUSE;

#endif
