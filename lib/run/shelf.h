/* shelf.h - a folder of checkpoints: what is there, which one is the newest good one, what may go.
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

#define HB_SHELF_LATEST "latest.hbc"

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

/* Look at every *.hbc of a folder. Headers, trees and hashes are verified, rows are not. Errors:
 * HB_ENOINPUT. A checkpoint that does not open is an entry, not an error. */
int hb_shelf_open(const char *dir, struct hb_shelf *s, struct hb_err *e) HB_MUSTUSE;
void hb_shelf_close(struct hb_shelf *s);

/* Told of what happened to a file: "removed", or "damaged" with why. why may be NULL. */
typedef void (*hb_shelf_note)(void *ctx, const char *path, const char *what, const char *why);

/* Path of the newest checkpoint whose every byte is good into path[cap]; damaged ones that are
 * newer are noted (note may be NULL). Errors: HB_ENOINPUT: there is none. */
int hb_shelf_newest(const char *dir, char *path, size_t cap, hb_shelf_note note, void *ctx,
                    struct hb_err *e) HB_MUSTUSE;
/* Let latest.hbc point to a file of the folder, atomically. Errors: HB_ECREATE. */
int hb_shelf_set_latest(const char *dir, const char *name, struct hb_err *e) HB_MUSTUSE;
/* Keep the newest `keep` (>= 1) checkpoints whose every byte is good, remove what is older; while
 * there are fewer good ones nothing is removed, and what does not open never is. latest.hbc, where
 * it exists, points to the newest good one afterwards. Errors: HB_EIDENTITY: the folder holds
 * checkpoints of different runs; HB_EIO: a file cannot be removed. */
int hb_shelf_prune(const char *dir, uint64_t keep, hb_shelf_note note, void *ctx,
                   struct hb_err *e) HB_MUSTUSE;

#endif
