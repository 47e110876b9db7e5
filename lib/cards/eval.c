#include "cards/eval.h"

#include "eval_tables.inc"

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

uint32_t hb_eval(const uint8_t *cards, int n)
{
    struct hb_eval_hand hand = HB_EVAL_NONE;

    for (int i = 0; i < n; i++)
        hand = hb_eval_add(hand, cards[i]);
    return hb_eval_hand(hand, n);
}
