/* A build gives the same bytes for any number of processes, whatever was in its cache and whenever
 * it was killed. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include "abstraction/build.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abstraction/cache.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "check.h"

#define PATH_ROOM 512

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

static char dirs[1100];
static char scratch[] = "/tmp/hb-t-build-XXXXXX";
static char out[PATH_ROOM], cache[PATH_ROOM];

/* Four suits, three streets: ehs, emd and ochs have something to do. */
static const struct hb_deck deck = {4, 3, 2, 3, {0, 1, 3}};
static const bool need[HB_STREETS] = {true, true, true, false};

static struct hb_cards_spec spec_of(const char *flop, const char *flop_args)
{
    struct hb_cards_spec s = {{{true, "ehs", "k=4"}, {true, "", ""}, {true, "ochs", "k=6"}}};

    (void)snprintf(s.street[1].plugin, HB_PLUGIN_NAME_MAX, "%s", flop);
    (void)snprintf(s.street[1].args, HB_PLUGIN_ARGS_MAX, "%s", flop_args);
    return s;
}

struct watch {
    int kill_at;         /* the process dies at this call of progress, 1 for the first; 0: never */
    const char *kill_in; /* stage; NULL: none */
    int calls;
    double done;
    char notes[4096];
};

static void on_progress(void *ctx, const struct hb_build_stage *stage, double fraction, double done)
{
    struct watch *w = ctx;

    CHECK(fraction >= 0 && fraction <= 1 && done >= 0 && done <= 1 + 1e-9);
    CHECK(stage->name[0] != '\0' && stage->street >= -1 && stage->street < 3);
    if (++w->calls == w->kill_at || (w->kill_in != NULL && strcmp(stage->name, w->kill_in) == 0))
        (void)kill(getpid(), SIGKILL);
}

static void on_note(void *ctx, const char *line)
{
    struct watch *w = ctx;
    size_t n = strlen(w->notes);

    (void)snprintf(w->notes + n, sizeof w->notes - n, "%s\n", line);
}

static int build_with(const struct hb_cards_spec *s, int n_processes, bool keep, struct watch *w,
                      struct hb_build_report *report, struct hb_err *e)
{
    const struct hb_build_options o = {.plugin_dirs = dirs,
                                       .cache_dir = cache,
                                       .keep_cache = keep,
                                       .n_processes = n_processes,
                                       .progress = on_progress,
                                       .note = on_note,
                                       .ctx = w};

    return hb_buckets_build(&deck, need, s, out, &o, report, e);
}

static struct hb_hash hash_of_file(const char *path)
{
    struct hb_buf file = {0};
    struct hb_hash hash = {{0}};
    struct hb_err e = {0};

    CHECK_OK(hb_io_read_file(path, 1u << 30, &file, &e), e);
    hb_hash_of(file.data, file.len, &hash);
    hb_buf_fini(&file);
    return hash;
}

static struct hb_hash built(const struct hb_cards_spec *s, int n_processes, bool keep,
                            struct watch *w, struct hb_build_report *report)
{
    struct hb_err e = {0};

    (void)unlink(out);
    CHECK_OK(build_with(s, n_processes, keep, w, report, &e), e);
    return hash_of_file(out);
}

/* Calls f with each file of a folder; returns how many there are, -1 when there is no folder. */
static int each_file(const char *dir, void (*f)(const char *path))
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    char path[PATH_ROOM + 300];
    int n = 0;

    if (d == NULL)
        return -1;
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (f != NULL)
            f(path);
    }
    (void)closedir(d);
    return n;
}

static void remove_file(const char *path)
{
    CHECK_EQ(unlink(path), 0);
}

static void clear_cache(void)
{
    if (each_file(cache, remove_file) >= 0)
        CHECK_EQ(rmdir(cache), 0);
}

static int cached_stages(const struct hb_build_report *r)
{
    int n = 0;

    for (int i = 0; i < r->n_stages; i++)
        n += r->stage[i].cached;
    return n;
}

