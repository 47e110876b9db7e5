/* Rounds cut into tasks. */
#include "run/cut.h"

#include "base/rng.h"
#include "check.h"

/* Walk a round; its tasks cover it, and keep what the header says. */
static void check_cut(uint32_t length, int n_workers, uint32_t batch, double nodes)
{
    struct hb_cut c = hb_cut_of(length, n_workers, batch, nodes);
    uint32_t left = length;
    uint32_t before = UINT32_MAX;
    uint32_t n = 0;

    CHECK(c.smallest >= 1 && c.smallest <= c.largest);
    while (left > 0) {
        uint32_t task = hb_cut_next(&c, left);

        CHECK(task >= 1 && task <= left && task <= c.largest && task <= before);
        CHECK(task >= c.smallest || task == left);
        before = task;
        left -= task;
        n++;
    }
    CHECK_EQ(hb_cut_tasks(&c, length), n);
    if (batch > 0)
        CHECK_EQ(n, (length + batch - 1) / batch);
}

static void tasks_cover_any_round(void)
{
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t bits[4];

        hb_rng_block(7, i, 0, 0, 0, bits);
        check_cut(1 + bits[0] % 32768, 1 + (int)(bits[1] % 1024),
                  i % 4 == 0 ? 1 + bits[2] % 32768 : 0, 1.0 + (double)(bits[3] % 100000));
    }
}

/* Hold'em with two workers: sixteenths of a worker's share, then smaller ones to even out the end. */
static void a_long_round_ends_in_small_tasks(void)
{
    struct hb_cut c = hb_cut_of(8287, 2, 0, 128.0);

    CHECK_EQ(c.largest, 259);
    CHECK_EQ(c.smallest, 64);
    CHECK_EQ(hb_cut_next(&c, 8287), 259);
    CHECK_EQ(hb_cut_next(&c, 1000), 125);
    CHECK_EQ(hb_cut_next(&c, 500), 64);
    CHECK_EQ(hb_cut_next(&c, 10), 10);
}

/* Leduc: frames would cost more than the work in them, so that four tasks for each worker do. */
static void a_short_round_is_cut_in_four_a_worker(void)
{
    struct hb_cut c = hb_cut_of(100, 2, 0, 23.0);

    CHECK_EQ(c.largest, 13);
    CHECK_EQ(c.smallest, 13);
    CHECK_EQ(hb_cut_tasks(&c, 100), 8);
}

/* Many workers: not more tasks than hb-train can serve. */
static void many_workers_get_no_more_tasks_than_can_be_served(void)
{
    struct hb_cut c = hb_cut_of(8287, 64, 0, 128.0);

    CHECK_EQ(c.largest, 33);
    CHECK_EQ(hb_cut_tasks(&c, 8287), 252);
}

int main(void)
{
    RUN(tasks_cover_any_round);
    RUN(a_long_round_ends_in_small_tasks);
    RUN(a_short_round_is_cut_in_four_a_worker);
    RUN(many_workers_get_no_more_tasks_than_can_be_served);
    return check_done();
}
