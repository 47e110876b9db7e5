/* Every information set once, in order, with the strategy of its row, however little memory there
 * is to bring the rows into order. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/export.h"

#include <fcntl.h>

#include "base/io.h"
#include "base/json.h"
#include "cards/iso.h"
#include "tables.h"

static char folder[64];
static char path[256];

static void export_to(struct hb_generation *g, const struct hb_export_options *o,
                      struct hb_buf *out)
{
    struct hb_err e = {0};
    char file[256];
    int fd = open(in_folder(folder, "out", file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK_OK(hb_export(g, o, fd, file, &e), e);
    CHECK_EQ(close(fd), 0);
    CHECK_OK(hb_io_read_file(file, 1 << 26, out, &e), e);
    hb_buf_u8(out, 0);
}

/* The plain way: one row after the other. */
static void plain_node(const struct hb_table *t, uint32_t i, struct hb_iso *iso, struct hb_buf *out)
{
    const struct hb_node *n = &t->tree.node[i];
    const struct hb_deck *deck = &t->spec.rules.deck;
    struct hb_err e = {0};
    char actions[256];
    char text[32];
    uint8_t cards[HB_HAND_MAX];
    double prob[64];

    CHECK_OK(hb_tree_path(&t->spec.rules, &t->tree, i, actions, sizeof actions, &e), e);
    for (uint32_t b = 0; b < t->spec.street[n->street].n_buckets; b++) {
        hb_buf_printf(out, "{\"player\":%d,\"actions\":\"%s\"", n->player, actions);
        hb_iso_cards(iso, n->street, b, cards);
        hb_cards_format(cards, deck->n_hole, text);
        hb_buf_printf(out, ",\"hand\":\"%s\"", text);
        hb_cards_format(cards + deck->n_hole, deck->n_board[n->street], text);
        if (text[0] != '\0')
            hb_buf_printf(out, ",\"board\":\"%s\"", text);
        hb_buf_printf(out, ",\"bucket\":%u,\"legal\":[", b);
        for (int k = 0; k < n->n_actions; k++) {
            hb_act_format(&t->spec.rules, t->tree.act[n->edge + (uint32_t)k], text);
            hb_buf_printf(out, "%s\"%s\"", k > 0 ? "," : "", text);
        }
        hb_row_average(hb_table_row(t, i, b), n->n_actions, prob);
        hb_buf_printf(out, "],\"strategy\":");
        hb_json_reals(out, prob, n->n_actions);
        hb_buf_printf(out, "}\n");
    }
}

static void plain_export(const struct hb_table *t, const struct hb_export_options *o, uint32_t only,
                         struct hb_buf *out)
{
    struct hb_err e = {0};
    struct hb_iso *iso = NULL;

    CHECK_OK(hb_iso_new(&t->spec.rules.deck, HB_ISO_SET, &iso, &e), e);
    for (uint32_t p = 0; p < t->tree.n_players; p++)
        for (uint32_t i = 0; i < t->tree.n_nodes; i++)
            if (t->tree.node[i].player == p && (only == HB_TREE_NONE || i == only) &&
                (o->street < 0 || t->tree.node[i].street == o->street))
                plain_node(t, i, iso, out);
    hb_iso_free(iso);
    hb_buf_u8(out, 0);
}

/* Sums of a row are never negative. */
static void strategy_rows(struct hb_table *t)
{
    random_rows(t, 4, 6);
    for (uint64_t i = 0; i < t->layout.n_words; i++)
        t->rows[i] = t->rows[i] < 0 ? 0 : t->rows[i];
}

static void compare(const char *game)
{
    static const uint64_t memory[] = {0, 1, 5000, 40000};
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_generation g;

    small_run_init(&r, game, 1);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "a.table", path), &r.tree, &r.spec, 1, &e), e);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    strategy_rows(&f.table);
    CHECK_OK(hb_generation_open(path, &g, &e), e);
    for (int street = -1; street < r.spec.rules.deck.n_streets; street++)
        for (size_t m = 0; m < sizeof memory / sizeof memory[0]; m++) {
            struct hb_export_options o = {.street = street, .memory_bytes = memory[m]};
            struct hb_buf want = {0};
            struct hb_buf got = {0};

            plain_export(&f.table, &o, HB_TREE_NONE, &want);
            export_to(&g, &o, &got);
            CHECK(want.len == got.len && memcmp(want.data, got.data, want.len) == 0);
            hb_buf_fini(&want);
            hb_buf_fini(&got);
        }
    hb_generation_close(&g);
    hb_tablefile_close(&f);
    small_run_fini(&r);
}

static void exports_are_those_of_the_plain_way(void)
{
    compare("kuhn");
    compare("kuhn3");
    compare("leduc");
    compare("leduc3");
}

static void one_decision_is_chosen_by_its_actions(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_generation g;
    struct hb_export_options o = {.street = -1, .at = "crc/r"};
    struct hb_buf want = {0};
    struct hb_buf got = {0};
    uint32_t node = 0;

    small_run_init(&r, "leduc", 1);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "a.table", path), &r.tree, &r.spec, 1, &e), e);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    strategy_rows(&f.table);
    CHECK_OK(hb_generation_open(path, &g, &e), e);
    CHECK_OK(hb_tree_find(&r.spec.rules, &r.tree, o.at, &node, &e), e);
    plain_export(&f.table, &o, node, &want);
    export_to(&g, &o, &got);
    CHECK_STR((const char *)got.data, (const char *)want.data);
    o.at = "crrrrr";
    CHECK_EQ(hb_export(&g, &o, -1, "nowhere", &e), HB_EUSAGE);
    o.at = NULL;
    o.street = 3;
    CHECK_EQ(hb_export(&g, &o, -1, "nowhere", &e), HB_EUSAGE);
    o.street = -1;
    CHECK_EQ(hb_export(&g, &o, -1, "nowhere", &e), HB_EIO);
    hb_generation_close(&g);
    hb_tablefile_close(&f);
    hb_buf_fini(&want);
    hb_buf_fini(&got);
    small_run_fini(&r);
}

static void csv_has_the_same_fields(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_generation g;
    struct hb_export_options o = {.street = -1, .at = "cr", .csv = true};
    struct hb_buf got = {0};
    int32_t *row;

    small_run_init(&r, "kuhn", 1);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "a.table", path), &r.tree, &r.spec, 1, &e), e);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    row = f.table.rows + hb_table_row_at(&f.table, 1 + (r.tree.node[1].player != 0), 1);
    row[HB_ROW_HEAD + 2] = 1;
    row[HB_ROW_HEAD + 3] = 3;
    CHECK_OK(hb_generation_open(path, &g, &e), e);
    export_to(&g, &o, &got);
    CHECK_STR((const char *)got.data, "player,actions,hand,board,bucket,legal,strategy\n"
                                      "0,cr,Qs,,0,f c,0.5 0.5\n"
                                      "0,cr,Ks,,1,f c,0.25 0.75\n"
                                      "0,cr,As,,2,f c,0.5 0.5\n");
    hb_generation_close(&g);
    hb_tablefile_close(&f);
    hb_buf_fini(&got);
    small_run_fini(&r);
}

int main(void)
{
    if (!scratch_folder(folder, "t_export"))
        return 1;
    RUN(exports_are_those_of_the_plain_way);
    RUN(one_decision_is_chosen_by_its_actions);
    RUN(csv_has_the_same_fields);
    (void)unlink(in_folder(folder, "a.table", path)); /* may not be there */
    (void)unlink(in_folder(folder, "out", path));
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