static const struct hb_build_stage *stage_of(const struct hb_build_report *r, int street,
                                             const char *name)
{
    for (int i = 0; i < r->n_stages; i++)
        if (r->stage[i].street == street && strcmp(r->stage[i].name, name) == 0)
            return &r->stage[i];
    return NULL;
}

/* ---- tests ---- */

static void the_bytes_are_those_of_one_process(void)
{
    static const struct {
        const char *plugin, *args;
    } flops[] = {{"emd", "k=9"},
                 {"emd", "k=5,bins=10,restarts=2"},
                 {"ehs", "k=7,power=2"},
                 {"lossless", ""},
                 {"lossless", "recall=perfect"}};

    for (size_t i = 0; i < sizeof flops / sizeof flops[0]; i++) {
        const struct hb_cards_spec s = spec_of(flops[i].plugin, flops[i].args);
        struct hb_hash one = {{0}};

        for (int n = 1; n <= 5; n += n == 1 ? 1 : 3) {
            struct hb_build_report report;
            struct watch w = {0};
            struct hb_hash hash = built(&s, n, false, &w, &report);

            if (n == 1)
                one = hash;
            CHECK(hb_hash_equal(&hash, &one));
            CHECK_EQ(cached_stages(&report), 0);
            CHECK_STR(w.notes, "");
            CHECK_EQ(each_file(cache, NULL), -1); /* nothing is left */
        }
    }
}

/* A build in a process of its own, killed as w says; whether it was. */
static bool killed_build_when(const struct hb_cards_spec *s, int n_processes, struct watch w)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)freopen("/dev/null", "w", stdout); /* a failed check of the copy is the parent's */
        _exit(build_with(s, n_processes, true, &w, NULL, NULL) == HB_OK ? 0 : 1);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        return true;
    CHECK_EQ(WEXITSTATUS(status), 0);
    return false;
}

/* The same at the n-th sign of progress. How many there are depends on which results come together.
 */
static bool killed_build(const struct hb_cards_spec *s, int n_processes, int at)
{
    return killed_build_when(s, n_processes, (struct watch){.kill_at = at});
}

/* Build again after a kill: to the same bytes, with nothing left over; stages that were kept. */
static int goes_on(const struct hb_cards_spec *s, int n_processes, const struct hb_hash *want)
{
    struct hb_build_report report;
    struct watch w = {0};
    struct hb_hash hash = built(s, n_processes, false, &w, &report);

    CHECK(hb_hash_equal(&hash, want));
    CHECK_STR(w.notes, "");
    CHECK_EQ(each_file(cache, NULL), -1);
    return cached_stages(&report);
}

static void a_killed_build_goes_on_where_it_was(void)
{
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct watch w = {0};
    struct hb_hash want = built(&s, 1, false, &w, NULL);

    for (int at = 1; killed_build(&s, at % 3 + 1, at); at += at < 60 ? 1 : 17)
        (void)goes_on(&s, at % 2 + 1, &want); /* as many stages as were done by then */
    clear_cache();                            /* of the one that was not killed */
    CHECK(killed_build_when(&s, 2, (struct watch){.kill_in = "file"}));
    CHECK(goes_on(&s, 2, &want) >= 3); /* the map of each street */
}

/* Killed again and again, one sign of progress later each time: every stage is done once. */
static void each_run_of_a_build_that_is_killed_often_adds_a_stage(void)
{
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct watch w = {0};
    struct hb_hash want = built(&s, 2, false, &w, NULL);
    struct hb_hash hash;
    int at = 1;

    for (; killed_build(&s, 2, at); at++)
        CHECK(at < 1000);
    CHECK(at < w.calls); /* what was done before needs no signs any more */
    hash = hash_of_file(out);
    CHECK(hb_hash_equal(&hash, &want));
    clear_cache();
}

