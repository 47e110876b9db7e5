/* Dies before anybody asked it for anything. */
#include "hb_plugin.h"

#include <stdlib.h>

__attribute__((constructor)) static void die(void)
{
    abort();
}

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return NULL;
}
