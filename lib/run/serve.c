#include "run/serve.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/view.h"

#define FLUSH_BYTES ((size_t)1 << 20) /* of answers: they are written even when lines are left */

/* ---- one question ---- */

struct question {
    const char *actions;
    const char *board;
    const char *hand;
    char *id; /* owned; JSON text, NULL when there is none */
};

static int read_field(const char *key, json_t *value, struct question *q, struct hb_err *e)
{
    const char **text = strcmp(key, "actions") == 0 ? &q->actions
                        : strcmp(key, "board") == 0 ? &q->board
                        : strcmp(key, "hand") == 0  ? &q->hand
                                                    : NULL;

    if (strcmp(key, "id") == 0) {
        if (!json_is_string(value) && !json_is_number(value))
            return hb_fail(e, HB_EUSAGE, "\"id\" is neither a text nor a number");
        q->id = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        return q->id != NULL ? HB_OK : hb_fail(e, HB_ENOMEM, "no memory for an id");
    }
    if (text == NULL)
        return hb_fail(e, HB_EUSAGE, "no field \"%.40s\": there are actions, board, hand, id", key);
    if (!json_is_string(value))
        return hb_fail(e, HB_EUSAGE, "\"%s\" is not a text", key);
    *text = json_string_value(value);
    return HB_OK;
}

/* The id first: an answer that says what is wrong with the rest has it. */
static int read_question(json_t *object, struct question *q, struct hb_err *e)
{
    json_t *id = json_object_get(object, "id");
    int rc = HB_OK;

    if (!json_is_object(object))
        return hb_fail(e, HB_EUSAGE, "a question is an object: {\"actions\":\"\"}");
    if (id != NULL)
        rc = read_field("id", id, q, e);
    for (void *i = json_object_iter(object); i != NULL && rc == HB_OK;
         i = json_object_iter_next(object, i))
        if (strcmp(json_object_iter_key(i), "id") != 0)
            rc = read_field(json_object_iter_key(i), json_object_iter_value(i), q, e);
    return rc;
}

static void put_error(const struct question *q, const struct hb_err *why, int (*code)(int),
                      struct hb_buf *out)
{
    hb_buf_printf(out, "{");
    if (q->id != NULL)
        hb_buf_printf(out, "\"id\":%s,", q->id);
    hb_buf_printf(out, "\"error\":");
    hb_json_str(out, why->msg);
    hb_buf_printf(out, ",\"code\":%d}\n", code(why->rc));
}

void hb_serve_answer(struct hb_strategy *s, const char *line, size_t len, int (*code)(int rc),
                     struct hb_buf *out)
{
    struct question q = {0};
    struct hb_view v = {0};
    struct hb_err e = {0};
    json_error_t why;
    json_t *object = NULL;
    int rc = HB_OK;

    if (len > HB_SERVE_LINE_MAX)
        rc = hb_fail(&e, HB_EUSAGE, "a question has at most %d bytes", HB_SERVE_LINE_MAX);
    else if ((object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why)) == NULL)
        rc = hb_fail(&e, HB_EUSAGE, "not JSON: %.120s", why.text);
    if (rc == HB_OK && (rc = read_question(object, &q, &e)) == HB_OK &&
        (rc = hb_view_new(s, q.actions, q.board, q.hand, &v, &e)) == HB_OK)
        hb_view_json_line(&v, q.id, out);
    if (rc != HB_OK)
        put_error(&q, &e, code, out);
    hb_view_fini(&v);
    free(q.id); /* jansson's, by malloc */
    json_decref(object);
}

/* ---- all of them ---- */

struct service {
    struct hb_strategy *strategy;
    int out;
    int (*code)(int rc);
    struct hb_buf answers;
    char *line; /* [HB_SERVE_LINE_MAX + 1] what came of a line without its end */
    size_t len; /* of a line that is too long one more than HB_SERVE_LINE_MAX */
};

static int flush(struct service *s, struct hb_err *e)
{
    int rc = hb_buf_check(&s->answers, e);

    if (rc == HB_OK && s->answers.len > 0)
        rc = hb_io_write_full(s->out, s->answers.data, s->answers.len, "the answers", e);
    s->answers.len = 0;
    return rc;
}

static void gather(struct service *s, const char *part, size_t n)
{
    size_t room = HB_SERVE_LINE_MAX + 1 - s->len;

    n = n < room ? n : room;
    memcpy(s->line + s->len, part, n);
    s->len += n;
}

static int answer(struct service *s, struct hb_err *e)
{
    hb_serve_answer(s->strategy, s->line, s->len, s->code, &s->answers);
    s->len = 0;
    return s->answers.len >= FLUSH_BYTES || s->answers.failed ? flush(s, e) : HB_OK;
}

static int take(struct service *s, const char *p, size_t n, struct hb_err *e)
{
    const char *end = p + n;
    int rc = HB_OK;

    while (p < end && rc == HB_OK) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));

        gather(s, p, (size_t)((stop != NULL ? stop : end) - p));
        if (stop == NULL)
            break;
        rc = answer(s, e);
        p = stop + 1;
    }
    return rc == HB_OK ? flush(s, e) : rc;
}

static int serve(struct service *s, int in, char *buf, struct hb_err *e)
{
    size_t got = 0;
    int rc;

    while ((rc = hb_io_read_some(in, buf, HB_SERVE_LINE_MAX, &got, "the questions", e)) == HB_OK)
        if ((rc = take(s, buf, got, e)) != HB_OK)
            return rc;
    if (rc != HB_EOF)
        return rc;
    if (s->len > 0 && (rc = answer(s, e)) != HB_OK)
        return rc;
    return flush(s, e);
}

int hb_serve(struct hb_strategy *strategy, int in, int out, int (*code)(int rc), struct hb_err *e)
{
    struct service s = {.strategy = strategy, .out = out, .code = code};
    char *buf = NULL;
    int rc;

    if ((rc = hb_strategy_preload(strategy, hb_os_memory_bytes() / 2, e)) == HB_OK &&
        (rc = hb_mem_new(&s.line, HB_SERVE_LINE_MAX + 1, 1, "a question", e)) == HB_OK &&
        (rc = hb_mem_new(&buf, HB_SERVE_LINE_MAX, 1, "questions", e)) == HB_OK)
        rc = serve(&s, in, buf, e);
    hb_mem_free(buf);
    hb_mem_free(s.line);
    hb_buf_fini(&s.answers);
    return rc;
}
