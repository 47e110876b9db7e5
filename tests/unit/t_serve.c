/* Questions to a strategy: each line of JSON is answered with one, whatever is in it, in order, and
 * before the next question is waited for. */
#define _XOPEN_SOURCE 700 /* mkdtemp, for tables.h */
#include "run/serve.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"
#include "run/view.h"
#include "tables.h"

static int code_of(int rc)
{
    return rc == HB_EUSAGE ? 64 : 65;
}

static bool open_game(struct hb_strategy *s, const char *game)
{
    struct hb_strategy_options o = {.game = game};
    struct hb_err e = {0};

    CHECK_OK(hb_strategy_open("@uniform", &o, s, &e), e);
    return e.rc == HB_OK;
}

/* The answer as JSON; the caller releases it. Checks that it is one line. */
static json_t *ask(struct hb_strategy *s, const char *line, size_t len)
{
    struct hb_buf out = {0};
    json_t *answer = NULL;

    hb_serve_answer(s, line, len, code_of, &out);
    CHECK(!out.failed && out.len > 0);
    if (out.len > 0) {
        CHECK(memchr(out.data, '\n', out.len) == out.data + out.len - 1);
        answer = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
        CHECK(json_is_object(answer));
    }
    hb_buf_fini(&out);
    return answer;
}

static void answers_are_those_of_a_view(void)
{
    static const struct {
        const char *question, *at, *board, *hand;
    } some[] = {
        {"{\"hand\":\"Kh\"}", "", NULL, "Kh"},
        {"{\"actions\":\"rc/\",\"board\":\"Qs\",\"hand\":\"Kh\"}", "rc/", "Qs", "Kh"},
        {"  {\"board\":\"Qs\", \"hand\":\"Kh\", \"actions\":\"rc/r\"}\r", "rc/r", "Qs", "Kh"},
    };
    struct hb_strategy s;

    if (!open_game(&s, "examples/games/leduc.game"))
        return;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        json_t *got = ask(&s, some[i].question, strlen(some[i].question));
        struct hb_buf text = {0};
        struct hb_view v;
        struct hb_err e = {0};
        json_t *want;

        CHECK_OK(hb_view_new(&s, some[i].at, some[i].board, some[i].hand, &v, &e), e);
        hb_view_json(&v, &text);
        want = json_loadb((const char *)text.data, text.len, 0, NULL);
        CHECK(json_equal(got, want));
        json_decref(got);
        json_decref(want);
        hb_buf_fini(&text);
        hb_view_fini(&v);
    }
    hb_strategy_close(&s);
}

/* Without a hand: as many as hb_view_json has lines, and with what they share they are the same. */
static void all_hands_come_in_one_line(void)
{
    static const char *const at[] = {"", "rc/", "cc/"};
    struct hb_strategy s;

    if (!open_game(&s, "examples/games/leduc.game"))
        return;
    for (size_t i = 0; i < 3; i++) {
        const char *board = i == 2 ? "Ks" : "";
        char question[80];
        struct hb_buf text = {0};
        struct hb_view v;
        struct hb_err e = {0};
        const char *p;
        json_t *answer;
        json_t *hands;
        json_t *hand;
        size_t k;

        (void)snprintf(question, sizeof question, "{\"actions\":\"%s\",\"board\":\"%s\"}", at[i],
                       board);
        answer = ask(&s, question, strlen(question));
        hands = json_object_get(answer, "hands");
        CHECK_OK(hb_view_new(&s, at[i], board, NULL, &v, &e), e);
        hb_view_json(&v, &text);
        hb_buf_u8(&text, '\0');
        p = (const char *)text.data;
        CHECK(json_array_size(hands) > 0);
        json_array_foreach(hands, k, hand)
        {
            json_t *want = json_loadb(p, strcspn(p, "\n"), 0, NULL);
            json_t *whole = json_copy(answer);

            (void)json_object_del(whole, "hands");
            (void)json_object_update(whole, hand);
            CHECK(json_equal(whole, want));
            json_decref(want);
            json_decref(whole);
            p += strcspn(p, "\n") + 1;
        }
        CHECK(*p == '\0');
        json_decref(answer);
        hb_view_fini(&v);
        hb_buf_fini(&text);
    }
    hb_strategy_close(&s);
}

