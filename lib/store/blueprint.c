#include "store/blueprint.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"

#define ZSTD_LEVEL 1
#define META_MAX   (64u << 10) /* bytes; a full run description has about 5,000 */

/* ---- quantising ---- */

struct given { /* an action that got one of those that were left */
    int64_t remainder;
    unsigned action;
};

/* Largest remainders first, the first action first among equals. */
static bool is_behind(int64_t ra, unsigned a, const struct given *last)
{
    return ra < last->remainder || (ra == last->remainder && a > last->action);
}

/* Give one each to the n_left actions with the largest remainders. Rows are short; a pass for each
 * one that is left costs less than sorting. */
static void give_rest(const int32_t *sum, unsigned n, int64_t total, unsigned n_left,
                      uint16_t *prob)
{
    struct given last = {INT64_MAX, 0};

    for (; n_left > 0; n_left--) {
        struct given best = {-1, 0};

        for (unsigned a = 0; a < n; a++) {
            int64_t share = sum[a] > 0 ? sum[a] : 0;
            int64_t remainder = share * HB_BLUEPRINT_ONE % total;

            if (remainder > best.remainder && is_behind(remainder, a, &last))
                best = (struct given){remainder, a};
        }
        prob[best.action]++;
        last = best;
    }
}

void hb_blueprint_quantise(const int32_t *sum, unsigned n, uint16_t *prob)
{
    int64_t total = 0;
    unsigned left = HB_BLUEPRINT_ONE;

    for (unsigned a = 0; a < n; a++)
        total += sum[a] > 0 ? sum[a] : 0;
    if (total == 0) { /* never visited: uniform, the rest to the first ones */
        for (unsigned a = 0; a < n; a++)
            prob[a] = (uint16_t)(HB_BLUEPRINT_ONE / n + (a < HB_BLUEPRINT_ONE % n));
        return;
    }
    for (unsigned a = 0; a < n; a++) {
        prob[a] = (uint16_t)((sum[a] > 0 ? (int64_t)sum[a] : 0) * HB_BLUEPRINT_ONE / total);
        left -= prob[a];
    }
    give_rest(sum, n, total, left, prob);
}

/* ---- writing ---- */

static int put_section(struct hb_cwriter *w, const char *name, enum hb_codec codec, const void *p,
                       size_t n, struct hb_err *e)
{
    int rc = hb_cwriter_section(w, name, codec, ZSTD_LEVEL, n, e);

    return rc == HB_OK ? hb_cwriter_put(w, p, n, e) : rc;
}

static int put_meta(struct hb_cwriter *w, const struct hb_blueprint_source *s, struct hb_err *e)
{
    struct hb_buf b = {0};
    int rc;

    hb_buf_u32(&b, HB_BLUEPRINT_VERSION);
    hb_buf_str(&b, HB_VERSION);
    hb_buf_u64(&b, s->generation);
    hb_buf_u64(&b, s->iteration);
    hb_buf_put(&b, s->content.b, HB_HASH_BYTES);
    hb_spec_encode(s->spec, &b);
    if ((rc = hb_buf_check(&b, e)) == HB_OK)
        rc = put_section(w, "meta", HB_CODEC_ZSTD, b.data, b.len, e);
    hb_buf_fini(&b);
    return rc;
}

static int put_tree(struct hb_cwriter *w, const struct hb_tree *t, struct hb_err *e)
{
    const size_t n = hb_tree_image_bytes(t);
    void *image = NULL;
    int rc;

    if ((rc = hb_mem_new(&image, n, 1, "the betting tree", e)) != HB_OK)
        return rc;
    hb_tree_image_write(t, image);
    rc = put_section(w, "tree", HB_CODEC_STORED, image, n, e);
    hb_mem_free(image);
    return rc;
}

/* Rows of a table that belong to one street and player, on their way into the strategy. */
struct crossing {
    const struct hb_blueprint_source *s;
    struct hb_cwriter *w;
    int street, player;
    uint32_t n_actions_max;
    int32_t *row;   /* the longest row */
    uint16_t *prob; /* of the longest row */
    uint8_t *raw;   /* the same, little-endian */
};

static int cross_row(struct crossing *x, uint64_t at, unsigned n, struct hb_err *e)
{
    int rc = x->s->words(x->s->ctx, at, x->row, HB_ROW_HEAD + 2 * (size_t)n, e);

    if (rc != HB_OK)
        return rc;
    hb_blueprint_quantise(x->row + HB_ROW_HEAD + n, n, x->prob);
    for (unsigned a = 0; a < n; a++)
        hb_set_u16(x->raw + 2 * (size_t)a, x->prob[a]);
    return hb_cwriter_put(x->w, x->raw, 2 * (size_t)n, e);
}

