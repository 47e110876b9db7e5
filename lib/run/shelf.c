#include "run/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/checkpoint.h"

#define SUFFIX ".hbc"

static int join(const char *dir, const char *name, char **out, struct hb_err *e)
{
    const size_t n = strlen(dir) + strlen(name) + 2;
    char *path = NULL;
    int rc = hb_mem_new(&path, n, 1, "a path", e);

    if (rc != HB_OK)
        return rc;
    (void)snprintf(path, n, "%s/%s", dir, name); /* fits */
    *out = path;
    return HB_OK;
}

/* ---- look ---- */

static bool is_checkpoint_name(const char *name)
{
    const size_t n = strlen(name);

    return n > strlen(SUFFIX) && strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0;
}

static int keep_why(struct hb_shelf_entry *x, const struct hb_err *why, struct hb_err *e)
{
    const size_t n = strlen(why->msg) + 1;
    int rc = hb_mem_new(&x->why, n, 1, "a message", e);

    if (rc == HB_OK)
        memcpy(x->why, why->msg, n);
    return rc;
}

/* Errors: only out of memory. */
static int look_at(struct hb_shelf_entry *x, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    struct hb_err why = {0};

    x->rc = hb_checkpoint_open(x->path, &c, &why);
    if (x->rc == HB_ENOMEM) {
        if (e != NULL)
            *e = why;
        return x->rc;
    }
    if (x->rc != HB_OK)
        return keep_why(x, &why, e);
    x->generation = c.generation;
    x->iteration = c.iteration;
    x->seed = c.id.seed;
    x->run = c.id.run;
    x->content = c.content;
    memcpy(x->game, c.spec.game_name, sizeof x->game);
    hb_checkpoint_close(&c);
    return HB_OK;
}

/* Add DIR/NAME when it is a regular file; links, latest.hbc among them, are none. */
static int add_entry(struct hb_shelf *s, const char *dir, const char *name, struct hb_err *e)
{
    struct hb_shelf_entry x = {0};
    struct stat st;
    int rc;

    if ((rc = join(dir, name, &x.path, e)) != HB_OK)
        return rc;
    x.name = x.path + strlen(dir) + 1;
    if (lstat(x.path, &st) != 0 || !S_ISREG(st.st_mode)) {
        hb_mem_free(x.path);
        return HB_OK;
    }
    x.bytes = (uint64_t)st.st_size;
    if ((rc = look_at(&x, e)) == HB_OK)
        rc = hb_mem_grow(&s->entry, s->n + 1, sizeof *s->entry, "checkpoints", e);
    if (rc != HB_OK) {
        hb_mem_free(x.path);
        hb_mem_free(x.why);
        return rc;
    }
    s->entry[s->n++] = x;
    return HB_OK;
}

static int by_iteration(const void *a, const void *b)
{
    const struct hb_shelf_entry *x = a;
    const struct hb_shelf_entry *y = b;

    if ((x->rc == HB_OK) != (y->rc == HB_OK))
        return x->rc == HB_OK ? -1 : 1;
    if (x->iteration != y->iteration)
        return x->iteration < y->iteration ? -1 : 1;
    return strcmp(x->name, y->name);
}

int hb_shelf_open(const char *dir, struct hb_shelf *s, struct hb_err *e)
{
    DIR *d = opendir(dir);
    const struct dirent *x;
    int rc = HB_OK;

    memset(s, 0, sizeof *s);
    if (d == NULL)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open folder '%s'", dir);
    while (rc == HB_OK && (x = readdir(d)) != NULL)
        if (is_checkpoint_name(x->d_name))
            rc = add_entry(s, dir, x->d_name, e);
    (void)closedir(d); /* only read */
    if (rc != HB_OK)
        hb_shelf_close(s);
    else if (s->n > 1)
        qsort(s->entry, s->n, sizeof *s->entry, by_iteration);
    return rc;
}

void hb_shelf_close(struct hb_shelf *s)
{
    for (size_t i = 0; i < s->n; i++) {
        hb_mem_free(s->entry[i].path);
        hb_mem_free(s->entry[i].why);
    }
    hb_mem_free(s->entry);
    memset(s, 0, sizeof *s);
}

/* ---- the good ones ---- */

static size_t n_opened(const struct hb_shelf *s)
{
    size_t n = 0;

    while (n < s->n && s->entry[n].rc == HB_OK)
        n++;
    return n;
}

static void tell(hb_shelf_note note, void *ctx, const char *path, const char *what, const char *why)
{
    if (note != NULL)
        note(ctx, path, what, why);
}

static void tell_damaged(const struct hb_shelf *s, hb_shelf_note note, void *ctx)
{
    for (size_t i = n_opened(s); i < s->n; i++)
        tell(note, ctx, s->entry[i].path, "damaged", s->entry[i].why);
}

