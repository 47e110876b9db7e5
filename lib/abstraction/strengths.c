#include "abstraction/strengths.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "abstraction/hba.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/pool.h"

#define UNITS 64u /* boards are cut into so many shares */

struct part { /* the boards of a unit of work, their hands */
    uint32_t board, n_boards;
    uint64_t hand;
};

struct work {
    const struct hb_strengths *s;
    int street;
    uint32_t n_units;
    uint16_t *score; /* of the last street, or … */
    uint64_t *sum, *square;
};

static void name_stage(const struct hb_strengths *s, int street, char name[32], struct hb_buf *key)
{
    hb_buf_str(key, "strengths 1");
    hb_hba_put_deck(hb_iso_deck(s->iso), key);
    hb_buf_u8(key, (uint8_t)street);
    (void)snprintf(name, 32, "strengths-%s", hb_street_name(street)); /* fits */
}

void hb_strengths_init(struct hb_strengths *s, const struct hb_iso *iso, struct hb_cache *cache,
                       int n_processes)
{
    *s = (struct hb_strengths){.iso = iso, .cache = cache, .n_processes = n_processes};
    for (int street = 0; street < hb_iso_deck(iso)->n_streets; street++) {
        struct hb_buf key = {0};
        char name[32];

        name_stage(s, street, name, &key);
        hb_cache_mention(cache, name, &key);
        hb_buf_fini(&key);
    }
}

void hb_strengths_fini(struct hb_strengths *s)
{
    for (int street = 0; street < HB_STREETS; street++) {
        hb_creader_free(s->file[street]);
        hb_os_unmap(s->made[street], s->made_bytes[street]);
    }
    *s = (struct hb_strengths){0};
}

static int last_street(const struct hb_strengths *s)
{
    return hb_iso_deck(s->iso)->n_streets - 1;
}

static struct part part_of(const struct work *w, uint32_t unit)
{
    uint64_t n = hb_iso_boards(w->s->iso, w->street);
    struct part p = {.board = (uint32_t)(n * unit / w->n_units)};
    uint8_t cards[HB_BOARD_MAX];
    uint32_t weight;
    uint32_t n_hands;

    p.n_boards = (uint32_t)(n * (unit + 1) / w->n_units) - p.board;
    hb_iso_board(w->s->iso, w->street, p.board, cards, &weight, &p.hand, &n_hands);
    return p;
}

static int do_unit(void *ctx, uint32_t job, uint32_t unit, void *result, size_t *len,
                   struct hb_err *e)
{
    const struct work *w = ctx;
    const struct hb_strengths *s = w->s;
    const struct part p = part_of(w, unit);
    int next = w->street + 1;

    (void)job; /* there is one */
    (void)result;
    (void)len; /* all of it goes into shared memory */
    if (w->street == last_street(s))
        return hb_equity_final(s->iso, p.board, p.n_boards, w->score + p.hand, e);
    if (next == last_street(s))
        return hb_equity_fold_final(s->iso, p.board, p.n_boards, s->score, w->sum + p.hand,
                                    w->square + p.hand, e);
    return hb_equity_fold(s->iso, w->street, p.board, p.n_boards, s->sum[next], s->square[next],
                          w->sum + p.hand, w->square + p.hand, e);
}

struct teller {
    const struct hb_strengths *s;
    int street;
};

static void say(const struct hb_strengths *s, int street, double fraction)
{
    if (s->progress != NULL)
        s->progress(s->ctx, street, fraction);
}

/* The end is said when the result is kept as well. */
static void tell(void *ctx, double fraction)
{
    const struct teller *t = ctx;

    if (fraction < 1)
        say(t->s, t->street, fraction);
}

/* ---- a street ---- */

static uint64_t bytes_of(const struct hb_strengths *s, int street)
{
    uint64_t n = hb_iso_size(s->iso, street);

    return street == last_street(s) ? n * sizeof(uint16_t) : 2 * n * sizeof(uint64_t);
}

/* Results of a street lie at p. */
static void use(struct hb_strengths *s, int street, const void *p)
{
    const uint64_t *sums = p;

    if (street == last_street(s)) {
        s->score = p;
        return;
    }
    s->sum[street] = sums;
    s->square[street] = sums + hb_iso_size(s->iso, street);
}

static int compute(struct hb_strengths *s, int street, struct hb_err *e)
{
    uint32_t n_boards = hb_iso_boards(s->iso, street);
    struct work w = {.s = s, .street = street, .n_units = n_boards < UNITS ? n_boards : UNITS};
    struct hb_pool_work pool_work = {.ctx = &w, .unit = do_unit};
    struct teller teller = {s, street};
    struct hb_pool *pool = NULL;
    void *p = NULL;
    int rc;

    if ((rc = hb_pool_memory("hand strengths", bytes_of(s, street), &p, e)) != HB_OK)
        return rc;
    s->made[street] = p;
    s->made_bytes[street] = bytes_of(s, street);
    w.score = p;
    w.sum = p;
    w.square = w.sum + hb_iso_size(s->iso, street);
    if ((rc = hb_pool_new(s->n_processes, &pool_work, &pool, e)) == HB_OK)
        rc = hb_pool_run(pool, 0, w.n_units, tell, &teller, e);
    hb_pool_free(pool);
    if (rc == HB_OK)
        use(s, street, p);
    return rc;
}

/* Find a street in the cache, or compute it from the next one and keep it. */
static int need_street(struct hb_strengths *s, int street, struct hb_err *e)
{
    struct hb_cache_part part = {"strengths", NULL, bytes_of(s, street)};
    struct hb_buf key = {0};
    char name[32];
    int rc = HB_OK;

    name_stage(s, street, name, &key);
    if (hb_cache_find(s->cache, name, &key, &s->file[street]))
        part.data = hb_cache_part(s->file[street], part.name, part.bytes);
    if (part.data != NULL) {
        use(s, street, part.data);
    } else {
        say(s, street, 0);
        if ((rc = compute(s, street, e)) == HB_OK) {
            part.data = s->made[street];
            hb_cache_store(s->cache, name, &key, &part, 1);
        }
    }
    hb_buf_fini(&key);
    if (rc == HB_OK)
        say(s, street, 1);
    return rc;
}

int hb_strengths_scores(struct hb_strengths *s, const uint16_t **out, struct hb_err *e)
{
    int rc = s->score != NULL ? HB_OK : need_street(s, last_street(s), e);

    if (rc == HB_OK)
        *out = s->score;
    return rc;
}

int hb_strengths_equity(struct hb_strengths *s, unsigned streets, struct hb_equity **out,
                        struct hb_err *e)
{
    const uint16_t *score;
    int rc = HB_OK;

    for (int street = last_street(s); street >= 0 && (streets & ((2u << street) - 1)) != 0;
         street--) {
        if (street == last_street(s))
            rc = hb_strengths_scores(s, &score, e);
        else if (s->sum[street] == NULL)
            rc = need_street(s, street, e);
        if (rc != HB_OK)
            return rc;
    }
    return hb_equity_over(s->iso, s->score, s->sum, s->square, out, e);
}
