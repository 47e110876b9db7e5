#include "run/opening.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "run/view_paint.h"

#define BAR 30 /* characters */

/* ---- gathering ---- */

/* Nodes of the first street from one on: children lie behind it, and so do others. */
static bool below(const struct hb_tree *t, uint32_t node, uint32_t root)
{
    while (node != root && node > root)
        node = t->node[node].parent;
    return node == root;
}

static const char *last_step(const char *path)
{
    const char *step = path;

    for (const char *p = path; *p != '\0'; p++)
        if (*p == 'f' || *p == 'c' || *p == 'r')
            step = p;
    return step;
}

static int add_node(struct hb_strategy *s, uint32_t at, uint32_t parent, struct hb_opening *o,
                    struct hb_err *e)
{
    struct hb_opening_node *n = &o->node[o->n];
    char path[HB_VIEW_PATH_MAX];
    int rc;

    if ((rc = hb_tree_path(&s->spec.rules, s->tree, at, path, sizeof path, e)) != HB_OK ||
        (rc = hb_view_new(s, path, NULL, NULL, &n->view, e)) != HB_OK)
        return rc;
    o->n++;
    n->step = parent == HB_TREE_NONE ? "" : last_step(n->view.path);
    n->parent = parent;
    n->line = 1;
    rc = hb_mem_new(&n->share, (size_t)n->view.n_actions, sizeof *n->share, "a decision", e);
    for (int a = 0; rc == HB_OK && a < n->view.n_actions; a++) {
        const struct hb_view_action *x = &n->view.action[a];
        bool known = n->view.kind != HB_VIEW_BUCKETS && n->view.reach > 0;

        n->share[a] = known ? x->arriving : x->total;
    }
    return rc;
}

/* Depth and probability, from the parent's. */
static void link_node(const struct hb_tree *t, struct hb_opening *o, uint32_t number)
{
    struct hb_opening_node *n = &o->node[number];
    const struct hb_opening_node *up = &o->node[n->parent];
    const struct hb_node *from = &t->node[up->view.node];

    n->depth = up->depth + 1;
    for (uint32_t a = 0; a < from->n_actions; a++)
        if (t->child[from->edge + a] == n->view.node)
            n->line = up->line * (up->view.reach > 0 ? up->share[a] : 0);
}

static int gather(struct hb_strategy *s, uint32_t root, uint32_t *number, struct hb_opening *o,
                  struct hb_err *e)
{
    const struct hb_tree *t = s->tree;
    int rc = HB_OK;

    for (uint32_t i = root; i < t->n_nodes && rc == HB_OK; i++) {
        if (t->node[i].street > 0 || !below(t, i, root))
            continue;
        number[i] = o->n;
        rc = add_node(s, i, i == root ? HB_TREE_NONE : number[t->node[i].parent], o, e);
        if (rc == HB_OK && i != root)
            link_node(t, o, number[i]);
    }
    return rc;
}

int hb_opening_new(struct hb_strategy *s, const char *actions, struct hb_opening *out,
                   struct hb_err *e)
{
    const struct hb_tree *t = s->tree;
    struct hb_opening o = {0};
    uint32_t *number = NULL;
    uint32_t n = 0;
    uint32_t root;
    int rc;

    if ((rc = hb_tree_find(&s->spec.rules, t, actions ? actions : "", &root, e)) != HB_OK)
        return rc;
    if (t->node[root].street > 0)
        return hb_fail(e, HB_EUSAGE, "after actions '%.100s' the first street is over", actions);
    for (uint32_t i = root; i < t->n_nodes; i++)
        n += t->node[i].street == 0 && below(t, i, root);
    if (n > HB_OPENING_NODES_MAX)
        return hb_fail(e, HB_EUSAGE,
                       "%u decisions are more than %d: begin the tree later, with --at", n,
                       HB_OPENING_NODES_MAX);
    if ((rc = hb_mem_new(&o.node, n, sizeof *o.node, "the opening tree", e)) == HB_OK &&
        (rc = hb_mem_new(&number, t->n_nodes, sizeof *number, "the opening tree", e)) == HB_OK)
        rc = gather(s, root, number, &o, e);
    hb_mem_free(number);
    if (rc != HB_OK)
        hb_opening_fini(&o);
    else
        *out = o;
    return rc;
}

