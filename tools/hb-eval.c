/* hb-eval - how good a strategy is: its exact value and what a best responder wins against it. */
#include "eval.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "run/evaluate.h"
#include "run/strategy.h"
#include "solver/exploit.h"
#include "tool.h"

#define MAX_WORK    1e12 /* some hours of one processor */
#define SAY_FROM_S  10.0 /* shorter evaluations are not announced */
#define SAY_EVERY_S 10.0
#define BAR_EVERY_S 0.2
#define BAR_WIDTH   40
#define WORKERS_MAX 256

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_GAME,
    OPT_BUCKETS,
    OPT_MAX_WORK,
    OPT_WORKERS,
    OPT_WALK,
    OPT_SAMPLE,
    OPT_SEED,
    OPT_PLAN
};

struct opts {
    struct hb_strategy_options open;
    const char *file;
    struct hb_evaluation_options how;
    double max_work;
    bool plan;
    bool quiet;
};

#define EXPLOIT_USAGE                                                                              \
    "hb-eval exploitability FILE [--buckets FILE] [--workers N] [--max-work N]\n"                  \
    "        [--walk cheaper|deals|boards] [--sample-boards N [--seed S]] [--plan] [--quiet]\n"    \
    "hb-eval exploitability @STRATEGY --config FILE|--game FILE [--workers N] [--max-work N]\n"    \
    "        [--walk cheaper|deals|boards] [--sample-boards N [--seed S]] [--plan] [--quiet]"

