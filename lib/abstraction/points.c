#include "abstraction/points.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define FIRST_SHIFT 20 /* 4,096 slots to begin with */
#define LAST_SHIFT  0
#define AHEAD       64u /* vectors whose slots are fetched together */

int hb_points_init(struct hb_points *p, uint32_t vector_bytes, struct hb_err *e)
{
    *p = (struct hb_points){.vector_bytes = vector_bytes, .slot_shift = FIRST_SHIFT};
    p->n_slots = (size_t)1 << (32 - FIRST_SHIFT);
    return hb_mem_new(&p->slot, p->n_slots, sizeof *p->slot, "distinct vectors", e);
}

void hb_points_fini(struct hb_points *p)
{
    hb_mem_free(p->vector);
    hb_mem_free(p->weight);
    hb_mem_free(p->slot);
    *p = (struct hb_points){0};
}

/* Twice the slots. A slot knows its tag, whose top bits are its place. */
static int widen(struct hb_points *p, struct hb_err *e)
{
    size_t n_slots = 2 * p->n_slots;
    uint64_t *slot = NULL;
    int rc;

    if (p->slot_shift == LAST_SHIFT)
        return hb_fail(e, HB_ELIMIT, "more than %zu distinct vectors", p->n);
    if ((rc = hb_mem_new(&slot, n_slots, sizeof *slot, "distinct vectors", e)) != HB_OK)
        return rc;
    p->slot_shift--;
    for (size_t i = 0; i < p->n_slots; i++) {
        size_t at = (size_t)(p->slot[i] >> 32) >> p->slot_shift;

        if (p->slot[i] == 0)
            continue;
        while (slot[at] != 0)
            at = (at + 1) & (n_slots - 1);
        slot[at] = p->slot[i];
    }
    hb_mem_free(p->slot);
    p->slot = slot;
    p->n_slots = n_slots;
    return HB_OK;
}

/* Room for one more vector and its slot. */
static int make_room(struct hb_points *p, struct hb_err *e)
{
    size_t cap = p->cap > 0 ? p->cap + p->cap / 2 : 1024;
    int rc;

    if (2 * p->n >= p->n_slots && (rc = widen(p, e)) != HB_OK)
        return rc;
    if (p->n < p->cap)
        return HB_OK;
    if ((rc = hb_mem_grow(&p->vector, cap, p->vector_bytes, "distinct vectors", e)) != HB_OK ||
        (rc = hb_mem_grow(&p->weight, cap, sizeof *p->weight, "distinct vectors", e)) != HB_OK)
        return rc;
    p->cap = cap;
    return HB_OK;
}

/* The first slot that a tag may be in was fetched; fetch what it names. */
static void fetch(const struct hb_points *p, uint32_t tag)
{
    uint64_t slot = p->slot[tag >> p->slot_shift];
    size_t number = (uint32_t)slot - 1;

    if (slot == 0)
        return;
    for (size_t at = 0; at < p->vector_bytes && at < 4 * 64; at += 64)
        __builtin_prefetch(p->vector + number * p->vector_bytes + at);
    __builtin_prefetch(p->vector + (number + 1) * p->vector_bytes - 1);
    __builtin_prefetch(&p->weight[number], 1);
}

/* The number of a vector, or p->n; *at becomes its slot. */
static size_t find(const struct hb_points *p, const uint8_t *vector, uint32_t tag, size_t *at)
{
    size_t i = (size_t)tag >> p->slot_shift;

    for (; p->slot[i] != 0; i = (i + 1) & (p->n_slots - 1)) {
        size_t number = (uint32_t)p->slot[i] - 1;

        if ((uint32_t)(p->slot[i] >> 32) == tag &&
            memcmp(p->vector + number * p->vector_bytes, vector, p->vector_bytes) == 0) {
            *at = i;
            return number;
        }
    }
    *at = i;
    return p->n;
}

static int add_one(struct hb_points *p, const uint8_t *vector, uint32_t tag, uint32_t weight,
                   uint32_t *id, struct hb_err *e)
{
    size_t at;
    size_t number;
    int rc;

    if ((rc = make_room(p, e)) != HB_OK)
        return rc;
    number = find(p, vector, tag, &at);
    if (number == p->n) {
        memcpy(p->vector + number * p->vector_bytes, vector, p->vector_bytes);
        p->weight[number] = 0;
        p->slot[at] = (uint64_t)tag << 32 | (uint32_t)(number + 1);
        p->n++;
    }
    p->weight[number] += weight;
    *id = (uint32_t)number;
    return HB_OK;
}

int hb_points_add(struct hb_points *p, const void *vectors, const uint32_t *weight, size_t n,
                  uint32_t *id, struct hb_err *e)
{
    const uint8_t *vector = vectors;
    uint32_t tag[AHEAD];
    int rc = HB_OK;

    for (size_t done = 0; rc == HB_OK && done < n;) {
        size_t some = n - done < AHEAD ? n - done : AHEAD;

        for (size_t i = 0; i < some; i++) {
            tag[i] = (uint32_t)(hb_xxh3(vector + i * p->vector_bytes, p->vector_bytes) >> 32);
            __builtin_prefetch(&p->slot[tag[i] >> p->slot_shift]);
        }
        for (size_t i = 0; i < some; i++)
            fetch(p, tag[i]);
        for (size_t i = 0; rc == HB_OK && i < some; i++)
            rc = add_one(p, vector + i * p->vector_bytes, tag[i], weight[done + i], &id[done + i],
                         e);
        done += some;
        vector += some * p->vector_bytes;
    }
    return rc;
}

void hb_points_pack(struct hb_points *p)
{
    hb_mem_free(p->slot);
    p->slot = NULL;
    p->n_slots = 0;
}
