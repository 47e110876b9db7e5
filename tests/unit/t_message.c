/* Messages: what goes in comes out, nothing else is accepted, and the bytes are those of
 * tests/golden/frames.hex. `t_message --golden` prints that file. */
#include "wire/message.h"

#include <stdlib.h>

#include "check.h"
#include "solver/delta.h"
#include "wire/compact.h"

static struct hb_hello some_hello(void)
{
    struct hb_hello h = {
        .role = HB_ROLE_WORKER, .protocol_min = 1, .protocol_max = 1, .build = "0.1.0", .seed = 42};

    memset(h.game.b, 0x11, HB_HASH_BYTES);
    memset(h.abstraction.b, 0x22, HB_HASH_BYTES);
    memset(h.run.b, 0x33, HB_HASH_BYTES);
    return h;
}

static const struct hb_task some_task = {.generation = 3, .first = 1000000007, .count = 100};

static struct hb_delta_head some_delta(uint8_t kind)
{
    struct hb_delta_head d = {
        .task = some_task, .nodes = 123456789012, .n_records = 2, .record_bytes = 5, .kind = kind};

    if (kind == HB_DELTA_SEGMENT) {
        memcpy(d.segment, "/proc/7/fd/5", 13);
        d.offset = 4096;
        d.hash = 0x0123456789abcdef;
    } else if (kind == HB_DELTA_PART) {
        memcpy(d.segment, "/proc/7/fd/5", 13);
        d.offset = 4100;
        d.hash = 5;
        d.of = 2;
        d.n_parts = 3;
    } else if (kind == HB_DELTA_PARTS) {
        memcpy(d.segment, "/proc/7/fd/5", 13);
        d.offset = 4096;
        d.n_parts = 3;
        d.part[0] = (struct hb_delta_part){.bytes = 4, .hash = 0x0123456789abcdef};
        d.part[2] = (struct hb_delta_part){.bytes = 1, .hash = 5};
    }
    return d;
}

static const struct hb_commit some_commit = {.generation = 4,
                                             .iteration = 2000,
                                             .nodes = 99,
                                             .records = 7,
                                             .record_bytes = 70,
                                             .tasks = 2,
                                             .duplicates = 1};

/* Three records of two rows, one of them twice. */
static void compact_delta(struct hb_buf *out)
{
    static const int16_t values[3][2] = {{-300, 300}, {8192, 8192}, {-300, 300}};
    struct hb_delta_head d = some_delta(HB_DELTA_COMPACT);
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_err e = {0};

    for (unsigned i = 0; i < 3; i++) {
        hb_buf_u64(&records, hb_record_head(1000 + 6 * (i / 2), i % 2, 2));
        hb_buf_put(&records, values[i], sizeof values[i]);
    }
    d.n_records = 3;
    d.record_bytes = records.len;
    hb_delta_encode(&d, out);
    CHECK_OK(hb_compact_encode(&c, records.data, records.len, false, out, &e), e);
    hb_buf_fini(&records);
    hb_compact_fini(&c);
}

/* Each kind of message by number, its type in *type; false behind the last. */
static bool nth_message(int i, uint16_t *type, struct hb_buf *out)
{
    struct hb_hello hello = some_hello();
    struct hb_delta_head delta = some_delta(i == 3 ? HB_DELTA_SEGMENT : HB_DELTA_INLINE);

    switch (i) {
    case 0:
        *type = HB_FRAME_HELLO;
        hb_hello_encode(&hello, out);
        return true;
    case 1:
        *type = HB_FRAME_TASK;
        hb_task_encode(&some_task, out);
        return true;
    case 2:
    case 3:
        *type = HB_FRAME_DELTA;
        hb_delta_encode(&delta, out);
        hb_buf_put(out, "\1\2\3\4\5", i == 2 ? 5 : 0);
        return true;
    case 4:
        *type = HB_FRAME_COMMIT;
        hb_commit_encode(&some_commit, out);
        return true;
    case 5: *type = HB_FRAME_SHUTDOWN; return true;
    case 6:
        *type = HB_FRAME_ERROR;
        hb_error_encode(HB_EFORMAT, "no such\ngeneration", out);
        return true;
    case 7:
        delta = some_delta(HB_DELTA_PARTS);
        *type = HB_FRAME_DELTA;
        hb_delta_encode(&delta, out);
        return true;
    case 8:
        *type = HB_FRAME_DELTA;
        compact_delta(out);
        return true;
    case 9:
        delta = some_delta(HB_DELTA_PART);
        *type = HB_FRAME_DELTA;
        hb_delta_encode(&delta, out);
        return true;
    default: return false;
    }
}

