#include "cards/eval.h"

/* Gather every fourth bit, from bit 0 up, of a 52-bit set: the ranks of one suit. */
static uint32_t every_fourth(uint64_t set)
{
    set &= UINT64_C(0x1111111111111);
    set = (set | set >> 3) & UINT64_C(0x3030303030303);
    set = (set | set >> 6) & UINT64_C(0xF000F000F000F);
    set = (set | set >> 12) & UINT64_C(0xFF000000FF);
    set = (set | set >> 24) & UINT64_C(0x1FFF);
    return (uint32_t)set;
}

uint32_t hb_eval_suited(uint64_t cards, uint64_t suit_flags)
{
    /* at most one of the flags, at bits 3 + 4 * suit */
    unsigned suit = (unsigned)(suit_flags >> 7 & 1) + 2 * (unsigned)(suit_flags >> 11 & 1) +
                    3 * (unsigned)(suit_flags >> 15 & 1);

    return hb_eval_flush[every_fourth(cards >> suit)];
}

/* Out of the way of hb_eval: one hand in 33. */
static __attribute__((noinline)) uint32_t flush_of(const uint8_t *cards, int n, uint64_t suit_flags)
{
    uint64_t set = 0;

    for (int i = 0; i < n; i++)
        set |= UINT64_C(1) << cards[i];
    return hb_eval_suited(set, suit_flags);
}

uint32_t hb_eval(const uint8_t *cards, int n)
{
    uint64_t key = HB_EVAL_NONE.key;

    if (n == 7) /* unrolled */
        key += hb_eval_key[cards[0]] + hb_eval_key[cards[1]] + hb_eval_key[cards[2]] +
               hb_eval_key[cards[3]] + hb_eval_key[cards[4]] + hb_eval_key[cards[5]] +
               hb_eval_key[cards[6]];
    else
        for (int i = 0; i < n; i++)
            key += hb_eval_key[cards[i]];
    if ((key & HB_EVAL_FLUSH_BIT) != 0)
        return flush_of(cards, n, key & HB_EVAL_FLUSH_BIT);
    return hb_eval_by_rank(key, n);
}
