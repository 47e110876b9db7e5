/* Bet sizes as text, rounding to chips, what is kept and what is not, canonical bytes. */
#include "game/betting.h"
#include "check.h"
#include "games.h"

static struct hb_betting_street street_of(const char *const *sizes, int n, int max_raises)
{
    struct hb_betting_street s = {.max_raises = max_raises, .limp = true, .given = true};
    struct hb_err e = {0};

    for (int i = 0; i < n; i++)
        CHECK_OK(hb_bet_size_parse(sizes[i], &s.size[s.n_sizes++], &e), e);
    return s;
}

/* The same sizes on every street. */
static struct hb_betting betting_of(const char *const *sizes, int n, int max_raises)
{
    struct hb_betting b = {0};

    for (int i = 0; i < HB_STREETS; i++)
        b.street[i] = street_of(sizes, n, max_raises);
    return b;
}

/* The actions kept after `text`, as text. */
static void check_kept(const struct hb_rules *r, const struct hb_betting *b, const char *text,
                       const char *want)
{
    struct hb_state s = {0};
    struct hb_err e = {0};
    hb_act acts[64];
    char got[64 * 16] = "";
    int n;

    CHECK_OK(hb_state_play(r, text, &s, NULL, 0, NULL, &e), e);
    n = hb_betting_actions(r, b, &s, acts, 64);
    for (int i = 0; i < n; i++) {
        size_t used = strlen(got);

        got[used] = ' ';
        hb_act_format(r, acts[i], got + used + (i > 0));
    }
    CHECK_STR(got, want);
}

static void sizes_parse_as_exact_decimals(void)
{
    static const struct {
        const char *text;
        uint32_t num, den;
    } good[] = {
        {"0.75", 75, 100},          {"1.0", 1, 1}, {"1", 1, 1},   {"2.50", 25, 10},
        {"0.3333", 3333, 10000},    {"10", 10, 1}, {"007", 7, 1}, {"0.00000001", 1, 100000000},
        {"999999999", 999999999, 1}};
    struct hb_bet_size size = {0};
    struct hb_err e = {0};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_OK(hb_bet_size_parse(good[i].text, &size, &e), e);
        CHECK(!size.allin);
        CHECK_EQ(size.num, good[i].num);
        CHECK_EQ(size.den, good[i].den);
    }
    CHECK_OK(hb_bet_size_parse("allin", &size, &e), e);
    CHECK(size.allin);
}

static void other_sizes_are_refused(void)
{
    static const char *const bad[] = {"",     ".",    "1.",         ".5",         "-1",  "+1",
                                      "1e3",  "1,5",  "0",          "0.000",      "x",   "all-in",
                                      "1.5x", " 1.5", "1.5 ",       "1.2.3",      "0x1", "allin ",
                                      "nan",  "1/2",  "1234567890", "0.123456789"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hb_bet_size size = {.num = 7, .den = 77};
        struct hb_err e = {0};

        CHECK_EQ(hb_bet_size_parse(bad[i], &size, &e), HB_ECONFIG);
        CHECK(size.num == 7 && size.den == 77);
        CHECK(strncmp(e.msg, "bet size '", 10) == 0);
        CHECK(strncmp(e.msg + 10, bad[i], strlen(bad[i])) == 0);
    }
}

static void fractions_are_of_the_pot_after_a_call(void)
{
    static const char *const sizes[] = {"0.5", "1.0", "2.5", "allin"};
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_betting b = betting_of(sizes, 4, -1);

    check_kept(&r, &b, "", "f c r200 r300 r600 r20000");
    check_kept(&r, &b, "c", "c r200 r300 r600 r20000");
    check_kept(&r, &b, "r300", "f c r600 r900 r1800 r20000");
    check_kept(&r, &b, "r300c/", "c r600 r900 r1800 r20000");
    check_kept(&r, &b, "r300c/r600", "f c r1200 r1800 r3600 r20000");
    check_kept(&r, &b, "r15000", "f c r20000");
    check_kept(&r, &b, "r20000", "f c");
}

