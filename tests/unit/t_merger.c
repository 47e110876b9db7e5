/* The merger against hostile streams, other writers and a full memory: what it must never do is to
 * leave a clean table that is wrong. Usual work is in tests/cli/hb-merge.bats. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/merger.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "base/io.h"
#include "run/hello.h"
#include "solver/delta.h"
#include "store/tablefile.h"
#include "tables.h"
#include "wire/compact.h"
#include "wire/frame.h"
#include "wire/message.h"

#define MANY 1100 /* segments */

static char folder[64];
static char table_path[256];
static char stream_path[2][256];

/* ---- a table and streams for it ---- */

/* A table of Kuhn poker in plus mode: any negative regret makes its row due. */
static void make_table_of(const struct small_run *r, uint64_t generation, int n_parts)
{
    struct hb_err e = {0};
    struct hb_tablefile f = {0};

    (void)in_folder(folder, "table", table_path);
    CHECK_OK(hb_tablefile_create(table_path, &r->tree, &r->spec, n_parts, &e), e);
    CHECK_OK(hb_tablefile_open(table_path, true, &f, &e), e);
    random_rows(&f.table, 3, generation);
    memset(f.table.rows, 0, 4 * f.table.layout.n_words);
    hb_tablefile_close(&f);
}

static void make_table(const struct small_run *r, uint64_t generation)
{
    make_table_of(r, generation, 1);
}

static void small(struct small_run *r, uint32_t round_cap, uint32_t discount_interval)
{
    small_run_init(r, "kuhn", 1);
    r->spec.params.discount = HB_DISCOUNT_PLUS;
    r->spec.params.round_cap = round_cap;
    r->spec.params.discount_interval = discount_interval;
}

struct feed { /* a stream that is made here */
    struct hb_buf bytes;
    uint32_t seq;
};

static void put_hello(struct feed *f, const struct small_run *r)
{
    struct hb_identity id;
    struct hb_hello hello;
    struct hb_buf b = {0};

    hb_spec_identity(&r->spec, &id);
    hb_hello_of_identity(&id, HB_ROLE_WORKER, &hello);
    hb_hello_encode(&hello, &b);
    hb_frame_encode(&f->bytes, &f->seq, HB_FRAME_HELLO, 0, b.data, b.len);
    hb_buf_fini(&b);
}

/* One regret record for the root's first bucket, which has two actions. */
#define RECORD_BYTES (HB_RECORD_HEAD + 4)
static void one_record(uint8_t record[RECORD_BYTES], int16_t value)
{
    uint64_t head = hb_record_head(0, HB_RECORD_REGRET, 2);
    int16_t values[2] = {value, 1};

    memcpy(record, &head, sizeof head);
    memcpy(record + HB_RECORD_HEAD, values, sizeof values);
}

static void compact(struct hb_buf *b, const uint8_t *record)
{
    struct hb_compact c = {.cap = 0};
    struct hb_err e = {0};

    CHECK_OK(hb_compact_encode(&c, record, RECORD_BYTES, false, b, &e), e);
    hb_compact_fini(&c);
}

static void put_delta(struct feed *f, struct hb_delta_head *head, const uint8_t *records)
{
    struct hb_buf b = {0};

    head->nodes = 1;
    head->n_records = 1;
    head->record_bytes = RECORD_BYTES;
    hb_delta_encode(head, &b);
    if (head->kind == HB_DELTA_INLINE)
        hb_buf_put(&b, records, RECORD_BYTES);
    if (head->kind == HB_DELTA_COMPACT)
        compact(&b, records);
    hb_frame_encode(&f->bytes, &f->seq, HB_FRAME_DELTA, 0, b.data, b.len);
    hb_buf_fini(&b);
}

static void put_result_as(struct feed *f, uint8_t kind, uint64_t generation, uint64_t first,
                          uint32_t count, int16_t value)
{
    struct hb_delta_head head = {.task = {generation, first, count}, .kind = kind};
    uint8_t record[RECORD_BYTES];

    one_record(record, value);
    put_delta(f, &head, record);
}

