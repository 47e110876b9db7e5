/* A .game text is refused, or parse -> format -> parse and encode -> decode give the same rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "game/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_rules r = {0};
    struct hb_rules again = {0};
    struct hb_err e = {0};
    struct hb_buf text = {0};
    struct hb_buf raw = {0};
    struct hb_rd rd;

    if (hb_rules_parse(&r, (const char *)data, size, "fuzz", &e) != HB_OK) {
        must(strncmp(e.msg, "'fuzz' line ", 12) == 0);
        return 0;
    }
    must(hb_rules_max_loss(&r) >= 0);
    hb_rules_format(&r, &text);
    must(hb_rules_parse(&again, (const char *)text.data, text.len, "again", &e) == HB_OK);
    must(memcmp(&r, &again, sizeof r) == 0);
    hb_rules_encode(&r, &raw);
    memset(&again, 0, sizeof again);
    rd = hb_rd_over(raw.data, raw.len);
    must(hb_rules_decode(&again, &rd, &e) == HB_OK && hb_rd_left(&rd) == 0);
    must(memcmp(&r, &again, sizeof r) == 0);
    hb_buf_fini(&text);
    hb_buf_fini(&raw);
    return 0;
}
