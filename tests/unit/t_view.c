/* Views of a decision: the right hands in the right cells, means over the right combinations,
 * output that other programs can read, and a helpful refusal of everything else. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "run/view.h"

#include <ctype.h>
#include <jansson.h>

#include "run/config.h"
#include "tables.h"

static char folder[64];
static char jam_path[256];   /* hunl-10bb, all-in or fold */
static char leduc_path[256]; /* leduc, all of it */

/* How often a row takes its actions, in 64ths by (node, bucket); bucket 5 was never visited. */
static void shares(uint32_t node, uint32_t bucket, int n, int32_t *out)
{
    int32_t left = 64;

    for (int a = 0; a < n - 1; a++) {
        out[a] = (int32_t)((bucket * 7 + node * 3 + (uint32_t)a) % (uint32_t)(left + 1));
        left -= out[a];
    }
    out[n - 1] = left;
}

static void fill(struct hb_table *t)
{
    uint64_t first;

    for (uint32_t node = 0; node < t->tree.n_nodes; node++) {
        const struct hb_node *n = &t->tree.node[node];

        for (uint32_t b = 0; b < t->spec.street[n->street].n_buckets; b++) {
            int32_t *row = t->rows + hb_table_row_at(t, node, b);

            row[1] = b == 5 ? 0 : (int32_t)(1000 + b);
            if (b != 5)
                shares(node, b, n->n_actions, row + HB_ROW_HEAD + n->n_actions);
        }
    }
    first = hb_round_boundary(&t->spec.params, 1234567);
    hb_table_set(t, HB_TABLE_CLEAN, hb_round_number(&t->spec.params, first), first, 99);
}

static void make_files(void)
{
    struct small_run r;
    struct hb_table t;
    struct hb_err e = {0};
    struct hb_buckets buckets = {0};
    bool need[HB_STREETS] = {true};
    void *mem;

    small_run_init(&r, "leduc", 7);
    mem = memory_table(&r, 1, &t);
    fill(&t);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "leduc.hbc", leduc_path), 1, NULL, &e), e);
    hb_mem_free(mem);
    hb_tree_fini(&r.tree);

    r.spec.rules = shipped_game("hunl-10bb");
    r.spec.betting =
        (struct hb_betting){.street[0] = {.given = true,
                                          .limp = false,
                                          .max_raises = 1,
                                          .n_sizes = 1,
                                          .size = {{.allin = true, .num = 0, .den = 1}}}};
    memset(r.spec.street, 0, sizeof r.spec.street);
    CHECK_OK(hb_params_unit(&r.spec.params, &r.spec.rules, &e), e);
    CHECK_OK(hb_tree_new(&r.spec.rules, &r.spec.betting, 0, &r.tree, &e), e);
    hb_tree_hash(&r.tree, &r.spec.tree);
    CHECK_OK(hb_buckets_lossless(&r.spec.rules.deck, need, &buckets, &e), e);
    hb_spec_set_buckets(&r.spec, &buckets);
    hb_buckets_fini(&buckets);
    (void)snprintf(r.spec.game_name, sizeof r.spec.game_name, "hunl <10bb> & \"co\".game");
    mem = memory_table(&r, 1, &t);
    fill(&t);
    CHECK_OK(hb_checkpoint_save(&t, in_folder(folder, "jam.hbc", jam_path), 1, NULL, &e), e);
    hb_mem_free(mem);
    hb_tree_fini(&r.tree);
}

struct look {
    struct hb_strategy s;
    struct hb_view v;
};

static bool look(struct look *l, const char *file, const char *at, const char *board,
                 const char *hand)
{
    struct hb_strategy_options o = {0};
    struct hb_err e = {0};

    memset(l, 0, sizeof *l);
    if (file[0] == '@')
        o.game = "examples/games/leduc.game";
    CHECK_OK(hb_strategy_open(file, &o, &l->s, &e), e);
    if (e.rc == HB_OK)
        CHECK_OK(hb_view_new(&l->s, at, board, hand, &l->v, &e), e);
    return e.rc == HB_OK;
}

static void look_fini(struct look *l)
{
    hb_view_fini(&l->v);
    hb_strategy_close(&l->s);
}

