#include "store/checkpoint.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define ZSTD_LEVEL    1
#define META_MAX      (64u << 10) /* bytes; a full run description has about 5,000 */
#define CONTENT_BYTES ((size_t)2 * HB_HASH_BYTES)
#define COPY_STEP     ((size_t)1 << 20)
#define STEP_WORDS    (HB_CHUNK_MAX / 4) /* rows pass by in whole chunks */

/* ---- writing ---- */

static int put_section(struct hb_cwriter *w, const char *name, const void *p, size_t n,
                       struct hb_err *e)
{
    int rc = hb_cwriter_section(w, name, HB_CODEC_ZSTD, ZSTD_LEVEL, n, e);

    return rc == HB_OK ? hb_cwriter_put(w, p, n, e) : rc;
}

static int put_meta(struct hb_cwriter *w, const struct hb_table *t, uint64_t generation,
                    uint64_t iteration, struct hb_err *e)
{
    struct hb_buf b = {0};
    int rc;

    hb_buf_u32(&b, HB_CHECKPOINT_VERSION);
    hb_buf_str(&b, HB_VERSION);
    hb_buf_u64(&b, generation);
    hb_buf_u64(&b, iteration);
    hb_buf_u64(&b, t->live->part[0].nodes);
    hb_spec_encode(&t->spec, &b);
    if ((rc = hb_buf_check(&b, e)) == HB_OK)
        rc = put_section(w, "meta", b.data, b.len, e);
    hb_buf_fini(&b);
    return rc;
}

static int put_tree(struct hb_cwriter *w, const struct hb_table *t, struct hb_err *e)
{
    const size_t n = hb_tree_image_bytes(&t->tree);
    void *image = NULL;
    int rc;

    if ((rc = hb_mem_new(&image, n, 1, "the betting tree", e)) != HB_OK)
        return rc;
    hb_tree_image_write(&t->tree, image);
    rc = put_section(w, "tree", image, n, e);
    hb_mem_free(image);
    return rc;
}

/* ---- rows, by any number of processes ----
 *
 * A unit is a chunk, which is a block of the rows' hash as well. Writing, a process hashes and packs
 * it, and the parent puts the frames into the file in their order. Reading, a process puts the rows
 * into the table, and the parent gets their hash. */

_Static_assert(HB_CHUNK_MAX == HB_ROWS_BLOCK, "a chunk of rows is a block of their hash");

struct rows_job {
    const struct hb_table *table;
    struct hb_checkpoint *from; /* reading */
    struct hb_cwriter *to;      /* writing; the parent's */
    struct hb_packer *packer;   /* made by each process that writes when it gets its first chunk */
    struct hb_rows_hasher hasher; /* the parent's */
};

struct packed { /* result of a chunk to write; the frame follows */
    struct hb_hash block, frame;
};

static size_t chunk_words(uint64_t total, uint32_t unit)
{
    const uint64_t at = (uint64_t)unit * STEP_WORDS;

    return total - at < STEP_WORDS ? (size_t)(total - at) : STEP_WORDS;
}

/* A system that has no room for more processes still gets its checkpoint. */
static int open_pool(int n_processes, const struct hb_pool_work *work, struct hb_pool **out,
                     struct hb_err *e)
{
    if (n_processes > 1 && hb_pool_new(n_processes, work, out, NULL) == HB_OK)
        return HB_OK;
    return hb_pool_new(1, work, out, e);
}

static int run_job(struct rows_job *job, const struct hb_pool_work *work, int n_processes,
                   struct hb_hash *hash, struct hb_err *e)
{
    const uint64_t total = job->table->layout.n_words;
    const uint64_t n_units = (total + STEP_WORDS - 1) / STEP_WORDS;
    struct hb_pool *pool = NULL;
    int rc;

    if (n_processes == 0)
        n_processes = hb_os_cpus();
    if ((uint64_t)n_processes > n_units)
        n_processes = n_units > 0 ? (int)n_units : 1;
    if (n_units > UINT32_MAX)
        return hb_fail(e, HB_ELIMIT, "a table of %llu words is too large for one file",
                       (unsigned long long)total);
    hb_rows_hasher_init(&job->hasher);
    if ((rc = open_pool(n_processes, work, &pool, e)) == HB_OK)
        rc = hb_pool_run(pool, 0, (uint32_t)n_units, NULL, NULL, e);
    hb_pool_free(pool);
    hb_rows_hasher_done(&job->hasher, hash);
    return rc;
}

