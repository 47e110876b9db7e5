/* rng.h - counter-based random numbers: Philox4x32-10, and SplitMix64 for many cheap ones.
 * [base, pure]
 *
 * A number is a pure function of (seed, iteration, purpose, index): who draws it, in what order
 * and how often cannot matter, so any schedule of work gives the same bits.
 *
 * Threads: any, no state.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. The
 * known answers of that paper's Random123 distribution are in tests/unit/t_rng.c. Steele, Lea, Flood,
 * "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, with Stafford's variant 13 of the
 * finalizer; known answers there, too. */
#ifndef HB_BASE_RNG_H
#define HB_BASE_RNG_H

#include <stdint.h>

/* What a number is for; part of the counter, so that streams never meet. Append only: the values
 * are in every result. */
enum hb_rng_purpose {
    HB_RNG_DEAL = 0, /* cards of an iteration */
    /* Keys of two traversals, index = traverser / 2. In runs of version 1: an action at another
     * player's node, index = node. */
    HB_RNG_ACTION = 1,
    HB_RNG_PRUNE = 2, /* prune in this traversal or not */
    HB_RNG_TOOL = 3,  /* tools: sampling for display, tests */
    /* Key of a street's run-outs, lane = street. In version 1: index = run and block. */
    HB_RNG_RUNOUT = 4,
    HB_RNG_CLUSTER = 5 /* first centres of a clustering; iteration = restart, index = centre */
};

/* One block: ctr[4], key[2] -> out[4]. 10 rounds. */
static inline void hb_rng_philox(const uint32_t ctr[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Four 32-bit numbers for (seed, iteration, lane, purpose, index).
 *   iteration  < 2^48
 *   lane       0..255, the traverser where that matters, else 0
 *   purpose    enum hb_rng_purpose
 *   index      e.g. the node number */
static inline void hb_rng_block(uint64_t seed, uint64_t iteration, unsigned lane, unsigned purpose,
                                uint32_t index, uint32_t out[4])
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t ctr[4] = {(uint32_t)iteration, (uint32_t)(iteration >> 32) & 0xFFFFu,
                             ((uint32_t)purpose << 8) | (uint32_t)lane, index};

    hb_rng_philox(ctr, key, out);
}

/* Number `index` of a stream, 64 bits: what SplitMix64 with the key as its state gives at the
 * index-th call; index 0 mixes the key itself. The key comes from hb_rng_block, so that
 * streams are as good as unrelated. A tenth of the cost of a block. */
static inline uint64_t hb_rng_stream(uint64_t key, uint32_t index)
{
    uint64_t z = key + (uint64_t)index * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* A number in [0, n) from 32 random bits; bias below n / 2^32. */
static inline uint32_t hb_rng_below(uint32_t bits, uint32_t n)
{
    return (uint32_t)(((uint64_t)bits * n) >> 32);
}

/* A float in [0, 1): the top 24 bits, exact. */
static inline float hb_rng_unit(uint32_t bits)
{
    return (float)(bits >> 8) * 0x1p-24f;
}

#endif
