#include "cards/iso.h"

#include <assert.h>

#include "base/mem.h"
#include "cards/iso_impl.h"

uint64_t hb_iso_choose(uint64_t n, int k)
{
    uint64_t c = 1;

    if ((uint64_t)k > n)
        return 0;
    for (uint64_t i = 0; i < (uint64_t)k; i++)
        c = c * (n - i) / (i + 1);
    return c;
}

int hb_iso_unsqueeze(unsigned set, int nth)
{
    int rank = 0;

    for (;; rank++)
        if ((set >> rank & 1) == 0 && nth-- == 0)
            return rank;
}

static void fill_masks(struct hb_iso *iso)
{
    unsigned n_masks = 1u << iso->deck.n_ranks;

    for (unsigned set = 1; set < HB_ISO_MASKS; set++)
        iso->pop[set] = (uint8_t)(iso->pop[set >> 1] + (set & 1));
    for (int size = 0; size <= HB_BOARD_MAX; size++)
        for (unsigned set = 0; set < n_masks; set++)
            if (iso->pop[set] == size) {
                iso->mask_id[set] = (uint16_t)iso->n_ids;
                iso->mask_of_id[iso->n_ids++] = (uint16_t)set;
            }
}

static void fill_keys(struct hb_iso *iso)
{
    for (uint8_t card = 0; card < HB_CARDS; card++)
        if (hb_deck_has(&iso->deck, card)) {
            int slot = card - iso->card_shift;

            iso->rank[card] = (uint8_t)(slot >> 2);
            iso->suit_bit[card] = (uint8_t)(16 * (slot & 3));
            iso->below[card] = (uint16_t)((1u << iso->rank[card]) - 1);
            iso->key[card] = (UINT64_C(1) << HB_RANKS | UINT64_C(1) << iso->rank[card])
                             << iso->suit_bit[card];
        }
}

int hb_iso_new(const struct hb_deck *deck, enum hb_iso_sense sense, struct hb_iso **out,
               struct hb_err *e)
{
    struct hb_iso *iso = NULL;
    int rc;

    if ((rc = hb_deck_check(deck, e)) != HB_OK)
        return rc;
    if ((rc = hb_mem_new(&iso, 1, sizeof *iso, "the hand index", e)) != HB_OK)
        return rc;
    iso->deck = *deck;
    iso->sense = sense;
    iso->card_shift = 4 * (HB_RANKS - deck->n_ranks) + HB_SUITS - deck->n_suits;
    fill_masks(iso);
    fill_keys(iso);
    rc = sense == HB_ISO_SET ? hb_iso_set_init(iso, e) : hb_iso_rounds_init(iso, e);
    if (rc != HB_OK) {
        hb_iso_free(iso);
        return rc;
    }
    *out = iso;
    return HB_OK;
}

void hb_iso_free(struct hb_iso *iso)
{
    if (iso == NULL)
        return;
    hb_iso_set_fini(iso);
    hb_iso_rounds_fini(iso);
    hb_mem_free(iso);
}

const struct hb_deck *hb_iso_deck(const struct hb_iso *iso)
{
    return &iso->deck;
}

uint64_t hb_iso_size(const struct hb_iso *iso, int street)
{
    return iso->sense == HB_ISO_SET ? iso->set[street].n_hands : iso->rounds[street].n_hands;
}

void hb_iso_cards(const struct hb_iso *iso, int street, uint64_t index, uint8_t *out)
{
    assert(index < hb_iso_size(iso, street));
    if (iso->sense == HB_ISO_SET)
        hb_iso_set_cards(iso, street, index, out);
    else
        hb_iso_rounds_cards(iso, street, index, out);
}

/* Which part of the hand card i belongs to: 1 own cards, then the board or its rounds. */
static unsigned part_of(const struct hb_iso *iso, int i)
{
    int street = 0;

    if (i < iso->deck.n_hole)
        return 1;
    if (iso->sense == HB_ISO_SET)
        return 2;
    while (i >= iso->deck.n_hole + iso->deck.n_board[street])
        street++;
    return 2 + (unsigned)street;
}

uint64_t hb_iso_weight(const struct hb_iso *iso, int street, uint64_t index)
{
    uint8_t cards[HB_HAND_MAX];
    uint64_t held[HB_SUITS] = {0}; /* 3 bits a rank: the part it belongs to */
    uint64_t weight = 1;

    hb_iso_cards(iso, street, index, cards);
    for (int i = 0; i < iso->deck.n_hole + iso->deck.n_board[street]; i++) {
        int slot = cards[i] - iso->card_shift;

        held[slot & 3] |= (uint64_t)part_of(iso, i) << (3 * (slot >> 2));
    }
    /* n_suits! / product of (suits that look the same)!, one suit at a time */
    for (int s = 0; s < iso->deck.n_suits; s++) {
        uint64_t same = 1;

        for (int t = 0; t < s; t++)
            same += held[t] == held[s];
        weight = weight * (uint64_t)(s + 1) / same;
    }
    return weight;
}