static int cross_bucket(struct crossing *x, uint64_t at, struct hb_err *e)
{
    const struct hb_tree *t = x->s->tree;

    for (uint32_t i = 0; i < t->n_nodes; i++) {
        unsigned n = t->node[i].n_actions;
        int rc;

        if (t->node[i].street != x->street || t->node[i].player != x->player)
            continue;
        if ((rc = cross_row(x, at, n, e)) != HB_OK)
            return rc;
        at += HB_ROW_HEAD + 2u * n;
    }
    return HB_OK;
}

/* Actions of one bucket of each street and player, and the longest row. */
static uint32_t count_actions(const struct hb_tree *t, uint64_t stride[HB_STREETS][HB_PLAYERS_MAX])
{
    uint32_t longest = 0;

    memset(stride, 0, sizeof(uint64_t) * HB_STREETS * HB_PLAYERS_MAX);
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct hb_node *n = &t->node[i];

        stride[n->street][n->player] += n->n_actions;
        longest = n->n_actions > longest ? n->n_actions : longest;
    }
    return longest;
}

/* Bytes of the whole strategy: less than those of the rows of a table, which fit. */
static uint64_t strategy_bytes(const struct hb_spec *s, uint64_t stride[HB_STREETS][HB_PLAYERS_MAX])
{
    uint64_t n = 0;

    for (int street = 0; street < HB_STREETS; street++)
        for (int player = 0; player < HB_PLAYERS_MAX; player++)
            n += 2 * stride[street][player] * s->street[street].n_buckets;
    return n;
}

static int cross_all(struct crossing *x, uint64_t stride[HB_STREETS][HB_PLAYERS_MAX],
                     struct hb_err *e)
{
    const struct hb_layout *l = x->s->layout;
    int rc = HB_OK;

    for (x->street = 0; x->street < HB_STREETS; x->street++)
        for (x->player = 0; x->player < HB_PLAYERS_MAX; x->player++) {
            uint32_t n =
                stride[x->street][x->player] > 0 ? x->s->spec->street[x->street].n_buckets : 0;

            for (uint32_t bucket = 0; bucket < n && rc == HB_OK; bucket++)
                rc = cross_bucket(
                    x, l->base[x->street][x->player] + bucket * l->stride[x->street][x->player], e);
        }
    return rc;
}

static int put_strategy(struct hb_cwriter *w, const struct hb_blueprint_source *s, struct hb_err *e)
{
    uint64_t stride[HB_STREETS][HB_PLAYERS_MAX];
    const size_t longest = count_actions(s->tree, stride);
    struct crossing x = {.s = s, .w = w};
    int rc;

    if ((rc = hb_cwriter_section(w, "strategy", HB_CODEC_STORED, ZSTD_LEVEL,
                                 strategy_bytes(s->spec, stride), e)) != HB_OK)
        return rc;
    if ((rc = hb_mem_new(&x.row, HB_ROW_HEAD + 2 * longest, sizeof *x.row, "a row", e)) == HB_OK &&
        (rc = hb_mem_new(&x.prob, longest, sizeof *x.prob, "a row", e)) == HB_OK &&
        (rc = hb_mem_new(&x.raw, longest, 2, "a row", e)) == HB_OK)
        rc = cross_all(&x, stride, e);
    hb_mem_free(x.row);
    hb_mem_free(x.prob);
    hb_mem_free(x.raw);
    return rc;
}

int hb_blueprint_write(const struct hb_blueprint_source *s, int fd, const char *name,
                       struct hb_err *e)
{
    struct hb_cwriter *w = NULL;
    struct hb_hash root;
    int rc;

    if ((rc = hb_cwriter_new(fd, name, HB_BLUEPRINT_MAGIC, &w, e)) != HB_OK)
        return rc;
    if ((rc = put_meta(w, s, e)) == HB_OK && (rc = put_tree(w, s->tree, e)) == HB_OK &&
        (rc = put_strategy(w, s, e)) == HB_OK)
        rc = hb_cwriter_finish(w, &root, e);
    hb_cwriter_free(w);
    return rc;
}

