/* hb-show - what a strategy does at one decision, as text, JSON or a picture. */
#include "tool.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/serve.h"
#include "run/view.h"

enum {
    OPT_AT = TOOL_OPT,
    OPT_BOARD,
    OPT_HAND,
    OPT_FORMAT,
    OPT_COLOUR,
    OPT_SERVE,
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
    int colour; /* as in "auto|always|never" */
};

static const struct tool_option options[] = {
    {"at", OPT_AT, "ACTIONS", "the actions before the decision, such as r300c/ (default: none)"},
    {"board", OPT_BOARD, "CARDS", "the board at that decision, such as QsJs2d"},
    {"hand", OPT_HAND, "CARDS", "these own cards alone, such as AhKh"},
    {"format", OPT_FORMAT, "FORMAT", "text (default), json or svg"},
    {"color", OPT_COLOUR, "WHEN", "colour the text: auto (default: on a terminal), always, never"},
    {"serve", OPT_SERVE, NULL, "answer questions on standard input, a line of JSON each"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file, in place of the one the checkpoint names"},
    {"config", OPT_CONFIG, "FILE", "configuration that a fixed strategy plays"},
    {"game", OPT_GAME, "FILE", "game that a fixed strategy plays, all legal sizes"},
    {NULL, 0, NULL, NULL}};

static const struct tool_spec spec = {
    "hb-show",
    "hb-show FILE [--at ACTIONS] [--board CARDS] [--hand CARDS] [--format text|json|svg] "
    "[--color auto|always|never] [--buckets FILE]\n"
    "hb-show @STRATEGY --config FILE|--game FILE [--at ACTIONS] [--board CARDS] [--hand CARDS] "
    "[--format text|json|svg] [--color auto|always|never]\n"
    "hb-show FILE --serve [--buckets FILE]\n"
    "hb-show @STRATEGY --config FILE|--game FILE --serve",
    "Show what the average strategy of a checkpoint or blueprint, or a fixed strategy (@uniform,\n"
    "@call, @fold, @raise), does at one decision.",
    options};

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
        case OPT_BUCKETS: o->open.buckets = arg; break;
        case OPT_CONFIG: o->open.config = arg; break;
        case OPT_GAME: o->open.game = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&spec, argc == optind ? "which checkpoint or fixed strategy?"
                                         : "one checkpoint or fixed strategy, please");
    o->file = argv[optind];
    if (o->serve && (o->at || o->board || o->hand || o->format || o->colour))
        tool_usage(&spec, "--serve: what to show comes on standard input");
    if (o->serve && strcmp(o->file, "-") == 0)
        tool_usage(&spec, "--serve reads questions from standard input: name the file");
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

static int run(const struct opts *o, FILE *out, struct hb_err *e)
{
    struct hb_strategy strategy;
    struct hb_view view = {0};
    struct hb_buf text = {0};
    int rc = hb_strategy_open(o->file, &o->open, &strategy, e);

    if (rc != HB_OK)
        return rc;
    if (o->serve) {
        rc = hb_serve(&strategy, STDIN_FILENO, STDOUT_FILENO, tool_exit_code, e);
        goto out;
    }
    if ((rc = hb_view_new(&strategy, o->at, o->board, o->hand, &view, e)) != HB_OK)
        goto out;
    switch ((enum format)o->format) {
    case FORMAT_TEXT: hb_view_text(&view, colour_of(o), &text); break;
    case FORMAT_JSON: hb_view_json(&view, &text); break;
    case FORMAT_SVG: rc = hb_view_svg(&view, &text, e); break;
    }
    if (rc == HB_OK && (rc = hb_buf_check(&text, e)) == HB_OK)
        (void)fwrite(text.data, 1, text.len, out); /* tool_finish looks */
out:
    hb_buf_fini(&text);
    hb_view_fini(&view);
    hb_strategy_close(&strategy);
    return rc;
}

int main(int argc, char **argv)
{
    struct opts o = {0};
    struct hb_err e = {0};

    tool_init("hb-show");
    parse(&o, argc, argv);
    if (run(&o, stdout, &e) != HB_OK)
        tool_die(&e, NULL);
    return tool_finish(TOOL_OK);
}
