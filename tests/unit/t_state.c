/* States against a slow twin that replays the whole history, payoffs against dealing out single
 * chips, and the rules of the ACPC server one by one. */
#include "game/state.h"
#include "check.h"
#include "games.h"

#define HISTORY_MAX 4096

/* ---- the twin: everything is found again from the list of actions
 * ------------------------------*/

struct past {
    int street;
    int seat;
    hb_act act; /* limit raises too as the total they come to */
};

struct twin {
    const struct hb_rules *r;
    struct past past[HISTORY_MAX];
    int n;
};

static bool twin_folded(const struct twin *t, int seat)
{
    for (int i = 0; i < t->n; i++)
        if (t->past[i].seat == seat && t->past[i].act == HB_ACT_FOLD)
            return true;
    return false;
}

/* Largest amount put in after the first n actions. */
static int32_t twin_bet(const struct twin *t, int n)
{
    int32_t bet = 0;

    for (int seat = 0; seat < t->r->n_players; seat++)
        bet = t->r->blind[seat] > bet ? t->r->blind[seat] : bet;
    for (int i = 0; i < n; i++)
        bet = t->past[i].act > 0 ? t->past[i].act : bet;
    return bet;
}

static int32_t twin_spent(const struct twin *t, int seat)
{
    int32_t spent = t->r->blind[seat];

    for (int i = 0; i < t->n; i++) {
        if (t->past[i].seat != seat)
            continue;
        if (t->past[i].act > 0)
            spent = t->past[i].act;
        if (t->past[i].act == HB_ACT_CALL) {
            spent = twin_bet(t, i);
            spent = spent < t->r->stack[seat] ? spent : t->r->stack[seat];
        }
    }
    return spent;
}

static bool twin_acts(const struct twin *t, int seat)
{
    return !twin_folded(t, seat) && twin_spent(t, seat) < t->r->stack[seat];
}

static int twin_n_acting(const struct twin *t)
{
    int n = 0;

    for (int seat = 0; seat < t->r->n_players; seat++)
        n += twin_acts(t, seat);
    return n;
}

static int twin_n_live(const struct twin *t)
{
    int n = 0;

    for (int seat = 0; seat < t->r->n_players; seat++)
        n += !twin_folded(t, seat);
    return n;
}

/* Has the seat acted on this street since (and with) the last raise of it? */
static bool twin_has_answered(const struct twin *t, int seat, int street)
{
    for (int i = t->n - 1; i >= 0 && t->past[i].street == street; i--) {
        if (t->past[i].seat == seat)
            return true;
        if (t->past[i].act > 0)
            return false;
    }
    return false;
}

static bool twin_street_over(const struct twin *t, int street)
{
    for (int seat = 0; seat < t->r->n_players; seat++)
        if (twin_acts(t, seat) && !twin_has_answered(t, seat, street))
            return false;
    return true;
}

static void twin_where(const struct twin *t, bool *finished, int *street)
{
    *street = t->n > 0 ? t->past[t->n - 1].street : 0;
    *finished = true;
    if (twin_n_live(t) == 1)
        return;
    *finished = false;
    if (!twin_street_over(t, *street))
        return;
    if (twin_n_acting(t) > 1 && *street + 1 < t->r->deck.n_streets) {
        ++*street;
        return;
    }
    *finished = true;
    *street = t->r->deck.n_streets - 1;
}

static int twin_actor(const struct twin *t, int street)
{
    int seat = t->r->first_player[street];

    if (t->n > 0 && t->past[t->n - 1].street == street)
        seat = (t->past[t->n - 1].seat + 1) % t->r->n_players;
    while (!twin_acts(t, seat))
        seat = (seat + 1) % t->r->n_players;
    return seat;
}

static int twin_n_raises(const struct twin *t, int street)
{
    int n = 0;

    for (int i = 0; i < t->n; i++)
        n += t->past[i].street == street && t->past[i].act > 0;
    return n;
}

/* Smallest full no-limit raise: the bet and the largest raise of this street, at least the blind
 * once more. */
static int32_t twin_min_raise(const struct twin *t, int street)
{
    int32_t blind = twin_bet(t, 0);
    int32_t start = 0; /* actions before this street */
    int32_t min_to;

    while (start < t->n && t->past[start].street < street)
        start++;
    min_to =
        street == 0 ? (blind > 0 ? 2 * blind : 1) : twin_bet(t, start) + (blind > 0 ? blind : 1);
    for (int i = start; i < t->n; i++) {
        int32_t by = t->past[i].act - twin_bet(t, i);

        if (t->past[i].act > 0 && t->past[i].act + by > min_to)
            min_to = t->past[i].act + by;
    }
    return min_to;
}

