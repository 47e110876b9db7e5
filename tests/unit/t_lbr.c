/* Local best response: what it wins of strategies that can be worked out by hand, never more than
 * an exact best response, and its correction for luck changes the spread alone. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/lbr.h"

#include <math.h>

#include "duel.h"
#include "tables.h"

static char folder[64];
static char path[256];
static struct hb_lbr lbr;

static void respond_to(const char *name, const char *game, const char *bets, int from,
                       uint64_t hands, uint64_t seed)
{
    struct hb_lbr_options o = {.game = game, .seed = seed, .from = from, .n_hands = hands};
    struct hb_err e = {0};

    CHECK_OK(hb_lbr_sizes(bets, &o, &e), e);
    CHECK_OK(hb_lbr_open(name, &o, &lbr, &e), e);
    CHECK_OK(hb_lbr_run(&lbr, NULL, NULL, &e), e);
    CHECK(lbr.n_learned >= 80 && lbr.n_learned <= 400 && lbr.n_learned % 2 == 0);
    /* twice the interval is four standard errors */
    CHECK_NEAR(lbr.chips[0].mean, lbr.chips[1].mean,
               2 * (hb_stat_ci95(&lbr.chips[1]) + hb_stat_ci95(&lbr.chips[0])));
}

/* @fold gives up to any bet: one chip a hand. @call calls: a king wins two, a queen nothing on
 * average, a jack checks and loses one. */
static void known_values_in_kuhn(void)
{
    static const char kuhn[] = "examples/games/kuhn.game";

    respond_to("@fold", kuhn, "fcpa", 0, 2000, 1);
    CHECK(lbr.chips[1].mean == 1 && lbr.chips[1].squares == 0);
    CHECK_NEAR(lbr.chips[0].mean, 1, 2 * hb_stat_ci95(&lbr.chips[0]));
    hb_lbr_close(&lbr);
    respond_to("@call", kuhn, "fcpa", 0, 20000, 1);
    CHECK_NEAR(lbr.chips[0].mean, 1.0 / 3, 2 * hb_stat_ci95(&lbr.chips[0]));
    hb_lbr_close(&lbr);
    /* without bets two players who only check win nothing of each other */
    respond_to("@call", kuhn, "fc", 0, 20000, 1);
    CHECK_NEAR(lbr.chips[0].mean, 0, 2 * hb_stat_ci95(&lbr.chips[0]));
    hb_lbr_close(&lbr);
}

static void before_its_street_it_checks_and_calls(void)
{
    static const char leduc[] = "examples/games/leduc.game";
    double whole;

    respond_to("@fold", leduc, "fcpa", 0, 4000, 1);
    whole = lbr.chips[1].mean;
    CHECK(whole == 1);
    hb_lbr_close(&lbr);
    /* both check before the flop, then every bet wins at once */
    respond_to("@fold", leduc, "fcpa", 1, 4000, 1);
    CHECK(lbr.chips[1].mean == 1);
    hb_lbr_close(&lbr);
    respond_to("@raise", leduc, "fc", 1, 4000, 1);
    CHECK(lbr.chips[1].mean < 6);
    hb_lbr_close(&lbr);
}

static double best_response_to(const char *name, const struct hb_tree *tree)
{
    static struct hb_player p;
    struct duel d = {{&p, &p}, tree};
    struct hb_player_options o = {.seed = 1};
    struct hb_exploit x = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_player_open(name, &o, &p, &e), e);
    CHECK_OK(hb_exploit_run(&p.rules, tree, duel_ask, &d, 1e300, &x, &e), e);
    hb_player_close(&p);
    return (x.best_response[0] + x.best_response[1]) / 2;
}

static void it_wins_no_more_than_a_best_response(void)
{
    static const char *const game[] = {"kuhn", "leduc"};

    for (int i = 0; i < 8; i++) {
        struct small_run r;
        struct hb_table t;
        void *mem;
        double most;
        struct hb_err e = {0};

        small_run_init(&r, game[i % 2], 1);
        mem = memory_table(&r, 1, &t);
        random_rows(&t, 60 + (uint64_t)i, 1);
        CHECK_OK(save_blueprint(&t, 1, in_folder(folder, "p.hbp", path), &e), e);
        hb_mem_free(mem);
        most = best_response_to(path, &r.tree);
        respond_to(path, NULL, i < 4 ? "fcpa" : "tree", 0, 10000, (uint64_t)i);
        CHECK(lbr.chips[0].mean - 2 * hb_stat_ci95(&lbr.chips[0]) <= most);
        CHECK(lbr.chips[0].mean > most / 4); /* these strategies are bad */
        CHECK(hb_stat_ci95(&lbr.chips[0]) < hb_stat_ci95(&lbr.chips[1]));
        hb_lbr_close(&lbr);
        small_run_fini(&r);
    }
}

