#include "solver/table.h"

#include <float.h>
#include <string.h>

#include "base/bytes.h"
#include "solver/delta.h"

#define MAGIC         "HBT1"
#define TABLE_VERSION 1
#define PAGE          4096u
#define LIVE_AT       512u

#ifdef __FAST_MATH__
#error "fast-math gives other bits: results would differ between builds"
#endif
_Static_assert(FLT_EVAL_METHOD == 0, "floats are computed as floats, or builds would differ");
_Static_assert(LIVE_AT + sizeof(struct hb_table_live) <= PAGE, "the live part fits the page");

/* Fixed part of the header, see man/hb-table.5. */
struct places {
    uint64_t meta_at, meta_len;
    uint64_t tree_at, tree_len;
    uint64_t node_row_at;
    uint64_t rows_at, n_words;
    uint64_t total;
};

static uint64_t align_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

int hb_table_layout(const struct hb_tree *t, const struct hb_spec *s, struct hb_layout *out,
                    struct hb_err *e)
{
    uint64_t nodes[HB_STREETS][HB_PLAYERS_MAX] = {{0}};
    uint64_t at = 0;

    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct hb_node *n = &t->node[i];

        out->stride[n->street][n->player] += HB_ROW_HEAD + 2u * (uint64_t)n->n_actions;
        nodes[n->street][n->player]++;
    }
    for (int st = 0; st < s->rules.deck.n_streets; st++)
        for (int p = 0; p < s->rules.n_players; p++) {
            uint64_t buckets = s->street[st].n_buckets;

            if (out->stride[st][p] > UINT32_MAX)
                return hb_fail(e, HB_ELIMIT, "a bucket of street %d has more than 2^32 words", st);
            out->base[st][p] = at;
            at += out->stride[st][p] * buckets; /* < 2^64 */
            out->n_infosets += nodes[st][p] * buckets;
            if (at >= HB_RECORD_ROW_MASK)
                return hb_fail(e, HB_ELIMIT, "the table has more than 2^46 words");
        }
    out->n_words = at;
    return HB_OK;
}

static void place(const struct hb_tree *t, uint64_t meta_len, uint64_t n_words, struct places *p)
{
    p->meta_at = PAGE;
    p->meta_len = meta_len;
    p->tree_at = align_up(p->meta_at + meta_len, 64);
    p->tree_len = hb_tree_image_bytes(t);
    p->node_row_at = align_up(p->tree_at + p->tree_len, 64);
    p->rows_at = align_up(p->node_row_at + 4 * (uint64_t)t->n_nodes, PAGE);
    p->n_words = n_words;
    p->total = align_up(p->rows_at + 4 * n_words, PAGE);
}

int hb_table_bytes(const struct hb_tree *t, const struct hb_spec *s, uint64_t *bytes,
                   struct hb_err *e)
{
    struct hb_layout layout;
    struct places p = {0};
    struct hb_buf meta = {0};
    int rc;

    if ((rc = hb_table_layout(t, s, &layout, e)) != HB_OK)
        return rc;
    hb_spec_encode(s, &meta);
    rc = hb_buf_check(&meta, e);
    place(t, meta.len, layout.n_words, &p);
    hb_buf_fini(&meta);
    *bytes = p.total;
    return rc;
}

static void write_places(uint8_t *h, const struct places *p)
{
    memcpy(h, MAGIC, 4);
    hb_set_u32(h + 4, TABLE_VERSION);
    hb_set_u64(h + 8, p->meta_at);
    hb_set_u64(h + 16, p->meta_len);
    hb_set_u64(h + 24, p->tree_at);
    hb_set_u64(h + 32, p->tree_len);
    hb_set_u64(h + 40, p->node_row_at);
    hb_set_u64(h + 48, p->rows_at);
    hb_set_u64(h + 56, p->n_words);
    hb_set_u64(h + 64, p->total);
}

#define PLACES_BYTES 72u
#define HASH_AT      128u

/* Hash of everything that never changes: the places, then description, tree and offsets. */
static void fixed_hash(const uint8_t *mem, const struct places *p, struct hb_hash *out)
{
    struct hb_hasher h;

    hb_hasher_init(&h);
    hb_hasher_put(&h, mem, PLACES_BYTES);
    hb_hasher_put(&h, mem + p->meta_at, p->rows_at - p->meta_at);
    hb_hasher_done(&h, out);
}