static bool twin_raise(const struct twin *t, int street, int actor, int32_t *min_to,
                       int32_t *max_to)
{
    int cap = t->r->max_raises[street];
    int32_t bet = twin_bet(t, t->n);
    int32_t stack = t->r->stack[actor];

    if ((cap != HB_RAISES_UNSET && twin_n_raises(t, street) >= cap) || twin_n_acting(t) < 2 ||
        stack <= bet)
        return false;
    *max_to = stack;
    *min_to = t->r->no_limit ? twin_min_raise(t, street) : bet + t->r->raise_size[street];
    if (*min_to > stack)
        *min_to = stack;
    if (!t->r->no_limit)
        *max_to = *min_to;
    return true;
}

/* ---- fast against slow
 * --------------------------------------------------------------------------*/

static void check_against_twin(const struct hb_rules *r, const struct hb_state *s,
                               const struct twin *t)
{
    bool finished;
    int street;
    int32_t min_to = -9, max_to = -9, twin_min = -9, twin_max = -9;

    twin_where(t, &finished, &street);
    CHECK_EQ(s->finished, finished);
    CHECK_EQ(s->street, street);
    for (int seat = 0; seat < r->n_players; seat++) {
        CHECK_EQ(s->spent[seat], twin_spent(t, seat));
        CHECK_EQ(s->folded >> seat & 1, twin_folded(t, seat));
        CHECK(s->spent[seat] <= r->stack[seat]);
    }
    CHECK_EQ(hb_state_n_live(r, s), twin_n_live(t));
    CHECK_EQ(hb_state_showdown(r, s), finished && twin_n_live(t) > 1);
    CHECK_EQ(s->max_spent, twin_bet(t, t->n));
    if (finished) {
        CHECK(!hb_state_legal(r, s, HB_ACT_CALL) && !hb_state_legal(r, s, HB_ACT_FOLD));
        return;
    }
    CHECK_EQ(s->actor, twin_actor(t, street));
    CHECK_EQ(hb_state_can_fold(r, s), twin_spent(t, s->actor) < twin_bet(t, t->n));
    CHECK_EQ(hb_state_can_raise(r, s, &min_to, &max_to),
             twin_raise(t, street, s->actor, &twin_min, &twin_max));
    CHECK_EQ(min_to, twin_min);
    CHECK_EQ(max_to, twin_max);
}

static hb_act random_action(const struct hb_rules *r, const struct hb_state *s,
                            struct rand_stream *g)
{
    int32_t min_to;
    int32_t max_to;
    int roll = rand_in(g, 0, 9);

    if (roll == 0 && hb_state_can_fold(r, s))
        return HB_ACT_FOLD;
    if (roll > 4 || !hb_state_can_raise(r, s, &min_to, &max_to))
        return HB_ACT_CALL;
    return roll == 1 ? max_to : roll < 4 ? min_to : rand_in(g, min_to, max_to);
}

static void check_legal_edges(const struct hb_rules *r, const struct hb_state *s)
{
    int32_t min_to;
    int32_t max_to;

    CHECK(hb_state_legal(r, s, HB_ACT_CALL));
    CHECK(!hb_state_legal(r, s, -2));
    CHECK_EQ(hb_state_legal(r, s, HB_ACT_FOLD), hb_state_can_fold(r, s));
    if (!hb_state_can_raise(r, s, &min_to, &max_to)) {
        CHECK(!hb_state_legal(r, s, s->max_spent + 1));
        return;
    }
    CHECK(min_to > s->max_spent && min_to <= max_to);
    CHECK(hb_state_legal(r, s, min_to) && hb_state_legal(r, s, max_to));
    CHECK(!hb_state_legal(r, s, min_to - 1) || min_to == 1);
    CHECK(!hb_state_legal(r, s, max_to + 1));
}

/* What was played, as text, played again from that text. */
static void check_text(const struct hb_rules *r, const struct hb_state *s, const struct twin *t,
                       bool all_slashes)
{
    static char text[HISTORY_MAX * 16];
    static hb_act acts[HISTORY_MAX];
    size_t used = 0;
    int street = 0;
    int n = -1;
    struct hb_state again = {0};
    struct hb_err e = {0};

    text[0] = '\0';
    for (int i = 0; i < t->n; i++) {
        for (; street < t->past[i].street; street++)
            text[used++] = '/';
        hb_act_format(r, t->past[i].act, text + used);
        used += strlen(text + used);
    }
    for (; all_slashes && street < s->street; street++)
        text[used++] = '/';
    text[used] = '\0';
    CHECK_OK(hb_state_play(r, text, &again, acts, HISTORY_MAX, &n, &e), e);
    CHECK_EQ(n, t->n);
    CHECK(memcmp(&again, s, sizeof again) == 0);
    for (int i = 0; i < n && i < t->n; i++)
        CHECK_EQ(acts[i], t->past[i].act);
}

