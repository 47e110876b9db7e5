/* public.h - exact value and best response of large heads-up games with two own cards (hold'em and
 * its relatives on any deck), by a walk over the public tree.                            solver,
 * pure. Vectors over all own hands pass down (probabilities of getting there) and up (values of the
 * best responder, who sees real cards). Boards are dealt round by round, one for all that a
 * renaming of the suits that keeps the earlier rounds makes of it; where no betting lies between,
 * the cards to come are one set. Strategies therefore must not change when suits are renamed, which
 * is so for everything that looks at canonical hands.
 *
 * Renaming: let G be the renamings that keep the board so far. The values after a new card x
 * carried by g are those after x carried by g, so that the sum over the orbit of x is its size
 * times the mean over G of the values after x: children are summed with the weight of their orbit,
 * and the sum is then averaged over the hands that G carries into each other.
 *
 * The walk is cut into units, boards of the first round or a share of the run-outs of all-ins
 * before it. Units may be done anywhere and in any order; their results are added in the order of
 * their numbers, so that the result is the same bits however they were shared out.
 *
 *     hb_public_new -> hb_public_start -> hb_public_unit 0, 1, ... -> hb_public_add ->
 * hb_public_result
 *
 * Threads: an object belongs to one thread; after hb_public_start it may be inherited by processes.
 * Source: Johanson, Waugh, Bowling, Zinkevich, IJCAI 2011 (public tree, sweep, isomorphism). */
#ifndef HB_SOLVER_PUBLIC_H
#define HB_SOLVER_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "game/rules.h"
#include "game/tree.h"
#include "solver/endings.h"
#include "solver/exploit.h"

/* A strategy by buckets. Neither call can fail; the caller asks its own object afterwards. */
struct hb_public_strategy {
    void *ctx;
    uint32_t n_buckets[HB_STREETS]; /* of streets with decisions */
    /* Buckets of n hands beside a board: hand[i] of `hands` into out[i]. */
    void (*buckets)(void *ctx, int street, const uint8_t *board, int n_board,
                    const struct hb_hands *hands, const uint16_t *hand, int n, uint32_t *out);
    /* Probabilities of the node's actions in a bucket. */
    void (*row)(void *ctx, uint32_t node, uint32_t bucket, double *prob);
};

struct hb_public; /* opaque */

/* Two players, two own cards, no board before the first bet. */
bool hb_public_fits(const struct hb_rules *r);

/* Plan a walk: nothing is asked of the strategy yet. Returns owned (hb_public_free). Keeps rules,
 * tree and the strategy, which must outlive it. Errors: HB_ENOMEM; HB_EUSAGE unless it fits. */
int hb_public_new(const struct hb_rules *r, const struct hb_tree *t,
                  const struct hb_public_strategy *s, struct hb_public **out,
                  struct hb_err *e) HB_MUSTUSE;
void hb_public_free(struct hb_public *p);

/* The cost in steps of about 10 ns. Counts all boards, some 0.1 s for hold'em. */
double hb_public_work(const struct hb_public *p);
/* Steps that a process does in a second on this machine, about. */
double hb_public_steps_per_s(const struct hb_public *p);
/* Bytes of vectors and of the strategy in memory, which all processes share. */
uint64_t hb_public_bytes(const struct hb_public *p, int n_processes);
/* Sequences of boards up to renaming that the walk visits on a street. */
double hb_public_boards(const struct hb_public *p, int street);

/* Allocate, read small strategies into memory, walk the first street down. */
int hb_public_start(struct hb_public *p, struct hb_err *e) HB_MUSTUSE;
uint32_t hb_public_units(const struct hb_public *p);
/* Doubles in the result of a unit. */
size_t hb_public_unit_len(const struct hb_public *p, uint32_t unit);
size_t hb_public_unit_len_max(const struct hb_public *p);
void hb_public_unit(struct hb_public *p, uint32_t unit, double *out);
/* Add results, units 0, 1, 2 ... in this order. Sums of doubles: another order, other bits. */
void hb_public_add(struct hb_public *p, uint32_t unit, const double *result);
/* After all of them. */
void hb_public_result(struct hb_public *p, struct hb_exploit *out);
double hb_public_deals(const struct hb_public *p); /* of two hands: what sums are divided by */

/* ---- for evaluations that visit a part of the boards (boardsample.h) ---- */

/* Boards of the second street, up to renaming; 0 when none of it is bet on. */
uint32_t hb_public_first_boards(const struct hb_public *p);
/* How many boards one of them stands for. */
uint32_t hb_public_first_weight(const struct hb_public *p, uint32_t board);
/* Its cards, bit c for card c. */
uint64_t hb_public_first_board(const struct hb_public *p, uint32_t board);
/* Before start: unit i is board i for i < hb_public_first_boards; after them come run-outs. The
 * result of such a unit is [1 + entries * 2 seats * classes]: the profile's value on it for seat 0,
 * then what a best responder's hands get at each entry, all of it weighed with the board, and less
 * what the same would be if nobody bet any more on the board: a difference that varies less. The sum
 * of what was taken off over all boards comes with the run-outs: hb_public_root_base. These results
 * are not added up by hb_public_add. Errors: HB_ENOMEM. */
int hb_public_set_apart(struct hb_public *p, struct hb_err *e) HB_MUSTUSE;
/* The cost of so many of these boards and of all run-outs before them. */
double hb_public_work_of(const struct hb_public *p, uint32_t n_boards);

struct hb_public_root; /* opaque: responders on the first street */

/* After the units of all run-outs were added, of boards none. Returns owned (hb_public_root_free);
 * p can go. Errors: HB_ENOMEM. */
int hb_public_root_new(struct hb_public *p, struct hb_public_root **out,
                       struct hb_err *e) HB_MUSTUSE;
void hb_public_root_free(struct hb_public_root *r);
/* The profile's value for seat 0 without boards: folds and all-ins of the first street. */
double hb_public_root_value(const struct hb_public_root *r);
/* What was taken off the results of boards, summed over all of them: [1 + hb_public_root_len]; all
 * zero unless they are apart. */
const double *hb_public_root_base(const struct hb_public_root *r);
/* Length of a unit's result without its first number: [entries][2 seats][classes of hands]. */
size_t hb_public_root_len(const struct hb_public_root *r);
/* A decision of the first street. */
struct hb_public_spot {
    uint32_t node; /* of the tree */
    int seat;
    uint32_t n_actions;
    /* [n_actions][classes] what an action is worth to the hands of a class, summed over deals that
     * weigh the other's probability to let it come to that; later own decisions are the best ones */
    const double *value;
};
/* All of them, in the order of the tree. Values below an entry are those of `sum`, as above. */
void hb_public_root_spots(struct hb_public_root *r, const double *sum,
                          void (*tell)(void *ctx, const struct hb_public_spot *s), void *ctx);
/* Classes of own hands before any board: which hand stands for one, and for how many. */
uint32_t hb_public_root_classes(const struct hb_public_root *r);
uint32_t hb_public_root_class(const struct hb_public_root *r, uint32_t number, uint8_t own[2]);

/* Best responses of both seats when `sum` is what the entries are worth.
 *   plays  [hb_public_root_len] 1 where the responder's play gets there with the hand, else 0: ties
 *          go to the first action
 *   best   [2] their values; all values here are sums over deals, hb_public_deals */
void hb_public_root_respond(struct hb_public_root *r, const double *sum, uint8_t *plays,
                            double best[2]);

#endif
