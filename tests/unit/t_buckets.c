/* Bucket files say what the plugins said and are the same whoever made them; ehs equals enumeration
 * and sorting. That damaged files are refused is in t_buckets_hostile.c. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include "abstraction/buckets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abstraction/build.h"
#include "abstraction/hb_plugin.h"
#include "abstraction/weights.h"
#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bucketfiles.h"
#include "cards/equity.h"

static const struct hb_deck small[] = {
    {3, 2, 1, 2, {0, 1}},    {6, 1, 1, 1, {0}},          {4, 3, 2, 3, {0, 1, 2}},
    {5, 2, 2, 2, {0, 2}},    {4, 2, 1, 4, {0, 1, 2, 3}}, {3, 4, 2, 4, {0, 1, 2, 3}},
    {5, 3, 1, 3, {1, 2, 4}},
};
#define N_SMALL ((int)(sizeof small / sizeof small[0]))

/* ---- weights ---- */

static void bulk_weights_equal_single_ones_and_add_up(void)
{
    static uint32_t weight[1 << 16];

    for (int d = 0; d < N_SMALL; d++)
        for (int sense = 0; sense < 2; sense++) {
            struct hb_iso *iso = NULL;
            struct hb_err e = {0};

            CHECK_OK(hb_iso_new(&small[d], (enum hb_iso_sense)sense, &iso, &e), e);
            for (int s = 0; s < small[d].n_streets; s++) {
                uint64_t n = hb_iso_size(iso, s);
                uint64_t sum = 0;
                uint32_t most = 0;

                CHECK(n < sizeof weight / sizeof weight[0]);
                hb_weights(iso, (enum hb_iso_sense)sense, s, 0, n, weight);
                for (uint64_t i = 0; i < n; i++) {
                    CHECK_EQ(weight[i], hb_iso_weight(iso, s, i));
                    sum += weight[i];
                    most = weight[i] > most ? weight[i] : most;
                }
                CHECK_EQ(sum, hb_weights_total(&small[d], (enum hb_iso_sense)sense, s));
                CHECK_EQ(most, hb_weights_largest(iso, (enum hb_iso_sense)sense, s));
            }
            hb_iso_free(iso);
        }
}

static void weights_of_any_range_of_holdem_are_right(void)
{
    static uint32_t weight[5000];
    struct hb_iso *iso = NULL;
    struct hb_err e = {0};
    uint32_t r[4];

    CHECK_OK(hb_iso_new(&holdem, HB_ISO_SET, &iso, &e), e);
    for (uint32_t i = 0; i < 40; i++) {
        int s = (int)(i % 4);
        uint64_t size = hb_iso_size(iso, s);
        uint64_t first;
        uint64_t n;

        hb_rng_block(7, i, 0, HB_RNG_DEAL, 0, r);
        first = r[0] % size;
        n = r[1] % 5000;
        n = n > size - first ? size - first : n;
        hb_weights(iso, HB_ISO_SET, s, first, n, weight);
        for (uint64_t k = 0; k < n; k += 13)
            CHECK_EQ(weight[k], hb_iso_weight(iso, s, first + k));
    }
    CHECK_EQ(hb_weights_largest(iso, HB_ISO_SET, 0), 12);
    CHECK_EQ(hb_weights_largest(iso, HB_ISO_SET, 3), 24);
    CHECK_EQ(hb_weights_total(&holdem, HB_ISO_SET, 3), 2809475760);
    CHECK_EQ(hb_weights_total(&holdem, HB_ISO_ROUNDS, 3), 56189515200);
    hb_iso_free(iso);
}

/* ---- lossless ---- */

