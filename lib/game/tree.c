#include "game/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

#define NODES_MAX 0x7FFFFFFFu /* a child is a node below HB_TREE_END */

/* ---- building ---- */

/* One decision on the way from the root to where the walk is. */
struct frame {
    struct hb_state s;
    uint32_t node;
    uint32_t n_done; /* of its actions */
};

struct builder {
    const struct hb_rules *r;
    const struct hb_betting *b;
    uint32_t max_nodes;
    struct hb_tree *t;
    size_t cap_nodes, cap_edges, cap_ends;
    struct frame *path;
    size_t n_path, cap_path;
    hb_act *acts; /* of the node being added */
    int cap_acts;
};

/* Room for n items in *p. */
static int reserve(void *p, size_t *cap, size_t n, size_t item_bytes, struct hb_err *e)
{
    size_t want = *cap;
    int rc;

    if (n <= *cap)
        return HB_OK;
    while (want < n)
        want = want == 0 ? 64 : want * 2;
    if ((rc = hb_mem_grow(p, want, item_bytes, "the betting tree", e)) == HB_OK)
        *cap = want;
    return rc;
}

/* The actions at s into w->acts, which grows as they need. */
static int list_actions(struct builder *w, const struct hb_state *s, int *n, struct hb_err *e)
{
    size_t cap = (size_t)w->cap_acts;
    int rc;

    while ((*n = hb_betting_actions(w->r, w->b, s, w->acts, w->cap_acts)) < 0) {
        if (w->cap_acts >= UINT16_MAX)
            return hb_fail(e, HB_ELIMIT, "tree has a decision with more than %d actions: %s",
                           UINT16_MAX, "give bet sizes under betting");
        if ((rc = reserve(&w->acts, &cap, cap + 1, sizeof *w->acts, e)) != HB_OK)
            return rc;
        w->cap_acts = cap < UINT16_MAX ? (int)cap : UINT16_MAX;
    }
    return HB_OK;
}

static int check_street(const struct builder *w, int street, struct hb_err *e)
{
    const struct hb_betting_street *given = &w->b->street[street];

    if (!w->r->no_limit || w->b->every_size ||
        (given->given && (given->n_sizes > 0 || given->max_raises == 0)))
        return HB_OK;
    return hb_fail(e, HB_ECONFIG,
                   "betting: round %d has decisions but no sizes; rounds 1 to 4 are preflop, flop, "
                   "turn, river",
                   street + 1);
}

/* Also known from the actions, long before the nodes are there: a decision has at most one fold and
 * one call, and each raise leads to a decision of its own, so n_edges < 3 n_nodes in the end. */
static int too_many_nodes(const struct builder *w, struct hb_err *e)
{
    return hb_fail(e, HB_ELIMIT, "tree has more than %" PRIu32 " decision nodes: %s", w->max_nodes,
                   "keep fewer bet sizes or raises");
}

static int add_node(struct builder *w, const struct hb_state *s, uint32_t parent, struct hb_err *e)
{
    struct hb_tree *t = w->t;
    struct hb_node *node;
    int n;
    int rc;

    if (t->n_nodes >= w->max_nodes)
        return too_many_nodes(w, e);
    if ((rc = check_street(w, s->street, e)) || (rc = list_actions(w, s, &n, e)))
        return rc;
    if (t->n_edges + (uint64_t)n > 3 * (uint64_t)w->max_nodes)
        return too_many_nodes(w, e);
    if ((rc = reserve(&t->node, &w->cap_nodes, (size_t)t->n_nodes + 1, sizeof *t->node, e)))
        return rc;
    if ((uint32_t)n > UINT32_MAX - t->n_edges)
        return hb_fail(e, HB_ELIMIT, "tree has more than %" PRIu32 " actions", UINT32_MAX);
    if ((size_t)t->n_edges + (size_t)n > w->cap_edges) {
        size_t cap = w->cap_edges; /* both arrays or neither count as grown */

        if ((rc = reserve(&t->act, &cap, (size_t)t->n_edges + (size_t)n, sizeof *t->act, e)) ||
            (rc = hb_mem_grow(&t->child, cap, sizeof *t->child, "the betting tree", e)))
            return rc;
        w->cap_edges = cap;
    }
    node = &t->node[t->n_nodes++];
    *node = (struct hb_node){.edge = t->n_edges,
                             .parent = parent,
                             .n_actions = (uint16_t)n,
                             .player = s->actor,
                             .street = s->street};
    memcpy(t->act + t->n_edges, w->acts, (size_t)n * sizeof *t->act);
    t->n_edges += (uint32_t)n;
    return HB_OK;
}