static void flip_in_the_middle(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    char byte = 0;

    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    CHECK_EQ(pread(fd, &byte, 1, st.st_size / 2), 1);
    byte = (char)(byte ^ 4);
    CHECK_EQ(pwrite(fd, &byte, 1, st.st_size / 2), 1);
    (void)close(fd);
}

static void cut_in_half(const char *path)
{
    struct stat st;

    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(truncate(path, st.st_size / 2), 0);
}

static void empty_it(const char *path)
{
    CHECK_EQ(truncate(path, 0), 0);
}

static void a_damaged_cache_is_noticed_and_computed_again(void)
{
    static void (*const damage[])(const char *) = {flip_in_the_middle, cut_in_half, empty_it};
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct watch first = {0};
    struct hb_hash want = built(&s, 2, true, &first, NULL);
    int n_files = each_file(cache, NULL);

    CHECK(n_files >= 6);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct hb_build_report report;
        struct watch w = {0};
        struct hb_hash hash;
        int lines = 0;

        (void)each_file(cache, damage[i]);
        hash = built(&s, 2, true, &w, &report);
        CHECK(hb_hash_equal(&hash, &want));
        CHECK_EQ(cached_stages(&report), 0);
        for (const char *at = w.notes; (at = strchr(at, '\n')) != NULL; at++)
            lines++;
        CHECK_EQ(lines, n_files);
        CHECK(strstr(w.notes, "a cached stage is damaged and computed again: '") != NULL);
        memset(&w, 0, sizeof w);
        hash = built(&s, 2, true, &w, &report); /* all good again */
        CHECK(hb_hash_equal(&hash, &want));
        CHECK_STR(w.notes, "");
        CHECK(cached_stages(&report) >= 3);
    }
    clear_cache();
}

/* Fill the section named `lie.section` of a file with 0xFF, hashes and all made right again. */
static struct {
    const char *section;
    int files;
} lie;

static void let_lie(const char *path)
{
    struct hb_creader *r = NULL;
    struct hb_cwriter *w = NULL;
    struct hb_atomic file = {0};
    struct hb_hash root;
    struct hb_err e = {0};
    struct hb_section s;

    CHECK_OK(hb_creader_open(path, HB_CACHE_MAGIC, &r, &e), e);
    if (hb_creader_section(r, lie.section, &s, NULL) != HB_OK) {
        hb_creader_free(r);
        return;
    }
    lie.files++;
    CHECK_OK(hb_atomic_open(path, &file, &e), e);
    CHECK_OK(hb_cwriter_new(file.fd, path, HB_CACHE_MAGIC, &w, &e), e);
    for (int i = 0; i < hb_creader_n_sections(r); i++) {
        const void *p = NULL;
        void *bytes = NULL;

        hb_creader_section_at(r, i, &s);
        CHECK_OK(hb_creader_map(r, &s, false, &p, &e), e);
        CHECK_OK(hb_mem_new(&bytes, 1, s.raw_bytes, "a section", &e), e);
        memcpy(bytes, p, s.raw_bytes);
        if (strcmp(s.name, lie.section) == 0)
            memset(bytes, 0xFF, s.raw_bytes);
        CHECK_OK(hb_cwriter_section(w, s.name, HB_CODEC_STORED, 0, s.raw_bytes, &e), e);
        CHECK_OK(hb_cwriter_put(w, bytes, s.raw_bytes, &e), e);
        hb_mem_free(bytes);
    }
    CHECK_OK(hb_cwriter_finish(w, &root, &e), e);
    CHECK_OK(hb_atomic_publish(&file, &e), e);
    hb_cwriter_free(w);
    hb_creader_free(r);
}

static void only_vectors_and_clusters(const char *path)
{
    if (strstr(path, "/buckets-") != NULL)
        remove_file(path);
}

