#include "run/strategy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "run/config.h"

/* A fixed strategy walks the whole tree at once and has no use for one that no table would hold. */
#define FIXED_NODES_MAX 10000000u
/* Files with at most so many words of rows (256 MiB) are verified whole when they are opened; of
 * larger ones each chunk when it is read. */
#define VERIFY_WORDS ((uint64_t)1 << 26)
/* Words read at once while preloading. */
#define PRELOAD_WORDS ((size_t)1 << 18)

/* ---- open and close ---- */

/* What a fixed strategy plays. */
static int find_game(const char *name, const struct hb_strategy_options *o, struct hb_spec *out,
                     struct hb_err *e)
{
    struct hb_config *c = NULL;
    int rc;

    if (o->like != NULL) {
        out->rules = o->like->rules;
        out->betting = o->like->betting;
        memcpy(out->game_name, o->like->game_name, sizeof out->game_name);
        return HB_OK;
    }
    if ((o->config == NULL) == (o->game == NULL))
        return hb_fail(e, HB_EUSAGE, "'%s' needs --config FILE or --game FILE%s", name,
                       o->game ? ", not both" : " to know what it plays");
    if ((rc = hb_mem_new(&c, 1, sizeof *c, "configuration", e)) != HB_OK)
        return rc;
    rc = o->config ? hb_config_load(o->config, c, e) : hb_config_from_game(o->game, c, e);
    if (rc == HB_OK) {
        out->rules = c->rules;
        out->betting = c->betting;
        memcpy(out->game_name, c->game_name, sizeof out->game_name);
    }
    hb_mem_free(c);
    return rc;
}

static int open_fixed(const char *name, const struct hb_strategy_options *o, struct hb_strategy *s,
                      struct hb_err *e)
{
    int rc;

    if ((rc = hb_fixed_parse(name, &s->rule.kind, e)) != HB_OK)
        return rc;
    if (o->buckets != NULL)
        return hb_fail(e, HB_EUSAGE, "'%s' looks at no cards: --buckets is of no use", name);
    s->fixed = true;
    s->tree = &s->own_tree;
    s->rule.tree = &s->own_tree;
    if ((rc = find_game(name, o, &s->spec, e)) != HB_OK)
        return rc;
    rc = hb_tree_new(&s->spec.rules, &s->spec.betting, FIXED_NODES_MAX, &s->own_tree, e);
    return rc == HB_OK ? rc : hb_context(e, rc, "'%s'", s->spec.game_name);
}

static int open_checkpoint(const char *name, struct hb_strategy *s, struct hb_err *e)
{
    int rc;

    if ((rc = hb_checkpoint_open(name, &s->checkpoint, e)) != HB_OK)
        return rc;
    if (s->checkpoint.layout.n_words <= VERIFY_WORDS &&
        (rc = hb_creader_verify(s->checkpoint.file, NULL, e)) != HB_OK)
        return rc;
    s->counted = true;
    s->spec = s->checkpoint.spec;
    s->tree = &s->checkpoint.tree;
    s->iteration = s->checkpoint.iteration;
    return hb_mem_new(&s->row, HB_ROW_HEAD + 2 * (size_t)hb_tree_widest(s->tree), sizeof *s->row,
                      "a row", e);
}

static int open_blueprint(const char *name, struct hb_strategy *s, struct hb_err *e)
{
    int rc;

    if ((rc = hb_blueprint_open(name, &s->blueprint, e)) != HB_OK)
        return rc;
    s->spec = s->blueprint.spec;
    s->tree = &s->blueprint.tree;
    s->iteration = s->blueprint.iteration;
    return hb_mem_new(&s->quantised, hb_tree_widest(s->tree), sizeof *s->quantised, "a row", e);
}

static int open_trained(const char *name, const struct hb_strategy_options *o,
                        struct hb_strategy *s, struct hb_err *e)
{
    bool blueprint = hb_blueprint_is(name);
    int rc;

