/* The betting tree against a recursion over states, known sizes, text and back, damaged images. */
#include <stdlib.h>

#include "base/mem.h"
#include "game/tree.h"
#include "check.h"
#include "games.h"

#define PATH_MAX_CHARS 4096

static struct hb_betting every_size(void)
{
    struct hb_betting b = {.every_size = true};

    return b;
}

static struct hb_betting sized(const char *const *sizes, int n, int max_raises)
{
    struct hb_betting b = {0};
    struct hb_err e = {0};

    for (int i = 0; i < HB_STREETS; i++) {
        struct hb_betting_street *s = &b.street[i];

        *s = (struct hb_betting_street){.max_raises = max_raises, .limp = true, .given = true};
        for (int k = 0; k < n; k++)
            CHECK_OK(hb_bet_size_parse(sizes[k], &s->size[s->n_sizes++], &e), e);
    }
    return b;
}

/* ---- the twin: plain recursion, which counts and compares
 * ---------------------------------------*/

struct walk {
    const struct hb_rules *r;
    const struct hb_betting *b;
    const struct hb_tree *t;
    uint32_t n_nodes, n_edges, n_ends;
    size_t way, longest; /* actions of the nodes above */
    uint32_t widest;
};

static void walk_end(struct walk *w, const struct hb_state *s, uint32_t child, int street)
{
    uint32_t end = w->n_ends++;

    CHECK_EQ(child, HB_TREE_END | end);
    if (end >= w->t->n_ends)
        return;
    CHECK_EQ(w->t->end[end].folded, s->folded);
    CHECK_EQ(w->t->end[end].street, street);
    CHECK_EQ(w->t->end[end].showdown, hb_state_showdown(w->r, s));
    for (uint32_t i = 0; i < w->t->n_players; i++)
        CHECK_EQ(w->t->spent[end * w->t->n_players + i], s->spent[i]);
}

static void walk_node(struct walk *w, const struct hb_state *s, uint32_t parent)
{
    static hb_act scratch[70000];
    uint32_t id = w->n_nodes++;
    const struct hb_node *node = &w->t->node[id];
    int n = hb_betting_actions(w->r, w->b, s, scratch, 70000);

    if (id >= w->t->n_nodes || check_bad_here != 0)
        return;
    CHECK_EQ(node->edge, w->n_edges);
    CHECK_EQ(node->parent, parent);
    CHECK_EQ(node->n_actions, n);
    CHECK_EQ(node->player, s->actor);
    CHECK_EQ(node->street, s->street);
    CHECK(memcmp(w->t->act + node->edge, scratch, (size_t)n * sizeof *scratch) == 0);
    w->n_edges += (uint32_t)n;
    w->way += (size_t)n;
    w->widest = (uint32_t)n > w->widest ? (uint32_t)n : w->widest;
    w->longest = w->way > w->longest ? w->way : w->longest;
    for (int i = 0; i < n && check_bad_here == 0; i++) {
        struct hb_state next = *s;
        uint32_t child = w->t->child[node->edge + (uint32_t)i];

        hb_state_act(w->r, &next, w->t->act[node->edge + (uint32_t)i]);
        if (next.finished) {
            walk_end(w, &next, child, s->street);
        } else {
            CHECK_EQ(child, w->n_nodes);
            walk_node(w, &next, id);
        }
    }
    w->way -= (size_t)n;
}

static void check_tree(const struct hb_rules *r, const struct hb_betting *b,
                       const struct hb_tree *t)
{
    struct walk w = {.r = r, .b = b, .t = t};
    struct hb_state s;
    struct hb_err e = {0};
    size_t longest = 0;

    hb_state_init(r, &s);
    walk_node(&w, &s, HB_TREE_NONE);
    CHECK_OK(hb_tree_longest(t, &longest, &e), e);
    CHECK_EQ(longest, w.longest);
    CHECK_EQ(hb_tree_widest(t), w.widest);
    CHECK_EQ(w.n_nodes, t->n_nodes);
    CHECK_EQ(w.n_edges, t->n_edges);
    CHECK_EQ(w.n_ends, t->n_ends);
    CHECK_EQ(t->n_players, r->n_players);
}

