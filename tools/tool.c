#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abstraction/hb_plugin.h"
#include "abstraction/hba.h"
#include "base/json.h"
#include "base/os.h"

#define OPTIONS_MAX 40
#define OPT_HELP    (TOOL_OPT + 1000)
#define OPT_VERSION (TOOL_OPT + 1001)

static const char *tool_name = "hb";
static const char *tool_argv0 = "hb";
static int tool_operands; /* seen before the last option, kept at argv[1..] */

/* A file opened while 0, 1 or 2 is closed would get that number, and messages would be written into
 * it. Fill the gaps with a descriptor that fails where the missing one would have: reading from
 * standard input, writing to the others. */
static void fill_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            exit(TOOL_OS);
}

void tool_init(const char *name)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    tool_name = name;
    fill_standard_fds();
    (void)sigaction(SIGPIPE, &ignore, NULL); /* cannot fail for a valid signal */
#ifdef SIGXFSZ
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a file at its limit is an error like a full disk */
#endif
}

static void print_help(const struct tool_spec *spec)
{
    const char *line = spec->usage;
    const char *lead = "usage: ";

    while (*line != '\0') {
        size_t n = strcspn(line, "\n");

        (void)printf("%s%.*s\n", lead, (int)n, line);
        lead = "       ";
        line += n + (line[n] == '\n');
    }
    (void)printf("\n%s\n", spec->about);
    (void)printf("\noptions:\n");
    for (const struct tool_option *o = spec->options; o != NULL && o->name != NULL; o++) {
        char left[64];
        char shrt[8] = "    ";

        if (o->letter > 0 && o->letter < TOOL_OPT)
            (void)snprintf(shrt, sizeof shrt, "-%c, ", (char)o->letter);
        (void)snprintf(left, sizeof left, "%s--%s%s%s", shrt, o->name, o->arg ? " " : "",
                       o->arg ? o->arg : "");
        (void)printf("  %-34s %s\n", left, o->help);
    }
    (void)printf("  %-34s %s\n", "-h, --help", "show this help");
    (void)printf("  %-34s %s\n", "-V, --version", "show the version");
}

/* getopt_long's tables from ours; `letters` gets the short options. */
static void make_tables(const struct tool_spec *spec, struct option *longs, char *letters)
{
    size_t n = 0;

    *letters++ = '-'; /* operands are reported in their place, whatever POSIXLY_CORRECT says */
    for (const struct tool_option *o = spec->options; o != NULL && o->name != NULL; o++) {
        if (n >= OPTIONS_MAX)
            break;
        longs[n++] =
            (struct option){o->name, o->arg ? required_argument : no_argument, NULL, o->letter};
        if (o->letter < TOOL_OPT) {
            *letters++ = (char)o->letter;
            if (o->arg != NULL)
                *letters++ = ':';
        }
    }
    longs[n++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    longs[n++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    longs[n] = (struct option){NULL, 0, NULL, 0};
    *letters++ = 'h';
    *letters++ = 'V';
    *letters = '\0';
}

int tool_next(const struct tool_spec *spec, int argc, char **argv, const char **arg)
{
    struct option longs[OPTIONS_MAX + 3];
    char letters[2 * OPTIONS_MAX + 4];
    int opt;

    tool_argv0 = argv[0];
    make_tables(spec, longs, letters);
    /* Operands between options move to the front of argv, over arguments that are done with. */
    while ((opt = getopt_long(argc, argv, letters, longs, NULL)) == 1)
        argv[1 + tool_operands++] = optarg;
    *arg = optarg;
    switch (opt) {
    case -1:
        /* … and from there to just before the operands that were not looked at. */
        optind -= tool_operands;
        memmove(&argv[optind], &argv[1], (size_t)tool_operands * sizeof argv[0]);
        tool_operands = 0;
        return -1;
    case 'h':
    case OPT_HELP: print_help(spec); exit(tool_finish(TOOL_OK));
    case 'V':
    case OPT_VERSION: (void)printf("%s %s\n", tool_name, HB_VERSION); exit(tool_finish(TOOL_OK));
    case '?': /* getopt has said what is wrong */
        (void)fprintf(stderr, "%s: try '%s --help'\n", tool_name, spec->name);
        exit(TOOL_USAGE);
    default: return opt;
    }
}

/* given: NULL: none was. */
static _Noreturn void no_command(const struct tool_spec *spec, const struct tool_command *commands,
                                 const char *given)
{
    if (given != NULL)
        (void)fprintf(stderr, "%s: no command '%s':", tool_name, given);
    else
        (void)fprintf(stderr, "%s: which command?", tool_name);
    for (const struct tool_command *c = commands; c->name != NULL; c++)
        (void)fprintf(stderr, "%s %s", c == commands ? "" : ",", c->name);
    (void)fprintf(stderr, "\n%s: try '%s --help'\n", tool_name, spec->name);
    exit(TOOL_USAGE);
}

int tool_dispatch(const struct tool_spec *spec, const struct tool_command *commands, int argc,
                  char **argv)
{
    const char *arg;

    if (argc > 1 && argv[1][0] != '-') {
        for (const struct tool_command *c = commands; c->name != NULL; c++)
            if (strcmp(c->name, argv[1]) == 0) {
                argv[1] = argv[0]; /* getopt's messages begin with it */
                return c->run(argc - 1, argv + 1);
            }
        no_command(spec, commands, argv[1]);
    }
    while (tool_next(spec, argc, argv, &arg) != -1)
        continue; /* --help and --version do not come back */
    no_command(spec, commands, NULL);
}

void tool_usage(const struct tool_spec *spec, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "%s: ", tool_name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "\nusage: %.*s\n%s: try '%s --help'\n", (int)strcspn(spec->usage, "\n"),
                  spec->usage, tool_name, spec->name);
    exit(TOOL_USAGE);
}

int tool_exit_code(int rc)
{
    static const struct {
        int rc, code;
    } map[] = {
        {HB_OK, TOOL_OK},
        {HB_EOF, TOOL_OK},
        {HB_ESYS, TOOL_OS},
        {HB_ENOMEM, TOOL_OS},
        {HB_EUSAGE, TOOL_USAGE},
        {HB_EPROTO, TOOL_DATA},
        {HB_EFORMAT, TOOL_DATA},
        {HB_EVERSION, TOOL_DATA},
        {HB_ELIMIT, TOOL_DATA},
        {HB_EIDENTITY, TOOL_DATA},
        {HB_EPLUGIN, TOOL_UNAVAILABLE},
        {HB_ENOINPUT, TOOL_NO_INPUT},
        {HB_ECONFIG, TOOL_CONFIG},
        {HB_ECREATE, TOOL_CANT_CREATE},
        {HB_EIO, TOOL_IO},
        {HB_EINTERNAL, TOOL_INTERNAL},
        {HB_ESTOPPED, TOOL_STOPPED},
    };

    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].rc == rc)
            return map[i].code;
    return TOOL_INTERNAL;
}

