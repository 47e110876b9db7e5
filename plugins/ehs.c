/* ehs - percentile buckets of expected hand strength.
 * Arguments: "k=N" buckets, or "k=N,power=2" for E[HS^2] instead of E[HS].
 *
 * Hands are ordered by their exact strength and cut into k groups of equal weight: the hands with
 * one strength go whole into the group that the middle of their weight falls into, so that equal
 * hands are never told apart; groups nobody falls into are closed up. Bucket 0 is the weakest.
 *
 * Strengths take few values (1,981 on a hold'em river): they are collected in a hash table with
 * their weights, and only the table is sorted.
 * Source: Johanson, "Robust Strategies and Counter-Strategies", MSc thesis, 2007, section 2.5. */
#include "hb_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 8192u     /* hands asked for at once */
#define K_MAX 16777216u /* 2 * k * (weight of all hands) fits 64 bits */

struct value { /* a strength that occurs; weight 0 is an empty slot */
    double strength;
    uint64_t weight; /* of the hands that have it */
    uint32_t bucket;
};

struct values {
    struct value *slot; /* open addressing; at most a quarter is taken */
    size_t n_slots, n_taken;
    int shift; /* n_slots = 2^(64 - shift) */
};

struct street {
    uint64_t n_hands;
    uint32_t n_buckets;
    uint16_t *narrow; /* bucket of each hand; one of the two */
    uint32_t *wide;
};

struct hb_abs {
    struct street street[4];
};

/* ---- values ---- */

static size_t slot_of(const struct values *v, double strength)
{
    uint64_t bits;
    size_t at;

    memcpy(&bits, &strength, sizeof bits);
    bits *= 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio: Fibonacci hashing */
    at = (size_t)(bits >> v->shift);
    while (v->slot[at].weight != 0 &&
           (v->slot[at].strength < strength || v->slot[at].strength > strength))
        at = (at + 1) & (v->n_slots - 1);
    return at;
}

static bool grow(struct values *v)
{
    struct values wider = {NULL, 0, v->n_taken, v->n_slots > 0 ? v->shift - 1 : 64 - 12};

    wider.n_slots = (size_t)1 << (64 - wider.shift);
    wider.slot = calloc(wider.n_slots, sizeof *wider.slot);
    if (wider.slot == NULL)
        return false;
    for (size_t i = 0; i < v->n_slots; i++)
        if (v->slot[i].weight != 0)
            wider.slot[slot_of(&wider, v->slot[i].strength)] = v->slot[i];
    free(v->slot);
    *v = wider;
    return true;
}

static bool add(struct values *v, double strength, uint32_t weight)
{
    size_t at;

    if (4 * v->n_taken >= v->n_slots && !grow(v))
        return false;
    at = slot_of(v, strength);
    if (v->slot[at].weight == 0) {
        v->slot[at].strength = strength;
        v->n_taken++;
    }
    v->slot[at].weight += weight;
    return true;
}

static int by_strength(const void *a, const void *b)
{
    const struct value *const *x = a;
    const struct value *const *y = b;

    return ((*x)->strength > (*y)->strength) - ((*x)->strength < (*y)->strength);
}

/* Give every value its bucket; *n_buckets gets how many there are. */
static bool cut(struct values *v, uint32_t k, uint32_t *n_buckets)
{
    struct value **order = malloc(v->n_taken * sizeof(struct value *));
    uint64_t total = 0;
    uint64_t before = 0;
    uint64_t last = 0; /* group of the value before */
    size_t n = 0;

    if (order == NULL)
        return false;
    for (size_t i = 0; i < v->n_slots; i++)
        if (v->slot[i].weight != 0) {
            order[n++] = &v->slot[i];
            total += v->slot[i].weight;
        }
    qsort(order, n, sizeof(struct value *), by_strength);
    *n_buckets = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t group = k * (2 * before + order[i]->weight) / (2 * total);

        if (i == 0 || group != last)
            ++*n_buckets;
        last = group;
        order[i]->bucket = *n_buckets - 1;
        before += order[i]->weight;
    }
    free(order);
    return true;
}

/* ---- a street ---- */

enum pass { COLLECT, ASSIGN };

/* Go over all hands of a street, to collect their strengths or to look their buckets up. */
static bool sweep(const struct hb_host *host, int street, int power, struct street *st,
                  struct values *v, enum pass pass)
{
    double strength[CHUNK];
    uint32_t weight[CHUNK];

    for (uint64_t first = 0; first < st->n_hands; first += CHUNK) {
        uint64_t n = st->n_hands - first < CHUNK ? st->n_hands - first : CHUNK;

        if (host->hand_strength(host->ctx, street, power, first, n, strength) != 0)
            return false;
        if (pass == COLLECT)
            host->weights(host->ctx, street, first, n, weight);
        for (uint64_t i = 0; i < n; i++) {
            if (pass == COLLECT && !add(v, strength[i], weight[i]))
                return false;
            if (pass == ASSIGN && st->narrow != NULL)
                st->narrow[first + i] = (uint16_t)v->slot[slot_of(v, strength[i])].bucket;
            if (pass == ASSIGN && st->wide != NULL)
                st->wide[first + i] = v->slot[slot_of(v, strength[i])].bucket;
        }
    }
    return true;
}

