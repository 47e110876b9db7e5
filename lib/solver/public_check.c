/* public_check.c - what the entries of the second street are worth when nobody bets any more: on one
 * board, and on all of them. The difference of a board's values to it varies less from board to
 * board than the values do. */
#include "solver/public.h"

#include <string.h>

#include "base/mem.h"
#include "game/state.h"
#include "solver/public_impl.h"

static uint32_t groups_of(const struct hb_public *p)
{
    return p->lanes.street[1].n_groups;
}

size_t hb_public_check_len(const struct hb_public *p)
{
    return 1 + (size_t)p->lanes.street[1].n_entries * 2 * p->n_classes;
}

/* ---- pots ---- */

/* Play the actions that lead to a node of the tree. */
static void play_to(const struct hb_public *p, uint32_t node, struct hb_state *s)
{
    const struct hb_tree *t = p->tree;
    uint32_t parent = t->node[node].parent;

    if (parent == HB_TREE_NONE) {
        hb_state_init(p->rules, s);
        return;
    }
    play_to(p, parent, s);
    for (uint32_t a = 0; a < t->node[parent].n_actions; a++)
        if (t->child[t->node[parent].edge + a] == node)
            hb_state_act(p->rules, s, t->act[t->node[parent].edge + a]);
}

/* What a winner gets at each entry: what the other has put in. */
static void find_pots(struct hb_public *p)
{
    const struct hb_lanes_street *st = &p->lanes.street[1];

    for (uint32_t i = 0; i < st->n_entries; i++) {
        struct hb_state s;
        int32_t spent;

        play_to(p, st->at[i], &s);
        spent = s.spent[0] < s.spent[1] ? s.spent[0] : s.spent[1];
        p->check_pay[st->place[i] / HB_LANES][st->place[i] % HB_LANES] = spent;
    }
}

/* ---- memory ---- */

/* The run-outs before any board are listed for all-ins alone. */
static int list_runouts(struct hb_public *p, struct hb_err *e)
{
    struct level *l = &p->level[0];
    int n_cards = hb_public_cards_on(p, p->last);
    int rc;

    if (l->n_final > 0)
        return HB_OK;
    hb_mem_free(l->final); /* room for none */
    l->final = NULL;
    l->n_final = l->final_cap = hb_suits_sets(&l->keep, p->deck, n_cards, NULL, 0);
    if ((rc = hb_mem_new(&l->final, l->final_cap, sizeof *l->final, "boards", e)) == HB_OK)
        (void)hb_suits_sets(&l->keep, p->deck, n_cards, l->final, l->final_cap); /* as counted */
    return rc;
}

int hb_public_set_apart(struct hb_public *p, struct hb_err *e)
{
    int n_left = p->n_deck - hb_public_cards_on(p, 1);
    int n_final = hb_public_cards_on(p, p->last) - hb_public_cards_on(p, 1);
    size_t n = hb_public_check_len(p);
    int rc;

    p->apart = true;
    p->check_cap = (size_t)hb_set_choose(n_left, n_final);
    if ((rc = list_runouts(p, e)) != HB_OK ||
        (rc = hb_mem_new(&p->check_set, p->check_cap, sizeof *p->check_set, "boards", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&p->check, n, sizeof *p->check, "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&p->sum_check, n, sizeof *p->sum_check, "sums", e)) != HB_OK ||
        (rc = hb_public_vectors(p, 2 * (size_t)groups_of(p), (size_t)p->hands.n, &p->checked, e)) !=
            HB_OK ||
        (rc = hb_public_vectors(p, groups_of(p), 1, &p->check_pay, e)) != HB_OK)
        return rc;
    find_pots(p);
    return HB_OK;
}

/* ---- sums ---- */

/* One final board, all groups; returns what seat 0 gets under the profile. */
static double check_down(struct hb_public *p, const struct hb_sweep_board *b, double weight)
{
    size_t mark = p->top;
    hb_vec *reach[2] = {hb_public_take(p), hb_public_take(p)};
    hb_vec *out[2] = {hb_public_take(p), hb_public_take(p)};
    const hb_vec *const both[2] = {reach[0], reach[1]};
    double value = 0;

    for (uint32_t g = 0; g < groups_of(p); g++) {
        hb_vec profit;

        for (int seat = 0; seat < 2; seat++)
            p->ops->load(b, hb_public_entry(p, p->level[1].reach, g, seat), reach[seat]);
        p->ops->showdown(b, &p->check_pay[g], both, out, &profit);
        for (int seat = 0; seat < 2; seat++)
            p->ops->store(b, weight, out[seat], hb_public_entry(p, p->checked, g, seat));
        for (int lane = 0; lane < HB_LANES; lane++)
            value += weight * profit[lane];
    }
    p->top = mark;
    return value;
}

static double check_all(struct hb_public *p, const struct level *l, const struct hb_suits_set *set,
                        size_t n, double share)
{
    struct hb_sweep_board *b = &p->final_board[0];
    double value = 0;

    memset(p->checked, 0, 2 * (size_t)groups_of(p) * (size_t)p->hands.n * sizeof *p->checked);
    for (size_t i = 0; i < n; i++) {
        hb_public_extend(p, &l->board, set[i].set, true, b);
        value += check_down(p, b, share * set[i].weight);
    }
    return value;
}

void hb_public_check_board(struct hb_public *p, uint32_t board, double *out)
{
    const struct level *l = &p->level[0];
    struct level *next = &p->level[1];
    int n_left = p->n_deck - hb_public_cards_on(p, 1);
    int n_final = hb_public_cards_on(p, p->last) - hb_public_cards_on(p, 1);
    double weight = l->next_share * l->next[board].weight;
    size_t n;

    if (p->last == 1) {
        out[0] = check_all(p, l, &l->next[board], 1, l->next_share);
    } else {
        n = hb_suits_sets(&next->keep, p->deck & ~next->board.mask, n_final, p->check_set,
                          p->check_cap);
        out[0] = check_all(p, next, p->check_set, n, weight / hb_set_choose(n_left - 4, n_final));
        hb_public_average(p, next, p->checked, 2 * (size_t)groups_of(p));
    }
    hb_public_entries(p, p->checked, out + 1);
}

void hb_public_check_runouts(struct hb_public *p, const struct hb_suits_set *set, size_t n,
                             double *out)
{
    out[0] = check_all(p, &p->level[0], set, n, p->level[0].final_share);
    hb_public_entries(p, p->checked, out + 1);
}

/* ---- cost ---- */

double hb_public_check_steps(const struct hb_public *p, double n_boards)
{
    double hands = hb_set_choose(p->n_deck - hb_public_cards_on(p, p->last), 2);
    double each = 12 + 50.0 * groups_of(p); /* ns a hand: to rank, and for a group of lanes */

    return ((double)p->level[0].n_final + n_boards * (double)p->check_cap) * hands * each / 10;
}
