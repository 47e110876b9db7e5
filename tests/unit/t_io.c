/* Whole reads and writes survive what the system may do; a file appears whole or not at all; shared
 * memory is shared. read and write are wrapped (see the Makefile), so that faults can be ordered.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"
#include "check.h"

/* What the wrapped calls do: give at most `step` bytes, and fail every other call with EINTR. */
static struct {
    size_t step;
    bool interrupt;
    unsigned calls;
} fault;

ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n);

static bool interrupted(size_t *n)
{
    if (fault.interrupt && fault.calls++ % 2 == 0) {
        errno = EINTR;
        return true;
    }
    *n = fault.step > 0 && *n > fault.step ? fault.step : *n;
    return false;
}

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
    return interrupted(&n) ? -1 : __real_read(fd, buf, n);
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
    return interrupted(&n) ? -1 : __real_write(fd, buf, n);
}

static char folder[] = "/tmp/hb-t_io-XXXXXX";

static const char *in_folder(char path[256], const char *name)
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static int files_in_folder(void)
{
    char line[400];
    int n = -1;
    FILE *f;

    (void)snprintf(line, sizeof line, "ls -A '%s' | wc -l", folder);
    f = popen(line, "r");
    if (f != NULL && fscanf(f, "%d", &n) != 1)
        n = -1;
    if (f != NULL)
        (void)pclose(f);
    return n;
}

static void reads_and_writes_go_on_after_short_ones_and_interrupts(void)
{
    struct hb_err e = {0};
    uint8_t sent[1000];
    uint8_t got[1000];
    int p[2];

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7);
    CHECK_EQ(pipe(p), 0);
    for (size_t step = 0; step < 4; step++) {
        fault.step = step;
        fault.interrupt = step != 1;
        CHECK_OK(hb_io_write_full(p[1], sent, sizeof sent, "a pipe", &e), e);
        memset(got, 0, sizeof got);
        CHECK_OK(hb_io_read_full(p[0], got, sizeof got, NULL, "a pipe", &e), e);
        CHECK(memcmp(sent, got, sizeof sent) == 0);
    }
    memset(&fault, 0, sizeof fault);
    (void)close(p[0]);
    (void)close(p[1]);
}

static void the_end_is_clean_only_before_the_first_byte(void)
{
    struct hb_err e = {0};
    char buf[8];
    size_t got = 99;
    int p[2];

    CHECK_EQ(pipe(p), 0);
    CHECK_OK(hb_io_write_full(p[1], "abc", 3, "a pipe", &e), e);
    (void)close(p[1]);
    CHECK_EQ(hb_io_read_full(p[0], buf, 8, &got, "a pipe", &e), HB_EPROTO);
    CHECK_EQ(got, 3);
    CHECK_STR(e.msg, "'a pipe' ends after 3 of 8 bytes");
    CHECK_EQ(hb_io_read_full(p[0], buf, 8, &got, "a pipe", &e), HB_EOF);
    CHECK_EQ(got, 0);
    CHECK_EQ(hb_io_read_some(p[0], buf, 8, &got, "a pipe", &e), HB_EOF);
    (void)close(p[0]);
}

static void a_closed_pipe_and_a_full_disk_are_io_errors(void)
{
    struct hb_err e = {0};
    int full;
    int p[2];

    CHECK_EQ(pipe(p), 0);
    (void)close(p[0]);
    CHECK_EQ(hb_io_write_full(p[1], "abc", 3, "a pipe", &e), HB_EIO);
    CHECK_EQ(e.sys, EPIPE);
    (void)close(p[1]);
    CHECK_EQ(hb_io_read_full(-1, &e.sys, 1, NULL, "nothing", &e), HB_EIO);
    full = open("/dev/full", O_WRONLY);
    if (full < 0) {
        printf("# no /dev/full on this system: the full disk is not tested\n");
        return;
    }
    CHECK_EQ(hb_io_write_full(full, "abc", 3, "a disk", &e), HB_EIO);
    CHECK_EQ(e.sys, ENOSPC);
    (void)close(full);
}

