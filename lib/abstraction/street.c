#include "abstraction/street.h"

#include <stdio.h>
#include <string.h>

#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define BATCH          16384u
#define UNIT_HANDS     (1u << 20)          /* a multiple of BATCH */
#define IDENTITY_TRUST (UINT64_C(1) << 28) /* larger announced identities are only spot-checked */
#define IDENTITY_SPOTS 65536u
#define STREET_BYTES   24 /* of the section "street", man/hb-stage.5 */

static void say(const struct hb_street *s, const char *stage, double fraction)
{
    if (s->progress != NULL)
        s->progress(s->ctx, s->street, stage, fraction);
}

struct teller { /* passes the progress of a stage on; its end is said when it is kept as well */
    const struct hb_street *s;
    const char *stage;
};

static void tell(void *ctx, double fraction)
{
    const struct teller *t = ctx;

    if (fraction < 1)
        say(t->s, t->stage, fraction);
}

/* ---- an instance ---- */

static bool announces(const struct hb_street *s, const char *extension)
{
    const struct hb_abstraction *abs = s->plugin->abs;
    const struct hb_ext_streets *ext;

    if (!HB_HAS(abs, get_extension))
        return false;
    ext = abs->get_extension(s->instance, extension);
    return ext != NULL && HB_HAS(ext, streets) && (ext->streets >> s->street & 1) != 0;
}

/* NULL: refused, *e says why. */
static int make_instance(struct hb_street *s, const char *args, struct hb_err *e)
{
    const struct hb_abstraction *abs = s->plugin->abs;
    const struct hb_err *failure = hb_services_failure(s->services);
    struct hb_shape shape;
    char why[256] = "";

    hb_services_shape(s->services, 1u << s->street, &shape);
    s->instance = abs->create(hb_services_host(s->services), &shape, args, why, sizeof why);
    if (s->instance != NULL)
        return HB_OK;
    if (failure->rc != HB_OK)
        return hb_fail(e, failure->rc, "plugin '%s': %s", abs->id, failure->msg);
    why[sizeof why - 1] = '\0';
    return hb_fail(e, HB_EPLUGIN, "plugin '%s' refuses: %s", abs->id,
                   why[0] != '\0' ? why : "no reason given");
}

static void drop_instance(struct hb_street *s)
{
    if (s->instance != NULL)
        s->plugin->abs->destroy(s->instance);
    s->instance = NULL;
}

/* Unless there is one. */
static int create(struct hb_street *s, const char *args, struct hb_err *e)
{
    int rc;

    say(s, "instance", 0);
    if (s->instance == NULL && (rc = make_instance(s, args, e)) != HB_OK)
        return rc;
    say(s, "instance", 1);
    return HB_OK;
}

int hb_street_try(struct hb_street *s, struct hb_err *e)
{
    const struct hb_abstraction *abs = s->plugin->abs;
    const struct hb_err *failure = hb_services_failure(s->services);
    struct hb_cluster_opts opts;
    char rest[HB_PLUGIN_ARGS_MAX];
    struct hb_err why = {0};
    bool open; /* what it will say in earnest */
    int rc = HB_OK;

    (void)snprintf(rest, sizeof rest, "%s", s->args); /* arrays of the same size */
    if (HB_HAS(abs, features) &&
        (rc = hb_feature_args(s->args, &opts, rest, sizeof rest, &why)) != HB_OK)
        return hb_fail(e, rc, "%s: plugin '%s': %s", hb_street_name(s->street), abs->id, why.msg);
    hb_services_trial(s->services);
    rc = make_instance(s, rest, &why);
    open = hb_services_trial_end(s->services);
    if (rc != HB_OK && (!open || failure->rc != HB_OK))
        return hb_fail(e, rc, "%s: %s", hb_street_name(s->street), why.msg);
    if (open)
        drop_instance(s);
    return HB_OK;
}

/* ---- asking ---- */

/* The map of a street in the making. */
struct ask {
    struct hb_street *s;
    const uint32_t *point, *label; /* of a feature plugin: the bucket is label[point[hand]] */
    uint8_t *map;                  /* shared, as in the file */
    const struct hb_iso *iso;
    uint64_t *mass; /* of each bucket, in the parent */
    /* one batch of hands */
    uint64_t *hand;
    uint32_t *bucket, *weight;
};

