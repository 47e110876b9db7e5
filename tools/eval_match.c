/* hb-eval match - players against each other: who wins how much, and how sure that is. */
#include "eval.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"
#include "game/handlog.h"
#include "run/hand.h"
#include "run/match.h"
#include "tool.h"

#define SAY_EVERY_S 5.0
#define NAME_MAX_   64

enum {
    OPT_HANDS = TOOL_OPT,
    OPT_SEED,
    OPT_CONFIG,
    OPT_GAME,
    OPT_BUCKETS,
    OPT_NAMES,
    OPT_LOG,
    OPT_LOG_FORMAT,
    OPT_WORKERS,
    OPT_AIVAT
};

static const struct tool_option options[] = {
    {"hands", OPT_HANDS, "N", "play so many hands, or a few more: whole deals"},
    {"seed", OPT_SEED, "N", "of cards and choices (default 1)"},
    {"aivat", OPT_AIVAT, NULL, "with most of the luck taken out too, for two players"},
    {"config", OPT_CONFIG, "FILE", "configuration that fixed strategies play"},
    {"game", OPT_GAME, "FILE", "game that fixed strategies play, all legal sizes"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file for the players it fits; may be repeated"},
    {"names", OPT_NAMES, "A,...", "names of the players in log and result"},
    {"log", OPT_LOG, "FILE", "write every hand; - is standard output"},
    {"log-format", OPT_LOG_FORMAT, "acpc|phh", "how hands are written (default acpc)"},
    {"workers", OPT_WORKERS, "N", "processes (default 0: one a processor)"},
    {"quiet", 'q', NULL, "do not say how far it is"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec spec = {
    "hb-eval match", EVAL_MATCH_USAGE,
    "Plays duplicate hands, everybody in every position, and says what each player wins. A player\n"
    "is a blueprint file, a checkpoint, or a fixed strategy: @uniform, @call, @fold, @raise.\n"
    "The folder of a run stands for its checkpoints/latest.hbc.",
    options};

struct job {
    struct hb_match_options o;
    struct hb_match match;
    const char *buckets[HB_PLAYERS_MAX];
    const char *names; /* the option */
    const char *who[HB_PLAYERS_MAX], *name[HB_PLAYERS_MAX];
    char name_text[HB_PLAYERS_MAX][NAME_MAX_];
    int n;
    const char *log_path; /* NULL: none */
    struct hb_atomic log; /* unless it is standard output */
    int log_fd;
    bool quiet;
    double start_s, said_s;
};

/* ---- options ---- */

static void take_operands(struct job *j, int argc, char **argv)
{
    j->n = argc - optind;
    if (j->o.n_hands == 0)
        tool_usage(&spec, "--hands N is missing");
    if (j->n < 2 || j->n > HB_PLAYERS_MAX)
        tool_usage(&spec, "2 to %d players, please, not %d", HB_PLAYERS_MAX, j->n);
    for (int i = 0; i < j->n; i++)
        j->who[i] = argv[optind + i];
}

static void take_options(struct job *j, int argc, char **argv)
{
    const char *arg;
    int opt;

    j->o.buckets = j->buckets;
    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_HANDS: j->o.n_hands = tool_u64(arg, "--hands", 1, HB_HANDS_MATCH); break;
        case OPT_SEED: j->o.seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_AIVAT: j->o.aivat = true; break;
        case OPT_CONFIG: j->o.config = arg; break;
        case OPT_GAME: j->o.game = arg; break;
        case OPT_BUCKETS:
            if (j->o.n_buckets == HB_PLAYERS_MAX)
                tool_usage(&spec, "--buckets: more than %d", HB_PLAYERS_MAX);
            j->buckets[j->o.n_buckets++] = arg;
            break;
        case OPT_NAMES: j->names = arg; break;
        case OPT_LOG: j->log_path = arg; break;
        case OPT_LOG_FORMAT:
            j->o.log = tool_choice(arg, "--log-format", "acpc|phh") == 0 ? HB_MATCH_LOG_ACPC
                                                                         : HB_MATCH_LOG_PHH;
            break;
        case OPT_WORKERS: j->o.n_workers = (int)tool_u64(arg, "--workers", 0, HB_POOL_MAX); break;
        case 'q': j->quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    take_operands(j, argc, argv);
    if (j->log_path == NULL && j->o.log != HB_MATCH_LOG_NONE)
        tool_usage(&spec, "--log-format goes with --log FILE");
    if (j->log_path != NULL && j->o.log == HB_MATCH_LOG_NONE)
        j->o.log = HB_MATCH_LOG_ACPC;
}

/* The file name, without what a log cannot have. */
static void name_after_file(const char *who, char out[NAME_MAX_])
{
    const char *slash = strrchr(who, '/');

    (void)snprintf(out, NAME_MAX_, "%s", slash != NULL ? slash + 1 : who); /* or cut */
    for (; *out != '\0'; out++)
        if (*out == ':' || *out == '|' || (unsigned char)*out < ' ' || *out == 127)
            *out = '_';
}

static void name_players(struct job *j)
{
    const char *rest = j->names;

    for (int i = 0; i < j->n; i++) {
        j->name[i] = j->name_text[i];
        if (!tool_next_part(&rest, j->name_text[i], NAME_MAX_))
            name_after_file(j->who[i], j->name_text[i]);
        if (!tool_is_log_name(j->name[i]))
            tool_usage(&spec, "--names: '%s' has a character that a log cannot have", j->name[i]);
    }
    if (rest != NULL && *rest != '\0')
        tool_usage(&spec, "--names: more than the %d players", j->n);
}

/* ---- output ---- */

static double mbb(const struct hb_match *m, double chips)
{
    return chips * 1000 / hb_rules_largest_blind(&m->rules);
}

static void on_progress(void *ctx, const struct hb_match *m)
{
    struct job *j = ctx;
    double now = hb_os_monotonic();
    uint64_t done = m->chips[0].n;

    if (now - j->said_s < SAY_EVERY_S && (done < m->n_deals || j->said_s == j->start_s))
        return;
    j->said_s = now;
    if (done == 0) {
        tool_info("%llu hands played to learn from", (unsigned long long)m->n_learned);
        return;
    }
    tool_info("%llu of %llu hands (%.0f hands/s): %s wins %.1f +- %.1f mbb/hand",
              (unsigned long long)done * (unsigned)m->n,
              (unsigned long long)m->n_deals * (unsigned)m->n,
              (double)done * m->n / (now - j->start_s), m->name[0], mbb(m, m->chips[0].mean),
              mbb(m, hb_stat_ci95(&m->chips[0])));
}

static void put_player(const struct hb_match *m, int i, struct hb_buf *out)
{
    hb_buf_printf(out, "%s{\"name\":", i > 0 ? "," : "");
    hb_json_str(out, m->name[i]);
    hb_buf_printf(out, ",\"mbb_per_hand\":");
    hb_json_real(out, mbb(m, m->chips[i].mean));
    hb_buf_printf(out, ",\"ci95\":");
    hb_json_real(out, mbb(m, hb_stat_ci95(&m->chips[i])));
    hb_buf_printf(out, ",\"chips_per_hand\":");
    hb_json_real(out, m->chips[i].mean);
    hb_buf_u8(out, '}');
}

/* The result: an object without its line end. */
static void put_result(const struct job *j, struct hb_buf *out)
{
    const struct hb_match *m = &j->match;

    hb_buf_printf(out, "{\"mbb_per_hand\":");
    hb_json_real(out, mbb(m, m->chips[0].mean));
    hb_buf_printf(out, ",\"ci95\":");
    hb_json_real(out, mbb(m, hb_stat_ci95(&m->chips[0])));
    hb_buf_printf(out, ",\"hands\":%llu,\"deals\":%llu,\"unit\":\"mbb/hand\",\"seed\":%llu,",
                  (unsigned long long)m->n_deals * (unsigned)m->n, (unsigned long long)m->n_deals,
                  (unsigned long long)j->o.seed);
    hb_buf_printf(out, "\"game\":");
    hb_json_str(out, m->game_name);
    hb_buf_printf(out, ",\"players\":[");
    for (int i = 0; i < m->n; i++)
        put_player(m, i, out);
    hb_buf_u8(out, ']');
    if (j->o.aivat) {
        hb_buf_printf(out, ",\"aivat\":{\"mbb_per_hand\":");
        hb_json_real(out, mbb(m, m->chips[m->n].mean));
        hb_buf_printf(out, ",\"ci95\":");
        hb_json_real(out, mbb(m, hb_stat_ci95(&m->chips[m->n])));
        hb_buf_printf(out, ",\"learned_hands\":%llu}", (unsigned long long)m->n_learned);
    }
    hb_buf_u8(out, '}');
}

static int write_text(const struct job *j, const struct hb_buf *text, struct hb_err *e)
{
    int rc = hb_buf_check(text, e);

    return rc == HB_OK ? hb_io_write_full(j->log_fd, text->data, text->len, j->log_path, e) : rc;
}

static int on_hands(void *ctx, const void *text, size_t len, struct hb_err *e)
{
    const struct job *j = ctx;

    return hb_io_write_full(j->log_fd, text, len, j->log_path, e);
}

static int open_log(struct job *j, struct hb_err *e)
{
    struct hb_buf head = {0};
    int rc = HB_OK;

    if (j->log_path == NULL)
        return HB_OK;
    j->log_fd = STDOUT_FILENO;
    if (strcmp(j->log_path, "-") != 0) {
        if ((rc = hb_atomic_open(j->log_path, &j->log, e)) != HB_OK)
            return rc;
        j->log_fd = j->log.fd;
    }
    hb_buf_printf(&head, "# hb-eval match, game %s, seed %llu\n", j->match.game_name,
                  (unsigned long long)j->o.seed);
    rc = write_text(j, &head, e);
    hb_buf_fini(&head);
    return rc;
}

/* The score, and the result as a comment. */
static int close_log(struct job *j, const struct hb_buf *result, struct hb_err *e)
{
    const struct hb_match *m = &j->match;
    double chips[HB_PLAYERS_MAX];
    struct hb_buf end = {0};
    int rc;

    if (j->log_path == NULL)
        return HB_OK;
    for (int i = 0; i < m->n; i++)
        chips[i] = m->chips[i].mean * (double)m->n_deals * m->n;
    if (j->o.log == HB_MATCH_LOG_ACPC)
        hb_handlog_score(m->n, chips, m->name, &end);
    hb_buf_printf(&end, "# ");
    hb_buf_put(&end, result->data, result->len);
    hb_buf_u8(&end, '\n');
    rc = write_text(j, &end, e);
    if (rc == HB_OK && j->log.tmp_path != NULL)
        rc = hb_atomic_commit(&j->log, e);
    hb_buf_fini(&end);
    return rc;
}

static int run(struct job *j, struct hb_buf *result, struct hb_err *e)
{
    struct hb_match_watch w = {.ctx = j,
                               .log = j->log_path != NULL ? on_hands : NULL,
                               .tell = j->quiet ? NULL : on_progress};
    int rc;

    if ((rc = hb_match_open(j->who, j->name, j->n, &j->o, &j->match, e)) != HB_OK ||
        (rc = open_log(j, e)) != HB_OK)
        return rc;
    j->start_s = j->said_s = hb_os_monotonic();
    if ((rc = hb_match_run(&j->match, &w, e)) != HB_OK)
        return rc;
    put_result(j, result);
    if ((rc = hb_buf_check(result, e)) != HB_OK)
        return rc;
    return close_log(j, result, e);
}

int eval_match(int argc, char **argv)
{
    struct job *j = NULL;
    struct hb_buf result = {0};
    struct hb_err e = {0};
    int rc;

    if (hb_mem_new(&j, 1, sizeof *j, "a match", &e) != HB_OK)
        tool_die(&e, NULL);
    j->o.seed = 1;
    take_options(j, argc, argv);
    name_players(j);
    rc = run(j, &result, &e);
    hb_atomic_abort(&j->log);
    hb_match_close(&j->match);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    if (j->log_path == NULL || strcmp(j->log_path, "-") != 0) /* there it is a comment */
        (void)printf("%.*s\n", (int)result.len, (const char *)result.data); /* finish looks */
    hb_buf_fini(&result);
    hb_mem_free(j);
    return tool_finish(TOOL_OK);
}