static void write_node_rows(const struct hb_tree *t, uint32_t *out)
{
    uint32_t next[HB_STREETS][HB_PLAYERS_MAX] = {{0}};

    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct hb_node *n = &t->node[i];

        out[i] = next[n->street][n->player];
        next[n->street][n->player] += HB_ROW_HEAD + 2u * (uint32_t)n->n_actions;
    }
}

int hb_table_format(void *mem, uint64_t len, const struct hb_tree *t, const struct hb_spec *s,
                    int n_parts, struct hb_err *e)
{
    uint8_t *base = mem;
    struct hb_layout layout;
    struct hb_buf meta = {0};
    struct places p = {0};
    struct hb_hash hash;
    struct hb_table_live *live = (struct hb_table_live *)(void *)(base + LIVE_AT);
    int rc;

    if ((rc = hb_table_layout(t, s, &layout, e)) != HB_OK)
        return rc;
    hb_spec_encode(s, &meta);
    if ((rc = hb_buf_check(&meta, e)) != HB_OK)
        return rc;
    place(t, meta.len, layout.n_words, &p);
    if (len < p.total) {
        hb_buf_fini(&meta);
        return hb_fail(e, HB_EINTERNAL, "table of %llu bytes in a block of %llu",
                       (unsigned long long)p.total, (unsigned long long)len);
    }
    memcpy(base + p.meta_at, meta.data, meta.len);
    hb_buf_fini(&meta);
    hb_tree_image_write(t, base + p.tree_at);
    write_node_rows(t, (uint32_t *)(void *)(base + p.node_row_at));
    write_places(base, &p);
    fixed_hash(base, &p, &hash);
    memcpy(base + HASH_AT, hash.b, sizeof hash.b);
    live->n_parts = (uint32_t)n_parts;
    for (int i = 0; i < n_parts; i++)
        live->part[i] = (struct hb_table_part){.state = HB_TABLE_CLEAN};
    return HB_OK;
}

static int read_places(const uint8_t *h, uint64_t len, struct places *p, struct hb_err *e)
{
    if (len >= 4 && memcmp(h, "HBC", 3) == 0)
        return hb_fail(e, HB_EFORMAT,
                       "a checkpoint, not a table (hb-ckpt restore makes one of it)");
    if (len >= 4 && len < PAGE && memcmp(h, MAGIC, 4) == 0)
        return hb_fail(e, HB_EFORMAT, "the file is cut");
    if (len < PAGE || memcmp(h, MAGIC, 4) != 0)
        return hb_fail(e, HB_EFORMAT, "not a table (make one with hb-ckpt init)");
    if (hb_get_u32(h + 4) != TABLE_VERSION)
        return hb_fail(e, HB_EVERSION, "table of version %u; this hb uses %d", hb_get_u32(h + 4),
                       TABLE_VERSION);
    p->meta_at = hb_get_u64(h + 8);
    p->meta_len = hb_get_u64(h + 16);
    p->tree_at = hb_get_u64(h + 24);
    p->tree_len = hb_get_u64(h + 32);
    p->node_row_at = hb_get_u64(h + 40);
    p->rows_at = hb_get_u64(h + 48);
    p->n_words = hb_get_u64(h + 56);
    p->total = hb_get_u64(h + 64);
    /* Each place is compared with the one after it, so no sum can wrap. */
    if (p->total != len || p->rows_at > len || p->rows_at % PAGE != 0 ||
        p->n_words > (len - p->rows_at) / 4 || p->node_row_at > p->rows_at ||
        p->node_row_at % 8 != 0 || p->tree_at > p->node_row_at || p->tree_at % 8 != 0 ||
        p->tree_len > p->node_row_at - p->tree_at || p->meta_at != PAGE ||
        p->meta_at > p->tree_at || p->meta_len > p->tree_at - p->meta_at)
        return hb_fail(e, HB_EFORMAT, "the table's header is damaged or the file is cut");
    return HB_OK;
}

static bool all_zero(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p == 0)
        p++;
    return p == end;
}

