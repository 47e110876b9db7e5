/* equity.c - one sweep per final board, then sums street by street.
 *
 * On a final board the strength of a hand depends on the *kinds* of its cards only: a kind is a
 * rank, and whether the card is of the suit in which a flush is still possible (there is one at
 * most). So the sweep goes over pairs of kinds, 91 of them on most boards instead of 1081 hands.
 * Kinds that are `count` cards strong: hands of the pair (t, u)             count[t] * count[u], or
 * count[t] choose 2 of these contain one card of kind t  count[u], or count[t] - 1 Walking up in
 * strength, below = weaker hands, below_with[t] = those that contain a given card of kind t. A hand
 * (x, y) of kinds (t, u) beats below - below_with[t] - below_with[u] hands without x and y: the
 * only hand with both is itself, and that is not weaker. */
#include "cards/equity.h"

#include <string.h>

#include "base/mem.h"
#include "cards/eval.h"
#include "cards/iso_impl.h"

enum { KINDS = 32, PLAIN = 0, SUITED = 16, HANDS_MAX = HB_ISO_HANDS_MAX };

/* ---- final boards ---- */

struct pair {
    uint16_t strength;
    uint8_t t;
    uint8_t u;
};

struct sweep {
    int n_hole;
    int n_cards; /* own and board */
    struct hb_eval_hand board;
    int n_kinds;
    uint8_t kind[KINDS];      /* those that have cards */
    uint32_t count[KINDS];    /* cards of a kind */
    uint8_t card[KINDS][2];   /* two of them */
    uint8_t kind_of_code[64]; /* see iso_set.c */
    int n_pairs;
    struct pair pairs[KINDS * (KINDS + 1) / 2];
    struct pair sorted[KINDS * (KINDS + 1) / 2];
    uint16_t score[KINDS * KINDS]; /* [32 * t + u] and [32 * u + t] */
};

/* The suit that own cards can make a flush of, or -1. */
static int flush_suit(const uint8_t *board, int n_board, int n_hole)
{
    int n[HB_SUITS] = {0};

    for (int i = 0; i < n_board; i++)
        if (++n[hb_card_suit(board[i])] + n_hole >= 5)
            return hb_card_suit(board[i]);
    return -1;
}

/* Sort the cards that are left into kinds. */
static void find_kinds(struct sweep *s, const struct hb_iso_view *view, int suit)
{
    memset(s->count, 0, sizeof s->count);
    for (uint8_t card = 0; card < HB_CARDS; card++) {
        int kind = (hb_card_suit(card) == suit ? SUITED : PLAIN) + hb_card_rank(card);

        if (view->code[card] == HB_ISO_DEAD)
            continue;
        s->kind_of_code[view->code[card]] = (uint8_t)kind;
        if (s->count[kind] < 2)
            s->card[kind][s->count[kind]] = card;
        s->count[kind]++;
    }
    s->n_kinds = 0;
    for (int kind = 0; kind < KINDS; kind++)
        if (s->count[kind] != 0)
            s->kind[s->n_kinds++] = (uint8_t)kind;
}

static void add_pair(struct sweep *s, uint8_t t, uint8_t u, struct hb_eval_hand hand)
{
    s->pairs[s->n_pairs++] = (struct pair){(uint16_t)hb_eval_hand(hand, s->n_cards), t, u};
}

/* The strength of every pair of kinds; a single own card is the pair of its kind with itself. */
static void find_pairs(struct sweep *s)
{
    s->n_pairs = 0;
    for (int i = 0; i < s->n_kinds; i++) {
        uint8_t t = s->kind[i];
        struct hb_eval_hand one = hb_eval_add(s->board, s->card[t][0]);

        if (s->n_hole == 1) {
            add_pair(s, t, t, one);
            continue;
        }
        if (s->count[t] > 1)
            add_pair(s, t, t, hb_eval_add(one, s->card[t][1]));
        for (int j = i + 1; j < s->n_kinds; j++)
            add_pair(s, t, s->kind[j], hb_eval_add(one, s->card[s->kind[j]][0]));
    }
}

/* One pass of a radix sort by 8 bits of the strength. */
static void sort_pass(const struct pair *from, struct pair *to, int n, int shift)
{
    uint16_t at[256] = {0};
    uint16_t start = 0;

    for (int i = 0; i < n; i++)
        at[from[i].strength >> shift & 0xFF]++;
    for (int b = 0; b < 256; b++) {
        uint16_t here = at[b];

        at[b] = start;
        start = (uint16_t)(start + here);
    }
    for (int i = 0; i < n; i++)
        to[at[from[i].strength >> shift & 0xFF]++] = from[i];
}

