#include "abstraction/assign.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

/* Potentials u of rows and v of columns, never negative, with u + v >= gain for every pair and
 * u + v = gain for chosen ones; u = 0 for rows that are done and have no column, v = 0 for free
 * columns. Then the sum of all potentials is the sum of the chosen gains, and no choice has more
 * than that. Each row in turn is given a column, or another row loses its own, along the path on
 * which the potentials change least. */

struct entry { /* of the queue: a column and how far away it is */
    int64_t way;
    uint32_t column;
};

struct state {
    const struct hb_assign *a;
    int64_t *u, *v;
    uint32_t *column_of, *row_of;
    /* the search of one row */
    int64_t *way;        /* [n_columns] to each; INT64_MAX: not reached */
    uint32_t *from;      /* [n_columns] the row before */
    bool *final;         /* [n_columns] way is known */
    uint32_t *seen;      /* [n_columns] the columns that were reached */
    struct entry *queue; /* a heap, nearest first; a column is in it once for each improvement */
    uint64_t n_queue, cap_queue;
    uint32_t n_seen;
};

/* ---- the queue ---- */

static bool nearer(struct entry a, struct entry b)
{
    return a.way != b.way ? a.way < b.way : a.column < b.column;
}

static int push(struct state *s, int64_t way, uint32_t column, struct hb_err *e)
{
    const struct entry x = {way, column};
    uint64_t at = s->n_queue;
    int rc;

    if (s->n_queue == s->cap_queue) {
        uint64_t cap = 2 * s->cap_queue + 64;

        if ((rc = hb_mem_grow(&s->queue, cap, sizeof *s->queue, "a queue", e)) != HB_OK)
            return rc;
        s->cap_queue = cap;
    }
    for (s->n_queue++; at > 0 && nearer(x, s->queue[(at - 1) / 2]); at = (at - 1) / 2)
        s->queue[at] = s->queue[(at - 1) / 2];
    s->queue[at] = x;
    return HB_OK;
}

static struct entry pop(struct state *s)
{
    const struct entry top = s->queue[0];
    const struct entry x = s->queue[--s->n_queue];
    uint64_t at = 0;

    for (;;) {
        uint64_t child = 2 * at + 1;

        if (child >= s->n_queue)
            break;
        if (child + 1 < s->n_queue && nearer(s->queue[child + 1], s->queue[child]))
            child++;
        if (!nearer(s->queue[child], x))
            break;
        s->queue[at] = s->queue[child];
        at = child;
    }
    s->queue[at] = x;
    return top;
}

/* ---- one row ---- */

