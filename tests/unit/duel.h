/* duel.h - what one player wins against another, exactly: the strategies that they play, read row by
 * row, through the evaluator of small games. */
#ifndef HB_TESTS_DUEL_H
#define HB_TESTS_DUEL_H

#include "base/mem.h"
#include "check.h"
#include "run/player.h"
#include "solver/exploit.h"

struct duel {
    struct hb_player *seat[2];
    const struct hb_tree *tree; /* of both */
};

/* hb_strategy_fn with ctx = struct duel *. */
static inline void duel_ask(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct duel *d = ctx;
    const struct hb_node *at = &d->tree->node[node];
    struct hb_player *p = d->seat[at->player];
    const struct hb_deck *deck = &p->rules.deck;
    struct hb_fixed rule = {d->tree, p->kind};
    static struct hb_matchstate m;
    struct hb_err e = {0};
    uint16_t row[64];
    uint32_t bucket = 0;
    uint32_t total = 0;

    if (p->fixed) {
        hb_fixed_strategy(&rule, node, cards, prob);
        return;
    }
    m.state.street = at->street;
    memcpy(m.board, cards + deck->n_hole, (size_t)deck->n_board[at->street]);
    CHECK_OK(hb_player_bucket(p, &m, cards, &bucket, &e), e);
    CHECK_OK(hb_player_row(p, node, bucket, row, &e), e);
    for (int a = 0; a < at->n_actions; a++)
        total += row[a];
    for (int a = 0; a < at->n_actions; a++)
        prob[a] = (double)row[a] / total;
}

/* Chips a hand of position 0, `first` against `second` in it. */
static inline double duel_value(struct hb_player *first, struct hb_player *second,
                                const struct hb_tree *tree)
{
    struct duel d = {{first, second}, tree};
    struct hb_exploit x = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_exploit_run(&first->rules, tree, duel_ask, &d, 1e300, &x, &e), e);
    return x.value[0];
}

#endif