static int push(struct builder *w, const struct hb_state *s, uint32_t parent, struct hb_err *e)
{
    int rc;

    if ((rc = reserve(&w->path, &w->cap_path, w->n_path + 1, sizeof *w->path, e)) ||
        (rc = add_node(w, s, parent, e)))
        return rc;
    w->path[w->n_path++] = (struct frame){.s = *s, .node = w->t->n_nodes - 1};
    return HB_OK;
}

/* s is finished; the last action was taken on `street`. */
static int add_end(struct builder *w, const struct hb_state *s, int street, struct hb_err *e)
{
    struct hb_tree *t = w->t;
    int rc;

    if (t->n_ends == NODES_MAX)
        return hb_fail(e, HB_ELIMIT, "tree has more than %" PRIu32 " terminals", NODES_MAX);
    if ((size_t)t->n_ends + 1 > w->cap_ends) {
        size_t cap = w->cap_ends;

        if ((rc = reserve(&t->end, &cap, (size_t)t->n_ends + 1, sizeof *t->end, e)) ||
            (rc = hb_mem_grow(&t->spent, cap, t->n_players * sizeof *t->spent, "the betting tree",
                              e)))
            return rc;
        w->cap_ends = cap;
    }
    t->end[t->n_ends] = (struct hb_end){.folded = (uint16_t)s->folded,
                                        .street = (uint8_t)street,
                                        .showdown = hb_state_showdown(w->r, s)};
    memcpy(t->spent + (size_t)t->n_ends * t->n_players, s->spent, t->n_players * sizeof *t->spent);
    t->n_ends++;
    return HB_OK;
}

/* Take the next action of the innermost decision, or leave it. */
static int step(struct builder *w, struct hb_err *e)
{
    struct hb_tree *t = w->t;
    struct frame *f = &w->path[w->n_path - 1];
    uint32_t node = f->node;
    uint32_t edge = t->node[node].edge + f->n_done;
    struct hb_state s;

    if (f->n_done == t->node[node].n_actions) {
        w->n_path--;
        return HB_OK;
    }
    f->n_done++;
    s = f->s;
    hb_state_act(w->r, &s, t->act[edge]);
    if (s.finished) {
        t->child[edge] = HB_TREE_END | t->n_ends;
        return add_end(w, &s, f->s.street, e);
    }
    t->child[edge] = t->n_nodes;
    return push(w, &s, node, e);
}

/* Give back what growing by doubling took too much. */
static int trim(struct hb_tree *t, struct hb_err *e)
{
    int rc;

    if ((rc = hb_mem_grow(&t->node, t->n_nodes, sizeof *t->node, "the betting tree", e)) ||
        (rc = hb_mem_grow(&t->child, t->n_edges, sizeof *t->child, "the betting tree", e)) ||
        (rc = hb_mem_grow(&t->act, t->n_edges, sizeof *t->act, "the betting tree", e)) ||
        (rc = hb_mem_grow(&t->end, t->n_ends, sizeof *t->end, "the betting tree", e)) ||
        (rc = hb_mem_grow(&t->spent, t->n_ends, t->n_players * sizeof *t->spent, "the betting tree",
                          e)))
        return rc;
    return HB_OK;
}

