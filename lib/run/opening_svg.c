/* opening_svg.c - the opening tree as a picture: a small grid and a bar for each decision. */
#include "run/opening.h"

#include <stdio.h>

#include "run/svg.h"
#include "run/view_paint.h"

#define MARGIN 24
#define HEAD   78
#define STEP   44  /* to the right for each action */
#define BOX    104 /* side of a grid */
#define ROW    126 /* height of a decision, at least */
#define BAR    520 /* width of a bar with its legend */
#define LINE   18  /* height of a line of the legend */

static int left_of(const struct hb_opening_node *n)
{
    return MARGIN + n->depth * STEP;
}

/* Rows are as high as the longest legend needs, in two columns. */
static int row_height(const struct hb_opening *o)
{
    int high = ROW;

    for (uint32_t i = 0; i < o->n; i++) {
        int needs = 44 + (o->node[i].view.n_actions + 1) / 2 * LINE + 16;

        high = needs > high ? needs : high;
    }
    return high;
}

static int top_of(int row, uint32_t number)
{
    return HEAD + (int)number * row;
}

/* From below the parent's left edge down, and to the node. */
static void put_link(const struct hb_opening *o, int row, uint32_t number, struct hb_buf *out)
{
    const struct hb_opening_node *n = &o->node[number];
    int x = left_of(&o->node[n->parent]) + STEP / 2;

    hb_buf_printf(out, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#9aa5b1\"/>\n", x,
                  top_of(row, n->parent) + BOX, top_of(row, number) + BOX / 2, left_of(n) - 4);
}

/* A cell's colours are as high as its hands get here, beside those that do most often. */
static void put_cell(const struct hb_view *v, uint32_t i, double x, double y, double side,
                     struct hb_buf *out)
{
    double high = v->top_reach > 0 ? side * v->item[i].reach / v->top_reach : 0;

    if (v->item[i].n_hands > 0 && hb_view_seen(v, i) && !hb_view_far(v, i))
        hb_paint_bands(v, v->prob + (size_t)i * (size_t)v->n_actions, x, y + side - high, side,
                       high, out);
}

static void put_grid(const struct hb_view *v, int x, int y, struct hb_buf *out)
{
    uint32_t n = (uint32_t)v->strategy->spec.rules.deck.n_ranks;
    double step = (double)BOX / n;

    hb_buf_printf(out,
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"" HB_SVG_PALE "\"/>\n",
                  x, y, BOX, BOX);
    for (uint32_t i = 0; v->kind == HB_VIEW_GRID && i < n * n; i++)
        put_cell(v, i, x + i % n * step, y + i / n * step, step - 0.4, out);
    hb_buf_printf(out, "\n");
}

static void put_node(const struct hb_opening *o, int row, uint32_t number, struct hb_buf *out)
{
    const struct hb_opening_node *n = &o->node[number];
    const struct hb_view *v = &n->view;
    const char *seat = hb_view_seat_name(&v->strategy->spec.rules, v->seat);
    bool grid = v->kind == HB_VIEW_GRID;
    int x = left_of(n);
    int y = top_of(row, number);
    int text_x = x + (grid ? BOX + 16 : 4);
    int half = (v->n_actions + 1) / 2;
    char line[160];

    if (n->parent != HB_TREE_NONE)
        put_link(o, row, number, out);
    if (grid)
        put_grid(v, x, y, out);
    (void)snprintf(line, sizeof line, "%s%s%s%splayer %d", n->step, n->step[0] ? " · " : "", seat,
                   seat[0] ? " · " : "", v->seat);
    hb_svg_text(text_x, y + 14, 15, HB_SVG_INK, " font-weight=\"700\"", line, out);
    (void)snprintf(line, sizeof line, "%.3g%% of all deals", 100 * n->line);
    hb_svg_text(text_x + BAR, y + 14, 13, HB_SVG_PALE_INK, " text-anchor=\"end\"", line, out);
    hb_paint_bands(v, n->share, text_x, y + 24, BAR, 12, out);
    hb_buf_printf(out, "\n");
    for (int i = 0; i < v->n_actions; i++) {
        const struct hb_view_action *a = &v->action[v->n_actions - 1 - i];
        int at_x = text_x + i / half * (BAR / 2 + 8);
        int at_y = y + 44 + i % half * LINE;

        hb_svg_rect(at_x, at_y, 11, 11, a->rgb, out);
        hb_svg_text(at_x + 17, at_y + 10, 12, HB_SVG_INK, "", a->label, out);
        (void)snprintf(line, sizeof line, "%.1f%%", 100 * n->share[v->n_actions - 1 - i]);
        hb_svg_text(at_x + BAR / 2 - 8, at_y + 10, 12, HB_SVG_INK,
                    " text-anchor=\"end\" font-weight=\"700\"", line, out);
    }
}

int hb_opening_svg(const struct hb_opening *o, struct hb_buf *out, struct hb_err *e)
{
    const struct hb_view *first = &o->node[0].view;
    int width = 0;
    int row;
    char number[32];
    char line[200];

    if (o->n > HB_OPENING_PICTURES_MAX)
        return hb_fail(e, HB_EUSAGE,
                       "a picture of %u decisions is more than %d: begin the tree later, with --at",
                       o->n, HB_OPENING_PICTURES_MAX);
    row = row_height(o);
    for (uint32_t i = 0; i < o->n; i++) {
        int right = left_of(&o->node[i]) + BOX + 16 + BAR + MARGIN;

        width = right > width ? right : width;
    }
    hb_svg_begin(width, top_of(row, o->n) + MARGIN, first->strategy->spec.game_name, "all lines",
                 out);
    (void)snprintf(line, sizeof line, "%s%s%.100s: all lines",
                   hb_view_street_name(&first->strategy->spec.rules.deck, 0),
                   first->path[0] ? " after " : "", first->path);
    hb_svg_text(MARGIN, 34, 22, HB_SVG_INK, " font-weight=\"700\"", line, out);
    if (first->strategy->fixed)
        (void)snprintf(line, sizeof line, "%s · a fixed strategy", first->strategy->spec.game_name);
    else
        (void)snprintf(line, sizeof line, "%s · average strategy after %s iterations",
                       first->strategy->spec.game_name,
                       hb_view_number(first->strategy->iteration, number));
    hb_svg_text(MARGIN, 56, 13, HB_SVG_PALE_INK, "", line, out);
    for (uint32_t i = 0; i < o->n; i++)
        put_node(o, row, i, out);
    hb_svg_end(out);
    return HB_OK;
}