static void lossless_buckets_are_the_canonical_hands(void)
{
    for (int d = 0; d < N_SMALL; d++) {
        struct hb_buckets b = made(&small[d], "lossless", "");
        struct hb_buckets direct = {0};
        struct hb_err e = {0};
        bool need[HB_STREETS] = {false};

        for (int s = 0; s < small[d].n_streets; s++)
            need[s] = true;
        CHECK_OK(hb_buckets_lossless(&small[d], need, &direct, &e), e);
        CHECK(hb_hash_equal(&b.content, &direct.content));
        CHECK_OK(hb_buckets_fit(&b, &small[d], need, &e), e);
        CHECK_EQ(hb_buckets_bytes(&b), 0);
        for (int s = 0; s < b.deck.n_streets; s++) {
            CHECK_EQ(b.street[s].kind, HB_BUCKETS_IDENTITY);
            CHECK_EQ(b.street[s].n_buckets, hb_iso_size(b.iso[HB_ISO_SET], s));
            CHECK_EQ(b.street[s].hottest, direct.street[s].hottest);
            CHECK_EQ(b.street[s].total, direct.street[s].total);
            CHECK_STR(b.street[s].plugin, direct.street[s].plugin);
            CHECK_STR(b.street[s].version, direct.street[s].version);
            for (uint64_t i = 0; i < b.street[s].n_hands; i++) {
                uint8_t cards[HB_HAND_MAX];

                hb_iso_cards(b.iso[HB_ISO_SET], s, i, cards);
                CHECK_EQ(hb_buckets_of(&b, s, cards), i);
                CHECK_EQ(hb_buckets_of(&direct, s, cards), i);
            }
        }
        hb_buckets_fini(&b);
        hb_buckets_fini(&direct);
    }
}

static void perfect_recall_counts_hands_with_rounds_apart(void)
{
    struct hb_buckets set = made(&small[5], "lossless", "");
    struct hb_buckets rounds = made(&small[5], "lossless", "recall=perfect");

    CHECK(!hb_hash_equal(&set.content, &rounds.content));
    CHECK(rounds.iso[HB_ISO_SET] == NULL && rounds.iso[HB_ISO_ROUNDS] != NULL);
    CHECK_EQ(rounds.street[3].sense, HB_ISO_ROUNDS);
    CHECK_EQ(rounds.street[3].kind, HB_BUCKETS_IDENTITY);
    CHECK(rounds.street[3].n_buckets > set.street[3].n_buckets);
    for (uint64_t i = 0; i < rounds.street[3].n_hands; i++) {
        uint8_t cards[HB_HAND_MAX];

        hb_iso_cards(rounds.iso[HB_ISO_ROUNDS], 3, i, cards);
        CHECK_EQ(hb_buckets_of(&rounds, 3, cards), i);
    }
    hb_buckets_fini(&set);
    hb_buckets_fini(&rounds);
}

/* ---- maps ---- */

/* File built by "mod=N" on one deck: every hand, and the weight of the hottest bucket. */
static void check_mod(const struct hb_buckets *b, int street, uint32_t modulus)
{
    const struct hb_buckets_street *st = &b->street[street];
    uint64_t *mass = calloc(modulus, sizeof *mass);
    uint64_t most = 0;
    uint64_t bad = 0;

    for (uint64_t i = 0; i < st->n_hands && mass != NULL; i++) {
        uint8_t cards[HB_HAND_MAX];

        hb_iso_cards(b->iso[st->sense], street, i, cards);
        bad += hb_buckets_of(b, street, cards) != i % modulus;
        mass[i % modulus] += hb_iso_weight(b->iso[st->sense], street, i);
    }
    for (uint32_t i = 0; i < modulus && mass != NULL; i++)
        most = mass[i] > most ? mass[i] : most;
    CHECK_EQ(bad, 0);
    CHECK_EQ(st->hottest, most);
    CHECK_EQ(st->total, hb_weights_total(&b->deck, st->sense, street));
    free(mass);
}

