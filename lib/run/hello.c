#include "run/hello.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

void hb_hello_of_identity(const struct hb_identity *id, enum hb_role role, struct hb_hello *out)
{
    memset(out, 0, sizeof *out);
    out->role = (uint8_t)role;
    out->protocol_min = HB_PROTOCOL;
    out->protocol_max = HB_PROTOCOL;
    (void)snprintf(out->build, sizeof out->build, "hb %s", HB_VERSION);
    out->game = id->game;
    out->abstraction = id->abstraction;
    out->run = id->run;
    out->seed = id->seed;
}

void hb_hello_of(const struct hb_table *t, enum hb_role role, struct hb_hello *out)
{
    hb_hello_of_identity(&t->id, role, out);
}

int hb_hello_send(struct hb_frame_writer *w, const struct hb_hello *h, struct hb_err *e)
{
    struct hb_buf b = {0};
    int rc;

    hb_hello_encode(h, &b);
    if ((rc = hb_buf_check(&b, e)) == HB_OK)
        rc = hb_frame_write(w, HB_FRAME_HELLO, 0, b.data, b.len, e);
    hb_buf_fini(&b);
    return rc;
}

int hb_error_take(const struct hb_message *m, const char *who, struct hb_err *e)
{
    struct hb_error_message told;
    int rc = hb_error_decode(&told, m->data, m->len, e);

    if (rc != HB_OK)
        return hb_context(e, rc, "%s", who);
    return hb_fail(e, told.code < 0 ? told.code : HB_EPROTO, "%s reports: %s", who, told.text);
}

int hb_hello_take(const struct hb_hello *ours, const struct hb_message *m, const char *who,
                  struct hb_err *e)
{
    struct hb_hello theirs;
    int rc;

    if (m->type == HB_FRAME_ERROR)
        return hb_error_take(m, who, e);
    if (m->type != HB_FRAME_HELLO)
        return hb_fail(e, HB_EPROTO, "%s does not begin with HELLO", who);
    if ((rc = hb_hello_decode(&theirs, m->data, m->len, e)) != HB_OK)
        return hb_context(e, rc, "%s", who);
    return hb_hello_match(ours, &theirs, who, e);
}