/* Every node has a text that leads back to it, in the tree and at the table. */
static void check_texts(const struct hb_rules *r, const struct hb_tree *t)
{
    static char text[PATH_MAX_CHARS];

    for (uint32_t node = 0; node < t->n_nodes && check_bad_here == 0; node++) {
        struct hb_err e = {0};
        struct hb_state s = {0};
        uint32_t back = HB_TREE_NONE;
        size_t n;

        CHECK_OK(hb_tree_path(r, t, node, text, sizeof text, &e), e);
        CHECK_OK(hb_tree_find(r, t, text, &back, &e), e);
        CHECK_EQ(back, node);
        CHECK_OK(hb_state_play(r, text, &s, NULL, 0, NULL, &e), e);
        CHECK(!s.finished && s.actor == t->node[node].player && s.street == t->node[node].street);
        n = strlen(text);
        if (n > 0 && text[n - 1] == '/') {
            text[n - 1] = '\0';
            CHECK_OK(hb_tree_find(r, t, text, &back, &e), e);
            CHECK_EQ(back, node);
        }
    }
}

static void check_image(const struct hb_tree *t)
{
    size_t len = hb_tree_image_bytes(t);
    struct hb_tree view = {0};
    struct hb_err e = {0};
    struct hb_hash a;
    struct hb_hash b;
    void *image;

    CHECK_OK(hb_mem_new(&image, len, 1, "an image", &e), e);
    hb_tree_image_write(t, image);
    CHECK_OK(hb_tree_image_view(&view, image, len, &e), e);
    hb_tree_hash(t, &a);
    hb_tree_hash(&view, &b);
    CHECK(hb_hash_equal(&a, &b));
    CHECK_EQ(hb_tree_image_view(&view, image, len - 8, &e), HB_EFORMAT);
    hb_mem_free(image);
}

static uint32_t check_all(const struct hb_rules *r, const struct hb_betting *b)
{
    struct hb_tree t = {0};
    struct hb_err e = {0};
    uint32_t n_nodes;

    CHECK_OK(hb_tree_new(r, b, 0, &t, &e), e);
    if (t.n_nodes == 0)
        return 0;
    check_tree(r, b, &t);
    check_texts(r, &t);
    check_image(&t);
    n_nodes = t.n_nodes;
    hb_tree_fini(&t);
    return n_nodes;
}

/* ---- tests
 * --------------------------------------------------------------------------------------*/

static void shipped_limit_games_have_the_known_sizes(void)
{
    /* limit hold'em: 8 decisions and 7 ways on before the flop, 10 and 9 on each later street */
    static const struct {
        const char *name;
        uint32_t n_nodes;
    } known[] = {{"kuhn", 4},
                 {"kuhn3", 12},
                 {"leduc", 36},
                 {"leduc52", 36},
                 {"holdem-limit", 8 + 7 * 10 + 7 * 9 * 10 + 7 * 9 * 9 * 10}};
    struct hb_betting b = every_size();

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct hb_rules r = shipped_game(known[i].name);

        CHECK_EQ(check_all(&r, &b), known[i].n_nodes);
    }
}

static void leduc_has_936_information_sets(void)
{
    struct hb_rules r = shipped_game("leduc");
    struct hb_betting b = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};
    int n_sets = 0;

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    for (uint32_t i = 0; i < t.n_nodes; i++)
        n_sets += t.node[i].street == 0 ? 6 : 6 * 5; /* own card, then one of five on the board */
    CHECK_EQ(n_sets, 936);
    hb_tree_fini(&t);
}

static void no_limit_games_agree_with_the_recursion(void)
{
    static const char *const sizes[] = {"0.5", "1.0", "allin"};
    static const char *const games[] = {"hunl-10bb", "hunl-20bb", "leduc3"};
    struct hb_betting b = sized(sizes, 3, 2);

    for (size_t i = 0; i < sizeof games / sizeof games[0]; i++) {
        struct hb_rules r = shipped_game(games[i]);

        CHECK(check_all(&r, &b) > 100);
    }
}

static void random_games_agree_with_the_recursion(void)
{
    static const char *const sizes[] = {"0.7", "allin"};

    for (uint64_t seed = 1; seed <= 300 && check_bad_here == 0; seed++) {
        struct rand_stream g = {seed, 0};
        struct hb_betting b = seed % 3 == 0 ? every_size() : sized(sizes, 2, 1);
        struct hb_rules r = random_game(&g, 3, seed % 3 == 0 ? 6 : 50);
        struct hb_tree t = {0};
        struct hb_err e = {0};
        int rc;

        if (r.deck.n_streets > 2)
            r.deck.n_streets = 2;
        rc = hb_tree_new(&r, &b, 3000, &t, &e);
        if (rc == HB_OK) {
            hb_tree_fini(&t);
            CHECK(check_all(&r, &b) > 0);
        } else {
            CHECK(rc == HB_ELIMIT || strncmp(e.msg, "the hand is over before", 23) == 0);
        }
        if (check_bad_here != 0)
            printf("# seed %" PRIu64 "\n", seed);
    }
}

