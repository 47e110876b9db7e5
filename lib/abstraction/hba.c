#include "abstraction/hba.h"

#include <string.h>

#include "abstraction/weights.h"

#define META_VERSION  1u
#define DECK_BYTES    8
#define CONTENT_BYTES (16 + HB_HASH_BYTES)

static const char *const sections[HB_STREETS] = {"street0", "street1", "street2", "street3"};
static const char *const streets[HB_STREETS] = {"preflop", "flop", "turn", "river"};

const char *hb_hba_section(int street)
{
    return sections[street];
}

const char *hb_street_name(int street)
{
    return streets[street];
}

int hb_street_parse(const char *name)
{
    for (int s = 0; s < HB_STREETS; s++)
        if (strcmp(name, streets[s]) == 0)
            return s;
    return -1;
}

unsigned hb_hba_width(enum hb_bucket_kind kind)
{
    switch (kind) {
    case HB_BUCKETS_U8: return 1;
    case HB_BUCKETS_U16: return 2;
    case HB_BUCKETS_U32: return 4;
    case HB_BUCKETS_NONE:
    case HB_BUCKETS_IDENTITY: break;
    }
    return 0;
}

enum hb_bucket_kind hb_hba_kind(uint32_t n_buckets)
{
    if (n_buckets <= 0x100)
        return HB_BUCKETS_U8;
    return n_buckets <= 0x10000 ? HB_BUCKETS_U16 : HB_BUCKETS_U32;
}

/* ---- writing ---- */

static void set_deck(const struct hb_deck *deck, uint8_t out[DECK_BYTES])
{
    out[0] = (uint8_t)deck->n_ranks;
    out[1] = (uint8_t)deck->n_suits;
    out[2] = (uint8_t)deck->n_hole;
    out[3] = (uint8_t)deck->n_streets;
    for (int s = 0; s < HB_STREETS; s++)
        out[4 + s] = (uint8_t)(s < deck->n_streets ? deck->n_board[s] : 0);
}

void hb_hba_put_deck(const struct hb_deck *deck, struct hb_buf *out)
{
    uint8_t bytes[DECK_BYTES];

    set_deck(deck, bytes);
    hb_buf_put(out, bytes, sizeof bytes);
}

/* What the content hash knows of a street. */
static void set_content(const struct hb_buckets_street *st, const struct hb_hash *map,
                        uint8_t out[CONTENT_BYTES])
{
    out[0] = (uint8_t)st->kind;
    out[1] = (uint8_t)st->sense;
    hb_set_u16(out + 2, 0);
    hb_set_u32(out + 4, st->n_buckets);
    hb_set_u64(out + 8, st->n_hands);
    memcpy(out + 16, map->b, sizeof map->b);
}

void hb_hba_content(const struct hb_buckets *b, const struct hb_hba_maps *maps, struct hb_hash *out)
{
    static const char domain[] = "hb-buckets";
    struct hb_hasher hasher;
    uint8_t deck[DECK_BYTES];
    uint8_t content[CONTENT_BYTES];

    hb_hasher_init(&hasher);
    hb_hasher_put(&hasher, domain, sizeof domain - 1);
    set_deck(&b->deck, deck);
    hb_hasher_put(&hasher, deck, sizeof deck);
    for (int s = 0; s < HB_STREETS; s++) {
        set_content(&b->street[s], &maps->hash[s], content);
        hb_hasher_put(&hasher, content, sizeof content);
    }
    hb_hasher_done(&hasher, out);
}

void hb_hba_encode(const struct hb_buckets *b, const struct hb_hba_maps *maps, struct hb_buf *out)
{
    uint8_t content[CONTENT_BYTES];

    hb_buf_u32(out, META_VERSION);
    hb_hba_put_deck(&b->deck, out);
    for (int s = 0; s < HB_STREETS; s++) {
        const struct hb_buckets_street *st = &b->street[s];

        set_content(st, &maps->hash[s], content);
        hb_buf_put(out, content, sizeof content);
        hb_buf_u64(out, st->hottest);
        hb_buf_u64(out, st->total);
        hb_buf_str(out, st->plugin);
        hb_buf_str(out, st->version);
        hb_buf_str(out, st->args);
    }
    hb_buf_put(out, b->content.b, sizeof b->content.b);
}

/* ---- reading ---- */

