/* hb-worker - traverse on demand: task frames on stdin, delta frames on stdout. */
#include <unistd.h>

#include "run/worker.h"
#include "tool.h"

enum { OPT_TABLE = TOOL_OPT, OPT_TRANSPORT, OPT_SEGMENT, OPT_COMPRESS, OPT_BUCKETS, OPT_VERIFIED };

static const struct tool_option options[] = {
    {"table", OPT_TABLE, "TABLE", "the table to read (hb-ckpt init makes one)"},
    {"transport", OPT_TRANSPORT, "frames|segments",
     "records in the frames (default) or in a segment"},
    {"segment", OPT_SEGMENT, "FILE", "shared file for the records, with --transport segments"},
    {"compress", OPT_COMPRESS, TOOL_COMPRESS,
     "records in the frames as they are (default) or smaller, for networks"},
    {"buckets", OPT_BUCKETS, "FILE", "bucket file instead of the one the table names"},
    {"verified", OPT_VERIFIED, NULL, "the bucket file's chunks were verified by who starts this"},
    {0},
};

static const struct tool_spec spec = {
    .name = "hb-worker",
    .usage = "hb-worker --table TABLE [--transport frames|segments] [--segment FILE] "
             "[--compress none|varint|zstd] [--buckets FILE] [--verified] < TASKS > DELTAS",
    .about = "Reads task frames, traverses their iterations on the table and writes what they add "
             "to it as\n"
             "delta frames. Blocks in read() while idle; ends at SHUTDOWN or end of input.",
    .options = options,
};

int main(int argc, char **argv)
{
    struct hb_worker_options o = {.in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO};
    struct hb_err e = {0};
    bool segments = false;
    const char *arg;
    int opt;

    tool_init("hb-worker");
    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_TABLE: o.table = arg; break;
        case OPT_TRANSPORT:
            segments = tool_choice(arg, "--transport", "frames|segments") == 1;
            break;
        case OPT_SEGMENT: o.segment = arg; break;
        case OPT_COMPRESS:
            o.compress = (enum hb_compress)tool_choice(arg, "--compress", TOOL_COMPRESS);
            break;
        case OPT_BUCKETS: o.buckets = arg; break;
        case OPT_VERIFIED: o.verified = true; break;
        default: break;
        }
    tool_no_operands(&spec, argc, argv);
    if (o.table == NULL)
        tool_usage(&spec, "--table is missing");
    if (segments != (o.segment != NULL))
        tool_usage(&spec, "--transport segments and --segment FILE go together");
    if (segments && o.compress != HB_COMPRESS_NONE)
        tool_usage(&spec, "--compress is for records in frames: leave out --transport segments");
    tool_no_terminal(STDOUT_FILENO, "a stream of delta frames");
    if (hb_worker_run(&o, &e) != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}