static void a_non_blocking_fd_says_again(void)
{
    struct hb_err e = {0};
    char buf[8];
    size_t got = 99;
    int p[2];

    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_EQ(hb_io_read_some(p[0], buf, 8, &got, "a pipe", &e), HB_AGAIN);
    CHECK_EQ(got, 0);
    CHECK_EQ(hb_io_read_full(p[0], buf, 8, &got, "a pipe", &e), HB_EIO);
    CHECK_OK(hb_io_write_full(p[1], "abc", 3, "a pipe", &e), e);
    CHECK_OK(hb_io_read_some(p[0], buf, 8, &got, "a pipe", &e), e);
    CHECK_EQ(got, 3);
    (void)close(p[0]);
    (void)close(p[1]);
}

static void whole_files_come_back_and_the_cap_holds(void)
{
    static uint8_t data[200000];
    struct hb_err e = {0};
    struct hb_buf b = {0};
    char path[256];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i >> 3);
    CHECK_OK(hb_atomic_write(in_folder(path, "whole"), data, sizeof data, &e), e);
    hb_buf_u8(&b, 5);
    CHECK_OK(hb_io_read_file(path, sizeof data, &b, &e), e);
    CHECK_EQ(b.len, sizeof data + 1);
    CHECK(b.len == sizeof data + 1 && memcmp(b.data + 1, data, sizeof data) == 0);
    CHECK_EQ(hb_io_read_file(path, sizeof data - 1, &b, &e), HB_ELIMIT);
    CHECK_EQ(b.len, sizeof data + 1);
    CHECK_OK(hb_io_read_file(path, sizeof data + 1, &b, &e), e);
    CHECK_EQ(hb_io_read_file(in_folder(path, "none"), 10, &b, &e), HB_ENOINPUT);
    CHECK_EQ(e.sys, ENOENT);
    CHECK_EQ(hb_io_read_file(folder, 10, &b, &e), HB_ENOINPUT);
    hb_buf_fini(&b);
    for (long n = 1; n < 100; n++) {
        int rc;

        hb_mem_fail_at(n);
        rc = hb_io_read_file(in_folder(path, "whole"), sizeof data, &b, &e);
        hb_mem_fail_at(0);
        hb_buf_fini(&b);
        if (rc == HB_OK)
            break;
        CHECK_EQ(rc, HB_ENOMEM);
    }
    (void)unlink(in_folder(path, "whole"));
}

static void a_file_appears_whole_or_not_at_all(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_atomic a;
    char path[256];

    CHECK_OK(hb_atomic_write(in_folder(path, "f"), "old", 3, &e), e);
    CHECK_OK(hb_atomic_open(path, &a, &e), e);
    CHECK_OK(hb_io_write_full(a.fd, "new and long", 12, path, &e), e);
    CHECK_OK(hb_io_read_file(path, 100, &b, &e), e);
    CHECK(b.len == 3 && memcmp(b.data, "old", 3) == 0);
    hb_atomic_abort(&a);
    hb_atomic_abort(&a);
    CHECK_EQ(files_in_folder(), 1);
    CHECK_OK(hb_atomic_open(path, &a, &e), e);
    CHECK_OK(hb_io_write_full(a.fd, "new and long", 12, path, &e), e);
    CHECK_OK(hb_atomic_commit(&a, &e), e);
    hb_atomic_abort(&a);
    b.len = 0;
    CHECK_OK(hb_io_read_file(path, 100, &b, &e), e);
    CHECK(b.len == 12 && memcmp(b.data, "new and long", 12) == 0);
    CHECK_EQ(files_in_folder(), 1);
    (void)unlink(path);
    hb_buf_fini(&b);
}

