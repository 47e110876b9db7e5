#include "store/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "store/container_records.h"
#include "store/container_spool.h"

#define NO_CHUNK UINT32_MAX

struct hb_creader {
    int fd;
    char *name; /* owned */
    uint64_t file_bytes;
    uint64_t index_at;
    uint8_t *index; /* owned: its records as in the file */
    uint32_t n_sections;
    uint32_t n_chunks;
    struct hb_section sections[HB_SECTIONS_MAX];
    uint64_t section_at[HB_SECTIONS_MAX]; /* offset of the section record */
    struct hb_hash root;
    uint32_t raw_max;    /* largest chunk of this file */
    uint32_t stored_max; /* the same, stored */
    /* on demand */
    uint8_t *packed; /* a chunk record and stored_max bytes */
    uint8_t *raw;    /* raw_max bytes: chunk `cached` */
    uint32_t cached; /* or NO_CHUNK */
    ZSTD_DCtx *zstd; /* owned */
    void *base;      /* the whole file, mapped */
};

typedef unsigned long long ull; /* for messages */

/* ---- small reads ---- */

/* Exactly n bytes at `at`. */
static int read_at(const struct hb_creader *r, uint64_t at, void *buf, size_t n, struct hb_err *e)
{
    uint8_t *p = buf;

    while (n > 0) {
        ssize_t got = pread(r->fd, p, n, (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hb_fail_sys(e, HB_EIO, "cannot read '%s'", r->name);
        if (got == 0)
            return hb_fail(e, HB_EFORMAT, "'%s' became shorter while it was read", r->name);
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return HB_OK;
}

/* The n bytes at `at` must be those of `want`, or zeros when it is NULL. */
static int compare(const struct hb_creader *r, uint64_t at, const uint8_t *want, size_t n,
                   struct hb_err *e)
{
    static const uint8_t zeros[HB_CREC_PAGE];
    uint8_t got[HB_CREC_PAGE];

    while (n > 0) {
        const size_t step = n < sizeof got ? n : sizeof got;
        int rc = read_at(r, at, got, step, e);

        if (rc != HB_OK)
            return rc;
        if (memcmp(got, want != NULL ? want : zeros, step) != 0)
            return hb_fail(e, HB_EFORMAT, "'%s': bytes %llu..%llu are damaged", r->name, (ull)at,
                           (ull)(at + step - 1));
        want = want != NULL ? want + step : NULL;
        at += step;
        n -= step;
    }
    return HB_OK;
}

static const uint8_t *section_record(const struct hb_creader *r, uint32_t i)
{
    return r->index + (1 + (size_t)i) * HB_CREC_BYTES;
}

static const uint8_t *chunk_record(const struct hb_creader *r, uint32_t i)
{
    return r->index + (1 + (size_t)r->n_sections + i) * HB_CREC_BYTES;
}

/* Chunk i; its record was checked by place_chunk when the file was opened. */
static struct hb_crec_chunk chunk_at(const struct hb_creader *r, uint32_t i)
{
    struct hb_crec_chunk c = {0};

    (void)hb_crec_get_chunk(chunk_record(r, i), &c); /* was true before */
    return c;
}

static int bad_chunk(const struct hb_creader *r, uint32_t i, const char *why, struct hb_err *e)
{
    const struct hb_crec_chunk c = chunk_at(r, i);

    return hb_fail(e, HB_EFORMAT, "'%s': chunk %u (section '%s', bytes %llu..%llu) %s", r->name, i,
                   r->sections[c.section].name, (ull)c.offset, (ull)(c.offset + c.stored_len - 1),
                   why);
}

/* ---- what is wrong with a file that does not open ---- */

static int cut(const struct hb_creader *r, uint64_t needed, const char *least, struct hb_err *e)
{
    const uint64_t missing = needed - r->file_bytes;

    return hb_fail(e, HB_EFORMAT, "'%s' is cut short: %s%llu byte%s missing", r->name, least,
                   (ull)missing, missing == 1 ? " is" : "s are");
}

/* Move *at from a section record to the end of the section, which may be beyond that of the file.
 */
static int walk_section(const struct hb_creader *r, uint64_t *at, const uint8_t *record,
                        struct hb_err *e)
{
    struct hb_crec_section s;
    struct hb_crec_chunk c;
    uint8_t raw[HB_CREC_BYTES];
    int rc;

    if (!hb_crec_get_section(record, &s))
        return hb_fail(e, HB_EFORMAT, "'%s' is damaged at byte %llu", r->name, (ull)*at);
    if (s.codec == HB_CODEC_STORED) {
        *at = hb_crec_data_at(*at, s.codec) + s.raw_bytes + (uint64_t)s.n_chunks * HB_CREC_BYTES;
        return HB_OK;
    }
    *at += HB_CREC_BYTES;
    for (uint32_t i = 0; i < s.n_chunks && *at <= r->file_bytes; i++) {
        if (r->file_bytes - *at < HB_CREC_BYTES)
            return cut(r, *at + HB_CREC_BYTES, "at least ", e);
        if ((rc = read_at(r, *at, raw, sizeof raw, e)) != HB_OK)
            return rc;
        if (!hb_crec_get_chunk(raw, &c) || c.section != s.number || c.number != i)
            return hb_fail(e, HB_EFORMAT, "'%s' is damaged at byte %llu", r->name, (ull)*at);
        *at += HB_CREC_BYTES + c.stored_len;
    }
    return HB_OK;
}

/* The trailer is not where it should be: go through the file from its start and tell why. */
static int diagnose(const struct hb_creader *r, struct hb_err *e)
{
    uint64_t at = HB_CREC_BYTES;
    uint8_t record[HB_CREC_BYTES];
    uint32_t n_sections;
    uint32_t n_chunks;
    int rc;

    for (;;) {
        if (at > r->file_bytes || r->file_bytes - at < 2 * HB_CREC_BYTES)
            return cut(r, at + 2 * HB_CREC_BYTES, "at least ", e);
        if ((rc = read_at(r, at, record, sizeof record, e)) != HB_OK)
            return rc;
        if (hb_crec_get_index(record, &n_sections, &n_chunks))
            break;
        if ((rc = walk_section(r, &at, record, e)) != HB_OK)
            return rc;
    }
    at += (2 + (uint64_t)n_sections + n_chunks) * HB_CREC_BYTES;
    if (at > r->file_bytes)
        return cut(r, at, "", e);
    if (at < r->file_bytes)
        return hb_fail(e, HB_EFORMAT, "'%s' has %llu byte%s too many behind its end", r->name,
                       (ull)(r->file_bytes - at), r->file_bytes - at == 1 ? "" : "s");
    return hb_fail(e, HB_EFORMAT, "'%s': the trailer is damaged", r->name);
}

/* ---- opening ---- */

static int bad_index(const struct hb_creader *r, struct hb_err *e)
{
    return hb_fail(e, HB_EFORMAT, "'%s': the index is damaged (bytes %llu..%llu)", r->name,
                   (ull)r->index_at, (ull)(r->file_bytes - 1));
}

/* Header and trailer; *trailer is for the root hash. */
static int load_ends(struct hb_creader *r, const char magic[4], uint8_t trailer[HB_CREC_BYTES],
                     struct hb_err *e)
{
    uint8_t header[HB_CREC_BYTES] = {0};
    uint8_t want[HB_CREC_BYTES];
    const size_t n_head = r->file_bytes < sizeof header ? (size_t)r->file_bytes : sizeof header;
    uint64_t file_bytes;
    int rc;

    if ((rc = read_at(r, 0, header, n_head, e)) != HB_OK ||
        (rc = hb_crec_check_magic(r->name, header, n_head, magic, e)) != HB_OK)
        return rc;
    if (r->file_bytes < 3 * HB_CREC_BYTES)
        return cut(r, 3 * HB_CREC_BYTES, "at least ", e);
    hb_crec_put_header(want, magic);
    if (memcmp(header, want, sizeof want) != 0)
        return hb_fail(e, HB_EFORMAT, "'%s': the header is damaged", r->name);
    if ((rc = read_at(r, r->file_bytes - HB_CREC_BYTES, trailer, HB_CREC_BYTES, e)) != HB_OK)
        return rc;
    if (!hb_crec_get_trailer(trailer, &r->index_at, &file_bytes, &r->root) ||
        file_bytes != r->file_bytes || r->index_at < HB_CREC_BYTES ||
        r->index_at > r->file_bytes - 2 * HB_CREC_BYTES)
        return diagnose(r, e);
    return HB_OK;
}

/* Header, trailer and index, verified by the root hash. */
static int load_index(struct hb_creader *r, const char magic[4], struct hb_err *e)
{
    uint8_t record[HB_CREC_BYTES];
    uint8_t trailer[HB_CREC_BYTES];
    struct hb_hasher hasher;
    struct hb_hash root;
    uint64_t n_index;
    int rc;

    if ((rc = load_ends(r, magic, trailer, e)) != HB_OK ||
        (rc = read_at(r, r->index_at, record, sizeof record, e)) != HB_OK)
        return rc;
    n_index = r->file_bytes - HB_CREC_BYTES - r->index_at;
    if (!hb_crec_get_index(record, &r->n_sections, &r->n_chunks) ||
        n_index != (1 + (uint64_t)r->n_sections + r->n_chunks) * HB_CREC_BYTES)
        return bad_index(r, e);
    if ((rc = hb_mem_new(&r->index, (size_t)n_index, 1, "the index of a file", e)) != HB_OK ||
        (rc = read_at(r, r->index_at, r->index, (size_t)n_index, e)) != HB_OK)
        return rc;
    hb_crec_put_header(record, magic); /* load_ends compared it */
    hb_hasher_init(&hasher);
    hb_hasher_put(&hasher, record, sizeof record);
    hb_hasher_put(&hasher, r->index, (size_t)n_index);
    hb_hasher_put(&hasher, trailer, HB_CREC_ROOTED);
    hb_hasher_done(&hasher, &root);
    return hb_hash_equal(&root, &r->root) ? HB_OK : bad_index(r, e);
}

/* Chunk number `i` of section s must be what the record says, at *at; *at goes behind it. */
static bool place_chunk(struct hb_creader *r, const struct hb_crec_section *s, uint32_t i,
                        uint64_t *at)
{
    struct hb_section *to = &r->sections[s->number];
    struct hb_crec_chunk c;

    if (to->first_chunk + i >= r->n_chunks ||
        !hb_crec_get_chunk(chunk_record(r, to->first_chunk + i), &c) || c.section != s->number ||
        c.number != i || c.raw_len != hb_crec_raw_len(s->raw_bytes, i) || c.offset != *at ||
        (s->codec == HB_CODEC_STORED && c.stored_len != c.raw_len))
        return false;
    *at += c.stored_len;
    if (s->codec == HB_CODEC_ZSTD && i + 1 < s->n_chunks)
        *at += HB_CREC_BYTES;
    to->stored_bytes += c.stored_len;
    r->raw_max = c.raw_len > r->raw_max ? c.raw_len : r->raw_max;
    r->stored_max = c.stored_len > r->stored_max ? c.stored_len : r->stored_max;
    return *at <= r->index_at;
}

/* The same for a whole section. */
static bool place_section(struct hb_creader *r, uint32_t i, uint32_t first_chunk, uint64_t *at)
{
    struct hb_section *to = &r->sections[i];
    struct hb_crec_section s;
    struct hb_section same_name;

    if (!hb_crec_get_section(section_record(r, i), &s) || s.number != i ||
        hb_creader_section(r, s.name, &same_name, NULL) == HB_OK)
        return false;
    memcpy(to->name, s.name, sizeof to->name);
    to->codec = s.codec == HB_CODEC_ZSTD ? HB_CODEC_ZSTD : HB_CODEC_STORED;
    to->raw_bytes = s.raw_bytes;
    to->stored_bytes = 0;
    to->first_chunk = first_chunk;
    to->n_chunks = s.n_chunks;
    r->section_at[i] = *at;
    if (s.n_chunks > r->n_chunks - first_chunk)
        return false;
    *at = s.n_chunks > 0 || s.codec == HB_CODEC_STORED ? hb_crec_data_at(*at, s.codec)
                                                       : *at + HB_CREC_BYTES;
    for (uint32_t k = 0; k < s.n_chunks; k++)
        if (!place_chunk(r, &s, k, at))
            return false;
    if (s.codec == HB_CODEC_STORED)
        *at += (uint64_t)s.n_chunks * HB_CREC_BYTES;
    return *at <= r->index_at;
}

/* Every record must say what follows from those before it: nothing overlaps, nothing is left. */
static int place_all(struct hb_creader *r, struct hb_err *e)
{
    uint64_t at = HB_CREC_BYTES;
    uint32_t first_chunk = 0;
    int rc;

    for (uint32_t i = 0; i < r->n_sections; i++) {
        const uint32_t codec = hb_get_u32(section_record(r, i) + 24);

        if (codec != HB_CODEC_STORED && codec != HB_CODEC_ZSTD)
            return hb_fail(e, HB_EVERSION, "'%s': section %u has unknown codec %u", r->name, i,
                           codec);
        if (!place_section(r, i, first_chunk, &at))
            return hb_fail(e, HB_EFORMAT, "'%s': the index contradicts itself in section %u",
                           r->name, i);
        if ((rc = compare(r, r->section_at[i], section_record(r, i), HB_CREC_BYTES, e)) != HB_OK)
            return rc;
        first_chunk += r->sections[i].n_chunks;
    }
    if (at != r->index_at || first_chunk != r->n_chunks)
        return hb_fail(e, HB_EFORMAT, "'%s': the index contradicts itself", r->name);
    return HB_OK;
}

/* Takes fd, also on failure. */
static int open_fd(int fd, const char *name, const char magic[4], struct hb_creader **out,
                   struct hb_err *e)
{
    const size_t n_name = strlen(name) + 1;
    struct hb_creader *r = NULL;
    struct stat st;
    int rc;

    if ((rc = hb_mem_new(&r, 1, sizeof *r, "a container", e)) != HB_OK) {
        (void)close(fd); /* nothing was written */
        return rc;
    }
    r->fd = fd;
    r->cached = NO_CHUNK;
    if ((rc = hb_mem_new(&r->name, n_name, 1, "a file name", e)) != HB_OK)
        goto fail;
    memcpy(r->name, name, n_name);
    if (fstat(fd, &st) != 0) {
        rc = hb_fail_sys(e, HB_EIO, "cannot read '%s'", name);
        goto fail;
    }
    r->file_bytes = (uint64_t)st.st_size;
    if ((rc = load_index(r, magic, e)) != HB_OK || (rc = place_all(r, e)) != HB_OK)
        goto fail;
    *out = r;
    return HB_OK;
fail:
    hb_creader_free(r);
    return rc;
}

void hb_creader_free(struct hb_creader *r)
{
    if (r == NULL)
        return;
    hb_os_unmap(r->base, r->file_bytes);
    (void)close(r->fd);           /* nothing was written */
    (void)ZSTD_freeDCtx(r->zstd); /* always 0 */
    hb_mem_free(r->name);
    hb_mem_free(r->index);
    hb_mem_free(r->packed);
    hb_mem_free(r->raw);
    hb_mem_free(r);
}

int hb_creader_open_stream(int fd, const char *name, const char magic[4], struct hb_creader **out,
                           struct hb_err *e)
{
    struct stat st;
    int own;
    int rc;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
        if ((own = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0)
            return hb_fail_sys(e, HB_ESYS, "cannot open '%s'", name);
        return open_fd(own, name, magic, out, e);
    }
    if ((rc = hb_cspool_new(fd, name, magic, &own, e)) != HB_OK)
        return rc;
    return open_fd(own, name, magic, out, e);
}

int hb_creader_open(const char *path, const char magic[4], struct hb_creader **out,
                    struct hb_err *e)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    int fd;
    int rc;

    if ((rc = hb_io_open_read(path, &fd, e)) != HB_OK)
        return rc;
    rc = hb_creader_open_stream(fd, name, magic, out, e);
    (void)close(fd); /* nothing was written */
    return rc;
}

/* ---- what is in it ---- */

void hb_creader_root(const struct hb_creader *r, struct hb_hash *root)
{
    *root = r->root;
}

int hb_creader_section(const struct hb_creader *r, const char *name, struct hb_section *s,
                       struct hb_err *e)
{
    for (uint32_t i = 0; i < r->n_sections; i++)
        if (strcmp(r->sections[i].name, name) == 0) {
            *s = r->sections[i];
            return HB_OK;
        }
    return hb_fail(e, HB_EFORMAT, "'%s' has no section '%s'", r->name, name);
}

int hb_creader_n_sections(const struct hb_creader *r)
{
    return (int)r->n_sections;
}

void hb_creader_section_at(const struct hb_creader *r, int i, struct hb_section *s)
{
    *s = r->sections[i];
}

uint32_t hb_creader_n_chunks(const struct hb_creader *r)
{
    return r->n_chunks;
}

/* ---- chunks ---- */

static int check_hash(const struct hb_creader *r, uint32_t i, const void *p, size_t n,
                      struct hb_err *e)
{
    const struct hb_crec_chunk c = chunk_at(r, i);
    struct hb_hash hash;

    hb_hash_of(p, n, &hash);
    if (!hb_hash_equal(&hash, &c.hash))
        return bad_chunk(r, i, "is damaged: its hash differs", e);
    return HB_OK;
}

static int need_packed(struct hb_creader *r, struct hb_err *e)
{
    if (r->packed != NULL)
        return HB_OK;
    return hb_mem_new(&r->packed, HB_CREC_BYTES + (size_t)r->stored_max, 1, "a chunk", e);
}

/* Chunk i, as stored, to `packed` behind its record if one stands before it; both verified. */
static int verify_chunk(struct hb_creader *r, uint32_t i, bool recorded, struct hb_err *e)
{
    const struct hb_crec_chunk c = chunk_at(r, i);
    const size_t before = recorded ? HB_CREC_BYTES : 0;
    int rc;

    if ((rc = read_at(r, c.offset - before, r->packed, before + c.stored_len, e)) != HB_OK ||
        (rc = check_hash(r, i, r->packed + before, c.stored_len, e)) != HB_OK)
        return rc;
    if (memcmp(r->packed, chunk_record(r, i), before) != 0)
        return bad_chunk(r, i, "has a damaged record", e);
    return HB_OK;
}

/* The raw bytes of chunk i to dst, verified. */
static int load_chunk(struct hb_creader *r, uint32_t i, uint8_t *dst, struct hb_err *e)
{
    const struct hb_crec_chunk c = chunk_at(r, i);
    const uint8_t *frame;
    size_t n;
    int rc;

    if (r->sections[c.section].codec == HB_CODEC_STORED) {
        if ((rc = read_at(r, c.offset, dst, c.raw_len, e)) != HB_OK)
            return rc;
        return check_hash(r, i, dst, c.raw_len, e);
    }
    if ((rc = need_packed(r, e)) != HB_OK || (rc = verify_chunk(r, i, true, e)) != HB_OK)
        return rc;
    frame = r->packed + HB_CREC_BYTES;
    if (r->zstd == NULL && (r->zstd = ZSTD_createDCtx()) == NULL)
        return hb_fail(e, HB_ENOMEM, "out of memory for a decompressor");
    if (ZSTD_getFrameContentSize(frame, c.stored_len) != c.raw_len)
        return bad_chunk(r, i, "does not hold as many bytes as the index says", e);
    n = ZSTD_decompressDCtx(r->zstd, dst, c.raw_len, frame, c.stored_len);
    if (ZSTD_isError(n) != 0 || n != c.raw_len)
        return bad_chunk(r, i, "cannot be decompressed", e);
    return HB_OK;
}

/* Chunk i into the cache. */
static int cache_chunk(struct hb_creader *r, uint32_t i, struct hb_err *e)
{
    int rc;

    if (r->cached == i)
        return HB_OK;
    if (r->raw == NULL && (rc = hb_mem_new(&r->raw, r->raw_max, 1, "a chunk", e)) != HB_OK)
        return rc;
    r->cached = NO_CHUNK;
    if ((rc = load_chunk(r, i, r->raw, e)) == HB_OK)
        r->cached = i;
    return rc;
}

int hb_creader_read(struct hb_creader *r, const struct hb_section *s, uint64_t offset, void *buf,
                    size_t n, struct hb_err *e)
{
    uint8_t *to = buf;

    if (offset > s->raw_bytes || n > s->raw_bytes - offset)
        return hb_fail(e, HB_EFORMAT, "'%s': section '%s' has %llu bytes, %llu are needed", r->name,
                       s->name, (ull)s->raw_bytes, (ull)(offset + n));
    while (n > 0) {
        const uint32_t number = (uint32_t)(offset / HB_CHUNK_MAX);
        const uint32_t i = s->first_chunk + number;
        const size_t within = (size_t)(offset % HB_CHUNK_MAX);
        const size_t len = hb_crec_raw_len(s->raw_bytes, number);
        const size_t step = n < len - within ? n : len - within;
        int rc;

        if (step == len && r->cached != i) { /* a whole chunk goes straight to its place */
            if ((rc = load_chunk(r, i, to, e)) != HB_OK)
                return rc;
        } else {
            if ((rc = cache_chunk(r, i, e)) != HB_OK)
                return rc;
            memcpy(to, r->raw + within, step);
        }
        to += step;
        offset += step;
        n -= step;
    }
    return HB_OK;
}

int hb_creader_map(struct hb_creader *r, const struct hb_section *s, bool verified,
                   const void **out, struct hb_err *e)
{
    void *base;
    const uint8_t *at;
    int rc;

    if (s->codec != HB_CODEC_STORED)
        return hb_fail(e, HB_EUSAGE, "'%s': section '%s' is compressed and cannot be mapped",
                       r->name, s->name);
    if (r->base == NULL) {
        if ((rc = hb_os_map(r->fd, r->file_bytes, false, &base, e)) != HB_OK)
            return hb_context(e, rc, "'%s'", r->name);
        r->base = base;
    }
    at = r->base;
    for (uint32_t k = 0; k < s->n_chunks && !verified; k++) {
        const struct hb_crec_chunk c = chunk_at(r, s->first_chunk + k);

        if ((rc = check_hash(r, s->first_chunk + k, at + c.offset, c.stored_len, e)) != HB_OK)
            return rc;
    }
    *out = s->n_chunks > 0 ? at + chunk_at(r, s->first_chunk).offset : at;
    return HB_OK;
}

/* ---- verifying ---- */

static int verify_section(struct hb_creader *r, uint32_t i, uint32_t *bad, struct hb_err *e)
{
    const struct hb_section *s = &r->sections[i];
    const bool stored = s->codec == HB_CODEC_STORED;
    const uint64_t pad_at = r->section_at[i] + HB_CREC_BYTES;
    const uint64_t data_at = hb_crec_data_at(r->section_at[i], HB_CODEC_STORED);
    int rc;

    *bad = s->first_chunk;
    if (stored && (rc = compare(r, pad_at, NULL, (size_t)(data_at - pad_at), e)) != HB_OK)
        return rc;
    for (; *bad < s->first_chunk + s->n_chunks; ++*bad)
        if ((rc = verify_chunk(r, *bad, !stored, e)) != HB_OK)
            return rc;
    if (!stored || s->n_chunks == 0)
        return HB_OK;
    *bad = s->first_chunk;
    return compare(r, data_at + s->raw_bytes, chunk_record(r, s->first_chunk),
                   (size_t)s->n_chunks * HB_CREC_BYTES, e);
}

int hb_creader_verify(struct hb_creader *r, uint32_t *bad_chunk, struct hb_err *e)
{
    uint32_t bad = 0;
    int rc;

    if ((rc = need_packed(r, e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < r->n_sections; i++)
        if ((rc = verify_section(r, i, &bad, e)) != HB_OK) {
            if (bad_chunk != NULL)
                *bad_chunk = bad;
            return rc;
        }
    return HB_OK;
}
