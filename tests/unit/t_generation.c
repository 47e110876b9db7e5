/* A generation reads the same from a table and a checkpoint; what sets two apart is found, down to
 * the row. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/generation.h"

#include "base/io.h"
#include "tables.h"

static char folder[64];
static char path[256];

static void a_table_and_its_checkpoint_read_the_same(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_generation t;
    struct hb_generation c;
    struct hb_diff d;
    struct hb_hash x;
    struct hb_hash y;
    char hbc[256];
    int32_t p[100];
    int32_t q[100];

    small_run_init(&r, "leduc", 3);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "a.table", path), &r.tree, &r.spec, 2, &e), e);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    random_rows(&f.table, 1, 6);
    CHECK_OK(hb_checkpoint_save(&f.table, in_folder(folder, "a.hbc", hbc), 1, NULL, &e), e);
    hb_tablefile_close(&f);
    CHECK_OK(hb_generation_open(path, &t, &e), e);
    CHECK_OK(hb_generation_open(hbc, &c, &e), e);
    CHECK(t.is_table && !c.is_table);
    CHECK_EQ(t.number, 6);
    CHECK_EQ(c.number, 6);
    CHECK_EQ(t.iteration, 100);
    CHECK_EQ(c.iteration, 100);
    CHECK_EQ(t.nodes, c.nodes);
    CHECK_EQ(t.layout->n_infosets, c.layout->n_infosets);
    CHECK_OK(hb_generation_words(&t, 777, p, 100, &e), e);
    CHECK_OK(hb_generation_words(&c, 777, q, 100, &e), e);
    CHECK(memcmp(p, q, sizeof p) == 0);
    CHECK_EQ(hb_generation_words(&t, t.layout->n_words, p, 1, &e), HB_EUSAGE);
    CHECK_OK(hb_generation_content(&t, &x, &e), e);
    CHECK_OK(hb_generation_content(&c, &y, &e), e);
    CHECK(hb_hash_equal(&x, &y));
    CHECK_OK(hb_generation_diff(&t, &c, &d, &e), e);
    CHECK(hb_diff_same(&d));
    hb_generation_close(&t);
    hb_generation_close(&c);
    hb_generation_close(&c);
    small_run_fini(&r);
}

static void make_table(const char *name, const struct small_run *r)
{
    struct hb_err e = {0};

    CHECK_OK(hb_tablefile_create(in_folder(folder, name, path), &r->tree, &r->spec, 1, &e), e);
}

static void diff_of(const char *a, const char *b, struct hb_diff *d)
{
    struct hb_err e = {0};
    struct hb_generation x;
    struct hb_generation y;

    memset(d, 0, sizeof *d);
    CHECK_OK(hb_generation_open(in_folder(folder, a, path), &x, &e), e);
    CHECK_OK(hb_generation_open(in_folder(folder, b, path), &y, &e), e);
    CHECK_OK(hb_generation_diff(&x, &y, d, &e), e);
    hb_generation_close(&x);
    hb_generation_close(&y);
}

/* Against a plain count over all nodes and buckets. */
static void differing_rows_are_counted_and_the_first_is_found(void)
{
    struct rand_stream g = {.seed = 11};
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_diff d;

    small_run_init(&r, "leduc3", 3);
    make_table("a.table", &r);
    make_table("b.table", &r);
    for (int round = 0; round < 30; round++) {
        uint64_t want = 0;
        uint64_t first = UINT64_MAX;
        uint32_t node = 0;
        uint32_t bucket = 0;

        CHECK_OK(hb_tablefile_open(in_folder(folder, "b.table", path), true, &f, &e), e);
        memset(f.table.rows, 0, 4 * f.table.layout.n_words);
        for (int k = rand_in(&g, 0, 9); k > 0; k--)
            f.table.rows[rand_in(&g, 0, (int32_t)f.table.layout.n_words - 1)] = 5;
        if (round == 29)
            memset(f.table.rows, 1, 4 * f.table.layout.n_words);
        for (uint32_t i = 0; i < r.tree.n_nodes; i++)
            for (uint32_t b = 0; b < r.spec.street[r.tree.node[i].street].n_buckets; b++) {
                const int32_t *row = hb_table_row(&f.table, i, b);
                bool differs = false;

                for (int w = 0; w < HB_ROW_HEAD + 2 * r.tree.node[i].n_actions; w++)
                    differs = differs || row[w] != 0;
                want += differs;
                if (differs && hb_table_row_at(&f.table, i, b) < first) {
                    first = hb_table_row_at(&f.table, i, b);
                    node = i;
                    bucket = b;
                }
            }
        hb_tablefile_close(&f);
        diff_of("a.table", "b.table", &d);
        CHECK(d.rows_compared);
        CHECK_EQ(d.n_rows, want);
        CHECK_EQ(hb_diff_same(&d), want == 0);
        if (want > 0) {
            CHECK_EQ(d.first_node, node);
            CHECK_EQ(d.first_bucket, bucket);
        }
    }
    small_run_fini(&r);
}

static void identities_are_told_apart(void)
{
    struct small_run r[4];
    struct hb_diff d;

    small_run_init(&r[0], "kuhn", 1);
    small_run_init(&r[1], "kuhn", 2);
    small_run_init(&r[2], "leduc", 1);
    small_run_init(&r[3], "kuhn", 1);
    r[3].spec.params.discount = HB_DISCOUNT_NONE;
    make_table("0", &r[0]);
    make_table("1", &r[1]);
    make_table("2", &r[2]);
    make_table("3", &r[3]);
    diff_of("0", "1", &d);
    CHECK(d.seed && !d.game && !d.tree && !d.abstraction && !d.solver_keys && !d.iteration);
    CHECK(d.rows_compared && d.n_rows == 0 && !hb_diff_same(&d));
    diff_of("0", "2", &d);
    CHECK(d.game && d.tree && d.abstraction && !d.seed && !d.rows_compared && !hb_diff_same(&d));
    diff_of("0", "3", &d);
    CHECK(d.solver_keys && !d.seed && !d.game && !hb_diff_same(&d));
    for (int i = 0; i < 4; i++)
        small_run_fini(&r[i]);
}

static void an_open_table_is_refused(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_generation g;

    small_run_init(&r, "kuhn", 1);
    make_table("0", &r);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    f.table.live->part[0].state = HB_TABLE_OPEN;
    hb_tablefile_close(&f);
    CHECK_EQ(hb_generation_open(path, &g, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "hb-ckpt restore") != NULL);
    CHECK_EQ(hb_generation_open(in_folder(folder, "missing", path), &g, &e), HB_ENOINPUT);
    small_run_fini(&r);
}

int main(void)
{
    static const char *const names[] = {"a.table", "b.table", "a.hbc", "0", "1", "2", "3"};

    if (!scratch_folder(folder, "t_generation"))
        return 1;
    RUN(a_table_and_its_checkpoint_read_the_same);
    RUN(differing_rows_are_counted_and_the_first_is_found);
    RUN(identities_are_told_apart);
    RUN(an_open_table_is_refused);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(folder, names[i], path)); /* may not be there */
    CHECK_EQ(rmdir(folder), 0);                          /* nothing else was left */
    return check_done();
}