void tool_die(const struct hb_err *e, const char *what)
{
    if (what != NULL)
        (void)fprintf(stderr, "%s: %s: %s\n", tool_name, what, e->msg);
    else
        (void)fprintf(stderr, "%s: %s\n", tool_name, e->msg);
    exit(tool_exit_code(e->rc));
}

static noreturn void bad_number(const char *text, const char *option, const char *want)
{
    (void)fprintf(stderr, "%s: %s: '%s' is not %s\n", tool_name, option, text, want);
    exit(TOOL_USAGE);
}

uint64_t tool_u64(const char *text, const char *option, uint64_t min, uint64_t max)
{
    char *end = NULL;
    unsigned long long v;

    errno = 0;
    v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v < min || v > max) {
        char want[96];

        (void)snprintf(want, sizeof want, "a whole number from %llu to %llu",
                       (unsigned long long)min, (unsigned long long)max);
        bad_number(text, option, want);
    }
    return v;
}

uint64_t tool_bytes(const char *text, const char *option)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    unsigned long long v;
    unsigned shift = 0;

    errno = 0;
    v = strtoull(text, &end, 10);
    if (*end != '\0' && strchr(units, *end) != NULL) {
        shift = 10u * (unsigned)(strchr(units, *end) - units + 1);
        end++;
    }
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v > (UINT64_MAX >> shift))
        bad_number(text, option, "a size such as 512M or 16G");
    return (uint64_t)v << shift;
}

double tool_seconds(const char *text, const char *option, bool or_none)
{
    char *end = NULL;
    double v;

    errno = 0;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(v >= 0 && v < 1e10) || (v == 0 && !or_none))
        bad_number(text, option,
                   or_none ? "a number of seconds, 0 for none" : "a positive number of seconds");
    return v;
}

int tool_choice(const char *text, const char *option, const char *words)
{
    size_t n = strlen(text);
    int i = 0;

    for (const char *w = words;; i++) {
        size_t len = strcspn(w, "|");

        if (len == n && memcmp(w, text, n) == 0)
            return i;
        if (w[len] == '\0')
            break;
        w += len + 1;
    }
    (void)fprintf(stderr, "%s: %s: '%s' is not one of %s\n", tool_name, option, text, words);
    exit(TOOL_USAGE);
}

bool tool_next_part(const char **list, char *out, unsigned cap)
{
    size_t n;

    if (*list == NULL || **list == '\0')
        return false;
    n = strcspn(*list, ",");
    (void)snprintf(out, cap, "%.*s", n < cap ? (int)n : (int)cap - 1, *list);
    *list += n + ((*list)[n] == ',');
    return true;
}

bool tool_is_log_name(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++)
        if (*name == ':' || *name == '|' || (unsigned char)*name < ' ' || *name == 127)
            return false;
    return true;
}

