#include <string.h>

#include "game/state.h"

/* The smallest amount above `floor` that a live seat has put in; INT32_MAX when it is the last one,
 * so that the pot takes all that is left. 0 when there is none. */
static int32_t next_level(int n_players, const int32_t *spent, uint32_t folded, int32_t floor)
{
    int32_t level = 0;
    bool above = false;

    for (int i = 0; i < n_players; i++) {
        if ((folded >> i & 1) != 0 || spent[i] <= floor)
            continue;
        above |= level != 0 && spent[i] != level;
        if (level == 0 || spent[i] < level)
            level = spent[i];
    }
    return level != 0 && !above ? INT32_MAX : level;
}

/* Chips between floor and level of all seats, split between the best live seats that reach it. */
static void share_pot(int n_players, const int32_t *spent, uint32_t folded,
                      const uint32_t *strength, int32_t floor, int32_t level, double *out)
{
    int64_t pot = 0;
    uint32_t winners = 0;
    int n_winners = 0;
    uint32_t best = 0;

    for (int i = 0; i < n_players; i++) {
        if (spent[i] <= floor)
            continue;
        pot += (spent[i] < level ? spent[i] : level) - floor;
        if ((folded >> i & 1) != 0 || (level != INT32_MAX && spent[i] < level))
            continue;
        if (n_winners == 0 || strength[i] > best) {
            best = strength[i];
            winners = 0;
            n_winners = 0;
        }
        if (strength[i] == best) {
            winners |= 1u << i;
            n_winners++;
        }
    }
    for (int i = 0; i < n_players; i++)
        if ((winners >> i & 1) != 0)
            out[i] += (double)pot / n_winners;
}

void hb_payoff(int n_players, const int32_t *spent, uint32_t folded, const uint32_t *strength,
               double *out)
{
    static const uint32_t equal[HB_PLAYERS_MAX] = {0};
    int32_t floor = 0;
    int32_t level;
    int n_live = 0;

    for (int i = 0; i < n_players; i++) {
        out[i] = -(double)spent[i];
        n_live += (folded >> i & 1) == 0;
    }
    if (n_live < 2)
        strength = equal; /* not read by contract */
    for (; (level = next_level(n_players, spent, folded, floor)) != 0; floor = level)
        share_pot(n_players, spent, folded, strength, floor, level, out);
}
