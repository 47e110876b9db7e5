/* host.h - what hb does for a plugin: the services behind struct hb_host. [abstraction]
 *
 * Threads: as hb_plugin.h says for each call; everything else main thread only. */
#ifndef HB_ABSTRACTION_HOST_H
#define HB_ABSTRACTION_HOST_H

#include <stdbool.h>

#include "abstraction/hb_plugin.h"
#include "base/err.h"
#include "cards/equity.h"
#include "cards/iso.h"

struct hb_services; /* opaque */

/* Services for a deck; returns owned (hb_services_free).
 *   streets  bit s: street s gets buckets; hand strengths of several are computed in one go
 *   log      may be NULL */
int hb_services_new(const struct hb_deck *deck, unsigned streets,
                    void (*log)(int level, const char *msg), struct hb_services **out,
                    struct hb_err *e) HB_MUSTUSE;
void hb_services_free(struct hb_services *s);

/* What a street has got, for plugins of earlier ones; keeps b and what it names.
 *   made_by  id of the plugin
 *   b        without a distance when there is none; NULL when no plugin wanted it */
void hb_services_keep(struct hb_services *s, int street, const char *made_by,
                      const struct hb_plugin_buckets *b);

/* The table to hand to create(); lives as long as s. */
const struct hb_host *hb_services_host(const struct hb_services *s);
/* The index in one of its senses, built at its first use; borrowed. Errors: as hb_iso_new. */
int hb_services_iso(struct hb_services *s, enum hb_iso_sense sense, const struct hb_iso **out,
                    struct hb_err *e) HB_MUSTUSE;
/* The deck of the services as a plugin sees it; streets: bit s, the instance is for street s. */
void hb_services_shape(const struct hb_services *s, unsigned streets, struct hb_shape *out);
/* Show other representatives from now on: suits renamed in a circle, own cards and board in another
 * order. Nothing a plugin answers may change by it. */
void hb_services_disguise(struct hb_services *s);
/* Scores of all hands of the last street, instead of computing those of a board at each call; kept. */
void hb_services_set_scores(struct hb_services *s, const uint16_t *score);
/* Who computes hand strengths when a plugin asks for them, as hb_equity_new (the default); what it
 * gives is owned by s. */
typedef int (*hb_services_strengths)(void *ctx, unsigned streets, struct hb_equity **out,
                                     struct hb_err *e);
void hb_services_set_strengths(struct hb_services *s, hb_services_strengths make, void *ctx);
/* From now on the calls that take time, or want what is not there yet, fail as hb_plugin.h says that
 * they may, and give zeros: hand_strength, scores, tally, versus, cluster, and buckets of streets that
 * will have some. So create() can be called beforehand, for a plugin that refuses its arguments. Lines
 * of log wait. */
void hb_services_trial(struct hb_services *s);
/* The end of it: whether one of these was called, so that the answer of create() means nothing. Then
 * the lines of log are forgotten, else passed on. */
bool hb_services_trial_end(struct hb_services *s);
/* The first failure inside a call from a plugin, or one with rc HB_OK: why create() gave up. */
const struct hb_err *hb_services_failure(const struct hb_services *s);

#endif
