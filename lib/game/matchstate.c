#include "game/matchstate.h"

#include <stdio.h>
#include <string.h>

#define HEAD "MATCHSTATE:"

/* ---- reading ---- */

struct line { /* a line being read */
    const struct hb_rules *r;
    const char *text;
    size_t len, at;
    uint64_t seen; /* bit a card */
    struct hb_err *e;
};

static int wrong(const struct line *l, const char *why)
{
    return hb_fail(l->e, HB_EPROTO, "line '%.*s': at character %zu: %s",
                   l->len < 100 ? (int)l->len : 100, l->text, l->at + 1, why);
}

static int take_char(struct line *l, char c, const char *why)
{
    if (l->at >= l->len || l->text[l->at] != c)
        return wrong(l, why);
    l->at++;
    return HB_OK;
}

static int take_number(struct line *l, uint64_t max, uint64_t *out, const char *what)
{
    uint64_t v = 0;
    size_t n = 0;

    for (; l->at + n < l->len && l->text[l->at + n] >= '0' && l->text[l->at + n] <= '9'; n++) {
        v = v * 10 + (uint64_t)(l->text[l->at + n] - '0');
        if (v > max)
            return wrong(l, what);
    }
    if (n == 0)
        return wrong(l, what);
    l->at += n;
    *out = v;
    return take_char(l, ':', "expected ':' after the number");
}

/* The betting, up to ':'. */
static int take_betting(struct line *l, struct hb_matchstate *m)
{
    const char *colon = memchr(l->text + l->at, ':', l->len - l->at);
    size_t n = colon != NULL ? (size_t)(colon - (l->text + l->at)) : 0;
    char text[HB_MATCH_LINE_MAX + 1];
    struct hb_err why = {0};

    if (colon == NULL)
        return wrong(l, "expected betting, ':' and cards");
    memcpy(text, l->text + l->at, n); /* n <= len <= HB_MATCH_LINE_MAX */
    text[n] = '\0';
    if (hb_state_play(l->r, text, &m->state, m->act, HB_MATCH_ACTS_MAX, &m->n_acts, &why) != HB_OK)
        return hb_fail(l->e, HB_EPROTO, "line '%.*s': %.200s", l->len < 60 ? (int)l->len : 60,
                       l->text, why.msg);
    l->at += n + 1;
    return HB_OK;
}

/* Exactly n cards. */
static int take_cards(struct line *l, uint8_t *out, int n)
{
    for (int i = 0; i < n; i++, l->at += 2) {
        int n_read = 0;

        if (l->len - l->at < 2 ||
            hb_cards_parse(l->text + l->at, 2, &out[i], 1, &n_read, NULL) != HB_OK || n_read != 1)
            return wrong(l, "expected a card such as Kh");
        if (!hb_deck_has(&l->r->deck, out[i]))
            return wrong(l, "this card is not in the deck");
        if ((l->seen >> out[i] & 1) != 0)
            return wrong(l, "a card for the second time");
        l->seen |= UINT64_C(1) << out[i];
    }
    return HB_OK;
}

/* Own cards of a position are there unless a separator stands in their place: behind the last
 * position that is '/', the end, or the first board card, which only games with cards on the board
 * before the betting have. */
static bool has_own(const struct line *l, int position)
{
    size_t n_chars = 2 * (size_t)l->r->deck.n_hole;
    size_t n_board = 2 * (size_t)l->r->deck.n_board[0];
    size_t n = 0;

    while (l->at + n < l->len && l->text[l->at + n] != '|' && l->text[l->at + n] != '/')
        n++;
    if (position < l->r->n_players - 1 || n_board == 0)
        return n > 0;
    return n >= n_chars + n_board;
}

static int take_own(struct line *l, struct hb_matchstate *m)
{
    int rc;

    for (int i = 0; i < l->r->n_players; i++) {
        if (i > 0 && (rc = take_char(l, '|', "expected '|' and own cards of the next position")))
            return rc;
        memset(m->own[i], HB_NO_CARD, sizeof m->own[i]);
        if (has_own(l, i)) {
            if ((rc = take_cards(l, m->own[i], l->r->deck.n_hole)) != HB_OK)
                return rc;
        } else if (i == m->position) {
            return wrong(l, "own cards of the position are missing");
        }
    }
    return HB_OK;
}

static int take_board(struct line *l, struct hb_matchstate *m)
{
    int n = 0;
    int rc;

    for (int street = 0; street <= m->state.street; street++) {
        int more = l->r->deck.n_board[street] - n;

        if (street > 0 && (rc = take_char(l, '/', "expected '/' and cards of the next round")))
            return rc;
        if ((rc = take_cards(l, m->board + n, more)) != HB_OK)
            return rc;
        n += more;
    }
    return l->at == l->len ? HB_OK : wrong(l, "expected the end of the line");
}

int hb_matchstate_parse(const struct hb_rules *r, const char *line, size_t len,
                        struct hb_matchstate *m, struct hb_err *e)
{
    struct line l = {.r = r, .text = line, .len = len, .e = e};
    uint64_t position = 0;
    uint64_t hand = 0;
    int rc;

