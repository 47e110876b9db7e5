#include "abstraction/feature.h"

#include <stdio.h>
#include <string.h>

#include "abstraction/hba.h"
#include "abstraction/sparse.h"
#include "abstraction/weights.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define HANDS_MAX      1326u
#define UNITS          128u   /* the boards of a street are cut into so many shares */
#define CREW_POINTS    20000u /* fewer vectors are not worth a process */
#define SHAPE_BYTES    24     /* of the sections "shape" and "clusters", man/hb-stage.5 */
#define CLUSTERS_BYTES 20

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

static int take_distance(const struct hb_features *f, struct hb_vectors *v, struct hb_err *e)
{
    if (strcmp(f->distance, "emd") == 0) {
        v->distance = HB_DISTANCE_EMD;
    } else if (strcmp(f->distance, "l2") == 0) {
        v->distance = HB_DISTANCE_L2;
    } else if (strcmp(f->distance, "ground") == 0) {
        if (!HB_HAS(f, ground))
            return hb_fail(e, HB_EPLUGIN, "distance 'ground' without costs from bin to bin");
        v->distance = HB_DISTANCE_GROUND;
        v->ground = f->ground;
        v->entries = HB_HAS(f, entries) && f->entries < f->n ? f->entries : f->n;
    } else {
        return hb_fail(e, HB_EPLUGIN, "no distance '%.20s'; there are 'emd', 'l2' and 'ground'",
                       f->distance);
    }
    return HB_OK;
}

int hb_feature_shape(const struct hb_features *f, struct hb_vectors *v, struct hb_err *e)
{
    uint32_t least;
    uint32_t most;
    int rc;

    if (f == NULL || !HB_HAS(f, n) || !HB_HAS(f, item_bytes) || !HB_HAS(f, distance))
        return hb_fail(e, HB_EPLUGIN, "features without a number, size or distance");
    *v = (struct hb_vectors){.numbers = f->n, .item_bytes = f->item_bytes};
    if ((rc = take_distance(f, v, e)) != HB_OK)
        return rc;
    least = v->distance == HB_DISTANCE_EMD ? 2 : 1;
    most = v->distance == HB_DISTANCE_GROUND ? HB_CLUSTER_GROUND_MAX : HB_CLUSTER_NUMBERS_MAX;
    if (f->n < least || f->n > most)
        return hb_fail(e, HB_EPLUGIN, "vectors of %u numbers; %u to %u are possible",
                       (unsigned)f->n, (unsigned)least, (unsigned)most);
    if (f->item_bytes != 1 && f->item_bytes != 2 && f->item_bytes != 4)
        return hb_fail(e, HB_EPLUGIN, "numbers of %u bytes; 1, 2 and 4 are possible",
                       (unsigned)f->item_bytes);
    return HB_OK;
}

/* ---- vectors as points ---- */

/* Bytes of a vector among the points, where those of a ground distance are sparse. */
static uint32_t point_bytes(const struct hb_vectors *v)
{
    return v->distance == HB_DISTANCE_GROUND ? hb_sparse_bytes(v->entries, v->item_bytes)
                                             : v->numbers * v->item_bytes;
}

/* n vectors of a plugin into the points; `rows` has room for them as such. */
static int add_vectors(struct hb_points *points, const struct hb_vectors *v, const void *vectors,
                       void *rows, const uint32_t *weight, size_t n, uint32_t *point,
                       struct hb_err *e)
{
    struct hb_err why = {0};

    if (v->distance != HB_DISTANCE_GROUND)
        return hb_points_add(points, vectors, weight, n, point, e);
    if (hb_sparse_pack(vectors, n, v->numbers, v->item_bytes, v->entries, rows, &why) != HB_OK)
        return hb_fail(e, HB_EPLUGIN, "%s", why.msg);
    return hb_points_add(points, rows, weight, n, point, e);
}

/* ---- some vectors ---- */

/* What the clustering does not like comes from the plugin. */
static int cluster(const struct hb_vectors *v, const struct hb_cluster_opts *opts, uint32_t *label,
                   struct hb_clusters *out, hb_cluster_progress progress, void *ctx,
                   struct hb_err *e)
{
    struct hb_err why = {0};
    int rc = hb_cluster(v, opts, label, out, progress, ctx, &why);

    if (rc == HB_OK)
        return HB_OK;
    return hb_fail(e, rc == HB_EUSAGE ? HB_EPLUGIN : rc, "%s", why.msg);
}

static void point_at(struct hb_vectors *v, const struct hb_points *points)
{
    v->n = points->n;
    v->vector = points->vector;
    v->weight = points->weight;
}

