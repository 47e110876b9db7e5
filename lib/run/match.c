#include "run/match.h"

#include <string.h>

#include "base/mem.h"
#include "game/handlog.h"
#include "run/hand.h"

#define BLOCK_DEALS 64 /* part of the result: blocks are added up in order */

/* ---- open and close ---- */

/* Each trained player takes the bucket file that fits, of those that were given. */
static int open_trained(const char *who, const struct hb_match_options *o, struct hb_player *p,
                        struct hb_err *e)
{
    struct hb_player_options po = {.seed = o->seed, .checkpoints = true};
    struct hb_err first = {0};
    int rc = HB_EIDENTITY;

    for (int i = 0; i < o->n_buckets && rc == HB_EIDENTITY; i++) {
        po.buckets = o->buckets[i];
        rc = hb_player_open(who, &po, p, &first);
    }
    if (o->n_buckets > 0 && rc != HB_EIDENTITY)
        return rc == HB_OK ? rc : hb_fail(e, rc, "%s", first.msg);
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
        if ((rc = open_trained(who[i], &m->o, &m->player[i], e)) != HB_OK)
            return rc;
        like = like == NULL ? m->player[i].spec : like;
    }
    for (int i = 0; i < m->n; i++)
        if (who[i][0] == '@' && (rc = open_fixed(who[i], &m->o, like, &m->player[i], e)) != HB_OK)
            return rc;
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
    if ((rc = open_players(who, m, e)) != HB_OK || (rc = check_game(who, m, e)) != HB_OK)
        hb_match_close(m);
    return rc;
}

void hb_match_close(struct hb_match *m)
{
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

struct block { /* results of some deals */
    struct hb_stat chips[HB_PLAYERS_MAX];
    struct hb_buf log;
    struct hb_matchstate hand; /* being played */
};

static int play_deal(struct hb_match *m, uint64_t deal, struct block *b, struct hb_err *e)
{
    double sum[HB_PLAYERS_MAX] = {0};
    double win[HB_PLAYERS_MAX];
    int rc;

    for (int k = 0; k < m->n; k++) {
        uint32_t hand = (uint32_t)(deal * (unsigned)m->n) + (uint32_t)k;

        hb_hand_deal(&m->rules, m->o.seed, deal, hand, &b->hand);
        if ((rc = play_hand(m, &b->hand, e)) != HB_OK)
            return rc;
        hb_hand_win(&m->rules, &b->hand, win);
        for (int i = 0; i < m->n; i++)
            sum[hb_hand_player(m->n, i, hand)] += win[i];
        write_hand(m, &b->hand, win, &b->log);
    }
    for (int i = 0; i < m->n; i++)
        hb_stat_add(&b->chips[i], sum[i] / m->n);
    return hb_buf_check(&b->log, e);
}

static int play_block(struct hb_match *m, uint64_t number, struct block *b, struct hb_err *e)
{
    uint64_t end = (number + 1) * BLOCK_DEALS;
    int rc = HB_OK;

    memset(b->chips, 0, sizeof b->chips);
    b->log.len = 0;
    for (uint64_t deal = number * BLOCK_DEALS; rc == HB_OK && deal < end && deal < m->n_deals;
         deal++)
        rc = play_deal(m, deal, b, e);
    return rc;
}

int hb_match_run(struct hb_match *m, const struct hb_match_watch *w, struct hb_err *e)
{
    struct block *b = NULL;
    int rc = hb_mem_new(&b, 1, sizeof *b, "a block of deals", e);

    for (uint64_t k = 0; rc == HB_OK && k * BLOCK_DEALS < m->n_deals; k++) {
        if ((rc = play_block(m, k, b, e)) != HB_OK)
            break;
        for (int i = 0; i < m->n; i++)
            hb_stat_merge(&m->chips[i], &b->chips[i]);
        if (w->log != NULL)
            rc = w->log(w->ctx, &b->log, e);
        if (rc == HB_OK && w->tell != NULL)
            w->tell(w->ctx, m);
    }
    if (b != NULL)
        hb_buf_fini(&b->log);
    hb_mem_free(b);
    return rc;
}
