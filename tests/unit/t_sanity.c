/* What a poker player would try first: strategies that do the wrong thing are found out, by as much
 * as they do it, and others are not. */
#define _XOPEN_SOURCE 700 /* mkdtemp, for tables.h */
#include "run/sanity.h"

#include "base/io.h"
#include "solver/exploit.h"
#include "tables.h"

enum { CHECKS_MAX = 10 };

static char folder[64];

struct seen {
    struct hb_sanity_check check[CHECKS_MAX];
    int n;
    bool good;
};

static void on_check(void *ctx, const struct hb_sanity_check *c)
{
    struct seen *s = ctx;

    if (s->n < CHECKS_MAX)
        s->check[s->n++] = *c;
}

static const struct hb_sanity_check *find(const struct seen *s, const char *name,
                                          const char *street)
{
    static const struct hb_sanity_check none;

    for (int i = 0; i < s->n; i++)
        if (strcmp(s->check[i].name, name) == 0 && strcmp(s->check[i].street, street) == 0)
            return &s->check[i];
    CHECK_STR(name, "one of the checks");
    return &none;
}

static void look(struct hb_strategy *s, struct seen *out)
{
    struct hb_sanity_options o = {
        .seed = 1, .n_deals = 300, .tolerance = 0.01, .tolerance_mbb = 10};
    struct hb_err e = {0};

    memset(out, 0, sizeof *out);
    CHECK_OK(hb_sanity_run(s, &o, on_check, out, &out->good, &e), e);
}

static void look_fixed(const char *name, const char *game, struct seen *out)
{
    struct hb_strategy_options o = {.game = game};
    struct hb_strategy s;
    struct hb_err e = {0};

    memset(out, 0, sizeof *out);
    CHECK_OK(hb_strategy_open(name, &o, &s, &e), e);
    if (e.rc == HB_OK) {
        look(&s, out);
        hb_strategy_close(&s);
    }
}

static const char *game_file(const char *text, char path[256])
{
    struct hb_err e = {0};

    CHECK_OK(hb_atomic_write(in_folder(folder, "x.game", path), text, strlen(text), &e), e);
    return path;
}

/* ---- fixed strategies ---- */

static void folding_everything_folds_the_nuts_and_aces(void)
{
    char path[256];
    struct seen s;

    look_fixed("@fold", "examples/games/kuhn.game", &s);
    CHECK(!s.good);
    CHECK_EQ(find(&s, "nuts", "round 1")->verdict, HB_SANITY_BAD);
    CHECK_NEAR(find(&s, "nuts", "round 1")->rate, 1, 0);
    CHECK_STR(find(&s, "nuts", "round 1")->worst.hand, "As");
    CHECK_EQ(find(&s, "aces", "round 1")->verdict, HB_SANITY_UNMET); /* one own card */
    CHECK_EQ(find(&s, "dominated-calls", "round 1")->verdict, HB_SANITY_GOOD);
    CHECK_EQ(find(&s, "free-folds", "")->verdict, HB_SANITY_GOOD);
    look_fixed("@fold",
               game_file("GAMEDEF\nlimit\nnumPlayers = 2\nnumRounds = 2\nblind = 1 2\n"
                         "raiseSize = 2 2\nfirstPlayer = 1 2\nmaxRaises = 2 2\nnumSuits = 2\n"
                         "numRanks = 4\nnumHoleCards = 2\nnumBoardCards = 0 1\nEND GAMEDEF\n",
                         path),
               &s);
    CHECK(!s.good);
    CHECK_EQ(find(&s, "aces", "round 1")->verdict, HB_SANITY_BAD);
    CHECK(find(&s, "aces", "round 1")->complete);
    CHECK_NEAR(find(&s, "aces", "round 1")->rate, 1, 0);
    CHECK_STR(find(&s, "aces", "round 1")->worst.hand, "AhAs");
    CHECK(!find(&s, "aces", "round 1")->alike); /* the first to act folds at once */
    CHECK(find(&s, "nuts", "round 2")->alike);  /* nobody gets there */
    CHECK_NEAR(find(&s, "nuts", "round 2")->rate, 1, 0);
}

static void calling_everything_calls_with_what_cannot_win(void)
{
    struct seen s;

    look_fixed("@call", "examples/games/leduc.game", &s);
    CHECK(!s.good);
    CHECK_EQ(find(&s, "nuts", "round 2")->verdict, HB_SANITY_GOOD);
    CHECK_EQ(find(&s, "dominated-calls", "round 2")->verdict, HB_SANITY_BAD);
    CHECK_NEAR(find(&s, "dominated-calls", "round 2")->rate, 1, 0);
    look_fixed("@raise", "examples/games/leduc.game", &s);
    CHECK(s.good == (find(&s, "dominated-calls", "round 2")->verdict != HB_SANITY_BAD));
    CHECK_EQ(find(&s, "nuts", "round 2")->verdict, HB_SANITY_GOOD);
}

