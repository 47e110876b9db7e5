#include "run/metrics.h"

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"
#include "run/calibrate.h"
#include "solver/spec.h"

#define PSS_EVERY_S       30.0
#define CALIBRATE_EVERY_S 0.25

static double seconds_of(const struct rusage *u)
{
    return (double)u->ru_utime.tv_sec + (double)u->ru_stime.tv_sec +
           1e-6 * ((double)u->ru_utime.tv_usec + (double)u->ru_stime.tv_usec);
}

/* CPU of this process and its reaped children. */
static double own_cpu(void)
{
    struct rusage self, dead;
    double sum = 0.0;

    if (getrusage(RUSAGE_SELF, &self) == 0)
        sum += seconds_of(&self);
    if (getrusage(RUSAGE_CHILDREN, &dead) == 0)
        sum += seconds_of(&dead);
    return sum;
}

int hb_metrics_open(const char *logdir, int n_workers, struct hb_metrics *m, struct hb_err *e)
{
    char path[HB_PATH_MAX];
    struct timespec now;
    int rc;

    memset(m, 0, sizeof *m);
    if (snprintf(path, sizeof path, "%s/metrics.jsonl", logdir) >= (int)sizeof path)
        return hb_fail(e, HB_ECREATE, "the path of '%s' is too long", logdir);
    if ((rc = hb_mem_new(&m->worker, (size_t)n_workers, sizeof *m->worker, "metrics", e)) != HB_OK)
        return rc;
    m->file = fopen(path, "ae"); /* e: CLOEXEC */
    if (m->file == NULL)
        return hb_fail_sys(e, HB_ECREATE, "cannot write '%s'", path);
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return hb_fail_sys(e, HB_ESYS, "cannot read the clock");
    m->started_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    m->start = hb_os_monotonic();
    m->last = m->start;
    m->cpu_before_s = own_cpu();
    return HB_OK;
}

int hb_metrics_close(struct hb_metrics *m, struct hb_err *e)
{
    FILE *file = m->file;

    hb_mem_free(m->worker);
    hb_buf_fini(&m->line);
    m->worker = NULL;
    m->file = NULL;
    if (file != NULL && fclose(file) != 0)
        return hb_fail_sys(e, HB_EIO, "cannot write the metrics");
    return HB_OK;
}

void hb_metrics_new_crew(struct hb_metrics *m, uint64_t iteration)
{
    memset(&m->last_stats, 0, sizeof m->last_stats);
    m->last_workers_cpu_s = 0.0;
    m->last_iteration = iteration; /* rates are never negative */
}

/* ---- what is measured ---- */

