/* A folder of checkpoints: sorted, the newest good one is found past damaged ones, and pruning
 * never takes the last good one. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/shelf.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "store/checkpoint.h"
#include "tables.h"

static char folder[64];
static char path[256];

struct notes {
    int n_removed, n_damaged;
};

static void count(void *ctx, const char *file, const char *what, const char *why)
{
    struct notes *n = ctx;

    (void)file;
    n->n_removed += strcmp(what, "removed") == 0;
    n->n_damaged += strcmp(what, "damaged") == 0 && why != NULL;
}

static const char *file_of(uint64_t generation)
{
    char name[64];

    (void)snprintf(name, sizeof name, "g%" PRIu64 ".hbc", generation); /* fits */
    return in_folder(folder, name, path);
}

static bool exists(uint64_t generation)
{
    return access(file_of(generation), F_OK) == 0;
}

static void save(const struct small_run *r, uint64_t generation)
{
    struct hb_err e = {0};
    struct hb_table t;
    void *mem = memory_table(r, 1, &t);

    random_rows(&t, generation, generation);
    CHECK_OK(hb_checkpoint_save(&t, file_of(generation), 1, NULL, &e), e);
    hb_mem_free(mem);
}

/* In the middle of the rows of a Leduc checkpoint: it opens, but does not verify. */
static void damage_file(const char *file, off_t at)
{
    uint8_t byte = 0;
    int fd = open(file, O_RDWR | O_CLOEXEC);

    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 1;
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    CHECK_EQ(close(fd), 0);
}

static void damage(uint64_t generation, off_t at)
{
    damage_file(file_of(generation), at);
}

static void clear(void)
{
    static const char *const others[] = {"latest.hbc", "notes.txt", "other.hbc"};

    for (uint64_t i = 0; i < 20; i++)
        (void)unlink(file_of(i)); /* may not be there */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        (void)unlink(in_folder(folder, others[i], path)); /* may not be there */
}

static void link_is(const char *want)
{
    char target[256] = "";

    CHECK(readlink(in_folder(folder, HB_CHECKPOINT_LATEST, path), target, sizeof target - 1) > 0);
    CHECK_STR(target, want);
}

static void entries_are_sorted_and_damaged_ones_come_last(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_shelf s;

    small_run_init(&r, "leduc", 1);
    save(&r, 9);
    save(&r, 2);
    save(&r, 11); /* as text it would stand before 2 */
    save(&r, 1);
    damage(1, 20);
    CHECK_OK(hb_shelf_set_latest(folder, "g11.hbc", &e), e);
    CHECK_OK(hb_atomic_write(in_folder(folder, "notes.txt", path), "x", 1, &e), e);
    CHECK_OK(hb_shelf_open(folder, HB_SHELF_ALL, &s, &e), e);
    CHECK_EQ(s.n, 4);
    if (s.n == 4) {
        CHECK_STR(s.entry[0].name, "g2.hbc");
        CHECK_STR(s.entry[1].name, "g9.hbc");
        CHECK_STR(s.entry[2].name, "g11.hbc");
        CHECK_STR(s.entry[3].name, "g1.hbc");
        CHECK_EQ(s.entry[1].generation, 9);
        CHECK_EQ(s.entry[3].rc, HB_EFORMAT);
        CHECK(s.entry[3].why != NULL && s.entry[0].why == NULL);
        CHECK_STR(s.entry[0].game, "leduc.game");
    }
    hb_shelf_close(&s);
    CHECK_EQ(hb_shelf_open("/no/such/folder", HB_SHELF_ALL, &s, &e), HB_ENOINPUT);
    clear();
    small_run_fini(&r);
}

