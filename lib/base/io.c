#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"

#define FILE_STEP  (64u << 10) /* bytes asked for at a time when the size is not known */
#define TMP        ".tmp."
#define TMP_DIGITS 18u /* of a process number at most; fit a long */

/* read(2) until it is not interrupted. */
static ssize_t read_once(int fd, void *buf, size_t n)
{
    ssize_t got;

    do
        got = read(fd, buf, n);
    while (got < 0 && errno == EINTR);
    return got;
}

int hb_io_read_full(int fd, void *buf, size_t n, size_t *got, const char *what, struct hb_err *e)
{
    uint8_t *at = buf;
    size_t have = 0;
    int rc = HB_OK;

    while (have < n && rc == HB_OK) {
        ssize_t step = read_once(fd, at + have, n - have);

        if (step > 0)
            have += (size_t)step;
        else if (step < 0)
            rc = hb_fail_sys(e, HB_EIO, "cannot read '%s'", what);
        else if (have == 0)
            rc = HB_EOF;
        else
            rc = hb_fail(e, HB_EPROTO, "'%s' ends after %zu of %zu bytes", what, have, n);
    }
    if (got != NULL)
        *got = have;
    return rc;
}

int hb_io_write_full(int fd, const void *buf, size_t n, const char *what, struct hb_err *e)
{
    const uint8_t *at = buf;

    while (n > 0) {
        ssize_t step = write(fd, at, n);

        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return hb_fail_sys(e, HB_EIO, "cannot write '%s'", what);
        at += step;
        n -= (size_t)step;
    }
    return HB_OK;
}

int hb_io_read_some(int fd, void *buf, size_t cap, size_t *got, const char *what, struct hb_err *e)
{
    ssize_t step = read_once(fd, buf, cap);

    *got = 0;
    if (step == 0)
        return HB_EOF;
    if (step < 0 && errno == EAGAIN)
        return HB_AGAIN;
    if (step < 0)
        return hb_fail_sys(e, HB_EIO, "cannot read '%s'", what);
    *got = (size_t)step;
    return HB_OK;
}

/* The descriptor that a path of the form /dev/fd/N names, else -1. */
static int named_fd(const char *path)
{
    static const char folder[] = "/dev/fd/";
    int n = 0;

    if (strncmp(path, folder, sizeof folder - 1) != 0)
        return -1;
    path += sizeof folder - 1;
    if (*path == '\0' || strlen(path) > 6)
        return -1;
    for (; *path >= '0' && *path <= '9'; path++)
        n = n * 10 + (*path - '0');
    return *path == '\0' ? n : -1;
}

int hb_io_open_read(const char *path, int *fd, struct hb_err *e)
{
    struct stat st;
    int given = strcmp(path, "-") == 0 ? STDIN_FILENO : named_fd(path);
    int at;

    if (given >= 0)
        at = fcntl(given, F_DUPFD_CLOEXEC, 3);
    else
        at = open(path, O_RDONLY | O_CLOEXEC);
    if (at < 0)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open '%s'", path);
    if (fstat(at, &st) == 0 && S_ISDIR(st.st_mode)) {
        (void)close(at); /* nothing was written */
        return hb_fail(e, HB_ENOINPUT, "cannot read '%s': it is a folder; name a file in it", path);
    }
    *fd = at;
    return HB_OK;
}

/* Read to the end. One byte more than cap is asked for, to notice what is too long. */
static int read_rest(int fd, const char *path, size_t cap, struct hb_buf *out, struct hb_err *e)
{
    size_t total = 0;

    for (;;) {
        size_t want = cap - total < FILE_STEP ? cap - total + 1 : FILE_STEP;
        void *at = hb_buf_room(out, want);
        size_t got;
        int rc;

        if (at == NULL)
            return hb_buf_check(out, e);
        rc = hb_io_read_some(fd, at, want, &got, path, e);
        out->len -= want - got;
        if (rc == HB_EOF)
            return HB_OK;
        if (rc == HB_AGAIN)
            return hb_fail(e, HB_EIO, "cannot read '%s': it is in non-blocking mode", path);
        if (rc != HB_OK)
            return rc;
        total += got;
        if (total > cap)
            return hb_fail(e, HB_ELIMIT, "'%s' is larger than %zu bytes", path, cap);
    }
}

