#include "run/lbr.h"

#include <stdlib.h>
#include <string.h>

#include "abstraction/hba.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cards/sets.h"
#include "run/hand.h"
#include "run/mix.h"
#include "solver/ranges.h"
#include "solver/runout.h"

#define DRAWN_BOARDS 300                          /* before the flop */
#define ALONE_DEALS  64                           /* fewer deals are not worth a process */
#define GHOST        UINT64_C(0x6C62272E07BB0142) /* seed of what the responder imagines */
#define TO_DECIDE    0                            /* draws of boards: for the responder ... */
#define TO_SCORE     1  /* ... and for the score, which must not know his luck */
#define LEARN_MIN    40 /* deals: a tenth of those to be played, within bounds */
#define LEARN_MAX    200
#define ACTIONS_MAX  256 /* of a state; a tree that has more is cut short */

/* Kinds of luck, each with mean 0. */
enum luck { OWN_CARDS, OTHERS_ACTIONS, BOARDS, KINDS };

struct score {   /* of a hand, chips of the responder */
    double base; /* against all hands that the other may have held */
    double luck[KINDS];
    double plain;
};

struct play { /* a hand being played, in whatever process */
    struct hb_lbr *l;
    void (*tell)(void *ctx, const struct hb_lbr *l);
    void *tell_ctx;
    struct hb_hands hands;
    struct hb_betting bets[2]; /* the sizes, up to HB_SIZES_MAX each */
    struct hb_mix mix, ghost;
    struct hb_matchstate m;
    struct hb_spot spot;
    int me, other;                                    /* positions */
    double belief[HB_HANDS_MAX], truth[HB_HANDS_MAX]; /* of the other's hand; sum to 1 */
    double decide[HB_HANDS_MAX], score[HB_HANDS_MAX]; /* equities against it */
    double left[HB_HANDS_MAX];
    double factor[KINDS];
};

/* ---- open ---- */

/* Whether the text is a name; then its sizes. */
static bool name_sizes(const char *text, struct hb_lbr_options *o)
{
    uint32_t num = 100; /* thousandths of the pot */

    o->tree = strcmp(text, "tree") == 0;
    if (o->tree || strcmp(text, "fc") == 0)
        return true;
    if (strcmp(text, "fcpa") == 0) {
        o->size[o->n_sizes++] = (struct hb_bet_size){.num = 1, .den = 1};
        o->size[o->n_sizes++] = (struct hb_bet_size){.allin = true};
        return true;
    }
    if (strcmp(text, "many") != 0)
        return false;
    for (int i = 0; i < 55; i++, num += num / 10) /* each a tenth larger */
        o->size[o->n_sizes++] = (struct hb_bet_size){.num = num, .den = 1000};
    o->size[o->n_sizes++] = (struct hb_bet_size){.allin = true};
    return true;
}

/* Ascending, all-in last. */
static int by_size(const void *a, const void *b)
{
    const struct hb_bet_size *x = a;
    const struct hb_bet_size *y = b;
    uint64_t left = (uint64_t)x->num * y->den;
    uint64_t right = (uint64_t)y->num * x->den;

    if (x->allin || y->allin)
        return x->allin - y->allin;
    return (left > right) - (left < right);
}

int hb_lbr_sizes(const char *text, struct hb_lbr_options *o, struct hb_err *e)
{
    o->n_sizes = 0;
    if (name_sizes(text, o))
        return HB_OK;
    for (;;) {
        size_t n = strcspn(text, ",");
        struct hb_err why = {0};
        char word[16];

        if (n >= sizeof word || o->n_sizes == HB_LBR_SIZES)
            return hb_fail(e, HB_EUSAGE, "'%.60s': at most %d sizes such as 0.5 or allin", text,
                           HB_LBR_SIZES);
        memcpy(word, text, n);
        word[n] = '\0';
        if (hb_bet_size_parse(word, &o->size[o->n_sizes++], &why) != HB_OK)
            return hb_fail(e, HB_EUSAGE, "%s", why.msg);
        if (text[n] == '\0')
            break;
        text += n + 1;
    }
    qsort(o->size, (size_t)o->n_sizes, sizeof *o->size, by_size);
    return HB_OK;
}

