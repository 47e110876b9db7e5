/* hb_plugin.h - the ABI between hb and a card abstraction plugin. The only installed header.
 *
 * A plugin is a shared object that exports one function, HB_PLUGIN_SYMBOL, of type hb_plugin_entry.
 * It returns a constant table of functions. hb creates an instance per street, asks it for the
 * bucket of every canonical hand, writes the answers into a bucket file and destroys it: a plugin
 * never runs while training. There are two kinds:
 *   direct   hand -> bucket
 *   feature  hand -> vector of whole numbers; hb clusters the vectors (k-means) into buckets
 *
 *   direct   create(host, shape, args) ─▶ buckets(street), bucket(street, hand) … ─▶ destroy()
 *   feature  create(host, shape, args) ─▶ features(street), vectors(street, board) … ─▶ destroy()
 *
 * Rules. Structs that cross begin with their size, grow at the end and never change otherwise: test
 * a member with HB_HAS before the first use. A plugin never exits, writes to descriptors 0 to 2,
 * touches signals or the locale, or starts threads; equal arguments give equal buckets, always.
 * Thread words: [main] called by one thread, no other call in progress; [any] by several at once, or
 * in processes that were forked after create(), each with a copy of the instance of its own: what one
 * of them remembers the others do not see.
 * hb_plugin(3) is the manual page. */
#ifndef HB_PLUGIN_H
#define HB_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HB_ABI_MAJOR     1u
#define HB_ABI_MINOR     2u
#define HB_PLUGIN_SYMBOL "hb_abstraction_v1" /* a new major is a new symbol */

/* The struct at p is long enough to hold .f, and .f is set. */
#define HB_HAS(p, f) ((p)->size >= offsetof(__typeof__(*(p)), f) + sizeof((p)->f) && (p)->f)

#define HB_LOG_DEBUG   0
#define HB_LOG_INFO    1
#define HB_LOG_WARNING 2

/* Buckets of later streets, hb_host.buckets: those streets are built first, and what this plugin makes
 * of its arguments depends on theirs. */
#define HB_WANTS_BUCKETS 1u

/* A card is rank*4+suit: rank 0 = deuce … 12 = ace; suit 0 c, 1 d, 2 h, 3 s. A street is 0..3, a
 * hand the dense index of (own cards, board) up to renaming of suits, the board as one set. */

/* The deck and what the instance is for. */
struct hb_shape {
    uint32_t size;
    uint8_t n_ranks;    /* 1..13, the highest of the full deck */
    uint8_t n_suits;    /* 1..4, the last of the full deck */
    uint8_t n_hole;     /* own cards, 1..2 */
    uint8_t n_streets;  /* 1..4 */
    uint8_t n_board[4]; /* board cards in all on each street, 0..5 */
    uint32_t streets;   /* bit s: the instance will be asked about street s, and no other */
};

/* The vectors of a feature plugin on a street. */
struct hb_features {
    uint32_t size;
    uint32_t n;          /* numbers of a vector, 1..1024; 1..8192 for "ground" */
    uint32_t item_bytes; /* of a number: 1, 2 or 4, for uint8_t, uint16_t or uint32_t */
    /* "emd": the numbers are a histogram with the bins in a row and equal totals; earth mover's
     * distance, the L1 distance of cumulative histograms. "l2": squared Euclidean distance.
     * "ground": a histogram with equal totals, earth mover's distance, nearly, when moving a count
     * from bin to bin costs what `ground` says. */
    const char *distance;
    /* ---- since 1.2, for "ground" ---- */
    /* [n][n] symmetric, 0 from a bin to itself, below 2^31. Bins should be numbered along the main
     * direction of these costs, such as from weak to strong. */
    const uint32_t *ground;
    uint32_t entries; /* most numbers of a vector that are not 0, which saves memory; 0 means n */
    /* ---- append below, never reorder or remove ---- */
};

/* A label of each canonical hand of a street. */
struct hb_plugin_labels {
    const void *label;    /* [count(street)], each < n */
    uint32_t label_bytes; /* 1 or 2, for uint8_t or uint16_t */
    uint32_t n;
};

