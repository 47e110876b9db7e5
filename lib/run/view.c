#include "run/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* All own cards that can be held, with the item each belongs to. */
struct dealt {
    uint8_t (*cards)[HB_HAND_MAX]; /* own, then the board */
    uint32_t *item;
    uint32_t *bucket;
    uint32_t *visits;
    double *reach;
    double *prob; /* [n][n_actions] */
    size_t n;
};

/* ---- what is asked for ---- */

static const struct hb_rules *rules_of(const struct hb_view *v)
{
    return &v->strategy->spec.rules;
}

const char *hb_view_street_name(const struct hb_deck *d, int street)
{
    static const char *const holdem[] = {"preflop", "flop", "turn", "river"};
    static const char *const other[] = {"round 1", "round 2", "round 3", "round 4"};
    bool is_holdem = d->n_hole == 2 && d->n_board[0] == 0 && d->n_streets > 1;

    for (int s = 1; s < d->n_streets; s++)
        is_holdem = is_holdem && d->n_board[s] == s + 2;
    return (is_holdem ? holdem : other)[street];
}

const char *hb_view_seat_name(const struct hb_rules *r, int seat)
{
    int32_t big = 0;
    int32_t small = 0;
    int n_big = 0;

    for (int i = 0; i < r->n_players; i++)
        if (r->blind[i] > big)
            big = r->blind[i];
    for (int i = 0; i < r->n_players; i++) {
        n_big += r->blind[i] == big;
        if (r->blind[i] < big && r->blind[i] > small)
            small = r->blind[i];
    }
    if (small == 0 || n_big != 1)
        return "";
    if (r->blind[seat] == big)
        return "big blind";
    if (r->blind[seat] == small)
        return "small blind";
    return seat == r->n_players - 1 && r->first_player[0] != seat ? "button" : "";
}

/* Cards of the deck out of text, '/' left out. */
static int parse_cards(const struct hb_deck *deck, const char *text, const char *what, int want,
                       const char *where, uint8_t *cards, struct hb_err *e)
{
    char bare[4 * HB_HAND_MAX] = "";
    size_t len = 0;
    int n = 0;
    int rc;

    for (const char *p = text; *p != '\0' && len + 1 < sizeof bare; p++)
        if (*p != '/' && *p != ' ')
            bare[len++] = *p;
    if ((rc = hb_cards_parse(bare, len, cards, HB_HAND_MAX, &n, e)) != HB_OK)
        return hb_context(e, rc, "%s '%.60s'", what, text);
    for (int i = 0; i < n; i++)
        if (!hb_deck_has(deck, cards[i])) {
            char name[3];

            hb_card_format(cards[i], name);
            return hb_fail(e, HB_EUSAGE, "%s '%.60s': %s is not in this game's deck", what, text,
                           name);
        }
    if (n != want)
        return hb_fail(e, HB_EUSAGE, "%s '%.60s' has %d card%s, but %s has %d", what, text, n,
                       n == 1 ? "" : "s", where, want);
    return HB_OK;
}

static int find_board(struct hb_view *v, const char *board, struct hb_err *e)
{
    const struct hb_deck *deck = &rules_of(v)->deck;
    const char *name = hb_view_street_name(&rules_of(v)->deck, v->street);
    int want = deck->n_board[v->street];
    uint8_t cards[HB_HAND_MAX];
    char where[32];
    int rc;

    if (board == NULL || board[0] == '\0')
        return HB_OK;
    if (want == 0)
        return hb_fail(e, HB_EUSAGE, "board '%.60s': there is none yet after actions '%.100s'",
                       board, v->path);
    (void)snprintf(where, sizeof where, "%s%s", strncmp(name, "round", 5) == 0 ? "" : "the ", name);
    if ((rc = parse_cards(deck, board, "board", want, where, cards, e)) != HB_OK)
        return rc;
    memcpy(v->board, cards, (size_t)want);
    v->n_board = want;
    return HB_OK;
}

