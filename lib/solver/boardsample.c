#include "solver/boardsample.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

enum { FEWEST = 4 }; /* boards of a stratum: two a half, for a variance each */

/* ---- drawing ---- */

uint8_t hb_boardsample_kind(uint64_t board)
{
    uint64_t suits = 0;
    int n_ranks = 0;

    for (; board != 0; board >>= HB_SUITS) { /* a rank, four bits */
        suits |= board & 15;
        n_ranks += (board & 15) != 0;
    }
    return (uint8_t)(n_ranks * (HB_SUITS + 1) + __builtin_popcountll(suits));
}

static bool comes_before(const struct hb_boardsample_board *a, const struct hb_boardsample_board *b)
{
    return a->weight != b->weight ? a->weight < b->weight : a->kind < b->kind;
}

static bool is_same(const struct hb_boardsample_board *a, const struct hb_boardsample_board *b)
{
    return a->weight == b->weight && a->kind == b->kind;
}

/* Strata in their order, with their numbers of boards. */
static uint32_t find_strata(const struct hb_boardsample_board *board, uint32_t n_boards,
                            struct hb_boardsample_stratum *out)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_boards; i++) {
        uint32_t at = 0;

        while (at < n && comes_before(&out[at].is, &board[i]))
            at++;
        if (at == n || !is_same(&out[at].is, &board[i])) {
            assert(n < HB_BOARDSAMPLE_STRATA_MAX);
            memmove(out + at + 1, out + at, (n++ - at) * sizeof *out);
            out[at] = (struct hb_boardsample_stratum){.is = board[i]};
        }
        out[at].n_boards++;
    }
    return n;
}

static uint32_t fewest(const struct hb_boardsample_stratum *s)
{
    return s->n_boards < FEWEST ? s->n_boards : FEWEST;
}

uint32_t hb_boardsample_least(const struct hb_boardsample_board *board, uint32_t n_boards)
{
    struct hb_boardsample_stratum s[HB_BOARDSAMPLE_STRATA_MAX];
    uint32_t n = find_strata(board, n_boards, s);
    uint32_t least = 0;

    for (uint32_t i = 0; i < n; i++)
        least += fewest(&s[i]);
    return least;
}

/* How many boards of each stratum. */
static void allot(struct hb_boardsample *s)
{
    uint32_t left = s->n_drawn;

    for (uint32_t i = 0; i < s->n_strata; i++)
        left -= s->stratum[i].n_drawn = fewest(&s->stratum[i]);
    for (; left > 0; left--) {
        struct hb_boardsample_stratum *best = NULL;
        double gain = -1;

        for (uint32_t i = 0; i < s->n_strata; i++) {
            struct hb_boardsample_stratum *x = &s->stratum[i];
            double deals = (double)x->is.weight * x->n_boards;
            double would = deals * deals / ((double)x->n_drawn * (x->n_drawn + 1.0));

            if (x->n_drawn < x->n_boards && would > gain) {
                gain = would;
                best = x;
            }
        }
        if (best == NULL)
            return; /* n_drawn <= n_boards: not met */
        best->n_drawn++;
    }
}

/* The drawn boards to the front, in random order. */
static void shuffle(uint32_t *order, uint32_t n, uint32_t n_drawn, uint64_t seed, uint32_t stratum)
{
    for (uint32_t i = 0; i < n_drawn; i++) {
        uint32_t bits[4];
        uint32_t j;
        uint32_t board = order[i];

        hb_rng_block(seed, i, stratum, HB_RNG_TOOL, 0, bits);
        j = i + hb_rng_below(bits[0], n - i);
        order[i] = order[j];
        order[j] = board;
    }
}

int hb_boardsample_draw(const struct hb_boardsample_board *board, uint32_t n_boards,
                        uint32_t n_drawn, uint64_t seed, struct hb_boardsample *out,
                        struct hb_err *e)
{
    struct hb_boardsample s = {.n_boards = n_boards, .n_drawn = n_drawn};
    uint32_t least = hb_boardsample_least(board, n_boards);
    uint32_t first = 0;
    int rc;

    if (n_drawn < least || n_drawn > n_boards)
        return hb_fail(e, HB_EUSAGE,
                       "a sample of %u boards: %u of the %u are the fewest, all of them the most",
                       n_drawn, least, n_boards);
    if ((rc = hb_mem_new(&s.order, n_boards, sizeof *s.order, "a sample of boards", e)) != HB_OK)
        return rc;
    s.n_strata = find_strata(board, n_boards, s.stratum);
    allot(&s);
    for (uint32_t k = 0; k < s.n_strata; k++) {
        struct hb_boardsample_stratum *x = &s.stratum[k];
        uint32_t n = first;

        x->first = first;
        x->n_half = x->n_drawn == x->n_boards ? x->n_drawn : (x->n_drawn + 1) / 2;
        for (uint32_t i = 0; i < n_boards; i++)
            if (is_same(&board[i], &x->is))
                s.order[n++] = i;
        shuffle(s.order + first, x->n_boards, x->n_drawn, seed, k);
        first = n;
    }
    *out = s;
    return HB_OK;
}

