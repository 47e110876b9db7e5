/* Merging: what cannot matter (order, cuts, parts), what is refused, and the limits. `t_merge
 * --golden` prints tests/golden/deltas.txt. */
#include "solver/merge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "check.h"
#include "games.h"
#include "kit.h"

static struct hb_params mode_params(int mode)
{
    struct hb_params p = kit_params((enum hb_discount)mode, 50, 100);

    p.pruning = mode == HB_DISCOUNT_LINEAR;
    p.pruning_threshold = -40;
    p.pruning_p32 = UINT32_MAX / 20 * 19;
    return p;
}

static struct hb_hash hash_of_run(const char *game, int mode, uint64_t iterations, uint32_t task,
                                  int n_parts)
{
    struct hb_rules r = kit_game(game);
    struct hb_params p = mode_params(mode);
    struct hb_hash hash;
    struct kit k;

    kit_open(&k, &r, &p, n_parts);
    while (k.iteration < iterations)
        kit_round(&k, task);
    kit_hash(&k, &hash);
    kit_close(&k);
    return hash;
}

static void the_size_of_tasks_cannot_matter(void)
{
    static const uint32_t sizes[] = {1, 2, 7, 33, 100, 1000};

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_hash whole = hash_of_run("leduc", mode, 3000, 0, 1);

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct hb_hash cut = hash_of_run("leduc", mode, 3000, sizes[i], 1);

            CHECK(hb_hash_equal(&whole, &cut));
        }
    }
}

static void the_number_of_parts_cannot_matter(void)
{
    static const int parts[] = {2, 3, 5, 8};

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_hash one = hash_of_run("leduc3", mode, 1500, 0, 1);

        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            struct hb_hash more = hash_of_run("leduc3", mode, 1500, 50, parts[i]);

            CHECK(hb_hash_equal(&one, &more));
        }
    }
}

/* The records of k->log in a seeded random order, cut into several applies. */
static void merge_shuffled(struct kit *k, struct rand_stream *g)
{
    size_t *at = calloc(k->log.n_records + 1, sizeof *at);
    uint8_t *shuffled = malloc(k->log.len);
    size_t len = 0, sent = 0;
    int32_t n = 0;

    for (size_t i = 0; i < k->log.len; n++) {
        uint64_t head;

        memcpy(&head, k->log.data + i, sizeof head);
        at[n] = i;
        i += hb_record_bytes(hb_record_n(head));
    }
    CHECK_EQ(n, k->log.n_records);
    for (int32_t i = 0; i < n; i++) {
        int32_t j = rand_in(g, i, n - 1);
        size_t pick = at[j];
        uint64_t head;

        at[j] = at[i];
        memcpy(&head, k->log.data + pick, sizeof head);
        memcpy(shuffled + len, k->log.data + pick, hb_record_bytes(hb_record_n(head)));
        len += hb_record_bytes(hb_record_n(head));
        if (rand_in(g, 0, 50) == 0) {
            kit_merge_apply(k, shuffled + sent, len - sent);
            sent = len;
        }
    }
    CHECK_EQ(len, k->log.len);
    kit_merge_apply(k, shuffled + sent, len - sent);
    free(shuffled);
    free(at);
}

static void the_order_of_records_cannot_matter(void)
{
    struct rand_stream g = {.seed = 5};

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_hash straight = hash_of_run("leduc", mode, 2000, 0, 1);
        struct hb_rules r = kit_game("leduc");
        struct hb_params p = mode_params(mode);
        struct hb_hash hash;
        struct kit k;

        kit_open(&k, &r, &p, 3);
        while (k.iteration < 2000) {
            struct hb_round round = kit_round_now(&k);

            k.log.len = 0;
            k.log.n_records = 0;
            kit_task(&k, &round, round.first, round.length);
            kit_merge_begin(&k);
            merge_shuffled(&k, &g);
            kit_merge_end(&k);
        }
        kit_hash(&k, &hash);
        CHECK(hb_hash_equal(&straight, &hash));
        kit_close(&k);
    }
}

/* ---- hostile records --------------------------------------------------------------------------*/

