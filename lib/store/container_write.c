#include "store/container.h"

#include <string.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "store/container_records.h"

#define WRITEBACK_STEP (8u << 20) /* bytes */

struct hb_cwriter {
    int fd;
    char *name; /* owned */
    char magic[4];
    uint64_t at;            /* bytes written so far, */
    uint64_t begun;         /* of them on their way to the disk */
    struct hb_buf sections; /* records of the index */
    struct hb_buf chunks;
    uint32_t n_sections;
    uint32_t n_chunks;
    /* the section being written */
    struct hb_crec_section section;
    uint64_t done;      /* raw bytes of it that came */
    size_t first_chunk; /* where its records start in `chunks` */
    int level;
    bool failed;
    /* zstd: raw bytes that do not yet make a chunk, and a chunk record with its compressed bytes */
    struct hb_packer *packer;
    uint8_t *raw;
    size_t raw_len;
    uint8_t *packed;
    /* stored: the chunk being written */
    void *hasher_block; /* owned */
    struct hb_hasher *hasher;
    uint64_t chunk_at;
};

/* ---- life ---- */

/* A hasher wants more alignment than the heap gives. */
static int new_hasher(struct hb_cwriter *w, struct hb_err *e)
{
    const size_t align = _Alignof(struct hb_hasher);
    uintptr_t at;
    int rc;

    if ((rc = hb_mem_new(&w->hasher_block, sizeof *w->hasher + align, 1, "a hash", e)) != HB_OK)
        return rc;
    at = ((uintptr_t)w->hasher_block + align - 1) / align * align;
    w->hasher = (struct hb_hasher *)at;
    return HB_OK;
}

static int emit(struct hb_cwriter *w, const void *p, size_t n, struct hb_err *e)
{
    int rc = hb_io_write_full(w->fd, p, n, w->name, e);

    w->failed = rc != HB_OK;
    w->at += n;
    if (w->at - w->begun >= WRITEBACK_STEP) { /* the disk works while the next chunks are packed */
        hb_os_start_writeback(w->fd, w->begun, w->at - w->begun);
        w->begun = w->at;
    }
    return rc;
}

int hb_cwriter_new(int fd, const char *name, const char magic[4], struct hb_cwriter **out,
                   struct hb_err *e)
{
    const size_t n_name = strlen(name) + 1;
    uint8_t header[HB_CREC_BYTES];
    struct hb_cwriter *w = NULL;
    int rc;

    if ((rc = hb_mem_new(&w, 1, sizeof *w, "a container", e)) != HB_OK)
        return rc;
    w->fd = fd;
    memcpy(w->magic, magic, sizeof w->magic);
    if ((rc = hb_mem_new(&w->name, n_name, 1, "a file name", e)) != HB_OK ||
        (rc = new_hasher(w, e)) != HB_OK)
        goto fail;
    memcpy(w->name, name, n_name);
    hb_crec_put_header(header, magic);
    if ((rc = emit(w, header, sizeof header, e)) != HB_OK)
        goto fail;
    *out = w;
    return HB_OK;
fail:
    hb_cwriter_free(w);
    return rc;
}

void hb_cwriter_free(struct hb_cwriter *w)
{
    if (w == NULL)
        return;
    hb_packer_free(w->packer);
    hb_buf_fini(&w->sections);
    hb_buf_fini(&w->chunks);
    hb_mem_free(w->name);
    hb_mem_free(w->raw);
    hb_mem_free(w->packed);
    hb_mem_free(w->hasher_block);
    hb_mem_free(w);
}

/* ---- chunks ---- */

/* Add a chunk of the current section to the index; *record, may be NULL, is its 64 bytes. */
static int add_chunk(struct hb_cwriter *w, struct hb_crec_chunk *c, uint8_t *record,
                     struct hb_err *e)
{
    uint8_t *at = hb_buf_room(&w->chunks, HB_CREC_BYTES);

