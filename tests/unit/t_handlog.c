/* What a log says of a hand is the hand: read back by the parser of the protocol, and PHH by a
 * reader made here from its specification. */
#include "game/handlog.h"

#include <stdlib.h>

#include "check.h"
#include "games.h"
#include "run/hand.h"

static struct hb_matchstate hand;
static struct hb_matchstate back;
static const char *const names[HB_PLAYERS_MAX] = {"a", "b", "c", "d", "e", "f"};
static double win[HB_PLAYERS_MAX];

static void play_at_random(const struct hb_rules *r, struct rand_stream *g, uint32_t number)
{
    struct hb_err e = {0};

    hb_hand_deal(r, 3, number, number, &hand);
    while (!hand.state.finished) {
        int32_t min_to;
        int32_t max_to;
        int what = rand_in(g, 0, 9);
        hb_act act = HB_ACT_CALL;

        if (what == 0 && hb_state_can_fold(r, &hand.state))
            act = HB_ACT_FOLD;
        else if (what < 5 && hb_state_can_raise(r, &hand.state, &min_to, &max_to))
            act = what == 1 ? max_to : what == 2 ? rand_in(g, min_to, max_to) : min_to;
        CHECK_OK(hb_matchstate_act(r, &hand, act, &e), e);
    }
    hb_hand_win(r, &hand, win);
}

static const char *text_of(struct hb_buf *b)
{
    hb_buf_u8(b, '\0');
    CHECK(!b->failed);
    return (const char *)b->data;
}

/* ---- ACPC ---- */

static void a_log_line_reads_back(void)
{
    static const char *const game[] = {"kuhn",       "leduc",     "leduc3", "holdem-limit",
                                       "hunl-100bb", "hunl-10bb", "nl3",    "nl6"};
    struct rand_stream g = {.seed = 21};

    for (unsigned i = 0; i < 8 * 100; i++) {
        struct hb_rules r = shipped_game(game[i / 100]);
        struct hb_buf line = {0};
        struct hb_buf state = {0};
        struct hb_err e = {0};
        const char *text;
        size_t len;

        play_at_random(&r, &g, i);
        hb_handlog_acpc(&r, &hand, win, names, &line);
        text = text_of(&line);
        CHECK(strncmp(text, "STATE:", 6) == 0);
        /* values and names are behind the last two colons */
        len = strlen(text);
        for (int colons = 0; colons < 2; colons += text[len] == ':')
            len--;
        hb_buf_printf(&state, "MATCHSTATE:0:%.*s", (int)len - 6, text + 6);
        CHECK_OK(hb_matchstate_parse(&r, (const char *)state.data, state.len, &back, &e), e);
        CHECK_EQ(back.hand, i);
        CHECK_EQ(back.n_acts, hand.n_acts);
        CHECK(memcmp(back.act, hand.act, (size_t)hand.n_acts * sizeof *hand.act) == 0);
        CHECK(back.state.finished);
        for (int p = 0; p < r.n_players; p++)
            CHECK(memcmp(back.own[p], hand.own[p], (size_t)r.deck.n_hole) == 0);
        CHECK(memcmp(back.board, hand.board, (size_t)r.deck.n_board[hand.state.street]) == 0);
        hb_buf_fini(&line);
        hb_buf_fini(&state);
    }
}

static void a_known_hand_has_its_known_line(void)
{
    struct hb_rules r = shipped_game("leduc");
    struct hb_buf line = {0};
    struct hb_err e = {0};
    static const char text[] = "MATCHSTATE:0:7:crc/rf:Qh|As/Kh";

    CHECK_OK(hb_matchstate_parse(&r, text, sizeof text - 1, &hand, &e), e);
    hb_hand_win(&r, &hand, win);
    hb_handlog_acpc(&r, &hand, win, names, &line);
    hb_handlog_score(2, (const double[]){-12.5, 12.5}, names, &line);
    CHECK_STR(text_of(&line), "STATE:7:crc/rf:Qh|As/Kh:3|-3:a|b\nSCORE:-12.5|12.5:a|b\n");
    hb_buf_fini(&line);
}

/* ---- PHH ---- */