static void put_result(struct feed *f, uint64_t generation, uint64_t first, uint32_t count,
                       int16_t value)
{
    put_result_as(f, HB_DELTA_INLINE, generation, first, count, value);
}

static void put_segment(struct feed *f, uint64_t generation, uint64_t first, uint32_t count,
                        const char *path, int16_t value)
{
    struct hb_delta_head head = {.task = {generation, first, count}, .kind = HB_DELTA_SEGMENT};
    uint8_t record[RECORD_BYTES];

    one_record(record, value);
    head.hash = hb_xxh3(record, sizeof record);
    (void)snprintf(head.segment, sizeof head.segment, "%s", path);
    put_delta(f, &head, NULL);
}

static void write_segment(const char *path, int16_t value)
{
    uint8_t record[RECORD_BYTES];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    one_record(record, value);
    CHECK_EQ(pwrite(fd, record, sizeof record, 0), sizeof record);
    CHECK_EQ(close(fd), 0);
}

static void save_feed(struct feed *f, int i)
{
    struct hb_err e = {0};
    char name[16];

    (void)snprintf(name, sizeof name, "stream%d", i);
    (void)in_folder(folder, name, stream_path[i]);
    CHECK_OK(hb_atomic_write(stream_path[i], f->bytes.data, f->bytes.len, &e), e);
    hb_buf_fini(&f->bytes);
    f->seq = 0;
}

static struct hb_merger_options options_of(const char *const *streams, int n_streams)
{
    return (struct hb_merger_options){.table = table_path,
                                      .n_parts = 1,
                                      .streams = streams,
                                      .n_streams = n_streams,
                                      .out_fd = -1};
}

/* Merge one saved stream. */
static int merge_saved(struct hb_merger_options *o, struct hb_err *e)
{
    const char *streams[] = {stream_path[0]};

    *o = options_of(streams, 1);
    return hb_merger_run(o, e);
}

struct seen { /* a table file at a glance */
    uint32_t state;
    uint64_t generation;
    int32_t regret; /* the first of the root */
};

static struct seen look(void)
{
    struct hb_err e = {0};
    struct hb_tablefile f = {0};
    struct seen s = {0};

    CHECK_OK(hb_tablefile_open(table_path, false, &f, &e), e);
    s.state = f.table.live->part[0].state;
    s.generation = f.table.live->part[0].generation;
    s.regret = f.table.rows[HB_ROW_HEAD];
    hb_tablefile_close(&f);
    return s;
}

/* ---- memory ---- */

/* Early results among the round's, and the first row is due only in the middle of the merge. */
static void save_two_streams(const struct small_run *r)
{
    struct feed f = {0};

    put_hello(&f, r);
    put_result(&f, 0, 0, 4, 100);
    put_result_as(&f, HB_DELTA_COMPACT, 1, 16, 4, 1);
    put_result_as(&f, HB_DELTA_COMPACT, 0, 4, 4, -500);
    save_feed(&f, 0);
    put_hello(&f, r);
    put_result(&f, 0, 8, 8, 1000);
    put_result(&f, 1, 20, 12, 10);
    save_feed(&f, 1);
}

static void out_of_memory_never_leaves_a_clean_table_that_is_wrong(void)
{
    const char *streams[] = {stream_path[0], stream_path[1]};
    struct small_run r;
    int rc = HB_ENOMEM;
    long n = 0;

    small(&r, 200, 1000);
    save_two_streams(&r);
    while (rc != HB_OK && n < 1000) {
        struct hb_merger_options o = options_of(streams, 2);
        struct hb_err e = {0};
        struct seen s;

        make_table(&r, 0);
        hb_mem_fail_at(++n);
        rc = hb_merger_run(&o, &e);
        hb_mem_fail_at(0);
        s = look();
        /* Identities have no way to fail: without memory they are others. */
        CHECK(rc == HB_OK || rc == HB_ENOMEM || rc == HB_EIDENTITY);
        if (s.state == HB_TABLE_CLEAN) {
            CHECK_EQ(s.regret, s.generation == 0 ? 0 : s.generation == 1 ? 600 : 611);
            CHECK_EQ(o.generation == s.generation || o.generation == 0, 1);
        } else {
            CHECK_EQ(rc, HB_ENOMEM);
        }
    }
    CHECK_EQ(rc, HB_OK);
    CHECK_EQ(look().generation, 2);
    CHECK(n > 10);
    small_run_fini(&r);
}