static const double *probs(const struct look *l, uint32_t item)
{
    return l->v.prob + (size_t)item * (size_t)l->v.n_actions;
}

static void the_grid_has_every_class_in_its_place(void)
{
    static const char ranks[] = "AKQJT98765432";
    struct look l;
    int n_hands = 0;
    double total[2] = {0};

    if (!look(&l, jam_path, "", NULL, NULL))
        return;
    CHECK_EQ(l.v.kind, HB_VIEW_GRID);
    CHECK_EQ(l.v.n_items, 169);
    CHECK_EQ(l.v.n_actions, 2);
    CHECK_EQ(l.v.seat, 1);
    CHECK_STR(l.v.action[0].text, "f");
    CHECK_STR(l.v.action[1].text, "r1000");
    CHECK_STR(l.v.action[1].label, "all-in, 1000");
    CHECK(l.v.action[1].all_in);
    for (uint32_t i = 0; i < l.v.n_items; i++) {
        const struct hb_view_item *item = &l.v.item[i];
        uint32_t row = i / 13;
        uint32_t col = i % 13;
        uint8_t cards[HB_HAND_MAX];
        uint32_t bucket = 0;
        int32_t want[2];
        char text[8];
        int n = 0;
        struct hb_err e = {0};

        CHECK_EQ(item->hand[0], ranks[row < col ? row : col]);
        CHECK_EQ(item->hand[1], ranks[row < col ? col : row]);
        CHECK_EQ(item->hand[2], row == col ? '\0' : row < col ? 's' : 'o');
        CHECK_EQ(item->n_hands, row == col ? 6 : row < col ? 4 : 12);
        (void)snprintf(text, sizeof text, "%cc%c%c", item->hand[0], item->hand[1],
                       item->hand[2] == 's' ? 'c' : 'h');
        CHECK_OK(hb_cards_parse(text, 4, cards, 2, &n, &e), e);
        CHECK_OK(hb_strategy_bucket(&l.s, 0, cards, &bucket, &e), e);
        CHECK_EQ(item->bucket, bucket);
        CHECK_EQ(item->visits, bucket == 5 ? 0 : 1000 + bucket);
        CHECK(hb_view_seen(&l.v, i) == (bucket != 5));
        shares(0, bucket, 2, want);
        if (bucket == 5)
            want[0] = want[1] = 32;
        for (int a = 0; a < 2; a++) {
            CHECK_NEAR(probs(&l, i)[a], want[a] / 64.0, 1e-12);
            total[a] += item->n_hands * want[a] / 64.0;
        }
        CHECK_EQ(hb_view_mode(&l.v, i), want[0] > want[1] ? 0 : 1);
        n_hands += item->n_hands;
    }
    CHECK_EQ(n_hands, 1326);
    for (int a = 0; a < 2; a++)
        CHECK_NEAR(l.v.action[a].total, total[a] / 1326, 1e-12);
    CHECK_NEAR(l.v.reach, 1, 1e-12);
    look_fini(&l);
}

/* Leduc: player 0 checks, player 1 bets: who is left at player 0's answer? */
static void reach_is_the_product_of_own_actions(void)
{
    struct look root;
    struct look l;
    double mean = 0;
    double arriving = 0;

    if (!look(&root, leduc_path, NULL, NULL, NULL) || !look(&l, leduc_path, "cr", NULL, NULL))
        return;
    CHECK_EQ(l.v.kind, HB_VIEW_HANDS);
    CHECK_EQ(l.v.n_items, 3);
    CHECK_STR(l.v.path, "cr");
    CHECK_STR(l.v.item[0].hand, "As Ah");
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(l.v.item[i].n_hands, 2);
        CHECK_NEAR(l.v.item[i].reach, probs(&root, i)[0], 1e-12);
        mean += l.v.item[i].reach / 3;
        arriving += l.v.item[i].reach * probs(&l, i)[1] / 3;
    }
    CHECK_NEAR(l.v.reach, mean, 1e-12);
    CHECK_NEAR(l.v.action[1].arriving, arriving / mean, 1e-12);
    look_fini(&root);
    look_fini(&l);
}