/* CPU of this process, its living and its reaped children. */
static double run_cpu(const struct hb_crew_schedule *s)
{
    return s->workers_cpu_s - s->lost_cpu_s + s->mergers_cpu_s + own_cpu();
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

/* What a piece of calibration needs. */
struct piece {
    struct hb_metrics *m;
    const struct hb_table *table;
};

static void calibrate(void *ctx)
{
    const struct piece *p = ctx;

    hb_calibrate(p->table->mem, p->table->len, p->m->pieces++, &p->m->calibration);
}

void hb_metrics_calibrate(struct hb_metrics *m, struct hb_crew *crew, const struct hb_table *t)
{
    const double before = hb_os_monotonic();
    struct piece piece = {.m = m, .table = t};

    if (before - m->calibrated_at < CALIBRATE_EVERY_S)
        return;
    /* where it is not possible, where this process is: the next best */
    (void)hb_os_run_on(hb_crew_next_cpu(crew), calibrate, &piece);
    m->calibrated_at = hb_os_monotonic();
    m->calibration_s += m->calibrated_at - before;
}

/* ---- the line ---- */

static void put_key(struct hb_buf *b, const char *key)
{
    hb_buf_printf(b, "%s\"%s\":", b->len == 0 ? "{" : ",", key);
}

static void put_count(struct hb_buf *b, const char *key, uint64_t v)
{
    put_key(b, key);
    hb_buf_printf(b, "%llu", (unsigned long long)v);
}

static void put_real(struct hb_buf *b, const char *key, double v)
{
    put_key(b, key);
    hb_buf_printf(b, "%.9g", v);
}

static double per(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

/* One number of each worker. */
enum of_worker { TASKS, VOLUNTARY, INVOLUNTARY };
static void put_workers(struct hb_buf *b, const char *key, const struct hb_metrics *m,
                        const struct hb_crew *crew, enum of_worker what)
{
    put_key(b, key);
    for (int i = 0; i < hb_crew_n_workers(crew); i++) {
        uint64_t v = what == TASKS       ? hb_crew_worker_tasks(crew, i)
                     : what == VOLUNTARY ? m->worker[i].ctx_voluntary
                                         : m->worker[i].ctx_involuntary;

        hb_buf_printf(b, "%c%llu", i == 0 ? '[' : ',', (unsigned long long)v);
    }
    hb_buf_printf(b, "]");
}

/* A share of all rows of the game, and the same street by street. */
static void put_shares(struct hb_buf *b, const char *key, const struct hb_metrics_now *now,
                       size_t field)
{
    const struct hb_learning_look *l = now->learning;
    double v;

    memcpy(&v, (const char *)&l->all + field, sizeof v);
    put_key(b, key);
    hb_buf_printf(b, "%.6g,\"%s_by_street\":", v, key);
    for (int i = 0; i < now->table->spec.rules.deck.n_streets; i++) {
        memcpy(&v, (const char *)&l->street[i] + field, sizeof v);
        hb_buf_printf(b, "%c%.6g", i == 0 ? '[' : ',', v);
    }
    hb_buf_printf(b, "]");
}

static void put_learning(struct hb_buf *b, const struct hb_metrics *m,
                         const struct hb_metrics_now *now)
{
    put_real(b, "learning_s", m->learning_s);
    put_count(b, "looked_at", now->learning->to);
    put_count(b, "change_iterations", now->learning->to - now->learning->from);
    put_shares(b, "change", now, offsetof(struct hb_learning_street, change));
    put_shares(b, "visited", now, offsetof(struct hb_learning_street, visited));
    put_shares(b, "pruned", now, offsetof(struct hb_learning_street, pruned));
    put_shares(b, "saturated", now, offsetof(struct hb_learning_street, saturated));
    put_shares(b, "halved", now, offsetof(struct hb_learning_street, halved));
}

static void put_speed(struct hb_buf *b, const struct hb_metrics *m, const struct hb_crew *crew,
                      const struct hb_crew_stats *s, const struct hb_crew_schedule *cpu)
{
    put_real(
        b, "nodes_per_cpu_s",
        per((double)(s->nodes - m->last_stats.nodes), cpu->workers_cpu_s - m->last_workers_cpu_s));
    put_real(b, "calibration_per_s", hb_calibration_per_s(&m->calibration));
    put_real(b, "calibration_load_ns", hb_calibration_load_ns(&m->calibration));
    put_real(b, "calibration_draw_ns", hb_calibration_draw_ns(&m->calibration));
    put_real(b, "calibration_s", m->calibration_s);
    put_real(b, "workers_cpu_s", cpu->workers_cpu_s);
    put_real(b, "mergers_cpu_s", cpu->mergers_cpu_s);
    put_real(b, "barrier_s", s->barrier_s);
    put_workers(b, "ctx_voluntary", m, crew, VOLUNTARY);
    put_workers(b, "ctx_involuntary", m, crew, INVOLUNTARY);
}

static int write_line(struct hb_metrics *m, struct hb_err *e)
{
    int rc;

    hb_buf_printf(&m->line, "}\n");
    if ((rc = hb_buf_check(&m->line, e)) != HB_OK) {
        hb_buf_fini(&m->line); /* the next one begins anew */
        return rc;
    }
    if (fwrite(m->line.data, 1, m->line.len, m->file) != m->line.len || fflush(m->file) != 0)
        return hb_fail_sys(e, HB_EIO, "cannot write the metrics");
    return HB_OK;
}

int hb_metrics_line(struct hb_metrics *m, struct hb_crew *crew, const struct hb_metrics_now *now,
                    double *rate, struct hb_err *e)
{
    const double t = hb_os_monotonic();
    struct hb_buf *b = &m->line;
    struct hb_crew_schedule cpu;
    struct hb_crew_stats s;

    hb_crew_stats(crew, &s);
    hb_crew_schedule(crew, m->worker, &cpu);
    if (m->calibration.n_pieces == 0)
        hb_metrics_calibrate(m, crew, now->table);
    *rate = per((double)(now->iteration - m->last_iteration), t - m->last);
    b->len = 0;
    put_real(b, "t", t - m->start);
    put_count(b, "iteration", now->iteration);
    put_real(b, "iter_per_s", *rate);
    put_count(b, "nodes", now->nodes_before + s.nodes);
    put_real(b, "cpu_s", run_cpu(&cpu));
    put_count(b, "workers", (uint64_t)hb_crew_n_workers(crew));
    put_count(b, "generation", now->generation);
    put_count(b, "pss_bytes", run_pss(m, crew, t, now->fresh));
    put_count(b, "tasks", s.tasks);
    put_workers(b, "worker_tasks", m, crew, TASKS);
    put_real(b, "bytes_per_task",
             per((double)(s.records_bytes - m->last_stats.records_bytes),
                 (double)(s.tasks - m->last_stats.tasks)));
    put_real(b, "merge_s", s.merge_s);
    put_real(b, "checkpoint_s", m->checkpoint_s);
    put_count(b, "workers_replaced", s.workers_replaced);
    put_count(b, "duplicates", s.duplicates);
    put_count(b, "restores", m->restores);
    put_count(b, "table_large_bytes", m->table_large_bytes);
    put_speed(b, m, crew, &s, &cpu);
    put_learning(b, m, now);
    put_count(b, "started", m->started_ms);
    put_real(b, "cpu_before_s", m->cpu_before_s);
    m->last = t;
    m->last_iteration = now->iteration;
    m->last_stats = s;
    m->calibration = (struct hb_calibration){0};
    m->last_workers_cpu_s = cpu.workers_cpu_s;
    return write_line(m, e);
}
