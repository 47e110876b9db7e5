#include "abstraction/build.h"

#include <stdio.h>
#include <string.h>

#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "abstraction/host.h"
#include "abstraction/plugin.h"
#include "abstraction/weights.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "store/container.h"

#define BATCH          16384u
#define IDENTITY_TRUST (UINT64_C(1) << 28) /* larger announced identities are only spot-checked */
#define IDENTITY_SPOTS 65536u
#define META_LEVEL     9 /* zstd; the section is below 4 KiB */

struct builder {
    struct hb_services *services;
    struct hb_buckets buckets; /* describes the result; owns nothing here */
    struct hb_hba_maps maps;
    struct hb_cwriter *writer;
    hb_build_progress progress;
    void *progress_ctx;
    /* one batch of hands */
    uint64_t *hand;
    uint32_t *bucket, *weight;
    uint8_t *bytes;
};

/* An instance at work on one street. */
struct job {
    const struct hb_abstraction *abs;
    struct hb_abs *instance;
    const struct hb_iso *iso;
    int street;
    struct hb_cluster_opts cluster; /* of a feature plugin */
    struct hb_feature_map map;      /* of a feature plugin; {0} otherwise */
};

static void say(const struct builder *w, int street, const char *stage, double fraction)
{
    if (w->progress != NULL)
        w->progress(w->progress_ctx, street, stage, fraction);
}

/* ---- an instance ---- */

static bool announces(const struct job *j, const char *extension)
{
    const struct hb_ext_streets *ext;

    if (!HB_HAS(j->abs, get_extension))
        return false;
    ext = j->abs->get_extension(j->instance, extension);
    return ext != NULL && HB_HAS(ext, streets) && (ext->streets >> j->street & 1) != 0;
}

static int create(struct builder *w, struct job *j, const char *args, struct hb_err *e)
{
    const struct hb_err *failure = hb_services_failure(w->services);
    struct hb_shape shape;
    char why[256] = "";

    hb_services_shape(w->services, 1u << j->street, &shape);
    j->instance = j->abs->create(hb_services_host(w->services), &shape, args, why, sizeof why);
    if (j->instance != NULL)
        return HB_OK;
    if (failure->rc != HB_OK)
        return hb_fail(e, failure->rc, "plugin '%s': %s", j->abs->id, failure->msg);
    why[sizeof why - 1] = '\0';
    return hb_fail(e, HB_EPLUGIN, "plugin '%s' refuses: %s", j->abs->id,
                   why[0] != '\0' ? why : "no reason given");
}

/* Buckets of w->hand[0..n) into w->bucket, each checked. */
static int ask(const struct builder *w, const struct job *j, size_t n, struct hb_err *e)
{
    uint32_t n_buckets = w->buckets.street[j->street].n_buckets;

    if (j->map.bucket != NULL)
        for (size_t i = 0; i < n; i++)
            w->bucket[i] = j->map.bucket[j->map.point[w->hand[i]]];
    else if (HB_HAS(j->abs, bucket_n))
        j->abs->bucket_n(j->instance, j->street, w->hand, w->bucket, n);
    else
        for (size_t i = 0; i < n; i++)
            w->bucket[i] = j->abs->bucket(j->instance, j->street, w->hand[i]);
    for (size_t i = 0; i < n; i++)
        if (w->bucket[i] >= n_buckets)
            return hb_fail(e, HB_EPLUGIN,
                           "plugin '%s': %s hand %llu is in bucket %u, but there are only %u",
                           j->abs->id, hb_street_name(j->street), (unsigned long long)w->hand[i],
                           (unsigned)w->bucket[i], (unsigned)n_buckets);
    return HB_OK;
}

static size_t batch_at(const struct builder *w, uint64_t first, uint64_t n_hands)
{
    size_t n = n_hands - first < BATCH ? (size_t)(n_hands - first) : BATCH;

    for (size_t i = 0; i < n; i++)
        w->hand[i] = first + i;
    return n;
}

