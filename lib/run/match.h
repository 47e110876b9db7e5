/* match.h - players against each other without a wire: duplicate deals in all rotations of the
 * seats, judged by the spread between deals.                                                  run.
 *
 * With n players deal d is played n times, as hands d*n .. d*n + n-1; in each hand everybody sits
 * one position further on, as at the table of hb-deal --duplicate, and a hand goes exactly as it
 * would there. The mean over the hands of a deal is one number of the sample; hands of a deal are
 * not independent, deals are.
 *
 * The result depends on the players, the seed and the number of hands alone (deals.h).
 * Threads: main thread. */
#ifndef HB_RUN_MATCH_H
#define HB_RUN_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "run/aivat.h"
#include "run/deals.h"
#include "run/player.h"

enum hb_match_log { HB_MATCH_LOG_NONE, HB_MATCH_LOG_ACPC, HB_MATCH_LOG_PHH };

struct hb_match_options {
    const char *config,
        *game; /* what fixed strategies play; neither: as the first that is trained */
    const char *const *buckets; /* bucket files, each for the players it fits */
    int n_buckets;              /* at most 32 */
    uint64_t seed;              /* of cards and choices */
    uint64_t n_hands;           /* at least so many: whole deals are played */
    enum hb_match_log log;
    bool aivat;    /* for two players: estimate each hand by aivat.h too */
    int n_workers; /* processes, 0: one a processor */
};

struct hb_match { /* {0} is closed; not to be moved while it is open */
    struct hb_rules rules;
    char game_name[HB_NAME_MAX];
    int n;                            /* players */
    const char *name[HB_PLAYERS_MAX]; /* borrowed */
    /* Chips/hand, a number for each deal: of each player, and behind them of the first player by
     * AIVAT. */
    struct hb_stat chips[HB_DEALS_NUMBERS];
    uint64_t n_deals;   /* to be played */
    uint64_t n_learned; /* hands that AIVAT learned from beforehand */
    /* private */
    struct hb_match_options o;
    struct hb_player *player;   /* owned, [n] */
    uint32_t fits;              /* bit i: a player took bucket file i */
    struct hb_aivat *estimator; /* owned, or NULL */
};

/* Open the players `who` (hb_player_open; checkpoints too) and give them names for the log, without
 * ':', '|' and control characters. Borrows names and options until it is closed. Errors:
 * HB_EIDENTITY when they do not play the same game or a bucket file fits nobody, HB_EUSAGE when it is for another number of
 * players, has no PHH, or AIVAT was asked for and it is not for two; those of hb_player_open. */
int hb_match_open(const char *const *who, const char *const *name, int n,
                  const struct hb_match_options *o, struct hb_match *m,
                  struct hb_err *e) HB_MUSTUSE;
void hb_match_close(struct hb_match *m);

/* What happens on the way. */
struct hb_match_watch {
    void *ctx;
    /* The next hands of the log; NULL without one. */
    int (*log)(void *ctx, const void *text, size_t len, struct hb_err *e);
    /* Now and then, with the results so far in m, also while AIVAT learns: then there are none; may
     * be NULL. */
    void (*tell)(void *ctx, const struct hb_match *m);
};
/* Play. Errors: those of players, pool and log; HB_ELIMIT when the log of a block takes more than 4
 * KiB a hand. */
int hb_match_run(struct hb_match *m, const struct hb_match_watch *w, struct hb_err *e) HB_MUSTUSE;

#endif
