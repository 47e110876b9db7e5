#include <inttypes.h>
#include <stdio.h>

#include "abstraction/hba.h"
#include "run/bucketview.h"
#include "run/svg.h"

#define BINS    HB_QUALITY_BINS
#define WIDTH   800
#define MARGIN  24
#define HEAD    96  /* title and two lines */
#define MEAN    150 /* height of the mean's picture */
#define COLUMNS 4
#define GAP     20
#define PANEL_W ((WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS)
#define PANEL_H 70
#define CAPTION 20
#define ROW     (PANEL_H + CAPTION + GAP)
#define BLUE    0x2f6fb0u

/* Bars from the ground up, `most` as high as h. */
static void put_histogram(const double *histogram, double most, double x, double y, double w,
                          double h, uint32_t rgb, struct hb_buf *out)
{
    double step = w / BINS;

    for (uint32_t i = 0; i < BINS; i++) {
        double high = histogram[i] / most * h;

        if (high > 0)
            hb_svg_rect(x + i * step, y + h - (high < 0.5 ? 0.5 : high), step * 0.92,
                        high < 0.5 ? 0.5 : high, rgb, out);
    }
    hb_buf_printf(out, "\n");
}

/* The outline of a histogram as a line. */
static void put_outline(const double *histogram, double most, double x, double y, double w,
                        double h, struct hb_buf *out)
{
    double step = w / BINS;

    hb_buf_printf(out, "<polyline fill=\"none\" stroke=\"" HB_SVG_INK
                       "\" stroke-width=\"1\" stroke-opacity=\"0.7\" points=\"");
    for (uint32_t i = 0; i < BINS; i++) {
        double at = y + h - histogram[i] / most * h;

        hb_buf_printf(out, "%.2f,%.2f %.2f,%.2f ", x + i * step, at, x + (i + 1) * step, at);
    }
    hb_buf_printf(out, "\"/>\n");
}

static void put_ground(double x, double y, double w, struct hb_buf *out)
{
    hb_buf_printf(out,
                  "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"" HB_SVG_PALE_INK
                  "\" stroke-width=\"1\"/>",
                  x, y, x + w, y);
    for (int i = 0; i <= 4; i++)
        hb_buf_printf(out,
                      "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" "
                      "stroke=\"" HB_SVG_PALE_INK "\" stroke-width=\"1\"/>",
                      x + w * i / 4, y, x + w * i / 4, y + 4);
    hb_buf_printf(out, "\n");
}

static double highest(const double *histogram, double most)
{
    for (uint32_t i = 0; i < BINS; i++)
        most = histogram[i] > most ? histogram[i] : most;
    return most;
}

static void put_head(const struct hb_bucketview *v, struct hb_buf *out)
{
    const struct hb_buckets_street *st = &v->b->street[v->street];
    char line[256];

    (void)snprintf(line, sizeof line, "Bucket %u of %u on the %s", (unsigned)v->bucket,
                   (unsigned)st->n_buckets, hb_street_name(v->street));
    hb_svg_text(MARGIN, 38, 22, HB_SVG_INK, " font-weight=\"700\"", line, out);
    (void)snprintf(line, sizeof line,
                   "%" PRIu64 " canonical hands, %.3g %% of all · equity %.4f ± %.4f", v->n_hands,
                   100 * v->share, v->equity, v->deviation);
    hb_svg_text(MARGIN, 60, 14, HB_SVG_INK, "", line, out);
    (void)snprintf(line, sizeof line,
                   "%.60s %.80s · how often which equity comes on the last street, 0 to 1; line: "
                   "the mean",
                   st->plugin, st->args);
    hb_svg_text(MARGIN, 78, 12, HB_SVG_PALE_INK, "", line, out);
}

static void put_mean(const struct hb_bucketview *v, struct hb_buf *out)
{
    const double w = WIDTH - 2 * MARGIN;
    static const char *const ticks[] = {"0", "0.25", "0.5", "0.75", "1"};

    put_histogram(v->mean, highest(v->mean, 1e-9), MARGIN, HEAD, w, MEAN, BLUE, out);
    put_ground(MARGIN, HEAD + MEAN, w, out);
    for (int i = 0; i <= 4; i++)
        hb_svg_text(MARGIN + (int)(w * i / 4), HEAD + MEAN + 18, 11, HB_SVG_PALE_INK,
                    i == 0   ? ""
                    : i == 4 ? " text-anchor=\"end\""
                             : " text-anchor=\"middle\"",
                    ticks[i], out);
}

