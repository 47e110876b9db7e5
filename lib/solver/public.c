#include "solver/public.h"

#include <assert.h>
#include <string.h>

#include "solver/public_impl.h"

enum { RUNOUT_UNITS = 256 }; /* shares of the run-outs before the first board */

/* ---- helpers ---- */

/* Hands that the renamings carry into each other. */
void hb_public_find_orbits(const struct hb_public *p, const struct hb_suits *g, uint16_t *orbit,
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

/* Sums over classes of hands of a vector's lane. */
static void to_classes(const struct hb_public *p, const hb_vec *v, uint32_t lane, double *out)
{
    memset(out, 0, p->n_classes * sizeof *out);
    for (int h = 0; h < p->hands.n; h++)
        out[p->class_of[h]] += v[h][lane];
}

/* ---- boards ---- */

void hb_public_extend(const struct hb_public *p, const struct hb_sweep_board *from, uint64_t add,
                      bool ranked, struct hb_sweep_board *out)
{
    memcpy(out->card, from->card, sizeof out->card);
    out->n_card = from->n_card;
    for (; add != 0; add &= add - 1)
        out->card[out->n_card++] = (uint8_t)__builtin_ctzll(add);
    hb_sweep_board_init(out, &p->hands, ranked ? p->order : NULL);
}

/* Where in the tables, or among the rows read for this board, the hands find their strategy. */
void hb_public_find_rows(const struct hb_public *p, int street, struct hb_sweep_board *b)
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
    hb_public_extend(p, &up->board, add, false, &l->board);
    hb_public_find_rows(p, street, &l->board);
    if (l->keep.n > 1)
        hb_public_find_orbits(p, &l->keep, l->orbit, l->orbit_size);
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
    double *leaf;       /* NULL, or what each end is worth is put down: hb_public_first_up */
};

/* One row: the probabilities of all edges of a group's part with one bucket. */
void hb_public_read_row(const struct hb_public *p, const struct hb_lanes_group *g,
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
    const struct hb_lanes_group *g = &hb_public_lanes(p, street)->group[group];
    const struct hb_lanes_shape *s = &hb_public_lanes(p, street)->shape[g->shape];
    uint32_t bucket[HB_HANDS_MAX];

    if (p->level[street].table != NULL)
        return p->level[street].table[group];
    if (s->n_nodes == 0)
        return p->rows;
    p->strategy->buckets(p->strategy->ctx, street, b->card, b->n_card, &p->hands, b->hand, b->n,
                         bucket);
    for (int i = 0; i < b->n; i++)
        hb_public_read_row(p, g, s, bucket[i], p->rows + (size_t)i * s->n_edges);
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
        uint32_t place = hb_public_lanes(p, v->street + 1)->place[number];

        *lane = (int)(place % HB_LANES);
        return hb_public_entry(p, values ? next->value : next->reach, place / HB_LANES, seat);
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

/* Lane 0 of an end's values, for hb_public_first_up. */
static void put_down(const struct visit *v, const struct hb_lanes_step *s, hb_vec *const out[2])
{
    struct hb_public *p = v->p;

    for (size_t seat = 0; seat < 2; seat++) {
        double *to = v->leaf + (2 * (size_t)s->number + seat) * p->n_classes;

        memset(to, 0, p->n_classes * sizeof *to);
        for (int i = 0; i < v->board->n; i++)
            to[p->class_of[v->board->hand[i]]] += out[seat][i][0];
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
        if (v->leaf != NULL)
            put_down(v, s, out);
        return at;
    }
    next[s->player] = hb_public_take(v->p);
    part[0] = hb_public_take(v->p);
    part[1] = hb_public_take(v->p);
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
                       const struct hb_sweep_board *b, bool down, double weight, double scale,
                       double *leaf)
{
    const struct hb_lanes_group *g = &hb_public_lanes(p, street)->group[group];
    struct visit v = {.p = p,
                      .street = street,
                      .group = g,
                      .shape = &hb_public_lanes(p, street)->shape[g->shape],
                      .board = b,
                      .rows = rows_of(p, street, group, b),
                      .down = down,
                      .scale = scale,
                      .leaf = leaf};
    size_t mark = p->top;
    hb_vec *reach[2];
    hb_vec *out[2];

    for (int seat = 0; seat < 2; seat++) {
        reach[seat] = hb_public_take(p);
        out[seat] = hb_public_take(p);
        p->ops->load(b, hb_public_entry(p, p->level[street].reach, group, seat), reach[seat]);
    }
    (void)visit(&v, 0, reach, out); /* where it ends is known */
    for (int seat = 0; seat < 2 && !down; seat++)
        p->ops->store(b, weight, out[seat],
                      hb_public_entry(p, p->level[street].value, group, seat));
    p->top = mark;
}

/* ---- from street to street ---- */

/* All-ins of a street on one final board, two blocks of lanes at a time. */
static void run_out(struct hb_public *p, struct level *l, const struct hb_sweep_board *b,
                    double weight)
{
    const hb_vec one = {1, 1, 1, 1, 1, 1, 1, 1};
    size_t mark = p->top;
    hb_vec *reach[2] = {hb_public_take(p), hb_public_take(p)};
    hb_vec *out[2] = {hb_public_take(p), hb_public_take(p)};
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

    for (size_t from = 0; from < n; from += HB_PUBLIC_BOARDS_AT_ONCE) {
        size_t some = n - from < HB_PUBLIC_BOARDS_AT_ONCE ? n - from : HB_PUBLIC_BOARDS_AT_ONCE;

        for (size_t i = 0; i < some; i++) {
            struct hb_sweep_board *b = &p->final_board[i];

            hb_public_extend(p, &l->board, set[from + i].set, true, b);
            b->weight = share * set[from + i].weight;
            if (entries)
                hb_public_find_rows(p, p->last, b);
            if (allins)
                run_out(p, l, b, b->weight);
        }
        for (uint32_t g = 0; entries && g < hb_public_lanes(p, p->last)->n_groups; g++)
            for (size_t i = 0; i < some; i++)
                walk_group(p, p->last, g, &p->final_board[i], false, p->final_board[i].weight,
                           scale * p->final_board[i].weight, NULL);
    }
}

void hb_public_average(const struct hb_public *p, const struct level *l, hb_vec *all, size_t n)
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
    const struct hb_lanes_street *entries = hb_public_lanes(p, street + 1);
    uint64_t left = p->deck & ~l->board.mask;
    bool both = street + 1 == p->last;
    int n_new = hb_public_cards_on(p, street + 1) - hb_public_cards_on(p, street);
    int n_final = hb_public_cards_on(p, p->last) - hb_public_cards_on(p, street);

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
    hb_public_average(p, l, next->value, 2 * (size_t)entries->n_groups);
    hb_public_average(p, l, l->allin_value, l->n_blocks);
}

