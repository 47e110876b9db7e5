#include "run/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/hba.h"
#include "abstraction/plugin.h"

static void find_needs(const struct hb_tree *t, bool need[HB_STREETS])
{
    memset(need, 0, HB_STREETS * sizeof need[0]);
    for (uint32_t i = 0; i < t->n_nodes; i++)
        need[t->node[i].street] = true;
}

/* Add to the key of a bucket file what decides one street: the plugin's bytes, its names, its
 * arguments. */
static int add_street_key(const struct hb_cards_street *street, const char *dirs,
                          struct hb_buf *key, struct hb_err *e)
{
    struct hb_plugin plugin;
    struct hb_hash hash;
    int rc;

    if ((rc = hb_plugin_load(street->plugin, dirs, &plugin, e)) != HB_OK ||
        (rc = hb_plugin_hash(&plugin, &hash, e)) != HB_OK)
        return rc;
    hb_buf_put(key, hash.b, sizeof hash.b);
    hb_buf_str(key, plugin.abs->id);
    hb_buf_str(key, plugin.abs->version);
    hb_buf_str(key, street->args);
    return HB_OK;
}

/* The file that these plugins, arguments and cards would be built into: DIR/buckets-<16 hex
 * digits>.hba. */
static int bucket_path(const struct hb_config *c, const struct hb_setup_options *o,
                       const bool need[HB_STREETS], char path[HB_PATH_MAX], struct hb_err *e)
{
    struct hb_buf key = {0};
    struct hb_hash hash;
    char hex[HB_HASH_HEX];
    int rc = HB_OK;

    hb_rules_encode(&c->rules, &key);
    for (int st = 0; st < HB_STREETS && rc == HB_OK; st++) {
        hb_buf_u8(&key, need[st]);
        if (need[st] && !c->cards.street[st].given)
            rc = hb_fail(e, HB_ECONFIG, "cards: the %s has decisions but no entry",
                         hb_street_name(st));
        else if (need[st])
            rc = add_street_key(&c->cards.street[st], o->plugin_dirs, &key, e);
    }
    if (rc == HB_OK)
        rc = hb_buf_check(&key, e);
    hb_hash_of(key.data, key.len, &hash);
    hb_buf_fini(&key);
    hb_hash_hex(&hash, hex);
    if (rc == HB_OK &&
        snprintf(path, HB_PATH_MAX, "%s/buckets-%.16s.hba",
                 o->build_dir != NULL ? o->build_dir : "/nonexistent", hex) >= HB_PATH_MAX)
        rc = hb_fail(e, HB_ECREATE, "the path of '%s' is too long", o->build_dir);
    return rc;
}

/* The street's buckets have no map yet, but will be n. */
static void set_estimate(struct hb_buckets_street *to, uint32_t n, uint64_t hottest)
{
    to->n_buckets = n < to->n_hands ? n : (uint32_t)to->n_hands;
    to->kind = hb_hba_kind(to->n_buckets);
    to->hottest = hottest > to->total / to->n_buckets ? hottest : to->total / to->n_buckets;
}

/* Sizes without maps: the lossless ones, with fewer buckets where the arguments say how many. */
static int estimate_buckets(const struct hb_config *c, struct hb_setup *s, struct hb_err *e)
{
    int rc = hb_buckets_lossless(&c->rules.deck, s->need, &s->buckets, e);

    for (int st = 0; st < HB_STREETS && rc == HB_OK; st++) {
        struct hb_buckets_street *to = &s->buckets.street[st];
        uint32_t n = hb_cards_k(c->cards.street[st].args);

        if (!s->need[st] || strcmp(c->cards.street[st].plugin, "lossless") == 0)
            continue;
        if (n == 0)
            return hb_fail(e, HB_ECONFIG,
                           "cards: how many buckets '%s' makes on the %s is not known before it "
                           "has run; make the file with hb-bucket build and name it with --buckets",
                           c->cards.street[st].plugin, hb_street_name(st));
        s->largest_orbit[st] = to->hottest;
        set_estimate(to, n, to->hottest);
    }
    s->estimated = true;
    return rc;
}

static int build_buckets(const struct hb_config *c, const struct hb_setup_options *o,
                         struct hb_setup *s, struct hb_err *e)
{
    char path[HB_PATH_MAX];
    char cache[HB_PATH_MAX];
    struct hb_build_options build;
    int rc = bucket_path(c, o, s->need, path, e);

