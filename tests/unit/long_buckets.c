/* All of hold'em through ehs: percentiles of equal weight on every street, in the order of single
 * hands' exact equities. Takes some 10 s and 750 MB. */
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

#define K       200
#define SAMPLES 300

static const struct hb_deck holdem = {13, 4, 2, 4, {0, 3, 4, 5}};
static char dirs[1100];
static char scratch[] = "/tmp/hb-long-buckets-XXXXXX";

/* Stronger hands are never in weaker buckets; equal ones in the same. */
static void check_order(const struct hb_buckets *b, int street)
{
    static uint64_t sum[SAMPLES];
    static uint32_t bucket[SAMPLES];
    int bad = 0;

    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint8_t cards[HB_HAND_MAX];
        uint64_t square;
        uint32_t r[4];

        hb_rng_block(11, i, 0, HB_RNG_DEAL, (uint32_t)street, r);
        hb_iso_cards(b->iso[HB_ISO_SET], street,
                     ((uint64_t)r[0] << 32 | r[1]) % b->street[street].n_hands, cards);
        hb_equity_brute(&holdem, street, cards, &sum[i], &square);
        bucket[i] = hb_buckets_of(b, street, cards);
        for (uint32_t j = 0; j < i; j++)
            bad += (sum[i] < sum[j] && bucket[i] > bucket[j]) ||
                   (sum[i] == sum[j] && bucket[i] != bucket[j]);
    }
    CHECK_EQ(bad, 0);
}

static void ehs_cuts_holdem_into_percentiles(void)
{
    static const bool need[HB_STREETS] = {true, true, true, true};
    struct hb_cards_spec spec = {0};
    struct hb_buckets b = {0};
    struct hb_err e = {0};
    char file[64];

    for (int s = 0; s < HB_STREETS; s++) {
        spec.street[s].given = true;
        (void)snprintf(spec.street[s].plugin, HB_PLUGIN_NAME_MAX, s == 0 ? "lossless" : "ehs");
        (void)snprintf(spec.street[s].args, HB_PLUGIN_ARGS_MAX, s == 0 ? "" : "k=200");
    }
    (void)snprintf(file, sizeof file, "%s/x.hba", scratch);
    CHECK_OK(hb_buckets_build(&holdem, need, &spec, file,
                              &(struct hb_build_options){.plugin_dirs = dirs, .n_processes = 2},
                              NULL, &e),
             e);
    CHECK_OK(hb_buckets_open(file, NULL, &b, &e), e);
    CHECK_EQ(b.street[0].n_buckets, 169);
    CHECK_EQ(b.street[0].hottest, 12);
    for (int s = 1; s < HB_STREETS; s++) {
        CHECK_EQ(b.street[s].n_buckets, K);
        /* a tie may be heavier than a group: on the river up to 1.1 % of all hands are equal */
        CHECK(b.street[s].hottest * K < b.street[s].total * (s == 3 ? 220 : 106) / 100);
        if (s > 1)
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
    RUN(ehs_cuts_holdem_into_percentiles);
    (void)rmdir(scratch); /* left behind when the test failed */
    return check_done();
}