int hb_tree_new(const struct hb_rules *r, const struct hb_betting *b, uint32_t max_nodes,
                struct hb_tree *t, struct hb_err *e)
{
    struct hb_tree got = {.n_players = (uint32_t)r->n_players};
    struct builder w = {.r = r, .b = b, .t = &got};
    struct hb_state s;
    int rc;

    w.max_nodes = max_nodes == 0 ? HB_TREE_NODES_MAX : max_nodes;
    if (w.max_nodes > NODES_MAX)
        w.max_nodes = NODES_MAX;
    hb_state_init(r, &s);
    if (s.finished)
        return hb_fail(e, HB_ECONFIG, "the hand is over before the first decision: %s",
                       "the blinds take every stack");
    rc = push(&w, &s, HB_TREE_NONE, e);
    while (rc == HB_OK && w.n_path > 0)
        rc = step(&w, e);
    hb_mem_free(w.path);
    hb_mem_free(w.acts);
    if (rc == HB_OK)
        rc = trim(&got, e);
    if (rc == HB_OK)
        *t = got;
    else
        hb_tree_fini(&got);
    return rc;
}

void hb_tree_fini(struct hb_tree *t)
{
    hb_mem_free(t->node);
    hb_mem_free(t->child);
    hb_mem_free(t->act);
    hb_mem_free(t->end);
    hb_mem_free(t->spent);
    memset(t, 0, sizeof *t);
}

/* ---- identity ---- */

/* Little-endian words on their way to the hasher, a page at a time. */
struct feed {
    struct hb_hasher h;
    size_t n;
    uint8_t raw[4096];
};

static void feed_u32(struct feed *f, uint32_t v)
{
    if (f->n == sizeof f->raw) {
        hb_hasher_put(&f->h, f->raw, f->n);
        f->n = 0;
    }
    hb_set_u32(f->raw + f->n, v);
    f->n += 4;
}

void hb_tree_hash(const struct hb_tree *t, struct hb_hash *out)
{
    struct feed f;

    hb_hasher_init(&f.h);
    f.n = 0;
    feed_u32(&f, t->n_players);
    feed_u32(&f, t->n_nodes);
    feed_u32(&f, t->n_edges);
    feed_u32(&f, t->n_ends);
    for (uint32_t i = 0; i < t->n_nodes; i++) {
        const struct hb_node *node = &t->node[i];

        feed_u32(&f, node->edge);
        feed_u32(&f, node->parent);
        feed_u32(&f, node->n_actions | (uint32_t)node->player << 16 | (uint32_t)node->street << 24);
    }
    for (uint32_t i = 0; i < t->n_edges; i++) {
        feed_u32(&f, t->child[i]);
        feed_u32(&f, (uint32_t)t->act[i]);
    }
    for (uint32_t i = 0; i < t->n_ends; i++)
        feed_u32(&f, t->end[i].folded | (uint32_t)t->end[i].street << 16 |
                         (uint32_t)t->end[i].showdown << 24);
    for (size_t i = 0; i < (size_t)t->n_ends * t->n_players; i++)
        feed_u32(&f, (uint32_t)t->spent[i]);
    hb_hasher_put(&f.h, f.raw, f.n);
    hb_hasher_done(&f.h, out);
}

/* ---- image ---- */

/* magic, n_nodes, n_edges, n_ends, n_players, then the arrays, each from a multiple of 8 on, in
 * the byte order of the machine (which the magic, a number, gives away). */
#define IMAGE_MAGIC 0x3165657274626877u

struct image_head {
    uint64_t magic;
    uint32_t n_nodes;
    uint32_t n_edges;
    uint32_t n_ends;
    uint32_t n_players;
};

struct image_layout {
    uint64_t node, child, act, end, spent, total; /* offsets */
};