/* No seat wins or loses more than hb_rules_max_loss says, and nothing is lost on the way. */
static void check_payoff_bounds(const struct hb_rules *r, const struct hb_state *s,
                                struct rand_stream *g)
{
    uint32_t strength[HB_PLAYERS_MAX];
    double out[HB_PLAYERS_MAX];
    double sum = 0;

    for (int i = 0; i < r->n_players; i++)
        strength[i] = (uint32_t)rand_in(g, 0, 4);
    hb_payoff(r->n_players, s->spent, s->folded, strength, out);
    for (int i = 0; i < r->n_players; i++) {
        CHECK(out[i] <= hb_rules_max_loss(r) && out[i] >= -hb_rules_max_loss(r));
        sum += out[i];
    }
    CHECK_NEAR(sum, 0, 1e-6);
}

static void play_one_hand(const struct hb_rules *r, struct rand_stream *g)
{
    static struct twin t;
    struct hb_state s;

    t.r = r;
    t.n = 0;
    hb_state_init(r, &s);
    check_against_twin(r, &s, &t);
    while (!s.finished && t.n < HISTORY_MAX && check_bad_here == 0) {
        hb_act a = random_action(r, &s, g);

        check_legal_edges(r, &s);
        t.past[t.n++] = (struct past){s.street, s.actor, a};
        hb_state_act(r, &s, a);
        check_against_twin(r, &s, &t);
    }
    CHECK(s.finished);
    check_payoff_bounds(r, &s, g);
    check_text(r, &s, &t, false);
    check_text(r, &s, &t, true);
}

static void random_hands_agree_with_the_replayed_history(void)
{
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        struct rand_stream g = {seed, 0};
        struct hb_rules r = random_game(&g, HB_PLAYERS_MAX, seed % 2 ? 12 : 300);

        for (int hand = 0; hand < 3; hand++)
            play_one_hand(&r, &g);
        if (check_bad_here != 0) {
            printf("# seed %" PRIu64 "\n", seed);
            return;
        }
    }
}

/* ---- payoffs
 * ------------------------------------------------------------------------------------*/

/* Each chip layer is a pot of its own: who reached it and is live shares it; in 1/2520 chips, which
 * every number of winners up to 10 divides. */
static void twin_payoff(int n, const int32_t *spent, uint32_t folded, const uint32_t *strength,
                        int64_t *out)
{
    for (int i = 0; i < n; i++)
        out[i] = -2520 * (int64_t)spent[i];
    for (int32_t layer = 1; layer <= 1000; layer++) {
        int n_in = 0;
        int n_best = 0;
        int64_t best = -1;

        for (int i = 0; i < n; i++)
            n_in += spent[i] >= layer;
        for (int i = 0; i < n; i++)
            if (spent[i] >= layer && (folded >> i & 1) == 0 && strength[i] > best)
                best = strength[i];
        for (int i = 0; i < n; i++)
            n_best += spent[i] >= layer && (folded >> i & 1) == 0 && strength[i] == best;
        for (int i = 0; i < n; i++)
            if (spent[i] >= layer && (folded >> i & 1) == 0 && strength[i] == best)
                out[i] += 2520 / n_best * n_in;
    }
}

static void payoffs_agree_with_sharing_out_single_chips(void)
{
    for (uint64_t seed = 1; seed <= 3000 && check_bad_here == 0; seed++) {
        struct rand_stream g = {seed, 0};
        int n = rand_in(&g, 2, HB_PLAYERS_MAX);
        int top = rand_in(&g, 0, n - 1);
        int32_t spent[HB_PLAYERS_MAX];
        uint32_t strength[HB_PLAYERS_MAX];
        uint32_t folded = 0;
        int64_t want[HB_PLAYERS_MAX];
        double got[HB_PLAYERS_MAX];
        double sum = 0;

        for (int i = 0; i < n; i++) {
            spent[i] = rand_in(&g, 0, seed % 2 ? 5 : 100);
            strength[i] = (uint32_t)rand_in(&g, 0, 3);
            folded |= (uint32_t)(rand_in(&g, 0, 2) == 0) << i;
        }
        spent[top] = 100; /* nobody folds who has put in more than everybody else */
        folded &= ~(1u << top);
        twin_payoff(n, spent, folded, strength, want);
        hb_payoff(n, spent, folded, strength, got);
        for (int i = 0; i < n; i++) {
            CHECK_NEAR(got[i], (double)want[i] / 2520, 1e-9);
            sum += got[i];
        }
        CHECK_NEAR(sum, 0, 1e-9);
        if (check_bad_here != 0)
            printf("# seed %" PRIu64 "\n", seed);
    }
}

