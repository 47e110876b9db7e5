/* Containers: what goes in comes out, from files and pipes, read or mapped; whatever is cut,
 * longer, flipped or contradicts itself is refused. `t_container --golden FILE` writes the golden
 * file. */
#include "store/container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fuzz/reseal.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"

#define MAGIC "HBC1"

/* Bytes that zstd can shrink to about a half, from a seed. */
static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(x >> 28);
    }
}

/* An open, unnamed file with these bytes, at offset 0. */
static FILE *file_of(const void *p, size_t n)
{
    FILE *f = tmpfile();

    if (f == NULL || hb_io_write_full(fileno(f), p, n, "file", NULL) != HB_OK ||
        lseek(fileno(f), 0, SEEK_SET) != 0) {
        printf("Bail out! no temporary files\n");
        exit(1);
    }
    return f;
}

/* Everything a file holds. */
static void slurp(FILE *f, struct hb_buf *b)
{
    const size_t n = (size_t)lseek(fileno(f), 0, SEEK_END);

    CHECK_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK(hb_buf_room(b, n) != NULL);
    CHECK_EQ(hb_io_read_full(fileno(f), b->data, n, NULL, "file", NULL), HB_OK);
}

/* A small file: a zstd section, an empty one of each kind, a stored one. */
static int write_small(int fd, struct hb_hash *root, struct hb_err *e)
{
    struct hb_cwriter *w = NULL;
    uint8_t data[300];
    int rc;

    fill(data, sizeof data, 1);
    if ((rc = hb_cwriter_new(fd, "small", MAGIC, &w, e)) != HB_OK)
        return rc;
    if ((rc = hb_cwriter_section(w, "packed", HB_CODEC_ZSTD, 1, 300, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data, 100, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data + 100, 200, e)) == HB_OK &&
        (rc = hb_cwriter_section(w, "none", HB_CODEC_ZSTD, 1, 0, e)) == HB_OK &&
        (rc = hb_cwriter_section(w, "nothing", HB_CODEC_STORED, 0, 0, e)) == HB_OK &&
        (rc = hb_cwriter_section(w, "plain", HB_CODEC_STORED, 0, 200, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data, 1, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data + 1, 199, e)) == HB_OK)
        rc = hb_cwriter_finish(w, root, e);
    hb_cwriter_free(w);
    return rc;
}

static void small_bytes(struct hb_buf *b)
{
    struct hb_hash root;
    FILE *f = file_of("", 0);

    CHECK_EQ(write_small(fileno(f), &root, NULL), HB_OK);
    slurp(f, b);
    (void)fclose(f);
}

/* Open these bytes and verify them. */
static int open_verify(const void *p, size_t n, struct hb_err *e)
{
    struct hb_creader *r = NULL;
    FILE *f = file_of(p, n);
    int rc = hb_creader_open_stream(fileno(f), "file", MAGIC, &r, e);

    if (rc == HB_OK)
        rc = hb_creader_verify(r, NULL, e);
    hb_creader_free(r);
    (void)fclose(f);
    return rc;
}

