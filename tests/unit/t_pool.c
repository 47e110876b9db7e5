/* Work is shared out to processes and comes back in its order, whatever happens to them. */
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "check.h"

#define FDS 256

/* What units do, and what was taken. */
struct bench {
    struct hb_hasher hasher;
    uint32_t n_taken, last_job;
    uint32_t bad_unit;  /* fails, in its way */
    int gate[2];        /* a pipe */
    uint32_t opener;    /* unit that opens the gate for unit 0 */
    uint32_t *shared;   /* of all processes */
    double told;        /* last share */
    unsigned open_most; /* descriptors a child had */
};

static struct hb_hash hash_of(struct bench *b)
{
    struct hb_hash h;

    hb_hasher_done(&b->hasher, &h);
    return h;
}

static int no_children_left(void)
{
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
}

static void on_tell(void *ctx, double done)
{
    struct bench *b = ctx;

    CHECK(done > b->told && done <= 1);
    b->told = done;
}

/* A result whose length and bytes follow from job and unit. */
static int plain_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                      struct hb_err *e)
{
    uint8_t *out = result;

    (void)ctx;
    (void)e;
    *len = (unit * 7919 + job) % 5000;
    for (size_t i = 0; i < *len; i++)
        out[i] = (uint8_t)(i * (unit + 3) + job);
    return HB_OK;
}

static int plain_take(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                      struct hb_err *e)
{
    struct bench *b = ctx;

    (void)e;
    CHECK_EQ(unit, b->n_taken);
    CHECK_EQ((uintptr_t)result % 16, 0);
    b->n_taken++;
    b->last_job = job;
    hb_hasher_put(&b->hasher, &len, sizeof len);
    hb_hasher_put(&b->hasher, result, len);
    return HB_OK;
}

static struct hb_pool *pool_of(int n, struct bench *b,
                               int (*unit)(void *, uint32_t, uint32_t, void *, size_t *,
                                           struct hb_err *))
{
    struct hb_pool_work w = {.ctx = b, .result_max = 5000, .unit = unit, .take = plain_take};
    struct hb_pool *p = NULL;
    struct hb_err e = {0};

    hb_hasher_init(&b->hasher);
    CHECK_OK(hb_pool_new(n, &w, &p, &e), e);
    return p;
}

static void results_are_those_of_one_process_in_the_order_of_their_units(void)
{
    struct hb_hash first = {{0}};

    for (int n = 1; n <= 7; n++) {
        struct bench b = {0};
        struct hb_err e = {0};
        struct hb_pool *p = pool_of(n, &b, plain_unit);
        struct hb_hash h;

        CHECK_OK(hb_pool_run(p, 5, 301, on_tell, &b, &e), e);
        CHECK_EQ(b.n_taken, 301);
        CHECK_EQ(b.last_job, 5);
        CHECK(b.told == 1);
        CHECK_OK(hb_pool_run(p, 6, 0, on_tell, &b, &e), e); /* nothing to do */
        b.n_taken = 0;
        b.told = 0;
        CHECK_OK(hb_pool_run(p, 7, 2, on_tell, &b, &e), e); /* fewer units than processes */
        h = hash_of(&b);
        if (n == 1)
            first = h;
        CHECK(hb_hash_equal(&h, &first));
        hb_pool_free(p);
        CHECK(no_children_left());
    }
}

static int gated_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                      struct hb_err *e)
{
    struct bench *b = ctx;
    char byte = 0;
    int rc = HB_OK;

    if (unit > b->shared[0])
        b->shared[0] = unit; /* the other child alone writes */
    if (unit == 0)
        rc = hb_io_read_full(b->gate[0], &byte, 1, NULL, "the gate", e);
    if (unit == 0)
        b->shared[1] = b->shared[0]; /* the farthest before it was done */
    if (unit == b->opener)
        rc = hb_io_write_full(b->gate[1], "", 1, "the gate", e);
    return rc == HB_OK ? plain_unit(ctx, job, unit, result, len, e) : rc;
}

/* Unit 0 is not done before the last unit that may be given away is, so everything between them
 * waits for its turn; one more unit would never be given. */