static int decode_delta(const void *p, size_t n)
{
    static uint8_t records[256];
    struct hb_compact c = {.cap = 0};
    struct hb_delta_head d;
    const uint8_t *body;
    int rc = hb_delta_decode(&d, &body, p, n, NULL);

    if (rc == HB_OK && d.kind == HB_DELTA_COMPACT) {
        CHECK(d.record_bytes <= sizeof records);
        rc = hb_compact_decode(&c, &d, body, records, NULL);
    }
    hb_compact_fini(&c);
    return rc;
}

/* Decode anything of that type. */
static int decode(uint16_t type, const void *p, size_t n)
{
    struct hb_hello hello;
    struct hb_task task;
    struct hb_commit commit;
    struct hb_error_message error;

    switch (type) {
    case HB_FRAME_HELLO: return hb_hello_decode(&hello, p, n, NULL);
    case HB_FRAME_TASK: return hb_task_decode(&task, p, n, NULL);
    case HB_FRAME_DELTA: return decode_delta(p, n);
    case HB_FRAME_COMMIT: return hb_commit_decode(&commit, p, n, NULL);
    case HB_FRAME_ERROR: return hb_error_decode(&error, p, n, NULL);
    default: return n == 0 ? HB_OK : HB_EFORMAT;
    }
}

/* The golden file: a line of hex for the frame of each message, in one stream. */
static void golden_lines(struct hb_buf *text)
{
    uint32_t seq = 0;
    uint16_t type;

    for (int i = 0; i < 10; i++) {
        struct hb_buf payload = {0};
        struct hb_buf frame = {0};

        (void)nth_message(i, &type, &payload); /* there are ten */
        hb_frame_encode(&frame, &seq, type, (uint32_t)i * 10, payload.data, payload.len);
        for (size_t k = 0; k < frame.len; k++)
            hb_buf_printf(text, "%02x", frame.data[k]);
        hb_buf_printf(text, "\n");
        hb_buf_fini(&payload);
        hb_buf_fini(&frame);
    }
}

static void the_bytes_are_the_golden_ones(void)
{
    struct hb_buf text = {0};
    char file[8192] = "";
    FILE *f = fopen("tests/golden/frames.hex", "r");
    size_t n;

    if (f == NULL) {
        CHECK(f != NULL);
        return;
    }
    n = fread(file, 1, sizeof file, f);
    (void)fclose(f);
    golden_lines(&text);
    CHECK_EQ(text.len, n);
    CHECK(text.len == n && memcmp(text.data, file, n) == 0);
    hb_buf_fini(&text);
}

static void every_message_decodes_and_no_other_length_does(void)
{
    struct hb_buf b = {0};
    uint16_t type;

    for (int i = 0; nth_message(i, &type, &b); i++) {
        CHECK_EQ(decode(type, b.data, b.len), HB_OK);
        for (size_t n = 0; n < b.len; n++)
            CHECK(decode(type, b.data, n) != HB_OK);
        hb_buf_u8(&b, 0);
        CHECK(decode(type, b.data, b.len) != HB_OK);
        b.len = 0;
    }
    hb_buf_fini(&b);
}

