/* quad.h - four actions at once. [solver, pure]
 *
 * Vectors of four lanes, one for each action; nodes with more take several. Each lane does what the
 * scalar code of the same name does, operation by operation, so that the bits are the same. Lanes
 * beyond the last action are zero where they could matter. gcc and clang make plain code of it
 * where a processor has no such vectors.
 *
 * Threads: any, no state. */
#ifndef HB_SOLVER_QUAD_H
#define HB_SOLVER_QUAD_H

#include <stdint.h>
#include <string.h>

#include "solver/delta.h"
#include "solver/params.h"

#define HB_QUAD 4

typedef float hb_quadf __attribute__((vector_size(16)));
typedef int32_t hb_quadi __attribute__((vector_size(16)));
typedef uint64_t hb_quadu __attribute__((vector_size(16)));
typedef int16_t hb_quads __attribute__((vector_size(8)));

/* n rounded up to whole vectors. */
static inline unsigned hb_quad_up(unsigned n)
{
    return (n + HB_QUAD - 1) & ~(unsigned)(HB_QUAD - 1);
}

static inline hb_quadf hb_quad_floats(const float *from)
{
    hb_quadf v;

    memcpy(&v, from, sizeof v);
    return v;
}
static inline void hb_quad_put(float *to, hb_quadf v)
{
    memcpy(to, &v, sizeof v);
}

/* -1 in the lanes of actions, of which n are left, 0 beyond. */
static inline hb_quadi hb_quad_mask(unsigned n)
{
    static const int32_t lanes[2 * HB_QUAD] = {-1, -1, -1, -1, 0, 0, 0, 0};
    hb_quadi v;

    memcpy(&v, lanes + HB_QUAD - (n < HB_QUAD ? n : HB_QUAD), sizeof v);
    return v;
}

/* The positive ones of n regrets, which are followed by three more words at least. */
static inline hb_quadi hb_quad_positive(const int32_t *regret, unsigned n)
{
    hb_quadi v;

    memcpy(&v, regret, sizeof v);
    return v & (v > 0) & hb_quad_mask(n);
}

static inline int64_t hb_quad_sum(hb_quadi positive)
{
    hb_quadu v = (hb_quadu)positive;

    v = (v & 0xFFFFFFFFu) + (v >> 32);
    return (int64_t)(v[0] + v[1]);
}

/* The same for more than four actions. */
static inline void hb_quad_match_many(const int32_t *regret, unsigned n, float *out)
{
    int64_t sum = 0;
    float scale;

    for (unsigned a = 0; a < n; a += HB_QUAD)
        sum += hb_quad_sum(hb_quad_positive(regret + a, n - a));
    scale = sum == 0 ? 1.0f / (float)n : 1.0f / (float)sum;
    for (unsigned a = 0; a < n; a += HB_QUAD) {
        hb_quadi v = sum == 0 ? hb_quad_mask(n - a) & 1 : hb_quad_positive(regret + a, n - a);

        hb_quad_put(out + a, __builtin_convertvector(v, hb_quadf) * scale);
    }
}

/* hb_regret_match for n >= 2, whose row holds as many words again.
 *   out  [hb_quad_up(n)], zero beyond n */
HB_INLINE void hb_quad_match(const int32_t *regret, unsigned n, float *out)
{
    hb_quadi v;
    int64_t sum;

    if (n > HB_QUAD) {
        hb_quad_match_many(regret, n, out);
        return;
    }
    v = hb_quad_positive(regret, n);
    sum = hb_quad_sum(v);
    if (sum == 0) { /* 1.0f times 1.0f / n */
        v = hb_quad_mask(n) & 1;
        sum = n;
    }
    hb_quad_put(out, __builtin_convertvector(v, hb_quadf) * (1.0f / (float)sum));
}

static inline hb_quadi hb_quad_at_most(hb_quadi v, int32_t high)
{
    hb_quadi above = v > high;

    return (v & ~above) | (above & high);
}
static inline hb_quadi hb_quad_at_least(hb_quadi v, int32_t low)
{
    hb_quadi below = v < low;

    return (v & ~below) | (below & low);
}

/* Four values of a record, of which the next ones may overwrite the last. */
static inline void hb_quad_put_values(uint8_t *to, hb_quadi v)
{
    hb_quads narrow = __builtin_convertvector(v, hb_quads);

    memcpy(to, &narrow, sizeof narrow);
}

#endif
