/* Frames as JSON: whatever a stream says comes back byte for byte; a line that says nothing a
 * reader would take is refused. */
#include "run/framejson.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "check.h"
#include "solver/delta.h"
#include "wire/compact.h"
#include "wire/message.h"

#define SEED 20261123u

static uint32_t draws;

static uint32_t random32(void)
{
    uint32_t out[4];

    hb_rng_block(SEED, draws++, 0, 0, 0, out);
    return out[0];
}

static uint32_t below(uint32_t n)
{
    return hb_rng_below(random32(), n);
}

/* Small, large, and the numbers where JSON readers begin to round. */
static uint64_t any64(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     UINT64_C(1) << 53,
                                     (UINT64_C(1) << 53) + 1,
                                     INT64_MAX,
                                     (uint64_t)INT64_MAX + 1,
                                     UINT64_MAX};
    uint32_t which = below(10);

    return which < 7 ? edges[which] : (uint64_t)random32() << below(33);
}

/* Text without control characters: quotes, backslashes, UTF-8 and bytes that are not. */
static void any_text(char *out, size_t cap, bool empty)
{
    static const char *const parts[] = {"a", "\"", "\\", " ", "\xc3\xa9", "\xff", "/", "\xe2\x82"};
    size_t n = 0;

    for (uint32_t i = below(12) + (empty ? 0 : 1); i > 0; i--) {
        const char *p = parts[below(below(2) > 0 ? 8 : 5)];

        if (n + strlen(p) + 1 >= cap)
            break;
        memcpy(out + n, p, strlen(p));
        n += strlen(p);
    }
    out[n] = '\0';
}

static struct hb_task any_task(void)
{
    struct hb_task t = {.generation = any64(), .first = random32(), .count = below(1000) + 1};

    return t;
}

static void any_records(struct hb_buf *out)
{
    for (uint32_t i = below(20); i > 0; i--) {
        const unsigned n = below(5);

        hb_buf_u64(out, (random32() & HB_RECORD_ROW_MASK) |
                            (uint64_t)below(4) << HB_RECORD_ROW_BITS | (uint64_t)n << 48);
        for (unsigned v = 0; v < n; v++)
            hb_buf_u16(out, (uint16_t)random32());
    }
    for (uint32_t i = below(4) == 0 ? below(8) : 0; i > 0; i--)
        hb_buf_u8(out, (uint8_t)random32()); /* not a whole record */
}

/* Bytes of all of them. */
static uint64_t any_parts(struct hb_delta_head *d)
{
    uint64_t sum = 0;

    d->n_parts = 2 + below(HB_DELTA_PARTS_MAX - 1);
    for (uint32_t i = 0; i < d->n_parts; i++) {
        d->part[i] = (struct hb_delta_part){.bytes = random32(), .hash = any64()};
        sum += d->part[i].bytes;
    }
    return sum;
}

/* From this program's encoder, or a block as only another one would make it. */
static void any_compact(struct hb_buf *out, struct hb_delta_head *d)
{
    static const char odd[] = "\2\0\0\0\2\0\0\0\2\0\0\0\2\0\0\0\4\0\0\0\4\0\0\0"
                              "\x22\x22\1\3\4\5\6\7"; /* the second row is the next: step 1 */
    struct hb_compact c = {.cap = 0};
    struct hb_buf records = {0};
    struct hb_buf blocks = {0};
    const bool ours = below(4) > 0;

    d->kind = HB_DELTA_COMPACT;
    d->n_records = ours ? below(90) : 2;
    for (uint64_t i = 0; ours && i < d->n_records; i++) {
        const unsigned n = 1 + below(5);

        hb_buf_u64(&records, hb_record_head(random32() & 0xff, below(2) > 0, n));
        for (unsigned v = 0; v < n; v++)
            hb_buf_u16(&records, (uint16_t)(random32() & 7));
    }
    if (ours)
        CHECK_EQ(hb_compact_encode(&c, records.data, records.len, below(2) > 0, &blocks, NULL), 0);
    else
        hb_buf_put(&blocks, odd, sizeof odd - 1);
    d->record_bytes = ours ? records.len : 24;
    hb_delta_encode(d, out);
    hb_buf_put(out, blocks.data, blocks.len);
    hb_buf_fini(&blocks);
    hb_buf_fini(&records);
    hb_compact_fini(&c);
}

