#include "run/calibrate.h"

#include <unistd.h>

#include "base/os.h"
#include "base/rng.h"

#define LINE  64u /* bytes */
#define BATCH 64u /* loads */
#define MUL   UINT64_C(6364136223846793005)
#define ADD   UINT64_C(1442695040888963407)

/* The compiler must take x for unknown: without that steps would be done beforehand and sums of loads
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

static uint64_t steps(uint64_t x)
{
    for (int i = 0; i < HB_CALIBRATE_STEPS; i++)
        x = opaque(x * MUL + ADD);
    return x;
}

void hb_calibrate(const void *mem, uint64_t bytes, uint64_t salt, struct hb_calibration *sum)
{
    const pid_t self = getpid();
    double t0 = hb_os_cpu_seconds(self);
    uint64_t sum_of_loads = opaque(loads(mem, bytes, salt));
    double t1 = hb_os_cpu_seconds(self);

    (void)opaque(steps(sum_of_loads));
    sum->loads_s += t1 - t0;
    sum->steps_s += hb_os_cpu_seconds(self) - t1;
    sum->n_pieces++;
}

double hb_calibration_per_s(const struct hb_calibration *sum)
{
    const double s = sum->loads_s + sum->steps_s;

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

double hb_calibration_step_ns(const struct hb_calibration *sum)
{
    return ns_of_each(sum->steps_s, sum->n_pieces * HB_CALIBRATE_STEPS);
}
