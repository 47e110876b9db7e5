/* net.h - TCP and lines of text: what playing over a network needs.                        run.
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_NET_H
#define HB_RUN_NET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HB_NET_FOREVER (-1.0) /* a time in seconds */

/* Listen on an address ("127.0.0.1", "::1", a host name) and port, 0 for any that is free; *chosen
 * gets it. Returns an open fd. Errors: HB_EUSAGE for a host that is unknown, HB_ESYS. */
int hb_net_listen(const char *host, uint16_t port, int *fd, uint16_t *chosen,
                  struct hb_err *e) HB_MUSTUSE;
/* The next connection, an open fd; HB_AGAIN (nothing recorded) when none comes in time. Its writes
 * fail after timeout_s, too. */
int hb_net_accept(int listener, double timeout_s, int *fd, struct hb_err *e) HB_MUSTUSE;
/* Connect. Errors: HB_EUSAGE for a host or port that is unknown, HB_EIO when nobody answers. */
int hb_net_connect(const char *host, const char *port, int *fd, struct hb_err *e) HB_MUSTUSE;

struct hb_lines { /* {0} is empty */
    int fd;       /* borrowed */
    char name[64];
    char *buf; /* owned */
    size_t begin, end, cap;
};
/* Lines of up to max characters from fd, called `name` in messages. Keeps fd. */
int hb_lines_init(struct hb_lines *l, int fd, const char *name, size_t max,
                  struct hb_err *e) HB_MUSTUSE;
void hb_lines_fini(struct hb_lines *l);
/* The next line, without LF or CR LF and with a terminator, valid until the next call. HB_EOF at a
 * clean end; HB_AGAIN (nothing recorded) when no whole line comes in time. Errors: HB_EPROTO when
 * the end comes within a line or a line is too long; HB_EIO. */
int hb_lines_next(struct hb_lines *l, double timeout_s, char **line, size_t *len,
                  struct hb_err *e) HB_MUSTUSE;

#endif
