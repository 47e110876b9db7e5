#include "solver/params.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define HOT_VISITS 75.0 /* visits of the hottest bucket in a round, see the header */
#define UNIT_MIN   (-15)
#define UNIT_MAX   14

static const char *const discount_names[] = {"none", "linear", "dcfr", "plus"};

const char *hb_discount_name(enum hb_discount d)
{
    return discount_names[d];
}

/* Chips that the largest delta can come to. A delta is v(a) - v(I), both from -loss to win. */
static int64_t widest_delta(const struct hb_rules *r)
{
    int64_t win = hb_rules_max_loss(r);
    int64_t loss = win / (r->n_players - 1); /* equal stacks: the winner takes it from each other */

    for (int i = 1; i < r->n_players; i++)
        if (r->stack[i] != r->stack[0])
            loss = win; /* never more than what the others put in */
    return win + loss;
}

int hb_params_unit(struct hb_params *p, const struct hb_rules *r, struct hb_err *e)
{
    int64_t width = widest_delta(r);
    int shift = UNIT_MAX;

    while (shift >= UNIT_MIN) {
        int64_t units = shift >= 0 ? width << shift : (width + (1 << -shift) - 1) >> -shift;

        if (units <= HB_DELTA_MAX) {
            p->unit_shift = shift;
            return HB_OK;
        }
        shift--;
    }
    return hb_fail(e, HB_ELIMIT,
                   "a hand can swing %lld chips, more than a delta record can hold; use a larger "
                   "smallest chip",
                   (long long)width);
}

uint32_t hb_params_round_cap(uint64_t hottest, uint64_t total)
{
    double cap = HOT_VISITS * (double)total / (double)(hottest > 0 ? hottest : 1);

    if (cap > HB_ROUND_MAX)
        return HB_ROUND_MAX;
    return cap < HB_ROUND_MIN ? HB_ROUND_MIN : (uint32_t)cap;
}

int hb_params_check(const struct hb_params *p, struct hb_err *e)
{
    if (p->discount > HB_DISCOUNT_PLUS)
        return hb_fail(e, HB_ECONFIG, "discount_mode: no such mode %d", (int)p->discount);
    if (p->discount_interval == 0)
        return hb_fail(e, HB_ECONFIG, "discount_interval: must be at least 1");
    if (p->round_cap < 1 || p->round_cap > HB_ROUND_MAX)
        return hb_fail(e, HB_ECONFIG, "round_size: %u is not from 1 to %d", p->round_cap,
                       HB_ROUND_MAX);
    if (p->pruning && p->pruning_threshold >= 0)
        return hb_fail(e, HB_ECONFIG, "pruning_threshold: must be negative");
    if (p->unit_shift < UNIT_MIN || p->unit_shift > UNIT_MAX)
        return hb_fail(e, HB_EFORMAT, "regret unit 2^%d is out of range", -p->unit_shift);
    return HB_OK;
}

void hb_params_encode(const struct hb_params *p, bool averages, struct hb_buf *out)
{
    hb_buf_u64(out, p->seed);
    hb_buf_u8(out, (uint8_t)p->discount);
    hb_buf_u32(out, p->discount_interval);
    hb_buf_u32(out, p->round_cap);
    hb_buf_u8(out, p->pruning);
    hb_buf_u64(out, p->pruning ? (uint64_t)p->pruning_threshold : 0);
    hb_buf_u32(out, p->pruning ? p->pruning_p32 : 0);
    hb_buf_i32(out, p->unit_shift);
    if (averages)
        hb_buf_u32(out, p->average_interval);
}

int hb_params_decode(struct hb_params *p, bool averages, struct hb_rd *rd, struct hb_err *e)
{
    p->seed = hb_rd_u64(rd);
    p->discount = (enum hb_discount)hb_rd_u8(rd);
    p->discount_interval = hb_rd_u32(rd);
    p->round_cap = hb_rd_u32(rd);
    p->pruning = hb_rd_u8(rd) != 0;
    p->pruning_threshold = (int64_t)hb_rd_u64(rd);
    p->pruning_p32 = hb_rd_u32(rd);
    p->unit_shift = hb_rd_i32(rd);
    p->average_interval = averages ? hb_rd_u32(rd) : 1;
    if (rd->bad)
        return hb_fail(e, HB_EFORMAT, "the solver keys are cut short");
    return hb_params_check(p, e);
}

/* Start small, grow by a quarter of what was done, stop at the cap. */
uint32_t hb_round_length(const struct hb_params *p, uint64_t first)
{
    uint64_t length = first / 4;

    if (length < HB_ROUND_MIN)
        length = HB_ROUND_MIN;
    return length < p->round_cap ? (uint32_t)length : p->round_cap;
}

/* First boundary from which every round has the cap's length, and its number. */
static uint64_t growth_end(const struct hb_params *p, uint64_t stop, uint64_t *number)
{
    uint64_t first = 0;

    *number = 0;
    while (first < stop && hb_round_length(p, first) < p->round_cap) {
        first += hb_round_length(p, first);
        ++*number;
    }
    return first;
}

uint64_t hb_round_number(const struct hb_params *p, uint64_t first)
{
    uint64_t number;
    uint64_t at = growth_end(p, first, &number);

    if (at > first || (first - at) % p->round_cap != 0)
        return UINT64_MAX;
    return number + (first - at) / p->round_cap;
}

uint64_t hb_round_boundary(const struct hb_params *p, uint64_t iteration)
{
    uint64_t number;
    uint64_t at = growth_end(p, iteration, &number);

    if (at >= iteration)
        return at;
    return at + (iteration - at + p->round_cap - 1) / p->round_cap * p->round_cap;
}

