/* Frames: whatever is cut, flipped, out of order or too long is refused; reading byte by byte is
 * reading at once. */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/rng.h"
#include "check.h"

/* A reader on a pipe that holds just these bytes (at most what a pipe holds). */
static void open_reader(struct hb_frame_reader *r, const void *p, size_t n)
{
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(hb_io_write_full(fds[1], p, n, "a pipe", NULL), HB_OK);
    (void)close(fds[1]);
    hb_frame_reader_init(r, fds[0], "peer", HB_MESSAGE_MAX);
}

static void close_reader(struct hb_frame_reader *r)
{
    (void)close(r->fd);
    hb_frame_reader_fini(r);
}

/* Read to the end: how many messages came, and what ended it. */
static int read_all(const void *p, size_t n, int *messages, struct hb_err *e)
{
    struct hb_frame_reader r;
    struct hb_message m;
    int rc;

    *messages = 0;
    open_reader(&r, p, n);
    while ((rc = hb_frame_read(&r, &m, e)) == HB_OK)
        ++*messages;
    close_reader(&r);
    return rc;
}

/* Three messages: one empty, one of 5 bytes, one of 40. */
static void three_messages(struct hb_buf *b)
{
    uint32_t seq = 0;

    hb_frame_encode(b, &seq, HB_FRAME_TASK, 7, "hello", 5);
    hb_frame_encode(b, &seq, HB_FRAME_DELTA, 8, "0123456789012345678901234567890123456789", 40);
    hb_frame_encode(b, &seq, HB_FRAME_SHUTDOWN, 0, NULL, 0);
    CHECK_EQ(seq, 3);
    CHECK_EQ(b->len, 3 * HB_FRAME_HEADER + 45);
}

/* Change a field of the header at p and make its checksum right again. */
static void repair(uint8_t *p)
{
    hb_set_u32(p + 28, (uint32_t)hb_xxh3(p, 28));
}

static void messages_come_back_as_they_were(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_frame_reader r;
    struct hb_message m;

    three_messages(&b);
    open_reader(&r, b.data, b.len);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK_EQ(m.type, HB_FRAME_TASK);
    CHECK_EQ(m.job, 7);
    CHECK(m.len == 5 && memcmp(m.data, "hello", 5) == 0);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK(m.len == 40 && m.data[39] == '9' && m.job == 8);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK(m.len == 0 && m.type == HB_FRAME_SHUTDOWN);
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EOF);
    CHECK(hb_frame_reader_clean(&r));
    close_reader(&r);
    hb_buf_fini(&b);
}

static void every_truncation_is_refused(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    int messages;

    three_messages(&b);
    for (size_t n = 0; n <= b.len; n++) {
        const bool between = n == 0 || n == 37 || n == 37 + 72 || n == b.len;
        int rc = read_all(b.data, n, &messages, &e);

        CHECK_EQ(rc, between ? HB_EOF : HB_EPROTO);
        CHECK_EQ(messages, (n >= 37) + (n >= 37 + 72) + (n == b.len));
    }
    hb_buf_fini(&b);
}

static void every_flipped_bit_is_refused(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    int messages;

    three_messages(&b);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_EQ(read_all(b.data, b.len, &messages, &e), HB_EPROTO);
        CHECK_EQ(messages, (bit >= 37 * 8) + (bit >= (37 + 72) * 8));
        b.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    hb_buf_fini(&b);
}

static void headers_that_lie_are_refused_before_their_payload(void)
{
    static const struct {
        size_t at;
        uint32_t value;
        int want;
    } lies[] = {
        {4, 0, HB_EVERSION},                        /* type 0 */
        {4, 7, HB_EVERSION},                        /* unknown type */
        {4, HB_FRAME_TASK | 2u << 16, HB_EVERSION}, /* unknown flag */
        {4, HB_FRAME_TASK | 1u << 31, HB_EVERSION}, /* unknown flag */
        {8, HB_FRAME_MAX + 1, HB_ELIMIT},           /* length */
        {8, UINT32_MAX, HB_ELIMIT},                 /* length */
        {8, HB_FRAME_MAX, HB_EPROTO},               /* allowed, but the end comes before */
        {16, 1, HB_EPROTO},                         /* sequence */
        {16, UINT32_MAX, HB_EPROTO},                /* sequence */
        {0, 0x32464248, HB_EPROTO},                 /* magic "HBF2" */
    };
    struct hb_err e = {0};
    int messages;

    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct hb_buf b = {0};
        uint32_t seq = 0;

        hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
        hb_set_u32(b.data + lies[i].at, lies[i].value);
        repair(b.data);
        CHECK_EQ(read_all(b.data, HB_FRAME_HEADER, &messages, &e), lies[i].want);
        hb_buf_fini(&b);
    }
}

