#define _XOPEN_SOURCE 700 /* realpath */

#include "abstraction/plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"

#define FILE_MAX (256u << 20)

#define SUFFIX ".so"

/* ---- names and folders ---- */

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    size_t n = strlen(name);

    return n > 0 && n < HB_PLUGIN_NAME_MAX && name[0] != '.' && strspn(name, letters) == n;
}

/* The next folder of a ':'-list into dir[cap]; false at the end. Empty and "." come out as "". */
static bool next_dir(const char **list, char *dir, size_t cap)
{
    const char *at = *list;
    size_t n = strcspn(at, ":");

    if (*at == '\0')
        return false;
    *list = at + n + (at[n] == ':');
    dir[0] = '\0';
    if (n > 0 && n < cap && !(n == 1 && at[0] == '.') && !(n == 2 && memcmp(at, "./", 2) == 0)) {
        memcpy(dir, at, n);
        dir[n] = '\0';
    }
    return true;
}

static bool ends_in_suffix(const char *name)
{
    size_t n = strlen(name);

    return n >= strlen(SUFFIX) && strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* DIR/NAME.so as an absolute path without links; false when there is no such file. */
static bool resolve(const char *dir, const char *name, char out[HB_PLUGIN_PATH_MAX])
{
    char joined[HB_PLUGIN_PATH_MAX];
    char *real;
    int n = snprintf(joined, sizeof joined, "%s%s%s%s", dir, dir[0] ? "/" : "", name,
                     dir[0] ? SUFFIX : "");
    bool ok = false;

    if (n < 0 || (size_t)n >= sizeof joined || (real = realpath(joined, NULL)) == NULL)
        return false;
    if (strlen(real) < HB_PLUGIN_PATH_MAX) {
        memcpy(out, real, strlen(real) + 1);
        ok = true;
    }
    free(real); /* realpath's, not ours */
    return ok;
}

int hb_plugin_find(const char *name, const char *dirs, char *path, struct hb_err *e)
{
    char dir[HB_PLUGIN_PATH_MAX];
    const char *list = dirs;

    if (name[0] == '/') {
        if (!resolve("", name, path))
            return hb_fail_sys(e, HB_EPLUGIN, "cannot load plugin '%s'", name);
        return HB_OK;
    }
    if (!is_name(name) || ends_in_suffix(name))
        return hb_fail(e, HB_EPLUGIN,
                       "plugin '%s' is neither a name nor an absolute path; --plugin-path names a "
                       "folder where NAME" SUFFIX " lies",
                       name);
    while (next_dir(&list, dir, sizeof dir))
        if (dir[0] != '\0' && resolve(dir, name, path))
            return HB_OK;
    return hb_fail(e, HB_EPLUGIN,
                   "no plugin '%s': no file '%s" SUFFIX
                   "' in '%s'; --plugin-path and HB_PLUGIN_PATH name other folders",
                   name, name, dirs);
}

/* ---- checks ---- */

static bool is_label(const char *text, size_t cap)
{
    size_t n = 0;

    while (n < cap && text[n] > ' ' && text[n] < 0x7f)
        n++;
    return n > 0 && n < cap && text[n] == '\0';
}

int hb_plugin_check(const struct hb_abstraction *abs, const char *path, struct hb_err *e)
{
    const char *missing = NULL;

    if (abs == NULL)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' gives no table of functions", path);
    if (abs->size < 2 * sizeof(uint32_t) || abs->abi_major != HB_ABI_MAJOR)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' is made for ABI %u, this hb has %u", path,
                       (unsigned)abs->abi_major, HB_ABI_MAJOR);
    if (!HB_HAS(abs, id))
        missing = "id";
    else if (!HB_HAS(abs, version))
        missing = "version";
    else if (!HB_HAS(abs, create))
        missing = "create";
    else if (!HB_HAS(abs, destroy))
        missing = "destroy";
    else if (HB_HAS(abs, features) && !HB_HAS(abs, vectors))
        missing = "vectors";
    else if (!HB_HAS(abs, features) && !HB_HAS(abs, buckets))
        missing = "buckets";
    else if (!HB_HAS(abs, features) && !HB_HAS(abs, bucket))
        missing = "bucket";
    if (missing != NULL)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' lacks the required member '%s'", path, missing);
    if (abs->flags != 0)
        return hb_fail(e, HB_EPLUGIN, "plugin '%s' has unknown flags %#x", path,
                       (unsigned)abs->flags);
    if (!is_label(abs->id, HB_PLUGIN_NAME_MAX) || !is_label(abs->version, HB_PLUGIN_VERSION_MAX))
        return hb_fail(e, HB_EPLUGIN, "plugin '%s': id or version is empty, too long or not text",
                       path);
    return HB_OK;
}

/* The end of what a 64-bit little-endian ELF file says to have in it: section headers, program
 * headers, segments. 0 for anything else, and for what cannot be read. */
static uint64_t elf_end(int fd)
{
    uint8_t h[64];
    uint8_t segment[56];
    uint64_t end;
    uint64_t at;

    if (pread(fd, h, sizeof h, 0) != (ssize_t)sizeof h ||
        memcmp(h,
               "\x7f"
               "ELF\2\1",
               6) != 0 ||
        hb_get_u16(h + 54) != sizeof segment)
        return 0;
    at = hb_get_u64(h + 32);
    end = hb_get_u64(h + 40) + (uint64_t)hb_get_u16(h + 58) * hb_get_u16(h + 60);
    for (uint32_t i = 0; i < hb_get_u16(h + 56); i++, at += sizeof segment) {
        uint64_t last;

        if (at > INT64_MAX || pread(fd, segment, sizeof segment, (off_t)at) != sizeof segment)
            return UINT64_MAX; /* beyond the file */
        last = hb_get_u64(segment + 8) + hb_get_u64(segment + 32);
        end = last > end ? last : end;
    }
    return end;
}

