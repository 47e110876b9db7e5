/* public_root.c - best responders on the first street, when what comes after it is given. */
#include "solver/public.h"

#include <string.h>

#include "base/mem.h"
#include "solver/public_impl.h"

struct hb_public_root {
    struct hb_lanes_shape shape; /* of the first street, with steps of its own */
    uint32_t *entry;             /* [n_leaves] entry of the next street */
    uint32_t *node;              /* [n_steps] of the tree, where a step is one */
    uint32_t most_actions;
    uint32_t n_classes;
    uint8_t (*hand)[2]; /* [n_classes] */
    uint16_t *size;     /* [n_classes] */
    uint32_t n_entries;
    double value;
    double *base;     /* [1 + n_entries * 2 * n_classes] */
    double *leaf;     /* [n_leaves][2 seats][n_classes] */
    double *part;     /* [depth + 1][n_classes] values of an action */
    double *spot;     /* [most_actions][n_classes] */
    uint8_t *active;  /* [depth + 1][n_classes] */
    uint16_t *choice; /* [n_edges][n_classes], at the first edge of a node */
};

static int copy_shape(const struct hb_public *p, struct hb_public_root *r, struct hb_err *e)
{
    const struct hb_lanes_street *st = &p->lanes.street[0];
    const struct hb_lanes_group *g = &st->group[0];
    int rc;

    r->shape = st->shape[g->shape];
    r->shape.step = NULL;
    if ((rc = hb_mem_new(&r->shape.step, r->shape.n_steps, sizeof *r->shape.step, "a tree", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->entry, r->shape.n_leaves, sizeof *r->entry, "a tree", e)) != HB_OK)
        return rc;
    memcpy(r->shape.step, st->shape[g->shape].step, r->shape.n_steps * sizeof *r->shape.step);
    for (uint32_t i = 0; i < r->shape.n_leaves; i++)
        r->entry[i] = g->leaf[i * HB_LANES];
    if ((rc = hb_mem_new(&r->node, r->shape.n_steps, sizeof *r->node, "a tree", e)) != HB_OK)
        return rc;
    for (uint32_t i = 0, n = 0; i < r->shape.n_steps; i++)
        if (r->shape.step[i].kind == HB_LANES_NODE) {
            r->node[i] = g->node[n++ * HB_LANES];
            if (r->shape.step[i].n_actions > r->most_actions)
                r->most_actions = r->shape.step[i].n_actions;
        }
    return HB_OK;
}

static int copy_classes(const struct hb_public *p, struct hb_public_root *r, struct hb_err *e)
{
    int rc;

    r->n_classes = p->n_classes;
    if ((rc = hb_mem_new(&r->hand, r->n_classes, sizeof *r->hand, "classes of hands", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->size, r->n_classes, sizeof *r->size, "classes of hands", e)) != HB_OK)
        return rc;
    memcpy(r->size, p->class_size, r->n_classes * sizeof *r->size);
    for (int h = p->hands.n - 1; h >= 0; h--)
        memcpy(r->hand[p->class_of[h]], p->hands.card[h], 2);
    return HB_OK;
}

int hb_public_root_new(struct hb_public *p, struct hb_public_root **out, struct hb_err *e)
{
    struct hb_public_root *r = NULL;
    size_t n = p->n_classes;
    int rc;

    if ((rc = hb_mem_new(&r, 1, sizeof *r, "responders", e)) != HB_OK)
        return rc;
    r->n_entries = p->last > 0 ? p->lanes.street[1].n_entries : 0;
    if ((rc = copy_shape(p, r, e)) != HB_OK || (rc = copy_classes(p, r, e)) != HB_OK ||
        (rc = hb_mem_new(&r->spot, r->most_actions * n, sizeof *r->spot, "values", e)) != HB_OK ||
        (rc = hb_mem_new(&r->leaf, r->shape.n_leaves * 2 * n, sizeof *r->leaf, "values", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->part, (r->shape.depth + 1) * n, sizeof *r->part, "values", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->base, 1 + hb_public_root_len(r), sizeof *r->base, "sums", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&r->active, (r->shape.depth + 1) * n, 1, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&r->choice, r->shape.n_edges * n, sizeof *r->choice, "choices", e)) !=
            HB_OK) {
        hb_public_root_free(r);
        return rc;
    }
    if (p->apart)
        memcpy(r->base, p->sum_check, hb_public_check_len(p) * sizeof *r->base);
    p->value = 0;
    hb_public_first_allins(p);
    hb_public_first_up(p, r->leaf);
    r->value = p->value;
    *out = r;
    return HB_OK;
}

