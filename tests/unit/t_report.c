/* Reports on runs whose drift is known, because they were made up here. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/report.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/rng.h"
#include "tables.h"

static char folder[64];
static char path[256];

struct made_up {
    int lines;
    double slope;        /* of the program's speed, a second, relative */
    double machine;      /* the machine's speed at the end, relative to the start */
    double noise;        /* of each interval's speed, relative, as a standard deviation */
    double memory, leak; /* bytes, and bytes a second */
    double bytes_slope;  /* of a task's bytes, a second, relative */
    bool stands;         /* no node is visited */
    bool uncalibrated;
    double merge_slope;   /* of the time between rounds, a second, relative */
    double mergers_slope; /* of the mergers' processor time */
    int pause_every;      /* intervals from checkpoint to checkpoint; 0: none */
    double pause_slope;   /* of what one takes */
    uint64_t seed;
};

/* About normal: the sum of twelve evens. */
static double normal(uint64_t seed, int i)
{
    double sum = -6.0;

    for (uint32_t k = 0; k < 3; k++) {
        uint32_t r[4];

        hb_rng_block(seed, (uint64_t)i, 0, HB_RNG_TOOL, k, r);
        for (int j = 0; j < 4; j++)
            sum += (double)hb_rng_unit(r[j]);
    }
    return sum;
}

static void append(struct hb_buf *b, const struct made_up *x, double started, const char *missing)
{
    double nodes = 0.0;
    double cpu = 0.0;
    double merge = 0.0;
    double mergers = 0.0;
    double pauses = 0.0;

    for (int i = 0; i < x->lines; i++) {
        const double t = 2.0 * (i + 1);
        const double machine = 1.0 + (x->machine - 1.0) * i / (x->lines - 1);
        const double noisy = 1.0 + x->noise * normal(x->seed, i);
        const double visited = 1e7 * 4.0 * machine * (1.0 + x->slope * (t - 1.0)) * noisy;

        nodes += x->stands ? 0.0 : visited;
        cpu += 4.0;
        merge += 0.2 * (1.0 + x->merge_slope * t);
        mergers += 1.0 + x->mergers_slope * t;
        if (x->pause_every > 0 && i % x->pause_every == x->pause_every - 1)
            pauses += 0.5 * (1.0 + x->pause_slope * t);
        hb_buf_printf(b,
                      "{\"t\":%.17g,\"iteration\":%d,\"nodes\":%.0f,\"cpu_s\":%g,\"workers\":2,"
                      "\"pss_bytes\":%.0f,\"tasks\":%d,\"bytes_per_task\":%.17g,\"merge_s\":%g,"
                      "\"checkpoint_s\":%g,\"barrier_s\":%g,\"workers_cpu_s\":%g,\"%s\":%g,"
                      "\"calibration_per_s\":%.17g,\"ctx_voluntary\":[%d,%d],\"started\":%.0f}\n",
                      t, 1000 * (i + 1), nodes, 1.25 * cpu + mergers, x->memory + x->leak * t,
                      100 * (i + 1), 2e-4 * visited * (1.0 + x->bytes_slope * t), merge, pauses,
                      0.05 * (i + 1), cpu, missing, mergers,
                      x->uncalibrated ? 0.0 : 5000.0 * machine, 10 * (i + 1), 30 * (i + 1),
                      started);
    }
}

static void write_out(struct hb_buf *b)
{
    struct hb_err e = {0};

    CHECK_OK(hb_buf_check(b, &e), e);
    CHECK_OK(hb_atomic_write(in_folder(folder, "metrics.jsonl", path), b->data, b->len, &e), e);
    hb_buf_fini(b);
}

static void write_run(const struct made_up *x)
{
    struct hb_buf b = {0};

    append(&b, x, 1.0, "mergers_cpu_s");
    write_out(&b);
}

