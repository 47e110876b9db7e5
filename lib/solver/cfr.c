#include "solver/cfr.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/eval.h"

/* Actions of all nodes on the longest path: so many probabilities, values and references it needs.
 */
static int longest_path(const struct hb_tree *t, size_t *out, struct hb_err *e)
{
    uint32_t *path = NULL;
    size_t most = 0;
    int rc = hb_mem_new(&path, t->n_nodes, sizeof *path, "path lengths", e);

    if (rc != HB_OK)
        return rc;
    for (uint32_t i = 0; i < t->n_nodes; i++) { /* parents come first */
        path[i] = t->node[i].n_actions + (i > 0 ? path[t->node[i].parent] : 0);
        if (path[i] > most)
            most = path[i];
    }
    hb_mem_free(path);
    *out = most;
    return HB_OK;
}

int hb_cfr_init(struct hb_cfr *c, const struct hb_table *t, const struct hb_buckets *b,
                struct hb_err *e)
{
    size_t n_slots = 0;
    int rc;

    memset(c, 0, sizeof *c);
    c->table = t;
    c->buckets = b;
    c->units_per_chip = (float)ldexp(1.0, t->spec.params.unit_shift);
    if ((rc = longest_path(&t->tree, &n_slots, e)) != HB_OK ||
        (rc = hb_mem_new(&c->slot, n_slots, sizeof *c->slot, "traversal scratch", e)) != HB_OK ||
        (rc = hb_mem_new(&c->own, n_slots, sizeof *c->own, "traversal scratch", e)) != HB_OK ||
        (rc = hb_mem_new(&c->others, n_slots, sizeof *c->others, "traversal scratch", e)) !=
            HB_OK ||
        (rc = hb_discounts_init(&c->discounts, &t->spec.params, e)) != HB_OK)
        hb_cfr_fini(c);
    return rc;
}

void hb_cfr_fini(struct hb_cfr *c)
{
    hb_mem_free(c->slot);
    hb_mem_free(c->own);
    hb_mem_free(c->others);
    hb_discounts_fini(&c->discounts);
    memset(c, 0, sizeof *c);
}

/* ---- the deal ---- */

void hb_deal_cards(const struct hb_rules *r, uint64_t seed, uint64_t iteration, struct hb_deal *out)
{
    uint8_t deck[HB_CARDS];
    uint32_t bits[4];
    int n_left = hb_deck_cards(&r->deck, deck);
    int n_board = r->deck.n_board[r->deck.n_streets - 1];
    int n_own = r->n_players * r->deck.n_hole;

    for (int i = 0; i < n_own + n_board; i++) {
        uint8_t card;
        uint32_t at;

        if (i % 4 == 0)
            hb_rng_block(seed, iteration, 0, HB_RNG_DEAL, (uint32_t)i / 4, bits);
        at = hb_rng_below(bits[i % 4], (uint32_t)n_left);
        card = deck[at];
        deck[at] = deck[--n_left];
        if (i < n_own)
            out->cards[i / r->deck.n_hole][i % r->deck.n_hole] = card;
        else
            for (int p = 0; p < r->n_players; p++)
                out->cards[p][r->deck.n_hole + i - n_own] = card;
    }
}

int hb_n_runouts(const struct hb_rules *r)
{
    return r->n_players == 2 ? HB_RUNOUTS_HEADSUP : HB_RUNOUTS_MULTIWAY;
}

/* The deck without the cards that are seen on `street`; returns how many are left. */
static int unseen_cards(const struct hb_rules *r, int street, const struct hb_deal *deal,
                        uint8_t *out)
{
    uint8_t deck[HB_CARDS];
    uint64_t seen = 0;
    int n = hb_deck_cards(&r->deck, deck);
    int n_left = 0;

    for (int p = 0; p < r->n_players; p++)
        for (int i = 0; i < r->deck.n_hole + r->deck.n_board[street]; i++)
            seen |= UINT64_C(1) << deal->cards[p][i];
    for (int i = 0; i < n; i++)
        if (!(seen >> deck[i] & 1))
            out[n_left++] = deck[i];
    return n_left;
}