/* Whole good records, then the bad one: nothing may have been added. */
static void check_refused(struct kit *k, size_t good, const uint8_t *bad, size_t len)
{
    struct hb_err e = {0};
    struct hb_hash before, after;
    uint8_t *all = malloc(good + len);

    memcpy(all, k->log.data, good);
    if (len > 0)
        memcpy(all + good, bad, len);
    kit_hash(k, &before);
    CHECK_EQ(hb_merge_check(&k->merge[0], all, good + len, &e), HB_EPROTO);
    CHECK_EQ(hb_merge_apply(&k->merge[0], all, good + len, &e), HB_EPROTO);
    CHECK(strstr(e.msg, "delta record") != NULL);
    kit_hash(k, &after);
    CHECK(hb_hash_equal(&before, &after));
    free(all);
}

static void refuse_record(struct kit *k, size_t good, uint64_t row, unsigned kind, unsigned n)
{
    static uint8_t record[HB_RECORD_HEAD + 2 * HB_RECORD_N_MAX];
    uint64_t head = row | (uint64_t)kind << HB_RECORD_ROW_BITS | (uint64_t)n << 48;

    memcpy(record, &head, sizeof head);
    check_refused(k, good, record, hb_record_bytes(n));
}

static size_t log_of_a_round(struct kit *k)
{
    struct hb_round round = kit_round_now(k);

    k->log.len = 0;
    k->log.n_records = 0;
    kit_task(k, &round, round.first, round.length);
    return k->log.len;
}

enum { PARTS = 3 };

static int grow_part(struct hb_log *log, size_t need, struct hb_err *e)
{
    log->cap += need + 1000;
    return hb_mem_grow(&log->data, log->cap, 1, "a part's records", e);
}

/* The round once more, into a log for each part. */
static void log_by_part(struct kit *k, struct hb_cfr *c, struct hb_log log[PARTS])
{
    struct hb_round round = kit_round_now(k);
    struct hb_err e = {0};
    uint64_t nodes = 0;

    for (int i = 0; i < PARTS; i++) {
        log[i].len = 0;
        log[i].n_records = 0;
    }
    CHECK_OK(hb_cfr_run(c, &round, round.first, round.length, log, &nodes, &e), e);
}

/* Against a pass over all records for each part. */
static void check_logs(const struct kit *k, const struct hb_log log[PARTS])
{
    size_t at[PARTS] = {0};
    uint64_t n_records = 0;
    size_t n;

    for (size_t i = 0; i < k->log.len; i += n) {
        uint64_t head, part;

        memcpy(&head, k->log.data + i, sizeof head);
        n = hb_record_bytes(hb_record_n(head));
        part = (hb_record_row(head) / 1024) % 64 % PARTS;
        CHECK(at[part] + n <= log[part].len &&
              memcmp(log[part].data + at[part], k->log.data + i, n) == 0);
        at[part] += n;
    }
    for (int p = 0; p < PARTS; p++) {
        CHECK_EQ(at[p], log[p].len);
        n_records += log[p].n_records;
    }
    CHECK_EQ(n_records, k->log.n_records);
}

/* A log for each part, each part's records in their order; every merger takes its own and no
 * other's. */
static void logs_by_part_make_the_same_table(void)
{
    enum { ROUNDS = 6 };
    struct hb_rules r = kit_game("leduc3");
    struct hb_params p = mode_params(HB_DISCOUNT_LINEAR);
    struct hb_log log[PARTS] = {{.grow = grow_part}, {.grow = grow_part}, {.grow = grow_part}};
    struct hb_hash whole, parted;
    struct hb_err e = {0};
    struct hb_cfr by_part;
    struct kit one, many;

    kit_open(&one, &r, &p, 1);
    kit_open(&many, &r, &p, PARTS);
    CHECK_OK(hb_cfr_init(&by_part, &many.table, &many.buckets, PARTS, &e), e);
    for (int i = 0; i < ROUNDS; i++) {
        (void)log_of_a_round(&many);
        log_by_part(&many, &by_part, log);
        check_logs(&many, log);
        kit_merge_begin(&many);
        for (int k = 0; k < PARTS; k++) {
            CHECK(log[k].len > 0);
            CHECK_OK(hb_merge_check_part(&many.merge[k], log[k].data, log[k].len, &e), e);
            CHECK_EQ(hb_merge_check_part(&many.merge[(k + 1) % PARTS], log[k].data, log[k].len, &e),
                     HB_EPROTO);
            CHECK_OK(hb_merge_add(&many.merge[k], log[k].data, log[k].len, &e), e);
        }
        kit_merge_end(&many);
        kit_round(&one, 0);
    }
    kit_hash(&one, &whole);
    kit_hash(&many, &parted);
    CHECK(hb_hash_equal(&whole, &parted));
    for (int k = 0; k < PARTS; k++)
        hb_mem_free(log[k].data);
    hb_cfr_fini(&by_part);
    kit_close(&one);
    kit_close(&many);
}

