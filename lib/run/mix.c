#include "run/mix.h"

#include <string.h>

#include "base/mem.h"

int hb_mix_init(struct hb_mix *x, const struct hb_player *p, struct hb_err *e)
{
    unsigned longest = p->fixed ? HB_MIX_ACTIONS : 2; /* by odds: fold and call */
    uint32_t n_buckets = 0;
    int rc;

    memset(x, 0, sizeof *x);
    x->shared.street = -1;
    if (p->tree != NULL && hb_tree_widest(p->tree) > longest)
        longest = hb_tree_widest(p->tree);
    for (int i = 0; p->spec != NULL && i < HB_STREETS; i++)
        n_buckets =
            p->spec->street[i].n_buckets > n_buckets ? p->spec->street[i].n_buckets : n_buckets;
    x->cap = longest;
    x->n_seen = n_buckets;
    if ((rc = hb_mem_new(&x->act, longest, sizeof *x->act, "actions", e)) != HB_OK ||
        (rc = hb_mem_new(&x->prob, (size_t)longest * HB_HANDS_MAX, sizeof *x->prob, "probabilities",
                         e)) != HB_OK ||
        (rc = hb_mem_new(&x->bucket, HB_HANDS_MAX, sizeof *x->bucket, "buckets", e)) != HB_OK ||
        (rc = hb_mem_new(&x->seen, n_buckets, sizeof *x->seen, "bucket marks", e)) != HB_OK ||
        (rc = hb_mem_new(&x->share, HB_HANDS_MAX, sizeof *x->share, "shares", e)) != HB_OK ||
        (rc = hb_mem_new(&x->row, longest, sizeof *x->row, "a row", e)) != HB_OK ||
        (rc = hb_mem_new(&x->to, longest, sizeof *x->to, "actions", e)) != HB_OK)
        hb_mix_fini(x);
    return rc;
}

void hb_mix_fini(struct hb_mix *x)
{
    hb_mem_free(x->act);
    hb_mem_free(x->prob);
    hb_mem_free(x->bucket);
    hb_mem_free(x->seen);
    hb_mem_free(x->share);
    hb_mem_free(x->row);
    hb_mem_free(x->to);
    memset(x, 0, sizeof *x);
}

static double *prob_of(struct hb_mix *x, unsigned action)
{
    return x->prob + (size_t)action * HB_HANDS_MAX;
}

static void mix_fixed(struct hb_mix *x, const struct hb_player *p, const struct hb_state *s,
                      const uint16_t *live, int n_live)
{
    int n = hb_player_fixed_actions(p, s, x->act, (int)x->cap);

    x->n = (unsigned)n;
    for (unsigned a = 0; a < x->n; a++)
        for (int i = 0; i < n_live; i++)
            prob_of(x, a)[live[i]] = 1.0 / n;
}

/* Forget the shares of another hand, board or seed: they cost some microseconds each. */
static void keep_shares(struct hb_mix *x, const struct hb_player *p, const struct hb_matchstate *m)
{
    if (x->shared.seed == p->o.seed && x->shared.hand == m->hand &&
        x->shared.street == m->state.street && x->shared.position == m->position)
        return;
    x->shared.seed = p->o.seed;
    x->shared.hand = m->hand;
    x->shared.street = m->state.street;
    x->shared.position = m->position;
    for (int i = 0; i < HB_HANDS_MAX; i++)
        x->share[i] = -1;
}

static void mix_by_odds(struct hb_mix *x, const struct hb_player *p, const struct hb_matchstate *m,
                        const struct hb_hands *h, const uint16_t *live, int n_live)
{
    bool may_fold = hb_state_can_fold(&p->rules, &m->state);

    x->by_odds = true;
    x->n = 2;
    x->act[0] = HB_ACT_FOLD;
    x->act[1] = HB_ACT_CALL;
    keep_shares(x, p, m);
    for (int i = 0; i < n_live; i++) {
        double *share = &x->share[live[i]];
        bool folds;

        if (may_fold && *share < 0)
            *share = hb_player_share(p, m, h->card[live[i]]);
        folds = may_fold && hb_player_by_odds(p, m, *share) == HB_ACT_FOLD;
        prob_of(x, 0)[live[i]] = folds;
        prob_of(x, 1)[live[i]] = !folds;
    }
}

/* The actions that the edges of the node come to in the real hand; x->to says which is whose. */
static void list_actions(struct hb_mix *x, const struct hb_player *p, const struct hb_follow *f,
                         const struct hb_state *real)
{
    x->n = 0;
    for (unsigned edge = 0; edge < p->tree->node[f->node].n_actions; edge++) {
        hb_act act = hb_follow_act(&p->rules, p->tree, f, real, edge);
        unsigned a = 0;

        while (a < x->n && x->act[a] != act)
            a++;
        x->act[a] = act;
        x->n += a == x->n;
        x->to[edge] = a;
    }
}

/* Fill in a hand from the row of its bucket. */
static int fill_hand(struct hb_mix *x, struct hb_player *p, uint32_t node, uint16_t hand,
                     struct hb_err *e)
{
    unsigned n_edges = p->tree->node[node].n_actions;
    uint32_t total = 0;
    int rc = hb_player_row(p, node, x->bucket[hand], x->row, e);

    if (rc != HB_OK)
        return rc;
    for (unsigned edge = 0; edge < n_edges; edge++)
        total += x->row[edge];
    for (unsigned a = 0; a < x->n; a++)
        prob_of(x, a)[hand] = 0;
    for (unsigned edge = 0; edge < n_edges; edge++)
        prob_of(x, x->to[edge])[hand] += (double)x->row[edge] / total;
    return HB_OK;
}

static int mix_trained(struct hb_mix *x, struct hb_player *p, const struct hb_matchstate *m,
                       const struct hb_follow *f, const struct hb_hands *h, const uint16_t *live,
                       int n_live, struct hb_err *e)
{
    int rc = hb_player_buckets(p, m->state.street, m->board, h, live, n_live, x->bucket, e);

    for (int i = 0; rc == HB_OK && i < n_live; i++)
        if (x->bucket[live[i]] >= x->n_seen) /* the opened file fits the blueprint: not met */
            rc = hb_fail(e, HB_EFORMAT, "there is no bucket %u", x->bucket[live[i]]);
    if (rc != HB_OK)
        return rc;
    list_actions(x, p, f, &m->state);
    for (int i = 0; rc == HB_OK && i < n_live; i++) {
        uint32_t *seen = &x->seen[x->bucket[live[i]]];

        if (*seen == 0) { /* the first hand of its bucket */
            *seen = 1u + live[i];
            rc = fill_hand(x, p, f->node, live[i], e);
            continue;
        }
        for (unsigned a = 0; a < x->n; a++)
            prob_of(x, a)[live[i]] = prob_of(x, a)[*seen - 1];
    }
    for (int i = 0; i < n_live; i++)
        x->seen[x->bucket[live[i]]] = 0;
    return rc;
}

int hb_mix_at(struct hb_mix *x, struct hb_player *p, const struct hb_matchstate *m,
              const struct hb_hands *h, const uint16_t *live, int n_live, struct hb_err *e)
{
    struct hb_follow f;

    x->by_odds = false;
    if (p->fixed)
        mix_fixed(x, p, &m->state, live, n_live);
    else if (hb_player_locate(p, m, &f))
        return mix_trained(x, p, m, &f, h, live, n_live, e);
    else
        mix_by_odds(x, p, m, h, live, n_live);
    return HB_OK;
}