/* The content of a file of write_small. */
static void check_small(struct hb_creader *r)
{
    struct hb_err e = {0};
    struct hb_section s;
    uint8_t want[300];
    uint8_t got[300] = {0};
    const void *mapped = NULL;

    fill(want, sizeof want, 1);
    CHECK_EQ(hb_creader_n_sections(r), 4);
    CHECK_EQ(hb_creader_n_chunks(r), 2);
    CHECK_OK(hb_creader_verify(r, NULL, &e), e);
    CHECK_OK(hb_creader_section(r, "packed", &s, &e), e);
    CHECK(s.codec == HB_CODEC_ZSTD && s.raw_bytes == 300 && s.n_chunks == 1);
    CHECK_OK(hb_creader_read(r, &s, 0, got, 300, &e), e);
    CHECK(memcmp(got, want, 300) == 0);
    CHECK_OK(hb_creader_read(r, &s, 299, got, 1, &e), e);
    CHECK(got[0] == want[299]);
    CHECK_EQ(hb_creader_read(r, &s, 299, got, 2, &e), HB_EFORMAT);
    CHECK_EQ(hb_creader_read(r, &s, UINT64_MAX, got, 2, &e), HB_EFORMAT);
    CHECK_EQ(hb_creader_map(r, &s, false, &mapped, &e), HB_EUSAGE);
    CHECK_OK(hb_creader_section(r, "plain", &s, &e), e);
    CHECK(s.codec == HB_CODEC_STORED && s.raw_bytes == 200 && s.stored_bytes == 200);
    CHECK_OK(hb_creader_read(r, &s, 0, got, 200, &e), e);
    CHECK(memcmp(got, want, 200) == 0);
    CHECK_OK(hb_creader_map(r, &s, false, &mapped, &e), e);
    CHECK(mapped != NULL && memcmp(mapped, want, 200) == 0);
    CHECK_EQ((uintptr_t)mapped % 4096, 0);
    hb_creader_section_at(r, 2, &s);
    CHECK_STR(s.name, "nothing");
    CHECK_OK(hb_creader_map(r, &s, true, &mapped, &e), e);
    CHECK(mapped != NULL);
    CHECK_EQ(hb_creader_section(r, "rows", &s, &e), HB_EFORMAT);
}

static void a_small_file_comes_back(void)
{
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    struct hb_hash root = {{0}};
    struct hb_hash again = {{1}};
    FILE *f = file_of("", 0);

    CHECK_OK(write_small(fileno(f), &root, &e), e);
    CHECK_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK_OK(hb_creader_open_stream(fileno(f), "file", MAGIC, &r, &e), e);
    (void)fclose(f);
    if (r != NULL) {
        check_small(r);
        hb_creader_root(r, &again);
    }
    CHECK(hb_hash_equal(&root, &again));
    hb_creader_free(r);
    hb_creader_free(NULL);
    hb_cwriter_free(NULL);
}

static void pipes_do_as_well_as_files(void)
{
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    struct hb_hash root;
    int p[2];
    int status = 1;
    pid_t child;

    CHECK_EQ(pipe(p), 0);
    child = fork();
    if (child == 0)
        _exit(write_small(p[1], &root, NULL) == HB_OK ? 0 : 1);
    (void)close(p[1]);
    CHECK_OK(hb_creader_open_stream(p[0], "pipe", MAGIC, &r, &e), e);
    (void)close(p[0]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    if (r != NULL)
        check_small(r);
    hb_creader_free(r);
}

static void a_stream_of_something_else_is_refused_at_its_start(void)
{
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    int zero = open("/dev/zero", O_RDONLY); /* never ends */

    CHECK_EQ(hb_creader_open_stream(zero, "zeros", MAGIC, &r, &e), HB_EFORMAT);
    CHECK_STR(e.msg, "'zeros' is not a checkpoint");
    (void)close(zero);
}

static void the_golden_file_is_readable(void)
{
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    struct hb_hash root;
    char hex[HB_HASH_HEX] = "";
    char want[HB_HASH_HEX] = "?";
    FILE *f = fopen("tests/golden/container-1.root", "r");

    CHECK(f != NULL && fgets(want, sizeof want, f) != NULL);
    if (f != NULL)
        (void)fclose(f); /* nothing was written */
    CHECK_OK(hb_creader_open("tests/golden/container-1.hbc", MAGIC, &r, &e), e);
    if (r == NULL)
        return;
    check_small(r);
    hb_creader_root(r, &root);
    hb_hash_hex(&root, hex);
    CHECK_STR(hex, want);
    hb_creader_free(r);
}

static void every_truncation_is_refused(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};

    small_bytes(&b);
    CHECK_OK(open_verify(b.data, b.len, &e), e);
    for (size_t n = 0; n < b.len; n++) {
        CHECK_EQ(open_verify(b.data, n, &e), HB_EFORMAT);
        CHECK(n < 4 || strstr(e.msg, " missing") != NULL);
    }
    CHECK_EQ(open_verify(b.data, b.len - 7, &e), HB_EFORMAT);
    CHECK_STR(e.msg, "'file' is cut short: 7 bytes are missing");
    hb_buf_u8(&b, 0);
    CHECK_EQ(open_verify(b.data, b.len, &e), HB_EFORMAT);
    CHECK_STR(e.msg, "'file' has 1 byte too many behind its end");
    hb_buf_fini(&b);
}

