#include "abstraction/host.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "cards/equity.h"
#include "cards/eval.h"
#include "cards/tally.h"
#include "cards/versus.h"

struct hb_services {
    struct hb_deck deck;
    struct hb_host host;
    unsigned streets;
    struct hb_iso *iso[2];                 /* by enum hb_iso_sense */
    uint16_t starting[HB_CARDS][HB_CARDS]; /* hand of street 0, own cards a <= b, without board */
    struct hb_equity *equity;              /* NULL until a plugin asks for hand strengths */
    unsigned equity_streets;               /* which it holds */
    hb_services_strengths strengths;       /* who makes it; NULL: we do */
    void *strengths_ctx;
    const uint16_t *score; /* of all hands of the last street, or NULL */
    bool disguised;
    bool trial, asked;  /* see hb_services_trial */
    struct hb_buf said; /* during one: level, line, zero */
    void (*log)(int level, const char *msg);
    struct kept {
        const char *made_by; /* NULL before it is kept */
        const struct hb_plugin_buckets *buckets;
    } kept[HB_STREETS];
    struct hb_err failure;
};

static bool in_range(const struct hb_services *s, enum hb_iso_sense sense, int street,
                     uint64_t first, uint64_t n)
{
    uint64_t size;

    if (street < 0 || street >= s->deck.n_streets || s->iso[sense] == NULL)
        return false;
    size = hb_iso_size(s->iso[sense], street);
    return first <= size && n <= size - first;
}

static void host_log(void *ctx, int level, const char *msg)
{
    struct hb_services *s = ctx;

    if (s->trial) {
        hb_buf_u8(&s->said, (uint8_t)level);
        hb_buf_put(&s->said, msg, strlen(msg) + 1);
    } else if (s->log != NULL) {
        s->log(level, msg);
    }
}

/* True in a trial, in which this call is not made. */
static bool is_put_off(struct hb_services *s)
{
    s->asked |= s->trial;
    return s->trial;
}

static uint64_t host_count(void *ctx, int street)
{
    const struct hb_services *s = ctx;

    return in_range(s, HB_ISO_SET, street, 0, 0) ? hb_iso_size(s->iso[HB_ISO_SET], street) : 0;
}

static void reverse(uint8_t *cards, int n)
{
    for (int i = 0; i < n / 2; i++) {
        uint8_t card = cards[i];

        cards[i] = cards[n - 1 - i];
        cards[n - 1 - i] = card;
    }
}

/* Another name for each suit of the deck. */
static void rename_suits(const struct hb_services *s, uint8_t *cards, int n)
{
    int first = HB_SUITS - s->deck.n_suits;

    for (int i = 0; i < n; i++)
        cards[i] = hb_card_of(hb_card_rank(cards[i]),
                              first + (hb_card_suit(cards[i]) - first + 1) % s->deck.n_suits);
}

static void show(const struct hb_services *s, enum hb_iso_sense sense, int street, uint64_t hand,
                 uint8_t *out)
{
    uint8_t cards[HB_HAND_MAX];
    int n_own = s->deck.n_hole;
    int n_board = s->deck.n_board[street];

    hb_iso_cards(s->iso[sense], street, hand, cards);
    if (s->disguised) {
        rename_suits(s, cards, n_own + n_board);
        reverse(cards, n_own);
        if (sense == HB_ISO_SET) /* else the order says which card came when */
            reverse(cards + n_own, n_board);
    }
    memcpy(out, cards, (size_t)(n_own + n_board));
}

static void host_cards(void *ctx, int street, uint64_t hand, uint8_t *out)
{
    const struct hb_services *s = ctx;

    if (in_range(s, HB_ISO_SET, street, hand, 1))
        show(s, HB_ISO_SET, street, hand, out);
}

static uint32_t host_strength(void *ctx, const uint8_t *cards, int n)
{
    (void)ctx; /* the ranking is the same for every deck */
    return n >= 1 && n <= HB_HAND_MAX ? hb_eval(cards, n) : 0;
}

static double host_equity(void *ctx, int street, uint64_t hand)
{
    const struct hb_services *s = ctx;
    uint8_t cards[HB_HAND_MAX];
    uint64_t sum;
    uint64_t square;
    uint64_t m;
    uint64_t r;

    if (!in_range(s, HB_ISO_SET, street, hand, 1))
        return (double)NAN;
    if (s->equity_streets >> street & 1)
        return hb_equity_mean(s->equity, street, hand, 1);
    hb_iso_cards(s->iso[HB_ISO_SET], street, hand, cards);
    hb_equity_brute(&s->deck, street, cards, &sum, &square);
    hb_equity_scale(&s->deck, street, &m, &r);
    return (double)sum / (double)(2 * m * r);
}

