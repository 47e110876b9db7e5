#include "game/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Chips of one stack, blind or raise: twice it still fits an int32_t, as minimum raises need. */
#define CHIPS_MAX 1000000000

#define ENCODED_MAX 160

enum key {
    KEY_BETTING, /* limit, nolimit: no values */
    KEY_PLAYERS,
    KEY_ROUNDS,
    KEY_STACK,
    KEY_BLIND,
    KEY_RAISE_SIZE,
    KEY_FIRST_PLAYER,
    KEY_MAX_RAISES,
    KEY_SUITS,
    KEY_RANKS,
    KEY_HOLE,
    KEY_BOARD,
    KEY_COUNT
};

/* Most values a keyword takes; which of them are right in this game is checked at the end. */
static const struct key_form {
    const char *name;
    int max_values;
} key_form[KEY_COUNT] = {
    [KEY_BETTING] = {"limit", 0},
    [KEY_PLAYERS] = {"numPlayers", 1},
    [KEY_ROUNDS] = {"numRounds", 1},
    [KEY_STACK] = {"stack", HB_PLAYERS_MAX},
    [KEY_BLIND] = {"blind", HB_PLAYERS_MAX},
    [KEY_RAISE_SIZE] = {"raiseSize", HB_STREETS},
    [KEY_FIRST_PLAYER] = {"firstPlayer", HB_STREETS},
    [KEY_MAX_RAISES] = {"maxRaises", HB_STREETS},
    [KEY_SUITS] = {"numSuits", 1},
    [KEY_RANKS] = {"numRanks", 1},
    [KEY_HOLE] = {"numHoleCards", 1},
    [KEY_BOARD] = {"numBoardCards", HB_STREETS},
};

/* What the text said, keyword by keyword, before it is understood as a game. */
struct source {
    const char *name; /* NULL: the rules come from canonical bytes, there are no lines */
    int last_line;
    bool no_limit;
    struct entry {
        int line; /* 0: not given */
        int n;
        int32_t value[HB_PLAYERS_MAX];
    } entry[KEY_COUNT];
};

struct word {
    const char *p;
    size_t n;
};

static int bad_at(const struct source *src, int line, int rc, struct hb_err *e, const char *fmt,
                  ...) HB_PRINTF(5, 6);

static int bad_at(const struct source *src, int line, int rc, struct hb_err *e, const char *fmt,
                  ...)
{
    char what[240];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap); /* a cut message is still the message */
    va_end(ap);
    if (src->name == NULL)
        return hb_fail(e, rc, "game rules: %s", what);
    return hb_fail(e, rc, "'%s' line %d: %s", src->name, line, what);
}

/* The line that a complaint about a keyword names: its own, or the end when it is missing. */
static int line_of(const struct source *src, enum key key)
{
    return src->entry[key].line != 0 ? src->entry[key].line : src->last_line;
}

/* ---- text to words ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool is(struct word w, const char *name)
{
    return w.n == strlen(name) && strncasecmp(w.p, name, w.n) == 0;
}

/* Next word of the line; n is 0 at its end. '=' is a word of its own, '#' ends the line. */
static struct word next_word(struct word *line)
{
    struct word w;

    while (line->n > 0 && is_space(*line->p)) {
        line->p++;
        line->n--;
    }
    w.p = line->p;
    w.n = 0;
    if (line->n == 0 || *line->p == '#')
        return w;
    if (*line->p == '=')
        w.n = 1;
    else
        while (w.n < line->n && !is_space(w.p[w.n]) && w.p[w.n] != '=' && w.p[w.n] != '#')
            w.n++;
    line->p += w.n;
    line->n -= w.n;
    return w;
}

/* A word as it may stand in a message: short, printable. */
static const char *shown(struct word w, char out[28])
{
    size_t n = w.n < 24 ? w.n : 24;

    for (size_t i = 0; i < n; i++)
        out[i] = w.p[i] > ' ' && w.p[i] <= '~' ? w.p[i] : '?';
    memcpy(out + n, w.n > n ? "..." : "", w.n > n ? 4 : 1);
    return out;
}

static bool parse_number(struct word w, int32_t *out)
{
    int64_t v = 0;

    for (size_t i = 0; i < w.n; i++) {
        if (w.p[i] < '0' || w.p[i] > '9')
            return false;
        v = v * 10 + (w.p[i] - '0');
        if (v > INT32_MAX)
            return false;
    }
    *out = (int32_t)v;
    return w.n > 0;
}

