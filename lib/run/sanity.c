#include "run/sanity.h"

#include <string.h>

#include "base/mem.h"
#include "base/os.h"
#include "base/rng.h"
#include "cards/eval.h"
#include "cards/sets.h"
#include "game/state.h"
#include "solver/endings.h"

#define WAY_MIN 1e-5 /* ways that are less probable are not followed */
#define MET_MIN 1e-4 /* decisions a deal; with fewer, others take all actions alike */

/* ---- one deal through the tree ---- */

struct deal {
    uint8_t own[HB_PLAYERS_MAX][HB_HOLE_MAX];
    uint8_t board[HB_BOARD_MAX];
    int n_board;
    double split; /* part of a pot that the hand gets against all hands alike */
};

enum wrong { WRONG_FOLD, WRONG_CALL };

/* How others play. */
enum others { BY_STRATEGY, ALIKE, N_OTHERS };

struct tally {
    double met[N_OTHERS]; /* decisions, weighed with their probability */
    double bad[N_OTHERS]; /* of these, wrong ones */
    double top[N_OTHERS]; /* the largest part of bad */
    struct hb_sanity_spot worst[N_OTHERS];
    uint64_t n_deals;
};

struct walk {
    struct hb_strategy *s;
    const struct deal *deal;
    int hero;
    int street; /* of the decisions looked at */
    enum wrong wrong;
    bool asks[HB_STREETS]; /* there are decisions */
    uint32_t bucket[HB_PLAYERS_MAX][HB_STREETS];
    double *prob; /* the actions on the longest way */
    struct tally *tally;
    struct hb_err *e;
};

struct way { /* probabilities of it */
    double own;
    double others[N_OTHERS];
};

static const struct hb_rules *rules_of(const struct walk *w)
{
    return &w->s->spec.rules;
}

/* The action that would be wrong, or -1. */
static int wrong_action(const struct walk *w, uint32_t at, const struct hb_state *state)
{
    const struct hb_rules *r = rules_of(w);
    const struct hb_node *node = &w->s->tree->node[at];
    const hb_act *act = w->s->tree->act + node->edge;
    double call = state->max_spent - state->spent[w->hero];
    double pot;

    if (node->street != w->street || act[0] != HB_ACT_FOLD)
        return -1;
    if (w->wrong == WRONG_FOLD)
        return 0;
    if (node->n_actions < 2 || act[1] != HB_ACT_CALL)
        return -1;
    if (call > r->stack[w->hero] - state->spent[w->hero])
        call = r->stack[w->hero] - state->spent[w->hero];
    pot = call;
    for (int i = 0; i < r->n_players; i++)
        pot += state->spent[i];
    return w->deal->split * pot < call ? 1 : -1;
}

static int put_down(const struct walk *w, uint32_t node, double probability, double reach,
                    struct hb_sanity_spot *out)
{
    const struct hb_deck *d = &rules_of(w)->deck;

    out->probability = probability;
    out->reach = reach;
    hb_cards_format(w->deal->own[w->hero], d->n_hole, out->hand);
    hb_cards_format(w->deal->board, d->n_board[w->street], out->board);
    return hb_tree_path(rules_of(w), w->s->tree, node, out->actions, sizeof out->actions, w->e);
}

/* The hero decides at a node where one of the actions would be wrong. */
static int count(const struct walk *w, uint32_t node, const struct way *way, double probability)
{
    struct tally *t = w->tally;
    int rc = HB_OK;

    for (int k = 0; k < N_OTHERS && rc == HB_OK; k++) {
        double reach = way->own * way->others[k];

        t->met[k] += reach;
        t->bad[k] += reach * probability;
        if (reach * probability > t->top[k]) {
            t->top[k] = reach * probability;
            rc = put_down(w, node, probability, reach, &t->worst[k]);
        }
    }
    return rc;
}

static int visit(const struct walk *w, uint32_t at, const struct hb_state *state,
                 const struct way *way, double *prob)
{
    const struct hb_tree *t = w->s->tree;
    const struct hb_node *node = &t->node[at];
    int rc;

    if (node->street > w->street ||
        (way->own * way->others[BY_STRATEGY] < WAY_MIN && way->own * way->others[ALIKE] < WAY_MIN))
        return HB_OK;
    rc = hb_strategy_row(w->s, at, w->bucket[node->player][node->street], prob, w->e);
    if (rc == HB_OK && node->player == w->hero) {
        int wrong = wrong_action(w, at, state);

        if (wrong >= 0)
            rc = count(w, at, way, prob[wrong]);
    }
    for (uint32_t a = 0; a < node->n_actions && rc == HB_OK; a++) {
        uint32_t child = t->child[node->edge + a];
        struct hb_state next_state = *state;
        struct way next = *way;

        if (child & HB_TREE_END)
            continue;
        if (node->player == w->hero) {
            next.own *= prob[a];
        } else {
            next.others[BY_STRATEGY] *= prob[a];
            next.others[ALIKE] /= node->n_actions;
        }
        hb_state_act(rules_of(w), &next_state, t->act[node->edge + a]);
        rc = visit(w, child, &next_state, &next, prob + node->n_actions);
    }
    return rc;
}

