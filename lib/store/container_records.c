#include "store/container_records.h"

#include <string.h>

#include "base/bytes.h"

uint32_t hb_crec_n_chunks(uint64_t raw_bytes)
{
    return (uint32_t)((raw_bytes + HB_CHUNK_MAX - 1) / HB_CHUNK_MAX);
}

uint32_t hb_crec_raw_len(uint64_t raw_bytes, uint32_t number)
{
    const uint64_t left = raw_bytes - (uint64_t)number * HB_CHUNK_MAX;

    return left < HB_CHUNK_MAX ? (uint32_t)left : HB_CHUNK_MAX;
}

uint64_t hb_crec_data_at(uint64_t at, uint32_t codec)
{
    at += HB_CREC_BYTES;
    if (codec == HB_CODEC_STORED)
        return (at + HB_CREC_PAGE - 1) / HB_CREC_PAGE * HB_CREC_PAGE;
    return at + HB_CREC_BYTES; /* behind the record of the first chunk */
}

/* 1 to 15 printable characters, then only zeros up to cap. */
bool hb_crec_name_ok(const char *name, size_t cap)
{
    size_t n = 0;

    while (n < cap && name[n] > 0x20 && name[n] < 0x7f)
        n++;
    if (n == 0 || n >= HB_SECTION_NAME || n >= cap)
        return false;
    for (size_t i = n; i < cap; i++)
        if (name[i] != '\0')
            return false;
    return true;
}