static int check_game(const struct hb_lbr *l, struct hb_err *e)
{
    if (l->rules.n_players != 2)
        return hb_fail(e, HB_EUSAGE, "local best response is for two players, '%s' is for %d",
                       l->game_name, l->rules.n_players);
    if (l->o.from >= l->rules.deck.n_streets)
        return hb_fail(e, HB_EUSAGE, "'%s' has no %s to respond from", l->game_name,
                       hb_street_name(l->o.from));
    return HB_OK;
}

int hb_lbr_open(const char *name, const struct hb_lbr_options *o, struct hb_lbr *l,
                struct hb_err *e)
{
    const struct hb_player_options po = {.config = o->config,
                                         .game = o->game,
                                         .buckets = o->buckets,
                                         .seed = o->seed,
                                         .checkpoints = true};
    int rc;

    memset(l, 0, sizeof *l);
    if ((rc = hb_player_open(name, &po, &l->player, e)) != HB_OK)
        return rc;
    l->o = *o;
    l->rules = l->player.rules;
    memcpy(l->game_name, l->player.game_name, sizeof l->game_name);
    l->n_deals = (o->n_hands + 1) / 2;
    if ((rc = check_game(l, e)) != HB_OK)
        hb_lbr_close(l);
    return rc;
}

void hb_lbr_close(struct hb_lbr *l)
{
    hb_player_close(&l->player);
    memset(l, 0, sizeof *l);
}

/* ---- what a state is worth ---- */

/* Chips of each side that are at stake once the last bet is called. */
static double stake(const struct play *p, const struct hb_state *s)
{
    const int32_t *stack = p->l->rules.stack;
    int32_t to = s->max_spent;

    to = to < stack[0] ? to : stack[0];
    to = to < stack[1] ? to : stack[1];
    if (s->finished) /* what is beyond the smaller one goes back */
        to = s->spent[0] < s->spent[1] ? s->spent[0] : s->spent[1];
    return to;
}

static double equity_of(const struct play *p, const double *range, const double *equity)
{
    return hb_ranges_dot(p->spot.live, p->spot.n_live, range, equity);
}

/* What the responder wins at a state if nobody bets any more: a guess, and the truth at its end. */
static double worth(const struct play *p, const struct hb_state *s, double equity)
{
    double called = stake(p, s) * (2 * equity - 1);

    if ((s->folded >> p->me & 1) != 0)
        return -s->spent[p->me];
    if ((s->folded >> p->other & 1) != 0)
        return s->spent[p->other];
    if (!s->finished && s->actor == p->me && -s->spent[p->me] > called)
        return -s->spent[p->me];
    return called;
}

/* ---- the responder ---- */

/* Every action of a betting abstraction. */
static int list_kept(const struct play *p, const struct hb_betting *b, hb_act *act)
{
    int n = hb_betting_actions(&p->l->rules, b, &p->m.state, act, ACTIONS_MAX);

    return n > 0 ? n : 0;
}

/* Those of the strategy's own tree at the responder's decision, as the strategy understands it. */
static int list_tree(struct play *p, hb_act *act)
{
    const struct hb_player *player = &p->l->player;
    const struct hb_node *at;
    struct hb_follow f;

    if (player->fixed)
        return list_kept(p, &player->betting, act);
    p->m.position = p->other;
    if (!hb_player_locate(player, &p->m, &f))
        return 0;
    at = &player->tree->node[f.node];
    for (int i = 0; i < at->n_actions && i < ACTIONS_MAX; i++)
        act[i] = player->tree->act[at->edge + (uint32_t)i];
    return at->n_actions < ACTIONS_MAX ? at->n_actions : ACTIONS_MAX;
}