enum { RUNOUT_HANDS = HB_RUNOUTS_MULTIWAY * HB_PLAYERS_MAX };
_Static_assert(RUNOUT_HANDS >= 2 * HB_RUNOUTS_HEADSUP, "heads-up hands fit");

/* Each run-out draws by a partial shuffle of what is left; the order that one leaves behind is as
 * good a start for the next as any. */
void hb_deal_runouts(const struct hb_rules *r, uint64_t seed, uint64_t iteration, int street,
                     const struct hb_deal *deal, uint32_t (*strength)[HB_PLAYERS_MAX])
{
    uint8_t left[HB_CARDS];
    uint8_t hand[8 * RUNOUT_HANDS] = {0}; /* by run-out, then player, 8 bytes each */
    uint16_t strong[RUNOUT_HANDS];
    uint8_t *next = hand;
    uint32_t bits[4];
    int n_left = unseen_cards(r, street, deal, left);
    int n_seen = r->deck.n_hole + r->deck.n_board[street];
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];
    int n_hands = hb_n_runouts(r) * r->n_players;

    for (int run = 0; run < hb_n_runouts(r); run++) {
        for (int i = 0; i < n_cards - n_seen; i++) {
            int at;
            uint8_t card;

            if (i % 4 == 0)
                hb_rng_block(seed, iteration, (unsigned)street, HB_RNG_RUNOUT,
                             (uint32_t)(run * 2 + i / 4), bits);
            at = i + (int)hb_rng_below(bits[i % 4], (uint32_t)(n_left - i));
            card = left[at];
            left[at] = left[i];
            left[i] = card;
        }
        for (int p = 0; p < r->n_players; p++, next += 8) {
            memcpy(next, deal->cards[p], (size_t)n_seen);
            memcpy(next + n_seen, left, (size_t)(n_cards - n_seen));
        }
    }
    if (n_cards == 7)
        hb_eval7_many(hand, (size_t)n_hands, strong);
    else
        for (int i = 0; i < n_hands; i++)
            strong[i] = (uint16_t)hb_eval(hand + 8 * i, n_cards);
    for (int i = 0; i < n_hands; i++)
        strength[i / r->n_players][i % r->n_players] = strong[i];
}

/* Seat 0 against seat 1 when both put in `stake`. */
static float heads_up_edge(const uint32_t *strength)
{
    return strength[0] == strength[1] ? 0.0f : strength[0] > strength[1] ? 1.0f : -1.0f;
}

/* Whose chips an end moves on each street: known where the board is complete, else made when a
 * showdown first asks. */
static void reset_runouts(struct hb_cfr *c)
{
    const struct hb_deck *deck = &c->table->spec.rules.deck;

    for (int st = 0; st < deck->n_streets; st++) {
        c->runouts[st].made = deck->n_board[st] == deck->n_board[deck->n_streets - 1];
        c->runouts[st].share[0] = heads_up_edge(c->deal.strength);
        c->runouts[st].share[1] = -1.0f;
        c->runouts[st].share[2] = 1.0f;
    }
}

static void prepare_deal(struct hb_cfr *c)
{
    const struct hb_table *t = c->table;
    const struct hb_rules *r = &t->spec.rules;
    int n_cards = r->deck.n_hole + r->deck.n_board[r->deck.n_streets - 1];

    hb_deal_cards(r, t->spec.params.seed, c->iteration, &c->deal);
    for (int p = 0; p < r->n_players; p++) {
        c->deal.strength[p] = hb_eval(c->deal.cards[p], n_cards);
        for (int st = 0; st < r->deck.n_streets; st++) {
            uint32_t bucket;

            if (t->spec.street[st].kind == HB_BUCKETS_NONE)
                continue;
            bucket = hb_buckets_of(c->buckets, st, c->deal.cards[p]);
            c->deal.bucket[p][st] = bucket;
            c->section[st][p] = t->rows + t->layout.base[st][p] + bucket * t->layout.stride[st][p];
        }
    }
    reset_runouts(c);
}

