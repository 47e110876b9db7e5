#include "run/calibrate.h"

#include <unistd.h>

#include "base/os.h"

#define LINE 64u /* bytes */
#define MUL  UINT64_C(6364136223846793005)
#define ADD  UINT64_C(1442695040888963407)

/* The compiler must take x for unknown: without that the loads would not depend on each other and
 * the steps would be done beforehand. */
static uint64_t opaque(uint64_t x)
{
    __asm__ volatile("" : "+r"(x));
    return x;
}

static uint64_t loads(const uint8_t *mem, uint64_t bytes, uint64_t x)
{
    const uint64_t lines = bytes / LINE < UINT32_MAX ? bytes / LINE : UINT32_MAX;
    const uint64_t zero = opaque(0);

    for (int i = 0; i < HB_CALIBRATE_LOADS; i++) {
        x = x * MUL + ADD;
        x += __atomic_load_n(mem + ((x >> 32) * lines >> 32) * LINE, __ATOMIC_RELAXED) & zero;
    }
    return x;
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
    uint64_t x = loads(mem, bytes, salt * MUL);
    double t1 = hb_os_cpu_seconds(self);

    (void)opaque(steps(x));
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
