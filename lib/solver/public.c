#include "solver/public.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cards/suits.h"
#include "solver/lanes.h"
#include "solver/sweep.h"

enum {
    BOARDS_AT_ONCE = 48,   /* final boards for which a group of lanes stays in the cache */
    RUNOUT_UNITS = 256,    /* shares of the run-outs before the first board */
    TABLE_BYTES = 1 << 28, /* a street's strategy is held in memory up to that */
    ALIGN = 64             /* of vectors, to keep them in one cache line */
};

/* Nanoseconds a hand of a board and HB_LANES lanes, both seats, with registers of 16 bytes;
 * measured with tests/bench/b_public. */
static const double ns_edge = 2.6, ns_fold = 5.3, ns_showdown = 21, ns_copy = 9, ns_board = 12,
                    ns_row = 40;

/* What belongs to a street. Vectors of hands are [n_hands]. */
struct level {
    bool asks;            /* there are decisions */
    uint32_t n_blocks;    /* all-ins of the street, both seats, HB_LANES at a time */
    hb_vec *reach;        /* [groups][2 seats] of the entries */
    hb_vec *value;        /* [groups][2 seats] of the entries, for best responders */
    hb_vec *allin_reach;  /* [n_blocks] of the other seat */
    hb_vec *allin_value;  /* [n_blocks] */
    hb_vec **table;       /* [groups] -> [n_buckets][n_edges]; NULL: rows are read for each board */
    struct hb_suits keep; /* renamings that keep the board */
    struct hb_sweep_board board;
    uint16_t orbit[HB_HANDS_MAX]; /* smallest hand that a renaming makes of a hand */
    uint16_t orbit_size[HB_HANDS_MAX];
    struct hb_suits_set *next; /* [next_cap] new cards of the next street */
    size_t n_next, next_cap;
    struct hb_suits_set *final; /* [final_cap] all cards to come, where there are all-ins */
    size_t n_final, final_cap;
    double next_share, final_share; /* 1 / ways to deal them beside two hands */
    double n_boards;                /* visited in all */
    double n_runouts;
};

struct hb_public {
    const struct hb_rules *rules;
    const struct hb_public_strategy *strategy;
    struct hb_lanes lanes;
    struct hb_hands hands;
    int last; /* street */
    const struct hb_sweep_ops *ops;
    uint16_t order[HB_HANDS_MAX]; /* of equal hands */
    uint64_t deck;
    int n_deck;
    struct level level[HB_STREETS];
    struct hb_sweep_board *final_board; /* [BOARDS_AT_ONCE] */
    uint16_t class_of[HB_HANDS_MAX];    /* hands up to renaming */
    uint16_t class_size[HB_HANDS_MAX];
    uint32_t n_classes;
    hb_vec *stack; /* of vectors of hands */
    size_t n_stack, top;
    hb_vec *rows; /* [n_hands][most edges] rows read for one board */
    double *prob; /* [most actions] */
    double value; /* of the profile, seat 0, added up by the visits */
    /* sums over units */
    double sum_value;
    double *sum_entry;           /* [entries of street 1][2 seats][n_classes] */
    double *sum_allin;           /* [all-ins of street 0][2 seats][n_classes] */
    void *block[8 * HB_STREETS]; /* what the vectors lie in */
    int n_blocks;
};

/* ---- helpers ---- */

static double choose(int n, int k)
{
    double v = 1;

    for (int i = 0; i < k; i++)
        v = v * (n - i) / (i + 1);
    return v;
}

static int cards_on(const struct hb_public *p, int street)
{
    return p->rules->deck.n_board[street];
}

static struct hb_lanes_street *lanes_of(struct hb_public *p, int street)
{
    return &p->lanes.street[street];
}

/* Vectors on a cache line of their own. */
static int new_vectors(struct hb_public *p, size_t n_vectors, size_t n_each, hb_vec **out,
                       struct hb_err *e)
{
    size_t bytes;
    char *raw;
    int rc;

    assert(p->n_blocks < (int)(sizeof p->block / sizeof p->block[0]));
    if (!hb_mem_mul(n_each, sizeof **out, &bytes))
        return hb_fail(e, HB_ELIMIT, "vectors of hands do not fit into memory");
    if ((rc = hb_mem_new(&raw, n_vectors + 1, bytes > ALIGN ? bytes : ALIGN, "vectors of hands",
                         e)) != HB_OK)
        return rc;
    p->block[p->n_blocks++] = raw;
    *out = (hb_vec *)(void *)(raw + (ALIGN - (uintptr_t)raw % ALIGN) % ALIGN);
    return HB_OK;
}

static hb_vec *take(struct hb_public *p)
{
    hb_vec *v = p->stack + p->top;

    p->top += (size_t)p->hands.n;
    assert(p->top <= p->n_stack);
    return v;
}

static hb_vec *entry_vector(const struct hb_public *p, hb_vec *all, uint32_t group, int seat)
{
    return all + ((size_t)group * 2 + (size_t)seat) * (size_t)p->hands.n;
}

