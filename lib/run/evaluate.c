#include "run/evaluate.h"

#include <string.h>

#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define STEPS_PER_S 1e8                 /* of the walk over deals, about; exploit.h */
#define CACHE_BYTES ((uint64_t)2 << 30) /* rows are held in memory up to that, or half of it */
#define ALONE_STEPS 2e7                 /* less is not worth a process */

/* ---- choice ---- */

/* Draw boards of all kinds. */
static int draw_boards(struct hb_evaluation *v, uint32_t n_drawn, uint64_t seed, struct hb_err *e)
{
    uint32_t n = hb_public_first_boards(v->walk);
    struct hb_boardsample_board *board = NULL;
    int rc = hb_mem_new(&board, n, sizeof *board, "boards", e);

    for (uint32_t i = 0; i < n && rc == HB_OK; i++) {
        board[i].weight = hb_public_first_weight(v->walk, i);
        board[i].kind = hb_boardsample_kind(hb_public_first_board(v->walk, i));
    }
    if (rc == HB_OK)
        rc = hb_boardsample_draw(board, n, n_drawn, seed, &v->sample, e);
    hb_mem_free(board);
    return rc;
}

/* Draw boards, and list what is to be done: they, rising, and the run-outs before them. */
static int draw(struct hb_evaluation *v, uint32_t n_drawn, uint64_t seed, struct hb_err *e)
{
    uint32_t n_boards = hb_public_first_boards(v->walk);
    bool *drawn = NULL;
    uint32_t n_units;
    int rc;

    if ((rc = hb_public_set_apart(v->walk, e)) != HB_OK ||
        (rc = draw_boards(v, n_drawn, seed, e)) != HB_OK)
        return rc;
    n_units = hb_public_units(v->walk);
    if ((rc = hb_mem_new(&v->result, n_boards, sizeof *v->result, "results", e)) != HB_OK ||
        (rc = hb_mem_new(&v->unit, n_units, sizeof *v->unit, "a sample of boards", e)) != HB_OK ||
        (rc = hb_mem_new(&drawn, n_boards, sizeof *drawn, "boards", e)) != HB_OK)
        return rc;
    for (uint32_t k = 0; k < v->sample.n_strata; k++)
        for (uint32_t i = 0; i < v->sample.stratum[k].n_drawn; i++)
            drawn[v->sample.order[v->sample.stratum[k].first + i]] = true;
    for (uint32_t i = 0; i < n_units; i++)
        if (i >= n_boards || drawn[i])
            v->unit[v->n_units++] = i;
    hb_mem_free(drawn);
    return HB_OK;
}

/* Take the walk over boards when it is cheaper than that over deals, or forced. */
static int open_public(struct hb_evaluation *v, const struct hb_evaluation_options *o, bool forced,
                       struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    double work;
    int rc;

    if ((rc = hb_strategy_public(s, &v->by_bucket, e)) != HB_OK ||
        (rc = hb_public_new(&s->spec.rules, s->tree, &v->by_bucket, &v->walk, e)) != HB_OK)
        return rc;
    v->sampled = o->sample_boards > 0 && o->sample_boards < hb_public_first_boards(v->walk);
    work =
        hb_public_work_of(v->walk, v->sampled ? o->sample_boards : hb_public_first_boards(v->walk));
    if (work >= v->work && !forced) {
        hb_public_free(v->walk);
        v->walk = NULL;
        return HB_OK;
    }
    v->public_tree = true;
    v->work = work;
    if (work < ALONE_STEPS)
        v->n_workers = 1;
    v->seconds = work / hb_public_steps_per_s(v->walk) / v->n_workers;
    v->bytes = hb_public_bytes(v->walk, v->n_workers);
    if (!v->sampled)
        return HB_OK;
    if ((rc = draw(v, o->sample_boards, o->seed, e)) == HB_OK)
        v->bytes += (uint64_t)o->sample_boards * hb_public_unit_len(v->walk, 0) * sizeof(double);
    return rc;
}

int hb_evaluation_open(struct hb_evaluation *v, struct hb_strategy *s,
                       const struct hb_evaluation_options *o, struct hb_err *e)
{
    bool forced = o->walk == HB_WALK_BOARDS || o->sample_boards > 0;
    int rc = HB_OK;

    *v = (struct hb_evaluation){.strategy = s,
                                .n_workers = o->n_workers > 0 ? o->n_workers : hb_os_cpus()};
    if (v->n_workers > HB_POOL_MAX)
        v->n_workers = HB_POOL_MAX;
    v->work = hb_exploit_work(&s->spec.rules, s->tree);
    v->seconds = v->work / STEPS_PER_S;
    if (forced || (o->walk == HB_WALK_CHEAPER && hb_public_fits(&s->spec.rules)))
        rc = open_public(v, o, forced, e);
    if (!v->public_tree)
        v->n_workers = 1;
    if (rc != HB_OK)
        hb_evaluation_close(v);
    return rc;
}

