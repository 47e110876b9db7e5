#include "base/stat.h"

#include <math.h>

void hb_stat_add(struct hb_stat *s, double x)
{
    double delta = x - s->mean;

    s->n++;
    s->mean += delta / (double)s->n;
    s->squares += delta * (x - s->mean);
}

void hb_stat_merge(struct hb_stat *s, const struct hb_stat *part)
{
    double delta = part->mean - s->mean;
    double n = (double)(s->n + part->n);

    if (part->n == 0)
        return;
    s->squares += part->squares + delta * delta * ((double)s->n * (double)part->n / n);
    s->mean += delta * ((double)part->n / n);
    s->n += part->n;
}

double hb_stat_deviation(const struct hb_stat *s)
{
    return s->n < 2 ? (double)NAN : sqrt(s->squares / (double)(s->n - 1));
}

double hb_stat_ci95(const struct hb_stat *s)
{
    return s->n < 2 ? (double)NAN : 1.96 * hb_stat_deviation(s) / sqrt((double)s->n);
}