static void a_tree_too_large_is_refused(void)
{
    static const char *const sizes[] = {"1.0"};
    struct hb_rules r = shipped_game("hunl-200bb");
    struct hb_betting b = sized(sizes, 1, -1);
    struct hb_betting all = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};

    CHECK_EQ(hb_tree_new(&r, &b, 100, &t, &e), HB_ELIMIT);
    CHECK_STR(e.msg, "tree has more than 100 decision nodes: keep fewer bet sizes or raises");
    CHECK(t.node == NULL && t.n_nodes == 0);
    CHECK_EQ(hb_tree_new(&r, &all, 2000, &t, &e), HB_ELIMIT);
    r.stack[0] = r.stack[1] = 1000000; /* more legal sizes than a node can have */
    CHECK_EQ(hb_tree_new(&r, &all, 0, &t, &e), HB_ELIMIT);
    CHECK_STR(e.msg,
              "tree has a decision with more than 65535 actions: give bet sizes under betting");
}

/* One chip more each time: tens of thousands of decisions in a row must not need the C stack. */
static void long_hands_do_not_recurse(void)
{
    static const char *const sizes[] = {"0.00000001"};
    struct hb_rules r = game_of("GAMEDEF\nnolimit\nnumPlayers=2\nnumRounds=1\nstack=100000 100000\n"
                                "numSuits=4\nnumRanks=13\nnumHoleCards=2\nnumBoardCards=0\n"
                                "END GAMEDEF\n");
    struct hb_betting b = sized(sizes, 1, -1);
    struct hb_tree t = {0};
    struct hb_err e = {0};
    char text[16];

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    CHECK(t.n_nodes > 100000);
    CHECK_EQ(hb_tree_path(&r, &t, t.n_nodes - 1, text, sizeof text, &e), HB_ELIMIT);
    CHECK_STR(text, "");
    hb_tree_fini(&t);
}

static void a_street_without_sizes_is_refused_only_when_it_is_reached(void)
{
    static const char *const sizes[] = {"allin"};
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_betting b = sized(sizes, 1, 1);
    struct hb_tree t = {0};
    struct hb_err e = {0};

    b.street[0].limp = false;
    for (int i = 1; i < HB_STREETS; i++)
        b.street[i].given = false;
    CHECK_EQ(check_all(&r, &b), 2); /* jam or fold */
    b.street[0].limp = true;
    CHECK_EQ(hb_tree_new(&r, &b, 0, &t, &e), HB_ECONFIG);
    CHECK_STR(e.msg, "betting: round 2 has decisions but no sizes; rounds 1 to 4 are preflop, "
                     "flop, turn, river");
    for (int i = 1; i < HB_STREETS; i++)
        b.street[i] = (struct hb_betting_street){.given = true, .limp = true}; /* no raises */
    CHECK(check_all(&r, &b) > 2);
}

static void a_hand_without_decisions_is_refused(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_betting b = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};

    r.stack[0] = 100;
    r.stack[1] = 50;
    CHECK_EQ(hb_tree_new(&r, &b, 0, &t, &e), HB_ECONFIG);
    CHECK_STR(e.msg, "the hand is over before the first decision: the blinds take every stack");
}

static void texts_that_leave_the_tree_are_refused(void)
{
    static const char *const sizes[] = {"0.5", "1.0"};
    static const struct {
        const char *text, *want;
    } wrong[] = {
        {"r250", "actions 'r250': at character 1: not in the betting tree, which has: f c r200 "
                 "r300"},
        {"cx", "actions 'cx': at character 2: not in the betting tree, which has: c r200 r300"},
        {"cc/f", "actions 'cc/f': at character 4: not in the betting tree, which has: c r200 r300"},
        {"ccc", "actions 'ccc': at character 3: expected '/'"},
        {"c/", "actions 'c/': at character 2: not in the betting tree, which has: c r200 r300"},
        {"f", "actions 'f': after character 1 the hand is over"},
        {"cc/cc/cc/cc", "actions 'cc/cc/cc/cc': after character 11 the hand is over"},
    };
    struct hb_rules r = shipped_game("hunl-20bb");
    struct hb_betting b = sized(sizes, 2, 2);
    struct hb_tree t = {0};
    struct hb_err e = {0};
    uint32_t node = 7;

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_EQ(hb_tree_find(&r, &t, wrong[i].text, &node, &e), HB_EUSAGE);
        CHECK_STR(e.msg, wrong[i].want);
        CHECK_EQ(node, 7);
    }
    hb_tree_fini(&t);
}

