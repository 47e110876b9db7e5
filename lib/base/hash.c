#include "base/hash.h"

#include <sodium.h>
#include <string.h>
#include <xxhash.h>

_Static_assert(sizeof(struct hb_hasher) >= sizeof(crypto_generichash_blake2b_state),
               "the opaque state is too small");

static crypto_generichash_blake2b_state *state_of(struct hb_hasher *h)
{
    return (crypto_generichash_blake2b_state *)(void *)h->opaque;
}

/* libsodium's BLAKE2b calls fail only for lengths out of range, and ours are constants. */
void hb_hasher_init(struct hb_hasher *h)
{
    (void)crypto_generichash_blake2b_init(state_of(h), NULL, 0, HB_HASH_BYTES);
}

void hb_hasher_put(struct hb_hasher *h, const void *p, size_t n)
{
    (void)crypto_generichash_blake2b_update(state_of(h), p, n);
}

void hb_hasher_done(struct hb_hasher *h, struct hb_hash *out)
{
    (void)crypto_generichash_blake2b_final(state_of(h), out->b, HB_HASH_BYTES);
}

void hb_hash_of(const void *p, size_t n, struct hb_hash *out)
{
    (void)crypto_generichash_blake2b(out->b, HB_HASH_BYTES, p, n, NULL, 0);
}

void hb_hash_hex(const struct hb_hash *h, char out[HB_HASH_HEX])
{
    (void)sodium_bin2hex(out, HB_HASH_HEX, h->b, HB_HASH_BYTES);
}

int hb_hash_equal(const struct hb_hash *a, const struct hb_hash *b)
{
    return memcmp(a->b, b->b, HB_HASH_BYTES) == 0;
}

uint64_t hb_xxh3(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}
