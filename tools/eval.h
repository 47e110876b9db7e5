/* eval.h - the commands of hb-eval that have files of their own, tools/eval_NAME.c. */
#ifndef HB_TOOLS_EVAL_H
#define HB_TOOLS_EVAL_H

#define EVAL_MATCH_USAGE                                                                           \
    "hb-eval match PLAYER... --hands N [--seed N] [--aivat] [--config FILE|--game FILE] "          \
    "[--buckets FILE]\n"                                                                           \
    "        [--names A,...] [--log FILE] [--log-format acpc|phh]\n"                               \
    "        [--workers N] [--quiet]"

#define EVAL_SANITY_USAGE                                                                          \
    "hb-eval sanity FILE [--deals N] [--seed S] [--tolerance P] [--tolerance-mbb X]\n"             \
    "        [--format text|json] [--buckets FILE]\n"                                              \
    "hb-eval sanity @STRATEGY --config FILE|--game FILE [--deals N] [--seed S]\n"                  \
    "        [--tolerance P] [--tolerance-mbb X] [--format text|json]"

#define EVAL_LBR_USAGE                                                                             \
    "hb-eval lbr FILE --hands N [--seed N] [--bets LIST] [--from STREET] [--buckets FILE]\n"       \
    "        [--workers N] [--quiet]\n"                                                            \
    "hb-eval lbr @STRATEGY --config FILE|--game FILE --hands N [--seed N] [--bets LIST]\n"         \
    "        [--from STREET] [--workers N] [--quiet]"

int eval_lbr(int argc, char **argv);
int eval_sanity(int argc, char **argv);
int eval_match(int argc, char **argv);

#endif
