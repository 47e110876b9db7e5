/* merge_row.h - what one record does to its row: discount what earlier epochs left, add the values.
 * Only merge.c includes it. [solver, pure]
 *
 * Written twice: plainly, and with AVX2 for rows of two to eight actions, a vector of regrets and
 * one of sums. Each lane does what the plain code does, operation by operation, so that the bits
 * are the same (tests/unit/t_merge.c). Vectors stay inside of the row, for its neighbours may be
 * another merger's: lanes that are not meant are its own words, written back as they were.
 *
 * Threads: a row belongs to one merger. */
#ifndef HB_SOLVER_MERGE_ROW_H
#define HB_SOLVER_MERGE_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "solver/merge.h"

struct merge_record {
    int32_t *row;
    const uint8_t *values; /* [n] int16; the record's head lies before them */
    unsigned kind, n;
};

/* ---- discounts ---- */

/* The dither of a row's discount. It depends on nothing but the row and the epoch: the finalizer of
 * SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) over both. 21 bits: a discount is exact
 * when the factor is 1. */
HB_INLINE double merge_dither(const struct hb_merge *m, const int32_t *row)
{
    uint64_t z = (uint64_t)(row - m->table->rows) * UINT64_C(0x9E3779B97F4A7C15) + m->round.epoch;

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)(int64_t)(z >> 43) * 0x1p-21;
}

/* A row that is touched after many epochs must not forget which actions it prefers: were its
 * positive regrets rounded away, the next result would find none and the row would play uniformly,
 * aces folding to an all-in included. So the largest is never discounted below this many units,
 * next to nothing beside a new result's. */
#define MERGE_KEPT_UNITS 64

/* The positive factor, raised so that the row's largest positive regret keeps MERGE_KEPT_UNITS, or
 * all of it where it has fewer. Without a branch, which nothing could foretell. */
HB_INLINE double merge_kept(int32_t most, double factor)
{
    double raised = MERGE_KEPT_UNITS / (double)(most > MERGE_KEPT_UNITS ? most : MERGE_KEPT_UNITS);
    uint64_t enough = -(uint64_t)((double)most * factor >= MERGE_KEPT_UNITS);
    uint64_t bits[2];

    memcpy(&bits[0], &factor, sizeof factor);
    memcpy(&bits[1], &raised, sizeof raised);
    bits[0] = (bits[0] & enough) | (bits[1] & ~enough);
    memcpy(&factor, &bits[0], sizeof factor);
    return factor;
}

/* v * factor rounded down or up at random, so that a small regret neither melts away nor stays for
 * ever, however many epochs pass: rounding to zero doubles Leduc's exploitability with coarse
 * units, rounding to nearest stops discounts below half an epoch's number. dither: 0 <= d < 1.
 * All is made positive first, so that the conversion rounds down. */
HB_INLINE int32_t merge_scaled(int32_t v, double factor, double dither)
{
    return (int32_t)((int64_t)((double)v * factor + dither + 0x1p31) - (INT64_C(1) << 31));
}

/* The head of a row in the round's epoch. */
HB_INLINE int32_t merge_head(const struct hb_merge *m, uint32_t head)
{
    return (int32_t)(m->round.epoch | (head & ~HB_EPOCH_MAX));
}

/* ---- plainly ---- */

/* Bring the regrets of a row that an earlier epoch left behind to the current one. Their signs are
 * as good as random: which factor is a look-up, not a branch. */
HB_INLINE void merge_refresh(const struct hb_merge *m, int32_t *row, unsigned n)
{
    int32_t *regret = row + HB_ROW_HEAD;
    double dither = merge_dither(m, row);
    double factor[2]; /* of negative and of positive ones */
    int32_t most = 0;

    for (unsigned a = 0; a < n; a++)
        most = regret[a] > most ? regret[a] : most;
    hb_discounts_factor(&m->discounts, hb_row_epoch(row), m->round.epoch, &factor[1], &factor[0]);
    factor[1] = merge_kept(most, factor[1]);
    for (unsigned a = 0; a < n; a++)
        regret[a] = merge_scaled(regret[a], factor[regret[a] > 0], dither);
    row[0] = merge_head(m, (uint32_t)row[0]);
}

