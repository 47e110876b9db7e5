/* Lines come whole, in time, or with a reason; connections are made and refused. */
#include "run/net.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "check.h"

struct ends {
    int to, from;
    struct hb_lines l;
};

static void open_ends(struct ends *x, size_t max)
{
    int fd[2] = {-1, -1};
    struct hb_err e = {0};

    CHECK_EQ(pipe(fd), 0);
    x->from = fd[0];
    x->to = fd[1];
    CHECK_OK(hb_lines_init(&x->l, x->from, "peer", max, &e), e);
}

static void close_ends(struct ends *x)
{
    hb_lines_fini(&x->l);
    (void)close(x->from);
    if (x->to >= 0)
        (void)close(x->to);
}

static void say(struct ends *x, const char *text)
{
    struct hb_err e = {0};

    CHECK_OK(hb_io_write_full(x->to, text, strlen(text), "pipe", &e), e);
}

static void hang_up(struct ends *x)
{
    (void)close(x->to);
    x->to = -1;
}

static void expect(struct ends *x, const char *want)
{
    struct hb_err e = {0};
    char *line = NULL;
    size_t len = 0;

    CHECK_OK(hb_lines_next(&x->l, 10, &line, &len, &e), e);
    if (line != NULL)
        CHECK_STR(line, want);
    CHECK_EQ(len, strlen(want));
}

static int next(struct ends *x, double timeout_s, struct hb_err *e)
{
    char *line;
    size_t len;

    *e = (struct hb_err){0};
    return hb_lines_next(&x->l, timeout_s, &line, &len, e);
}

static void lines_end_with_lf_or_cr_lf(void)
{
    struct ends x;
    struct hb_err e;

    open_ends(&x, 20);
    say(&x, "one\r\ntwo\n\n\r\nth");
    expect(&x, "one");
    expect(&x, "two");
    expect(&x, "");
    expect(&x, "");
    say(&x, "ree\rfour\r");
    CHECK_EQ(next(&x, 0, &e), HB_AGAIN);
    CHECK_EQ(e.rc, HB_OK);
    say(&x, "\n");
    expect(&x, "three\rfour");
    hang_up(&x);
    CHECK_EQ(next(&x, HB_NET_FOREVER, &e), HB_EOF);
    CHECK_EQ(next(&x, HB_NET_FOREVER, &e), HB_EOF);
    close_ends(&x);
}

static void an_end_within_a_line_is_an_error(void)
{
    struct ends x;
    struct hb_err e;

    open_ends(&x, 20);
    say(&x, "one\ntw");
    hang_up(&x);
    expect(&x, "one");
    CHECK_EQ(next(&x, HB_NET_FOREVER, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "within a line") != NULL);
    close_ends(&x);
}

static void a_line_has_its_length_and_no_more(void)
{
    struct ends x;
    struct hb_err e;

    open_ends(&x, 5);
    say(&x, "12345\r\n12345\n");
    expect(&x, "12345");
    expect(&x, "12345");
    say(&x, "12345678");
    CHECK_EQ(next(&x, HB_NET_FOREVER, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "more than 5 characters") != NULL);
    close_ends(&x);
}

static void a_line_that_does_not_come_is_waited_for_so_long(void)
{
    struct ends x;
    struct hb_err e;

    open_ends(&x, 20);
    CHECK_EQ(next(&x, 0.02, &e), HB_AGAIN);
    say(&x, "half");
    CHECK_EQ(next(&x, 0.02, &e), HB_AGAIN);
    say(&x, " and half\n");
    expect(&x, "half and half");
    close_ends(&x);
}

static void connections_are_made(void)
{
    struct hb_err e = {0};
    struct ends x = {.to = -1, .from = -1};
    uint16_t port = 0;
    char text[8];
    int listener = -1;

    CHECK_OK(hb_net_listen("127.0.0.1", 0, &listener, &port, &e), e);
    CHECK(port != 0);
    CHECK_EQ(hb_net_accept(listener, 0.01, &x.from, &e), HB_AGAIN);
    (void)snprintf(text, sizeof text, "%u", (unsigned)port); /* fits */
    CHECK_OK(hb_net_connect("127.0.0.1", text, &x.to, &e), e);
    CHECK_OK(hb_net_accept(listener, 10, &x.from, &e), e);
    CHECK(fcntl(x.from, F_GETFD) == FD_CLOEXEC && fcntl(x.to, F_GETFD) == FD_CLOEXEC);
    CHECK_OK(hb_lines_init(&x.l, x.from, "peer", 20, &e), e);
    say(&x, "hello\n");
    expect(&x, "hello");
    close_ends(&x);
    (void)close(listener);
    CHECK_EQ(hb_net_connect("127.0.0.1", text, &x.to, &e), HB_EIO); /* nobody there any more */
    CHECK_EQ(hb_net_connect("127.0.0.1", "no port", &x.to, &e), HB_EUSAGE);
    CHECK_EQ(hb_net_listen("256.0.0.1.x.", 0, &listener, &port, &e), HB_EUSAGE);
}

static void a_failed_allocation_is_reported(void)
{
    struct hb_lines l;
    struct hb_err e = {0};

    hb_mem_fail_at(1);
    CHECK_EQ(hb_lines_init(&l, 0, "x", 10, &e), HB_ENOMEM);
    hb_mem_fail_at(0);
}

int main(void)
{
    RUN(lines_end_with_lf_or_cr_lf);
    RUN(an_end_within_a_line_is_an_error);
    RUN(a_line_has_its_length_and_no_more);
    RUN(a_line_that_does_not_come_is_waited_for_so_long);
    RUN(connections_are_made);
    RUN(a_failed_allocation_is_reported);
    return check_done();
}
