/* Any run description, betting tree and rows, put into a checkpoint with right checksums and, where
 * that can be, right hashes: refused, or every use of it stays in bounds and gives the same bytes.
 *
 * Input: u16 length of the description, u16 length of the tree image, u64 iterations, then the
 * description, the image, and rows that are repeated to the length the tree asks for. */
#define _XOPEN_SOURCE 700 /* mkstemp */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "run/export.h"
#include "run/generation.h"
#include "store/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 1 << 16 };

static void must(int ok)
{
    if (!ok)
        abort();
}

struct parts {
    struct hb_buf spec;
    void *tree; /* 8-aligned copy */
    size_t tree_len;
    int32_t *rows;
    uint64_t n_words, generation, iteration;
    struct hb_hash rows_hash, content;
};

/* Hashes that belong together, where description and tree are sound; false: too large to try. */
static bool repair(struct parts *p)
{
    struct hb_rd rd = hb_rd_over(p->spec.data, p->spec.len);
    struct hb_tree tree;
    struct hb_spec spec;
    struct hb_layout layout;
    struct hb_identity id;

    if (hb_spec_decode(&spec, &rd, NULL) != HB_OK ||
        hb_tree_image_view(&tree, p->tree, p->tree_len, NULL) != HB_OK)
        return true;
    for (uint32_t i = 0; i < tree.n_nodes; i++)
        if (tree.node[i].player >= HB_PLAYERS_MAX)
            return true;
    hb_tree_hash(&tree, &spec.tree);
    p->spec.len = 0;
    hb_spec_encode(&spec, &p->spec);
    if (hb_table_layout(&tree, &spec, &layout, NULL) != HB_OK)
        return true;
    if (layout.n_words > WORDS_MAX)
        return false;
    p->n_words = layout.n_words;
    p->generation = hb_round_number(&spec.params, p->iteration);
    hb_rows_hash(p->rows, p->n_words, &p->rows_hash);
    hb_spec_identity(&spec, &id);
    hb_content_hash(&id, p->iteration, &p->rows_hash, &p->content);
    return true;
}

static void put(struct hb_cwriter *w, const char *name, const void *p, size_t n)
{
    must(hb_cwriter_section(w, name, HB_CODEC_ZSTD, 1, n, NULL) == HB_OK);
    must(hb_cwriter_put(w, p, n, NULL) == HB_OK);
}

static void write_file(int fd, const struct parts *p)
{
    struct hb_cwriter *w = NULL;
    struct hb_buf meta = {0};
    struct hb_buf content = {0};
    struct hb_hash root;

    hb_buf_u32(&meta, HB_CHECKPOINT_VERSION);
    hb_buf_str(&meta, "fuzz");
    hb_buf_u64(&meta, p->generation);
    hb_buf_u64(&meta, p->iteration);
    hb_buf_u64(&meta, 1);
    hb_buf_put(&meta, p->spec.data, p->spec.len);
    hb_buf_put(&content, p->rows_hash.b, HB_HASH_BYTES);
    hb_buf_put(&content, p->content.b, HB_HASH_BYTES);
    must(!meta.failed && !content.failed);
    must(hb_cwriter_new(fd, "fuzz", HB_CHECKPOINT_MAGIC, &w, NULL) == HB_OK);
    put(w, "meta", meta.data, meta.len);
    put(w, "tree", p->tree, p->tree_len);
    put(w, "rows", p->rows, 4 * (size_t)p->n_words);
    put(w, "content", content.data, content.len);
    must(hb_cwriter_finish(w, &root, NULL) == HB_OK);
    hb_cwriter_free(w);
    hb_buf_fini(&meta);
    hb_buf_fini(&content);
}

/* It opened: everything else must work too. Buckets may be more than the deck has hands, then an
 * export says so. */
static void use(const char *path)
{
    struct hb_checkpoint c = {0};
    struct hb_generation g;
    struct hb_diff diff;
    struct hb_hash hash;
    struct hb_export_options o = {.street = -1};
    char table[64];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int rc;

    must(null >= 0 && hb_generation_open(path, &g, NULL) == HB_OK);
    must(hb_generation_diff(&g, &g, &diff, NULL) == HB_OK && hb_diff_same(&diff));
    rc = hb_export(&g, &o, null, "/dev/null", NULL);
    must(rc == HB_OK || rc == HB_EFORMAT || rc == HB_ELIMIT);
    hb_generation_close(&g);
    must(hb_checkpoint_open(path, &c, NULL) == HB_OK && hb_checkpoint_verify(&c, NULL) == HB_OK);
    (void)snprintf(table, sizeof table, "%s.table", path); /* fits */
    if (hb_checkpoint_restore(&c, table, NULL, 1, NULL) == HB_OK) {
        must(hb_generation_open(table, &g, NULL) == HB_OK);
        must(hb_generation_content(&g, &hash, NULL) == HB_OK);
        must(hb_hash_equal(&hash, &c.content));
        hb_generation_close(&g);
        must(unlink(table) == 0);
    }
    hb_checkpoint_close(&c);
    must(close(null) == 0);
}

static bool take(struct parts *p, const uint8_t *data, size_t size)
{
    struct hb_rd rd = hb_rd_over(data, size);
    size_t spec_len = hb_rd_u16(&rd);
    const uint8_t *at;

    p->tree_len = hb_rd_u16(&rd);
    p->iteration = hb_rd_u64(&rd) % (1u << 24);
    at = hb_rd_take(&rd, spec_len);
    if (at == NULL)
        return false;
    hb_buf_put(&p->spec, at, spec_len);
    at = hb_rd_take(&rd, p->tree_len);
    must(hb_mem_new(&p->tree, p->tree_len, 1, "tree", NULL) == HB_OK);
    must(hb_mem_new(&p->rows, WORDS_MAX, 4, "rows", NULL) == HB_OK);
    if (at == NULL || p->spec.failed)
        return false;
    memcpy(p->tree, at, p->tree_len);
    for (size_t i = 0; i < WORDS_MAX && rd.p + 4 <= rd.end; i++)
        p->rows[i] = (int32_t)hb_get_u32(rd.p + 4 * (i % (size_t)((rd.end - rd.p) / 4)));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32] = "/dev/shm/hb-fuzz-XXXXXX";
    struct parts p = {0};
    struct hb_checkpoint c = {0};
    int fd;

    if (take(&p, data, size) && repair(&p)) {
        if ((fd = mkstemp(path)) < 0) {
            (void)snprintf(path, sizeof path, "/tmp/hb-fuzz-XXXXXX"); /* fits */
            must((fd = mkstemp(path)) >= 0);
        }
        write_file(fd, &p);
        if (hb_checkpoint_open(path, &c, NULL) == HB_OK) {
            hb_checkpoint_close(&c);
            use(path);
        }
        must(close(fd) == 0 && unlink(path) == 0);
    }
    hb_buf_fini(&p.spec);
    hb_mem_free(p.tree);
    hb_mem_free(p.rows);
    return 0;
}
