#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

void hb_json_str(struct hb_buf *out, const char *s)
{
    hb_buf_u8(out, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            hb_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            hb_buf_printf(out, "\\u%04x", c);
        else
            hb_buf_u8(out, c);
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
