/* hello.h - the first frame each way. [run]
 *
 * Threads: plain data. */
#ifndef HB_RUN_HELLO_H
#define HB_RUN_HELLO_H

#include "base/err.h"
#include "solver/spec.h"
#include "solver/table.h"
#include "wire/frame.h"
#include "wire/message.h"

/* What a process on this table, or of this run, says of itself. */
void hb_hello_of(const struct hb_table *t, enum hb_role role, struct hb_hello *out);
void hb_hello_of_identity(const struct hb_identity *id, enum hb_role role, struct hb_hello *out);
int hb_hello_send(struct hb_frame_writer *w, const struct hb_hello *h, struct hb_err *e) HB_MUSTUSE;
/* The message must be a HELLO of the same run. Errors: HB_EPROTO, HB_EIDENTITY, HB_EVERSION; an
 * ERROR frame in its place is returned with its own code and text. */
int hb_hello_take(const struct hb_hello *ours, const struct hb_message *m, const char *who,
                  struct hb_err *e) HB_MUSTUSE;
/* An ERROR frame as the failure that it tells. */
int hb_error_take(const struct hb_message *m, const char *who, struct hb_err *e) HB_MUSTUSE;

#endif
