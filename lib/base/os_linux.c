/* The only file with calls that Linux alone has. */
#define _GNU_SOURCE
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PROC_MAX 8192 /* bytes read of a file in /proc */

/* Start of a small file of the kernel's as text; false when it cannot be read. */
static bool proc_text(const char *path, char text[PROC_MAX])
{
    size_t have = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    do {
        got = read(fd, text + have, PROC_MAX - 1 - have);
        have += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && have < PROC_MAX - 1) || (got < 0 && errno == EINTR));
    (void)close(fd); /* nothing was written */
    text[have] = '\0';
    return have > 0;
}

/* The number behind "key" at the start of a line, 0 when there is none. */
static uint64_t line_value(const char *text, const char *key)
{
    const size_t n = strlen(key);

    while (text != NULL && strncmp(text, key, n) != 0) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return text != NULL ? strtoull(text + n, NULL, 10) : 0;
}

uint64_t hb_os_memory_bytes(void)
{
    char text[PROC_MAX];
    uint64_t available = 0;
    uint64_t limit;

    if (proc_text("/proc/meminfo", text))
        available = line_value(text, "MemAvailable:") * 1024;
    if (!proc_text("/sys/fs/cgroup/memory.max", text)) /* the limit of a container */
        return available;
    limit = strtoull(text, NULL, 10); /* 0 for "max" */
    return limit > 0 && limit < available ? limit : available;
}

/* All pages now: a full memory is an error here and not a SIGBUS later. */
static int reserve(int fd, uint64_t bytes)
{
    int rc;

    do
        rc = bytes > 0 ? fallocate(fd, 0, 0, (off_t)bytes) : 0;
    while (rc != 0 && errno == EINTR);
    return rc;
}

int hb_os_reserve(int fd, uint64_t bytes, const char *path, struct hb_err *e)
{
    if (bytes > INT64_MAX)
        return hb_fail(e, HB_EIO, "cannot make '%s' %llu bytes long", path,
                       (unsigned long long)bytes);
    if (reserve(fd, bytes) == 0)
        return HB_OK;
    /* A file system without reservation, such as NFS: the best it has is a hole. */
    if ((errno == EOPNOTSUPP || errno == ENOSYS) && ftruncate(fd, (off_t)bytes) == 0)
        return HB_OK;
    return hb_fail_sys(e, HB_EIO, "cannot make '%s' %llu bytes long", path,
                       (unsigned long long)bytes);
}

int hb_os_shared_new(const char *dir, const char *name, uint64_t bytes, struct hb_os_shared *s,
                     struct hb_err *e)
{
    const uint64_t available = hb_os_memory_bytes();
    int fd;
    int rc;

    (void)dir; /* a memfd lies nowhere */
    if (bytes > INT64_MAX || (available > 0 && bytes > available))
        return hb_fail(e, HB_ENOMEM, "not enough memory for '%s': %llu bytes needed, %llu free",
                       name, (unsigned long long)bytes, (unsigned long long)available);
    if ((fd = memfd_create(name, MFD_CLOEXEC)) < 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot create shared memory '%s'", name);
    if (reserve(fd, bytes) != 0) {
        rc = hb_fail_sys(e, HB_ENOMEM, "cannot reserve %llu bytes for '%s'",
                         (unsigned long long)bytes, name);
        (void)close(fd); /* nothing to lose */
        return rc;
    }
    s->fd = fd;
    s->unlink_path = false;
    (void)snprintf(s->path, sizeof s->path, "/proc/%ld/fd/%d", (long)getpid(), fd); /* fits */
    return HB_OK;
}

void hb_os_shared_close(struct hb_os_shared *s)
{
    if (s->path[0] != '\0' && s->fd >= 0)
        (void)close(s->fd); /* memory has nothing to flush */
    s->fd = -1;
    s->path[0] = '\0';
}

/* An old kernel: touch each page without changing it, also when others write to it. */
static void touch(void *p, size_t bytes, bool write)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *at = p;

    for (size_t i = 0; i < bytes; i += page) {
        if (write)
            (void)__atomic_fetch_or(at + i, 0, __ATOMIC_RELAXED);
        else
            (void)__atomic_load_n(at + i, __ATOMIC_RELAXED);
    }
}