static void hostile_records_are_refused_before_anything_changes(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = mode_params(HB_DISCOUNT_LINEAR);
    uint64_t words;
    size_t good;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    kit_run(&k, 100);
    good = log_of_a_round(&k);
    words = k.table.layout.n_words;
    kit_merge_begin(&k);
    refuse_record(&k, good, 0, HB_RECORD_REGRET, 0);
    refuse_record(&k, good, 0, 2, 2);
    refuse_record(&k, good, 0, 3, 2);
    refuse_record(&k, good, words, HB_RECORD_REGRET, 1);
    refuse_record(&k, good, words - 3, HB_RECORD_STRATEGY, 1);
    refuse_record(&k, good, HB_RECORD_ROW_MASK, HB_RECORD_REGRET, 2);
    refuse_record(&k, good, 0, HB_RECORD_REGRET, HB_RECORD_N_MAX);
    for (size_t cut = 1; cut < 12; cut++) /* the last record has two or three values */
        check_refused(&k, good - cut, k.log.data, 0);
    kit_merge_end(&k);
    kit_close(&k);
}

/* Every word of the table as a row of 1 to 9 actions, against a list of all rows. */
static void check_every_row(const char *game)
{
    struct hb_rules r = kit_game(game);
    struct hb_params p = mode_params(HB_DISCOUNT_LINEAR);
    uint8_t record[HB_RECORD_HEAD + 2 * 9] = {0};
    uint8_t *actions; /* of the row that begins at a word, 0 for none */
    long wrong = 0;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    actions = calloc(k.table.layout.n_words, 1);
    for (uint32_t i = 0; i < k.tree.n_nodes; i++)
        for (uint32_t b = 0; b < k.spec.street[k.tree.node[i].street].n_buckets; b++)
            actions[hb_table_row_at(&k.table, i, b)] = (uint8_t)k.tree.node[i].n_actions;
    for (uint64_t row = 0; row < k.table.layout.n_words + 100; row++)
        for (unsigned n = 1; n <= 9; n++) {
            bool is_row = row < k.table.layout.n_words && actions[row] == n;
            uint64_t head = hb_record_head(row, HB_RECORD_REGRET, n);

            memcpy(record, &head, sizeof head);
            wrong +=
                is_row != (hb_merge_check(&k.merge[0], record, hb_record_bytes(n), NULL) == HB_OK);
        }
    CHECK_EQ(wrong, 0);
    free(actions);
    kit_close(&k);
}

static void a_record_is_accepted_where_a_row_of_its_size_begins(void)
{
    check_every_row("kuhn");
    check_every_row("leduc");
    check_every_row("leduc3");
    check_every_row("kuhn3");
}

/* Whatever bytes come, they are refused or change words of the table alone, and traversals and
 * merges go on without leaving it (run with a sanitizer to see more). */
