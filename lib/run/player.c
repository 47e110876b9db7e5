#include "run/player.h"

#include <string.h>

#include "abstraction/hba.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/rng.h"
#include "cards/eval.h"
#include "cards/sets.h"
#include "run/config.h"

/* ---- open and close ---- */

static int check_fixed(const char *name, const struct hb_player_options *o, struct hb_err *e)
{
    if ((o->config != NULL) + (o->game != NULL) + (o->like != NULL) != 1)
        return hb_fail(e, HB_EUSAGE, "'%s' needs --config FILE or --game FILE%s", name,
                       o->game ? ", not both" : " to know what it plays");
    if (o->buckets != NULL || o->purify || o->threshold > 0)
        return hb_fail(e, HB_EUSAGE, "'%s' looks at no cards and is what it is: --%s is of no use",
                       name,
                       o->buckets  ? "buckets"
                       : o->purify ? "purify"
                                   : "threshold");
    return HB_OK;
}

static void set_fixed(struct hb_player *p, const struct hb_rules *r, const struct hb_betting *b,
                      const char *game_name)
{
    p->fixed = true;
    p->rules = *r;
    p->betting = *b;
    memcpy(p->game_name, game_name, sizeof p->game_name);
}

static int open_fixed(const char *name, struct hb_player *p, struct hb_err *e)
{
    const struct hb_player_options *o = &p->o;
    struct hb_config *c = NULL;
    int rc;

    if ((rc = hb_fixed_parse(name, &p->kind, e)) != HB_OK ||
        (rc = check_fixed(name, o, e)) != HB_OK)
        return rc;
    if (o->like != NULL) {
        set_fixed(p, &o->like->rules, &o->like->betting, o->like->game_name);
        return HB_OK;
    }
    if ((rc = hb_mem_new(&c, 1, sizeof *c, "configuration", e)) != HB_OK)
        return rc;
    rc = o->config ? hb_config_load(o->config, c, e) : hb_config_from_game(o->game, c, e);
    if (rc == HB_OK)
        set_fixed(p, &c->rules, &c->betting, c->game_name);
    hb_mem_free(c);
    return rc;
}

static bool needs_file(const struct hb_spec *s)
{
    for (int i = 0; i < HB_STREETS; i++)
        if (s->street[i].kind != HB_BUCKETS_NONE && s->street[i].kind != HB_BUCKETS_IDENTITY)
            return true;
    return false;
}

/* Marks for the chunks of each map that are verified. */
static int mark_maps(struct hb_player *p, struct hb_err *e)
{
    int rc;

    for (int i = 0; p->buckets.file != NULL && i < HB_STREETS; i++) {
        if (hb_hba_width(p->buckets.street[i].kind) == 0)
            continue;
        if ((rc = hb_creader_section(p->buckets.file, hb_hba_section(i), &p->map[i], e)) != HB_OK ||
            (rc = hb_mem_new(&p->seen[i], p->map[i].n_chunks / 8 + 1, 1, "chunk marks", e)) !=
                HB_OK)
            return rc;
    }
    return HB_OK;
}

static int open_buckets(struct hb_player *p, struct hb_err *e)
{
    const struct hb_spec *s = p->spec;
    const char *given = p->o.buckets;
    struct hb_err first = {0};
    bool quick = given == NULL || needs_file(s);
    int rc = hb_spec_open_buckets(s, given, quick, &p->buckets, &first);

    if (rc == HB_EIDENTITY && given != NULL && quick) /* the same buckets in another file? */
        rc = hb_spec_open_buckets(s, given, false, &p->buckets, e);
    else if (rc != HB_OK)
        (void)hb_fail(e, rc, "%s", first.msg); /* keeps rc */
    if (rc == HB_ENOINPUT && given == NULL)
        return hb_context(e, rc, "the blueprint's buckets (--buckets FILE says where they are)");
    if (rc != HB_OK)
        return rc;
    p->buckets_open = true;
    return mark_maps(p, e);
}

/* Blueprints alone: say what else it is, and how one is made of a checkpoint. */
static int open_no_checkpoint(const char *name, struct hb_player *p, struct hb_err *e)
{
    struct hb_checkpoint c = {0};
    const bool is_one = strcmp(name, "-") != 0 && hb_checkpoint_open(name, &c, NULL) == HB_OK;

    hb_checkpoint_close(&c);
    if (!is_one)
        return hb_blueprint_open(name, &p->strategy.blueprint, e);
    return hb_fail(e, HB_EFORMAT,
                   "'%s' is a checkpoint, not a blueprint; hb-ckpt export '%s' --blueprint FILE "
                   "makes one of it",
                   name, name);
}

