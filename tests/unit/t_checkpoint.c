/* A checkpoint holds one generation: it comes back bit for bit, through files and pipes, or not at
 * all. tests/golden/checkpoint-1.hbc stays readable for ever. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "store/checkpoint.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/os.h"
#include "base/pool.h"
#include "tables.h"

static char folder[64];
static char path[256];

static void content_of(const struct hb_table *t, struct hb_hash *out)
{
    struct hb_err e = {0};
    struct hb_hash rows;
    uint64_t generation = 0;
    uint64_t iteration = 0;

    CHECK_OK(hb_table_clean(t, &generation, &iteration, &e), e);
    hb_rows_hash(t->rows, t->layout.n_words, &rows);
    hb_content_hash(&t->id, iteration, &rows, out);
}

static void check_same(const struct hb_checkpoint *c, const struct hb_table *t)
{
    struct hb_hash want;

    content_of(t, &want);
    CHECK(hb_hash_equal(&c->content, &want));
    CHECK_EQ(c->generation, t->live->part[0].generation);
    CHECK_EQ(c->iteration, t->live->part[0].iteration);
    CHECK_EQ(c->nodes, t->live->part[0].nodes);
    CHECK_EQ(c->tree.n_nodes, t->tree.n_nodes);
    CHECK_STR(c->writer, HB_VERSION);
    CHECK_STR(c->spec.game_name, t->spec.game_name);
    CHECK(memcmp(c->node_row, t->node_row, t->tree.n_nodes * sizeof *c->node_row) == 0);
}

/* Leduc's tree with so many buckets behind the board card that the rows are 20 MB: blocks of the hash
 * and chunks end inside. */
static void large_run_init(struct small_run *r, uint64_t seed)
{
    small_run_init(r, "leduc52", seed);
    r->spec.street[1].kind = HB_BUCKETS_U16;
    r->spec.street[1].n_buckets = 30000;
}

static void round_trip(const char *game, uint64_t seed)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_table back;
    struct hb_checkpoint c = {0};
    struct hb_hash content;
    struct hb_hash again;
    void *mem;
    void *mem_back;

    if (game != NULL)
        small_run_init(&r, game, seed);
    else
        large_run_init(&r, seed);
    mem = memory_table(&r, 3, &t);
    mem_back = memory_table(&r, 1, &back);
    random_rows(&t, seed, 7);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 1, &content, &e), e);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    check_same(&c, &t);
    CHECK(hb_hash_equal(&content, &c.content));
    CHECK_OK(hb_checkpoint_verify(&c, &e), e);
    CHECK_OK(hb_checkpoint_content(&c, &again, &e), e);
    CHECK(hb_hash_equal(&content, &again));
    CHECK_OK(hb_checkpoint_load(&c, &back, 1, &e), e);
    CHECK(same_rows(&t, &back));
    check_same(&c, &back);
    hb_checkpoint_close(&c);
    hb_checkpoint_close(&c);
    hb_mem_free(mem);
    hb_mem_free(mem_back);
    small_run_fini(&r);
}

static void small_games_come_back(void)
{
    round_trip("kuhn", 1);
    round_trip("kuhn3", 2);
    round_trip("leduc", 3);
    round_trip("leduc3", UINT64_MAX);
}

static void a_table_of_several_chunks_comes_back(void)
{
    round_trip("leduc52", 4);
    round_trip(NULL, 5);
}