static void noise_never_leaves_the_table(void)
{
    struct rand_stream g = {.seed = 77};
    struct hb_rules r = kit_game("leduc");

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_params p = mode_params(mode);
        struct kit k;

        kit_open(&k, &r, &p, 2);
        kit_run(&k, 500);
        for (int i = 0; i < 200; i++) {
            size_t len = log_of_a_round(&k);

            kit_merge_begin(&k);
            for (int flips = 0; flips < 20; flips++)
                k.log.data[rand_in(&g, 0, (int32_t)len - 1)] ^= (uint8_t)(1 << rand_in(&g, 0, 7));
            if (hb_merge_check(&k.merge[0], k.log.data, len, NULL) == HB_OK)
                kit_merge_apply(&k, k.log.data, len);
            kit_merge_end(&k);
        }
        kit_close(&k);
    }
}

static void parts_are_checked_when_merging_starts(void)
{
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = mode_params(HB_DISCOUNT_NONE);
    struct hb_err e = {0};
    struct hb_merge m;
    struct kit k;

    kit_open(&k, &r, &p, 3);
    CHECK_EQ(hb_merge_init(&m, &k.table, 0, 2, &e), HB_EUSAGE);
    CHECK_EQ(hb_merge_init(&m, &k.table, 3, 3, &e), HB_EUSAGE);
    kit_merge_begin(&k);
    CHECK_EQ(hb_merge_begin(&k.merge[1], &e), HB_EFORMAT); /* open already */
    CHECK_EQ(k.table.live->part[1].state, HB_TABLE_OPEN);
    kit_merge_end(&k);
    CHECK_EQ(k.table.live->part[1].state, HB_TABLE_CLEAN);
    CHECK_EQ(k.table.live->part[1].generation, 1);
    CHECK_EQ(k.table.live->part[1].iteration, 16);
    kit_close(&k);
}

/* ---- rows in vectors, against the plain code ---- */

/* Rows of 2 to 12 actions: no limit, twelve chips. */
static const char *const many_sizes = "GAMEDEF\nnolimit\nnumPlayers = 2\nnumRounds = 1\n"
                                      "stack = 12 12\nblind = 1 1\nfirstPlayer = 1\n"
                                      "numSuits = 1\nnumRanks = 3\nnumHoleCards = 1\n"
                                      "numBoardCards = 0\nEND GAMEDEF\n";

/* Mostly small, sometimes as large as they get. */
static int32_t any_entry(struct rand_stream *g, int32_t low, int32_t high)
{
    int shift = rand_in(g, 0, 30);
    int32_t v = rand_in(g, low, high) / (1 << shift);

    return v;
}

static void fill_row(struct rand_stream *g, const struct hb_round *round, int32_t *row, unsigned n)
{
    int exponent = rand_in(g, 0, round->weight_exp + 1);
    int epoch = rand_in(g, 0, (int32_t)round->epoch);

    row[0] = (int32_t)((uint32_t)epoch | (uint32_t)exponent << 24);
    row[1] = rand_in(g, 0, 1000);
    for (unsigned a = 0; a < n; a++) {
        row[HB_ROW_HEAD + a] = any_entry(g, -HB_ENTRY_MAX, HB_ENTRY_MAX - 1);
        row[HB_ROW_HEAD + n + a] = any_entry(g, 0, HB_ENTRY_MAX - 1);
    }
}

static void log_any_record(struct rand_stream *g, struct kit *k)
{
    uint32_t node = (uint32_t)rand_in(g, 0, (int32_t)k->tree.n_nodes - 1);
    uint32_t bucket =
        (uint32_t)rand_in(g, 0, (int32_t)k->spec.street[k->tree.node[node].street].n_buckets - 1);
    unsigned n = k->tree.node[node].n_actions;
    uint64_t head = hb_record_head(hb_table_row_at(&k->table, node, bucket),
                                   (enum hb_delta_record)rand_in(g, 0, 1), n);
    uint8_t *at = k->log.data + k->log.len;

    memcpy(at, &head, sizeof head);
    for (unsigned a = 0; a < n; a++) {
        int16_t v =
            (int16_t)any_entry(g, hb_record_kind(head) == HB_RECORD_REGRET ? -32767 : 0, 32767);

        memcpy(at + HB_RECORD_HEAD + 2 * a, &v, sizeof v);
    }
    k->log.len += hb_record_bytes(n);
}