static void put_panel(const struct hb_bucketview *v, uint32_t i, double most, int top,
                      struct hb_buf *out)
{
    const struct hb_bucketview_hand *hand = &v->hand[i];
    int x = MARGIN + (int)(i % COLUMNS) * (PANEL_W + GAP);
    int y = top + (int)(i / COLUMNS) * ROW;
    char line[32];

    (void)snprintf(line, sizeof line, "%.3f", hand->equity);
    hb_svg_text(x, y + 13, 13, HB_SVG_INK, " font-weight=\"700\"", hand->text, out);
    hb_svg_text(x + PANEL_W, y + 13, 12, HB_SVG_PALE_INK, " text-anchor=\"end\"", line, out);
    put_histogram(hand->histogram, most, x, y + CAPTION, PANEL_W, PANEL_H, BLUE, out);
    put_outline(v->mean, most, x, y + CAPTION, PANEL_W, PANEL_H, out);
    put_ground(x, y + CAPTION + PANEL_H, PANEL_W, out);
}

void hb_bucketview_svg(const struct hb_bucketview *v, struct hb_buf *out)
{
    int top = HEAD + MEAN + 42;
    int rows = (int)((v->n + COLUMNS - 1) / COLUMNS);
    double most = highest(v->mean, 1e-9);

    for (uint32_t i = 0; i < v->n; i++)
        most = highest(v->hand[i].histogram, most);
    hb_svg_begin(WIDTH, top + rows * ROW + MARGIN / 2, hb_street_name(v->street), "bucket", out);
    put_head(v, out);
    put_mean(v, out);
    for (uint32_t i = 0; i < v->n; i++)
        put_panel(v, i, most, top, out);
    hb_svg_end(out);
}

/* ---- starting hands ---- */

/* Colours that neighbouring numbers do not share; pale enough for dark text. */
static uint32_t colour_of(uint32_t bucket)
{
    static const uint8_t levels[] = {0xf2, 0xd6, 0xba, 0x9e};

    return (uint32_t)levels[bucket % 4] << 16 | (uint32_t)levels[bucket * 7 / 3 % 4] << 8 |
           levels[bucket * 5 / 7 % 4];
}

static void put_cell(const struct hb_starting *g, uint32_t row, uint32_t column, double step,
                     struct hb_buf *out)
{
    uint32_t bucket = g->bucket[row][column];
    bool shown = bucket != HB_STARTING_NONE && (g->only == HB_STARTING_NONE || bucket == g->only);
    double x = MARGIN + column * step;
    double y = HEAD + row * step;
    char name[4];
    char number[16];

    hb_starting_name(row, column, name);
    hb_svg_rect(x + 1, y + 1, step - 2, step - 2, shown ? colour_of(bucket) : 0xf5f7fau, out);
    hb_svg_text((int)(x + 6), (int)(y + 19), 14, shown ? HB_SVG_INK : HB_SVG_PALE_INK,
                " font-weight=\"700\"", name, out);
    if (!shown)
        return;
    (void)snprintf(number, sizeof number, "%u", (unsigned)bucket);
    hb_svg_text((int)(x + step - 6), (int)(y + step - 8), 12, shown ? HB_SVG_INK : HB_SVG_PALE_INK,
                " text-anchor=\"end\"", number, out);
}

void hb_starting_svg(const struct hb_starting *g, struct hb_buf *out)
{
    const struct hb_buckets_street *st = &g->b->street[0];
    double step = (double)(WIDTH - 2 * MARGIN) / g->n;
    char line[256];

    hb_svg_begin(WIDTH, HEAD + WIDTH - MARGIN, "starting hands", "by bucket", out);
    (void)snprintf(line, sizeof line, "%u buckets of starting hands", (unsigned)st->n_buckets);
    hb_svg_text(MARGIN, 38, 22, HB_SVG_INK, " font-weight=\"700\"", line, out);
    (void)snprintf(line, sizeof line, "%.60s %.80s", st->plugin, st->args);
    hb_svg_text(MARGIN, 60, 14, HB_SVG_INK, "", line, out);
    hb_svg_text(MARGIN, 78, 12, HB_SVG_PALE_INK, "",
                "Suited above the diagonal, offsuit below; the number is the bucket's.", out);
    for (uint32_t row = 0; row < g->n; row++)
        for (uint32_t column = 0; column < g->n; column++)
            put_cell(g, row, column, step, out);
    hb_svg_end(out);
}
