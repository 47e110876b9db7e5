/* Sizes, distances, Rand index and moved hands are what plain counting over all raw hands of small
 * decks gives, for random maps of every kind. */
#include "abstraction/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/agreement.h"
#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cards/equity.h"
#include "cards/tally.h"
#include "check.h"

static const struct hb_deck decks[] = {
    {3, 2, 1, 2, {0, 1}},       {6, 1, 1, 1, {0}},       {4, 3, 2, 3, {0, 1, 2}},
    {3, 4, 2, 4, {0, 1, 2, 3}}, {5, 3, 1, 3, {1, 2, 4}}, {5, 2, 2, 2, {0, 2}},
};
#define N_DECKS   ((int)(sizeof decks / sizeof decks[0]))
#define BUCKETS   6u
#define HANDS_MAX 20000
#define SCORES    256 /* the largest of these decks is below */

/* ---- random abstractions ---- */

static uint32_t bits_of(uint32_t seed, uint64_t i)
{
    uint32_t r[4];

    hb_rng_block(seed, i, 0, HB_RNG_TOOL, 0, r);
    return r[0];
}

/* A random map of `kind` over all streets; IDENTITY has none. */
static void make(struct hb_buckets *b, const struct hb_deck *deck, enum hb_bucket_kind kind,
                 enum hb_iso_sense sense, uint32_t n_buckets, uint32_t seed)
{
    struct hb_err e = {0};

    *b = (struct hb_buckets){.deck = *deck};
    CHECK_OK(hb_iso_new(deck, sense, &b->iso[sense], &e), e);
    for (int s = 0; s < deck->n_streets; s++) {
        struct hb_buckets_street *st = &b->street[s];
        unsigned width = hb_hba_width(kind);
        uint8_t *map;

        *st = (struct hb_buckets_street){.kind = kind, .sense = sense, .n_buckets = n_buckets};
        st->n_hands = hb_iso_size(b->iso[sense], s);
        st->total = hb_weights_total(deck, sense, s);
        if (kind == HB_BUCKETS_IDENTITY) {
            st->n_buckets = (uint32_t)st->n_hands;
            continue;
        }
        map = malloc((size_t)st->n_hands * width);
        for (uint64_t i = 0; i < st->n_hands; i++) {
            uint32_t x = hb_rng_below(bits_of(seed, i), n_buckets);

            if (width == 1)
                map[i] = (uint8_t)x;
            else if (width == 2)
                hb_set_u16(map + 2 * i, (uint16_t)x);
            else
                hb_set_u32(map + 4 * i, x);
        }
        st->map = map;
    }
}

static void unmake(struct hb_buckets *b)
{
    for (int s = 0; s < HB_STREETS; s++)
        free((void *)(uintptr_t)b->street[s].map);
    hb_iso_free(b->iso[0]);
    hb_iso_free(b->iso[1]);
}

/* ---- all raw hands of a street ---- */

struct raw {
    uint32_t a, b; /* buckets */
    double equity;
    uint32_t count[SCORES]; /* run-outs by bin, or by score on the last street */
};

static struct raw *raw;
static int n_raw;
static const struct hb_buckets *raw_a, *raw_b;
static int raw_street;
static uint32_t most; /* score of a hand that always wins */

/* Equities of all run-outs of cards[n]. */
static void run_out(struct raw *r, uint8_t *cards, int n, int from, uint64_t *sum)
{
    const struct hb_deck *deck = &raw_a->deck;
    int last = deck->n_streets - 1;
    uint64_t score;
    uint64_t square;

    if (n == deck->n_hole + deck->n_board[last]) {
        hb_equity_brute(deck, last, cards, &score, &square);
        r->count[raw_street == last ? score : hb_quality_bin((uint32_t)score, most)]++;
        *sum += score;
        return;
    }
    for (int card = from; card < HB_CARDS; card++)
        if (hb_deck_has(deck, (uint8_t)card) && memchr(cards, card, (size_t)n) == NULL) {
            cards[n] = (uint8_t)card;
            run_out(r, cards, n + 1, card + 1, sum);
        }
}