    if (o->config != NULL || o->game != NULL)
        return hb_fail(e, HB_EUSAGE,
                       "--%s goes with a fixed strategy such as @uniform; the %s '%s' names its "
                       "own game",
                       o->config ? "config" : "game", blueprint ? "blueprint" : "checkpoint", name);
    rc = blueprint ? open_blueprint(name, s, e) : open_checkpoint(name, s, e);
    if (rc != HB_OK || o->buckets == NULL)
        return rc;
    if (strlen(o->buckets) >= sizeof s->buckets_path)
        return hb_fail(e, HB_EUSAGE, "the path of the bucket file is too long");
    memcpy(s->buckets_path, o->buckets, strlen(o->buckets) + 1);
    rc = hb_spec_open_buckets(&s->spec, s->buckets_path, false, &s->buckets, e);
    s->buckets_open = rc == HB_OK;
    return rc;
}

int hb_strategy_open(const char *name, const struct hb_strategy_options *o, struct hb_strategy *s,
                     struct hb_err *e)
{
    int rc;

    memset(s, 0, sizeof *s);
    rc = name[0] == '@' ? open_fixed(name, o, s, e) : open_trained(name, o, s, e);
    if (rc != HB_OK)
        hb_strategy_close(s);
    return rc;
}

void hb_strategy_close(struct hb_strategy *s)
{
    hb_iso_free(s->iso[0]);
    hb_iso_free(s->iso[1]);
    if (s->buckets_open)
        hb_buckets_fini(&s->buckets);
    hb_mem_free(s->rows);
    hb_mem_free(s->row);
    hb_mem_free(s->quantised);
    hb_blueprint_close(&s->blueprint);
    if (s->fixed)
        hb_tree_fini(&s->own_tree);
    else
        hb_checkpoint_close(&s->checkpoint);
    memset(s, 0, sizeof *s);
}

int hb_strategy_preload(struct hb_strategy *s, uint64_t max_bytes, struct hb_err *e)
{
    uint64_t n = s->checkpoint.layout.n_words;
    int32_t *rows = NULL;
    int rc;

    if (!s->counted || s->rows != NULL || n > max_bytes / sizeof *rows)
        return HB_OK;
    if ((rc = hb_mem_new(&rows, (size_t)n, sizeof *rows, "the rows of the table", e)) != HB_OK)
        return rc;
    for (uint64_t at = 0; at < n && rc == HB_OK; at += PRELOAD_WORDS) {
        size_t part = n - at < PRELOAD_WORDS ? (size_t)(n - at) : PRELOAD_WORDS;

        rc = hb_checkpoint_words(&s->checkpoint, at, rows + at, part, e);
    }
    if (rc != HB_OK) {
        hb_mem_free(rows);
        return rc;
    }
    s->rows = rows;
    s->table = (struct hb_table){.tree = s->checkpoint.tree,
                                 .layout = s->checkpoint.layout,
                                 .node_row = s->checkpoint.node_row,
                                 .rows = rows};
    return HB_OK;
}

/* ---- cards ---- */

uint32_t hb_strategy_n_buckets(const struct hb_strategy *s, int street)
{
    return s->fixed ? 1 : s->spec.street[street].n_buckets;
}

static bool lossless(const struct hb_strategy *s, int street)
{
    return !s->fixed && s->spec.street[street].kind == HB_BUCKETS_IDENTITY;
}

static int need_iso(struct hb_strategy *s, int street, const struct hb_iso **out, struct hb_err *e)
{
    unsigned sense = s->spec.street[street].sense == HB_ISO_ROUNDS;

    if (s->iso[sense] == NULL) {
        int rc = hb_iso_new(&s->spec.rules.deck, (enum hb_iso_sense)sense, &s->iso[sense], e);

        if (rc != HB_OK)
            return rc;
    }
    *out = s->iso[sense];
    return HB_OK;
}

static int need_buckets(struct hb_strategy *s, struct hb_err *e)
{
    int rc;

    if (s->buckets_open)
        return HB_OK;
    rc = hb_spec_open_buckets(&s->spec, NULL, false, &s->buckets, e);
    s->buckets_open = rc == HB_OK;
    if (rc != HB_OK)
        return hb_context(e, rc, "the buckets of these cards (--buckets FILE says where they are)");
    return HB_OK;
}

int hb_strategy_bucket(struct hb_strategy *s, int street, const uint8_t *cards, uint32_t *bucket,
                       struct hb_err *e)
{
    uint32_t n = hb_strategy_n_buckets(s, street);
    const struct hb_iso *iso = NULL;
    uint64_t found = 0;
    int rc = HB_OK;