/* Any rows and any records, in a log that ends with its last record. */
static void one_round_of_anything(struct rand_stream *g, struct kit *fast, struct kit *plain)
{
    enum { RECORDS = 200, BYTES = RECORDS * (HB_RECORD_HEAD + 2 * 16) };
    struct hb_round round = kit_round_now(fast);
    struct hb_log log = fast->log;
    uint8_t *exact;

    for (uint32_t i = 0; i < fast->tree.n_nodes; i++)
        for (uint32_t b = 0; b < fast->spec.street[fast->tree.node[i].street].n_buckets; b++)
            fill_row(g, &round, fast->table.rows + hb_table_row_at(&fast->table, i, b),
                     fast->tree.node[i].n_actions);
    memcpy(plain->table.rows, fast->table.rows, 4 * fast->table.layout.n_words);
    fast->log = (struct hb_log){.data = calloc(BYTES, 1)};
    for (int i = 0; i < RECORDS; i++)
        log_any_record(g, fast);
    exact = malloc(fast->log.len);
    memcpy(exact, fast->log.data, fast->log.len);
    kit_merge_begin(fast);
    kit_merge_begin(plain);
    kit_merge_apply(fast, exact, fast->log.len);
    kit_merge_apply(plain, exact, fast->log.len);
    CHECK_EQ(fast->merge[0].n_due, plain->merge[0].n_due);
    CHECK_EQ(fast->merge[0].records, RECORDS);
    kit_merge_end(fast);
    kit_merge_end(plain);
    CHECK(memcmp(fast->table.rows, plain->table.rows, 4 * fast->table.layout.n_words) == 0);
    free(exact);
    free(fast->log.data);
    fast->log = log;
}

static void rows_in_vectors_become_what_plain_code_makes_of_them(void)
{
    struct rand_stream g = {.seed = 41};
    struct hb_rules r = game_of(many_sizes);

    for (int mode = HB_DISCOUNT_NONE; mode <= HB_DISCOUNT_PLUS; mode++) {
        struct hb_params p = mode_params(mode);
        struct kit fast, plain;

        kit_open(&fast, &r, &p, 1);
        kit_open(&plain, &r, &p, 1);
        CHECK_EQ(hb_tree_widest(&fast.tree), 12);
        plain.merge[0].vectors = false;
        for (int i = 0; i < 100; i++)
            one_round_of_anything(&g, &fast, &plain);
        kit_close(&fast);
        kit_close(&plain);
    }
}

/* ---- limits -----------------------------------------------------------------------------------*/

static void send(struct kit *k, uint64_t row, enum hb_delta_record kind, const int16_t *v,
                 unsigned n, int times)
{
    uint8_t record[64];
    uint64_t head = hb_record_head(row, kind, n);

    memcpy(record, &head, sizeof head);
    memcpy(record + HB_RECORD_HEAD, v, 2 * (size_t)n);
    for (int i = 0; i < times; i++)
        kit_merge_apply(k, record, hb_record_bytes(n));
}

static void regrets_below_the_floor_are_lifted_at_the_end_of_the_round(void)
{
    static const int16_t down[] = {-32767, 7};
    static const int16_t up[] = {32767, 0};
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    int32_t *regret;
    uint64_t row;
    struct kit k;

    p.pruning = true;
    p.pruning_threshold = -90; /* floor: -93 chips */
    kit_open(&k, &r, &p, 1);
    row = hb_table_row_at(&k.table, 0, 1);
    regret = k.table.rows + row + HB_ROW_HEAD;
    CHECK_EQ(k.merge[0].table->spec.params.unit_shift, 12);
    kit_merge_begin(&k);
    send(&k, row, HB_RECORD_REGRET, down, 2, 100);
    CHECK_EQ(regret[0], -3276700); /* free until the end of the round */
    send(&k, row, HB_RECORD_REGRET, up, 2, 50);
    kit_merge_end(&k);
    CHECK_EQ(regret[0], -93 * 4096 < -32767 * 50 ? -32767 * 50 : -93 * 4096);
    CHECK_EQ(regret[1], 700);
    kit_merge_begin(&k); /* out and back again: no floor */
    send(&k, row, HB_RECORD_REGRET, down, 2, 10);
    send(&k, row, HB_RECORD_REGRET, up, 2, 11);
    kit_merge_end(&k);
    CHECK_EQ(regret[0], -93 * 4096 + 32767);
    kit_close(&k);
}

