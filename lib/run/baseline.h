/* baseline.h - what a public state is worth to a player, learned from hands played: guesses that
 * take variance away, and can be wrong without harm.                                          run.
 * A state is known by two keys: a fine one of its own and a coarse one that it shares with states
 * alike. Both hold mean values by class of the own hand (a bucket), in parts of the pot. Rarely seen
 * fine ones lean on coarse ones, these on their mean over classes.
 * Threads: an object belongs to one thread; after hb_baseline_freeze it is read-only. */
#ifndef HB_RUN_BASELINE_H
#define HB_RUN_BASELINE_H

#include <stdint.h>

#include "base/err.h"

struct hb_baseline; /* opaque */

struct hb_baseline_key {
    uint64_t fine, coarse; /* hashes, not 0 */
    uint32_t n_classes;
};

/* Returns owned (hb_baseline_free). At most max_states keys are kept, the first ones that come. */
int hb_baseline_new(uint32_t max_states, struct hb_baseline **out, struct hb_err *e) HB_MUSTUSE;
void hb_baseline_free(struct hb_baseline *b);

/* One visit of a state.
 *   weight  [n_classes] how likely the own hand was of each class
 *   value   [n_classes] weight times the mean of what it won there, in parts of the pot
 * Errors: HB_ENOMEM. */
int hb_baseline_learn(struct hb_baseline *b, const struct hb_baseline_key *k, const double *weight,
                      const double *value, struct hb_err *e) HB_MUSTUSE;
/* From now on questions are answered, and nothing is learned. */
void hb_baseline_freeze(struct hb_baseline *b);
/* Mean value over classes with these weights, which sum to 1; 0 for states never seen. */
double hb_baseline_value(const struct hb_baseline *b, const struct hb_baseline_key *k,
                         const double *weight);
/* How often the fine state was seen. */
uint64_t hb_baseline_visits(const struct hb_baseline *b, uint64_t fine);

#endif
