/* A table file appears whole, is refused when it is anything else, and can be shared memory. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "store/tablefile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/os.h"
#include "tables.h"

static char folder[64];
static char path[256];

static void a_new_table_is_clean_at_generation_0(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    uint64_t generation = 9;
    uint64_t iteration = 9;
    struct hb_identity id;

    small_run_init(&r, "kuhn", 42);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "a.table", path), &r.tree, &r.spec, 3, &e), e);
    CHECK_OK(hb_tablefile_open(path, false, &f, &e), e);
    CHECK_OK(hb_table_clean(&f.table, &generation, &iteration, &e), e);
    CHECK_EQ(generation, 0);
    CHECK_EQ(iteration, 0);
    CHECK_EQ(f.table.live->n_parts, 3);
    CHECK_EQ(f.table.layout.n_infosets, 12);
    hb_spec_identity(&r.spec, &id);
    CHECK_OK(hb_identity_match(&id, "ours", &f.table.id, "theirs", &e), e);
    for (uint64_t i = 0; i < f.table.layout.n_words; i++)
        CHECK_EQ(f.table.rows[i], 0);
    hb_tablefile_close(&f);
    hb_tablefile_close(&f);
    small_run_fini(&r);
}

static void what_is_written_stays(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_tablefile f = {0};
    struct hb_tablefile g = {0};

    small_run_init(&r, "kuhn", 1);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "w.table", path), &r.tree, &r.spec, 1, &e), e);
    CHECK_OK(hb_tablefile_open(path, true, &f, &e), e);
    random_rows(&f.table, 5, 2);
    CHECK_OK(hb_tablefile_open(path, false, &g, &e), e); /* at the same time: one memory */
    CHECK(same_rows(&f.table, &g.table));
    f.table.rows[3] = 123456;
    CHECK_EQ(g.table.rows[3], 123456);
    hb_tablefile_close(&f);
    hb_tablefile_close(&g);
    small_run_fini(&r);
}

static void shared_memory_opens_by_its_path(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_os_shared shared = {.fd = -1};
    struct hb_tablefile owner = {0};
    struct hb_tablefile reader = {0};
    struct hb_tablefile writer = {0};

    small_run_init(&r, "kuhn", 1);
    CHECK_OK(hb_os_shared_new(folder, "table", 0, &shared, &e), e);
    CHECK_OK(hb_tablefile_make(shared.fd, shared.path, &r.tree, &r.spec, 2, &owner, &e), e);
    CHECK_OK(hb_tablefile_open(shared.path, false, &reader, &e), e);
    CHECK_OK(hb_tablefile_open(shared.path, true, &writer, &e), e);
    writer.table.rows[7] = 77;
    CHECK_EQ(reader.table.rows[7], 77);
    CHECK_EQ(owner.table.rows[7], 77);
    hb_tablefile_close(&owner);
    hb_tablefile_close(&reader);
    hb_tablefile_close(&writer);
    hb_os_shared_close(&shared);
    small_run_fini(&r);
}

static int open_rc(const char *name, bool writable, struct hb_err *e)
{
    struct hb_tablefile f = {0};
    int rc = hb_tablefile_open(in_folder(folder, name, path), writable, &f, e);

    hb_tablefile_close(&f);
    return rc;
}

static void what_is_no_table_is_refused(void)
{
    static const char junk[5000] = "HBC1 not a table";
    struct hb_err e = {0};

    CHECK_EQ(open_rc("missing", false, &e), HB_ENOINPUT);
    CHECK(strstr(e.msg, "missing': No such file") != NULL);
    CHECK_OK(hb_atomic_write(in_folder(folder, "empty", path), "", 0, &e), e);
    CHECK_EQ(open_rc("empty", true, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "empty': not a table") != NULL);
    CHECK_OK(hb_atomic_write(in_folder(folder, "junk", path), junk, sizeof junk, &e), e);
    CHECK_EQ(open_rc("junk", false, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "a checkpoint, not a table") != NULL);
    CHECK_EQ(open_rc(".", false, &e), HB_ENOINPUT);
    CHECK_EQ(mkfifo(in_folder(folder, "fifo", path), 0600), 0);
    CHECK_EQ(open_rc("fifo", false, &e), HB_EFORMAT); /* and does not wait for a writer */
}

/* Every bit of header, description, tree and offsets; every length up to the rows. */
static void damage_of_the_description_is_refused(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_buf whole = {0};
    struct hb_buf bad = {0};
    struct hb_tablefile f = {0};
    size_t accepted = 0;
    size_t fixed;

    small_run_init(&r, "kuhn", 1);
    CHECK_OK(hb_tablefile_create(in_folder(folder, "d.table", path), &r.tree, &r.spec, 1, &e), e);
    CHECK_OK(hb_tablefile_open(path, false, &f, &e), e);
    fixed = (size_t)((const uint8_t *)f.table.rows - f.table.mem);
    hb_tablefile_close(&f);
    CHECK_OK(hb_io_read_file(path, 1 << 20, &whole, &e), e);
    hb_buf_put(&bad, whole.data, whole.len);
    for (size_t bit = 0; bit < 8 * fixed; bit += bit < 600 || bit > 32768 ? 1 : 37) {
        struct hb_table t;
        size_t at = bit / 8;

        if ((at >= 72 && at < 128) || (at >= 160 && at < 4096))
            continue; /* no meaning yet, or the live part */
        bad.data[at] ^= (uint8_t)(1u << bit % 8);
        accepted += hb_table_attach(bad.data, bad.len, &t, &e) == HB_OK;
        bad.data[at] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK_EQ(accepted, 0);
    for (size_t len = 0; len < whole.len; len += 211) {
        CHECK_OK(hb_atomic_write(in_folder(folder, "cut", path), whole.data, len, &e), e);
        CHECK_EQ(open_rc("cut", false, &e), HB_EFORMAT);
    }
    hb_buf_fini(&whole);
    hb_buf_fini(&bad);
    small_run_fini(&r);
}

static void a_full_disk_leaves_nothing_behind(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit old;
    struct rlimit tiny;

    small_run_init(&r, "leduc", 1);
    CHECK_EQ(sigaction(SIGXFSZ, &ignore, NULL), 0);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 4096;
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    CHECK_EQ(hb_tablefile_create(in_folder(folder, "full", path), &r.tree, &r.spec, 1, &e), HB_EIO);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
    CHECK(strstr(e.msg, "full") != NULL);
    CHECK_EQ(open_rc("full", false, &e), HB_ENOINPUT);
    CHECK_EQ(
        hb_tablefile_create(in_folder(folder, "no/such/folder", path), &r.tree, &r.spec, 1, &e),
        HB_ECREATE);
    CHECK_EQ(hb_tablefile_create(in_folder(folder, "parts", path), &r.tree, &r.spec, 65, &e),
             HB_ELIMIT);
    small_run_fini(&r);
}

int main(void)
{
    static const char *const names[] = {"a.table", "w.table", "empty", "junk",
                                        "fifo",    "d.table", "cut"};

    if (!scratch_folder(folder, "t_tablefile"))
        return 1;
    RUN(a_new_table_is_clean_at_generation_0);
    RUN(what_is_written_stays);
    RUN(shared_memory_opens_by_its_path);
    RUN(what_is_no_table_is_refused);
    RUN(damage_of_the_description_is_refused);
    RUN(a_full_disk_leaves_nothing_behind);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(folder, names[i], path)); /* may not be there */
    CHECK_EQ(rmdir(folder), 0);                          /* nothing else was left */
    return check_done();
}
