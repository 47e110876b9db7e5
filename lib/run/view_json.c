#include "base/json.h"
#include "run/view.h"

static void put_legal(const struct hb_view *v, struct hb_buf *out)
{
    hb_buf_printf(out, ",\"legal\":[");
    for (int a = 0; a < v->n_actions; a++) {
        if (a > 0)
            hb_buf_u8(out, ',');
        hb_json_str(out, v->action[a].text);
    }
    hb_buf_printf(out, "]");
}

static void put_text(const char *key, const char *text, struct hb_buf *out)
{
    if (text[0] == '\0')
        return;
    hb_buf_printf(out, ",\"%s\":", key);
    hb_json_str(out, text);
}

/* What differs between the items of a view. */
static void put_numbers(const struct hb_view *v, uint32_t i, struct hb_buf *out)
{
    const struct hb_view_item *item = &v->item[i];

    hb_buf_printf(out, "\"strategy\":");
    hb_json_reals(out, v->prob + (size_t)i * (size_t)v->n_actions, v->n_actions);
    hb_buf_printf(out, ",\"visits\":%llu", (unsigned long long)item->visits);
}

static void put_kind(const struct hb_view *v, uint32_t i, struct hb_buf *out)
{
    const struct hb_view_item *item = &v->item[i];

    if (item->bucket != HB_TREE_NONE && !v->strategy->fixed)
        hb_buf_printf(out, ",\"bucket\":%u", item->bucket);
    if (v->kind != HB_VIEW_BUCKETS) {
        hb_buf_printf(out, ",\"hands\":%d,\"reach\":", item->n_hands);
        hb_json_real(out, item->reach);
    }
}

static void put_item(const struct hb_view *v, uint32_t i, struct hb_buf *out)
{
    char board[2 * HB_BOARD_MAX + 1];

    hb_cards_format(v->board, v->n_board, board);
    hb_buf_printf(out, "\"actions\":");
    hb_json_str(out, v->path);
    put_text("hand", v->item[i].hand, out);
    put_text("board", v->n_board > 0 ? board : v->item[i].board, out);
    put_legal(v, out);
    hb_buf_u8(out, ',');
    put_numbers(v, i, out);
    hb_buf_printf(out, ",\"player\":%d", v->seat);
    put_kind(v, i, out);
}

void hb_view_json(const struct hb_view *v, struct hb_buf *out)
{
    for (uint32_t i = 0; i < v->n_items; i++)
        if (v->item[i].n_hands > 0) {
            hb_buf_u8(out, '{');
            put_item(v, i, out);
            hb_buf_printf(out, "}\n");
        }
}

/* All items in one object: what they share, then what differs. */
static void put_items(const struct hb_view *v, struct hb_buf *out)
{
    char board[2 * HB_BOARD_MAX + 1];
    const char *comma = "";

    hb_cards_format(v->board, v->n_board, board);
    hb_buf_printf(out, "\"actions\":");
    hb_json_str(out, v->path);
    put_text("board", board, out);
    put_legal(v, out);
    hb_buf_printf(out, ",\"player\":%d,\"hands\":[", v->seat);
    for (uint32_t i = 0; i < v->n_items; i++) {
        if (v->item[i].n_hands == 0)
            continue;
        hb_buf_printf(out, "%s{", comma);
        comma = ",";
        put_numbers(v, i, out);
        put_text("hand", v->item[i].hand, out);
        put_text("board", v->item[i].board, out);
        put_kind(v, i, out);
        hb_buf_u8(out, '}');
    }
    hb_buf_u8(out, ']');
}

void hb_view_json_line(const struct hb_view *v, const char *id, struct hb_buf *out)
{
    hb_buf_u8(out, '{');
    if (id != NULL)
        hb_buf_printf(out, "\"id\":%s,", id);
    if (v->kind == HB_VIEW_ONE)
        put_item(v, 0, out);
    else
        put_items(v, out);
    hb_buf_printf(out, "}\n");
}
