/* Exact evaluation of hold'em over the public tree: some flops of a four-street no-limit tree with
 * one bet size, and the run-outs of all-ins before the flop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/public.h"

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct made { /* a strategy of 50 buckets a street, from the cards */
    const struct hb_tree *tree;
};

static void buckets(void *ctx, int street, const uint8_t *board, int n_board,
                    const struct hb_hands *hands, const uint16_t *hand, int n, uint32_t *out)
{
    (void)ctx;
    (void)street;
    (void)board;
    (void)n_board;
    for (int i = 0; i < n; i++)
        out[i] = (uint32_t)(hands->card[hand[i]][0] / 4 + hands->card[hand[i]][1] / 4) * 2;
}

static void row(void *ctx, uint32_t node, uint32_t bucket, double *prob)
{
    const struct made *m = ctx;
    int n = m->tree->node[node].n_actions;
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += prob[i] = 1 + (bucket * 7 + node * 3 + (unsigned)i * 11) % 13;
    for (int i = 0; i < n; i++)
        prob[i] /= sum;
}

static int bench(const char *name, int stack, int max_raises, uint32_t n_units)
{
    struct hb_betting betting = {0};
    struct hb_rules rules;
    struct hb_tree tree;
    struct hb_public_strategy s = {.n_buckets = {50, 50, 50, 50}, .buckets = buckets, .row = row};
    struct hb_public *p;
    struct hb_err e = {0};
    struct made m = {&tree};
    char text[400];
    double *result;
    double t;
    uint32_t n;

    (void)snprintf(text, sizeof text,
                   "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 4\nstack = %d %d\n"
                   "blind = 100 50\nfirstPlayer = 2 1 1 1\nnumSuits = 4\nnumRanks = 13\n"
                   "numHoleCards = 2\nnumBoardCards = 0 3 1 1\nEND GAMEDEF\n",
                   stack, stack);
    for (int i = 0; i < HB_STREETS; i++)
        if (hb_bet_size_parse("1.0", &betting.street[i].size[0], &e) == HB_OK)
            betting.street[i] = (struct hb_betting_street){.n_sizes = 1,
                                                           .size = {betting.street[i].size[0]},
                                                           .max_raises = max_raises,
                                                           .limp = true,
                                                           .given = true};
    s.ctx = &m;
    if (hb_rules_parse(&rules, text, strlen(text), name, &e) != HB_OK ||
        hb_tree_new(&rules, &betting, 0, &tree, &e) != HB_OK ||
        hb_public_new(&rules, &tree, &s, &p, &e) != HB_OK || hb_public_start(p, &e) != HB_OK)
        return fprintf(stderr, "%s: %s\n", name, e.msg), 1;
    n = hb_public_units(p);
    result = calloc(hb_public_unit_len_max(p), sizeof *result);
    if (result == NULL)
        return 1;
    t = cpu_s();
    for (uint32_t i = 0; i < n_units; i++)
        hb_public_unit(p, i * (n / n_units), result);
    t = cpu_s() - t;
    printf("{\"bench\":\"public\",\"game\":\"%s\",\"nodes\":%u,\"units\":%u,\"cpu_s\":%.3f,"
           "\"all_cpu_s\":%.0f,\"steps\":%.3g,\"steps_per_s\":%.3g}\n",
           name, tree.n_nodes, n_units, t, t / n_units * n, hb_public_work(p),
           hb_public_work(p) / (t / n_units * n));
    free(result);
    hb_public_free(p);
    hb_tree_fini(&tree);
    return 0;
}

int main(void)
{
    return bench("10bb", 1000, 2, 2) || bench("20bb", 2000, 2, 2);
}
