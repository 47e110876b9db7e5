/* Frames to workers that block in read(): how long a round trip takes, to the same processor and to
 * another, and when the last of many workers has read its SHUTDOWN.
 *
 *   b_wire [TRIPS [WORKERS [TIMES]]]      2000, 64 and 21 when not given
 *
 * The frames are those of lib/wire, header and checksum and all, 32 bytes without a payload. JSON
 * lines; times are wall times. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/pool.h"
#include "wire/frame.h"

#define WORKERS_MAX 256
#define TRIPS_MAX   100000

struct worker {
    pid_t pid;
    int to, from, cpu; /* cpu -1: any */
    struct hb_frame_writer out;
    struct hb_frame_reader in;
};

static struct worker worker[WORKERS_MAX];
static double *read_at; /* [WORKERS_MAX] shared: when each had its SHUTDOWN */
static double seconds[TRIPS_MAX];
static int n_trips = 2000;

static void die(const char *what)
{
    perror(what);
    exit(71);
}

static void must(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    (void)fprintf(stderr, "b_wire: %s\n", e->msg);
    exit(71);
}

/* ---- a worker ---- */

static void serve(void *ctx)
{
    int i = *(int *)ctx;
    struct hb_frame_reader in;
    struct hb_frame_writer out;
    struct hb_message m;

    hb_frame_reader_init(&in, 0, "tasks", 64);
    hb_frame_writer_init(&out, 1, "answers");
    while (hb_frame_read(&in, &m, NULL) == HB_OK) {
        if (m.type == HB_FRAME_SHUTDOWN) {
            read_at[i] = hb_os_monotonic();
            break;
        }
        if (hb_frame_write(&out, HB_FRAME_COMMIT, m.job, NULL, 0, NULL) != HB_OK)
            break;
    }
    _exit(0);
}

static void start(int i, int cpu)
{
    struct worker *w = &worker[i];
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe");
    (void)fflush(stdout);
    if ((w->pid = fork()) < 0)
        die("fork");
    if (w->pid == 0) {
        if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
            die("dup2");
        for (int fd = 3; fd <= out[1]; fd++)
            (void)close(fd); /* ends of others must end with their owners */
        if (cpu < 0 || !hb_os_run_on(cpu, serve, &i))
            serve(&i);
    }
    (void)close(in[0]); /* the worker's */
    (void)close(out[1]);
    w->to = in[1];
    w->from = out[0];
    hb_frame_writer_init(&w->out, w->to, "a worker");
    hb_frame_reader_init(&w->in, w->from, "a worker", 64);
}

static void end(int i)
{
    (void)waitpid(worker[i].pid, NULL, 0); /* it ends by itself */
    hb_frame_writer_fini(&worker[i].out);
    hb_frame_reader_fini(&worker[i].in);
    (void)close(worker[i].to);
    (void)close(worker[i].from);
}

/* ---- measurements ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void trip(int i, uint32_t job)
{
    struct hb_err e = {0};
    struct hb_message m;

    must(hb_frame_write(&worker[i].out, HB_FRAME_TASK, job, NULL, 0, &e), &e);
    must(hb_frame_read(&worker[i].in, &m, &e), &e);
}

/* Each begins when the worker has been waiting for a while, as it does between rounds. */
static void trips(void *unused)
{
    (void)unused;
    for (int n = 0; n < n_trips; n++) {
        double before;

        if (n % 4 == 0)
            (void)poll(NULL, 0, 1);
        before = hb_os_monotonic();
        trip(0, (uint32_t)n);
        seconds[n] = hb_os_monotonic() - before;
    }
}

static void measure_trips(const char *where, int cpu)
{
    struct hb_err e = {0};

    start(0, cpu);
    if (!hb_os_run_on(0, trips, NULL))
        trips(NULL);
    must(hb_frame_write(&worker[0].out, HB_FRAME_SHUTDOWN, 0, NULL, 0, &e), &e);
    end(0);
    qsort(seconds, (size_t)n_trips, sizeof *seconds, by_size);
    printf("{\"bench\":\"wire\",\"what\":\"round trip\",\"to\":\"%s\",\"frame_bytes\":%d,"
           "\"trips\":%d,\"median_us\":%.1f,\"p99_us\":%.1f}\n",
           where, HB_FRAME_HEADER, n_trips, 1e6 * seconds[n_trips / 2],
           1e6 * seconds[n_trips * 99 / 100]);
}

/* Seconds until the last of n workers has read its SHUTDOWN. */
static double shutdown_once(int n)
{
    struct hb_err e = {0};
    double before, last = 0.0;

    for (int i = 0; i < n; i++)
        start(i, -1);
    for (int i = 0; i < n; i++) /* all have begun to wait */
        trip(i, 0);
    (void)poll(NULL, 0, 20);
    before = hb_os_monotonic();
    for (int i = 0; i < n; i++)
        must(hb_frame_write(&worker[i].out, HB_FRAME_SHUTDOWN, 0, NULL, 0, &e), &e);
    for (int i = 0; i < n; i++)
        end(i);
    for (int i = 0; i < n; i++)
        last = read_at[i] > last ? read_at[i] : last;
    return last - before;
}

static void measure_shutdown(int n, int times)
{
    for (int i = 0; i < times; i++)
        seconds[i] = shutdown_once(n);
    qsort(seconds, (size_t)times, sizeof *seconds, by_size);
    printf("{\"bench\":\"wire\",\"what\":\"shutdown\",\"workers\":%d,\"times\":%d,"
           "\"all_read_ms\":%.3f,\"worst_ms\":%.3f}\n",
           n, times, 1e3 * seconds[times / 2], 1e3 * seconds[times - 1]);
}

int main(int argc, char **argv)
{
    struct hb_err e = {0};
    int n_workers = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 64;
    int times = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 21;
    void *shared;

    n_trips = argc > 1 ? (int)strtol(argv[1], NULL, 10) : n_trips;
    if (n_trips < 1 || n_trips > TRIPS_MAX || n_workers < 1 || n_workers > WORKERS_MAX ||
        times < 1 || times > TRIPS_MAX)
        return 64;
    (void)signal(SIGPIPE, SIG_IGN); /* a dead worker is an error of write */
    must(hb_pool_memory("times", WORKERS_MAX * sizeof *read_at, &shared, &e), &e);
    read_at = shared;
    measure_trips("the same processor", 0);
    if (hb_os_cpus() > 1)
        measure_trips("another processor", 1);
    measure_shutdown(n_workers, times);
    hb_os_unmap(shared, WORKERS_MAX * sizeof *read_at);
    return 0;
}