/* A process that dies in the middle leaves the old file under the name. */
static void a_dead_writer_leaves_the_old_file(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    char path[256];
    char left[300];
    int status = 1;
    pid_t child;

    CHECK_OK(hb_atomic_write(in_folder(path, "d"), "old", 3, &e), e);
    child = fork();
    if (child == 0) {
        struct hb_atomic a;

        if (hb_atomic_open(path, &a, NULL) != HB_OK ||
            hb_io_write_full(a.fd, "half of it", 10, path, NULL) != HB_OK)
            _exit(1);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_OK(hb_io_read_file(path, 100, &b, &e), e);
    CHECK(b.len == 3 && memcmp(b.data, "old", 3) == 0);
    (void)snprintf(left, sizeof left, "%s.tmp.%ld", path, (long)child);
    CHECK_EQ(access(left, F_OK), 0);
    CHECK_OK(hb_atomic_write(path, "new", 3, &e), e); /* the next writer tidies up */
    CHECK(access(left, F_OK) != 0);
    CHECK_EQ(unlink(path), 0);
    hb_buf_fini(&b);
}

/* Number of a process that is no more. */
static long dead_pid(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, NULL, 0) == child);
    return (long)child;
}

static void make_empty(const char *path)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fclose(f) == 0);
}

static void what_only_looks_like_a_left_over_stays(void)
{
    static const char *const kept[] = {
        "k.tmp.",    "k.tmp.0",   "k.tmp.12x", "k.tmp.-1",
        "k.tmp.+99", "k.tmp.012", "kk.tmp.%",  "k.tmp.99999999999999999999",
        "k.tmpx%"};
    struct hb_err e = {0};
    char path[256];
    char name[64];
    char dead[24];
    const int n = (int)(sizeof kept / sizeof kept[0]);

    (void)snprintf(dead, sizeof dead, "%ld", dead_pid());
    for (int i = 0; i < n; i++) {
        const size_t len = strcspn(kept[i], "%");

        (void)snprintf(name, sizeof name, "%.*s%s", (int)len, kept[i], kept[i][len] ? dead : "");
        make_empty(in_folder(path, name));
    }
    (void)snprintf(name, sizeof name, "k.tmp.%s", dead);
    CHECK_EQ(symlink("k.tmp.0", in_folder(path, name)), 0); /* of nobody's making */
    CHECK_OK(hb_atomic_write(in_folder(path, "k"), "x", 1, &e), e);
    CHECK_EQ(files_in_folder(), n + 2);
    CHECK_EQ(unlink(in_folder(path, name)), 0);
    for (int i = 0; i < n; i++) {
        const size_t len = strcspn(kept[i], "%");

        (void)snprintf(name, sizeof name, "%.*s%s", (int)len, kept[i], kept[i][len] ? dead : "");
        CHECK_EQ(unlink(in_folder(path, name)), 0);
    }
    CHECK_EQ(unlink(in_folder(path, "k")), 0);
}

/* A writer in a process of its own, until `go` is closed. `as`: the number that its file has, as that
 * of a process of another host would, or 0. */
static pid_t start_writer(const char *path, long as, const int go[2], const int ready[2])
{
    pid_t child = fork();
    struct hb_atomic a;
    char other[300];
    char c;

    if (child != 0)
        return child;
    (void)close(go[1]);
    if (hb_atomic_open(path, &a, NULL) != HB_OK)
        _exit(1);
    (void)snprintf(other, sizeof other, "%s.tmp.%ld", path, as);
    if ((as != 0 && rename(a.tmp_path, other) != 0) || __real_write(ready[1], "x", 1) != 1)
        _exit(2);
    (void)__real_read(go[0], &c, 1); /* ends with the other side */
    _exit(as != 0 ? 0 : hb_atomic_commit(&a, NULL) == HB_OK ? 0 : 3);
}