static const struct hb_report_options usual = {.warm_up_s = -1.0, .tolerance = 0.05};
static const struct hb_report_options all = {.warm_up_s = 0.0, .tolerance = 0.05};
static const struct made_up steady = {
    .lines = 500, .machine = 1.0, .memory = 1e9, .noise = 0.0, .seed = 1};

static struct hb_report read_run(const struct made_up *x)
{
    struct hb_report r;
    struct hb_err e = {0};

    write_run(x);
    CHECK_OK(hb_report_read(folder, &usual, &r, &e), e);
    return r;
}

static void a_steady_run_is_flat_and_its_time_adds_up(void)
{
    struct hb_report r = read_run(&steady);

    CHECK(r.flat);
    CHECK_EQ(r.n_sessions, 1);
    CHECK_EQ(r.workers, 2);
    CHECK_NEAR(r.seconds, 1000.0, 1e-9);
    CHECK_NEAR(r.warm_up_s, 100.0, 1e-9);
    CHECK_EQ(r.n_intervals, 450);
    CHECK_EQ(r.first_iteration, 50000);
    CHECK_EQ(r.last_iteration, 500000);
    CHECK_NEAR(r.trend[HB_REPORT_RATE].mean, 500.0, 1e-6);
    CHECK_NEAR(r.trend[HB_REPORT_SPEED].mean, 1e7, 1.0);
    CHECK_NEAR(r.trend[HB_REPORT_NORMALISED].mean, 2000.0, 1e-3);
    CHECK_NEAR(r.trend[HB_REPORT_NORMALISED].drift, 0.0, 1e-9);
    CHECK_NEAR(r.trend[HB_REPORT_ALL].mean, 2000.0 * 4.0 / 6.0, 1e-3);
    CHECK_NEAR(r.trend[HB_REPORT_WALKING].mean, 0.875, 1e-9);
    CHECK_NEAR(r.trend[HB_REPORT_BYTES].mean, 8000.0, 1e-6);
    CHECK_NEAR(r.merge, 0.1, 1e-9);
    CHECK_NEAR(r.checkpoint, 0.0, 1e-9);
    CHECK_NEAR(r.barrier, 0.025, 1e-9);
    CHECK_NEAR(r.walking, 0.875, 1e-9);
    CHECK_EQ(r.pauses.n, 0);
    CHECK_EQ(r.pauses.verdict, HB_REPORT_UNJUDGED);
    CHECK_NEAR(r.workers_cpu, 2.0, 1e-9);
    CHECK_NEAR(r.mergers_cpu, 0.5, 1e-9);
    CHECK_NEAR(r.trainer_cpu, 0.5, 1e-9);
    CHECK_NEAR(r.ctx_voluntary, 10.0, 1e-9); /* 40 in two seconds, two workers */
    CHECK_NEAR(r.ctx_per_task, 0.4, 1e-9);
}

static void a_run_that_stands_still_is_not_flat(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.stands = true;
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_NORMALISED], HB_REPORT_DRIFTS);
    CHECK(!r.flat);
}

static void without_calibration_nobody_knows(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.uncalibrated = true;
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_NORMALISED], HB_REPORT_UNSURE);
    CHECK(!r.flat);
}

/* Workers walk as fast as ever, and there is less and less time in which they do. */
static void a_run_that_waits_more_and_more_is_not_flat(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.merge_slope = 1e-3; /* from a tenth of the time to a fifth */
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_NORMALISED], HB_REPORT_FLAT);
    CHECK_EQ(r.verdict[HB_REPORT_WALKING], HB_REPORT_DRIFTS);
    CHECK(!r.flat);
    x.merge_slope = 4e-4;
    CHECK(read_run(&x).flat);
    x.merge_slope = -9e-4; /* less is no fault */
    CHECK(read_run(&x).flat);
}

static void mergers_that_work_more_and_more_are_seen(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.mergers_slope = 1e-3; /* a sixth of all work at first */
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_NORMALISED], HB_REPORT_FLAT);
    CHECK_EQ(r.verdict[HB_REPORT_ALL], HB_REPORT_DRIFTS);
    CHECK(!r.flat);
}