/* All sets of own cards and all sets of board cards. */
static void deal(uint8_t *cards, int n, int from)
{
    const struct hb_deck *deck = &raw_a->deck;
    int all = deck->n_hole + deck->n_board[raw_street];

    if (n == all) {
        struct raw *r = &raw[n_raw++];
        uint8_t copy[HB_HAND_MAX];
        uint64_t sum = 0;
        uint64_t n_runs = hb_tally_run_outs(deck, raw_street, deck->n_streets - 1);

        memset(r, 0, sizeof *r);
        memcpy(copy, cards, (size_t)all);
        r->a = hb_buckets_of(raw_a, raw_street, cards);
        r->b = hb_buckets_of(raw_b, raw_street, cards);
        run_out(r, copy, n, 0, &sum);
        r->equity = (double)sum / (double)n_runs / most;
        return;
    }
    for (int card = n == deck->n_hole ? 0 : from; card < HB_CARDS; card++)
        if (hb_deck_has(deck, (uint8_t)card) && memchr(cards, card, (size_t)n) == NULL) {
            cards[n] = (uint8_t)card;
            deal(cards, n + 1, card + 1);
        }
}

static void deal_all(const struct hb_buckets *a, const struct hb_buckets *b, int street)
{
    uint8_t cards[HB_HAND_MAX];
    uint64_t m;
    uint64_t r;

    hb_equity_scale(&a->deck, street, &m, &r);
    most = (uint32_t)(2 * m);
    raw_a = a;
    raw_b = b;
    raw_street = street;
    n_raw = 0;
    deal(cards, 0, 0);
}

/* ---- plain measures ---- */

static double plain_distance(uint32_t bucket, const struct raw *hand, uint32_t n_bins, double runs)
{
    double mean[SCORES] = {0};
    double n = 0;
    double way = 0;
    double upto = 0;

    for (int i = 0; i < n_raw; i++)
        if (raw[i].a == bucket) {
            for (uint32_t x = 0; x < n_bins; x++)
                mean[x] += raw[i].count[x] / runs;
            n++;
        }
    for (uint32_t x = 0; x < n_bins; x++) {
        upto += hand->count[x] / runs - mean[x] / n;
        way += fabs(upto);
    }
    return way;
}

static struct hb_quality plain_quality(void)
{
    const struct hb_deck *deck = &raw_a->deck;
    bool last = raw_street == deck->n_streets - 1;
    uint32_t n_bins = last ? most + 1 : HB_QUALITY_BINS;
    double runs = (double)hb_tally_run_outs(deck, raw_street, deck->n_streets - 1);
    struct hb_quality q = {0, 0};

    for (int i = 0; i < n_raw; i++) {
        double mean = 0;
        double n = 0;

        for (int j = 0; j < n_raw; j++)
            if (raw[j].a == raw[i].a) {
                mean += raw[j].equity;
                n++;
            }
        q.equity_deviation += (raw[i].equity - mean / n) * (raw[i].equity - mean / n);
        q.distance +=
            plain_distance(raw[i].a, &raw[i], n_bins, runs) / (last ? most : HB_QUALITY_BINS);
    }
    return (struct hb_quality){sqrt(q.equity_deviation / n_raw), q.distance / n_raw};
}

static void measures_are_those_of_all_raw_hands(void)
{
    for (int d = 0; d < N_DECKS; d++) {
        struct hb_buckets b;
        const struct hb_buckets *one = &b;
        enum hb_bucket_kind kind = d % 3 == 0   ? HB_BUCKETS_U8
                                   : d % 3 == 1 ? HB_BUCKETS_U16
                                                : HB_BUCKETS_U32;

        make(&b, &decks[d], kind, HB_ISO_SET, BUCKETS, (uint32_t)d);
        for (int s = 0; s < decks[d].n_streets; s++) {
            struct hb_quality q;
            struct hb_quality whole;
            struct hb_quality want;
            struct hb_err e = {0};

            deal_all(&b, &b, s);
            if (n_raw > 1500)
                continue; /* plain counting takes n_raw squared */
            CHECK_OK(hb_quality_of(&one, 1, s, &q, &whole, NULL, NULL, &e), e);
            want = plain_quality();
            CHECK_NEAR(q.equity_deviation, want.equity_deviation, 1e-9);
            CHECK_NEAR(q.distance, want.distance, 1e-9);
            for (int i = 0; i < n_raw; i++)
                raw[i].a = 0;
            want = plain_quality();
            CHECK_NEAR(whole.equity_deviation, want.equity_deviation, 1e-9);
            CHECK_NEAR(whole.distance, want.distance, 1e-9);
            CHECK(whole.distance >= q.distance - 1e-12 || s < decks[d].n_streets - 1);
            if (check_bad_here > 0)
                printf("# deck %d street %d\n", d, s);
        }
        unmake(&b);
    }
}

