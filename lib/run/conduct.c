#include "run/conduct.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "abstraction/feature.h"
#include "abstraction/hba.h"
#include "base/mem.h"
#include "base/os.h"
#include "run/probe.h"

#define HANDS_MAX    1326u /* of a board */
#define GUARD_BYTES  64u   /* behind the vectors of a board */
#define GUARD        0xC9
#define BOARDS_LEAST 8u
#define THREADS      (HB_CONDUCT_CALLERS - 1)
#define THREAD_TURNS 3u   /* times each thread asks everything, */
#define THREAD_CALLS 256u /* or calls it makes, if that is more, */
#define THREAD_S     0.25 /* as long as this has not passed; everything once in any case */
#define CYCLES       3    /* of create and destroy between two measurements */
#define MEASURED     4    /* times that these are made */
#define LEAK_BYTES   32   /* a cycle; malloc gives no smaller block, and its books waver by less */
#define CYCLE_ITEMS  16u
#define BATCH        7u         /* odd, so that the last one is short */
#define TOTAL_MAX    (1u << 31) /* of a histogram, see cluster.h */

uint64_t hb_conduct_bytes(uint32_t samples)
{
    return sizeof(struct hb_conduct) + (uint64_t)HB_STREETS * samples * sizeof(uint64_t);
}

/* ---- loading, creating ---- */

/* The arguments without those of the clustering, which may lack their k here. */
static int plugin_args(struct hb_probe *p, struct hb_err *e)
{
    struct hb_cluster_opts opts;
    char longer[HB_PLUGIN_ARGS_MAX + 8];
    struct hb_err why = {0};

    if (!p->feature) {
        (void)snprintf(p->args, sizeof p->args, "%s", p->what->args);
        return HB_OK;
    }
    (void)snprintf(longer, sizeof longer, "k=2%s%s", p->what->args[0] != '\0' ? "," : "",
                   p->what->args);
    if (hb_feature_args(longer, &opts, p->args, sizeof p->args, &why) == HB_OK)
        return HB_OK;
    return hb_feature_args(p->what->args, &opts, p->args, sizeof p->args, e);
}

static bool load(struct hb_probe *p, bool again)
{
    struct hb_err e = {0};
    int rc;

    p->street = -1;
    hb_probe_begin(p, "load", HB_CALL_LOAD);
    hb_probe_enter(p, 0, HB_CALL_LOAD, 0);
    rc = hb_plugin_load(p->what->path, "", &p->plugin, &e);
    hb_probe_leave(p, 0);
    hb_probe_watch(p);
    if (rc == HB_OK) {
        p->feature = HB_HAS(p->plugin.abs, features);
        rc = plugin_args(p, &e);
    }
    if (rc != HB_OK)
        hb_probe_find(p, HB_VERDICT_FAIL, "%s", e.msg);
    else if (!again)
        hb_probe_find(p, HB_VERDICT_PASS, "%s %s, a %s plugin for ABI %u.%u", p->plugin.abs->id,
                      p->plugin.abs->version, p->feature ? "feature" : "direct",
                      (unsigned)p->plugin.abs->abi_major, (unsigned)p->plugin.abs->abi_minor);
    p->c->loaded = rc == HB_OK;
    return rc == HB_OK;
}

/* An instance for the check in progress; NULL after a finding. */
static struct hb_abs *instance(struct hb_probe *p, struct hb_services *services, const char *which)
{
    char why[HB_PROBE_WHY];
    bool sound;
    struct hb_abs *a = hb_probe_create(p, services, p->args, sizeof why, why, &sound);

    if (a == NULL)
        hb_probe_find(p, HB_VERDICT_FAIL, "create refuses %s: %s", which, why);
    return a;
}

