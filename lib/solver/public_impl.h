/* public_impl.h - what the files of the walk over the public tree share: its state, and the few
 * functions that one of them has for the others. [solver, private to public*.c] */
#ifndef HB_SOLVER_PUBLIC_IMPL_H
#define HB_SOLVER_PUBLIC_IMPL_H

#include <assert.h>

#include "cards/sets.h"
#include "cards/suits.h"
#include "solver/lanes.h"
#include "solver/public.h"
#include "solver/sweep.h"

enum {
    HB_PUBLIC_BOARDS_AT_ONCE = 48 /* final boards for which a group of lanes stays in the cache */
};

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
    const struct hb_tree *tree;
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
    bool apart;        /* a board of the second street a unit, see hb_public_set_apart; then: */
    hb_vec *checked;   /* [groups of street 1][2 seats] of a board */
    hb_vec *check_pay; /* [groups of street 1] chips that a winner gets */
    struct hb_suits_set *check_set; /* [check_cap] cards to come after a board */
    size_t check_cap;
    double *check;     /* the same, of a board */
    double *sum_check; /* [1 + entries of street 1 * 2 seats * n_classes] */
    hb_vec *stack;     /* of vectors of hands */
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

/* ---- small things ---- */

static inline int hb_public_cards_on(const struct hb_public *p, int street)
{
    return p->rules->deck.n_board[street];
}

static inline struct hb_lanes_street *hb_public_lanes(struct hb_public *p, int street)
{
    return &p->lanes.street[street];
}

/* A vector of hands from the stack. */
static inline hb_vec *hb_public_take(struct hb_public *p)
{
    hb_vec *v = p->stack + p->top;

    p->top += (size_t)p->hands.n;
    assert(p->top <= p->n_stack);
    return v;
}

static inline hb_vec *hb_public_entry(const struct hb_public *p, hb_vec *all, uint32_t group,
                                      int seat)
{
    return all + ((size_t)group * 2 + (size_t)seat) * (size_t)p->hands.n;
}

/* ---- public_plan.c ---- */

/* n_vectors of n_each lanes side by side, zero, on a cache line of their own; owned by p. */
int hb_public_vectors(struct hb_public *p, size_t n_vectors, size_t n_each, hb_vec **out,
                      struct hb_err *e) HB_MUSTUSE;

/* ---- public.c ---- */

/* The board of `from` with new cards. */
void hb_public_extend(const struct hb_public *p, const struct hb_sweep_board *from, uint64_t add,
                      bool ranked, struct hb_sweep_board *out);
/* Average n vectors over the hands that the renamings of a level's board carry into each other. */
void hb_public_average(const struct hb_public *p, const struct level *l, hb_vec *all, size_t n);
/* Sums over classes of hands of the vectors of all entries of the second street, both seats. */
void hb_public_entries(const struct hb_public *p, hb_vec *all, double *out);
/* Hands that the renamings carry into each other. */
void hb_public_find_orbits(const struct hb_public *p, const struct hb_suits *g, uint16_t *orbit,
                           uint16_t *size);
/* Where in the tables, or among the rows read for this board, the hands find their strategy. */
void hb_public_find_rows(const struct hb_public *p, int street, struct hb_sweep_board *b);
/* One row: the probabilities of all edges of a group's part with one bucket. */
void hb_public_read_row(const struct hb_public *p, const struct hb_lanes_group *g,
                        const struct hb_lanes_shape *s, uint32_t bucket, hb_vec *row);
/* The first street down: its reach goes on to the entries of the next and to its all-ins. */
void hb_public_first_down(struct hb_public *p);
/* The first street up, from the values of its all-ins and of the next street's entries.
 *   leaf  NULL, or [leaves][2 seats][n_classes] for what each end of the street is worth */
void hb_public_first_up(struct hb_public *p, double *leaf);
/* Values of the first street's all-ins, from the sums of all units. */
void hb_public_first_allins(struct hb_public *p);

/* ---- public_check.c: what entries of the second street are worth when nobody bets any more ---- */

/* Numbers in a result of it: the value for seat 0, then entries, seats and classes. */
size_t hb_public_check_len(const struct hb_public *p);
/* On a board of the second street, weighed like its unit, into out[hb_public_check_len]; the board
 * is open unless it is a final one. */
void hb_public_check_board(struct hb_public *p, uint32_t board, double *out);
/* On n final boards, all cards of which are to come. */
void hb_public_check_runouts(struct hb_public *p, const struct hb_suits_set *set, size_t n,
                             double *out);
/* Steps of it, for the cost. */
double hb_public_check_steps(const struct hb_public *p, double n_boards);

#endif
