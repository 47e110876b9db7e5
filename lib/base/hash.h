/* hash.h - BLAKE2b-256 for everything at rest, XXH3-64 for everything in flight. [base, pure]
 *
 * Threads: any.
 *
 * Sources: RFC 7693 (libsodium), XXH3 (libxxhash). */
#ifndef HB_BASE_HASH_H
#define HB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HB_HASH_BYTES 32
#define HB_HASH_HEX   (2 * HB_HASH_BYTES + 1) /* with the terminator */

struct hb_hash {
    uint8_t b[HB_HASH_BYTES];
};

/* Streaming BLAKE2b-256; the struct is plain memory, nothing to free. */
struct hb_hasher {
    _Alignas(64) uint8_t opaque[384];
};

void hb_hasher_init(struct hb_hasher *h);
void hb_hasher_put(struct hb_hasher *h, const void *p, size_t n);
void hb_hasher_done(struct hb_hasher *h, struct hb_hash *out);

void hb_hash_of(const void *p, size_t n, struct hb_hash *out);
/* 64 lower-case hex digits and a terminator. */
void hb_hash_hex(const struct hb_hash *h, char out[HB_HASH_HEX]);
int hb_hash_equal(const struct hb_hash *a, const struct hb_hash *b); /* 1 or 0 */

uint64_t hb_xxh3(const void *p, size_t n);

#endif