/* Strengths on `street` and, since they fall out of the same computation, on the later streets that
 * will be asked about. */
static int need_equity(struct hb_services *s, int street)
{
    unsigned want = (s->streets | 1u << street) & ~((1u << street) - 1);
    struct hb_equity *equity;
    int rc;

    if (s->equity_streets >> street & 1)
        return HB_OK;
    host_log(s, HB_LOG_DEBUG, "computing exact hand strengths");
    rc = s->strengths != NULL ? s->strengths(s->strengths_ctx, want, &equity, &s->failure)
                              : hb_equity_new(s->iso[HB_ISO_SET], want, &equity, &s->failure);
    if (rc != HB_OK)
        return rc;
    hb_equity_free(s->equity);
    s->equity = equity;
    s->equity_streets = want;
    return HB_OK;
}

static int host_hand_strength(void *ctx, int street, int power, uint64_t first, uint64_t n,
                              double *out)
{
    struct hb_services *s = ctx;

    if (power < 1 || power > 2 || !in_range(s, HB_ISO_SET, street, first, n)) {
        hb_fail(&s->failure, HB_EPLUGIN,
                "asked for hand strengths out of range (street %d, power %d)", street, power);
        return -1;
    }
    if (is_put_off(s)) {
        memset(out, 0, (size_t)n * sizeof *out);
        return -1;
    }
    if (need_equity(s, street) != HB_OK)
        return -1;
    for (uint64_t i = 0; i < n; i++)
        out[i] = hb_equity_mean(s->equity, street, first + i, power);
    return 0;
}

static void host_weights(void *ctx, int street, uint64_t first, uint64_t n, uint32_t *out)
{
    const struct hb_services *s = ctx;

    if (in_range(s, HB_ISO_SET, street, first, n))
        hb_weights(s->iso[HB_ISO_SET], HB_ISO_SET, street, first, n, out);
}

static uint64_t host_count_rounds(void *ctx, int street)
{
    struct hb_services *s = ctx;
    const struct hb_iso *iso;

    if (street < 0 || street >= s->deck.n_streets ||
        hb_services_iso(s, HB_ISO_ROUNDS, &iso, &s->failure) != HB_OK)
        return 0;
    return hb_iso_size(iso, street);
}

static void host_cards_rounds(void *ctx, int street, uint64_t hand, uint8_t *out)
{
    struct hb_services *s = ctx;

    if (hand < host_count_rounds(ctx, street))
        show(s, HB_ISO_ROUNDS, street, hand, out);
}

static void host_weights_rounds(void *ctx, int street, uint64_t first, uint64_t n, uint32_t *out)
{
    struct hb_services *s = ctx;

    if (host_count_rounds(ctx, street) > 0 && in_range(s, HB_ISO_ROUNDS, street, first, n))
        hb_weights(s->iso[HB_ISO_ROUNDS], HB_ISO_ROUNDS, street, first, n, out);
}

/* ---- whole boards ---- */

static bool is_board(const struct hb_services *s, int street, uint32_t board)
{
    return street >= 0 && street < s->deck.n_streets &&
           board < hb_iso_boards(s->iso[HB_ISO_SET], street);
}

static uint32_t host_boards(void *ctx, int street)
{
    const struct hb_services *s = ctx;

    return is_board(s, street, 0) ? hb_iso_boards(s->iso[HB_ISO_SET], street) : 0;
}

static uint64_t host_board(void *ctx, int street, uint32_t board, uint8_t *cards, uint32_t *n_hands)
{
    const struct hb_services *s = ctx;
    uint8_t shown[HB_BOARD_MAX];
    uint32_t weight;
    uint64_t first;

    *n_hands = 0;
    if (!is_board(s, street, board))
        return 0;
    hb_iso_board(s->iso[HB_ISO_SET], street, board, shown, &weight, &first, n_hands);
    if (s->disguised) {
        rename_suits(s, shown, s->deck.n_board[street]);
        reverse(shown, s->deck.n_board[street]);
    }
    memcpy(cards, shown, (size_t)s->deck.n_board[street]);
    return first;
}

/* Hands of a board. */
static size_t hands_of(const struct hb_services *s, int street, uint32_t board, uint64_t *first)
{
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint32_t n_hands;

    hb_iso_board(s->iso[HB_ISO_SET], street, board, cards, &weight, first, &n_hands);
    return n_hands;
}

