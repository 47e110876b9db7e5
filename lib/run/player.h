/* player.h - answers to the states of a hand: from a blueprint, or by a fixed strategy.    run.
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
#include "solver/exploit.h"
#include "store/blueprint.h"

struct hb_player_options {
    const char *config;  /* for a fixed strategy: a configuration ... */
    const char *game;    /* ... or a game file, every legal size kept */
    const char *buckets; /* bucket file in place of the one the blueprint names, or NULL */
    uint64_t seed;
    bool purify;      /* always the most probable action, the first of equals */
    double threshold; /* 0..1: actions below it are not taken, unless all are */
};

struct hb_player { /* {0} is closed; not to be moved while it is open */
    struct hb_rules rules;
    /* private */
    struct hb_player_options o;
    bool fixed;
    enum hb_fixed_kind kind;
    struct hb_betting betting; /* of a fixed strategy */
    struct hb_blueprint blueprint;
    struct hb_buckets buckets;
    bool buckets_open;
    struct hb_section map[HB_STREETS]; /* of the bucket file */
    uint8_t *seen[HB_STREETS];         /* owned; a bit for each chunk of a map: verified */
    uint16_t *row;                     /* owned; the longest */
};

/* Open `name`, a blueprint file or "@..." with config or game. Nothing is read but what is needed
 * at once: of blueprint and bucket file the root hashes are compared, and chunks verified when an
 * answer first needs them. A bucket file in `buckets` that is not the very file the blueprint names
 * is verified whole. Errors: HB_EUSAGE, those of hb_blueprint_open, hb_spec_open_buckets. */
int hb_player_open(const char *name, const struct hb_player_options *o, struct hb_player *p,
                   struct hb_err *e) HB_MUSTUSE;
void hb_player_close(struct hb_player *p);

/* The answer where hb_matchstate_is_turn; it is always legal. Where the tree has no decision for it
 * (hb_follow_sync) it checks, or calls when that is worth its price: when the share of the pot that
 * the hand wins against uniform hands, the mean of 512 deals, is at least call / (pot + call); else
 * it folds. Cost: microseconds, some milliseconds where a chunk is verified. Errors: HB_EFORMAT, HB_EIO: a damaged file. */
int hb_player_answer(struct hb_player *p, const struct hb_matchstate *m, hb_act *out,
                     struct hb_err *e) HB_MUSTUSE;

/* The choice among n actions with weights that sum to HB_BLUEPRINT_ONE; `bits` decides. prob is
 * changed. */
unsigned hb_player_choose(uint16_t *prob, unsigned n, bool purify, double threshold, uint32_t bits);

#endif
