/* container.h - the chunked, verified file behind .hba and .hbc.                         store.
 * man/hb-container.5 has the bytes.
 *
 *   header │ chunk │ chunk │ … │ index │ trailer (root hash)
 *
 * A file is a few named sections; a section is a run of chunks of at most HB_CHUNK_MAX raw bytes,
 * each preceded by its own header (section, codec, raw and stored length, BLAKE2b-256 of the stored
 * bytes), so that a pipe can be read front to back, chunks verified in parallel, and any chunk
 * found through the index. Stored (not compressed) chunks are page-aligned, and the chunks of a
 * stored section are laid so that the whole section is contiguous and can be mapped (chunk headers
 * of it then lie in the index and before the section). The root hash covers the header and every
 * chunk header: equal roots, equal content. Nothing is handed out before its hash was verified.
 * Threads: an object belongs to one thread. */
#ifndef HB_STORE_CONTAINER_H
#define HB_STORE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

#define HB_CHUNK_MAX    (4u << 20)
#define HB_SECTION_NAME 16 /* bytes with the terminator */
#define HB_SECTIONS_MAX 32

enum hb_codec { HB_CODEC_STORED = 0, HB_CODEC_ZSTD = 1 };

/* ---- writing: strictly front to back, so fd may be a pipe ---- */
struct hb_cwriter;
/* magic: 4 characters, "HBA1" or "HBC1". Keeps fd (must stay open). */
int hb_cwriter_new(int fd, const char *name, const char magic[4], struct hb_cwriter **out,
                   struct hb_err *e) HB_MUSTUSE;
/* Begin the next section. total_bytes is its raw length, known beforehand. */
int hb_cwriter_section(struct hb_cwriter *w, const char *section, enum hb_codec codec,
                       int zstd_level, uint64_t total_bytes, struct hb_err *e) HB_MUSTUSE;
/* Append raw bytes to the section, any sizes. HB_EINTERNAL when it gets more than total_bytes. */
int hb_cwriter_put(struct hb_cwriter *w, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;
/* Index and trailer; *root gets the root hash. Does not fsync (hb_atomic_commit does). */
int hb_cwriter_finish(struct hb_cwriter *w, struct hb_hash *root, struct hb_err *e) HB_MUSTUSE;
void hb_cwriter_free(struct hb_cwriter *w);

/* ---- reading ---- */
struct hb_creader;
struct hb_section {
    char name[HB_SECTION_NAME];
    enum hb_codec codec;
    uint64_t raw_bytes, stored_bytes;
    uint32_t first_chunk, n_chunks;
};
/* Open a file (random access): header, index and trailer are read and verified; chunks when they
 * are read. Errors: HB_ENOINPUT, HB_EFORMAT (wrong magic: says what it is; cut: says how many bytes
 * are missing), HB_EVERSION. */
int hb_creader_open(const char *path, const char magic[4], struct hb_creader **out,
                    struct hb_err *e) HB_MUSTUSE;
/* The same from a stream ("-" or a pipe): the content is verified as it passes and kept in an
 * unlinked temporary file or memory. Keeps nothing of fd. */
int hb_creader_open_stream(int fd, const char *name, const char magic[4], struct hb_creader **out,
                           struct hb_err *e) HB_MUSTUSE;
void hb_creader_free(struct hb_creader *r);
void hb_creader_root(const struct hb_creader *r, struct hb_hash *root);
/* HB_OK or HB_EFORMAT naming the section that is missing. */
int hb_creader_section(const struct hb_creader *r, const char *name, struct hb_section *s,
                       struct hb_err *e) HB_MUSTUSE;
int hb_creader_n_sections(const struct hb_creader *r);
void hb_creader_section_at(const struct hb_creader *r, int i, struct hb_section *s);
/* Raw bytes [offset, offset+n) of a section, verified chunk by chunk (the last chunk is kept, so
 * that forward reading costs each chunk once). Errors: HB_EFORMAT naming chunk and file offset. */
int hb_creader_read(struct hb_creader *r, const struct hb_section *s, uint64_t offset, void *buf,
                    size_t n, struct hb_err *e) HB_MUSTUSE;
/* Map a stored section; every chunk is verified first unless `verified` (the caller's parent has
 * done it and passed the root hash, which the caller has compared). The mapping lives until
 * hb_creader_free. */
int hb_creader_map(struct hb_creader *r, const struct hb_section *s, bool verified,
                   const void **out, struct hb_err *e) HB_MUSTUSE;
/* Verify every chunk. On damage HB_EFORMAT: "chunk 7 (section 'rows', bytes 123..456) …";
 * *bad_chunk, may be NULL, gets its number. */
int hb_creader_verify(struct hb_creader *r, uint32_t *bad_chunk, struct hb_err *e) HB_MUSTUSE;
uint32_t hb_creader_n_chunks(const struct hb_creader *r);

#endif
