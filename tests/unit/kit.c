#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void must(int rc, const struct hb_err *e, const char *what)
{
    if (rc == HB_OK)
        return;
    printf("Bail out! %s: %s\n", what, e->msg);
    exit(1);
}

struct hb_rules kit_game(const char *name)
{
    struct hb_rules r = {0};
    struct hb_err e = {0};
    char path[256];
    char text[4096];
    size_t n = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "examples/games/%s.game", name);
    f = fopen(path, "rb");
    if (f != NULL) {
        n = fread(text, 1, sizeof text, f);
        (void)fclose(f); /* read only */
    }
    must(hb_rules_parse(&r, text, n, name, &e), &e, path);
    return r;
}

struct hb_params kit_params(enum hb_discount discount, uint32_t interval, uint32_t round_cap)
{
    return (struct hb_params){
        .seed = 1, .discount = discount, .discount_interval = interval, .round_cap = round_cap};
}

static int grow_log(struct hb_log *log, size_t need, struct hb_err *e)
{
    size_t cap = log->cap == 0 ? 1u << 16 : log->cap;
    int rc;

    while (cap - log->len < need)
        cap *= 2;
    if ((rc = hb_mem_grow(&log->data, cap, 1, "records", e)) == HB_OK)
        log->cap = cap;
    return rc;
}

/* Large tables lie where those of real runs do; small ones on the heap, where a sanitizer sees each
 * step outside. */
static void new_table_memory(struct kit *k)
{
    struct hb_err e = {0};

    k->shared.fd = -1;
    if (k->len < HB_OS_LARGE_MIN) {
        must(hb_mem_new(&k->mem, k->len, 1, "table", &e), &e, "table");
        return;
    }
    must(hb_os_shared_new("/tmp", "hb-kit-table", k->len, &k->shared, &e), &e, "table");
    must(hb_os_map(k->shared.fd, k->len, true, &k->mem, &e), &e, "table");
    must(hb_os_populate(k->mem, k->len, true, &e), &e, "table");
}

static void open_rest(struct kit *k, const struct hb_params *p, int n_parts)
{
    struct hb_err e = {0};

    k->spec.params = *p;
    if (p->unit_shift == 0)
        must(hb_params_unit(&k->spec.params, &k->spec.rules, &e), &e, "unit");
    must(hb_params_check(&k->spec.params, &e), &e, "params");
    hb_tree_hash(&k->tree, &k->spec.tree);
    hb_spec_set_buckets(&k->spec, &k->buckets);
    must(hb_table_bytes(&k->tree, &k->spec, &k->len, &e), &e, "table size");
    new_table_memory(k);
    must(hb_table_format(k->mem, k->len, &k->tree, &k->spec, n_parts, &e), &e, "format");
    must(hb_table_attach(k->mem, k->len, &k->table, &e), &e, "attach");
    must(hb_cfr_init(&k->cfr, &k->table, &k->buckets, 1, &e), &e, "cfr");
    k->n_parts = n_parts;
    for (int i = 0; i < n_parts; i++)
        must(hb_merge_init(&k->merge[i], &k->table, (uint32_t)i, (uint32_t)n_parts, &e), &e,
             "merge");
    k->log.grow = grow_log;
}

static void decision_streets(const struct hb_tree *t, bool need[HB_STREETS])
{
    memset(need, 0, HB_STREETS * sizeof *need);
    for (uint32_t i = 0; i < t->n_nodes; i++)
        need[t->node[i].street] = true;
}

void kit_open(struct kit *k, const struct hb_rules *r, const struct hb_params *p, int n_parts)
{
    struct hb_err e = {0};
    bool need[HB_STREETS];

    memset(k, 0, sizeof *k);
    k->spec.rules = *r;
    k->spec.betting.every_size = true;
    must(hb_tree_new(r, &k->spec.betting, 0, &k->tree, &e), &e, "tree");
    decision_streets(&k->tree, need);
    must(hb_buckets_lossless(&r->deck, need, &k->buckets, &e), &e, "buckets");
    open_rest(k, p, n_parts);
}

void kit_open_with(struct kit *k, const struct hb_rules *r, const struct hb_betting *b,
                   struct hb_buckets *buckets, const struct hb_params *p, int n_parts)
{
    struct hb_err e = {0};

    memset(k, 0, sizeof *k);
    k->spec.rules = *r;
    k->spec.betting = *b;
    k->buckets = *buckets;
    must(hb_tree_new(r, b, 0, &k->tree, &e), &e, "tree");
    open_rest(k, p, n_parts);
}

void kit_draw_blocks(struct kit *k)
{
    struct hb_err e = {0};

    hb_cfr_fini(&k->cfr);
    k->spec.draws_blocks = true;
    k->table.spec.draws_blocks = true;
    must(hb_cfr_init(&k->cfr, &k->table, &k->buckets, 1, &e), &e, "cfr");
}

void kit_close(struct kit *k)
{
    for (int i = 0; i < k->n_parts; i++)
        hb_merge_fini(&k->merge[i]);
    hb_cfr_fini(&k->cfr);
    hb_mem_free(k->log.data);
    if (k->shared.fd >= 0)
        hb_os_unmap(k->mem, k->len);
    else
        hb_mem_free(k->mem);
    hb_os_shared_close(&k->shared);
    hb_buckets_fini(&k->buckets);
    hb_tree_fini(&k->tree);
    memset(k, 0, sizeof *k);
}

struct hb_round kit_round_now(const struct kit *k)
{
    struct hb_round round;
    struct hb_err e = {0};

    must(hb_round_at(&k->spec.params, k->iteration, &round, &e), &e, "round");
    return round;
}

void kit_task(struct kit *k, const struct hb_round *round, uint64_t first, uint32_t count)
{
    struct hb_err e = {0};

    must(hb_cfr_run(&k->cfr, round, first, count, &k->log, &k->nodes, &e), &e, "task");
}

void kit_merge_begin(struct kit *k)
{
    struct hb_err e = {0};

    for (int i = 0; i < k->n_parts; i++)
        must(hb_merge_begin(&k->merge[i], &e), &e, "begin");
}

void kit_merge_apply(struct kit *k, const uint8_t *records, size_t n)
{
    struct hb_err e = {0};

    for (int i = 0; i < k->n_parts; i++)
        must(hb_merge_apply(&k->merge[i], records, n, &e), &e, "apply");
}

void kit_merge_end(struct kit *k)
{
    for (int i = 0; i < k->n_parts; i++)
        hb_merge_end(&k->merge[i]);
    k->iteration = k->table.live->part[0].iteration;
}

void kit_round(struct kit *k, uint32_t task)
{
    struct hb_round round = kit_round_now(k);
    uint32_t done = 0;

    k->log.len = 0;
    k->log.n_records = 0;
    if (task == 0)
        task = round.length;
    while (done < round.length) {
        uint32_t n = round.length - done < task ? round.length - done : task;

        kit_task(k, &round, round.first + done, n);
        done += n;
    }
    kit_merge_begin(k);
    kit_merge_apply(k, k->log.data, k->log.len);
    kit_merge_end(k);
    k->records += k->log.n_records;
}

void kit_run(struct kit *k, uint64_t iterations)
{
    while (k->iteration < iterations)
        kit_round(k, 0);
}

void kit_hash(const struct kit *k, struct hb_hash *out)
{
    struct hb_hash rows;

    hb_rows_hash(k->table.rows, k->table.layout.n_words, &rows);
    hb_content_hash(&k->table.id, k->iteration, &rows, out);
}