static int pack_unit(void *ctx, uint32_t number, uint32_t unit, void *result, size_t *len,
                     struct hb_err *e)
{
    struct rows_job *job = ctx;
    const int32_t *rows = job->table->rows + (uint64_t)unit * STEP_WORDS;
    const size_t n = 4 * chunk_words(job->table->layout.n_words, unit);
    struct packed *p = result;
    size_t frame_len = 0;
    int rc;

    (void)number;
    if (job->packer == NULL && (rc = hb_packer_new(&job->packer, e)) != HB_OK)
        return rc;
    hb_hash_of(rows, n, &p->block);
    rc = hb_pack(job->packer, ZSTD_LEVEL, rows, n, p + 1, &frame_len, &p->frame, e);
    *len = sizeof *p + frame_len;
    return rc;
}

static int put_unit(void *ctx, uint32_t number, uint32_t unit, const void *result, size_t len,
                    struct hb_err *e)
{
    struct rows_job *job = ctx;
    const struct packed *p = result;

    (void)number;
    hb_rows_hasher_put_block(&job->hasher, &p->block);
    return hb_cwriter_put_packed(job->to, 4 * chunk_words(job->table->layout.n_words, unit), p + 1,
                                 len - sizeof *p, &p->frame, e);
}

static int put_rows(struct hb_cwriter *w, const struct hb_table *t, int n_processes,
                    struct hb_hash *hash, struct hb_err *e)
{
    struct rows_job job = {.table = t, .to = w};
    const struct hb_pool_work work = {.ctx = &job,
                                      .result_max = sizeof(struct packed) + hb_packed_max(),
                                      .unit = pack_unit,
                                      .take = put_unit};
    int rc = hb_cwriter_section(w, "rows", HB_CODEC_ZSTD, ZSTD_LEVEL, 4 * t->layout.n_words, e);

    if (rc == HB_OK)
        rc = run_job(&job, &work, n_processes, hash, e);
    hb_packer_free(job.packer); /* of a pool without children */
    return rc;
}

static int put_content(struct hb_cwriter *w, const struct hb_hash *rows,
                       const struct hb_hash *content, struct hb_err *e)
{
    uint8_t raw[CONTENT_BYTES];

    memcpy(raw, rows->b, HB_HASH_BYTES);
    memcpy(raw + HB_HASH_BYTES, content->b, HB_HASH_BYTES);
    return put_section(w, "content", raw, sizeof raw, e);
}

int hb_checkpoint_write(const struct hb_table *t, int fd, const char *name, int n_processes,
                        struct hb_hash *content, struct hb_err *e)
{
    struct hb_cwriter *w = NULL;
    struct hb_hash rows;
    struct hb_hash hash;
    struct hb_hash root;
    uint64_t generation;
    uint64_t iteration;
    int rc;

    if ((rc = hb_table_clean(t, &generation, &iteration, e)) != HB_OK ||
        (rc = hb_cwriter_new(fd, name, HB_CHECKPOINT_MAGIC, &w, e)) != HB_OK)
        return rc;
    if ((rc = put_meta(w, t, generation, iteration, e)) != HB_OK ||
        (rc = put_tree(w, t, e)) != HB_OK || (rc = put_rows(w, t, n_processes, &rows, e)) != HB_OK)
        goto out;
    hb_content_hash(&t->id, iteration, &rows, &hash);
    if ((rc = put_content(w, &rows, &hash, e)) == HB_OK)
        rc = hb_cwriter_finish(w, &root, e);
    if (rc == HB_OK && content != NULL)
        *content = hash;
out:
    hb_cwriter_free(w);
    return rc;
}

int hb_checkpoint_save(const struct hb_table *t, const char *path, int n_processes,
                       struct hb_hash *content, struct hb_err *e)
{
    struct hb_atomic file;
    int rc;

