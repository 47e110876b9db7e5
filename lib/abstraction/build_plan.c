/* What a build will take. Times are CPU times of one 2.6 GHz core, measured with make bench for
 * hold'em and k = 200, shared out to the processes; they are estimates, and said to be. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/build_impl.h"
#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "abstraction/sparse.h"
#include "base/os.h"
#include "base/pool.h"
#include "cards/tally.h"

#define SCORE_NS     7.0         /* a hand of the last street */
#define FOLD_NS      120.0       /* sums of a hand of an earlier one */
#define INSTANCE_NS  10.0        /* labels of a hand of the last street */
#define VECTOR_NS    120.0       /* a vector, its place among the others, … */
#define RUN_OUT_NS   5.5         /* … and each run-out that it counts */
#define PASS_NS      160.0       /* a vector and pass of the clustering, 200 clusters */
#define GROUND_NS    4.25        /* the same with a ground distance, for each cluster */
#define BUCKET_NS    10.0        /* a hand's bucket and weight */
#define WRITE_NS     4.0         /* a byte of the file: two hashes and the disk */
#define STAGE_S      0.005       /* a stage without work */
#define BASE_BYTES   (24u << 20) /* a program and the index */
#define CHILD_BYTES  (8u << 20)
#define BOUNDS_BYTES (64u << 20) /* lower bounds of a ground distance, as cluster.h says */
#define VECTOR_BYTES 64u         /* when the plugin does not say */
#define LISTED_MAX   4096u       /* centres that keep lists of each other, cluster_dense.c */
#define ALL_APART    2000000u    /* so many vectors may well be all different, of more … */
#define SHARE_APART  8u          /* … one in so many */

struct sums { /* what a plan adds up */
    struct hb_services *services;
    const struct hb_iso *iso;
    const struct hb_deck *deck;
    double cores;
    int n_processes;
    uint64_t held;      /* bytes that stay until the end */
    unsigned strengths; /* streets whose strengths are there */
    uint32_t next_k;    /* buckets of the street that was added before */
    struct hb_build_report *out;
};

static void add_stage(struct sums *p, int street, const char *name, double seconds, uint64_t bytes,
                      uint64_t disk_bytes)
{
    struct hb_build_report *r = p->out;
    uint64_t all = BASE_BYTES + (uint64_t)p->n_processes * CHILD_BYTES + p->held + bytes;

    if (r->n_stages == HB_BUILD_STAGES_MAX)
        return;
    r->stage[r->n_stages++] = (struct hb_build_stage){.street = street,
                                                      .name = name,
                                                      .seconds = seconds + STAGE_S,
                                                      .bytes = all,
                                                      .disk_bytes = disk_bytes};
    r->seconds += seconds + STAGE_S;
    r->disk_bytes += disk_bytes;
    r->peak_bytes = all > r->peak_bytes ? all : r->peak_bytes;
}

static double shared(const struct sums *p, double n, double ns)
{
    return n * ns * 1e-9 / p->cores;
}

/* Strengths of a street, unless they were needed before. */
static void add_strengths(struct sums *p, int street)
{
    const int last = p->deck->n_streets - 1;
    const uint64_t n = hb_iso_size(p->iso, street);
    const uint64_t bytes = n * (street == last ? sizeof(uint16_t) : 2 * sizeof(uint64_t));

    if (p->strengths >> street & 1)
        return;
    p->strengths |= 1u << street;
    add_stage(p, street, "strengths", shared(p, (double)n, street == last ? SCORE_NS : FOLD_NS),
              bytes, bytes);
    p->held += bytes;
}

static void add_map(struct sums *p, int street, uint64_t n_hands, uint32_t k, uint64_t bytes)
{
    const uint64_t map = n_hands * hb_hba_width(hb_hba_kind(k));

    add_stage(p, street, "buckets", shared(p, (double)n_hands, BUCKET_NS), bytes + map, map);
    p->held += map;
}

struct vector {
    uint32_t bytes, numbers; /* as a point; of a centre */
    uint32_t entries;        /* of a ground distance, else 0 */
};