int hb_blueprint_save(const struct hb_blueprint_source *s, const char *path, struct hb_err *e)
{
    struct hb_atomic file;
    int rc;

    if ((rc = hb_atomic_open(path, &file, e)) != HB_OK)
        return rc;
    if ((rc = hb_blueprint_write(s, file.fd, path, e)) != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    return hb_atomic_commit(&file, e);
}

/* ---- reading ---- */

static int decode_meta(struct hb_blueprint *b, const void *p, size_t n, struct hb_err *e)
{
    struct hb_rd rd = hb_rd_over(p, n);
    uint32_t version = hb_rd_u32(&rd);
    const uint8_t *hash;

    if (!rd.bad && version != HB_BLUEPRINT_VERSION)
        return hb_fail(e, HB_EVERSION, "blueprint of version %u; this hb reads %d", version,
                       HB_BLUEPRINT_VERSION);
    hb_rd_str(&rd, b->writer, sizeof b->writer);
    b->generation = hb_rd_u64(&rd);
    b->iteration = hb_rd_u64(&rd);
    if ((hash = hb_rd_take(&rd, HB_HASH_BYTES)) != NULL)
        memcpy(b->content.b, hash, HB_HASH_BYTES);
    return hb_spec_decode(&b->spec, &rd, e); /* to the end of the section */
}

static int read_meta(struct hb_blueprint *b, struct hb_err *e)
{
    struct hb_section s;
    uint8_t *raw = NULL;
    int rc;

    if ((rc = hb_creader_section(b->file, "meta", &s, e)) != HB_OK)
        return rc;
    if (s.raw_bytes > META_MAX)
        return hb_fail(e, HB_EFORMAT, "section 'meta' has %llu bytes, at most %u are possible",
                       (unsigned long long)s.raw_bytes, META_MAX);
    if ((rc = hb_mem_new(&raw, (size_t)s.raw_bytes, 1, "section 'meta'", e)) != HB_OK)
        return rc;
    if ((rc = hb_creader_read(b->file, &s, 0, raw, (size_t)s.raw_bytes, e)) == HB_OK)
        rc = decode_meta(b, raw, (size_t)s.raw_bytes, e);
    hb_mem_free(raw);
    return rc;
}

/* Every row that the tree can ask for must exist under these rules. */
static bool tree_fits(const struct hb_tree *t, const struct hb_spec *s)
{
    if (t->n_players != (uint32_t)s->rules.n_players)
        return false;
    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (t->node[i].street >= s->rules.deck.n_streets ||
            s->street[t->node[i].street].n_buckets == 0)
            return false;
    return true;
}

static int map_tree(struct hb_blueprint *b, struct hb_err *e)
{
    struct hb_section s;
    const void *map;
    void *image;
    struct hb_hash hash;
    int rc;

    if ((rc = hb_creader_section(b->file, "tree", &s, e)) != HB_OK)
        return rc;
    if (s.codec != HB_CODEC_STORED)
        return hb_fail(e, HB_EFORMAT, "section 'tree' is compressed");
    if ((rc = hb_creader_map(b->file, &s, false, &map, e)) != HB_OK)
        return rc;
    memcpy(&image, &map, sizeof image); /* a view wants no const and writes nothing */
    if ((rc = hb_tree_image_view(&b->tree, image, (size_t)s.raw_bytes, e)) != HB_OK)
        return rc;
    hb_tree_hash(&b->tree, &hash);
    if (!hb_hash_equal(&hash, &b->spec.tree) || !tree_fits(&b->tree, &b->spec))
        return hb_fail(e, HB_EFORMAT, "its betting tree and its run description differ");
    return HB_OK;
}

/* Where the rows of bucket 0 begin. */
static void place_rows(struct hb_blueprint *b)
{
    uint64_t next[HB_STREETS][HB_PLAYERS_MAX];
    uint64_t at = 0;

    for (int street = 0; street < HB_STREETS; street++)
        for (int player = 0; player < HB_PLAYERS_MAX; player++) {
            next[street][player] = at;
            at += b->stride[street][player] * b->spec.street[street].n_buckets;
        }
    for (uint32_t i = 0; i < b->tree.n_nodes; i++) {
        const struct hb_node *n = &b->tree.node[i];

        b->begin[i] = next[n->street][n->player];
        next[n->street][n->player] += n->n_actions;
    }
}

static int map_strategy(struct hb_blueprint *b, struct hb_err *e)
{
    struct hb_layout layout; /* checks that sizes fit */
    const void *map;
    uint64_t want;
    int rc;

    if ((rc = hb_table_layout(&b->tree, &b->spec, &layout, e)) != HB_OK ||
        (rc = hb_creader_section(b->file, "strategy", &b->strategy, e)) != HB_OK)
        return rc;
    (void)count_actions(&b->tree, b->stride); /* the longest row is of no interest here */
    want = strategy_bytes(&b->spec, b->stride);
    if (b->strategy.codec != HB_CODEC_STORED || b->strategy.raw_bytes != want)
        return hb_fail(e, HB_EFORMAT, "it has %llu bytes of strategy, its tree needs %llu%s",
                       (unsigned long long)b->strategy.raw_bytes, (unsigned long long)want,
                       b->strategy.codec != HB_CODEC_STORED ? " uncompressed" : "");
    if ((rc = hb_creader_map(b->file, &b->strategy, true, &map, e)) != HB_OK ||
        (rc = hb_mem_new(&b->seen, b->strategy.n_chunks / 8 + 1, 1, "chunk marks", e)) != HB_OK ||
        (rc = hb_mem_new(&b->begin, b->tree.n_nodes, sizeof *b->begin, "row offsets", e)) != HB_OK)
        return rc;
    b->map = map;
    place_rows(b);
    return HB_OK;
}

bool hb_blueprint_is(const char *path)
{
    char magic[4];
    struct stat st;
    bool is;
    int fd;

    /* a stream's first bytes could not be put back */
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || hb_io_open_read(path, &fd, NULL) != HB_OK)
        return false;
    is = hb_io_read_full(fd, magic, sizeof magic, NULL, path, NULL) == HB_OK &&
         memcmp(magic, HB_BLUEPRINT_MAGIC, sizeof magic) == 0;
    (void)close(fd); /* read only */
    return is;
}