static int play(struct walk *w, const struct deal *deal)
{
    const struct hb_rules *r = rules_of(w);
    const struct way all = {1, {1, 1}};
    struct hb_state state;
    int rc = HB_OK;

    w->deal = deal;
    for (int i = 0; i < r->n_players; i++)
        for (int street = 0; street <= w->street && rc == HB_OK; street++) {
            uint8_t cards[HB_HAND_MAX];

            if (!w->asks[street])
                continue;
            memcpy(cards, deal->own[i], (size_t)r->deck.n_hole);
            memcpy(cards + r->deck.n_hole, deal->board, (size_t)r->deck.n_board[street]);
            rc = hb_strategy_bucket(w->s, street, cards, &w->bucket[i][street], w->e);
        }
    hb_state_init(r, &state);
    w->tally->n_deals++;
    return rc == HB_OK ? visit(w, 0, &state, &all, w->prob) : rc;
}

/* ---- dealing ---- */

struct dealer {
    const struct hb_rules *rules;
    const struct hb_sanity_options *o;
    struct hb_hands hands;
    uint32_t strength[HB_HANDS_MAX]; /* on the board at hand; 0: not beside it */
};

/* n cards of the deck to its front; `stream` and `deal` number the draw. */
static void draw(const struct dealer *d, uint32_t stream, uint64_t deal, uint8_t *deck, int n_deck,
                 int n)
{
    const struct hb_draw name = {
        .seed = d->o->seed, .iteration = deal, .lane = stream, .purpose = HB_RNG_TOOL};

    hb_draw_cards(&name, deck, n_deck, n);
}

/* Own cards of all but the hero, from what he and the board leave. */
static void deal_others(const struct dealer *d, int hero, uint64_t n, struct deal *deal)
{
    const struct hb_deck *k = &d->rules->deck;
    uint64_t used = hb_set_of(deal->own[hero], k->n_hole) | hb_set_of(deal->board, deal->n_board);
    uint8_t deck[HB_CARDS];
    int n_deck = hb_deck_cards(k, deck);
    int left = 0;

    for (int i = 0; i < n_deck; i++)
        if (!(used >> deck[i] & 1))
            deck[left++] = deck[i];
    draw(d, 1, n, deck, left, (d->rules->n_players - 1) * k->n_hole);
    for (int i = 0, at = 0; i < d->rules->n_players; i++)
        if (i != hero) {
            memcpy(deal->own[i], deck + at, (size_t)k->n_hole);
            at += k->n_hole;
        }
}

/* The strongest hand beside a random board of a street, or the weakest; one of its equals. */
static void deal_extreme(struct dealer *d, int street, bool strongest, int hero, uint64_t n,
                         struct deal *deal)
{
    const struct hb_deck *k = &d->rules->deck;
    uint8_t deck[HB_CARDS];
    int n_deck = hb_deck_cards(k, deck);
    uint32_t best = 0;
    uint32_t n_best = 0;
    uint32_t bits[4];
    uint64_t board;
    int hand = 0;

    deal->n_board = k->n_board[street];
    draw(d, 2, n, deck, n_deck, deal->n_board);
    memcpy(deal->board, deck, (size_t)deal->n_board);
    board = hb_set_of(deck, deal->n_board);
    for (int h = 0; h < d->hands.n; h++) {
        uint8_t cards[HB_HAND_MAX];

        d->strength[h] = 0;
        if (d->hands.mask[h] & board)
            continue;
        memcpy(cards, d->hands.card[h], (size_t)k->n_hole);
        memcpy(cards + k->n_hole, deal->board, (size_t)deal->n_board);
        d->strength[h] = 1 + hb_eval(cards, k->n_hole + deal->n_board);
        if (best == 0 || (strongest ? d->strength[h] > best : d->strength[h] < best)) {
            best = d->strength[h];
            n_best = 0;
        }
        n_best += d->strength[h] == best;
    }
    hb_rng_block(d->o->seed, n, 3, HB_RNG_TOOL, 0, bits);
    for (uint32_t left = hb_rng_below(bits[0], n_best) + 1; left > 0; hand++)
        left -= d->strength[hand] == best;
    memcpy(deal->own[hero], d->hands.card[--hand], (size_t)k->n_hole);
    deal_others(d, hero, n, deal);
}

