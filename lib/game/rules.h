/* rules.h - the rules of a game, from an ACPC .game file. [game, pure]
 *
 * Threads: read-only after parsing.
 *
 * Source: the ACPC project's game definition format (annualcomputerpokercompetition.org); keywords
 * limit, nolimit, numPlayers, numRounds, stack, blind, raiseSize, firstPlayer, maxRaises,
 * numSuits, numRanks, numHoleCards, numBoardCards between GAMEDEF and END GAMEDEF, any case, '#'
 * comments. */
#ifndef HB_GAME_RULES_H
#define HB_GAME_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "cards/card.h"

#define HB_PLAYERS_MAX  10
#define HB_STACK_UNSET  INT32_MAX /* ACPC's default: unlimited (limit games) */
#define HB_RAISES_UNSET 255       /* ACPC's default: unlimited */

struct hb_rules {
    bool no_limit;
    int n_players;                  /* 2..10 */
    struct hb_deck deck;            /* n_streets = numRounds; n_board is cumulative */
    int32_t stack[HB_PLAYERS_MAX];  /* chips at the start of the hand, blinds included */
    int32_t blind[HB_PLAYERS_MAX];  /* chips */
    int32_t raise_size[HB_STREETS]; /* limit games: chips added by a raise on each street */
    int first_player[HB_STREETS];   /* seat 0-based (1-based in the file) */
    int max_raises[HB_STREETS];     /* bets and raises a street, HB_RAISES_UNSET = unlimited */
};

/* Parse the text of a .game file.
 *   name  for messages only: every error reads "'NAME' line L: what is wrong"
 * Errors: HB_EFORMAT; HB_ELIMIT for a legal game beyond hb (players, own cards > 2, board cards >
 * 5). Refuses what cannot be played: more cards dealt than in the deck, blind > stack */
int hb_rules_parse(struct hb_rules *r, const char *text, size_t len, const char *name,
                   struct hb_err *e) HB_MUSTUSE;

/* Canonical bytes (fixed order, every default filled in): equal rules give equal bytes. */
void hb_rules_encode(const struct hb_rules *r, struct hb_buf *out);
/* The inverse; sets rd->bad on nonsense and runs the same checks as the parser. */
int hb_rules_decode(struct hb_rules *r, struct hb_rd *rd, struct hb_err *e) HB_MUSTUSE;
/* BLAKE2b-256 of the canonical bytes: the game hash. */
void hb_rules_hash(const struct hb_rules *r, struct hb_hash *out);
/* The rules as a canonical .game text that parses back to the same rules. */
void hb_rules_format(const struct hb_rules *r, struct hb_buf *out);
int32_t hb_rules_largest_blind(const struct hb_rules *r); /* at least 1: the unit of mbb/hand */
/* Largest amount any player can win or lose in a hand, in chips (limit games: walks the raise
 * caps). */
int32_t hb_rules_max_loss(const struct hb_rules *r);

#endif