/* The first instance, kept for all checks of the street. */
static void check_create(struct hb_probe *p)
{
    const struct hb_err *failure = hb_services_failure(p->services);
    char why[HB_PROBE_WHY];
    bool sound;

    hb_probe_begin(p, "create", HB_CALL_CREATE);
    hb_probe_destroy(p, NULL);
    p->instance = hb_probe_create(p, p->services, p->args, sizeof why, why, &sound);
    p->c->accepted[p->street] = p->instance != NULL;
    if (p->instance != NULL)
        hb_probe_find(p, HB_VERDICT_PASS, "an instance");
    else if (!sound)
        hb_probe_find(p, HB_VERDICT_FAIL, "the message of a refusal has no end");
    else if (failure->rc == HB_ENOMEM)
        hb_probe_find(p, HB_VERDICT_FAIL, "a call of hb's failed: %s", failure->msg);
    else if (why[0] == '\0')
        hb_probe_find(p, HB_VERDICT_FAIL, "refuses without a reason");
    else
        hb_probe_find(p, HB_VERDICT_SKIP, "refuses: %s", why);
}

static void check_arguments(struct hb_probe *p)
{
    static const char *const nonsense[] = {"no-such-argument=1",     "=",      ",,,", "k=", "k=-1",
                                           "k=99999999999999999999", "%s%n%s", "\xff"};
    static const size_t caps[] = {HB_PROBE_WHY - 16, 8, 1};
    char too_long[HB_PLUGIN_ARGS_MAX];
    const int n = (int)(sizeof nonsense / sizeof nonsense[0]);
    int refused = 0;

    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    hb_probe_begin(p, "arguments", HB_CALL_CREATE);
    for (int i = 0; i <= n; i++) {
        char why[HB_PROBE_WHY];
        size_t cap = caps[i % 3];
        bool sound;
        struct hb_abs *a =
            hb_probe_create(p, p->services, i < n ? nonsense[i] : too_long, cap, why, &sound);

        if (a != NULL)
            hb_probe_destroy(p, a);
        refused += a == NULL;
        if (sound && (a != NULL || why[0] != '\0' || cap == 1))
            continue;
        hb_probe_find(p, HB_VERDICT_FAIL, "create(%s, '%.40s') %s", hb_street_name(p->street),
                      i < n ? nonsense[i] : too_long,
                      sound ? "refuses without a reason" : "writes beyond its message's bounds");
        return;
    }
    hb_probe_find(p, HB_VERDICT_PASS, "%d of %d kinds of nonsense refused", refused, n + 1);
}

/* ---- answers: direct ---- */

static uint32_t ask_buckets(struct hb_probe *p)
{
    uint32_t n;

    hb_probe_enter(p, 0, HB_CALL_BUCKETS, 0);
    n = p->plugin.abs->buckets(p->instance, p->street);
    hb_probe_leave(p, 0);
    hb_probe_watch(p);
    return n;
}

/* The index that the plugin counts hands by, and which hands are asked for. */
static int choose_hands(struct hb_probe *p, struct hb_err *e)
{
    enum hb_iso_sense sense = hb_probe_announces(p, "rounds/1") ? HB_ISO_ROUNDS : HB_ISO_SET;
    uint32_t samples = p->what->samples;
    int rc;

    if ((rc = hb_services_iso(p->services, sense, &p->iso, e)) != HB_OK)
        return rc;
    p->n_all = hb_iso_size(p->iso, p->street);
    if (p->feature) {
        uint64_t n_hands = p->n_all;

        p->n_all = hb_iso_boards(p->iso, p->street);
        samples = (uint32_t)((double)samples * (double)p->n_all / (double)n_hands);
        samples = samples < BOARDS_LEAST ? BOARDS_LEAST : samples;
        samples = samples > p->what->samples ? p->what->samples : samples;
    }
    p->n_items = p->n_all < samples ? (uint32_t)p->n_all : samples;
    return HB_OK;
}

static uint64_t *answers(const struct hb_probe *p)
{
    return p->c->answer + (size_t)p->street * p->what->samples;
}

