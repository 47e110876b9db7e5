#include "game/handlog.h"

#include <math.h>

/* ---- ACPC ---- */

static void put_chips(int n, const double *chips, struct hb_buf *out)
{
    for (int i = 0; i < n; i++) {
        hb_buf_printf(out, "%s", i > 0 ? "|" : "");
        hb_match_chips(chips[i], out);
    }
}

static void put_names(int n, const char *const *name, struct hb_buf *out)
{
    for (int i = 0; i < n; i++)
        hb_buf_printf(out, "%s%s", i > 0 ? "|" : "", name[i]);
}

void hb_handlog_acpc(const struct hb_rules *r, const struct hb_matchstate *m, const double *win,
                     const char *const *name, struct hb_buf *out)
{
    hb_buf_printf(out, "STATE:%u:", m->hand);
    hb_matchstate_format_hand(r, m, HB_MATCH_ALL, out);
    hb_buf_u8(out, ':');
    put_chips(r->n_players, win, out);
    hb_buf_u8(out, ':');
    put_names(r->n_players, name, out);
    hb_buf_u8(out, '\n');
}

void hb_handlog_score(int n_players, const double *chips, const char *const *name,
                      struct hb_buf *out)
{
    hb_buf_printf(out, "SCORE:");
    put_chips(n_players, chips, out);
    hb_buf_u8(out, ':');
    put_names(n_players, name, out);
    hb_buf_u8(out, '\n');
}

/* ---- PHH ---- */

/* The position that is the player number i of PHH: heads-up the big blind comes first. */
static int seat_of(const struct hb_rules *r, int i)
{
    return r->n_players == 2 && r->blind[1] > r->blind[0] ? 1 - i : i;
}

static bool is_holdem(const struct hb_deck *d)
{
    return d->n_ranks == HB_RANKS && d->n_suits == HB_SUITS && d->n_hole == 2 &&
           d->n_streets == 4 && d->n_board[0] == 0 && d->n_board[1] == 3 && d->n_board[2] == 4 &&
           d->n_board[3] == 5;
}

static bool usual_order(const struct hb_rules *r)
{
    int big = r->n_players == 2 ? seat_of(r, 0) : 1;
    int small = r->n_players == 2 ? 1 - big : 0;

    for (int i = 0; i < r->n_players; i++)
        if (i != big && i != small && r->blind[i] != 0)
            return false;
    for (int street = 1; street < r->deck.n_streets; street++)
        if (r->first_player[street] != (r->n_players == 2 ? big : 0))
            return false;
    return r->blind[big] >= r->blind[small] && r->blind[big] > 0 &&
           r->first_player[0] == (r->n_players == 2 ? small : 2 % r->n_players);
}

int hb_handlog_phh_fits(const struct hb_rules *r, struct hb_err *e)
{
    const int32_t *size = r->raise_size;

    if (!is_holdem(&r->deck))
        return hb_fail(e, HB_EUSAGE,
                       "PHH has no name for this game: it knows hold'em with the "
                       "full deck; an ACPC log can have any game");
    if (!usual_order(r))
        return hb_fail(e, HB_EUSAGE,
                       "PHH cannot say who posts which blind and acts first in this "
                       "game; an ACPC log can");
    if (!r->no_limit && (size[0] != size[1] || size[2] != size[3]))
        return hb_fail(e, HB_EUSAGE,
                       "PHH has one bet size for the first two rounds of limit games "
                       "and one for the last two; an ACPC log can have any");
    return HB_OK;
}

static void put_array(const struct hb_rules *r, const char *key, const double *by_position,
                      struct hb_buf *out)
{
    hb_buf_printf(out, "%s = [", key);
    for (int i = 0; i < r->n_players; i++) {
        double v = by_position[seat_of(r, i)];

        hb_buf_printf(out, "%s", i > 0 ? ", " : "");
        if (isinf(v))
            hb_buf_printf(out, "inf");
        else
            hb_match_chips(v, out);
    }
    hb_buf_printf(out, "]\n");
}

/* A TOML basic string: quotes and backslashes escaped, there are no control characters. */
static void put_string(const char *s, struct hb_buf *out)
{
    hb_buf_u8(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            hb_buf_u8(out, '\\');
        hb_buf_u8(out, (uint8_t)*s);
    }
    hb_buf_u8(out, '"');
}

