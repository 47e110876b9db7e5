/* What would more processors give? A model of a round from parts that are measured here.
 *
 *   b_scaling [SECONDS [ROUND]]     of each measurement, 3 when not given; iterations of a round, 8287
 *
 * First a JSON line with the parts, then one for 1, 2, 4 … 128 processors. man/hb-speed.7 has the
 * model and what it assumes. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/nolimit.h"
#include "base/io.h"
#include "base/os.h"
#include "base/pool.h"
#include "run/cut.h"
#include "run/train.h"

#define TABLE_BYTES   (UINT64_C(2) << 30) /* of the game below, about */
#define LINE          64.0
#define PROBE_LINES   (1u << 20) /* of the memory probe, a process: 64 MiB at random */
#define PROBES        8
#define CHANNEL_CORES 8.0 /* cores that saturate the memory of a socket, when ours do not */
#define LARGEST       128

struct parts {
    double walk_ns, merge_ns, copy_ns; /* a node; a record that is added; that is copied */
    double nodes, records;             /* an iteration; a node */
    double record_bytes;
    double task_cv; /* deviation / mean of an iteration's time */
    double frame_cpu_us,
        frame_us;           /* of the coordinator for a task, and until its answer is there */
    double core_gb, all_gb; /* random lines a second: one process, all processors */
};

static double cpu_s(void)
{
    return hb_os_cpu_seconds(getpid());
}

/* ---- walk and merge ---- */

static double merge_seconds(struct kit *k)
{
    double t0 = cpu_s();

    kit_merge_begin(k);
    kit_merge_apply(k, k->log.data, k->log.len);
    kit_merge_end(k);
    return cpu_s() - t0;
}

/* Walk a round in tasks of a few iterations; sums of their times and squares for the deviation. */
static void walk(struct kit *k, double *sum, double *squares, uint64_t *n, uint32_t step)
{
    struct hb_round round = kit_round_now(k);

    k->log.len = 0;
    k->log.n_records = 0;
    for (uint32_t at = 0; at < round.length; at += step) {
        const uint32_t left = round.length - at;
        double t0 = cpu_s();
        double t;

        kit_task(k, &round, round.first + at, left < step ? left : step);
        t = cpu_s() - t0;
        *sum += t;
        if (left >= step) {
            *squares += t * t / step;
            *n += step;
        }
    }
}

/* What a worker spends on bringing its logs by part together, for several mergers. */
static double copy_seconds(const struct kit *k)
{
    static volatile uint8_t seen; /* or no copy need be made */
    uint8_t *out = malloc(k->log.len + 1);
    double t0;

    if (out == NULL)
        exit(71);
    memset(out, 0, k->log.len); /* there, as a segment in use is */
    t0 = cpu_s();
    memcpy(out, k->log.data, k->log.len);
    seen = out[k->log.len / 2];
    (void)seen;
    t0 = cpu_s() - t0;
    free(out);
    return t0;
}

static void measure_solver(struct parts *p, double seconds, uint32_t round)
{
    static struct nolimit one;
    const uint32_t step = 64;
    double sum = 0.0, squares = 0.0, merge = 0.0;
    uint64_t n = 0, iterations, nodes, records = 0, bytes = 0;
    struct kit *k = &one.kit;

    nolimit_open(&one, round, 1);
    k->table.spec.params.average_interval = 4; /* as examples of that size have */
    kit_run(k, 20000);
    iterations = k->iteration;
    nodes = k->nodes;
    while (sum + merge < seconds) {
        walk(k, &sum, &squares, &n, step);
        merge += merge_seconds(k);
        records += k->log.n_records;
        bytes += k->log.len;
    }
    iterations = k->iteration - iterations;
    nodes = k->nodes - nodes;
    p->walk_ns = 1e9 * sum / (double)nodes;
    p->merge_ns = 1e9 * merge / (double)records;
    p->nodes = (double)nodes / (double)iterations;
    p->records = (double)records / (double)nodes;
    p->record_bytes = (double)bytes / (double)records;
    /* variance of a task of `step` iterations is step times that of one */
    sum /= (double)iterations;
    squares = squares / ((double)n / step) - (double)step * sum * sum;
    p->task_cv = squares > 0.0 ? sqrt(squares) / sum : 0.0;
    p->copy_ns = 1e9 * copy_seconds(k) / (double)k->log.n_records;
    nolimit_close(&one);
}

/* ---- frames ---- */

/* 256 bytes, about a task's answer with a segment. */
enum { MESSAGE = 256, CHILDREN = 16 };

struct child {
    pid_t pid;
    int to, from;
};

/* A child that answers each message until its pipe ends. */
static void answer(int in, int out)
{
    char message[MESSAGE];

    while (hb_io_read_full(in, message, sizeof message, NULL, "a pipe", NULL) == HB_OK &&
           hb_io_write_full(out, message, sizeof message, "a pipe", NULL) == HB_OK)
        ;
    _exit(0);
}

