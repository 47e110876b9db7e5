#include "run/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

#define TABLE_MAGIC "HBT1"
#define STEP_WORDS  ((size_t)1 << 20)

/* ---- open, close, read ---- */

/* Whether a regular file begins like a table. A file that cannot be opened is no table: opening it
 * as a checkpoint says why. */
static bool looks_like_table(const char *path)
{
    char magic[4] = "";
    struct stat st;
    bool yes;
    int fd;

    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    yes = fd >= 0 && pread(fd, magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
          memcmp(magic, TABLE_MAGIC, sizeof magic) == 0;
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    return yes;
}

static int open_table(const char *path, struct hb_generation *g, struct hb_err *e)
{
    int rc = hb_tablefile_open(path, false, &g->table, e);

    if (rc != HB_OK)
        return rc;
    if ((rc = hb_table_clean(&g->table.table, &g->number, &g->iteration, e)) != HB_OK)
        return hb_context(e, rc, "table '%s'", path);
    g->is_table = true;
    g->spec = &g->table.table.spec;
    g->id = &g->table.table.id;
    g->tree = &g->table.table.tree;
    g->layout = &g->table.table.layout;
    g->node_row = g->table.table.node_row;
    g->nodes = g->table.table.live->part[0].nodes;
    return HB_OK;
}

static int open_checkpoint(const char *path, struct hb_generation *g, struct hb_err *e)
{
    struct hb_checkpoint *c = &g->checkpoint;
    int rc = hb_checkpoint_open(path, c, e);

    if (rc != HB_OK)
        return rc;
    g->spec = &c->spec;
    g->id = &c->id;
    g->tree = &c->tree;
    g->layout = &c->layout;
    g->node_row = c->node_row;
    g->number = c->generation;
    g->iteration = c->iteration;
    g->nodes = c->nodes;
    return HB_OK;
}

int hb_generation_open(const char *path, struct hb_generation *g, struct hb_err *e)
{
    int rc;

    memset(g, 0, sizeof *g);
    rc = looks_like_table(path) ? open_table(path, g, e) : open_checkpoint(path, g, e);
    if (rc != HB_OK)
        hb_generation_close(g);
    return rc;
}

void hb_generation_close(struct hb_generation *g)
{
    hb_checkpoint_close(&g->checkpoint);
    hb_tablefile_close(&g->table);
    memset(g, 0, sizeof *g);
}

int hb_generation_words(struct hb_generation *g, uint64_t at, int32_t *out, size_t n,
                        struct hb_err *e)
{
    if (!g->is_table)
        return hb_checkpoint_words(&g->checkpoint, at, out, n, e);
    if (at > g->layout->n_words || n > g->layout->n_words - at)
        return hb_fail(e, HB_EUSAGE, "words %llu and %zu more of %llu", (unsigned long long)at, n,
                       (unsigned long long)g->layout->n_words);
    memcpy(out, g->table.table.rows + at, 4 * n);
    return HB_OK;
}

int hb_generation_content(struct hb_generation *g, struct hb_hash *out, struct hb_err *e)
{
    struct hb_hash rows;

    if (!g->is_table)
        return hb_checkpoint_content(&g->checkpoint, out, e);
    hb_rows_hash(g->table.table.rows, g->layout->n_words, &rows);
    hb_content_hash(g->id, g->iteration, &rows, out);
    return HB_OK;
}

/* ---- differences ---- */

/* The solver's keys alone: not the seed, which is told apart. */
static int keys_differ(const struct hb_params *a, const struct hb_params *b, bool *out,
                       struct hb_err *e)
{
    struct hb_params p = *a;
    struct hb_params q = *b;
    struct hb_buf x = {0};
    struct hb_buf y = {0};
    int rc;

    p.seed = 0;
    q.seed = 0;
    hb_params_encode(&p, true, &x);
    hb_params_encode(&q, true, &y);
    if ((rc = hb_buf_check(&x, e)) == HB_OK && (rc = hb_buf_check(&y, e)) == HB_OK)
        *out = x.len != y.len || memcmp(x.data, y.data, x.len) != 0;
    hb_buf_fini(&x);
    hb_buf_fini(&y);
    return rc;
}

/* Find the row that holds a word: first its section, then its bucket, then its node. */
struct row_finder {
    const struct hb_generation *g;
    uint32_t *node[HB_STREETS][HB_PLAYERS_MAX]; /* nodes of a section, views into all */
    uint32_t n[HB_STREETS][HB_PLAYERS_MAX];
    uint32_t *all; /* owned, [n_nodes] */
};

static int finder_init(struct row_finder *f, const struct hb_generation *g, struct hb_err *e)
{
    const struct hb_tree *t = g->tree;
    uint32_t at = 0;
    int rc;

    memset(f, 0, sizeof *f);
    f->g = g;
    if ((rc = hb_mem_new(&f->all, t->n_nodes, sizeof *f->all, "the nodes", e)) != HB_OK)
        return rc;
    for (uint32_t i = 0; i < t->n_nodes; i++)
        f->n[t->node[i].street][t->node[i].player]++;
    for (int st = 0; st < HB_STREETS; st++)
        for (int p = 0; p < HB_PLAYERS_MAX; p++) {
            f->node[st][p] = f->all + at;
            at += f->n[st][p];
            f->n[st][p] = 0;
        }
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct hb_node *n = &t->node[i];

        f->node[n->street][n->player][f->n[n->street][n->player]++] = i;
    }
    return HB_OK;
}