int hb_io_read_file(const char *path, size_t cap, struct hb_buf *out, struct hb_err *e)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    size_t before = out->len;
    int fd;
    int rc;

    if ((rc = hb_io_open_read(path, &fd, e)) != HB_OK)
        return rc;
    rc = read_rest(fd, name, cap, out, e);
    (void)close(fd); /* nothing was written */
    if (rc != HB_OK)
        out->len = before;
    return rc;
}

/* ---- atomic replacement ---- */

/* Renaming over a device or a FIFO would destroy it; say so before any work is done. */
static int check_target(const char *path, struct hb_err *e)
{
    struct stat st;

    if (path[0] == '\0')
        return hb_fail(e, HB_ECREATE, "cannot create a file without a name");
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return hb_fail(e, HB_ECREATE, "cannot create '%s': it exists and is not a regular file",
                       path);
    return HB_OK;
}

/* The part of a path that names its folder, "." when there is none. Returns owned; hb_mem_free. */
static int folder_of(const char *path, char **out, struct hb_err *e)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    int rc = hb_mem_new(out, n + 2, 1, "a file name", e);

    if (rc == HB_OK)
        memcpy(*out, n > 0 ? path : ".", n > 0 ? n : 1);
    return rc;
}

/* Whether `name` is BASE.tmp.PID of a process that is no more, as far as this host can tell. */
static bool is_leftover(const char *name, const char *base)
{
    const size_t n_base = strlen(base);
    const char *digits = name + n_base + strlen(TMP);
    char *end;
    long pid;

    if (strncmp(name, base, n_base) != 0 || strncmp(name + n_base, TMP, strlen(TMP)) != 0 ||
        *digits < '1' || *digits > '9' || strlen(digits) > TMP_DIGITS)
        return false;
    pid = strtol(digits, &end, 10);
    return *end == '\0' && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Its writer may live on another host or in another container, and then holds the lock. */
static void remove_leftover(const char *path)
{
    struct stat ours;
    struct stat named;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return;
    if (hb_os_lock_surely(fd, 0, 0) && fstat(fd, &ours) == 0 && S_ISREG(ours.st_mode) &&
        lstat(path, &named) == 0 && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
        (void)unlink(path); /* if it fails it stays */
    (void)close(fd);        /* nothing was written */
}

/* Best effort: what cannot be removed is in nobody's way. tmp_path[cap] is room for a name. */
static void sweep(const char *folder, const char *path, char *tmp_path, size_t cap)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    DIR *d = opendir(folder);
    const struct dirent *x;

    while (d != NULL && (x = readdir(d)) != NULL)
        if (is_leftover(x->d_name, base) &&
            snprintf(tmp_path, cap, "%s%s", path, x->d_name + strlen(base)) < (int)cap)
            remove_leftover(tmp_path);
    if (d != NULL)
        (void)closedir(d); /* read only */
}

/* Made and locked. A file of that name is left over from a dead process that had our number, unless
 * it is locked: such numbers are unique on a host, not in a folder that several share. */
static int create_new(const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(path, flags, 0666);

    if (fd < 0 && errno == EEXIST) {
        int old = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        bool taken = old >= 0 && !hb_os_lock(old, 0, 0);

        if (!taken && unlink(path) == 0)
            fd = open(path, flags, 0666);
        if (old >= 0)
            (void)close(old); /* nothing was written */
        errno = taken ? EBUSY : errno;
    }
    if (fd >= 0)
        (void)hb_os_lock(fd, 0, 0); /* nobody else knows of the file yet */
    return fd;
}

static void free_names(struct hb_atomic *a)
{
    hb_mem_free(a->path);
    hb_mem_free(a->tmp_path);
    hb_mem_free(a->folder);
}

int hb_atomic_open(const char *path, struct hb_atomic *a, struct hb_err *e)
{
    const size_t n = strlen(path) + 1;
    const size_t n_tmp = n + strlen(TMP) + TMP_DIGITS;
    struct hb_atomic made = {.fd = -1};
    int rc;

    if ((rc = check_target(path, e)) != HB_OK ||
        (rc = hb_mem_new(&made.path, n, 1, "a file name", e)) != HB_OK ||
        (rc = hb_mem_new(&made.tmp_path, n_tmp, 1, "a file name", e)) != HB_OK ||
        (rc = folder_of(path, &made.folder, e)) != HB_OK)
        goto fail;
    memcpy(made.path, path, n);
    sweep(made.folder, path, made.tmp_path, n_tmp);
    (void)snprintf(made.tmp_path, n_tmp, "%s" TMP "%ld", path, (long)getpid()); /* fits */
    if ((made.fd = create_new(made.tmp_path)) < 0) {
        rc = hb_fail_sys(e, HB_ECREATE, "cannot create '%s'", path);
        goto fail;
    }
    *a = made;
    return HB_OK;
fail:
    free_names(&made);
    return rc;
}

/* Make the new name survive a power cut. */
static int sync_folder(const char *dir, struct hb_err *e)
{
    int fd = open(dir, O_RDONLY | O_CLOEXEC);
    int rc = HB_OK;

    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) /* EINVAL: this file system has no need */
        rc = hb_fail_sys(e, HB_EIO, "cannot sync folder '%s'", dir);
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    return rc;
}