static int cluster_packed(struct hb_points *points, struct hb_vectors *v,
                          const struct hb_cluster_opts *opts, uint32_t *bucket,
                          struct hb_clusters *out, struct hb_err *e)
{
    hb_points_pack(points);
    point_at(v, points);
    return cluster(v, opts, bucket, out, NULL, NULL, e);
}

int hb_feature_cluster(const struct hb_features *f, const void *vector, const uint32_t *weight,
                       size_t n, const struct hb_cluster_opts *opts, uint32_t *label,
                       struct hb_clusters *out, struct hb_err *e)
{
    struct hb_points points = {0};
    uint32_t *bucket = NULL;
    void *rows = NULL;
    struct hb_vectors v;
    int rc;

    if ((rc = hb_feature_shape(f, &v, e)) != HB_OK)
        return rc;
    if ((v.distance != HB_DISTANCE_GROUND ||
         (rc = hb_mem_new(&rows, n, point_bytes(&v), "vectors", e)) == HB_OK) &&
        (rc = hb_points_init(&points, point_bytes(&v), e)) == HB_OK &&
        (rc = add_vectors(&points, &v, vector, rows, weight, n, label, e)) == HB_OK &&
        (rc = hb_mem_new(&bucket, points.n, sizeof *bucket, "labels", e)) == HB_OK &&
        (rc = cluster_packed(&points, &v, opts, bucket, out, e)) == HB_OK)
        for (size_t i = 0; i < n; i++)
            label[i] = bucket[label[i]];
    hb_mem_free(rows);
    hb_mem_free(bucket);
    hb_points_fini(&points);
    return rc;
}

/* ---- all vectors of a street ---- */

/* A unit of work is a share of the boards. A child asks for their vectors and sends those that are
 * different, with weights; each hand's number among them goes into shared memory. The parent adds
 * them to all, unit by unit, and replaces the numbers: the order of first appearance is that of one
 * process, whatever the shares. */
struct gather {
    const struct hb_feature_job *job;
    const struct hb_abstraction *abs;
    const struct hb_abs *instance;
    const struct hb_err *failure;
    const struct hb_vectors *shape;
    uint32_t n_units, vector_bytes; /* of a vector as a point */
    uint32_t *point;                /* [hands] shared */
    uint8_t *vectors;               /* [HANDS_MAX] of a board */
    uint8_t *rows;                  /* [HANDS_MAX][vector_bytes] the same as points */
    struct hb_points *points;       /* of the parent */
    uint32_t *id;                   /* [hands of a unit] numbers among all */
    uint32_t *weight;               /* [hands of a unit] */
};

struct share {
    uint32_t board, end;  /* boards [board, end) */
    uint64_t first, last; /* hands [first, last) */
};

static uint64_t first_hand(const struct gather *g, uint32_t board)
{
    const struct hb_iso *iso = g->job->iso;
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint32_t n_hands;
    uint64_t first;

    if (board == hb_iso_boards(iso, g->job->street))
        return hb_iso_size(iso, g->job->street);
    hb_iso_board(iso, g->job->street, board, cards, &weight, &first, &n_hands);
    return first;
}

static struct share share_of(const struct gather *g, uint32_t unit)
{
    uint64_t n = hb_iso_boards(g->job->iso, g->job->street);
    struct share s = {.board = (uint32_t)(n * unit / g->n_units),
                      .end = (uint32_t)(n * (unit + 1) / g->n_units)};

    s.first = first_hand(g, s.board);
    s.last = first_hand(g, s.end);
    return s;
}

static int ask_board(const struct gather *g, uint32_t board, struct hb_points *points,
                     struct hb_err *e)
{
    uint64_t first = first_hand(g, board);
    uint64_t n_hands = first_hand(g, board + 1) - first;
    uint32_t weight[HANDS_MAX];

    if (g->abs->vectors(g->instance, g->job->street, board, g->vectors) != 0) {
        if (g->failure->rc != HB_OK) /* inside a call of the plugin: that is why it gave up */
            return hb_fail(e, g->failure->rc, "plugin '%s': %s", g->abs->id, g->failure->msg);
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' fails at board %u", g->abs->id, (unsigned)board);
    }
    hb_weights(g->job->iso, HB_ISO_SET, g->job->street, first, n_hands, weight);
    return add_vectors(points, g->shape, g->vectors, g->rows, weight, (size_t)n_hands,
                       g->point + first, e);
}

/* A result: the vectors that are different, then their weights, 4 bytes each (all hands of a deck
 * are fewer than 2^32). */
