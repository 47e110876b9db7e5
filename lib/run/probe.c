#include "run/probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abstraction/hba.h"
#include "base/hash.h"
#include "base/os.h"
#include "base/rng.h"

#define GUARD       0x5C
#define SAMPLE_SEED 1
#define SHOWN       60 /* characters of what a plugin printed */

/* ---- names ---- */

void hb_probe_call_text(const struct hb_conduct *c, int caller, char *out, size_t cap)
{
    const struct hb_conduct_call *now = &c->caller[caller];
    const char *street = c->street >= 0 && c->street < HB_STREETS ? hb_street_name(c->street) : "";
    unsigned long long number = atomic_load(&now->number);

    switch (atomic_load(&now->call)) {
    case HB_CALL_LOAD: (void)snprintf(out, cap, "loading it"); break;
    case HB_CALL_CREATE: (void)snprintf(out, cap, "create(%s, '%.60s')", street, c->args); break;
    case HB_CALL_DESTROY: (void)snprintf(out, cap, "destroy() on the %s", street); break;
    case HB_CALL_EXTENSION: (void)snprintf(out, cap, "get_extension() on the %s", street); break;
    case HB_CALL_BUCKETS: (void)snprintf(out, cap, "buckets(%s)", street); break;
    case HB_CALL_BUCKET: (void)snprintf(out, cap, "bucket(%s, %llu)", street, number); break;
    case HB_CALL_BUCKET_N: (void)snprintf(out, cap, "bucket_n(%s, %llu, …)", street, number); break;
    case HB_CALL_FEATURES: (void)snprintf(out, cap, "features(%s)", street); break;
    case HB_CALL_VECTORS:
        (void)snprintf(out, cap, "vectors(%s, board %llu)", street, number);
        break;
    default: (void)snprintf(out, cap, "no call"); break;
    }
}

/* ---- findings ---- */