static int parse_values(struct source *src, enum key key, struct word *line, int line_no,
                        struct hb_err *e)
{
    struct entry *entry = &src->entry[key];
    const struct key_form *form = &key_form[key];
    struct word w = next_word(line);
    char text[28];

    if (entry->line != 0)
        return bad_at(src, line_no, HB_EFORMAT, e, "%s was already given in line %d", form->name,
                      entry->line);
    entry->line = line_no;
    if (is(w, "="))
        w = next_word(line);
    for (; w.n > 0; w = next_word(line)) {
        if (entry->n == form->max_values)
            return bad_at(src, line_no, HB_EFORMAT, e, "%s has too many values, at most %d",
                          form->name, form->max_values);
        if (!parse_number(w, &entry->value[entry->n]))
            return bad_at(src, line_no, HB_EFORMAT, e,
                          "%s: '%s' is not a whole number from 0 to %d", form->name, shown(w, text),
                          INT32_MAX);
        entry->n++;
    }
    if (entry->n == 0)
        return bad_at(src, line_no, HB_EFORMAT, e, "%s has no value", form->name);
    return HB_OK;
}

static int parse_betting(struct source *src, struct word first, struct word *line, int line_no,
                         struct hb_err *e)
{
    struct entry *entry = &src->entry[KEY_BETTING];
    struct word w = next_word(line);
    char text[28];

    if (w.n > 0)
        return bad_at(src, line_no, HB_EFORMAT, e, "'%s' after limit or nolimit", shown(w, text));
    if (entry->line != 0)
        return bad_at(src, line_no, HB_EFORMAT, e, "limit or nolimit was already given in line %d",
                      entry->line);
    entry->line = line_no;
    src->no_limit = is(first, "nolimit");
    return HB_OK;
}

static int parse_entry(struct source *src, struct word first, struct word *line, int line_no,
                       struct hb_err *e)
{
    char text[28];

    if (is(first, "limit") || is(first, "nolimit"))
        return parse_betting(src, first, line, line_no, e);
    for (int key = KEY_BETTING + 1; key < KEY_COUNT; key++)
        if (is(first, key_form[key].name))
            return parse_values(src, (enum key)key, line, line_no, e);
    return bad_at(src, line_no, HB_EFORMAT, e, "unknown keyword '%s'", shown(first, text));
}

/* One line that is not empty. state: 0 before GAMEDEF, 1 inside, 2 after END GAMEDEF. */
static int parse_line(struct source *src, struct word *line, int line_no, int *state,
                      struct hb_err *e)
{
    struct word first = next_word(line);
    char text[28];

    if (first.n == 0)
        return HB_OK;
    if (*state == 2)
        return bad_at(src, line_no, HB_EFORMAT, e, "'%s' after END GAMEDEF", shown(first, text));
    if (*state == 0) {
        if (!is(first, "gamedef") || next_word(line).n > 0)
            return bad_at(src, line_no, HB_EFORMAT, e, "expected GAMEDEF, found '%s'",
                          shown(first, text));
        *state = 1;
        return HB_OK;
    }
    if (!is(first, "end"))
        return parse_entry(src, first, line, line_no, e);
    if (!is(next_word(line), "gamedef") || next_word(line).n > 0)
        return bad_at(src, line_no, HB_EFORMAT, e, "expected END GAMEDEF");
    *state = 2;
    src->last_line = line_no;
    return HB_OK;
}

static int parse_lines(struct source *src, const char *text, size_t len, struct hb_err *e)
{
    const char *p = text;
    const char *end = text + len;
    int state = 0;
    int line_no = 0;
    int rc;

    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct word line = {p, (size_t)((nl != NULL ? nl : end) - p)};

        line_no++;
        if ((rc = parse_line(src, &line, line_no, &state, e)) != HB_OK)
            return rc;
        p = nl != NULL ? nl + 1 : end;
    }
    if (state == 0)
        return bad_at(src, line_no > 0 ? line_no : 1, HB_EFORMAT, e,
                      "no GAMEDEF: not a game definition");
    if (state == 1)
        return bad_at(src, line_no, HB_EFORMAT, e, "END GAMEDEF is missing");
    return HB_OK;
}

/* ---- checks, shared by text and bytes ---- */