/* ---- rounds ---- */

static void results_of_the_next_round_are_held_once_and_those_after_it_refused(void)
{
    struct hb_merger_options o;
    struct hb_err e = {0};
    struct feed f = {0};
    struct small_run r;

    small(&r, 200, 1000);
    make_table(&r, 0);
    put_hello(&f, &r);
    for (int i = 0; i < 50; i++)
        put_result(&f, 1, 16, 16, 7);
    put_result(&f, 0, 0, 16, 5);
    save_feed(&f, 0);
    CHECK_OK(merge_saved(&o, &e), e);
    CHECK_EQ(o.n_results, 2);
    CHECK_EQ(o.n_duplicates, 49);
    CHECK_EQ(look().regret, 12);
    put_hello(&f, &r);
    put_result(&f, 4, 64, 16, 5);
    save_feed(&f, 0);
    CHECK_EQ(merge_saved(&o, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "a result for generation 4, but the table is at 2") != NULL);
    put_hello(&f, &r); /* nonsense for the next round is found when it comes */
    put_result(&f, 3, 48, 99, 5);
    save_feed(&f, 0);
    CHECK_EQ(merge_saved(&o, &e), HB_EPROTO);
    CHECK_EQ(look().generation, 2);
    small_run_fini(&r);
}

/* The last round that the discounts of a run can name: merged, said, and then the end. */
static void a_merged_round_is_said_before_the_next_proves_impossible(void)
{
    struct hb_merger_options o;
    struct hb_frame_reader in;
    struct hb_message m;
    struct hb_err e = {0};
    struct hb_tablefile t = {0};
    struct feed f = {0};
    struct small_run r;
    const char *streams[] = {stream_path[0]};
    char path[256];
    uint64_t first;
    uint64_t number;
    int fd;

    small(&r, 16, 1);
    make_table(&r, 0);
    number = (uint64_t)HB_EPOCH_MAX / 16; /* rounds of 16, a discount an iteration */
    first = 16 * number;
    CHECK_OK(hb_tablefile_open(table_path, true, &t, &e), e);
    hb_table_set(&t.table, HB_TABLE_CLEAN, number, first, 0);
    hb_tablefile_close(&t);
    put_hello(&f, &r);
    put_result(&f, number, first, 16, 5);
    save_feed(&f, 0);
    o = options_of(streams, 1);
    fd = open(in_folder(folder, "commits", path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    o.out_fd = fd;
    CHECK_EQ(hb_merger_run(&o, &e), HB_ELIMIT);
    CHECK_EQ(o.generation, number + 1);
    CHECK_EQ(look().state, HB_TABLE_CLEAN);
    CHECK_EQ(look().generation, number + 1);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    hb_frame_reader_init(&in, fd, "commits", HB_MESSAGE_MAX);
    CHECK_OK(hb_frame_read(&in, &m, &e), e);
    CHECK_EQ(m.type, HB_FRAME_HELLO);
    CHECK_OK(hb_frame_read(&in, &m, &e), e);
    CHECK_EQ(m.type, HB_FRAME_COMMIT);
    hb_frame_reader_fini(&in);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(unlink(path), 0);
    small_run_fini(&r);
}

/* ---- segments ---- */

static void a_round_may_lie_in_any_number_of_segments(void)
{
    struct hb_merger_options o;
    struct hb_err e = {0};
    struct feed f = {0};
    struct small_run r;
    uint64_t generation = 0;
    uint64_t first = 0;
    char path[256];
    char name[32];

    small(&r, MANY, 100000);
    for (; hb_round_length(&r.spec.params, first) < MANY; generation++)
        first += hb_round_length(&r.spec.params, first);
    make_table(&r, generation);
    put_hello(&f, &r);
    for (uint64_t i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "segment%" PRIu64, i);
        write_segment(in_folder(folder, name, path), 2);
        put_segment(&f, generation, first + i, 1, path, 2);
    }
    save_feed(&f, 0);
    CHECK_OK(merge_saved(&o, &e), e);
    CHECK_EQ(o.n_results, MANY);
    CHECK_EQ(look().regret, 2 * MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "segment%" PRIu64, i);
        CHECK_EQ(unlink(in_folder(folder, name, path)), 0);
    }
    small_run_fini(&r);
}

