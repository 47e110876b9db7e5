#include "run/match.h"

#include <string.h>

#include "base/mem.h"
#include "game/handlog.h"
#include "run/hand.h"

#define LOG_HAND_MAX 4096u /* bytes of a hand's log on average */
#define ALONE_PLAIN  2000  /* fewer deals are not worth a process */
#define ALONE_AIVAT  64
/* AIVAT learns from a quarter of the match's hands, within bounds. */
#define LEARN_MIN 500
#define LEARN_MAX 10000

/* ---- open and close ---- */

/* Each trained player takes the bucket file that fits, of those that were given. */
static int open_trained(const char *who, struct hb_match *m, struct hb_player *p, struct hb_err *e)
{
    struct hb_player_options po = {.seed = m->o.seed, .checkpoints = true};

    for (int i = 0; i < m->o.n_buckets; i++) {
        struct hb_err why = {0};
        int rc;

        po.buckets = m->o.buckets[i];
        rc = hb_player_open(who, &po, p, &why);
        m->fits |= rc == HB_OK ? 1u << i : 0u;
        if (rc != HB_EIDENTITY)
            return rc == HB_OK ? rc : hb_fail(e, rc, "%s", why.msg);
    }
    po.buckets = NULL;
    return hb_player_open(who, &po, p, e);
}

static int open_fixed(const char *who, const struct hb_match_options *o, const struct hb_spec *like,
                      struct hb_player *p, struct hb_err *e)
{
    struct hb_player_options po = {.seed = o->seed, .config = o->config, .game = o->game};

    if (o->config == NULL && o->game == NULL)
        po.like = like;
    return hb_player_open(who, &po, p, e);
}

/* Trained players first: they say which game it is. */
static int open_players(const char *const *who, struct hb_match *m, struct hb_err *e)
{
    const struct hb_spec *like = NULL;
    int rc;

    if ((rc = hb_mem_new(&m->player, (size_t)m->n, sizeof *m->player, "players", e)) != HB_OK)
        return rc;
    for (int i = 0; i < m->n; i++) {
        if (who[i][0] == '@')
            continue;
        if ((rc = open_trained(who[i], m, &m->player[i], e)) != HB_OK)
            return rc;
        like = like == NULL ? m->player[i].spec : like;
    }
    for (int i = 0; i < m->n; i++)
        if (who[i][0] == '@' && (rc = open_fixed(who[i], &m->o, like, &m->player[i], e)) != HB_OK)
            return rc;
    for (int i = 0; i < m->o.n_buckets; i++)
        if ((m->fits >> i & 1) == 0)
            return hb_fail(e, HB_EIDENTITY, "no player was made with the bucket file '%s'",
                           m->o.buckets[i]);
    return HB_OK;
}

static int check_game(const char *const *who, struct hb_match *m, struct hb_err *e)
{
    struct hb_hash first;
    struct hb_hash other;

    m->rules = m->player[0].rules;
    memcpy(m->game_name, m->player[0].game_name, sizeof m->game_name);
    hb_rules_hash(&m->rules, &first);
    for (int i = 1; i < m->n; i++) {
        hb_rules_hash(&m->player[i].rules, &other);
        if (memcmp(&first, &other, sizeof first) != 0)
            return hb_fail(e, HB_EIDENTITY, "'%s' plays '%s' and '%s' plays '%s', another game",
                           who[0], m->game_name, who[i], m->player[i].game_name);
    }
    if (m->rules.n_players != m->n)
        return hb_fail(e, HB_EUSAGE, "'%s' is for %d players, not %d", m->game_name,
                       m->rules.n_players, m->n);
    return m->o.log == HB_MATCH_LOG_PHH ? hb_handlog_phh_fits(&m->rules, e) : HB_OK;
}

int hb_match_open(const char *const *who, const char *const *name, int n,
                  const struct hb_match_options *o, struct hb_match *m, struct hb_err *e)
{
    int rc;

    memset(m, 0, sizeof *m);
    if (n < 2 || n > HB_PLAYERS_MAX)
        return hb_fail(e, HB_EUSAGE, "a match is for 2 to %d players, not %d", HB_PLAYERS_MAX, n);
    m->n = n;
    m->o = *o;
    m->n_deals = (o->n_hands + (unsigned)n - 1) / (unsigned)n;
    for (int i = 0; i < n; i++)
        m->name[i] = name[i];
    if ((rc = open_players(who, m, e)) != HB_OK || (rc = check_game(who, m, e)) != HB_OK ||
        (o->aivat && (rc = hb_aivat_new(m->player, n, o->seed, &m->estimator, e)) != HB_OK))
        hb_match_close(m);
    return rc;
}

void hb_match_close(struct hb_match *m)
{
    hb_aivat_free(m->estimator);
    for (int i = 0; m->player != NULL && i < m->n; i++)
        hb_player_close(&m->player[i]);
    hb_mem_free(m->player);
    memset(m, 0, sizeof *m);
}

/* ---- hands ---- */

