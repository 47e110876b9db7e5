#include "run/difference.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/os.h"
#include "game/state.h"
#include "solver/deal.h"

#define WAY_MIN    1e-5                /* ways that are less probable are not followed */
#define FIRST_DEAL (UINT64_C(1) << 46) /* beyond the iterations of a training run */

enum { A, B, N_SIDES };

struct walk {
    struct hb_strategy *side[N_SIDES];
    const struct hb_rules *rules;
    const struct hb_tree *tree;
    const struct hb_difference_options *o;
    bool complete;
    uint64_t n_deals;
    bool asks[HB_STREETS];
    uint8_t cards[HB_PLAYERS_MAX][HB_HAND_MAX]; /* own, then the board */
    uint32_t bucket[N_SIDES][HB_PLAYERS_MAX][HB_STREETS];
    uint64_t deal;
    double *prob;          /* [N_SIDES * actions of the longest way] */
    double *reach;         /* [nodes] sums over deals */
    double *distance;      /* [nodes] weighed */
    double *mean[N_SIDES]; /* [edges] weighed */
    double *most;          /* [nodes] largest part of distance ... */
    uint64_t *most_deal;   /* [nodes] ... and the deal it comes from */
    struct hb_err *e;
};

/* ---- dealing ---- */

static int drawn_cards(const struct hb_rules *r)
{
    return r->n_players * r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];
}

/* Ways to deal all cards in order, or more than `most`. */
static uint64_t all_deals(const struct hb_rules *r, uint64_t most)
{
    int n_deck = r->deck.n_ranks * r->deck.n_suits;
    uint64_t n = 1;

    for (int i = 0; i < drawn_cards(r) && n <= most; i++)
        n *= (uint64_t)(n_deck - i);
    return n;
}

/* Deal `number` of all: its digits say which of the cards left comes next. */
static void nth_deal(struct walk *w, uint64_t number)
{
    const struct hb_deck *k = &w->rules->deck;
    uint8_t deck[HB_CARDS];
    int n_deck = hb_deck_cards(k, deck);
    uint8_t drawn[HB_PLAYERS_MAX * HB_HOLE_MAX + HB_BOARD_MAX];
    int n_own = w->rules->n_players * k->n_hole;
    int n_drawn = drawn_cards(w->rules);

    for (int i = 0; i < n_drawn; i++) {
        uint64_t left = (uint64_t)(n_deck - i);
        uint64_t at = number % left;

        number /= left;
        drawn[i] = deck[at];
        deck[at] = deck[left - 1];
    }
    for (int i = 0; i < w->rules->n_players; i++) {
        memcpy(w->cards[i], drawn + i * k->n_hole, (size_t)k->n_hole);
        memcpy(w->cards[i] + k->n_hole, drawn + n_own, (size_t)(n_drawn - n_own));
    }
}

static int deal(struct walk *w, uint64_t number)
{
    struct hb_deal d;
    int rc = HB_OK;

    w->deal = number;
    if (w->complete) {
        nth_deal(w, number);
    } else {
        hb_deal_cards(w->rules, w->o->seed, FIRST_DEAL + number, &d);
        memcpy(w->cards, d.cards, sizeof w->cards);
    }
    for (int side = 0; side < N_SIDES; side++)
        for (int i = 0; i < w->rules->n_players; i++)
            for (int street = 0; street < HB_STREETS && rc == HB_OK; street++)
                if (w->asks[street])
                    rc = hb_strategy_bucket(w->side[side], street, w->cards[i],
                                            &w->bucket[side][i][street], w->e);
    return rc;
}

/* ---- one way ---- */

static int ask(const struct walk *w, uint32_t at, double *prob)
{
    const struct hb_node *n = &w->tree->node[at];
    int rc = HB_OK;

    for (int side = 0; side < N_SIDES && rc == HB_OK; side++)
        rc = hb_strategy_row(w->side[side], at, w->bucket[side][n->player][n->street],
                             prob + side * n->n_actions, w->e);
    return rc;
}

static double distance_of(const double *prob, int n)
{
    double sum = 0;

    for (int a = 0; a < n; a++)
        sum += prob[a] > prob[n + a] ? prob[a] - prob[n + a] : prob[n + a] - prob[a];
    return sum;
}