/* Hands that the renamings carry into each other. */
static void find_orbits(const struct hb_public *p, const struct hb_suits *g, uint16_t *orbit,
                        uint16_t *size)
{
    uint16_t at[HB_CARDS * HB_CARDS] = {0};

    for (int h = 0; h < p->hands.n; h++)
        at[p->hands.card[h][0] * HB_CARDS + p->hands.card[h][1]] = (uint16_t)h;
    memset(size, 0, (size_t)p->hands.n * sizeof *size);
    for (int h = 0; h < p->hands.n; h++) {
        orbit[h] = (uint16_t)h;
        for (int i = 0; i < g->n; i++) {
            uint64_t set = hb_suits_map(g, i, p->hands.mask[h]);
            int low = __builtin_ctzll(set);
            int high = 63 - __builtin_clzll(set);

            if (at[low * HB_CARDS + high] < orbit[h])
                orbit[h] = at[low * HB_CARDS + high];
        }
        size[orbit[h]]++;
    }
}

/* ---- boards ---- */

/* The board of `from` with new cards. */
static void extend_board(const struct hb_public *p, const struct hb_sweep_board *from, uint64_t add,
                         bool ranked, struct hb_sweep_board *out)
{
    memcpy(out->card, from->card, sizeof out->card);
    out->n_card = from->n_card;
    for (; add != 0; add &= add - 1)
        out->card[out->n_card++] = (uint8_t)__builtin_ctzll(add);
    hb_sweep_board_init(out, &p->hands, ranked ? p->order : NULL);
}

/* Where in the tables, or among the rows read for this board, the hands find their strategy. */
static void find_rows(const struct hb_public *p, int street, struct hb_sweep_board *b)
{
    const struct level *l = &p->level[street];

    if (!l->asks)
        return;
    if (l->table != NULL) {
        p->strategy->buckets(p->strategy->ctx, street, b->card, b->n_card, &p->hands, b->hand, b->n,
                             b->row);
        return;
    }
    for (int i = 0; i < b->n; i++)
        b->row[i] = (uint32_t)i;
}

static void open_board(struct hb_public *p, int street, uint64_t add)
{
    struct level *l = &p->level[street];
    const struct level *up = &p->level[street - 1];

    hb_suits_keep(&up->keep, add, &l->keep);
    extend_board(p, &up->board, add, false, &l->board);
    find_rows(p, street, &l->board);
    if (l->keep.n > 1)
        find_orbits(p, &l->keep, l->orbit, l->orbit_size);
}

/* ---- one group on one board ---- */

struct visit {
    struct hb_public *p;
    int street;
    const struct hb_lanes_group *group;
    const struct hb_lanes_shape *shape;
    const struct hb_sweep_board *board;
    const hb_vec *rows; /* [row][n_edges] */
    bool down;          /* only hand reach on to the next street and to all-ins */
    double scale;       /* weight of the board in the value of the profile */
};

/* One row: the probabilities of all edges of a group's part with one bucket. */
static void read_row(const struct hb_public *p, const struct hb_lanes_group *g,
                     const struct hb_lanes_shape *s, uint32_t bucket, hb_vec *row)
{
    uint32_t node = 0;

    for (uint32_t i = 0; i < s->n_steps; i++) {
        if (s->step[i].kind != HB_LANES_NODE)
            continue;
        for (uint32_t lane = 0; lane < HB_LANES; lane++) {
            p->strategy->row(p->strategy->ctx, g->node[node * HB_LANES + lane], bucket, p->prob);
            for (uint32_t a = 0; a < s->step[i].n_actions; a++)
                row[s->step[i].number + a][lane] = p->prob[a];
        }
        node++;
    }
}

/* The rows of a group: its table, or read now for each hand. */
static const hb_vec *rows_of(struct hb_public *p, int street, uint32_t group,
                             const struct hb_sweep_board *b)
{
    const struct hb_lanes_group *g = &lanes_of(p, street)->group[group];
    const struct hb_lanes_shape *s = &lanes_of(p, street)->shape[g->shape];
    uint32_t bucket[HB_HANDS_MAX];

    if (p->level[street].table != NULL)
        return p->level[street].table[group];
    if (s->n_nodes == 0)
        return p->rows;
    p->strategy->buckets(p->strategy->ctx, street, b->card, b->n_card, &p->hands, b->hand, b->n,
                         bucket);
    for (int i = 0; i < b->n; i++)
        read_row(p, g, s, bucket[i], p->rows + (size_t)i * s->n_edges);
    return p->rows;
}

/* The profile's value at an end: what seat 0 gets, lane by lane. */
static void add_value(const struct visit *v, const hb_vec *profit)
{
    double sum = 0;

    for (int lane = 0; lane < HB_LANES; lane++)
        sum += (*profit)[lane];
    v->p->value += v->scale * sum;
}

static void fold_or_showdown(const struct visit *v, const struct hb_lanes_step *s,
                             hb_vec *const reach[2], hb_vec *const out[2])
{
    const hb_vec *const both[2] = {reach[0], reach[1]};
    hb_vec pay;
    hb_vec profit;

    memcpy(&pay, v->group->pay + (size_t)s->number * HB_LANES, sizeof pay);
    if (s->kind == HB_LANES_SHOWDOWN)
        v->p->ops->showdown(v->board, &pay, both, out, &profit);
    else
        v->p->ops->fold(v->board, &pay, both, out, &profit);
    add_value(v, &profit);
}

