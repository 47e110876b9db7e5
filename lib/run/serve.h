/* serve.h - questions about a strategy, a line of JSON each, answered with a line of JSON. [run]
 *
 *   {"actions":"r300c/","board":"QsJs2d","hand":"AhKh","id":7}        all of them may be missing
 *   {"id":7,"actions":"r300c/","hand":"AhKh","board":"QsJs2d","legal":["c","r600"],"strategy":[..],..}
 *
 * The fields of an answer are those of hb_view_json; without a hand those that are the same for all
 * hands come first, then "hands", an array of what differs. A question that cannot be answered is
 * answered {"id":7,"error":"...","code":64}, with the exit code that a program would have had.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_RUN_SERVE_H
#define HB_RUN_SERVE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "run/strategy.h"

#define HB_SERVE_LINE_MAX 65536 /* bytes of a question; longer ones are answered with an error */

/* Answer a question, a line without its end: append a line to out. Nothing in a line makes it fail;
 * what the system refuses is an error in the answer as well. out may run out of memory, see
 * hb_buf_check.
 *   code  exit code that belongs to an HB_E... number */
void hb_serve_answer(struct hb_strategy *s, const char *line, size_t len, int (*code)(int rc),
                     struct hb_buf *out);

/* Answer the lines of `in` until it ends; the last one may lack its '\n'. Blocks in read(); all
 * complete lines that a read brought are answered before the next, so that nobody who waits for an
 * answer waits for another question. Rows are read into memory first when they take up to half of
 * it. Returns HB_OK at the end of input. Errors: HB_EIO (reading, writing), HB_ENOMEM. */
int hb_serve(struct hb_strategy *s, int in, int out, int (*code)(int rc),
             struct hb_err *e) HB_MUSTUSE;

#endif
