#include "game/state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- who is in ---- */

static bool is_live(const struct hb_state *s, int seat)
{
    return (s->folded >> seat & 1) == 0;
}

/* Not folded and chips left. */
static bool can_act(const struct hb_rules *r, const struct hb_state *s, int seat)
{
    return is_live(s, seat) && s->spent[seat] < r->stack[seat];
}

static int n_can_act(const struct hb_rules *r, const struct hb_state *s)
{
    int n = 0;

    for (int seat = 0; seat < r->n_players; seat++)
        n += can_act(r, s, seat);
    return n;
}

/* The first seat from `seat` on that can act; there is one. */
static uint8_t seat_from(const struct hb_rules *r, const struct hb_state *s, int seat)
{
    for (int i = 0; i < r->n_players; i++, seat++) {
        if (seat >= r->n_players)
            seat -= r->n_players;
        if (can_act(r, s, seat))
            break;
    }
    return (uint8_t)seat;
}

int hb_state_n_live(const struct hb_rules *r, const struct hb_state *s)
{
    int n = 0;

    for (int seat = 0; seat < r->n_players; seat++)
        n += is_live(s, seat);
    return n;
}

bool hb_state_showdown(const struct hb_rules *r, const struct hb_state *s)
{
    return s->finished && hb_state_n_live(r, s) > 1;
}

/* ---- legal actions ---- */

void hb_state_init(const struct hb_rules *r, struct hb_state *s)
{
    memset(s, 0, sizeof *s);
    for (int seat = 0; seat < r->n_players; seat++) {
        s->spent[seat] = r->blind[seat];
        if (r->blind[seat] > s->max_spent)
            s->max_spent = r->blind[seat];
    }
    if (r->no_limit)
        s->min_raise_to = s->max_spent > 0 ? 2 * s->max_spent : 1;
    if (n_can_act(r, s) == 0) { /* the blinds took every stack */
        s->finished = true;
        s->street = (uint8_t)(r->deck.n_streets - 1);
    } else {
        s->actor = seat_from(r, s, r->first_player[0]);
    }
}

bool hb_state_can_fold(const struct hb_rules *r, const struct hb_state *s)
{
    (void)r; /* folding is ruled by the pot alone */
    return !s->finished && s->spent[s->actor] < s->max_spent;
}

bool hb_state_can_raise(const struct hb_rules *r, const struct hb_state *s, int32_t *min_to,
                        int32_t *max_to)
{
    int32_t stack = r->stack[s->actor];
    int cap = r->max_raises[s->street];

    if (s->finished || (cap != HB_RAISES_UNSET && s->n_raises >= cap) || stack <= s->max_spent ||
        n_can_act(r, s) <= 1)
        return false;
    if (r->no_limit) {
        *min_to = s->min_raise_to < stack ? s->min_raise_to : stack;
        *max_to = stack;
    } else {
        int32_t to = s->max_spent + r->raise_size[s->street];

        *min_to = *max_to = to < stack ? to : stack;
    }
    return true;
}

bool hb_state_legal(const struct hb_rules *r, const struct hb_state *s, hb_act a)
{
    int32_t min_to;
    int32_t max_to;

    if (s->finished || a < HB_ACT_FOLD)
        return false;
    if (a == HB_ACT_FOLD)
        return hb_state_can_fold(r, s);
    if (a == HB_ACT_CALL)
        return true;
    return hb_state_can_raise(r, s, &min_to, &max_to) && a >= min_to && a <= max_to;
}

/* ---- transitions ---- */

static void put_in(const struct hb_rules *r, struct hb_state *s, int32_t to)
{
    uint32_t bit = 1u << s->actor;

    s->spent[s->actor] = to < r->stack[s->actor] ? to : r->stack[s->actor];
    if (to < r->stack[s->actor])
        s->called |= bit;
}

static void raise_to(const struct hb_rules *r, struct hb_state *s, int32_t to)
{
    int32_t full = 2 * to - s->max_spent; /* this raise once more; below 2^31, see rules.c */

    if (r->no_limit && full > s->min_raise_to)
        s->min_raise_to = full;
    s->max_spent = to;
    s->called = 0;
    if (s->n_raises < UINT8_MAX)
        s->n_raises++;
    put_in(r, s, to);
}

static void finish(struct hb_state *s, int street)
{
    s->finished = true;
    s->street = (uint8_t)street;
}

static void next_street(const struct hb_rules *r, struct hb_state *s)
{
    s->street++;
    s->called = 0;
    s->n_raises = 0;
    s->n_actions = 0;
    if (r->no_limit)
        s->min_raise_to = s->max_spent + hb_rules_largest_blind(r);
    s->actor = seat_from(r, s, r->first_player[s->street]);
}