/* How far sums of that row shift to have the exponent of the round's weight; the head with the
 * exponent that they have then. Only a strategy record may ask: in a row whose strategy is rarely
 * updated the regrets' visits would shift old sums out of sight. Entries have 31 bits. */
HB_INLINE int merge_raise(const struct hb_merge *m, uint32_t *head)
{
    int shift = m->round.weight_exp - (int)(*head >> 24);

    if (shift <= 0)
        return 0;
    *head = (*head & HB_EPOCH_MAX) | (uint32_t)m->round.weight_exp << 24;
    return shift < 31 ? shift : 31;
}

/* Add one record; true when the row left the range that a round may end with. */
HB_INLINE bool merge_row_plain(const struct hb_merge *m, const struct merge_record *r)
{
    int32_t *row = r->row;
    int32_t *entry = row + HB_ROW_HEAD;
    bool leaves = false;
    int shift = 0;

    if (hb_row_epoch(row) != m->round.epoch)
        merge_refresh(m, row, r->n);
    if (r->kind == HB_RECORD_STRATEGY) {
        uint32_t head = (uint32_t)row[0];

        shift = merge_raise(m, &head);
        row[0] = (int32_t)head;
        row[1] = (int32_t)((uint32_t)row[1] + 1);
        entry += r->n;
    }
    for (unsigned a = 0; a < r->n; a++) {
        int16_t d;

        memcpy(&d, r->values + 2 * (size_t)a, sizeof d);
        entry[a] =
            (int32_t)((uint32_t)(entry[a] >> shift) + (uint32_t)d); /* wraps only if forged */
        leaves |= entry[a] >= HB_ENTRY_MAX || entry[a] < m->low;
    }
    return leaves;
}

/* ---- with AVX2 ---- */

#ifdef __x86_64__
#include <immintrin.h>

#define MERGE_AVX2 __attribute__((target("avx2")))

/* -1 in the first n lanes of 4 or 8, 0 behind. */
MERGE_AVX2 HB_INLINE __m128i merge_first4(unsigned n)
{
    return _mm_cmpgt_epi32(_mm_set1_epi32((int)n), _mm_setr_epi32(0, 1, 2, 3));
}
MERGE_AVX2 HB_INLINE __m256i merge_first8(unsigned n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

struct merge_factors {
    __m256d positive, negative, dither;
};

MERGE_AVX2 HB_INLINE struct merge_factors
merge_factors_of(const struct hb_merge *m, const int32_t *row, uint32_t epoch, int32_t most)
{
    double positive, negative;

    hb_discounts_factor(&m->discounts, epoch, m->round.epoch, &positive, &negative);
    return (struct merge_factors){.positive = _mm256_set1_pd(merge_kept(most, positive)),
                                  .negative = _mm256_set1_pd(negative),
                                  .dither = _mm256_set1_pd(merge_dither(m, row))};
}

/* merge_scaled in four lanes. What is 2^31 and more is whole after rounding down. */
MERGE_AVX2 HB_INLINE __m128i merge_scaled4(__m128i v, const struct merge_factors *f)
{
    __m256d up =
        _mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm_cmpgt_epi32(v, _mm_setzero_si128())));
    __m256d factor = _mm256_blendv_pd(f->negative, f->positive, up);
    __m256d x = _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(v), factor), f->dither);

    x = _mm256_floor_pd(_mm256_add_pd(x, _mm256_set1_pd(0x1p31)));
    return _mm256_cvttpd_epi32(_mm256_sub_pd(x, _mm256_set1_pd(0x1p31)));
}

/* The largest of the positive ones, or 0. */
MERGE_AVX2 HB_INLINE int32_t merge_most4(__m128i v)
{
    v = _mm_max_epi32(v, _mm_setzero_si128());
    v = _mm_max_epi32(v, _mm_shuffle_epi32(v, 0x4E));
    v = _mm_max_epi32(v, _mm_shuffle_epi32(v, 0xB1));
    return _mm_cvtsi128_si32(v);
}

/* merge_refresh of n regrets, 2 to 4. */
MERGE_AVX2 HB_INLINE __m128i merge_refresh4(const struct hb_merge *m, const int32_t *row,
                                            __m128i regrets, unsigned n)
{
    int32_t most = merge_most4(_mm_and_si128(regrets, merge_first4(n)));
    struct merge_factors f = merge_factors_of(m, row, hb_row_epoch(row), most);

    return merge_scaled4(regrets, &f);
}

