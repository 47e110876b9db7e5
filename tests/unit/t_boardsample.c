#include "solver/boardsample.h"

#include <math.h>

#include "base/mem.h"
#include "holdems.h"

enum { BOARDS_MAX = 600 };

/* ---- drawing ---- */

static uint32_t random_boards(uint64_t seed, struct hb_boardsample_board *board)
{
    static const uint32_t some[] = {4, 12, 24, 1};
    uint32_t bits[4];
    uint32_t n;

    hb_rng_block(seed, 0, 0, HB_RNG_TOOL, 7, bits);
    n = 1 + hb_rng_below(bits[0], 60);
    for (uint32_t i = 0; i < n; i++) {
        hb_rng_block(seed, i, 0, HB_RNG_TOOL, 8, bits);
        board[i].weight = some[hb_rng_below(bits[0], 1 + (uint32_t)(seed % 4))];
        board[i].kind = (uint8_t)hb_rng_below(bits[1], 1 + (uint32_t)(seed % 3));
    }
    return n;
}

static void a_sample_holds_each_board_once_and_enough_of_each_weight(void)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct hb_boardsample_board board[BOARDS_MAX];
        uint32_t n = random_boards(seed, board);
        uint32_t least = hb_boardsample_least(board, n);
        int bad = check_bad_here;

        CHECK(least <= n);
        for (uint32_t take = least; take <= n; take += 1 + (n - least) / 5) {
            struct hb_boardsample s = {0};
            struct hb_err e = {0};
            uint8_t seen[BOARDS_MAX] = {0};
            uint32_t n_drawn = 0;

            CHECK_OK(hb_boardsample_draw(board, n, take, seed, &s, &e), e);
            for (uint32_t k = 0; k < s.n_strata; k++) {
                const struct hb_boardsample_stratum *x = &s.stratum[k];

                CHECK(k == 0 || x->is.weight > s.stratum[k - 1].is.weight ||
                      (x->is.weight == s.stratum[k - 1].is.weight &&
                       x->is.kind > s.stratum[k - 1].is.kind));
                CHECK(x->n_drawn == x->n_boards || x->n_drawn >= 4);
                CHECK(x->n_drawn <= x->n_boards);
                CHECK(x->n_half == (x->n_drawn == x->n_boards ? x->n_drawn : (x->n_drawn + 1) / 2));
                n_drawn += x->n_drawn;
                for (uint32_t i = 0; i < x->n_boards; i++) {
                    uint32_t b = s.order[x->first + i];

                    CHECK(b < n && !seen[b] && board[b].weight == x->is.weight &&
                          board[b].kind == x->is.kind);
                    seen[b < n ? b : 0] = 1;
                }
            }
            CHECK_EQ(n_drawn, take);
            hb_boardsample_fini(&s);
        }
        if (bad != check_bad_here)
            printf("# seed %d\n", (int)seed);
    }
}

static void too_few_and_too_many_boards_are_refused(void)
{
    struct hb_boardsample_board board[10] = {{4, 0},  {4, 0},  {4, 0},  {4, 0},  {4, 0},
                                             {12, 0}, {12, 0}, {24, 0}, {24, 0}, {24, 0}};
    struct hb_boardsample s = {0};
    struct hb_err e = {0};

    CHECK_EQ(hb_boardsample_least(board, 10), 9); /* four of the five, two, three */
    CHECK_EQ(hb_boardsample_draw(board, 10, 8, 1, &s, &e), HB_EUSAGE);
    CHECK(strstr(e.msg, "8 boards: 9 of the 10 are the fewest") != NULL);
    CHECK_EQ(hb_boardsample_draw(board, 10, 11, 1, &s, NULL), HB_EUSAGE);
    hb_mem_fail_at(1);
    CHECK_EQ(hb_boardsample_draw(board, 10, 9, 1, &s, NULL), HB_ENOMEM);
    hb_mem_fail_at(0);
    CHECK(s.order == NULL);
}

