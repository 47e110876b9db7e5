/* The estimate of a hand has the exact value as its mean, over every deal and every way to play it,
 * whatever was learned before; on larger games it agrees with the plain mean and varies less. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/aivat.h"

#include <math.h>

#include "duel.h"
#include "run/hand.h"
#include "run/match.h"
#include "tables.h"

static char folder[64];
static char path[2][256];
static struct hb_player player[2];
static struct hb_matchstate m;
static struct hb_match match;

/* ---- two blueprints with random rows ---- */

static void make_blueprint(const struct small_run *r, int i)
{
    struct hb_err e = {0};
    struct hb_table t;
    void *mem = memory_table(r, 1, &t);

    random_rows(&t, 40 + (uint64_t)i, 1);
    CHECK_OK(save_blueprint(&t, 1, in_folder(folder, i == 0 ? "a.hbp" : "b.hbp", path[i]), &e), e);
    hb_mem_free(mem);
}

/* Two own cards, all-ins before the last round, six cards. */
static const char jam_game[] = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\n"
                               "stack = 400 300\nblind = 100 50\nfirstPlayer = 2 1\n"
                               "numSuits = 2\nnumRanks = 3\nnumHoleCards = 2\n"
                               "numBoardCards = 0 1\nEND GAMEDEF\n";