static void maps_of_each_width_come_back(void)
{
    static const struct {
        const char *args;
        uint32_t modulus;
        enum hb_bucket_kind kind;
    } width[] = {
        {"mod=1", 1, HB_BUCKETS_U8},          {"mod=256", 256, HB_BUCKETS_U8},
        {"mod=257", 257, HB_BUCKETS_U16},     {"mod=65536", 65536, HB_BUCKETS_U16},
        {"mod=65537", 65537, HB_BUCKETS_U32},
    };
    static const struct hb_deck deck = {9, 3, 2, 2, {3, 4}}; /* more than 65,537 hands */
    struct hb_cards_spec spec;

    for (size_t i = 0; i < sizeof width / sizeof width[0]; i++) {
        static const bool last[HB_STREETS] = {false, true, false, false};
        struct hb_buckets b = {0};
        struct hb_err e = {0};

        spec = same_on_all("misbehaves", width[i].args);
        CHECK_OK(hb_buckets_build(&deck, last, &spec, file,
                                  &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                                  NULL, &e),
                 e);
        CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
        CHECK_EQ(b.street[0].kind, HB_BUCKETS_NONE);
        CHECK_EQ(b.street[1].kind, width[i].kind);
        CHECK_EQ(b.street[1].n_buckets, width[i].modulus);
        check_mod(&b, 1, width[i].modulus);
        hb_buckets_fini(&b);
    }
}

static void maps_may_count_hands_with_rounds_apart(void)
{
    struct hb_buckets b = made(&small[5], "misbehaves", "rounds=7");

    for (int s = 0; s < b.deck.n_streets; s++) {
        CHECK_EQ(b.street[s].sense, HB_ISO_ROUNDS);
        check_mod(&b, s, 7);
    }
    hb_buckets_fini(&b);
}

static void equal_maps_have_equal_content_whoever_made_them(void)
{
    struct hb_buckets one = made(&small[2], "misbehaves", "mod=1");
    struct hb_buckets ehs = made(&small[2], "ehs", "k=1");
    struct hb_buckets two = made(&small[2], "misbehaves", "mod=2");
    struct hb_buckets same = made(&small[2], "misbehaves", "same"); /* unannounced identity */
    struct hb_buckets lossless = made(&small[2], "lossless", "");

    CHECK(hb_hash_equal(&one.content, &ehs.content));
    CHECK(!hb_hash_equal(&one.root, &ehs.root)); /* they name their plugins */
    CHECK(!hb_hash_equal(&one.content, &two.content));
    CHECK(hb_hash_equal(&same.content, &lossless.content));
    CHECK_EQ(same.street[2].kind, HB_BUCKETS_IDENTITY);
    hb_buckets_fini(&one);
    hb_buckets_fini(&ehs);
    hb_buckets_fini(&two);
    hb_buckets_fini(&same);
    hb_buckets_fini(&lossless);
}

static void an_announced_identity_is_not_believed(void)
{
    struct hb_buckets b = made(&small[2], "misbehaves", "liar");

    for (int s = 0; s < b.deck.n_streets; s++)
        CHECK(b.street[s].kind == HB_BUCKETS_U8 || b.street[s].kind == HB_BUCKETS_U16);
    hb_buckets_fini(&b);
}

static void building_twice_gives_the_same_bytes(void)
{
    struct hb_buf first = {0};
    struct hb_buf second = {0};
    struct hb_err e = {0};

    CHECK_OK(build(&small[2], "ehs", "k=5", &e), e);
    CHECK_OK(hb_io_read_file(file, 1 << 20, &first, &e), e);
    CHECK_OK(build(&small[2], "ehs", "k=5", &e), e);
    CHECK_OK(hb_io_read_file(file, 1 << 20, &second, &e), e);
    CHECK_EQ(first.len, second.len);
    CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    hb_buf_fini(&first);
    hb_buf_fini(&second);
}

/* ---- ehs ---- */

struct strength {
    uint64_t score; /* numerator of E[HS^power] */
    uint64_t weight;
    uint64_t hand;
};

static int by_score(const void *a, const void *b)
{
    const struct strength *x = a;
    const struct strength *y = b;

    return (x->score > y->score) - (x->score < y->score);
}

/* The definition, the slow way: enumerate, sort, give each hand the group of the middle of its tie,
 * close up the groups. */