/* All groups of a street before the last on the board at hand. */
static void walk_street(struct hb_public *p, int street, double weight, double scale)
{
    const struct hb_sweep_board *b = &p->level[street].board;
    uint32_t n = hb_public_lanes(p, street)->n_groups;

    for (uint32_t g = 0; g < n; g++)
        walk_group(p, street, g, b, true, 0, 0, NULL);
    below(p, street, scale);
    for (uint32_t g = 0; g < n; g++)
        walk_group(p, street, g, b, false, weight, scale, NULL);
}

/* ---- units ---- */

static uint32_t boards_a_unit(const struct hb_public *p)
{
    return p->last == 1 && !p->apart ? HB_PUBLIC_BOARDS_AT_ONCE : 1;
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

uint32_t hb_public_first_boards(const struct hb_public *p)
{
    return (uint32_t)p->level[0].n_next;
}

uint64_t hb_public_first_board(const struct hb_public *p, uint32_t board)
{
    return p->level[0].next[board].set;
}

uint32_t hb_public_first_weight(const struct hb_public *p, uint32_t board)
{
    return p->level[0].next[board].weight;
}

uint32_t hb_public_units(const struct hb_public *p)
{
    return board_units(p) + share_out(p->level[0].n_final, runouts_a_unit(p));
}

size_t hb_public_unit_len(const struct hb_public *p, uint32_t unit)
{
    if (unit < board_units(p))
        return 1 + (size_t)p->lanes.street[1].n_entries * 2 * p->n_classes;
    return (size_t)p->lanes.street[0].n_allins * 2 * p->n_classes +
           (p->apart ? hb_public_check_len(p) : 0);
}

size_t hb_public_unit_len_max(const struct hb_public *p)
{
    size_t a = hb_public_unit_len(p, 0);
    size_t b = hb_public_unit_len(p, UINT32_MAX);

    return a > b ? a : b;
}

static void from_classes(const struct hb_public *p, const double *sum, hb_vec *v, uint32_t lane)
{
    for (int h = 0; h < p->hands.n; h++)
        v[h][lane] = sum[p->class_of[h]] / p->class_size[p->class_of[h]];
}

void hb_public_entries(const struct hb_public *p, hb_vec *all, double *out)
{
    const struct hb_lanes_street *entries = &p->lanes.street[1];

    for (uint32_t i = 0; i < entries->n_entries; i++)
        for (int seat = 0; seat < 2; seat++, out += p->n_classes)
            to_classes(p, hb_public_entry(p, all, entries->place[i] / HB_LANES, seat),
                       entries->place[i] % HB_LANES, out);
}

static void board_unit(struct hb_public *p, uint32_t unit, double *out)
{
    struct level *l = &p->level[0];
    size_t from = (size_t)unit * boards_a_unit(p);
    size_t n = l->n_next - from < boards_a_unit(p) ? l->n_next - from : boards_a_unit(p);

    clear_vectors(p, p->level[1].value, 2 * (size_t)p->lanes.street[1].n_groups);
    p->value = 0;
    if (p->last == 1) {
        final_boards(p, 0, l->next + from, n, l->next_share, false, true, 1);
    } else {
        double weight = l->next_share * l->next[from].weight;

        open_board(p, 1, l->next[from].set);
        walk_street(p, 1, weight, weight);
    }
    *out = p->value;
    hb_public_entries(p, p->level[1].value, out + 1);
}

/* What a board adds beside what checking it down adds, whose sum over all boards is known. */
static void board_apart(struct hb_public *p, uint32_t unit, double *out)
{
    size_t n = hb_public_check_len(p);

    board_unit(p, unit, out);
    hb_public_check_board(p, unit, p->check);
    for (size_t i = 0; i < n; i++)
        out[i] -= p->check[i];
}

static void runout_unit(struct hb_public *p, uint32_t unit, double *out)
{
    struct level *l = &p->level[0];
    size_t each = runouts_a_unit(p);
    size_t from = unit * each;
    size_t n = l->n_final - from < each ? l->n_final - from : each;

    clear_vectors(p, l->allin_value, l->n_blocks);
    final_boards(p, 0, l->final + from, n, l->final_share, true, false, 0);
    for (uint32_t i = 0; i < 2 * hb_public_lanes(p, 0)->n_allins; i++, out += p->n_classes)
        to_classes(p, l->allin_value + (size_t)(i / HB_LANES) * (size_t)p->hands.n, i % HB_LANES,
                   out);
    if (p->apart)
        hb_public_check_runouts(p, l->final + from, n, out);
}

void hb_public_unit(struct hb_public *p, uint32_t unit, double *out)
{
    if (unit < board_units(p) && p->apart)
        board_apart(p, unit, out);
    else if (unit < board_units(p))
        board_unit(p, unit, out);
    else
        runout_unit(p, unit - board_units(p), out);
}

static const double *add_to(double *sum, size_t n, const double *result)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += result[i];
    return result + n;
}