static bool on_board(const struct hb_view *v, uint8_t card)
{
    for (int i = 0; i < v->n_board; i++)
        if (v->board[i] == card)
            return true;
    return false;
}

static int find_hand(const struct hb_view *v, const char *hand, uint8_t *cards, struct hb_err *e)
{
    const struct hb_deck *deck = &rules_of(v)->deck;
    int want = deck->n_board[v->street];
    int rc = parse_cards(deck, hand, "hand", deck->n_hole, "a hand of this game", cards, e);

    if (rc != HB_OK)
        return rc;
    if (want > 0 && v->n_board == 0)
        return hb_fail(
            e, HB_EUSAGE,
            "hand '%.60s': after actions '%.100s' it needs a board of %d card%s: --board", hand,
            v->path, want, want == 1 ? "" : "s");
    for (int i = 0; i < deck->n_hole; i++)
        if (on_board(v, cards[i]))
            return hb_fail(e, HB_EUSAGE, "hand '%.60s': a card of it lies on the board", hand);
    memcpy(cards + deck->n_hole, v->board, (size_t)v->n_board);
    return HB_OK;
}

/* ---- actions ---- */

static uint32_t blend(uint32_t a, uint32_t b, int part, int of)
{
    uint32_t out = 0;

    for (int shift = 0; shift <= 16; shift += 8) {
        int x = (int)(a >> shift & 0xFF);
        int y = (int)(b >> shift & 0xFF);

        out |= (uint32_t)(x + (y - x) * part / (of > 0 ? of : 1)) << shift;
    }
    return out;
}

/* Fold grey-blue, call green, raises from light to dark red by size, all-in darkest. */
static void set_colours(struct hb_view *v)
{
    int n_raises = 0;
    int k = 0;

    for (int a = 0; a < v->n_actions; a++)
        n_raises += v->action[a].act > 0 && !v->action[a].all_in;
    for (int a = 0; a < v->n_actions; a++) {
        struct hb_view_action *x = &v->action[a];

        if (x->act == HB_ACT_FOLD)
            x->rgb = 0x6F8CA8;
        else if (x->act == HB_ACT_CALL)
            x->rgb = 0x4F9D69;
        else if (x->all_in)
            x->rgb = 0x5C0F1F;
        else if (n_raises == 1)
            x->rgb = 0xD2533F;
        else
            x->rgb = blend(0xE98A62, 0xAF1F2A, k++, n_raises - 1);
    }
}

static void label_raise(const struct hb_view *v, struct hb_view_action *x)
{
    const struct hb_rules *r = rules_of(v);
    const struct hb_state *s = &v->state;
    int32_t call = s->max_spent - s->spent[v->seat];
    bool bet = call == 0 && s->n_raises == 0;
    int64_t pot = call;

    for (int i = 0; i < r->n_players; i++)
        pot += s->spent[i];
    x->all_in = x->act >= r->stack[v->seat];
    if (x->all_in)
        (void)snprintf(x->label, sizeof x->label, "all-in, %d", x->act);
    else if (!r->no_limit)
        (void)snprintf(x->label, sizeof x->label, "%s %d", bet ? "bet" : "raise by",
                       x->act - s->max_spent);
    else if (bet)
        (void)snprintf(x->label, sizeof x->label, "bet %d, %.3g%% of the pot",
                       x->act - s->max_spent, 100.0 * (x->act - s->max_spent) / (double)pot);
    else
        (void)snprintf(x->label, sizeof x->label, "raise to %d, %.3g%% of the pot", x->act,
                       100.0 * (x->act - s->max_spent) / (double)pot);
}

