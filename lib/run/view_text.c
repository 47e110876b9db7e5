#include <stdio.h>
#include <string.h>

#include "run/view.h"
#include "run/view_paint.h"

#define CELL 5  /* characters of a coloured cell, a gap apart */
#define BAR  24 /* characters of a bar */
#define GREY 0x45494F

/* ---- colours ---- */

static int cube_step(uint32_t x)
{
    return x < 48 ? 0 : x < 115 ? 1 : (int)(x - 35) / 40;
}

static void put_colour(struct hb_buf *out, enum hb_view_colour colour, uint32_t rgb, bool front)
{
    uint32_t r = rgb >> 16 & 0xFF;
    uint32_t g = rgb >> 8 & 0xFF;
    uint32_t b = rgb & 0xFF;

    if (colour == HB_VIEW_TRUE)
        hb_buf_printf(out, "\033[%d;2;%u;%u;%um", front ? 38 : 48, r, g, b);
    else if (colour == HB_VIEW_256)
        hb_buf_printf(out, "\033[%d;5;%dm", front ? 38 : 48,
                      16 + 36 * cube_step(r) + 6 * cube_step(g) + cube_step(b));
}

static void end_colour(struct hb_buf *out, enum hb_view_colour colour)
{
    if (colour != HB_VIEW_PLAIN)
        hb_buf_printf(out, "\033[0m");
}

static bool is_light(uint32_t rgb)
{
    return 3 * (rgb >> 16 & 0xFF) + 6 * (rgb >> 8 & 0xFF) + (rgb & 0xFF) > 1500;
}

/* The action that covers place (i + 1/2) / n of a bar; the most aggressive lies to the left. */
static int action_at(const double *prob, int n_actions, int i, int n)
{
    double upto = 0;

    for (int a = n_actions - 1; a > 0; a--) {
        upto += prob[a];
        if ((i + 0.5) / n < upto)
            return a;
    }
    return 0;
}

void hb_paint_mix(const struct hb_view *v, const double *prob, enum hb_view_colour colour,
                  const char *text, int n, struct hb_buf *out)
{
    int old = -1;

    for (int i = 0; i < n; i++) {
        int a = action_at(prob, v->n_actions, i, n);

        if (a != old) {
            put_colour(out, colour, v->action[a].rgb, false);
            put_colour(out, colour, is_light(v->action[a].rgb) ? 0x000000 : 0xFFFFFF, true);
        }
        hb_buf_printf(out, "%c", text[i]);
        old = a;
    }
    end_colour(out, colour);
}

/* ---- the head ---- */

static void put_head(const struct hb_view *v, struct hb_buf *out)
{
    const struct hb_rules *r = &v->strategy->spec.rules;
    const struct hb_state *s = &v->state;
    const char *seat = hb_view_seat_name(r, v->seat);
    int32_t lacks = s->max_spent - s->spent[v->seat];
    int64_t pot = 0;
    char number[32];
    char cards[2 * HB_BOARD_MAX + 1];

    for (int i = 0; i < r->n_players; i++)
        pot += s->spent[i];
    hb_buf_printf(out, "%s (%s, %d players), ", v->strategy->spec.game_name,
                  r->no_limit ? "no-limit" : "limit", r->n_players);
    if (v->strategy->fixed)
        hb_buf_printf(out, "a fixed strategy\n");
    else
        hb_buf_printf(out, "%s iterations\n", hb_view_number(v->strategy->iteration, number));
    hb_buf_printf(out, "%s", hb_view_street_name(&v->strategy->spec.rules.deck, v->street));
    if (v->n_board > 0) {
        hb_cards_format(v->board, v->n_board, cards);
        hb_buf_printf(out, ", board %s", cards);
    }
    hb_buf_printf(out, "%s%s\nplayer %d%s%s%s to act: pot %lld, to call %d",
                  v->path[0] ? ", after " : ", first decision", v->path, v->seat,
                  seat[0] ? " (" : "", seat, seat[0] ? ")" : "", (long long)pot, lacks);
    if (r->stack[v->seat] != HB_STACK_UNSET)
        hb_buf_printf(out, ", %d behind", r->stack[v->seat] - s->spent[v->seat]);
    hb_buf_printf(out, "\n\n");
}

