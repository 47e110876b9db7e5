/* conduct.h - a plugin at its test: the calls that are made and what is thought of the answers. run.
 *
 * hb_conduct_run works in a process of its own, which the plugin may crash, hang or end. All it
 * finds out lies in memory shared with the parent, and so does the call in progress, so that the
 * parent (conformance.h) can say which call it was.
 *
 * Threads: hb_conduct_run starts some to call the plugin from, and waits for them. */
#ifndef HB_RUN_CONDUCT_H
#define HB_RUN_CONDUCT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abstraction/buckets.h"
#include "abstraction/plugin.h"
#include "run/conformance.h"
#include "run/manners.h"

#define HB_CONDUCT_CALLERS  5 /* the main thread and those it starts */
#define HB_CONDUCT_FINDINGS 64

enum hb_call {
    HB_CALL_NONE,
    HB_CALL_LOAD,
    HB_CALL_CREATE,
    HB_CALL_DESTROY,
    HB_CALL_EXTENSION,
    HB_CALL_BUCKETS,
    HB_CALL_BUCKET,
    HB_CALL_BUCKET_N,
    HB_CALL_FEATURES,
    HB_CALL_VECTORS
};

/* The last call of a thread. */
struct hb_conduct_call {
    _Atomic int call; /* enum hb_call */
    _Atomic bool inside;
    _Atomic uint64_t number; /* hand or board */
    _Atomic uint64_t made;   /* calls so far */
};

struct hb_conduct { /* shared memory, zero at first */
    struct hb_conduct_call caller[HB_CONDUCT_CALLERS];
    char args[HB_PLUGIN_ARGS_MAX]; /* of the last create */
    char check[24];                /* in progress */
    int street;                    /* in progress; -1 none */
    bool loaded;
    bool accepted[HB_STREETS]; /* create() gave an instance */
    bool answered[HB_STREETS]; /* answer[] is filled in */
    bool finished;             /* this process did all it should */
    struct {
        bool bad;
        char detail[HB_FINDING_MAX];
    } manner[HB_MANNERS];
    struct hb_err error; /* ours, not the plugin's */
    _Atomic uint32_t n_findings;
    struct hb_finding finding[HB_CONDUCT_FINDINGS];
    uint64_t answer[]; /* [HB_STREETS][samples] the first answers */
};

/* Bytes of it. */
uint64_t hb_conduct_bytes(uint32_t samples);

/* Load the plugin and put it to the tests, from `street` on; `last`: only to those that
 * want another process than the first. Descriptors 0 to 2 must be files whose offsets nobody else moves. Writes a byte
 * to `wake` with every finding. */
void hb_conduct_run(const struct hb_conformance *what, struct hb_conduct *c, int street, bool last,
                    int wake);

#endif