static void half_a_chip_rounds_up(void)
{
    static const struct {
        const char *size, *want;
    } cases[] = {/* of a pot of 14: 3.36 3.4986 3.5 3.64 4.48 4.5 */
                 {"0.24", "c r10"}, {"0.2499", "c r10"}, {"0.25", "c r11"},
                 {"0.26", "c r11"}, {"0.32", "c r11"},   {"0.3214286", "c r12"}};
    struct hb_rules r = game_of("GAMEDEF\nnolimit\nnumPlayers=2\nnumRounds=2\nstack=100 100\n"
                                "blind=2 1\nfirstPlayer=2 1\nnumSuits=4\nnumRanks=13\n"
                                "numHoleCards=2\nnumBoardCards=0 3\nEND GAMEDEF\n");
    static const char *const close[] = {"0.24", "0.25", "0.26", "0.32"};
    struct hb_betting b;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        b = betting_of(&cases[i].size, 1, -1);
        check_kept(&r, &b, "r7c/", cases[i].want);
    }
    b = betting_of(close, 4, -1); /* equal after rounding: once */
    check_kept(&r, &b, "r7c/", "c r10 r11");
    check_kept(&r, &b, "", "f c r4"); /* of 4: all below the minimum, one blind more */
}

static void sizes_are_moved_into_what_is_legal(void)
{
    static const char *const sizes[] = {"999999999", "0.01", "1.0", "1.0"};
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_betting b = betting_of(sizes, 4, -1);

    check_kept(&r, &b, "", "f c r200 r300 r1000");
    check_kept(&r, &b, "r600", "f c r1000");
}

static void raises_stop_at_the_cap_of_the_street(void)
{
    static const char *const sizes[] = {"1.0"};
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_betting b = betting_of(sizes, 1, 2);

    check_kept(&r, &b, "r300r900", "f c");
    check_kept(&r, &b, "r300c/", "c r900");
    r.max_raises[0] = 1; /* the game's own cap still holds */
    check_kept(&r, &b, "r300", "f c");
    b.street[0].max_raises = 0;
    check_kept(&r, &b, "", "f c");
}

static void without_limps_it_is_jam_or_fold(void)
{
    static const char *const sizes[] = {"allin"};
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_rules three = shipped_game("nl3");
    struct hb_betting b = betting_of(sizes, 1, 1);

    b.street[0].limp = b.street[1].limp = false;
    check_kept(&r, &b, "", "f r1000");
    check_kept(&r, &b, "r1000", "f c");
    check_kept(&r, &b, "c", "c r1000"); /* nothing to call: the check stays */
    check_kept(&r, &b, "cc/", "c r1000");
    check_kept(&three, &b, "f", "f r10000");
    check_kept(&three, &b, "r10000", "f c"); /* raised: calling is no limp */
    b.street[0].max_raises = 0;
    check_kept(&r, &b, "", "f c"); /* without a raise the call stays */
}

static void limit_games_need_no_sizes(void)
{
    struct hb_rules r = shipped_game("leduc");
    struct hb_betting b = {.every_size = true};

    check_kept(&r, &b, "", "c r");
    check_kept(&r, &b, "r", "f c r");
    check_kept(&r, &b, "rr", "f c");
    b.street[0] = (struct hb_betting_street){.given = true, .max_raises = 1, .limp = true};
    check_kept(&r, &b, "r", "f c");
}

static void every_size_is_every_size(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_betting b = {.every_size = true};
    struct hb_state s;
    static hb_act acts[803];

    hb_state_init(&r, &s);
    CHECK_EQ(hb_betting_actions(&r, &b, &s, acts, 802), -1);
    CHECK_EQ(hb_betting_actions(&r, &b, &s, acts, 803), 803);
    for (int i = 2; i < 803; i++)
        CHECK_EQ(acts[i], 198 + i);
}

static void too_little_room_is_told(void)
{
    static const char *const sizes[] = {"allin", "1.0", "0.5"};
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_betting b = betting_of(sizes, 3, -1);
    struct hb_state s;
    hb_act acts[5];

    hb_state_init(&r, &s);
    for (int cap = 0; cap < 5; cap++)
        CHECK_EQ(hb_betting_actions(&r, &b, &s, acts, cap), -1);
    CHECK_EQ(hb_betting_actions(&r, &b, &s, acts, 5), 5);
}

