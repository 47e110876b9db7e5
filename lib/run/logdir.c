#include "run/logdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/shelf.h"
#include "store/checkpoint.h"

#define NAMES_MAX                                                                                  \
    80 /* what is added to the folder's path: checkpoints/iter-N.hbc.tmp.PID and the like */

static int join(const char *dir, const char *name, char out[HB_PATH_MAX], struct hb_err *e)
{
    int n = snprintf(out, HB_PATH_MAX, "%s/%s", dir, name);

    if (n < 0 || n >= HB_PATH_MAX)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", dir);
    return HB_OK;
}

/* mkdir -p */
static int make_folder(const char *path, struct hb_err *e)
{
    char part[HB_PATH_MAX];
    struct stat st;

    (void)snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return hb_fail_sys(e, HB_ECREATE, "cannot make the folder '%s'", part);
        *p = '/';
    }
    if (mkdir(part, 0777) != 0 && errno != EEXIST)
        return hb_fail_sys(e, HB_ECREATE, "cannot make the folder '%s'", part);
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return hb_fail(e, HB_ECREATE, "'%s' is there and is no folder", path);
    if (access(path, W_OK | X_OK) != 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot write in the folder '%s'", path);
    return HB_OK;
}

static int take_lock(struct hb_logdir *d, struct hb_err *e)
{
    char path[HB_PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat ours, named;
    int rc = join(d->path, "lock", path, e);

    if (rc != HB_OK)
        return rc;
    d->was_there = access(path, F_OK) == 0;
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (d->lock_fd < 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot make '%s'", path);
    if (fcntl(d->lock_fd, F_SETLK, &lock) == 0) {
        if (fstat(d->lock_fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino)
            return HB_OK;
        errno = EAGAIN; /* it was discarded under our hands */
    }
    if (errno == EACCES || errno == EAGAIN)
        return hb_fail(e, HB_ECREATE, "another hb-train is at work in '%s'", d->path);
    return hb_fail_sys(e, HB_ECREATE, "cannot lock '%s'", path);
}

static bool begins_with_one_of(const char *name, const char *const *starts)
{
    for (; *starts != NULL; starts++)
        if (strncmp(name, *starts, strlen(*starts)) == 0)
            return true;
    return false;
}

/* A dot and a process number at the end of a name: where it begins, else NULL. */
static const char *pid_suffix(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (dot == NULL || dot[1] == '\0' || dot[1 + strspn(dot + 1, "0123456789")] != '\0')
        return NULL;
    return dot;
}

/* NAME.tmp.PID, which hb_atomic_open makes, of a file that only an hb-train writes here; the link
 * that is on its way to be latest.hbc; or shared memory, NAME.PID, where that is a file. */
static bool is_leftover(const char *name)
{
    static const char *const files[] = {"iter-", "buckets-", "config.yaml", "latest.hbc", NULL};
    static const char *const shared[] = {"table.", "segment-", NULL};
    const char *suffix = pid_suffix(name);

    if (suffix == NULL)
        return strcmp(name, HB_CHECKPOINT_LATEST ".tmp") == 0;
    return (suffix - name > 4 && memcmp(suffix - 4, ".tmp", 4) == 0 &&
            begins_with_one_of(name, files)) ||
           (begins_with_one_of(name, shared) && strchr(name, '.') == suffix);
}

/* Best effort: what cannot be removed is in nobody's way. We hold the lock, so nobody writes it. */
static void sweep(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    char path[HB_PATH_MAX];

    while (d != NULL && (entry = readdir(d)) != NULL)
        if (is_leftover(entry->d_name) && join(dir, entry->d_name, path, NULL) == HB_OK)
            (void)unlink(path); /* see above */
    if (d != NULL)
        (void)closedir(d); /* read only */
}

int hb_logdir_open(const char *path, struct hb_logdir *d, struct hb_err *e)
{
    int rc;

    d->lock_fd = -1;
    if (snprintf(d->path, sizeof d->path, "%s", path) >= (int)sizeof d->path)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", path);
    if (strlen(path) > HB_PATH_MAX - NAMES_MAX)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", path);
    if ((rc = join(path, HB_CHECKPOINT_FOLDER, d->checkpoints, e)) != HB_OK ||
        (rc = make_folder(path, e)) != HB_OK || (rc = make_folder(d->checkpoints, e)) != HB_OK ||
        (rc = take_lock(d, e)) != HB_OK) {
        hb_logdir_close(d);
        return rc;
    }
    sweep(d->path);
    sweep(d->checkpoints);
    return HB_OK;
}

void hb_logdir_close(struct hb_logdir *d)
{
    if (d->lock_fd >= 0)
        (void)close(d->lock_fd); /* the lock goes with it */
    d->lock_fd = -1;
}

void hb_logdir_discard(struct hb_logdir *d)
{
    char path[HB_PATH_MAX];

    if (d->lock_fd >= 0 && !d->was_there && rmdir(d->checkpoints) == 0 &&
        join(d->path, "lock", path, NULL) == HB_OK && unlink(path) == 0)
        (void)rmdir(d->path); /* unless buckets were built, or something else is in it */
    hb_logdir_close(d);
}

int hb_logdir_save(struct hb_logdir *d, const struct hb_table *t, uint64_t keep, struct hb_err *e)
{
    uint64_t generation, iteration;
    char path[HB_PATH_MAX];
    const char *name;
    int rc = hb_table_clean(t, &generation, &iteration, e);

    if (rc != HB_OK)
        return rc;
    hb_shelf_name(d->checkpoints, iteration, path);
    name = strrchr(path, '/') + 1;
    if ((rc = hb_checkpoint_save(t, path, 0, NULL, e)) != HB_OK ||
        (rc = hb_shelf_set_latest(d->checkpoints, name, e)) != HB_OK)
        return rc;
    return hb_shelf_prune(d->checkpoints, HB_SHELF_RUN, keep > 0 ? keep : 1, name, NULL, NULL, e);
}