/* Where a lane of an exit or all-in is at home: the vector of hands and the lane in it. */
static hb_vec *lane_home(const struct visit *v, const struct hb_lanes_step *s, int from_lane,
                         int seat, bool values, int *lane)
{
    struct hb_public *p = v->p;
    uint32_t number = v->group->leaf[s->number * HB_LANES + (uint32_t)from_lane];

    if (number == HB_TREE_NONE)
        return NULL;
    if (s->kind == HB_LANES_EXIT) {
        struct level *next = &p->level[v->street + 1];
        uint32_t place = lanes_of(p, v->street + 1)->place[number];

        *lane = (int)(place % HB_LANES);
        return entry_vector(p, values ? next->value : next->reach, place / HB_LANES, seat);
    }
    number = 2 * number + (uint32_t)seat;
    *lane = (int)(number % HB_LANES);
    return (values ? p->level[v->street].allin_value : p->level[v->street].allin_reach) +
           (size_t)(number / HB_LANES) * (size_t)p->hands.n;
}

/* Hand the reach of an exit on; an all-in wants that of the other seat. */
static void leave(const struct visit *v, const struct hb_lanes_step *s, hb_vec *const reach[2])
{
    const struct hb_sweep_board *b = v->board;

    for (int seat = 0; seat < 2; seat++) {
        const hb_vec *from = reach[s->kind == HB_LANES_ALLIN ? 1 - seat : seat];

        for (int lane = 0; lane < HB_LANES; lane++) {
            int to_lane = 0;
            hb_vec *to = lane_home(v, s, lane, seat, false, &to_lane);

            for (int i = 0; to != NULL && i < b->n; i++)
                to[b->hand[i]][to_lane] = from[i][lane];
        }
    }
}

/* Take what the next street, or the run-outs of an all-in, made of it. */
static void come_back(const struct visit *v, const struct hb_lanes_step *s, hb_vec *const reach[2],
                      hb_vec *const out[2])
{
    const struct hb_sweep_board *b = v->board;

    for (int seat = 0; seat < 2; seat++)
        for (int lane = 0; lane < HB_LANES; lane++) {
            int from_lane = 0;
            const hb_vec *from = lane_home(v, s, lane, seat, true, &from_lane);
            double pay = s->kind == HB_LANES_ALLIN
                             ? v->group->pay[s->number * HB_LANES + (uint32_t)lane]
                             : 1;

            for (int i = 0; i < b->n; i++)
                out[seat][i][lane] = from == NULL ? 0 : pay * from[b->hand[i]][from_lane];
        }
    if (s->kind == HB_LANES_ALLIN) {
        hb_vec profit;

        v->p->ops->dot(b->n, reach[0], out[0], &profit);
        add_value(v, &profit);
    }
}

/* Values of best responders at step `at` into out; returns the step after the part. */
static uint32_t visit(const struct visit *v, uint32_t at, hb_vec *const reach[2],
                      hb_vec *const out[2])
{
    const struct hb_lanes_step *s = &v->shape->step[at++];
    size_t mark = v->p->top;
    hb_vec *next[2] = {reach[0], reach[1]};
    hb_vec *part[2];

    if (s->kind != HB_LANES_NODE) {
        bool inner = s->kind == HB_LANES_EXIT || s->kind == HB_LANES_ALLIN;

        if (v->down && inner)
            leave(v, s, reach);
        else if (inner)
            come_back(v, s, reach, out);
        else if (!v->down)
            fold_or_showdown(v, s, reach, out);
        return at;
    }
    next[s->player] = take(v->p);
    part[0] = take(v->p);
    part[1] = take(v->p);
    for (uint32_t a = 0; a < s->n_actions; a++) {
        v->p->ops->multiply(v->board, v->rows + s->number + a, v->shape->n_edges, reach[s->player],
                            next[s->player]);
        at = visit(v, at, next, a == 0 ? out : part);
        if (a > 0 && !v->down) {
            v->p->ops->best(v->board->n, part[s->player], out[s->player]);
            v->p->ops->sum(v->board->n, part[1 - s->player], out[1 - s->player]);
        }
    }
    v->p->top = mark;
    return at;
}

/* Walk a group's part on a board: down hands reach on; else weight times the values is added to
 * those of its entries. */
static void walk_group(struct hb_public *p, int street, uint32_t group,
                       const struct hb_sweep_board *b, bool down, double weight, double scale)
{
    const struct hb_lanes_group *g = &lanes_of(p, street)->group[group];
    struct visit v = {.p = p,
                      .street = street,
                      .group = g,
                      .shape = &lanes_of(p, street)->shape[g->shape],
                      .board = b,
                      .rows = rows_of(p, street, group, b),
                      .down = down,
                      .scale = scale};
    size_t mark = p->top;
    hb_vec *reach[2];
    hb_vec *out[2];

    for (int seat = 0; seat < 2; seat++) {
        reach[seat] = take(p);
        out[seat] = take(p);
        p->ops->load(b, entry_vector(p, p->level[street].reach, group, seat), reach[seat]);
    }
    (void)visit(&v, 0, reach, out); /* where it ends is known */
    for (int seat = 0; seat < 2 && !down; seat++)
        p->ops->store(b, weight, out[seat], entry_vector(p, p->level[street].value, group, seat));
    p->top = mark;
}

