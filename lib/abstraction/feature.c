#include "abstraction/feature.h"

#include <stdbool.h>
#include <string.h>

#include "abstraction/points.h"
#include "abstraction/weights.h"
#include "base/mem.h"

#define HANDS_MAX 1326u

/* ---- arguments ---- */

struct option {
    const char *name;
    uint64_t least, most;
};

static const struct option options[] = {{"k", 1, HB_CLUSTER_K_MAX},
                                        {"seed", 0, UINT32_MAX},
                                        {"restarts", 1, 1000},
                                        {"iters", 1, 100000},
                                        {"tol", 0, 1000000}};
#define N_OPTIONS (sizeof options / sizeof options[0])

/* Which option "name=..." of n characters is, or N_OPTIONS. */
static size_t option_of(const char *arg, size_t n)
{
    size_t i = 0;

    for (; i < N_OPTIONS; i++) {
        size_t len = strlen(options[i].name);

        if (len < n && memcmp(arg, options[i].name, len) == 0 && arg[len] == '=')
            break;
    }
    return i;
}

/* The whole number after "name=", or -1. */
static int64_t value_of(const char *arg, size_t n, const struct option *o)
{
    size_t at = strlen(o->name) + 1;
    uint64_t value = 0;

    if (at == n || (arg[at] == '0' && at + 1 < n))
        return -1;
    for (; at < n; at++) {
        if (arg[at] < '0' || arg[at] > '9' || value > UINT32_MAX)
            return -1;
        value = 10 * value + (uint64_t)(arg[at] - '0');
    }
    return value < o->least || value > o->most ? -1 : (int64_t)value;
}

static int take_option(const char *arg, size_t n, size_t which, uint64_t value[N_OPTIONS],
                       bool given[N_OPTIONS], struct hb_err *e)
{
    int64_t v = value_of(arg, n, &options[which]);

    if (v < 0)
        return hb_fail(e, HB_EPLUGIN, "'%s' is a whole number from %llu to %llu, not '%.*s'",
                       options[which].name, (unsigned long long)options[which].least,
                       (unsigned long long)options[which].most, (int)n, arg);
    if (given[which])
        return hb_fail(e, HB_EPLUGIN, "'%s' is given twice", options[which].name);
    given[which] = true;
    value[which] = (uint64_t)v;
    return HB_OK;
}

int hb_feature_args(const char *args, struct hb_cluster_opts *opts, char *rest, size_t cap,
                    struct hb_err *e)
{
    const struct hb_cluster_opts d = HB_FEATURE_DEFAULTS;
    uint64_t value[N_OPTIONS] = {d.k, d.seed, d.restarts, d.iters, d.tol_ppm};
    bool given[N_OPTIONS] = {false};
    size_t len = 0;
    int rc;

    if (strlen(args) >= cap)
        return hb_fail(e, HB_EPLUGIN, "the arguments are too long");
    for (const char *at = args; *at != '\0';) {
        size_t n = strcspn(at, ",");
        size_t which = option_of(at, n);

        if (which < N_OPTIONS) {
            if ((rc = take_option(at, n, which, value, given, e)) != HB_OK)
                return rc;
        } else {
            if (len > 0)
                rest[len++] = ',';
            memcpy(rest + len, at, n);
            len += n;
        }
        at += n;
        if (*at == ',' && at[1] == '\0')
            return hb_fail(e, HB_EPLUGIN, "the arguments '%s' end in a comma", args);
        at += *at == ',';
    }
    rest[len] = '\0';
    if (!given[0])
        return hb_fail(e, HB_EPLUGIN, "the arguments must say 'k=N', not '%s'", args);
    *opts = (struct hb_cluster_opts){.k = (uint32_t)value[0],
                                     .seed = value[1],
                                     .restarts = (uint32_t)value[2],
                                     .iters = (uint32_t)value[3],
                                     .tol_ppm = (uint32_t)value[4]};
    return HB_OK;
}

/* ---- vectors ---- */

int hb_feature_shape(const struct hb_features *f, struct hb_vectors *v, struct hb_err *e)
{
    uint32_t least = 1;

    if (f == NULL || !HB_HAS(f, n) || !HB_HAS(f, item_bytes) || !HB_HAS(f, distance))
        return hb_fail(e, HB_EPLUGIN, "features without a number, size or distance");
    *v = (struct hb_vectors){.numbers = f->n, .item_bytes = f->item_bytes};
    if (strcmp(f->distance, "emd") == 0) {
        v->distance = HB_DISTANCE_EMD;
        least = 2;
    } else if (strcmp(f->distance, "l2") == 0) {
        v->distance = HB_DISTANCE_L2;
    } else {
        return hb_fail(e, HB_EPLUGIN, "no distance '%.20s'; there are 'emd' and 'l2'", f->distance);
    }
    if (f->n < least || f->n > HB_CLUSTER_NUMBERS_MAX)
        return hb_fail(e, HB_EPLUGIN, "vectors of %u numbers; %u to %u are possible",
                       (unsigned)f->n, (unsigned)least, HB_CLUSTER_NUMBERS_MAX);
    if (f->item_bytes != 1 && f->item_bytes != 2 && f->item_bytes != 4)
        return hb_fail(e, HB_EPLUGIN, "numbers of %u bytes; 1, 2 and 4 are possible",
                       (unsigned)f->item_bytes);
    return HB_OK;
}

