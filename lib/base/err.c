#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

HB_PRINTF(4, 0)
static void record(struct hb_err *e, int rc, int sys, const char *fmt, va_list ap)
{
    e->rc = rc;
    e->sys = sys;
    (void)vsnprintf(e->msg, sizeof e->msg, fmt, ap); /* a cut message is still the message */
}

int hb_fail(struct hb_err *e, int rc, const char *fmt, ...)
{
    va_list ap;

    if (e == NULL)
        return rc;
    va_start(ap, fmt);
    record(e, rc, 0, fmt, ap);
    va_end(ap);
    return rc;
}

int hb_fail_sys(struct hb_err *e, int rc, const char *fmt, ...)
{
    int sys = errno;
    size_t used;
    va_list ap;

    if (e == NULL)
        return rc;
    va_start(ap, fmt);
    record(e, rc, sys, fmt, ap);
    va_end(ap);
    used = strlen(e->msg);
    (void)snprintf(e->msg + used, sizeof e->msg - used, ": %s", strerror(sys));
    return rc;
}

int hb_context(struct hb_err *e, int rc, const char *fmt, ...)
{
    char old[HB_ERR_MSG_MAX];
    size_t used;
    va_list ap;

    if (e == NULL)
        return rc;
    memcpy(old, e->msg, sizeof old);
    va_start(ap, fmt);
    (void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    used = strlen(e->msg);
    (void)snprintf(e->msg + used, sizeof e->msg - used, ": %s", old);
    return rc;
}
