/* A line of the ACPC protocol is refused, or format -> parse gives the same state and the fixed
 * strategies have a legal answer to it.
 * Input: a .game text, a zero byte, a line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "game/matchstate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hb_matchstate m, again;

static void must(int ok)
{
    if (!ok)
        abort();
}

static void format_and_parse(const struct hb_rules *r)
{
    struct hb_buf text = {0};

    hb_matchstate_format(r, &m, m.position, &text);
    must(!text.failed);
    must(hb_matchstate_parse(r, (const char *)text.data, text.len, &again, NULL) == HB_OK);
    must(again.position == m.position && again.hand == m.hand && again.n_acts == m.n_acts);
    must(memcmp(&again.state, &m.state, sizeof m.state) == 0);
    must(memcmp(again.act, m.act, (size_t)m.n_acts * sizeof *m.act) == 0);
    hb_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, '\0', size) : NULL;
    struct hb_rules r;
    struct hb_err e = {0};
    struct hb_match_reply reply;
    const char *line;
    size_t len;

    if (zero == NULL ||
        hb_rules_parse(&r, (const char *)data, (size_t)(zero - data), "fuzz", NULL) != HB_OK)
        return 0;
    line = (const char *)zero + 1;
    len = size - (size_t)(zero - data) - 1;
    if (hb_matchstate_parse(&r, line, len, &m, &e) != HB_OK) {
        must(e.rc == HB_EPROTO && e.msg[0] != '\0');
        return 0;
    }
    format_and_parse(&r);
    if (m.state.finished)
        return 0;
    reply = hb_match_reply_read(&r, &m.state, line, len < 12 ? len : 12);
    must(hb_state_legal(&r, &m.state, reply.act));
    return 0;
}