static void a_slow_unit_holds_the_others_back_and_their_results_wait(void)
{
    struct bench want = {0};
    struct bench b = {.opener = 2 * HB_POOL_AHEAD - 1};
    struct hb_hash hash;
    struct hb_hash want_hash;
    struct hb_err e = {0};
    struct hb_pool *p = pool_of(1, &want, plain_unit);

    CHECK_OK(hb_pool_run(p, 1, 100, NULL, NULL, &e), e);
    hb_pool_free(p);
    CHECK_EQ(pipe(b.gate), 0);
    CHECK_OK(hb_pool_memory("counters", 64, (void **)&b.shared, &e), e);
    p = pool_of(2, &b, gated_unit);
    CHECK_OK(hb_pool_run(p, 1, 100, NULL, NULL, &e), e);
    hb_pool_free(p);
    hash = hash_of(&b);
    want_hash = hash_of(&want);
    CHECK(hb_hash_equal(&hash, &want_hash));
    CHECK_EQ(b.shared[1], b.opener);
    hb_os_unmap(b.shared, 64);
    (void)close(b.gate[0]);
    (void)close(b.gate[1]);
}

static int doubling_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                         struct hb_err *e)
{
    struct bench *b = ctx;

    (void)result;
    (void)len;
    (void)e;
    b->shared[100 + unit] = job * b->shared[unit];
    return HB_OK;
}

static void jobs_follow_each_other_through_shared_memory(void)
{
    struct bench b = {0};
    struct hb_pool_work w = {.ctx = &b, .unit = doubling_unit};
    struct hb_pool *p = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_pool_memory("numbers", 200 * sizeof *b.shared, (void **)&b.shared, &e), e);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(b.shared[i], 0);
    CHECK_OK(hb_pool_new(3, &w, &p, &e), e);
    for (uint32_t job = 1; job < 50; job++) {
        for (uint32_t i = 0; i < 100; i++)
            b.shared[i] = job + i;
        CHECK_OK(hb_pool_run(p, job, 100, NULL, NULL, &e), e);
        for (uint32_t i = 0; i < 100; i++)
            CHECK_EQ(b.shared[100 + i], job * (job + i));
    }
    hb_pool_free(p);
    hb_os_unmap(b.shared, 200 * sizeof *b.shared);
}

static int failing_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                        struct hb_err *e)
{
    struct bench *b = ctx;

    if (unit == b->bad_unit)
        return hb_fail(e, HB_EPLUGIN, "plugin 'x' refuses unit %u", (unsigned)unit);
    return plain_unit(ctx, job, unit, result, len, e);
}

static void an_error_of_a_unit_ends_the_run_with_its_code_and_text(void)
{
    for (int n = 1; n <= 3; n++) {
        struct bench b = {.bad_unit = 40};
        struct hb_err e = {0};
        struct hb_pool *p = pool_of(n, &b, failing_unit);

        CHECK_EQ(hb_pool_run(p, 0, 100, NULL, NULL, &e), HB_EPLUGIN);
        CHECK_EQ(e.rc, HB_EPLUGIN);
        CHECK_STR(e.msg, "plugin 'x' refuses unit 40");
        CHECK(b.n_taken <= 40);
        hb_pool_free(p);
        CHECK(no_children_left());
    }
}

static int refusing_take(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                         struct hb_err *e)
{
    if (unit == 3)
        return hb_fail(e, HB_EIO, "no room for unit 3");
    return plain_take(ctx, job, unit, result, len, e);
}

static void an_error_of_take_ends_the_run(void)
{
    for (int n = 1; n <= 2; n++) {
        struct bench b = {0};
        struct hb_pool_work w = {&b, 5000, plain_unit, refusing_take};
        struct hb_err e = {0};
        struct hb_pool *p = NULL;

        hb_hasher_init(&b.hasher);
        CHECK_OK(hb_pool_new(n, &w, &p, &e), e);
        CHECK_EQ(hb_pool_run(p, 0, 100, NULL, NULL, &e), HB_EIO);
        CHECK_STR(e.msg, "no room for unit 3");
        CHECK_EQ(b.n_taken, 3);
        hb_pool_free(p);
        CHECK(no_children_left());
    }
}