static bool batch_is_identity(const struct builder *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->bucket[i] != w->hand[i])
            return false;
    return true;
}

/* Whether every hand is its own bucket: all are asked, up to the first that is not; of very large
 * maps that announce it only evenly spread ones. */
static int is_identity(const struct builder *w, const struct job *j, bool *yes, struct hb_err *e)
{
    const struct hb_buckets_street *st = &w->buckets.street[j->street];
    uint64_t at = 0;
    int rc;

    *yes = false;
    if (st->n_buckets != st->n_hands)
        return HB_OK;
    *yes = true;
    if (st->n_hands > IDENTITY_TRUST && announces(j, "identity/1")) {
        for (uint32_t spot = 0; *yes && spot < IDENTITY_SPOTS; spot += BATCH) {
            for (uint32_t i = 0; i < BATCH; i++)
                w->hand[i] = (st->n_hands - 1) / (IDENTITY_SPOTS - 1) * (spot + i);
            if ((rc = ask(w, j, BATCH, e)) != HB_OK)
                return rc;
            *yes = batch_is_identity(w, BATCH);
        }
        return HB_OK;
    }
    while (*yes && at < st->n_hands) {
        size_t n = batch_at(w, at, st->n_hands);

        if ((rc = ask(w, j, n, e)) != HB_OK)
            return rc;
        *yes = batch_is_identity(w, n);
        at += n;
    }
    return HB_OK;
}

/* ---- a map ---- */

/* w->bucket[0..n) as the file has them; returns the bytes. */
static size_t pack(const struct builder *w, enum hb_bucket_kind kind, size_t n)
{
    unsigned width = hb_hba_width(kind);

    for (size_t i = 0; i < n; i++) {
        if (width == 1)
            w->bytes[i] = (uint8_t)w->bucket[i];
        else if (width == 2)
            hb_set_u16(w->bytes + 2 * i, (uint16_t)w->bucket[i]);
        else
            hb_set_u32(w->bytes + 4 * i, w->bucket[i]);
    }
    return n * width;
}

static uint64_t largest(const uint64_t *mass, uint32_t n)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < n; i++)
        most = mass[i] > most ? mass[i] : most;
    return most;
}

/* Ask for every hand, write the section, hash it, weigh the buckets. */
static int write_map(struct builder *w, const struct job *j, struct hb_err *e)
{
    struct hb_buckets_street *st = &w->buckets.street[j->street];
    struct hb_hasher hasher;
    uint64_t *mass = NULL; /* of each bucket */
    int rc;

    st->kind = hb_hba_kind(st->n_buckets);
    if ((rc = hb_mem_new(&mass, st->n_buckets, sizeof *mass, "bucket weights", e)) != HB_OK)
        return rc;
    hb_hasher_init(&hasher);
    rc = hb_cwriter_section(w->writer, hb_hba_section(j->street), HB_CODEC_STORED, 0,
                            st->n_hands * hb_hba_width(st->kind), e);
    for (uint64_t at = 0; rc == HB_OK && at < st->n_hands;) {
        size_t n = batch_at(w, at, st->n_hands);
        size_t n_bytes;

        if ((rc = ask(w, j, n, e)) != HB_OK)
            break;
        hb_weights(j->iso, st->sense, j->street, at, n, w->weight);
        for (size_t i = 0; i < n; i++)
            mass[w->bucket[i]] += w->weight[i];
        n_bytes = pack(w, st->kind, n);
        hb_hasher_put(&hasher, w->bytes, n_bytes);
        rc = hb_cwriter_put(w->writer, w->bytes, n_bytes, e);
        at += n;
        if (at / BATCH % 64 == 0)
            say(w, j->street, "buckets", (double)at / (double)st->n_hands);
    }
    hb_hasher_done(&hasher, &w->maps.hash[j->street]);
    st->hottest = largest(mass, st->n_buckets);
    hb_mem_free(mass);
    return rc;
}

struct stage {
    const struct builder *w;
    int street;
};

