/* The only file with calls that Linux alone has. */
#define _GNU_SOURCE
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* Linux 5.14 */
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#ifdef SYS_fsopen         /* Linux 5.2; the numbers are those of <linux/mount.h> */
#define FS_CLOEXEC    1u  /* FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC */
#define FS_SET_STRING 1u  /* FSCONFIG_SET_STRING */
#define FS_CREATE     6u  /* FSCONFIG_CMD_CREATE */
#define FS_PLAIN      14u /* MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC */
#endif

#define PROC_MAX   8192         /* bytes read of a file in /proc */
#define LARGE_PAGE (2ull << 20) /* of the common machines; others round up themselves */

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

/* How the kernel tells what a control group may have and has, in version 2 and in version 1. */
static const struct groups {
    const char *entry; /* in /proc/self/cgroup, before the group's path */
    const char *mount, *limit, *used;
    const char *inactive, *active; /* in memory.stat: pages of files, which give way */
} hierarchies[] = {
    {"0::", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file ", "active_file "},
    {"memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
     "total_inactive_file ", "total_active_file "},
};

static bool group_text(const char *root, const struct groups *h, const char *group,
                       const char *name, char text[PROC_MAX])
{
    char path[HB_OS_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s/%s", root, h->mount, group, name);

    return n < (int)sizeof path && proc_text(path, text);
}

/* What a group lets its processes have more; UINT64_MAX without a limit. */
static uint64_t group_room(const char *root, const struct groups *h, const char *group)
{
    char text[PROC_MAX];
    uint64_t limit, used, files;

    if (!group_text(root, h, group, h->limit, text) || strncmp(text, "max", 3) == 0)
        return UINT64_MAX;
    limit = strtoull(text, NULL, 10);
    if (!group_text(root, h, group, h->used, text))
        return limit;
    used = strtoull(text, NULL, 10);
    if (group_text(root, h, group, "memory.stat", text)) {
        files = line_value(text, h->inactive) + line_value(text, h->active);
        used -= files < used ? files : used;
    }
    return used < limit ? limit - used : 0;
}

/* The least room of this process's group and those around it. A container may show its own group as
 * the root of all, under a path that it does not show. */
static uint64_t groups_room(const char *root, const struct groups *h)
{
    char path[HB_OS_PATH_MAX];
    char text[PROC_MAX];
    uint64_t least = UINT64_MAX;
    char *group;

    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path ||
        !proc_text(path, text) || (group = strstr(text, h->entry)) == NULL)
        return group_room(root, h, "");
    group += strlen(h->entry);
    group[strcspn(group, "\n")] = '\0';
    for (char *end = group + strlen(group); end != NULL; end = strrchr(group, '/')) {
        uint64_t room;

        *end = '\0';
        room = group_room(root, h, group);
        least = room < least ? room : least;
    }
    return least;
}

uint64_t hb_os_memory_under(const char *root)
{
    char path[HB_OS_PATH_MAX];
    char text[PROC_MAX];
    uint64_t available;

    if (snprintf(path, sizeof path, "%s/proc/meminfo", root) >= (int)sizeof path ||
        !proc_text(path, text) || (available = line_value(text, "MemAvailable:") * 1024) == 0)
        return 0;
    for (size_t i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++) {
        uint64_t room = groups_room(root, &hierarchies[i]);

        available = room < available ? room : available;
    }
    return available > 0 ? available : 1; /* 0 says that nobody knows */
}

uint64_t hb_os_memory_bytes(void)
{
    return hb_os_memory_under("");
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

/* ---- memory in large pages ----
 *
 * A memfd lies in small pages unless the administrator lets it do otherwise. A tmpfs of one's own
 * may choose, and mounting one takes no more rights than a user namespace. It is never attached to
 * a folder: it lives as long as its one file is open. */

#ifdef SYS_fsopen
/* A file in a new tmpfs that keeps it in large pages, or -1 without the right to mount one. */
static int large_file_here(uint64_t bytes)
{
    char size[32];
    int file = -1;
    int fs = (int)syscall(SYS_fsopen, "tmpfs", FS_CLOEXEC);
    int mount;

    if (fs < 0)
        return -1;
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)(bytes + LARGE_PAGE)); /* fits */
    if (syscall(SYS_fsconfig, fs, FS_SET_STRING, "huge", "always", 0) == 0 &&
        syscall(SYS_fsconfig, fs, FS_SET_STRING, "size", size, 0) == 0 &&
        syscall(SYS_fsconfig, fs, FS_CREATE, NULL, NULL, 0) == 0 &&
        (mount = (int)syscall(SYS_fsmount, fs, FS_CLOEXEC, FS_PLAIN)) >= 0) {
        file = openat(mount, "table", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        (void)close(mount); /* the file keeps it */
    }
    (void)close(fs); /* nothing was written */
    return file;
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        (void)close(fd); /* the kernel has read it */
    return done;
}

/* Enter a user namespace in which we are who we are, with the right to mount. */
static bool enter_namespace(void)
{
    const unsigned uid = (unsigned)geteuid();
    const unsigned gid = (unsigned)getegid();
    char users[64];
    char groups[64];

    (void)snprintf(users, sizeof users, "%u %u 1", uid, uid); /* fits, as the next */
    (void)snprintf(groups, sizeof groups, "%u %u 1", gid, gid);
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", users) &&
           write_text("/proc/self/gid_map", groups);
}

/* One byte with a descriptor beside it. */
union fd_message {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int to, int fd)
{
    union fd_message m;
    char byte = 0;
    struct iovec io = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = m.room, .msg_controllen = sizeof m.room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
    ssize_t sent;

    memset(&m, 0, sizeof m);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    sent = sendmsg(to, &msg, MSG_NOSIGNAL);
    (void)sent; /* the receiver sees the end of the stream instead */
}

static int receive_fd(int from)
{
    union fd_message m;
    char byte;
    struct iovec io = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = m.room, .msg_controllen = sizeof m.room};
    const struct cmsghdr *head;
    ssize_t got;
    int fd = -1;

    do
        got = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    head = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

/* The same by a child in a user namespace, so that this process stays where it is. */
static int large_file_by_child(uint64_t bytes)
{
    int pair[2];
    int fd = -1;
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    child = fork();
    if (child == 0) {
        if (enter_namespace() && (fd = large_file_here(bytes)) >= 0)
            send_fd(pair[1], fd);
        _exit(0);
    }
    (void)close(pair[1]); /* the child has its own */
    if (child > 0) {
        fd = receive_fd(pair[0]);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    (void)close(pair[0]); /* read */
    return fd;
}

static int large_file(uint64_t bytes)
{
    int fd = large_file_here(bytes);

    return fd >= 0 ? fd : large_file_by_child(bytes);
}
#else
static int large_file(uint64_t bytes)
{
    (void)bytes;
    return -1;
}
#endif

/* Make a memfd's pages now, in large ones where the administrator lets memory that asks have them:
 * only a mapping can ask. */
static void advise_large(int fd, uint64_t bytes)
{
    void *p;

    if (ftruncate(fd, (off_t)bytes) != 0)
        return;
    p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return;
    if (madvise(p, (size_t)bytes, MADV_HUGEPAGE) == 0)
        (void)madvise(p, (size_t)bytes, MADV_POPULATE_WRITE); /* what is missing comes later */
    (void)munmap(p, (size_t)bytes);                           /* a mapping of our own */
}

uint64_t hb_os_large_bytes(const void *p)
{
    FILE *f = fopen("/proc/self/smaps", "re"); /* e: CLOEXEC */
    char line[256];
    uint64_t kib = 0;
    bool ours = false;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        unsigned long long from, to, n;
        char key[32];

        if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
            ours = from <= (uintptr_t)p && (uintptr_t)p < to;
        else if (ours && sscanf(line, "%31[A-Za-z_]: %llu kB", key, &n) == 2 &&
                 (strcmp(key, "ShmemPmdMapped") == 0 || strcmp(key, "FilePmdMapped") == 0 ||
                  strcmp(key, "AnonHugePages") == 0))
            kib += n;
    }
    if (f != NULL)
        (void)fclose(f); /* read only */
    return kib * 1024;
}

static int shared_fd(const char *name, uint64_t bytes)
{
    int fd = bytes >= HB_OS_LARGE_MIN ? large_file(bytes) : -1;

    if (fd >= 0 && reserve(fd, bytes) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd); /* given up: small pages may still do */
    if ((fd = memfd_create(name, MFD_CLOEXEC)) >= 0 && bytes >= HB_OS_LARGE_MIN)
        advise_large(fd, bytes);
    return fd;
}

void hb_os_start_writeback(int fd, uint64_t at, uint64_t bytes)
{
    (void)sync_file_range(fd, (off64_t)at, (off64_t)bytes, SYNC_FILE_RANGE_WRITE); /* a hint */
}

int hb_os_shared_new(const char *dir, const char *name, uint64_t bytes, struct hb_os_shared *s,
                     struct hb_err *e)
{
    const uint64_t available = hb_os_memory_bytes();
    int fd;
    int rc;

    (void)dir; /* memory lies nowhere */
    if (bytes > INT64_MAX / 2 || (available > 0 && bytes > available))
        return hb_fail(e, HB_ENOMEM, "not enough memory for '%s': %llu bytes needed, %llu free",
                       name, (unsigned long long)bytes, (unsigned long long)available);
    if ((fd = shared_fd(name, bytes)) < 0)
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

    if (pid <= 0) /* nobody; the clock of 0 would be our own */
        return 0.0;
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
    *out = (struct hb_os_schedule){.cpu_s = hb_os_cpu_seconds(pid)};
    context_switches(pid, &out->ctx_voluntary, &out->ctx_involuntary);
}

int hb_os_last_cpu(pid_t pid)
{
    char text[PROC_MAX];
    const char *at = proc_stat(pid, text);

    for (int field = 2; at != NULL && field < 39; field++) /* "(name) state ... processor" */
        at = strchr(at + 1, ' ');
    return at != NULL ? (int)strtol(at, NULL, 10) : -1;
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

void hb_os_end_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail for a valid signal */
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