/* What the responder considers: fold where he may, call, and bets. */
static int list_actions(struct play *p, hb_act *act)
{
    int n = 0;

    if (p->m.state.street >= p->l->o.from) {
        if (p->l->o.tree && (n = list_tree(p, act)) > 0)
            return n;
        if (hb_state_can_fold(&p->l->rules, &p->m.state))
            act[n++] = HB_ACT_FOLD;
    }
    act[n++] = HB_ACT_CALL;
    for (int half = 0; half < 2; half++) {
        hb_act kept[ACTIONS_MAX];
        int n_kept = p->m.state.street < p->l->o.from || p->bets[half].street[0].n_sizes == 0
                         ? 0
                         : list_kept(p, &p->bets[half], kept);

        for (int i = 0; i < n_kept; i++)
            if (kept[i] > act[n - 1]) /* ascending, and the second half is larger */
                act[n++] = kept[i];
    }
    return n;
}

/* Take an action for a moment and look at what the other does next, as the responder imagines him. */
static int imagine(struct play *p, hb_act act, double *folds, double *wp, struct hb_err *e)
{
    const struct hb_state before = p->m.state;
    double stays = 0;
    int rc = hb_matchstate_act(&p->l->rules, &p->m, act, e);

    if (rc != HB_OK)
        return rc;
    memcpy(p->left, p->belief, sizeof p->left);
    *folds = 0;
    if (!p->m.state.finished) {
        p->m.position = p->other;
        hb_player_reseed(&p->l->player, p->l->o.seed ^ GHOST);
        rc = hb_mix_at(&p->ghost, &p->l->player, &p->m, &p->hands, p->spot.live, p->spot.n_live, e);
        hb_player_reseed(&p->l->player, p->l->o.seed);
        for (unsigned a = 0; a < p->ghost.n && p->ghost.act[a] == HB_ACT_FOLD; a++)
            for (int i = 0; i < p->spot.n_live; i++)
                p->left[p->spot.live[i]] *=
                    1 - p->ghost.prob[(size_t)a * HB_HANDS_MAX + p->spot.live[i]];
    }
    for (int i = 0; i < p->spot.n_live; i++)
        stays += p->left[p->spot.live[i]];
    *folds = stays < 1 ? 1 - stays : 0;
    *wp = stays > 0 ? equity_of(p, p->left, p->decide) / stays : 0;
    p->m.n_acts--;
    p->m.state = before;
    return rc;
}

/* Chips beyond those of a fold, if nobody bets after it. */
static int value_of(struct play *p, hb_act act, double *value, struct hb_err *e)
{
    const struct hb_state *s = &p->m.state;
    double pot = s->spent[0] + s->spent[1];
    struct hb_state after = *s;
    double folds = 0;
    double wp = equity_of(p, p->belief, p->decide);
    double called;
    int rc;

    *value = 0;
    if (act == HB_ACT_FOLD)
        return HB_OK;
    if (act > HB_ACT_CALL && (rc = imagine(p, act, &folds, &wp, e)) != HB_OK)
        return rc;
    hb_state_act(&p->l->rules, &after, act);
    called = stake(p, &after);
    *value = folds * pot + (1 - folds) * (wp * (pot + called - s->spent[p->other]) -
                                          (1 - wp) * (called - s->spent[p->me]));
    return HB_OK;
}

/* Algorithm 1 of the paper: the best action; of equals the quietest, whatever the rounding. */
static int respond(struct play *p, hb_act *out, struct hb_err *e)
{
    hb_act act[2 * ACTIONS_MAX];
    int n = list_actions(p, act);
    double best = 0;

    for (int i = 0; i < n; i++) {
        double value;
        int rc = value_of(p, act[i], &value, e);

        if (rc != HB_OK)
            return rc;
        if (i == 0 || value > best + 1e-9) {
            best = value;
            *out = act[i];
        }
    }
    return HB_OK;
}