static void any_delta(struct hb_buf *out)
{
    struct hb_delta_head d = {.task = any_task(), .nodes = any64(), .n_records = any64()};
    struct hb_buf records = {0};

    if (below(4) == 0) {
        any_compact(out, &d);
        return;
    }
    if (below(2) > 0) {
        static const uint8_t kinds[] = {HB_DELTA_SEGMENT, HB_DELTA_PARTS, HB_DELTA_PART};

        d.kind = kinds[below(3)];
        any_text(d.segment, sizeof d.segment, false);
        d.offset = random32();
        d.hash = any64();
        d.record_bytes = d.kind == HB_DELTA_PARTS ? any_parts(&d) : random32();
        d.n_parts = d.kind == HB_DELTA_PART ? 2 + below(HB_DELTA_PARTS_MAX - 1) : d.n_parts;
        d.of = d.kind == HB_DELTA_PART ? below(d.n_parts) : 0;
    } else {
        any_records(&records);
        d.record_bytes = records.len;
    }
    hb_delta_encode(&d, out);
    hb_buf_put(out, records.data, records.len);
    hb_buf_fini(&records);
}

static void any_hello(struct hb_buf *out)
{
    struct hb_hello h = {.role = (uint8_t)(1 + below(4)),
                         .protocol_min = 1,
                         .protocol_max = (uint16_t)(1 + below(9)),
                         .seed = any64()};

    any_text(h.build, sizeof h.build, true);
    for (size_t i = 0; i < HB_HASH_BYTES; i++) {
        h.game.b[i] = (uint8_t)random32();
        h.abstraction.b[i] = (uint8_t)random32();
        h.run.b[i] = (uint8_t)random32();
    }
    hb_hello_encode(&h, out);
}

static uint16_t any_message(struct hb_buf *out)
{
    const uint16_t type = (uint16_t)(1 + below(6));
    struct hb_commit c = {any64(), random32(), any64(), any64(), any64(), random32(), random32()};
    struct hb_task t = any_task();
    char text[HB_ERR_MSG_MAX];

    switch (type) {
    case HB_FRAME_HELLO: any_hello(out); break;
    case HB_FRAME_TASK: hb_task_encode(&t, out); break;
    case HB_FRAME_DELTA: any_delta(out); break;
    case HB_FRAME_COMMIT: hb_commit_encode(&c, out); break;
    case HB_FRAME_ERROR:
        any_text(text, sizeof text, true);
        hb_error_encode(-1 - (int)below(20), text, out);
        break;
    default: break;
    }
    return type;
}

/* As hb's writers do, or cut anywhere. */
static void put_frames(struct hb_buf *out, uint32_t *seq, uint16_t type, uint32_t job,
                       const struct hb_buf *m)
{
    uint32_t cuts[8];
    size_t n = 0;
    size_t left = m->len;

    if (below(3) > 0) {
        hb_frame_encode(out, seq, type, job, m->data, m->len);
        return;
    }
    while (left > 0 && n < 7 && below(4) > 0) {
        cuts[n] = 1 + below((uint32_t)left);
        left -= cuts[n++];
    }
    cuts[n++] = (uint32_t)left; /* perhaps an empty one */
    hb_frame_encode_cuts(out, seq, type, job, m->data, cuts, n);
}

/* Through the stream functions, from a file to a file. */
static void through(int (*convert)(int, int, struct hb_err *), const struct hb_buf *in,
                    struct hb_buf *out)
{
    FILE *from = tmpfile();
    FILE *to = tmpfile();
    struct hb_err e = {0};
    long n;

    CHECK(from != NULL && to != NULL);
    if (from == NULL || to == NULL)
        return;
    CHECK_EQ(fwrite(in->data, 1, in->len, from), in->len);
    rewind(from);
    CHECK_OK(convert(fileno(from), fileno(to), &e), e);
    CHECK_EQ(fseek(to, 0, SEEK_END), 0);
    n = ftell(to);
    rewind(to);
    out->len = 0;
    CHECK_EQ(fread(hb_buf_room(out, (size_t)n), 1, (size_t)n, to), n);
    (void)fclose(from);
    (void)fclose(to);
}

static void a_stream_comes_back_byte_for_byte(void)
{
    struct hb_buf frames = {0};
    struct hb_buf lines = {0};
    struct hb_buf again = {0};

    for (int stream = 0; stream < 60; stream++) {
        uint32_t seq = 0;

        frames.len = 0;
        for (uint32_t n = below(40); n > 0; n--) {
            struct hb_buf m = {0};
            uint16_t type = any_message(&m);

            put_frames(&frames, &seq, type, random32(), &m);
            hb_buf_fini(&m);
        }
        through(hb_framejson_decode, &frames, &lines);
        through(hb_framejson_encode, &lines, &again);
        CHECK_EQ(again.len, frames.len);
        CHECK(again.len == frames.len && memcmp(again.data, frames.data, frames.len) == 0);
        if (check_bad_here > 0)
            printf("# seed %u, stream %d\n", SEED, stream);
    }
    hb_buf_fini(&frames);
    hb_buf_fini(&lines);
    hb_buf_fini(&again);
}