static void fields_come_back(void)
{
    const struct hb_hello hello = some_hello();
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_hello h;
    struct hb_delta_head d;
    struct hb_commit c;
    struct hb_error_message m;
    const uint8_t *records;

    hb_hello_encode(&hello, &b);
    CHECK_OK(hb_hello_decode(&h, b.data, b.len, &e), e);
    CHECK(h.role == hello.role && h.seed == 42 && h.protocol_max == 1);
    CHECK_STR(h.build, "0.1.0");
    CHECK(hb_hash_equal(&h.run, &hello.run) && hb_hash_equal(&h.game, &hello.game));
    b.len = 0;
    (void)nth_message(2, &(uint16_t){0}, &b); /* exists */
    CHECK_OK(hb_delta_decode(&d, &records, b.data, b.len, &e), e);
    CHECK(d.task.first == 1000000007 && d.task.count == 100 && d.nodes == 123456789012);
    CHECK(d.record_bytes == 5 && records != NULL && records[0] == 1 && records[4] == 5);
    b.len = 0;
    (void)nth_message(3, &(uint16_t){0}, &b); /* exists */
    CHECK_OK(hb_delta_decode(&d, &records, b.data, b.len, &e), e);
    CHECK(records == NULL && d.offset == 4096 && d.hash == 0x0123456789abcdef);
    CHECK_STR(d.segment, "/proc/7/fd/5");
    b.len = 0;
    (void)nth_message(7, &(uint16_t){0}, &b); /* exists */
    CHECK_OK(hb_delta_decode(&d, &records, b.data, b.len, &e), e);
    CHECK(records == NULL && d.offset == 4096 && d.n_parts == 3 && d.record_bytes == 5);
    CHECK(d.part[0].bytes == 4 && d.part[0].hash == 0x0123456789abcdef && d.part[1].bytes == 0);
    CHECK(d.part[2].bytes == 1 && d.part[2].hash == 5);
    b.len = 0;
    (void)nth_message(8, &(uint16_t){0}, &b); /* exists */
    CHECK_OK(hb_delta_decode(&d, &records, b.data, b.len, &e), e);
    CHECK(d.kind == HB_DELTA_COMPACT && d.n_records == 3 && d.record_bytes == 36);
    CHECK(records == b.data + 45 && d.body_bytes == b.len - 45);
    b.len = 0;
    hb_commit_encode(&some_commit, &b);
    CHECK_OK(hb_commit_decode(&c, b.data, b.len, &e), e);
    CHECK(c.generation == 4 && c.iteration == 2000 && c.nodes == 99 && c.records == 7);
    CHECK(c.record_bytes == 70 && c.tasks == 2 && c.duplicates == 1);
    b.len = 0;
    (void)nth_message(6, &(uint16_t){0}, &b); /* exists */
    CHECK_OK(hb_error_decode(&m, b.data, b.len, &e), e);
    CHECK_EQ(m.code, HB_EFORMAT);
    CHECK_STR(m.text, "no such?generation");
    hb_buf_fini(&b);
}

static void a_part_is_told_as_the_directory_has_it(void)
{
    struct hb_delta_head all = some_delta(HB_DELTA_PARTS);
    struct hb_delta_head part = some_delta(HB_DELTA_PART);
    const uint8_t *records;
    struct hb_delta_head d;
    struct hb_buf told = {0};
    struct hb_buf want = {0};
    struct hb_err e = {0};

    part.record_bytes = 1;
    hb_delta_encode(&part, &want);
    hb_delta_encode_part(&all, 2, 4100, &told);
    CHECK_EQ(told.len, want.len);
    CHECK(memcmp(told.data, want.data, want.len) == 0);
    CHECK_OK(hb_delta_decode(&d, &records, told.data, told.len, &e), e);
    CHECK(records == NULL && d.kind == HB_DELTA_PART && d.of == 2 && d.n_parts == 3);
    CHECK(d.offset == 4100 && d.hash == 5 && d.record_bytes == 1 && d.n_records == 2);
    CHECK_STR(d.segment, "/proc/7/fd/5");
    for (size_t n = 0; n < told.len; n++)
        CHECK_EQ(decode(HB_FRAME_DELTA, told.data, n), HB_EFORMAT);
    part.of = 3; /* there are 0, 1 and 2 */
    want.len = 0;
    hb_delta_encode(&part, &want);
    CHECK_EQ(decode(HB_FRAME_DELTA, want.data, want.len), HB_EFORMAT);
    part.of = 0;
    part.n_parts = 1;
    want.len = 0;
    hb_delta_encode(&part, &want);
    CHECK_EQ(decode(HB_FRAME_DELTA, want.data, want.len), HB_EFORMAT);
    hb_buf_fini(&told);
    hb_buf_fini(&want);
}

