/* framejson_impl.h - what the two directions share. Private to framejson.c, which makes lines of
 * messages, and framejson_parse.c, which makes messages of lines. [run]
 *
 * Threads: any. */
#ifndef HB_RUN_FRAMEJSON_IMPL_H
#define HB_RUN_FRAMEJSON_IMPL_H

#include "base/bytes.h"
#include "base/err.h"

#define N_OF(a)    (sizeof(a) / sizeof(a)[0])
#define FLUSH_STEP (64u << 10) /* bytes that are written at once, about */

/* By number; "" is no word. */
static const char *const type_names[] = {"",       "HELLO",    "TASK", "DELTA",
                                         "COMMIT", "SHUTDOWN", "ERROR"};
static const char *const role_names[] = {"", "tasks", "worker", "merge", "replica"};
static const char *const kind_names[] = {"inline", "segment", "parts", "compact", "part"};
static const char *const compress_names[] = {"", "varint", "zstd"}; /* of compact ones */
static const char *const record_names[] = {"regret", "strategy"};

/* Write what is in b and empty it. Errors: HB_EIO; HB_ENOMEM when b has failed. */
int hb_framejson_flush(struct hb_buf *b, int fd, struct hb_err *e) HB_MUSTUSE;

#endif
