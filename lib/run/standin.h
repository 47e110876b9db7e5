/* standin.h - buckets of all streets for a plugin at its test that asks for those of a later one: there
 * is no run that made any. run; for conduct.c only. Threads: one at a time. */
#ifndef HB_RUN_STANDIN_H
#define HB_RUN_STANDIN_H

#include "abstraction/host.h"

#define HB_STANDIN_BUCKETS 12u /* by E[HS], equally wide; each 1000 from the next */

struct hb_standin { /* {0} is none */
    uint8_t *label[HB_STREETS];
    struct hb_plugin_buckets buckets[HB_STREETS];
    uint32_t distance[HB_STANDIN_BUCKETS * HB_STANDIN_BUCKETS];
};

/* Buckets of every street of the deck. Errors: HB_ENOMEM. Cost: that of hb_equity_new. */
int hb_standin_init(struct hb_standin *s, const struct hb_iso *iso, struct hb_err *e) HB_MUSTUSE;
/* Let the services have them; s must outlive those. */
void hb_standin_lend(const struct hb_standin *s, struct hb_services *services);

#endif