void hb_public_root_free(struct hb_public_root *r)
{
    if (r == NULL)
        return;
    hb_mem_free(r->shape.step);
    hb_mem_free(r->entry);
    hb_mem_free(r->node);
    hb_mem_free(r->hand);
    hb_mem_free(r->size);
    hb_mem_free(r->spot);
    hb_mem_free(r->base);
    hb_mem_free(r->leaf);
    hb_mem_free(r->part);
    hb_mem_free(r->active);
    hb_mem_free(r->choice);
    hb_mem_free(r);
}

double hb_public_root_value(const struct hb_public_root *r)
{
    return r->value;
}

const double *hb_public_root_base(const struct hb_public_root *r)
{
    return r->base;
}

size_t hb_public_root_len(const struct hb_public_root *r)
{
    return (size_t)r->n_entries * 2 * r->n_classes;
}

/* Where the numbers of an end lie in something like hb_public_root_respond's sum. */
static size_t entry_at(const struct hb_public_root *r, const struct hb_lanes_step *s, int seat)
{
    return (2 * (size_t)r->entry[s->number] + (size_t)seat) * r->n_classes;
}

/* Values of the seat's hands at step `at` into out, the best actions into choice; returns the step
 * after the part. */
static uint32_t respond(struct hb_public_root *r, uint32_t at, int seat, const double *sum,
                        double *part, double *out)
{
    const struct hb_lanes_step *s = &r->shape.step[at++];
    uint32_t n = r->n_classes;
    uint16_t *choice = r->choice + (size_t)s->number * n;

    if (s->kind != HB_LANES_NODE) {
        const double *from = s->kind == HB_LANES_EXIT
                                 ? sum + entry_at(r, s, seat)
                                 : r->leaf + (2 * (size_t)s->number + (size_t)seat) * n;

        memcpy(out, from, n * sizeof *out);
        return at;
    }
    for (uint16_t a = 0; a < s->n_actions; a++) {
        at = respond(r, at, seat, sum, part + n, a == 0 ? out : part);
        for (uint32_t c = 0; c < n; c++)
            if (a == 0) {
                choice[c] = 0;
            } else if (s->player != seat) {
                out[c] += part[c];
            } else if (part[c] > out[c]) {
                out[c] = part[c];
                choice[c] = a;
            }
    }
    return at;
}

/* Which hands of the seat its choices bring to each entry; here[n_classes] get to step `at`. */
static uint32_t follow(const struct hb_public_root *r, uint32_t at, int seat, uint8_t *here,
                       uint8_t *plays)
{
    const struct hb_lanes_step *s = &r->shape.step[at++];
    uint32_t n = r->n_classes;
    const uint16_t *choice = r->choice + (size_t)s->number * n;
    uint8_t *next = here + n;

    if (s->kind == HB_LANES_EXIT)
        memcpy(plays + entry_at(r, s, seat), here, n);
    if (s->kind != HB_LANES_NODE)
        return at;
    for (uint16_t a = 0; a < s->n_actions; a++) {
        for (uint32_t c = 0; c < n; c++)
            next[c] = here[c] != 0 && (s->player != seat || choice[c] == a);
        at = follow(r, at, seat, next, plays);
    }
    return at;
}

void hb_public_root_respond(struct hb_public_root *r, const double *sum, uint8_t *plays,
                            double best[2])
{
    for (int seat = 0; seat < 2; seat++) {
        (void)respond(r, 0, seat, sum, r->part + r->n_classes,
                      r->part); /* where it ends is known */
        best[seat] = 0;
        for (uint32_t c = 0; c < r->n_classes; c++)
            best[seat] += r->part[c];
        memset(r->active, 1, r->n_classes);
        (void)follow(r, 0, seat, r->active, plays);
    }
}

void hb_public_root_spots(struct hb_public_root *r, const double *sum,
                          void (*tell)(void *ctx, const struct hb_public_spot *s), void *ctx)
{
    for (uint32_t i = 0; i < r->shape.n_steps; i++) {
        const struct hb_lanes_step *s = &r->shape.step[i];
        struct hb_public_spot spot = {
            .node = r->node[i], .seat = s->player, .n_actions = s->n_actions, .value = r->spot};
        uint32_t at = i + 1;

        if (s->kind != HB_LANES_NODE)
            continue;
        for (uint32_t a = 0; a < s->n_actions; a++)
            at = respond(r, at, s->player, sum, r->part, r->spot + (size_t)a * r->n_classes);
        tell(ctx, &spot);
    }
}

uint32_t hb_public_root_classes(const struct hb_public_root *r)
{
    return r->n_classes;
}

uint32_t hb_public_root_class(const struct hb_public_root *r, uint32_t number, uint8_t own[2])
{
    memcpy(own, r->hand[number], 2);
    return r->size[number];
}
