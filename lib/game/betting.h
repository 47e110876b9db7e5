/* betting.h - betting abstraction: which legal raises are kept. [game, pure]
 *
 * Threads: read-only after it was filled. */
#ifndef HB_GAME_BETTING_H
#define HB_GAME_BETTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "game/state.h"

#define HB_SIZES_MAX 32

struct hb_bet_size {
    bool allin;
    uint32_t num,
        den; /* fraction of the pot, exact decimal: "0.75" = 75/100; den is a power of 10 */
};

struct hb_betting_street {
    int n_sizes;
    struct hb_bet_size
        size[HB_SIZES_MAX]; /* in the order given; duplicates after rounding vanish */
    int max_raises;         /* bets and raises kept on this street; < 0: the game's own */
    bool limp;              /* false: no call opens the street's betting (a check stays) */
    bool given;             /* the configuration has this street */
};

struct hb_betting {
    bool every_size; /* all legal sizes (limit games: always true and meaningless) */
    struct hb_betting_street street[HB_STREETS];
};

/* "0.75" or "allin" into *out. Errors: HB_ECONFIG naming the text (not a decimal, zero, > 9
 * digits). */
int hb_bet_size_parse(const char *text, struct hb_bet_size *out, struct hb_err *e) HB_MUSTUSE;

/* The actions kept at a state that is not finished, ascending (fold, call, raises).
 * Raise by a fraction f: to = max_spent + round_half_up(f * (pot + call)), where pot is all chips
 * in and call what the actor lacks; raised to the minimum, lowered to all-in, duplicates removed. A
 * size that reaches the stack is all-in. `limp: false` removes the call at the first voluntary
 * decisions of the street while there is something to call and nobody has raised. out  [cap]
 * Returns the number of actions, >= 1; -1 when cap is too small. */
int hb_betting_actions(const struct hb_rules *r, const struct hb_betting *b,
                       const struct hb_state *s, hb_act *out, int cap);

/* Canonical bytes, for the identity of a run: equal abstractions give equal bytes. */
void hb_betting_encode(const struct hb_betting *b, struct hb_buf *out);
int hb_betting_decode(struct hb_betting *b, struct hb_rd *rd, struct hb_err *e) HB_MUSTUSE;

#endif
