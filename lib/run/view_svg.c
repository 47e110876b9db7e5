#include <stdio.h>
#include <string.h>

#include "run/svg.h"
#include "run/view.h"
#include "run/view_paint.h"

/* Units as in svg.h. */
#define WIDTH     800
#define MARGIN    24
#define HEAD      86  /* title and two lines */
#define ROW       30  /* of a list */
#define NAME      150 /* column of names in a list */
#define ROWS_MAX  200
#define LEGEND    26 /* height of a legend line */
#define PALE_FILL "fill=\"#8a94a0\""
#define LIST_FONT 13

void hb_paint_bands(const struct hb_view *v, const double *prob, double x, double y, double w,
                    double h, struct hb_buf *out)
{
    for (int a = v->n_actions - 1; a >= 0; a--) {
        double part = w * prob[a];

        if (part > 0.05)
            hb_svg_rect(x, y, part, h, v->action[a].rgb, out);
        x += part;
    }
}

/* ---- head and legend ---- */

/* The end of a text that is too long for its line. */
static const char *tail(const char *s, size_t max)
{
    size_t n = strlen(s);

    return n > max ? s + (n - max) : s;
}

static void put_head(const struct hb_view *v, struct hb_buf *out)
{
    const struct hb_rules *r = &v->strategy->spec.rules;
    const struct hb_state *s = &v->state;
    const char *seat = hb_view_seat_name(r, v->seat);
    const char *path = tail(v->path, 40);
    char board[2 * HB_BOARD_MAX + 1];
    char number[32];
    char line[256];
    int64_t pot = 0;
    size_t n;

    for (int i = 0; i < r->n_players; i++)
        pot += s->spent[i];
    hb_cards_format(v->board, v->n_board, board);
    (void)snprintf(line, sizeof line, "%s%s%s%s%s%s",
                   hb_view_street_name(&v->strategy->spec.rules.deck, v->street),
                   v->n_board > 0 ? " " : "", board, v->path[0] ? " after " : ", first decision",
                   path != v->path ? "…" : "", path);
    line[0] = line[0] >= 'a' && line[0] <= 'z' ? (char)(line[0] - 'a' + 'A') : line[0];
    hb_svg_text(MARGIN, 38, 22, HB_SVG_INK, " font-weight=\"700\"", line, out);
    n = (size_t)snprintf(line, sizeof line, "Player %d%s%s%s to act · pot %lld · to call %d",
                         v->seat, seat[0] ? " (" : "", seat, seat[0] ? ")" : "", (long long)pot,
                         s->max_spent - s->spent[v->seat]);
    if (r->stack[v->seat] != HB_STACK_UNSET)
        (void)snprintf(line + n, sizeof line - n, " · %d behind",
                       r->stack[v->seat] - s->spent[v->seat]);
    hb_svg_text(MARGIN, 60, 14, HB_SVG_INK, "", line, out);
    if (v->strategy->fixed)
        (void)snprintf(line, sizeof line, "%s · a fixed strategy", v->strategy->spec.game_name);
    else
        (void)snprintf(line, sizeof line, "%s · average strategy after %s iterations",
                       v->strategy->spec.game_name, hb_view_number(v->strategy->iteration, number));
    hb_svg_text(MARGIN, 78, 12, HB_SVG_PALE_INK, "", line, out);
}

static int legend_height(const struct hb_view *v)
{
    return 58 + ((v->n_actions + 1) / 2) * LEGEND + (hb_view_weighted(v) ? 18 : 0);
}

static void put_legend(const struct hb_view *v, int y, struct hb_buf *out)
{
    double all[64] = {0};
    char line[160];
    int n_rows = (v->n_actions + 1) / 2;

    for (int a = 0; a < v->n_actions && a < 64; a++)
        all[a] = hb_view_weighted(v) ? v->action[a].arriving : v->action[a].total;
    if (v->kind != HB_VIEW_ONE && v->n_actions <= 64)
        hb_paint_bands(v, all, MARGIN, y, WIDTH - 2 * MARGIN, 14, out);
    for (int i = 0; i < v->n_actions; i++) {
        const struct hb_view_action *x = &v->action[v->n_actions - 1 - i];
        int left = MARGIN + (i / n_rows) * (WIDTH - 2 * MARGIN + 16) / 2;
        int top = y + 30 + (i % n_rows) * LEGEND;

        hb_svg_rect(left, top, 16, 16, x->rgb, out);
        hb_svg_text(left + 24, top + 13, 14, HB_SVG_INK, "", x->label, out);
        (void)snprintf(line, sizeof line, "%.1f%%",
                       100 * (hb_view_weighted(v) ? x->arriving : x->total));
        hb_svg_text(left + (WIDTH - 2 * MARGIN - 16) / 2, top + 13, 14, HB_SVG_INK,
                    " text-anchor=\"end\" font-weight=\"700\"", line, out);
    }
    y += 30 + n_rows * LEGEND + 14;
    if (hb_view_weighted(v)) {
        (void)snprintf(
            line, sizeof line,
            "Weighted by how often each hand gets here: %.3g%% of all hands do. Height of a "
            "cell's colour: that share, at most %.3g%%.",
            100 * v->reach, 100 * v->top_reach);
        hb_svg_text(MARGIN, y, 12, HB_SVG_PALE_INK, "",
                    v->kind == HB_VIEW_GRID ? line : "Weighted by how often each hand gets here.",
                    out);
        y += 18;
    }
    hb_svg_text(
        MARGIN, y, 12, HB_SVG_PALE_INK, "",
        v->kind == HB_VIEW_GRID
            ? "Suited above the diagonal, offsuit below. Width: how often an action is taken; "
              "number: the most frequent one."
            : "Width of a colour: how often the action is taken.",
        out);
}

