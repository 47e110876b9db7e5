#include "run/export.h"

#include <string.h>

#include "abstraction/hba.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/json.h"
#include "base/mem.h"
#include "cards/iso.h"

#define MEMORY_DEFAULT (256u << 20)
#define FLUSH_BYTES    (64u << 10)
#define PATH_TEXT_MAX  4096u

struct exporter {
    struct hb_generation *g;
    const struct hb_export_options *o;
    int fd;
    const char *name;
    struct hb_iso *iso[2]; /* by sense, made when first needed */
    struct hb_buf out;     /* lines not yet written */
    struct hb_buf head;    /* of the lines of a node: {"player":0,"actions":"" */
    struct hb_buf legal;   /* "legal":["c","r"] */
    double *prob;          /* [most actions of a node] */
    int32_t *row;          /* the longest row */
    /* nodes gathered together, and where each one's rows begin in `rows` */
    uint32_t *node; /* [n_nodes] */
    uint64_t *at;   /* [n_nodes] */
    uint32_t n;
    uint64_t words;
    int32_t *rows;
};

static uint64_t row_words(const struct exporter *x, uint32_t node)
{
    return HB_ROW_HEAD + 2 * (uint64_t)x->g->tree->node[node].n_actions;
}

static uint32_t n_buckets(const struct exporter *x, uint32_t node)
{
    return x->g->spec->street[x->g->tree->node[node].street].n_buckets;
}

static int flush(struct exporter *x, size_t above, struct hb_err *e)
{
    int rc = hb_buf_check(&x->out, e);

    if (rc != HB_OK || x->out.len <= above)
        return rc;
    rc = hb_io_write_full(x->fd, x->out.data, x->out.len, x->name, e);
    x->out.len = 0;
    return rc;
}

/* ---- one line ---- */

/* What all lines of a node have in common. */
static int describe_node(struct exporter *x, uint32_t node, struct hb_err *e)
{
    const struct hb_tree *t = x->g->tree;
    const struct hb_node *n = &t->node[node];
    char path[PATH_TEXT_MAX];
    int rc;

    if ((rc = hb_tree_path(&x->g->spec->rules, t, node, path, sizeof path, e)) != HB_OK)
        return rc;
    x->head.len = 0;
    x->legal.len = 0;
    hb_buf_printf(&x->head, x->o->csv ? "%u,%s," : "{\"player\":%u,\"actions\":\"%s\",",
                  (unsigned)n->player, path);
    for (uint32_t k = 0; k < n->n_actions; k++) {
        char act[16];

        hb_act_format(&x->g->spec->rules, t->act[n->edge + k], act);
        if (x->o->csv)
            hb_buf_printf(&x->legal, "%s%s", k > 0 ? " " : "", act);
        else
            hb_buf_printf(&x->legal, "%s\"%s\"", k > 0 ? "," : "", act);
    }
    rc = hb_buf_check(&x->head, e);
    return rc == HB_OK ? hb_buf_check(&x->legal, e) : rc;
}

static int need_iso(struct exporter *x, int street, struct hb_err *e)
{
    const struct hb_spec_street *st = &x->g->spec->street[street];
    int rc = HB_OK;

    if (x->iso[st->sense] == NULL)
        rc = hb_iso_new(&x->g->spec->rules.deck, (enum hb_iso_sense)st->sense, &x->iso[st->sense],
                        e);
    if (rc == HB_OK && hb_iso_size(x->iso[st->sense], street) != st->n_buckets)
        rc = hb_fail(e, HB_EFORMAT, "%s is lossless but has %u buckets", hb_street_name(street),
                     st->n_buckets);
    return rc;
}

