/* hb-eval lbr - what a local best response wins: a lower bound on exploitability. */
#include "eval.h"

#include <getopt.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"
#include "run/hand.h"
#include "run/lbr.h"
#include "tool.h"

#define SAY_EVERY_S 5.0

enum {
    OPT_HANDS = TOOL_OPT,
    OPT_SEED,
    OPT_BETS,
    OPT_FROM,
    OPT_CONFIG,
    OPT_GAME,
    OPT_BUCKETS,
    OPT_WORKERS
};

static const struct tool_option options[] = {
    {"hands", OPT_HANDS, "N", "play so many hands, both seats of each deal"},
    {"seed", OPT_SEED, "N", "of cards and choices (default 1)"},
    {"bets", OPT_BETS, "LIST",
     "fc, fcpa (default), many, tree, or pot fractions such as 0.5,1,allin"},
    {"from", OPT_FROM, "STREET", "check and call before preflop (default), flop, turn or river"},
    {"config", OPT_CONFIG, "FILE", "configuration that a fixed strategy plays"},
    {"game", OPT_GAME, "FILE", "game that a fixed strategy plays, all legal sizes"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, in place of the one the strategy names"},
    {"workers", OPT_WORKERS, "N", "processes (default 0: one a processor)"},
    {"quiet", 'q', NULL, "do not say how far it is"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec spec = {
    "hb-eval lbr", EVAL_LBR_USAGE,
    "What a local best response wins against a blueprint, a checkpoint or a fixed strategy of two\n"
    "players, off-tree bets included: no more than its exploitability, for games of any size.\n"
    "The folder of a run stands for its checkpoints/latest.hbc.",
    options};

struct job {
    struct hb_lbr_options o;
    struct hb_lbr lbr;
    const char *file, *bets, *from;
    bool quiet;
    double start_s, said_s;
};

static void take_options(struct job *j, int argc, char **argv)
{
    static const char streets[] = "preflop|flop|turn|river";
    struct hb_err e = {0};
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_HANDS: j->o.n_hands = tool_u64(arg, "--hands", 1, HB_HANDS_MATCH); break;
        case OPT_SEED: j->o.seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_BETS: j->bets = arg; break;
        case OPT_FROM:
            j->from = arg;
            j->o.from = tool_choice(arg, "--from", streets);
            break;
        case OPT_CONFIG: j->o.config = arg; break;
        case OPT_GAME: j->o.game = arg; break;
        case OPT_BUCKETS: j->o.buckets = arg; break;
        case OPT_WORKERS: j->o.n_workers = (int)tool_u64(arg, "--workers", 0, HB_POOL_MAX); break;
        case 'q': j->quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (j->o.n_hands == 0)
        tool_usage(&spec, "--hands N is missing");
    if (argc - optind != 1)
        tool_usage(&spec, argc == optind ? "which blueprint, checkpoint or fixed strategy?"
                                         : "one strategy, please");
    if (hb_lbr_sizes(j->bets, &j->o, &e) != HB_OK)
        tool_usage(&spec, "--bets: %s", e.msg);
    j->file = argv[optind];
}

static double mbb(const struct hb_lbr *l, double chips)
{
    return chips * 1000 / hb_rules_largest_blind(&l->rules);
}

static void on_progress(void *ctx, const struct hb_lbr *l)
{
    struct job *j = ctx;
    double now = hb_os_monotonic();
    uint64_t done = l->chips[0].n;

    if (now - j->said_s < SAY_EVERY_S && (done < l->n_deals || j->said_s == j->start_s))
        return;
    j->said_s = now;
    if (done == 0) {
        tool_info("%llu hands played to fit the corrections to", (unsigned long long)l->n_learned);
        return;
    }
    tool_info("%llu of %llu hands (%.0f hands/s): the responder wins %.1f +- %.1f mbb/hand",
              2 * (unsigned long long)done, 2 * (unsigned long long)l->n_deals,
              2 * (double)done / (now - j->start_s), mbb(l, l->chips[0].mean),
              mbb(l, hb_stat_ci95(&l->chips[0])));
}

static void put_sample(const struct hb_lbr *l, const struct hb_stat *s, struct hb_buf *out)
{
    hb_buf_printf(out, "\"mbb_per_hand\":");
    hb_json_real(out, mbb(l, s->mean));
    hb_buf_printf(out, ",\"ci95\":");
    hb_json_real(out, mbb(l, hb_stat_ci95(s)));
}

static void put_result(const struct job *j, struct hb_buf *out)
{
    const struct hb_lbr *l = &j->lbr;

    hb_buf_u8(out, '{');
    put_sample(l, &l->chips[0], out);
    hb_buf_printf(out, ",\"hands\":%llu,\"deals\":%llu,\"unit\":\"mbb/hand\",\"seed\":%llu,",
                  2 * (unsigned long long)l->n_deals, (unsigned long long)l->n_deals,
                  (unsigned long long)j->o.seed);
    hb_buf_printf(out, "\"game\":");
    hb_json_str(out, l->game_name);
    hb_buf_printf(out, ",\"bets\":");
    hb_json_str(out, j->bets);
    hb_buf_printf(out, ",\"from\":");
    hb_json_str(out, j->from);
    hb_buf_printf(out, ",\"plain\":{");
    put_sample(l, &l->chips[1], out);
    hb_buf_printf(out, "},\"learned_hands\":%llu}\n", (unsigned long long)l->n_learned);
}

int eval_lbr(int argc, char **argv)
{
    struct job *j = NULL;
    struct hb_buf out = {0};
    struct hb_err e = {0};

    if (hb_mem_new(&j, 1, sizeof *j, "a job", &e) != HB_OK)
        tool_die(&e, NULL);
    j->o.seed = 1;
    j->bets = "fcpa";
    j->from = "preflop";
    take_options(j, argc, argv);
    if (hb_lbr_open(j->file, &j->o, &j->lbr, &e) != HB_OK)
        tool_die(&e, NULL);
    j->start_s = j->said_s = hb_os_monotonic();
    if (hb_lbr_run(&j->lbr, j->quiet ? NULL : on_progress, j, &e) != HB_OK)
        tool_die(&e, NULL);
    put_result(j, &out);
    if (hb_buf_check(&out, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(out.data, 1, out.len, stdout); /* tool_finish looks */
    hb_buf_fini(&out);
    hb_lbr_close(&j->lbr);
    hb_mem_free(j);
    return tool_finish(TOOL_OK);
}