    if ((rc = hb_atomic_open(path, &file, e)) != HB_OK)
        return rc;
    if ((rc = hb_checkpoint_write(t, file.fd, path, n_processes, content, e)) != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    return hb_atomic_commit(&file, e);
}

/* ---- reading ---- */

/* A whole section into a new block, owned by the caller. */
static int take_section(struct hb_creader *r, const char *name, void **out, size_t *len,
                        struct hb_err *e)
{
    struct hb_section s;
    void *p = NULL;
    int rc;

    if ((rc = hb_creader_section(r, name, &s, e)) != HB_OK)
        return rc;
    if (s.raw_bytes > SIZE_MAX)
        return hb_fail(e, HB_ENOMEM, "section '%s' does not fit the memory", name);
    if ((rc = hb_mem_new(&p, (size_t)s.raw_bytes, 1, name, e)) != HB_OK)
        return rc;
    if ((rc = hb_creader_read(r, &s, 0, p, (size_t)s.raw_bytes, e)) != HB_OK) {
        hb_mem_free(p);
        return rc;
    }
    *out = p;
    *len = (size_t)s.raw_bytes;
    return HB_OK;
}

static int decode_meta(struct hb_checkpoint *c, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd rd = hb_rd_over(p, n);
    uint32_t version = hb_rd_u32(&rd);
    int rc;

    if (!rd.bad && version != HB_CHECKPOINT_VERSION)
        return hb_fail(e, HB_EVERSION, "checkpoint of version %u; this hb reads %d", version,
                       HB_CHECKPOINT_VERSION);
    hb_rd_str(&rd, c->writer, sizeof c->writer);
    c->generation = hb_rd_u64(&rd);
    c->iteration = hb_rd_u64(&rd);
    c->nodes = hb_rd_u64(&rd);
    if ((rc = hb_spec_decode(&c->spec, &rd, e)) != HB_OK) /* to the end of the section */
        return rc;
    if (hb_round_number(&c->spec.params, c->iteration) != c->generation)
        return hb_fail(e, HB_EFORMAT, "iteration %llu is not where its generation %llu begins",
                       (unsigned long long)c->iteration, (unsigned long long)c->generation);
    return HB_OK;
}

static int read_meta(struct hb_checkpoint *c, struct hb_err *e)
{
    struct hb_section s;
    void *raw = NULL;
    size_t len = 0;
    int rc;

    if ((rc = hb_creader_section(c->file, "meta", &s, e)) != HB_OK)
        return rc;
    if (s.raw_bytes > META_MAX)
        return hb_fail(e, HB_EFORMAT, "section 'meta' has %llu bytes, at most %u are possible",
                       (unsigned long long)s.raw_bytes, META_MAX);
    if ((rc = take_section(c->file, "meta", &raw, &len, e)) != HB_OK)
        return rc;
    rc = decode_meta(c, raw, len, e);
    hb_mem_free(raw);
    return rc;
}

/* Every row that the tree can ask for must exist under these rules. */
static bool tree_fits(const struct hb_tree *t, const struct hb_spec *s)
{
    if (t->n_players != (uint32_t)s->rules.n_players)
        return false;
    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (t->node[i].street >= s->rules.deck.n_streets || t->node[i].player >= t->n_players)
            return false;
    return true;
}

static int read_tree(struct hb_checkpoint *c, struct hb_err *e)
{
    struct hb_hash hash;
    size_t len;
    int rc;

    if ((rc = take_section(c->file, "tree", &c->tree_image, &len, e)) != HB_OK ||
        (rc = hb_tree_image_view(&c->tree, c->tree_image, len, e)) != HB_OK)
        return rc;
    hb_tree_hash(&c->tree, &hash);
    if (!hb_hash_equal(&hash, &c->spec.tree) || !tree_fits(&c->tree, &c->spec))
        return hb_fail(e, HB_EFORMAT, "its betting tree and its run description differ");
    return HB_OK;
}

/* Offsets of the nodes inside a bucket: in order of the nodes of a street and player. */
static int place_rows(struct hb_checkpoint *c, struct hb_err *e)
{
    uint32_t next[HB_STREETS][HB_PLAYERS_MAX] = {{0}};
    int rc;

    if ((rc = hb_table_layout(&c->tree, &c->spec, &c->layout, e)) != HB_OK ||
        (rc = hb_creader_section(c->file, "rows", &c->rows, e)) != HB_OK ||
        (rc = hb_mem_new(&c->node_row, c->tree.n_nodes, sizeof *c->node_row, "row offsets", e)) !=
            HB_OK)
        return rc;
    if (c->rows.raw_bytes != 4 * c->layout.n_words)
        return hb_fail(e, HB_EFORMAT, "it has %llu bytes of rows, its tree needs %llu",
                       (unsigned long long)c->rows.raw_bytes,
                       (unsigned long long)(4 * c->layout.n_words));
    for (uint32_t i = 0; i < c->tree.n_nodes; i++) {
        const struct hb_node *n = &c->tree.node[i];

        c->node_row[i] = next[n->street][n->player];
        next[n->street][n->player] += HB_ROW_HEAD + 2u * (uint32_t)n->n_actions;
    }
    return HB_OK;
}

/* The content hash follows from what is in meta and the hash of the rows. */
static int read_content(struct hb_checkpoint *c, struct hb_err *e)
{
    uint8_t raw[CONTENT_BYTES];
    struct hb_section s;
    struct hb_hash want;
    int rc;

    if ((rc = hb_creader_section(c->file, "content", &s, e)) != HB_OK)
        return rc;
    if (s.raw_bytes != sizeof raw)
        return hb_fail(e, HB_EFORMAT, "section 'content' has %llu bytes, not %zu",
                       (unsigned long long)s.raw_bytes, sizeof raw);
    if ((rc = hb_creader_read(c->file, &s, 0, raw, sizeof raw, e)) != HB_OK)
        return rc;
    memcpy(c->rows_hash.b, raw, HB_HASH_BYTES);
    memcpy(c->content.b, raw + HB_HASH_BYTES, HB_HASH_BYTES);
    hb_spec_identity(&c->spec, &c->id);
    hb_content_hash(&c->id, c->iteration, &c->rows_hash, &want);
    if (!hb_hash_equal(&want, &c->content))
        return hb_fail(e, HB_EFORMAT, "its content hash does not belong to its run description");
    return HB_OK;
}

/* Everything but the rows, once the file is open. */
static int read_head(struct hb_checkpoint *c, struct hb_err *e)
{
    int rc;

    if ((rc = read_meta(c, e)) != HB_OK || (rc = read_tree(c, e)) != HB_OK ||
        (rc = place_rows(c, e)) != HB_OK)
        return rc;
    return read_content(c, e);
}

int hb_checkpoint_find(const char *given, char room[HB_PATH_MAX], const char **file,
                       struct hb_err *e)
{
    static const char newest[] = HB_CHECKPOINT_FOLDER "/" HB_CHECKPOINT_LATEST;
    size_t n = strlen(given);
    struct stat st;

