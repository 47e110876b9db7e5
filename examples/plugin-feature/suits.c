/* suits - a feature plugin to copy: four numbers a hand, hb does the clustering. Hands are alike when
 * their own ranks are, the board cards that pair them and the cards they have of one suit.
 *
 *   make                                       (needs hb installed, for pkg-config hb-plugin)
 *   cards: {flop: {plugin: suits, args: "k=50,seed=3"}, …}           in a configuration
 *   hb-bucket build --config mine.yaml -o mine.hba --plugin-path .../plugin-feature */
#include <hb_plugin.h>

#include <stdio.h>
#include <stdlib.h>

struct hb_abs {
    const struct hb_host *host;
    int n_hole, n_cards[4];
};

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a = NULL;

    if (args[0] != '\0')
        snprintf(errbuf, errcap, "no arguments beside those of the clustering, not '%s'", args);
    else if ((a = calloc(1, sizeof *a)) == NULL)
        snprintf(errbuf, errcap, "out of memory");
    if (a == NULL)
        return NULL;
    a->host = host;
    a->n_hole = shape->n_hole;
    for (int s = 0; s < shape->n_streets; s++)
        a->n_cards[s] = shape->n_hole + shape->n_board[s];
    return a;
}

static void destroy(struct hb_abs *a)
{
    free(a);
}

static const struct hb_features *features(const struct hb_abs *a, int street)
{
    static const struct hb_features four = {
        .size = sizeof four, .n = 4, .item_bytes = 1, .distance = "l2"};

    (void)a, (void)street; /* the same everywhere */
    return &four;
}

static int vectors(const struct hb_abs *a, int street, uint32_t board, void *out)
{
    uint8_t c[7], (*v)[4] = out;
    uint32_t n_hands;
    uint64_t first = a->host->board(a->host->ctx, street, board, c, &n_hands);

    for (uint32_t h = 0; h < n_hands; h++) {
        uint8_t low = 12, high = 0, paired = 0, suited = 0;

        a->host->cards(a->host->ctx, street, first + h, c);
        for (int i = 0; i < a->n_hole; i++) {
            uint8_t same = 0;

            low = c[i] / 4 < low ? c[i] / 4 : low;
            high = c[i] / 4 > high ? c[i] / 4 : high;
            for (int j = 0; j < a->n_cards[street]; j++) {
                same += c[j] % 4 == c[i] % 4;
                paired += j != i && c[j] / 4 == c[i] / 4;
            }
            suited = same > suited ? same : suited;
        }
        v[h][0] = high;
        v[h][1] = low;
        v[h][2] = 8 * paired; /* how much a number counts is its scale */
        v[h][3] = 3 * suited;
    }
    return 0;
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "org.example.suits",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .features = features,
    .vectors = vectors,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
