/* tool.h - what every main() shares: options, messages, exit codes. Only tools/ includes it. */
#ifndef HB_TOOLS_TOOL_H
#define HB_TOOLS_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "abstraction/build.h"
#include "base/bytes.h"
#include "base/err.h"

/* Exit codes: sysexits, DESIGN "Command line promises". */
enum tool_exit {
    TOOL_OK = 0,
    TOOL_NO = 1, /* the answer is no: diff, compare, check */
    TOOL_USAGE = 64,
    TOOL_DATA = 65,
    TOOL_NO_INPUT = 66,
    TOOL_UNAVAILABLE = 69,
    TOOL_INTERNAL = 70,
    TOOL_OS = 71,
    TOOL_CANT_CREATE = 73,
    TOOL_IO = 74,
    TOOL_STOPPED = 75,
    TOOL_CONFIG = 78
};

struct tool_option {
    const char *name; /* long name; a table ends with {0} */
    int letter; /* short letter or 0; also the value tool_next returns, so unique: use letters or
                   TOOL_OPT+n */
    const char *arg;  /* metavariable, NULL for a flag */
    const char *help; /* one line */
};
#define TOOL_OPT 256 /* first value for options without a letter */

/* One program or subcommand. The usage lines are the SYNOPSIS of the man page, word for word. */
struct tool_spec {
    const char *name;  /* "hb-ckpt save" */
    const char *usage; /* lines without "usage: ", '\n' between them */
    const char *about; /* a sentence or two */
    const struct tool_option *options;
};

/* First thing in main: name for messages; SIGPIPE and SIGXFSZ ignored, so that EPIPE and EFBIG are
 * errors like others. */
void tool_init(const char *name);
/* The next option: its letter / value with *arg set, or -1 when there are no more; the operands are
 * then argv[optind..argc). Options may stand before, between and after operands; "--" ends them.
 * --help and --version are answered here (stdout, exit 0); a wrong option exits 64. */
int tool_next(const struct tool_spec *spec, int argc, char **argv, const char **arg);
/* A program with subcommands: run the one that argv[1] names, with argc and argv from there on
 * (argv[0] stays the program). `spec` answers --help and describes wrong use. */
struct tool_command {
    const char *name;                  /* a table ends with {0} */
    int (*run)(int argc, char **argv); /* returns the exit code */
};
int tool_dispatch(const struct tool_spec *spec, const struct tool_command *commands, int argc,
                  char **argv);
/* Wrong use: message, usage line and a hint at --help on stderr, exit 64. */
noreturn void tool_usage(const struct tool_spec *spec, const char *fmt, ...) HB_PRINTF(2, 3);
/* Print "hb-name: what: message" on stderr and exit with the code that fits e->rc. what may be
 * NULL. */
noreturn void tool_die(const struct hb_err *e, const char *what);
int tool_exit_code(int rc);
/* Whole-number and size (K M G, powers of 1024) arguments, parsed whole or refused with exit 64. */
uint64_t tool_u64(const char *text, const char *option, uint64_t min, uint64_t max);
uint64_t tool_bytes(const char *text, const char *option);
/* Seconds, also parsed whole or refused; 0, that is none, only where it has a meaning. */
double tool_seconds(const char *text, const char *option, bool or_none);
/* Which of the '|'-separated words `text` is, 0 for the first; anything else exits 64. */
int tool_choice(const char *text, const char *option, const char *words);
#define TOOL_COMPRESS "none|varint|zstd" /* in the order of enum hb_compress */
/* The next part of a list "a,b" into out[cap], cut when it is longer; false at its end. */
bool tool_next_part(const char **list, char *out, unsigned cap);
/* Whether a name of a player can stand in a log: no ':', '|' and control characters, not empty. */
bool tool_is_log_name(const char *name);
/* Exit 64 when there are operands. */
void tool_no_operands(const struct tool_spec *spec, int argc, char **argv);
/* Exit 64 when stdout is a terminal: binary is never written to one. */
void tool_no_terminal(int fd, const char *what);
/* Flush stdout; a write error (disk full, closed pipe) is exit 74. Call before every exit 0 after
 * output. */
int tool_finish(int code);
/* "[HH:MM:SS] INFO text" on stderr. */
void tool_info(const char *fmt, ...) HB_PRINTF(1, 2);
/* Progress of a bucket build: on a terminal a bar that is redrawn, otherwise a line every few
 * seconds; a line for each stage that took a second or was found in the cache. */
struct tool_build {
    bool bar, drawn;
    double start, next; /* monotonic seconds: of the build; of the next sign */
};
struct tool_build tool_build_from_now(void);
/* hb_build_progress and note of struct hb_build_options; ctx = struct tool_build *. */
void tool_build_progress(void *ctx, const struct hb_build_stage *stage, double fraction,
                         double done);
void tool_build_note(void *ctx, const char *line);
/* Remove the bar. */
void tool_build_clear(struct tool_build *t);
/* What plugins say, from warnings on. */
void tool_plugin_warning(int level, const char *msg);
/* Folder of the running program; plugins are looked for in PROGRAM_DIR/../lib/hb/plugins,
 * PROGRAM_DIR/../plugins after --plugin-path and HB_PLUGIN_PATH. The ':'-list into out. */
void tool_plugin_dirs(const char *option, char *out, unsigned cap);

/* A line of output; frees it. */
void tool_print_line(struct hb_buf *line);
/* ,"key":"text" */
void tool_put_text(struct hb_buf *line, const char *key, const char *text);

#endif