static int get_deck(struct hb_rd *rd, struct hb_deck *deck, struct hb_err *e)
{
    deck->n_ranks = hb_rd_u8(rd);
    deck->n_suits = hb_rd_u8(rd);
    deck->n_hole = hb_rd_u8(rd);
    deck->n_streets = hb_rd_u8(rd);
    for (int s = 0; s < HB_STREETS; s++)
        deck->n_board[s] = hb_rd_u8(rd);
    if (rd->bad)
        return hb_fail(e, HB_EFORMAT, "section 'meta' is cut short");
    if (hb_deck_check(deck, NULL) != HB_OK)
        return hb_fail(e, HB_EFORMAT, "section 'meta' describes an impossible deck");
    for (int s = deck->n_streets; s < HB_STREETS; s++)
        if (deck->n_board[s] != 0)
            return hb_fail(e, HB_EFORMAT, "section 'meta' has a board beyond the last street");
    return HB_OK;
}

static void get_hash(struct hb_rd *rd, struct hb_hash *out)
{
    const uint8_t *at = hb_rd_take(rd, sizeof out->b);

    if (at != NULL)
        memcpy(out->b, at, sizeof out->b);
}

/* A text without a 0 in it, so that writing it again gives the same bytes. */
static void get_text(struct hb_rd *rd, char *out, size_t cap)
{
    const uint8_t *length = rd->p;

    hb_rd_str(rd, out, cap);
    if (!rd->bad && strlen(out) != hb_get_u32(length))
        rd->bad = true;
}

static bool is_zero(const struct hb_hash *h)
{
    static const struct hb_hash zero;

    return hb_hash_equal(h, &zero) != 0;
}

/* Whether the numbers of a street agree with the deck and each other. */
static bool street_fits(const struct hb_deck *deck, int street, const struct hb_buckets_street *st,
                        const struct hb_hash *map)
{
    bool mapped = hb_hba_width(st->kind) > 0;

    if (st->kind == HB_BUCKETS_NONE)
        return st->sense == HB_ISO_SET && st->n_buckets == 0 && st->n_hands == 0 &&
               st->hottest == 0 && st->total == 0 && is_zero(map) && st->plugin[0] == '\0' &&
               st->version[0] == '\0' && st->args[0] == '\0';
    return street < deck->n_streets && st->n_hands > 0 && st->n_buckets > 0 &&
           st->n_buckets <= st->n_hands &&
           (mapped ? st->kind == hb_hba_kind(st->n_buckets)
                   : st->n_buckets == st->n_hands && is_zero(map)) &&
           st->total == hb_weights_total(deck, st->sense, street) && st->hottest > 0 &&
           st->hottest <= st->total;
}

static int get_street(struct hb_rd *rd, const struct hb_deck *deck, int street,
                      struct hb_buckets_street *st, struct hb_hash *map, struct hb_err *e)
{
    uint8_t kind = hb_rd_u8(rd);
    uint8_t sense = hb_rd_u8(rd);
    uint16_t zero = hb_rd_u16(rd);

    st->n_buckets = hb_rd_u32(rd);
    st->n_hands = hb_rd_u64(rd);
    get_hash(rd, map);
    st->hottest = hb_rd_u64(rd);
    st->total = hb_rd_u64(rd);
    get_text(rd, st->plugin, sizeof st->plugin);
    get_text(rd, st->version, sizeof st->version);
    get_text(rd, st->args, sizeof st->args);
    if (rd->bad || kind > HB_BUCKETS_U32 || sense > HB_ISO_ROUNDS || zero != 0)
        return hb_fail(e, HB_EFORMAT, "section 'meta', %s: malformed", hb_street_name(street));
    st->kind = (enum hb_bucket_kind)kind;
    st->sense = (enum hb_iso_sense)sense;
    if (!street_fits(deck, street, st, map))
        return hb_fail(e, HB_EFORMAT, "section 'meta', %s: numbers contradict each other",
                       hb_street_name(street));
    return HB_OK;
}

int hb_hba_decode(const void *p, size_t n, struct hb_buckets *b, struct hb_hba_maps *maps,
                  struct hb_err *e)
{
    struct hb_rd rd = hb_rd_over(p, n);
    uint32_t version = hb_rd_u32(&rd);
    struct hb_hash content;
    int rc;

    if (!rd.bad && version != META_VERSION)
        return hb_fail(e, HB_EVERSION, "bucket format %u, this hb reads %u", (unsigned)version,
                       META_VERSION);
    if ((rc = get_deck(&rd, &b->deck, e)) != HB_OK)
        return rc;
    for (int s = 0; s < HB_STREETS; s++)
        if ((rc = get_street(&rd, &b->deck, s, &b->street[s], &maps->hash[s], e)) != HB_OK)
            return rc;
    get_hash(&rd, &b->content);
    if ((rc = hb_rd_done(&rd, "section 'meta'", e)) != HB_OK)
        return rc;
    hb_hba_content(b, maps, &content);
    if (!hb_hash_equal(&content, &b->content))
        return hb_fail(e, HB_EFORMAT, "section 'meta': content hash differs from the maps'");
    return HB_OK;
}
