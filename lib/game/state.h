/* state.h - one hand being played: legal actions, transitions, payoffs. [game, pure]
 *
 * Follows the ACPC server: raise sizes are totals put in over the whole hand; a short all-in does
 * not move the minimum raise; with nothing to call a fold is not legal; a street ends when
 * everybody who can act has called; when at most one player can still act the rest of the board is
 * dealt at once.
 *
 * Threads: a state is plain memory; copy it freely. */
#ifndef HB_GAME_STATE_H
#define HB_GAME_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "game/rules.h"

enum hb_action_type { HB_FOLD = 0, HB_CALL = 1, HB_RAISE = 2 };

/* An action as one integer, ordered fold < call < raises by size:
 *   -1 fold, 0 call or check, N > 0 raise to N chips in all (no-limit); limit games: the total the
 * raise comes to, which the text form writes as a bare 'r'. */
typedef int32_t hb_act;
#define HB_ACT_FOLD ((hb_act)-1)
#define HB_ACT_CALL ((hb_act)0)

struct hb_state {
    int32_t spent[HB_PLAYERS_MAX]; /* chips in the pot by seat, the whole hand */
    int32_t max_spent;
    int32_t min_raise_to; /* no-limit: smallest total a full raise may come to */
    uint32_t folded;      /* bit per seat */
    uint32_t called;      /* bit per seat: has acted since the last raise and is not out */
    uint8_t street;
    uint8_t actor;     /* seat to act; undefined when finished */
    uint8_t n_raises;  /* on this street */
    uint8_t n_actions; /* on this street */
    bool finished;
};

void hb_state_init(const struct hb_rules *r, struct hb_state *s);
bool hb_state_can_fold(const struct hb_rules *r, const struct hb_state *s);
/* Whether any raise is legal, and the smallest and largest total it may come to (equal in limit
 * games). */
bool hb_state_can_raise(const struct hb_rules *r, const struct hb_state *s, int32_t *min_to,
                        int32_t *max_to);
bool hb_state_legal(const struct hb_rules *r, const struct hb_state *s, hb_act a);
/* Apply a legal action. */
void hb_state_act(const struct hb_rules *r, struct hb_state *s, hb_act a);
/* Seats that have not folded. */
int hb_state_n_live(const struct hb_rules *r, const struct hb_state *s);
/* True when a finished hand is decided by cards (two or more live players). */
bool hb_state_showdown(const struct hb_rules *r, const struct hb_state *s);

/* Net win of every seat in chips, main and side pots, exact up to one division by the number of
 * winners of each pot.
 *   strength  [n_players], higher wins; read only for live seats and only at a showdown
 *   out       [n_players]; sums to 0 */
void hb_payoff(int n_players, const int32_t *spent, uint32_t folded, const uint32_t *strength,
               double *out);

/* Text of an action at a state: "f", "c", "r" (limit), "r300" (no-limit), into out[16]. */
void hb_act_format(const struct hb_rules *r, hb_act a, char out[16]);
/* Read the one action that text starts with; `to` of a no-limit raise is its size, else 0. Whether
 * it is legal is not asked. Returns the characters read, 0 when text does not start with one. */
int hb_act_scan(const struct hb_rules *r, const char *text, enum hb_action_type *type, int32_t *to);
/* Parse an ACPC betting string such as "r300c/cr600" and play it from the start of the hand.
 *   acts, cap, n  the actions taken; acts may be NULL
 * A '/' is expected where a street ended (it may be missing at the end of the text), and is allowed
 * for each street that is dealt out after the betting ended, as the server writes it; limit games
 * write 'r', no-limit 'rN'. On failure *s and *n are unchanged. Errors: HB_EUSAGE with the offset
 * and why (illegal, too small: says the range). */
int hb_state_play(const struct hb_rules *r, const char *text, struct hb_state *s, hb_act *acts,
                  int cap, int *n, struct hb_err *e) HB_MUSTUSE;

#endif
