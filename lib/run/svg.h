/* svg.h - the few marks of which pictures are made. run, pure. Units are pixels at the natural size;
 * everything is placed by hand: no fonts to measure, no scripts, no style sheet that a viewer may
 * ignore. Threads: a buffer belongs to one. */
#ifndef HB_RUN_SVG_H
#define HB_RUN_SVG_H

#include <stdint.h>

#include "base/bytes.h"

#define HB_SVG_INK      "#1f2933"
#define HB_SVG_PALE_INK "#616e7c"
#define HB_SVG_PALE     "#e4e7eb"

/* A white picture of that size; hb_svg_end closes it. The title is made of two parts. */
void hb_svg_begin(int width, int height, const char *title, const char *more, struct hb_buf *out);
void hb_svg_end(struct hb_buf *out);

/* Text as it may stand in an element or an attribute. */
void hb_svg_escape(const char *s, struct hb_buf *out);
/* A line of text; `more` are further attributes, after a blank, or "". */
void hb_svg_text(int x, int y, int size, const char *ink, const char *more, const char *text,
                 struct hb_buf *out);
void hb_svg_rect(double x, double y, double w, double h, uint32_t rgb, struct hb_buf *out);

#endif