static int visit(const struct walk *w, uint32_t at, double by_a, double by_b, double *prob)
{
    const struct hb_node *node = &w->tree->node[at];
    int n = node->n_actions;
    double weight = (by_a + by_b) / 2;
    double part;
    int rc;

    if (by_a < WAY_MIN && by_b < WAY_MIN)
        return HB_OK;
    if ((rc = ask(w, at, prob)) != HB_OK)
        return rc;
    part = weight * distance_of(prob, n);
    w->reach[at] += weight;
    w->distance[at] += part;
    if (part > w->most[at]) {
        w->most[at] = part;
        w->most_deal[at] = w->deal;
    }
    for (int a = 0; a < n && rc == HB_OK; a++) {
        uint32_t edge = node->edge + (uint32_t)a;

        w->mean[A][edge] += weight * prob[a];
        w->mean[B][edge] += weight * prob[n + a];
        if (!(w->tree->child[edge] & HB_TREE_END))
            rc = visit(w, w->tree->child[edge], by_a * prob[a], by_b * prob[n + a],
                       prob + N_SIDES * n);
    }
    return rc;
}

/* ---- the largest ---- */

struct ranked {
    double distance;
    uint32_t node;
};

static int by_distance(const void *x, const void *y)
{
    const struct ranked *a = x;
    const struct ranked *b = y;

    if (a->distance > b->distance || a->distance < b->distance)
        return a->distance > b->distance ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* Numbers of a node into to[4 * actions]: means, then the strategies where it weighs most. */
static int describe(struct walk *w, uint32_t at, double total, double *to,
                    struct hb_difference_node *out)
{
    const struct hb_node *node = &w->tree->node[at];
    const struct hb_deck *k = &w->rules->deck;
    int n = node->n_actions;
    int rc;

    *out = (struct hb_difference_node){.node = at,
                                       .reach = w->reach[at] / (double)w->n_deals,
                                       .distance = w->distance[at] / w->reach[at],
                                       .share = w->distance[at] / total,
                                       .a = to,
                                       .b = to + n,
                                       .hand_a = to + 2 * n,
                                       .hand_b = to + 3 * n};
    for (int a = 0; a < n; a++) {
        to[a] = w->mean[A][node->edge + (uint32_t)a] / w->reach[at];
        to[n + a] = w->mean[B][node->edge + (uint32_t)a] / w->reach[at];
    }
    if ((rc = deal(w, w->most_deal[at])) != HB_OK || (rc = ask(w, at, to + 2 * n)) != HB_OK)
        return rc;
    hb_cards_format(w->cards[node->player], k->n_hole, out->hand);
    hb_cards_format(w->cards[node->player] + k->n_hole, k->n_board[node->street], out->board);
    return hb_tree_path(w->rules, w->tree, at, out->actions, sizeof out->actions, w->e);
}

static int rank_nodes(struct walk *w, struct ranked *rank, double total, struct hb_difference *out)
{
    uint32_t n_nodes = w->tree->n_nodes;
    size_t n_numbers = 0;
    uint32_t n = 0;
    int rc;

    for (uint32_t i = 0; i < n_nodes; i++)
        rank[i] = (struct ranked){w->distance[i], i};
    qsort(rank, n_nodes, sizeof *rank, by_distance);
    while (n < n_nodes && n < w->o->top && rank[n].distance > 0)
        n_numbers += 4 * (size_t)w->tree->node[rank[n++].node].n_actions;
    if ((rc = hb_mem_new(&out->node, n, sizeof *out->node, "differences", w->e)) != HB_OK ||
        (rc = hb_mem_new(&out->numbers, n_numbers, sizeof *out->numbers, "differences", w->e)) !=
            HB_OK)
        return rc;
    n_numbers = 0;
    for (; out->n < n && rc == HB_OK; out->n++) {
        uint32_t at = rank[out->n].node;

        rc = describe(w, at, total, out->numbers + n_numbers, &out->node[out->n]);
        n_numbers += 4 * (size_t)w->tree->node[at].n_actions;
    }
    return rc;
}

static int summarise(struct walk *w, struct hb_difference *out)
{
    struct ranked *rank = NULL;
    double reach = 0;
    double total = 0;
    int rc = hb_mem_new(&rank, w->tree->n_nodes, sizeof *rank, "differences", w->e);

    for (uint32_t i = 0; i < w->tree->n_nodes; i++) {
        reach += w->reach[i];
        total += w->distance[i];
    }
    out->complete = w->complete;
    out->n_deals = w->n_deals;
    out->decisions = reach / (double)w->n_deals;
    out->distance = total / reach;
    if (rc == HB_OK)
        rc = rank_nodes(w, rank, total, out);
    hb_mem_free(rank);
    return rc;
}

/* ---- both ---- */

static int check_same_game(const struct hb_strategy *a, const struct hb_strategy *b,
                           const char *const names[2], struct hb_err *e)
{
    struct hb_hash game[2];
    struct hb_hash tree[2];

    hb_rules_hash(&a->spec.rules, &game[0]);
    hb_rules_hash(&b->spec.rules, &game[1]);
    if (memcmp(&game[0], &game[1], sizeof game[0]) != 0)
        return hb_fail(e, HB_EIDENTITY, "'%s' plays '%s' and '%s' plays '%s', another game",
                       names[0], a->spec.game_name, names[1], b->spec.game_name);
    hb_tree_hash(a->tree, &tree[0]);
    hb_tree_hash(b->tree, &tree[1]);
    if (memcmp(&tree[0], &tree[1], sizeof tree[0]) != 0)
        return hb_fail(e, HB_EIDENTITY,
                       "'%s' and '%s' play '%s' with other bets: trees of %u and %u decisions",
                       names[0], names[1], a->spec.game_name, a->tree->n_nodes, b->tree->n_nodes);
    return HB_OK;
}

static int walk_init(struct walk *w, struct hb_err *e)
{
    size_t n_nodes = w->tree->n_nodes;
    size_t n_edges = w->tree->n_edges;
    size_t longest;
    int rc;

    if ((rc = hb_mem_new(&w->reach, n_nodes, sizeof *w->reach, "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&w->distance, n_nodes, sizeof *w->distance, "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&w->mean[A], n_edges, sizeof *w->mean[A], "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&w->mean[B], n_edges, sizeof *w->mean[B], "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&w->most, n_nodes, sizeof *w->most, "sums", e)) != HB_OK ||
        (rc = hb_mem_new(&w->most_deal, n_nodes, sizeof *w->most_deal, "sums", e)) != HB_OK ||
        (rc = hb_tree_longest(w->tree, &longest, e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < w->tree->n_nodes; i++)
        w->asks[w->tree->node[i].street] = true;
    return hb_mem_new(&w->prob, N_SIDES * longest, sizeof *w->prob, "strategies", e);
}

static void walk_fini(struct walk *w)
{
    hb_mem_free(w->reach);
    hb_mem_free(w->distance);
    hb_mem_free(w->mean[A]);
    hb_mem_free(w->mean[B]);
    hb_mem_free(w->most);
    hb_mem_free(w->most_deal);
    hb_mem_free(w->prob);
}

int hb_difference_new(struct hb_strategy *a, struct hb_strategy *b, const char *const names[2],
                      const struct hb_difference_options *o, struct hb_difference *out,
                      struct hb_err *e)
{
    struct walk w = {.side = {a, b}, .rules = &a->spec.rules, .tree = a->tree, .o = o, .e = e};
    struct hb_difference d = {.a = a, .b = b};
    uint64_t memory = hb_os_memory_bytes() / 4;
    uint64_t n_all = all_deals(w.rules, o->n_deals);
    int rc;

    w.complete = n_all <= o->n_deals;
    w.n_deals = w.complete ? n_all : o->n_deals;
    if ((rc = check_same_game(a, b, names, e)) != HB_OK ||
        (rc = hb_strategy_preload(a, memory, e)) != HB_OK ||
        (rc = hb_strategy_preload(b, memory, e)) != HB_OK)
        return rc;
    rc = walk_init(&w, e);
    for (uint64_t i = 0; i < w.n_deals && rc == HB_OK; i++)
        if ((rc = deal(&w, i)) == HB_OK)
            rc = visit(&w, 0, 1, 1, w.prob);
    if (rc == HB_OK)
        rc = summarise(&w, &d);
    walk_fini(&w);
    if (rc != HB_OK)
        hb_difference_fini(&d);
    else
        *out = d;
    return rc;
}

void hb_difference_fini(struct hb_difference *d)
{
    hb_mem_free(d->node);
    hb_mem_free(d->numbers);
    *d = (struct hb_difference){0};
}
