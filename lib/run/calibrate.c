#include "run/calibrate.h"

#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"

#define LINE    64u    /* bytes */
#define FAR     1024u  /* bytes to a line of the same page that is not fetched with the first */
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

/* Where the i-th line is: SplitMix64 says. */
static uint64_t place(uint64_t bytes, uint64_t salt, uint32_t i)
{
    const uint64_t lines = bytes / LINE < UINT32_MAX ? bytes / LINE : UINT32_MAX;

    return ((hb_rng_stream(salt, i) >> 32) * lines >> 32) * LINE;
}

/* Another line of each page. */
static uint64_t come_to_pages(const uint8_t *mem, uint64_t bytes, uint64_t salt)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < HB_CALIBRATE_LOADS; i++) {
        uint64_t other = place(bytes, salt, i) ^ FAR;

        sum += other < bytes ? __atomic_load_n(mem + other, __ATOMIC_RELAXED) : 0;
    }
    return sum;
}

/* The lines of a batch are asked for and then read. */
static uint64_t loads(const uint8_t *mem, uint64_t bytes, uint64_t salt)
{
    const uint8_t *at[BATCH];
    uint64_t sum = 0;

    for (uint32_t i = 0; i < HB_CALIBRATE_LOADS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            at[k] = mem + place(bytes, salt, i + k);
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
    double t0, loads_s;

    (void)opaque(come_to_pages(mem, bytes, salt));
    t0 = hb_os_cpu_seconds(self);
    (void)opaque(loads(mem, bytes, salt));
    loads_s = hb_os_cpu_seconds(self) - t0;
    if (sum->n_pieces == 0 || loads_s < sum->loads_s)
        sum->loads_s = loads_s;
    /* anew each time: whatever ran before, they are in this processor's cache then */
    for (uint32_t i = 0; i < NEAR; i++)
        weights[i] = (float)(1u + i % 16u);
    t0 = hb_os_cpu_seconds(self);
    (void)opaque(draws(weights, salt));
    sum->draws_s += hb_os_cpu_seconds(self) - t0;
    sum->n_pieces++;
}

double hb_calibration_per_s(const struct hb_calibration *sum)
{
    const double s = sum->n_pieces > 0 ? sum->loads_s + sum->draws_s / (double)sum->n_pieces : 0.0;

    return s > 0.0 ? 1.0 / s : 0.0;
}

double hb_calibration_load_ns(const struct hb_calibration *sum)
{
    return 1e9 * sum->loads_s / HB_CALIBRATE_LOADS;
}

double hb_calibration_draw_ns(const struct hb_calibration *sum)
{
    return sum->n_pieces > 0 ? 1e9 * sum->draws_s / HB_CALIBRATE_DRAWS / (double)sum->n_pieces
                             : 0.0;
}