static void every_flipped_bit_is_found(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    FILE *f;

    small_bytes(&b);
    f = file_of(b.data, b.len);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        const uint8_t flipped = (uint8_t)(b.data[bit / 8] ^ 1u << bit % 8);
        struct hb_creader *r = NULL;
        int rc;

        CHECK_EQ(pwrite(fileno(f), &flipped, 1, (off_t)(bit / 8)), 1);
        rc = hb_creader_open_stream(fileno(f), "file", MAGIC, &r, &e);
        if (rc == HB_OK)
            rc = hb_creader_verify(r, NULL, &e);
        hb_creader_free(r);
        CHECK_EQ(rc, bit >= 24 && bit < 32 ? HB_EVERSION : HB_EFORMAT);
        CHECK_EQ(pwrite(fileno(f), b.data + bit / 8, 1, (off_t)(bit / 8)), 1);
    }
    (void)fclose(f);
    hb_buf_fini(&b);
}

/* Two compressed sections and an empty one. */
static int write_packed(int fd, struct hb_err *e)
{
    struct hb_cwriter *w = NULL;
    struct hb_hash root;
    uint8_t data[300];
    int rc;

    fill(data, sizeof data, 1);
    if ((rc = hb_cwriter_new(fd, "packed", MAGIC, &w, e)) != HB_OK)
        return rc;
    if ((rc = hb_cwriter_section(w, "one", HB_CODEC_ZSTD, 1, 300, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data, 300, e)) == HB_OK &&
        (rc = hb_cwriter_section(w, "none", HB_CODEC_ZSTD, 1, 0, e)) == HB_OK &&
        (rc = hb_cwriter_section(w, "two", HB_CODEC_ZSTD, 1, 20, e)) == HB_OK &&
        (rc = hb_cwriter_put(w, data, 20, e)) == HB_OK)
        rc = hb_cwriter_finish(w, &root, e);
    hb_cwriter_free(w);
    return rc;
}

/* Open it and read every section, without hb_creader_verify. */
static int read_sections(int fd, struct hb_err *e)
{
    struct hb_creader *r = NULL;
    uint8_t got[300];
    int rc = hb_creader_open_stream(fd, "file", MAGIC, &r, e);

    for (int i = 0; rc == HB_OK && i < hb_creader_n_sections(r); i++) {
        struct hb_section s;

        hb_creader_section_at(r, i, &s);
        rc = hb_creader_read(r, &s, 0, got, (size_t)s.raw_bytes, e);
    }
    hb_creader_free(r);
    return rc;
}

static void reading_compressed_sections_finds_every_flipped_bit(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    FILE *f = file_of("", 0);

    CHECK_OK(write_packed(fileno(f), &e), e);
    slurp(f, &b);
    (void)fclose(f);
    f = file_of(b.data, b.len);
    CHECK_OK(read_sections(fileno(f), &e), e);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        const uint8_t flipped = (uint8_t)(b.data[bit / 8] ^ 1u << bit % 8);

        CHECK_EQ(pwrite(fileno(f), &flipped, 1, (off_t)(bit / 8)), 1);
        CHECK_EQ(read_sections(fileno(f), &e), bit >= 24 && bit < 32 ? HB_EVERSION : HB_EFORMAT);
        CHECK_EQ(pwrite(fileno(f), b.data + bit / 8, 1, (off_t)(bit / 8)), 1);
    }
    (void)fclose(f);
    hb_buf_fini(&b);
}

