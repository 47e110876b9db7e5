/* checkpoint.h - one generation of a table at rest (.hbc). [store]
 *
 * man/hb-checkpoint.5 has the bytes. A container (container.h) with four sections:
 *
 *   meta     run description (hb_spec), generation, iteration, nodes, version of the writer
 *   tree     betting tree image
 *   rows     the table's rows in logical order
 *   content  hash of the rows and content hash, last because they are known last
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_STORE_CHECKPOINT_H
#define HB_STORE_CHECKPOINT_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "game/tree.h"
#include "solver/spec.h"
#include "solver/table.h"
#include "store/container.h"
#include "store/tablefile.h"

#define HB_CHECKPOINT_MAGIC   "HBC1"
#define HB_CHECKPOINT_VERSION 1             /* of section meta */
#define HB_CHECKPOINT_FOLDER  "checkpoints" /* in the folder of a run */
#define HB_CHECKPOINT_LATEST  "latest.hbc"  /* in that one: a link to the newest */

struct hb_checkpoint { /* {0} is closed */
    struct hb_creader *file;
    struct hb_spec spec;
    struct hb_identity id;
    struct hb_tree tree; /* views into tree_image */
    void *tree_image;    /* owned */
    struct hb_layout layout;
    uint32_t *node_row; /* owned; as in hb_table */
    uint64_t generation, iteration, nodes;
    struct hb_hash rows_hash; /* as stored, as is content; hb_checkpoint_content recomputes both */
    struct hb_hash content;
    char writer[32]; /* version of the program that wrote it */
    struct hb_section rows;
};

/* Write a clean table as a checkpoint to fd (a file or a pipe). *content, may be NULL, gets the
 * content hash.
 *   n_processes  that compress and hash chunks (base/pool.h), 0: one a processor; the bytes are the
 *                same for any number
 * Cost: the rows are read once. Errors: HB_EFORMAT: the table is open; HB_EIO; HB_ESYS, HB_ENOMEM. */
int hb_checkpoint_write(const struct hb_table *t, int fd, const char *name, int n_processes,
                        struct hb_hash *content, struct hb_err *e) HB_MUSTUSE;
/* The same to a file, atomically. */
int hb_checkpoint_save(const struct hb_table *t, const char *path, int n_processes,
                       struct hb_hash *content, struct hb_err *e) HB_MUSTUSE;

/* Copy a checkpoint that comes from fd, called `name` in messages, into a file, atomically, after
 * every byte of it was verified; the copy has the same bytes. Errors: those of hb_checkpoint_open
 * and hb_checkpoint_verify, HB_ECREATE. */
int hb_checkpoint_receive(int fd, const char *name, const char *path, struct hb_hash *content,
                          struct hb_err *e) HB_MUSTUSE;

/* The file that `given` means where a checkpoint is read: the folder of a run means its
 * checkpoints/latest.hbc, everything else itself, whether it is there or not. *file is `given` or
 * in `room`. Errors: HB_ENOINPUT: a folder without such a file, or its path is too long. */
int hb_checkpoint_find(const char *given, char room[HB_PATH_MAX], const char **file,
                       struct hb_err *e) HB_MUSTUSE;
/* Open for reading; "-" reads standard input, other paths are those of hb_checkpoint_find. Meta,
 * tree and content are read and verified, rows when they are read. Errors: HB_ENOINPUT, HB_EFORMAT,
 * HB_EVERSION. */
int hb_checkpoint_open(const char *path, struct hb_checkpoint *c, struct hb_err *e) HB_MUSTUSE;
void hb_checkpoint_close(struct hb_checkpoint *c);

/* Read all rows into a table of the same identity (else HB_EIDENTITY naming both sides, and the
 * table is as it was), verified before the table is declared clean at the checkpoint's generation;
 * on any other failure the table is void.
 *   n_processes  that read, verify and decompress chunks, 0: one a processor; more than one only for a
 *                table in memory that forked processes share */
int hb_checkpoint_load(struct hb_checkpoint *c, struct hb_table *t, int n_processes,
                       struct hb_err *e) HB_MUSTUSE;
/* Make a table file that holds the checkpoint, atomically, also in the place of another one.
 *   buckets_path  path to write into its description instead of the checkpoint's, or NULL
 * Errors: those of hb_tablefile_create and hb_checkpoint_load. */
int hb_checkpoint_restore(struct hb_checkpoint *c, const char *path, const char *buckets_path,
                          int n_parts, struct hb_err *e) HB_MUSTUSE;
/* Words [at, at+n) of the rows. Cost: one chunk at most when read forward. */
int hb_checkpoint_words(struct hb_checkpoint *c, uint64_t at, int32_t *out, size_t n,
                        struct hb_err *e) HB_MUSTUSE;
/* Where the row of an information set begins, in words. node and bucket must exist. */
uint64_t hb_checkpoint_row_at(const struct hb_checkpoint *c, uint32_t node, uint32_t bucket);
/* One row, HB_ROW_HEAD + 2n words. HB_EUSAGE when there is no such node or bucket. */
int hb_checkpoint_row(struct hb_checkpoint *c, uint32_t node, uint32_t bucket, int32_t *out,
                      struct hb_err *e) HB_MUSTUSE;
/* Recompute the content hash from the rows and compare it with the stored one (HB_EFORMAT when they
 * differ). out may be NULL. */
int hb_checkpoint_content(struct hb_checkpoint *c, struct hb_hash *out,
                          struct hb_err *e) HB_MUSTUSE;
/* Every byte of the file: each chunk, then the content hash. Errors name the chunk. */
int hb_checkpoint_verify(struct hb_checkpoint *c, struct hb_err *e) HB_MUSTUSE;

#endif
