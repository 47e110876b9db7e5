#include "run/crew_impl.h"

void hb_crew_stats(const struct hb_crew *c, struct hb_crew_stats *out)
{
    *out = c->stats;
}

int hb_crew_n_workers(const struct hb_crew *c)
{
    return c->o.n_workers;
}

uint64_t hb_crew_worker_tasks(const struct hb_crew *c, int worker)
{
    return c->workers[worker].results;
}

void hb_crew_schedule(const struct hb_crew *c, struct hb_os_schedule *worker,
                      struct hb_crew_schedule *out)
{
    *out = (struct hb_crew_schedule){0};
    for (int i = 0; i < c->o.n_workers; i++) {
        hb_os_schedule(c->workers[i].child.pid, &worker[i]);
        worker[i].cpu_s += c->workers[i].past_cpu_s;
        out->workers_cpu_s += worker[i].cpu_s;
        out->lost_cpu_s += c->workers[i].past_cpu_s;
    }
    for (int k = 0; k < c->o.n_mergers; k++)
        out->mergers_cpu_s += hb_os_cpu_seconds(c->mergers[k].child.pid);
}

int hb_crew_next_cpu(struct hb_crew *c)
{
    c->visit = (c->visit + 1) % c->o.n_workers;
    return hb_os_last_cpu(c->workers[c->visit].child.pid);
}

uint64_t hb_crew_pss(const struct hb_crew *c)
{
    struct hb_os_usage u;
    uint64_t sum = 0;

    for (int i = 0; i < c->o.n_workers; i++) {
        hb_os_usage(c->workers[i].child.pid, &u);
        sum += u.pss_bytes;
    }
    for (int k = 0; k < c->o.n_mergers; k++) {
        hb_os_usage(c->mergers[k].child.pid, &u);
        sum += u.pss_bytes;
    }
    return sum;
}
