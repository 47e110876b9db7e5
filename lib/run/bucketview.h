/* bucketview.h - a bucket to look at: some of its hands, their histograms of equities and their mean;
 * or all starting hands with their buckets. run.
 *
 *   hb_bucketview_new -> hb_bucketview_text | _json | _svg
 *
 * Threads: one at a time. */
#ifndef HB_RUN_BUCKETVIEW_H
#define HB_RUN_BUCKETVIEW_H

#include <stdbool.h>

#include "abstraction/buckets.h"
#include "abstraction/quality.h"
#include "base/bytes.h"

#define HB_BUCKETVIEW_SAMPLES 1000u /* at most */

/* A hand of the bucket. Histograms are shares of run-outs whose equity lies in a bin, see quality.h. */
struct hb_bucketview_hand {
    uint64_t hand;                  /* canonical index */
    char text[2 * HB_HAND_MAX + 2]; /* "AhKh/QsJs2d" */
    double equity;                  /* E[HS] */
    double histogram[HB_QUALITY_BINS];
};

struct hb_bucketview {
    const struct hb_buckets *b;
    int street;
    uint32_t bucket;
    uint64_t n_hands;                /* canonical ones */
    double share;                    /* of all hands */
    double equity, deviation;        /* mean and standard deviation of E[HS] in the bucket */
    double mean[HB_QUALITY_BINS];    /* histogram */
    struct hb_bucketview_hand *hand; /* [n], strongest first; owned */
    uint32_t n;
};

/* Choose hands of a bucket and measure all of it; free with hb_bucketview_fini. Keeps b.
 *   samples  hands wanted, 1..HB_BUCKETVIEW_SAMPLES: drawn as often as they are dealt, each once, so
 *            that there may be fewer; all when the bucket has no more
 *   seed     of the choice: the same hands every time
 *   tell     called now and then with the share that is done; may be NULL
 * Errors: HB_EUSAGE (no such bucket, rounds kept apart); HB_ENOMEM.
 * Cost: that of the histograms of a street, see hb-bucket(1). */
int hb_bucketview_new(const struct hb_buckets *b, int street, uint32_t bucket, uint32_t samples,
                      uint64_t seed, void (*tell)(void *ctx, double done), void *ctx,
                      struct hb_bucketview *out, struct hb_err *e) HB_MUSTUSE;
void hb_bucketview_fini(struct hb_bucketview *v);

/* Bars of characters, 80 columns. */
void hb_bucketview_text(const struct hb_bucketview *v, struct hb_buf *out);
/* One object without a newline. */
void hb_bucketview_json(const struct hb_bucketview *v, struct hb_buf *out);
/* A picture: the mean, and a small one of each hand over it. */
void hb_bucketview_svg(const struct hb_bucketview *v, struct hb_buf *out);

/* ---- starting hands ---- */

#define HB_STARTING_NONE UINT32_MAX

/* The starting hands of a deck with two own cards and no board on the first street, as a square:
 * suited ones above the diagonal, highest rank first. */
struct hb_starting {
    const struct hb_buckets *b;
    uint32_t only;                       /* show this bucket alone, HB_STARTING_NONE: all */
    uint32_t n;                          /* ranks */
    uint32_t bucket[HB_RANKS][HB_RANKS]; /* HB_STARTING_NONE where the deck has no such hand */
};

/* Errors: HB_EUSAGE when there are none to show, or no bucket `only`. */
int hb_starting_init(const struct hb_buckets *b, uint32_t only, struct hb_starting *out,
                     struct hb_err *e) HB_MUSTUSE;
void hb_starting_text(const struct hb_starting *g, struct hb_buf *out);
void hb_starting_json(const struct hb_starting *g, struct hb_buf *out);
void hb_starting_svg(const struct hb_starting *g, struct hb_buf *out);
/* "AKs" into out[4]: a deck has the highest ranks, so the name is the place's. */
void hb_starting_name(uint32_t row, uint32_t column, char out[4]);

#endif
