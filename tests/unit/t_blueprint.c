/* A blueprint holds the average strategy within its rounding, or is refused.
 * tests/golden/blueprint-1.hbp stays readable for ever. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include "store/blueprint.h"

#include <fcntl.h>

#include "base/io.h"
#include "../fuzz/reseal.h"
#include "tables.h"

#define GOLDEN "tests/golden/blueprint-1.hbp"

static char folder[64];
static char path[256];

/* ---- quantising ---- */

static void check_row(const int32_t *sum, unsigned n, const uint16_t *prob)
{
    int64_t total = 0;
    uint32_t all = 0;

    for (unsigned a = 0; a < n; a++) {
        total += sum[a] > 0 ? sum[a] : 0;
        all += prob[a];
    }
    CHECK_EQ(all, HB_BLUEPRINT_ONE);
    for (unsigned a = 0; a < n; a++) {
        int64_t share = sum[a] > 0 ? sum[a] : 0;
        double want = total > 0 ? (double)share / (double)total : 1.0 / n;

        CHECK_NEAR((double)prob[a] / HB_BLUEPRINT_ONE, want, 1.0 / HB_BLUEPRINT_ONE);
        if (total > 0 && (share == 0 || share == total))
            CHECK_EQ(prob[a], share == 0 ? 0 : HB_BLUEPRINT_ONE);
        for (unsigned b = 0; b < a; b++) /* never turns the order of two actions around */
            CHECK(sum[b] <= sum[a] || prob[b] >= prob[a]);
    }
}

static void quantised_rows_sum_to_one_and_are_close(void)
{
    struct rand_stream g = {.seed = 4};

    for (int i = 0; i < 20000; i++) {
        unsigned n = (unsigned)rand_in(&g, 1, 9);
        int32_t top = 1 << rand_in(&g, 0, 29);
        int32_t sum[9];
        uint16_t prob[9];

        for (unsigned a = 0; a < n; a++)
            sum[a] = rand_in(&g, 0, 3) == 0 ? 0 : rand_in(&g, rand_in(&g, 0, 20) ? 0 : -top, top);
        hb_blueprint_quantise(sum, n, prob);
        check_row(sum, n, prob);
    }
}

static void quantising_known_rows(void)
{
    static const int32_t third[3] = {1, 1, 1}, none[4] = {0, 0, 0, 0}, tie[2] = {7, 7},
                         big[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, neg[2] = {-5, 3};
    uint16_t p[4];
    int32_t *many = NULL;
    uint16_t *out = NULL;
    struct hb_err e = {0};

    hb_blueprint_quantise(third, 3, p);
    CHECK(p[0] == 21845 && p[1] == 21845 && p[2] == 21845);
    hb_blueprint_quantise(none, 4, p);
    CHECK(p[0] == 16384 && p[1] == 16384 && p[2] == 16384 && p[3] == 16383);
    hb_blueprint_quantise(tie, 2, p);
    CHECK(p[0] == 32768 && p[1] == 32767);
    hb_blueprint_quantise(big, 3, p);
    CHECK(p[0] == 21845 && p[2] == 21845);
    hb_blueprint_quantise(neg, 2, p);
    CHECK(p[0] == 0 && p[1] == HB_BLUEPRINT_ONE);
    CHECK_OK(hb_mem_new(&many, 65535, sizeof *many, "sums", &e), e);
    CHECK_OK(hb_mem_new(&out, 65535, sizeof *out, "row", &e), e);
    hb_blueprint_quantise(many, 65535, out);
    CHECK(out[0] == 1 && out[65534] == 1);
    hb_mem_free(many);
    hb_mem_free(out);
}

/* ---- files ---- */

static struct hb_blueprint_source source_of(struct hb_table *t)
{
    return (struct hb_blueprint_source){.spec = &t->spec,
                                        .tree = &t->tree,
                                        .layout = &t->layout,
                                        .generation = 7,
                                        .iteration = 1234,
                                        .content = {{1, 2, 3}},
                                        .words = table_words,
                                        .ctx = t};
}

static void save(struct hb_table *t, const char *name)
{
    struct hb_blueprint_source s = source_of(t);
    struct hb_err e = {0};

    CHECK_OK(hb_blueprint_save(&s, in_folder(folder, name, path), &e), e);
}

/* Every row of b is the quantised row of t. */
static void check_rows(struct hb_blueprint *b, const struct hb_table *t)
{
    struct hb_err e = {0};
    uint16_t got[64];
    uint16_t want[64];
    size_t bad = 0;

    for (uint32_t node = 0; node < t->tree.n_nodes; node++)
        for (uint32_t k = 0; k < t->spec.street[t->tree.node[node].street].n_buckets; k++) {
            const int32_t *row = hb_table_row(t, node, k);
            unsigned n = t->tree.node[node].n_actions;

            if (hb_blueprint_row(b, node, k, got, &e) != HB_OK) {
                bad++;
                continue;
            }
            hb_blueprint_quantise(row + HB_ROW_HEAD + n, n, want);
            bad += memcmp(got, want, n * sizeof *got) != 0;
            if (node % 7 == 0 && k % 5 == 0)
                check_row(row + HB_ROW_HEAD + n, n, got);
        }
    CHECK_EQ(bad, 0);
}

static void round_trip(const char *game, uint64_t seed)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_blueprint b = {0};
    uint16_t row[64];
    void *mem;

    small_run_init(&r, game, seed);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, seed, 1);
    save(&t, "a.hbp");
    CHECK_OK(hb_blueprint_open(path, &b, &e), e);
    CHECK_EQ(b.generation, 7);
    CHECK_EQ(b.iteration, 1234);
    CHECK_EQ(b.content.b[2], 3);
    CHECK_STR(b.writer, HB_VERSION);
    CHECK_STR(b.spec.game_name, t.spec.game_name);
    CHECK_EQ(b.tree.n_nodes, t.tree.n_nodes);
    check_rows(&b, &t);
    CHECK_OK(hb_blueprint_verify(&b, &e), e);
    CHECK_EQ(hb_blueprint_row(&b, b.tree.n_nodes, 0, row, &e), HB_EUSAGE);
    CHECK_EQ(hb_blueprint_row(&b, 0, b.spec.street[0].n_buckets, row, &e), HB_EUSAGE);
    hb_blueprint_close(&b);
    hb_blueprint_close(&b);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void small_games_come_back(void)
{
    round_trip("kuhn", 1);
    round_trip("kuhn3", 2);
    round_trip("leduc", 3);
    round_trip("leduc3", UINT64_MAX);
}

