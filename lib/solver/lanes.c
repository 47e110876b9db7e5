#include "solver/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "game/state.h"

/* What the entries of one street are cut with. */
struct cut {
    const struct hb_rules *rules;
    const struct hb_tree *tree;
    int street;
    struct hb_lanes_street *now;
    struct hb_lanes_street *next; /* NULL on the last street */
    uint32_t next_cap;
    struct hb_lanes_step *step; /* of the part at hand */
    uint32_t step_cap;
    struct hb_lanes_shape part; /* its numbers; its steps are in `step` */
    uint32_t *shape_of;         /* [n_entries] */
    uint32_t shapes_cap;
    struct hb_err *e;
};

static enum hb_lanes_kind kind_of(const struct cut *c, uint32_t at)
{
    const struct hb_end *end;

    if ((at & HB_TREE_END) == 0)
        return c->tree->node[at].street > c->street ? HB_LANES_EXIT : HB_LANES_NODE;
    end = &c->tree->end[at & ~HB_TREE_END];
    if (!end->showdown)
        return HB_LANES_FOLD;
    return c->next == NULL ? HB_LANES_SHOWDOWN : HB_LANES_ALLIN;
}

/* ---- shapes ---- */

static uint64_t mix(uint64_t hash, uint64_t v)
{
    return (hash ^ v) * UINT64_C(0x9E3779B97F4A7C15) ^ hash >> 29;
}

/* Append the steps of the part that begins at `at`. */
static int take_steps(struct cut *c, uint32_t at, uint32_t depth)
{
    enum hb_lanes_kind kind = kind_of(c, at);
    struct hb_lanes_step s = {.kind = (uint8_t)kind, .number = c->part.n_leaves};
    const struct hb_node *node = NULL;
    int rc = HB_OK;

    if (c->part.n_steps == c->step_cap) {
        c->step_cap = 2 * c->step_cap + 64;
        if ((rc = hb_mem_grow(&c->step, c->step_cap, sizeof *c->step, "a street", c->e)) != HB_OK)
            return rc;
    }
    if (kind == HB_LANES_NODE) {
        node = &c->tree->node[at];
        s.player = node->player;
        s.n_actions = node->n_actions;
        s.number = c->part.n_edges;
        c->part.n_edges += node->n_actions;
        c->part.n_nodes++;
        if (depth + 1 > c->part.depth)
            c->part.depth = depth + 1;
    } else {
        c->part.n_leaves++;
    }
    c->part.n_of[kind]++;
    c->part.hash = mix(c->part.hash, (uint64_t)kind << 32 | (uint64_t)s.player << 16 | s.n_actions);
    c->step[c->part.n_steps++] = s;
    for (int a = 0; a < s.n_actions && rc == HB_OK; a++)
        rc = take_steps(c, c->tree->child[node->edge + (uint32_t)a], depth + 1);
    return rc;
}

static bool same_shape(const struct cut *c, const struct hb_lanes_shape *s)
{
    if (s->hash != c->part.hash || s->n_steps != c->part.n_steps)
        return false;
    for (uint32_t i = 0; i < s->n_steps; i++)
        if (s->step[i].kind != c->step[i].kind || s->step[i].player != c->step[i].player ||
            s->step[i].n_actions != c->step[i].n_actions)
            return false;
    return true;
}

