/* holdems.h - shared by the tests of walks over the public tree: small relatives of hold'em, and
 * strategies of random rows for them. */
#ifndef HB_TESTS_HOLDEMS_H
#define HB_TESTS_HOLDEMS_H

#include <stdbool.h>
#include <stdlib.h>

#include "base/rng.h"
#include "cards/iso.h"
#include "check.h"
#include "game/tree.h"
#include "solver/public.h"

struct game {
    struct hb_rules rules;
    struct hb_tree tree;
};

struct body {
    bool no_limit;
    int n_streets;
    const char *raises; /* limit: raises a street; no-limit: stacks */
    int n_suits;
    int n_ranks;
    const char *board;
};

static inline bool game_open(struct game *g, struct body b)
{
    static const char *const sizes[] = {"", "2", "2 2", "2 2 4", "2 2 4 4"};
    static const char *const first[] = {"", "1", "1 2", "1 2 2", "1 2 2 2"};
    static const struct hb_betting every = {.every_size = true};
    struct hb_err e = {0};
    char text[600];

    memset(g, 0, sizeof *g);
    (void)snprintf(text, sizeof text,
                   "GAMEDEF\n%s\nnumPlayers = 2\nnumHoleCards = 2\nnumRounds = %d\nblind = 1 2\n"
                   "%s%s\n%s = %s\nfirstPlayer = %s\nnumSuits = %d\nnumRanks = %d\n"
                   "numBoardCards = %s\nEND GAMEDEF\n",
                   b.no_limit ? "nolimit" : "limit", b.n_streets,
                   b.no_limit ? "" : "raiseSize = ", b.no_limit ? "" : sizes[b.n_streets],
                   b.no_limit ? "stack" : "maxRaises", b.raises, first[b.n_streets], b.n_suits,
                   b.n_ranks, b.board);
    CHECK_OK(hb_rules_parse(&g->rules, text, strlen(text), "test", &e), e);
    if (e.rc == HB_OK)
        CHECK_OK(hb_tree_new(&g->rules, &every, 0, &g->tree, &e), e);
    return e.rc == HB_OK;
}

/* Random probabilities for every (node, bucket), where buckets are canonical hands, or several of
 * them together. Some rows are pure, so that parts of the tree are not reached. */
struct noise {
    const struct game *g;
    struct hb_iso *iso;
    uint64_t seed;
    uint32_t modulus; /* 0: lossless */
    bool fixed;
    struct hb_fixed rule;
};

static inline uint32_t noise_bucket(const struct noise *z, int street, const uint8_t *cards)
{
    uint64_t hand = hb_iso_index(z->iso, street, cards);

    return (uint32_t)(z->modulus ? hand * 7919 % z->modulus : hand);
}

static inline void noise_row(void *ctx, uint32_t node, uint32_t bucket, double *prob)
{
    const struct noise *z = ctx;
    int n = z->g->tree.node[node].n_actions;
    uint32_t bits[4];
    double sum = 0;

    if (z->fixed) {
        hb_fixed_strategy((void *)(uintptr_t)&z->rule, node, NULL, prob);
        return;
    }
    hb_rng_block(z->seed, bucket, 0, HB_RNG_TOOL, node, bits);
    for (int i = 0; i < n; i++) {
        uint32_t more[4];

        hb_rng_block(bits[2], 0, 0, HB_RNG_TOOL, (uint32_t)i, more);
        prob[i] =
            bits[1] % 3 == 0 ? i == (int)(bits[3] % (unsigned)n) : 0.01 + more[0] / 4294967296.0;
        sum += prob[i];
    }
    for (int i = 0; i < n; i++)
        prob[i] /= sum;
}

static inline void noise_ask(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct noise *z = ctx;

    noise_row(ctx, node, noise_bucket(z, z->g->tree.node[node].street, cards), prob);
}

static inline void noise_buckets(void *ctx, int street, const uint8_t *board, int n_board,
                                 const struct hb_hands *hands, const uint16_t *hand, int n,
                                 uint32_t *out)
{
    uint8_t cards[HB_HAND_MAX];

    memcpy(cards + 2, board, (size_t)n_board);
    for (int i = 0; i < n; i++) {
        memcpy(cards, hands->card[hand[i]], 2);
        out[i] = noise_bucket(ctx, street, cards);
    }
}

/* big: there are so many buckets that no table is made of them. */
static inline struct hb_public_strategy noise_strategy(struct noise *z, bool big)
{
    struct hb_public_strategy s = {.ctx = z, .buckets = noise_buckets, .row = noise_row};

    for (int k = 0; k < z->g->rules.deck.n_streets; k++)
        s.n_buckets[k] = big          ? UINT32_MAX
                         : z->modulus ? z->modulus
                                      : (uint32_t)hb_iso_size(z->iso, k);
    return s;
}

#define LIMIT(streets, raises, suits, ranks, board)                                                \
    ((struct body){false, streets, raises, suits, ranks, board})
#define NOLIMIT(streets, stacks, suits, ranks, board)                                              \
    ((struct body){true, streets, stacks, suits, ranks, board})

#endif