static int ask_share(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                     struct hb_err *e)
{
    const struct gather *g = ctx;
    const struct share s = share_of(g, unit);
    struct hb_points points = {0};
    uint8_t *out = result;
    int rc = hb_points_init(&points, g->vector_bytes, e);

    (void)job; /* there is one */
    for (uint32_t board = s.board; rc == HB_OK && board < s.end; board++)
        rc = ask_board(g, board, &points, e);
    if (rc == HB_OK) {
        *len = points.n * (g->vector_bytes + sizeof(uint32_t));
        memcpy(out, points.vector, points.n * g->vector_bytes);
        for (size_t i = 0; i < points.n; i++) {
            uint32_t weight = (uint32_t)points.weight[i];

            memcpy(out + points.n * g->vector_bytes + i * sizeof weight, &weight, sizeof weight);
        }
    }
    hb_points_fini(&points);
    return rc;
}

static int add_share(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                     struct hb_err *e)
{
    const struct gather *g = ctx;
    const struct share s = share_of(g, unit);
    size_t n = len / (g->vector_bytes + sizeof(uint32_t));
    int rc;

    (void)job;
    memcpy(g->weight, (const uint8_t *)result + n * g->vector_bytes, n * sizeof *g->weight);
    if ((rc = hb_points_add(g->points, result, g->weight, n, g->id, e)) != HB_OK)
        return rc;
    for (uint64_t hand = s.first; hand < s.last; hand++)
        g->point[hand] = g->id[g->point[hand]];
    return HB_OK;
}

static int run_gather(struct gather *g, struct hb_err *e)
{
    const struct hb_feature_job *j = g->job;
    struct hb_pool_work work = {.ctx = g, .unit = ask_share, .take = add_share};
    struct hb_pool *pool = NULL;
    uint64_t most = 0;
    int rc;

    for (uint32_t unit = 0; unit < g->n_units; unit++) {
        struct share s = share_of(g, unit);

        most = s.last - s.first > most ? s.last - s.first : most;
    }
    work.result_max = (size_t)most * (g->vector_bytes + sizeof(uint32_t));
    if ((rc = hb_mem_new(&g->vectors, HANDS_MAX, (size_t)g->shape->numbers * g->shape->item_bytes,
                         "vectors", e)) == HB_OK &&
        (rc = hb_mem_new(&g->rows, HANDS_MAX, g->vector_bytes, "vectors", e)) == HB_OK &&
        (rc = hb_mem_new(&g->id, (size_t)most, sizeof *g->id, "vectors", e)) == HB_OK &&
        (rc = hb_mem_new(&g->weight, (size_t)most, sizeof *g->weight, "vectors", e)) == HB_OK &&
        (rc = hb_pool_new(j->n_processes, &work, &pool, e)) == HB_OK)
        rc = hb_pool_run(pool, 0, g->n_units, j->progress, j->ctx, e);
    hb_pool_free(pool);
    hb_mem_free(g->vectors);
    hb_mem_free(g->rows);
    hb_mem_free(g->id);
    hb_mem_free(g->weight);
    return rc;
}

static void name_stage(const struct hb_feature_job *j, const char *stage, char name[32])
{
    (void)snprintf(name, 32, "%s-%s", stage, hb_street_name(j->street)); /* fits */
}

static void keep_points(const struct hb_feature_job *j, const struct hb_feature_points *p)
{
    const struct hb_vectors *v = &p->vectors;
    const uint64_t n = v->n;
    const uint64_t costs =
        v->distance == HB_DISTANCE_GROUND ? (uint64_t)v->numbers * v->numbers : 0;
    uint8_t shape[SHAPE_BYTES];
    const struct hb_cache_part parts[] = {{"shape", shape, sizeof shape},
                                          {"point", p->point, p->n_hands * sizeof *p->point},
                                          {"vector", v->vector, n * point_bytes(v)},
                                          {"weight", v->weight, n * sizeof *v->weight},
                                          {"ground", v->ground, costs * sizeof *v->ground}};
    char name[32];

    hb_set_u64(shape, n);
    hb_set_u32(shape + 8, v->numbers);
    hb_set_u32(shape + 12, v->item_bytes);
    hb_set_u32(shape + 16, (uint32_t)v->distance);
    hb_set_u32(shape + 20, v->entries);
    name_stage(j, "vectors", name);
    hb_cache_store(j->cache, name, j->key, parts, costs > 0 ? 5 : 4);
}