static void say_stage(void *ctx, const char *stage, double fraction)
{
    const struct stage *s = ctx;

    say(s->w, s->street, stage, fraction);
}

/* Ask for the vectors of a feature plugin and cluster them. */
static int cluster(const struct builder *w, struct job *j, struct hb_err *e)
{
    struct stage stage = {w, j->street};
    const struct hb_err *failure = hb_services_failure(w->services);
    struct hb_err why = {0};
    int rc;

    if (announces(j, "rounds/1"))
        return hb_fail(e, HB_EPLUGIN,
                       "plugin '%s' wants rounds apart, but vectors go with the board as one set",
                       j->abs->id);
    rc = hb_feature_map_build(j->abs, j->instance, j->iso, j->street, &j->cluster, say_stage,
                              &stage, &j->map, &why);
    if (rc == HB_OK)
        return HB_OK;
    if (failure->rc != HB_OK) /* inside a call of the plugin: that is why it gave up */
        return hb_fail(e, failure->rc, "plugin '%s': %s", j->abs->id, failure->msg);
    return hb_fail(e, rc, "%s", why.msg);
}

static int run_job(struct builder *w, struct job *j, struct hb_err *e)
{
    struct hb_buckets_street *st = &w->buckets.street[j->street];
    bool identity;
    int rc;

    st->sense = announces(j, "rounds/1") ? HB_ISO_ROUNDS : HB_ISO_SET;
    if ((rc = hb_services_iso(w->services, st->sense, &j->iso, e)) != HB_OK)
        return rc;
    st->n_hands = hb_iso_size(j->iso, j->street);
    st->total = hb_weights_total(&w->buckets.deck, st->sense, j->street);
    if (HB_HAS(j->abs, features) && (rc = cluster(w, j, e)) != HB_OK)
        return rc;
    st->n_buckets =
        HB_HAS(j->abs, features) ? j->map.clusters.n : j->abs->buckets(j->instance, j->street);
    if (st->n_buckets == 0 || st->n_buckets > st->n_hands)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' has %u buckets for the %llu hands of the %s",
                       j->abs->id, (unsigned)st->n_buckets, (unsigned long long)st->n_hands,
                       hb_street_name(j->street));
    if ((rc = is_identity(w, j, &identity, e)) != HB_OK)
        return rc;
    if (!identity)
        return write_map(w, j, e);
    st->kind = HB_BUCKETS_IDENTITY;
    st->hottest = hb_weights_largest(j->iso, st->sense, j->street);
    return HB_OK;
}

static int build_street(struct builder *w, int street, const struct hb_cards_street *spec,
                        const struct hb_plugin *plugin, struct hb_err *e)
{
    struct hb_buckets_street *st = &w->buckets.street[street];
    struct job j = {.abs = plugin->abs, .street = street};
    char rest[HB_PLUGIN_ARGS_MAX];
    const char *args = spec->args;
    int rc = HB_OK;

    (void)snprintf(st->plugin, sizeof st->plugin, "%s", plugin->abs->id); /* checked when loaded */
    (void)snprintf(st->version, sizeof st->version, "%s", plugin->abs->version); /* as well */
    (void)snprintf(st->args, sizeof st->args, "%s", spec->args); /* arrays of the same size */
    say(w, street, "preparing", 0);
    if (HB_HAS(j.abs, features)) {
        rc = hb_feature_args(spec->args, &j.cluster, rest, sizeof rest, e);
        if (rc != HB_OK)
            rc = hb_context(e, rc, "plugin '%s'", j.abs->id);
        args = rest;
    }
    if (rc == HB_OK && (rc = create(w, &j, args, e)) == HB_OK) {
        rc = run_job(w, &j, e);
        j.abs->destroy(j.instance);
        hb_feature_map_fini(&j.map);
    }
    if (rc != HB_OK)
        return hb_context(e, rc, "%s", hb_street_name(street));
    say(w, street, "buckets", 1);
    return HB_OK;
}

/* ---- the file ---- */

