#include "abstraction/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/mem.h"
#include "cards/equity.h"
#include "cards/tally.h"

#define BATCH       4096u
#define HANDS_MAX   1326u /* of a board */
#define BINS        HB_QUALITY_BINS
#define WEIGHT_MAX  24u /* renamings of four suits */
#define TELL_BOARDS 64u

/* ---- sizes ---- */

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Adds the weights of all hands to those of their buckets. */
static void weigh(const struct hb_buckets *b, int street, uint64_t *mass)
{
    const struct hb_buckets_street *st = &b->street[street];
    uint32_t weight[BATCH];

    for (uint64_t at = 0; at < st->n_hands; at += BATCH) {
        uint64_t n = st->n_hands - at < BATCH ? st->n_hands - at : BATCH;

        hb_weights(b->iso[st->sense], st->sense, street, at, n, weight);
        for (uint64_t i = 0; i < n; i++)
            mass[hb_buckets_at(b, street, at + i)] += weight[i];
    }
}

/* Sizes in rising order, `times` of each; where every hand is a bucket there are few different ones. */
struct ranks {
    uint64_t *size, *times;
    uint64_t n, n_buckets;
};

static uint64_t size_at(const struct ranks *r, uint64_t rank)
{
    uint64_t i = 0;

    while (rank >= r->times[i])
        rank -= r->times[i++];
    return r->size[i];
}

static void describe(const struct ranks *r, double total, struct hb_sizes *out)
{
    const double mean = total / (double)r->n_buckets;
    double squares = 0;

    *out =
        (struct hb_sizes){.least = (double)size_at(r, 0) / total,
                          .quarter = (double)size_at(r, (r->n_buckets - 1) / 4) / total,
                          .median = (double)size_at(r, (r->n_buckets - 1) / 2) / total,
                          .three_quarters = (double)size_at(r, 3 * (r->n_buckets - 1) / 4) / total,
                          .most = (double)size_at(r, r->n_buckets - 1) / total};
    for (uint64_t i = 0; i < r->n; i++) {
        double d = (double)r->size[i] - mean;

        out->n_empty += r->size[i] == 0 ? (uint32_t)r->times[i] : 0;
        squares += (double)r->times[i] * d * d;
    }
    out->deviation = sqrt(squares / (double)r->n_buckets) / mean;
}

/* Every hand a bucket: how many have each weight. */
static void rank_identity(const struct hb_buckets *b, int street, struct ranks *r)
{
    const struct hb_buckets_street *st = &b->street[street];
    uint32_t weight[BATCH];

    r->n = WEIGHT_MAX + 1;
    for (uint64_t i = 0; i < r->n; i++)
        r->size[i] = i;
    for (uint64_t at = 0; at < st->n_hands; at += BATCH) {
        uint64_t n = st->n_hands - at < BATCH ? st->n_hands - at : BATCH;

        hb_weights(b->iso[st->sense], st->sense, street, at, n, weight);
        for (uint64_t i = 0; i < n; i++)
            r->times[weight[i]]++;
    }
}

int hb_sizes_of(const struct hb_buckets *b, int street, struct hb_sizes *out, struct hb_err *e)
{
    const struct hb_buckets_street *st = &b->street[street];
    bool identity = st->kind == HB_BUCKETS_IDENTITY;
    struct ranks r = {.n = st->n_buckets, .n_buckets = st->n_buckets};
    uint64_t n = identity ? WEIGHT_MAX + 1 : st->n_buckets;
    int rc;

    if ((rc = hb_mem_new(&r.size, n, sizeof *r.size, "sizes", e)) == HB_OK &&
        (rc = hb_mem_new(&r.times, n, sizeof *r.times, "sizes", e)) == HB_OK) {
        if (identity) {
            rank_identity(b, street, &r);
        } else {
            weigh(b, street, r.size);
            qsort(r.size, n, sizeof *r.size, by_size);
            for (uint64_t i = 0; i < n; i++)
                r.times[i] = 1;
        }
        describe(&r, (double)st->total, out);
    }
    hb_mem_free(r.size);
    hb_mem_free(r.times);
    return rc;
}

/* ---- measures ---- */

