/* io.h - whole reads and writes, whole files, atomic replacement. [base]
 *
 * EINTR is retried; a short write goes on; EPIPE, ENOSPC and EIO are HB_EIO.
 *
 * Threads: any; a descriptor belongs to one caller at a time. */
#ifndef HB_BASE_IO_H
#define HB_BASE_IO_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* Read exactly n bytes. HB_OK; HB_EOF when the end came before the first byte; HB_EPROTO when it
 * came later (*got, may be NULL, says how many); HB_EIO. `what` names the source in messages. */
int hb_io_read_full(int fd, void *buf, size_t n, size_t *got, const char *what,
                    struct hb_err *e) HB_MUSTUSE;
/* Write all n bytes; HB_EIO naming `what`. */
int hb_io_write_full(int fd, const void *buf, size_t n, const char *what,
                     struct hb_err *e) HB_MUSTUSE;
/* One read(2), EINTR retried: *got > 0 and HB_OK, HB_EOF, HB_AGAIN (a non-blocking fd has nothing),
 * HB_EIO. */
int hb_io_read_some(int fd, void *buf, size_t cap, size_t *got, const char *what,
                    struct hb_err *e) HB_MUSTUSE;
/* Append a whole file to out; `path` "-" is stdin. Errors: HB_ENOINPUT, HB_EIO, HB_ELIMIT above
 * cap. */
int hb_io_read_file(const char *path, size_t cap, struct hb_buf *out, struct hb_err *e) HB_MUSTUSE;
/* Open for reading, CLOEXEC; "-" gives a duplicate of stdin, "/dev/fd/N" one of descriptor N
 * (opening a FIFO anew could wait for a writer that has come and gone). HB_ENOINPUT when it is not
 * there. */
int hb_io_open_read(const char *path, int *fd, struct hb_err *e) HB_MUSTUSE;

/* A file that appears under its name whole or not at all: written as PATH.tmp.PID in the same
 * directory, fsynced, renamed, directory fsynced. Its writer holds a lock (hb_os_lock) on it. */
struct hb_atomic {
    int fd;         /* write here */
    char *path;     /* owned */
    char *tmp_path; /* owned; NULL when closed */
    char *folder;   /* owned: where they are */
};
/* Also removes what killed writers of PATH left behind: PATH.tmp.PID of a process that is no more,
 * when it can be locked, so that a writer on another host keeps his. Cost: reads the directory.
 * Errors: HB_ECREATE. */
int hb_atomic_open(const char *path, struct hb_atomic *a, struct hb_err *e) HB_MUSTUSE;
/* Errors: HB_EIO, never for want of memory. The tmp is gone then; the new file is there whole when
 * only its directory could not be synced. */
int hb_atomic_commit(struct hb_atomic *a, struct hb_err *e) HB_MUSTUSE;
/* The same without any fsync, for what can be made again and is verified before use: after a power
 * cut the file may be damaged. */
int hb_atomic_publish(struct hb_atomic *a, struct hb_err *e) HB_MUSTUSE;
void hb_atomic_abort(struct hb_atomic *a); /* removes the tmp; no-op after commit or on {0} */
/* Whole small file in one go. */
int hb_atomic_write(const char *path, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;

#endif