/* The last node of the section whose row begins at or before `offset`. */
static uint32_t node_at(const struct row_finder *f, int st, int p, uint64_t offset)
{
    uint32_t lo = 0;
    uint32_t hi = f->n[st][p];

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (f->g->node_row[f->node[st][p][mid]] <= offset)
            lo = mid;
        else
            hi = mid;
    }
    return f->node[st][p][lo];
}

/* Row of a word: its node and bucket; returns the first word behind it. */
static uint64_t find_row(const struct row_finder *f, uint64_t word, uint32_t *node,
                         uint32_t *bucket)
{
    const struct hb_layout *l = f->g->layout;
    int st = 0;
    int p = 0;
    uint64_t in;

    /* Sections follow one another; empty ones begin where the next one does. */
    for (int s = 0; s < HB_STREETS; s++)
        for (int q = 0; q < HB_PLAYERS_MAX; q++)
            if (f->n[s][q] > 0 && f->g->spec->street[s].n_buckets > 0 && l->base[s][q] <= word) {
                st = s;
                p = q;
            }
    in = word - l->base[st][p];
    *bucket = (uint32_t)(in / l->stride[st][p]);
    *node = node_at(f, st, p, in % l->stride[st][p]);
    return word - in % l->stride[st][p] + f->g->node_row[*node] + HB_ROW_HEAD +
           2 * (uint64_t)f->g->tree->node[*node].n_actions;
}

/* Blocks of both, n words from `at`; *next is the word behind the last row that was counted. */
static void compare_block(const struct row_finder *f, const int32_t *x, const int32_t *y,
                          uint64_t at, size_t n, uint64_t *next, struct hb_diff *out)
{
    if (memcmp(x, y, 4 * n) == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        uint32_t node;
        uint32_t bucket;

        if (x[i] == y[i] || at + i < *next)
            continue;
        *next = find_row(f, at + i, &node, &bucket);
        if (out->n_rows++ == 0) {
            out->first_node = node;
            out->first_bucket = bucket;
        }
    }
}

static int compare_rows(struct hb_generation *a, struct hb_generation *b, struct hb_diff *out,
                        struct hb_err *e)
{
    const uint64_t total = a->layout->n_words;
    struct row_finder f = {0};
    int32_t *x = NULL;
    int32_t *y = NULL;
    uint64_t next = 0;
    int rc;

    if ((rc = finder_init(&f, a, e)) != HB_OK ||
        (rc = hb_mem_new(&x, STEP_WORDS, sizeof *x, "a block of rows", e)) != HB_OK ||
        (rc = hb_mem_new(&y, STEP_WORDS, sizeof *y, "a block of rows", e)) != HB_OK)
        goto out;
    for (uint64_t at = 0; at < total; at += STEP_WORDS) {
        size_t n = total - at < STEP_WORDS ? (size_t)(total - at) : STEP_WORDS;

        if ((rc = hb_generation_words(a, at, x, n, e)) != HB_OK ||
            (rc = hb_generation_words(b, at, y, n, e)) != HB_OK)
            goto out;
        compare_block(&f, x, y, at, n, &next, out);
    }
out:
    hb_mem_free(f.all);
    hb_mem_free(x);
    hb_mem_free(y);
    return rc;
}

/* The same tree and the same number of buckets: the same rows in the same places. */
static bool same_shape(const struct hb_generation *a, const struct hb_generation *b)
{
    for (int i = 0; i < HB_STREETS; i++)
        if (a->spec->street[i].n_buckets != b->spec->street[i].n_buckets)
            return false;
    return hb_hash_equal(&a->id->tree, &b->id->tree) && a->layout->n_words == b->layout->n_words;
}

int hb_generation_diff(struct hb_generation *a, struct hb_generation *b, struct hb_diff *out,
                       struct hb_err *e)
{
    int rc;

    memset(out, 0, sizeof *out);
    out->game = !hb_hash_equal(&a->id->game, &b->id->game);
    out->tree = !hb_hash_equal(&a->id->tree, &b->id->tree);
    out->abstraction = !hb_hash_equal(&a->id->abstraction, &b->id->abstraction);
    out->seed = a->id->seed != b->id->seed;
    out->iteration = a->iteration != b->iteration;
    out->rows_compared = same_shape(a, b);
    if ((rc = keys_differ(&a->spec->params, &b->spec->params, &out->solver_keys, e)) != HB_OK)
        return rc;
    return out->rows_compared ? compare_rows(a, b, out, e) : HB_OK;
}

bool hb_diff_same(const struct hb_diff *d)
{
    return !d->game && !d->tree && !d->abstraction && !d->seed && !d->solver_keys &&
           !d->iteration && d->rows_compared && d->n_rows == 0;
}