static void entries_at_the_limit_halve_their_row(void)
{
    static const int16_t up[] = {100, -100};
    static const int16_t visit[] = {16384, 3};
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_NONE, 1000, 100);
    int32_t *row;
    uint64_t at;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    at = hb_table_row_at(&k.table, 0, 2);
    row = k.table.rows + at;
    row[2] = HB_ENTRY_MAX - 100;
    row[3] = -1001;
    row[4] = HB_ENTRY_MAX - 16384;
    row[5] = 1000;
    kit_merge_begin(&k);
    send(&k, at, HB_RECORD_REGRET, up, 2, 1);
    send(&k, at, HB_RECORD_STRATEGY, visit, 2, 1);
    CHECK_EQ(row[2], HB_ENTRY_MAX);
    kit_merge_end(&k);
    CHECK_EQ(row[2], HB_ENTRY_MAX / 2);
    CHECK_EQ(row[3], -550);
    CHECK_EQ(row[4], HB_ENTRY_MAX / 2);
    CHECK_EQ(row[5], 501);
    CHECK_EQ(hb_row_exponent(row), 1);
    CHECK_EQ(hb_row_visits(row), 1);
    row[2] = HB_ENTRY_MAX - 101; /* one below: stays */
    kit_merge_begin(&k);
    send(&k, at, HB_RECORD_REGRET, up, 2, 1);
    kit_merge_end(&k);
    CHECK_EQ(row[2], HB_ENTRY_MAX - 1);
    kit_close(&k);
}

/* The most that a round can add to an entry does not leave 32 bits. */
static void the_largest_round_cannot_overflow(void)
{
    CHECK((int64_t)HB_ENTRY_MAX - 1 + (int64_t)HB_ROUND_MAX * HB_DELTA_MAX <= INT32_MAX);
    CHECK(-(int64_t)HB_ENTRY_MAX - (int64_t)HB_ROUND_MAX * HB_DELTA_MAX >= INT32_MIN);
}

static void in_plus_mode_no_regret_is_negative_between_rounds(void)
{
    struct hb_rules r = kit_game("leduc");
    struct hb_params p = kit_params(HB_DISCOUNT_PLUS, 10, 100);
    struct kit k;

    kit_open(&k, &r, &p, 2);
    while (k.iteration < 3000) {
        long negative = 0;

        kit_round(&k, 0);
        for (uint32_t i = 0; i < k.tree.n_nodes; i++)
            for (uint32_t b = 0; b < k.spec.street[k.tree.node[i].street].n_buckets; b++)
                for (unsigned a = 0; a < k.tree.node[i].n_actions; a++)
                    negative += hb_table_row(&k.table, i, b)[HB_ROW_HEAD + a] < 0;
        CHECK_EQ(negative, 0);
    }
    kit_close(&k);
}

/* A row that is not touched keeps its old epoch; the first touch discounts it, once. */
static void a_row_is_discounted_when_it_is_first_touched_in_a_later_epoch(void)
{
    static const int16_t nothing[] = {0, 0};
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 16, 16);
    int32_t *row;
    uint64_t at;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    at = hb_table_row_at(&k.table, 0, 2);
    row = k.table.rows + at;
    row[2] = 800000;
    row[3] = -400000;
    row[4] = 1 << 14;
    for (int i = 0; i < 9; i++) {
        kit_merge_begin(&k);
        kit_merge_end(&k);
        CHECK_EQ(row[0], 0);
    }
    kit_merge_begin(&k); /* epoch 9: times 1/10 */
    send(&k, at, HB_RECORD_REGRET, nothing, 2, 3);
    kit_merge_end(&k);
    CHECK_EQ(hb_row_epoch(row), 9);
    CHECK(row[2] >= 80000 && row[2] <= 80001);
    CHECK(row[3] >= -40001 && row[3] <= -40000);
    CHECK_EQ(row[4], 1 << 14); /* sums wait for a visit that weighs more */
    CHECK_EQ(hb_row_exponent(row), 0);
    kit_merge_begin(&k);
    send(&k, at, HB_RECORD_STRATEGY, nothing, 2, 1);
    kit_merge_end(&k);
    CHECK_EQ(hb_row_exponent(row), 3); /* weight 11 */
    CHECK_EQ(row[4], 1 << 11);
    kit_close(&k);
}

