/* The stages of hold'em's card abstraction, as JSON lines: wall time of a whole build with nothing in
 * a cache, and what the plan said.
 *
 *   b_abstraction [PROCESSES [STREET=PLUGIN:ARGS...]]
 *
 * By default one process a processor, and 169 / potential 200 / emd 200 / ochs 200. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abstraction/build.h"
#include "abstraction/hba.h"
#include "base/os.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static void die(const char *what)
{
    (void)fprintf(stderr, "b_abstraction: %s\n", what);
    exit(70);
}

/* "turn=emd:k=50" into the entry of the turn. */
static void change(struct hb_cards_spec *s, char *text)
{
    char *plugin = strchr(text, '=');
    char *args = plugin != NULL ? strchr(plugin, ':') : NULL;
    int street;

    if (args == NULL)
        die("a street is given as STREET=PLUGIN:ARGS");
    *plugin++ = '\0';
    *args++ = '\0';
    if ((street = hb_street_parse(text)) < 0)
        die("no such street");
    (void)snprintf(s->street[street].plugin, HB_PLUGIN_NAME_MAX, "%s", plugin);
    (void)snprintf(s->street[street].args, HB_PLUGIN_ARGS_MAX, "%s", args);
}

static double cpu_of(int who)
{
    struct rusage u;

    if (getrusage(who, &u) != 0)
        return 0;
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           1e-6 * ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec);
}

static const struct hb_build_stage *in_plan(const struct hb_build_report *plan,
                                            const struct hb_build_stage *s)
{
    for (int i = 0; i < plan->n_stages; i++)
        if (plan->stage[i].street == s->street && strcmp(plan->stage[i].name, s->name) == 0)
            return &plan->stage[i];
    return s;
}

static void print_report(const struct hb_build_report *r, const struct hb_build_report *plan,
                         const struct hb_cards_spec *spec, int n_processes)
{
    for (int i = 0; i < r->n_stages; i++) {
        const struct hb_build_stage *s = &r->stage[i];

        printf("{\"bench\":\"abstraction\",\"street\":\"%s\",\"plugin\":\"%s\",\"stage\":\"%s\","
               "\"seconds\":%.3f,\"plan_seconds\":%.3f,\"mb\":%.0f,\"plan_mb\":%.0f}\n",
               s->street >= 0 ? hb_street_name(s->street) : "all",
               s->street >= 0 ? spec->street[s->street].plugin : "", s->name, s->seconds,
               in_plan(plan, s)->seconds, (double)s->bytes / 1e6,
               (double)in_plan(plan, s)->bytes / 1e6);
    }
    printf("{\"bench\":\"abstraction\",\"stage\":\"all\",\"processes\":%d,\"seconds\":%.3f,"
           "\"plan_seconds\":%.3f,\"cpu_s\":%.3f,\"mb\":%.0f,\"plan_mb\":%.0f}\n",
           n_processes, r->seconds, plan->seconds, cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN),
           (double)r->peak_bytes / 1e6, (double)plan->peak_bytes / 1e6);
}

int main(int argc, char **argv)
{
    struct hb_cards_spec spec = {{{true, "lossless", ""},
                                  {true, "potential", "k=200"},
                                  {true, "emd", "k=200"},
                                  {true, "ochs", "k=200"}}};
    const bool need[HB_STREETS] = {true, true, true, true};
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    struct hb_build_options o = {.n_processes =
                                     argc > 1 ? (int)strtol(argv[1], NULL, 10) : hb_os_cpus()};
    struct hb_build_report report;
    struct hb_build_report plan;
    char folder[] = "/tmp/hb-b-abstraction-XXXXXX";
    struct hb_err e = {0};
    char dirs[1100];
    char out[64];

    for (int i = 2; i < argc; i++)
        change(&spec, argv[i]);
    if (slash == NULL || mkdtemp(folder) == NULL)
        return 70;
    *slash = '\0'; /* build/bench */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    (void)snprintf(out, sizeof out, "%s/x.hba", folder);
    o.plugin_dirs = dirs;
    if (hb_buckets_plan(&holdem, need, &spec, &o, &plan, &e) != HB_OK ||
        hb_buckets_build(&holdem, need, &spec, out, &o, &report, &e) != HB_OK)
        die(e.msg);
    print_report(&report, &plan, &spec, o.n_processes);
    (void)unlink(out);
    (void)rmdir(folder);
    return 0;
}
