#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of the character that begins at s, 0 when none does: no lone continuation, nothing longer
 * than it need be, no surrogate, nothing above U+10FFFF (RFC 3629, section 4). */
static size_t utf8_length(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : p[0] >> 4 == 0xE ? 3 : 4;

    if (n == 1)
        return 1;
    if (n == 4 && (p[0] < 0xF0 || p[0] > 0xF4))
        return 0;
    for (size_t i = 1; i < n; i++)
        if (p[i] >> 6 != 2) /* also the end of the text */
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

void hb_json_str(struct hb_buf *out, const char *s)
{
    hb_buf_u8(out, '"');
    while (*s != '\0') {
        unsigned char c = (unsigned char)*s;
        size_t n = utf8_length(s);

        if (n == 0)
            hb_buf_printf(out, "\\ufffd");
        else if (c == '"' || c == '\\')
            hb_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            hb_buf_printf(out, "\\u%04x", c);
        else
            hb_buf_put(out, s, n);
        s += n > 0 ? n : 1;
    }
    hb_buf_u8(out, '"');
}

void hb_json_real(struct hb_buf *out, double v)
{
    char text[40] = "null"; /* NaN and infinities, which JSON does not have */

    /* What has up to 15 digits is what 15 digits give, without zeros at the end (DBL_DIG). */
    if (v - v == 0)
        for (int digits = 15; digits <= 17; digits++) {
            (void)snprintf(text, sizeof text, "%.*g", digits, v); /* fits */
            if (!(strtod(text, NULL) < v || strtod(text, NULL) > v))
                break;
        }
    hb_buf_printf(out, "%s", text);
}

void hb_json_reals(struct hb_buf *out, const double *v, int n)
{
    hb_buf_u8(out, '[');
    for (int i = 0; i < n; i++) {
        if (i > 0)
            hb_buf_u8(out, ',');
        hb_json_real(out, v[i]);
    }
    hb_buf_u8(out, ']');
}