    *file = given;
    if (strcmp(given, "-") == 0 || stat(given, &st) != 0 || !S_ISDIR(st.st_mode))
        return HB_OK;
    while (n > 1 && given[n - 1] == '/')
        n--; /* for messages */
    if (n + sizeof newest >= HB_PATH_MAX)
        return hb_fail(e, HB_ENOINPUT, "the path of '%.64s...' is too long", given);
    (void)snprintf(room, HB_PATH_MAX, "%.*s/%s", (int)n, given, newest); /* fits */
    if (lstat(room, &st) != 0)
        return hb_fail(e, HB_ENOINPUT,
                       "cannot read '%s': it is a folder without %s, so not that of a run; name a "
                       "file in it",
                       given, newest);
    *file = room;
    return HB_OK;
}

int hb_checkpoint_open(const char *path, struct hb_checkpoint *c, struct hb_err *e)
{
    char room[HB_PATH_MAX];
    const char *file;
    int rc;

    memset(c, 0, sizeof *c);
    if ((rc = hb_checkpoint_find(path, room, &file, e)) != HB_OK ||
        (rc = hb_creader_open(file, HB_CHECKPOINT_MAGIC, &c->file, e)) != HB_OK)
        return rc;
    if ((rc = read_head(c, e)) != HB_OK) {
        hb_checkpoint_close(c);
        return hb_context_name(e, rc, "checkpoint",
                               strcmp(file, "-") == 0 ? "standard input" : file);
    }
    return HB_OK;
}

void hb_checkpoint_close(struct hb_checkpoint *c)
{
    hb_creader_free(c->file);
    hb_mem_free(c->tree_image);
    hb_mem_free(c->node_row);
    memset(c, 0, sizeof *c);
}

int hb_checkpoint_words(struct hb_checkpoint *c, uint64_t at, int32_t *out, size_t n,
                        struct hb_err *e)
{
    if (at > c->layout.n_words || n > c->layout.n_words - at)
        return hb_fail(e, HB_EUSAGE, "words %llu and %zu more of %llu", (unsigned long long)at, n,
                       (unsigned long long)c->layout.n_words);
    return hb_creader_read(c->file, &c->rows, 4 * at, out, 4 * n, e);
}

uint64_t hb_checkpoint_row_at(const struct hb_checkpoint *c, uint32_t node, uint32_t bucket)
{
    const struct hb_node *n = &c->tree.node[node];

    return c->layout.base[n->street][n->player] +
           (uint64_t)bucket * c->layout.stride[n->street][n->player] + c->node_row[node];
}

int hb_checkpoint_row(struct hb_checkpoint *c, uint32_t node, uint32_t bucket, int32_t *out,
                      struct hb_err *e)
{
    if (node >= c->tree.n_nodes || bucket >= c->spec.street[c->tree.node[node].street].n_buckets)
        return hb_fail(e, HB_EUSAGE, "there is no information set (node %u, bucket %u)", node,
                       bucket);
    return hb_checkpoint_words(c, hb_checkpoint_row_at(c, node, bucket), out,
                               HB_ROW_HEAD + 2 * (size_t)c->tree.node[node].n_actions, e);
}

static int check_rows_hash(const struct hb_checkpoint *c, const struct hb_hash *rows,
                           struct hb_err *e)
{
    if (!hb_hash_equal(rows, &c->rows_hash))
        return hb_fail(e, HB_EFORMAT, "the rows are not those of its content hash");
    return HB_OK;
}

int hb_checkpoint_content(struct hb_checkpoint *c, struct hb_hash *out, struct hb_err *e)
{
    const uint64_t total = c->layout.n_words;
    struct hb_rows_hasher h;
    struct hb_hash rows;
    int32_t *block = NULL;
    int rc = hb_mem_new(&block, STEP_WORDS, sizeof *block, "a block of rows", e);

    hb_rows_hasher_init(&h);
    for (uint64_t at = 0; rc == HB_OK && at < total; at += STEP_WORDS) {
        size_t n = total - at < STEP_WORDS ? (size_t)(total - at) : STEP_WORDS;

        if ((rc = hb_checkpoint_words(c, at, block, n, e)) == HB_OK)
            hb_rows_hasher_put(&h, block, n);
    }
    hb_mem_free(block);
    hb_rows_hasher_done(&h, &rows);
    if (rc == HB_OK)
        rc = check_rows_hash(c, &rows, e);
    if (rc == HB_OK && out != NULL)
        *out = c->content; /* follows from the hash of the rows, see read_content */
    return rc;
}

int hb_checkpoint_verify(struct hb_checkpoint *c, struct hb_err *e)
{
    int rc = hb_creader_verify(c->file, NULL, e);

    return rc == HB_OK ? hb_checkpoint_content(c, NULL, e) : rc;
}

/* ---- from a stream into a file ---- */

static int copy_stream(int from, const char *name, const struct hb_atomic *to, struct hb_err *e)
{
    uint8_t *buf = NULL;
    size_t got;
    int rc = hb_mem_new(&buf, COPY_STEP, 1, "a buffer", e);

    while (rc == HB_OK && (rc = hb_io_read_some(from, buf, COPY_STEP, &got, name, e)) == HB_OK)
        rc = hb_io_write_full(to->fd, buf, got, to->path, e);
    hb_mem_free(buf);
    if (rc == HB_AGAIN)
        return hb_fail(e, HB_EIO, "cannot read '%s': it is in non-blocking mode", name);
    if (rc == HB_EOF && lseek(to->fd, 0, SEEK_SET) != 0) /* it is read from its start next */
        return hb_fail_sys(e, HB_EIO, "cannot rewind '%s'", to->path);
    return rc == HB_EOF ? HB_OK : rc;
}

int hb_checkpoint_receive(int fd, const char *name, const char *path, struct hb_hash *content,
                          struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    struct hb_atomic file;
    int rc;

    if ((rc = hb_atomic_open(path, &file, e)) != HB_OK)
        return rc;
    if ((rc = copy_stream(fd, name, &file, e)) == HB_OK &&
        (rc = hb_creader_open_stream(file.fd, name, HB_CHECKPOINT_MAGIC, &c.file, e)) == HB_OK &&
        ((rc = read_head(&c, e)) != HB_OK || (rc = hb_checkpoint_verify(&c, e)) != HB_OK))
        rc = hb_context_name(e, rc, "checkpoint", name);
    if (rc == HB_OK && content != NULL)
        *content = c.content;
    hb_checkpoint_close(&c);
    if (rc == HB_OK)
        return hb_atomic_commit(&file, e);
    hb_atomic_abort(&file);
    return rc;
}

/* ---- into a table ---- */

static int load_unit(void *ctx, uint32_t number, uint32_t unit, void *result, size_t *len,
                     struct hb_err *e)
{
    struct rows_job *job = ctx;
    const uint64_t at = (uint64_t)unit * STEP_WORDS;
    const size_t n = chunk_words(job->table->layout.n_words, unit);
    int rc = hb_checkpoint_words(job->from, at, job->table->rows + at, n, e);

