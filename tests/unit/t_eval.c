/* The evaluator against known counts and against an obviously right one. */
#include "base/rng.h"
#include "cards/card.h"
#include "cards/eval.h"
#include "check.h"

/* ---- the obviously right evaluator: name the best five cards as a list of numbers ---- */

/* Value of a hand of at most five cards: class, then ranks by (count, rank) falling. */
static uint32_t plain_value(const uint8_t *cards, int n)
{
    int count[HB_RANKS] = {0};
    int order[5];
    int kinds = 0;
    int suited = n == 5;
    int straight = 0;
    enum hb_hand_class hand_class;
    uint32_t value;

    for (int i = 0; i < n; i++) {
        count[hb_card_rank(cards[i])]++;
        suited = suited && hb_card_suit(cards[i]) == hb_card_suit(cards[0]);
    }
    for (int c = 4; c >= 1; c--)
        for (int r = HB_RANKS - 1; r >= 0; r--)
            if (count[r] == c)
                order[kinds++] = r;
    if (n == 5 && kinds == 5 && order[0] - order[4] == 4)
        straight = 1;
    if (n == 5 && kinds == 5 && order[0] == 12 && order[1] == 3) { /* A 5 4 3 2 */
        straight = 1;
        order[0] = 3;
        kinds = 1;
    }
    if (straight && suited)
        hand_class = HB_STRAIGHT_FLUSH;
    else if (count[order[0]] == 4)
        hand_class = HB_QUADS;
    else if (count[order[0]] == 3 && kinds > 1 && count[order[1]] == 2)
        hand_class = HB_FULL_HOUSE;
    else if (suited)
        hand_class = HB_FLUSH;
    else if (straight)
        hand_class = HB_STRAIGHT;
    else if (count[order[0]] == 3)
        hand_class = HB_TRIPS;
    else if (count[order[0]] == 2 && kinds > 1 && count[order[1]] == 2)
        hand_class = HB_TWO_PAIR;
    else if (count[order[0]] == 2)
        hand_class = HB_PAIR;
    else
        hand_class = HB_HIGH_CARD;
    value = (uint32_t)hand_class;
    for (int i = 0; i < 5; i++)
        value = value << 4 | (i < kinds ? (uint32_t)order[i] : 0);
    return value;
}

/* The best choice of five among n. */
static uint32_t plain_best(const uint8_t *cards, int n)
{
    uint32_t best = 0;

    if (n <= 5)
        return plain_value(cards, n);
    for (unsigned set = 0; set < 1u << n; set++) {
        uint8_t five[HB_HAND_MAX];
        int k = 0;

        for (int i = 0; i < n; i++)
            if ((set >> i & 1) != 0)
                five[k++] = cards[i];
        if (k == 5) {
            uint32_t value = plain_value(five, 5);

            best = value > best ? value : best;
        }
    }
    return best;
}

/* Cards of a seeded random deal without repeats; `near` keeps them to few ranks and suits. */
static void random_cards(uint32_t seed, int n, int near, uint8_t *cards)
{
    uint64_t seen = 0;
    uint32_t bits[4];
    uint32_t draw = 0;

    for (int i = 0; i < n;) {
        uint8_t card;

        hb_rng_block(seed, draw++, 0, HB_RNG_TOOL, (uint32_t)near, bits);
        card = near ? hb_card_of((int)hb_rng_below(bits[0], 6) + (int)(seed % 8),
                                 (int)hb_rng_below(bits[1], 1 + seed % 4))
                    : (uint8_t)hb_rng_below(bits[0], HB_CARDS);
        if ((seen >> card & 1) != 0 && draw < 100)
            continue;
        while ((seen >> card & 1) != 0)
            card = (uint8_t)((card + 1) % HB_CARDS);
        seen |= UINT64_C(1) << card;
        cards[i++] = card;
    }
}