/* ---- from street to street ---- */

/* All-ins of a street on one final board, two blocks of lanes at a time. */
static void run_out(struct hb_public *p, struct level *l, const struct hb_sweep_board *b,
                    double weight)
{
    const hb_vec one = {1, 1, 1, 1, 1, 1, 1, 1};
    size_t mark = p->top;
    hb_vec *reach[2] = {take(p), take(p)};
    hb_vec *out[2] = {take(p), take(p)};
    const hb_vec *const both[2] = {reach[1], reach[0]}; /* each of them faces itself */
    hb_vec profit;

    for (uint32_t block = 0; block < l->n_blocks; block += 2) {
        size_t at = (size_t)block * (size_t)p->hands.n;
        uint32_t n = l->n_blocks - block < 2 ? 1 : 2;

        for (uint32_t i = 0; i < n; i++)
            p->ops->load(b, l->allin_reach + at + i * (size_t)p->hands.n, reach[i]);
        if (n == 1)
            memset(reach[1], 0, (size_t)b->n * sizeof *reach[1]);
        p->ops->showdown(b, &one, both, out, &profit); /* profit is of no use */
        for (uint32_t i = 0; i < n; i++)
            p->ops->store(b, weight, out[i], l->allin_value + at + i * (size_t)p->hands.n);
    }
    p->top = mark;
}

/* Final boards on top of a street's: its all-ins, and the entries of the last street when that
 * comes next. */
static void final_boards(struct hb_public *p, int street, const struct hb_suits_set *set, size_t n,
                         double share, bool allins, bool entries, double scale)
{
    struct level *l = &p->level[street];

    for (size_t from = 0; from < n; from += BOARDS_AT_ONCE) {
        size_t some = n - from < BOARDS_AT_ONCE ? n - from : BOARDS_AT_ONCE;

        for (size_t i = 0; i < some; i++) {
            struct hb_sweep_board *b = &p->final_board[i];

            extend_board(p, &l->board, set[from + i].set, true, b);
            b->weight = share * set[from + i].weight;
            if (entries)
                find_rows(p, p->last, b);
            if (allins)
                run_out(p, l, b, b->weight);
        }
        for (uint32_t g = 0; entries && g < lanes_of(p, p->last)->n_groups; g++)
            for (size_t i = 0; i < some; i++)
                walk_group(p, p->last, g, &p->final_board[i], false, p->final_board[i].weight,
                           scale * p->final_board[i].weight);
    }
}

/* Average over the hands that the renamings of the board carry into each other. */
static void average(const struct hb_public *p, const struct level *l, hb_vec *all, size_t n)
{
    if (l->keep.n == 1)
        return;
    for (size_t k = 0; k < n; k++) {
        hb_vec *v = all + k * (size_t)p->hands.n;

        for (int i = 0; i < l->board.n; i++) {
            int hand = l->board.hand[i];

            if (l->orbit[hand] != hand)
                v[l->orbit[hand]] += v[hand];
        }
        for (int i = 0; i < l->board.n; i++) { /* ascending: the smallest of an orbit first */
            int hand = l->board.hand[i];

            if (l->orbit[hand] == hand)
                v[hand] /= (double)l->orbit_size[hand];
            else
                v[hand] = v[l->orbit[hand]];
        }
    }
}

static void clear_vectors(const struct hb_public *p, hb_vec *all, size_t n)
{
    if (n > 0)
        memset(all, 0, n * (size_t)p->hands.n * sizeof *all);
}

static void walk_street(struct hb_public *p, int street, double weight, double scale);

/* What follows a street, from the reach of its exits and all-ins to their values. */
static void below(struct hb_public *p, int street, double scale)
{
    struct level *l = &p->level[street];
    struct level *next = &p->level[street + 1];
    const struct hb_lanes_street *entries = lanes_of(p, street + 1);
    uint64_t left = p->deck & ~l->board.mask;
    bool both = street + 1 == p->last;
    int n_new = cards_on(p, street + 1) - cards_on(p, street);
    int n_final = cards_on(p, p->last) - cards_on(p, street);

    clear_vectors(p, next->value, 2 * (size_t)entries->n_groups);
    clear_vectors(p, l->allin_value, l->n_blocks);
    if (entries->n_groups > 0 || (both && l->n_blocks > 0))
        l->n_next = hb_suits_sets(&l->keep, left, n_new, l->next, l->next_cap);
    if (both) {
        final_boards(p, street, l->next, l->n_next, l->next_share, l->n_blocks > 0,
                     entries->n_groups > 0, scale);
    } else {
        for (size_t i = 0; i < l->n_next && entries->n_groups > 0; i++) {
            double weight = l->next_share * l->next[i].weight;

            open_board(p, street + 1, l->next[i].set);
            walk_street(p, street + 1, weight, scale * weight);
        }
        if (l->n_blocks > 0) {
            l->n_final = hb_suits_sets(&l->keep, left, n_final, l->final, l->final_cap);
            final_boards(p, street, l->final, l->n_final, l->final_share, true, false, scale);
        }
    }
    average(p, l, next->value, 2 * (size_t)entries->n_groups);
    average(p, l, l->allin_value, l->n_blocks);
}