/* A row that is touched after thousands of epochs still knows which action it prefers, and by how
 * much. */
static void a_discount_never_forgets_the_preferred_action(void)
{
    static const int16_t worse[] = {-5, -5};
    struct hb_rules r = kit_game("kuhn");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 16, 16);
    struct kit k;
    int32_t *row;
    uint64_t at;

    kit_open(&k, &r, &p, 1);
    at = hb_table_row_at(&k.table, 0, 0);
    row = k.table.rows + at;
    row[2] = 1000;
    row[3] = 250;
    hb_table_set(&k.table, HB_TABLE_CLEAN, 9999, 16 * 9999, 0);
    kit_merge_begin(&k);
    send(&k, at, HB_RECORD_REGRET, worse, 2, 1);
    kit_merge_end(&k);
    CHECK_EQ(hb_row_epoch(row), 9999);
    CHECK_NEAR(row[2], 64 - 5, 1);
    CHECK_NEAR(row[3], 16 - 5, 1);
    kit_close(&k);
}

/* Discounts round at random: over many rows nothing is lost or gained, however small the regrets.
 */
static void discounts_of_small_regrets_have_no_bias(void)
{
    static const int16_t nothing[] = {0, 0};
    struct hb_rules r = kit_game("leduc52");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 16, 16);
    double positive = 0.0, negative = 0.0;
    long rows = 0;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    for (uint32_t i = 0; i < k.tree.n_nodes; i++)
        for (uint32_t b = 0; b < k.spec.street[k.tree.node[i].street].n_buckets; b++)
            if (k.tree.node[i].n_actions == 2) {
                k.table.rows[hb_table_row_at(&k.table, i, b) + 2] = 6400;
                k.table.rows[hb_table_row_at(&k.table, i, b) + 3] = -10;
            }
    for (int epoch = 0; epoch < 40; epoch++) {
        kit_merge_begin(&k);
        for (uint32_t i = 0; i < k.tree.n_nodes; i++)
            for (uint32_t b = 0; b < k.spec.street[k.tree.node[i].street].n_buckets; b++)
                if (k.tree.node[i].n_actions == 2)
                    send(&k, hb_table_row_at(&k.table, i, b), HB_RECORD_REGRET, nothing, 2, 1);
        kit_merge_end(&k);
    }
    for (uint32_t i = 0; i < k.tree.n_nodes; i++)
        for (uint32_t b = 0; b < k.spec.street[k.tree.node[i].street].n_buckets; b++)
            if (k.tree.node[i].n_actions == 2) {
                positive += k.table.rows[hb_table_row_at(&k.table, i, b) + 2];
                negative += k.table.rows[hb_table_row_at(&k.table, i, b) + 3];
                rows++;
            }
    CHECK(rows > 1000);
    CHECK_NEAR(positive / (double)rows, 160.0, 0.05); /* 6400 * 1/40 */
    CHECK_NEAR(negative / (double)rows, -0.25, 0.05); /* -10 * 1/40 */
    kit_close(&k);
}

/* ---- fixed tasks ------------------------------------------------------------------------------*/

struct golden {
    const char *game;
    int mode;
    uint64_t at;       /* train until here, then record the round */
    bool draws_blocks; /* as runs of version 1 do */
};

static const struct golden golden[] = {
    {"kuhn", HB_DISCOUNT_NONE, 1000, true},     {"leduc", HB_DISCOUNT_LINEAR, 5000, true},
    {"kuhn3", HB_DISCOUNT_DCFR, 3000, true},    {"kuhn", HB_DISCOUNT_NONE, 1000, false},
    {"leduc", HB_DISCOUNT_LINEAR, 5000, false}, {"kuhn3", HB_DISCOUNT_DCFR, 3000, false}};