/* Hands of a pair of kinds. */
static uint32_t hands_of(const struct sweep *s, const struct pair *p)
{
    if (s->n_hole == 1)
        return s->count[p->t];
    return p->t == p->u ? s->count[p->t] * (s->count[p->t] - 1) / 2
                        : s->count[p->t] * s->count[p->u];
}

/* Of these, add to with[kind] those that contain one given card of the kind. */
static void count_with(const struct sweep *s, const struct pair *p, uint32_t *with)
{
    if (s->n_hole == 1)
        return; /* no other hand holds the card */
    if (p->t == p->u) {
        with[p->t] += s->count[p->t] - 1;
    } else {
        with[p->t] += s->count[p->u];
        with[p->u] += s->count[p->t];
    }
}

/* Walk up through pairs of equal strength: score = 2 * wins + ties. */
static void score_pairs(struct sweep *s)
{
    uint32_t below = 0;
    uint32_t below_with[KINDS] = {0};
    uint32_t self = s->n_hole == 2 ? 1 : 0; /* the hand itself is taken off twice, or not at all */

    for (int i = 0, end; i < s->n_pairs; i = end) {
        uint32_t upto = below;
        uint32_t upto_with[KINDS];

        memcpy(upto_with, below_with, sizeof upto_with);
        for (end = i; end < s->n_pairs && s->pairs[end].strength == s->pairs[i].strength; end++) {
            upto += hands_of(s, &s->pairs[end]);
            count_with(s, &s->pairs[end], upto_with);
        }
        for (int k = i; k < end; k++) {
            uint8_t t = s->pairs[k].t;
            uint8_t u = s->pairs[k].u;
            uint32_t wins = below - below_with[t] - below_with[u];
            uint32_t not_losses = upto - upto_with[t] - upto_with[u] + 2 * self - 1;
            /* wins + (wins + ties); not_losses leaves the hand itself out */
            uint16_t score = (uint16_t)(wins + not_losses);

            s->score[KINDS * t + u] = score;
            s->score[KINDS * u + t] = score;
        }
        below = upto;
        memcpy(below_with, upto_with, sizeof below_with);
    }
}

static void sweep_board(const struct hb_iso *iso, int street, uint32_t board, struct sweep *s,
                        uint16_t *score)
{
    const struct hb_deck *deck = &iso->deck;
    const struct hb_iso_shape *shape = hb_iso_set_shape(iso, street, board);
    int n_board = deck->n_board[street];
    uint8_t cards[HB_BOARD_MAX];
    struct hb_iso_view view;
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;

    hb_iso_board(iso, street, board, cards, &weight, &first, &n_hands);
    hb_iso_view_open(iso, street, cards, &view);
    s->board = HB_EVAL_NONE;
    for (int i = 0; i < n_board; i++)
        s->board = hb_eval_add(s->board, cards[i]);
    find_kinds(s, &view, flush_suit(cards, n_board, deck->n_hole));
    find_pairs(s);
    sort_pass(s->pairs, s->sorted, s->n_pairs, 0);
    sort_pass(s->sorted, s->pairs, s->n_pairs, 8);
    score_pairs(s);
    for (uint32_t h = 0; h < n_hands; h++)
        score[h] = s->score[KINDS * s->kind_of_code[shape->code[h][0]] +
                            s->kind_of_code[shape->code[h][1]]];
}

static int check_iso(const struct hb_iso *iso, struct hb_err *e)
{
    uint64_t m;
    uint64_t r;

    if (iso->sense != HB_ISO_SET)
        return hb_fail(e, HB_EUSAGE, "equities need indices with the board as one set");
    hb_equity_scale(&iso->deck, 0, &m, &r);
    if (m == 0)
        return hb_fail(e, HB_EUSAGE, "the deck has too few cards for an opponent");
    return HB_OK;
}

int hb_equity_final(const struct hb_iso *iso, uint32_t first, uint32_t n, uint16_t *score,
                    struct hb_err *e)
{
    int street = iso->deck.n_streets - 1;
    struct sweep s = {.n_hole = iso->deck.n_hole,
                      .n_cards = iso->deck.n_hole + iso->deck.n_board[street]};
    int rc;

    if ((rc = check_iso(iso, e)) != HB_OK)
        return rc;
    for (uint32_t board = first; board < first + n; board++) {
        sweep_board(iso, street, board, &s, score);
        score += hb_iso_set_shape(iso, street, board)->n_hands;
    }
    return HB_OK;
}

/* ---- earlier streets ---- */

struct cell {
    uint64_t sum;
    uint64_t square;
};

