#include "run/svg.h"

void hb_svg_escape(const char *s, struct hb_buf *out)
{
    for (; *s != '\0'; s++) {
        if (*s == '<')
            hb_buf_printf(out, "&lt;");
        else if (*s == '>')
            hb_buf_printf(out, "&gt;");
        else if (*s == '&')
            hb_buf_printf(out, "&amp;");
        else if (*s == '"')
            hb_buf_printf(out, "&quot;");
        else
            hb_buf_u8(out, (unsigned char)*s < 0x20 ? '?' : (uint8_t)*s);
    }
}

void hb_svg_text(int x, int y, int size, const char *ink, const char *more, const char *text,
                 struct hb_buf *out)
{
    hb_buf_printf(out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"%s\"%s>", x, y, size, ink,
                  more);
    hb_svg_escape(text, out);
    hb_buf_printf(out, "</text>\n");
}

void hb_svg_rect(double x, double y, double w, double h, uint32_t rgb, struct hb_buf *out)
{
    hb_buf_printf(out,
                  "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#%06x\"/>", x,
                  y, w, h, rgb);
}

void hb_svg_begin(int width, int height, const char *title, const char *more, struct hb_buf *out)
{
    hb_buf_printf(out,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" role=\"img\" "
                  "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>",
                  width, height, width, height);
    hb_svg_escape(title, out);
    hb_buf_printf(out, " ");
    hb_svg_escape(more, out);
    hb_buf_printf(out, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width,
                  height);
}

void hb_svg_end(struct hb_buf *out)
{
    hb_buf_printf(out, "</svg>\n");
}
