#include "wire/compact.h"

#include <zstd.h>

#include "base/mem.h"
#include "solver/delta.h"

#define LEVEL      1 /* zstd's fastest of the usual ones; 3 saves 5 % and takes twice as long */
#define ZSTD_BYTES (1u << 20) /* of a context at that level, about */
#define INDEX_BITS 17         /* of a sort key, below the kind and the row */
#define DIGIT_BITS 11         /* of a radix pass at most */
#define HEADER     24         /* of a block: three pairs of lengths */
#define TAG_STEP   3u
#define TAG_KIND   2 /* bit */
#define TAG_REPEAT 8u
#define TAG_N      4  /* bits from here on */
#define SMALL_N    15 /* actions that fit the tag */
#define ROW_VARINT 7  /* bytes of one of 46 bits */
#define PAD        4  /* bytes that a value may be written or read over, behind the last */

enum { TAGS, ROWS, VALUES, COLUMNS };
enum step { STEP_SAME, STEP_NEXT, STEP_EVEN, STEP_ODD };

_Static_assert(HB_RECORD_ROW_BITS + 1 + INDEX_BITS == 64, "a sort key is one word");
_Static_assert(HB_COMPACT_RECORDS == 1u << INDEX_BITS, "an index names every record of a block");
/* Without zstd a record of SMALL_N actions may be one byte, and that is the most. */
_Static_assert(HB_RECORD_HEAD + 2 * SMALL_N < HB_DELTA_RATIO, "plain columns keep the ratio");

void hb_compact_fini(struct hb_compact *c)
{
    hb_mem_free(c->key[0]);
    hb_mem_free(c->key[1]);
    hb_mem_free(c->at);
    for (int i = 0; i < COLUMNS; i++)
        hb_mem_free(c->column[i]);
    (void)ZSTD_freeCCtx(c->zstd_out); /* always 0 */
    (void)ZSTD_freeDCtx(c->zstd_in);  /* always 0 */
    memset(c, 0, sizeof *c);
}

static int reach_column(struct hb_compact *c, int i, size_t len, struct hb_err *e)
{
    size_t cap = c->cap_column[i] > 0 ? c->cap_column[i] : 4096;
    int rc;

    if (len + PAD <= c->cap_column[i])
        return HB_OK;
    while (cap < len + PAD)
        cap *= 2;
    if ((rc = hb_mem_grow(&c->column[i], cap, 1, "a column of records", e)) == HB_OK)
        c->cap_column[i] = cap;
    return rc;
}

/* ---- sorting ------------------------------------------------------------------------------------
 */

static int reach_records(struct hb_compact *c, struct hb_err *e)
{
    size_t cap = c->cap > 0 ? 2 * c->cap : 1024;
    int rc;

    if ((rc = hb_mem_grow(&c->key[0], cap, sizeof *c->key[0], "records to sort", e)) != HB_OK ||
        (rc = hb_mem_grow(&c->key[1], cap, sizeof *c->key[1], "records to sort", e)) != HB_OK ||
        (rc = hb_mem_grow(&c->at, cap, sizeof *c->at, "records to sort", e)) != HB_OK)
        return rc;
    c->cap = cap;
    return HB_OK;
}

/* Keys and places of the records of one block: as many as it takes, *len bytes, n of them. */
static int list_block(struct hb_compact *c, const uint8_t *records, size_t left, size_t *len,
                      size_t *n, struct hb_err *e)
{
    size_t at = 0;
    int rc;

    for (*n = 0; at < left && *n < HB_COMPACT_RECORDS; ++*n) {
        uint64_t head = 0;
        size_t bytes;

        if (left - at >= HB_RECORD_HEAD)
            memcpy(&head, records + at, sizeof head);
        bytes = hb_record_bytes(hb_record_n(head));
        if (hb_record_n(head) == 0 || hb_record_kind(head) > HB_RECORD_STRATEGY ||
            bytes > left - at)
            return hb_fail(e, HB_EFORMAT, "a record that is cut or unknown cannot be made compact");
        if (at + bytes > HB_COMPACT_BLOCK)
            break;
        if (*n == c->cap && (rc = reach_records(c, e)) != HB_OK)
            return rc;
        c->at[*n] = (uint32_t)at;
        c->key[0][*n] = head << (INDEX_BITS + 1) | /* n and the kind's high bit leave at the top */
                        (uint64_t)hb_record_kind(head) << INDEX_BITS | *n;
        at += bytes;
    }
    *len = at;
    return HB_OK;
}