static int open_trained(const char *name, struct hb_player *p, struct hb_err *e)
{
    const struct hb_strategy_options rows_only = {0};
    int rc;

    if (p->o.config != NULL || p->o.game != NULL)
        return hb_fail(e, HB_EUSAGE,
                       "--%s goes with a fixed strategy such as @uniform; '%s' names its own game",
                       p->o.config ? "config" : "game", name);
    if (!p->o.checkpoints && !hb_blueprint_is(name))
        return open_no_checkpoint(name, p, e);
    if ((rc = hb_strategy_open(name, &rows_only, &p->strategy, e)) != HB_OK ||
        (p->strategy.counted &&
         (rc = hb_strategy_preload(&p->strategy, hb_os_memory_bytes() / 2, e)) != HB_OK))
        return rc;
    p->spec = &p->strategy.spec;
    p->tree = p->strategy.tree;
    p->rules = p->spec->rules;
    memcpy(p->game_name, p->spec->game_name, sizeof p->game_name);
    if ((rc = hb_mem_new(&p->row, hb_tree_widest(p->tree), sizeof *p->row, "a row", e)) != HB_OK)
        return rc;
    return open_buckets(p, e);
}

int hb_player_open(const char *name, const struct hb_player_options *o, struct hb_player *p,
                   struct hb_err *e)
{
    int rc;

    memset(p, 0, sizeof *p);
    p->o = *o;
    rc = name[0] == '@' ? open_fixed(name, p, e) : open_trained(name, p, e);
    if (rc != HB_OK)
        hb_player_close(p);
    return rc;
}

void hb_player_close(struct hb_player *p)
{
    for (int i = 0; i < HB_STREETS; i++)
        hb_mem_free(p->seen[i]);
    if (p->buckets_open)
        hb_buckets_fini(&p->buckets);
    hb_mem_free(p->row);
    hb_strategy_close(&p->strategy);
    memset(p, 0, sizeof *p);
}

void hb_player_reseed(struct hb_player *p, uint64_t seed)
{
    p->o.seed = seed;
}

/* ---- choosing ---- */

/* Keep the largest alone, the first of equals. */
static void keep_largest(uint16_t *prob, unsigned n)
{
    unsigned best = 0;

    for (unsigned a = 1; a < n; a++)
        if (prob[a] > prob[best])
            best = a;
    for (unsigned a = 0; a < n; a++)
        prob[a] = a == best ? (uint16_t)HB_BLUEPRINT_ONE : 0;
}

/* Take away what purify and threshold do; the sum of what is left. */
static uint32_t prune(uint16_t *prob, unsigned n, bool purify, double threshold)
{
    uint16_t top = 0;
    uint32_t total = 0;

    for (unsigned i = 0; i < n; i++)
        top = prob[i] > top ? prob[i] : top;
    if (purify || top < threshold * HB_BLUEPRINT_ONE)
        keep_largest(prob, n);
    for (unsigned i = 0; i < n; i++) {
        if (prob[i] < threshold * HB_BLUEPRINT_ONE)
            prob[i] = 0;
        total += prob[i];
    }
    return total;
}

unsigned hb_player_choose(uint16_t *prob, unsigned n, bool purify, double threshold, uint32_t bits)
{
    uint32_t at = hb_rng_below(bits, prune(prob, n, purify, threshold));
    unsigned a = 0;

    while (a < n - 1 && at >= prob[a])
        at -= prob[a++];
    return a;
}

/* Random bits: of the action itself, and of what it stands for in the tree. */
struct bits {
    uint32_t action, meaning;
};

static struct bits bits_of(const struct hb_player *p, const struct hb_matchstate *m, int i)
{
    uint32_t out[4];

    hb_rng_block(p->o.seed, m->hand, (unsigned)m->position, HB_RNG_TOOL, (uint32_t)i, out);
    return (struct bits){out[0], out[1]};
}

/* ---- fixed strategies ---- */

static hb_act any_size(const struct hb_rules *r, const struct hb_state *s, uint32_t bits)
{
    bool fold = hb_state_can_fold(r, s);
    int32_t min_to = 1;
    int32_t max_to = 0;
    uint32_t i;

    if (!hb_state_can_raise(r, s, &min_to, &max_to)) {
        min_to = 1;
        max_to = 0;
    }
    i = hb_rng_below(bits, (uint32_t)(max_to - min_to + 1) + 1u + fold);
    if (fold && i == 0)
        return HB_ACT_FOLD;
    i -= fold;
    return i == 0 ? HB_ACT_CALL : min_to + (int32_t)i - 1;
}