/* 52 cards, two rounds: more than one bucket a chunk, rows that lie across chunks. */
static void many_buckets_come_back(void)
{
    round_trip("leduc52", 4);
}

/* ---- damage ---- */

static int use_bytes(const uint8_t *p, size_t n, bool verify, struct hb_err *e)
{
    struct hb_blueprint b = {0};
    uint16_t row[64];
    int fd = open(in_folder(folder, "bad.hbp", path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = hb_io_write_full(fd, p, n, path, e);

    CHECK_EQ(close(fd), 0);
    if (rc == HB_OK && (rc = hb_blueprint_open(path, &b, e)) == HB_OK && verify)
        rc = hb_blueprint_verify(&b, e);
    for (uint32_t node = 0; rc == HB_OK && node < b.tree.n_nodes; node++)
        for (uint32_t k = 0; rc == HB_OK && k < b.spec.street[b.tree.node[node].street].n_buckets;
             k++)
            rc = hb_blueprint_row(&b, node, k, row, e);
    hb_blueprint_close(&b);
    return rc;
}

static void kuhn_file(struct hb_buf *whole)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    void *mem;

    small_run_init(&r, "kuhn", 5);
    mem = memory_table(&r, 1, &t);
    random_rows(&t, 6, 4);
    save(&t, "a.hbp");
    CHECK_OK(hb_io_read_file(path, 1 << 20, whole, &e), e);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static void every_cut_and_every_flipped_bit_is_refused(void)
{
    struct hb_err e = {0};
    struct hb_buf whole = {0};
    size_t accepted = 0;
    size_t silent = 0;

    kuhn_file(&whole);
    CHECK_OK(use_bytes(whole.data, whole.len, true, &e), e);
    for (size_t n = 0; n < whole.len; n++)
        accepted += use_bytes(whole.data, n, true, &e) == HB_OK;
    for (size_t byte = 0; byte < whole.len; byte++) {
        e.msg[0] = '\0';
        whole.data[byte] ^= (uint8_t)(1u << byte % 8);
        accepted += use_bytes(whole.data, whole.len, true, &e) == HB_OK;
        silent += e.msg[0] == '\0';
        whole.data[byte] ^= (uint8_t)(1u << byte % 8);
    }
    hb_buf_u8(&whole, 0);
    accepted += use_bytes(whole.data, whole.len, true, &e) == HB_OK;
    CHECK_EQ(accepted, 0);
    CHECK_EQ(silent, 0);
    hb_buf_fini(&whole);
}

/* The twelve rows of Kuhn poker, which stand at a multiple of 4096. */
static void a_flipped_probability_is_found_when_it_is_read(void)
{
    struct hb_err e = {0};
    struct hb_buf whole = {0};
    struct hb_blueprint b = {0};
    size_t at;

    kuhn_file(&whole);
    CHECK_OK(hb_blueprint_open(path, &b, &e), e);
    for (at = 0; at + 48 <= whole.len && memcmp(whole.data + at, b.map, 48) != 0; at += 4096)
        continue;
    hb_blueprint_close(&b);
    CHECK(at > 0 && at + 48 <= whole.len);
    whole.data[at + 3] ^= 4;
    CHECK_EQ(use_bytes(whole.data, whole.len, false, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "strategy") != NULL);
    e.msg[0] = '\0';
    reseal(whole.data, whole.len); /* with right checksums it is the sum that is wrong */
    CHECK_EQ(use_bytes(whole.data, whole.len, false, &e), HB_EFORMAT);
    CHECK(strstr(e.msg, "sums to") != NULL);
    hb_buf_fini(&whole);
}

/* With right checksums, whatever a byte says: refused, or all rows can be read. */
static void resealed_damage_stays_in_bounds(void)
{
    struct hb_buf whole = {0};
    size_t refused = 0;

    kuhn_file(&whole);
    for (size_t byte = 0; byte < whole.len; byte++) {
        struct hb_buf copy = {0};

        hb_buf_put(&copy, whole.data, whole.len);
        copy.data[byte] ^= (uint8_t)(1u << byte % 8);
        reseal(copy.data, copy.len);
        refused += use_bytes(copy.data, copy.len, false, NULL) != HB_OK;
        hb_buf_fini(&copy);
    }
    CHECK(refused > 100);
    hb_buf_fini(&whole);
}

static void every_failed_allocation_is_reported(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_blueprint_source s;
    struct hb_blueprint b = {0};
    int rc = HB_ENOMEM;
    void *mem;
    long n;

    small_run_init(&r, "kuhn", 5);
    mem = memory_table(&r, 1, &t);
    s = source_of(&t);
    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_blueprint_save(&s, in_folder(folder, "oom.hbp", path), &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
    }
    CHECK(n > 3 && n < 200);
    rc = HB_ENOMEM;
    for (n = 1; rc != HB_OK && n < 200; n++) {
        hb_mem_fail_at(n);
        rc = hb_blueprint_open(path, &b, &e);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_blueprint_close(&b);
    }
    CHECK(n > 3 && n < 200);
    hb_mem_fail_at(0);
    hb_mem_free(mem);
    small_run_fini(&r);
}

/* ---- golden ---- */

static void golden_table(struct small_run *r, struct hb_table *t, void **mem)
{
    small_run_init(r, "leduc", 20261123);
    *mem = memory_table(r, 1, t);
    random_rows(t, 99, 6);
}

/* Written once by `t_blueprint --golden FILE`. */
static void the_blueprint_of_version_1_reads_as_it_always_did(void)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_blueprint b = {0};
    void *mem;

    golden_table(&r, &t, &mem);
    CHECK_OK(hb_blueprint_open(GOLDEN, &b, &e), e);
    CHECK_OK(hb_blueprint_verify(&b, &e), e);
    CHECK_STR(b.writer, "0.1.0");
    CHECK_EQ(b.generation, 7);
    CHECK_EQ(b.spec.params.seed, 20261123);
    check_rows(&b, &t);
    hb_blueprint_close(&b);
    hb_mem_free(mem);
    small_run_fini(&r);
}

static int write_golden(const char *file)
{
    struct hb_err e = {0};
    struct small_run r;
    struct hb_table t;
    struct hb_blueprint_source s;
    void *mem;
    int rc;

    golden_table(&r, &t, &mem);
    s = source_of(&t);
    rc = hb_blueprint_save(&s, file, &e);
    (void)printf("%s\n", rc == HB_OK ? "written" : e.msg);
    hb_mem_free(mem);
    small_run_fini(&r);
    return rc != HB_OK;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"a.hbp", "bad.hbp", "oom.hbp"};

    if (argc == 3 && strcmp(argv[1], "--golden") == 0)
        return write_golden(argv[2]);
    if (!scratch_folder(folder, "t_blueprint"))
        return 1;
    RUN(quantised_rows_sum_to_one_and_are_close);
    RUN(quantising_known_rows);
    RUN(small_games_come_back);
    RUN(many_buckets_come_back);
    RUN(every_cut_and_every_flipped_bit_is_refused);
    RUN(a_flipped_probability_is_found_when_it_is_read);
    RUN(resealed_damage_stays_in_bounds);
    RUN(every_failed_allocation_is_reported);
    RUN(the_blueprint_of_version_1_reads_as_it_always_did);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(in_folder(folder, names[i], path)); /* may not be there */
    CHECK_EQ(rmdir(folder), 0);                          /* nothing else was left */
    return check_done();
}
