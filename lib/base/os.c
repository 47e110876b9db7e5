/* The part of os.h that POSIX has; os_linux.c and os_posix.c have the rest. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

int hb_os_map(int fd, uint64_t bytes, bool writable, void **out, struct hb_err *e)
{
    const int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    struct stat st;
    void *p;

    if (bytes > SIZE_MAX)
        return hb_fail(e, HB_ENOMEM, "cannot map %llu bytes", (unsigned long long)bytes);
    if (fstat(fd, &st) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot map a file");
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size < bytes)
        return hb_fail(e, HB_EFORMAT, "a file to map has %llu bytes, expected %llu",
                       (unsigned long long)st.st_size, (unsigned long long)bytes);
    p = mmap(NULL, (size_t)bytes, prot, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return hb_fail_sys(e, errno == ENOMEM ? HB_ENOMEM : HB_ESYS, "cannot map %llu bytes",
                           (unsigned long long)bytes);
    *out = p;
    return HB_OK;
}

void hb_os_unmap(void *p, uint64_t bytes)
{
    if (p != NULL)
        (void)munmap(p, (size_t)bytes); /* fails only for addresses that are not ours */
}

int hb_os_pipe(int fds[2], struct hb_err *e)
{
    int rc = HB_OK;

    if (pipe(fds) != 0) {
        rc = hb_fail_sys(e, HB_ESYS, "cannot make a pipe");
    } else if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) != 0 || fcntl(fds[1], F_SETFD, FD_CLOEXEC) != 0) {
        rc = hb_fail_sys(e, HB_ESYS, "cannot set up a pipe");
        (void)close(fds[0]); /* nothing is in it */
        (void)close(fds[1]);
    }
    if (rc != HB_OK)
        fds[0] = fds[1] = -1;
    return rc;
}

bool hb_os_lock_surely(int fd, uint64_t at, uint64_t bytes)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = (off_t)bytes};

    return fcntl(fd, F_SETLK, &lock) == 0;
}

bool hb_os_lock(int fd, uint64_t at, uint64_t bytes)
{
    return hb_os_lock_surely(fd, at, bytes) || (errno != EACCES && errno != EAGAIN);
}

double hb_os_monotonic(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* the clock exists on every system we build on */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The first executable `name` on PATH. */
static bool search_path(const char *name, char *out, size_t cap)
{
    const char *at = getenv("PATH");

    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ":");
        int len = snprintf(out, cap, "%.*s%s%s", (int)n, at, n > 0 ? "/" : "", name);

        if (len > 0 && (size_t)len < cap && access(out, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

int hb_os_program_dir_argv0(const char *argv0, char *out, size_t cap, struct hb_err *e)
{
    char found[HB_OS_PATH_MAX];
    const char *path = argv0;
    char *full;
    size_t n;

    if (argv0 == NULL || argv0[0] == '\0')
        return hb_fail(e, HB_ESYS, "cannot tell where this program lies");
    if (strchr(argv0, '/') == NULL) {
        if (!search_path(argv0, found, sizeof found))
            return hb_fail(e, HB_ESYS, "cannot find '%s' on PATH", argv0);
        path = found;
    }
    full = realpath(path, NULL);
    if (full == NULL)
        return hb_fail_sys(e, HB_ESYS, "cannot resolve '%s'", path);
    n = (size_t)(strrchr(full, '/') - full); /* a resolved path is absolute */
    n = n > 0 ? n : 1;
    if (n < cap) {
        memcpy(out, full, n);
        out[n] = '\0';
    }
    hb_mem_free(full);
    return n < cap ? HB_OK : hb_fail(e, HB_ESYS, "the path of '%s' is too long", argv0);
}
