/* sanity_jam.c - jams and calls of jams before the first board, on their exact values. The tree is
 * cut behind the first street, so that it costs run-outs of all-ins alone. */
#include "run/sanity.h"

#include <string.h>

#include "base/mem.h"
#include "solver/public.h"

struct jam {
    struct hb_strategy *s;
    const struct hb_tree *tree; /* of the strategy */
    bool *closed;               /* [nodes] nothing but folds and all-ins can follow */
    struct hb_tree first;       /* the first street; where another would begin somebody folds */
    uint32_t *whole;            /* [nodes of first] their numbers in tree */
    struct hb_public_strategy by_bucket; /* of the strategy */
    struct hb_public_root *root;
    double deals;
    double *prob;           /* [most actions] */
    double n_hands;         /* own hands there are */
    double n_reach, n_jams; /* those that get to decisions, and go all-in or call one there */
    double loss;            /* chips/hand */
    struct hb_sanity_check *out;
    struct hb_err *e;
    int rc;
};

/* ---- the first street ---- */

static int find_closed(struct jam *j, struct hb_err *e)
{
    const struct hb_tree *t = j->tree;
    int rc = hb_mem_new(&j->closed, t->n_nodes, sizeof *j->closed, "a betting tree", e);

    for (uint32_t i = t->n_nodes; rc == HB_OK && i-- > 0;) { /* children come behind */
        const struct hb_node *n = &t->node[i];

        j->closed[i] = n->street == 0;
        for (uint32_t a = 0; a < n->n_actions; a++) {
            uint32_t child = t->child[n->edge + a];

            if (!(child & HB_TREE_END))
                j->closed[i] = j->closed[i] && j->closed[child];
        }
    }
    return rc;
}

static int first_new(struct jam *j, struct hb_err *e)
{
    const struct hb_tree *t = j->tree;
    struct hb_tree *f = &j->first;
    size_t n_nodes = 0;
    size_t n_edges = 0;
    int rc;

    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (t->node[i].street == 0) {
            n_nodes++;
            n_edges += t->node[i].n_actions;
        }
    f->n_players = t->n_players;
    if ((rc = hb_mem_new(&f->node, n_nodes, sizeof *f->node, "a betting tree", e)) != HB_OK ||
        (rc = hb_mem_new(&f->child, n_edges, sizeof *f->child, "a betting tree", e)) != HB_OK ||
        (rc = hb_mem_new(&f->act, n_edges, sizeof *f->act, "a betting tree", e)) != HB_OK ||
        (rc = hb_mem_new(&f->end, n_edges, sizeof *f->end, "a betting tree", e)) != HB_OK ||
        (rc = hb_mem_new(&f->spent, n_edges * t->n_players, sizeof *f->spent, "a betting tree",
                         e)) != HB_OK)
        return rc;
    return hb_mem_new(&j->whole, n_nodes, sizeof *j->whole, "a betting tree", e);
}

static uint32_t add_end(struct jam *j, uint32_t child)
{
    const struct hb_tree *t = j->tree;
    struct hb_tree *f = &j->first;
    uint32_t n = f->n_ends++;
    size_t n_players = t->n_players;

    f->end[n] = (struct hb_end){.folded = 1}; /* with nothing put in: worth nothing */
    if (child & HB_TREE_END) {
        uint32_t end = child & ~HB_TREE_END;

        f->end[n] = t->end[end];
        memcpy(f->spent + n * n_players, t->spent + end * n_players, n_players * sizeof *f->spent);
    }
    return HB_TREE_END | n;
}

/* Copy the nodes of the first street, in their order. */
static uint32_t copy_node(struct jam *j, uint32_t at, uint32_t parent)
{
    const struct hb_node *n = &j->tree->node[at];
    struct hb_tree *f = &j->first;
    uint32_t to = f->n_nodes++;
    uint32_t edge = f->n_edges;

    f->n_edges += n->n_actions;
    f->node[to] = *n;
    f->node[to].edge = edge;
    f->node[to].parent = parent;
    j->whole[to] = at;
    for (uint32_t a = 0; a < n->n_actions; a++) {
        uint32_t child = j->tree->child[n->edge + a];
        bool more = !(child & HB_TREE_END) && j->tree->node[child].street == 0;

        f->act[edge + a] = j->tree->act[n->edge + a];
        f->child[edge + a] = more ? copy_node(j, child, to) : add_end(j, child);
    }
    return to;
}

