/* versus.c - for each cluster: opponent hands below, minus those that hold a card of ours. Walking
 * up in strength, `below` counts the weaker hands of each cluster, below_with[c] those of them that
 * hold card c. A hand (a, b) beats below - below_with[a] - below_with[b]; for hands not stronger,
 * the hand itself was taken off twice and is put back once. */
#include "cards/versus.h"

#include <stdbool.h>
#include <string.h>

#include "cards/eval.h"
#include "cards/iso_impl.h"

typedef uint16_t lanes __attribute__((vector_size(2 * HB_VERSUS_MAX)));

struct hand {
    uint8_t a, b, cluster;
    uint16_t at; /* canonical hand within the board */
};

struct versus {
    uint32_t n;                         /* hands beside the board */
    bool pairs;                         /* of two cards */
    struct hand hand[HB_ISO_HANDS_MAX]; /* raw ones */
    uint32_t key[HB_ISO_HANDS_MAX];     /* strength << 16 | number of the hand */
    uint32_t sorted[HB_ISO_HANDS_MAX];
    lanes one[HB_VERSUS_MAX];
    lanes all, below, upto;
    lanes all_with[HB_CARDS], below_with[HB_CARDS], upto_with[HB_CARDS];
};

static void add_hand(struct versus *v, const struct hb_iso_view *view, uint8_t a, uint8_t b,
                     uint8_t cluster, uint32_t strength)
{
    lanes one = v->one[cluster];

    v->key[v->n] = strength << 16 | v->n;
    v->hand[v->n++] =
        (struct hand){a, b, cluster, (uint16_t)(hb_iso_view_index(view, a, b) - view->first)};
    v->all += one;
    v->all_with[a] += one;
    if (a != b)
        v->all_with[b] += one;
}

static void find_hands(const struct hb_iso *iso, const uint8_t *board, int n_board,
                       const struct hb_iso_view *view, uint8_t cluster[HB_CARDS][HB_CARDS],
                       struct versus *v)
{
    struct hb_eval_hand shown = HB_EVAL_NONE;
    int n_cards = n_board + iso->deck.n_hole;

    for (int i = 0; i < n_board; i++)
        shown = hb_eval_add(shown, board[i]);
    for (uint8_t a = 0; a < HB_CARDS; a++) {
        struct hb_eval_hand one = hb_eval_add(shown, a);

        if (view->code[a] == HB_ISO_DEAD)
            continue;
        if (!v->pairs)
            add_hand(v, view, a, a, cluster[a][a], hb_eval_hand(one, n_cards));
        for (uint8_t b = (uint8_t)(a + 1); v->pairs && b < HB_CARDS; b++)
            if (view->code[b] != HB_ISO_DEAD)
                add_hand(v, view, a, b, cluster[a][b], hb_eval_hand(hb_eval_add(one, b), n_cards));
    }
}

/* One pass of a radix sort by 8 bits. */
static void sort_pass(const uint32_t *from, uint32_t *to, uint32_t n, int shift)
{
    uint16_t at[256] = {0};
    uint16_t start = 0;

    for (uint32_t i = 0; i < n; i++)
        at[from[i] >> shift & 0xFF]++;
    for (int b = 0; b < 256; b++) {
        uint16_t here = at[b];

        at[b] = start;
        start = (uint16_t)(start + here);
    }
    for (uint32_t i = 0; i < n; i++)
        to[at[from[i] >> shift & 0xFF]++] = from[i];
}

static inline void put(uint16_t *out, size_t hand, lanes v, uint32_t n_clusters)
{
    if (n_clusters == HB_VERSUS_MAX)
        memcpy(out + hand * HB_VERSUS_MAX, &v, sizeof v);
    else
        for (uint32_t c = 0; c < n_clusters; c++)
            out[hand * n_clusters + c] = v[c];
}

/* Hands of one strength: key[from..end). */
static void score_group(struct versus *v, uint32_t from, uint32_t end, uint32_t n_clusters,
                        uint16_t *score)
{
    for (uint32_t i = from; i < end; i++) {
        const struct hand *h = &v->hand[v->key[i] & 0xFFFF];

        v->upto += v->one[h->cluster];
        if (!v->pairs)
            continue; /* no other hand holds the card */
        v->upto_with[h->a] += v->one[h->cluster];
        v->upto_with[h->b] += v->one[h->cluster];
    }
    for (uint32_t i = from; i < end; i++) {
        const struct hand *h = &v->hand[v->key[i] & 0xFFFF];
        lanes wins = v->below - v->below_with[h->a] - v->below_with[h->b];
        lanes not_losses = v->upto - v->upto_with[h->a] - v->upto_with[h->b];

        if (v->pairs)
            not_losses += v->one[h->cluster];
        else
            not_losses -= v->one[h->cluster];
        put(score, h->at, wins + not_losses, n_clusters);
    }
    for (uint32_t i = from; i < end; i++) {
        const struct hand *h = &v->hand[v->key[i] & 0xFFFF];

        v->below_with[h->a] = v->upto_with[h->a];
        v->below_with[h->b] = v->upto_with[h->b];
    }
    v->below = v->upto;
}

static void count_opponents(const struct versus *v, uint32_t n_clusters, uint16_t *opponents)
{
    for (uint32_t i = 0; i < v->n; i++) {
        const struct hand *h = &v->hand[i];
        lanes n = v->all - v->all_with[h->a];

        if (v->pairs)
            n += v->one[h->cluster] - v->all_with[h->b];
        put(opponents, h->at, n, n_clusters);
    }
}

int hb_versus(const struct hb_iso *iso, uint32_t board, uint8_t cluster[HB_CARDS][HB_CARDS],
              uint32_t n_clusters, uint16_t *score, uint16_t *opponents, struct hb_err *e)
{
    int street = iso->deck.n_streets - 1;
    struct versus v;
    struct hb_iso_view view;
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint32_t n_hands;
    uint64_t first;

    if (iso->sense != HB_ISO_SET || n_clusters < 1 || n_clusters > HB_VERSUS_MAX ||
        board >= hb_iso_boards(iso, street))
        return hb_fail(e, HB_EUSAGE, "no scores on board %u against %u clusters", (unsigned)board,
                       (unsigned)n_clusters);
    memset(&v, 0, sizeof v);
    v.pairs = iso->deck.n_hole == 2;
    for (uint32_t c = 0; c < HB_VERSUS_MAX; c++)
        v.one[c][c] = 1;
    hb_iso_board(iso, street, board, cards, &weight, &first, &n_hands);
    hb_iso_view_open(iso, street, cards, &view);
    find_hands(iso, cards, iso->deck.n_board[street], &view, cluster, &v);
    sort_pass(v.key, v.sorted, v.n, 16);
    sort_pass(v.sorted, v.key, v.n, 24);
    for (uint32_t i = 0, end; i < v.n; i = end) {
        for (end = i + 1; end < v.n && v.key[end] >> 16 == v.key[i] >> 16;)
            end++;
        score_group(&v, i, end, n_clusters, score);
    }
    if (opponents != NULL)
        count_opponents(&v, n_clusters, opponents);
    return HB_OK;
}