static int put_cards(struct exporter *x, int street, uint32_t bucket, struct hb_err *e)
{
    const struct hb_deck *deck = &x->g->spec->rules.deck;
    const struct hb_spec_street *st = &x->g->spec->street[street];
    const int n_board = deck->n_board[street];
    uint8_t cards[HB_HAND_MAX];
    char hand[2 * HB_HOLE_MAX + 1];
    char board[2 * HB_BOARD_MAX + 1];
    int rc;

    if (st->kind != HB_BUCKETS_IDENTITY) {
        if (x->o->csv)
            hb_buf_printf(&x->out, ",,");
        return HB_OK;
    }
    if ((rc = need_iso(x, street, e)) != HB_OK)
        return rc;
    hb_iso_cards(x->iso[st->sense], street, bucket, cards);
    hb_cards_format(cards, deck->n_hole, hand);
    hb_cards_format(cards + deck->n_hole, n_board, board);
    if (x->o->csv)
        hb_buf_printf(&x->out, "%s,%s,", hand, board);
    else if (n_board > 0)
        hb_buf_printf(&x->out, "\"hand\":\"%s\",\"board\":\"%s\",", hand, board);
    else
        hb_buf_printf(&x->out, "\"hand\":\"%s\",", hand);
    return HB_OK;
}

static int put_line(struct exporter *x, uint32_t node, uint32_t bucket, const int32_t *row,
                    struct hb_err *e)
{
    const struct hb_node *n = &x->g->tree->node[node];
    int rc;

    hb_row_average(row, n->n_actions, x->prob);
    hb_buf_put(&x->out, x->head.data, x->head.len);
    if ((rc = put_cards(x, n->street, bucket, e)) != HB_OK)
        return rc;
    hb_buf_printf(&x->out, x->o->csv ? "%u," : "\"bucket\":%u,\"legal\":[", bucket);
    hb_buf_put(&x->out, x->legal.data, x->legal.len);
    hb_buf_printf(&x->out, x->o->csv ? "," : "],\"strategy\":");
    if (!x->o->csv)
        hb_json_reals(&x->out, x->prob, n->n_actions);
    for (unsigned k = 0; x->o->csv && k < n->n_actions; k++) {
        if (k > 0)
            hb_buf_u8(&x->out, ' ');
        hb_json_real(&x->out, x->prob[k]);
    }
    hb_buf_printf(&x->out, x->o->csv ? "\n" : "}\n");
    return flush(x, FLUSH_BYTES, e);
}

/* ---- rows into order ---- */

/* Copy the rows of the gathered nodes of one street: of each bucket only the span they lie in. */
static int gather_street(struct exporter *x, int street, struct hb_err *e)
{
    const struct hb_layout *l = x->g->layout;
    const int player = x->g->tree->node[x->node[0]].player;
    uint64_t lo = UINT64_MAX;
    uint64_t hi = 0;
    int32_t *span = NULL;
    int rc;

    for (uint32_t i = 0; i < x->n; i++)
        if (x->g->tree->node[x->node[i]].street == street) {
            uint64_t begin = x->g->node_row[x->node[i]];

            lo = begin < lo ? begin : lo;
            hi = begin + row_words(x, x->node[i]); /* offsets ascend with the nodes */
        }
    if (hi == 0)
        return HB_OK;
    rc = hb_mem_new(&span, (size_t)(hi - lo), sizeof *span, "rows of a bucket", e);
    for (uint32_t b = 0; rc == HB_OK && b < x->g->spec->street[street].n_buckets; b++) {
        rc = hb_generation_words(x->g, l->base[street][player] + b * l->stride[street][player] + lo,
                                 span, (size_t)(hi - lo), e);
        for (uint32_t i = 0; rc == HB_OK && i < x->n; i++) {
            uint64_t len = row_words(x, x->node[i]);

            if (x->g->tree->node[x->node[i]].street == street)
                memcpy(x->rows + x->at[i] + b * len, span + (x->g->node_row[x->node[i]] - lo),
                       4 * (size_t)len);
        }
    }
    hb_mem_free(span);
    return rc;
}

static int gather(struct exporter *x, struct hb_err *e)
{
    int rc = hb_mem_new(&x->rows, (size_t)x->words, sizeof *x->rows, "rows", e);

    for (int street = 0; rc == HB_OK && street < HB_STREETS; street++)
        rc = gather_street(x, street, e);
    return rc;
}