static int check_range(const struct source *src, enum key key, int value, int min, int max,
                       int over, struct hb_err *e)
{
    if (value >= min && value <= max)
        return HB_OK;
    return bad_at(src, line_of(src, key), value > max ? over : HB_EFORMAT, e,
                  "%s is %d, must be %d to %d", key_form[key].name, value, min, max);
}

/* The single numbers; lists may be read only after this. */
static int check_counts(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    int rc;

    if ((rc = check_range(src, KEY_PLAYERS, r->n_players, 2, HB_PLAYERS_MAX, HB_ELIMIT, e)) ||
        (rc = check_range(src, KEY_ROUNDS, r->deck.n_streets, 1, HB_STREETS, HB_ELIMIT, e)) ||
        (rc = check_range(src, KEY_SUITS, r->deck.n_suits, 1, HB_SUITS, HB_EFORMAT, e)) ||
        (rc = check_range(src, KEY_RANKS, r->deck.n_ranks, 1, HB_RANKS, HB_EFORMAT, e)) ||
        (rc = check_range(src, KEY_HOLE, r->deck.n_hole, 1, HB_HOLE_MAX, HB_ELIMIT, e)))
        return rc;
    return HB_OK;
}

static int check_cards(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    const struct hb_deck *deck = &r->deck;
    int n_board = 0;
    int n_deck = deck->n_ranks * deck->n_suits;
    int n_dealt;

    for (int i = 0; i < deck->n_streets; i++) {
        if (deck->n_board[i] < n_board)
            return bad_at(src, line_of(src, KEY_BOARD), HB_EFORMAT, e,
                          "the board shrinks in round %d", i + 1);
        n_board = deck->n_board[i];
    }
    if (n_board > HB_BOARD_MAX)
        return bad_at(src, line_of(src, KEY_BOARD), HB_ELIMIT, e,
                      "numBoardCards adds up to %d, at most %d are supported", n_board,
                      HB_BOARD_MAX);
    n_dealt = r->n_players * deck->n_hole + n_board;
    if (n_dealt > n_deck)
        return bad_at(src, line_of(src, KEY_BOARD), HB_EFORMAT, e,
                      "%d cards are dealt (%d x %d own, %d on the board), the deck has %d", n_dealt,
                      r->n_players, deck->n_hole, n_board, n_deck);
    return HB_OK;
}

static int check_chips(const struct source *src, enum key key, int32_t chips, int32_t min,
                       struct hb_err *e)
{
    return check_range(src, key, chips, min, CHIPS_MAX, HB_ELIMIT, e);
}

static int check_seats(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    int rc;

    for (int i = 0; i < r->n_players; i++) {
        if (r->stack[i] != HB_STACK_UNSET &&
            (rc = check_chips(src, KEY_STACK, r->stack[i], 1, e)) != HB_OK)
            return rc;
        if ((rc = check_chips(src, KEY_BLIND, r->blind[i], 0, e)) != HB_OK)
            return rc;
        if (r->blind[i] > r->stack[i])
            return bad_at(src, line_of(src, KEY_BLIND), HB_EFORMAT, e,
                          "the blind of player %d, %d, is more than the stack, %d", i + 1,
                          r->blind[i], r->stack[i]);
        if (r->no_limit && r->stack[i] == HB_STACK_UNSET)
            return bad_at(src, line_of(src, KEY_STACK), HB_EFORMAT, e,
                          "a no-limit game needs the stack of every player");
    }
    return HB_OK;
}

static int check_streets(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    int rc;

    for (int i = 0; i < r->deck.n_streets; i++) {
        if ((rc = check_range(src, KEY_FIRST_PLAYER, r->first_player[i] + 1, 1, r->n_players,
                              HB_EFORMAT, e)) ||
            (rc = check_range(src, KEY_MAX_RAISES, r->max_raises[i], 0, HB_RAISES_UNSET, HB_EFORMAT,
                              e)))
            return rc;
        if (!r->no_limit &&
            (rc = check_chips(src, KEY_RAISE_SIZE, r->raise_size[i], 1, e)) != HB_OK)
            return rc;
    }
    return HB_OK;
}

static int32_t largest_stack(const struct hb_rules *r) /* of those given; 0 when none is */
{
    int32_t largest = 0;

    for (int i = 0; i < r->n_players; i++)
        if (r->stack[i] != HB_STACK_UNSET && r->stack[i] > largest)
            largest = r->stack[i];
    return largest;
}

