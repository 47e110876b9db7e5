/* eval_many.c - many hands at once. The sums of the keys are where the time goes: fourteen loads a
 * hand. Here a vector holds four hands, a rank's key comes in three bytes from three shuffles, and
 * the bytes of each hand are added up by one instruction; the look-ups that follow stay scalar. */
#include "cards/eval.h"

void hb_eval7_many_plain(const uint8_t *hands, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint16_t)hb_eval7(hands + 8 * i);
}

#ifdef __x86_64__
#include <immintrin.h>

enum { BLOCK = 64, STEP = 4 };

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i twice(const void *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
}

/* Of each of the four hands in `index`: the sum of the table's entries. */
AVX2 static inline __m256i sum_of(__m256i table, __m256i index)
{
    return _mm256_sad_epu8(_mm256_shuffle_epi8(table, index), _mm256_setzero_si256());
}

/* sum[i] = the top 23 bits of a key, of n hands, a multiple of STEP. Returns bit i for a hand with
 * a flush. The eighth byte of a hand counts as the first card: its key is 0, and the counter of its
 * suit starts one lower. */
AVX2 static uint64_t add_keys(const uint8_t *hands, size_t n, uint64_t *sum)
{
    static const uint8_t count01[16] = {0x01, 0x10};
    static const uint8_t count23[16] = {0, 0, 0x01, 0x10};
    const __m256i piece0 = twice(hb_eval_piece[0]);
    const __m256i piece1 = twice(hb_eval_piece[1]);
    const __m256i piece2 = twice(hb_eval_piece[2]);
    const __m256i suits01 = twice(count01);
    const __m256i suits23 = twice(count23);
    uint64_t flushes = 0;

    for (size_t i = 0; i < n; i += STEP) {
        __m256i cards =
            _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(const void *)(hands + 8 * i)),
                             _mm256_set1_epi64x(0x003F3F3F3F3F3F3F));
        __m256i rank = _mm256_and_si256(_mm256_srli_epi16(cards, 2), _mm256_set1_epi8(0x0F));
        __m256i suit = _mm256_and_si256(cards, _mm256_set1_epi8(3));
        __m256i key = _mm256_add_epi64(
            sum_of(piece0, rank), _mm256_add_epi64(_mm256_slli_epi64(sum_of(piece1, rank), 8),
                                                   _mm256_slli_epi64(sum_of(piece2, rank), 16)));
        __m256i count =
            _mm256_add_epi64(sum_of(suits01, suit), _mm256_slli_epi64(sum_of(suits23, suit), 8));
        __m256i five = _mm256_and_si256(_mm256_add_epi64(count, _mm256_set1_epi64x(0x3332)),
                                        _mm256_set1_epi64x(0x8888));
        int none = _mm256_movemask_pd(
            _mm256_castsi256_pd(_mm256_cmpeq_epi64(five, _mm256_setzero_si256())));

        _mm256_storeu_si256((__m256i *)(void *)(sum + i),
                            _mm256_and_si256(key, _mm256_set1_epi64x(0x7FFFFF)));
        flushes |= (uint64_t)(15 ^ (unsigned)none) << i;
    }
    return flushes;
}

static void eval_vectors(const uint8_t *hands, size_t n, uint16_t *out)
{
    uint64_t sum[BLOCK];
    size_t m;

    for (; n >= STEP; hands += 8 * m, out += m, n -= m) {
        uint64_t flushes;

        m = n < BLOCK ? n / STEP * STEP : BLOCK;
        flushes = add_keys(hands, m, sum);
        for (size_t i = 0; i < m; i++)
            out[i] = (uint16_t)hb_eval_by_rank(sum[i] << 41, 7);
        for (; flushes != 0; flushes &= flushes - 1) {
            int i = __builtin_ctzll(flushes);

            out[i] = (uint16_t)hb_eval7(hands + 8 * i);
        }
    }
    hb_eval7_many_plain(hands, n, out);
}

void hb_eval7_many(const uint8_t *hands, size_t n, uint16_t *out)
{
    if (__builtin_cpu_supports("avx2"))
        eval_vectors(hands, n, out);
    else
        hb_eval7_many_plain(hands, n, out);
}
#else
void hb_eval7_many(const uint8_t *hands, size_t n, uint16_t *out)
{
    hb_eval7_many_plain(hands, n, out);
}
#endif