/* The same of 5 to 8. */
MERGE_AVX2 HB_INLINE __m256i merge_refresh8(const struct hb_merge *m, const int32_t *row,
                                            __m256i regrets, unsigned n)
{
    __m256i ours = _mm256_and_si256(regrets, merge_first8(n));
    int32_t most =
        merge_most4(_mm_max_epi32(_mm256_castsi256_si128(ours), _mm256_extracti128_si256(ours, 1)));
    struct merge_factors f = merge_factors_of(m, row, hb_row_epoch(row), most);

    return _mm256_set_m128i(merge_scaled4(_mm256_extracti128_si256(regrets, 1), &f),
                            merge_scaled4(_mm256_castsi256_si128(regrets), &f));
}

/* A record's last four or eight values, or fewer behind what comes before them. */
MERGE_AVX2 HB_INLINE __m128i merge_values4(const struct merge_record *r)
{
    uint64_t v;

    memcpy(&v, r->values + 2 * (size_t)r->n - sizeof v, sizeof v);
    return _mm_cvtepi16_epi32(_mm_cvtsi64_si128((int64_t)v));
}
MERGE_AVX2 HB_INLINE __m256i merge_values8(const struct merge_record *r)
{
    return _mm256_cvtepi16_epi32(_mm_loadu_si128(
        (const __m128i *)(const void *)(r->values + 2 * (size_t)r->n - sizeof(__m128i))));
}

/* Lane i from lane i + by, where there is one. */
MERGE_AVX2 HB_INLINE __m128i merge_move4(__m128i v, int by)
{
    __m128i from = _mm_add_epi32(_mm_setr_epi32(0, 1, 2, 3), _mm_set1_epi32(by));

    return _mm_castps_si128(_mm_permutevar_ps(_mm_castsi128_ps(v), from));
}
MERGE_AVX2 HB_INLINE __m256i merge_move8(__m256i v, int by)
{
    __m256i from =
        _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(by));

    return _mm256_permutevar8x32_epi32(v, from);
}

/* Whether an entry, of the lanes in `which`, is out of range. */
MERGE_AVX2 HB_INLINE bool merge_leaves4(const struct hb_merge *m, __m128i v, __m128i which)
{
    __m128i out = _mm_or_si128(_mm_cmpgt_epi32(v, _mm_set1_epi32(HB_ENTRY_MAX - 1)),
                               _mm_cmpgt_epi32(_mm_set1_epi32(m->low), v));

    return !_mm_testz_si128(out, which);
}
MERGE_AVX2 HB_INLINE bool merge_leaves8(const struct hb_merge *m, __m256i v, __m256i which)
{
    __m256i out = _mm256_or_si256(_mm256_cmpgt_epi32(v, _mm256_set1_epi32(HB_ENTRY_MAX - 1)),
                                  _mm256_cmpgt_epi32(_mm256_set1_epi32(m->low), v));

    return !_mm256_testz_si256(out, which);
}

/* Regrets of n actions, 2 to 4: their vector begins with the first. */
MERGE_AVX2 HB_INLINE bool merge_regrets4(const struct hb_merge *m, const struct merge_record *r)
{
    __m128i *at = (__m128i *)(void *)(r->row + HB_ROW_HEAD);
    __m128i before = _mm_loadu_si128(at);
    __m128i ours = merge_first4(r->n);
    __m128i v = before;

    if (hb_row_epoch(r->row) != m->round.epoch) {
        v = merge_refresh4(m, r->row, v, r->n);
        r->row[0] = merge_head(m, (uint32_t)r->row[0]);
    }
    v = _mm_add_epi32(v, merge_move4(merge_values4(r), 4 - (int)r->n));
    _mm_storeu_si128(at, _mm_blendv_epi8(before, v, ours));
    return merge_leaves4(m, v, ours);
}