static void several_files_are_measured_as_each_alone(void)
{
    struct hb_buckets b[3];
    const struct hb_buckets *side[3] = {&b[0], &b[1], &b[2]};
    struct hb_err e = {0};

    make(&b[0], &decks[3], HB_BUCKETS_U8, HB_ISO_SET, 3, 7);
    make(&b[1], &decks[3], HB_BUCKETS_IDENTITY, HB_ISO_SET, 0, 0);
    make(&b[2], &decks[3], HB_BUCKETS_U16, HB_ISO_SET, 11, 8);
    for (int s = 0; s < decks[3].n_streets; s++) {
        struct hb_quality all[3];
        struct hb_quality alone;

        CHECK_OK(hb_quality_of(side, 3, s, all, NULL, NULL, NULL, &e), e);
        for (int i = 0; i < 3; i++) {
            CHECK_OK(hb_quality_of(&side[i], 1, s, &alone, NULL, NULL, NULL, &e), e);
            CHECK(alone.distance == all[i].distance);
            CHECK(alone.equity_deviation == all[i].equity_deviation);
        }
        CHECK(all[1].distance == 0 && all[1].equity_deviation == 0);
    }
    for (int i = 0; i < 3; i++)
        unmake(&b[i]);
}

static void rounds_apart_cannot_be_measured(void)
{
    struct hb_buckets b;
    const struct hb_buckets *one = &b;
    struct hb_quality q;
    struct hb_err e = {0};

    make(&b, &decks[3], HB_BUCKETS_U8, HB_ISO_ROUNDS, 3, 7);
    CHECK(!hb_quality_can(&b, 3));
    CHECK_EQ(hb_quality_of(&one, 1, 3, &q, NULL, NULL, NULL, &e), HB_EUSAGE);
    CHECK(strstr(e.msg, "river") != NULL);
    unmake(&b);
}

/* ---- sizes ---- */

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void sizes_are_shares_of_all_raw_hands(void)
{
    const enum hb_bucket_kind kinds[] = {HB_BUCKETS_U8, HB_BUCKETS_IDENTITY};

    for (int d = 0; d < N_DECKS; d++)
        for (int k = 0; k < 2; k++) {
            struct hb_buckets b;
            int s = decks[d].n_streets - 1;
            uint32_t n_buckets;
            struct hb_sizes z;
            struct hb_err e = {0};
            int *count;
            double squares = 0;
            int empty = 0;

            make(&b, &decks[d], kinds[k], HB_ISO_SET, 9, (uint32_t)d);
            deal_all(&b, &b, s);
            n_buckets = b.street[s].n_buckets;
            count = calloc(n_buckets, sizeof *count);
            for (int i = 0; i < n_raw; i++)
                count[raw[i].a]++;
            qsort(count, n_buckets, sizeof *count, by_value);
            for (uint32_t i = 0; i < n_buckets; i++) {
                double x = (double)count[i] / n_raw * n_buckets - 1;

                squares += x * x;
                empty += count[i] == 0;
            }
            CHECK_OK(hb_sizes_of(&b, s, &z, &e), e);
            CHECK_EQ(z.n_empty, empty);
            CHECK_NEAR(z.least, (double)count[0] / n_raw, 1e-12);
            CHECK_NEAR(z.quarter, (double)count[(n_buckets - 1) / 4] / n_raw, 1e-12);
            CHECK_NEAR(z.median, (double)count[(n_buckets - 1) / 2] / n_raw, 1e-12);
            CHECK_NEAR(z.three_quarters, (double)count[3 * (n_buckets - 1) / 4] / n_raw, 1e-12);
            CHECK_NEAR(z.most, (double)count[n_buckets - 1] / n_raw, 1e-12);
            CHECK_NEAR(z.deviation, sqrt(squares / n_buckets), 1e-9);
            free(count);
            unmake(&b);
        }
}

/* ---- agreement ---- */

