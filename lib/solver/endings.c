#include "solver/endings.h"

#include <stdlib.h>
#include <string.h>

#include "cards/eval.h"
#include "game/state.h"

void hb_hands_init(struct hb_hands *h, const struct hb_deck *deck)
{
    uint8_t cards[HB_CARDS];
    int n_cards = hb_deck_cards(deck, cards);

    h->n = 0;
    h->n_own = deck->n_hole;
    for (int a = 0; a < n_cards; a++) {
        if (deck->n_hole == 1) {
            h->card[h->n][0] = cards[a];
            h->card[h->n][1] = HB_NO_CARD;
            h->mask[h->n++] = 1ull << cards[a];
            continue;
        }
        for (int b = a + 1; b < n_cards; b++) {
            h->card[h->n][0] = cards[a];
            h->card[h->n][1] = cards[b];
            h->mask[h->n++] = 1ull << cards[a] | 1ull << cards[b];
        }
    }
}

void hb_spot_init(struct hb_spot *s, const struct hb_hands *h, const uint8_t *board, int n_board,
                  int street)
{
    s->n_board = n_board;
    s->street = street;
    s->mask = 0;
    s->ranked = false;
    for (int i = 0; i < n_board; i++) {
        s->board[i] = board[i];
        s->mask |= 1ull << board[i];
    }
    s->n_live = 0;
    for (int i = 0; i < h->n; i++)
        if (!(h->mask[i] & s->mask))
            s->live[s->n_live++] = (uint16_t)i;
}