static void a_message_of_several_frames_comes_back(void)
{
    struct hb_delta_head d = {.task = {1, 2, 3}, .record_bytes = 0};
    struct hb_buf m = {0};
    struct hb_buf records = {0};
    struct hb_buf frames = {0};
    struct hb_buf lines = {0};
    struct hb_buf again = {0};
    uint32_t seq = 0;

    while (records.len < HB_FRAME_MAX + 1000) {
        hb_buf_u64(&records, hb_record_head(records.len, HB_RECORD_REGRET, 100));
        for (int i = 0; i < 100; i++)
            hb_buf_u16(&records, (uint16_t)(i - 50));
        d.n_records++;
    }
    d.record_bytes = records.len;
    hb_delta_encode(&d, &m);
    hb_buf_put(&m, records.data, records.len);
    hb_frame_encode(&frames, &seq, HB_FRAME_DELTA, 9, m.data, m.len);
    CHECK_EQ(seq, 2);
    through(hb_framejson_decode, &frames, &lines);
    hb_buf_u8(&lines, '\0');
    lines.len--;
    CHECK(strstr((const char *)lines.data, "\"frames\"") == NULL);
    through(hb_framejson_encode, &lines, &again);
    CHECK(again.len == frames.len && memcmp(again.data, frames.data, frames.len) == 0);
    hb_buf_fini(&m);
    hb_buf_fini(&records);
    hb_buf_fini(&frames);
    hb_buf_fini(&lines);
    hb_buf_fini(&again);
}

static void refused(const char *line, const char *say)
{
    struct hb_buf out = {0};
    struct hb_err e = {0};
    uint32_t seq = 7;

    CHECK_EQ(hb_framejson_parse(line, strlen(line), &out, &seq, &e), HB_EFORMAT);
    CHECK_EQ(out.len, 0);
    CHECK_EQ(seq, 7);
    if (strstr(e.msg, say) == NULL)
        printf("# '%s' says '%s', not '%s'\n", line, e.msg, say);
    CHECK(strstr(e.msg, say) != NULL);
    hb_buf_fini(&out);
}

static void bad_lines_are_refused(void)
{
    refused("", "not a JSON object");
    refused("7", "not a JSON object");
    refused("{\"type\":\"TASK\"", "not a JSON object");
    refused("{}", "field 'type' is missing");
    refused("{\"type\":\"\",\"job\":0}", "field 'type'");
    refused("{\"type\":\"TASKS\",\"job\":0}", "field 'type'");
    refused("{\"type\":\"SHUTDOWN\"}", "field 'job' is missing");
    refused("{\"type\":\"SHUTDOWN\",\"job\":4294967296}", "field 'job'");
    refused("{\"type\":\"SHUTDOWN\",\"job\":-1}", "field 'job'");
    refused("{\"type\":\"SHUTDOWN\",\"job\":\"1x\"}", "field 'job'");
    refused("{\"type\":\"SHUTDOWN\",\"job\":1,\"job\":1}", "not a JSON object");
    refused("{\"type\":\"SHUTDOWN\",\"job\":1,\"x\":1}", "SHUTDOWN: field 'x' is unknown");
    refused("{\"type\":\"SHUTDOWN\",\"job\":1,\"frames\":[]}", "field 'frames'");
    refused("{\"type\":\"SHUTDOWN\",\"job\":1,\"frames\":[0,0]}", "field 'frames'");
    refused("{\"type\":\"SHUTDOWN\",\"job\":1,\"frames\":[1]}", "field 'frames'");
    refused("{\"type\":\"TASK\",\"job\":1,\"generation\":0,\"first\":0,\"count\":0}",
            "about no iteration");
    refused("{\"type\":\"ERROR\",\"job\":1,\"code\":3,\"text\":\"\"}", "field 'code'");
    refused("{\"type\":\"ERROR\",\"job\":1,\"code\":-3,\"text\":\"\\n\"}", "field 'text'");
    refused("{\"type\":\"ERROR\",\"job\":1,\"code\":-3,\"text_hex\":\"fg\"}", "field 'text_hex'");
}

static const char delta_line[] =
    "{\"type\":\"DELTA\",\"job\":1,\"generation\":0,\"first\":0,\"count\":1,\"nodes\":1,"
    "\"n_records\":1,\"record_bytes\":12,\"kind\":\"inline\",\"records\":[{\"row\":6,\"kind\":"
    "\"regret\",\"values\":[-32768,32767]}]}";

