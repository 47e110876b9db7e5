/* Layout, bytes and checks of a table. */
#include "solver/table.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "check.h"
#include "games.h"
#include "kit.h"

#define PAGE    4096
#define LIVE_AT 512

static struct hb_params usual(void)
{
    return kit_params(HB_DISCOUNT_LINEAR, 100, 100);
}

/* Every row of every (node, bucket) covers words that no other row has; together all of them. */
static void check_bijection(const char *game)
{
    struct hb_rules r = kit_game(game);
    struct hb_params p = usual();
    struct kit k;
    uint8_t *taken;
    uint64_t infosets = 0;

    kit_open(&k, &r, &p, 1);
    taken = calloc(k.table.layout.n_words, 1);
    for (uint32_t i = 0; i < k.tree.n_nodes; i++) {
        const struct hb_node *n = &k.tree.node[i];

        for (uint32_t b = 0; b < k.spec.street[n->street].n_buckets; b++, infosets++) {
            uint64_t at = hb_table_row_at(&k.table, i, b);

            CHECK(hb_table_row(&k.table, i, b) == k.table.rows + at);
            for (unsigned w = 0; w < HB_ROW_HEAD + 2u * n->n_actions; w++)
                CHECK(at + w < k.table.layout.n_words && taken[at + w]++ == 0);
        }
    }
    for (uint64_t w = 0; w < k.table.layout.n_words; w++)
        CHECK(taken[w] == 1);
    CHECK_EQ(k.table.layout.n_infosets, infosets);
    free(taken);
    kit_close(&k);
}

static void rows_tile_the_table(void)
{
    check_bijection("kuhn");
    check_bijection("kuhn3");
    check_bijection("leduc");
    check_bijection("leduc3");
    check_bijection("leduc52");
}

/* The rows of a bucket lie together, in the order of the nodes. */
static void rows_are_grouped_by_bucket(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = usual();
    struct kit k;
    uint64_t before[HB_STREETS][HB_PLAYERS_MAX] = {{0}};

    kit_open(&k, &r, &p, 1);
    for (uint32_t i = 0; i < k.tree.n_nodes; i++) {
        const struct hb_node *n = &k.tree.node[i];
        uint64_t at = hb_table_row_at(&k.table, i, 2);

        CHECK(at >= before[n->street][n->player]);
        CHECK(at < k.table.layout.base[n->street][n->player] +
                       3 * k.table.layout.stride[n->street][n->player]);
        before[n->street][n->player] = at;
    }
    kit_close(&k);
}

static void a_table_attaches_as_it_was_formatted(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = usual();
    struct hb_err e = {0};
    struct hb_identity id;
    struct hb_hash a, b;
    uint64_t generation = 99, iteration = 99;
    struct kit k;

    kit_open(&k, &r, &p, 3);
    CHECK_OK(hb_table_clean(&k.table, &generation, &iteration, &e), e);
    CHECK_EQ(generation, 0);
    CHECK_EQ(iteration, 0);
    CHECK_EQ(k.table.live->n_parts, 3);
    CHECK_EQ(k.table.tree.n_nodes, k.tree.n_nodes);
    hb_tree_hash(&k.table.tree, &a);
    hb_tree_hash(&k.tree, &b);
    CHECK(hb_hash_equal(&a, &b));
    hb_spec_identity(&k.spec, &id);
    CHECK_OK(hb_identity_match(&id, "ours", &k.table.id, "table", &e), e);
    CHECK_EQ((uintptr_t)k.table.rows % PAGE, (uintptr_t)k.mem % PAGE);
    for (uint64_t w = 0; w < k.table.layout.n_words; w++)
        CHECK_EQ(k.table.rows[w], 0);
    kit_close(&k);
}

static void a_block_that_is_too_small_is_refused(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct hb_err e = {0};
    struct kit k;

    kit_open(&k, &r, &p, 1);
    CHECK_EQ(hb_table_format(k.mem, k.len - 1, &k.tree, &k.spec, 1, &e), HB_EINTERNAL);
    kit_close(&k);
}

/* Attach and ask whether it is clean: what every tool does. */
static int open_table(uint8_t *mem, uint64_t len, struct hb_err *e)
{
    struct hb_table t;
    uint64_t generation, iteration;
    int rc = hb_table_attach(mem, len, &t, e);

    return rc != HB_OK ? rc : hb_table_clean(&t, &generation, &iteration, e);
}

/* Byte of the header that may change without notice: the count of nodes visited, for people. */
static bool is_node_count(uint64_t at)
{
    return at >= LIVE_AT + 8 + 24 && at < LIVE_AT + 8 + 32;
}