/* What the hand gets of a pot on the last board against all hands alike: half of what it ties.
 * False when it beats one of them. */
static bool beats_nothing(const struct dealer *d, int hero, struct deal *deal)
{
    uint64_t own = hb_set_of(deal->own[hero], d->rules->deck.n_hole);
    uint32_t mine = 0;
    double n_ties = 0;
    double n = 0;

    for (int h = 0; h < d->hands.n; h++)
        if (d->hands.mask[h] == own)
            mine = d->strength[h];
    for (int h = 0; h < d->hands.n; h++) {
        if (d->strength[h] == 0 || (d->hands.mask[h] & own) != 0)
            continue;
        if (d->strength[h] < mine)
            return false;
        n++;
        n_ties += d->strength[h] == mine;
    }
    deal->split = n > 0 ? n_ties / 2 / n : 1;
    return true;
}

/* ---- checks ---- */

struct job {
    struct walk walk;
    struct dealer dealer;
    struct tally tally;
};

static void judge(const struct tally *t, double tolerance, struct hb_sanity_check *out)
{
    double n = t->n_deals > 0 ? (double)t->n_deals : 1;
    int by = t->met[BY_STRATEGY] / n >= MET_MIN ? BY_STRATEGY : ALIKE;

    out->cases = t->n_deals;
    out->met = t->met[by] / n;
    out->alike = by == ALIKE;
    out->worst = t->worst[by];
    if (t->met[by] / n < MET_MIN) {
        out->verdict = HB_SANITY_UNMET;
        return;
    }
    out->rate = t->bad[by] / t->met[by];
    out->verdict = out->rate <= tolerance ? HB_SANITY_GOOD : HB_SANITY_BAD;
}

static void begin(struct job *j, int street, enum wrong wrong)
{
    memset(&j->tally, 0, sizeof j->tally);
    j->walk.tally = &j->tally;
    j->walk.street = street;
    j->walk.wrong = wrong;
}

static int check_aces(struct job *j, struct hb_sanity_check *out)
{
    const struct hb_rules *r = j->dealer.rules;
    const struct hb_hands *hands = &j->dealer.hands;
    int top = hands->n - 1; /* cards ascend: two of the highest rank, when there are two suits */
    int rc = HB_OK;

    out->complete = r->n_players == 2;
    if (r->deck.n_hole < 2 || r->deck.n_suits < 2 || r->deck.n_board[0] > 0)
        return HB_OK;
    begin(j, 0, WRONG_FOLD);
    for (int hero = 0; hero < r->n_players; hero++) {
        uint64_t n = out->complete ? (uint64_t)hands->n : j->dealer.o->n_deals;
        struct deal deal = {0};

        j->walk.hero = hero;
        memcpy(deal.own[hero], hands->card[top], 2);
        for (uint64_t i = 0; i < n && rc == HB_OK; i++) {
            if (!out->complete)
                deal_others(&j->dealer, hero, i, &deal);
            else if (hands->mask[i] & hands->mask[top])
                continue;
            else
                memcpy(deal.own[1 - hero], hands->card[i], 2);
            rc = play(&j->walk, &deal);
        }
    }
    judge(&j->tally, j->dealer.o->tolerance, out);
    return rc;
}

static int check_extreme(struct job *j, int street, enum wrong wrong, struct hb_sanity_check *out)
{
    const struct hb_rules *r = j->dealer.rules;
    int rc = HB_OK;

    begin(j, street, wrong);
    for (int hero = 0; hero < r->n_players; hero++)
        for (uint64_t i = 0; i < j->dealer.o->n_deals && rc == HB_OK; i++) {
            struct deal deal = {0};

            j->walk.hero = hero;
            deal_extreme(&j->dealer, street, wrong == WRONG_FOLD, hero,
                         i * (uint64_t)r->n_players + (uint64_t)hero, &deal);
            if (wrong == WRONG_CALL && !beats_nothing(&j->dealer, hero, &deal))
                continue;
            rc = play(&j->walk, &deal);
        }
    judge(&j->tally, j->dealer.o->tolerance, out);
    return rc;
}