static void the_board_blocks_hands(void)
{
    struct look l;
    int n = 0;

    if (!look(&l, leduc_path, "cc/", "Kh", NULL))
        return;
    CHECK_EQ(l.v.street, 1);
    for (uint32_t i = 0; i < l.v.n_items; i++) {
        CHECK(strstr(l.v.item[i].hand, "Kh") == NULL);
        n += l.v.item[i].n_hands;
    }
    CHECK_EQ(n, 5);
    look_fini(&l);
}

static void without_a_board_buckets_are_listed(void)
{
    struct look l;

    if (!look(&l, leduc_path, "cc", NULL, NULL))
        return;
    CHECK_EQ(l.v.kind, HB_VIEW_BUCKETS);
    CHECK_EQ(l.v.n_items, hb_strategy_n_buckets(&l.s, 1));
    for (uint32_t i = 0; i < l.v.n_items; i++) {
        uint8_t cards[HB_HAND_MAX];
        uint32_t bucket = 99;
        int n = 0;
        struct hb_err e = {0};

        CHECK_EQ(l.v.item[i].bucket, i);
        CHECK_OK(hb_cards_parse(l.v.item[i].hand, 2, cards, 1, &n, &e), e);
        CHECK_OK(hb_cards_parse(l.v.item[i].board, 2, cards + 1, 1, &n, &e), e);
        CHECK_OK(hb_strategy_bucket(&l.s, 1, cards, &bucket, &e), e);
        CHECK_EQ(bucket, i);
    }
    look_fini(&l);
}

static void refuse(const char *file, const char *at, const char *board, const char *hand,
                   const char *says)
{
    struct hb_strategy_options o = {.game = file[0] == '@' ? "examples/games/leduc.game" : NULL};
    struct hb_strategy s;
    struct hb_view v;
    struct hb_err e = {0};

    CHECK_OK(hb_strategy_open(file, &o, &s, &e), e);
    if (e.rc != HB_OK)
        return;
    CHECK_EQ(hb_view_new(&s, at, board, hand, &v, &e), HB_EUSAGE);
    if (strstr(e.msg, says) == NULL)
        CHECK_STR(e.msg, says);
    CHECK(v.item == NULL && v.action == NULL && v.prob == NULL);
    hb_strategy_close(&s);
}

static void wrong_questions_are_answered_with_what_is_right(void)
{
    refuse(leduc_path, "x", NULL, NULL, "c r");
    refuse(leduc_path, "rrr", NULL, NULL, "f c");
    refuse(leduc_path, "rf", NULL, NULL, "over");
    refuse(jam_path, "r300", NULL, NULL, "f r1000");
    refuse(leduc_path, "", "Kh", NULL, "none yet after actions ''");
    refuse(leduc_path, "cc/", "KhQh", NULL, "but round 2 has 1");
    refuse(leduc_path, "cc/", "2h", NULL, "deck");
    refuse(leduc_path, "cc/", "Xh", NULL, "Xh");
    refuse(leduc_path, "cc/", NULL, "Kh", "--board");
    refuse(leduc_path, "cc/", "Kh", "Kh", "lies on the board");
    refuse(leduc_path, "", NULL, "KhQh", "has 1");
    refuse(jam_path, "", NULL, "Ah", "has 2");
    refuse(jam_path, "", NULL, "AhAh", "AhAh");
    refuse(jam_path, "", NULL, "", "has 2");
    refuse("@uniform", "rr/", NULL, NULL, "'rr/'");
}

static void random_questions_are_answered_or_refused(void)
{
    static const char letters[] = "fcr/1059AKQJhsd2 x\n\"<";
    struct rand_stream g = {.seed = 77};

    for (int i = 0; i < 400; i++) {
        struct hb_strategy_options o = {0};
        struct hb_strategy s;
        struct hb_view v;
        struct hb_err e = {0};
        char text[3][12];

        for (int k = 0; k < 3; k++) {
            int n = rand_in(&g, 0, k == 0 ? 4 : 11);

            for (int j = 0; j < n; j++)
                text[k][j] = letters[rand_in(&g, 0, (int32_t)sizeof letters - 2)];
            text[k][n] = '\0';
        }
        CHECK_OK(hb_strategy_open(i % 2 ? jam_path : leduc_path, &o, &s, &e), e);
        if (e.rc != HB_OK)
            return;
        if (hb_view_new(&s, text[0], rand_in(&g, 0, 2) ? NULL : text[1],
                        rand_in(&g, 0, 2) ? NULL : text[2], &v, &e) == HB_OK)
            hb_view_fini(&v);
        else
            CHECK_EQ(e.rc, HB_EUSAGE);
        hb_strategy_close(&s);
    }
}