static void check_range(struct hb_probe *p)
{
    uint64_t n_hands = p->n_all;
    bool identity = hb_probe_announces(p, "identity/1");
    uint64_t *first = answers(p);
    struct hb_os_self before;
    struct hb_os_self after;

    p->n_buckets = ask_buckets(p);
    if (p->n_buckets == 0 || p->n_buckets > n_hands) {
        hb_probe_find(p, HB_VERDICT_FAIL, "buckets(%s) is %u for %llu hands",
                      hb_street_name(p->street), (unsigned)p->n_buckets,
                      (unsigned long long)n_hands);
        return;
    }
    hb_os_self(&before);
    for (uint32_t i = 0; i < p->n_items; i++)
        first[i] = hb_probe_ask(p, 0, p->instance, i);
    hb_os_self(&after);
    p->c->answered[p->street] = true;
    hb_probe_watch(p);
    for (uint32_t i = 0; i < p->n_items; i++) {
        unsigned long long hand = hb_probe_number(p, i);

        if (first[i] < p->n_buckets && (!identity || first[i] == hand))
            continue;
        hb_probe_find(p, HB_VERDICT_FAIL, "bucket(%s, %llu) is %llu %s %u%s",
                      hb_street_name(p->street), hand, (unsigned long long)first[i],
                      first[i] < p->n_buckets ? "of" : "but buckets() is", (unsigned)p->n_buckets,
                      first[i] < p->n_buckets ? ", though the identity is announced" : "");
        return;
    }
    if (ask_buckets(p) != p->n_buckets)
        hb_probe_find(p, HB_VERDICT_FAIL, "buckets(%s) was %u and is another number now",
                      hb_street_name(p->street), (unsigned)p->n_buckets);
    else
        hb_probe_find(p, HB_VERDICT_PASS, "%u hands of %llu in %u buckets", (unsigned)p->n_items,
                      (unsigned long long)n_hands, (unsigned)p->n_buckets);
    if (after.heap_bytes > before.heap_bytes)
        hb_probe_find_as(p, "allocation", HB_VERDICT_FAIL,
                         "%u calls of bucket() left %llu bytes on the heap", (unsigned)p->n_items,
                         (unsigned long long)(after.heap_bytes - before.heap_bytes));
    else
        hb_probe_find_as(p, "allocation", before.heap_bytes > 0 ? HB_VERDICT_PASS : HB_VERDICT_SKIP,
                         before.heap_bytes > 0 ? "nothing left on the heap"
                                               : "the heap cannot be seen here");
}

/* ---- answers: feature ---- */

static bool check_features(struct hb_probe *p)
{
    const struct hb_features *f[2];
    struct hb_vectors shape[2];
    struct hb_err e = {0};

    hb_probe_begin(p, "features", HB_CALL_FEATURES);
    for (int i = 0; i < 2; i++) {
        hb_probe_enter(p, 0, HB_CALL_FEATURES, 0);
        f[i] = p->plugin.abs->features(p->instance, p->street);
        hb_probe_leave(p, 0);
        hb_probe_watch(p);
        if (hb_feature_shape(f[i], &shape[i], &e) != HB_OK) {
            hb_probe_find(p, HB_VERDICT_FAIL, "%s", e.msg);
            return false;
        }
    }
    p->shape = shape[0];
    if (shape[0].numbers != shape[1].numbers || shape[0].item_bytes != shape[1].item_bytes ||
        shape[0].distance != shape[1].distance)
        hb_probe_find(p, HB_VERDICT_FAIL, "features(%s) changes from call to call",
                      hb_street_name(p->street));
    else
        hb_probe_find(p, HB_VERDICT_PASS, "%u numbers of %u bytes, distance '%s'",
                      (unsigned)p->shape.numbers, (unsigned)p->shape.item_bytes, f[0]->distance);
    return true;
}

static uint64_t number_at(const struct hb_vectors *v, const uint8_t *at)
{
    uint16_t two;
    uint32_t four;

    if (v->item_bytes == 1)
        return *at;
    if (v->item_bytes == 2) {
        memcpy(&two, at, sizeof two);
        return two;
    }
    memcpy(&four, at, sizeof four);
    return four;
}

