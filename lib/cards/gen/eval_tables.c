/* eval_tables.c - writes the tables of eval.h to stdout as C; run by the Makefile.
 *
 * Rank keys: the smallest whole numbers, found one after the other, such that no two multisets of
 * the same number of cards (at most 7, at most 4 of a rank) have the same sum; they all fit 23
 * bits. They are spread by an odd factor modulo 2^23, which keeps sums different. The program fails
 * if two meet. A card's key holds its spread rank key in the top 23 bits (carries fall off there)
 * and a counter of its suit in the low 16.
 *
 * Row displacement: for a number of cards n and the top 23 bits s of a sum the strength is at
 * rank[base[n] + at[n][r] + s % 2^ROW_BITS] where r = s >> ROW_BITS; each row is moved to where its
 * entries fit between the earlier ones, long rows first. row[n][r] holds at[n][r] - r * 2^ROW_BITS
 * modulo 2^16: added to s it is the place, since no number of cards has 2^16 places. Of 3000
 * factors that were tried for spreading the keys this one leaves the least room over. Rows twice as
 * long would halve their number and make the table of strengths half as long again; rows half as
 * long would save a fifth of it.
 *
 * Strength: class << 12 | place among the hands of that class. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { RANKS = 13, CARDS_MAX = 7, ROW_BITS = 11, ROWS = 4096, ROW_SPAN = 1 << ROW_BITS };
enum { SUM_BITS = 23, TABLE_MAX = 1 << 17, CLASS_BITS = 12, CLASSES = 9, PLACES_MAX = 4096 };
enum { HIGH, PAIR, TWO_PAIR, TRIPS, STRAIGHT, FLUSH, FULL, QUADS, STRAIGHT_FLUSH };

static const uint32_t spread = 0x1850E7;
static const uint32_t rank_key[RANKS] = {0,    1,     5,     22,     98,     453,    2031,
                                         8698, 22854, 83661, 262349, 636345, 1479181};

static uint16_t rank_table[TABLE_MAX]; /* 0 = free; strengths are stored + 1 */
static uint32_t table_size;
static uint32_t base[CARDS_MAX + 1];
static uint16_t rows[CARDS_MAX + 1][ROWS];
static uint16_t flush_table[1 << RANKS];
static uint16_t row_image[ROWS][ROW_SPAN]; /* entries of one number of cards, before moving */

/* All tie-breaks of a class, ascending; the place is the strength within the class. */
static uint32_t places[CLASSES][PLACES_MAX];
static int n_places[CLASSES];

static void fail(const char *why)
{
    (void)fprintf(stderr, "eval_tables: %s\n", why);
    exit(70);
}

/* Highest rank of the best straight in a set of ranks, or -1. */
static int straight_high(unsigned ranks)
{
    unsigned wheel = ranks << 1 | (ranks >> (RANKS - 1) & 1); /* bit 0: the ace below the deuce */

    for (int high = RANKS - 1; high >= 3; high--)
        if ((wheel >> (high - 3) & 31) == 31)
            return high;
    return -1;
}

/* The `want` highest ranks of a set as base-16 digits behind `digits`. */
static uint32_t append_top(uint32_t digits, unsigned ranks, int want)
{
    for (int r = RANKS - 1; r >= 0 && want > 0; r--)
        if ((ranks >> r & 1) != 0) {
            digits = digits << 4 | (uint32_t)r;
            want--;
        }
    return digits;
}

/* Class << 20 | tie-break of n cards with count[r] of rank r, suits ignored. */
static uint32_t judge(const int count[RANKS], int n)
{
    unsigned set[5] = {0}; /* ranks held at least k times */
    int top[5] = {-1, -1, -1, -1, -1};
    int left = n < 5 ? n : 5;
    int second;

    for (int r = 0; r < RANKS; r++)
        for (int k = 1; k <= count[r]; k++) {
            set[k] |= 1u << r;
            top[k] = r;
        }
    if (set[4] != 0)
        return (uint32_t)QUADS << 20 |
               append_top((uint32_t)top[4], set[1] & ~(1u << top[4]), left - 4);
    second = -1; /* best pair beside the trips */
    for (int r = 0; r < RANKS; r++)
        if (r != top[3] && count[r] >= 2)
            second = r;
    if (top[3] >= 0 && second >= 0)
        return (uint32_t)FULL << 20 | (uint32_t)(top[3] << 4 | second);
    if (n >= 5 && straight_high(set[1]) >= 0)
        return (uint32_t)STRAIGHT << 20 | (uint32_t)straight_high(set[1]);
    if (top[3] >= 0)
        return (uint32_t)TRIPS << 20 |
               append_top((uint32_t)top[3], set[1] & ~(1u << top[3]), left - 3);
    if (top[2] < 0)
        return (uint32_t)HIGH << 20 | append_top(0, set[1], left);
    second = -1;
    for (int r = 0; r < top[2]; r++)
        if (count[r] >= 2)
            second = r;
    if (second < 0)
        return (uint32_t)PAIR << 20 |
               append_top((uint32_t)top[2], set[1] & ~(1u << top[2]), left - 2);
    return (uint32_t)TWO_PAIR << 20 |
           append_top((uint32_t)(top[2] << 4 | second), set[1] & ~(1u << top[2]) & ~(1u << second),
                      left - 4);
}