/* Bets that the tree has not, hands all-in before the flop, boards drawn. */
static void bets_outside_the_tree_are_scored_fairly(void)
{
    struct hb_lbr_options o = {
        .config = "examples/pushfold.yaml", .seed = 3, .n_hands = 300, .n_workers = 1};
    struct hb_err e = {0};

    CHECK_OK(hb_lbr_sizes("0.5,allin,2", &o, &e), e);
    CHECK_EQ(o.n_sizes, 3);
    CHECK(o.size[2].allin && o.size[1].num == 2);
    CHECK_OK(hb_lbr_open("@uniform", &o, &lbr, &e), e);
    CHECK_OK(hb_lbr_run(&lbr, NULL, NULL, &e), e);
    CHECK_NEAR(lbr.chips[0].mean, lbr.chips[1].mean, 2 * hb_stat_ci95(&lbr.chips[1]));
    CHECK(hb_stat_ci95(&lbr.chips[0]) * 2 < hb_stat_ci95(&lbr.chips[1]));
    CHECK(lbr.chips[0].mean > 0);
    hb_lbr_close(&lbr);
}

static void any_number_of_processes_gives_the_same_bits(void)
{
    struct hb_stat first[2] = {{0}};

    for (int i = 1; i < 4; i++) {
        struct hb_lbr_options o = {
            .game = "examples/games/leduc.game", .seed = 3, .n_hands = 2000, .n_workers = i};
        struct hb_err e = {0};

        CHECK_OK(hb_lbr_open("@uniform", &o, &lbr, &e), e);
        CHECK_OK(hb_lbr_run(&lbr, NULL, NULL, &e), e);
        if (i == 1)
            memcpy(first, lbr.chips, sizeof first);
        CHECK(memcmp(first, lbr.chips, sizeof first) == 0);
        hb_lbr_close(&lbr);
    }
}

static void wrong_questions_are_refused(void)
{
    struct hb_lbr_options o = {.n_hands = 10};
    struct hb_err e = {0};

    CHECK_EQ(hb_lbr_sizes("0", &o, &e), HB_EUSAGE);
    CHECK_EQ(hb_lbr_sizes("1,,2", &o, &e), HB_EUSAGE);
    CHECK_EQ(hb_lbr_sizes("fcpaa", &o, &e), HB_EUSAGE);
    CHECK_EQ(hb_lbr_sizes("0.123456789012345678", &o, &e), HB_EUSAGE);
    CHECK_OK(hb_lbr_sizes("many", &o, &e), e);
    CHECK_EQ(o.n_sizes, 56);
    CHECK_EQ(hb_lbr_open("@uniform", &o, &lbr, &e), HB_EUSAGE);
    CHECK_EQ(hb_lbr_open("no/such.hbp", &o, &lbr, &e), HB_ENOINPUT);
    o.game = "examples/games/kuhn3.game";
    CHECK_EQ(hb_lbr_open("@uniform", &o, &lbr, &e), HB_EUSAGE);
    hb_lbr_close(&lbr);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_lbr_options o = {.game = "examples/games/kuhn.game", .n_hands = 10};
    struct hb_err e = {0};
    int rc = HB_ENOMEM;
    long n;

    for (n = 1; rc != HB_OK && n < 100; n++) {
        hb_mem_fail_at(n);
        rc = hb_lbr_open("@uniform", &o, &lbr, &e);
        if (rc == HB_OK)
            rc = hb_lbr_run(&lbr, NULL, NULL, &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_lbr_close(&lbr);
    }
    hb_mem_fail_at(0);
    CHECK(n > 5 && n < 100);
}

int main(void)
{
    if (!scratch_folder(folder, "t_lbr"))
        return 1;
    RUN(known_values_in_kuhn);
    RUN(before_its_street_it_checks_and_calls);
    RUN(it_wins_no_more_than_a_best_response);
    RUN(bets_outside_the_tree_are_scored_fairly);
    RUN(any_number_of_processes_gives_the_same_bits);
    RUN(wrong_questions_are_refused);
    RUN(every_failed_allocation_is_reported);
    (void)unlink(path);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