static uint64_t round_up(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

/* Counts have 32 bits and items at most 40 bytes: the sums fit. */
static struct image_layout layout_of(uint64_t n_nodes, uint64_t n_edges, uint64_t n_ends,
                                     uint64_t n_players)
{
    struct image_layout at;

    at.node = round_up(sizeof(struct image_head));
    at.child = at.node + round_up(n_nodes * sizeof(struct hb_node));
    at.act = at.child + round_up(n_edges * sizeof(uint32_t));
    at.end = at.act + round_up(n_edges * sizeof(hb_act));
    at.spent = at.end + round_up(n_ends * sizeof(struct hb_end));
    at.total = at.spent + round_up(n_ends * n_players * sizeof(int32_t));
    return at;
}

size_t hb_tree_image_bytes(const struct hb_tree *t)
{
    return (size_t)layout_of(t->n_nodes, t->n_edges, t->n_ends, t->n_players).total;
}

void hb_tree_image_write(const struct hb_tree *t, void *image)
{
    struct image_layout at = layout_of(t->n_nodes, t->n_edges, t->n_ends, t->n_players);
    struct image_head head = {IMAGE_MAGIC, t->n_nodes, t->n_edges, t->n_ends, t->n_players};
    uint8_t *p = image;

    memset(p, 0, (size_t)at.total);
    memcpy(p, &head, sizeof head);
    memcpy(p + at.node, t->node, t->n_nodes * sizeof *t->node);
    memcpy(p + at.child, t->child, t->n_edges * sizeof *t->child);
    memcpy(p + at.act, t->act, t->n_edges * sizeof *t->act);
    memcpy(p + at.end, t->end, t->n_ends * sizeof *t->end);
    memcpy(p + at.spent, t->spent, (size_t)t->n_ends * t->n_players * sizeof *t->spent);
}

/* Node i stands where depth-first order puts it below its parent: the parent is the node before it
 * or one that node descends from. Each step up leaves a subtree for good, so all calls together
 * cost O(n_nodes). */
static bool is_in_order(const struct hb_tree *t, uint32_t i)
{
    uint32_t up = i - 1;

    if (t->node[i].parent >= i)
        return false;
    while (up != HB_TREE_NONE && up != t->node[i].parent)
        up = t->node[up].parent;
    return up != HB_TREE_NONE;
}

static bool node_is_sound(const struct hb_tree *t, uint32_t i, uint32_t edge)
{
    const struct hb_node *node = &t->node[i];

    if (node->edge != edge || node->n_actions == 0 || node->n_actions > t->n_edges - edge ||
        node->player >= t->n_players || node->street >= HB_STREETS)
        return false;
    if (i == 0)
        return node->parent == HB_TREE_NONE;
    return is_in_order(t, i) && node->street >= t->node[node->parent].street;
}

/* Actions ascend, children are nodes of this parent in ascending order or terminals. The sum of
 * *n_children over all nodes says whether every node has its edge. */
static bool edges_are_sound(const struct hb_tree *t, uint32_t i, uint32_t *n_children)
{
    const struct hb_node *node = &t->node[i];
    uint32_t last = i;

    for (uint32_t k = node->edge; k < node->edge + node->n_actions; k++) {
        uint32_t child = t->child[k];

        if (k > node->edge ? t->act[k] <= t->act[k - 1] : t->act[k] < HB_ACT_FOLD)
            return false;
        if ((child & HB_TREE_END) != 0) {
            if ((child & ~HB_TREE_END) >= t->n_ends)
                return false;
            continue;
        }
        if (child >= t->n_nodes || child <= last || t->node[child].parent != i)
            return false;
        last = child;
        ++*n_children;
    }
    return true;
}

static bool end_is_sound(const struct hb_tree *t, uint32_t i)
{
    const struct hb_end *end = &t->end[i];
    uint32_t n_live = 0;

    for (uint32_t seat = 0; seat < t->n_players; seat++) {
        n_live += (end->folded >> seat & 1) == 0;
        if (t->spent[(size_t)i * t->n_players + seat] < 0)
            return false;
    }
    return end->folded >> t->n_players == 0 && n_live > 0 && end->street < HB_STREETS &&
           end->showdown == (n_live > 1);
}

static bool tree_is_sound(const struct hb_tree *t)
{
    uint32_t edge = 0;
    uint32_t n_children = 0;

    for (uint32_t i = 0; i < t->n_nodes; i++) {
        if (!node_is_sound(t, i, edge))
            return false;
        edge += t->node[i].n_actions;
    }
    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (!edges_are_sound(t, i, &n_children))
            return false;
    for (uint32_t i = 0; i < t->n_ends; i++)
        if (!end_is_sound(t, i))
            return false;
    return edge == t->n_edges && n_children == t->n_nodes - 1;
}

int hb_tree_image_view(struct hb_tree *t, void *image, size_t len, struct hb_err *e)
{
    struct image_head head;
    struct image_layout at;
    struct hb_tree got;
    uint8_t *p = image;

    if ((uintptr_t)image % 8 != 0)
        return hb_fail(e, HB_EFORMAT, "betting tree: the image is not 8-aligned");
    if (len < sizeof head)
        return hb_fail(e, HB_EFORMAT, "betting tree: cut short");
    memcpy(&head, p, sizeof head);
    if (head.magic != IMAGE_MAGIC || head.n_nodes == 0 || head.n_nodes > NODES_MAX ||
        head.n_ends > NODES_MAX || head.n_players < 2 || head.n_players > HB_PLAYERS_MAX)
        return hb_fail(e, HB_EFORMAT, "betting tree: damaged header");
    at = layout_of(head.n_nodes, head.n_edges, head.n_ends, head.n_players);
    if (len != at.total)
        return hb_fail(e, HB_EFORMAT, "betting tree: %zu bytes, its header needs %" PRIu64, len,
                       at.total);
    got = (struct hb_tree){.n_nodes = head.n_nodes,
                           .n_edges = head.n_edges,
                           .n_ends = head.n_ends,
                           .n_players = head.n_players,
                           .node = (void *)(p + at.node),
                           .child = (void *)(p + at.child),
                           .act = (void *)(p + at.act),
                           .end = (void *)(p + at.end),
                           .spent = (void *)(p + at.spent)};
    if (!tree_is_sound(&got))
        return hb_fail(e, HB_EFORMAT, "betting tree: damaged, a reference leads nowhere");
    *t = got;
    return HB_OK;
}

/* ---- text ---- */

/* The action that leads from the parent to this node. */
static hb_act act_to(const struct hb_tree *t, uint32_t node)
{
    uint32_t edge = t->node[t->node[node].parent].edge;

    while (t->child[edge] != node)
        edge++;
    return t->act[edge];
}

/* Put n characters before out[*at]. */
static bool prepend(char *out, size_t *at, const char *text, size_t n)
{
    if (n > *at)
        return false;
    *at -= n;
    memcpy(out + *at, text, n);
    return true;
}

uint32_t hb_tree_widest(const struct hb_tree *t)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < t->n_nodes; i++)
        most = t->node[i].n_actions > most ? t->node[i].n_actions : most;
    return most;
}