static bool any_street_unlimited(const struct hb_rules *r)
{
    for (int i = 0; i < r->deck.n_streets; i++)
        if (r->max_raises[i] == HB_RAISES_UNSET)
            return true;
    return false;
}

/* Upper bound of what two players can both put into the pot, stacks of single players aside. Where
 * raises are unlimited at most one stack is (check_play), so the largest given one is the bound. */
static int64_t highest_bet(const struct hb_rules *r)
{
    int64_t bet = 0;

    if (r->no_limit || any_street_unlimited(r))
        return largest_stack(r);
    for (int i = 0; i < r->n_players; i++)
        if (r->blind[i] > bet)
            bet = r->blind[i];
    for (int i = 0; i < r->deck.n_streets; i++)
        bet += (int64_t)r->raise_size[i] * r->max_raises[i];
    return bet;
}

/* The game ends, and all chips that can come into play fit an int32_t. */
static int check_play(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    int n_unset = 0;
    int64_t bet;
    int64_t total = 0;

    for (int i = 0; i < r->n_players; i++)
        n_unset += r->stack[i] == HB_STACK_UNSET;
    if (n_unset >= 2 && any_street_unlimited(r))
        return bad_at(src, line_of(src, KEY_MAX_RAISES), HB_EFORMAT, e,
                      "the betting never ends: give maxRaises for every round, or stack");
    bet = highest_bet(r);
    if (n_unset > 0 && bet > CHIPS_MAX)
        return bad_at(src, line_of(src, KEY_RAISE_SIZE), HB_ELIMIT, e,
                      "bets can come to %lld chips, at most %d are supported", (long long)bet,
                      CHIPS_MAX);
    for (int i = 0; i < r->n_players; i++)
        total += r->stack[i] < bet ? r->stack[i] : bet;
    if (total > INT32_MAX)
        return bad_at(src, line_of(src, KEY_STACK), HB_ELIMIT, e,
                      "%lld chips can come into the pot, at most %d are supported",
                      (long long)total, INT32_MAX);
    return HB_OK;
}

static int check_lists(const struct hb_rules *r, const struct source *src, struct hb_err *e)
{
    int rc;

    if ((rc = check_cards(r, src, e)) || (rc = check_seats(r, src, e)) ||
        (rc = check_streets(r, src, e)))
        return rc;
    return check_play(r, src, e);
}

/* ---- words to rules ---- */

static int take_one(const struct source *src, enum key key, int *out, struct hb_err *e)
{
    const struct entry *entry = &src->entry[key];

    if (entry->line == 0)
        return bad_at(src, src->last_line, HB_EFORMAT, e, "%s is missing", key_form[key].name);
    *out = entry->value[0];
    return HB_OK;
}

static int take_counts(const struct source *src, struct hb_rules *r, struct hb_err *e)
{
    int rc;

    r->no_limit = src->no_limit;
    if ((rc = take_one(src, KEY_PLAYERS, &r->n_players, e)) ||
        (rc = take_one(src, KEY_ROUNDS, &r->deck.n_streets, e)) ||
        (rc = take_one(src, KEY_SUITS, &r->deck.n_suits, e)) ||
        (rc = take_one(src, KEY_RANKS, &r->deck.n_ranks, e)) ||
        (rc = take_one(src, KEY_HOLE, &r->deck.n_hole, e)))
        return rc;
    return check_counts(r, src, e);
}

enum missing { MISSING_OK, MISSING_BAD };

/* A list of n values; where a keyword or its last values may be missing `fill` stands for them. */
static int take_list(const struct source *src, enum key key, int n, enum missing whole,
                     enum missing tail, int32_t fill, int32_t *out, struct hb_err *e)
{
    const struct entry *entry = &src->entry[key];
    const char *name = key_form[key].name;

    if (entry->line == 0 && whole == MISSING_BAD)
        return bad_at(src, src->last_line, HB_EFORMAT, e, "%s is missing", name);
    if (entry->line != 0 && (entry->n > n || (entry->n < n && tail == MISSING_BAD)))
        return bad_at(src, entry->line, HB_EFORMAT, e, "%s has %d value%s, needs %d", name,
                      entry->n, entry->n == 1 ? "" : "s", n);
    for (int i = 0; i < n; i++)
        out[i] = i < entry->n ? entry->value[i] : fill;
    return HB_OK;
}

