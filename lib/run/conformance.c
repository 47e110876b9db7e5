#include "run/conformance.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/probe.h"

#define OWN_WORK    100  /* timeouts */
#define INPUT_BYTES 4096 /* there to be read: it is seen by the offset */

struct check { /* a conformance check in progress */
    const struct hb_conformance *what;
    struct hb_os_shared memory; /* struct hb_conduct */
    struct hb_os_shared input;  /* descriptor 0 of the children */
    struct hb_os_shared output; /* descriptors 1 and 2 */
    struct hb_conduct *c;
    hb_conformance_report report;
    void *ctx;
    uint32_t n_reported, n_failed;
};

/* ---- the child ---- */

/* Other addresses, and memory that is not zero by chance. */
static void disturb(void)
{
    for (size_t bytes = 16; bytes <= (size_t)1 << 18; bytes *= 4)
        for (int i = 0; i < 16; i++) {
            void *block;

            if (hb_mem_new(&block, 1, bytes, "noise", NULL) != HB_OK)
                return;
            memset(block, 0xA5, bytes);
            if (i % 2 == 1) /* the others stay and shift what comes later */
                hb_mem_free(block);
        }
}

_Noreturn static void be_child(const struct check *k, int street, bool last, int wake)
{
    const struct rlimit none = {0, 0};

    hb_os_end_with_parent();
    (void)setrlimit(RLIMIT_CORE, &none); /* a crash is expected, its core of no use */
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(fd == 0 ? k->input.fd : k->output.fd, fd) < 0)
            _exit(1);
    if (last)
        disturb();
    hb_conduct_run(k->what, k->c, street, last, wake);
    _exit(0);
}

/* ---- findings ---- */

/* What lies in shared memory may have been written over by the plugin. */
static void tell(struct check *k, struct hb_finding f)
{
    f.check[sizeof f.check - 1] = '\0';
    f.detail[sizeof f.detail - 1] = '\0';
    if (f.street >= HB_STREETS || f.street < 0)
        f.street = -1;
    if (f.verdict != HB_VERDICT_PASS && f.verdict != HB_VERDICT_SKIP)
        f.verdict = HB_VERDICT_FAIL;
    k->n_failed += f.verdict == HB_VERDICT_FAIL;
    k->report(k->ctx, &f);
}

static void tell_new(struct check *k)
{
    uint32_t n = atomic_load(&k->c->n_findings);

    n = n < HB_CONDUCT_FINDINGS ? n : HB_CONDUCT_FINDINGS;
    while (k->n_reported < n)
        tell(k, k->c->finding[k->n_reported++]);
}

/* "bucket(flop, 3)", of several threads "bucket(flop, 3) or bucket(flop, 9), asked at once,", and
 * "after bucket(flop, 3):" when that had returned. */
static void blame(const struct hb_conduct *c, char *out, size_t cap)
{
    char call[HB_FINDING_MAX / 4];
    size_t n = 0;
    int busy = 0;

    for (int i = 0; i < HB_CONDUCT_CALLERS; i++) {
        if (!atomic_load(&c->caller[i].inside) || n >= cap / 2)
            continue;
        hb_probe_call_text(c, i, call, sizeof call);
        n += (size_t)snprintf(out + n, cap - n, "%s%s", busy > 0 ? " or " : "", call);
        busy++;
    }
    hb_probe_call_text(c, 0, call, sizeof call);
    if (busy == 0)
        (void)snprintf(out, cap, "after %s: the plugin", call);
    else if (busy > 1)
        (void)snprintf(out + n, cap - n, ", asked at once,");
}

/* The process ended, or was ended, in the middle of a check. */
static void tell_end(struct check *k, const char *how)
{
    struct hb_finding f = {.street = k->c->street, .verdict = HB_VERDICT_FAIL};
    char who[HB_FINDING_MAX - 80];

    k->c->check[sizeof k->c->check - 1] = '\0';
    blame(k->c, who, sizeof who);
    (void)snprintf(f.check, sizeof f.check, "%s", k->c->check);
    (void)snprintf(f.detail, sizeof f.detail, "%s %s", who, how);
    tell(k, f);
}

/* ---- the parent ---- */

static uint64_t calls_made(const struct hb_conduct *c)
{
    uint64_t n = 0;

    for (int i = 0; i < HB_CONDUCT_CALLERS; i++)
        n += atomic_load(&c->caller[i].made);
    return n;
}

static bool in_a_call(const struct hb_conduct *c)
{
    for (int i = 0; i < HB_CONDUCT_CALLERS; i++)
        if (atomic_load(&c->caller[i].inside))
            return true;
    return false;
}

/* Report what comes until the child is done or the pipe ends; false when a call did not return for
 * the length of the timeout. Between calls the child does hb's own work, which is given more time. */