/* The bytes that nobody uses are zero, and so are the parts beyond n_parts. */
static int check_unused(const uint8_t *base, const struct hb_table_live *live, struct hb_err *e)
{
    bool sound = all_zero(base + PLACES_BYTES, base + HASH_AT) &&
                 all_zero(base + HASH_AT + HB_HASH_BYTES, base + LIVE_AT);

    if (live->n_parts < 1 || live->n_parts > HB_TABLE_PARTS_MAX)
        return hb_fail(e, HB_EFORMAT, "the table names %u parts", live->n_parts);
    for (uint32_t i = 0; i < live->n_parts; i++)
        sound = sound && live->part[i].reserved == 0 && live->part[i].state <= HB_TABLE_OPEN;
    if (!sound || live->reserved != 0 ||
        !all_zero((const uint8_t *)&live->part[live->n_parts], base + PAGE))
        return hb_fail(e, HB_EFORMAT, "the table's header is damaged");
    return HB_OK;
}

/* Every node has rows, at the offset that the layout gives it: a table made with a right checksum
 * and wrong contents must not lead a walk out of the rows. */
static bool nodes_have_rows(const struct hb_table *t)
{
    uint32_t next[HB_STREETS][HB_PLAYERS_MAX] = {{0}};

    if ((int)t->tree.n_players != t->spec.rules.n_players)
        return false;
    for (uint32_t i = 0; i < t->tree.n_nodes; i++) {
        const struct hb_node *n = &t->tree.node[i];

        if (n->street >= t->spec.rules.deck.n_streets ||
            t->spec.street[n->street].kind == HB_BUCKETS_NONE ||
            t->spec.street[n->street].n_buckets == 0 ||
            t->node_row[i] != next[n->street][n->player])
            return false;
        next[n->street][n->player] += HB_ROW_HEAD + 2u * (uint32_t)n->n_actions;
    }
    for (uint32_t i = 0; i < t->tree.n_ends; i++)
        if (t->tree.end[i].street >= t->spec.rules.deck.n_streets)
            return false;
    return true;
}

static int check_contents(struct hb_table *t, const struct places *p, struct hb_err *e)
{
    struct hb_rd rd = hb_rd_over(t->mem + p->meta_at, p->meta_len);
    struct hb_hash tree_hash;
    int rc;

    if ((rc = hb_spec_decode(&t->spec, &rd, e)) != HB_OK ||
        (rc = hb_tree_image_view(&t->tree, t->mem + p->tree_at, p->tree_len, e)) != HB_OK ||
        (rc = hb_table_layout(&t->tree, &t->spec, &t->layout, e)) != HB_OK)
        return rc;
    hb_tree_hash(&t->tree, &tree_hash);
    if (t->layout.n_words != p->n_words || !hb_hash_equal(&tree_hash, &t->spec.tree) ||
        p->rows_at - p->node_row_at < 4 * (uint64_t)t->tree.n_nodes || !nodes_have_rows(t))
        return hb_fail(e, HB_EFORMAT, "the table's parts do not belong together");
    return HB_OK;
}

int hb_table_attach(void *mem, uint64_t len, struct hb_table *t, struct hb_err *e)
{
    uint8_t *base = mem;
    struct places p = {0};
    struct hb_hash hash;
    int rc;

    memset(t, 0, sizeof *t);
    if ((rc = read_places(base, len, &p, e)) != HB_OK)
        return rc;
    fixed_hash(base, &p, &hash);
    if (memcmp(hash.b, base + HASH_AT, sizeof hash.b) != 0)
        return hb_fail(e, HB_EFORMAT, "the table's description fails its checksum");
    t->mem = base;
    t->len = len;
    t->node_row = (const uint32_t *)(void *)(base + p.node_row_at);
    t->rows = (int32_t *)(void *)(base + p.rows_at);
    t->live = (struct hb_table_live *)(void *)(base + LIVE_AT);
    if ((rc = check_unused(base, t->live, e)) != HB_OK ||
        (rc = check_contents(t, &p, e)) != HB_OK) {
        memset(t, 0, sizeof *t);
        return rc;
    }
    hb_spec_identity(&t->spec, &t->id);
    return HB_OK;
}

int hb_table_clean(const struct hb_table *t, uint64_t *generation, uint64_t *iteration,
                   struct hb_err *e)
{
    const struct hb_table_part *first = &t->live->part[0];