/* One character for an action: F, C, sizes 1 2 3 ... by amount, A for all-in. */
static char key_of(const struct hb_view *v, int action)
{
    const struct hb_view_action *x = &v->action[action];
    int n = 0;

    if (x->act == HB_ACT_FOLD)
        return 'F';
    if (x->act == HB_ACT_CALL)
        return 'C';
    if (x->all_in)
        return 'A';
    for (int a = 0; a < action; a++)
        n += v->action[a].act > 0;
    return n < 9 ? (char)('1' + n) : n < 35 ? (char)('a' + n - 9) : '+';
}

static void put_actions(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out)
{
    bool weighted = hb_view_weighted(v);
    int width = 6;

    for (int a = 0; a < v->n_actions; a++)
        if ((int)strlen(v->action[a].label) > width)
            width = (int)strlen(v->action[a].label);
    if (v->kind != HB_VIEW_ONE)
        hb_buf_printf(out, "%*s%10s%s\n", 12 + width, "",
                      v->kind == HB_VIEW_BUCKETS && !v->strategy->fixed ? "buckets" : "all hands",
                      weighted ? "  that get here" : "");
    for (int a = v->n_actions - 1; a >= 0; a--) {
        const struct hb_view_action *x = &v->action[a];

        if (colour == HB_VIEW_PLAIN) {
            hb_buf_printf(out, " %c ", key_of(v, a));
        } else {
            put_colour(out, colour, x->rgb, false);
            hb_buf_printf(out, "   ");
            end_colour(out, colour);
        }
        hb_buf_printf(out, " %-7s %-*s", x->text, v->kind == HB_VIEW_ONE ? 0 : width, x->label);
        if (v->kind != HB_VIEW_ONE)
            hb_buf_printf(out, "%9.1f%%", 100 * x->total);
        if (v->kind != HB_VIEW_ONE && weighted)
            hb_buf_printf(out, "%14.1f%%", 100 * x->arriving);
        hb_buf_printf(out, "\n");
    }
    if (v->kind == HB_VIEW_BUCKETS || v->kind == HB_VIEW_ONE)
        return;
    if (weighted)
        hb_buf_printf(out, "\n%.3g%% of this player's hands get here by the player's own actions\n",
                      100 * v->reach);
    else if (v->reach <= 0)
        hb_buf_printf(out, "\nthe player's own actions never lead here\n");
}

/* ---- the grid ---- */

static void put_cell(const struct hb_view *v, uint32_t i, enum hb_view_colour colour,
                     struct hb_buf *out)
{
    const struct hb_view_item *item = &v->item[i];
    const double *prob = v->prob + (size_t)i * (size_t)v->n_actions;
    const char *mark = item->n_hands == 0    ? "."
                       : !hb_view_seen(v, i) ? "--"
                       : hb_view_far(v, i)   ? "~"
                                             : NULL;
    char label[CELL + 1];

    (void)snprintf(label, sizeof label, " %-*.*s", CELL - 1, CELL - 1, item->hand);
    if (colour == HB_VIEW_PLAIN && mark != NULL) {
        hb_buf_printf(out, " %5s", mark);
    } else if (colour == HB_VIEW_PLAIN) {
        int mode = hb_view_mode(v, i);

        hb_buf_printf(out, " %c %3.0f", key_of(v, mode), 100 * prob[mode]);
    } else if (item->n_hands == 0) {
        hb_buf_printf(out, "%*s", CELL + 1, "");
    } else if (mark != NULL) {
        put_colour(out, colour, GREY, false);
        put_colour(out, colour, 0x9AA0A6, true);
        hb_buf_printf(out, "%s", label);
        end_colour(out, colour);
        hb_buf_printf(out, " ");
    } else {
        hb_paint_mix(v, prob, colour, label, CELL, out);
        hb_buf_printf(out, " ");
    }
}