/* Whether the histograms in the buffer add up to *total, which the first one sets. */
static bool equal_totals(const struct hb_probe *p, uint32_t n_hands, uint64_t *total)
{
    const uint8_t *at = p->buffer[0];

    for (uint32_t h = 0; h < n_hands; h++) {
        uint64_t sum = 0;

        for (uint32_t i = 0; i < p->shape.numbers; i++, at += p->shape.item_bytes)
            sum += number_at(&p->shape, at);
        if (*total == UINT64_MAX)
            *total = sum;
        if (sum != *total)
            return false;
    }
    return *total < TOTAL_MAX;
}

/* What is wrong between two answers to one question, or NULL. What was not written shows what was
 * there before, zeros and ones. */
static const char *compare_vectors(const struct hb_probe *p, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (p->buffer[0][i] != p->buffer[1][i])
            return p->buffer[0][i] == 0 && p->buffer[1][i] == 0xFF
                       ? "leaves bytes unwritten"
                       : "gives other numbers each time";
    for (size_t i = n_bytes; i < n_bytes + GUARD_BYTES; i++)
        if (p->buffer[0][i] != GUARD || p->buffer[1][i] != GUARD)
            return "writes behind its vectors";
    return NULL;
}

static const char *look_at_vectors(struct hb_probe *p, uint32_t item, uint64_t *total)
{
    uint32_t n_hands = hb_probe_hands(p, item);
    size_t n_bytes = (size_t)n_hands * p->shape.numbers * p->shape.item_bytes;
    const char *wrong;

    for (int i = 0; i < 2; i++) {
        memset(p->buffer[i], i == 0 ? 0 : 0xFF, n_bytes);
        memset(p->buffer[i] + n_bytes, GUARD, GUARD_BYTES);
        answers(p)[item] = hb_probe_ask(p, i, p->instance, item);
        if (answers(p)[item] == HB_PROBE_FAILS)
            return "fails";
    }
    if ((wrong = compare_vectors(p, n_bytes)) != NULL)
        return wrong;
    if (p->shape.distance != HB_DISTANCE_L2 && !equal_totals(p, n_hands, total))
        return *total < TOTAL_MAX ? "gives a histogram of another total than the first"
                                  : "gives a histogram with a total of 2^31 or more";
    return NULL;
}

/* Room for the vectors of a board, for each caller. */
static bool need_buffers(struct hb_probe *p)
{
    size_t bytes = (size_t)HANDS_MAX * p->shape.numbers * p->shape.item_bytes + GUARD_BYTES;
    int rc = HB_OK;

    for (int i = 0; rc == HB_OK && i < HB_CONDUCT_CALLERS; i++) {
        hb_mem_free(p->buffer[i]);
        p->buffer[i] = NULL;
        rc = hb_mem_new(&p->buffer[i], bytes, 1, "vectors", &p->c->error);
    }
    return rc == HB_OK;
}

static void check_vectors(struct hb_probe *p)
{
    uint64_t total = UINT64_MAX;

    if (hb_probe_announces(p, "rounds/1")) {
        hb_probe_find_as(p, "features", HB_VERDICT_FAIL,
                         "rounds apart are announced, but vectors go with the board as one set");
        return;
    }
    if (!check_features(p))
        return;
    if (!need_buffers(p))
        return;
    hb_probe_begin(p, "vectors", HB_CALL_VECTORS);
    for (uint32_t item = 0; item < p->n_items; item++) {
        const char *wrong = look_at_vectors(p, item, &total);

        if (item == 0)
            hb_probe_watch(p);
        if (wrong == NULL)
            continue;
        hb_probe_find(p, HB_VERDICT_FAIL, "vectors(%s, board %llu) %s", hb_street_name(p->street),
                      (unsigned long long)hb_probe_number(p, item), wrong);
        return;
    }
    p->c->answered[p->street] = true;
    hb_probe_watch(p);
    hb_probe_find(p, HB_VERDICT_PASS, "%u boards of %llu", (unsigned)p->n_items,
                  (unsigned long long)p->n_all);
}

static void check_answers(struct hb_probe *p)
{
    hb_probe_begin(p, "range", HB_CALL_BUCKET);
    if (choose_hands(p, &p->c->error) != HB_OK)
        return;
    if (p->feature)
        check_vectors(p);
    else
        check_range(p);
}