/* A directory of n parts, the first two of that many bytes, for a result of 5. */
static void refuse_parts(uint32_t n, uint64_t first, uint64_t second)
{
    struct hb_delta_head d = some_delta(HB_DELTA_PARTS);
    struct hb_buf b = {0};

    memset(d.part, 0, sizeof d.part);
    d.part[0].bytes = first;
    d.part[1].bytes = second;
    d.n_parts = n < HB_DELTA_PARTS_MAX ? n : HB_DELTA_PARTS_MAX;
    hb_delta_encode(&d, &b);
    if (n > HB_DELTA_PARTS_MAX) { /* more than the encoder can be asked for */
        const size_t at = b.len - 4 - 16 * (size_t)HB_DELTA_PARTS_MAX;

        hb_set_u32(b.data + at, n);
        hb_buf_u64(&b, 0);
        hb_buf_u64(&b, 0);
    }
    CHECK_EQ(decode(HB_FRAME_DELTA, b.data, b.len), HB_EFORMAT);
    hb_buf_fini(&b);
}

/* What compact records claim to be, at the caps and one beyond. */
static void compact_records_claim_no_more_than_their_bytes_can_hold(void)
{
    static const struct {
        uint64_t body, records;
        int rc;
    } claims[] = {{0, 0, HB_OK},
                  {0, 1, HB_EPROTO},
                  {1, HB_DELTA_RATIO, HB_OK},
                  {1, HB_DELTA_RATIO + 1, HB_EPROTO},
                  {1u << 24, 1u << 30, HB_OK},
                  {1u << 25, (1u << 30) + 1, HB_EPROTO},
                  {1u << 24, UINT64_MAX, HB_EPROTO}};
    struct hb_delta_head d = some_delta(HB_DELTA_COMPACT);
    struct hb_buf b = {0};
    const uint8_t *body;

    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        d.record_bytes = claims[i].records;
        b.len = 0;
        hb_delta_encode(&d, &b);
        memset(hb_buf_room(&b, (size_t)claims[i].body), 0, (size_t)claims[i].body);
        CHECK_EQ(hb_delta_decode(&d, &body, b.data, b.len, NULL), claims[i].rc);
    }
    hb_buf_fini(&b);
}

static void what_cannot_be_is_refused(void)
{
    struct hb_buf b = {0};
    struct hb_task t = some_task;
    struct hb_delta_head d = some_delta(HB_DELTA_SEGMENT);
    struct hb_hello h = some_hello();

    t.count = 0;
    hb_task_encode(&t, &b);
    CHECK_EQ(decode(HB_FRAME_TASK, b.data, b.len), HB_EFORMAT);
    b.len = 0;
    t = (struct hb_task){.first = HB_ITERATIONS_MAX - 9, .count = 10};
    hb_task_encode(&t, &b);
    CHECK_EQ(decode(HB_FRAME_TASK, b.data, b.len), HB_ELIMIT);
    t.count = 9;
    b.len = 0;
    hb_task_encode(&t, &b);
    CHECK_EQ(decode(HB_FRAME_TASK, b.data, b.len), HB_OK);
    d.offset = UINT64_MAX - 4;
    b.len = 0;
    hb_delta_encode(&d, &b);
    CHECK_EQ(decode(HB_FRAME_DELTA, b.data, b.len), HB_EFORMAT);
    d = some_delta(HB_DELTA_SEGMENT);
    d.segment[0] = '\0';
    b.len = 0;
    hb_delta_encode(&d, &b);
    CHECK_EQ(decode(HB_FRAME_DELTA, b.data, b.len), HB_EFORMAT);
    refuse_parts(1, 5, 0);
    refuse_parts(3, 5, 1);          /* more than all */
    refuse_parts(3, 3, 1);          /* less */
    refuse_parts(3, UINT64_MAX, 6); /* the sum wraps to what it should be */
    refuse_parts(HB_DELTA_PARTS_MAX + 1, 5, 0);
    d = some_delta(5);
    d.record_bytes = 0;
    b.len = 0;
    hb_delta_encode(&d, &b);
    CHECK_EQ(decode(HB_FRAME_DELTA, b.data, b.len), HB_EFORMAT);
    h.role = 5;
    b.len = 0;
    hb_hello_encode(&h, &b);
    CHECK_EQ(decode(HB_FRAME_HELLO, b.data, b.len), HB_EFORMAT);
    h = some_hello();
    h.build[1] = '\x1b';
    b.len = 0;
    hb_hello_encode(&h, &b);
    CHECK_EQ(decode(HB_FRAME_HELLO, b.data, b.len), HB_EFORMAT);
    b.len = 0;
    hb_error_encode(HB_EOF, "the end is no error", &b);
    CHECK_EQ(decode(HB_FRAME_ERROR, b.data, b.len), HB_EFORMAT);
    hb_buf_fini(&b);
}