static void wrong_questions_are_answered_with_an_error_and_their_id(void)
{
    static const struct {
        const char *question, *id, *says;
    } some[] = {
        {"", NULL, "not JSON"},
        {"nonsense", NULL, "not JSON"},
        {"[1]", NULL, "is an object"},
        {"{\"id\":5,\"at\":\"\"}", "5", "no field \"at\""},
        {"{\"at\":\"\",\"id\":5}", "5", "no field \"at\""},
        {"{\"hand\":5,\"id\":\"x\\\"y\"}", "\"x\\\"y\"", "\"hand\" is not a text"},
        {"{\"id\":[]}", NULL, "neither a text nor a number"},
        {"{\"id\":1.5,\"actions\":\"rrrrr\"}", "1.5", "actions"},
        {"{\"id\":1,\"hand\":\"KhKh\"}", "1", "KhKh"},
        {"{\"id\":1,\"id\":2}", NULL, "not JSON"},
        {"{\"actions\":\"rc/\",\"hand\":\"Kh\",\"id\":-3}", "-3", "--board"},
    };
    struct hb_strategy s;

    if (!open_game(&s, "examples/games/leduc.game"))
        return;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        json_t *got = ask(&s, some[i].question, strlen(some[i].question));
        const char *error = json_string_value(json_object_get(got, "error"));
        char *id = json_dumps(json_object_get(got, "id"), JSON_ENCODE_ANY | JSON_COMPACT);

        CHECK(error != NULL && strstr(error, some[i].says) != NULL);
        CHECK_EQ(json_integer_value(json_object_get(got, "code")), 64);
        CHECK((id == NULL) == (some[i].id == NULL));
        if (id != NULL && some[i].id != NULL)
            CHECK_STR(id, some[i].id);
        free(id);
        json_decref(got);
    }
    hb_strategy_close(&s);
}

/* Bytes changed, cut and thrown in: always one line of JSON. */
static void any_bytes_are_answered_with_a_line_of_json(void)
{
    static const char good[] =
        "{\"actions\":\"rc/\",\"board\":\"Qs\",\"hand\":\"Kh\",\"id\":\"a\"}";
    struct hb_strategy s;

    if (!open_game(&s, "examples/games/leduc.game"))
        return;
    for (uint64_t i = 0; i < 4000; i++) {
        char line[sizeof good + 4];
        size_t len = sizeof good - 1;
        uint32_t bits[4];

        memcpy(line, good, len);
        hb_rng_block(5, i, 0, HB_RNG_TOOL, 0, bits);
        line[hb_rng_below(bits[0], (uint32_t)len)] = (char)(bits[1] & 255);
        if (bits[2] % 3 == 0)
            line[hb_rng_below(bits[3], (uint32_t)len)] ^= 1;
        if (bits[2] % 5 == 0)
            len = hb_rng_below(bits[3], (uint32_t)len);
        json_decref(ask(&s, line, len));
    }
    hb_strategy_close(&s);
}

/* ---- streams ---- */

static size_t lines_of(const struct hb_buf *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->len; i++)
        n += b->data[i] == '\n';
    return n;
}

/* Serve a file of questions into a file. */
static int serve_text(struct hb_strategy *s, const struct hb_buf *in, struct hb_buf *out)
{
    FILE *from = tmpfile();
    FILE *to = tmpfile();
    struct hb_err e = {0};
    int rc = HB_ESYS;
    size_t got;
    uint8_t buf[4096];

    if (from != NULL && to != NULL) {
        CHECK_OK(hb_io_write_full(fileno(from), in->data, in->len, "test", &e), e);
        (void)lseek(fileno(from), 0, SEEK_SET);
        rc = hb_serve(s, fileno(from), fileno(to), code_of, &e);
        (void)lseek(fileno(to), 0, SEEK_SET);
        while (hb_io_read_some(fileno(to), buf, sizeof buf, &got, "test", NULL) == HB_OK)
            hb_buf_put(out, buf, got);
    }
    if (from != NULL)
        (void)fclose(from);
    if (to != NULL)
        (void)fclose(to);
    return rc;
}

static void every_line_has_its_answer_also_the_last_without_an_end(void)
{
    for (int tail = 0; tail < 2; tail++) {
        struct hb_strategy s;
        struct hb_buf in = {0};
        struct hb_buf out = {0};
        const uint8_t *p;

        if (!open_game(&s, "examples/games/kuhn.game"))
            return;
        for (int i = 0; i < 50000; i++) /* some megabytes: several reads and writes */
            hb_buf_printf(&in, "{\"id\":%d,\"hand\":\"%s\"}\n", i, i % 3 ? "Ks" : "Kx");
        hb_buf_printf(&in, "{\"id\":50000}%s", tail ? "\n" : "");
        CHECK_EQ(serve_text(&s, &in, &out), HB_OK);
        CHECK_EQ(lines_of(&out), 50001);
        p = out.data;
        for (int i = 0; i <= 50000 && p != NULL; i++) {
            char want[32];
            int n = snprintf(want, sizeof want, "{\"id\":%d,%s", i,
                             i < 50000 && i % 3 == 0 ? "\"error\"" : "\"actions\"");

            if (memcmp(p, want, (size_t)n) != 0) {
                CHECK_EQ(i, -1);
                break;
            }
            p = memchr(p, '\n', (size_t)(out.data + out.len - p));
            p = p != NULL ? p + 1 : NULL;
        }
        hb_buf_fini(&in);
        hb_buf_fini(&out);
        hb_strategy_close(&s);
    }
}