static void boards_alike_have_as_many_ranks_and_suits(void)
{
    static const struct {
        const char *one, *other;
        bool same;
    } some[] = {{"AhKh2h", "7c5c3c", true}, {"AhKh2h", "AhKh2c", false},
                {"AhKh2c", "QsJd9s", true}, {"AhKc2d", "AhKh2c", false},
                {"AhAc2h", "9d9s3d", true}, {"AhAc2h", "AhAc2d", false},
                {"AhAcAd", "2h2c2s", true}, {"AhAcAd", "AhAc2d", false}};

    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        uint64_t mask[2] = {0, 0};
        uint8_t card[3];
        int n = 0;

        for (int k = 0; k < 2; k++) {
            CHECK(hb_cards_parse(k ? some[i].other : some[i].one, 6, card, 3, &n, NULL) == HB_OK);
            for (int c = 0; c < 3; c++)
                mask[k] |= UINT64_C(1) << card[c];
        }
        CHECK((hb_boardsample_kind(mask[0]) == hb_boardsample_kind(mask[1])) == some[i].same);
    }
}

/* More boards go where more deals are: 100 boards of weight 1 and 100 of weight 3. */
static void boards_are_drawn_where_they_lower_the_error(void)
{
    struct hb_boardsample_board board[200] = {{0}};
    struct hb_boardsample s = {0};
    struct hb_err e = {0};

    for (int i = 0; i < 200; i++)
        board[i].weight = i % 2 ? 3 : 1;
    CHECK_OK(hb_boardsample_draw(board, 200, 80, 1, &s, &e), e);
    CHECK_EQ(s.stratum[0].n_drawn, 20);
    CHECK_EQ(s.stratum[1].n_drawn, 60);
    hb_boardsample_fini(&s);
}

/* ---- sums ---- */

/* Estimates and errors over many samples of known numbers: the mean of the estimates is the sum,
 * their variance the mean of the squared errors, and t errors cover the sum about as often as they
 * say. */
static void check_sums(int which, uint32_t take)
{
    enum { TIMES = 4000 };
    struct hb_boardsample_board board[120] = {{0}};
    double y[120];
    double truth = 0;
    double mean = 0;
    double squares = 0;
    double errors = 0;
    int covered = 0;

    for (uint32_t i = 0; i < 120; i++) {
        uint32_t bits[4];

        hb_rng_block(99, i, 0, HB_RNG_TOOL, 0, bits);
        board[i].weight = i % 5 == 0 ? 4 : i % 2 ? 12 : 24;
        y[i] = board[i].weight * (1 + bits[0] / 4294967296.0 + bits[1] / 4294967296.0 + i / 200.0);
        truth += y[i];
    }
    for (uint64_t seed = 1; seed <= TIMES; seed++) {
        struct hb_boardsample s = {0};
        struct hb_err e = {0};
        struct hb_boardsample_sum sum;

        CHECK_OK(hb_boardsample_draw(board, 120, take, seed, &s, &e), e);
        sum = which == 2 ? hb_boardsample_all(&s, y) : hb_boardsample_rest(&s, which, y);
        mean += sum.total / TIMES;
        squares += (sum.total - truth) * (sum.total - truth) / TIMES;
        errors += sum.error * sum.error / TIMES;
        covered += fabs(sum.total - truth) <= sum.t * sum.error;
        hb_boardsample_fini(&s);
    }
    CHECK_NEAR(mean, truth, 4 * sqrt(squares / TIMES));
    CHECK_NEAR(squares / errors, 1, 0.12);
    CHECK(covered >= 0.935 * TIMES); /* 95 % were the sums normal and their errors known */
    CHECK(covered <= 0.98 * TIMES);
}

static void sums_are_unbiased_and_their_errors_true(void)
{
    check_sums(2, 24);
    check_sums(2, 90);
    check_sums(0, 24);
    check_sums(1, 24);
    check_sums(1, 90);
}

