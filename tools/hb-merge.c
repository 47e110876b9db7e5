/* hb-merge - fold delta streams into a table: the only writer of rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/merger.h"
#include "solver/table.h"
#include "store/checkpoint.h"
#include "store/tablefile.h"
#include "tool.h"

enum { OPT_TABLE = TOOL_OPT, OPT_REPLICA, OPT_SNAPSHOT, OPT_PART };

static const struct tool_option options[] = {
    {"table", OPT_TABLE, "TABLE", "the table to write (hb-ckpt init makes one)"},
    {"replica", OPT_REPLICA, NULL, "this table is a copy that follows the same streams elsewhere"},
    {"snapshot", OPT_SNAPSHOT, "FILE|-",
     "at the end save a checkpoint; '-': to stdout, and no commits"},
    {"part", OPT_PART, "K/M", "merge only part K of M (a table made with --parts M)"},
    {0},
};

static const struct tool_spec spec = {
    .name = "hb-merge",
    .usage =
        "hb-merge --table TABLE [--replica] [--snapshot FILE|-] [--part K/M] STREAM... > COMMITS",
    .about = "Reads delta frames from each STREAM (a file, a FIFO or '-'; one writer each), merges "
             "every round\n"
             "whose results are all there, and writes a commit frame for it.",
    .options = options,
};

static void parse_part(const char *arg, struct hb_merger_options *o)
{
    char first[16];
    const char *slash = strchr(arg, '/');

    if (slash == NULL || (size_t)(slash - arg) >= sizeof first)
        tool_usage(&spec, "--part: '%s' is not K/M, such as 0/2", arg);
    memcpy(first, arg, (size_t)(slash - arg));
    first[slash - arg] = '\0';
    o->n_parts = (uint32_t)tool_u64(slash + 1, "--part", 1, HB_TABLE_PARTS_MAX);
    o->part = (uint32_t)tool_u64(first, "--part", 0, o->n_parts - 1);
}

static int save(const struct hb_merger_options *o, const char *snapshot, struct hb_err *e)
{
    struct hb_tablefile file = {0};
    int rc = hb_tablefile_open(o->table, false, &file, e);

    if (rc == HB_OK && strcmp(snapshot, "-") == 0)
        rc = hb_checkpoint_write(&file.table, STDOUT_FILENO, "standard output", 0, NULL, e);
    else if (rc == HB_OK)
        rc = hb_checkpoint_save(&file.table, snapshot, 0, NULL, e);
    hb_tablefile_close(&file);
    return rc;
}

/* Whether a program reads what goes there: hb-train, or another one of a pipeline. */
static bool is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

int main(int argc, char **argv)
{
    struct hb_merger_options o = {.n_parts = 1, .out_fd = STDOUT_FILENO};
    const char *snapshot = NULL;
    struct hb_err e = {0};
    struct hb_err save_error = {0};
    const char *arg;
    int opt, rc;

    tool_init("hb-merge");
    while ((opt = tool_next(&spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_TABLE: o.table = arg; break;
        case OPT_REPLICA: o.replica = true; break;
        case OPT_SNAPSHOT: snapshot = arg; break;
        case OPT_PART: parse_part(arg, &o); break;
        default: break;
        }
    o.streams = (const char *const *)&argv[optind];
    o.n_streams = argc - optind;
    if (o.table == NULL)
        tool_usage(&spec, "--table is missing");
    if (o.n_streams < 1 || o.n_streams > HB_STREAMS_MAX)
        tool_usage(&spec, "name from 1 to %d streams", HB_STREAMS_MAX);
    for (int i = 0, n = 0; i < o.n_streams; i++)
        if (strcmp(o.streams[i], "-") == 0 && n++ > 0)
            tool_usage(&spec, "'-' can be named once");
    if (snapshot != NULL && strcmp(snapshot, "-") == 0) {
        tool_no_terminal(STDOUT_FILENO, "a checkpoint");
        o.out_fd = -1;
    }
    if (isatty(o.out_fd)) /* frames are for programs; a person gets the summary below */
        o.out_fd = -1;
    rc = hb_merger_run(&o, &e);
    if (rc == HB_OK && isatty(STDERR_FILENO) && !is_pipe(STDOUT_FILENO))
        tool_info("merged %llu results (%llu duplicates): generation %llu, iteration %llu",
                  (unsigned long long)o.n_results, (unsigned long long)o.n_duplicates,
                  (unsigned long long)o.generation, (unsigned long long)o.iteration);
    /* What was merged is worth saving even if a stream broke. */
    if (snapshot != NULL && rc != HB_ENOMEM && save(&o, snapshot, &save_error) != HB_OK &&
        rc == HB_OK)
        tool_die(&save_error, "snapshot");
    if (rc != HB_OK)
        tool_die(&e, NULL);
    return TOOL_OK;
}