/* Pauses are few: one more or less in a tenth of the time is no drift, longer ones are. */
static void checkpoints_are_judged_by_their_pauses(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.pause_every = 107;
    r = read_run(&x);
    CHECK(r.flat);
    CHECK_EQ(r.pauses.n, 4);
    CHECK_NEAR(r.pauses.mean_s, 0.5, 1e-9);
    CHECK_NEAR(r.trend[HB_REPORT_WALKING].drift, 0.0, 1e-3);
    CHECK_NEAR(r.trend[HB_REPORT_ALL].drift, 0.0, 1e-9);
    CHECK_EQ(r.pauses.verdict, HB_REPORT_FLAT);
    x.pause_every = 2; /* a quarter of a second of each interval of two */
    r = read_run(&x);
    CHECK_NEAR(r.trend[HB_REPORT_WALKING].mean, 1.5 / 1.75, 1e-9);
    CHECK_NEAR(r.walking, 0.75, 1e-9);
    CHECK_NEAR(r.checkpoint, 0.125, 1e-9);
    x.pause_every = 107;
    x.pause_slope = 0.2; /* to a hundred seconds: no made-up clock minds */
    r = read_run(&x);
    CHECK_EQ(r.pauses.verdict, HB_REPORT_DRIFTS);
    CHECK(!r.flat);
    x.pause_slope = 0.001; /* to twice as long, which is a second more in all */
    CHECK(read_run(&x).flat);
}

static void a_line_is_found_as_it_was_made(void)
{
    struct made_up x = steady;
    struct hb_report r;
    const struct hb_report_trend *t = &r.trend[HB_REPORT_SPEED];

    x.slope = -2e-4; /* a fifth over the run */
    r = read_run(&x);
    CHECK(!r.flat);
    CHECK_EQ(r.verdict[HB_REPORT_NORMALISED], HB_REPORT_DRIFTS);
    CHECK_NEAR(t->slope, -2e-4 * 1e7, 1e-3);
    CHECK_NEAR(t->slope_se, 0.0, 1.0);
    CHECK_NEAR(t->mean, 1e7 * (1.0 - 2e-4 * 550.0), 1.0);
    CHECK_NEAR(t->first, 1e7 * (1.0 - 2e-4 * 145.0), 1.0);
    CHECK_NEAR(t->last, 1e7 * (1.0 - 2e-4 * 955.0), 1.0);
    CHECK_NEAR(t->drift, -2e-4 * 900.0 / (1.0 - 2e-4 * 550.0), 1e-9);
}

/* The machine halves its speed: raw rates fall, the program is as good as ever. */
static void a_slower_machine_is_not_a_slower_program(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.machine = 0.5;
    r = read_run(&x);
    CHECK(r.trend[HB_REPORT_SPEED].change < -0.3);
    CHECK_NEAR(r.trend[HB_REPORT_NORMALISED].change, 0.0, 2e-3);
    CHECK(r.flat);
    x.slope = -1.2e-4; /* and one that gets slower as well is seen behind it */
    CHECK(!read_run(&x).flat);
}

static double fault(double change)
{
    return change < 0.0 ? -change : change;
}

/* The standard error is worth its name: twice it holds the truth about 95 times of 100. */
static void the_standard_error_holds_the_truth(void)
{
    struct made_up x = steady;
    int held = 0;

    x.noise = 0.02;
    x.slope = 1e-5;
    for (x.seed = 1; x.seed <= 100; x.seed++) {
        struct hb_report r = read_run(&x);
        const struct hb_report_trend *t = &r.trend[HB_REPORT_NORMALISED];
        const double off = t->slope - 1e-5 * 2000.0;

        held += off <= 2.0 * t->slope_se && off >= -2.0 * t->slope_se;
        CHECK(t->slope_se > 0.0);
    }
    CHECK(held >= 86 && held <= 100);
    x.noise = 0.4;
    CHECK(!read_run(&x).flat); /* noise alone is no proof of anything */
}