static void a_long_list_of_actions_is_cut(void)
{
    struct hb_rules r = shipped_game("hunl-10bb");
    struct hb_betting b = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};
    uint32_t node;

    r.stack[0] = r.stack[1] = 250;
    r.deck.n_streets = 1;
    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    CHECK_EQ(hb_tree_find(&r, &t, "r9", &node, &e), HB_EUSAGE);
    CHECK(strncmp(e.msg + strlen(e.msg) - 9, " r221 ...", 9) == 0 ||
          strcmp(e.msg + strlen(e.msg) - 3, "...") == 0);
    hb_tree_fini(&t);
}

static void hashes_tell_trees_apart(void)
{
    static const char *const sizes[] = {"0.5", "1.0"};
    struct hb_rules r = shipped_game("hunl-20bb");
    struct hb_hash hash[3];
    struct hb_err e = {0};

    for (int i = 0; i < 3; i++) {
        struct hb_betting b = sized(sizes, i == 1 ? 1 : 2, 2);
        struct hb_tree t = {0};

        CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
        hb_tree_hash(&t, &hash[i]);
        hb_tree_fini(&t);
    }
    CHECK(!hb_hash_equal(&hash[0], &hash[1]));
    CHECK(hb_hash_equal(&hash[0], &hash[2]));
}

/* Visit everything that a traversal may touch; returns the visits so that nothing is left out. */
static uint64_t visit(const struct hb_tree *t, uint32_t i, int depth)
{
    const struct hb_node *node = &t->node[i];
    uint64_t n = node->player < t->n_players && node->street < HB_STREETS;

    if (depth > 1000)
        return 0;
    for (uint32_t k = node->edge; k < node->edge + node->n_actions; k++) {
        uint32_t child = t->child[k];

        n += t->act[k] >= HB_ACT_FOLD;
        if ((child & HB_TREE_END) == 0)
            n += visit(t, child, depth + 1);
        else
            for (uint32_t seat = 0; seat < t->n_players; seat++)
                n += t->spent[(size_t)(child & ~HB_TREE_END) * t->n_players + seat] >= 0 &&
                     t->end[child & ~HB_TREE_END].street < HB_STREETS;
    }
    return n;
}

static uint64_t visit_texts(const struct hb_rules *r, const struct hb_tree *t)
{
    char text[256];
    uint64_t n = 0;

    for (uint32_t i = 0; i < t->n_nodes; i++)
        n += hb_tree_path(r, t, i, text, sizeof text, NULL) == HB_OK;
    return n;
}

/* The image in blocks of exactly its size, so that a reference beyond it is a heap overflow that
 * the address sanitizer sees. */
static void damaged_images_are_refused_or_safe(void)
{
    struct hb_rules r = shipped_game("leduc");
    struct hb_betting b = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};
    size_t len;
    uint8_t *image;
    int n_accepted = 0;

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    len = hb_tree_image_bytes(&t);
    CHECK_OK(hb_mem_new(&image, len, 1, "an image", &e), e);
    hb_tree_image_write(&t, image);
    for (size_t cut = 0; cut < len; cut++) {
        struct hb_tree view = {0};
        uint8_t *part;

        CHECK_OK(hb_mem_new(&part, cut, 1, "an image", &e), e);
        memcpy(part, image, cut);
        CHECK_EQ(hb_tree_image_view(&view, part, cut, &e), HB_EFORMAT);
        hb_mem_free(part);
    }
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct hb_tree view = {0};

        image[bit / 8] = (uint8_t)(image[bit / 8] ^ 1 << bit % 8);
        if (hb_tree_image_view(&view, image, len, NULL) == HB_OK) {
            CHECK(visit(&view, 0, 0) > 0);
            CHECK_EQ(visit_texts(&r, &view), view.n_nodes);
            n_accepted++;
        }
        image[bit / 8] = (uint8_t)(image[bit / 8] ^ 1 << bit % 8);
    }
    CHECK(n_accepted < (int)len * 4); /* chips, acts, end numbers and padding may differ, no more */
    hb_mem_free(image);
    hb_tree_fini(&t);
}

/* A tree of three-seat nodes whose children are as given, HB_TREE_END for the terminal; is its
 * image accepted? */
