#include "run/metrics.h"

#include <jansson.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/os.h"
#include "solver/spec.h"

#define PSS_EVERY_S 30.0

int hb_metrics_open(const char *logdir, struct hb_metrics *m, struct hb_err *e)
{
    char path[HB_PATH_MAX];

    memset(m, 0, sizeof *m);
    if (snprintf(path, sizeof path, "%s/metrics.jsonl", logdir) >= (int)sizeof path)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", logdir);
    m->file = fopen(path, "ae"); /* e: CLOEXEC */
    if (m->file == NULL)
        return hb_fail_sys(e, HB_ECREATE, "cannot write '%s'", path);
    m->start = hb_os_monotonic();
    m->last = m->start;
    return HB_OK;
}

int hb_metrics_close(struct hb_metrics *m, struct hb_err *e)
{
    FILE *file = m->file;

    m->file = NULL;
    if (file != NULL && fclose(file) != 0)
        return hb_fail_sys(e, HB_EIO, "cannot write the metrics");
    return HB_OK;
}

static double seconds_of(const struct rusage *u)
{
    return (double)u->ru_utime.tv_sec + (double)u->ru_stime.tv_sec +
           1e-6 * ((double)u->ru_utime.tv_usec + (double)u->ru_stime.tv_usec);
}

/* CPU of this process, its living and its reaped children. */
static double run_cpu(const struct hb_crew *crew)
{
    struct rusage self, dead;
    double sum = hb_crew_cpu_seconds(crew);

    if (getrusage(RUSAGE_SELF, &self) == 0)
        sum += seconds_of(&self);
    if (getrusage(RUSAGE_CHILDREN, &dead) == 0)
        sum += seconds_of(&dead);
    return sum;
}

/* The proportional set size is looked at every PSS_EVERY_S: to count it the system walks over all
 * pages of every process, and meanwhile nobody gets tasks. */
static uint64_t run_pss(struct hb_metrics *m, const struct hb_crew *crew, double now, bool fresh)
{
    struct hb_os_usage own;

    if (!fresh && m->pss_at > 0.0 && now - m->pss_at < PSS_EVERY_S)
        return m->pss;
    hb_os_usage(getpid(), &own);
    m->pss = hb_crew_pss(crew) + own.pss_bytes;
    m->pss_at = now;
    return m->pss;
}

static json_t *worker_tasks(const struct hb_crew *crew)
{
    json_t *list = json_array();

    for (int i = 0; i < hb_crew_n_workers(crew); i++)
        (void)json_array_append_new(list, json_integer((json_int_t)hb_crew_worker_tasks(crew, i)));
    return list; /* without memory it is short; the line is for people */
}

int hb_metrics_line(struct hb_metrics *m, const struct hb_crew *crew, uint64_t iteration,
                    uint64_t generation, uint64_t nodes_before, bool fresh, double *rate,
                    struct hb_err *e)
{
    double now = hb_os_monotonic();
    double span = now - m->last;
    struct hb_crew_stats s;
    uint64_t tasks, bytes, pss;
    double cpu_s;
    json_t *line;
    int bad;

    hb_crew_stats(crew, &s);
    cpu_s = run_cpu(crew);
    pss = run_pss(m, crew, now, fresh);
    tasks = s.tasks - m->last_stats.tasks;
    bytes = s.records_bytes - m->last_stats.records_bytes;
    *rate = span > 0 ? (double)(iteration - m->last_iteration) / span : 0.0;
    line = json_pack("{s:f,s:I,s:f,s:I,s:f,s:i,s:I,s:I,s:I,s:o,s:f,s:f,s:f,s:i,s:I,s:i}", "t",
                     now - m->start, "iteration", (json_int_t)iteration, "iter_per_s", *rate,
                     "nodes", (json_int_t)(nodes_before + s.nodes), "cpu_s", cpu_s, "workers",
                     hb_crew_n_workers(crew), "generation", (json_int_t)generation, "pss_bytes",
                     (json_int_t)pss, "tasks", (json_int_t)s.tasks, "worker_tasks",
                     worker_tasks(crew), "bytes_per_task",
                     tasks > 0 ? (double)bytes / (double)tasks : 0.0, "merge_s", s.merge_s,
                     "checkpoint_s", m->checkpoint_s, "workers_replaced", (int)s.workers_replaced,
                     "duplicates", (json_int_t)s.duplicates, "restores", (int)m->restores);
    if (line == NULL)
        return hb_fail(e, HB_ENOMEM, "out of memory for a line of metrics");
    bad = json_dumpf(line, m->file, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
          fputc('\n', m->file) == EOF || fflush(m->file) != 0;
    json_decref(line);
    m->last = now;
    m->last_iteration = iteration;
    m->last_stats = s;
    return bad ? hb_fail_sys(e, HB_EIO, "cannot write the metrics") : HB_OK;
}