/* The buckets of a street. */
struct hb_plugin_buckets {
    uint32_t size;
    struct hb_plugin_labels labels; /* bucket of each hand, from weak to strong */
    /* [n][n] how far the buckets are from each other: symmetric, 0 from a bucket to itself, below
     * 2^31. For "emd" and "ground" in the unit of that distance, scaled; for "l2" its root. */
    const uint32_t *distance;
    /* ---- append below, never reorder or remove ---- */
};

/* What hb does for a plugin. Owned by hb, valid until destroy() has returned. */
struct hb_host {
    uint32_t size, abi_major;
    void *ctx; /* first argument of every call */

    /* [any] One line for the user, without a newline; level is HB_LOG_*. */
    void (*log)(void *ctx, int level, const char *msg);
    /* [any] Canonical hands on a street: hands are 0 .. count-1. */
    uint64_t (*count)(void *ctx, int street);
    /* [any] A representative of the hand: own cards, then n_board[street] board cards. */
    void (*cards)(void *ctx, int street, uint64_t hand, uint8_t *out);
    /* [any] Strength of 1 to 7 distinct cards; higher wins, equal ties. */
    uint32_t (*strength)(void *ctx, const uint8_t *cards, int n);
    /* [any] Exact P(win) + P(tie)/2 of one hand against a uniform hand and board to come. Before
     * the flop this may take seconds a hand; hand_strength gives all of a street at once. */
    double (*equity)(void *ctx, int street, uint64_t hand);
    /* [main, create only; may take seconds at the first call for a street] Exact expectation, over
     * the boards to come, of HS^power of the hands [first, first+n) into out[n]: HS is the equity
     * on the final board. power 1 or 2. Returns 0, or -1 (out of memory, bad arguments; then
     * create should fail). */
    int (*hand_strength)(void *ctx, int street, int power, uint64_t first, uint64_t n, double *out);
    /* [any] How many of the deck's hands each of [first, first+n) stands for, into out[n]. */
    void (*weights)(void *ctx, int street, uint64_t first, uint64_t n, uint32_t *out);
    /* [main; any after the first call] The same for hands with rounds apart (see "rounds/1").
     * count_rounds returns 0 when the index cannot be had. */
    uint64_t (*count_rounds)(void *ctx, int street);
    void (*cards_rounds)(void *ctx, int street, uint64_t hand, uint8_t *out);
    void (*weights_rounds)(void *ctx, int street, uint64_t first, uint64_t n, uint32_t *out);

    /* ---- since 1.1: whole boards. Canonical boards of a street are 0 .. boards-1 (before the flop
     * there is one, without cards); the hands of a board are adjacent. ---- */
    /* [any] */
    uint32_t (*boards)(void *ctx, int street);
    /* [any] The cards of a board into cards[n_board[street]], its hands into *n_hands; returns the
     * first of them. */
    uint64_t (*board)(void *ctx, int street, uint32_t board, uint8_t *cards, uint32_t *n_hands);
    /* [any] On a board of the last street: 2 * wins + ties of each hand against all others, into
     * out[n_hands]. Returns the score of a hand that always wins, 2 * opponents (1,980 in hold'em),
     * or 0 when it fails. */
    uint32_t (*scores)(void *ctx, uint32_t board, uint16_t *out);
    /* [any] Run-outs of a hand from a street to another, the cards to come as one set. */
    uint64_t (*run_outs)(void *ctx, int street, int to);
    /* [any] For each hand of a board: how many run-outs to street `to` lead to hands of each label.
     *   labels  of the hands of `to`
     *   out     [n_hands][labels->n] items of out_bytes (1, 2 or 4; all run-outs must fit)
     * Returns 0, or -1 for arguments out of range. */
    int (*tally)(void *ctx, int street, uint32_t board, int to,
                 const struct hb_plugin_labels *labels, void *out, uint32_t out_bytes);
    /* [any] On a board of the last street: the score of each hand against the opponent hands of each
     * cluster, 2 * wins + ties, and how many opponents these are.
     *   cluster    [count(0)] of the starting hands, < n_clusters <= 8; the first street must have
     *              no board
     *   score, opponents  [n_hands][n_clusters]
     * Returns 0, or -1 for arguments out of range. */
    int (*versus)(void *ctx, uint32_t board, const uint8_t *cluster, uint32_t n_clusters,
                  uint16_t *score, uint16_t *opponents);
    /* [main] Cluster n vectors as hb does with those of a feature plugin, with its default options:
     * label[i] < the number returned, <= k; 0 when it fails. Equal vectors get equal labels.
     *   vector  [n][features->n]
     *   weight  [n], each > 0, below 2^32 together */
    uint32_t (*cluster)(void *ctx, const struct hb_features *features, const void *vector,
                        const uint32_t *weight, uint64_t n, uint32_t k, uint64_t seed,
                        uint32_t *label);

