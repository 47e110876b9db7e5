#include "base/json.h"

#include <stdlib.h>

#include "base/rng.h"
#include "check.h"

static const char *text_of(struct hb_buf *b)
{
    hb_buf_u8(b, '\0');
    return (const char *)b->data;
}

static void strings_are_quoted_and_escaped(void)
{
    struct hb_buf b = {0};

    hb_json_str(&b, "a\"b\\c\n\x7f\xc3\xa9");
    CHECK_STR(text_of(&b), "\"a\\\"b\\\\c\\u000a\\u007f\xc3\xa9\"");
    hb_buf_fini(&b);
}

static void what_is_no_utf8_is_replaced(void)
{
    static const struct {
        const char *text, *json;
    } cases[] = {{"a\xd3", "\"a\\ufffd\""}, /* cut */
                 {"\xe2\x82", "\"\\ufffd\\ufffd\""},
                 {"\x80z", "\"\\ufffdz\""},          /* a continuation alone */
                 {"\xc0\xaf", "\"\\ufffd\\ufffd\""}, /* longer than need be */
                 {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""},
                 {"\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
                 {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* a surrogate */
                 {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* above U+10FFFF */
                 {"\xff", "\"\\ufffd\""},
                 {"\xe2\x82\xac\xf0\x9f\x82\xa1\xf4\x8f\xbf\xbf",
                  "\"\xe2\x82\xac\xf0\x9f\x82\xa1\xf4\x8f\xbf\xbf\""}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hb_buf b = {0};

        hb_json_str(&b, cases[i].text);
        CHECK_STR(text_of(&b), cases[i].json);
        hb_buf_fini(&b);
    }
}

static void numbers_are_short_where_they_can_be(void)
{
    static const double v[] = {0, 1, -1, 0.1, 0.25, 1e300, 11.0 / 24};
    struct hb_buf b = {0};

    hb_json_reals(&b, v, 7);
    CHECK_STR(text_of(&b), "[0,1,-1,0.1,0.25,1e+300,0.4583333333333333]");
    hb_buf_fini(&b);
}

static void what_is_no_number_is_null(void)
{
    double zero = 0;
    double v[] = {1 / zero, -1 / zero, zero / zero};
    struct hb_buf b = {0};

    hb_json_reals(&b, v, 3);
    CHECK_STR(text_of(&b), "[null,null,null]");
    hb_json_reals(&b, v, 0);
    hb_buf_fini(&b);
}

static void every_number_reads_back(void)
{
    for (uint32_t i = 0; i < 20000; i++) {
        struct hb_buf b = {0};
        uint32_t r[4];
        double v;

        hb_rng_block(1, i, 0, HB_RNG_TOOL, 0, r);
        v = ((double)r[0] * 0x1p32 + (double)r[1]) * (r[2] & 1 ? 0x1p-64 : 0x1p-20);
        hb_json_real(&b, v);
        CHECK(strtod(text_of(&b), NULL) == v);
        hb_buf_fini(&b);
    }
}

int main(void)
{
    RUN(strings_are_quoted_and_escaped);
    RUN(what_is_no_utf8_is_replaced);
    RUN(numbers_are_short_where_they_can_be);
    RUN(what_is_no_number_is_null);
    RUN(every_number_reads_back);
    return check_done();
}
