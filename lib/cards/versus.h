/* versus.h - scores on a final board against clusters of opponent hands, exact.       cards, pure.
 * The features of opponent cluster hand strength (OCHS; Johanson, Burch, Valenzano, Bowling,
 * "Evaluating State-Space Abstractions in Extensive-Form Games", AAMAS 2013).
 * Method: the sweep of equity.c over single hands, with a counter for each cluster in the lanes of
 * a vector. Threads: any. Only HB_ISO_SET indices; any deck. */
#ifndef HB_CARDS_VERSUS_H
#define HB_CARDS_VERSUS_H

#include <stdint.h>

#include "base/err.h"
#include "cards/iso.h"

#define HB_VERSUS_MAX 8u /* clusters */

/* Scores of all hands of a canonical board of the last street.
 *   cluster     [a][b] of the opponent's own cards a < b (a == b when there is one), < n_clusters;
 *               hands that differ by the names of suits must be in one cluster
 *   score       [hands of the board][n_clusters] 2 * wins + ties against the opponent hands of the
 *               cluster that the own cards leave
 *   opponents   [hands of the board][n_clusters] how many these are; may be NULL
 * Errors: HB_EUSAGE (n_clusters, board); nothing is written then. Cost: 8 us for a hold'em board;
 * no allocation. */
int hb_versus(const struct hb_iso *iso, uint32_t board, uint8_t cluster[HB_CARDS][HB_CARDS],
              uint32_t n_clusters, uint16_t *score, uint16_t *opponents,
              struct hb_err *e) HB_MUSTUSE;

#endif