static void every_flipped_bit_of_header_and_description_is_refused(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct hb_err e = {0};
    struct kit k;
    uint8_t *mem;
    uint64_t rows_at;
    long accepted = 0;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 1000);
    mem = k.mem;
    rows_at = (uint64_t)((uint8_t *)k.table.rows - mem);
    CHECK_EQ(open_table(mem, k.len, &e), HB_OK);
    for (uint64_t at = 0; at < rows_at; at++)
        for (int bit = 0; bit < 8; bit++) {
            mem[at] ^= (uint8_t)(1 << bit);
            if (!is_node_count(at) && open_table(mem, k.len, &e) == HB_OK) {
                printf("# byte %llu bit %d\n", (unsigned long long)at, bit);
                accepted++;
            }
            mem[at] ^= (uint8_t)(1 << bit);
        }
    CHECK_EQ(accepted, 0);
    CHECK_EQ(open_table(mem, k.len, &e), HB_OK);
    kit_close(&k);
}

static void every_cut_table_is_refused(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct kit k;

    kit_open(&k, &r, &p, 1);
    for (uint64_t len = 0; len < k.len; len += len < 5000 ? 1 : 97)
        CHECK(open_table(k.mem, len, NULL) != HB_OK);
    CHECK(open_table(k.mem, k.len + PAGE, NULL) != HB_OK);
    kit_close(&k);
}

/* The checksum that the block's own places ask for, where they lie in it. */
static void rehash(uint8_t *mem, uint64_t len)
{
    struct hb_hasher h;
    struct hb_hash hash;
    uint64_t meta_at = hb_get_u64(mem + 8);
    uint64_t rows_at = hb_get_u64(mem + 48);

    if (meta_at > rows_at || rows_at > len)
        return;
    hb_hasher_init(&h);
    hb_hasher_put(&h, mem, 72);
    hb_hasher_put(&h, mem + meta_at, rows_at - meta_at);
    hb_hasher_done(&h, &hash);
    memcpy(mem + 128, hash.b, sizeof hash.b);
}

/* A table that somebody made: right checksum, wrong contents. It is refused, or what it says is in
 * bounds: every row lies in the block (run with a sanitizer to see more). */
static void a_forged_description_with_a_right_checksum_leads_nowhere(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct kit k;
    uint8_t *mem;
    uint64_t rows_at;
    long refused = 0, kept = 0;

    kit_open(&k, &r, &p, 1);
    mem = k.mem;
    rows_at = (uint64_t)((uint8_t *)k.table.rows - mem);
    for (uint64_t at = 0; at < rows_at; at++) {
        uint8_t old = mem[at];
        struct hb_table t;

        if (at == 72)
            at = PAGE;
        old = mem[at];
        mem[at] = (uint8_t)(old ^ (1u << (at % 8)));
        rehash(mem, k.len);
        if (hb_table_attach(mem, k.len, &t, NULL) == HB_OK) {
            kept++;
            for (uint32_t i = 0; i < t.tree.n_nodes; i++) {
                uint32_t last = t.spec.street[t.tree.node[i].street].n_buckets - 1;

                CHECK(hb_table_row_at(&t, i, last) + HB_ROW_HEAD + 2u * t.tree.node[i].n_actions <=
                      t.layout.n_words);
            }
        } else {
            refused++;
        }
        mem[at] = old;
    }
    CHECK(refused > 100);
    CHECK(kept > 0); /* names, seeds and paths may say anything */
    kit_close(&k);
}

static void open_and_void_parts_are_refused_with_advice(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct kit k;

    kit_open(&k, &r, &p, 3);
    for (int part = 0; part < 3; part++)
        for (int state = HB_TABLE_VOID; state <= HB_TABLE_OPEN; state++) {
            struct hb_err e = {0};
            int rc;

            k.table.live->part[part].state = (uint32_t)state;
            rc = open_table(k.mem, k.len, &e);
            CHECK_EQ(rc, state == HB_TABLE_CLEAN ? HB_OK : HB_EFORMAT);
            CHECK(rc == HB_OK || strstr(e.msg, "hb-ckpt restore") != NULL);
            k.table.live->part[part].state = HB_TABLE_CLEAN;
        }
    k.table.live->part[1].generation = 1; /* ahead of the others */
    k.table.live->part[1].iteration = 16;
    CHECK_EQ(open_table(k.mem, k.len, NULL), HB_EFORMAT);
    hb_table_set(&k.table, HB_TABLE_CLEAN, 1, 16, 5);
    CHECK_EQ(open_table(k.mem, k.len, NULL), HB_OK);
    hb_table_set(&k.table, HB_TABLE_CLEAN, 1, 17, 5);
    CHECK_EQ(open_table(k.mem, k.len, NULL), HB_EFORMAT);
    kit_close(&k);
}