/* The parts of an open file that shape describes; false when one is missing. */
static bool find_parts(struct hb_feature_points *p, const uint8_t *shape)
{
    struct hb_vectors *v = &p->vectors;

    *v = (struct hb_vectors){.n = (size_t)hb_get_u64(shape),
                             .numbers = hb_get_u32(shape + 8),
                             .item_bytes = hb_get_u32(shape + 12),
                             .distance = (enum hb_distance)hb_get_u32(shape + 16),
                             .entries = hb_get_u32(shape + 20)};
    if (v->n < 1 || v->n > INT32_MAX || v->numbers > HB_CLUSTER_GROUND_MAX ||
        v->entries > v->numbers || (v->item_bytes != 1 && v->item_bytes != 2 && v->item_bytes != 4))
        return false; /* else sizes might not be what they seem */
    p->point = hb_cache_part(p->file, "point", p->n_hands * sizeof *p->point);
    v->vector = hb_cache_part(p->file, "vector", (uint64_t)v->n * point_bytes(v));
    v->weight = hb_cache_part(p->file, "weight", v->n * sizeof *v->weight);
    if (v->distance == HB_DISTANCE_GROUND)
        v->ground =
            hb_cache_part(p->file, "ground", (uint64_t)v->numbers * v->numbers * sizeof *v->ground);
    return p->point != NULL && v->vector != NULL && v->weight != NULL &&
           (v->distance != HB_DISTANCE_GROUND || v->ground != NULL) &&
           hb_cache_below(p->point, p->n_hands, v->n);
}

bool hb_feature_points_find(const struct hb_feature_job *j, struct hb_feature_points *out)
{
    struct hb_feature_points p = {.n_hands = hb_iso_size(j->iso, j->street)};
    const uint8_t *shape;
    char name[32];

    name_stage(j, "vectors", name);
    if (!hb_cache_find(j->cache, name, j->key, &p.file))
        return false;
    shape = hb_cache_part(p.file, "shape", SHAPE_BYTES);
    if (shape == NULL || !find_parts(&p, shape)) {
        hb_cache_reject(j->cache, name);
        hb_feature_points_fini(&p);
        return false;
    }
    *out = p;
    return true;
}

int hb_feature_points_make(const struct hb_feature_job *j, const struct hb_abstraction *abs,
                           const struct hb_abs *instance, const struct hb_err *failure,
                           struct hb_feature_points *out, struct hb_err *e)
{
    struct hb_feature_points p = {.n_hands = hb_iso_size(j->iso, j->street)};
    uint32_t n_boards = hb_iso_boards(j->iso, j->street);
    struct gather g = {.job = j,
                       .abs = abs,
                       .instance = instance,
                       .failure = failure,
                       .shape = &p.vectors,
                       .n_units = n_boards < UNITS ? n_boards : UNITS,
                       .points = &p.made};
    int rc;

    if ((rc = hb_feature_shape(abs->features(instance, j->street), &p.vectors, e)) != HB_OK)
        return hb_context(e, rc, "plugin '%s'", abs->id);
    g.vector_bytes = point_bytes(&p.vectors);
    if ((rc = hb_pool_memory("vectors", p.n_hands * sizeof *g.point, &p.shared, e)) == HB_OK &&
        (rc = hb_points_init(&p.made, g.vector_bytes, e)) == HB_OK) {
        p.point = g.point = p.shared;
        rc = run_gather(&g, e);
    }
    if (rc != HB_OK) {
        hb_feature_points_fini(&p);
        return rc;
    }
    hb_points_pack(&p.made);
    point_at(&p.vectors, &p.made);
    keep_points(j, &p);
    *out = p;
    return HB_OK;
}

void hb_feature_points_fini(struct hb_feature_points *p)
{
    hb_creader_free(p->file);
    hb_os_unmap(p->shared, p->n_hands * sizeof *p->point);
    hb_points_fini(&p->made);
    *p = (struct hb_feature_points){0};
}

/* ---- clusters of a street ---- */

/* The key of the vectors and all that decides the clustering. */
static void cluster_key(const struct hb_feature_job *j, const struct hb_cluster_opts *o,
                        struct hb_buf *key)
{
    hb_buf_put(key, j->key->data, j->key->len);
    hb_buf_str(key, "clusters 1");
    hb_buf_u32(key, o->k);
    hb_buf_u32(key, o->restarts);
    hb_buf_u32(key, o->iters);
    hb_buf_u32(key, o->tol_ppm);
    hb_buf_u64(key, o->seed);
    hb_buf_u8(key, o->gaps);
}