static int take_seats(const struct source *src, struct hb_rules *r, struct hb_err *e)
{
    int rc;

    if ((rc = take_list(src, KEY_STACK, r->n_players, r->no_limit ? MISSING_BAD : MISSING_OK,
                        MISSING_BAD, HB_STACK_UNSET, r->stack, e)) ||
        (rc = take_list(src, KEY_BLIND, r->n_players, MISSING_OK, MISSING_BAD, 0, r->blind, e)))
        return rc;
    return HB_OK;
}

static int take_streets(const struct source *src, struct hb_rules *r, struct hb_err *e)
{
    int32_t board[HB_STREETS] = {0};
    int32_t first[HB_STREETS] = {0};
    int32_t raises[HB_STREETS] = {0};
    int n = r->deck.n_streets;
    int rc;

    if ((rc = take_list(src, KEY_RAISE_SIZE, n, r->no_limit ? MISSING_OK : MISSING_BAD, MISSING_BAD,
                        0, r->raise_size, e)) ||
        (rc = take_list(src, KEY_FIRST_PLAYER, n, MISSING_OK, MISSING_OK, 1, first, e)) ||
        (rc = take_list(src, KEY_MAX_RAISES, n, MISSING_OK, MISSING_OK, HB_RAISES_UNSET, raises,
                        e)) ||
        (rc = take_list(src, KEY_BOARD, n, MISSING_BAD, MISSING_BAD, 0, board, e)))
        return rc;
    for (int i = 0; i < n; i++) {
        if (r->no_limit)
            r->raise_size[i] = 0; /* allowed in the file, without meaning */
        r->first_player[i] = first[i] - 1;
        r->max_raises[i] = raises[i];
        if ((rc = check_range(src, KEY_BOARD, board[i], 0, HB_BOARD_MAX, HB_ELIMIT, e)) != HB_OK)
            return rc;
        r->deck.n_board[i] = (i > 0 ? r->deck.n_board[i - 1] : 0) + board[i];
    }
    return HB_OK;
}

int hb_rules_parse(struct hb_rules *r, const char *text, size_t len, const char *name,
                   struct hb_err *e)
{
    struct source src = {.name = name};
    struct hb_rules got = {0};
    int rc;

    if ((rc = parse_lines(&src, text, len, e)) || (rc = take_counts(&src, &got, e)) ||
        (rc = take_seats(&src, &got, e)) || (rc = take_streets(&src, &got, e)) ||
        (rc = check_lists(&got, &src, e)))
        return rc;
    *r = got;
    return HB_OK;
}

/* ---- canonical bytes and text ---- */

static size_t encode(const struct hb_rules *r, uint8_t out[ENCODED_MAX])
{
    uint8_t *p = out;

    *p++ = r->no_limit;
    *p++ = (uint8_t)r->n_players;
    *p++ = (uint8_t)r->deck.n_ranks;
    *p++ = (uint8_t)r->deck.n_suits;
    *p++ = (uint8_t)r->deck.n_hole;
    *p++ = (uint8_t)r->deck.n_streets;
    for (int i = 0; i < r->n_players; i++, p += 8) {
        hb_set_u32(p, (uint32_t)r->stack[i]);
        hb_set_u32(p + 4, (uint32_t)r->blind[i]);
    }
    for (int i = 0; i < r->deck.n_streets; i++, p += 7) {
        p[0] = (uint8_t)r->deck.n_board[i];
        p[1] = (uint8_t)r->first_player[i];
        p[2] = (uint8_t)r->max_raises[i];
        hb_set_u32(p + 3, (uint32_t)r->raise_size[i]);
    }
    return (size_t)(p - out);
}

void hb_rules_encode(const struct hb_rules *r, struct hb_buf *out)
{
    uint8_t raw[ENCODED_MAX];

    hb_buf_put(out, raw, encode(r, raw));
}

void hb_rules_hash(const struct hb_rules *r, struct hb_hash *out)
{
    uint8_t raw[ENCODED_MAX];

    hb_hash_of(raw, encode(r, raw), out);
}

static void read_lists(struct hb_rules *r, struct hb_rd *rd)
{
    for (int i = 0; i < r->n_players; i++) {
        r->stack[i] = hb_rd_i32(rd);
        r->blind[i] = hb_rd_i32(rd);
    }
    for (int i = 0; i < r->deck.n_streets; i++) {
        r->deck.n_board[i] = hb_rd_u8(rd);
        r->first_player[i] = hb_rd_u8(rd);
        r->max_raises[i] = hb_rd_u8(rd);
        r->raise_size[i] = hb_rd_i32(rd);
        if (r->no_limit && r->raise_size[i] != 0)
            rd->bad = true; /* not canonical */
    }
}

