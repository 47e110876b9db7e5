#include "abstraction/agreement.h"

#include <stdlib.h>

#include "abstraction/assign.h"
#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/mem.h"

#define BATCH 4096u

__extension__ typedef unsigned __int128
    wide; /* pairs of hands do not fit 64 bits with rounds apart */

struct cell { /* hands that are in bucket `row` of a and `column` of b */
    uint32_t row, column;
    uint64_t mass; /* 0: empty slot */
};

struct table {
    struct cell *cell; /* hash table while it is filled, then sorted without gaps */
    uint64_t n, n_slots;
};

static wide pairs(uint64_t n)
{
    return (wide)n * (n - (n > 0)) / 2;
}

/* ---- the table of both ---- */

static uint64_t slot_of(const struct table *t, uint32_t row, uint32_t column)
{
    uint64_t at = (((uint64_t)row << 32 | column) * UINT64_C(0x9E3779B97F4A7C15)) >> 20;

    for (at &= t->n_slots - 1;; at = (at + 1) & (t->n_slots - 1)) {
        const struct cell *c = &t->cell[at];

        if (c->mass == 0 || (c->row == row && c->column == column))
            return at;
    }
}

static int enlarge(struct table *t, struct hb_err *e)
{
    struct table more = {.n = t->n, .n_slots = t->n_slots > 0 ? 2 * t->n_slots : 1024};
    int rc;

    if (t->n > HB_AGREEMENT_PAIRS)
        return hb_fail(e, HB_ELIMIT, "more than %llu pairs of buckets share hands",
                       (unsigned long long)HB_AGREEMENT_PAIRS);
    rc = hb_mem_new(&more.cell, more.n_slots, sizeof *more.cell, "pairs of buckets", e);
    if (rc != HB_OK)
        return rc;
    for (uint64_t i = 0; i < t->n_slots; i++)
        if (t->cell[i].mass > 0)
            more.cell[slot_of(&more, t->cell[i].row, t->cell[i].column)] = t->cell[i];
    hb_mem_free(t->cell);
    *t = more;
    return HB_OK;
}

static int add(struct table *t, uint32_t row, uint32_t column, uint64_t mass, struct hb_err *e)
{
    struct cell *c;
    int rc;

    if (2 * t->n >= t->n_slots && (rc = enlarge(t, e)) != HB_OK)
        return rc;
    c = &t->cell[slot_of(t, row, column)];
    t->n += c->mass == 0;
    *c = (struct cell){row, column, c->mass + mass};
    return HB_OK;
}

static int by_row(const void *a, const void *b)
{
    const struct cell *x = a;
    const struct cell *y = b;

    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static void pack(struct table *t)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < t->n_slots; i++)
        if (t->cell[i].mass > 0)
            t->cell[n++] = t->cell[i];
    qsort(t->cell, n, sizeof *t->cell, by_row);
}

/* All hands of a street: bucket in a, in b, weight. */
typedef int visitor(void *ctx, uint32_t row, uint32_t column, uint32_t weight, struct hb_err *e);

static int visit_hands(const struct hb_buckets *a, const struct hb_buckets *b, int street,
                       visitor *visit, void *ctx, struct hb_err *e)
{
    const struct hb_buckets_street *st = &a->street[street];
    uint32_t weight[BATCH];
    int rc;

    for (uint64_t at = 0; at < st->n_hands; at += BATCH) {
        uint64_t n = st->n_hands - at < BATCH ? st->n_hands - at : BATCH;

        hb_weights(a->iso[st->sense], st->sense, street, at, n, weight);
        for (uint64_t i = 0; i < n; i++)
            if ((rc = visit(ctx, hb_buckets_at(a, street, at + i), hb_buckets_at(b, street, at + i),
                            weight[i], e)) != HB_OK)
                return rc;
    }
    return HB_OK;
}

static int visit_table(void *ctx, uint32_t row, uint32_t column, uint32_t weight, struct hb_err *e)
{
    return add(ctx, row, column, weight, e);
}

/* ---- what it says ---- */

struct sums {
    wide cells, rows, columns; /* pairs of hands that lie together in both, in a, in b */
    uint64_t total, stay;      /* hands; those in paired buckets */
    bool same;
};

static void report(const struct sums *s, struct hb_agreement *out)
{
    double all = (double)pairs(s->total);
    double chance = (double)s->rows / all * (double)s->columns;
    double most = ((double)s->rows + (double)s->columns) / 2;

    out->same = s->same;
    out->moved = (double)(s->total - s->stay) / (double)s->total;
    /* Without anything to tell apart the two agree, and so they do by definition when same. */
    out->adjusted_rand =
        s->same || most == chance ? 1 : ((double)s->cells - chance) / (most - chance);
}

/* Sums over the buckets of both sides; [n_rows] and [n_columns] masses. */
static void sum_up(const struct table *t, const uint64_t *row, uint32_t n_rows,
                   const uint64_t *column, uint32_t n_columns, struct sums *s)
{
    uint64_t n_used_rows = 0;
    uint64_t n_used_columns = 0;

    for (uint64_t i = 0; i < t->n; i++)
        s->cells += pairs(t->cell[i].mass);
    for (uint32_t i = 0; i < n_rows; i++) {
        s->rows += pairs(row[i]);
        s->total += row[i];
        n_used_rows += row[i] > 0;
    }
    for (uint32_t i = 0; i < n_columns; i++) {
        s->columns += pairs(column[i]);
        n_used_columns += column[i] > 0;
    }
    s->same = t->n == n_used_rows && t->n == n_used_columns;
}

