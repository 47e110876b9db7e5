/* points.h - vectors without duplicates, each with the weight of all that were equal. abstraction,
 * pure. Most hands share their vector with others (hold'em's turn has 13,960,050 hands and 1.3
 * million 50-bin histograms): clustering sees each vector once. Threads: one at a time. */
#ifndef HB_ABSTRACTION_POINTS_H
#define HB_ABSTRACTION_POINTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct hb_points {
    size_t n;              /* distinct vectors, in the order of their first appearance */
    uint32_t vector_bytes; /* of each */
    uint8_t *vector;       /* [n][vector_bytes] */
    uint64_t *weight;      /* [n] */
    /* private */
    size_t cap, n_slots; /* room for vectors; slots of the hash table, a power of two */
    uint64_t *slot;      /* tag << 32 | number + 1, or 0; at most half are taken */
    int slot_shift;      /* n_slots = 2^(32 - slot_shift) */
};

/* Nothing yet. Vectors are compared byte by byte. Errors: HB_ENOMEM. */
int hb_points_init(struct hb_points *p, uint32_t vector_bytes, struct hb_err *e) HB_MUSTUSE;
void hb_points_fini(struct hb_points *p);

/* Add n vectors.
 *   vectors  [n][vector_bytes]
 *   weight   [n]
 *   id       [n] gets the number of each one's vector
 * Errors: HB_ENOMEM; HB_ELIMIT at 2^31 vectors. Afterwards p can only be freed.
 * Cost: about 20 ns a vector when the table is out of cache. */
int hb_points_add(struct hb_points *p, const void *vectors, const uint32_t *weight, size_t n,
                  uint32_t *id, struct hb_err *e) HB_MUSTUSE;

/* Give back what only hb_points_add needs; nothing can be added afterwards. */
void hb_points_pack(struct hb_points *p);

#endif