/* What the plugin says of its vectors, if it does. */
static struct vector vector_of(const struct sums *p, int street, const struct hb_abstraction *abs,
                               const char *args)
{
    struct hb_features f = {0};
    struct hb_shape shape;

    hb_services_shape(p->services, 1u << street, &shape);
    if (!HB_HAS(abs, describe) ||
        abs->describe(hb_services_host(p->services), &shape, args, &f) != 0 ||
        !HB_HAS(&f, distance) || f.n > HB_CLUSTER_GROUND_MAX)
        return (struct vector){VECTOR_BYTES, VECTOR_BYTES, 0};
    if (strcmp(f.distance, "ground") != 0)
        return (struct vector){f.n * f.item_bytes, f.n, 0};
    if (p->next_k > 0 && p->next_k < f.n)
        f.n = p->next_k;
    if (f.entries == 0 || f.entries > f.n)
        f.entries = f.n;
    return (struct vector){hb_sparse_bytes(f.entries, f.item_bytes), f.n, f.entries};
}

/* Sums and lists of centres, in each process, and on their way. */
static uint64_t centres_bytes(const struct sums *p, uint64_t k, uint32_t numbers)
{
    uint64_t sums = k * (numbers + 8) * sizeof(uint64_t);
    uint64_t lists = k <= LISTED_MAX ? k * k * sizeof(uint64_t) : 0;
    uint64_t gaps = k <= HB_CLUSTER_GROUND_MAX ? k * k * sizeof(uint32_t) : 0;

    return 2 * sums + gaps + (uint64_t)p->n_processes * (3 * sums + lists);
}

/* Tables of lower bounds of a ground distance, in each process: one for every different entry. */
static uint64_t bounds_bytes(const struct sums *p, uint64_t apart, struct vector v, uint64_t k)
{
    uint64_t bytes = apart * v.entries * (k + 4) * sizeof(uint16_t);

    return (uint64_t)p->n_processes * (bytes < BOUNDS_BYTES ? bytes : BOUNDS_BYTES);
}

/* As measured between 200 and 2,000 clusters. */
static double pass_ns(uint32_t k, bool ground)
{
    return ground ? GROUND_NS * k : PASS_NS * sqrt(k / 200.0);
}

static void add_feature(struct sums *p, int street, const struct hb_cluster_opts *o,
                        struct vector v)
{
    const uint32_t bytes = v.bytes;
    const int last = p->deck->n_streets - 1;
    const uint64_t n = hb_iso_size(p->iso, street);
    const uint64_t n_last = hb_iso_size(p->iso, last);
    const double run_outs = street == last ? 0 : (double)hb_tally_run_outs(p->deck, street, last);
    const uint64_t apart = n > ALL_APART * SHARE_APART ? n / SHARE_APART
                           : n > ALL_APART             ? ALL_APART
                                                       : n;
    const uint64_t points = n * sizeof(uint32_t) + apart * (bytes + sizeof(uint64_t));
    /* Slots of a hash table, at most a quarter taken; room that vectors grow into. */
    const uint64_t table = 4 * apart * sizeof(uint64_t) + apart * (bytes + sizeof(uint64_t)) / 2;
    /* Two bytes a number, state, labels. */
    const uint64_t cloud = apart * (2 * bytes + 16 + 12 + sizeof(uint32_t));
    const double passes = (double)o->restarts * (1 + o->iters);

    add_strengths(p, last);
    add_stage(p, street, "instance", (double)n_last * INSTANCE_NS * 1e-9, n_last, 0);
    add_stage(p, street, "vectors", shared(p, (double)n, VECTOR_NS + RUN_OUT_NS * run_outs),
              n_last + points + table, points);
    add_stage(p, street, "clusters",
              shared(p, (double)apart * passes, pass_ns(o->k, v.entries > 0)),
              points + cloud + centres_bytes(p, o->k, v.numbers) + bounds_bytes(p, apart, v, o->k),
              apart * sizeof(uint32_t));
    add_map(p, street, n, o->k, points);
}

