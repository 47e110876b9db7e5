/* Building, hashing and viewing betting trees: decision nodes a second of CPU. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "game/tree.h"

static const char game[] = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 4\nstack = 20000 20000\n"
                           "blind = 100 50\nfirstPlayer = 2 1 1 1\nnumSuits = 4\nnumRanks = 13\n"
                           "numHoleCards = 2\nnumBoardCards = 0 3 1 1\nEND GAMEDEF\n";

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static struct hb_betting betting_of(const char *const *sizes, int n, int max_raises)
{
    struct hb_betting b = {0};

    for (int i = 0; i < HB_STREETS; i++) {
        struct hb_betting_street *s = &b.street[i];

        s->max_raises = max_raises;
        s->given = s->limp = true;
        for (int k = 0; k < n; k++)
            if (hb_bet_size_parse(sizes[k], &s->size[k], NULL) == HB_OK)
                s->n_sizes++;
    }
    return b;
}

static int bench(const struct hb_rules *r, const struct hb_betting *b, struct hb_err *e)
{
    struct hb_tree t;
    struct hb_tree view;
    struct hb_hash hash;
    void *image = NULL;
    double t0 = cpu_s();
    double t1;
    double t2;
    double t3;
    int rc;

    if ((rc = hb_tree_new(r, b, 0, &t, e)) != HB_OK)
        return rc;
    t1 = cpu_s();
    hb_tree_hash(&t, &hash);
    t2 = cpu_s();
    rc = hb_mem_new(&image, hb_tree_image_bytes(&t), 1, "an image", e);
    if (rc == HB_OK) {
        hb_tree_image_write(&t, image);
        rc = hb_tree_image_view(&view, image, hb_tree_image_bytes(&t), e);
    }
    t3 = cpu_s();
    if (rc == HB_OK)
        printf("{\"bench\":\"tree\",\"nodes\":%" PRIu32 ",\"image_bytes\":%zu,\"build_s\":%.4f,"
               "\"hash_s\":%.4f,\"write_and_view_s\":%.4f,\"nodes_per_s\":%.0f}\n",
               t.n_nodes, hb_tree_image_bytes(&t), t1 - t0, t2 - t1, t3 - t2,
               t.n_nodes / (t1 - t0));
    hb_mem_free(image);
    hb_tree_fini(&t);
    return rc;
}

int main(void)
{
    static const char *const sizes[] = {"0.5", "1.0", "2.0", "allin"};
    static const int n_sizes[] = {2, 3, 4, 4, 4, 4};
    static const int max_raises[] = {3, 3, 2, 3, 6, 9};
    struct hb_rules r;
    struct hb_err e = {0};

    if (hb_rules_parse(&r, game, strlen(game), "bench", &e) != HB_OK)
        return 1;
    for (int i = 0; i < 6; i++) {
        struct hb_betting b = betting_of(sizes, n_sizes[i], max_raises[i]);

        if (bench(&r, &b, &e) != HB_OK) {
            (void)fprintf(stderr, "b_tree: %s\n", e.msg); /* nothing else to do */
            return 1;
        }
    }
    return 0;
}