static void the_folder_of_a_run_stands_for_its_latest_checkpoint(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_checkpoint c = {0};
    char dir[256];
    char room[HB_PATH_MAX];
    char longest[HB_PATH_MAX + 8];
    const char *file;
    void *mem;

    small_run_init(&r, "kuhn", 1);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 1, 7);
    CHECK_EQ(mkdir(in_folder(folder, "run", dir), 0700), 0);
    CHECK_EQ(hb_checkpoint_open(dir, &c, &e), HB_ENOINPUT);
    CHECK(strstr(e.msg, "without checkpoints/latest.hbc") != NULL);
    CHECK_EQ(mkdir(in_folder(folder, "run/checkpoints", path), 0700), 0);
    CHECK_EQ(hb_checkpoint_open(dir, &c, NULL), HB_ENOINPUT);
    CHECK_EQ(symlink("a.hbc", in_folder(folder, "run/checkpoints/latest.hbc", path)), 0);
    e = (struct hb_err){0};
    CHECK_EQ(hb_checkpoint_open(dir, &c, &e), HB_ENOINPUT); /* the link leads nowhere */
    CHECK(strstr(e.msg, path) != NULL);
    e = (struct hb_err){0};
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "run/checkpoints/a.hbc", path), 1, NULL, &e),
             e);
    CHECK_OK(hb_checkpoint_open(dir, &c, &e), e);
    check_same(&c, &t);
    hb_checkpoint_close(&c);
    CHECK_OK(hb_checkpoint_find(in_folder(folder, "run//", dir), room, &file, &e), e);
    CHECK_STR(file, in_folder(folder, "run/checkpoints/latest.hbc", path));
    CHECK_OK(hb_checkpoint_find("no-such", room, &file, &e), e); /* opening says so */
    CHECK_STR(file, "no-such");
    CHECK_OK(hb_checkpoint_find("-", room, &file, &e), e);
    CHECK_STR(file, "-");
    memset(longest, '/', sizeof longest); /* a folder, by a name as long as that */
    longest[sizeof longest - 1] = '\0';
    CHECK_EQ(hb_checkpoint_find(longest, room, &file, NULL), HB_ENOINPUT);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(unlink(in_folder(folder, "run/checkpoints/a.hbc", path)), 0);
    CHECK_EQ(rmdir(in_folder(folder, "run/checkpoints", path)), 0);
    CHECK_EQ(rmdir(in_folder(folder, "run", path)), 0);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* A table that forked processes share. */
static void *shared_table(const struct small_run *r, uint64_t *bytes, struct hb_table *t)
{
    struct hb_err e = {0};
    void *mem = NULL;

    CHECK_OK(hb_table_bytes(&r->tree, &r->spec, bytes, &e), e);
    CHECK_OK(hb_pool_memory("a table", *bytes, &mem, &e), e);
    CHECK_OK(hb_table_format(mem, *bytes, &r->tree, &r->spec, 1, &e), e);
    CHECK_OK(hb_table_attach(mem, *bytes, t, &e), e);
    return mem;
}