static int pair_buckets(const struct table *t, uint32_t n_rows, uint32_t n_columns, uint64_t *stay,
                        struct hb_err *e)
{
    struct hb_assign a = {.n_rows = n_rows, .n_columns = n_columns};
    uint64_t *first = NULL;
    uint32_t *column = NULL;
    int64_t *gain = NULL;
    uint32_t *match = NULL;
    int64_t total = 0;
    int rc;

    if ((rc = hb_mem_new(&first, (size_t)n_rows + 1, sizeof *first, "pairs", e)) == HB_OK &&
        (rc = hb_mem_new(&column, t->n, sizeof *column, "pairs", e)) == HB_OK &&
        (rc = hb_mem_new(&gain, t->n, sizeof *gain, "pairs", e)) == HB_OK &&
        (rc = hb_mem_new(&match, n_rows, sizeof *match, "pairs", e)) == HB_OK) {
        for (uint64_t i = 0; i < t->n; i++) {
            first[t->cell[i].row + 1]++;
            column[i] = t->cell[i].column;
            gain[i] = (int64_t)t->cell[i].mass;
        }
        for (uint32_t i = 0; i < n_rows; i++)
            first[i + 1] += first[i];
        a.first = first;
        a.column = column;
        a.gain = gain;
        rc = hb_assign_best(&a, match, &total, e);
    }
    *stay = (uint64_t)total;
    hb_mem_free(first);
    hb_mem_free(column);
    hb_mem_free(gain);
    hb_mem_free(match);
    return rc;
}

static int compare_maps(const struct hb_buckets *a, const struct hb_buckets *b, int street,
                        struct sums *s, struct hb_err *e)
{
    uint32_t n_rows = a->street[street].n_buckets;
    uint32_t n_columns = b->street[street].n_buckets;
    struct table t = {0};
    uint64_t *row = NULL;
    uint64_t *column = NULL;
    int rc;

    if ((rc = hb_mem_new(&row, n_rows, sizeof *row, "buckets", e)) == HB_OK &&
        (rc = hb_mem_new(&column, n_columns, sizeof *column, "buckets", e)) == HB_OK &&
        (rc = visit_hands(a, b, street, visit_table, &t, e)) == HB_OK) {
        pack(&t);
        for (uint64_t i = 0; i < t.n; i++) {
            row[t.cell[i].row] += t.cell[i].mass;
            column[t.cell[i].column] += t.cell[i].mass;
        }
        sum_up(&t, row, n_rows, column, n_columns, s);
        rc = pair_buckets(&t, n_rows, n_columns, &s->stay, e);
    }
    hb_mem_free(t.cell);
    hb_mem_free(row);
    hb_mem_free(column);
    return rc;
}

/* ---- every hand a bucket of its own on one side: no table is needed ---- */

struct alone {
    struct sums *s;
    uint64_t *mass,
        *largest; /* of the other side's buckets: hands, and those of its largest hand */
};

static int visit_alone(void *ctx, uint32_t row, uint32_t column, uint32_t weight, struct hb_err *e)
{
    struct alone *x = ctx;

    (void)row; /* the hand itself */
    (void)e;   /* nothing can go wrong */
    x->s->cells += pairs(weight);
    x->s->total += weight;
    x->mass[column] += weight;
    x->largest[column] = weight > x->largest[column] ? weight : x->largest[column];
    return HB_OK;
}

static int compare_alone(const struct hb_buckets *identity, const struct hb_buckets *other,
                         int street, struct sums *s, struct hb_err *e)
{
    uint32_t n = other->street[street].n_buckets;
    struct alone x = {.s = s};
    int rc;

    if ((rc = hb_mem_new(&x.mass, n, sizeof *x.mass, "buckets", e)) == HB_OK &&
        (rc = hb_mem_new(&x.largest, n, sizeof *x.largest, "buckets", e)) == HB_OK &&
        (rc = visit_hands(identity, other, street, visit_alone, &x, e)) == HB_OK) {
        s->rows = s->cells;
        s->same = true;
        for (uint32_t i = 0; i < n; i++) {
            s->columns += pairs(x.mass[i]);
            s->stay += x.largest[i];
            s->same = s->same && x.mass[i] == x.largest[i];
        }
    }
    hb_mem_free(x.mass);
    hb_mem_free(x.largest);
    return rc;
}

int hb_agreement_of(const struct hb_buckets *a, const struct hb_buckets *b, int street,
                    struct hb_agreement *out, struct hb_err *e)
{
    bool alone_a = a->street[street].kind == HB_BUCKETS_IDENTITY;
    bool alone_b = b->street[street].kind == HB_BUCKETS_IDENTITY;
    struct sums s = {0};
    int rc = HB_OK;

    if (a->street[street].sense != b->street[street].sense)
        return hb_fail(e, HB_EUSAGE, "%s: one has rounds apart, the other not",
                       hb_street_name(street));
    if (alone_a && alone_b)
        s = (struct sums){.total = 1, .stay = 1, .same = true};
    else if (alone_a || alone_b)
        rc = compare_alone(alone_a ? a : b, alone_a ? b : a, street, &s, e);
    else
        rc = compare_maps(a, b, street, &s, e);
    if (rc == HB_OK)
        report(&s, out);
    return rc;
}
