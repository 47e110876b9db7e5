#include "abstraction/build.h"

#include <string.h>
#include <unistd.h>

#include "abstraction/build_impl.h"
#include "abstraction/cache.h"
#include "abstraction/hba.h"
#include "abstraction/host.h"
#include "abstraction/street.h"
#include "abstraction/strengths.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/os.h"
#include "store/container.h"

#define PLUGIN_FILE_MAX (256u << 20)
#define META_LEVEL      9          /* zstd; the section is below 4 KiB */
#define WRITE_STEP      (4u << 20) /* bytes between two signs of life */

struct builder {
    const struct hb_build_options *o;
    struct hb_services *services;
    struct hb_strengths strengths;
    struct hb_cache cache;
    struct hb_plugin plugin[HB_STREETS];
    struct hb_street street[HB_STREETS];
    struct hb_buckets buckets; /* describes the result; owns nothing here */
    struct hb_hba_maps maps;
    struct hb_cwriter *writer;
    struct hb_build_report plan, report;
    /* When the stage under way began, 0 for none; strengths may be computed inside another one. */
    double began, strengths_began;
};

/* ---- progress ---- */

/* The share of the whole that is done when a stage is at `fraction`, stages before it in the plan
 * being done. */
static double share_done(const struct builder *b, const struct hb_build_stage *stage,
                         double fraction)
{
    double before = 0;

    for (int i = 0; i < b->plan.n_stages; i++) {
        const struct hb_build_stage *s = &b->plan.stage[i];

        if (s->street == stage->street && strcmp(s->name, stage->name) == 0)
            return (before + fraction * s->seconds) / b->plan.seconds;
        before += s->seconds;
    }
    return 0;
}

static void end_stage(struct builder *b, struct hb_build_stage *stage, double began)
{
    struct hb_build_report *r = &b->report;
    struct hb_os_usage usage;

    hb_os_usage(getpid(), &usage);
    stage->bytes = usage.pss_bytes;
    stage->cached = began <= 0;
    stage->seconds = stage->cached ? 0 : hb_os_monotonic() - began;
    r->peak_bytes = stage->bytes > r->peak_bytes ? stage->bytes : r->peak_bytes;
    if (r->n_stages < HB_BUILD_STAGES_MAX)
        r->stage[r->n_stages++] = *stage;
}

static void pass_on(struct builder *b, int street, const char *name, double fraction, double *began)
{
    struct hb_build_stage stage = {.street = street, .name = name};

    if (fraction <= 0)
        *began = hb_os_monotonic();
    if (fraction >= 1) {
        end_stage(b, &stage, *began);
        *began = 0;
    }
    if (b->o->progress != NULL)
        b->o->progress(b->o->ctx, &stage, fraction, share_done(b, &stage, fraction));
}

static void on_stage(void *ctx, int street, const char *name, double fraction)
{
    struct builder *b = ctx;

    pass_on(b, street, name, fraction, &b->began);
}

static void on_strengths(void *ctx, int street, double fraction)
{
    struct builder *b = ctx;

    pass_on(b, street, "strengths", fraction, &b->strengths_began);
}

/* ---- plugins ---- */

