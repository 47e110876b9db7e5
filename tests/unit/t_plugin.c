/* The loader finds plugins where it may look and nowhere else, and refuses what is not one. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "abstraction/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char bad_dir[512];  /* tests/plugins of the build folder */
static char good_dir[512]; /* plugins of it */
static char scratch[] = "/tmp/hb-t-plugin-XXXXXX";

static int load(const char *name, const char *dirs, struct hb_err *e)
{
    struct hb_plugin p;

    return hb_plugin_load(name, dirs, &p, e);
}

/* The name is refused with HB_EPLUGIN, and the message has `say` in it. */
static void refuse(const char *name, const char *dirs, const char *say)
{
    struct hb_err e = {0};

    CHECK_EQ(load(name, dirs, &e), HB_EPLUGIN);
    CHECK_EQ(e.rc, HB_EPLUGIN);
    if (strstr(e.msg, say) == NULL) {
        printf("# '%s' lacks '%s'\n", e.msg, say);
        CHECK(0);
    }
}

static void a_plugin_loads_by_name_and_by_absolute_path(void)
{
    char dirs[1100];
    char path[600];
    struct hb_plugin p;
    struct hb_err e = {0};

    (void)snprintf(dirs, sizeof dirs, "/nonexistent::%s", good_dir);
    CHECK_OK(hb_plugin_load("lossless", dirs, &p, &e), e);
    CHECK_STR(p.abs->id, "hb.lossless");
    CHECK_EQ(p.path[0], '/');
    (void)snprintf(path, sizeof path, "%s/ehs.so", good_dir);
    CHECK_OK(hb_plugin_load(path, "", &p, &e), e);
    CHECK_STR(p.abs->id, "hb.ehs");
    CHECK_STR(p.path, path);
}

static void missing_files_and_foreign_names_are_refused(void)
{
    char path[600];

    refuse("nothere", good_dir, "no plugin 'nothere'");
    refuse("/nonexistent/x.so", "", "No such file");
    refuse("../plugins/lossless", good_dir, "neither a name nor an absolute path");
    refuse("./lossless", good_dir, "neither a name nor an absolute path");
    refuse("", good_dir, "neither a name nor an absolute path");
    refuse(".hidden", good_dir, "neither a name nor an absolute path");
    (void)snprintf(path, sizeof path, "%s", bad_dir);
    refuse(path, "", "cannot load plugin"); /* a folder */
}

static void the_current_directory_is_never_searched(void)
{
    char before[512];

    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_EQ(chdir(good_dir), 0);
    refuse("lossless", "", "no plugin");
    refuse("lossless", ".", "no plugin");
    refuse("lossless", "::.:./:", "no plugin");
    refuse("lossless.so", ".", "neither a name nor an absolute path");
    CHECK_EQ(chdir(before), 0);
}

static void what_is_no_plugin_is_refused_with_the_reason(void)
{
    char path[600];
    FILE *f;

    refuse("wrong_abi", bad_dir, "made for ABI 2, this hb has 1");
    refuse("short_table", bad_dir, "lacks the required member 'create'");
    refuse("no_symbol", bad_dir, "has no symbol 'hb_abstraction_v1'");
    refuse("no_table", bad_dir, "gives no table");
    (void)snprintf(path, sizeof path, "%s/text.so", scratch);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("not a shared object\n", f) >= 0 && fclose(f) == 0);
    refuse(path, "", "cannot load plugin");
    CHECK_EQ(unlink(path), 0);
}

/* A copy that was interrupted: a file of this length in place of the whole one. */
static void write_cut(const char *path, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0);
}

static void a_cut_shared_object_is_refused_and_not_run(void)
{
    static uint8_t whole[1u << 20];
    char path[600];
    FILE *f;
    size_t n = 0;

    (void)snprintf(path, sizeof path, "%s/lossless.so", good_dir);
    f = fopen(path, "r");
    CHECK(f != NULL);
    if (f != NULL) {
        n = fread(whole, 1, sizeof whole, f);
        (void)fclose(f); /* nothing was written */
    }
    CHECK(n > 4096 && n < sizeof whole);
    (void)snprintf(path, sizeof path, "%s/cut.so", scratch);
    for (size_t len = 64; len < n; len += len < 4096 ? 509 : n / 37) {
        write_cut(path, whole, len);
        refuse(path, "",
               memcmp(whole,
                      "\x7f"
                      "ELF\2\1",
                      6) == 0
                   ? "cut short"
                   : "cannot load");
    }
    write_cut(path, whole, n - 1);
    refuse(path, "",
           memcmp(whole,
                  "\x7f"
                  "ELF\2\1",
                  6) == 0
               ? "cut short"
               : "cannot load");
    write_cut(path, whole, 0);
    refuse(path, "", "cannot load plugin");
    CHECK_EQ(unlink(path), 0);
}