static void a_wrong_file_is_told_apart(void)
{
    static const struct {
        const char *start;
        int rc;
        const char *message;
    } files[] = {
        {"", HB_EFORMAT, "'file' is empty, not a checkpoint"},
        {"HBA1", HB_EFORMAT, "'file' is a bucket file, not a checkpoint"},
        {"HBC2", HB_EVERSION, "'file' is a checkpoint of version '2', this program reads '1'"},
        {"HBP1", HB_EFORMAT, "'file' is a blueprint, not a checkpoint"},
        {"HBT1", HB_EFORMAT, "'file' is a table, not a checkpoint"},
        {"HBF1", HB_EFORMAT, "'file' is a stream of frames, not a checkpoint"},
        {"GAMEDEF", HB_EFORMAT, "'file' is a game definition, not a checkpoint"},
        {"{\"t\":1}", HB_EFORMAT, "'file' is a JSON text, not a checkpoint"},
        {"what?", HB_EFORMAT, "'file' is not a checkpoint"},
        {"HBC1", HB_EFORMAT, "'file' is cut short: at least 188 bytes are missing"},
    };
    struct hb_err e = {0};
    struct hb_creader *r = NULL;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        CHECK_EQ(open_verify(files[i].start, strlen(files[i].start), &e), files[i].rc);
        CHECK_STR(e.msg, files[i].message);
    }
    CHECK_EQ(hb_creader_open("/no/such/file", MAGIC, &r, &e), HB_ENOINPUT);
    CHECK(r == NULL);
}

/* A section of n bytes, put in steps, read in steps, whole and mapped. */
static void round_trip(enum hb_codec codec, size_t n, size_t step, uint8_t *data, uint8_t *got)
{
    struct hb_err e = {0};
    struct hb_cwriter *w = NULL;
    struct hb_creader *r = NULL;
    struct hb_section s = {.name = ""};
    struct hb_hash root;
    const void *mapped = NULL;
    FILE *f = file_of("", 0);

    fill(data, n, (uint32_t)n);
    CHECK_OK(hb_cwriter_new(fileno(f), "file", "HBA1", &w, &e), e);
    CHECK_OK(hb_cwriter_section(w, "head", HB_CODEC_ZSTD, 1, 3, &e), e);
    CHECK_OK(hb_cwriter_put(w, "abc", 3, &e), e);
    CHECK_OK(hb_cwriter_section(w, "rows", codec, 1, n, &e), e);
    for (size_t at = 0; at < n; at += step)
        CHECK_OK(hb_cwriter_put(w, data + at, n - at < step ? n - at : step, &e), e);
    CHECK_OK(hb_cwriter_finish(w, &root, &e), e);
    hb_cwriter_free(w);
    CHECK_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK_OK(hb_creader_open_stream(fileno(f), "file", "HBA1", &r, &e), e);
    (void)fclose(f);
    CHECK_OK(hb_creader_section(r, "rows", &s, &e), e);
    CHECK_EQ(s.raw_bytes, n);
    CHECK_EQ(s.n_chunks, (n + HB_CHUNK_MAX - 1) / HB_CHUNK_MAX);
    memset(got, 0, n);
    for (size_t at = 0; at < n; at += step)
        CHECK_OK(hb_creader_read(r, &s, at, got + at, n - at < step ? n - at : step, &e), e);
    CHECK(memcmp(data, got, n) == 0);
    memset(got, 0, n);
    CHECK_OK(hb_creader_read(r, &s, 0, got, n, &e), e);
    CHECK(memcmp(data, got, n) == 0);
    CHECK_OK(hb_creader_verify(r, NULL, &e), e);
    if (codec == HB_CODEC_STORED) {
        CHECK_OK(hb_creader_map(r, &s, false, &mapped, &e), e);
        CHECK(mapped != NULL && memcmp(mapped, data, n) == 0);
    }
    hb_creader_free(r);
}