static bool all_zero(const uint8_t *p, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static void start(uint8_t *p, const char *tag)
{
    memset(p, 0, HB_CREC_BYTES);
    memcpy(p, tag, HB_CREC_TAG);
}

static bool is(const uint8_t *p, const char *tag)
{
    return memcmp(p, tag, HB_CREC_TAG) == 0;
}

void hb_crec_put_header(uint8_t p[HB_CREC_BYTES], const char magic[4])
{
    start(p, magic);
    hb_set_u32(p + 4, HB_CHUNK_MAX);
}

void hb_crec_put_section(uint8_t p[HB_CREC_BYTES], const struct hb_crec_section *s)
{
    start(p, "SECT");
    hb_set_u32(p + 4, s->number);
    memcpy(p + 8, s->name, HB_SECTION_NAME);
    hb_set_u32(p + 24, s->codec);
    hb_set_u32(p + 28, s->n_chunks);
    hb_set_u64(p + 32, s->raw_bytes);
}

bool hb_crec_get_section(const uint8_t p[HB_CREC_BYTES], struct hb_crec_section *s)
{
    if (!is(p, "SECT") || !all_zero(p, 40, HB_CREC_BYTES))
        return false;
    s->number = hb_get_u32(p + 4);
    memcpy(s->name, p + 8, HB_SECTION_NAME);
    s->codec = hb_get_u32(p + 24);
    s->n_chunks = hb_get_u32(p + 28);
    s->raw_bytes = hb_get_u64(p + 32);
    return s->number < HB_SECTIONS_MAX && hb_crec_name_ok(s->name, HB_SECTION_NAME) &&
           s->raw_bytes < (uint64_t)HB_CREC_CHUNKS_MAX * HB_CHUNK_MAX &&
           s->n_chunks == hb_crec_n_chunks(s->raw_bytes);
}

void hb_crec_put_chunk(uint8_t p[HB_CREC_BYTES], const struct hb_crec_chunk *c)
{
    start(p, "CHNK");
    hb_set_u32(p + 4, c->section);
    hb_set_u32(p + 8, c->number);
    hb_set_u32(p + 12, c->raw_len);
    hb_set_u32(p + 16, c->stored_len);
    hb_set_u64(p + 24, c->offset);
    memcpy(p + 32, c->hash.b, HB_HASH_BYTES);
}

bool hb_crec_get_chunk(const uint8_t p[HB_CREC_BYTES], struct hb_crec_chunk *c)
{
    if (!is(p, "CHNK") || !all_zero(p, 20, 24))
        return false;
    c->section = hb_get_u32(p + 4);
    c->number = hb_get_u32(p + 8);
    c->raw_len = hb_get_u32(p + 12);
    c->stored_len = hb_get_u32(p + 16);
    c->offset = hb_get_u64(p + 24);
    memcpy(c->hash.b, p + 32, HB_HASH_BYTES);
    return c->raw_len > 0 && c->raw_len <= HB_CHUNK_MAX && c->stored_len > 0 &&
           c->stored_len <= HB_CREC_STORED_MAX;
}

void hb_crec_put_index(uint8_t p[HB_CREC_BYTES], uint32_t n_sections, uint32_t n_chunks)
{
    start(p, "INDX");
    hb_set_u32(p + 4, n_sections);
    hb_set_u32(p + 8, n_chunks);
}

bool hb_crec_get_index(const uint8_t p[HB_CREC_BYTES], uint32_t *n_sections, uint32_t *n_chunks)
{
    if (!is(p, "INDX") || !all_zero(p, 12, HB_CREC_BYTES))
        return false;
    *n_sections = hb_get_u32(p + 4);
    *n_chunks = hb_get_u32(p + 8);
    return *n_sections <= HB_SECTIONS_MAX && *n_chunks <= HB_CREC_CHUNKS_MAX;
}

void hb_crec_put_trailer(uint8_t p[HB_CREC_BYTES], uint64_t index_offset, uint64_t file_bytes)
{
    start(p, "TRLR");
    hb_set_u64(p + 8, index_offset);
    hb_set_u64(p + 16, file_bytes);
}

bool hb_crec_get_trailer(const uint8_t p[HB_CREC_BYTES], uint64_t *index_offset,
                         uint64_t *file_bytes, struct hb_hash *root)
{
    if (!is(p, "TRLR") || !all_zero(p, 4, 8) || !all_zero(p, 24, 32))
        return false;
    *index_offset = hb_get_u64(p + 8);
    *file_bytes = hb_get_u64(p + 16);
    memcpy(root->b, p + HB_CREC_ROOTED, HB_HASH_BYTES);
    return true;
}

/* ---- what a file is ---- */

static const char *kind_of(const uint8_t *p)
{
    static const struct {
        char magic[5];
        uint8_t n;
        const char *kind;
    } known[] = {{"HBA", 3, "a bucket file"},
                 {"HBC", 3, "a checkpoint"},
                 {"HBP", 3, "a blueprint"},
                 {"HBS", 3, "a stage of a bucket build"},
                 {"HBF", 3, "a stream of frames"},
                 {"HBT", 3, "a table"},
                 {"\x28\xb5\x2f\xfd", 4, "a zstd file"},
                 {"\x1f\x8b", 2, "a gzip file"},
                 {"\x7f"
                  "ELF",
                  4, "a program"},
                 {"{", 1, "a JSON text"},
                 {"#!", 2, "a script"},
                 {"GAME", 4, "a game definition"}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (memcmp(p, known[i].magic, known[i].n) == 0)
            return known[i].kind;
    return NULL;
}

int hb_crec_check_magic(const char *name, const uint8_t *p, size_t n, const char magic[4],
                        struct hb_err *e)
{
    const char *want = kind_of((const uint8_t *)magic);
    const char *kind = n >= 4 ? kind_of(p) : NULL;

    want = want != NULL ? want : "a container";
    if (n >= 4 && memcmp(p, magic, 4) == 0)
        return HB_OK;
    if (n == 0)
        return hb_fail(e, HB_EFORMAT, "'%s' is empty, not %s", name, want);
    if (n >= 4 && memcmp(p, magic, 3) == 0)
        return hb_fail(e, HB_EVERSION, "'%s' is %s of version '%c', this program reads '%c'", name,
                       want, p[3] > 0x20 && p[3] < 0x7f ? (char)p[3] : '?', magic[3]);
    return hb_fail(e, HB_EFORMAT, "'%s' is %s%snot %s", name, kind != NULL ? kind : "",
                   kind != NULL ? ", " : "", want);
}
