/* Speed of traversals and merges in one process: JSON lines.
 *
 * Leduc and the games of three are small and in cache; the no-limit table is that of tests/unit/nolimit.h. The first iterations
 * are not timed and the table is populated before. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/kit.h"
#include "../unit/nolimit.h"
#include "base/rng.h"
#include "solver/exploit.h"

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct rates {
    double walk_s, merge_s;
    uint64_t iterations, nodes, records, bytes;
};

static void timed_round(struct kit *k, struct rates *x)
{
    struct hb_round round = kit_round_now(k);
    uint64_t nodes = k->nodes;
    double t0 = cpu_s(), t1;

    k->log.len = 0;
    k->log.n_records = 0;
    kit_task(k, &round, round.first, round.length);
    t1 = cpu_s();
    x->walk_s += t1 - t0;
    kit_merge_begin(k);
    kit_merge_apply(k, k->log.data, k->log.len);
    kit_merge_end(k);
    x->merge_s += cpu_s() - t1;
    x->iterations += round.length;
    x->nodes += k->nodes - nodes;
    x->records += k->log.n_records;
    x->bytes += k->log.len;
}

static void print_rates(const char *name, const struct kit *k, uint32_t average_interval,
                        const struct rates *x)
{
    double both = x->walk_s + x->merge_s;

    printf("{\"bench\":\"solver\",\"game\":\"%s\",\"table_bytes\":%llu,\"nodes_in_tree\":%u,"
           "\"round\":%u,\"average_interval\":%u,\"iterations\":%llu,\"walk_nodes_per_s\":%.4g,"
           "\"nodes_per_cpu_s\":%.4g,"
           "\"iterations_per_cpu_s\":%.4g,\"nodes_per_iteration\":%.1f,\"records_per_node\":%.3f,"
           "\"merge_ns_per_record\":%.2f,\"bytes_per_record\":%.1f,"
           "\"large_page_bytes\":%llu}\n",
           name, (unsigned long long)k->len, k->tree.n_nodes, k->spec.params.round_cap,
           average_interval, (unsigned long long)x->iterations, (double)x->nodes / x->walk_s,
           (double)x->nodes / both, (double)x->iterations / both,
           (double)x->nodes / (double)x->iterations, (double)x->records / (double)x->nodes,
           1e9 * x->merge_s / (double)x->records, (double)x->bytes / (double)x->records,
           (unsigned long long)hb_os_large_bytes(k->mem));
}

/* With two numbers of iterations for an update of the average, in turns: machines change while they
 * are measured. */
static void bench_game(const char *name, struct kit *k, double seconds)
{
    static const uint32_t interval[] = {1, 4};
    struct rates x[2] = {{0}};

    while (x[0].walk_s + x[0].merge_s < seconds)
        for (int i = 0; i < 2; i++) {
            k->table.spec.params.average_interval = interval[i];
            timed_round(k, &x[i]);
        }
    for (int i = 0; i < 2; i++)
        print_rates(name, k, interval[i], &x[i]);
}

/* A game in its own cards, small enough for the cache. */
static void bench_lossless(const char *name, uint32_t round, double seconds)
{
    struct hb_rules r = kit_game(name);
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, round);
    struct kit k;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 10000);
    bench_game(name, &k, seconds);
    kit_close(&k);
}

/* ---- learning ---- */

static void average_strategy(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct kit *k = ctx;
    const struct hb_node *n = &k->tree.node[node];

    hb_row_average(hb_table_row(&k->table, node, hb_buckets_of(&k->buckets, n->street, cards)),
                   n->n_actions, prob);
}

/* Leduc as examples/leduc.yaml has it: exact exploitability after a fifth of the seconds and after twice
 * as many, of traversing and merging alone. */
static void bench_learning(double seconds, uint32_t average_interval)
{
    const double mark[] = {seconds / 5.0, 2.0 * seconds};
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_DCFR, 10000, 225);
    struct rates x = {0};
    struct kit k;

    p.seed = 42;
    p.average_interval = average_interval;
    kit_open(&k, &r, &p, 1);
    for (int i = 0; i < 2; i++) {
        struct hb_exploit value = {0};
        struct hb_err e = {0};

        while (x.walk_s + x.merge_s < mark[i])
            timed_round(&k, &x);
        if (hb_exploit_run(&r, &k.tree, average_strategy, &k, 1e10, &value, &e) != HB_OK) {
            (void)fprintf(stderr, "b_solver: %s\n", e.msg);
            exit(1);
        }
        printf("{\"bench\":\"learning\",\"game\":\"leduc\",\"average_interval\":%u,"
               "\"cpu_s\":%.2f,\"iterations\":%llu,\"exploitability\":%.5f}\n",
               average_interval, x.walk_s + x.merge_s, (unsigned long long)x.iterations,
               value.exploitability);
    }
    kit_close(&k);
}

