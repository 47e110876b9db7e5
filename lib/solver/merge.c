#include "solver/merge.h"

#include <string.h>

#include "base/mem.h"

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
    if ((rc = hb_mem_new(&m->starts, units, m->wide ? 2 : 1, "the places of rows", e)) != HB_OK)
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

/* v * factor rounded down or up at random, so that a small regret neither melts away nor stays for
 * ever, however many epochs pass: rounding to zero doubles Leduc's exploitability with coarse
 * units, rounding to nearest stops discounts below half an epoch's number. dither: 0 <= d < 1. */
static int32_t scaled(int32_t v, double factor, double dither)
{
    const double shift = 2147483648.0; /* makes the conversion round down */

    return (int32_t)((int64_t)((double)v * factor + dither + shift) - (INT64_C(1) << 31));
}

/* The dither of a row's discount. It depends on nothing but the row and the epoch: the finalizer of
 * SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) over both. */
static double dither_of(uint64_t row, uint32_t epoch)
{
    uint64_t z = row * UINT64_C(0x9E3779B97F4A7C15) + epoch;

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)(z >> 43) * 0x1p-21; /* 21 bits: scaled() is exact when the factor is 1 */
}

/* A row that is touched after many epochs must not forget which actions it prefers: were its
 * positive regrets rounded away, the next result would find none and the row would play uniformly,
 * aces folding to an all-in included. So the largest is never discounted below this many units,
 * next to nothing beside a new result's. */
#define KEPT_UNITS 64

/* The positive factor, raised so that the row's largest positive regret keeps KEPT_UNITS, or all of it
 * where it has fewer. Without a branch, which nothing could foretell. */
HB_INLINE double kept(const int32_t *regret, unsigned n, double factor)
{
    int32_t most = 0;
    uint64_t bits[2];
    uint64_t enough;
    double raised;

    for (unsigned a = 0; a < n; a++)
        most = regret[a] > most ? regret[a] : most;
    raised = KEPT_UNITS / (double)(most > KEPT_UNITS ? most : KEPT_UNITS);
    enough = -(uint64_t)((double)most * factor >= KEPT_UNITS);
    memcpy(&bits[0], &factor, sizeof factor);
    memcpy(&bits[1], &raised, sizeof raised);
    bits[0] = (bits[0] & enough) | (bits[1] & ~enough);
    memcpy(&factor, &bits[0], sizeof factor);
    return factor;
}

/* Bring the regrets of a row that an earlier epoch left behind to the current one. Their signs are as
 * good as random: which factor is a look-up, not a branch. */
HB_INLINE void refresh(const struct hb_merge *m, int32_t *row, unsigned n)
{
    int32_t *regret = row + HB_ROW_HEAD;
    uint32_t exponent = (uint32_t)row[0] & ~HB_EPOCH_MAX;
    double dither = dither_of((uint64_t)(row - m->table->rows), m->round.epoch);
    double factor[2]; /* of negative and of positive ones */

    hb_discounts_factor(&m->discounts, hb_row_epoch(row), m->round.epoch, &factor[1], &factor[0]);
    factor[1] = kept(regret, n, factor[1]);
    for (unsigned a = 0; a < n; a++)
        regret[a] = scaled(regret[a], factor[regret[a] > 0], dither);
    row[0] = (int32_t)(m->round.epoch | exponent);
}

/* Give the sums of a row the exponent of the round's weight. Only a strategy record may do so: in a
 * row whose strategy is rarely updated the regrets' visits would shift old sums out of sight. */
static void raise_exponent(const struct hb_merge *m, int32_t *row, unsigned n)
{
    int32_t *sums = row + HB_ROW_HEAD + n;
    int shift = m->round.weight_exp - hb_row_exponent(row);

    for (unsigned a = 0; a < n; a++)
        sums[a] = shift < 31 ? sums[a] >> shift : 0;
    row[0] = (int32_t)(hb_row_epoch(row) | (uint32_t)m->round.weight_exp << 24);
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

/* Add one record; true when the row left the range that a round may end with. */
static bool add_record(struct hb_merge *m, int32_t *row, const uint8_t *values, unsigned kind,
                       unsigned n)
{
    int32_t *entry = row + HB_ROW_HEAD + (kind == HB_RECORD_STRATEGY ? n : 0);
    int32_t low = m->round.regret_floor;
    bool leaves = false;

    if (hb_row_epoch(row) != m->round.epoch)
        refresh(m, row, n);
    if (m->table->spec.params.discount == HB_DISCOUNT_PLUS)
        low = 0;
    if (kind == HB_RECORD_STRATEGY) {
        if (hb_row_exponent(row) < m->round.weight_exp)
            raise_exponent(m, row, n);
        row[1] = (int32_t)((uint32_t)row[1] + 1);
    }
    for (unsigned a = 0; a < n; a++) {
        int16_t d;

        memcpy(&d, values + 2 * (size_t)a, sizeof d);
        entry[a] = (int32_t)((uint32_t)entry[a] + (uint32_t)d); /* wraps only for a forged stream */
        leaves |= entry[a] >= HB_ENTRY_MAX || entry[a] < low;
    }
    return leaves;
}

/* Ask for what a record will change: from the row's head to the last entry. */
HB_INLINE void prefetch_row(const struct hb_merge *m, uint64_t head)
{
    const int32_t *row = m->table->rows + hb_record_row(head);
    const int32_t *last = row + HB_ROW_HEAD + hb_record_n(head) * (1 + hb_record_kind(head)) - 1;

    __builtin_prefetch(row, 1);
    __builtin_prefetch(last, 1); /* often the same line; asking first would cost more */
}

/* Skip to the next record of this part at or after `at`, prefetch its row; len when there is none.
 */
static size_t next_owned(const struct hb_merge *m, const uint8_t *p, size_t at, size_t len)
{
    while (at < len) {
        uint64_t head;

        memcpy(&head, p + at, sizeof head);
        if (owned(m, hb_record_row(head))) {
            prefetch_row(m, head);
            return at;
        }
        at += hb_record_bytes(hb_record_n(head));
    }
    return len;
}

int hb_merge_add(struct hb_merge *m, const uint8_t *records, size_t len, struct hb_err *e)
{
    size_t ring[AHEAD]; /* offsets of prefetched records */
    size_t scan = 0;
    unsigned first = 0, held = 0;
    for (;;) {
        uint64_t head;
        size_t at;
        int rc;

        while (held < AHEAD && (scan = next_owned(m, records, scan, len)) < len) {
            memcpy(&head, records + scan, sizeof head);
            ring[(first + held++) % AHEAD] = scan;
            scan += hb_record_bytes(hb_record_n(head));
        }
        if (held == 0)
            return HB_OK;
        at = ring[first];
        first = (first + 1) % AHEAD;
        held--;
        memcpy(&head, records + at, sizeof head);
        m->records++;
        if (add_record(m, m->table->rows + hb_record_row(head), records + at + HB_RECORD_HEAD,
                       hb_record_kind(head), hb_record_n(head)) &&
            (rc = add_due(m, hb_record_row(head), hb_record_n(head), e)) != HB_OK)
            return rc;
    }
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
    int32_t low = m->table->spec.params.discount == HB_DISCOUNT_PLUS ? 0 : m->round.regret_floor;

    for (unsigned a = 0; a < n; a++)
        if (regret[a] < low)
            regret[a] = low;
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