/* ---- the other ---- */

static const double *prob_of(const struct hb_mix *x, hb_act act)
{
    for (unsigned a = 0; a < x->n; a++)
        if (x->act[a] == act)
            return x->prob + (size_t)a * HB_HANDS_MAX;
    return NULL;
}

/* A range after an action of these probabilities; as it was when it cannot have been. */
static void update(const struct play *p, double *range, const double *prob)
{
    double after[HB_HANDS_MAX];
    double sum = 0;

    for (int i = 0; i < p->spot.n_live && prob != NULL; i++) {
        after[p->spot.live[i]] = range[p->spot.live[i]] * prob[p->spot.live[i]];
        sum += after[p->spot.live[i]];
    }
    for (int i = 0; i < p->spot.n_live && sum > 0; i++)
        range[p->spot.live[i]] = after[p->spot.live[i]] / sum;
}

/* Expected worth over the other's actions, less that of the one he takes. */
static double correct_action(struct play *p, hb_act took)
{
    double sum = 0;
    double was = 0;

    for (unsigned a = 0; a < p->mix.n; a++) {
        const double *prob = p->mix.prob + (size_t)a * HB_HANDS_MAX;
        struct hb_state after = p->m.state;
        double likely = hb_ranges_dot(p->spot.live, p->spot.n_live, p->truth, prob);
        double value;

        if (!(likely > 0))
            continue;
        for (int i = 0; i < p->spot.n_live; i++)
            p->left[p->spot.live[i]] = p->truth[p->spot.live[i]] * prob[p->spot.live[i]];
        hb_state_act(&p->l->rules, &after, p->mix.act[a]);
        value = worth(p, &after, equity_of(p, p->left, p->score) / likely);
        sum += likely * value;
        if (p->mix.act[a] == took)
            was = value;
    }
    return sum - was;
}

/* The other acts; both ranges follow. */
static int take_answer(struct play *p, hb_act *act, double *luck, struct hb_err *e)
{
    struct hb_player *player = &p->l->player;
    int rc;

    p->m.position = p->other;
    if ((rc = hb_player_answer(player, &p->m, act, e)) != HB_OK ||
        (rc = hb_mix_at(&p->mix, player, &p->m, &p->hands, p->spot.live, p->spot.n_live, e)) !=
            HB_OK)
        return rc;
    hb_player_reseed(player, p->l->o.seed ^ GHOST);
    rc = hb_mix_at(&p->ghost, player, &p->m, &p->hands, p->spot.live, p->spot.n_live, e);
    hb_player_reseed(player, p->l->o.seed);
    if (rc != HB_OK)
        return rc;
    *luck += correct_action(p, *act);
    update(p, p->truth, prob_of(&p->mix, *act));
    update(p, p->belief, prob_of(&p->ghost, *act));
    return HB_OK;
}

/* ---- a hand ---- */

/* Equities on the board as it lies, and ranges without its cards. */
static void look_at_board(struct play *p)
{
    const struct hb_deck *deck = &p->l->rules.deck;
    const uint8_t *own = p->m.own[p->me];
    uint32_t stream = 2 * p->m.state.street;
    uint64_t iteration = (UINT64_C(1) << 47) + p->m.hand;

    hb_spot_init(&p->spot, &p->hands, p->m.board, deck->n_board[p->m.state.street],
                 p->m.state.street);
    (void)hb_ranges_normalise(&p->hands, p->spot.live, p->spot.n_live, p->belief);
    (void)hb_ranges_normalise(&p->hands, p->spot.live, p->spot.n_live, p->truth);
    if (hb_runout_equity(deck, &p->hands, &p->spot, own, DRAWN_BOARDS, p->l->o.seed, iteration,
                         stream + TO_DECIDE, p->decide))
        memcpy(p->score, p->decide, sizeof p->score);
    else
        (void)hb_runout_equity(deck, &p->hands, &p->spot, own, DRAWN_BOARDS, p->l->o.seed,
                               iteration, stream + TO_SCORE, p->score); /* drawn again */
}

