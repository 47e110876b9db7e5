/* What plays: checkpoints answer as their rows do, from the file and from memory; fixed strategies
 * as their rules say. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/strategy.h"

#include "base/io.h"
#include "tables.h"

static char folder[64];
static char path[256];

/* Rows with sums that a run could have left: some never visited, some pure. */
static void plausible_rows(struct hb_table *t, uint64_t seed)
{
    struct rand_stream g = {.seed = seed};
    uint64_t first;

    for (uint32_t node = 0; node < t->tree.n_nodes; node++) {
        const struct hb_node *n = &t->tree.node[node];

        for (uint32_t b = 0; b < t->spec.street[n->street].n_buckets; b++) {
            int32_t *row = t->rows + hb_table_row_at(t, node, b);

            row[1] = rand_in(&g, 0, 4) == 0 ? 0 : rand_in(&g, 1, 100000);
            for (int a = 0; a < n->n_actions && row[1] != 0; a++)
                row[HB_ROW_HEAD + n->n_actions + a] =
                    rand_in(&g, 0, 3) == 0 ? 0 : rand_in(&g, 1, 1 << 20);
        }
    }
    first = hb_round_boundary(&t->spec.params, 1234);
    hb_table_set(t, HB_TABLE_CLEAN, hb_round_number(&t->spec.params, first), first, 99);
}

struct saved {
    struct small_run run;
    struct hb_table table;
    struct hb_buckets buckets;
    void *mem;
};

static void save(struct saved *s, const char *game)
{
    bool need[HB_STREETS] = {false};
    struct hb_err e = {0};

    small_run_init(&s->run, game, 7);
    s->mem = memory_table(&s->run, 2, &s->table);
    plausible_rows(&s->table, 11);
    for (uint32_t i = 0; i < s->run.tree.n_nodes; i++)
        need[s->run.tree.node[i].street] = true;
    memset(&s->buckets, 0, sizeof s->buckets);
    CHECK_OK(hb_buckets_lossless(&s->run.spec.rules.deck, need, &s->buckets, &e), e);
    CHECK_OK(hb_checkpoint_save(&s->table, in_folder(folder, "x.hbc", path), 1, NULL, &e), e);
}

static void saved_fini(struct saved *s)
{
    hb_buckets_fini(&s->buckets);
    hb_mem_free(s->mem);
    small_run_fini(&s->run);
}

/* The obvious twin: straight out of the table. */
static void plain_strategy(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct saved *s = ctx;
    const struct hb_node *n = &s->table.tree.node[node];

    hb_row_average(hb_table_row(&s->table, node, hb_buckets_of(&s->buckets, n->street, cards)),
                   n->n_actions, prob);
}

static bool open_saved(struct hb_strategy *s)
{
    struct hb_strategy_options o = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_strategy_open(path, &o, s, &e), e);
    return e.rc == HB_OK;
}

static void a_checkpoint_plays_its_rows(void)
{
    for (int preload = 0; preload < 2; preload++) {
        struct hb_strategy s;
        struct hb_err e = {0};
        struct saved saved;
        uint8_t deck[HB_CARDS];
        int n;

        save(&saved, "leduc");
        if (!open_saved(&s))
            return;
        CHECK_EQ(s.iteration, saved.table.live->part[0].iteration);
        CHECK_STR(s.spec.game_name, "leduc.game");
        if (preload)
            CHECK_OK(hb_strategy_preload(&s, 1 << 20, &e), e);
        n = hb_deck_cards(&saved.run.spec.rules.deck, deck);
        for (uint32_t node = 0; node < s.tree->n_nodes; node++)
            for (int i = 0; i < n * n; i++) {
                uint8_t cards[HB_HAND_MAX] = {deck[i / n], deck[i % n]};
                double got[4] = {0};
                double want[4] = {0};

                if (i / n == i % n)
                    continue;
                hb_strategy_ask(&s, node, cards, got);
                plain_strategy(&saved, node, cards, want);
                CHECK(memcmp(got, want, sizeof got) == 0);
            }
        CHECK_OK(hb_strategy_check(&s, &e), e);
        hb_strategy_close(&s);
        saved_fini(&saved);
    }
}