static int by_bytes(const void *a, const void *b)
{
    const uint8_t *x = *(uint8_t *const *)a;
    const uint8_t *y = *(uint8_t *const *)b;
    uint64_t hx, hy;

    memcpy(&hx, x, sizeof hx);
    memcpy(&hy, y, sizeof hy);
    return hx != hy ? (hx > hy) - (hx < hy) : memcmp(x, y, hb_record_bytes(hb_record_n(hx)));
}

/* Of the records without their order, which is nobody's promise. */
static void hash_records(const struct hb_log *log, struct hb_hash *out)
{
    const uint8_t **record = calloc(log->n_records + 1, sizeof *record);
    struct hb_hasher h;
    uint64_t head;
    size_t n = 0;

    if (record == NULL)
        exit(71);
    for (size_t at = 0; at < log->len; at += hb_record_bytes(hb_record_n(head))) {
        memcpy(&head, log->data + at, sizeof head);
        record[n++] = log->data + at;
    }
    qsort(record, n, sizeof *record, by_bytes);
    hb_hasher_init(&h);
    for (size_t i = 0; i < n; i++) {
        memcpy(&head, record[i], sizeof head);
        hb_hasher_put(&h, record[i], hb_record_bytes(hb_record_n(head)));
    }
    hb_hasher_done(&h, out);
    free(record);
}

/* GAME MODE ITERATION RECORDS BYTES BLAKE2B of the round at or after golden[i].at. */
static void golden_line(const struct golden *g, char *out, size_t cap)
{
    struct hb_rules r = kit_game(g->game);
    struct hb_params p = mode_params(g->mode);
    char hex[HB_HASH_HEX];
    struct hb_hash hash;
    struct kit k;

    kit_open(&k, &r, &p, 1);
    if (g->draws_blocks)
        kit_draw_blocks(&k);
    kit_run(&k, g->at);
    (void)log_of_a_round(&k);
    hash_records(&k.log, &hash);
    hb_hash_hex(&hash, hex);
    (void)snprintf(out, cap, "%s %s %llu %llu %zu %s\n", g->game, hb_discount_name(p.discount),
                   (unsigned long long)k.iteration, (unsigned long long)k.log.n_records, k.log.len,
                   hex);
    kit_close(&k);
}

static void records_of_fixed_tasks_never_change(void)
{
    FILE *f = fopen("tests/golden/deltas.txt", "rb");

    CHECK(f != NULL);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        char want[256] = "";
        char got[256];

        golden_line(&golden[i], got, sizeof got);
        if (f != NULL && fgets(want, sizeof want, f) == NULL)
            want[0] = '\0';
        CHECK_STR(got, want);
    }
    if (f != NULL)
        (void)fclose(f); /* read only */
}

static int print_golden(void)
{
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        char line[256];

        golden_line(&golden[i], line, sizeof line);
        (void)fputs(line, stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--golden") == 0)
        return print_golden();
    RUN(the_size_of_tasks_cannot_matter);
    RUN(the_number_of_parts_cannot_matter);
    RUN(logs_by_part_make_the_same_table);
    RUN(the_order_of_records_cannot_matter);
    RUN(hostile_records_are_refused_before_anything_changes);
    RUN(a_record_is_accepted_where_a_row_of_its_size_begins);
    RUN(noise_never_leaves_the_table);
    RUN(parts_are_checked_when_merging_starts);
    RUN(rows_in_vectors_become_what_plain_code_makes_of_them);
    RUN(regrets_below_the_floor_are_lifted_at_the_end_of_the_round);
    RUN(entries_at_the_limit_halve_their_row);
    RUN(the_largest_round_cannot_overflow);
    RUN(in_plus_mode_no_regret_is_negative_between_rounds);
    RUN(a_row_is_discounted_when_it_is_first_touched_in_a_later_epoch);
    RUN(a_discount_never_forgets_the_preferred_action);
    RUN(discounts_of_small_regrets_have_no_bias);
    RUN(records_of_fixed_tasks_never_change);
    return check_done();
}
