#include "abstraction/cache.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"

#define DAMAGED   "a cached stage is damaged and computed again"
#define SUFFIX    ".hbs"
#define PATH_ROOM (HB_CACHE_PATH_MAX + 96)
#define TRIES     8

static void tell(const struct hb_cache *c, const char *what, const char *why)
{
    char line[2 * HB_ERR_MSG_MAX];

    if (c->say == NULL)
        return;
    (void)snprintf(line, sizeof line, "%s: %s", what, why); /* cut when it is very long */
    c->say(c->ctx, line);
}

/* ---- the folder ---- */

/* NAME.hbs.tmp.PID of a process that is no more. */
static bool is_leftover(const char *name)
{
    const char *tmp = strstr(name, SUFFIX ".tmp.");
    char *end = NULL;
    long pid;

    if (tmp == NULL)
        return false;
    pid = strtol(tmp + strlen(SUFFIX ".tmp."), &end, 10);
    return *end == '\0' && pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* Best effort: what cannot be removed is in nobody's way. */
static void sweep(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    char path[PATH_ROOM + 256];

    while (d != NULL && (entry = readdir(d)) != NULL)
        if (is_leftover(entry->d_name) &&
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) < (int)sizeof path)
            (void)unlink(path); /* see above */
    if (d != NULL)
        (void)closedir(d); /* read only */
}

int hb_cache_init(struct hb_cache *c, const char *dir, void (*say)(void *ctx, const char *line),
                  void *ctx, struct hb_err *e)
{
    struct stat st;

    *c = (struct hb_cache){.say = say, .ctx = ctx};
    if (strlen(dir) >= sizeof c->dir)
        return hb_fail(e, HB_ECREATE, "the path of the cache is too long");
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        return hb_fail(e, HB_ECREATE, "'%s' is not a folder: a cache cannot be made there", dir);
    memcpy(c->dir, dir, strlen(dir) + 1);
    sweep(c->dir);
    return HB_OK;
}

/* The file of a stage; false when nothing is to be kept. */
static bool name_file(struct hb_cache *c, const char *name, const struct hb_buf *key, char file[64],
                      char path[PATH_ROOM])
{
    struct hb_hash hash;
    char hex[HB_HASH_HEX];

    if (c == NULL || c->dir[0] == '\0' || key->failed)
        return false;
    hb_hash_of(key->data, key->len, &hash);
    hb_hash_hex(&hash, hex);
    (void)snprintf(file, 64, "%.32s-%.16s" SUFFIX, name, hex); /* fits */
    (void)snprintf(path, PATH_ROOM, "%s/%s", c->dir, file);    /* fits, see hb_cache_init */
    return true;
}

static void remember(struct hb_cache *c, const char *file)
{
    for (int i = 0; i < c->n_used; i++)
        if (strcmp(c->used[i], file) == 0)
            return;
    if (c->n_used < HB_CACHE_FILES_MAX)
        memcpy(c->used[c->n_used++], file, 64);
}

void hb_cache_mention(struct hb_cache *c, const char *name, const struct hb_buf *key)
{
    char path[PATH_ROOM];
    char file[64];

    if (name_file(c, name, key, file, path))
        remember(c, file);
}

void hb_cache_clear(struct hb_cache *c)
{
    char path[PATH_ROOM];

    for (int i = 0; i < c->n_used; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", c->dir, c->used[i]); /* fits */
        (void)unlink(path); /* another build may have done it already */
    }
    if (c->dir[0] != '\0')
        (void)rmdir(c->dir); /* fails when others have files there, as it should */
    c->n_used = 0;
}

/* ---- reading ---- */

uint64_t hb_cache_part_bytes(struct hb_creader *r, const char *name)
{
    struct hb_section s;

    return hb_creader_section(r, name, &s, NULL) == HB_OK ? s.raw_bytes : 0;
}

const void *hb_cache_part(struct hb_creader *r, const char *name, uint64_t bytes)
{
    struct hb_section s;
    const void *p;

    if (hb_creader_section(r, name, &s, NULL) != HB_OK || s.raw_bytes != bytes ||
        hb_creader_map(r, &s, true, &p, NULL) != HB_OK)
        return NULL;
    return p;
}

void hb_cache_reject(const struct hb_cache *c, const char *name)
{
    char what[64];

    (void)snprintf(what, sizeof what, "'%.32s' contradicts itself", name);
    tell(c, DAMAGED, what);
}