static void a_sample_of_all_boards_has_no_error(void)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct hb_boardsample_board board[BOARDS_MAX];
        double y[BOARDS_MAX];
        uint32_t n = random_boards(seed, board);
        double truth = 0;
        struct hb_boardsample s = {0};
        struct hb_err e = {0};

        for (uint32_t i = 0; i < n; i++)
            truth += y[i] = (double)(i * i % 17);
        CHECK_OK(hb_boardsample_draw(board, n, n, seed, &s, &e), e);
        CHECK_NEAR(hb_boardsample_all(&s, y).total, truth, 0);
        CHECK_NEAR(hb_boardsample_rest(&s, 0, y).total, truth, 0);
        CHECK_NEAR(hb_boardsample_rest(&s, 1, y).total, truth, 0);
        CHECK_NEAR(hb_boardsample_all(&s, y).error + hb_boardsample_rest(&s, 0, y).error, 0, 0);
        hb_boardsample_fini(&s);
    }
}

static void quantiles_are_those_of_the_tables(void)
{
    static const struct {
        double freedom;
        double t;
    } known[] = {{1, 12.7062}, {2, 4.3027},  {3, 3.1824},  {4, 2.7764},   {5, 2.5706},
                 {7, 2.3646},  {10, 2.2281}, {20, 2.0860}, {100, 1.9840}, {1e9, 1.95996}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CHECK_NEAR(hb_boardsample_t(known[i].freedom), known[i].t, 0.01);
    CHECK_NEAR(hb_boardsample_t(2.9), 4.3027, 0);
    CHECK_NEAR(hb_boardsample_t(0.5), 12.7062, 0);
    for (double f = 1; f < 60; f += 0.25)
        CHECK(hb_boardsample_t(f) >= hb_boardsample_t(f + 0.25));
}

/* ---- brackets ---- */

/* A game walked board by board: all results, from which samples are taken. */
struct walked {
    struct hb_public *p;
    struct hb_public_root *root;
    double deals;
    uint32_t n_boards;
    struct hb_boardsample_board board[BOARDS_MAX];
    double *result[BOARDS_MAX];
    struct hb_exploit exact;
};

static void walk_whole(struct noise *z, struct hb_exploit *out)
{
    struct hb_public_strategy s = noise_strategy(z, false);
    struct hb_err e = {0};
    struct hb_public *p = NULL;
    double *result = NULL;

    CHECK_OK(hb_public_new(&z->g->rules, &z->g->tree, &s, &p, &e), e);
    CHECK_OK(hb_public_start(p, &e), e);
    CHECK_OK(hb_mem_new(&result, hb_public_unit_len_max(p), sizeof *result, "a result", &e), e);
    for (uint32_t i = 0; i < hb_public_units(p); i++) {
        hb_public_unit(p, i, result);
        hb_public_add(p, i, result);
    }
    hb_public_result(p, out);
    hb_mem_free(result);
    hb_public_free(p);
}

static void walk(struct noise *z, struct walked *w)
{
    struct hb_public_strategy s = noise_strategy(z, false);
    struct hb_err e = {0};
    struct hb_public *p = NULL;

    memset(w, 0, sizeof *w);
    CHECK_OK(hb_public_new(&z->g->rules, &z->g->tree, &s, &p, &e), e);
    CHECK_OK(hb_public_set_apart(p, &e), e);
    CHECK_OK(hb_public_start(p, &e), e);
    w->n_boards = hb_public_first_boards(p);
    w->deals = hb_public_deals(p);
    CHECK(w->n_boards <= BOARDS_MAX);
    for (uint32_t i = 0; i < hb_public_units(p); i++) {
        double *result = NULL;
        size_t len = hb_public_unit_len(p, i);

        CHECK_OK(hb_mem_new(&result, len, sizeof *result, "a result", &e), e);
        hb_public_unit(p, i, result);
        if (i < w->n_boards) {
            w->board[i].weight = hb_public_first_weight(p, i);
            w->board[i].kind = hb_boardsample_kind(hb_public_first_board(p, i));
            w->result[i] = result;
        } else {
            hb_public_add(p, i, result);
            hb_mem_free(result);
        }
    }
    CHECK_OK(hb_public_root_new(p, &w->root, &e), e);
    hb_public_free(p);
    walk_whole(z, &w->exact);
}

static void walked_fini(struct walked *w)
{
    for (uint32_t i = 0; i < w->n_boards; i++)
        hb_mem_free(w->result[i]);
    hb_public_root_free(w->root);
}

static struct hb_bracket bracket_of(const struct walked *w, uint32_t take, uint64_t seed)
{
    struct hb_boardsample s = {0};
    struct hb_bracket b = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_boardsample_draw(w->board, w->n_boards, take, seed, &s, &e), e);
    CHECK_OK(
        hb_boardsample_bracket(&s, w->root, w->deals, (const double *const *)w->result, &b, &e), e);
    hb_boardsample_fini(&s);
    return b;
}

