/* Configurations: what is read is what is written back, defaults, and thousands of damaged texts.
 */
#include "run/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"
#include "check.h"

#define SEED 20261123u

static char path[128]; /* of the configuration, beside it the game */

static const char game[] =
    "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\nstack = 60 60\nblind = 2 1\n"
    "firstPlayer = 2 1\nnumSuits = 2\nnumRanks = 5\nnumHoleCards = 1\nnumBoardCards = 0 1\n"
    "END GAMEDEF\n";

static const char full[] =
    "game: x.game\n"
    "betting:\n"
    "  preflop: {sizes: [\"0.5\", \"1.0\", allin], max_raises: 3, limp: false}\n"
    "  flop: {sizes: [\"0.333\"]}\n"
    "cards: {preflop: {plugin: lossless}, flop: {plugin: \"a\\\"b\", args: \"k=2,power=1\"}}\n"
    "seed: 18446744073709551615\n"
    "num_iterations: 77\n"
    "time_budget_seconds: 1.5\n"
    "snapshot_interval_seconds: 0.25\n"
    "snapshot_keep: 9\n"
    "num_workers: 3\n"
    "batch_size: 10\n"
    "round_size: 300\n"
    "sampling: external\n"
    "discount_mode: dcfr\n"
    "discount_interval: 12\n"
    "average_interval: 5\n"
    "enable_pruning: true\n"
    "pruning_threshold: -5\n"
    "pruning_probability: 0.7\n";

static void put(const char *name, const void *text, size_t n)
{
    struct hb_err e = {0};

    CHECK_OK(hb_atomic_write(name, text, n, &e), e);
}

static int load(const void *text, size_t n, struct hb_config *c, struct hb_err *e)
{
    put(path, text, n);
    return hb_config_load(path, c, e);
}

static void every_key_is_read(void)
{
    struct hb_config c;
    struct hb_err e = {0};

    CHECK_OK(load(full, sizeof full - 1, &c, &e), e);
    CHECK(c.betting_given && c.cards_given && !c.betting.every_size);
    CHECK_EQ(c.betting.street[0].n_sizes, 3);
    CHECK_EQ(c.betting.street[0].max_raises, 3);
    CHECK(!c.betting.street[0].limp && c.betting.street[1].limp);
    CHECK_EQ(c.betting.street[1].max_raises, -1);
    CHECK_EQ(c.betting.street[1].size[0].num, 333);
    CHECK(!c.betting.street[2].given);
    CHECK_STR(c.cards.street[1].plugin, "a\"b");
    CHECK_STR(c.cards.street[1].args, "k=2,power=1");
    CHECK(c.params.seed == UINT64_MAX);
    CHECK_EQ(c.num_iterations, 77);
    CHECK_NEAR(c.time_budget_s, 1.5, 0);
    CHECK_NEAR(c.snapshot_interval_s, 0.25, 0);
    CHECK_EQ(c.snapshot_keep, 9);
    CHECK_EQ(c.num_workers, 3);
    CHECK_EQ(c.batch_size, 10);
    CHECK_EQ(c.params.round_cap, 300);
    CHECK_EQ(c.params.discount, HB_DISCOUNT_DCFR);
    CHECK_EQ(c.params.discount_interval, 12);
    CHECK_EQ(c.params.average_interval, 5);
    CHECK(c.params.pruning);
    CHECK_EQ(c.params.pruning_threshold, -5);
    CHECK_EQ(c.params.pruning_p32, 3006477107u);
}

static void all_but_the_game_has_a_default(void)
{
    static const char text[] = "game: x.game\n";
    static const char timed[] = "game: x.game\ntime_budget_seconds: 9\n";
    struct hb_config c;
    struct hb_err e = {0};

    CHECK_OK(load(text, sizeof text - 1, &c, &e), e);
    CHECK_EQ(c.params.seed, 1);
    CHECK_EQ(c.num_iterations, 1000000);
    CHECK_NEAR(c.snapshot_interval_s, 180, 0);
    CHECK_EQ(c.snapshot_keep, 3);
    CHECK_EQ(c.params.discount, HB_DISCOUNT_LINEAR);
    CHECK_EQ(c.params.discount_interval, 1000);
    CHECK_EQ(c.params.average_interval, 1);
    CHECK(!c.params.pruning && c.betting.every_size && !c.betting_given && !c.cards_given);
    CHECK_EQ(c.params.pruning_threshold, -300000);
    CHECK_EQ(c.num_workers + c.batch_size + c.params.round_cap, 0);
    CHECK_OK(load(timed, sizeof timed - 1, &c, &e), e);
    CHECK_EQ(c.num_iterations, 0);
}

