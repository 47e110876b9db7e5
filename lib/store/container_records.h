/* container_records.h - the 64-byte records of a container; man/hb-container.5 has the bytes.
 * store, pure; private to container_write.c, container_read.c and container_spool.c.
 *
 * Threads: any. */
#ifndef HB_STORE_CONTAINER_RECORDS_H
#define HB_STORE_CONTAINER_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/container.h"

#define HB_CREC_BYTES      64u
#define HB_CREC_TAG        4u
#define HB_CREC_ROOTED     32u /* bytes of the trailer that the root hash covers */
#define HB_CREC_PAGE       4096u
#define HB_CREC_CHUNKS_MAX (1u << 26) /* 256 TiB */
/* Stored bytes of a chunk: zstd's bound for incompressible data is below raw + raw/256 + 64. */
#define HB_CREC_STORED_MAX (HB_CHUNK_MAX + HB_CHUNK_MAX / 256 + 64u)

struct hb_crec_section {
    uint32_t number;
    char name[HB_SECTION_NAME];
    uint32_t codec; /* not yet known to be one of ours */
    uint32_t n_chunks;
    uint64_t raw_bytes;
};

struct hb_crec_chunk {
    uint32_t section;
    uint32_t number; /* within the section */
    uint32_t raw_len;
    uint32_t stored_len;
    uint64_t offset;
    struct hb_hash hash;
};

/* Chunks of a section of that many raw bytes (below HB_CREC_CHUNKS_MAX * HB_CHUNK_MAX). */
uint32_t hb_crec_n_chunks(uint64_t raw_bytes);
/* Raw bytes of chunk `number` of it. */
uint32_t hb_crec_raw_len(uint64_t raw_bytes, uint32_t number);
/* Where the first chunk's bytes of a section lie, whose record is at `at`. */
uint64_t hb_crec_data_at(uint64_t at, uint32_t codec);
bool hb_crec_name_ok(const char *name, size_t cap);
/* p[n] are the first bytes of a file, n may be 0: HB_OK when they begin with `magic`, else
 * HB_EVERSION or HB_EFORMAT, which says what `name` is instead. */
int hb_crec_check_magic(const char *name, const uint8_t *p, size_t n, const char magic[4],
                        struct hb_err *e) HB_MUSTUSE;

void hb_crec_put_header(uint8_t p[HB_CREC_BYTES], const char magic[4]);
void hb_crec_put_section(uint8_t p[HB_CREC_BYTES], const struct hb_crec_section *s);
void hb_crec_put_chunk(uint8_t p[HB_CREC_BYTES], const struct hb_crec_chunk *c);
void hb_crec_put_index(uint8_t p[HB_CREC_BYTES], uint32_t n_sections, uint32_t n_chunks);
/* The trailer without its root hash. */
void hb_crec_put_trailer(uint8_t p[HB_CREC_BYTES], uint64_t index_offset, uint64_t file_bytes);

/* False when it is not such a record, a byte without meaning is not 0, or a value cannot be. */
bool hb_crec_get_section(const uint8_t p[HB_CREC_BYTES], struct hb_crec_section *s);
bool hb_crec_get_chunk(const uint8_t p[HB_CREC_BYTES], struct hb_crec_chunk *c);
bool hb_crec_get_index(const uint8_t p[HB_CREC_BYTES], uint32_t *n_sections, uint32_t *n_chunks);
bool hb_crec_get_trailer(const uint8_t p[HB_CREC_BYTES], uint64_t *index_offset,
                         uint64_t *file_bytes, struct hb_hash *root);

#endif
