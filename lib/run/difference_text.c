/* difference_text.c - differences written down, for people and as JSON. */
#include "run/difference.h"

#include <string.h>

#include "base/json.h"
#include "game/state.h"

/* ---- for people ---- */

static void put_side(const struct hb_difference *d, uint32_t node, const char *name,
                     const double *prob, struct hb_buf *out)
{
    const struct hb_tree *t = d->a->tree;

    hb_buf_printf(out, "%10s ", name);
    for (int a = 0; a < t->node[node].n_actions; a++) {
        char text[16];

        hb_act_format(&d->a->spec.rules, t->act[t->node[node].edge + (uint32_t)a], text);
        hb_buf_printf(out, "  %s %5.1f%%", text, 100 * prob[a]);
    }
    hb_buf_printf(out, "\n");
}

static void put_node(const struct hb_difference *d, const struct hb_difference_node *n,
                     struct hb_buf *out)
{
    const struct hb_node *node = &d->a->tree->node[n->node];
    const char *seat = hb_view_seat_name(&d->a->spec.rules, node->player);

    hb_buf_printf(out, "%s, %s%s: player %d%s%s%s\n",
                  hb_view_street_name(&d->a->spec.rules.deck, node->street),
                  n->actions[0] ? "after " : "first decision", n->actions, node->player,
                  seat[0] ? " (" : "", seat, seat[0] ? ")" : "");
    hb_buf_printf(out, "    %.1f%% of all differences: %.3f a decision, %.3g decisions a hand\n",
                  100 * n->share, n->distance, n->reach);
    put_side(d, n->node, "A", n->a, out);
    put_side(d, n->node, "B", n->b, out);
    hb_buf_printf(out, "    most with %s%s%s\n", n->hand, n->board[0] ? " on " : "", n->board);
    put_side(d, n->node, "A", n->hand_a, out);
    put_side(d, n->node, "B", n->hand_b, out);
    hb_buf_printf(out, "\n");
}

static void put_name(char side, const struct hb_strategy *s, const char *name, struct hb_buf *out)
{
    char number[32];

    hb_buf_printf(out, "%c: %s, ", side, name);
    if (s->fixed)
        hb_buf_printf(out, "a fixed strategy\n");
    else
        hb_buf_printf(out, "%s iterations\n", hb_view_number(s->iteration, number));
}

void hb_difference_text(const struct hb_difference *d, const char *const names[2],
                        struct hb_buf *out)
{
    char number[32];

    put_name('A', d->a, names[0], out);
    put_name('B', d->b, names[1], out);
    hb_buf_printf(out,
                  "%s: the strategies differ by %.4f a decision (L1, 0 to 2), at %.3g decisions a "
                  "hand, over %s%s deals\n\n",
                  d->a->spec.game_name, d->distance, d->decisions, d->complete ? "all " : "",
                  hb_view_number(d->n_deals, number));
    for (uint32_t i = 0; i < d->n; i++)
        put_node(d, &d->node[i], out);
}

/* ---- JSON ---- */

static void put_real(struct hb_buf *out, const char *name, double v)
{
    hb_buf_printf(out, ",\"%s\":", name);
    hb_json_real(out, v);
}

static void put_reals(struct hb_buf *out, const char *name, const double *v, int n)
{
    hb_buf_printf(out, ",\"%s\":", name);
    hb_json_reals(out, v, n);
}

static void put_object(const struct hb_difference *d, const struct hb_difference_node *n,
                       struct hb_buf *out)
{
    const struct hb_tree *t = d->a->tree;
    const struct hb_node *node = &t->node[n->node];

    hb_buf_printf(out, "{\"actions\":");
    hb_json_str(out, n->actions);
    hb_buf_printf(out, ",\"player\":%d,\"legal\":[", node->player);
    for (int a = 0; a < node->n_actions; a++) {
        char text[16];

        hb_act_format(&d->a->spec.rules, t->act[node->edge + (uint32_t)a], text);
        hb_buf_printf(out, a > 0 ? ",\"%s\"" : "\"%s\"", text);
    }
    hb_buf_printf(out, "]");
    put_real(out, "reach", n->reach);
    put_real(out, "distance", n->distance);
    put_real(out, "share", n->share);
    put_reals(out, "a", n->a, node->n_actions);
    put_reals(out, "b", n->b, node->n_actions);
    hb_buf_printf(out, ",\"most\":{\"hand\":\"%s\"", n->hand);
    if (n->board[0] != '\0')
        hb_buf_printf(out, ",\"board\":\"%s\"", n->board);
    put_reals(out, "a", n->hand_a, node->n_actions);
    put_reals(out, "b", n->hand_b, node->n_actions);
    hb_buf_printf(out, "}}\n");
}

void hb_difference_json(const struct hb_difference *d, const char *const names[2],
                        struct hb_buf *out)
{
    hb_buf_printf(out, "{\"game\":");
    hb_json_str(out, d->a->spec.game_name);
    hb_buf_printf(out, ",\"a\":");
    hb_json_str(out, names[0]);
    hb_buf_printf(out, ",\"b\":");
    hb_json_str(out, names[1]);
    hb_buf_printf(out, ",\"complete\":%s,\"deals\":%llu", d->complete ? "true" : "false",
                  (unsigned long long)d->n_deals);
    put_real(out, "decisions", d->decisions);
    put_real(out, "distance", d->distance);
    hb_buf_printf(out, "}\n");
    for (uint32_t i = 0; i < d->n; i++)
        put_object(d, &d->node[i], out);
}