/* So is that of the change: of steady runs it seldom says that they drift, however noisy. */
static void noise_is_not_taken_for_drift(void)
{
    struct made_up x = steady;
    int drifted = 0;
    int held = 0;

    x.noise = 0.3;
    for (x.seed = 1; x.seed <= 100; x.seed++) {
        struct hb_report r = read_run(&x);
        const struct hb_report_trend *t = &r.trend[HB_REPORT_NORMALISED];

        held += fault(t->change) <= 2.0 * t->change_se;
        drifted += r.verdict[HB_REPORT_NORMALISED] == HB_REPORT_DRIFTS;
        CHECK(r.verdict[HB_REPORT_NORMALISED] != HB_REPORT_FLAT || t->drift_se < 0.025);
    }
    CHECK(held >= 86);
    CHECK(drifted <= 14);
}

static void growing_memory_and_results_are_seen(void)
{
    struct made_up x = steady;
    struct hb_report r;

    x.leak = 50000.0; /* 40 MB from tenth to tenth: more than the slack, less than 1 % */
    x.memory = 1e10;
    CHECK(read_run(&x).flat);
    x.memory = 1e9;
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_MEMORY], HB_REPORT_DRIFTS);
    CHECK(!r.flat);
    x.leak = 20000.0; /* 16 MB: more than 1 %, less than the slack */
    CHECK(read_run(&x).flat);
    x = steady;
    x.bytes_slope = -1e-4;
    CHECK(read_run(&x).flat);
    x.bytes_slope = 1e-4;
    r = read_run(&x);
    CHECK_EQ(r.verdict[HB_REPORT_PER_NODE], HB_REPORT_DRIFTS);
    CHECK_EQ(r.verdict[HB_REPORT_BYTES], HB_REPORT_UNJUDGED);
}

static void sessions_and_damaged_lines_are_told_apart(void)
{
    struct made_up x = steady;
    struct hb_report_options o = usual;
    struct hb_buf b = {0};
    struct hb_report r;
    struct hb_err e = {0};

    x.lines = 100;
    append(&b, &x, 1.0, "mergers_cpu_s");
    hb_buf_printf(&b, "{\"t\":12,\"itera\n");
    x.slope = 1e-3;
    append(&b, &x, 2.0, "mergers_cpu_s");
    hb_buf_printf(&b, "[1]\n\n{\"t\":1e999}");
    write_out(&b);
    CHECK_OK(hb_report_read(path, &o, &r, &e), e);
    CHECK_EQ(r.n_sessions, 2);
    CHECK_EQ(r.session, 2);
    CHECK_EQ(r.n_bad_lines, 3);
    CHECK(!r.flat);
    o.session = 1;
    o.warm_up_s = 0.0;
    CHECK_OK(hb_report_read(path, &o, &r, &e), e);
    CHECK(r.flat);
    CHECK_EQ(r.n_intervals, 99); /* where the first line began is not told */
    o.session = 3;
    CHECK_EQ(hb_report_read(path, &o, &r, &e), HB_EFORMAT);
}

