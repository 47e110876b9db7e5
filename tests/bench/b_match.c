/* Hands a second of one process: matches, plain and by AIVAT, and a local best response. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/lbr.h"
#include "run/match.h"

#define GOLDEN "tests/golden/checkpoint-1.hbc" /* Leduc */
#define HUNL   "examples/hunl-20bb.yaml"

static struct hb_match match;
static struct hb_lbr lbr;

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int failed(const struct hb_err *e)
{
    return fprintf(stderr, "b_match: %s\n", e->msg), 1;
}

static void print(const char *what, const char *game, uint64_t hands, double t,
                  const struct hb_stat *plain, const struct hb_stat *less)
{
    printf("{\"bench\":\"%s\",\"game\":\"%s\",\"hands\":%llu,\"cpu_s\":%.3f,\"hands_per_s\":%.4g,"
           "\"ci95\":%.4g,\"ci95_less_luck\":%.4g}\n",
           what, game, (unsigned long long)hands, t, (double)hands / t, hb_stat_ci95(plain),
           hb_stat_ci95(less));
}

static int bench_match(const char *a, const char *b, const char *config, uint64_t hands, bool aivat)
{
    const char *const who[] = {a, b};
    const struct hb_match_options o = {
        .config = config, .seed = 1, .n_hands = hands, .aivat = aivat, .n_workers = 1};
    const struct hb_match_watch w = {0};
    struct hb_err e = {0};
    double t;

    if (hb_match_open(who, who, 2, &o, &match, &e) != HB_OK)
        return failed(&e);
    t = cpu_s();
    if (hb_match_run(&match, &w, &e) != HB_OK)
        return failed(&e);
    print(aivat ? "aivat" : "match", match.game_name, hands, cpu_s() - t, &match.chips[0],
          &match.chips[aivat ? 2 : 0]);
    hb_match_close(&match);
    return 0;
}

static int bench_lbr(const char *name, const char *config, const char *bets, uint64_t hands)
{
    struct hb_lbr_options o = {.config = config, .seed = 1, .n_hands = hands, .n_workers = 1};
    struct hb_err e = {0};
    double t;

    if (hb_lbr_sizes(bets, &o, &e) != HB_OK || hb_lbr_open(name, &o, &lbr, &e) != HB_OK)
        return failed(&e);
    t = cpu_s();
    if (hb_lbr_run(&lbr, NULL, NULL, &e) != HB_OK)
        return failed(&e);
    print("lbr", lbr.game_name, hands, cpu_s() - t, &lbr.chips[1], &lbr.chips[0]);
    hb_lbr_close(&lbr);
    return 0;
}

int main(void)
{
    return bench_match(GOLDEN, "@uniform", NULL, 500000, false) ||
           bench_match("@uniform", "@call", HUNL, 500000, false) ||
           bench_match(GOLDEN, "@uniform", NULL, 20000, true) ||
           bench_match("@uniform", "@call", HUNL, 2000, true) ||
           bench_lbr(GOLDEN, NULL, "fcpa", 20000) || bench_lbr("@uniform", HUNL, "fcpa", 300) ||
           bench_lbr("@uniform", HUNL, "many", 300);
}