static void uniform_play_is_wrong_as_often_as_its_dice_say(void)
{
    struct seen s;

    look_fixed("@uniform", "examples/games/kuhn.game", &s);
    CHECK_NEAR(find(&s, "nuts", "round 1")->rate, 0.5, 1e-12); /* fold or call */
    CHECK_NEAR(find(&s, "dominated-calls", "round 1")->rate, 0.5, 1e-12);
    look_fixed("@uniform", "examples/games/kuhn3.game", &s);
    CHECK_NEAR(find(&s, "nuts", "round 1")->rate, 0.5, 1e-12);
    CHECK(!s.good);
}

/* ---- crafted rows ---- */

struct made {
    struct hb_tree tree;
    struct hb_spec spec;
    struct hb_table table;
    void *mem;
    char path[256];
};

/* A table for the game, lossless, every size, rows all zero. */
static bool made_init(struct made *m, const struct hb_rules *r)
{
    bool need[HB_STREETS] = {false};
    struct hb_buckets buckets = {0};
    struct hb_err e = {0};
    uint64_t bytes = 0;

    memset(m, 0, sizeof *m);
    m->spec.rules = *r;
    m->spec.betting.every_size = true;
    m->spec.params = (struct hb_params){
        .seed = 1, .discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 200};
    CHECK_OK(hb_params_unit(&m->spec.params, r, &e), e);
    CHECK_OK(hb_tree_new(r, &m->spec.betting, 0, &m->tree, &e), e);
    hb_tree_hash(&m->tree, &m->spec.tree);
    for (uint32_t i = 0; i < m->tree.n_nodes; i++)
        need[m->tree.node[i].street] = true;
    CHECK_OK(hb_buckets_lossless(&r->deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&m->spec, &buckets);
    hb_buckets_fini(&buckets);
    CHECK_OK(hb_table_bytes(&m->tree, &m->spec, &bytes, &e), e);
    CHECK_OK(hb_mem_new(&m->mem, (size_t)bytes, 1, "a table", &e), e);
    CHECK_OK(hb_table_format(m->mem, bytes, &m->tree, &m->spec, 1, &e), e);
    CHECK_OK(hb_table_attach(m->mem, bytes, &m->table, &e), e);
    return e.rc == HB_OK;
}

static void made_fini(struct made *m)
{
    hb_mem_free(m->mem);
    hb_tree_fini(&m->tree);
}

static void set_row(struct made *m, uint32_t node, uint32_t bucket, const int32_t *sum)
{
    int32_t *row = m->table.rows + hb_table_row_at(&m->table, node, bucket);
    int n = m->tree.node[node].n_actions;

    row[1] = 1;
    for (int a = 0; a < n; a++)
        row[HB_ROW_HEAD + n + a] = sum[a];
}

static void random_rows_of(struct made *m, uint64_t seed)
{
    struct rand_stream g = {.seed = seed};

    for (uint32_t i = 0; i < m->tree.n_nodes; i++)
        for (uint32_t b = 0; b < m->spec.street[m->tree.node[i].street].n_buckets; b++) {
            int32_t sum[64] = {0};

            for (int a = 0; a < m->tree.node[i].n_actions && a < 64; a++)
                sum[a] = rand_in(&g, 0, 2) == 0 ? 0 : rand_in(&g, 1, 1000);
            set_row(m, i, b, sum);
        }
}

static bool made_open(struct made *m, bool blueprint, struct hb_strategy *s)
{
    struct hb_strategy_options none = {0};
    struct hb_err e = {0};

    in_folder(folder, blueprint ? "x.hbp" : "x.hbc", m->path);
    hb_table_set(&m->table, HB_TABLE_CLEAN, 0, 0, 0);
    if (blueprint)
        CHECK_OK(save_blueprint(&m->table, 0, m->path, &e), e);
    else
        CHECK_OK(hb_checkpoint_save(&m->table, m->path, 1, NULL, &e), e);
    if (e.rc == HB_OK)
        CHECK_OK(hb_strategy_open(m->path, &none, s, &e), e);
    return e.rc == HB_OK;
}

/* Kuhn poker: the ace folds to a bet with one in four, everything else is calls. */
static void the_share_of_wrong_answers_is_counted(void)
{
    static const int32_t calls[2] = {0, 1000}, checks[2] = {1000, 0}, folds[2] = {250, 750};
    struct hb_rules r = shipped_game("kuhn");
    struct made m;

    if (!made_init(&m, &r))
        return;
    for (uint32_t i = 0; i < m.tree.n_nodes; i++)
        for (uint32_t b = 0; b < 3; b++) {
            bool faces = m.tree.act[m.tree.node[i].edge] == HB_ACT_FOLD;
            bool ace = b == 2;

            set_row(&m, i, b, !faces ? (ace ? checks : calls) : ace ? folds : calls);
        }
    for (int blueprint = 0; blueprint < 2; blueprint++) {
        struct hb_strategy s;
        struct seen seen;

        if (!made_open(&m, blueprint != 0, &s))
            continue;
        look(&s, &seen);
        CHECK(!seen.good);
        CHECK_NEAR(find(&seen, "nuts", "round 1")->rate, 0.25, blueprint ? 1e-4 : 1e-12);
        CHECK_NEAR(find(&seen, "nuts", "round 1")->worst.probability, 0.25, 1e-4);
        CHECK(!find(&seen, "nuts", "round 1")->alike); /* others bet */
        CHECK_NEAR(find(&seen, "dominated-calls", "round 1")->rate, 1, 0);
        hb_strategy_close(&s);
    }
    made_fini(&m);
}

/* What decisions lose, each weighed with the own way to it and with best play after it, adds up to
 * what a best response wins more than the strategy: where all of the tree is folds and all-ins. */
static void losses_of_jams_and_calls_add_up_to_nashconv(void)
{
    static const char *const games[] = {
        "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 1\nstack = 4 4\nblind = 1 2\n"
        "firstPlayer = 1\nnumSuits = 3\nnumRanks = 3\nnumHoleCards = 2\nnumBoardCards = 0\n"
        "END GAMEDEF\n",
        "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 1\nstack = 9 7\nblind = 1 2\n"
        "firstPlayer = 1\nnumSuits = 4\nnumRanks = 3\nnumHoleCards = 2\nnumBoardCards = 0\n"
        "END GAMEDEF\n",
        "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 3\nstack = 3 3\nblind = 2 3\n"
        "firstPlayer = 1 2 2\nnumSuits = 2\nnumRanks = 5\nnumHoleCards = 2\n"
        "numBoardCards = 0 2 1\nEND GAMEDEF\n"};

    for (size_t k = 0; k < sizeof games / sizeof games[0]; k++) {
        struct hb_rules r = game_of(games[k]);
        struct made m;

        if (!made_init(&m, &r))
            continue;
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct hb_strategy s;
            struct hb_exploit x;
            struct hb_err e = {0};
            struct seen seen;
            const struct hb_sanity_check *c;

            random_rows_of(&m, seed);
            if (!made_open(&m, false, &s))
                continue;
            look(&s, &seen);
            CHECK_OK(hb_exploit_run(&r, s.tree, hb_strategy_ask, &s, 1e12, &x, &e), e);
            c = find(&seen, "jam-or-fold", "round 1");
            CHECK_EQ(c->cases, m.tree.n_nodes);
            CHECK_NEAR(c->loss_mbb, x.nashconv * 1000 / hb_rules_largest_blind(&r), 1e-8);
            CHECK_EQ(c->verdict, c->loss_mbb <= 10 ? HB_SANITY_GOOD : HB_SANITY_BAD);
            CHECK(c->jams > 0 && c->jams < 1);
            hb_strategy_close(&s);
        }
        made_fini(&m);
    }
}

