/* cluster_crew.c - what is done to every point, by this process or by several. Sums are whole numbers
 * modulo 2^64, so it does not matter who adds up what. */
#include <string.h>

#include "abstraction/cluster_impl.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define UNITS_EACH 2u /* shares of a process: a distance may prepare something for each */

struct word { /* shared: what children must know before a job */
    uint32_t k, c, pass;
    uint32_t second; /* which of the two buffers has the centres */
};

struct hb_cluster_crew {
    struct hb_cluster_run *run;
    struct hb_pool *pool;
    struct word *word;
    int16_t *buffer[2]; /* centre and next take turns */
    uint32_t pass;      /* that this process was told the centres of */
    uint32_t n_units;
    struct hb_cluster_found *found; /* of the job that runs */
};

/* ---- a range of points ---- */

static void start_range(struct hb_cluster_run *r, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        hb_cluster_add(r, r->state[i].label, i);
    r->g->ops->seeded(r, first, end);
}

static uint64_t cost_of_range(const struct hb_cluster_run *r, size_t first, size_t end)
{
    const struct hb_cloud *g = r->g;
    uint64_t cost = 0;

    for (size_t i = first; i < end; i++)
        cost += g->weight[i] * g->ops->distance(g, i, hb_cluster_centre(r, r->state[i].label));
    return cost;
}

/* The first of the points farthest from the next centre of their cluster. */
static void find_farthest(const struct hb_cluster_run *r, size_t first, size_t end,
                          struct hb_cluster_found *out)
{
    const struct hb_cloud *g = r->g;

    for (size_t i = first; i < end; i++) {
        uint32_t d = g->ops->distance(g, i, r->next + (size_t)r->state[i].label * g->stride);

        if (d > out->most) {
            out->most = d;
            out->at = i;
        }
    }
}

static void do_range(struct hb_cluster_run *r, enum hb_cluster_job job, uint32_t c, size_t first,
                     size_t end, struct hb_cluster_found *out)
{
    switch (job) {
    case HB_CLUSTER_CLAIM: r->g->ops->claim(r, c, first, end); break;
    case HB_CLUSTER_START: start_range(r, first, end); break;
    case HB_CLUSTER_ASSIGN: out->sum += r->g->ops->assign(r, first, end); break;
    case HB_CLUSTER_COST: out->sum += cost_of_range(r, first, end); break;
    case HB_CLUSTER_FARTHEST: find_farthest(r, first, end, out); break;
    }
}

static bool has_sums(enum hb_cluster_job job)
{
    return job == HB_CLUSTER_START || job == HB_CLUSTER_ASSIGN;
}

/* ---- several processes ---- */

static size_t n_sums(const struct hb_cluster_run *r)
{
    return (size_t)r->k * r->g->stride + r->k; /* of the numbers, then of the weights */
}

static size_t unit_start(const struct hb_cluster_crew *crew, uint32_t unit)
{
    const size_t n = crew->run->g->n;
    const size_t blocks = (n + HB_CLUSTER_BLOCK - 1) / HB_CLUSTER_BLOCK;
    const size_t at = blocks * unit / crew->n_units * HB_CLUSTER_BLOCK;

    return at < n ? at : n;
}

/* A result: what was found, then the sums of the range. */
static int do_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                   struct hb_err *e)
{
    struct hb_cluster_crew *crew = ctx;
    const struct word *w = crew->word;
    struct hb_cluster_run part = *crew->run; /* as it was when this process began */
    struct hb_cluster_found *found = result;

    (void)e; /* cannot fail */
    part.k = w->k;
    part.centre = crew->buffer[w->second];
    part.next = crew->buffer[1 - w->second];
    *found = (struct hb_cluster_found){0};
    *len = sizeof *found;
    if (has_sums((enum hb_cluster_job)job)) {
        part.sum = (uint64_t *)(found + 1);
        part.weight = part.sum + (size_t)part.k * part.g->stride;
        memset(part.sum, 0, n_sums(&part) * sizeof *part.sum);
        *len += n_sums(&part) * sizeof *part.sum;
    }
    if (job == HB_CLUSTER_ASSIGN && crew->pass != w->pass) {
        part.g->ops->moved(&part);
        crew->pass = w->pass;
    }
    do_range(&part, (enum hb_cluster_job)job, w->c, unit_start(crew, unit),
             unit_start(crew, unit + 1), found);
    return HB_OK;
}

