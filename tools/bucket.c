#include "bucket.h"

#include <stdio.h>
#include <string.h>

#include "abstraction/hba.h"
#include "base/io.h"
#include "base/json.h"
#include "game/rules.h"

#define GAME_FILE_MAX (1u << 20)

void bucket_deck_of_game(const char *path, struct hb_deck *deck)
{
    struct hb_err e = {0};
    struct hb_buf text = {0};
    struct hb_rules rules;

    if (hb_io_read_file(path, GAME_FILE_MAX, &text, &e) != HB_OK ||
        hb_rules_parse(&rules, (const char *)text.data, text.len, path, &e) != HB_OK)
        tool_die(&e, NULL);
    hb_buf_fini(&text);
    *deck = rules.deck;
}

int bucket_street(const struct tool_spec *spec, const char *name, const struct hb_deck *deck)
{
    int street = hb_street_parse(name);

    if (street < 0)
        tool_usage(spec, "'%s' is no street: preflop, flop, turn or river", name);
    if (street >= deck->n_streets)
        tool_usage(spec, "the game has no %s", name);
    return street;
}

void bucket_open_operand(const struct tool_spec *spec, const char *path, struct hb_buckets *b)
{
    struct hb_err e = {0};

    if (strcmp(path, "-") == 0)
        tool_usage(spec, "a bucket file is mapped: it cannot be read from a pipe");
    if (hb_buckets_open(path, NULL, b, &e) != HB_OK)
        tool_die(&e, NULL);
}

struct bucket_progress bucket_progress_of(int street, bool quiet)
{
    return (struct bucket_progress){
        tool_build_from_now(), {.street = street, .name = "measuring"}, quiet};
}

void bucket_show_progress(void *ctx, double done)
{
    struct bucket_progress *p = ctx;

    if (!p->quiet)
        tool_build_progress(&p->shown, &p->stage, done, done);
}
