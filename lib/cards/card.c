#include "cards/card.h"

#include <ctype.h>
#include <string.h>

static const char rank_text[] = "23456789TJQKA";
static const char suit_text[] = "cdhs";

int hb_deck_has(const struct hb_deck *deck, uint8_t card)
{
    return card < HB_CARDS && hb_card_rank(card) >= HB_RANKS - deck->n_ranks &&
           hb_card_suit(card) >= HB_SUITS - deck->n_suits;
}

int hb_deck_cards(const struct hb_deck *deck, uint8_t out[HB_CARDS])
{
    /* never more than 52 cards, also of a deck that hb_deck_check would refuse */
    const int first_rank = deck->n_ranks < HB_RANKS ? HB_RANKS - deck->n_ranks : 0;
    const int first_suit = deck->n_suits < HB_SUITS ? HB_SUITS - deck->n_suits : 0;
    int n = 0;

    for (int rank = first_rank; rank < HB_RANKS; rank++)
        for (int suit = first_suit; suit < HB_SUITS; suit++)
            out[n++] = (uint8_t)(rank * HB_SUITS + suit); /* those that hb_deck_has, ascending */
    return n;
}

int hb_deck_check(const struct hb_deck *deck, struct hb_err *e)
{
    int before = 0;

    if (deck->n_ranks < 1 || deck->n_ranks > HB_RANKS)
        return hb_fail(e, HB_EUSAGE, "number of ranks %d is not 1 to 13", deck->n_ranks);
    if (deck->n_suits < 1 || deck->n_suits > HB_SUITS)
        return hb_fail(e, HB_EUSAGE, "number of suits %d is not 1 to 4", deck->n_suits);
    if (deck->n_hole < 1 || deck->n_hole > HB_HOLE_MAX)
        return hb_fail(e, HB_EUSAGE, "number of own cards %d is not 1 or 2", deck->n_hole);
    if (deck->n_streets < 1 || deck->n_streets > HB_STREETS)
        return hb_fail(e, HB_EUSAGE, "number of streets %d is not 1 to 4", deck->n_streets);
    for (int s = 0; s < deck->n_streets; s++) {
        if (deck->n_board[s] < before || deck->n_board[s] > HB_BOARD_MAX)
            return hb_fail(e, HB_EUSAGE, "number of board cards %d on street %d is not %d to 5",
                           deck->n_board[s], s, before);
        before = deck->n_board[s];
    }
    if (deck->n_hole + before > deck->n_ranks * deck->n_suits)
        return hb_fail(e, HB_EUSAGE, "%d own and %d board cards need more than the deck's %d",
                       deck->n_hole, before, deck->n_ranks * deck->n_suits);
    return HB_OK;
}

void hb_card_format(uint8_t card, char out[3])
{
    out[0] = rank_text[hb_card_rank(card)];
    out[1] = suit_text[hb_card_suit(card)];
    out[2] = '\0';
}

void hb_cards_format(const uint8_t *cards, int n, char *out)
{
    out[0] = '\0';
    for (int i = 0; i < n; i++)
        hb_card_format(cards[i], out + 2 * i);
}

/* Card at text[0..1] or HB_NO_CARD. */
static uint8_t card_at(const char *text)
{
    const char *rank = memchr(rank_text, toupper((unsigned char)text[0]), HB_RANKS);
    const char *suit = memchr(suit_text, text[1], HB_SUITS);

    if (rank == NULL || suit == NULL)
        return HB_NO_CARD;
    return hb_card_of((int)(rank - rank_text), (int)(suit - suit_text));
}

/* How much of a text an error message shows. */
static int shown(size_t len)
{
    return len < 64 ? (int)len : 64;
}

int hb_cards_parse(const char *text, size_t len, uint8_t *cards, int cap, int *n, struct hb_err *e)
{
    uint64_t seen = 0;

    if (len % 2 != 0)
        return hb_fail(e, HB_EUSAGE, "cards '%.*s' are not pairs of rank and suit like AsKd",
                       shown(len), text);
    if (len / 2 > (size_t)(cap < 0 ? 0 : cap))
        return hb_fail(e, HB_EUSAGE, "cards '%.*s' are more than %d", shown(len), text, cap);
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t card = card_at(text + 2 * i);

        if (card == HB_NO_CARD)
            return hb_fail(e, HB_EUSAGE, "'%.2s' in cards '%.*s' is not a card like As",
                           text + 2 * i, shown(len), text);
        if ((seen >> card & 1) != 0)
            return hb_fail(e, HB_EUSAGE, "card '%.2s' is twice in '%.*s'", text + 2 * i, shown(len),
                           text);
        seen |= UINT64_C(1) << card;
        cards[i] = card;
    }
    *n = (int)(len / 2);
    return HB_OK;
}

/* The text without its '/', as long as the first comes after n_hole cards and each further one
 * between cards. */
static int join_parts(const char *text, int n_hole, char out[2 * HB_HAND_MAX + 1], size_t *len,
                      struct hb_err *e)
{
    size_t n = 0;
    size_t at_slash = 0;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '/') {
            if (n % 2 != 0 || n == at_slash || c[1] == '\0')
                return hb_fail(e, HB_EUSAGE, "misplaced '/' in hand '%.64s'", text);
            if (at_slash == 0 && n != 2 * (size_t)n_hole)
                return hb_fail(e, HB_EUSAGE, "hand '%.64s' must have %d own card%s before '/'",
                               text, n_hole, n_hole == 1 ? "" : "s");
            at_slash = n;
        } else if (n == 2 * HB_HAND_MAX) {
            return hb_fail(e, HB_EUSAGE, "hand '%.64s' has too many cards", text);
        } else {
            out[n++] = *c;
        }
    }
    if (at_slash == 0 && n > 2 * (size_t)n_hole)
        return hb_fail(e, HB_EUSAGE, "hand '%.64s' needs '/' after %d own card%s", text, n_hole,
                       n_hole == 1 ? "" : "s");
    out[n] = '\0';
    *len = n;
    return HB_OK;
}

int hb_hand_parse(const struct hb_deck *deck, const char *text, uint8_t cards[HB_HAND_MAX],
                  int *n_cards, int *street, struct hb_err *e)
{
    char joined[2 * HB_HAND_MAX + 1];
    uint8_t got[HB_HAND_MAX];
    size_t len = 0;
    int n;
    int rc;

    if ((rc = join_parts(text, deck->n_hole, joined, &len, e)) != HB_OK)
        return rc;
    if ((rc = hb_cards_parse(joined, len, got, HB_HAND_MAX, &n, e)) != HB_OK)
        return hb_context(e, rc, "hand '%.64s'", text);
    for (int i = 0; i < n; i++)
        if (!hb_deck_has(deck, got[i]))
            return hb_fail(e, HB_EUSAGE, "card '%.2s' of hand '%.64s' is not in this deck",
                           joined + 2 * i, text);
    for (int s = 0; s < deck->n_streets; s++)
        if (n == deck->n_hole + deck->n_board[s]) {
            memcpy(cards, got, (size_t)n);
            *n_cards = n;
            *street = s;
            return HB_OK;
        }
    return hb_fail(e, HB_EUSAGE, "hand '%.64s' has %d card%s, which is no street of this game",
                   text, n, n == 1 ? "" : "s");
}
