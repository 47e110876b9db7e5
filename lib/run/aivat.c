#include "run/aivat.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "cards/sets.h"
#include "cards/suits.h"
#include "run/baseline.h"
#include "run/mix.h"
#include "solver/ranges.h"

#define CLASSES_MAX 1024u /* abstractions with more buckets are too fine to learn from */
#define STATES_MAX  8192u /* of the baseline */
#define LIST_MAX    1500u /* boards to come that are listed for every hand */
#define FLOPS_MAX   4096u /* boards up to suits that are listed once for a line */
#define LINES       4096u /* for so many lines at a time; a power of two */
#define LINE_VISITS 3     /* that were met so often while learning */
#define PATH_MAX    256   /* states of a hand that are learned from */
#define BOARDS_LIST 64u   /* all-in boards that are listed rather than drawn */

struct step { /* a public state on the way of a hand */
    uint64_t line;
    int street; /* of the board */
    struct hb_state state;
};

struct line { /* what the flops behind a line are worth */
    uint64_t line;
    double value;
};

struct sums { /* by class of the own hand; a position, a street */
    double weight[CLASSES_MAX], value[CLASSES_MAX];
};

struct hb_aivat {
    struct hb_player *player; /* [2] */
    const struct hb_rules *r;
    struct hb_hands hands;
    struct hb_mix mix[2];        /* by player */
    int class_of[2][HB_STREETS]; /* by player: whose buckets are his classes; -1: nobody's */
    uint32_t n_classes[2][HB_STREETS];
    struct hb_baseline *base;
    bool learning;
    uint64_t seed;
    uint64_t deck; /* mask */
    struct hb_suits all;
    struct hb_suits_set *list; /* owned [FLOPS_MAX]: boards of the event at hand */
    struct hb_suits_set
        *flop; /* owned [FLOPS_MAX]: first boards up to suits, when there are many */
    size_t n_flops;
    struct line lines[LINES]; /* by hash: another one may take a place, and then it is done again */
    /* the hand at hand, as far as it is public */
    struct hb_matchstate m;
    int seat[2]; /* player in each position */
    struct hb_spot spot, next;
    double *range[2], *beside[2];      /* owned [HB_HANDS_MAX] by position */
    double mass;                       /* sum of range[0] * beside[0] */
    double *taken, *taken_beside;      /* owned: after an action */
    double *out;                       /* owned [2][HB_HANDS_MAX] */
    uint32_t *class_at[2][HB_STREETS]; /* owned: class by hand */
    uint32_t *class_next;              /* owned: on a board to come */
    uint64_t line;                     /* hash of what has happened */
    bool symmetric;                    /* ranges do not change when suits are renamed */
    struct hb_suits keep;              /* renamings that keep the board */
    struct step path[PATH_MAX];
    int n_path;
    struct sums *sums; /* owned [2][HB_STREETS] */
};

static const struct hb_suits none = {.n = 1, .to = {{0, 1, 2, 3}}}; /* no renaming */

static uint64_t mixed(uint64_t a, uint64_t b)
{
    uint64_t z = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) + UINT64_C(0x632BE59BD9B4E019);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (z ^ z >> 31) | 1; /* not 0 */
}

/* ---- new and free ---- */

static bool has_classes(const struct hb_player *p, int street)
{
    return !p->fixed && p->spec->street[street].kind != HB_BUCKETS_NONE &&
           p->spec->street[street].n_buckets <= CLASSES_MAX;
}

static void choose_classes(struct hb_aivat *a)
{
    for (int i = 0; i < 2; i++)
        for (int street = 0; street < HB_STREETS; street++) {
            int whose = has_classes(&a->player[i], street)       ? i
                        : has_classes(&a->player[1 - i], street) ? 1 - i
                                                                 : -1;

            a->class_of[i][street] = whose;
            a->n_classes[i][street] =
                whose < 0 ? 1 : a->player[whose].spec->street[street].n_buckets;
        }
}