    if (lossless(s, street) && !s->buckets_open) {
        if ((rc = need_iso(s, street, &iso, e)) == HB_OK)
            found = hb_iso_index(iso, street, cards);
    } else if (!s->fixed && (rc = need_buckets(s, e)) == HB_OK) {
        found = hb_buckets_of(&s->buckets, street, cards);
    }
    if (rc != HB_OK)
        return rc;
    if (found >= n) /* rows are looked up without a further check */
        return hb_fail(e, HB_EFORMAT, "there are %u buckets on street %d, not %llu", n, street + 1,
                       (unsigned long long)found);
    *bucket = (uint32_t)found;
    return HB_OK;
}

int hb_strategy_unbucket(struct hb_strategy *s, int street, uint32_t bucket,
                         uint8_t cards[HB_HAND_MAX], bool *known, struct hb_err *e)
{
    const struct hb_iso *iso;
    int rc;

    *known = lossless(s, street);
    if (!*known)
        return HB_OK;
    if ((rc = need_iso(s, street, &iso, e)) == HB_OK)
        hb_iso_cards(iso, street, bucket, cards);
    return rc;
}

/* ---- rows ---- */

/* The whole row of an information set of a checkpoint. */
static int find_row(struct hb_strategy *s, uint32_t node, uint32_t bucket, const int32_t **row,
                    struct hb_err *e)
{
    *row = s->row;
    if (s->rows == NULL)
        return hb_checkpoint_row(&s->checkpoint, node, bucket, s->row, e);
    *row = hb_table_row(&s->table, node, bucket);
    return HB_OK;
}

static int average(struct hb_strategy *s, uint32_t node, uint32_t bucket, double *prob,
                   uint32_t *visits, struct hb_err *e)
{
    const int32_t *row;
    int rc;

    if (s->fixed) {
        hb_fixed_strategy(&s->rule, node, NULL, prob);
        *visits = 0;
        return HB_OK;
    }
    if (s->quantised != NULL) {
        *visits = 0;
        if ((rc = hb_blueprint_row(&s->blueprint, node, bucket, s->quantised, e)) != HB_OK)
            return rc;
        for (unsigned a = 0; a < s->tree->node[node].n_actions; a++)
            prob[a] = s->quantised[a] / (double)HB_BLUEPRINT_ONE;
        return HB_OK;
    }
    if ((rc = find_row(s, node, bucket, &row, e)) != HB_OK)
        return rc;
    hb_row_average(row, s->tree->node[node].n_actions, prob);
    *visits = hb_row_visits(row);
    return HB_OK;
}

int hb_strategy_row(struct hb_strategy *s, uint32_t node, uint32_t bucket, double *prob,
                    struct hb_err *e)
{
    uint32_t visits;

    return average(s, node, bucket, prob, &visits, e);
}

int hb_strategy_quantised(struct hb_strategy *s, uint32_t node, uint32_t bucket, uint16_t *prob,
                          struct hb_err *e)
{
    const int32_t *row;
    unsigned n;
    int rc;

    if (s->fixed || node >= s->tree->n_nodes ||
        bucket >= s->spec.street[s->tree->node[node].street].n_buckets)
        return hb_fail(e, HB_EUSAGE, "no node %u with bucket %u", node, bucket);
    if (s->quantised != NULL)
        return hb_blueprint_row(&s->blueprint, node, bucket, prob, e);
    if ((rc = find_row(s, node, bucket, &row, e)) != HB_OK)
        return rc;
    n = s->tree->node[node].n_actions;
    hb_blueprint_quantise(row + HB_ROW_HEAD + n, n, prob);
    return HB_OK;
}

struct asked { /* in the order of the table, so that each chunk is read once */
    uint32_t bucket;
    size_t at;
};