/* Of 5 to 8. */
MERGE_AVX2 HB_INLINE bool merge_regrets8(const struct hb_merge *m, const struct merge_record *r)
{
    __m256i *at = (__m256i *)(void *)(r->row + HB_ROW_HEAD);
    __m256i before = _mm256_loadu_si256(at);
    __m256i ours = merge_first8(r->n);
    __m256i v = before;

    if (hb_row_epoch(r->row) != m->round.epoch) {
        v = merge_refresh8(m, r->row, v, r->n);
        r->row[0] = merge_head(m, (uint32_t)r->row[0]);
    }
    v = _mm256_add_epi32(v, merge_move8(merge_values8(r), 8 - (int)r->n));
    _mm256_storeu_si256(at, _mm256_blendv_epi8(before, v, ours));
    return merge_leaves8(m, v, ours);
}

/* Sums of n actions, 2 to 4: their vector ends with the last. Where that of the regrets, which is
 * written after it, lies over it, it takes the new sums. */
MERGE_AVX2 HB_INLINE bool merge_sums4(const struct hb_merge *m, const struct merge_record *r)
{
    __m128i *regrets = (__m128i *)(void *)(r->row + HB_ROW_HEAD);
    __m128i *at = (__m128i *)(void *)(r->row + HB_ROW_HEAD + 2 * r->n - 4);
    __m128i first = _mm_loadu_si128(regrets);
    __m128i before = _mm_loadu_si128(at);
    __m128i others = merge_first4(4 - r->n);
    uint32_t head = (uint32_t)r->row[0];
    __m128i shift = _mm_cvtsi32_si128(merge_raise(m, &head));
    __m128i v = _mm_add_epi32(_mm_sra_epi32(before, shift), merge_values4(r));

    v = _mm_blendv_epi8(v, before, others);
    _mm_storeu_si128(at, v);
    if ((head & HB_EPOCH_MAX) != m->round.epoch) {
        first = merge_refresh4(m, r->row, first, r->n);
        _mm_storeu_si128(
            regrets, _mm_blendv_epi8(merge_move4(v, 4 - 2 * (int)r->n), first, merge_first4(r->n)));
        head = (uint32_t)merge_head(m, head);
    }
    r->row[0] = (int32_t)head;
    r->row[1] = (int32_t)((uint32_t)r->row[1] + 1);
    return merge_leaves4(m, v, _mm_xor_si128(others, _mm_set1_epi32(-1)));
}

/* Of 5 to 8. */
MERGE_AVX2 HB_INLINE bool merge_sums8(const struct hb_merge *m, const struct merge_record *r)
{
    __m256i *regrets = (__m256i *)(void *)(r->row + HB_ROW_HEAD);
    __m256i *at = (__m256i *)(void *)(r->row + HB_ROW_HEAD + 2 * r->n - 8);
    __m256i first = _mm256_loadu_si256(regrets);
    __m256i before = _mm256_loadu_si256(at);
    __m256i others = merge_first8(8 - r->n);
    uint32_t head = (uint32_t)r->row[0];
    __m128i shift = _mm_cvtsi32_si128(merge_raise(m, &head));
    __m256i v = _mm256_add_epi32(_mm256_sra_epi32(before, shift), merge_values8(r));

    v = _mm256_blendv_epi8(v, before, others);
    _mm256_storeu_si256(at, v);
    if ((head & HB_EPOCH_MAX) != m->round.epoch) {
        first = merge_refresh8(m, r->row, first, r->n);
        _mm256_storeu_si256(regrets, _mm256_blendv_epi8(merge_move8(v, 8 - 2 * (int)r->n), first,
                                                        merge_first8(r->n)));
        head = (uint32_t)merge_head(m, head);
    }
    r->row[0] = (int32_t)head;
    r->row[1] = (int32_t)((uint32_t)r->row[1] + 1);
    return merge_leaves8(m, v, _mm256_xor_si256(others, _mm256_set1_epi32(-1)));
}

MERGE_AVX2 HB_INLINE bool merge_row_avx2(const struct hb_merge *m, const struct merge_record *r)
{
    if (r->n - 2 <= 2)
        return r->kind == HB_RECORD_REGRET ? merge_regrets4(m, r) : merge_sums4(m, r);
    if (r->n - 5 <= 3)
        return r->kind == HB_RECORD_REGRET ? merge_regrets8(m, r) : merge_sums8(m, r);
    return merge_row_plain(m, r);
}
#endif

#endif