void hb_boardsample_fini(struct hb_boardsample *s)
{
    hb_mem_free(s->order);
    *s = (struct hb_boardsample){0};
}

/* ---- sums ---- */

/* z, and Fisher's expansion of t in 1/freedom, for 97.5 %; from 4 on it is right to 0.01. */
double hb_boardsample_t(double freedom)
{
    static const double few[] = {12.7062, 12.7062, 4.3027, 3.1824};
    const double z = 1.959963984540054;
    double z3 = z * z * z;
    double z5 = z3 * z * z;

    if (!(freedom >= 1))
        return few[0];
    if (freedom < 4)
        return few[(int)freedom]; /* rounded down: wider */
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z5 * z * z + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/* Sums over strata that are estimated. */
struct spread {
    double total;
    double variance;
    double squares; /* of variances, each over its degrees of freedom */
};

/* n of `of` boards were drawn: order[0..n). */
static void add_sample(struct spread *t, const uint32_t *order, uint32_t n, uint32_t of,
                       const double *y)
{
    double sum = 0;
    double squares = 0;
    double variance;
    double mean;

    if (n == 0)
        return; /* and of == 0 */
    for (uint32_t i = 0; i < n; i++)
        sum += y[order[i]];
    mean = sum / n;
    t->total += of == n ? sum : of * mean;
    if (of == n || n < 2)
        return;
    for (uint32_t i = 0; i < n; i++)
        squares += (y[order[i]] - mean) * (y[order[i]] - mean);
    variance = (double)of * (of - n) * squares / (n - 1.0) / n;
    t->variance += variance;
    t->squares += variance * variance / (n - 1.0);
}

static struct hb_boardsample_sum finish(const struct spread *t)
{
    struct hb_boardsample_sum s = {.total = t->total};

    if (t->variance > 0) {
        s.error = sqrt(t->variance);
        s.t = hb_boardsample_t(t->variance * t->variance / t->squares);
    }
    return s;
}

struct hb_boardsample_sum hb_boardsample_all(const struct hb_boardsample *s, const double *y)
{
    struct spread t = {0};

    for (uint32_t k = 0; k < s->n_strata; k++) {
        const struct hb_boardsample_stratum *x = &s->stratum[k];

        add_sample(&t, s->order + x->first, x->n_drawn, x->n_boards, y);
    }
    return finish(&t);
}

/* The boards of a half of a stratum. */
static const uint32_t *half_of(const struct hb_boardsample *s,
                               const struct hb_boardsample_stratum *x, int half, uint32_t *n)
{
    bool whole = x->n_half == x->n_drawn;

    *n = whole || half == 0 ? x->n_half : x->n_drawn - x->n_half;
    return s->order + x->first + (whole || half == 0 ? 0 : x->n_half);
}

struct hb_boardsample_sum hb_boardsample_rest(const struct hb_boardsample *s, int half,
                                              const double *y)
{
    struct spread t = {0};

    for (uint32_t k = 0; k < s->n_strata; k++) {
        const struct hb_boardsample_stratum *x = &s->stratum[k];
        uint32_t n_known;
        uint32_t n;
        const uint32_t *known = half_of(s, x, half, &n_known);
        const uint32_t *other = half_of(s, x, 1 - half, &n);

        for (uint32_t i = 0; i < n_known; i++)
            t.total += y[known[i]];
        if (known != other)
            add_sample(&t, other, n, x->n_boards - n_known, y);
    }
    return finish(&t);
}

/* ---- the bracket ---- */

struct fit {
    const struct hb_boardsample *sample;
    struct hb_public_root *root;
    const double *const *result;
    size_t len;
    double *sum;    /* [len] */
    uint8_t *plays; /* [len] */
    double *y;      /* [3][n_boards] of seat 0, seat 1, both */
    double constant[2];
    double error; /* of sums over the sample, times t: the largest of all fits so far */
};

/* What the responders' play gets of values at the entries, by seat. */
static void add_played(const struct fit *f, const double *value, double sum[2])
{
    uint32_t n_classes = hb_public_root_classes(f->root);

    for (size_t from = 0; from < f->len; from += n_classes)
        for (size_t j = from; j < from + n_classes; j++)
            if (f->plays[j])
                sum[from / n_classes % 2] += value[j];
}

/* Fit responders to some boards of each stratum, as if the others were like them. half: 0 A, 1 B,
 * 2 all. Then what the boards of the sample add for each of them. */
static void fit(struct fit *f, int half)
{
    const struct hb_boardsample *s = f->sample;
    uint32_t n_boards = s->n_boards;
    const double *base = hb_public_root_base(f->root) + 1;
    double best[2];
    double known[2] = {0, 0};
    double constant[2] = {0, 0};

    memcpy(f->sum, base, f->len * sizeof *f->sum);
    for (uint32_t k = 0; k < s->n_strata; k++) {
        const struct hb_boardsample_stratum *x = &s->stratum[k];
        uint32_t n = x->n_drawn;
        const uint32_t *board = half == 2 ? s->order + x->first : half_of(s, x, half, &n);
        double scale = (double)x->n_boards / n;

        for (uint32_t i = 0; i < n; i++)
            for (size_t j = 0; j < f->len; j++)
                f->sum[j] += scale * f->result[board[i]][1 + j];
    }
    hb_public_root_respond(f->root, f->sum, f->plays, best);
    add_played(f, f->sum, known);
    add_played(f, base, constant);
    for (int seat = 0; seat < 2; seat++)
        f->constant[seat] = best[seat] - known[seat] + constant[seat];
    for (uint32_t k = 0; k < s->n_strata; k++)
        for (uint32_t i = 0; i < s->stratum[k].n_drawn; i++) {
            uint32_t b = s->order[s->stratum[k].first + i];
            double part[2] = {0, 0};

            add_played(f, f->result[b] + 1, part);
            f->y[b] = part[0];
            f->y[n_boards + b] = part[1];
            f->y[2 * n_boards + b] = part[0] + part[1];
        }
}

static double *y_of(const struct fit *f, int which)
{
    return f->y + (size_t)which * f->sample->n_boards;
}

static struct hb_boardsample_sum in_sample(struct fit *f)
{
    struct hb_boardsample_sum both = hb_boardsample_all(f->sample, y_of(f, 2));

    if (both.t * both.error > f->error)
        f->error = both.t * both.error;
    return both;
}

/* Fit on each half, score on the other. */
static void find_lower(struct fit *f, double deals, struct hb_bracket *out)
{
    double margin = 0;

    for (int half = 0; half < 2; half++) {
        struct hb_boardsample_sum both;

        fit(f, half);
        (void)in_sample(f); /* its error alone is of interest */
        both = hb_boardsample_rest(f->sample, half, y_of(f, 2));
        for (int seat = 0; seat < 2; seat++)
            out->lower[seat] +=
                (f->constant[seat] + hb_boardsample_rest(f->sample, half, y_of(f, seat)).total) /
                (2 * deals);
        out->exploit_lower += (f->constant[0] + f->constant[1] + both.total) / (4 * deals);
        margin += both.t * both.error / (4 * deals); /* of a mean: at most the mean of the errors */
    }
    out->bracket[0] = out->exploit_lower - margin;
    if (out->bracket[0] < 0)
        out->bracket[0] = 0; /* nothing is less exploitable */
}

static void find_upper(struct fit *f, double deals, struct hb_bracket *out)
{
    struct hb_boardsample_sum both;

    fit(f, 2);
    both = in_sample(f);
    for (int seat = 0; seat < 2; seat++)
        out->upper[seat] =
            (f->constant[seat] + hb_boardsample_all(f->sample, y_of(f, seat)).total) / deals;
    out->exploit_upper = (f->constant[0] + f->constant[1] + both.total) / (2 * deals);
    out->bracket[1] = out->exploit_upper + f->error / (2 * deals);
}

static void find_value(struct fit *f, double deals, struct hb_bracket *out)
{
    struct hb_boardsample_sum v;

    for (uint32_t k = 0; k < f->sample->n_strata; k++)
        for (uint32_t i = 0; i < f->sample->stratum[k].n_drawn; i++) {
            uint32_t b = f->sample->order[f->sample->stratum[k].first + i];

            f->y[b] = f->result[b][0];
        }
    v = hb_boardsample_all(f->sample, f->y);
    out->value[0] =
        (hb_public_root_value(f->root) + hb_public_root_base(f->root)[0] + v.total) / deals;
    out->value[1] = -out->value[0];
    out->value_margin = v.t * v.error / deals;
}

int hb_boardsample_bracket(const struct hb_boardsample *s, struct hb_public_root *r, double deals,
                           const double *const *result, struct hb_bracket *out, struct hb_err *e)
{
    struct fit f = {.sample = s, .root = r, .result = result, .len = hb_public_root_len(r)};
    int rc;

    if ((rc = hb_mem_new(&f.sum, f.len, sizeof *f.sum, "sums", e)) == HB_OK &&
        (rc = hb_mem_new(&f.plays, f.len, 1, "responders", e)) == HB_OK &&
        (rc = hb_mem_new(&f.y, 3 * (size_t)s->n_boards, sizeof *f.y, "boards", e)) == HB_OK) {
        *out = (struct hb_bracket){.n_boards = s->n_boards, .n_drawn = s->n_drawn};
        find_value(&f, deals, out);
        find_lower(&f, deals, out);
        find_upper(&f, deals, out);
    }
    hb_mem_free(f.sum);
    hb_mem_free(f.plays);
    hb_mem_free(f.y);
    return rc;
}