static void random_hands_compare_as_the_plain_evaluator_says(void)
{
    for (uint32_t seed = 0; seed < 40000; seed++) {
        int n = 1 + (int)(seed % 7);
        int near = seed / 7 % 2 == 0;
        uint8_t a[HB_HAND_MAX];
        uint8_t b[HB_HAND_MAX];
        uint32_t fast_a;
        uint32_t fast_b;
        uint32_t plain_a;
        uint32_t plain_b;

        random_cards(2 * seed, n, near, a);
        random_cards(2 * seed + 1, n, near, b);
        fast_a = hb_eval(a, n);
        fast_b = hb_eval(b, n);
        plain_a = plain_best(a, n);
        plain_b = plain_best(b, n);
        if ((fast_a > fast_b) - (fast_a < fast_b) != (plain_a > plain_b) - (plain_a < plain_b) ||
            hb_eval_class(fast_a) != plain_a >> 20) {
            char text[2][15];

            hb_cards_format(a, n, text[0]);
            hb_cards_format(b, n, text[1]);
            printf("# seed %u: %s against %s\n", (unsigned)seed, text[0], text[1]);
            CHECK(0);
            return;
        }
    }
}

static void all_hands_of_up_to_three_cards_compare_right(void)
{
    static uint32_t fast_of[1 << 20]; /* by plain value below 2^24, folded by class */
    uint8_t c[4];

    /* a map plain -> fast must be a function, and monotone within the number of cards */
    for (int n = 1; n <= 3; n++) {
        uint32_t low = 0;

        memset(fast_of, 0, sizeof fast_of);
        for (c[0] = 0; c[0] < 52; c[0]++)
            for (c[1] = (uint8_t)(c[0] + 1); c[1] < 54; c[1]++)
                for (c[2] = (uint8_t)(c[1] + 1); c[2] < 55; c[2]++) {
                    uint32_t plain;
                    uint32_t fast;

                    if ((n > 1 ? c[1] >= 52 : c[1] != c[0] + 1) ||
                        (n > 2 ? c[2] >= 52 : c[2] != c[1] + 1))
                        continue;
                    plain = plain_value(c, n) >> 8; /* at most three kinds of rank */
                    fast = hb_eval(c, n);
                    if (fast_of[plain] == 0)
                        fast_of[plain] = fast + 1;
                    CHECK_EQ(fast_of[plain], fast + 1);
                }
        for (uint32_t plain = 0; plain < 1 << 16; plain++)
            if (fast_of[plain] != 0) {
                CHECK(fast_of[plain] > low);
                low = fast_of[plain];
            }
    }
}

static void seven_card_classes_have_their_known_counts(void)
{
    static const long long want[] = {23294460, 58627800, 31433400, 6461620, 6180020,
                                     4047644,  3473184,  224848,   41584};
    long long count[16] = {0};
    struct hb_eval_hand h[8];

    h[0] = HB_EVAL_NONE;
    for (uint8_t a = 0; a < 52; a++) {
        h[1] = hb_eval_add(h[0], a);
        for (uint8_t b = (uint8_t)(a + 1); b < 52; b++) {
            h[2] = hb_eval_add(h[1], b);
            for (uint8_t c = (uint8_t)(b + 1); c < 52; c++) {
                h[3] = hb_eval_add(h[2], c);
                for (uint8_t d = (uint8_t)(c + 1); d < 52; d++) {
                    h[4] = hb_eval_add(h[3], d);
                    for (uint8_t f = (uint8_t)(d + 1); f < 52; f++) {
                        h[5] = hb_eval_add(h[4], f);
                        for (uint8_t g = (uint8_t)(f + 1); g < 52; g++) {
                            h[6] = hb_eval_add(h[5], g);
                            for (uint8_t i = (uint8_t)(g + 1); i < 52; i++) {
                                h[7] = hb_eval_add(h[6], i);
                                count[hb_eval_hand(h[7], 7) >> 12]++;
                            }
                        }
                    }
                }
            }
        }
    }
    for (int i = 0; i < 9; i++)
        CHECK_EQ(count[i], want[i]);
}

static uint32_t strength_of(const char *text)
{
    uint8_t cards[HB_HAND_MAX];
    int n = 0;
    struct hb_err e = {0};

    CHECK_OK(hb_cards_parse(text, strlen(text), cards, HB_HAND_MAX, &n, &e), e);
    return hb_eval(cards, n);
}

