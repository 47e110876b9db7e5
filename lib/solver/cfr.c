#include "solver/cfr_impl.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/eval.h"
#include "solver/quad.h"

/* ---- the tree, as edges ---- */

static void fill_edge(const struct hb_table *t, uint32_t child, struct hb_cfr_edge *out)
{
    const struct hb_tree *tree = &t->tree;

    memset(out, 0, sizeof *out);
    if (child & HB_TREE_END) {
        uint32_t number = child & ~HB_TREE_END;
        const struct hb_end *end = &tree->end[number];
        const int32_t *spent = tree->spent + (size_t)number * tree->n_players;

        out->first = number;
        out->section = end->street;
        if (tree->n_players == 2) {
            out->row = (uint32_t)(spent[0] < spent[1] ? spent[0] : spent[1]);
            out->player = (uint8_t)end->folded;
        }
    } else {
        const struct hb_node *node = &tree->node[child];

        out->first = node->edge;
        out->row = t->node_row[child];
        out->n = node->n_actions;
        out->section = (uint8_t)(node->street * HB_PLAYERS_MAX + node->player);
        out->player = node->player;
    }
}

static int make_edges(struct hb_cfr *c, struct hb_err *e)
{
    const struct hb_tree *tree = &c->table->tree;
    int rc = hb_mem_new(&c->edge, (size_t)tree->n_edges + 1, sizeof *c->edge,
                        "the tree of traversals", e);

    if (rc == HB_OK && c->table->spec.draws_blocks)
        rc =
            hb_mem_new(&c->node_of, tree->n_edges, sizeof *c->node_of, "the tree of traversals", e);
    if (rc != HB_OK)
        return rc;
    for (uint32_t i = 0; i < tree->n_edges; i++)
        fill_edge(c->table, tree->child[i], &c->edge[i]);
    fill_edge(c->table, 0, &c->edge[tree->n_edges]);
    for (uint32_t i = 0; c->node_of != NULL && i < tree->n_nodes; i++)
        c->node_of[tree->node[i].edge] = i;
    return HB_OK;
}

int hb_cfr_expected_nodes(const struct hb_tree *t, double *out, struct hb_err *e)
{
    double *reach = NULL;
    double sum = 0.0;
    int rc = hb_mem_new(&reach, t->n_nodes, sizeof *reach, "visits", e);

    if (rc != HB_OK)
        return rc;
    for (uint32_t traverser = 0; traverser < t->n_players; traverser++)
        for (uint32_t i = 0; i < t->n_nodes; i++) {
            uint32_t up = t->node[i].parent;

            if (i == 0)
                reach[i] = 1.0;
            else if (t->node[up].player == traverser)
                reach[i] = reach[up];
            else
                reach[i] = reach[up] / t->node[up].n_actions;
            sum += reach[i];
        }
    hb_mem_free(reach);
    *out = sum;
    return HB_OK;
}

_Static_assert(HB_PLAYERS_MAX % 2 == 0, "keys come in pairs");

static unsigned deals_at_most(const struct hb_tree *t)
{
    return HB_CFR_WALKERS / t->n_players;
}

/* As many deals in a pass as give about HB_CFR_PASS visits. */
static int choose_width(struct hb_cfr *c, struct hb_err *e)
{
    double visits;
    int rc = hb_cfr_expected_nodes(&c->table->tree, &visits, e);

    c->first_width = deals_at_most(&c->table->tree);
    while (rc == HB_OK && c->first_width > 1 && c->first_width * visits > HB_CFR_PASS)
        c->first_width--;
    return rc;
}