    if (at == NULL) {
        w->failed = true;
        return hb_buf_check(&w->chunks, e);
    }
    c->section = w->section.number;
    c->number = (uint32_t)((w->chunks.len - w->first_chunk) / HB_CREC_BYTES - 1);
    hb_crec_put_chunk(at, c);
    if (record != NULL)
        memcpy(record, at, HB_CREC_BYTES);
    w->n_chunks++;
    return HB_OK;
}

struct hb_packer {
    ZSTD_CCtx *zstd;
};

int hb_packer_new(struct hb_packer **out, struct hb_err *e)
{
    struct hb_packer *p = NULL;
    int rc = hb_mem_new(&p, 1, sizeof *p, "a compressor", e);

    if (rc != HB_OK)
        return rc;
    if ((p->zstd = ZSTD_createCCtx()) == NULL) {
        hb_packer_free(p);
        return hb_fail(e, HB_ENOMEM, "out of memory for a compressor");
    }
    *out = p;
    return HB_OK;
}

void hb_packer_free(struct hb_packer *p)
{
    if (p == NULL)
        return;
    (void)ZSTD_freeCCtx(p->zstd); /* always 0 */
    hb_mem_free(p);
}

size_t hb_packed_max(void)
{
    return ZSTD_compressBound(HB_CHUNK_MAX);
}

int hb_pack(struct hb_packer *p, int zstd_level, const void *raw, size_t n, void *frame,
            size_t *len, struct hb_hash *hash, struct hb_err *e)
{
    *len = ZSTD_compressCCtx(p->zstd, frame, hb_packed_max(), raw, n, zstd_level);
    if (ZSTD_isError(*len) != 0)
        return hb_fail(e, HB_ENOMEM, "cannot compress: %s", ZSTD_getErrorName(*len));
    hb_hash_of(frame, *len, hash);
    return HB_OK;
}

/* Record and frame of the next chunk; the frame lies behind HB_CREC_BYTES of room for the record. */
static int emit_packed(struct hb_cwriter *w, size_t raw_len, uint8_t *room, size_t len,
                       const struct hb_hash *hash, struct hb_err *e)
{
    struct hb_crec_chunk c = {.raw_len = (uint32_t)raw_len,
                              .stored_len = (uint32_t)len,
                              .offset = w->at + HB_CREC_BYTES,
                              .hash = *hash};
    int rc = add_chunk(w, &c, room, e);

    return rc == HB_OK ? emit(w, room, HB_CREC_BYTES + len, e) : rc;
}

/* Compress n raw bytes, a whole chunk, and write record and frame in one go. */
static int put_zstd_chunk(struct hb_cwriter *w, const void *raw, size_t n, struct hb_err *e)
{
    struct hb_hash hash;
    size_t len;
    int rc = hb_pack(w->packer, w->level, raw, n, w->packed + HB_CREC_BYTES, &len, &hash, e);

    if (rc != HB_OK) {
        w->failed = true;
        return hb_context(e, rc, "'%s'", w->name);
    }
    return emit_packed(w, n, w->packed, len, &hash, e);
}

/* Take up to n bytes; *taken says how many. A whole chunk at p is compressed where it lies. */
static int put_zstd(struct hb_cwriter *w, const uint8_t *p, size_t n, size_t *taken,
                    struct hb_err *e)
{
    const uint32_t number = (uint32_t)(w->done / HB_CHUNK_MAX);
    const size_t want = hb_crec_raw_len(w->section.raw_bytes, number) - w->raw_len;
    int rc = HB_OK;

    *taken = n < want ? n : want;
    if (w->raw_len == 0 && *taken == want)
        return put_zstd_chunk(w, p, want, e);
    memcpy(w->raw + w->raw_len, p, *taken);
    w->raw_len += *taken;
    if (*taken == want) {
        rc = put_zstd_chunk(w, w->raw, w->raw_len, e);
        w->raw_len = 0;
    }
    return rc;
}

/* Take up to n bytes: hash them and write them, without keeping any. */
static int put_stored(struct hb_cwriter *w, const uint8_t *p, size_t n, size_t *taken,
                      struct hb_err *e)
{
    const uint32_t number = (uint32_t)(w->done / HB_CHUNK_MAX);
    const uint32_t len = hb_crec_raw_len(w->section.raw_bytes, number);
    const size_t want = len - (size_t)(w->done % HB_CHUNK_MAX);
    struct hb_crec_chunk c = {.raw_len = len, .stored_len = len};
    int rc;

