/* Speed of the cards floor on one core, per CPU-second, as JSON lines. Random hands are dealt into
 * a table beforehand; every result is summed up so that nothing is left out. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/equity.h"
#include "cards/eval.h"
#include "cards/iso.h"

enum { HANDS = 1 << 16, STRIDE = 8, REPEAT = 400 };

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static double now_s(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        exit(71);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(const char *name, const char *unit, double value, uint64_t check)
{
    printf("{\"bench\":\"cards\",\"name\":\"%s\",\"%s\":%.4g,\"check\":%llu}\n", name, unit, value,
           (unsigned long long)check);
    (void)fflush(stdout);
}

/* n distinct cards from counter-based random numbers. */
static void deal(uint64_t iteration, int n, uint8_t *cards)
{
    uint64_t seen = 0;
    uint32_t bits[4] = {0};

    for (int i = 0, draw = 0; i < n; draw++) {
        uint32_t card;

        if (draw % 8 == 0)
            hb_rng_block(42, iteration, 0, HB_RNG_DEAL, (uint32_t)draw / 8, bits);
        card = hb_rng_below((bits[draw / 2 % 4] << (16 * (draw % 2))) & 0xFFFF0000u, HB_CARDS);
        if ((seen >> card & 1) != 0)
            continue;
        seen |= UINT64_C(1) << card;
        cards[i++] = (uint8_t)card;
    }
}

/* What the loads of a hand's cards and of their keys take by themselves. */
static void bench_keys(const uint8_t *hands)
{
    double t = now_s();
    uint64_t sum = 0;

    for (int k = 0; k < REPEAT; k++)
        for (int i = 0; i < HANDS; i++) {
            const uint8_t *c = hands + (size_t)i * STRIDE;
            const uint64_t *key = hb_eval_key;

            sum +=
                key[c[0]] + key[c[1]] + key[c[2]] + key[c[3]] + key[c[4]] + key[c[5]] + key[c[6]];
        }
    report("random7_keys_alone", "hands_per_s", (double)REPEAT * HANDS / (now_s() - t), sum);
}

static void bench_many(const char *name, const uint8_t *hands,
                       void (*many)(const uint8_t *, size_t, uint16_t *))
{
    static uint16_t strength[HANDS];
    double t = now_s();
    uint64_t sum = 0;

    for (int k = 0; k < REPEAT; k++) {
        many(hands, HANDS, strength);
        for (int i = 0; i < HANDS; i++)
            sum += strength[i];
    }
    report(name, "evals_per_s", (double)REPEAT * HANDS / (now_s() - t), sum);
}

static void bench_random_hands(const uint8_t *hands)
{
    double t = now_s();
    uint64_t sum = 0;

    for (int k = 0; k < REPEAT; k++)
        for (int i = 0; i < HANDS; i++)
            sum += hb_eval7(hands + (size_t)i * STRIDE);
    report("eval_random7_inline", "evals_per_s", (double)REPEAT * HANDS / (now_s() - t), sum);
    t = now_s();
    sum = 0;
    for (int k = 0; k < REPEAT; k++)
        for (int i = 0; i < HANDS; i++)
            sum += hb_eval(hands + (size_t)i * STRIDE, 7);
    report("eval_random7", "evals_per_s", (double)REPEAT * HANDS / (now_s() - t), sum);
    bench_many("eval_random7_many", hands, hb_eval7_many);
    bench_many("eval_random7_many_plain", hands, hb_eval7_many_plain);
}

/* Not inline: the loops around it would take the registers it needs. */
static __attribute__((noinline)) uint64_t last_three(struct hb_eval_hand four, uint8_t from)
{
    uint64_t sum = 0;

    for (uint8_t e = from; e < HB_CARDS; e++) {
        struct hb_eval_hand five = hb_eval_add(four, e);

        for (uint8_t f = (uint8_t)(e + 1); f < HB_CARDS; f++) {
            struct hb_eval_hand six = hb_eval_add(five, f);

            for (uint8_t g = (uint8_t)(f + 1); g < HB_CARDS; g++)
                sum += hb_eval_hand(hb_eval_add(six, g), 7);
        }
    }
    return sum;
}

static void bench_all_hands(void)
{
    double t = now_s();
    uint64_t sum = 0;

    for (uint8_t a = 0; a < HB_CARDS; a++)
        for (uint8_t b = (uint8_t)(a + 1); b < HB_CARDS; b++)
            for (uint8_t c = (uint8_t)(b + 1); c < HB_CARDS; c++)
                for (uint8_t d = (uint8_t)(c + 1); d < HB_CARDS; d++) {
                    struct hb_eval_hand four = HB_EVAL_NONE;

                    four = hb_eval_add(hb_eval_add(four, a), b);
                    four = hb_eval_add(hb_eval_add(four, c), d);
                    sum += last_three(four, (uint8_t)(d + 1));
                }
    report("eval_all7_in_order", "seconds", now_s() - t, sum);
}