static int by_bucket(const void *a, const void *b)
{
    const struct asked *x = a;
    const struct asked *y = b;

    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

int hb_strategy_rows(struct hb_strategy *s, uint32_t node, const uint32_t *bucket, size_t n,
                     double *prob, uint32_t *visits, struct hb_err *e)
{
    size_t n_actions = s->tree->node[node].n_actions;
    struct asked *asked = NULL;
    int rc = hb_mem_new(&asked, n, sizeof *asked, "buckets", e);

    if (rc != HB_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        asked[i] = (struct asked){bucket[i], i};
    qsort(asked, n, sizeof *asked, by_bucket);
    for (size_t i = 0; i < n && rc == HB_OK; i++) {
        double *to = prob + asked[i].at * n_actions;
        uint32_t seen = 0;

        if (i > 0 && asked[i].bucket == asked[i - 1].bucket) {
            memcpy(to, prob + asked[i - 1].at * n_actions, n_actions * sizeof *to);
            seen = visits ? visits[asked[i - 1].at] : 0;
        } else {
            rc = average(s, node, asked[i].bucket, to, &seen, e);
        }
        if (visits != NULL)
            visits[asked[i].at] = seen;
    }
    hb_mem_free(asked);
    return rc;
}

/* ---- many hands of a board ---- */

static void public_row(void *ctx, uint32_t node, uint32_t bucket, double *prob)
{
    struct hb_strategy *s = ctx;
    unsigned n = s->tree->node[node].n_actions;
    uint32_t visits;

    if (s->failed.rc == HB_OK && average(s, node, bucket, prob, &visits, &s->failed) == HB_OK)
        return;
    for (unsigned i = 0; i < n; i++)
        prob[i] = 1.0 / n;
}

/* Canonical indices are found fastest for many hands of one board, in the sense that allows it. */
static void public_buckets(void *ctx, int street, const uint8_t *board, int n_board,
                           const struct hb_hands *hands, const uint16_t *hand, int n, uint32_t *out)
{
    struct hb_strategy *s = ctx;
    bool file = !s->fixed && s->buckets_open;
    bool set = !s->fixed && s->spec.street[street].sense == HB_ISO_SET;
    const struct hb_iso *iso = s->fixed ? NULL : file ? s->buckets.iso[!set] : s->iso[!set];
    uint32_t n_buckets = hb_strategy_n_buckets(s, street);
    uint8_t cards[HB_HAND_MAX];
    struct hb_iso_view view;

    memcpy(cards + 2, board, (size_t)n_board);
    if (set)
        hb_iso_view_open(iso, street, board, &view);
    for (int i = 0; i < n; i++) {
        const uint8_t *own = hands->card[hand[i]];
        uint64_t found = 0;

        if (set) {
            found = hb_iso_view_index(&view, own[0], own[1]);
        } else if (iso != NULL) {
            memcpy(cards, own, 2);
            found = hb_iso_index(iso, street, cards);
        }
        if (file)
            found = hb_buckets_at(&s->buckets, street, found);
        if (found >= n_buckets) { /* the opened file fits: not met */
            (void)hb_fail(&s->failed, HB_EFORMAT, "bucket %llu, there are %u",
                          (unsigned long long)found, n_buckets);
            found = 0;
        }
        out[i] = (uint32_t)found;
    }
}

int hb_strategy_public(struct hb_strategy *s, struct hb_public_strategy *out, struct hb_err *e)
{
    bool asks[HB_STREETS] = {false};
    int rc = HB_OK;

    *out = (struct hb_public_strategy){.ctx = s, .buckets = public_buckets, .row = public_row};
    for (uint32_t i = 0; i < s->tree->n_nodes; i++)
        asks[s->tree->node[i].street] = true;
    for (int street = 0; street < HB_STREETS && rc == HB_OK; street++) {
        const struct hb_iso *iso;

        if (!asks[street])
            continue;
        out->n_buckets[street] = hb_strategy_n_buckets(s, street);
        if (!s->fixed && !lossless(s, street))
            rc = need_buckets(s, e);
        else if (!s->fixed)
            rc = need_iso(s, street, &iso, e);
    }
    return rc;
}

void hb_strategy_ask(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    struct hb_strategy *s = ctx;
    const struct hb_node *at = &s->tree->node[node];
    uint32_t bucket = 0;
    uint32_t visits;

    if (s->failed.rc == HB_OK &&
        hb_strategy_bucket(s, at->street, cards, &bucket, &s->failed) == HB_OK &&
        average(s, node, bucket, prob, &visits, &s->failed) == HB_OK)
        return;
    for (int i = 0; i < at->n_actions; i++)
        prob[i] = 1.0 / at->n_actions;
}

int hb_strategy_check(const struct hb_strategy *s, struct hb_err *e)
{
    if (s->failed.rc != HB_OK)
        return hb_fail(e, s->failed.rc, "%s", s->failed.msg);
    return HB_OK;
}