static void begin(struct play *p, uint64_t deal, uint32_t hand)
{
    uint64_t own;

    hb_hand_deal(&p->l->rules, p->l->o.seed, deal, hand, &p->m);
    p->me = hb_hand_position(2, 0, hand);
    p->other = 1 - p->me;
    own = hb_set_of(p->m.own[p->me], p->hands.n_own);
    for (int h = 0; h < p->hands.n; h++)
        p->belief[h] = p->truth[h] = (p->hands.mask[h] & own) == 0;
    look_at_board(p);
}

/* Chips that the responder would win if all called to the end. */
static double called_down(const struct play *p)
{
    return stake(p, &p->m.state) * (2 * equity_of(p, p->truth, p->score) - 1);
}

/* Play a hand to its end. */
static int play_hand(struct play *p, uint64_t deal, uint32_t hand, struct score *s,
                     struct hb_err *e)
{
    const struct hb_rules *r = &p->l->rules;
    double win[HB_PLAYERS_MAX];
    int rc = HB_OK;

    memset(s, 0, sizeof *s);
    begin(p, deal, hand);
    s->luck[OWN_CARDS] = -called_down(p); /* over all own cards the mean is 0: both have the same */
    while (rc == HB_OK && !p->m.state.finished) {
        int street = p->m.state.street;
        hb_act act = HB_ACT_CALL;

        if (p->m.state.actor == p->me)
            rc = respond(p, &act, e);
        else
            rc = take_answer(p, &act, &s->luck[OTHERS_ACTIONS], e);
        if (rc != HB_OK || (rc = hb_matchstate_act(r, &p->m, act, e)) != HB_OK)
            return rc;
        if (p->m.state.finished || p->m.state.street == street)
            continue;
        s->luck[BOARDS] += called_down(p);
        look_at_board(p);
        s->luck[BOARDS] -= called_down(p);
    }
    s->base = worth(p, &p->m.state, equity_of(p, p->truth, p->score));
    hb_hand_win(r, &p->m, win);
    s->plain = win[p->me];
    return rc;
}

/* The mean over both seats of a deal; its hands are numbered from `hand` on. */
static int play_seats(struct play *p, uint64_t deal, uint32_t hand, struct score *mean,
                      struct hb_err *e)
{
    struct score s;
    int rc = HB_OK;

    memset(mean, 0, sizeof *mean);
    for (uint32_t k = 0; k < 2 && rc == HB_OK; k++) {
        rc = play_hand(p, deal, hand + k, &s, e);
        mean->base += s.base / 2;
        mean->plain += s.plain / 2;
        for (int i = 0; i < KINDS; i++)
            mean->luck[i] += s.luck[i] / 2;
    }
    return rc;
}

/* hb_deals */
static int play_deal(void *ctx, uint64_t deal, double *number, struct hb_buf *log, struct hb_err *e)
{
    struct play *p = ctx;
    struct score s;
    int rc = play_seats(p, deal, (uint32_t)(2 * deal), &s, e);

    (void)log;
    number[0] = s.base;
    number[1] = s.plain;
    for (int i = 0; i < KINDS; i++)
        number[0] += p->factor[i] * s.luck[i];
    return rc;
}

/* hb_deals */
static void pass_tell(void *ctx)
{
    const struct play *p = ctx;

    if (p->tell != NULL)
        p->tell(p->tell_ctx, p->l);
}

/* ---- factors ---- */