void hb_state_act(const struct hb_rules *r, struct hb_state *s, hb_act a)
{
    int n_acting;
    int n_called = 0;

    assert(!s->finished);
    if (a == HB_ACT_FOLD)
        s->folded |= 1u << s->actor;
    else if (a == HB_ACT_CALL)
        put_in(r, s, s->max_spent);
    else
        raise_to(r, s, a);
    if (s->n_actions < UINT8_MAX)
        s->n_actions++;

    if (hb_state_n_live(r, s) == 1) {
        finish(s, s->street);
        return;
    }
    n_acting = n_can_act(r, s);
    for (uint32_t bits = s->called; bits != 0; bits &= bits - 1)
        n_called++;
    if (n_called < n_acting)
        s->actor = seat_from(r, s, s->actor + 1);
    else if (n_acting > 1 && s->street + 1 < r->deck.n_streets)
        next_street(r, s);
    else
        finish(s, r->deck.n_streets - 1);
}

/* ---- text ---- */

void hb_act_format(const struct hb_rules *r, hb_act a, char out[16])
{
    if (a == HB_ACT_FOLD || a == HB_ACT_CALL || !r->no_limit)
        (void)snprintf(out, 16, "%s", a == HB_ACT_FOLD ? "f" : a == HB_ACT_CALL ? "c" : "r");
    else
        (void)snprintf(out, 16, "r%d", a);
}

int hb_act_scan(const struct hb_rules *r, const char *text, enum hb_action_type *type, int32_t *to)
{
    int64_t v = 0;
    int n = 1;

    *to = 0;
    *type = *text == 'f' ? HB_FOLD : *text == 'c' ? HB_CALL : HB_RAISE;
    if (*text != 'f' && *text != 'c' && *text != 'r')
        return 0;
    if (*type != HB_RAISE || !r->no_limit)
        return 1;
    for (; text[n] >= '0' && text[n] <= '9'; n++) {
        v = v * 10 + (text[n] - '0');
        if (v > INT32_MAX)
            return 0;
    }
    *to = (int32_t)v;
    return n > 1 ? n : 0;
}

struct player { /* a betting string being played */
    const struct hb_rules *r;
    const char *text;
    size_t at;
    struct hb_state s;
    struct hb_err *e;
};

static int illegal(const struct player *p, const char *why)
{
    return hb_fail(p->e, HB_EUSAGE, "actions '%.100s': at character %zu: %s", p->text, p->at + 1,
                   why);
}

static int raise_is_illegal(const struct player *p, int32_t to, bool any, int32_t min_to,
                            int32_t max_to)
{
    char why[96];

    if (!any)
        return illegal(p, "no raise is legal here");
    (void)snprintf(why, sizeof why, "a raise to %d is too %s, legal are %d to %d", to,
                   to < min_to ? "small" : "large", min_to, max_to);
    return illegal(p, why);
}

/* The action at p->at, checked, into *a; p->at moves behind it. */
static int take_action(struct player *p, hb_act *a)
{
    enum hb_action_type type;
    int32_t to;
    int32_t min_to = 0;
    int32_t max_to = 0;
    int n = hb_act_scan(p->r, p->text + p->at, &type, &to);

    if (n == 0)
        return illegal(p, p->r->no_limit ? "expected f, c, or r and the chips it comes to"
                                         : "expected f, c or r");
    if (type == HB_FOLD && !hb_state_can_fold(p->r, &p->s))
        return illegal(p, "there is nothing to call, a fold is not legal");
    if (type == HB_RAISE) {
        bool any = hb_state_can_raise(p->r, &p->s, &min_to, &max_to);

        if (any && !p->r->no_limit)
            to = min_to;
        if (!any || to < min_to || to > max_to)
            return raise_is_illegal(p, to, any, min_to, max_to);
    }
    *a = type == HB_FOLD ? HB_ACT_FOLD : type == HB_CALL ? HB_ACT_CALL : to;
    p->at += (size_t)n;
    return HB_OK;
}

/* What stands between two actions: '/' for each street that ended. n_slashes is how many may. */
static int take_slashes(struct player *p, int n_slashes)
{
    while (n_slashes > 0 && p->text[p->at] == '/') {
        p->at++;
        n_slashes--;
    }
    if (p->text[p->at] == '\0')
        return HB_OK;
    if (p->s.finished)
        return illegal(p, "the hand is over");
    if (n_slashes > 0)
        return illegal(p, "expected '/', the round is over");
    if (p->text[p->at] == '/')
        return illegal(p, "the round is not over");
    return HB_OK;
}

int hb_state_play(const struct hb_rules *r, const char *text, struct hb_state *s, hb_act *acts,
                  int cap, int *n, struct hb_err *e)
{
    struct player p = {.r = r, .text = text, .e = e};
    int count = 0;
    int rc;

    hb_state_init(r, &p.s);
    if ((rc = take_slashes(&p, 0)) != HB_OK)
        return rc;
    while (text[p.at] != '\0') {
        int street = p.s.street;
        hb_act a = HB_ACT_CALL;

        if ((rc = take_action(&p, &a)) != HB_OK)
            return rc;
        if (acts != NULL && count == cap)
            return illegal(&p, "too many actions");
        if (acts != NULL)
            acts[count] = a;
        count++;
        hb_state_act(r, &p.s, a);
        if ((rc = take_slashes(&p, p.s.street - street)) != HB_OK)
            return rc;
    }
    *s = p.s;
    if (n != NULL)
        *n = count;
    return HB_OK;
}
