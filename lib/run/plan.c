#include <string.h>

#include "base/os.h"
#include "run/train.h"
#include "solver/cfr.h"
#include "solver/merge.h"
#include "solver/table.h"

/* Measured with make bench on a 2.6 GHz server core; only an estimate, and said to be one. */
#define NODE_NS          65.0 /* a node of a walk whose table is far larger than the cache */
#define NODE_CACHED_NS   25.0
#define DEAL_NS          400.0 /* cards and buckets of one iteration and player */
#define RECORD_NS        40.0  /* merging one record into such a table */
#define RECORD_CACHED_NS 14.0
#define OWN_VISITS       0.36 /* of all: the traverser's, which are records in any iteration */
#define CACHED_TABLE     (8u << 20)
#define BIG_TABLE        (64u << 20) /* from here on several mergers pay */
#define PROCESS_BYTES    (7u << 20)  /* a program before it maps anything */
#define TRAINED_NODES    1.5 /* nodes that an iteration comes to visit, over the uniform start */

int hb_train_mergers(uint64_t table_bytes, int n_workers, bool segments)
{
    int most = n_workers < HB_TABLE_PARTS_MAX ? n_workers : HB_TABLE_PARTS_MAX;
    int share;

    if (!segments || table_bytes < BIG_TABLE || most < 2)
        return 1;
    share = (HB_TABLE_PARTS_MAX + most - 1) / most;
    return (HB_TABLE_PARTS_MAX + share - 1) / share;
}

static void estimate_rate(const struct hb_setup *s, int n_workers, struct hb_plan *p)
{
    bool cached = p->table_bytes <= CACHED_TABLE;
    uint32_t every = s->spec.params.average_interval;
    double records = OWN_VISITS + (1.0 - OWN_VISITS) / (every > 1 ? every : 1);
    double node_ns =
        cached ? NODE_CACHED_NS + records * RECORD_CACHED_NS : NODE_NS + records * RECORD_NS;
    double cores = n_workers < hb_os_cpus() ? n_workers : hb_os_cpus();
    double ns = p->nodes_per_iteration * node_ns + DEAL_NS * s->tree.n_players;

    p->iterations_per_s = cores * 1e9 / ns;
    p->seconds = (double)p->iterations / p->iterations_per_s;
}

int hb_train_fits(const struct hb_plan *p, struct hb_err *e)
{
    const double gib = 1 << 30;
    const uint64_t available = hb_os_memory_bytes();

    if (available > 0 && p->peak_bytes > available)
        return hb_fail(e, HB_ENOMEM,
                       "the run needs %.2f GiB, %.2f of them for the table, and %.2f GiB of memory "
                       "are free; use fewer buckets or bet sizes (--plan --fit tells how many)",
                       (double)p->peak_bytes / gib, (double)p->table_bytes / gib,
                       (double)available / gib);
    return HB_OK;
}

/* The records of one round wait until it is whole: in the workers' segments, or with the merger,
 * while those of tasks are with workers, on their way, and with hb-train. */
static uint64_t records_bytes(const struct hb_setup *s, const struct hb_plan *p, int n_workers,
                              struct hb_transport transport)
{
    const uint64_t n =
        (uint64_t)(TRAINED_NODES * p->nodes_per_iteration * s->spec.params.round_cap) + 1;
    const uint64_t bytes = n * (8 + 2 * (uint64_t)(s->tree.n_edges / s->tree.n_nodes + 1));

    if (transport.segments)
        return bytes;
    if (transport.compress == HB_COMPRESS_NONE)
        return 3 * bytes;
    return 2 * bytes +
           (uint64_t)n_workers * hb_compact_scratch(n, transport.compress == HB_COMPRESS_ZSTD);
}

int hb_train_plan(const struct hb_config *c, const struct hb_setup *s, int n_workers,
                  struct hb_transport transport, struct hb_plan *out, struct hb_err *e)
{
    struct hb_layout layout;
    const uint64_t n_checkpoints = c->snapshot_keep > 0 ? c->snapshot_keep : 1;
    int n_mergers;
    int rc;

    memset(out, 0, sizeof *out);
    if ((rc = hb_table_layout(&s->tree, &s->spec, &layout, e)) != HB_OK ||
        (rc = hb_table_bytes(&s->tree, &s->spec, &out->table_bytes, e)) != HB_OK ||
        (rc = hb_cfr_expected_nodes(&s->tree, &out->nodes_per_iteration, e)) != HB_OK)
        return rc;
    out->infosets = layout.n_infosets;
    out->nodes = s->tree.n_nodes;
    out->bucket_bytes = hb_buckets_bytes(&s->buckets);
    out->round_cap = s->spec.params.round_cap;
    out->iterations = hb_round_boundary(&s->spec.params, c->num_iterations);
    n_mergers = hb_train_mergers(out->table_bytes, n_workers, transport.segments);
    out->peak_bytes = out->table_bytes + out->bucket_bytes +
                      records_bytes(s, out, n_workers, transport) +
                      (uint64_t)(1 + n_workers + n_mergers) * PROCESS_BYTES +
                      (uint64_t)n_workers * hb_cfr_bytes(&s->tree) +
                      (uint64_t)n_mergers * hb_merge_bytes(&s->tree, &layout) +
                      52 * (uint64_t)s->tree.n_nodes; /* hb-train's own tree */
    out->disk_bytes = (n_checkpoints + 1) * out->table_bytes + out->bucket_bytes;
    estimate_rate(s, n_workers, out);
    out->endless = c->num_iterations == 0 && c->time_budget_s <= 0.0;
    if (c->num_iterations == 0 || (c->time_budget_s > 0 && c->time_budget_s < out->seconds)) {
        out->seconds = c->time_budget_s;
        out->iterations = (uint64_t)(out->seconds * out->iterations_per_s);
    }
    return HB_OK;
}