static void a_gap_in_the_sequence_ends_the_stream(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_frame_reader r;
    struct hb_message m;
    uint32_t seq = 0;

    hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
    seq = 2;
    hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
    seq = 1;
    hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
    open_reader(&r, b.data, b.len);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EPROTO);
    CHECK_STR(e.msg, "'peer': frame 2 came where 1 was expected");
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EPROTO); /* no way back */
    CHECK(!hb_frame_reader_clean(&r));
    close_reader(&r);
    hb_buf_fini(&b);
}

static void the_sequence_goes_on_after_its_largest_number(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_frame_reader r;
    struct hb_message m;
    uint32_t seq = UINT32_MAX;

    hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
    hb_frame_encode(&b, &seq, HB_FRAME_TASK, 1, "x", 1);
    open_reader(&r, b.data, b.len);
    r.next_seq = UINT32_MAX;
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EOF);
    close_reader(&r);
    hb_buf_fini(&b);
}

/* One frame with a free choice of its header. */
static void put_frame(struct hb_buf *b, uint32_t seq, uint16_t type, uint16_t flags, uint32_t job,
                      const char *text)
{
    const size_t start = b->len;

    hb_frame_encode(b, &seq, type, job, text, strlen(text));
    hb_set_u16(b->data + start + 6, flags);
    repair(b->data + start);
}

static void a_message_of_many_frames_is_one_message(void)
{
    struct hb_err e = {0};
    struct hb_buf b = {0};
    struct hb_frame_reader r;
    struct hb_message m;
    int messages;

    put_frame(&b, 0, HB_FRAME_DELTA, HB_FRAME_MORE, 3, "one ");
    put_frame(&b, 1, HB_FRAME_DELTA, HB_FRAME_MORE, 3, "two ");
    put_frame(&b, 2, HB_FRAME_DELTA, 0, 3, "three");
    put_frame(&b, 3, HB_FRAME_DELTA, HB_FRAME_MORE, 4, "a");
    put_frame(&b, 4, HB_FRAME_DELTA, 0, 4, "");
    open_reader(&r, b.data, b.len);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK(m.len == 13 && memcmp(m.data, "one two three", 13) == 0 && m.job == 3);
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    CHECK(m.len == 1 && m.data[0] == 'a' && m.job == 4);
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EOF);
    close_reader(&r);
    /* the end between its frames is not clean */
    CHECK_EQ(read_all(b.data, HB_FRAME_HEADER + 4, &messages, &e), HB_EPROTO);
    /* a reader may take less */
    open_reader(&r, b.data, b.len);
    r.cap = 12;
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_ELIMIT);
    close_reader(&r);
    open_reader(&r, b.data, b.len);
    r.cap = 13;
    CHECK_OK(hb_frame_read(&r, &m, &e), e);
    close_reader(&r);
    hb_buf_fini(&b);
}

static void a_message_does_not_change_type_or_job(void)
{
    struct hb_err e = {0};
    int messages;

    for (int i = 0; i < 4; i++) {
        struct hb_buf b = {0};

        put_frame(&b, 0, HB_FRAME_DELTA, HB_FRAME_MORE, 3, i == 2 ? "" : "one");
        put_frame(&b, 1, i == 0 ? HB_FRAME_TASK : HB_FRAME_DELTA, 0, i == 1 ? 4 : 3, "two");
        CHECK_EQ(read_all(b.data, b.len, &messages, &e), i == 3 ? HB_EOF : HB_EPROTO);
        CHECK_EQ(messages, i == 3);
        hb_buf_fini(&b);
    }
}