static void a_short_run_is_told_without_a_verdict(void)
{
    struct made_up x = steady;
    struct hb_report_options o = usual;
    struct hb_report r;
    struct hb_err e = {0};

    x.lines = HB_REPORT_INTERVALS + 2; /* two are warm-up, unless there are too few */
    r = read_run(&x);
    CHECK(r.too_short && !r.flat);
    CHECK_EQ(r.n_intervals, HB_REPORT_INTERVALS + 1);
    CHECK_NEAR(r.warm_up_s, 0.0, 1e-9);
    CHECK_NEAR(r.trend[HB_REPORT_RATE].mean, 500.0, 1e-6);
    CHECK_NEAR(r.walking, 0.875, 1e-9);
    for (int q = 0; q < HB_REPORT_QUANTITIES; q++)
        CHECK_EQ(r.verdict[q], HB_REPORT_UNJUDGED);
    o.warm_up_s = 40.0;
    CHECK_OK(hb_report_read(folder, &o, &r, &e), e);
    CHECK(r.too_short && r.n_intervals == 2);
    CHECK_NEAR(r.warm_up_s, 40.0, 1e-9);
    x.lines++;
    r = read_run(&x);
    CHECK(!r.too_short && r.flat);
    CHECK_EQ(r.n_intervals, HB_REPORT_INTERVALS);
}

/* Resumed at iteration 1000 by a process that built buckets for 50 s before. */
static void a_single_line_says_where_its_session_began(void)
{
    struct hb_buf b = {0};
    struct hb_report r;
    struct hb_err e = {0};

    hb_buf_printf(&b, "{\"t\":4,\"iteration\":3000,\"iter_per_s\":500,\"nodes\":7e6,"
                      "\"nodes_per_cpu_s\":1e6,\"cpu_s\":57,\"cpu_before_s\":50,\"workers\":2,"
                      "\"pss_bytes\":1e6,\"tasks\":10,\"bytes_per_task\":500,\"merge_s\":1,"
                      "\"checkpoint_s\":0,\"barrier_s\":1,\"workers_cpu_s\":4,"
                      "\"mergers_cpu_s\":2,\"calibration_per_s\":100,\"change\":0.5}\n");
    write_out(&b);
    CHECK_OK(hb_report_read(folder, &usual, &r, &e), e);
    CHECK(r.too_short && r.n_intervals == 1);
    CHECK_EQ(r.first_iteration, 1000);
    CHECK_EQ(r.last_iteration, 3000);
    CHECK_NEAR(r.trend[HB_REPORT_RATE].mean, 500.0, 0.2);
    CHECK_NEAR(r.trend[HB_REPORT_SPEED].mean, 1e6, 1e-3);
    CHECK_NEAR(r.walking, 0.5, 1e-9);
    CHECK_NEAR(r.workers_cpu, 1.0, 1e-9);
    CHECK_NEAR(r.mergers_cpu, 0.5, 1e-9);
    CHECK_NEAR(r.trainer_cpu, 0.25, 1e-9);
    CHECK_NEAR(r.change_first, 0.5, 1e-9);
    CHECK(!r.changed);
    CHECK_OK(hb_report_read(folder, &all, &r, &e), e); /* that it is too short is known */
    CHECK(r.too_short && r.n_intervals == 1);
    CHECK_EQ(r.first_iteration, 1000);
}

/* Rates are written with nine digits. */
static void where_it_began_is_rounded(void)
{
    struct hb_buf b = {0};
    struct hb_report r;
    struct hb_err e = {0};

    for (int i = 0; i < HB_REPORT_INTERVALS; i++)
        hb_buf_printf(&b,
                      "{\"t\":%d.03,\"iteration\":%d,\"iter_per_s\":660.066007,\"nodes\":%d,"
                      "\"cpu_s\":9,\"workers\":2,\"pss_bytes\":1e6,\"tasks\":%d,"
                      "\"bytes_per_task\":500,\"merge_s\":0,\"checkpoint_s\":0,"
                      "\"barrier_s\":0,\"workers_cpu_s\":%d,\"mergers_cpu_s\":0,"
                      "\"calibration_per_s\":100}\n",
                      3 * i + 3, 2000 * (i + 1) + 1000, 1000 * (i + 1), i, i + 1);
    write_out(&b);
    CHECK_OK(hb_report_read(folder, &all, &r, &e), e);
    CHECK_EQ(r.first_iteration, 1000);
    CHECK_EQ(r.n_intervals, HB_REPORT_INTERVALS);
    CHECK(!r.too_short);
}

