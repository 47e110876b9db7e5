/* err.h - error codes and the one place where a failure explains itself. [base, pure]
 *
 * Threads: a struct hb_err belongs to its caller; nothing here is shared.
 *
 * Rule: a function that can fail returns an int code and takes a struct hb_err * last. The first
 * failure writes it, callers may prefix with hb_context(); it is untouched on success. NULL is
 * allowed everywhere. */
#ifndef HB_BASE_ERR_H
#define HB_BASE_ERR_H

/* Pinned values: append only. The exit code in brackets is what tools/tool.c maps each one to. */
enum hb_code {
    HB_OK = 0,
    HB_EOF = 1,       /* clean end of input */
    HB_AGAIN = 2,     /* no complete item yet: wait for the descriptor and call again */
    HB_ESYS = -1,     /* a system call failed, errno is in hb_err.sys                       [71] */
    HB_ENOMEM = -2,   /* out of memory                                                      [71] */
    HB_EUSAGE = -3,   /* the caller's arguments are off                                     [64] */
    HB_EPROTO = -4,   /* a peer broke the wire protocol                                     [65] */
    HB_EFORMAT = -5,  /* damaged or malformed data                                          [65] */
    HB_EVERSION = -6, /* made by a version this one cannot read                             [65] */
    HB_ELIMIT = -7,   /* larger than a named limit                                          [65] */
    HB_EPLUGIN = -8,  /* a plugin or needed program does not load or lies                   [69] */
    HB_ENOINPUT = -9, /* an input file does not exist or cannot be opened                   [66] */
    HB_ECONFIG = -10, /* bad configuration                                                  [78] */
    HB_ECREATE = -11, /* an output cannot be created                                        [73] */
    HB_EIO = -12,     /* reading or writing failed: disk full, I/O error, closed pipe       [74] */
    HB_EIDENTITY = -13, /* good data, but of another game, abstraction or seed               [65] */
    HB_EINTERNAL = -14, /* a bug                                                             [70] */
    HB_ESTOPPED = -15 /* stopped on request, resumable                                      [75] */
};

#define HB_ERR_MSG_MAX 400

struct hb_err {
    int rc;  /* enum hb_code of the first failure */
    int sys; /* errno at that time, or 0 */
    char msg[HB_ERR_MSG_MAX];
};

#define HB_MUSTUSE __attribute__((warn_unused_result))

/* Part of the caller wherever it is used. gcc takes a function that only prefetches for one without
 * effect and drops calls of it otherwise. */
#define HB_INLINE       static inline __attribute__((always_inline))
#define HB_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Record a failure and return rc. Messages: lower case, no full stop, what failed then why, the
 * subject in single quotes. e may be NULL. */
int hb_fail(struct hb_err *e, int rc, const char *fmt, ...) HB_PRINTF(3, 4);

/* As hb_fail, and append ": " and the text of errno, which is kept in e->sys. A long message is cut
 * before it: the reason stays. */
int hb_fail_sys(struct hb_err *e, int rc, const char *fmt, ...) HB_PRINTF(3, 4);

/* Prefix an already recorded failure with "<text>: " and return rc. */
int hb_context(struct hb_err *e, int rc, const char *fmt, ...) HB_PRINTF(3, 4);

/* The same with "<what> '<name>': ", unless the message has the quoted name in it already: who
 * cannot read a file says which one, who does not like its content may not know. */
int hb_context_name(struct hb_err *e, int rc, const char *what, const char *name);

#endif