static void side_pots_go_to_who_can_win_them(void)
{
    /* 0 is all-in for 50 with the best hand, 1 and 2 tie behind, 3 folded after 80, 4 has 50 back
     */
    static const int32_t spent[5] = {50, 200, 200, 80, 250};
    static const uint32_t strength[5] = {9, 5, 5, 99, 1};
    double out[5];

    hb_payoff(5, spent, 1u << 3, strength, out);
    CHECK_NEAR(out[0], 200, 0);
    CHECK_NEAR(out[1], -200 + (150 + 150 + 30 + 150) / 2.0, 0);
    CHECK_NEAR(out[2], out[1], 0);
    CHECK_NEAR(out[3], -80, 0);
    CHECK_NEAR(out[4], -200, 0);
}

static void without_a_showdown_strengths_are_not_read(void)
{
    static const int32_t spent[3] = {50, 100, 300};
    double out[3];

    hb_payoff(3, spent, 3, NULL, out);
    CHECK_NEAR(out[0], -50, 0);
    CHECK_NEAR(out[1], -100, 0);
    CHECK_NEAR(out[2], 150, 0);
}

/* ---- the server's rules, one by one
 * -------------------------------------------------------------*/

static struct hb_state played(const struct hb_rules *r, const char *text)
{
    struct hb_state s = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_state_play(r, text, &s, NULL, 0, NULL, &e), e);
    return s;
}

static void check_raise(const struct hb_rules *r, const char *text, int32_t min_to, int32_t max_to)
{
    struct hb_state s = played(r, text);
    int32_t got_min = 0;
    int32_t got_max = 0;

    CHECK(hb_state_can_raise(r, &s, &got_min, &got_max));
    CHECK_EQ(got_min, min_to);
    CHECK_EQ(got_max, max_to);
}

static void no_raise(const struct hb_rules *r, const char *text)
{
    struct hb_state s = played(r, text);
    int32_t lo;
    int32_t hi;

    CHECK(!s.finished);
    CHECK(!hb_state_can_raise(r, &s, &lo, &hi));
}

static void minimum_raises_follow_the_server(void)
{
    struct hb_rules r = shipped_game("hunl-200bb");

    check_raise(&r, "", 200, 20000);
    check_raise(&r, "c", 200, 20000);
    check_raise(&r, "r300", 500, 20000);
    check_raise(&r, "r300r1000", 1700, 20000);
    check_raise(&r, "r300c/", 400, 20000);
    check_raise(&r, "r300c/c", 400, 20000);
    check_raise(&r, "r300c/r900", 1500, 20000);
    check_raise(&r, "r15000", 20000, 20000);
    no_raise(&r, "r20000");
    no_raise(&r, "cr20000");
}

static void a_short_all_in_does_not_move_the_minimum(void)
{
    struct hb_rules r = game_of("GAMEDEF\nnolimit\nnumPlayers=3\nnumRounds=1\nstack=1000 350 1000\n"
                                "blind=50 100 0\nfirstPlayer=3\nnumSuits=4\nnumRanks=13\n"
                                "numHoleCards=2\nnumBoardCards=0\nEND GAMEDEF\n");

    check_raise(&r, "r300c", 350, 350);      /* too short for 500 */
    check_raise(&r, "r300cr350", 500, 1000); /* the seat behind may still make it 500 */
}

static void streets_end_and_hands_run_out(void)
{
    struct hb_rules r = shipped_game("hunl-20bb");
    struct hb_state s = played(&r, "cc");

    CHECK_EQ(s.street, 1);
    CHECK_EQ(s.actor, 0);
    s = played(&r, "cc/cc/cc/cc");
    CHECK(s.finished && hb_state_showdown(&r, &s));
    s = played(&r, "cr2000c///");
    CHECK(s.finished && s.street == 3 && hb_state_showdown(&r, &s));
    s = played(&r, "cr2000f");
    CHECK(s.finished && s.street == 0 && !hb_state_showdown(&r, &s));
}

