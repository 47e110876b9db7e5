#include "run/hand.h"

#include <string.h>

#include "cards/eval.h"
#include "solver/deal.h"

#define DEAL_OFFSET (UINT64_C(1) << 47) /* beyond the iterations of a training run */

void hb_hand_deal(const struct hb_rules *r, uint64_t seed, uint64_t deal, uint32_t hand,
                  struct hb_matchstate *m)
{
    const struct hb_deck *deck = &r->deck;
    struct hb_deal d;

    hb_deal_cards(r, seed, DEAL_OFFSET + deal, &d);
    m->position = HB_MATCH_ALL;
    m->hand = hand;
    m->n_acts = 0;
    hb_state_init(r, &m->state);
    for (int i = 0; i < r->n_players; i++)
        memcpy(m->own[i], d.cards[i], (size_t)deck->n_hole);
    memcpy(m->board, d.cards[0] + deck->n_hole, (size_t)deck->n_board[deck->n_streets - 1]);
}

int hb_hand_position(int n_players, int player, uint32_t hand)
{
    return (player + (int)(hand % (uint32_t)n_players)) % n_players;
}

int hb_hand_player(int n_players, int position, uint32_t hand)
{
    return (position + n_players - (int)(hand % (uint32_t)n_players)) % n_players;
}

void hb_hand_win(const struct hb_rules *r, const struct hb_matchstate *m, double *win)
{
    uint32_t strength[HB_PLAYERS_MAX] = {0};
    int n_board = r->deck.n_board[m->state.street];

    for (int i = 0; i < r->n_players; i++) {
        uint8_t cards[HB_HAND_MAX];

        if (!hb_state_showdown(r, &m->state) || (m->state.folded >> i & 1) != 0 ||
            m->own[i][0] == HB_NO_CARD)
            continue;
        memcpy(cards, m->own[i], (size_t)r->deck.n_hole);
        memcpy(cards + r->deck.n_hole, m->board, (size_t)n_board);
        strength[i] = hb_eval(cards, r->deck.n_hole + n_board);
    }
    hb_payoff(r->n_players, m->state.spent, m->state.folded, strength, win);
}
