/* handlog.h - finished hands as text: ACPC log lines and PHH.                        game, pure.
 *
 *   STATE:hand:betting:cards:chips won:names            the ACPC server's log, positions in order
 *   [1]  variant = "NT" ...                             a table of a .phhs file (TOML)
 *
 * Threads: plain data.
 * Source: the ACPC server's logs; J. Kim, "Recording and Describing Poker Hands", IEEE CoG 2024, and
 * the PHH specification it describes (github.com/uoftcprg/phh-std). */
#ifndef HB_GAME_HANDLOG_H
#define HB_GAME_HANDLOG_H

#include "base/bytes.h"
#include "base/err.h"
#include "game/matchstate.h"

/* A hand that is over, all cards known.
 *   win   [n_players] chips by position
 *   name  [n_players] who sat there; without ':', '|' and control characters */
void hb_handlog_acpc(const struct hb_rules *r, const struct hb_matchstate *m, const double *win,
                     const char *const *name, struct hb_buf *out);
/* "head:a|b:c|d" and a line end: the score of a match, by player. */
void hb_handlog_score(int n_players, const double *chips, const char *const *name,
                      struct hb_buf *out);

/* Whether PHH has a word for the game: hold'em with the full deck ("NT" no-limit, "FT" limit with
 * one bet size for the first two rounds and one for the last two), two blinds and the usual order of
 * acting. HB_EUSAGE saying what it has not. */
int hb_handlog_phh_fits(const struct hb_rules *r, struct hb_err *e) HB_MUSTUSE;
/* The hand as the table [number]. Players are in PHH's order: as the positions, heads-up too, where
 * the first is the big blind. Own cards are those of the log's reader: all are known, and at a
 * showdown all are shown, the last to raise on the last round with betting first. */
void hb_handlog_phh(const struct hb_rules *r, const struct hb_matchstate *m, const double *win,
                    const char *const *name, uint64_t number, struct hb_buf *out);

#endif