/* Lengths around one frame and two, through a pipe with a writer on the other end. */
static void long_messages_pass_at_each_border(void)
{
    static const size_t lengths[] = {65535,
                                     65536,
                                     65537,
                                     HB_FRAME_MAX - 1,
                                     HB_FRAME_MAX,
                                     HB_FRAME_MAX + 1,
                                     2 * HB_FRAME_MAX,
                                     2 * HB_FRAME_MAX + 1};
    const size_t n_lengths = sizeof lengths / sizeof lengths[0];
    static uint8_t data[2 * HB_FRAME_MAX + 1];
    struct hb_err e = {0};
    struct hb_frame_reader r;
    struct hb_frame_writer w;
    struct hb_message m;
    int fds[2];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i ^ i >> 8);
    CHECK_EQ(pipe(fds), 0);
    if (fork() == 0) {
        int rc = HB_OK;

        hb_frame_writer_init(&w, fds[1], "pipe");
        for (size_t i = 0; i < n_lengths && rc == HB_OK; i++)
            rc = hb_frame_write(&w, HB_FRAME_DELTA, (uint32_t)i, data, lengths[i], NULL);
        hb_frame_writer_fini(&w);
        _exit(0);
    }
    (void)close(fds[1]);
    hb_frame_reader_init(&r, fds[0], "pipe", sizeof data);
    for (size_t i = 0; i < n_lengths; i++) {
        CHECK_OK(hb_frame_read(&r, &m, &e), e);
        CHECK_EQ(m.len, lengths[i]);
        CHECK_EQ(m.job, i);
        CHECK(m.len == lengths[i] && memcmp(m.data, data, m.len) == 0);
    }
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EOF);
    close_reader(&r);
}

/* Encoding to memory and writing to a descriptor give the same bytes. */
static void writing_is_encoding(void)
{
    static uint8_t data[HB_FRAME_MAX + 5];
    struct hb_err e = {0};
    struct hb_buf want = {0};
    struct hb_buf got = {0};
    struct hb_frame_writer w;
    uint32_t seq = 0;
    FILE *f = tmpfile();

    if (f == NULL) {
        CHECK(f != NULL);
        return;
    }
    hb_frame_writer_init(&w, fileno(f), "file");
    hb_frame_encode(&want, &seq, HB_FRAME_TASK, 1, "abc", 3);
    CHECK_OK(hb_frame_write(&w, HB_FRAME_TASK, 1, "abc", 3, &e), e);
    hb_frame_encode(&want, &seq, HB_FRAME_DELTA, 2, data, sizeof data);
    CHECK_OK(hb_frame_write(&w, HB_FRAME_DELTA, 2, data, sizeof data, &e), e);
    CHECK_EQ(lseek(fileno(f), 0, SEEK_END), (off_t)want.len);
    CHECK_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
    hb_buf_room(&got, want.len);
    CHECK_OK(hb_io_read_full(fileno(f), got.data, got.len, NULL, "file", &e), e);
    CHECK(memcmp(want.data, got.data, want.len) == 0);
    hb_frame_writer_fini(&w);
    hb_buf_fini(&want);
    hb_buf_fini(&got);
    (void)fclose(f);
}

/* What a reader of an event loop says of a stream that comes `step` bytes at a time; the messages
 * go to `log`, the return value is what ended it. */
static int read_in_steps(const uint8_t *p, size_t n, size_t step, struct hb_buf *log)
{
    struct hb_frame_reader r;
    struct hb_message m;
    int fds[2];
    int rc = HB_OK;

    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    hb_frame_reader_init(&r, fds[0], "peer", HB_MESSAGE_MAX);
    for (size_t at = 0;; at += step) {
        step = step < n - at ? step : n - at;
        CHECK_EQ(hb_io_write_full(fds[1], p + at, step, "a pipe", NULL), HB_OK);
        if (step == 0)
            (void)close(fds[1]);
        while ((rc = hb_frame_fill(&r, NULL)) == HB_OK) {
            while ((rc = hb_frame_next(&r, &m, NULL)) == HB_OK) {
                hb_buf_u16(log, m.type);
                hb_buf_u32(log, m.job);
                hb_buf_put(log, m.data, m.len);
            }
            if (rc != HB_AGAIN)
                break;
        }
        if (rc != HB_AGAIN)
            break;
    }
    if (step > 0)
        (void)close(fds[1]);
    if (rc == HB_EOF && !hb_frame_reader_clean(&r))
        rc = HB_EPROTO;
    close_reader(&r);
    return rc;
}