int hb_cfr_init(struct hb_cfr *c, const struct hb_table *t, const struct hb_buckets *b,
                uint32_t n_parts, struct hb_err *e)
{
    int rc;

    memset(c, 0, sizeof *c);
    c->table = t;
    c->buckets = b;
    c->parts = hb_parts_in(n_parts);
    c->n_deck = hb_deck_cards(&t->spec.rules.deck, c->deck);
    c->units_per_chip = (float)ldexp(1.0, t->spec.params.unit_shift);
    if ((rc = make_edges(c, e)) != HB_OK || (rc = choose_width(c, e)) != HB_OK ||
        (rc = hb_mem_new(&c->others_play, (size_t)hb_tree_widest(&t->tree) + HB_QUAD,
                         sizeof *c->others_play, "traversal scratch", e)) != HB_OK ||
        (rc = hb_mem_new(&c->deal, deals_at_most(&t->tree), sizeof *c->deal, "deals", e)) !=
            HB_OK ||
        (rc = hb_discounts_init(&c->discounts, &t->spec.params, e)) != HB_OK)
        hb_cfr_fini(c);
    return rc;
}

void hb_cfr_fini(struct hb_cfr *c)
{
    hb_mem_free(c->edge);
    hb_mem_free(c->node_of);
    hb_mem_free(c->probability);
    hb_mem_free(c->value);
    hb_mem_free(c->others_play);
    hb_mem_free(c->own.at);
    hb_mem_free(c->others.at);
    hb_mem_free(c->deal);
    hb_discounts_fini(&c->discounts);
    memset(c, 0, sizeof *c);
}

uint64_t hb_cfr_bytes(const struct hb_tree *t)
{
    return ((uint64_t)t->n_edges + 1) * sizeof(struct hb_cfr_edge) +
           UINT64_C(2) * HB_CFR_PASS * sizeof(struct hb_cfr_visit) +
           UINT64_C(2) * HB_CFR_PASS * 2 * sizeof(float) +
           deals_at_most(t) * sizeof(struct hb_cfr_deal);
}

/* ---- the deals of a pass ---- */

/* Whose chips an end moves on each street: known where the board is complete, else made when a
 * showdown first asks. */
static void reset_runouts(const struct hb_deck *deck, struct hb_cfr_deal *d)
{
    for (int st = 0; st < deck->n_streets; st++) {
        struct hb_cfr_runouts *r = &d->runouts[st];

        r->made = deck->n_board[st] == deck->n_board[deck->n_streets - 1];
        r->share[0] = hb_cfr_better(d->deal.strength);
        r->share[1] = -1.0f;
        r->share[2] = 1.0f;
    }
}

/* The cards of an iteration, and the places of its buckets in their maps, which are asked for. */
static void deal_one(const struct hb_cfr *c, uint64_t iteration, struct hb_cfr_deal *d)
{
    const struct hb_spec *spec = &c->table->spec;
    const struct hb_rules *r = &spec->rules;
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];

    d->iteration = iteration;
    hb_deal_from(c->deck, c->n_deck, r, spec->params.seed, iteration, &d->deal);
    for (int p = 0; p < r->n_players; p++) {
        d->deal.strength[p] = hb_eval(d->deal.cards[p], n_cards);
        for (int st = 0; st < r->deck.n_streets; st++) {
            if (spec->street[st].kind == HB_BUCKETS_NONE)
                continue;
            d->hand[p][st] = hb_buckets_hand(c->buckets, st, d->deal.cards[p]);
            hb_buckets_prefetch(&c->buckets->street[st], d->hand[p][st]);
        }
    }
    reset_runouts(&r->deck, d);
}

static void look_up_buckets(const struct hb_cfr *c, struct hb_cfr_deal *d)
{
    const struct hb_table *t = c->table;
    const struct hb_rules *r = &t->spec.rules;

    for (int p = 0; p < r->n_players; p++)
        for (int st = 0; st < r->deck.n_streets; st++) {
            if (t->spec.street[st].kind == HB_BUCKETS_NONE)
                continue;
            d->deal.bucket[p][st] = hb_buckets_at(c->buckets, st, d->hand[p][st]);
            d->section[st * HB_PLAYERS_MAX + p] =
                t->rows + t->layout.base[st][p] + d->deal.bucket[p][st] * t->layout.stride[st][p];
        }
}

