#include "solver/sweep.h"

#include <stdbool.h>

#include "base/rng.h"
#include "cards/eval.h"
#include "check.h"

struct problem {
    struct hb_hands hands;
    struct hb_sweep_board board;
    hb_vec reach[2][HB_HANDS_MAX];
    hb_vec pay;
};

static void make_problem(struct problem *p, uint64_t seed)
{
    struct hb_deck deck = {.n_suits = 4, .n_hole = 2, .n_streets = 2, .n_board = {0, 5}};
    uint16_t order[HB_HANDS_MAX];
    uint8_t card[HB_CARDS];
    uint32_t r[4];
    int n_cards;

    deck.n_ranks = 3 + (int)(seed % 6);
    n_cards = hb_deck_cards(&deck, card);
    hb_hands_init(&p->hands, &deck);
    p->board.n_card = 0;
    for (uint64_t k = 0; p->board.n_card < 5; k++) {
        bool used = false;
        uint8_t c;

        hb_rng_block(seed, k, 0, HB_RNG_TOOL, 0, r);
        c = card[r[0] % (unsigned)n_cards];
        for (int i = 0; i < p->board.n_card; i++)
            used |= p->board.card[i] == c;
        if (!used)
            p->board.card[p->board.n_card++] = c;
    }
    hb_sweep_order(&p->hands, order);
    hb_sweep_board_init(&p->board, &p->hands, order);
    for (int lane = 0; lane < HB_LANES; lane++) {
        p->pay[lane] = 1 + lane;
        for (int i = 0; i < p->board.n; i++)
            for (int seat = 0; seat < 2; seat++) {
                hb_rng_block(seed, (uint64_t)i, 0, HB_RNG_TOOL, (uint32_t)(2 * lane + seat), r);
                p->reach[seat][i][lane] = r[0] % 3 == 0 ? 0 : r[1] / 4294967296.0;
            }
    }
}

static uint32_t strength(const struct problem *p, int i)
{
    uint8_t cards[HB_HAND_MAX];

    memcpy(cards, p->board.own[i], 2);
    memcpy(cards + 2, p->board.card, 5);
    return hb_eval(cards, 7);
}

/* Hand by hand against hand. */
static double plain(const struct problem *p, int seat, int i, int lane, bool showdown)
{
    double v = 0;

    for (int k = 0; k < p->board.n; k++) {
        uint32_t mine = strength(p, i);
        uint32_t other = strength(p, k);

        if ((p->hands.mask[p->board.hand[i]] & p->hands.mask[p->board.hand[k]]) != 0)
            continue;
        if (!showdown)
            v += (seat == 0 ? 1 : -1) * p->reach[1 - seat][k][lane];
        else
            v += ((mine > other) - (mine < other)) * p->reach[1 - seat][k][lane];
    }
    return v * p->pay[lane];
}

static void ends_agree_with_hand_against_hand(void)
{
    static struct problem p;
    static hb_vec got[2][HB_HANDS_MAX];
    const hb_vec *const reach[2] = {p.reach[0], p.reach[1]};
    hb_vec *const out[2] = {got[0], got[1]};

    for (uint64_t seed = 1; seed <= 12; seed++) {
        make_problem(&p, seed);
        for (int showdown = 0; showdown < 2; showdown++) {
            double sum = 0;
            hb_vec profit;

            (showdown ? hb_sweep_ops(64)->showdown : hb_sweep_ops(64)->fold)(&p.board, &p.pay,
                                                                             reach, out, &profit);
            for (int i = 0; i < p.board.n; i++) {
                int lane = i % HB_LANES;

                sum += p.reach[0][i][0] * got[0][i][0];
                for (int seat = 0; seat < 2; seat++)
                    CHECK_NEAR(got[seat][i][lane], plain(&p, seat, i, lane, showdown), 1e-10);
            }
            CHECK_NEAR(profit[0], sum, 1e-9);
        }
    }
}

static void ranked_boards_rise_in_strength_and_know_their_ties(void)
{
    static struct problem p;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        make_problem(&p, seed);
        CHECK_EQ(p.board.tie[0], 0);
        CHECK_EQ(p.board.tie[p.board.n_ties], p.board.n);
        for (int t = 0; t < p.board.n_ties; t++)
            for (int i = p.board.tie[t]; i < p.board.tie[t + 1]; i++) {
                CHECK_EQ(strength(&p, i), strength(&p, p.board.tie[t]));
                CHECK(i == 0 || i != p.board.tie[t] || strength(&p, i) > strength(&p, i - 1));
            }
    }
}

/* Every operation into `out` and `v`, which are compared byte by byte. */
static void do_all(const struct hb_sweep_ops *ops, const struct problem *p,
                   hb_vec out[6][HB_HANDS_MAX], hb_vec v[3])
{
    const hb_vec *const reach[2] = {p->reach[0], p->reach[1]};
    hb_vec *const first[2] = {out[0], out[1]};
    hb_vec *const second[2] = {out[2], out[3]};
    int n = p->board.n;

    memset(out, 0, 6 * sizeof out[0]);
    ops->fold(&p->board, &p->pay, reach, first, &v[0]);
    ops->showdown(&p->board, &p->pay, reach, second, &v[1]);
    ops->best(n, out[0], out[2]);
    ops->sum(n, out[1], out[3]);
    ops->dot(n, out[0], out[3], &v[2]);
    ops->store(&p->board, 0.3, out[2], out[4]);
    ops->load(&p->board, out[4], out[5]);
    ops->multiply(&p->board, out[5], 1, p->reach[0], out[1]);
}

static void every_width_gives_the_same_bits(void)
{
    static struct problem p;
    static hb_vec want[6][HB_HANDS_MAX];
    static hb_vec got[6][HB_HANDS_MAX];
    hb_vec v[2][3];

    for (uint64_t seed = 1; seed <= 12; seed++) {
        make_problem(&p, seed);
        for (int i = 0; i < p.board.n; i++)
            p.board.row[i] = (uint32_t)(i * 7 % p.board.n);
        do_all(hb_sweep_ops(16), &p, want, v[0]);
        for (int bytes = 32; bytes <= 64; bytes *= 2) {
            do_all(hb_sweep_ops(bytes), &p, got, v[1]);
            CHECK(memcmp(got, want, sizeof got) == 0);
            CHECK(memcmp(v[0], v[1], sizeof v[0]) == 0);
        }
    }
}

int main(void)
{
    RUN(ranked_boards_rise_in_strength_and_know_their_ties);
    RUN(ends_agree_with_hand_against_hand);
    RUN(every_width_gives_the_same_bits);
    return check_done();
}