/* ---- the walk's questions ---- */

static void buckets(void *ctx, int street, const uint8_t *board, int n_board,
                    const struct hb_hands *hands, const uint16_t *hand, int n, uint32_t *out)
{
    struct jam *j = ctx;

    j->by_bucket.buckets(j->by_bucket.ctx, street, board, n_board, hands, hand, n, out);
}

static void row(void *ctx, uint32_t node, uint32_t bucket, double *prob)
{
    struct jam *j = ctx;

    j->by_bucket.row(j->by_bucket.ctx, j->whole[node], bucket, prob);
}

/* Run out all all-ins of the first street. */
static int walk(struct jam *j, struct hb_err *e)
{
    struct hb_public_strategy s = {.ctx = j, .buckets = buckets, .row = row};
    struct hb_public *p = NULL;
    double *result = NULL;
    int rc;

    s.n_buckets[0] = j->by_bucket.n_buckets[0];
    if ((rc = hb_public_new(&j->s->spec.rules, &j->first, &s, &p, e)) == HB_OK &&
        (rc = hb_public_start(p, e)) == HB_OK)
        rc = hb_mem_new(&result, hb_public_unit_len_max(p), sizeof *result, "a result", e);
    for (uint32_t i = 0; rc == HB_OK && i < hb_public_units(p); i++) {
        hb_public_unit(p, i, result);
        hb_public_add(p, i, result);
    }
    if (rc == HB_OK && (rc = hb_strategy_check(j->s, e)) == HB_OK) {
        j->deals = hb_public_deals(p);
        rc = hb_public_root_new(p, &j->root, e);
    }
    hb_mem_free(result);
    hb_public_free(p);
    return rc;
}

/* ---- one decision ---- */

/* Probability that the hand's own actions lead to a node. */
static int own_reach(struct jam *j, uint32_t node, uint32_t bucket, double *out)
{
    const struct hb_tree *t = j->tree;
    int seat = t->node[node].player;
    int rc = HB_OK;

    *out = 1;
    for (uint32_t at = node; t->node[at].parent != HB_TREE_NONE && rc == HB_OK;) {
        uint32_t parent = t->node[at].parent;
        uint32_t taken = 0;

        while (t->child[t->node[parent].edge + taken] != at)
            taken++;
        at = parent;
        if (t->node[parent].player != seat)
            continue;
        if ((rc = hb_strategy_row(j->s, parent, bucket, j->prob, j->e)) == HB_OK)
            *out *= j->prob[taken];
    }
    return rc;
}

/* Actions that put all chips in: an all-in, or the call of one. */
static bool is_jam(const struct hb_rules *r, const struct hb_tree *t, uint32_t node, uint32_t a)
{
    const struct hb_node *n = &t->node[node];
    uint32_t child = t->child[n->edge + a];
    hb_act act = t->act[n->edge + a];

    if (act == HB_ACT_FOLD)
        return false;
    return act >= r->stack[n->player] ||
           ((child & HB_TREE_END) != 0 && t->end[child & ~HB_TREE_END].showdown);
}

static int put_down(struct jam *j, uint32_t node, const uint8_t *own, double wrong, double reach)
{
    struct hb_sanity_spot *w = &j->out->worst;

    w->probability = wrong;
    w->reach = reach;
    hb_cards_format(own, 2, w->hand);
    return hb_tree_path(&j->s->spec.rules, j->tree, node, w->actions, sizeof w->actions, j->e);
}