/* Every legal size is played, and may be too many to list. */
static bool takes_any_size(const struct hb_player *p)
{
    return p->kind == HB_FIXED_UNIFORM && p->betting.every_size && p->rules.no_limit;
}

static int any_size_actions(const struct hb_rules *r, const struct hb_state *s, hb_act *act,
                            int cap)
{
    int32_t min_to = 1;
    int32_t max_to = 0;
    int n = 0;

    if (!hb_state_can_raise(r, s, &min_to, &max_to)) {
        min_to = 1;
        max_to = 0;
    }
    if (max_to - min_to + 3 > cap)
        return 0;
    if (hb_state_can_fold(r, s))
        act[n++] = HB_ACT_FOLD;
    act[n++] = HB_ACT_CALL;
    for (int32_t to = min_to; to <= max_to; to++)
        act[n++] = to;
    return n;
}

/* The smallest raise that this player makes, else a call. */
static hb_act smallest_raise(const struct hb_player *p, const struct hb_state *s)
{
    hb_act act[HB_SIZES_MAX + 4];
    int32_t min_to;
    int32_t max_to;
    int n;

    if (p->betting.every_size && p->rules.no_limit)
        return hb_state_can_raise(&p->rules, s, &min_to, &max_to) ? min_to : HB_ACT_CALL;
    n = hb_betting_actions(&p->rules, &p->betting, s, act, HB_SIZES_MAX + 4);
    for (int i = 0; i < n; i++)
        if (act[i] > HB_ACT_CALL)
            return act[i];
    return HB_ACT_CALL;
}

int hb_player_fixed_actions(const struct hb_player *p, const struct hb_state *s, hb_act *act,
                            int cap)
{
    int n;

    if (takes_any_size(p))
        return any_size_actions(&p->rules, s, act, cap);
    if (p->kind == HB_FIXED_UNIFORM) {
        n = hb_betting_actions(&p->rules, &p->betting, s, act, cap);
        if (n > 0)
            return n;
    }
    act[0] = HB_ACT_CALL; /* also where the configuration has no action */
    if (p->kind == HB_FIXED_FOLD && hb_state_can_fold(&p->rules, s))
        act[0] = HB_ACT_FOLD;
    if (p->kind == HB_FIXED_RAISE)
        act[0] = smallest_raise(p, s);
    return 1;
}

static hb_act answer_fixed(const struct hb_player *p, const struct hb_state *s, uint32_t bits)
{
    hb_act act[HB_SIZES_MAX + 4];
    int n;

    if (takes_any_size(p))
        return any_size(&p->rules, s, bits);
    n = hb_player_fixed_actions(p, s, act, HB_SIZES_MAX + 4);
    return act[hb_rng_below(bits, (uint32_t)n)];
}

/* ---- blueprints ---- */

/* Verify the chunk of a map that holds `at`. */
static int need_chunk(struct hb_player *p, int street, uint64_t at, struct hb_err *e)
{
    uint64_t chunk = at / HB_CHUNK_MAX;
    uint8_t byte;
    int rc;

    if ((p->seen[street][chunk / 8] >> chunk % 8 & 1) != 0)
        return HB_OK;
    rc = hb_creader_read(p->buckets.file, &p->map[street], chunk * HB_CHUNK_MAX, &byte, 1, e);
    if (rc != HB_OK)
        return hb_context(e, rc, "bucket file '%s'", p->buckets.path);
    p->seen[street][chunk / 8] |= (uint8_t)(1u << chunk % 8);
    return HB_OK;
}

int hb_player_bucket(struct hb_player *p, const struct hb_matchstate *m, const uint8_t *own,
                     uint32_t *bucket, struct hb_err *e)
{
    int street = m->state.street;
    const struct hb_buckets_street *st = &p->buckets.street[street];
    const struct hb_deck *deck = &p->rules.deck;
    uint8_t cards[HB_HAND_MAX];
    uint64_t hand;
    int rc;

    if (st->kind == HB_BUCKETS_NONE)
        return hb_fail(e, HB_EFORMAT, "the blueprint has no buckets on street %d", street + 1);
    memcpy(cards, own, (size_t)deck->n_hole);
    memcpy(cards + deck->n_hole, m->board, (size_t)deck->n_board[street]);
    hand = hb_iso_index(p->buckets.iso[st->sense], street, cards);
    if (p->seen[street] != NULL &&
        (rc = need_chunk(p, street, hand * hb_hba_width(st->kind), e)) != HB_OK)
        return rc;
    *bucket = hb_buckets_at(&p->buckets, street, hand);
    return HB_OK;
}

