/* probe.h - the calls into a plugin at its test: each is noted before it is made, timed, and what it
 * did to the process is looked at. run; for conduct.c and
 * conformance.c only.
 * Threads: a caller's number belongs to one thread; everything else main thread only. */
#ifndef HB_RUN_PROBE_H
#define HB_RUN_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abstraction/cluster.h"
#include "abstraction/host.h"
#include "run/conduct.h"
#include "run/standin.h"

#define HB_PROBE_WHY   256        /* bytes for a plugin's message */
#define HB_PROBE_TIMES 65536u     /* times kept for the median */
#define HB_PROBE_FAILS UINT64_MAX /* no answer: vectors() failed */

struct hb_probe {
    const struct hb_conformance *what;
    struct hb_conduct *c;
    int wake;
    struct hb_plugin plugin;
    struct hb_services *services;
    struct hb_standin standin;          /* lent to all services */
    char args[HB_PLUGIN_ARGS_MAX];      /* those for the plugin */
    char given[2 * HB_PLUGIN_ARGS_MAX]; /* what create() got, of which nothing is left */
    struct hb_shape shape_given;
    bool feature;
    struct hb_manners manners;
    /* the street and what is asked there */
    int street;
    const struct hb_iso *iso;
    struct hb_abs *instance;
    struct hb_vectors shape;
    uint32_t n_buckets;
    uint32_t n_items;                    /* questions: hands, or boards of a feature plugin */
    uint64_t n_all;                      /* of which these are some */
    uint8_t *buffer[HB_CONDUCT_CALLERS]; /* vectors of a board and a guard behind them */
    /* times of the check in progress */
    enum hb_call timed;
    double *times;
    uint32_t n_times;
    uint64_t n_calls;
    double most_s;
};

/* What is found out from here on is by this check, its times those of the calls named. */
void hb_probe_begin(struct hb_probe *p, const char *check, enum hb_call timed);
/* Note a finding of that check, or of another one with hb_probe_find_as. */
void hb_probe_find(struct hb_probe *p, enum hb_verdict verdict, const char *fmt, ...)
    HB_PRINTF(3, 4);
void hb_probe_find_as(struct hb_probe *p, const char *check, enum hb_verdict verdict,
                      const char *fmt, ...) HB_PRINTF(4, 5);
/* The call in progress. */
void hb_probe_enter(struct hb_probe *p, int caller, enum hb_call call, uint64_t number);
void hb_probe_leave(struct hb_probe *p, int caller);
/* The last call of a caller, "bucket(flop, 17)", into out[cap]. */
void hb_probe_call_text(const struct hb_conduct *c, int caller, char *out, size_t cap);
/* Whether the last call kept its manners. */
void hb_probe_watch(struct hb_probe *p);

/* create(), with arguments and a shape that are gone afterwards; NULL when the plugin refuses, with
 * its reason in why. *sound is false when it wrote behind why[cap] or left it without an end. */
struct hb_abs *hb_probe_create(struct hb_probe *p, struct hb_services *services, const char *args,
                               size_t cap, char why[HB_PROBE_WHY], bool *sound);
/* Whether the street is named by an extension, "rounds/1" or "identity/1". */
bool hb_probe_announces(struct hb_probe *p, const char *extension);
/* Write over what create() got: a plugin that kept a pointer will answer otherwise. */
void hb_probe_scribble(struct hb_probe *p, int byte);
void hb_probe_destroy(struct hb_probe *p, struct hb_abs *a);

/* The hand or board that question `item` is about: one drawn from each of n_items equal parts of all. */
uint64_t hb_probe_number(const struct hb_probe *p, uint32_t item);
/* Hands of it: 1, or those of the board. */
uint32_t hb_probe_hands(const struct hb_probe *p, uint32_t item);
/* The bucket, or a hash of the vectors, which are then in buffer[caller]; HB_PROBE_FAILS. */
uint64_t hb_probe_ask(struct hb_probe *p, int caller, const struct hb_abs *a, uint32_t item);

#endif