bool hb_cache_below(const uint32_t *p, uint64_t n, uint64_t limit)
{
    uint32_t most = 0;

    for (uint64_t i = 0; i < n; i++)
        most = p[i] > most ? p[i] : most;
    return n == 0 || most < limit;
}

static int open_file(const char *path, const struct hb_buf *key, struct hb_creader **out,
                     struct hb_err *e)
{
    const void *have;
    int rc;

    if ((rc = hb_creader_open(path, HB_CACHE_MAGIC, out, e)) != HB_OK)
        return rc;
    if ((rc = hb_creader_verify(*out, NULL, e)) == HB_OK) {
        have = hb_cache_part(*out, "key", key->len);
        if (have == NULL || memcmp(have, key->data, key->len) != 0)
            rc = hb_fail(e, HB_EIDENTITY, "it is of another build");
    }
    if (rc != HB_OK) {
        hb_creader_free(*out);
        *out = NULL;
    }
    return rc;
}

bool hb_cache_find(struct hb_cache *c, const char *name, const struct hb_buf *key,
                   struct hb_creader **out)
{
    struct hb_err why = {0};
    char path[PATH_ROOM];
    char file[64];
    int rc;

    if (!name_file(c, name, key, file, path) || access(path, F_OK) != 0)
        return false;
    if ((rc = open_file(path, key, out, &why)) == HB_OK) {
        remember(c, file);
        return true;
    }
    if (rc != HB_ENOINPUT) /* gone since: another build was done with it */
        tell(c, DAMAGED, why.msg);
    return false;
}

/* ---- writing ---- */

static int write_parts(int fd, const char *path, const struct hb_cache_part *part, int n_parts,
                       struct hb_err *e)
{
    struct hb_cwriter *w = NULL;
    struct hb_hash root;
    int rc = hb_cwriter_new(fd, path, HB_CACHE_MAGIC, &w, e);

    for (int i = 0; rc == HB_OK && i < n_parts; i++) {
        rc = hb_cwriter_section(w, part[i].name, HB_CODEC_STORED, 0, part[i].bytes, e);
        if (rc == HB_OK)
            rc = hb_cwriter_put(w, part[i].data, (size_t)part[i].bytes, e);
    }
    if (rc == HB_OK)
        rc = hb_cwriter_finish(w, &root, e);
    hb_cwriter_free(w);
    return rc;
}

/* Another build may remove the folder, empty when it is done, just before the file is there. */
static int open_new(const struct hb_cache *c, const char *path, struct hb_atomic *file,
                    struct hb_err *e)
{
    struct hb_err why = {0};
    int rc = HB_OK;

    for (int i = 0; i < TRIES; i++) {
        why = (struct hb_err){0};
        if (mkdir(c->dir, 0777) != 0 && errno != EEXIST)
            return hb_fail_sys(e, HB_ECREATE, "cannot make folder '%s'", c->dir);
        if ((rc = hb_atomic_open(path, file, &why)) == HB_OK || why.sys != ENOENT)
            break;
    }
    return rc == HB_OK ? HB_OK : hb_fail(e, rc, "%s", why.msg);
}

static int store(struct hb_cache *c, const char *path, const struct hb_cache_part *part,
                 int n_parts, struct hb_err *e)
{
    struct hb_atomic file = {0};
    int rc;

    if ((rc = open_new(c, path, &file, e)) != HB_OK)
        return rc;
    if ((rc = write_parts(file.fd, path, part, n_parts, e)) != HB_OK) {
        hb_atomic_abort(&file);
        return rc;
    }
    return hb_atomic_publish(&file, e);
}

void hb_cache_store(struct hb_cache *c, const char *name, const struct hb_buf *key,
                    const struct hb_cache_part *part, int n_parts)
{
    struct hb_cache_part all[HB_CACHE_PARTS_MAX + 1] = {{"key", key->data, key->len}};
    struct hb_err why = {0};
    char path[PATH_ROOM];
    char file[64];

    if (!name_file(c, name, key, file, path) || c->full || n_parts > HB_CACHE_PARTS_MAX)
        return;
    memcpy(all + 1, part, (size_t)n_parts * sizeof *part);
    if (store(c, path, all, n_parts + 1, &why) == HB_OK) {
        remember(c, file);
        return;
    }
    c->full = true;
    (void)rmdir(c->dir); /* made for this file; fails when others are in it, as it should */
    tell(c, "finished stages are not kept any more", why.msg);
}