static void blinds_can_put_players_all_in(void)
{
    struct hb_rules r = game_of("GAMEDEF\nnolimit\nnumPlayers=2\nnumRounds=4\nstack=100 1000\n"
                                "blind=100 50\nfirstPlayer=2 1 1 1\nnumSuits=4\nnumRanks=13\n"
                                "numHoleCards=2\nnumBoardCards=0 3 1 1\nEND GAMEDEF\n");
    struct hb_state s;

    hb_state_init(&r, &s);
    CHECK(!s.finished && s.actor == 1);
    no_raise(&r, "");
    s = played(&r, "c");
    CHECK(s.finished && s.spent[1] == 100 && s.street == 3);
    r.stack[1] = 50;
    hb_state_init(&r, &s);
    CHECK(s.finished && hb_state_showdown(&r, &s));
    r.first_player[0] = 0; /* the first seat cannot act, the second does */
    r.stack[1] = 60;
    s = played(&r, "c");
    CHECK(s.finished && s.spent[1] == 60);
}

static void limit_raises_have_a_cap_and_one_size(void)
{
    struct hb_rules r = shipped_game("holdem-limit");
    struct hb_state s = played(&r, "rrr");

    CHECK_EQ(s.max_spent, 40);
    no_raise(&r, "rrr");
    check_raise(&r, "rrrc/", 50, 50);
    check_raise(&r, "rrrc/cc/", 60, 60);
    r.stack[0] = r.stack[1] = 25;
    check_raise(&r, "r", 25, 25);
    no_raise(&r, "rr");
}

static void wrong_texts_are_refused_and_say_why(void)
{
    static const struct {
        const char *text, *want;
    } wrong[] = {
        {"x", "actions 'x': at character 1: expected f, c, or r and the chips it comes to"},
        {"r", "actions 'r': at character 1: expected f, c, or r and the chips it comes to"},
        {"r99999999999",
         "actions 'r99999999999': at character 1: expected f, c, or r and the chips "
         "it comes to"},
        {"r150", "actions 'r150': at character 1: a raise to 150 is too small, legal are 200 to "
                 "20000"},
        {"cr20001", "actions 'cr20001': at character 2: a raise to 20001 is too large, legal are "
                    "200 to 20000"},
        {"r20000r20000", "actions 'r20000r20000': at character 7: no raise is legal here"},
        {"cf", "actions 'cf': at character 2: there is nothing to call, a fold is not legal"},
        {"ccc", "actions 'ccc': at character 3: expected '/', the round is over"},
        {"c/c", "actions 'c/c': at character 2: the round is not over"},
        {"/", "actions '/': at character 1: the round is not over"},
        {"cc//", "actions 'cc//': at character 4: the round is not over"},
        {"fc", "actions 'fc': at character 2: the hand is over"},
        {"f/", "actions 'f/': at character 2: the hand is over"},
        {"r20000c////", "actions 'r20000c////': at character 11: the hand is over"},
        {"r20000c/c", "actions 'r20000c/c': at character 9: the hand is over"},
    };
    struct hb_rules r = shipped_game("hunl-200bb");

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct hb_err e = {0};
        struct hb_state s = {.actor = 77};

        CHECK_EQ(hb_state_play(&r, wrong[i].text, &s, NULL, 0, NULL, &e), HB_EUSAGE);
        CHECK_STR(e.msg, wrong[i].want);
        CHECK_EQ(s.actor, 77);
    }
}

static void too_many_actions_are_refused(void)
{
    struct hb_rules r = shipped_game("kuhn");
    struct hb_err e = {0};
    struct hb_state s;
    hb_act acts[2];
    int n;

    CHECK_OK(hb_state_play(&r, "cr", &s, acts, 2, &n, &e), e);
    CHECK_EQ(n, 2);
    CHECK_EQ(acts[1], 2);
    CHECK_EQ(hb_state_play(&r, "crc", &s, acts, 2, &n, &e), HB_EUSAGE);
}

int main(void)
{
    RUN(random_hands_agree_with_the_replayed_history);
    RUN(payoffs_agree_with_sharing_out_single_chips);
    RUN(side_pots_go_to_who_can_win_them);
    RUN(without_a_showdown_strengths_are_not_read);
    RUN(minimum_raises_follow_the_server);
    RUN(a_short_all_in_does_not_move_the_minimum);
    RUN(streets_end_and_hands_run_out);
    RUN(blinds_can_put_players_all_in);
    RUN(limit_raises_have_a_cap_and_one_size);
    RUN(wrong_texts_are_refused_and_say_why);
    RUN(too_many_actions_are_refused);
    return check_done();
}