static void sections_pass_at_each_border_of_a_chunk(void)
{
    static const size_t lengths[] = {1,
                                     4095,
                                     4097,
                                     HB_CHUNK_MAX - 1,
                                     HB_CHUNK_MAX,
                                     HB_CHUNK_MAX + 1,
                                     2 * HB_CHUNK_MAX,
                                     2 * HB_CHUNK_MAX + 12345};
    uint8_t *data = NULL;
    uint8_t *got = NULL;

    CHECK_EQ(hb_mem_new(&data, 3 * HB_CHUNK_MAX, 1, "test", NULL), HB_OK);
    CHECK_EQ(hb_mem_new(&got, 3 * HB_CHUNK_MAX, 1, "test", NULL), HB_OK);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        round_trip(HB_CODEC_STORED, lengths[i], 1000003, data, got);
        round_trip(HB_CODEC_ZSTD, lengths[i], 999983, data, got);
    }
    round_trip(HB_CODEC_ZSTD, 2 * HB_CHUNK_MAX + 5, HB_CHUNK_MAX + 1, data, got);
    round_trip(HB_CODEC_ZSTD, 2 * HB_CHUNK_MAX + 5, 3 * HB_CHUNK_MAX, data, got);
    round_trip(HB_CODEC_STORED, 2 * HB_CHUNK_MAX + 5, 3 * HB_CHUNK_MAX, data, got);
    hb_mem_free(data);
    hb_mem_free(got);
}

static void damage_is_named_by_chunk_and_never_handed_out(void)
{
    const size_t n = 2 * HB_CHUNK_MAX + 100;
    struct hb_err e = {0};
    struct hb_cwriter *w = NULL;
    struct hb_creader *r = NULL;
    struct hb_section s;
    struct hb_hash root;
    uint8_t *data = NULL;
    const void *mapped = NULL;
    uint32_t bad = 99;
    FILE *f = file_of("", 0);

    CHECK_EQ(hb_mem_new(&data, n, 1, "test", NULL), HB_OK);
    CHECK_OK(hb_cwriter_new(fileno(f), "file", MAGIC, &w, &e), e);
    CHECK_OK(hb_cwriter_section(w, "rows", HB_CODEC_STORED, 0, n, &e), e);
    CHECK_OK(hb_cwriter_put(w, data, n, &e), e);
    CHECK_OK(hb_cwriter_finish(w, &root, &e), e);
    hb_cwriter_free(w);
    CHECK_EQ(pwrite(fileno(f), "x", 1, 4096 + HB_CHUNK_MAX + 1000), 1);
    CHECK_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
    CHECK_OK(hb_creader_open_stream(fileno(f), "file", MAGIC, &r, &e), e);
    CHECK_EQ(hb_creader_verify(r, &bad, &e), HB_EFORMAT);
    CHECK_EQ(bad, 1);
    CHECK_STR(e.msg, "'file': chunk 1 (section 'rows', bytes 4198400..8392703) is damaged: its "
                     "hash differs");
    CHECK_OK(hb_creader_section(r, "rows", &s, &e), e);
    CHECK_OK(hb_creader_read(r, &s, 0, data, HB_CHUNK_MAX, &e), e);
    CHECK_EQ(hb_creader_read(r, &s, HB_CHUNK_MAX, data, 1, &e), HB_EFORMAT);
    CHECK_EQ(hb_creader_read(r, &s, HB_CHUNK_MAX + 5, data, 1, &e), HB_EFORMAT);
    CHECK_OK(hb_creader_read(r, &s, 2 * HB_CHUNK_MAX, data, 100, &e), e);
    CHECK_EQ(hb_creader_map(r, &s, false, &mapped, &e), HB_EFORMAT);
    CHECK(mapped == NULL);
    hb_creader_free(r);
    (void)fclose(f);
    hb_mem_free(data);
}

