/* A table that ends before its required members. */
#include "hb_plugin.h"

static const struct {
    uint32_t size, abi_major, abi_minor, flags;
    const char *id, *version;
} table = {sizeof table, HB_ABI_MAJOR, 0, 0, "test.short", "1"};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return (const struct hb_abstraction *)(const void *)&table;
}