/* A file's buckets, or all hands as one bucket. */
struct side {
    const struct hb_buckets *b; /* NULL: one bucket */
    bool skip;                  /* every hand a bucket: no distance from itself */
    uint32_t n_buckets;
    uint32_t n_numbers; /* of a bucket's sums */
    /* sum [n_buckets][n_numbers]: weights of each outcome, then, for histograms, the cumulative mean
     * of run-outs.
     * Doubles hold these sums exactly: they are below 2^53. */
    double *sum, *mass, *equity;
    double distance, squares; /* weighted sums over all hands */
};

struct work {
    struct side *side;
    int n_sides, street, last;
    const struct hb_iso *iso;
    const struct hb_equity *equity; /* of the street, unless it is the last */
    uint8_t *label;
    uint32_t *count; /* [HANDS_MAX][BINS] of the board at hand */
    double run_outs, total;
    void (*tell)(void *ctx, double done);
    void *ctx;
};

static uint32_t bucket_of(const struct side *s, int street, uint64_t hand)
{
    return s->b == NULL ? 0 : hb_buckets_at(s->b, street, hand);
}

static int side_init(struct side *s, const struct hb_buckets *b, int street, uint32_t n_numbers,
                     struct hb_err *e)
{
    int rc;

    *s = (struct side){.b = b, .n_buckets = 1, .n_numbers = n_numbers};
    if (b != NULL && !hb_quality_can(b, street))
        return hb_fail(e, HB_EUSAGE, "'%s' has no %s buckets over hands with the board as one set",
                       b->path, hb_street_name(street));
    if (b != NULL)
        s->n_buckets = b->street[street].n_buckets;
    s->skip = b != NULL && b->street[street].kind == HB_BUCKETS_IDENTITY;
    if (s->skip)
        return HB_OK;
    if ((uint64_t)s->n_buckets * n_numbers > HB_QUALITY_BYTES / sizeof(double))
        return hb_fail(e, HB_ELIMIT, "'%s': %u %s buckets are too many to measure", b->path,
                       (unsigned)s->n_buckets, hb_street_name(street));
    if ((rc = hb_mem_new(&s->sum, (size_t)s->n_buckets * n_numbers, sizeof *s->sum, "buckets",
                         e)) != HB_OK ||
        (rc = hb_mem_new(&s->mass, s->n_buckets, sizeof *s->mass, "buckets", e)) != HB_OK)
        return rc;
    return hb_mem_new(&s->equity, s->n_buckets, sizeof *s->equity, "buckets", e);
}

static void side_fini(struct side *s)
{
    hb_mem_free(s->sum);
    hb_mem_free(s->mass);
    hb_mem_free(s->equity);
}

/* ---- the last street: numbers ---- */

