#include "solver/spec.h"

#include <stdio.h>
#include <string.h>

#define SPEC_VERSION 3 /* the newest */

/* 1: with draws_blocks; 2: without, the same bytes otherwise; 3: as 2, with an average_interval, for
 * runs that have one, so that those without are what they were. */
static uint32_t version_of(const struct hb_spec *s)
{
    if (s->params.average_interval > 1)
        return 3;
    return s->draws_blocks ? 1 : 2;
}

static void put_hash(struct hb_buf *out, const struct hb_hash *h)
{
    hb_buf_put(out, h->b, sizeof h->b);
}

static void get_hash(struct hb_rd *rd, struct hb_hash *h)
{
    const uint8_t *p = hb_rd_take(rd, sizeof h->b);

    if (p != NULL)
        memcpy(h->b, p, sizeof h->b);
}

void hb_spec_encode(const struct hb_spec *s, struct hb_buf *out)
{
    uint32_t version = version_of(s);

    hb_buf_u32(out, version);
    hb_rules_encode(&s->rules, out);
    hb_betting_encode(&s->betting, out);
    hb_params_encode(&s->params, version >= 3, out);
    for (int i = 0; i < HB_STREETS; i++) {
        const struct hb_spec_street *st = &s->street[i];

        hb_buf_u8(out, st->kind);
        hb_buf_u8(out, st->sense);
        hb_buf_u32(out, st->n_buckets);
        hb_buf_str(out, st->plugin);
        hb_buf_str(out, st->version);
        hb_buf_str(out, st->args);
    }
    put_hash(out, &s->tree);
    put_hash(out, &s->abstraction);
    put_hash(out, &s->buckets_root);
    hb_buf_str(out, s->buckets_path);
    hb_buf_str(out, s->game_name);
}

int hb_spec_decode(struct hb_spec *s, struct hb_rd *rd, struct hb_err *e)
{
    uint32_t version = hb_rd_u32(rd);
    int rc;

    memset(s, 0, sizeof *s);
    if (!rd->bad && (version < 1 || version > SPEC_VERSION))
        return hb_fail(e, HB_EVERSION, "run description of version %u; this hb reads 1 to %d",
                       version, SPEC_VERSION);
    s->draws_blocks = version == 1;
    if ((rc = hb_rules_decode(&s->rules, rd, e)) != HB_OK ||
        (rc = hb_betting_decode(&s->betting, rd, e)) != HB_OK ||
        (rc = hb_params_decode(&s->params, version >= 3, rd, e)) != HB_OK)
        return hb_context(e, rc, "run description");
    for (int i = 0; i < HB_STREETS; i++) {
        struct hb_spec_street *st = &s->street[i];

        st->kind = hb_rd_u8(rd);
        st->sense = hb_rd_u8(rd);
        st->n_buckets = hb_rd_u32(rd);
        hb_rd_str(rd, st->plugin, sizeof st->plugin);
        hb_rd_str(rd, st->version, sizeof st->version);
        hb_rd_str(rd, st->args, sizeof st->args);
        if (st->kind > HB_BUCKETS_U32 || st->sense > HB_ISO_ROUNDS)
            rd->bad = true;
    }
    get_hash(rd, &s->tree);
    get_hash(rd, &s->abstraction);
    get_hash(rd, &s->buckets_root);
    hb_rd_str(rd, s->buckets_path, sizeof s->buckets_path);
    hb_rd_str(rd, s->game_name, sizeof s->game_name);
    return hb_rd_done(rd, "the run description", e);
}

void hb_spec_identity(const struct hb_spec *s, struct hb_identity *out)
{
    static const char *const name[] = {"hb run 1", "hb run 2", "hb run 3"};
    struct hb_buf b = {0};

    hb_rules_hash(&s->rules, &out->game);
    out->tree = s->tree;
    out->abstraction = s->abstraction;
    out->seed = s->params.seed;
    hb_buf_str(&b, name[version_of(s) - 1]);
    put_hash(&b, &out->game);
    put_hash(&b, &out->tree);
    put_hash(&b, &out->abstraction);
    for (int i = 0; i < HB_STREETS; i++)
        hb_buf_u32(&b, s->street[i].n_buckets);
    hb_params_encode(&s->params, version_of(s) >= 3, &b);
    hb_hash_of(b.data, b.len, &out->run);
    hb_buf_fini(&b);
}