static void note_place(uint32_t judged)
{
    uint32_t hand_class = judged >> 20;

    if (n_places[hand_class] == PLACES_MAX)
        fail("a class is too large");
    places[hand_class][n_places[hand_class]++] = judged & 0xFFFFF;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void sort_places(void)
{
    for (int c = 0; c < CLASSES; c++) {
        int n = 0;

        qsort(places[c], (size_t)n_places[c], sizeof places[c][0], ascending);
        for (int i = 0; i < n_places[c]; i++)
            if (i == 0 || places[c][i] != places[c][i - 1])
                places[c][n++] = places[c][i];
        n_places[c] = n;
    }
}

static uint16_t strength_of(uint32_t judged)
{
    uint32_t hand_class = judged >> 20;
    uint32_t tie_break = judged & 0xFFFFF;
    const uint32_t *at = bsearch(&tie_break, places[hand_class], (size_t)n_places[hand_class],
                                 sizeof tie_break, ascending);

    if (at == NULL)
        fail("a hand is missing from its class");
    return (uint16_t)(hand_class << CLASS_BITS | (uint32_t)(at - places[hand_class]));
}

/* Call visit with every multiset of n cards. */
static void each_multiset(int count[RANKS], int rank, int left, int n,
                          void (*visit)(const int *count, int n))
{
    if (rank == RANKS) {
        if (left == 0)
            visit(count, n);
        return;
    }
    for (int c = 0; c <= 4 && c <= left; c++) {
        count[rank] = c;
        each_multiset(count, rank + 1, left - c, n, visit);
    }
    count[rank] = 0;
}

static void visit_places(const int *count, int n)
{
    note_place(judge(count, n));
}

static uint32_t spread_key(int rank)
{
    return rank_key[rank] * spread % (1u << SUM_BITS);
}

static void visit_image(const int *count, int n)
{
    uint32_t sum = 0;
    uint16_t *at;

    for (int r = 0; r < RANKS; r++)
        sum += (uint32_t)count[r] * spread_key(r);
    sum %= 1u << SUM_BITS;
    at = &row_image[sum >> ROW_BITS][sum % ROW_SPAN];
    if (*at != 0)
        fail("two hands have one sum");
    *at = (uint16_t)(strength_of(judge(count, n)) + 1);
}

static int row_length(const uint16_t *row)
{
    int n = 0;

    for (int i = 0; i < ROW_SPAN; i++)
        n += row[i] != 0;
    return n;
}

/* Put a row at the first place from `at` on where it fits; returns that place. */
static uint32_t place_row(const uint16_t *row, uint32_t at)
{
    static int used[ROW_SPAN];
    int n_used = 0;

    for (int i = 0; i < ROW_SPAN; i++)
        if (row[i] != 0)
            used[n_used++] = i;
    for (int i = 0; i < n_used;) { /* restart at the next place whenever an entry is taken */
        if (at + ROW_SPAN > TABLE_MAX)
            fail("the table is too small");
        if (rank_table[at + (uint32_t)used[i]] != 0) {
            at++;
            i = 0;
        } else {
            i++;
        }
    }
    for (int i = 0; i < n_used; i++)
        rank_table[at + (uint32_t)used[i]] = row[used[i]];
    if (at + (uint32_t)used[n_used - 1] >= table_size)
        table_size = at + (uint32_t)used[n_used - 1] + 1;
    return at;
}

/* Move the rows of n cards into the table, long ones first. */
static void place_rows(int n)
{
    static int length[ROWS];

    for (int r = 0; r < ROWS; r++)
        length[r] = row_length(row_image[r]);
    base[n] = table_size;
    for (int want = ROW_SPAN; want > 0; want--)
        for (int r = 0; r < ROWS; r++)
            if (length[r] == want) {
                uint32_t at = place_row(row_image[r], base[n]) - base[n];

                rows[n][r] = (uint16_t)(at - (uint32_t)r * ROW_SPAN);
            }
    if (table_size - base[n] > UINT16_MAX + 1u)
        fail("the table is too large");
}

static void make_rank_table(void)
{
    int count[RANKS] = {0};

    for (int n = CARDS_MAX; n >= 1; n--) {
        for (int c = 0; c < CLASSES; c++)
            n_places[c] = 0;
        each_multiset(count, 0, n < 5 ? n : 5, n < 5 ? n : 5, visit_places);
        sort_places();
        for (int r = 0; r < ROWS; r++)
            for (int i = 0; i < ROW_SPAN; i++)
                row_image[r][i] = 0;
        each_multiset(count, 0, n, n, visit_image);
        place_rows(n);
    }
}

/* By set of ranks; entries of fewer than 5 or more than 7 ranks stay 0. */
static void make_flush_table(void)
{
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned set = 0; set < 1u << RANKS; set++) {
            int n = 0;
            int high = straight_high(set);
            uint32_t judged;

            for (int r = 0; r < RANKS; r++)
                n += (int)(set >> r & 1);
            if (n < 5 || n > CARDS_MAX)
                continue;
            judged = high >= 0 ? (uint32_t)STRAIGHT_FLUSH << 20 | (uint32_t)high
                               : (uint32_t)FLUSH << 20 | append_top(0, set, 5);
            if (pass == 0 && n == 5)
                note_place(judged);
            if (pass == 1)
                flush_table[set] = strength_of(judged);
        }
        if (pass == 0)
            sort_places();
    }
}

