/* container_spool.h - a container that comes through a pipe, set aside in a file: its index is at its
 * end. store; private to container_read.c.
 *
 * Threads: any. */
#ifndef HB_STORE_CONTAINER_SPOOL_H
#define HB_STORE_CONTAINER_SPOOL_H

#include "base/err.h"

/* Read fd, called `name` in messages, to its end into a file without a name in /var/tmp, else /tmp.
 * What does not begin with `magic` is refused at its first 64 bytes. Nothing else is verified.
 * *out gets the file's descriptor, for reading and writing, CLOEXEC; the caller closes it. Errors:
 * HB_EFORMAT, HB_EVERSION: another kind of file; HB_EIO; HB_ECREATE; HB_ENOMEM. */
int hb_cspool_new(int fd, const char *name, const char magic[4], int *out,
                  struct hb_err *e) HB_MUSTUSE;

#endif