static void any_number_of_processes_writes_and_reads_the_same_bytes(void)
{
    static const int numbers[] = {1, 2, 3, 7, 0};
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_buf first = {0};
    void *mem;

    large_run_init(&r, 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 5, 9);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct hb_checkpoint c = {0};
        struct hb_buf file = {0};
        struct hb_table back;
        uint64_t bytes;
        void *shared = shared_table(&r, &bytes, &back);

        CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), numbers[i], NULL, &e), e);
        CHECK_OK(hb_io_read_file(path, 1u << 30, i == 0 ? &first : &file, &e), e);
        CHECK(i == 0 || (file.len == first.len && memcmp(file.data, first.data, file.len) == 0));
        CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
        CHECK(c.rows.n_chunks >= 3);
        CHECK_OK(hb_checkpoint_load(&c, &back, numbers[i], &e), e);
        CHECK(same_rows(&t, &back));
        check_same(&c, &back);
        hb_checkpoint_close(&c);
        hb_buf_fini(&file);
        hb_os_unmap(shared, bytes);
    }
    hb_buf_fini(&first);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void damage_that_another_process_finds_is_told_here(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t, back;
    struct hb_checkpoint c = {0};
    struct hb_hash content;
    uint64_t bytes, generation, iteration;
    void *mem;
    void *shared;
    uint8_t byte = 0;
    int fd;

    large_run_init(&r, 6);
    mem = memory_table(&r, 1, &t);
    shared = shared_table(&r, &bytes, &back);
    random_rows(&t, 6, 3);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 2, &content, &e), e);
    fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &byte, 1, 1500000) == 1);
    byte ^= 4;
    CHECK(pwrite(fd, &byte, 1, 1500000) == 1);
    CHECK_EQ(close(fd), 0);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    CHECK_EQ(hb_checkpoint_load(&c, &back, 3, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "chunk") != NULL && strstr(e.msg, "rows") != NULL);
    CHECK_EQ(hb_table_clean(&back, &generation, &iteration, NULL), HB_EFORMAT);
    hb_checkpoint_close(&c);
    hb_os_unmap(shared, bytes);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void rows_hash_the_same_in_any_pieces(void)
{
    const uint64_t n = (8u << 20) / 4 + 12345;
    struct rand_stream g = {.seed = 8};
    struct hb_rows_hasher h;
    struct hb_hash whole;
    struct hb_hash pieces;
    struct hb_err e = {0};
    int32_t *rows = NULL;

    CHECK_OK(hb_mem_new(&rows, n, sizeof *rows, "rows", &e), e);
    for (uint64_t i = 0; i < n; i += 97)
        rows[i] = (int32_t)i;
    hb_rows_hash(rows, n, &whole);
    hb_rows_hasher_init(&h);
    for (uint64_t at = 0; at < n;) {
        uint64_t step = (uint64_t)rand_in(&g, 0, 900000);

        step = step < n - at ? step : n - at;
        hb_rows_hasher_put(&h, rows + at, step);
        at += step;
    }
    hb_rows_hasher_done(&h, &pieces);
    CHECK(hb_hash_equal(&whole, &pieces));
    hb_mem_free(rows);
}

static void single_rows_are_those_of_the_table(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_checkpoint c = {0};
    int32_t row[64];
    void *mem;

    small_run_init(&r, "leduc3", 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 1);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 1, NULL, &e), e);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    for (uint32_t node = 0; node < t.tree.n_nodes; node += 3)
        for (uint32_t b = 0; b < t.spec.street[t.tree.node[node].street].n_buckets; b += 2) {
            size_t n = HB_ROW_HEAD + 2u * t.tree.node[node].n_actions;

            CHECK_OK(hb_checkpoint_row(&c, node, b, row, &e), e);
            CHECK(memcmp(row, hb_table_row(&t, node, b), 4 * n) == 0);
        }
    CHECK_EQ(hb_checkpoint_row(&c, t.tree.n_nodes, 0, row, &e), HB_EUSAGE);
    CHECK_EQ(hb_checkpoint_row(&c, 0, t.spec.street[0].n_buckets, row, &e), HB_EUSAGE);
    CHECK_EQ(hb_checkpoint_words(&c, t.layout.n_words - 1, row, 2, &e), HB_EUSAGE);
    CHECK_EQ(hb_checkpoint_words(&c, UINT64_MAX, row, 2, &e), HB_EUSAGE);
    hb_checkpoint_close(&c);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void restore_makes_a_table_of_its_own(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_checkpoint c = {0};
    struct hb_tablefile f = {0};
    char table[256];
    void *mem;

    small_run_init(&r, "leduc", 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 4);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 1, NULL, &e), e);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    in_folder(folder, "a.table", table);
    CHECK_OK(hb_checkpoint_restore(&c, table, "/elsewhere/b.hba", 5, &e), e);
    CHECK_OK(hb_checkpoint_restore(&c, table, "/elsewhere/b.hba", 4, &e), e); /* in its place */
    CHECK_OK(hb_tablefile_open(table, false, &f, &e), e);
    CHECK(same_rows(&t, &f.table));
    check_same(&c, &f.table);
    CHECK_EQ(f.table.live->n_parts, 4);
    CHECK_STR(f.table.spec.buckets_path, "/elsewhere/b.hba"); /* a path is no identity */
    hb_tablefile_close(&f);
    CHECK_EQ(hb_checkpoint_restore(&c, "/no/such/folder/t", NULL, 1, &e), HB_ECREATE);
    hb_checkpoint_close(&c);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* ---- damage ---- */