static void bad_records_are_refused(void)
{
    static const struct {
        const char *from, *to, *say;
    } edits[] = {
        {"[{", "{\"x\":[{", "not a JSON object"},
        {"-32768", "-32769", "field 'values'"},
        {"32767]", "1.5]", "field 'values'"},
        {"\"row\":6", "\"row\":70368744177664", "record: field 'row'"},
        {"\"row\":6", "\"now\":6", "record: field 'row' is missing"},
        {"\"regret\"", "4", "field 'kind'"},
        {"\"regret\"", "\"regret\",\"x\":0", "record: field 'x' is unknown"},
        {"_bytes\":12", "_bytes\":13", "field 'record_bytes'"},
        {"\"inline\"", "\"segment\"", "field 'segment' is missing"},
    };
    struct hb_buf out = {0};
    struct hb_err e = {0};
    uint32_t seq = 0;

    CHECK_OK(hb_framejson_parse(delta_line, strlen(delta_line), &out, &seq, &e), e);
    hb_buf_fini(&out);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at = strstr(delta_line, edits[i].from);
        char line[600];

        CHECK(at != NULL);
        if (at == NULL)
            continue;
        (void)snprintf(line, sizeof line, "%.*s%s%s", (int)(at - delta_line), delta_line,
                       edits[i].to, at + strlen(edits[i].from));
        refused(line, edits[i].say);
    }
}

static const char compact_line[] =
    "{\"type\":\"DELTA\",\"job\":1,\"generation\":0,\"first\":0,\"count\":1,\"nodes\":1,"
    "\"n_records\":1,\"record_bytes\":12,\"kind\":\"compact\",\"compress\":\"varint\",\"records\":"
    "[{\"row\":6,\"kind\":\"regret\",\"values\":[-1,2]}],\"bytes\":"
    "\"010000000100000001000000010000000200000002000000220301"
    "04\"}";

/* The line with one text in the place of another. */
static void edited(const char *from, const char *to, char *line, size_t cap)
{
    const char *at = strstr(compact_line, from);

    CHECK(at != NULL);
    if (at != NULL)
        (void)snprintf(line, cap, "%.*s%s%s", (int)(at - compact_line), compact_line, to,
                       at + strlen(from));
}

static void bad_compact_lines_are_refused(void)
{
    static const struct {
        const char *from, *to, *say;
    } edits[] = {
        {"\"varint\"", "\"lzma\"", "field 'compress'"},
        {"n_records\":1", "n_records\":2", "field 'n_records' is not the number of records"},
        {"_bytes\":12", "_bytes\":13", "field 'record_bytes'"},
        {"[-1,2]", "[-1,3]", "field 'bytes' has other records than the line"},
        {"220301", "32030104", "there are more records than were told"},
        {"220301", "2203", "block 0 is cut"},
        {"220301", "2203g1", "field 'bytes' is not a string"},
        {"\"bytes\"", "\"rest\":\"\",\"bytes\"", "field 'rest' is unknown"},
        {"\"regret\"", "2", "cannot be made compact"},
    };
    struct hb_buf out = {0};
    struct hb_err e = {0};
    uint32_t seq = 0;
    char line[600];

    CHECK_OK(hb_framejson_parse(compact_line, strlen(compact_line), &out, &seq, &e), e);
    hb_buf_fini(&out);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        const char *at;

        edited(edits[i].from, edits[i].to, line, sizeof line);
        at = strstr(line, ",\"bytes\"");
        if (strstr(edits[i].say, "compact") != NULL && at != NULL) /* without the blocks */
            (void)snprintf(line + (at - line), sizeof line - (size_t)(at - line), "}");
        refused(line, edits[i].say);
    }
}

/* Any byte changed: refused, or another message that decodes to what the line says. */
static void mutated_lines_never_crash(void)
{
    char line[sizeof delta_line];

    for (int i = 0; i < 20000; i++) {
        struct hb_buf out = {0};
        uint32_t seq = 0;
        int rc;

        memcpy(line, delta_line, sizeof line);
        for (uint32_t n = 1 + below(3); n > 0; n--)
            line[below(sizeof line - 1)] = (char)(32 + below(95));
        rc = hb_framejson_parse(line, sizeof line - 1, &out, &seq, NULL);
        CHECK(rc == HB_OK || out.len == 0);
        hb_buf_fini(&out);
    }
}

int main(void)
{
    RUN(a_stream_comes_back_byte_for_byte);
    RUN(a_message_of_several_frames_comes_back);
    RUN(bad_lines_are_refused);
    RUN(bad_records_are_refused);
    RUN(bad_compact_lines_are_refused);
    RUN(mutated_lines_never_crash);
    return check_done();
}