/* A result's part `of` of n_parts, for the merger of part `mine` of two. */
static int merge_part(const struct small_run *r, const char *path, uint32_t of, uint32_t n_parts,
                      uint32_t mine, struct hb_err *e)
{
    struct hb_delta_head head = {
        .task = {0, 0, 16}, .kind = HB_DELTA_PART, .of = of, .n_parts = n_parts};
    const char *streams[] = {stream_path[0]};
    struct hb_merger_options o = options_of(streams, 1);
    uint8_t record[RECORD_BYTES];
    struct feed f = {0};

    one_record(record, 2);
    head.hash = hb_xxh3(record, sizeof record);
    (void)snprintf(head.segment, sizeof head.segment, "%s", path);
    make_table_of(r, 0, 2);
    put_hello(&f, r);
    put_delta(&f, &head, NULL);
    save_feed(&f, 0);
    o.part = mine;
    o.n_parts = 2;
    return hb_merger_run(&o, e);
}

static void a_part_goes_to_its_merger_alone(void)
{
    struct hb_err e = {0};
    struct small_run r;
    char path[256];

    small(&r, 200, 1000);
    write_segment(in_folder(folder, "segment", path), 2);
    CHECK_OK(merge_part(&r, path, 0, 2, 0, &e), e);
    CHECK_EQ(look().regret, 2);
    CHECK_EQ(merge_part(&r, path, 1, 2, 0, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "a result for part 1 came to the merger of part 0") != NULL);
    CHECK_EQ(merge_part(&r, path, 0, 3, 0, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "in 3 parts for a table of 2") != NULL);
    CHECK_EQ(merge_part(&r, path, 1, 2, 1, &e), HB_EPROTO); /* its record is of part 0 */
    CHECK_EQ(look().regret, 0);
    CHECK_EQ(unlink(path), 0);
    small_run_fini(&r);
}

static void a_replica_takes_no_segment_and_nobody_takes_the_table_for_one(void)
{
    struct hb_merger_options o;
    struct hb_err e = {0};
    struct feed f = {0};
    struct small_run r;
    const char *streams[] = {stream_path[0]};
    char path[256];

    small(&r, 200, 1000);
    make_table(&r, 0);
    write_segment(in_folder(folder, "segment", path), 2);
    put_hello(&f, &r);
    put_segment(&f, 0, 0, 16, path, 2);
    save_feed(&f, 0);
    o = options_of(streams, 1);
    o.replica = true;
    CHECK_EQ(hb_merger_run(&o, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "a replica takes results in frames alone") != NULL);
    CHECK_EQ(look().generation, 0);
    CHECK_OK(merge_saved(&o, &e), e);
    put_hello(&f, &r);
    put_segment(&f, 1, 16, 16, table_path, 2);
    save_feed(&f, 0);
    CHECK_EQ(merge_saved(&o, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "names the table as its segment") != NULL);
    streams[0] = table_path;
    o = options_of(streams, 1);
    CHECK_EQ(hb_merger_run(&o, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "is the table, not a stream") != NULL);
    CHECK_EQ(unlink(path), 0);
    small_run_fini(&r);
}

/* ---- two processes ---- */

