/* blueprint.h - the average strategy alone, quantised, for playing (.hbp).                 store.
 * man/hb-blueprint.5 has the bytes. A container (container.h) with three sections:
 *
 *   meta      run description (hb_spec), generation, iteration, content hash of the source
 *   tree      betting tree image, stored so that it can be mapped
 *   strategy  16 bits an action, stored so that it can be mapped:
 *             [street][player][bucket][node of that street and player, depth first][action]
 *
 * The numbers of a row sum to HB_BLUEPRINT_ONE exactly and differ from the average strategy by less
 * than 1 / HB_BLUEPRINT_ONE. Regrets and visits are left out.
 * Threads: an object belongs to one thread. */
#ifndef HB_STORE_BLUEPRINT_H
#define HB_STORE_BLUEPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "game/tree.h"
#include "solver/spec.h"
#include "solver/table.h"
#include "store/container.h"

#define HB_BLUEPRINT_MAGIC   "HBP1"
#define HB_BLUEPRINT_VERSION 1 /* of section meta */
#define HB_BLUEPRINT_ONE     65535u

/* Round the average strategy of a row of a table to 16 bits an action: each share of
 * HB_BLUEPRINT_ONE is rounded down, what is left goes one each to the largest remainders, the first
 * action first among equals. A row without positive sums is uniform by the same rule; negative
 * sums, which no run makes, count as none. Integers only: the same on every machine. sum   [n]
 * strategy sums, n in 1..65535 prob  [n] */
void hb_blueprint_quantise(const int32_t *sum, unsigned n, uint16_t *prob);

/* Where a blueprint comes from: a checkpoint or a table. */
struct hb_blueprint_source {
    const struct hb_spec *spec;
    const struct hb_tree *tree;
    const struct hb_layout *layout; /* of the table's rows */
    uint64_t generation, iteration;
    struct hb_hash content; /* content hash */
    /* Words [at, at+n) of the rows; asked for from front to back. */
    int (*words)(void *ctx, uint64_t at, int32_t *out, size_t n, struct hb_err *e);
    void *ctx;
};
/* Write to fd, a file or a pipe, called `name` in messages. Cost: the rows are read once. Errors:
 * those of words, HB_EIO, HB_ENOMEM. */
int hb_blueprint_write(const struct hb_blueprint_source *s, int fd, const char *name,
                       struct hb_err *e) HB_MUSTUSE;
/* The same to a file, atomically. */
int hb_blueprint_save(const struct hb_blueprint_source *s, const char *path,
                      struct hb_err *e) HB_MUSTUSE;

struct hb_blueprint { /* {0} is closed */
    struct hb_spec spec;
    struct hb_tree tree; /* views into the mapping */
    uint64_t generation, iteration;
    struct hb_hash content; /* of the checkpoint or table it was made from */
    char writer[32];        /* version of the program that wrote it */
    /* private */
    struct hb_creader *file;
    struct hb_section strategy;
    const uint8_t *map;
    uint8_t *seen;   /* owned; a bit for each chunk of the strategy: verified */
    uint64_t *begin; /* owned; [n_nodes] where the row of bucket 0 begins, in actions */
    uint64_t stride[HB_STREETS][HB_PLAYERS_MAX]; /* actions of one bucket */
};

/* Whether there is a file of that name that begins like a blueprint; nothing else is looked at. */
bool hb_blueprint_is(const char *path);
/* Map a blueprint. Meta and tree are verified; of the strategy each chunk when a row of it is first
 * read, about 5 ms for its 4 MiB. Errors: HB_ENOINPUT, HB_EFORMAT, HB_EVERSION. */
int hb_blueprint_open(const char *path, struct hb_blueprint *b, struct hb_err *e) HB_MUSTUSE;
void hb_blueprint_close(struct hb_blueprint *b);
/* Verify every byte of the file now. */
int hb_blueprint_verify(struct hb_blueprint *b, struct hb_err *e) HB_MUSTUSE;
/* The strategy of an information set into prob[n_actions of the node]; it sums to HB_BLUEPRINT_ONE.
 * HB_EUSAGE when there is no such node or bucket; HB_EFORMAT when the chunk is damaged. */
int hb_blueprint_row(struct hb_blueprint *b, uint32_t node, uint32_t bucket, uint16_t *prob,
                     struct hb_err *e) HB_MUSTUSE;

#endif