/* The numbers of the street after: scores, or sums. */
struct next {
    const uint16_t *score;
    const uint64_t *sum;
    const uint64_t *square; /* may be NULL */
};

struct fold {
    struct cell hand[HANDS_MAX];      /* what the hands of the board have so far */
    uint8_t card[HANDS_MAX][2];       /* their own cards */
    struct cell after[HANDS_MAX + 1]; /* hands of one board of the next street; the last is 0 */
};

static void load_board(const struct next *next, const struct hb_iso_view *view, struct cell *after)
{
    uint64_t first = view->first;

    for (uint32_t h = 0; h < view->n_hands; h++) {
        if (next->score != NULL) {
            uint32_t score = next->score[first + h];

            after[h] = (struct cell){score, score * score};
        } else {
            after[h].sum = next->sum[first + h];
            after[h].square = next->square != NULL ? next->square[first + h] : 0;
        }
    }
    after[view->n_hands] = (struct cell){0, 0};
}

/* Add to every hand what it has on the next board; hands that the board takes a card of get 0. */
static void add_board(struct fold *f, uint32_t n_hands, const struct hb_iso_view *view)
{
    uint16_t row[HB_CARDS];

    for (int card = 0; card < HB_CARDS; card++)
        row[card] = (uint16_t)(64 * view->code[card]);
    for (uint32_t h = 0; h < n_hands; h++) {
        uint32_t at = view->pair[row[f->card[h][0]] + view->code[f->card[h][1]]];

        f->hand[h].sum += f->after[at].sum;
        f->hand[h].square += f->after[at].square;
    }
}

/* Step to the next combination of k of n in lexicographic order; 0 after the last. */
static int next_choice(int *c, int k, int n)
{
    int i = k - 1;

    while (i >= 0 && c[i] == n - k + i)
        i--;
    if (i < 0)
        return 0;
    c[i]++;
    for (int j = i + 1; j < k; j++)
        c[j] = c[j - 1] + 1;
    return 1;
}

/* The own cards of the hands on a board; returns how many cards are left beside the board. */
static int open_board(const struct hb_iso *iso, int street, uint32_t board, uint8_t *cards,
                      struct fold *f, uint8_t *left)
{
    const struct hb_iso_shape *shape = hb_iso_set_shape(iso, street, board);
    struct hb_iso_view view;
    uint8_t card_of_code[64] = {0};
    uint32_t weight;
    uint64_t first;
    uint32_t n_hands;
    int n_left = 0;

    hb_iso_board(iso, street, board, cards, &weight, &first, &n_hands);
    hb_iso_view_open(iso, street, cards, &view);
    for (uint8_t card = 0; card < HB_CARDS; card++)
        if (view.code[card] != HB_ISO_DEAD) {
            card_of_code[view.code[card]] = card;
            left[n_left++] = card;
        }
    for (uint32_t h = 0; h < n_hands; h++) {
        f->card[h][0] = card_of_code[shape->code[h][0]];
        f->card[h][1] = card_of_code[shape->code[h][1]];
        f->hand[h] = (struct cell){0, 0};
    }
    return n_left;
}

/* All hands of one board of `street`, from the next one. */
static void fold_board(const struct hb_iso *iso, int street, uint32_t board,
                       const struct next *next, struct fold *f)
{
    uint32_t n_hands = hb_iso_set_shape(iso, street, board)->n_hands;
    int n_board = iso->deck.n_board[street];
    int n_new = iso->deck.n_board[street + 1] - n_board;
    uint8_t cards[HB_BOARD_MAX + 1];
    uint8_t left[HB_CARDS];
    int choice[HB_BOARD_MAX + 1];
    int n_left = open_board(iso, street, board, cards, f, left);

    for (int i = 0; i < n_new; i++)
        choice[i] = i;
    do {
        struct hb_iso_view view;

        for (int i = 0; i < n_new; i++)
            cards[n_board + i] = left[choice[i]];
        hb_iso_view_open(iso, street + 1, cards, &view);
        load_board(next, &view, f->after);
        add_board(f, n_hands, &view);
    } while (next_choice(choice, n_new, n_left));
}