/* The shape of an entry; a new one is kept. */
static int find_shape(struct cut *c, uint32_t entry)
{
    struct hb_lanes_street *st = c->now;
    struct hb_lanes_shape *s;
    int rc;

    memset(&c->part, 0, sizeof c->part);
    if ((rc = take_steps(c, st->at[entry], 0)) != HB_OK)
        return rc;
    for (uint32_t i = st->n_shapes; i-- > 0;)
        if (same_shape(c, &st->shape[i])) {
            c->shape_of[entry] = i;
            return HB_OK;
        }
    if (st->n_shapes == c->shapes_cap) {
        c->shapes_cap = 2 * c->shapes_cap + 16;
        if ((rc = hb_mem_grow(&st->shape, c->shapes_cap, sizeof *st->shape, "streets", c->e)) !=
            HB_OK)
            return rc;
    }
    s = &st->shape[st->n_shapes];
    *s = c->part;
    s->step = NULL;
    if ((rc = hb_mem_new(&s->step, s->n_steps, sizeof *s->step, "a street", c->e)) != HB_OK)
        return rc;
    memcpy(s->step, c->step, s->n_steps * sizeof *s->step);
    c->shape_of[entry] = st->n_shapes++;
    return HB_OK;
}

/* ---- groups ---- */

static int add_entry(struct cut *c, uint32_t at, uint32_t *entry)
{
    struct hb_lanes_street *next = c->next;
    int rc;

    if (next->n_entries == c->next_cap) {
        c->next_cap = 2 * c->next_cap + 64;
        if ((rc = hb_mem_grow(&next->at, c->next_cap, sizeof *next->at, "streets", c->e)) != HB_OK)
            return rc;
    }
    next->at[next->n_entries] = at;
    *entry = next->n_entries++;
    return HB_OK;
}

/* What an end pays: folded: seat 0; else the seat with the better hand, either of them. */
static double payment(const struct cut *c, uint32_t end)
{
    static const uint32_t better[2] = {2, 1};
    double pay[HB_PLAYERS_MAX];

    hb_payoff(2, c->tree->spent + (size_t)end * 2, c->tree->end[end].folded, better, pay);
    return pay[0];
}

struct fill {
    struct hb_lanes_group *group;
    uint32_t lane;
    uint32_t n_nodes;
    uint32_t n_leaves;
};

/* Note the nodes and leaves of a lane, in the order of its steps. */
static int fill_lane(struct cut *c, struct fill *f, uint32_t at)
{
    enum hb_lanes_kind kind = kind_of(c, at);
    uint32_t i;
    int rc = HB_OK;

    if (kind == HB_LANES_NODE) {
        const struct hb_node *node = &c->tree->node[at];

        f->group->node[f->n_nodes++ * HB_LANES + f->lane] = at;
        for (int a = 0; a < node->n_actions && rc == HB_OK; a++)
            rc = fill_lane(c, f, c->tree->child[node->edge + (uint32_t)a]);
        return rc;
    }
    i = f->n_leaves++ * HB_LANES + f->lane;
    f->group->leaf[i] = HB_TREE_NONE;
    if (kind == HB_LANES_EXIT)
        return add_entry(c, at, &f->group->leaf[i]);
    f->group->pay[i] = payment(c, at & ~HB_TREE_END);
    if (kind == HB_LANES_ALLIN)
        f->group->leaf[i] = c->now->n_allins++;
    return HB_OK;
}

static int new_group(struct cut *c, uint32_t shape)
{
    struct hb_lanes_group *g = &c->now->group[c->now->n_groups];
    const struct hb_lanes_shape *s = &c->now->shape[shape];
    int rc;

    g->shape = shape;
    c->now->n_groups++; /* from here on fini looks after it */
    if ((rc = hb_mem_new(&g->node, (size_t)s->n_nodes * HB_LANES, sizeof *g->node, "lanes",
                         c->e)) != HB_OK ||
        (rc = hb_mem_new(&g->leaf, (size_t)s->n_leaves * HB_LANES, sizeof *g->leaf, "lanes",
                         c->e)) != HB_OK)
        return rc;
    return hb_mem_new(&g->pay, (size_t)s->n_leaves * HB_LANES, sizeof *g->pay, "lanes", c->e);
}