static int set_actions(struct hb_view *v, struct hb_err *e)
{
    const struct hb_tree *t = v->strategy->tree;
    const struct hb_node *node = &t->node[v->node];
    int32_t lacks = v->state.max_spent - v->state.spent[v->seat];
    int32_t left = rules_of(v)->stack[v->seat] - v->state.spent[v->seat];
    int rc;

    v->n_actions = node->n_actions;
    rc = hb_mem_new(&v->action, node->n_actions, sizeof *v->action, "actions", e);
    if (rc != HB_OK)
        return rc;
    for (int a = 0; a < v->n_actions; a++) {
        struct hb_view_action *x = &v->action[a];

        x->act = t->act[node->edge + (uint32_t)a];
        hb_act_format(rules_of(v), x->act, x->text);
        if (x->act == HB_ACT_FOLD)
            (void)snprintf(x->label, sizeof x->label, "fold");
        else if (x->act > 0)
            label_raise(v, x);
        else if (lacks == 0)
            (void)snprintf(x->label, sizeof x->label, "check");
        else if (lacks >= left)
            (void)snprintf(x->label, sizeof x->label, "call all-in, %d", left);
        else
            (void)snprintf(x->label, sizeof x->label, "call %d", lacks);
    }
    set_colours(v);
    return HB_OK;
}

/* ---- gathering ---- */

static int dealt_new(struct dealt *d, size_t cap, int n_actions, struct hb_err *e)
{
    int rc;

    if ((rc = hb_mem_new(&d->cards, cap, sizeof *d->cards, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&d->item, cap, sizeof *d->item, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&d->bucket, cap, sizeof *d->bucket, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&d->visits, cap, sizeof *d->visits, "hands", e)) != HB_OK ||
        (rc = hb_mem_new(&d->reach, cap, sizeof *d->reach, "hands", e)) != HB_OK)
        return rc;
    return hb_mem_new(&d->prob, cap * (size_t)n_actions, sizeof *d->prob, "strategies", e);
}

static void dealt_fini(struct dealt *d)
{
    hb_mem_free(d->cards);
    hb_mem_free(d->item);
    hb_mem_free(d->bucket);
    hb_mem_free(d->visits);
    hb_mem_free(d->reach);
    hb_mem_free(d->prob);
}

static int items_new(struct hb_view *v, uint32_t n, struct hb_err *e)
{
    int rc = hb_mem_new(&v->item, n, sizeof *v->item, "view", e);

    if (rc != HB_OK)
        return rc;
    v->n_items = n;
    for (uint32_t i = 0; i < n; i++)
        v->item[i].bucket = HB_TREE_NONE;
    return hb_mem_new(&v->prob, (size_t)n * (size_t)v->n_actions, sizeof *v->prob, "view", e);
}

static void deal_one(struct hb_view *v, const uint8_t *cards, struct dealt *d)
{
    int n_hole = rules_of(v)->deck.n_hole;

    memcpy(d->cards[0], cards, HB_HAND_MAX);
    hb_cards_format(cards, n_hole, v->item[0].hand);
    d->n = 1;
}

static char rank_letter(int rank)
{
    return "23456789TJQKA"[rank];
}

/* Labels of the grid, and every pair of own cards that the board leaves. */
static void deal_grid(struct hb_view *v, struct dealt *d)
{
    const struct hb_deck *deck = &rules_of(v)->deck;
    uint8_t card[HB_CARDS];
    int n = hb_deck_cards(deck, card);
    int n_ranks = deck->n_ranks;

    for (int row = 0; row < n_ranks; row++)
        for (int col = 0; col < n_ranks; col++) {
            int high = HB_RANKS - 1 - (row < col ? row : col);
            int low = HB_RANKS - 1 - (row < col ? col : row);

            (void)snprintf(v->item[row * n_ranks + col].hand, sizeof v->item->hand, "%c%c%s",
                           rank_letter(high), rank_letter(low),
                           row == col  ? ""
                           : row < col ? "s"
                                       : "o");
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            int high = HB_RANKS - 1 - hb_card_rank(card[i]); /* cards ascend: i is no lower */
            int low = HB_RANKS - 1 - hb_card_rank(card[j]);
            bool suited = hb_card_suit(card[i]) == hb_card_suit(card[j]);

            if (on_board(v, card[i]) || on_board(v, card[j]))
                continue;
            d->item[d->n] = (uint32_t)(suited ? high * n_ranks + low : low * n_ranks + high);
            d->cards[d->n][0] = card[i];
            d->cards[d->n][1] = card[j];
            memcpy(d->cards[d->n] + 2, v->board, (size_t)v->n_board);
            d->n++;
        }
}

