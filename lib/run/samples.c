#include "run/samples.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "solver/spec.h"

#define LINE_MAX_BYTES (1u << 20)
#define READ_STEP      (64u << 10)

static const struct field {
    const char *key;
    size_t at; /* in struct hb_sample */
    bool needed;
} fields[] = {
    {"started", offsetof(struct hb_sample, started), false},
    {"t", offsetof(struct hb_sample, t), true},
    {"iteration", offsetof(struct hb_sample, iteration), true},
    {"nodes", offsetof(struct hb_sample, nodes), true},
    {"cpu_s", offsetof(struct hb_sample, cpu_s), true},
    {"workers", offsetof(struct hb_sample, workers), true},
    {"pss_bytes", offsetof(struct hb_sample, pss), true},
    {"tasks", offsetof(struct hb_sample, tasks), true},
    {"bytes_per_task", offsetof(struct hb_sample, bytes_per_task), true},
    {"merge_s", offsetof(struct hb_sample, merge_s), true},
    {"checkpoint_s", offsetof(struct hb_sample, checkpoint_s), true},
    {"barrier_s", offsetof(struct hb_sample, barrier_s), true},
    {"learning_s", offsetof(struct hb_sample, learning_s), false},
    {"workers_cpu_s", offsetof(struct hb_sample, workers_cpu_s), true},
    {"mergers_cpu_s", offsetof(struct hb_sample, mergers_cpu_s), true},
    {"calibration_per_s", offsetof(struct hb_sample, calibration_per_s), true},
    {"ctx_voluntary", offsetof(struct hb_sample, voluntary), false},
    {"ctx_involuntary", offsetof(struct hb_sample, involuntary), false},
    {"change", offsetof(struct hb_sample, change), false},
    {"change_iterations", offsetof(struct hb_sample, change_iterations), false},
    {"looked_at", offsetof(struct hb_sample, looked_at), false},
    {"visited", offsetof(struct hb_sample, visited), false},
    {"pruned", offsetof(struct hb_sample, pruned), false},
    {"saturated", offsetof(struct hb_sample, saturated), false},
    {"iter_per_s", offsetof(struct hb_sample, iter_per_s), false},
    {"nodes_per_cpu_s", offsetof(struct hb_sample, nodes_per_cpu_s), false},
    {"cpu_before_s", offsetof(struct hb_sample, cpu_before_s), false},
};

static double number_of(const json_t *v)
{
    double sum = 0.0;

    if (!json_is_array(v))
        return json_number_value(v);
    for (size_t i = 0; i < json_array_size(v); i++)
        sum += json_number_value(json_array_get(v, i));
    return sum;
}

/* False when it is no line of metrics. */
static bool parse_line(const char *text, size_t len, struct hb_sample *s)
{
    json_t *line = json_loadb(text, len, 0, NULL);
    bool good = json_is_object(line) && json_object_get(line, "iteration") != NULL;

    memset(s, 0, sizeof *s);
    for (size_t i = 0; good && i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *v = json_object_get(line, fields[i].key);
        double x;

        if (v == NULL && fields[i].needed)
            s->missing = fields[i].key;
        if (v == NULL)
            continue;
        if (!json_is_number(v) && !json_is_array(v)) {
            good = false;
            break;
        }
        x = number_of(v);
        memcpy((char *)s + fields[i].at, &x, sizeof x);
    }
    json_decref(line);
    return good;
}

static int add_line(struct hb_samples *all, const char *text, size_t len, struct hb_err *e)
{
    int rc;

    if (len == 0)
        return HB_OK;
    if (all->n == all->cap) {
        size_t cap = all->cap > 0 ? 2 * all->cap : 1024;

        if ((rc = hb_mem_grow(&all->at, cap, sizeof *all->at, "lines of metrics", e)) != HB_OK)
            return rc;
        all->cap = cap;
    }
    if (parse_line(text, len, &all->at[all->n]))
        all->n++;
    else
        all->n_bad++;
    return HB_OK;
}

/* Whole lines in `in` are taken and leave it; at the end the rest is one. */
static int take_lines(struct hb_samples *all, struct hb_buf *in, bool end, struct hb_err *e)
{
    size_t used = 0;
    int rc = HB_OK;

    while (rc == HB_OK && used < in->len) {
        const char *line = (const char *)in->data + used;
        const char *stop = memchr(line, '\n', in->len - used);

        if (stop == NULL && !end)
            break;
        rc = add_line(all, line, stop != NULL ? (size_t)(stop - line) : in->len - used, e);
        used = stop != NULL ? (size_t)(stop + 1 - (const char *)in->data) : in->len;
    }
    memmove(in->data, in->data + used, in->len - used);
    in->len -= used;
    if (rc == HB_OK && in->len > LINE_MAX_BYTES)
        return hb_fail(e, HB_EFORMAT, "a line of more than %u bytes", LINE_MAX_BYTES);
    return rc;
}

static int read_lines(int fd, const char *path, struct hb_samples *all, struct hb_err *e)
{
    struct hb_buf in = {0};
    size_t got = 0;
    int rc = HB_OK;

    while (rc == HB_OK) {
        uint8_t *room = hb_buf_room(&in, READ_STEP);

        if (room == NULL) {
            rc = hb_buf_check(&in, e);
            break;
        }
        rc = hb_io_read_some(fd, room, READ_STEP, &got, path, e);
        in.len -= rc == HB_OK ? READ_STEP - got : READ_STEP;
        if (rc == HB_OK || rc == HB_EOF) {
            int taken = take_lines(all, &in, rc == HB_EOF, e);

            rc = taken != HB_OK ? taken : rc;
        }
    }
    hb_buf_fini(&in);
    return rc == HB_EOF ? HB_OK : rc;
}

int hb_samples_read(const char *path, struct hb_samples *all, struct hb_err *e)
{
    char inside[HB_PATH_MAX];
    struct stat st;
    const char *name;
    int fd;
    int rc;

    memset(all, 0, sizeof *all);
    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (snprintf(inside, sizeof inside, "%s/metrics.jsonl", path) >= (int)sizeof inside)
            return hb_fail(e, HB_ENOINPUT, "the path of '%s' is too long", path);
        path = inside;
    }
    name = strcmp(path, "-") == 0 ? "standard input" : path;
    if ((rc = hb_io_open_read(path, &fd, e)) != HB_OK)
        return rc;
    rc = read_lines(fd, name, all, e);
    (void)close(fd); /* only read */
    if (rc == HB_OK && all->n == 0)
        rc = hb_fail(e, HB_EFORMAT, "'%s' has no line of metrics", name);
    return rc == HB_OK ? rc : hb_context_name(e, rc, "metrics", name);
}

void hb_samples_fini(struct hb_samples *all)
{
    hb_mem_free(all->at);
    *all = (struct hb_samples){0};
}