int hb_build_load(const struct hb_deck *deck, const bool need[HB_STREETS],
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

/* ---- streets ---- */

/* Whether the plugin of an earlier street wants the buckets of this one. */
static bool is_awaited(const struct builder *b, int street)
{
    for (int s = 0; s < street; s++)
        if (b->plugin[s].abs != NULL && hb_plugin_wants_buckets(&b->plugin[s]))
            return true;
    return false;
}

static int init_street(struct builder *b, int street, const char *args, struct hb_err *e)
{
    struct hb_street *s = &b->street[street];

    *s = (struct hb_street){.street = street,
                            .deck = &b->buckets.deck,
                            .plugin = &b->plugin[street],
                            .args = args,
                            .services = b->services,
                            .strengths = &b->strengths,
                            .cache = &b->cache,
                            .all = b->street,
                            .awaited = is_awaited(b, street),
                            .n_processes = b->o->n_processes,
                            .progress = on_stage,
                            .ctx = b};
    return hb_plugin_hash(s->plugin, &s->plugin_hash, e);
}

/* All streets, before one of them is built: the last ones take the longest, and come first. */
static int try_streets(struct builder *b, const bool need[HB_STREETS],
                       const struct hb_cards_spec *spec, struct hb_err *e)
{
    static const struct hb_plugin_buckets no_distances = {.size = sizeof no_distances};
    int rc;

    for (int s = b->buckets.deck.n_streets - 1; s >= 0; s--) {
        if (!need[s])
            continue;
        if ((rc = init_street(b, s, spec->street[s].args, e)) != HB_OK ||
            (rc = hb_street_try(&b->street[s], e)) != HB_OK)
            return rc;
        if (!HB_HAS(b->plugin[s].abs, features)) /* hands that are not clustered have none */
            hb_services_keep(b->services, s, b->plugin[s].abs->id,
                             b->street[s].awaited ? &no_distances : NULL);
    }
    return HB_OK;
}

static int build_street(struct builder *b, int street, struct hb_err *e)
{
    struct hb_street *s = &b->street[street];
    int rc;

    if ((rc = hb_street_build(s, e)) != HB_OK)
        return rc;
    b->buckets.street[street] = s->st;
    hb_services_keep(b->services, street, s->plugin->abs->id, s->awaited ? &s->buckets : NULL);
    return HB_OK;
}

static int make_strengths(void *ctx, unsigned streets, struct hb_equity **out, struct hb_err *e)
{
    struct builder *b = ctx;

    return hb_strengths_equity(&b->strengths, streets, out, e);
}

static int builder_init(struct builder *b, const bool need[HB_STREETS],
                        const struct hb_cards_spec *spec, struct hb_err *e)
{
    const struct hb_build_options *o = b->o;
    const struct hb_iso *iso;
    unsigned streets = 0;
    int rc;

    for (int s = 0; s < b->buckets.deck.n_streets; s++)
        streets |= need[s] ? 1u << s : 0u;
    if ((rc = hb_services_new(&b->buckets.deck, streets, o->log, &b->services, e)) != HB_OK ||
        (rc = hb_services_iso(b->services, HB_ISO_SET, &iso, e)) != HB_OK)
        return rc;
    if (o->cache_dir != NULL &&
        (rc = hb_cache_init(&b->cache, o->cache_dir, o->note, o->ctx, e)) != HB_OK)
        return rc;
    hb_strengths_init(&b->strengths, iso, &b->cache, o->n_processes);
    b->strengths.progress = on_strengths;
    b->strengths.ctx = b;
    hb_services_set_strengths(b->services, make_strengths, b);
    return hb_build_estimate(b->services, need, spec, b->plugin, o->n_processes, &b->plan, e);
}

static void builder_fini(struct builder *b)
{
    for (int s = 0; s < HB_STREETS; s++)
        if (b->street[s].plugin != NULL)
            hb_street_fini(&b->street[s]);
    hb_services_free(b->services);
    hb_strengths_fini(&b->strengths); /* what services gave to plugins came from it */
    hb_cwriter_free(b->writer);
}

/* ---- the file ---- */

static int write_map(struct builder *b, int street, uint64_t before, uint64_t all, struct hb_err *e)
{
    const struct hb_buckets_street *st = &b->buckets.street[street];
    const uint64_t bytes = st->n_hands * hb_hba_width(st->kind);
    struct hb_hasher hasher;
    int rc;

    hb_hasher_init(&hasher);
    rc = hb_cwriter_section(b->writer, hb_hba_section(street), HB_CODEC_STORED, 0, bytes, e);
    for (uint64_t at = 0; rc == HB_OK && at < bytes; at += WRITE_STEP) {
        size_t n = bytes - at < WRITE_STEP ? (size_t)(bytes - at) : WRITE_STEP;

        hb_hasher_put(&hasher, st->map + at, n);
        rc = hb_cwriter_put(b->writer, st->map + at, n, e);
        if (before + at + n < all)
            on_stage(b, -1, "file", (double)(before + at + n) / (double)all);
    }
    hb_hasher_done(&hasher, &b->maps.hash[street]);
    return rc;
}

static int write_meta(struct builder *b, struct hb_err *e)
{
    struct hb_buf meta = {0};
    int rc;

    hb_hba_content(&b->buckets, &b->maps, &b->buckets.content);
    hb_hba_encode(&b->buckets, &b->maps, &meta);
    if ((rc = hb_buf_check(&meta, e)) == HB_OK)
        rc = hb_cwriter_section(b->writer, "meta", HB_CODEC_ZSTD, META_LEVEL, meta.len, e);
    if (rc == HB_OK)
        rc = hb_cwriter_put(b->writer, meta.data, meta.len, e);
    hb_buf_fini(&meta);
    return rc == HB_OK ? hb_cwriter_finish(b->writer, &b->buckets.root, e) : rc;
}

static int write_file(struct builder *b, struct hb_atomic *file, const char *path, struct hb_err *e)
{
    const uint64_t all = hb_buckets_bytes(&b->buckets);
    uint64_t before = 0;
    int rc;

    on_stage(b, -1, "file", 0);
    rc = hb_cwriter_new(file->fd, path, HB_HBA_MAGIC, &b->writer, e);
    for (int s = 0; rc == HB_OK && s < HB_STREETS; s++) {
        const struct hb_buckets_street *st = &b->buckets.street[s];

        if (hb_hba_width(st->kind) == 0)
            continue;
        rc = write_map(b, s, before, all, e);
        before += st->n_hands * hb_hba_width(st->kind);
    }
    if (rc == HB_OK)
        rc = write_meta(b, e);
    if (rc == HB_OK && (rc = hb_atomic_commit(file, e)) == HB_OK)
        on_stage(b, -1, "file", 1);
    return rc;
}

static int build(struct builder *b, const bool need[HB_STREETS], const struct hb_cards_spec *spec,
                 const char *out_path, struct hb_err *e)
{
    struct hb_atomic file = {0};
    int rc;

    /* Before the work: a folder that cannot be written is no surprise at its end. */
    if ((rc = hb_atomic_open(out_path, &file, e)) != HB_OK)
        return rc;
    if ((rc = builder_init(b, need, spec, e)) == HB_OK)
        rc = try_streets(b, need, spec, e);
    for (int s = b->buckets.deck.n_streets - 1; rc == HB_OK && s >= 0; s--)
        if (need[s])
            rc = build_street(b, s, e);
    if (rc == HB_OK)
        rc = write_file(b, &file, out_path, e);
    if (rc != HB_OK)
        hb_atomic_abort(&file);
    return rc;
}

int hb_buckets_build(const struct hb_deck *deck, const bool need[HB_STREETS],
                     const struct hb_cards_spec *spec, const char *out_path,
                     const struct hb_build_options *o, struct hb_build_report *report,
                     struct hb_err *e)
{
    struct builder b = {.o = o, .buckets.deck = *deck};
    double began = hb_os_monotonic();
    int rc;

    if ((rc = hb_deck_check(deck, e)) != HB_OK ||
        (rc = hb_build_load(deck, need, spec, o->plugin_dirs, b.plugin, e)) != HB_OK)
        return rc;
    rc = build(&b, need, spec, out_path, e);
    builder_fini(&b);
    if (rc == HB_OK && !o->keep_cache)
        hb_cache_clear(&b.cache);
    b.report.seconds = hb_os_monotonic() - began;
    if (report != NULL)
        *report = b.report;
    return rc;
}