static int view_shape(const uint32_t *parent, const uint32_t *child, const uint16_t *n_actions,
                      uint32_t n_nodes)
{
    static _Alignas(8) uint8_t image[1024];
    struct hb_node node[8] = {{0}};
    hb_act act[16];
    struct hb_end end = {.folded = 1, .showdown = 1};
    int32_t spent[3] = {1, 1, 1};
    uint32_t edges[16];
    struct hb_tree t = {.n_nodes = n_nodes,
                        .n_ends = 1,
                        .n_players = 3,
                        .node = node,
                        .child = edges,
                        .act = act,
                        .end = &end,
                        .spent = spent};

    for (uint32_t i = 0; i < n_nodes; i++) {
        node[i].edge = t.n_edges;
        node[i].parent = parent[i];
        node[i].n_actions = n_actions[i];
        for (int k = 0; k < n_actions[i]; k++) {
            act[t.n_edges] = k;
            edges[t.n_edges] = child[t.n_edges];
            t.n_edges++;
        }
    }
    CHECK(hb_tree_image_bytes(&t) <= sizeof image);
    hb_tree_image_write(&t, image);
    return hb_tree_image_view(&t, image, hb_tree_image_bytes(&t), NULL);
}

static void only_depth_first_order_is_accepted(void)
{
    static const uint16_t n_actions[6] = {2, 2, 1, 1, 1, 1};
    static const uint32_t end = HB_TREE_END;
    const uint32_t good_parent[6] = {HB_TREE_NONE, 0, 1, 2, 1, 0};
    const uint32_t good[8] = {1, 5, 2, 4, 3, end, end, end};
    const uint32_t late_parent[6] = {HB_TREE_NONE, 0, 1, 2, 0, 1}; /* 5 below 1, but after 4 */
    const uint32_t late[8] = {1, 4, 2, 5, 3, end, end, end};

    CHECK_EQ(view_shape(good_parent, good, n_actions, 6), HB_OK);
    CHECK_EQ(view_shape(late_parent, late, n_actions, 6), HB_EFORMAT);
}

/* Two bits at once, seeded, and whole words replaced by small numbers. */
static void badly_damaged_images_are_refused_or_safe(void)
{
    struct hb_rules r = shipped_game("kuhn3");
    struct hb_betting b = every_size();
    struct hb_tree t = {0};
    struct hb_err e = {0};
    struct rand_stream g = {7, 0};
    size_t len;
    uint8_t *image;

    CHECK_OK(hb_tree_new(&r, &b, 0, &t, &e), e);
    len = hb_tree_image_bytes(&t);
    CHECK_OK(hb_mem_new(&image, len, 1, "an image", &e), e);
    for (int round = 0; round < 20000; round++) {
        struct hb_tree view = {0};
        int n = rand_in(&g, 1, 3);

        hb_tree_image_write(&t, image);
        for (int i = 0; i < n; i++) {
            size_t at = (size_t)rand_in(&g, 0, (int32_t)len - 4);

            image[at] = (uint8_t)rand_in(&g, 0, 20);
            image[at + 1] = 0;
        }
        if (hb_tree_image_view(&view, image, len, NULL) == HB_OK)
            CHECK(visit(&view, 0, 0) > 0 && visit_texts(&r, &view) == view.n_nodes);
    }
    hb_mem_free(image);
    hb_tree_fini(&t);
}

static void failing_allocations_are_told_and_leak_nothing(void)
{
    struct hb_rules r = shipped_game("leduc3");
    struct hb_betting b = every_size();
    int rc = HB_ENOMEM;

    for (long n = 1; n < 1000 && rc != HB_OK; n++) {
        struct hb_tree t = {0};
        struct hb_err e = {0};

        hb_mem_fail_at(n);
        rc = hb_tree_new(&r, &b, 0, &t, &e);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        CHECK(rc == HB_OK || t.node == NULL);
        hb_tree_fini(&t);
        hb_tree_fini(&t);
    }
    CHECK_EQ(rc, HB_OK);
}

int main(void)
{
    RUN(shipped_limit_games_have_the_known_sizes);
    RUN(leduc_has_936_information_sets);
    RUN(no_limit_games_agree_with_the_recursion);
    RUN(random_games_agree_with_the_recursion);
    RUN(a_tree_too_large_is_refused);
    RUN(long_hands_do_not_recurse);
    RUN(a_street_without_sizes_is_refused_only_when_it_is_reached);
    RUN(a_hand_without_decisions_is_refused);
    RUN(texts_that_leave_the_tree_are_refused);
    RUN(a_long_list_of_actions_is_cut);
    RUN(hashes_tell_trees_apart);
    RUN(damaged_images_are_refused_or_safe);
    RUN(only_depth_first_order_is_accepted);
    RUN(badly_damaged_images_are_refused_or_safe);
    RUN(failing_allocations_are_told_and_leak_nothing);
    return check_done();
}
