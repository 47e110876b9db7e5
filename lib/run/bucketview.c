#include "run/bucketview.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cards/equity.h"
#include "cards/tally.h"

#define BINS        HB_QUALITY_BINS
#define HANDS_MAX   1326u /* of a board */
#define TELL_BOARDS 64u
#define BAR         (BINS / 2) /* characters of a histogram */

/* ---- which hands ---- */

struct choice {
    uint64_t *target; /* [n] the mass before the hands wanted, rising */
    uint32_t n;
};

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Where in a mass to look: `samples` places drawn evenly. */
static void draw(struct choice *c, uint32_t samples, uint64_t mass, uint64_t seed)
{
    for (uint32_t i = 0; i < samples; i++) {
        uint32_t r[4];

        hb_rng_block(seed, i, 0, HB_RNG_TOOL, 0, r);
        c->target[i] = ((uint64_t)r[0] << 32 | r[1]) % mass; /* a mass is far below 2^64 */
    }
    c->n = samples;
    qsort(c->target, c->n, sizeof *c->target, by_value);
}

/* ---- what is measured ---- */

struct work {
    struct hb_bucketview *v;
    const struct hb_iso *iso;
    const struct hb_equity *equity;
    uint8_t *label; /* bins of the last street's hands */
    uint32_t *count;
    double run_outs;
    int last;
    uint64_t mass; /* of the bucket's hands so far */
    struct choice choice;
    uint32_t chosen; /* targets met so far */
    double squares;
    bool measure; /* else only weigh */
    bool all;     /* take every hand */
};

/* The hands of a board that are in the bucket. */
static bool has_hands(const struct hb_bucketview *v, uint64_t first, uint32_t n_hands)
{
    for (uint32_t h = 0; h < n_hands; h++)
        if (hb_buckets_at(v->b, v->street, first + h) == v->bucket)
            return true;
    return false;
}

static void take_hand(struct work *w, uint64_t hand, const uint32_t *count, double equity)
{
    struct hb_bucketview_hand *x = &w->v->hand[w->v->n++];
    const struct hb_deck *deck = &w->v->b->deck;
    int n_board = deck->n_board[w->v->street];
    uint8_t cards[HB_HAND_MAX];
    char *end;

    hb_iso_cards(w->iso, w->v->street, hand, cards);
    x->hand = hand;
    x->equity = equity;
    hb_cards_format(cards, deck->n_hole, x->text);
    end = x->text + strlen(x->text);
    if (n_board > 0) {
        *end++ = '/';
        hb_cards_format(cards + deck->n_hole, n_board, end);
    }
    for (uint32_t i = 0; i < BINS; i++)
        x->histogram[i] = count[i] / w->run_outs;
}

/* Whether one of the targets lies within [mass, mass + weight). */
static bool is_chosen(struct work *w, uint32_t weight)
{
    bool yes = w->all;

    while (w->chosen < w->choice.n && w->choice.target[w->chosen] < w->mass + weight) {
        yes = true;
        w->chosen++;
    }
    return yes;
}

static void look_at_hand(struct work *w, uint64_t hand, const uint32_t *count, uint32_t weight)
{
    struct hb_bucketview *v = w->v;
    double equity = hb_equity_mean(w->equity, v->street, hand, 1);

    if (is_chosen(w, weight))
        take_hand(w, hand, count, equity);
    v->equity += weight * equity;
    w->squares += weight * equity * equity;
    for (uint32_t i = 0; i < BINS; i++)
        v->mean[i] += (double)weight * count[i];
}

