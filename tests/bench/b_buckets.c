/* Opening a bucket file as large as hold'em's, as JSON lines: verified, which one process does, and
 * with the root hash of a verified one, which every worker does; and what the workers' memory is.
 *
 *   b_buckets [PROCESSES] */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abstraction/build.h"
#include "base/os.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static double now_s(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        exit(71);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void need(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    (void)fprintf(stderr, "b_buckets: %s\n", e->msg);
    exit(70);
}

/* CPU and wall milliseconds of an open. */
static void time_open(const char *path, const struct hb_hash *root, const char *what,
                      struct hb_buckets *b)
{
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
    double wall = now_s(CLOCK_MONOTONIC);
    struct hb_err e = {0};

    need(hb_buckets_open(path, root, b, &e), &e);
    printf("{\"bench\":\"buckets\",\"open\":\"%s\",\"map_mb\":%.0f,\"cpu_ms\":%.2f,\"ms\":%.2f}\n",
           what, (double)hb_buckets_bytes(b) / 1e6, 1e3 * (now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu),
           1e3 * (now_s(CLOCK_MONOTONIC) - wall));
    (void)fflush(stdout);
}

/* Map it, look at every page, say so, and wait until nobody has the other end any more. */
static int worker(const char *path, const struct hb_hash *root, int ready, int go)
{
    struct hb_buckets b = {0};
    uint64_t sum = 0;
    char c;

    if (hb_buckets_open(path, root, &b, NULL) != HB_OK)
        return 1;
    for (int s = 0; s < HB_STREETS; s++)
        for (uint64_t i = 0; b.street[s].map != NULL && i < b.street[s].n_hands; i += 4096)
            sum += b.street[s].map[i];
    return write(ready, "", 1) == 1 && read(go, &c, 1) == 0 && sum > 0 ? 0 : 1;
}

static void weigh_workers(const char *path, const struct hb_hash *root, int n)
{
    uint64_t pss = 0;
    int ready[2];
    int go[2];
    char c;
    pid_t pid[64];

    if (pipe(ready) != 0 || pipe(go) != 0)
        exit(71);
    for (int i = 0; i < n; i++)
        if ((pid[i] = fork()) == 0) {
            (void)close(go[1]);
            _exit(worker(path, root, ready[1], go[0]));
        }
    for (int i = 0; i < n; i++)
        if (read(ready[0], &c, 1) != 1)
            exit(70);
    for (int i = 0; i < n; i++) {
        struct hb_os_usage u;

        hb_os_usage(pid[i], &u);
        pss += u.pss_bytes;
    }
    (void)close(go[1]);
    while (wait(NULL) > 0)
        continue;
    printf("{\"bench\":\"buckets\",\"workers\":%d,\"pss_mb_all\":%.1f}\n", n, (double)pss / 1e6);
}

int main(int argc, char **argv)
{
    const bool all[HB_STREETS] = {true, true, true, true};
    struct hb_cards_spec spec = {{{true, "lossless", ""},
                                  {true, "ehs", "k=200"},
                                  {true, "ehs", "k=200"},
                                  {true, "ehs", "k=200"}}};
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 8;
    char folder[] = "/tmp/hb-b-buckets-XXXXXX";
    struct hb_buckets b = {0};
    struct hb_hash root;
    struct hb_err e = {0};
    char dirs[1100];
    char out[64];

    if (slash == NULL || n < 1 || n > 64 || mkdtemp(folder) == NULL)
        return 70;
    *slash = '\0'; /* build/bench */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    (void)snprintf(out, sizeof out, "%s/x.hba", folder);
    need(hb_buckets_build(&holdem, all, &spec, out, &(struct hb_build_options){.plugin_dirs = dirs},
                          NULL, &e),
         &e);
    time_open(out, NULL, "verify", &b);
    root = b.root;
    hb_buckets_fini(&b);
    for (int i = 0; i < 3; i++) {
        time_open(out, &root, "verified", &b);
        hb_buckets_fini(&b);
    }
    weigh_workers(out, &root, n);
    (void)unlink(out);
    (void)rmdir(folder);
    return 0;
}
