/* shelf.h - a folder of checkpoints: what is there, which one is the newest good one, what may go.
 * The only lister of checkpoints: hb-ckpt looks at every *.hbc, a run at those that hb-train named.
 * [run]
 *
 * `latest.hbc` is a symbolic link to the newest; it is no entry of its own. Threads: main thread.
 */
#ifndef HB_RUN_SHELF_H
#define HB_RUN_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "solver/spec.h"
#include "store/checkpoint.h"

struct hb_shelf_entry {
    char *path; /* owned: DIR/NAME */
    const char *name;
    uint64_t bytes;
    int rc; /* HB_OK, or why the checkpoint does not open; then only name, bytes and why are set */
    uint64_t generation, iteration, seed;
    struct hb_hash run, content; /* as stored */
    char game[HB_NAME_MAX];
    char *why; /* owned; NULL when rc is HB_OK */
};

struct hb_shelf {                 /* {0} is closed */
    struct hb_shelf_entry *entry; /* by iteration, then name; those that do not open come last */
    size_t n;
};

enum hb_shelf_scope {
    HB_SHELF_ALL, /* every *.hbc, whatever people called it */
    HB_SHELF_RUN /* iter-N.hbc: what hb-train names so is its own, the rest is none of its business */
};

/* Look at the *.hbc of a folder. Headers, trees and hashes are verified, rows are not. Errors:
 * HB_ENOINPUT. A checkpoint that does not open is an entry, not an error. */
int hb_shelf_open(const char *dir, enum hb_shelf_scope scope, struct hb_shelf *s,
                  struct hb_err *e) HB_MUSTUSE;
void hb_shelf_close(struct hb_shelf *s);

/* Where the checkpoints of `dir` lie: in it, or, when it has none of its own, in its folder
 * checkpoints, as in one that hb-train trained in. out gets the folder, which may be empty, and is
 * missing when `dir` is. Errors: HB_EUSAGE: the path is too long. */
int hb_shelf_locate(const char *dir, char out[HB_PATH_MAX], struct hb_err *e) HB_MUSTUSE;

/* DIR/iter-N.hbc, as hb-train names its checkpoints. */
void hb_shelf_name(const char *dir, uint64_t iteration, char out[HB_PATH_MAX]);

/* Told of what happened to a file: "removed", or "damaged" with why. why may be NULL. */
typedef void (*hb_shelf_note)(void *ctx, const char *path, const char *what, const char *why);
/* Use a checkpoint. Data that turn out to be damaged (HB_EFORMAT, HB_EVERSION, HB_EIO) are no end:
 * the next older one is offered. */
typedef int (*hb_shelf_use)(void *ctx, const char *path, struct hb_err *e);

/* Offer the checkpoints that open to `use`, newest first, until it returns HB_OK; path[cap] gets the
 * one taken. So a checkpoint is verified by its use and read once. Damaged ones that are newer are
 * noted. use, note: NULL: every byte is verified; nobody is told. Errors: HB_ENOINPUT: there is no
 * good one (path is ""); what `use` says. */
int hb_shelf_newest(const char *dir, enum hb_shelf_scope scope, hb_shelf_use use,
                    hb_shelf_note note, void *ctx, char *path, size_t cap,
                    struct hb_err *e) HB_MUSTUSE;
/* Let latest.hbc point to a file of the folder, atomically. Errors: HB_ECREATE. */
int hb_shelf_set_latest(const char *dir, const char *name, struct hb_err *e) HB_MUSTUSE;
/* Keep the newest `keep` (>= 1) good checkpoints, remove what is older; while there are fewer good
 * ones nothing is removed, and what does not open never is. latest.hbc, where it exists, points to
 * the newest good one afterwards.
 *   written  name of a checkpoint that the caller wrote and synced: it is good, and those older
 *            than it are taken for good when they open, so that nothing is read back. NULL: a good
 *            one is one whose every byte was verified now.
 * Errors: HB_EIDENTITY: the folder holds checkpoints of different runs; HB_EIO: a file cannot be
 * removed. */
int hb_shelf_prune(const char *dir, enum hb_shelf_scope scope, uint64_t keep, const char *written,
                   hb_shelf_note note, void *ctx, struct hb_err *e) HB_MUSTUSE;

#endif