/* ---- the log ---- */

/* Room for a record of n values with its head written, or NULL when the log failed. */
static uint8_t *record_begin(struct hb_cfr *c, const int32_t *row, enum hb_delta_record kind,
                             unsigned n)
{
    struct hb_log *log = c->log;
    size_t need = hb_record_bytes(n);
    uint64_t head = hb_record_head((uint64_t)(row - c->table->rows), kind, n);
    uint8_t *at;

    if (log->cap - log->len < need) {
        if (c->rc == HB_OK)
            c->rc = log->grow(log, need, c->err);
        if (c->rc != HB_OK)
            return NULL;
    }
    at = log->data + log->len;
    log->len += need;
    log->n_records++;
    memcpy(at, &head, sizeof head);
    return at + HB_RECORD_HEAD;
}

static void put_value(uint8_t *values, unsigned a, int32_t v)
{
    int16_t v16 = (int16_t)v;

    memcpy(values + 2 * (size_t)a, &v16, sizeof v16);
}

/* ---- the walk ---- */

#define PRUNED UINT32_MAX /* in place of a child; has the bit of an end */

static void make_runouts(struct hb_cfr *c, int street)
{
    const struct hb_rules *r = &c->table->spec.rules;
    struct hb_runouts *out = &c->runouts[street];
    int n = hb_n_runouts(r);
    float sum = 0.0f; /* of small whole numbers: exact */

    hb_deal_runouts(r, c->table->spec.params.seed, c->iteration, street, &c->deal, out->strength);
    for (int i = 0; i < n; i++)
        sum += heads_up_edge(out->strength[i]);
    out->share[0] = sum / (float)n;
    out->made = true;
}

static float multiway_showdown(struct hb_cfr *c, const struct hb_end *end, const int32_t *spent)
{
    const struct hb_deck *deck = &c->table->spec.rules.deck;
    const struct hb_runouts *runouts = &c->runouts[end->street];
    int n_players = (int)c->table->tree.n_players;
    int n = hb_n_runouts(&c->table->spec.rules);
    double win[HB_PLAYERS_MAX];
    double sum = 0.0;

    if (deck->n_board[end->street] == deck->n_board[deck->n_streets - 1]) {
        hb_payoff(n_players, spent, end->folded, c->deal.strength, win);
        return (float)win[c->traverser];
    }
    if (!runouts->made)
        make_runouts(c, end->street);
    for (int i = 0; i < n; i++) {
        hb_payoff(n_players, spent, end->folded, runouts->strength[i], win);
        sum += win[c->traverser];
    }
    return (float)(sum / n);
}

static float multiway_value(struct hb_cfr *c, const struct hb_end *end, const int32_t *spent)
{
    int me = c->traverser;
    int64_t pot = 0;

    if (end->showdown)
        return multiway_showdown(c, end, spent);
    if (end->folded >> me & 1)
        return (float)-spent[me];
    for (unsigned p = 0; p < c->table->tree.n_players; p++)
        pot += spent[p];
    return (float)(pot - spent[me]);
}

/* Heads-up the smaller stake changes hands, whether by a fold or by a showdown. */
static float end_value(struct hb_cfr *c, uint32_t number)
{
    const struct hb_tree *tree = &c->table->tree;
    const struct hb_end *end = &tree->end[number];
    const int32_t *spent = tree->spent + (size_t)number * tree->n_players;
    const struct hb_runouts *runouts = &c->runouts[end->street];
    float value;

    if (tree->n_players > 2)
        return multiway_value(c, end, spent);
    if (!runouts->made && end->showdown)
        make_runouts(c, end->street);
    value = runouts->share[end->folded] * (float)(spent[0] < spent[1] ? spent[0] : spent[1]);
    return c->traverser == 0 ? value : -value;
}

/* Regret in the units of the current epoch. */
static bool below_threshold(const struct hb_cfr *c, const int32_t *row, int32_t regret)
{
    double positive, negative;

    if (regret >= c->round.prune_below)
        return false;
    if (hb_row_epoch(row) == c->round.epoch)
        return true;
    hb_discounts_factor(&c->discounts, hb_row_epoch(row), c->round.epoch, &positive, &negative);
    return (double)regret * negative < (double)c->round.prune_below;
}