void hb_evaluation_close(struct hb_evaluation *v)
{
    for (uint32_t i = 0; v->result != NULL && i < v->sample.n_boards; i++)
        hb_mem_free(v->result[i]);
    hb_mem_free(v->result);
    hb_mem_free(v->unit);
    hb_boardsample_fini(&v->sample);
    hb_public_free(v->walk);
    *v = (struct hb_evaluation){0};
}

/* ---- run ---- */

static uint32_t unit_of(const struct hb_evaluation *v, uint32_t number)
{
    return v->sampled ? v->unit[number] : number;
}

static int do_unit(void *ctx, uint32_t job, uint32_t number, void *result, size_t *len,
                   struct hb_err *e)
{
    struct hb_evaluation *v = ctx;
    uint32_t unit = unit_of(v, number);

    (void)job; /* there is one */
    hb_public_unit(v->walk, unit, result);
    *len = hb_public_unit_len(v->walk, unit) * sizeof(double);
    return hb_strategy_check(v->strategy, e);
}

/* Boards of a sample are kept, everything else is added up. */
static int take_unit(void *ctx, uint32_t job, uint32_t number, const void *result, size_t len,
                     struct hb_err *e)
{
    struct hb_evaluation *v = ctx;
    uint32_t unit = unit_of(v, number);
    int rc;

    (void)job;
    if (!v->sampled || unit >= v->sample.n_boards) {
        hb_public_add(v->walk, unit, result);
        return HB_OK;
    }
    if ((rc = hb_mem_new(&v->result[unit], len, 1, "results of boards", e)) == HB_OK)
        memcpy(v->result[unit], result, len);
    return rc;
}

static int run_public(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_err *e)
{
    struct hb_pool_work work = {.ctx = v, .unit = do_unit, .take = take_unit};
    struct hb_pool *pool = NULL;
    uint32_t n_units;
    int rc;

    if ((rc = hb_public_start(v->walk, e)) != HB_OK)
        return rc;
    work.result_max = hb_public_unit_len_max(v->walk) * sizeof(double);
    n_units = v->sampled ? v->n_units : hb_public_units(v->walk);
    rc = hb_pool_new((uint32_t)v->n_workers < n_units ? v->n_workers : (int)n_units, &work, &pool,
                     e);
    if (rc == HB_OK)
        rc = hb_pool_run(pool, 0, n_units, tell, ctx, e);
    hb_pool_free(pool);
    return rc;
}

static int preload(struct hb_strategy *s, struct hb_err *e)
{
    uint64_t half = hb_os_memory_bytes() / 2;

    return hb_strategy_preload(s, half > CACHE_BYTES ? half : CACHE_BYTES, e);
}

int hb_evaluation_run(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_exploit *out, struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    int rc;

    if ((rc = preload(s, e)) != HB_OK)
        return rc;
    if (!v->public_tree)
        rc = hb_exploit_run(&s->spec.rules, s->tree, hb_strategy_ask, s, 1e300, out, e);
    else if ((rc = run_public(v, tell, ctx, e)) == HB_OK)
        hb_public_result(v->walk, out);
    return rc == HB_OK ? hb_strategy_check(s, e) : rc;
}

static void exact_bracket(const struct hb_evaluation *v, const struct hb_exploit *x,
                          struct hb_bracket *out)
{
    uint32_t n_boards = hb_public_first_boards(v->walk);

    *out = (struct hb_bracket){.n_boards = n_boards,
                               .n_drawn = n_boards,
                               .exploit_lower = x->exploitability,
                               .exploit_upper = x->exploitability,
                               .bracket = {x->exploitability, x->exploitability}};
    for (int seat = 0; seat < 2; seat++) {
        out->value[seat] = x->value[seat];
        out->lower[seat] = out->upper[seat] = x->best_response[seat];
    }
}

int hb_evaluation_run_sampled(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                              struct hb_bracket *out, struct hb_err *e)
{
    struct hb_public_root *root = NULL;
    struct hb_exploit x;
    int rc;

    if (!v->sampled) {
        if ((rc = hb_evaluation_run(v, tell, ctx, &x, e)) == HB_OK)
            exact_bracket(v, &x, out);
        return rc;
    }
    if ((rc = preload(v->strategy, e)) == HB_OK && (rc = run_public(v, tell, ctx, e)) == HB_OK &&
        (rc = hb_strategy_check(v->strategy, e)) == HB_OK &&
        (rc = hb_public_root_new(v->walk, &root, e)) == HB_OK)
        rc = hb_boardsample_bracket(&v->sample, root, hb_public_deals(v->walk),
                                    (const double *const *)v->result, out, e);
    hb_public_root_free(root);
    return rc;
}
