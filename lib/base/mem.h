/* mem.h - the only door to the heap, so that tests can make any allocation fail. [base]
 *
 * Threads: any. Every returned block is owned by the caller and freed with hb_mem_free. */
#ifndef HB_BASE_MEM_H
#define HB_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* a*b into *n; false when it does not fit a size_t (then *n is untouched). */
bool hb_mem_mul(size_t a, size_t b, size_t *n) HB_MUSTUSE;

/* n_items*item_bytes zeroed bytes into *p (never NULL on HB_OK, even for 0).
 * Errors: HB_ENOMEM naming `what`. */
int hb_mem_new(void *p, size_t n_items, size_t item_bytes, const char *what,
               struct hb_err *e) HB_MUSTUSE;

/* Grow the block *p to hold n_items items; contents kept, new bytes undefined. */
int hb_mem_grow(void *p, size_t n_items, size_t item_bytes, const char *what,
                struct hb_err *e) HB_MUSTUSE;

void hb_mem_free(void *p); /* NULL is a no-op */

/* Test hook: let the n-th allocation from now fail (1 = the next); 0 turns it off. */
void hb_mem_fail_at(long n);

#endif
