/* hba.h - the bytes of a bucket file's "meta" section and the content hash. man/hb-hba.5.
 * abstraction, pure; for buckets.c and build.c only.
 *
 * Threads: any. */
#ifndef HB_ABSTRACTION_HBA_H
#define HB_ABSTRACTION_HBA_H

#include "abstraction/buckets.h"
#include "base/bytes.h"

#define HB_HBA_MAGIC    "HBA1"
#define HB_HBA_META_MAX 8192u /* bytes; the longest legal meta section is shorter */

/* What a file says of each street beside struct hb_buckets_street. */
struct hb_hba_maps {
    struct hb_hash hash[HB_STREETS]; /* of the stored map; zero for kinds without one */
};

/* Name of a street's section, "street0".."street3", and of a street, "preflop".."river". */
const char *hb_hba_section(int street);
const char *hb_street_name(int street);
/* The street of that name, or -1. */
int hb_street_parse(const char *name);

/* Bytes a hand takes in a map of that kind: 1, 2, 4; 0 for kinds without a map. */
unsigned hb_hba_width(enum hb_bucket_kind kind);
/* The narrowest kind with a map that can say n_buckets buckets. */
enum hb_bucket_kind hb_hba_kind(uint32_t n_buckets);

/* The deck as in section meta, 8 bytes. */
void hb_hba_put_deck(const struct hb_deck *deck, struct hb_buf *out);

/* The content hash: a function of the deck and the maps alone. */
void hb_hba_content(const struct hb_buckets *b, const struct hb_hba_maps *maps,
                    struct hb_hash *out);

void hb_hba_encode(const struct hb_buckets *b, const struct hb_hba_maps *maps, struct hb_buf *out);
/* Fills deck, streets (map stays NULL) and content. Every field is checked, also against each
 * other. Errors: HB_EFORMAT, HB_EVERSION. */
int hb_hba_decode(const void *p, size_t n, struct hb_buckets *b, struct hb_hba_maps *maps,
                  struct hb_err *e) HB_MUSTUSE;

#endif
