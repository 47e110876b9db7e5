#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static long fail_countdown; /* test hook, see hb_mem_fail_at */

bool hb_mem_mul(size_t a, size_t b, size_t *n)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *n = a * b;
    return true;
}

static bool fails_now(void)
{
    return fail_countdown > 0 && --fail_countdown == 0;
}

/* p is the address of some object pointer; memcpy keeps the access legal for any type of it. */
int hb_mem_new(void *p, size_t n_items, size_t item_bytes, const char *what, struct hb_err *e)
{
    size_t n;
    void *block = NULL;

    if (hb_mem_mul(n_items, item_bytes, &n) && !fails_now())
        block = calloc(1, n > 0 ? n : 1);
    if (block == NULL)
        return hb_fail(e, HB_ENOMEM, "out of memory for %s (%zu x %zu bytes)", what, n_items,
                       item_bytes);
    memcpy(p, &block, sizeof block);
    return HB_OK;
}

int hb_mem_grow(void *p, size_t n_items, size_t item_bytes, const char *what, struct hb_err *e)
{
    size_t n;
    void *old;
    void *block = NULL;

    memcpy(&old, p, sizeof old);
    if (hb_mem_mul(n_items, item_bytes, &n) && !fails_now())
        block = realloc(old, n > 0 ? n : 1);
    if (block == NULL)
        return hb_fail(e, HB_ENOMEM, "out of memory for %s (%zu x %zu bytes)", what, n_items,
                       item_bytes);
    memcpy(p, &block, sizeof block);
    return HB_OK;
}

void hb_mem_free(void *p)
{
    free(p);
}

void hb_mem_fail_at(long n)
{
    fail_countdown = n;
}