static bool build_street(const struct hb_host *host, int street, uint32_t k, int power,
                         struct street *st)
{
    struct values v = {NULL, 0, 0, 64};
    bool ok = false;

    st->n_hands = host->count(host->ctx, street);
    if (st->n_hands == 0 || !sweep(host, street, power, st, &v, COLLECT) ||
        !cut(&v, k, &st->n_buckets))
        goto out;
    if (st->n_buckets <= UINT16_MAX)
        st->narrow = malloc((size_t)st->n_hands * sizeof *st->narrow);
    else
        st->wide = malloc((size_t)st->n_hands * sizeof *st->wide);
    if (st->narrow == NULL && st->wide == NULL)
        goto out;
    ok = sweep(host, street, power, st, &v, ASSIGN);
out:
    free(v.slot);
    return ok;
}

/* ---- arguments ---- */

/* A whole number from 1 to max at *at, which moves past it. */
static bool number(const char **at, unsigned long max, unsigned long *out)
{
    char *end = NULL;

    if (**at < '1' || **at > '9')
        return false;
    *out = strtoul(*at, &end, 10);
    *at = end;
    return *out <= max;
}

/* "k=N" and "power=N" in any order, each at most once, k always. */
static bool parse(const char *args, uint32_t *k, int *power)
{
    unsigned long n_buckets = 0;
    unsigned long exponent = 0;
    const char *at = args;

    for (;;) {
        if (strncmp(at, "k=", 2) == 0 && n_buckets == 0) {
            at += 2;
            if (!number(&at, K_MAX, &n_buckets))
                return false;
        } else if (strncmp(at, "power=", 6) == 0 && exponent == 0) {
            at += 6;
            if (!number(&at, 2, &exponent))
                return false;
        } else {
            return false;
        }
        if (*at == '\0')
            break;
        if (*at++ != ',')
            return false;
    }
    *k = (uint32_t)n_buckets;
    *power = exponent == 0 ? 1 : (int)exponent;
    return n_buckets > 0;
}

/* ---- the plugin ---- */

static void destroy(struct hb_abs *a)
{
    if (a == NULL)
        return;
    for (int s = 0; s < 4; s++) {
        free(a->street[s].narrow);
        free(a->street[s].wide);
    }
    free(a);
}

static struct hb_abs *create(const struct hb_host *host, const struct hb_shape *shape,
                             const char *args, char *errbuf, size_t errcap)
{
    struct hb_abs *a;
    uint32_t k;
    int power;

    if (!parse(args, &k, &power)) {
        (void)snprintf(errbuf, errcap,
                       "arguments are 'k=N' (1 to %u) and perhaps 'power=1' or 'power=2', not '%s'",
                       K_MAX, args);
        return NULL;
    }
    if (!HB_HAS(host, hand_strength) || !HB_HAS(host, weights)) {
        (void)snprintf(errbuf, errcap, "this hb computes no hand strengths");
        return NULL;
    }
    if ((a = calloc(1, sizeof *a)) == NULL) {
        (void)snprintf(errbuf, errcap, "out of memory");
        return NULL;
    }
    for (int s = 0; s < shape->n_streets; s++)
        if ((shape->streets >> s & 1) != 0 && !build_street(host, s, k, power, &a->street[s])) {
            (void)snprintf(errbuf, errcap, "out of memory for street %d", s);
            destroy(a);
            return NULL;
        }
    return a;
}

static uint32_t buckets(const struct hb_abs *a, int street)
{
    return a->street[street].n_buckets;
}

static uint32_t bucket(const struct hb_abs *a, int street, uint64_t hand)
{
    const struct street *st = &a->street[street];

    return st->narrow != NULL ? st->narrow[hand] : st->wide[hand];
}

static void bucket_n(const struct hb_abs *a, int street, const uint64_t *hand, uint32_t *out,
                     size_t n)
{
    const struct street *st = &a->street[street];

    if (st->narrow != NULL)
        for (size_t i = 0; i < n; i++)
            out[i] = st->narrow[hand[i]];
    else
        for (size_t i = 0; i < n; i++)
            out[i] = st->wide[hand[i]];
}

static const struct hb_abstraction table = {
    .size = sizeof table,
    .abi_major = HB_ABI_MAJOR,
    .abi_minor = HB_ABI_MINOR,
    .id = "hb.ehs",
    .version = "1.0",
    .create = create,
    .destroy = destroy,
    .buckets = buckets,
    .bucket = bucket,
    .bucket_n = bucket_n,
};

const struct hb_abstraction *hb_abstraction_v1(void)
{
    return &table;
}
