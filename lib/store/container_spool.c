#include "store/container_spool.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/container_records.h"

#define SPOOL_STEP ((size_t)256 << 10)

/* A file without a name; /var/tmp first, as /tmp may be memory. */
static int spool_file(int *fd, struct hb_err *e)
{
    char large[] = "/var/tmp/hb-XXXXXX";
    char small[] = "/tmp/hb-XXXXXX";
    char *path = large;

    *fd = mkstemp(path);
    if (*fd < 0)
        *fd = mkstemp(path = small);
    if (*fd < 0)
        return hb_fail_sys(e, HB_ECREATE, "cannot create a temporary file");
    (void)unlink(path);                    /* if it fails, it stays for the system to tidy */
    (void)fcntl(*fd, F_SETFD, FD_CLOEXEC); /* cannot fail on an open descriptor */
    return HB_OK;
}

/* All of a stream into spool; what does not even start like one of ours is refused at once. */
static int copy_stream(int fd, int spool, uint8_t *buf, const char *name, const char magic[4],
                       struct hb_err *e)
{
    size_t have;
    int rc = hb_io_read_full(fd, buf, HB_CREC_BYTES, &have, name, NULL);

    if (rc == HB_EIO)
        return hb_fail_sys(e, rc, "cannot read '%s'", name);
    if ((rc = hb_crec_check_magic(name, buf, have, magic, e)) != HB_OK)
        return rc;
    do {
        if ((rc = hb_io_write_full(spool, buf, have, "a temporary file", e)) != HB_OK)
            return rc;
        rc = hb_io_read_some(fd, buf, SPOOL_STEP, &have, name, e);
    } while (rc == HB_OK);
    if (rc == HB_AGAIN)
        return hb_fail(e, HB_EIO, "cannot read '%s': it is in non-blocking mode", name);
    return rc == HB_EOF ? HB_OK : rc;
}

static int fill_spool(int fd, int spool, const char *name, const char magic[4], struct hb_err *e)
{
    uint8_t *buf = NULL;
    int rc;

    if ((rc = hb_mem_new(&buf, SPOOL_STEP, 1, "a stream", e)) == HB_OK)
        rc = copy_stream(fd, spool, buf, name, magic, e);
    hb_mem_free(buf);
    return rc;
}

int hb_cspool_new(int fd, const char *name, const char magic[4], int *out, struct hb_err *e)
{
    int own;
    int rc;

    if ((rc = spool_file(&own, e)) != HB_OK)
        return rc;
    if ((rc = fill_spool(fd, own, name, magic, e)) != HB_OK) {
        (void)close(own); /* given up */
        return rc;
    }
    *out = own;
    return HB_OK;
}