    if (rc != HB_OK)
        return rc;
    if (access(path, R_OK) == 0 && hb_buckets_open(path, NULL, &s->buckets, NULL) == HB_OK)
        return HB_OK; /* built before, and whole */
    if (o->estimate)
        return estimate_buckets(c, s, e);
    s->built = true;
    if (snprintf(cache, sizeof cache, "%s.cache", path) >= (int)sizeof cache)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", o->build_dir);
    build = o->build;
    build.plugin_dirs = o->plugin_dirs;
    build.cache_dir = cache;
    rc = hb_buckets_build(&c->rules.deck, s->need, &c->cards, path, &build, NULL, e);
    return rc == HB_OK ? hb_buckets_open(path, NULL, &s->buckets, e) : rc;
}

static int open_buckets(const struct hb_config *c, const struct hb_setup_options *o,
                        struct hb_setup *s, struct hb_err *e)
{
    int rc;

    if (o->buckets != NULL)
        rc = hb_buckets_open(o->buckets, NULL, &s->buckets, e);
    else if (!c->cards_given)
        rc = hb_buckets_lossless(&c->rules.deck, s->need, &s->buckets, e);
    else if (o->build_dir != NULL || o->estimate)
        rc = build_buckets(c, o, s, e);
    else
        rc = hb_fail(e, HB_ECONFIG,
                     "cards: these plugins need a bucket file; make one with hb-bucket build and "
                     "name it with --buckets");
    if (rc == HB_OK)
        rc = hb_buckets_fit(&s->buckets, &c->rules.deck, s->need, e);
    return rc;
}

/* The round size by rule follows the hottest bucket of the first street that has decisions. */
static uint32_t round_cap(const struct hb_setup *s)
{
    for (int st = 0; st < HB_STREETS; st++)
        if (s->need[st])
            return hb_params_round_cap(s->buckets.street[st].hottest, s->buckets.street[st].total);
    return HB_ROUND_MIN;
}

static int make_spec(const struct hb_config *c, struct hb_setup *s, struct hb_err *e)
{
    struct hb_spec *spec = &s->spec;

    spec->rules = c->rules;
    spec->betting = c->betting;
    spec->params = c->params;
    if (spec->params.round_cap == 0)
        spec->params.round_cap = round_cap(s);
    (void)snprintf(spec->game_name, sizeof spec->game_name, "%s", c->game_name);
    hb_tree_hash(&s->tree, &spec->tree);
    hb_spec_set_buckets(spec, &s->buckets);
    for (int st = 0; st < HB_STREETS; st++)
        if (!s->need[st]) /* a file may hold more streets than this tree asks for */
            memset(&spec->street[st], 0, sizeof spec->street[st]);
    return hb_params_unit(&spec->params, &c->rules, e);
}

int hb_setup_open(const struct hb_config *c, const struct hb_setup_options *o, struct hb_setup *s,
                  struct hb_err *e)
{
    int rc;

    memset(s, 0, sizeof *s);
    if ((rc = hb_tree_new(&c->rules, &c->betting, 0, &s->tree, e)) != HB_OK)
        return hb_context(e, rc, "'%s'", c->game_name);
    find_needs(&s->tree, s->need);
    if ((rc = open_buckets(c, o, s, e)) != HB_OK || (rc = make_spec(c, s, e)) != HB_OK ||
        (rc = hb_params_check(&s->spec.params, e)) != HB_OK)
        hb_setup_fini(s);
    return rc;
}

int hb_setup_resize(struct hb_setup *s, const struct hb_config *c, const uint32_t n[HB_STREETS],
                    struct hb_err *e)
{
    if (!s->estimated)
        return hb_fail(e, HB_EINTERNAL, "buckets with maps cannot be resized");
    for (int st = 0; st < HB_STREETS; st++)
        if (n[st] > 0)
            set_estimate(&s->buckets.street[st], n[st], s->largest_orbit[st]);
    return make_spec(c, s, e);
}

void hb_setup_fini(struct hb_setup *s)
{
    hb_tree_fini(&s->tree);
    hb_buckets_fini(&s->buckets);
    memset(s, 0, sizeof *s);
}