/* ---- no-limit ---------------------------------------------------------------------------------*/

/* What lines at random cost in the table's own memory: one after the other, each place known only
 * when the last line is there, and many asked for before the first is read, as a pass does. */
static void bench_memory(const struct kit *k)
{
    enum { BATCH = 256, N = 1 << 21 };
    const int32_t *rows = k->table.rows;
    const uint64_t n_lines = k->table.layout.n_words / 16;
    uint64_t at[BATCH];
    uint32_t sum = 0;
    double dependent = cpu_s(), asked;

    for (uint64_t i = 0; i < N / 8; i++)
        sum += (uint32_t)rows[16 * (hb_rng_stream(sum & 1, (uint32_t)i) % n_lines)];
    dependent = cpu_s() - dependent;
    asked = cpu_s();
    for (uint32_t i = 0; i < N; i += BATCH) {
        for (uint32_t b = 0; b < BATCH; b++) {
            at[b] = 16 * (hb_rng_stream(2, i + b) % n_lines);
            __builtin_prefetch(rows + at[b]);
        }
        for (uint32_t b = 0; b < BATCH; b++)
            sum += (uint32_t)rows[at[b]];
    }
    asked = cpu_s() - asked;
    printf("{\"bench\":\"memory\",\"table_bytes\":%llu,\"dependent_load_ns\":%.1f,"
           "\"asked_load_ns\":%.2f,\"large_page_bytes\":%llu,\"sum\":%u}\n",
           (unsigned long long)k->len, 8e9 * dependent / N, 1e9 * asked / N,
           (unsigned long long)hb_os_large_bytes(k->mem), (unsigned)sum);
}

static void bench_no_limit(double seconds, uint32_t round)
{
    static struct nolimit n;

    nolimit_open(&n, round, 1);
    kit_run(&n.kit, 20000);
    bench_game("hunl-200bb", &n.kit, seconds);
    bench_memory(&n.kit);
    nolimit_close(&n);
}

/* ---- the deal ---------------------------------------------------------------------------------*/

static void bench_deal(void)
{
    struct hb_rules r = kit_game("hunl-200bb");
    const uint64_t n = 2000000;
    struct hb_deal d;
    uint64_t sum = 0;
    double t0 = cpu_s();

    for (uint64_t i = 0; i < n; i++) {
        hb_deal_cards(&r, 1, i, &d);
        sum += d.cards[0][6];
    }
    printf("{\"bench\":\"deal\",\"game\":\"hunl-200bb\",\"ns_per_deal\":%.1f,\"sum\":%llu}\n",
           1e9 * (cpu_s() - t0) / (double)n, (unsigned long long)sum);
}

/* b_solver [SECONDS [ROUND [small|large]]]: seconds of each measurement, iterations of a round of the
 * large table (8287 by rule), the games whose tables fit the cache or the one whose does not. */
int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 5.0;
    const unsigned long round = argc > 2 ? strtoul(argv[2], NULL, 10) : 8287;
    const bool small = argc < 4 || strcmp(argv[3], "small") == 0;
    const bool large = argc < 4 || strcmp(argv[3], "large") == 0;

    if (!(seconds > 0.0) || round < 1 || round > HB_ROUND_MAX || (!small && !large)) {
        (void)fprintf(stderr,
                      "usage: b_solver [SECONDS [ROUND [small|large]]]   seconds above 0, "
                      "iterations from 1 to %u\n",
                      HB_ROUND_MAX);
        return 64;
    }
    bench_deal();
    if (small) {
        bench_lossless("leduc", 225, seconds); /* the rounds are those by rule */
        bench_lossless("kuhn3", 300, seconds);
        bench_lossless("leduc3", 300, seconds);
        bench_learning(seconds, 1);
        bench_learning(seconds, 4);
    }
    if (large)
        bench_no_limit(seconds, (uint32_t)round);
    return 0;
}
