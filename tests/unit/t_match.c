/* A match tells the truth: its mean is the exact value of one strategy against the other, its
 * interval is as wide as it says, and it depends on players, seed and number of hands alone. */
#include "run/match.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "check.h"
#include "duel.h"

#define GOLDEN "tests/golden/checkpoint-1.hbc" /* Leduc, every row random */

static struct hb_match match;

static void play(const char *const *who, int n, const char *game, uint64_t hands, uint64_t seed)
{
    const struct hb_match_options o = {.game = game, .seed = seed, .n_hands = hands};
    const struct hb_match_watch w = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_match_open(who, who, n, &o, &match, &e), e);
    CHECK_OK(hb_match_run(&match, &w, &e), e);
}

/* ---- the exact value of one strategy against another ---- */

/* Chips a hand that `a` wins against `b`, mean over both seats, in a limit game. */
static double exact(const char *a, const char *b, const char *game)
{
    static struct hb_player p[2];
    const char *const who[2] = {a, b};
    struct hb_betting every = {.every_size = true};
    struct hb_tree tree;
    struct hb_err e = {0};
    double sum;

    for (int i = 0; i < 2; i++) {
        struct hb_player_options o = {.game = who[i][0] == '@' ? game : NULL, .checkpoints = true};

        CHECK_OK(hb_player_open(who[i], &o, &p[i], &e), e);
    }
    CHECK_OK(hb_tree_new(&p[0].rules, &every, 0, &tree, &e), e);
    sum = duel_value(&p[0], &p[1], &tree) - duel_value(&p[1], &p[0], &tree);
    hb_tree_fini(&tree);
    hb_player_close(&p[0]);
    hb_player_close(&p[1]);
    return sum / 2;
}

static void the_mean_is_the_exact_value(void)
{
    static const struct {
        const char *who[2], *game;
    } known[] = {{{GOLDEN, "@uniform"}, "examples/games/leduc.game"},
                 {{GOLDEN, "@call"}, "examples/games/leduc.game"},
                 {{"@raise", "@uniform"}, "examples/games/leduc.game"},
                 {{"@fold", "@uniform"}, "examples/games/kuhn.game"},
                 {{GOLDEN, GOLDEN}, NULL}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        bool both = known[i].game == NULL;
        double want = both ? 0 : exact(known[i].who[0], known[i].who[1], known[i].game);
        bool trained = known[i].who[0][0] != '@';

        play(known[i].who, 2, trained ? NULL : known[i].game, 100000, i);
        CHECK_EQ(match.chips[0].n, 50000);
        CHECK_NEAR(match.chips[0].mean, want, 2 * hb_stat_ci95(&match.chips[0]));
        CHECK(match.chips[0].mean == -match.chips[1].mean);
        hb_match_close(&match);
    }
}

/* Of many short matches 95 in 100 have the exact value in their interval. */
static void the_interval_covers_as_often_as_it_says(void)
{
    static const char *const who[] = {GOLDEN, "@uniform"};
    double want = exact(who[0], who[1], "examples/games/leduc.game");
    int n_covered = 0;
    const int n = 400;

    for (int i = 0; i < n; i++) {
        play(who, 2, NULL, 400, 1000 + (uint64_t)i);
        n_covered += fabs(match.chips[0].mean - want) <= hb_stat_ci95(&match.chips[0]);
        hb_match_close(&match);
    }
    CHECK_NEAR((double)n_covered / n, 0.95, 0.035); /* 3 standard deviations and a bit */
}

static void the_interval_shrinks_as_the_root_of_the_hands(void)
{
    static const char *const who[] = {GOLDEN, "@call"};
    double wide;

    play(who, 2, NULL, 5000, 7);
    wide = hb_stat_ci95(&match.chips[0]);
    hb_match_close(&match);
    play(who, 2, NULL, 80000, 7);
    CHECK_NEAR(wide / hb_stat_ci95(&match.chips[0]), 4, 0.3);
    hb_match_close(&match);
}