/* Buckets of a->hand[0..n) into a->bucket, each checked. */
static int ask_batch(const struct ask *a, size_t n, struct hb_err *e)
{
    const struct hb_street *s = a->s;
    const struct hb_abstraction *abs = s->plugin->abs;

    if (a->label != NULL)
        for (size_t i = 0; i < n; i++)
            a->bucket[i] = a->label[a->point[a->hand[i]]];
    else if (HB_HAS(abs, bucket_n))
        abs->bucket_n(s->instance, s->street, a->hand, a->bucket, n);
    else
        for (size_t i = 0; i < n; i++)
            a->bucket[i] = abs->bucket(s->instance, s->street, a->hand[i]);
    for (size_t i = 0; i < n; i++)
        if (a->bucket[i] >= s->st.n_buckets)
            return hb_fail(e, HB_EPLUGIN,
                           "plugin '%s': %s hand %llu is in bucket %u, but there are only %u",
                           abs->id, hb_street_name(s->street), (unsigned long long)a->hand[i],
                           (unsigned)a->bucket[i], (unsigned)s->st.n_buckets);
    return HB_OK;
}

static size_t batch_at(const struct ask *a, uint64_t first)
{
    uint64_t left = a->s->st.n_hands - first;
    size_t n = left < BATCH ? (size_t)left : BATCH;

    for (size_t i = 0; i < n; i++)
        a->hand[i] = first + i;
    return n;
}

static bool batch_is_identity(const struct ask *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a->bucket[i] != a->hand[i])
            return false;
    return true;
}

/* Whether every hand is its own bucket: all are asked, up to the first that is not; of very large
 * maps that announce it only evenly spread ones. */
static int is_identity(const struct ask *a, bool *yes, struct hb_err *e)
{
    const struct hb_buckets_street *st = &a->s->st;
    uint64_t at = 0;
    int rc;

    *yes = st->n_buckets == st->n_hands;
    if (*yes && st->n_hands > IDENTITY_TRUST && announces(a->s, "identity/1")) {
        for (uint32_t spot = 0; *yes && spot < IDENTITY_SPOTS; spot += BATCH) {
            for (uint32_t i = 0; i < BATCH; i++)
                a->hand[i] = (st->n_hands - 1) / (IDENTITY_SPOTS - 1) * (spot + i);
            if ((rc = ask_batch(a, BATCH, e)) != HB_OK)
                return rc;
            *yes = batch_is_identity(a, BATCH);
        }
        return HB_OK;
    }
    while (*yes && at < st->n_hands) {
        size_t n = batch_at(a, at);

        if ((rc = ask_batch(a, n, e)) != HB_OK)
            return rc;
        *yes = batch_is_identity(a, n);
        at += n;
    }
    return HB_OK;
}

/* ---- a map ---- */

/* a->bucket[0..n) as the file has them, at the place of hand `first`. */
static void pack(const struct ask *a, uint64_t first, size_t n)
{
    unsigned width = hb_hba_width(a->s->st.kind);
    uint8_t *out = a->map + first * width;

    for (size_t i = 0; i < n; i++) {
        if (width == 1)
            out[i] = (uint8_t)a->bucket[i];
        else if (width == 2)
            hb_set_u16(out + 2 * i, (uint16_t)a->bucket[i]);
        else
            hb_set_u32(out + 4 * i, a->bucket[i]);
    }
}

static uint64_t unit_end(const struct hb_street *s, uint32_t unit)
{
    uint64_t end = (uint64_t)(unit + 1) * UNIT_HANDS;

    return end < s->st.n_hands ? end : s->st.n_hands;
}

static int map_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                    struct hb_err *e)
{
    const struct ask *a = ctx;
    int rc;

    (void)job; /* there is one */
    (void)result;
    (void)len; /* all of it goes into shared memory */
    for (uint64_t at = (uint64_t)unit * UNIT_HANDS; at < unit_end(a->s, unit); at += BATCH) {
        size_t n = batch_at(a, at);

        if ((rc = ask_batch(a, n, e)) != HB_OK)
            return rc;
        pack(a, at, n);
    }
    return HB_OK;
}