int hb_tree_longest(const struct hb_tree *t, size_t *out, struct hb_err *e)
{
    size_t *upto;
    int rc = hb_mem_new(&upto, t->n_nodes, sizeof *upto, "ways through the betting tree", e);

    if (rc != HB_OK)
        return rc;
    *out = 0;
    for (uint32_t i = 0; i < t->n_nodes; i++) { /* parents come first */
        const struct hb_node *n = &t->node[i];

        upto[i] = (n->parent == HB_TREE_NONE ? 0 : upto[n->parent]) + n->n_actions;
        *out = upto[i] > *out ? upto[i] : *out;
    }
    hb_mem_free(upto);
    return HB_OK;
}

int hb_tree_path(const struct hb_rules *r, const struct hb_tree *t, uint32_t node, char *out,
                 size_t cap, struct hb_err *e)
{
    size_t at = cap > 0 ? cap - 1 : 0; /* the text grows from the end of the buffer down */
    char text[16];

    if (node >= t->n_nodes || cap == 0)
        return hb_fail(e, HB_EUSAGE, "node %" PRIu32 " is not one of %" PRIu32, node, t->n_nodes);
    for (; node != 0; node = t->node[node].parent) {
        int n_streets = t->node[node].street - t->node[t->node[node].parent].street;

        hb_act_format(r, act_to(t, node), text);
        if (!prepend(out, &at, "///", (size_t)n_streets) ||
            !prepend(out, &at, text, strlen(text))) {
            out[0] = '\0';
            return hb_fail(e, HB_ELIMIT, "the actions to a node are longer than %zu characters",
                           cap - 1);
        }
    }
    memmove(out, out + at, cap - 1 - at);
    out[cap - 1 - at] = '\0';
    return HB_OK;
}