/* Lines of the i-th gathered node. Its rows come from memory or, when it is alone, one by one. */
static int put_node(struct exporter *x, uint32_t i, struct hb_err *e)
{
    const uint32_t node = x->node[i];
    const struct hb_node *n = &x->g->tree->node[node];
    const uint64_t len = row_words(x, node);
    const uint64_t base = x->g->layout->base[n->street][n->player] + x->g->node_row[node];
    int rc = describe_node(x, node, e);

    for (uint32_t b = 0; rc == HB_OK && b < n_buckets(x, node); b++) {
        const int32_t *row = x->row;

        if (x->rows != NULL)
            row = x->rows + x->at[i] + b * len;
        else
            rc = hb_generation_words(x->g, base + b * x->g->layout->stride[n->street][n->player],
                                     x->row, (size_t)len, e);
        if (rc == HB_OK)
            rc = put_line(x, node, b, row, e);
    }
    return rc;
}

static int put_gathered(struct exporter *x, struct hb_err *e)
{
    int rc = x->n > 1 ? gather(x, e) : HB_OK;

    for (uint32_t i = 0; rc == HB_OK && i < x->n; i++)
        rc = put_node(x, i, e);
    hb_mem_free(x->rows);
    x->rows = NULL;
    x->n = 0;
    x->words = 0;
    return rc;
}

/* ---- all of it ---- */

static int put_players(struct exporter *x, uint32_t only, struct hb_err *e)
{
    const struct hb_tree *t = x->g->tree;
    const uint64_t memory = x->o->memory_bytes > 0 ? x->o->memory_bytes : MEMORY_DEFAULT;
    int rc = HB_OK;

    for (uint32_t player = 0; rc == HB_OK && player < t->n_players; player++) {
        for (uint32_t i = 0; rc == HB_OK && i < t->n_nodes; i++) {
            uint64_t words = n_buckets(x, i) * row_words(x, i);

            if (t->node[i].player != player || (only != HB_TREE_NONE && i != only) ||
                (x->o->street >= 0 && t->node[i].street != x->o->street))
                continue;
            if (x->n > 0 && 4 * (x->words + words) > memory)
                rc = put_gathered(x, e);
            x->at[x->n] = x->words;
            x->node[x->n++] = i;
            x->words += words;
        }
        if (rc == HB_OK)
            rc = put_gathered(x, e);
    }
    return rc;
}

static int check_options(const struct exporter *x, uint32_t *only, struct hb_err *e)
{
    const struct hb_rules *r = &x->g->spec->rules;

    *only = HB_TREE_NONE;
    if (x->o->street >= r->deck.n_streets)
        return hb_fail(e, HB_EUSAGE, "the game has no %s", hb_street_name(x->o->street));
    return x->o->at != NULL ? hb_tree_find(r, x->g->tree, x->o->at, only, e) : HB_OK;
}

int hb_export(struct hb_generation *g, const struct hb_export_options *o, int fd, const char *name,
              struct hb_err *e)
{
    struct exporter x = {.g = g, .o = o, .fd = fd, .name = name};
    uint32_t most = hb_tree_widest(g->tree);
    uint32_t only;
    int rc;

    if ((rc = check_options(&x, &only, e)) != HB_OK ||
        (rc = hb_mem_new(&x.prob, most, sizeof *x.prob, "a strategy", e)) != HB_OK ||
        (rc = hb_mem_new(&x.row, HB_ROW_HEAD + 2 * (size_t)most, sizeof *x.row, "a row", e)) !=
            HB_OK ||
        (rc = hb_mem_new(&x.node, g->tree->n_nodes, sizeof *x.node, "nodes", e)) != HB_OK ||
        (rc = hb_mem_new(&x.at, g->tree->n_nodes, sizeof *x.at, "nodes", e)) != HB_OK)
        goto out;
    if (o->csv)
        hb_buf_printf(&x.out, "player,actions,hand,board,bucket,legal,strategy\n");
    if ((rc = put_players(&x, only, e)) == HB_OK)
        rc = flush(&x, 0, e);
out:
    hb_iso_free(x.iso[0]);
    hb_iso_free(x.iso[1]);
    hb_buf_fini(&x.out);
    hb_buf_fini(&x.head);
    hb_buf_fini(&x.legal);
    hb_mem_free(x.prob);
    hb_mem_free(x.row);
    hb_mem_free(x.node);
    hb_mem_free(x.at);
    return rc;
}
