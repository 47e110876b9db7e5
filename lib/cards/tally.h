/* tally.h - where the run-outs of a hand lead: counts by a label of the hands on a later street.
 * cards, pure. With equities cut into bins as labels a tally is an equity histogram (Johanson et
 * al., "Evaluating State-Space Abstractions in Extensive-Form Games", AAMAS 2013); with buckets of
 * the next street it is what potential-aware abstraction compares (Ganzfried, Sandholm, AAAI 2014).
 * Counts are exact. Threads: any. Only HB_ISO_SET indices; any deck. */
#ifndef HB_CARDS_TALLY_H
#define HB_CARDS_TALLY_H

#include <stdint.h>

#include "base/err.h"
#include "cards/iso.h"

/* A label for each canonical hand of a street. */
struct hb_labels {
    const void *label;    /* [hb_iso_size(iso, to)], each < n */
    uint32_t label_bytes; /* 1 or 2: uint8_t or uint16_t */
    uint32_t n;
};

/* Run-outs of a hand from `street` to `to` >= street, the cards to come as one set. The counts of a
 * tally add up to it. 46 from turn to river, 1,081 from the flop, 2,118,760 from the start. */
uint64_t hb_tally_run_outs(const struct hb_deck *deck, int street, int to);

/* Count for every hand of a canonical board of `street`, how many of its run-outs to `to` have each
 * label.
 *   out        [hands of the board][labels->n] items of out_bytes
 *   out_bytes  1, 2 or 4; all run-outs must fit
 * Errors: HB_EUSAGE (streets, sizes); out is then untouched. Cost: about 1.2 ns a hand and board of
 * `to`; no allocation. */
int hb_tally(const struct hb_iso *iso, int street, uint32_t board, int to,
             const struct hb_labels *labels, void *out, uint32_t out_bytes,
             struct hb_err *e) HB_MUSTUSE;

#endif