static void known_hand(const char *game, const char *line, const char *want)
{
    struct hb_rules r = shipped_game(game);
    static const char *const who[] = {"Al", "B \"q\" \\", "C"};
    struct hb_buf out = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_handlog_phh_fits(&r, &e), e);
    CHECK_OK(hb_matchstate_parse(&r, line, strlen(line), &hand, &e), e);
    hb_hand_win(&r, &hand, win);
    hb_handlog_phh(&r, &hand, win, who, 4, &out);
    CHECK_STR(text_of(&out), want);
    hb_buf_fini(&out);
}

/* Heads-up the big blind is p1 and the blinds are written small one first; raises count the chips
 * of their round; all-in hands are shown before the rest of the board. */
static void known_hands_have_their_known_text(void)
{
    known_hand("hunl-10bb", "MATCHSTATE:0:3:r200c/cr1000c//:AhAd|KhKd/2c3c4c/5d/9s",
               "[4]\nvariant = \"NT\"\nantes = [0, 0]\nblinds_or_straddles = [50, 100]\n"
               "min_bet = 100\nstarting_stacks = [1000, 1000]\nactions = [\n"
               "  \"d dh p1 AhAd\",\n  \"d dh p2 KhKd\",\n  \"p2 cbr 200\",\n  \"p1 cc\",\n"
               "  \"d db 2c3c4c\",\n  \"p1 cc\",\n  \"p2 cbr 800\",\n  \"p1 cc\",\n"
               "  \"p2 sm KhKd\",\n  \"p1 sm AhAd\",\n  \"d db 5d\",\n  \"d db 9s\"\n]\n"
               "hand = 3\nplayers = [\"Al\", \"B \\\"q\\\" \\\\\"]\n"
               "finishing_stacks = [2000, 0]\n\n");
    known_hand("nl3", "MATCHSTATE:0:0:fr300f:2c2d|3c3d|4c4d",
               "[4]\nvariant = \"NT\"\nantes = [0, 0, 0]\nblinds_or_straddles = [50, 100, 0]\n"
               "min_bet = 100\nstarting_stacks = [10000, 10000, 10000]\nactions = [\n"
               "  \"d dh p1 2c2d\",\n  \"d dh p2 3c3d\",\n  \"d dh p3 4c4d\",\n  \"p3 f\",\n"
               "  \"p1 cbr 300\",\n  \"p2 f\"\n]\n"
               "hand = 0\nplayers = [\"Al\", \"B \\\"q\\\" \\\\\", \"C\"]\n"
               "finishing_stacks = [10100, 9900, 10000]\n\n");
    known_hand("holdem-limit", "MATCHSTATE:0:0:rc/cc/cc/rf:2c2d|3c3d/4c4d4h/9c/9d",
               "[4]\nvariant = \"FT\"\nantes = [0, 0]\nblinds_or_straddles = [5, 10]\n"
               "small_bet = 10\nbig_bet = 20\nstarting_stacks = [inf, inf]\nactions = [\n"
               "  \"d dh p1 2c2d\",\n  \"d dh p2 3c3d\",\n  \"p2 cbr 20\",\n  \"p1 cc\",\n"
               "  \"d db 4c4d4h\",\n  \"p1 cc\",\n  \"p2 cc\",\n  \"d db 9c\",\n"
               "  \"p1 cc\",\n  \"p2 cc\",\n  \"d db 9d\",\n  \"p1 cbr 20\",\n  \"p2 f\"\n]\n"
               "hand = 0\nplayers = [\"Al\", \"B \\\"q\\\" \\\\\"]\n\n");
}

struct reader { /* plays what a PHH table says */
    const struct hb_rules *r;
    int32_t before; /* chips a player had put in when the round began */
    int n_board, n_shown;
};

static int position_of(const struct hb_rules *r, int player)
{
    return r->n_players == 2 && r->blind[1] > r->blind[0] ? 2 - player : player - 1;
}

static void read_dealer(struct reader *p, const char *text)
{
    uint8_t cards[HB_BOARD_MAX];
    struct hb_err e = {0};
    int player;
    int n = 0;

    if (sscanf(text, "d dh p%d", &player) == 1) {
        CHECK_OK(hb_cards_parse(text + 8, 4, cards, 2, &n, &e), e);
        memcpy(back.own[position_of(p->r, player)], cards, 2);
        return;
    }
    CHECK(strncmp(text, "d db ", 5) == 0);
    CHECK_OK(hb_cards_parse(text + 5, strcspn(text + 5, "\""), cards, 3, &n, &e), e);
    memcpy(back.board + p->n_board, cards, (size_t)n);
    p->n_board += n;
}

