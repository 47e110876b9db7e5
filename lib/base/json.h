/* json.h - the two pieces of JSON that printf does not have: strings and exact numbers.
 * [base, pure]
 *
 * Objects are written by hand around them, so that the order of their fields is the documented
 * one.
 *
 * Threads: a buffer belongs to one thread. */
#ifndef HB_BASE_JSON_H
#define HB_BASE_JSON_H

#include "base/bytes.h"

/* s in quotes; quotes, backslashes and control characters escaped, UTF-8 as it is. A byte that is
 * not part of UTF-8, such as one of a text cut short, becomes \ufffd: JSON has no others. */
void hb_json_str(struct hb_buf *out, const char *s);
/* The shortest decimal that reads back as v; null for what is not a number. */
void hb_json_real(struct hb_buf *out, double v);
/* "[v0,v1,...]" */
void hb_json_reals(struct hb_buf *out, const double *v, int n);

#endif
