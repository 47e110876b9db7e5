/* The old way, for comparison: workers that poll their pipe, beside workers that block in read().
 *
 *   b_poll [SECONDS [WORKERS]]      of each measurement, 1 and 4 when not given
 *
 * A worker waits for a task in one of three ways:
 *
 *   read   blocks in read(), as hb-worker does: no timeout, no wake-up
 *   poll   poll() with a timeout, over and over: wakes for nothing, but at once when a task comes
 *   look   looks without waiting, then lets the timeout pass: queues of many trainers, whose
 *          get(timeout) is made of naps, work so
 *
 * For each way and timeout a JSON line: context switches a second and worker while there is nothing
 * to do; the time from a task's writing to its answer's reading, one task at a time with pauses of
 * uneven length; and rounds a second of a run in the small: four tasks for each worker, a barrier, the
 * next round. The ways take turns, five times, for machines change while they are measured; idle
 * counts are means of the five, the rest are medians. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/os.h"

#define WORKERS_MAX 64
#define TASKS       4 /* a worker and round */
#define PARTS       5
#define LATENCIES   4000
#define WORK_STEPS  50000 /* of a task: about 60 us */

enum way { READ, POLL, LOOK };

static const char *const names[] = {"read", "poll", "look"};

struct worker {
    pid_t pid;
    int to, from;
};

static struct worker worker[WORKERS_MAX];
static int n_workers = 4;

static void die(const char *what)
{
    perror(what);
    exit(71);
}

/* ---- the worker ---- */

static uint64_t work(uint32_t steps)
{
    uint64_t x = steps;

    for (uint32_t i = 0; i < steps; i++) {
        __asm__ volatile("" : "+r"(x)); /* not to be worked out beforehand */
        x = x * UINT64_C(6364136223846793005) + 1;
    }
    return x;
}

/* False at the end of the pipe. */
static bool next_task(enum way way, int timeout_ms, uint32_t *steps)
{
    struct pollfd fd = {.fd = 0, .events = POLLIN};

    for (;;) {
        int ready = 1;

        if (way == POLL)
            ready = poll(&fd, 1, timeout_ms);
        else if (way == LOOK)
            ready = poll(&fd, 1, 0);
        if (ready > 0)
            return hb_io_read_full(0, steps, sizeof *steps, NULL, "tasks", NULL) == HB_OK;
        if (way == LOOK)
            (void)poll(NULL, 0, timeout_ms); /* a nap */
    }
}

static void serve(enum way way, int timeout_ms)
{
    uint32_t steps;

    while (next_task(way, timeout_ms, &steps)) {
        uint64_t answer = work(steps);

        if (hb_io_write_full(1, &answer, sizeof answer, "answers", NULL) != HB_OK)
            break;
    }
    _exit(0);
}

/* ---- the other side ---- */

static void cloexec_pipe(int fds[2])
{
    if (pipe(fds) != 0)
        die("pipe");
    for (int i = 0; i < 2; i++)
        (void)fcntl(fds[i], F_SETFD, FD_CLOEXEC); /* cannot fail on a pipe of ours */
}

static void start(enum way way, int timeout_ms)
{
    for (int i = 0; i < n_workers; i++) {
        int in[2], out[2];

        cloexec_pipe(in);
        cloexec_pipe(out);
        (void)fflush(stdout);
        if ((worker[i].pid = fork()) < 0)
            die("fork");
        if (worker[i].pid == 0) {
            if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
                die("dup2");
            for (int fd = 3; fd < out[1] + 2; fd++)
                (void)close(fd); /* ends of others must end with their owners */
            serve(way, timeout_ms);
        }
        (void)close(in[0]); /* the worker's */
        (void)close(out[1]);
        worker[i].to = in[1];
        worker[i].from = out[0];
    }
}

static void stop(void)
{
    for (int i = 0; i < n_workers; i++)
        (void)close(worker[i].to); /* the end of its work */
    for (int i = 0; i < n_workers; i++) {
        (void)waitpid(worker[i].pid, NULL, 0); /* it ends by itself */
        (void)close(worker[i].from);
    }
}

static void give(int i, uint32_t steps)
{
    if (hb_io_write_full(worker[i].to, &steps, sizeof steps, "a worker", NULL) != HB_OK)
        die("a worker");
}

static void take(int i)
{
    uint64_t answer;

    if (hb_io_read_full(worker[i].from, &answer, sizeof answer, NULL, "a worker", NULL) != HB_OK)
        die("a worker");
}

/* ---- measurements ---- */

static double switches(void)
{
    double sum = 0.0;

    for (int i = 0; i < n_workers; i++) {
        struct hb_os_schedule s;

        hb_os_schedule(worker[i].pid, &s);
        sum += (double)(s.ctx_voluntary + s.ctx_involuntary);
    }
    return sum;
}

