#include "run/calibrate.h"

#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"

#define LINE    64u    /* bytes */
#define BATCH   64u    /* loads */
#define ACTIONS 4u     /* of a draw */
#define NEAR    65536u /* weights, 256 KB: more than a first-level cache has, less than a second */
#define MUL     UINT64_C(6364136223846793005)
#define ADD     UINT64_C(1442695040888963407)

/* The compiler must take x for unknown: without that work would be done beforehand and sums of loads
 * not at all. */
static uint64_t opaque(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return x;
}

/* SplitMix64 says where; the lines of a batch are asked for and then read. */
static uint64_t loads(const uint8_t *mem, uint64_t bytes, uint64_t salt)
{
    const uint64_t lines = bytes / LINE < UINT32_MAX ? bytes / LINE : UINT32_MAX;
    const uint8_t *at[BATCH];
    uint64_t sum = 0;

    for (uint32_t i = 0; i < HB_CALIBRATE_LOADS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            at[k] = mem + ((hb_rng_stream(salt, i + k) >> 32) * lines >> 32) * LINE;
            __builtin_prefetch(at[k]);
        }
        for (uint32_t k = 0; k < BATCH; k++)
            sum += __atomic_load_n(at[k], __ATOMIC_RELAXED);
    }
    return sum;
}

/* Draw an action in proportion to ACTIONS weights, each from a place of its own generator's. */
static uint64_t draws(const float *weights, uint64_t seed)
{
    uint64_t x[ACTIONS];
    uint64_t sum_of_drawn = 0;

    for (uint32_t k = 0; k < ACTIONS; k++)
        x[k] = hb_rng_stream(seed, k);
    for (uint32_t i = 0; i < HB_CALIBRATE_DRAWS; i++) {
        float w[ACTIONS], sum = 0.0f, left;
        uint32_t drawn = 0;

        for (uint32_t k = 0; k < ACTIONS; k++) {
            x[k] = opaque(x[k] * MUL + ADD);
            w[k] = weights[x[k] >> 48];
            sum += w[k];
        }
        left = 1.0f - 0x1p-24f * (float)(x[0] << 16 >> 40);
        while (drawn < ACTIONS - 1u && left > w[drawn] / sum)
            left -= w[drawn++] / sum;
        sum_of_drawn += drawn;
    }
    return sum_of_drawn;
}

void hb_calibrate(const void *mem, uint64_t bytes, uint64_t salt, struct hb_calibration *sum)
{
    const pid_t self = getpid();
    float weights[NEAR];
    double t0 = hb_os_cpu_seconds(self);
    double t1, t2;

    (void)opaque(loads(mem, bytes, salt));
    t1 = hb_os_cpu_seconds(self);
    /* anew each time: whatever ran before, they are in this processor's cache then */
    for (uint32_t i = 0; i < NEAR; i++)
        weights[i] = (float)(1u + i % 16u);
    t2 = hb_os_cpu_seconds(self);
    (void)opaque(draws(weights, salt));
    sum->loads_s += t1 - t0;
    sum->draws_s += hb_os_cpu_seconds(self) - t2;
    sum->n_pieces++;
}

double hb_calibration_per_s(const struct hb_calibration *sum)
{
    const double s = sum->loads_s + sum->draws_s;

    return s > 0.0 ? (double)sum->n_pieces / s : 0.0;
}

static double ns_of_each(double seconds, uint64_t n)
{
    return n > 0 ? 1e9 * seconds / (double)n : 0.0;
}

double hb_calibration_load_ns(const struct hb_calibration *sum)
{
    return ns_of_each(sum->loads_s, sum->n_pieces * HB_CALIBRATE_LOADS);
}

double hb_calibration_draw_ns(const struct hb_calibration *sum)
{
    return ns_of_each(sum->draws_s, sum->n_pieces * HB_CALIBRATE_DRAWS);
}