static int look_at_board(struct work *w, uint32_t board, struct hb_err *e)
{
    const struct hb_labels labels = {w->label, 1, BINS};
    struct hb_bucketview *v = w->v;
    uint32_t weight[HANDS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    uint32_t board_weight;
    uint32_t n_hands;
    uint64_t first;
    int rc;

    hb_iso_board(w->iso, v->street, board, cards, &board_weight, &first, &n_hands);
    if (!has_hands(v, first, n_hands))
        return HB_OK;
    if (w->measure &&
        (rc = hb_tally(w->iso, v->street, board, w->last, &labels, w->count, 4, e)) != HB_OK)
        return rc;
    hb_weights(w->iso, HB_ISO_SET, v->street, first, n_hands, weight);
    for (uint32_t h = 0; h < n_hands; h++) {
        if (hb_buckets_at(v->b, v->street, first + h) != v->bucket)
            continue;
        if (w->measure)
            look_at_hand(w, first + h, w->count + (size_t)h * BINS, weight[h]);
        else
            v->n_hands++;
        w->mass += weight[h];
    }
    return HB_OK;
}

static int look_at_boards(struct work *w, void (*tell)(void *ctx, double done), void *ctx,
                          struct hb_err *e)
{
    uint32_t n_boards = hb_iso_boards(w->iso, w->v->street);
    int rc = HB_OK;

    w->mass = 0;
    for (uint32_t board = 0; rc == HB_OK && board < n_boards; board++) {
        rc = look_at_board(w, board, e);
        if (tell != NULL && w->measure && board % TELL_BOARDS == 0)
            tell(ctx, (double)board / n_boards);
    }
    return rc;
}

static int by_strength(const void *a, const void *b)
{
    const struct hb_bucketview_hand *x = a;
    const struct hb_bucketview_hand *y = b;

    if (x->equity != y->equity)
        return x->equity > y->equity ? -1 : 1;
    return (x->hand > y->hand) - (x->hand < y->hand);
}

static void finish(struct work *w)
{
    struct hb_bucketview *v = w->v;
    double mass = (double)w->mass;
    double variance;

    v->share = mass / (double)v->b->street[v->street].total;
    if (w->mass == 0)
        return; /* an empty bucket has no mean */
    v->equity /= mass;
    variance = w->squares / mass - v->equity * v->equity;
    v->deviation = variance > 0 ? sqrt(variance) : 0;
    for (uint32_t i = 0; i < BINS; i++)
        v->mean[i] /= mass * w->run_outs;
    qsort(v->hand, v->n, sizeof *v->hand, by_strength);
}

static int measure(struct work *w, uint32_t samples, uint64_t seed,
                   void (*tell)(void *ctx, double done), void *ctx, struct hb_err *e)
{
    struct hb_equity *equity = NULL;
    int rc;

    if ((rc = look_at_boards(w, NULL, NULL, e)) != HB_OK)
        return rc;
    w->all = w->v->n_hands <= samples;
    if ((rc = hb_mem_new(&w->v->hand, samples, sizeof *w->v->hand, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&w->choice.target, samples, sizeof(uint64_t), "a choice", e)) != HB_OK ||
        (rc = hb_mem_new(&w->label, hb_iso_size(w->iso, w->last), 1, "labels", e)) != HB_OK ||
        (rc = hb_mem_new(&w->count, (size_t)HANDS_MAX * BINS, sizeof *w->count, "histograms", e)) !=
            HB_OK ||
        (rc = hb_quality_labels(w->iso, w->label, e)) != HB_OK ||
        (rc = hb_equity_new(w->iso, 1u << w->v->street, &equity, e)) != HB_OK)
        return rc;
    if (!w->all)
        draw(&w->choice, samples, w->mass, seed);
    w->equity = equity;
    w->measure = true;
    if ((rc = look_at_boards(w, tell, ctx, e)) == HB_OK)
        finish(w);
    hb_equity_free(equity);
    return rc;
}

int hb_bucketview_new(const struct hb_buckets *b, int street, uint32_t bucket, uint32_t samples,
                      uint64_t seed, void (*tell)(void *ctx, double done), void *ctx,
                      struct hb_bucketview *out, struct hb_err *e)
{
    const struct hb_buckets_street *st = &b->street[street];
    struct work w = {.v = out, .iso = b->iso[HB_ISO_SET], .last = b->deck.n_streets - 1};
    int rc;

    if (st->kind == HB_BUCKETS_NONE || bucket >= st->n_buckets)
        return hb_fail(e, HB_EUSAGE, "'%s' has %u buckets on the %s; there is no number %u",
                       b->path, (unsigned)st->n_buckets, hb_street_name(street), (unsigned)bucket);
    if (st->sense == HB_ISO_ROUNDS)
        return hb_fail(e, HB_EUSAGE,
                       "'%s' keeps rounds apart on the %s: histograms go by the board"
                       " as one set",
                       b->path, hb_street_name(street));
    *out = (struct hb_bucketview){.b = b, .street = street, .bucket = bucket};
    w.run_outs = (double)hb_tally_run_outs(&b->deck, street, w.last);
    rc = measure(&w, samples, seed, tell, ctx, e);
    hb_mem_free(w.choice.target);
    hb_mem_free(w.label);
    hb_mem_free(w.count);
    if (rc != HB_OK)
        hb_bucketview_fini(out);
    return rc;
}

void hb_bucketview_fini(struct hb_bucketview *v)
{
    hb_mem_free(v->hand);
    *v = (struct hb_bucketview){0};
}

/* ---- text ---- */

/* A bar of two bins a character, in eighths of `most`. */
static void put_bars(const double *histogram, double most, struct hb_buf *out)
{
    static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

    for (uint32_t i = 0; i < BAR; i++) {
        double x = histogram[2 * i] + histogram[2 * i + 1];
        int level = (int)(8 * x / most + 0.5);

        level = level == 0 && x > 0 ? 1 : level; /* what is there is seen */
        hb_buf_printf(out, "%s", eighths[level > 8 ? 8 : level]);
    }
}

/* The highest two bins together: full height, for all alike. */
static double highest(const struct hb_bucketview *v)
{
    double most = 0;

    for (uint32_t h = 0; h <= v->n; h++)
        for (uint32_t i = 0; i < BAR; i++) {
            const double *x = h < v->n ? v->hand[h].histogram : v->mean;

            most = x[2 * i] + x[2 * i + 1] > most ? x[2 * i] + x[2 * i + 1] : most;
        }
    return most > 0 ? most : 1;
}

void hb_bucketview_text(const struct hb_bucketview *v, struct hb_buf *out)
{
    const struct hb_buckets_street *st = &v->b->street[v->street];
    double most = highest(v);

    hb_buf_printf(out, "%s bucket %u of %u (%s%s%s)\n", hb_street_name(v->street),
                  (unsigned)v->bucket, (unsigned)st->n_buckets, st->plugin,
                  st->args[0] != '\0' ? " " : "", st->args);
    hb_buf_printf(out, "%" PRIu64 " canonical hands, %.3g %% of all; equity %.4f +- %.4f\n\n",
                  v->n_hands, 100 * v->share, v->equity, v->deviation);
    if (v->n_hands == 0)
        return;
    hb_buf_printf(out, "%-20s %-7s  equity on the last street:\n%-20s %-7s  0%*s\n", "", "equity",
                  "", "", (int)BAR - 1, "1");
    hb_buf_printf(out, "%-20s %.4f   ", "mean", v->equity);
    put_bars(v->mean, most, out);
    hb_buf_printf(out, "\n");
    for (uint32_t h = 0; h < v->n; h++) {
        hb_buf_printf(out, "%-20s %.4f   ", v->hand[h].text, v->hand[h].equity);
        put_bars(v->hand[h].histogram, most, out);
        hb_buf_printf(out, "\n");
    }
}

/* ---- JSON ---- */

void hb_bucketview_json(const struct hb_bucketview *v, struct hb_buf *out)
{
    hb_buf_printf(
        out, "{\"street\":\"%s\",\"bucket\":%u,\"buckets\":%u,\"hands\":%" PRIu64 ",\"share\":",
        hb_street_name(v->street), (unsigned)v->bucket, (unsigned)v->b->street[v->street].n_buckets,
        v->n_hands);
    hb_json_real(out, v->share);
    hb_buf_printf(out, ",\"equity\":");
    hb_json_real(out, v->equity);
    hb_buf_printf(out, ",\"equity_deviation\":");
    hb_json_real(out, v->deviation);
    hb_buf_printf(out, ",\"histogram\":");
    hb_json_reals(out, v->mean, BINS);
    hb_buf_printf(out, ",\"samples\":[");
    for (uint32_t h = 0; h < v->n; h++) {
        hb_buf_printf(out, "%s{\"hand\":\"%s\",\"index\":%" PRIu64 ",\"equity\":", h > 0 ? "," : "",
                      v->hand[h].text, v->hand[h].hand);
        hb_json_real(out, v->hand[h].equity);
        hb_buf_printf(out, ",\"histogram\":");
        hb_json_reals(out, v->hand[h].histogram, BINS);
        hb_buf_printf(out, "}");
    }
    hb_buf_printf(out, "]}");
}

/* ---- starting hands ---- */

int hb_starting_init(const struct hb_buckets *b, uint32_t only, struct hb_starting *out,
                     struct hb_err *e)
{
    const struct hb_deck *deck = &b->deck;
    int low = HB_RANKS - deck->n_ranks;

    if (deck->n_hole != 2 || deck->n_board[0] != 0 || b->street[0].kind == HB_BUCKETS_NONE)
        return hb_fail(e, HB_EUSAGE,
                       "'%s' has no buckets of starting hands with two cards: choose "
                       "one with --bucket",
                       b->path);
    if (only != HB_STARTING_NONE && only >= b->street[0].n_buckets)
        return hb_fail(e, HB_EUSAGE, "'%s' has %u buckets on the preflop; there is no number %u",
                       b->path, (unsigned)b->street[0].n_buckets, (unsigned)only);
    *out = (struct hb_starting){.b = b, .only = only, .n = (uint32_t)deck->n_ranks};
    for (int row = 0; row < deck->n_ranks; row++)
        for (int column = 0; column < deck->n_ranks; column++) {
            bool suited = row < column;
            int s = HB_SUITS - 1;
            uint8_t cards[2] = {hb_card_of(low + deck->n_ranks - 1 - row, s),
                                hb_card_of(low + deck->n_ranks - 1 - column, suited ? s : s - 1)};

            out->bucket[row][column] =
                !suited && deck->n_suits < 2 ? HB_STARTING_NONE : hb_buckets_of(b, 0, cards);
        }
    return HB_OK;
}

void hb_starting_name(uint32_t row, uint32_t column, char out[4])
{
    static const char ranks[] = "23456789TJQKA";
    uint32_t high = row < column ? row : column;
    uint32_t low = row < column ? column : row;

    out[0] = ranks[HB_RANKS - 1 - high];
    out[1] = ranks[HB_RANKS - 1 - low];
    out[2] = row == column ? '\0' : row < column ? 's' : 'o';
    out[3] = '\0';
}

void hb_starting_text(const struct hb_starting *g, struct hb_buf *out)
{
    const struct hb_buckets_street *st = &g->b->street[0];

    hb_buf_printf(out, "%u buckets of starting hands (%s%s%s)", (unsigned)st->n_buckets, st->plugin,
                  st->args[0] != '\0' ? " " : "", st->args);
    if (g->only != HB_STARTING_NONE)
        hb_buf_printf(out, ", number %u", (unsigned)g->only);
    hb_buf_printf(out, "; suited above the diagonal\n\n");
    for (uint32_t row = 0; row < g->n; row++) {
        for (uint32_t column = 0; column < g->n; column++) {
            uint32_t bucket = g->bucket[row][column];
            char name[4];

            hb_starting_name(row, column, name);
            if (bucket == HB_STARTING_NONE || (g->only != HB_STARTING_NONE && bucket != g->only))
                hb_buf_printf(out, " %5s", ".");
            else if (g->only != HB_STARTING_NONE)
                hb_buf_printf(out, " %5s", name);
            else
                hb_buf_printf(out, " %5u", (unsigned)bucket);
        }
        hb_buf_printf(out, "\n");
    }
}

void hb_starting_json(const struct hb_starting *g, struct hb_buf *out)
{
    const char *comma = "";

    hb_buf_printf(out, "{\"street\":\"%s\",\"buckets\":%u,\"hands\":[", hb_street_name(0),
                  (unsigned)g->b->street[0].n_buckets);
    for (uint32_t row = 0; row < g->n; row++)
        for (uint32_t column = 0; column < g->n; column++) {
            uint32_t bucket = g->bucket[row][column];
            char name[4];

            if (bucket == HB_STARTING_NONE)
                continue;
            hb_starting_name(row, column, name);
            hb_buf_printf(out, "%s{\"hand\":\"%s\",\"bucket\":%u}", comma, name, (unsigned)bucket);
            comma = ",";
        }
    hb_buf_printf(out, "]}");
}