static void obvious_ehs(const struct hb_iso *iso, int street, int power, uint32_t k,
                        uint32_t *bucket, uint32_t *n_buckets)
{
    uint64_t n = hb_iso_size(iso, street);
    struct strength *s = calloc((size_t)n, sizeof *s);
    uint64_t total = 0;
    uint64_t before = 0;
    uint64_t last = UINT64_MAX;

    *n_buckets = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint8_t cards[HB_HAND_MAX];
        uint64_t sum;
        uint64_t square;

        hb_iso_cards(iso, street, i, cards);
        hb_equity_brute(hb_iso_deck(iso), street, cards, &sum, &square);
        s[i] = (struct strength){power == 1 ? sum : square, hb_iso_weight(iso, street, i), i};
        total += s[i].weight;
    }
    qsort(s, (size_t)n, sizeof *s, by_score);
    for (uint64_t i = 0; i < n;) {
        uint64_t tie = i;
        uint64_t weight = 0;
        uint64_t group;

        for (; tie < n && s[tie].score == s[i].score; tie++)
            weight += s[tie].weight;
        group = k * (2 * before + weight) / (2 * total);
        *n_buckets += group != last;
        last = group;
        before += weight;
        for (; i < tie; i++)
            bucket[s[i].hand] = *n_buckets - 1;
    }
    free(s);
}

static void ehs_equals_enumeration_and_sorting(void)
{
    static const uint32_t ks[] = {1, 2, 5, 16, 1000};
    static uint32_t want[1 << 16];

    for (int d = 0; d < N_SMALL; d++)
        for (uint32_t i = 0; i < 2 * sizeof ks / sizeof ks[0]; i++) {
            int power = 1 + (int)(i % 2);
            char args[64];
            struct hb_buckets b;

            (void)snprintf(args, sizeof args, "k=%u,power=%d", ks[i / 2], power);
            b = made(&small[d], "ehs", args);
            for (int s = 0; s < b.deck.n_streets && b.iso[HB_ISO_SET] != NULL; s++) {
                uint32_t n_buckets;
                uint64_t bad = 0;

                obvious_ehs(b.iso[HB_ISO_SET], s, power, ks[i / 2], want, &n_buckets);
                CHECK_EQ(b.street[s].n_buckets, n_buckets);
                for (uint64_t h = 0; h < b.street[s].n_hands; h++) {
                    uint8_t cards[HB_HAND_MAX];

                    hb_iso_cards(b.iso[HB_ISO_SET], s, h, cards);
                    bad += hb_buckets_of(&b, s, cards) != want[h];
                }
                CHECK_EQ(bad, 0);
            }
            hb_buckets_fini(&b);
        }
}

static void ehs_on_leduc_knows_the_king_from_the_jack(void)
{
    struct hb_buckets b = made(&leduc, "ehs", "k=3");
    uint8_t king = hb_card_of(11, 2); /* a deck of three ranks holds Q K A */
    uint8_t queen = hb_card_of(10, 2);
    uint8_t ace = hb_card_of(12, 3);

    CHECK_EQ(b.street[0].n_buckets, 3);
    CHECK_EQ(hb_buckets_of(&b, 0, &queen), 0);
    CHECK_EQ(hb_buckets_of(&b, 0, &king), 1);
    CHECK_EQ(hb_buckets_of(&b, 0, &ace), 2);
    hb_buckets_fini(&b);
}

static void ehs_refuses_arguments_it_does_not_know(void)
{
    static const char *const args[] = {"",
                                       "k=",
                                       "k=0",
                                       "k=-1",
                                       "k=1.5",
                                       "k=5,",
                                       "k=5,k=6",
                                       "power=2",
                                       "k=5,x=1",
                                       "k=5 ",
                                       "K=5",
                                       "k=5,power",
                                       "k=5,power=3",
                                       "k=999999999999999999999",
                                       "k=16777217",
                                       ",k=5"};

    for (size_t i = 0; i < sizeof args / sizeof args[0]; i++) {
        struct hb_err e = {0};

        CHECK_EQ(build(&leduc, "ehs", args[i], &e), HB_EPLUGIN);
        CHECK(strstr(e.msg, "flop: plugin 'hb.ehs' refuses: arguments are") != NULL);
    }
}

/* ---- refusals while building ---- */