static void print_u16(const char *head, const uint16_t *table, uint32_t n, int minus)
{
    (void)printf("const uint16_t %s = {", head);
    for (uint32_t i = 0; i < n; i++)
        (void)printf("%s%d,", i % 16 == 0 ? "\n" : "", table[i] != 0 ? table[i] - minus : 0);
    (void)printf("\n};\n");
}

int main(void)
{
    make_rank_table();
    for (int c = 0; c < CLASSES; c++)
        n_places[c] = 0;
    make_flush_table();

    (void)printf("/* Made by lib/cards/gen/eval_tables.c. */\n#include \"cards/eval.h\"\n");
    (void)printf("const uint64_t hb_eval_key[52] = {");
    for (unsigned card = 0; card < 52; card++)
        (void)printf("%s0x%llx,", card % 4 == 0 ? "\n" : "",
                     (unsigned long long)spread_key((int)card >> 2) << (64 - SUM_BITS) |
                         1ull << (4 * (card & 3)));
    (void)printf("\n};\nconst uint8_t hb_eval_piece[3][16] = {");
    for (int piece = 0; piece < 3; piece++) {
        (void)printf("\n{");
        for (int r = 0; r < RANKS; r++)
            (void)printf("%u,", (unsigned)(spread_key(r) >> (8 * piece) & 0xFF));
        (void)printf("},");
    }
    (void)printf("\n};\nconst uint64_t hb_eval_bit[52] = {");
    for (unsigned card = 0; card < 52; card++)
        (void)printf("%s0x%llx,", card % 4 == 0 ? "\n" : "", 1ull << (16 * (card & 3) + card / 4));
    (void)printf("\n};\nconst uint32_t hb_eval_base[8] = {");
    for (int n = 0; n <= CARDS_MAX; n++)
        (void)printf("%u,", (unsigned)base[n]);
    (void)printf("};\nconst uint16_t hb_eval_row[8][%d] = {", ROWS);
    for (int n = 0; n <= CARDS_MAX; n++) {
        (void)printf("\n{");
        for (int r = 0; r < ROWS; r++)
            (void)printf("%s%d,", r % 16 == 0 ? "\n" : "", rows[n][r]);
        (void)printf("},");
    }
    (void)printf("\n};\n");
    print_u16("hb_eval_flush[8192]", flush_table, 1u << RANKS, 0);
    print_u16("hb_eval_rank[]", rank_table, table_size, 1);
    return fflush(stdout) != 0 || ferror(stdout) ? 74 : 0;
}