struct session { /* a merger in a child: we write its stream and read its commits */
    pid_t pid;
    int to, from;
    struct hb_frame_reader in;
    struct feed feed;
};

static void child_merges(int in, int out)
{
    char name[32];
    const char *streams[] = {name};
    struct hb_merger_options o = options_of(streams, 1);
    struct hb_err e = {0};
    int rc;

    (void)snprintf(name, sizeof name, "/dev/fd/%d", in);
    o.out_fd = out;
    rc = hb_merger_run(&o, &e);
    if (rc != HB_OK)
        fprintf(stderr, "# %s\n", e.msg);
    _exit(-rc);
}

static void start(struct session *s, const struct small_run *r)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};

    memset(s, 0, sizeof *s);
    CHECK(pipe(in) == 0 && pipe(out) == 0);
    (void)fflush(stdout);
    s->pid = fork();
    if (s->pid == 0) {
        (void)alarm(60); /* a net: it ends when its stream does */
        (void)close(in[1]);
        (void)close(out[0]);
        child_merges(in[0], out[1]);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    s->to = in[1];
    s->from = out[0];
    hb_frame_reader_init(&s->in, s->from, "the merger", HB_MESSAGE_MAX);
    put_hello(&s->feed, r);
}

static void flush_feed(struct session *s)
{
    struct hb_err e = {0};

    CHECK_OK(hb_io_write_full(s->to, s->feed.bytes.data, s->feed.bytes.len, "stream", &e), e);
    s->feed.bytes.len = 0;
}

/* The merger's next message is of that type: it has come so far. */
static void expect(struct session *s, uint16_t type)
{
    struct hb_message m = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_frame_read(&s->in, &m, &e), e);
    CHECK_EQ(m.type, type);
}

/* The end of its stream; what hb_merger_run returned. */
static int finish(struct session *s)
{
    int status = -1;

    (void)close(s->to);
    CHECK_EQ(waitpid(s->pid, &status, 0), s->pid);
    CHECK(WIFEXITED(status));
    (void)close(s->from);
    hb_frame_reader_fini(&s->in);
    hb_buf_fini(&s->feed.bytes);
    return -WEXITSTATUS(status);
}

static void a_part_has_one_merger_at_a_time(void)
{
    struct hb_merger_options o;
    struct hb_err e = {0};
    struct small_run r;
    struct session s;
    struct feed f = {0};

    small(&r, 200, 1000);
    make_table(&r, 0);
    put_hello(&f, &r);
    put_result(&f, 0, 0, 16, 5);
    save_feed(&f, 0);
    start(&s, &r);
    expect(&s, HB_FRAME_HELLO); /* it has the table */
    CHECK_EQ(merge_saved(&o, &e), HB_ECREATE);
    CHECK(strstr(e.msg, "another hb-merge writes to it (part 0)") != NULL);
    CHECK(strstr(e.msg, "--parts") != NULL);
    put_result(&s.feed, 0, 0, 16, 5);
    flush_feed(&s);
    expect(&s, HB_FRAME_COMMIT);
    CHECK_EQ(finish(&s), HB_OK);
    CHECK_OK(merge_saved(&o, &e), e); /* all are duplicates by now */
    CHECK_EQ(look().regret, 5);
    CHECK_EQ(look().generation, 1);
    small_run_fini(&r);
}

/* Whoever does not ask for the lock. */
static void a_table_that_another_program_changed_is_not_merged_into(void)
{
    struct hb_err e = {0};
    struct hb_tablefile t = {0};
    struct small_run r;
    struct session s;

    small(&r, 200, 1000);
    make_table(&r, 0);
    start(&s, &r);
    expect(&s, HB_FRAME_HELLO);
    CHECK_OK(hb_tablefile_open(table_path, true, &t, &e), e);
    t.table.rows[HB_ROW_HEAD] = 5;
    hb_table_set(&t.table, HB_TABLE_CLEAN, 1, 16, 0);
    hb_tablefile_close(&t);
    put_result(&s.feed, 0, 0, 16, 5);
    flush_feed(&s);
    CHECK_EQ(finish(&s), HB_EFORMAT);
    CHECK_EQ(look().state, HB_TABLE_CLEAN);
    CHECK_EQ(look().generation, 1);
    CHECK_EQ(look().regret, 5);
    small_run_fini(&r);
}