static const struct tool_option exploit_options[] = {
    {"config", OPT_CONFIG, "FILE", "configuration that a fixed strategy plays"},
    {"game", OPT_GAME, "FILE", "game that a fixed strategy plays, all legal sizes"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, in place of the one the checkpoint names"},
    {"max-work", OPT_MAX_WORK, "N", "refuse what takes more than N steps (default 1e12)"},
    {"workers", OPT_WORKERS, "N", "processes for large games (default 0: one a processor)"},
    {"walk", OPT_WALK, "cheaper|deals|boards", "which walk (default cheaper); the results agree"},
    {"sample-boards", OPT_SAMPLE, "N", "bounds from N of the flops, in place of the exact value"},
    {"seed", OPT_SEED, "S", "which sample (default 1)"},
    {"plan", OPT_PLAN, NULL, "say what it would take, as JSON, and do nothing"},
    {"quiet", 'q', NULL, "do not say how long it will take and how far it is"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec exploit_spec = {
    "hb-eval exploitability", EXPLOIT_USAGE,
    "Exact value and best response, in the real cards, of a checkpoint's average strategy or of a\n"
    "fixed strategy: @uniform, @call, @fold, @raise. The folder of a run stands for its\n"
    "checkpoints/latest.hbc.",
    exploit_options};

static double steps(const char *text)
{
    char *end = NULL;
    double v;

    errno = 0;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(v >= 1 && v <= 1e300))
        tool_usage(&exploit_spec, "--max-work: '%s' is not a number of steps such as 1e12", text);
    return v;
}

static void parse(struct opts *o, int argc, char **argv)
{
    bool seeded = false;
    const char *arg;
    int opt;

    while ((opt = tool_next(&exploit_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: o->open.config = arg; break;
        case OPT_GAME: o->open.game = arg; break;
        case OPT_BUCKETS: o->open.buckets = arg; break;
        case OPT_MAX_WORK: o->max_work = steps(arg); break;
        case OPT_WORKERS: o->how.n_workers = (int)tool_u64(arg, "--workers", 0, WORKERS_MAX); break;
        case OPT_WALK:
            o->how.walk = (enum hb_walk)tool_choice(arg, "--walk", "cheaper|deals|boards");
            break;
        case OPT_SAMPLE:
            o->how.sample_boards = (uint32_t)tool_u64(arg, "--sample-boards", 1, UINT32_MAX);
            break;
        case OPT_SEED:
            o->how.seed = tool_u64(arg, "--seed", 0, UINT64_MAX);
            seeded = true;
            break;
        case OPT_PLAN: o->plan = true; break;
        case 'q': o->quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&exploit_spec, argc == optind ? "which checkpoint or fixed strategy?"
                                                 : "one checkpoint or fixed strategy, please");
    if (seeded && o->how.sample_boards == 0)
        tool_usage(&exploit_spec, "--seed goes with --sample-boards");
    if (o->how.sample_boards > 0 && o->how.walk == HB_WALK_DEALS)
        tool_usage(&exploit_spec, "--sample-boards goes with the walk over boards");
    o->file = argv[optind];
}

static void print(const struct hb_spec *s, const struct hb_exploit *x, struct hb_buf *out)
{
    hb_buf_printf(out, "{\"game\":");
    hb_json_str(out, s->game_name);
    hb_buf_printf(out, ",\"value\":");
    hb_json_reals(out, x->value, x->n_players);
    hb_buf_printf(out, ",\"best_response\":");
    hb_json_reals(out, x->best_response, x->n_players);
    hb_buf_printf(out, ",\"nashconv\":");
    hb_json_real(out, x->nashconv);
    hb_buf_printf(out, ",\"exploitability\":");
    hb_json_real(out, x->exploitability);
    hb_buf_printf(out, ",\"unit\":\"chips/hand\",\"mbb_per_hand\":");
    hb_json_real(out, x->exploitability * 1000 / hb_rules_largest_blind(&s->rules));
    hb_buf_printf(out, "}\n");
}

static void print_pair(struct hb_buf *out, const char *name, double a, double b)
{
    hb_buf_printf(out, ",\"%s\":", name);
    hb_json_reals(out, (const double[]){a, b}, 2);
}

static void print_bracket(const struct hb_spec *s, const struct opts *o, const struct hb_bracket *b,
                          struct hb_buf *out)
{
    double mbb = 1000.0 / hb_rules_largest_blind(&s->rules);

    hb_buf_printf(out, "{\"game\":");
    hb_json_str(out, s->game_name);
    hb_buf_printf(out, ",\"boards\":%u,\"of_boards\":%u,\"seed\":%llu", b->n_drawn, b->n_boards,
                  (unsigned long long)o->how.seed);
    print_pair(out, "value", b->value[0], b->value[1]);
    hb_buf_printf(out, ",\"value_ci95\":");
    hb_json_real(out, b->value_margin);
    print_pair(out, "lower_best_response", b->lower[0], b->lower[1]);
    print_pair(out, "upper_best_response", b->upper[0], b->upper[1]);
    hb_buf_printf(out, ",\"lower\":");
    hb_json_real(out, b->exploit_lower);
    hb_buf_printf(out, ",\"upper\":");
    hb_json_real(out, b->exploit_upper);
    print_pair(out, "exploitability", b->bracket[0], b->bracket[1]);
    hb_buf_printf(out, ",\"confidence\":");
    hb_json_real(out, HB_BOARDSAMPLE_CONFIDENCE);
    hb_buf_printf(out, ",\"unit\":\"chips/hand\"");
    print_pair(out, "mbb_per_hand", b->bracket[0] * mbb, b->bracket[1] * mbb);
    hb_buf_printf(out, "}\n");
}

/* A length of time in words that a person can weigh. */
static const char *duration(double s, char out[32])
{
    static const struct {
        double s;
        const char *name;
    } unit[] = {{3.2e7 * 1e6, "million years"},
                {3.2e7, "years"},
                {86400, "days"},
                {3600, "hours"},
                {60, "minutes"},
                {0, "seconds"}};
    int i = 0;

    while (s < 1.5 * unit[i].s)
        i++;
    s /= unit[i].s > 0 ? unit[i].s : 1;
    (void)snprintf(out, 32, s < 1e6 ? "%.0f %s" : "%.0e %s", s, unit[i].name);
    return out;
}

/* One object: what the evaluation would take. */
static void print_plan(const struct hb_evaluation *v, struct hb_buf *out)
{
    const struct hb_spec *s = &v->strategy->spec;
    double boards[HB_STREETS];

    hb_buf_printf(out, "{\"game\":");
    hb_json_str(out, s->game_name);
    hb_buf_printf(out, ",\"walk\":\"%s\",\"steps\":", v->public_tree ? "boards" : "deals");
    hb_json_real(out, v->work);
    hb_buf_printf(out, ",\"workers\":%d,\"seconds\":", v->n_workers);
    hb_json_real(out, v->seconds);
    hb_buf_printf(out, ",\"bytes\":%llu", (unsigned long long)v->bytes);
    if (v->public_tree) {
        for (int street = 0; street < s->rules.deck.n_streets; street++)
            boards[street] = hb_public_boards(v->walk, street);
        hb_buf_printf(out, ",\"boards\":");
        hb_json_reals(out, boards, s->rules.deck.n_streets);
    }
    hb_buf_printf(out, "}\n");
}

struct screen {
    bool bar; /* on a terminal: redrawn in place */
    double start_s;
    double said_s;
};

static void on_progress(void *ctx, double done)
{
    struct screen *s = ctx;
    double now = hb_os_monotonic();
    double left = (now - s->start_s) * (1 / done - 1);
    char text[32];

    if (now - s->said_s < (s->bar ? BAR_EVERY_S : SAY_EVERY_S))
        return;
    s->said_s = now;
    if (!s->bar) {
        tool_info("%.1f %% done, about %s left", 100 * done, duration(left, text));
        return;
    }
    (void)fprintf(stderr, "\r[%-*.*s] %5.1f %%, about %s left\033[K", BAR_WIDTH,
                  (int)(done * BAR_WIDTH), "########################################", 100 * done,
                  duration(left, text)); /* a broken terminal is no reason to stop */
}

static int evaluate(const struct opts *o, struct hb_evaluation *v, struct hb_buf *out,
                    struct hb_err *e)
{
    const struct hb_spec *spec = &v->strategy->spec;
    const char *game = spec->game_name;
    void (*tell)(void *, double) = o->quiet ? NULL : on_progress;
    struct hb_bracket bracket;
    struct hb_exploit x;
    struct screen screen = {.bar = isatty(STDERR_FILENO) != 0, .start_s = hb_os_monotonic()};
    char took[32];
    int rc;

    if (v->work > o->max_work)
        return hb_fail(e, HB_ELIMIT,
                       "'%s' is too large for an exact evaluation: %.3g steps, about %s, and the "
                       "limit is %.3g; a game with fewer cards or rounds, or fewer bet sizes in "
                       "the configuration, makes it smaller, --sample-boards N looks at some "
                       "flops, and --max-work %.0e lets it run",
                       game, v->work, duration(v->seconds, took), o->max_work, v->work * 1.1);
    if (!o->quiet && v->seconds > SAY_FROM_S)
        tool_info("Evaluating %s: %.3g steps, about %s with %d worker%s", game, v->work,
                  duration(v->seconds, took), v->n_workers, v->n_workers == 1 ? "" : "s");
    screen.said_s = screen.start_s;
    if (o->how.sample_boards > 0) {
        if ((rc = hb_evaluation_run_sampled(v, tell, &screen, &bracket, e)) == HB_OK)
            print_bracket(spec, o, &bracket, out);
    } else if ((rc = hb_evaluation_run(v, tell, &screen, &x, e)) == HB_OK) {
        print(spec, &x, out);
    }
    if (screen.bar && screen.said_s > screen.start_s)
        (void)fprintf(stderr, "\r\033[K");
    return rc;
}

static int run_exploitability(int argc, char **argv)
{
    struct opts o = {.max_work = MAX_WORK, .how.seed = 1};
    struct hb_strategy s;
    struct hb_evaluation v = {0};
    struct hb_buf out = {0};
    struct hb_err e = {0};

    parse(&o, argc, argv);
    if (hb_strategy_open(o.file, &o.open, &s, &e) != HB_OK ||
        hb_evaluation_open(&v, &s, &o.how, &e) != HB_OK)
        tool_die(&e, NULL);
    if (o.plan)
        print_plan(&v, &out);
    else if (evaluate(&o, &v, &out, &e) != HB_OK)
        tool_die(&e, NULL);
    if (hb_buf_check(&out, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(out.data, 1, out.len, stdout); /* tool_finish looks */
    hb_buf_fini(&out);
    hb_evaluation_close(&v);
    hb_strategy_close(&s);
    return tool_finish(TOOL_OK);
}

static const struct tool_option no_options[] = {{NULL, 0, NULL, NULL}};
static const struct tool_spec main_spec = {
    "hb-eval", EXPLOIT_USAGE "\n" EVAL_LBR_USAGE "\n" EVAL_MATCH_USAGE "\n" EVAL_SANITY_USAGE,
    "Measure a strategy.", no_options};

int main(int argc, char **argv)
{
    static const struct tool_command commands[] = {{"exploitability", run_exploitability},
                                                   {"lbr", eval_lbr},
                                                   {"match", eval_match},
                                                   {"sanity", eval_sanity},
                                                   {NULL, NULL}};

    tool_init("hb-eval");
    return tool_dispatch(&main_spec, commands, argc, argv);
}
