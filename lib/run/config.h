/* config.h - a run's YAML configuration. [run]
 *
 * Threads: plain data. */
#ifndef HB_RUN_CONFIG_H
#define HB_RUN_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "abstraction/build.h"
#include "base/bytes.h"
#include "base/err.h"
#include "game/betting.h"
#include "game/rules.h"
#include "solver/params.h"
#include "solver/spec.h"

#define HB_TRAIN_ITERATIONS_MAX (UINT64_C(1) << 47)
#define HB_TRAIN_WORKERS_MAX    1024
#define HB_TRAIN_SECONDS_MAX    1e9

struct hb_config {
    char game_path[HB_PATH_MAX]; /* as resolved against the file's folder */
    char game_name[HB_NAME_MAX];
    struct hb_rules rules;
    struct hb_betting betting;
    bool betting_given;
    struct hb_cards_spec cards;
    bool cards_given;
    struct hb_params params; /* unit_shift is set by setup.h; round_cap 0: by rule */
    uint64_t num_iterations; /* 0: until the time budget ends or somebody stops it */
    double time_budget_s;    /* 0: none */
    double snapshot_interval_s;
    uint32_t snapshot_keep;
    uint32_t num_workers; /* 0: one for each processor */
    uint32_t batch_size;  /* iterations a task; 0: by rule */
};

/* Read a configuration and the game file it names.
 * Errors: HB_ENOINPUT (either file), HB_ECONFIG (line and key), those of hb_rules_parse. */
int hb_config_load(const char *path, struct hb_config *c, struct hb_err *e) HB_MUSTUSE;
/* A configuration that is only a game: everything else by default. */
int hb_config_from_game(const char *game_path, struct hb_config *c, struct hb_err *e) HB_MUSTUSE;
/* The configuration as it is now, every default filled in, as YAML that loads back to the same. */
void hb_config_format(const struct hb_config *c, struct hb_buf *out);

#endif