/* The columns of a row that is `way` away. */
static int look_from(struct state *s, uint32_t row, int64_t way, struct hb_err *e)
{
    const struct hb_assign *a = s->a;
    int rc;

    for (uint64_t i = a->first[row]; i < a->first[row + 1]; i++) {
        uint32_t column = a->column[i];
        int64_t to = way + s->u[row] + s->v[column] - a->gain[i];

        if (to >= s->way[column])
            continue;
        if (s->way[column] == INT64_MAX)
            s->seen[s->n_seen++] = column;
        s->way[column] = to;
        s->from[column] = row;
        if ((rc = push(s, to, column, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

/* The end of the shortest path from `row`: a free column, or a row that gives up its own. */
struct end {
    uint32_t column, row; /* column is HB_ASSIGN_NONE when a row gives up */
    int64_t way;
};

static int search(struct state *s, uint32_t row, struct end *end, struct hb_err *e)
{
    int rc;

    *end = (struct end){HB_ASSIGN_NONE, row, s->u[row]};
    s->n_queue = 0;
    if ((rc = look_from(s, row, 0, e)) != HB_OK)
        return rc;
    while (s->n_queue > 0) {
        struct entry next = pop(s);
        uint32_t owner = s->row_of[next.column];

        if (next.way >= end->way)
            break;
        if (s->final[next.column])
            continue;
        s->final[next.column] = true;
        if (owner == HB_ASSIGN_NONE) {
            *end = (struct end){next.column, HB_ASSIGN_NONE, next.way};
            break;
        }
        if (next.way + s->u[owner] < end->way)
            *end = (struct end){HB_ASSIGN_NONE, owner, next.way + s->u[owner]};
        if ((rc = look_from(s, owner, next.way, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

/* Potentials after a search; columns at the end of the path keep theirs. */
static void shift(struct state *s, uint32_t row, int64_t way)
{
    s->u[row] -= way;
    for (uint32_t i = 0; i < s->n_seen; i++) {
        uint32_t column = s->seen[i];

        if (s->final[column] && s->way[column] < way) {
            s->v[column] += way - s->way[column];
            s->u[s->row_of[column]] -= way - s->way[column];
        }
    }
}

static void swap_along(struct state *s, uint32_t row, const struct end *end)
{
    uint32_t column = end->column;

    if (column == HB_ASSIGN_NONE) {
        column = s->column_of[end->row];
        s->column_of[end->row] = HB_ASSIGN_NONE;
        if (end->row == row)
            return;
    }
    for (;;) {
        uint32_t taker = s->from[column];
        uint32_t left = s->column_of[taker];

        s->column_of[taker] = column;
        s->row_of[column] = taker;
        if (taker == row)
            return;
        column = left;
    }
}

static int add_row(struct state *s, uint32_t row, struct hb_err *e)
{
    struct end end;
    int rc = search(s, row, &end, e);

    if (rc == HB_OK) {
        shift(s, row, end.way);
        swap_along(s, row, &end);
    }
    for (uint32_t i = 0; i < s->n_seen; i++) {
        s->way[s->seen[i]] = INT64_MAX;
        s->final[s->seen[i]] = false;
    }
    s->n_seen = 0;
    return rc;
}

/* ---- all rows ---- */

static int state_init(struct state *s, const struct hb_assign *a, struct hb_err *e)
{
    const size_t n = a->n_columns;
    int rc;

    s->a = a;
    if ((rc = hb_mem_new(&s->u, a->n_rows, sizeof *s->u, "rows", e)) != HB_OK ||
        (rc = hb_mem_new(&s->v, n, sizeof *s->v, "columns", e)) != HB_OK ||
        (rc = hb_mem_new(&s->row_of, n, sizeof *s->row_of, "columns", e)) != HB_OK ||
        (rc = hb_mem_new(&s->way, n, sizeof *s->way, "columns", e)) != HB_OK ||
        (rc = hb_mem_new(&s->from, n, sizeof *s->from, "columns", e)) != HB_OK ||
        (rc = hb_mem_new(&s->final, n, sizeof *s->final, "columns", e)) != HB_OK ||
        (rc = hb_mem_new(&s->seen, n, sizeof *s->seen, "columns", e)) != HB_OK)
        return rc;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        s->column_of[row] = HB_ASSIGN_NONE;
        for (uint64_t i = a->first[row]; i < a->first[row + 1]; i++)
            s->u[row] = a->gain[i] > s->u[row] ? a->gain[i] : s->u[row];
    }
    for (uint32_t column = 0; column < a->n_columns; column++) {
        s->row_of[column] = HB_ASSIGN_NONE;
        s->way[column] = INT64_MAX;
    }
    return HB_OK;
}

static void state_fini(struct state *s)
{
    hb_mem_free(s->u);
    hb_mem_free(s->v);
    hb_mem_free(s->row_of);
    hb_mem_free(s->way);
    hb_mem_free(s->from);
    hb_mem_free(s->final);
    hb_mem_free(s->seen);
    hb_mem_free(s->queue);
}

int hb_assign_best(const struct hb_assign *a, uint32_t *column, int64_t *total, struct hb_err *e)
{
    struct state s = {.column_of = column};
    int rc = state_init(&s, a, e);

    for (uint32_t row = 0; rc == HB_OK && row < a->n_rows; row++)
        rc = add_row(&s, row, e);
    *total = 0;
    for (uint32_t row = 0; rc == HB_OK && row < a->n_rows; row++)
        *total += s.u[row];
    for (uint32_t i = 0; rc == HB_OK && i < a->n_columns; i++)
        *total += s.v[i];
    state_fini(&s);
    return rc;
}