static int differ(const struct hb_hash *a, const char *ours, const struct hb_hash *b,
                  const char *theirs, const char *what, struct hb_err *e)
{
    char ha[HB_HASH_HEX];
    char hb[HB_HASH_HEX];

    hb_hash_hex(a, ha);
    hb_hash_hex(b, hb);
    return hb_fail(e, HB_EIDENTITY, "%s has another %s: %s is %.16s…, %s is %.16s…", theirs, what,
                   ours, ha, theirs, hb);
}

int hb_identity_match(const struct hb_identity *a, const char *ours, const struct hb_identity *b,
                      const char *theirs, struct hb_err *e)
{
    if (!hb_hash_equal(&a->game, &b->game))
        return differ(&a->game, ours, &b->game, theirs, "game", e);
    if (!hb_hash_equal(&a->tree, &b->tree))
        return differ(&a->tree, ours, &b->tree, theirs, "betting tree", e);
    if (!hb_hash_equal(&a->abstraction, &b->abstraction))
        return differ(&a->abstraction, ours, &b->abstraction, theirs, "card abstraction", e);
    if (a->seed != b->seed)
        return hb_fail(e, HB_EIDENTITY, "%s has another seed: %s has %llu, %s has %llu", theirs,
                       ours, (unsigned long long)a->seed, theirs, (unsigned long long)b->seed);
    if (!hb_hash_equal(&a->run, &b->run))
        return differ(&a->run, ours, &b->run, theirs,
                      "set of solver keys (discount, round size, averaging, pruning, random draws)",
                      e);
    return HB_OK;
}

void hb_spec_set_buckets(struct hb_spec *s, const struct hb_buckets *b)
{
    for (int i = 0; i < HB_STREETS; i++) {
        const struct hb_buckets_street *from = &b->street[i];
        struct hb_spec_street *to = &s->street[i];

        to->kind = (uint8_t)from->kind;
        to->sense = (uint8_t)from->sense;
        to->n_buckets = from->n_buckets;
        (void)snprintf(to->plugin, sizeof to->plugin, "%s", from->plugin);
        (void)snprintf(to->version, sizeof to->version, "%s", from->version);
        (void)snprintf(to->args, sizeof to->args, "%s", from->args);
    }
    s->abstraction = b->content;
    s->buckets_root = b->root;
    (void)snprintf(s->buckets_path, sizeof s->buckets_path, "%s", b->path);
}

/* The lossless abstraction that needs no file, if that is what the spec means. */
static int open_lossless(const struct hb_spec *s, struct hb_buckets *out, struct hb_err *e)
{
    bool need[HB_STREETS];

    for (int i = 0; i < HB_STREETS; i++)
        need[i] = s->street[i].kind != HB_BUCKETS_NONE;
    return hb_buckets_lossless(&s->rules.deck, need, out, e);
}

int hb_spec_open_buckets(const struct hb_spec *s, const char *path, bool verified,
                         struct hb_buckets *out, struct hb_err *e)
{
    int rc;

    if (path == NULL && s->buckets_path[0] == '\0')
        rc = open_lossless(s, out, e);
    else
        rc = hb_buckets_open(path != NULL ? path : s->buckets_path,
                             verified ? &s->buckets_root : NULL, out, e);
    if (rc != HB_OK)
        return rc;
    if (!hb_hash_equal(&out->content, &s->abstraction)) {
        rc = differ(&s->abstraction, "the run", &out->content, "the bucket file",
                    "card abstraction", e);
        hb_buckets_fini(out);
    }
    return rc;
}