    (void)number;
    if (rc != HB_OK)
        return rc;
    hb_hash_of(job->table->rows + at, 4 * n, result);
    *len = sizeof(struct hb_hash);
    return HB_OK;
}

static int hash_unit(void *ctx, uint32_t number, uint32_t unit, const void *result, size_t len,
                     struct hb_err *e)
{
    struct rows_job *job = ctx;

    (void)number;
    (void)unit;
    (void)len;
    (void)e;
    hb_rows_hasher_put_block(&job->hasher, result);
    return HB_OK;
}

static int fill(struct hb_checkpoint *c, struct hb_table *t, int n_processes, struct hb_err *e)
{
    struct rows_job job = {.table = t, .from = c};
    const struct hb_pool_work work = {
        .ctx = &job, .result_max = sizeof(struct hb_hash), .unit = load_unit, .take = hash_unit};
    struct hb_hash rows;
    int rc = run_job(&job, &work, n_processes, &rows, e);

    return rc == HB_OK ? check_rows_hash(c, &rows, e) : rc;
}

int hb_checkpoint_load(struct hb_checkpoint *c, struct hb_table *t, int n_processes,
                       struct hb_err *e)
{
    int rc;

    if ((rc = hb_identity_match(&t->id, "the table", &c->id, "the checkpoint", e)) != HB_OK)
        return rc;
    hb_table_set(t, HB_TABLE_VOID, 0, 0, 0);
    if ((rc = fill(c, t, n_processes, e)) != HB_OK)
        return rc;
    hb_table_set(t, HB_TABLE_CLEAN, c->generation, c->iteration, c->nodes);
    return HB_OK;
}

static int restore_into(struct hb_checkpoint *c, const struct hb_atomic *file,
                        const struct hb_spec *spec, int n_parts, struct hb_err *e)
{
    struct hb_tablefile f = {0};
    int rc = hb_tablefile_make(file->fd, file->path, &c->tree, spec, n_parts, &f, e);

    if (rc == HB_OK)
        rc = hb_checkpoint_load(c, &f.table, 0, e); /* a mapped file is shared */
    hb_tablefile_close(&f);
    return rc;
}

int hb_checkpoint_restore(struct hb_checkpoint *c, const char *path, const char *buckets_path,
                          int n_parts, struct hb_err *e)
{
    struct hb_spec spec = c->spec;
    struct hb_atomic file;
    int rc;

    if (buckets_path != NULL && strlen(buckets_path) >= sizeof spec.buckets_path)
        return hb_fail(e, HB_ELIMIT, "the path '%.60s…' has more than %zu bytes", buckets_path,
                       sizeof spec.buckets_path - 1);
    if (buckets_path != NULL)
        (void)snprintf(spec.buckets_path, sizeof spec.buckets_path, "%s", buckets_path); /* fits */
    if ((rc = hb_atomic_open(path, &file, e)) != HB_OK)
        return rc;
    if ((rc = restore_into(c, &file, &spec, n_parts, e)) != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    return hb_atomic_commit(&file, e);
}
