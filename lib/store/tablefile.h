/* tablefile.h - a table in a file or other mapped memory. store. A table file is working memory,
 * not storage: its description is hashed, its rows are not. What must survive is saved as a
 * checkpoint (checkpoint.h). Threads: an object belongs to one thread. */
#ifndef HB_STORE_TABLEFILE_H
#define HB_STORE_TABLEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "game/tree.h"
#include "solver/spec.h"
#include "solver/table.h"

struct hb_tablefile { /* {0} is closed */
    void *map;
    uint64_t len;
    struct hb_table table; /* views into map */
    bool has_fd;           /* opened writable: */
    int fd;                /* kept open, for a lock would go away with it; CLOEXEC */
};

/* Make a table file at `path` (atomically: it appears whole), generation 0.
 * Errors: HB_ECREATE, HB_EIO (disk full), HB_ELIMIT. */
int hb_tablefile_create(const char *path, const struct hb_tree *t, const struct hb_spec *s,
                        int n_parts, struct hb_err *e) HB_MUSTUSE;
/* The same in an empty file or memory that is open for reading and writing, and map it writable.
 * The fd stays the caller's; `name` is for messages. Errors: HB_EIO, HB_ELIMIT, HB_ENOMEM. */
int hb_tablefile_make(int fd, const char *name, const struct hb_tree *t, const struct hb_spec *s,
                      int n_parts, struct hb_tablefile *f, struct hb_err *e) HB_MUSTUSE;
/* Map a table file, or shared memory by its path (/proc/PID/fd/N); read-only unless `writable`.
 * Errors: HB_ENOINPUT, HB_EFORMAT, HB_EVERSION. */
int hb_tablefile_open(const char *path, bool writable, struct hb_tablefile *f,
                      struct hb_err *e) HB_MUSTUSE;
/* Be the only process that writes a part of a table that was opened writable, until it is closed.
 * Errors: HB_ECREATE when another process is; it says what to do. The process must not open and
 * close the file by other ways meanwhile: see hb_os_lock. */
int hb_tablefile_lock(struct hb_tablefile *f, uint32_t part, struct hb_err *e) HB_MUSTUSE;
/* Whether that path, or an open descriptor when path is NULL, is the file of a table opened
 * writable. */
bool hb_tablefile_is(const struct hb_tablefile *f, const char *path, int fd);
void hb_tablefile_close(struct hb_tablefile *f);

#endif