static void a_long_error_is_cut_and_still_decodes(void)
{
    char text[2 * HB_ERR_MSG_MAX];
    struct hb_error_message m;
    struct hb_err e = {0};
    struct hb_buf b = {0};

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    hb_error_encode(HB_EIO, text, &b);
    CHECK_OK(hb_error_decode(&m, b.data, b.len, &e), e);
    CHECK_EQ(strlen(m.text), HB_ERR_MSG_MAX - 1);
    hb_buf_fini(&b);
}

static void strangers_are_told_what_differs(void)
{
    const struct hb_hello ours = some_hello();
    struct hb_hello theirs = some_hello();
    struct hb_err e = {0};
    struct hb_buf b = {0};

    theirs.role = HB_ROLE_MERGE;
    CHECK_OK(hb_hello_match(&ours, &theirs, "the worker", &e), e);
    theirs.seed = 43;
    CHECK_EQ(hb_hello_match(&ours, &theirs, "the worker", &e), HB_EIDENTITY);
    CHECK_STR(e.msg, "the worker has another seed: 43, here it is 42");
    theirs.game.b[0] = 0;
    CHECK_EQ(hb_hello_match(&ours, &theirs, "the worker", &e), HB_EIDENTITY);
    CHECK_STR(e.msg, "the worker has another game: 0011111111111111, here it is 1111111111111111");
    theirs = some_hello();
    theirs.run.b[31] = 0;
    CHECK_EQ(hb_hello_match(&ours, &theirs, "the worker", &e), HB_EIDENTITY);
    theirs = some_hello();
    theirs.abstraction.b[7] = 0;
    CHECK_EQ(hb_hello_match(&ours, &theirs, "the worker", &e), HB_EIDENTITY);
    theirs.protocol_min = 2;
    theirs.protocol_max = 3;
    CHECK_EQ(hb_hello_match(&ours, &theirs, "the worker", &e), HB_EVERSION);
    hb_hello_encode(&theirs, &b);
    b.len = 5; /* another version may look different behind its versions */
    CHECK_EQ(decode(HB_FRAME_HELLO, b.data, b.len), HB_EVERSION);
    hb_buf_fini(&b);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--golden") == 0) {
        struct hb_buf text = {0};

        golden_lines(&text);
        (void)fwrite(text.data, 1, text.len, stdout);
        hb_buf_fini(&text);
        return 0;
    }
    RUN(the_bytes_are_the_golden_ones);
    RUN(every_message_decodes_and_no_other_length_does);
    RUN(fields_come_back);
    RUN(a_part_is_told_as_the_directory_has_it);
    RUN(what_cannot_be_is_refused);
    RUN(compact_records_claim_no_more_than_their_bytes_can_hold);
    RUN(a_long_error_is_cut_and_still_decodes);
    RUN(strangers_are_told_what_differs);
    return check_done();
}