/* One pass: from `from` to `to` by the digit of `bits` bits at `shift`; stable. */
static void radix_pass(const uint64_t *from, uint64_t *to, size_t n, unsigned shift, unsigned bits)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint32_t place[1u << DIGIT_BITS];
    uint32_t sum = 0;

    memset(place, 0, sizeof place[0] << bits);
    for (size_t i = 0; i < n; i++)
        place[from[i] >> shift & mask]++;
    for (size_t d = 0; d <= mask; d++) {
        const uint32_t count = place[d];

        place[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[place[from[i] >> shift & mask]++] = from[i];
}

/* Sort c->key[0] by row and kind; returns where the sorted keys are. Only bits that differ are
 * looked at, in as few passes as will do. */
static const uint64_t *sort_block(struct hb_compact *c, size_t n)
{
    uint64_t *from = c->key[0], *to = c->key[1];
    uint64_t differ = 0;
    unsigned bits, passes, width;

    for (size_t i = 1; i < n; i++)
        differ |= from[i] ^ from[0];
    differ >>= INDEX_BITS;
    bits = differ == 0 ? 0 : 64 - (unsigned)__builtin_clzll(differ);
    passes = (bits + DIGIT_BITS - 1) / DIGIT_BITS;
    width = passes == 0 ? 0 : (bits + passes - 1) / passes;
    for (unsigned i = 0; i < passes; i++) {
        uint64_t *swap = from;

        radix_pass(from, to, n, INDEX_BITS + i * width, width);
        from = to;
        to = swap;
    }
    return from;
}

/* ---- encoding -----------------------------------------------------------------------------------
 */

static uint8_t *put_row(uint8_t *p, uint64_t v)
{
    for (; v > 0x7f; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static inline unsigned value_bytes(uint32_t v)
{
    return 1u + (v > 0x7f) + (v > 0x3fff);
}

/* v < 2^16. Writes three bytes whatever it takes: no branch, values are as good as random. */
static inline uint8_t *put_value(uint8_t *p, uint32_t v)
{
    const unsigned n = value_bytes(v);

    p[0] = (uint8_t)((v & 0x7f) | 0x80u * (n > 1));
    p[1] = (uint8_t)((v >> 7 & 0x7f) | 0x80u * (n > 2));
    p[2] = (uint8_t)(v >> 14);
    return p + n;
}

/* Regrets are as often below zero as above, strategy sums hardly ever. */
static inline uint32_t folded(int16_t v, unsigned kind)
{
    const uint32_t plain = (uint16_t)v;

    return kind == HB_RECORD_STRATEGY ? plain : ((plain << 1) ^ (0u - (plain >> 15))) & 0xffff;
}

static inline int16_t unfolded(uint32_t v, unsigned kind)
{
    return (int16_t)(uint16_t)(kind == HB_RECORD_STRATEGY ? v : v >> 1 ^ (0u - (v & 1)));
}

static inline bool same_values(const uint8_t *a, const uint8_t *b, unsigned n)
{
    const size_t len = 2 * (size_t)n;
    size_t at = 0;

    for (; at + 4 <= len; at += 4)
        if (memcmp(a + at, b + at, 4) != 0)
            return false;
    return at == len || memcmp(a + at, b + at, 2) == 0;
}

/* What the tags refer back to, in one block. */
struct past {
    uint64_t row, next;                  /* of the record before, and behind it */
    const uint8_t *last[2][SMALL_N + 1]; /* values by kind and n; NULL: none yet */
};

static inline struct past past_at_start(void)
{
    return (struct past){.row = 0, .next = UINT64_MAX}; /* the first row counts from 0 */
}

struct ends { /* of the columns that are being written */
    uint8_t *tag, *row, *value;
};

static inline unsigned put_step(struct ends *w, const struct past *past, uint64_t row, bool first)
{
    if (!first && row == past->row)
        return STEP_SAME;
    if (row == past->next)
        return STEP_NEXT;
    w->row = put_row(w->row, (row - past->row) / 2);
    return (row - past->row) % 2 == 0 ? STEP_EVEN : STEP_ODD;
}

static inline void put_record(struct ends *w, struct past *past, const uint8_t *p, bool first)
{
    const uint8_t *values = p + HB_RECORD_HEAD;
    uint64_t head;
    unsigned n, kind, tag;

    memcpy(&head, p, sizeof head);
    n = hb_record_n(head);
    kind = hb_record_kind(head);
    tag = put_step(w, past, hb_record_row(head), first) | kind << TAG_KIND;
    past->row = hb_record_row(head);
    past->next = past->row + 2 + 2 * (uint64_t)n;
    if (n <= SMALL_N) {
        const uint8_t *last = past->last[kind][n];

        past->last[kind][n] = values;
        tag |= n << TAG_N;
        if (last != NULL && same_values(last, values, n)) {
            *w->tag++ = (uint8_t)(tag | TAG_REPEAT);
            return;
        }
    } else {
        w->value = put_value(w->value, n);
    }
    *w->tag++ = (uint8_t)tag;
    for (unsigned a = 0; a < n; a++) {
        int16_t v;

        memcpy(&v, values + 2 * (size_t)a, sizeof v);
        w->value = put_value(w->value, folded(v, kind));
    }
}

/* The columns of a block into the scratch. */
static int fill_columns(struct hb_compact *c, const uint8_t *records, size_t bytes, size_t n,
                        size_t len[COLUMNS], struct hb_err *e)
{
    const uint64_t *key = sort_block(c, n);
    struct past past = past_at_start();
    struct ends w;
    int rc;

    if ((rc = reach_column(c, TAGS, n, e)) != HB_OK ||
        (rc = reach_column(c, ROWS, ROW_VARINT * n, e)) != HB_OK ||
        (rc = reach_column(c, VALUES, bytes / 2 * 3, e)) != HB_OK)
        return rc;
    w = (struct ends){c->column[TAGS], c->column[ROWS], c->column[VALUES]};
    for (size_t i = 0; i < n; i++)
        put_record(&w, &past, records + c->at[key[i] & (HB_COMPACT_RECORDS - 1)], i == 0);
    len[TAGS] = (size_t)(w.tag - c->column[TAGS]);
    len[ROWS] = (size_t)(w.row - c->column[ROWS]);
    len[VALUES] = (size_t)(w.value - c->column[VALUES]);
    return HB_OK;
}

/* Append a column, as a zstd frame when asked and when that is shorter; *here is its length. */
static int put_column(struct hb_compact *c, int i, size_t len, bool zstd, struct hb_buf *out,
                      size_t *here, struct hb_err *e)
{
    const size_t before = out->len;
    const size_t room = ZSTD_compressBound(len);
    uint8_t *at;

    if (zstd && c->zstd_out == NULL && (c->zstd_out = ZSTD_createCCtx()) == NULL)
        return hb_fail(e, HB_ENOMEM, "no memory to compress with");
    if (zstd && (at = hb_buf_room(out, room)) != NULL) {
        *here = ZSTD_compressCCtx(c->zstd_out, at, room, c->column[i], len, LEVEL);
        if (ZSTD_isError(*here) == 0 && *here < len) {
            out->len = before + *here;
            return HB_OK;
        }
        out->len = before;
    }
    hb_buf_put(out, c->column[i], len);
    *here = len;
    return hb_buf_check(out, e);
}

static int put_block(struct hb_compact *c, const size_t len[COLUMNS], size_t bytes, bool zstd,
                     struct hb_buf *out, struct hb_err *e)
{
    const size_t start = out->len;
    size_t here[COLUMNS];
    int rc;

    if (hb_buf_room(out, HEADER) == NULL)
        return hb_buf_check(out, e);
    for (int i = 0; i < COLUMNS; i++)
        if ((rc = put_column(c, i, len[i], zstd, out, &here[i], e)) != HB_OK)
            return rc;
    if (zstd && bytes / HB_DELTA_RATIO >= out->len - start) { /* no reader would believe it */
        out->len = start;
        return put_block(c, len, bytes, false, out, e);
    }
    for (int i = 0; i < COLUMNS; i++) {
        hb_set_u32(out->data + start + 8 * (size_t)i, (uint32_t)len[i]);
        hb_set_u32(out->data + start + 8 * (size_t)i + 4, (uint32_t)here[i]);
    }
    return HB_OK;
}

int hb_compact_encode(struct hb_compact *c, const uint8_t *records, size_t len, bool zstd,
                      struct hb_buf *out, struct hb_err *e)
{
    size_t column[COLUMNS];
    size_t bytes = 0, n = 0;
    int rc;

    for (; len > 0; records += bytes, len -= bytes)
        if ((rc = list_block(c, records, len, &bytes, &n, e)) != HB_OK ||
            (rc = fill_columns(c, records, bytes, n, column, e)) != HB_OK ||
            (rc = put_block(c, column, bytes, zstd, out, e)) != HB_OK)
            return rc;
    return HB_OK;
}

/* ---- decoding -----------------------------------------------------------------------------------
 */

struct reader { /* of the columns of a block */
    const uint8_t *tag, *tag_end;
    const uint8_t *row, *row_end;
    const uint8_t *value, *value_end;
};

/* Take a value; *bad when it is cut, not in its shortest form, or has more than 16 bits. */
static inline uint32_t take_value(struct reader *r, bool *bad)
{
    uint8_t tail[4] = {0};
    uint32_t w, two, three, v;
    size_t left = (size_t)(r->value_end - r->value);
    unsigned n;

    if (left < 4) {
        memcpy(tail, r->value, left);
        memcpy(&w, tail, 4);
    } else {
        memcpy(&w, r->value, 4);
        left = 4;
    }
    two = w >> 7 & 1;
    three = two & w >> 15;
    v = (w & 0x7f) | (w >> 1 & 0x3f80 & (0u - two)) | (w >> 2 & 0x3fc000 & (0u - three));
    n = 1 + two + three;
    *bad |= v > 0xffff || n != value_bytes(v) || n > left;
    r->value += n <= left ? n : left;
    return v;
}

/* A difference of rows, halved; *bad likewise, or when it has more bits than a row. */
static inline uint64_t take_row(struct reader *r, bool *bad)
{
    uint64_t v = 0;

    for (unsigned shift = 0; r->row < r->row_end && shift < 7 * ROW_VARINT; shift += 7) {
        const uint8_t b = *r->row++;

        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *bad |= (b == 0 && shift > 0) || v > HB_RECORD_ROW_MASK;
            return v;
        }
    }
    *bad = true;
    return 0;
}

/* The row of the next record; UINT64_MAX when it is none. */
static inline uint64_t next_row(struct reader *r, const struct past *past, unsigned tag, bool first,
                                bool *bad)
{
    const unsigned step = tag & TAG_STEP;
    uint64_t d;

    if (step == STEP_SAME)
        return first ? UINT64_MAX : past->row;
    if (step == STEP_NEXT)
        return past->next;
    d = 2 * take_row(r, bad) + (step == STEP_ODD);
    return d == 0 && !first ? UINT64_MAX : past->row + d;
}

static inline void copy_values(uint8_t *to, const uint8_t *from, unsigned n)
{
    for (unsigned a = 0; a < n; a++)
        memcpy(to + 2 * (size_t)a, from + 2 * (size_t)a, 2);
}

/* The next record to `out`, which has `room` bytes. NULL, or what is wrong with it. */
static inline const char *take_record(struct reader *r, struct past *past, bool first,
                                      unsigned *kind_before, uint8_t *out, size_t room,
                                      size_t *bytes)
{
    const unsigned tag = *r->tag++;
    const unsigned kind = tag >> TAG_KIND & 1;
    unsigned n = tag >> TAG_N;
    bool bad = false;
    const uint64_t row = next_row(r, past, tag, first, &bad);
    uint64_t head;

    if (bad || row > HB_RECORD_ROW_MASK)
        return "its row is none";
    if (!first && row == past->row && kind < *kind_before)
        return "it is out of order";
    if (n == 0 && ((n = take_value(r, &bad)) <= SMALL_N || bad))
        return "its number of actions is none";
    *bytes = hb_record_bytes(n);
    if (*bytes > room)
        return "there are more records than were told";
    *kind_before = kind;
    past->row = row;
    past->next = row + 2 + 2 * (uint64_t)n;
    head = hb_record_head(row, kind, n);
    memcpy(out, &head, sizeof head);
    out += HB_RECORD_HEAD;
    if ((tag & TAG_REPEAT) != 0) {
        if (n > SMALL_N || past->last[kind][n] == NULL)
            return "there are no values to repeat";
        copy_values(out, past->last[kind][n], n);
        return NULL;
    }
    for (unsigned a = 0; a < n; a++) {
        const int16_t v = unfolded(take_value(r, &bad), kind);

        memcpy(out + 2 * (size_t)a, &v, sizeof v);
    }
    if (n <= SMALL_N)
        past->last[kind][n] = out;
    return bad ? "a value is cut or none" : NULL;
}

/* The records of a block to out; *used of its `room` bytes. */
static int take_block(struct reader *r, unsigned block, uint8_t *out, size_t room, size_t *used,
                      struct hb_err *e)
{
    const uint8_t *first = r->tag;
    struct past past = past_at_start();
    unsigned kind = 0;
    size_t bytes = 0;

    for (*used = 0; r->tag < r->tag_end; *used += bytes) {
        const char *wrong =
            take_record(r, &past, r->tag == first, &kind, out + *used, room - *used, &bytes);

        if (wrong != NULL)
            return hb_fail(e, HB_EPROTO, "a compact result, block %u, record %zu: %s", block,
                           (size_t)(r->tag - first) - 1, wrong);
    }
    if (r->row != r->row_end || r->value != r->value_end)
        return hb_fail(e, HB_EPROTO, "a compact result, block %u: bytes behind the last record",
                       block);
    return HB_OK;
}

struct place { /* of a column in the message */
    const uint8_t *at;
    size_t len, here;
};

/* The header of the next block. Every length is compared before it is used. */
static int block_at(struct hb_rd *r, unsigned block, struct place place[COLUMNS], struct hb_err *e)
{
    for (int i = 0; i < COLUMNS; i++) {
        place[i].len = hb_rd_u32(r);
        place[i].here = hb_rd_u32(r);
        r->bad = r->bad || place[i].here > place[i].len || (place[i].here == 0 && place[i].len > 0);
    }
    if (r->bad || place[TAGS].len == 0 || place[TAGS].len > HB_COMPACT_RECORDS ||
        place[ROWS].len > ROW_VARINT * place[TAGS].len || place[VALUES].len > HB_COMPACT_VALUES)
        return hb_fail(e, HB_EPROTO, "a compact result, block %u: its lengths are cut or none",
                       block);
    for (int i = 0; i < COLUMNS; i++)
        if ((place[i].at = hb_rd_take(r, place[i].here)) == NULL)
            return hb_fail(e, HB_EPROTO, "a compact result, block %u is cut", block);
    return HB_OK;
}

/* A column where it lies, or unpacked into the scratch. */
static int open_column(struct hb_compact *c, int i, unsigned block, const struct place *p,
                       const uint8_t **at, struct hb_err *e)
{
    int rc;

    *at = p->at;
    if (p->here == p->len)
        return HB_OK;
    if (c->zstd_in == NULL && (c->zstd_in = ZSTD_createDCtx()) == NULL)
        return hb_fail(e, HB_ENOMEM, "no memory to decompress with");
    if (ZSTD_getFrameContentSize(p->at, p->here) != p->len ||
        ZSTD_findFrameCompressedSize(p->at, p->here) != p->here)
        return hb_fail(e, HB_EPROTO,
                       "a compact result, block %u: column %d is not a zstd frame of %zu bytes",
                       block, i, p->len);
    if ((rc = reach_column(c, i, p->len, e)) != HB_OK)
        return rc;
    if (ZSTD_decompressDCtx(c->zstd_in, c->column[i], p->len, p->at, p->here) != p->len)
        return hb_fail(e, HB_EPROTO, "a compact result, block %u: column %d is damaged", block, i);
    *at = c->column[i];
    return HB_OK;
}

static int open_block(struct hb_compact *c, struct hb_rd *r, unsigned block, struct reader *out,
                      struct hb_err *e)
{
    struct place place[COLUMNS];
    const uint8_t *at[COLUMNS];
    int rc = block_at(r, block, place, e);

    for (int i = 0; rc == HB_OK && i < COLUMNS; i++)
        rc = open_column(c, i, block, &place[i], &at[i], e);
    if (rc == HB_OK)
        *out = (struct reader){at[TAGS],   at[TAGS] + place[TAGS].len,
                               at[ROWS],   at[ROWS] + place[ROWS].len,
                               at[VALUES], at[VALUES] + place[VALUES].len};
    return rc;
}

int hb_compact_decode(struct hb_compact *c, const struct hb_delta_head *head, const uint8_t *blocks,
                      uint8_t *out, struct hb_err *e)
{
    struct hb_rd r = hb_rd_over(blocks, (size_t)head->body_bytes);
    uint64_t n_records = 0;
    size_t room = (size_t)head->record_bytes;
    int rc;

    for (unsigned block = 0; hb_rd_left(&r) > 0; block++) {
        struct reader columns;
        size_t used;

        if ((rc = open_block(c, &r, block, &columns, e)) != HB_OK)
            return rc;
        n_records += (uint64_t)(columns.tag_end - columns.tag);
        if ((rc = take_block(&columns, block, out, room, &used, e)) != HB_OK)
            return rc;
        out += used;
        room -= used;
    }
    if (room != 0 || n_records != head->n_records)
        return hb_fail(e, HB_EPROTO, "a compact result has %llu records where %llu were told",
                       (unsigned long long)n_records, (unsigned long long)head->n_records);
    return HB_OK;
}

bool hb_compact_has_zstd(const uint8_t *blocks, size_t len)
{
    struct hb_rd r = hb_rd_over(blocks, len);
    struct place place[COLUMNS];

    while (hb_rd_left(&r) > 0 && block_at(&r, 0, place, NULL) == HB_OK)
        for (int i = 0; i < COLUMNS; i++)
            if (place[i].here < place[i].len)
                return true;
    return false;
}

uint64_t hb_compact_scratch(uint64_t n_records, bool zstd)
{
    const uint64_t n = n_records < HB_COMPACT_RECORDS ? n_records : HB_COMPACT_RECORDS;

    /* Two keys, a place, a tag; rows and values, whose rooms are mostly never touched. */
    return n * (2 * sizeof(uint64_t) + sizeof(uint32_t) + 1 + 11) + (zstd ? ZSTD_BYTES : 0);
}