static bool follow(struct check *k, int from)
{
    struct pollfd fd = {.fd = from, .events = POLLIN};
    int n_idle = 0;

    for (;;) {
        uint64_t before = calls_made(k->c);
        int ready = poll(&fd, 1, k->what->timeout_ms);
        char drop[256];
        size_t got;

        n_idle = ready == 0 && calls_made(k->c) == before ? n_idle + 1 : 0;
        if (n_idle > 0 && (in_a_call(k->c) || n_idle == OWN_WORK))
            return false;
        if (ready > 0 && hb_io_read_some(from, drop, sizeof drop, &got, "a check", NULL) != HB_OK)
            return true;
        tell_new(k);
    }
}

static void how_it_ended(int status, char out[64])
{
    if (WIFSIGNALED(status))
        (void)snprintf(out, 64, "crashed: signal %d", WTERMSIG(status));
    else
        (void)snprintf(out, 64, "ended the process with exit code %d", WEXITSTATUS(status));
}

/* One process of checks. *street is where to go on after a death, or HB_STREETS. */
static int run_child(struct check *k, int *street, bool last, struct hb_err *e)
{
    const int from = *street;
    int fds[2];
    char how[64];
    int status = 0;
    bool moves;
    pid_t pid;

    if (pipe(fds) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot make a pipe");
    k->c->finished = false;
    for (int i = 0; i < HB_CONDUCT_CALLERS; i++)
        atomic_store(&k->c->caller[i].inside, false);
    if ((pid = fork()) < 0) {
        (void)close(fds[0]); /* nothing was written */
        (void)close(fds[1]);
        return hb_fail_sys(e, HB_ESYS, "cannot start a process");
    }
    if (pid == 0) {
        (void)close(fds[0]); /* the parent's */
        be_child(k, *street, last, fds[1]);
    }
    (void)close(fds[1]); /* the child's */
    moves = follow(k, fds[0]);
    (void)kill(pid, SIGKILL); /* it hangs, or it has ended: its exit status stays */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    (void)close(fds[0]); /* read to its end */
    tell_new(k);
    *street = HB_STREETS;
    if (k->c->finished && moves)
        return HB_OK;
    if (k->c->error.rc != HB_OK) {
        *e = k->c->error;
        return e->rc;
    }
    how_it_ended(status, how);
    if (!moves)
        (void)snprintf(how, sizeof how, "did not return within %g s", k->what->timeout_ms / 1000.0);
    tell_end(k, how);
    if (k->c->loaded) /* always forwards */
        *street = (k->c->street > from && k->c->street < HB_STREETS ? k->c->street : from) + 1;
    return HB_OK;
}

static void tell_manners(struct check *k)
{
    for (int which = 0; which < HB_MANNERS; which++) {
        struct hb_finding f = {.street = -1};

        if (!k->c->loaded && !k->c->manner[which].bad)
            continue;
        (void)snprintf(f.check, sizeof f.check, "%s", hb_manner_name((enum hb_manner)which));
        f.verdict = k->c->manner[which].bad ? HB_VERDICT_FAIL : HB_VERDICT_PASS;
        (void)snprintf(f.detail, sizeof f.detail, "%.*s", HB_FINDING_MAX - 1,
                       k->c->manner[which].bad ? k->c->manner[which].detail : "left alone");
        tell(k, f);
    }
}

static void tell_accepted(struct check *k)
{
    struct hb_finding f = {.check = "create", .street = -1, .verdict = HB_VERDICT_FAIL};

    for (int s = 0; s < HB_STREETS; s++)
        if (k->c->accepted[s])
            return;
    (void)snprintf(f.detail, sizeof f.detail, "no street is accepted with these arguments");
    tell(k, f);
}

static int run_checks(struct check *k, struct hb_err *e)
{
    int rc = HB_OK;

    for (int last = 0; last <= 1; last++)
        for (int street = 0; rc == HB_OK && street < k->what->deck.n_streets;) {
            if (last == 1 && !k->c->loaded)
                break;
            rc = run_child(k, &street, last == 1, e);
        }
    if (rc == HB_OK && k->c->loaded)
        tell_accepted(k);
    if (rc == HB_OK)
        tell_manners(k);
    return rc;
}

int hb_conformance_check(const struct hb_conformance *what, hb_conformance_report report, void *ctx,
                         uint32_t *n_failed, struct hb_err *e)
{
    struct check k = {.what = what, .report = report, .ctx = ctx};
    uint64_t bytes = hb_conduct_bytes(what->samples);
    void *p = NULL;
    int rc;

    k.memory.fd = -1;
    k.input.fd = -1;
    k.output.fd = -1;
    if ((rc = hb_os_shared_new("/tmp", "hb-check", bytes, &k.memory, e)) == HB_OK &&
        (rc = hb_os_shared_new("/tmp", "hb-check-input", INPUT_BYTES, &k.input, e)) == HB_OK &&
        (rc = hb_os_shared_new("/tmp", "hb-check-output", 0, &k.output, e)) == HB_OK &&
        (rc = hb_os_map(k.memory.fd, bytes, true, &p, e)) == HB_OK) {
        k.c = p;
        rc = run_checks(&k, e);
    }
    hb_os_unmap(p, bytes);
    hb_os_shared_close(&k.output);
    hb_os_shared_close(&k.input);
    hb_os_shared_close(&k.memory);
    *n_failed = k.n_failed;
    return rc;
}
