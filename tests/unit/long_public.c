/* All-ins before the flop in all of hold'em: what the 169 starting hands win against any hand is
 * what lib/cards/equity counts another way, and what everybody knows of some of them. Takes some 8 s
 * and 250 MB. */
#include "solver/public.h"

#include "base/mem.h"
#include "cards/equity.h"
#include "check.h"

#define STACK 1000.0

static const char game[] = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 4\nstack = 1000 1000\n"
                           "blind = 100 50\nfirstPlayer = 2 1 1 1\nnumSuits = 4\nnumRanks = 13\n"
                           "numHoleCards = 2\nnumBoardCards = 0 3 1 1\nEND GAMEDEF\n";

/* Jams, and calls them: the last action everywhere. */
static void buckets(void *ctx, int street, const uint8_t *board, int n_board,
                    const struct hb_hands *hands, const uint16_t *hand, int n, uint32_t *out)
{
    (void)ctx, (void)street, (void)board, (void)n_board, (void)hands, (void)hand;
    memset(out, 0, (size_t)n * sizeof *out);
}

static void row(void *ctx, uint32_t node, uint32_t bucket, double *prob)
{
    const struct hb_tree *t = ctx;
    int n = t->node[node].n_actions;

    (void)bucket;
    for (int a = 0; a < n; a++)
        prob[a] = a == n - 1;
}

struct seen {
    struct hb_public_root *root;
    const struct hb_iso *iso;
    const struct hb_equity *equity;
    int n_spots;
};

static void check_class(const struct seen *s, const struct hb_public_spot *spot, uint32_t number)
{
    static const struct {
        const char *hand;
        double equity;
    } known[] = {{"AhAs", 0.8520}, {"KhKs", 0.8240}, {"KsAs", 0.6704},
                 {"2h2s", 0.5033}, {"2h7s", 0.3458}, {"2h3s", 0.3230}};
    uint32_t n = hb_public_root_classes(s->root);
    uint8_t own[2];
    double deals = hb_public_root_class(s->root, number, own) * 1225.0; /* C(50, 2) others */
    double call = spot->value[(spot->n_actions - 1) * n + number] / deals;
    double fold = spot->value[number] / deals;
    double equity = (call / STACK + 1) / 2;

    CHECK_NEAR(fold, spot->seat == 0 ? -100 : -50, 1e-9);
    CHECK_NEAR(equity, hb_equity_mean(s->equity, 0, hb_iso_index(s->iso, 0, own), 1), 1e-12);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t card[2];
        int n_card = 0;

        CHECK(hb_cards_parse(known[i].hand, 4, card, 2, &n_card, NULL) == HB_OK);
        if (hb_iso_index(s->iso, 0, card) == hb_iso_index(s->iso, 0, own))
            CHECK_NEAR(equity, known[i].equity, 5e-5);
    }
}

static void on_spot(void *ctx, const struct hb_public_spot *spot)
{
    struct seen *s = ctx;

    s->n_spots++;
    for (uint32_t c = 0; c < hb_public_root_classes(s->root); c++)
        check_class(s, spot, c);
}

static void jams_are_worth_the_equities_of_hands(void)
{
    struct hb_betting jam = {
        .street[0] = {
            .given = true, .max_raises = 1, .n_sizes = 1, .size = {{.allin = true, .den = 1}}}};
    struct hb_public_strategy strategy = {
        .n_buckets = {1, 1, 1, 1}, .buckets = buckets, .row = row};
    struct hb_rules rules;
    struct hb_tree tree = {0};
    struct hb_iso *iso = NULL;
    struct hb_equity *equity = NULL;
    struct hb_public *p = NULL;
    struct seen seen = {0};
    struct hb_exploit x;
    struct hb_err e = {0};
    double *result = NULL;
    double none[1] = {0};

    strategy.ctx = &tree;
    CHECK_OK(hb_rules_parse(&rules, game, sizeof game - 1, "test", &e), e);
    CHECK_OK(hb_tree_new(&rules, &jam, 0, &tree, &e), e);
    CHECK_OK(hb_iso_new(&rules.deck, HB_ISO_SET, &iso, &e), e);
    CHECK_OK(hb_equity_new(iso, 1, &equity, &e), e);
    CHECK_OK(hb_public_new(&rules, &tree, &strategy, &p, &e), e);
    CHECK_OK(hb_public_start(p, &e), e);
    CHECK_OK(hb_mem_new(&result, hb_public_unit_len_max(p), sizeof *result, "a result", &e), e);
    for (uint32_t i = 0; i < hb_public_units(p); i++) {
        hb_public_unit(p, i, result);
        hb_public_add(p, i, result);
    }
    CHECK_OK(hb_public_root_new(p, &seen.root, &e), e);
    seen.iso = iso;
    seen.equity = equity;
    hb_public_root_spots(seen.root, none, on_spot, &seen);
    CHECK_EQ(seen.n_spots, 2);
    hb_public_result(p, &x);
    CHECK_NEAR(x.value[0], 0, 1e-9); /* everything is in, before a card is seen */
    hb_public_root_free(seen.root);
    hb_mem_free(result);
    hb_public_free(p);
    hb_equity_free(equity);
    hb_iso_free(iso);
    hb_tree_fini(&tree);
}

int main(void)
{
    RUN(jams_are_worth_the_equities_of_hands);
    return check_done();
}
