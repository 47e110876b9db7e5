/* plugin.h - find, load and check card abstraction plugins. [abstraction]
 *
 * A plugin stays loaded until the program ends (its code may have left pointers behind).
 *
 * Threads: main thread only. */
#ifndef HB_ABSTRACTION_PLUGIN_H
#define HB_ABSTRACTION_PLUGIN_H

#include <stdbool.h>

#include "abstraction/hb_plugin.h"
#include "base/err.h"
#include "base/hash.h"

#define HB_PLUGIN_PATH_MAX 1024

struct hb_plugin {
    const struct hb_abstraction *abs; /* the plugin's own table; lives as long as the program */
    char path[HB_PLUGIN_PATH_MAX];    /* absolute */
};

/* The file that hb_plugin_load would load, its absolute path without links into
 * path[HB_PLUGIN_PATH_MAX]. Errors: HB_EPLUGIN when there is none. */
int hb_plugin_find(const char *name, const char *dirs, char *path, struct hb_err *e) HB_MUSTUSE;

/* Load a plugin.
 *   name  an absolute path, or NAME (letters, digits, '_', '-', '.', not first a '.') for the first
 *         DIR/NAME.so found
 *   dirs  ':'-separated folders; empty ones and "." are skipped: never the current directory
 * Checks size and ABI major before any other member, then the required members, id and version.
 * Errors: HB_EPLUGIN, with the path and what is wrong with it. */
int hb_plugin_load(const char *name, const char *dirs, struct hb_plugin *out,
                   struct hb_err *e) HB_MUSTUSE;

/* BLAKE2b of the plugin's file: two builds of one version may differ. Errors: HB_ENOINPUT, HB_EIO,
 * HB_ELIMIT above 256 MiB. */
int hb_plugin_hash(const struct hb_plugin *p, struct hb_hash *out, struct hb_err *e) HB_MUSTUSE;

/* Whether it asks for the buckets of later streets, HB_WANTS_BUCKETS. */
bool hb_plugin_wants_buckets(const struct hb_plugin *p);

/* Check a table of functions from wherever it came; `path` names it in messages. */
int hb_plugin_check(const struct hb_abstraction *abs, const char *path,
                    struct hb_err *e) HB_MUSTUSE;

/* One plugin found: rc and why say whether it loads; p is valid when rc is HB_OK, p->path always.
 */
typedef void (*hb_plugin_found)(void *ctx, const char *name, const struct hb_plugin *p, int rc,
                                const struct hb_err *why);

/* Every plugin in the folders, each name once (the first folder wins, as in hb_plugin_load), sorted
 * by name within a folder. Folders that cannot be read are skipped. Errors: HB_ENOMEM. */
int hb_plugin_list(const char *dirs, hb_plugin_found found, void *ctx, struct hb_err *e) HB_MUSTUSE;

#endif
