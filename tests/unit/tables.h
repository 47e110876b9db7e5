/* tables.h - shared by the tests of files at rest: a small run description, a table in memory with
 * random rows, a scratch folder. Wants _XOPEN_SOURCE 700 (mkdtemp). */
#ifndef HB_TESTS_TABLES_H
#define HB_TESTS_TABLES_H

#include <stdlib.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "base/mem.h"
#include "game/tree.h"
#include "solver/table.h"
#include "store/blueprint.h"
#include "check.h"
#include "games.h"

struct small_run {
    struct hb_tree tree;
    struct hb_spec spec;
};

/* A shipped game, lossless, every legal size. */
static inline void small_run_init(struct small_run *r, const char *game, uint64_t seed)
{
    struct hb_err e = {0};
    struct hb_buckets buckets = {0};
    bool need[HB_STREETS] = {false};

    memset(r, 0, sizeof *r);
    r->spec.rules = shipped_game(game);
    r->spec.betting.every_size = true;
    r->spec.params = (struct hb_params){
        .seed = seed, .discount = HB_DISCOUNT_LINEAR, .discount_interval = 1000, .round_cap = 200};
    CHECK_OK(hb_params_unit(&r->spec.params, &r->spec.rules, &e), e);
    CHECK_OK(hb_tree_new(&r->spec.rules, &r->spec.betting, 0, &r->tree, &e), e);
    hb_tree_hash(&r->tree, &r->spec.tree);
    for (uint32_t i = 0; i < r->tree.n_nodes; i++)
        need[r->tree.node[i].street] = true;
    CHECK_OK(hb_buckets_lossless(&r->spec.rules.deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&r->spec, &buckets);
    hb_buckets_fini(&buckets);
    (void)snprintf(r->spec.game_name, sizeof r->spec.game_name, "%s.game", game); /* fits */
}

static inline void small_run_fini(struct small_run *r)
{
    hb_tree_fini(&r->tree);
}

/* A table in memory; free the returned block with hb_mem_free after use. */
static inline void *memory_table(const struct small_run *r, int n_parts, struct hb_table *t)
{
    struct hb_err e = {0};
    uint64_t bytes = 0;
    void *mem = NULL;

    CHECK_OK(hb_table_bytes(&r->tree, &r->spec, &bytes, &e), e);
    CHECK_OK(hb_mem_new(&mem, (size_t)bytes, 1, "a table", &e), e);
    CHECK_OK(hb_table_format(mem, bytes, &r->tree, &r->spec, n_parts, &e), e);
    CHECK_OK(hb_table_attach(mem, bytes, t, &e), e);
    return mem;
}

/* Rows that could come from a run, and the iteration where that generation begins. */
static inline void random_rows(struct hb_table *t, uint64_t seed, uint64_t generation)
{
    struct rand_stream g = {.seed = seed};
    uint64_t iteration = 0;

    for (uint64_t i = 0; i < t->layout.n_words; i++)
        t->rows[i] = rand_in(&g, 0, 3) == 0 ? rand_in(&g, -100000, 100000) : rand_in(&g, 0, 50);
    for (uint64_t i = 0; i < generation; i++)
        iteration += hb_round_length(&t->spec.params, iteration);
    hb_table_set(t, HB_TABLE_CLEAN, generation, iteration, 17 * iteration);
}

static inline int table_words(void *ctx, uint64_t at, int32_t *out, size_t n, struct hb_err *e)
{
    const struct hb_table *t = ctx;

    (void)e;
    memcpy(out, t->rows + at, n * sizeof *out);
    return HB_OK;
}

/* Its average strategy as a blueprint file. */
static inline int save_blueprint(struct hb_table *t, uint64_t iteration, const char *path,
                                 struct hb_err *e)
{
    struct hb_blueprint_source s = {.spec = &t->spec,
                                    .tree = &t->tree,
                                    .layout = &t->layout,
                                    .iteration = iteration,
                                    .words = table_words,
                                    .ctx = t};

    return hb_blueprint_save(&s, path, e);
}

static inline int same_rows(const struct hb_table *a, const struct hb_table *b)
{
    return a->layout.n_words == b->layout.n_words &&
           memcmp(a->rows, b->rows, 4 * a->layout.n_words) == 0;
}

/* A new folder, in memory where there is such a place: fsync on a busy disk takes its time. The
 * caller removes it. */
static inline bool scratch_folder(char folder[64], const char *name)
{
    (void)snprintf(folder, 64, "/dev/shm/hb-%s-XXXXXX", name); /* fits */
    if (mkdtemp(folder) != NULL)
        return true;
    (void)snprintf(folder, 64, "/tmp/hb-%s-XXXXXX", name);
    return mkdtemp(folder) != NULL;
}

static inline const char *in_folder(const char *folder, const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

#endif
