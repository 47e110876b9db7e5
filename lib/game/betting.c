#include "game/betting.h"

#include <string.h>

#define DIGITS_MAX 9
#define DEN_MAX    1000000000u /* 10^DIGITS_MAX */

/* ---- sizes ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *p, appended to *v; returns how many. Stops one digit after the last that fits. */
static int take_digits(const char **p, uint32_t *v, int n_before)
{
    int n = 0;

    for (; is_digit(**p) && n_before + n <= DIGITS_MAX; n++, ++*p)
        if (n_before + n < DIGITS_MAX)
            *v = *v * 10 + (uint32_t)(**p - '0');
    return n;
}

int hb_bet_size_parse(const char *text, struct hb_bet_size *out, struct hb_err *e)
{
    struct hb_bet_size size = {.allin = false, .num = 0, .den = 1};
    const char *p = text;
    int n_whole;
    int n_fraction = 0;

    if (strcmp(text, "allin") == 0) {
        *out = (struct hb_bet_size){.allin = true};
        return HB_OK;
    }
    n_whole = take_digits(&p, &size.num, 0);
    if (*p == '.' && n_whole > 0) {
        p++;
        n_fraction = take_digits(&p, &size.num, n_whole);
        n_whole = n_fraction > 0 ? n_whole : 0;
    }
    if (n_whole + n_fraction > DIGITS_MAX)
        return hb_fail(e, HB_ECONFIG, "bet size '%.40s' has more than %d digits", text, DIGITS_MAX);
    if (n_whole == 0 || *p != '\0')
        return hb_fail(e, HB_ECONFIG,
                       "bet size '%.40s' is not a fraction of the pot such as \"0.75\", nor allin",
                       text);
    if (size.num == 0)
        return hb_fail(e, HB_ECONFIG, "bet size '%.40s' is zero", text);
    for (; n_fraction > 0; n_fraction--) /* "1.0" is "1", whoever writes it */
        if (size.num % 10 == 0)
            size.num /= 10;
        else
            size.den *= 10;
    *out = size;
    return HB_OK;
}

/* -1, 0, 1 by size; all-in is the largest. */
static int compare_sizes(const struct hb_bet_size *a, const struct hb_bet_size *b)
{
    uint64_t left = (uint64_t)a->num * b->den;
    uint64_t right = (uint64_t)b->num * a->den;

    if (a->allin || b->allin)
        return (int)a->allin - (int)b->allin;
    return (left > right) - (left < right);
}

/* ---- actions ---- */

/* The total a raise by this size comes to, within what is legal. */
static int32_t size_to_chips(const struct hb_rules *r, const struct hb_state *s,
                             const struct hb_bet_size *size, int32_t min_to, int32_t max_to)
{
    uint64_t pot = 0;
    uint64_t by;

    if (size->allin)
        return max_to;
    for (int i = 0; i < r->n_players; i++)
        pot += (uint64_t)s->spent[i];
    pot += (uint64_t)(s->max_spent - s->spent[s->actor]);               /* what the actor lacks */
    by = (2 * size->num * pot + size->den) / (2 * (uint64_t)size->den); /* half a chip up */
    if (by >= (uint64_t)(max_to - s->max_spent))
        return max_to;
    return s->max_spent + (int32_t)by > min_to ? s->max_spent + (int32_t)by : min_to;
}

/* Insert into the ascending list unless it is there; false when there is no room. */
static bool insert(hb_act *out, int *n, int cap, hb_act a)
{
    int at = *n;

    while (at > 0 && out[at - 1] > a)
        at--;
    if (at > 0 && out[at - 1] == a)
        return true;
    if (*n == cap)
        return false;
    memmove(out + at + 1, out + at, (size_t)(*n - at) * sizeof *out);
    out[at] = a;
    ++*n;
    return true;
}

/* The raises kept, ascending, into out[cap]; how many, or -1. */
static int kept_raises(const struct hb_rules *r, const struct hb_betting *b,
                       const struct hb_state *s, hb_act *out, int cap)
{
    const struct hb_betting_street *street = &b->street[s->street];
    int32_t min_to;
    int32_t max_to;
    int n = 0;

    if (!hb_state_can_raise(r, s, &min_to, &max_to))
        return 0;
    if (street->given && street->max_raises >= 0 && s->n_raises >= street->max_raises)
        return 0;
    if (b->every_size || !r->no_limit) {
        if (max_to - min_to >= cap)
            return -1;
        for (int32_t to = min_to; to <= max_to; to++)
            out[n++] = to;
        return n;
    }
    for (int i = 0; i < street->n_sizes; i++)
        if (!insert(out, &n, cap, size_to_chips(r, s, &street->size[i], min_to, max_to)))
            return -1;
    return n;
}

