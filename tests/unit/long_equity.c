/* All of hold'em: every equity on four streets, with the known ones before the flop. Takes some
 * seconds and 500 MB. */
#include "cards/equity.h"
#include "check.h"

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};

static uint64_t index_of(const struct hb_iso *iso, const char *text)
{
    uint8_t cards[HB_HAND_MAX];
    int n;
    int street = 0;
    struct hb_err e = {0};

    CHECK_OK(hb_hand_parse(&holdem, text, cards, &n, &street, &e), e);
    return hb_iso_index(iso, street, cards);
}

static void holdem_has_its_known_equities_before_the_flop(void)
{
    struct hb_iso *iso = NULL;
    struct hb_equity *equity = NULL;
    struct hb_err e = {0};

    CHECK_OK(hb_iso_new(&holdem, HB_ISO_SET, &iso, &e), e);
    CHECK_OK(hb_equity_new(iso, HB_EQUITY_ALL, &equity, &e), e);
    CHECK_NEAR(hb_equity_mean(equity, 0, index_of(iso, "AsAh"), 1), 0.852037, 5e-7);
    CHECK_NEAR(hb_equity_mean(equity, 0, index_of(iso, "3s2h"), 1), 0.323032, 5e-7);
    for (int street = 0; street < 4; street++) { /* by symmetry all hands together win half */
        uint64_t sum = 0;
        uint64_t weights = 0;
        uint64_t m;
        uint64_t r;

        for (uint64_t i = 0; i < hb_iso_size(iso, street); i++) {
            uint64_t weight = hb_iso_weight(iso, street, i);

            weights += weight;
            sum += weight * hb_equity_sum(equity, street, i, 1);
        }
        hb_equity_scale(&holdem, street, &m, &r);
        CHECK_EQ(sum, weights * m * r);
    }
    hb_equity_free(equity);
    hb_iso_free(iso);
}

int main(void)
{
    RUN(holdem_has_its_known_equities_before_the_flop);
    return check_done();
}