static void the_newest_good_one_is_found_past_damaged_ones(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct notes n = {0};
    char newest[256] = "";

    small_run_init(&r, "leduc", 1);
    CHECK_EQ(hb_shelf_newest(folder, HB_SHELF_ALL, NULL, NULL, NULL, newest, sizeof newest, &e),
             HB_ENOINPUT);
    for (uint64_t i = 1; i <= 4; i++)
        save(&r, i);
    CHECK_OK(hb_shelf_newest(folder, HB_SHELF_ALL, NULL, NULL, NULL, newest, sizeof newest, &e), e);
    CHECK_STR(newest, file_of(4));
    damage(4, 4000); /* rows */
    damage(3, 20);   /* header */
    CHECK_OK(hb_shelf_newest(folder, HB_SHELF_ALL, NULL, count, &n, newest, sizeof newest, &e), e);
    CHECK_STR(newest, file_of(2));
    CHECK_EQ(n.n_damaged, 2);
    CHECK_EQ(hb_shelf_newest(folder, HB_SHELF_ALL, NULL, NULL, NULL, newest, 5, &e), HB_ENOINPUT);
    clear();
    small_run_fini(&r);
}

static void prune_keeps_the_newest_good_ones(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct notes n = {0};

    small_run_init(&r, "leduc", 1);
    for (uint64_t i = 1; i <= 6; i++)
        save(&r, i);
    CHECK_OK(hb_shelf_set_latest(folder, "g6.hbc", &e), e);
    damage(6, 4000);
    CHECK_OK(hb_shelf_prune(folder, HB_SHELF_ALL, 2, NULL, count, &n, &e), e);
    CHECK(exists(6) && exists(5) && exists(4)); /* what is damaged is not counted */
    CHECK(!exists(3) && !exists(2) && !exists(1));
    CHECK_EQ(n.n_removed, 3);
    CHECK_EQ(n.n_damaged, 1);
    link_is("g5.hbc");
    damage(5, 4000);
    CHECK_OK(hb_shelf_prune(folder, HB_SHELF_ALL, 1, NULL, NULL, NULL, &e), e);
    CHECK(exists(4));
    link_is("g4.hbc");
    damage(4, 4000); /* now none is good: nothing goes, not even the damaged ones */
    CHECK_OK(hb_shelf_prune(folder, HB_SHELF_ALL, 1, NULL, NULL, NULL, &e), e);
    CHECK(exists(4) && exists(5) && exists(6));
    clear();
    small_run_fini(&r);
}

static void prune_makes_no_link_and_mixes_no_runs(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct small_run other;

    small_run_init(&r, "leduc", 1);
    small_run_init(&other, "leduc", 2);
    save(&r, 1);
    save(&r, 2);
    CHECK_OK(hb_shelf_prune(folder, HB_SHELF_ALL, 1, NULL, NULL, NULL, &e), e);
    CHECK(!exists(1) && exists(2));
    CHECK(access(in_folder(folder, HB_CHECKPOINT_LATEST, path), F_OK) != 0);
    save(&other, 5);
    CHECK_EQ(hb_shelf_prune(folder, HB_SHELF_ALL, 1, NULL, NULL, NULL, &e), HB_EIDENTITY);
    CHECK(exists(2) && exists(5));
    clear();
    small_run_fini(&r);
    small_run_fini(&other);
}

/* hb-train prunes what it named itself, and reads nothing back that it wrote. */
static void a_run_prunes_its_own_by_what_it_wrote(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct notes n = {0};
    char name[5][256];

    small_run_init(&r, "leduc", 1);
    for (int i = 0; i < 5; i++) {
        hb_shelf_name(folder, (uint64_t)i + 1, name[i]);
        save(&r, (uint64_t)i + 1);
        CHECK_EQ(rename(file_of((uint64_t)i + 1), name[i]), 0);
    }
    save(&r, 1); /* g1.hbc: somebody keeps a copy */
    damage_file(name[1], 4000);
    damage_file(name[4], 4000); /* newer than what is written: it is not taken for good */
    CHECK_OK(hb_shelf_prune(folder, HB_SHELF_RUN, 1, strrchr(name[3], '/') + 1, count, &n, &e), e);
    CHECK(access(name[4], F_OK) == 0 && access(name[3], F_OK) == 0 && exists(1));
    CHECK(access(name[0], F_OK) != 0 && access(name[1], F_OK) != 0 && access(name[2], F_OK) != 0);
    CHECK_EQ(n.n_removed, 3);
    CHECK_EQ(n.n_damaged, 1);
    (void)unlink(name[3]);
    (void)unlink(name[4]);
    clear();
    small_run_fini(&r);
}

