/* What records cost on a wire: bytes and time a record with each encoding of hb-worker --compress,
 * for the records of one task. JSON lines; times are CPU seconds, the least of several runs.
 *
 * b_frames [small]: Leduc; and the no-limit run of tests/unit/nolimit.h after 60,000 iterations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/kit.h"
#include "../unit/nolimit.h"
#include "wire/compact.h"

#define RUNS 7

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double least(double a, double since)
{
    const double s = cpu_s() - since;

    return s < a ? s : a;
}

static void or_die(int rc, const struct hb_err *e)
{
    if (rc != HB_OK) {
        printf("# %s\n", e->msg);
        exit(1);
    }
}

/* As they are: a copy each way, which is what the frame takes. */
static void copied(const struct hb_log *log, struct hb_buf *out, uint8_t *back, double *to,
                   double *from)
{
    double t0 = cpu_s();

    hb_buf_put(out, log->data, log->len);
    *to = least(*to, t0);
    t0 = cpu_s();
    memcpy(back, out->data, out->len);
    *from = least(*from, t0);
}

static void compacted(struct hb_compact *c, const struct hb_log *log, bool zstd, struct hb_buf *out,
                      uint8_t *back, double *to, double *from)
{
    struct hb_delta_head head = {.n_records = log->n_records, .record_bytes = log->len};
    struct hb_err e = {0};
    double t0 = cpu_s();

    or_die(hb_compact_encode(c, log->data, log->len, zstd, out, &e), &e);
    *to = least(*to, t0);
    head.body_bytes = out->len;
    t0 = cpu_s();
    or_die(hb_compact_decode(c, &head, out->data, back, &e), &e);
    *from = least(*from, t0);
}

static void encode(const struct kit *k, const char *game, uint32_t task, enum hb_compress compress)
{
    static const char *const names[] = {"none", "varint", "zstd"};
    const double n = (double)k->log.n_records;
    struct hb_compact c = {.cap = 0};
    struct hb_buf out = {0};
    uint8_t *back = calloc(k->log.len + 1, 1);
    double to = 1e9, from = 1e9;

    if (back == NULL)
        exit(1);
    for (int i = 0; i < RUNS; i++) {
        out.len = 0;
        if (compress == HB_COMPRESS_NONE)
            copied(&k->log, &out, back, &to, &from);
        else
            compacted(&c, &k->log, compress == HB_COMPRESS_ZSTD, &out, back, &to, &from);
    }
    printf("{\"bench\":\"frames\",\"game\":\"%s\",\"task\":%u,\"compress\":\"%s\",\"records\":%.0f,"
           "\"bytes_per_record\":%.2f,\"encode_ns_per_record\":%.1f,\"decode_ns_per_record\":%.1f,"
           "\"encode_records_per_s\":%.3g}\n",
           game, task, names[compress], n, (double)out.len / n, 1e9 * to / n, 1e9 * from / n,
           n / to);
    free(back);
    hb_buf_fini(&out);
    hb_compact_fini(&c);
}

static void bench_task(struct kit *k, const char *game, uint32_t task)
{
    const struct hb_round round = kit_round_now(k);

    k->log.len = 0;
    k->log.n_records = 0;
    kit_task(k, &round, round.first, task < round.length ? task : round.length);
    for (int i = HB_COMPRESS_NONE; i <= HB_COMPRESS_ZSTD; i++)
        encode(k, game, task, (enum hb_compress)i);
}

static void bench_leduc(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 100);
    struct kit k;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 10000);
    bench_task(&k, "leduc", 100);
    kit_close(&k);
}

static void bench_no_limit(void)
{
    static struct nolimit n;

    nolimit_open(&n, 5000, 1);
    kit_run(&n.kit, 60000);
    bench_task(&n.kit, "hunl-200bb", 100);
    bench_task(&n.kit, "hunl-200bb", 1000);
    bench_task(&n.kit, "hunl-200bb", 5000);
    nolimit_close(&n);
}

int main(int argc, char **argv)
{
    (void)argv;
    bench_leduc();
    if (argc <= 1)
        bench_no_limit();
    return 0;
}
