#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERRNO_MAX 100 /* longer texts of errno are cut */

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
    const char *why;
    size_t room;
    size_t used;
    va_list ap;

    if (e == NULL)
        return rc;
    va_start(ap, fmt);
    record(e, rc, sys, fmt, ap);
    va_end(ap);
    why = strerror(sys);
    room = sizeof e->msg - 1 - (strlen(why) < ERRNO_MAX ? strlen(why) : ERRNO_MAX) - 2;
    used = strlen(e->msg) < room ? strlen(e->msg) : room;
    (void)snprintf(e->msg + used, sizeof e->msg - used, ": %s", why);
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

int hb_context_name(struct hb_err *e, int rc, const char *what, const char *name)
{
    const size_t n = strlen(name);

    if (e == NULL)
        return rc;
    for (const char *at = strchr(e->msg, '\''); at != NULL; at = strchr(at + 1, '\''))
        if (strncmp(at + 1, name, n) == 0 && at[1 + n] == '\'')
            return rc;
    return hb_context(e, rc, "%s '%s'", what, name);
}
