/* os.h without any call beyond POSIX: make PORTABLE=1. */
#ifdef __APPLE__
#define _DARWIN_C_SOURCE /* _SC_NPROCESSORS_ONLN */
#endif
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define ZERO_STEP ((size_t)1 << 20) /* bytes written at a time */

/* Refused at once: filling a disk to learn that it is too small would fail everybody else on it. */
static int check_room(int fd, uint64_t bytes, const char *path, struct hb_err *e)
{
    struct statvfs disk;

    if (fstatvfs(fd, &disk) != 0)
        return HB_OK; /* writing will tell */
    if (bytes / (disk.f_frsize > 0 ? disk.f_frsize : 1) > disk.f_bavail)
        return hb_fail(e, HB_EIO, "no room for the %llu bytes of '%s': %llu are free",
                       (unsigned long long)bytes, path,
                       (unsigned long long)disk.f_bavail * disk.f_frsize);
    return HB_OK;
}

/* Real blocks rather than a hole: a full disk is an error here and not a SIGBUS later. */
static int fill_with_zeros(int fd, uint64_t bytes, const char *path, struct hb_err *e)
{
    uint8_t *zeros = NULL;
    int rc = check_room(fd, bytes, path, e);

    if (rc == HB_OK)
        rc = hb_mem_new(&zeros, ZERO_STEP, 1, "shared memory", e);
    while (rc == HB_OK && bytes > 0) {
        size_t n = bytes < ZERO_STEP ? (size_t)bytes : ZERO_STEP;

        rc = hb_io_write_full(fd, zeros, n, path, e);
        bytes -= n;
    }
    hb_mem_free(zeros);
    return rc;
}

int hb_os_reserve(int fd, uint64_t bytes, const char *path, struct hb_err *e)
{
    const off_t len = lseek(fd, 0, SEEK_END); /* that is where zeros go */

    if (len < 0)
        return hb_fail_sys(e, HB_EIO, "cannot find the end of '%s'", path);
    return (uint64_t)len < bytes ? fill_with_zeros(fd, bytes - (uint64_t)len, path, e) : HB_OK;
}

void hb_os_start_writeback(int fd, uint64_t at, uint64_t bytes)
{
    (void)fd;
    (void)at;
    (void)bytes;
}

int hb_os_shared_new(const char *dir, const char *name, uint64_t bytes, struct hb_os_shared *s,
                     struct hb_err *e)
{
    char path[HB_OS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s.%ld", dir, name, (long)getpid());
    int fd;
    int rc;

    if (n < 0 || (size_t)n >= sizeof path)
        return hb_fail(e, HB_ECREATE, "cannot create '%s/%s': the path is too long", dir, name);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST && unlink(path) == 0) /* of a dead process with our number */
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot create '%s'", path);
    if ((rc = fill_with_zeros(fd, bytes, path, e)) != HB_OK) {
        (void)close(fd);    /* given up */
        (void)unlink(path); /* nothing better to do when it fails */
        return hb_context(e, rc == HB_EIO ? HB_ENOMEM : rc, "shared memory '%s'", name);
    }
    s->fd = fd;
    s->unlink_path = true;
    memcpy(s->path, path, sizeof path);
    return HB_OK;
}

uint64_t hb_os_large_bytes(const void *p)
{
    (void)p;
    return 0;
}

void hb_os_shared_close(struct hb_os_shared *s)
{
    if (s->path[0] != '\0' && s->fd >= 0) {
        (void)close(s->fd); /* the file goes away as well */
        if (s->unlink_path)
            (void)unlink(s->path); /* nothing better to do when it fails */
    }
    s->fd = -1;
    s->path[0] = '\0';
}

int hb_os_populate(void *p, uint64_t bytes, bool write, struct hb_err *e)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *at = p;

    (void)e; /* the blocks exist, see fill_with_zeros */
    for (uint64_t i = 0; i < bytes; i += page) {
        if (write)
            (void)__atomic_fetch_or(at + i, 0, __ATOMIC_RELAXED);
        else
            (void)__atomic_load_n(at + i, __ATOMIC_RELAXED);
    }
    return HB_OK;
}

double hb_os_cpu_seconds(pid_t pid)
{
    struct rusage u;

    if (pid != getpid() || getrusage(RUSAGE_SELF, &u) != 0)
        return 0.0;
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) * 1e-6;
}

void hb_os_schedule(pid_t pid, struct hb_os_schedule *out)
{
    *out = (struct hb_os_schedule){.cpu_s = hb_os_cpu_seconds(pid)};
}

int hb_os_last_cpu(pid_t pid)
{
    (void)pid;
    return -1;
}

bool hb_os_run_on(int cpu, void (*work)(void *ctx), void *ctx)
{
    (void)cpu;
    work(ctx);
    return false;
}

void hb_os_usage(pid_t pid, struct hb_os_usage *out)
{
    memset(out, 0, sizeof *out);
    out->cpu_s = hb_os_cpu_seconds(pid);
}

void hb_os_end_with_parent(void)
{
}

void hb_os_self(struct hb_os_self *out)
{
    memset(out, 0, sizeof *out);
}

int hb_os_cpus(void)
{
    long n = 1;

#ifdef _SC_NPROCESSORS_ONLN
    n = sysconf(_SC_NPROCESSORS_ONLN);
#endif
    return n > 0 ? (int)n : 1;
}

uint64_t hb_os_memory_under(const char *root)
{
    (void)root;
    return 0;
}

uint64_t hb_os_memory_bytes(void)
{
    return 0;
}

int hb_os_program_dir(const char *argv0, char *out, size_t cap, struct hb_err *e)
{
    return hb_os_program_dir_argv0(argv0, out, cap, e);
}