/* Nothing is guessed: a value is read whole or refused by name, value and line. */
static void values_are_read_whole_or_refused(void)
{
    static const char *const bad[][2] = {
        {"seed", "-3"},
        {"seed", "1e6"},
        {"seed", "1.5"},
        {"seed", "0x10"},
        {"seed", "18446744073709551616"},
        {"seed", ""},
        {"num_iterations", "1_000_000"},
        {"num_iterations", "12abc"},
        {"num_iterations", "140737488355329"},
        {"time_budget_seconds", "5min"},
        {"time_budget_seconds", "-1"},
        {"time_budget_seconds", "nan"},
        {"snapshot_interval_seconds", "1e10"},
        {"snapshot_keep", "4294967296"},
        {"num_workers", "1025"},
        {"batch_size", "two"},
        {"round_size", "32769"},
        {"sampling", "outcome"},
        {"discount_mode", "fast"},
        {"discount_interval", "0"},
        {"average_interval", "0"},
        {"enable_pruning", "maybe"},
        {"pruning_threshold", "5"},
        {"pruning_threshold", "-0"},
        {"pruning_threshold", "-9223372036854775808"},
        {"pruning_probability", "1.01"},
    };
    static const char good[] =
        "game: x.game\nseed: 010\nenable_pruning: off\ntime_budget_seconds: 1e2\n";
    struct hb_config c;
    struct hb_err e = {0};
    char text[128];
    char says[80];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int n = snprintf(text, sizeof text, "game: x.game\n%s: %s\n", bad[i][0], bad[i][1]);

        CHECK_EQ(load(text, (size_t)n, &c, &e), HB_ECONFIG);
        (void)snprintf(says, sizeof says, "line 2: %s: '%s' is not ", bad[i][0], bad[i][1]);
        CHECK(strstr(e.msg, says) != NULL);
    }
    CHECK_OK(load(good, sizeof good - 1, &c, &e), e);
    CHECK(c.params.seed == 10 && !c.params.pruning && c.time_budget_s >= 100.0);
}

/* Written back, read, written back: the same text. */
static void check_fixpoint(const struct hb_config *c)
{
    struct hb_buf once = {0};
    struct hb_buf twice = {0};
    struct hb_config again;
    struct hb_err e = {0};

    hb_config_format(c, &once);
    CHECK_OK(load(once.data, once.len, &again, &e), e);
    hb_config_format(&again, &twice);
    CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    CHECK(c->params.pruning_p32 == again.params.pruning_p32 && c->params.seed == again.params.seed);
    hb_buf_fini(&once);
    hb_buf_fini(&twice);
}

static void what_is_written_back_loads_to_the_same(void)
{
    struct hb_config c;
    struct hb_err e = {0};

    CHECK_OK(load(full, sizeof full - 1, &c, &e), e);
    check_fixpoint(&c);
}

static uint32_t draw(uint32_t i, unsigned lane, uint32_t n)
{
    uint32_t bits[4];

    hb_rng_block(SEED, i, lane, 0, 0, bits);
    return hb_rng_below(bits[0], n);
}

/* Some bytes changed, removed or doubled: an error that says something, or a configuration that can
 * be written back. */
static void damaged_texts_are_refused_or_make_sense(void)
{
    const uint32_t n_tries = getenv("HB_LONG") != NULL ? 20000 : 1500;
    static const char odd[] = "\0\n:{}[]\"'#-&*!|>%@,0x.eE+ \t\xff\xc3";
    uint32_t n_good = 0;

    for (uint32_t i = 0; i < n_tries; i++) {
        char text[sizeof full];
        size_t n = sizeof full - 1;
        struct hb_config c;
        struct hb_err e = {0};
        int rc;

        memcpy(text, full, sizeof full);
        for (uint32_t k = 0; k <= draw(i, 0, 3); k++) {
            size_t at = draw(i, 1 + 4 * k, (uint32_t)n);
            uint32_t what = draw(i, 2 + 4 * k, 3);

            if (what == 0)
                text[at] = odd[draw(i, 3 + 4 * k, sizeof odd - 1)];
            else if (what == 1)
                text[at] = (char)(text[at] ^ (1 << draw(i, 4 + 4 * k, 8)));
            else
                n = n > at + 1 ? at + 1 : n; /* cut */
        }
        rc = load(text, n, &c, &e);
        if (rc == HB_OK) {
            check_fixpoint(&c);
            n_good++;
            continue;
        }
        if (rc != HB_ECONFIG && rc != HB_ENOINPUT) {
            printf("# try %u: %d %s\n", (unsigned)i, rc, e.msg);
            CHECK(rc == HB_ECONFIG || rc == HB_ENOINPUT);
        }
        CHECK(e.msg[0] != '\0' && e.rc == rc);
    }
    CHECK(n_good > 0 && n_good < n_tries);
}

int main(void)
{
    char dir[] = "/tmp/t_config.XXXXXX";
    char game_path[128];

    if (mkdtemp(dir) == NULL)
        return 71;
    (void)snprintf(path, sizeof path, "%s/run.yaml", dir);
    (void)snprintf(game_path, sizeof game_path, "%s/x.game", dir);
    put(game_path, game, sizeof game - 1);
    RUN(every_key_is_read);
    RUN(all_but_the_game_has_a_default);
    RUN(values_are_read_whole_or_refused);
    RUN(what_is_written_back_loads_to_the_same);
    RUN(damaged_texts_are_refused_or_make_sense);
    (void)unlink(path); /* the tests are over */
    (void)unlink(game_path);
    (void)rmdir(dir);
    return check_done();
}