    /* ---- since 1.2 ---- */
    /* [main] The buckets that a later street has got, for plugins that say HB_WANTS_BUCKETS. NULL when
     * it has none in this run, or none with distances between them, being those of a direct plugin or
     * more than 8,192 (then create should fail). */
    const struct hb_plugin_buckets *(*buckets)(void *ctx, int street);
    /* ---- append below, never reorder or remove ---- */
};

struct hb_abs; /* an instance; defined by the plugin */

struct hb_abstraction {
    uint32_t size, abi_major;  /* first 8 bytes: frozen for ever */
    uint32_t abi_minor, flags; /* informative; must be 0 */
    const char *id, *version;  /* "org.example.ehs2" (< 128 bytes), "1.4" (< 32); printable ASCII */

    /* [main] An instance, or NULL and a message (lower case, no full stop) in errbuf, terminated.
     * args: "key=value,..." or "", without those of hb's clustering for a feature plugin. host and
     * its calls stay valid, shape and args do not. Look at the arguments first: before a build hb calls
     * this for every street, with a host whose hand_strength, scores, tally, versus, cluster and buckets
     * fail, to hear of wrong ones at once. An instance that asked for one of these is destroyed and made
     * again when it is due. */
    struct hb_abs *(*create)(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap);
    /* [main] NULL allowed. */
    void (*destroy)(struct hb_abs *a);
    /* Direct plugins; a feature plugin leaves both NULL. */
    /* [main, after create] Buckets on a street; constant per instance, > 0. */
    uint32_t (*buckets)(const struct hb_abs *a, int street);
    /* [any] The bucket of a canonical hand, < buckets(street). Deterministic; no allocation, I/O or
     * locks. */
    uint32_t (*bucket)(const struct hb_abs *a, int street, uint64_t hand);

    /* ---- optional; test with HB_HAS ---- */
    /* [any] out[i] = bucket(street, hand[i]), i < n. */
    void (*bucket_n)(const struct hb_abs *a, int street, const uint64_t *hand, uint32_t *out,
                     size_t n);
    /* [main] A constant that describes the instance further, or NULL; id is "name/1". Known today:
     * "rounds/1" and "identity/1", both a struct hb_ext_streets. */
    const void *(*get_extension)(const struct hb_abs *a, const char *id);

    /* ---- since 1.1: both set in a feature plugin ---- */
    /* [main, after create] What the vectors of a street are; constant per instance, not NULL. */
    const struct hb_features *(*features)(const struct hb_abs *a, int street);
    /* [any] The vectors of all hands of a canonical board into out[n_hands][n]; all bytes must be
     * written. Deterministic; no I/O. Returns 0, or -1 when it fails (out of memory). */
    int (*vectors)(const struct hb_abs *a, int street, uint32_t board, void *out);

    /* ---- since 1.2 ---- */
    uint32_t wants; /* HB_WANTS_*: what hb must prepare before create */
    /* [main, without an instance; optional] What features() of an instance with these arguments is
     * going to say, as far as it is known before the work, for plans of memory and time: size, n,
     * item_bytes, distance and entries; ground is not looked at. Quick. Returns 0, or -1 when the
     * arguments are refused or nothing can be said. */
    int (*describe)(const struct hb_host *host, const struct hb_shape *shape, const char *args,
                    struct hb_features *out);
    /* ---- append below, never reorder or remove ---- */
};

/* "rounds/1": on these streets `hand` counts the cards of each round apart (perfect recall).
 * "identity/1": on these streets bucket(hand) == hand for all hands, so nothing needs storing. */
struct hb_ext_streets {
    uint32_t size;
    uint32_t streets; /* bit s: street s */
};

typedef const struct hb_abstraction *(*hb_plugin_entry)(void);
/* What HB_PLUGIN_SYMBOL names: the one function a plugin exports. */
__attribute__((visibility("default"))) const struct hb_abstraction *hb_abstraction_v1(void);

#ifdef __cplusplus
}
#endif

#endif