/* Weigh the buckets of a unit. */
static int weigh_unit(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                      struct hb_err *e)
{
    const struct ask *a = ctx;
    struct hb_buckets_street *st = &a->s->st;
    uint64_t end = unit_end(a->s, unit);

    (void)job;
    (void)result;
    (void)len;
    (void)e; /* cannot fail */
    for (uint64_t at = (uint64_t)unit * UNIT_HANDS; at < end; at += BATCH) {
        uint64_t n = end - at < BATCH ? end - at : BATCH;

        hb_weights(a->iso, st->sense, a->s->street, at, n, a->weight);
        for (uint64_t i = 0; i < n; i++)
            a->mass[hb_buckets_in(st, at + i)] += a->weight[i];
    }
    return HB_OK;
}

static int run_map(struct ask *a, struct hb_err *e)
{
    struct hb_street *s = a->s;
    struct hb_pool_work work = {.ctx = a, .unit = map_unit, .take = weigh_unit};
    struct teller teller = {s, "buckets"};
    struct hb_pool *pool = NULL;
    int rc;

    if ((rc = hb_pool_new(s->n_processes, &work, &pool, e)) == HB_OK)
        rc = hb_pool_run(pool, 0, (uint32_t)((s->st.n_hands + UNIT_HANDS - 1) / UNIT_HANDS), tell,
                         &teller, e);
    hb_pool_free(pool);
    for (uint32_t i = 0; rc == HB_OK && i < s->st.n_buckets; i++)
        s->st.hottest = a->mass[i] > s->st.hottest ? a->mass[i] : s->st.hottest;
    return rc;
}

/* Ask for every hand, in several processes. */
static int make_map(struct ask *a, struct hb_err *e)
{
    struct hb_street *s = a->s;
    int rc;

    s->st.kind = hb_hba_kind(s->st.n_buckets);
    s->shared_bytes = s->st.n_hands * hb_hba_width(s->st.kind);
    if ((rc = hb_pool_memory("buckets", s->shared_bytes, &s->shared, e)) != HB_OK)
        return rc;
    s->st.map = a->map = s->shared;
    if ((rc = hb_mem_new(&a->mass, s->st.n_buckets, sizeof *a->mass, "bucket weights", e)) == HB_OK)
        rc = run_map(a, e);
    hb_mem_free(a->mass);
    return rc;
}

static int ask_all(struct ask *a, struct hb_err *e)
{
    struct hb_street *s = a->s;
    bool identity = false;
    int rc;

    if ((rc = hb_mem_new(&a->hand, BATCH, sizeof *a->hand, "a batch", e)) == HB_OK &&
        (rc = hb_mem_new(&a->bucket, BATCH, sizeof *a->bucket, "a batch", e)) == HB_OK &&
        (rc = hb_mem_new(&a->weight, BATCH, sizeof *a->weight, "a batch", e)) == HB_OK &&
        (rc = is_identity(a, &identity, e)) == HB_OK && !identity)
        rc = make_map(a, e);
    if (rc == HB_OK && identity) {
        s->st.kind = HB_BUCKETS_IDENTITY;
        s->st.hottest = hb_weights_largest(a->iso, s->st.sense, s->street);
    }
    hb_mem_free(a->hand);
    hb_mem_free(a->bucket);
    hb_mem_free(a->weight);
    return rc;
}

/* The number of buckets is known: ask for all hands. */
static int finish(struct hb_street *s, const struct hb_iso *iso, uint32_t n_buckets,
                  const uint32_t *point, const uint32_t *label, struct hb_err *e)
{
    struct ask a = {.s = s, .point = point, .label = label, .iso = iso};

    s->st.n_buckets = n_buckets;
    if (n_buckets == 0 || n_buckets > s->st.n_hands)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' has %u buckets for the %llu hands of the %s",
                       s->plugin->abs->id, (unsigned)n_buckets, (unsigned long long)s->st.n_hands,
                       hb_street_name(s->street));
    say(s, "buckets", 0);
    return ask_all(&a, e);
}

