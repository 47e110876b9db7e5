/* A question to hb-show --serve is answered with one line, an object of JSON without a field twice.
 * Input: a line. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok)
{
    if (!ok)
        abort();
}

static int code(int rc)
{
    return -rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hb_strategy_options o = {.game = "examples/games/leduc.game"};
    static struct hb_strategy s;
    struct hb_buf out = {0};
    json_t *answer;

    if (s.tree == NULL)
        must(hb_strategy_open("@uniform", &o, &s, NULL) == HB_OK);
    hb_serve_answer(&s, (const char *)data, size, code, &out);
    must(!out.failed && out.len > 0 && memchr(out.data, '\n', out.len) == out.data + out.len - 1);
    answer = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(answer));
    must((json_object_get(answer, "error") == NULL) == (json_object_get(answer, "legal") != NULL));
    json_decref(answer);
    hb_buf_fini(&out);
    return 0;
}
