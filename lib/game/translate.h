/* translate.h - a hand in the real game followed in a betting tree that lacks some bets, and
 * actions of the tree carried back into the real game.                                        game,
 * pure. A bet outside the tree stands for one of its two neighbours by the pseudo-harmonic mapping;
 * sizes are fractions of the pot after the call, each pot in its own game. Threads: plain data.
 * Source: S. Ganzfried, T. Sandholm, "Action Translation in Extensive-Form Games with Large Action
 * Spaces: Axioms, Paradoxes, and the Pseudo-Harmonic Mapping", IJCAI 2013. */
#ifndef HB_GAME_TRANSLATE_H
#define HB_GAME_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "game/rules.h"
#include "game/state.h"
#include "game/tree.h"

/* f(A,B,x) = (B-x)(1+A) / ((B-A)(1+x)): the probability that a bet of x stands for the smaller
 * neighbour A, 0 <= A <= x <= B, A < B, all in fractions of the pot. 1 at A, 0 at B. */
double hb_translate_weight(double a, double b, double x);
/* A raise to `to` at a state, as a fraction of the pot after the call. */
double hb_translate_fraction(const struct hb_rules *r, const struct hb_state *s, int32_t to);

struct hb_follow {            /* a hand being followed */
    uint32_t node;            /* HB_TREE_NONE: the tree's hand is over or it has no such line */
    struct hb_state abstract; /* the tree's hand; its chips may differ from the real one's */
};

void hb_follow_init(const struct hb_rules *r, struct hb_follow *f);

/* Whether the tree has the decision of the real hand's actor; then it is f->node. Players whom the
 * tree still expects to act and who are all-in in the real hand are passed by with a call. It has
 * none when its hand is over or already on a later round (a bet stood for a check or call, or there
 * was no raise left in the tree). */
bool hb_follow_sync(const struct hb_rules *r, const struct hb_tree *t, struct hb_follow *f,
                    const struct hb_state *real);
/* The edge of f->node (0..n_actions-1), after a sync that said true, that a real action stands for.
 *   bits  32 random bits that choose between two neighbours
 * An all-in is an all-in where the tree has one. A raise below the smallest one of the tree stands,
 * with two players, for that or a call (A = 0), with more of them for the smallest; above the
 * largest for the largest; where the tree has none for a call. A call that the tree has not (no
 * limping) stands for the smallest raise, a fold that it has not for a check. */
unsigned hb_follow_edge(const struct hb_rules *r, const struct hb_tree *t,
                        const struct hb_follow *f, const struct hb_state *real, hb_act act,
                        uint32_t bits);
/* Take an edge of f->node. */
void hb_follow_step(const struct hb_rules *r, const struct hb_tree *t, struct hb_follow *f,
                    unsigned edge);
/* The legal action of the real hand that an edge of f->node comes to: the same chips while both
 * hands are alike, else the same fraction of the pot, within what is legal; all-in is all-in; a
 * fold with nothing to call is a check, a raise where none is legal a call. */
hb_act hb_follow_act(const struct hb_rules *r, const struct hb_tree *t, const struct hb_follow *f,
                     const struct hb_state *real, unsigned edge);

#endif
