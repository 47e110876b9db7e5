/* Frames as JSON. The input is taken twice: as a message (type, then payload), which comes back
 * byte for byte if it has a line at all; and as a line, which stays what it is after one round
 * trip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/framejson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
    if (!ok)
        abort();
}

static void as_message(const uint8_t *data, size_t size)
{
    const struct hb_message m = {
        .type = (uint16_t)(1 + data[0] % 6), .job = data[0], .data = data + 1, .len = size - 1};
    struct hb_buf cuts = {0};
    struct hb_buf line = {0};
    struct hb_buf want = {0};
    struct hb_buf got = {0};
    uint32_t seq = 3;

    hb_buf_u32(&cuts, (uint32_t)m.len);
    if (m.len <= HB_FRAME_MAX && hb_framejson_format(&m, cuts.data, 1, &line, NULL) == HB_OK) {
        hb_frame_encode(&want, &seq, m.type, m.job, m.data, m.len);
        seq = 3;
        must(line.len > 0 && line.data[line.len - 1] == '\n');
        must(hb_framejson_parse((const char *)line.data, line.len, &got, &seq, NULL) == HB_OK);
        must(got.len == want.len && memcmp(got.data, want.data, want.len) == 0);
    }
    hb_buf_fini(&cuts);
    hb_buf_fini(&line);
    hb_buf_fini(&want);
    hb_buf_fini(&got);
}

/* Lines of the frames, by way of files. */
static void lines_of(const struct hb_buf *frames, struct hb_buf *lines)
{
    FILE *from = tmpfile();
    FILE *to = tmpfile();
    long n;

    must(from != NULL && to != NULL);
    must(fwrite(frames->data, 1, frames->len, from) == frames->len);
    rewind(from);
    must(hb_framejson_decode(fileno(from), fileno(to), NULL) == HB_OK);
    must(fseek(to, 0, SEEK_END) == 0);
    n = ftell(to);
    must(n > 0);
    rewind(to);
    must(fread(hb_buf_room(lines, (size_t)n), 1, (size_t)n, to) == (size_t)n);
    (void)fclose(from); /* temporary files */
    (void)fclose(to);
}

static void as_line(const uint8_t *data, size_t size)
{
    struct hb_buf frames = {0};
    struct hb_buf lines = {0};
    struct hb_buf again = {0};
    uint32_t seq = 0;

    if (hb_framejson_parse((const char *)data, size, &frames, &seq, NULL) == HB_OK) {
        lines_of(&frames, &lines);
        seq = 0;
        must(hb_framejson_parse((const char *)lines.data, lines.len, &again, &seq, NULL) == HB_OK);
        must(again.len == frames.len && memcmp(again.data, frames.data, frames.len) == 0);
    } else {
        must(frames.len == 0);
    }
    hb_buf_fini(&frames);
    hb_buf_fini(&lines);
    hb_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    as_message(data, size);
    as_line(data, size);
    return 0;
}
