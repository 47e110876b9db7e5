/* view.h - what a strategy does at one decision: gathered once, written as text, JSON or SVG.
 * [run]
 *
 * Rows of a view are classes of hands: one hand      when its cards were given a grid        games
 * with two own cards: pairs on the diagonal, suited above, offsuit below hands         games with
 * one own card: a line for all cards of a rank that play alike buckets       a street with a board
 * when none was given Threads: an object belongs to one thread. */
#ifndef HB_RUN_VIEW_H
#define HB_RUN_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "game/state.h"
#include "run/strategy.h"

#define HB_VIEW_BUCKETS_MAX 20000 /* more are refused: nobody reads them */
#define HB_VIEW_PATH_MAX    2048

enum hb_view_kind { HB_VIEW_ONE, HB_VIEW_GRID, HB_VIEW_HANDS, HB_VIEW_BUCKETS };

struct hb_view_item {
    char hand[24];   /* "AKs", "Kh Ks", "AhKd"; "" for a bucket without a known hand */
    char board[16];  /* buckets: the board that goes with `hand`, else "" */
    int n_hands;     /* hands averaged; 0 when the board leaves none (prob is then all 0) */
    uint32_t bucket; /* HB_TREE_NONE when there are several or none */
    uint64_t visits; /* strategy updates of its information sets */
    double reach;    /* mean probability that the player's own actions lead here; 1 in a view by
                        buckets, where it is not known */
};

struct hb_view_action {
    hb_act act;
    char text[16];  /* as ACPC writes it: "r300" */
    char label[64]; /* for people: "raise to 300, 75% of the pot" */
    bool all_in;
    uint32_t rgb;    /* its colour everywhere */
    double total;    /* mean probability over all hands, each hand alike */
    double arriving; /* the same, hands weighted by reach */
};

struct hb_view { /* {0} is empty */
    enum hb_view_kind kind;
    const struct hb_strategy *strategy; /* borrowed: must outlive the view */
    uint32_t node;
    char path[HB_VIEW_PATH_MAX]; /* actions that lead here, e.g. "r300c/" */
    struct hb_state state;
    int street, seat;
    uint8_t board[HB_BOARD_MAX];
    int n_board;                   /* 0 in a view by buckets */
    struct hb_view_action *action; /* owned */
    int n_actions;
    struct hb_view_item *item; /* owned; a grid has n_ranks x n_ranks, row by row from the top */
    uint32_t n_items;
    double *prob;     /* owned, [n_items][n_actions] */
    double reach;     /* share of all hands that get here by their own actions */
    double top_reach; /* largest reach of an item */
};

/* Gather.
 *   actions  ACPC betting text, "" or NULL for the first decision
 *   board    cards of the node's street, '/' between rounds allowed; NULL when there are none
 *   hand     own cards, or NULL for all
 * Errors: HB_EUSAGE: no such decision (lists what is), wrong or missing board or hand; those of
 * hb_strategy_bucket and hb_strategy_rows. */
int hb_view_new(struct hb_strategy *s, const char *actions, const char *board, const char *hand,
                struct hb_view *v, struct hb_err *e) HB_MUSTUSE;
void hb_view_fini(struct hb_view *v);

/* How much colour the text may have. */
enum hb_view_colour { HB_VIEW_PLAIN, HB_VIEW_256, HB_VIEW_TRUE };
void hb_view_text(const struct hb_view *v, enum hb_view_colour colour, struct hb_buf *out);
/* One object a line; DESIGN "Command line promises". */
void hb_view_json(const struct hb_view *v, struct hb_buf *out);
/* One object in one line, whatever the kind: for one hand that of hb_view_json, else what the items
 * share and an array "hands". id is JSON text that comes first as "id", or NULL. */
void hb_view_json_line(const struct hb_view *v, const char *id, struct hb_buf *out);
/* A whole SVG document. Errors: HB_EUSAGE for a view of more than 200 buckets. */
int hb_view_svg(const struct hb_view *v, struct hb_buf *out, struct hb_err *e) HB_MUSTUSE;

/* Shared by the writers. */
/* "flop" ... of hold'em, also with fewer ranks; else "round 2" ... */
const char *hb_view_street_name(const struct hb_deck *d, int street);
/* "small blind", "button" ...; "" when the seat has no name. */
const char *hb_view_seat_name(const struct hb_rules *r, int seat);
/* "1,234,567" */
const char *hb_view_number(uint64_t n, char out[32]);
/* The action an item takes most often; ties go to the more aggressive. */
int hb_view_mode(const struct hb_view *v, uint32_t item);
/* Whether an item is here so seldom, next to others, that its numbers mean little. */
bool hb_view_far(const struct hb_view *v, uint32_t item);
/* Whether hands differ in how often they get here, so that weighing them makes a difference. */
bool hb_view_weighted(const struct hb_view *v);
/* Whether an item's numbers come from training (always true where visits are not counted). */
bool hb_view_seen(const struct hb_view *v, uint32_t item);

#endif