/* ---- the same answers, asked otherwise ---- */

static void differs(struct hb_probe *p, uint32_t item, uint64_t now, const char *when)
{
    uint64_t first = answers(p)[item];
    unsigned long long number = hb_probe_number(p, item);

    if (p->feature)
        hb_probe_find(p, HB_VERDICT_FAIL, "vectors(%s, board %llu) %s %s",
                      hb_street_name(p->street), number, now == HB_PROBE_FAILS ? "fails" : "differ",
                      when);
    else
        hb_probe_find(p, HB_VERDICT_FAIL, "bucket(%s, %llu) was %llu and is %llu %s",
                      hb_street_name(p->street), number, (unsigned long long)first,
                      (unsigned long long)now, when);
}

static bool same_answers(struct hb_probe *p, const struct hb_abs *a, bool backwards,
                         const char *when)
{
    for (uint32_t i = 0; i < p->n_items; i++) {
        uint32_t item = backwards ? p->n_items - 1 - i : i;
        uint64_t now = hb_probe_ask(p, 0, a, item);

        if (now == answers(p)[item])
            continue;
        differs(p, item, now, when);
        return false;
    }
    return true;
}

static bool same_in_batches(struct hb_probe *p)
{
    uint64_t hand[BATCH];
    uint32_t bucket[BATCH];

    if (p->feature || !HB_HAS(p->plugin.abs, bucket_n))
        return true;
    for (uint32_t at = 0; at < p->n_items; at += BATCH) {
        uint32_t n = p->n_items - at < BATCH ? p->n_items - at : BATCH;

        for (uint32_t i = 0; i < n; i++)
            hand[i] = hb_probe_number(p, at + i);
        hb_probe_enter(p, 0, HB_CALL_BUCKET_N, hand[0]);
        p->plugin.abs->bucket_n(p->instance, p->street, hand, bucket, n);
        hb_probe_leave(p, 0);
        for (uint32_t i = 0; i < n; i++)
            if (bucket[i] != answers(p)[at + i]) {
                differs(p, at + i, bucket[i], "by bucket_n");
                return false;
            }
    }
    return true;
}

static void check_determinism(struct hb_probe *p)
{
    struct hb_abs *second;
    bool same;

    hb_probe_begin(p, "determinism", p->feature ? HB_CALL_VECTORS : HB_CALL_BUCKET);
    hb_probe_scribble(p, ~GUARD);
    if (!same_answers(p, p->instance, true, "when asked again") || !same_in_batches(p) ||
        (second = instance(p, p->services, "a second instance")) == NULL)
        return;
    same = same_answers(p, second, false, "from a second instance") &&
           same_answers(p, p->instance, false, "beside a second instance");
    hb_probe_destroy(p, second);
    if (same && same_answers(p, p->instance, true, "after another instance is gone"))
        hb_probe_find(p, HB_VERDICT_PASS, "asked five times of two instances");
}

static void check_symmetry(struct hb_probe *p)
{
    struct hb_services *other = NULL;
    struct hb_abs *a;

    hb_probe_begin(p, "symmetry", p->feature ? HB_CALL_VECTORS : HB_CALL_BUCKET);
    if (hb_services_new(&p->what->deck, p->what->streets, NULL, &other, &p->c->error) != HB_OK)
        return;
    hb_services_disguise(other);
    hb_standin_lend(&p->standin, other);
    if ((a = instance(p, other, "other cards of the same hands")) != NULL) {
        if (same_answers(p, a, false, "when other cards of the same canonical hand are shown"))
            hb_probe_find(p, HB_VERDICT_PASS, "suits renamed, cards in another order");
        hb_probe_destroy(p, a);
    }
    hb_services_free(other);
}

struct crowd { /* one of several threads that ask at once */
    struct hb_probe *p;
    pthread_mutex_t *gate; /* closed until all are there */
    uint64_t n_asked;
    int caller;
    uint32_t wrong; /* item; n_items: none */
    uint64_t answer;
};