/* ---- the two kinds of plugin ---- */

static int set_sense(struct hb_street *s, enum hb_iso_sense sense, const struct hb_iso **iso,
                     struct hb_err *e)
{
    int rc;

    s->st.sense = sense;
    if ((rc = hb_services_iso(s->services, sense, iso, e)) != HB_OK)
        return rc;
    s->st.n_hands = hb_iso_size(*iso, s->street);
    s->st.total = hb_weights_total(s->deck, sense, s->street);
    return HB_OK;
}

static int run_direct(struct hb_street *s, struct hb_err *e)
{
    const struct hb_iso *iso;
    int rc;

    if ((rc = create(s, s->args, e)) != HB_OK ||
        (rc = set_sense(s, announces(s, "rounds/1") ? HB_ISO_ROUNDS : HB_ISO_SET, &iso, e)) !=
            HB_OK)
        return rc;
    return finish(s, iso, s->plugin->abs->buckets(s->instance, s->street), NULL, NULL, e);
}

/* The plugin, its arguments and what it is asked for. */
static void plugin_key(const struct hb_street *s, const char *stage, const char *args,
                       struct hb_buf *key)
{
    hb_buf_str(key, stage);
    hb_hba_put_deck(s->deck, key);
    hb_buf_u8(key, (uint8_t)s->street);
    hb_buf_str(key, s->plugin->abs->id);
    hb_buf_str(key, s->plugin->abs->version);
    hb_buf_put(key, s->plugin_hash.b, sizeof s->plugin_hash.b);
    hb_buf_str(key, args);
    for (int t = s->street + 1; hb_plugin_wants_buckets(s->plugin) && t < s->deck->n_streets; t++)
        if (s->all[t].plugin != NULL)
            hb_buf_put(key, s->all[t].identity.b, sizeof s->all[t].identity.b);
}

/* Vectors of all hands: an instance is made, and strengths that its calls will want, unless they
 * are there. */
static int get_vectors(struct hb_street *s, const struct hb_feature_job *j, const char *args,
                       struct hb_feature_points *points, struct hb_err *e)
{
    const uint16_t *score;
    int rc;

    if (hb_feature_points_find(j, points)) {
        say(s, "vectors", 1);
        return HB_OK;
    }
    if ((rc = hb_strengths_scores(s->strengths, &score, e)) != HB_OK)
        return rc;
    hb_services_set_scores(s->services, score);
    if ((rc = create(s, args, e)) != HB_OK)
        return rc;
    if (announces(s, "rounds/1"))
        return hb_fail(e, HB_EPLUGIN,
                       "plugin '%s' wants rounds apart, but vectors go with the board as one set",
                       s->plugin->abs->id);
    say(s, "vectors", 0);
    rc = hb_feature_points_make(j, s->plugin->abs, s->instance, hb_services_failure(s->services),
                                points, e);
    if (rc == HB_OK)
        say(s, "vectors", 1);
    return rc;
}

static int get_labels(struct hb_street *s, const struct hb_feature_job *j,
                      const struct hb_feature_points *points, const struct hb_cluster_opts *opts,
                      uint32_t **label, struct hb_clusters *clusters, struct hb_err *e)
{
    int rc;

    if (hb_feature_labels_find(j, points, opts, label, clusters)) {
        say(s, "clusters", 1);
        return HB_OK;
    }
    say(s, "clusters", 0);
    rc = hb_feature_labels_make(j, points, opts, label, clusters, e);
    if (rc != HB_OK)
        return hb_context(e, rc, "plugin '%s'", s->plugin->abs->id);
    say(s, "clusters", 1);
    return HB_OK;
}