static void read_player(struct reader *p, const char *text)
{
    struct hb_err e = {0};
    int street = back.state.street;
    int player = text[1] - '0';
    hb_act act = HB_ACT_CALL;

    if (strncmp(text + 2, " sm ", 4) == 0) {
        CHECK(back.state.finished);
        p->n_shown++;
        return;
    }
    CHECK_EQ(position_of(p->r, player), back.state.actor);
    CHECK_EQ(p->n_board, p->r->deck.n_board[street]);
    if (strncmp(text + 2, " cbr ", 5) == 0)
        act = p->before + (hb_act)strtol(text + 7, NULL, 10);
    else if (strncmp(text + 2, " f\"", 3) == 0)
        act = HB_ACT_FOLD;
    else
        CHECK(strncmp(text + 2, " cc\"", 4) == 0);
    CHECK(hb_state_legal(p->r, &back.state, act));
    CHECK_OK(hb_matchstate_act(p->r, &back, act, &e), e);
    if (back.state.street != street)
        p->before = back.state.max_spent;
}

static void a_phh_table_plays_the_same_hand(void)
{
    static const char *const game[] = {"holdem-limit", "hunl-100bb", "hunl-10bb", "nl3", "nl6"};
    struct rand_stream g = {.seed = 22};

    for (unsigned i = 0; i < 5 * 200; i++) {
        struct hb_rules r = shipped_game(game[i / 200]);
        struct reader p = {.r = &r};
        struct hb_buf out = {0};
        int n_live;

        play_at_random(&r, &g, i);
        hb_handlog_phh(&r, &hand, win, names, 1, &out);
        back.n_acts = 0;
        hb_state_init(&r, &back.state);
        for (const char *at = strstr(text_of(&out), "\n  \""); at != NULL;
             at = strstr(at + 1, "\n  \"")) {
            if (at[4] == 'd')
                read_dealer(&p, at + 4);
            else
                read_player(&p, at + 4);
        }
        CHECK_EQ(back.n_acts, hand.n_acts);
        CHECK(memcmp(back.act, hand.act, (size_t)hand.n_acts * sizeof *hand.act) == 0);
        for (int k = 0; k < r.n_players; k++)
            CHECK(memcmp(back.own[k], hand.own[k], 2) == 0);
        CHECK_EQ(p.n_board, r.deck.n_board[hand.state.street]);
        CHECK(memcmp(back.board, hand.board, (size_t)p.n_board) == 0);
        n_live = hb_state_n_live(&r, &hand.state);
        CHECK_EQ(p.n_shown, hb_state_showdown(&r, &hand.state) ? n_live : 0);
        hb_buf_fini(&out);
    }
}

static void games_without_a_name_in_phh_are_refused(void)
{
    static const char *const game[] = {"kuhn", "leduc", "leduc52"};
    struct hb_rules r;
    struct hb_err e = {0};

    for (unsigned i = 0; i < 3; i++) {
        r = shipped_game(game[i]);
        CHECK_EQ(hb_handlog_phh_fits(&r, &e), HB_EUSAGE);
    }
    r = shipped_game("hunl-10bb");
    r.first_player[0] = 0;
    CHECK_EQ(hb_handlog_phh_fits(&r, &e), HB_EUSAGE);
    r = shipped_game("nl3");
    r.blind[2] = 200;
    CHECK_EQ(hb_handlog_phh_fits(&r, &e), HB_EUSAGE);
    r = shipped_game("holdem-limit");
    r.raise_size[1] = 15;
    CHECK_EQ(hb_handlog_phh_fits(&r, &e), HB_EUSAGE);
}

int main(void)
{
    RUN(a_log_line_reads_back);
    RUN(a_known_hand_has_its_known_line);
    RUN(known_hands_have_their_known_text);
    RUN(a_phh_table_plays_the_same_hand);
    RUN(games_without_a_name_in_phh_are_refused);
    return check_done();
}
