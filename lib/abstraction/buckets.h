/* buckets.h - the card abstraction in use: (own cards, board) -> bucket on every street.
 * [abstraction]
 *
 * Either a mapped bucket file (.hba) or, for small and limit games, the lossless abstraction that
 * needs no file.
 *
 * Threads: read-only after it was opened; share it freely. */
#ifndef HB_ABSTRACTION_BUCKETS_H
#define HB_ABSTRACTION_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "cards/card.h"
#include "cards/iso.h"

#define HB_PLUGIN_NAME_MAX    128
#define HB_PLUGIN_VERSION_MAX 32
#define HB_PLUGIN_ARGS_MAX    512

enum hb_bucket_kind {
    HB_BUCKETS_NONE = 0,     /* no decision on this street: no buckets, never asked */
    HB_BUCKETS_IDENTITY = 1, /* bucket = canonical index, no map stored */
    HB_BUCKETS_U8 = 2,       /* one byte per canonical hand */
    HB_BUCKETS_U16 = 3,      /* two, little-endian */
    HB_BUCKETS_U32 = 4       /* four, little-endian */
};

struct hb_buckets_street {
    enum hb_bucket_kind kind;
    enum hb_iso_sense sense; /* which canonical index the map is over */
    uint32_t n_buckets;
    uint64_t n_hands;   /* canonical hands */
    const uint8_t *map; /* borrowed from the mapping; NULL for identity */
    /* Weight of the largest bucket and of all hands: the probability that a random hand falls into
     * the hottest bucket is hottest / total. */
    uint64_t hottest, total;
    char plugin[HB_PLUGIN_NAME_MAX]; /* id of the plugin that made it */
    char version[HB_PLUGIN_VERSION_MAX];
    char args[HB_PLUGIN_ARGS_MAX];
};

struct hb_buckets { /* {0} is "nothing open" */
    struct hb_deck deck;
    struct hb_buckets_street street[HB_STREETS];
    struct hb_iso *iso[2]; /* by enum hb_iso_sense; the one no street uses is NULL; owned */
    struct hb_hash
        content;         /* hash of what the maps say: deck, counts, senses, every hand's bucket */
    struct hb_hash root; /* of the file; zero without a file */
    char path[512];      /* absolute path of the file, "" without one */
    struct hb_creader *file; /* owned; NULL without one */
};

/* Lossless on each street for which need[street] is true, else none. No file.
 * Errors: HB_ELIMIT when a street has 2^32 canonical hands or more. */
int hb_buckets_lossless(const struct hb_deck *deck, const bool need[HB_STREETS],
                        struct hb_buckets *out, struct hb_err *e) HB_MUSTUSE;

/* Map a bucket file. Every chunk is verified first unless `verified_root` is given: then only the
 * root hash is compared with it (the caller's parent verified the chunks). Errors: HB_ENOINPUT,
 * HB_EFORMAT, HB_EIDENTITY (root differs). */
int hb_buckets_open(const char *path, const struct hb_hash *verified_root, struct hb_buckets *out,
                    struct hb_err *e) HB_MUSTUSE;
void hb_buckets_fini(struct hb_buckets *b);

/* Whether the file fits the game: same deck and streets, a map wherever need[] says so.
 * Errors: HB_EIDENTITY naming both sides. */
int hb_buckets_fit(const struct hb_buckets *b, const struct hb_deck *deck,
                   const bool need[HB_STREETS], struct hb_err *e) HB_MUSTUSE;

/* Whether two files are for the same deck and streets. Errors: HB_EIDENTITY naming both sides. */
int hb_buckets_same_deck(const struct hb_buckets *a, const struct hb_buckets *b,
                         struct hb_err *e) HB_MUSTUSE;

/* Bucket of a hand: n_hole + n_board[street] cards, own first. The street must have buckets. Cost:
 * one index computation and one load. */
uint32_t hb_buckets_of(const struct hb_buckets *b, int street, const uint8_t *cards);

/* The canonical index of a hand, in the street's sense. */
uint64_t hb_buckets_hand(const struct hb_buckets *b, int street, const uint8_t *cards);

/* The bucket from that index. Cost: one load. */
uint32_t hb_buckets_at(const struct hb_buckets *b, int street, uint64_t hand);

/* The same from a street alone. */
static inline uint32_t hb_buckets_in(const struct hb_buckets_street *st, uint64_t hand)
{
    switch (st->kind) {
    case HB_BUCKETS_U8: return st->map[hand];
    case HB_BUCKETS_U16: return hb_get_u16(st->map + 2 * hand);
    case HB_BUCKETS_U32: return hb_get_u32(st->map + 4 * hand);
    case HB_BUCKETS_IDENTITY:
    case HB_BUCKETS_NONE: break;
    }
    return (uint32_t)hand;
}

/* Ask memory for what hb_buckets_at will read. */
HB_INLINE void hb_buckets_prefetch(const struct hb_buckets_street *st, uint64_t hand)
{
    static const uint8_t shift[] = {
        [HB_BUCKETS_U8] = 0, [HB_BUCKETS_U16] = 1, [HB_BUCKETS_U32] = 2};

    if (st->map != NULL)
        __builtin_prefetch(st->map + (hand << shift[st->kind]));
}

/* The largest bucket that the map of a street says. Cost: a look at all of it. */
uint32_t hb_buckets_largest(const struct hb_buckets_street *st);

/* Bytes of the maps in memory. */
uint64_t hb_buckets_bytes(const struct hb_buckets *b);

#endif
