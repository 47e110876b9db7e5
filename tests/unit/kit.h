/* kit.h - a whole run in one process for the tests and benchmarks of the solver: tree, buckets,
 * table, traversals and merges, without files or pipes. Failures print and exit. */
#ifndef HB_TESTS_KIT_H
#define HB_TESTS_KIT_H

#include <stdint.h>

#include "abstraction/buckets.h"
#include "base/os.h"
#include "solver/cfr.h"
#include "solver/merge.h"
#include "solver/table.h"

#define KIT_PARTS_MAX 8

struct kit {
    struct hb_spec spec;
    struct hb_tree tree;
    struct hb_buckets buckets;
    void *mem;
    struct hb_os_shared shared; /* where a large table lies */
    uint64_t len;
    struct hb_table table;
    struct hb_cfr cfr;
    struct hb_merge merge[KIT_PARTS_MAX];
    int n_parts;
    struct hb_log log;
    uint64_t iteration, nodes, records;
};

/* A path below examples/games without ".game". */
struct hb_rules kit_game(const char *name);
/* Mode none, rounds of 100, no pruning, seed 1. */
struct hb_params kit_params(enum hb_discount discount, uint32_t interval, uint32_t round_cap);
/* Lossless, every size. *p gets the game's unit unless p->unit_shift is not 0. */
void kit_open(struct kit *k, const struct hb_rules *r, const struct hb_params *p, int n_parts);
/* With this abstraction of cards (taken over) and of bets. */
void kit_open_with(struct kit *k, const struct hb_rules *r, const struct hb_betting *b,
                   struct hb_buckets *buckets, const struct hb_params *p, int n_parts);
/* From now on draw as runs of version 1 do. */
void kit_draw_blocks(struct kit *k);
void kit_close(struct kit *k);

/* The round that begins at k->iteration. */
struct hb_round kit_round_now(const struct kit *k);
/* Append the records of a task to k->log. */
void kit_task(struct kit *k, const struct hb_round *round, uint64_t first, uint32_t count);
/* Merge records in `n` bytes through all parts, between begin and end. */
void kit_merge_begin(struct kit *k);
void kit_merge_apply(struct kit *k, const uint8_t *records, size_t n);
void kit_merge_end(struct kit *k);
/* One round, cut into tasks of `task` iterations (0: one task). */
void kit_round(struct kit *k, uint32_t task);
/* Rounds until k->iteration >= iterations. */
void kit_run(struct kit *k, uint64_t iterations);
void kit_hash(const struct kit *k, struct hb_hash *out);

#endif
