/* What would more processors give? A model of a round from parts that are measured here.
 *
 *   b_scaling [SECONDS [ROUND]]     of each measurement, 3 when not given; iterations of a round, 8287
 *
 * First a JSON line with the parts, then one for 1, 2, 4 … 128 processors. man/hb-speed.7 has the
 * model and what it assumes. */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/nolimit.h"
#include "base/io.h"
#include "base/os.h"
#include "base/pool.h"
#include "run/cut.h"
#include "run/train.h"
#include "wire/message.h"

#define TABLE_BYTES   (UINT64_C(2) << 30) /* of the game below, about */
#define LINE          64.0
#define PROBE_LINES   (1u << 20) /* of the memory probe, a process: 64 MiB at random */
#define PROBES        4
#define TURNS         4
#define CHANNEL_CORES 8.0 /* cores that saturate the memory of a socket, when ours do not */
#define LARGEST       128 /* 2 ^ (SIZES - 1) */
#define SIZES         8

struct parts {
    double walk_ns, merge_ns, copy_ns; /* a node; a record that is added; that is copied */
    double nodes, records;             /* an iteration; a node */
    double record_bytes;
    double task_cv;                 /* deviation / mean of an iteration's time */
    double walk_lines, merge_lines; /* a node's row, as far as a walk or a merge goes */
    double task_cpu_us[SIZES]; /* of the coordinator for a task, with the mergers of 2^i workers */
    double send_cpu_us;        /* of that, for the task alone */
    double frame_us;           /* until the answer of a worker that waited is there */
    double core_gb, all_gb;    /* random lines a second: one process, all processors */
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

/* Cache lines of words [from, to). */
static double lines_of(uint64_t from, uint64_t to)
{
    return (double)((4 * to - 1) / (uint64_t)LINE - 4 * from / (uint64_t)LINE + 1);
}

/* How many lines a walk and a merge go over in a row, mean over the rows of some buckets: a walk reads
 * its head and regrets, and of a merge's records about as many are of regrets as of the average. */
static void count_lines(struct parts *p, const struct kit *k)
{
    double walk = 0.0, merge = 0.0;
    uint64_t n = 0;

    for (uint32_t node = 0; node < k->tree.n_nodes; node++)
        for (uint32_t bucket = 0; bucket < 16; bucket++) {
            const uint64_t row = (uint64_t)(hb_table_row(&k->table, node, bucket) - k->table.rows);
            const uint64_t actions = k->tree.node[node].n_actions;
            const double regrets = lines_of(row, row + HB_ROW_HEAD + actions);

            walk += regrets;
            merge += 0.5 * regrets + 0.5 * lines_of(row, row + HB_ROW_HEAD + 2 * actions);
            n++;
        }
    p->walk_lines = walk / (double)n;
    p->merge_lines = merge / (double)n;
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
    count_lines(p, k);
    nolimit_close(&one);
}

/* ---- frames ---- */

enum { WORKERS = 64 }; /* at most, that the coordinator is measured with */

struct child {
    pid_t pid;
    int to, from;
};

static void must(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    (void)fprintf(stderr, "b_scaling: %s\n", e->msg);
    exit(71);
}

/* A worker: each task is answered with a result that lies in a segment, by parts of the table. */
static void work(int in, int out, uint32_t parts)
{
    struct hb_delta_head head = {.task = {.generation = 1, .first = 0, .count = 100},
                                 .kind = parts > 1 ? HB_DELTA_PARTS : HB_DELTA_SEGMENT,
                                 .segment = "/proc/12345/fd/7",
                                 .n_parts = parts > 1 ? parts : 0};
    struct hb_frame_reader r;
    struct hb_frame_writer w;
    struct hb_buf result = {0};
    struct hb_message m;
    struct hb_err e = {0};

    hb_delta_encode(&head, &result);
    hb_frame_reader_init(&r, in, "tasks", HB_MESSAGE_MAX);
    hb_frame_writer_init(&w, out, "results");
    while (hb_frame_read(&r, &m, &e) == HB_OK &&
           hb_frame_write(&w, HB_FRAME_DELTA, m.job, result.data, result.len, &e) == HB_OK)
        ;
    _exit(0);
}

/* A merger that does nothing but read. */
static void drain(int in)
{
    char bytes[16384];
    size_t got;

    while (hb_io_read_some(in, bytes, sizeof bytes, &got, "results", NULL) == HB_OK)
        ;
    _exit(0);
}

/* Workers, with parts > 0, or mergers. */
static void start_children(struct child *c, int n, uint32_t parts)
{
    for (int i = 0; i < n; i++) {
        int to[2], from[2];

        if (pipe(to) != 0 || pipe(from) != 0 || (c[i].pid = fork()) < 0) {
            perror("b_scaling");
            exit(71);
        }
        if (c[i].pid == 0) {
            for (int fd = 3; fd < from[1]; fd++) /* or the pipes of others would never end */
                if (fd != to[0])
                    (void)close(fd);
            if (parts > 0)
                work(to[0], from[1], parts);
            drain(to[0]);
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

/* What hb-train has of each process. */
struct coordinator {
    struct child worker[WORKERS], merger[HB_TABLE_PARTS_MAX];
    struct hb_frame_reader in[WORKERS];
    struct hb_frame_writer out[WORKERS];
    struct hb_buf queue[HB_TABLE_PARTS_MAX], result;
    uint32_t seq[HB_TABLE_PARTS_MAX];
    int n_workers, n_mergers;
};

static void open_coordinator(struct coordinator *c, int n_workers, int n_mergers)
{
    memset(c, 0, sizeof *c);
    c->n_workers = n_workers;
    c->n_mergers = n_mergers;
    start_children(c->worker, n_workers, (uint32_t)n_mergers);
    start_children(c->merger, n_mergers, 0);
    for (int i = 0; i < n_workers; i++) {
        hb_frame_reader_init(&c->in[i], c->worker[i].from, "a worker", HB_MESSAGE_MAX);
        hb_frame_writer_init(&c->out[i], c->worker[i].to, "a worker");
    }
}

static void close_coordinator(struct coordinator *c)
{
    stop_children(c->worker, c->n_workers);
    stop_children(c->merger, c->n_mergers);
    for (int i = 0; i < c->n_workers; i++) {
        hb_frame_reader_fini(&c->in[i]);
        hb_frame_writer_fini(&c->out[i]);
    }
    for (int k = 0; k < c->n_mergers; k++)
        hb_buf_fini(&c->queue[k]);
    hb_buf_fini(&c->result);
}

static void send_tasks(struct coordinator *c)
{
    const struct hb_task task = {.generation = 1, .first = 0, .count = 100};
    struct hb_buf b = {0};
    struct hb_err e = {0};

    hb_task_encode(&task, &b);
    for (int i = 0; i < c->n_workers; i++)
        must(hb_frame_write(&c->out[i], HB_FRAME_TASK, 1, b.data, b.len, &e), &e);
    hb_buf_fini(&b);
}

/* As hb-train does. */
static void pass_on(struct coordinator *c, const struct hb_message *m,
                    const struct hb_delta_head *head)
{
    if (c->n_mergers == 1)
        hb_frame_encode(&c->queue[0], &c->seq[0], m->type, m->job, m->data, m->len);
    for (int k = 0; k < c->n_mergers && c->n_mergers > 1; k++) {
        c->result.len = 0;
        hb_delta_encode_part(head, (uint32_t)k, head->offset, &c->result);
        hb_frame_encode(&c->queue[k], &c->seq[k], m->type, m->job, c->result.data, c->result.len);
    }
}

/* Look who has said something, take a result of each worker, pass them on to every merger. */
static void take_results(struct coordinator *c)
{
    struct pollfd fd[WORKERS + 2 * HB_TABLE_PARTS_MAX];
    struct hb_delta_head head;
    struct hb_message m;
    struct hb_err e = {0};
    const uint8_t *body;
    nfds_t n = 0;

    for (int i = 0; i < c->n_workers; i++)
        fd[n++] = (struct pollfd){.fd = c->worker[i].from, .events = POLLIN};
    for (int k = 0; k < c->n_mergers; k++) {
        fd[n++] = (struct pollfd){.fd = c->merger[k].from, .events = POLLIN};
        fd[n++] = (struct pollfd){.fd = -1};
    }
    (void)poll(fd, n, -1); /* what it says is known: all will answer */
    for (int i = 0; i < c->n_workers; i++) {
        must(hb_frame_read(&c->in[i], &m, &e), &e);
        must(hb_delta_decode(&head, &body, m.data, m.len, &e), &e);
        pass_on(c, &m, &head);
    }
    for (int k = 0; k < c->n_mergers; k++) {
        must(hb_io_write_full(c->merger[k].to, c->queue[k].data, c->queue[k].len, "a merger", &e),
             &e);
        c->queue[k].len = 0;
    }
}

/* What a task costs the processor of a coordinator that has no time to sleep, for others have
 * answered meanwhile, while they do wait and must be woken; *send_us of it until it is sent. */
static double task_cpu_us(int workers, double seconds, double *send_us)
{
    const int mergers = hb_train_mergers(TABLE_BYTES, workers, true);
    static struct coordinator c; /* large */
    double sending = 0.0;
    double total, end;
    uint64_t n = 0;

    /* so many that there is always somebody to attend to */
    workers = workers < WORKERS / 4 ? WORKERS / 4 : workers < WORKERS ? workers : WORKERS;
    open_coordinator(&c, workers, mergers);
    end = hb_os_monotonic() + seconds;
    total = -cpu_s();
    do {
        sending -= cpu_s();
        send_tasks(&c);
        sending += cpu_s();
        take_results(&c);
        n += (uint64_t)workers;
    } while (hb_os_monotonic() < end);
    total += cpu_s();
    close_coordinator(&c);
    *send_us = 1e6 * sending / (double)n;
    return 1e6 * total / (double)n;
}

static void measure_frames(struct parts *p, double seconds)
{
    static struct coordinator c;
    double w0, send_us;
    uint64_t n = 0;

    open_coordinator(&c, 1, 1);
    w0 = hb_os_monotonic();
    for (; hb_os_monotonic() - w0 < seconds / 2.0; n++) {
        send_tasks(&c);
        take_results(&c);
    }
    p->frame_us = 1e6 * (hb_os_monotonic() - w0) / (double)n;
    close_coordinator(&c);
    for (int i = 0; i < SIZES; i++)
        p->task_cpu_us[i] =
            task_cpu_us(1 << i, seconds / SIZES, i == 0 ? &p->send_cpu_us : &send_us);
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

/* Come to every page once: that is slow on some virtual machines, and a walk knows its pages. */
static uint64_t come_to_pages(const uint8_t *mem, uint64_t bytes)
{
    uint64_t sum = 0;

    for (uint64_t at = 0; at < bytes; at += 4096)
        sum += mem[at];
    return sum;
}

/* GB/s of n processes together, by their processor time: waiting for memory is in it, waiting for a
 * processor that others use is not. spent: [n] shared with them. */
static double probe_together(const uint8_t *mem, uint64_t bytes, int n, double *spent)
{
    pid_t child[HB_TABLE_PARTS_MAX];
    double sum = 0.0;

    for (int i = 0; i < n; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            volatile uint64_t seen = come_to_pages(mem, bytes);
            double t0 = cpu_s();

            for (uint64_t r = 0; r < PROBES; r++)
                seen += probe(mem, bytes / 64, PROBES * (uint64_t)i + r + 1);
            spent[i] = cpu_s() - t0;
            _exit((int)(seen & 1));
        }
    }
    for (int i = 0; i < n; i++) {
        if (child[i] < 0 || waitpid(child[i], NULL, 0) < 0)
            exit(71);
        sum += spent[i];
    }
    return n * (n * PROBES * (double)PROBE_LINES * LINE) / sum * 1e-9;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* In memory like a table's. */
static void measure_memory(struct parts *p)
{
    const uint64_t bytes = UINT64_C(1) << 30;
    int n = hb_os_cpus() < HB_TABLE_PARTS_MAX ? hb_os_cpus() : HB_TABLE_PARTS_MAX;
    struct hb_os_shared shared;
    struct hb_err e = {0};
    void *spent, *mem;

    must(hb_pool_memory("the times", HB_TABLE_PARTS_MAX * sizeof(double), &spent, &e), &e);
    must(hb_os_shared_new("/tmp", "probe", bytes, &shared, &e), &e);
    must(hb_os_map(shared.fd, bytes, true, &mem, &e), &e);
    must(hb_os_populate(mem, bytes, true, &e), &e);
    memset(mem, 1, bytes);
    for (int turn = 0; turn < TURNS; turn++) { /* the best: it is what the machine can do */
        p->core_gb = larger(p->core_gb, probe_together(mem, bytes, 1, spent));
        p->all_gb = larger(p->all_gb, probe_together(mem, bytes, n, spent));
    }
    hb_os_unmap(mem, bytes);
    hb_os_shared_close(&shared);
    hb_os_unmap(spent, HB_TABLE_PARTS_MAX * sizeof(double));
}

/* ---- the model ---- */

enum part { WALK, MEMORY, COORDINATOR, BARRIER, HANDOVER, MERGE, N_PARTS };
static const char *const part_names[N_PARTS] = {"walk",    "memory",   "coordinator",
                                                "barrier", "handover", "merge"};

/* Seconds of a round on 2^size processors, by part. */
static void round_seconds(const struct parts *p, uint32_t round, int size, double limit_gb,
                          double s[N_PARTS])
{
    const int n = 1 << size;
    const double nodes = round * p->nodes;
    const double records = nodes * p->records;
    const int mergers = hb_train_mergers(TABLE_BYTES, n, true);
    const int share = (HB_TABLE_PARTS_MAX + mergers - 1) / mergers; /* of the busiest merger */
    const struct hb_cut cut = hb_cut_of(round, n, 0, p->nodes);
    const double tasks = hb_cut_tasks(&cut, round);
    const double copy_ns = mergers > 1 ? p->copy_ns : 0.0;
    const double walk_s = 1e-9 * (nodes * p->walk_ns + records * copy_ns) / n;
    const double merge_s = 1e-9 * records * p->merge_ns * share / HB_TABLE_PARTS_MAX;
    const double last_s = walk_s * n * cut.smallest / round; /* a task at the end */
    /* a log's lines are fetched and written back; a row that is merged as well */
    const double walk_memory_s =
        1e-9 * (nodes * p->walk_lines * LINE + records * 2.0 * p->record_bytes) / limit_gb;
    const double merge_memory_s =
        1e-9 * records * (2.0 * p->merge_lines * LINE + p->record_bytes) / limit_gb;
    const double coordinator_s = 1e-6 * tasks * p->task_cpu_us[size];

    s[WALK] = walk_s;
    s[MEMORY] = (walk_memory_s > walk_s ? walk_memory_s - walk_s : 0.0) +
                (merge_memory_s > merge_s ? merge_memory_s - merge_s : 0.0);
    s[COORDINATOR] = coordinator_s > walk_s ? coordinator_s - walk_s : 0.0;
    /* workers end at any time within the last tasks, whose own times deviate too: the largest of n
     * uniform and of n normal numbers */
    s[BARRIER] = n == 1 ? 0.0
                        : last_s * ((n - 1.0) / (n + 1.0) +
                                    p->task_cv / sqrt(cut.smallest) * sqrt(2.0 * log((double)n)));
    s[HANDOVER] = 1e-6 * (n * p->send_cpu_us + 2.0 * p->frame_us);
    s[MERGE] = merge_s;
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
           "\"walk_lines\":%.2f,\"merge_lines\":%.2f,\"send_cpu_us\":%.2f,\"frame_us\":%.2f,"
           "\"core_gb_per_s\":%.2f,\"all_gb_per_s\":%.2f,\"processors\":%d,"
           "\"limit_gb_per_s\":%.1f,\"task_cpu_us\":[",
           round, p->walk_ns, p->merge_ns, p->copy_ns, p->nodes, p->records, p->record_bytes,
           p->task_cv, p->walk_lines, p->merge_lines, p->send_cpu_us, p->frame_us, p->core_gb,
           p->all_gb, hb_os_cpus(), limit_gb);
    for (int i = 0; i < SIZES; i++)
        printf("%s%.2f", i > 0 ? "," : "", p->task_cpu_us[i]);
    printf("]}\n");
}

/* What takes most beyond its share of one processor's time. */
static const char *limit_of(const double s[N_PARTS], const double alone[N_PARTS], int n)
{
    double most = 0.0;
    const char *limit = "none";

    for (int i = 0; i < N_PARTS && n > 1; i++)
        if (s[i] - alone[i] / n > most) {
            most = s[i] - alone[i] / n;
            limit = part_names[i];
        }
    return limit;
}

static void print_model(const struct parts *p, uint32_t round, double limit_gb)
{
    double alone[N_PARTS];

    round_seconds(p, round, 0, limit_gb, alone);
    for (int size = 0; size < SIZES; size++) {
        const int n = 1 << size;
        double s[N_PARTS];

        round_seconds(p, round, size, limit_gb, s);
        printf("{\"bench\":\"scaling\",\"what\":\"model\",\"processors\":%d,\"speed_up\":%.2f,"
               "\"iterations_per_s\":%.0f,\"round_ms\":%.3f,\"limit\":\"%s\"",
               n, total(alone) / total(s), round / total(s), 1e3 * total(s), limit_of(s, alone, n));
        for (int i = 0; i < N_PARTS; i++)
            printf(",\"%s\":%.4f", part_names[i], s[i] / total(s));
        printf("}\n");
    }
}

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: b_scaling [SECONDS [ROUND]]   seconds above 0, iterations from 1 "
                  "to %u\n",
                  HB_ROUND_MAX);
    return 64;
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 3.0;
    const uint32_t round = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 8287;
    struct parts p = {0};
    double limit_gb;

    if (!(seconds > 0.0) || round < 1 || round > HB_ROUND_MAX)
        return usage();
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