static void reading_in_steps_is_reading_at_once(void)
{
    struct hb_buf b = {0};
    struct hb_err e = {0};

    three_messages(&b);
    put_frame(&b, 3, HB_FRAME_DELTA, HB_FRAME_MORE, 3, "one ");
    put_frame(&b, 4, HB_FRAME_DELTA, 0, 3, "message");
    for (uint32_t round = 0; round < 200; round++) {
        const uint32_t pick = round * 2654435761u;
        const size_t n = round < 50 ? b.len : pick % b.len;
        struct hb_buf at_once = {0};
        struct hb_buf in_steps = {0};
        struct hb_frame_reader r;
        struct hb_message m;
        int rc;

        if (round % 2 == 1)
            b.data[pick % b.len] ^= 1;
        open_reader(&r, b.data, n);
        while ((rc = hb_frame_read(&r, &m, &e)) == HB_OK) {
            hb_buf_u16(&at_once, m.type);
            hb_buf_u32(&at_once, m.job);
            hb_buf_put(&at_once, m.data, m.len);
        }
        close_reader(&r);
        CHECK_EQ(read_in_steps(b.data, n, round % 5 == 0 ? 1 : 1 + pick % 60, &in_steps), rc);
        CHECK_EQ(at_once.len, in_steps.len);
        CHECK(at_once.len == 0 || memcmp(at_once.data, in_steps.data, at_once.len) == 0);
        hb_buf_fini(&at_once);
        hb_buf_fini(&in_steps);
        if (round % 2 == 1)
            b.data[pick % b.len] ^= 1;
    }
    hb_buf_fini(&b);
}

static void no_memory_is_an_error_and_nothing_leaks(void)
{
    struct hb_buf b = {0};

    put_frame(&b, 0, HB_FRAME_DELTA, HB_FRAME_MORE, 3, "one ");
    put_frame(&b, 1, HB_FRAME_DELTA, 0, 3, "message");
    for (long n = 1; n < 50; n++) {
        struct hb_frame_reader r;
        struct hb_message m;
        struct hb_err e = {0};
        int rc;

        open_reader(&r, b.data, b.len);
        hb_mem_fail_at(n);
        rc = hb_frame_read(&r, &m, &e);
        hb_mem_fail_at(0);
        close_reader(&r);
        if (rc == HB_OK)
            break;
        CHECK_EQ(rc, HB_ENOMEM);
    }
    hb_buf_fini(&b);
}

static void a_closed_pipe_is_an_io_error_for_both_sides(void)
{
    struct hb_err e = {0};
    struct hb_frame_writer w;
    struct hb_frame_reader r;
    struct hb_message m;
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    (void)close(fds[0]);
    hb_frame_writer_init(&w, fds[1], "reader");
    CHECK_EQ(hb_frame_write(&w, HB_FRAME_SHUTDOWN, 0, NULL, 0, &e), HB_EIO);
    CHECK_EQ(e.sys, EPIPE);
    hb_frame_writer_fini(&w);
    (void)close(fds[1]);
    hb_frame_reader_init(&r, -1, "nothing", 10);
    CHECK_EQ(hb_frame_read(&r, &m, &e), HB_EIO);
    hb_frame_reader_fini(&r);
    hb_frame_reader_fini(&(struct hb_frame_reader){0});
    hb_frame_writer_fini(&(struct hb_frame_writer){0});
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_IGN);
    RUN(messages_come_back_as_they_were);
    RUN(every_truncation_is_refused);
    RUN(every_flipped_bit_is_refused);
    RUN(headers_that_lie_are_refused_before_their_payload);
    RUN(a_gap_in_the_sequence_ends_the_stream);
    RUN(the_sequence_goes_on_after_its_largest_number);
    RUN(a_message_of_many_frames_is_one_message);
    RUN(a_message_does_not_change_type_or_job);
    RUN(long_messages_pass_at_each_border);
    RUN(writing_is_encoding);
    RUN(reading_in_steps_is_reading_at_once);
    RUN(no_memory_is_an_error_and_nothing_leaks);
    RUN(a_closed_pipe_is_an_io_error_for_both_sides);
    return check_done();
}