/* One own card: cards of a rank that share a bucket share a line. Highest first. */
static int deal_single(struct hb_view *v, struct hb_strategy *s, struct dealt *d, struct hb_err *e)
{
    uint8_t card[HB_CARDS];
    int n = hb_deck_cards(&rules_of(v)->deck, card);
    uint32_t n_lines = 0;

    for (int i = n - 1; i >= 0; i--) {
        uint32_t line = n_lines;
        size_t used;
        char name[3];
        int rc;

        if (on_board(v, card[i]))
            continue;
        d->cards[d->n][0] = card[i];
        memcpy(d->cards[d->n] + 1, v->board, (size_t)v->n_board);
        rc = hb_strategy_bucket(s, v->street, d->cards[d->n], &d->bucket[d->n], e);
        if (rc != HB_OK)
            return rc;
        for (size_t k = 0; k < d->n; k++)
            if (d->bucket[k] == d->bucket[d->n] &&
                hb_card_rank(d->cards[k][0]) == hb_card_rank(card[i]))
                line = d->item[k];
        hb_card_format(card[i], name);
        used = strlen(v->item[line].hand);
        (void)snprintf(v->item[line].hand + used, sizeof v->item->hand - used, "%s%s",
                       used > 0 ? " " : "", name); /* four suits fit */
        n_lines += line == n_lines;
        d->item[d->n++] = line;
    }
    v->n_items = n_lines;
    return HB_OK;
}

/* Probability that the player's own earlier actions lead to the node. */
static int find_reach(const struct hb_view *v, struct hb_strategy *s, struct dealt *d,
                      struct hb_err *e)
{
    const struct hb_tree *t = s->tree;
    uint32_t *bucket = NULL;
    int rc = HB_OK;

    for (size_t i = 0; i < d->n; i++)
        d->reach[i] = 1;
    rc = hb_mem_new(&bucket, d->n, sizeof *bucket, "hands", e);
    for (uint32_t at = v->node; rc == HB_OK && t->node[at].parent != HB_TREE_NONE;) {
        uint32_t parent = t->node[at].parent;
        const struct hb_node *p = &t->node[parent];
        double *prob = NULL;
        uint32_t taken = 0;

        while (t->child[p->edge + taken] != at)
            taken++;
        at = parent;
        if (p->player != v->seat)
            continue;
        rc = hb_mem_new(&prob, d->n * p->n_actions, sizeof *prob, "strategies", e);
        for (size_t i = 0; i < d->n && rc == HB_OK; i++) /* earlier boards begin this one */
            rc = hb_strategy_bucket(s, p->street, d->cards[i], &bucket[i], e);
        if (rc == HB_OK)
            rc = hb_strategy_rows(s, parent, bucket, d->n, prob, NULL, e);
        for (size_t i = 0; i < d->n && rc == HB_OK; i++)
            d->reach[i] *= prob[i * p->n_actions + taken];
        hb_mem_free(prob);
    }
    hb_mem_free(bucket);
    return rc;
}