/* "f c r300 r20000" */
static void list_acts(const struct hb_rules *r, const struct hb_tree *t, const struct hb_node *node,
                      char *out, size_t cap)
{
    size_t used = 0;

    for (uint32_t k = 0; k < node->n_actions; k++) {
        char text[16];

        hb_act_format(r, t->act[node->edge + k], text);
        if (used + strlen(text) + 6 > cap) {
            (void)snprintf(out + used, cap - used, " ..."); /* fits: checked above */
            return;
        }
        used += (size_t)snprintf(out + used, cap - used, "%s%s", k > 0 ? " " : "", text);
    }
}

static int not_in_tree(const struct hb_rules *r, const struct hb_tree *t, uint32_t node,
                       const char *actions, size_t at, struct hb_err *e)
{
    char list[128] = "";

    list_acts(r, t, &t->node[node], list, sizeof list);
    return hb_fail(e, HB_EUSAGE,
                   "actions '%.100s': at character %zu: not in the betting tree, which has: %s",
                   actions, at + 1, list);
}

/* The edge of `node` that the text at actions[*at] names; *at moves behind it. */
static int take_edge(const struct hb_rules *r, const struct hb_tree *t, uint32_t node,
                     const char *actions, size_t *at, uint32_t *edge, struct hb_err *e)
{
    const struct hb_node *nd = &t->node[node];
    enum hb_action_type type;
    int32_t to;
    int n = hb_act_scan(r, actions + *at, &type, &to);

    for (uint32_t k = nd->edge; n > 0 && k < nd->edge + nd->n_actions; k++) {
        hb_act a = t->act[k];

        if ((type == HB_FOLD && a == HB_ACT_FOLD) || (type == HB_CALL && a == HB_ACT_CALL) ||
            (type == HB_RAISE && a > 0 && (!r->no_limit || a == to))) {
            *at += (size_t)n;
            *edge = k;
            return HB_OK;
        }
    }
    return not_in_tree(r, t, node, actions, *at, e);
}

/* A '/' for each street that ended; all may be missing at the end of the text. */
static int take_slashes(const char *actions, size_t *at, int n_streets, struct hb_err *e)
{
    for (; n_streets > 0 && actions[*at] == '/'; n_streets--)
        ++*at;
    if (n_streets > 0 && actions[*at] != '\0')
        return hb_fail(e, HB_EUSAGE, "actions '%.100s': at character %zu: expected '/'", actions,
                       *at + 1);
    return HB_OK;
}

int hb_tree_find(const struct hb_rules *r, const struct hb_tree *t, const char *actions,
                 uint32_t *node, struct hb_err *e)
{
    uint32_t here = 0;
    size_t at = 0;
    int rc;

    while (actions[at] != '\0') {
        uint32_t edge = 0;
        uint32_t child;

        if ((rc = take_edge(r, t, here, actions, &at, &edge, e)) != HB_OK)
            return rc;
        child = t->child[edge];
        if ((child & HB_TREE_END) != 0)
            return hb_fail(e, HB_EUSAGE, "actions '%.100s': after character %zu the hand is over",
                           actions, at);
        rc = take_slashes(actions, &at, t->node[child].street - t->node[here].street, e);
        if (rc != HB_OK)
            return rc;
        here = child;
    }
    *node = here;
    return HB_OK;
}