    for (uint32_t i = 0; i < t->live->n_parts; i++) {
        const struct hb_table_part *part = &t->live->part[i];

        if (__atomic_load_n(&part->state, __ATOMIC_ACQUIRE) != HB_TABLE_CLEAN || /* read it first */
            part->generation != first->generation || part->iteration != first->iteration)
            return hb_fail(e, HB_EFORMAT,
                           "the table is open: a merge into it was cut off; restore a checkpoint "
                           "into it with hb-ckpt restore, or begin anew with hb-ckpt init");
    }
    if (hb_round_number(&t->spec.params, first->iteration) != first->generation)
        return hb_fail(e, HB_EFORMAT,
                       "the table's header is damaged: iteration %llu is not where generation %llu "
                       "begins",
                       (unsigned long long)first->iteration, (unsigned long long)first->generation);
    *generation = first->generation;
    *iteration = first->iteration;
    return HB_OK;
}

void hb_table_set(struct hb_table *t, enum hb_table_state state, uint64_t generation,
                  uint64_t iteration, uint64_t nodes)
{
    for (uint32_t i = 0; i < t->live->n_parts; i++)
        t->live->part[i] = (struct hb_table_part){.state = (uint32_t)state,
                                                  .generation = generation,
                                                  .iteration = iteration,
                                                  .nodes = nodes};
}

void hb_regret_match(const int32_t *regret, unsigned n, float *out)
{
    int64_t sum = 0;
    float scale;

    for (unsigned a = 0; a < n; a++)
        sum += regret[a] > 0 ? regret[a] : 0;
    if (sum == 0) {
        for (unsigned a = 0; a < n; a++)
            out[a] = 1.0f / (float)n;
        return;
    }
    scale = 1.0f / (float)sum;
    for (unsigned a = 0; a < n; a++) /* a maximum, no branch: signs are as good as random */
        out[a] = (float)(regret[a] > 0 ? regret[a] : 0) * scale;
}

void hb_row_average(const int32_t *row, unsigned n, double *out)
{
    const int32_t *sums = row + HB_ROW_HEAD + n;
    int64_t total = 0;

    for (unsigned a = 0; a < n; a++)
        total += sums[a];
    for (unsigned a = 0; a < n; a++)
        out[a] = total > 0 ? (double)sums[a] / (double)total : 1.0 / (double)n;
}

void hb_rows_hasher_init(struct hb_rows_hasher *h)
{
    hb_hasher_init(&h->all);
    hb_hasher_init(&h->block);
    h->block_bytes = 0;
}

static void end_block(struct hb_rows_hasher *h)
{
    struct hb_hash block;

    hb_hasher_done(&h->block, &block);
    hb_hasher_put(&h->all, block.b, sizeof block.b);
    hb_hasher_init(&h->block);
    h->block_bytes = 0;
}

void hb_rows_hasher_put_block(struct hb_rows_hasher *h, const struct hb_hash *block)
{
    hb_hasher_put(&h->all, block->b, sizeof block->b);
}

void hb_rows_hasher_put(struct hb_rows_hasher *h, const int32_t *words, uint64_t n_words)
{
    const uint8_t *p = (const uint8_t *)words;
    uint64_t left = 4 * n_words;

    while (left > 0) {
        size_t room = HB_ROWS_BLOCK - h->block_bytes;
        size_t n = left < room ? (size_t)left : room;

        hb_hasher_put(&h->block, p, n);
        h->block_bytes += n;
        p += n;
        left -= n;
        if (h->block_bytes == HB_ROWS_BLOCK)
            end_block(h);
    }
}

void hb_rows_hasher_done(struct hb_rows_hasher *h, struct hb_hash *out)
{
    if (h->block_bytes > 0)
        end_block(h);
    hb_hasher_done(&h->all, out);
}

void hb_rows_hash(const int32_t *rows, uint64_t n_words, struct hb_hash *out)
{
    struct hb_rows_hasher h;

    hb_rows_hasher_init(&h);
    hb_rows_hasher_put(&h, rows, n_words);
    hb_rows_hasher_done(&h, out);
}

void hb_content_hash(const struct hb_identity *id, uint64_t iteration, const struct hb_hash *rows,
                     struct hb_hash *out)
{
    uint8_t raw[8];
    struct hb_hasher h;
    static const char tag[] = "hb content 1";

    hb_hasher_init(&h);
    hb_hasher_put(&h, tag, sizeof tag);
    hb_hasher_put(&h, id->run.b, sizeof id->run.b);
    hb_set_u64(raw, iteration);
    hb_hasher_put(&h, raw, sizeof raw);
    hb_hasher_put(&h, rows->b, sizeof rows->b);
    hb_hasher_done(&h, out);
}