static int take_unit(void *ctx, uint32_t job, uint32_t unit, const void *result, size_t len,
                     struct hb_err *e)
{
    struct hb_cluster_crew *crew = ctx;
    struct hb_cluster_run *r = crew->run;
    const struct hb_cluster_found *found = result;
    const uint64_t *sum = (const uint64_t *)(found + 1);
    const size_t n = (size_t)r->k * r->g->stride;

    (void)unit;
    (void)len; /* follows from the job */
    (void)e;   /* cannot fail */
    crew->found->sum += found->sum;
    if (found->most > crew->found->most) {
        crew->found->most = found->most;
        crew->found->at = found->at;
    }
    for (size_t i = 0; has_sums((enum hb_cluster_job)job) && i < n; i++)
        r->sum[i] += sum[i];
    for (size_t c = 0; has_sums((enum hb_cluster_job)job) && c < r->k; c++)
        r->weight[c] += sum[n + c];
    return HB_OK;
}

int hb_cluster_do(struct hb_cluster_run *r, enum hb_cluster_job job, uint32_t c,
                  struct hb_cluster_found *out, struct hb_err *e)
{
    struct hb_cluster_crew *crew = r->crew;

    *out = (struct hb_cluster_found){0};
    if (crew == NULL) {
        if (job == HB_CLUSTER_ASSIGN)
            r->g->ops->moved(r);
        do_range(r, job, c, 0, r->g->n, out);
        return HB_OK;
    }
    crew->found = out;
    *crew->word = (struct word){.k = r->k,
                                .c = c,
                                .pass = crew->word->pass + (job == HB_CLUSTER_ASSIGN),
                                .second = r->centre == crew->buffer[1]};
    return hb_pool_run(crew->pool, job, crew->n_units, NULL, NULL, e);
}

/* ---- memory and processes ---- */

int hb_cluster_room(const struct hb_cluster_run *r, void *p, size_t n_items, size_t item_bytes,
                    const char *what, struct hb_err *e)
{
    size_t bytes;

    if (r->opts->n_processes <= 1)
        return hb_mem_new(p, n_items, item_bytes, what, e);
    if (!hb_mem_mul(n_items, item_bytes, &bytes))
        return hb_fail(e, HB_ENOMEM, "out of memory for %s", what);
    return hb_pool_memory(what, bytes, p, e);
}

void hb_cluster_room_free(const struct hb_cluster_run *r, void *p, size_t bytes)
{
    if (r->opts->n_processes <= 1)
        hb_mem_free(p);
    else
        hb_os_unmap(p, bytes);
}

int hb_cluster_crew_start(struct hb_cluster_run *r, struct hb_err *e)
{
    const size_t most = (size_t)r->opts->k * (r->g->stride + 1) * sizeof(uint64_t);
    struct hb_pool_work work = {
        .result_max = sizeof(struct hb_cluster_found) + most, .unit = do_unit, .take = take_unit};
    struct hb_cluster_crew *crew;
    void *word = NULL;
    int rc;

    if (r->opts->n_processes <= 1)
        return HB_OK;
    if ((rc = hb_mem_new(&crew, 1, sizeof *crew, "processes", e)) != HB_OK)
        return rc;
    r->crew = crew;
    crew->run = r;
    crew->buffer[0] = r->centre;
    crew->buffer[1] = r->next;
    crew->n_units = UNITS_EACH * (uint32_t)r->opts->n_processes;
    if ((rc = hb_pool_memory("centres", sizeof *crew->word, &word, e)) != HB_OK)
        return rc;
    crew->word = word;
    work.ctx = crew;
    return hb_pool_new(r->opts->n_processes, &work, &crew->pool, e);
}

void hb_cluster_crew_end(struct hb_cluster_run *r)
{
    if (r->crew == NULL)
        return;
    hb_pool_free(r->crew->pool);
    hb_os_unmap(r->crew->word, sizeof *r->crew->word);
    hb_mem_free(r->crew);
    r->crew = NULL;
}