static char *written(struct hb_buf *out)
{
    struct hb_err e = {0};

    hb_buf_u8(out, '\0');
    CHECK_OK(hb_buf_check(out, &e), e);
    return (char *)out->data;
}

static void json_of_a_hand_is_one_object(void)
{
    struct look l;
    struct hb_buf out = {0};
    json_t *j;
    const char *hand = NULL;
    const char *actions = NULL;
    const char *board = NULL;
    double p[2] = {0};
    int visits = 0;

    if (!look(&l, leduc_path, "rc/c", "Kh", "Qs"))
        return;
    hb_view_json(&l.v, &out);
    j = json_loads(written(&out), 0, NULL);
    CHECK(j != NULL);
    CHECK(json_unpack(j, "{s:s,s:s,s:s,s:[s,s],s:[f,f],s:i}", "actions", &actions, "hand", &hand,
                      "board", &board, "legal", &(const char *){NULL}, &(const char *){NULL},
                      "strategy", &p[0], &p[1], "visits", &visits) == 0);
    CHECK_STR(actions, "rc/c");
    CHECK_STR(hand, "Qs");
    CHECK_STR(board, "Kh");
    CHECK_NEAR(p[0] + p[1], 1, 1e-12);
    CHECK(p[0] == probs(&l, 0)[0]);
    CHECK_EQ(visits, (int)l.v.item[0].visits);
    json_decref(j);
    hb_buf_fini(&out);
    look_fini(&l);
}

static void json_of_a_view_is_an_object_a_line(void)
{
    struct look l;
    struct hb_buf out = {0};
    int n = 0;

    if (!look(&l, jam_path, "r1000", NULL, NULL))
        return;
    hb_view_json(&l.v, &out);
    for (const char *line = written(&out); *line != '\0'; line = strchr(line, '\n') + 1) {
        json_t *j = json_loadb(line, strcspn(line, "\n"), 0, NULL);

        CHECK(j != NULL && json_is_object(j));
        json_decref(j);
        n++;
    }
    CHECK_EQ(n, 169);
    hb_buf_fini(&out);
    look_fini(&l);
}

/* Every tag closes the one that is open; text has no bare '&' or '<'. Enough XML for our own. */
static bool well_formed(const char *p)
{
    const char *open[32];
    int depth = 0;

    if (strncmp(p, "<?xml", 5) != 0)
        return false;
    p = strstr(p, "?>") + 2;
    for (; *p != '\0'; p++) {
        const char *end;

        if (*p == '&' && strncmp(p, "&amp;", 5) != 0 && strncmp(p, "&lt;", 4) != 0 &&
            strncmp(p, "&gt;", 4) != 0 && strncmp(p, "&quot;", 6) != 0)
            return false;
        if (*p != '<')
            continue;
        if ((end = strchr(p, '>')) == NULL || memchr(p + 1, '<', (size_t)(end - p - 1)) != NULL)
            return false;
        if (p[1] == '/') {
            size_t n = (size_t)(end - p - 2);

            if (depth == 0 || strncmp(open[--depth], p + 2, n) != 0 ||
                isalnum((unsigned char)open[depth][n]))
                return false;
        } else if (end[-1] != '/') {
            if (depth == 32)
                return false;
            open[depth++] = p + 1;
        }
        p = end;
    }
    return depth == 0;
}

static void pictures_are_well_formed(void)
{
    static const struct {
        const char *at, *board, *hand;
    } asked[] = {{"", NULL, NULL},
                 {"cr", NULL, NULL},
                 {"cc/", NULL, NULL},
                 {"cc/", "Kh", NULL},
                 {"rc/r", "Kh", "Qh"}};

    for (size_t i = 0; i < 6; i++) {
        struct look l;
        struct hb_buf out = {0};
        struct hb_err e = {0};
        char *text;

        if (!(i < 5 ? look(&l, leduc_path, asked[i].at, asked[i].board, asked[i].hand)
                    : look(&l, jam_path, "", NULL, NULL)))
            return;
        CHECK_OK(hb_view_svg(&l.v, &out, &e), e);
        text = written(&out);
        CHECK(well_formed(text));
        CHECK(strstr(text, "nan") == NULL && strstr(text, "inf") == NULL);
        CHECK((strstr(text, "hunl &lt;10bb&gt; &amp; &quot;co&quot;") != NULL) == (i == 5));
        hb_buf_fini(&out);
        look_fini(&l);
    }
}