void hb_public_add(struct hb_public *p, uint32_t unit, const double *result)
{
    assert(!p->apart || unit >= board_units(p));
    if (unit < board_units(p)) {
        p->sum_value += *result;
        (void)add_to(p->sum_entry, hb_public_unit_len(p, unit) - 1, result + 1); /* all of it */
        return;
    }
    result = add_to(p->sum_allin, (size_t)p->lanes.street[0].n_allins * 2 * p->n_classes, result);
    if (p->apart)
        (void)add_to(p->sum_check, hb_public_check_len(p), result); /* all of it */
}

/* ---- the first street ---- */

void hb_public_first_down(struct hb_public *p)
{
    walk_group(p, 0, 0, &p->level[0].board, true, 0, 0, NULL);
}

void hb_public_first_up(struct hb_public *p, double *leaf)
{
    struct level *l = &p->level[0];

    clear_vectors(p, l->value, 2);
    walk_group(p, 0, 0, &l->board, false, 1, 1, leaf);
}

void hb_public_first_allins(struct hb_public *p)
{
    for (uint32_t i = 0; i < 2 * hb_public_lanes(p, 0)->n_allins; i++)
        from_classes(p, p->sum_allin + (size_t)i * p->n_classes,
                     p->level[0].allin_value + (size_t)(i / HB_LANES) * (size_t)p->hands.n,
                     i % HB_LANES);
}

/* From the sums of all units. */
static void first_street(struct hb_public *p)
{
    for (uint32_t i = 0; p->last > 0 && i < 2 * hb_public_lanes(p, 1)->n_entries; i++) {
        uint32_t place = hb_public_lanes(p, 1)->place[i / 2];

        from_classes(p, p->sum_entry + (size_t)i * p->n_classes,
                     hb_public_entry(p, p->level[1].value, place / HB_LANES, (int)(i % 2)),
                     place % HB_LANES);
    }
    hb_public_first_allins(p);
    hb_public_first_up(p, NULL);
}

double hb_public_deals(const struct hb_public *p)
{
    return hb_set_choose(p->n_deck, 2) * hb_set_choose(p->n_deck - 2, 2);
}

void hb_public_result(struct hb_public *p, struct hb_exploit *out)
{
    double deals = hb_public_deals(p);

    p->value = p->sum_value;
    first_street(p);
    *out = (struct hb_exploit){.n_players = 2};
    out->value[0] = p->value / deals;
    out->value[1] = -p->value / deals;
    for (int seat = 0; seat < 2; seat++) {
        const hb_vec *v = hb_public_entry(p, p->level[0].value, 0, seat);

        for (int h = 0; h < p->hands.n; h++)
            out->best_response[seat] += v[h][0] / deals;
        out->nashconv += out->best_response[seat] - out->value[seat];
    }
    out->exploitability = out->nashconv / 2;
}
