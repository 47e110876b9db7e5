/* Saving, loading and verifying checkpoints by 1, 2, 4 … processes: MB of rows a second of wall time,
 * to a file with fsync. The rows look like those of a run: a part never visited, the rest small and
 * large. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "base/pool.h"
#include "base/rng.h"
#include "store/checkpoint.h"

#define PATH "build/bench-checkpoint.hbc"

static const char game[] = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 4\nstack = 10000 10000\n"
                           "blind = 100 50\nfirstPlayer = 2 1 1 1\nnumSuits = 4\nnumRanks = 13\n"
                           "numHoleCards = 2\nnumBoardCards = 0 3 1 1\nEND GAMEDEF\n";

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* 100 big blinds, three sizes a street, 300 buckets: some hundred MB. */
static int make_table(struct hb_table *t, void **mem, uint64_t *bytes, struct hb_err *e)
{
    static const uint32_t buckets[HB_STREETS] = {169, 300, 300, 300};
    struct hb_spec spec = {
        .params = {.discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 1000}};
    struct hb_tree tree = {0};
    int rc = hb_rules_parse(&spec.rules, game, sizeof game - 1, "bench", e);

    for (int i = 0; i < HB_STREETS; i++) {
        struct hb_betting_street *st = &spec.betting.street[i];

        st->n_sizes = 3;
        st->max_raises = 3;
        st->limp = st->given = true;
        st->size[0] = (struct hb_bet_size){.num = 5, .den = 10};
        st->size[1] = (struct hb_bet_size){.num = 1, .den = 1};
        st->size[2] = (struct hb_bet_size){.allin = true};
        spec.street[i].kind = HB_BUCKETS_U16;
        spec.street[i].n_buckets = buckets[i];
    }
    if (rc == HB_OK)
        rc = hb_tree_new(&spec.rules, &spec.betting, 0, &tree, e);
    if (rc != HB_OK)
        return rc;
    hb_tree_hash(&tree, &spec.tree);
    if ((rc = hb_params_unit(&spec.params, &spec.rules, e)) == HB_OK &&
        (rc = hb_table_bytes(&tree, &spec, bytes, e)) == HB_OK &&
        (rc = hb_pool_memory("a table", *bytes, mem, e)) == HB_OK &&
        (rc = hb_table_format(*mem, *bytes, &tree, &spec, 1, e)) == HB_OK)
        rc = hb_table_attach(*mem, *bytes, t, e);
    hb_tree_fini(&tree);
    return rc;
}

static void fill(struct hb_table *t)
{
    uint32_t r[4];

    for (uint64_t i = 0; i + 8 <= t->layout.n_words; i += 8) {
        hb_rng_block(1, i, 0, HB_RNG_TOOL, 0, r);
        if ((r[0] & 3) == 0)
            continue; /* never visited */
        t->rows[i] = 3;
        t->rows[i + 1] = (int32_t)(r[0] >> 24);
        for (int k = 0; k < 3; k++)
            t->rows[i + 2 + (uint64_t)k] = (int32_t)(r[1] >> (3 * k)) >> (12 + k);
        for (int k = 0; k < 3; k++)
            t->rows[i + 5 + (uint64_t)k] = (int32_t)(r[2] >> (12 + 4 * k));
    }
    hb_table_set(t, HB_TABLE_CLEAN, 0, 0, 0);
}

/* cpu_s is of this process alone: what does not become less with more processes. */
static void report(const char *what, int processes, double raw_mb, double wall, double cpu,
                   double file_mb)
{
    printf("{\"bench\":\"checkpoint\",\"what\":\"%s\",\"processes\":%d,\"row_mb\":%.1f,"
           "\"file_mb\":%.1f,\"wall_s\":%.3f,\"mb_per_s\":%.0f,\"own_cpu_s\":%.3f}\n",
           what, processes, raw_mb, file_mb, wall, raw_mb / wall, cpu);
    (void)fflush(stdout);
}

static int bench_write(const struct hb_table *t, int processes, double mb, struct hb_err *e)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    double w0 = hb_os_monotonic();
    double c0 = cpu_s();
    int rc;

    if (fd < 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot open '/dev/null'");
    if ((rc = hb_checkpoint_write(t, fd, "/dev/null", processes, NULL, e)) == HB_OK)
        report("write", processes, mb, hb_os_monotonic() - w0, cpu_s() - c0, 0);
    (void)close(fd); /* nothing to lose */
    return rc;
}

static int bench_file(struct hb_table *t, int processes, double mb, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    double w0 = hb_os_monotonic();
    double c0 = cpu_s();
    double file_mb;
    int rc;

    if ((rc = hb_checkpoint_save(t, PATH, processes, NULL, e)) != HB_OK)
        return rc;
    w0 = hb_os_monotonic() - w0;
    c0 = cpu_s() - c0;
    if ((rc = hb_checkpoint_open(PATH, &c, e)) != HB_OK)
        return rc;
    file_mb = (double)c.rows.stored_bytes * 1e-6;
    report("save and fsync", processes, mb, w0, c0, file_mb);
    w0 = hb_os_monotonic();
    c0 = cpu_s();
    if ((rc = hb_checkpoint_load(&c, t, processes, e)) == HB_OK)
        report("load", processes, mb, hb_os_monotonic() - w0, cpu_s() - c0, file_mb);
    w0 = hb_os_monotonic();
    c0 = cpu_s();
    if (rc == HB_OK && processes == 1 && (rc = hb_checkpoint_verify(&c, e)) == HB_OK)
        report("verify", processes, mb, hb_os_monotonic() - w0, cpu_s() - c0, file_mb);
    hb_checkpoint_close(&c);
    return rc;
}

/* 1, 2, 4 … processes, and one for each processor. */
static int bench_all(struct hb_table *t, double mb, struct hb_err *e)
{
    const int most = hb_os_cpus();
    int n = 1;
    int rc;

    for (;;) {
        if ((rc = bench_write(t, n, mb, e)) != HB_OK || (rc = bench_file(t, n, mb, e)) != HB_OK ||
            n == most)
            return rc;
        n = 2 * n < most ? 2 * n : most;
    }
}

int main(void)
{
    struct hb_table t = {0};
    struct hb_hash hash;
    struct hb_err e = {0};
    void *mem = NULL;
    uint64_t bytes = 0;
    double mb = 0;
    double w0, c0;
    int rc;

    (void)signal(SIGPIPE, SIG_IGN); /* pool.h asks for it */
    if ((rc = make_table(&t, &mem, &bytes, &e)) == HB_OK) {
        mb = 4e-6 * (double)t.layout.n_words;
        fill(&t);
        w0 = hb_os_monotonic();
        c0 = cpu_s();
        hb_rows_hash(t.rows, t.layout.n_words, &hash);
        report("hash of the rows", 1, mb, hb_os_monotonic() - w0, cpu_s() - c0, 0);
        rc = bench_all(&t, mb, &e);
    }
    (void)unlink(PATH); /* may not be there */
    hb_os_unmap(mem, bytes);
    if (rc != HB_OK)
        (void)fprintf(stderr, "b_checkpoint: %s\n", e.msg);
    return rc != HB_OK;
}
