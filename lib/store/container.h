/* container.h - the chunked, verified file behind .hba and .hbc. [store]
 *
 * man/hb-container.5 has the bytes.
 *
 *   header │ section record, chunks │ … │ index │ trailer with the root hash
 *
 * A file is a few named sections; a section is a run of chunks of HB_CHUNK_MAX raw bytes (the last
 * one is shorter), each with a record: place, raw and stored length, BLAKE2b-256 of the stored
 * bytes. A zstd chunk follows its record. The chunks of a stored section are contiguous and start
 * at a multiple of 4096, so that the section can be mapped; their records follow them, because the
 * writer streams and has their hashes only then. The index repeats all records: with it any chunk
 * is found and verified alone, in any order and in parallel. The root hash covers header and
 * index: equal roots, equal content. Nothing is handed out before its hash was compared; a pipe is
 * spooled first, for its index comes last. A file cannot make a reader allocate more than a small
 * multiple of its own size and HB_CHUNK_MAX.
 *
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
/* magic: 4 characters, "HBA1", "HBC1", "HBP1" or "HBS1"; name is for messages. Keeps fd (must stay open).
 * Returns owned; free with hb_cwriter_free. Errors: HB_EIO, HB_ENOMEM. After any error of a call
 * below the file is void. */
int hb_cwriter_new(int fd, const char *name, const char magic[4], struct hb_cwriter **out,
                   struct hb_err *e) HB_MUSTUSE;
/* Begin the next section. total_bytes is its raw length, known beforehand; the name has 1 to 15
 * printable characters and is new. HB_EINTERNAL when not, or when the last one is not complete. */
int hb_cwriter_section(struct hb_cwriter *w, const char *section, enum hb_codec codec,
                       int zstd_level, uint64_t total_bytes, struct hb_err *e) HB_MUSTUSE;
/* Append raw bytes to the section, any sizes. HB_EINTERNAL when it gets more than total_bytes. */
int hb_cwriter_put(struct hb_cwriter *w, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;
/* Compressing apart from writing: chunks know nothing of each other, so that several processes can
 * pack them and one writes what they packed, to the same bytes as hb_cwriter_put. */
struct hb_packer; /* returns owned; free with hb_packer_free. Errors: HB_ENOMEM */
int hb_packer_new(struct hb_packer **out, struct hb_err *e) HB_MUSTUSE;
void hb_packer_free(struct hb_packer *p);
/* Bytes that a chunk may have once it is packed. */
size_t hb_packed_max(void);
/* One chunk of n <= HB_CHUNK_MAX raw bytes into frame[hb_packed_max()], and its hash. */
int hb_pack(struct hb_packer *p, int zstd_level, const void *raw, size_t n, void *frame,
            size_t *len, struct hb_hash *hash, struct hb_err *e) HB_MUSTUSE;
/* Append the section's next whole chunk, packed at its level: raw_len bytes, the frame and its hash
 * as hb_pack gave them. HB_EINTERNAL when that is not the next chunk's length. */
int hb_cwriter_put_packed(struct hb_cwriter *w, size_t raw_len, const void *frame, size_t len,
                          const struct hb_hash *hash, struct hb_err *e) HB_MUSTUSE;
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
/* Open a file (random access): header, index, trailer and section records are read and verified;
 * chunks with the records before them when they are read. "-" and FIFOs are streams, see below.
 * Returns owned; free with hb_creader_free. Errors: HB_ENOINPUT, HB_EFORMAT (wrong magic: says what
 * it is; cut: says how many bytes are missing), HB_EVERSION. */
int hb_creader_open(const char *path, const char magic[4], struct hb_creader **out,
                    struct hb_err *e) HB_MUSTUSE;
/* The same from a stream: it is read to its end into an unlinked temporary file, then opened like a
 * file, chunks verified as they are read. A regular file is used as it is. Keeps nothing of fd. */
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
 * that forward reading costs each chunk once). buf is unspecified after an error: HB_EFORMAT naming
 * chunk and file offset, or when the section is shorter; HB_EIO; HB_ENOMEM. */
int hb_creader_read(struct hb_creader *r, const struct hb_section *s, uint64_t offset, void *buf,
                    size_t n, struct hb_err *e) HB_MUSTUSE;
/* Map a stored section; every chunk is verified first unless `verified` (the caller's parent has
 * done it and passed the root hash, which the caller has compared). The mapping lives until
 * hb_creader_free. */
int hb_creader_map(struct hb_creader *r, const struct hb_section *s, bool verified,
                   const void **out, struct hb_err *e) HB_MUSTUSE;
/* Verify every byte of the file: chunks against their hashes, records between them against the
 * index, padding. On damage HB_EFORMAT: "chunk 7 (section 'rows', bytes 123..456) …"; *bad_chunk,
 * may be NULL, gets its number, or that of the section's first chunk for damage between chunks. */
int hb_creader_verify(struct hb_creader *r, uint32_t *bad_chunk, struct hb_err *e) HB_MUSTUSE;
uint32_t hb_creader_n_chunks(const struct hb_creader *r);

#endif