/* From hands to items: means, and the visits of each information set once. */
static void gather(struct hb_view *v, const struct dealt *d)
{
    size_t n_actions = (size_t)v->n_actions;
    double arriving = 0;

    for (size_t i = 0; i < d->n; i++) {
        struct hb_view_item *item = &v->item[d->item[i]];
        bool known = false;

        for (size_t k = 0; k < i && !known; k++)
            known = d->item[k] == d->item[i] && d->bucket[k] == d->bucket[i];
        if (!known) {
            item->bucket = item->n_hands == 0 ? d->bucket[i] : HB_TREE_NONE;
            item->visits += d->visits[i];
        }
        item->n_hands++;
        item->reach += d->reach[i];
        arriving += d->reach[i];
        for (size_t a = 0; a < n_actions; a++) {
            double p = d->prob[i * n_actions + a];

            v->prob[d->item[i] * n_actions + a] += p;
            v->action[a].total += p / (double)d->n;
            v->action[a].arriving += p * d->reach[i];
        }
    }
    for (uint32_t i = 0; i < v->n_items; i++) {
        int n = v->item[i].n_hands;

        v->item[i].reach /= n > 0 ? n : 1;
        if (v->item[i].reach > v->top_reach)
            v->top_reach = v->item[i].reach;
        for (size_t a = 0; a < n_actions; a++)
            v->prob[i * n_actions + a] /= n > 0 ? n : 1;
    }
    for (size_t a = 0; a < n_actions; a++)
        v->action[a].arriving /= arriving > 0 ? arriving : 1;
    v->reach = d->n > 0 ? arriving / (double)d->n : 0;
}

static int view_cards(struct hb_view *v, struct hb_strategy *s, const uint8_t *hand,
                      struct hb_err *e)
{
    int n_ranks = rules_of(v)->deck.n_ranks;
    struct dealt d = {0};
    int rc;

    v->kind = hand ? HB_VIEW_ONE : rules_of(v)->deck.n_hole == 2 ? HB_VIEW_GRID : HB_VIEW_HANDS;
    if ((rc = dealt_new(&d, hand ? 1 : HB_CARDS * (HB_CARDS - 1) / 2, v->n_actions, e)) != HB_OK ||
        (rc = items_new(v, hand ? 1 : (uint32_t)(n_ranks * n_ranks) + HB_CARDS, e)) != HB_OK)
        goto out;
    if (v->kind == HB_VIEW_ONE) {
        deal_one(v, hand, &d);
    } else if (v->kind == HB_VIEW_GRID) {
        deal_grid(v, &d);
        v->n_items = (uint32_t)(n_ranks * n_ranks);
    } else if ((rc = deal_single(v, s, &d, e)) != HB_OK) {
        goto out;
    }
    for (size_t i = 0; i < d.n && rc == HB_OK; i++)
        rc = hb_strategy_bucket(s, v->street, d.cards[i], &d.bucket[i], e);
    if (rc == HB_OK && (rc = find_reach(v, s, &d, e)) == HB_OK &&
        (rc = hb_strategy_rows(s, v->node, d.bucket, d.n, d.prob, d.visits, e)) == HB_OK)
        gather(v, &d);
out:
    dealt_fini(&d);
    return rc;
}

static int name_bucket(struct hb_view *v, struct hb_strategy *s, uint32_t bucket, struct hb_err *e)
{
    const struct hb_deck *deck = &rules_of(v)->deck;
    struct hb_view_item *item = &v->item[bucket];
    uint8_t cards[HB_HAND_MAX];
    bool known = false;
    int rc = hb_strategy_unbucket(s, v->street, bucket, cards, &known, e);

    if (rc == HB_OK && known) {
        hb_cards_format(cards, deck->n_hole, item->hand);
        hb_cards_format(cards + deck->n_hole, deck->n_board[v->street], item->board);
    }
    item->bucket = bucket;
    item->n_hands = 1;
    item->reach = 1;
    return rc;
}