static int play_hand(struct hb_match *m, struct hb_matchstate *h, struct hb_err *e)
{
    int rc = HB_OK;

    while (rc == HB_OK && !h->state.finished) {
        int player = hb_hand_player(m->n, h->state.actor, h->hand);
        hb_act act = HB_ACT_CALL;

        h->position = h->state.actor;
        rc = hb_player_answer(&m->player[player], h, &act, e);
        if (rc != HB_OK)
            return hb_context(e, rc, "player '%s'", m->name[player]);
        rc = hb_matchstate_act(&m->rules, h, act, e);
    }
    return rc;
}

static void write_hand(const struct hb_match *m, const struct hb_matchstate *h, const double *win,
                       struct hb_buf *log)
{
    const char *name[HB_PLAYERS_MAX];

    for (int i = 0; i < m->n; i++)
        name[i] = m->name[hb_hand_player(m->n, i, h->hand)];
    if (m->o.log == HB_MATCH_LOG_ACPC)
        hb_handlog_acpc(&m->rules, h, win, name, log);
    else if (m->o.log == HB_MATCH_LOG_PHH)
        hb_handlog_phh(&m->rules, h, win, name, (uint64_t)h->hand + 1, log);
}

struct play { /* a match being played, in whatever process */
    struct hb_match *m;
    const struct hb_match_watch *w;
    struct hb_matchstate hand;
};

/* The first player's chips in a hand by AIVAT, added to *sum. */
static int estimate(struct play *p, double *sum, struct hb_err *e)
{
    int first = hb_hand_player(2, 0, p->hand.hand);
    double chips;
    int rc;

    if (p->m->estimator == NULL)
        return HB_OK;
    if ((rc = hb_aivat_estimate(p->m->estimator, &p->hand, first, &chips, e)) == HB_OK)
        *sum += first == 0 ? chips : -chips;
    return rc;
}

/* hb_deals: what each player wins a hand, and the first one by AIVAT. */
static int play_deal(void *ctx, uint64_t deal, double *number, struct hb_buf *log, struct hb_err *e)
{
    struct play *p = ctx;
    const struct hb_match *m = p->m;
    double win[HB_PLAYERS_MAX];
    int rc;

    for (int i = 0; i <= m->n; i++)
        number[i] = 0;
    for (int k = 0; k < m->n; k++) {
        uint32_t hand = (uint32_t)(deal * (unsigned)m->n) + (uint32_t)k;

        hb_hand_deal(&m->rules, m->o.seed, deal, hand, &p->hand);
        if ((rc = play_hand(p->m, &p->hand, e)) != HB_OK ||
            (rc = estimate(p, &number[m->n], e)) != HB_OK)
            return rc;
        hb_hand_win(&m->rules, &p->hand, win);
        for (int i = 0; i < m->n; i++)
            number[hb_hand_player(m->n, i, hand)] += win[i];
        write_hand(m, &p->hand, win, log);
    }
    for (int i = 0; i <= m->n; i++)
        number[i] /= m->n;
    return HB_OK;
}

static int pass_log(void *ctx, const void *text, size_t len, struct hb_err *e)
{
    const struct play *p = ctx;

    return p->w->log(p->w->ctx, text, len, e);
}

static void pass_tell(void *ctx)
{
    const struct play *p = ctx;

    if (p->w->tell != NULL)
        p->w->tell(p->w->ctx, p->m);
}

static int learn(struct play *p, struct hb_err *e)
{
    struct hb_match *m = p->m;
    uint64_t n = m->n_deals / 2; /* a quarter of the hands */
    int rc = HB_OK;

    if (m->estimator == NULL)
        return HB_OK;
    n = n < LEARN_MIN ? LEARN_MIN : n > LEARN_MAX ? LEARN_MAX : n;
    for (; rc == HB_OK && m->n_learned < n; m->n_learned++) {
        uint32_t hand = HB_HANDS_MATCH + (uint32_t)m->n_learned;

        hb_hand_deal(&m->rules, m->o.seed, HB_DEALS_LEARN + m->n_learned, hand, &p->hand);
        if ((rc = play_hand(m, &p->hand, e)) == HB_OK)
            rc = hb_aivat_learn(m->estimator, &p->hand, hb_hand_player(2, 0, hand), e);
        pass_tell(p);
    }
    hb_aivat_freeze(m->estimator);
    return rc;
}

int hb_match_run(struct hb_match *m, const struct hb_match_watch *w, struct hb_err *e)
{
    bool logs = m->o.log != HB_MATCH_LOG_NONE;
    struct play *p = NULL;
    int rc = hb_mem_new(&p, 1, sizeof *p, "a match", e);
    const struct hb_deals d = {.ctx = p,
                               .n_deals = m->n_deals,
                               .n_numbers = m->n + 1,
                               .log_max = logs ? (size_t)m->n * LOG_HAND_MAX : 0,
                               .alone = m->estimator != NULL ? ALONE_AIVAT : ALONE_PLAIN,
                               .n_workers = m->o.n_workers,
                               .play = play_deal,
                               .log = logs && w->log != NULL ? pass_log : NULL,
                               .tell = pass_tell};

    if (rc != HB_OK)
        return rc;
    p->m = m;
    p->w = w;
    if ((rc = learn(p, e)) == HB_OK)
        rc = hb_deals_run(&d, m->chips, e);
    hb_mem_free(p);
    return rc;
}