static void a_plugin_that_misbehaves_is_named_and_leaves_no_file(void)
{
    static const struct {
        const char *args, *say;
    } bad[] = {
        {"refuse", "refuses: not today"},
        {"silent", "no reason given"},
        {"zero", "has 0 buckets"},
        {"many", "buckets for the 15 hands"},
        {"range", "hand 3 is in bucket 2, but there are only 2"},
        {"host", "hand strengths out of range"},
    };

    (void)unlink(file);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hb_err e = {0};

        CHECK_EQ(build(&leduc, "misbehaves", bad[i].args, &e), HB_EPLUGIN);
        if (strstr(e.msg, bad[i].say) == NULL) {
            printf("# %s: '%s'\n", bad[i].args, e.msg);
            CHECK(0);
        }
        CHECK(access(file, F_OK) != 0);
    }
}

static char said[256]; /* by plugins */

static void on_log(int level, const char *msg)
{
    const size_t n = strlen(said);

    if (level == HB_LOG_WARNING)
        (void)snprintf(said + n, sizeof said - n, "%s;", msg);
}

/* Plugins are tried while the host refuses what takes time: what was asked for then is not used. */
static void an_instance_of_a_trial_is_kept_only_when_it_asked_for_nothing(void)
{
    static const bool flop[HB_STREETS] = {false, true, false, false};
    struct hb_build_options o = {.plugin_dirs = dirs, .n_processes = 1, .log = on_log};
    struct hb_cards_spec spec = same_on_all("misbehaves", "careless");
    struct hb_buckets b = {0};
    struct hb_err e = {0};

    said[0] = '\0';
    CHECK_OK(hb_buckets_build(&leduc, flop, &spec, file, &o, NULL, &e), e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(b.street[1].n_buckets, 2);
    CHECK_STR(said, "careless: strong;");
    hb_buckets_fini(&b);
    said[0] = '\0';
    spec = same_on_all("misbehaves", "loud");
    CHECK_OK(hb_buckets_build(&leduc, flop, &spec, file, &o, NULL, &e), e);
    CHECK_STR(said, "loud;"); /* made once */
}

static void impossible_requests_are_refused(void)
{
    struct hb_cards_spec spec = same_on_all("lossless", "");
    struct hb_deck no_deck = leduc;
    struct hb_err e = {0};

    (void)unlink(file);
    CHECK_EQ(build(&leduc, "nothere", "", &e), HB_EPLUGIN);
    CHECK_EQ(hb_buckets_build(&leduc, all_streets, &spec, "/nonexistent/x.hba",
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             HB_ECREATE);
    spec.street[1].given = false;
    CHECK_EQ(hb_buckets_build(&leduc, all_streets, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             HB_ECONFIG);
    CHECK(strstr(e.msg, "flop") != NULL);
    no_deck.n_ranks = 14;
    CHECK_EQ(build(&no_deck, "lossless", "", &e), HB_EUSAGE);
    CHECK(access(file, F_OK) != 0);
}

static void lossless_of_holdem_rounds_needs_no_map_and_no_hours(void)
{
    static const bool river[HB_STREETS] = {false, false, false, true};
    struct hb_cards_spec spec = same_on_all("lossless", "recall=perfect");
    struct hb_buckets b = {0};
    struct hb_err e = {0};

    CHECK_OK(hb_buckets_build(&holdem, river, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(b.street[3].n_buckets, 2428287420);
    CHECK_EQ(b.street[3].hottest, 24);
    hb_buckets_fini(&b);
}

static void running_out_of_memory_is_an_error_and_leaves_no_half_file(void)
{
    int rc = HB_ENOMEM;
    long n = 1;

    (void)unlink(file);
    for (; n < 1000 && rc != HB_OK; n++) {
        struct hb_err e = {0};

        hb_mem_fail_at(n);
        rc = build(&leduc, "ehs", "k=3", &e);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        if (rc != HB_OK && access(file, F_OK) == 0) { /* only its folder was not synced */
            struct hb_buckets b = {0};

            CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
            hb_buckets_fini(&b);
            (void)unlink(file);
        }
    }
    CHECK_EQ(rc, HB_OK);
    CHECK(n > 5);
    for (rc = HB_ENOMEM, n = 1; n < 1000 && rc != HB_OK; n++) {
        struct hb_buckets b = {0};
        struct hb_err e = {0};

        hb_mem_fail_at(n);
        rc = hb_buckets_open(file, NULL, &b, &e);
        hb_mem_fail_at(0);
        CHECK(rc == HB_OK || rc == HB_ENOMEM);
        hb_buckets_fini(&b);
    }
    CHECK_EQ(rc, HB_OK);
}

/* ---- several processes ---- */

/* Kilobytes of the mapping of a file in this process by that line of smaps, -1 without one. */
static long smaps_kb(const char *path, const char *key)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool here = false;
    long kb = -1;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strstr(line, path) != NULL)
            here = true;
        else if (here && strncmp(line, key, strlen(key)) == 0)
            kb = (kb < 0 ? 0 : kb) + strtol(line + strlen(key), NULL, 10);
        else if (strncmp(line, "VmFlags:", 8) == 0)
            here = false;
    }
    if (f != NULL)
        (void)fclose(f);
    return kb;
}

/* A worker: open what its parent verified, look at all of it, wait for the others, weigh it. */
static int share(const char *path, const struct hb_hash *root, int ready, int go)
{
    struct hb_buckets b = {0};
    uint32_t sum = 0;
    long pss;
    char c;

    if (hb_buckets_open(path, root, &b, NULL) != HB_OK)
        return 2;
    for (uint64_t i = 0; i < b.street[1].n_hands; i++)
        sum += hb_buckets_at(&b, 1, i);
    if (sum == 0 || write(ready, "", 1) != 1 || read(go, &c, 1) != 0)
        return 3;
    pss = smaps_kb(path, "Pss:");
    /* its share of 1.29 MB that this process and four others have mapped, and nothing of its own */
    return pss > 0 && pss < 1286 / 2 && smaps_kb(path, "Private_Dirty:") == 0 ? 0 : 1;
}

static void processes_share_the_pages_of_a_file(void)
{
    bool flop[HB_STREETS] = {false, true, false, false};
    struct hb_cards_spec spec = {.street[1] = {true, "misbehaves", "mod=200"}};
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    int ready[2];
    int go[2];
    char c;

    if (access("/proc/self/smaps", R_OK) != 0) {
        printf("# skipped: no /proc/self/smaps\n");
        return;
    }
    CHECK_OK(hb_buckets_build(&holdem, flop, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(pipe(ready), 0);
    CHECK_EQ(pipe(go), 0);
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            (void)close(go[1]);
            _exit(share(file, &b.root, ready[1], go[0]));
        }
    (void)close(ready[1]);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(read(ready[0], &c, 1), 1);
    (void)close(go[1]);
    for (int i = 0; i < 4; i++) {
        int status = -1;

        CHECK(wait(&status) > 0);
        CHECK_EQ(status, 0);
    }
    (void)close(ready[0]);
    (void)close(go[0]);
    hb_buckets_fini(&b);
    (void)unlink(file);
}

int main(int argc, char **argv)
{
    if (!bucketfiles_init(argc, argv))
        return 1;
    RUN(bulk_weights_equal_single_ones_and_add_up);
    RUN(weights_of_any_range_of_holdem_are_right);
    RUN(lossless_buckets_are_the_canonical_hands);
    RUN(perfect_recall_counts_hands_with_rounds_apart);
    RUN(maps_of_each_width_come_back);
    RUN(maps_may_count_hands_with_rounds_apart);
    RUN(equal_maps_have_equal_content_whoever_made_them);
    RUN(an_announced_identity_is_not_believed);
    RUN(building_twice_gives_the_same_bytes);
    RUN(ehs_equals_enumeration_and_sorting);
    RUN(ehs_on_leduc_knows_the_king_from_the_jack);
    RUN(ehs_refuses_arguments_it_does_not_know);
    RUN(a_plugin_that_misbehaves_is_named_and_leaves_no_file);
    RUN(an_instance_of_a_trial_is_kept_only_when_it_asked_for_nothing);
    RUN(impossible_requests_are_refused);
    RUN(lossless_of_holdem_rounds_needs_no_map_and_no_hours);
    RUN(running_out_of_memory_is_an_error_and_leaves_no_half_file);
    RUN(processes_share_the_pages_of_a_file);
    return bucketfiles_done();
}