    *taken = n < want ? n : want;
    if (want == len) {
        hb_hasher_init(w->hasher);
        w->chunk_at = w->at;
    }
    hb_hasher_put(w->hasher, p, *taken);
    if ((rc = emit(w, p, *taken, e)) != HB_OK || *taken < want)
        return rc;
    hb_hasher_done(w->hasher, &c.hash);
    c.offset = w->chunk_at;
    return add_chunk(w, &c, NULL, e);
}

/* ---- sections ---- */

static int check_section(const struct hb_cwriter *w, const char *name, uint64_t total_bytes,
                         struct hb_err *e)
{
    if (w->failed || w->done != w->section.raw_bytes)
        return hb_fail(e, HB_EINTERNAL, "section '%s' of '%s' is not complete: %llu of %llu bytes",
                       w->section.name, w->name, (unsigned long long)w->done,
                       (unsigned long long)w->section.raw_bytes);
    if (strlen(name) >= HB_SECTION_NAME || !hb_crec_name_ok(name, strlen(name) + 1))
        return hb_fail(e, HB_EINTERNAL, "'%s' is no name for a section", name);
    if (total_bytes >= (uint64_t)HB_CREC_CHUNKS_MAX * HB_CHUNK_MAX ||
        w->n_sections >= HB_SECTIONS_MAX)
        return hb_fail(e, HB_ELIMIT, "section '%s' is too much for one file", name);
    for (uint32_t i = 0; i < w->n_sections; i++)
        if (strcmp(name, (const char *)w->sections.data + i * HB_CREC_BYTES + 8) == 0)
            return hb_fail(e, HB_EINTERNAL, "section '%s' was written before", name);
    return HB_OK;
}

/* What the codec needs, once per writer. */
static int prepare_zstd(struct hb_cwriter *w, struct hb_err *e)
{
    int rc;

    if (w->packed != NULL)
        return HB_OK;
    if ((rc = hb_mem_new(&w->raw, HB_CHUNK_MAX, 1, "a chunk", e)) != HB_OK ||
        (rc = hb_packer_new(&w->packer, e)) != HB_OK)
        return rc;
    return hb_mem_new(&w->packed, HB_CREC_BYTES + hb_packed_max(), 1, "a compressed chunk", e);
}

/* The current section got its last byte: a stored one is followed by its chunk records. */
static int end_section(struct hb_cwriter *w, struct hb_err *e)
{
    if (w->section.codec != HB_CODEC_STORED || w->section.n_chunks == 0)
        return HB_OK;
    return emit(w, w->chunks.data + w->first_chunk, w->chunks.len - w->first_chunk, e);
}

int hb_cwriter_section(struct hb_cwriter *w, const char *section, enum hb_codec codec,
                       int zstd_level, uint64_t total_bytes, struct hb_err *e)
{
    static const uint8_t zeros[HB_CREC_PAGE];
    const struct hb_crec_section fresh = {.number = w->n_sections,
                                          .codec = (uint32_t)codec,
                                          .n_chunks = hb_crec_n_chunks(total_bytes),
                                          .raw_bytes = total_bytes};
    uint8_t *record;
    int rc;

    if ((rc = check_section(w, section, total_bytes, e)) != HB_OK ||
        (codec == HB_CODEC_ZSTD && (rc = prepare_zstd(w, e)) != HB_OK))
        return rc;
    w->section = fresh;
    memcpy(w->section.name, section, strlen(section));
    w->done = 0;
    w->level = zstd_level;
    w->first_chunk = w->chunks.len;
    if ((record = hb_buf_room(&w->sections, HB_CREC_BYTES)) == NULL) {
        w->failed = true;
        return hb_buf_check(&w->sections, e);
    }
    hb_crec_put_section(record, &w->section);
    w->n_sections++;
    if ((rc = emit(w, record, HB_CREC_BYTES, e)) != HB_OK)
        return rc;
    if (codec == HB_CODEC_STORED) {
        const uint64_t data_at = hb_crec_data_at(w->at - HB_CREC_BYTES, w->section.codec);

        if ((rc = emit(w, zeros, (size_t)(data_at - w->at), e)) != HB_OK)
            return rc;
    }
    return total_bytes == 0 ? end_section(w, e) : HB_OK;
}

