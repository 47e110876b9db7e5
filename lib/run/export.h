/* export.h - the average strategy of a generation as JSON lines or CSV. [run]
 *
 * One line an information set, ordered by player, node (depth first), bucket:
 *
 *   {"player":0,"actions":"crc/","hand":"Ks","board":"Qh","bucket":7,"legal":["c","r"],
 *    "strategy":[0.25,0.75]}
 *
 * hand and board where the street is lossless, board where there is one. CSV has the same fields
 * in the same order, with a header line, absent ones empty and lists separated by blanks.
 *
 * Threads: main thread. */
#ifndef HB_RUN_EXPORT_H
#define HB_RUN_EXPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "run/generation.h"

struct hb_export_options {
    int street;     /* only this one; -1: all */
    const char *at; /* only the node that these actions lead to; NULL: all */
    bool csv;
    uint64_t memory_bytes; /* for rows that are held to bring them into order; 0: 256 MiB */
};

/* Write to fd; `name` is for messages. Rows lie by bucket and are wanted by node: as many nodes as
 * fit the memory are gathered at a time, each time in one forward pass over their section. Errors:
 * HB_EUSAGE: no such street or actions; HB_EFORMAT, HB_EIO, HB_ENOMEM. */
int hb_export(struct hb_generation *g, const struct hb_export_options *o, int fd, const char *name,
              struct hb_err *e) HB_MUSTUSE;

#endif
