/* All of hold'em through emd and ochs: every bucket is used, buckets go from weak to strong, and
 * random hands with equal vectors share theirs. Takes some minutes and 1 GB. */
#define _XOPEN_SOURCE 700 /* realpath, mkdtemp */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/buckets.h"
#include "abstraction/build.h"
#include "base/rng.h"
#include "cards/equity.h"
#include "check.h"

#define K       200u
#define SAMPLES 4000u

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static char dirs[1100];
static char scratch[] = "/tmp/hb-long-features-XXXXXX";

/* Random hands of a street: mean equity of the lower, middle and upper third of the buckets. */
static void check_order(const struct hb_buckets *b, int street)
{
    double sum[3] = {0};
    uint32_t n[3] = {0};
    uint32_t n_samples = street == 1 ? SAMPLES / 40 : SAMPLES;

    for (uint32_t i = 0; i < n_samples; i++) {
        uint8_t cards[HB_HAND_MAX];
        uint64_t total;
        uint64_t square;
        uint64_t m;
        uint64_t r;
        uint32_t bits[4];
        uint32_t third;

        hb_rng_block(12, i, 0, HB_RNG_TOOL, (uint32_t)street, bits);
        hb_iso_cards(b->iso[HB_ISO_SET], street,
                     ((uint64_t)bits[0] << 32 | bits[1]) % b->street[street].n_hands, cards);
        hb_equity_brute(&holdem, street, cards, &total, &square);
        hb_equity_scale(&holdem, street, &m, &r);
        third = 3 * hb_buckets_of(b, street, cards) / K;
        sum[third] += (double)total / (double)(2 * m * r);
        n[third]++;
    }
    CHECK(n[0] > 0 && n[1] > 0 && n[2] > 0);
    CHECK(sum[0] / n[0] + 0.1 < sum[1] / n[1]);
    CHECK(sum[1] / n[1] + 0.1 < sum[2] / n[2]);
}

static void check_used(const struct hb_buckets *b, int street)
{
    static uint8_t used[K];
    uint32_t n = 0;

    memset(used, 0, sizeof used);
    for (uint64_t i = 0; i < b->street[street].n_hands; i++)
        used[((const uint8_t *)b->street[street].map)[i]] = 1;
    for (uint32_t k = 0; k < K; k++)
        n += used[k];
    CHECK_EQ(n, K);
}

static void emd_and_ochs_cluster_holdem(void)
{
    static const bool need[HB_STREETS] = {true, true, true, true};
    static const char *const plugin[] = {"lossless", "emd", "emd", "ochs"};
    struct hb_cards_spec spec = {0};
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    char file[64];

    for (int s = 0; s < HB_STREETS; s++) {
        spec.street[s].given = true;
        (void)snprintf(spec.street[s].plugin, HB_PLUGIN_NAME_MAX, "%s", plugin[s]);
        (void)snprintf(spec.street[s].args, HB_PLUGIN_ARGS_MAX, "%s", s == 0 ? "" : "k=200");
    }
    (void)snprintf(file, sizeof file, "%s/x.hba", scratch);
    CHECK_OK(hb_buckets_build(&holdem, need, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    for (int s = 1; s < HB_STREETS && b.street[s].map != NULL; s++) {
        CHECK_EQ(b.street[s].n_buckets, K);
        CHECK(b.street[s].hottest * K < 8 * b.street[s].total);
        check_used(&b, s);
        check_order(&b, s);
    }
    hb_buckets_fini(&b);
    (void)unlink(file);
}

int main(int argc, char **argv)
{
    char *real = realpath(argc > 0 ? argv[0] : "", NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;

    if (slash == NULL || mkdtemp(scratch) == NULL) {
        printf("Bail out! no plugins or no scratch folder\n");
        return 1;
    }
    *slash = '\0'; /* build/tests */
    (void)snprintf(dirs, sizeof dirs, "%s/../plugins", real);
    free(real);
    RUN(emd_and_ochs_cluster_holdem);
    (void)rmdir(scratch); /* left behind when the test failed */
    return check_done();
}
