/* Known answers of BLAKE2b-256 and XXH3; a stream of pieces hashes like the whole. */
#include "base/hash.h"

#include "base/rng.h"
#include "check.h"

static void check_blake(const void *p, size_t n, const char *want)
{
    struct hb_hash h;
    char hex[HB_HASH_HEX];

    hb_hash_of(p, n, &h);
    hb_hash_hex(&h, hex);
    CHECK_STR(hex, want);
}

/* Computed with Python's hashlib.blake2b(digest_size=32), an implementation of its own. */
static void blake2b_gives_the_known_answers(void)
{
    uint8_t data[300];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    check_blake("", 0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    check_blake("abc", 3, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    check_blake(data, 300, "3a486e3fe3ee414853000269ac020030aeef748cb05cd62ba85939ec298ef25c");
}

static void pieces_hash_like_the_whole(void)
{
    static uint8_t data[10000];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i >> 3);
    for (uint32_t round = 0; round < 100; round++) {
        struct hb_hasher hasher;
        struct hb_hash whole;
        struct hb_hash pieces;
        size_t at = 0;

        hb_hasher_init(&hasher);
        for (uint32_t i = 0; at < sizeof data; i++) {
            uint32_t bits[4];
            size_t n;

            hb_rng_block(3, round, 0, HB_RNG_TOOL, i, bits);
            n = hb_rng_below(bits[0], 400);
            n = n < sizeof data - at ? n : sizeof data - at;
            hb_hasher_put(&hasher, data + at, n);
            at += n;
        }
        hb_hasher_done(&hasher, &pieces);
        hb_hash_of(data, sizeof data, &whole);
        CHECK(hb_hash_equal(&whole, &pieces));
        data[round]++;
        hb_hash_of(data, sizeof data, &pieces);
        CHECK(!hb_hash_equal(&whole, &pieces));
    }
}

/* The empty input's value is in the XXH3 specification's test vectors. */
static void xxh3_gives_the_known_answers(void)
{
    CHECK(hb_xxh3(NULL, 0) == 0x2d06800538d394c2);
    CHECK(hb_xxh3("abc", 3) != hb_xxh3("abd", 3));
}

int main(void)
{
    RUN(blake2b_gives_the_known_answers);
    RUN(pieces_hash_like_the_whole);
    RUN(xxh3_gives_the_known_answers);
    return check_done();
}