/* Context switches a second and worker, and processors used, with nothing to do. */
static void idle(double seconds, double *wakeups, double *cpus)
{
    double cpu = 0.0;
    double before;

    for (int i = 0; i < n_workers; i++) { /* all have begun to wait */
        give(i, 1);
        take(i);
    }
    (void)poll(NULL, 0, 50);
    before = switches();
    for (int i = 0; i < n_workers; i++)
        cpu -= hb_os_cpu_seconds(worker[i].pid);
    (void)poll(NULL, 0, (int)(1000.0 * seconds));
    for (int i = 0; i < n_workers; i++)
        cpu += hb_os_cpu_seconds(worker[i].pid);
    *wakeups = (switches() - before) / seconds / n_workers;
    *cpus = cpu > 0.0 ? cpu / seconds : 0.0;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Seconds from giving a task without work to its answer: median and 99 %. */
static void latency(double seconds, double *median, double *high)
{
    static double t[LATENCIES];
    const double end = hb_os_monotonic() + seconds;
    int n = 0;

    while (n < LATENCIES && hb_os_monotonic() < end) {
        double before;

        (void)poll(NULL, 0, 1 + n * 7 % 5); /* it waits again */
        before = hb_os_monotonic();
        give(n % n_workers, 1);
        take(n % n_workers);
        t[n++] = hb_os_monotonic() - before;
    }
    qsort(t, (size_t)n, sizeof *t, by_size);
    *median = t[n / 2];
    *high = t[n * 99 / 100];
}

static uint64_t rounds_for(double seconds)
{
    const double end = hb_os_monotonic() + seconds;
    uint64_t n = 0;

    while (hb_os_monotonic() < end) {
        for (int k = 0; k < TASKS; k++)
            for (int i = 0; i < n_workers; i++)
                give(i, WORK_STEPS);
        for (int k = 0; k < TASKS; k++)
            for (int i = 0; i < n_workers; i++)
                take(i);
        n++;
    }
    return n;
}

struct result {
    double wakeups, cpus; /* sums over the turns */
    double median[PARTS], high[PARTS], rounds[PARTS];
};

static void measure(enum way way, int timeout_ms, double seconds, int turn, struct result *x)
{
    double wakeups, cpus;

    start(way, timeout_ms);
    idle(seconds, &wakeups, &cpus);
    x->wakeups += wakeups;
    x->cpus += cpus;
    latency(seconds, &x->median[turn], &x->high[turn]);
    x->rounds[turn] = (double)rounds_for(seconds) / seconds;
    stop();
}

static double median_of(double v[PARTS])
{
    qsort(v, PARTS, sizeof *v, by_size);
    return v[PARTS / 2];
}

static void print_result(enum way way, int timeout_ms, struct result *x)
{
    printf("{\"bench\":\"poll\",\"way\":\"%s\",\"timeout_ms\":%d,\"workers\":%d,"
           "\"idle_wakeups_per_s\":%.1f,\"idle_cpus\":%.5f,\"latency_us\":%.1f,"
           "\"latency_p99_us\":%.1f,\"rounds_per_s\":%.1f}\n",
           names[way], timeout_ms, n_workers, x->wakeups / PARTS, x->cpus / PARTS,
           1e6 * median_of(x->median), 1e6 * median_of(x->high), median_of(x->rounds));
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: b_poll [SECONDS [WORKERS]]   seconds above 0, up to %d workers\n",
                  WORKERS_MAX);
    return 64;
}

int main(int argc, char **argv)
{
    static const struct {
        enum way way;
        int timeout_ms;
    } ways[] = {{READ, 0},  {POLL, 10}, {POLL, 50}, {POLL, 100},
                {LOOK, 10}, {LOOK, 50}, {LOOK, 100}};
    enum { WAYS = sizeof ways / sizeof ways[0] };
    struct result x[WAYS] = {{0}};
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;

    (void)signal(SIGPIPE, SIG_IGN); /* a dead worker is an error of write */
    if (argc > 2)
        n_workers = (int)strtol(argv[2], NULL, 10);
    if (!(seconds > 0.0) || n_workers < 1 || n_workers > WORKERS_MAX)
        return usage();
    for (int turn = 0; turn < PARTS; turn++)
        for (int i = 0; i < WAYS; i++)
            measure(ways[i].way, ways[i].timeout_ms, seconds / PARTS, turn, &x[i]);
    for (int i = 0; i < WAYS; i++)
        print_result(ways[i].way, ways[i].timeout_ms, &x[i]);
    return 0;
}