void hb_feature_mention(const struct hb_feature_job *j, const struct hb_cluster_opts *opts)
{
    struct hb_buf key = {0};
    char name[32];

    name_stage(j, "vectors", name);
    hb_cache_mention(j->cache, name, j->key);
    cluster_key(j, opts, &key);
    name_stage(j, "clusters", name);
    hb_cache_mention(j->cache, name, &key);
    hb_buf_fini(&key);
}

static size_t gaps_bytes(const struct hb_clusters *c)
{
    return (size_t)c->n * c->n * sizeof *c->gap;
}

static void keep_labels(const struct hb_feature_job *j, const struct hb_buf *key,
                        const struct hb_clusters *c, const uint32_t *label, uint64_t n)
{
    uint8_t found[CLUSTERS_BYTES];
    const struct hb_cache_part parts[] = {{"clusters", found, sizeof found},
                                          {"label", label, n * sizeof *label},
                                          {"gap", c->gap, gaps_bytes(c)}};
    char name[32];

    hb_set_u32(found, c->n);
    hb_set_u32(found + 4, c->iters);
    hb_set_u64(found + 8, c->cost);
    hb_set_u32(found + 16, (uint32_t)c->shift);
    name_stage(j, "clusters", name);
    hb_cache_store(j->cache, name, key, parts, c->gap != NULL ? 3 : 2);
}

/* The distances between clusters of an open file into memory. */
static bool read_gaps(struct hb_creader *file, struct hb_clusters *c)
{
    const void *gap = hb_cache_part(file, "gap", gaps_bytes(c));

    if (gap == NULL || hb_mem_new(&c->gap, c->n, c->n * sizeof *c->gap, "distances", NULL) != HB_OK)
        return false;
    memcpy(c->gap, gap, gaps_bytes(c));
    return true;
}

/* The labels of an open file into memory. */
static bool read_labels(struct hb_creader *file, uint64_t n, bool gaps, uint32_t **label,
                        struct hb_clusters *c)
{
    const uint8_t *found = hb_cache_part(file, "clusters", CLUSTERS_BYTES);
    const uint32_t *labels = hb_cache_part(file, "label", n * sizeof **label);

    if (found == NULL || labels == NULL || hb_get_u32(found) > HB_CLUSTER_K_MAX ||
        !hb_cache_below(labels, n, hb_get_u32(found)))
        return false;
    *c = (struct hb_clusters){.n = hb_get_u32(found),
                              .iters = hb_get_u32(found + 4),
                              .cost = hb_get_u64(found + 8),
                              .shift = (int)(int32_t)hb_get_u32(found + 16)};
    if (gaps && !read_gaps(file, c))
        return false;
    if (hb_mem_new(label, (size_t)n, sizeof **label, "labels", NULL) != HB_OK) {
        hb_clusters_fini(c);
        return false;
    }
    memcpy(*label, labels, (size_t)n * sizeof **label);
    return true;
}

bool hb_feature_labels_find(const struct hb_feature_job *j, const struct hb_feature_points *p,
                            const struct hb_cluster_opts *opts, uint32_t **label,
                            struct hb_clusters *out)
{
    struct hb_creader *file = NULL;
    struct hb_buf key = {0};
    char name[32];
    bool found;

    cluster_key(j, opts, &key);
    name_stage(j, "clusters", name);
    found = hb_cache_find(j->cache, name, &key, &file);
    if (found && !read_labels(file, p->vectors.n, opts->gaps, label, out)) {
        hb_cache_reject(j->cache, name);
        found = false;
    }
    hb_creader_free(file);
    hb_buf_fini(&key);
    return found;
}

int hb_feature_labels_make(const struct hb_feature_job *j, const struct hb_feature_points *p,
                           const struct hb_cluster_opts *opts, uint32_t **label,
                           struct hb_clusters *out, struct hb_err *e)
{
    struct hb_cluster_opts by_all = *opts;
    struct hb_buf key = {0};
    int rc;

    if (p->vectors.n >= CREW_POINTS)
        by_all.n_processes = j->n_processes > 0 ? j->n_processes : hb_os_cpus();
    if ((rc = hb_mem_new(label, p->vectors.n, sizeof **label, "labels", e)) != HB_OK)
        return rc;
    if ((rc = cluster(&p->vectors, &by_all, *label, out, j->progress, j->ctx, e)) != HB_OK) {
        hb_mem_free(*label);
        *label = NULL;
        return rc;
    }
    cluster_key(j, opts, &key);
    keep_labels(j, &key, out, *label, p->vectors.n);
    hb_buf_fini(&key);
    return HB_OK;
}