struct tally {
    int below, above; /* brackets that miss */
    int outside;      /* values that do */
    double lower, upper, value, width;
    double value2, lower2, upper2; /* squares of the errors */
};

static double square(double v)
{
    return v * v;
}

static struct tally tally_of(const struct walked *w, uint32_t take, int times)
{
    struct tally t = {0};

    for (int seed = 1; seed <= times; seed++) {
        struct hb_bracket b = bracket_of(w, take, (uint64_t)seed);
        double off = b.value[0] - w->exact.value[0];

        t.below += w->exact.exploitability < b.bracket[0];
        t.above += w->exact.exploitability > b.bracket[1];
        t.outside += fabs(off) > b.value_margin;
        t.lower += b.exploit_lower / times;
        t.upper += b.exploit_upper / times;
        t.value += b.value[0] / times;
        t.value2 += off * off / times;
        t.lower2 += square(b.exploit_lower - w->exact.exploitability) / times;
        t.upper2 += square(b.exploit_upper - w->exact.exploitability) / times;
        t.width += (b.bracket[1] - b.bracket[0]) / times;
        CHECK_NEAR((b.lower[0] + b.lower[1]) / 2, b.exploit_lower, 1e-9);
        CHECK_NEAR((b.upper[0] + b.upper[1]) / 2, b.exploit_upper, 1e-9);
        CHECK(b.exploit_upper <= b.bracket[1] && b.exploit_lower >= b.bracket[0]);
    }
    return t;
}

/* No more misses than 2.5 % of an end, three standard deviations allowed for. */
static void check_covers(const struct walked *w, uint32_t take, int times)
{
    struct tally t = tally_of(w, take, times);
    double most = 0.025 * times + 3 * sqrt(times * 0.025 * 0.975);
    int bad = check_bad_here;

    CHECK(t.below <= most);
    CHECK(t.above <= most);
    CHECK(t.outside <= 0.05 * times + 3 * sqrt(times * 0.05 * 0.95));
    CHECK_NEAR(t.value, w->exact.value[0], 4 * sqrt(t.value2 / times) + 1e-12);
    CHECK(t.lower <= w->exact.exploitability + 4 * sqrt(t.lower2 / times));
    CHECK(t.upper >= w->exact.exploitability - 4 * sqrt(t.upper2 / times));
    CHECK(t.upper >= t.lower);
    if (bad != check_bad_here || getenv("HB_VERBOSE") != NULL)
        printf("# %u of %u boards: %d below, %d above, %d values of %d; %.4f < %.4f < %.4f, width "
               "%.4f\n",
               take, w->n_boards, t.below, t.above, t.outside, times, t.lower,
               w->exact.exploitability, t.upper, t.width);
}

