/* What a run will take: the parts of it that are plain arithmetic. */
#include "run/train.h"

#include <string.h>

#include "base/os.h"
#include "check.h"
#include "kit.h"
#include "solver/cfr.h"

#define BIG (UINT64_C(1) << 30)

static int largest_share(int n)
{
    return (HB_TABLE_PARTS_MAX + n - 1) / n;
}

/* Against a look at every number. */
static void mergers_share_the_table_as_evenly_as_workers_allow(void)
{
    for (int workers = 1; workers <= 200; workers++) {
        int n = hb_train_mergers(BIG, workers, true);
        int most = workers < HB_TABLE_PARTS_MAX ? workers : HB_TABLE_PARTS_MAX;

        CHECK(n >= 1 && n <= most);
        CHECK_EQ(largest_share(n), largest_share(most));
        CHECK(n == 1 || largest_share(n - 1) > largest_share(most));
        CHECK_EQ(hb_train_mergers(BIG, workers, false), 1);
        CHECK_EQ(hb_train_mergers(1 << 20, workers, true), 1);
    }
    CHECK_EQ(hb_train_mergers(BIG, 2, true), 2);
    CHECK_EQ(hb_train_mergers(BIG, 48, true), 32);
    CHECK_EQ(hb_train_mergers(BIG, 64, true), 64);
}

/* Kuhn: the first player sees 3.5 nodes of a uniform game, the second 2.5. */
static void nodes_of_an_iteration_are_expected(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    struct hb_err e = {0};
    double nodes = 0.0;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    CHECK_OK(hb_cfr_expected_nodes(&k.tree, &nodes, &e), e);
    CHECK_NEAR(nodes, 6.0, 1e-12);
    kit_close(&k);
}

/* The table is not all that a run needs. */
static void what_a_run_needs_must_be_free(void)
{
    struct hb_plan p = {0};
    struct hb_err e = {0};
    uint64_t all = hb_os_memory_bytes();

    if (all == 0) {
        printf("# this system does not tell its free memory: not tested\n");
        return;
    }
    p.table_bytes = all / 2;
    p.peak_bytes = all / 2 + (1 << 20);
    CHECK_OK(hb_train_fits(&p, &e), e);
    p.peak_bytes = 2 * all;
    CHECK_EQ(hb_train_fits(&p, &e), HB_ENOMEM);
    CHECK(strstr(e.msg, "are free") != NULL);
}

int main(void)
{
    RUN(mergers_share_the_table_as_evenly_as_workers_allow);
    RUN(what_a_run_needs_must_be_free);
    RUN(nodes_of_an_iteration_are_expected);
    return check_done();
}