/* Open the bytes as a checkpoint and load them into t: what a resume does. */
static int load_bytes(const uint8_t *p, size_t n, struct hb_table *t, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    int fd = open(in_folder(folder, "bad.hbc", path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = hb_io_write_full(fd, p, n, path, e);

    CHECK_EQ(close(fd), 0);
    if (rc == HB_OK && (rc = hb_checkpoint_open(path, &c, e)) == HB_OK)
        rc = hb_checkpoint_load(&c, t, 1, e);
    if (rc == HB_OK)
        rc = hb_checkpoint_verify(&c, e);
    hb_checkpoint_close(&c);
    return rc;
}

static void every_cut_and_every_flipped_bit_is_refused(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_table back;
    struct hb_buf whole = {0};
    size_t accepted = 0;
    size_t silent = 0;
    void *mem;
    void *mem_back;

    small_run_init(&r, "kuhn", 5);
    mem = memory_table(&r, 1, &t);
    mem_back = memory_table(&r, 1, &back);
    random_rows(&t, 6, 4);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 1, NULL, &e), e);
    CHECK_OK(hb_io_read_file(path, 1 << 20, &whole, &e), e);
    CHECK_OK(load_bytes(whole.data, whole.len, &back, &e), e);
    for (size_t n = 0; n < whole.len; n++)
        accepted += load_bytes(whole.data, n, &back, &e) == HB_OK;
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        e.msg[0] = '\0';
        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        accepted += load_bytes(whole.data, whole.len, &back, &e) == HB_OK;
        silent += e.msg[0] == '\0';
        whole.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    hb_buf_u8(&whole, 0);
    accepted += load_bytes(whole.data, whole.len, &back, &e) == HB_OK;
    CHECK_EQ(accepted, 0);
    CHECK_EQ(silent, 0);
    hb_buf_fini(&whole);
    hb_mem_free(mem);
    hb_mem_free(mem_back);
    small_run_fini(&r);
}

static void another_identity_is_refused_and_changes_nothing(void)
{
    struct hb_err e = {0};
    struct small_run r[3];
    struct hb_table t[3];
    struct hb_checkpoint c = {0};
    struct hb_hash before;
    struct hb_hash after;
    void *mem[3];

    small_run_init(&r[0], "kuhn", 1);
    small_run_init(&r[1], "leduc", 1);
    small_run_init(&r[2], "kuhn", 2);
    for (int i = 0; i < 3; i++) {
        mem[i] = memory_table(&r[i], 1, &t[i]);
        random_rows(&t[i], 6, 4);
    }
    CHECK_OK(hb_checkpoint_save(&t[0], in_folder(folder, "a.hbc", path), 1, NULL, &e), e);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    for (int i = 1; i < 3; i++) {
        content_of(&t[i], &before);
        CHECK_EQ(hb_checkpoint_load(&c, &t[i], 1, &e), HB_EIDENTITY);
        CHECK(strstr(e.msg, i == 1 ? "game" : "seed") != NULL);
        content_of(&t[i], &after);
        CHECK(hb_hash_equal(&before, &after));
    }
    hb_checkpoint_close(&c);
    for (int i = 0; i < 3; i++) {
        hb_mem_free(mem[i]);
        small_run_fini(&r[i]);
    }
}

