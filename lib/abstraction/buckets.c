#define _XOPEN_SOURCE 700 /* realpath */

#include "abstraction/buckets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abstraction/hba.h"
#include "abstraction/weights.h"
#include "base/mem.h"
#include "store/container.h"

void hb_buckets_fini(struct hb_buckets *b)
{
    hb_creader_free(b->file);
    for (int i = 0; i < 2; i++)
        hb_iso_free(b->iso[i]);
    memset(b, 0, sizeof *b);
}

static int need_iso(struct hb_buckets *b, enum hb_iso_sense sense, struct hb_err *e)
{
    return b->iso[sense] != NULL ? HB_OK : hb_iso_new(&b->deck, sense, &b->iso[sense], e);
}

/* ---- without a file ---- */

static int lossless_street(struct hb_buckets *b, int street, struct hb_err *e)
{
    struct hb_buckets_street *st = &b->street[street];
    uint64_t n = hb_iso_size(b->iso[HB_ISO_SET], street);

    if (n > UINT32_MAX)
        return hb_fail(e, HB_ELIMIT, "%s has %llu hands, too many for a bucket each",
                       hb_street_name(street), (unsigned long long)n);
    st->kind = HB_BUCKETS_IDENTITY;
    st->sense = HB_ISO_SET;
    st->n_buckets = (uint32_t)n;
    st->n_hands = n;
    st->hottest = hb_weights_largest(b->iso[HB_ISO_SET], HB_ISO_SET, street);
    st->total = hb_weights_total(&b->deck, HB_ISO_SET, street);
    (void)snprintf(st->plugin, sizeof st->plugin, "hb.lossless"); /* fits */
    (void)snprintf(st->version, sizeof st->version, "1.0");       /* fits */
    return HB_OK;
}

int hb_buckets_lossless(const struct hb_deck *deck, const bool need[HB_STREETS],
                        struct hb_buckets *out, struct hb_err *e)
{
    struct hb_buckets b = {.deck = *deck};
    struct hb_hba_maps maps = {0};
    int rc = need_iso(&b, HB_ISO_SET, e);

    for (int s = 0; rc == HB_OK && s < deck->n_streets; s++)
        if (need[s])
            rc = lossless_street(&b, s, e);
    if (rc != HB_OK) {
        hb_buckets_fini(&b);
        return rc;
    }
    hb_hba_content(&b, &maps, &b.content);
    *out = b;
    return HB_OK;
}

/* ---- a file ---- */

static int read_meta(struct hb_buckets *b, struct hb_hba_maps *maps, struct hb_err *e)
{
    struct hb_section section;
    uint8_t *raw = NULL;
    int rc;

    if ((rc = hb_creader_section(b->file, "meta", &section, e)) != HB_OK)
        return rc;
    if (section.raw_bytes > HB_HBA_META_MAX)
        return hb_fail(e, HB_EFORMAT, "section 'meta' has %llu bytes, at most %u are possible",
                       (unsigned long long)section.raw_bytes, HB_HBA_META_MAX);
    if ((rc = hb_mem_new(&raw, 1, HB_HBA_META_MAX, "section 'meta'", e)) != HB_OK)
        return rc;
    rc = hb_creader_read(b->file, &section, 0, raw, (size_t)section.raw_bytes, e);
    if (rc == HB_OK)
        rc = hb_hba_decode(raw, (size_t)section.raw_bytes, b, maps, e);
    hb_mem_free(raw);
    return rc;
}

uint32_t hb_buckets_largest(const struct hb_buckets_street *st)
{
    uint32_t largest = 0;

    for (uint64_t i = 0; i < st->n_hands; i++) {
        uint32_t bucket = hb_buckets_in(st, i);

        largest = bucket > largest ? bucket : largest;
    }
    return largest;
}

/* Every bucket below n_buckets, and the hash the one that meta promised. */
static int check_map(const struct hb_buckets_street *st, int street, const struct hb_hash *promised,
                     struct hb_err *e)
{
    struct hb_hash hash;
    uint32_t largest = hb_buckets_largest(st);

    if (largest >= st->n_buckets)
        return hb_fail(e, HB_EFORMAT, "%s: bucket %u, but there are only %u",
                       hb_street_name(street), (unsigned)largest, (unsigned)st->n_buckets);
    hb_hash_of(st->map, (size_t)st->n_hands * hb_hba_width(st->kind), &hash);
    if (!hb_hash_equal(&hash, promised))
        return hb_fail(e, HB_EFORMAT, "%s: hash of the map differs from section 'meta'",
                       hb_street_name(street));
    return HB_OK;
}

/* Map a street's section, whose chunks were verified. `promised` is NULL when the map was, too. */
static int map_street(struct hb_buckets *b, int street, const struct hb_hash *promised,
                      struct hb_err *e)
{
    struct hb_buckets_street *st = &b->street[street];
    struct hb_section section;
    const void *map;
    int rc;

    if (st->kind == HB_BUCKETS_NONE)
        return HB_OK;
    if ((rc = need_iso(b, st->sense, e)) != HB_OK)
        return rc;
    if (hb_iso_size(b->iso[st->sense], street) != st->n_hands)
        return hb_fail(e, HB_EFORMAT, "%s: map over %llu hands, the deck has %llu",
                       hb_street_name(street), (unsigned long long)st->n_hands,
                       (unsigned long long)hb_iso_size(b->iso[st->sense], street));
    if (st->kind == HB_BUCKETS_IDENTITY)
        return HB_OK;
    if ((rc = hb_creader_section(b->file, hb_hba_section(street), &section, e)) != HB_OK)
        return rc;
    if (section.raw_bytes != st->n_hands * hb_hba_width(st->kind))
        return hb_fail(e, HB_EFORMAT, "section '%s' has %llu bytes for %llu hands", section.name,
                       (unsigned long long)section.raw_bytes, (unsigned long long)st->n_hands);
    if ((rc = hb_creader_map(b->file, &section, true, &map, e)) != HB_OK)
        return rc;
    st->map = map;
    return promised == NULL ? HB_OK : check_map(st, street, promised, e);
}

