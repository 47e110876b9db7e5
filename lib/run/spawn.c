#include "run/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/os.h"

extern char **environ; /* POSIX declares it nowhere */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* pipes hold nothing of ours */
    *fd = -1;
}

/* What a supervisor sends to all processes at once is for the parent, which ends the children when
 * the round is done; a child hears SIGKILL and the end of its input. */
static const int parents_signals[] = {SIGTERM, SIGINT, SIGUSR1};

/* dup2 in the child clears CLOEXEC on 0 and 1; all others close at exec. */
static int spawn_with(char *const argv[], int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t defaults;
    sigset_t blocked;
    int err;

    if ((err = posix_spawn_file_actions_init(&actions)) != 0)
        return err;
    if ((err = posix_spawnattr_init(&attr)) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions); /* cannot fail once initialised */
        return err;
    }
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE); /* ignored here; the child decides for itself */
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof parents_signals / sizeof parents_signals[0]; i++)
        (void)sigaddset(&blocked, parents_signals[i]); /* cannot fail for a valid signal */
    if ((err = posix_spawn_file_actions_adddup2(&actions, in, 0)) == 0 &&
        (err = posix_spawn_file_actions_adddup2(&actions, out, 1)) == 0 &&
        (err = posix_spawnattr_setsigdefault(&attr, &defaults)) == 0 &&
        (err = posix_spawnattr_setpgroup(&attr, 0)) == 0 &&
        (err = posix_spawnattr_setsigmask(&attr, &blocked)) == 0 &&
        (err = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
                                                   POSIX_SPAWN_SETSIGMASK)) == 0)
        err = posix_spawn(pid, argv[0], &actions, &attr, argv, environ);
    (void)posix_spawnattr_destroy(&attr); /* cannot fail once initialised */
    (void)posix_spawn_file_actions_destroy(&actions);
    return err;
}

static int set_nonblocking(int fd, struct hb_err *e)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot set up a pipe");
    return HB_OK;
}

int hb_child_start(char *const argv[], struct hb_child *c, struct hb_err *e)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    int rc, err;

    if ((rc = hb_os_pipe(in, e)) == HB_OK && (rc = hb_os_pipe(out, e)) == HB_OK &&
        (rc = set_nonblocking(in[1], e)) == HB_OK && (rc = set_nonblocking(out[0], e)) == HB_OK &&
        (err = spawn_with(argv, in[0], out[1], &c->pid)) != 0) {
        errno = err;
        rc = hb_fail_sys(e, HB_EPLUGIN, "cannot start '%s'", argv[0]);
    }
    close_fd(&in[0]);
    close_fd(&out[1]);
    if (rc != HB_OK) {
        close_fd(&in[1]);
        close_fd(&out[0]);
        *c = (struct hb_child){.to = -1, .from = -1};
        return rc;
    }
    c->to = in[1];
    c->from = out[0];
    return HB_OK;
}

/* A child leads a process group: what it started and left behind ends with it. One that ends by
 * itself, and so has closed its output, does not hear the signal any more; one that closed it and
 * stays would be waited for without end. */
static int reap(struct hb_child *c)
{
    int status = 0;

    if (c->pid > 0)
        (void)kill(-c->pid, SIGKILL); /* there may be nobody left */
    while (c->pid > 0 && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close_fd(&c->to);
    close_fd(&c->from);
    c->pid = 0;
    return status;
}

int hb_child_reap(struct hb_child *c, char out[64])
{
    int status = reap(c);

    if (WIFSIGNALED(status)) {
        (void)snprintf(out, 64, "was killed by signal %d", WTERMSIG(status));
        return -1;
    }
    (void)snprintf(out, 64, "ended with exit code %d", WEXITSTATUS(status));
    return WEXITSTATUS(status);
}

void hb_child_kill(struct hb_child *c)
{
    if (c->pid > 0)
        (void)reap(c);
}

void hb_child_close(struct hb_child *c)
{
    close_fd(&c->to);
}

void hb_child_stop(struct hb_child *c, int patience_ms)
{
    struct pollfd fd = {.fd = c->from, .events = POLLIN};
    char drop[4096];
    size_t got;

    if (c->pid <= 0)
        return;
    close_fd(&c->to);
    while (poll(&fd, 1, patience_ms) > 0)
        if (hb_io_read_some(c->from, drop, sizeof drop, &got, "a child", NULL) == HB_EOF) {
            (void)reap(c);
            return;
        }
    hb_child_kill(c);
}