const char *hb_cards_find_k(const char *args)
{
    const char *at = strncmp(args, "k=", 2) == 0 ? args : strstr(args, ",k=");

    return at != NULL && *at == ',' ? at + 1 : at;
}

uint32_t hb_cards_k(const char *args)
{
    const char *at = hb_cards_find_k(args);
    unsigned long n = at != NULL ? strtoul(at + 2, NULL, 10) : 0;

    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* A direct plugin without a number of buckets is taken for one that tells all hands apart and
 * needs no map; one with for one that asks for strengths. */
static void add_direct(struct sums *p, int street, const char *args)
{
    const uint64_t n = hb_iso_size(p->iso, street);

    const uint32_t k = hb_cards_k(args);

    if (k == 0) {
        add_stage(p, street, "instance", 0, 0, 0);
        add_stage(p, street, "buckets", (double)n * BUCKET_NS * 1e-9, 0, 0);
        return;
    }
    for (int s = p->deck->n_streets - 1; s >= street; s--)
        add_strengths(p, s);
    add_stage(p, street, "instance", (double)n * BUCKET_NS * 1e-9, 4 * n, 0);
    add_map(p, street, n, k, 4 * n);
}

int hb_build_estimate(struct hb_services *services, const bool need[HB_STREETS],
                      const struct hb_cards_spec *spec, const struct hb_plugin plugin[HB_STREETS],
                      int n_processes, struct hb_build_report *out, struct hb_err *e)
{
    const struct hb_iso *iso;
    const struct hb_deck *deck;
    int cpus = hb_os_cpus();
    struct sums p = {.services = services, .out = out};
    uint64_t maps = 0;
    int rc;

    if ((rc = hb_services_iso(services, HB_ISO_SET, &iso, e)) != HB_OK)
        return rc;
    p.iso = iso;
    p.deck = deck = hb_iso_deck(iso);
    p.n_processes = n_processes > 0 ? n_processes : cpus;
    p.cores = p.n_processes < cpus ? p.n_processes : cpus;
    *out = (struct hb_build_report){0};
    for (int s = deck->n_streets - 1; s >= 0; s--) {
        struct hb_cluster_opts opts;
        char rest[HB_PLUGIN_ARGS_MAX];
        uint64_t before = out->disk_bytes;

        if (!need[s])
            continue;
        if (!HB_HAS(plugin[s].abs, features)) {
            add_direct(&p, s, spec->street[s].args);
        } else {
            if ((rc = hb_feature_args(spec->street[s].args, &opts, rest, sizeof rest, e)) != HB_OK)
                return hb_context(e, rc, "%s: plugin '%s'", hb_street_name(s), plugin[s].abs->id);
            add_feature(&p, s, &opts, vector_of(&p, s, plugin[s].abs, rest));
        }
        p.next_k = hb_cards_k(spec->street[s].args);
        if (out->disk_bytes > before) /* the last stage of a street leaves its map */
            maps += out->stage[out->n_stages - 1].disk_bytes;
    }
    add_stage(&p, -1, "file", (double)maps * WRITE_NS * 1e-9, 0, maps);
    return HB_OK;
}

int hb_buckets_plan(const struct hb_deck *deck, const bool need[HB_STREETS],
                    const struct hb_cards_spec *spec, const struct hb_build_options *o,
                    struct hb_build_report *out, struct hb_err *e)
{
    struct hb_plugin plugin[HB_STREETS] = {{0}};
    struct hb_services *services = NULL;
    int rc;

    if ((rc = hb_deck_check(deck, e)) != HB_OK ||
        (rc = hb_build_load(deck, need, spec, o->plugin_dirs, plugin, e)) != HB_OK ||
        (rc = hb_services_new(deck, 0, o->log, &services, e)) != HB_OK)
        return rc;
    rc = hb_build_estimate(services, need, spec, plugin, o->n_processes, out, e);
    hb_services_free(services);
    return rc;
}
