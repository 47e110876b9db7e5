/* madehand - a card abstraction to copy: buckets by what the cards make (nothing, a pair, …), with
 * "high=1" also by the highest own card. Far too coarse to play well, but all of a plugin is here.
 *
 *   make                                       (needs hb installed, for pkg-config hb-plugin)
 *   cards: {flop: {plugin: madehand, args: "high=1"}, …}        in a configuration
 *   hb-bucket build --config mine.yaml -o mine.hba --plugin-path .../plugin-madehand */
#include <hb_plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NOTHING,
    PAIR,
    TWO_PAIR,
    TRIPS,
    STRAIGHT,
    FLUSH,
    FULL_HOUSE,
    QUADS,
    STRAIGHT_FLUSH,
    N_KINDS
};

#define RANKS     13
#define N_CLASSES (N_KINDS * RANKS)
#define UNUSED    UINT32_MAX

struct hb_abs {
    const struct hb_host *host; /* stays valid until destroy() */
    int n_hole, n_cards[4];     /* own cards; cards in all on each street */
    int high;                   /* whether the highest own card counts */
    uint32_t n_buckets[4];
    uint32_t bucket[4][N_CLASSES]; /* dense number of a class, UNUSED when no hand is of it */
};

/* ---- what do these cards make? A card is rank*4+suit. ---- */

static int has_straight(unsigned ranks) /* bit r: rank r is there */
{
    unsigned with_low_ace = ranks << 1 | (ranks >> 12 & 1);

    return (with_low_ace & with_low_ace << 1 & with_low_ace << 2 & with_low_ace << 3 &
            with_low_ace << 4) != 0;
}

static int kind_of(const uint8_t *cards, int n)
{
    unsigned of_rank[RANKS] = {0};
    unsigned of_suit[4] = {0}; /* bits of ranks */
    unsigned ranks = 0;
    int pairs = 0, trips = 0, quads = 0, flush = 0;

    for (int i = 0; i < n; i++) {
        of_rank[cards[i] / 4]++;
        of_suit[cards[i] % 4] |= 1u << cards[i] / 4;
        ranks |= 1u << cards[i] / 4;
    }
    for (int r = 0; r < RANKS; r++) {
        pairs += of_rank[r] == 2;
        trips += of_rank[r] == 3;
        quads += of_rank[r] == 4;
    }
    for (int s = 0; s < 4; s++) {
        int in_suit = 0;

        for (int r = 0; r < RANKS; r++)
            in_suit += of_suit[s] >> r & 1;
        flush |= in_suit >= 5;
        if (has_straight(of_suit[s]))
            return STRAIGHT_FLUSH;
    }
    if (quads)
        return QUADS;
    if (trips > 1 || (trips && pairs))
        return FULL_HOUSE;
    if (flush)
        return FLUSH;
    if (has_straight(ranks))
        return STRAIGHT;
    if (trips)
        return TRIPS;
    return pairs > 1 ? TWO_PAIR : pairs ? PAIR : NOTHING;
}

static int class_of(const struct hb_abs *a, int street, uint64_t hand)
{
    uint8_t cards[7];
    int top = 0;

    a->host->cards(a->host->ctx, street, hand, cards);
    for (int i = 0; a->high && i < a->n_hole; i++)
        if (cards[i] / 4 > top)
            top = cards[i] / 4;
    return kind_of(cards, a->n_cards[street]) * RANKS + top;
}

/* ---- the plugin ---- */

static void number_classes(struct hb_abs *a, int street)
{
    uint64_t n = a->host->count(a->host->ctx, street);

    for (int c = 0; c < N_CLASSES; c++)
        a->bucket[street][c] = UNUSED;
    for (uint64_t hand = 0; hand < n; hand++)
        a->bucket[street][class_of(a, street, hand)] = 0;
    for (int c = 0; c < N_CLASSES; c++)
        if (a->bucket[street][c] != UNUSED)
            a->bucket[street][c] = a->n_buckets[street]++;
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a;

    if (args[0] != '\0' && strcmp(args, "high=1") != 0) {
        snprintf(errbuf, errcap, "arguments are '' or 'high=1', not '%s'", args);
        return NULL;
    }
    if ((a = calloc(1, sizeof *a)) == NULL) {
        snprintf(errbuf, errcap, "out of memory");
        return NULL;
    }
    a->host = host;
    a->high = args[0] != '\0';
    a->n_hole = shape->n_hole;
    for (int s = 0; s < shape->n_streets; s++) {
        a->n_cards[s] = shape->n_hole + shape->n_board[s];
        if (shape->streets >> s & 1) /* asked about this one? */
            number_classes(a, s);
    }
    host->log(host->ctx, HB_LOG_INFO, "madehand is an example, do not expect it to win");
    return a;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static uint32_t buckets(const struct hb_abs *a, int street)
{
    return a->n_buckets[street];
}

static uint32_t bucket(const struct hb_abs *a, int street, uint64_t hand)
{
    return a->bucket[street][class_of(a, street, hand)];
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "org.example.madehand",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .buckets = buckets,
    .bucket = bucket,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