/* dlopen maps a cut file as it is and dies of it, by SIGBUS; what else is wrong it says itself. */
static int check_whole(const char *path, struct hb_err *e)
{
    off_t len;
    bool whole;
    int fd;

    if (hb_io_open_read(path, &fd, NULL) != HB_OK)
        return HB_OK; /* dlopen says why */
    len = lseek(fd, 0, SEEK_END);
    whole = len < 0 || elf_end(fd) <= (uint64_t)len;
    (void)close(fd); /* nothing was written */
    if (whole)
        return HB_OK;
    return hb_fail(e, HB_EPLUGIN, "cannot load plugin '%s': the file is cut short or damaged",
                   path);
}

static int load_path(struct hb_plugin *p, struct hb_err *e)
{
    void *so;
    void *symbol;
    hb_plugin_entry entry;
    int rc;

    if ((rc = check_whole(p->path, e)) != HB_OK)
        return rc;
    so = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
    if (so == NULL) {
        const char *why = dlerror();

        return hb_fail(e, HB_EPLUGIN, "cannot load plugin '%s': %s", p->path,
                       why != NULL ? why : "unknown reason");
    }
    symbol = dlsym(so, HB_PLUGIN_SYMBOL);
    if (symbol == NULL)
        return hb_fail(e, HB_EPLUGIN, "'%s' is no plugin: it has no symbol '%s'", p->path,
                       HB_PLUGIN_SYMBOL);
    /* ISO C has no cast from object to function pointer; POSIX promises equal representation. */
    _Static_assert(sizeof entry == sizeof symbol, "function pointers are plain pointers");
    memcpy(&entry, &symbol, sizeof entry);
    p->abs = entry();
    return hb_plugin_check(p->abs, p->path, e);
}

int hb_plugin_load(const char *name, const char *dirs, struct hb_plugin *out, struct hb_err *e)
{
    struct hb_plugin p = {.abs = NULL};
    int rc;

    if ((rc = hb_plugin_find(name, dirs, p.path, e)) != HB_OK || (rc = load_path(&p, e)) != HB_OK)
        return rc;
    *out = p;
    return HB_OK;
}

/* ---- listing ---- */

struct names { /* names seen so far, in the order found */
    char (*name)[HB_PLUGIN_NAME_MAX];
    size_t n;
};

static bool has(const struct names *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->name[i], name) == 0)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Append the plugin names of a folder that are not there yet, sorted. */
static int scan(const char *dir, struct names *s, struct hb_err *e)
{
    DIR *d = opendir(dir);
    size_t first = s->n;
    int rc = HB_OK;

    if (d == NULL)
        return HB_OK; /* one of several places to look */
    for (const struct dirent *f; rc == HB_OK && (f = readdir(d)) != NULL;) {
        size_t n = strlen(f->d_name);
        char name[HB_PLUGIN_NAME_MAX];

        if (n <= strlen(SUFFIX) || n - strlen(SUFFIX) >= sizeof name ||
            strcmp(f->d_name + n - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        memcpy(name, f->d_name, n - strlen(SUFFIX));
        name[n - strlen(SUFFIX)] = '\0';
        if (!is_name(name) || has(s, name))
            continue;
        if ((rc = hb_mem_grow(&s->name, s->n + 1, sizeof name, "plugin names", e)) == HB_OK)
            memcpy(s->name[s->n++], name, sizeof name);
    }
    (void)closedir(d); /* opened for reading */
    if (s->n > first)
        qsort(s->name + first, s->n - first, sizeof s->name[0], by_name);
    return rc;
}

int hb_plugin_list(const char *dirs, hb_plugin_found found, void *ctx, struct hb_err *e)
{
    struct names s = {NULL, 0};
    char dir[HB_PLUGIN_PATH_MAX];
    const char *list = dirs;
    size_t done = 0;
    int rc = HB_OK;

    while (rc == HB_OK && next_dir(&list, dir, sizeof dir)) {
        if (dir[0] != '\0')
            rc = scan(dir, &s, e);
        for (; rc == HB_OK && done < s.n; done++) {
            struct hb_plugin p = {.abs = NULL};
            struct hb_err why = {0};
            int load = HB_EPLUGIN;

            if (resolve(dir, s.name[done], p.path))
                load = load_path(&p, &why);
            else
                hb_fail_sys(&why, load, "cannot load plugin '%s'", s.name[done]);
            found(ctx, s.name[done], &p, load, &why);
        }
    }
    hb_mem_free(s.name);
    return rc;
}

int hb_plugin_hash(const struct hb_plugin *p, struct hb_hash *out, struct hb_err *e)
{
    struct hb_buf file = {0};
    int rc = hb_io_read_file(p->path, FILE_MAX, &file, e);

    if (rc == HB_OK)
        hb_hash_of(file.data, file.len, out);
    hb_buf_fini(&file);
    return rc;
}

bool hb_plugin_wants_buckets(const struct hb_plugin *p)
{
    return HB_HAS(p->abs, wants) && (p->abs->wants & HB_WANTS_BUCKETS) != 0;
}