static double strategy_weight(enum hb_discount mode, uint32_t epoch)
{
    double t = (double)epoch + 1.0;

    switch (mode) {
    case HB_DISCOUNT_LINEAR:
    case HB_DISCOUNT_PLUS: return t;
    case HB_DISCOUNT_DCFR: return t * t; /* gamma = 2 */
    case HB_DISCOUNT_NONE: break;
    }
    return 1.0;
}

/* Chips to regret units, clamped to what an entry can hold. */
static int32_t units_clamped(const struct hb_params *p, double chips)
{
    double units = ldexp(chips, p->unit_shift);

    return units <= -(double)HB_ENTRY_MAX ? -HB_ENTRY_MAX : (int32_t)units;
}

int hb_round_at(const struct hb_params *p, uint64_t first, struct hb_round *out, struct hb_err *e)
{
    uint64_t generation = hb_round_number(p, first);
    uint64_t epoch = p->discount == HB_DISCOUNT_NONE ? 0 : first / p->discount_interval;

    if (generation == UINT64_MAX)
        return hb_fail(e, HB_EUSAGE,
                       "iteration %llu does not begin a round; the next that does is %llu",
                       (unsigned long long)first, (unsigned long long)hb_round_boundary(p, first));
    if (epoch > HB_EPOCH_MAX)
        return hb_fail(e, HB_ELIMIT, "more than %u discounts; use a larger discount_interval",
                       HB_EPOCH_MAX);
    out->generation = generation;
    out->first = first;
    out->length = hb_round_length(p, first);
    out->epoch = (uint32_t)epoch;
    out->weight = strategy_weight(p->discount, out->epoch);
    (void)frexp(out->weight, &out->weight_exp);
    out->weight_exp--; /* frexp gives [0.5, 1) */
    out->prune_below = INT32_MIN;
    out->regret_floor = -HB_ENTRY_MAX;
    if (p->pruning) {
        int32_t below = units_clamped(p, (double)p->pruning_threshold);

        /* The floor lies a thirtieth under the threshold (Pluribus: -310M and -300M), so that a
         * pruned action can come back. */
        if (below > -HB_ENTRY_MAX)
            out->prune_below = below;
        out->regret_floor = units_clamped(p, (double)p->pruning_threshold * (31.0 / 30.0));
    }
    return HB_OK;
}

float hb_round_strategy_unit(const struct hb_round *round, int row_exp)
{
    int exp = row_exp > round->weight_exp ? row_exp : round->weight_exp;

    return (float)ldexp(round->weight, HB_STRATEGY_SHIFT - exp);
}

int hb_discounts_init(struct hb_discounts *d, const struct hb_params *p, struct hb_err *e)
{
    d->mode = p->discount;
    d->product = NULL;
    d->n = 0;
    return hb_discounts_reach(d, 0, e);
}

int hb_discounts_reach(struct hb_discounts *d, uint32_t epoch, struct hb_err *e)
{
    uint32_t want = epoch + 1;
    int rc;

    if (d->mode != HB_DISCOUNT_DCFR || want <= d->n)
        return HB_OK;
    if (want < 2 * d->n)
        want = 2 * d->n;
    if ((rc = hb_mem_grow(&d->product, want, sizeof *d->product, "discount factors", e)) != HB_OK)
        return rc;
    for (uint32_t t = d->n; t < want; t++) {
        double x = (double)t * sqrt((double)t); /* t^1.5 */

        d->product[t] = t == 0 ? 1.0 : d->product[t - 1] * (x / (x + 1.0));
    }
    d->n = want;
    return HB_OK;
}

void hb_discounts_fini(struct hb_discounts *d)
{
    hb_mem_free(d->product);
    d->product = NULL;
    d->n = 0;
}

void hb_discounts_factor_dcfr(const struct hb_discounts *d, uint32_t from, uint32_t to,
                              double *positive, double *negative)
{
    uint64_t half_to_the =
        to - from < 64 ? (UINT64_C(1023) - (to - from)) << 52 : 0; /* a double's bits */

    *positive = d->product[to] / d->product[from];
    memcpy(negative, &half_to_the, sizeof half_to_the); /* beta = 0: halves */
}

/* ---- two runs ---- */

enum { KEY_TEXT = 32 };

static const char *const keys[] = {"discount_mode",      "discount_interval", "round_size",
                                   "average_interval",   "enable_pruning",    "pruning_threshold",
                                   "pruning_probability"};

/* The value of keys[i] as the configuration would have it. */
static void key_value(const struct hb_params *p, size_t i, char out[KEY_TEXT])
{
    switch (i) {
    case 0: (void)snprintf(out, KEY_TEXT, "%s", hb_discount_name(p->discount)); break;
    case 1: (void)snprintf(out, KEY_TEXT, "%u", p->discount_interval); break;
    case 2: (void)snprintf(out, KEY_TEXT, "%u", p->round_cap); break;
    case 3: (void)snprintf(out, KEY_TEXT, "%u", p->average_interval); break;
    case 4: (void)snprintf(out, KEY_TEXT, "%s", p->pruning ? "true" : "false"); break;
    case 5: (void)snprintf(out, KEY_TEXT, "%lld", (long long)p->pruning_threshold); break;
    default: (void)snprintf(out, KEY_TEXT, "%.10g", (double)p->pruning_p32 / 4294967296.0); break;
    }
}

int hb_params_match(const struct hb_params *a, const char *ours, const struct hb_params *b,
                    const char *theirs, struct hb_err *e)
{
    char va[KEY_TEXT];
    char vb[KEY_TEXT];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        key_value(a, i, va);
        key_value(b, i, vb);
        if (strcmp(va, vb) != 0)
            return hb_fail(e, HB_EIDENTITY, "%s has another %s: %s has %s, %s has %s", theirs,
                           keys[i], ours, va, theirs, vb);
    }
    return HB_OK;
}