/* hb_plugin_check on a good table with one thing changed. */
static void each_required_member_is_checked(void)
{
    struct hb_plugin p;
    struct hb_plugin feature;
    struct hb_abstraction t;
    struct hb_err e = {0};
    char longer[HB_PLUGIN_PATH_MAX];

    CHECK_OK(hb_plugin_load("ehs", good_dir, &p, &e), e);
#define CHANGED(change, want)                                                                      \
    do {                                                                                           \
        t = *p.abs;                                                                                \
        change;                                                                                    \
        e = (struct hb_err){0};                                                                    \
        CHECK_EQ(hb_plugin_check(&t, "x.so", &e), HB_EPLUGIN);                                     \
        CHECK(strstr(e.msg, want) != NULL);                                                        \
    } while (0)
    t = *p.abs;
    CHECK_OK(hb_plugin_check(&t, "x.so", &e), e);
    t.size += 64; /* a later minor version has more members */
    CHECK_OK(hb_plugin_check(&t, "x.so", &e), e);
    t.size = (uint32_t)offsetof(struct hb_abstraction, bucket_n); /* the optional ones missing */
    CHECK_OK(hb_plugin_check(&t, "x.so", &e), e);
    CHANGED(t.size = (uint32_t)offsetof(struct hb_abstraction, bucket), "'bucket'");
    CHANGED(t.size = (uint32_t)offsetof(struct hb_abstraction, id), "'id'");
    CHANGED(t.size = 4, "ABI");
    CHANGED(t.abi_major = 0, "ABI 0");
    CHANGED(t.flags = 1, "flags");
    CHANGED(t.id = NULL, "'id'");
    CHANGED(t.version = NULL, "'version'");
    CHANGED(t.create = NULL, "'create'");
    CHANGED(t.destroy = NULL, "'destroy'");
    CHANGED(t.buckets = NULL, "'buckets'");
    CHANGED(t.bucket = NULL, "'bucket'");
    CHECK_OK(hb_plugin_load("emd", good_dir, &feature, &e), e);
    CHANGED((t = *feature.abs, t.vectors = NULL), "'vectors'");
    CHANGED((t = *feature.abs, t.features = NULL), "'buckets'");
    CHANGED((t = *feature.abs, t.size = (uint32_t)offsetof(struct hb_abstraction, vectors)),
            "'vectors'");
    CHANGED(t.id = "", "id or version");
    CHANGED(t.id = "two words", "id or version");
    CHANGED(t.version = "1\n", "id or version");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CHANGED(t.id = longer, "id or version");
#undef CHANGED
}

struct listing {
    int n, n_good;
    char names[512];
};

static void note(void *ctx, const char *name, const struct hb_plugin *p, int rc,
                 const struct hb_err *why)
{
    struct listing *l = ctx;

    l->n++;
    l->n_good += rc == HB_OK && p->abs != NULL;
    CHECK(p->path[0] == '/');
    CHECK((rc == HB_OK) == (why->rc == HB_OK));
    if (strlen(l->names) + strlen(name) + 2 < sizeof l->names)
        (void)snprintf(l->names + strlen(l->names), sizeof l->names - strlen(l->names), "%s ",
                       name);
}

static void listing_names_each_plugin_once_and_in_order(void)
{
    char dirs[1600];
    struct listing l = {0};
    struct hb_err e = {0};

    (void)snprintf(dirs, sizeof dirs, "/nonexistent:.:%s:%s:%s", bad_dir, good_dir, bad_dir);
    CHECK_OK(hb_plugin_list(dirs, note, &l, &e), e);
    CHECK(strncmp(l.names, "features misbehaves no_symbol no_table short_table wrong_abi ehs emd ",
                  69) == 0);
    CHECK(strstr(l.names, "lossless ") != NULL);
    CHECK_EQ(l.n - l.n_good, 4);
}

int main(int argc, char **argv)
{
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;

    if (slash == NULL || mkdtemp(scratch) == NULL) {
        printf("Bail out! where am I?\n");
        return 1;
    }
    *slash = '\0'; /* build/tests */
    (void)snprintf(bad_dir, sizeof bad_dir, "%s/plugins", real);
    *strrchr(real, '/') = '\0';
    (void)snprintf(good_dir, sizeof good_dir, "%s/plugins", real);
    free(real);
    RUN(a_plugin_loads_by_name_and_by_absolute_path);
    RUN(missing_files_and_foreign_names_are_refused);
    RUN(the_current_directory_is_never_searched);
    RUN(what_is_no_plugin_is_refused_with_the_reason);
    RUN(a_cut_shared_object_is_refused_and_not_run);
    RUN(each_required_member_is_checked);
    RUN(listing_names_each_plugin_once_and_in_order);
    (void)rmdir(scratch); /* its files were removed by the tests */
    return check_done();
}
