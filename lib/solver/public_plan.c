/* public_plan.c - the walk over the public tree: what it will cost, and its memory. */
#include "solver/public.h"

#include <assert.h>

#include "base/mem.h"
#include "solver/public_impl.h"

enum {
    TABLE_BYTES = 1 << 28, /* a street's strategy is held in memory up to that */
    ALIGN = 64             /* of vectors, to keep them in one cache line */
};

/* Nanoseconds a hand of a board and HB_LANES lanes, both seats, with registers of 16 bytes;
 * measured with tests/bench/b_public. */
static const double ns_edge = 2.6, ns_fold = 5.3, ns_showdown = 21, ns_copy = 9, ns_board = 12,
                    ns_row = 40;
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
    int n_left = p->n_deck - hb_public_cards_on(p, street);
    int n_new =
        street < p->last ? hb_public_cards_on(p, street + 1) - hb_public_cards_on(p, street) : 0;
    int n_final = hb_public_cards_on(p, p->last) - hb_public_cards_on(p, street);
    bool entries = street < p->last && hb_public_lanes(p, street + 1)->n_entries > 0;
    bool allins = hb_public_lanes(p, street)->n_allins > 0;
    int rc;

    l->next_share = 1 / hb_set_choose(n_left - 4, n_new);
    l->final_share = 1 / hb_set_choose(n_left - 4, n_final);
    l->n_blocks = (2 * hb_public_lanes(p, street)->n_allins + HB_LANES - 1) / HB_LANES;
    if (street > 0) {
        bool both = street + 1 == p->last && allins;

        l->next_cap = entries || both ? (size_t)hb_set_choose(n_left, n_new) : 0;
        l->final_cap = allins && !both ? (size_t)hb_set_choose(n_left, n_final) : 0;
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
    int n_left = p->n_deck - hb_public_cards_on(p, street);
    int n_new;
    size_t n;

    l->n_boards += times;
    if (hb_public_lanes(p, street)->n_allins > 0) {
        int n_final = hb_public_cards_on(p, p->last) - hb_public_cards_on(p, street);

        l->n_runouts +=
            times * (keep->n == 1 ? hb_set_choose(n_left, n_final)
                                  : (double)hb_suits_sets(keep, left, n_final, NULL, 0));
    }
    if (street == p->last || hb_public_lanes(p, street + 1)->n_entries == 0)
        return;
    n_new = hb_public_cards_on(p, street + 1) - hb_public_cards_on(p, street);
    if (keep->n == 1) { /* as many after each of them, whatever they are */
        count_boards(p, street + 1, board, keep, times * hb_set_choose(n_left, n_new));
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

    hb_public_find_orbits(p, &l->keep, l->orbit, l->orbit_size);
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
    p->deck = hb_set_of(card, p->n_deck);
    hb_hands_init(&p->hands, &p->rules->deck);
    hb_suits_all(&p->rules->deck, &p->level[0].keep);
    p->ops = hb_sweep_ops((int)sizeof(hb_vec));
    hb_sweep_order(&p->hands, p->order);
    hb_sweep_board_init(&p->level[0].board, &p->hands, p->last == 0 ? p->order : NULL);
    find_classes(p);
    for (int s = 0; s <= p->last; s++) {
        const struct hb_lanes_street *st = hb_public_lanes(p, s);

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
    p->tree = t;
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
    hb_mem_free(p->sum_check);
    hb_mem_free(p->check);
    hb_mem_free(p->check_set);
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

/* Steps of the streets from..to with their run-outs. */
static double work(const struct hb_public *p, int from, int to)
{
    int n_final = p->n_deck - hb_public_cards_on(p, p->last);
    double ns = 0;

    for (int s = from; s <= to; s++) {
        const struct level *l = &p->level[s];
        double hands = hb_set_choose(p->n_deck - hb_public_cards_on(p, s), 2);
        uint32_t pairs = (l->n_blocks + 1) / 2; /* that run out together */

        ns += l->n_boards * hands * (ns_board + street_cost(p, s));
        ns +=
            l->n_runouts * hb_set_choose(n_final, 2) * (ns_board + (ns_copy + ns_showdown) * pairs);
    }
    return ns / 10;
}

double hb_public_work_of(const struct hb_public *p, uint32_t n_boards)
{
    double later = p->last > 0 ? work(p, 1, p->last) : 0;

    return work(p, 0, 0) + later * n_boards / (double)p->level[0].n_next +
           (p->apart ? hb_public_check_steps(p, n_boards) : 0);
}

double hb_public_work(const struct hb_public *p)
{
    return work(p, 0, p->last);
}

double hb_public_steps_per_s(const struct hb_public *p)
{
    return 1e8 * p->ops->speed;
}

/* ---- start ---- */

int hb_public_vectors(struct hb_public *p, size_t n_vectors, size_t n_each, hb_vec **out,
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
    const struct hb_lanes_street *st = hb_public_lanes(p, street);
    uint32_t n_buckets = p->strategy->n_buckets[street];
    hb_vec *row = NULL;
    int rc;

    if (!has_table(p, street))
        return HB_OK;
    if ((rc = hb_mem_new(&l->table, st->n_groups, sizeof *l->table, "strategies", e)) != HB_OK ||
        (rc = hb_public_vectors(p, (size_t)table_vectors(p, street), 1, &row, e)) != HB_OK)
        return rc;
    for (uint32_t g = 0; g < st->n_groups; g++) {
        const struct hb_lanes_shape *s = &st->shape[st->group[g].shape];

        l->table[g] = row;
        for (uint32_t bucket = 0; bucket < n_buckets; bucket++, row += s->n_edges)
            hb_public_read_row(p, &st->group[g], s, bucket, row);
    }
    return HB_OK;
}

static int start_street(struct hb_public *p, int street, struct hb_err *e)
{
    struct level *l = &p->level[street];
    size_t n_hands = (size_t)p->hands.n;
    size_t n_vectors = 2 * (size_t)hb_public_lanes(p, street)->n_groups;
    int rc;

    if ((rc = hb_public_vectors(p, n_vectors, n_hands, &l->reach, e)) != HB_OK ||
        (rc = hb_public_vectors(p, n_vectors, n_hands, &l->value, e)) != HB_OK ||
        (rc = hb_public_vectors(p, l->n_blocks, n_hands, &l->allin_reach, e)) != HB_OK ||
        (rc = hb_public_vectors(p, l->n_blocks, n_hands, &l->allin_value, e)) != HB_OK)
        return rc;
    return read_table(p, street, e);
}

/* Scratch memory, and the sums of the units' results. */
static int start_shared(struct hb_public *p, struct hb_err *e)
{
    size_t n_hands = (size_t)p->hands.n;
    size_t n_entries = p->last > 0 ? hb_public_lanes(p, 1)->n_entries : 0;
    size_t most_edges = 1;
    size_t most_actions = 1;
    int rc;

    for (int s = 0; s <= p->last; s++)
        for (uint32_t i = 0; i < hb_public_lanes(p, s)->n_shapes; i++) {
            const struct hb_lanes_shape *shape = &hb_public_lanes(p, s)->shape[i];

            most_edges = shape->n_edges > most_edges ? shape->n_edges : most_edges;
            for (uint32_t k = 0; k < shape->n_steps; k++)
                if (shape->step[k].n_actions > most_actions)
                    most_actions = shape->step[k].n_actions;
        }
    p->n_stack = stack_vectors(p) * n_hands;
    if ((rc = hb_public_vectors(p, stack_vectors(p), n_hands, &p->stack, e)) != HB_OK ||
        (rc = hb_public_vectors(p, n_hands, most_edges, &p->rows, e)) != HB_OK ||
        (rc = hb_mem_new(&p->prob, most_actions, sizeof *p->prob, "strategies", e)) != HB_OK ||
        (rc = hb_mem_new(&p->final_board, HB_PUBLIC_BOARDS_AT_ONCE, sizeof *p->final_board,
                         "boards", e)) != HB_OK ||
        (rc = hb_mem_new(&p->sum_entry, n_entries * 2 * p->n_classes, sizeof *p->sum_entry, "sums",
                         e)) != HB_OK)
        return rc;
    return hb_mem_new(&p->sum_allin, (size_t)hb_public_lanes(p, 0)->n_allins * 2 * p->n_classes,
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
            hb_public_entry(p, p->level[0].reach, 0, seat)[h][0] = 1;
    hb_public_find_rows(p, 0, &p->level[0].board);
    if (p->last > 0)
        hb_public_first_down(p);
    return HB_OK;
}