static void bench_index(const struct hb_iso *iso, const char *name, int street, int repeat,
                        const uint8_t *hands)
{
    double t = now_s();
    uint64_t sum = 0;

    for (int k = 0; k < repeat; k++)
        for (int i = 0; i < HANDS; i++)
            sum += hb_iso_index(iso, street, hands + (size_t)i * STRIDE);
    report(name, "indices_per_s", (double)repeat * HANDS / (now_s() - t), sum);
}

/* One deal of an iteration: two hands, a board, both strengths, both players' indices. */
static void bench_deal(const struct hb_iso *iso)
{
    enum { DEALS = 2000000 };
    double t = now_s();
    uint64_t sum = 0;

    for (uint64_t i = 0; i < DEALS; i++) {
        uint8_t cards[9];
        uint8_t other[7];
        struct hb_eval_hand board = HB_EVAL_NONE;

        deal(i, 9, cards); /* own, board, other */
        other[0] = cards[7];
        other[1] = cards[8];
        for (int k = 2; k < 7; k++) {
            other[k] = cards[k];
            board = hb_eval_add(board, cards[k]);
        }
        sum += hb_eval_hand(hb_eval_add(hb_eval_add(board, cards[0]), cards[1]), 7);
        sum += hb_eval_hand(hb_eval_add(hb_eval_add(board, other[0]), other[1]), 7);
        for (int street = 0; street < 4; street++)
            sum += hb_iso_index(iso, street, cards) + hb_iso_index(iso, street, other);
    }
    report("deal_2x2_5_eval_and_8_indices", "ns", 1e9 * (now_s() - t) / DEALS, sum);
}

/* Exact equities of all hold'em hands, street by street from the last. */
static void bench_equity(const struct hb_iso *iso)
{
    uint16_t *score = NULL;
    uint64_t *sum[3] = {NULL};
    uint64_t *square[3] = {NULL};
    struct hb_err e = {0};
    double t;

    if (hb_mem_new(&score, hb_iso_size(iso, 3), sizeof *score, "scores", &e) != HB_OK)
        exit(71);
    t = now_s();
    if (hb_equity_final(iso, 0, hb_iso_boards(iso, 3), score, &e) != HB_OK)
        exit(71);
    report("equity_river", "seconds", now_s() - t, score[0]);
    for (int s = 2; s >= 0; s--) {
        uint32_t n = hb_iso_boards(iso, s);

        if (hb_mem_new(&sum[s], hb_iso_size(iso, s), sizeof **sum, "sums", &e) != HB_OK ||
            hb_mem_new(&square[s], hb_iso_size(iso, s), sizeof **sum, "sums", &e) != HB_OK)
            exit(71);
        t = now_s();
        if ((s == 2 ? hb_equity_fold_final(iso, 0, n, score, sum[s], square[s], &e)
                    : hb_equity_fold(iso, s, 0, n, sum[s + 1], square[s + 1], sum[s], square[s],
                                     &e)) != HB_OK)
            exit(71);
        report(s == 2   ? "equity_turn_from_river"
               : s == 1 ? "equity_flop_from_turn"
                        : "equity_preflop_from_flop",
               "seconds", now_s() - t, sum[s][0]);
    }
    hb_mem_free(score);
    for (int s = 0; s < 3; s++) {
        hb_mem_free(sum[s]);
        hb_mem_free(square[s]);
    }
}

int main(void)
{
    uint8_t *hands = NULL;
    struct hb_iso *iso = NULL;
    double t;

    if (hb_mem_new(&hands, HANDS, STRIDE, "hands", NULL) != HB_OK)
        return 71;
    for (int i = 0; i < HANDS; i++)
        deal((uint64_t)i, 7, hands + (size_t)i * STRIDE);
    bench_keys(hands);
    bench_random_hands(hands);
    bench_all_hands();
    t = now_s();
    if (hb_iso_new(&holdem, HB_ISO_SET, &iso, NULL) != HB_OK)
        return 71;
    report("iso_set_new", "seconds", now_s() - t, 0);
    bench_index(iso, "index_river_set", 3, 200, hands);
    bench_index(iso, "index_turn_set", 2, 200, hands);
    bench_index(iso, "index_flop_set", 1, 200, hands);
    bench_deal(iso);
    bench_equity(iso);
    hb_iso_free(iso);
    t = now_s();
    if (hb_iso_new(&holdem, HB_ISO_ROUNDS, &iso, NULL) != HB_OK)
        return 71;
    report("iso_rounds_new", "seconds", now_s() - t, 0);
    bench_index(iso, "index_river_rounds", 3, 50, hands);
    hb_iso_free(iso);
    hb_mem_free(hands);
    return 0;
}