static void a_line_that_is_too_long_is_an_error_and_the_next_is_answered(void)
{
    static const size_t lens[] = {HB_SERVE_LINE_MAX - 1, HB_SERVE_LINE_MAX, HB_SERVE_LINE_MAX + 1,
                                  3 * HB_SERVE_LINE_MAX};
    struct hb_strategy s;

    if (!open_game(&s, "examples/games/kuhn.game"))
        return;
    for (size_t i = 0; i < 4; i++) {
        struct hb_buf in = {0};
        struct hb_buf out = {0};

        hb_buf_printf(&in, "{\"hand\":\"Ks\"}");
        while (in.len < lens[i])
            hb_buf_u8(&in, ' ');
        hb_buf_printf(&in, "\n{\"id\":1}\n");
        CHECK_EQ(serve_text(&s, &in, &out), HB_OK);
        CHECK_EQ(lines_of(&out), 2);
        hb_buf_u8(&out, '\0');
        CHECK((strstr((const char *)out.data, "at most 65536 bytes") != NULL) ==
              (lens[i] > HB_SERVE_LINE_MAX));
        CHECK(strstr((const char *)out.data, "\n{\"id\":1,\"actions\"") != NULL);
        hb_buf_fini(&in);
        hb_buf_fini(&out);
    }
    hb_strategy_close(&s);
}

/* A client that asks, waits for the answer and asks again: nothing may be held back. */
static void an_answer_does_not_wait_for_the_next_question(void)
{
    static const char question[] = "{\"hand\":\"Ks\"}\n";
    struct hb_strategy s;
    int to[2];
    int from[2];
    pid_t pid;
    int status = -1;

    if (!open_game(&s, "examples/games/kuhn.game") || pipe(to) != 0 || pipe(from) != 0)
        return;
    pid = fork();
    if (pid == 0) {
        (void)close(to[1]);
        (void)close(from[0]);
        _exit(hb_serve(&s, to[0], from[1], code_of, NULL) == HB_OK ? 0 : 1);
    }
    CHECK(pid > 0);
    (void)close(to[0]);
    (void)close(from[1]);
    for (int i = 0; i < 50 && pid > 0; i++) {
        char c = '\0';
        int n = 0;

        /* in two parts: half a line is no question yet */
        CHECK(hb_io_write_full(to[1], question, 5, "test", NULL) == HB_OK);
        CHECK(hb_io_write_full(to[1], question + 5, sizeof question - 6, "test", NULL) == HB_OK);
        while (c != '\n' && n++ < 1000 && hb_io_read_full(from[0], &c, 1, NULL, "t", NULL) == HB_OK)
            continue;
        CHECK(c == '\n');
    }
    (void)close(to[1]);
    (void)waitpid(pid, &status, 0);
    CHECK_EQ(status, 0);
    (void)close(from[0]);
    hb_strategy_close(&s);
}

static void a_reader_that_is_gone_ends_it_with_an_error(void)
{
    struct hb_strategy s;
    struct hb_err e = {0};
    FILE *in = tmpfile();
    FILE *out = tmpfile();

    if (in == NULL || out == NULL || !open_game(&s, "examples/games/kuhn.game"))
        return;
    CHECK(hb_io_write_full(fileno(in), "{}\n", 3, "test", NULL) == HB_OK);
    (void)lseek(fileno(in), 0, SEEK_SET);
    CHECK_EQ(hb_serve(&s, fileno(in), 1 << 20, code_of, &e), HB_EIO); /* no such descriptor */
    CHECK(strstr(e.msg, "the answers") != NULL);
    CHECK_EQ(hb_serve(&s, 1 << 20, fileno(out), code_of, &e), HB_EIO);
    (void)fclose(in);
    (void)fclose(out);
    hb_strategy_close(&s);
}

int main(void)
{
    RUN(answers_are_those_of_a_view);
    RUN(all_hands_come_in_one_line);
    RUN(wrong_questions_are_answered_with_an_error_and_their_id);
    RUN(any_bytes_are_answered_with_a_line_of_json);
    RUN(every_line_has_its_answer_also_the_last_without_an_end);
    RUN(a_line_that_is_too_long_is_an_error_and_the_next_is_answered);
    RUN(an_answer_does_not_wait_for_the_next_question);
    RUN(a_reader_that_is_gone_ends_it_with_an_error);
    return check_done();
}