/* Streets after the first: only where they cannot be reached any more does jam-or-fold look. */
static void decisions_that_a_street_can_follow_are_left_alone(void)
{
    struct hb_rules r =
        game_of("GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\nstack = 4 4\nblind = 1 2\n"
                "firstPlayer = 1 2\nnumSuits = 2\nnumRanks = 4\nnumHoleCards = 2\n"
                "numBoardCards = 0 1\nEND GAMEDEF\n");
    struct made m;
    struct hb_strategy s;
    struct seen seen;

    if (!made_init(&m, &r))
        return;
    random_rows_of(&m, 1);
    if (made_open(&m, false, &s)) {
        look(&s, &seen);
        /* the big blind facing the jam, and the small blind facing one after his call */
        CHECK_EQ(find(&seen, "jam-or-fold", "round 1")->cases, 2);
        CHECK(find(&seen, "jam-or-fold", "round 1")->loss_mbb > 0);
        hb_strategy_close(&s);
    }
    made_fini(&m);
}

static void every_allocation_may_fail(void)
{
    struct hb_rules r =
        game_of("GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\nstack = 4 4\nblind = 1 2\n"
                "firstPlayer = 1 2\nnumSuits = 2\nnumRanks = 3\nnumHoleCards = 2\n"
                "numBoardCards = 0 1\nEND GAMEDEF\n");
    struct hb_sanity_options o = {.n_deals = 3};
    struct made m;
    int rc = HB_ENOMEM;
    long n = 1;

    if (!made_init(&m, &r))
        return;
    for (; n < 1000 && rc != HB_OK; n++) {
        struct hb_strategy s;
        struct seen seen = {0};

        if (!made_open(&m, false, &s))
            break;
        hb_mem_fail_at(n);
        rc = hb_sanity_run(&s, &o, on_check, &seen, &seen.good, NULL);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_strategy_close(&s);
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 20);
    made_fini(&m);
}

static void remove_all(void)
{
    static const char *const names[] = {"x.game", "x.hbc", "x.hbp"};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(in_folder(folder, names[i], path)); /* scratch */
    (void)rmdir(folder);
}

int main(void)
{
    if (!scratch_folder(folder, "sanity"))
        return 1;
    RUN(folding_everything_folds_the_nuts_and_aces);
    RUN(calling_everything_calls_with_what_cannot_win);
    RUN(uniform_play_is_wrong_as_often_as_its_dice_say);
    RUN(the_share_of_wrong_answers_is_counted);
    RUN(losses_of_jams_and_calls_add_up_to_nashconv);
    RUN(decisions_that_a_street_can_follow_are_left_alone);
    RUN(every_allocation_may_fail);
    remove_all();
    return check_done();
}