/* Pluribus: never on the last street, never an action that ends the hand, never one that is played.
 */
static bool pruned(const struct hb_cfr *c, const struct hb_node *node, const int32_t *row,
                   float probability, unsigned a)
{
    return c->prune && probability == 0.0f &&
           node->street + 1 < c->table->spec.rules.deck.n_streets &&
           !(c->table->tree.child[node->edge + a] & HB_TREE_END) &&
           below_threshold(c, row, row[HB_ROW_HEAD + a]);
}

/* To the nearest unit, ties to even. Adding 1.5 * 2^23 leaves the whole number in the low bits of
 * the float: no branch and the same on every machine. |units| is at most HB_DELTA_MAX and a
 * rounding. */
static int32_t to_units(const struct hb_cfr *c, float chips)
{
    float shifted = chips * c->units_per_chip + 12582912.0f;
    int32_t v;

    memcpy(&v, &shifted, sizeof v);
    v -= 0x4B400000;
    v = v > HB_DELTA_MAX ? HB_DELTA_MAX : v;
    return v < -HB_DELTA_MAX ? -HB_DELTA_MAX : v;
}

/* Add the strategy to the row's sums: unit * probability, rounded up or down at random with one
 * number for the row, so that no entry has a bias however small the unit has become. */
static void log_strategy(struct hb_cfr *c, const int32_t *row, const float *probability, unsigned n,
                         uint32_t bits)
{
    int above = hb_row_exponent(row) - c->round.weight_exp;
    float unit = c->unit[above <= 0 ? 0 : above < HB_CFR_UNITS ? above : HB_CFR_UNITS - 1];
    float dither = hb_rng_unit(bits);
    uint8_t *out = record_begin(c, row, HB_RECORD_STRATEGY, n);

    for (unsigned a = 0; out != NULL && a < n; a++) {
        int32_t v = (int32_t)(unit * probability[a] + dither);

        put_value(out, a, v > HB_DELTA_MAX ? HB_DELTA_MAX : v);
    }
}

/* The action whose interval of the running sum holds u; no branch on the way. Where rounding leaves
 * a sliver at the end it is the last action that is played at all. */
static unsigned sample(const float *probability, unsigned n, float u)
{
    unsigned passed = 0;
    unsigned last = 0;
    float sum = 0.0f;

    for (unsigned a = 0; a < n; a++) {
        sum += probability[a];
        passed += u >= sum;
        last = probability[a] > 0.0f ? a : last;
    }
    return passed < last ? passed : last;
}

static const int32_t *row_of(const struct hb_cfr *c, uint32_t ref, const struct hb_node *node)
{
    return c->section[node->street][node->player] + c->table->node_row[ref];
}

/* Ask for what will be read at ref: an end's chips, or a node's actions and the head of its row
 * (the regrets follow on that cache line or the next, which the processor fetches by itself). */
HB_INLINE void prefetch(const struct hb_cfr *c, uint32_t ref)
{
    const struct hb_tree *tree = &c->table->tree;

    if (ref & HB_TREE_END) {
        uint32_t number = ref & ~HB_TREE_END;

        __builtin_prefetch(&tree->end[number]);
        __builtin_prefetch(&tree->spent[(size_t)number * tree->n_players]);
    } else {
        const struct hb_node *node = &tree->node[ref];

        __builtin_prefetch(row_of(c, ref, node));
        __builtin_prefetch(&tree->child[node->edge]);
    }
}

static bool is_others(const struct hb_cfr *c, uint32_t ref)
{
    return !(ref & HB_TREE_END) && c->table->tree.node[ref].player != c->traverser;
}

