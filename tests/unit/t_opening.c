/* The opening tree: every decision of the first street once, under its parent, with the shares of a
 * view of it and the product of the shares on the way. */
#define _XOPEN_SOURCE 700 /* mkdtemp, for tables.h */
#include "run/opening.h"

#include "store/checkpoint.h"
#include "tables.h"

static char folder[64];

static bool open_random(const char *game, uint64_t seed, struct hb_strategy *s)
{
    struct hb_strategy_options none = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_err e = {0};
    char path[256];
    void *mem;

    small_run_init(&r, game, 7);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, seed, 0);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "x.hbc", path), 1, NULL, &e), e);
    hb_mem_free(mem);
    small_run_fini(&r);
    CHECK_OK(hb_strategy_open(path, &none, s, &e), e);
    (void)remove(path); /* it is open */
    return e.rc == HB_OK;
}

/* Probability of the line to a node, the plain way: a view of each decision before it. */
static double plain_line(struct hb_strategy *s, uint32_t node, uint32_t root)
{
    const struct hb_tree *t = s->tree;
    double line = 1;

    for (; node != root; node = t->node[node].parent) {
        uint32_t parent = t->node[node].parent;
        struct hb_view v;
        struct hb_err e = {0};
        char path[256];

        CHECK_OK(hb_tree_path(&s->spec.rules, t, parent, path, sizeof path, &e), e);
        CHECK_OK(hb_view_new(s, path, NULL, NULL, &v, &e), e);
        for (int a = 0; a < v.n_actions; a++)
            if (t->child[t->node[parent].edge + (uint32_t)a] == node)
                line *= v.action[a].arriving;
        hb_view_fini(&v);
    }
    return line;
}

static void check_tree(struct hb_strategy *s, const char *at)
{
    const struct hb_tree *t = s->tree;
    struct hb_opening o = {0};
    struct hb_err e = {0};
    uint32_t root = 0;
    uint32_t n = 0;

    CHECK_OK(hb_tree_find(&s->spec.rules, t, at, &root, &e), e);
    CHECK_OK(hb_opening_new(s, at, &o, &e), e);
    for (uint32_t i = root; i < t->n_nodes; i++) {
        uint32_t up = i;

        while (up != root && t->node[up].parent != HB_TREE_NONE)
            up = t->node[up].parent;
        if (up != root || t->node[i].street > 0)
            continue;
        CHECK(n < o.n);
        if (n < o.n) {
            const struct hb_opening_node *x = &o.node[n];

            CHECK_EQ(x->view.node, i);
            CHECK(n == 0 ? x->parent == HB_TREE_NONE
                         : o.node[x->parent].view.node == t->node[i].parent);
            CHECK_EQ(x->depth, n == 0 ? 0 : o.node[x->parent].depth + 1);
            CHECK_NEAR(x->line, plain_line(s, i, root), 1e-12);
            for (int a = 0; a < x->view.n_actions && x->view.reach > 0; a++)
                CHECK_NEAR(x->share[a], x->view.action[a].arriving, 0);
        }
        n++;
    }
    CHECK_EQ(o.n, n);
    hb_opening_fini(&o);
}

static void every_decision_is_there_with_its_line(void)
{
    static const char *const games[] = {"kuhn", "leduc", "kuhn3"};

    for (uint64_t seed = 1; seed <= 3; seed++)
        for (int i = 0; i < 3; i++) {
            struct hb_strategy s;

            if (!open_random(games[i], seed, &s))
                return;
            check_tree(&s, "");
            check_tree(&s, "c");
            check_tree(&s, "r");
            hb_strategy_close(&s);
        }
}

static void it_begins_where_it_is_told_to_and_ends_with_the_street(void)
{
    struct hb_strategy s;
    struct hb_opening o = {0};
    struct hb_err e = {0};

    if (!open_random("leduc", 1, &s))
        return;
    CHECK_EQ(hb_opening_new(&s, "cc/", &o, &e), HB_EUSAGE);
    CHECK(strstr(e.msg, "the first street is over") != NULL);
    CHECK_EQ(hb_opening_new(&s, "x", &o, NULL), HB_EUSAGE);
    CHECK_EQ(hb_opening_new(&s, "rf", &o, NULL), HB_EUSAGE);
    CHECK(o.node == NULL);
    hb_strategy_close(&s);
}

static void it_is_written_in_all_formats(void)
{
    struct hb_strategy s;
    struct hb_opening o = {0};
    struct hb_err e = {0};
    struct hb_buf text = {0};
    int n = 0;

    if (!open_random("kuhn", 2, &s))
        return;
    CHECK_OK(hb_opening_new(&s, NULL, &o, &e), e);
    hb_opening_json(&o, &text);
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] == '\n';
    CHECK_EQ(n, o.n);
    hb_opening_text(&o, HB_VIEW_PLAIN, &text);
    hb_opening_text(&o, HB_VIEW_256, &text);
    CHECK_OK(hb_opening_svg(&o, &text, &e), e);
    hb_buf_u8(&text, '\0');
    CHECK(strstr((const char *)text.data,
                 "{\"actions\":\"cr\",\"player\":0,\"legal\":[\"f\",\"c\"]"));
    CHECK(strstr((const char *)text.data, "100.00%  player 0"));
    CHECK(strstr((const char *)text.data, "\033[48;5;"));
    CHECK(strstr((const char *)text.data, "</svg>\n"));
    o.n = HB_OPENING_PICTURES_MAX + 1; /* nothing is drawn */
    CHECK_EQ(hb_opening_svg(&o, &text, NULL), HB_EUSAGE);
    o.n = 4;
    hb_buf_fini(&text);
    hb_opening_fini(&o);
    hb_strategy_close(&s);
}

static void every_allocation_may_fail(void)
{
    struct hb_strategy s;
    int rc = HB_ENOMEM;
    long n = 1;

    if (!open_random("kuhn", 2, &s))
        return;
    for (; n < 500 && rc != HB_OK; n++) {
        struct hb_opening o = {0};

        hb_mem_fail_at(n);
        rc = hb_opening_new(&s, NULL, &o, NULL);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || (rc == HB_ENOMEM && o.node == NULL));
        hb_opening_fini(&o);
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 10);
    hb_strategy_close(&s);
}

int main(void)
{
    CHECK(scratch_folder(folder, "opening"));
    RUN(every_decision_is_there_with_its_line);
    RUN(it_begins_where_it_is_told_to_and_ends_with_the_street);
    RUN(it_is_written_in_all_formats);
    RUN(every_allocation_may_fail);
    (void)rmdir(folder); /* scratch */
    return check_done();
}
