/* What a mix says of a hand is how often the player does it, when he is asked again and again. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/mix.h"

#include "run/hand.h"
#include "tables.h"

#define ASKED 4000

static char folder[64];
static char path[256];
static struct hb_matchstate m;
static struct hb_hands hands;
static struct hb_spot spot;

static const char game[] = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 2\n"
                           "stack = 2000 1500\nblind = 100 50\nfirstPlayer = 2 1\n"
                           "numSuits = 2\nnumRanks = 4\nnumHoleCards = 2\n"
                           "numBoardCards = 0 1\nEND GAMEDEF\n";

/* A blueprint with random rows: half and double the pot, two raises a street. */
static void make_blueprint(void)
{
    struct hb_err e = {0};
    struct hb_buckets buckets = {0};
    const bool need[HB_STREETS] = {true, true};
    struct small_run r;
    struct hb_table t;
    void *mem;

    memset(&r, 0, sizeof r);
    r.spec.rules = game_of(game);
    for (int i = 0; i < 2; i++)
        r.spec.betting.street[i] =
            (struct hb_betting_street){.n_sizes = 2,
                                       .size = {{.num = 5, .den = 10}, {.num = 2, .den = 1}},
                                       .max_raises = 2,
                                       .limp = true,
                                       .given = true};
    r.spec.params = (struct hb_params){
        .seed = 1, .discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 200};
    CHECK_OK(hb_params_unit(&r.spec.params, &r.spec.rules, &e), e);
    CHECK_OK(hb_tree_new(&r.spec.rules, &r.spec.betting, 0, &r.tree, &e), e);
    hb_tree_hash(&r.tree, &r.spec.tree);
    CHECK_OK(hb_buckets_lossless(&r.spec.rules.deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&r.spec, &buckets);
    hb_buckets_fini(&buckets);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 12, 1);
    CHECK_OK(save_blueprint(&t, 1, in_folder(folder, "p.hbp", path), &e), e);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* Ask the player to act behind `line` with the same cards under many seeds, those under which he
 * understands the line as under the first, and compare with the mix. */
static void compare(struct hb_player *p, const char *line)
{
    struct hb_mix x;
    struct hb_follow first;
    struct hb_follow now;
    struct hb_err e = {0};
    int n[64] = {0};
    int asked = 0;
    uint16_t hand = 0;
    bool in_tree;

    CHECK_OK(hb_mix_init(&x, p, &e), e);
    CHECK_OK(hb_matchstate_parse(&p->rules, line, strlen(line), &m, &e), e);
    hb_hands_init(&hands, &p->rules.deck);
    hb_spot_init(&spot, &hands, m.board, p->rules.deck.n_board[m.state.street], m.state.street);
    while (hands.card[hand][0] != m.own[m.position][0] ||
           hands.card[hand][1] != m.own[m.position][1])
        hand++;
    hb_player_reseed(p, 1);
    CHECK_OK(hb_mix_at(&x, p, &m, &hands, spot.live, spot.n_live, &e), e);
    CHECK(x.n > 0 && x.n <= 64);
    in_tree = !p->fixed && hb_player_locate(p, &m, &first);
    CHECK_EQ(x.by_odds, !p->fixed && !in_tree);
    for (uint64_t seed = 1; asked < (x.by_odds ? 1 : ASKED); seed++) {
        hb_act act = 0;
        unsigned a = 0;

        hb_player_reseed(p, seed);
        if (in_tree && (!hb_player_locate(p, &m, &now) || now.node != first.node))
            continue;
        CHECK_OK(hb_player_answer(p, &m, &act, &e), e);
        while (a < x.n && x.act[a] != act)
            a++;
        CHECK(a < x.n);
        n[a < x.n ? a : 0]++;
        asked++;
    }
    for (unsigned a = 0; a < x.n; a++)
        CHECK_NEAR((double)n[a] / asked, x.prob[(size_t)a * HB_HANDS_MAX + hand],
                   x.by_odds ? 0 : 0.03); /* some four standard errors */
    for (int i = 0; i < spot.n_live; i++) {
        double sum = 0;

        for (unsigned a = 0; a < x.n; a++)
            sum += x.prob[(size_t)a * HB_HANDS_MAX + spot.live[i]];
        CHECK_NEAR(sum, 1, 1e-12);
    }
    hb_mix_fini(&x);
}

static void a_blueprint_does_what_its_mix_says(void)
{
    static const char *const line[] = {
        "MATCHSTATE:1:0::|KhAs",              /* opens */
        "MATCHSTATE:0:1:r200:KhAs|",          /* a bet of the tree */
        "MATCHSTATE:0:4:r200r500r1100:JhAh|", /* one raise too many: by the odds */
        "MATCHSTATE:0:2:r330:JhAh|",          /* not of the tree */
        "MATCHSTATE:0:2:r1500:JhAh|",         /* all-in, not of the tree */
        "MATCHSTATE:0:3:cc/:JhAh|/Qs",        /* the second round */
        "MATCHSTATE:1:3:cc/r400:|JhAh/Qs",    /* a large bet there */
    };
    struct hb_player_options o = {.seed = 1};
    struct hb_player p;
    struct hb_err e = {0};

    CHECK_OK(hb_player_open(path, &o, &p, &e), e);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++)
        compare(&p, line[i]);
    hb_player_close(&p);
}