/* Appended to by this program, begun by one that did not calibrate. */
static void a_session_of_an_older_program_spoils_no_other(void)
{
    struct hb_report_options o = usual;
    struct hb_buf b = {0};
    struct hb_report r;
    struct hb_err e = {0};

    append(&b, &steady, 1.0, "other");
    append(&b, &steady, 2.0, "mergers_cpu_s");
    write_out(&b);
    CHECK_OK(hb_report_read(folder, &o, &r, &e), e);
    CHECK(r.flat);
    CHECK_EQ(r.n_sessions, 2);
    o.session = 1;
    CHECK_EQ(hb_report_read(folder, &o, &r, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "mergers_cpu_s") != NULL);
}

static void what_cannot_be_judged_is_refused(void)
{
    const struct hb_report_options late = {.warm_up_s = 10.0, .tolerance = 0.05};
    struct made_up x = steady;
    struct hb_buf b = {0};
    struct hb_report r;
    struct hb_err e = {0};

    x.lines = 5;
    write_run(&x);
    CHECK_EQ(hb_report_read(folder, &late, &r, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "no interval") != NULL);
    append(&b, &steady, 1.0, "other");
    write_out(&b);
    e = (struct hb_err){0};
    CHECK_EQ(hb_report_read(folder, &usual, &r, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "mergers_cpu_s") != NULL && strstr(e.msg, "older") != NULL);
    for (int i = 0; i < 40; i++)
        hb_buf_printf(
            &b, "{\"t\":9,\"iteration\":1,\"nodes\":1,\"cpu_s\":1,\"workers\":1,\"pss_bytes\":1,"
                "\"tasks\":1,\"bytes_per_task\":1,\"merge_s\":0,\"checkpoint_s\":0,"
                "\"barrier_s\":0,\"workers_cpu_s\":1,\"mergers_cpu_s\":1,"
                "\"calibration_per_s\":1}\n");
    write_out(&b);
    e = (struct hb_err){0};
    CHECK_EQ(hb_report_read(folder, &usual, &r, &e), HB_EFORMAT); /* was flat */
    CHECK(strstr(e.msg, "no time passes") != NULL);
    hb_buf_printf(&b, "no metrics at all");
    write_out(&b);
    CHECK_EQ(hb_report_read(folder, &usual, &r, &e), HB_EFORMAT);
    hb_buf_printf(&b, "{\"iteration\":\"%2000000d\"}\n", 1); /* a line without end */
    write_out(&b);
    CHECK_EQ(hb_report_read(folder, &usual, &r, &e), HB_EFORMAT);
    (void)unlink(path);
    CHECK_EQ(hb_report_read(folder, &usual, &r, &e), HB_ENOINPUT);
    CHECK_EQ(hb_report_read("/no/such", &usual, &r, &e), HB_ENOINPUT);
}

int main(void)
{
    if (!scratch_folder(folder, "t_report"))
        return 1;
    RUN(a_steady_run_is_flat_and_its_time_adds_up);
    RUN(a_run_that_stands_still_is_not_flat);
    RUN(without_calibration_nobody_knows);
    RUN(a_run_that_waits_more_and_more_is_not_flat);
    RUN(mergers_that_work_more_and_more_are_seen);
    RUN(checkpoints_are_judged_by_their_pauses);
    RUN(a_line_is_found_as_it_was_made);
    RUN(a_slower_machine_is_not_a_slower_program);
    RUN(the_standard_error_holds_the_truth);
    RUN(noise_is_not_taken_for_drift);
    RUN(growing_memory_and_results_are_seen);
    RUN(sessions_and_damaged_lines_are_told_apart);
    RUN(a_short_run_is_told_without_a_verdict);
    RUN(a_single_line_says_where_its_session_began);
    RUN(where_it_began_is_rounded);
    RUN(a_session_of_an_older_program_spoils_no_other);
    RUN(what_cannot_be_judged_is_refused);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