static void kept_actions_are_legal_and_ascend(void)
{
    static const char *const sizes[] = {"0.01", "0.33", "0.5", "0.75", "1.0", "3.0", "allin"};
    struct hb_betting b = betting_of(sizes, 7, -1);

    for (uint64_t seed = 1; seed <= 2000 && check_bad_here == 0; seed++) {
        struct rand_stream g = {seed, 0};
        struct hb_rules r = random_game(&g, HB_PLAYERS_MAX, 500);
        struct hb_state s;
        hb_act acts[16];

        b.street[0].limp = seed % 2 == 0;
        hb_state_init(&r, &s);
        while (!s.finished) {
            int n = hb_betting_actions(&r, &b, &s, acts, 16);

            CHECK(n >= 1);
            for (int i = 0; i < n; i++)
                CHECK(hb_state_legal(&r, &s, acts[i]) && (i == 0 || acts[i] > acts[i - 1]));
            hb_state_act(&r, &s, acts[rand_in(&g, 0, n - 1)]);
        }
        if (check_bad_here != 0)
            printf("# seed %" PRIu64 "\n", seed);
    }
}

static void bytes_are_canonical(void)
{
    static const char *const one[] = {"0.75", "allin", "1"};
    static const char *const other[] = {"1.000", "allin", "0.750", "0.75", "allin"};
    struct hb_betting a = betting_of(one, 3, -1);
    struct hb_betting b = betting_of(other, 5, -7);
    struct hb_betting back = {0};
    struct hb_buf raw_a = {0};
    struct hb_buf raw_b = {0};
    struct hb_buf again = {0};
    struct hb_err e = {0};
    struct hb_rd rd;

    a.street[3].given = b.street[3].given = false;
    hb_betting_encode(&a, &raw_a);
    hb_betting_encode(&b, &raw_b);
    CHECK_EQ(raw_a.len, raw_b.len);
    CHECK(memcmp(raw_a.data, raw_b.data, raw_a.len) == 0);
    rd = hb_rd_over(raw_a.data, raw_a.len);
    CHECK_OK(hb_betting_decode(&back, &rd, &e), e);
    CHECK_OK(hb_rd_done(&rd, "betting", &e), e);
    CHECK(back.street[2].size[2].allin && back.street[2].size[0].num == 75);
    hb_betting_encode(&back, &again);
    CHECK(again.len == raw_a.len && memcmp(again.data, raw_a.data, again.len) == 0);
    hb_buf_fini(&raw_a);
    hb_buf_fini(&raw_b);
    hb_buf_fini(&again);
}

/* Damaged bytes are refused, or decode to something that encodes to the same bytes. */
static void damaged_bytes_are_refused_or_canonical(void)
{
    static const char *const sizes[] = {"0.5", "0.75", "1.25", "allin"};
    struct hb_betting b = betting_of(sizes, 4, 3);
    struct hb_betting got = {0};
    struct hb_buf raw = {0};
    struct hb_rd rd;

    hb_betting_encode(&b, &raw);
    for (size_t len = 0; len < raw.len; len++) {
        rd = hb_rd_over(raw.data, len);
        CHECK_EQ(hb_betting_decode(&got, &rd, NULL), HB_EFORMAT);
    }
    for (size_t bit = 0; bit < raw.len * 8; bit++) {
        struct hb_buf again = {0};

        raw.data[bit / 8] = (uint8_t)(raw.data[bit / 8] ^ 1 << bit % 8);
        rd = hb_rd_over(raw.data, raw.len);
        if (hb_betting_decode(&got, &rd, NULL) == HB_OK) {
            hb_betting_encode(&got, &again);
            CHECK_EQ(again.len + hb_rd_left(&rd), raw.len);
            CHECK(memcmp(again.data, raw.data, again.len) == 0);
        }
        raw.data[bit / 8] = (uint8_t)(raw.data[bit / 8] ^ 1 << bit % 8);
        hb_buf_fini(&again);
    }
    hb_buf_fini(&raw);
}

int main(void)
{
    RUN(sizes_parse_as_exact_decimals);
    RUN(other_sizes_are_refused);
    RUN(fractions_are_of_the_pot_after_a_call);
    RUN(half_a_chip_rounds_up);
    RUN(sizes_are_moved_into_what_is_legal);
    RUN(raises_stop_at_the_cap_of_the_street);
    RUN(without_limps_it_is_jam_or_fold);
    RUN(limit_games_need_no_sizes);
    RUN(every_size_is_every_size);
    RUN(too_little_room_is_told);
    RUN(kept_actions_are_legal_and_ascend);
    RUN(bytes_are_canonical);
    RUN(damaged_bytes_are_refused_or_canonical);
    return check_done();
}