/* All groups of a street before the last on the board at hand. */
static void walk_street(struct hb_public *p, int street, double weight, double scale)
{
    const struct hb_sweep_board *b = &p->level[street].board;
    uint32_t n = lanes_of(p, street)->n_groups;

    for (uint32_t g = 0; g < n; g++)
        walk_group(p, street, g, b, true, 0, 0);
    below(p, street, scale);
    for (uint32_t g = 0; g < n; g++)
        walk_group(p, street, g, b, false, weight, scale);
}

/* ---- units ---- */

static uint32_t boards_a_unit(const struct hb_public *p)
{
    return p->last == 1 ? BOARDS_AT_ONCE : 1;
}

static uint32_t runouts_a_unit(const struct hb_public *p)
{
    return (uint32_t)(p->level[0].n_final / RUNOUT_UNITS + 1);
}

static uint32_t share_out(size_t n, uint32_t each)
{
    return (uint32_t)((n + each - 1) / each);
}

static uint32_t board_units(const struct hb_public *p)
{
    return share_out(p->level[0].n_next, boards_a_unit(p));
}

uint32_t hb_public_units(const struct hb_public *p)
{
    return board_units(p) + share_out(p->level[0].n_final, runouts_a_unit(p));
}

size_t hb_public_unit_len(const struct hb_public *p, uint32_t unit)
{
    if (unit < board_units(p))
        return 1 + (size_t)p->lanes.street[1].n_entries * 2 * p->n_classes;
    return (size_t)p->lanes.street[0].n_allins * 2 * p->n_classes;
}

size_t hb_public_unit_len_max(const struct hb_public *p)
{
    size_t a = hb_public_unit_len(p, 0);
    size_t b = hb_public_unit_len(p, UINT32_MAX);

    return a > b ? a : b;
}

/* Sums over classes of hands of a vector's lane. */
static void to_classes(const struct hb_public *p, const hb_vec *v, uint32_t lane, double *out)
{
    memset(out, 0, p->n_classes * sizeof *out);
    for (int h = 0; h < p->hands.n; h++)
        out[p->class_of[h]] += v[h][lane];
}

static void from_classes(const struct hb_public *p, const double *sum, hb_vec *v, uint32_t lane)
{
    for (int h = 0; h < p->hands.n; h++)
        v[h][lane] = sum[p->class_of[h]] / p->class_size[p->class_of[h]];
}

static void board_unit(struct hb_public *p, uint32_t unit, double *out)
{
    struct level *l = &p->level[0];
    const struct hb_lanes_street *entries = lanes_of(p, 1);
    size_t from = (size_t)unit * boards_a_unit(p);
    size_t n = l->n_next - from < boards_a_unit(p) ? l->n_next - from : boards_a_unit(p);

    clear_vectors(p, p->level[1].value, 2 * (size_t)entries->n_groups);
    p->value = 0;
    if (p->last == 1) {
        final_boards(p, 0, l->next + from, n, l->next_share, false, true, 1);
    } else {
        double weight = l->next_share * l->next[from].weight;

        open_board(p, 1, l->next[from].set);
        walk_street(p, 1, weight, weight);
    }
    *out++ = p->value;
    for (uint32_t i = 0; i < entries->n_entries; i++)
        for (int seat = 0; seat < 2; seat++, out += p->n_classes)
            to_classes(p, entry_vector(p, p->level[1].value, entries->place[i] / HB_LANES, seat),
                       entries->place[i] % HB_LANES, out);
}

static void runout_unit(struct hb_public *p, uint32_t unit, double *out)
{
    struct level *l = &p->level[0];
    size_t each = runouts_a_unit(p);
    size_t from = unit * each;
    size_t n = l->n_final - from < each ? l->n_final - from : each;

    clear_vectors(p, l->allin_value, l->n_blocks);
    final_boards(p, 0, l->final + from, n, l->final_share, true, false, 0);
    for (uint32_t i = 0; i < 2 * lanes_of(p, 0)->n_allins; i++, out += p->n_classes)
        to_classes(p, l->allin_value + (size_t)(i / HB_LANES) * (size_t)p->hands.n, i % HB_LANES,
                   out);
}

void hb_public_unit(struct hb_public *p, uint32_t unit, double *out)
{
    if (unit < board_units(p))
        board_unit(p, unit, out);
    else
        runout_unit(p, unit - board_units(p), out);
}

void hb_public_add(struct hb_public *p, uint32_t unit, const double *result)
{
    size_t n = hb_public_unit_len(p, unit);
    double *sum = p->sum_allin;

    if (unit < board_units(p)) {
        p->sum_value += *result++;
        sum = p->sum_entry;
        n--;
    }
    for (size_t i = 0; i < n; i++)
        sum[i] += result[i];
}

