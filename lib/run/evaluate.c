#include "run/evaluate.h"

#include "base/os.h"
#include "base/pool.h"

#define STEPS_PER_S 1e8                 /* of the walk over deals, about; exploit.h */
#define CACHE_BYTES ((uint64_t)2 << 30) /* rows are held in memory up to that, or half of it */
#define ALONE_STEPS 2e7                 /* less is not worth a process */

/* ---- choice ---- */

/* Take the walk over boards when it is cheaper than that over deals, or forced. */
static int open_public(struct hb_evaluation *v, double deals, bool forced, struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    double work;
    int rc;

    if ((rc = hb_strategy_public(s, &v->by_bucket, e)) != HB_OK ||
        (rc = hb_public_new(&s->spec.rules, s->tree, &v->by_bucket, &v->walk, e)) != HB_OK)
        return rc;
    work = hb_public_work(v->walk);
    if (work >= deals && !forced) {
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
    return HB_OK;
}

int hb_evaluation_open(struct hb_evaluation *v, struct hb_strategy *s, enum hb_walk walk,
                       int n_workers, struct hb_err *e)
{
    int rc = HB_OK;

    *v = (struct hb_evaluation){.strategy = s,
                                .n_workers = n_workers > 0 ? n_workers : hb_os_cpus()};
    if (v->n_workers > HB_POOL_MAX)
        v->n_workers = HB_POOL_MAX;
    v->work = hb_exploit_work(&s->spec.rules, s->tree);
    v->seconds = v->work / STEPS_PER_S;
    if (walk == HB_WALK_BOARDS || (walk == HB_WALK_CHEAPER && hb_public_fits(&s->spec.rules)))
        rc = open_public(v, v->work, walk == HB_WALK_BOARDS, e);
    if (!v->public_tree)
        v->n_workers = 1;
    return rc;
}

void hb_evaluation_close(struct hb_evaluation *v)
{
    hb_public_free(v->walk);
    *v = (struct hb_evaluation){0};
}

/* ---- run ---- */

static int do_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                   struct hb_err *e)
{
    struct hb_evaluation *v = ctx;

    (void)job; /* there is one */
    hb_public_unit(v->walk, unit, result);
    *len = hb_public_unit_len(v->walk, unit) * sizeof(double);
    return hb_strategy_check(v->strategy, e);
}

static int add_unit(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                    struct hb_err *e)
{
    struct hb_evaluation *v = ctx;

    (void)job;
    (void)len; /* follows from the unit */
    (void)e;   /* adding cannot fail */
    hb_public_add(v->walk, unit, result);
    return HB_OK;
}

static int run_public(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_exploit *out, struct hb_err *e)
{
    struct hb_pool_work work = {.ctx = v, .unit = do_unit, .take = add_unit};
    struct hb_pool *pool = NULL;
    uint32_t n_units;
    int rc;

    if ((rc = hb_public_start(v->walk, e)) != HB_OK)
        return rc;
    work.result_max = hb_public_unit_len_max(v->walk) * sizeof(double);
    n_units = hb_public_units(v->walk);
    rc = hb_pool_new((uint32_t)v->n_workers < n_units ? v->n_workers : (int)n_units, &work, &pool,
                     e);
    if (rc == HB_OK)
        rc = hb_pool_run(pool, 0, n_units, tell, ctx, e);
    hb_pool_free(pool);
    if (rc == HB_OK)
        hb_public_result(v->walk, out);
    return rc;
}

int hb_evaluation_run(struct hb_evaluation *v, void (*tell)(void *, double), void *ctx,
                      struct hb_exploit *out, struct hb_err *e)
{
    struct hb_strategy *s = v->strategy;
    uint64_t half = hb_os_memory_bytes() / 2;
    int rc;

    if ((rc = hb_strategy_preload(s, half > CACHE_BYTES ? half : CACHE_BYTES, e)) != HB_OK)
        return rc;
    rc = v->public_tree
             ? run_public(v, tell, ctx, out, e)
             : hb_exploit_run(&s->spec.rules, s->tree, hb_strategy_ask, s, 1e300, out, e);
    return rc == HB_OK ? hb_strategy_check(s, e) : rc;
}
