#include "solver/ranges.h"

#include <string.h>

void hb_ranges_beside(const struct hb_hands *h, const uint16_t *live, int n_live,
                      const double *other, double *out)
{
    double with[HB_CARDS] = {0};
    double all = 0;

    for (int i = 0; i < n_live; i++) {
        double v = other[live[i]];

        all += v;
        for (int c = 0; c < h->n_own; c++)
            with[h->card[live[i]][c]] += v;
    }
    for (int i = 0; i < n_live; i++) {
        const uint8_t *card = h->card[live[i]];
        double v = all - with[card[0]];

        if (h->n_own == 2)
            v = v - with[card[1]] + other[live[i]];
        out[live[i]] = v > 0 ? v : 0; /* rounding */
    }
}

double hb_ranges_dot(const uint16_t *live, int n_live, const double *a, const double *b)
{
    double sum = 0;

    for (int i = 0; i < n_live; i++)
        sum += a[live[i]] * b[live[i]];
    return sum;
}

double hb_ranges_normalise(const struct hb_hands *h, const uint16_t *live, int n_live,
                           double *range)
{
    double kept[HB_HANDS_MAX];
    double sum = 0;

    for (int i = 0; i < n_live; i++) {
        kept[i] = range[live[i]];
        sum += kept[i];
    }
    memset(range, 0, (size_t)h->n * sizeof *range);
    for (int i = 0; i < n_live; i++)
        range[live[i]] = sum > 0 ? kept[i] / sum : kept[i];
    return sum;
}
