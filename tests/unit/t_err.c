/* A failure explains itself once, is prefixed on its way up, and is never longer than its buffer.
 */
#include "base/err.h"

#include <errno.h>

#include "check.h"

static void the_first_failure_is_recorded_and_prefixed(void)
{
    struct hb_err e = {0};

    CHECK_EQ(hb_fail(&e, HB_EFORMAT, "line %d is odd", 3), HB_EFORMAT);
    CHECK_EQ(e.rc, HB_EFORMAT);
    CHECK_EQ(e.sys, 0);
    CHECK_EQ(hb_context(&e, HB_EFORMAT, "file '%s'", "x"), HB_EFORMAT);
    CHECK_STR(e.msg, "file 'x': line 3 is odd");
    CHECK_EQ(e.rc, HB_EFORMAT);
}

static void a_system_failure_keeps_errno_and_its_text(void)
{
    struct hb_err e = {0};
    char want[200];

    (void)snprintf(want, sizeof want, "cannot open 'x': %s", strerror(ENOENT));
    errno = ENOENT;
    CHECK_EQ(hb_fail_sys(&e, HB_ENOINPUT, "cannot open '%s'", "x"), HB_ENOINPUT);
    CHECK_EQ(e.sys, ENOENT);
    CHECK_STR(e.msg, want);
}

static void nobody_has_to_listen(void)
{
    CHECK_EQ(hb_fail(NULL, HB_EIO, "unheard"), HB_EIO);
    CHECK_EQ(hb_fail_sys(NULL, HB_EIO, "unheard"), HB_EIO);
    CHECK_EQ(hb_context(NULL, HB_EIO, "unheard"), HB_EIO);
}

static void a_name_is_said_once(void)
{
    struct hb_err e = {0};

    hb_fail(&e, HB_ENOINPUT, "cannot open 'f'");
    CHECK_EQ(hb_context_name(&e, HB_ENOINPUT, "table", "f"), HB_ENOINPUT);
    CHECK_STR(e.msg, "cannot open 'f'");
    hb_fail(&e, HB_EFORMAT, "section 'ff' is odd");
    CHECK_EQ(hb_context_name(&e, HB_EFORMAT, "table", "f"), HB_EFORMAT);
    CHECK_STR(e.msg, "table 'f': section 'ff' is odd");
    CHECK_EQ(hb_context_name(NULL, HB_EIO, "table", "f"), HB_EIO);
}

static void long_messages_are_cut(void)
{
    struct hb_err e = {0};
    char text[2 * HB_ERR_MSG_MAX];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    errno = EIO;
    CHECK_EQ(hb_fail_sys(&e, HB_EIO, "%s", text), HB_EIO);
    CHECK_EQ(strlen(e.msg), HB_ERR_MSG_MAX - 1);
    CHECK(strstr(e.msg, strerror(EIO)) != NULL); /* the reason stays */
    CHECK_EQ(hb_context(&e, HB_EIO, "first"), HB_EIO);
    CHECK_EQ(strlen(e.msg), HB_ERR_MSG_MAX - 1);
    CHECK(strncmp(e.msg, "first: xxx", 10) == 0);
    CHECK_EQ(hb_context(&e, HB_EIO, "%s", text), HB_EIO);
    CHECK_EQ(strlen(e.msg), HB_ERR_MSG_MAX - 1);
}

/* They are exit codes and wire values: a change would be noticed by others. */
static void codes_are_pinned(void)
{
    CHECK_EQ(HB_OK, 0);
    CHECK_EQ(HB_EOF, 1);
    CHECK_EQ(HB_AGAIN, 2);
    CHECK_EQ(HB_ESYS, -1);
    CHECK_EQ(HB_EFORMAT, -5);
    CHECK_EQ(HB_ECONFIG, -10);
    CHECK_EQ(HB_ESTOPPED, -15);
}

int main(void)
{
    RUN(the_first_failure_is_recorded_and_prefixed);
    RUN(a_system_failure_keeps_errno_and_its_text);
    RUN(nobody_has_to_listen);
    RUN(a_name_is_said_once);
    RUN(long_messages_are_cut);
    RUN(codes_are_pinned);
    return check_done();
}