/* Hashes are right, numbers are not: out of range where something would be looked up with them. */
static void a_cache_that_lies_is_not_believed(void)
{
    static const char *const sections[] = {"street", "map", "shape", "point", "clusters", "label"};
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct watch first = {0};
    struct hb_hash want = built(&s, 1, true, &first, NULL);

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        struct watch w = {0};
        struct hb_hash hash;

        lie.section = sections[i];
        lie.files = 0;
        if (i >= 2) /* else the maps are found and nothing else is looked at */
            (void)each_file(cache, only_vectors_and_clusters);
        (void)each_file(cache, let_lie);
        CHECK(lie.files > 0);
        hash = built(&s, 2, true, &w, NULL);
        CHECK(hb_hash_equal(&hash, &want));
        CHECK(strstr(w.notes, "contradicts itself") != NULL);
    }
    clear_cache();
}

static void another_stage_under_a_name_is_not_taken_for_it(void)
{
    struct hb_cache c;
    struct hb_err e = {0};
    struct hb_buf key = {0};
    struct hb_creader *r = NULL;
    const struct hb_cache_part part = {"data", "1234", 4};
    struct watch w = {0};
    char from[PATH_ROOM + 100];
    char to[PATH_ROOM + 100];

    CHECK_OK(hb_cache_init(&c, cache, on_note, &w, &e), e);
    hb_buf_str(&key, "one");
    hb_cache_store(&c, "stage", &key, &part, 1);
    CHECK(hb_cache_find(&c, "stage", &key, &r));
    CHECK_EQ(hb_cache_part_bytes(r, "data"), 4);
    CHECK(memcmp(hb_cache_part(r, "data", 4), "1234", 4) == 0);
    CHECK(hb_cache_part(r, "data", 5) == NULL);
    CHECK(hb_cache_part(r, "date", 4) == NULL);
    hb_creader_free(r);
    (void)snprintf(from, sizeof from, "%s/%s", cache, c.used[0]);
    hb_buf_str(&key, "two");
    CHECK(!hb_cache_find(&c, "stage", &key, &r));
    CHECK_STR(w.notes, "");
    hb_cache_store(&c, "stage", &key, &part, 1);
    (void)snprintf(to, sizeof to, "%s/%s", cache, c.used[1]);
    CHECK_EQ(rename(from, to), 0);
    CHECK(!hb_cache_find(&c, "stage", &key, &r));
    CHECK(strstr(w.notes, "it is of another build") != NULL);
    hb_cache_clear(&c);
    CHECK_EQ(each_file(cache, NULL), -1);
    hb_buf_fini(&key);
}

static void a_stage_that_cannot_be_kept_leaves_no_folder(void)
{
    struct hb_cache c;
    struct hb_err e = {0};
    struct hb_buf key = {0};
    const struct hb_cache_part part = {"data", "1234", 4};
    struct watch w = {0};
    struct rlimit was;
    struct rlimit none;

    CHECK_OK(hb_cache_init(&c, cache, on_note, &w, &e), e);
    hb_buf_str(&key, "one");
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &was), 0);
    none = was;
    none.rlim_cur = 0; /* as on a full disk: a file is made and takes no byte */
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    hb_cache_store(&c, "stage", &key, &part, 1);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &was), 0);
    CHECK(strstr(w.notes, "finished stages are not kept any more") != NULL);
    CHECK_EQ(each_file(cache, NULL), -1);
    hb_buf_fini(&key);
}

static void stages_in_common_are_found_and_others_are_not(void)
{
    const struct hb_cards_spec nine = spec_of("emd", "k=9");
    const struct hb_cards_spec five = spec_of("emd", "k=5");
    const struct hb_cards_spec bins = spec_of("emd", "k=5,bins=20");
    struct hb_build_report report;
    struct watch w = {0};
    struct hb_hash alone = built(&five, 1, false, &w, NULL);
    struct hb_hash hash;

    (void)built(&nine, 1, true, &w, NULL);
    hash = built(&five, 1, true, &w, &report);
    CHECK(hb_hash_equal(&hash, &alone));
    CHECK(stage_of(&report, 2, "buckets")->cached);
    CHECK(stage_of(&report, 2, "instance") == NULL); /* nothing was asked */
    CHECK(stage_of(&report, 1, "vectors")->cached);
    CHECK(!stage_of(&report, 1, "clusters")->cached);
    (void)built(&bins, 1, true, &w, &report);
    CHECK(!stage_of(&report, 1, "vectors")->cached);
    clear_cache();
}