static int open_file(const char *path, const struct hb_hash *verified_root, struct hb_buckets *b,
                     struct hb_err *e)
{
    struct hb_hba_maps maps = {0};
    char *real;
    int rc;

    if ((rc = hb_creader_open(path, HB_HBA_MAGIC, &b->file, e)) != HB_OK)
        return rc;
    hb_creader_root(b->file, &b->root);
    if (verified_root != NULL && !hb_hash_equal(&b->root, verified_root)) {
        char have[HB_HASH_HEX];
        char want[HB_HASH_HEX];

        hb_hash_hex(&b->root, have);
        hb_hash_hex(verified_root, want);
        return hb_fail(e, HB_EIDENTITY, "root hash is %.16s…, expected %.16s…", have, want);
    }
    if (verified_root == NULL && (rc = hb_creader_verify(b->file, NULL, e)) != HB_OK)
        return rc;
    if ((rc = read_meta(b, &maps, e)) != HB_OK)
        return rc;
    for (int s = 0; s < HB_STREETS; s++)
        if ((rc = map_street(b, s, verified_root == NULL ? &maps.hash[s] : NULL, e)) != HB_OK)
            return rc;
    if ((real = realpath(path, NULL)) == NULL)
        return hb_fail_sys(e, HB_ENOINPUT, "cannot resolve the path");
    rc = strlen(real) < sizeof b->path ? HB_OK : HB_ELIMIT;
    if (rc == HB_OK)
        memcpy(b->path, real, strlen(real) + 1);
    free(real); /* realpath's, not ours */
    return rc == HB_OK ? HB_OK : hb_fail(e, rc, "its absolute path is too long");
}

int hb_buckets_open(const char *path, const struct hb_hash *verified_root, struct hb_buckets *out,
                    struct hb_err *e)
{
    struct hb_buckets b = {0};
    int rc = open_file(path, verified_root, &b, e);

    if (rc != HB_OK) {
        hb_buckets_fini(&b);
        return hb_context_name(e, rc, "bucket file", path);
    }
    *out = b;
    return HB_OK;
}

/* ---- use ---- */

static bool same_deck(const struct hb_deck *a, const struct hb_deck *b)
{
    if (a->n_ranks != b->n_ranks || a->n_suits != b->n_suits || a->n_hole != b->n_hole ||
        a->n_streets != b->n_streets)
        return false;
    for (int s = 0; s < a->n_streets; s++)
        if (a->n_board[s] != b->n_board[s])
            return false;
    return true;
}

static void say_deck(const struct hb_deck *d, char *out, size_t cap)
{
    int n =
        snprintf(out, cap, "%d ranks x %d suits, %d own, board", d->n_ranks, d->n_suits, d->n_hole);

    for (int s = 0; s < d->n_streets && n > 0 && (size_t)n < cap; s++)
        n += snprintf(out + n, cap - (size_t)n, "%c%d", s > 0 ? '/' : ' ', d->n_board[s]);
}

int hb_buckets_fit(const struct hb_buckets *b, const struct hb_deck *deck,
                   const bool need[HB_STREETS], struct hb_err *e)
{
    if (!same_deck(&b->deck, deck)) {
        char mine[96];
        char game[96];

        say_deck(&b->deck, mine, sizeof mine);
        say_deck(deck, game, sizeof game);
        return hb_fail(e, HB_EIDENTITY, "buckets '%s' are for %s; the game has %s", b->path, mine,
                       game);
    }
    for (int s = 0; s < deck->n_streets; s++)
        if (need[s] && b->street[s].kind == HB_BUCKETS_NONE)
            return hb_fail(e, HB_EIDENTITY,
                           "buckets '%s' have none on the %s; the game has decisions there",
                           b->path, hb_street_name(s));
    return HB_OK;
}

int hb_buckets_same_deck(const struct hb_buckets *a, const struct hb_buckets *b, struct hb_err *e)
{
    char deck_a[96];
    char deck_b[96];

    if (same_deck(&a->deck, &b->deck))
        return HB_OK;
    say_deck(&a->deck, deck_a, sizeof deck_a);
    say_deck(&b->deck, deck_b, sizeof deck_b);
    return hb_fail(e, HB_EIDENTITY, "these are for different decks: %s, and %s ('%s', '%s')",
                   deck_a, deck_b, a->path, b->path);
}

uint32_t hb_buckets_at(const struct hb_buckets *b, int street, uint64_t hand)
{
    return hb_buckets_in(&b->street[street], hand);
}

uint64_t hb_buckets_hand(const struct hb_buckets *b, int street, const uint8_t *cards)
{
    return hb_iso_index(b->iso[b->street[street].sense], street, cards);
}

uint32_t hb_buckets_of(const struct hb_buckets *b, int street, const uint8_t *cards)
{
    return hb_buckets_at(b, street, hb_buckets_hand(b, street, cards));
}

uint64_t hb_buckets_bytes(const struct hb_buckets *b)
{
    uint64_t bytes = 0;

    for (int s = 0; s < HB_STREETS; s++)
        bytes += b->street[s].n_hands * hb_hba_width(b->street[s].kind);
    return bytes;
}