static int dying_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                      struct hb_err *e)
{
    struct bench *b = ctx;

    if (unit == b->bad_unit && job == 0)
        (void)kill(getpid(), SIGKILL);
    if (unit == b->bad_unit)
        _exit(0);
    return plain_unit(ctx, job, unit, result, len, e);
}

static void a_process_that_dies_is_an_error_that_says_so(void)
{
    for (uint32_t job = 0; job < 2; job++)
        for (uint32_t bad = 0; bad < 60; bad += 29) {
            struct bench b = {.bad_unit = bad};
            struct hb_err e = {0};
            struct hb_pool *p = pool_of(3, &b, dying_unit);

            CHECK_EQ(hb_pool_run(p, job, 60, NULL, NULL, &e), HB_ESYS);
            CHECK(strstr(e.msg, job == 0 ? "killed by signal 9" : "ended early") != NULL);
            CHECK(b.n_taken <= bad);
            hb_pool_free(p);
            CHECK(no_children_left());
        }
}

static int leaving_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                        struct hb_err *e)
{
    *(pid_t *)result = getpid();
    *len = sizeof(pid_t);
    (void)ctx;
    (void)job;
    (void)unit;
    (void)e;
    return HB_OK;
}

static int remember_pid(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                        struct hb_err *e)
{
    struct bench *b = ctx;

    (void)job;
    (void)unit;
    (void)e;
    CHECK_EQ(len, sizeof(pid_t));
    b->n_taken = (uint32_t) * (const pid_t *)result;
    return HB_OK;
}

static void a_process_that_died_between_two_runs_is_an_error_of_the_next(void)
{
    struct bench b = {0};
    struct hb_pool_work w = {&b, sizeof(pid_t), leaving_unit, remember_pid};
    struct hb_err e = {0};
    struct hb_pool *p = NULL;

    CHECK_OK(hb_pool_new(2, &w, &p, &e), e);
    CHECK_OK(hb_pool_run(p, 0, 1, NULL, NULL, &e), e);
    CHECK_EQ(kill((pid_t)b.n_taken, SIGKILL), 0);
    CHECK_EQ(hb_pool_run(p, 0, 100000, NULL, NULL, &e), HB_ESYS);
    CHECK(strstr(e.msg, "killed by signal 9") != NULL);
    hb_pool_free(p);
    CHECK(no_children_left());
}

static int long_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                     struct hb_err *e)
{
    int rc = plain_unit(ctx, job, unit, result, len, e);

    *len = unit == 9 ? 5001 : *len;
    return rc;
}

static void a_result_longer_than_was_said_is_a_bug_that_is_noticed(void)
{
    for (int n = 1; n <= 2; n++) {
        struct bench b = {0};
        struct hb_err e = {0};
        struct hb_pool *p = pool_of(n, &b, long_unit);

        CHECK_EQ(hb_pool_run(p, 0, 20, NULL, NULL, &e), HB_EINTERNAL);
        CHECK_STR(e.msg, "a result of 5001 bytes, at most 5000 were said");
        hb_pool_free(p);
        CHECK(no_children_left());
    }
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
    (void)sig;
    signals = signals + 1;
}

static int signalling_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                           struct hb_err *e)
{
    (void)kill(getppid(), SIGUSR1);
    return plain_unit(ctx, job, unit, result, len, e);
}

static void signals_do_not_disturb_a_run(void)
{
    struct sigaction act = {.sa_handler = on_signal}; /* calls are not restarted */
    struct bench b = {0};
    struct bench want = {0};
    struct hb_hash hash;
    struct hb_hash want_hash;
    struct hb_err e = {0};
    struct hb_pool *p = pool_of(1, &want, plain_unit);

    CHECK_OK(hb_pool_run(p, 0, 200, NULL, NULL, &e), e);
    hb_pool_free(p);
    (void)sigaction(SIGUSR1, &act, NULL);
    p = pool_of(3, &b, signalling_unit);
    CHECK_OK(hb_pool_run(p, 0, 200, NULL, NULL, &e), e);
    hb_pool_free(p);
    hash = hash_of(&b);
    want_hash = hash_of(&want);
    CHECK(hb_hash_equal(&hash, &want_hash));
    CHECK(signals > 0);
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < FDS; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static int counting_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                         struct hb_err *e)
{
    unsigned n = open_descriptors();

    (void)ctx;
    (void)job;
    (void)unit;
    (void)e;
    memcpy(result, &n, sizeof n);
    *len = sizeof n;
    return HB_OK;
}