static void builds_at_the_same_time_share_a_cache(void)
{
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct watch w = {0};
    struct hb_hash want = built(&s, 1, false, &w, NULL);
    char paths[4][PATH_ROOM];
    pid_t pid[4];

    for (int i = 0; i < 4; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%d.hba", scratch, i);
        if ((pid[i] = fork()) == 0) {
            struct watch mine = {0};

            (void)freopen("/dev/null", "w", stdout);
            memcpy(out, paths[i], sizeof out);
            _exit(build_with(&s, i % 2 + 1, false, &mine, NULL, NULL) == HB_OK &&
                          mine.notes[0] == '\0'
                      ? 0
                      : 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        struct hb_hash hash;
        int status = -1;

        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK_EQ(status, 0);
        hash = hash_of_file(paths[i]);
        CHECK(hb_hash_equal(&hash, &want));
        (void)unlink(paths[i]);
    }
    CHECK_EQ(each_file(cache, NULL), -1);
}

static void a_cache_that_cannot_be_written_is_said_once_and_no_error(void)
{
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    struct hb_build_options o = {.plugin_dirs = dirs, .n_processes = 1, .note = on_note};
    struct watch w = {0};
    struct hb_hash want = built(&s, 1, false, &w, NULL);
    struct hb_hash hash;
    struct hb_err e = {0};

    o.ctx = &w;
    o.cache_dir = "/nonexistent/cache";
    CHECK_OK(hb_buckets_build(&deck, need, &s, out, &o, NULL, &e), e);
    hash = hash_of_file(out);
    CHECK(hb_hash_equal(&hash, &want));
    CHECK(strstr(w.notes, "finished stages are not kept any more: cannot make folder") != NULL);
    CHECK_EQ(strchr(w.notes, '\n') - w.notes + 1, (long)strlen(w.notes));
    o.cache_dir = out; /* a file */
    CHECK_EQ(hb_buckets_build(&deck, need, &s, out, &o, NULL, &e), HB_ECREATE);
}

static void touch(const char *name, long pid, char path[PATH_ROOM + 300])
{
    int fd;

    (void)snprintf(path, PATH_ROOM + 300, "%s/%s.%ld", cache, name, pid);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    CHECK(fd >= 0);
    (void)close(fd);
}

static void what_killed_builds_left_half_written_is_removed(void)
{
    char dead[PATH_ROOM + 300];
    char mine[PATH_ROOM + 300];
    char other[PATH_ROOM + 300];
    struct hb_cache c;
    struct hb_err e = {0};
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(mkdir(cache, 0777), 0);
    touch("vectors-flop-0123456789abcdef.hbs.tmp", (long)pid, dead);
    touch("vectors-flop-0123456789abcdef.hbs.tmp", (long)getpid(), mine);
    touch("precious.tmp", (long)pid, other);
    CHECK_OK(hb_cache_init(&c, cache, NULL, NULL, &e), e);
    CHECK(access(dead, F_OK) != 0);
    CHECK_EQ(access(mine, F_OK), 0);
    CHECK_EQ(access(other, F_OK), 0);
    clear_cache();
}

static void a_plan_has_the_stages_of_the_build(void)
{
    const struct hb_cards_spec s = spec_of("emd", "k=9");
    const struct hb_build_options o = {.plugin_dirs = dirs, .n_processes = 2};
    struct hb_build_report plan;
    struct hb_build_report report;
    struct watch w = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_buckets_plan(&deck, need, &s, &o, &plan, &e), e);
    (void)built(&s, 2, false, &w, &report);
    CHECK_EQ(plan.n_stages, report.n_stages);
    for (int i = 0; i < report.n_stages; i++) {
        const struct hb_build_stage *p =
            stage_of(&plan, report.stage[i].street, report.stage[i].name);

        CHECK(p != NULL);
        CHECK(p == NULL || (p->seconds > 0 && p->bytes > 0));
    }
    CHECK(plan.seconds > 0 && plan.peak_bytes > 0 && plan.disk_bytes > 0);
#ifndef SANITIZED /* shadow memory is in no plan */
    CHECK(report.peak_bytes <= plan.peak_bytes);
#endif
}

/* The river is built first, but before it is the arguments of all streets are looked at. */
static void wrong_arguments_are_refused_before_anything_is_built(void)
{
    static const struct {
        const char *preflop, *flop, *flop_args, *last, *last_args, *say;
    } bad[] = {
        {"k=0", "emd", "k=5", "ochs", "k=6", "preflop: plugin 'hb.ehs' refuses: arguments are"},
        {"k=4", "emd", "k=5,bins=1", "ochs", "k=6", "flop: plugin 'hb.emd' refuses: arguments are"},
        {"k=4", "potential", "k=5,x=1", "emd", "k=6", "flop: plugin 'hb.potential' refuses"},
        {"k=4", "ochs", "k=5", "emd", "k=6",
         "flop: plugin 'hb.ochs' refuses: ochs is for the last"},
        {"k=4", "potential", "k=5", "ehs", "k=6", "plugin 'hb.ehs' makes the buckets of the turn"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hb_cards_spec s = spec_of(bad[i].flop, bad[i].flop_args);
        struct hb_build_report report;
        struct watch w = {0};
        struct hb_err e = {0};

        (void)snprintf(s.street[0].args, HB_PLUGIN_ARGS_MAX, "%s", bad[i].preflop);
        (void)snprintf(s.street[2].plugin, HB_PLUGIN_NAME_MAX, "%s", bad[i].last);
        (void)snprintf(s.street[2].args, HB_PLUGIN_ARGS_MAX, "%s", bad[i].last_args);
        (void)unlink(out);
        CHECK_EQ(build_with(&s, 1, true, &w, &report, &e), HB_EPLUGIN);
        if (strstr(e.msg, bad[i].say) == NULL)
            CHECK_STR(e.msg, bad[i].say);
        CHECK_EQ(w.calls, 0);
        CHECK_EQ(report.n_stages, 0);
        CHECK(access(out, F_OK) != 0);
        CHECK_EQ(each_file(cache, NULL), -1);
    }
}

int main(int argc, char **argv)
{
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;

    (void)signal(SIGPIPE, SIG_IGN);
    if (slash == NULL || mkdtemp(scratch) == NULL)
        return 70;
    *slash = '\0';
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    (void)snprintf(out, sizeof out, "%s/x.hba", scratch);
    (void)snprintf(cache, sizeof cache, "%s/cache", scratch);
    RUN(the_bytes_are_those_of_one_process);
    RUN(a_killed_build_goes_on_where_it_was);
    RUN(each_run_of_a_build_that_is_killed_often_adds_a_stage);
    RUN(a_damaged_cache_is_noticed_and_computed_again);
    RUN(a_cache_that_lies_is_not_believed);
    RUN(a_stage_that_cannot_be_kept_leaves_no_folder);
    RUN(another_stage_under_a_name_is_not_taken_for_it);
    RUN(stages_in_common_are_found_and_others_are_not);
    RUN(builds_at_the_same_time_share_a_cache);
    RUN(a_cache_that_cannot_be_written_is_said_once_and_no_error);
    RUN(what_killed_builds_left_half_written_is_removed);
    RUN(a_plan_has_the_stages_of_the_build);
    RUN(wrong_arguments_are_refused_before_anything_is_built);
    (void)each_file(scratch, remove_file);
    (void)rmdir(scratch);
    return check_done();
}
