#include "cards/eval.h"

uint32_t hb_eval_suited_of(const uint8_t *cards, int n, uint64_t suit_flags)
{
    uint64_t set = 0;

    for (int i = 0; i < n; i++)
        set |= hb_eval_bit[cards[i]];
    return hb_eval_suited(set, suit_flags);
}

uint32_t hb_eval(const uint8_t *cards, int n)
{
    uint64_t key = HB_EVAL_NONE.key;

    if (n == 7)
        return hb_eval7(cards); /* unrolled */
    for (int i = 0; i < n; i++)
        key += hb_eval_key[cards[i]];
    if ((key & HB_EVAL_FLUSH_BIT) != 0)
        return hb_eval_suited_of(cards, n, key & HB_EVAL_FLUSH_BIT);
    return hb_eval_by_rank(key, n);
}