int hb_rules_decode(struct hb_rules *r, struct hb_rd *rd, struct hb_err *e)
{
    struct source src = {.name = NULL};
    struct hb_rules got = {0};
    uint8_t no_limit = hb_rd_u8(rd);
    int rc;

    got.no_limit = no_limit != 0;
    got.n_players = hb_rd_u8(rd);
    got.deck.n_ranks = hb_rd_u8(rd);
    got.deck.n_suits = hb_rd_u8(rd);
    got.deck.n_hole = hb_rd_u8(rd);
    got.deck.n_streets = hb_rd_u8(rd);
    if (rd->bad || no_limit > 1) {
        rd->bad = true;
        return hb_fail(e, HB_EFORMAT, "game rules: cut short or malformed");
    }
    if ((rc = check_counts(&got, &src, e)) != HB_OK) {
        rd->bad = true;
        return rc;
    }
    read_lists(&got, rd);
    if (rd->bad)
        return hb_fail(e, HB_EFORMAT, "game rules: cut short or malformed");
    if ((rc = check_lists(&got, &src, e)) != HB_OK) {
        rd->bad = true;
        return rc;
    }
    *r = got;
    return HB_OK;
}

static void format_list(struct hb_buf *out, enum key key, const int32_t *value, int n)
{
    hb_buf_printf(out, "%s =", key_form[key].name);
    for (int i = 0; i < n; i++)
        hb_buf_printf(out, " %d", value[i]);
    hb_buf_printf(out, "\n");
}

static void format_streets(const struct hb_rules *r, struct hb_buf *out)
{
    int32_t first[HB_STREETS];
    int32_t board[HB_STREETS];
    int n = r->deck.n_streets;
    bool capped = false;

    for (int i = 0; i < n; i++) {
        first[i] = r->first_player[i] + 1;
        board[i] = r->deck.n_board[i] - (i > 0 ? r->deck.n_board[i - 1] : 0);
        capped |= r->max_raises[i] != HB_RAISES_UNSET;
    }
    if (!r->no_limit)
        format_list(out, KEY_RAISE_SIZE, r->raise_size, n);
    format_list(out, KEY_FIRST_PLAYER, first, n);
    if (capped)
        format_list(out, KEY_MAX_RAISES, r->max_raises, n);
    hb_buf_printf(out, "numSuits = %d\nnumRanks = %d\nnumHoleCards = %d\n", r->deck.n_suits,
                  r->deck.n_ranks, r->deck.n_hole);
    format_list(out, KEY_BOARD, board, n);
}

void hb_rules_format(const struct hb_rules *r, struct hb_buf *out)
{
    bool stacks = false;

    for (int i = 0; i < r->n_players; i++)
        stacks |= r->stack[i] != HB_STACK_UNSET;
    hb_buf_printf(out, "GAMEDEF\n%s\nnumPlayers = %d\nnumRounds = %d\n",
                  r->no_limit ? "nolimit" : "limit", r->n_players, r->deck.n_streets);
    if (stacks)
        format_list(out, KEY_STACK, r->stack, r->n_players);
    format_list(out, KEY_BLIND, r->blind, r->n_players);
    format_streets(r, out);
    hb_buf_printf(out, "END GAMEDEF\n");
}

/* ---- facts ---- */

int32_t hb_rules_largest_blind(const struct hb_rules *r)
{
    int32_t largest = 1;

    for (int i = 0; i < r->n_players; i++)
        if (r->blind[i] > largest)
            largest = r->blind[i];
    return largest;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A player wins from each other at most what both can put in, and loses at most what the richest
 * of the others can match: that is one term of the same sum. */
int32_t hb_rules_max_loss(const struct hb_rules *r)
{
    int64_t bet = highest_bet(r);
    int64_t most = 0;

    for (int i = 0; i < r->n_players; i++) {
        int64_t win = 0;

        for (int j = 0; j < r->n_players; j++)
            if (j != i)
                win += least(bet, least(r->stack[i], r->stack[j]));
        if (win > most)
            most = win;
    }
    return (int32_t)most; /* the checks keep all chips in play below 2^31 */
}