/* Any value in any field of the index, with right checksums: refused, or of no consequence. */
static void an_index_that_lies_is_refused(void)
{
    static const uint32_t values[] = {0, 1, 2, 64, 4096, HB_CHUNK_MAX + 1, 0x7fffffff, UINT32_MAX};
    struct hb_buf good = {0};
    struct hb_buf bad = {0};
    size_t index_at;
    int refused = 0;

    small_bytes(&good);
    index_at = (size_t)hb_get_u64(good.data + good.len - 64 + 8);
    for (size_t at = index_at; at + 4 <= good.len - 32; at += 4)
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            const size_t in_record = (at - index_at) % 64;
            const bool is_hash =
                memcmp(good.data + at - in_record, "CHNK", 4) == 0 && in_record >= 32;

            bad.len = 0;
            hb_buf_put(&bad, good.data, good.len);
            hb_set_u32(bad.data + at, values[v]);
            reseal(bad.data, bad.len);
            if (memcmp(bad.data, good.data, good.len) == 0)
                continue; /* the value was right, or reseal put it right */
            CHECK(!is_hash);
            CHECK(open_verify(bad.data, bad.len, NULL) != HB_OK);
            refused++;
        }
    CHECK(refused > 300);
    hb_buf_fini(&good);
    hb_buf_fini(&bad);
}

static void a_chunk_of_another_length_is_refused(void)
{
    struct hb_buf b = {0};
    struct hb_err e = {0};
    struct hb_creader *r = NULL;
    struct hb_section s;
    uint8_t got[300];
    FILE *f;

    small_bytes(&b);
    for (size_t at = 192; at < 200; at++) { /* within the zstd frame: its header says the length */
        b.data[at] ^= 0x21;
        reseal(b.data, b.len);
        f = file_of(b.data, b.len);
        CHECK_OK(hb_creader_open_stream(fileno(f), "file", MAGIC, &r, &e), e);
        CHECK_OK(hb_creader_verify(r, NULL, &e), e); /* hashes agree */
        CHECK_OK(hb_creader_section(r, "packed", &s, &e), e);
        if (hb_creader_read(r, &s, 0, got, sizeof got, &e) != HB_OK)
            CHECK(strstr(e.msg, "chunk 0 (section 'packed'") != NULL);
        else
            CHECK(at > 197); /* in the data of the frame, which nothing but the hash protects */
        hb_creader_free(r);
        (void)fclose(f);
        b.data[at] ^= 0x21;
    }
    hb_buf_fini(&b);
}

static void a_writer_that_is_misused_says_so(void)
{
    struct hb_err e = {0};
    struct hb_cwriter *w = NULL;
    struct hb_hash root;
    FILE *f = file_of("", 0);

    CHECK_OK(hb_cwriter_new(fileno(f), "file", MAGIC, &w, &e), e);
    CHECK_EQ(hb_cwriter_section(w, "", HB_CODEC_ZSTD, 1, 3, &e), HB_EINTERNAL);
    CHECK_EQ(hb_cwriter_section(w, "sixteen-letters-", HB_CODEC_ZSTD, 1, 3, &e), HB_EINTERNAL);
    CHECK_OK(hb_cwriter_section(w, "fifteen-letters", HB_CODEC_ZSTD, 1, 3, &e), e);
    CHECK_EQ(hb_cwriter_put(w, "abcd", 4, &e), HB_EINTERNAL);
    CHECK_OK(hb_cwriter_put(w, "ab", 2, &e), e);
    CHECK_EQ(hb_cwriter_section(w, "b", HB_CODEC_ZSTD, 1, 3, &e), HB_EINTERNAL);
    CHECK_EQ(hb_cwriter_finish(w, &root, &e), HB_EINTERNAL);
    CHECK_OK(hb_cwriter_put(w, "c", 1, &e), e);
    CHECK_EQ(hb_cwriter_section(w, "fifteen-letters", HB_CODEC_ZSTD, 1, 3, &e), HB_EINTERNAL);
    for (int i = 1; i < HB_SECTIONS_MAX; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "s%d", i);
        CHECK_OK(hb_cwriter_section(w, name, HB_CODEC_STORED, 0, 0, &e), e);
    }
    CHECK_EQ(hb_cwriter_section(w, "more", HB_CODEC_STORED, 0, 0, &e), HB_ELIMIT);
    CHECK_OK(hb_cwriter_finish(w, &root, &e), e);
    CHECK_EQ(hb_cwriter_finish(w, &root, &e), HB_EINTERNAL);
    hb_cwriter_free(w);
    (void)fclose(f);
}