struct gather { /* vectors on their way into points */
    const struct hb_abstraction *abs;
    const struct hb_abs *instance;
    const struct hb_iso *iso;
    int street;
    hb_feature_progress progress;
    void *ctx;
};

static int gather_boards(const struct gather *g, void *vectors, struct hb_points *points,
                         uint32_t *point, struct hb_err *e)
{
    uint32_t n_boards = hb_iso_boards(g->iso, g->street);
    uint32_t weight[HANDS_MAX];
    uint8_t cards[HB_BOARD_MAX];
    uint32_t board_weight;
    uint32_t n_hands;
    uint64_t first;
    int rc;

    for (uint32_t board = 0; board < n_boards; board++) {
        if (g->progress != NULL && board % 256 == 0)
            g->progress(g->ctx, "vectors", (double)board / n_boards);
        hb_iso_board(g->iso, g->street, board, cards, &board_weight, &first, &n_hands);
        if (g->abs->vectors(g->instance, g->street, board, vectors) != 0)
            return hb_fail(e, HB_EPLUGIN, "plugin '%s' fails at board %u", g->abs->id,
                           (unsigned)board);
        hb_weights(g->iso, HB_ISO_SET, g->street, first, n_hands, weight);
        if ((rc = hb_points_add(points, vectors, weight, n_hands, point + first, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

struct stage {
    hb_feature_progress progress;
    void *ctx;
};

static void show_clusters(void *ctx, double fraction)
{
    const struct stage *s = ctx;

    if (s->progress != NULL)
        s->progress(s->ctx, "clusters", fraction);
}

static int cluster_points(struct hb_points *points, struct hb_vectors *v,
                          const struct hb_cluster_opts *opts, uint32_t *bucket,
                          struct hb_clusters *out, struct stage *stage, struct hb_err *e)
{
    struct hb_err why = {0};
    int rc;

    hb_points_pack(points);
    v->n = points->n;
    v->vector = points->vector;
    v->weight = points->weight;
    rc = hb_cluster(v, opts, bucket, out, show_clusters, stage, &why);
    if (rc == HB_OK)
        return HB_OK;
    return hb_fail(e, rc == HB_EUSAGE ? HB_EPLUGIN : rc, "%s", why.msg);
}

int hb_feature_cluster(const struct hb_features *f, const void *vector, const uint32_t *weight,
                       size_t n, const struct hb_cluster_opts *opts, uint32_t *label,
                       struct hb_clusters *out, struct hb_err *e)
{
    struct stage stage = {NULL, NULL};
    struct hb_points points = {0};
    uint32_t *bucket = NULL;
    struct hb_vectors v;
    int rc;

    if ((rc = hb_feature_shape(f, &v, e)) != HB_OK)
        return rc;
    if ((rc = hb_points_init(&points, v.numbers * v.item_bytes, e)) == HB_OK &&
        (rc = hb_points_add(&points, vector, weight, n, label, e)) == HB_OK &&
        (rc = hb_mem_new(&bucket, points.n, sizeof *bucket, "labels", e)) == HB_OK &&
        (rc = cluster_points(&points, &v, opts, bucket, out, &stage, e)) == HB_OK)
        for (size_t i = 0; i < n; i++)
            label[i] = bucket[label[i]];
    hb_mem_free(bucket);
    hb_points_fini(&points);
    return rc;
}

int hb_feature_map_build(const struct hb_abstraction *abs, const struct hb_abs *instance,
                         const struct hb_iso *iso, int street, const struct hb_cluster_opts *opts,
                         hb_feature_progress progress, void *ctx, struct hb_feature_map *out,
                         struct hb_err *e)
{
    const struct gather g = {abs, instance, iso, street, progress, ctx};
    struct stage stage = {progress, ctx};
    struct hb_points points = {0};
    struct hb_vectors v;
    void *vectors = NULL;
    int rc;

    *out = (struct hb_feature_map){.n_hands = hb_iso_size(iso, street)};
    if ((rc = hb_feature_shape(abs->features(instance, street), &v, e)) != HB_OK)
        return hb_context(e, rc, "plugin '%s'", abs->id);
    if ((rc = hb_mem_new(&vectors, HANDS_MAX, (size_t)v.numbers * v.item_bytes, "vectors", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&out->point, out->n_hands, sizeof *out->point, "hands", e)) != HB_OK ||
        (rc = hb_points_init(&points, v.numbers * v.item_bytes, e)) != HB_OK ||
        (rc = gather_boards(&g, vectors, &points, out->point, e)) != HB_OK ||
        (rc = hb_mem_new(&out->bucket, points.n, sizeof *out->bucket, "labels", e)) != HB_OK)
        goto out;
    out->n_points = points.n;
    rc = cluster_points(&points, &v, opts, out->bucket, &out->clusters, &stage, e);
    if (rc != HB_OK)
        rc = hb_context(e, rc, "plugin '%s'", abs->id);
out:
    hb_mem_free(vectors);
    hb_points_fini(&points);
    if (rc != HB_OK)
        hb_feature_map_fini(out);
    return rc;
}

void hb_feature_map_fini(struct hb_feature_map *m)
{
    hb_mem_free(m->point);
    hb_mem_free(m->bucket);
    *m = (struct hb_feature_map){0};
}