static void make_run(const char *game, struct small_run *r)
{
    struct hb_err e = {0};
    struct hb_buckets buckets = {0};
    const bool need[HB_STREETS] = {true, true};

    if (game != NULL) {
        small_run_init(r, game, 1);
        return;
    }
    memset(r, 0, sizeof *r);
    r->spec.rules = game_of(jam_game);
    for (int i = 0; i < 2; i++)
        r->spec.betting.street[i] =
            (struct hb_betting_street){.n_sizes = 2,
                                       .size = {{.num = 1, .den = 1}, {.allin = true}},
                                       .max_raises = 2,
                                       .limp = true,
                                       .given = true};
    r->spec.params = (struct hb_params){
        .seed = 1, .discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 200};
    CHECK_OK(hb_params_unit(&r->spec.params, &r->spec.rules, &e), e);
    CHECK_OK(hb_tree_new(&r->spec.rules, &r->spec.betting, 0, &r->tree, &e), e);
    hb_tree_hash(&r->tree, &r->spec.tree);
    CHECK_OK(hb_buckets_lossless(&r->spec.rules.deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&r->spec, &buckets);
    hb_buckets_fini(&buckets);
}

/* ---- every deal, every way to play it ---- */

struct all {
    const struct hb_rules *r;
    const struct hb_tree *tree;
    struct duel duel;
    struct hb_aivat *aivat;
    int first;
    double sum, probability;
};

static void play_on(struct all *x, uint32_t node, double probability)
{
    const struct hb_deck *deck = &x->r->deck;
    const struct hb_node *at = &x->tree->node[node];
    uint8_t cards[HB_HAND_MAX];
    double prob[16];
    struct hb_err e = {0};

    memcpy(cards, m.own[at->player], (size_t)deck->n_hole);
    memcpy(cards + deck->n_hole, m.board, (size_t)deck->n_board[at->street]);
    duel_ask(&x->duel, node, cards, prob);
    for (int a = 0; a < at->n_actions; a++) {
        const struct hb_state before = m.state;
        uint32_t child = x->tree->child[at->edge + (uint32_t)a];
        double chips = 0;

        if (prob[a] == 0)
            continue;
        CHECK_OK(hb_matchstate_act(x->r, &m, x->tree->act[at->edge + (uint32_t)a], &e), e);
        if ((child & HB_TREE_END) != 0) {
            CHECK_OK(hb_aivat_estimate(x->aivat, &m, x->first, &chips, &e), e);
            x->sum += probability * prob[a] * chips;
            x->probability += probability * prob[a];
        } else {
            play_on(x, child, probability * prob[a]);
        }
        m.n_acts--;
        m.state = before;
    }
}

/* Deal card number k of own cards, then board, in every way; order within a hand does not matter. */
static double deal_on(struct all *x, int k, uint64_t used, bool count)
{
    const struct hb_deck *deck = &x->r->deck;
    int n_own = 2 * deck->n_hole;
    uint8_t cards[HB_CARDS];
    int n = hb_deck_cards(deck, cards);
    uint8_t *to = k < n_own ? &m.own[k / deck->n_hole][k % deck->n_hole] : &m.board[k - n_own];
    double ways = 0;

    if (k == n_own + deck->n_board[deck->n_streets - 1]) {
        if (!count) {
            m.n_acts = 0;
            hb_state_init(x->r, &m.state);
            play_on(x, 0, 1);
        }
        return 1;
    }
    for (int i = 0; i < n; i++) {
        bool second = k < n_own && k % deck->n_hole == 1;

        if ((used >> cards[i] & 1) != 0 || (second && cards[i] < to[-1]))
            continue;
        *to = cards[i];
        ways += deal_on(x, k + 1, used | UINT64_C(1) << cards[i], count);
    }
    return ways;
}

static void check_exactly(const struct small_run *r, int n_learned)
{
    struct hb_err e = {0};

    for (int first = 0; first < 2; first++) {
        struct all x = {.r = &r->spec.rules,
                        .tree = &r->tree,
                        .duel = {{&player[first], &player[1 - first]}, &r->tree},
                        .first = first};
        double want = duel_value(&player[first], &player[1 - first], &r->tree);
        double ways;

        CHECK_OK(hb_aivat_new(player, 2, 1, &x.aivat, &e), e);
        for (uint32_t i = 0; i < (uint32_t)n_learned; i++) {
            hb_hand_deal(x.r, 8, i, i, &m);
            while (!m.state.finished) {
                hb_act act = 0;

                m.position = m.state.actor;
                CHECK_OK(hb_player_answer(&player[hb_hand_player(2, m.position, i)], &m, &act, &e),
                         e);
                CHECK_OK(hb_matchstate_act(x.r, &m, act, &e), e);
            }
            CHECK_OK(hb_aivat_learn(x.aivat, &m, hb_hand_player(2, 0, i), &e), e);
        }
        hb_aivat_freeze(x.aivat);
        m.hand = 77;
        ways = deal_on(&x, 0, 0, true);
        (void)deal_on(&x, 0, 0, false);
        CHECK_NEAR(x.probability / ways, 1, 1e-12);
        CHECK_NEAR(x.sum / ways, want, 1e-12 * r->spec.rules.blind[0] * 10);
        hb_aivat_free(x.aivat);
    }
}

static void open_pair(const char *a, const char *b, const struct small_run *r)
{
    struct hb_err e = {0};
    const struct hb_player_options trained = {.seed = 5};
    const struct hb_player_options fixed = {.seed = 5, .like = &r->spec};

    CHECK_OK(hb_player_open(a, a[0] == '@' ? &fixed : &trained, &player[0], &e), e);
    CHECK_OK(hb_player_open(b, b[0] == '@' ? &fixed : &trained, &player[1], &e), e);
}

static void close_pair(void)
{
    hb_player_close(&player[0]);
    hb_player_close(&player[1]);
}

static void check_game(const char *game, int n_learned)
{
    struct small_run r;

    make_run(game, &r);
    for (int i = 0; i < 2; i++)
        make_blueprint(&r, i);
    for (int kind = 0; kind < 3; kind++) {
        open_pair(kind == 2 ? "@uniform" : path[0], kind > 0 ? "@uniform" : path[1], &r);
        check_exactly(&r, kind == 0 ? n_learned : 20);
        close_pair();
    }
    small_run_fini(&r);
}

static void the_mean_is_exact_in_kuhn(void)
{
    check_game("kuhn", 0);
    check_game("kuhn", 7);
    check_game("kuhn", 500);
}

static void the_mean_is_exact_in_leduc(void)
{
    check_game("leduc", 50);
}

static void the_mean_is_exact_with_all_ins_and_two_own_cards(void)
{
    check_game(NULL, 50);
}

/* ---- sampled ---- */

static void check_match(const char *a, const char *b, const char *game, uint64_t hands,
                        double times)
{
    const char *const who[2] = {a, b};
    const struct hb_match_options o = {.game = game, .seed = 3, .n_hands = hands, .aivat = true};
    const struct hb_match_watch w = {0};
    struct hb_err e = {0};
    double plain;
    double less;

    CHECK_OK(hb_match_open(who, who, 2, &o, &match, &e), e);
    CHECK_OK(hb_match_run(&match, &w, &e), e);
    plain = hb_stat_ci95(&match.chips[0]);
    less = hb_stat_ci95(&match.chips[2]);
    CHECK_EQ(match.chips[2].n, match.chips[0].n);
    CHECK_NEAR(match.chips[2].mean, match.chips[0].mean, 1.5 * plain); /* 3 standard errors */
    if (less * times > plain)
        printf("# %s and %s: %g, plain %g\n", a, b, less, plain);
    CHECK(less * times <= plain);
    hb_match_close(&match);
}

static void the_interval_is_several_times_smaller(void)
{
    struct small_run r;

    make_run("leduc", &r);
    make_blueprint(&r, 0);
    make_blueprint(&r, 1);
    check_match(path[0], path[1], NULL, 6000, 4);
    check_match(path[0], "@call", NULL, 6000, 10);
    small_run_fini(&r);
}

/* Any size of 10000 chips: nothing is listed, hands and boards are still averaged. */
static void it_agrees_where_sizes_and_boards_are_not_listed(void)
{
    check_match("@uniform", "@call", "examples/games/hunl-10bb.game", 300, 1);
}

static void two_trees_of_one_game(void)
{
    struct small_run r;

    make_run(NULL, &r);
    make_blueprint(&r, 0);
    hb_tree_fini(&r.tree);
    for (int i = 0; i < 2; i++)
        r.spec.betting.street[i].size[0] = (struct hb_bet_size){.num = 4, .den = 10};
    CHECK_OK(hb_tree_new(&r.spec.rules, &r.spec.betting, 0, &r.tree, &(struct hb_err){0}),
             (struct hb_err){0});
    hb_tree_hash(&r.tree, &r.spec.tree);
    make_blueprint(&r, 1);
    check_match(path[0], path[1], NULL, 6000, 2);
    small_run_fini(&r);
}

static void hands_of_others_and_wrong_games_are_refused(void)
{
    static struct hb_player three[3];
    struct hb_player_options o = {.game = "examples/games/kuhn.game"};
    struct hb_aivat *a = NULL;
    struct hb_err e = {0};
    double chips;

    CHECK_OK(hb_player_open("@call", &o, &three[0], &e), e);
    CHECK_OK(hb_player_open("@call", &o, &three[1], &e), e);
    CHECK_EQ(hb_aivat_new(three, 3, 1, &a, &e), HB_EUSAGE);
    CHECK_OK(hb_aivat_new(three, 2, 1, &a, &e), e);
    hb_aivat_freeze(a);
    hb_hand_deal(&three[0].rules, 1, 1, 1, &m);
    CHECK_OK(hb_matchstate_act(&three[0].rules, &m, 2, &e), e); /* @call does not raise */
    CHECK_OK(hb_matchstate_act(&three[0].rules, &m, HB_ACT_CALL, &e), e);
    CHECK_EQ(hb_aivat_estimate(a, &m, 0, &chips, &e), HB_EINTERNAL);
    hb_aivat_free(a);
    hb_player_close(&three[0]);
    hb_player_close(&three[1]);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_player_options o = {.game = "examples/games/kuhn.game"};
    struct hb_aivat *a = NULL;
    struct hb_err e = {0};
    int rc = HB_ENOMEM;
    long n;

    CHECK_OK(hb_player_open("@call", &o, &player[0], &e), e);
    CHECK_OK(hb_player_open("@call", &o, &player[1], &e), e);
    for (n = 1; rc != HB_OK && n < 100; n++) {
        hb_mem_fail_at(n);
        rc = hb_aivat_new(player, 2, 1, &a, &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
    }
    hb_mem_fail_at(0);
    CHECK(n > 10 && n < 100);
    hb_aivat_free(a);
    close_pair();
}

int main(void)
{
    if (!scratch_folder(folder, "t_aivat"))
        return 1;
    RUN(the_mean_is_exact_in_kuhn);
    RUN(the_mean_is_exact_in_leduc);
    RUN(the_mean_is_exact_with_all_ins_and_two_own_cards);
    RUN(the_interval_is_several_times_smaller);
    RUN(it_agrees_where_sizes_and_boards_are_not_listed);
    RUN(two_trees_of_one_game);
    RUN(hands_of_others_and_wrong_games_are_refused);
    RUN(every_failed_allocation_is_reported);
    (void)unlink(path[0]);
    (void)unlink(path[1]);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