void tool_no_operands(const struct tool_spec *spec, int argc, char **argv)
{
    if (optind < argc)
        tool_usage(spec, "unexpected '%s'", argv[optind]);
}

void tool_no_terminal(int fd, const char *what)
{
    if (!isatty(fd))
        return;
    (void)fprintf(stderr, "%s: %s is binary and is not written to a terminal; redirect it\n",
                  tool_name, what);
    exit(TOOL_USAGE);
}

int tool_finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    (void)fprintf(stderr, "%s: cannot write the output: %s\n", tool_name, strerror(errno));
    return TOOL_IO;
}

void tool_info(const char *fmt, ...)
{
    time_t now = time(NULL);
    struct tm tm;
    char clock[16] = "--:--:--";
    va_list ap;

    if (localtime_r(&now, &tm) != NULL)
        (void)strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    (void)fprintf(stderr, "[%s] INFO ", clock);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

#define LINE_EVERY_S 5.0
#define BAR_EVERY_S  0.1
#define BAR_WIDTH    30
#define LONG_STAGE_S 1.0 /* worth a line of its own */

struct tool_build tool_build_from_now(void)
{
    double now = hb_os_monotonic();

    return (struct tool_build){.bar = isatty(STDERR_FILENO) != 0,
                               .start = now,
                               .next = now + (isatty(STDERR_FILENO) ? BAR_EVERY_S : LINE_EVERY_S)};
}

void tool_build_clear(struct tool_build *t)
{
    if (t->drawn)
        (void)fprintf(stderr, "\r\033[K");
    t->drawn = false;
}

void tool_build_note(void *ctx, const char *line)
{
    tool_build_clear(ctx);
    tool_info("%s", line);
}

/* "river: clusters" or "file". */
static void name_stage(const struct hb_build_stage *s, char out[64])
{
    (void)snprintf(out, 64, "%s%s%s", s->street >= 0 ? hb_street_name(s->street) : "",
                   s->street >= 0 ? ": " : "", s->name); /* cut at worst */
}

static void say_ended(struct tool_build *t, const struct hb_build_stage *s)
{
    char name[64];

    name_stage(s, name);
    tool_build_clear(t);
    if (s->cached)
        tool_info("%s: found in the cache", name);
    else
        tool_info("%s: %.1f s, %.0f MB", name, s->seconds, (double)s->bytes / 1e6);
}

static void draw_build(struct tool_build *t, const char *name, double fraction, double done,
                       double left)
{
    int width = (int)(done * BAR_WIDTH);

    width = width < 0 ? 0 : width > BAR_WIDTH ? BAR_WIDTH : width;
    (void)fprintf(stderr, "\r[%-*.*s] %3.0f %%, %s %.0f %%, about %.0f s left\033[K", BAR_WIDTH,
                  width, "##############################", 100 * done, name, 100 * fraction, left);
    (void)fflush(stderr);
    t->drawn = true;
}

void tool_build_progress(void *ctx, const struct hb_build_stage *stage, double fraction,
                         double done)
{
    struct tool_build *t = ctx;
    double now = hb_os_monotonic();
    double left = done > 0 ? (now - t->start) * (1 / done - 1) : 0;
    char name[64];

    if (fraction >= 1 && (stage->cached || stage->seconds >= LONG_STAGE_S))
        say_ended(t, stage);
    if (now < t->next || fraction >= 1)
        return;
    t->next = now + (t->bar ? BAR_EVERY_S : LINE_EVERY_S);
    name_stage(stage, name);
    if (t->bar)
        draw_build(t, name, fraction, done, left);
    else
        tool_info("%s, %.0f %%; %.0f %% of all, about %.0f s left", name, 100 * fraction,
                  100 * done, left);
}

void tool_plugin_warning(int level, const char *msg)
{
    if (level >= HB_LOG_WARNING)
        tool_info("plugin warns: %s", msg);
}

void tool_plugin_dirs(const char *option, char *out, unsigned cap)
{
    const char *env = getenv("HB_PLUGIN_PATH");
    char dir[HB_OS_PATH_MAX] = "";

    if (hb_os_program_dir(tool_argv0, dir, sizeof dir, NULL) != HB_OK)
        dir[0] = '\0'; /* then only the named folders are searched */
    (void)snprintf(out, cap, "%s%s%s%s%s%s%s%s", option ? option : "", option ? ":" : "",
                   env ? env : "", env ? ":" : "", dir[0] ? dir : "/nonexistent",
                   "/../lib/hb/plugins:", dir[0] ? dir : "/nonexistent", "/../plugins");
}

void tool_print_line(struct hb_buf *line)
{
    struct hb_err e = {0};

    hb_buf_u8(line, '\n');
    if (hb_buf_check(line, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(line->data, 1, line->len, stdout); /* tool_finish looks */
    hb_buf_fini(line);
}

void tool_put_text(struct hb_buf *line, const char *key, const char *text)
{
    hb_buf_printf(line, ",\"%s\":", key);
    hb_json_str(line, text);
}