int hb_blueprint_open(const char *path, struct hb_blueprint *b, struct hb_err *e)
{
    int rc;

    memset(b, 0, sizeof *b);
    if ((rc = hb_creader_open(path, HB_BLUEPRINT_MAGIC, &b->file, e)) != HB_OK)
        return rc;
    if ((rc = read_meta(b, e)) != HB_OK || (rc = map_tree(b, e)) != HB_OK ||
        (rc = map_strategy(b, e)) != HB_OK) {
        hb_blueprint_close(b);
        return hb_context(e, rc, "blueprint '%s'", path);
    }
    return HB_OK;
}

void hb_blueprint_close(struct hb_blueprint *b)
{
    hb_creader_free(b->file);
    hb_mem_free(b->seen);
    hb_mem_free(b->begin);
    memset(b, 0, sizeof *b);
}

int hb_blueprint_verify(struct hb_blueprint *b, struct hb_err *e)
{
    int rc = hb_creader_verify(b->file, NULL, e);

    if (rc == HB_OK)
        memset(b->seen, 0xFF, b->strategy.n_chunks / 8 + 1);
    return rc;
}

/* Reading one byte through the container verifies the chunk it is in. */
static int need_chunk(struct hb_blueprint *b, uint64_t chunk, struct hb_err *e)
{
    uint8_t byte;
    int rc;

    if ((b->seen[chunk / 8] >> chunk % 8 & 1) != 0)
        return HB_OK;
    if ((rc = hb_creader_read(b->file, &b->strategy, chunk * HB_CHUNK_MAX, &byte, 1, e)) == HB_OK)
        b->seen[chunk / 8] |= (uint8_t)(1u << chunk % 8);
    return rc;
}

int hb_blueprint_row(struct hb_blueprint *b, uint32_t node, uint32_t bucket, uint16_t *prob,
                     struct hb_err *e)
{
    const struct hb_node *n;
    uint64_t at;
    uint32_t total = 0;
    int rc;

    if (node >= b->tree.n_nodes || bucket >= b->spec.street[b->tree.node[node].street].n_buckets)
        return hb_fail(e, HB_EUSAGE, "there is no information set (node %u, bucket %u)", node,
                       bucket);
    n = &b->tree.node[node];
    at = 2 * (b->begin[node] + bucket * b->stride[n->street][n->player]);
    if ((rc = need_chunk(b, at / HB_CHUNK_MAX, e)) != HB_OK ||
        (rc = need_chunk(b, (at + 2 * (uint64_t)n->n_actions - 1) / HB_CHUNK_MAX, e)) != HB_OK)
        return rc;
    for (unsigned a = 0; a < n->n_actions; a++) {
        prob[a] = hb_get_u16(b->map + at + 2 * (uint64_t)a);
        total += prob[a];
    }
    if (total != HB_BLUEPRINT_ONE)
        return hb_fail(e, HB_EFORMAT, "the strategy at node %u, bucket %u sums to %u, not %u", node,
                       bucket, total, HB_BLUEPRINT_ONE);
    return HB_OK;
}