/* Verify the chunks that hold the hands of an open board. */
static int need_board(struct hb_player *p, int street, const struct hb_iso_view *view,
                      struct hb_err *e)
{
    uint64_t width = hb_hba_width(p->buckets.street[street].kind);
    uint64_t end = (view->first + view->n_hands) * width;
    int rc = HB_OK;

    if (p->seen[street] == NULL)
        return HB_OK;
    for (uint64_t at = view->first * width; rc == HB_OK && at < end;
         at = (at / HB_CHUNK_MAX + 1) * HB_CHUNK_MAX)
        rc = need_chunk(p, street, at, e);
    return rc;
}

int hb_player_buckets(struct hb_player *p, int street, const uint8_t *board,
                      const struct hb_hands *h, const uint16_t *live, int n_live, uint32_t *out,
                      struct hb_err *e)
{
    const struct hb_buckets_street *st = &p->buckets.street[street];
    struct hb_iso_view view;
    struct hb_matchstate m;
    int rc = HB_OK;

    for (int i = 0; i < n_live; i++)
        out[live[i]] = 0;
    if (st->kind == HB_BUCKETS_NONE || st->sense != HB_ISO_SET) {
        m.state.street = (uint8_t)street;
        memcpy(m.board, board, (size_t)p->rules.deck.n_board[street]);
        for (int i = 0; rc == HB_OK && i < n_live; i++)
            rc = hb_player_bucket(p, &m, h->card[live[i]], &out[live[i]], e);
        return rc;
    }
    hb_iso_view_open(p->buckets.iso[HB_ISO_SET], street, board, &view);
    if ((rc = need_board(p, street, &view, e)) != HB_OK)
        return rc;
    for (int i = 0; i < n_live; i++) {
        const uint8_t *own = h->card[live[i]];

        out[live[i]] =
            hb_buckets_at(&p->buckets, street, hb_iso_view_index(&view, own[0], own[h->n_own - 1]));
    }
    return HB_OK;
}

int hb_player_row(struct hb_player *p, uint32_t node, uint32_t bucket, uint16_t *prob,
                  struct hb_err *e)
{
    int rc = hb_strategy_quantised(&p->strategy, node, bucket, prob, e);

    if (rc == HB_OK)
        (void)prune(prob, p->tree->node[node].n_actions, p->o.purify, p->o.threshold);
    return rc;
}

/* The edge that the player's own action stands for. */
static unsigned own_edge(const struct hb_player *p, const struct hb_follow *f,
                         const struct hb_state *real, hb_act act, uint32_t bits)
{
    unsigned n = p->tree->node[f->node].n_actions;
    unsigned heard = hb_follow_edge(&p->rules, p->tree, f, real, act, bits);

    if (hb_follow_act(&p->rules, p->tree, f, real, heard) == act)
        return heard;
    for (unsigned edge = 0; edge < n; edge++)
        if (hb_follow_act(&p->rules, p->tree, f, real, edge) == act)
            return edge;
    return heard; /* not an action of this player */
}

/* Action number i was taken at `real`. */
static void follow(const struct hb_player *p, const struct hb_matchstate *m, struct hb_follow *f,
                   const struct hb_state *real, int i)
{
    uint32_t bits;
    unsigned edge;

    if (!hb_follow_sync(&p->rules, p->tree, f, real))
        return;
    bits = bits_of(p, m, i).meaning;
    if (real->actor == m->position)
        edge = own_edge(p, f, real, m->act[i], bits);
    else
        edge = hb_follow_edge(&p->rules, p->tree, f, real, m->act[i], bits);
    hb_follow_step(&p->rules, p->tree, f, edge);
}

bool hb_player_locate(const struct hb_player *p, const struct hb_matchstate *m, struct hb_follow *f)
{
    struct hb_state real;

    hb_follow_init(&p->rules, f);
    hb_state_init(&p->rules, &real);
    for (int i = 0; i < m->n_acts; i++) {
        follow(p, m, f, &real, i);
        hb_state_act(&p->rules, &real, m->act[i]);
    }
    return !real.finished && hb_follow_sync(&p->rules, p->tree, f, &real);
}

/* ---- where the tree has no decision ---- */

#define SHARE_DEALS 512u
#define DEAL_STREAM 0x80000000u /* apart from the numbers of actions; a deal takes up to 8 blocks */

/* Cards that this player does not see. */
static int unseen_cards(const struct hb_deck *d, const struct hb_matchstate *m, const uint8_t *own,
                        int n_board, uint8_t out[HB_CARDS])
{
    uint64_t seen = hb_set_of(own, d->n_hole) | hb_set_of(m->board, n_board);
    int n = hb_deck_cards(d, out);
    int left = 0;

    for (int i = 0; i < n; i++)
        if ((seen >> out[i] & 1) == 0)
            out[left++] = out[i];
    return left;
}