/* The same strategy as the checkpoint's, rounded to 1 / HB_BLUEPRINT_ONE. */
static void a_blueprint_plays_what_its_checkpoint_plays(void)
{
    struct hb_strategy_options none = {0};
    struct hb_strategy a;
    struct hb_strategy b;
    struct hb_err e = {0};
    struct saved saved;
    char file[256];
    int n_rounded = 0;

    save(&saved, "leduc");
    CHECK_OK(save_blueprint(&saved.table, saved.table.live->part[0].iteration,
                            in_folder(folder, "x.hbp", file), &e),
             e);
    CHECK(!hb_blueprint_is(path) && !hb_blueprint_is("-") && hb_blueprint_is(file));
    CHECK_OK(hb_strategy_open(file, &none, &b, &e), e);
    if (e.rc != HB_OK || !open_saved(&a))
        return;
    CHECK(a.counted && !b.counted && !b.fixed);
    CHECK_EQ(a.iteration, b.iteration);
    CHECK_OK(hb_strategy_preload(&b, 1 << 20, &e), e);
    for (uint32_t node = 0; node < a.tree->n_nodes; node++)
        for (uint32_t i = 0; i < hb_strategy_n_buckets(&a, a.tree->node[node].street); i++) {
            double want[8];
            double got[8];
            uint32_t visits = 7;

            CHECK_OK(hb_strategy_rows(&a, node, &i, 1, want, NULL, &e), e);
            CHECK_OK(hb_strategy_rows(&b, node, &i, 1, got, &visits, &e), e);
            CHECK_EQ(visits, 0);
            for (int k = 0; k < a.tree->node[node].n_actions; k++) {
                CHECK_NEAR(got[k], want[k], 1.0 / HB_BLUEPRINT_ONE);
                n_rounded += got[k] < want[k] || got[k] > want[k];
            }
        }
    CHECK(n_rounded > 0); /* else it is not the blueprint that was read */
    hb_strategy_close(&a);
    hb_strategy_close(&b);
    saved_fini(&saved);
}

static void rows_come_in_the_order_asked(void)
{
    static const uint32_t asked[] = {2, 0, 1, 2, 0};
    struct hb_strategy_options none = {0};
    struct hb_strategy s;
    struct hb_err e = {0};
    struct saved saved;
    double prob[5 * 2];
    uint32_t visits[5];

    save(&saved, "kuhn");
    CHECK_OK(hb_strategy_open(path, &none, &s, &e), e);
    CHECK_EQ(hb_strategy_n_buckets(&s, 0), 3);
    CHECK_OK(hb_strategy_rows(&s, 1, asked, 5, prob, visits, &e), e);
    for (size_t i = 0; i < 5; i++) {
        const int32_t *row = hb_table_row(&saved.table, 1, asked[i]);
        double want[2];

        hb_row_average(row, 2, want);
        CHECK(memcmp(want, prob + 2 * i, sizeof want) == 0);
        CHECK_EQ(visits[i], hb_row_visits(row));
    }
    CHECK_OK(hb_strategy_rows(&s, 1, asked, 0, prob, NULL, &e), e);
    hb_strategy_close(&s);
    saved_fini(&saved);
}

static void evaluation_is_that_of_the_table(void)
{
    struct hb_exploit got = {0};
    struct hb_exploit want = {0};
    struct hb_strategy s;
    struct hb_err e = {0};
    struct saved saved;

    save(&saved, "leduc");
    if (!open_saved(&s))
        return;
    CHECK_OK(hb_exploit_run(&s.spec.rules, s.tree, hb_strategy_ask, &s, 1e9, &got, &e), e);
    CHECK_OK(hb_exploit_run(&saved.run.spec.rules, &saved.run.tree, plain_strategy, &saved, 1e9,
                            &want, &e),
             e);
    CHECK(got.nashconv == want.nashconv && got.value[0] == want.value[0]);
    hb_strategy_close(&s);
    saved_fini(&saved);
}

