/* Questions a second that hb-show --serve answers, from a file of questions to /dev/null: one hand
 * and all hands of a hold'em street before the flop, after some actions. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../unit/kit.h"
#include "run/serve.h"
#include "store/checkpoint.h"

#define PATH      "build/bench-serve.hbc"
#define QUESTIONS "build/bench-serve.jsonl"

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int code(int rc)
{
    return rc;
}

/* Limit hold'em before the flop, checkpointed after some iterations. */
static int make(struct hb_err *e)
{
    struct hb_rules r = kit_game("holdem-limit");
    struct hb_params p = kit_params(HB_DISCOUNT_LINEAR, 1000, 1000);
    struct kit k;
    int rc;

    r.deck.n_streets = 1;
    kit_open(&k, &r, &p, 1);
    kit_run(&k, 2000);
    rc = hb_checkpoint_save(&k.table, PATH, 1, NULL, e);
    kit_close(&k);
    return rc;
}

static int ask(const char *name, const char *const *question, int n_questions, int n,
               struct hb_err *e)
{
    const struct hb_strategy_options none = {0};
    struct hb_strategy s;
    FILE *f = fopen(QUESTIONS, "w");
    int in = -1;
    int out = open("/dev/null", O_WRONLY);
    double t;
    int rc;

    if (f == NULL)
        return hb_fail_sys(e, HB_ESYS, "cannot write " QUESTIONS);
    for (int i = 0; i < n; i++)
        (void)fprintf(f, "%s\n", question[i % n_questions]);
    if (fclose(f) != 0 || (in = open(QUESTIONS, O_RDONLY)) < 0 || out < 0)
        return hb_fail_sys(e, HB_ESYS, "cannot read " QUESTIONS);
    if ((rc = hb_strategy_open(PATH, &none, &s, e)) == HB_OK) {
        t = cpu_s();
        rc = hb_serve(&s, in, out, code, e);
        t = cpu_s() - t;
        printf("{\"bench\":\"serve\",\"questions\":\"%s\",\"n\":%d,\"cpu_s\":%.3f,"
               "\"per_s\":%.0f}\n",
               name, n, t, n / t);
        hb_strategy_close(&s);
    }
    (void)close(in);
    (void)close(out);
    return rc;
}

int main(void)
{
    static const char *const one[] = {"{\"actions\":\"\",\"hand\":\"AhKh\"}",
                                      "{\"actions\":\"crr\",\"hand\":\"7d2c\",\"id\":17}",
                                      "{\"actions\":\"r\",\"hand\":\"5s5d\"}"};
    static const char *const all[] = {"{\"actions\":\"\"}", "{\"actions\":\"crr\"}"};
    struct hb_err e = {0};
    int rc;

    if ((rc = make(&e)) != HB_OK || (rc = ask("one hand", one, 3, 100000, &e)) != HB_OK ||
        (rc = ask("all hands", all, 2, 1000, &e)) != HB_OK)
        (void)fprintf(stderr, "bench: %s\n", e.msg);
    (void)unlink(PATH);
    (void)unlink(QUESTIONS);
    return rc != HB_OK;
}
