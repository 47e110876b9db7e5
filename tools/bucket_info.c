/* hb-bucket info and compare: what a bucket file says, how good it is, how two of them differ. */
#include "bucket.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "abstraction/agreement.h"
#include "abstraction/hba.h"
#include "abstraction/quality.h"
#include "base/json.h"

/* ---- shared ---- */

/* ,"key":x */
static void put_real(struct hb_buf *line, const char *key, double x)
{
    hb_buf_printf(line, ",\"%s\":", key);
    hb_json_real(line, x);
}

/* ---- info ---- */

static const struct tool_option info_options[] = {
    {"quality", OPT_QUALITY, NULL, "measure how alike the hands of the buckets are"},
    {"quiet", 'q', NULL, "no progress lines"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec info_spec = {
    "hb-bucket info", "hb-bucket info FILE.hba [--quality] [--quiet]",
    "Verify a bucket file and describe it as a JSON object.", info_options};

static const char *kind_name(enum hb_bucket_kind kind)
{
    switch (kind) {
    case HB_BUCKETS_NONE: return "none";
    case HB_BUCKETS_IDENTITY: return "identity";
    case HB_BUCKETS_U8: return "u8";
    case HB_BUCKETS_U16: return "u16";
    case HB_BUCKETS_U32: return "u32";
    }
    return "unknown";
}

static void put_deck(struct hb_buf *line, const struct hb_deck *deck)
{
    hb_buf_printf(line, "\"deck\":{\"ranks\":%d,\"suits\":%d,\"hole\":%d,\"board\":[",
                  deck->n_ranks, deck->n_suits, deck->n_hole);
    for (int s = 0; s < deck->n_streets; s++)
        hb_buf_printf(line, "%s%d", s > 0 ? "," : "", deck->n_board[s]);
    hb_buf_printf(line, "]}");
}

static void put_sizes(struct hb_buf *line, const struct hb_sizes *z)
{
    hb_buf_printf(line, ",\"sizes\":{\"empty\":%" PRIu32, z->n_empty);
    put_real(line, "least", z->least);
    put_real(line, "quarter", z->quarter);
    put_real(line, "median", z->median);
    put_real(line, "three_quarters", z->three_quarters);
    put_real(line, "most", z->most);
    put_real(line, "deviation", z->deviation);
    hb_buf_printf(line, "}");
}

static int put_quality(struct hb_buf *line, const struct hb_buckets *b, int street, bool quiet,
                       struct hb_err *e)
{
    struct bucket_progress progress = bucket_progress_of(street, quiet);
    struct hb_quality whole;
    struct hb_quality q;
    int rc;

    if (!hb_quality_can(b, street)) {
        hb_buf_printf(line, ",\"quality\":null");
        return HB_OK;
    }
    rc = hb_quality_of(&b, 1, street, &q, &whole, bucket_show_progress, &progress, e);
    tool_build_clear(&progress.shown);
    if (rc != HB_OK)
        return rc;
    hb_buf_printf(line, ",\"quality\":{\"equity_deviation\":");
    hb_json_real(line, q.equity_deviation);
    put_real(line, "equity_deviation_of_all", whole.equity_deviation);
    put_real(line, "distance", q.distance);
    put_real(line, "distance_of_all", whole.distance);
    hb_buf_printf(line, "}");
    return HB_OK;
}

static int put_street(struct hb_buf *line, const struct hb_buckets *b, int street, bool quality,
                      bool quiet, struct hb_err *e)
{
    const struct hb_buckets_street *st = &b->street[street];
    struct hb_sizes sizes;
    int rc;

    hb_buf_printf(line,
                  "{\"street\":\"%s\",\"kind\":\"%s\",\"recall\":\"%s\",\"buckets\":%" PRIu32
                  ",\"hands\":%" PRIu64 ",\"hottest\":",
                  hb_street_name(street), kind_name(st->kind),
                  st->sense == HB_ISO_ROUNDS ? "perfect" : "imperfect", st->n_buckets, st->n_hands);
    hb_json_real(line, (double)st->hottest / (double)st->total);
    tool_put_text(line, "plugin", st->plugin);
    tool_put_text(line, "version", st->version);
    tool_put_text(line, "args", st->args);
    if ((rc = hb_sizes_of(b, street, &sizes, e)) != HB_OK)
        return rc;
    put_sizes(line, &sizes);
    if (quality && (rc = put_quality(line, b, street, quiet, e)) != HB_OK)
        return rc;
    hb_buf_printf(line, "}");
    return HB_OK;
}

int bucket_run_info(int argc, char **argv)
{
    char hex[HB_HASH_HEX];
    struct hb_buf line = {0};
    struct hb_buckets b;
    const char *comma = "";
    bool quality = false;
    bool quiet = false;
    struct hb_err e = {0};
    const char *arg;
    int opt;

    while ((opt = tool_next(&info_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_QUALITY: quality = true; break;
        case 'q': quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 1)
        tool_usage(&info_spec, "one bucket file is needed");
    bucket_open_operand(&info_spec, argv[optind], &b);
    hb_buf_printf(&line, "{");
    put_deck(&line, &b.deck);
    hb_buf_printf(&line, ",\"streets\":[");
    for (int s = 0; s < b.deck.n_streets; s++)
        if (b.street[s].kind != HB_BUCKETS_NONE) {
            hb_buf_printf(&line, "%s", comma);
            if (put_street(&line, &b, s, quality, quiet, &e) != HB_OK)
                tool_die(&e, NULL);
            comma = ",";
        }
    hb_buf_printf(&line, "],\"map_bytes\":%" PRIu64, hb_buckets_bytes(&b));
    hb_hash_hex(&b.content, hex);
    tool_put_text(&line, "content", hex);
    hb_hash_hex(&b.root, hex);
    tool_put_text(&line, "root", hex);
    tool_put_text(&line, "path", b.path);
    hb_buf_printf(&line, "}");
    tool_print_line(&line);
    hb_buckets_fini(&b);
    return tool_finish(TOOL_OK);
}

/* ---- compare ---- */

static const struct tool_option compare_options[] = {
    {"no-quality", OPT_NO_QUALITY, NULL, "leave out the distances, which take longest"},
    {"quiet", 'q', NULL, "no progress lines"},
    {NULL, 0, NULL, NULL}};
static const struct tool_spec compare_spec = {
    "hb-bucket compare", "hb-bucket compare A.hba B.hba [--no-quality] [--quiet]",
    "Say how two bucket files of one deck differ; exit 1 when they do.", compare_options};

/* Means over the streets that both files have. */
struct overall {
    int n, n_distances;
    double rand, moved, ratio;
};

static int put_distances(struct hb_buf *line, const struct hb_buckets *const side[2], int street,
                         bool quiet, struct overall *all, struct hb_err *e)
{
    struct bucket_progress progress = bucket_progress_of(street, quiet);
    struct hb_quality q[2];
    int rc;

    if (!hb_quality_can(side[0], street) || !hb_quality_can(side[1], street))
        return HB_OK;
    rc = hb_quality_of(side, 2, street, q, NULL, bucket_show_progress, &progress, e);
    tool_build_clear(&progress.shown);
    if (rc != HB_OK)
        return rc;
    put_real(line, "a_distance", q[0].distance);
    put_real(line, "b_distance", q[1].distance);
    put_real(line, "distance_ratio", q[0].distance / q[1].distance);
    if (q[1].distance > 0) {
        all->ratio += q[0].distance / q[1].distance;
        all->n_distances++;
    }
    return HB_OK;
}

static int put_comparison(struct hb_buf *line, const struct hb_buckets *const side[2], int street,
                          bool quality, bool quiet, struct overall *all, struct hb_err *e)
{
    const struct hb_buckets_street *a = &side[0]->street[street];
    const struct hb_buckets_street *b = &side[1]->street[street];
    struct hb_agreement g;
    int rc;

    hb_buf_printf(line, "%s{\"street\":\"%s\",\"a_buckets\":%" PRIu32 ",\"b_buckets\":%" PRIu32,
                  street > 0 ? "," : "", hb_street_name(street), a->n_buckets, b->n_buckets);
    if (a->kind != HB_BUCKETS_NONE && b->kind != HB_BUCKETS_NONE && a->sense == b->sense) {
        if ((rc = hb_agreement_of(side[0], side[1], street, &g, e)) != HB_OK)
            return rc;
        hb_buf_printf(line, ",\"same\":%s", g.same ? "true" : "false");
        put_real(line, "adjusted_rand", g.adjusted_rand);
        put_real(line, "moved", g.moved);
        all->n++;
        all->rand += g.adjusted_rand;
        all->moved += g.moved;
        if (quality && (rc = put_distances(line, side, street, quiet, all, e)) != HB_OK)
            return rc;
    }
    hb_buf_printf(line, "}");
    return HB_OK;
}

static void compare(const struct hb_buckets *const side[2], bool quality, bool quiet, bool same)
{
    struct hb_buf line = {0};
    struct overall all = {0};
    struct hb_err e = {0};

    hb_buf_printf(&line, "{\"a\":");
    hb_json_str(&line, side[0]->path);
    tool_put_text(&line, "b", side[1]->path);
    hb_buf_printf(&line, ",\"identical\":%s,\"streets\":[", same ? "true" : "false");
    for (int s = 0; s < side[0]->deck.n_streets; s++)
        if (put_comparison(&line, side, s, quality, quiet, &all, &e) != HB_OK)
            tool_die(&e, NULL);
    hb_buf_printf(&line, "]");
    put_real(&line, "adjusted_rand", all.rand / all.n);
    put_real(&line, "moved", all.moved / all.n);
    if (quality)
        put_real(&line, "distance_ratio", all.ratio / all.n_distances);
    hb_buf_printf(&line, "}");
    tool_print_line(&line);
}

int bucket_run_compare(int argc, char **argv)
{
    struct hb_buckets b[2];
    const struct hb_buckets *const side[2] = {&b[0], &b[1]};
    bool quality = true;
    bool quiet = false;
    struct hb_err e = {0};
    const char *arg;
    bool same;
    int opt;

    while ((opt = tool_next(&compare_spec, argc, argv, &arg)) != -1)
        switch (opt) {
        case OPT_NO_QUALITY: quality = false; break;
        case 'q': quiet = true; break;
        default: break; /* tool_next refuses what is not in the table */
        }
    if (argc - optind != 2)
        tool_usage(&compare_spec, "two bucket files are needed");
    for (int i = 0; i < 2; i++)
        bucket_open_operand(&compare_spec, argv[optind + i], &b[i]);
    if (hb_buckets_same_deck(&b[0], &b[1], &e) != HB_OK)
        tool_die(&e, NULL);
    same = hb_hash_equal(&b[0].content, &b[1].content) == 1;
    compare(side, quality, quiet, same);
    for (int i = 0; i < 2; i++)
        hb_buckets_fini(&b[i]);
    return tool_finish(same ? TOOL_OK : TOOL_NO);
}
