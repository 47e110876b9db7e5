/* Any stream of frames: read at once and in steps it gives the same messages and the same end; what
 * decodes encodes to the same bytes; what was read can be written and read again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "wire/frame.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP_MAX = 4096 };

static void must(int ok)
{
    if (!ok)
        abort();
}

/* Put the checksums and sequence numbers of a stream right, as far as it looks like one. */
static void repair(uint8_t *p, size_t n)
{
    for (uint32_t seq = 0; n >= HB_FRAME_HEADER; seq++) {
        uint32_t len = hb_get_u32(p + 8);

        if (len > n - HB_FRAME_HEADER && len <= HB_FRAME_MAX)
            len = (uint32_t)(n - HB_FRAME_HEADER);
        hb_set_u32(p, 0x31464248); /* "HBF1" */
        hb_set_u32(p + 8, len);
        hb_set_u32(p + 16, seq);
        if (len <= n - HB_FRAME_HEADER)
            hb_set_u64(p + 20, hb_xxh3(p + HB_FRAME_HEADER, len));
        hb_set_u32(p + 28, (uint32_t)hb_xxh3(p, 28));
        if (len > n - HB_FRAME_HEADER)
            return;
        p += HB_FRAME_HEADER + len;
        n -= HB_FRAME_HEADER + len;
    }
}

static void encode_again(const struct hb_message *m, struct hb_buf *out)
{
    struct hb_hello hello;
    struct hb_task task;
    struct hb_delta_head delta;
    struct hb_commit commit;
    struct hb_error_message error;
    const uint8_t *records = NULL;

    if (m->type == HB_FRAME_HELLO && hb_hello_decode(&hello, m->data, m->len, NULL) == HB_OK) {
        hb_hello_encode(&hello, out);
        must(hb_hello_match(&hello, &hello, "it", NULL) == HB_OK);
    } else if (m->type == HB_FRAME_TASK && hb_task_decode(&task, m->data, m->len, NULL) == HB_OK) {
        hb_task_encode(&task, out);
    } else if (m->type == HB_FRAME_DELTA &&
               hb_delta_decode(&delta, &records, m->data, m->len, NULL) == HB_OK) {
        hb_delta_encode(&delta, out);
        hb_buf_put(out, records, (size_t)delta.body_bytes);
    } else if (m->type == HB_FRAME_COMMIT &&
               hb_commit_decode(&commit, m->data, m->len, NULL) == HB_OK) {
        hb_commit_encode(&commit, out);
    } else if (m->type == HB_FRAME_ERROR &&
               hb_error_decode(&error, m->data, m->len, NULL) == HB_OK) {
        hb_error_encode(error.code, error.text, out);
    } else {
        hb_buf_put(out, m->data, m->len);
    }
    must(!out->failed && out->len == m->len);
    must(m->len == 0 || memcmp(out->data, m->data, m->len) == 0);
}

/* The messages, one after the other: the stream in its shortest form. */
static void log_message(struct hb_buf *log, uint32_t *seq, const struct hb_message *m)
{
    struct hb_buf again = {0};

    encode_again(m, &again);
    hb_frame_encode(log, seq, m->type, m->job, again.data, again.len);
    hb_buf_fini(&again);
}

static int read_at_once(const uint8_t *p, size_t n, struct hb_buf *log)
{
    struct hb_frame_reader r;
    struct hb_message m;
    FILE *f = tmpfile();
    uint32_t seq = 0;
    int rc;

    must(f != NULL && hb_io_write_full(fileno(f), p, n, "file", NULL) == HB_OK);
    must(lseek(fileno(f), 0, SEEK_SET) == 0);
    hb_frame_reader_init(&r, fileno(f), "file", HB_MESSAGE_MAX);
    while ((rc = hb_frame_read(&r, &m, NULL)) == HB_OK)
        log_message(log, &seq, &m);
    hb_frame_reader_fini(&r);
    (void)fclose(f); /* a temporary file */
    return rc;
}

static int read_in_steps(const uint8_t *p, size_t n, size_t step, struct hb_buf *log)
{
    struct hb_frame_reader r;
    struct hb_message m;
    uint32_t seq = 0;
    int rc = HB_AGAIN;
    int fds[2];

    must(pipe(fds) == 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
    hb_frame_reader_init(&r, fds[0], "pipe", HB_MESSAGE_MAX);
    while (n > 0 && rc == HB_AGAIN) {
        step = step < n ? step : n;
        must(hb_io_write_full(fds[1], p, step, "pipe", NULL) == HB_OK);
        p += step;
        n -= step;
        while (rc == HB_AGAIN && (rc = hb_frame_fill(&r, NULL)) == HB_OK)
            while ((rc = hb_frame_next(&r, &m, NULL)) == HB_OK)
                log_message(log, &seq, &m);
    }
    if (rc == HB_AGAIN)
        rc = hb_frame_reader_clean(&r) ? HB_EOF : HB_EPROTO;
    (void)close(fds[0]); /* nothing to lose */
    (void)close(fds[1]); /* nothing to lose */
    hb_frame_reader_fini(&r);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_buf stream = {0};
    struct hb_buf first = {0};
    struct hb_buf second = {0};
    int rc;

    if (size < 1)
        return 0;
    hb_buf_put(&stream, data + 1, size - 1);
    must(!stream.failed);
    if (data[0] % 8 != 0)
        repair(stream.data, stream.len);
    rc = read_at_once(stream.data, stream.len, &first);
    must(read_in_steps(stream.data, stream.len, 1 + (size_t)data[0] * 16 % STEP_MAX, &second) ==
         rc);
    must(first.len == second.len);
    must(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
    second.len = 0;
    must(read_at_once(first.data, first.len, &second) == HB_EOF);
    must(first.len == second.len);
    must(first.len == 0 || memcmp(first.data, second.data, first.len) == 0);
    hb_buf_fini(&stream);
    hb_buf_fini(&first);
    hb_buf_fini(&second);
    return 0;
}