static double plain_rand(void)
{
    double both = 0;
    double in_a = 0;
    double in_b = 0;
    double all = 0.5 * n_raw * (n_raw - 1);

    for (int i = 0; i < n_raw; i++)
        for (int j = 0; j < i; j++) {
            both += raw[i].a == raw[j].a && raw[i].b == raw[j].b;
            in_a += raw[i].a == raw[j].a;
            in_b += raw[i].b == raw[j].b;
        }
    return (both - in_a * in_b / all) / ((in_a + in_b) / 2 - in_a * in_b / all);
}

static int plain_stay(uint32_t a, uint32_t n_a, uint32_t n_b, uint32_t taken)
{
    int best;

    if (a == n_a)
        return 0;
    best = plain_stay(a + 1, n_a, n_b, taken);
    for (uint32_t b = 0; b < n_b; b++) {
        int n = 0;

        if (taken >> b & 1)
            continue;
        for (int i = 0; i < n_raw; i++)
            n += raw[i].a == a && raw[i].b == b;
        n += plain_stay(a + 1, n_a, n_b, taken | 1u << b);
        best = n > best ? n : best;
    }
    return best;
}

static void agreement_is_that_of_all_pairs_of_raw_hands(void)
{
    for (int d = 0; d < N_DECKS; d++) {
        struct hb_buckets a;
        struct hb_buckets b;

        make(&a, &decks[d], HB_BUCKETS_U8, HB_ISO_SET, 4, (uint32_t)d);
        make(&b, &decks[d], HB_BUCKETS_U16, HB_ISO_SET, 3, 100 + (uint32_t)d);
        for (int s = 0; s < decks[d].n_streets; s++) {
            struct hb_agreement g;
            struct hb_err e = {0};

            deal_all(&a, &b, s);
            CHECK_OK(hb_agreement_of(&a, &b, s, &g, &e), e);
            CHECK_NEAR(g.adjusted_rand, plain_rand(), 1e-9);
            CHECK_NEAR(g.moved, 1 - (double)plain_stay(0, 4, 3, 0) / n_raw, 1e-12);
            CHECK(!g.same);
            if (check_bad_here > 0)
                printf("# deck %d street %d\n", d, s);
        }
        unmake(&a);
        unmake(&b);
    }
}

static void with_rounds_apart_hands_are_counted_as_often_as_they_come(void)
{
    struct hb_buckets a;
    struct hb_buckets b;
    struct hb_agreement g;
    struct hb_agreement back;
    struct hb_err e = {0};
    double both = 0;
    double all = 0;

    make(&a, &decks[3], HB_BUCKETS_U8, HB_ISO_ROUNDS, 2, 1);
    make(&b, &decks[3], HB_BUCKETS_U8, HB_ISO_ROUNDS, 2, 2);
    for (uint64_t i = 0; i < a.street[3].n_hands; i++) {
        double w = (double)hb_iso_weight(a.iso[HB_ISO_ROUNDS], 3, i);

        all += w;
        both += a.street[3].map[i] == b.street[3].map[i] ? w : 0;
    }
    CHECK_OK(hb_agreement_of(&a, &b, 3, &g, &e), e);
    CHECK_NEAR(g.moved, both > all - both ? 1 - both / all : both / all, 1e-12);
    CHECK_OK(hb_agreement_of(&b, &a, 3, &back, &e), e);
    CHECK(g.moved == back.moved && g.adjusted_rand == back.adjusted_rand);
    unmake(&b);
    make(&b, &decks[3], HB_BUCKETS_U8, HB_ISO_SET, 2, 2);
    CHECK_EQ(hb_agreement_of(&a, &b, 3, &g, &e), HB_EUSAGE);
    unmake(&a);
    unmake(&b);
}

