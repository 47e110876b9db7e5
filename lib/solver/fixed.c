#include <string.h>

#include "solver/exploit.h"

/* Every pure one takes its lowest action that is at least this one, or the last there is. */
static hb_act lowest_act(enum hb_fixed_kind kind)
{
    switch (kind) {
    case HB_FIXED_FOLD: return HB_ACT_FOLD; /* with nothing to call the first is a check */
    case HB_FIXED_RAISE: return HB_ACT_CALL + 1;
    case HB_FIXED_CALL:
    case HB_FIXED_UNIFORM: return HB_ACT_CALL;
    }
    return HB_ACT_CALL;
}

void hb_fixed_strategy(void *ctx, uint32_t node, const uint8_t *cards, double *prob)
{
    const struct hb_fixed *f = ctx;
    const struct hb_node *at = &f->tree->node[node];
    const hb_act *act = f->tree->act + at->edge;
    int n = at->n_actions;
    int taken = 0;

    (void)cards;
    while (taken < n - 1 && act[taken] < lowest_act(f->kind))
        taken++;
    for (int i = 0; i < n; i++)
        prob[i] = f->kind == HB_FIXED_UNIFORM ? 1.0 / n : i == taken;
}

int hb_fixed_parse(const char *name, enum hb_fixed_kind *kind, struct hb_err *e)
{
    static const struct {
        const char *name;
        enum hb_fixed_kind kind;
    } known[] = {{"@uniform", HB_FIXED_UNIFORM},
                 {"@call", HB_FIXED_CALL},
                 {"@fold", HB_FIXED_FOLD},
                 {"@raise", HB_FIXED_RAISE}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0) {
            *kind = known[i].kind;
            return HB_OK;
        }
    return hb_fail(e, HB_EUSAGE, "no fixed strategy '%s': there are @uniform @call @fold @raise",
                   name);
}