static void start_children(struct child *c, int n)
{
    for (int i = 0; i < n; i++) {
        int to[2], from[2];

        if (pipe(to) != 0 || pipe(from) != 0 || (c[i].pid = fork()) < 0) {
            perror("b_scaling");
            exit(71);
        }
        if (c[i].pid == 0) {
            for (int k = 0; k < i; k++) /* or their pipes would never end */
                (void)close(c[k].to);
            (void)close(to[1]);
            answer(to[0], from[1]);
        }
        (void)close(to[0]);
        (void)close(from[1]);
        c[i].to = to[1];
        c[i].from = from[0];
    }
}

static void stop_children(struct child *c, int n)
{
    for (int i = 0; i < n; i++) {
        (void)close(c[i].to);
        (void)waitpid(c[i].pid, NULL, 0);
        (void)close(c[i].from);
    }
}

/* A message to each of n children that wait for one, then an answer of each. */
static void exchange(const struct child *c, int n)
{
    char message[MESSAGE] = {0};

    for (int i = 0; i < n; i++)
        if (hb_io_write_full(c[i].to, message, sizeof message, "a pipe", NULL) != HB_OK)
            exit(74);
    for (int i = 0; i < n; i++)
        if (hb_io_read_full(c[i].from, message, sizeof message, NULL, "a pipe", NULL) != HB_OK)
            exit(74);
}

/* The trip of a message with nothing else to do; and what a message costs the processor of a
 * coordinator that has no time to sleep, for others have answered meanwhile, while they do wait and
 * must be woken. */
static void measure_frames(struct parts *p, double seconds)
{
    struct child c[CHILDREN];
    double c0, w0;
    uint64_t n = 0;

    start_children(c, CHILDREN);
    w0 = hb_os_monotonic();
    for (; hb_os_monotonic() - w0 < seconds / 2.0; n++)
        exchange(c, 1);
    p->frame_us = 1e6 * (hb_os_monotonic() - w0) / (double)n;
    c0 = cpu_s();
    w0 = hb_os_monotonic();
    for (n = 0; hb_os_monotonic() - w0 < seconds / 2.0; n += CHILDREN)
        exchange(c, CHILDREN);
    /* twice: the coordinator passes each answer on to the mergers */
    p->frame_cpu_us = 2e6 * (cpu_s() - c0) / (double)n;
    stop_children(c, CHILDREN);
}

/* ---- memory ---- */

/* Lines at random, independent of each other: what walks with prefetch and merges ask for. */
static uint64_t probe(const uint8_t *mem, uint64_t lines, uint64_t seed)
{
    uint64_t sum = 0;
    uint64_t x = seed;

    for (uint32_t i = 0; i < PROBE_LINES; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += mem[((x >> 32) * lines >> 32) * 64];
    }
    return sum;
}

static double children_s(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_CHILDREN, &u); /* cannot fail */
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* GB/s of n processes together, by their processor time: waiting for memory is in it, waiting for a
 * processor that others use is not. */
static double probe_together(const uint8_t *mem, uint64_t bytes, int n)
{
    pid_t child[HB_TABLE_PARTS_MAX];
    const double before = children_s();

    for (int i = 0; i < n; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            volatile uint64_t sum = 0;

            for (uint64_t r = 0; r < PROBES; r++)
                sum += probe(mem, bytes / 64, PROBES * (uint64_t)i + r + 1);
            _exit((int)(sum & 1));
        }
    }
    for (int i = 0; i < n; i++)
        if (child[i] < 0 || waitpid(child[i], NULL, 0) < 0)
            exit(71);
    return n * (n * PROBES * (double)PROBE_LINES * LINE) / (children_s() - before) * 1e-9;
}

static void measure_memory(struct parts *p)
{
    const uint64_t bytes = UINT64_C(1) << 30;
    int n = hb_os_cpus() < HB_TABLE_PARTS_MAX ? hb_os_cpus() : HB_TABLE_PARTS_MAX;
    struct hb_err e = {0};
    void *mem;

    if (hb_pool_memory("the probe", bytes, &mem, &e) != HB_OK) {
        (void)fprintf(stderr, "b_scaling: %s\n", e.msg);
        exit(71);
    }
    memset(mem, 1, bytes);
    p->core_gb = probe_together(mem, bytes, 1);
    p->all_gb = probe_together(mem, bytes, n);
    hb_os_unmap(mem, bytes);
}

/* ---- the model ---- */

enum part { WALK, MEMORY, COORDINATOR, BARRIER, HANDOVER, MERGE, N_PARTS };
static const char *const part_names[N_PARTS] = {"walk",    "memory",   "coordinator",
                                                "barrier", "handover", "merge"};

