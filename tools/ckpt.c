#include "ckpt.h"

#include <getopt.h>
#include <inttypes.h>

const struct tool_option ckpt_no_options[] = {{NULL, 0, NULL, NULL}};

char **ckpt_operands(const struct tool_spec *spec, int argc, char **argv, int n)
{
    const char *arg;

    while (tool_next(spec, argc, argv, &arg) != -1)
        continue; /* --help and --version do not come back */
    if (argc - optind < n)
        tool_usage(spec, "an operand is missing");
    if (argc - optind > n)
        tool_usage(spec, "'%s' is one operand too many", argv[optind + n]);
    return argv + optind;
}

const char *ckpt_operand(const struct tool_spec *spec, int argc, char **argv, const char *what)
{
    if (optind == argc)
        tool_usage(spec, "which %s?", what);
    if (optind + 1 < argc)
        tool_usage(spec, "'%s' is one operand too many", argv[optind + 1]);
    return argv[optind];
}

void ckpt_put_u64(struct hb_buf *b, const char *key, uint64_t v)
{
    hb_buf_printf(b, ",\"%s\":%" PRIu64, key, v);
}

void ckpt_put_hash(struct hb_buf *b, const char *key, const struct hb_hash *h)
{
    char hex[HB_HASH_HEX];

    hb_hash_hex(h, hex);
    hb_buf_printf(b, ",\"%s\":\"%s\"", key, hex);
}

const char *ckpt_file(const char *given, char room[HB_PATH_MAX])
{
    const char *file;
    struct hb_err e = {0};

    if (hb_checkpoint_find(given, room, &file, &e) != HB_OK)
        tool_die(&e, NULL);
    return file;
}

void ckpt_open(const char *path, struct hb_generation *g)
{
    struct hb_err e = {0};

    if (hb_generation_open(path, g, &e) != HB_OK)
        tool_die(&e, NULL);
}
