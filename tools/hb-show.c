/* hb-show - what a strategy does at one decision, as text, JSON or a picture. */
#include "tool.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/difference.h"
#include "run/opening.h"
#include "run/serve.h"
#include "run/view.h"

enum {
    OPT_AT = TOOL_OPT,
    OPT_BOARD,
    OPT_HAND,
    OPT_FORMAT,
    OPT_COLOUR,
    OPT_SERVE,
    OPT_COMPARE,
    OPT_TREE,
    OPT_DEALS,
    OPT_SEED,
    OPT_TOP,
    OPT_BUCKETS,
    OPT_CONFIG,
    OPT_GAME
};

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SVG };

struct opts {
    struct hb_strategy_options open;
    const char *file;
    const char *at;
    const char *board;
    const char *hand;
    int format;
    bool serve;
    bool compare;
    bool tree;
    struct hb_difference_options difference;
    bool asks_difference;      /* one of its options was given */
    const char *other;         /* file to compare with */
    const char *other_buckets; /* a second bucket file */
    int colour;                /* as in "auto|always|never" */
};

static const struct tool_option options[] = {
    {"at", OPT_AT, "ACTIONS", "the actions before the decision, such as r300c/ (default: none)"},
    {"board", OPT_BOARD, "CARDS", "the board at that decision, such as QsJs2d"},
    {"hand", OPT_HAND, "CARDS", "these own cards alone, such as AhKh"},
    {"format", OPT_FORMAT, "FORMAT", "text (default), json or svg"},
    {"color", OPT_COLOUR, "WHEN", "colour the text: auto (default: on a terminal), always, never"},
    {"tree", OPT_TREE, NULL, "all decisions of the first street, from --at on"},
    {"serve", OPT_SERVE, NULL, "answer questions on standard input, a line of JSON each"},
    {"compare", OPT_COMPARE, NULL, "where two strategies of one game differ most"},
    {"deals", OPT_DEALS, "N", "compare over so many deals (default 1000)"},
    {"seed", OPT_SEED, "S", "of these deals (default 1)"},
    {"top", OPT_TOP, "N", "decisions that a comparison lists (default 10)"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, in place of the one the file names"},
    {"config", OPT_CONFIG, "FILE", "configuration that a fixed strategy plays"},
    {"game", OPT_GAME, "FILE", "game that a fixed strategy plays, all legal sizes"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec spec = {
    "hb-show",
    "hb-show FILE [--at ACTIONS] [--board CARDS] [--hand CARDS] [--format text|json|svg] "
    "[--color auto|always|never] [--buckets FILE]\n"
    "hb-show @STRATEGY --config FILE|--game FILE [--at ACTIONS] [--board CARDS] [--hand CARDS] "
    "[--format text|json|svg] [--color auto|always|never]\n"
    "hb-show FILE --tree [--at ACTIONS] [--format text|json|svg] [--color auto|always|never] "
    "[--buckets FILE]\n"
    "hb-show @STRATEGY --config FILE|--game FILE --tree [--at ACTIONS] [--format text|json|svg] "
    "[--color auto|always|never]\n"
    "hb-show FILE --serve [--buckets FILE]\n"
    "hb-show @STRATEGY --config FILE|--game FILE --serve\n"
    "hb-show --compare FILE FILE [--deals N] [--seed S] [--top N] [--format text|json] "
    "[--buckets FILE [--buckets FILE]] [--config FILE|--game FILE]",
    "Show what the average strategy of a checkpoint or blueprint, or a fixed strategy (@uniform,\n"
    "@call, @fold, @raise), does at one decision. The folder of a run stands for its\n"
    "checkpoints/latest.hbc.",
    options};

/* Two of them for a comparison: each for the strategies it fits. */
static void take_buckets(struct opts *o, const char *path)
{
    if (o->open.buckets == NULL)
        o->open.buckets = path;
    else if (o->other_buckets == NULL)
        o->other_buckets = path;
    else
        tool_usage(&spec, "--buckets: more than two");
}

static void check_operands(struct opts *o, int n, char **operand)
{
    bool looks = o->at || o->board || o->hand || o->colour;

    if (o->compare && n != 2)
        tool_usage(&spec, "--compare: two files, please, not %d", n);
    if (!o->compare && n != 1)
        tool_usage(&spec, n == 0 ? "which checkpoint, blueprint or fixed strategy?"
                                 : "one checkpoint, blueprint or fixed strategy, please");
    o->file = operand[0];
    o->other = n == 2 ? operand[1] : NULL;
    if (!o->compare && o->asks_difference)
        tool_usage(&spec, "--deals, --seed and --top go with --compare");
    if (!o->compare && o->other_buckets != NULL)
        tool_usage(&spec, "--buckets: one for one file");
    if (o->compare && (o->serve || looks || o->format == FORMAT_SVG))
        tool_usage(&spec, "--compare looks at all decisions, and writes text or JSON");
    if (o->tree && (o->compare || o->serve || o->board || o->hand))
        tool_usage(&spec, "--tree shows the first street, all hands of it");
    if (o->serve && (looks || o->format != FORMAT_TEXT))
        tool_usage(&spec, "--serve: what to show comes on standard input");
    if (o->serve && strcmp(o->file, "-") == 0)
        tool_usage(&spec, "--serve reads questions from standard input: name the file");
}

static void parse(struct opts *o, int argc, char **argv)
{
    const char *arg;
    int opt;

    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_AT: o->at = arg; break;
        case OPT_BOARD: o->board = arg; break;
        case OPT_HAND: o->hand = arg; break;
        case OPT_FORMAT: o->format = tool_choice(arg, "--format", "text|json|svg"); break;
        case OPT_COLOUR: o->colour = tool_choice(arg, "--color", "auto|always|never"); break;
        case OPT_SERVE: o->serve = true; break;
        case OPT_TREE: o->tree = true; break;
        case OPT_COMPARE: o->compare = true; break;
        case OPT_DEALS:
            o->difference.n_deals = tool_u64(arg, "--deals", 1, UINT64_C(1) << 40);
            o->asks_difference = true;
            break;
        case OPT_SEED:
            o->difference.seed = tool_u64(arg, "--seed", 0, UINT64_MAX);
            o->asks_difference = true;
            break;
        case OPT_TOP:
            o->difference.top = (uint32_t)tool_u64(arg, "--top", 1, 1000000);
            o->asks_difference = true;
            break;
        case OPT_BUCKETS: take_buckets(o, arg); break;
        case OPT_CONFIG: o->open.config = arg; break;
        case OPT_GAME: o->open.game = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    check_operands(o, argc - optind, argv + optind);
}

static enum hb_view_colour colour_of(const struct opts *o)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    const char *depth = getenv("COLORTERM");

    if (o->colour == 2 || (o->colour == 0 && (!isatty(STDOUT_FILENO) || (no && no[0] != '\0') ||
                                              term == NULL || strcmp(term, "dumb") == 0)))
        return HB_VIEW_PLAIN;
    if (depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0))
        return HB_VIEW_TRUE;
    return HB_VIEW_256;
}

/* Open a file with the bucket file that fits it, or else with the one it names; used: that one. */
static int open_fitting(const char *name, struct hb_strategy_options *open, const struct opts *o,
                        bool used[2], struct hb_strategy *s, struct hb_err *e)
{
    const char *const given[2] = {o->open.buckets, o->other_buckets};

    for (int i = 0; i < 2 && given[i] != NULL; i++) {
        struct hb_err why = {0};
        int rc;

        open->buckets = given[i];
        if ((rc = hb_strategy_open(name, open, s, &why)) == HB_OK)
            used[i] = true;
        if (rc == HB_OK)
            return rc;
        if (rc != HB_EIDENTITY)
            return hb_fail(e, rc, "%s", why.msg);
    }
    open->buckets = NULL;
    return hb_strategy_open(name, open, s, e);
}

/* Open both; a fixed strategy plays what the other file does unless a game is given. */
static int open_both(const struct opts *o, struct hb_strategy s[2], struct hb_err *e)
{
    const char *const name[2] = {o->file, o->other};
    const char *const given[2] = {o->open.buckets, o->other_buckets};
    int first = name[0][0] == '@' && name[1][0] != '@'; /* the one that names a game */
    bool used[2] = {false, false};
    int rc = HB_OK;

    for (int i = 0; i < 2 && rc == HB_OK; i++) {
        int k = first ^ i;
        bool fixed = name[k][0] == '@';
        struct hb_strategy_options open = {0};

        if (fixed && i == 1 && o->open.config == NULL && o->open.game == NULL)
            open.like = &s[first].spec;
        if (fixed || (name[0][0] != '@' && name[1][0] != '@')) {
            open.config = o->open.config;
            open.game = o->open.game;
        }
        rc = fixed ? hb_strategy_open(name[k], &open, &s[k], e)
                   : open_fitting(name[k], &open, o, used, &s[k], e);
    }
    for (int i = 0; i < 2 && rc == HB_OK && given[i] != NULL; i++)
        if (!used[i])
            rc = hb_fail(e, HB_EIDENTITY, "the bucket file '%s' fits neither of the strategies",
                         given[i]);
    return rc;
}

static int compare(const struct opts *o, struct hb_buf *text, struct hb_err *e)
{
    const char *const names[2] = {o->file, o->other};
    struct hb_difference d = {0};
    struct hb_strategy s[2] = {0};
    int rc;

    if ((rc = open_both(o, s, e)) == HB_OK &&
        (rc = hb_difference_new(&s[0], &s[1], names, &o->difference, &d, e)) == HB_OK) {
        if (o->format == FORMAT_JSON)
            hb_difference_json(&d, names, text);
        else
            hb_difference_text(&d, names, text);
    }
    hb_difference_fini(&d);
    hb_strategy_close(&s[0]);
    hb_strategy_close(&s[1]);
    return rc;
}

static int show_tree(const struct opts *o, struct hb_strategy *s, struct hb_buf *text,
                     struct hb_err *e)
{
    struct hb_opening tree = {0};
    int rc = hb_opening_new(s, o->at, &tree, e);

    if (rc != HB_OK)
        return rc;
    switch ((enum format)o->format) {
    case FORMAT_TEXT: hb_opening_text(&tree, colour_of(o), text); break;
    case FORMAT_JSON: hb_opening_json(&tree, text); break;
    case FORMAT_SVG: rc = hb_opening_svg(&tree, text, e); break;
    }
    hb_opening_fini(&tree);
    return rc;
}

static int show(const struct opts *o, struct hb_buf *text, struct hb_err *e)
{
    struct hb_strategy strategy;
    struct hb_view view = {0};
    int rc = hb_strategy_open(o->file, &o->open, &strategy, e);

    if (rc != HB_OK)
        return rc;
    if (o->tree)
        rc = show_tree(o, &strategy, text, e);
    else if (o->serve)
        rc = hb_serve(&strategy, STDIN_FILENO, STDOUT_FILENO, tool_exit_code, e);
    else if ((rc = hb_view_new(&strategy, o->at, o->board, o->hand, &view, e)) == HB_OK)
        switch ((enum format)o->format) {
        case FORMAT_TEXT: hb_view_text(&view, colour_of(o), text); break;
        case FORMAT_JSON: hb_view_json(&view, text); break;
        case FORMAT_SVG: rc = hb_view_svg(&view, text, e); break;
        }
    hb_view_fini(&view);
    hb_strategy_close(&strategy);
    return rc;
}

static int run(const struct opts *o, FILE *out, struct hb_err *e)
{
    struct hb_buf text = {0};
    int rc = o->compare ? compare(o, &text, e) : show(o, &text, e);

    if (rc == HB_OK && (rc = hb_buf_check(&text, e)) == HB_OK)
        (void)fwrite(text.data, 1, text.len, out); /* tool_finish looks */
    hb_buf_fini(&text);
    return rc;
}

int main(int argc, char **argv)
{
    struct opts o = {.difference = {.seed = 1, .n_deals = 1000, .top = 10}};
    struct hb_err e = {0};

    tool_init("hb-show");
    parse(&o, argc, argv);
    if (run(&o, stdout, &e) != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}