static uint32_t host_scores(void *ctx, uint32_t board, uint16_t *out)
{
    struct hb_services *s = ctx;
    const int last = s->deck.n_streets - 1;
    uint64_t first;
    uint64_t m;
    uint64_t r;

    hb_equity_scale(&s->deck, last, &m, &r);
    if (!is_board(s, last, board))
        return 0;
    if (is_put_off(s)) {
        memset(out, 0, hands_of(s, last, board, &first) * sizeof *out);
        return 0;
    }
    if (s->score != NULL) {
        size_t n_hands = hands_of(s, last, board, &first);

        memcpy(out, s->score + first, n_hands * sizeof *out);
    } else if (hb_equity_final(s->iso[HB_ISO_SET], board, 1, out, NULL) != HB_OK) {
        return 0;
    }
    return (uint32_t)(2 * m);
}

static uint64_t host_run_outs(void *ctx, int street, int to)
{
    const struct hb_services *s = ctx;

    if (street < 0 || to < street || to >= s->deck.n_streets)
        return 0;
    return hb_tally_run_outs(&s->deck, street, to);
}

static int host_tally(void *ctx, int street, uint32_t board, int to,
                      const struct hb_plugin_labels *labels, void *out, uint32_t out_bytes)
{
    struct hb_services *s = ctx;
    const struct hb_labels l = {labels->label, labels->label_bytes, labels->n};
    uint64_t first;

    if (is_board(s, street, board) && is_put_off(s)) {
        memset(out, 0, hands_of(s, street, board, &first) * labels->n * out_bytes);
        return -1;
    }
    if (hb_tally(s->iso[HB_ISO_SET], street, board, to, &l, out, out_bytes, NULL) != HB_OK)
        return -1;
    return 0;
}

static int host_versus(void *ctx, uint32_t board, const uint8_t *cluster, uint32_t n_clusters,
                       uint16_t *score, uint16_t *opponents)
{
    struct hb_services *s = ctx;
    const int last = s->deck.n_streets - 1;
    uint8_t of_cards[HB_CARDS][HB_CARDS];
    uint64_t first;

    if (s->deck.n_board[0] != 0)
        return -1;
    if (is_board(s, last, board) && is_put_off(s)) {
        const size_t bytes = hands_of(s, last, board, &first) * n_clusters * sizeof *score;

        memset(score, 0, bytes);
        memset(opponents, 0, bytes);
        return -1;
    }
    for (int a = 0; a < HB_CARDS; a++)
        for (int b = a; b < HB_CARDS; b++)
            of_cards[a][b] = cluster[s->starting[a][b]];
    if (hb_versus(s->iso[HB_ISO_SET], board, of_cards, n_clusters, score, opponents, NULL) != HB_OK)
        return -1;
    return 0;
}

static uint32_t host_cluster(void *ctx, const struct hb_features *features, const void *vector,
                             const uint32_t *weight, uint64_t n, uint32_t k, uint64_t seed,
                             uint32_t *label)
{
    struct hb_services *s = ctx;
    struct hb_cluster_opts opts = HB_FEATURE_DEFAULTS;
    struct hb_clusters clusters;

    if (is_put_off(s)) {
        memset(label, 0, (size_t)n * sizeof *label);
        return 0;
    }
    opts.k = k;
    opts.seed = seed;
    if (hb_feature_cluster(features, vector, weight, (size_t)n, &opts, label, &clusters,
                           &s->failure) != HB_OK)
        return 0;
    return clusters.n;
}

static const struct hb_plugin_buckets *host_buckets(void *ctx, int street)
{
    struct hb_services *s = ctx;
    const struct kept *k;

    if (street < 0 || street >= s->deck.n_streets)
        return NULL;
    k = &s->kept[street];
    if (k->buckets != NULL && k->buckets->distance != NULL)
        return k->buckets;
    if (k->made_by == NULL && s->streets >> street & 1 && is_put_off(s))
        return NULL;
    if (k->made_by != NULL && k->buckets == NULL)
        hb_fail(&s->failure, HB_EPLUGIN, "it asks for buckets without saying HB_WANTS_BUCKETS");
    else if (k->made_by == NULL)
        hb_fail(&s->failure, HB_EPLUGIN, "the %s has no buckets in this run to compare hands by",
                hb_street_name(street));
    else
        hb_fail(&s->failure, HB_EPLUGIN,
                "plugin '%s' makes the buckets of the %s, without distances between them; use a "
                "plugin whose hands are clustered there, such as emd, and at most %u buckets",
                k->made_by, hb_street_name(street), HB_CLUSTER_GROUND_MAX);
    return NULL;
}