static void an_open_table_is_not_saved(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    void *mem;

    small_run_init(&r, "kuhn", 1);
    mem = memory_table(&r, 2, &t);
    t.live->part[1].state = HB_TABLE_OPEN;
    CHECK_EQ(hb_checkpoint_save(&t, in_folder(folder, "open.hbc", path), 1, NULL, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "hb-ckpt restore") != NULL);
    CHECK(access(path, F_OK) != 0);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* Flip a bit of the stored rows: the table must not look clean afterwards. */
static void a_failed_load_leaves_the_table_void(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_buf whole = {0};
    struct hb_checkpoint c = {0};
    uint64_t n = 0;
    size_t at;
    void *mem;

    small_run_init(&r, "leduc", 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 4);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "a.hbc", path), 1, NULL, &e), e);
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    at = (size_t)c.rows.stored_bytes / 2; /* rows are most of the file and near its middle */
    hb_checkpoint_close(&c);
    CHECK_OK(hb_io_read_file(path, 1 << 20, &whole, &e), e);
    CHECK(at > whole.len / 4);
    whole.data[whole.len / 2] ^= 1;
    CHECK_EQ(load_bytes(whole.data, whole.len, &t, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "rows") != NULL);
    CHECK_EQ(hb_table_clean(&t, &n, &n, &e), HB_EFORMAT);
    hb_buf_fini(&whole);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* ---- streams ---- */

static void a_pipe_carries_a_checkpoint(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_checkpoint c = {0};
    void *mem;
    pid_t child;
    int status = -1;

    large_run_init(&r, 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 4);
    CHECK_EQ(mkfifo(in_folder(folder, "pipe", path), 0600), 0);
    child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        _exit(fd < 0 || hb_checkpoint_write(&t, fd, "pipe", 1, NULL, NULL) != HB_OK);
    }
    CHECK_OK(hb_checkpoint_open(path, &c, &e), e);
    check_same(&c, &t);
    CHECK_OK(hb_checkpoint_verify(&c, &e), e);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    hb_checkpoint_close(&c);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void a_full_disk_is_an_error(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct rlimit old;
    struct rlimit tiny;
    void *mem;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    small_run_init(&r, "leduc", 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 4);
    if (full >= 0) {
        CHECK_EQ(hb_checkpoint_write(&t, full, "/dev/full", 1, NULL, &e), HB_EIO);
        CHECK(strstr(e.msg, "No space left") != NULL);
        CHECK_EQ(close(full), 0);
    }
    CHECK_EQ(sigaction(SIGXFSZ, &ignore, NULL), 0);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (rlim_t bytes = 0; bytes < 8000; bytes += 500) {
        tiny = (struct rlimit){.rlim_cur = bytes, .rlim_max = old.rlim_max};
        CHECK_EQ(setrlimit(RLIMIT_FSIZE, &tiny), 0);
        CHECK_EQ(hb_checkpoint_save(&t, in_folder(folder, "full", path), 1, NULL, &e), HB_EIO);
        CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
        CHECK(access(path, F_OK) != 0);
    }
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_table back;
    struct hb_checkpoint c = {0};
    void *mem;
    void *mem_back;
    int rc = HB_ENOMEM;
    long n;

    small_run_init(&r, "kuhn", 5);
    mem = memory_table(&r, 1, &t);
    mem_back = memory_table(&r, 1, &back);
    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_checkpoint_save(&t, in_folder(folder, "oom.hbc", path), 1, NULL, &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
    }
    CHECK(n > 3 && n < 200);
    rc = HB_ENOMEM;
    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_checkpoint_open(path, &c, &e);
        if (rc == HB_OK)
            rc = hb_checkpoint_load(&c, &back, 1, &e);
        /* HB_EFORMAT: a hash that could not be made fits nothing */
        CHECK(rc == HB_OK || rc == HB_ENOMEM || rc == HB_EFORMAT);
        hb_checkpoint_close(&c);
    }
    CHECK(n > 3 && n < 200);
    hb_mem_fail_at(0);
    hb_mem_free(mem);
    hb_mem_free(mem_back);
    small_run_fini(&r);
}

