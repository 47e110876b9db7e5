#include "store/tablefile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/os.h"

int hb_tablefile_make(int fd, const char *name, const struct hb_tree *t, const struct hb_spec *s,
                      int n_parts, struct hb_tablefile *f, struct hb_err *e)
{
    struct hb_tablefile made = {0};
    int rc;

    if (n_parts < 1 || n_parts > HB_TABLE_PARTS_MAX)
        return hb_fail(e, HB_ELIMIT, "a table has 1 to %d parts, not %d", HB_TABLE_PARTS_MAX,
                       n_parts);
    if ((rc = hb_table_bytes(t, s, &made.len, e)) != HB_OK ||
        (rc = hb_os_reserve(fd, made.len, name, e)) != HB_OK ||
        (rc = hb_os_map(fd, made.len, true, &made.map, e)) != HB_OK)
        return rc;
    if ((rc = hb_table_format(made.map, made.len, t, s, n_parts, e)) != HB_OK ||
        (rc = hb_table_attach(made.map, made.len, &made.table, e)) != HB_OK) {
        hb_tablefile_close(&made);
        return hb_context(e, rc, "table '%s'", name);
    }
    *f = made;
    return HB_OK;
}

int hb_tablefile_create(const char *path, const struct hb_tree *t, const struct hb_spec *s,
                        int n_parts, struct hb_err *e)
{
    struct hb_tablefile f = {0};
    struct hb_atomic file;
    int rc;

    if ((rc = hb_atomic_open(path, &file, e)) != HB_OK)
        return rc;
    if ((rc = hb_tablefile_make(file.fd, path, t, s, n_parts, &f, e)) != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    hb_tablefile_close(&f);
    return hb_atomic_commit(&file, e);
}

/* Size of an open table file. What is not a regular file cannot be mapped. */
static int size_of(int fd, uint64_t *len, struct hb_err *e)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot ask for its size");
    if (S_ISDIR(st.st_mode))
        return hb_fail(e, HB_ENOINPUT, "it is a folder");
    if (!S_ISREG(st.st_mode))
        return hb_fail(e, HB_EFORMAT, "not a table: not a regular file");
    if (st.st_size == 0)
        return hb_fail(e, HB_EFORMAT, "not a table: the file is empty");
    *len = (uint64_t)st.st_size;
    return HB_OK;
}

int hb_tablefile_open(const char *path, bool writable, struct hb_tablefile *f, struct hb_err *e)
{
    struct hb_tablefile opened = {0};
    /* O_NONBLOCK: a FIFO in the place of a table is an error and not a wait. */
    int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    int rc;

    if (fd < 0)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open table '%s'", path);
    if ((rc = size_of(fd, &opened.len, e)) == HB_OK &&
        (rc = hb_os_map(fd, opened.len, writable, &opened.map, e)) == HB_OK)
        rc = hb_table_attach(opened.map, opened.len, &opened.table, e);
    if (rc == HB_OK && writable) {
        opened.has_fd = true;
        opened.fd = fd;
    } else {
        (void)close(fd); /* the mapping stays */
    }
    if (rc != HB_OK) {
        hb_tablefile_close(&opened);
        return hb_context(e, rc, "table '%s'", path);
    }
    *f = opened;
    return HB_OK;
}

int hb_tablefile_lock(struct hb_tablefile *f, uint32_t part, struct hb_err *e)
{
    const uint8_t *mine = (const uint8_t *)&f->table.live->part[part];

    if (hb_os_lock(f->fd, (uint64_t)(mine - f->table.mem), sizeof f->table.live->part[part]))
        return HB_OK;
    return hb_fail(e, HB_ECREATE,
                   "another hb-merge writes to it (part %u): wait for its end, or give each a part "
                   "of its own (hb-ckpt init --parts, hb-merge --part)",
                   part);
}

bool hb_tablefile_is(const struct hb_tablefile *f, const char *path, int fd)
{
    struct stat ours, other;

    return f->has_fd && fstat(f->fd, &ours) == 0 &&
           (path != NULL ? stat(path, &other) : fstat(fd, &other)) == 0 &&
           ours.st_dev == other.st_dev && ours.st_ino == other.st_ino;
}

void hb_tablefile_close(struct hb_tablefile *f)
{
    hb_os_unmap(f->map, f->len);
    if (f->has_fd)
        (void)close(f->fd); /* nothing of ours is buffered */
    memset(f, 0, sizeof *f);
}