/* What a class of hands loses at a decision. */
static int add_class(struct jam *j, uint32_t node, const struct hb_public_spot *s, uint32_t number,
                     double *most)
{
    uint32_t n_classes = hb_public_root_classes(j->root);
    uint8_t own[2];
    double size = hb_public_root_class(j->root, number, own);
    uint32_t best = 0;
    uint32_t bucket;
    double reach;
    double loss = 0;
    int rc;

    if ((rc = hb_strategy_bucket(j->s, 0, own, &bucket, j->e)) != HB_OK ||
        (rc = own_reach(j, node, bucket, &reach)) != HB_OK ||
        (rc = hb_strategy_row(j->s, node, bucket, j->prob, j->e)) != HB_OK)
        return rc;
    for (uint32_t a = 1; a < s->n_actions; a++)
        if (s->value[a * n_classes + number] > s->value[best * n_classes + number])
            best = a;
    for (uint32_t a = 0; a < s->n_actions; a++) {
        loss += j->prob[a] *
                (s->value[best * n_classes + number] - s->value[a * n_classes + number]) / j->deals;
        if (is_jam(&j->s->spec.rules, j->tree, node, a))
            j->n_jams += size * reach * j->prob[a];
    }
    j->n_reach += size * reach;
    j->loss += reach * loss;
    if (reach * loss <= *most)
        return HB_OK;
    *most = reach * loss;
    return put_down(j, node, own, 1 - j->prob[best], reach);
}

struct spots {
    struct jam *j;
    double most; /* loss of a class */
};

static void on_spot(void *ctx, const struct hb_public_spot *s)
{
    struct spots *at = ctx;
    struct jam *j = at->j;
    uint32_t node = j->whole[s->node];

    if (!j->closed[node] || j->rc != HB_OK)
        return;
    j->out->cases++;
    for (uint32_t c = 0; c < hb_public_root_classes(j->root) && j->rc == HB_OK; c++)
        j->rc = add_class(j, node, s, c, &at->most);
}

/* ---- all of it ---- */

static int jam_run(struct jam *j, struct hb_err *e)
{
    struct spots at = {j, 0};
    double *none = NULL;
    bool any = false;
    int rc;

    if ((rc = find_closed(j, e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < j->tree->n_nodes; i++)
        any = any || j->closed[i];
    if (!any)
        return HB_OK;
    if ((rc = hb_mem_new(&j->prob, hb_tree_widest(j->tree), sizeof *j->prob, "a strategy", e)) !=
            HB_OK ||
        (rc = hb_strategy_public(j->s, &j->by_bucket, e)) != HB_OK ||
        (rc = first_new(j, e)) != HB_OK)
        return rc;
    (void)copy_node(j, 0, HB_TREE_NONE); /* 0 as well */
    if ((rc = walk(j, e)) == HB_OK &&
        (rc = hb_mem_new(&none, hb_public_root_len(j->root), sizeof *none, "values", e)) == HB_OK) {
        for (uint32_t c = 0; c < hb_public_root_classes(j->root); c++) {
            uint8_t own[2];

            j->n_hands += hb_public_root_class(j->root, c, own);
        }
        hb_public_root_spots(j->root, none, on_spot, &at);
        rc = j->rc;
    }
    hb_mem_free(none);
    return rc;
}

int hb_sanity_jam(struct hb_strategy *s, const struct hb_sanity_options *o,
                  struct hb_sanity_check *out, struct hb_err *e)
{
    struct jam j = {.s = s, .tree = s->tree, .out = out, .e = e};
    int rc = HB_OK;

    out->complete = true;
    if (!hb_public_fits(&s->spec.rules))
        return HB_OK;
    rc = jam_run(&j, e);
    if (rc == HB_OK && j.n_reach > 0) {
        out->by_node = out->loss_known = true;
        out->met = j.n_reach / j.n_hands;
        out->jams = j.n_jams / j.n_reach;
        out->loss_mbb = j.loss * 1000 / hb_rules_largest_blind(&s->spec.rules);
        out->verdict = out->loss_mbb <= o->tolerance_mbb ? HB_SANITY_GOOD : HB_SANITY_BAD;
    }
    hb_public_root_free(j.root);
    hb_tree_fini(&j.first);
    hb_mem_free(j.whole);
    hb_mem_free(j.closed);
    hb_mem_free(j.prob);
    return rc;
}
