/* framejson.h - frames <-> JSON lines: one object a message, for eyes, jq and tests. [run]
 *
 * man/hb-frame.1 has the fields. The two directions are exact inverses: every stream of
 * well-formed messages comes back byte for byte, cut into the same frames. Numbers above 2^53,
 * which many readers of JSON round, are strings of digits; text that is not UTF-8 is given in hex
 * under the name with "_hex" behind it.
 *
 * Threads: any. */
#ifndef HB_RUN_FRAMEJSON_H
#define HB_RUN_FRAMEJSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "wire/frame.h"

#define HB_FRAMEJSON_LINE_MAX (1u << 30) /* bytes of a line */

/* A message as a line with its '\n'.
 *   cuts  [n_cuts] lengths of the frames it came in, u32 little-endian
 * Errors: those of the message's decoder; out may then hold part of a line. */
int hb_framejson_format(const struct hb_message *m, const uint8_t *cuts, size_t n_cuts,
                        struct hb_buf *out, struct hb_err *e) HB_MUSTUSE;
/* A line as frames, numbered from *seq. Errors: HB_EFORMAT: not JSON, a field missing, unknown or
 * out of range, a message that no reader would take; out is then as before. */
int hb_framejson_parse(const char *line, size_t len, struct hb_buf *out, uint32_t *seq,
                       struct hb_err *e) HB_MUSTUSE;

/* Streams, until end of input. A line or message is written as soon as it is complete. Errors: as
 * above, naming the message or line; HB_EPROTO, HB_EIO. */
int hb_framejson_decode(int in_fd, int out_fd, struct hb_err *e) HB_MUSTUSE;
int hb_framejson_encode(int in_fd, int out_fd, struct hb_err *e) HB_MUSTUSE;

#endif