/* Whether every byte of it is good; what is wrong is noted. */
static bool is_good(const struct hb_shelf_entry *x, hb_shelf_note note, void *ctx)
{
    struct hb_checkpoint c = {0};
    struct hb_err why = {0};
    int rc = hb_checkpoint_open(x->path, &c, &why);

    if (rc == HB_OK)
        rc = hb_checkpoint_verify(&c, &why);
    hb_checkpoint_close(&c);
    if (rc != HB_OK)
        tell(note, ctx, x->path, "damaged", why.msg);
    return rc == HB_OK;
}

int hb_shelf_newest(const char *dir, char *path, size_t cap, hb_shelf_note note, void *ctx,
                    struct hb_err *e)
{
    struct hb_shelf s;
    size_t i;
    int rc = hb_shelf_open(dir, &s, e);

    if (rc != HB_OK)
        return rc;
    tell_damaged(&s, note, ctx);
    i = n_opened(&s);
    while (i > 0 && !is_good(&s.entry[i - 1], note, ctx))
        i--;
    if (i == 0)
        rc = hb_fail(e, HB_ENOINPUT, "there is no good checkpoint in '%s'", dir);
    else if (strlen(s.entry[i - 1].path) >= cap)
        rc = hb_fail(e, HB_ENOINPUT, "the path of '%s' is too long", s.entry[i - 1].path);
    else
        memcpy(path, s.entry[i - 1].path, strlen(s.entry[i - 1].path) + 1);
    hb_shelf_close(&s);
    return rc;
}

/* ---- latest.hbc ---- */

int hb_shelf_set_latest(const char *dir, const char *name, struct hb_err *e)
{
    char tmp_name[64];
    char *link = NULL;
    char *tmp = NULL;
    int rc;

    (void)snprintf(tmp_name, sizeof tmp_name, HB_SHELF_LATEST ".tmp.%ld",
                   (long)getpid()); /* fits */
    if ((rc = join(dir, HB_SHELF_LATEST, &link, e)) != HB_OK ||
        (rc = join(dir, tmp_name, &tmp, e)) != HB_OK)
        goto out;
    if ((symlink(name, tmp) != 0 &&
         (errno != EEXIST || unlink(tmp) != 0 || symlink(name, tmp) != 0)) ||
        rename(tmp, link) != 0) {
        rc = hb_fail_sys(e, HB_ECREATE, "cannot link '%s'", link);
        (void)unlink(tmp); /* may not be there */
    }
out:
    hb_mem_free(link);
    hb_mem_free(tmp);
    return rc;
}

/* Point an existing link to `name` unless it does already. */
static int mend_latest(const char *dir, const char *name, struct hb_err *e)
{
    char target[HB_PATH_MAX] = "";
    char *link = NULL;
    ssize_t n;
    int rc = join(dir, HB_SHELF_LATEST, &link, e);

    if (rc != HB_OK)
        return rc;
    n = readlink(link, target, sizeof target - 1);
    hb_mem_free(link);
    if (n < 0)
        return HB_OK; /* no link: nobody wants one */
    target[n] = '\0';
    return strcmp(target, name) == 0 ? HB_OK : hb_shelf_set_latest(dir, name, e);
}

/* ---- prune ---- */

static int check_one_run(const struct hb_shelf *s, struct hb_err *e)
{
    const size_t n = n_opened(s);

    for (size_t i = 1; i < n; i++)
        if (!hb_hash_equal(&s->entry[i].run, &s->entry[0].run))
            return hb_fail(e, HB_EIDENTITY,
                           "'%s' and '%s' are of different runs; nothing was removed",
                           s->entry[0].path, s->entry[i].path);
    return HB_OK;
}

/* The newest good one must be on disk under its link before older ones go. */
static int remove_older(const char *dir, const struct hb_shelf *s, size_t oldest_kept,
                        hb_shelf_note note, void *ctx, struct hb_err *e)
{
    for (size_t i = 0; i < oldest_kept; i++) {
        if (unlink(s->entry[i].path) != 0 && errno != ENOENT)
            return hb_fail_sys(e, HB_EIO, "cannot remove '%s' from '%s'", s->entry[i].name, dir);
        tell(note, ctx, s->entry[i].path, "removed", NULL);
    }
    return HB_OK;
}

int hb_shelf_prune(const char *dir, uint64_t keep, hb_shelf_note note, void *ctx, struct hb_err *e)
{
    struct hb_shelf s;
    uint64_t n_good = 0;
    size_t newest = 0;
    size_t i;
    int rc = hb_shelf_open(dir, &s, e);

    if (rc != HB_OK)
        return rc;
    tell_damaged(&s, note, ctx);
    if ((rc = check_one_run(&s, e)) != HB_OK)
        goto out;
    for (i = n_opened(&s); i > 0 && n_good < keep; i--)
        if (is_good(&s.entry[i - 1], note, ctx) && n_good++ == 0)
            newest = i - 1;
    if (n_good == 0)
        goto out;
    if ((rc = mend_latest(dir, s.entry[newest].name, e)) == HB_OK && n_good == keep)
        rc = remove_older(dir, &s, i, note, ctx, e);
out:
    hb_shelf_close(&s);
    return rc;
}