int hb_betting_actions(const struct hb_rules *r, const struct hb_betting *b,
                       const struct hb_state *s, hb_act *out, int cap)
{
    const struct hb_betting_street *street = &b->street[s->street];
    bool fold = hb_state_can_fold(r, s); /* there is something to call */
    int n = fold ? 2 : 1;
    int n_raises;

    if (cap < n)
        return -1;
    if (fold)
        out[0] = HB_ACT_FOLD;
    out[n - 1] = HB_ACT_CALL;
    n_raises = kept_raises(r, b, s, out + n, cap - n);
    if (n_raises < 0)
        return -1;
    if (n_raises > 0 && fold && street->given && !street->limp && s->n_raises == 0) {
        memmove(out + 1, out + 2, (size_t)n_raises * sizeof *out); /* no limp */
        n--;
    }
    return n + n_raises;
}

/* ---- canonical bytes ---- */

/* Sizes ascending, each once. */
static int sorted_sizes(const struct hb_betting_street *street, struct hb_bet_size *out)
{
    int n = 0;

    for (int i = 0; i < street->n_sizes; i++) {
        const struct hb_bet_size *size = &street->size[i];
        int at = n;

        while (at > 0 && compare_sizes(&out[at - 1], size) > 0)
            at--;
        if (at > 0 && compare_sizes(&out[at - 1], size) == 0)
            continue;
        memmove(out + at + 1, out + at, (size_t)(n - at) * sizeof *out);
        out[at] = *size;
        n++;
    }
    return n;
}

static void encode_street(const struct hb_betting *b, const struct hb_betting_street *street,
                          struct hb_buf *out)
{
    struct hb_bet_size size[HB_SIZES_MAX];
    int n = b->every_size ? 0 : sorted_sizes(street, size);

    hb_buf_u8(out, street->given);
    if (!street->given)
        return;
    hb_buf_i32(out, street->max_raises < 0 ? -1 : street->max_raises);
    hb_buf_u8(out, street->limp);
    hb_buf_u8(out, (uint8_t)n);
    for (int i = 0; i < n; i++) {
        uint32_t num = size[i].allin ? 0 : size[i].num;
        uint32_t den = size[i].allin ? 1 : size[i].den;

        for (; den > 1 && num % 10 == 0; den /= 10)
            num /= 10;
        hb_buf_u32(out, num); /* 0: all-in */
        hb_buf_u32(out, den);
    }
}

void hb_betting_encode(const struct hb_betting *b, struct hb_buf *out)
{
    hb_buf_u8(out, b->every_size);
    for (int i = 0; i < HB_STREETS; i++)
        encode_street(b, &b->street[i], out);
}

static bool decode_flag(struct hb_rd *rd)
{
    uint8_t v = hb_rd_u8(rd);

    rd->bad |= v > 1;
    return v == 1;
}

/* A size in its shortest form: 0/1 is all-in. */
static void decode_size(struct hb_bet_size *size, struct hb_rd *rd)
{
    uint32_t num = hb_rd_u32(rd);
    uint32_t den = hb_rd_u32(rd);
    uint32_t power = 1;

    while (power < den && power < DEN_MAX)
        power *= 10;
    if (den != power || num >= DEN_MAX || (den > 1 && num % 10 == 0))
        rd->bad = true;
    size->allin = num == 0;
    size->num = num;
    size->den = num == 0 ? 0 : den;
}

static void decode_street(const struct hb_betting *b, struct hb_betting_street *street,
                          struct hb_rd *rd)
{
    street->given = decode_flag(rd);
    if (!street->given)
        return;
    street->max_raises = hb_rd_i32(rd);
    street->limp = decode_flag(rd);
    street->n_sizes = hb_rd_u8(rd);
    if (street->max_raises < -1 || street->n_sizes > HB_SIZES_MAX ||
        (b->every_size && street->n_sizes > 0))
        rd->bad = true;
    for (int i = 0; i < street->n_sizes && !rd->bad; i++) {
        decode_size(&street->size[i], rd);
        if (i > 0 && compare_sizes(&street->size[i - 1], &street->size[i]) >= 0)
            rd->bad = true;
    }
}

int hb_betting_decode(struct hb_betting *b, struct hb_rd *rd, struct hb_err *e)
{
    struct hb_betting got = {0};

    got.every_size = decode_flag(rd);
    for (int i = 0; i < HB_STREETS && !rd->bad; i++)
        decode_street(&got, &got.street[i], rd);
    if (rd->bad)
        return hb_fail(e, HB_EFORMAT, "betting abstraction: cut short or malformed");
    *b = got;
    return HB_OK;
}