int hb_cwriter_put(struct hb_cwriter *w, const void *p, size_t n, struct hb_err *e)
{
    const uint8_t *at = p;

    if (w->failed || n > w->section.raw_bytes - w->done)
        return hb_fail(e, HB_EINTERNAL, "section '%s' of '%s' gets more than its %llu bytes",
                       w->section.name, w->name, (unsigned long long)w->section.raw_bytes);
    while (n > 0) {
        size_t taken = 0;
        int rc = w->section.codec == HB_CODEC_ZSTD ? put_zstd(w, at, n, &taken, e)
                                                   : put_stored(w, at, n, &taken, e);

        if (rc != HB_OK)
            return rc;
        at += taken;
        n -= taken;
        w->done += taken;
        if (w->done == w->section.raw_bytes && (rc = end_section(w, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

int hb_cwriter_put_packed(struct hb_cwriter *w, size_t raw_len, const void *frame, size_t len,
                          const struct hb_hash *hash, struct hb_err *e)
{
    const uint32_t number = (uint32_t)(w->done / HB_CHUNK_MAX);
    int rc;

    if (w->failed || w->section.codec != HB_CODEC_ZSTD || w->raw_len != 0 ||
        w->done >= w->section.raw_bytes || len > hb_packed_max() ||
        raw_len != hb_crec_raw_len(w->section.raw_bytes, number))
        return hb_fail(e, HB_EINTERNAL, "section '%s' of '%s': a chunk that is not its next",
                       w->section.name, w->name);
    memcpy(w->packed + HB_CREC_BYTES, frame, len);
    if ((rc = emit_packed(w, raw_len, w->packed, len, hash, e)) != HB_OK)
        return rc;
    w->done += raw_len;
    return w->done == w->section.raw_bytes ? end_section(w, e) : HB_OK;
}

int hb_cwriter_finish(struct hb_cwriter *w, struct hb_hash *root, struct hb_err *e)
{
    const uint64_t index_at = w->at;
    uint8_t header[HB_CREC_BYTES];
    uint8_t index[HB_CREC_BYTES];
    uint8_t trailer[HB_CREC_BYTES];
    int rc;

    if (w->failed || w->done != w->section.raw_bytes)
        return hb_fail(e, HB_EINTERNAL, "'%s' is not complete", w->name);
    hb_crec_put_header(header, w->magic);
    hb_crec_put_index(index, w->n_sections, w->n_chunks);
    hb_crec_put_trailer(trailer, index_at,
                        index_at + 2 * HB_CREC_BYTES + w->sections.len + w->chunks.len);
    hb_hasher_init(w->hasher);
    hb_hasher_put(w->hasher, header, sizeof header);
    hb_hasher_put(w->hasher, index, sizeof index);
    hb_hasher_put(w->hasher, w->sections.data, w->sections.len);
    hb_hasher_put(w->hasher, w->chunks.data, w->chunks.len);
    hb_hasher_put(w->hasher, trailer, HB_CREC_ROOTED);
    hb_hasher_done(w->hasher, root);
    memcpy(trailer + HB_CREC_ROOTED, root->b, HB_HASH_BYTES);
    if ((rc = emit(w, index, sizeof index, e)) != HB_OK ||
        (rc = emit(w, w->sections.data, w->sections.len, e)) != HB_OK ||
        (rc = emit(w, w->chunks.data, w->chunks.len, e)) != HB_OK ||
        (rc = emit(w, trailer, sizeof trailer, e)) != HB_OK)
        return rc;
    w->failed = true; /* nothing may follow */
    return HB_OK;
}