int hb_os_populate(void *p, uint64_t bytes, bool write, struct hb_err *e)
{
    int rc;

    do
        rc = madvise(p, (size_t)bytes, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
    while (rc != 0 && (errno == EINTR || errno == EAGAIN));
    if (rc == 0)
        return HB_OK;
    if (errno == ENOMEM || errno == EFAULT)
        return hb_fail_sys(e, HB_ENOMEM, "cannot populate %llu bytes", (unsigned long long)bytes);
    touch(p, (size_t)bytes, write);
    return HB_OK;
}

/* /proc/PID/stat behind the name of the program, which stands in brackets and may hold anything. */
static const char *proc_stat(pid_t pid, char text[PROC_MAX])
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid); /* fits, as those below */
    return proc_text(path, text) ? strrchr(text, ')') : NULL;
}

/* In nanoseconds by its clock; where there is none, in ticks of the system's. */
double hb_os_cpu_seconds(pid_t pid)
{
    char text[PROC_MAX];
    const char *at;
    clockid_t clock;
    struct timespec t;
    unsigned long long user;
    unsigned long long sys;

    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0)
        return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    if ((at = proc_stat(pid, text)) != NULL &&
        sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &sys) == 2)
        return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
    return 0.0;
}

static void context_switches(pid_t pid, uint64_t *voluntary, uint64_t *involuntary)
{
    char path[64];
    char text[PROC_MAX];

    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    if (!proc_text(path, text))
        return;
    *voluntary = line_value(text, "voluntary_ctxt_switches:");
    *involuntary = line_value(text, "nonvoluntary_ctxt_switches:");
}

void hb_os_schedule(pid_t pid, struct hb_os_schedule *out)
{
    char text[PROC_MAX];
    const char *at = proc_stat(pid, text);

    *out = (struct hb_os_schedule){.cpu_s = hb_os_cpu_seconds(pid), .cpu = -1};
    context_switches(pid, &out->ctx_voluntary, &out->ctx_involuntary);
    for (int field = 2; at != NULL && field < 39; field++) /* "(name) state ... processor" */
        at = strchr(at + 1, ' ');
    if (at != NULL)
        out->cpu = (int)strtol(at, NULL, 10);
}

bool hb_os_run_on(int cpu, void (*work)(void *ctx), void *ctx)
{
    cpu_set_t before;
    cpu_set_t one;
    bool moved;

    CPU_ZERO(&one);
    if (cpu >= 0 && cpu < CPU_SETSIZE)
        CPU_SET((size_t)cpu, &one);
    moved = CPU_COUNT(&one) == 1 && sched_getaffinity(0, sizeof before, &before) == 0 &&
            sched_setaffinity(0, sizeof one, &one) == 0;
    work(ctx);
    if (moved)
        (void)sched_setaffinity(0, sizeof before, &before); /* it was allowed before */
    return moved;
}

void hb_os_usage(pid_t pid, struct hb_os_usage *out)
{
    char path[64];
    char text[PROC_MAX];

    memset(out, 0, sizeof *out);
    out->cpu_s = hb_os_cpu_seconds(pid);
    (void)snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid);
    if (proc_text(path, text))
        out->pss_bytes = line_value(text, "Pss:") * 1024;
    context_switches(pid, &out->ctx_voluntary, &out->ctx_involuntary);
}

static uint64_t heap_bytes(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 m = mallinfo2();

    return (uint64_t)m.uordblks + (uint64_t)m.hblkhd;
#else
    return 0;
#endif
}

void hb_os_self(struct hb_os_self *out)
{
    char text[PROC_MAX];

    memset(out, 0, sizeof *out);
    out->heap_bytes = heap_bytes();
    if (!proc_text("/proc/self/status", text))
        return;
    out->mapped_bytes = line_value(text, "VmSize:") * 1024;
    out->threads = (unsigned)line_value(text, "Threads:");
}

int hb_os_cpus(void)
{
    cpu_set_t set;
    long n;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
    n = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set holds */
    return n > 0 ? (int)n : 1;
}

int hb_os_program_dir(const char *argv0, char *out, size_t cap, struct hb_err *e)
{
    char path[HB_OS_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n <= 0 || (size_t)n >= sizeof path - 1)
        return hb_os_program_dir_argv0(argv0, out, cap, e);
    while (n > 1 && path[n - 1] != '/')
        n--;
    n -= n > 1; /* the slash, unless it is the root */
    if ((size_t)n >= cap)
        return hb_fail(e, HB_ESYS, "the path of this program is too long");
    memcpy(out, path, (size_t)n);
    out[n] = '\0';
    return HB_OK;
}