void hb_probe_begin(struct hb_probe *p, const char *check, enum hb_call timed)
{
    (void)snprintf(p->c->check, sizeof p->c->check, "%s", check); /* a name of ours */
    p->c->street = p->street;
    p->timed = timed;
    p->n_times = 0;
    p->n_calls = 0;
    p->most_s = 0;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void HB_PRINTF(4, 0) note(struct hb_probe *p, const char *check, enum hb_verdict verdict,
                                 const char *fmt, va_list ap)
{
    struct hb_conduct *c = p->c;
    uint32_t n = atomic_load(&c->n_findings);
    struct hb_finding *f = &c->finding[n];

    if (n >= HB_CONDUCT_FINDINGS)
        return; /* there are not so many checks */
    *f = (struct hb_finding){.street = p->street, .verdict = verdict};
    (void)snprintf(f->check, sizeof f->check, "%s", check);
    (void)vsnprintf(f->detail, sizeof f->detail, fmt, ap); /* may be cut */
    if (p->n_times > 0) {
        qsort(p->times, p->n_times, sizeof *p->times, by_size);
        f->median_s = p->times[p->n_times / 2];
    }
    f->most_s = p->most_s;
    f->calls = p->n_calls;
    atomic_store(&c->n_findings, n + 1);
    while (write(p->wake, "!", 1) < 0 && errno == EINTR)
        ; /* a parent that is gone needs no news */
}

void hb_probe_find(struct hb_probe *p, enum hb_verdict verdict, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(p, p->c->check, verdict, fmt, ap);
    va_end(ap);
}

void hb_probe_find_as(struct hb_probe *p, const char *check, enum hb_verdict verdict,
                      const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(p, check, verdict, fmt, ap);
    va_end(ap);
}

/* ---- calls ---- */

void hb_probe_enter(struct hb_probe *p, int caller, enum hb_call call, uint64_t number)
{
    struct hb_conduct_call *now = &p->c->caller[caller];

    atomic_store_explicit(&now->call, (int)call, memory_order_relaxed);
    atomic_store_explicit(&now->number, number, memory_order_relaxed);
    atomic_store_explicit(&now->inside, true, memory_order_release);
}

void hb_probe_leave(struct hb_probe *p, int caller)
{
    struct hb_conduct_call *now = &p->c->caller[caller];

    atomic_store_explicit(&now->inside, false, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&now->made, 1, memory_order_release);
}

bool hb_probe_announces(struct hb_probe *p, const char *extension)
{
    const struct hb_abstraction *abs = p->plugin.abs;
    const struct hb_ext_streets *ext;

    if (!HB_HAS(abs, get_extension))
        return false;
    hb_probe_enter(p, 0, HB_CALL_EXTENSION, 0);
    ext = abs->get_extension(p->instance, extension);
    hb_probe_leave(p, 0);
    return ext != NULL && HB_HAS(ext, streets) && (ext->streets >> p->street & 1) != 0;
}

static void keep_time(struct hb_probe *p, enum hb_call call, double since)
{
    double took = hb_os_monotonic() - since;

    if (call != p->timed)
        return;
    if (p->n_times < HB_PROBE_TIMES)
        p->times[p->n_times++] = took;
    p->most_s = took > p->most_s ? took : p->most_s;
    p->n_calls++;
}

/* A plugin's text goes into JSON: what is not a plain character becomes one. */
static char plain(char c)
{
    return c >= ' ' && c < 0x7f ? c : '?';
}

/* The beginning of what was printed, as one line of plain characters. */
static void read_output(const struct hb_manners *before, char text[SHOWN + 1])
{
    char raw[SHOWN];
    ssize_t got = 0;
    ssize_t n = 0;

    for (int fd = 1; fd <= 2 && got <= 0; fd++)
        got = pread(fd, raw, sizeof raw, (off_t)before->at[fd]);
    for (; n < got && raw[n] != '\0'; n++)
        text[n] = raw[n] == '\n' ? ' ' : plain(raw[n]);
    text[n] = '\0';
}

void hb_probe_watch(struct hb_probe *p)
{
    int last = atomic_load(&p->c->caller[0].call);
    bool many = last == HB_CALL_BUCKET || last == HB_CALL_BUCKET_N || last == HB_CALL_VECTORS;
    struct hb_manners now;
    unsigned changed;

    hb_manners_look(&now);
    changed = hb_manners_changed(&p->manners, &now);
    for (int which = 0; which < HB_MANNERS; which++) {
        char call[HB_FINDING_MAX / 2];
        char said[SHOWN + 1] = "";

        if ((changed >> which & 1) == 0 || p->c->manner[which].bad)
            continue;
        hb_probe_call_text(p->c, 0, call, sizeof call);
        if (which == HB_MANNER_OUTPUT)
            read_output(&p->manners, said);
        (void)snprintf(p->c->manner[which].detail, sizeof p->c->manner[which].detail,
                       "%s%s %s%s%s%s", call, many ? ", or an earlier call of it," : "",
                       hb_manner_deed((enum hb_manner)which), said[0] != '\0' ? ": '" : "", said,
                       said[0] != '\0' ? "'" : "");
        p->c->manner[which].bad = true;
    }
    p->manners = now;
}

void hb_probe_scribble(struct hb_probe *p, int byte)
{
    memset(p->given, byte, sizeof p->given);
    memset(&p->shape_given, byte, sizeof p->shape_given);
}

struct hb_abs *hb_probe_create(struct hb_probe *p, struct hb_services *services, const char *args,
                               size_t cap, char why[HB_PROBE_WHY], bool *sound)
{
    struct hb_abs *a;
    double since;

    (void)snprintf(p->given, sizeof p->given, "%s", args);
    (void)snprintf(p->c->args, sizeof p->c->args, "%s", args); /* for messages; may be cut */
    hb_services_shape(services, 1u << p->street, &p->shape_given);
    memset(why, GUARD, HB_PROBE_WHY);
    why[0] = '\0';
    since = hb_os_monotonic();
    hb_probe_enter(p, 0, HB_CALL_CREATE, 0);
    a = p->plugin.abs->create(hb_services_host(services), &p->shape_given, p->given, why, cap);
    hb_probe_leave(p, 0);
    keep_time(p, HB_CALL_CREATE, since);
    hb_probe_scribble(p, GUARD);
    *sound = memchr(why, '\0', cap) != NULL;
    for (size_t i = cap; i < HB_PROBE_WHY; i++)
        *sound = *sound && why[i] == GUARD;
    why[cap - 1] = '\0';
    for (size_t i = 0; why[i] != '\0'; i++)
        why[i] = plain(why[i]);
    hb_probe_watch(p);
    return a;
}

void hb_probe_destroy(struct hb_probe *p, struct hb_abs *a)
{
    hb_probe_enter(p, 0, HB_CALL_DESTROY, 0);
    p->plugin.abs->destroy(a);
    hb_probe_leave(p, 0);
    hb_probe_watch(p);
}

/* ---- questions ---- */

uint64_t hb_probe_number(const struct hb_probe *p, uint32_t item)
{
    uint64_t first = item * p->n_all / p->n_items;
    uint64_t n = (item + UINT64_C(1)) * p->n_all / p->n_items - first;
    uint32_t bits[4];

    hb_rng_block(SAMPLE_SEED, item, 0, HB_RNG_TOOL, 0, bits);
    return first + hb_rng_below(bits[0], (uint32_t)n);
}

uint32_t hb_probe_hands(const struct hb_probe *p, uint32_t item)
{
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint32_t n_hands = 1;
    uint64_t first;

    if (p->feature)
        hb_iso_board(p->iso, p->street, (uint32_t)hb_probe_number(p, item), cards, &weight, &first,
                     &n_hands);
    return n_hands;
}

uint64_t hb_probe_ask(struct hb_probe *p, int caller, const struct hb_abs *a, uint32_t item)
{
    uint64_t number = hb_probe_number(p, item);
    enum hb_call call = p->feature ? HB_CALL_VECTORS : HB_CALL_BUCKET;
    double since = caller == 0 ? hb_os_monotonic() : 0;
    uint64_t answer = 0;
    int rc = 0;

    hb_probe_enter(p, caller, call, number);
    if (p->feature)
        rc = p->plugin.abs->vectors(a, p->street, (uint32_t)number, p->buffer[caller]);
    else
        answer = p->plugin.abs->bucket(a, p->street, number);
    hb_probe_leave(p, caller);
    if (caller == 0)
        keep_time(p, call, since);
    if (!p->feature)
        return answer;
    return rc != 0 ? HB_PROBE_FAILS
                   : hb_xxh3(p->buffer[caller], (size_t)hb_probe_hands(p, item) * p->shape.numbers *
                                                    p->shape.item_bytes);
}