static void a_lossless_street_needs_no_bucket_file(void)
{
    struct hb_strategy s;
    struct hb_err e = {0};
    struct saved saved;
    uint8_t cards[HB_HAND_MAX];
    uint8_t own = hb_card_of(11, 3);
    uint32_t bucket = 99;
    bool known = false;

    small_run_init(&saved.run, "leduc", 7);
    saved.run.spec.street[1].kind = HB_BUCKETS_U8;
    (void)snprintf(saved.run.spec.buckets_path, HB_PATH_MAX, "%s/gone.hba", folder);
    saved.mem = memory_table(&saved.run, 1, &saved.table);
    CHECK_OK(hb_checkpoint_save(&saved.table, in_folder(folder, "x.hbc", path), 1, NULL, &e), e);
    if (!open_saved(&s))
        return;
    CHECK_OK(hb_strategy_bucket(&s, 0, &own, &bucket, &e), e);
    CHECK_OK(hb_strategy_unbucket(&s, 0, bucket, cards, &known, &e), e);
    CHECK(known && hb_card_rank(cards[0]) == 11);
    CHECK_OK(hb_strategy_unbucket(&s, 1, 0, cards, &known, &e), e);
    CHECK(!known);
    cards[0] = own;
    cards[1] = hb_card_of(12, 3);
    CHECK_EQ(hb_strategy_bucket(&s, 1, cards, &bucket, &e), HB_ENOINPUT);
    CHECK(strstr(e.msg, "gone.hba") != NULL && strstr(e.msg, "--buckets") != NULL);
    hb_strategy_close(&s);
    hb_mem_free(saved.mem);
    small_run_fini(&saved.run);
}

static void fixed_strategies_need_a_game_and_no_cards(void)
{
    struct hb_strategy_options o = {0};
    struct hb_strategy s;
    struct hb_err e = {0};
    double prob[3] = {0};
    uint32_t bucket = 9;
    uint8_t card = hb_card_of(12, 3);

    CHECK_EQ(hb_strategy_open("@uniform", &o, &s, &e), HB_EUSAGE);
    CHECK(strstr(e.msg, "--game") != NULL);
    o.game = "examples/games/leduc.game";
    o.config = "x.yaml";
    CHECK_EQ(hb_strategy_open("@uniform", &o, &s, &e), HB_EUSAGE);
    o.config = NULL;
    CHECK_EQ(hb_strategy_open("@unifrom", &o, &s, &e), HB_EUSAGE);
    o.buckets = "x.hba";
    CHECK_EQ(hb_strategy_open("@call", &o, &s, &e), HB_EUSAGE);
    o.buckets = NULL;
    memset(&e, 0, sizeof e);
    CHECK_OK(hb_strategy_open("@call", &o, &s, &e), e);
    CHECK_EQ(hb_strategy_n_buckets(&s, 1), 1);
    CHECK_OK(hb_strategy_bucket(&s, 0, &card, &bucket, &e), e);
    CHECK_EQ(bucket, 0);
    CHECK_OK(hb_strategy_preload(&s, 1 << 20, &e), e);
    hb_strategy_ask(&s, 0, &card, prob);
    CHECK(prob[0] == 1 && prob[1] == 0); /* check, bet */
    hb_strategy_close(&s);
    hb_strategy_close(&s); /* closed is a valid state */
    o.game = "examples/games/none.game";
    CHECK_EQ(hb_strategy_open("@call", &o, &s, &e), HB_ENOINPUT);
}