static void the_file_of_a_living_writer_stays(long as)
{
    struct hb_err e = {0};
    char path[256];
    char c;
    int go[2];
    int ready[2];
    int status = 1;
    pid_t child;

    CHECK(pipe(go) == 0 && pipe(ready) == 0);
    child = start_writer(in_folder(path, "l"), as, go, ready);
    CHECK_EQ(__real_read(ready[0], &c, 1), 1);
    CHECK_OK(hb_atomic_write(path, "x", 1, &e), e);
    CHECK_EQ(files_in_folder(), 2);
    (void)close(go[0]);
    (void)close(go[1]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_OK(hb_atomic_write(path, "x", 1, &e), e); /* now it is left over, if it is there */
    CHECK_EQ(files_in_folder(), 1);
    CHECK_EQ(unlink(path), 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void the_file_of_a_writer_of_this_host_stays(void)
{
    the_file_of_a_living_writer_stays(0);
}

static void the_file_of_a_writer_whose_number_is_unknown_here_stays(void)
{
    the_file_of_a_living_writer_stays(dead_pid());
}

/* As in containers that share a folder, all of which have a process 7. */
static void a_living_writer_with_our_number_is_an_error(void)
{
    struct hb_err e = {0};
    struct hb_atomic a;
    char path[256];
    char c;
    int go[2];
    int ready[2];
    int status = 1;
    pid_t child;

    CHECK(pipe(go) == 0 && pipe(ready) == 0);
    child = start_writer(in_folder(path, "n"), (long)getpid(), go, ready);
    CHECK_EQ(__real_read(ready[0], &c, 1), 1);
    CHECK_EQ(hb_atomic_open(path, &a, &e), HB_ECREATE);
    CHECK_EQ(files_in_folder(), 1);
    (void)close(go[0]);
    (void)close(go[1]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    e = (struct hb_err){0};
    CHECK_OK(hb_atomic_open(path, &a, &e), e);
    hb_atomic_abort(&a);
    CHECK_EQ(files_in_folder(), 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

/* What is renamed is there, and nothing that could fail without the disk's fault comes after. */
static void a_commit_takes_no_memory(void)
{
    struct hb_err e = {0};
    struct hb_atomic a;
    char path[256];

    CHECK_OK(hb_atomic_open(in_folder(path, "m"), &a, &e), e);
    hb_mem_fail_at(1);
    CHECK_OK(hb_atomic_commit(&a, &e), e);
    hb_mem_fail_at(0);
    CHECK_EQ(unlink(path), 0);
}

static void a_failed_commit_leaves_nothing(void)
{
    struct hb_err e = {0};
    struct hb_atomic a;
    char path[256];

    CHECK_OK(hb_atomic_open(in_folder(path, "g"), &a, &e), e);
    CHECK_EQ(mkdir(path, 0700), 0); /* the rename cannot succeed */
    CHECK_EQ(hb_atomic_commit(&a, &e), HB_EIO);
    CHECK_EQ(files_in_folder(), 1);
    CHECK_EQ(hb_atomic_open(path, &a, &e), HB_ECREATE); /* not a regular file */
    CHECK_EQ(rmdir(path), 0);
    CHECK_EQ(hb_atomic_open(in_folder(path, "no/where"), &a, &e), HB_ECREATE);
    CHECK(strstr(e.msg, "no/where': No such file") != NULL); /* the name that was asked for */
    CHECK_EQ(hb_atomic_open("", &a, &e), HB_ECREATE);
    CHECK_EQ(hb_atomic_open("/dev/null", &a, &e), HB_ECREATE);
    CHECK_EQ(hb_atomic_commit(&(struct hb_atomic){0}, &e), HB_EINTERNAL);
    hb_atomic_abort(&(struct hb_atomic){0});
}

static void a_left_over_of_a_dead_process_is_replaced(void)
{
    struct hb_err e = {0};
    struct hb_atomic a;
    char path[256];
    char stale[300];
    FILE *f;

    (void)snprintf(stale, sizeof stale, "%s.tmp.%ld", in_folder(path, "h"), (long)getpid());
    f = fopen(stale, "w");
    CHECK(f != NULL && fputs("stale and longer than the new", f) >= 0 && fclose(f) == 0);
    CHECK_OK(hb_atomic_open(path, &a, &e), e);
    CHECK_OK(hb_io_write_full(a.fd, "x", 1, path, &e), e);
    CHECK_OK(hb_atomic_commit(&a, &e), e);
    f = fopen(path, "r");
    CHECK(f != NULL && fgetc(f) == 'x' && fgetc(f) == EOF);
    if (f != NULL)
        (void)fclose(f);
    (void)unlink(path);
}

static void no_allocation_failure_leaves_a_file(void)
{
    struct hb_err e = {0};
    char path[256];

    for (long n = 1; n < 20; n++) {
        int rc;

        hb_mem_fail_at(n);
        rc = hb_atomic_write(in_folder(path, "m"), "x", 1, &e);
        hb_mem_fail_at(0);
        if (rc == HB_OK)
            break;
        CHECK_EQ(rc, HB_ENOMEM);
        CHECK_EQ(files_in_folder(), 0);
    }
    (void)unlink(path);
}

static void another_process_sees_shared_memory(void)
{
    const uint64_t bytes = 3u << 20;
    struct hb_err e = {0};
    struct hb_os_shared s = {.fd = -1};
    void *p = NULL;
    pid_t child;
    int status = 1;
    uint8_t *at;

    CHECK_OK(hb_os_shared_new(folder, "table", bytes, &s, &e), e);
    CHECK_OK(hb_os_map(s.fd, bytes, true, &p, &e), e);
    at = p;
    CHECK_EQ(at[bytes - 1], 0);
    at[5] = 77;
    CHECK_OK(hb_os_populate(p, bytes, true, &e), e);
    CHECK_EQ(at[5], 77);
    child = fork();
    if (child == 0) {
        void *q = NULL;
        int fd = -1;

        if (hb_io_open_read(s.path, &fd, NULL) != HB_OK ||
            hb_os_map(fd, bytes, false, &q, NULL) != HB_OK ||
            hb_os_populate(q, bytes, false, NULL) != HB_OK)
            _exit(2);
        _exit(((uint8_t *)q)[5] == 77 ? 0 : 3);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK_EQ(hb_os_map(s.fd, bytes + 1, false, &p, &e), HB_EFORMAT);
    hb_os_unmap(at, bytes);
    hb_os_unmap(NULL, bytes);
    hb_os_shared_close(&s);
    hb_os_shared_close(&s);
    hb_os_shared_close(&(struct hb_os_shared){0});
    CHECK_EQ(files_in_folder(), 0);
}

/* Whatever pages it lies in, it is memory like any other. */
static void large_shared_memory_is_zero_whole_and_seen_by_others(void)
{
    const uint64_t bytes = HB_OS_LARGE_MIN + 4096;
    struct hb_err e = {0};
    struct hb_os_shared s = {.fd = -1};
    void *p = NULL;
    uint8_t *at;
    pid_t child;
    int status = 1;

    CHECK_OK(hb_os_shared_new(folder, "table", bytes, &s, &e), e);
    CHECK_OK(hb_os_map(s.fd, bytes, true, &p, &e), e);
    CHECK_OK(hb_os_populate(p, bytes, true, &e), e);
    CHECK_EQ(hb_os_map(s.fd, bytes + 1, false, &p, &e), HB_EFORMAT);
    at = p;
    printf("# %llu of %llu bytes in large pages\n", (unsigned long long)hb_os_large_bytes(p),
           (unsigned long long)bytes);
    CHECK(hb_os_large_bytes(p) <= bytes + HB_OS_LARGE_MIN);
    CHECK_EQ(hb_os_large_bytes(NULL), 0);
    for (uint64_t i = 0; i < bytes; i++)
        if (at[i] != 0) {
            CHECK_EQ(i, bytes);
            break;
        }
    at[bytes - 1] = 5;
    child = fork();
    if (child == 0) {
        int fd = -1;
        void *q = NULL;

        if (hb_io_open_read(s.path, &fd, NULL) != HB_OK ||
            hb_os_map(fd, bytes, false, &q, NULL) != HB_OK)
            _exit(2);
        _exit(((uint8_t *)q)[bytes - 1] == 5 ? 0 : 3);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    hb_os_unmap(at, bytes);
    hb_os_shared_close(&s);
    CHECK_EQ(files_in_folder(), 0);
}

static void more_memory_than_there_is_is_refused(void)
{
    struct hb_err e = {0};
    struct hb_os_shared s = {.fd = -1};
    uint64_t all = hb_os_memory_bytes();

    if (all == 0) {
        printf("# this system does not tell its free memory: not tested\n");
        return;
    }
    CHECK_EQ(hb_os_shared_new(folder, "table", all * 4, &s, &e), HB_ENOMEM);
    CHECK_EQ(s.fd, -1);
}

/* ---- the limits of control groups, on a made-up system ---- */

static void write_file(const char *name, const char *text)
{
    char path[512];
    struct hb_err e = {0};

    (void)snprintf(path, sizeof path, "%s/sys-root/%s", folder, name);
    for (char *at = path + strlen(folder) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        (void)mkdir(path, 0700); /* may be there */
        *at = '/';
    }
    CHECK_OK(hb_atomic_write(path, text, strlen(text), &e), e);
}

/* Files, then folders, the inner ones first. */
static void remove_system(void)
{
    static const char *const all[] = {"proc/meminfo",
                                      "proc/self/cgroup",
                                      "proc/self",
                                      "proc",
                                      "sys/fs/cgroup/user/job/memory.max",
                                      "sys/fs/cgroup/user/job",
                                      "sys/fs/cgroup/user/memory.max",
                                      "sys/fs/cgroup/user/memory.current",
                                      "sys/fs/cgroup/user",
                                      "sys/fs/cgroup/memory/old/memory.limit_in_bytes",
                                      "sys/fs/cgroup/memory/old/memory.usage_in_bytes",
                                      "sys/fs/cgroup/memory/old/memory.stat",
                                      "sys/fs/cgroup/memory/old",
                                      "sys/fs/cgroup/memory/memory.limit_in_bytes",
                                      "sys/fs/cgroup/memory",
                                      "sys/fs/cgroup/memory.max",
                                      "sys/fs/cgroup/memory.current",
                                      "sys/fs/cgroup/memory.stat",
                                      "sys/fs/cgroup",
                                      "sys/fs",
                                      "sys",
                                      ""};
    char path[512];

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/sys-root/%s", folder, all[i]);
        CHECK_EQ(remove(path), 0);
    }
}

static uint64_t memory_told(void)
{
    char root[512];

    (void)snprintf(root, sizeof root, "%s/sys-root", folder);
    return hb_os_memory_under(root);
}

static void memory_is_what_the_control_groups_leave(void)
{
    const uint64_t mib = 1 << 20;

    if (hb_os_memory_bytes() == 0) {
        printf("# this system does not tell its free memory: not tested\n");
        return;
    }
    CHECK_EQ(memory_told(), 0); /* no /proc */
    write_file("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8388608 kB\n");
    CHECK_EQ(memory_told(), 8192 * mib);
    write_file("sys/fs/cgroup/memory.max", "max\n");
    CHECK_EQ(memory_told(), 8192 * mib);
    write_file("sys/fs/cgroup/memory.max", "2147483648\n"); /* a container's own */
    CHECK_EQ(memory_told(), 2048 * mib);
    write_file("sys/fs/cgroup/memory.current", "1073741824\n");
    CHECK_EQ(memory_told(), 1024 * mib);
    write_file("sys/fs/cgroup/memory.stat",
               "anon 5\ninactive_file 268435456\nactive_file 268435456\n");
    CHECK_EQ(memory_told(), 1536 * mib);
    write_file("proc/self/cgroup", "1:name=systemd:/x\n0::/user/job\n");
    CHECK_EQ(memory_told(), 1536 * mib); /* a path that is not shown */
    write_file("sys/fs/cgroup/user/job/memory.max", "max\n");
    write_file("sys/fs/cgroup/user/memory.max", "104857600\n");
    write_file("sys/fs/cgroup/user/memory.current", "52428800\n");
    CHECK_EQ(memory_told(), 50 * mib); /* of the group around it */
    write_file("sys/fs/cgroup/user/memory.current", "104857600\n");
    CHECK_EQ(memory_told(), 1); /* full is not unknown */
    write_file("sys/fs/cgroup/user/memory.max", "max\n");
    write_file("proc/self/cgroup", "0::/\n4:cpu,memory:/old\n");
    write_file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write_file("sys/fs/cgroup/memory/old/memory.limit_in_bytes", "838860800\n");
    write_file("sys/fs/cgroup/memory/old/memory.usage_in_bytes", "419430400\n");
    write_file("sys/fs/cgroup/memory/old/memory.stat",
               "inactive_file 9\ntotal_inactive_file 104857600\ntotal_active_file 0\n");
    CHECK_EQ(memory_told(), 500 * mib);
    remove_system();
}

static void usage_and_machine_are_plausible(void)
{
    struct hb_err e = {0};
    struct hb_os_usage u;
    char dir[HB_OS_PATH_MAX];

    while (clock() < CLOCKS_PER_SEC / 20) /* the system counts in ticks of 10 ms */
        ;
    hb_os_usage(getpid(), &u);
    CHECK(u.cpu_s > 0 && u.cpu_s < 1000);
#ifndef HB_PORTABLE
    CHECK(u.pss_bytes > 10000 && u.pss_bytes < 1u << 30);
    CHECK(u.ctx_voluntary + u.ctx_involuntary > 0);
#endif
    hb_os_usage(-5, &u);
    CHECK(u.cpu_s >= 0 && u.pss_bytes == 0);
    CHECK(hb_os_cpus() >= 1);
    CHECK_OK(hb_os_program_dir("/bin/sh", dir, sizeof dir, &e), e);
    CHECK(dir[0] == '/' && dir[strlen(dir) - 1] != '/');
    CHECK_OK(hb_os_program_dir_argv0("sh", dir, sizeof dir, &e), e);
    CHECK(strstr(dir, "/bin") != NULL);
    CHECK_EQ(hb_os_program_dir_argv0("sh", dir, 2, &e), HB_ESYS);
    CHECK_EQ(hb_os_program_dir_argv0("no-such-program", dir, sizeof dir, &e), HB_ESYS);
}

/* A FIFO or pipe whose writer is gone already is still read, not waited for. */
static void a_descriptor_is_opened_by_its_name(void)
{
    struct hb_err e = {0};
    char name[32];
    char got[4] = "";
    int p[2];
    int fd;

    CHECK_EQ(pipe(p), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", p[0]);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    (void)close(p[1]);
    CHECK_OK(hb_io_open_read(name, &fd, &e), e);
    CHECK(fd != p[0]);
    CHECK_OK(hb_io_read_full(fd, got, 3, NULL, name, &e), e);
    CHECK_STR(got, "abc");
    CHECK_EQ(hb_io_read_full(fd, got, 1, NULL, name, &e), HB_EOF);
    (void)close(fd);
    (void)close(p[0]);
    CHECK_EQ(hb_io_open_read(name, &fd, &e), HB_ENOINPUT);
    CHECK_EQ(hb_io_open_read("/dev/fd/", &fd, &e), HB_ENOINPUT);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return 1;
    RUN(reads_and_writes_go_on_after_short_ones_and_interrupts);
    RUN(the_end_is_clean_only_before_the_first_byte);
    RUN(a_closed_pipe_and_a_full_disk_are_io_errors);
    RUN(a_non_blocking_fd_says_again);
    RUN(a_descriptor_is_opened_by_its_name);
    RUN(whole_files_come_back_and_the_cap_holds);
    RUN(a_file_appears_whole_or_not_at_all);
    RUN(a_dead_writer_leaves_the_old_file);
    RUN(what_only_looks_like_a_left_over_stays);
    RUN(the_file_of_a_writer_of_this_host_stays);
    RUN(the_file_of_a_writer_whose_number_is_unknown_here_stays);
    RUN(a_living_writer_with_our_number_is_an_error);
    RUN(a_commit_takes_no_memory);
    RUN(a_failed_commit_leaves_nothing);
    RUN(a_left_over_of_a_dead_process_is_replaced);
    RUN(no_allocation_failure_leaves_a_file);
    RUN(another_process_sees_shared_memory);
    RUN(large_shared_memory_is_zero_whole_and_seen_by_others);
    RUN(more_memory_than_there_is_is_refused);
    RUN(memory_is_what_the_control_groups_leave);
    RUN(usage_and_machine_are_plausible);
    (void)rmdir(folder);
    return check_done();
}