static void *ask_all(void *arg)
{
    struct crowd *t = arg;
    const struct hb_probe *p = t->p;
    uint32_t n_calls = THREAD_TURNS * p->n_items;
    uint64_t start = p->n_items / THREADS * (uint32_t)(t->caller - 1);
    double until;

    n_calls = n_calls < THREAD_CALLS ? THREAD_CALLS : n_calls;
    t->wrong = p->n_items;
    (void)pthread_mutex_lock(t->gate); /* a plain mutex: locking it cannot fail */
    (void)pthread_mutex_unlock(t->gate);
    until = hb_os_monotonic() + THREAD_S;
    for (uint32_t i = 0; i < n_calls && (i < p->n_items || hb_os_monotonic() < until); i++) {
        uint32_t item = (uint32_t)((start + i) % p->n_items);

        t->answer = hb_probe_ask(t->p, t->caller, p->instance, item);
        t->n_asked++;
        if (t->answer != answers(p)[item]) {
            t->wrong = item;
            break;
        }
    }
    return NULL;
}

static void check_threads(struct hb_probe *p)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct crowd crowd[THREADS];
    pthread_t thread[THREADS];
    uint64_t n_asked = 0;
    int n = 0;

    hb_probe_begin(p, "threads", HB_CALL_NONE);
    (void)pthread_mutex_lock(&gate); /* a plain mutex: locking it cannot fail */
    for (; n < THREADS; n++) {
        crowd[n] = (struct crowd){.p = p, .gate = &gate, .caller = n + 1};
        if (pthread_create(&thread[n], NULL, ask_all, &crowd[n]) != 0)
            break;
    }
    (void)pthread_mutex_unlock(&gate);
    for (int i = 0; i < n; i++) {
        (void)pthread_join(thread[i], NULL); /* it was started and nobody else waits for it */
        n_asked += crowd[i].n_asked;
    }
    hb_manners_look(&p->manners); /* what has just been joined may still be counted */
    for (int i = 0; i < n; i++)
        if (crowd[i].wrong < p->n_items) {
            differs(p, crowd[i].wrong, crowd[i].answer, "when several threads ask at once");
            return;
        }
    if (n < THREADS)
        hb_probe_find(p, HB_VERDICT_SKIP, "the system gives only %d threads", n);
    else
        hb_probe_find(p, HB_VERDICT_PASS, "%d threads, %llu answers", THREADS,
                      (unsigned long long)n_asked);
}

/* ---- what stays behind ---- */

static bool cycle(struct hb_probe *p, int times)
{
    for (int i = 0; i < times; i++) {
        struct hb_abs *a = instance(p, p->services, "after others were destroyed");

        if (a == NULL)
            return false;
        for (uint32_t item = 0; item < CYCLE_ITEMS && item < p->n_items; item++)
            (void)hb_probe_ask(p, 0, a, item); /* compared elsewhere */
        hb_probe_destroy(p, a);
    }
    return true;
}

/* What each cycle adds for certain: the least of all measurements. */
static uint64_t growth(const uint64_t bytes[MEASURED + 1])
{
    uint64_t least = UINT64_MAX;

    for (int i = 1; i <= MEASURED; i++) {
        uint64_t more = bytes[i] > bytes[i - 1] ? bytes[i] - bytes[i - 1] : 0;

        least = more < least ? more : least;
    }
    return least / CYCLES;
}

