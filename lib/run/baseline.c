#include "run/baseline.h"

#include <stdbool.h>

#include "base/mem.h"

#define LEAN_COARSE 3.0 /* visits that the coarse state counts for in a fine one */
#define LEAN_MEAN   2.0 /* visits that the mean over classes counts for in a coarse state */

struct state {
    uint64_t key;    /* 0: free */
    uint64_t coarse; /* 0: it is one itself */
    uint64_t n;      /* visits */
    uint32_t n_classes;
    double *value;  /* owned [n_classes] sum of what was learned; frozen: the value of a class */
    double *weight; /* the second half of it */
};

struct hb_baseline {
    struct state *slot; /* open addressing, a power of two of them */
    uint32_t n_slots, n_states, max_states;
};

int hb_baseline_new(uint32_t max_states, struct hb_baseline **out, struct hb_err *e)
{
    struct hb_baseline *b = NULL;
    int rc = hb_mem_new(&b, 1, sizeof *b, "a baseline", e);

    if (rc != HB_OK)
        return rc;
    b->max_states = max_states;
    b->n_slots = 16;
    while (b->n_slots / 2 < max_states)
        b->n_slots *= 2;
    if ((rc = hb_mem_new(&b->slot, b->n_slots, sizeof *b->slot, "a baseline", e)) != HB_OK) {
        hb_mem_free(b);
        return rc;
    }
    *out = b;
    return HB_OK;
}

void hb_baseline_free(struct hb_baseline *b)
{
    if (b == NULL)
        return;
    for (uint32_t i = 0; i < b->n_slots; i++)
        hb_mem_free(b->slot[i].value);
    hb_mem_free(b->slot);
    hb_mem_free(b);
}

/* The state, or the free slot where it would be. */
static struct state *slot_of(const struct hb_baseline *b, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 32) & (b->n_slots - 1);

    while (b->slot[at].key != 0 && b->slot[at].key != key)
        at = (at + 1) & (b->n_slots - 1);
    return &b->slot[at];
}

static int learn_one(struct hb_baseline *b, uint64_t key, uint64_t coarse, uint32_t n_classes,
                     const double *weight, const double *value, struct hb_err *e)
{
    struct state *s = slot_of(b, key);
    int rc;

    if (s->key == 0) {
        if (b->n_states == b->max_states)
            return HB_OK;
        if ((rc = hb_mem_new(&s->value, n_classes, 2 * sizeof *s->value, "a baseline", e)) != HB_OK)
            return rc;
        s->weight = s->value + n_classes;
        s->key = key;
        s->coarse = coarse;
        s->n_classes = n_classes;
        b->n_states++;
    }
    if (s->n_classes != n_classes) /* two states of one hash: one in 2^60 */
        return HB_OK;
    s->n++;
    for (uint32_t i = 0; i < n_classes; i++) {
        s->value[i] += value[i];
        s->weight[i] += weight[i];
    }
    return HB_OK;
}

int hb_baseline_learn(struct hb_baseline *b, const struct hb_baseline_key *k, const double *weight,
                      const double *value, struct hb_err *e)
{
    int rc = learn_one(b, k->coarse, 0, k->n_classes, weight, value, e);

    return rc == HB_OK ? learn_one(b, k->fine, k->coarse, k->n_classes, weight, value, e) : rc;
}

static void freeze_coarse(struct state *s)
{
    double sum = 0;
    double all = 0;
    double n = (double)s->n;

    for (uint32_t i = 0; i < s->n_classes; i++) {
        sum += s->value[i];
        all += s->weight[i];
    }
    sum /= all > 0 ? all : 1;
    for (uint32_t i = 0; i < s->n_classes; i++) {
        double own = s->weight[i] > 0 ? s->value[i] / s->weight[i] : sum;

        s->value[i] = (n * own + LEAN_MEAN * sum) / (n + LEAN_MEAN);
    }
}

static void freeze_fine(const struct hb_baseline *b, struct state *s)
{
    const struct state *coarse = slot_of(b, s->coarse);
    double n = (double)s->n;

    for (uint32_t i = 0; i < s->n_classes; i++) {
        double prior = coarse->key != 0 && coarse->n_classes == s->n_classes ? coarse->value[i] : 0;
        double own = s->weight[i] > 0 ? s->value[i] / s->weight[i] : prior;

        s->value[i] = (n * own + LEAN_COARSE * prior) / (n + LEAN_COARSE);
    }
}

void hb_baseline_freeze(struct hb_baseline *b)
{
    for (uint32_t i = 0; i < b->n_slots; i++)
        if (b->slot[i].key != 0 && b->slot[i].coarse == 0)
            freeze_coarse(&b->slot[i]);
    for (uint32_t i = 0; i < b->n_slots; i++)
        if (b->slot[i].key != 0 && b->slot[i].coarse != 0)
            freeze_fine(b, &b->slot[i]);
}

double hb_baseline_value(const struct hb_baseline *b, const struct hb_baseline_key *k,
                         const double *weight)
{
    const struct state *s = slot_of(b, k->fine);
    double sum = 0;

    if (s->key == 0)
        s = slot_of(b, k->coarse);
    if (s->key == 0 || s->n_classes != k->n_classes)
        return 0;
    for (uint32_t i = 0; i < k->n_classes; i++)
        sum += weight[i] * s->value[i];
    return sum;
}

uint64_t hb_baseline_visits(const struct hb_baseline *b, uint64_t fine)
{
    return slot_of(b, fine)->n;
}