/* Another player's node: log his strategy if it is his turn, sample an action; where it leads. */
static uint32_t step_other(struct hb_cfr *c, uint32_t ref, float *probability)
{
    const struct hb_node *node = &c->table->tree.node[ref];
    const int32_t *row = row_of(c, ref, node);
    unsigned n = node->n_actions;
    uint32_t bits[4];

    c->nodes++;
    hb_rng_block(c->table->spec.params.seed, c->iteration, (unsigned)c->traverser, HB_RNG_ACTION,
                 ref, bits);
    hb_regret_match(row + HB_ROW_HEAD, n, probability);
    if (node->player == c->averaged)
        log_strategy(c, row, probability, n, bits[1]);
    return c->table->tree.child[node->edge + sample(probability, n, hb_rng_unit(bits[0]))];
}

/* Take all of slot[0..n) past the other players' nodes to the traverser's next node or an end. They
 * advance side by side, one node each in turn, so that their rows come from memory together. */
static void advance(struct hb_cfr *c, struct hb_cfr_slot *slot, unsigned n)
{
    bool more = true;

    while (more) {
        more = false;
        for (unsigned a = 0; a < n; a++) {
            if (!is_others(c, slot[a].ref))
                continue;
            slot[a].ref = step_other(c, slot[a].ref, c->others);
            prefetch(c, slot[a].ref);
            more |= is_others(c, slot[a].ref);
        }
    }
}

static void log_regrets(struct hb_cfr *c, const int32_t *row, const struct hb_cfr_slot *slot,
                        unsigned n, float mean)
{
    uint8_t *out = record_begin(c, row, HB_RECORD_REGRET, n);

    for (unsigned a = 0; out != NULL && a < n; a++)
        put_value(out, a, slot[a].ref == PRUNED ? 0 : to_units(c, slot[a].value - mean));
}

/* The value of a node of the traverser. Recursion is as deep as the longest hand of the game, which
 * the tree's builder bounds. */
static float walk(struct hb_cfr *c, uint32_t ref)
{
    const struct hb_node *node = &c->table->tree.node[ref];
    const uint32_t *child = c->table->tree.child + node->edge;
    const int32_t *row = row_of(c, ref, node);
    unsigned n = node->n_actions;
    struct hb_cfr_slot *slot = c->slot + c->top;
    float mean = 0.0f;

    c->nodes++;
    c->top += n;
    for (unsigned a = 0; a < n; a++)
        prefetch(c, child[a]);
    hb_regret_match(row + HB_ROW_HEAD, n, c->own);
    for (unsigned a = 0; a < n; a++) {
        slot[a].probability = c->own[a];
        slot[a].ref = pruned(c, node, row, c->own[a], a) ? PRUNED : child[a];
    }
    advance(c, slot, n);
    for (unsigned a = 0; a < n; a++) {
        if (slot[a].ref == PRUNED)
            continue;
        slot[a].value = slot[a].ref & HB_TREE_END ? end_value(c, slot[a].ref & ~HB_TREE_END)
                                                  : walk(c, slot[a].ref);
        mean += slot[a].probability * slot[a].value;
    }
    log_regrets(c, row, slot, n, mean);
    c->top -= n;
    return mean;
}

static bool prune_this_one(const struct hb_cfr *c)
{
    uint32_t bits[4];

    if (c->round.prune_below == INT32_MIN)
        return false;
    hb_rng_block(c->table->spec.params.seed, c->iteration, (unsigned)c->traverser, HB_RNG_PRUNE, 0,
                 bits);
    return bits[0] < c->table->spec.params.pruning_p32;
}

static void traverse(struct hb_cfr *c)
{
    struct hb_cfr_slot root = {.ref = 0};

    c->averaged = (c->traverser + 1) % (int)c->table->tree.n_players;
    c->prune = prune_this_one(c);
    c->top = 0;
    advance(c, &root, 1);
    if (!(root.ref & HB_TREE_END))
        (void)walk(c, root.ref); /* the value of the game is not wanted here */
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
    c->nodes = 0;
    for (c->iteration = first; c->iteration < first + count && c->rc == HB_OK; c->iteration++) {
        prepare_deal(c);
        for (c->traverser = 0; c->traverser < (int)c->table->tree.n_players; c->traverser++)
            traverse(c);
    }
    *nodes += c->nodes;
    return c->rc;
}
