/* ckpt.h - what the files of hb-ckpt share: hb-ckpt.c has main and the commands that make files,
 * ckpt_look.c those that look at what is there. */
#ifndef HB_TOOLS_CKPT_H
#define HB_TOOLS_CKPT_H

#include "base/bytes.h"
#include "run/generation.h"
#include "tool.h"

#define CKPT_VERIFY_USAGE "hb-ckpt verify FILE..."
#define CKPT_HASH_USAGE   "hb-ckpt hash FILE|TABLE"
#define CKPT_INFO_USAGE   "hb-ckpt info FILE|TABLE"
#define CKPT_LIST_USAGE   "hb-ckpt list DIR"
#define CKPT_PRUNE_USAGE  "hb-ckpt prune DIR --keep N"
#define CKPT_DIFF_USAGE   "hb-ckpt diff A B"

/* At the end of a --help. */
#define CKPT_RUN_NOTE "\nThe folder of a run stands for its checkpoints/latest.hbc."

extern const struct tool_option ckpt_no_options[];

/* The operands of a command that takes n of them; there are no options to read. */
char **ckpt_operands(const struct tool_spec *spec, int argc, char **argv, int n);
/* The only operand of a command whose options have been read. */
const char *ckpt_operand(const struct tool_spec *spec, int argc, char **argv, const char *what);
/* ,"key":v and ,"key":"64 hex digits" */
void ckpt_put_u64(struct hb_buf *b, const char *key, uint64_t v);
void ckpt_put_hash(struct hb_buf *b, const char *key, const struct hb_hash *h);
/* The file that an operand means, a run's folder among them (hb_checkpoint_find), or exit. */
const char *ckpt_file(const char *given, char room[HB_PATH_MAX]);
/* Open a checkpoint or a table, or exit. */
void ckpt_open(const char *path, struct hb_generation *g);

/* The commands; return the exit code. */
int ckpt_run_verify(int argc, char **argv);
int ckpt_run_hash(int argc, char **argv);
int ckpt_run_info(int argc, char **argv);
int ckpt_run_list(int argc, char **argv);
int ckpt_run_prune(int argc, char **argv);
int ckpt_run_diff(int argc, char **argv);

#endif
