/* hb-eval sanity - what a poker player would try first: does it fold aces, or the nuts. */
#include "eval.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "run/sanity.h"
#include "tool.h"

enum {
    OPT_CONFIG = TOOL_OPT,
    OPT_GAME,
    OPT_BUCKETS,
    OPT_DEALS,
    OPT_SEED,
    OPT_TOLERANCE,
    OPT_TOLERANCE_MBB,
    OPT_FORMAT
};

enum format { FORMAT_TEXT, FORMAT_JSON };

struct opts {
    struct hb_strategy_options open;
    struct hb_sanity_options how;
    const char *file;
    int format;
};

static const struct tool_option options[] = {
    {"deals", OPT_DEALS, "N", "deals of each check and position that deals (default 2000)"},
    {"seed", OPT_SEED, "S", "of the deals (default 1)"},
    {"tolerance", OPT_TOLERANCE, "P", "share of decisions that may be wrong (default 0.01)"},
    {"tolerance-mbb", OPT_TOLERANCE_MBB, "X",
     "what jams and calls may lose, mbb/hand (default 10)"},
    {"format", OPT_FORMAT, "text|json", "how it is printed (default text)"},
    {"config", OPT_CONFIG, "FILE", "configuration that a fixed strategy plays"},
    {"game", OPT_GAME, "FILE", "game that a fixed strategy plays, all legal sizes"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, in place of the one the file names"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec spec = {
    "hb-eval sanity", EVAL_SANITY_USAGE,
    "Tries what a poker player would try first on the average strategy of a checkpoint or "
    "blueprint,\n"
    "or on a fixed strategy. Exits with 1 when a check is failed. The folder of a run stands for "
    "its\n"
    "checkpoints/latest.hbc.",
    options};

static double number(const char *text, const char *option, double most)
{
    char *end = NULL;
    double v;

    errno = 0;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(v >= 0 && v <= most))
        tool_usage(&spec, "%s: '%s' is not a number from 0 to %g", option, text, most);
    return v;
}

static void parse(struct opts *o, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_CONFIG: o->open.config = arg; break;
        case OPT_GAME: o->open.game = arg; break;
        case OPT_BUCKETS: o->open.buckets = arg; break;
        case OPT_DEALS: o->how.n_deals = (uint32_t)tool_u64(arg, "--deals", 1, 1000000000); break;
        case OPT_SEED: o->how.seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_TOLERANCE: o->how.tolerance = number(arg, "--tolerance", 1); break;
        case OPT_TOLERANCE_MBB: o->how.tolerance_mbb = number(arg, "--tolerance-mbb", 1e9); break;
        case OPT_FORMAT: o->format = tool_choice(arg, "--format", "text|json"); break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&spec, argc == optind ? "which checkpoint, blueprint or fixed strategy?"
                                         : "one checkpoint, blueprint or fixed strategy, please");
    o->file = argv[optind];
}

static const char *const verdicts[] = {"good", "bad", "unmet"};

/* ---- JSON ---- */

static void put_real(struct hb_buf *out, const char *name, double v)
{
    hb_buf_printf(out, ",\"%s\":", name);
    hb_json_real(out, v);
}

static void put_text(struct hb_buf *out, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    hb_buf_printf(out, ",\"%s\":", name);
    hb_json_str(out, text);
}

static void put_worst(const struct hb_sanity_check *c, struct hb_buf *out)
{
    const struct hb_sanity_spot *w = &c->worst;

    if (!(w->reach > 0))
        return;
    hb_buf_printf(out, ",\"worst\":{\"actions\":");
    hb_json_str(out, w->actions);
    put_text(out, "hand", w->hand);
    put_text(out, "board", w->board);
    put_real(out, "probability", w->probability);
    put_real(out, "reach", w->reach);
    hb_buf_u8(out, '}');
}

static void put_json(const struct hb_sanity_check *c, struct hb_buf *out)
{
    hb_buf_printf(out, "{\"check\":\"%s\"", c->name);
    put_text(out, "street", c->street);
    hb_buf_printf(out, ",\"verdict\":\"%s\",\"complete\":%s,\"cases\":%llu", verdicts[c->verdict],
                  c->complete ? "true" : "false", (unsigned long long)c->cases);
    if (c->verdict != HB_SANITY_UNMET) {
        if (!c->by_node)
            hb_buf_printf(out, ",\"others\":\"%s\"", c->alike ? "alike" : "strategy");
        put_real(out, "met", c->met);
        if (c->loss_known) {
            put_real(out, "jams", c->jams);
            put_real(out, "loss_mbb", c->loss_mbb);
        } else {
            put_real(out, "wrong", c->rate);
        }
        put_worst(c, out);
    }
    hb_buf_printf(out, "}\n");
}

/* ---- text ---- */

static void put_line(const struct hb_sanity_check *c, struct hb_buf *out)
{
    const struct hb_sanity_spot *w = &c->worst;
    char name[40];

    (void)snprintf(name, sizeof name, "%s%s%s", c->name, c->street[0] ? ", " : "", c->street);
    hb_buf_printf(out, "%-5s  %-24s ", verdicts[c->verdict], name);
    if (c->verdict == HB_SANITY_UNMET) {
        hb_buf_printf(out, "there is no such decision\n");
        return;
    }
    if (c->loss_known)
        hb_buf_printf(out, "loses %.3g mbb/hand at %llu decisions, all-in with %.1f %%",
                      c->loss_mbb, (unsigned long long)c->cases, 100 * c->jams);
    else
        hb_buf_printf(out, "wrong %.3g %% of the time, %llu %s%s", 100 * c->rate,
                      (unsigned long long)c->cases, c->by_node ? "decisions" : "deals",
                      c->alike ? ", others at random" : "");
    if (c->worst.reach > 0 && w->probability > 0)
        hb_buf_printf(out, "; most: %s%s%s%s%s %.3g %%", w->hand, w->board[0] ? " on " : "",
                      w->board, w->actions[0] ? " after " : "", w->actions, 100 * w->probability);
    hb_buf_printf(out, "\n");
}

struct printer {
    int format;
    struct hb_buf out;
};

static void on_check(void *ctx, const struct hb_sanity_check *c)
{
    struct printer *p = ctx;

    p->out.len = 0;
    if (p->format == FORMAT_JSON)
        put_json(c, &p->out);
    else
        put_line(c, &p->out);
    (void)fwrite(p->out.data, 1, p->out.len, stdout); /* tool_finish looks */
    (void)fflush(stdout);                             /* a check takes its time */
}

int eval_sanity(int argc, char **argv)
{
    struct opts o = {.how = {.seed = 1, .n_deals = 2000, .tolerance = 0.01, .tolerance_mbb = 10}};
    struct printer p = {0};
    struct hb_strategy s;
    struct hb_err e = {0};
    bool good = false;

    parse(&o, argc, argv);
    p.format = o.format;
    if (hb_strategy_open(o.file, &o.open, &s, &e) != HB_OK ||
        hb_sanity_run(&s, &o.how, on_check, &p, &good, &e) != HB_OK ||
        hb_buf_check(&p.out, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_buf_fini(&p.out);
    hb_strategy_close(&s);
    return tool_finish(good ? TOOL_OK : TOOL_NO);
}
