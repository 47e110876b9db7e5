/* Stages of hold'em's card abstraction, in CPU seconds, as JSON lines: what a plugin does when it is
 * created, its vectors, the same with duplicates removed, the clustering (k = 200).
 *
 *   b_abstraction [STREET...]          flop, turn, river; all by default */
#define _XOPEN_SOURCE 700 /* realpath */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "abstraction/host.h"
#include "abstraction/plugin.h"
#include "base/hash.h"
#include "base/mem.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static double now_s(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        exit(71);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void need(int rc, const struct hb_err *e)
{
    if (rc == HB_OK)
        return;
    (void)fprintf(stderr, "b_abstraction: %s\n", e->msg);
    exit(70);
}

static void report(int street, const char *plugin, const char *stage, double seconds,
                   uint64_t check)
{
    printf("{\"bench\":\"abstraction\",\"street\":\"%s\",\"plugin\":\"%s\",\"stage\":\"%s\","
           "\"seconds\":%.3f,\"check\":%llu}\n",
           hb_street_name(street), plugin, stage, seconds, (unsigned long long)check);
    (void)fflush(stdout);
}

/* All vectors, for their own sake. */
static void only_vectors(const struct hb_plugin *p, const struct hb_abs *a,
                         const struct hb_iso *iso, int street, const char *name)
{
    const struct hb_features *f = p->abs->features(a, street);
    void *out = NULL;
    uint64_t check = 0;
    double t = now_s();

    need(hb_mem_new(&out, 1326, (size_t)f->n * f->item_bytes, "vectors", NULL), NULL);
    for (uint32_t b = 0; b < hb_iso_boards(iso, street); b++) {
        if (p->abs->vectors(a, street, b, out) != 0)
            exit(70);
        check += ((const uint8_t *)out)[b % f->n];
    }
    report(street, name, "vectors", now_s() - t, check);
    hb_mem_free(out);
}

struct mark { /* when the clustering began */
    double t;
};

static void watch(void *ctx, const char *stage, double fraction)
{
    struct mark *m = ctx;

    (void)fraction;
    if (m->t <= 0 && strcmp(stage, "clusters") == 0)
        m->t = now_s();
}

static void bench_street(const char *dirs, const char *name, int street, struct hb_services *s)
{
    struct hb_shape shape = {sizeof shape, 13, 4, 2, 4, {0, 3, 4, 5}, 1u << street};
    struct hb_cluster_opts o = HB_FEATURE_DEFAULTS;
    struct hb_feature_map map;
    struct hb_plugin p;
    struct hb_abs *a;
    struct hb_err e = {0};
    const struct hb_iso *iso;
    char why[256] = "";
    struct mark mark = {0};
    double t;

    o.k = 200;
    need(hb_plugin_load(name, dirs, &p, &e), &e);
    need(hb_services_iso(s, HB_ISO_SET, &iso, &e), &e);
    t = now_s();
    a = p.abs->create(hb_services_host(s), &shape, "", why, sizeof why);
    need(a != NULL ? HB_OK : hb_fail(&e, HB_EPLUGIN, "%s", why), &e);
    report(street, name, "create", now_s() - t, 0);
    only_vectors(&p, a, iso, street, name);
    t = now_s();
    need(hb_feature_map_build(p.abs, a, iso, street, &o, watch, &mark, &map, &e), &e);
    report(street, name, "vectors_distinct", mark.t - t, map.n_points);
    t = now_s() - mark.t;
    report(street, name, "clusters", t, map.clusters.cost);
    report(street, name, "clusters_a_pass", t / (map.clusters.iters + 1.0),
           hb_xxh3(map.bucket, map.n_points * sizeof *map.bucket));
    hb_feature_map_fini(&map);
    p.abs->destroy(a);
}

static int wanted(int argc, char **argv, const char *street)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], street) == 0)
            return 1;
    return argc < 2;
}

int main(int argc, char **argv)
{
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    struct hb_services *s = NULL;
    struct hb_err e = {0};
    struct rusage usage;
    char dirs[1100];

    if (slash == NULL)
        return 70;
    *slash = '\0'; /* build/bench */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    need(hb_services_new(&holdem, 0xF, NULL, &s, &e), &e);
    if (wanted(argc, argv, "flop"))
        bench_street(dirs, "emd", 1, s);
    if (wanted(argc, argv, "turn"))
        bench_street(dirs, "emd", 2, s);
    if (wanted(argc, argv, "river"))
        bench_street(dirs, "ochs", 3, s);
    hb_services_free(s);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        printf("{\"bench\":\"abstraction\",\"stage\":\"all\",\"seconds\":%.3f,\"peak_mib\":%ld}\n",
               now_s(), usage.ru_maxrss / 1024);
    return 0;
}
