/* matchstate.h - the lines of the ACPC protocol, version 2.0.0.                       game, pure.
 *
 *   MATCHSTATE:position:hand:betting:cards            what a player is told
 *   MATCHSTATE:position:hand:betting:cards:action     his answer when it is his turn
 *
 * betting has rounds separated by '/', cards the own cards of each position separated by '|', empty
 * where they are not known, then '/' before the board cards of each later round. A line tells the
 * whole hand, so it is read without knowing any other. Threads: plain data.
 * Source: the Annual Computer Poker Competition's protocol description, and its server's lines. */
#ifndef HB_GAME_MATCHSTATE_H
#define HB_GAME_MATCHSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "game/rules.h"
#include "game/state.h"

#define HB_MATCH_VERSION  "VERSION:2.0.0"
#define HB_MATCH_LINE_MAX 32768 /* characters of a line */
#define HB_MATCH_ACTS_MAX 4096  /* actions of a hand */
#define HB_MATCH_ALL      (-1)  /* viewer: sees every card */

struct hb_matchstate {
    int position;          /* whose view it is; HB_MATCH_ALL for none */
    uint32_t hand;         /* number of the hand */
    struct hb_state state; /* after all actions */
    int n_acts;
    hb_act act[HB_MATCH_ACTS_MAX];
    uint8_t own[HB_PLAYERS_MAX][HB_HOLE_MAX]; /* HB_NO_CARD where not known */
    uint8_t board[HB_BOARD_MAX];              /* n_board[state.street] of them are known */
};

/* Read a line without its line end, position and own cards of the viewer included.
 * Errors: HB_EPROTO saying at which character and what: not a MATCHSTATE, no such position, an
 * illegal action, cards that are missing, repeated, not in the deck, or not those of the round. *m
 * is then unspecified. */
int hb_matchstate_parse(const struct hb_rules *r, const char *line, size_t len,
                        struct hb_matchstate *m, struct hb_err *e) HB_MUSTUSE;

/* Whether this position is to act. */
bool hb_matchstate_is_turn(const struct hb_matchstate *m);

/* "betting:cards" as `viewer` may see them: his own cards, at a showdown those of everybody who has
 * not folded; HB_MATCH_ALL sees all that is known. */
void hb_matchstate_format_hand(const struct hb_rules *r, const struct hb_matchstate *m, int viewer,
                               struct hb_buf *out);
/* The whole line for a position, without its end. */
void hb_matchstate_format(const struct hb_rules *r, const struct hb_matchstate *m, int viewer,
                          struct hb_buf *out);

/* Chips as a log has them: whole where they are, else up to six decimals. */
void hb_match_chips(double v, struct hb_buf *out);

/* Take one more action, which must be legal. HB_ELIMIT when there are too many. */
int hb_matchstate_act(const struct hb_rules *r, struct hb_matchstate *m, hb_act a,
                      struct hb_err *e) HB_MUSTUSE;

/* The legal action nearest to what `text` asks for: itself, a raise of the nearest legal size, a
 * check in place of a fold with nothing to call, a call in place of a raise when none is legal or
 * of what is not an action at all. */
struct hb_match_reply {
    hb_act act;
    bool legal;  /* it is what was asked for */
    bool action; /* text is an action */
};
struct hb_match_reply hb_match_reply_read(const struct hb_rules *r, const struct hb_state *s,
                                          const char *text, size_t len);

#endif