static bool hash_is(struct kit *k, const struct hb_hash *want)
{
    struct hb_hash got;

    kit_hash(k, &got);
    return hb_hash_equal(&got, want);
}

static void the_content_hash_sees_every_word_the_iteration_and_the_identity(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct hb_hash hash;
    struct kit k, other;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 1000);
    kit_hash(&k, &hash);
    for (uint64_t w = 0; w < k.table.layout.n_words; w++) {
        k.table.rows[w] ^= 1 << (w % 31);
        CHECK(!hash_is(&k, &hash));
        k.table.rows[w] ^= 1 << (w % 31);
    }
    k.iteration++;
    CHECK(!hash_is(&k, &hash));
    k.iteration--;
    CHECK(hash_is(&k, &hash));
    k.table.id.run.b[31] ^= 1;
    CHECK(!hash_is(&k, &hash));
    k.table.id.run.b[31] ^= 1;
    kit_open(&other, &r, &p, 4); /* the number of parts is not part of it */
    kit_run(&other, 1000);
    CHECK(hash_is(&other, &hash));
    kit_close(&other);
    kit_close(&k);
}

static void each_key_and_the_seed_change_the_identity_of_the_run(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = usual();
    struct hb_identity base, id;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    hb_spec_identity(&k.spec, &base);
    for (int i = 0; i < 10; i++) {
        struct hb_spec s = k.spec;
        struct hb_err e = {0};

        switch (i) {
        case 0: s.params.seed++; break;
        case 1: s.params.discount = HB_DISCOUNT_DCFR; break;
        case 2: s.params.discount_interval++; break;
        case 3: s.params.round_cap++; break;
        case 4: s.params.pruning = true; break;
        case 5: s.params.unit_shift--; break;
        case 6: s.rules.blind[0]++; break;
        case 7: s.tree.b[0] ^= 1; break;
        case 8: s.abstraction.b[0] ^= 1; break;
        case 9: s.params.average_interval = 2; break;
        default: break;
        }
        hb_spec_identity(&s, &id);
        CHECK(!hb_hash_equal(&id.run, &base.run));
        CHECK_EQ(hb_identity_match(&base, "this", &id, "that", &e), HB_EIDENTITY);
        CHECK(strstr(e.msg, "this") != NULL && strstr(e.msg, "that") != NULL);
    }
    k.spec.buckets_path[0] = '/'; /* where things came from is in no identity */
    k.spec.game_name[0] = 'x';
    k.spec.params.average_interval = 1; /* as if it was not there */
    hb_spec_identity(&k.spec, &id);
    CHECK(hb_hash_equal(&id.run, &base.run));
    kit_close(&k);
}

static void a_spec_survives_encoding(uint32_t average_interval)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = usual();
    struct hb_buf a = {0}, b = {0};
    struct hb_spec s;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    (void)snprintf(k.spec.game_name, sizeof k.spec.game_name, "leduc.game");
    k.spec.params.average_interval = average_interval;
    hb_spec_encode(&k.spec, &a);
    CHECK_EQ(a.data[0],
             average_interval > 1 ? 3 : 2); /* older readers know what they do not know */
    for (size_t len = 0; len <= a.len; len++) {
        struct hb_rd rd = hb_rd_over(a.data, len);
        int rc = hb_spec_decode(&s, &rd, NULL);

        CHECK_EQ(rc == HB_OK, len == a.len);
    }
    hb_spec_encode(&s, &b);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    CHECK_EQ(s.params.average_interval, average_interval);
    hb_buf_fini(&a);
    hb_buf_fini(&b);
    kit_close(&k);
}

static void a_spec_survives_encoding_and_cut_ones_are_refused(void)
{
    a_spec_survives_encoding(1);
    a_spec_survives_encoding(4);
}

int main(void)
{
    RUN(rows_tile_the_table);
    RUN(rows_are_grouped_by_bucket);
    RUN(a_table_attaches_as_it_was_formatted);
    RUN(a_block_that_is_too_small_is_refused);
    RUN(every_flipped_bit_of_header_and_description_is_refused);
    RUN(every_cut_table_is_refused);
    RUN(a_forged_description_with_a_right_checksum_leads_nowhere);
    RUN(open_and_void_parts_are_refused_with_advice);
    RUN(the_content_hash_sees_every_word_the_iteration_and_the_identity);
    RUN(each_key_and_the_seed_change_the_identity_of_the_run);
    RUN(a_spec_survives_encoding_and_cut_ones_are_refused);
    return check_done();
}