static int most_open(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                     struct hb_err *e)
{
    struct bench *b = ctx;
    unsigned n;

    (void)job;
    (void)unit;
    (void)len;
    (void)e;
    memcpy(&n, result, sizeof n);
    b->open_most = n > b->open_most ? n : b->open_most;
    return HB_OK;
}

static void a_child_has_its_own_two_pipe_ends_alone(void)
{
    struct bench b = {0};
    struct hb_pool_work w = {&b, sizeof(unsigned), counting_unit, most_open};
    unsigned before = open_descriptors();
    struct hb_err e = {0};
    struct hb_pool *p = NULL;

    CHECK_OK(hb_pool_new(8, &w, &p, &e), e);
    CHECK_OK(hb_pool_run(p, 0, 1000, NULL, NULL, &e), e);
    CHECK_EQ(b.open_most, before + 2);
    CHECK_EQ(open_descriptors(), before + 16);
    hb_pool_free(p);
    CHECK_EQ(open_descriptors(), before);
}

/* Every process below holds the writing end of a pipe: its end is the end of all of them. */
static void children_end_when_their_parent_is_killed(void)
{
    char byte;
    int life[2];
    pid_t pid;

    CHECK_EQ(pipe(life), 0);
    pid = fork();
    if (pid == 0) {
        struct bench b = {0};
        struct hb_pool *p = pool_of(5, &b, plain_unit);

        (void)close(life[0]);
        if (hb_pool_run(p, 0, 50, NULL, NULL, NULL) == HB_OK)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    (void)close(life[1]);
    CHECK_EQ(read(life[0], &byte, 1), 0);
    (void)close(life[0]);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static void any_allocation_may_fail(void)
{
    for (int n = 1; n <= 2; n++) {
        int rc = HB_ENOMEM;

        for (long at = 1; rc != HB_OK && at < 1000; at++) {
            struct bench b = {0};
            struct hb_pool_work w = {&b, 5000, plain_unit, plain_take};
            struct hb_err e = {0};
            struct hb_pool *p = NULL;

            hb_hasher_init(&b.hasher);
            hb_mem_fail_at(at);
            if ((rc = hb_pool_new(n, &w, &p, &e)) == HB_OK)
                rc = hb_pool_run(p, 0, 10, NULL, NULL, &e);
            hb_mem_fail_at(0);
            CHECK(rc == HB_OK || rc == HB_ENOMEM);
            hb_pool_free(p);
            CHECK(no_children_left());
        }
        CHECK_EQ(rc, HB_OK);
    }
}

static void what_cannot_be_is_an_error(void)
{
    struct hb_err e = {0};
    void *p = NULL;

    CHECK(hb_pool_memory("all memory", UINT64_MAX / 4, &p, &e) != HB_OK);
    CHECK(strstr(e.msg, "all memory") != NULL);
    CHECK(p == NULL);
    CHECK_OK(hb_pool_memory("nothing", 0, &p, &e), e);
    hb_os_unmap(p, 1);
    hb_pool_free(NULL);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    RUN(results_are_those_of_one_process_in_the_order_of_their_units);
    RUN(a_slow_unit_holds_the_others_back_and_their_results_wait);
    RUN(jobs_follow_each_other_through_shared_memory);
    RUN(an_error_of_a_unit_ends_the_run_with_its_code_and_text);
    RUN(an_error_of_take_ends_the_run);
    RUN(a_process_that_dies_is_an_error_that_says_so);
    RUN(a_process_that_died_between_two_runs_is_an_error_of_the_next);
    RUN(a_result_longer_than_was_said_is_a_bug_that_is_noticed);
    RUN(signals_do_not_disturb_a_run);
    RUN(a_child_has_its_own_two_pipe_ends_alone);
    RUN(children_end_when_their_parent_is_killed);
    RUN(any_allocation_may_fail);
    RUN(what_cannot_be_is_an_error);
    return check_done();
}
