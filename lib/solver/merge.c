#include "solver/merge.h"

#include <string.h>

#include "base/mem.h"
#include "solver/merge_row.h"
#include "solver/quad.h"

#define AHEAD 32 /* records between prefetch and use: covers a load from memory at 10 ns each */

static void find_blocks(struct hb_merge *m)
{
    uint8_t s = 0;

    m->base[m->n_sections] = UINT64_MAX;
    while (m->table->layout.n_words >> m->block_shift >= HB_MERGE_BLOCKS)
        m->block_shift++;
    for (uint64_t i = 0; i < HB_MERGE_BLOCKS; i++) {
        while (i << m->block_shift >= m->base[s + 1])
            s++;
        m->section_at[i] = s;
    }
}

/* Sections and their row offsets, for hb_merge_check. */
static int find_rows(struct hb_merge *m, struct hb_err *e)
{
    const struct hb_table *t = m->table;
    uint64_t first[HB_STREETS][HB_PLAYERS_MAX] = {{0}};
    uint64_t units = 0; /* of two words: every row has an even number */
    int rc;

    for (int st = 0; st < HB_STREETS; st++)
        for (int p = 0; p < HB_PLAYERS_MAX; p++) {
            uint64_t stride = t->layout.stride[st][p];

            if (stride == 0)
                continue;
            first[st][p] = units;
            m->base[m->n_sections] = t->layout.base[st][p];
            m->rows[m->n_sections++] = (struct hb_merge_rows){
                .stride = stride, .inverse = (1.0 - 0x1p-50) / (double)stride, .first = units};
            units += stride / 2;
        }
    find_blocks(m);
    m->wide = hb_tree_widest(&t->tree) > UINT8_MAX;
    if ((rc = hb_mem_new(&m->starts, hb_merge_bytes(&t->tree, &t->layout), 1, "the places of rows",
                         e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < t->tree.n_nodes; i++) {
        const struct hb_node *n = &t->tree.node[i];
        uint64_t at = first[n->street][n->player] + t->node_row[i] / 2;

        if (m->wide)
            ((uint16_t *)m->starts)[at] = n->n_actions;
        else
            ((uint8_t *)m->starts)[at] = (uint8_t)n->n_actions;
    }
    return HB_OK;
}

uint64_t hb_merge_bytes(const struct hb_tree *t, const struct hb_layout *layout)
{
    uint64_t units = 0;

    for (int st = 0; st < HB_STREETS; st++)
        for (int p = 0; p < HB_PLAYERS_MAX; p++)
            units += layout->stride[st][p] / 2;
    return units * (hb_tree_widest(t) > UINT8_MAX ? 2 : 1);
}

int hb_merge_init(struct hb_merge *m, struct hb_table *t, uint32_t part, uint32_t n_parts,
                  struct hb_err *e)
{
    int rc;

    memset(m, 0, sizeof *m);
    if (n_parts != t->live->n_parts || part >= n_parts)
        return hb_fail(e, HB_EUSAGE, "part %u/%u of a table made for %u parts", part, n_parts,
                       t->live->n_parts);
    m->table = t;
    m->part = part;
    m->n_parts = n_parts;
    m->parts = hb_parts_in(n_parts);
#ifdef __x86_64__
    m->vectors = __builtin_cpu_supports("avx2");
#endif
    if ((rc = find_rows(m, e)) != HB_OK ||
        (rc = hb_discounts_init(&m->discounts, &t->spec.params, e)) != HB_OK)
        hb_merge_fini(m);
    return rc;
}

void hb_merge_fini(struct hb_merge *m)
{
    hb_mem_free(m->due);
    hb_mem_free(m->starts);
    hb_discounts_fini(&m->discounts);
    memset(m, 0, sizeof *m);
}

int hb_merge_begin(struct hb_merge *m, struct hb_err *e)
{
    struct hb_table_part *live = &m->table->live->part[m->part];
    int rc;

    if (live->state != HB_TABLE_CLEAN)
        return hb_fail(e, HB_EFORMAT,
                       "the table is open: restore a checkpoint into it with hb-ckpt restore");
    if ((rc = hb_round_at(&m->table->spec.params, live->iteration, &m->round, e)) != HB_OK ||
        (rc = hb_discounts_reach(&m->discounts, m->round.epoch, e)) != HB_OK)
        return rc;
    m->low = m->table->spec.params.discount == HB_DISCOUNT_PLUS ? 0 : m->round.regret_floor;
    m->n_due = 0;
    m->records = 0;
    __atomic_store_n(&live->state, HB_TABLE_OPEN, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* before any row, whenever we are killed */
    return HB_OK;
}

static bool owned(const struct hb_merge *m, uint64_t row)
{
    return hb_part_of(&m->parts, row) == m->part;
}

/* Whether a row of n > 0 actions begins at that word. */
HB_INLINE bool begins_row(const struct hb_merge *m, uint64_t row, unsigned n)
{
    const struct hb_merge_rows *section;
    uint64_t offset;
    unsigned s;

    if (row >= m->table->layout.n_words)
        return false;
    s = m->section_at[row >> m->block_shift];
    while (row >= m->base[s + 1]) /* in one of few blocks */
        s++;
    section = &m->rows[s];
    offset = row - m->base[s]; /* < 2^46: the quotient is right or one too small */
    offset -= section->stride * (uint64_t)((double)(int64_t)offset * section->inverse);
    offset -= offset >= section->stride ? section->stride : 0;
    if (offset & 1)
        return false;
    offset = section->first + offset / 2;
    return n ==
           (m->wide ? ((const uint16_t *)m->starts)[offset] : ((const uint8_t *)m->starts)[offset]);
}

HB_INLINE int check(const struct hb_merge *m, const uint8_t *p, size_t len, bool ours,
                    struct hb_err *e)
{
    size_t at = 0;

    while (at < len) {
        uint64_t head;
        unsigned n;

        if (len - at < HB_RECORD_HEAD)
            return hb_fail(e, HB_EPROTO, "a delta record is cut at byte %zu", at);
        memcpy(&head, p + at, sizeof head);
        n = hb_record_n(head);
        if (n == 0 || hb_record_kind(head) > HB_RECORD_STRATEGY || hb_record_bytes(n) > len - at ||
            !begins_row(m, hb_record_row(head), n))
            return hb_fail(e, HB_EPROTO, "the delta record at byte %zu does not fit the table", at);
        if (ours && !owned(m, hb_record_row(head)))
            return hb_fail(e, HB_EPROTO, "the delta record at byte %zu is another part's", at);
        at += hb_record_bytes(n);
    }
    return HB_OK;
}

int hb_merge_check(const struct hb_merge *m, const uint8_t *records, size_t len, struct hb_err *e)
{
    return check(m, records, len, false, e);
}

int hb_merge_check_part(const struct hb_merge *m, const uint8_t *records, size_t len,
                        struct hb_err *e)
{
    return check(m, records, len, m->n_parts > 1, e);
}

static int add_due(struct hb_merge *m, uint64_t row, unsigned n, struct hb_err *e)
{
    if (m->n_due == m->cap_due) {
        size_t cap = m->cap_due == 0 ? 1024 : 2 * m->cap_due;
        int rc = hb_mem_grow(&m->due, cap, sizeof *m->due, "rows due at the end of a round", e);

        if (rc != HB_OK)
            return rc;
        m->cap_due = cap;
    }
    m->due[m->n_due++] = row | (uint64_t)n << 48;
    return HB_OK;
}

/* ---- adding ---- */

struct records { /* those not yet read */
    const uint8_t *at, *end;
};

/* Ask for what a record will change, from the row's head to the end of the last vector: two places,
 * for asking whether they are one line would cost more. */
HB_INLINE void prefetch_row(const struct merge_record *r)
{
    unsigned n = r->kind == HB_RECORD_STRATEGY ? 2 * r->n : hb_quad_up(r->n);

    __builtin_prefetch(r->row, 1);
    __builtin_prefetch(r->row + HB_ROW_HEAD + n - 1, 1);
}

/* The next record of this part, whose row is asked for; false when there is none. */
HB_INLINE bool next_owned(const struct hb_merge *m, struct records *in, struct merge_record *out)
{
    while (in->at < in->end) {
        uint64_t head;
        const uint8_t *values = in->at + HB_RECORD_HEAD;
        unsigned n;

        memcpy(&head, in->at, sizeof head);
        n = hb_record_n(head);
        in->at += hb_record_bytes(n);
        if (owned(m, hb_record_row(head))) {
            *out = (struct merge_record){.row = m->table->rows + hb_record_row(head),
                                         .values = values,
                                         .kind = hb_record_kind(head),
                                         .n = n};
            prefetch_row(out);
            return true;
        }
    }
    return false;
}

#define KERNEL(name)  name##_plain
#define KERNEL_TARGET /* what every machine has */
#define KERNEL_ROW    merge_row_plain
#include "solver/merge_kernels.h"

#ifdef __x86_64__
#define KERNEL(name)  name##_avx2
#define KERNEL_TARGET MERGE_AVX2
#define KERNEL_ROW    merge_row_avx2
#include "solver/merge_kernels.h"
#endif

int hb_merge_add(struct hb_merge *m, const uint8_t *records, size_t len, struct hb_err *e)
{
#ifdef __x86_64__
    if (m->vectors)
        return add_avx2(m, records, len, e);
#endif
    return add_plain(m, records, len, e);
}

int hb_merge_apply(struct hb_merge *m, const uint8_t *records, size_t len, struct hb_err *e)
{
    int rc = hb_merge_check(m, records, len, e);

    return rc == HB_OK ? hb_merge_add(m, records, len, e) : rc;
}

static bool any_at_limit(const int32_t *entry, unsigned n)
{
    for (unsigned a = 0; a < n; a++)
        if (entry[a] >= HB_ENTRY_MAX)
            return true;
    return false;
}

/* Doing this twice to a row changes nothing, so the list may name it twice. */
static void settle(struct hb_merge *m, int32_t *row, unsigned n)
{
    int32_t *regret = row + HB_ROW_HEAD;
    int32_t *sums = regret + n;

    for (unsigned a = 0; a < n; a++)
        if (regret[a] < m->low)
            regret[a] = m->low;
    if (any_at_limit(regret, n)) /* regret matching does not see a common factor */
        for (unsigned a = 0; a < n; a++)
            regret[a] /= 2;
    if (any_at_limit(sums, n)) {
        for (unsigned a = 0; a < n; a++)
            sums[a] >>= 1;
        row[0] = (int32_t)((uint32_t)row[0] + (1u << 24));
    }
}

void hb_merge_end(struct hb_merge *m)
{
    struct hb_table_part *live = &m->table->live->part[m->part];

    for (size_t i = 0; i < m->n_due; i++)
        settle(m, m->table->rows + (m->due[i] & HB_RECORD_ROW_MASK), (unsigned)(m->due[i] >> 48));
    m->n_due = 0;
    live->generation = m->round.generation + 1;
    live->iteration = m->round.first + m->round.length;
    __atomic_store_n(&live->state, HB_TABLE_CLEAN, __ATOMIC_RELEASE); /* after all of the above */
}