static void fewer_than_five_cards_know_no_straights_and_flushes(void)
{
    CHECK_EQ(hb_eval_class(strength_of("AsKsQsJs")), HB_HIGH_CARD);
    CHECK_EQ(hb_eval_class(strength_of("AsKsQs")), HB_HIGH_CARD);
    CHECK_EQ(hb_eval_class(strength_of("AsAhKsKh")), HB_TWO_PAIR);
    CHECK_EQ(hb_eval_class(strength_of("AsAhAd")), HB_TRIPS);
    CHECK_EQ(hb_eval_class(strength_of("AsAhAdAc")), HB_QUADS);
    CHECK_EQ(hb_eval_class(strength_of("AsAh")), HB_PAIR);
    CHECK(strength_of("2s2h") > strength_of("AsKs"));
    CHECK(strength_of("AsKs") > strength_of("AsQs"));
    CHECK_EQ(strength_of("KsAs"), strength_of("AhKd"));
    CHECK(strength_of("As") > strength_of("Ks"));
}

static void six_and_seven_cards_have_the_strength_of_their_best_five(void)
{
    for (uint32_t seed = 0; seed < 20000; seed++) {
        int n = 6 + (int)(seed % 2);
        uint8_t cards[HB_HAND_MAX];
        uint32_t best = 0;

        random_cards(seed, n, seed / 2 % 2 == 0, cards);
        for (unsigned set = 0; set < 1u << n; set++) {
            uint8_t five[HB_HAND_MAX];
            int k = 0;

            for (int i = 0; i < n; i++)
                if ((set >> i & 1) != 0)
                    five[k++] = cards[i];
            if (k == 5 && hb_eval(five, 5) > best)
                best = hb_eval(five, 5);
        }
        if (hb_eval(cards, n) != best) {
            printf("# seed %u\n", (unsigned)seed);
            CHECK(0);
            return;
        }
    }
}

static void the_inline_forms_agree(void)
{
    for (uint32_t seed = 0; seed < 20000; seed++) {
        uint8_t cards[HB_HAND_MAX];
        struct hb_eval_hand hand = HB_EVAL_NONE;

        random_cards(seed, 7, seed % 2 == 0, cards);
        for (int i = 0; i < 7; i++)
            hand = hb_eval_add(hand, cards[i]);
        if (hb_eval7(cards) != hb_eval(cards, 7) || hb_eval_hand(hand, 7) != hb_eval(cards, 7)) {
            printf("# seed %u\n", (unsigned)seed);
            CHECK(0);
            return;
        }
    }
}

static void many_hands_at_once_are_the_same(void)
{
    enum { MOST = 200 };
    uint8_t hands[8 * MOST];
    uint16_t strength[MOST + 1];
    uint16_t plain[MOST + 1];

    for (uint32_t seed = 0; seed < 2000; seed++) {
        int n = (int)(seed % (MOST + 1));

        for (int i = 0; i < n; i++) {
            random_cards(1000 * seed + (uint32_t)i, 7, (seed + (unsigned)i) % 2 == 0,
                         hands + 8 * i);
            hands[8 * i + 7] = (uint8_t)(seed + 37 * (unsigned)i);
        }
        strength[n] = plain[n] = 12345;
        hb_eval7_many(hands, (size_t)n, strength);
        hb_eval7_many_plain(hands, (size_t)n, plain);
        for (int i = 0; i < n; i++)
            if (strength[i] != hb_eval(hands + 8 * i, 7) || plain[i] != strength[i]) {
                printf("# seed %u, hand %d of %d\n", (unsigned)seed, i, n);
                CHECK(0);
                return;
            }
        CHECK(strength[n] == 12345 && plain[n] == 12345);
    }
}

int main(void)
{
    RUN(random_hands_compare_as_the_plain_evaluator_says);
    RUN(all_hands_of_up_to_three_cards_compare_right);
    RUN(fewer_than_five_cards_know_no_straights_and_flushes);
    RUN(six_and_seven_cards_have_the_strength_of_their_best_five);
    RUN(the_inline_forms_agree);
    RUN(many_hands_at_once_are_the_same);
    RUN(seven_card_classes_have_their_known_counts);
    return check_done();
}
