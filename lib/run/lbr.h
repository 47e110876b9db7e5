/* lbr.h - local best response: a lower bound on what the best counter-strategy wins.            run.
 *
 * The responder knows the strategy, not the cards. He keeps the probability of each hand that the
 * other may hold (Bayes), and takes the action that is worth most if nobody bets after it: the fold;
 * the call, which wins the pot with the probability wp that his hand wins when the rest of the board
 * is dealt; or a bet, which wins the pot when the other folds and has the wp against hands that do
 * not. His bets need not be in the strategy's tree. He is a strategy like any other, so what he wins
 * no best response wins less, on average.
 *
 * How the strategy understands a bet outside its tree is random; the responder does not know how it
 * did, but the score does. Each hand is scored against all hands that the other may have held, and
 * corrected for luck with own cards, the other's actions and the board by the responder's own wp (the
 * idea of aivat.h): terms of mean 0, each times a factor that is fitted to hands played beforehand.
 * The plain results are kept beside it. Threads: main thread.
 *
 * Source: V. Lisy, M. Bowling, "Equilibrium Approximation Quality of Current No-Limit Poker Bots",
 * AAAI workshop 2017, algorithm 1. */
#ifndef HB_RUN_LBR_H
#define HB_RUN_LBR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "game/betting.h"
#include "run/deals.h"
#include "run/player.h"

#define HB_LBR_SIZES 64

struct hb_lbr_options {
    const char *config, *game, *buckets;   /* as hb_player_options has them */
    struct hb_bet_size size[HB_LBR_SIZES]; /* bets the responder considers; limit games: any */
    int n_sizes;
    bool tree; /* in place of sizes: what the strategy's betting tree has, no call where it has
                         none */
    int from;  /* street: before it he checks and calls */
    uint64_t seed;
    uint64_t n_hands; /* at least so many: both seats of whole deals */
    int n_workers;    /* processes, 0: one a processor */
};

/* Fractions of the pot and "allin", with commas, or a name: "fc" no bets, "fcpa" the pot and all-in,
 * "many" 56 sizes from a tenth of the pot to all-in, "tree" those of the strategy's betting tree.
 * Errors: HB_EUSAGE. */
int hb_lbr_sizes(const char *text, struct hb_lbr_options *o, struct hb_err *e) HB_MUSTUSE;

struct hb_lbr { /* {0} is closed; not to be moved while it is open */
    struct hb_rules rules;
    char game_name[HB_NAME_MAX];
    uint64_t n_deals;
    /* Chips/hand that the responder wins, a number for each deal: corrected, and plain. */
    struct hb_stat chips[HB_DEALS_NUMBERS];
    uint64_t n_learned; /* hands that the factors were fitted to */
    /* private */
    struct hb_lbr_options o;
    struct hb_player player;
};

/* Open the strategy `name` (hb_player_open; checkpoints too). Errors: HB_EUSAGE unless it is for two
 * players, those of hb_player_open. */
int hb_lbr_open(const char *name, const struct hb_lbr_options *o, struct hb_lbr *l,
                struct hb_err *e) HB_MUSTUSE;
void hb_lbr_close(struct hb_lbr *l);
/* Play. tell is called now and then with the results so far in l, also while the factors are fitted:
 * then there are none; may be NULL. The result depends on
 * strategy, options and seed alone. Cost for hold'em: some milliseconds a hand. */
int hb_lbr_run(struct hb_lbr *l, void (*tell)(void *ctx, const struct hb_lbr *l), void *ctx,
               struct hb_err *e) HB_MUSTUSE;

#endif
