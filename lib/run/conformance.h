/* conformance.h - does a plugin keep its promises? It is loaded and called in processes of its own:
 * one that crashes, hangs, ends its process or lies is named with the call that did it. run.
 *
 * Threads: main thread only; forks. */
#ifndef HB_RUN_CONFORMANCE_H
#define HB_RUN_CONFORMANCE_H

#include <stdint.h>

#include "abstraction/plugin.h"
#include "base/err.h"
#include "cards/card.h"

#define HB_FINDING_MAX 320

struct hb_conformance {
    char path[HB_PLUGIN_PATH_MAX]; /* of the plugin, absolute */
    const char *args; /* as in a configuration; those of the clustering may be missing */
    struct hb_deck deck;
    unsigned streets; /* bit s: street s of the deck is tried */
    uint32_t samples; /* hands asked for on a street, >= 1; all when there are fewer. Of a feature
                         plugin: boards with that many hands, but at least 8 */
    int timeout_ms;   /* a call that takes longer hangs; > 0 */
};

enum hb_verdict { HB_VERDICT_PASS, HB_VERDICT_FAIL, HB_VERDICT_SKIP };

/* What came out of a check.
 *   load         the file loads and gives a table of functions that this hb can use
 *   create       an instance, or a refusal with a reason (a skip; one street must be accepted)
 *   arguments    nonsense as arguments: refused with a message within its bounds, or taken
 *   range        direct: buckets() constant, every bucket below it, announcements true
 *   allocation   direct: bucket() leaves nothing on the heap
 *   features     feature: numbers, size and distance that can be, constant
 *   vectors      feature: no failure, all bytes written and none behind, equal totals for "emd"
 *   determinism  the same answer again, backwards, by bucket_n, from a second instance
 *   symmetry     the same answer when other cards of the same canonical hand are shown
 *   threads      the same answer when several threads ask at once
 *   descriptors  none left open over cycles of create and destroy
 *   memory       none left behind over such cycles
 *   process      the same answer in another process
 *   output, signals, locale, rounding, starts   see manners.h */
struct hb_finding {
    char check[24];
    int street; /* -1: no matter */
    enum hb_verdict verdict;
    char detail[HB_FINDING_MAX];
    uint64_t calls;          /* that were timed: of create, of bucket or vectors */
    double median_s, most_s; /* of one; 0 without calls */
};

typedef void (*hb_conformance_report)(void *ctx, const struct hb_finding *f);

/* Run all checks; each is reported when it is done. *n_failed says how many failed.
 * Errors: HB_ESYS, HB_ENOMEM (the system refuses a process or memory to hb itself). */
int hb_conformance_check(const struct hb_conformance *what, hb_conformance_report report, void *ctx,
                         uint32_t *n_failed, struct hb_err *e) HB_MUSTUSE;

#endif