static void a_checkpoint_names_its_own_game(void)
{
    struct hb_strategy_options o = {.game = "examples/games/kuhn.game"};
    struct hb_strategy s;
    struct hb_err e = {0};
    struct saved saved;

    save(&saved, "kuhn");
    CHECK_EQ(hb_strategy_open(path, &o, &s, &e), HB_EUSAGE);
    o = (struct hb_strategy_options){.buckets = "none.hba"};
    CHECK_EQ(hb_strategy_open(path, &o, &s, &e), HB_ENOINPUT);
    o.buckets = NULL;
    CHECK_EQ(hb_strategy_open("none.hbc", &o, &s, &e), HB_ENOINPUT);
    saved_fini(&saved);
}

static void a_flipped_bit_anywhere_is_refused(void)
{
    struct hb_strategy_options o = {0};
    struct hb_err e = {0};
    struct saved saved;
    struct hb_buf file = {0};
    char bad[256];

    save(&saved, "kuhn");
    CHECK_OK(hb_io_read_file(path, 1 << 24, &file, &e), e);
    in_folder(folder, "bad.hbc", bad);
    for (size_t at = 0; at < file.len; at += at < 4096 ? 13 : 211) {
        struct hb_strategy s;
        int rc;

        file.data[at] ^= (uint8_t)(1u << at % 8);
        CHECK_OK(hb_atomic_write(bad, file.data, file.len, &e), e);
        file.data[at] ^= (uint8_t)(1u << at % 8);
        rc = hb_strategy_open(bad, &o, &s, NULL);
        CHECK(rc == HB_EFORMAT || rc == HB_EVERSION);
    }
    (void)remove(bad); /* scratch */
    hb_buf_fini(&file);
    saved_fini(&saved);
}

/* A large file is verified as it is read: by then a strategy function has no other way to say so
 * than hb_strategy_check. */
static void a_strategy_function_reports_failures_later(void)
{
    struct hb_strategy s;
    struct hb_err e = {0};
    struct saved saved;
    uint8_t own = hb_card_of(12, 3);
    double prob[2] = {0};

    save(&saved, "leduc");
    if (!open_saved(&s))
        return;
    s.spec.street[0].n_buckets = 1; /* as no true file says */
    hb_strategy_ask(&s, 0, &own, prob);
    CHECK(prob[0] == 0.5 && prob[1] == 0.5);
    CHECK_EQ(hb_strategy_check(&s, &e), HB_EFORMAT);
    hb_strategy_close(&s);
    saved_fini(&saved);
}

static void failing_allocations_leave_nothing_open(void)
{
    struct hb_strategy_options o = {0};
    struct saved saved;
    int rc = HB_ENOMEM;

    save(&saved, "kuhn");
    for (long n = 1; rc != HB_OK && n < 200; n++) {
        struct hb_strategy s;
        struct hb_err e = {0};

        hb_mem_fail_at(n);
        rc = hb_strategy_open(path, &o, &s, &e);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || e.rc == rc);
        if (rc == HB_OK)
            hb_strategy_close(&s);
    }
    CHECK_EQ(rc, HB_OK);
    saved_fini(&saved);
}

int main(void)
{
    CHECK(scratch_folder(folder, "strategy"));
    RUN(a_checkpoint_plays_its_rows);
    RUN(a_blueprint_plays_what_its_checkpoint_plays);
    RUN(rows_come_in_the_order_asked);
    RUN(evaluation_is_that_of_the_table);
    RUN(a_lossless_street_needs_no_bucket_file);
    RUN(fixed_strategies_need_a_game_and_no_cards);
    RUN(a_checkpoint_names_its_own_game);
    RUN(a_flipped_bit_anywhere_is_refused);
    RUN(a_strategy_function_reports_failures_later);
    RUN(failing_allocations_leave_nothing_open);
    (void)remove(path); /* scratch */
    (void)rmdir(folder);
    return check_done();
}