static void purified_and_thresholded_ones_too(void)
{
    struct hb_player_options pure = {.seed = 1, .purify = true};
    struct hb_player_options some = {.seed = 1, .threshold = 0.2};
    struct hb_player p;
    struct hb_err e = {0};

    CHECK_OK(hb_player_open(path, &pure, &p, &e), e);
    compare(&p, "MATCHSTATE:1:0::|KhAs");
    hb_player_close(&p);
    CHECK_OK(hb_player_open(path, &some, &p, &e), e);
    compare(&p, "MATCHSTATE:0:1:r200:KhAs|");
    hb_player_close(&p);
}

static void fixed_strategies_too(void)
{
    static const char *const names[] = {"@uniform", "@call", "@fold", "@raise"};
    struct hb_player_options o = {.seed = 1, .game = "examples/games/leduc.game"};

    for (int i = 0; i < 4; i++) {
        struct hb_player p;
        struct hb_matchstate first;
        struct hb_err e = {0};
        struct hb_mix x;

        CHECK_OK(hb_player_open(names[i], &o, &p, &e), e);
        CHECK_OK(hb_mix_init(&x, &p, &e), e);
        hb_hand_deal(&p.rules, 1, 1, 1, &first);
        hb_hands_init(&hands, &p.rules.deck);
        hb_spot_init(&spot, &hands, NULL, 0, 0);
        first.position = 0;
        CHECK_OK(hb_mix_at(&x, &p, &first, &hands, spot.live, spot.n_live, &e), e);
        CHECK_EQ(x.n, i == 0 ? 2 : 1);
        CHECK_EQ(x.act[0], i == 3 ? 3 : HB_ACT_CALL); /* nothing to call: nobody folds */
        hb_mix_fini(&x);
        hb_player_close(&p);
    }
}

static void what_is_too_much_to_list_is_not_listed(void)
{
    struct hb_player_options o = {.seed = 1, .game = "examples/games/hunl-100bb.game"};
    struct hb_player p;
    struct hb_err e = {0};
    struct hb_mix x;

    CHECK_OK(hb_player_open("@uniform", &o, &p, &e), e);
    CHECK_OK(hb_mix_init(&x, &p, &e), e);
    hb_hand_deal(&p.rules, 1, 1, 1, &m);
    m.position = m.state.actor;
    hb_hands_init(&hands, &p.rules.deck);
    hb_spot_init(&spot, &hands, NULL, 0, 0);
    CHECK_OK(hb_mix_at(&x, &p, &m, &hands, spot.live, spot.n_live, &e), e);
    CHECK_EQ(x.n, 0);
    hb_mix_fini(&x);
    hb_player_close(&p);
}

int main(void)
{
    if (!scratch_folder(folder, "t_mix"))
        return 1;
    make_blueprint();
    RUN(a_blueprint_does_what_its_mix_says);
    RUN(purified_and_thresholded_ones_too);
    RUN(fixed_strategies_too);
    RUN(what_is_too_much_to_list_is_not_listed);
    (void)unlink(path);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
