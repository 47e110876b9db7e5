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

#define SUFFIX     ".hbc"
#define RUN_PREFIX "iter-"

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

/* Whether a folder, if it is one, has a *.hbc, be it a link. */
static bool has_checkpoint(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *x;
    bool found = false;

    if (d == NULL)
        return false;
    while (!found && (x = readdir(d)) != NULL)
        found = is_checkpoint_name(x->d_name);
    (void)closedir(d); /* only read */
    return found;
}

int hb_shelf_locate(const char *dir, char out[HB_PATH_MAX], struct hb_err *e)
{
    struct stat st;

    if (strlen(dir) + sizeof "/" HB_CHECKPOINT_FOLDER > HB_PATH_MAX)
        return hb_fail(e, HB_EUSAGE, "the path of '%.64s...' is too long", dir);
    (void)snprintf(out, HB_PATH_MAX, "%s/" HB_CHECKPOINT_FOLDER, dir); /* fits */
    if (has_checkpoint(dir) || stat(out, &st) != 0 || !S_ISDIR(st.st_mode))
        (void)snprintf(out, HB_PATH_MAX, "%s", dir); /* fits */
    return HB_OK;
}

void hb_shelf_name(const char *dir, uint64_t iteration, char out[HB_PATH_MAX])
{
    (void)snprintf(out, HB_PATH_MAX, "%.*s/" RUN_PREFIX "%012llu" SUFFIX, HB_PATH_MAX - 40, dir,
                   (unsigned long long)iteration);
}

static bool in_scope(const char *name, enum hb_shelf_scope scope)
{
    const char *digits = name + strlen(RUN_PREFIX);

    if (scope == HB_SHELF_ALL)
        return is_checkpoint_name(name);
    return strncmp(name, RUN_PREFIX, strlen(RUN_PREFIX)) == 0 && *digits >= '0' && *digits <= '9' &&
           strcmp(digits + strspn(digits, "0123456789"), SUFFIX) == 0;
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

int hb_shelf_open(const char *dir, enum hb_shelf_scope scope, struct hb_shelf *s, struct hb_err *e)
{
    DIR *d = opendir(dir);
    const struct dirent *x;
    int rc = HB_OK;

    memset(s, 0, sizeof *s);
    if (d == NULL)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot open folder '%s'", dir);
    while (rc == HB_OK && (x = readdir(d)) != NULL)
        if (in_scope(x->d_name, scope))
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

/* The use of those who only want to know. */
static int verify(void *ctx, const char *path, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    int rc = hb_checkpoint_open(path, &c, e);

    (void)ctx; /* of the notes */
    if (rc == HB_OK)
        rc = hb_checkpoint_verify(&c, e);
    hb_checkpoint_close(&c);
    return rc;
}

static bool is_damage(int rc)
{
    return rc == HB_EFORMAT || rc == HB_EVERSION || rc == HB_EIO;
}

/* Use a checkpoint; damage is noted, and is HB_EFORMAT. */
static int try_use(const struct hb_shelf_entry *x, hb_shelf_use use, hb_shelf_note note, void *ctx,
                   struct hb_err *e)
{
    struct hb_err why = {0};
    int rc = use(ctx, x->path, &why);

    if (is_damage(rc)) {
        tell(note, ctx, x->path, "damaged", why.msg);
        rc = HB_EFORMAT;
    }
    if (rc != HB_OK && e != NULL)
        *e = why;
    return rc;
}

int hb_shelf_newest(const char *dir, enum hb_shelf_scope scope, hb_shelf_use use,
                    hb_shelf_note note, void *ctx, char *path, size_t cap, struct hb_err *e)
{
    struct hb_shelf s;
    size_t i;
    int rc = hb_shelf_open(dir, scope, &s, e);

    path[0] = '\0';
    if (rc != HB_OK)
        return rc;
    tell_damaged(&s, note, ctx);
    rc = HB_EFORMAT;
    for (i = n_opened(&s); i > 0 && rc == HB_EFORMAT; i--)
        rc = try_use(&s.entry[i - 1], use != NULL ? use : verify, note, ctx, e);
    if (rc == HB_EFORMAT)
        rc = hb_fail(e, HB_ENOINPUT, "there is no good checkpoint in '%s'", dir);
    else if (rc == HB_OK && strlen(s.entry[i].path) >= cap)
        rc = hb_fail(e, HB_ENOINPUT, "the path of '%s' is too long", s.entry[i].path);
    else if (rc == HB_OK)
        memcpy(path, s.entry[i].path, strlen(s.entry[i].path) + 1);
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

    (void)snprintf(tmp_name, sizeof tmp_name, HB_CHECKPOINT_LATEST ".tmp.%ld",
                   (long)getpid()); /* fits */
    if ((rc = join(dir, HB_CHECKPOINT_LATEST, &link, e)) != HB_OK ||
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
    int rc = join(dir, HB_CHECKPOINT_LATEST, &link, e);

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

/* Whether an entry that opens counts as good; `written` is that of the caller's own, or NULL. */
static int is_good(const struct hb_shelf_entry *x, const struct hb_shelf_entry *written,
                   hb_shelf_note note, void *ctx, bool *good, struct hb_err *e)
{
    int rc;

    *good = true;
    if (written != NULL && x->iteration <= written->iteration)
        return HB_OK;
    rc = try_use(x, verify, note, ctx, e);
    *good = rc == HB_OK;
    return rc == HB_EFORMAT ? HB_OK : rc;
}

static const struct hb_shelf_entry *find(const struct hb_shelf *s, const char *name)
{
    for (size_t i = 0; name != NULL && i < n_opened(s); i++)
        if (strcmp(s->entry[i].name, name) == 0)
            return &s->entry[i];
    return NULL;
}

int hb_shelf_prune(const char *dir, enum hb_shelf_scope scope, uint64_t keep, const char *written,
                   hb_shelf_note note, void *ctx, struct hb_err *e)
{
    struct hb_shelf s;
    uint64_t n_good = 0;
    size_t newest = 0;
    size_t i;
    int rc = hb_shelf_open(dir, scope, &s, e);

    if (rc != HB_OK)
        return rc;
    tell_damaged(&s, note, ctx);
    if ((rc = check_one_run(&s, e)) != HB_OK)
        goto out;
    for (i = n_opened(&s); i > 0 && n_good < keep; i--) {
        bool good;

        if ((rc = is_good(&s.entry[i - 1], find(&s, written), note, ctx, &good, e)) != HB_OK)
            goto out;
        if (good && n_good++ == 0)
            newest = i - 1;
    }
    if (n_good == 0)
        goto out;
    if ((rc = mend_latest(dir, s.entry[newest].name, e)) == HB_OK && n_good == keep)
        rc = remove_older(dir, &s, i, note, ctx, e);
out:
    hb_shelf_close(&s);
    return rc;
}