/* The first street, from the sums of all units. */
static void last_steps(struct hb_public *p)
{
    struct level *l = &p->level[0];

    for (uint32_t i = 0; p->last > 0 && i < 2 * lanes_of(p, 1)->n_entries; i++) {
        uint32_t place = lanes_of(p, 1)->place[i / 2];

        from_classes(p, p->sum_entry + (size_t)i * p->n_classes,
                     entry_vector(p, p->level[1].value, place / HB_LANES, (int)(i % 2)),
                     place % HB_LANES);
    }
    for (uint32_t i = 0; i < 2 * lanes_of(p, 0)->n_allins; i++)
        from_classes(p, p->sum_allin + (size_t)i * p->n_classes,
                     l->allin_value + (size_t)(i / HB_LANES) * (size_t)p->hands.n, i % HB_LANES);
    clear_vectors(p, l->value, 2);
    walk_group(p, 0, 0, &l->board, false, 1, 1);
}

void hb_public_result(struct hb_public *p, struct hb_exploit *out)
{
    double deals = choose(p->n_deck, 2) * choose(p->n_deck - 2, 2);

    p->value = p->sum_value;
    last_steps(p);
    *out = (struct hb_exploit){.n_players = 2};
    out->value[0] = p->value / deals;
    out->value[1] = -p->value / deals;
    for (int seat = 0; seat < 2; seat++) {
        const hb_vec *v = entry_vector(p, p->level[0].value, 0, seat);

        for (int h = 0; h < p->hands.n; h++)
            out->best_response[seat] += v[h][0] / deals;
        out->nashconv += out->best_response[seat] - out->value[seat];
    }
    out->exploitability = out->nashconv / 2;
}

/* ---- plan ---- */

bool hb_public_fits(const struct hb_rules *r)
{
    return r->n_players == 2 && r->deck.n_hole == 2 && r->deck.n_board[0] == 0;
}

static int new_sets(struct hb_suits_set **set, size_t cap, struct hb_err *e)
{
    return hb_mem_new(set, cap, sizeof **set, "boards", e);
}

/* Room for the cards to come; before the first board the sets themselves. */
static int plan_sets(struct hb_public *p, int street, struct hb_err *e)
{
    struct level *l = &p->level[street];
    int n_left = p->n_deck - cards_on(p, street);
    int n_new = street < p->last ? cards_on(p, street + 1) - cards_on(p, street) : 0;
    int n_final = cards_on(p, p->last) - cards_on(p, street);
    bool entries = street < p->last && lanes_of(p, street + 1)->n_entries > 0;
    bool allins = lanes_of(p, street)->n_allins > 0;
    int rc;

    l->next_share = 1 / choose(n_left - 4, n_new);
    l->final_share = 1 / choose(n_left - 4, n_final);
    l->n_blocks = (2 * lanes_of(p, street)->n_allins + HB_LANES - 1) / HB_LANES;
    if (street > 0) {
        bool both = street + 1 == p->last && allins;

        l->next_cap = entries || both ? (size_t)choose(n_left, n_new) : 0;
        l->final_cap = allins && !both ? (size_t)choose(n_left, n_final) : 0;
    } else {
        if (entries)
            l->n_next = l->next_cap = hb_suits_sets(&l->keep, p->deck, n_new, NULL, 0);
        if (allins)
            l->n_final = l->final_cap = hb_suits_sets(&l->keep, p->deck, n_final, NULL, 0);
    }
    if ((rc = new_sets(&l->next, l->next_cap, e)) != HB_OK ||
        (rc = new_sets(&l->final, l->final_cap, e)) != HB_OK || street > 0)
        return rc;
    if (entries)
        (void)hb_suits_sets(&l->keep, p->deck, n_new, l->next, l->next_cap); /* counted above */
    if (allins)
        (void)hb_suits_sets(&l->keep, p->deck, n_final, l->final, l->final_cap);
    return HB_OK;
}

/* Count the boards of the streets after one; `times` alike. */
static void count_boards(struct hb_public *p, int street, uint64_t board,
                         const struct hb_suits *keep, double times)
{
    struct level *l = &p->level[street];
    uint64_t left = p->deck & ~board;
    int n_left = p->n_deck - cards_on(p, street);
    int n_new;
    size_t n;

    l->n_boards += times;
    if (lanes_of(p, street)->n_allins > 0) {
        int n_final = cards_on(p, p->last) - cards_on(p, street);

        l->n_runouts +=
            times * (keep->n == 1 ? choose(n_left, n_final)
                                  : (double)hb_suits_sets(keep, left, n_final, NULL, 0));
    }
    if (street == p->last || lanes_of(p, street + 1)->n_entries == 0)
        return;
    n_new = cards_on(p, street + 1) - cards_on(p, street);
    if (keep->n == 1) { /* as many after each of them, whatever they are */
        count_boards(p, street + 1, board, keep, times * choose(n_left, n_new));
        return;
    }
    n = hb_suits_sets(keep, left, n_new, l->next, l->next_cap);
    for (size_t i = 0; i < n; i++) {
        struct hb_suits kept;

        hb_suits_keep(keep, l->next[i].set, &kept);
        count_boards(p, street + 1, board | l->next[i].set, &kept, times);
    }
}

static void find_classes(struct hb_public *p)
{
    struct level *l = &p->level[0];
    uint16_t number[HB_HANDS_MAX] = {0};

    find_orbits(p, &l->keep, l->orbit, l->orbit_size);
    for (int h = 0; h < p->hands.n; h++) {
        if (l->orbit[h] == h) {
            p->class_size[p->n_classes] = l->orbit_size[h];
            number[h] = (uint16_t)p->n_classes++;
        }
        p->class_of[h] = number[l->orbit[h]];
    }
}