/* Pairs that are no hand get that of hand 0. */
static void find_starting(struct hb_services *s)
{
    uint8_t cards[HB_CARDS];
    int n_cards = hb_deck_cards(&s->deck, cards);

    for (int i = 0; i < n_cards && s->deck.n_board[0] == 0; i++)
        for (int j = i; j < n_cards; j++) {
            const uint8_t own[2] = {cards[i], cards[j]};

            if ((i == j) == (s->deck.n_hole == 1))
                s->starting[own[0]][own[1]] = (uint16_t)hb_iso_index(s->iso[HB_ISO_SET], 0, own);
        }
}

int hb_services_new(const struct hb_deck *deck, unsigned streets,
                    void (*log)(int level, const char *msg), struct hb_services **out,
                    struct hb_err *e)
{
    struct hb_services *s;
    int rc;

    if ((rc = hb_mem_new(&s, 1, sizeof *s, "plugin services", e)) != HB_OK)
        return rc;
    if ((rc = hb_iso_new(deck, HB_ISO_SET, &s->iso[HB_ISO_SET], e)) != HB_OK) {
        hb_services_free(s);
        return rc;
    }
    s->deck = *deck;
    s->streets = streets;
    s->log = log;
    find_starting(s);
    s->host = (struct hb_host){
        .size = sizeof s->host,
        .abi_major = HB_ABI_MAJOR,
        .ctx = s,
        .log = host_log,
        .count = host_count,
        .cards = host_cards,
        .strength = host_strength,
        .equity = host_equity,
        .hand_strength = host_hand_strength,
        .weights = host_weights,
        .count_rounds = host_count_rounds,
        .cards_rounds = host_cards_rounds,
        .weights_rounds = host_weights_rounds,
        .boards = host_boards,
        .board = host_board,
        .scores = host_scores,
        .run_outs = host_run_outs,
        .tally = host_tally,
        .versus = host_versus,
        .cluster = host_cluster,
        .buckets = host_buckets,
    };
    *out = s;
    return HB_OK;
}

void hb_services_free(struct hb_services *s)
{
    if (s == NULL)
        return;
    hb_equity_free(s->equity);
    hb_iso_free(s->iso[HB_ISO_SET]);
    hb_iso_free(s->iso[HB_ISO_ROUNDS]);
    hb_buf_fini(&s->said);
    hb_mem_free(s);
}

void hb_services_keep(struct hb_services *s, int street, const char *made_by,
                      const struct hb_plugin_buckets *b)
{
    s->kept[street].made_by = made_by;
    s->kept[street].buckets = b;
}

const struct hb_host *hb_services_host(const struct hb_services *s)
{
    return &s->host;
}

int hb_services_iso(struct hb_services *s, enum hb_iso_sense sense, const struct hb_iso **out,
                    struct hb_err *e)
{
    int rc;

    if (s->iso[sense] == NULL && (rc = hb_iso_new(&s->deck, sense, &s->iso[sense], e)) != HB_OK)
        return rc;
    *out = s->iso[sense];
    return HB_OK;
}

void hb_services_shape(const struct hb_services *s, unsigned streets, struct hb_shape *out)
{
    *out = (struct hb_shape){.size = sizeof *out,
                             .n_ranks = (uint8_t)s->deck.n_ranks,
                             .n_suits = (uint8_t)s->deck.n_suits,
                             .n_hole = (uint8_t)s->deck.n_hole,
                             .n_streets = (uint8_t)s->deck.n_streets,
                             .streets = streets};
    for (int street = 0; street < s->deck.n_streets; street++)
        out->n_board[street] = (uint8_t)s->deck.n_board[street];
}

void hb_services_disguise(struct hb_services *s)
{
    s->disguised = true;
}

void hb_services_set_scores(struct hb_services *s, const uint16_t *score)
{
    s->score = score;
}

void hb_services_set_strengths(struct hb_services *s, hb_services_strengths make, void *ctx)
{
    s->strengths = make;
    s->strengths_ctx = ctx;
}

void hb_services_trial(struct hb_services *s)
{
    s->trial = true;
    s->asked = false;
}

bool hb_services_trial_end(struct hb_services *s)
{
    const bool say = !s->asked && hb_buf_check(&s->said, NULL) == HB_OK; /* or lines are lost */
    size_t at = 0;

    s->trial = false;
    while (say && at < s->said.len) {
        const char *line = (const char *)s->said.data + at + 1;

        host_log(s, s->said.data[at], line);
        at += strlen(line) + 2;
    }
    hb_buf_fini(&s->said);
    return s->asked;
}

const struct hb_err *hb_services_failure(const struct hb_services *s)
{
    return &s->failure;
}
