/* Speed of traversals and merges in one process: JSON lines.
 *
 * Leduc is small and in cache. The no-limit table is heads-up hold'em with 200 big blinds, three to
 * five bet sizes a street and a *synthetic* card abstraction: 169 buckets before the flop and 1000
 * on each later street, where a hand's bucket is a hash of its canonical index. So the walk, the
 * look-up of buckets and the pattern of memory are those of a real run, and only the map has no
 * meaning. The first iterations are not timed and the table is populated before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/kit.h"

#define BUCKETS 1000

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

static void print_rates(const char *name, const struct kit *k, const struct rates *x)
{
    double both = x->walk_s + x->merge_s;

    printf("{\"bench\":\"solver\",\"game\":\"%s\",\"table_bytes\":%llu,\"nodes_in_tree\":%u,"
           "\"round\":%u,\"iterations\":%llu,\"walk_nodes_per_s\":%.4g,\"nodes_per_cpu_s\":%.4g,"
           "\"iterations_per_cpu_s\":%.4g,\"nodes_per_iteration\":%.1f,"
           "\"merge_ns_per_record\":%.2f,\"bytes_per_record\":%.1f,\"large_page_bytes\":%llu}\n",
           name, (unsigned long long)k->len, k->tree.n_nodes, k->spec.params.round_cap,
           (unsigned long long)x->iterations, (double)x->nodes / x->walk_s, (double)x->nodes / both,
           (double)x->iterations / both, (double)x->nodes / (double)x->iterations,
           1e9 * x->merge_s / (double)x->records, (double)x->bytes / (double)x->records,
           (unsigned long long)hb_os_large_bytes(k->mem));
}

static void bench_leduc(double seconds)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);
    struct rates x = {0};
    struct kit k;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 10000);
    while (x.walk_s + x.merge_s < seconds)
        timed_round(&k, &x);
    print_rates("leduc", &k, &x);
    kit_close(&k);
}

/* ---- no-limit ---------------------------------------------------------------------------------*/

static void street_sizes(struct hb_betting_street *st, int max_raises, const char *const *sizes)
{
    st->given = true;
    st->limp = true;
    st->max_raises = max_raises;
    while (*sizes != NULL) {
        struct hb_err e = {0};

        if (hb_bet_size_parse(*sizes++, &st->size[st->n_sizes++], &e) != HB_OK) {
            printf("# %s\n", e.msg);
            exit(1);
        }
    }
}

static struct hb_betting usual_betting(void)
{
    static const char *const preflop[] = {"0.5", "1.0", "2.0", "4.0", "allin", NULL};
    static const char *const flop[] = {"0.5", "1.0", "2.0", "allin", NULL};
    static const char *const late[] = {"0.5", "1.0", "allin", NULL};
    struct hb_betting b = {.every_size = false};

    street_sizes(&b.street[0], 3, preflop);
    street_sizes(&b.street[1], 2, flop);
    street_sizes(&b.street[2], 2, late);
    street_sizes(&b.street[3], 2, late);
    return b;
}

static uint32_t hashed(uint64_t hand, uint32_t n)
{
    uint64_t z = hand * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)((z >> 32) * n >> 32);
}

/* Lossless counts of hands, maps of 16 bits on all streets after the first; *map is the caller's.
 */
static struct hb_buckets synthetic_buckets(const struct hb_rules *r, uint16_t *map[HB_STREETS])
{
    static const bool need[HB_STREETS] = {true, true, true, true};
    struct hb_buckets b = {0};
    struct hb_err e = {0};

    if (hb_buckets_lossless(&r->deck, need, &b, &e) != HB_OK) {
        printf("# %s\n", e.msg);
        exit(1);
    }
    for (int st = 1; st < HB_STREETS; st++) {
        map[st] = malloc(b.street[st].n_hands * sizeof *map[st]);
        if (map[st] == NULL)
            exit(1);
        for (uint64_t hand = 0; hand < b.street[st].n_hands; hand++)
            map[st][hand] = (uint16_t)hashed(hand, BUCKETS);
        b.street[st].kind = HB_BUCKETS_U16;
        b.street[st].n_buckets = BUCKETS;
        b.street[st].map = (const uint8_t *)map[st];
    }
    return b;
}

static void bench_no_limit(double seconds, uint32_t round)
{
    struct hb_rules r = kit_game("hunl-200bb");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000000, round);
    struct hb_betting betting = usual_betting();
    uint16_t *map[HB_STREETS] = {NULL};
    struct hb_buckets buckets = synthetic_buckets(&r, map);
    struct rates x = {0};
    struct kit k;

    kit_open_with(&k, &r, &betting, &buckets, &p, 1);
    kit_run(&k, 20000);
    while (x.walk_s + x.merge_s < seconds)
        timed_round(&k, &x);
    print_rates("hunl-200bb", &k, &x);
    kit_close(&k);
    for (int st = 0; st < HB_STREETS; st++)
        free(map[st]);
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

/* b_solver [SECONDS [ROUND [small]]]: seconds of each measurement, iterations of a round. */
int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 5.0;
    uint32_t round = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5000;

    bench_deal();
    bench_leduc(seconds);
    if (argc <= 3)
        bench_no_limit(seconds, round);
    return 0;
}
