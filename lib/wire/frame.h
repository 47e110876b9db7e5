/* frame.h - typed, checksummed frames over pipes, FIFOs and files.                   wire, fds.
 * man/hb-frame.5 has the bytes. 32-byte header, little-endian:
 *
 *   0 magic "HBF1"  4 type u16  6 flags u16  8 length u32  12 job u32  16 seq u32
 *   20 payload XXH3 u64  28 low 32 bits of the XXH3 of bytes 0..27
 *
 * A message is one frame, or several of the same type and job of which all but the last have flag
 * MORE. seq counts 0,1,2… per direction and stream (mod 2^32). EOF between messages is a clean
 * end, anywhere else an error; a bad frame ends the stream. Lengths are compared with a cap before
 * anything is allocated.
 *
 * Threads: an object belongs to one thread. */
#ifndef HB_WIRE_FRAME_H
#define HB_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define HB_FRAME_HEADER 32
#define HB_FRAME_MAX    (1u << 20) /* payload bytes of one frame */
#define HB_MESSAGE_MAX  (1u << 30) /* payload bytes of one message; a reader may accept less */
#define HB_FRAME_MORE   1u         /* flags: the message goes on in the next frame */

/* Append only. */
enum hb_frame_type {
    HB_FRAME_HELLO = 1,
    HB_FRAME_TASK = 2,
    HB_FRAME_DELTA = 3,
    HB_FRAME_COMMIT = 4,
    HB_FRAME_SHUTDOWN = 5,
    HB_FRAME_ERROR = 6
};

struct hb_message {
    uint16_t type; /* enum hb_frame_type; an unknown one is HB_EVERSION */
    uint32_t job;
    const uint8_t *data; /* whole payload, borrowed until the next call on the reader */
    size_t len;
};

/* ---- reading ---- */
struct hb_frame_reader {
    int fd;
    const char *name; /* for messages, borrowed */
    size_t cap;       /* largest message accepted */
    uint32_t next_seq;
    struct hb_buf raw; /* bytes received, not yet consumed (incremental use) */
    size_t raw_used;
    struct hb_buf message; /* payload collected so far */
    bool in_message;
    bool header_checked; /* of the frame at raw_used */
    uint16_t type;
    uint32_t job;
    int broken; /* code of the failure that ended the stream; every later call repeats it */
    struct hb_buf *cuts; /* NULL, or gets the payload length of each frame as u32; borrowed */
};
void hb_frame_reader_init(struct hb_frame_reader *r, int fd, const char *name, size_t cap);
void hb_frame_reader_fini(struct hb_frame_reader *r); /* does not close fd */
/* Block until a whole message is there. HB_OK; HB_EOF; HB_EPROTO (damaged, out of order, cut),
 * HB_ELIMIT, HB_EVERSION (unknown type or flag), HB_EIO, HB_ENOMEM. */
int hb_frame_read(struct hb_frame_reader *r, struct hb_message *m, struct hb_err *e) HB_MUSTUSE;
/* For an event loop: hb_frame_fill does one read(2) (HB_OK, HB_EOF, HB_AGAIN, HB_EIO); then call
 * hb_frame_next until it says HB_AGAIN. At HB_EOF hb_frame_reader_clean tells whether the end was
 * clean. */
int hb_frame_fill(struct hb_frame_reader *r, struct hb_err *e) HB_MUSTUSE;
int hb_frame_next(struct hb_frame_reader *r, struct hb_message *m, struct hb_err *e) HB_MUSTUSE;
bool hb_frame_reader_clean(const struct hb_frame_reader *r);

/* ---- writing ---- */
struct hb_frame_writer {
    int fd;
    const char *name; /* borrowed */
    uint32_t next_seq;
    struct hb_buf buf; /* scratch */
};
void hb_frame_writer_init(struct hb_frame_writer *w, int fd, const char *name);
void hb_frame_writer_fini(struct hb_frame_writer *w);
/* Append a whole message to `out` as frames of at most HB_FRAME_MAX, numbering from *seq. */
void hb_frame_encode(struct hb_buf *out, uint32_t *seq, uint16_t type, uint32_t job,
                     const void *data, size_t len);
/* The same, cut into n_cuts >= 1 frames of these lengths, whose sum is the message's. All but the
 * last are not 0, none is above HB_FRAME_MAX. */
void hb_frame_encode_cuts(struct hb_buf *out, uint32_t *seq, uint16_t type, uint32_t job,
                          const void *data, const uint32_t *cuts, size_t n_cuts);
/* Encode and write it out, blocking. A message of up to 64 KiB leaves in one write(2), a larger one
 * uncopied. Errors: HB_EIO, HB_ENOMEM, HB_ELIMIT above HB_MESSAGE_MAX. After an error the stream is
 * void. */
int hb_frame_write(struct hb_frame_writer *w, uint16_t type, uint32_t job, const void *data,
                   size_t len, struct hb_err *e) HB_MUSTUSE;

#endif
