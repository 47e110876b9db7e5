/* weights.h - how many of a deck's hands a canonical hand stands for, in bulk. [abstraction, pure]
 *
 * The weight of a hand is the size of its orbit under renaming of suits, so at most n_suits!.
 *
 * Threads: any. */
#ifndef HB_ABSTRACTION_WEIGHTS_H
#define HB_ABSTRACTION_WEIGHTS_H

#include <stdint.h>

#include "cards/iso.h"

/* hb_iso_weight of the hands [first, first+n) of a street into out[n]; `sense` is the one iso was
 * built with. The range must lie within hb_iso_size. Cost: about 2 ns a hand for HB_ISO_SET when
 * ranges are long; no allocation. */
void hb_weights(const struct hb_iso *iso, enum hb_iso_sense sense, int street, uint64_t first,
                uint64_t n, uint32_t *out);

/* All hands of a street, the sum of all weights. The street must be one of the deck. */
uint64_t hb_weights_total(const struct hb_deck *deck, enum hb_iso_sense sense, int street);

/* The largest weight on a street. Cost: a scan that ends at the first hand that weighs n_suits!. */
uint32_t hb_weights_largest(const struct hb_iso *iso, enum hb_iso_sense sense, int street);

#endif