/* Lines without their colours fit a terminal of 80 columns. */
static void text_fits_and_is_plain_where_asked(void)
{
    for (int colour = HB_VIEW_PLAIN; colour <= HB_VIEW_TRUE; colour++) {
        struct look l;
        struct hb_buf out = {0};
        size_t width = 0;
        char number[32];
        bool escape = false;
        bool lit = false;

        if (!look(&l, jam_path, "", NULL, NULL))
            return;
        hb_view_text(&l.v, (enum hb_view_colour)colour, &out);
        for (const char *p = written(&out); *p != '\0'; p++) {
            if (*p == '\033') {
                escape = true;
                lit = strncmp(p, "\033[0m", 4) != 0;
            }
            if (*p == '\n') {
                CHECK(width <= 80);
                CHECK(!lit);
                width = 0;
            } else if (!escape) {
                width++;
            }
            escape = escape && *p != 'm';
            CHECK(colour != HB_VIEW_PLAIN || !lit);
        }
        CHECK(strstr((char *)out.data, hb_view_number(l.s.iteration, number)) != NULL);
        CHECK(strstr((char *)out.data, "all-in, 1000") != NULL);
        hb_buf_fini(&out);
        look_fini(&l);
    }
}

static void a_fixed_strategy_is_shown_too(void)
{
    struct look l;
    struct hb_buf out = {0};

    if (!look(&l, "@raise", "c", NULL, NULL))
        return;
    CHECK_EQ(l.v.n_items, 3);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(probs(&l, i)[1] == 1 && hb_view_seen(&l.v, i));
    look_fini(&l);
    if (!look(&l, "@call", "cc/", NULL, NULL))
        return;
    CHECK_EQ(l.v.n_items, 1);
    hb_view_text(&l.v, HB_VIEW_PLAIN, &out);
    CHECK(strstr(written(&out), "a fixed strategy") != NULL);
    hb_buf_fini(&out);
    look_fini(&l);
}

static void numbers_have_separators(void)
{
    char out[32];

    CHECK_STR(hb_view_number(0, out), "0");
    CHECK_STR(hb_view_number(999, out), "999");
    CHECK_STR(hb_view_number(1000, out), "1,000");
    CHECK_STR(hb_view_number(UINT64_MAX, out), "18,446,744,073,709,551,615");
}

static void seats_are_named_by_their_blinds(void)
{
    struct hb_rules r = shipped_game("nl3");

    CHECK_STR(hb_view_seat_name(&r, 0), "small blind");
    CHECK_STR(hb_view_seat_name(&r, 1), "big blind");
    r = shipped_game("leduc");
    CHECK_STR(hb_view_seat_name(&r, 0), "");
    r = shipped_game("hunl-10bb");
    CHECK_STR(hb_view_seat_name(&r, 0), "big blind");
    CHECK_STR(hb_view_seat_name(&r, 1), "small blind");
}

int main(void)
{
    CHECK(scratch_folder(folder, "view"));
    make_files();
    RUN(the_grid_has_every_class_in_its_place);
    RUN(reach_is_the_product_of_own_actions);
    RUN(the_board_blocks_hands);
    RUN(without_a_board_buckets_are_listed);
    RUN(wrong_questions_are_answered_with_what_is_right);
    RUN(random_questions_are_answered_or_refused);
    RUN(json_of_a_hand_is_one_object);
    RUN(json_of_a_view_is_an_object_a_line);
    RUN(pictures_are_well_formed);
    RUN(text_fits_and_is_plain_where_asked);
    RUN(a_fixed_strategy_is_shown_too);
    RUN(numbers_have_separators);
    RUN(seats_are_named_by_their_blinds);
    (void)remove(jam_path); /* scratch */
    (void)remove(leduc_path);
    (void)rmdir(folder);
    return check_done();
}