/* Solve a x = b by elimination; an unknown that nothing depends on stays 1. */
static void solve(double a[KINDS][KINDS + 1], double *x)
{
    for (int i = 0; i < KINDS; i++) {
        double whole = a[i][i]; /* a variance: what is left of it after others were taken out */

        for (int k = 0; k < i; k++) {
            double f = a[k][k] > 0 ? a[i][k] / a[k][k] : 0;

            for (int c = 0; c <= KINDS; c++)
                a[i][c] -= f * a[k][c];
        }
        if (a[i][i] < 1e-6 * whole) /* the others say it all */
            a[i][i] = 0;
    }
    for (int i = KINDS - 1; i >= 0; i--) {
        double b = a[i][KINDS];

        for (int k = i + 1; k < KINDS; k++)
            b -= a[i][k] * x[k];
        x[i] = a[i][i] > 0 ? b / a[i][i] : 1;
    }
}

/* Least squares: the factors that leave the smallest spread of base + factor * luck. */
static void fit(const struct score *s, int n, double *factor)
{
    double a[KINDS][KINDS + 1] = {{0}};
    struct score mean = {0};

    for (int k = 0; k < n; k++) {
        mean.base += s[k].base / n;
        for (int i = 0; i < KINDS; i++)
            mean.luck[i] += s[k].luck[i] / n;
    }
    for (int k = 0; k < n; k++)
        for (int i = 0; i < KINDS; i++) {
            double d = s[k].luck[i] - mean.luck[i];

            for (int c = 0; c < KINDS; c++)
                a[i][c] += d * (s[k].luck[c] - mean.luck[c]);
            a[i][KINDS] -= d * (s[k].base - mean.base);
        }
    solve(a, factor);
}

/* Fit the factors to deals that are not played again. */
static int learn(struct play *p, struct hb_err *e)
{
    uint64_t want = p->l->n_deals / 10;
    struct score s[LEARN_MAX];
    int n = 0;
    int rc = HB_OK;

    want = want < LEARN_MIN ? LEARN_MIN : want > LEARN_MAX ? LEARN_MAX : want;
    for (; (uint64_t)n < want && rc == HB_OK; n++) {
        uint64_t deal = HB_DEALS_LEARN + (uint64_t)n;

        rc = play_seats(p, deal, HB_HANDS_MATCH + 2 * (uint32_t)n, &s[n], e);
        p->l->n_learned += 2;
        pass_tell(p);
    }
    if (rc != HB_OK)
        return rc;
    fit(s, n, p->factor);
    return HB_OK;
}

static void set_bets(struct play *p)
{
    const struct hb_lbr_options *o = &p->l->o;

    for (int half = 0; half < 2; half++)
        for (int street = 0; street < HB_STREETS; street++) {
            struct hb_betting_street *s = &p->bets[half].street[street];

            *s = (struct hb_betting_street){.max_raises = -1, .limp = true, .given = true};
            for (int i = half * HB_SIZES_MAX; i < o->n_sizes && i < (half + 1) * HB_SIZES_MAX; i++)
                s->size[s->n_sizes++] = o->size[i];
        }
}

int hb_lbr_run(struct hb_lbr *l, void (*tell)(void *ctx, const struct hb_lbr *l), void *ctx,
               struct hb_err *e)
{
    struct play *p = NULL;
    int rc = hb_mem_new(&p, 1, sizeof *p, "a responder", e);
    const struct hb_deals d = {.ctx = p,
                               .n_deals = l->n_deals,
                               .n_numbers = 2,
                               .alone = ALONE_DEALS,
                               .n_workers = l->o.n_workers,
                               .play = play_deal,
                               .tell = pass_tell};

    if (rc != HB_OK)
        return rc;
    p->l = l;
    p->tell = tell;
    p->tell_ctx = ctx;
    hb_hands_init(&p->hands, &l->rules.deck);
    set_bets(p);
    if ((rc = hb_mix_init(&p->mix, &l->player, e)) == HB_OK &&
        (rc = hb_mix_init(&p->ghost, &l->player, e)) == HB_OK && (rc = learn(p, e)) == HB_OK)
        rc = hb_deals_run(&d, l->chips, e);
    hb_mix_fini(&p->mix);
    hb_mix_fini(&p->ghost);
    hb_mem_free(p);
    return rc;
}
