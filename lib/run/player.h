/* player.h - answers to the states of a hand: from a blueprint, a checkpoint's average strategy or
 * by a fixed strategy.                                                                     run.
 * A state tells the whole hand, so an answer depends on (options, state) alone: the hand is
 * followed through the betting tree anew each time, random numbers are keyed by seed, hand,
 * position and number of the action. Threads: an object belongs to one thread. */
#ifndef HB_RUN_PLAYER_H
#define HB_RUN_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/err.h"
#include "game/betting.h"
#include "game/matchstate.h"
#include "game/translate.h"
#include "run/strategy.h"
#include "solver/endings.h"
#include "solver/exploit.h"
#include "store/blueprint.h"

struct hb_player_options {
    const char *config;         /* for a fixed strategy: a configuration ... */
    const char *game;           /* ... or a game file, every legal size kept ... */
    const struct hb_spec *like; /* ... or the game and betting of another player, borrowed */
    const char *buckets;        /* bucket file in place of the one the blueprint names, or NULL */
    bool checkpoints;           /* take checkpoints too: they play as their blueprints would */
    uint64_t seed;
    bool purify;      /* always the most probable action, the first of equals */
    double threshold; /* 0..1: actions below it are not taken, unless all are */
};

struct hb_player { /* {0} is closed; not to be moved while it is open */
    struct hb_rules rules;
    char game_name[HB_NAME_MAX];
    bool fixed;
    const struct hb_tree *tree; /* NULL: a fixed strategy */
    const struct hb_spec *spec; /* the same */
    /* private */
    struct hb_player_options o;
    enum hb_fixed_kind kind;
    struct hb_betting betting;   /* of a fixed strategy */
    struct hb_strategy strategy; /* for its rows: buckets are verified as they are needed */
    struct hb_buckets buckets;
    bool buckets_open;
    struct hb_section map[HB_STREETS]; /* of the bucket file */
    uint8_t *seen[HB_STREETS];         /* owned; a bit for each chunk of a map: verified */
    uint16_t *row;                     /* owned; the longest */
};

/* Open `name`, a blueprint file, a checkpoint or "@..." with config, game or like. Nothing is read but what is needed
 * at once: of blueprint and bucket file the root hashes are compared, and chunks verified when an
 * answer first needs them. A bucket file in `buckets` that is not the very file the blueprint names
 * is verified whole. The rows of a checkpoint are read into memory when they fit half of it. Errors:
 * HB_EUSAGE, those of hb_blueprint_open, hb_strategy_open, hb_spec_open_buckets. */
int hb_player_open(const char *name, const struct hb_player_options *o, struct hb_player *p,
                   struct hb_err *e) HB_MUSTUSE;
void hb_player_close(struct hb_player *p);
/* From now on another seed. */
void hb_player_reseed(struct hb_player *p, uint64_t seed);

/* The answer where hb_matchstate_is_turn; it is always legal. Where the tree has no decision for it
 * (hb_follow_sync) it checks, or calls when that is worth its price: when the share of the pot that
 * the hand wins against uniform hands, the mean of 512 deals, is at least call / (pot + call); else
 * it folds. Cost: microseconds, some milliseconds where a chunk is verified. Errors: HB_EFORMAT, HB_EIO: a damaged file. */
int hb_player_answer(struct hb_player *p, const struct hb_matchstate *m, hb_act *out,
                     struct hb_err *e) HB_MUSTUSE;

/* The choice among n actions with weights that sum to HB_BLUEPRINT_ONE; `bits` decides. prob is
 * changed. */
unsigned hb_player_choose(uint16_t *prob, unsigned n, bool purify, double threshold, uint32_t bits);

/* ---- the parts of an answer, for those who ask about many hands at once ---- */

/* Follow the hand in the player's tree, as he understands it: f->node is his decision at m->state
 * when the answer is true. Own actions stand for the edge whose action they are, also when another
 * edge comes to the same chips; so a hand is understood alike whatever cards he holds. Not for
 * fixed strategies. */
bool hb_player_locate(const struct hb_player *p, const struct hb_matchstate *m,
                      struct hb_follow *f);
/* Bucket of own cards beside the board of a state, on its street. */
int hb_player_bucket(struct hb_player *p, const struct hb_matchstate *m, const uint8_t *own,
                     uint32_t *bucket, struct hb_err *e) HB_MUSTUSE;
/* The same for many hands beside a board of n_board[street] cards: hand live[i] into
 * out[live[i]]. After a failure some of them are 0. */
int hb_player_buckets(struct hb_player *p, int street, const uint8_t *board,
                      const struct hb_hands *h, const uint16_t *live, int n_live, uint32_t *out,
                      struct hb_err *e) HB_MUSTUSE;
/* Weights of the actions of a node as hb_player_choose takes them, purified or thresholded; they
 * need not sum to HB_BLUEPRINT_ONE. prob [n_actions]. */
int hb_player_row(struct hb_player *p, uint32_t node, uint32_t bucket, uint16_t *prob,
                  struct hb_err *e) HB_MUSTUSE;
/* Where his tree has no decision: the share of the pot that own cards win on average against uniform
 * hands, which depends on hand, board and seed, not on the betting; and what he does with it. */
double hb_player_share(const struct hb_player *p, const struct hb_matchstate *m,
                       const uint8_t *own);
hb_act hb_player_by_odds(const struct hb_player *p, const struct hb_matchstate *m, double share);
/* Actions of a fixed strategy at a state, each with the same probability; how many, or 0 when there
 * are more than `cap` (every size of a large stack, @uniform alone). */
int hb_player_fixed_actions(const struct hb_player *p, const struct hb_state *s, hb_act *act,
                            int cap);

#endif
