/* Speed of files at rest and frames in flight, as JSON lines. The content of the files is like a
 * table after some training: small integers, most of them zero. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/rng.h"
#include "store/container.h"
#include "wire/frame.h"

enum { CONTENT = 256 << 20 };

static void must(int rc, const struct hb_err *e)
{
    if (rc != HB_OK) {
        (void)fprintf(stderr, "b_store: %s\n", e->msg);
        exit(71);
    }
}

static void report(const char *name, const char *unit, double value)
{
    printf("{\"bench\":\"store\",\"name\":\"%s\",\"%s\":%.4g}\n", name, unit, value);
    (void)fflush(stdout);
}

struct since {
    double wall_s;
    double cpu_s;
};

/* Wall clock and processor time of this process. */
static struct since now(void)
{
    struct timespec cpu = {0, 0};
    struct since t = {.wall_s = hb_os_monotonic()};

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) != 0)
        exit(71);
    t.cpu_s = (double)cpu.tv_sec + 1e-9 * (double)cpu.tv_nsec;
    return t;
}

/* The rate in MB/s of wall time, and of processor time, which other programs disturb less. */
static void report_rate(const char *name, double bytes, struct since start)
{
    const struct since end = now();

    printf("{\"bench\":\"store\",\"name\":\"%s\",\"mb_per_s\":%.4g,\"mb_per_cpu_s\":%.4g}\n", name,
           bytes / 1e6 / (end.wall_s - start.wall_s), bytes / 1e6 / (end.cpu_s - start.cpu_s));
    (void)fflush(stdout);
}

/* int32 entries: five of eight zero, the others of some ten bits. */
static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n / 16; i++) {
        uint32_t bits[4];

        hb_rng_block(1, i, 0, HB_RNG_TOOL, 0, bits);
        for (size_t k = 0; k < 4; k++)
            hb_set_u32(p + i * 16 + k * 4, bits[k] % 8 < 5 ? 0 : bits[k] >> (20 + bits[k] % 8));
    }
}

/* ---- containers ---- */

static void write_container(int fd, enum hb_codec codec, const uint8_t *data)
{
    struct hb_err e = {0};
    struct hb_cwriter *w = NULL;
    struct hb_hash root;

    must(hb_cwriter_new(fd, "bench", "HBC1", &w, &e), &e);
    must(hb_cwriter_section(w, "rows", codec, 1, CONTENT, &e), &e);
    for (size_t at = 0; at < CONTENT; at += 1 << 20)
        must(hb_cwriter_put(w, data + at, 1 << 20, &e), &e);
    must(hb_cwriter_finish(w, &root, &e), &e);
    hb_cwriter_free(w);
}

static void read_container(int fd, const char *codec, uint8_t *to)
{
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    struct hb_section s;
    char name[64];
    struct since start;

    must(hb_creader_open_stream(fd, "bench", "HBC1", &r, &e), &e);
    must(hb_creader_section(r, "rows", &s, &e), &e);
    (void)snprintf(name, sizeof name, "container_verify_%s", codec); /* fits, as the next */
    start = now();
    must(hb_creader_verify(r, NULL, &e), &e);
    report_rate(name, (double)s.stored_bytes, start);
    (void)snprintf(name, sizeof name, "container_read_%s", codec);
    start = now();
    must(hb_creader_read(r, &s, 0, to, CONTENT, &e), &e);
    report_rate(name, CONTENT, start);
    hb_creader_free(r);
}

static void bench_container(enum hb_codec codec, const char *name, const uint8_t *data, uint8_t *to)
{
    struct hb_err e = {0};
    FILE *f = tmpfile();
    char line[64];
    struct since start;

    if (f == NULL)
        exit(73);
    (void)snprintf(line, sizeof line, "container_write_%s", name); /* fits */
    start = now();
    write_container(fileno(f), codec, data);
    report_rate(line, CONTENT, start);
    if (lseek(fileno(f), 0, SEEK_SET) != 0)
        must(hb_fail_sys(&e, HB_EIO, "cannot seek"), &e);
    read_container(fileno(f), name, to);
    (void)fclose(f); /* a temporary file */
}

/* What the container's speed is to be compared with. */
static void bench_parts(const uint8_t *data, uint8_t *to)
{
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    struct hb_hash hash;
    size_t packed = 0;
    struct since start = now();

    for (size_t at = 0; at < CONTENT; at += HB_CHUNK_MAX)
        packed += ZSTD_compressCCtx(zstd, to, CONTENT, data + at, HB_CHUNK_MAX, 1);
    report_rate("zstd_1_alone", CONTENT, start);
    report("zstd_1_ratio", "raw_per_packed", (double)CONTENT / (double)packed);
    (void)ZSTD_freeCCtx(zstd); /* always 0 */
    start = now();
    hb_hash_of(data, CONTENT, &hash);
    report_rate("blake2b_alone", CONTENT, start);
}

/* ---- frames ---- */

static void bench_encode(const uint8_t *data, size_t len, const char *name)
{
    struct hb_buf b = {0};
    uint32_t seq = 0;
    struct since start = now();

    for (size_t done = 0; done < CONTENT; done += len) {
        b.len = 0;
        hb_frame_encode(&b, &seq, HB_FRAME_DELTA, 1, data, len);
    }
    report_rate(name, CONTENT, start);
    hb_buf_fini(&b);
}

/* Frames of a child through a pipe: what a merger can take from a worker. */
static void bench_pipe(const uint8_t *data, size_t len, const char *name)
{
    struct hb_err e = {0};
    struct hb_frame_reader r;
    struct hb_message m;
    struct since start = now();
    int fds[2];

    if (pipe(fds) != 0)
        exit(71);
    if (fork() == 0) {
        struct hb_frame_writer w;

        hb_frame_writer_init(&w, fds[1], "pipe");
        for (size_t done = 0; done < CONTENT; done += len)
            must(hb_frame_write(&w, HB_FRAME_DELTA, 1, data, len, &e), &e);
        _exit(0);
    }
    (void)close(fds[1]); /* the child's */
    hb_frame_reader_init(&r, fds[0], "pipe", len);
    while (hb_frame_read(&r, &m, &e) == HB_OK)
        ;
    report_rate(name, CONTENT, start);
    hb_frame_reader_fini(&r);
    (void)close(fds[0]); /* read to its end */
    (void)wait(NULL);    /* the only child */
}

int main(void)
{
    struct hb_err e = {0};
    uint8_t *data = NULL;
    uint8_t *to = NULL;

    must(hb_mem_new(&data, CONTENT, 1, "content", &e), &e);
    must(hb_mem_new(&to, CONTENT, 1, "content", &e), &e);
    fill(data, CONTENT);
    memset(to, 1, CONTENT); /* faulted in */
    bench_parts(data, to);
    bench_container(HB_CODEC_ZSTD, "zstd_1", data, to);
    bench_container(HB_CODEC_STORED, "stored", data, to);
    bench_encode(data, 4096, "frame_encode_4k");
    bench_encode(data, 1 << 20, "frame_encode_1m");
    bench_pipe(data, 4096, "frame_pipe_4k");
    bench_pipe(data, 8 << 20, "frame_pipe_8m");
    hb_mem_free(data);
    hb_mem_free(to);
    return 0;
}
