/* Any container, its checksums put right: refused, or read in pieces, whole and mapped it gives the
 * same bytes, and written again it is the same content. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "reseal.h"
#include "store/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAGIC "HBC1"

enum { CONTENT_MAX = 1 << 24 }; /* a few bytes of zstd can promise gigabytes */

static void must(int ok)
{
    if (!ok)
        abort();
}

/* n zero bytes. */
static uint8_t *block(size_t n)
{
    uint8_t *p = NULL;

    must(hb_mem_new(&p, n, 1, "content", NULL) == HB_OK);
    return p;
}

/* The content of a section, or NULL when some of it is damaged. */
static uint8_t *content(struct hb_creader *r, const struct hb_section *s, size_t step)
{
    const size_t n = (size_t)s->raw_bytes;
    uint8_t *p = block(n);

    for (size_t at = 0; at < n; at += step)
        if (hb_creader_read(r, s, at, p + at, n - at < step ? n - at : step, NULL) != HB_OK) {
            hb_mem_free(p);
            return NULL;
        }
    return p;
}

/* Reading in pieces, at once and mapping agree; the bytes go to w. */
static int use_section(struct hb_creader *r, const struct hb_section *s, struct hb_cwriter *w)
{
    const size_t n = (size_t)s->raw_bytes;
    uint8_t *whole = content(r, s, n);
    uint8_t *pieces = content(r, s, n / 7 + 1);
    const void *mapped = NULL;
    int good = whole != NULL;

    must((whole != NULL) == (pieces != NULL));
    if (good) {
        must(memcmp(whole, pieces, n) == 0);
        if (s->codec == HB_CODEC_STORED)
            must(hb_creader_map(r, s, false, &mapped, NULL) == HB_OK &&
                 memcmp(whole, mapped, n) == 0);
        must(hb_cwriter_section(w, s->name, s->codec, 1, n, NULL) == HB_OK);
        must(hb_cwriter_put(w, whole, n, NULL) == HB_OK);
    }
    hb_mem_free(whole);
    hb_mem_free(pieces);
    return good;
}

static void same_content(struct hb_creader *a, struct hb_creader *b)
{
    must(hb_creader_verify(b, NULL, NULL) == HB_OK);
    must(hb_creader_n_sections(a) == hb_creader_n_sections(b));
    for (int i = 0; i < hb_creader_n_sections(a); i++) {
        struct hb_section s;
        struct hb_section t;
        uint8_t *p;
        uint8_t *q;

        hb_creader_section_at(a, i, &s);
        must(hb_creader_section(b, s.name, &t, NULL) == HB_OK && s.raw_bytes == t.raw_bytes);
        p = content(a, &s, 4096);
        q = content(b, &t, 100000);
        must(p != NULL && q != NULL && memcmp(p, q, (size_t)s.raw_bytes) == 0);
        hb_mem_free(p);
        hb_mem_free(q);
    }
}

static void use(struct hb_creader *r)
{
    FILE *f = tmpfile();
    struct hb_cwriter *w = NULL;
    struct hb_creader *again = NULL;
    struct hb_hash root;
    uint64_t total = 0;
    int good = 1;

    must(hb_creader_verify(r, NULL, NULL) <= 0); /* records between the chunks may differ */
    must(f != NULL && hb_cwriter_new(fileno(f), "again", MAGIC, &w, NULL) == HB_OK);
    for (int i = 0; good && i < hb_creader_n_sections(r); i++) {
        struct hb_section s;

        hb_creader_section_at(r, i, &s);
        total += s.raw_bytes;
        good = total <= CONTENT_MAX && use_section(r, &s, w);
    }
    if (good) {
        must(hb_cwriter_finish(w, &root, NULL) == HB_OK && lseek(fileno(f), 0, SEEK_SET) == 0);
        must(hb_creader_open_stream(fileno(f), "again", MAGIC, &again, NULL) == HB_OK);
        same_content(r, again);
    }
    hb_creader_free(again);
    hb_cwriter_free(w);
    (void)fclose(f); /* a temporary file */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_creader *r = NULL;
    struct hb_buf b = {0};
    FILE *f = tmpfile();

    hb_buf_put(&b, data, size);
    must(!b.failed && f != NULL);
    if (size > 0)
        reseal(b.data, b.len);
    must(hb_io_write_full(fileno(f), b.data, b.len, "file", NULL) == HB_OK);
    must(lseek(fileno(f), 0, SEEK_SET) == 0);
    if (hb_creader_open_stream(fileno(f), "file", MAGIC, &r, NULL) == HB_OK)
        use(r);
    hb_creader_free(r);
    hb_buf_fini(&b);
    (void)fclose(f); /* a temporary file */
    return 0;
}
