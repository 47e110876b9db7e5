/* view_paint.h - the colours and strokes that the writers of views share. [run, private to view*.c
 * and opening*.c] */
#ifndef HB_RUN_VIEW_PAINT_H
#define HB_RUN_VIEW_PAINT_H

#include "run/view.h"

/* ---- terminals (view_text.c) ---- */

/* Text of n characters on a ground that shows how often each action is taken, the most aggressive to
 * the left. */
void hb_paint_mix(const struct hb_view *v, const double *prob, enum hb_view_colour colour,
                  const char *text, int n, struct hb_buf *out);

/* ---- SVG (view_svg.c) ---- */

/* Bands side by side, the most aggressive action to the left. */
void hb_paint_bands(const struct hb_view *v, const double *prob, double x, double y, double w,
                    double h, struct hb_buf *out);

#endif
