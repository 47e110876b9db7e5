/* The generator gives the published known answers (Random123, kat_vectors, philox4x32 10 rounds).
 */
#include "base/rng.h"
#include "check.h"

static void check_block(const uint32_t ctr[4], const uint32_t key[2], const uint32_t want[4])
{
    uint32_t got[4];

    hb_rng_philox(ctr, key, got);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(got[i], want[i]);
}

static void philox_gives_the_known_answers(void)
{
    static const uint32_t zero[4] = {0, 0, 0, 0};
    static const uint32_t ones[4] = {~0u, ~0u, ~0u, ~0u};
    static const uint32_t pi_ctr[4] = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    static const uint32_t pi_key[2] = {0xa4093822, 0x299f31d0};
    static const uint32_t want_zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const uint32_t want_ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    static const uint32_t want_pi[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};

    check_block(zero, zero, want_zero);
    check_block(ones, ones, want_ones);
    check_block(pi_ctr, pi_key, want_pi);
}

/* SplitMix64 from seed 1234567, whose first call steps the state once before it mixes. */
static void streams_give_the_known_answers(void)
{
    static const uint64_t want[5] = {6457827717110365317u, 3203168211198807973u,
                                     9817491932198370423u, 4593380528125082431u,
                                     16408922859458223821u};

    for (uint32_t i = 0; i < 5; i++)
        CHECK_EQ(hb_rng_stream(1234567, i + 1), want[i]);
}

static void different_counters_give_different_blocks(void)
{
    uint32_t a[4];
    uint32_t b[4];

    hb_rng_block(1, 2, 0, HB_RNG_DEAL, 0, a);
    hb_rng_block(1, 2, 0, HB_RNG_ACTION, 0, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    hb_rng_block(1, 2, 1, HB_RNG_DEAL, 0, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    hb_rng_block(1, 3, 0, HB_RNG_DEAL, 0, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    hb_rng_block(2, 2, 0, HB_RNG_DEAL, 0, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

static void below_stays_below_and_reaches_both_ends(void)
{
    CHECK_EQ(hb_rng_below(0, 7), 0);
    CHECK_EQ(hb_rng_below(UINT32_MAX, 7), 6);
    CHECK(hb_rng_unit(UINT32_MAX) < 1.0f);
}

int main(void)
{
    RUN(philox_gives_the_known_answers);
    RUN(streams_give_the_known_answers);
    RUN(different_counters_give_different_blocks);
    RUN(below_stays_below_and_reaches_both_ends);
    return check_done();
}
