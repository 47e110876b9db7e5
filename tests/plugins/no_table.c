/* Returns nothing. */
#include "hb_plugin.h"

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return NULL;
}