    if (len > HB_MATCH_LINE_MAX)
        return hb_fail(e, HB_EPROTO, "a line of %zu characters, at most %d are possible", len,
                       HB_MATCH_LINE_MAX);
    if (memchr(line, '\0', len) != NULL)
        return hb_fail(e, HB_EPROTO, "a line with a zero byte in it");
    if (len < sizeof HEAD - 1 || memcmp(line, HEAD, sizeof HEAD - 1) != 0)
        return wrong(&l, "expected " HEAD);
    l.at = sizeof HEAD - 1;
    if ((rc = take_number(&l, (uint64_t)r->n_players - 1, &position,
                          "expected a position of this game")) != HB_OK ||
        (rc = take_number(&l, UINT32_MAX, &hand, "expected the number of the hand")) != HB_OK)
        return rc;
    m->position = (int)position;
    m->hand = (uint32_t)hand;
    if ((rc = take_betting(&l, m)) != HB_OK || (rc = take_own(&l, m)) != HB_OK)
        return rc;
    return take_board(&l, m);
}

bool hb_matchstate_is_turn(const struct hb_matchstate *m)
{
    return !m->state.finished && m->state.actor == m->position;
}

/* ---- writing ---- */

static void put_betting(const struct hb_rules *r, const struct hb_matchstate *m, struct hb_buf *out)
{
    struct hb_state s;

    hb_state_init(r, &s);
    for (int i = 0; i < m->n_acts; i++) {
        int street = s.street;
        char text[16];

        hb_act_format(r, m->act[i], text);
        hb_buf_printf(out, "%s", text);
        hb_state_act(r, &s, m->act[i]);
        for (; street < s.street; street++)
            hb_buf_u8(out, '/');
    }
}

static void put_cards(const uint8_t *cards, int n, struct hb_buf *out)
{
    for (int i = 0; i < n; i++) {
        char text[3];

        hb_card_format(cards[i], text);
        hb_buf_printf(out, "%s", text);
    }
}

static bool sees(const struct hb_rules *r, const struct hb_matchstate *m, int viewer, int position)
{
    if (m->own[position][0] == HB_NO_CARD)
        return false;
    return viewer == HB_MATCH_ALL || viewer == position ||
           (hb_state_showdown(r, &m->state) && (m->state.folded >> position & 1) == 0);
}

void hb_matchstate_format_hand(const struct hb_rules *r, const struct hb_matchstate *m, int viewer,
                               struct hb_buf *out)
{
    int n = 0;

    put_betting(r, m, out);
    for (int i = 0; i < r->n_players; i++) {
        hb_buf_u8(out, i > 0 ? '|' : ':');
        if (sees(r, m, viewer, i))
            put_cards(m->own[i], r->deck.n_hole, out);
    }
    for (int street = 0; street <= m->state.street; street++) {
        if (street > 0)
            hb_buf_u8(out, '/');
        put_cards(m->board + n, r->deck.n_board[street] - n, out);
        n = r->deck.n_board[street];
    }
}

void hb_matchstate_format(const struct hb_rules *r, const struct hb_matchstate *m, int viewer,
                          struct hb_buf *out)
{
    hb_buf_printf(out, HEAD "%d:%u:", viewer, m->hand);
    hb_matchstate_format_hand(r, m, viewer, out);
}

void hb_match_chips(double v, struct hb_buf *out)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%.6f", v); /* a sum of chips fits */

    while (n > 0 && text[n - 1] == '0') /* there is a point */
        n--;
    if (n > 0 && text[n - 1] == '.')
        n--;
    text[n] = '\0';
    hb_buf_printf(out, "%s", strcmp(text, "-0") == 0 ? "0" : text);
}

/* ---- acting ---- */

int hb_matchstate_act(const struct hb_rules *r, struct hb_matchstate *m, hb_act a, struct hb_err *e)
{
    if (m->n_acts == HB_MATCH_ACTS_MAX)
        return hb_fail(e, HB_ELIMIT, "hand %u has more than %d actions", m->hand,
                       HB_MATCH_ACTS_MAX);
    m->act[m->n_acts++] = a;
    hb_state_act(r, &m->state, a);
    return HB_OK;
}

struct hb_match_reply hb_match_reply_read(const struct hb_rules *r, const struct hb_state *s,
                                          const char *text, size_t len)
{
    struct hb_match_reply reply = {.act = HB_ACT_CALL};
    enum hb_action_type type;
    char copy[16];
    int32_t to;
    int32_t min_to = 0;
    int32_t max_to = 0;

    if (len == 0 || len >= sizeof copy)
        return reply;
    memcpy(copy, text, len);
    copy[len] = '\0';
    reply.action = hb_act_scan(r, copy, &type, &to) == (int)len;
    if (!reply.action)
        return reply;
    if (type == HB_FOLD && hb_state_can_fold(r, s))
        reply.act = HB_ACT_FOLD;
    else if (type == HB_RAISE && hb_state_can_raise(r, s, &min_to, &max_to))
        reply.act = !r->no_limit || to < min_to ? min_to : to > max_to ? max_to : to;
    reply.legal = type == HB_CALL || (type == HB_FOLD && reply.act == HB_ACT_FOLD) ||
                  (type == HB_RAISE && reply.act > 0 && (!r->no_limit || reply.act == to));
    return reply;
}
