/* The sample of rows that tells whether a big game still learns: what it says of a small game, all of
 * whose rows are in it, is what going over the whole table says. */
#include "solver/learning.h"

#include "check.h"
#include "kit.h"

/* ---- the twin: every row of a street, by the accessor ---- */

struct plain {
    double *average; /* of all rows of the tree, in the order of the walk; at first 0 */
};

/* Walk over all rows; the change since `p` was filled, weighted by visits, and shares. */
static void plain_look(const struct kit *k, struct plain *p, int street, double *change,
                       double *visited)
{
    double moved = 0.0, weight = 0.0, rows = 0.0, seen = 0.0;
    size_t at = 0;

    for (uint32_t i = 0; i < k->table.tree.n_nodes; i++) {
        const struct hb_node *node = &k->table.tree.node[i];

        for (uint32_t b = 0; b < k->spec.street[node->street].n_buckets; b++) {
            const int32_t *row = hb_table_row(&k->table, i, b);
            double now[8];
            double d = 0.0;

            hb_row_average(row, node->n_actions, now);
            for (unsigned a = 0; a < node->n_actions; a++, at++) {
                d += now[a] > p->average[at] ? now[a] - p->average[at] : p->average[at] - now[a];
                p->average[at] = now[a];
            }
            if (node->street != street)
                continue;
            rows += 1.0;
            seen += hb_row_visits(row) > 0;
            moved += hb_row_visits(row) * d;
            weight += hb_row_visits(row);
        }
    }
    *change = weight > 0.0 ? moved / weight : 0.0;
    *visited = seen / rows;
}

static void leduc_kit(struct kit *k)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);

    kit_open(k, &r, &p, 1);
}

static void a_small_game_is_looked_at_whole(void)
{
    static double memory[2][10000]; /* of each street's twin */
    struct hb_err e = {0};
    struct hb_learning l;
    struct hb_learning_look look;
    struct hb_round round;
    struct kit k;

    leduc_kit(&k);
    CHECK_OK(hb_learning_init(&l, &k.table, &e), e);
    CHECK_EQ(l.n_rows, k.table.layout.n_infosets);
    for (uint64_t until = 30; until < 30000; until *= 4) {
        kit_run(&k, until);
        round = kit_round_now(&k);
        hb_learning_look(&l, &k.table, &round, &look);
        CHECK_EQ(look.to, k.iteration);
        for (int s = 0; s < 2; s++) {
            struct plain p = {.average = memory[s]};
            double change, visited;

            plain_look(&k, &p, s, &change, &visited);
            CHECK_NEAR(look.street[s].change, until == 30 ? 0.0 : change, 1e-6);
            CHECK_NEAR(look.street[s].visited, visited, 1e-12);
        }
        CHECK_EQ(look.street[2].n_rows, 0);
        CHECK(until == 30 || look.from < look.to);
    }
    CHECK(look.all.visited > 0.9 && look.all.change < 1.0 && look.all.change > 0.0);
    hb_learning_fini(&l);
    kit_close(&k);
}

static void a_look_changes_no_bit(void)
{
    struct hb_err e = {0};
    struct hb_hash before, after;
    struct hb_learning l;
    struct hb_learning_look look;
    struct hb_round round;
    struct kit k;

    leduc_kit(&k);
    kit_run(&k, 2000);
    kit_hash(&k, &before);
    CHECK_OK(hb_learning_init(&l, &k.table, &e), e);
    round = kit_round_now(&k);
    hb_learning_look(&l, &k.table, &round, &look);
    CHECK_EQ(look.from, look.to);
    hb_learning_look(&l, &k.table, &round, &look);
    CHECK_NEAR(look.all.change, 0.0, 1e-7); /* nothing happened in between: floats of the last */
    kit_hash(&k, &after);
    CHECK(hb_hash_equal(&before, &after));
    hb_learning_forget(&l);
    hb_learning_look(&l, &k.table, &round, &look);
    CHECK_EQ(look.from, look.to);
    hb_learning_fini(&l);
    kit_close(&k);
}