static int plan(struct hb_public *p, struct hb_err *e)
{
    uint8_t card[HB_CARDS];
    int rc;

    p->last = p->rules->deck.n_streets - 1;
    p->n_deck = hb_deck_cards(&p->rules->deck, card);
    for (int i = 0; i < p->n_deck; i++)
        p->deck |= UINT64_C(1) << card[i];
    hb_hands_init(&p->hands, &p->rules->deck);
    hb_suits_all(&p->rules->deck, &p->level[0].keep);
    p->ops = hb_sweep_ops((int)sizeof(hb_vec));
    hb_sweep_order(&p->hands, p->order);
    hb_sweep_board_init(&p->level[0].board, &p->hands, p->last == 0 ? p->order : NULL);
    find_classes(p);
    for (int s = 0; s <= p->last; s++) {
        const struct hb_lanes_street *st = lanes_of(p, s);

        for (uint32_t i = 0; i < st->n_shapes; i++)
            p->level[s].asks |= st->shape[i].n_nodes > 0;
        if ((rc = plan_sets(p, s, e)) != HB_OK)
            return rc;
    }
    count_boards(p, 0, 0, &p->level[0].keep, 1);
    return HB_OK;
}

int hb_public_new(const struct hb_rules *r, const struct hb_tree *t,
                  const struct hb_public_strategy *s, struct hb_public **out, struct hb_err *e)
{
    struct hb_public *p = NULL;
    int rc;

    if (!hb_public_fits(r))
        return hb_fail(e, HB_EUSAGE,
                       "a walk over the public tree needs two players with two own cards");
    if ((rc = hb_mem_new(&p, 1, sizeof *p, "a walk", e)) != HB_OK)
        return rc;
    p->rules = r;
    p->strategy = s;
    if ((rc = hb_lanes_init(&p->lanes, r, t, e)) != HB_OK || (rc = plan(p, e)) != HB_OK) {
        hb_public_free(p);
        return rc;
    }
    *out = p;
    return HB_OK;
}

void hb_public_free(struct hb_public *p)
{
    if (p == NULL)
        return;
    for (int s = 0; s < HB_STREETS; s++) {
        hb_mem_free(p->level[s].next);
        hb_mem_free(p->level[s].final);
        hb_mem_free(p->level[s].table);
    }
    for (int i = 0; i < p->n_blocks; i++)
        hb_mem_free(p->block[i]);
    hb_mem_free(p->final_board);
    hb_mem_free(p->prob);
    hb_mem_free(p->sum_entry);
    hb_mem_free(p->sum_allin);
    hb_lanes_fini(&p->lanes);
    hb_mem_free(p);
}

double hb_public_boards(const struct hb_public *p, int street)
{
    return p->level[street].n_boards;
}

/* Vectors of the tables of a street's strategy. */
static double table_vectors(const struct hb_public *p, int street)
{
    const struct hb_lanes_street *st = &p->lanes.street[street];
    double n = 0;

    for (uint32_t g = 0; g < st->n_groups; g++)
        n += st->shape[st->group[g].shape].n_edges;
    return n * p->strategy->n_buckets[street];
}

static bool has_table(const struct hb_public *p, int street)
{
    return p->level[street].asks && table_vectors(p, street) * sizeof(hb_vec) <= TABLE_BYTES;
}

/* Nanoseconds a hand for all groups of a street on one board. */
static double street_cost(const struct hb_public *p, int street)
{
    const struct hb_lanes_street *st = &p->lanes.street[street];
    int times = street == p->last ? 1 : 2; /* down, and up */
    double ns = 0;

    for (uint32_t i = 0; i < st->n_groups; i++) {
        const struct hb_lanes_shape *s = &st->shape[st->group[i].shape];

        ns += ns_copy + times * ns_edge * s->n_edges + ns_fold * s->n_of[HB_LANES_FOLD] +
              ns_showdown * s->n_of[HB_LANES_SHOWDOWN] +
              2 * ns_copy * (s->n_of[HB_LANES_EXIT] + s->n_of[HB_LANES_ALLIN]);
        if (!has_table(p, street))
            ns += times * ns_row * HB_LANES * s->n_nodes;
    }
    return ns;
}

double hb_public_work(const struct hb_public *p)
{
    int n_final = p->n_deck - cards_on(p, p->last);
    double ns = 0;

    for (int s = 0; s <= p->last; s++) {
        const struct level *l = &p->level[s];
        double hands = choose(p->n_deck - cards_on(p, s), 2);
        uint32_t pairs = (l->n_blocks + 1) / 2; /* that run out together */

        ns += l->n_boards * hands * (ns_board + street_cost(p, s));
        ns += l->n_runouts * choose(n_final, 2) * (ns_board + (ns_copy + ns_showdown) * pairs);
    }
    return ns / 10;
}

double hb_public_steps_per_s(const struct hb_public *p)
{
    return 1e8 * p->ops->speed;
}

/* ---- start ---- */

