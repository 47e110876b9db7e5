/* Made for an ABI that does not exist yet; nothing after the first 8 bytes may be looked at. */
#include "hb_plugin.h"

static const uint32_t table[2] = {8, HB_ABI_MAJOR + 1};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return (const struct hb_abstraction *)(const void *)table;
}