static void check_leaks(struct hb_probe *p)
{
    uint64_t heap[MEASURED + 1];
    uint64_t mapped[MEASURED + 1];
    const int n = CYCLES * MEASURED;
    int more_fds = 0;
    uint64_t leak;

    hb_probe_begin(p, "descriptors", HB_CALL_CREATE);
    if (!cycle(p, 2)) /* what is kept on purpose is there afterwards */
        return;
    for (int i = 0; i <= MEASURED; i++) {
        struct hb_os_self self;

        if (i > 0 && !cycle(p, CYCLES))
            return;
        hb_os_self(&self);
        heap[i] = self.heap_bytes;
        mapped[i] = self.mapped_bytes;
        more_fds = i == 0 ? -hb_manners_descriptors() : more_fds;
    }
    more_fds += hb_manners_descriptors();
    if (more_fds > 0)
        hb_probe_find(p, HB_VERDICT_FAIL,
                      "%d descriptors more are open after %d times create() and destroy()",
                      more_fds, n);
    else
        hb_probe_find(p, HB_VERDICT_PASS, "%d times create() and destroy()", n);
    leak = growth(heap) >= LEAK_BYTES ? growth(heap) : 0;
    if (leak > 0 || (heap[0] > 0 && growth(mapped) > 0)) /* another malloc may map as it likes */
        hb_probe_find_as(p, "memory", HB_VERDICT_FAIL,
                         "each create() and destroy() leaves %llu bytes %s",
                         (unsigned long long)(leak > 0 ? leak : growth(mapped)),
                         leak > 0 ? "on the heap" : "mapped");
    else if (heap[0] == 0)
        hb_probe_find_as(p, "memory", HB_VERDICT_SKIP, "the heap cannot be seen here");
    else
        hb_probe_find_as(p, "memory", HB_VERDICT_PASS, "%d times create() and destroy()", n);
}

/* ---- another process ---- */

static void check_process(struct hb_probe *p)
{
    hb_probe_begin(p, "process", p->feature ? HB_CALL_VECTORS : HB_CALL_BUCKET);
    p->instance = instance(p, p->services, "in another process");
    if (p->instance == NULL || choose_hands(p, &p->c->error) != HB_OK)
        return;
    if (p->feature && (hb_feature_shape(p->plugin.abs->features(p->instance, p->street), &p->shape,
                                        &p->c->error) != HB_OK ||
                       !need_buffers(p)))
        return;
    if (same_answers(p, p->instance, false, "in another process"))
        hb_probe_find(p, HB_VERDICT_PASS, "the same answers");
}

/* ---- all of it ---- */

static void run_street(struct hb_probe *p)
{
    static void (*const checks[])(struct hb_probe *) = {check_determinism, check_symmetry,
                                                        check_threads, check_leaks};
    struct hb_conduct *c = p->c;

    check_create(p);
    if (p->instance == NULL)
        return;
    check_arguments(p);
    check_answers(p);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && c->answered[p->street]; i++) {
        checks[i](p);
        hb_probe_watch(p);
    }
    hb_probe_begin(p, "create", HB_CALL_CREATE); /* a crash here is one of destroy() */
    hb_probe_destroy(p, p->instance);
}

/* Buckets of later streets for a plugin that asks for them. */
static bool lend_buckets(struct hb_probe *p)
{
    const struct hb_iso *iso;

    if (!hb_plugin_wants_buckets(&p->plugin))
        return true;
    if (hb_services_iso(p->services, HB_ISO_SET, &iso, &p->c->error) != HB_OK ||
        hb_standin_init(&p->standin, iso, &p->c->error) != HB_OK)
        return false;
    hb_standin_lend(&p->standin, p->services);
    return true;
}

static void run_streets(struct hb_probe *p, int street, bool last)
{
    for (; street < p->what->deck.n_streets && p->c->error.rc == HB_OK; street++) {
        if ((p->what->streets >> street & 1) == 0)
            continue;
        p->street = street;
        p->instance = NULL;
        if (!last)
            run_street(p);
        else if (p->c->answered[street])
            check_process(p);
    }
}

void hb_conduct_run(const struct hb_conformance *what, struct hb_conduct *c, int street, bool last,
                    int wake)
{
    struct hb_probe *p = NULL;

    if (hb_mem_new(&p, 1, sizeof *p, "a check", &c->error) != HB_OK ||
        hb_mem_new(&p->times, HB_PROBE_TIMES, sizeof *p->times, "times", &c->error) != HB_OK ||
        hb_services_new(&what->deck, what->streets, NULL, &p->services, &c->error) != HB_OK)
        return; /* the process ends: nothing to give back */
    p->what = what;
    p->c = c;
    p->wake = wake;
    hb_manners_look(&p->manners);
    if (load(p, c->loaded) && lend_buckets(p))
        run_streets(p, street, last);
    c->finished = true;
}