static void equal_seeds_are_equal_matches(void)
{
    static const char *const who[] = {GOLDEN, "@uniform"};
    struct hb_stat first;

    play(who, 2, NULL, 3000, 5);
    first = match.chips[0];
    hb_match_close(&match);
    play(who, 2, NULL, 3000, 5);
    CHECK(memcmp(&first, &match.chips[0], sizeof first) == 0);
    hb_match_close(&match);
    play(who, 2, NULL, 3000, 6);
    CHECK(first.mean != match.chips[0].mean);
    hb_match_close(&match);
}

/* Who looks at no cards wins nothing by position or cards: what one does the next does too. */
static void rotation_takes_the_luck_out(void)
{
    static const char *const six[] = {"@call", "@call", "@call", "@call", "@call", "@call"};
    static const char *const three[] = {"@fold", "@call", "@fold"};

    play(six, 6, "examples/games/nl6.game", 600, 1);
    for (int i = 0; i < 6; i++)
        CHECK(match.chips[i].mean == 0 && match.chips[i].squares == 0);
    CHECK_EQ(match.n_deals, 100);
    hb_match_close(&match);
    /* the big blind folds to nobody: blinds 50 100 0, everybody in each seat once a deal */
    play(three, 3, "examples/games/nl3.game", 300, 1);
    CHECK_NEAR(match.chips[0].mean + match.chips[1].mean + match.chips[2].mean, 0, 1e-9);
    CHECK(match.chips[1].mean > 0);
    hb_match_close(&match);
}

static void whole_deals_are_played(void)
{
    static const char *const who[] = {"@call", "@raise", "@uniform"};

    play(who, 3, "examples/games/leduc3.game", 100, 1);
    CHECK_EQ(match.n_deals, 34);
    CHECK_EQ(match.chips[2].n, 34);
    hb_match_close(&match);
}

static void wrong_matches_are_refused(void)
{
    static const char *const uniform[] = {"@uniform", "@uniform", "@uniform"};
    static const char *const kuhn[] = {GOLDEN, "@uniform"};
    static const char *const gone[] = {"no/such.hbp", "@uniform"};
    struct hb_match_options o = {.n_hands = 10};
    struct hb_err e = {0};

    CHECK_EQ(hb_match_open(uniform, uniform, 2, &o, &match, &e), HB_EUSAGE); /* which game? */
    CHECK_EQ(hb_match_open(gone, gone, 2, &o, &match, &e), HB_ENOINPUT);
    o.game = "examples/games/kuhn.game";
    CHECK_EQ(hb_match_open(uniform, uniform, 3, &o, &match, &e), HB_EUSAGE);
    CHECK_EQ(hb_match_open(uniform, uniform, 1, &o, &match, &e), HB_EUSAGE);
    CHECK_EQ(hb_match_open(kuhn, kuhn, 2, &o, &match, &e), HB_EIDENTITY);
    o.log = HB_MATCH_LOG_PHH;
    CHECK_EQ(hb_match_open(uniform, uniform, 2, &o, &match, &e), HB_EUSAGE);
    hb_match_close(&match);
}

static void every_failed_allocation_is_reported(void)
{
    static const char *const who[] = {GOLDEN, "@uniform"};
    const struct hb_match_options o = {.n_hands = 10, .log = HB_MATCH_LOG_ACPC};
    const struct hb_match_watch w = {0};
    struct hb_err e = {0};
    int rc = HB_ENOMEM;
    long n;

    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_match_open(who, who, 2, &o, &match, &e);
        if (rc == HB_OK)
            rc = hb_match_run(&match, &w, &e);
        /* a hash that could not be made fits nothing */
        if (rc != HB_OK && rc != HB_ENOMEM && rc != HB_EIDENTITY && rc != HB_EFORMAT)
            CHECK_OK(rc, e);
        hb_match_close(&match);
    }
    hb_mem_fail_at(0);
    CHECK(n > 3 && n < 200);
}

int main(void)
{
    RUN(the_mean_is_the_exact_value);
    RUN(the_interval_covers_as_often_as_it_says);
    RUN(the_interval_shrinks_as_the_root_of_the_hands);
    RUN(equal_seeds_are_equal_matches);
    RUN(rotation_takes_the_luck_out);
    RUN(whole_deals_are_played);
    RUN(wrong_matches_are_refused);
    RUN(every_failed_allocation_is_reported);
    return check_done();
}