static int view_buckets(struct hb_view *v, struct hb_strategy *s, struct hb_err *e)
{
    const char *street = hb_view_street_name(&rules_of(v)->deck, v->street);
    uint32_t n = hb_strategy_n_buckets(s, v->street);
    uint32_t *visits = NULL;
    uint32_t *bucket = NULL;
    int rc;

    v->kind = HB_VIEW_BUCKETS;
    if (n > HB_VIEW_BUCKETS_MAX)
        return hb_fail(e, HB_EUSAGE, "the %s has %u buckets: choose %d card%s with --board", street,
                       n, rules_of(v)->deck.n_board[v->street],
                       rules_of(v)->deck.n_board[v->street] == 1 ? "" : "s");
    if ((rc = items_new(v, n, e)) != HB_OK ||
        (rc = hb_mem_new(&visits, n, sizeof *visits, "buckets", e)) != HB_OK ||
        (rc = hb_mem_new(&bucket, n, sizeof *bucket, "buckets", e)) != HB_OK)
        goto out;
    for (uint32_t i = 0; i < n && rc == HB_OK; i++) {
        bucket[i] = i;
        rc = name_bucket(v, s, i, e);
    }
    if (rc == HB_OK)
        rc = hb_strategy_rows(s, v->node, bucket, n, v->prob, visits, e);
    for (uint32_t i = 0; i < n && rc == HB_OK; i++) {
        v->item[i].visits = visits[i];
        for (int a = 0; a < v->n_actions; a++)
            v->action[a].total += v->prob[i * (size_t)v->n_actions + (size_t)a] / n;
    }
    v->reach = 1;
out:
    hb_mem_free(visits);
    hb_mem_free(bucket);
    return rc;
}

int hb_view_new(struct hb_strategy *s, const char *actions, const char *board, const char *hand,
                struct hb_view *v, struct hb_err *e)
{
    const struct hb_rules *r = &s->spec.rules;
    uint8_t cards[HB_HAND_MAX] = {0};
    int rc;

    memset(v, 0, sizeof *v);
    v->strategy = s;
    if ((rc = hb_tree_find(r, s->tree, actions ? actions : "", &v->node, e)) != HB_OK ||
        (rc = hb_tree_path(r, s->tree, v->node, v->path, sizeof v->path, e)) != HB_OK ||
        (rc = hb_state_play(r, v->path, &v->state, NULL, 0, NULL, e)) != HB_OK)
        return rc;
    v->street = s->tree->node[v->node].street;
    v->seat = s->tree->node[v->node].player;
    if ((rc = find_board(v, board, e)) != HB_OK ||
        (hand != NULL && (rc = find_hand(v, hand, cards, e)) != HB_OK) ||
        (rc = set_actions(v, e)) != HB_OK)
        goto out;
    if (r->deck.n_board[v->street] > 0 && v->n_board == 0)
        rc = view_buckets(v, s, e);
    else
        rc = view_cards(v, s, hand ? cards : NULL, e);
out:
    if (rc != HB_OK)
        hb_view_fini(v);
    return rc;
}

void hb_view_fini(struct hb_view *v)
{
    hb_mem_free(v->action);
    hb_mem_free(v->item);
    hb_mem_free(v->prob);
    memset(v, 0, sizeof *v);
}

/* ---- for the writers ---- */

int hb_view_mode(const struct hb_view *v, uint32_t item)
{
    const double *p = v->prob + (size_t)item * (size_t)v->n_actions;
    int best = 0;

    for (int a = 1; a < v->n_actions; a++)
        if (p[a] >= p[best])
            best = a;
    return best;
}

bool hb_view_far(const struct hb_view *v, uint32_t item)
{
    return v->item[item].reach < 0.005 * v->top_reach;
}

bool hb_view_weighted(const struct hb_view *v)
{
    return v->reach > 0 && v->reach < 0.9995;
}

bool hb_view_seen(const struct hb_view *v, uint32_t item)
{
    return !v->strategy->counted || v->item[item].visits > 0;
}

const char *hb_view_number(uint64_t n, char out[32])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