static int write_meta(struct builder *w, struct hb_err *e)
{
    struct hb_buf meta = {0};
    int rc;

    hb_hba_content(&w->buckets, &w->maps, &w->buckets.content);
    hb_hba_encode(&w->buckets, &w->maps, &meta);
    if ((rc = hb_buf_check(&meta, e)) == HB_OK)
        rc = hb_cwriter_section(w->writer, "meta", HB_CODEC_ZSTD, META_LEVEL, meta.len, e);
    if (rc == HB_OK)
        rc = hb_cwriter_put(w->writer, meta.data, meta.len, e);
    hb_buf_fini(&meta);
    return rc == HB_OK ? hb_cwriter_finish(w->writer, &w->buckets.root, e) : rc;
}

static int load_plugins(const struct hb_deck *deck, const bool need[HB_STREETS],
                        const struct hb_cards_spec *spec, const char *dirs,
                        struct hb_plugin plugin[HB_STREETS], struct hb_err *e)
{
    int rc;

    for (int s = 0; s < deck->n_streets; s++) {
        if (!need[s])
            continue;
        if (!spec->street[s].given)
            return hb_fail(e, HB_ECONFIG, "the %s has decisions but no entry under 'cards'",
                           hb_street_name(s));
        if ((rc = hb_plugin_load(spec->street[s].plugin, dirs, &plugin[s], e)) != HB_OK)
            return hb_context(e, rc, "%s", hb_street_name(s));
    }
    return HB_OK;
}

static int builder_init(struct builder *w, const bool need[HB_STREETS],
                        void (*log)(int level, const char *msg), struct hb_err *e)
{
    unsigned streets = 0;
    int rc;

    for (int s = 0; s < w->buckets.deck.n_streets; s++)
        streets |= need[s] ? 1u << s : 0u;
    if ((rc = hb_mem_new(&w->hand, BATCH, sizeof *w->hand, "a batch", e)) != HB_OK ||
        (rc = hb_mem_new(&w->bucket, BATCH, sizeof *w->bucket, "a batch", e)) != HB_OK ||
        (rc = hb_mem_new(&w->weight, BATCH, sizeof *w->weight, "a batch", e)) != HB_OK ||
        (rc = hb_mem_new(&w->bytes, BATCH, sizeof(uint32_t), "a batch", e)) != HB_OK)
        return rc;
    return hb_services_new(&w->buckets.deck, streets, log, &w->services, e);
}

static void builder_fini(struct builder *w)
{
    hb_services_free(w->services);
    hb_cwriter_free(w->writer);
    hb_mem_free(w->hand);
    hb_mem_free(w->bucket);
    hb_mem_free(w->weight);
    hb_mem_free(w->bytes);
}

int hb_buckets_build(const struct hb_deck *deck, const bool need[HB_STREETS],
                     const struct hb_cards_spec *spec, const char *plugin_dirs,
                     const char *out_path, hb_build_progress progress, void *progress_ctx,
                     void (*log)(int level, const char *msg), struct hb_err *e)
{
    struct builder w = {.buckets.deck = *deck, .progress = progress, .progress_ctx = progress_ctx};
    struct hb_plugin plugin[HB_STREETS] = {{0}};
    struct hb_atomic file = {0};
    int rc;

    if ((rc = hb_deck_check(deck, e)) != HB_OK ||
        (rc = load_plugins(deck, need, spec, plugin_dirs, plugin, e)) != HB_OK ||
        (rc = hb_atomic_open(out_path, &file, e)) != HB_OK)
        return rc;
    if ((rc = builder_init(&w, need, log, e)) == HB_OK)
        rc = hb_cwriter_new(file.fd, out_path, HB_HBA_MAGIC, &w.writer, e);
    for (int s = 0; rc == HB_OK && s < deck->n_streets; s++)
        if (need[s])
            rc = build_street(&w, s, &spec->street[s], &plugin[s], e);
    if (rc == HB_OK)
        rc = write_meta(&w, e);
    builder_fini(&w);
    if (rc != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    return hb_atomic_commit(&file, e);
}