static void put_stakes(const struct hb_rules *r, struct hb_buf *out)
{
    double chips[HB_PLAYERS_MAX] = {0};

    hb_buf_printf(out, "variant = \"%s\"\n", r->no_limit ? "NT" : "FT");
    put_array(r, "antes", chips, out);
    for (int i = 0; i < r->n_players; i++) /* heads-up the field has the small blind first */
        chips[i] = r->blind[r->n_players == 2 ? 1 - i : i];
    put_array(r, "blinds_or_straddles", chips, out);
    if (r->no_limit)
        hb_buf_printf(out, "min_bet = %d\n", hb_rules_largest_blind(r));
    else
        hb_buf_printf(out, "small_bet = %d\nbig_bet = %d\n", r->raise_size[0], r->raise_size[2]);
    for (int i = 0; i < r->n_players; i++)
        chips[i] = r->stack[i] == HB_STACK_UNSET ? (double)INFINITY : (double)r->stack[i];
    put_array(r, "starting_stacks", chips, out);
}

static void put_cards(const uint8_t *cards, int n, struct hb_buf *out)
{
    char text[2 * HB_HAND_MAX + 1];

    hb_cards_format(cards, n, text);
    hb_buf_printf(out, " %s\"", text);
}

static void put_board(const struct hb_rules *r, const struct hb_matchstate *m, int street,
                      struct hb_buf *out)
{
    int n = r->deck.n_board[street - 1];

    hb_buf_printf(out, ",\n  \"d db");
    put_cards(m->board + n, r->deck.n_board[street] - n, out);
}

/* All hands that are left, player `first` of PHH's first. */
static void put_showdown(const struct hb_rules *r, const struct hb_matchstate *m, int first,
                         struct hb_buf *out)
{
    for (int k = 0; k < r->n_players; k++) {
        int i = (first + k) % r->n_players;

        if ((m->state.folded >> seat_of(r, i) & 1) != 0)
            continue;
        hb_buf_printf(out, ",\n  \"p%d sm", i + 1);
        put_cards(m->own[seat_of(r, i)], r->deck.n_hole, out);
    }
}

static void put_action(const struct hb_matchstate *m, int player, int k, int32_t before,
                       struct hb_buf *out)
{
    hb_act act = m->act[k];

    hb_buf_printf(out, ",\n  \"p%d ", player + 1);
    if (act > HB_ACT_CALL) /* PHH counts the chips of the round */
        hb_buf_printf(out, "cbr %d\"", act - before);
    else
        hb_buf_printf(out, "%s\"", act == HB_ACT_FOLD ? "f" : "cc");
}

static void put_actions(const struct hb_rules *r, const struct hb_matchstate *m, struct hb_buf *out)
{
    bool showdown = hb_state_showdown(r, &m->state);
    struct hb_state s;
    int32_t before = 0; /* chips of a player in the pot when the round began */
    int raiser = 0;     /* of the round, PHH's number; the first player when nobody raised */

    hb_state_init(r, &s);
    for (int k = 0; k < m->n_acts; k++) {
        int player = seat_of(r, s.actor);
        int street = s.street;

        put_action(m, player, k, before, out);
        raiser = m->act[k] > HB_ACT_CALL ? player : raiser;
        hb_state_act(r, &s, m->act[k]);
        if (showdown && s.finished)
            put_showdown(r, m, raiser, out);
        if (street == s.street)
            continue;
        before = s.max_spent;
        raiser = 0;
        for (; street < s.street; street++)
            put_board(r, m, street + 1, out);
    }
}

void hb_handlog_phh(const struct hb_rules *r, const struct hb_matchstate *m, const double *win,
                    const char *const *name, uint64_t number, struct hb_buf *out)
{
    double left[HB_PLAYERS_MAX];
    bool known = true;

    hb_buf_printf(out, "[%llu]\n", (unsigned long long)number);
    put_stakes(r, out);
    hb_buf_printf(out, "actions = [");
    for (int i = 0; i < r->n_players; i++) {
        hb_buf_printf(out, "%s\n  \"d dh p%d", i > 0 ? "," : "", i + 1);
        put_cards(m->own[seat_of(r, i)], r->deck.n_hole, out);
    }
    put_actions(r, m, out);
    hb_buf_printf(out, "\n]\nhand = %u\nplayers = [", m->hand);
    for (int i = 0; i < r->n_players; i++) {
        hb_buf_printf(out, "%s", i > 0 ? ", " : "");
        put_string(name[seat_of(r, i)], out);
    }
    hb_buf_printf(out, "]\n");
    for (int i = 0; i < r->n_players; i++) {
        known &= r->stack[i] != HB_STACK_UNSET;
        left[i] = r->stack[i] + win[i];
    }
    if (known)
        put_array(r, "finishing_stacks", left, out);
    hb_buf_u8(out, '\n');
}