/* ---- golden ---- */

/* By version of the run description. */
static const struct {
    const char *file, *content;
} golden[] = {{"tests/golden/checkpoint-1.hbc",
               "533ab0c9258ae239ea34e04903e46b966befaa378c127f9b373e919ba00a9e15"},
              {"tests/golden/checkpoint-2.hbc",
               "d28865f904dd4b93fa81c251efb64d7f114077fa066eeb0b2e7376ffb60e6240"}};

static void golden_table(int version, struct small_run *r, struct hb_table *t, void **mem)
{
    small_run_init(r, "leduc", 20261123);
    r->spec.draws_blocks = version == 1;
    *mem = memory_table(r, 1, t);
    random_rows(t, 99, 6);
}

/* Written once by `t_checkpoint --golden FILE`; zstd may pack the same bytes differently another
 * day, so reading is what is pinned. */
static void read_golden(int version)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_table back;
    struct hb_checkpoint c = {0};
    char hex[HB_HASH_HEX] = "";
    void *mem;
    void *mem_back;

    golden_table(version, &r, &t, &mem);
    mem_back = memory_table(&r, 1, &back);
    CHECK_OK(hb_checkpoint_open(golden[version - 1].file, &c, &e), e);
    hb_hash_hex(&c.content, hex);
    CHECK_STR(hex, golden[version - 1].content);
    CHECK_STR(c.writer, "0.1.0");
    CHECK_EQ(c.generation, 6);
    CHECK_EQ(c.iteration, 100);
    CHECK_EQ(c.spec.params.seed, 20261123);
    CHECK_EQ(c.spec.draws_blocks, version == 1);
    CHECK_OK(hb_checkpoint_load(&c, &back, 1, &e), e);
    CHECK(same_rows(&t, &back));
    hb_checkpoint_close(&c);
    hb_mem_free(mem);
    hb_mem_free(mem_back);
    small_run_fini(&r);
}

static void checkpoints_of_every_version_read_as_they_always_did(void)
{
    read_golden(1);
    read_golden(2);
}

static int write_golden(const char *file)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_hash content;
    char hex[HB_HASH_HEX];
    void *mem;
    int rc;

    golden_table(2, &r, &t, &mem);
    rc = hb_checkpoint_save(&t, file, 1, &content, &e);
    hb_hash_hex(&content, hex);
    (void)printf("%s\n", rc == HB_OK ? hex : e.msg);
    hb_mem_free(mem);
    small_run_fini(&r);
    return rc != HB_OK;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"a.hbc", "a.table", "bad.hbc", "pipe", "oom.hbc"};

    if (argc == 3 && strcmp(argv[1], "--golden") == 0)
        return write_golden(argv[2]);
    if (!scratch_folder(folder, "t_checkpoint"))
        return 1;
    RUN(small_games_come_back);
    RUN(a_table_of_several_chunks_comes_back);
    RUN(the_folder_of_a_run_stands_for_its_latest_checkpoint);
    RUN(any_number_of_processes_writes_and_reads_the_same_bytes);
    RUN(damage_that_another_process_finds_is_told_here);
    RUN(rows_hash_the_same_in_any_pieces);
    RUN(single_rows_are_those_of_the_table);
    RUN(restore_makes_a_table_of_its_own);
    RUN(every_cut_and_every_flipped_bit_is_refused);
    RUN(another_identity_is_refused_and_changes_nothing);
    RUN(an_open_table_is_not_saved);
    RUN(a_failed_load_leaves_the_table_void);
    RUN(a_pipe_carries_a_checkpoint);
    RUN(a_full_disk_is_an_error);
    RUN(every_failed_allocation_is_reported);
    RUN(checkpoints_of_every_version_read_as_they_always_did);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(folder, names[i], path)); /* may not be there */
    CHECK_EQ(rmdir(folder), 0);                          /* nothing else was left */
    return check_done();
}
