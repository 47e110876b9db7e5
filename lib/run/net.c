#include "run/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"

#define WAIT_MAX_S 1e6 /* a poll takes its milliseconds as an int */

/* ---- sockets ---- */

static int resolve(const char *host, const char *port, int flags, struct addrinfo **out,
                   struct hb_err *e)
{
    struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    int code = getaddrinfo(host, port, &want, out);

    if (code == 0)
        return HB_OK;
    return hb_fail(e, HB_EUSAGE, "cannot find host '%s', port '%s': %s", host, port,
                   gai_strerror(code));
}

static int open_socket(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);

    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail on an open descriptor */
    return fd;
}

/* Lines are short and wait for answers: send each at once. Only slower without. */
static void send_at_once(int fd)
{
    int yes = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static void close_keeping_errno(int fd)
{
    int keep = errno;

    (void)close(fd); /* nothing was written to it */
    errno = keep;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    memcpy(&in, &a, sizeof in);
    memcpy(&in6, &a, sizeof in6);
    return ntohs(a.ss_family == AF_INET6 ? in6.sin6_port : in.sin_port);
}

int hb_net_listen(const char *host, uint16_t port, int *fd, uint16_t *chosen, struct hb_err *e)
{
    struct addrinfo *list = NULL;
    char text[8];
    int yes = 1;
    int s = -1;
    int rc;

    (void)snprintf(text, sizeof text, "%u", (unsigned)port); /* fits */
    if ((rc = resolve(host, text, AI_PASSIVE, &list, e)) != HB_OK)
        return rc;
    for (const struct addrinfo *at = list; at != NULL && s < 0; at = at->ai_next) {
        if ((s = open_socket(at)) < 0)
            continue;
        (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* only a wait saved */
        if (bind(s, at->ai_addr, at->ai_addrlen) != 0 || listen(s, 4) != 0) {
            close_keeping_errno(s);
            s = -1;
        }
    }
    freeaddrinfo(list);
    if (s < 0)
        return hb_fail_sys(e, HB_ESYS, "cannot listen on '%s', port %u", host, (unsigned)port);
    *fd = s;
    *chosen = port_of(s);
    return HB_OK;
}

/* HB_OK when fd has something to read, HB_AGAIN when it has not by `end` (monotonic; < 0: never).
 */
static int wait_for(int fd, double end, const char *name, struct hb_err *e)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        double left = end < 0 ? 0 : end - hb_os_monotonic();
        int n;

        if (left > WAIT_MAX_S)
            left = WAIT_MAX_S;
        n = poll(&p, 1, end < 0 ? -1 : left > 0 ? (int)(1000 * left) + 1 : 0);
        if (n > 0)
            return HB_OK;
        if (n < 0 && errno != EINTR)
            return hb_fail_sys(e, HB_ESYS, "cannot wait for '%s'", name);
        if (n == 0 && end >= 0 && hb_os_monotonic() >= end)
            return HB_AGAIN;
    }
}

static double end_of(double timeout_s)
{
    return timeout_s < 0 ? -1 : hb_os_monotonic() + timeout_s;
}

int hb_net_accept(int listener, double timeout_s, int *fd, struct hb_err *e)
{
    double end = end_of(timeout_s);
    int s;
    int rc;

    if ((rc = wait_for(listener, end, "a connection", e)) != HB_OK)
        return rc;
    while ((s = accept(listener, NULL, NULL)) < 0)
        if (errno != EINTR && errno != ECONNABORTED)
            return hb_fail_sys(e, HB_ESYS, "cannot accept a connection");
    (void)fcntl(s, F_SETFD, FD_CLOEXEC); /* cannot fail on an open descriptor */
    send_at_once(s);
    if (timeout_s >= 0) {
        double whole = timeout_s < WAIT_MAX_S ? timeout_s : WAIT_MAX_S;
        struct timeval t = {.tv_sec = (time_t)whole,
                            .tv_usec = (suseconds_t)(1e6 * (whole - (double)(time_t)whole))};

        if (t.tv_sec == 0 && t.tv_usec == 0)
            t.tv_usec = 1;                                          /* zero would be for ever */
        (void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t); /* reading has its own */
    }
    *fd = s;
    return HB_OK;
}

int hb_net_connect(const char *host, const char *port, int *fd, struct hb_err *e)
{
    struct addrinfo *list = NULL;
    int s = -1;
    int rc;

    if ((rc = resolve(host, port, 0, &list, e)) != HB_OK)
        return rc;
    for (const struct addrinfo *at = list; at != NULL && s < 0; at = at->ai_next) {
        if ((s = open_socket(at)) < 0)
            continue;
        if (connect(s, at->ai_addr, at->ai_addrlen) != 0) {
            close_keeping_errno(s);
            s = -1;
        }
    }
    freeaddrinfo(list);
    if (s < 0)
        return hb_fail_sys(e, HB_EIO, "cannot connect to '%s', port %s", host, port);
    send_at_once(s);
    *fd = s;
    return HB_OK;
}

/* ---- lines ---- */

int hb_lines_init(struct hb_lines *l, int fd, const char *name, size_t max, struct hb_err *e)
{
    *l = (struct hb_lines){.fd = fd, .cap = max + 2};    /* CR LF */
    (void)snprintf(l->name, sizeof l->name, "%s", name); /* or cut */
    return hb_mem_new(&l->buf, l->cap, 1, "a line", e);
}

void hb_lines_fini(struct hb_lines *l)
{
    hb_mem_free(l->buf);
    *l = (struct hb_lines){0};
}

/* More bytes behind those that are there. */
static int fill(struct hb_lines *l, double end, struct hb_err *e)
{
    size_t got = 0;
    int rc;

    if (l->begin > 0) {
        memmove(l->buf, l->buf + l->begin, l->end - l->begin);
        l->end -= l->begin;
        l->begin = 0;
    }
    if (l->end == l->cap)
        return hb_fail(e, HB_EPROTO, "'%s': a line of more than %zu characters", l->name,
                       l->cap - 2);
    do {
        if ((rc = wait_for(l->fd, end, l->name, e)) != HB_OK)
            return rc;
        rc = hb_io_read_some(l->fd, l->buf + l->end, l->cap - l->end, &got, l->name, e);
    } while (rc == HB_AGAIN);
    l->end += got;
    if (rc == HB_EOF && l->end > 0)
        return hb_fail(e, HB_EPROTO, "'%s' ended within a line", l->name);
    return rc;
}

int hb_lines_next(struct hb_lines *l, double timeout_s, char **line, size_t *len, struct hb_err *e)
{
    double end = end_of(timeout_s);
    size_t looked = 0; /* characters known to be no line end */
    char *at;
    size_t n;
    int rc;

    while ((at = memchr(l->buf + l->begin + looked, '\n', l->end - l->begin - looked)) == NULL) {
        looked = l->end - l->begin;
        if ((rc = fill(l, end, e)) != HB_OK)
            return rc;
    }
    n = (size_t)(at - (l->buf + l->begin));
    *line = l->buf + l->begin;
    l->begin += n + 1;
    if (n > 0 && (*line)[n - 1] == '\r')
        n--;
    (*line)[n] = '\0';
    *len = n;
    return HB_OK;
}
