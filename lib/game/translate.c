#include "game/translate.h"

#include <string.h>

/* ---- sizes ---- */

double hb_translate_weight(double a, double b, double x)
{
    return (b - x) * (1 + a) / ((b - a) * (1 + x));
}

/* All chips in and what the actor lacks. */
static double pot_after_call(const struct hb_rules *r, const struct hb_state *s)
{
    int64_t pot = s->max_spent - s->spent[s->actor];

    for (int i = 0; i < r->n_players; i++)
        pot += s->spent[i];
    return pot > 0 ? (double)pot : 1; /* no blinds: chips */
}

double hb_translate_fraction(const struct hb_rules *r, const struct hb_state *s, int32_t to)
{
    return ((double)to - s->max_spent) / pot_after_call(r, s);
}

/* ---- following ---- */

void hb_follow_init(const struct hb_rules *r, struct hb_follow *f)
{
    f->node = 0;
    hb_state_init(r, &f->abstract);
}

/* The edge of node with this action, or n_actions. */
static unsigned edge_of(const struct hb_tree *t, uint32_t node, hb_act act)
{
    const struct hb_node *n = &t->node[node];
    unsigned k = 0;

    while (k < n->n_actions && t->act[n->edge + k] != act)
        k++;
    return k;
}

/* The first edge that raises, or n_actions. */
static unsigned first_raise(const struct hb_tree *t, uint32_t node)
{
    const struct hb_node *n = &t->node[node];
    unsigned k = 0;

    while (k < n->n_actions && t->act[n->edge + k] <= HB_ACT_CALL)
        k++;
    return k;
}

void hb_follow_step(const struct hb_rules *r, const struct hb_tree *t, struct hb_follow *f,
                    unsigned edge)
{
    uint32_t at = t->node[f->node].edge + edge;

    if ((t->child[at] & HB_TREE_END) != 0 || !hb_state_legal(r, &f->abstract, t->act[at])) {
        f->node = HB_TREE_NONE; /* the latter: a tree of other rules */
        return;
    }
    hb_state_act(r, &f->abstract, t->act[at]);
    f->node = t->child[at];
}

bool hb_follow_sync(const struct hb_rules *r, const struct hb_tree *t, struct hb_follow *f,
                    const struct hb_state *real)
{
    while (f->node != HB_TREE_NONE) {
        const struct hb_node *n = &t->node[f->node];
        unsigned call;

        if (n->street > real->street || f->abstract.finished)
            return false;
        if (n->street == real->street && n->player == real->actor)
            return f->abstract.actor == n->player; /* else a tree of other rules */
        call = edge_of(t, f->node, HB_ACT_CALL);
        if (call == n->n_actions)
            f->node = HB_TREE_NONE;
        else
            hb_follow_step(r, t, f, call);
    }
    return false;
}

static bool is_smaller(double weight, uint32_t bits)
{
    return (double)bits * 0x1p-32 < weight;
}

/* A raise by x, in fractions of the pot, among the raises [first, n) of the node. */
static unsigned nearest_raise(const struct hb_rules *r, const struct hb_tree *t,
                              const struct hb_follow *f, unsigned first, double x, uint32_t bits)
{
    const struct hb_node *n = &t->node[f->node];
    unsigned call = edge_of(t, f->node, HB_ACT_CALL);
    unsigned above = first;
    double a = 0;
    double b = 0;

    for (; above < n->n_actions; above++) {
        b = hb_translate_fraction(r, &f->abstract, t->act[n->edge + above]);
        if (b > x)
            break;
        a = b;
    }
    if (above == n->n_actions)
        return above - 1;
    if (above == first && (call == n->n_actions || r->n_players > 2))
        return first;
    if (is_smaller(hb_translate_weight(a, b, x), bits))
        return above == first ? call : above - 1;
    return above;
}

unsigned hb_follow_edge(const struct hb_rules *r, const struct hb_tree *t,
                        const struct hb_follow *f, const struct hb_state *real, hb_act act,
                        uint32_t bits)
{
    const struct hb_node *n = &t->node[f->node];
    unsigned raise = first_raise(t, f->node);
    unsigned call = edge_of(t, f->node, HB_ACT_CALL);
    unsigned same = edge_of(t, f->node, act);
    unsigned last = n->n_actions - 1u;

    if (act <= HB_ACT_CALL) {
        if (same < n->n_actions)
            return same;
        return act == HB_ACT_FOLD && call < n->n_actions ? call : raise < n->n_actions ? raise : 0;
    }
    if (raise == n->n_actions)
        return call < n->n_actions ? call : last;
    if (!r->no_limit || (act >= r->stack[real->actor] && t->act[n->edge + last] == act))
        return last;
    return nearest_raise(r, t, f, raise, hb_translate_fraction(r, real, act), bits);
}

/* ---- back ---- */

static bool are_alike(const struct hb_rules *r, const struct hb_state *a, const struct hb_state *b)
{
    return a->max_spent == b->max_spent &&
           memcmp(a->spent, b->spent, (size_t)r->n_players * sizeof *a->spent) == 0;
}

hb_act hb_follow_act(const struct hb_rules *r, const struct hb_tree *t, const struct hb_follow *f,
                     const struct hb_state *real, unsigned edge)
{
    hb_act act = t->act[t->node[f->node].edge + edge];
    int32_t min_to;
    int32_t max_to;
    double to;

    if (act <= HB_ACT_CALL)
        return act == HB_ACT_FOLD && hb_state_can_fold(r, real) ? HB_ACT_FOLD : HB_ACT_CALL;
    if (!hb_state_can_raise(r, real, &min_to, &max_to))
        return HB_ACT_CALL;
    if (!r->no_limit)
        return min_to;
    if (act >= r->stack[real->actor])
        return max_to;
    to = (double)act;
    if (!are_alike(r, &f->abstract, real))
        to = (double)real->max_spent +
             hb_translate_fraction(r, &f->abstract, act) * pot_after_call(r, real) + 0.5;
    return to <= (double)min_to ? min_to : to >= (double)max_to ? max_to : (hb_act)to;
}