/* What a feature plugin is asked: fills in all but the progress. */
static int feature_job(struct hb_street *s, struct hb_feature_job *j, struct hb_cluster_opts *opts,
                       char rest[HB_PLUGIN_ARGS_MAX], struct hb_buf *key, struct hb_err *e)
{
    int rc;

    *j = (struct hb_feature_job){.street = s->street,
                                 .n_processes = s->n_processes,
                                 .cache = s->cache,
                                 .key = key,
                                 .progress = tell};
    if ((rc = hb_feature_args(s->args, opts, rest, HB_PLUGIN_ARGS_MAX, e)) != HB_OK)
        return hb_context(e, rc, "plugin '%s'", s->plugin->abs->id);
    opts->gaps = s->awaited && opts->k <= HB_CLUSTER_GROUND_MAX;
    plugin_key(s, "vectors 1", rest, key);
    return set_sense(s, HB_ISO_SET, &j->iso, e);
}

static int run_feature(struct hb_street *s, struct hb_err *e)
{
    struct teller vectors = {s, "vectors"};
    struct teller clustering = {s, "clusters"};
    struct hb_feature_points points = {0};
    struct hb_cluster_opts opts;
    struct hb_clusters clusters = {0};
    struct hb_feature_job j;
    struct hb_buf key = {0};
    char rest[HB_PLUGIN_ARGS_MAX];
    uint32_t *label = NULL;
    int rc;

    if ((rc = feature_job(s, &j, &opts, rest, &key, e)) == HB_OK) {
        j.ctx = &vectors;
        rc = get_vectors(s, &j, rest, &points, e);
    }
    if (rc == HB_OK) {
        j.ctx = &clustering;
        rc = get_labels(s, &j, &points, &opts, &label, &clusters, e);
    }
    if (rc == HB_OK)
        rc = finish(s, j.iso, clusters.n, points.point, label, e);
    s->gap = clusters.gap;
    hb_mem_free(label);
    hb_feature_points_fini(&points);
    hb_buf_fini(&key);
    return rc;
}

/* The map was found: what led to it may lie in the cache as well. */
static void mention_feature(const struct hb_street *s)
{
    struct hb_street copy = *s;
    struct hb_cluster_opts opts;
    struct hb_feature_job j;
    struct hb_buf key = {0};
    char rest[HB_PLUGIN_ARGS_MAX];

    if (feature_job(&copy, &j, &opts, rest, &key, NULL) == HB_OK)
        hb_feature_mention(&j, &opts);
    hb_buf_fini(&key);
}

/* ---- the map in the cache ---- */

static void name_stage(const struct hb_street *s, char name[32])
{
    (void)snprintf(name, 32, "buckets-%s", hb_street_name(s->street)); /* fits */
}

static size_t gap_bytes(const struct hb_street *s)
{
    return (size_t)s->st.n_buckets * s->st.n_buckets * sizeof *s->gap;
}

static void keep_map(struct hb_street *s, const struct hb_buf *key)
{
    const struct hb_buckets_street *st = &s->st;
    uint8_t street[STREET_BYTES] = {(uint8_t)st->kind, (uint8_t)st->sense};
    const struct hb_cache_part parts[] = {{"street", street, sizeof street},
                                          {"map", st->map, st->n_hands * hb_hba_width(st->kind)},
                                          {"gap", s->gap, gap_bytes(s)}};
    char name[32];

    if (st->kind == HB_BUCKETS_IDENTITY)
        return; /* quickly asked again */
    hb_set_u32(street + 4, st->n_buckets);
    hb_set_u64(street + 8, st->n_hands);
    hb_set_u64(street + 16, st->hottest);
    name_stage(s, name);
    hb_cache_store(s->cache, name, key, parts, s->gap != NULL ? 3 : 2);
}

/* The distances between the buckets, if there were any, into memory. */
static bool find_gap(struct hb_street *s)
{
    const void *gap;

    if (hb_cache_part_bytes(s->file, "gap") == 0)
        return true;
    gap = hb_cache_part(s->file, "gap", gap_bytes(s));
    if (gap == NULL || hb_mem_new(&s->gap, gap_bytes(s), 1, "distances", NULL) != HB_OK)
        return false;
    memcpy(s->gap, gap, gap_bytes(s));
    return true;
}