void hb_opening_fini(struct hb_opening *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        hb_view_fini(&o->node[i].view);
        hb_mem_free(o->node[i].share);
    }
    hb_mem_free(o->node);
    *o = (struct hb_opening){0};
}

/* ---- text ---- */

static const char *who(const struct hb_view *v, char out[48])
{
    const char *seat = hb_view_seat_name(&v->strategy->spec.rules, v->seat);

    if (seat[0] != '\0')
        (void)snprintf(out, 48, "%s", seat);
    else
        (void)snprintf(out, 48, "player %d", v->seat);
    return out;
}

/* The line up to a node, indented, and who is to act. */
static int put_name(const struct hb_opening_node *n, char *out, size_t cap)
{
    char seat[48];

    return snprintf(out, cap, "%*s%s%s%s", 2 * n->depth, "", n->step, n->step[0] ? "  " : "",
                    who(&n->view, seat));
}

void hb_opening_text(const struct hb_opening *o, enum hb_view_colour colour, struct hb_buf *out)
{
    const struct hb_view *first = &o->node[0].view;
    char number[32];
    char name[200];
    char blank[BAR + 1];
    int width = 0;

    for (uint32_t i = 0; i < o->n; i++) {
        int n = put_name(&o->node[i], name, sizeof name);

        width = n > width ? n : width;
    }
    hb_buf_printf(out, "%s, ", first->strategy->spec.game_name);
    if (first->strategy->fixed)
        hb_buf_printf(out, "a fixed strategy");
    else
        hb_buf_printf(out, "%s iterations", hb_view_number(first->strategy->iteration, number));
    hb_buf_printf(out, "\n%s%s%s: how often a line is played, and what hands that get there do\n\n",
                  hb_view_street_name(&first->strategy->spec.rules.deck, 0),
                  first->path[0] ? " after " : "", first->path);
    (void)snprintf(blank, sizeof blank, "%*s", BAR, "");
    for (uint32_t i = 0; i < o->n; i++) {
        const struct hb_opening_node *n = &o->node[i];

        (void)put_name(n, name, sizeof name);
        hb_buf_printf(out, "%6.2f%%  %-*s ", 100 * n->line, width, name);
        if (colour != HB_VIEW_PLAIN)
            hb_paint_mix(&n->view, n->share, colour, blank, BAR, out);
        for (int a = 0; a < n->view.n_actions; a++)
            hb_buf_printf(out, "  %s %4.1f%%", n->view.action[a].text, 100 * n->share[a]);
        hb_buf_printf(out, "%s\n", n->view.reach > 0 ? "" : "  (no hand gets here)");
    }
}

/* ---- JSON ---- */

void hb_opening_json(const struct hb_opening *o, struct hb_buf *out)
{
    for (uint32_t i = 0; i < o->n; i++) {
        const struct hb_opening_node *n = &o->node[i];

        hb_buf_printf(out, "{\"actions\":");
        hb_json_str(out, n->view.path);
        hb_buf_printf(out, ",\"player\":%d,\"legal\":[", n->view.seat);
        for (int a = 0; a < n->view.n_actions; a++) {
            if (a > 0)
                hb_buf_u8(out, ',');
            hb_json_str(out, n->view.action[a].text);
        }
        hb_buf_printf(out, "],\"strategy\":");
        hb_json_reals(out, n->share, n->view.n_actions);
        hb_buf_printf(out, ",\"line\":");
        hb_json_real(out, n->line);
        hb_buf_printf(out, ",\"reach\":");
        hb_json_real(out, n->view.reach);
        hb_buf_printf(out, "}\n");
    }
}