static void check_game(struct body body, uint32_t modulus, uint64_t seed)
{
    struct game g;
    struct walked w;

    if (game_open(&g, body)) {
        struct noise z = {.g = &g, .seed = seed, .modulus = modulus};
        struct hb_err e = {0};
        struct hb_bracket all;
        double narrow;
        uint32_t least;

        CHECK_OK(hb_iso_new(&g.rules.deck, HB_ISO_SET, &z.iso, &e), e);
        walk(&z, &w);
        least = hb_boardsample_least(w.board, w.n_boards);
        check_covers(&w, least + (w.n_boards - least) / 8, 400);
        check_covers(&w, least + (w.n_boards - least) / 2, 400);
        narrow = tally_of(&w, least + (w.n_boards - least) / 2, 50).width;
        CHECK(narrow < tally_of(&w, least + (w.n_boards - least) / 8, 50).width);
        all = bracket_of(&w, w.n_boards, 1);
        CHECK_NEAR(all.bracket[0], w.exact.exploitability, 1e-9);
        CHECK_NEAR(all.bracket[1], w.exact.exploitability, 1e-9);
        for (int seat = 0; seat < 2; seat++) {
            CHECK_NEAR(all.value[seat], w.exact.value[seat], 1e-9);
            CHECK_NEAR(all.lower[seat], w.exact.best_response[seat], 1e-9);
            CHECK_NEAR(all.upper[seat], w.exact.best_response[seat], 1e-9);
        }
        walked_fini(&w);
        hb_iso_free(z.iso);
    }
    hb_tree_fini(&g.tree);
}

static void brackets_cover_the_exact_value_as_often_as_they_say(void)
{
    check_game(LIMIT(2, "1 1", 4, 5, "0 3"), 0, 1);
    check_game(LIMIT(2, "2 1", 4, 6, "0 3"), 5, 2);
    check_game(NOLIMIT(2, "4 4", 3, 6, "0 3"), 3, 3);
    check_game(NOLIMIT(3, "4 4", 3, 5, "0 3 1"), 0, 4);
    check_game(LIMIT(3, "1 1 1", 3, 5, "0 2 1"), 7, 5);
}

static void every_allocation_may_fail(void)
{
    struct game g;
    struct walked w;

    if (game_open(&g, NOLIMIT(2, "4 4", 2, 4, "0 2"))) {
        struct noise z = {.g = &g, .seed = 3};
        struct hb_boardsample s = {0};
        struct hb_bracket b = {.n_drawn = 77};
        struct hb_err e = {0};

        CHECK_OK(hb_iso_new(&g.rules.deck, HB_ISO_SET, &z.iso, &e), e);
        walk(&z, &w);
        CHECK_OK(hb_boardsample_draw(w.board, w.n_boards, w.n_boards, 1, &s, &e), e);
        for (long n = 1; n <= 3; n++) {
            hb_mem_fail_at(n);
            CHECK_EQ(hb_boardsample_bracket(&s, w.root, w.deals, (const double *const *)w.result,
                                            &b, NULL),
                     HB_ENOMEM);
        }
        hb_mem_fail_at(0);
        CHECK_EQ(b.n_drawn, 77); /* unchanged */
        hb_boardsample_fini(&s);
        walked_fini(&w);
        hb_iso_free(z.iso);
    }
    hb_tree_fini(&g.tree);
}

int main(void)
{
    RUN(a_sample_holds_each_board_once_and_enough_of_each_weight);
    RUN(too_few_and_too_many_boards_are_refused);
    RUN(boards_alike_have_as_many_ranks_and_suits);
    RUN(boards_are_drawn_where_they_lower_the_error);
    RUN(sums_are_unbiased_and_their_errors_true);
    RUN(a_sample_of_all_boards_has_no_error);
    RUN(quantiles_are_those_of_the_tables);
    RUN(brackets_cover_the_exact_value_as_often_as_they_say);
    RUN(every_allocation_may_fail);
    return check_done();
}