static bool prune_this_one(const struct hb_cfr *c, uint64_t iteration, unsigned traverser)
{
    uint32_t bits[4];

    if (c->round.prune_below == INT32_MIN)
        return false;
    hb_rng_block(c->table->spec.params.seed, iteration, traverser, HB_RNG_PRUNE, 0, bits);
    return bits[0] < c->table->spec.params.pruning_p32;
}

/* One block makes the keys of two traversals. */
static void make_keys(const struct hb_cfr *c, uint64_t iteration, uint64_t key[HB_PLAYERS_MAX])
{
    uint32_t bits[4];

    for (unsigned p = 0; p < c->table->tree.n_players; p += 2) {
        hb_rng_block(c->table->spec.params.seed, iteration, 0, HB_RNG_ACTION, p / 2, bits);
        key[p] = (uint64_t)bits[1] << 32 | bits[0];
        key[p + 1] = (uint64_t)bits[3] << 32 | bits[2];
    }
}

/* n deals and their traversals; how many of the latter. */
static unsigned deal_pass(struct hb_cfr *c, uint64_t first, unsigned n)
{
    unsigned n_players = c->table->tree.n_players;
    unsigned n_walkers = 0;

    for (unsigned i = 0; i < n; i++)
        deal_one(c, first + i, &c->deal[i]);
    for (unsigned i = 0; i < n; i++) {
        uint64_t key[HB_PLAYERS_MAX];

        bool averages = hb_params_averages(&c->table->spec.params, first + i);

        look_up_buckets(c, &c->deal[i]);
        make_keys(c, first + i, key);
        for (unsigned p = 0; p < n_players; p++)
            c->walker[n_walkers++] = (struct hb_cfr_walker){
                .deal = &c->deal[i],
                .key = key[p],
                .traverser = (uint8_t)p,
                .averaged = (uint8_t)(averages ? (p + 1) % n_players : HB_PLAYERS_MAX),
                .prune = prune_this_one(c, first + i, p),
                .sign = p == 0 ? 1.0f : -1.0f};
    }
    return n_walkers;
}

/* ---- a run ---- */

/* The next pass's deals, after one of `visits`. */
static unsigned next_width(const struct hb_cfr *c, unsigned width, uint64_t visits)
{
    unsigned most = deals_at_most(&c->table->tree);

    if (visits > HB_CFR_PASS + HB_CFR_PASS / 2 && width > 1)
        return width / 2;
    if (visits < HB_CFR_PASS / 2 && width < most)
        return width * 2 < most ? width * 2 : most;
    return width;
}

static void set_round(struct hb_cfr *c, const struct hb_round *round)
{
    if (c->unit[0] == 0.0f || c->round.epoch != round->epoch)
        for (int i = 0; i < HB_CFR_UNITS; i++)
            c->unit[i] = hb_round_strategy_unit(round, round->weight_exp + i);
    c->round = *round;
}

int hb_cfr_run(struct hb_cfr *c, const struct hb_round *round, uint64_t first, uint32_t count,
               struct hb_log *log, uint64_t *nodes, struct hb_err *e)
{
    unsigned width = c->first_width;
    int rc;

    if (first < round->first || first - round->first > round->length ||
        count > round->length - (first - round->first))
        return hb_fail(e, HB_EUSAGE, "iterations %llu+%u are not in the round at %llu+%u",
                       (unsigned long long)first, count, (unsigned long long)round->first,
                       round->length);
    if ((rc = hb_discounts_reach(&c->discounts, round->epoch, e)) != HB_OK)
        return rc;
    set_round(c, round);
    c->log = log;
    c->rc = HB_OK;
    c->err = e;
    for (uint64_t last = first + count; first < last && c->rc == HB_OK;) {
        unsigned n = last - first < width ? (unsigned)(last - first) : width;
        uint64_t visits = 0;

        hb_cfr_pass(c, deal_pass(c, first, n), &visits);
        *nodes += visits;
        first += n;
        if (n == width)
            width = next_width(c, width, visits);
    }
    return c->rc;
}