static int score_boards(struct work *w, uint32_t most, struct hb_err *e)
{
    uint32_t n_boards = hb_iso_boards(w->iso, w->street);
    uint16_t score[HANDS_MAX];
    uint32_t weight[HANDS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    int rc;

    for (uint32_t board = 0; board < n_boards; board++) {
        uint32_t board_weight;
        uint32_t n_hands;
        uint64_t first;

        hb_iso_board(w->iso, w->street, board, cards, &board_weight, &first, &n_hands);
        hb_weights(w->iso, HB_ISO_SET, w->street, first, n_hands, weight);
        if ((rc = hb_equity_final(w->iso, board, 1, score, e)) != HB_OK)
            return rc;
        for (int i = 0; i < w->n_sides; i++) {
            struct side *s = &w->side[i];

            for (uint32_t h = 0; h < n_hands && !s->skip; h++)
                s->sum[(size_t)bucket_of(s, w->street, first + h) * (most + 1) + score[h]] +=
                    weight[h];
        }
        if (w->tell != NULL && board % (16 * TELL_BOARDS) == 0)
            w->tell(w->ctx, (double)board / n_boards);
    }
    return HB_OK;
}

/* From how many hands of each bucket have each score: sum of squared differences to the mean, and
 * of mean differences between two hands. */
static void measure_scores(struct side *s, uint32_t most)
{
    for (uint32_t b = 0; b < s->n_buckets && !s->skip; b++) {
        const double *count = s->sum + (size_t)b * (most + 1);
        double mass = 0;
        double mean = 0;
        double below = 0; /* hands with a lower score … */
        double way = 0;   /* … and the sum of their differences to this one */
        double pairs = 0;

        for (uint32_t x = 0; x <= most; x++) {
            mass += count[x];
            mean += count[x] * x;
        }
        if (mass == 0)
            continue;
        mean /= mass;
        for (uint32_t x = 0; x <= most; x++) {
            double d = (x - mean) / most;

            way += below;
            pairs += 2 * count[x] * way;
            below += count[x];
            s->squares += count[x] * d * d;
        }
        s->distance += pairs / mass / most;
    }
}

/* ---- earlier streets: histograms ---- */

int hb_quality_labels(const struct hb_iso *iso, uint8_t *label, struct hb_err *e)
{
    const struct hb_deck *deck = hb_iso_deck(iso);
    int last = deck->n_streets - 1;
    uint32_t n_boards = hb_iso_boards(iso, last);
    uint16_t score[HANDS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    uint64_t m;
    uint64_t r;
    int rc;

    hb_equity_scale(deck, last, &m, &r);
    for (uint32_t board = 0; board < n_boards; board++) {
        uint32_t weight;
        uint32_t n_hands;
        uint64_t first;

        hb_iso_board(iso, last, board, cards, &weight, &first, &n_hands);
        if ((rc = hb_equity_final(iso, board, 1, score, e)) != HB_OK)
            return rc;
        for (uint32_t h = 0; h < n_hands; h++)
            label[first + h] = (uint8_t)hb_quality_bin(score[h], (uint32_t)(2 * m));
    }
    return HB_OK;
}

/* Hands of a board into the sums of their buckets. */
static void add_hands(const struct work *w, struct side *s, uint64_t first, uint32_t n_hands,
                      const uint32_t *weight)
{
    for (uint32_t h = 0; h < n_hands; h++) {
        uint32_t bucket = bucket_of(s, w->street, first + h);
        double *sum = s->sum + (size_t)bucket * BINS;
        const uint32_t *count = w->count + (size_t)h * BINS;

        s->mass[bucket] += weight[h];
        s->equity[bucket] += weight[h] * hb_equity_mean(w->equity, w->street, first + h, 1);
        for (uint32_t i = 0; i < BINS; i++)
            sum[i] += (double)weight[h] * count[i];
    }
}

/* Sums into cumulative mean histograms and mean equities. */
static void finish_means(struct side *s)
{
    for (uint32_t b = 0; b < s->n_buckets; b++) {
        double *sum = s->sum + (size_t)b * BINS;
        double upto = 0;

        if (s->mass[b] == 0)
            continue;
        s->equity[b] /= s->mass[b];
        for (uint32_t i = 0; i < BINS; i++) {
            upto += sum[i];
            sum[i] = upto / s->mass[b];
        }
    }
}

/* What the hands of a board add to the measures. */
static void measure_hands(const struct work *w, struct side *s, uint64_t first, uint32_t n_hands,
                          const uint32_t *weight)
{
    for (uint32_t h = 0; h < n_hands; h++) {
        uint32_t bucket = bucket_of(s, w->street, first + h);
        const double *mean = s->sum + (size_t)bucket * BINS;
        const uint32_t *count = w->count + (size_t)h * BINS;
        double d = hb_equity_mean(w->equity, w->street, first + h, 1) - s->equity[bucket];
        double way = 0;
        uint32_t upto = 0;

        for (uint32_t i = 0; i < BINS; i++) {
            upto += count[i];
            way += fabs(upto - mean[i]);
        }
        s->squares += weight[h] * d * d;
        s->distance += weight[h] * way / (BINS * w->run_outs);
    }
}

static int tally_boards(struct work *w, int pass, struct hb_err *e)
{
    const struct hb_labels labels = {w->label, 1, BINS};
    uint32_t n_boards = hb_iso_boards(w->iso, w->street);
    uint32_t weight[HANDS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    int rc;

    for (uint32_t board = 0; board < n_boards; board++) {
        uint32_t board_weight;
        uint32_t n_hands;
        uint64_t first;

        hb_iso_board(w->iso, w->street, board, cards, &board_weight, &first, &n_hands);
        hb_weights(w->iso, HB_ISO_SET, w->street, first, n_hands, weight);
        if ((rc = hb_tally(w->iso, w->street, board, w->last, &labels, w->count, 4, e)) != HB_OK)
            return rc;
        for (int i = 0; i < w->n_sides; i++) {
            if (w->side[i].skip)
                continue;
            if (pass == 0)
                add_hands(w, &w->side[i], first, n_hands, weight);
            else
                measure_hands(w, &w->side[i], first, n_hands, weight);
        }
        if (w->tell != NULL && board % TELL_BOARDS == 0)
            w->tell(w->ctx, (pass + (double)board / n_boards) / 2);
    }
    return HB_OK;
}

static int measure_histograms(struct work *w, struct hb_err *e)
{
    struct hb_equity *equity = NULL;
    int rc;

    if ((rc = hb_mem_new(&w->label, hb_iso_size(w->iso, w->last), 1, "labels", e)) == HB_OK &&
        (rc = hb_mem_new(&w->count, (size_t)HANDS_MAX * BINS, sizeof *w->count, "histograms", e)) ==
            HB_OK &&
        (rc = hb_quality_labels(w->iso, w->label, e)) == HB_OK &&
        (rc = hb_equity_new(w->iso, 1u << w->street, &equity, e)) == HB_OK) {
        w->equity = equity;
        rc = tally_boards(w, 0, e);
        for (int i = 0; rc == HB_OK && i < w->n_sides; i++)
            if (!w->side[i].skip)
                finish_means(&w->side[i]);
        if (rc == HB_OK)
            rc = tally_boards(w, 1, e);
    }
    hb_equity_free(equity);
    hb_mem_free(w->label);
    hb_mem_free(w->count);
    return rc;
}

/* ---- all of it ---- */

bool hb_quality_can(const struct hb_buckets *b, int street)
{
    const struct hb_buckets_street *st = &b->street[street];

    return st->kind == HB_BUCKETS_IDENTITY ||
           (st->kind != HB_BUCKETS_NONE && st->sense == HB_ISO_SET);
}

static int measure(struct work *w, uint32_t most, struct hb_err *e)
{
    int rc;

    if (w->street < w->last)
        return measure_histograms(w, e);
    rc = score_boards(w, most, e);
    for (int i = 0; rc == HB_OK && i < w->n_sides; i++)
        measure_scores(&w->side[i], most);
    return rc;
}

int hb_quality_of(const struct hb_buckets *const *b, int n, int street, struct hb_quality *out,
                  struct hb_quality *whole, void (*tell)(void *ctx, double done), void *ctx,
                  struct hb_err *e)
{
    const struct hb_deck *deck = &b[0]->deck;
    struct work w = {.n_sides = n + (whole != NULL), .street = street, .tell = tell, .ctx = ctx};
    struct hb_iso *iso = NULL;
    uint64_t m;
    uint64_t r;
    int rc;

    w.last = deck->n_streets - 1;
    w.total = (double)hb_weights_total(deck, HB_ISO_SET, street);
    w.run_outs = (double)hb_tally_run_outs(deck, street, w.last);
    hb_equity_scale(deck, street, &m, &r);
    if ((rc = hb_mem_new(&w.side, (size_t)w.n_sides, sizeof *w.side, "files", e)) != HB_OK)
        return rc;
    rc = hb_iso_new(deck, HB_ISO_SET, &iso, e);
    w.iso = iso;
    for (int i = 0; rc == HB_OK && i < w.n_sides; i++)
        rc = side_init(&w.side[i], i < n ? b[i] : NULL, street,
                       street == w.last ? (uint32_t)(2 * m + 1) : BINS, e);
    if (rc == HB_OK)
        rc = measure(&w, (uint32_t)(2 * m), e);
    for (int i = 0; i < w.n_sides; i++) {
        struct hb_quality q = {sqrt(w.side[i].squares / w.total), w.side[i].distance / w.total};

        if (rc == HB_OK)
            *(i < n ? &out[i] : whole) = q;
        side_fini(&w.side[i]);
    }
    hb_mem_free(w.side);
    hb_iso_free(iso);
    return rc;
}
