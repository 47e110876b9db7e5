/* message.h - what the frames say: HELLO TASK DELTA COMMIT SHUTDOWN ERROR. [wire, pure]
 *
 * man/hb-frame.5 has the bytes. Decoders accept exactly what encoders make; extra bytes are an
 * error.
 *
 * Errors: HB_EFORMAT, HB_EVERSION (another protocol), HB_ELIMIT (iterations), HB_EPROTO (compact
 * records); outputs are then untouched.
 *
 * Threads: any. */
#ifndef HB_WIRE_MESSAGE_H
#define HB_WIRE_MESSAGE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "wire/frame.h"

#define HB_PROTOCOL       1
#define HB_ITERATIONS_MAX (UINT64_C(1) << 48) /* iteration numbers are below, see base/rng.h */

enum hb_role { HB_ROLE_TASKS = 1, HB_ROLE_WORKER = 2, HB_ROLE_MERGE = 3, HB_ROLE_REPLICA = 4 };

struct hb_hello {
    uint8_t role;                        /* enum hb_role of the sender */
    uint16_t protocol_min, protocol_max; /* versions the sender speaks */
    char build[32];                      /* version of the program, for people */
    struct hb_hash game;                 /* hb_rules_hash */
    struct hb_hash abstraction;          /* content hash of the card abstraction */
    struct hb_hash run; /* identity of the whole run: game, tree, abstraction, solver keys, seed */
    uint64_t seed;
};

struct hb_task { /* iterations [first, first+count) on generation `generation` */
    uint64_t generation;
    uint64_t first;
    uint32_t count; /* > 0 */
};

enum hb_delta_kind {
    HB_DELTA_INLINE = 0,
    HB_DELTA_SEGMENT = 1,
    HB_DELTA_PARTS = 2,   /* in a segment, the records of each part of the table by themselves */
    HB_DELTA_COMPACT = 3, /* in the frame, sorted and packed: wire/compact.h */
    HB_DELTA_PART = 4,    /* one part of HB_DELTA_PARTS: what hb-train tells that part's merger */
};
#define HB_DELTA_PARTS_MAX 64
#define HB_DELTA_RATIO     64 /* compact records may stand for so many times their bytes */

struct hb_delta_part {
    uint64_t bytes;
    uint64_t hash; /* XXH3 of its records */
};

struct hb_delta_head {
    struct hb_task task; /* what it answers */
    uint64_t nodes;      /* decision nodes visited */
    uint64_t n_records;
    /* Of the records as they are in memory. Inline: they follow; segment: at [offset,
     * +record_bytes) of it; compact: what they unpack to. */
    uint64_t record_bytes;
    uint8_t kind;        /* enum hb_delta_kind */
    uint64_t body_bytes; /* decoded alone: that follow in the message, 0 with a segment */
    /* HB_DELTA_SEGMENT, HB_DELTA_PARTS and HB_DELTA_PART: */
    char segment[200]; /* path of the segment */
    uint64_t offset;
    uint64_t hash; /* but for HB_DELTA_PARTS: XXH3 of the records */
    uint32_t of;   /* HB_DELTA_PART: which, below n_parts */
    /* HB_DELTA_PARTS: from offset on, one part's records behind the other's; record_bytes together */
    uint32_t n_parts; /* of the table, 2..HB_DELTA_PARTS_MAX; of HB_DELTA_PART too */
    struct hb_delta_part part[HB_DELTA_PARTS_MAX];
};

struct hb_commit {
    uint64_t generation; /* now clean */
    uint64_t iteration;  /* first iteration of the next round */
    uint64_t nodes;      /* decision nodes of the round */
    uint64_t records;    /* records applied in it */
    uint64_t record_bytes;
    uint32_t tasks;      /* results applied */
    uint32_t duplicates; /* results ignored */
};

struct hb_error_message {
    int32_t code; /* enum hb_code */
    char text[HB_ERR_MSG_MAX];
};

void hb_hello_encode(const struct hb_hello *h, struct hb_buf *out);
int hb_hello_decode(struct hb_hello *h, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;
/* HB_OK, or HB_EIDENTITY / HB_EVERSION naming both sides. */
int hb_hello_match(const struct hb_hello *ours, const struct hb_hello *theirs, const char *who,
                   struct hb_err *e) HB_MUSTUSE;
void hb_task_encode(const struct hb_task *t, struct hb_buf *out);
int hb_task_decode(struct hb_task *t, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;
/* The head; inline and compact records are appended by the caller. */
void hb_delta_encode(const struct hb_delta_head *d, struct hb_buf *out);
/* One part of HB_DELTA_PARTS as HB_DELTA_PART; offset: where its records begin. */
void hb_delta_encode_part(const struct hb_delta_head *d, uint32_t part, uint64_t offset,
                          struct hb_buf *out);
/* *body points into p for records in the message, body_bytes of them, else it is NULL. Inline ones
 * are exactly record_bytes; compact ones are not looked at yet, but record_bytes is at most
 * HB_MESSAGE_MAX and HB_DELTA_RATIO times their bytes, so that memory for them can be had: else
 * HB_EPROTO. */
int hb_delta_decode(struct hb_delta_head *d, const uint8_t **body, const void *p, size_t n,
                    struct hb_err *e) HB_MUSTUSE;
void hb_commit_encode(const struct hb_commit *c, struct hb_buf *out);
int hb_commit_decode(struct hb_commit *c, const void *p, size_t n, struct hb_err *e) HB_MUSTUSE;
/* Control characters become '?', the text is cut to fit. */
void hb_error_encode(int code, const char *text, struct hb_buf *out);
int hb_error_decode(struct hb_error_message *m, const void *p, size_t n,
                    struct hb_err *e) HB_MUSTUSE;

#endif