static int fold_street(const struct hb_iso *iso, int street, uint32_t first, uint32_t n,
                       const struct next *next, uint64_t *sum, uint64_t *square, struct hb_err *e)
{
    struct fold *f = NULL;
    int rc;

    if ((rc = check_iso(iso, e)) != HB_OK)
        return rc;
    if (street < 0 || street + 1 >= iso->deck.n_streets)
        return hb_fail(e, HB_EUSAGE, "street %d has no street after it", street);
    if ((rc = hb_mem_new(&f, 1, sizeof *f, "equities of a board", e)) != HB_OK)
        return rc;
    for (uint32_t board = first; board < first + n; board++) {
        uint32_t n_hands = hb_iso_set_shape(iso, street, board)->n_hands;

        fold_board(iso, street, board, next, f);
        for (uint32_t h = 0; h < n_hands; h++)
            sum[h] = f->hand[h].sum;
        for (uint32_t h = 0; square != NULL && h < n_hands; h++)
            square[h] = f->hand[h].square;
        sum += n_hands;
        square = square != NULL ? square + n_hands : NULL;
    }
    hb_mem_free(f);
    return HB_OK;
}

int hb_equity_fold_final(const struct hb_iso *iso, uint32_t first, uint32_t n,
                         const uint16_t *score, uint64_t *sum, uint64_t *square, struct hb_err *e)
{
    struct next next = {.score = score};

    return fold_street(iso, iso->deck.n_streets - 2, first, n, &next, sum, square, e);
}

int hb_equity_fold(const struct hb_iso *iso, int street, uint32_t first, uint32_t n,
                   const uint64_t *next_sum, const uint64_t *next_square, uint64_t *sum,
                   uint64_t *square, struct hb_err *e)
{
    struct next next = {.sum = next_sum, .square = next_square};

    return fold_street(iso, street, first, n, &next, sum, square, e);
}

void hb_equity_scale(const struct hb_deck *deck, int street, uint64_t *m, uint64_t *r)
{
    int n_cards = deck->n_ranks * deck->n_suits;
    int last = deck->n_streets - 1;
    int seen = deck->n_hole + deck->n_board[last];

    *m = n_cards < seen ? 0 : hb_iso_choose((uint64_t)(n_cards - seen), deck->n_hole);
    *r = 1;
    for (int s = street; s < last; s++)
        *r *= hb_iso_choose((uint64_t)(n_cards - deck->n_hole - deck->n_board[s]),
                            deck->n_board[s + 1] - deck->n_board[s]);
}

/* ---- all streets ---- */

struct made {                  /* what an object computed itself */
    uint16_t *score;           /* last street */
    uint64_t *sum[HB_STREETS]; /* the others */
    uint64_t *square[HB_STREETS];
};

struct hb_equity {
    const struct hb_iso *iso;
    const uint16_t *score; /* made's, or somebody else's */
    const uint64_t *sum[HB_STREETS];
    const uint64_t *square[HB_STREETS];
    struct made made;
};

static void drop_street(struct hb_equity *q, int street)
{
    struct made *m = &q->made;

    if (street == q->iso->deck.n_streets - 1) {
        hb_mem_free(m->score);
        q->score = m->score = NULL;
        return;
    }
    hb_mem_free(m->sum[street]);
    hb_mem_free(m->square[street]);
    q->sum[street] = m->sum[street] = NULL;
    q->square[street] = m->square[street] = NULL;
}

static int make_street(struct hb_equity *q, int street, struct hb_err *e)
{
    struct made *m = &q->made;
    size_t size = hb_iso_size(q->iso, street);
    uint32_t n_boards = hb_iso_boards(q->iso, street);
    int last = q->iso->deck.n_streets - 1;
    int rc;

    if (street == last) {
        if ((rc = hb_mem_new(&m->score, size, sizeof *m->score, "equities", e)) != HB_OK)
            return rc;
        q->score = m->score;
        return hb_equity_final(q->iso, 0, n_boards, m->score, e);
    }
    if ((rc = hb_mem_new(&m->sum[street], size, sizeof *m->sum[0], "equities", e)) != HB_OK ||
        (rc = hb_mem_new(&m->square[street], size, sizeof *m->sum[0], "equities", e)) != HB_OK)
        return rc;
    q->sum[street] = m->sum[street];
    q->square[street] = m->square[street];
    if (street + 1 == last)
        return hb_equity_fold_final(q->iso, 0, n_boards, q->score, m->sum[street],
                                    m->square[street], e);
    return hb_equity_fold(q->iso, street, 0, n_boards, q->sum[street + 1], q->square[street + 1],
                          m->sum[street], m->square[street], e);
}

int hb_equity_new(const struct hb_iso *iso, unsigned streets, struct hb_equity **out,
                  struct hb_err *e)
{
    struct hb_equity *q = NULL;
    int last = iso->deck.n_streets - 1;
    int rc;

