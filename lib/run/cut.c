#include "run/cut.h"

#include <math.h>

#define TASKS_AT_LEAST 4  /* for each worker, however small they are */
#define TASKS_EVEN     16 /* of which three quarters are given out before tasks shrink */
/* Of the smallest task: some 0.3 ms of a worker, thirty times what hb-train needs for its frames. */
#define SMALLEST_NODES 8192

static uint32_t ratio_up(uint32_t a, uint64_t b)
{
    return (uint32_t)((a + b - 1) / b);
}

struct hb_cut hb_cut_of(uint32_t length, int n_workers, uint32_t batch, double nodes)
{
    const uint64_t n = (uint64_t)n_workers;
    const uint32_t most = ratio_up(length, TASKS_AT_LEAST * n);
    const uint32_t even = ratio_up(length, TASKS_EVEN * n);
    const double few = ceil(SMALLEST_NODES / nodes);
    struct hb_cut c = {.spread = TASKS_AT_LEAST * (uint32_t)n_workers};

    if (batch > 0) {
        c.largest = c.smallest = batch;
        return c;
    }
    c.smallest = few < most ? (uint32_t)few : most;
    c.largest = even > c.smallest ? even : c.smallest;
    return c;
}

uint32_t hb_cut_next(const struct hb_cut *c, uint32_t left)
{
    uint32_t n = ratio_up(left, c->spread);

    if (n > c->largest)
        n = c->largest;
    if (n < c->smallest)
        n = c->smallest;
    return n < left ? n : left;
}

uint32_t hb_cut_tasks(const struct hb_cut *c, uint32_t length)
{
    uint32_t n = 0;

    for (; length > 0; n++)
        length -= hb_cut_next(c, length);
    return n;
}