/* ---- grid and list ---- */

static void put_tip(const struct hb_view *v, uint32_t i, struct hb_buf *out)
{
    const double *prob = v->prob + (size_t)i * (size_t)v->n_actions;

    hb_buf_printf(out, "<title>%s", v->item[i].hand);
    for (int a = v->n_actions - 1; a >= 0; a--)
        hb_buf_printf(out, "%s %s %.1f%%", a == v->n_actions - 1 ? ":" : ",", v->action[a].label,
                      100 * prob[a]);
    hb_buf_printf(out, "</title>");
}

/* White with a dark rim on colour that is at least `needed` high, else dark on the pale ground. */
static const char *ink_on(double high, double needed)
{
    return high >= needed ? "fill=\"#fff\" stroke=\"#1f2933\" stroke-opacity=\"0.55\" "
                            "stroke-width=\"2.2\" stroke-linejoin=\"round\" paint-order=\"stroke\""
                          : "fill=\"" HB_SVG_INK "\"";
}

static void put_cell(const struct hb_view *v, uint32_t i, double x, double y, double side,
                     struct hb_buf *out)
{
    const struct hb_view_item *item = &v->item[i];
    const double *prob = v->prob + (size_t)i * (size_t)v->n_actions;
    double high = side * (v->top_reach > 0 ? item->reach / v->top_reach : 1);
    bool plain = item->n_hands == 0 || !hb_view_seen(v, i) || hb_view_far(v, i);
    int font = side < 48 ? 12 : 15;

    hb_buf_printf(out, "<g>");
    hb_buf_printf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>",
                  x, y, side, side, item->n_hands == 0 ? "#f5f7fa" : "#d5dae0");
    if (!plain) {
        put_tip(v, i, out);
        hb_paint_bands(v, prob, x, y + side - high, side, high, out);
    }
    hb_buf_printf(
        out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%d\" font-weight=\"700\" %s>%s</text>", x + 5,
        y + 6 + 0.75 * font, font,
        plain ? PALE_FILL : ink_on(high, side > 48 ? side - 12 : 0.75 * side), item->hand);
    if (!plain)
        hb_buf_printf(out,
                      "<text x=\"%.2f\" y=\"%.2f\" font-size=\"11\" text-anchor=\"end\" "
                      "%s>%.0f%%</text>",
                      x + side - 5, y + side - 6, ink_on(high, 17), 100 * prob[hb_view_mode(v, i)]);
    hb_buf_printf(out, "</g>\n");
}

static void put_grid(const struct hb_view *v, struct hb_buf *out)
{
    uint32_t n = (uint32_t)v->strategy->spec.rules.deck.n_ranks;
    double step = (double)(WIDTH - 2 * MARGIN) / n;

    for (uint32_t row = 0; row < n; row++)
        for (uint32_t col = 0; col < n; col++)
            put_cell(v, row * n + col, MARGIN + col * step + 1, HEAD + 10 + row * step + 1,
                     step - 2, out);
}

static void put_list(const struct hb_view *v, struct hb_buf *out)
{
    int wide = WIDTH - 2 * MARGIN - NAME;

    for (uint32_t i = 0; i < v->n_items; i++) {
        const struct hb_view_item *item = &v->item[i];
        const double *prob = v->prob + (size_t)i * (size_t)v->n_actions;
        int y = HEAD + 10 + (int)i * ROW;
        char name[64];

        if (item->hand[0] == '\0' && v->strategy->fixed)
            (void)snprintf(name, sizeof name, "any hand");
        else if (item->hand[0] == '\0')
            (void)snprintf(name, sizeof name, "bucket %u", item->bucket);
        else
            (void)snprintf(name, sizeof name, "%s%s%s", item->hand, item->board[0] ? " / " : "",
                           item->board);
        hb_svg_text(MARGIN, y + 18, LIST_FONT, HB_SVG_INK, " font-weight=\"700\"", name, out);
        hb_buf_printf(out, "<g>");
        put_tip(v, i, out);
        hb_buf_printf(
            out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"" HB_SVG_PALE "\"/>",
            MARGIN + NAME, y + 2, wide, ROW - 6);
        if (hb_view_seen(v, i))
            hb_paint_bands(v, prob, MARGIN + NAME, y + 2, wide, ROW - 6, out);
        hb_buf_printf(out, "</g>\n");
        if (!hb_view_seen(v, i))
            hb_svg_text(MARGIN + NAME + 8, y + 18, LIST_FONT, HB_SVG_PALE_INK, "", "never visited",
                        out);
    }
}

int hb_view_svg(const struct hb_view *v, struct hb_buf *out, struct hb_err *e)
{
    bool grid = v->kind == HB_VIEW_GRID;
    int body = grid ? WIDTH - 2 * MARGIN : (int)v->n_items * ROW;
    int height = HEAD + 10 + body + 16 + legend_height(v) + MARGIN / 2;

    if (!grid && v->n_items > ROWS_MAX)
        return hb_fail(e, HB_EUSAGE,
                       "a picture of %u buckets is more than %d lines: choose hands with --board",
                       v->n_items, ROWS_MAX);
    hb_svg_begin(WIDTH, height, v->strategy->spec.game_name,
                 v->path[0] ? v->path : "first decision", out);
    put_head(v, out);
    if (grid)
        put_grid(v, out);
    else
        put_list(v, out);
    put_legend(v, HEAD + 10 + body + 16, out);
    hb_svg_end(out);
    return HB_OK;
}