static void a_segment_that_changes_before_its_round_is_merged_is_noticed(void)
{
    struct small_run r;
    struct session s;
    char path[256];

    small(&r, 200, 1000);
    make_table(&r, 0);
    write_segment(in_folder(folder, "segment", path), 3);
    start(&s, &r);
    expect(&s, HB_FRAME_HELLO);
    put_segment(&s.feed, 1, 16, 8, path, 3); /* waits, for it is early */
    put_result(&s.feed, 0, 0, 16, 5);
    flush_feed(&s);
    expect(&s, HB_FRAME_COMMIT);
    write_segment(path, 4);
    put_result(&s.feed, 1, 24, 8, 1);
    flush_feed(&s);
    CHECK_EQ(finish(&s), HB_EPROTO);
    CHECK_EQ(look().state, HB_TABLE_CLEAN);
    CHECK_EQ(look().generation, 1);
    CHECK_EQ(look().regret, 5);
    CHECK_EQ(unlink(path), 0);
    small_run_fini(&r);
}

/* Lines of a process's maps that name a file; -1 where the system does not tell. */
static int mappings(pid_t pid, const char *path)
{
    char line[512];
    char maps[64];
    FILE *f;
    int n = 0;

    (void)snprintf(maps, sizeof maps, "/proc/%ld/maps", (long)pid);
    if ((f = fopen(maps, "r")) == NULL)
        return -1;
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, path) != NULL;
    (void)fclose(f); /* read only */
    return n;
}

static void segments_that_no_result_needs_are_unmapped(void)
{
    struct small_run r;
    struct session s;
    char path[256];

    small(&r, 200, 1000);
    make_table(&r, 0);
    write_segment(in_folder(folder, "segment", path), 3);
    start(&s, &r);
    expect(&s, HB_FRAME_HELLO);
    put_segment(&s.feed, 0, 0, 16, path, 3);
    flush_feed(&s);
    expect(&s, HB_FRAME_COMMIT);
    put_result(&s.feed, 1, 16, 16, 4);
    flush_feed(&s);
    expect(&s, HB_FRAME_COMMIT);
    CHECK(mappings(s.pid, path) <= 0);
    put_segment(&s.feed, 2, 32, 16, path, 3); /* and mapped again */
    flush_feed(&s);
    expect(&s, HB_FRAME_COMMIT);
    CHECK(mappings(s.pid, path) != 0);
    CHECK_EQ(finish(&s), HB_OK);
    CHECK_EQ(look().regret, 10);
    CHECK_EQ(unlink(path), 0);
    small_run_fini(&r);
}

int main(void)
{
    if (!scratch_folder(folder, "t_merger"))
        return 1;
    RUN(out_of_memory_never_leaves_a_clean_table_that_is_wrong);
    RUN(results_of_the_next_round_are_held_once_and_those_after_it_refused);
    RUN(a_merged_round_is_said_before_the_next_proves_impossible);
    RUN(a_round_may_lie_in_any_number_of_segments);
    RUN(a_part_goes_to_its_merger_alone);
    RUN(a_replica_takes_no_segment_and_nobody_takes_the_table_for_one);
    RUN(a_part_has_one_merger_at_a_time);
    RUN(a_table_that_another_program_changed_is_not_merged_into);
    RUN(a_segment_that_changes_before_its_round_is_merged_is_noticed);
    RUN(segments_that_no_result_needs_are_unmapped);
    (void)unlink(stream_path[0]); /* all were made */
    (void)unlink(stream_path[1]);
    (void)unlink(table_path);
    CHECK_EQ(rmdir(folder), 0); /* nothing else was left */
    return check_done();
}
