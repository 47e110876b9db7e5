/* hb-play - sits down at a table of the ACPC protocol: a blueprint, a fixed strategy or a person.
 */
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/config.h"
#include "run/hand.h"
#include "run/net.h"
#include "run/player.h"

enum {
    OPT_BLUEPRINT = TOOL_OPT,
    OPT_HUMAN,
    OPT_SEED,
    OPT_PURIFY,
    OPT_THRESHOLD,
    OPT_BUCKETS,
    OPT_GAME,
    OPT_CONFIG
};

static const struct tool_option options[] = {
    {"blueprint", OPT_BLUEPRINT, "FILE", "play this: see hb-ckpt export --blueprint"},
    {"seed", OPT_SEED, "N", "of the random choices (default 1)"},
    {"purify", OPT_PURIFY, NULL, "always take the most probable action"},
    {"threshold", OPT_THRESHOLD, "X", "do not take actions of a probability below X"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, where it is no longer at its path"},
    {"game", OPT_GAME, "FILE", "game of a fixed strategy or of a person"},
    {"config", OPT_CONFIG, "FILE", "configuration whose bets a fixed strategy makes"},
    {"human", OPT_HUMAN, NULL, "ask for each action on the terminal"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec spec = {
    "hb-play",
    "hb-play --blueprint FILE HOST PORT [--seed N] [--purify] [--threshold X] [--buckets FILE]\n"
    "hb-play @STRATEGY --game FILE|--config FILE HOST PORT [--seed N]\n"
    "hb-play --human --game FILE HOST PORT",
    "Plays hands of a dealer that speaks the ACPC protocol 2.0.0, such as hb-deal, until the "
    "dealer\n"
    "closes the connection. Fixed strategies are @uniform, @call, @fold and @raise.",
    options};

struct session {
    struct hb_player player; /* rules and, unless human, answers */
    bool human;
    struct hb_lines in, keys; /* from the dealer; of the person */
    struct hb_matchstate m;
    struct hb_buf out;
    uint64_t n_hands, n_answers;
    double chips, seconds, slowest_s;
};

/* ---- what is said ---- */

static double payoff(const struct hb_rules *r, const struct hb_matchstate *m)
{
    double win[HB_PLAYERS_MAX];

    hb_hand_win(r, m, win);
    return win[m->position];
}

static void say_state(const struct session *s)
{
    const struct hb_rules *r = &s->player.rules;
    const struct hb_matchstate *m = &s->m;
    char own[2 * HB_HOLE_MAX + 1];
    char board[2 * HB_BOARD_MAX + 1];
    int64_t pot = 0;

    for (int i = 0; i < r->n_players; i++)
        pot += m->state.spent[i];
    hb_cards_format(m->own[m->position], r->deck.n_hole, own);
    hb_cards_format(m->board, r->deck.n_board[m->state.street], board);
    (void)printf("hand %u: you are position %d with %s, board %s, pot %lld\n", m->hand, m->position,
                 own, board[0] != '\0' ? board : "-", (long long)pot);
}

static void say_choices(const struct session *s)
{
    const struct hb_rules *r = &s->player.rules;
    const struct hb_state *st = &s->m.state;
    int32_t call = st->max_spent - st->spent[st->actor];
    int32_t min_to;
    int32_t max_to;

    if (hb_state_can_fold(r, st))
        (void)printf("  f fold, c call %d", call);
    else
        (void)printf("  c check");
    if (hb_state_can_raise(r, st, &min_to, &max_to)) {
        if (r->no_limit)
            (void)printf(", r%d to r%d raise to so many chips in all", min_to, max_to);
        else
            (void)printf(", r raise to %d", min_to);
    }
    (void)printf("? ");
    (void)fflush(stdout);
}

static void say_end(const struct session *s)
{
    const struct hb_rules *r = &s->player.rules;
    struct hb_buf text = {0};

    hb_matchstate_format_hand(r, &s->m, s->m.position, &text);
    hb_buf_u8(&text, '\0');
    if (!text.failed)
        (void)printf("hand %u is over: %s, you %s %g, %g in all\n\n", s->m.hand,
                     (const char *)text.data, payoff(r, &s->m) < 0 ? "lose" : "win",
                     payoff(r, &s->m) < 0 ? -payoff(r, &s->m) : payoff(r, &s->m), s->chips);
    hb_buf_fini(&text);
}

/* ---- answers ---- */

/* A legal action from the terminal; HB_EOF when the person leaves. */
static int ask(struct session *s, hb_act *out, struct hb_err *e)
{
    char *line;
    size_t len;
    int rc;

    say_state(s);
    for (;;) {
        struct hb_match_reply reply;

        say_choices(s);
        if ((rc = hb_lines_next(&s->keys, HB_NET_FOREVER, &line, &len, e)) != HB_OK)
            return rc;
        reply = hb_match_reply_read(&s->player.rules, &s->m.state, line, len);
        *out = reply.act;
        if (reply.legal)
            return HB_OK;
        (void)printf("  '%s' is not a legal action\n", line);
    }
}

static int answer(struct session *s, const char *line, size_t len, struct hb_err *e)
{
    char text[16];
    double t = hb_os_monotonic();
    hb_act act = HB_ACT_CALL;
    int rc = s->human ? ask(s, &act, e) : hb_player_answer(&s->player, &s->m, &act, e);

    if (rc != HB_OK)
        return rc;
    hb_act_format(&s->player.rules, act, text);
    s->out.len = 0;
    hb_buf_put(&s->out, line, len);
    hb_buf_printf(&s->out, ":%s\r\n", text);
    t = hb_os_monotonic() - t;
    s->n_answers++;
    s->seconds += t;
    s->slowest_s = t > s->slowest_s ? t : s->slowest_s;
    if ((rc = hb_buf_check(&s->out, e)) != HB_OK)
        return rc;
    return hb_io_write_full(s->in.fd, s->out.data, s->out.len, s->in.name, e);
}

static int take_line(struct session *s, const char *line, size_t len, struct hb_err *e)
{
    int rc;

    if (len == 0 || line[0] == '#' || line[0] == ';')
        return HB_OK;
    if ((rc = hb_matchstate_parse(&s->player.rules, line, len, &s->m, e)) != HB_OK)
        return hb_context(e, rc, "'%s'", s->in.name);
    if (hb_matchstate_is_turn(&s->m))
        return answer(s, line, len, e);
    if (!s->m.state.finished)
        return HB_OK;
    s->n_hands++;
    s->chips += payoff(&s->player.rules, &s->m);
    if (s->human)
        say_end(s);
    return HB_OK;
}

static int run(struct session *s, struct hb_err *e)
{
    static const char hello[] = HB_MATCH_VERSION "\r\n";
    char *line;
    size_t len;
    int rc = hb_io_write_full(s->in.fd, hello, sizeof hello - 1, s->in.name, e);

    while (rc == HB_OK && (rc = hb_lines_next(&s->in, HB_NET_FOREVER, &line, &len, e)) == HB_OK)
        rc = take_line(s, line, len, e);
    return rc == HB_EOF ? HB_OK : rc;
}

static void print_result(const struct session *s)
{
    struct hb_buf out = {0};
    struct hb_err e = {0};

    hb_buf_printf(&out,
                  "{\"hands\":%llu,\"answers\":%llu,\"chips\":", (unsigned long long)s->n_hands,
                  (unsigned long long)s->n_answers);
    hb_match_chips(s->chips, &out);
    if (!s->human)
        hb_buf_printf(&out, ",\"mean_us\":%.1f,\"slowest_us\":%.1f",
                      s->n_answers > 0 ? 1e6 * s->seconds / (double)s->n_answers : 0,
                      1e6 * s->slowest_s);
    hb_buf_printf(&out, "}\n");
    if (hb_buf_check(&out, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(out.data, 1, out.len, stdout); /* tool_finish looks */
    hb_buf_fini(&out);
}

/* ---- options ---- */

struct args {
    const char *name; /* blueprint or @strategy; NULL: a person */
    struct hb_player_options o;
    bool human;
    const char *host, *port;
};

static double probability(const char *text)
{
    char *end = NULL;
    double v;

    errno = 0;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(v >= 0 && v <= 1))
        tool_usage(&spec, "--threshold: '%s' is not a probability", text);
    return v;
}

static void take_options(struct args *a, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_BLUEPRINT: a->name = arg; break;
        case OPT_HUMAN: a->human = true; break;
        case OPT_SEED: a->o.seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_PURIFY: a->o.purify = true; break;
        case OPT_THRESHOLD: a->o.threshold = probability(arg); break;
        case OPT_BUCKETS: a->o.buckets = arg; break;
        case OPT_GAME: a->o.game = arg; break;
        case OPT_CONFIG: a->o.config = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (a->name == NULL && optind < argc && argv[optind][0] == '@')
        a->name = argv[optind++];
    if ((a->name == NULL) != a->human)
        tool_usage(&spec, a->human ? "a person plays without a strategy"
                                   : "who plays? --blueprint FILE, @STRATEGY or --human");
    if (a->human && a->o.game == NULL)
        tool_usage(&spec, "--human needs --game FILE");
    if (argc - optind != 2)
        tool_usage(&spec, "where is the dealer? HOST PORT");
    a->host = argv[optind];
    a->port = argv[optind + 1];
    (void)tool_u64(a->port, "PORT", 1, 65535);
}

/* A person needs the rules alone. */
static int open_rules(const char *game, struct hb_player *p, struct hb_err *e)
{
    struct hb_config *c = NULL;
    int rc = hb_mem_new(&c, 1, sizeof *c, "configuration", e);

    if (rc == HB_OK && (rc = hb_config_from_game(game, c, e)) == HB_OK)
        p->rules = c->rules;
    hb_mem_free(c);
    return rc;
}

int main(int argc, char **argv)
{
    struct args a = {.o = {.seed = 1}};
    struct session *s = NULL;
    struct hb_err e = {0};
    char name[64];
    int fd = -1;
    int rc;

    tool_init("hb-play");
    take_options(&a, argc, argv);
    if (hb_mem_new(&s, 1, sizeof *s, "a session", &e) != HB_OK)
        tool_die(&e, NULL);
    s->human = a.human;
    rc = a.human ? open_rules(a.o.game, &s->player, &e)
                 : hb_player_open(a.name, &a.o, &s->player, &e);
    (void)snprintf(name, sizeof name, "%.40s port %s", a.host, a.port); /* fits */
    if (rc != HB_OK || hb_net_connect(a.host, a.port, &fd, &e) != HB_OK ||
        hb_lines_init(&s->in, fd, name, HB_MATCH_LINE_MAX, &e) != HB_OK ||
        hb_lines_init(&s->keys, STDIN_FILENO, "standard input", 256, &e) != HB_OK)
        tool_die(&e, NULL);
    if (run(s, &e) != HB_OK)
        tool_die(&e, NULL);
    print_result(s);
    (void)close(fd); /* everything was answered */
    hb_lines_fini(&s->in);
    hb_lines_fini(&s->keys);
    hb_player_close(&s->player);
    hb_buf_fini(&s->out);
    hb_mem_free(s);
    return tool_finish(TOOL_OK);
}