static int refuse_first(void *ctx, const char *file, struct hb_err *e)
{
    int *calls = ctx;

    (void)file;
    return ++*calls == 1 ? hb_fail(e, HB_EFORMAT, "no") : *calls == 2 ? HB_OK : HB_EINTERNAL;
}

static int refuse_all(void *ctx, const char *file, struct hb_err *e)
{
    (void)ctx;
    (void)file;
    return hb_fail(e, HB_EIDENTITY, "not mine");
}

static void the_newest_is_the_one_that_can_be_used(void)
{
    struct hb_err e = {0};
    struct small_run r;
    char newest[256];
    int calls = 0;

    small_run_init(&r, "leduc", 1);
    for (uint64_t i = 1; i <= 3; i++)
        save(&r, i);
    CHECK_OK(hb_shelf_newest(folder, HB_SHELF_ALL, refuse_first, NULL, &calls, newest,
                             sizeof newest, &e),
             e);
    CHECK_STR(newest, file_of(2));
    CHECK_EQ(
        hb_shelf_newest(folder, HB_SHELF_ALL, refuse_all, NULL, NULL, newest, sizeof newest, &e),
        HB_EIDENTITY); /* no damage: an answer */
    CHECK_STR(newest, "");
    CHECK_EQ(hb_shelf_newest(folder, HB_SHELF_RUN, NULL, NULL, NULL, newest, sizeof newest, &e),
             HB_ENOINPUT); /* none has a run's name */
    clear();
    small_run_fini(&r);
}

static void a_folder_is_left_for_checkpoints_when_it_has_none(void)
{
    static char found[HB_PATH_MAX];
    static char sub[256];
    static char longest[HB_PATH_MAX];
    struct hb_err e = {0};
    struct small_run r;

    CHECK_OK(hb_shelf_locate("/no/such/folder", found, &e), e);
    CHECK_STR(found, "/no/such/folder");
    CHECK_OK(hb_shelf_locate(folder, found, &e), e); /* nothing there at all */
    CHECK_STR(found, folder);
    CHECK_EQ(mkdir(in_folder(folder, HB_CHECKPOINT_FOLDER, sub), 0777), 0);
    CHECK_OK(hb_shelf_locate(folder, found, &e), e);
    CHECK_STR(found, sub);
    small_run_init(&r, "kuhn", 1);
    save(&r, 1);
    CHECK_OK(hb_shelf_locate(folder, found, &e), e); /* its own come first */
    CHECK_STR(found, folder);
    clear();
    small_run_fini(&r);
    CHECK_EQ(rmdir(sub), 0);
    memset(longest, 'x', sizeof longest - 1);
    CHECK_EQ(hb_shelf_locate(longest, found, &e), HB_EUSAGE);
}

int main(void)
{
    if (!scratch_folder(folder, "t_shelf"))
        return 1;
    RUN(entries_are_sorted_and_damaged_ones_come_last);
    RUN(the_newest_good_one_is_found_past_damaged_ones);
    RUN(prune_keeps_the_newest_good_ones);
    RUN(prune_makes_no_link_and_mixes_no_runs);
    RUN(a_run_prunes_its_own_by_what_it_wrote);
    RUN(the_newest_is_the_one_that_can_be_used);
    RUN(a_folder_is_left_for_checkpoints_when_it_has_none);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
