/* games.h - shared by the tests of the game floor: seeded numbers, shipped and random games. */
#ifndef HB_TESTS_GAMES_H
#define HB_TESTS_GAMES_H

#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "game/rules.h"
#include "check.h"

struct rand_stream {
    uint64_t seed;
    uint64_t n;
};

/* Uniform in [lo, hi]. */
static inline int32_t rand_in(struct rand_stream *g, int32_t lo, int32_t hi)
{
    uint32_t out[4];

    hb_rng_block(g->seed, g->n++, 0, HB_RNG_TOOL, 0, out);
    return (int32_t)((uint32_t)lo + hb_rng_below(out[0], (uint32_t)hi - (uint32_t)lo + 1));
}

static inline struct hb_rules game_of(const char *text)
{
    struct hb_rules r = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_rules_parse(&r, text, strlen(text), "test", &e), e);
    return r;
}

static inline struct hb_rules shipped_game(const char *name)
{
    char text[2048];
    char path[128];
    FILE *f;
    size_t n = 0;

    (void)snprintf(path, sizeof path, "examples/games/%s.game", name);
    f = fopen(path, "rb");
    CHECK(f != NULL);
    if (f != NULL) {
        n = fread(text, 1, sizeof text - 1, f);
        (void)fclose(f); /* read only */
    }
    text[n] = '\0';
    return game_of(text);
}

/* Any betting structure: 2..max_players seats, random and unequal stacks and blinds (also blinds
 * that take a whole stack), limit or not, one to four rounds. */
static inline struct hb_rules random_game(struct rand_stream *g, int max_players, int32_t max_stack)
{
    struct hb_rules r = {.no_limit = rand_in(g, 0, 2) > 0,
                         .n_players = rand_in(g, 2, max_players),
                         .deck = {.n_ranks = 13, .n_suits = 4, .n_hole = 1}};
    bool stacks = r.no_limit || rand_in(g, 0, 1) == 0;

    r.deck.n_streets = rand_in(g, 1, HB_STREETS);
    for (int i = 0; i < r.n_players; i++) {
        r.stack[i] = stacks ? rand_in(g, 1, max_stack) : HB_STACK_UNSET;
        r.blind[i] = rand_in(g, 0, 2) == 0 ? rand_in(g, 0, 1 + max_stack / 8) : 0;
        if (r.blind[i] > r.stack[i])
            r.blind[i] = r.stack[i];
    }
    for (int i = 0; i < r.deck.n_streets; i++) {
        r.raise_size[i] = r.no_limit ? 0 : rand_in(g, 1, 1 + max_stack / 4);
        r.first_player[i] = rand_in(g, 0, r.n_players - 1);
        r.max_raises[i] = stacks && rand_in(g, 0, 1) == 0 ? HB_RAISES_UNSET : rand_in(g, 0, 3);
    }
    return r;
}

#endif