static void a_full_disk_is_an_io_error(void)
{
    struct hb_err e = {0};
    struct hb_hash root;
    int full = open("/dev/full", O_WRONLY);

    if (full < 0) {
        printf("# no /dev/full on this system: not tested\n");
        return;
    }
    CHECK_EQ(write_small(full, &root, &e), HB_EIO);
    CHECK_EQ(e.sys, ENOSPC);
    (void)close(full);
}

static int use_everything(FILE *f)
{
    struct hb_creader *r = NULL;
    struct hb_section s;
    struct hb_hash root;
    uint8_t got[20];
    int rc;

    if (ftruncate(fileno(f), 0) != 0 || lseek(fileno(f), 0, SEEK_SET) != 0)
        return HB_EIO;
    if ((rc = write_small(fileno(f), &root, NULL)) != HB_OK)
        return rc;
    if (lseek(fileno(f), 0, SEEK_SET) != 0)
        return HB_EIO;
    if ((rc = hb_creader_open_stream(fileno(f), "file", MAGIC, &r, NULL)) == HB_OK &&
        (rc = hb_creader_section(r, "packed", &s, NULL)) == HB_OK &&
        (rc = hb_creader_read(r, &s, 5, got, sizeof got, NULL)) == HB_OK)
        rc = hb_creader_verify(r, NULL, NULL);
    hb_creader_free(r);
    return rc;
}

static void any_allocation_may_fail(void)
{
    FILE *f = file_of("", 0);
    long n = 1;

    for (; n < 100; n++) {
        int rc;

        hb_mem_fail_at(n);
        rc = use_everything(f);
        hb_mem_fail_at(0);
        if (rc == HB_OK)
            break;
        CHECK_EQ(rc, HB_ENOMEM);
    }
    CHECK(n > 8 && n < 100);
    (void)fclose(f);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--golden") == 0) {
        int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
        struct hb_hash root;
        char hex[HB_HASH_HEX];

        if (fd < 0 || write_small(fd, &root, NULL) != HB_OK || close(fd) != 0)
            return 1;
        hb_hash_hex(&root, hex);
        puts(hex);
        return 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    RUN(a_small_file_comes_back);
    RUN(pipes_do_as_well_as_files);
    RUN(a_stream_of_something_else_is_refused_at_its_start);
    RUN(the_golden_file_is_readable);
    RUN(every_truncation_is_refused);
    RUN(every_flipped_bit_is_found);
    RUN(reading_compressed_sections_finds_every_flipped_bit);
    RUN(a_wrong_file_is_told_apart);
    RUN(sections_pass_at_each_border_of_a_chunk);
    RUN(damage_is_named_by_chunk_and_never_handed_out);
    RUN(an_index_that_lies_is_refused);
    RUN(a_chunk_of_another_length_is_refused);
    RUN(a_writer_that_is_misused_says_so);
    RUN(a_full_disk_is_an_io_error);
    RUN(any_allocation_may_fail);
    return check_done();
}