static int order_cmp(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void rank_hands(struct hb_spot *s, const struct hb_hands *h)
{
    uint8_t cards[HB_HAND_MAX];

    if (s->ranked)
        return;
    memcpy(cards + h->n_own, s->board, (size_t)s->n_board);
    for (int i = 0; i < s->n_live; i++) {
        int hand = s->live[i];

        memcpy(cards, h->card[hand], (size_t)h->n_own);
        s->strength[hand] = hb_eval(cards, h->n_own + s->n_board);
        s->order[i] = (uint64_t)s->strength[hand] << 16 | (unsigned)hand;
    }
    qsort(s->order, (size_t)s->n_live, sizeof s->order[0], order_cmp);
    s->ranked = true;
}

/* ---- two players ---- */

/* Sums of the opponent's reach: over all hands seen so far, and over those that hold a card. */
struct sums {
    double all;
    double card[HB_CARDS];
};

static void sums_add(struct sums *s, const struct hb_hands *h, int hand, double reach)
{
    s->all += reach;
    for (int i = 0; i < h->n_own; i++)
        s->card[h->card[hand][i]] += reach;
}

/* The part of the sum that does not collide with `hand`. `own` is the opponent's reach with the
 * very same hand when it is among those summed, else 0: with two cards it was taken out twice. */
static double sums_beside(const struct sums *s, const struct hb_hands *h, int hand, double own)
{
    double v = s->all - s->card[h->card[hand][0]];

    return h->n_own == 1 ? v : v - s->card[h->card[hand][1]] + own;
}

static void fold_two(const struct hb_spot *s, const struct hb_hands *h, double pay,
                     const double *other, double *out)
{
    struct sums sum = {0};

    for (int i = 0; i < s->n_live; i++)
        sums_add(&sum, h, s->live[i], other[s->live[i]]);
    for (int i = 0; i < s->n_live; i++) {
        int hand = s->live[i];

        out[hand] += pay * sums_beside(&sum, h, hand, other[hand]);
    }
}

/* pay  [3] net win when weaker, equal, stronger */
static void showdown_two(const struct hb_spot *s, const struct hb_hands *h, const double pay[3],
                         const double *other, double *out)
{
    struct sums sum = {0};
    struct sums total = {0};
    double below[HB_HANDS_MAX];

    for (int i = 0; i < s->n_live; i++)
        sums_add(&total, h, s->live[i], other[s->live[i]]);
    for (int first = 0, next; first < s->n_live; first = next) {
        next = first;
        while (next < s->n_live && s->order[next] >> 16 == s->order[first] >> 16)
            next++;
        for (int i = first; i < next; i++)
            below[i] = sums_beside(&sum, h, (int)(s->order[i] & 0xFFFF), 0);
        for (int i = first; i < next; i++) {
            int hand = (int)(s->order[i] & 0xFFFF);

            sums_add(&sum, h, hand, other[hand]);
        }
        for (int i = first; i < next; i++) {
            int hand = (int)(s->order[i] & 0xFFFF);
            double upto = sums_beside(&sum, h, hand, other[hand]);
            double all = sums_beside(&total, h, hand, other[hand]);

            out[hand] += pay[2] * below[i] + pay[1] * (upto - below[i]) + pay[0] * (all - upto);
        }
    }
}

static void value_two(struct hb_spot *s, const struct hb_hands *h, const struct hb_ending *end,
                      const double *const *reach, double *out)
{
    double pay[HB_PLAYERS_MAX];
    double by_order[3];

    if (end->showdown)
        rank_hands(s, h);
    for (int seat = 0; seat < 2; seat++) {
        double *seat_out = out + (size_t)seat * (size_t)h->n;

        if (!end->showdown) {
            hb_payoff(2, end->spent, end->folded, NULL, pay);
            fold_two(s, h, pay[seat], reach[1 - seat], seat_out);
            continue;
        }
        for (unsigned mine = 0; mine < 3; mine++) {
            uint32_t strength[2] = {1, 1};

            strength[seat] = mine;
            hb_payoff(2, end->spent, end->folded, strength, pay);
            by_order[mine] = pay[seat];
        }
        showdown_two(s, h, by_order, reach[1 - seat], seat_out);
    }
}

/* ---- any number of players ---- */

struct joint {
    const struct hb_spot *spot;
    const struct hb_hands *hands;
    const struct hb_ending *end;
    const double *const *reach;
    double *out;
    double pay[HB_PLAYERS_MAX];
    int hand[HB_PLAYERS_MAX];
    double before[HB_PLAYERS_MAX + 1]; /* product of the reach of the seats before this one */
};

static void joint_add(struct joint *j)
{
    int n = j->end->n_players;
    double after = 1; /* product of the reach of the seats behind */

    if (j->end->showdown) {
        uint32_t strength[HB_PLAYERS_MAX];

        for (int seat = 0; seat < n; seat++)
            strength[seat] = j->spot->strength[j->hand[seat]];
        hb_payoff(n, j->end->spent, j->end->folded, strength, j->pay);
    }
    for (int seat = n - 1; seat >= 0; seat--) {
        int hand = j->hand[seat];

        j->out[(size_t)seat * (size_t)j->hands->n + (size_t)hand] +=
            j->pay[seat] * j->before[seat] * after;
        after *= j->reach[seat][hand];
    }
}

/* Deal `seat` and those behind. Deals that two seats do not reach weigh nothing for anybody. */
static void joint_deal(struct joint *j, int seat, uint64_t used, int n_unreached)
{
    if (seat == j->end->n_players) {
        joint_add(j);
        return;
    }
    for (int i = 0; i < j->spot->n_live; i++) {
        int hand = j->spot->live[i];
        double reach = j->reach[seat][hand];
        int unreached = n_unreached + (reach <= 0);

        if ((j->hands->mask[hand] & used) || unreached > 1)
            continue;
        j->hand[seat] = hand;
        j->before[seat + 1] = j->before[seat] * reach;
        joint_deal(j, seat + 1, used | j->hands->mask[hand], unreached);
    }
}

void hb_spot_value(struct hb_spot *s, const struct hb_hands *h, const struct hb_ending *end,
                   const double *const *reach, double *out)
{
    struct joint j = {.spot = s, .hands = h, .end = end, .reach = reach, .out = out};

    if (end->n_players == 2) {
        value_two(s, h, end, reach, out);
        return;
    }
    if (end->showdown)
        rank_hands(s, h);
    else
        hb_payoff(end->n_players, end->spent, end->folded, NULL, j.pay);
    j.before[0] = 1;
    joint_deal(&j, 0, s->mask, 0);
}