/* An identity is told from its map by nothing but the way it is stored. */
static void every_hand_a_bucket_is_compared_as_a_map_of_it(void)
{
    struct hb_buckets identity;
    struct hb_buckets map;
    struct hb_buckets other;
    struct hb_agreement want;
    struct hb_agreement got;
    struct hb_err e = {0};

    make(&identity, &decks[2], HB_BUCKETS_IDENTITY, HB_ISO_SET, 0, 0);
    make(&map, &decks[2], HB_BUCKETS_U32, HB_ISO_SET, 1, 0);
    make(&other, &decks[2], HB_BUCKETS_U8, HB_ISO_SET, 30, 5);
    for (int s = 0; s < decks[2].n_streets; s++) {
        uint8_t *bytes = (uint8_t *)(uintptr_t)map.street[s].map;

        for (uint32_t i = 0; i < map.street[s].n_hands; i++)
            hb_set_u32(bytes + 4 * i, (uint32_t)map.street[s].n_hands - 1 - i);
        map.street[s].n_buckets = (uint32_t)map.street[s].n_hands;
        CHECK_OK(hb_agreement_of(&map, &other, s, &want, &e), e);
        CHECK_OK(hb_agreement_of(&identity, &other, s, &got, &e), e);
        CHECK_NEAR(got.adjusted_rand, want.adjusted_rand, 1e-12);
        CHECK_NEAR(got.moved, want.moved, 1e-12);
        CHECK_OK(hb_agreement_of(&other, &identity, s, &got, &e), e);
        CHECK_NEAR(got.moved, want.moved, 1e-12);
        CHECK_OK(hb_agreement_of(&identity, &map, s, &got, &e), e);
        CHECK(got.same && got.adjusted_rand == 1 && got.moved == 0);
        CHECK_OK(hb_agreement_of(&identity, &identity, s, &got, &e), e);
        CHECK(got.same && got.adjusted_rand == 1 && got.moved == 0);
    }
    unmake(&identity);
    unmake(&map);
    unmake(&other);
}

static void other_numbers_for_the_same_buckets_change_nothing(void)
{
    struct hb_buckets a;
    struct hb_buckets b;
    struct hb_agreement g;
    struct hb_err e = {0};

    make(&a, &decks[3], HB_BUCKETS_U8, HB_ISO_SET, 5, 3);
    make(&b, &decks[3], HB_BUCKETS_U8, HB_ISO_SET, 7, 3);
    for (int s = 0; s < decks[3].n_streets; s++)
        for (uint64_t i = 0; i < b.street[s].n_hands; i++)
            ((uint8_t *)(uintptr_t)b.street[s].map)[i] =
                (uint8_t)((3 * a.street[s].map[i] + 2) % 7); /* two of them stay empty */
    CHECK_OK(hb_agreement_of(&a, &b, 2, &g, &e), e);
    CHECK(g.same && g.adjusted_rand == 1 && g.moved == 0);
    unmake(&a);
    unmake(&b);
}

static void running_out_of_memory_is_an_error_at_every_allocation(void)
{
    struct hb_buckets a;
    struct hb_buckets b;
    const struct hb_buckets *side[2] = {&a, &b};
    int n[3] = {0};
    int rc[3];

    make(&a, &decks[0], HB_BUCKETS_U8, HB_ISO_SET, 3, 1);
    make(&b, &decks[0], HB_BUCKETS_U8, HB_ISO_SET, 3, 2);
    for (int what = 0; what < 3; what++) {
        do {
            struct hb_agreement g;
            struct hb_quality q[2];
            struct hb_sizes z;

            hb_mem_fail_at(++n[what]);
            rc[what] = what == 0   ? hb_agreement_of(&a, &b, 0, &g, NULL)
                       : what == 1 ? hb_quality_of(side, 2, 0, q, NULL, NULL, NULL, NULL)
                                   : hb_sizes_of(&a, 0, &z, NULL);
        } while (rc[what] == HB_ENOMEM && n[what] < 200);
        hb_mem_fail_at(0);
        CHECK_EQ(rc[what], HB_OK);
        CHECK(n[what] > 2);
    }
    unmake(&a);
    unmake(&b);
}

int main(void)
{
    raw = malloc(HANDS_MAX * sizeof *raw);
    RUN(measures_are_those_of_all_raw_hands);
    RUN(several_files_are_measured_as_each_alone);
    RUN(rounds_apart_cannot_be_measured);
    RUN(sizes_are_shares_of_all_raw_hands);
    RUN(agreement_is_that_of_all_pairs_of_raw_hands);
    RUN(with_rounds_apart_hands_are_counted_as_often_as_they_come);
    RUN(every_hand_a_bucket_is_compared_as_a_map_of_it);
    RUN(other_numbers_for_the_same_buckets_change_nothing);
    RUN(running_out_of_memory_is_an_error_at_every_allocation);
    free(raw);
    return check_done();
}