/* The map of an open file; false when something is missing or cannot be. */
static bool read_map(struct hb_street *s, struct hb_buckets_street *st)
{
    const uint8_t *street = hb_cache_part(s->file, "street", STREET_BYTES);
    const struct hb_iso *iso;

    if (street == NULL || street[1] > HB_ISO_ROUNDS)
        return false;
    st->kind = (enum hb_bucket_kind)street[0];
    st->sense = (enum hb_iso_sense)street[1];
    st->n_buckets = hb_get_u32(street + 4);
    st->n_hands = hb_get_u64(street + 8);
    st->hottest = hb_get_u64(street + 16);
    st->total = hb_weights_total(s->deck, st->sense, s->street);
    if (hb_services_iso(s->services, st->sense, &iso, NULL) != HB_OK ||
        st->n_hands != hb_iso_size(iso, s->street) || st->kind != hb_hba_kind(st->n_buckets) ||
        st->hottest == 0 || st->hottest > st->total)
        return false;
    st->map = hb_cache_part(s->file, "map", st->n_hands * hb_hba_width(st->kind));
    return st->map != NULL && hb_buckets_largest(st) < st->n_buckets;
}

static bool find_map(struct hb_street *s, const struct hb_buf *key)
{
    struct hb_buckets_street nothing = s->st;
    char name[32];

    name_stage(s, name);
    if (!hb_cache_find(s->cache, name, key, &s->file))
        return false;
    if (read_map(s, &s->st) && (!s->awaited || find_gap(s)))
        return true;
    hb_cache_reject(s->cache, name);
    hb_creader_free(s->file);
    s->file = NULL;
    s->st = nothing;
    return false;
}

/* ---- for earlier streets ---- */

/* Bytes of the map are labels as they are, other maps become such. */
static int offer(struct hb_street *s, struct hb_err *e)
{
    struct hb_plugin_labels labels = {s->st.map, 1, s->st.n_buckets};
    int rc;

    s->buckets = (struct hb_plugin_buckets){.size = sizeof s->buckets};
    if (s->gap == NULL)
        return HB_OK;
    if (s->st.kind != HB_BUCKETS_U8) {
        if ((rc = hb_mem_new(&s->label, s->st.n_hands, sizeof *s->label, "buckets", e)) != HB_OK)
            return rc;
        for (uint64_t i = 0; i < s->st.n_hands; i++)
            s->label[i] = (uint16_t)hb_buckets_in(&s->st, i);
        labels.label = s->label;
        labels.label_bytes = sizeof *s->label;
    }
    s->buckets.labels = labels;
    s->buckets.distance = s->gap;
    return HB_OK;
}

/* ---- all of it ---- */

void hb_street_fini(struct hb_street *s)
{
    drop_instance(s);
    hb_creader_free(s->file);
    hb_os_unmap(s->shared, s->shared_bytes);
    hb_mem_free(s->gap);
    hb_mem_free(s->label);
    *s = (struct hb_street){0};
}

int hb_street_build(struct hb_street *s, struct hb_err *e)
{
    const struct hb_abstraction *abs = s->plugin->abs;
    struct hb_buf key = {0};
    int rc = HB_OK;

    (void)snprintf(s->st.plugin, sizeof s->st.plugin, "%s", abs->id); /* checked when loaded */
    (void)snprintf(s->st.version, sizeof s->st.version, "%s", abs->version); /* as well */
    (void)snprintf(s->st.args, sizeof s->st.args, "%s", s->args); /* arrays of the same size */
    plugin_key(s, "buckets 1", s->args, &key);
    hb_buf_u8(&key, s->awaited);
    hb_hash_of(key.data, key.len, &s->identity);
    if (find_map(s, &key)) {
        if (HB_HAS(abs, features))
            mention_feature(s);
    } else {
        rc = HB_HAS(abs, features) ? run_feature(s, e) : run_direct(s, e);
        if (rc == HB_OK)
            keep_map(s, &key);
    }
    drop_instance(s);
    hb_buf_fini(&key);
    if (rc == HB_OK)
        rc = offer(s, e);
    if (rc == HB_OK)
        say(s, "buckets", 1);
    if (rc == HB_ESYS) /* a process died, most likely in a call of the plugin */
        rc = hb_context(e, rc, "plugin '%s'", abs->id);
    return rc == HB_OK ? rc : hb_context(e, rc, "%s", hb_street_name(s->street));
}
