# curves.awk - points as an SVG with logarithmic axes.
#
#   awk -f curves.awk -v title= -v xlabel= -v ylabel=      lines of: label TAB x TAB y, x and y > 0
#
# Points with the same label are joined in the order they come, each label has its colour.
BEGIN {
    FS = "\t"
    width = 640; height = 420; left = 70; right = 20; top = 40; bottom = 60
    split("#1b6ca8 #c0392b #27834a #8e44ad #b9770e", colour, " ")
    n = 0
}
$2 + 0 > 0 && $3 + 0 > 0 {
    if (!($1 in number)) { names[++labels] = $1; number[$1] = labels }
    label[++n] = $1; x[n] = log($2) / log(10); y[n] = log($3) / log(10)
    if (n == 1 || x[n] < x0) x0 = x[n]
    if (n == 1 || x[n] > x1) x1 = x[n]
    if (n == 1 || y[n] < y0) y0 = y[n]
    if (n == 1 || y[n] > y1) y1 = y[n]
}
function floor(v) { return v == int(v) ? v : v < 0 ? int(v) - 1 : int(v) }
function px(v) { return left + (v - x0) / (x1 - x0) * (width - left - right) }
function py(v) { return height - bottom - (v - y0) / (y1 - y0) * (height - top - bottom) }
function text(at_x, at_y, anchor, size, s) {
    gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s)
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", at_x, at_y, anchor, size, s
}
function line(ax, ay, bx, by, stroke) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", ax, ay, bx, by, stroke
}
# 1000, 0.01: the shortest; from ten thousand on a power
function power(e) { return e > 4 ? sprintf("1e%d", e) : sprintf("%.*f", e < 0 ? -e : 0, 10 ^ e) }
END {
    if (n == 0) exit 65
    x0 = floor(x0); y0 = floor(y0); x1 = -floor(-x1); y1 = -floor(-y1)
    if (x1 == x0) x1++
    if (y1 == y0) y1++
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\">\n", width, height
    printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", width, height
    text(width / 2, 22, "middle", 15, title)
    for (e = x0; e <= x1; e++) {
        line(px(e), top, px(e), height - bottom, "#ddd")
        text(px(e), height - bottom + 18, "middle", 12, power(e))
    }
    for (e = y0; e <= y1; e++) {
        line(left, py(e), width - right, py(e), "#ddd")
        text(left - 8, py(e) + 4, "end", 12, power(e))
    }
    text((left + width - right) / 2, height - 15, "middle", 13, xlabel)
    printf "<g transform=\"rotate(-90 16 %.1f)\">", (top + height - bottom) / 2
    text(16, (top + height - bottom) / 2, "middle", 13, ylabel)
    print "</g>"
    for (l = 1; l <= labels; l++) {
        c = colour[(l - 1) % 5 + 1]; path = ""
        for (i = 1; i <= n; i++)
            if (label[i] == names[l]) {
                path = path sprintf("%s%.1f %.1f", path == "" ? "M" : "L", px(x[i]), py(y[i]))
                printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", px(x[i]), py(y[i]), c
            }
        printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\"/>\n", path, c
        if (labels > 1) {
            line(width - 250, top + 18 * l, width - 230, top + 18 * l, c)
            text(width - 224, top + 18 * l + 4, "start", 12, names[l])
        }
    }
    print "</svg>"
}
