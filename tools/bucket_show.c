/* hb-bucket show: the hands of a bucket, or the starting hands with their buckets. */
#include "bucket.h"

#include <getopt.h>
#include <string.h>
#include <stdio.h>

#include "run/bucketview.h"

static const struct tool_option show_options[] = {
    STREET_OPTION,
    {"bucket", OPT_BUCKET, "N", "the bucket; preflop without it: all starting hands"},
    {"samples", OPT_SAMPLES, "N", "hands to show (12)"},
    {"seed", OPT_SEED, "N", "of the choice of hands (1)"},
    {"format", OPT_FORMAT, "text|json|svg", "how to show them"},
    {"quiet", 'q', NULL, "no progress lines"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec show_spec = {
    "hb-bucket show",
    "hb-bucket show FILE.hba --street S [--bucket N] [--samples N] [--seed N] "
    "[--format text|json|svg] [--quiet]",
    "Show hands of a bucket with their histograms of equities, or the starting hands' buckets.",
    show_options};

enum { AS_TEXT, AS_JSON, AS_SVG };

struct show {
    const char *street;
    uint32_t bucket; /* HB_STARTING_NONE: not given */
    uint32_t samples;
    uint64_t seed;
    int format;
    bool quiet;
};

static void print(struct hb_buf *out, int format)
{
    struct hb_err e = {0};

    if (format == AS_JSON)
        hb_buf_u8(out, '\n');
    if (hb_buf_check(out, &e) != HB_OK)
        tool_die(&e, NULL);
    (void)fwrite(out->data, 1, out->len, stdout); /* tool_finish looks */
    hb_buf_fini(out);
}

static void show_bucket(const struct hb_buckets *b, int street, const struct show *o)
{
    struct bucket_progress progress = bucket_progress_of(street, o->quiet);
    struct hb_bucketview v;
    struct hb_starting g;
    struct hb_buf out = {0};
    struct hb_err e = {0};
    int rc = hb_bucketview_new(b, street, o->bucket, o->samples, o->seed, bucket_show_progress,
                               &progress, &v, &e);

    tool_build_clear(&progress.shown);
    if (rc != HB_OK)
        tool_die(&e, NULL);
    if (o->format == AS_TEXT) {
        hb_bucketview_text(&v, &out);
        if (street == 0 && hb_starting_init(b, o->bucket, &g, NULL) == HB_OK) {
            hb_buf_u8(&out, '\n');
            hb_starting_text(&g, &out);
        }
    } else if (o->format == AS_JSON)
        hb_bucketview_json(&v, &out);
    else
        hb_bucketview_svg(&v, &out);
    print(&out, o->format);
    hb_bucketview_fini(&v);
}

static void show_starting(const struct hb_buckets *b, const struct show *o)
{
    struct hb_starting g;
    struct hb_buf out = {0};
    struct hb_err e = {0};

    if (hb_starting_init(b, HB_STARTING_NONE, &g, &e) != HB_OK)
        tool_die(&e, NULL);
    if (o->format == AS_TEXT)
        hb_starting_text(&g, &out);
    else if (o->format == AS_JSON)
        hb_starting_json(&g, &out);
    else
        hb_starting_svg(&g, &out);
    print(&out, o->format);
}

int bucket_run_show(int argc, char **argv)
{
    struct show o = {.bucket = HB_STARTING_NONE, .samples = 12, .seed = 1};
    struct hb_buckets b;
    const char *arg;
    int street;
    int opt;

    while ((opt = tool_next(&show_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_STREET: o.street = arg; break;
        case OPT_BUCKET: o.bucket = (uint32_t)tool_u64(arg, "--bucket", 0, UINT32_MAX - 1); break;
        case OPT_SAMPLES:
            o.samples = (uint32_t)tool_u64(arg, "--samples", 1, HB_BUCKETVIEW_SAMPLES);
            break;
        case OPT_SEED: o.seed = tool_u64(arg, "--seed", 0, UINT64_MAX); break;
        case OPT_FORMAT: o.format = tool_choice(arg, "--format", "text|json|svg"); break;
        case 'q': o.quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&show_spec, "one bucket file is needed");
    if (o.street == NULL)
        tool_usage(&show_spec, "--street is needed");
    bucket_open_operand(&show_spec, argv[optind], &b);
    street = bucket_street(&show_spec, o.street, &b.deck);
    if (o.bucket == HB_STARTING_NONE && street > 0)
        tool_usage(&show_spec, "--bucket is needed");
    if (o.bucket == HB_STARTING_NONE)
        show_starting(&b, &o);
    else
        show_bucket(&b, street, &o);
    hb_buckets_fini(&b);
    return tool_finish(TOOL_OK);
}