/* What the own cards win against those of the others, dealt to the front of `drawn` with the rest
 * of the board behind them: 1, 0, or a part of a tie. */
static double share_of(const struct hb_deck *d, const struct hb_matchstate *m, const uint8_t *own,
                       int n_board, const uint8_t *drawn, int n_others)
{
    int n_last = d->n_board[d->n_streets - 1];
    int n_ties = 1;
    uint8_t cards[HB_HAND_MAX];
    uint32_t mine;

    memcpy(cards, own, (size_t)d->n_hole);
    memcpy(cards + d->n_hole, m->board, (size_t)n_board);
    memcpy(cards + d->n_hole + n_board, drawn + n_others * d->n_hole, (size_t)(n_last - n_board));
    mine = hb_eval(cards, d->n_hole + n_last);
    for (int i = 0; i < n_others; i++) {
        uint32_t theirs;

        memcpy(cards, drawn + i * d->n_hole, (size_t)d->n_hole);
        theirs = hb_eval(cards, d->n_hole + n_last);
        if (theirs > mine)
            return 0;
        n_ties += theirs == mine;
    }
    return 1.0 / n_ties;
}

/* The share of the pot that the hand wins on average against uniform hands. */
double hb_player_share(const struct hb_player *p, const struct hb_matchstate *m, const uint8_t *own)
{
    const struct hb_deck *d = &p->rules.deck;
    int n_board = d->n_board[m->state.street];
    int n_others = hb_state_n_live(&p->rules, &m->state) - 1;
    uint8_t deck[HB_CARDS];
    int n_deck = unseen_cards(d, m, own, n_board, deck);
    double sum = 0;

    for (uint32_t k = 0; k < SHARE_DEALS; k++) {
        const struct hb_draw draw = {.seed = p->o.seed,
                                     .iteration = m->hand,
                                     .lane = (unsigned)m->position,
                                     .purpose = HB_RNG_TOOL,
                                     .index = DEAL_STREAM | k << 3};

        hb_draw_cards(&draw, deck, n_deck,
                      n_others * d->n_hole + d->n_board[d->n_streets - 1] - n_board);
        sum += share_of(d, m, own, n_board, deck, n_others);
    }
    return sum / SHARE_DEALS;
}

/* Check; call when that share is worth the price; else fold. */
hb_act hb_player_by_odds(const struct hb_player *p, const struct hb_matchstate *m, double share)
{
    const struct hb_rules *r = &p->rules;
    const struct hb_state *s = &m->state;
    int32_t to = s->max_spent < r->stack[s->actor] ? s->max_spent : r->stack[s->actor];
    int32_t price = to - s->spent[s->actor];
    double pot = price;

    if (!hb_state_can_fold(r, s))
        return HB_ACT_CALL;
    for (int i = 0; i < r->n_players; i++) /* what can be won */
        pot += s->spent[i] < to ? s->spent[i] : to;
    return share * pot >= price ? HB_ACT_CALL : HB_ACT_FOLD;
}

static int answer_trained(struct hb_player *p, const struct hb_matchstate *m, hb_act *out,
                          struct hb_err *e)
{
    const uint8_t *own = m->own[m->position];
    struct hb_follow f;
    uint32_t bucket = 0;
    unsigned edge;
    int rc;

    if (!hb_player_locate(p, m, &f)) {
        *out = HB_ACT_CALL; /* a check costs nothing */
        if (hb_state_can_fold(&p->rules, &m->state))
            *out = hb_player_by_odds(p, m, hb_player_share(p, m, own));
        return HB_OK;
    }
    if ((rc = hb_player_bucket(p, m, own, &bucket, e)) != HB_OK ||
        (rc = hb_strategy_quantised(&p->strategy, f.node, bucket, p->row, e)) != HB_OK)
        return rc;
    edge = hb_player_choose(p->row, p->tree->node[f.node].n_actions, p->o.purify, p->o.threshold,
                            bits_of(p, m, m->n_acts).action);
    *out = hb_follow_act(&p->rules, p->tree, &f, &m->state, edge);
    return HB_OK;
}

int hb_player_answer(struct hb_player *p, const struct hb_matchstate *m, hb_act *out,
                     struct hb_err *e)
{
    if (!p->fixed)
        return answer_trained(p, m, out, e);
    *out = answer_fixed(p, &m->state, bits_of(p, m, m->n_acts).action);
    return HB_OK;
}