static void put_grid_notes(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out)
{
    bool blocked = false;
    bool unseen = false;
    bool far = false;

    for (uint32_t i = 0; i < v->n_items; i++) {
        blocked |= v->item[i].n_hands == 0;
        unseen |= v->item[i].n_hands > 0 && !hb_view_seen(v, i);
        far |= v->item[i].n_hands > 0 && hb_view_far(v, i);
    }
    hb_buf_printf(out, "\nsuited above the diagonal, offsuit below");
    if (colour == HB_VIEW_PLAIN)
        hb_buf_printf(
            out, "\neach cell: the most frequent action and its percentage%s%s%s",
            blocked ? v->n_board > 0 ? "\n .  not with this board" : "\n .  no such hand" : "",
            unseen ? "\n --  never visited in training" : "", far ? "\n ~  does not get here" : "");
    else if (unseen || far)
        hb_buf_printf(out, "\ngrey: never visited, or does not get here");
    hb_buf_printf(out, "\n\n");
}

static void put_grid(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out)
{
    uint32_t n = (uint32_t)v->strategy->spec.rules.deck.n_ranks;

    if (colour == HB_VIEW_PLAIN) {
        hb_buf_printf(out, "  ");
        for (uint32_t col = 0; col < n; col++)
            hb_buf_printf(out, "%6c", v->item[col].hand[col == 0 ? 0 : 1]);
        hb_buf_printf(out, "\n");
    }
    for (uint32_t row = 0; row < n; row++) {
        if (colour == HB_VIEW_PLAIN)
            hb_buf_printf(out, " %c", v->item[row * n + row].hand[0]);
        for (uint32_t col = 0; col < n; col++)
            put_cell(v, row * n + col, colour, out);
        hb_buf_printf(out, "\n");
    }
    put_grid_notes(v, colour, out);
}

/* ---- the list ---- */

static void put_name(const struct hb_view *v, uint32_t i, struct hb_buf *out)
{
    const struct hb_view_item *item = &v->item[i];
    char name[64];

    if (item->hand[0] == '\0')
        (void)snprintf(name, sizeof name, v->strategy->fixed ? "any" : "%u", item->bucket);
    else
        (void)snprintf(name, sizeof name, "%s%s%s", item->hand, item->board[0] ? "/" : "",
                       item->board);
    hb_buf_printf(out, "%-14s", name);
}

static void put_list(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out)
{
    bool buckets = v->kind == HB_VIEW_BUCKETS && v->item[0].hand[0] == '\0';

    hb_buf_printf(out, "%-14s%12s", buckets && !v->strategy->fixed ? "bucket" : "hand", "visits");
    for (int a = v->n_actions - 1; a >= 0; a--)
        hb_buf_printf(out, "%8s", v->action[a].text);
    hb_buf_printf(out, "\n");
    for (uint32_t i = 0; i < v->n_items; i++) {
        const double *prob = v->prob + (size_t)i * (size_t)v->n_actions;
        char number[32];
        char blank[BAR + 1];

        put_name(v, i, out);
        hb_buf_printf(out, "%12s",
                      !v->strategy->counted ? "-" : hb_view_number(v->item[i].visits, number));
        for (int a = v->n_actions - 1; a >= 0; a--)
            hb_buf_printf(out, "%7.1f%%", 100 * prob[a]);
        if (!hb_view_seen(v, i)) {
            hb_buf_printf(out, "  never visited");
        } else if (colour != HB_VIEW_PLAIN) {
            (void)snprintf(blank, sizeof blank, "%*s", BAR, "");
            hb_buf_printf(out, "  ");
            hb_paint_mix(v, prob, colour, blank, BAR, out);
        }
        hb_buf_printf(out, "\n");
    }
    hb_buf_printf(out, "\n");
}

void hb_view_text(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out)
{
    put_head(v, out);
    if (v->kind == HB_VIEW_GRID)
        put_grid(v, colour, out);
    else
        put_list(v, colour, out);
    put_actions(v, colour, out);
}