    if ((rc = check_iso(iso, e)) != HB_OK)
        return rc;
    if ((rc = hb_mem_new(&q, 1, sizeof *q, "equities", e)) != HB_OK)
        return rc;
    q->iso = iso;
    for (int s = last; s >= 0 && (streets & ((2u << s) - 1)) != 0; s--) {
        if ((rc = make_street(q, s, e)) != HB_OK) {
            hb_equity_free(q);
            return rc;
        }
        if (s < last && (streets >> (s + 1) & 1) == 0)
            drop_street(q, s + 1);
    }
    *out = q;
    return HB_OK;
}

int hb_equity_over(const struct hb_iso *iso, const uint16_t *score,
                   const uint64_t *const sum[HB_STREETS], const uint64_t *const square[HB_STREETS],
                   struct hb_equity **out, struct hb_err *e)
{
    struct hb_equity *q = NULL;
    int rc;

    if ((rc = check_iso(iso, e)) != HB_OK ||
        (rc = hb_mem_new(&q, 1, sizeof *q, "equities", e)) != HB_OK)
        return rc;
    q->iso = iso;
    q->score = score;
    memcpy(q->sum, sum, sizeof q->sum);
    memcpy(q->square, square, sizeof q->square);
    *out = q;
    return HB_OK;
}

void hb_equity_free(struct hb_equity *equity)
{
    if (equity == NULL)
        return;
    for (int s = 0; s < equity->iso->deck.n_streets; s++)
        drop_street(equity, s);
    hb_mem_free(equity);
}

uint64_t hb_equity_sum(const struct hb_equity *equity, int street, uint64_t index, int power)
{
    if (street == equity->iso->deck.n_streets - 1) {
        uint64_t score = equity->score[index];

        return power == 1 ? score : score * score;
    }
    return power == 1 ? equity->sum[street][index] : equity->square[street][index];
}

double hb_equity_mean(const struct hb_equity *equity, int street, uint64_t index, int power)
{
    uint64_t m;
    uint64_t r;

    hb_equity_scale(&equity->iso->deck, street, &m, &r);
    return (double)hb_equity_sum(equity, street, index, power) /
           (double)((power == 1 ? 2 * m : 4 * m * m) * r);
}

/* ---- the obvious way ---- */

struct brute {
    const struct hb_deck *deck;
    uint8_t all[HB_CARDS];
    int n_all;
    uint64_t sum;
    uint64_t square;
};

/* Cards of the deck that are not among the n given. */
static int cards_left(const struct brute *b, const uint8_t *cards, int n, uint8_t *left)
{
    int n_left = 0;

    for (int i = 0; i < b->n_all; i++)
        if (n == 0 || memchr(cards, b->all[i], (size_t)n) == NULL)
            left[n_left++] = b->all[i];
    return n_left;
}

static void brute_final(struct brute *b, const uint8_t *cards, int n)
{
    uint8_t left[HB_CARDS];
    uint8_t other[HB_HAND_MAX];
    int choice[HB_HOLE_MAX] = {0, 1};
    int n_left = cards_left(b, cards, n, left);
    uint32_t own = hb_eval(cards, n);
    uint64_t score = 0;

    memcpy(other, cards, (size_t)n);
    do {
        uint32_t strength;

        for (int i = 0; i < b->deck->n_hole; i++)
            other[i] = left[choice[i]];
        strength = hb_eval(other, n);
        score += own > strength ? 2 : own == strength;
    } while (next_choice(choice, b->deck->n_hole, n_left));
    b->sum += score;
    b->square += score * score;
}

static void brute_street(struct brute *b, int street, uint8_t cards[HB_HAND_MAX])
{
    int n = b->deck->n_hole + b->deck->n_board[street];
    uint8_t left[HB_CARDS];
    int choice[HB_BOARD_MAX] = {0, 1, 2, 3, 4};
    int n_left;
    int n_new;

    if (street == b->deck->n_streets - 1) {
        brute_final(b, cards, n);
        return;
    }
    n_left = cards_left(b, cards, n, left);
    n_new = b->deck->n_board[street + 1] - b->deck->n_board[street];
    do {
        for (int i = 0; i < n_new; i++)
            cards[n + i] = left[choice[i]];
        brute_street(b, street + 1, cards);
    } while (next_choice(choice, n_new, n_left));
}

void hb_equity_brute(const struct hb_deck *deck, int street, const uint8_t *cards, uint64_t *sum,
                     uint64_t *square)
{
    struct brute b = {.deck = deck};
    uint8_t hand[HB_HAND_MAX];

    b.n_all = hb_deck_cards(deck, b.all);
    memcpy(hand, cards, (size_t)(deck->n_hole + deck->n_board[street]));
    brute_street(&b, street, hand);
    *sum = b.sum;
    *square = b.square;
}