/* Fold is no action of the game where there is nothing to call; a tree that has it is damaged. */
static int check_free_folds(struct hb_strategy *s, struct hb_sanity_check *out, struct hb_err *e)
{
    const struct hb_tree *t = s->tree;
    char path[HB_VIEW_PATH_MAX];
    uint64_t n_bad = 0;

    out->complete = true;
    out->by_node = true;
    out->cases = t->n_nodes;
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        struct hb_state state;
        int rc;

        if ((rc = hb_tree_path(&s->spec.rules, t, i, path, sizeof path, e)) != HB_OK ||
            (rc = hb_state_play(&s->spec.rules, path, &state, NULL, 0, NULL, e)) != HB_OK)
            return rc;
        if (t->act[t->node[i].edge] != HB_ACT_FOLD || hb_state_can_fold(&s->spec.rules, &state))
            continue;
        n_bad++;
        memcpy(out->worst.actions, path, sizeof path);
        out->worst.probability = out->worst.reach = 1;
    }
    out->met = 1;
    out->rate = (double)n_bad / t->n_nodes;
    out->verdict = n_bad == 0 ? HB_SANITY_GOOD : HB_SANITY_BAD;
    return HB_OK;
}

/* ---- all of them ---- */

struct todo {
    const char *name;
    int street; /* -1: all */
};
#define TODO_MAX (HB_STREETS + 4)

static int list_checks(const struct hb_deck *d, struct todo *out)
{
    int last = d->n_streets - 1;
    int n = 0;

    out[n++] = (struct todo){"aces", 0};
    for (int street = 0; street <= last; street++)
        if (d->n_board[street] > 0 || street == last)
            out[n++] = (struct todo){"nuts", street};
    out[n++] = (struct todo){"dominated-calls", last};
    out[n++] = (struct todo){"jam-or-fold", 0};
    out[n++] = (struct todo){"free-folds", -1};
    return n;
}

static int check(struct job *j, const struct todo *what, struct hb_sanity_check *out)
{
    const char *name = what->name;
    int street = what->street;

    *out = (struct hb_sanity_check){.name = name, .street = "", .verdict = HB_SANITY_UNMET};
    if (street >= 0)
        out->street = hb_view_street_name(&j->dealer.rules->deck, street);
    if (strcmp(name, "aces") == 0)
        return check_aces(j, out);
    if (strcmp(name, "nuts") == 0)
        return check_extreme(j, street, WRONG_FOLD, out);
    if (strcmp(name, "dominated-calls") == 0)
        return check_extreme(j, street, WRONG_CALL, out);
    if (strcmp(name, "jam-or-fold") == 0)
        return hb_sanity_jam(j->walk.s, j->dealer.o, out, j->walk.e);
    return check_free_folds(j->walk.s, out, j->walk.e);
}

int hb_sanity_run(struct hb_strategy *s, const struct hb_sanity_options *o,
                  void (*tell)(void *ctx, const struct hb_sanity_check *c), void *ctx, bool *good,
                  struct hb_err *e)
{
    struct hb_sanity_check *c = NULL;
    struct job *j = NULL;
    struct todo todo[TODO_MAX];
    int n_todo = list_checks(&s->spec.rules.deck, todo);
    size_t longest;
    bool met = false;
    int rc;

    *good = true;
    if ((rc = hb_strategy_preload(s, hb_os_memory_bytes() / 2, e)) != HB_OK ||
        (rc = hb_tree_longest(s->tree, &longest, e)) != HB_OK ||
        (rc = hb_mem_new(&j, 1, sizeof *j, "checks", e)) != HB_OK)
        return rc;
    j->walk.s = s;
    j->walk.e = e;
    j->dealer.rules = &s->spec.rules;
    j->dealer.o = o;
    hb_hands_init(&j->dealer.hands, &s->spec.rules.deck);
    for (uint32_t i = 0; i < s->tree->n_nodes; i++)
        j->walk.asks[s->tree->node[i].street] = true;
    if ((rc = hb_mem_new(&j->walk.prob, longest, sizeof *j->walk.prob, "a strategy", e)) == HB_OK)
        rc = hb_mem_new(&c, 1, sizeof *c, "a check", e);
    for (int i = 0; rc == HB_OK && i < n_todo; i++) {
        if ((rc = check(j, &todo[i], c)) != HB_OK)
            break;
        *good = *good && c->verdict != HB_SANITY_BAD;
        met = met || (c->verdict != HB_SANITY_UNMET && strcmp(c->name, "free-folds") != 0);
        tell(ctx, c);
    }
    *good = *good && met;
    hb_mem_free(c);
    hb_mem_free(j->walk.prob);
    hb_mem_free(j);
    return rc;
}
