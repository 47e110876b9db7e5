/* hb-bucket check: does a plugin keep its promises? */
#include "bucket.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "abstraction/hba.h"
#include "abstraction/plugin.h"
#include "base/json.h"
#include "run/conformance.h"

#define SAMPLES_MAX    (1u << 24)
#define TIMEOUT_MAX_MS 86400000

static const struct tool_option check_options[] = {
    {"args", OPT_ARGS, "ARGS", "arguments of the plugin, as in a configuration"},
    {"game", OPT_GAME, "FILE", "the deck of this .game file, not 24 cards"},
    STREET_OPTION,
    {"samples", OPT_SAMPLES, "N", "hands asked for on each street (32768)"},
    {"timeout", OPT_TIMEOUT, "SECONDS", "a call that takes longer hangs (60)"},
    PLUGIN_PATH_OPTION,
    {NULL, 0, NULL, NULL}};
static const struct tool_spec check_spec = {
    "hb-bucket check",
    "hb-bucket check PLUGIN [--args ARGS] [--game FILE] [--street S] [--samples N] "
    "[--timeout SECONDS] [--plugin-path DIRS]",
    "Run a plugin in processes of its own and say whether it keeps its promises.", check_options};

static const char *verdict_name(enum hb_verdict verdict)
{
    switch (verdict) {
    case HB_VERDICT_PASS: return "pass";
    case HB_VERDICT_FAIL: return "fail";
    case HB_VERDICT_SKIP: return "skip";
    }
    return "unknown";
}

static void show_finding(void *ctx, const struct hb_finding *f)
{
    struct hb_buf line = {0};
    uint32_t *n = ctx;

    hb_buf_printf(&line, "{\"check\":");
    hb_json_str(&line, f->check);
    hb_buf_printf(&line, ",\"street\":");
    if (f->street >= 0)
        hb_json_str(&line, hb_street_name(f->street));
    else
        hb_buf_printf(&line, "null");
    tool_put_text(&line, "result", verdict_name(f->verdict));
    tool_put_text(&line, "detail", f->detail);
    hb_buf_printf(&line, ",\"calls\":%" PRIu64 ",\"median_s\":", f->calls);
    hb_buf_printf(&line, "%.3g", f->median_s);
    hb_buf_printf(&line, ",\"max_s\":");
    hb_buf_printf(&line, "%.3g", f->most_s);
    hb_buf_printf(&line, "}");
    tool_print_line(&line);
    (void)fflush(stdout); /* as it comes; tool_finish looks */
    n[f->verdict]++;
    if (f->verdict == HB_VERDICT_FAIL)
        tool_info("FAILED %s%s%s: %s", f->check, f->street >= 0 ? " on the " : "",
                  f->street >= 0 ? hb_street_name(f->street) : "", f->detail);
}

static int timeout_ms(const char *text)
{
    double ms = tool_seconds(text, "--timeout", false) * 1000;

    return ms < 1 ? 1 : ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : (int)ms;
}

int bucket_run_check(int argc, char **argv)
{
    struct hb_conformance what = {.args = "",
                                  .deck = {6, 4, 2, 4, {0, 3, 4, 5}},
                                  .streets = ~0u,
                                  .samples = 32768,
                                  .timeout_ms = 60000};
    const char *plugin_path = NULL;
    const char *street = NULL;
    char dirs[BUCKET_DIRS_MAX];
    uint32_t n[3] = {0}; /* by enum hb_verdict */
    uint32_t n_failed;
    struct hb_err e = {0};
    const char *arg;
    int opt;

    while ((opt = tool_next(&check_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_ARGS: what.args = arg; break;
        case OPT_GAME: bucket_deck_of_game(arg, &what.deck); break;
        case OPT_STREET: street = arg; break;
        case OPT_SAMPLES:
            what.samples = (uint32_t)tool_u64(arg, "--samples", 1, SAMPLES_MAX);
            break;
        case OPT_TIMEOUT: what.timeout_ms = timeout_ms(arg); break;
        case OPT_PLUGIN_PATH: plugin_path = arg; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&check_spec, "one plugin is needed");
    if (strlen(what.args) >= HB_PLUGIN_ARGS_MAX)
        tool_usage(&check_spec, "--args is longer than %d characters", HB_PLUGIN_ARGS_MAX - 1);
    if (street != NULL)
        what.streets = 1u << bucket_street(&check_spec, street, &what.deck);
    what.streets &= (1u << what.deck.n_streets) - 1;
    tool_plugin_dirs(plugin_path, dirs, sizeof dirs);
    if (hb_plugin_find(argv[optind], dirs, what.path, &e) != HB_OK ||
        hb_conformance_check(&what, show_finding, n, &n_failed, &e) != HB_OK)
        tool_die(&e, NULL);
    tool_info("%s: %u checks passed, %u failed, %u skipped", argv[optind],
              (unsigned)n[HB_VERDICT_PASS], (unsigned)n_failed, (unsigned)n[HB_VERDICT_SKIP]);
    return tool_finish(n_failed > 0 ? TOOL_NO : TOOL_OK);
}
