/* hb-deal - deals hands to players over TCP in the ACPC protocol and keeps the score. */
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "game/handlog.h"
#include "game/matchstate.h"
#include "run/config.h"
#include "run/hand.h"
#include "run/net.h"

#define HANDS_MAX UINT32_MAX

enum {
    OPT_GAME = TOOL_OPT,
    OPT_HANDS,
    OPT_SEED,
    OPT_DUPLICATE,
    OPT_PORT,
    OPT_HOST,
    OPT_TIMEOUT,
    OPT_LOG,
    OPT_NAMES,
    OPT_FAULTS
};

static const struct tool_option options[] = {
    {"game", OPT_GAME, "FILE", "the game, an ACPC .game file"},
    {"hands", OPT_HANDS, "N", "how many hands (default 1000)"},
    {"seed", OPT_SEED, "N", "of the cards (default 1)"},
    {"duplicate", OPT_DUPLICATE, NULL, "deal the same cards until everybody has had each position"},
    {"host", OPT_HOST, "ADDRESS", "listen here (default 127.0.0.1)"},
    {"port", OPT_PORT, "P,...", "a port for each player, 0 for any that is free (default)"},
    {"names", OPT_NAMES, "A,...", "names of the players in log and result"},
    {"timeout", OPT_TIMEOUT, "SECONDS", "longest wait for a player or an answer (default: none)"},
    {"max-faults", OPT_FAULTS, "N", "end the match when a player makes more (default 100)"},
    {"log", OPT_LOG, "FILE", "write an ACPC log; - is standard error"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec spec = {
    "hb-deal",
    "hb-deal --game FILE [--hands N] [--seed N] [--duplicate] [--host ADDRESS] [--port P,...] "
    "[--names A,...] [--timeout SECONDS] [--max-faults N] [--log FILE]",
    "Deals hands to players that speak the ACPC protocol 2.0.0, such as hb-play. The first line "
    "on\n"
    "standard output has the ports to connect to, the last one the result.",
    options};

struct seat { /* one of the players, who changes position with every hand */
    char name[64];
    int listener, fd;
    uint16_t port;
    struct hb_lines in;
    double chips, slowest_s;
    uint64_t n_answers, n_illegal, n_stray;
};

struct match {
    struct hb_rules rules;
    const char *host, *log_name;
    FILE *log;
    uint64_t n_hands, seed, n_dealt, max_faults;
    bool duplicate;
    double timeout_s;
    struct seat seat[HB_PLAYERS_MAX];
    struct hb_matchstate m;
    struct hb_buf line;
};

/* ---- players come ---- */

static int listen_all(struct match *g, struct hb_err *e)
{
    int rc = HB_OK;

    for (int i = 0; rc == HB_OK && i < g->rules.n_players; i++)
        rc = hb_net_listen(g->host, g->seat[i].port, &g->seat[i].listener, &g->seat[i].port, e);
    return rc;
}

/* Whoever waits for this line may connect. */
static int print_ports(const struct match *g, struct hb_err *e)
{
    (void)printf("{\"ports\":[");
    for (int i = 0; i < g->rules.n_players; i++)
        (void)printf("%s%u", i > 0 ? "," : "", (unsigned)g->seat[i].port);
    (void)printf("]}\n");
    if (fflush(stdout) != 0)
        return hb_fail_sys(e, HB_EIO, "cannot write the output");
    return HB_OK;
}

static int late(const struct match *g, const struct seat *s, const char *what, struct hb_err *e)
{
    return hb_fail(e, HB_EPROTO, "player '%s' %s within %g s", s->name, what, g->timeout_s);
}

static int gone(const struct seat *s, struct hb_err *e)
{
    return hb_fail(e, HB_EPROTO, "player '%s' has closed the connection", s->name);
}

static int welcome(struct match *g, struct seat *s, struct hb_err *e)
{
    char *line;
    size_t len;
    int rc = hb_net_accept(s->listener, g->timeout_s, &s->fd, e);

    if (rc == HB_AGAIN)
        return late(g, s, "has not connected", e);
    if (rc != HB_OK || (rc = hb_lines_init(&s->in, s->fd, s->name, HB_MATCH_LINE_MAX, e)) != HB_OK)
        return rc;
    rc = hb_lines_next(&s->in, g->timeout_s, &line, &len, e);
    if (rc == HB_AGAIN)
        return late(g, s, "has not sent " HB_MATCH_VERSION, e);
    if (rc == HB_EOF)
        return gone(s, e);
    if (rc != HB_OK)
        return rc;
    if (strncmp(line, HB_MATCH_VERSION, 10) != 0) /* VERSION:2. */
        return hb_fail(e, HB_EPROTO, "player '%s' begins with '%.60s', not with %s", s->name, line,
                       HB_MATCH_VERSION);
    return HB_OK;
}

/* ---- a hand ---- */

static struct seat *seat_at(struct match *g, int position)
{
    return &g->seat[hb_hand_player(g->rules.n_players, position, g->m.hand)];
}

static void new_hand(struct match *g, uint32_t hand)
{
    uint32_t n_alike = g->duplicate ? (uint32_t)g->rules.n_players : 1;

    hb_hand_deal(&g->rules, g->seed, hand / n_alike, hand, &g->m);
}

/* Tell a position the state; g->line is left without its line end. */
static int tell(struct match *g, int position, struct hb_err *e)
{
    struct seat *s = seat_at(g, position);
    int rc;

    g->line.len = 0;
    hb_matchstate_format(&g->rules, &g->m, position, &g->line);
    hb_buf_printf(&g->line, "\r\n");
    if ((rc = hb_buf_check(&g->line, e)) != HB_OK)
        return rc;
    if ((rc = hb_io_write_full(s->fd, g->line.data, g->line.len, s->name, e)) != HB_OK)
        return hb_context(e, HB_EPROTO, "player '%s' is gone", s->name);
    g->line.len -= 2;
    return HB_OK;
}

/* Everybody, who is to act last: his line is then g->line. */
static int tell_all(struct match *g, struct hb_err *e)
{
    int actor = g->m.state.finished ? -1 : g->m.state.actor;
    int rc = HB_OK;

    for (int i = 0; rc == HB_OK && i < g->rules.n_players; i++)
        if (i != actor)
            rc = tell(g, i, e);
    return rc == HB_OK && actor >= 0 ? tell(g, actor, e) : rc;
}

static int count_fault(const struct match *g, struct seat *s, uint64_t *n, struct hb_err *e)
{
    ++*n;
    if (s->n_illegal + s->n_stray <= g->max_faults)
        return HB_OK;
    return hb_fail(e, HB_EPROTO, "player '%s' has made %llu illegal and %llu stray answers",
                   s->name, (unsigned long long)s->n_illegal, (unsigned long long)s->n_stray);
}

/* The action in an answer to g->line, or NULL when it answers something else. An action alone, as a
 * person types it, will do. */
static const char *action_in(const struct match *g, const char *line, size_t len)
{
    if (memchr(line, ':', len) == NULL)
        return line;
    if (len > g->line.len && memcmp(line, g->line.data, g->line.len) == 0 &&
        line[g->line.len] == ':')
        return line + g->line.len + 1;
    return NULL;
}

/* One line of the player who is to act; *acted when the hand went on. */
static int take_answer(struct match *g, struct seat *s, const char *line, size_t len, bool *acted,
                       struct hb_err *e)
{
    const char *text = action_in(g, line, len);
    struct hb_match_reply reply;
    int rc;

    if (len == 0 || line[0] == '#' || line[0] == ';')
        return HB_OK;
    if (text == NULL)
        return count_fault(g, s, &s->n_stray, e);
    reply = hb_match_reply_read(&g->rules, &g->m.state, text, len - (size_t)(text - line));
    if (!reply.action && text == line) /* no answer at all */
        return count_fault(g, s, &s->n_stray, e);
    if (!reply.legal && (rc = count_fault(g, s, &s->n_illegal, e)) != HB_OK)
        return rc;
    s->n_answers++;
    *acted = true;
    return hb_matchstate_act(&g->rules, &g->m, reply.act, e);
}

static int hear(struct match *g, struct hb_err *e)
{
    struct seat *s = seat_at(g, g->m.state.actor);
    double start = hb_os_monotonic();
    bool acted = false;
    int rc = HB_OK;

    while (rc == HB_OK && !acted) {
        double left = g->timeout_s - (hb_os_monotonic() - start);
        char *line;
        size_t len;

        if (g->timeout_s < 0)
            left = HB_NET_FOREVER;
        else if (left < 0) /* remarks in a row are no answer */
            return late(g, s, "has not answered", e);
        rc = hb_lines_next(&s->in, left, &line, &len, e);
        if (rc == HB_AGAIN)
            return late(g, s, "has not answered", e);
        if (rc == HB_EOF)
            return gone(s, e);
        if (rc == HB_OK)
            rc = take_answer(g, s, line, len, &acted, e);
        else
            rc = hb_context(e, HB_EPROTO, "player '%s'", s->name);
    }
    start = hb_os_monotonic() - start;
    s->slowest_s = start > s->slowest_s ? start : s->slowest_s;
    return rc;
}

/* ---- the score ---- */

static int write_log(struct match *g, const struct hb_buf *line, struct hb_err *e)
{
    int rc = hb_buf_check(line, e);

    if (rc == HB_OK && g->log != NULL &&
        (fwrite(line->data, 1, line->len, g->log) != line->len || fflush(g->log) != 0))
        return hb_fail_sys(e, HB_EIO, "cannot write '%s'", g->log_name);
    return rc;
}

static int score_hand(struct match *g, struct hb_err *e)
{
    const char *name[HB_PLAYERS_MAX];
    double win[HB_PLAYERS_MAX];

    hb_hand_win(&g->rules, &g->m, win);
    for (int i = 0; i < g->rules.n_players; i++) {
        name[i] = seat_at(g, i)->name;
        seat_at(g, i)->chips += win[i];
    }
    g->n_dealt++;
    if (g->log == NULL)
        return HB_OK;
    g->line.len = 0;
    hb_handlog_acpc(&g->rules, &g->m, win, name, &g->line);
    return write_log(g, &g->line, e);
}

static int score_match(struct match *g, struct hb_err *e)
{
    const char *name[HB_PLAYERS_MAX];
    double chips[HB_PLAYERS_MAX];

    for (int i = 0; i < g->rules.n_players; i++) {
        chips[i] = g->seat[i].chips;
        name[i] = g->seat[i].name;
    }
    g->line.len = 0;
    hb_handlog_score(g->rules.n_players, chips, name, &g->line);
    return write_log(g, &g->line, e);
}

static void put_seat(const struct match *g, const struct seat *s, struct hb_buf *b)
{
    double unit = 1000.0 / (double)hb_rules_largest_blind(&g->rules);

    hb_buf_printf(b, "{\"name\":");
    hb_json_str(b, s->name);
    hb_buf_printf(b, ",\"chips\":");
    hb_match_chips(s->chips, b);
    hb_buf_printf(b, ",\"mbb_per_hand\":");
    hb_match_chips(g->n_dealt > 0 ? s->chips * unit / (double)g->n_dealt : 0, b);
    hb_buf_printf(b, ",\"answers\":%llu,\"illegal\":%llu,\"stray\":%llu,\"slowest_ms\":%.3f}",
                  (unsigned long long)s->n_answers, (unsigned long long)s->n_illegal,
                  (unsigned long long)s->n_stray, 1000 * s->slowest_s);
}

static void print_result(struct match *g, const struct hb_err *failed)
{
    struct hb_err e = {0};

    g->line.len = 0;
    hb_buf_printf(&g->line, "{\"hands\":%llu,\"complete\":%s", (unsigned long long)g->n_dealt,
                  failed == NULL ? "true" : "false");
    if (failed != NULL) {
        hb_buf_printf(&g->line, ",\"error\":");
        hb_json_str(&g->line, failed->msg);
    }
    hb_buf_printf(&g->line, ",\"players\":[");
    for (int i = 0; i < g->rules.n_players; i++) {
        if (i > 0)
            hb_buf_u8(&g->line, ',');
        put_seat(g, &g->seat[i], &g->line);
    }
    hb_buf_printf(&g->line, "]}\n");
    if (hb_buf_check(&g->line, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(g->line.data, 1, g->line.len, stdout); /* tool_finish looks */
}

/* ---- the match ---- */

static int play_hand(struct match *g, uint32_t hand, struct hb_err *e)
{
    int rc;

    new_hand(g, hand);
    while ((rc = tell_all(g, e)) == HB_OK && !g->m.state.finished)
        if ((rc = hear(g, e)) != HB_OK)
            return rc;
    return rc == HB_OK ? score_hand(g, e) : rc;
}

static int run(struct match *g, struct hb_err *e)
{
    int rc = listen_all(g, e);

    if (rc != HB_OK || (rc = print_ports(g, e)) != HB_OK)
        tool_die(e, NULL);
    for (int i = 0; rc == HB_OK && i < g->rules.n_players; i++)
        rc = welcome(g, &g->seat[i], e);
    for (uint64_t hand = 0; rc == HB_OK && hand < g->n_hands; hand++)
        rc = play_hand(g, (uint32_t)hand, e);
    return rc;
}

static void close_all(struct match *g)
{
    for (int i = 0; i < g->rules.n_players; i++) {
        if (g->seat[i].listener >= 0)
            (void)close(g->seat[i].listener); /* nothing was written to it */
        if (g->seat[i].fd >= 0)
            (void)close(g->seat[i].fd); /* each line was written whole */
        hb_lines_fini(&g->seat[i].in);
    }
    hb_buf_fini(&g->line);
}

/* ---- options ---- */

struct args {
    const char *game, *ports, *names;
};

static void take_options(struct match *g, struct args *a, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_GAME: a->game = arg; break;
        case OPT_HANDS: g->n_hands = tool_u64(arg, "--hands", 1, HANDS_MAX); break;
        case OPT_SEED: g->seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_DUPLICATE: g->duplicate = true; break;
        case OPT_HOST: g->host = arg; break;
        case OPT_PORT: a->ports = arg; break;
        case OPT_NAMES: a->names = arg; break;
        case OPT_TIMEOUT: g->timeout_s = tool_seconds(arg, "--timeout", false); break;
        case OPT_FAULTS: g->max_faults = tool_u64(arg, "--max-faults", 0, UINT32_MAX); break;
        case OPT_LOG: g->log_name = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    tool_no_operands(&spec, argc, argv);
    if (a->game == NULL)
        tool_usage(&spec, "--game FILE is missing");
}

static void name_seats(struct match *g, const struct args *a)
{
    const char *ports = a->ports;
    const char *names = a->names;
    char part[64];
    int n = g->rules.n_players;

    for (int i = 0; i < n; i++) {
        g->seat[i].listener = g->seat[i].fd = -1;
        if (tool_next_part(&ports, part, sizeof part))
            g->seat[i].port = (uint16_t)tool_u64(part, "--port", 0, 65535);
        if (!tool_next_part(&names, g->seat[i].name, sizeof g->seat[i].name))
            (void)snprintf(g->seat[i].name, sizeof g->seat[i].name, "player%d", i + 1); /* fits */
        if (!tool_is_log_name(g->seat[i].name))
            tool_usage(&spec, "--names: '%s' has a character that a log cannot have",
                       g->seat[i].name);
    }
    if ((ports != NULL && *ports != '\0') || (names != NULL && *names != '\0'))
        tool_usage(&spec, "more than %d players: the game is for %d", n, n);
}

static int open_log(struct match *g, struct hb_err *e)
{
    if (g->log_name == NULL)
        return HB_OK;
    g->log = strcmp(g->log_name, "-") == 0 ? stderr : fopen(g->log_name, "w");
    if (g->log == NULL)
        return hb_fail_sys(e, HB_ECREATE, "cannot create '%s'", g->log_name);
    return HB_OK;
}

static int close_log(struct match *g, struct hb_err *e)
{
    if (g->log != NULL && g->log != stderr && fclose(g->log) != 0)
        return hb_fail_sys(e, HB_EIO, "cannot write '%s'", g->log_name);
    return HB_OK;
}

static int load_game(const char *path, struct hb_rules *out, struct hb_err *e)
{
    struct hb_config *c = NULL;
    int rc = hb_mem_new(&c, 1, sizeof *c, "configuration", e);

    if (rc == HB_OK && (rc = hb_config_from_game(path, c, e)) == HB_OK)
        *out = c->rules;
    hb_mem_free(c);
    return rc;
}

int main(int argc, char **argv)
{
    struct match *g = NULL;
    struct args a = {0};
    struct hb_err e = {0};
    struct hb_err after = {0};
    int rc;

    tool_init("hb-deal");
    if (hb_mem_new(&g, 1, sizeof *g, "a match", &e) != HB_OK)
        tool_die(&e, NULL);
    g->host = "127.0.0.1";
    g->n_hands = 1000;
    g->seed = 1;
    g->max_faults = 100;
    g->timeout_s = HB_NET_FOREVER;
    take_options(g, &a, argc, argv);
    if (load_game(a.game, &g->rules, &e) != HB_OK)
        tool_die(&e, NULL);
    name_seats(g, &a);
    if (open_log(g, &e) != HB_OK)
        tool_die(&e, NULL);
    rc = run(g, &e);
    if (score_match(g, &after) != HB_OK || close_log(g, &after) != HB_OK)
        rc = rc != HB_OK ? rc : hb_fail(&e, after.rc, "%s", after.msg);
    print_result(g, rc != HB_OK ? &e : NULL);
    if (rc != HB_OK)
        (void)fprintf(stderr, "hb-deal: %s\n", e.msg);
    close_all(g);
    hb_mem_free(g);
    return tool_finish(rc != HB_OK ? tool_exit_code(rc) : TOOL_OK);
}
