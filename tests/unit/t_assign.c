/* The best pairing of rows with columns gains what trying all of them finds, and is one. */
#include "abstraction/assign.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"

#define ROWS_MAX 7
#define CASES    3000

struct problem {
    uint32_t n_rows, n_columns;
    int64_t gain[ROWS_MAX][ROWS_MAX]; /* 0: no pair */
    uint64_t first[ROWS_MAX + 1];
    uint32_t column[ROWS_MAX * ROWS_MAX];
    int64_t listed[ROWS_MAX * ROWS_MAX];
};

static uint32_t random_of(uint32_t seed, uint32_t i, uint32_t n)
{
    uint32_t r[4];

    hb_rng_block(seed, i, 0, HB_RNG_TOOL, 0, r);
    return hb_rng_below(r[0], n);
}

static struct hb_assign make(struct problem *p, uint32_t seed)
{
    uint32_t dense = 1 + random_of(seed, 1, 4);
    uint32_t largest = random_of(seed, 2, 2) == 0 ? 3 : 1000000;
    uint64_t n = 0;

    memset(p, 0, sizeof *p);
    p->n_rows = 1 + random_of(seed, 3, ROWS_MAX);
    p->n_columns = 1 + random_of(seed, 4, ROWS_MAX);
    for (uint32_t r = 0; r < p->n_rows; r++) {
        for (uint32_t c = 0; c < p->n_columns; c++) {
            uint32_t i = 100 + 10 * r + c;

            if (random_of(seed, i, 4) >= dense)
                continue;
            p->gain[r][c] = 1 + random_of(seed, 1000 + i, largest);
            p->column[n] = c;
            p->listed[n++] = p->gain[r][c];
        }
        p->first[r + 1] = n;
    }
    return (struct hb_assign){p->n_rows, p->n_columns, p->first, p->column, p->listed};
}

static int64_t best_from(const struct problem *p, uint32_t row, uint32_t taken)
{
    int64_t best;

    if (row == p->n_rows)
        return 0;
    best = best_from(p, row + 1, taken);
    for (uint32_t c = 0; c < p->n_columns; c++)
        if (p->gain[row][c] > 0 && (taken >> c & 1) == 0) {
            int64_t x = p->gain[row][c] + best_from(p, row + 1, taken | 1u << c);

            best = x > best ? x : best;
        }
    return best;
}

/* What the pairs found gain; -1 when they are no pairing. */
static int64_t gain_of(const struct problem *p, const uint32_t *column)
{
    uint32_t taken = 0;
    int64_t sum = 0;

    for (uint32_t r = 0; r < p->n_rows; r++) {
        uint32_t c = column[r];

        if (c == HB_ASSIGN_NONE)
            continue;
        if (c >= p->n_columns || (taken >> c & 1) || p->gain[r][c] == 0)
            return -1;
        taken |= 1u << c;
        sum += p->gain[r][c];
    }
    return sum;
}

static void random_problems_are_solved_as_by_trying_everything(void)
{
    for (uint32_t seed = 0; seed < CASES && check_bad_here == 0; seed++) {
        struct problem p;
        struct hb_assign a = make(&p, seed);
        uint32_t column[ROWS_MAX];
        struct hb_err e = {0};
        int64_t total;

        CHECK_OK(hb_assign_best(&a, column, &total, &e), e);
        CHECK_EQ(total, best_from(&p, 0, 0));
        CHECK_EQ(gain_of(&p, column), total);
        if (check_bad_here > 0)
            printf("# seed %u\n", (unsigned)seed);
    }
}

static void a_row_gives_way_when_that_gains_more(void)
{
    const uint64_t first[] = {0, 2, 3, 4};
    const uint32_t column[] = {0, 1, 0, 1};
    const int64_t gain[] = {10, 9, 8, 1};
    const struct hb_assign a = {3, 2, first, column, gain};
    uint32_t match[3];
    struct hb_err e = {0};
    int64_t total;

    CHECK_OK(hb_assign_best(&a, match, &total, &e), e);
    CHECK_EQ(total, 17);
    CHECK_EQ(match[0], 1);
    CHECK_EQ(match[1], 0);
    CHECK_EQ(match[2], HB_ASSIGN_NONE);
}

static void running_out_of_memory_is_an_error_at_every_allocation(void)
{
    struct problem p;
    struct hb_assign a = make(&p, 5);
    uint32_t column[ROWS_MAX];
    int64_t total;
    int n = 0;
    int rc;

    do {
        hb_mem_fail_at(++n);
        rc = hb_assign_best(&a, column, &total, NULL);
    } while (rc == HB_ENOMEM && n < 100);
    hb_mem_fail_at(0);
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 7);
}

int main(void)
{
    RUN(random_problems_are_solved_as_by_trying_everything);
    RUN(a_row_gives_way_when_that_gains_more);
    RUN(running_out_of_memory_is_an_error_at_every_allocation);
    return check_done();
}