static size_t stack_vectors(const struct hb_public *p)
{
    size_t deepest = 0;

    for (int s = 0; s <= p->last; s++)
        for (uint32_t i = 0; i < p->lanes.street[s].n_shapes; i++)
            if (p->lanes.street[s].shape[i].depth > deepest)
                deepest = p->lanes.street[s].shape[i].depth;
    return 4 + 3 * deepest;
}

static size_t level_vectors(const struct hb_public *p, int street)
{
    return 4 * (size_t)p->lanes.street[street].n_groups + 2 * (size_t)p->level[street].n_blocks;
}

uint64_t hb_public_bytes(const struct hb_public *p, int n_processes)
{
    double shared = 0;
    size_t n = stack_vectors(p);

    for (int s = 0; s <= p->last; s++) {
        n += level_vectors(p, s);
        shared += has_table(p, s) ? table_vectors(p, s) * sizeof(hb_vec) : 0;
    }
    return (uint64_t)shared +
           (uint64_t)n_processes * (uint64_t)n * (uint64_t)p->hands.n * sizeof(hb_vec);
}

/* Read a street's strategy into memory when it is small. */
static int read_table(struct hb_public *p, int street, struct hb_err *e)
{
    struct level *l = &p->level[street];
    const struct hb_lanes_street *st = lanes_of(p, street);
    uint32_t n_buckets = p->strategy->n_buckets[street];
    hb_vec *row = NULL;
    int rc;

    if (!has_table(p, street))
        return HB_OK;
    if ((rc = hb_mem_new(&l->table, st->n_groups, sizeof *l->table, "strategies", e)) != HB_OK ||
        (rc = new_vectors(p, (size_t)table_vectors(p, street), 1, &row, e)) != HB_OK)
        return rc;
    for (uint32_t g = 0; g < st->n_groups; g++) {
        const struct hb_lanes_shape *s = &st->shape[st->group[g].shape];

        l->table[g] = row;
        for (uint32_t bucket = 0; bucket < n_buckets; bucket++, row += s->n_edges)
            read_row(p, &st->group[g], s, bucket, row);
    }
    return HB_OK;
}

static int start_street(struct hb_public *p, int street, struct hb_err *e)
{
    struct level *l = &p->level[street];
    size_t n_hands = (size_t)p->hands.n;
    size_t n_vectors = 2 * (size_t)lanes_of(p, street)->n_groups;
    int rc;

    if ((rc = new_vectors(p, n_vectors, n_hands, &l->reach, e)) != HB_OK ||
        (rc = new_vectors(p, n_vectors, n_hands, &l->value, e)) != HB_OK ||
        (rc = new_vectors(p, l->n_blocks, n_hands, &l->allin_reach, e)) != HB_OK ||
        (rc = new_vectors(p, l->n_blocks, n_hands, &l->allin_value, e)) != HB_OK)
        return rc;
    return read_table(p, street, e);
}

/* Scratch memory, and the sums of the units' results. */
static int start_shared(struct hb_public *p, struct hb_err *e)
{
    size_t n_hands = (size_t)p->hands.n;
    size_t n_entries = p->last > 0 ? lanes_of(p, 1)->n_entries : 0;
    size_t most_edges = 1;
    size_t most_actions = 1;
    int rc;

    for (int s = 0; s <= p->last; s++)
        for (uint32_t i = 0; i < lanes_of(p, s)->n_shapes; i++) {
            const struct hb_lanes_shape *shape = &lanes_of(p, s)->shape[i];

            most_edges = shape->n_edges > most_edges ? shape->n_edges : most_edges;
            for (uint32_t k = 0; k < shape->n_steps; k++)
                if (shape->step[k].n_actions > most_actions)
                    most_actions = shape->step[k].n_actions;
        }
    p->n_stack = stack_vectors(p) * n_hands;
    if ((rc = new_vectors(p, stack_vectors(p), n_hands, &p->stack, e)) != HB_OK ||
        (rc = new_vectors(p, n_hands, most_edges, &p->rows, e)) != HB_OK ||
        (rc = hb_mem_new(&p->prob, most_actions, sizeof *p->prob, "strategies", e)) != HB_OK ||
        (rc = hb_mem_new(&p->final_board, BOARDS_AT_ONCE, sizeof *p->final_board, "boards", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&p->sum_entry, n_entries * 2 * p->n_classes, sizeof *p->sum_entry, "sums",
                         e)) != HB_OK)
        return rc;
    return hb_mem_new(&p->sum_allin, (size_t)lanes_of(p, 0)->n_allins * 2 * p->n_classes,
                      sizeof *p->sum_allin, "sums", e);
}

int hb_public_start(struct hb_public *p, struct hb_err *e)
{
    int rc = start_shared(p, e);

    for (int s = 0; s <= p->last && rc == HB_OK; s++)
        rc = start_street(p, s, e);
    if (rc != HB_OK)
        return rc;
    for (int seat = 0; seat < 2; seat++)
        for (int h = 0; h < p->hands.n; h++)
            entry_vector(p, p->level[0].reach, 0, seat)[h][0] = 1;
    find_rows(p, 0, &p->level[0].board);
    if (p->last > 0)
        walk_group(p, 0, 0, &p->level[0].board, true, 0, 0);
    return HB_OK;
}