/* 52 cards: 13 * 4 hands before the flop, many more behind it. */
static void a_large_street_is_sampled_evenly_and_always_the_same(void)
{
    struct hb_rules r = kit_game("leduc52");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct hb_err e = {0};
    struct hb_learning l, again;
    uint64_t n_last = 0;
    uint32_t n[HB_STREETS] = {0};
    struct kit k;

    kit_open(&k, &r, &p, 1);
    CHECK_OK(hb_learning_init(&l, &k.table, &e), e);
    CHECK_OK(hb_learning_init(&again, &k.table, &e), e);
    CHECK_EQ(l.n_rows, again.n_rows);
    for (uint32_t i = 0; i < l.n_rows; i++) {
        CHECK_EQ(l.rows[i].at, again.rows[i].at);
        CHECK(i == 0 || l.rows[i].street != l.rows[i - 1].street ||
              l.rows[i].at > l.rows[i - 1].at);
        CHECK(l.rows[i].at + HB_ROW_HEAD + 2u * l.rows[i].n_actions <= k.table.layout.n_words);
        n[l.rows[i].street]++;
    }
    for (int s = 0; s < 2; s++) {
        uint64_t rows = 0;

        for (uint32_t i = 0; i < k.table.tree.n_nodes; i++)
            if (k.table.tree.node[i].street == s)
                rows += k.spec.street[s].n_buckets;
        CHECK_EQ(n[s], rows < HB_LEARNING_ROWS ? rows : HB_LEARNING_ROWS);
        CHECK_NEAR(l.stands_for[s] * n[s], (double)rows, 1e-6 * (double)rows);
        n_last = rows;
    }
    CHECK(n_last > HB_LEARNING_ROWS); /* else nothing was sampled here */
    hb_learning_fini(&l);
    hb_learning_fini(&again);
    kit_close(&k);
}

static void rows_at_the_floor_and_below_the_threshold_are_counted(void)
{
    struct hb_err e = {0};
    struct hb_learning l;
    struct hb_learning_look look;
    struct hb_round round;
    struct kit k;
    int32_t *row;

    leduc_kit(&k);
    CHECK_OK(hb_learning_init(&l, &k.table, &e), e);
    round = kit_round_now(&k);
    round.prune_below = -1000;
    row = k.table.rows + hb_table_row_at(&k.table, 0, 0); /* the root: first street, prunable */
    row[1] = 5;
    row[HB_ROW_HEAD] = round.regret_floor;
    row = k.table.rows + hb_table_row_at(&k.table, 0, 1);
    row[1] = 5;
    row[HB_ROW_HEAD] = -1001;
    row[HB_ROW_HEAD + 1] = HB_ENTRY_MAX / 2 - 1;
    row = k.table.rows + hb_table_row_at(&k.table, 0, 2);
    row[0] = (round.weight_exp + 1) << 24;
    row[1] = 5;
    row = k.table.rows + hb_table_row_at(&k.table, 1, 0);
    row[HB_ROW_HEAD] = round.regret_floor; /* never visited: does not count */
    hb_learning_look(&l, &k.table, &round, &look);
    CHECK_NEAR(look.street[0].visited * look.street[0].n_rows, 3.0, 1e-9);
    CHECK_NEAR(look.street[0].saturated, 1.0 / 3, 1e-9);
    CHECK_NEAR(look.street[0].halved, 1.0 / 3, 1e-9);
    CHECK_NEAR(look.street[0].pruned, 2.0 / (3.0 * k.table.tree.node[0].n_actions), 1e-9);
    CHECK_NEAR(look.street[1].visited, 0.0, 0.0);
    hb_learning_fini(&l);
    kit_close(&k);
}

int main(void)
{
    RUN(a_small_game_is_looked_at_whole);
    RUN(a_look_changes_no_bit);
    RUN(a_large_street_is_sampled_evenly_and_always_the_same);
    RUN(rows_at_the_floor_and_below_the_threshold_are_counted);
    return check_done();
}