static int allocate(struct hb_aivat *a, struct hb_err *e)
{
    const size_t n = HB_HANDS_MAX;
    int rc = hb_baseline_new(STATES_MAX, &a->base, e);

    for (int i = 0; i < 2 && rc == HB_OK; i++) {
        if ((rc = hb_mix_init(&a->mix[i], &a->player[i], e)) != HB_OK ||
            (rc = hb_mem_new(&a->range[i], n, sizeof **a->range, "ranges", e)) != HB_OK ||
            (rc = hb_mem_new(&a->beside[i], n, sizeof **a->beside, "ranges", e)) != HB_OK)
            return rc;
        for (int street = 0; street < HB_STREETS && rc == HB_OK; street++)
            rc = hb_mem_new(&a->class_at[i][street], n, sizeof(uint32_t), "classes", e);
    }
    if (rc != HB_OK || (rc = hb_mem_new(&a->taken, n, sizeof *a->taken, "ranges", e)) != HB_OK ||
        (rc = hb_mem_new(&a->taken_beside, n, sizeof *a->taken_beside, "ranges", e)) != HB_OK ||
        (rc = hb_mem_new(&a->out, 2 * n, sizeof *a->out, "values", e)) != HB_OK ||
        (rc = hb_mem_new(&a->class_next, n, sizeof *a->class_next, "classes", e)) != HB_OK ||
        (rc = hb_mem_new(&a->list, FLOPS_MAX, sizeof *a->list, "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&a->flop, FLOPS_MAX, sizeof *a->flop, "boards", e)) != HB_OK)
        return rc;
    return hb_mem_new(&a->sums, 2 * (size_t)HB_STREETS, sizeof *a->sums, "values", e);
}

int hb_aivat_new(struct hb_player *player, int n_players, uint64_t seed, struct hb_aivat **out,
                 struct hb_err *e)
{
    struct hb_aivat *a = NULL;
    uint8_t cards[HB_CARDS];
    int rc;

    if (n_players != 2)
        return hb_fail(e, HB_EUSAGE, "AIVAT is for two players, not %d", n_players);
    if ((rc = hb_mem_new(&a, 1, sizeof *a, "AIVAT", e)) != HB_OK)
        return rc;
    a->player = player;
    a->r = &player[0].rules;
    a->seed = seed;
    a->learning = true;
    hb_hands_init(&a->hands, &a->r->deck);
    hb_suits_all(&a->r->deck, &a->all);
    a->deck = hb_set_of(cards, hb_deck_cards(&a->r->deck, cards));
    choose_classes(a);
    if ((rc = allocate(a, e)) != HB_OK)
        hb_aivat_free(a);
    else
        *out = a;
    return rc;
}

void hb_aivat_free(struct hb_aivat *a)
{
    if (a == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        hb_mix_fini(&a->mix[i]);
        hb_mem_free(a->range[i]);
        hb_mem_free(a->beside[i]);
        for (int street = 0; street < HB_STREETS; street++)
            hb_mem_free(a->class_at[i][street]);
    }
    hb_mem_free(a->taken);
    hb_mem_free(a->taken_beside);
    hb_mem_free(a->out);
    hb_mem_free(a->class_next);
    hb_mem_free(a->list);
    hb_mem_free(a->flop);
    hb_mem_free(a->sums);
    hb_baseline_free(a->base);
    hb_mem_free(a);
}

void hb_aivat_freeze(struct hb_aivat *a)
{
    hb_baseline_freeze(a->base);
    a->learning = false;
}

/* ---- guesses ---- */

static int chips_in(const struct hb_state *s)
{
    return s->spent[0] + s->spent[1] > 0 ? s->spent[0] + s->spent[1] : 1;
}

/* A state in the baseline, as position i sees it. `street` is that of the board. */
static struct hb_baseline_key key_of(const struct hb_aivat *a, uint64_t line, int street,
                                     const struct hb_state *s, int i)
{
    int log_pot = 0;
    uint64_t kind;

    while (chips_in(s) >> log_pot > 1)
        log_pot++;
    kind = (uint64_t)street | (uint64_t)s->finished << 2 | (uint64_t)(s->actor & 1) << 3 |
           (uint64_t)(s->spent[0] != s->spent[1]) << 4 | (uint64_t)(s->street != street) << 5 |
           (uint64_t)a->seat[0] << 6 | (uint64_t)i << 7 | (uint64_t)s->n_raises << 8 |
           (uint64_t)log_pot << 16;
    return (struct hb_baseline_key){.fine = mixed(mixed(line, (uint64_t)street), (uint64_t)i),
                                    .coarse = mixed(kind, UINT64_C(0xC0A45E)),
                                    .n_classes = a->n_classes[a->seat[i]][street]};
}

/* Weights of hands as weights of classes. */
static void gather(const uint16_t *live, int n_live, const double *range, const double *beside,
                   double scale, const uint32_t *class, double *out)
{
    for (int k = 0; k < n_live; k++)
        out[class[live[k]]] += range[live[k]] * beside[live[k]] * scale;
}

/* Position 0's chips at a state, as position i would guess. Weights: range * beside / mass. */
static double guess_of(const struct hb_aivat *a, uint64_t line, int street,
                       const struct hb_state *s, int i, const struct hb_spot *spot,
                       const double *range, const double *beside, double mass,
                       const uint32_t *class)
{
    const struct hb_baseline_key k = key_of(a, line, street, s, i);
    double weight[CLASSES_MAX];
    double value;

    memset(weight, 0, k.n_classes * sizeof *weight);
    gather(spot->live, spot->n_live, range, beside, 1 / mass, class, weight);
    value = hb_baseline_value(a->base, &k, weight) * chips_in(s);
    return i == 0 ? value : -value;
}

static int fill_classes(struct hb_aivat *a, int i, int street, const struct hb_spot *spot,
                        uint32_t *out, struct hb_err *e)
{
    int whose = a->class_of[a->seat[i]][street];

    if (whose < 0) {
        for (int k = 0; k < spot->n_live; k++)
            out[spot->live[k]] = 0;
        return HB_OK;
    }
    return hb_player_buckets(&a->player[whose], street, spot->board, &a->hands, spot->live,
                             spot->n_live, out, e);
}

/* ---- ends ---- */

/* Sum over joint hands of what position 0 wins, each with its weight; a->out has what each hand of
 * each position wins, summed over the other's. */
static double end_value(struct hb_aivat *a, struct hb_spot *spot, const struct hb_state *s,
                        const double *range0, const double *range1)
{
    const double *reach[2] = {range0, range1};
    const struct hb_ending end = {.n_players = 2,
                                  .spent = s->spent,
                                  .folded = s->folded,
                                  .showdown = hb_state_showdown(a->r, s)};

    memset(a->out, 0, 2 * (size_t)a->hands.n * sizeof *a->out);
    hb_spot_value(spot, &a->hands, &end, reach, a->out);
    return hb_ranges_dot(spot->live, spot->n_live, range0, a->out);
}

static bool is_complete(const struct hb_aivat *a, const struct hb_spot *spot)
{
    return spot->n_board == a->r->deck.n_board[a->r->deck.n_streets - 1];
}

/* ---- actions ---- */

/* What position 0 wins when `actor`, who then holds a->taken with that mass, does this. */
static double value_after(struct hb_aivat *a, int actor, hb_act act, double mass)
{
    struct hb_state s = a->m.state;
    int other = 1 - actor;
    int street = s.street;
    double value;

    hb_state_act(a->r, &s, act);
    if (s.finished && (!hb_state_showdown(a->r, &s) || is_complete(a, &a->spot)))
        return end_value(a, &a->spot, &s, actor == 0 ? a->taken : a->range[0],
                         actor == 1 ? a->taken : a->range[1]) /
               mass;
    hb_ranges_beside(&a->hands, a->spot.live, a->spot.n_live, a->taken, a->taken_beside);
    value = guess_of(a, mixed(a->line, (uint64_t)act + 2), street, &s, actor, &a->spot, a->taken,
                     a->beside[actor], mass, a->class_at[actor][street]);
    value += guess_of(a, mixed(a->line, (uint64_t)act + 2), street, &s, other, &a->spot,
                      a->range[other], a->taken_beside, mass, a->class_at[other][street]);
    return value / 2;
}

/* Expected value over the actions of the actor, less that of the one he took. */
static double correct_action(struct hb_aivat *a, const struct hb_mix *x, unsigned took)
{
    int actor = a->m.state.actor;
    double sum = 0;
    double was = 0;

    for (unsigned k = 0; k < x->n; k++) {
        const double *prob = x->prob + (size_t)k * HB_HANDS_MAX;
        double mass;
        double value;

        for (int i = 0; i < a->spot.n_live; i++)
            a->taken[a->spot.live[i]] = a->range[actor][a->spot.live[i]] * prob[a->spot.live[i]];
        mass = hb_ranges_dot(a->spot.live, a->spot.n_live, a->taken, a->beside[actor]);
        if (!(mass > 0))
            continue;
        value = value_after(a, actor, x->act[k], mass);
        sum += mass / a->mass * value;
        if (k == took)
            was = value;
    }
    return sum - was;
}

/* Sides' weights after a range has changed. HB_EINTERNAL when nothing is left. */
static int weigh(struct hb_aivat *a, struct hb_err *e)
{
    const uint16_t *live = a->spot.live;
    int n_live = a->spot.n_live;

    for (int i = 0; i < 2; i++)
        (void)hb_ranges_normalise(&a->hands, live, n_live, a->range[i]); /* mass is looked at */
    for (int i = 0; i < 2; i++)
        hb_ranges_beside(&a->hands, live, n_live, a->range[1 - i], a->beside[i]);
    a->mass = hb_ranges_dot(live, n_live, a->range[0], a->beside[0]);
    if (!(a->mass > 0))
        return hb_fail(e, HB_EINTERNAL, "hand %u was not played by these players", a->m.hand);
    return HB_OK;
}

static void push(struct hb_aivat *a, int street)
{
    if (a->n_path < PATH_MAX)
        a->path[a->n_path++] =
            (struct step){.line = a->line, .street = street, .state = a->m.state};
}

static int take_action(struct hb_aivat *a, hb_act act, double *correction, struct hb_err *e)
{
    int actor = a->m.state.actor;
    int street = a->m.state.street;
    struct hb_mix *x = &a->mix[a->seat[actor]];
    unsigned took = 0;
    int rc;

    a->m.position = actor;
    if ((rc = hb_mix_at(x, &a->player[a->seat[actor]], &a->m, &a->hands, a->spot.live,
                        a->spot.n_live, e)) != HB_OK)
        return rc;
    a->symmetric &= !x->by_odds;
    while (took < x->n && x->act[took] != act)
        took++;
    if (x->n > 0 && took == x->n)
        return hb_fail(e, HB_EINTERNAL, "hand %u was not played by these players", a->m.hand);
    if (x->n > 0) {
        const double *prob = x->prob + (size_t)took * HB_HANDS_MAX;

        if (!a->learning)
            *correction += correct_action(a, x, took);
        for (int i = 0; i < a->spot.n_live; i++)
            a->range[actor][a->spot.live[i]] *= prob[a->spot.live[i]];
        if ((rc = weigh(a, e)) != HB_OK)
            return rc;
    }
    a->line = mixed(a->line, (uint64_t)act + 2);
    rc = hb_matchstate_act(a->r, &a->m, act, e);
    push(a, street);
    return rc;
}

/* ---- boards ---- */

/* The board with a set of cards added, as a->next. */
static void extend(struct hb_aivat *a, int street, uint64_t set)
{
    uint8_t board[HB_BOARD_MAX];
    int n = a->spot.n_board;

    memcpy(board, a->spot.board, (size_t)n);
    n += hb_set_cards(set, board + n);
    hb_spot_init(&a->next, &a->hands, board, n, street);
}

/* What position 0 wins once these cards lie there, and how likely that is, up to a factor. */
static int value_of_board(struct hb_aivat *a, uint64_t set, double *value, double *mass,
                          struct hb_err *e)
{
    const struct hb_state *s = &a->m.state;
    int rc;

    extend(a, s->street, set);
    *value = 0;
    for (int i = 0; i < 2; i++) {
        hb_ranges_beside(&a->hands, a->next.live, a->next.n_live, a->range[1 - i], a->taken_beside);
        *mass = hb_ranges_dot(a->next.live, a->next.n_live, a->range[i], a->taken_beside);
        if (!(*mass > 0))
            return HB_OK;
        if ((rc = fill_classes(a, i, s->street, &a->next, a->class_next, e)) != HB_OK)
            return rc;
        *value += guess_of(a, a->line, s->street, s, i, &a->next, a->range[i], a->taken_beside,
                           *mass, a->class_next) /
                  2;
    }
    return HB_OK;
}

static int mean_of_boards(struct hb_aivat *a, const struct hb_suits_set *set, size_t n,
                          double *mean, struct hb_err *e)
{
    double sum = 0;
    double all = 0;

    for (size_t i = 0; i < n; i++) {
        double value;
        double mass;
        int rc = value_of_board(a, set[i].set, &value, &mass, e);

        if (rc != HB_OK)
            return rc;
        sum += value * mass * set[i].weight;
        all += mass * set[i].weight;
    }
    *mean = all > 0 ? sum / all : 0;
    return HB_OK;
}

/* The line as both players understand it, which is random for bets outside their trees; 0 when one of
 * them has lost it. Equal lines have equal ranges. */
static uint64_t understood_line(struct hb_aivat *a)
{
    uint64_t line = a->line;

    for (int i = 0; i < 2; i++) {
        const struct hb_player *p = &a->player[a->seat[i]];
        struct hb_follow f;

        if (p->fixed)
            continue;
        a->m.position = i;
        (void)hb_player_locate(p, &a->m, &f); /* where he is, not whether it is his turn */
        if (f.node == HB_TREE_NONE)
            return 0;
        line = mixed(line, f.node);
    }
    return line;
}

/* The mean over the first boards behind this line. It is kept for other hands with it, which spares
 * time and changes nothing: a process that played other hands before has the same. */
static int mean_of_flops(struct hb_aivat *a, int n_new, double *mean, bool *known, struct hb_err *e)
{
    uint64_t seen = key_of(a, a->line, a->m.state.street, &a->m.state, 0).fine;
    uint64_t line = understood_line(a);
    struct line *at = &a->lines[line >> 32 & (LINES - 1)];
    int rc;

    *known = at->line == line && line != 0;
    *mean = at->value;
    if (*known || line == 0 || !a->symmetric || a->spot.n_board > 0 ||
        hb_baseline_visits(a->base, seen) < LINE_VISITS)
        return HB_OK;
    if (a->n_flops == 0)
        a->n_flops = hb_suits_sets(&a->all, a->deck, n_new, a->flop, FLOPS_MAX);
    if (a->n_flops > FLOPS_MAX || (rc = mean_of_boards(a, a->flop, a->n_flops, mean, e)) != HB_OK)
        return a->n_flops > FLOPS_MAX ? HB_OK : rc;
    *at = (struct line){line, *mean};
    *known = true;
    return HB_OK;
}

static int correct_board(struct hb_aivat *a, uint64_t set, int n_new, double *correction,
                         struct hb_err *e)
{
    uint64_t left = a->deck & ~a->spot.mask;
    bool known = true;
    double mean = 0;
    double was;
    double mass;
    int rc;

    if (hb_set_choose(hb_set_count(left), n_new) > LIST_MAX) {
        rc = mean_of_flops(a, n_new, &mean, &known, e);
    } else {
        size_t n = hb_suits_sets(a->symmetric ? &a->keep : &none, left, n_new, a->list, FLOPS_MAX);

        rc = mean_of_boards(a, a->list, n, &mean, e);
    }
    if (rc != HB_OK || !known || (rc = value_of_board(a, set, &was, &mass, e)) != HB_OK)
        return rc;
    *correction += mean - was;
    return HB_OK;
}

/* The street has changed: its cards lie on the board. */
static int deal_board(struct hb_aivat *a, double *correction, struct hb_err *e)
{
    int street = a->m.state.street;
    int n_new = a->r->deck.n_board[street] - a->spot.n_board;
    uint64_t set = hb_set_of(a->m.board + a->spot.n_board, n_new);
    int rc;

    if (!a->learning && n_new > 0 && (rc = correct_board(a, set, n_new, correction, e)) != HB_OK)
        return rc;
    extend(a, street, set);
    a->spot = a->next;
    hb_suits_keep(&a->keep, set, &a->keep);
    for (int i = 0; i < 2; i++)
        if ((rc = fill_classes(a, i, street, &a->spot, a->class_at[i][street], e)) != HB_OK)
            return rc;
    if ((rc = weigh(a, e)) != HB_OK)
        return rc;
    push(a, street);
    return HB_OK;
}

/* ---- the end of a hand ---- */

/* Add the hands of a final board to what is learned, `share` of it. */
static void learn_end(struct hb_aivat *a, const struct hb_spot *spot, double share)
{
    for (int i = 0; i < 2; i++) {
        hb_ranges_beside(&a->hands, spot->live, spot->n_live, a->range[1 - i], a->taken_beside);
        for (int street = 0; street <= a->spot.street; street++) {
            struct sums *s = &a->sums[i * HB_STREETS + street];
            const uint32_t *class = a->class_at[i][street];

            gather(spot->live, spot->n_live, a->range[i], a->taken_beside, share, class, s->weight);
            gather(spot->live, spot->n_live, a->range[i], a->out + (size_t)i * (size_t)a->hands.n,
                   share, class, s->value);
        }
    }
}

/* A full board in a->next: weight of its joint hands, and what position 0 wins times that. */
static void end_on_board(struct hb_aivat *a, double *mass, double *value)
{
    hb_ranges_beside(&a->hands, a->next.live, a->next.n_live, a->range[1], a->taken_beside);
    *mass = hb_ranges_dot(a->next.live, a->next.n_live, a->range[0], a->taken_beside);
    *value = end_value(a, &a->next, &a->m.state, a->range[0], a->range[1]);
}

static double end_on_listed(struct hb_aivat *a, size_t n)
{
    double mass;
    double value;
    double all = 0;
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        extend(a, a->r->deck.n_streets - 1, a->list[i].set);
        end_on_board(a, &mass, &value);
        all += mass;
        sum += value;
        if (a->learning && mass > 0)
            learn_end(a, &a->next, 1); /* the sum of all is scaled later */
    }
    return sum / all;
}

/* Cards that complete the board: those of the deal for k = 0, else drawn from the cards that
 * neither holds. */
static uint64_t draw_board(const struct hb_aivat *a, int n_new, uint32_t k)
{
    const struct hb_draw d = {.seed = a->seed,
                              .iteration = (UINT64_C(1) << 47) + a->m.hand,
                              .purpose = HB_RNG_RUNOUT,
                              .index = UINT32_C(0x80000000) | k << 4};
    uint64_t left = a->deck & ~a->spot.mask;
    uint8_t cards[HB_CARDS];

    if (k == 0)
        return hb_set_of(a->m.board + a->spot.n_board, n_new);
    for (int i = 0; i < 2; i++)
        left &= ~hb_set_of(a->m.own[i], a->hands.n_own);
    hb_draw_cards(&d, cards, hb_set_cards(left, cards), n_new);
    return hb_set_of(cards, n_new);
}

static double end_on_drawn(struct hb_aivat *a, int n_new)
{
    double sum = 0;

    for (uint32_t k = 0; k < HB_AIVAT_BOARDS; k++) {
        double mass;
        double value;

        extend(a, a->r->deck.n_streets - 1, draw_board(a, n_new, k));
        end_on_board(a, &mass, &value);
        sum += value / mass; /* the hands that were held are among them */
        if (a->learning)
            learn_end(a, &a->next, 1 / mass);
    }
    return sum / HB_AIVAT_BOARDS;
}

/* What position 0 wins at the end, given what is public. */
static double end_of_hand(struct hb_aivat *a)
{
    uint64_t left = a->deck & ~a->spot.mask;
    int n_new = a->r->deck.n_board[a->r->deck.n_streets - 1] - a->spot.n_board;
    double value;

    if (n_new > 0 && hb_state_showdown(a->r, &a->m.state)) {
        if (hb_set_choose(hb_set_count(left), n_new) > BOARDS_LIST)
            return end_on_drawn(a, n_new);
        return end_on_listed(a, hb_suits_sets(&none, left, n_new, a->list, FLOPS_MAX));
    }
    value = end_value(a, &a->spot, &a->m.state, a->range[0], a->range[1]);
    if (a->learning)
        learn_end(a, &a->spot, 1 / a->mass);
    return value / a->mass;
}

/* Every state on the way learns from the end. */
static int learn_path(struct hb_aivat *a, struct hb_err *e)
{
    int rc = HB_OK;

    for (int k = 0; k < a->n_path && rc == HB_OK; k++)
        for (int i = 0; i < 2 && rc == HB_OK; i++) {
            const struct step *p = &a->path[k];
            const struct hb_baseline_key key = key_of(a, p->line, p->street, &p->state, i);
            const struct sums *s = &a->sums[i * HB_STREETS + p->street];
            double weight[CLASSES_MAX];
            double value[CLASSES_MAX];
            double all = 0;

            for (uint32_t c = 0; c < key.n_classes; c++)
                all += s->weight[c];
            for (uint32_t c = 0; c < key.n_classes; c++) {
                weight[c] = s->weight[c] / all;
                value[c] = s->value[c] / all / chips_in(&p->state);
            }
            rc = hb_baseline_learn(a->base, &key, weight, value, e);
        }
    return rc;
}

/* ---- a hand ---- */

static int begin(struct hb_aivat *a, const struct hb_matchstate *m, int first, struct hb_err *e)
{
    const struct hb_deck *deck = &a->r->deck;
    int rc;

    a->m.hand = m->hand;
    a->m.n_acts = 0;
    memcpy(a->m.own, m->own, sizeof a->m.own);
    memcpy(a->m.board, m->board, (size_t)deck->n_board[deck->n_streets - 1]);
    hb_state_init(a->r, &a->m.state);
    a->seat[0] = first;
    a->seat[1] = 1 - first;
    a->line = mixed((uint64_t)first + 1, 0);
    a->symmetric = true;
    a->keep = a->all;
    a->n_path = 0;
    hb_spot_init(&a->spot, &a->hands, m->board, deck->n_board[0], 0);
    for (int i = 0; i < 2; i++) {
        for (int h = 0; h < a->hands.n; h++)
            a->range[i][h] = 1;
        if ((rc = fill_classes(a, i, 0, &a->spot, a->class_at[i][0], e)) != HB_OK)
            return rc;
    }
    return weigh(a, e);
}

int hb_aivat_estimate(struct hb_aivat *a, const struct hb_matchstate *m, int first, double *chips,
                      struct hb_err *e)
{
    double correction = 0;
    int rc = begin(a, m, first, e);

    for (int k = 0; rc == HB_OK && k < m->n_acts; k++) {
        int street = a->m.state.street;

        rc = take_action(a, m->act[k], &correction, e);
        while (rc == HB_OK && !a->m.state.finished && street < a->m.state.street) {
            street = a->m.state.street;
            rc = deal_board(a, &correction, e);
        }
    }
    if (rc != HB_OK)
        return rc;
    *chips = end_of_hand(a) + correction;
    return HB_OK;
}

int hb_aivat_learn(struct hb_aivat *a, const struct hb_matchstate *m, int first, struct hb_err *e)
{
    double chips;
    int rc;

    memset(a->sums, 0, 2 * (size_t)HB_STREETS * sizeof *a->sums);
    if ((rc = hb_aivat_estimate(a, m, first, &chips, e)) != HB_OK)
        return rc;
    return learn_path(a, e);
}