/* Lanes that no entry uses are the first one again and lead nowhere. */
static void fill_rest(const struct hb_lanes_shape *s, struct hb_lanes_group *g)
{
    for (uint32_t lane = g->n_lanes; lane < HB_LANES; lane++) {
        for (uint32_t i = 0; i < s->n_nodes; i++)
            g->node[i * HB_LANES + lane] = g->node[i * HB_LANES];
        for (uint32_t i = 0; i < s->n_leaves; i++)
            g->leaf[i * HB_LANES + lane] = HB_TREE_NONE;
    }
}

/* All entries of one shape, HB_LANES at a time. */
static int group_shape(struct cut *c, uint32_t shape)
{
    struct hb_lanes_street *st = c->now;
    struct hb_lanes_group *g = NULL;
    int rc = HB_OK;

    for (uint32_t entry = 0; entry < st->n_entries && rc == HB_OK; entry++) {
        struct fill f = {0};

        if (c->shape_of[entry] != shape)
            continue;
        if (g == NULL || g->n_lanes == HB_LANES) {
            if ((rc = new_group(c, shape)) != HB_OK)
                return rc;
            g = &st->group[st->n_groups - 1];
        }
        f.group = g;
        f.lane = g->n_lanes++;
        st->place[entry] = (st->n_groups - 1) * HB_LANES + f.lane;
        rc = fill_lane(c, &f, st->at[entry]);
    }
    for (uint32_t i = 0; i < st->n_groups; i++)
        if (st->group[i].shape == shape && rc == HB_OK)
            fill_rest(&st->shape[shape], &st->group[i]);
    return rc;
}

static int cut_street(struct cut *c)
{
    struct hb_lanes_street *st = c->now;
    int rc;

    if ((rc = hb_mem_new(&c->shape_of, st->n_entries, sizeof *c->shape_of, "streets", c->e)) !=
            HB_OK ||
        (rc = hb_mem_new(&st->place, st->n_entries, sizeof *st->place, "streets", c->e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < st->n_entries; i++)
        if ((rc = find_shape(c, i)) != HB_OK)
            return rc;
    if ((rc = hb_mem_new(&st->group, st->n_entries / HB_LANES + st->n_shapes, sizeof *st->group,
                         "lanes", c->e)) != HB_OK)
        return rc;
    for (uint32_t shape = 0; shape < st->n_shapes; shape++)
        if ((rc = group_shape(c, shape)) != HB_OK)
            return rc;
    return HB_OK;
}

int hb_lanes_init(struct hb_lanes *out, const struct hb_rules *r, const struct hb_tree *t,
                  struct hb_err *e)
{
    int rc;

    memset(out, 0, sizeof *out);
    out->n_streets = r->deck.n_streets;
    rc = hb_mem_new(&out->street[0].at, 1, sizeof *out->street[0].at, "streets", e);
    out->street[0].n_entries = rc == HB_OK; /* node 0 */
    for (int s = 0; s < out->n_streets && rc == HB_OK; s++) {
        struct cut c = {.rules = r, .tree = t, .street = s, .now = &out->street[s], .e = e};

        c.next = s + 1 < out->n_streets ? &out->street[s + 1] : NULL;
        rc = cut_street(&c);
        hb_mem_free(c.shape_of);
        hb_mem_free(c.step);
    }
    if (rc != HB_OK)
        hb_lanes_fini(out);
    return rc;
}

void hb_lanes_fini(struct hb_lanes *l)
{
    for (int s = 0; s < l->n_streets; s++) {
        struct hb_lanes_street *st = &l->street[s];

        for (uint32_t i = 0; i < st->n_groups; i++) {
            hb_mem_free(st->group[i].node);
            hb_mem_free(st->group[i].leaf);
            hb_mem_free(st->group[i].pay);
        }
        for (uint32_t i = 0; i < st->n_shapes; i++)
            hb_mem_free(st->shape[i].step);
        hb_mem_free(st->group);
        hb_mem_free(st->shape);
        hb_mem_free(st->place);
        hb_mem_free(st->at);
    }
    memset(l, 0, sizeof *l);
}
