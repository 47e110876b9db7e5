#include "run/fit.h"

#include <stdio.h>
#include <string.h>

#include "abstraction/cluster.h"
#include "abstraction/hba.h"
#include "abstraction/plugin.h"
#include "base/mem.h"

struct probe {
    const struct hb_config *c;
    const struct hb_setup_options *o;
    struct hb_setup setup; /* with estimated buckets; resized for each K */
    struct hb_cards_spec spec;
    uint32_t n[HB_STREETS], largest; /* N of "k=N", as configured */
    uint32_t most[HB_STREETS];       /* buckets that a street may get */
    int n_workers;
    struct hb_transport transport;
};

/* The arguments with another k. */
static int replace_k(const char *args, uint32_t k, char out[HB_PLUGIN_ARGS_MAX], struct hb_err *e)
{
    const char *at = hb_cards_find_k(args);
    int n = snprintf(out, HB_PLUGIN_ARGS_MAX, "%.*sk=%u%s", (int)(at - args), args, (unsigned)k,
                     at + strcspn(at, ","));

    return n < HB_PLUGIN_ARGS_MAX ? HB_OK
                                  : hb_fail(e, HB_ECONFIG, "cards: the arguments are too long");
}

static uint32_t size_of(const struct probe *p, int street, uint32_t size)
{
    uint64_t k = (uint64_t)size * p->n[street] / p->largest;

    k = k < p->most[street] ? k : p->most[street];
    return k > 0 ? (uint32_t)k : 1;
}

/* What a run with size K takes, all of *out but fits. */
static int measure(struct probe *p, uint32_t size, struct hb_fit *out, struct hb_err *e)
{
    struct hb_build_options build = p->o->build;
    struct hb_build_report report;
    int rc;

    memset(out, 0, sizeof *out);
    for (int s = 0; s < HB_STREETS; s++) {
        if (p->n[s] == 0)
            continue;
        out->k[s] = size_of(p, s, size);
        if ((rc = replace_k(p->c->cards.street[s].args, out->k[s], out->args[s], e)) != HB_OK)
            return rc;
        memcpy(p->spec.street[s].args, out->args[s], HB_PLUGIN_ARGS_MAX);
    }
    build.plugin_dirs = p->o->plugin_dirs;
    build.n_processes = p->n_workers;
    if ((rc = hb_setup_resize(&p->setup, p->c, out->k, e)) != HB_OK ||
        (rc = hb_train_plan(p->c, &p->setup, p->n_workers, p->transport, &out->plan, e)) != HB_OK ||
        (rc = hb_buckets_plan(&p->c->rules.deck, p->setup.need, &p->spec, &build, &report, e)) !=
            HB_OK)
        return rc;
    out->build_bytes = report.peak_bytes;
    out->build_seconds = report.seconds;
    out->peak_bytes =
        out->plan.peak_bytes > report.peak_bytes ? out->plan.peak_bytes : report.peak_bytes;
    return HB_OK;
}

/* The largest size that fits, if 1 does. */
static int bisect(struct probe *p, uint64_t bytes, struct hb_fit *out, struct hb_err *e)
{
    uint32_t fits = 1;
    uint32_t too_large = HB_FIT_K_MAX + 1;
    struct hb_fit f;
    int rc;

    if ((rc = measure(p, 1, out, e)) != HB_OK || out->peak_bytes > bytes)
        return rc;
    out->fits = true;
    while (too_large - fits > 1) {
        uint32_t middle = fits + (too_large - fits) / 2;

        if ((rc = measure(p, middle, &f, e)) != HB_OK)
            return rc;
        if (f.peak_bytes > bytes) {
            too_large = middle;
            continue;
        }
        fits = middle;
        *out = f;
        out->fits = true;
    }
    return HB_OK;
}

/* As many as there are hands, and as an earlier street's plugin can take. */
static int find_bounds(struct probe *p, struct hb_err *e)
{
    bool wanted = false;
    int rc;

    for (int s = 0; s < HB_STREETS; s++) {
        const struct hb_cards_street *street = &p->c->cards.street[s];
        uint64_t hands = p->setup.buckets.street[s].n_hands;
        struct hb_plugin plugin;

        p->most[s] = wanted ? HB_CLUSTER_GROUND_MAX : HB_FIT_K_MAX;
        p->most[s] = hands < p->most[s] ? (uint32_t)hands : p->most[s];
        if (!p->setup.need[s] || !street->given)
            continue;
        if ((rc = hb_plugin_load(street->plugin, p->o->plugin_dirs, &plugin, e)) != HB_OK)
            return hb_context(e, rc, "%s", hb_street_name(s));
        wanted = wanted || hb_plugin_wants_buckets(&plugin);
    }
    return HB_OK;
}

static int fit(struct probe *p, uint64_t bytes, struct hb_fit *out, struct hb_err *e)
{
    int rc;

    p->spec = p->c->cards;
    for (int s = 0; s < HB_STREETS; s++) {
        p->n[s] = p->setup.need[s] ? hb_cards_k(p->c->cards.street[s].args) : 0;
        p->largest = p->n[s] > p->largest ? p->n[s] : p->largest;
    }
    if (p->largest == 0)
        return hb_fail(e, HB_ECONFIG,
                       "cards: no street has a number of buckets 'k=N' that could be chosen");
    if ((rc = find_bounds(p, e)) != HB_OK)
        return rc;
    return bisect(p, bytes, out, e);
}

int hb_train_fit(const struct hb_config *c, const struct hb_setup_options *o, int n_workers,
                 struct hb_transport transport, uint64_t bytes, struct hb_fit *out,
                 struct hb_err *e)
{
    struct hb_setup_options estimate = *o;
    struct probe *p;
    int rc;

    if ((rc = hb_mem_new(&p, 1, sizeof *p, "the plan", e)) != HB_OK)
        return rc;
    *p = (struct probe){.c = c, .o = o, .n_workers = n_workers, .transport = transport};
    estimate.buckets = estimate.build_dir = NULL;
    estimate.estimate = true;
    if ((rc = hb_setup_open(c, &estimate, &p->setup, e)) == HB_OK) {
        rc = fit(p, bytes, out, e);
        hb_setup_fini(&p->setup);
    }
    hb_mem_free(p);
    return rc;
}
