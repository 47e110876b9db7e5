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

void hb_view_json(const struct hb_view *v, struct hb_buf *out)
{
    char board[2 * HB_BOARD_MAX + 1];

    hb_cards_format(v->board, v->n_board, board);
    for (uint32_t i = 0; i < v->n_items; i++) {
        const struct hb_view_item *item = &v->item[i];

        if (item->n_hands == 0)
            continue;
        hb_buf_printf(out, "{\"actions\":");
        hb_json_str(out, v->path);
        put_text("hand", item->hand, out);
        put_text("board", v->n_board > 0 ? board : item->board, out);
        put_legal(v, out);
        hb_buf_printf(out, ",\"strategy\":");
        hb_json_reals(out, v->prob + (size_t)i * (size_t)v->n_actions, v->n_actions);
        hb_buf_printf(out, ",\"visits\":%llu", (unsigned long long)item->visits);
        hb_buf_printf(out, ",\"player\":%d", v->seat);
        if (item->bucket != HB_TREE_NONE && !v->strategy->fixed)
            hb_buf_printf(out, ",\"bucket\":%u", item->bucket);
        if (v->kind != HB_VIEW_BUCKETS) {
            hb_buf_printf(out, ",\"hands\":%d,\"reach\":", item->n_hands);
            hb_json_real(out, item->reach);
        }
        hb_buf_printf(out, "}\n");
    }
}