/* Seconds of a round on n processors, by part. */
static void round_seconds(const struct parts *p, uint32_t round, int n, double limit_gb,
                          double s[N_PARTS])
{
    const double nodes = round * p->nodes;
    const double records = nodes * p->records;
    const int mergers = hb_train_mergers(TABLE_BYTES, n, true);
    const int share = (HB_TABLE_PARTS_MAX + mergers - 1) / mergers; /* of the busiest merger */
    const struct hb_cut cut = hb_cut_of(round, n, 0, p->nodes);
    const double tasks = hb_cut_tasks(&cut, round);
    const double copy_ns = mergers > 1 ? p->copy_ns : 0.0;
    const double walk_s = 1e-9 * (nodes * p->walk_ns + records * copy_ns) / n;
    const double last_s = walk_s * n * cut.smallest / round; /* a task at the end */
    const double memory_s =
        1e-9 * nodes * (LINE + p->records * (LINE + p->record_bytes)) / limit_gb;
    const double coordinator_s = 1e-6 * tasks * p->frame_cpu_us;

    s[WALK] = walk_s;
    s[MEMORY] = memory_s > walk_s ? memory_s - walk_s : 0.0;
    s[COORDINATOR] = coordinator_s > walk_s ? coordinator_s - walk_s : 0.0;
    /* workers end at any time within the last tasks, whose own times deviate too: the largest of n
     * uniform and of n normal numbers */
    s[BARRIER] = n == 1 ? 0.0
                        : last_s * ((n - 1.0) / (n + 1.0) +
                                    p->task_cv / sqrt(cut.smallest) * sqrt(2.0 * log((double)n)));
    s[HANDOVER] = 1e-6 * (n * p->frame_cpu_us / 2.0 + 2.0 * p->frame_us);
    s[MERGE] = 1e-9 * records * p->merge_ns * share / HB_TABLE_PARTS_MAX;
}

static double total(const double s[N_PARTS])
{
    double sum = 0.0;

    for (int i = 0; i < N_PARTS; i++)
        sum += s[i];
    return sum;
}

static void print_parts(const struct parts *p, uint32_t round, double limit_gb)
{
    printf("{\"bench\":\"scaling\",\"what\":\"parts\",\"round\":%u,\"walk_ns_per_node\":%.1f,"
           "\"merge_ns_per_record\":%.1f,\"copy_ns_per_record\":%.2f,\"nodes_per_iteration\":%.1f,"
           "\"records_per_node\":%.3f,\"bytes_per_record\":%.1f,\"iteration_cv\":%.2f,"
           "\"frame_cpu_us\":%.2f,\"frame_us\":%.2f,\"core_gb_per_s\":%.2f,\"all_gb_per_s\":%.2f,"
           "\"processors\":%d,\"limit_gb_per_s\":%.1f}\n",
           round, p->walk_ns, p->merge_ns, p->copy_ns, p->nodes, p->records, p->record_bytes,
           p->task_cv, p->frame_cpu_us, p->frame_us, p->core_gb, p->all_gb, hb_os_cpus(), limit_gb);
}

static void print_model(const struct parts *p, uint32_t round, double limit_gb)
{
    double alone[N_PARTS];

    round_seconds(p, round, 1, limit_gb, alone);
    for (int n = 1; n <= LARGEST; n *= 2) {
        double s[N_PARTS];
        int worst = MEMORY;

        round_seconds(p, round, n, limit_gb, s);
        for (int i = MEMORY; i < N_PARTS; i++)
            if (s[i] > s[worst])
                worst = i;
        printf("{\"bench\":\"scaling\",\"what\":\"model\",\"processors\":%d,\"speed_up\":%.2f,"
               "\"iterations_per_s\":%.0f,\"round_ms\":%.3f,\"limit\":\"%s\"",
               n, total(alone) / total(s), round / total(s), 1e3 * total(s), part_names[worst]);
        for (int i = 0; i < N_PARTS; i++)
            printf(",\"%s\":%.4f", part_names[i], s[i] / total(s));
        printf("}\n");
    }
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 3.0;
    const uint32_t round = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 8287;
    struct parts p = {0};
    double limit_gb;

    if (!(seconds > 0.0) || round < 1 || round > HB_ROUND_MAX)
        return 64;
    (void)signal(SIGPIPE, SIG_IGN); /* a dead child is an error of write */
    measure_memory(&p);
    measure_frames(&p, seconds / 3.0);
    measure_solver(&p, seconds, round);
    /* where all processors together get less than nine tenths of their share, that is the limit */
    limit_gb = p.all_gb < 0.9 * hb_os_cpus() * p.core_gb ? p.all_gb : CHANNEL_CORES * p.core_gb;
    if (limit_gb < p.all_gb)
        limit_gb = p.all_gb;
    print_parts(&p, round, limit_gb);
    print_model(&p, round, limit_gb);
    return 0;
}