static int commit(struct hb_atomic *a, bool sync, struct hb_err *e)
{
    int fd = a->fd;
    int rc = HB_OK;

    if (a->tmp_path == NULL)
        return hb_fail(e, HB_EINTERNAL, "commit of a file that is not open");
    if (sync && fsync(fd) != 0 && errno != EINVAL)
        rc = hb_fail_sys(e, HB_EIO, "cannot write '%s'", a->path);
    a->fd = -1;
    if (close(fd) != 0 && rc == HB_OK)
        rc = hb_fail_sys(e, HB_EIO, "cannot write '%s'", a->path);
    if (rc == HB_OK && rename(a->tmp_path, a->path) != 0)
        rc = hb_fail_sys(e, HB_EIO, "cannot rename '%s' to '%s'", a->tmp_path, a->path);
    if (rc == HB_OK) {
        hb_mem_free(a->tmp_path);
        a->tmp_path = NULL;
        rc = sync ? sync_folder(a->folder, e) : HB_OK;
    }
    hb_atomic_abort(a);
    return rc;
}

int hb_atomic_commit(struct hb_atomic *a, struct hb_err *e)
{
    return commit(a, true, e);
}

int hb_atomic_publish(struct hb_atomic *a, struct hb_err *e)
{
    return commit(a, false, e);
}

void hb_atomic_abort(struct hb_atomic *a)
{
    if (a->tmp_path != NULL) {
        if (a->fd >= 0)
            (void)close(a->fd);    /* the content is given up */
        (void)unlink(a->tmp_path); /* nothing better to do when it fails */
    }
    free_names(a);
    memset(a, 0, sizeof *a);
    a->fd = -1;
}

int hb_atomic_write(const char *path, const void *p, size_t n, struct hb_err *e)
{
    struct hb_atomic a;
    int rc;

    if ((rc = hb_atomic_open(path, &a, e)) != HB_OK)
        return rc;
    if ((rc = hb_io_write_full(a.fd, p, n, path, e)) != HB_OK) {
        hb_atomic_abort(&a);
        return rc;
    }
    return hb_atomic_commit(&a, e);
}
