/* The piece of work that tells how fast the machine is, and the going to a processor for it. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "run/calibrate.h"

#include <string.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "base/os.h"
#include "check.h"

static uint64_t mem[1 << 15];

static void pieces_are_counted_and_rates_are_theirs(void)
{
    static const struct hb_calibration made_up = {.n_pieces = 4, .loads_s = 0.125, .draws_s = 1.0};
    struct hb_calibration sum = {0};

    CHECK_NEAR(hb_calibration_per_s(&sum), 0.0, 0.0);
    CHECK_NEAR(hb_calibration_load_ns(&sum), 0.0, 0.0);
    CHECK_NEAR(hb_calibration_draw_ns(&sum), 0.0, 0.0);
    CHECK_NEAR(hb_calibration_per_s(&made_up), 1.0 / 0.375, 1e-12);
    CHECK_NEAR(hb_calibration_load_ns(&made_up), 0.125e9 / HB_CALIBRATE_LOADS, 1e-3);
    CHECK_NEAR(hb_calibration_draw_ns(&made_up), 0.25e9 / HB_CALIBRATE_DRAWS, 1e-3);
    for (uint64_t salt = 0; salt < 64; salt++)
        hb_calibrate(mem, sizeof mem, salt, &sum);
    CHECK_EQ(sum.n_pieces, 64);
    CHECK(sum.draws_s > 0.0 && sum.loads_s >= 0.0);
    CHECK(hb_calibration_per_s(&sum) > 1.0 && hb_calibration_per_s(&sum) < 1e6);
}

static void the_smallest_memory_is_enough(void)
{
    struct hb_calibration sum = {0};

    for (uint64_t salt = 0; salt < 8; salt++)
        hb_calibrate(mem, 64, salt, &sum);
    CHECK_EQ(sum.n_pieces, 8);
}

static void count_call(void *ctx)
{
    ++*(int *)ctx;
}

static void work_is_done_even_where_no_processor_is(void)
{
    int calls = 0;

    CHECK(!hb_os_run_on(-1, count_call, &calls));
    CHECK(!hb_os_run_on(1 << 20, count_call, &calls));
    CHECK_EQ(calls, 2);
}

#if defined(__linux__) && !defined(HB_PORTABLE)
static void note_cpu(void *ctx)
{
    *(int *)ctx = sched_getcpu();
}

static void work_is_done_there_and_one_may_go_anywhere_again(void)
{
    cpu_set_t before;
    cpu_set_t after;
    int seen = -1;

    CHECK_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &before))
            continue;
        CHECK(hb_os_run_on(cpu, note_cpu, &seen));
        CHECK_EQ(seen, cpu);
        CHECK_EQ(sched_getaffinity(0, sizeof after, &after), 0);
        CHECK(CPU_EQUAL(&before, &after));
    }
    CHECK(seen >= 0);
}
#endif

int main(void)
{
    memset(mem, 1, sizeof mem);
    RUN(pieces_are_counted_and_rates_are_theirs);
    RUN(the_smallest_memory_is_enough);
    RUN(work_is_done_even_where_no_processor_is);
#if defined(__linux__) && !defined(HB_PORTABLE)
    RUN(work_is_done_there_and_one_may_go_anywhere_again);
#endif
    return check_done();
}
